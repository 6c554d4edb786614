//! Keys that sign and stand in the source, told by what they are given to: [`call`].

use super::judge::snake;
use super::origin::Origins;
use super::program::{Call, Program};
use crate::Issue;
use crate::placeholder::is_placeholder;
use crate::python::secret::graded_by_name;
use crate::rules::SECRET;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// The key of one call, where it is written as a text.
///
/// Sources: jsonwebtoken, `sign` and `verify`; Node.js, `crypto.createHmac` and `createSecretKey`; express-session and cookie-session,
/// `secret` and `keys`.
pub(super) fn call(program: &Program<'_>, origins: &Origins<'_, '_>, call: &Call, issues: &mut Vec<Issue>) {
    let Some(key) = key(program, call) else { return };
    let Some(written) = origins.text(&key).filter(|written| !is_open(written)) else { return };
    // A constant with the name of a credential is told where it is written.
    if program.content(key.start).is_none()
        && graded_by_name(&snake(program.word(key.end.saturating_sub(1))), written).is_some()
    {
        return;
    }
    let severity =
        if !written.contains(' ') && is_placeholder(written) { Severity::Low } else { Severity::Medium };
    let issue = Issue::new(&SECRET, program.span(&key), "a key that signs stands in the code");
    issues.push(issue.severity(severity).confidence(Confidence::High));
}

/// What a call signs or verifies with.
fn key(program: &Program<'_>, call: &Call) -> Option<Range<usize>> {
    let receiver = call.receiver();
    match call.name() {
        "sign" | "verify" if receiver.ends_with("jsonwebtoken") => call.arguments.get(1).cloned(),
        "createHmac" => call.arguments.get(1).cloned(),
        "createSecretKey" => call.arguments.first().cloned(),
        _ if matches!(
            call.path.as_str(),
            "express-session" | "express-session.default" | "cookie-session"
        ) =>
        {
            let options = call.arguments.first().filter(|options| program.word(options.start) == "{")?;
            let secret = program.value(options.start, "secret").or(program.value(options.start, "keys"))?;
            // One of several, the first of which signs.
            if program.word(secret.start) == "[" {
                program.parts(secret.start).into_iter().next()
            } else {
                Some(secret)
            }
        }
        _ => None,
    }
}

/// Whether a text is a public key, or none at all.
fn is_open(key: &str) -> bool {
    key.is_empty()
        || ["-----BEGIN PUBLIC", "-----BEGIN CERT", "ssh-"].iter().any(|begin| key.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn keys_that_stand_in_the_source_are_found_where_they_are_used() {
        for code in [
            "const jwt = require('jsonwebtoken'); jwt.sign({ u: 1 }, 'orchard-of-plums');",
            "import jwt from 'jsonwebtoken'; const K = 'orchard-of-plums'; jwt.verify(t, K);",
            "import { createHmac } from 'crypto'; createHmac('sha256', 'orchard').update(x);",
            "const session = require('express-session'); app.use(session({ secret: 'keyboard cat', resave: false }));",
            "const session = require('cookie-session'); app.use(session({ keys: ['orchard'] }));",
        ] {
            assert_eq!(found("a.js", code), [("pipeline/secret", 1, Medium)], "{code}");
        }
        let code = "const jwt = require('jsonwebtoken'); jwt.sign({ u: 1 }, 'your-secret-key');";
        assert_eq!(found("a.js", code), [("pipeline/secret", 1, Low)]);
        for code in [
            "const jwt = require('jsonwebtoken'); jwt.sign({ u: 1 }, process.env.KEY);",
            "const jwt = require('jsonwebtoken'); jwt.verify(t, '-----BEGIN PUBLIC KEY-----');",
            "const c = require('crypto'); c.createHash('sha256').update('orchard');",
            "page.sign({ u: 1 }, 'orchard');",
            "const session = require('express-session'); app.use(session({ secret: process.env.S }));",
        ] {
            assert_eq!(found("a.js", code), [], "{code}");
        }
    }
}
