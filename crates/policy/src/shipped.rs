//! The policies that come with the program: [`policy`]. They lie in `policies/` beside the crates, with their tests and pages.

use crate::PolicyError;
use crate::source::{Policy, PolicyFile};

/// Their names, each resting on those that [`LAYERS`] gives.
pub const NAMES: [&str; 4] = ["baseline", "strict", "eu-ai-act-high-risk", "owasp-llm"];

/// Which folders of `policies/` a policy is made of.
pub const LAYERS: [(&str, &[&str]); 4] = [
    ("baseline", &["lib", "baseline"]),
    ("strict", &["lib", "baseline", "strict"]),
    ("eu-ai-act-high-risk", &["lib", "baseline", "eu-ai-act-high-risk"]),
    ("owasp-llm", &["lib", "baseline", "owasp-llm"]),
];

/// Every file, by path below `policies/`.
const FILES: [(&str, &str); 11] = [
    ("lib/evidence.rego", include_str!("../../../policies/lib/evidence.rego")),
    ("lib/fixtures_test.rego", include_str!("../../../policies/lib/fixtures_test.rego")),
    ("lib/evidence_test.rego", include_str!("../../../policies/lib/evidence_test.rego")),
    ("baseline/gate.rego", include_str!("../../../policies/baseline/gate.rego")),
    ("baseline/gate_test.rego", include_str!("../../../policies/baseline/gate_test.rego")),
    ("strict/gate.rego", include_str!("../../../policies/strict/gate.rego")),
    ("strict/gate_test.rego", include_str!("../../../policies/strict/gate_test.rego")),
    ("eu-ai-act-high-risk/gate.rego", include_str!("../../../policies/eu-ai-act-high-risk/gate.rego")),
    (
        "eu-ai-act-high-risk/gate_test.rego",
        include_str!("../../../policies/eu-ai-act-high-risk/gate_test.rego"),
    ),
    ("owasp-llm/gate.rego", include_str!("../../../policies/owasp-llm/gate.rego")),
    ("owasp-llm/gate_test.rego", include_str!("../../../policies/owasp-llm/gate_test.rego")),
];

/// The shipped policy of that name; none when there is none.
pub fn policy(name: &str) -> Option<Result<Policy, PolicyError>> {
    let (_, layers) = LAYERS.iter().find(|(known, _)| *known == name)?;
    // The tests of a layer hold for it alone: another layer on top asks for more.
    let files = FILES.iter().filter(|(path, _)| {
        let is_own = is_in(path, name) || is_in(path, "lib");
        layers.iter().any(|layer| is_in(path, layer)) && (is_own || !path.ends_with("_test.rego"))
    });
    let files =
        files.map(|(path, content)| PolicyFile { path: (*path).to_owned(), content: (*content).to_owned() });
    Some(Policy::of_files(name, files.collect()).map(Policy::shipped))
}

/// Whether a shipped policy gives reasons under that rule. Of those whose names are put together the beginning counts.
pub fn names_rule(rule: &str) -> bool {
    let modules = FILES.iter().filter(|(path, _)| !path.ends_with("_test.rego"));
    modules.flat_map(|(_, content)| content.lines()).any(|line| {
        let Some(value) = line.trim().strip_prefix("\"rule\": ") else { return false };
        let (made, text) = match value.strip_prefix("sprintf(\"") {
            Some(text) => (true, text),
            None => (false, value.strip_prefix('"').unwrap_or_default()),
        };
        let name = text.split('"').next().unwrap_or_default();
        match name.split_once('%').filter(|_| made) {
            Some((begins, _)) => {
                rule.strip_prefix(begins).is_some_and(|rest| !rest.is_empty() && !begins.is_empty())
            }
            None => !name.is_empty() && name == rule,
        }
    })
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_rules_of_the_shipped_policies_are_known_by_name() {
        for rule in ["evidence/narrowed-scan", "strict/own-review", "owasp-llm/llm03-vulnerability/CVE-1"] {
            assert!(names_rule(rule), "{rule}");
        }
        for rule in ["evidence/narrow-scan", "owasp-llm/llm03-vulnerability/", "", "rule"] {
            assert!(!names_rule(rule), "{rule}");
        }
    }

    #[test]
    fn every_file_in_the_folder_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let mut found = BTreeSet::new();
        for folder in
            std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
        {
            for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                if file.extension().is_some_and(|ending| ending == "rego") {
                    found.insert(file.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
                }
            }
        }
        assert_eq!(found, FILES.iter().map(|(path, _)| (*path).to_owned()).collect());
    }

    #[test]
    fn each_is_found_by_name_and_rests_on_the_baseline() {
        for name in NAMES {
            let policy = policy(name).unwrap().unwrap();
            assert!(policy.modules.iter().any(|module| module.path == "baseline/gate.rego"), "{name}");
            assert!(!policy.tests.is_empty(), "{name}");
        }
        assert!(policy("none").is_none());
    }
}
