//! Files that hold credentials and little else, and credentials in plain settings: `.env`, `.pypirc`, `.netrc`, the
//! credentials of clouds, private keys, YAML, JSON, TOML or INI that code reads, and every other text that is no table of data.
//!
//! A file is of this kind when it holds one: texts without are left to the readers that know them.

use crate::python::secret::{by_format, is_encrypted_key, named_in_dump};
use crate::rules::{self, SECRET};
use crate::settings_passwords::passwords;
use crate::{Issue, Notes, Reader, Text, issue, told, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::ops::Range;

/// A file with a credential in the open.
#[derive(Debug)]
pub(crate) struct CredentialFile;

impl Reader for CredentialFile {
    fn id(&self) -> &'static str {
        "credential-file"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        !issues(text).is_empty()
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        // Another reader may have said it of a wider place on the same line.
        let known: Vec<u32> = notes
            .findings
            .iter()
            .filter(|finding| finding.rule.id == SECRET.id)
            .filter_map(|finding| finding.location.line)
            .collect();
        let issues = issues(text).into_iter();
        let fresh: Vec<Issue> =
            issues.filter(|issue| !known.contains(&text.line_column(issue.span.start).0)).collect();
        issue::report(text, notes, fresh);
    }
}

/// What sort of file a text is here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `NAME=value` a line: every name that speaks of a credential counts.
    Variables,
    /// `machine … login … password …`.
    Logins,
    /// Settings of anything: only what has the form of a credential, or a name of one and a drawn value.
    Settings,
    /// A key in its armour.
    Key,
    /// Prose, or what no reader knows: what has the form of a credential; in what an agent follows also what is told as one.
    Prose,
}

fn form(text: &Text<'_>) -> Option<Form> {
    if text.content.len() > MOST_BYTES {
        return None;
    }
    let name = text.file_name();
    let extension = text.extension();
    let armoured = text.content.trim_start().starts_with("-----BEGIN ");
    if armoured || matches!(extension.as_str(), "pem" | "key" | "p8") {
        return Some(Form::Key);
    }
    let shown = SHOWN.iter().any(|end| name.ends_with(end));
    if name == ".env" || name == ".envrc" || name.starts_with(".env.") || extension == "env" {
        return (!shown).then_some(Form::Variables);
    }
    let ini = matches!(
        name,
        "credentials" | ".pypirc" | ".npmrc" | ".boto" | ".s3cfg" | "rclone.conf" | "secrets.toml"
    );
    if ini {
        return Some(Form::Variables);
    }
    if matches!(name, ".netrc" | "_netrc") {
        return Some(Form::Logins);
    }
    let settings = matches!(
        extension.as_str(),
        "yaml" | "yml" | "json" | "toml" | "ini" | "cfg" | "conf" | "properties" | "tfvars"
    );
    if shown || WRITTEN.contains(&name) {
        return None;
    }
    if settings {
        return Some(Form::Settings);
    }
    // Code has a reader that says more, and rows of data are judged as data.
    (text.content.len() <= PROSE_BYTES && !READ_ELSEWHERE.contains(&extension.as_str()))
        .then_some(Form::Prose)
}

fn issues(text: &Text<'_>) -> Vec<Issue> {
    match form(text) {
        Some(Form::Variables) => variables(text),
        Some(Form::Logins) => logins(text.content),
        Some(Form::Settings) => settings(text),
        Some(Form::Key) => keys(text),
        Some(Form::Prose) => prose(text),
        None => Vec::new(),
    }
}

/// Lines of `NAME=value`, also with `export`, blanks around the sign, or quotes around the value.
fn variables(text: &Text<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0usize;
    let for_tests = is_for_tests(text.name);
    for line in text.content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';', '[']) {
            continue;
        }
        let Some((name, written)) = line.split_once('=') else { continue };
        let begins = start.saturating_add(name.len()).saturating_add(1);
        let name = name.trim();
        // The address of a registry stands before what npm calls the name.
        let name = name.strip_prefix("export ").unwrap_or(name).rsplit([':', '.']).next().unwrap_or(name);
        let name = name.trim().trim_start_matches('_');
        let (value, skipped) = unquoted(written);
        if issues.len() >= MOST_ISSUES {
            break;
        }
        let span = begins.saturating_add(skipped)..begins.saturating_add(skipped).saturating_add(value.len());
        let spoken =
            name.strip_suffix("Token").map_or_else(|| name.to_owned(), |rest| format!("{rest}_token"));
        if let Some(what) = variable::credential(&spoken, value) {
            let message = format!("`{}` holds {} in the open", bartizan_core::printable(name, 60), what.name);
            // What an issuer's form tells is real wherever it stands.
            let by_form = what.confidence == Confidence::High;
            let severity = if for_tests && !by_form { Severity::Low } else { what.severity };
            issues.push(Issue::new(&SECRET, span, message).severity(severity).confidence(what.confidence));
        }
    }
    issues
}

/// A value without blanks, quotes and a remark around it, and how many bytes stand before it.
fn unquoted(written: &str) -> (&str, usize) {
    let value = written.trim_start();
    let skipped = written.len().saturating_sub(value.len());
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote) {
            return (inside.split(quote).next().unwrap_or(inside).trim_end(), skipped.saturating_add(1));
        }
    }
    (value.split(" #").next().unwrap_or(value).trim_end(), skipped)
}

/// Passwords behind `password` in a `.netrc`, whose words stand on any lines.
fn logins(content: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut before = "";
    for (at, word) in words(content) {
        if before == "password"
            && let Some(what) = variable::credential("password", word)
        {
            let message = format!("a login holds {} in the open", what.name);
            let span = at..at.saturating_add(word.len());
            issues
                .push(Issue::new(&SECRET, span, message).severity(what.severity).confidence(what.confidence));
        }
        before = word;
    }
    issues.truncate(MOST_ISSUES);
    issues
}

fn words(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0usize;
    content.split_ascii_whitespace().map(move |word| {
        let skipped = content.get(at..).and_then(|rest| rest.find(word)).unwrap_or_default();
        let start = at.saturating_add(skipped);
        at = start.saturating_add(word.len());
        (start, word)
    })
}

/// What has the form of a credential, drawn values under a name of one, and passwords that people chose.
fn settings(text: &Text<'_>) -> Vec<Issue> {
    let mut found: Vec<(Range<usize>, String, Severity, Confidence)> = by_format(text.content, 0)
        .into_iter()
        .map(|(place, kind)| {
            (place, format!("{kind} stands in the settings"), Severity::High, Confidence::High)
        })
        .collect();
    let graded = if is_for_tests(text.name) { Severity::Low } else { Severity::High };
    for place in named_in_dump(text.content) {
        if !found.iter().any(|(other, ..)| other.start < place.end && place.start < other.end) {
            let message = "a credential stands in the settings".to_owned();
            found.push((place, message, graded, Confidence::Medium));
        }
    }
    let mut issues: Vec<Issue> = found
        .into_iter()
        .map(|(span, message, severity, confidence)| {
            Issue::new(&SECRET, span, message).severity(severity).confidence(confidence)
        })
        .collect();
    for chosen in passwords(text) {
        if !issues.iter().any(|one| one.span.start < chosen.span.end && chosen.span.start < one.span.end) {
            issues.push(chosen);
        }
    }
    issues.truncate(MOST_ISSUES);
    issues.sort_by_key(|issue| issue.span.start);
    issues
}

/// What has the form of a credential, and in what an agent follows a password in a sentence or a drawn value under the name of one.
fn prose(text: &Text<'_>) -> Vec<Issue> {
    let graded = if is_for_tests(text.name) { Severity::Medium } else { Severity::High };
    let mut found: Vec<(Range<usize>, String, Confidence)> = by_format(text.content, 0)
        .into_iter()
        .filter(|(place, _)| !told::is_counted(text.content.get(place.clone()).unwrap_or_default()))
        .map(|(place, kind)| (place, format!("{kind} stands in the text"), Confidence::High))
        .collect();
    if told::is_instruction(text) {
        for place in told::passwords(text.content).into_iter().chain(named_in_dump(text.content)) {
            if !found.iter().any(|(other, ..)| other.start < place.end && place.start < other.end) {
                let message = "a credential is told to whoever reads the text".to_owned();
                found.push((place, message, Confidence::Medium));
            }
        }
    }
    found.truncate(MOST_ISSUES);
    let issue = |(span, message, confidence)| {
        Issue::new(&SECRET, span, message).severity(graded).confidence(confidence)
    };
    found.into_iter().map(issue).collect()
}

/// Private keys. One that needs a pass phrase, that tests use, or that its file keeps to its owner is no leak yet.
fn keys(text: &Text<'_>) -> Vec<Issue> {
    let kept = is_kept_to_owner(text) || is_for_tests(text.name);
    by_format(text.content, 0)
        .into_iter()
        .take(MOST_ISSUES)
        .map(|(span, kind)| {
            let encrypted = is_encrypted_key(text.content.get(span.clone()).unwrap_or_default());
            let (severity, more) = match (encrypted, kept) {
                (true, _) => (Severity::Low, ", behind a pass phrase"),
                (_, true) => (Severity::Low, ""),
                _ => (Severity::High, ""),
            };
            Issue::new(&SECRET, span, format!("{kind} stands in the file{more}")).severity(severity)
        })
        .collect()
}

/// Whether only the owner may read the file. Version control keeps no such rights, so that it was made here and not checked out.
#[cfg(unix)]
fn is_kept_to_owner(text: &Text<'_>) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    /// Rights of the group and of everyone else.
    const OTHERS: u32 = 0o077;
    text.place
        .and_then(|(path, _)| std::fs::metadata(path).ok())
        .is_some_and(|metadata| metadata.permissions().mode() & OTHERS == 0)
}

/// Rights are kept otherwise here: nothing is known.
#[cfg(not(unix))]
fn is_kept_to_owner(_text: &Text<'_>) -> bool {
    false
}

/// Whether a path is one where tests, examples and documents keep what they need.
pub(crate) fn is_for_tests(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '\\']).any(|part| {
        part.split(['_', '-', '.']).any(|word| {
            matches!(
                word,
                "test"
                    | "tests"
                    | "testing"
                    | "testdata"
                    | "fixture"
                    | "fixtures"
                    | "example"
                    | "examples"
                    | "sample"
                    | "samples"
                    | "docs"
                    | "mock"
                    | "mocks"
            )
        })
    })
}

/// Largest text read as one of these, in bytes: settings are written by hand.
const MOST_BYTES: usize = 1 << 20;
/// Largest text of no format that is searched, in bytes: what is longer is the work of a program.
const PROSE_BYTES: usize = 256 << 10;
/// Most credentials reported of one file.
pub(crate) const MOST_ISSUES: usize = 200;
/// Ends of names of files that show what to write and hold nothing.
const SHOWN: &[&str] = &[
    ".example",
    ".sample",
    ".template",
    ".tmpl",
    ".dist",
    ".defaults",
    "example.env",
    "sample.env",
    "template.env",
];
/// Ends of names of texts that other readers search for credentials: code, and rows of data.
const READ_ELSEWHERE: &[&str] = &["py", "pyi", "pyw", "ipynb", "csv", "tsv", "jsonl", "ndjson", "jsonlines"];
/// What programs write, full of digests and of tokens in another sense.
const WRITTEN: &[&str] = &[
    "package-lock.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
];

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    /// Joined, so that no scanner of this repository takes the fixtures for real ones.
    fn token() -> String {
        format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567")
    }

    fn key() -> String {
        let body = "MIIEugIBADANBgkqhkiG9w0BAQEFAASCBKQwggSgAgEAAoIBAQDKx81Zq3Vw7fLt\nB2nRz9mXcQ0sYyP4hGdUoE6iJvTaKlWb5Cr8NtFg1SxIe7HkDzMqOpAu3Vw\n";
        format!("-----BEGIN {0}-----\n{body}-----END {0}-----\n", "PRIVATE KEY")
    }

    #[test]
    fn each_variable_with_a_credential_is_told_at_its_line() {
        let text =
            format!("# local\nMODE=dev\nHF_TOKEN={}\nexport DB_PASSWORD=\"S3cr3t-Pr0d-9917\" # x\n", token());
        assert_eq!(lines(".env", &text), [(3, "secret"), (4, "secret")]);
        assert_eq!(lines(".env.example", &text), []);
        assert_eq!(lines(".env", "HF_TOKEN=$HF_TOKEN\nDB_PASSWORD=changeme\nTOKEN=\n"), []);
    }

    #[test]
    fn variables_for_tests_are_graded_low_unless_their_form_tells_a_token() {
        use bartizan_core::Severity::{High, Low};
        let graded = |name: &str, text: &str| crate::testing::graded(name, text, "pipeline/secret");
        let chosen = "SECRET_KEY=test-secret-key-not-for-production-9917\n";
        assert_eq!((graded(".env.test", chosen), graded("test.env", chosen)), (vec![Low], vec![Low]));
        assert_eq!(graded(".env.production", chosen), [High]);
        assert_eq!(graded(".env.test", &format!("HF_TOKEN={}\n", token())), [High]);
    }

    #[test]
    fn files_of_logins_are_read() {
        let secret = "qT9v2xLk0ZbPw7sYh1NcEr8uJm4Gd6FoAiXb3VtK";
        let cloud = format!("[default]\nregion = x\naws_secret_access_key = {secret}\n");
        assert_eq!(lines("home/.aws/credentials", &cloud), [(3, "secret")]);
        assert_eq!(
            lines(".netrc", "machine a.example\n login b\n password S3cr3tPassw0rd\n"),
            [(3, "secret")]
        );
        let npm = format!("//registry.npmjs.org/:_authToken=npm_{}\n", &secret[..36]);
        assert_eq!(lines(".npmrc", &npm), [(1, "secret")]);
        assert_eq!(lines(".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n"), []);
    }

    #[test]
    fn settings_with_a_drawn_value_under_the_name_of_a_credential_are_told() {
        let hex = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d";
        let yaml = format!("wandb:\n  project: a\n  api_key: {hex}\nhf_token: {}\n", token());
        assert_eq!(lines("config.yaml", &yaml), [(3, "secret"), (4, "secret")]);
        let json = format!("{{\n \"openai_api_key\": \"{hex}\"\n}}\n");
        assert_eq!(lines("settings.json", &json), [(2, "secret")]);
        for text in [
            "api_key: ${API_KEY}\npassword: Passwort eingeben\n",
            "token: a-name-of-a-thing\nsecret: my-secret-name\n",
            "pad_token: '<pad>'\ncommit: 0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d\n",
        ] {
            assert_eq!(lines("config.yaml", text), [], "{text}");
        }
    }

    #[test]
    fn each_credential_of_a_text_is_told_at_its_line() {
        let second = format!("{}{}", "glpat-", "x7Qp2LmZ9vKtR4sWnB8c");
        let text = format!("# Notes\n\nUse `{}` for uploads.\n\n- deploy: `{second}`\n", token());
        assert_eq!(lines("README.md", &text), [(3, "secret"), (5, "secret")]);
        assert_eq!(lines("AGENTS.md", &text), [(3, "secret"), (5, "secret")]);
        assert_eq!(lines("notes", &text), [(3, "secret"), (5, "secret")]);
        assert_eq!(crate::testing::graded("README.md", &text, "pipeline/secret").len(), 2);
        let counted = format!("key: {}{}\n", "ghp_", "abcdefghijklmnopqrstuvwxyz1234567890");
        assert_eq!(lines("README.md", &counted), []);
        // Rows of data are judged as such.
        assert_eq!(lines("rows.csv", &text), []);
        assert_eq!(lines("README.md", "Set `HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`.\n"), []);
    }

    #[test]
    fn a_private_key_is_told_and_a_certificate_is_not() {
        use bartizan_core::Severity::{High, Low};
        let graded = |name: &str, text: &str| crate::testing::graded(name, text, "pipeline/secret");
        assert_eq!(graded("id_rsa", &key()), [High]);
        assert_eq!(graded("tests/certs/server.pem", &key()), [Low]);
        assert_eq!(graded("a.pem", &key().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")), [Low]);
        assert_eq!(graded("ca.pem", &key().replace("PRIVATE KEY", "CERTIFICATE")), []);
    }
}
