//! Rights that Terraform grants: policies that allow everything, roles of administrators, grants to everyone.

use super::tree::{Attribute, Block, Body, Value};
use crate::Issue;
use crate::rules::{EXCESSIVE_PERMISSIONS, EXPOSED_SERVICE};
use bartizan_core::Severity;
use std::ops::Range;

/// What `block`, a resource or a source of data of the file `content`, grants.
pub(super) fn of_block(content: &str, block: &Block) -> Vec<Issue> {
    let kind = block.labels.first().map(String::as_str).unwrap_or_default();
    let mut issues = Vec::new();
    if kind == "aws_iam_policy_document" {
        issues.extend(block.body.blocks("statement").filter_map(|statement| documented(&statement.body)));
    }
    for attribute in &block.body.attributes {
        if attribute.name.ends_with("policy") {
            issues.extend(written(content, attribute));
        }
    }
    if let Some(role) = ["policy_arn", "role"].iter().find_map(|name| {
        block.body.get(name).filter(|attribute| {
            matches!(&attribute.value, Value::Text(text, _) if ADMINISTRATORS.iter().any(|role| text.ends_with(role)))
        })
    }) {
        let message = "whoever holds this may do everything in the account";
        issues.push(Issue::new(&EXCESSIVE_PERMISSIONS, role.key.start..role.span.end, message));
    }
    if kind.starts_with("google_") && (kind.ends_with("_iam_member") || kind.ends_with("_iam_binding")) {
        issues.extend(to_everyone(&block.body));
    }
    let public = block.body.get("publicly_accessible");
    issues.extend(
        public.filter(|one| matches!(&one.value, Value::Expression(value) if value == "true")).map(|one| {
            let span = one.key.start..one.span.end;
            Issue::new(&EXPOSED_SERVICE, span, "the whole internet may reach it").severity(Severity::High)
        }),
    );
    issues
}

/// Policies and roles with every right.
const ADMINISTRATORS: &[&str] = &["policy/AdministratorAccess", "roles/owner"];

/// A statement of `aws_iam_policy_document` that allows everything on everything.
fn documented(body: &Body) -> Option<Issue> {
    let all = |name: &str| {
        body.get(name).filter(|attribute| {
            matches!(&attribute.value, Value::List(items) if items.iter().any(|(text, _)| matches!(text.as_str(), "*" | "*:*")))
        })
    };
    let allows = body.text("effect").is_none_or(|effect| effect == "Allow");
    let (actions, _) = all("actions").zip(all("resources")).filter(|_| allows)?;
    Some(everything(actions.key.start..actions.span.end))
}

/// Statements of a policy that is written as JSON or by `jsonencode` and allow everything on everything.
fn written(content: &str, attribute: &Attribute) -> Vec<Issue> {
    let span = attribute.key.start..attribute.span.end;
    let Some(policy) = content.get(span.clone()) else { return Vec::new() };
    let mut issues = Vec::new();
    for (at, _) in policy.match_indices("Action").take(STATEMENTS) {
        let rest = policy.get(at..).unwrap_or_default();
        if policy.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric)) {
            continue;
        }
        let Some(length) = starred(rest.get("Action".len()..).unwrap_or_default()) else { continue };
        // The statement is what stands between the braces around it.
        let begin = policy.get(..at).and_then(|before| before.rfind('{')).unwrap_or_default();
        let end = rest.find('}').map_or(policy.len(), |end| at.saturating_add(end));
        let statement = policy.get(begin..end).unwrap_or_default();
        let named = |key: &str| {
            statement.match_indices(key).find_map(|(place, _)| {
                statement
                    .get(place.saturating_add(key.len())..)
                    .filter(|rest| rest.trim_start_matches(['"', ' ', '\t']).starts_with(['=', ':']))
            })
        };
        let allows = named("Effect")
            .is_some_and(|value| value.trim_start_matches(['"', ' ', '\t', '=', ':']).starts_with("Allow"));
        let everywhere = named("Resource").is_some_and(|value| starred(value).is_some());
        if allows && everywhere {
            let start = span.start.saturating_add(at);
            issues.push(everything(start..start.saturating_add("Action".len()).saturating_add(length)));
        }
    }
    issues
}

/// Bytes of `= "*"`, `: "*"` or `= ["*"]` at the beginning of `rest`, behind a quote that closes the key.
fn starred(rest: &str) -> Option<usize> {
    let value = rest.trim_start_matches(['"', ' ', '\t']);
    let value = value.strip_prefix(['=', ':'])?.trim_start();
    let inner = value.strip_prefix('[').map_or(value, str::trim_start);
    let behind = inner.strip_prefix("\"*\"").or_else(|| inner.strip_prefix("\"*:*\""))?;
    Some(rest.len().saturating_sub(behind.len()))
}

fn everything(span: Range<usize>) -> Issue {
    let message = "whatever has this policy may do everything in the account";
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, span, message).severity(Severity::High);
    issue.remedy("List the actions and resources that are used.")
}

/// A grant to everyone on the internet, with or without an account.
fn to_everyone(body: &Body) -> Option<Issue> {
    let open = |text: &str| matches!(text, "allUsers" | "allAuthenticatedUsers");
    let one =
        body.get("member").or_else(|| body.get("members")).filter(|attribute| match &attribute.value {
            Value::Text(text, _) => open(text),
            Value::List(items) => items.iter().any(|(text, _)| open(text)),
            _ => false,
        })?;
    let span = one.key.start..one.span.end;
    Some(Issue::new(&EXPOSED_SERVICE, span, "everyone on the internet is let in").severity(Severity::High))
}

/// Most statements of one policy.
const STATEMENTS: usize = 200;

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn policies_that_allow_everything_are_found_in_each_form() {
        let encoded = "resource \"aws_iam_role_policy\" \"a\" {\n  policy = jsonencode({\n    Statement = [{\n      Effect = \"Allow\"\n      Action = \"*\"\n      Resource = \"*\"\n    }]\n  })\n}\n";
        assert_eq!(lines("main.tf", encoded), [(5, "excessive-permissions")]);
        let heredoc = "resource \"aws_iam_policy\" \"a\" {\n  policy = <<EOF\n{\"Statement\": [{\"Effect\": \"Allow\",\n \"Action\": [\"*\"], \"Resource\": \"*\"}]}\nEOF\n}\n";
        assert_eq!(lines("main.tf", heredoc), [(4, "excessive-permissions")]);
        let document = "data \"aws_iam_policy_document\" \"a\" {\n  statement {\n    actions = [\"*\"]\n    resources = [\"*\"]\n  }\n}\n";
        assert_eq!(lines("main.tf", document), [(3, "excessive-permissions")]);
        let attached = "resource \"aws_iam_role_policy_attachment\" \"a\" {\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\n";
        assert_eq!(lines("main.tf", attached), [(2, "excessive-permissions")]);
        for fine in [
            encoded.replace("\"Allow\"", "\"Deny\""),
            encoded.replace("Action = \"*\"", "Action = \"s3:*\""),
            encoded.replace("Resource = \"*\"", "Resource = aws_s3_bucket.a.arn"),
            encoded.replace("Action = \"*\"", "NotAction = \"*\""),
            document.replace("actions = [\"*\"]", "actions = [\"s3:GetObject\"]"),
            document.replace("resources = [\"*\"]", "effect = \"Deny\"\n    resources = [\"*\"]"),
        ] {
            assert_eq!(lines("main.tf", &fine), [], "{fine}");
        }
    }

    #[test]
    fn grants_to_everyone_are_found_on_any_resource() {
        for kind in [
            "google_vertex_ai_endpoint_iam_member",
            "google_storage_bucket_iam_binding",
            "google_cloud_run_v2_service_iam_member",
        ] {
            let text = format!("resource \"{kind}\" \"a\" {{\n  member = \"allUsers\"\n}}\n");
            assert_eq!(lines("main.tf", &text), [(2, "exposed-service")], "{kind}");
            assert_eq!(lines("main.tf", &text.replace("allUsers", "user:a@acme.dev")), [], "{kind}");
        }
        let database = "resource \"aws_db_instance\" \"a\" {\n  publicly_accessible = true\n}\n";
        assert_eq!(lines("main.tf", database), [(2, "exposed-service")]);
        assert_eq!(lines("main.tf", &database.replace("true", "false")), []);
    }
}
