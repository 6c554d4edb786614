//! Secrets that are drawn so that others can draw them, too: [`judge`].

use crate::python::module::Module;
use crate::settings_passwords::words;
use bartizan_core::{Confidence, Finding, Rule, Severity, cwe, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// A token, key, password or the identifier of a session that is drawn with `random`, `numpy.random` or `uuid1`: given to such a name, or
    /// given back by a function whose name says that it makes one. Silent for tokens of a text and other things that are drawn from a
    /// vocabulary.
    /// ## Why it matters
    /// Such generators are made for simulations: whoever sees some of what they give, or knows when they began, works out the rest.
    /// ## Example
    /// `session_id = "%030x" % random.getrandbits(120)`
    /// ## How to fix
    /// `secrets.token_urlsafe(32)`, or `secrets.choice(…)` for an alphabet of your own.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/338.html>
    /// - Python, `random`: "should not be used for security purposes"
    pub const GUESSABLE_SECRET: Rule = Rule {
        id: "pipeline/guessable-secret",
        title: "a secret that can be guessed",
        severity: Severity::Medium,
        remedy: "Draw it with `secrets`: `secrets.token_urlsafe(32)`.",
        taxonomies: &[cwe(338), cwe(330)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&GUESSABLE_SECRET];

/// What a name says about the value that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::python) enum Meant {
    /// What lets somebody in.
    Secret,
    /// What may be one, or a piece of a text.
    Token,
}

/// What the name of a variable or of a function that makes one means.
pub(in crate::python) fn meant(name: &str) -> Option<Meant> {
    let words = words(name);
    let last = words.last()?.as_str();
    let before = words.len().checked_sub(2).and_then(|at| words.get(at)).map_or("", String::as_str);
    let lets_in = [
        "access",
        "auth",
        "session",
        "reset",
        "csrf",
        "xsrf",
        "api",
        "login",
        "invite",
        "bearer",
        "refresh",
        "jwt",
        "verification",
        "activation",
        "user",
    ];
    match last {
        "password" | "passwd" | "passphrase" | "otp" | "secret" | "apikey" | "sessionid" | "csrf" => {
            Some(Meant::Secret)
        }
        "key" if matches!(before, "api" | "secret" | "access" | "session" | "encryption" | "signing") => {
            Some(Meant::Secret)
        }
        "id" if before == "session" => Some(Meant::Secret),
        "code" if matches!(before, "verification" | "reset" | "activation" | "invite" | "confirmation") => {
            Some(Meant::Secret)
        }
        "token" if lets_in.contains(&before) => Some(Meant::Secret),
        "token" => Some(Meant::Token),
        _ => None,
    }
}

/// Whether a function's name says that it makes something: `generate_api_key`, `new_token`.
pub(in crate::python) fn makes(name: &str) -> bool {
    let words = words(name);
    words.len() > 1
        && words.first().is_some_and(|first| {
            matches!(
                first.as_str(),
                "make" | "create" | "generate" | "gen" | "new" | "issue" | "random" | "mint"
            )
        })
}

/// Whether a call, by its path, gives what can be worked out; `written` is the call as it stands in the source.
///
/// Sources: Python, `random` and `uuid`; NumPy, "Random sampling".
pub(in crate::python) fn is_guessable(path: &str, written: &str, meant: Meant) -> bool {
    let drawn = path.strip_prefix("random.").or_else(|| path.strip_prefix("numpy.random."));
    let is_uuid = matches!(path, "uuid.uuid1");
    match (drawn, meant) {
        (Some(call), _)
            if call.starts_with("SystemRandom") || matches!(call, "seed" | "Random" | "default_rng") =>
        {
            false
        }
        (Some(_), Meant::Secret) => true,
        // Pieces of a text are called tokens, too: those of a login are made of letters and digits, or of bits.
        (Some(call), Meant::Token) => {
            matches!(call, "getrandbits" | "randbytes")
                || ["ascii_", "digits", "hexdigits", "letters", "alphabet", "0123456789"]
                    .iter()
                    .any(|alphabet| written.contains(alphabet))
        }
        (None, _) => is_uuid,
    }
}

/// Reports what is drawn at `span`, the statement that does it.
pub(in crate::python) fn judge(name: &str, path: &str, span: &Range<usize>, module: &mut Module) {
    let message =
        format!("`{}` is drawn by `{path}`, which can be worked out", bartizan_core::printable(name, 60));
    module.report(span, Finding::new(&GUESSABLE_SECRET, message).confidence(Confidence::Medium));
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Medium;

    #[test]
    fn secrets_that_can_be_worked_out_are_found() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "import random, string, uuid, secrets, numpy as np\nfrom random import choices\n{code}"
                ),
                "pipeline/guessable-secret",
            )
        };
        for code in [
            "session_id = str(random.randint(0, 10**9))",
            "api_key = 'k-' + ''.join(random.choice('abcdef0123456789') for _ in range(40))",
            "reset_token = uuid.uuid1().hex",
            "password: str = ''.join(choices(string.ascii_letters, k=12))",
            "self.csrf_token = '%032x' % random.getrandbits(128)",
            "def generate_token(n):\n    return ''.join(random.choices(string.ascii_letters + string.digits, k=n))",
            "def make_session_token():\n    return hashlib.md5(str(random.random()).encode()).hexdigest()",
            "user['otp'] = np.random.randint(100000, 999999)",
            "token = ''.join(random.choice(string.hexdigits) for _ in range(32))",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "session_id = secrets.token_hex(16)",
            "session_id = uuid.uuid4().hex",
            "api_key = ''.join(secrets.choice(string.ascii_letters) for _ in range(40))",
            "api_key = ''.join(random.SystemRandom().choice(string.ascii_letters) for _ in range(40))",
            "token = random.choice(vocabulary)",
            "next_token = np.random.choice(len(p), p=p)",
            "def sample_token(p):\n    return np.random.choice(len(p), p=p)",
            "seed = random.randint(0, 100)",
            "user_id = random.randint(0, 100)",
            "secret_word = words[random.randrange(9)]",
            "def generate_token(logits):\n    return random.choices(range(9), weights=logits)[0]",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
