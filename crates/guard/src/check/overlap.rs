//! How far a text repeats another word for word, told while it comes in.
//!
//! The source is indexed by pairs of words. Every place at which the last pair stands goes on from the place before it,
//! so the length of each run is known at every word, with at most [`MOST`] places a pair: linear time.

use super::words::{self, Word, pair};

/// Places kept of one pair of words.
const MOST: usize = 16;
/// Words from which a run is more than a turn of phrase.
pub(crate) const PHRASE: u32 = 5;

/// A text that must not be repeated.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Hash of a pair of words and the number of its second word, ordered.
    pairs: Vec<(u64, u32)>,
    /// Words in all.
    pub(crate) length: u32,
}

impl Source {
    /// Indexes texts; no run goes from one into the next.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut source = Self::default();
        for text in texts {
            let mut previous: Option<u64> = None;
            words::each(text, 0, |word| {
                if let Some(previous) = previous {
                    source.pairs.push((pair(previous, word.hash), source.length));
                }
                previous = Some(word.hash);
                source.length = source.length.saturating_add(1);
            });
        }
        source.pairs.sort_unstable();
        let mut same = (0, 0_usize);
        source.pairs.retain(|(hash, _)| {
            same = if same.0 == *hash { (same.0, same.1.saturating_add(1)) } else { (*hash, 1) };
            same.1 <= MOST
        });
        source.pairs.shrink_to_fit();
        source
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = u32> {
        let from = self.pairs.partition_point(|(other, _)| *other < hash);
        let rest = self.pairs.get(from..).unwrap_or_default();
        rest.iter().take_while(move |(other, _)| *other == hash).map(|(_, place)| *place)
    }
}

/// Words of a source, marked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    bits: Vec<u64>,
    /// How many are marked.
    pub(crate) count: u32,
}

impl Marks {
    /// None of so many words.
    pub(crate) fn none(length: u32) -> Self {
        Self { bits: vec![0; (length as usize).div_ceil(64)], count: 0 }
    }

    /// Marks the `words` that end at `place`.
    pub(crate) fn mark(&mut self, place: u32, words: u32) {
        for one in place.saturating_add(1).saturating_sub(words)..=place {
            if let Some(bits) = self.bits.get_mut(one as usize / 64) {
                let bit = 1_u64 << (one % 64);
                self.count = self.count.saturating_add(u32::from(*bits & bit == 0));
                *bits |= bit;
            }
        }
    }

    /// Whether a word is marked.
    pub(crate) fn has(&self, place: u32) -> bool {
        self.bits.get(place as usize / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }
}

/// A run of words that stands in the source too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The number of its last word in the source.
    pub(crate) place: u32,
    /// Its words.
    pub(crate) words: u32,
    /// Those of them that are not marked.
    pub(crate) own: u32,
    /// Where it begins in the text that repeats.
    pub(crate) start: usize,
}

/// The runs that end at the last word of a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlap {
    previous: Option<(u64, usize)>,
    runs: Vec<Run>,
    next: Vec<Run>,
}

impl Overlap {
    /// Takes a word; gives the run with the most words that are not marked.
    pub(crate) fn word(&mut self, source: &Source, known: &Marks, hash: u64, word: &Word) -> Option<Run> {
        self.next.clear();
        if let Some((previous, start)) = self.previous {
            for place in source.places(pair(previous, hash)) {
                let before = place.saturating_sub(1);
                let own = u32::from(!known.has(place));
                let run = self.runs.iter().find(|run| run.place == before).map_or(
                    Run { place, words: 2, own: own.saturating_add(u32::from(!known.has(before))), start },
                    |run| Run {
                        place,
                        words: run.words.saturating_add(1),
                        own: run.own.saturating_add(own),
                        start: run.start,
                    },
                );
                self.next.push(run);
            }
        }
        std::mem::swap(&mut self.runs, &mut self.next);
        self.previous = Some((hash, word.start));
        self.runs.iter().copied().max_by_key(|run| (run.own, run.words))
    }

    /// Forgets what came before.
    pub(crate) fn cut(&mut self) {
        self.previous = None;
        self.runs.clear();
    }

    /// Where the first of the runs of at least so many words begins.
    pub(crate) fn open(&self, words: u32) -> Option<usize> {
        self.runs.iter().filter(|run| run.words >= words).map(|run| run.start).min()
    }
}

/// The words of a source that a text says too, in phrases of at least [`PHRASE`] words.
pub(crate) fn said<'t>(source: &Source, texts: impl Iterator<Item = &'t str>) -> Marks {
    let (none, mut marks) = (Marks::default(), Marks::none(source.length));
    for text in texts {
        let mut overlap = Overlap::default();
        words::each(text, 0, |word| {
            if let Some(run) = overlap.word(source, &none, word.hash, &word).filter(|run| run.words >= PHRASE)
            {
                marks.mark(run.place, run.words.min(PHRASE));
            }
        });
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(source: &str, text: &str) -> u32 {
        let source = Source::of(std::iter::once(source));
        let (mut overlap, mut longest) = (Overlap::default(), 0);
        words::each(text, 0, |word| {
            let run = overlap.word(&source, &Marks::default(), word.hash, &word);
            longest = longest.max(run.map_or(0, |run| run.words));
        });
        longest
    }

    /// The longest run by trying every pair of places.
    fn slow(source: &[u8], text: &[u8]) -> u32 {
        let mut best = 0;
        for from in 0..source.len() {
            for at in 0..text.len() {
                let same = source[from..].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count();
                best = best.max(same as u32);
            }
        }
        if best < 2 { 0 } else { best }
    }

    #[test]
    fn the_longest_repeated_run_is_counted_in_words() {
        assert_eq!(longest("one two three four five", "he said: two THREE, four! end"), 3);
        assert_eq!(longest("a b c a b d", "a b d"), 3);
        assert_eq!(longest("one two", "two one"), 0);
    }

    #[test]
    fn what_was_said_before_is_marked() {
        let source = Source::of(["a b c d e f g h"].into_iter());
        let marks = said(&source, ["x b c d e f y", "g h a"].into_iter());
        assert_eq!(
            (marks.count, marks.has(0), marks.has(1), marks.has(5), marks.has(6)),
            (5, false, true, true, false)
        );
    }

    proptest::proptest! {
        #[test]
        fn runs_are_as_long_as_a_slow_search_finds(
            source in proptest::collection::vec(b'a'..=b'f', 0..24),
            text in proptest::collection::vec(b'a'..=b'f', 0..24),
        ) {
            let spaced = |letters: &[u8]| letters.iter().flat_map(|letter| [char::from(*letter), ' ']).collect::<String>();
            proptest::prop_assert_eq!(longest(&spaced(&source), &spaced(&text)), slow(&source, &text));
        }
    }
}
