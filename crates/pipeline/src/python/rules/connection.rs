//! Passwords in what drivers are given to connect with: addresses, and texts of names and values.

use super::secret::stands_in;
use crate::address::is_this_machine;
use crate::login::{Login, logins};
use std::ops::Range;

/// Where passwords stand in `text`, which begins at `base`.
pub(super) fn passwords(text: &str, base: usize) -> Vec<Range<usize>> {
    let mut found = passwords_in_addresses(text, base);
    found.extend(passwords_in_connections(text, base));
    found
}

/// Passwords in addresses of databases and queues on other machines. Those of this machine are for development, as are
/// those that stand for something to be filled in.
fn passwords_in_addresses(text: &str, base: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for login in logins(text).into_iter().filter(Login::is_of_database) {
        let (password, host) = (login.password, login.host);
        let drawn = password.len() >= 8
            && password.bytes().any(|byte| byte.is_ascii_digit())
            && password.bytes().any(|byte| byte.is_ascii_alphabetic());
        let filled_in = password.contains(['{', '$', '<', '%', '[']) || stands_in(password);
        let stands_for = ["host", "hostname", "server", "dbhost"].contains(&host)
            || matches!(login.user, "user" | "username" | "login");
        let elsewhere = !stands_for
            && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && !is_this_machine(host)
            && (is_number(host) || !host.contains('.') || !stands_in(host) || is_random(password));
        if drawn && !filled_in && elsewhere {
            found.push(base.saturating_add(login.span.start)..base.saturating_add(login.span.end));
        }
    }
    found
}

/// Whether a password looks drawn by a generator: nobody makes one up for an address that stands for another.
fn is_random(password: &str) -> bool {
    let changes = password.as_bytes().windows(2).filter(|pair| {
        let kind = |byte: u8| match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        matches!(pair, [one, two] if kind(*one) != kind(*two))
    });
    let has = |kind: fn(&u8) -> bool| password.bytes().any(|byte| kind(&byte));
    // A third of the places change from one kind of letter to another; words with a number behind them do not.
    password.len() >= 12
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && changes.count().saturating_mul(3) >= password.len()
}

/// Passwords in what drivers take as one text: `host=db user=app password=…`, `Server=db;Uid=app;Pwd=…`.
fn passwords_in_connections(text: &str, base: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0usize;
    for line in text.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let lower = line.to_ascii_lowercase();
        if lower.len() != line.len()
            || !["host=", "server=", "dbname="].iter().any(|part| lower.contains(part))
        {
            continue;
        }
        for mark in ["password=", "pwd="] {
            let Some(place) = lower.find(mark) else { continue };
            let begins = place.saturating_add(mark.len());
            let alone = lower.get(..place).is_some_and(|before| before.ends_with([' ', ';', '"', '\'']));
            let value = line.get(begins..).unwrap_or_default();
            let end = value
                .find(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\'' | ',' | ')'))
                .unwrap_or(value.len());
            let value = value.get(..end).unwrap_or_default();
            let drawn = value.len() >= 6
                && value.bytes().any(|byte| byte.is_ascii_digit())
                && value.bytes().any(|byte| byte.is_ascii_alphabetic());
            // In a call each keyword has a text of its own; in a connection's text there are no quotes between.
            if alone && drawn && !value.contains(['{', '$', '<', '%', '[', '(']) && !stands_in(value) {
                let begins = base.saturating_add(start).saturating_add(begins);
                found.push(begins..begins.saturating_add(value.len()));
            }
        }
    }
    found
}

/// Whether a host is written as a number.
fn is_number(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Medium;

    #[test]
    fn passwords_of_connections_are_found_and_what_stands_for_one_is_not() {
        let graded = |text: &str| severities(&format!("c = connect({text:?})"), "pipeline/secret");
        for text in [
            "dbname=x user=app password=Zk39!mnQpL host=db.example.org",
            "Server=db.example.org;Uid=app;Pwd=Zk39mnQpL7;",
            "postgresql://app:Zk39mnQpL@10.0.0.5/x",
            "postgresql://app:Zk39mQ7pLr2Vx8@db.example.org/x",
        ] {
            assert_eq!(graded(text), [Medium], "{text}");
        }
        for text in [
            "dbname=x user=app password={password} host=db.example.org",
            "dbname=x user=app host=db.example.org",
            "postgresql://app:${PASSWORD}@db.example.org/x",
            "postgresql://app:secretPassword123@db.example.org/x",
        ] {
            assert_eq!(graded(text), [], "{text}");
        }
    }
}
