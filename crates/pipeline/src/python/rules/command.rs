//! Commands in code and notebooks: what they download and run, install and trust.

use super::transport::is_plain;
use crate::python::module::Module;
use crate::python::value::HOLE;
use crate::rules::{
    CURL_PIPE_SHELL, INSECURE_TRANSPORT, REMOTE_CODE, TLS_DISABLED, UNPINNED_MODEL, UNPINNED_PACKAGE,
};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use std::ops::Range;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&CURL_PIPE_SHELL, &UNPINNED_PACKAGE];

/// Longest command judged, in bytes.
const MOST: usize = 32 << 10;

/// Judges a command line or script.
pub(in crate::python) fn judge(text: &str, span: &Range<usize>, module: &mut Module) {
    let text = text.get(..text.floor_char_boundary(MOST)).unwrap_or(text);
    for line in text.replace("\\\n", " ").lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if pipes_download(line) {
            module.report(span, Finding::new(&CURL_PIPE_SHELL, "what is downloaded runs at once"));
        }
        for command in line.split(['|', ';']).flat_map(|part| part.split("&&")) {
            let words = words(command);
            program(&words, span, module);
        }
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
    program(words, span, module);
}

/// Whether a line hands a download to an interpreter.
pub(in crate::python) fn pipes_download(line: &str) -> bool {
    const FETCHERS: &[&str] = &["curl ", "wget ", "fetch ", "aria2c "];
    let downloads = |text: &str| FETCHERS.iter().any(|fetcher| text.contains(fetcher));
    let mut parts = line.split('|');
    let mut fetched = parts.next().is_some_and(downloads);
    for part in parts {
        let mut rest = part.trim_start();
        for prefix in ["sudo ", "-E ", "-H ", "env ", "nohup ", "exec "] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
        }
        let program = rest.split([' ', ';', '&', ')', '"', '\'', '`']).next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or(program);
        if fetched && is_interpreter(program) {
            return true;
        }
        fetched |= downloads(part);
    }
    let lower = line.to_ascii_lowercase();
    let substituted = ["$(", "<(", "`"].iter().any(|open| {
        lower.match_indices(open).any(|(at, _)| {
            let inner = lower.get(at.saturating_add(open.len())..).unwrap_or_default().trim_start();
            FETCHERS.iter().any(|fetcher| inner.starts_with(fetcher))
        })
    });
    let first = lower.split_whitespace().find(|word| *word != "sudo").unwrap_or_default();
    let first = first.rsplit('/').next().unwrap_or(first);
    substituted && (is_interpreter(first) || matches!(first, "eval" | "source" | "." | "exec"))
}

fn is_interpreter(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "zsh" | "ksh" | "dash" | "perl" | "ruby" | "node" | "php" | "iex")
        || program
            .strip_prefix("python")
            .is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Words of a command, quotes taken off.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut open) = (String::new(), None, false);
    for character in command.chars() {
        match (quote, character) {
            (Some(mark), character) if character == mark => quote = None,
            (None, '"' | '\'') => (quote, open) = (Some(character), true),
            (None, character) if character.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    open = false;
                }
            }
            (_, character) => word.push(character),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// One program with its arguments.
fn program(words: &[String], span: &Range<usize>, module: &mut Module) {
    let mut rest: &[String] = words;
    // `sudo`, `env A=b`, `python -m`, and the interpreter itself however it is named.
    while let Some((first, after)) = rest.split_first() {
        let name = first.rsplit(['/', '\\']).next().unwrap_or(first);
        let wraps =
            matches!(name, "sudo" | "env" | "time" | "nohup" | "exec" | "-E" | "uv" | "poetry" | "uvx")
                || name.starts_with("python")
                || first.starts_with(HOLE)
                || first == "-m"
                || (first.contains('=') && !first.starts_with('-') && !first.contains("=="));
        if !wraps || after.is_empty() {
            break;
        }
        rest = after;
    }
    let Some((name, arguments)) = rest.split_first() else { return };
    let name = name.rsplit('/').next().unwrap_or(name);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let has = |options: &[&str]| arguments.iter().any(|argument| options.contains(argument));
    let tls = |module: &mut Module, option: &str| {
        let message = format!("`{option}` accepts any certificate");
        module.report(span, Finding::new(&TLS_DISABLED, message));
    };
    match name {
        "pip" | "pip3" | "%pip" => install(&arguments, span, module),
        "conda" | "mamba" | "micromamba" | "%conda" => conda(&arguments, span, module),
        "curl" | "wget" | "aria2c" => {
            if let Some(option) = arguments.iter().find(|argument| {
                matches!(**argument, "-k" | "--insecure" | "--no-check-certificate")
                    || name == "curl"
                        && argument.starts_with('-')
                        && !argument.starts_with("--")
                        && argument.contains('k')
                        && argument.len() <= 6
                        && !argument.contains("ok")
            }) {
                tls(module, option);
            }
            if let Some(address) = arguments.iter().find(|argument| is_plain(argument)) {
                let message = format!("`{}` is fetched without encryption", shown(address));
                module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
            }
        }
        "git" => {
            if arguments.iter().any(|argument| argument.contains("http.sslVerify=false")) {
                tls(module, "http.sslVerify=false");
            }
            if has(&["clone"])
                && let Some(address) = arguments.iter().find(|argument| is_plain(argument))
            {
                let message = format!("`{}` is cloned without encryption", shown(address));
                module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
            }
            let hub = arguments.iter().find(|argument| argument.contains("huggingface.co/"));
            if has(&["clone"])
                && let Some(address) = hub
            {
                let message = format!("`{}` is cloned as it is today", shown(address));
                module.report(span, Finding::new(&UNPINNED_MODEL, message).severity(Severity::Low));
            }
        }
        "huggingface-cli" | "hf" if has(&["download"]) => {
            let revision = arguments.iter().position(|argument| *argument == "--revision");
            let pinned = revision
                .and_then(|at| arguments.get(at.saturating_add(1)))
                .is_some_and(|revision| crate::python::hub::is_commit(revision) || revision.contains(HOLE));
            let name = arguments.iter().skip_while(|argument| **argument != "download").nth(1);
            if let Some(name) = name.filter(|name| !pinned && !name.starts_with('-') && !name.contains(HOLE))
            {
                module.report(
                    span,
                    Finding::new(&UNPINNED_MODEL, format!("`{}` is fetched as it is today", shown(name))),
                );
            }
        }
        "npm" | "pnpm" | "yarn" if has(&["install", "add", "i"]) => {
            let named = arguments.iter().find(|argument| {
                !argument.starts_with('-') && !matches!(**argument, "install" | "add" | "i" | "global")
            });
            if let Some(package) = named.filter(|package| {
                !package.get(1..).unwrap_or_default().contains('@') && !package.starts_with('.')
            }) {
                module.report(span, unpinned(package));
            }
        }
        _ => {}
    }
    if has(&["--trust-remote-code", "--trust_remote_code"]) {
        let message = "a command line trusts remote code";
        module.report(span, Finding::new(&REMOTE_CODE, message));
    }
}

fn unpinned(package: &str) -> Finding {
    Finding::new(
        &UNPINNED_PACKAGE,
        format!("`{}` is installed in whatever version is newest", shown(package)),
    )
}

fn shown(text: &str) -> String {
    text.chars().take(80).map(|character| if character == HOLE { '…' } else { character }).collect()
}

/// Options of pip that take a value.
const WITH_VALUE: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--cache-dir",
    "--timeout",
    "--retries",
    "--progress-bar",
    "--upgrade-strategy",
    "--no-binary",
    "--only-binary",
    "--log",
    "--proxy",
    "--cert",
    "--src",
    "--python",
    "--global-option",
    "--config-settings",
    "-C",
    "--install-option",
    "--exists-action",
    "--trusted-host",
    "--torch-backend",
];

fn install(arguments: &[&str], span: &Range<usize>, module: &mut Module) {
    let mut words =
        arguments.iter().skip_while(|argument| **argument != "install" && **argument != "download");
    if words.next().is_none() {
        return;
    }
    let (mut first, mut hashes) = (None, false);
    let mut loose: Vec<&str> = Vec::new();
    while let Some(word) = words.next().copied() {
        if word.starts_with('#') || matches!(word, ">" | "2>" | ">>" | "2>&1" | "&" | "||" | "<") {
            break;
        }
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word, None),
        };
        if option.starts_with('-') {
            let value = match value {
                Some(value) => Some(value),
                None if WITH_VALUE.contains(&option) => words.next().copied(),
                None => None,
            };
            match option {
                "--require-hashes" | "--hash" => hashes = true,
                "--trusted-host" => {
                    let message = "`--trusted-host` accepts any certificate of the package index";
                    module.report(span, Finding::new(&TLS_DISABLED, message));
                }
                "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" => {
                    if let Some(address) = value.filter(|address| is_plain(address)) {
                        let message = format!("packages come from `{}` without encryption", shown(address));
                        module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
                    }
                }
                _ => {}
            }
            continue;
        }
        if is_loose(word) {
            loose.push(word);
            if first.is_none() {
                first = Some(word);
            }
        }
        if is_plain(word) {
            let message = format!("the package `{}` is fetched without encryption", shown(word));
            module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
        }
    }
    let Some(first) = first.filter(|_| !hashes) else { return };
    let tools = loose
        .iter()
        .all(|package| matches!(*package, "pip" | "setuptools" | "wheel" | "build" | "uv" | "twine"));
    let finding = unpinned(first);
    let finding = if tools { finding.severity(Severity::Low) } else { finding };
    module.report(span, finding);
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

fn conda(arguments: &[&str], span: &Range<usize>, module: &mut Module) {
    if !arguments.iter().any(|argument| matches!(*argument, "install" | "create")) {
        return;
    }
    let mut words = arguments.iter().skip(1).copied();
    while let Some(word) = words.next() {
        if matches!(word, "-c" | "--channel" | "-n" | "--name" | "-p" | "--prefix" | "-f" | "--file") {
            words.next();
            continue;
        }
        if word.starts_with('-') || word == "install" || word == "create" {
            continue;
        }
        if !word.contains('=') && word.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
            module.report(span, unpinned(word).confidence(Confidence::Medium));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn downloads_that_run_at_once_are_found_in_every_spelling() {
        for line in [
            "curl -s https://x.example/i.sh | bash",
            "wget -qO- https://x.example/i | sudo -E sh -s -- --yes",
            "bash <(curl -s https://x.example/i.sh)",
            "sh -c \"$(curl -fsSL https://x.example/i.sh)\"",
            "curl https://x.example/i.py | python3 -",
            "curl https://x.example/i | tee log | /bin/bash",
        ] {
            assert!(pipes_download(line), "{line}");
        }
        for line in [
            "curl -s https://x.example/data.json | jq .",
            "cat i.sh | sh",
            "wget https://x.example/i.sh",
            "curl x | shasum",
        ] {
            assert!(!pipes_download(line), "{line}");
        }
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
