//! From the events of the parser to the nodes of a [`Yaml`].

use super::mask::masked;
use super::{Content, Slot, Stop, Style, Yaml};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Reads `text`: as it is, else with templates masked, else with tabs as spaces; whichever is read furthest.
pub(super) fn read(text: &str) -> Yaml<'_> {
    let plain = read_as(text, text);
    if plain.stops.is_empty() {
        return plain;
    }
    let plain = outdented(text, plain);
    if plain.stops.is_empty() {
        return plain;
    }
    if let Some(masked) = masked(text) {
        let mut read = read_as(text, &masked);
        if read.progress() > plain.progress() {
            read.is_template = true;
            return read;
        }
    }
    if text.contains('\t') {
        let read = read_as(text, &text.replace('\t', " "));
        if read.progress() > plain.progress() {
            return read;
        }
    }
    plain
}

/// Lines of quoted text and of brackets that stand too far left: libyaml and its kin read them, the strict parser here
/// does not. Such a line is joined to the one before it, which means the same and moves no byte.
fn outdented<'t>(text: &'t str, mut read: Yaml<'t>) -> Yaml<'t> {
    let mut shown: Option<Vec<u8>> = None;
    let repairs = REPAIRED_BYTES.checked_div(text.len().max(1)).unwrap_or_default().min(REPAIRS);
    for _ in 0..repairs {
        let Some(stop) = read.stops.first().filter(|stop| stop.reason.contains("invalid indentation")) else {
            break;
        };
        let bytes = shown.get_or_insert_with(|| text.as_bytes().to_vec());
        if stop.reason.ends_with("in quoted scalar") {
            join_quoted(bytes, stop.offset);
        } else {
            join_before(bytes, stop.offset);
        }
        let Ok(joined) = std::str::from_utf8(bytes) else { break };
        let next = read_as(text, joined);
        let first = |read: &Yaml<'_>| read.stops.first().map_or(usize::MAX, |stop| stop.offset);
        if first(&next) <= first(&read) {
            break;
        }
        read = next;
    }
    read
}

/// Joins the lines of the quoted text that begins at `start`.
fn join_quoted(bytes: &mut [u8], start: usize) {
    let Some(&quote) = bytes.get(start) else { return };
    let mut at = start.saturating_add(1);
    while let Some(byte) = bytes.get_mut(at) {
        match *byte {
            b'\\' if quote == b'"' => at = at.saturating_add(1),
            b'\n' | b'\r' => *byte = b' ',
            end if end == quote => return,
            _ => {}
        }
        at = at.saturating_add(1);
    }
}

/// Joins the line of `offset` to the one before it, whose comment goes.
fn join_before(bytes: &mut [u8], offset: usize) {
    let before = bytes.get(..offset.min(bytes.len())).unwrap_or_default();
    let Some(end) = memchr::memrchr(b'\n', before) else { return };
    let start =
        memchr::memrchr(b'\n', before.get(..end).unwrap_or_default()).map_or(0, |at| at.saturating_add(1));
    let line = before.get(start..end).unwrap_or_default();
    let comment = memchr::memmem::rfind(line, b" #").filter(|at| {
        let tail = line.get(*at..).unwrap_or_default();
        tail.iter().filter(|byte| matches!(byte, b'"' | b'\'')).count().is_multiple_of(2)
    });
    let from = comment.map_or(end, |at| start.saturating_add(at));
    for byte in bytes.get_mut(from..=end).unwrap_or_default() {
        *byte = b' ';
    }
    if let Some(byte) = end.checked_sub(1).and_then(|at| bytes.get_mut(at)).filter(|byte| **byte == b'\r') {
        *byte = b' ';
    }
}

/// Most lines joined in one text.
const REPAIRS: usize = 64;
/// Most bytes read again for that.
const REPAIRED_BYTES: usize = 64 << 20;

impl Yaml<'_> {
    /// How far the text was read: fewer stops, then a later first one.
    fn progress(&self) -> (std::cmp::Reverse<usize>, usize) {
        (std::cmp::Reverse(self.stops.len()), self.stops.first().map_or(usize::MAX, |stop| stop.offset))
    }
}

/// Reads `shown`, which has the length of `text`, into nodes over `text`.
fn read_as<'t>(text: &'t str, shown: &str) -> Yaml<'t> {
    let mut builder = Builder {
        yaml: Yaml { text, nodes: Vec::new(), roots: Vec::new(), stops: Vec::new(), is_template: false },
        open: Vec::new(),
        anchors: HashMap::new(),
    };
    let mut base = if shown.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    for _ in 0..RESUMPTIONS {
        let part = shown.get(base..).unwrap_or_default();
        let places = Places::new(part, base);
        let Err(stop) = builder.part(part, &places) else { break };
        // What follows the next document marker may be read again.
        let at = stop.offset;
        let is_final = stop.reason.starts_with(BOUND);
        builder.close_all(at);
        builder.yaml.stops.push(stop);
        let next = shown.get(at..).and_then(|rest| rest.find("\n---"));
        let Some(next) = next.filter(|_| !is_final) else { break };
        base = at.saturating_add(next).saturating_add(1);
    }
    builder.yaml
}

/// Documents that do not parse after which reading is given up.
const RESUMPTIONS: usize = 64;
/// How the reason of a stop begins after which nothing more is read.
const BOUND: &str = "more than";

/// A collection not yet closed.
struct Frame {
    id: usize,
    /// The key that waits for its value, in a mapping.
    key: Option<usize>,
}

struct Builder<'t> {
    yaml: Yaml<'t>,
    open: Vec<Frame>,
    anchors: HashMap<usize, usize>,
}

impl<'t> Builder<'t> {
    fn part(&mut self, part: &str, places: &Places) -> Result<(), Stop> {
        self.anchors.clear();
        for event in Parser::new_from_str(part) {
            let (event, span) = event.map_err(|error| Stop {
                offset: places.byte(part, error.marker().index()),
                reason: format!("not YAML: {}", error.info()),
            })?;
            self.event(&event, places.span(part, &span))?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Event<'_>, span: Range<usize>) -> Result<(), Stop> {
        let bound = |reason: String| Err(Stop { offset: span.start, reason });
        if self.yaml.nodes.len() >= Yaml::NODES {
            return bound(format!("{BOUND} {} values", Yaml::NODES));
        }
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let span = match style {
                    Style::Literal => header(self.yaml.text, span, '|'),
                    Style::Folded => header(self.yaml.text, span, '>'),
                    _ => span,
                };
                let value = self.value(value, &span, style);
                let tag = tag.as_ref().map(|tag| named(&tag.suffix));
                self.node(Slot { span, tag, content: Content::Scalar(value, style) }, *anchor);
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(anchor).copied();
                self.node(Slot { span, tag: None, content: Content::Alias(target) }, 0);
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                if self.open.len() >= Yaml::DEPTH {
                    return bound(format!("{BOUND} {} levels of nesting", Yaml::DEPTH));
                }
                let content = if matches!(event, Event::MappingStart(..)) {
                    Content::Mapping(Vec::new())
                } else {
                    Content::Sequence(Vec::new())
                };
                let tag = tag.as_ref().map(|tag| named(&tag.suffix));
                let id = self.node(Slot { span, tag, content }, *anchor);
                self.open.push(Frame { id, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let is_flow = self.yaml.text.get(span.clone()).is_some_and(|end| end == "]" || end == "}");
                self.close(is_flow.then_some(span.end));
            }
            Event::DocumentStart(_) => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    /// The value as it stands in the text where it does; masked templates get their text back that way.
    fn value(&self, value: &str, span: &Range<usize>, style: Style) -> Cow<'t, str> {
        let inner = match style {
            Style::Plain => span.clone(),
            Style::Single | Style::Double => span.start.saturating_add(1)..span.end.saturating_sub(1),
            Style::Literal | Style::Folded => return Cow::Owned(value.to_owned()),
        };
        match self.yaml.text.get(inner) {
            Some(raw) if raw.len() == value.len() && !raw.contains('\n') => Cow::Borrowed(raw),
            _ => Cow::Owned(value.to_owned()),
        }
    }

    /// Adds a node to the collection around it.
    fn node(&mut self, slot: Slot<'t>, anchor: usize) -> usize {
        let id = self.yaml.nodes.len();
        self.yaml.nodes.push(slot);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(frame) = self.open.last_mut() else {
            self.yaml.roots.push(id);
            return id;
        };
        match self.yaml.nodes.get_mut(frame.id).map(|slot| &mut slot.content) {
            Some(Content::Sequence(ids)) => ids.push(id),
            Some(Content::Mapping(pairs)) => match frame.key.take() {
                Some(key) => pairs.push((key, id)),
                None => frame.key = Some(id),
            },
            _ => {}
        }
        id
    }

    /// Closes the innermost collection, which ends at `end` or with what it holds.
    fn close(&mut self, end: Option<usize>) {
        let Some(frame) = self.open.pop() else { return };
        let last = match self.yaml.nodes.get(frame.id).map(|slot| &slot.content) {
            Some(Content::Sequence(ids)) => ids.last().copied(),
            Some(Content::Mapping(pairs)) => pairs.last().map(|pair| pair.1),
            _ => None,
        };
        let held = last.and_then(|id| self.yaml.nodes.get(id)).map(|slot| slot.span.end);
        let key = frame.key.and_then(|id| self.yaml.nodes.get(id)).map(|slot| slot.span.end);
        if let Some(slot) = self.yaml.nodes.get_mut(frame.id) {
            let inner = held.into_iter().chain(key).max().unwrap_or(slot.span.end);
            slot.span.end = end.unwrap_or(inner).max(slot.span.start);
        }
    }

    fn close_all(&mut self, end: usize) {
        while !self.open.is_empty() {
            self.close(None);
        }
        let root = self.yaml.roots.last().copied();
        if let Some(slot) = root.and_then(|root| self.yaml.nodes.get_mut(root)) {
            slot.span.end = slot.span.end.min(end).max(slot.span.start);
        }
    }
}

/// The span of a block scalar with its header, whose first character is `mark`: the parser gives the content's alone.
fn header(text: &str, span: Range<usize>, mark: char) -> Range<usize> {
    if text.get(span.start..).is_some_and(|rest| rest.starts_with(mark))
        && !text.get(span.clone()).is_some_and(|held| held.contains('\n'))
    {
        return span;
    }
    let mut end = span.start;
    while let Some(at) = text.get(..end).and_then(|before| before.rfind('\n')) {
        let start =
            text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |start| start.saturating_add(1));
        let line = text.get(start..at).unwrap_or_default();
        if !line.trim().is_empty() {
            let code = line.split(" #").next().unwrap_or(line);
            let found = code.rfind(mark).map_or(span.start, |found| start.saturating_add(found));
            return found..span.end;
        }
        end = at;
    }
    span
}

fn named(suffix: &str) -> Box<str> {
    suffix.trim_start_matches('!').into()
}

/// From the parser's offsets, which count characters, to byte offsets.
struct Places {
    base: usize,
    /// Byte offset of every [`Places::STEP`]th character; empty when all are one byte.
    steps: Vec<usize>,
}

impl Places {
    const STEP: usize = 64;

    fn new(part: &str, base: usize) -> Self {
        let steps = if part.is_ascii() {
            Vec::new()
        } else {
            part.char_indices().step_by(Self::STEP).map(|(at, _)| at).collect()
        };
        Self { base, steps }
    }

    fn byte(&self, part: &str, character: usize) -> usize {
        let at = if self.steps.is_empty() {
            character.min(part.len())
        } else {
            let step = character.checked_div(Self::STEP).unwrap_or_default();
            match self.steps.get(step) {
                Some(&start) => {
                    let rest = part.get(start..).unwrap_or_default();
                    let left = character.checked_rem(Self::STEP).unwrap_or_default();
                    rest.char_indices().nth(left).map_or(part.len(), |(at, _)| start.saturating_add(at))
                }
                None => part.len(),
            }
        };
        self.base.saturating_add(at)
    }

    fn span(&self, part: &str, span: &Span) -> Range<usize> {
        let start = self.byte(part, span.start.index());
        start..self.byte(part, span.end.index()).max(start)
    }
}
