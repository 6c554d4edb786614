//! Templates around and inside YAML, replaced by as many bytes that YAML can read.
//!
//! A line that holds nothing but template actions becomes blank, an action inside a line becomes a word of the same length.
//! Offsets stay as they were. Covers Go templates (Helm), Jinja and ERB-like `<% %>`. Linear in the text.

/// `text` with its templates masked, `None` when it holds none.
pub(super) fn masked(text: &str) -> Option<String> {
    if !OPENERS.iter().any(|(open, _)| text.contains(open)) {
        return None;
    }
    let mut bytes = text.as_bytes().to_vec();
    // The indentation of the key whose block scalar the line lies in.
    let mut block: Option<usize> = None;
    let mut at = 0usize;
    while at < text.len() {
        let end = text
            .get(at..)
            .and_then(|rest| rest.find('\n'))
            .map_or(text.len(), |length| at.saturating_add(length).saturating_add(1));
        let line = text.get(at..end).unwrap_or_default();
        let body = line.trim();
        let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
        if block.is_some_and(|outer| !body.is_empty() && indent <= outer && !opens(body)) {
            block = None;
        }
        let mut cursor = at;
        let mut resume = end;
        if block.is_none() || (opens(body) && block.is_some_and(|outer| indent <= outer)) {
            let whole = opens(body) && only_actions(text, at.saturating_add(indent)).is_some();
            if whole {
                resume = only_actions(text, at.saturating_add(indent)).unwrap_or(end);
                fill(&mut bytes, at, resume, b' ');
            } else {
                while let Some((open, close)) = next_action(text, cursor, end) {
                    fill(&mut bytes, open, close, b'x');
                    cursor = close;
                    // An action that ends on a later line takes those lines with it.
                    resume = resume.max(close);
                    if close >= end {
                        break;
                    }
                }
            }
        }
        if block.is_none() && opens_block(body) {
            block = Some(indent);
        }
        at = resume.max(at.saturating_add(1));
        if resume > end {
            // The rest of the line on which a long action ended is masked like any other line.
            let boundary = text.len().min(at);
            at = boundary;
        }
    }
    String::from_utf8(bytes).ok()
}

/// What opens an action and what closes it.
const OPENERS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<%", "%>")];

fn opens(body: &str) -> bool {
    OPENERS.iter().any(|(open, _)| body.starts_with(open))
}

/// Where the line ends that holds only actions from `at` on; `None` when it holds anything else.
fn only_actions(text: &str, at: usize) -> Option<usize> {
    let mut cursor = at;
    loop {
        let rest = text.get(cursor..)?;
        let (_, close) = OPENERS.iter().find(|(open, _)| rest.starts_with(open))?;
        let length = rest.find(close)?;
        if length > ACTION_BYTES {
            return None;
        }
        cursor = cursor.saturating_add(length).saturating_add(close.len());
        let rest = text.get(cursor..)?;
        let after = rest.trim_start_matches([' ', '\t', '\r']);
        if after.is_empty() || after.starts_with('\n') {
            return Some(text.len().saturating_sub(after.len()).saturating_add(1).min(text.len()));
        }
        cursor = text.len().saturating_sub(after.len());
    }
}

/// The next action that begins in `from..end`, with where it closes.
fn next_action(text: &str, from: usize, end: usize) -> Option<(usize, usize)> {
    let line = text.get(from..end)?;
    let (at, close) = OPENERS
        .iter()
        .filter_map(|(open, close)| line.find(open).map(|at| (at, *close)))
        .min_by_key(|(at, _)| *at)?;
    let start = from.saturating_add(at);
    let rest = text.get(start..)?;
    let near = rest.get(..rest.floor_char_boundary(ACTION_BYTES))?;
    let length = near.find(close)?;
    Some((start, start.saturating_add(length).saturating_add(close.len())))
}

/// Longest action, in bytes.
const ACTION_BYTES: usize = 16 << 10;

fn fill(bytes: &mut [u8], from: usize, to: usize, with: u8) {
    for byte in bytes.get_mut(from..to).unwrap_or_default() {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = with;
        }
    }
}

/// Whether the line ends in the header of a block scalar.
fn opens_block(body: &str) -> bool {
    let last = body.rsplit([' ', '\t']).next().unwrap_or_default();
    let mut characters = last.chars();
    matches!(characters.next(), Some('|' | '>'))
        && characters.all(|character| matches!(character, '+' | '-' | '0'..='9'))
        && (body.contains(": ") || body.starts_with("- "))
}
