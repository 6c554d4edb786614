//! What a value looks like.

use crate::bytes::ALPHA;
use crate::randomness::Measure;

/// Whether a value ends as the name of a file does: `a8F3kd92.png`.
pub(super) fn is_file(value: &[u8]) -> bool {
    let ending = value.iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
    (2..=5).contains(&ending) && value.iter().nth_back(ending) == Some(&b'.')
}

/// Whether a value is as long as a digest or a commit, in hexadecimal.
pub(super) fn is_hexadecimal(value: &[u8]) -> bool {
    matches!(value.len(), 32 | 40 | 64) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a value is of short parts that are each letters with digits behind them at most, as names of machines are.
pub(super) fn is_worded(value: &[u8]) -> bool {
    (1..=2).contains(&value.iter().filter(|byte| b"-_".contains(byte)).count())
        && value.split(|byte| b"-_".contains(byte)).all(|part| {
            let letters = part.iter().take_while(|byte| ALPHA.has(**byte)).count();
            part.len() < 16 && part.iter().skip(letters).all(u8::is_ascii_digit)
        })
}

/// Whether a value is written as words with capitals at their heads.
pub(super) fn is_camel(m: &Measure) -> bool {
    m.digits == 0 && m.lower > 0 && m.upper > 0 && (4..m.length / 5).contains(&m.changes)
}

/// Whether a value is part of an address or path: a slash beside a part that is a word.
pub(super) fn has_worded_path(value: &[u8]) -> bool {
    value.contains(&b'/')
        && value
            .split(|&byte| byte == b'/')
            .any(|part| part.len() >= 3 && part.iter().all(|byte| ALPHA.has(*byte)))
}

/// Whether a value is as long as a digest in hexadecimal, and not monotonous.
pub(super) fn is_digest(m: &Measure) -> bool {
    m.hex && matches!(m.length, 32 | 40 | 64) && m.distinct >= 6 && m.lower + m.upper >= 4 && m.digits >= 4
}

/// Whether a value is a digest that is cut short, in small hexadecimal digits: that of a commit or of a container.
pub(super) fn is_short_digest(value: &[u8]) -> bool {
    (7..=16).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte))
}
