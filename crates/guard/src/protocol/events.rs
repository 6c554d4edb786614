//! Server-sent events as they come in pieces: [`Events`].
//!
//! Source: WHATWG HTML, section 9.2.6 (parsing an event stream). Every byte belongs to one event, so that what is not changed is
//! passed on as it came.

use super::names::{TELLING, is_name};
use bytes::{Bytes, BytesMut};

/// One event, or a run of comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its bytes, the empty line at its end included.
    pub raw: Bytes,
    /// Its data: the lines of `data`, joined by line feeds; of a line what stands in it.
    pub data: String,
    /// What it says beside its data, a line each: comments, and values of other fields that are more than names. Some libraries hand
    /// them on.
    pub beside: String,
    /// Whether it has a line of no field that there is, which readers of events drop and whoever reads no events does not.
    pub is_odd: bool,
    /// How it was cut.
    pub framing: Framing,
}

/// How a stream is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// A JSON value a line, as Ollama streams.
    Lines,
}

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub struct Events {
    framing: Framing,
    buffer: BytesMut,
    /// Bytes of the buffer that hold no end of an event.
    searched: usize,
}

impl Events {
    /// Cuts a stream of that kind.
    pub fn new(framing: Framing) -> Self {
        Self { framing, ..Self::default() }
    }

    /// How the stream is cut.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Takes the next piece of the stream.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// How many bytes wait for the end of their event.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole event.
    pub fn next_event(&mut self) -> Option<Event> {
        if self.framing == Framing::Lines {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(length) = memchr::memchr(b'\n', rest) else {
                self.searched = self.buffer.len();
                return None;
            };
            let end = self.searched.saturating_add(length).saturating_add(1);
            self.searched = 0;
            return Some(self.line(end));
        }
        let end = end_of_nothing(&self.buffer).or_else(|| end_of_event(&self.buffer, self.searched));
        let Some(end) = end else {
            // An end is at most four bytes; it may lie across pieces.
            self.searched = self.buffer.len().saturating_sub(3);
            return None;
        };
        self.searched = 0;
        Some(read(self.buffer.split_to(end).freeze()))
    }

    /// What is left when the stream has ended: an event without its end, which readers drop.
    pub fn rest(&mut self) -> Option<Event> {
        self.searched = 0;
        if self.buffer.is_empty() {
            return None;
        }
        Some(match self.framing {
            Framing::Events => read(self.buffer.split().freeze()),
            Framing::Lines => self.line(self.buffer.len()),
        })
    }

    fn line(&mut self, end: usize) -> Event {
        let raw = self.buffer.split_to(end).freeze();
        let data = String::from_utf8_lossy(&raw).trim().to_owned();
        Event { raw, data, beside: String::new(), is_odd: false, framing: Framing::Lines }
    }
}

/// One past a first line that says nothing, an empty one or a short comment, which keep connections alive: it is an event by itself, whatever
/// stands behind it, so that it need not wait for that.
fn end_of_nothing(buffer: &[u8]) -> Option<usize> {
    let room = buffer.get(..TELLING.saturating_add(2)).unwrap_or(buffer);
    let line = match buffer.first()? {
        b'\n' | b'\r' => 0,
        b':' => memchr::memchr2(b'\n', b'\r', room)?,
        _ => return None,
    };
    let says = std::str::from_utf8(buffer.get(..line)?).map(field);
    matches!(says, Ok(Field::Named)).then(|| after_line_end(buffer, line))?
}

/// One past the end of the first event: behind an empty line, whose ends may be LF, CRLF or CR. A CR at the very end of what is
/// there may be half of a CRLF, and is waited for.
fn end_of_event(buffer: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let line = memchr::memchr2(b'\n', b'\r', buffer.get(at..)?)?.checked_add(at)?;
        let next = after_line_end(buffer, line)?;
        if let Some(end) = after_line_end(buffer, next) {
            return Some(end);
        }
        // The line may be empty already, when the search begins inside a line end.
        at = next;
    }
}

/// One past a line end at a place; none when there is no line end, or not all of it.
fn after_line_end(buffer: &[u8], at: usize) -> Option<usize> {
    match (buffer.get(at)?, buffer.get(at.checked_add(1)?)) {
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\n', _) | (b'\r', Some(_)) => Some(at + 1),
        _ => None,
    }
}

fn read(raw: Bytes) -> Event {
    let text = String::from_utf8_lossy(&raw);
    let (mut data, mut beside, mut is_odd) = (String::new(), String::new(), false);
    let mut first = true;
    for line in text.split(['\n', '\r']) {
        match field(line) {
            Field::Data(value) => {
                if !first {
                    data.push('\n');
                }
                first = false;
                data.push_str(value);
            }
            Field::Said(value) => {
                beside.push_str(value);
                beside.push('\n');
            }
            Field::Odd => is_odd = true,
            Field::Named => {}
        }
    }
    Event { raw, data, beside, is_odd, framing: Framing::Events }
}

/// What a line of an event is.
enum Field<'l> {
    /// Data.
    Data(&'l str),
    /// A name, a number, a comment too short to say anything, or nothing.
    Named,
    /// What says something, and is no data.
    Said(&'l str),
    /// No field that there is.
    Odd,
}

fn field(line: &str) -> Field<'_> {
    let line = line.strip_prefix('\u{FEFF}').unwrap_or(line);
    if line.is_empty() {
        return Field::Named;
    }
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match name {
        "data" => Field::Data(value),
        "" if value.len() < TELLING => Field::Named,
        "event" | "id" | "retry" if is_name(value) => Field::Named,
        "" | "event" | "id" | "retry" => Field::Said(value),
        _ => Field::Odd,
    }
}

impl Event {
    /// Whether it has nothing but comments and empty lines, at which readers do nothing.
    pub fn is_comment(&self) -> bool {
        let mut lines = self.raw.split(|byte| matches!(byte, b'\n' | b'\r'));
        self.framing == Framing::Events && lines.all(|line| line.first().is_none_or(|first| *first == b':'))
    }

    /// Its name; that of the last line that names it, as readers take it.
    pub fn name(&self) -> Option<&str> {
        let lines = self.raw.split(|byte| matches!(byte, b'\n' | b'\r'));
        let named = lines.filter_map(|line| line.strip_prefix(b"event:")).next_back()?;
        std::str::from_utf8(named.strip_prefix(b" ").unwrap_or(named)).ok()
    }

    /// The event with other data, its other lines as they are.
    pub fn with_data(&self, data: &[u8]) -> Bytes {
        if self.framing == Framing::Lines {
            return Bytes::from([data, b"\n"].concat());
        }
        let text = String::from_utf8_lossy(&self.raw);
        let mut out = Vec::with_capacity(self.raw.len());
        let is_data = |line: &str| matches!(field(line), Field::Data(_));
        for line in text.split(['\n', '\r']).filter(|line| !line.is_empty() && !is_data(line)) {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        // What is between the values of its JSON may be an end of a line.
        for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        out.push(b'\n');
        Bytes::from(out)
    }

    /// Takes away what it says beside its data.
    pub fn hush(&mut self) {
        let text = String::from_utf8_lossy(&self.raw);
        let mut out = Vec::with_capacity(self.raw.len());
        let kept = |line: &str| matches!(field(line), Field::Data(_) | Field::Named);
        for line in text.split(['\n', '\r']).filter(|line| !line.is_empty() && kept(line)) {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        out.push(b'\n');
        self.raw = Bytes::from(out);
        self.beside.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> (Vec<Event>, Option<Event>) {
        cut(pieces, Framing::Events)
    }

    fn cut(pieces: &[&[u8]], framing: Framing) -> (Vec<Event>, Option<Event>) {
        let mut events = Events::new(framing);
        let mut found = Vec::new();
        for piece in pieces {
            events.push(piece);
            while let Some(event) = events.next_event() {
                found.push(event);
            }
        }
        (found, events.rest())
    }

    #[test]
    fn events_end_with_an_empty_line_of_any_kind() {
        let (events, rest) =
            all(&[b"event: a\ndata: 1\n\n: hi\n\ndata:2\r\ndata: 3\r\n\r\ndata: 4\r\rdata: 5\n"]);
        let data: Vec<_> = events.iter().map(|event| event.data.as_str()).collect();
        assert_eq!(data, ["1", "", "", "2\n3", "4"]);
        assert_eq!(&events[0].raw[..], b"event: a\ndata: 1\n\n");
        assert_eq!(rest.unwrap().data, "5");
    }

    #[test]
    fn what_keeps_alive_is_an_event_of_its_own_at_once() {
        let (events, rest) = all(&[b":\n: ping\r\n\r\ndata: 1\n\n: ping\n"]);
        let raw: Vec<&[u8]> = events.iter().map(|event| &event.raw[..]).collect();
        assert_eq!(raw, [&b":\n"[..], b": ping\r\n", b"\r\n", b"data: 1\n\n", b": ping\n"]);
        assert!(rest.is_none());
        let alive: Vec<bool> = events.iter().map(Event::is_comment).collect();
        assert_eq!(alive, [true, true, true, false, true]);
        // One that says something is whole, and what has a name or a number is none.
        let (events, _) = all(&[b": what nobody asked for\n: and more\n\nid: 7\n\n"]);
        assert_eq!(events.iter().map(Event::is_comment).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn what_an_event_says_beside_its_data_is_told_apart_from_names() {
        let one = |text: &str| all(&[text.as_bytes()]).0.remove(0);
        for (text, beside, is_odd) in [
            (": ping\nevent: response.output_text.delta\nid: 7\nretry: 3000\ndata: 1\n\n", "", false),
            (": OPENROUTER PROCESSING\n\n", "OPENROUTER PROCESSING\n", false),
            (
                "event: two words\nid: ghp_0123456789abcdefghijABCDEFGHIJ012345\ndata: 1\n\n",
                "two words\nghp_0123456789abcdefghijABCDEFGHIJ012345\n",
                false,
            ),
            ("{\"choices\":[]}\n\n", "", true),
            ("hello\n\n", "", true),
            ("DATA: 1\ndata: 2\n\n", "", true),
        ] {
            let event = one(text);
            assert_eq!((event.beside.as_str(), event.is_odd), (beside, is_odd), "{text}");
        }
        let mut event = one(": what nobody asked for\nevent: a\ndata: 1\ndata: 2\n\n");
        event.hush();
        assert_eq!(&event.raw[..], b"event: a\ndata: 1\ndata: 2\n\n");
    }

    #[test]
    fn other_data_keeps_the_other_lines() {
        let (events, _) = all(&[b"event: a\ndata: 1\nid: 7\n\n"]);
        assert_eq!(&events[0].with_data(b"{}")[..], b"event: a\nid: 7\ndata: {}\n\n");
        let two = events[0].with_data(b"{\"a\":\n1}");
        assert_eq!(&two[..], b"event: a\nid: 7\ndata: {\"a\":\ndata: 1}\n\n");
        assert_eq!(all(&[&two]).0[0].data, "{\"a\":\n1}");
    }

    #[test]
    fn lines_are_events_of_their_own_however_they_are_cut() {
        let whole: &[u8] = b"{\"a\":1}\r\n\n{\"b\":2}\n{\"c\"";
        for at in 0..whole.len() {
            let (events, rest) = cut(&[&whole[..at], &whole[at..]], Framing::Lines);
            let data: Vec<_> = events.iter().map(|event| event.data.as_str()).collect();
            assert_eq!(data, ["{\"a\":1}", "", "{\"b\":2}"]);
            assert_eq!(&events[0].raw[..], b"{\"a\":1}\r\n");
            assert_eq!(&events[0].with_data(b"{}")[..], b"{}\n");
            assert_eq!(rest.unwrap().data, "{\"c\"");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_cut_changes_the_events_and_no_byte_is_lost(
            text in "(data: ?x|event: y|:|\n|\r\n|\r|é){0,24}",
            cuts in proptest::collection::vec(0..60_usize, 0..6),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (mut pieces, mut at) = (Vec::new(), 0);
            for cut in cuts {
                pieces.push(&bytes[at..cut]);
                at = cut;
            }
            pieces.push(&bytes[at..]);
            let (whole, cut) = (all(&[bytes]), all(&pieces));
            proptest::prop_assert_eq!(&whole, &cut);
            let back: Vec<u8> = cut.0.iter().chain(&cut.1).flat_map(|event| event.raw.to_vec()).collect();
            proptest::prop_assert_eq!(back, bytes);
        }
    }
}
