//! Raters who go against everyone else, alone or together.
//!
//! Where a pair of answers is rated by several people, each choice is held against the majority of the others; where
//! pairs are rated once, against the model of the order. A rater is suspect whose choices are against it improbably
//! often; a group of raters, whose choices are against it *on the same pairs* improbably often: people who err by
//! themselves seldom err together (the idea of group-spam detection: Mukherjee, Liu, Glance, WWW 2012).

use super::super::{Evidence, Method, Suspect, score_of_test};
use super::Pair;
use bartizan_stats::special::{VaryingRate, ln_binomial_tail};
use std::collections::{BTreeMap, HashMap};

/// Choices on the same pairs that two raters must have in common to be held against each other.
const FEWEST_SHARED: u64 = 5;
/// Judged choices that a rater must have.
const FEWEST_JUDGED: u64 = 8;
/// Raters beyond which groups are not looked for: every two of them would be compared.
const MOST_RATERS: usize = 20_000;

/// Choices of raters who stand apart.
///
/// Cost: `O(rows)` for single raters; for groups `O(Σ raters of a pair²)`, pairs with more than 100 raters left out.
pub(super) fn suspects(pairs: &[Pair<'_>], raters: &[String], margins: &[f64]) -> Vec<Suspect> {
    let mut numbers: BTreeMap<&str, usize> = raters.iter().map(|rater| (rater.as_str(), 0)).collect();
    numbers.values_mut().enumerate().for_each(|(number, slot)| *slot = number);
    let names: Vec<&str> = numbers.keys().copied().collect();
    let of_row: Vec<usize> =
        raters.iter().map(|rater| numbers.get(rater.as_str()).copied().unwrap_or(0)).collect();
    let items = items(pairs);
    let by_others = by_others(&items, pairs.len());
    let judged_by_others = by_others.iter().flatten().count();
    let has_overlap = judged_by_others.saturating_mul(5) >= pairs.len();
    let against: Vec<Option<bool>> = if has_overlap {
        by_others
    } else {
        (0..pairs.len()).map(|row| margins.get(row).map(|margin| *margin < 0.0)).collect()
    };
    let mut counts = vec![(0u64, 0u64); names.len()];
    for (rater, against) in of_row.iter().zip(&against) {
        if let (Some((hits, all)), Some(against)) = (counts.get_mut(*rater), against) {
            *hits = hits.saturating_add(u64::from(*against));
            *all = all.saturating_add(1);
        }
    }
    let ratings = Ratings { names, of_row, against, counts };
    let mut found = ratings.alone();
    if has_overlap && ratings.names.len() <= MOST_RATERS {
        found.extend(ratings.together(&items));
    }
    found
}

/// Rows about the same two answers to the same prompt, with the order each gives them.
fn items(pairs: &[Pair<'_>]) -> Vec<Vec<(usize, bool)>> {
    let mut items: HashMap<(&str, &str, &str), Vec<(usize, bool)>> = HashMap::new();
    for (row, pair) in pairs.iter().enumerate() {
        let is_sorted = pair.chosen <= pair.rejected;
        let (low, high) = if is_sorted { (pair.chosen, pair.rejected) } else { (pair.rejected, pair.chosen) };
        items.entry((pair.prompt, low, high)).or_default().push((row, is_sorted));
    }
    let mut items: Vec<Vec<(usize, bool)>> = items.into_values().filter(|rows| rows.len() > 2).collect();
    items.sort_unstable();
    items
}

/// For each row, whether it goes against a clear majority of the others of its item: two thirds or more.
fn by_others(items: &[Vec<(usize, bool)>], rows: usize) -> Vec<Option<bool>> {
    let mut against = vec![None; rows];
    for item in items {
        let yes = item.iter().filter(|(_, order)| *order).count();
        for (row, order) in item {
            let others = item.len().saturating_sub(1);
            let agreeing = if *order { yes } else { item.len().saturating_sub(yes) }.saturating_sub(1);
            let opposed = others.saturating_sub(agreeing);
            if let Some(slot) = against.get_mut(*row)
                && agreeing.max(opposed).saturating_mul(3) >= others.saturating_mul(2)
            {
                *slot = Some(opposed > agreeing);
            }
        }
    }
    against
}

struct Ratings<'a> {
    names: Vec<&'a str>,
    /// The rater of each row.
    of_row: Vec<usize>,
    /// Whether each row goes against the others.
    against: Vec<Option<bool>>,
    /// By rater: choices against the others, and choices judged.
    counts: Vec<(u64, u64)>,
}

impl Ratings<'_> {
    /// Rows of single raters who go against the others improbably often.
    fn alone(&self) -> Vec<Suspect> {
        let usual = VaryingRate::fit(&self.counts);
        let (hits, all) =
            self.counts.iter().fold((0, 0), |(hits, all), (own, judged)| (hits + own, all + judged));
        let tests = self.counts.iter().filter(|(_, judged)| *judged >= FEWEST_JUDGED).count().max(1);
        let judged: Vec<Option<(f64, f64)>> = self
            .counts
            .iter()
            .map(|(own, judged)| {
                let others = (hits - own) as f64 + 1.0;
                let rate = others / ((all - judged) as f64 + 2.0);
                // The weaker of two: raters that vary as raters do, and the rate of all the others.
                let ln = usual.ln_tail(*judged, *own).max(ln_binomial_tail(*judged, rate, *own));
                (*judged >= FEWEST_JUDGED).then_some((ln / std::f64::consts::LN_10, rate * *judged as f64))
            })
            .collect();
        self.rows(|rater, row| {
            let (log10, expected) = judged.get(rater).copied().flatten()?;
            let is_against = self.against.get(row).copied().flatten().unwrap_or(false);
            is_against.then(|| self.evidence(rater, Vec::new(), expected, log10, tests))
        })
    }

    /// Rows of raters who go against the others together.
    fn together(&self, items: &[Vec<(usize, bool)>]) -> Vec<Suspect> {
        // By two raters: shared choices that could be judged, and those in which both go against the others.
        let mut shared: BTreeMap<(usize, usize), (u64, u64)> = BTreeMap::new();
        for item in items.iter().filter(|item| item.len() <= 100) {
            let judged: Vec<(usize, bool)> = item
                .iter()
                .filter_map(|(row, _)| {
                    Some((self.of_row.get(*row).copied()?, self.against_without(item, *row)?))
                })
                .collect();
            for (place, (first, first_against)) in judged.iter().enumerate() {
                for (second, second_against) in judged.iter().skip(place.saturating_add(1)) {
                    if first == second {
                        continue;
                    }
                    let key = (*first.min(second), *first.max(second));
                    let (both, all) = shared.entry(key).or_default();
                    *both = both.saturating_add(u64::from(*first_against && *second_against));
                    *all = all.saturating_add(1);
                }
            }
        }
        let pairs: Vec<(u64, u64)> =
            shared.values().copied().filter(|(_, all)| *all >= FEWEST_SHARED).collect();
        let usual = VaryingRate::fit(&pairs);
        let rate = |rater: usize| {
            let (hits, all) = self.counts.get(rater).copied().unwrap_or_default();
            (hits as f64 + 1.0) / (all as f64 + 2.0)
        };
        let mut groups = Groups::new(self.names.len());
        let mut worst = vec![0.0f64; self.names.len()];
        for ((first, second), (both, all)) in shared.iter().filter(|(_, (_, all))| *all >= FEWEST_SHARED) {
            let chance = rate(*first) * rate(*second);
            let ln = ln_binomial_tail(*all, chance, *both).max(usual.ln_tail(*all, *both));
            let log10 = ln / std::f64::consts::LN_10;
            if log10 + (pairs.len().max(1) as f64).log10() < -2.0 {
                groups.join(*first, *second);
                for rater in [first, second] {
                    if let Some(slot) = worst.get_mut(*rater) {
                        *slot = slot.min(log10);
                    }
                }
            }
        }
        let members = groups.members();
        self.rows(|rater, row| {
            let log10 = worst.get(rater).copied().filter(|log10| *log10 < 0.0)?;
            let is_against = self.against.get(row).copied().flatten().unwrap_or(false);
            let group = members.get(&groups.root(rater))?;
            let with = group.iter().filter(|other| **other != rater);
            let with =
                with.filter_map(|other| self.names.get(*other)).map(|name| (*name).to_owned()).collect();
            let judged = self.counts.get(rater).map_or(0, |(_, all)| *all) as f64;
            is_against.then(|| self.evidence(rater, with, judged * rate(rater), log10, pairs.len()))
        })
    }

    /// Whether a row goes against those of an item; a tie of the others is no answer.
    fn against_without(&self, item: &[(usize, bool)], row: usize) -> Option<bool> {
        let order = item.iter().find(|(other, _)| *other == row)?.1;
        let yes = item.iter().filter(|(_, other)| *other == order).count();
        let no = item.len().saturating_sub(yes);
        match yes.cmp(&no) {
            std::cmp::Ordering::Equal => None,
            larger => Some(larger.is_lt()),
        }
    }

    fn rows(&self, judge: impl Fn(usize, usize) -> Option<(f64, Evidence)>) -> Vec<Suspect> {
        self.of_row
            .iter()
            .enumerate()
            .filter_map(|(row, rater)| {
                let (score, evidence) = judge(*rater, row)?;
                (score > 0.0).then_some(Suspect { row, score, method: Method::CoordinatedRaters, evidence })
            })
            .collect()
    }

    fn evidence(
        &self,
        rater: usize,
        with: Vec<String>,
        expected: f64,
        log10: f64,
        tests: usize,
    ) -> (f64, Evidence) {
        let (against, judged) = self.counts.get(rater).copied().unwrap_or_default();
        let corrected = log10 + (tests.max(1) as f64).log10();
        let name = self.names.get(rater).copied().unwrap_or_default().to_owned();
        let p_value = 10f64.powf(corrected.min(0.0));
        (
            score_of_test(log10, tests),
            Evidence::Rater { rater: name, with, judged, against, expected, p_value },
        )
    }
}

/// Disjoint sets of raters.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&self, mut member: usize) -> usize {
        while let Some(above) = self.0.get(member).copied().filter(|above| *above != member) {
            member = above;
        }
        member
    }

    fn join(&mut self, first: usize, second: usize) {
        let (first, second) = (self.root(first), self.root(second));
        if let Some(slot) = self.0.get_mut(first.max(second)) {
            *slot = first.min(second);
        }
    }

    fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for member in 0..self.0.len() {
            members.entry(self.root(member)).or_default().push(member);
        }
        members
    }
}
