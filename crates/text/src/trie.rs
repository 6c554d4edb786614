//! [`Trie`]: many patterns looked for in a text, at a place of it or anywhere.
//!
//! A double array (Aoe, *An Efficient Digital Search Algorithm by Using a Double-Array Structure*, IEEE Transactions on
//! Software Engineering 15, 1989): the child of a node to which a byte leads stands in the slot that is the node's base with
//! the byte's bits turned over in it, and knows its parent. Five thousand patterns take some 400 KB and are there after a
//! millisecond or two; most places of a text are left after a look at their first four bytes.

/// Patterns, told from their first byte on.
#[derive(Debug)]
pub struct Trie {
    slots: Vec<Slot>,
    /// For every slot in which a pattern ends, which one.
    patterns: Vec<u32>,
    sieve: Sieve,
    /// Whether capitals of ASCII count as the small letters.
    folds: bool,
    /// Bytes of the longest pattern.
    longest: usize,
}

/// Where a pattern stands in a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Which of the patterns, in the order in which they were given.
    pub pattern: usize,
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Where the children are counted from, and in [`ENDS`] whether a pattern ends here.
    base: u32,
    /// The slot of the parent; [`NOBODY`] where the slot is free.
    parent: u32,
}

/// The bit of a base by which a pattern ends.
const ENDS: u32 = 1 << 31;
/// A slot that is nobody's.
const NOBODY: u32 = u32::MAX;
/// The slot of the first node, in which no child stands, and its base.
const ROOT: (u32, u32) = (0, 256);

impl Trie {
    /// The trie over `patterns`. Of equal ones the first counts; an empty one is never found. Time grows with the bytes of
    /// all, and with the logarithm of how many they are.
    pub fn new<P: AsRef<[u8]>>(patterns: &[P]) -> Self {
        Self::of(patterns.iter().map(AsRef::as_ref).zip(0..).collect(), false)
    }

    /// The same, for texts in which capitals of ASCII count as small letters.
    pub fn ignoring_case<P: AsRef<[u8]>>(patterns: &[P]) -> Self {
        let lower: Vec<Vec<u8>> =
            patterns.iter().map(|pattern| pattern.as_ref().to_ascii_lowercase()).collect();
        Self::of(lower.iter().map(Vec::as_slice).zip(0..).collect(), true)
    }

    fn of(mut sorted: Vec<(&[u8], u32)>, folds: bool) -> Self {
        sorted.sort_unstable();
        let longest = sorted.iter().map(|(bytes, _)| bytes.len()).max().unwrap_or_default();
        sorted.dedup_by_key(|(bytes, _)| *bytes);
        let mut sieve = Sieve::new(folds);
        for (bytes, _) in &sorted {
            sieve.add(bytes);
        }
        let mut made = Making::new();
        // Nodes whose children have no place yet: the patterns that go on from it, how many of their bytes lead to it, its slot.
        let mut open = vec![(sorted.as_slice(), 0_usize, ROOT.0)];
        let (mut bytes, mut groups) = (Vec::new(), Vec::new());
        while let Some((mut group, depth, slot)) = open.pop() {
            if let Some((first, rest)) = group.split_first()
                && first.0.len() == depth
            {
                if depth > 0 {
                    made.end(slot, first.1);
                }
                group = rest;
            }
            bytes.clear();
            groups.clear();
            for child in group.chunk_by(|one, two| one.0.get(depth) == two.0.get(depth)) {
                bytes.extend(child.first().and_then(|first| first.0.get(depth)));
                groups.push(child);
            }
            if bytes.is_empty() {
                continue;
            }
            let base = if slot == ROOT.0 { ROOT.1 } else { made.settle(slot, &bytes) };
            for (byte, child) in bytes.iter().zip(&groups).rev() {
                open.push((child, depth + 1, made.put(slot, base ^ u32::from(*byte))));
            }
        }
        made.slots.shrink_to_fit();
        made.patterns.shrink_to_fit();
        Self { slots: made.slots, patterns: made.patterns, sieve, folds, longest }
    }

    /// Bytes of the longest pattern.
    #[must_use]
    pub fn longest_bytes(&self) -> usize {
        self.longest
    }

    /// The longest pattern that `text` begins with, and its length in bytes.
    #[inline]
    #[must_use]
    pub fn longest(&self, text: &[u8]) -> Option<(usize, usize)> {
        self.beginnings(text).last()
    }

    /// Every pattern that `text` begins with, and its length in bytes, the shortest first.
    #[inline]
    fn beginnings<'t>(&'t self, text: &'t [u8]) -> Beginnings<'t> {
        self.let_through(if self.sieve.lets_through(text) { text } else { &[] })
    }

    /// The same, of a text that the sieve has let through.
    #[inline]
    fn let_through<'t>(&'t self, text: &'t [u8]) -> Beginnings<'t> {
        Beginnings { trie: self, rest: text.iter().zip(1..), node: ROOT.0, base: ROOT.1 }
    }

    /// Whether a pattern stands anywhere in `text`. Takes a few steps for each byte, and for each place at which a pattern
    /// begins as many as it and the text have in common.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut places = self.sieve.places(text, 0..text.len());
        places.any(|at| self.let_through(text.get(at..).unwrap_or_default()).next().is_some())
    }

    /// Every pattern at every place of `text`, by where they end, and of those that end together the longest first.
    #[must_use]
    pub fn occurrences(&self, text: &[u8]) -> Vec<Occurrence> {
        self.occurrences_from(text, 0..text.len())
    }

    /// The same, of those that begin at `starts`: memory for all of them is taken at once.
    pub(crate) fn occurrences_from(&self, text: &[u8], starts: std::ops::Range<usize>) -> Vec<Occurrence> {
        let mut found = Vec::new();
        self.sieve.places(text, starts).for_each(|start| {
            let beginnings = self.let_through(text.get(start..).unwrap_or_default());
            found.extend(beginnings.map(|(pattern, length)| Occurrence {
                pattern,
                start,
                end: start + length,
            }));
        });
        found.sort_by_key(|occurrence| (occurrence.end, occurrence.start));
        found
    }

    /// Memory that it takes, in bytes.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.patterns.capacity() * size_of::<u32>()
            + size_of::<[u64; FOURS + THREES]>()
    }
}

/// The patterns that a text begins with.
struct Beginnings<'t> {
    trie: &'t Trie,
    rest: std::iter::Zip<std::slice::Iter<'t, u8>, std::ops::RangeFrom<usize>>,
    node: u32,
    base: u32,
}

impl Iterator for Beginnings<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (byte, length) = self.rest.next()?;
            let byte = if self.trie.folds { byte.to_ascii_lowercase() } else { *byte };
            let place = self.base ^ u32::from(byte);
            let slot = self.trie.slots.get(place as usize).filter(|slot| slot.parent == self.node);
            let Some(slot) = slot else {
                self.rest = [].iter().zip(1..);
                return None;
            };
            (self.node, self.base) = (place, slot.base & !ENDS);
            if slot.base & ENDS != 0 {
                return Some((*self.trie.patterns.get(place as usize)? as usize, length));
            }
        }
    }
}

/// Words of 64 bits for beginnings of four bytes, and of three: few enough to stay in the nearest cache.
const FOURS: usize = 1 << 10;
const THREES: usize = 1 << 8;

/// Beginnings of the patterns, hashed: most texts that begin with none of them are told from their first four bytes.
#[derive(Debug)]
pub(crate) struct Sieve {
    fours: Box<[u64; FOURS]>,
    /// Patterns of two and three bytes.
    threes: Box<[u64; THREES]>,
    /// Patterns of one byte.
    ones: [bool; 256],
    /// The bits in which capitals of ASCII differ from the small letters, where they count as the same; other bytes that differ in them alone
    /// are let through together.
    blind: u32,
}

impl Sieve {
    /// One that lets nothing through yet; with `folds`, patterns are in small letters and capitals of a text count as those.
    pub(crate) fn new(folds: bool) -> Self {
        let blind = if folds { u32::from_le_bytes([0x20; 4]) } else { 0 };
        Self { fours: Box::new([0; FOURS]), threes: Box::new([0; THREES]), ones: [false; 256], blind }
    }

    /// Lets the beginning of `pattern` through.
    pub(crate) fn add(&mut self, pattern: &[u8]) {
        let key = |bytes: [u8; 4]| u32::from_le_bytes(bytes) | self.blind;
        match *pattern {
            [a, b, c, d, ..] => set(&mut self.fours, key([a, b, c, d])),
            [a, b, c] => set(&mut self.threes, key([a, b, c, 0]) & THREE),
            [a, b] => {
                let keys = (0..=u8::MAX).map(|c| key([a, b, c, 0]) & THREE);
                keys.for_each(|key| set(&mut self.threes, key));
            }
            [a] => {
                let one = key([a, 0, 0, 0]) & ONE;
                self.ones.iter_mut().skip(one as usize).take(1).for_each(|one| *one = true);
            }
            [] => {}
        }
    }

    /// Whether a pattern may be what `text` begins with.
    #[inline]
    pub(crate) fn lets_through(&self, text: &[u8]) -> bool {
        text.first_chunk().is_none_or(|first| self.lets_four_through(*first))
    }

    #[inline]
    fn lets_four_through(&self, first: [u8; 4]) -> bool {
        let key = u32::from_le_bytes(first) | self.blind;
        is_set(&self.fours, key)
            || is_set(&self.threes, key & THREE)
            || self.ones.get((key & ONE) as usize).copied().unwrap_or(true)
    }

    /// The places among `starts`, which are places of `text`, at which a pattern may begin.
    #[inline]
    pub(crate) fn places<'t>(
        &'t self,
        text: &'t [u8],
        starts: std::ops::Range<usize>,
    ) -> impl Iterator<Item = usize> + 't {
        // The last three have not four bytes to be told by.
        let told = starts.end.min(text.len().saturating_sub(3)).max(starts.start);
        let heads = text.get(starts.start..text.len().min(told + 3)).unwrap_or_default().array_windows();
        let places = (starts.start..).zip(heads).filter(|(_, head)| self.lets_four_through(**head));
        places.map(|(at, _)| at).chain(told..starts.end)
    }
}

/// The bits of the first three bytes of a beginning, and of the first.
const THREE: u32 = 0xFF_FFFF;
const ONE: u32 = 0xFF;

/// The word and the bit in it for a beginning, by a multiplicative hash (Knuth, *The Art of Computer Programming* 3, 6.4).
fn bit<const WORDS: usize>(beginning: u32) -> (usize, u64) {
    let bits = WORDS.trailing_zeros();
    let hash = beginning.wrapping_mul(0x9E37_79B1);
    ((hash >> (32 - bits)) as usize, 1 << ((hash >> (26 - bits)) & 63))
}

fn set<const WORDS: usize>(bits: &mut [u64; WORDS], beginning: u32) {
    let (word, bit) = bit::<WORDS>(beginning);
    if let Some(word) = bits.get_mut(word) {
        *word |= bit;
    }
}

fn is_set<const WORDS: usize>(bits: &[u64; WORDS], beginning: u32) -> bool {
    let (word, bit) = bit::<WORDS>(beginning);
    bits.get(word).is_some_and(|word| word & bit != 0)
}

/// A trie in the making.
struct Making {
    slots: Vec<Slot>,
    patterns: Vec<u32>,
    /// No slot below it is free.
    full: usize,
}

impl Making {
    /// One node without children.
    fn new() -> Self {
        let mut made = Self { slots: Vec::new(), patterns: Vec::new(), full: ROOT.0 as usize + 1 };
        made.grow(2 * ROOT.1 as usize);
        // The first node has its slot for itself.
        made.put(ROOT.0, ROOT.0);
        made
    }

    /// Has at least as many slots.
    fn grow(&mut self, slots: usize) {
        if self.slots.len() < slots {
            self.slots.resize(slots.next_multiple_of(256), Slot { base: 0, parent: NOBODY });
            self.patterns.resize(self.slots.len(), 0);
        }
    }

    fn is_free(&self, slot: usize) -> bool {
        self.slots.get(slot).is_none_or(|slot| slot.parent == NOBODY)
    }

    /// Gives the node at `slot` a base from which all `children` find a free slot.
    fn settle(&mut self, slot: u32, children: &[u8]) -> u32 {
        while !self.is_free(self.full) {
            self.full += 1;
        }
        let first = children.first().map_or(0, |byte| usize::from(*byte));
        let fits = |base: usize| children.iter().all(|byte| self.is_free(base ^ usize::from(*byte)));
        // Behind the last slot all are free.
        let last = self.slots.len();
        let base = (self.full..last).map(|free| free ^ first).find(|base| fits(*base)).unwrap_or(last) as u32;
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            slot.base |= base;
        }
        base
    }

    /// Puts a child of `parent` in its slot.
    fn put(&mut self, parent: u32, place: u32) -> u32 {
        self.grow(place as usize + 1);
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.parent = parent;
        }
        place
    }

    /// Lets a pattern end in a slot.
    fn end(&mut self, slot: u32, pattern: u32) {
        let place = slot as usize;
        if let (Some(slot), Some(end)) = (self.slots.get_mut(place), self.patterns.get_mut(place)) {
            slot.base |= ENDS;
            *end = pattern;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aho_corasick::{AhoCorasick, Anchored, Input, MatchKind, StartKind};
    use proptest::prelude::*;

    #[test]
    fn the_longest_pattern_that_a_text_begins_with_is_found() {
        let trie = Trie::new(&["ignore", "ignore all", "all", "ig", "ignore"]);
        let longest = |text: &str| trie.longest(text.as_bytes());
        assert_eq!(longest("ignore all rules"), Some((1, 10)));
        assert_eq!(longest("ignore any"), Some((0, 6)));
        assert_eq!(longest("ignited"), Some((3, 2)));
        assert_eq!((longest("rules"), longest("i"), longest("")), (None, None, None));
        assert_eq!(Trie::new::<&str>(&[]).longest(b"any"), None);
        assert_eq!(Trie::new(&["", "\0"]).longest(b"\0"), Some((1, 1)));
        assert_eq!(Trie::new(&[""]).longest(b""), None);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_another_automaton_finds(
            patterns in prop::collection::vec(prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 1..9), 0..60),
            text in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..60),
            chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let mut text = text;
            for index in chosen.iter().filter(|_| !patterns.is_empty()) {
                text.extend(patterns[index.index(patterns.len())].iter());
            }
            let trie = Trie::new(&patterns);
            let other = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .start_kind(StartKind::Anchored)
                .build(&patterns)
                .unwrap();
            let overlapping = AhoCorasick::new(&patterns).unwrap();
            let distinct = |pattern: usize| patterns[..pattern].iter().all(|before| *before != patterns[pattern]);
            let wanted: Vec<Occurrence> = overlapping
                .find_overlapping_iter(&text)
                .map(|hit| Occurrence { pattern: hit.pattern().as_usize(), start: hit.start(), end: hit.end() })
                .filter(|hit| distinct(hit.pattern))
                .collect();
            prop_assert_eq!(trie.is_in(&text), !wanted.is_empty());
            prop_assert_eq!(trie.occurrences(&text), wanted);
            for at in 0..=text.len() {
                let wanted = other
                    .find(Input::new(&text).range(at..).anchored(Anchored::Yes))
                    .map(|hit| (hit.pattern().as_usize(), hit.len()));
                prop_assert_eq!(trie.longest(&text[at..]), wanted);
            }
        }
    }

    proptest! {
        #[test]
        fn capitals_count_as_small_letters_where_they_are_meant_to(
            patterns in prop::collection::vec("[aAbB\\x80é]{1,5}", 0..12),
            text in "[aAbBc\\x80é]{0,30}",
        ) {
            let lower: Vec<String> = patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
            let (folding, plain) = (Trie::ignoring_case(&patterns), Trie::new(&lower));
            prop_assert_eq!(
                folding.occurrences(text.as_bytes()),
                plain.occurrences(text.to_ascii_lowercase().as_bytes())
            );
        }
    }
}
