//! Changes that are committed or pushed past the hooks of a repository.
//!
//! Source: Git documentation, `git-commit` (`-n`, `--no-verify`), `git-push` (`--no-verify`), `git-config` (`core.hooksPath`); Husky, "Skipping
//! Git hooks".

use super::Site;
use crate::Issue;
use crate::rules::HOOKS_SKIPPED;
use bartizan_core::Confidence;

/// Judges a command of Git.
pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    if invocation.program != "git" {
        return;
    }
    let Some(place) =
        invocation.arguments.iter().take(VERB).position(|argument| VERBS.contains(&argument.text))
    else {
        return;
    };
    let (before, behind) = invocation.arguments.split_at(place);
    let verb = behind.first().map_or("", |verb| verb.text);
    let option = behind.iter().take_while(|argument| argument.text != "--").find(|argument| {
        argument.text == "--no-verify"
            || verb == "commit" && (argument.text == "-n" || argument.text == "-nm")
    });
    let nowhere =
        || before.iter().find(|argument| argument.text.eq_ignore_ascii_case("core.hooksPath=/dev/null"));
    let off = || site.command.assignments.iter().find(|one| one.name == "HUSKY" && one.value.text == "0");
    let span = option.or_else(nowhere).map(|argument| argument.word.span.clone());
    let Some(span) = span.or_else(|| off().map(|one| one.value.span.clone())) else { return };
    let message = format!("`git {verb}` goes past the hooks of the repository");
    issues.push(Issue::new(&HOOKS_SKIPPED, span, message).confidence(Confidence::Medium));
}

/// What hooks are run for.
const VERBS: &[&str] = &["commit", "push", "merge", "rebase", "am"];
/// Arguments of Git among which its verb is looked for: options of its own stand before it.
const VERB: usize = 8;

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::Medium;

    #[test]
    fn changes_past_the_hooks_are_found_and_others_are_not() {
        let found =
            |script: &str| graded("run.sh", &format!("#!/bin/sh\n{script}\n"), "pipeline/hooks-skipped");
        for script in [
            "git commit -am 'x' --no-verify && git push",
            "git -C model push --no-verify origin main",
            "git commit -n -m x",
            "git -c core.hooksPath=/dev/null commit -m x",
            "HUSKY=0 git commit -m x",
        ] {
            assert_eq!(found(script), [Medium], "{script}");
        }
        for script in [
            "git commit -m 'never use --no-verify here'",
            "git push -n",
            "cargo publish --no-verify",
            "git log -n 3",
            "git commit -m x -- --no-verify",
            "HUSKY=1 git commit -m x",
        ] {
            assert_eq!(found(script), [], "{script}");
        }
    }
}
