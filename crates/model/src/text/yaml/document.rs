//! The walk over the lines, quotes, block scalars and flow collections of one YAML text.

use super::calls::Calls;
use super::scalars::{code_call, property_end, quoted, split_key, unquoted};
use super::{CONFIG_CODE, YAML_ALIAS_BOMB};
use crate::Scan;
use crate::text::chat_template::{self, Rendered};
use crate::text::{hydra, indicators};
use crate::wire::json::line_and_column;
use bartizan_core::{Confidence, Finding, Location};
use std::collections::HashMap;

/// Expanded nodes from which aliases are an attack. Real files stay below a few thousand.
const EXPANSION: u64 = 1_000_000;
/// Longest part of what follows a tag shown, in bytes.
const ARGUMENT_BYTES: usize = 400;
/// Longest part of a key kept for the path, in bytes.
const KEY_BYTES: usize = 256;
/// Most keys shown of a path; the outermost are left out beyond.
const PATH_STEPS: usize = 48;
/// Nesting of flow collections whose keys are followed; PyYAML's own recursion ends before.
const FLOW_DEPTH: usize = 512;
/// Lines are counted only in this much of a file, in bytes; counting for each of many scalars is quadratic.
const LINES_WITHIN: usize = 64 << 10;

/// The walk over one text.
pub(super) struct Document<'t, 's, 'c> {
    text: &'t str,
    place: &'t Location,
    pub(super) scan: &'s mut Scan<'c>,
    /// What tags and targets call with what.
    pub(super) calls: Calls,
    /// `%TAG` handles and their prefixes.
    pub(super) handles: HashMap<&'t str, &'t str>,
    /// How many nodes each anchor expands to.
    weights: HashMap<&'t str, u64>,
    anchor: String,
    exploded: bool,
    /// Keys around the current line by their indentation.
    path: Vec<(usize, &'t str)>,
}

impl<'t, 's, 'c> Document<'t, 's, 'c> {
    pub(super) fn new(text: &'t str, place: &'t Location, scan: &'s mut Scan<'c>) -> Self {
        Self {
            text,
            place,
            scan,
            calls: Calls::read(text),
            handles: HashMap::new(),
            weights: HashMap::new(),
            anchor: String::new(),
            exploded: false,
            path: Vec::new(),
        }
    }

    /// Reads the text to its end.
    pub(super) fn run(&mut self) {
        let mut at = 0usize;
        let mut lines = 0u32;
        while at < self.text.len() {
            lines = lines.wrapping_add(1);
            if lines.is_multiple_of(0x1_0000) && self.scan.out_of_time() {
                return;
            }
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end.saturating_add(1));
            let line = rest.get(..length).unwrap_or_default();
            at = self.line(line, at).max(at.saturating_add(length));
        }
    }

    /// Reads the line at `start`; gives the offset after what it consumed when that is more than the line.
    fn line(&mut self, line: &'t str, start: usize) -> usize {
        let trimmed = line.trim_end();
        if let Some(directive) = trimmed.strip_prefix("%TAG ") {
            let mut words = directive.split_whitespace();
            if let (Some(handle), Some(prefix)) = (words.next(), words.next()) {
                self.handles.insert(handle, prefix);
            }
            return 0;
        }
        let mut body = trimmed.trim_start_matches(' ');
        let mut indent = trimmed.len().saturating_sub(body.len());
        while let Some(item) = body.strip_prefix("- ").or_else(|| body.strip_prefix("? ")) {
            let inner = item.trim_start();
            indent = indent.saturating_add(body.len().saturating_sub(inner.len()));
            body = inner;
        }
        if body.starts_with("--- ") {
            body = body.get(4..).unwrap_or_default();
        }
        if body.is_empty() || body.starts_with('#') || body.starts_with("---") {
            return 0;
        }
        self.path.retain(|(depth, _)| *depth < indent);
        let (key, value) = split_key(body);
        if let Some(key) = key {
            self.path.push((indent, kept(unquoted(key))));
        }
        let offset = start.saturating_add(trimmed.len().saturating_sub(value.len()));
        self.value(value, offset, indent, start.saturating_add(line.len()))
    }

    /// Reads the value that begins at `offset`, after its properties; `next` is the offset of the following line.
    fn value(&mut self, value: &'t str, offset: usize, indent: usize, next: usize) -> usize {
        let scalar = self.properties(value, offset);
        let at = offset.saturating_add(value.len().saturating_sub(scalar.len()));
        match scalar.as_bytes().first() {
            Some(b'|' | b'>') => {
                let (text, end) = self.block(next, indent);
                self.scalar(&text, at);
                end
            }
            Some(b'"' | b'\'') => {
                let (text, end) = quoted(self.text, at);
                self.scalar(&text, at);
                let ends = matches!(
                    self.follows(end),
                    None | Some(b'\n' | b'\r' | b'#' | b',' | b'}' | b']' | b':')
                );
                if !ends {
                    // Not YAML: what the author meant is the whole rest of the line.
                    self.scalar(scalar.trim_matches(['"', '\'']), at);
                }
                end
            }
            Some(b'[' | b'{') => self.flow(at),
            Some(_) => {
                let text = scalar.split(" #").next().unwrap_or(scalar).trim();
                self.scalar(text, at);
                0
            }
            None => 0,
        }
    }

    /// Passes tags, anchors and aliases in front of a value, judging them.
    fn properties<'v>(&mut self, value: &'v str, offset: usize) -> &'v str
    where
        't: 'v,
        'v: 't,
    {
        let mut rest = value.trim_start();
        loop {
            let at = offset.saturating_add(value.len().saturating_sub(rest.len()));
            let end = property_end(rest);
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match rest.as_bytes().first() {
                Some(b'!') => {
                    let near = after.get(..after.floor_char_boundary(ARGUMENT_BYTES)).unwrap_or(after);
                    let argument = near.lines().next().unwrap_or_default();
                    self.tag(word, argument, at);
                }
                Some(b'&') => {
                    let name = word.trim_start_matches('&');
                    self.weights.insert(name, 1);
                    name.clone_into(&mut self.anchor);
                }
                Some(b'*') if word.len() > 1 && !word.contains(['(', '"', '\'']) => {
                    self.alias(word.trim_start_matches('*'), at);
                }
                _ => return rest,
            }
            rest = after.trim_start();
        }
    }

    /// The first byte from `at` on that is no blank.
    fn follows(&self, at: usize) -> Option<u8> {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        rest.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t'))
    }

    fn alias(&mut self, name: &str, at: usize) {
        let weight = self.weights.get(name).copied().unwrap_or(1);
        if let Some(sum) = self.weights.get_mut(self.anchor.as_str()) {
            *sum = sum.saturating_add(weight);
            if *sum > EXPANSION && !self.exploded {
                self.exploded = true;
                let message = format!("aliases expand to more than {EXPANSION} nodes");
                self.report(Finding::new(&YAML_ALIAS_BOMB, message), at);
            }
        }
    }

    /// The block scalar whose lines begin at `start` and are indented deeper than `indent`.
    fn block(&self, start: usize, indent: usize) -> (String, usize) {
        let mut text = String::new();
        let mut at = start;
        let mut margin = None;
        while at < self.text.len() {
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end.saturating_add(1));
            let line = rest.get(..length).unwrap_or_default();
            let depth = line.len().saturating_sub(line.trim_start_matches(' ').len());
            if !line.trim().is_empty() {
                // A block under a key at column 0 may not be indented less than one.
                if depth <= indent && !(indent == 0 && depth > 0) {
                    break;
                }
                margin.get_or_insert(depth);
            }
            text.push_str(line.get(margin.unwrap_or(0).min(depth)..).unwrap_or_default());
            at = at.saturating_add(length);
        }
        (text, at)
    }

    /// A flow collection: its scalars, keys and properties one by one, to its closing bracket.
    fn flow(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut depth = 0usize;
        let mut key: Option<&'t str> = None;
        // For each open collection, the key it stands under if it is a list, whose elements all stand under it.
        let mut lists: Vec<Option<&'t str>> = Vec::new();
        let pushed = self.path.len();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'[' | b'{' => {
                    depth = depth.saturating_add(1);
                    key = key.filter(|_| byte == b'[');
                    if lists.len() < FLOW_DEPTH {
                        lists.push(key);
                    }
                }
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    lists.truncate(depth);
                    key = None;
                    if depth == 0 {
                        self.path.truncate(pushed);
                        return at.saturating_add(1);
                    }
                }
                b',' => key = lists.last().copied().flatten().filter(|_| lists.len() == depth),
                b'"' | b'\'' => {
                    let (text, end) = quoted(self.text, at);
                    if self.follows(end) == Some(b':') && key.is_none() {
                        key = self.text.get(at.saturating_add(1)..end.saturating_sub(1));
                    } else {
                        self.keyed(key, pushed);
                        self.scalar(&text, at);
                    }
                    at = end.max(at.saturating_add(1));
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' | b':' => {}
                _ => {
                    let rest = self.text.get(at..).unwrap_or_default();
                    let skipped = if rest.starts_with("!<") { property_end(rest) } else { 0 };
                    let end = rest
                        .char_indices()
                        .skip_while(|(index, _)| *index < skipped)
                        .find(|(index, c)| {
                            matches!(c, ',' | '[' | ']' | '{' | '}' | '\n')
                                || (*c == ':'
                                    && rest
                                        .as_bytes()
                                        .get(index.saturating_add(1))
                                        .is_none_or(u8::is_ascii_whitespace))
                        })
                        .map_or(rest.len(), |(index, _)| index);
                    let word = rest.get(..end).unwrap_or_default();
                    let is_key = rest.as_bytes().get(end) == Some(&b':');
                    if is_key && key.is_none() {
                        key = Some(word.trim());
                    } else {
                        let scalar = self.properties(word, at);
                        self.keyed(key, pushed);
                        if matches!(scalar.as_bytes().first(), Some(b'"' | b'\'')) {
                            at = at.saturating_add(word.len().saturating_sub(scalar.len()));
                            continue;
                        }
                        self.scalar(scalar.trim(), at);
                    }
                    at = at.saturating_add(end.max(1));
                    continue;
                }
            }
            at = at.saturating_add(1);
        }
        self.path.truncate(pushed);
        at
    }

    fn keyed(&mut self, key: Option<&'t str>, pushed: usize) {
        self.path.truncate(pushed);
        if let Some(key) = key {
            self.path.push((usize::MAX, kept(key)));
        }
    }

    /// Judges one scalar under the current path.
    fn scalar(&mut self, text: &str, at: usize) {
        let key = self.path.last().map_or("", |(_, key)| *key);
        // The place is made where something may be said of it: most scalars are words and numbers.
        if key == "chat_template"
            || (key == "template" && self.path.iter().any(|(_, key)| *key == "chat_template"))
        {
            let place = self.here(at);
            chat_template::inspect(text, &place, self.scan);
            return;
        }
        if hydra::is_target_key(key) {
            let call = self.calls.target(text.trim());
            let place = self.here(at);
            hydra::inspect_target(key, text, call, &place, self.scan);
        }
        if text.len() < 4 {
            return;
        }
        if text.contains("{{") || text.contains("{%") {
            let place = self.here(at);
            chat_template::inspect_as(text, Rendered::Perhaps, &place, self.scan);
        }
        if let Some(called) = code_call(text) {
            let message = format!("the setting `{key}` holds Python code that calls `{called}`");
            let finding = Finding::new(&CONFIG_CODE, message).confidence(Confidence::Medium);
            self.report(finding.evidence(text), at);
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            && indicators::matters(text, self.scan)
        {
            let place = self.here(at);
            indicators::inspect_mattering(text, &place, self.scan);
        }
    }

    fn here(&self, at: usize) -> Location {
        let mut place = self.place.clone();
        let left_out = self.path.len().saturating_sub(PATH_STEPS);
        let gap = (left_out > 0).then_some("…");
        let shown = self.path.iter().skip(left_out).map(|(_, key)| *key);
        let keys: Vec<&str> = gap.into_iter().chain(shown).collect();
        place.pointer = Some(match &place.pointer {
            Some(outer) => format!("{outer}/{}", keys.join("/")),
            None => format!("/{}", keys.join("/")),
        });
        if place.line.is_none() && at < LINES_WITHIN {
            let (line, column) = line_and_column(self.text.as_bytes(), at);
            (place.line, place.column) = (Some(line), Some(column));
        }
        if place.offset.is_none() {
            place.offset = Some(at as u64);
        }
        place
    }

    pub(super) fn report(&mut self, finding: Finding, at: usize) {
        let place = self.here(at);
        self.scan.report(finding.located(&place));
    }
}

/// The part of a key that the path keeps: one of a megabyte must not be copied for each of a million values.
fn kept(key: &str) -> &str {
    key.get(..key.floor_char_boundary(KEY_BYTES)).unwrap_or(key)
}
