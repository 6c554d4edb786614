//! Files that hold credentials and little else, and credentials in plain settings: `.env`, `.pypirc`, `.netrc`, the
//! credentials of clouds, private keys, YAML, JSON, TOML or INI that code reads, and every other text that is no table of data.
//!
//! A file is of this kind when it holds one: texts without are left to the readers that know them.

use crate::python::secret::{by_format, formed, is_encrypted_key, named_in_dump};
use crate::rules::{self, SECRET};
use crate::settings_passwords::passwords;
use crate::{Issue, Notes, Reader, Text, issue, told, variable};
use bartizan_core::report::masked;
use bartizan_core::{Clock, Confidence, Finding, Gap, Kind, Limits, Rule, Severity};
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
        !issues(text, 1).is_empty()
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        // Another reader may have said it of a wider place on the same line.
        let known: Vec<u32> = notes
            .findings
            .iter()
            .filter(|finding| finding.rule.id == SECRET.id)
            .filter_map(|finding| finding.location.line)
            .collect();
        let issues = issues(text, MOST_ISSUES).into_iter();
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
    let name = text.file_name();
    let extension = text.extension();
    let armoured = text.content.trim_start().starts_with("-----BEGIN ");
    if armoured || matches!(extension, "pem" | "key" | "p8") {
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
        extension,
        "yaml" | "yml" | "json" | "toml" | "ini" | "cfg" | "conf" | "properties" | "tfvars"
    );
    if shown || WRITTEN.contains(&name) {
        return None;
    }
    if settings && text.content.len() <= MOST_BYTES {
        return Some(Form::Settings);
    }
    // Code has a reader that says more, and rows of data are judged as data.
    (!READ_ELSEWHERE.contains(&extension)).then_some(Form::Prose)
}

/// The credentials of a text; where they may be many, at most `most`.
fn issues(text: &Text<'_>, most: usize) -> Vec<Issue> {
    match form(text) {
        Some(Form::Variables) => variables(text),
        Some(Form::Logins) => logins(text.content),
        Some(Form::Settings) => settings(text),
        Some(Form::Key) => keys(text),
        Some(Form::Prose) => prose(text, most),
        None => Vec::new(),
    }
}

/// Lines of `NAME=value`, also with `export`, blanks around the sign, or quotes around the value.
fn variables(text: &Text<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0usize;
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
            let issue = Issue::new(&SECRET, span, message).severity(what.severity);
            issues.push(issue.confidence(what.confidence));
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
    let mut found: Vec<(Range<usize>, String, Severity, Confidence)> = formed(text.content, 0, text.hits())
        .into_iter()
        .map(|(place, kind)| {
            (place, format!("{kind} stands in the settings"), Severity::High, Confidence::High)
        })
        .collect();
    for place in named_in_dump(text.content) {
        if !found.iter().any(|(other, ..)| other.start < place.end && place.start < other.end) {
            let message = "a credential stands in the settings".to_owned();
            found.push((place, message, Severity::High, Confidence::Medium));
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

/// What has the form of a credential, and in what an agent follows a password in a sentence or a drawn value under the name of one; at
/// most `most`.
fn prose(text: &Text<'_>, most: usize) -> Vec<Issue> {
    let mut found: Vec<(Range<usize>, String, Confidence)> = Vec::new();
    for piece in pieces(text.content) {
        let Some(part) = text.content.get(piece.clone()) else { continue };
        let whole = part.len() == text.content.len();
        let formed = if whole { formed(part, 0, text.hits()) } else { by_format(part, piece.start) };
        let counted =
            |place: &Range<usize>| told::is_counted(text.content.get(place.clone()).unwrap_or_default());
        found.extend(
            formed
                .into_iter()
                // What begins in the last bytes of a piece is read whole in the next.
                .filter(|(place, _)| place.start < piece.end.saturating_sub(overlap(text.content, &piece)))
                .filter(|(place, _)| !counted(place))
                .map(|(place, kind)| (place, format!("{kind} stands in the text"), Confidence::High)),
        );
        if found.len() >= most {
            break;
        }
    }
    if found.len() < most && text.content.len() <= MOST_BYTES && told::is_instruction(text) {
        for place in told::passwords(text.content).into_iter().chain(named_in_dump(text.content)) {
            if !found.iter().any(|(other, ..)| other.start < place.end && place.start < other.end) {
                let message = "a credential is told to whoever reads the text".to_owned();
                found.push((place, message, Confidence::Medium));
            }
        }
    }
    found.truncate(most);
    let issue = |(span, message, confidence)| {
        Issue::new(&SECRET, span, message).severity(Severity::High).confidence(confidence)
    };
    found.into_iter().map(issue).collect()
}

/// The pieces in which a text is searched, so that what is kept of one does not grow with the text: each ends at the end of a line where
/// there is one, and what follows begins [`overlap`] bytes before it.
fn pieces(content: &str) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0usize);
    std::iter::from_fn(move || {
        let start = next?;
        let most = content.floor_char_boundary(start.saturating_add(PIECE).min(content.len()));
        let piece = start..most;
        next = (most < content.len())
            .then(|| content.floor_char_boundary(most.saturating_sub(overlap(content, &piece))));
        Some(piece)
    })
}

/// Credentials told by their form in a text that is too long for every reader, called `uri` and looked through as its `bytes` lie; and
/// where the time ran out. Memory does not grow with the text.
pub(crate) fn search_long(
    uri: &str,
    bytes: &[u8],
    limits: &Limits,
    clock: &dyn Clock,
) -> (Vec<Finding>, Option<Gap>) {
    let named = Text::new(uri, "");
    let mut findings: Vec<Finding> = Vec::new();
    if READ_ELSEWHERE.contains(&named.extension()) {
        return (findings, None);
    }
    let (mut start, mut line) = (0usize, 1usize);
    while start < bytes.len() && findings.len() < MOST_ISSUES {
        if clock.elapsed() >= limits.time {
            let reason = format!(
                "searched for credentials only to here within {} s; raise --max-time",
                limits.time.as_secs()
            );
            return (findings, Some(Gap { member: None, offset: Some(start as u64), reason }));
        }
        let end = start.saturating_add(PIECE).min(bytes.len());
        let next = if end < bytes.len() { end.saturating_sub(OVERLAP) } else { end };
        let piece = bytes.get(start..end).unwrap_or_default();
        let read = String::from_utf8_lossy(piece);
        for (place, kind) in by_format(&read, 0) {
            let shown = read.get(place.clone()).unwrap_or_default();
            // What is no UTF-8 stands longer in what was read than in the file.
            let at = if read.len() == piece.len() {
                place.start
            } else {
                memchr::memmem::find(piece, shown.as_bytes()).unwrap_or_default()
            };
            if start.saturating_add(at) >= next || told::is_counted(shown) {
                continue;
            }
            let lines = memchr::memchr_iter(b'\n', piece.get(..at).unwrap_or_default()).count();
            let mut finding = Finding::new(&SECRET, format!("{kind} stands in the text"))
                .evidence(masked(shown))
                .credential(shown);
            finding.location.offset = Some(start.saturating_add(at) as u64);
            finding.location.line = u32::try_from(line.saturating_add(lines)).ok();
            findings.push(finding);
        }
        line = line
            .saturating_add(memchr::memchr_iter(b'\n', bytes.get(start..next).unwrap_or_default()).count());
        start = next;
    }
    findings.truncate(MOST_ISSUES);
    (findings, None)
}

/// Bytes at the end of a piece that are read again with the next; none at the end of the text.
fn overlap(content: &str, piece: &Range<usize>) -> usize {
    if piece.end < content.len() { OVERLAP } else { 0 }
}

/// Private keys. One that needs a pass phrase, that tests use, or that its file keeps to its owner is no leak yet.
fn keys(text: &Text<'_>) -> Vec<Issue> {
    let kept = is_kept_to_owner(text);
    formed(text.content, 0, text.hits())
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

/// Largest text read as settings or instructions, in bytes: those are written by hand. Longer ones are searched for what has the form of a
/// credential.
const MOST_BYTES: usize = 1 << 20;
/// Bytes searched at once.
const PIECE: usize = 1 << 20;
/// Bytes at the end of a piece that are searched with the next one as well: longer than any token, and than the key of a certificate.
const OVERLAP: usize = 16 << 10;
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
    fn a_token_in_a_long_text_is_found_wherever_it_stands() {
        let line = "2026-05-01T00:00:00Z INFO step 12 loss 0.53 tokens 4096\n";
        let many = line.repeat((3 << 20) / line.len());
        let close = "x".repeat(super::PIECE - 20);
        for (before, name) in [("", "a.log"), (&many, "a.log"), (&many, "a.txt"), (&close, "notes")] {
            let text = format!("{before}\ntoken {}\n{many}", token());
            let at = u32::try_from(before.matches('\n').count()).unwrap() + 2;
            assert_eq!(lines(name, &text), [(at, "secret")], "{name}");
        }
        assert_eq!(lines("a.log", &many), []);
        let settings = format!("{{\"a\": \"{}\",\n\"b\": \"{}\"}}", "y".repeat(2 << 20), token());
        assert_eq!(lines("a.json", &settings), [(2, "secret")]);
    }

    #[test]
    fn a_text_longer_than_any_reader_takes_is_searched_piece_by_piece() {
        use bartizan_core::{Limits, MonotonicClock};
        let line = "2026-05-01 step 12 loss 0.53 and nothing else to say\n";
        let before = line.repeat(super::PIECE / line.len() - 2);
        let text = format!("{before}{}\n{before}{}\n", token(), token());
        let places = |name: &str, bytes: &[u8]| -> Vec<_> {
            let (found, gap) = super::search_long(name, bytes, &Limits::default(), &MonotonicClock::start());
            assert!(gap.is_none());
            found
                .iter()
                .map(|one| (one.location.line.unwrap_or(0), one.location.offset.unwrap_or(0)))
                .collect()
        };
        let lines = u32::try_from(before.matches('\n').count()).unwrap();
        let length = before.len() as u64;
        let expected = [(lines + 1, length), (2 * lines + 2, 2 * length + token().len() as u64 + 1)];
        assert_eq!(places("train.log", text.as_bytes()), expected);
        assert_eq!(places("rows.csv", text.as_bytes()), []);
        assert_eq!(places("train.log", before.as_bytes()), []);
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
