//! Whether a text matches a pattern, by an automaton whose every step is one look into a table.
//!
//! A pattern of a suite is asked of every row, mostly of short values, where the search for the place of a match costs more than
//! the match. Here the pattern becomes a nondeterministic automaton over the bytes of UTF-8 (K. Thompson, 1968) and that a
//! deterministic one, of at most [`MOST_STATES`] states; four texts are read side by side, because each step waits for the one
//! before. A pattern that is larger, or asks for more than the ends of the text, has none, and is searched for by `regex`.

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use regex_syntax::utf8::Utf8Sequences;
use std::collections::HashMap;

/// Most states: a state and a byte are the place in the table.
const MOST_STATES: usize = 256;
/// Most nodes of the nondeterministic automaton.
const MOST_NODES: usize = 1_000;
/// Texts read side by side.
const LANES: usize = 4;
/// Places in the table: 256 for each state.
const PLACES: usize = MOST_STATES << 8;
/// The state that no text leaves to match, and the one that every text leaves matching; a state is where its places begin.
const DEAD: u16 = 0;
const MATCHED: u16 = 1 << 8;

/// A pattern as a table.
#[derive(Clone)]
pub(crate) struct Automaton {
    /// The next state by state and byte.
    next: Box<[u16; PLACES]>,
    /// Whether a text that ends in a state matches, by its number.
    accepts: [bool; MOST_STATES],
    start: u16,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Automaton").finish_non_exhaustive()
    }
}

impl Automaton {
    /// The automaton of a pattern as `regex::Regex` reads it; `None` when it is no pattern or has none of this kind.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
        let mut nodes = Nodes::default();
        let matched = nodes.add(Node::Match)?;
        let begin = nodes.compile(&hir, matched)?;
        nodes.determined(begin)
    }

    /// For each of `count` texts, whether it matches.
    pub(crate) fn matches<'a>(&self, count: usize, text: impl Fn(usize) -> &'a str) -> Vec<bool> {
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            let place = found.len();
            let at = |lane: usize| {
                let place = place.saturating_add(lane);
                if place < count { text(place).as_bytes() } else { &[] }
            };
            let texts: [&[u8]; LANES] = std::array::from_fn(at);
            let states = self.side_by_side(texts);
            let left = count.saturating_sub(place).min(LANES);
            found.extend(states.iter().take(left).map(|state| self.accepts(*state)));
        }
        found
    }

    fn side_by_side(&self, texts: [&[u8]; LANES]) -> [u16; LANES] {
        let [one, two, three, four] = texts;
        let shortest = texts.iter().map(|text| text.len()).min().unwrap_or(0);
        let [mut a, mut b, mut c, mut d] = [self.start; LANES];
        for (((w, x), y), z) in one.iter().zip(two).zip(three).zip(four) {
            a = self.step(a, *w);
            b = self.step(b, *x);
            c = self.step(c, *y);
            d = self.step(d, *z);
        }
        let rest = |state: u16, text: &[u8]| self.rest(state, text.get(shortest..).unwrap_or_default());
        [rest(a, one), rest(b, two), rest(c, three), rest(d, four)]
    }

    fn rest(&self, mut state: u16, text: &[u8]) -> u16 {
        for byte in text {
            if state <= MATCHED {
                break;
            }
            state = self.step(state, *byte);
        }
        state
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "two bytes are a place in a table of 65,536; a checked look costs a fifth of the step"
    )]
    fn step(&self, state: u16, byte: u8) -> u16 {
        self.next[usize::from(state | u16::from(byte))]
    }

    fn accepts(&self, state: u16) -> bool {
        self.accepts.get(usize::from(state >> 8)).copied().unwrap_or(false)
    }
}

/// A node of the nondeterministic automaton.
#[derive(Debug)]
enum Node {
    /// A byte of this range leads on.
    Range {
        low: u8,
        high: u8,
        next: usize,
    },
    /// Every one of these is reached without a byte.
    Any(Vec<usize>),
    /// Reached on where the text begins.
    Begin(usize),
    /// Reached on where the text ends.
    End(usize),
    Match,
}

#[derive(Debug, Default)]
struct Nodes {
    all: Vec<Node>,
}

impl Nodes {
    fn add(&mut self, node: Node) -> Option<usize> {
        let place = self.all.len();
        self.all.push(node);
        (place < MOST_NODES).then_some(place)
    }

    /// The node from which `hir` leads to `next`. Depth is bounded by that of the parser.
    fn compile(&mut self, hir: &Hir, next: usize) -> Option<usize> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => literal
                .0
                .iter()
                .rev()
                .try_fold(next, |next, byte| self.add(Node::Range { low: *byte, high: *byte, next })),
            HirKind::Class(Class::Bytes(class)) => {
                let mut ways = Vec::new();
                for range in class.ranges() {
                    ways.push(self.add(Node::Range { low: range.start(), high: range.end(), next })?);
                }
                self.add(Node::Any(ways))
            }
            HirKind::Class(Class::Unicode(class)) => {
                let mut ways = Vec::new();
                for range in class.ranges() {
                    for sequence in Utf8Sequences::new(range.start(), range.end()) {
                        let way = sequence.as_slice().iter().rev().try_fold(next, |next, range| {
                            self.add(Node::Range { low: range.start, high: range.end, next })
                        });
                        ways.push(way?);
                    }
                }
                self.add(Node::Any(ways))
            }
            HirKind::Look(Look::Start) => self.add(Node::Begin(next)),
            HirKind::Look(Look::End) => self.add(Node::End(next)),
            HirKind::Look(_) => None,
            HirKind::Repetition(repeated) => {
                let mut next = next;
                match repeated.max {
                    None => {
                        let turn = self.add(Node::Any(Vec::new()))?;
                        let body = self.compile(&repeated.sub, turn)?;
                        if let Some(Node::Any(ways)) = self.all.get_mut(turn) {
                            ways.extend([body, next]);
                        }
                        next = turn;
                    }
                    Some(most) => {
                        let end = next;
                        for _ in repeated.min..most {
                            let body = self.compile(&repeated.sub, next)?;
                            next = self.add(Node::Any(vec![body, end]))?;
                        }
                    }
                }
                for _ in 0..repeated.min {
                    let before = self.all.len();
                    next = self.compile(&repeated.sub, next)?;
                    if self.all.len() == before {
                        // What is repeated takes no node: once is as good as often.
                        break;
                    }
                }
                Some(next)
            }
            HirKind::Capture(capture) => self.compile(&capture.sub, next),
            HirKind::Concat(parts) => {
                parts.iter().rev().try_fold(next, |next, part| self.compile(part, next))
            }
            HirKind::Alternation(parts) => {
                let mut ways = Vec::new();
                for part in parts {
                    ways.push(self.compile(part, next)?);
                }
                self.add(Node::Any(ways))
            }
        }
    }

    /// The nodes reached from `from` without a byte: sorted, those that only lead on left out.
    fn reached(&self, from: Vec<usize>, begins: bool, ends: bool) -> Vec<usize> {
        let mut seen = vec![false; self.all.len()];
        let mut open = from;
        let mut found = Vec::new();
        while let Some(place) = open.pop() {
            let Some(before) = seen.get_mut(place) else { continue };
            if std::mem::replace(before, true) {
                continue;
            }
            match self.all.get(place) {
                Some(Node::Any(ways)) => open.extend(ways),
                Some(Node::Begin(next)) if begins => open.push(*next),
                Some(Node::End(next)) if ends => open.push(*next),
                Some(Node::Begin(_)) | None => {}
                Some(Node::Range { .. } | Node::End(_) | Node::Match) => found.push(place),
            }
        }
        found.sort_unstable();
        found
    }

    fn is_matched(&self, reached: &[usize]) -> bool {
        reached.iter().any(|place| matches!(self.all.get(*place), Some(Node::Match)))
    }

    /// The deterministic automaton that asks whether there is a match anywhere.
    fn determined(&self, begin: usize) -> Option<Automaton> {
        let mut automaton = Automaton {
            next: vec![DEAD; PLACES].into_boxed_slice().try_into().ok()?,
            accepts: [false; MOST_STATES],
            start: 2 << 8,
        };
        *automaton.accepts.get_mut(1)? = true;
        if let Some(row) = automaton.next.get_mut(256..512) {
            row.fill(MATCHED);
        }
        // States in order of their numbers; the first has read nothing, which no other has.
        let mut states = vec![self.reached(vec![begin], true, false)];
        let mut known: HashMap<Vec<usize>, u16> = HashMap::new();
        let mut done = 0_usize;
        while let Some(state) = states.get(done).cloned() {
            let number = done.checked_add(2)?;
            let first = done == 0;
            done = done.saturating_add(1);
            if first && self.is_matched(&state) {
                automaton.start = MATCHED;
                return Some(automaton);
            }
            let ended = self.reached(if first { vec![begin] } else { state.clone() }, first, true);
            *automaton.accepts.get_mut(number)? = self.is_matched(&ended);
            let mut before: Option<(Vec<usize>, u16)> = None;
            for byte in 0..=u8::MAX {
                let onward = state.iter().filter_map(|place| match self.all.get(*place) {
                    Some(Node::Range { low, high, next }) if (*low..=*high).contains(&byte) => Some(*next),
                    _ => None,
                });
                let onward: Vec<usize> = onward.chain([begin]).collect();
                let to = match &before {
                    // Neighbouring bytes mostly lead to the same.
                    Some((same, to)) if *same == onward => *to,
                    _ => {
                        let reached = self.reached(onward.clone(), false, false);
                        let to = if self.is_matched(&reached) {
                            MATCHED
                        } else if reached.is_empty() {
                            DEAD
                        } else if let Some(known) = known.get(&reached) {
                            *known
                        } else {
                            let fresh = u16::from(u8::try_from(states.len().checked_add(2)?).ok()?) << 8;
                            known.insert(reached.clone(), fresh);
                            states.push(reached);
                            fresh
                        };
                        before = Some((onward, to));
                        to
                    }
                };
                *automaton.next.get_mut(number.checked_mul(256)?.checked_add(usize::from(byte))?)? = to;
            }
        }
        Some(automaton)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    #[test]
    fn patterns_of_suites_have_an_automaton_and_those_beyond_it_have_none() {
        for pattern in
            [r"^[a-z0-9]+@example\.org$", "^C[0-9]{3}$", "", "a|b", ".*x", "(?i)select", "^$", "é+"]
        {
            assert!(Automaton::of(pattern).is_some(), "{pattern}");
        }
        for pattern in [r"\bword\b", "(?m)^a$", r"^\w{3,80}$", "(", "a{900}b{900}"] {
            assert!(Automaton::of(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn empty_texts_and_ends_are_judged() {
        let judged = |pattern: &str| {
            Automaton::of(pattern).unwrap().matches(6, |at| ["", "a", "ab", "b\n", "aé", "é"][at])
        };
        assert_eq!(judged("^$"), [true, false, false, false, false, false]);
        assert_eq!(judged("$^"), [true, false, false, false, false, false]);
        assert_eq!(judged("b$"), [false, false, true, false, false, false]);
        assert_eq!(judged("^.$"), [false, true, false, false, false, true]);
        assert_eq!(judged("^a|é$"), [false, true, true, false, true, true]);
        assert_eq!(judged("()*"), [true; 6]);
    }

    /// Patterns over few letters, so that texts over the same letters match often.
    fn patterns() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "a", "b", "é", "[ab]", "[^a]", ".", "^", "$", "(?i)A", "[a-zß]", r"\d", "x?",
        ]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                prop::collection::vec(inner.clone(), 1..4)
                    .prop_map(|parts| format!("(?:{})", parts.join("|"))),
                (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "{0}", "{2,}"]))
                    .prop_map(|(part, times)| format!("(?:{part}){times}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_automaton_answers_as_the_regular_expression(
            pattern in patterns(),
            texts in prop::collection::vec("[abAé1x\nß]{0,6}", 1..9),
        ) {
            if let Some(automaton) = Automaton::of(&pattern) {
                let regex = Regex::new(&pattern).unwrap();
                let expected: Vec<bool> = texts.iter().map(|text| regex.is_match(text)).collect();
                prop_assert_eq!(automaton.matches(texts.len(), |at| &texts[at]), expected, "{}", pattern);
            }
        }
    }
}
