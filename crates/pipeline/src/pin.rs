//! Names that stand for something else tomorrow, and how each is pinned once somebody has looked up what it stands for:
//! [`Asked`], [`Answer`].
//!
//! Nothing is looked up here. A reader says in the [`Fix`] of a finding what it needs to know; who can answer calls
//! [`Fix::answered`]. Sources of the forms written: OCI distribution specification 1.1 (`name:tag@digest`); GitHub Docs, "Secure use
//! reference" (the full commit with the version in a comment, which Dependabot raises together); Hugging Face Hub, `revision`.

use crate::fix::{Edit, Fix, Safety};
use std::ops::Range;

/// Stands in a replacement for the digest or commit that was asked for.
pub(crate) const PINNED: char = '\u{E000}';
/// Stands in a replacement for the version that the commit is known as.
pub(crate) const VERSION: char = '\u{E001}';

/// What has to be known before a finding can be mended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// The digest of a container image, named as engines name it: `python:3.11`.
    Image(String),
    /// The commit that a tag or branch of a git repository names; of its default branch when none is named.
    Commit {
        /// Which repository.
        repository: Repository,
        /// The tag or branch.
        reference: Option<String>,
    },
    /// The commit of a repository of the Hugging Face hub.
    Hub {
        /// What it holds.
        kind: HubKind,
        /// `owner/name`, or the bare name of an old one.
        name: String,
        /// The tag or branch; its default branch when none is named.
        revision: Option<String>,
    },
}

/// A git repository, as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repository {
    /// `owner/name` on the GitHub that runs the workflow.
    OnGitHub(String),
    /// `group/project` on the GitLab that runs the pipeline.
    OnGitLab(String),
    /// An address.
    At(String),
}

/// What a repository of a hub holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HubKind {
    /// A model.
    Model,
    /// A data set.
    Dataset,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `sha256:…` of an image, otherwise the digits of a commit.
    pub pinned: String,
    /// The name it goes by: `v4.2.2`.
    pub version: Option<String>,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |reference: &Option<String>| {
            reference.as_ref().map_or_else(String::new, |reference| format!(" at `{reference}`"))
        };
        match self {
            Self::Image(reference) => write!(formatter, "the image `{reference}`"),
            Self::Commit { repository, reference } => {
                let (Repository::OnGitHub(name) | Repository::OnGitLab(name) | Repository::At(name)) =
                    repository;
                write!(formatter, "`{name}`{}", at(reference))
            }
            Self::Hub { kind, name, revision } => {
                let kind = if *kind == HubKind::Model { "model" } else { "data set" };
                write!(formatter, "the {kind} `{name}`{}", at(revision))
            }
        }
    }
}

impl Fix {
    /// The same with what was asked for written in. A version that could end a comment or a string is left out.
    #[must_use]
    pub fn answered(&self, answer: &Answer) -> Self {
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'+'))
        };
        let version = answer.version.as_deref().filter(|version| plain(version)).unwrap_or_default();
        let edits = self.edits.iter().map(|edit| Edit {
            span: edit.span.clone(),
            replacement: edit.replacement.replace(PINNED, &answer.pinned).replace(VERSION, version),
        });
        Self { edits: edits.collect(), safety: self.safety, title: self.title.clone(), asks: None }
    }
}

/// How an issue is pinned by the text it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pinning {
    asked: Asked,
    /// The characters that name it, as they stand in the text.
    written: String,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// The digest goes behind them.
    Behind,
    /// The commit goes behind them as the parameter `ref` of an address.
    AsParameter,
    /// The commit takes their place.
    InPlace,
    /// The commit takes their place, and they go into a comment at the end of the line.
    InPlaceNoted,
}

impl Pinning {
    /// An image, whose digest goes behind its name.
    pub(crate) fn image(reference: &str) -> Self {
        Self {
            asked: Asked::Image(reference.to_owned()),
            written: reference.to_owned(),
            manner: Manner::Behind,
        }
    }

    /// The digest goes behind other characters than the whole name.
    #[must_use]
    pub(crate) fn behind(mut self, written: &str) -> Self {
        written.clone_into(&mut self.written);
        self
    }

    /// The commit of the default branch of a repository, behind `written`: its address.
    pub(crate) fn default_branch(repository: Repository, written: &str) -> Self {
        let asked = Asked::Commit { repository, reference: None };
        Self { asked, written: written.to_owned(), manner: Manner::Behind }
    }

    /// The commit goes behind the address as its parameter `ref`.
    #[must_use]
    pub(crate) fn by_parameter(mut self) -> Self {
        self.manner = Manner::AsParameter;
        self
    }

    /// A commit in the place of `written`.
    pub(crate) fn commit(repository: Repository, reference: &str) -> Self {
        let asked = Asked::Commit { repository, reference: Some(reference.to_owned()) };
        Self { asked, written: reference.to_owned(), manner: Manner::InPlace }
    }

    /// The version stays, in a comment of `#`.
    #[must_use]
    pub(crate) fn noted(mut self) -> Self {
        self.manner = Manner::InPlaceNoted;
        self
    }

    /// The fix where `part` stands alone, at byte `offset` of its text.
    pub(crate) fn placed_in(&self, part: &str, offset: usize) -> Option<Fix> {
        let mut fix = self.placed(part, &(0..part.len()))?;
        for edit in &mut fix.edits {
            edit.span = edit.span.start.checked_add(offset)?..edit.span.end.checked_add(offset)?;
        }
        Some(fix)
    }

    /// The fix of an issue at `span` of `content`; none where the name is not there letter by letter, last and alone.
    pub(crate) fn placed(&self, content: &str, span: &Range<usize>) -> Option<Fix> {
        let part = content.get(span.clone())?;
        let (at, _) =
            part.rmatch_indices(self.written.as_str()).next().filter(|_| !self.written.is_empty())?;
        // What goes on behind it is another name: `python` in `python-slim`.
        let end = at.checked_add(self.written.len())?;
        let goes_on =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '$' | '{');
        let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '$' | '}');
        let before = part.get(..at)?;
        if part.get(end..)?.starts_with(goes_on)
            || before.ends_with(begins)
            || self.manner == Manner::Behind && before.ends_with('/') && !before.ends_with("://")
        {
            return None;
        }
        let (start, stop) = (span.start.checked_add(at)?, span.start.checked_add(end)?);
        let (replaced, replacement) = match self.manner {
            Manner::Behind => (stop..stop, format!("@{PINNED}")),
            Manner::AsParameter => {
                let separator = if self.written.contains('?') { '&' } else { '?' };
                (stop..stop, format!("{separator}ref={PINNED}"))
            }
            Manner::InPlace | Manner::InPlaceNoted => (start..stop, PINNED.to_string()),
        };
        let mut edits = vec![Edit { span: replaced, replacement }];
        if self.manner == Manner::InPlaceNoted {
            edits.extend(comment(content, span));
        }
        let is_image = matches!(self.asked, Asked::Image(_));
        let title = if is_image { "pin to the digest" } else { "pin to the commit" };
        Some(Fix { edits, safety: Safety::Safe, title: title.to_owned(), asks: Some(self.asked.clone()) })
    }
}

/// The version as a comment behind the value at `span`, where the line ends with it or with a comment already.
fn comment(content: &str, span: &Range<usize>) -> Option<Edit> {
    // Inside a text of several lines a comment would be part of it.
    let line = content.get(..span.start)?.rsplit('\n').next()?;
    if !line.trim_end().ends_with(':') || content.get(span.clone())?.contains('\n') {
        return None;
    }
    let rest = content.get(span.end..)?.split(['\n', '\r']).next()?;
    let lead = rest.len().checked_sub(rest.trim_start().len())?;
    if rest.trim().is_empty() {
        return Some(Edit { span: span.end..span.end, replacement: format!(" # {VERSION}") });
    }
    let said = rest.get(lead..)?.strip_prefix('#').filter(|_| lead > 0)?;
    let at = span.end.checked_add(lead)?;
    // The version that a comment already says is raised with the commit; other remarks stay behind it.
    let word = said.split_whitespace().next().unwrap_or_default();
    let versioned =
        word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()) || word.starts_with("tag=");
    let begin = said.find(word).unwrap_or_default();
    if versioned {
        let start = at.checked_add(1)?.checked_add(begin)?;
        return Some(Edit { span: start..start.checked_add(word.len())?, replacement: VERSION.to_string() });
    }
    Some(Edit { span: at..at.checked_add(1)?, replacement: format!("# {VERSION} #") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    fn pinned(content: &str, span: Range<usize>, pinning: &Pinning) -> Option<String> {
        let answer = Answer { pinned: "0123".to_owned(), version: Some("v4.2.2".to_owned()) };
        pinning.placed(content, &span).map(|fix| apply(content, &[&fix.answered(&answer)]).0)
    }

    #[test]
    fn a_digest_goes_behind_the_name_and_only_behind_the_whole_of_it() {
        let image = Pinning::image("python:3.11");
        let line = "FROM python:3.11 AS base";
        assert_eq!(pinned(line, 5..16, &image).as_deref(), Some("FROM python:3.11@0123 AS base"));
        for (line, span) in
            [("FROM python:3.11-slim", 5..21), ("FROM x/python:3.11", 5..18), ("FROM python:$V", 5..14)]
        {
            assert_eq!(pinned(line, span, &image), None, "{line}");
        }
        assert_eq!(pinned("x", 0..9, &image), None);
    }

    #[test]
    fn a_commit_takes_the_place_of_a_tag_which_goes_into_the_comment() {
        let action = Pinning::commit(Repository::OnGitHub("acme/a".to_owned()), "v4").noted();
        for (line, expected) in [
            ("  uses: acme/a@v4", "  uses: acme/a@0123 # v4.2.2"),
            ("  uses: acme/a@v4  ", "  uses: acme/a@0123 # v4.2.2  "),
            ("  uses: acme/a@v4 # v4.0", "  uses: acme/a@0123 # v4.2.2"),
            ("  uses: acme/a@v4 # the new one", "  uses: acme/a@0123 # v4.2.2 # the new one"),
            ("{ uses: acme/a@v4, with: {} }", "{ uses: acme/a@0123, with: {} }"),
        ] {
            let at = line.find("acme").unwrap();
            assert_eq!(pinned(line, at..at + "acme/a@v4".len(), &action).as_deref(), Some(expected));
        }
        let folded = "  uses: >-\n    acme/a@v4\n";
        assert_eq!(pinned(folded, 15..24, &action).as_deref(), Some("  uses: >-\n    acme/a@0123\n"));
    }

    #[test]
    fn a_version_that_is_none_is_not_written() {
        let fix = Fix {
            edits: vec![Edit { span: 0..0, replacement: format!("{PINNED} # {VERSION}") }],
            safety: Safety::Safe,
            title: String::new(),
            asks: None,
        };
        let answer = Answer { pinned: "01".to_owned(), version: Some("v1\nrun: evil".to_owned()) };
        assert_eq!(fix.answered(&answer).edits[0].replacement, "01 # ");
    }

    proptest::proptest! {
        #[test]
        fn any_place_of_any_text_is_pinned_or_left(content in "[a-z:@# \n'é/]{0,40}", from in 0_usize..45, to in 0_usize..45) {
            let action = Pinning::commit(Repository::At(String::new()), "a").noted();
            let _ = pinned(&content, from..to, &action);
            let _ = pinned(&content, from..to, &Pinning::image("b:a"));
        }
    }
}
