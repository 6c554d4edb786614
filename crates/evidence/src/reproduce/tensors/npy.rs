//! NumPy's `.npy`: a header in Python's notation, then the values.
//!
//! Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`, versions 1 to 3. An array of objects is a pickle and is not
//! read.

use super::{Kind, Tensor};
use std::borrow::Cow;

/// How a file begins.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header read, in bytes. NumPy itself refuses more than 10,000.
const LONGEST_HEADER: usize = 1 << 16;
/// Most dimensions. Source: NumPy's `NPY_MAXDIMS`.
const MOST_DIMENSIONS: usize = 64;

pub(super) fn read(file: Cow<'_, [u8]>) -> Result<Tensor<'_>, String> {
    let damaged = || "a damaged header of .npy".to_owned();
    let (length, start) = match file.get(6..12).ok_or_else(damaged)? {
        [1, _, a, b, ..] => (u16::from_le_bytes([*a, *b]).into(), 10usize),
        [2 | 3, _, a, b, c, d] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        _ => return Err("a version of .npy that is not known".to_owned()),
    };
    let end = start.checked_add(length).filter(|_| length <= LONGEST_HEADER).ok_or_else(damaged)?;
    let header = file.get(start..end).ok_or_else(damaged)?;
    let header = std::str::from_utf8(header).map_err(|_| damaged())?;
    let field = |name: &str| {
        let after = header.split_once(&format!("'{name}':")).map(|(_, after)| after.trim_start());
        after.ok_or_else(damaged)
    };
    let descriptor = field("descr")?.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
    let descriptor = descriptor.ok_or_else(|| "an array of records".to_owned())?;
    let big = descriptor.starts_with('>');
    let kind = kind(descriptor.trim_start_matches(['<', '>', '|', '='])).ok_or("an array of objects")?;
    let shape =
        field("shape")?.strip_prefix('(').and_then(|rest| rest.split(')').next()).ok_or_else(damaged)?;
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    let mut shape =
        lengths.map(|length| length.parse().map_err(|_| damaged())).collect::<Result<Vec<u64>, _>>()?;
    if shape.len() > MOST_DIMENSIONS {
        return Err(damaged());
    }
    if field("fortran_order")?.starts_with("True") {
        // Compared in the order they lie in: the same on both sides, and marked so that it never meets the other order.
        shape.push(1);
    }
    let size = kind.size().unwrap_or(1);
    let bytes: Cow<'_, [u8]> = match file {
        Cow::Borrowed(file) => Cow::Borrowed(file.get(end..).unwrap_or_default()),
        Cow::Owned(file) => Cow::Owned(file.get(end..).unwrap_or_default().to_vec()),
    };
    let bytes = if big && size > 1 {
        Cow::Owned(bytes.chunks_exact(size).flat_map(|value| value.iter().rev().copied()).collect())
    } else {
        bytes
    };
    Ok(Tensor { kind, shape, bytes })
}

fn kind(descriptor: &str) -> Option<Kind> {
    Some(match descriptor {
        "f2" => Kind::Float(2),
        "f4" => Kind::Float(4),
        "f8" => Kind::Float(8),
        "i1" => Kind::Signed(1),
        "i2" => Kind::Signed(2),
        "i4" => Kind::Signed(4),
        "i8" => Kind::Signed(8),
        "u1" => Kind::Unsigned(1),
        "u2" => Kind::Unsigned(2),
        "u4" => Kind::Unsigned(4),
        "u8" => Kind::Unsigned(8),
        "b1" => Kind::Bool,
        objects if objects.starts_with('O') => return None,
        other => Kind::Other(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, values: &[u8]) -> Vec<u8> {
        let mut file = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
        file.extend(values);
        file
    }

    #[test]
    fn values_are_read_in_either_byte_order() {
        for (order, bytes) in [('<', 1.5f32.to_le_bytes()), ('>', 1.5f32.to_be_bytes())] {
            let header = format!("{{'descr': '{order}f4', 'fortran_order': False, 'shape': (1,), }}");
            let file = file(&header, &bytes);
            let tensor = read(Cow::Borrowed(&file)).unwrap();
            assert_eq!(tensor.values().collect::<Vec<_>>(), [1.5]);
            assert_eq!(tensor.shape, [1]);
        }
    }

    #[test]
    fn objects_and_damage_are_refused() {
        let objects = file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x");
        assert!(read(Cow::Borrowed(&objects)).is_err());
        let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", &[0; 4]);
        assert_eq!(read(Cow::Borrowed(&whole)).unwrap().shape, [0u64; 0]);
        for cut in 0..whole.len() - 5 {
            assert!(read(Cow::Borrowed(&whole[..cut])).is_err(), "{cut}");
        }
    }
}
