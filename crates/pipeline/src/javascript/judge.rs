//! What source of JavaScript does that it should not: [`issues`].

use super::lexer::Kind;
use super::origin::{Given, Origins};
use super::program::{Call, Program};
use super::{digests, fetched, listening, messages, signing, sinks};
use crate::Issue;
use crate::python::secret::{by_format, graded_by_name, in_connections};
use crate::rules::{EXPOSED_SERVICE, REMOTE_CODE, SECRET, TLS_DISABLED};
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Severity};
use std::ops::Range;
use std::sync::Arc;

/// Everything found in `program`, and the byte from which values were no longer followed, where there were too many to follow.
/// `given` is what functions of other modules make.
pub(super) fn issues(program: &Program<'_>, given: Option<Arc<Given>>) -> (Vec<Issue>, Option<usize>) {
    let calls: Vec<Call> = (0..program.tokens.len()).filter_map(|open| program.call(open)).collect();
    let origins = Origins::of(program, &calls, given);
    let mut issues = Vec::new();
    for call in &calls {
        sinks::call(program, &origins, call, &mut issues);
        fetched::transport(program, call, &mut issues);
        fetched::unpinned(program, call, &mut issues);
        browser(program, call, &mut issues);
        cross_origin(program, call, &mut issues);
        signing::call(program, &origins, call, &mut issues);
    }
    for at in 0..program.tokens.len() {
        if program.word(at) == "+=" && program.is(at, Kind::Mark) {
            sinks::assigned(program, &origins, at, &mut issues);
        } else if matches!(program.word(at), "=" | ":") && program.is(at, Kind::Mark) {
            sinks::assigned(program, &origins, at, &mut issues);
            setting(program, at, &mut issues);
        } else if program.word(at) == "$" && program.word(at.saturating_add(1)) == "`" {
            sinks::tagged(program, &origins, at, &mut issues);
        }
    }
    messages::issues(program, &calls, &mut issues);
    digests::issues(program, &mut issues);
    listening::issues(program, &calls, &mut issues);
    let unfollowed = origins.ended().map(|at| program.span(&(at..at.saturating_add(1))).start);
    (issues, unfollowed)
}

/// Credentials by their form anywhere in the source, and drawn values under the name of one.
pub(super) fn credentials(program: &Program<'_>) -> Vec<(Range<usize>, Finding)> {
    let mut found: Vec<(Range<usize>, Finding)> = by_format(program.text, 0)
        .into_iter()
        .map(|(span, kind)| {
            let shown = program.text.get(span.clone()).unwrap_or_default();
            let finding = Finding::new(&SECRET, format!("{kind} stands in the code"));
            (span, finding.evidence(masked(shown)).credential(shown))
        })
        .collect();
    for span in in_connections(program.text) {
        let finding = Finding::new(&SECRET, "the password of a connection is written in code");
        found.push((span, finding.severity(Severity::Medium).confidence(Confidence::Medium)));
    }
    for at in 0..program.tokens.len() {
        let Some(value) = program.content(at).filter(|value| value.len() < 400) else { continue };
        let Some(name) = name_of(program, at) else { continue };
        let span = program.span(&(at..at.saturating_add(1)));
        if found.iter().any(|(other, _)| other.start < span.end && span.start < other.end) {
            continue;
        }
        if let Some((severity, confidence)) = graded_by_name(&snake(name), value) {
            let finding = Finding::new(&SECRET, "a credential stands in the code")
                .severity(severity)
                .confidence(confidence)
                .evidence(masked(value))
                .credential(value);
            found.push((span, finding));
        }
    }
    found
}

/// Under which name the string at `at` is kept: `name = "…"`, `name: "…"`, `"name": "…"`, and behind the environment's own value,
/// `name = process.env.NAME ?? "…"`.
fn name_of<'a>(program: &Program<'a>, at: usize) -> Option<&'a str> {
    let mut sign = at.checked_sub(1)?;
    if matches!(program.word(sign), "??" | "||") {
        // `process.env.NAME` or `process.env["NAME"]`
        let begin = (sign.saturating_sub(7)..sign).rev().find(|begin| program.word(*begin) == "process")?;
        sign = begin.checked_sub(1)?;
    }
    let key = sign.checked_sub(1)?;
    if !matches!(program.word(sign), "=" | ":") {
        return None;
    }
    // A choice, `a ? "x" : "…"`, gives no name.
    let text = program.content(key).filter(|_| {
        program.word(sign) == ":"
            && key.checked_sub(1).is_some_and(|before| matches!(program.word(before), "{" | ","))
    });
    text.or_else(|| program.is(key, Kind::Word).then(|| program.word(key)))
}

/// `clientSecret` as `client_secret`.
pub(super) fn snake(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len().saturating_add(4));
    let mut lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && lower {
            spelt.push('_');
        }
        lower = character.is_ascii_lowercase();
        spelt.push(character.to_ascii_lowercase());
    }
    spelt
}

/// Checks of certificates switched off; `at` is the sign between name and value.
fn setting(program: &Program<'_>, at: usize, issues: &mut Vec<Issue>) {
    let Some(key) = at.checked_sub(1) else { return };
    let mut begin = key;
    // `process.env["NAME"]`
    let name = if program.word(key) == "]" {
        let inner = key.checked_sub(1).and_then(|inner| program.content(inner));
        begin = key.saturating_sub(2);
        inner.unwrap_or_default()
    } else {
        program.content(key).unwrap_or_else(|| program.word(key))
    };
    fetched::base(program, name, at, issues);
    if !matches!(
        name,
        "rejectUnauthorized"
            | "strictSSL"
            | "strictSsl"
            | "NODE_TLS_REJECT_UNAUTHORIZED"
            | "trust_remote_code"
            | "trustRemoteCode"
    ) || !sets(program, begin, at)
    {
        return;
    }
    let value = at.saturating_add(1);
    let written = program.content(value).unwrap_or_else(|| program.word(value));
    let ends = matches!(program.word(value.saturating_add(1)), "," | ";" | "}" | ")" | "" | "]")
        || program.expression(value).len() == 1;
    let off = match name {
        "rejectUnauthorized" | "strictSSL" | "strictSsl" => written == "false" && ends,
        "NODE_TLS_REJECT_UNAUTHORIZED" => written == "0" && ends,
        _ => false,
    };
    if off {
        let span = program.span(&(begin..value.saturating_add(1)));
        issues.push(Issue::new(&TLS_DISABLED, span, format!("`{name}` switches certificate checks off")));
    }
    if matches!(name, "trust_remote_code" | "trustRemoteCode") && written == "true" {
        let span = program.span(&(begin..value.saturating_add(1)));
        issues.push(Issue::new(&REMOTE_CODE, span, "the model's repository may run code"));
    }
}

/// Whether the sign at `at` gives a value to the name that begins at `begin`: as a member of an object or by an assignment, not in a
/// type, a condition, a `case` or a default of a pattern.
fn sets(program: &Program<'_>, begin: usize, at: usize) -> bool {
    let before = begin.checked_sub(1).map_or("", |before| program.word(before));
    let among = matches!(before, "{" | ",");
    let open = program.tokens.get(at).and_then(|token| token.inside);
    if program.word(at) == ":" {
        return among && open.is_some_and(|open| program.word(open) == "{") && !is_type(program, open);
    }
    let behind = open.filter(|open| program.word(*open) == "{").map(|open| program.word(program.past(open)));
    !(among && behind.is_some_and(|behind| matches!(behind, "=" | ")" | ":" | "," | "of")))
}

/// Whether the braces at `open`, or braces around them, are those of `interface Name {` or `type Name = {`.
fn is_type(program: &Program<'_>, open: Option<usize>) -> bool {
    let mut around = open;
    while let Some(brace) = around {
        let mut at = brace;
        for _ in 0..16 {
            let Some(before) = at.checked_sub(1) else { break };
            // `{ … } | {`
            let pair = program.tokens.get(before).and_then(|token| token.pair).filter(|pair| *pair < before);
            at = pair.unwrap_or(before);
            let declares = match program.word(at) {
                ";" | "{" if pair.is_none() => break,
                "interface" => true,
                "type" => matches!(program.word(at.saturating_add(2)), "=" | "<"),
                _ => false,
            };
            if declares && program.is(at.saturating_add(1), Kind::Word) {
                return true;
            }
            // A statement before this one.
            if program.breaks(at) || matches!(program.word(at), "const" | "let" | "var" | "return" | "=>") {
                break;
            }
        }
        around = program.tokens.get(brace).and_then(|token| token.inside);
    }
    false
}

/// Every page of the web allowed to use a service with its reader's cookies: `cors({ origin: true, credentials: true })`.
///
/// Source: `cors`, "Configuration Options": `true` reflects the origin of the request; Fastify's, Hono's and Koa's take the same options.
fn cross_origin(program: &Program<'_>, call: &Call, issues: &mut Vec<Issue>) {
    let of_service = ["cors", "@fastify/cors", "hono/cors", "@koa/cors", "enableCors"];
    let named =
        of_service.iter().any(|name| call.path == *name || call.path.starts_with(&format!("{name}.")))
            || call.name() == "enableCors"
            || call.name() == "register"
                && call.arguments.first().is_some_and(|first| {
                    program.imported(program.word(first.start)).is_some_and(|path| path == "@fastify/cors")
                });
    let options = call.arguments.iter().find(|argument| program.word(argument.start) == "{");
    let Some(options) = options.filter(|_| named) else { return };
    let value =
        |key: &str| program.value(options.start, key).map(|value| (value.clone(), program.word(value.start)));
    let Some((origin, written)) = value("origin") else { return };
    if written == "true" && value("credentials").is_some_and(|(_, on)| on == "true") {
        let message = "any page of the web may use the service as whoever reads it";
        issues.push(Issue::new(&EXPOSED_SERVICE, program.span(&origin), message));
    }
}

/// Keys of a model's API in pages.
fn browser(program: &Program<'_>, call: &Call, issues: &mut Vec<Issue>) {
    let Some(options) = call.arguments.first().filter(|options| program.word(options.start) == "{") else {
        return;
    };
    let Some(allowed) = program.value(options.start, "dangerouslyAllowBrowser") else { return };
    let key = program.value(options.start, "apiKey");
    if program.word(allowed.start) != "true" {
        return;
    }
    // A key that the reader of the page typed in is the reader's own.
    let built_in = key.is_none_or(|mut key| {
        program.content(key.start).is_some_and(|text| text.len() >= 20)
            || key.any(|at| matches!(program.word(at), "env" | "environment"))
    });
    let severity = if built_in { Severity::Medium } else { Severity::Low };
    let message =
        format!("`{}` sends its key from every reader's browser, where anyone can take it", call.name());
    let span = program.span(&allowed);
    issues.push(
        Issue::new(&SECRET, span, message)
            .severity(severity)
            .confidence(Confidence::Medium)
            .remedy("Call the model from a server that keeps the key, and let the page ask that server."),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, lines};
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn services_that_any_page_may_use_as_its_reader_are_found() {
        for code in [
            "import cors from 'cors';\napp.use(cors({ origin: true, credentials: true }));",
            "const cors = require('@fastify/cors');\napp.register(cors, { origin: true, credentials: true });",
            "const app = await NestFactory.create(M);\napp.enableCors({ origin: true, credentials: true });",
        ] {
            assert_eq!(lines("a.ts", code), [(2, "exposed-service")], "{code}");
        }
        for code in [
            "import cors from 'cors';\napp.use(cors());",
            "import cors from 'cors';\napp.use(cors({ origin: true }));",
            "import cors from 'cors';\napp.use(cors({ origin: ['https://a.example'], credentials: true }));",
            "draw({ origin: true, credentials: true });",
        ] {
            assert_eq!(lines("a.ts", code), [], "{code}");
        }
    }

    #[test]
    fn credentials_are_known_by_their_names_as_in_python() {
        for (code, severity) in [
            ("new Pool({ password: 'pgprod-55ac-xx9' });", Medium),
            ("const DB_PASSWORD = 'pgprod-55ac-xx9';", Medium),
            ("const h = { 'x-api-key': 'q8zr1lm4vb7xc2nd5ks9tp3w' };", High),
            ("const apiKey = process.env.API_KEY ?? 'q8zr1lm4vb7xc2nd5ks9tp3w';", High),
            ("const apiKey = process.env['API_KEY'] || 'q8zr1lm4vb7xc2nd5ks9tp3w';", High),
            ("const u = 'postgres://quill:Kx7pgprod55@db.acme.io/q';", Medium),
        ] {
            assert_eq!(found("a.ts", code), [("pipeline/secret", 1, severity)], "{code}");
        }
        for code in [
            "const labels = { password: 'Password' };",
            "const apiKey = process.env.API_KEY ?? '';",
            "const u = 'postgres://user:password@localhost/q';",
            "const kind = secret ? 'q8zr1lm4vb7xc2nd5ks9tp3w' : 'x';",
        ] {
            assert_eq!(found("a.ts", code), [], "{code}");
        }
        assert_eq!(
            found("a.test.ts", "login({ password: 'pgprod-55ac-xx9' });"),
            [("pipeline/secret", 1, Low)]
        );
    }
}
