//! Passwords on command lines: programs whose flags take one.

use crate::bytes::{self, ALNUM, holds_ignoring_case, span};
use crate::hit::{Class, Kind, Raw};
use crate::randomness::is_reference;

static COMMAND: Kind =
    Kind { id: "command-password", name: "a password on a command line", class: Class::Secret };

/// Programs that take a password in a flag: a text of the name to look for, and the flag with what must stand behind it.
pub(super) static PROGRAMS: &[(&str, Flag)] = &[
    ("sexec", Flag::Separate("-p")),
    ("sExec", Flag::Separate("-p")),
    ("SEXEC", Flag::Separate("-p")),
    ("sshpass", Flag::Separate("-p")),
    ("curl ", Flag::Login("-u")),
    ("wget ", Flag::Separate("--password")),
    ("ldapsearch", Flag::Separate("-w")),
    ("smbclient", Flag::Login("-U")),
    ("xfreerdp", Flag::Separate("/p:")),
    ("SecureString", Flag::First),
    ("machine ", Flag::Separate("password")),
    ("mysql", Flag::Joined("-p")),
    ("mariadb", Flag::Joined("-p")),
    ("sqlcmd", Flag::Separate("-P")),
    ("docker login", Flag::Separate("-p")),
    ("az login", Flag::Separate("-p")),
];

/// How a flag carries a password.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flag {
    /// The password is the next argument.
    Separate(&'static str),
    /// The password follows at once: `-pPASSWORD`.
    Joined(&'static str),
    /// The first argument, of a command that says it is plain text.
    First,
    /// The next argument is `user:password`.
    Login(&'static str),
}

/// Longest command looked at, in bytes.
const LONGEST: usize = 400;

/// The password of a command whose program ends at `end`.
pub(super) fn password(text: &[u8], end: usize, flag: Flag) -> Option<Raw> {
    let name = match flag {
        Flag::Separate(name) | Flag::Login(name) | Flag::Joined(name) => name,
        Flag::First => return plain_text(text, end),
    };
    let line = span(text, end, end + LONGEST);
    let line = line.split(|byte| b"\n\r".contains(byte)).next()?;
    // A line of netrc: `machine HOST login NAME password VALUE`.
    (name != "password" || line.windows(7).any(|window| window == b" login ")).then_some(())?;
    let mut at = 0;
    while let Some(found) = line.get(at..)?.windows(name.len()).position(|window| window == name.as_bytes()) {
        let start = at + found;
        let mut from = start + name.len();
        at = from;
        let begins =
            start.checked_sub(1).and_then(|before| bytes::at(line, before)).is_none_or(|byte| byte == b' ');
        let parted = matches!(bytes::at(line, from), None | Some(b' ' | b'='));
        if !begins || parted == matches!(flag, Flag::Joined(_)) && !name.ends_with(':') {
            continue;
        }
        from += line.get(from..)?.iter().take_while(|byte| b" =".contains(byte)).count();
        let quote = bytes::at(line, from).filter(|byte| b"\"'".contains(byte));
        from += usize::from(quote.is_some());
        let stops = |byte: &u8| quote.map_or_else(|| b" \"');".contains(byte), |quote| *byte == quote);
        let length = line.get(from..)?.iter().position(stops).unwrap_or(line.len() - from);
        let mut value = span(line, from, from + length);
        if let Flag::Login(_) = flag {
            let colon = value.iter().position(|&byte| byte == b':')?;
            from += colon + 1;
            value = span(line, from, from + length - colon - 1);
        }
        return is_password(value).then(|| {
            Raw::new(&COMMAND, end + from, end + from + value.len(), 0.6, "the password of a command")
        });
    }
    None
}

/// `ConvertTo-SecureString "value" -AsPlainText`.
fn plain_text(text: &[u8], end: usize) -> Option<Raw> {
    let line = span(text, end, end + LONGEST);
    let line = line.split(|byte| b"\n\r".contains(byte)).next()?;
    holds_ignoring_case(line, b"-asplaintext").then_some(())?;
    let from = line.iter().take_while(|byte| b" \"'".contains(byte)).count();
    let length = line.get(from..)?.iter().position(|byte| b" \"'".contains(byte))?;
    is_password(span(line, from, from + length))
        .then(|| Raw::new(&COMMAND, end + from, end + from + length, 0.6, "the password of a command"))
}

fn is_password(value: &[u8]) -> bool {
    let mask = value.iter().all(|byte| b"*.xX#".contains(byte));
    value.len() >= 3
        && !mask
        && !is_reference(value)
        && value.first().is_some_and(|first| !b"$%<{-".contains(first))
        && value.iter().any(|byte| ALNUM.has(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, program: &str, flag: Flag) -> Option<String> {
        let end = text.find(program)? + program.len();
        let raw = password(text.as_bytes(), end, flag)?;
        text.get(raw.start..raw.end).map(str::to_owned)
    }

    #[test]
    fn what_follows_the_flag_at_once_is_the_password() {
        let flag = Flag::Joined("-p");
        for (text, password) in [
            ("mysql -h db -u root -p'Zx9#kLm2!qWe' orders", Some("Zx9#kLm2!qWe")),
            ("mysql -uroot -pZx9kLm2qWe7 orders", Some("Zx9kLm2qWe7")),
            ("mysql -u root -p orders", None),
            ("mysql -u root -p", None),
            ("mysql -u root -p$PASSWORD orders", None),
        ] {
            assert_eq!(found(text, "mysql", flag).as_deref(), password, "{text}");
        }
        let text = "sqlcmd -S sql01 -U sa -P 'Str0ng!Pass.77'";
        assert_eq!(found(text, "sqlcmd", Flag::Separate("-P")).as_deref(), Some("Str0ng!Pass.77"));
    }

    #[test]
    fn the_argument_of_the_flag_is_the_password() {
        let flag = Flag::Separate("-p");
        assert_eq!(
            found("psexec \\\\10.0.0.7 -u Admin -p braksha CMD", "sexec", flag).as_deref(),
            Some("braksha")
        );
        assert_eq!(found("psexec \\\\host -u User -p $Password -i", "sexec", flag), None);
        assert_eq!(found("sshpass -p 'two words' ssh host", "sshpass", flag).as_deref(), Some("two words"));
    }

    #[test]
    fn a_login_is_split_at_its_colon() {
        assert_eq!(found("curl -u jo:tr4mp https://h", "curl ", Flag::Login("-u")).as_deref(), Some("tr4mp"));
        assert_eq!(found("curl -u jo https://h:80", "curl ", Flag::Login("-u")), None);
    }
}
