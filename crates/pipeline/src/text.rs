//! A text under examination, with its place and its lines: [`Text`].

use crate::credential;
use crate::python::secret::hits;
use crate::rules::SECRET;
use crate::surroundings::{Surroundings, describes_skill};
use bartizan_core::{Finding, Location};
use bartizan_text::Hit;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

/// Bytes of a line of what people write, by which memory is taken for the lines of a text.
const LINE_BYTES: usize = 24;

/// A text and what is known of where it lies.
#[derive(Debug)]
pub struct Text<'a> {
    /// Its name in reports: a path with `/`, whose last part is the file name.
    pub name: &'a str,
    /// The whole of it.
    pub content: &'a str,
    /// Path and boundary folder, `None` for a text that is not a file. Neighbours are read inside the boundary only.
    pub place: Option<(&'a Path, &'a Path)>,
    /// What the sweep that it belongs to knows of folders.
    around: Option<&'a Surroundings>,
    /// Byte offset of the start of each line, once somebody asked.
    starts: OnceLock<Vec<usize>>,
    /// The last part of the name, and what follows its last dot in lower case: every reader asks for them.
    file_name: &'a str,
    extension: String,
    /// Whether agents follow it, once somebody asked: several readers do.
    followed: OnceLock<bool>,
    /// The same of whether it lies in the folder of a skill.
    of_skill: OnceLock<bool>,
    /// What in it the detector of credentials found, once somebody asked.
    hits: OnceLock<Vec<Hit>>,
}

impl<'a> Text<'a> {
    /// `content` called `name`.
    pub fn new(name: &'a str, content: &'a str) -> Self {
        let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let extension = file_name
            .rsplit_once('.')
            .map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase());
        Self {
            name,
            content,
            place: None,
            around: None,
            starts: OnceLock::new(),
            file_name,
            extension,
            followed: OnceLock::new(),
            of_skill: OnceLock::new(),
            hits: OnceLock::new(),
        }
    }

    /// The same text, lying at `place`.
    #[must_use]
    pub fn at(mut self, place: Option<(&'a Path, &'a Path)>) -> Self {
        self.place = place;
        self.of_skill = OnceLock::new();
        self
    }

    /// The same text, met in a sweep that remembers folders.
    #[must_use]
    pub fn among(mut self, around: &'a Surroundings) -> Self {
        self.around = Some(around);
        self.of_skill = OnceLock::new();
        self
    }

    /// Whether `folder`, one around this text, describes a skill.
    pub(crate) fn is_skill_folder(&self, folder: &Path) -> bool {
        self.around.map_or_else(|| describes_skill(folder), |around| around.has_skill(folder))
    }

    /// Whether agents follow it, which `judge` says and is asked once.
    pub(crate) fn is_followed(&self, judge: impl FnOnce() -> bool) -> bool {
        *self.followed.get_or_init(judge)
    }

    /// Whether it lies in the folder of a skill, which `judge` says and is asked once.
    pub(crate) fn is_of_skill(&self, judge: impl FnOnce() -> bool) -> bool {
        *self.of_skill.get_or_init(judge)
    }

    /// What in it the detector of credentials takes for one; looked for once.
    pub(crate) fn hits(&self) -> &[Hit] {
        self.hits.get_or_init(|| hits(self.content))
    }

    /// The same, `None` where nobody looked.
    pub(crate) fn into_hits(self) -> Option<Vec<Hit>> {
        self.hits.into_inner()
    }

    /// The last part of the name.
    pub fn file_name(&self) -> &'a str {
        self.file_name
    }

    /// What follows the last dot of the file name, in lower case; empty when there is none.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// Where each line starts; found in time linear in the length when it is first asked for.
    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let bytes = self.content.as_bytes();
            let breaks = memchr::memchr_iter(b'\n', bytes).map(|place| place.saturating_add(1));
            let mut starts = Vec::with_capacity(bytes.len() / LINE_BYTES);
            starts.push(0);
            starts.extend(breaks);
            starts
        })
    }

    /// Whether a line begins with one of `keys` and a colon.
    pub(crate) fn has_key(&self, keys: &[&str]) -> bool {
        let bytes = self.content.as_bytes();
        self.starts().iter().zip(1..).any(|(&start, line)| {
            // Most lines are left after their first byte.
            let first = bytes.get(start);
            keys.iter().filter(|key| key.as_bytes().first() == first).any(|key| {
                let rest = self.line(line).strip_prefix(key);
                rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
            })
        })
    }

    /// Line and column of the byte at `offset`, both from 1; the column counts characters.
    pub fn line_column(&self, offset: usize) -> (u32, u32) {
        let line = self.starts().partition_point(|&start| start <= offset).max(1);
        let start = self.starts().get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.content.get(start..self.floor(offset)).unwrap_or_default();
        let column = before.chars().count().saturating_add(1);
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// The line numbered `line` (from 1), without its end; empty past the last.
    pub fn line(&self, line: u32) -> &'a str {
        let index = (line as usize).saturating_sub(1);
        let Some(&start) = self.starts().get(index) else { return "" };
        let end = self.starts().get(index.saturating_add(1)).copied().unwrap_or(self.content.len());
        self.content.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// How many lines there are; a text without a line end has one.
    pub fn lines(&self) -> usize {
        self.starts().len()
    }

    /// Puts `finding` at the bytes `span`, and takes their first line as its evidence when it has none.
    /// What a finding about a credential points at is kept from reports.
    #[must_use]
    pub fn place(&self, mut finding: Finding, span: Range<usize>) -> Finding {
        let (line, column) = self.line_column(span.start);
        let pointer = finding.location.pointer.take();
        finding.location = Location {
            member: None,
            offset: Some(span.start as u64),
            line: Some(line),
            column: Some(column),
            pointer,
        };
        let seen = self.content.get(self.floor(span.start)..self.floor(span.end)).unwrap_or_default();
        if finding.rule.id == SECRET.id && finding.credentials.is_empty() {
            finding.credentials = credential::values(seen).into_iter().map(str::to_owned).collect();
        }
        if finding.evidence.is_empty() {
            let seen = seen.lines().next().unwrap_or_default();
            return finding.evidence(if seen.is_empty() { self.line(line).trim() } else { seen });
        }
        finding
    }

    /// The character boundary at or before `offset`.
    fn floor(&self, offset: usize) -> usize {
        self.content.floor_char_boundary(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Rule, Severity};

    #[test]
    fn lines_and_columns_count_from_one_and_columns_count_characters() {
        let text = Text::new("a/b.PY", "één = 1\r\ntwo\n\nlast");
        assert_eq!(text.line_column(0), (1, 1));
        assert_eq!(text.line_column("één = 1\r\nt".len()), (2, 2));
        assert_eq!(text.line_column("één ".len()), (1, 5));
        assert_eq!(text.line_column(10_000), (4, 5));
        assert_eq!((text.line(1), text.line(3), text.line(4), text.line(9)), ("één = 1", "", "last", ""));
        assert_eq!((text.file_name(), text.extension(), text.lines()), ("b.PY", "py", 4));
    }

    #[test]
    fn a_key_stands_at_the_beginning_of_a_line_and_before_a_colon() {
        let text = Text::new("a.yml", "# jobs:\njobs : \r\n  on: x\nname\n: y\n- apiVersion: v1");
        for key in ["jobs", "- apiVersion"] {
            assert!(text.has_key(&["other", key]), "{key}");
        }
        assert!(!text.has_key(&["on", "name", "job", "x", "- api"]) && !text.has_key(&[]));
    }

    #[test]
    fn a_finding_is_placed_with_its_first_line_as_evidence() {
        const RULE: Rule =
            Rule { id: "t/t", title: "t", severity: Severity::Low, remedy: "r", taxonomies: &[], docs: "" };
        static RULE_PLACE: Rule = RULE;
        let text = Text::new("x", "a\n  call(\n 1)\n");
        let finding = text.place(Finding::new(&RULE_PLACE, "m").pointer("/p"), 4..13);
        assert_eq!(finding.location.line, Some(2));
        assert_eq!(finding.location.column, Some(3));
        assert_eq!(finding.location.offset, Some(4));
        assert_eq!(finding.location.pointer.as_deref(), Some("/p"));
        assert_eq!(finding.evidence, "call(");
    }
}
