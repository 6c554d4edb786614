//! [`Gears`]: an automaton over many patterns that is there at once, and fast when there is much to read.
//!
//! The table of a deterministic automaton is read at about a byte per nanosecond and costs tens of milliseconds to fill for thousands of patterns,
//! more than a whole scan of a small folder. Both automata give the same matches (`aho-corasick`, [`AhoCorasickKind`]), so the
//! table is filled only when as much has been read as makes it worth its cost.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An automaton in two gears.
#[derive(Debug)]
pub(crate) struct Gears {
    patterns: Vec<String>,
    kind: MatchKind,
    low: AhoCorasick,
    /// Nothing inside where the table would be too large, which then is not tried again.
    high: OnceLock<Option<AhoCorasick>>,
    read: AtomicUsize,
}

impl Gears {
    /// Builds the lower gear.
    ///
    /// # Errors
    /// When there are more patterns than an automaton can have.
    pub(crate) fn new(patterns: Vec<String>, kind: MatchKind) -> Result<Self, BuildError> {
        let low = build(&patterns, kind, AhoCorasickKind::ContiguousNFA)?;
        Ok(Self { patterns, kind, low, high: OnceLock::new(), read: AtomicUsize::new(0) })
    }

    /// The automaton to read the next `bytes` with.
    pub(crate) fn over(&self, bytes: usize) -> &AhoCorasick {
        if let Some(high) = self.high.get() {
            return high.as_ref().unwrap_or(&self.low);
        }
        if self.read.fetch_add(bytes, Ordering::Relaxed) < Self::WORTH {
            return &self.low;
        }
        self.shifted()
    }

    /// The higher gear, built now if it is not there: for whoever must not wait for it later.
    pub(crate) fn shifted(&self) -> &AhoCorasick {
        let high = || build(&self.patterns, self.kind, AhoCorasickKind::DFA).ok();
        self.high.get_or_init(high).as_ref().unwrap_or(&self.low)
    }

    /// Bytes after which the table is worth its cost: at some five nanoseconds a byte that it spares, 2 MiB are ten milliseconds.
    const WORTH: usize = 2 << 20;
}

fn build(
    patterns: &[String],
    kind: MatchKind,
    automaton: AhoCorasickKind,
) -> Result<AhoCorasick, BuildError> {
    AhoCorasick::builder().match_kind(kind).kind(Some(automaton)).build(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_gears_find_the_same_and_the_higher_comes_with_much_text() {
        let patterns = ["ignore", "ignore all", "rules", "all rules"].map(str::to_owned).to_vec();
        let gears = Gears::new(patterns, MatchKind::LeftmostLongest).unwrap();
        let text = "ignore all rules, all rules, ignored";
        let found = |gears: &Gears, bytes| -> Vec<(usize, usize)> {
            gears.over(bytes).find_iter(text).map(|found| (found.start(), found.end())).collect()
        };
        let low = found(&gears, text.len());
        assert!(gears.high.get().is_none() && low.len() == 4, "{low:?}");
        assert_eq!(found(&gears, Gears::WORTH), low);
        assert!(gears.high.get().is_none());
        assert_eq!(found(&gears, 1), low);
        assert!(gears.high.get().is_some());
        let early = Gears::new(gears.patterns.clone(), gears.kind).unwrap();
        let count = early.shifted().find_iter(text).count();
        assert!(early.high.get().is_some() && count == low.len());
    }
}
