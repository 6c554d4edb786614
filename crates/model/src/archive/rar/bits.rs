//! Bits of packed data, most significant first, and the canonical Huffman codes written in them.

/// Longest code word, in bits.
const LONGEST: usize = 15;
/// Bits looked up at once; longer code words are found by their length.
const QUICK: u32 = 10;

/// Reads bits; behind the end come zeros, and [`Bits::is_past`] tells.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    bit: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, bit: 0 }
    }

    /// The next 32 bits from the start of the current byte.
    fn word(&self) -> u32 {
        match self.bytes.get(self.at..) {
            Some(&[a, b, c, d, ..]) => u32::from_be_bytes([a, b, c, d]),
            rest => {
                let mut word = [0; 4];
                for (place, &byte) in word.iter_mut().zip(rest.unwrap_or_default()) {
                    *place = byte;
                }
                u32::from_be_bytes(word)
            }
        }
    }

    /// The next `count` bits, at most 24, without taking them.
    pub(super) fn peek(&self, count: u32) -> u32 {
        let shift = 32u32.saturating_sub(count);
        (self.word() << self.bit).checked_shr(shift).unwrap_or(0)
    }

    pub(super) fn skip(&mut self, count: u32) {
        let bits = self.bit.saturating_add(count);
        self.at = self.at.saturating_add((bits >> 3) as usize);
        self.bit = bits & 7;
    }

    /// Takes `count` bits, at most 24.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Takes `count` bits, at most 48.
    pub(super) fn take_long(&mut self, count: u32) -> u64 {
        let high = count.saturating_sub(24);
        let upper = u64::from(self.take(high));
        let low = count.saturating_sub(high);
        (upper << low) | u64::from(self.take(low))
    }

    /// Moves to the start of the next byte, unless at one.
    pub(super) fn align(&mut self) {
        self.skip(8u32.saturating_sub(self.bit) & 7);
    }

    /// The place: byte, and bit in it.
    pub(super) fn position(&self) -> (usize, u32) {
        (self.at, self.bit)
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_past(&self) -> bool {
        (self.at, self.bit) > (self.bytes.len(), 0)
    }
}

/// A canonical code. Bits that are no code word give the first symbol, as unrar reads them.
#[derive(Default)]
pub(super) struct Code {
    /// For each length, the first 16-bit value that is no code word of that length or a shorter one.
    limits: [u32; LONGEST + 1],
    /// For each length, the index of its first symbol.
    starts: [u32; LONGEST + 1],
    symbols: Vec<u16>,
    /// Length and symbol by the next [`QUICK`] bits; length 0 where the code word is longer.
    quick: Vec<(u8, u16)>,
}

impl Code {
    /// The code whose word for each symbol has the given length; 0 for symbols that do not occur.
    pub(super) fn new(lengths: &[u8]) -> Self {
        let mut code = Self { quick: vec![(0, 0); 1 << QUICK], ..Self::default() };
        let (mut upper, mut start) = (0u32, 0u32);
        for length in 1..=LONGEST {
            let step = 1u32 << 16usize.saturating_sub(length);
            let of_length = lengths.iter().enumerate().filter(|(_, own)| usize::from(**own) == length);
            for symbol in of_length.filter_map(|(symbol, _)| u16::try_from(symbol).ok()) {
                code.symbols.push(symbol);
                let next = upper.saturating_add(step);
                if length <= QUICK as usize {
                    let shift = 16u32.saturating_sub(QUICK);
                    let covered = (upper >> shift) as usize..(next >> shift) as usize;
                    let entry = (u8::try_from(length).unwrap_or(0), symbol);
                    code.quick.get_mut(covered).unwrap_or_default().fill(entry);
                }
                upper = next;
            }
            if let (Some(limit), Some(first)) = (code.limits.get_mut(length), code.starts.get_mut(length)) {
                (*limit, *first) = (upper, start);
            }
            start = u32::try_from(code.symbols.len()).unwrap_or(u32::MAX);
        }
        code
    }

    /// The length and symbol of the code word that the 16 bits of `field` begin with.
    fn search(&self, field: u32) -> (u32, u16) {
        let field = field & 0xfffe;
        let length = (1..LONGEST)
            .find(|&length| self.limits.get(length).is_some_and(|&limit| field < limit))
            .unwrap_or(LONGEST);
        let before = self.limits.get(length.saturating_sub(1)).copied().unwrap_or(0);
        let beyond = field.saturating_sub(before) >> 16usize.saturating_sub(length);
        let index = self.starts.get(length).copied().unwrap_or(0).saturating_add(beyond) as usize;
        let symbol = self.symbols.get(index).or(self.symbols.first()).copied().unwrap_or(0);
        (u32::try_from(length).unwrap_or(0), symbol)
    }

    /// Takes one symbol.
    pub(super) fn take(&self, bits: &mut Bits<'_>) -> usize {
        let field = bits.peek(16);
        let quick = self.quick.get((field >> 16u32.saturating_sub(QUICK)) as usize).copied();
        let (length, symbol) = match quick {
            Some((length, symbol)) if length > 0 => (u32::from(length), symbol),
            _ => self.search(field),
        };
        bits.skip(length);
        usize::from(symbol)
    }
}

/// Reads code lengths packed by a code of 20 symbols: `count` of them, each added to that of `before` modulo 16.
///
/// `None` when a repetition stands before any length.
pub(super) fn code_lengths(bits: &mut Bits<'_>, count: usize, before: &[u8]) -> Option<Vec<u8>> {
    let mut short = Vec::with_capacity(20);
    while short.len() < 20 {
        let length = bits.take(4);
        let zeros = if length == 15 { bits.take(4) } else { 0 };
        if zeros == 0 {
            short.push(u8::try_from(length).unwrap_or(0));
        } else {
            short.extend(std::iter::repeat_n(0, zeros.saturating_add(2) as usize));
        }
    }
    short.truncate(20);
    let code = Code::new(&short);
    let mut lengths: Vec<u8> = Vec::with_capacity(count);
    while lengths.len() < count && !bits.is_past() {
        let symbol = code.take(bits);
        if let Some(length) = u8::try_from(symbol).ok().filter(|&length| length < 16) {
            let old = before.get(lengths.len()).copied().unwrap_or(0);
            lengths.push(length.wrapping_add(old) & 15);
            continue;
        }
        let is_many = symbol & 1 == 1;
        let times =
            if is_many { bits.take(7).saturating_add(11) } else { bits.take(3).saturating_add(3) } as usize;
        let value = if symbol < 18 { *lengths.last()? } else { 0 };
        lengths.extend(std::iter::repeat_n(value, times.min(count.saturating_sub(lengths.len()))));
    }
    (lengths.len() == count).then_some(lengths)
}
