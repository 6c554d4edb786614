//! Topics in an answer while it streams. Phrases of lists are waited for; a classifier needs words to tell a topic by, and ends the
//! stream once they are there: what left before is gone.

use super::ban::{Ban, How, Topics};
use super::features::{Reading, WINDOW};
use crate::check::policy::Mode;
use crate::check::stream::{Reader, Seen, Step, Tail};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Words after which a window is looked at again.
const EVERY: usize = 16;
/// Fewest words that are looked at before the answer ends.
const FEWEST: usize = 32;

/// Reads an answer.
#[derive(Debug, Clone)]
pub(super) struct TopicReader {
    topics: Arc<Topics>,
    /// Folded text in which a phrase may still end.
    folded: String,
    /// For each byte of it where it stands in the answer, and the end.
    places: Vec<usize>,
    /// The last words: where they stand, and what they weigh for each classifier.
    words: VecDeque<(Range<usize>, Vec<f64>)>,
    /// How many words there were.
    count: usize,
    /// Hash of the last one.
    before: Option<u64>,
    /// Whether each topic was told of.
    told: Vec<bool>,
}

impl TopicReader {
    /// A reader of an answer by topics that are banned there.
    pub(super) fn new(topics: &Arc<Topics>) -> Self {
        Self {
            told: vec![false; topics.bans.len()],
            topics: Arc::clone(topics),
            folded: String::new(),
            places: Vec::new(),
            words: VecDeque::new(),
            count: 0,
            before: None,
        }
    }

    /// Takes folded text and looks for phrases that end in it.
    fn phrases(&mut self, reading: &Reading, step: &Step, seen: &mut Vec<Seen>) {
        let Some(phrases) = &self.topics.phrases else { return };
        let known = self.folded.len();
        let canonical = reading.canonical();
        self.folded.push_str(canonical.text());
        let place = |byte| step.start.saturating_add(canonical.origin(byte)).min(step.end);
        self.places.extend((0..canonical.text().len()).map(place));
        let end_of = |byte: usize| self.places.get(byte).copied().unwrap_or(step.end);
        phrases.each(&self.folded, |found| {
            let Some(ban) = self.topics.bans.get(found.topic).filter(|ban| ban.policy.answers) else {
                return;
            };
            let Some(told) = self.told.get_mut(found.topic).filter(|told| !**told) else { return };
            if found.span.end <= known {
                return;
            }
            *told = true;
            let span = end_of(found.span.start)..end_of(found.span.end);
            seen.push(Seen {
                reason: ban.reason(&How::Listed, "answer", String::new(), span),
                replacement: None,
            });
        });
        let kept = self.folded.floor_char_boundary(self.folded.len().saturating_sub(phrases.longest));
        // A character before it says whether a word goes on.
        let kept = self.folded.floor_char_boundary(kept.saturating_sub(1));
        self.folded.drain(..kept);
        self.places.drain(..kept.min(self.places.len()));
    }

    /// Takes words and looks at the window that ends with them.
    fn windows(&mut self, reading: &Reading, step: &Step, last: bool, seen: &mut Vec<Seen>) {
        let topics = Arc::clone(&self.topics);
        for number in 0..reading.len() {
            let weights = topics.bans.iter().filter_map(|ban| ban.by.as_ref());
            let weights = weights.map(|by| by.model.of_word(reading, number, self.before)).collect();
            let span = reading.span(&(number..number.saturating_add(1)));
            let span =
                step.start.saturating_add(span.start)..step.start.saturating_add(span.end).min(step.end);
            self.words.push_back((span, weights));
            if self.words.len() > WINDOW {
                self.words.pop_front();
            }
            self.count = self.count.saturating_add(1);
            if self.count >= FEWEST && self.count.is_multiple_of(EVERY) {
                self.window(seen);
            }
        }
        self.before = reading.last().or(self.before);
        if last && self.count > 0 {
            self.window(seen);
        }
    }

    fn window(&mut self, seen: &mut Vec<Seen>) {
        let (Some((first, _)), Some((end, _))) = (self.words.front(), self.words.back()) else { return };
        let span = first.start..end.end;
        let mut model = 0_usize;
        for (ban, told) in self.topics.bans.iter().zip(&mut self.told) {
            let Some(by) = &ban.by else { continue };
            let steps = self.words.iter().filter_map(|(_, weights)| weights.get(model)).sum();
            model = model.saturating_add(1);
            let margin = by.model.margin(steps, self.words.len());
            if margin < by.from || *told || !ban.policy.answers {
                continue;
            }
            *told = true;
            let how = How::Learnt { score: by.model.probability(margin), words: Vec::new() };
            seen.push(Seen {
                reason: ban.reason(&how, "answer", String::new(), span.clone()),
                replacement: None,
            });
        }
    }
}

impl Reader for TopicReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let reading = Reading::of(tail.word(step));
        self.phrases(&reading, step, seen);
        self.windows(&reading, step, last, seen);
        let waits = !last && self.topics.bans.iter().any(Ban::waits);
        let begun = self.topics.phrases.as_ref().filter(|_| waits).and_then(|all| all.begun(&self.folded));
        begun.and_then(|at| self.places.get(at)).copied().unwrap_or(step.end)
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

impl Ban {
    /// Whether an answer waits for what may still become one of its phrases.
    fn waits(&self) -> bool {
        self.policy.answers && self.policy.mode == Mode::Block && !self.policy.words.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::train::tests::trained;
    use crate::check::answer::tests::{answer, streamed};
    use crate::check::checks::tests::exchange;
    use crate::check::{Checks, Session};

    const LIST: &str =
        "[[topics]]\nname = 'gaming'\nwords = ['roulette', 'card game', '赌博']\nanswers = true";

    #[test]
    fn a_phrase_ends_the_answer_before_it_and_part_of_one_is_let_go() {
        let (out, _, blocked) = answer(LIST, "It is a card trick and then a CARD\n game, no more");
        assert_eq!(out, "It is a card trick and then a ");
        assert_eq!(blocked.map(|one| (one.label, one.span)), Some(("gaming".to_owned(), 30..40)));
        let (out, reasons, blocked) = answer(LIST, "The scorecard game of roulettes");
        assert_eq!((out.as_str(), reasons.len(), blocked), ("The scorecard game of roulettes", 0, None));
        assert_eq!(answer(LIST, "我喜欢赌博吗").0, "我喜欢");
        let (out, reasons, _) = answer(&format!("{LIST}\nmode = 'flag'"), "a card game, a card game");
        assert_eq!((out.as_str(), reasons.len()), ("a card game, a card game", 1));
        assert_eq!(answer(&LIST.replace("true", "false"), "a card game").2, None);
    }

    fn learnt() -> Checks {
        let policy = toml::from_str("[[topics]]\nname = 'gaming'\nmodel = 'x'\nanswers = true").unwrap();
        let file = trained().write();
        Checks::new(&policy, &move |_| Ok(file.clone())).unwrap()
    }

    #[test]
    fn an_answer_that_turns_to_the_topic_is_ended_there() {
        let checks = learnt();
        let judged = |text: &str, cuts: &[usize]| {
            let mut judge = checks.answer(&exchange(&[]), &Session::new([0; 32]));
            streamed(&mut judge, text, cuts)
        };
        let harmless =
            "First cook the soup, season it, bake the bread and serve the salad for friends. ".repeat(4);
        let (out, reasons, blocked) = judged(&harmless, &[]);
        assert_eq!((out.as_str(), reasons, blocked), (harmless.as_str(), vec![], None));
        let turned =
            "Then bet on roulette, play poker, wager at blackjack and win against baccarat. ".repeat(12);
        let text = format!("{harmless}{turned}");
        let (out, reasons, blocked) = judged(&text, &[]);
        assert!(out.len() > harmless.len() && out.len() < text.len() - turned.len() / 4, "{}", out.len());
        let every: Vec<usize> = (0..text.len()).step_by(3).collect();
        assert_eq!((out, reasons, blocked.clone()), judged(&text, &every));
        assert_eq!(blocked.map(|one| one.label), Some("gaming".to_owned()));
        // A short answer is judged when it ends.
        assert!(judged("Play poker, bet on roulette, win against blackjack", &[]).2.is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_cut_changes_what_is_told(
            picked in proptest::collection::vec(0..9_usize, 0..40),
            mut cuts in proptest::collection::vec(0..300_usize, 0..8),
        ) {
            const PIECES: [&str; 9] =
                ["card ", "game ", "card\n", "rou", "lette ", "赌", "博", "é", "the wheel, "];
            let text: String = picked.iter().map(|at| PIECES[*at]).collect();
            cuts.sort_unstable();
            let judged = |cuts: &[usize]| {
                let checks = crate::check::checks::tests::checks(LIST);
                let mut judge = checks.answer(&exchange(&[]), &Session::new([0; 32]));
                streamed(&mut judge, &text, cuts)
            };
            proptest::prop_assert_eq!(judged(&[]), judged(&cuts));
        }
    }
}
