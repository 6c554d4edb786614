//! Credentials written into code.

use crate::placeholder::{is_placeholder, names_itself, refers};
use crate::python::call::Call;
use crate::python::module::{Module, Report};
use crate::python::value::{HOLE, Known, Value};
use crate::rules::SECRET;
use crate::settings_passwords;
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Rule, Severity};
use bartizan_text::{Detector, Hit, Subjects};
use memchr::memmem::Finder;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&SECRET];

/// Least score of a hit that is reported: a format whose issuer documents it, with entropy or a checksum behind it.
const SURE: f32 = 0.85;
/// Sure by their form, but common in code and by themselves no way in.
const COMMON: &[&str] =
    &["json-web-token", "http-authorization", "password-hash", "address-with-password", "age-recipient"];

static DETECTOR: LazyLock<Option<Detector>> = LazyLock::new(|| {
    Detector::new(Subjects { patterns: false, names: false, characters: false, ..Subjects::ALL }).ok()
});

/// Everything in `text` that the detector takes for a credential.
pub(crate) fn hits(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    if let Some(detector) = &*DETECTOR {
        detector.scan(text, &mut hits);
    }
    hits
}

/// Credentials told by their format in `text`, which begins at `base`: place and kind.
pub(crate) fn by_format(text: &str, base: usize) -> Vec<(Range<usize>, &'static str)> {
    formed(text, base, &hits(text))
}

/// The same, where `hits` are those of `text`.
pub(crate) fn formed(text: &str, base: usize, hits: &[Hit]) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    for hit in hits {
        let shown = text.get(hit.start..hit.end).unwrap_or_default();
        let armour_only = hit.kind.id == "private-key" && !has_key_material(shown);
        if hit.score >= SURE && !COMMON.contains(&hit.kind.id) && !armour_only {
            found.push((base.saturating_add(hit.start)..base.saturating_add(hit.end), hit.kind.name));
        }
    }
    // Formats that tell themselves by prefix and length, whatever their letters are.
    for ((prefix, length, marks, name), finder) in PREFIXES.iter().zip(&*FINDERS) {
        for at in finder.find_iter(text.as_bytes()) {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let rest = text.get(at..).unwrap_or_default();
            let tail = rest.get(prefix.len()..).unwrap_or_default();
            let end = tail
                .find(|next: char| !(next.is_ascii_alphanumeric() || *marks && matches!(next, '_' | '-')))
                .unwrap_or(tail.len());
            let token = rest.get(..prefix.len().saturating_add(end)).unwrap_or_default();
            if tail.get(end..).is_some_and(|after| after.starts_with(['_', '-'])) {
                continue;
            }
            let place = base.saturating_add(at)..base.saturating_add(at).saturating_add(token.len());
            let apart = !before.is_some_and(|before| before.is_ascii_alphanumeric() || before == '_');
            let known = found
                .iter()
                .any(|(other, _): &(Range<usize>, _)| other.start < place.end && place.start < other.end);
            if apart && token.len() >= *length && !known && !stands_in(token) {
                found.push((place, name));
            }
        }
    }
    found.sort_by_key(|(place, _)| place.start);
    found
}

/// Prefix, least length, whether `-` and `_` may follow, and name of tokens of services that models are built with.
const PREFIXES: &[(&str, usize, bool, &str)] = &[
    ("hf_", 34, false, "a Hugging Face token"),
    ("sk-ant-", 40, true, "an Anthropic API key"),
    ("sk-proj-", 40, true, "an OpenAI API key"),
    ("ghp_", 40, false, "a GitHub token"),
    ("github_pat_", 60, true, "a GitHub token"),
    ("glpat-", 26, true, "a GitLab token"),
    ("nvapi-", 40, true, "an NVIDIA API key"),
    ("gsk_", 40, false, "a Groq API key"),
    ("r8_", 38, false, "a Replicate token"),
    ("dapi", 36, false, "a Databricks token"),
    ("AIzaSy", 39, true, "a Google API key"),
    ("xoxb-", 40, true, "a Slack token"),
    ("pypi-AgE", 60, true, "a PyPI token"),
];

/// The search for each of [`PREFIXES`], made once: a text is mostly shorter than what making one costs.
static FINDERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| PREFIXES.iter().map(|(prefix, ..)| Finder::new(*prefix)).collect());

/// Reports the credentials of `cells`, text and where it begins: those given by name where they are written, then those
/// that tell themselves by format. The same credential counts once.
pub(in crate::python) fn scan(cells: &[(&str, usize)], module: &mut Module) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for (value, mut report) in std::mem::take(&mut module.secrets) {
        let here = |span: &Range<usize>| {
            cells.iter().any(|(text, base)| {
                text.get(span.start.wrapping_sub(*base)..span.end.wrapping_sub(*base))
                    .is_some_and(|text| text.contains(&value))
            })
        };
        if !here(&report.span) {
            // Given by a name: it stands where that name got it.
            let written =
                cells.iter().find_map(|(text, base)| text.find(&value).map(|at| base.saturating_add(at)));
            if let Some(at) = written {
                report.span = at..at.saturating_add(value.len());
            }
        }
        if seen.insert(value)
            && !taken.iter().any(|other| other.start < report.span.end && report.span.start < other.end)
        {
            taken.push(report.span.clone());
            module.report(&report.span, report.finding);
        }
    }
    for (text, base) in cells {
        for place in super::connection::passwords(text, *base) {
            let finding = Finding::new(&SECRET, "the password of a connection is written in code")
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
            module.report(&place, finding);
        }
        for (place, kind) in by_format(text, *base) {
            let shown = text
                .get(place.start.saturating_sub(*base)..place.end.saturating_sub(*base))
                .unwrap_or_default();
            let known = taken.iter().any(|other| other.start < place.end && place.start < other.end)
                || seen.iter().any(|value| value.contains(shown));
            if !known && seen.insert(shown.to_owned()) {
                let finding = Finding::new(&SECRET, format!("{kind} stands in the code"))
                    .evidence(masked(shown))
                    .credential(shown);
                module.report(&place, finding);
            }
        }
    }
}

/// Whether a key in its armour needs a pass phrase.
pub(crate) fn is_encrypted_key(armoured: &str) -> bool {
    armoured.contains("ENCRYPTED")
}

/// Whether key material follows the first line of a key's armour, and not the rest of an expression that looks for one.
fn has_key_material(armoured: &str) -> bool {
    const LINE: usize = 40;
    let Some((_, body)) = armoured.split_once("PRIVATE KEY-----") else { return true };
    let body = body
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\\' | 'n' | 'r' | '"' | '\'' | '+'));
    body.starts_with("Proc-Type")
        || body
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            .count()
            >= LINE
}

/// Values of a printed environment or configuration (`'HF_TOKEN': '…'`, `HF_TOKEN=…`) that are credentials by their name and
/// look drawn; those that tell themselves by format are found anyway.
pub(crate) fn named_in_dump(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for at in memchr::memchr2_iter(b':', b'=', text.as_bytes()) {
        let head = text.ceil_char_boundary(at.saturating_sub(NAMED_BYTES))..at;
        let name = text.get(head).unwrap_or_default().trim_end_matches(['\'', '"', ' ']);
        let begins = name.rfind(|c: char| !is_word(c)).map_or(0, |place| {
            place.saturating_add(
                name.get(place..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8),
            )
        });
        let name = name.get(begins..).unwrap_or_default();
        if name.len() < 5 || name.len() > 64 || found.len() >= MOST_SECRETS {
            continue;
        }
        let from = at.saturating_add(1);
        let to = text.floor_char_boundary(from.saturating_add(NAMED_BYTES).min(text.len()));
        let after = text.get(from..to).unwrap_or_default();
        let value = after.trim_start_matches(' ').trim_start_matches(['\'', '"']);
        let start = to.saturating_sub(value.len());
        let end =
            value.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ',')).unwrap_or(value.len());
        let value = value.get(..end).unwrap_or_default();
        let asked = asks_for_credential(name).filter(|asked| !matches!(asked, Asked::Password));
        if asked.and_then(|asked| grade(asked, value)).is_some() && by_format(value, 0).is_empty() {
            found.push(start..start.saturating_add(value.len()));
        }
    }
    found
}

/// Judges a call's arguments.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let path = call.path.as_ref();
    if path.starts_with("set:") {
        // The name of an environment variable says what its value is.
        if let ("set:os.environ", [name, value]) = (path, call.positional.as_slice())
            && let Some(name) = name.value.as_text()
        {
            named(name, &value.value, &call.span, module);
        }
        return;
    }
    for (name, argument) in &call.named {
        named(name, &argument.value, &argument.span, module);
        if matches!(name.as_ref(), "auth" | "basic_auth" | "http_auth")
            && let Known::Items(login) = &argument.value.known
            && let [_, password] = &**login
        {
            named("password", password, &argument.span, module);
        }
    }
    // A name and its value, as settings of engines and logins are given.
    if let [name, value, ..] = call.positional.as_slice()
        && matches!(value.value.known, Known::Text(_))
    {
        match call.name() {
            "HTTPBasicAuth" | "HTTPDigestAuth" | "BasicAuth" | "HTTPProxyAuth" => {
                named("password", &value.value, &value.span, module);
            }
            "config" | "set" | "setConf" | "set_conf" | "option" | "set_option" | "put" | "setProperty" => {
                if let Some(name) = name.value.as_text().filter(|name| name.len() < NAMED_BYTES) {
                    named(&name.replace(['.', '-'], "_"), &value.value, &value.span, module);
                }
            }
            _ => {}
        }
    }
    let logs_in = matches!(name_of(path), "login" | "set_token" | "HfApi" | "set_api_key" | "save_token")
        && !path.starts_with('?');
    if logs_in {
        module.judged.insert(call.span.start);
        for argument in &call.positional {
            given("token", &argument.value, &call.span, module);
        }
    }
    let keyed = matches!(
        path,
        "wandb.login"
            | "comet_ml.Experiment"
            | "comet_ml.init"
            | "neptune.init_run"
            | "neptune.init"
            | "huggingface_hub.login"
            | "clearml.Task.set_credentials"
    );
    if keyed && let Some(key) = call.any_keyword(&["key", "api_key", "api_token", "token", "secret"]) {
        given("token", &key.value, &call.span, module);
    }
    if path == "os.environ.setdefault"
        && let [name, value, ..] = call.positional.as_slice()
        && let Some(name) = name.value.as_text()
    {
        fallen_back_to(name, &value.value, &call.span, module);
    }
    // Variables of the containers that a pipeline starts, and of processes: a name and its value.
    let sets = matches!(
        call.spelling.rsplit('.').next().unwrap_or(call.spelling).trim(),
        "set_env_variable" | "add_env_variable" | "add_env_var" | "V1EnvVar" | "EnvVar" | "setenv" | "putenv"
    ) && !call.spelling.starts_with("monkeypatch");
    if sets
        && let Some(name) = call.argument(0, "name").and_then(|name| name.value.as_text())
        && let Some(value) = call.argument(1, "value")
    {
        named(name, &value.value, &call.span, module);
    }
    if matches!(path, "os.getenv" | "os.environ.get")
        && let Some(name) = call.argument(0, "key").and_then(|name| name.value.as_text())
        && let Some(value) = call.argument(1, "default")
    {
        fallen_back_to(name, &value.value, &call.span, module);
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Judges a constant by the name it is given.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let Known::Text(text) = &value.known else { return };
    if !value.taint.is_none() {
        return;
    }
    match graded_by_name(name, text) {
        Some(grade) => report(grade, span, text, module),
        None if is_told_password(name, text) => {
            // Examples and tests say so.
            let lower = text.to_ascii_lowercase();
            let shown = [
                "test", "example", "dummy", "demo", "sample", "mock", "fake", "user", "guest", "passw", "pwd",
            ];
            let severity =
                if shown.iter().any(|word| lower.contains(word)) { Severity::Low } else { Severity::Medium };
            told(name, text, severity, span, module);
        }
        None => {}
    }
}

/// Judges what holds for a credential that the environment does not give: whoever knows the code is let in wherever nobody set it.
fn fallen_back_to(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let Known::Text(text) = &value.known else { return };
    let judged = graded_by_name(name, text).is_some();
    let is_password = is_password_or_secret(name) && !text.is_empty() && !refers(text);
    if judged || !is_password || !value.taint.is_none() {
        named(name, value, span, module);
    } else if settings_passwords::is_told(text, None) {
        told(name, text, Severity::Medium, span, module);
    } else if !is_placeholder(text) && text.len() >= SHORTEST_PASSWORD {
        told(name, text, Severity::Low, span, module);
    }
}

/// Whether `name` is that of a password, or of a secret that signs.
fn is_password_or_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    settings_passwords::asks(name)
        || match asks_for_credential(name) {
            Some(Asked::Signing) => true,
            Some(Asked::Token) => lower.ends_with("secret"),
            _ => false,
        }
}

/// Whether `text` is a password that everyone is told under the name of one. One that only repeats its name is the name of a field.
fn is_told_password(name: &str, text: &str) -> bool {
    let repeats = name.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    !text.is_empty()
        && !repeats
        && is_password_or_secret(name)
        && !refers(text)
        && settings_passwords::is_told(text, None)
}

fn told(name: &str, text: &str, severity: Severity, span: &Range<usize>, module: &mut Module) {
    if module.secrets.len() >= MOST_SECRETS {
        return;
    }
    let known = if settings_passwords::is_told(text, None) { "that everyone is told " } else { "" };
    let message =
        format!("a password {known}stands in the code for `{}`", bartizan_core::printable(name, 60));
    let finding = Finding::new(&SECRET, message)
        .severity(severity)
        .confidence(Confidence::Medium)
        .remedy("Give no password in code: stop where the environment has none.");
    module.secrets.push((text.to_owned(), Report { span: span.clone(), finding, fix: None }));
}

/// Shortest password that is not known by itself, in bytes.
const SHORTEST_PASSWORD: usize = 4;

/// How bad it is that `text` stands in code under `name`; `None` when that is no name of a credential, or the text none.
pub(crate) fn graded_by_name(name: &str, text: &str) -> Option<(Severity, Confidence)> {
    if !(6..=400).contains(&text.len()) {
        return None;
    }
    asks_for_credential(name).and_then(|asked| grade(asked, text))
}

/// Where the passwords of connections stand in `text`.
pub(crate) fn in_connections(text: &str) -> Vec<Range<usize>> {
    super::connection::passwords(text, 0)
}

/// Judges a constant given to what can only be a credential.
fn given(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let Known::Text(text) = &value.known else { return };
    if !value.taint.is_none() || text.len() < 16 || stands_in(text) || text.contains([' ', HOLE, '/']) {
        return;
    }
    let _ = name;
    report((Severity::High, Confidence::High), span, text, module);
}

pub(super) fn report(
    (severity, confidence): (Severity, Confidence),
    span: &Range<usize>,
    text: &str,
    module: &mut Module,
) {
    if module.secrets.len() >= MOST_SECRETS {
        return;
    }
    let kind = by_format(text, 0).first().map_or("a credential", |(_, kind)| *kind);
    let finding = Finding::new(&SECRET, format!("{kind} stands in the code"))
        .severity(severity)
        .confidence(confidence)
        .evidence(masked(text))
        .credential(text);
    module.secrets.push((text.to_owned(), Report { span: span.clone(), finding, fix: None }));
}

/// Bytes before and after a sign in which a name and its value stand: what is longer is neither.
const NAMED_BYTES: usize = 512;

/// Most credentials given by name that are kept for one module.
const MOST_SECRETS: usize = 500;

/// What a name says its value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::python) enum Asked {
    /// What a service issued.
    Token,
    /// What somebody chose.
    Password,
    /// What signs, and is chosen by who writes the code.
    Signing,
}

/// What `name` says that its value is, where it is the name of a credential.
pub(in crate::python) fn asks_for_credential(name: &str) -> Option<Asked> {
    let lower = name.to_ascii_lowercase();
    // One of several: `TOKEN_B`, `API_KEY_2`, `TOKEN1`.
    let base = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let base = base.strip_suffix(['a', 'b', 'c']).filter(|base| base.ends_with('_')).unwrap_or(base);
    let lower = base.trim_end_matches('_').to_owned();
    let ends = |ends: &[&str]| {
        ends.iter().any(|end| {
            lower == *end || lower.strip_suffix(end).is_some_and(|rest| rest.ends_with(['_', '-', '.']))
        })
    };
    // Source: PostgreSQL documentation, "Environment Variables"; `redis-cli`, "Host, port, password, and database".
    let whole = matches!(lower.as_str(), "pgpassword" | "pgpass" | "rediscli_auth" | "sshpass");
    // A pass is one over data as well: only that of an account is a password.
    let account = [
        "db", "database", "mysql", "pg", "postgres", "redis", "mongo", "smtp", "mail", "user", "admin",
        "root", "login", "ftp",
    ];
    let short =
        lower.strip_suffix("_pass").is_some_and(|of| account.contains(&of.rsplit('_').next().unwrap_or(of)));
    if whole || short || ends(&["password", "passwd", "pwd", "passphrase"]) {
        return Some(Asked::Password);
    }
    if ends(&["secret_key", "signing_key", "jwt_secret", "jwt_key", "session_secret", "cookie_secret"]) {
        return Some(Asked::Signing);
    }
    let token = ends(&[
        "token",
        "api_key",
        "apikey",
        "api-key",
        "access_key",
        "secret_key",
        "secret",
        "auth_key",
        "private_key",
        "access_key_id",
        "secret_access_key",
        "authorization",
        "credential",
        "account_key",
        "api_token",
        "use_auth_token",
        "connection_string",
    ]) || lower.ends_with("apikey")
        || lower.ends_with("_key")
            && ["openai", "wandb", "hf", "anthropic", "aws", "azure"].iter().any(|who| lower.contains(who));
    // The special tokens of tokenizers are called tokens, too.
    let special = [
        "pad",
        "eos",
        "bos",
        "unk",
        "sep",
        "cls",
        "mask",
        "special",
        "start",
        "end",
        "image",
        "added",
        "stop",
        "video",
        "audio",
        "trigger",
        "placeholder",
        "prompt",
        "num",
        "max",
        "vocab",
        "sub",
    ];
    let tokenizer = lower.ends_with("token") && special.iter().any(|word| lower.contains(word));
    (token && !tokenizer).then_some(Asked::Token)
}

fn grade(asked: Asked, text: &str) -> Option<(Severity, Confidence)> {
    if stands_in(text.strip_prefix("Bearer ").unwrap_or(text)) || text.contains(HOLE) {
        return None;
    }
    if by_format(text, 0).iter().any(|(place, _)| place.start <= "Bearer ".len()) {
        return Some((Severity::High, Confidence::High));
    }
    let value = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("Basic ")).unwrap_or(text);
    if value.contains(char::is_whitespace)
        || value.contains(['<', '>', '{', '}', '[', ']', '(', ')'])
        || value.starts_with(['/', '.'])
        || value.contains("://")
    {
        return None;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let distinct = value.chars().collect::<std::collections::BTreeSet<_>>().len();
    let drawn = digits >= 2 && letters >= 2 && distinct >= 8;
    let runs = value.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count();
    match asked {
        // A short one that nobody would write for any other reason.
        Asked::Token | Asked::Signing if (12..20).contains(&value.len()) && drawn && runs >= 3 => {
            Some((Severity::Medium, Confidence::Low))
        }
        Asked::Token | Asked::Signing
            if value.len() >= 20 && drawn && digits.saturating_mul(20) > value.len() =>
        {
            Some((Severity::High, Confidence::Medium))
        }
        Asked::Password if value.len() >= 8 && digits >= 1 && letters >= 2 && distinct >= 6 => {
            Some((Severity::Medium, Confidence::Low))
        }
        // Words: whoever guesses them, or reads the code, signs what they like.
        Asked::Signing if value.len() >= 8 && letters >= 6 && !value.contains('/') => {
            Some((Severity::Medium, Confidence::Low))
        }
        _ => None,
    }
}

/// Whether a text stands for a credential to be filled in, or names it as texts in code do.
pub(in crate::python) fn stands_in(text: &str) -> bool {
    let distinct = text.chars().collect::<BTreeSet<_>>().len();
    distinct <= 4 || is_placeholder(text) || names_itself(text)
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        severities(code, "pipeline/secret")
    }

    /// Joined, so that no scanner of this repository takes the fixture for a real key.
    fn token() -> String {
        format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567")
    }

    #[test]
    fn credentials_are_known_by_the_names_of_tools_and_where_they_are_fallen_back_to() {
        for code in [
            "PGPASSWORD = 'ch0rn-pr0d-22'",
            "DB_PASS = 'ch0rn-pr0d-22'",
            "env = {'REDISCLI_AUTH': 'ch0rn-pr0d-22'}",
            "import os\nDB_PASSWORD = os.environ.get('P') or 'ch0rn-pr0d-22'",
            "import argparse\nargparse.ArgumentParser().add_argument('--db-password', default='ch0rn-pr0d-22')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for name in ["TOKEN_B", "API_KEY_2", "TOKEN1"] {
            assert_eq!(graded(&format!("{name} = 'hb9f3c1a77e2d04b6c8a5512de'")), [High], "{name}");
        }
        for code in [
            "first_pass = 'blur-1-then-sharpen2'",
            "COMPASS = 'ch0rn-pr0d-22'",
            "import os\nDB_PASSWORD = os.environ.get('P') or '<change-me>'",
            "import os\nNAME = os.environ.get('P') or 'ch0rn-pr0d-22'",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn passwords_that_everyone_is_told_are_found_and_worse_where_the_environment_falls_back_to_them() {
        for code in [
            "import os\nP = os.getenv('DB_PASSWORD', 'postgres')",
            "import os\nP = os.environ.get('MINIO_SECRET_KEY', default='minioadmin')",
            "import os\nP = os.getenv('ADMIN_PASSWORD', 'changeme')",
            "ADMIN_PASSWORD = 'letmein'",
            "psycopg2.connect(host='db', password='admin123')",
            "JWT_SECRET = 'supersecret'",
            "import os\nDB_PASSWORD = os.environ.get('P') or 'change-me'",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in ["import os\nP = os.getenv('DB_PASSWORD', 'ml-platform')", "connect(password='guest')"] {
            assert_eq!(graded(code), [Low], "{code}");
        }
        for code in [
            "import os\nP = os.getenv('DB_PASSWORD', '')",
            "import os\nP = os.getenv('DB_PASSWORD', '<password>')",
            "import os\nP = os.getenv('DB_USER', 'postgres')",
            "import os\nP = os.getenv('OPENAI_API_KEY', 'EMPTY')",
            "PASSWORD_FIELD = 'password'",
            "password = 'password'",
            "password_label = 'admin'",
            "eos_token = 'admin'",
            "token_type = 'default'",
            "secret_name = 'admin'",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn variables_handed_to_containers_are_judged_by_their_name() {
        let drawn = "qT9v2xLk0ZbPw7sYh1NcEr8uJm4Gd6FoAiXb3VtK";
        assert_eq!(graded(&format!("task.set_env_variable('AWS_SECRET_ACCESS_KEY', '{drawn}')")), [High]);
        assert_eq!(graded(&format!("V1EnvVar(name='WANDB_API_KEY', value='{drawn}')")), [High]);
        assert_eq!(
            graded("t.add_env_variable(V1EnvVar(name='DB_PASSWORD', value='S3cr3t-Pr0d-9917'))"),
            [Medium]
        );
        assert_eq!(
            graded("task.set_env_variable('API_KEY', read())\nV1EnvVar(name='MODE', value='fast')"),
            []
        );
    }

    #[test]
    fn a_credential_is_found_once_however_it_is_given() {
        let token = token();
        for code in [
            format!("from huggingface_hub import login\nlogin(token='{token}')"),
            format!("T = '{token}'\nfrom huggingface_hub import login\nlogin(T)"),
            format!("import os\nos.environ['HF_TOKEN'] = '{token}'"),
            "import wandb\nwandb.login(key='0123456789abcdef0123456789abcdef01234567')".to_owned(),
            format!("headers = {{'Authorization': 'Bearer {token}'}}"),
        ] {
            assert_eq!(graded(&code), [High], "{code}");
        }
    }

    #[test]
    fn logins_and_settings_by_name_are_judged() {
        for code in [
            "Elasticsearch(url, basic_auth=('elastic', 'kT7vRz2Lm'))",
            "requests.get(url, auth=('ml', 'kT7vRz2Lm'))",
            "from requests.auth import HTTPBasicAuth\nrequests.get(url, auth=HTTPBasicAuth('ml', 'kT7vRz2Lm'))",
            "Minio('m', access_key='ml', secret_key='N2k10-Wx9vR2zLp')",
            "app.config['SECRET_KEY'] = 'c7f1d0e9b8a24f63'",
            "c = 'postgresql://ml:Kz8Rw2Lpx@db/ml'",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        let drawn = "qT9v2xLk0ZbPw7sYh1NcEr8uJm4Gd6FoAiXb3VtK";
        assert_eq!(graded(&format!("b.config('spark.hadoop.fs.s3a.secret.key', '{drawn}')")), [High]);
        assert_eq!(
            graded(&format!("from pydantic import SecretStr\njwt_secret: SecretStr = SecretStr('{drawn}')")),
            [High]
        );
        for code in [
            "requests.get(url, auth=('user', 'pass'))",
            "requests.get(url, auth=(user, password))",
            "b.config('spark.app.name', 'abcdef0123456789')",
            "secret_key = 'a-key-for-tests'",
            "c = 'postgresql://user:kT7vRz2Lm@host/db'",
            "c = 'postgresql://ml:kT7vRz2Lm@localhost/ml'",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn placeholders_and_special_tokens_are_silent() {
        for code in [
            "login(token=os.environ['HF_TOKEN'])",
            "T(pad_token='<pad>', eos_token='</s>')",
            "OpenAI(api_key='your-api-key-goes-here-1234')",
            "api_key = 'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            "token = 'the quick brown fox 1234567'",
            "c = OpenAI(api_key='EMPTY')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn the_report_does_not_repeat_the_credential() {
        let found = crate::python::tests::findings(&format!("login(token='{}')", token()));
        assert!(
            found
                .iter()
                .all(|finding| !finding.evidence.contains("YzO") && !finding.message.contains("AbCd"))
        );
        assert_eq!(graded("db = connect(password='k8Jq2!xPz')"), [Medium]);
    }
}
