//! Bodies with other values in them: [`spliced`].

use crate::check::Edit;
use std::ops::Range;

/// The body with every edit in its place, byte for byte the same elsewhere.
///
/// Edits are ordered and apart from each other; none when they are not, or reach beyond the body.
pub fn spliced(body: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    replaced(body, edits.iter().map(|edit| (&edit.span, edit.replacement.as_bytes())))
}

/// The same, with bytes in the places.
pub(super) fn put_together(body: &[u8], edits: &[(Range<usize>, Vec<u8>)]) -> Option<Vec<u8>> {
    replaced(body, edits.iter().map(|(span, bytes)| (span, bytes.as_slice())))
}

fn replaced<'e>(body: &[u8], edits: impl Iterator<Item = (&'e Range<usize>, &'e [u8])>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for (span, replacement) in edits {
        if span.start > span.end {
            return None;
        }
        out.extend_from_slice(body.get(at..span.start)?);
        out.extend_from_slice(replacement);
        at = span.end;
    }
    out.extend_from_slice(body.get(at..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    fn edit(span: Range<usize>, replacement: &str) -> Edit {
        Edit { span, replacement: replacement.to_owned() }
    }

    #[test]
    fn only_what_is_edited_changes() {
        let body = br#"{ "a" : "x\u00e9", "b":1.50, "c":"y" }"#;
        let edits = [edit(8..17, r#""[GONE]""#), edit(33..36, r#""z""#)];
        assert_eq!(spliced(body, &edits).unwrap(), br#"{ "a" : "[GONE]", "b":1.50, "c":"z" }"#);
        assert_eq!(spliced(body, &[]).unwrap(), body);
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "what must be refused")]
    fn edits_that_do_not_fit_are_refused() {
        let body = br#"{"a":"x"}"#;
        for bad in [vec![edit(5..90, "1")], vec![edit(7..5, "1")], vec![edit(5..8, "1"), edit(6..7, "2")]] {
            assert_eq!(spliced(body, &bad), None);
        }
    }
}
