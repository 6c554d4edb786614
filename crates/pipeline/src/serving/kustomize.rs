//! What a Kustomization takes from elsewhere, and what it writes in the open.
//!
//! Source: Kustomize, "kustomization.yaml" reference (`resources`, `components`, `images`, `helmCharts`, `secretGenerator`), and "Remote targets".

use crate::address::{fetched, is_commit};
use crate::rules::UNPINNED_INCLUDE;
use crate::yaml::Node;
use crate::{Issue, image, variable};
use bartizan_core::{Confidence, Severity, printable};

/// Judges a document, `root`, when it is a Kustomization.
pub(super) fn issues(root: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for key in ["resources", "bases", "components", "crds"] {
        issues.extend(root.get(key).into_iter().flat_map(Node::items).filter_map(remote));
    }
    for one in root.get("images").into_iter().flat_map(Node::items) {
        let Some(tag) = one.get("newTag").filter(|_| one.get("digest").is_none()) else { continue };
        let name = one.text_of("newName").or_else(|| one.text_of("name")).unwrap_or_default();
        let reference = format!("{name}:{}", tag.as_str().unwrap_or_default());
        issues.extend(image::issue(&reference, tag.span(), "the image"));
    }
    for chart in root.get("helmCharts").into_iter().flat_map(Node::items) {
        if let Some(repository) = chart.get("repo") {
            issues.extend(fetched(repository.as_str().unwrap_or_default(), repository.span()));
        }
        if let Some(name) =
            chart.get("name").filter(|_| chart.get("repo").is_some() && chart.get("version").is_none())
        {
            let message = "the chart is taken at its newest version";
            issues.push(Issue::new(&UNPINNED_INCLUDE, name.span(), message));
        }
    }
    let generators = ["secretGenerator", "configMapGenerator"].iter().filter_map(|key| root.get(key));
    for literal in
        generators.flat_map(Node::items).filter_map(|one| one.get("literals")).flat_map(Node::items)
    {
        let Some((name, value)) = literal.as_str().and_then(|written| written.split_once('=')) else {
            continue;
        };
        let value = value.trim_matches(['"', '\'']);
        issues.extend(variable::issues(name, value, &literal.span()));
    }
    issues
}

/// Manifests of another repository that no commit pins: `https://host/owner/repository//folder?ref=main`, `github.com/owner/repository`.
fn remote(resource: Node<'_>) -> Option<Issue> {
    let written = resource.as_str()?;
    let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
    let host = bare.split('/').next().unwrap_or_default();
    let is_git = written.starts_with("git@")
        || written.starts_with("ssh://")
        || written.starts_with("git::")
        || (host.contains('.')
            && !host.starts_with('.')
            && bare.matches('/').count() >= 2
            && !is_file(written));
    if !is_git {
        // A single file is fetched as it is: its address may hold a commit.
        let pinned = bare.split('/').any(is_commit);
        let whole = written.contains("://") && !pinned;
        let message = format!(
            "`{}` is applied as it stands there when the cluster is changed",
            printable(written, 100)
        );
        let issue = Issue::new(&UNPINNED_INCLUDE, resource.span(), message);
        return whole.then(|| issue.severity(Severity::Medium).confidence(Confidence::Medium));
    }
    let query = written.split_once('?').map_or("", |(_, query)| query);
    let named =
        query.split('&').find_map(|part| part.strip_prefix("ref=").or_else(|| part.strip_prefix("version=")));
    let (what, severity) = match named {
        Some(named) if is_commit(named) => return None,
        Some(named) if named.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit()) => {
            (format!("`{}`, which can be moved", printable(named, 60)), Severity::Low)
        }
        Some(named) => (format!("the branch `{}`", printable(named, 60)), Severity::Medium),
        None => ("its default branch".to_owned(), Severity::Medium),
    };
    let message = format!("manifests of another repository are taken at {what}");
    Some(Issue::new(&UNPINNED_INCLUDE, resource.span(), message).severity(severity))
}

/// Whether an address is that of one file.
fn is_file(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or(address);
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::{High, Low, Medium};

    const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

    #[test]
    fn what_a_kustomization_takes_and_writes_is_judged() {
        let of = |text: &str| found("kustomization.yaml", &format!("{HEAD}{text}"));
        let resource = |address: &str| of(&format!("resources:\n- {address}\n"));
        let include = "pipeline/unpinned-include";
        for (address, severity) in [
            ("https://github.com/acme/m//base?ref=main", Medium),
            ("github.com/acme/m", Medium),
            ("git@github.com:acme/m.git//base", Medium),
            ("https://github.com/acme/m//base?ref=v1.2.0", Low),
            ("https://raw.githubusercontent.com/acme/m/main/all.yaml", Medium),
        ] {
            assert_eq!(resource(address), [(include, 4, severity)], "{address}");
        }
        for address in [
            "deployment.yaml",
            "../base",
            "./overlays/gpu.yaml",
            "https://github.com/acme/m//base?ref=0123456789abcdef0123456789abcdef01234567",
            "https://raw.githubusercontent.com/acme/m/0123456789abcdef0123456789abcdef01234567/all.yaml",
        ] {
            assert_eq!(resource(address), [], "{address}");
        }
        assert_eq!(of("images:\n- name: acme/rag\n  newTag: latest\n").first().map(|one| one.1), Some(5));
        assert_eq!(of("images:\n- name: acme/rag\n  digest: sha256:aa\n"), []);
        let secret =
            |literal: &str| of(&format!("secretGenerator:\n- name: db\n  literals:\n  - {literal}\n"));
        assert_eq!(secret("password=Xm27qLzk94"), [("pipeline/secret", 6, High)]);
        assert_eq!(secret("password=changeme"), [("pipeline/secret", 6, Medium)]);
        assert_eq!(secret("username=ml"), []);
        assert_eq!(secret("password=${DB_PASSWORD}"), []);
    }

    #[test]
    fn a_kustomization_without_its_kind_is_known_by_its_name() {
        let text = "resources:\n- https://github.com/acme/m\n";
        assert_eq!(found("kustomization.yaml", text).len(), 1);
        assert_eq!(found("other.yaml", text), []);
    }
}
