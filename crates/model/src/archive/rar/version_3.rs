//! The packing of RAR 2.9 to 4: Huffman-coded literals and matches, and filters as programs for a virtual machine.
//!
//! Blocks of the other packing that these versions know, PPMd, are not read. Source: `unpack30.cpp` of unrar,
//! `archive_read_support_format_rar.c` of libarchive (BSD).

use super::bits::{Bits, Code, code_lengths};
use super::filter::Filter;
use super::window::{BLOCK, Broken, Window};

/// Symbols of the codes of literals and lengths, distances, low bits of distances, and lengths of repeated matches.
const SYMBOLS: [usize; 4] = [299, 60, 17, 28];
/// First length and further bits for each slot of lengths.
const LENGTHS: [(u64, u32); 28] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 1),
    (10, 1),
    (12, 1),
    (14, 1),
    (16, 2),
    (20, 2),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 3),
    (56, 3),
    (64, 4),
    (80, 4),
    (96, 4),
    (112, 4),
    (128, 5),
    (160, 5),
    (192, 5),
    (224, 5),
];
/// First distance and further bits for each slot of short distances.
const SHORT: [(u64, u32); 8] = [(0, 2), (4, 2), (8, 3), (16, 4), (32, 5), (64, 6), (128, 6), (192, 6)];
/// How often the low bits of a distance count again after symbol 16.
const LOW_REPEATS: u32 = 15;
/// Longest program of a filter read, in bytes.
const PROGRAM: usize = 0x1_0000;
/// Most programs kept (`MAX3_UNPACK_FILTERS` of unrar).
const MOST_PROGRAMS: usize = 1024;

/// First distance and further bits for `slot` of distances: two slots for each count of bits up to 15, then 14 of 16
/// bits and 12 of 18.
fn distance_slot(slot: usize) -> (u64, u32) {
    const COUNTS: [(usize, u32); 19] = [
        (4, 0),
        (2, 1),
        (2, 2),
        (2, 3),
        (2, 4),
        (2, 5),
        (2, 6),
        (2, 7),
        (2, 8),
        (2, 9),
        (2, 10),
        (2, 11),
        (2, 12),
        (2, 13),
        (2, 14),
        (2, 15),
        (14, 16),
        (0, 17),
        (12, 18),
    ];
    let (mut first, mut left) = (0u64, slot);
    for (count, bits) in COUNTS {
        let within = left.min(count) as u64;
        first = first.saturating_add(within << bits);
        if left < count {
            return (first, bits);
        }
        left = left.saturating_sub(count);
    }
    (first, 18)
}

/// What one member of a solid archive leaves to the next.
#[derive(Default)]
pub(super) struct State {
    codes: Option<[Code; 4]>,
    lengths: Vec<u8>,
    distances: [u64; 4],
    length: u64,
    low: u64,
    low_repeats: u32,
    /// The filter of each program seen, `None` for one that RAR does not write; and the length of its last block.
    programs: Vec<(Option<Program>, u64)>,
    last_program: usize,
    /// Whether the next member goes on with the codes of this one.
    keeps_codes: bool,
}

/// A program by what it does, before its registers are known.
#[derive(Clone)]
struct Program(Vec<u8>);

/// One member being unpacked.
pub(super) struct Unpacking<'a> {
    bits: Bits<'a>,
    has_begun: bool,
}

impl<'a> Unpacking<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self { bits: Bits::new(packed), has_begun: false }
    }

    /// Packed bytes used.
    pub(super) fn used(&self) -> usize {
        self.bits.position().0
    }

    /// Unpacks until the window is full; whether more is to come.
    pub(super) fn step(&mut self, state: &mut State, window: &mut Window) -> Result<bool, Broken> {
        if !self.has_begun {
            self.has_begun = true;
            if !state.keeps_codes || state.codes.is_none() {
                self.codes(state)?;
            }
        }
        while !window.is_full() {
            if self.bits.is_past() {
                return Err("the packed data ends early");
            }
            if !self.symbol(state, window)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn codes(&mut self, state: &mut State) -> Result<(), Broken> {
        self.bits.align();
        if self.bits.peek(1) == 1 {
            return Err("it is packed with PPMd, which is not read");
        }
        (state.low, state.low_repeats) = (0, 0);
        self.bits.skip(1);
        if self.bits.take(1) == 0 {
            state.lengths.clear();
        }
        let all = SYMBOLS.iter().sum();
        let before = std::mem::take(&mut state.lengths);
        let lengths = code_lengths(&mut self.bits, all, &before).ok_or("the codes of a block are damaged")?;
        let mut rest = &lengths[..];
        state.codes = Some(SYMBOLS.map(|count| {
            let (own, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            Code::new(own)
        }));
        state.lengths = lengths;
        Ok(())
    }

    /// Unpacks one symbol; whether more is to come.
    fn symbol(&mut self, state: &mut State, window: &mut Window) -> Result<bool, Broken> {
        let Some([literals, distances, low, repeated]) = &state.codes else {
            return Err("the first block has no codes");
        };
        let symbol = literals.take(&mut self.bits);
        if let Ok(byte) = u8::try_from(symbol) {
            window.push(byte);
            return Ok(true);
        }
        match symbol {
            256 => return self.block_end(state),
            257 => {
                self.program(state, window)?;
                return Ok(true);
            }
            258 => {
                if state.length != 0 {
                    window.copy(state.distances[0], state.length)?;
                }
                return Ok(true);
            }
            259..=262 => {
                let slot = repeated.take(&mut self.bits);
                state.length = self.length(slot).saturating_add(2);
                let index = symbol.saturating_sub(259);
                state.distances.get_mut(..=index).unwrap_or_default().rotate_right(1);
            }
            263..=270 => {
                let (first, bits) = SHORT.get(symbol.saturating_sub(263)).copied().unwrap_or_default();
                let distance = first.saturating_add(1).saturating_add(u64::from(self.bits.take(bits)));
                state.distances.rotate_right(1);
                state.distances[0] = distance;
                state.length = 2;
            }
            _ => {
                let mut matched = self.length(symbol.saturating_sub(271)).saturating_add(3);
                let slot = distances.take(&mut self.bits);
                let (first, bits) = distance_slot(slot);
                let mut distance = first.saturating_add(1);
                if slot > 9 {
                    distance =
                        distance.saturating_add(u64::from(self.bits.take(bits.saturating_sub(4))) << 4);
                    if state.low_repeats > 0 {
                        state.low_repeats = state.low_repeats.saturating_sub(1);
                    } else {
                        match low.take(&mut self.bits) {
                            16 => state.low_repeats = LOW_REPEATS,
                            value => state.low = value as u64,
                        }
                    }
                    distance = distance.saturating_add(state.low);
                } else {
                    distance = distance.saturating_add(u64::from(self.bits.take(bits)));
                }
                for bound in [0x2000, 0x4_0000] {
                    matched = matched.saturating_add(u64::from(distance >= bound));
                }
                state.distances.rotate_right(1);
                state.distances[0] = distance;
                state.length = matched;
            }
        }
        window.copy(state.distances[0], state.length)?;
        Ok(true)
    }

    fn length(&mut self, slot: usize) -> u64 {
        let (first, bits) = LENGTHS.get(slot).copied().unwrap_or_default();
        first.saturating_add(u64::from(self.bits.take(bits)))
    }

    /// Symbol 256: new codes follow, or the member ends.
    fn block_end(&mut self, state: &mut State) -> Result<bool, Broken> {
        if self.bits.take(1) == 1 {
            self.codes(state)?;
            return Ok(true);
        }
        state.keeps_codes = self.bits.take(1) == 0;
        Ok(false)
    }

    /// A filter: a program, or a reference to an earlier one, and its block.
    fn program(&mut self, state: &mut State, window: &mut Window) -> Result<(), Broken> {
        let flags = self.bits.take(8);
        let size = match (flags & 7).saturating_add(1) {
            7 => self.bits.take(8).saturating_add(7),
            8 => self.bits.take(16),
            size => size,
        };
        let mut bytes = Vec::new();
        for _ in 0..size {
            if self.bits.is_past() {
                return Err("the packed data ends early");
            }
            bytes.push(u8::try_from(self.bits.take(8)).unwrap_or(0));
        }
        let mut bits = Bits::new(&bytes);
        let index = if flags & 0x80 != 0 {
            match number(&mut bits) {
                0 => {
                    state.programs.clear();
                    0
                }
                one_up => (one_up as usize).saturating_sub(1),
            }
        } else {
            state.last_program
        };
        let is_new = index == state.programs.len();
        if index > state.programs.len() || index >= MOST_PROGRAMS {
            return Err("a filter refers to a program that does not exist");
        }
        state.last_program = index;
        let ahead = u64::from(number(&mut bits)).saturating_add(if flags & 0x40 != 0 { 258 } else { 0 });
        let length = if flags & 0x20 != 0 {
            u64::from(number(&mut bits))
        } else {
            state.programs.get(index).map_or(0, |(_, length)| *length)
        };
        let mut registers = [0u32; 7];
        if flags & 0x10 != 0 {
            let given = bits.take(7);
            for (position, register) in registers.iter_mut().enumerate() {
                if given & (1 << position) != 0 {
                    *register = number(&mut bits);
                }
            }
        }
        if is_new {
            let size = number(&mut bits) as usize;
            if size == 0 || size >= PROGRAM {
                return Err("a filter without a program");
            }
            let mut code = Vec::new();
            while code.len() < size && !bits.is_past() {
                code.push(u8::try_from(bits.take(8)).unwrap_or(0));
            }
            let is_known = Filter::of_program(&code, 0, 0).is_some();
            state.programs.push((is_known.then_some(Program(code)), length));
        }
        let Some((program, last_length)) = state.programs.get_mut(index) else {
            return Err("a filter refers to a program that does not exist");
        };
        *last_length = length;
        let filter = program
            .as_ref()
            .and_then(|Program(code)| Filter::of_program(code, registers[0], registers[1]))
            .ok_or("a filter is a program of its own, which is not run")?;
        if length > BLOCK {
            return Err("a filter covers more than RAR lets it");
        }
        window.filter(filter, ahead, length)
    }
}

/// A number as programs hold them (`RarVM::ReadData`).
fn number(bits: &mut Bits<'_>) -> u32 {
    match bits.take(2) {
        0 => bits.take(4),
        1 => {
            let value = bits.take(8);
            if value >= 16 { value } else { 0xffff_ff00 | value << 4 | bits.take(4) }
        }
        2 => bits.take(16),
        _ => bits.take(16) << 16 | bits.take(16),
    }
}
