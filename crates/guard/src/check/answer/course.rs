//! One reading of an answer, step by step: [`Course`].

use super::Prepared;
use crate::check::stream::{Reader, Seen, Step, Tail};
use std::ops::Range;

/// One reading of an answer. What it holds counts from where it begins.
#[derive(Debug)]
pub(super) struct Course {
    /// Where it begins in the answer.
    begun: usize,
    /// Where else it goes on in the answer, if what it reads does not stand there in one piece.
    moved: Option<Box<Moved>>,
    readers: Vec<Open>,
    pub(super) tail: Tail,
    /// No reader has anything more to say about what stands before.
    settled: usize,
    /// The next step, when that is known and was not read.
    next: Option<Step>,
}

/// A reader, and the place before which it will find nothing more.
#[derive(Debug)]
struct Open {
    reader: Box<dyn Reader>,
    settled: usize,
}

/// Where the pieces of a reading stand in the answer.
#[derive(Debug, Clone, Default)]
struct Moved {
    /// From which place of the reading on, and where that is in the answer; behind the piece that it begins with.
    places: Vec<(usize, usize)>,
    beside: Vec<Beside>,
}

/// Where in the answer a finding is told, and what it takes in elsewhere.
pub(super) type Beside = (Range<usize>, Range<usize>);

impl Prepared {
    /// A reading that begins at a place.
    pub(super) fn course(&self, begun: usize, reads: impl Fn(&dyn Reader) -> bool) -> Course {
        let readers = self.readers.iter().filter(|reader| reads(&***reader));
        Course {
            begun,
            moved: None,
            readers: readers.map(|reader| Open { reader: reader.boxed(), settled: 0 }).collect(),
            tail: Tail::default(),
            settled: 0,
            next: None,
        }
    }
}

impl Course {
    /// Takes the next piece, which stands at a place of the answer.
    pub(super) fn take(&mut self, piece: &str, place: usize) {
        let end = self.tail.end();
        if self.in_answer(end) != place {
            self.moved.get_or_insert_default().places.push((end, place));
        }
        self.tail.push(piece);
    }

    /// Where the next step ends in the answer, when that is known.
    pub(super) fn next_end(&mut self) -> Option<usize> {
        if self.next.is_none() {
            self.next = self.tail.step();
        }
        self.next.map(|step| self.in_answer(step.end))
    }

    /// Lets every reader read the next step.
    pub(super) fn read_next(&mut self, seen: &mut Vec<Seen>) {
        if let Some(step) = self.next.take() {
            self.read(&step, false, seen);
        }
    }

    /// Lets every reader pass over words that are nothing to any of them, where some come next; whether there were any.
    pub(super) fn pass(&mut self) -> bool {
        if self.next.is_some() {
            return false;
        }
        let Some(first) = self.tail.calm() else { return false };
        let until = self.readers.iter().map(|open| open.reader.passes_until(&first)).min();
        let Some(stretch) = self.tail.stretch(first, until.unwrap_or(usize::MAX)) else { return false };
        let mut settled = stretch.end;
        for open in &mut self.readers {
            open.settled = open.reader.pass(&self.tail, &stretch).max(open.settled);
            settled = settled.min(open.settled);
        }
        self.settled = settled;
        true
    }

    /// Lets every reader read what is left.
    pub(super) fn finish(&mut self, seen: &mut Vec<Seen>) {
        while self.next_end().is_some() {
            self.read_next(seen);
        }
        let rest = self.tail.rest();
        self.read(&rest, true, seen);
    }

    fn read(&mut self, step: &Step, last: bool, seen: &mut Vec<Seen>) {
        let mut settled = step.end;
        let before = seen.len();
        for open in &mut self.readers {
            open.settled = open.reader.read(&self.tail, step, last, seen).max(open.settled);
            settled = settled.min(open.settled);
        }
        self.settled = settled;
        if self.begun > 0 || self.moved.is_some() {
            for one in seen.iter_mut().skip(before) {
                one.reason.span = self.told_at(one.reason.span.clone());
            }
        }
    }

    /// Where in the answer a finding is told that has this place in the reading: where it begins there.
    fn told_at(&mut self, span: Range<usize>) -> Range<usize> {
        let mut ranges = self.ranges(&span);
        ranges.sort_by_key(|range| range.start);
        let mut ranges = ranges.into_iter();
        let Some(first) = ranges.next() else {
            return self.in_answer(span.start)..self.in_answer(span.end);
        };
        if let Some(moved) = &mut self.moved {
            moved.beside.extend(ranges.map(|range| (first.clone(), range)));
        }
        first
    }

    /// What findings took in beside the piece in which they were told, since this was asked last.
    pub(super) fn beside(&mut self) -> Vec<Beside> {
        self.moved.as_mut().map(|moved| std::mem::take(&mut moved.beside)).unwrap_or_default()
    }

    /// Before which place of the answer nothing more is found.
    pub(super) fn settled(&self) -> usize {
        match &self.moved {
            None => self.begun.saturating_add(self.settled),
            Some(_) => self.holds_from(),
        }
    }

    /// Where in the answer the first of what is not settled stands; nowhere where all of it is.
    pub(super) fn holds_from(&self) -> usize {
        let ranges = self.ranges(&(self.settled..self.tail.end()));
        ranges.into_iter().map(|range| range.start).min().unwrap_or(usize::MAX)
    }

    /// Drops what lies well before a place of the answer.
    pub(super) fn forget(&mut self, released: usize) {
        let place = if self.moved.is_none() {
            released.saturating_sub(self.begun)
        } else {
            let end = self.tail.end();
            let left = self.pieces(end).filter(|(_, place)| *place <= released).last();
            left.map_or(0, |(own, place)| {
                own.start.saturating_add(released.saturating_sub(place)).min(own.end)
            })
        };
        self.tail.forget(place);
    }

    /// The same reading, to see what it would find if nothing followed, or something else.
    pub(super) fn fork(&self) -> Self {
        let open = |open: &Open| Open { reader: open.reader.boxed(), settled: open.settled };
        Self {
            begun: self.begun,
            moved: self.moved.clone(),
            readers: self.readers.iter().filter(|open| open.reader.rereads()).map(open).collect(),
            tail: self.tail.clone(),
            settled: self.settled,
            next: self.next,
        }
    }

    /// The pieces of the reading up to a place of it, and where in the answer each begins.
    fn pieces(&self, end: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
        let places = self.moved.iter().flat_map(|moved| moved.places.iter().copied());
        let all = std::iter::once((0, self.begun)).chain(places.clone());
        let ends = places.map(|(own, _)| own).chain([end]);
        all.zip(ends).map(|((own, place), end)| (own..end, place))
    }

    /// Where a place of the reading is in the answer.
    fn in_answer(&self, place: usize) -> usize {
        let moved = self.moved.iter().flat_map(|moved| moved.places.iter().rev());
        let (own, there) = moved.copied().find(|(own, _)| *own <= place).unwrap_or((0, self.begun));
        there.saturating_add(place.saturating_sub(own))
    }

    /// Where what has this place in the reading stands in the answer, piece by piece.
    fn ranges(&self, span: &Range<usize>) -> Vec<Range<usize>> {
        let all = self.pieces(usize::MAX).filter_map(|(own, place)| {
            let (start, end) = (own.start.max(span.start), own.end.min(span.end));
            let at = |here: usize| place.saturating_add(here.saturating_sub(own.start));
            (start < end).then(|| at(start)..at(end))
        });
        all.collect()
    }
}
