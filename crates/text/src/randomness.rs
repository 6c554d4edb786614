//! Whether a value looks drawn at random, typed as a placeholder, or written as words.
//!
//! Three measures over one pass of at most [`LONGEST`] bytes: Shannon entropy of the bytes (C. E. Shannon, 1948), the
//! classes of characters, and changes of class, which words in camelCase or snake_case have few of.

use crate::bytes::{ALNUM, ALPHA, DIGITS, HEX, LOWER, Set, UPPER, holds_ignoring_case};
use crate::trie::Trie;
use std::sync::LazyLock;

/// Longest part of a value that is measured, in bytes.
const LONGEST: usize = 512;

/// What one pass over a value tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// Bytes measured.
    pub(crate) length: usize,
    /// Shannon entropy in bits per byte.
    pub(crate) entropy: f32,
    /// How many different bytes.
    pub(crate) distinct: usize,
    pub(crate) digits: usize,
    pub(crate) lower: usize,
    pub(crate) upper: usize,
    /// Bytes that are neither letters nor digits.
    pub(crate) other: usize,
    /// Neighbours of different class: digit beside letter, a capital after a small letter.
    pub(crate) changes: usize,
    /// Whether every byte is a hexadecimal digit.
    pub(crate) hex: bool,
    /// Longest run of letters without a vowel.
    pub(crate) consonants: usize,
}

/// Measures a value.
pub(crate) fn measure(value: &[u8]) -> Measure {
    let value = value.get(..LONGEST.min(value.len())).unwrap_or_default();
    let mut counts = [0_u16; 256];
    let mut measure = Measure {
        length: value.len(),
        entropy: 0.0,
        distinct: 0,
        digits: 0,
        lower: 0,
        upper: 0,
        other: 0,
        changes: 0,
        hex: !value.is_empty(),
        consonants: 0,
    };
    let steps = &*STEPS;
    let mut weighted = 0.0_f32;
    let mut classes = [0_usize; 5];
    let mut last = 0_u8;
    let mut consonants = 0_usize;
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            measure.distinct += usize::from(*count == 0);
            *count = count.saturating_add(1);
            weighted += steps.get(usize::from(*count)).copied().unwrap_or_default();
        }
        let traits = TRAITS.get(usize::from(byte)).copied().unwrap_or(OTHER);
        let class = traits & CLASS;
        if let Some(count) = classes.get_mut(usize::from(class)) {
            *count += 1;
        }
        measure.hex &= traits & HEXADECIMAL != 0;
        let turns = last != 0 && class != last && !(last == CAPITAL && class == SMALL);
        measure.changes += usize::from(turns && last != OTHER && class != OTHER);
        last = class;
        consonants = if traits & CONSONANT == 0 { 0 } else { consonants + 1 };
        measure.consonants = measure.consonants.max(consonants);
    }
    [_, measure.digits, measure.lower, measure.upper, measure.other] = classes;
    let total = value.len() as f32;
    // H = log₂ n − Σ c·log₂ c / n.
    if total > 0.0 {
        measure.entropy = total.log2() - weighted / total;
    }
    measure
}

/// What the sum of c·log₂ c grows by when a count grows to c.
static STEPS: LazyLock<[f32; LONGEST + 1]> = LazyLock::new(|| {
    let term = |count: usize| if count < 2 { 0.0 } else { count as f32 * (count as f32).log2() };
    std::array::from_fn(|count| term(count) - term(count.saturating_sub(1)))
});

/// Bits of [`TRAITS`]: the class of a byte, and what else it may be.
const CLASS: u8 = 7;
const DIGIT: u8 = 1;
const SMALL: u8 = 2;
const CAPITAL: u8 = 3;
const OTHER: u8 = 4;
const HEXADECIMAL: u8 = 8;
const CONSONANT: u8 = 16;

/// What a value is measured by, of every byte.
static TRAITS: [u8; 256] = {
    let mut traits = [OTHER; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let mut of = if DIGITS.has(byte) {
            DIGIT
        } else if LOWER.has(byte) {
            SMALL
        } else if UPPER.has(byte) {
            CAPITAL
        } else {
            OTHER
        };
        if HEX.has(byte) {
            of |= HEXADECIMAL;
        }
        if ALPHA.has(byte) && !VOWELS.has(byte) {
            of |= CONSONANT;
        }
        if let Some(slot) = traits.split_at_mut(byte as usize).1.first_mut() {
            *slot = of;
        }
        byte += 1;
    }
    traits
};

const VOWELS: Set = Set::of(b"aeiouyAEIOUY");

/// Whether a value could have come from a random generator over letters, digits and a few marks.
///
/// True for hexadecimal and mixed values with enough different characters and changes of class; false for words,
/// identifiers, paths, versions and numbers.
pub(crate) fn is_random(value: &[u8]) -> bool {
    is_random_by(&measure(value), value)
}

/// As [`is_random`], of a value that was measured.
pub(crate) fn is_random_by(m: &Measure, value: &[u8]) -> bool {
    if m.length < 8 || m.distinct < 6 || is_placeholder(value) {
        return false;
    }
    let letters = m.lower + m.upper;
    if m.hex {
        return m.digits >= 2 && letters >= 2 && m.entropy >= 2.5 && m.distinct * 4 >= m.length.min(32);
    }
    let bar = match m.length {
        0..=11 => 2.6,
        12..=19 => 3.0,
        20..=31 => 3.3,
        _ => 3.5,
    };
    if m.entropy < bar || letters == 0 {
        return false;
    }
    let words = m.length.div_ceil(8);
    if m.digits >= 1 && m.changes > words.min(4) {
        return true;
    }
    if m.digits >= 2 && m.changes >= 3 && m.length >= 12 {
        return true;
    }
    // Long values without digits: capitals strewn among small letters, not at the heads of words.
    (m.length >= 20 && m.changes >= m.length / 5 && m.consonants >= 4 && m.lower >= 3 && m.upper >= 3)
        || (m.length >= 20 && m.consonants >= 6 && m.entropy >= 3.5)
}

/// Whether a value is a stand-in: a word such as `example`, one character repeated, a sequence, or a reference to
/// somewhere else (`${NAME}`, `<token>`, `{{ value }}`, `%NAME%`).
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let head = value.get(..LONGEST.min(value.len())).unwrap_or_default();
    if is_reference(head) || is_stand_in(head) {
        return true;
    }
    let mut letters = [0_u8; LONGEST];
    let mut length = 0_usize;
    for (&byte, place) in head.iter().filter(|&&byte| ALNUM.has(byte)).zip(&mut letters) {
        *place = byte;
        length += 1;
    }
    let core = letters.get(..length).unwrap_or_default();
    if core.len() < 4 {
        return core.is_empty();
    }
    let mut repeated = 0_usize;
    let mut sequential = 0_usize;
    let mut run = 1_usize;
    let mut longest = 1_usize;
    for (first, second) in core.iter().zip(core.iter().skip(1)) {
        let same = first.eq_ignore_ascii_case(second);
        repeated += usize::from(same);
        run = if same { run + 1 } else { 1 };
        longest = longest.max(run);
        sequential += usize::from(second.wrapping_sub(*first) == 1 || (*first == b'9' && *second == b'0'));
    }
    let pairs = core.len() - 1;
    longest >= 8
        || (longest >= 6 && core.len() < 32)
        || repeated * 2 > pairs
        || sequential * 10 > pairs * 7
        || is_periodic(core)
}

/// Whether six characters of a value or more count up (`abcdef`, `345678`), or its letters or digits do when the others are
/// left out (`a1b2c3d4e5f6g7h8`). In 40 drawn letters and digits that happens less than once in ten million values.
pub(crate) fn is_counted(value: &[u8]) -> bool {
    let head = value.get(..LONGEST.min(value.len())).unwrap_or_default();
    let next = |first: u8, second: u8| second.wrapping_sub(first) == 1 || (first, second) == (b'9', b'0');
    let mut last = 0_u8;
    let mut run = 0_usize;
    // Of digits, small letters and capitals: the last one, how many there were, how many were the next of the one before.
    let mut threads = [(0_u8, 0_usize, 0_usize); 3];
    for &byte in head.iter().filter(|&&byte| ALNUM.has(byte)) {
        run = if next(last, byte) { run + 1 } else { 1 };
        if run >= 6 {
            return true;
        }
        last = byte;
        let class = if DIGITS.has(byte) { 0 } else { 1 + usize::from(UPPER.has(byte)) };
        if let Some((before, seen, ordered)) = threads.get_mut(class) {
            *ordered += usize::from(next(*before, byte));
            *seen += 1;
            *before = byte;
        }
    }
    threads.iter().any(|&(_, seen, ordered)| seen >= 8 && ordered * 10 >= (seen - 1) * 7)
}

/// Whether a value contains a word people write where a secret will stand.
pub fn is_stand_in(value: &[u8]) -> bool {
    static WORDS: LazyLock<Trie> = LazyLock::new(|| Trie::ignoring_case(STAND_INS));
    WORDS.is_in(value)
}

/// Whether a value repeats itself with a period of at most six.
fn is_periodic(core: &[u8]) -> bool {
    core.len() >= 12
        && (1..=6).any(|period| {
            core.get(period..).is_some_and(|shifted| shifted.iter().zip(core).all(|(a, b)| a == b))
        })
}

/// Whether a value points to where the real one is: a variable, a template, a call.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let trimmed = value.trim_ascii();
    let starts = ["${", "{{", "<%", "$(", "#{", "%(", "@{", "[[", "!Ref", "!Sub", "!vault", "$ENV", "$env:"];
    if starts.iter().any(|start| trimmed.starts_with(start.as_bytes())) {
        return true;
    }
    match trimmed {
        [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', .., b'}'] | [b'%', .., b'%'] | [b'*', b'*', ..] => true,
        [b'$', rest @ ..] => {
            let name = rest.iter().take_while(|&&byte| UPPER.has(byte) || byte == b'_').count();
            name >= 3 && !rest.get(name).is_some_and(|next| ALNUM.has(*next))
                || name > 0 && name == rest.len()
        }
        _ => {
            ["os.environ", "process.env", "getenv(", "ENV[", "env.", "secrets.", "config.", "var.", "vault("]
                .iter()
                .any(|word| holds_ignoring_case(trimmed, word.as_bytes()))
        }
    }
}

/// Words people write where a secret will stand.
const STAND_INS: &[&str] = &[
    "example",
    "placeholder",
    "your_",
    "your-",
    "yourapi",
    "yourkey",
    "yourtoken",
    "yoursecret",
    "xxxx",
    "redacted",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "insert_",
    "insert-",
    "dummy",
    "notasecret",
    "not-a-secret",
    "not_a_secret",
    "fake_",
    "fakekey",
    "fake-",
    "<your",
    "undefined",
    "....",
    "****",
    "____",
    "lorem",
    "ipsum",
];

/// Whether a value is a UUID (RFC 9562 text form).
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, &byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => HEX.has(byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_values_are_random_and_written_ones_are_not() {
        for drawn in [
            "a8F3kd92LsQ0pZx7Vb6N",
            "9f86d081884c7d659a2feaa0c55ad015",
            "lV9ASPsd2P3d",
            "kQzWpRtLbNxMvHsJdFgYcU",
        ] {
            assert!(is_random(drawn.as_bytes()), "{drawn}");
        }
        for written in [
            "getAccessTokenFromHeader",
            "com.example.service.TokenProvider",
            "my_application_settings",
            "1234567890123456",
            "password",
        ] {
            assert!(!is_random(written.as_bytes()), "{written}");
        }
    }

    #[test]
    fn stand_ins_are_told_from_values() {
        for stand_in in [
            "YOUR_API_KEY",
            "xxxxxxxxxxxx",
            "${TOKEN}",
            "<token>",
            "{{ secret }}",
            "AKIAIOSFODNN7EXAMPLE",
            "%PASS%",
        ] {
            assert!(is_placeholder(stand_in.as_bytes()), "{stand_in}");
        }
        assert!(!is_placeholder(b"a8F3kd92LsQ0pZx7Vb6N"));
    }

    #[test]
    fn what_counts_up_is_counted_and_what_is_drawn_is_not() {
        for counted in ["abcdefg12346+FJQCK", "a1b2c3d4-e5f6-g7h8-i9j0", "x-456789-y"] {
            assert!(is_counted(counted.as_bytes()), "{counted}");
        }
        for drawn in ["a8F3kd92LsQ0pZx7Vb6N", "9f86d081884c7d659a2feaa0c55ad015", "abc12345x"] {
            assert!(!is_counted(drawn.as_bytes()), "{drawn}");
        }
    }

    #[test]
    fn entropy_is_that_of_the_byte_distribution() {
        assert!((measure(b"abab").entropy - 1.0).abs() < 1e-6);
        assert!((measure(b"abcdefgh").entropy - 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_uuid_has_its_dashes_in_place() {
        assert!(is_uuid(b"123e4567-e89b-12d3-a456-426614174000"));
        assert!(!is_uuid(b"123e4567e89b-12d3-a456-4266141740000"));
    }
}
