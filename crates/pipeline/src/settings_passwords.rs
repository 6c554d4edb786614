//! Passwords that people chose, in plain settings: under a name that ends with one of `password`, and in addresses of databases.
//!
//! What a person chose has no form of its own, so that its name, its neighbours and the file decide: a word beside words is a
//! translation, a word beside a host is a password. Defaults that everyone is told are low, and so is what tests and examples hold.

use crate::address::is_this_machine;
use crate::credential::is_for_tests;
use crate::credential_files::MOST_ISSUES;
use crate::header::bearers;
use crate::login::{Login, is_near, logins};
use crate::placeholder::{is_default, is_placeholder, is_spoken, refers};
use crate::rules::SECRET;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Text};
use bartizan_core::{Confidence, Severity};
use std::collections::BTreeMap;
use std::ops::Range;

/// The passwords of a text of settings.
///
/// Cost: linear; the text is read as a tree only when it speaks of passwords.
pub(crate) fn passwords(text: &Text<'_>) -> Vec<Issue> {
    let mut found = addresses(text.content);
    found.extend(bearers(text.content).into_iter().map(|span| Found {
        span,
        message: "the header of a request holds a credential".to_owned(),
        grade: Grade(Severity::High, Confidence::Medium),
    }));
    let is_spoken_of = SPOKEN.iter().any(|word| text.content.contains(word));
    if !is_spoken_of && found.is_empty() || is_of_words(text.name) {
        return Vec::new();
    }
    if is_spoken_of {
        for group in groups(text) {
            for together in group.chunks(MOST_TOGETHER) {
                judge(together, &mut found);
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let lowest = is_for_tests(text) || is_shown(text.file_name());
    found.truncate(MOST_ISSUES);
    found
        .into_iter()
        .map(|found| {
            let Grade(severity, confidence) = found.grade;
            let severity = if lowest { Severity::Low } else { severity };
            Issue::new(&SECRET, found.span, found.message).severity(severity).confidence(confidence)
        })
        .collect()
}

struct Found {
    span: Range<usize>,
    message: String,
    grade: Grade,
}

/// How bad, how sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grade(Severity, Confidence);

/// Passwords in addresses that stand as a value: an address in a sentence is one that somebody speaks of. One in a remark is an example
/// of what to write, unless it leads to another machine.
fn addresses(content: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for login in logins(content) {
        if found.len() >= MOST_ISSUES {
            break;
        }
        let line =
            content.get(..login.span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let remark = line.trim_start().starts_with(['#', ';']) || line.trim_start().starts_with("//");
        if !is_value(line) {
            continue;
        }
        let Some(grade) = of_login(&login, remark) else { continue };
        let message = "an address holds the password of a login".to_owned();
        found.push(Found { span: login.span, message, grade });
    }
    found
}

/// Whether what follows `line`, the beginning of a line, is a value by itself: behind a quote, or behind the name it is given to.
fn is_value(line: &str) -> bool {
    let line = line.strip_suffix("jdbc:").unwrap_or(line);
    if line.ends_with(['"', '\'', '=']) {
        return true;
    }
    let bare = line.trim().trim_start_matches(['#', ';', '-', ' ', '/']);
    let name = bare.trim_end_matches([':', '=', ' ']);
    bare.is_empty() || name.len() < bare.len() && !name.contains(char::is_whitespace)
}

fn of_login(login: &Login<'_>, remark: bool) -> Option<Grade> {
    let Login { user, password, host, .. } = login;
    if password.contains(|c: char| c.is_control() || !c.is_ascii())
        || is_filled_in(host)
        || is_filled_in(user)
    {
        return None;
    }
    let place = where_is(host);
    let grade = judged(password, Some(user), Some(place))?;
    // What documentation calls a user, with a password that everyone is told, is a form to fill in.
    let generic = ["user", "username", "usr", "myuser", "foo"].contains(&user.to_lowercase().as_str())
        && is_told(password, None);
    let grade = if generic { Grade(Severity::Low, Confidence::Low) } else { grade };
    // Pages that ask for a login name it in their documentation; databases are what the password is for.
    let plain = grade.0 == Severity::Low && !login.is_of_database();
    let shown = remark && place != Place::Elsewhere;
    (!plain && !shown).then_some(grade)
}

/// Whether a host or a user stands for one: `example.com`, `<host>`, `${DB_HOST}`.
fn is_filled_in(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    part.contains(['$', '{', '<', '%', '*', '…'])
        || part.contains("..")
        || ["your", "placeholder", "xxxx"].iter().any(|word| lower.contains(word))
        || lower.split('.').any(|label| matches!(label, "example" | "hostname" | "myhost"))
        || lower == "host"
}

fn where_is(host: &str) -> Place {
    if is_this_machine(host) {
        Place::Here
    } else if is_near(host) {
        Place::Near
    } else {
        Place::Elsewhere
    }
}

/// Where what a password opens is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On the machine itself.
    Here,
    /// Under a name or an address that only its own network knows.
    Near,
    Elsewhere,
}

/// What a value under the name of a password is worth; none when it is no password.
fn judged(value: &str, user: Option<&str>, place: Option<Place>) -> Option<Grade> {
    if value.len() < SHORTEST || value.len() > LONGEST || is_hash(value) {
        return None;
    }
    if refers(value) || value.starts_with(['[', '(', '!', '*']) {
        return None;
    }
    if is_told(value, user) {
        // The first thing that anybody tries; where it may be reached from elsewhere, it is no default any more.
        let severity = if place == Some(Place::Elsewhere) { Severity::Medium } else { Severity::Low };
        // A word alone may be what a form calls its field.
        let is_word = value.bytes().all(|byte| byte.is_ascii_alphabetic());
        return (place.is_some() || !is_word).then_some(Grade(severity, Confidence::Medium));
    }
    if is_placeholder(value) {
        return None;
    }
    let mixed = value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && value
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation() && !b"-_.".contains(&byte));
    if !mixed || is_spoken(value) || value.len() < SHORTEST_MIXED {
        // A word: only beside what it opens.
        let severity = match place? {
            Place::Elsewhere => Severity::Medium,
            Place::Near | Place::Here => Severity::Low,
        };
        return Some(Grade(severity, Confidence::Low));
    }
    let severity = match place {
        Some(Place::Here) => Severity::Medium,
        _ => Severity::High,
    };
    Some(Grade(severity, Confidence::Medium))
}

/// Whether a password is one that everyone is told, or that of the user's own name: `changeme`, `P@ssw0rd1`, `admin123`.
pub(crate) fn is_told(value: &str, user: Option<&str>) -> bool {
    let lower = value.to_lowercase();
    if is_default(value) || user.is_some_and(|user| !user.is_empty() && user.eq_ignore_ascii_case(value)) {
        return true;
    }
    let word = lower.trim_end_matches(|last: char| !last.is_alphabetic());
    let counted = lower.get(word.len()..).is_some_and(|digits| digits.starts_with("123"));
    if counted && word.len() <= SHORT_WORD && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return true;
    }
    let plain: String = word
        .chars()
        .map(|each| match each {
            '4' | '@' => 'a',
            '3' => 'e',
            '0' => 'o',
            '5' | '$' => 's',
            '1' | '!' => 'i',
            other => other,
        })
        .filter(char::is_ascii_alphabetic)
        .collect();
    let mut rest = plain.as_str();
    while let Some(word) =
        TOLD.iter().filter_map(|word| rest.strip_prefix(word)).min_by_key(|rest| rest.len())
    {
        rest = word;
    }
    rest.is_empty() && !plain.is_empty()
}

/// Whether a value is what is kept instead of a password.
fn is_hash(value: &str) -> bool {
    ["pbkdf2", "scrypt", "argon2", "{SSHA", "{SHA", "{CRYPT", "SCRAM-", "sha1:", "sha256:", "sha512:", "md5:"]
        .iter()
        .any(|begin| value.starts_with(begin))
}

/// A setting: its name, the last word of that, its value and where that stands.
struct Setting<'t> {
    name: &'t str,
    last: String,
    value: &'t str,
    span: Range<usize>,
}

impl<'t> Setting<'t> {
    fn new(name: &'t str, value: &'t str, span: Range<usize>) -> Self {
        Self { name, last: words(name).pop().unwrap_or_default(), value, span }
    }
}

/// Settings that stand together: the members of a mapping, the lines of a section.
type Group<'t> = Vec<Setting<'t>>;

fn judge(together: &[Setting<'_>], found: &mut Vec<Found>) {
    for Setting { name, value, span, .. } in together.iter().filter(|setting| asks(setting.name)) {
        let known = |other: &Found| other.span.start < span.end && span.start < other.span.end;
        if found.len() >= MOST_ISSUES || found.iter().any(known) {
            continue;
        }
        let user = beside(together, name, USERS).map(|setting| setting.value);
        if let Some(grade) = judged(value, user, place(together, name)) {
            let message = format!("`{}` holds a password in the open", bartizan_core::printable(name, 60));
            found.push(Found { span: span.clone(), message, grade });
        }
    }
}

/// Where what the password `name` opens is, as its neighbours say.
fn place(together: &[Setting<'_>], name: &str) -> Option<Place> {
    let value = beside(together, name, HOSTS)?.value;
    let host = value.split("://").last().unwrap_or(value);
    let host = host.rsplit('@').next().unwrap_or(host).split(['/', ':', ',']).next().unwrap_or(host);
    if host.is_empty() || host.contains(char::is_whitespace) || is_filled_in(host) {
        return None;
    }
    // In translations the neighbour is a word as well: a host has a domain or a port, or is one that is known.
    let port = || beside(together, name, &["port"]).is_some_and(|port| port.value.parse::<u16>().is_ok());
    match where_is(host) {
        Place::Near if !host.contains('.') => (value.contains(':') || port()).then_some(Place::Near),
        place => Some(place),
    }
}

/// The setting beside `name` whose own name ends with one of `words`; first one that begins as `name` does.
fn beside<'s, 't>(together: &'s [Setting<'t>], name: &str, words: &[&str]) -> Option<&'s Setting<'t>> {
    let shared = |other: &str| other.bytes().zip(name.bytes()).take_while(|(one, two)| one == two).count();
    let all = together.iter().filter(|setting| words.contains(&setting.last.as_str()));
    all.max_by_key(|setting| shared(setting.name))
}

/// Whether `name` is one of a password, and not of a text about one.
pub(crate) fn asks(name: &str) -> bool {
    let words = words(name);
    let is_password = words.last().is_some_and(|last| {
        matches!(last.as_str(), "pwd" | "passphrase" | "pass" | "passwort" | "pgpass")
            // `pgpassword`, `dbpassword`
            || last.ends_with("password")
            || last.ends_with("passwd")
    });
    // The name of a package: `@inquirer/password`.
    is_password && !name.contains(['/', '@']) && !words.iter().any(|word| ABOUT.contains(&word.as_str()))
}

/// The words of `dbPassword`, `db_password`, `spring.datasource.password`, in small letters.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for each in name.chars() {
        let breaks = !each.is_alphanumeric() || each.is_uppercase() && before.is_lowercase();
        if breaks && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| each.is_alphanumeric()) {
            word.extend(each.to_lowercase());
        }
        before = each;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The settings of a text, by what stands together.
fn groups<'t>(text: &Text<'t>) -> Vec<Group<'t>> {
    match text.extension() {
        "yaml" | "yml" | "json" => of_tree(&Yaml::read(text.content), text.content),
        "toml" => of_tree(&Yaml::of_toml(text.content), text.content),
        _ => of_lines(text.content),
    }
}

fn of_tree<'t>(yaml: &Yaml<'t>, content: &'t str) -> Vec<Group<'t>> {
    let mut groups = Vec::new();
    for mapping in yaml.nodes().filter(|node| node.is_mapping()) {
        let mut group = Group::new();
        for entry in mapping.entries() {
            // What is tagged is made by whoever reads it: `!vault`, `!env`.
            let plain = |node: Node<'_>| node.tag().is_none() && !node.is_alias() && node.as_str().is_some();
            if !plain(entry.value) {
                continue;
            }
            let span = inner(content, entry.value.span());
            let (Some(name), Some(value)) =
                (content.get(inner(content, entry.key.span())), content.get(span.clone()))
            else {
                continue;
            };
            group.push(Setting::new(name, value, span));
        }
        if group.iter().any(|setting| asks(setting.name)) {
            groups.push(group);
        }
    }
    groups
}

/// A span without the quotes around what stands there.
fn inner(content: &str, span: Range<usize>) -> Range<usize> {
    let seen = content.get(span.clone()).unwrap_or_default();
    let quoted = |quote: char| seen.len() >= 2 && seen.starts_with(quote) && seen.ends_with(quote);
    if quoted('"') || quoted('\'') {
        return span.start.saturating_add(1)..span.end.saturating_sub(1);
    }
    span
}

/// Lines of `name = value` or `name: value`: those of a section stand together, and where names have points, those that share all but
/// their last part.
fn of_lines(content: &str) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(usize, &str), Group<'_>> = BTreeMap::new();
    let (mut at, mut section) = (0usize, 0usize);
    for line in content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = section.saturating_add(1);
        }
        if trimmed.is_empty() || trimmed.starts_with(['#', ';', '[', '!']) {
            continue;
        }
        let Some((written, value)) = line.split_once(['=', ':']) else { continue };
        let begins = start.saturating_add(written.len()).saturating_add(1);
        let name = written.trim();
        let skipped = value.len().saturating_sub(value.trim_start().len());
        let value =
            value.trim_start().split(" #").next().unwrap_or_default().trim_end().trim_end_matches(';');
        let begins = begins.saturating_add(skipped);
        let span = inner(content, begins..begins.saturating_add(value.len()));
        let Some(value) = content.get(span.clone()) else { continue };
        let family = name.rsplit_once('.').map_or("", |(family, _)| family);
        groups.entry((section, family)).or_default().push(Setting::new(name, value, span));
    }
    groups.into_values().filter(|group| group.iter().any(|setting| asks(setting.name))).collect()
}

/// Whether a path is one of translations, schemas or messages, whose values are words for people.
pub(crate) fn is_of_words(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.split(['/', '\\']);
    parts.any(|part| {
        matches!(
            part,
            "locale" | "locales" | "i18n" | "l10n" | "lang" | "langs" | "languages" | "translations" | "intl"
        ) || part.starts_with("messages")
            || part.starts_with("openapi")
            || part.starts_with("swagger")
            || part.contains("schema")
    })
}

/// Whether a file shows what to write: `config.example.yaml`.
fn is_shown(name: &str) -> bool {
    name.to_ascii_lowercase().split(['.', '-', '_']).any(|part| {
        matches!(part, "example" | "sample" | "template" | "tmpl" | "dist" | "default" | "defaults")
    })
}

/// How texts that may hold a password speak of one.
const SPOKEN: &[&str] = &["pass", "Pass", "PASS", "pwd", "Pwd", "PWD"];
/// Most settings among which neighbours are looked for.
const MOST_TOGETHER: usize = 128;
/// Names of who logs in.
const USERS: &[&str] = &["user", "username", "login", "uid", "account", "role"];
/// Names of where.
const HOSTS: &[&str] =
    &["host", "hostname", "server", "address", "addr", "url", "uri", "endpoint", "dsn", "broker"];
/// Words beside `password` in names of settings and texts about passwords.
const ABOUT: &[&str] = &[
    "change",
    "confirm",
    "current",
    "error",
    "field",
    "forgot",
    "forget",
    "hint",
    "invalid",
    "label",
    "max",
    "message",
    "min",
    "missing",
    "new",
    "no",
    "old",
    "placeholder",
    "policy",
    "prompt",
    "repeat",
    "reset",
    "set",
    "show",
    "text",
    "title",
    "toggle",
    "update",
    "verify",
    "wrong",
    "hide",
    "enter",
    "create",
    "lost",
    "recover",
    "retype",
    "without",
];
/// Words of which passwords are made that everyone is told.
const TOLD: &[&str] = &[
    "admin",
    "administrator",
    "changeit",
    "changeme",
    "change",
    "db",
    "default",
    "demo",
    "dev",
    "dummy",
    "example",
    "foobar",
    "guest",
    "hunter",
    "letmein",
    "local",
    "me",
    "minio",
    "my",
    "mysql",
    "pass",
    "passw",
    "passwd",
    "password",
    "please",
    "postgres",
    "pw",
    "pwd",
    "qwerty",
    "redis",
    "replace",
    "root",
    "sample",
    "secret",
    "secure",
    "strong",
    "super",
    "temp",
    "test",
    "the",
    "this",
    "top",
    "user",
    "very",
    "welcome",
    "word",
    // The word itself in other languages, as translations have it.
    "contrasena",
    "haslo",
    "heslo",
    "kennwort",
    "losenord",
    "motdepasse",
    "parola",
    "passwort",
    "senha",
    "wachtwoord",
];
/// Longest word before `123` that makes no password, in bytes.
const SHORT_WORD: usize = 8;
/// Shortest password, in bytes.
const SHORTEST: usize = 4;
/// Shortest one that its letters and signs tell without a neighbour, in bytes.
const SHORTEST_MIXED: usize = 6;
/// Longest, in bytes.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::{self, High, Low, Medium};

    fn of(name: &str, text: &str) -> Vec<Severity> {
        graded(name, text, "pipeline/secret")
    }

    #[test]
    fn a_chosen_password_in_settings_is_told_in_every_language_of_settings() {
        for (name, text) in [
            ("config.toml", "[database]\nhost = \"db.corp.net\"\npassword = \"Sommer-2024!\"\n"),
            ("config/app.yaml", "database:\n  host: db.corp.net\n  dbPassword: Sommer-2024!\n"),
            ("settings.json", "{\"smtp\": {\"host\": \"mail.corp.net\", \"smtp_pass\": \"Sommer-2024!\"}}"),
            ("app.ini", "[mysql]\nuser = ml\npasswd = Sommer-2024!\n"),
            (
                "application.properties",
                "spring.datasource.username=ml\nspring.datasource.password=Sommer-2024!\n",
            ),
        ] {
            assert_eq!(of(name, text), [High], "{name}");
        }
    }

    #[test]
    fn an_address_of_a_database_is_graded_by_its_password_and_its_host() {
        let of = |address: &str| of("config/app.yaml", &format!("store:\n  uri: \"{address}\"\n"));
        assert_eq!(of("postgresql://ml:Sommer-2024!@db.corp.net:5432/x"), [High]);
        assert_eq!(of("mongodb+srv://ml:Sommer2024@c0.mongodb.net/x"), [High]);
        assert_eq!(of("postgres://ml:correcthorse@db.corp.net/x"), [Medium]);
        assert_eq!(of("redis://:Sommer2024@localhost:6379/0"), [Medium]);
        assert_eq!(of("postgresql://postgres:postgres@localhost/x"), [Low]);
        assert_eq!(of("mysql://app:changeme@db/x"), [Low]);
        assert_eq!(of("mysql://root:changeme@db.corp.net/x"), [Medium]);
        assert_eq!(of("mysql://root:P@ssw0rd1@db.corp.net/x"), [Medium]);
        assert_eq!(of("mysql://app:CHANGE_ME@db.ml.svc.cluster.local/x"), [Low]);
        assert_eq!(of("mongodb://user:P4ssword@cluster0.mongodb.net/x"), [Low]);
        for none in [
            "postgresql://ml:${DB_PASSWORD}@db.corp.net/x",
            "postgresql://user:password@host/x",
            "postgresql://ml:S3cr3t99@db.example.com/x",
            "postgresql://ml:{{ password }}@db.corp.net/x",
            "postgresql://ml:<password>@db.corp.net/x",
            "https://user:pass@localhost/x",
            "postgresql://ml:Sommer-2024!@prod-db.in...",
            "Test this: postgresql://ml:Sommer-2024!@db.corp.net/x",
            "postgresql://db.corp.net/x",
        ] {
            assert_eq!(of(none), [], "{none}");
        }
    }

    #[test]
    fn defaults_words_and_references_beside_a_host_are_low_or_nothing() {
        let of = |host: &str, password: &str| {
            of("config/app.yaml", &format!("db:\n  host: {host}\n  user: ml\n  password: {password}\n"))
        };
        assert_eq!(of("localhost", "changeme"), [Low]);
        assert_eq!(of("localhost", "ml"), []);
        assert_eq!(of("localhost", "kitten"), [Low]);
        assert_eq!(of("db.corp.net", "admin"), [Medium]);
        assert_eq!(of("db.corp.net", "correcthorse"), [Medium]);
        for none in [
            "${DB_PASSWORD}",
            "'{{ vault_password }}'",
            "<password>",
            "!vault x",
            "''",
            "null",
            "env:DB_PASSWORD x",
        ] {
            assert_eq!(of("db.corp.net", none), [], "{none}");
        }
    }

    #[test]
    fn texts_about_passwords_are_none() {
        for (name, text) in [
            ("locales/de.yaml", "login:\n  username: Benutzer\n  password: Passwort1!\n"),
            (
                "web/de.json",
                "{\"username\": \"Benutzer\", \"password\": \"Kennwort\", \"host\": \"Rechner\"}",
            ),
            ("form.yaml", "fields:\n  forgot_password: Vergessen?x1\n  password:\n    type: string\n"),
            ("policy.toml", "min_password = 12\npassword = true\n"),
            ("app.yaml", "password: please-enter-it\n"),
            ("strings.json", "{\"password\": \"Password\"}"),
            ("deps.yaml", "'@inquirer/password': 5.1.1(@types/node@26.1.2)\n"),
        ] {
            assert_eq!(of(name, text), [], "{name}");
        }
        for told in ["admin123", "test1234", "SuperSecret1"] {
            assert_eq!(of("app.yaml", &format!("password: {told}\n")), [Low], "{told}");
        }
        assert_eq!(of("tests/app.yaml", "password: Sommer-2024!\n"), [Low]);
        assert_eq!(of("config.example.toml", "password = \"Sommer-2024!\"\n"), [Low]);
    }
}
