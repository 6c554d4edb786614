//! The metadata pairs of a GGUF file: templates, free text, and the values the layout depends on.

use super::Walk;
use super::reader::{Reader, value};
use crate::names;
use crate::text::chat_template;
use crate::text::indicators::inspect_metadata;
use bartizan_core::{Location, Severity, ShortRead};
use std::collections::HashSet;

impl Walk<'_, '_, '_> {
    /// Reads `count` pairs; `None` when reading cannot go on.
    pub(super) fn pairs(&mut self, reader: &mut Reader<'_>, count: u64) -> Option<()> {
        let mut keys = HashSet::new();
        for index in 0..count {
            if index % 4096 == 4095 && self.scan.out_of_time() {
                return None;
            }
            let start = reader.cursor.position();
            let Ok(key) = reader.string() else {
                self.truncated(start);
                return None;
            };
            let name = bartizan_core::printable(&String::from_utf8_lossy(key), KEY_SHOWN);
            let Ok(kind) = reader.u32() else {
                self.truncated(reader.cursor.position());
                return None;
            };
            self.key(key, &name, start);
            if !keys.insert(key) {
                self.malformed(
                    Severity::Medium,
                    start,
                    &name,
                    format!("the key `{name}` is written twice; readers disagree on which one counts"),
                );
            }
            self.value(reader, kind, &name)?;
        }
        Some(())
    }

    fn key(&mut self, key: &[u8], name: &str, start: usize) {
        if key.is_empty() || key.len() > KEY_BYTES {
            self.malformed(
                Severity::Low,
                start,
                name,
                format!("a key of {} bytes, where 1 to {KEY_BYTES} are allowed", key.len()),
            );
        }
        match std::str::from_utf8(key) {
            Ok(text)
                if text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) => {}
            Ok(text) => {
                inspect_metadata(text, &place(start, name), self.scan);
                if text.chars().any(char::is_control) {
                    self.malformed(Severity::Low, start, name, "a key with control characters");
                }
            }
            Err(_) => self.malformed(Severity::Low, start, name, "a key that is not UTF-8"),
        }
    }

    fn value(&mut self, reader: &mut Reader<'_>, kind: u32, name: &str) -> Option<()> {
        let start = reader.cursor.position();
        if kind == value::ARRAY {
            return self.array(reader, name);
        }
        if kind == value::STRING {
            let Ok(text) = reader.string() else {
                return self.cut_off(reader, start, name);
            };
            if name == ALIGNMENT {
                self.malformed(Severity::Medium, start, name, "the alignment is a string");
            }
            self.text(text, start, name);
            return Some(());
        }
        let Some(size) = value::size(kind) else {
            self.malformed(
                Severity::Medium,
                start,
                name,
                format!("the value of `{name}` has type {kind}, which does not exist"),
            );
            self.scan.gap(start as u64, "unknown metadata type; nothing behind it was read");
            return None;
        };
        if name == ALIGNMENT {
            self.alignment(reader, kind, start);
        }
        let is_token = name.starts_with("tokenizer.ggml.") && name.ends_with("_token_id");
        if name.starts_with("split.") || is_token || name.ends_with(".vocab_size") {
            // Unsigned or small enough not to need its sign: types of 16, 32 and 64 bits.
            let number = match size {
                2 => reader.clone().u16().map(u64::from),
                4 => reader.clone().u32().map(u64::from),
                _ => reader.clone().u64(),
            };
            if let Ok(number) = number {
                self.split.note(name, number);
                self.lists.number(name, number, size);
            }
        }
        if reader.cursor.skip(size).is_err() {
            self.truncated(start);
            return None;
        }
        Some(())
    }

    /// Takes `general.alignment` without moving.
    fn alignment(&mut self, reader: &Reader<'_>, kind: u32, start: usize) {
        let value = if kind == value::UINT32 { reader.clone().u32().ok() } else { None };
        match value.map(u64::from) {
            Some(alignment) if alignment.is_power_of_two() => self.alignment = alignment,
            Some(alignment) => {
                self.malformed(Severity::Medium, start, ALIGNMENT, format!("an alignment of {alignment}, which is no power of two; a reader that divides by it crashes"));
            }
            None => self.malformed(Severity::Medium, start, ALIGNMENT, "the alignment is no 32-bit integer"),
        }
    }

    /// Arrays may nest; the open ones are kept on a stack of counts still to read.
    fn array(&mut self, reader: &mut Reader<'_>, name: &str) -> Option<()> {
        let mut open = vec![1u64];
        let mut steps = 0u32;
        let judged = !is_vocabulary(name);
        while let Some(left) = open.last_mut() {
            let Some(fewer) = left.checked_sub(1) else {
                open.pop();
                continue;
            };
            *left = fewer;
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(4096) && self.scan.out_of_time() {
                return None;
            }
            let start = reader.cursor.position();
            let head = reader.u32().and_then(|kind| Ok((kind, reader.length()?)));
            let Ok((kind, count)) = head else {
                self.truncated(start);
                return None;
            };
            if open.len() == 1 && fewer == 0 {
                self.lists.array(name, reader.cursor.position(), kind, count);
            }
            match kind {
                value::ARRAY => {
                    if open.len() >= ARRAY_DEPTH {
                        self.malformed(
                            Severity::Medium,
                            start,
                            name,
                            format!("arrays of `{name}` nest deeper than {ARRAY_DEPTH} levels"),
                        );
                        self.scan.gap(start as u64, "array nested too deep; nothing behind it was read");
                        return None;
                    }
                    open.push(count);
                }
                value::STRING => self.strings(reader, count, name, judged)?,
                _ => {
                    let Some(size) = value::size(kind) else {
                        self.malformed(
                            Severity::Medium,
                            start,
                            name,
                            format!("the array `{name}` has type {kind}, which does not exist"),
                        );
                        self.scan.gap(start as u64, "unknown metadata type; nothing behind it was read");
                        return None;
                    };
                    let skipped = count.checked_mul(size);
                    if skipped.is_none() {
                        self.malformed(
                            Severity::High,
                            start,
                            name,
                            format!(
                                "the array `{name}` claims {count} elements, whose size overflows 64 bits"
                            ),
                        );
                    }
                    if reader.cursor.skip(skipped.unwrap_or(u64::MAX)).is_err() {
                        return self.cut_off(reader, start, name);
                    }
                }
            }
        }
        Some(())
    }

    fn strings(&mut self, reader: &mut Reader<'_>, count: u64, name: &str, judged: bool) -> Option<()> {
        let mut judged_bytes = 0usize;
        for index in 0..count {
            if index % 65_536 == 65_535 && self.scan.out_of_time() {
                return None;
            }
            let start = reader.cursor.position();
            let Ok(text) = reader.string() else {
                return self.cut_off(reader, start, name);
            };
            if judged && judged_bytes < ARRAY_TEXT_BYTES {
                judged_bytes = judged_bytes.saturating_add(text.len()).saturating_add(64);
                self.text(text, start, name);
            }
        }
        Some(())
    }

    /// A string or array says it is longer than the file.
    fn cut_off(&mut self, reader: &Reader<'_>, start: usize, name: &str) -> Option<()> {
        let left = self.input.bytes.len().saturating_sub(start);
        let mut peek = reader.clone();
        let claimed: Result<u64, ShortRead> = peek.cursor.seek(start as u64).and_then(|()| peek.length());
        if let Ok(claimed) = claimed
            && claimed > u64::from(u32::MAX).max(left as u64)
        {
            self.malformed(
                Severity::Medium,
                start,
                name,
                format!("`{name}` claims a length of {claimed} in {left} bytes"),
            );
        }
        // A template cut off by the end of the file may still be read by a tolerant loader.
        let rest =
            self.input.bytes.get(start.saturating_add(reader.length_size() as usize)..).unwrap_or_default();
        if name.contains("template") && !rest.is_empty() {
            self.text(rest.get(..TAIL_BYTES).unwrap_or(rest), start, name);
        }
        self.truncated(start);
        None
    }

    fn text(&mut self, text: &[u8], start: usize, name: &str) {
        let place = place(start, name);
        let text = String::from_utf8_lossy(text);
        if is_template(name, &text) {
            return chat_template::inspect(&text, &place, self.scan);
        }
        if name == TOKENIZER_JSON {
            self.scan.member("tokenizer.json", text.as_bytes());
        } else if !is_vocabulary(name) {
            if name == "general.license" {
                names::licence::inspect(&text, &place, self.scan);
            } else if name.starts_with("general.")
                && (name.ends_with("repo_url") || name.ends_with("repository"))
            {
                names::declared(&text, &place, self.scan);
            }
            inspect_metadata(&text, &place, self.scan);
        }
    }
}

/// Whether a value is a Jinja template: by its key, or by its syntax under any key that says so.
fn is_template(name: &str, text: &str) -> bool {
    name.starts_with("tokenizer.chat_template")
        || (text.contains("{%") && text.contains("%}"))
        || (name.contains("template") && text.contains("{{"))
}

/// Whether a key holds the words of a tokenizer, in which any text is normal.
fn is_vocabulary(name: &str) -> bool {
    name.starts_with("tokenizer.ggml.")
}

fn place(offset: usize, name: &str) -> Location {
    Location { offset: Some(offset as u64), pointer: Some(name.to_owned()), ..Location::default() }
}

const ALIGNMENT: &str = "general.alignment";
/// The whole `tokenizer.json` of Hugging Face tokenizers, as one string.
const TOKENIZER_JSON: &str = "tokenizer.huggingface.json";
/// Longest key the specification allows, in bytes.
const KEY_BYTES: usize = 65_535;
/// Longest key shown, in characters.
const KEY_SHOWN: usize = 120;
/// Deepest nesting of arrays followed; llama.cpp itself takes none.
const ARRAY_DEPTH: usize = 16;
/// How much text of one array of strings is judged, in bytes.
const ARRAY_TEXT_BYTES: usize = 4 << 20;
/// How much of a template that the file's end cuts off is judged, in bytes.
const TAIL_BYTES: usize = 1 << 20;
