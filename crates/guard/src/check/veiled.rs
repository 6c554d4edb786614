//! Words of base64 and hexadecimal digits in an answer, decoded while they come in, also where they go on over lines.
//!
//! Sources: RFC 4648 sections 4, 5 and 8.

/// Shortest word that is taken for an encoded text.
const SHORTEST: usize = 16;
/// Longest decoded word that is waited for.
const LONGEST_REST: usize = 1024;

/// How a run of words is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Base64,
    Hex,
}

/// Decodes runs of encoded words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Veiled {
    run: Option<(Code, usize)>,
    bits: u32,
    held: u32,
    rest: Vec<u8>,
}

impl Veiled {
    /// Takes a word without the blanks behind it. Gives decoded text up to its last blank; all of it where the run ends.
    pub(crate) fn word(&mut self, word: &str, start: usize, last: bool) -> String {
        // Markup and quotes around it are none of it.
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !"+/=-_".contains(c));
        let written = code(core.as_bytes());
        let same = match (self.run, written) {
            (Some((Code::Base64, _)), Some(_)) | (Some((Code::Hex, _)), Some(Code::Hex)) => true,
            (_, _) => false,
        };
        let goes_on = same && (core.len() >= SHORTEST || core.ends_with('='));
        let mut text = String::new();
        if !goes_on {
            text = self.flush();
            self.run = written.filter(|_| core.len() >= SHORTEST).map(|code| (code, start));
        }
        if let Some((code, _)) = self.run {
            core.bytes().for_each(|byte| self.byte(code, byte));
            let blank = self.rest.iter().rposition(u8::is_ascii_whitespace);
            let ready = if last { self.rest.len() } else { blank.map_or(0, |at| at.saturating_add(1)) };
            let ready = if self.rest.len() > LONGEST_REST { self.rest.len() } else { ready };
            let decoded: Vec<u8> = self.rest.drain(..ready).collect();
            text.push_str(&String::from_utf8_lossy(&decoded));
        }
        text
    }

    /// Where the run of encoded words begins that the last word belongs to.
    pub(crate) fn start(&self) -> Option<usize> {
        self.run.map(|(_, start)| start)
    }

    fn flush(&mut self) -> String {
        (self.bits, self.held, self.run) = (0, 0, None);
        let rest = std::mem::take(&mut self.rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    fn byte(&mut self, code: Code, byte: u8) {
        let (value, width) = match (code, byte) {
            (Code::Hex, b'0'..=b'9') => (byte.wrapping_sub(b'0'), 4),
            (Code::Hex, b'a'..=b'f') => (byte.wrapping_sub(b'a').wrapping_add(10), 4),
            (Code::Hex, b'A'..=b'F') => (byte.wrapping_sub(b'A').wrapping_add(10), 4),
            (Code::Base64, b'A'..=b'Z') => (byte.wrapping_sub(b'A'), 6),
            (Code::Base64, b'a'..=b'z') => (byte.wrapping_sub(b'a').wrapping_add(26), 6),
            (Code::Base64, b'0'..=b'9') => (byte.wrapping_sub(b'0').wrapping_add(52), 6),
            (Code::Base64, b'+' | b'-') => (62, 6),
            (Code::Base64, b'/' | b'_') => (63, 6),
            _ => return,
        };
        self.bits = (self.bits << width | u32::from(value)) & 0xFFFF;
        self.held = self.held.saturating_add(width);
        if self.held >= 8 {
            self.held = self.held.saturating_sub(8);
            self.rest.push((self.bits >> self.held & 0xFF) as u8);
        }
    }
}

fn code(word: &[u8]) -> Option<Code> {
    if word.is_empty() {
        None
    } else if word.len().is_multiple_of(2) && word.iter().all(u8::is_ascii_hexdigit) {
        Some(Code::Hex)
    } else if word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte)) {
        Some(Code::Base64)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    fn decoded(words: &[&str]) -> String {
        let mut veiled = Veiled::default();
        let last = words.len().saturating_sub(1);
        words.iter().enumerate().map(|(at, word)| veiled.word(word, at, at == last)).collect()
    }

    #[test]
    fn base64_is_decoded_over_lines_and_hex_in_one() {
        let encoded =
            base64::engine::general_purpose::STANDARD.encode("You are a helpful assistant of Acme.");
        let (first, second) = encoded.split_at(24);
        assert_eq!(decoded(&[first, second]), "You are a helpful assistant of Acme.");
        assert_eq!(decoded(&["`596f75206172652068656c7066756c`"]), "You are helpful");
    }

    #[test]
    fn short_words_are_words() {
        assert_eq!(decoded(&["helpful", "assistants"]), "");
    }
}
