//! How Terraform reaches what it keeps its state in, takes charts from and talks to: without encryption, or with any certificate.
//!
//! Sources: Terraform, "Backend Type: http"; the providers of Kubernetes, Helm, Consul and Vault (`insecure`, `skip_tls_verify`).

use super::tree::{Block, Body, Value};
use crate::rules::TLS_DISABLED;
use crate::{Issue, address};

/// What `block` of the file says of it.
pub(super) fn issues(block: &Block) -> Vec<Issue> {
    let mut found = Vec::new();
    match block.name.as_str() {
        "terraform" => {
            for backend in block.body.blocks("backend") {
                found.extend(sources(
                    &backend.body,
                    &["address", "lock_address", "unlock_address", "endpoint", "endpoints"],
                ));
            }
        }
        "provider" => found.extend(sources(&block.body, &["registry", "repository", "repository_url"])),
        "resource" | "data" => {
            found.extend(sources(&block.body, &["repository", "chart", "repository_url", "source"]));
        }
        _ => return found,
    }
    block.body.each(&mut |body| found.extend(unchecked(body)));
    found
}

/// Addresses without encryption under `names`: what comes from there is state, charts or modules, and is acted on.
fn sources<'b>(body: &'b Body, names: &'b [&str]) -> impl Iterator<Item = Issue> + 'b {
    body.attributes.iter().filter(|attribute| names.contains(&attribute.name.as_str())).filter_map(
        |attribute| match &attribute.value {
            Value::Text(value, span) => address::fetched(value, span.clone()),
            _ => None,
        },
    )
}

/// Switches by which any certificate is taken.
fn unchecked(body: &Body) -> Vec<Issue> {
    const SWITCHES: &[&str] = &[
        "insecure",
        "tls_insecure",
        "allow_unverified_ssl",
        "skip_cert_verification",
        "skip_tls_verify",
        "skip_tls_verification",
        "insecure_skip_verify",
        "insecure_skip_tls_verify",
        "insecure_https",
    ];
    let on = body.attributes.iter().filter(|attribute| {
        SWITCHES.contains(&attribute.name.as_str())
            && matches!(&attribute.value, Value::Expression(value) if value == "true")
    });
    on.map(|attribute| {
        let message = format!("`{} = true` takes any certificate", attribute.name);
        Issue::new(&TLS_DISABLED, attribute.span.clone(), message)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn state_charts_and_certificates_are_judged_by_how_they_are_reached() {
        let text = "terraform {\n  backend \"http\" {\n    address = \"http://state.acme.lan/prod\"\n    skip_cert_verification = true\n  }\n}\nprovider \"helm\" {\n  kubernetes {\n    insecure = true\n  }\n}\nresource \"helm_release\" \"a\" {\n  name = \"a\"\n  version = \"1.2.3\"\n  repository = \"http://charts.acme.lan\"\n  chart = \"a\"\n}\n";
        let found =
            [(3, "insecure-transport"), (4, "tls-disabled"), (9, "tls-disabled"), (15, "insecure-transport")];
        assert_eq!(lines("main.tf", text), found);
        let fine = text.replace("http://", "https://").replace("= true", "= false");
        assert_eq!(lines("main.tf", &fine), []);
        let local =
            "terraform {\n  backend \"http\" {\n    address = \"http://localhost:8080/state\"\n  }\n}\n";
        assert_eq!(lines("main.tf", local), []);
    }
}
