//! Scripts that stand by themselves: shell scripts, and the recipes of makefiles and justfiles.

use super::inspect::{self, Setting};
use super::recipes::{of_justfile, of_makefile, of_procfile, variables_of_makefile};
use crate::agents::belongs_to_skill;
use crate::rules::{ADHOC_PACKAGE, UNPINNED_IMAGE, UNPINNED_PACKAGE, UNVERIFIED_PROMOTION};
use crate::{Issue, Notes, Reader, Text, issue, rules};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// A shell script, a makefile or a justfile.
#[derive(Debug)]
pub(crate) struct ShellScript;

impl Reader for ShellScript {
    fn id(&self) -> &'static str {
        "shell-script"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        // The scripts of a skill are judged as what an agent is made to run.
        (is_shell(text) || is_makefile(text) || is_justfile(text) || is_procfile(text))
            && !belongs_to_skill(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let recipes = if is_makefile(text) {
            Some(of_makefile(text.content))
        } else if is_procfile(text) {
            Some(of_procfile(text.content))
        } else {
            is_justfile(text).then(|| of_justfile(text.content))
        };
        let script = recipes.as_deref().unwrap_or(text.content);
        let given = if is_makefile(text) { variables_of_makefile(text.content) } else { Vec::new() };
        let issues = inspect::script_given(script, Setting::Other, &given);
        issue::report(text, notes, issues.into_iter().map(by_hand));
        issue::report(text, notes, published(script));
        if recipes.is_none() {
            unfinished(text, notes);
        }
    }
}

/// What a script publishes or promotes, when nothing in it verifies. Whoever runs it may have looked before, so that it is low.
fn published(script: &str) -> Vec<Issue> {
    let read = super::Script::read(script);
    let invocations: Vec<super::Invocation<'_>> =
        read.commands.iter().filter_map(super::Invocation::of).collect();
    if invocations.iter().any(inspect::verifies) {
        return Vec::new();
    }
    let published = invocations.iter().filter_map(|invocation| {
        let what = inspect::publishes(invocation)?.what;
        let message = format!("the script {what} and verifies nothing");
        let issue = Issue::new(&UNVERIFIED_PROMOTION, invocation.span(), message).severity(Severity::Low);
        Some(issue.confidence(Confidence::Low))
    });
    published.take(PUBLISHED).collect()
}

/// Most commands told of one script that publish.
const PUBLISHED: usize = 50;

/// Says what a script begins and does not end: a shell refuses it, or takes what follows otherwise.
fn unfinished(text: &Text<'_>, notes: &mut Notes<'_>) {
    let script = super::Script::read(text.content);
    if let Some(at) = script.unclosed {
        let (line, _) = text.line_column(at);
        notes.gap(at, format!("line {line}: a quote is not closed; what follows may be read otherwise"));
    } else if let Some((at, word)) = script.unended.filter(|_| !is_zsh(text)) {
        let (line, _) = text.line_column(at);
        notes.gap(
            at,
            format!("line {line}: `{word}` is not closed; no shell runs this, and it may be read otherwise"),
        );
    }
}

/// Whether a script is zsh's, which has forms of its own for what others close by a word: `if [[ -f a ]] { … }`.
fn is_zsh(text: &Text<'_>) -> bool {
    text.extension() == "zsh" || text.content.lines().next().is_some_and(|first| first.contains("zsh"))
}

/// A script may as well be what a developer runs once: versions that nobody fixed count for less than in an image.
pub(super) fn by_hand(found: Issue) -> Issue {
    let loose = [UNPINNED_PACKAGE.id, UNPINNED_IMAGE.id, ADHOC_PACKAGE.id].contains(&found.rule.id);
    let severity = found.severity;
    if loose { found.severity(severity.min(Severity::Low)) } else { found }
}

fn is_shell(text: &Text<'_>) -> bool {
    if matches!(text.extension(), "sh" | "bash" | "zsh" | "ksh") {
        return true;
    }
    let first = text.content.lines().next().unwrap_or_default();
    let Some(command) = first.strip_prefix("#!") else { return false };
    command
        .split_whitespace()
        .take(3)
        .any(|word| matches!(word.rsplit('/').next().unwrap_or(word), "sh" | "bash" | "zsh" | "dash" | "ksh"))
}

fn is_justfile(text: &Text<'_>) -> bool {
    matches!(text.file_name().to_ascii_lowercase().as_str(), "justfile" | ".justfile")
        || text.extension() == "just"
}

/// Source: Heroku, "The Procfile"; Foreman, Honcho.
fn is_procfile(text: &Text<'_>) -> bool {
    text.file_name() == "Procfile" || text.file_name().starts_with("Procfile.")
}

fn is_makefile(text: &Text<'_>) -> bool {
    matches!(text.file_name().to_ascii_lowercase().as_str(), "makefile" | "gnumakefile")
        || text.extension() == "mk"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::found;

    #[test]
    fn scripts_are_judged_line_by_line() {
        let script = "#!/bin/sh\nset -e\ncurl -k https://w.example/m.onnx -o m.onnx\njupyter lab --ServerApp.token=''\n";
        let rules: Vec<_> =
            found("serve.sh", script).into_iter().map(|(rule, line, _)| (rule, line)).collect();
        assert!(rules.contains(&("pipeline/tls-disabled", 3)), "{rules:?}");
        assert!(rules.contains(&("pipeline/no-authentication", 4)), "{rules:?}");
        assert_eq!(
            found("serve.sh", "#!/bin/sh\nset -e\nexec vllm serve /models/net --host 127.0.0.1\n"),
            []
        );
        assert_eq!(found("run", script).len(), rules.len());
    }

    #[test]
    fn the_processes_of_a_procfile_are_judged_as_commands() {
        let file = "web: gunicorn app:app --bind 127.0.0.1:8000\n# notes: curl -k https://x.dev\nlab: jupyter lab --NotebookApp.token=''\n";
        let rules: Vec<_> = found("Procfile", file).into_iter().map(|(rule, line, _)| (rule, line)).collect();
        assert_eq!(rules, [("pipeline/no-authentication", 3)]);
    }

    #[test]
    fn what_a_script_publishes_is_told_unless_it_verifies() {
        let push = "#!/bin/sh\nset -e\ndocker push acme/net:1.2.3\n";
        assert_eq!(found("push.sh", push), [("pipeline/unverified-promotion", 3, Severity::Low)]);
        assert_eq!(found("push.sh", &format!("{push}cosign sign acme/net:1.2.3\n")), []);
        let make = "push:\n\tdocker push acme/net:$(TAG)\n";
        assert_eq!(found("Makefile", make), [("pipeline/unverified-promotion", 2, Severity::Low)]);
    }

    #[test]
    fn a_quote_that_does_not_end_is_a_gap() {
        let gaps = |script: &str| crate::testing::gaps("a.sh", script);
        assert_eq!(
            gaps("#!/bin/sh\nset -e\necho \"a\n"),
            ["line 3: a quote is not closed; what follows may be read otherwise"]
        );
        assert_eq!(
            gaps("#!/bin/sh\necho \"a\" 'b' # don't\ncat <<E\nit's\nE\necho $(date \"+%s\")\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_compound_command_that_does_not_end_is_a_gap() {
        let gaps = |script: &str| crate::testing::gaps("a.sh", &format!("#!/bin/bash\n{script}"));
        for (script, line, word) in [
            ("if true; then\n  x\n", 2, "if"),
            ("x\nfor a in 1 2; do\n  x\n", 3, "do"),
            ("if a; then\n  while b; do\n    x\nfi\n", 3, "do"),
            ("case $1 in\na) x;;\n", 2, "case"),
            ("y=$(if a; then b)\n", 2, "if"),
        ] {
            let said = format!(
                "line {line}: `{word}` is not closed; no shell runs this, and it may be read otherwise"
            );
            assert_eq!(gaps(script), [said], "{script}");
        }
        for script in [
            "if a; then b; elif c; then d; else if e; then f; fi; fi\n",
            "for ((i=0; i<3; i++)); do x; done\nuntil a; do b; done <f | sort\n",
            "case $1 in if|do) x;; (done) y;; *) if a; then b; fi;; esac\n",
            "echo if do case\ncat <<E\nif\nE\nf() { if a; then b; fi; }\n",
            "x=$(while a; do b; done)\n# if\n",
        ] {
            assert_eq!(gaps(script), [""; 0], "{script}");
        }
        assert_eq!(crate::testing::gaps("a.zsh", "if [[ -f a ]] { x }\n"), [""; 0]);
    }

    #[test]
    fn packages_of_a_script_count_for_less_than_those_of_an_image() {
        assert_eq!(
            found("setup.sh", "pip install torch\n"),
            [("pipeline/unpinned-package", 1, Severity::Low)]
        );
    }

    #[test]
    fn recipes_are_judged_and_the_rest_of_a_makefile_is_not() {
        let make = "IMAGE := trainer\nDOC = curl https://x.example/a.sh | sh\nget:\n\t@curl -s https://x.example/$(IMAGE).sh | \\\n\t  sh\n";
        let rules: Vec<_> = found("Makefile", make).into_iter().map(|(rule, line, _)| (rule, line)).collect();
        assert_eq!(rules, [("pipeline/curl-pipe-shell", 4)]);
        assert_eq!(of_makefile(make).len(), make.len());
    }

    #[test]
    fn a_command_that_a_variable_holds_is_judged_where_it_is_run() {
        let rules = |name: &str, text: &str| -> Vec<_> {
            let found = found(name, text).into_iter();
            found.filter(|(rule, ..)| *rule == "pipeline/tls-disabled").map(|(_, line, _)| line).collect()
        };
        let make = |value: &str| {
            format!("PIP = {value}\nFLAGS := --upgrade\n\nget:\n\t@$(PIP) install $(FLAGS) numpy==1.26.4\n")
        };
        assert_eq!(rules("Makefile", &make("pip --trusted-host pypi.example")), [5]);
        assert_eq!(rules("Makefile", &make("pip")), [] as [u32; 0]);
        assert_eq!(
            rules("Makefile", "FLAGS = --trusted-host pypi.example\nget:\n\tpip install $(FLAGS) a==1.0\n"),
            [3]
        );
        let script = "#!/bin/sh\nPIP=\"pip --trusted-host pypi.example\"\n$PIP install a==1.0\n";
        assert_eq!(rules("a.sh", script), [3]);
    }

    #[test]
    fn recipes_of_a_justfile_are_read_as_scripts() {
        let text = "model := 'acme/net'\n\nserve:\n    @vllm serve {{model}} --trust-remote-code\nnote:\n    jupyter lab --NotebookApp.token=\"\"\n";
        let rules: Vec<_> = found("Justfile", text).into_iter().map(|(rule, line, _)| (rule, line)).collect();
        assert_eq!(rules, [("pipeline/no-authentication", 6), ("pipeline/remote-code", 4)]);
        assert_eq!(found("justfile", "# serve --trust-remote-code\na:\n    vllm serve /m\n"), []);
    }
}
