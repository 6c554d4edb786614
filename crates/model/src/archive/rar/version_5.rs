//! The packing of RAR 5: blocks of Huffman-coded literals, matches and filters.
//!
//! Source: `unpack50.cpp` of unrar, `archive_read_support_format_rar5.c` of libarchive (BSD).

use super::bits::{Bits, Code, code_lengths};
use super::filter::Filter;
use super::window::{Broken, Window};

/// Symbols of the codes of literals and lengths, distances, low bits of distances, and lengths of repeated matches.
const SYMBOLS: [usize; 4] = [306, 64, 16, 44];

/// What one member of a solid archive leaves to the next.
#[derive(Default)]
pub(super) struct State {
    codes: Option<[Code; 4]>,
    distances: [u64; 4],
    length: u64,
}

/// One member being unpacked.
pub(super) struct Unpacking<'a> {
    bits: Bits<'a>,
    /// Where the current block ends: byte, and bit in it.
    end: (usize, u32),
    is_last: bool,
    has_block: bool,
}

impl<'a> Unpacking<'a> {
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self { bits: Bits::new(packed), end: (0, 0), is_last: false, has_block: false }
    }

    /// Packed bytes used.
    pub(super) fn used(&self) -> usize {
        self.bits.position().0
    }

    /// Unpacks until the window is full; whether more is to come.
    pub(super) fn step(&mut self, state: &mut State, window: &mut Window) -> Result<bool, Broken> {
        while !window.is_full() {
            if !self.has_block || self.bits.position() >= self.end {
                if self.has_block && self.is_last {
                    return Ok(false);
                }
                self.block(state)?;
                continue;
            }
            if self.bits.is_past() {
                return Err("the packed data ends early");
            }
            self.symbol(state, window)?;
        }
        Ok(true)
    }

    /// The head of a block, and its codes.
    fn block(&mut self, state: &mut State) -> Result<(), Broken> {
        self.bits.align();
        let flags = self.bits.take(8);
        let check = self.bits.take(8);
        let count = ((flags >> 3) & 3).saturating_add(1);
        if count > 3 {
            return Err("the head of a block is damaged");
        }
        let mut size = 0usize;
        let mut sum = 0x5a ^ flags;
        for index in 0..count {
            let byte = self.bits.take(8);
            size |= (byte as usize) << index.saturating_mul(8);
            sum ^= byte;
        }
        if self.bits.is_past() {
            return Err("the packed data ends early");
        }
        if sum & 0xff != check || size == 0 {
            return Err("the head of a block is damaged");
        }
        let last_bits = (flags & 7).saturating_add(1);
        let (start, _) = self.bits.position();
        let last = start.saturating_add(size).saturating_sub(1);
        self.end = if last_bits == 8 { (last.saturating_add(1), 0) } else { (last, last_bits) };
        self.is_last = flags & 0x40 != 0;
        self.has_block = true;
        if flags & 0x80 != 0 {
            let all = SYMBOLS.iter().sum();
            let lengths = code_lengths(&mut self.bits, all, &[]).ok_or("the codes of a block are damaged")?;
            let mut rest = &lengths[..];
            let codes = SYMBOLS.map(|count| {
                let (own, others) = rest.split_at(count.min(rest.len()));
                rest = others;
                Code::new(own)
            });
            state.codes = Some(codes);
        } else if state.codes.is_none() {
            return Err("the first block has no codes");
        }
        Ok(())
    }

    fn symbol(&mut self, state: &mut State, window: &mut Window) -> Result<(), Broken> {
        let Some([literals, distances, low, repeated]) = &state.codes else {
            return Err("the first block has no codes");
        };
        let symbol = literals.take(&mut self.bits);
        if let Ok(byte) = u8::try_from(symbol) {
            window.push(byte);
            return Ok(());
        }
        match symbol {
            256 => return self.filter(window),
            257 => {
                if state.length != 0 {
                    window.copy(state.distances[0], state.length)?;
                }
                return Ok(());
            }
            258..=261 => {
                let index = symbol.saturating_sub(258);
                let slot = repeated.take(&mut self.bits);
                state.length = length(&mut self.bits, slot);
                state.distances.get_mut(..=index).unwrap_or_default().rotate_right(1);
            }
            _ => {
                let mut matched = length(&mut self.bits, symbol.saturating_sub(262));
                let slot = u64::try_from(distances.take(&mut self.bits)).unwrap_or(0);
                let mut distance = 1u64;
                if slot < 4 {
                    distance = distance.saturating_add(slot);
                } else {
                    let bits = u32::try_from((slot >> 1).saturating_sub(1)).unwrap_or(0);
                    distance = distance.saturating_add((2 | (slot & 1)) << bits);
                    if bits >= 4 {
                        distance = distance.saturating_add(self.bits.take_long(bits.saturating_sub(4)) << 4);
                        let tail = u64::try_from(low.take(&mut self.bits)).unwrap_or(0);
                        distance = distance.saturating_add(tail);
                    } else {
                        distance = distance.saturating_add(u64::from(self.bits.take(bits)));
                    }
                }
                for bound in [0x100, 0x2000, 0x4_0000] {
                    matched = matched.saturating_add(u64::from(distance > bound));
                }
                state.distances.rotate_right(1);
                state.distances[0] = distance;
                state.length = matched;
            }
        }
        window.copy(state.distances[0], state.length)
    }

    fn filter(&mut self, window: &mut Window) -> Result<(), Broken> {
        let mut number = || {
            let count = self.bits.take(2).saturating_add(1);
            (0..count)
                .fold(0u64, |value, index| value | u64::from(self.bits.take(8)) << index.saturating_mul(8))
        };
        let (ahead, length) = (number(), number());
        let filter = match self.bits.take(3) {
            0 => Filter::Delta(self.bits.take(5).saturating_add(1) as usize),
            1 => Filter::X86 { jumps: false, wraps: true },
            2 => Filter::X86 { jumps: true, wraps: true },
            3 => Filter::Arm,
            _ => return Err("a filter that RAR does not have"),
        };
        window.filter(filter, ahead, length)
    }
}

/// The length that `slot` and the bits behind it stand for.
fn length(bits: &mut Bits<'_>, slot: usize) -> u64 {
    let slot = u64::try_from(slot).unwrap_or(0);
    if slot < 8 {
        return slot.saturating_add(2);
    }
    let extra = u32::try_from((slot >> 2).saturating_sub(1)).unwrap_or(0).min(24);
    ((4 | (slot & 3)) << extra).saturating_add(2).saturating_add(u64::from(bits.take(extra)))
}
