//! Unpacking of members, one after another as solid archives need it, handed on as a stream.

use super::version_3;
use super::version_5;
use super::window::{Broken, Window};
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes behind the announced end of a member that are unpacked for the sake of the next one.
const SURPLUS: u64 = 1 << 20;

/// How a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packing {
    /// The version whose packing it is: 3 or 5.
    pub(super) version: u8,
    /// How far matches reach back, in bytes.
    pub(super) dictionary: u64,
    /// Bytes it unpacks to; `None` if the header does not say.
    pub(super) size: Option<u64>,
    /// CRC-32 of these, if the header says.
    pub(super) crc32: Option<u32>,
    /// Whether it goes on from the member before.
    pub(super) is_solid: bool,
}

/// What members of a solid archive leave to the next.
pub(super) struct Chain {
    window: Window,
    state: State,
}

enum State {
    Three(version_3::State),
    Five(version_5::State),
}

enum Unpacking<'a> {
    Three(version_3::Unpacking<'a>),
    Five(version_5::Unpacking<'a>),
}

impl Chain {
    /// A chain that begins with a member of this packing.
    pub(super) fn new(packing: &Packing) -> Self {
        let state = if packing.version == 3 {
            State::Three(version_3::State::default())
        } else {
            State::Five(version_5::State::default())
        };
        Self { window: Window::new(packing.dictionary), state }
    }

    /// The next member, as a stream of what it unpacks to.
    pub(super) fn member<'c, 'a>(&'c mut self, packed: &'a [u8], packing: &Packing) -> Unpacked<'c, 'a> {
        self.window.begin();
        let unpacking = match self.state {
            State::Three(_) => Unpacking::Three(version_3::Unpacking::new(packed)),
            State::Five(_) => Unpacking::Five(version_5::Unpacking::new(packed)),
        };
        Unpacked {
            chain: self,
            unpacking,
            ready: Vec::new(),
            given: 0,
            left: packing.size.unwrap_or(u64::MAX),
            is_sized: packing.size.is_some(),
            is_done: false,
            failed: None,
            used: Rc::default(),
        }
    }
}

/// A member being unpacked.
pub(super) struct Unpacked<'c, 'a> {
    chain: &'c mut Chain,
    unpacking: Unpacking<'a>,
    ready: Vec<u8>,
    given: usize,
    /// Bytes still to be given.
    left: u64,
    is_sized: bool,
    is_done: bool,
    failed: Option<Broken>,
    used: Rc<Cell<usize>>,
}

impl Unpacked<'_, '_> {
    /// The packed bytes used so far, however far the stream is read.
    pub(super) fn used(&self) -> Rc<Cell<usize>> {
        self.used.clone()
    }

    fn step(&mut self) -> Result<(), Broken> {
        let window = &mut self.chain.window;
        let stepped = match (&mut self.unpacking, &mut self.chain.state) {
            (Unpacking::Three(unpacking), State::Three(state)) => {
                let stepped = unpacking.step(state, window);
                self.used.set(unpacking.used());
                stepped
            }
            (Unpacking::Five(unpacking), State::Five(state)) => {
                let stepped = unpacking.step(state, window);
                self.used.set(unpacking.used());
                stepped
            }
            _ => Err("its packing changes within a solid archive"),
        };
        self.is_done = stepped != Ok(true);
        window.flush(self.is_done, &mut self.ready);
        stepped.map(|_| ())
    }

    /// Unpacks what follows the announced end, which the next member of a solid archive may refer to; whether the end was
    /// reached.
    pub(super) fn finish(mut self) -> bool {
        let limit = self.chain.window.written().saturating_add(SURPLUS);
        while !self.is_done && self.chain.window.written() < limit {
            if self.step().is_err() {
                return false;
            }
            self.ready.clear();
        }
        self.is_done && self.failed.is_none()
    }
}

impl Read for Unpacked<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let waiting = self.ready.get(self.given..).unwrap_or_default();
            let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
            let count = waiting.len().min(room);
            if count > 0 {
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), waiting.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.given = self.given.saturating_add(count);
                self.left = self.left.saturating_sub(count as u64);
                return Ok(count);
            }
            self.ready.clear();
            self.given = 0;
            if self.left == 0 || buffer.is_empty() {
                return Ok(0);
            }
            if let Some(reason) = self.failed {
                return Err(io::Error::other(reason));
            }
            if self.is_done {
                return if self.is_sized {
                    Err(io::Error::other("the packed data ends early"))
                } else {
                    Ok(0)
                };
            }
            if let Err(reason) = self.step() {
                self.failed = Some(reason);
            }
        }
    }
}
