//! Names of files in a model signature: their one canonical form, the suffix of shards, and what an ignored path covers.
//!
//! Source: OMS 1.0, sections 6.1.2 (canonical paths), 6.2.1 (ignored paths) and 6.3.2 (shards).

use crate::manifest::Range;

/// Paths at the top of a model that are ignored without being named (OMS 1.0, 6.2), in the order written.
pub const DEFAULT_IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Name of a model that is one file, as the reference implementation writes it.
pub(super) const SINGLE_FILE: &str = ".";

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or too long to be a path.
    #[error("the signature names a file `{0}`, which is empty or longer than any path")]
    Length(String),
    /// Begins with `/`, a drive, or holds a NUL.
    #[error("the signature names the absolute path `{0}`; names are relative to the model")]
    Absolute(String),
    /// Leaves the model through `..`.
    #[error("the signature names `{0}`, which leads out of the model")]
    Traversal(String),
    /// Another spelling of a path: `a//b`, `./a`, `a/`.
    #[error("the signature names `{0}`, which is not spelt canonically; one file could have two names")]
    NotCanonical(String),
    /// A shard without the bytes it covers.
    #[error("the signature names the shard `{0}`; expected NAME:START:END with START before END")]
    Shard(String),
}

/// Longest name read, in bytes (`PATH_MAX` on Linux).
const LONGEST_NAME: usize = 4096;

/// Checks that a name is spelt in the one way a file of a model has.
pub(super) fn check(name: &str) -> Result<(), NameError> {
    let shown = || name.chars().take(200).collect::<String>();
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(NameError::Length(shown()));
    }
    // A drive letter or a backslash would mean another place on Windows; on other systems both are plain characters, so
    // only what is absolute everywhere, or on Windows with certainty, is refused.
    let drive = name.as_bytes().first_chunk::<3>().is_some_and(|[letter, colon, slash]| {
        letter.is_ascii_alphabetic() && *colon == b':' && matches!(slash, b'/' | b'\\')
    });
    if name.starts_with('/') || name.starts_with('\\') || name.contains('\0') || drive {
        return Err(NameError::Absolute(shown()));
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err(NameError::Traversal(shown()));
    }
    if name != SINGLE_FILE && name.split('/').any(|part| part.is_empty() || part == ".") {
        return Err(NameError::NotCanonical(shown()));
    }
    Ok(())
}

/// Splits `NAME:START:END`. The name may hold colons itself, so the last two parts count.
pub(super) fn shard(name: &str) -> Result<(&str, Range), NameError> {
    let parse = || {
        let (rest, end) = name.rsplit_once(':')?;
        let (file, start) = rest.rsplit_once(':')?;
        Some((file, decimal(start)?..decimal(end)?))
    };
    parse()
        .filter(|(_, range)| range.start < range.end)
        .ok_or_else(|| NameError::Shard(name.chars().take(200).collect()))
}

/// A decimal number with no sign and no leading zero, so that it has one spelling.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// The path that an entry of `ignore_paths` covers, relative to the model; none when it covers nothing of it. `.` covers all.
pub(super) fn ignored_path(entry: &str) -> Option<String> {
    if entry.starts_with('/') {
        return None;
    }
    let parts: Vec<&str> = entry.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return None;
    }
    Some(if parts.is_empty() { SINGLE_FILE.to_owned() } else { parts.join("/") })
}

/// Whether a path covers a file: it is the file, or a folder above it.
pub(super) fn covers(ignored: &str, name: &str) -> bool {
    name.strip_prefix(ignored).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name() {
        for good in ["a", "a/b", ".hidden", "...", "a:b", "sub/.git/config", "."] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, error) in [
            ("", NameError::Length(String::new())),
            ("/etc/passwd", NameError::Absolute("/etc/passwd".to_owned())),
            ("C:\\x", NameError::Absolute("C:\\x".to_owned())),
            ("a/../../b", NameError::Traversal("a/../../b".to_owned())),
            ("..\\b", NameError::Traversal("..\\b".to_owned())),
            ("./a", NameError::NotCanonical("./a".to_owned())),
            ("a//b", NameError::NotCanonical("a//b".to_owned())),
            ("a/", NameError::NotCanonical("a/".to_owned())),
        ] {
            assert_eq!(check(bad), Err(error));
        }
    }

    #[test]
    fn a_shard_may_lie_in_a_file_with_colons() {
        assert_eq!(shard("a:1:2:0:10"), Ok(("a:1:2", 0..10)));
        for bad in ["a", "a:1", "a:2:1", "a:1:1", "a:+1:2", "a:01:2", "a:x:2", "a:0:99999999999999999999"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_ignored_path_covers_itself_and_what_lies_below() {
        assert!(covers(".git", ".git/config") && covers(".git", ".git"));
        assert!(!covers(".git", ".github/x") && !covers(".git", "sub/.git/config"));
        assert_eq!(ignored_path("./cache/"), Some("cache".to_owned()));
        assert_eq!(ignored_path("."), Some(".".to_owned()));
        assert_eq!(ignored_path("../x"), None);
        assert_eq!(ignored_path("/x"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_name_or_an_error(text: String) {
            let _ = (check(&text), shard(&text), ignored_path(&text));
        }
    }
}
