//! Credentials that are drawn by generators for statistics, or made of the time: whoever watches knows the next one.

use super::secret::{Asked, asks_for_credential};
use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Taint, Value};
use crate::settings_passwords::words;
use bartizan_core::{Confidence, Finding, Rule, Severity, cwe, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// A password, key, token or number of a session that is made with `random`, `numpy.random` or `uuid.uuid1`, or that is a digest of
    /// the time; followed through texts that are put together, digests and functions of the module. What lets somebody in is told by the name it is
    /// given; a token of a text, a seed, a sample and a delay are none. Names of tokens and sessions alone count for less
    /// where the module answers no requests.
    /// ## Why it matters
    /// Such generators are made to be repeated: from some of their numbers, or from the hour, the others follow.
    /// ## Example
    /// `api_key = "".join(random.choice(string.ascii_letters) for _ in range(32))`
    /// ## How to fix
    /// `secrets.token_urlsafe(32)`, or `secrets.choice` for each letter.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/338.html>
    /// - <https://docs.python.org/3/library/secrets.html>
    pub const PREDICTABLE_CREDENTIAL: Rule = Rule {
        id: "pipeline/predictable-credential",
        title: "a credential that can be foreseen",
        severity: Severity::Medium,
        remedy: "Draw it with the module `secrets`.",
        taxonomies: &[cwe(338), cwe(330)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&PREDICTABLE_CREDENTIAL];

/// Judges what a call is given under the name of a credential. What has a name of its own was judged there.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    if call.path.starts_with("set:") {
        return;
    }
    for (name, argument) in &call.named {
        if argument.written.contains(['(', '"', '\'']) {
            named(name, &argument.value, &argument.span, module);
        }
    }
}

/// Whether `name` is that of a credential, or of a function that makes one.
pub(in crate::python) fn is_named(name: &str) -> bool {
    guard(name).is_some()
}

/// Judges what is given the name `name`.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let chances = value.taint.chances();
    if chances.is_none() || chances.has(Taint::UNFORESEEN) {
        return;
    }
    let Some(guard) = guard(name) else { return };
    let how = how_made(value);
    let counts = match how {
        Made::Picked => false,
        Made::Number => chances.has(Taint::DRAWN) && guard != Guard::Token,
        Made::Text => chances.has(Taint::DRAWN),
        Made::Digest => chances.has(Taint::DRAWN) || guard != Guard::Session,
    };
    let told = module
        .reports
        .iter()
        .rev()
        .take(NEAR)
        .any(|report| report.finding.rule.id == PREDICTABLE_CREDENTIAL.id && report.span == *span);
    if !counts || told {
        return;
    }
    let from = if chances.has(Taint::DRAWN) { "a generator for statistics" } else { "the time" };
    let finding = Finding::new(
        &PREDICTABLE_CREDENTIAL,
        format!("`{}` comes from {from}, and can be foreseen", bartizan_core::printable(name, 60)),
    );
    let severity = if guard == Guard::Credential { Severity::Medium } else { Severity::Low };
    module.report(span, finding.severity(severity).confidence(Confidence::Medium));
}

/// Where the module in `cells` answers requests, tokens and sessions let people in.
pub(in crate::python) fn conclude(cells: &[(&str, usize)], module: &mut Module) {
    const SERVERS: &[&str] = &[
        "flask",
        "fastapi",
        "django",
        "starlette",
        "aiohttp.web",
        "sanic",
        "quart",
        "bottle",
        "tornado",
        "litestar",
    ];
    if !module.reports.iter().any(|report| report.finding.rule.id == PREDICTABLE_CREDENTIAL.id) {
        return;
    }
    let imports = |line: &str| {
        let rest = line.trim_start();
        let rest = rest.strip_prefix("import ").or_else(|| rest.strip_prefix("from "));
        rest.is_some_and(|rest| SERVERS.iter().any(|server| rest.starts_with(server)))
    };
    if !cells.iter().any(|(text, _)| text.lines().any(imports)) {
        return;
    }
    for report in &mut module.reports {
        if report.finding.rule.id == PREDICTABLE_CREDENTIAL.id {
            report.finding = report.finding.clone().severity(Severity::Medium);
        }
    }
}

/// What a value lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// It lets him in.
    Credential,
    /// It may: so are the parts of texts called as well.
    Token,
    /// It may: so are the runs of programs called as well.
    Session,
}

/// What `name`, of a value or of what makes one, says that it guards.
fn guard(name: &str) -> Option<Guard> {
    if name.len() > LONGEST {
        return None;
    }
    let all = words(name);
    let made = all.iter().take_while(|word| MAKES.contains(&word.as_str())).count();
    let words: Vec<&str> = all.iter().skip(made).map(String::as_str).collect();
    let (last, before) = words.split_last()?;
    let behind = before.last().copied().unwrap_or_default();
    let credential = match *last {
        "otp" | "passcode" | "secret" | "apikey" => true,
        "key" => matches!(
            behind,
            "api" | "secret" | "access" | "auth" | "session" | "signing" | "encryption" | "license"
        ),
        "code" => matches!(
            behind,
            "verification" | "reset" | "recovery" | "invite" | "otp" | "time" | "2fa" | "mfa"
        ),
        "token" if before.iter().any(|word| QUALIFIERS.contains(word)) => true,
        _ => false,
    };
    if credential {
        return Some(Guard::Credential);
    }
    if matches!((behind, *last), ("session", "id")) || matches!(*last, "sessionid") {
        return Some(Guard::Session);
    }
    match asks_for_credential(&words.join("_"))? {
        Asked::Password | Asked::Signing => Some(Guard::Credential),
        Asked::Token if *last == "token" && before.is_empty() => Some(Guard::Token),
        Asked::Token => None,
    }
}

/// How a value came about.
enum Made {
    /// One of a list, as it was.
    Picked,
    /// A number.
    Number,
    /// A text that was put together.
    Text,
    /// The digest of something.
    Digest,
}

fn how_made(value: &Value) -> Made {
    let Known::Path(path) = &value.known else { return Made::Text };
    if path.starts_with("hashlib.") {
        return Made::Digest;
    }
    let drawn = path.starts_with("random.") || path.starts_with("numpy.random.");
    let number = ["randint()", "randrange()", "getrandbits()", "randbytes()", "integers()", ".random()"];
    match path.as_ref() {
        path if path.starts_with("uuid.") => Made::Text,
        path if drawn && number.iter().any(|end| path.ends_with(end)) => Made::Number,
        path if drawn || path.starts_with("time.") || path.starts_with("datetime.") => Made::Picked,
        path if path.starts_with("builtins.int()") => Made::Number,
        _ => Made::Text,
    }
}

/// Words before the name of what a function makes.
const MAKES: &[&str] = &[
    "generate",
    "gen",
    "make",
    "new",
    "create",
    "get",
    "build",
    "random",
    "issue",
    "mint",
    "draw",
    "default",
    "temporary",
    "temp",
    "tmp",
];
/// Words that tell a token that lets somebody in.
const QUALIFIERS: &[&str] = &[
    "access",
    "api",
    "auth",
    "bearer",
    "confirmation",
    "csrf",
    "download",
    "invite",
    "invitation",
    "login",
    "magic",
    "refresh",
    "reset",
    "session",
    "share",
    "signup",
    "unsubscribe",
    "upload",
    "user",
    "verification",
    "verify",
    "xsrf",
    "admin",
    "service",
];
/// Longest name looked at, in bytes.
const LONGEST: usize = 80;
/// Reports looked back at for the same place.
const NEAR: usize = 8;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        let head = "import random, string, uuid, time, hashlib, secrets, base64\nimport numpy as np\n";
        severities(&format!("{head}{code}"), "pipeline/predictable-credential")
    }

    #[test]
    fn credentials_from_generators_for_statistics_are_found_however_they_are_put_together() {
        for code in [
            "api_key = 'sk-' + ''.join(random.choice(string.ascii_letters) for _ in range(32))",
            "password = ''.join(random.choices(string.ascii_letters + string.digits, k=12))",
            "def new_api_key():\n    return ''.join(random.choice('abc') for _ in range(9))\nuser.api_key = new_api_key()",
            "def make_invite_token(n):\n    out = ''\n    for _ in range(n):\n        out += random.choice('abc')\n    return out",
            "def generate_password(n):\n    password = ''.join(random.sample(string.printable, n))\n    return password",
            "reset_token = uuid.uuid1().hex",
            "user.api_key = hashlib.sha256(str(random.random()).encode()).hexdigest()",
            "access_token = hashlib.md5(str(time.time()).encode()).hexdigest()",
            "otp = random.randint(100000, 999999)",
            "rows[u] = {'session_token': '%032x' % random.getrandbits(128)}",
            "User(password=''.join(random.choice('abc') for _ in range(9)))",
            "secret_key = base64.b64encode(str(random.getrandbits(64)).encode())",
            "password = ''.join(np.random.choice(list('abc'), 12))",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in
            ["session_id = str(random.randint(0, 10**12))", "token = ''.join(random.choices('abc', k=8))"]
        {
            assert_eq!(graded(code), [Low], "{code}");
            assert_eq!(graded(&format!("from flask import Flask\n{code}")), [Medium], "{code}");
        }
    }

    #[test]
    fn seeds_samples_delays_parts_of_texts_and_what_the_system_draws_are_none() {
        for code in [
            "random.seed(42)\nrandom.shuffle(rows)",
            "token_ids = random.sample(range(50257), 10)",
            "next_token = random.choices(vocab, weights=p)[0]",
            "mask_token = ''.join(random.choices('abc', k=3))",
            "token = random.choice(tokens)",
            "token = random.randint(0, 50257)",
            "key = random.choice(list(d))",
            "api_key = random.choice(API_KEYS)",
            "secret_number = random.randint(1, 10)",
            "num_tokens = str(random.randint(1, 5))",
            "token_expiry = str(time.time() + 3600)",
            "session_id = f'run-{time.time()}'",
            "time.sleep(random.uniform(0, 1))",
            "run_id = uuid.uuid1().hex",
            "session_token = secrets.token_urlsafe(32)",
            "api_key = f'{random.randint(0, 9)}-{secrets.token_hex(16)}'",
            "password = ''.join(random.SystemRandom().choice('abc') for _ in range(16))",
            "api_key = uuid.uuid4().hex",
            "fingerprint = hashlib.sha256(str(random.random()).encode()).hexdigest()",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
