//! Credentials that a program in JavaScript holds and that no form of their own tells: passwords under their names, in addresses and
//! in headers, what stands behind a variable of the environment, keys that tokens are signed with.

use super::judge::snake;
use super::lexer::Kind;
use super::program::Program;
use crate::login::logins;
use crate::placeholder::{is_default, is_placeholder};
use crate::python::secret::{credential_grade, stands_in};
use crate::rules::SECRET;
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Severity};
use std::ops::Range;

/// The credentials of `program`, each at the string that holds it. Linear in its tokens.
pub(super) fn credentials(program: &Program<'_>) -> Vec<(Range<usize>, Finding)> {
    let mut found = Vec::new();
    for at in 0..program.tokens.len() {
        let Some(value) = program.content(at).filter(|value| (6..LONGEST).contains(&value.len())) else {
            continue;
        };
        let held = named(program, at, value)
            .or_else(|| in_address(value))
            .or_else(|| in_header(value))
            .or_else(|| signs(program, at, value));
        if let Some((grade, what)) = held {
            let (severity, confidence) = grade;
            let finding = Finding::new(&SECRET, what).severity(severity).confidence(confidence);
            let span = program.span(&(at..at.saturating_add(1)));
            found.push((span, finding.evidence(masked(value)).credential(value)));
            if found.len() >= MOST {
                break;
            }
        }
    }
    found
}

type Held = ((Severity, Confidence), &'static str);

/// A value under the name of a credential: `password: '…'`, `const apiKey = '…'`, `process.env.API_KEY ?? '…'`.
fn named(program: &Program<'_>, at: usize, value: &str) -> Option<Held> {
    let sign = at.checked_sub(1)?;
    let key = sign.checked_sub(1)?;
    if !matches!(program.word(sign), "=" | ":" | "??" | "||" | "??=" | "||=") {
        return None;
    }
    // `{"db-password": '…'}`, `process.env['API_KEY'] ?? '…'`
    let name = match program.word(key) {
        "]" => key.checked_sub(1).and_then(|inner| program.content(inner))?,
        word => program.content(key).or_else(|| program.is(key, Kind::Word).then_some(word))?,
    };
    let what = if matches!(program.word(sign), "=" | ":") {
        "a credential stands in the code"
    } else {
        "where the environment gives none, a credential of the code is taken"
    };
    credential_grade(&snake(name), value).map(|grade| (grade, what))
}

/// The password of a login in an address.
fn in_address(value: &str) -> Option<Held> {
    let real = logins(value).into_iter().any(|login| {
        let password = login.password;
        password.len() >= SHORTEST
            && password.bytes().any(|byte| byte.is_ascii_digit())
            && login.user != password
            && !is_placeholder(password)
            && !is_default(password)
            && !stands_in(password)
            && !login.host.contains(['$', '{', '<'])
            && !login.host.split('.').any(|label| label == "example")
    });
    real.then_some((
        (Severity::High, Confidence::Medium),
        "an address in the code holds the password of a login",
    ))
}

/// A header by which a request says who it comes from.
fn in_header(value: &str) -> Option<Held> {
    let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("Token "))?;
    credential_grade("token", token).map(|grade| (grade, "the header of a request holds a credential"))
}

/// The key of a call that signs tokens: `jwt.sign(claims, '…')`.
fn signs(program: &Program<'_>, at: usize, value: &str) -> Option<Held> {
    let open = (at.saturating_sub(NEAR)..at).rev().find(|open| {
        program.word(*open) == "("
            && program.tokens.get(*open).and_then(|token| token.pair).is_some_and(|close| close > at)
    })?;
    let call = program.call(open)?;
    let of_tokens = matches!(call.receiver().rsplit('.').next(), Some("jwt" | "jsonwebtoken" | "JWT"));
    let second = call.arguments.get(1).is_some_and(|key| key.start == at && key.len() == 1);
    (of_tokens && second && matches!(call.name(), "sign" | "verify"))
        .then(|| credential_grade("secret_key", value))
        .flatten()
        .map(|grade| (grade, "the key that tokens are signed with stands in the code"))
}

/// Shortest password in an address, in bytes.
const SHORTEST: usize = 6;
/// Longest string looked at, in bytes.
const LONGEST: usize = 512;
/// Most tokens before a string among which the call is looked for whose argument it is.
const NEAR: usize = 64;
/// Most credentials reported of one file.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn credentials_are_found_in_each_way_of_holding_them() {
        for code in [
            "const pool = new Pool({ user: 'a', password: 'rv7Kq2Lp9x' });",
            "const dbPassword = 'rv7Kq2Lp9x';",
            "const o = { 'db-password': 'rv7Kq2Lp9x' };",
            "const url = 'postgres://app:rv7Kq2Lp9x@db.acme.net/x';",
            "fetch(u, { headers: { Authorization: 'Bearer rv7Kq2Lp9xTTbb81kkQQ' } });",
            "const k = process.env.API_KEY ?? 'rv7Kq2Lp9xTTbb81kkQQ';",
            "const k = process.env['JWT_SECRET'] || 'rv7Kq2Lp9xTTbb81kkQQ';",
            "import jwt from 'jsonwebtoken';\nconst t = jwt.sign(claims, 'rv7Kq2Lp9xTTbb81kkQQ', { expiresIn: '1h' });",
        ] {
            let last = u32::try_from(code.lines().count()).unwrap();
            assert_eq!(lines("src/app.ts", code), [(last, "secret")], "{code}");
        }
    }

    #[test]
    fn names_forms_and_what_is_filled_in_are_none() {
        for code in [
            "const o = { password: 'Password', token: 'Bearer', secret: 'my-secret-1' };",
            "const t = { password: 'Enter your password 2x' };",
            "const h = `Bearer ${token}`;",
            "const k = process.env.API_KEY ?? '';",
            "const k = process.env.API_KEY ?? 'your-api-key-123';",
            "const u = 'postgres://postgres:postgres@localhost/x';",
            "const u = `postgres://app:${password}@db/x`;",
            "const u = 'https://user:password1@example.com';",
            "jwt.sign(claims, process.env.JWT_SECRET);",
            "const e = { passwordField: 'input2field1', pageToken: 'nextPageToken22' };",
        ] {
            assert_eq!(lines("src/app.ts", code), [], "{code}");
        }
    }
}
