//! Texts that a Jenkinsfile runs as Groovy: [`issues`].

use crate::Issue;
use crate::rules::TEMPLATE_INJECTION;
use bartizan_core::Severity;

/// `evaluate(…)` and `Eval.me(…)` over what a file of the checkout, a parameter, a command or a server says. What `readTrusted` reads
/// is of the branch that Jenkins trusts.
pub(super) fn issues(text: &str) -> Vec<Issue> {
    let mut found = Vec::new();
    let mut at = 0usize;
    for line in text.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let code = line.trim_start();
        if code.starts_with("//") || code.starts_with('*') {
            continue;
        }
        for call in ["evaluate", "Eval.me"] {
            let Some(place) = line.find(call) else { continue };
            let before = line.get(..place).unwrap_or_default();
            let given = line.get(place.saturating_add(call.len())..).unwrap_or_default();
            // Within a string it is text.
            let quoted = ['"', '\''].iter().any(|quote| before.matches(*quote).count() % 2 == 1);
            let is_call =
                given.starts_with(['(', ' ']) && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let Some((_, whose)) =
                FOREIGN.iter().find(|(part, _)| is_call && !quoted && given.contains(part))
            else {
                continue;
            };
            let begins = start.saturating_add(place);
            let message = format!("`{call}` runs {whose} as Groovy, with the rights of the pipeline");
            let issue = Issue::new(&TEMPLATE_INJECTION, begins..begins.saturating_add(call.len()), message);
            found.push(
                issue
                    .severity(Severity::High)
                    .remedy("Load what is reviewed: a shared library at a commit, or `readTrusted`."),
            );
            break;
        }
    }
    found
}

/// What stands in the argument, and whose text that is.
const FOREIGN: &[(&str, &str)] = &[
    ("readFile", "a file of the checkout"),
    ("readJSON", "a file of the checkout"),
    ("readYaml", "a file of the checkout"),
    ("new File(", "a file"),
    ("params.", "what whoever starts the build gives"),
    ("env.CHANGE_", "what the author of a change writes"),
    ("env.ghprb", "what the author of a change writes"),
    ("httpRequest", "what a server answers"),
    ("toURL()", "what a server answers"),
    ("new URL(", "what a server answers"),
    ("returnStdout", "what a command prints"),
];
