//! Code with the constants that it puts together written as one: [`Joined`].
//!
//! `path.join(homedir(), ".ssh", "id_rsa")`, `Path.home() / ".ssh" / "id_rsa"` and `"~/.ss" + "h/id_rsa"` name the same file,
//! and `["curl", "-d", "@-"]` is the command that it looks like. What is told by a place or a command is looked for in what
//! stands there once they are joined, so that the way of joining does not matter.

use super::patterns::compile;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The joined code, and the way back.
pub(crate) struct Joined {
    text: String,
    /// For each stretch of `text`: where it begins there and in the code.
    stretches: Vec<(usize, usize)>,
}

impl Joined {
    /// Joins what `code`, in lower case, puts together; `None` when it puts nothing together. Time grows with its length.
    pub(crate) fn of(code: &str) -> Option<Self> {
        let seam = SEAM.as_ref()?;
        let mut joined = Self { text: String::with_capacity(code.len()), stretches: Vec::new() };
        let mut from = 0_usize;
        for found in seam.captures_iter(code.as_bytes()) {
            let Some(whole) = found.get(0) else { continue };
            let Some(before) = code.get(from..whole.start()) else { continue };
            let seen = code.get(whole.range()).unwrap_or_default();
            let glue = if seen.contains("home") || seen.contains('~') || seen.contains("userprofile") {
                "'~/"
            } else if seen.contains('+') {
                ""
            } else if seen.contains('/') || Self::is_path(code, whole.start()) {
                "/"
            } else {
                " "
            };
            joined.stretches.push((joined.text.len(), from));
            joined.text.push_str(before);
            joined.text.push_str(glue);
            from = whole.end();
        }
        if joined.stretches.is_empty() {
            return None;
        }
        joined.stretches.push((joined.text.len(), from));
        joined.text.push_str(code.get(from..).unwrap_or_default());
        Some(joined)
    }

    /// The code.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where `span` of the joined code lies in the code.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        let back = |at: usize| {
            let index = self.stretches.partition_point(|(joined, _)| *joined <= at).saturating_sub(1);
            let (joined, code) = self.stretches.get(index).copied().unwrap_or_default();
            let moved = code.saturating_add(at.saturating_sub(joined));
            // Glue has no place of its own: it stands where the next stretch begins.
            match self.stretches.get(index.saturating_add(1)) {
                Some((_, next)) => moved.min(*next),
                None => moved,
            }
        };
        let start = back(span.start);
        start..back(span.end).max(start)
    }

    /// Whether the comma at `at` parts the pieces of a path.
    fn is_path(code: &str, at: usize) -> bool {
        let before = code.get(code.floor_char_boundary(at.saturating_sub(LOOK))..at).unwrap_or_default();
        let opened =
            ["join(", "joinpath(", "path(", "resolve("].iter().filter_map(|call| before.rfind(call)).max();
        opened.is_some_and(|at| {
            let inside = before.get(at..).unwrap_or_default();
            inside.matches('(').count() > inside.matches(')').count()
        })
    }
}

/// Two constants with what joins them between, or the home folder and a constant.
static SEAM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"(?:(?:pathlib\.)?path\.home\(\)|(?:os\.)?homedir\(\)|os\.path\.expanduser\(['"]~/?['"]\)|['"]~/?['"]|(?:os\.)?environ\[['"]home['"]\]|process\.env\.(?:home|userprofile))[ \t\n]*[,/+][ \t\n]*[rfb]?['"`]/?|['"`][ \t\n]*[+/,][ \t\n]*[rfb]?['"`]"#,
    )
});
/// How far back the call is looked for, in bytes.
const LOOK: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_the_same_however_it_is_put_together() {
        for code in [
            "p = path.join(os.homedir(), '.ssh', 'id_rsa')",
            "p = pathlib.path.home() / \".ssh\" / \"id_rsa\"",
            "p = os.path.join(os.path.expanduser('~'), '.ssh', 'id_rsa')",
            "p = os.path.expanduser('~') + '/.ss' + 'h/id_rsa'",
        ] {
            let joined = Joined::of(code).unwrap();
            assert!(joined.text().contains("~/.ssh/id_rsa"), "{}", joined.text());
        }
        assert_eq!(Joined::of("['curl', '-d', '@-']").unwrap().text(), "['curl -d @-']");
        assert!(Joined::of("a = 1\nprint(a)").is_none());
    }

    #[test]
    fn the_way_back_is_kept() {
        let code = "a('x', 'y'); b";
        let joined = Joined::of(code).unwrap();
        let at = joined.text().find('b').unwrap();
        assert_eq!(code.get(joined.origin(&(at..at + 1))), Some("b"));
        let y = joined.text().find('y').unwrap();
        assert_eq!(code.get(joined.origin(&(y..y + 1))), Some("y"));
    }
}
