//! What was unpacked so far, as far back as matches reach, and the way out of it through the filters.

use super::filter::Filter;
use std::collections::VecDeque;

/// Bytes of output gathered before some are handed on.
const STEP: u64 = 256 << 10;
/// Longest block that a filter may cover, in bytes (`MAX_FILTER_BLOCK_SIZE` of unrar).
pub(super) const BLOCK: u64 = 4 << 20;
/// Most filters that wait for their block (`MAX_UNPACK_FILTERS` of unrar).
const MOST_FILTERS: usize = 8192;
/// Farthest that matches reach here, in bytes. RAR itself allows more; what reaches farther is not unpacked.
const FARTHEST: usize = 128 << 20;

/// A filter and the bytes of output it covers.
struct Covered {
    filter: Filter,
    start: u64,
    length: u64,
}

/// Why unpacking stops early, as the end of a sentence.
pub(super) type Broken = &'static str;

/// The bytes unpacked, in a ring that grows with them.
pub(super) struct Window {
    ring: Vec<u8>,
    capacity: usize,
    /// Bytes unpacked, those of earlier members of a solid archive included.
    written: u64,
    /// Bytes handed on.
    flushed: u64,
    /// Where the current member begins.
    begun: u64,
    filters: VecDeque<Covered>,
}

impl Window {
    /// A window for matches that reach back `dictionary` bytes.
    pub(super) fn new(dictionary: u64) -> Self {
        let reach = usize::try_from(dictionary).unwrap_or(usize::MAX).clamp(1 << 16, FARTHEST);
        // Room for blocks that wait for their filter, besides what matches reach.
        let room = usize::try_from(BLOCK.saturating_add(STEP.saturating_mul(4))).unwrap_or(usize::MAX);
        Self {
            ring: Vec::new(),
            capacity: reach.saturating_add(room),
            written: 0,
            flushed: 0,
            begun: 0,
            filters: VecDeque::new(),
        }
    }

    /// Begins the next member; what the one before left is no longer wanted.
    pub(super) fn begin(&mut self) {
        self.flushed = self.written;
        self.begun = self.written;
        self.filters.clear();
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether enough waits to hand some of it on. A block that waits for its filter may wait on.
    pub(super) fn is_full(&self) -> bool {
        let waiting = self.written.saturating_sub(self.flushed);
        let held =
            self.filters.front().filter(|first| first.start <= self.flushed).map_or(0, |first| first.length);
        waiting >= STEP.max(held)
    }

    pub(super) fn push(&mut self, byte: u8) {
        if self.ring.len() < self.capacity {
            self.ring.push(byte);
        } else {
            let at = self.place(self.written);
            if let Some(place) = self.ring.get_mut(at) {
                *place = byte;
            }
        }
        self.written = self.written.saturating_add(1);
    }

    /// Repeats `length` bytes from `distance` back. Before the first byte there are zeros, as in unrar.
    pub(super) fn copy(&mut self, distance: u64, length: u64) -> Result<(), Broken> {
        let reach = self.capacity as u64;
        if distance > reach && self.written > reach {
            return Err("a match reaches back farther than is unpacked here");
        }
        for _ in 0..length {
            let byte = self.written.checked_sub(distance).map_or(0, |from| self.at(from));
            self.push(byte);
        }
        Ok(())
    }

    /// Puts `filter` on `length` bytes from `ahead` bytes further on.
    pub(super) fn filter(&mut self, filter: Filter, ahead: u64, length: u64) -> Result<(), Broken> {
        if length > BLOCK || self.filters.len() >= MOST_FILTERS {
            return Err("a filter covers more than RAR lets it");
        }
        let start = self.written.saturating_add(ahead);
        if length > 0 && start >= self.filters.back().map_or(0, |last| last.start) {
            self.filters.push_back(Covered { filter, start, length });
        }
        Ok(())
    }

    /// Moves what is ready to `output`; all that there is, filters or not, if it `is_end`.
    pub(super) fn flush(&mut self, is_end: bool, output: &mut Vec<u8>) {
        while self.flushed < self.written {
            let Some(first) = self.filters.front() else {
                self.give(self.written, output);
                return;
            };
            let (start, length) = (first.start, first.length);
            let end = start.saturating_add(length);
            if start > self.flushed {
                self.give(start.min(self.written), output);
            } else if start < self.flushed {
                self.filters.pop_front();
            } else if end <= self.written {
                let mut block = Vec::new();
                let offset = start.saturating_sub(self.begun);
                self.give(end, &mut block);
                // Filters on the same block follow one another.
                while let Some(next) =
                    self.filters.front().filter(|next| (next.start, next.length) == (start, length))
                {
                    next.filter.undo(&mut block, offset);
                    self.filters.pop_front();
                }
                output.append(&mut block);
            } else if is_end {
                self.give(self.written, output);
                return;
            } else {
                return;
            }
        }
    }

    fn give(&mut self, end: u64, output: &mut Vec<u8>) {
        while self.flushed < end {
            let from = self.place(self.flushed);
            let wanted = usize::try_from(end.saturating_sub(self.flushed)).unwrap_or(usize::MAX);
            let Some(piece) = self.ring.get(from..).map(|rest| rest.get(..wanted).unwrap_or(rest)) else {
                return;
            };
            if piece.is_empty() {
                return;
            }
            output.extend_from_slice(piece);
            self.flushed = self.flushed.saturating_add(piece.len() as u64);
        }
    }

    fn at(&self, position: u64) -> u8 {
        self.ring.get(self.place(position)).copied().unwrap_or(0)
    }

    fn place(&self, position: u64) -> usize {
        usize::try_from(position.checked_rem(self.capacity as u64).unwrap_or(0)).unwrap_or(0)
    }
}
