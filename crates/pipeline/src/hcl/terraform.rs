//! Terraform and OpenTofu: where models are trained and served, and what modules are taken.

use super::firewall::opened;
use super::known::Known;
use super::reached;
use super::rights;
use super::tree::{Attribute, Block, Body, Value, read_noting};
use crate::address::is_commit;
use crate::pin::{Pinning, Repository};
use crate::rules::{
    self, EXPOSED_SERVICE, NO_NETWORK_ISOLATION, PRIVILEGED_CONTAINER, ROOT_USER, UNENCRYPTED_STORAGE,
    UNPINNED_INCLUDE,
};
use crate::shell::inspect::{self, Setting};
use crate::yaml::Offsets;
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::ops::Range;

/// `.tf` files.
#[derive(Debug)]
pub(crate) struct Terraform;

impl Reader for Terraform {
    fn id(&self) -> &'static str {
        "terraform"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "tf" | "tofu")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let (file, stops) = read_noting(text.content);
        for (at, why) in stops {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: {why}; what stands there was not examined, mend the syntax"));
        }
        let known = Known::of(text, &file);
        for block in &file.blocks {
            if notes.out_of_time() {
                return;
            }
            match block.name.as_str() {
                "resource" => {
                    issue::report(text, notes, resource(block, &known));
                    issue::report(text, notes, rights::of_block(text.content, block));
                }
                "data" => issue::report(text, notes, rights::of_block(text.content, block)),
                "module" => issue::report(text, notes, module(block)),
                "variable" => issue::report(text, notes, default(block)),
                _ => {}
            }
        }
        issue::report(text, notes, file.blocks.iter().flat_map(reached::issues));
        file.each(&mut |body| everywhere(text, notes, body));
    }
}

/// What a variable holds unless someone says otherwise; its name is the label of its block.
fn default(block: &Block) -> Vec<Issue> {
    let name = block.labels.first().map(String::as_str).unwrap_or_default();
    match block.body.get("default").map(|default| &default.value) {
        Some(Value::Text(value, span)) => variable::issues(name, value, span),
        _ => Vec::new(),
    }
}

/// What any body may hold: images, variables, scripts, arguments.
fn everywhere(text: &Text<'_>, notes: &mut Notes<'_>, body: &Body) {
    for attribute in &body.attributes {
        match &attribute.value {
            Value::Text(value, span) => {
                let name = attribute.name.as_str();
                if matches!(name, "image" | "image_uri" | "container_image" | "training_image" | "image_url")
                    && value.contains(['/', ':'])
                {
                    issue::report(text, notes, image::issue(value, span.clone(), "the image"));
                } else if matches!(
                    name,
                    "user_data"
                        | "command"
                        | "startup_script"
                        | "startup-script"
                        | "on_create"
                        | "on_start"
                        | "inline"
                        | "script"
                ) {
                    let issues = inspect::script(value, Setting::Other);
                    issue::report_at(text, notes, &Offsets::at(span.start), issues);
                } else {
                    issue::report(text, notes, variable::issues(name, value, span));
                }
                if matches!(name, "model_data_url" | "model_uri" | "artifact_uri" | "storage_uri") {
                    issue::report(text, notes, crate::serving::uri_issues(value, span));
                }
            }
            Value::List(items)
                if matches!(attribute.name.as_str(), "args" | "command" | "arguments" | "entrypoint") =>
            {
                let words: Vec<crate::shell::Word> = items
                    .iter()
                    .map(|(text, span)| crate::shell::Word {
                        text: text.clone(),
                        span: span.clone(),
                        expansions: Vec::new(),
                        quoted: true,
                    })
                    .collect();
                issue::report(text, notes, crate::serving::argument_issues(words));
            }
            Value::Expression(value)
                if attribute.name.to_ascii_uppercase().ends_with("TRUST_REMOTE_CODE") && value == "true" =>
            {
                issue::report(
                    text,
                    notes,
                    variable::issues(&attribute.name.to_ascii_uppercase(), value, &attribute.span),
                );
            }
            Value::Expression(value) if attribute.name == "privileged" && value == "true" => {
                issue::report(
                    text,
                    notes,
                    [Issue::new(
                        &PRIVILEGED_CONTAINER,
                        attribute.key.clone(),
                        "the container has all rights of the machine",
                    )],
                );
            }
            _ => {}
        }
    }
    issue::report(text, notes, served(body));
    let named = body.get("name").zip(body.get("value"));
    if let Some((
        Attribute { value: Value::Text(name, _), .. },
        Attribute { value: Value::Text(value, span), .. },
    )) = named
    {
        issue::report(text, notes, variable::issues(name, value, span));
    }
}

/// The model of a hub that the environment of a container names, without the revision beside it.
fn served(body: &Body) -> Option<Issue> {
    let Some(Attribute { value: Value::Text(model, span), .. }) =
        body.get("HF_MODEL_ID").or_else(|| body.get("MODEL_ID"))
    else {
        return None;
    };
    let revision =
        ["HF_MODEL_REVISION", "REVISION", "MODEL_REVISION"].iter().find_map(|name| body.text(name));
    let why = inspect::moves(revision).filter(|_| inspect::is_repository(model))?;
    Some(Issue::new(&rules::UNPINNED_MODEL, span.clone(), format!("the model `{model}` is served {why}")))
}

/// What a kind of resource must have: attribute, the value that is meant, and what is wrong otherwise.
struct Demand {
    resource: &'static str,
    /// Attribute or block.
    attribute: &'static str,
    /// Values that are in order; none when being there is enough.
    good: &'static [&'static str],
    /// Whether leaving it out is in order.
    good_when_absent: bool,
    rule: &'static Rule,
    what: &'static str,
}

const fn demand(
    resource: &'static str,
    attribute: &'static str,
    good: &'static [&'static str],
    good_when_absent: bool,
    rule: &'static Rule,
    what: &'static str,
) -> Demand {
    Demand { resource, attribute, good, good_when_absent, rule, what }
}

#[rustfmt::skip] // a table
static DEMANDS: &[Demand] = &[
    demand("aws_sagemaker_notebook_instance", "direct_internet_access", &["Disabled"], false, &NO_NETWORK_ISOLATION, "the notebook has direct internet access"),
    demand("aws_sagemaker_notebook_instance", "root_access", &["Disabled"], false, &ROOT_USER, "users of the notebook are root"),
    demand("aws_sagemaker_notebook_instance", "kms_key_id", &[], false, &UNENCRYPTED_STORAGE, "the notebook's disk has no key of one's own"),
    demand("aws_sagemaker_notebook_instance", "subnet_id", &[], false, &NO_NETWORK_ISOLATION, "the notebook is in no private network"),
    demand("aws_sagemaker_model", "enable_network_isolation", &["true"], false, &NO_NETWORK_ISOLATION, "the model's containers may reach the network"),
    demand("aws_sagemaker_model", "vpc_config", &[], false, &NO_NETWORK_ISOLATION, "the model is in no private network"),
    demand("aws_sagemaker_endpoint_configuration", "kms_key_arn", &[], false, &UNENCRYPTED_STORAGE, "the endpoint's disks have no key of one's own"),
    demand("aws_sagemaker_domain", "app_network_access_type", &["VpcOnly"], false, &NO_NETWORK_ISOLATION, "the domain's applications reach the internet directly"),
    demand("aws_sagemaker_domain", "kms_key_id", &[], false, &UNENCRYPTED_STORAGE, "the domain's file system has no key of one's own"),
    demand("google_notebooks_instance", "no_public_ip", &["true"], false, &EXPOSED_SERVICE, "the notebook has a public address"),
    demand("google_notebooks_instance", "disk_encryption", &["CMEK"], false, &UNENCRYPTED_STORAGE, "the notebook's disk has no key of one's own"),
    demand("google_vertex_ai_dataset", "encryption_spec", &[], false, &UNENCRYPTED_STORAGE, "the dataset has no key of one's own"),
    demand("google_vertex_ai_endpoint", "encryption_spec", &[], false, &UNENCRYPTED_STORAGE, "the endpoint has no key of one's own"),
    demand("google_vertex_ai_endpoint", "network", &[], false, &NO_NETWORK_ISOLATION, "the endpoint is in no private network"),
    demand("google_vertex_ai_index_endpoint", "public_endpoint_enabled", &["false"], true, &EXPOSED_SERVICE, "the index endpoint is reachable from anywhere"),
    demand("google_vertex_ai_featurestore", "encryption_spec", &[], false, &UNENCRYPTED_STORAGE, "the feature store has no key of one's own"),
    demand("google_vertex_ai_tensorboard", "encryption_spec", &[], false, &UNENCRYPTED_STORAGE, "TensorBoard's data has no key of one's own"),
    demand("google_vertex_ai_metadata_store", "encryption_spec", &[], false, &UNENCRYPTED_STORAGE, "the metadata has no key of one's own"),
    demand("azurerm_machine_learning_workspace", "public_network_access_enabled", &["false"], false, &NO_NETWORK_ISOLATION, "the workspace is reachable from the internet"),
    demand("azurerm_machine_learning_compute_cluster", "local_auth_enabled", &["false"], false, &rules::NO_AUTHENTICATION, "the cluster takes local accounts"),
    demand("azurerm_machine_learning_compute_cluster", "ssh_public_access_enabled", &["false"], true, &EXPOSED_SERVICE, "the cluster's machines take connections from the internet"),
    demand("azurerm_machine_learning_compute_cluster", "subnet_resource_id", &[], false, &NO_NETWORK_ISOLATION, "the cluster is in no private network"),
    demand("aws_s3_bucket_public_access_block", "block_public_acls", &["true"], true, &EXPOSED_SERVICE, "the bucket may be opened to everyone"),
    demand("aws_s3_bucket_public_access_block", "block_public_policy", &["true"], true, &EXPOSED_SERVICE, "the bucket may be opened to everyone"),
    demand("aws_s3_bucket_public_access_block", "ignore_public_acls", &["true"], true, &EXPOSED_SERVICE, "the bucket may be open to everyone"),
    demand("aws_s3_bucket_public_access_block", "restrict_public_buckets", &["true"], true, &EXPOSED_SERVICE, "the bucket may be open to everyone"),
    demand("azurerm_storage_account", "allow_nested_items_to_be_public", &["false"], true, &EXPOSED_SERVICE, "containers of the account may be opened to everyone"),
    demand("azurerm_storage_account", "https_traffic_only_enabled", &["true"], true, &rules::INSECURE_TRANSPORT, "the account is reached without encryption as well"),
    demand("azurerm_storage_account", "enable_https_traffic_only", &["true"], true, &rules::INSECURE_TRANSPORT, "the account is reached without encryption as well"),
    demand("aws_db_instance", "storage_encrypted", &["true"], true, &UNENCRYPTED_STORAGE, "the database is kept without encryption"),
    demand("aws_rds_cluster", "storage_encrypted", &["true"], true, &UNENCRYPTED_STORAGE, "the database is kept without encryption"),
    demand("aws_redshift_cluster", "encrypted", &["true"], true, &UNENCRYPTED_STORAGE, "the warehouse is kept without encryption"),
    demand("aws_ebs_volume", "encrypted", &["true"], true, &UNENCRYPTED_STORAGE, "the volume is kept without encryption"),
    demand("aws_efs_file_system", "encrypted", &["true"], true, &UNENCRYPTED_STORAGE, "the file system is kept without encryption"),
    demand("google_workbench_instance", "disable_public_ip", &["true"], true, &EXPOSED_SERVICE, "the notebook has a public address"),
    demand("google_container_cluster", "enable_legacy_abac", &["false"], true, &EXPOSED_SERVICE, "the cluster grants rights to every account of the project"),
    demand("azurerm_cognitive_account", "public_network_access_enabled", &["false"], false, &NO_NETWORK_ISOLATION, "the model service is reachable from the internet"),
    demand("azurerm_cognitive_account", "local_auth_enabled", &["false"], false, &rules::NO_AUTHENTICATION, "the model service takes keys instead of identities"),
];

fn resource(block: &Block, known: &Known<'_>) -> Vec<Issue> {
    let kind = block.labels.first().map(String::as_str).unwrap_or_default();
    let mut issues = Vec::new();
    for demand in DEMANDS.iter().filter(|demand| demand.resource == kind) {
        let nested = block.body.blocks(demand.attribute).next().is_some();
        let place: Option<Range<usize>> = match block.body.get(demand.attribute) {
            None if nested || demand.good_when_absent => None,
            None => Some(block.head.clone()),
            Some(_) if demand.good.is_empty() => None,
            Some(attribute) => match &attribute.value {
                Value::Text(value, _) if value.contains("${") || demand.good.contains(&value.as_str()) => {
                    None
                }
                Value::Expression(value)
                    if demand.good.contains(&value.as_str())
                        || !matches!(value.as_str(), "true" | "false" | "null") =>
                {
                    None
                }
                _ => Some(attribute.key.start..attribute.span.end),
            },
        };
        if let Some(span) = place {
            let said = span != block.head;
            let severity = if said { Severity::Medium } else { Severity::Low };
            let remedy = if demand.good.is_empty() {
                format!("Set `{}`.", demand.attribute)
            } else {
                format!("Set `{} = {}`.", demand.attribute, demand.good.join(" or "))
            };
            issues.push(
                Issue::new(demand.rule, span, demand.what)
                    .severity(severity)
                    .confidence(Confidence::High)
                    .remedy(remedy),
            );
        }
    }
    match kind {
        "aws_security_group" => {
            issues.extend(block.body.blocks("ingress").filter_map(|ingress| opened(&ingress.body, known)));
        }
        "aws_security_group_rule" if block.body.text("type") == Some("ingress") => {
            issues.extend(opened(&block.body, known));
        }
        "aws_vpc_security_group_ingress_rule"
        | "google_compute_firewall"
        | "azurerm_network_security_rule" => {
            let outward = ["EGRESS", "Outbound"].contains(&block.body.text("direction").unwrap_or_default());
            issues.extend(opened(&block.body, known).filter(|_| !outward));
        }
        "aws_s3_bucket_acl" | "aws_s3_bucket" => {
            let acl = block.body.get("acl");
            let public = acl.filter(|_| block.body.text("acl").is_some_and(|acl| acl.starts_with("public-")));
            issues.extend(public.map(|acl| {
                let span = acl.key.start..acl.span.end;
                Issue::new(&EXPOSED_SERVICE, span, "the bucket is open to everyone").severity(Severity::High)
            }));
        }
        _ => {}
    }
    if kind == "helm_release"
        && block.body.get("version").is_none()
        && block.body.text("repository").is_some()
    {
        let place =
            block.body.get("chart").map_or(block.head.clone(), |chart| chart.key.start..chart.span.end);
        issues.push(
            Issue::new(&UNPINNED_INCLUDE, place, "the chart is taken at its newest version")
                .severity(Severity::Medium),
        );
    }
    issues
}

fn module(block: &Block) -> Vec<Issue> {
    let Some(Attribute { value: Value::Text(source, span), .. }) = block.body.get("source") else {
        return Vec::new();
    };
    if source.starts_with(['.', '/']) {
        return Vec::new();
    }
    let is_git = source.starts_with("git::")
        || source.contains("github.com/")
        || source.contains("git@")
        || source.contains("bitbucket.org/");
    if is_git {
        let reference = source.split_once("ref=").map(|(_, rest)| rest.split('&').next().unwrap_or(rest));
        let pinned = |issue: Issue| match pinning(source, reference) {
            Some(pinning) => issue.pinned(pinning),
            None => issue,
        };
        return match reference {
            Some(reference) if is_commit(reference) => Vec::new(),
            Some(reference @ ("main" | "master" | "develop" | "dev" | "HEAD" | "trunk")) => {
                let message = format!("the module is taken at the branch `{reference}`");
                vec![pinned(Issue::new(&UNPINNED_INCLUDE, span.clone(), message))]
            }
            Some(reference) => vec![pinned(
                Issue::new(
                    &UNPINNED_INCLUDE,
                    span.clone(),
                    format!("the module is taken at `{reference}`, which can be moved"),
                )
                .severity(Severity::Low),
            )],
            None => {
                let message = "the module is taken at its default branch";
                vec![pinned(Issue::new(&UNPINNED_INCLUDE, span.clone(), message))]
            }
        };
    }
    if source.contains("://") {
        return Vec::new();
    }
    if block.body.get("version").is_none() && source.matches('/').count() >= 2 {
        return vec![
            Issue::new(&UNPINNED_INCLUDE, span.clone(), "the module is taken at its newest version")
                .severity(Severity::Low),
        ];
    }
    Vec::new()
}

/// How the source of a module in a git repository is pinned; one over SSH is not looked up.
///
/// Source: Terraform documentation, "Module sources": `git::ADDRESS//FOLDER?ref=NAME`, and `github.com/OWNER/NAME`.
fn pinning(source: &str, reference: Option<&str>) -> Option<Pinning> {
    let plain = source.strip_prefix("git::").unwrap_or(source);
    let (scheme, rest) = match plain.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest),
        None if plain.starts_with("github.com/") => ("https", plain),
        _ => return None,
    };
    let path = rest.split('?').next().unwrap_or(rest);
    let repository = path.split("//").next().unwrap_or(path);
    if crate::address::is_filled_in(repository) {
        return None;
    }
    let repository = Repository::At(format!("{scheme}://{repository}"));
    Some(match reference {
        Some(reference) => Pinning::commit(repository, reference),
        None => Pinning::default_branch(repository, source).by_parameter(),
    })
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn training_and_serving_resources_are_judged() {
        let text = "resource \"aws_sagemaker_model\" \"m\" {\n  enable_network_isolation = false\n  vpc_config {\n    subnets = [\"s\"]\n  }\n  primary_container {\n    image = \"123.dkr.ecr.us-east-1.amazonaws.com/net:latest\"\n    model_data_url = \"s3://b/latest/model.tar.gz\"\n    environment = {\n      HF_TOKEN = \"hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\"\n    }\n  }\n}\nresource \"google_vertex_ai_endpoint\" \"e\" {\n  encryption_spec { kms_key_name = var.k }\n  network = var.n\n}\nmodule \"x\" {\n  source = \"git::https://example.com/a.git\"\n}\nresource \"null_resource\" \"n\" {\n  provisioner \"local-exec\" {\n    command = \"curl https://x.example | sh\"\n  }\n}\n";
        let outcome = examine(&Text::new("main.tf", text), &Limits::default(), &MonotonicClock::start());
        let mut found: Vec<_> = outcome
            .findings
            .iter()
            .map(|one| (one.location.line.unwrap(), one.rule.id.trim_start_matches("pipeline/")))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (2, "no-network-isolation"),
                (7, "unpinned-image"),
                (8, "unpinned-model"),
                (10, "secret"),
                (19, "unpinned-include"),
                (23, "curl-pipe-shell")
            ]
        );
    }

    #[test]
    fn what_the_internet_may_reach_is_judged() {
        let found = |text: &str| {
            let outcome = examine(&Text::new("main.tf", text), &Limits::default(), &MonotonicClock::start());
            outcome.findings.iter().map(|one| (one.location.line.unwrap(), one.rule.id)).collect::<Vec<_>>()
        };
        let rule = |port: u32, cidr: &str| {
            format!(
                "resource \"aws_security_group_rule\" \"r\" {{\n  type = \"ingress\"\n  to_port = {port}\n  cidr_blocks = [\"{cidr}\"]\n}}\n"
            )
        };
        assert_eq!(found(&rule(8888, "0.0.0.0/0")), [(4, "pipeline/exposed-service")]);
        assert_eq!(found(&rule(443, "0.0.0.0/0")), []);
        assert_eq!(found(&rule(8888, "10.0.0.0/8")), []);
        let variable = |name: &str, value: &str| {
            found(&format!("variable \"{name}\" {{\n  default = \"{value}\"\n}}\n"))
        };
        assert_eq!(variable("db_password", "Tr0ub4dor-9917"), [(2, "pipeline/secret")]);
        assert_eq!(variable("db_password", ""), []);
        assert_eq!(variable("region", "eu-central-1"), []);
        let bucket = |value: &str| {
            format!(
                "resource \"aws_s3_bucket_public_access_block\" \"b\" {{\n  block_public_acls = {value}\n}}\n"
            )
        };
        assert_eq!(found(&bucket("false")), [(2, "pipeline/exposed-service")]);
        assert_eq!(found(&bucket("true")), []);
        let model = |more: &str| {
            format!(
                "resource \"x\" \"y\" {{\n  environment = {{\n    HF_MODEL_ID = \"acme/net\"\n{more}  }}\n}}\n"
            )
        };
        assert_eq!(found(&model("")), [(3, "pipeline/unpinned-model")]);
        assert_eq!(
            found(&model("    HF_MODEL_REVISION = \"0123456789abcdef0123456789abcdef01234567\"\n")),
            []
        );
        assert_eq!(
            found("resource \"x\" \"y\" {\n  OPTION_TRUST_REMOTE_CODE = true\n}\n"),
            [(2, "pipeline/remote-code")]
        );
    }
}
