//! Keys and scalars of a line: where they end, what they hold, and whether that is code.

use crate::text::chat_template;

/// Calls that make a setting code.
const CALLS: &[&str] = &[
    "exec",
    "eval",
    "__import__",
    "os.system",
    "os.popen",
    "subprocess.Popen",
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_output",
    "compile",
    "builtins.exec",
    "builtins.eval",
];

/// The dangerous function that `text` calls as Python code, when that is what it is.
pub(crate) fn code_call(text: &str) -> Option<&'static str> {
    let body = text.trim_start_matches(['"', '\'', ' ', '(', '[']);
    let starts = |name: &str| body.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('('));
    // A call at the start of the value, or of one of its statements.
    if let Some(name) = CALLS.iter().find(|name| starts(name)) {
        return Some(name);
    }
    let imports = body.starts_with("import ") || body.starts_with("from ") || body.starts_with("lambda");
    imports.then(|| CALLS.iter().find(|name| text.contains(&format!("{name}("))).copied()).flatten()
}

/// Splits `body` into its key, if it has one, and the value.
pub(super) fn split_key(body: &str) -> (Option<&str>, &str) {
    if body.starts_with(['[', '{', '!', '&', '*', '|', '>', '#', '%', '@', '`']) && !body.starts_with('*') {
        return (None, body);
    }
    let from = match body.as_bytes().first() {
        Some(b'"' | b'\'') => quoted(body, 0).1,
        _ => 0,
    };
    let rest = body.get(from..).unwrap_or_default();
    let colon = memchr::memchr_iter(b':', rest.as_bytes())
        .find(|&at| rest.as_bytes().get(at.saturating_add(1)).is_none_or(u8::is_ascii_whitespace));
    match colon {
        Some(at) if from > 0 && !rest.get(..at).unwrap_or_default().trim().is_empty() => (None, body),
        Some(at) => {
            let end = from.saturating_add(at);
            (body.get(..end), body.get(end.saturating_add(1)..).unwrap_or_default())
        }
        None => (None, body),
    }
}

/// Where the tag, anchor or alias at the start of `text` ends; a verbatim tag may hold commas.
pub(super) fn property_end(text: &str) -> usize {
    if text.starts_with("!<") {
        return text.find('>').map_or(text.len(), |end| end.saturating_add(1));
    }
    text.find([' ', '\t', ',', '\n', ']', '}']).unwrap_or(text.len())
}

/// A key without its quotes.
pub(super) fn unquoted(key: &str) -> &str {
    key.trim().trim_matches(['"', '\''])
}

/// The quoted scalar at `start`: its characters, and the offset after it.
pub(super) fn quoted(text: &str, start: usize) -> (String, usize) {
    let bytes = text.as_bytes();
    let quote = bytes.get(start).copied().unwrap_or(b'"');
    let mut at = start.saturating_add(1);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(step) = memchr::memchr2(quote, b'\\', rest) else {
            at = bytes.len();
            break;
        };
        at = at.saturating_add(step);
        let doubled = quote == b'\''
            && bytes.get(at) == Some(&b'\'')
            && bytes.get(at.saturating_add(1)) == Some(&b'\'');
        if doubled {
            at = at.saturating_add(2);
        } else if bytes.get(at) == Some(&b'\\') {
            at = at.saturating_add(if quote == b'"' { 2 } else { 1 });
        } else {
            break;
        }
    }
    let inside = text.get(start.saturating_add(1)..at).unwrap_or_default();
    let shown = if quote == b'"' { chat_template::unescape(inside) } else { inside.replace("''", "'") };
    let end = at.saturating_add(1).min(text.len());
    (shown, end)
}
