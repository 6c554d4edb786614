//! Where texts meet that readers join: blocks of one message of a request, which templates set one behind the other.
//!
//! Source: templates of chats (`tokenizer_config.json`), which write the parts of a message without anything between them.

use crate::exchange::Part;
use std::ops::Range;

/// How much of a long text counts at its seam with another, in bytes: more than a value has that is no private key.
const REACH: usize = 2 << 10;

/// Texts that meet, as one; of long ones what stands at the seam.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Joint {
    pub(super) text: String,
    pieces: Vec<Piece>,
}

/// A piece of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// The number of the part.
    part: usize,
    /// Where the piece begins in it.
    inside: usize,
    /// Its bytes in the joined text.
    span: Range<usize>,
}

impl Joint {
    fn add(&mut self, part: usize, text: &str, from: usize) {
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { part, inside: from, span: start..self.text.len() });
    }

    /// The number of the part that it begins with.
    pub(super) fn first(&self) -> Option<usize> {
        self.pieces.first().map(|piece| piece.part)
    }

    /// Where a span of it lies in the parts, each by its number; more than one where it goes over a seam.
    pub(super) fn places(&self, span: &Range<usize>) -> Vec<(usize, Range<usize>)> {
        let place = |piece: &Piece| {
            let (start, end) = (span.start.max(piece.span.start), span.end.min(piece.span.end));
            let at = |place: usize| place.saturating_sub(piece.span.start).saturating_add(piece.inside);
            (start < end).then(|| (piece.part, at(start)..at(end)))
        };
        self.pieces.iter().filter_map(place).collect()
    }
}

/// All texts that meet others.
pub(super) fn joints(parts: &[Part<'_>]) -> Vec<Joint> {
    let mut all = Vec::new();
    let mut number = 0_usize;
    for run in parts.chunk_by(meets) {
        let first = number;
        number = number.saturating_add(run.len());
        if run.len() < 2 {
            continue;
        }
        let mut joint = Joint::default();
        for (place, part) in run.iter().enumerate() {
            let (number, text) = (first.saturating_add(place), &*part.text);
            if text.len() <= REACH.saturating_mul(2) {
                joint.add(number, text, 0);
                continue;
            }
            let (head, tail) =
                (text.floor_char_boundary(REACH), text.ceil_char_boundary(text.len().saturating_sub(REACH)));
            if place > 0 {
                joint.add(number, text.get(..head).unwrap_or_default(), 0);
                all.push(std::mem::take(&mut joint));
            }
            joint.add(number, text.get(tail..).unwrap_or_default(), tail);
        }
        all.push(joint);
    }
    all.retain(|joint| joint.pieces.len() > 1);
    all
}

/// Whether one text is set behind the other: blocks of one list.
pub(super) fn meets(before: &Part<'_>, after: &Part<'_>) -> bool {
    fn list<'p>(part: &'p Part<'_>) -> Option<(&'p str, &'p str)> {
        let (block, name) = part.pointer.rsplit_once('/')?;
        let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if is_number(name) {
            return Some((block, ""));
        }
        let (list, place) = block.rsplit_once('/')?;
        // Messages have their content in a member as well, and are set apart.
        (is_number(place) && name != "content").then_some((list, name))
    }
    before.role == after.role && list(before).is_some_and(|place| list(after) == Some(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Role;
    use std::borrow::Cow;

    fn parts(texts: &[(&str, &str)]) -> Vec<Part<'static>> {
        let part = |(pointer, text): &(&str, &str)| Part {
            role: Role::User,
            pointer: (*pointer).to_owned(),
            span: 0..0,
            text: Cow::Owned((*text).to_owned()),
        };
        texts.iter().map(part).collect()
    }

    #[test]
    fn blocks_of_one_list_meet_and_messages_do_not() {
        let all = joints(&parts(&[
            ("/messages/0/content/0/text", "ab"),
            ("/messages/0/content/1/text", ""),
            ("/messages/0/content/2/text", "cd"),
            ("/messages/1/content", "ef"),
            ("/messages/2/content", "gh"),
            ("/messages/3/content/0", "ij"),
            ("/messages/3/content/1", "kl"),
        ]));
        let texts: Vec<&str> = all.iter().map(|joint| &*joint.text).collect();
        assert_eq!(texts, ["abcd", "ijkl"]);
        assert_eq!(all[0].places(&(1..3)), [(0, 1..2), (2, 0..1)]);
        assert_eq!(all[1].places(&(0..2)), [(5, 0..2)]);
    }

    #[test]
    fn of_a_long_text_what_stands_at_its_seams_is_joined() {
        let long = format!("head{}tail", "x".repeat(REACH * 3));
        let all = joints(&parts(&[("/a/0/text", "one"), ("/a/1/text", &long), ("/a/2/text", "two")]));
        assert_eq!(all.len(), 2);
        assert!(all[0].text.starts_with("onehead") && all[1].text.ends_with("tailtwo"));
        let end = all[1].text.len();
        assert_eq!(all[1].places(&(end - 5..end - 1)), [(1, long.len() - 2..long.len()), (2, 0..2)]);
    }
}
