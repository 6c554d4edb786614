//! Texts of an answer that take turns: [`Turns`].
//!
//! What comes is read in three ways: as it comes, which is what whoever shows it at once sees; each text by itself, over its turns; and from
//! the end of each text on into those behind it in the order they began, as they are joined in the end.

use super::course::{Beside, Course};
use super::{Prepared, Release, ResponseJudge};
use crate::check::stream::Seen;

/// Most bytes that come while a text waits for its next turn, or its end for the text behind it; then it leaves as if it had ended, and is
/// read on all the same.
const PATIENCE: usize = 4 << 10;
/// How much of a text is read behind the one before it, in bytes: more than anything is held that is looked for.
const BEGINNING: usize = 4 << 10;
/// Most texts that are kept apart.
const MOST: usize = 64;
/// Most ends that are read on behind at once.
const MOST_ONWARD: usize = 8;

/// Texts that take turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those that are not complete, and those of which the beginning may be read behind another, by their numbers.
    texts: Vec<Text>,
    /// The number of the one under way.
    current: usize,
    onward: Vec<Onward>,
    /// Whether nothing more comes to any of them.
    is_last: bool,
}

/// One of them.
#[derive(Debug)]
struct Text {
    number: usize,
    /// Reads it by itself, while another has its turn.
    waiting: Option<Waiting>,
    /// What it begins with, piece by piece, and where each is in the answer.
    beginning: Vec<(usize, String)>,
    length: usize,
    complete: bool,
}

/// A reading that nothing comes to for now.
#[derive(Debug)]
struct Waiting {
    course: Course,
    /// Where in the answer it began to wait.
    since: usize,
    /// Whether what it is not sure of is held.
    holds: bool,
}

/// A reading that goes on from the end of a text.
#[derive(Debug)]
struct Onward {
    reading: Waiting,
    /// The number of the text at whose end it began.
    from: usize,
    /// The number of the text that it read last, or reads, and how many pieces of that it took.
    at: usize,
    taken: usize,
    /// How many bytes behind the end it still reads.
    left: usize,
    /// Whether that text was only taken to have ended there: it waited for too long.
    is_guess: bool,
    /// Whether it was read to its end where it is.
    has_ended: bool,
}

impl Onward {
    /// A reading from the end of a text, of whose own pieces so many were read.
    fn new(reading: Waiting, from: usize, taken: usize, is_guess: bool) -> Self {
        Self { reading, from, at: from, taken, left: BEGINNING, is_guess, has_ended: false }
    }

    /// What it finds if what it read ends here.
    fn end_here(&mut self, seen: &mut Vec<Seen>) -> Vec<Beside> {
        if std::mem::replace(&mut self.has_ended, true) {
            return Vec::new();
        }
        let mut ending = self.reading.course.fork();
        ending.finish(seen);
        ending.beside()
    }
}

impl Waiting {
    fn is_patient(&self, end: usize) -> bool {
        end.saturating_sub(self.since) <= PATIENCE
    }

    fn holds_from(&self) -> usize {
        if self.holds { self.course.holds_from() } else { usize::MAX }
    }
}

impl Turns {
    /// Whether another text can be kept apart.
    fn has_room_for(&self, number: usize) -> bool {
        self.texts.len() < MOST || self.texts.iter().any(|text| text.number == number)
    }

    /// The text of a number, which is new where it is higher than all before.
    fn text(&mut self, number: usize) -> Option<&mut Text> {
        let place = self.texts.partition_point(|text| text.number < number);
        if self.texts.get(place).is_none_or(|text| text.number != number) {
            let text = Text { number, waiting: None, beginning: Vec::new(), length: 0, complete: false };
            self.texts.insert(place, text);
        }
        self.texts.get_mut(place)
    }

    /// Takes in a piece of the text under way, which stands at a place of the answer.
    pub(super) fn take(&mut self, piece: &str, place: usize) {
        let current = self.current;
        if let Some(text) = self.text(current) {
            if text.length < BEGINNING {
                text.beginning.push((place, piece.to_owned()));
            }
            text.length = text.length.saturating_add(piece.len());
        }
        self.go_on();
    }

    /// Reads on behind ends, as far as what stands there has come.
    fn go_on(&mut self) {
        for one in &mut self.onward {
            let from = self.texts.partition_point(|text| text.number < one.at);
            for text in self.texts.iter().skip(from) {
                if text.number != one.at {
                    (one.at, one.taken) = (text.number, 0);
                }
                while let Some((place, piece)) = text.beginning.get(one.taken).filter(|_| one.left > 0) {
                    one.reading.course.take(piece, *place);
                    one.has_ended = false;
                    one.taken = one.taken.saturating_add(1);
                    one.left = one.left.saturating_sub(piece.len());
                }
                if text.number != one.from && text.length >= BEGINNING && one.taken >= text.beginning.len() {
                    one.left = 0;
                }
                let is_over = text.complete || one.is_guess && text.number == one.from;
                if !is_over || one.left == 0 {
                    break;
                }
            }
        }
    }

    /// A text is complete: its end is read on into what stands behind it. `end` is the end of the answer so far.
    pub(super) fn complete(
        &mut self,
        number: usize,
        course: Course,
        end: usize,
        seen: &mut Vec<Seen>,
    ) -> Vec<Beside> {
        let mut beside = Vec::new();
        if let Some(text) = self.text(number) {
            text.complete = true;
            // What it has of its own was read.
            let taken = text.beginning.len();
            let reading = Waiting { course, since: end, holds: true };
            let mut one = Onward::new(reading, number, taken, false);
            // By itself it is read to its end elsewhere.
            one.has_ended = true;
            self.onward.retain(|one| !one.is_guess || one.from != number || one.at != number);
            beside = self.read_onward(one, seen);
        }
        self.go_on();
        // Where nothing stands behind it so far, it leaves as the end of those before it.
        if let Some(last) = self.texts.last().filter(|text| text.complete) {
            for one in self.onward.iter_mut().filter(|one| one.at == last.number) {
                beside.extend(one.end_here(seen));
            }
        }
        self.clear();
        beside
    }

    /// Reads on from an end. Gives what is found beside where those that it takes the place of end.
    fn read_onward(&mut self, one: Onward, seen: &mut Vec<Seen>) -> Vec<Beside> {
        // Each reads all that comes: the oldest has read the most, and the answer as it comes is read besides.
        let mut beside = Vec::new();
        if self.onward.len() >= MOST_ONWARD && !self.is_last {
            beside = self.onward.remove(0).end_here(seen);
        }
        self.onward.push(one);
        beside
    }

    /// The numbers of those that are not complete, in their order; nothing comes to them any more.
    fn last(&mut self) -> Vec<usize> {
        self.is_last = true;
        self.texts.iter().filter(|text| !text.complete).map(|text| text.number).collect()
    }

    /// The number of the text under way.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Drops what is not read any more.
    pub(super) fn clear(&mut self) {
        self.onward.retain_mut(|one| one.left > 0 || one.reading.course.next_end().is_some());
        let first = self.onward.iter().map(|one| one.at).min().unwrap_or(usize::MAX);
        let open = self.texts.iter().find(|text| !text.complete).map_or(usize::MAX, |text| text.number);
        self.texts.retain(|text| text.number >= first.min(open));
    }

    /// The first place of the answer that is held by what is read here.
    pub(super) fn holds_from(&self) -> usize {
        let texts = self.texts.iter().filter_map(|text| text.waiting.as_ref());
        let all = texts.chain(self.onward.iter().map(|one| &one.reading));
        all.map(Waiting::holds_from).min().unwrap_or(usize::MAX)
    }

    /// Readings that something comes to.
    pub(super) fn reading(&mut self) -> impl Iterator<Item = &mut Course> {
        self.onward.iter_mut().map(|one| &mut one.reading.course)
    }

    /// Where findings stand beside the places that they are told at.
    pub(super) fn beside(&mut self) -> Vec<Beside> {
        let texts = self.texts.iter_mut().filter_map(|text| text.waiting.as_mut());
        let all = texts.chain(self.onward.iter_mut().map(|one| &mut one.reading));
        all.flat_map(|one| one.course.beside()).collect()
    }

    /// Reads what has waited too long as if it had ended, and on into what stands behind it.
    fn lose_patience(&mut self, end: usize, seen: &mut Vec<Seen>) -> Vec<Beside> {
        let (mut beside, mut ended) = (Vec::new(), Vec::new());
        for text in &mut self.texts {
            let (number, taken) = (text.number, text.beginning.len());
            let Some(one) = text.waiting.as_mut().filter(|one| one.holds && !one.is_patient(end)) else {
                continue;
            };
            one.holds = false;
            let mut ending = one.course.fork();
            ending.finish(seen);
            beside.extend(ending.beside());
            let reading = Waiting { course: one.course.fork(), since: end, holds: false };
            ended.push(Onward::new(reading, number, taken, true));
        }
        for one in ended {
            let number = one.from;
            // It leaves as the end of those before it, too.
            for before in self
                .onward
                .iter_mut()
                .filter(|before| before.at == number && !(before.is_guess && before.from == number))
            {
                beside.extend(before.end_here(seen));
            }
            self.onward.retain(|other| !other.is_guess || other.from != number);
            beside.extend(self.read_onward(one, seen));
            self.go_on();
            if let Some(one) = self.onward.last_mut().filter(|one| one.at != number) {
                beside.extend(one.end_here(seen));
            }
        }
        let last = self.texts.last().map_or(0, |text| text.number);
        for one in self.onward.iter_mut().filter(|one| one.reading.holds) {
            // Behind the last text another may never come.
            let is_last = one.at >= last && one.at != self.current;
            one.reading.holds = !is_last && one.reading.is_patient(end);
            // What it ends with may have left already.
            let waits = |text: &Text| {
                text.number == one.at && text.waiting.as_ref().is_some_and(|waiting| waiting.holds)
            };
            if !one.reading.holds && one.at != self.current && !self.texts.iter().any(waits) {
                beside.extend(one.end_here(seen));
            }
        }
        beside
    }

    /// Reads everything to its end.
    pub(super) fn finish(&mut self, seen: &mut Vec<Seen>) {
        for one in self.texts.iter_mut().filter_map(|text| text.waiting.as_mut()) {
            one.course.finish(seen);
        }
        for one in &mut self.onward {
            one.reading.course.finish(seen);
        }
    }
}

impl ResponseJudge {
    /// Says that from here on the text of a number has its turn; `from` is the number of the one that had it and is not complete. Numbers are
    /// those of the order in which texts began. Gives what may leave; nothing where more texts take turns than are kept apart.
    pub fn turn(&mut self, from: Option<usize>, to: usize) -> Option<Release> {
        let mut release = Release::default();
        if self.ended {
            return Some(release);
        }
        let end = self.whole.tail.end();
        let (is_first, follows) = (self.turns.is_none(), self.alone.is_some());
        let turns = self.turns.get_or_insert_default();
        if !turns.has_room_for(to) || from.is_some_and(|from| !turns.has_room_for(from)) {
            return None;
        }
        self.twice = true;
        if let Some(text) = from.and_then(|from| turns.text(from)) {
            let course = self.alone.take().unwrap_or_else(|| self.whole.fork());
            text.waiting = Some(Waiting { course, since: end, holds: true });
            self.seams.push_back(end);
        }
        // The texts before it, which came one behind the other, are read on into it where it goes on.
        if let Some(at) = from.filter(|_| is_first && follows) {
            let reading = Waiting { course: self.whole.fork(), since: end, holds: true };
            turns.onward.push(Onward::new(reading, at, 0, false));
        }
        turns.current = to;
        // It goes on: what was taken for its end is none.
        turns.onward.retain(|one| !one.is_guess || one.at != to || one.from != to);
        let waiting = turns.text(to).and_then(|text| text.waiting.take());
        let fresh = || Prepared::course(&self.prepared, end, |reader| reader.rereads());
        self.alone = Some(waiting.map_or_else(fresh, |waiting| waiting.course));
        self.release(self.whole.tail.floor(self.settled()), &mut release);
        Some(release)
    }

    /// Says that a text that waits for its turn is complete, and gives what may leave.
    pub fn close(&mut self, number: usize) -> Release {
        let mut release = Release::default();
        if !self.ended {
            self.close_text(number, &mut release);
        }
        release
    }

    /// Closes every text that is not complete, in their order, where no more comes to any of them.
    pub(super) fn close_all(&mut self, release: &mut Release) {
        for number in self.turns.as_mut().map(|turns| turns.last()).unwrap_or_default() {
            if !self.ended {
                self.close_text(number, release);
            }
        }
    }

    fn close_text(&mut self, number: usize, release: &mut Release) {
        let (before, end) = (self.settled(), self.whole.tail.end());
        let Some(turns) = &mut self.turns else { return };
        let waiting = turns.text(number).and_then(|text| text.waiting.take()).map(|waiting| waiting.course);
        let under_way = || if number == turns.current { self.alone.take() } else { None };
        let Some(course) = waiting.or_else(under_way) else { return };
        let (mut ending, mut seen) = (course.fork(), Vec::new());
        ending.finish(&mut seen);
        let mut beside = ending.beside();
        beside.extend(turns.complete(number, course, end, &mut seen));
        self.take_beside(beside, &seen);
        self.found(seen, before, false, release);
        self.read_steps(release);
        if !self.ended {
            self.release(self.whole.tail.floor(self.settled()), release);
        }
    }

    /// What comes while texts take turns.
    pub(super) fn by_turns(&mut self, place: usize, delta: &str, release: &mut Release) {
        let before = self.settled();
        let end = place.saturating_add(delta.len());
        let Some(turns) = &mut self.turns else { return };
        turns.take(delta, place);
        let mut seen = Vec::new();
        let beside = turns.lose_patience(end, &mut seen);
        self.take_beside(beside, &seen);
        self.found(seen, before, false, release);
    }
}
