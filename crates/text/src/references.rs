//! Character references of HTML: what `&#103;`, `&#x67;` and `&lowbar;` stand for.
//!
//! Of the named ones those are read that stand for ASCII, for blanks, for characters no one sees, and for letters of mathematics, which are read
//! as the plain letters that people and the names of hosts take them for; the others name letters beyond ASCII, which dress nothing.
//!
//! Source: the HTML standard of the WHATWG, sections 13.2.5.72 to 13.2.5.80 and 13.5.

/// Longest name that is looked up, in bytes.
const LONGEST_NAME: usize = 24;
/// Most digits of a number; the standard has no bound.
const MOST_DIGITS: usize = 16;

/// Named references, in the order of their bytes.
const NAMED: [(&str, char); 98] = [
    ("AMP", '&'),
    ("ApplyFunction", '\u{2061}'),
    ("CapitalDifferentialD", 'D'),
    ("DD", 'D'),
    ("DiacriticalGrave", '`'),
    ("DifferentialD", 'd'),
    ("ExponentialE", 'e'),
    ("GT", '>'),
    ("Hat", '^'),
    ("ImaginaryI", 'i'),
    ("InvisibleComma", '\u{2063}'),
    ("InvisibleTimes", '\u{2062}'),
    ("LT", '<'),
    ("MediumSpace", '\u{205F}'),
    ("NegativeMediumSpace", '\u{200B}'),
    ("NegativeThickSpace", '\u{200B}'),
    ("NegativeThinSpace", '\u{200B}'),
    ("NegativeVeryThinSpace", '\u{200B}'),
    ("NewLine", '\n'),
    ("NoBreak", '\u{2060}'),
    ("NonBreakingSpace", '\u{A0}'),
    ("QUOT", '"'),
    ("Tab", '\t'),
    ("ThinSpace", '\u{2009}'),
    ("UnderBar", '_'),
    ("VerticalLine", '|'),
    ("VeryThinSpace", '\u{200A}'),
    ("ZeroWidthSpace", '\u{200B}'),
    ("af", '\u{2061}'),
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("complexes", 'C'),
    ("dash", '\u{2010}'),
    ("dd", 'd'),
    ("dollar", '$'),
    ("ee", 'e'),
    ("ell", 'l'),
    ("emsp", '\u{2003}'),
    ("emsp13", '\u{2004}'),
    ("emsp14", '\u{2005}'),
    ("ensp", '\u{2002}'),
    ("equals", '='),
    ("excl", '!'),
    ("exponentiale", 'e'),
    ("grave", '`'),
    ("gt", '>'),
    ("hairsp", '\u{200A}'),
    ("hyphen", '\u{2010}'),
    ("ic", '\u{2063}'),
    ("ii", 'i'),
    ("integers", 'Z'),
    ("it", '\u{2062}'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lrm", '\u{200E}'),
    ("lsqb", '['),
    ("lt", '<'),
    ("midast", '*'),
    ("naturals", 'N'),
    ("nbsp", '\u{A0}'),
    ("num", '#'),
    ("numsp", '\u{2007}'),
    ("order", 'o'),
    ("percnt", '%'),
    ("period", '.'),
    ("planckh", 'h'),
    ("plus", '+'),
    ("primes", 'P'),
    ("puncsp", '\u{2008}'),
    ("quest", '?'),
    ("quot", '"'),
    ("rationals", 'Q'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("real", 'R'),
    ("reals", 'R'),
    ("rlm", '\u{200F}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("shy", '\u{AD}'),
    ("sol", '/'),
    ("thinsp", '\u{2009}'),
    ("verbar", '|'),
    ("vert", '|'),
    ("weierp", 'P'),
    ("wp", 'P'),
    ("zwj", '\u{200D}'),
    ("zwnj", '\u{200C}'),
];

/// The character that the reference stands for with which `text` begins, and how long the reference is, in bytes; nothing if there is none.
/// The semicolon may be missing, as browsers allow for numbers.
pub fn reference(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('&')?;
    let (digits, radix, skipped) = match rest.as_bytes() {
        [b'#', b'x' | b'X', ..] => (rest.get(2..)?, 16, 3),
        [b'#', ..] => (rest.get(1..)?, 10, 2),
        _ => (rest, 0, 1),
    };
    let (character, length) = if radix == 0 {
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).take(LONGEST_NAME).count();
        (named(rest.get(..length)?)?, length)
    } else {
        let length =
            digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).take(MOST_DIGITS).count();
        let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        (char::from_u32(code)?, length)
    };
    let end = length.saturating_add(skipped);
    Some((character, end.saturating_add(usize::from(text.as_bytes().get(end) == Some(&b';')))))
}

/// What a name stands for.
fn named(name: &str) -> Option<char> {
    if let Ok(at) = NAMED.binary_search_by(|(known, _)| known.cmp(&name)) {
        return NAMED.get(at).map(|(_, character)| *character);
    }
    // Script, double-struck and Fraktur letters: `&gscr;`, `&gopf;`, `&gfr;`.
    let letter = name.strip_suffix("scr").or(name.strip_suffix("opf")).or(name.strip_suffix("fr"))?;
    let mut letters = letter.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stand_in_order() {
        assert!(NAMED.is_sorted_by(|one, other| one.0 < other.0));
        assert!(NAMED.iter().all(|(name, _)| name.len() <= LONGEST_NAME));
    }

    #[test]
    fn references_are_read_and_what_is_none_is_not() {
        for (text, character) in [
            ("&#103;x", 'g'),
            ("&#x67", 'g'),
            ("&#0103;", 'g'),
            ("&lowbar;", '_'),
            ("&ZeroWidthSpace;", '\u{200B}'),
            ("&NegativeVeryThinSpace;", '\u{200B}'),
            ("&gopf;", 'g'),
            ("&hfr;", 'h'),
            ("&Pscr;", 'P'),
            ("&zwnj;", '\u{200C}'),
        ] {
            assert_eq!(reference(text).map(|(one, _)| one), Some(character), "{text}");
        }
        for text in ["&", "&;", "&copy=2", "&#;", "&#x110000;", "amp;", "&ascr1;", "&abscr;"] {
            assert_eq!(reference(text), None, "{text}");
        }
        assert_eq!(reference("&sol;/"), Some(('/', 5)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_within_it(text in "&[#xX0-9a-zA-Z;\u{e9}]{0,30}") {
            if let Some((_, length)) = reference(&text) {
                prop_assert!(text.get(..length).is_some());
            }
        }
    }
}
