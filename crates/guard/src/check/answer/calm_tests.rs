//! What is passed over at once is judged as it is word by word.

use super::Prepared;
use crate::check::checks::tests::{checks, exchange};
use crate::check::stream::{Reader, Seen, Step, Tail};
use crate::check::{Checks, Release, Session};
use std::sync::{Arc, LazyLock};

/// Finds nothing and passes over nothing: the others are asked about every word.
#[derive(Debug, Clone)]
struct WordByWord;

impl Reader for WordByWord {
    fn read(&mut self, _: &Tail, step: &Step, _: bool, _: &mut Vec<Seen>) -> usize {
        step.end
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

const PIECES: &[&str] = &[
    "The harbour was quiet that morning, and the ferry left late. ",
    "is it so? (No; nobody knows): ",
    "word ",
    "of ",
    "DE ",
    "To B A ",
    "a ",
    "gh ",
    "\n",
    "\n\n",
    "12 ",
    "ab.cd. ",
    "abcde. ",
    "x ",
    "4111 1111 1111 1111 ",
    "IBAN DE89 3704 0044 0532 0130 00 ",
    "g h p _ x 7 K d 2 Q x 9 L m 4 Z t 8 R v 3 B n 6 W c 5 Y p 1 H s 0 G f E u j I o ",
    "ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo ",
    "my password is correcthorsebattery ",
    "-----BEGIN PRIVATE KEY----- ",
    "jo@example.org ",
    "<img src=x ",
    "onerror=alert(1)>",
    "![a b](",
    "[the way](https://a.example/ ",
    ")",
    "```",
    "`",
    "rm -rf / ",
    "rm ",
    "x=rm ",
    "$x -rf / ",
    "thermodynamically ",
    "\u{e9}t\u{e9} ",
    "\u{65e5}\u{672c}",
    "  ",
    "\t",
];

static POLICIES: LazyLock<[Checks; 3]> = LazyLock::new(|| {
    [
        "",
        "[personal-data]\noutput = 'redact'\n[markup]\nfenced = true\n[code]\nserious = 'flag'\n[links]\nimages = 'redact'",
        "[personal-data]\noutput = 'block'\n[markup]\nmode = 'block'\n[code]\ngrave = 'block'\nserious = 'block'",
    ]
    .map(checks)
});

/// All that leaves, piece by piece, by the readers of a policy.
fn releases(prepared: &Arc<Prepared>, text: &str, cuts: &[usize]) -> Vec<Release> {
    let (mut judge, mut at, mut all) = (prepared.judge(), 0, Vec::new());
    for cut in cuts {
        let cut = text.floor_char_boundary((*cut).min(text.len())).max(at);
        all.push(judge.push(&text[at..cut]));
        at = cut;
    }
    all.push(judge.push(&text[at..]));
    all.push(judge.finish());
    all
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
    #[test]
    fn words_passed_over_at_once_are_judged_as_they_are_one_by_one(
        picked in proptest::collection::vec((0..PIECES.len(), proptest::bool::weighted(0.02)), 0..24),
        mut cuts in proptest::collection::vec(0..900_usize, 0..6),
        which in 0..3_usize,
    ) {
        // Now and then a line is longer than what is judged of it at once.
        let text: String =
            picked.iter().map(|(at, many)| PIECES[*at].repeat(if *many { 90 } else { 1 })).collect();
        cuts.sort_unstable();
        let fast = POLICIES[which].prepared(&exchange(&[]), &Session::new([0; 32]));
        let mut readers: Vec<_> = fast.readers.iter().map(|reader| reader.boxed()).collect();
        readers.push(Box::new(WordByWord));
        let slow = Arc::new(Prepared { readers, callers: Vec::new(), values: fast.values.clone() });
        proptest::prop_assert_eq!(releases(&fast, &text, &cuts), releases(&slow, &text, &cuts));
    }
}
