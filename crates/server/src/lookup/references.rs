//! The tags and branches that a git server lists: [`References`].

use bartizan_core::printable;
use std::collections::BTreeMap;

/// What a git server lists, by full name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References(BTreeMap<String, String>);

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Digits of the commit.
    pub commit: String,
    /// The name, or that of the most exact version which is the same commit: `v4.2.2` for `v4`.
    pub version: Option<String>,
}

/// Why a list tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Not the list of a git server.
    #[error("gives no list of tags and branches, byte {offset}: {problem}")]
    Malformed {
        /// Byte of the answer.
        offset: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// No such name.
    #[error("there is no tag and no branch `{0}`")]
    None(String),
    /// A tag and a branch of one name, at two commits.
    #[error(
        "`{0}` is a tag and a branch: whoever reads it decides which is meant; name refs/tags/{0} or the commit"
    )]
    Both(String),
    /// No default branch.
    #[error("there is no default branch")]
    NoHead,
}

/// Whether `text` is the whole id of a commit, as servers write it. The id of nothing is none.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|each| each.is_ascii_digit() || matches!(each, b'a'..=b'f'))
        && text.bytes().any(|each| each != b'0')
}

impl References {
    /// Reads the answer to `info/refs?service=git-upload-pack` in the first version of the protocol. Linear in its length.
    ///
    /// # Errors
    /// [`ReferenceError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReferenceError> {
        let mut known = BTreeMap::new();
        let mut lines = Lines { bytes, at: 0 };
        // A page for people fails here as well.
        let first = lines.next().and_then(Result::ok).flatten();
        if first.is_none_or(|line| line.trim_ascii_end() != b"# service=git-upload-pack") {
            let problem = "it does not begin with `# service=git-upload-pack`; is it a git repository?";
            return Err(ReferenceError::Malformed { offset: 0, problem });
        }
        let mut flushes = 0;
        while let Some(line) = lines.next().transpose()? {
            let Some(line) = line else {
                flushes += 1;
                // One after the announcement, one at the end.
                if flushes == 2 {
                    return Ok(Self(known));
                }
                continue;
            };
            // The abilities of the server stand behind the first.
            let line = line.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii_end();
            let Some((id, name)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' '))
            else {
                continue;
            };
            if is_commit(id) {
                known.insert(name.to_owned(), id.to_owned());
            }
        }
        Err(ReferenceError::Malformed { offset: lines.at, problem: "it ends too early" })
    }

    /// The commit that `reference` names, of the default branch when it is none. A tag that is an object of its own stands for the commit
    /// that it was put on.
    ///
    /// # Errors
    /// [`ReferenceError`] except [`ReferenceError::Malformed`].
    pub fn commit(&self, reference: Option<&str>) -> Result<Found, ReferenceError> {
        let Some(reference) = reference else {
            let head = self.0.get("HEAD").ok_or(ReferenceError::NoHead)?;
            return Ok(Found { commit: head.clone(), version: None });
        };
        let none = || ReferenceError::None(printable(reference, 100));
        if reference.starts_with("refs/") {
            let commit = self.peeled(reference).ok_or_else(none)?.to_owned();
            return Ok(Found { commit, version: reference.rsplit('/').next().map(str::to_owned) });
        }
        let tag = self.peeled(&format!("refs/tags/{reference}"));
        let branch = self.peeled(&format!("refs/heads/{reference}"));
        let commit = match (tag, branch) {
            (Some(tag), Some(branch)) if tag != branch => {
                return Err(ReferenceError::Both(printable(reference, 100)));
            }
            (Some(commit), _) | (None, Some(commit)) => commit,
            (None, None) => return Err(none()),
        };
        let exact = tag.and_then(|_| self.exact(reference, commit));
        Ok(Found { commit: commit.to_owned(), version: Some(exact.unwrap_or(reference).to_owned()) })
    }

    fn peeled(&self, name: &str) -> Option<&str> {
        self.0.get(&format!("{name}^{{}}")).or_else(|| self.0.get(name)).map(String::as_str)
    }

    /// The longest version that goes on from `reference` and is the same commit.
    fn exact(&self, reference: &str, commit: &str) -> Option<&str> {
        let begin = format!("refs/tags/{reference}.");
        let same = self.0.range(begin.clone()..).take_while(|(name, _)| name.starts_with(&begin));
        let same = same.filter_map(|(name, _)| name.strip_prefix("refs/tags/")).filter(|tag| {
            let numbers = tag.trim_start_matches('v');
            numbers.bytes().all(|each| each.is_ascii_digit() || each == b'.')
                && self.peeled(&format!("refs/tags/{tag}")) == Some(commit)
        });
        same.max_by_key(|tag| tag.matches('.').count())
    }
}

/// The lines of an answer, each with its length before it; none is a flush.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Option<&'a [u8]>, ReferenceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let offset = self.at;
        // Nothing is read behind a mistake.
        let failed = |lines: &mut Self, problem| {
            lines.at = lines.bytes.len();
            Some(Err(ReferenceError::Malformed { offset, problem }))
        };
        let digits = rest.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
        let length = digits
            .filter(|digits| digits.bytes().all(|each| each.is_ascii_hexdigit()))
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length {
            Some(0) => {
                self.at = offset.saturating_add(4);
                Some(Ok(None))
            }
            Some(length @ 4..) => match rest.get(4..length) {
                Some(line) => {
                    self.at = offset.saturating_add(length);
                    Some(Ok(Some(line)))
                }
                None => failed(self, "a line is shorter than it says"),
            },
            _ => failed(self, "a line does not begin with its length"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";
    const SIX: &str = "6666666666666666666666666666666666666666";

    fn listed(lines: &[(&str, &str)]) -> Vec<u8> {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let mut out = line("# service=git-upload-pack\n") + "0000";
        for (index, (id, name)) in lines.iter().enumerate() {
            let abilities = if index == 0 { "\0multi_ack side-band-64k" } else { "" };
            out.push_str(&line(&format!("{id} {name}{abilities}\n")));
        }
        (out + "0000").into_bytes()
    }

    fn all() -> References {
        References::parse(&listed(&[
            (ONE, "HEAD"),
            (ONE, "refs/heads/main"),
            (TWO, "refs/heads/both"),
            (SIX, "refs/tags/both"),
            (SIX, "refs/tags/v4"),
            (TWO, "refs/tags/v4^{}"),
            (TWO, "refs/tags/v4.2"),
            (TWO, "refs/tags/v4.2.2"),
            (TWO, "refs/tags/v4.2.2-rc.1.0"),
            (ONE, "refs/tags/v4.9.9"),
        ]))
        .unwrap()
    }

    #[test]
    fn a_tag_stands_for_the_commit_behind_it_and_is_named_as_exactly_as_can_be() {
        let found = |reference| all().commit(reference).map(|found| (found.commit, found.version));
        assert_eq!(found(Some("v4")), Ok((TWO.to_owned(), Some("v4.2.2".to_owned()))));
        assert_eq!(found(Some("refs/tags/v4")), Ok((TWO.to_owned(), Some("v4".to_owned()))));
        assert_eq!(found(Some("main")), Ok((ONE.to_owned(), Some("main".to_owned()))));
        assert_eq!(found(None), Ok((ONE.to_owned(), None)));
        assert_eq!(found(Some("v5")), Err(ReferenceError::None("v5".to_owned())));
        assert_eq!(found(Some("both")), Err(ReferenceError::Both("both".to_owned())));
    }

    #[test]
    fn what_is_no_list_or_ends_early_is_refused() {
        for bytes in [&b""[..], b"<!doctype html>", b"001e# service=git-upload-pack\n0000", b"0000", b"zzzz"]
        {
            assert!(matches!(References::parse(bytes), Err(ReferenceError::Malformed { .. })), "{bytes:?}");
        }
        let whole = listed(&[(ONE, "HEAD")]);
        for end in 0..whole.len() {
            assert!(References::parse(&whole[..end]).is_err(), "{end}");
        }
        let nothing = "0".repeat(40);
        let empty = References::parse(&listed(&[(&nothing, "capabilities^{}")])).unwrap();
        assert_eq!(empty.commit(None), Err(ReferenceError::NoHead));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_list_or_an_error(bytes: Vec<u8>, text in "([0-9a-f]{4}[ -~]{0,20}){0,6}") {
            let _ = (References::parse(&bytes), References::parse(text.as_bytes()));
        }
    }
}
