//! What a detector reports: a [`Hit`] of a [`Kind`] at a span, given to a [`Sink`].

use std::borrow::Cow;

/// One kind of thing that can be found in a text, for example an AWS access key id or an IBAN.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable name in kebab-case for secrets and characters, in upper case for personal data (`US_SSN`), as the field writes them.
    pub id: &'static str,
    /// What it is, for people, with an article where one fits.
    pub name: &'static str,
    /// The group it belongs to.
    pub class: Class,
}

/// The group a kind belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A credential: whoever reads it can act with it.
    Secret,
    /// Personal data told by its form: numbers, addresses of machines and mail.
    Pattern,
    /// Personal data told by wordlists, shape and context: names, places, organisations.
    Named,
    /// Characters that are not what they seem, or not seen at all.
    Character,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What was found.
    pub kind: &'static Kind,
    /// First byte of it.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// First character of it: the number of characters before it. Bytes that are not UTF-8 count one each.
    pub char_start: usize,
    /// One past its last character.
    pub char_end: usize,
    /// How sure the detector is, from 0 to 1.
    pub score: f32,
    /// Why: what was validated, or what stood beside it. Never the value itself.
    pub evidence: Cow<'static, str>,
}

/// Takes hits as they are found, ordered by start within one text.
pub trait Sink {
    /// Takes one hit.
    fn hit(&mut self, hit: Hit);
}

impl Sink for Vec<Hit> {
    fn hit(&mut self, hit: Hit) {
        self.push(hit);
    }
}

impl<F: FnMut(Hit)> Sink for F {
    fn hit(&mut self, hit: Hit) {
        self(hit);
    }
}

/// A hit before it is ordered, weighed against its neighbours and given character offsets.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) kind: &'static Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: f32,
    pub(crate) evidence: Cow<'static, str>,
}

impl Raw {
    /// A hit whose reason is one of ours.
    pub(crate) fn new(kind: &'static Kind, start: usize, end: usize, score: f32, why: &'static str) -> Self {
        Self { kind, start, end, score, evidence: Cow::Borrowed(why) }
    }
}

/// Orders hits and drops those that a better one covers: of two that overlap, the higher score stays, then the longer,
/// then the earlier. Hits of different classes may overlap.
pub(crate) fn settle(mut raw: Vec<Raw>) -> Vec<Raw> {
    raw.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then((b.end.saturating_sub(b.start)).cmp(&a.end.saturating_sub(a.start)))
            .then(a.start.cmp(&b.start))
            .then(a.kind.id.cmp(b.kind.id))
    });
    let mut taken: [Taken; 3] = std::array::from_fn(|_| Taken::default());
    // Readings of one span by form, which may differ: some numbers pass two checks.
    let mut readings = std::collections::BTreeMap::<(usize, usize), Vec<(f32, &'static str)>>::new();
    let mut kept: Vec<Raw> = Vec::with_capacity(raw.len());
    for hit in raw {
        let group = match hit.kind.class {
            Class::Secret => 0,
            Class::Pattern | Class::Named => 1,
            Class::Character => 2,
        };
        let Some(taken) = taken.get_mut(group) else { continue };
        let claimed = taken.claim(hit.start, hit.end);
        if group == 1 {
            let span = readings.entry((hit.start, hit.end)).or_default();
            if claimed || hit.kind.class == Class::Pattern && is_alternative(span, &hit) {
                span.push((hit.score, hit.kind.id));
                kept.push(hit);
            }
        } else if claimed {
            kept.push(hit);
        }
    }
    kept.sort_by(|a, b| a.start.cmp(&b.start).then(a.end.cmp(&b.end)).then(a.kind.id.cmp(b.kind.id)));
    kept
}

/// Whether a hit reads the very span of kept ones differently, and about as surely.
fn is_alternative(kept: &[(f32, &'static str)], hit: &Raw) -> bool {
    !kept.is_empty() && kept.iter().all(|&(score, id)| score - hit.score <= 0.2 && id != hit.kind.id)
}

/// Spans already given to a hit, none overlapping another.
#[derive(Debug, Default)]
struct Taken(std::collections::BTreeMap<usize, usize>);

impl Taken {
    /// Takes the span unless part of it is taken already.
    fn claim(&mut self, start: usize, end: usize) -> bool {
        let before = self.0.range(..end).next_back();
        if before.is_some_and(|(_, &last)| last > start) {
            return false;
        }
        self.0.insert(start, end);
        true
    }
}

/// Turns byte offsets into character offsets, for offsets that never fall.
#[derive(Debug)]
pub(crate) struct Characters<'t> {
    text: &'t [u8],
    at: usize,
    count: usize,
}

impl<'t> Characters<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, count: 0 }
    }

    /// How many characters begin before `offset`.
    pub(crate) fn until(&mut self, offset: usize) -> usize {
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        self.count = self.count.saturating_add(characters(passed));
        self.at = self.at.max(offset);
        self.count
    }
}

/// How many characters begin in `bytes`.
pub(crate) fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| (byte & 0xC0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    static A: Kind = Kind { id: "a", name: "a", class: Class::Secret };
    static B: Kind = Kind { id: "b", name: "b", class: Class::Pattern };

    #[test]
    fn of_two_that_overlap_the_surer_stays_and_classes_do_not_compete() {
        let hits = settle(vec![
            Raw::new(&A, 0, 10, 0.5, ""),
            Raw::new(&A, 4, 8, 0.9, ""),
            Raw::new(&B, 2, 6, 0.1, ""),
            Raw::new(&A, 8, 12, 0.4, ""),
        ]);
        let spans: Vec<_> = hits.iter().map(|hit| (hit.kind.id, hit.start, hit.end)).collect();
        assert_eq!(spans, [("b", 2, 6), ("a", 4, 8), ("a", 8, 12)]);
    }

    #[test]
    fn character_offsets_count_characters() {
        let mut characters = Characters::new("zażółć".as_bytes());
        assert_eq!((characters.until(2), characters.until(6), characters.until(10)), (2, 4, 6));
    }
}
