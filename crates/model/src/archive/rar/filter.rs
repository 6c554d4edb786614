//! Filters: what is undone on a block of unpacked bytes before it is written.
//!
//! Versions 1.5 to 4 carry filters as programs for a virtual machine; only the six that RAR itself writes exist, and those are
//! told by the CRC-32 of their code, as all unpackers do since unrar 5.5. Source: `rarvm.cpp`, `unpack50.cpp`.

/// Size of the address space that calls are counted in, in bytes.
const CALL_SPACE: u32 = 0x0100_0000;

/// A transformation of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Bytes of several interleaved channels as differences; the number of channels.
    Delta(usize),
    /// Targets of x86 calls, and of jumps if `jumps`, as absolute addresses; the place in the file counts modulo
    /// [`CALL_SPACE`] if it `wraps`, as since version 5.
    X86 {
        /// Whether jumps are meant, too.
        jumps: bool,
        /// Whether the place wraps.
        wraps: bool,
    },
    /// Targets of ARM calls.
    Arm,
    /// Targets of Itanium branches.
    Itanium,
    /// Pixels of three bytes, predicted from their neighbours: width of a row in bytes, and place of the red byte.
    Rgb(usize, usize),
    /// Samples of sound, predicted; the number of channels.
    Audio(usize),
}

impl Filter {
    /// The filter whose program of versions 1.5 to 4 is `code`, with registers 0 and 1.
    pub(super) fn of_program(code: &[u8], register_0: u32, register_1: u32) -> Option<Self> {
        let mut crc = flate2::Crc::new();
        crc.update(code);
        let (channels, second) = (register_0 as usize, register_1 as usize);
        Some(match (code.len(), crc.sum()) {
            (53, 0xad57_6887) => Self::X86 { jumps: false, wraps: false },
            (57, 0x3cd7_e57e) => Self::X86 { jumps: true, wraps: false },
            (120, 0x3769_893f) => Self::Itanium,
            (29, 0x0e06_077d) => Self::Delta(channels),
            (149, 0x1c2c_5dc8) => Self::Rgb(channels, second),
            (216, 0xbc85_e701) => Self::Audio(channels),
            _ => return None,
        })
    }

    /// Undoes the filter on `block`, which stands at `offset` of its file.
    pub(super) fn undo(self, block: &mut Vec<u8>, offset: u64) {
        #[expect(clippy::cast_possible_truncation, reason = "addresses are counted modulo 2^32")]
        let offset = offset as u32;
        match self {
            Self::Delta(channels) => *block = delta(block, channels),
            Self::X86 { jumps, wraps } => x86(block, jumps, wraps, offset),
            Self::Arm => arm(block, offset),
            Self::Itanium => itanium(block, offset),
            Self::Rgb(width, red) => *block = rgb(block, width, red),
            Self::Audio(channels) => *block = audio(block, channels),
        }
    }
}

/// Places of the bytes of each channel in turn: the order in which filters store interleaved bytes.
fn by_channel(length: usize, channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let channels = channels.clamp(1, length.max(1));
    (0..channels).flat_map(move |channel| (channel..length).step_by(channels).map(move |at| (channel, at)))
}

fn delta(block: &[u8], channels: usize) -> Vec<u8> {
    let mut plain = vec![0; block.len()];
    let (mut current, mut before) = (0, 0u8);
    for (&byte, (channel, at)) in block.iter().zip(by_channel(block.len(), channels)) {
        if channel != current {
            (current, before) = (channel, 0);
        }
        before = before.wrapping_sub(byte);
        if let Some(place) = plain.get_mut(at) {
            *place = before;
        }
    }
    plain
}

fn x86(block: &mut [u8], jumps: bool, wraps: bool, offset: u32) {
    let mut at = 0usize;
    while let Some(&[code, a, b, c, d]) = block.get(at..at.saturating_add(5)) {
        at = at.saturating_add(1);
        if code != 0xe8 && !(jumps && code == 0xe9) {
            continue;
        }
        let place = u32::try_from(at).unwrap_or(0).wrapping_add(offset);
        let place = if wraps { place % CALL_SPACE } else { place };
        let address = u32::from_le_bytes([a, b, c, d]);
        let is_negative = |value: u32| value & 0x8000_0000 != 0;
        let relative = if is_negative(address) {
            (!is_negative(address.wrapping_add(place))).then(|| address.wrapping_add(CALL_SPACE))
        } else {
            is_negative(address.wrapping_sub(CALL_SPACE)).then(|| address.wrapping_sub(place))
        };
        let next = at.saturating_add(4);
        if let (Some(relative), Some(target)) = (relative, block.get_mut(at..next)) {
            target.copy_from_slice(&relative.to_le_bytes());
        }
        at = next;
    }
}

fn arm(block: &mut [u8], offset: u32) {
    for (index, word) in block.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let [a, b, c, code] = *word;
        if code == 0xeb {
            let place = offset.wrapping_add(u32::try_from(index.saturating_mul(4)).unwrap_or(0)) / 4;
            let [a, b, c, _] = u32::from_le_bytes([a, b, c, 0]).wrapping_sub(place).to_le_bytes();
            *word = [a, b, c, code];
        }
    }
}

/// Bundles of 128 bits: five of template, three instructions of 41.
fn itanium(block: &mut [u8], offset: u32) {
    /// By template from 16 on, a bit for each instruction that may be a branch.
    const BRANCHES: [u8; 16] = [4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0];
    // RAR leaves the last bundle as it is unless more follows.
    let count = block.len().saturating_sub(21).div_ceil(16);
    for (index, bundle) in block.as_chunks_mut::<16>().0.iter_mut().enumerate().take(count) {
        let place = (offset >> 4).wrapping_add(u32::try_from(index).unwrap_or(0));
        let mut bits = u128::from_le_bytes(*bundle);
        let branches = usize::try_from(bits & 0x1f)
            .ok()
            .and_then(|template| BRANCHES.get(template.checked_sub(16)?).copied())
            .unwrap_or(0);
        for slot in (0..3u32).filter(|slot| branches & (1 << slot) != 0) {
            let start = slot.saturating_mul(41).saturating_add(5);
            if (bits >> start.saturating_add(37)) & 15 == 5 {
                let start = start.saturating_add(13);
                let target = u32::try_from((bits >> start) & 0x000f_ffff).unwrap_or(0);
                let relative = u128::from(target.wrapping_sub(place) & 0x000f_ffff);
                bits = bits & !(0x000f_ffff_u128 << start) | relative << start;
            }
        }
        *bundle = bits.to_le_bytes();
    }
}

fn rgb(block: &[u8], width: usize, red: usize) -> Vec<u8> {
    let mut plain = vec![0u8; block.len()];
    let row = width.saturating_sub(3);
    if block.len() < 3 || row > block.len() || red > 2 {
        return block.to_vec();
    }
    let (mut current, mut before) = (0, 0u8);
    for (&byte, (channel, at)) in block.iter().zip(by_channel(block.len(), 3)) {
        if channel != current {
            (current, before) = (channel, 0);
        }
        let above = at.checked_sub(row).filter(|_| at >= row.saturating_add(3));
        let near = above.and_then(|above| Some((*plain.get(above)?, *plain.get(above.checked_sub(3)?)?)));
        let predicted = near.map_or(before, |(upper, corner)| {
            let (left, upper_wide, corner_wide) = (i32::from(before), i32::from(upper), i32::from(corner));
            let guess = left.saturating_add(upper_wide).saturating_sub(corner_wide);
            let far = |value: i32| guess.abs_diff(value);
            match (far(left), far(upper_wide), far(corner_wide)) {
                (a, b, c) if a <= b && a <= c => before,
                (_, b, c) if b <= c => upper,
                _ => corner,
            }
        });
        before = predicted.wrapping_sub(byte);
        if let Some(place) = plain.get_mut(at) {
            *place = before;
        }
    }
    for pixel in plain.get_mut(red..).unwrap_or_default().as_chunks_mut::<3>().0 {
        let [first, green, last] = *pixel;
        *pixel = [first.wrapping_add(green), green, last.wrapping_add(green)];
    }
    plain
}

/// What the sound filter knows of one channel.
#[derive(Default)]
struct Sound {
    before: i32,
    change: i32,
    differences: [i32; 3],
    weights: [i32; 3],
    errors: [u32; 7],
    count: u32,
}

impl Sound {
    /// The sample that stands for `byte`.
    fn next(&mut self, byte: u8) -> u8 {
        let [first, second, _] = self.differences;
        self.differences = [self.change, self.change.wrapping_sub(first), second];
        let weighted =
            self.weights.iter().zip(&self.differences).map(|(weight, by)| weight.wrapping_mul(*by));
        let guess = weighted.fold(self.before.wrapping_mul(8), i32::wrapping_add) >> 3;
        let sample = guess.wrapping_sub(i32::from(byte)) & 0xff;
        let error = i32::from(byte.cast_signed()).wrapping_shl(3);
        let [one, two, three] = self.differences;
        let tried = [0, one.wrapping_neg(), one, two.wrapping_neg(), two, three.wrapping_neg(), three];
        for (sum, by) in self.errors.iter_mut().zip(tried) {
            *sum = sum.wrapping_add(error.wrapping_add(by).unsigned_abs());
        }
        self.change = i32::from(
            u8::try_from(sample).unwrap_or(0).wrapping_sub(self.before.to_le_bytes()[0]).cast_signed(),
        );
        self.before = sample;
        if self.count.is_multiple_of(32) {
            let least = self.errors.iter().copied().min().unwrap_or(0);
            let best = self.errors.iter().position(|&sum| sum == least).unwrap_or(0);
            self.errors = [0; 7];
            let weight = best.checked_sub(1).and_then(|index| self.weights.get_mut(index / 2));
            match weight {
                Some(weight) if best % 2 == 1 && *weight >= -16 => *weight = weight.saturating_sub(1),
                Some(weight) if best % 2 == 0 && *weight < 16 => *weight = weight.saturating_add(1),
                _ => {}
            }
        }
        self.count = self.count.wrapping_add(1);
        u8::try_from(sample).unwrap_or(0)
    }
}

fn audio(block: &[u8], channels: usize) -> Vec<u8> {
    let mut plain = vec![0; block.len()];
    let (mut current, mut sound) = (0, Sound::default());
    for (&byte, (channel, at)) in block.iter().zip(by_channel(block.len(), channels)) {
        if channel != current {
            (current, sound) = (channel, Sound::default());
        }
        let sample = sound.next(byte);
        if let Some(place) = plain.get_mut(at) {
            *place = sample;
        }
    }
    plain
}
