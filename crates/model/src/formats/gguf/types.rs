//! Element types of ggml tensors and the blocks they are packed in.
//!
//! Source: `ggml.h` (`enum ggml_type`) and `ggml.c` (`type_traits`) of ggml-org/ggml.

use crate::weights::Float;

/// Elements per block, and bytes per block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) elements: u64,
    pub(super) bytes: u64,
}

/// The block of a type, `None` for one that was removed or is not known.
pub(super) fn block(kind: u32) -> Option<Block> {
    let (elements, bytes) = match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        2 | 20 | 31 | 32 | 33 | 36 | 37 | 38 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 | 21 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        16 | 35 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        22 => (256, 82),
        23 => (256, 136),
        24 => (1, 1),
        27 | 28 => (1, 8),
        29 => (256, 56),
        34 => (256, 54),
        39 => (32, 17),
        40 => (64, 36),
        _ => return None,
    };
    Some(Block { elements, bytes })
}

/// How the numbers of a type are written, `None` when they are no plain floats.
pub(super) fn float(kind: u32) -> Option<Float> {
    Some(match kind {
        0 => Float::F32,
        1 => Float::F16,
        28 => Float::F64,
        30 => Float::BF16,
        _ => return None,
    })
}

/// What a tensor's bytes come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// So many bytes.
    Bytes(u64),
    /// The product of dimensions or the byte size leaves the signed 64 bits that ggml computes in.
    Overflows,
    /// The first dimension is no multiple of the block.
    Ragged,
    /// The type is not known, so the size is not either.
    Unknown,
}

/// The size of a tensor of type `kind` as ggml computes it.
pub(super) fn size(kind: u32, dimensions: &[u64]) -> Size {
    let limit = i64::MAX as u64;
    let product = dimensions.iter().try_fold(1u64, |product, &dimension| {
        product.checked_mul(dimension).filter(|&product| dimension <= limit && product <= limit)
    });
    let Some(elements) = product else { return Size::Overflows };
    let Some(block) = block(kind) else { return Size::Unknown };
    if !dimensions.first().copied().unwrap_or(1).is_multiple_of(block.elements) {
        return Size::Ragged;
    }
    let blocks = elements.checked_div(block.elements).unwrap_or(0);
    match blocks.checked_mul(block.bytes).filter(|&bytes| bytes <= limit) {
        Some(bytes) => Size::Bytes(bytes),
        None => Size::Overflows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_follows_the_block() {
        assert_eq!(size(0, &[3, 4]), Size::Bytes(48));
        assert_eq!(size(2, &[64, 2]), Size::Bytes(72));
        assert_eq!(size(2, &[33]), Size::Ragged);
        assert_eq!(size(4, &[32]), Size::Unknown);
    }

    #[test]
    fn a_product_that_wraps_overflows() {
        assert_eq!(size(0, &[1 << 32, 1 << 32]), Size::Overflows);
        assert_eq!(size(0, &[1 << 62]), Size::Overflows);
        assert_eq!(size(0, &[u64::MAX]), Size::Overflows);
    }
}
