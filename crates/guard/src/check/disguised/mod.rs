//! Credentials in an answer that are written so that a search for them finds nothing, while people and machines read them all the same:
//! [`Disguised`].
//!
//! Each word is looked through as a page shows it ([`Shown`]), in other case, backwards, with letters moved by thirteen, and decoded. Words
//! that are pieces of one (letters set apart, groups, texts that a program puts together) are looked through as one; there, and where the
//! letters were changed, only tokens count that their form alone tells.

mod coded;
mod gate;
mod margin;
mod numbers;
mod run;
mod spelt;

use super::address::opened;
use super::look::{Look, Way, reason};
use super::policy::Handling;
use super::shown::{NOTHING, Shown};
use super::stream::{Kinds, LONGEST_STEP, Seen, Step, Tail, is_unspaced, without_blanks};
use super::words::turned;
use bartizan_text::{Class, Hit, latin_look};
use coded::{Code, Coded};
use margin::Margin;
use run::{Run, is_of_mark, may_begin};
use spelt::Spelt;
use std::ops::Range;
use std::sync::Arc;

/// Shortest word that can be a value, and shortest of letters alone, in bytes.
const SHORTEST: usize = 6;
const LONG_WORD: usize = 14;
/// Shortest word that can be a token in other letters.
const SHORTEST_TURNED: usize = 16;
/// Shortest text that can be a token.
const SHORTEST_TOKEN: usize = 20;
/// Shortest run of characters of base64 that is decoded.
const SHORTEST_ENCODED: usize = 24;
/// Bytes of a word with blanks behind it from which on it is no piece.
const LEAST_WORD: usize = 3;
/// What no word of prose holds.
const MARKED: Kinds = Kinds::FENCE
    .or(Kinds::ANGLE)
    .or(Kinds::SQUARE)
    .or(Kinds::SLASH)
    .or(Kinds::DIGIT)
    .or(Kinds::SIGN)
    .or(Kinds::BACKSLASH)
    .or(Kinds::HYPHEN)
    .or(Kinds::BEYOND);
/// How often what was decoded is decoded again.
const DEEPEST: usize = 3;
/// Longest word whose letters are read in other ways; longer ones are decoded alone.
const LONGEST_TURNED: usize = 4096;
/// Longest run of pieces that is put together.
const LONGEST_RUN: usize = 1024;
/// Longest text behind the mark of a token that waits for more pieces of it.
const LONGEST_OPEN: usize = 400;
/// Most places at which a token put together of pieces may end.
const MOST_ENDS: usize = 64;

/// Reads an answer step by step.
#[derive(Debug, Clone)]
pub(crate) struct Disguised {
    look: Arc<Look>,
    shown: Shown,
    word: Spelt,
    /// Whether the word under way began a line.
    begins_line: bool,
    margin: Margin,
    run: Run,
    coded: Coded,
    way: Way,
}

/// A credential, and where in the text.
type Found = (Hit, Handling, Range<usize>);

impl Disguised {
    /// A reader of a text of which nothing but prose was passed over, at the start of a line or within one.
    pub(crate) fn new(look: Arc<Look>, begins_line: bool) -> Self {
        let mut shown = Shown::joining();
        shown.pass(begins_line);
        Self {
            look,
            shown,
            word: Spelt::default(),
            begins_line: false,
            margin: Margin::default(),
            run: Run::default(),
            coded: Coded::default(),
            way: Way::Out,
        }
    }

    /// Everything in a whole text that goes this way, by its place.
    pub(crate) fn all(look: &Arc<Look>, text: &str, way: Way) -> Vec<Seen> {
        let (mut tail, mut seen) = (Tail::default(), Vec::new());
        let mut reader = Self { way, ..Self::new(Arc::clone(look), true) };
        tail.push(text);
        while let Some(step) = tail.step() {
            reader.read(&tail, &step, false, &mut seen);
        }
        let rest = tail.rest();
        reader.read(&tail, &rest, true, &mut seen);
        seen
    }

    /// The same where the text may hold something at all; what else is prose is passed over at once.
    pub(crate) fn hidden(look: &Arc<Look>, text: &str, way: Way) -> Vec<Seen> {
        let mut all = Vec::new();
        for part in gate::parts(text) {
            let mut seen = Self::all(look, text.get(part.clone()).unwrap_or_default(), way);
            for one in &mut seen {
                let span = &one.reason.span;
                one.reason.span = part.start.saturating_add(span.start)..part.start.saturating_add(span.end);
            }
            all.append(&mut seen);
        }
        all
    }

    /// Whether a step is passed over where nothing is under way.
    pub(crate) fn passes(text: &str, kinds: Kinds) -> bool {
        is_prose(text, kinds)
    }

    /// Passes over a step that [passes](Self::passes) where nothing is under way; whether that is so.
    pub(crate) fn pass_small(&mut self, text: &str) -> bool {
        let passes = self.may_pass(text.len());
        if passes {
            self.pass_on();
        }
        passes
    }

    /// Whether a word of so many bytes that [passes](Self::passes), with the blanks behind it, is passed over now.
    pub(crate) fn may_pass(&self, length: usize) -> bool {
        self.is_idle() && (self.run.pieces == 0 || length > LEAST_WORD)
    }

    /// Passes over it, and over words that stand behind it and pass as well.
    pub(crate) fn pass_on(&mut self) {
        self.run.clear();
        self.shown.pass(false);
    }

    /// Whether nothing is under way but pieces.
    fn is_idle(&self) -> bool {
        self.word.is_empty() && self.shown.is_idle() && self.run.open.is_none() && self.coded.of.is_none()
    }

    /// Reads a step; gives where something begins that is not known to its end.
    pub(crate) fn read(
        &mut self,
        tail: &Tail,
        step: &Step,
        last: bool,
        seen: &mut Vec<Seen>,
    ) -> Option<usize> {
        let text = tail.word(step);
        if !last && self.may_pass(text.len()) && is_prose(text, step.kinds) {
            self.run.clear();
            self.shown.pass(step.kinds.any(Kinds::LINE_END));
            return None;
        }
        let begins_line = self.shown.begins_line();
        if !last
            && !begins_line
            && let [letter, b' '] = text.as_bytes()
            && letter.is_ascii_alphabetic()
            && self.is_idle()
            && !self.coded.is_dump()
        {
            return self.letter(char::from(*letter), step.start, tail, seen);
        }
        let shown = self.shown.read(text);
        let margin = if begins_line && self.word.is_empty() { self.margin.take(&shown) } else { 0 };
        for (at, character) in shown.char_indices() {
            if at < margin || character == NOTHING || bartizan_core::is_invisible(character) {
                continue;
            }
            if character.is_whitespace() || is_unspaced(character) {
                self.end_word(tail, seen);
            } else {
                if self.word.is_empty() {
                    self.begins_line = begins_line;
                }
                self.word.push(character, step.start.saturating_add(at));
            }
        }
        if last || self.word.text.len() > LONGEST_STEP {
            self.end_word(tail, seen);
        }
        if last {
            self.end_code(tail, seen);
            self.end_run(tail, seen);
        }
        self.word.places.first().copied().into_iter().chain(self.run.held()).chain(self.coded.held()).min()
    }

    /// Takes a letter that stands alone where nothing is under way but pieces: a word as any other, and too short for anything but a piece.
    fn letter(&mut self, letter: char, place: usize, tail: &Tail, seen: &mut Vec<Seen>) -> Option<usize> {
        self.shown.pass(false);
        let mut word = std::mem::take(&mut self.word);
        word.push(letter, place);
        self.piece(&word, tail, seen);
        word.clear();
        self.word = word;
        self.run.held()
    }

    fn end_word(&mut self, tail: &Tail, seen: &mut Vec<Seen>) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if self.in_word(&word, tail, seen) {
            self.run.clear();
            self.coded.clear();
        } else {
            if !self.coded.takes(&word, self.begins_line) {
                self.end_code(tail, seen);
                self.coded.takes(&word, self.begins_line);
            }
            self.piece(&word, tail, seen);
        }
        // Its memory is used again.
        self.word = word;
        self.word.clear();
    }

    /// Looks through a word; whether anything was found.
    fn in_word(&self, word: &Spelt, tail: &Tail, seen: &mut Vec<Seen>) -> bool {
        let text = word.text.as_str();
        if text.len() < SHORTEST {
            return false;
        }
        let before = seen.len();
        let written = tail.get(word.span(0..text.len(), tail));
        let may_be = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'=' | b'$');
        if written != text && (text.len() >= LONG_WORD || text.bytes().any(may_be)) {
            self.look.find(text.as_bytes(), self.way, |hit, handling| {
                let value = text.get(hit.start..hit.end).unwrap_or_default();
                if !written.contains(value) {
                    let span = word.span(hit.start..hit.end, tail);
                    seen.push(told(hit, handling, span));
                }
            });
        }
        if seen.len() > before || text.len() < SHORTEST_TURNED || is_one_word(text) {
            return seen.len() > before;
        }
        let found = self
            .turned(text)
            .or_else(|| self.decoded(text, DEEPEST))
            .or_else(|| self.unquoted(text))
            .or_else(|| self.parted(text));
        if let Some((hit, handling, span)) = found {
            seen.push(told(hit, handling, word.span(span, tail)));
            return true;
        }
        false
    }

    /// A token in a text in one case, backwards, with letters moved by thirteen, or with letters of other scripts.
    fn turned(&self, text: &str) -> Option<Found> {
        if text.len() > LONGEST_TURNED {
            return None;
        }
        let has = |one: fn(&u8) -> bool| text.as_bytes().iter().any(one);
        if !has(u8::is_ascii_lowercase) || !has(u8::is_ascii_uppercase) {
            let found = self.altered(text.as_bytes(), true);
            if found.is_some() {
                return found;
            }
        }
        let mut changed: Vec<u8> = text.bytes().rev().collect();
        if let Some((hit, handling, span)) = self.altered(&changed, false) {
            let mirrored = text.len().saturating_sub(span.end)..text.len().saturating_sub(span.start);
            return Some((hit, handling, mirrored));
        }
        changed.clear();
        changed.extend(text.bytes().map(|byte| {
            let small = turned(byte.to_ascii_lowercase());
            if byte.is_ascii_uppercase() { small.to_ascii_uppercase() } else { small }
        }));
        self.altered(&changed, false).or_else(|| self.looking_alike(text))
    }

    /// A token in which letters of other scripts stand for those that they look like.
    fn looking_alike(&self, text: &str) -> Option<Found> {
        if text.is_ascii() {
            return None;
        }
        let mut plain = Spelt::default();
        for (at, character) in text.char_indices() {
            plain.push(latin_look(character).unwrap_or(character), at);
        }
        self.respelt(&plain, text)
    }

    /// A token of which some characters are written as their numbers behind an equals sign.
    ///
    /// Source: RFC 2045, section 6.7 (quoted-printable).
    fn unquoted(&self, text: &str) -> Option<Found> {
        if text.len() > LONGEST_TURNED || memchr::memchr(b'=', text.as_bytes()).is_none() {
            return None;
        }
        let (mut plain, mut rest, mut any) = (Spelt::default(), text, false);
        while let Some(first) = rest.chars().next() {
            let digits = rest.get(1..3).filter(|_| first == '=');
            let code =
                digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii_graphic);
            any |= code.is_some();
            plain.push(code.map_or(first, char::from), text.len().saturating_sub(rest.len()));
            rest = rest.get(if code.is_some() { 3 } else { first.len_utf8() }..).unwrap_or_default();
        }
        if any { self.respelt(&plain, text) } else { None }
    }

    /// A token in another spelling of a text.
    fn respelt(&self, plain: &Spelt, text: &str) -> Option<Found> {
        let (hit, handling, span) = self.altered(plain.text.as_bytes(), false)?;
        let start = plain.places.get(span.start).copied()?;
        let end = plain.places.get(span.end).copied().unwrap_or(text.len());
        Some((hit, handling, start..end))
    }

    /// A token whose letters are set apart by marks.
    fn parted(&self, text: &str) -> Option<Found> {
        let is_mark = |byte: &u8| byte.is_ascii_punctuation();
        let marks = text.as_bytes().iter().filter(|byte| is_mark(byte)).count();
        if marks.saturating_mul(6) < text.len() || text.len() > LONGEST_TURNED {
            return None;
        }
        // Every other character is the token's, also where that is a mark.
        let alternate: String = text.chars().step_by(2).collect();
        if alternate.len().saturating_mul(2) >= text.len()
            && let Some((hit, handling, span)) = self.altered(alternate.as_bytes(), false)
        {
            let span = span.start.saturating_mul(2)..span.end.saturating_mul(2).saturating_sub(1);
            return Some((hit, handling, span));
        }
        // Groups are of one length, but for the mark and the rest.
        let mut groups = text
            .split(|one: char| one.is_ascii_punctuation() && one != '_')
            .filter(|group| !group.is_empty())
            .map(str::len);
        let (_, usual) = (groups.next(), groups.next()?);
        let others: Vec<usize> = groups.collect();
        let (_, inner) = others.split_last()?;
        if inner.iter().any(|length| *length != usual) {
            return None;
        }
        let mut bare = Spelt::default();
        for (at, character) in text.char_indices() {
            if character == '_' || !character.is_ascii_punctuation() {
                bare.push(character, at);
            }
        }
        let (hit, handling, span) = self.altered(bare.text.as_bytes(), false)?;
        let start = bare.places.get(span.start).copied()?;
        let end = bare.places.get(span.end.saturating_sub(1)).map(|last| last.saturating_add(1))?;
        Some((hit, handling, start..end))
    }

    /// A credential in what a text says that is base64 or hexadecimal digits, or has a run of them in it.
    fn decoded(&self, text: &str, depth: usize) -> Option<Found> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        let mut at = 0;
        while let Some(rest) = text.as_bytes().get(at..).filter(|rest| rest.len() >= SHORTEST_ENCODED) {
            let length = rest.iter().take_while(|byte| is_part(**byte)).count();
            let run = text.get(at..at.saturating_add(length)).unwrap_or_default();
            if length >= SHORTEST_ENCODED
                && let Some((hit, handling, within)) = self.in_encoded(run, depth)
            {
                let filled = rest.iter().skip(length).take_while(|byte| **byte == b'=').count();
                let end = if within.end == length { length.saturating_add(filled) } else { within.end };
                return Some((hit, handling, at.saturating_add(within.start)..at.saturating_add(end)));
            }
            at = at.saturating_add(length).saturating_add(1);
        }
        None
    }

    /// A credential in what a run of characters of base64 says: all of it, without what leads up to it, or a part between slashes.
    fn in_encoded(&self, run: &str, depth: usize) -> Option<Found> {
        let leads = (0..4).map(|skip| (skip.min(run.len()), run.get(skip..).unwrap_or_default()));
        let mut at = 0_usize;
        let parts = run.split(['/', '-', '_']).map(|part| {
            let start = at;
            at = at.saturating_add(part.len()).saturating_add(1);
            (start, part)
        });
        leads.chain(parts).filter(|(_, part)| part.len() >= SHORTEST_ENCODED).find_map(|(start, part)| {
            let inner = opened(part, |_| true)?;
            let (hit, handling) = self.in_inner(&inner, depth)?;
            Some((hit, handling, start..start.saturating_add(part.len())))
        })
    }

    /// A credential in a text that was decoded.
    fn in_inner(&self, text: &str, depth: usize) -> Option<(Hit, Handling)> {
        let mut found = None;
        let mut look = |text: &str| {
            self.look.find(text.as_bytes(), self.way, |hit, handling| {
                if hit.kind.class == Class::Secret {
                    found.get_or_insert((hit, handling));
                }
            });
        };
        look(text);
        let shown = Shown::joining().read(text).replace(NOTHING, "");
        if shown != text {
            look(&shown);
        }
        let again = || {
            let again = self.turned(&shown).or_else(|| match depth.checked_sub(1) {
                Some(depth) => self.decoded(&shown, depth),
                None => None,
            });
            again.map(|(hit, handling, _)| (hit, handling))
        };
        found.or_else(again)
    }

    /// A token that its form alone tells.
    fn altered(&self, text: &[u8], any_case: bool) -> Option<Found> {
        let mut found = None;
        self.look.find_altered(text, any_case, self.way, |hit, handling| {
            let span = hit.start..hit.end;
            found.get_or_insert((hit, handling, span));
        });
        found
    }

    /// Takes a word for a piece of a run, or ends the run at it.
    fn piece(&mut self, word: &Spelt, tail: &Tail, seen: &mut Vec<Seen>) {
        if !self.run.takes(word) {
            self.end_run(tail, seen);
            return;
        }
        self.run.put(word);
        let open = self.run.open.map_or(0, |open| self.run.spelt.text.len().saturating_sub(open));
        if self.run.spelt.text.len() > LONGEST_RUN || open > LONGEST_OPEN {
            self.end_run(tail, seen);
        }
    }

    /// Decodes the parts of a code as one, and forgets them.
    fn end_code(&mut self, tail: &Tail, seen: &mut Vec<Seen>) {
        let (spelt, of) = (&self.coded.spelt, self.coded.of);
        let found = match of {
            // The last part may be none of it.
            Some(Code::Base64 | Code::Groups(_)) if self.coded.has_letter() => {
                [spelt.text.len(), self.coded.starts.last().copied().unwrap_or_default()]
                    .into_iter()
                    .filter(|end| self.coded.starts.len() > 1 && *end >= SHORTEST_ENCODED)
                    .find_map(|end| self.decoded(spelt.text.get(..end)?, DEEPEST))
                    .map(|(hit, handling, span)| (hit, handling, spelt.span(span, tail)))
            }
            Some(Code::Numbers) if self.coded.starts.len() >= SHORTEST_TOKEN => {
                self.coded.characters().iter().find_map(|text| {
                    let (hit, handling, span) = self.plain(text)?;
                    Some((hit, handling, spelt.span(self.coded.parts(&span), tail)))
                })
            }
            _ => None,
        };
        if let Some((hit, handling, span)) = found {
            seen.push(told(hit, handling, span));
            self.run.clear();
        }
        self.coded.clear();
    }

    /// The first credential in a text as it stands.
    fn plain(&self, text: &str) -> Option<Found> {
        let mut found = None;
        self.look.find(text.as_bytes(), self.way, |hit, handling| {
            if hit.kind.class == Class::Secret {
                let span = hit.start..hit.end;
                found.get_or_insert((hit, handling, span));
            }
        });
        found
    }

    /// Looks through the pieces as one text, and forgets them.
    fn end_run(&mut self, tail: &Tail, seen: &mut Vec<Seen>) {
        if self.run.pieces < 2 || self.run.spelt.text.len() < SHORTEST_TOKEN {
            self.run.clear();
            return;
        }
        let spelt = &self.run.spelt;
        let text = spelt.text.as_str();
        let to = |open: usize, end: usize| {
            let (hit, handling, span) = self.altered(text.get(open..end)?.as_bytes(), false)?;
            Some((hit, handling, open.saturating_add(span.start)..open.saturating_add(span.end)))
        };
        let put_together = |open: usize| {
            let is_far = |end: &&usize| **end >= open.saturating_add(SHORTEST_TOKEN);
            let first = self.run.ends.iter().find(|end| **end > open)?;
            // A token that is one piece was read as one word.
            if to(open, *first).is_some() {
                return None;
            }
            // As long as it may be; words behind it are none of it, unless it is none without them.
            let ends = self.run.ends.iter().rev().filter(is_far).take(MOST_ENDS);
            let plain = self.run.plain_ends.iter().filter(is_far).take(MOST_ENDS);
            ends.chain(plain).find_map(|end| to(open, *end)).or_else(|| {
                let last = self.run.ends.last().copied()?;
                let (hit, handling, span) = self.parted(text.get(open..last)?)?;
                Some((hit, handling, open.saturating_add(span.start)..open.saturating_add(span.end)))
            })
        };
        let found = self.run.open.and_then(put_together);
        if let Some((hit, handling, span)) = found {
            let value = text.get(span.clone()).unwrap_or_default();
            let span = spelt.span(span, tail);
            if !tail.get(span.clone()).contains(value) {
                seen.push(told(hit, handling, span));
            }
        }
        self.run.clear();
    }
}

/// Whether a step is a word as most are: letters, perhaps with marks of sentences around them, that begin no mark of a token.
fn is_prose(text: &str, kinds: Kinds) -> bool {
    if !kinds.is_plain() && kinds.any(MARKED) {
        return false;
    }
    let text = without_blanks(text);
    if kinds.is_plain() && !kinds.any(Kinds::LARGE) {
        return !text.is_empty() && begins_none(text.as_bytes());
    }
    let around = |byte: &u8| matches!(byte, b'.' | b',' | b':' | b';' | b'!' | b'?' | b'(' | b')' | b'"');
    let bytes = text.as_bytes().trim_ascii_end();
    let begins = bytes.iter().take_while(|byte| around(byte)).count();
    let behind = bytes.iter().rev().take_while(|byte| around(byte)).count();
    let word = bytes.get(begins..bytes.len().saturating_sub(behind)).unwrap_or_default();
    let Some((first, others)) = word.split_first() else { return false };
    first.is_ascii_alphabetic() && others.iter().all(u8::is_ascii_lowercase) && begins_none(word)
}

/// Whether a word of letters begins no mark of a token.
pub(super) fn begins_none(word: &[u8]) -> bool {
    if word.len() > 2 { !is_of_mark(word) } else { !may_begin(word) }
}

/// Whether a text is a word of letters in one case.
fn is_one_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase()) || text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn told(mut hit: Hit, handling: Handling, span: Range<usize>) -> Seen {
    (hit.start, hit.end) = (span.start, span.end);
    let replacement =
        matches!(handling, Handling::Redact | Handling::Tokens).then(|| format!("[{}]", hit.kind.id));
    Seen { reason: reason(&hit, handling, ""), replacement }
}

#[cfg(test)]
mod tests;
