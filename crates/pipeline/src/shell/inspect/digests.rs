//! Digests that are compared, and whose difference is only told.

use super::downloads::is_check;
use crate::Issue;
use crate::rules::UNVERIFIED_DOWNLOAD;
use crate::shell::{Command, Invocation, Script};
use bartizan_core::{Confidence, Severity};

/// `sha256sum -c … || echo …`, and `if [ "$sum" != "$EXPECTED" ]; then echo …; fi`. Cost: each command looks at a bounded number behind
/// it.
pub(super) fn only_told(text: &str, script: &Script, issues: &mut Vec<Issue>) {
    for (index, command) in script.commands.iter().enumerate() {
        let Some(invocation) = Invocation::of(command) else { continue };
        let checks = is_check(&invocation) && invocation.option(&["-c", "--check"]).is_some();
        let ignored = checks && or_tells(text, script, index);
        let told = matches!(invocation.program.as_str(), "[" | "[[" | "test")
            && differs(text, command)
            && branch_tells(text, script, index);
        if ignored || told {
            let message = "the digest is compared, and what differs is used all the same";
            let issue = Issue::new(&UNVERIFIED_DOWNLOAD, command.span.clone(), message);
            issues.push(
                issue
                    .severity(Severity::Medium)
                    .confidence(Confidence::Medium)
                    .remedy("End the script, or remove the file, where the digest differs."),
            );
        }
    }
}

/// Whether the command at `index` is followed by `||` and what only writes a message or does nothing.
fn or_tells(text: &str, script: &Script, index: usize) -> bool {
    let Some(command) = script.commands.get(index) else { return false };
    let Some(next) = script.commands.get(index.saturating_add(1)) else { return false };
    let between = text.get(command.span.end..next.span.start).unwrap_or_default();
    let behind = text.get(next.span.end..).unwrap_or_default().trim_start_matches([' ', '\t', '"']);
    // `|| { echo …; exit 1; }` does more than tell.
    between.trim() == "||" && tells(next) && !behind.starts_with("&&")
}

/// Whether a test says that a digest is not the one expected.
fn differs(text: &str, command: &Command) -> bool {
    let unequal = command.words.iter().any(|word| word.text == "!=");
    let written =
        text.get(command.span.clone()).filter(|written| written.len() <= LONGEST).unwrap_or_default();
    let words = written.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    unequal && crate::digest::is_compared(words)
}

/// Whether the branch behind the test at `index` does nothing but write messages, up to its `fi`.
fn branch_tells(text: &str, script: &Script, index: usize) -> bool {
    let Some(command) = script.commands.get(index) else { return false };
    let mut from = command.span.end;
    let mut told = false;
    for next in script.commands.iter().skip(index.saturating_add(1)).take(BRANCH) {
        if next.inside.is_some() || next.span.start < from {
            continue;
        }
        let between = text.get(from..next.span.start).unwrap_or_default();
        let words = || between.split(|character: char| !character.is_ascii_alphanumeric());
        if words().any(|word| word == "fi") {
            return told;
        }
        if words().any(|word| matches!(word, "else" | "elif")) || between.contains("&&") || !tells(next) {
            return false;
        }
        told = true;
        from = next.span.end;
    }
    let rest = text.get(from..).unwrap_or_default();
    told && rest
        .get(..rest.floor_char_boundary(LONGEST))
        .is_some_and(|rest| rest.trim_start_matches([';', ' ', '\n', '\t']).starts_with("fi"))
}

/// Whether a command only writes a message, or does nothing.
fn tells(command: &Command) -> bool {
    let name = command.words.first().map_or("", |word| word.text.as_str());
    matches!(name, "echo" | "printf" | "true" | ":" | "warn" | "log" | "logger" | "log_warn" | "warning")
}

/// Most commands of a branch, and bytes of a test, that are looked at.
const BRANCH: usize = 16;
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::Medium;

    #[test]
    fn digests_whose_difference_is_only_told_are_found() {
        let found =
            |script: &str| graded("a.sh", &format!("#!/bin/sh\n{script}\n"), "pipeline/unverified-download");
        for script in [
            "sha256sum -c m.sha256 || echo 'differs, going on'",
            "sha256sum -c m.sha256 || true",
            "if [ \"$(sha256sum m.onnx | cut -d' ' -f1)\" != \"$EXPECTED\" ]; then\n  echo differs >&2\nfi\nserve m.onnx",
            "if [[ $actual_sha != $EXPECTED_SHA256 ]]; then echo differs; fi",
        ] {
            assert_eq!(found(script), [Medium], "{script}");
        }
        for script in [
            "sha256sum -c m.sha256",
            "sha256sum -c m.sha256 || exit 1",
            "sha256sum -c m.sha256 || { echo differs; exit 1; }",
            "if [ \"$(sha256sum m.onnx)\" != \"$EXPECTED\" ]; then\n  echo differs\n  exit 1\nfi",
            "if [ \"$digest\" != \"$EXPECTED\" ]; then echo differs; rm m.onnx; fi",
            "if [ \"$name\" != \"$EXPECTED\" ]; then echo differs; fi",
            "if [ \"$hash\" != \"$last_hash\" ]; then echo changed; fi",
        ] {
            assert_eq!(found(script), [], "{script}");
        }
    }
}
