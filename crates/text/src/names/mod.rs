//! Personal data told by words: names of people, places and organisations, addresses, dates, ages, titles, peoples.
//!
//! No model: short lists of words, the shape of words, and the words around them, each rule with a fixed score. What this
//! finds and misses is measured in the book; names that are also words of the language, or stand where no context speaks
//! for them, are missed, and capitals in other languages' prose mislead it. One pass over the tokens of a text per rule.

mod addresses;
mod classify;
mod dates;
mod lexicon;
mod neighbours;
mod organisations;
mod reading;
mod titles;
mod tokens;

use crate::hit::Raw;
use lexicon::Lexicon;
use reading::Reading;

/// The detector of names.
#[derive(Debug)]
pub(crate) struct Names(Lexicon);

impl Names {
    /// Reads the lists of words.
    pub(crate) fn new() -> Self {
        Self(Lexicon::new())
    }

    /// Finds names and what is told by words.
    pub(crate) fn scan(&self, text: &[u8], raw: &mut Vec<Raw>) {
        let mut base = 0;
        for chunk in text.utf8_chunks() {
            let from = raw.len();
            self.read(chunk.valid(), raw);
            for hit in raw.iter_mut().skip(from) {
                hit.start += base;
                hit.end += base;
            }
            base += chunk.valid().len() + chunk.invalid().len();
        }
    }

    fn read(&self, text: &str, raw: &mut Vec<Raw>) {
        let mut reading = Reading::new(text, tokens::tokens(text, &self.0));
        dates::read(&mut reading);
        addresses::read(&mut reading);
        titles::read(&mut reading);
        organisations::read(&mut reading);
        classify::read(&mut reading);
        neighbours::read(&mut reading);
        raw.append(&mut reading.found);
    }
}

#[cfg(test)]
mod testing {
    use super::Names;

    /// What a text gives, in order.
    pub(super) fn found(text: &str) -> Vec<(&'static str, &str)> {
        let mut raw = Vec::new();
        Names::new().scan(text.as_bytes(), &mut raw);
        raw.sort_by_key(|hit| hit.start);
        raw.iter().filter_map(|hit| Some((hit.kind.id, text.get(hit.start..hit.end)?))).collect()
    }
}
