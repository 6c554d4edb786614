//! What Python's own functions make of texts, and which functions hand on what they are given.

use super::value::{HOLE, Known, Taint, Value};

/// The result of the method `name` of the text (or unknown value) `receiver`, `None` when it is not a method of texts.
pub(super) fn method(receiver: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    let given = arguments.iter().map(Value::all_taint).fold(Taint::default(), Taint::and);
    let taint = receiver.taint.and(given);
    let text = receiver.as_pieces();
    let first = arguments.first().and_then(Value::as_text);
    let second = arguments.get(1).and_then(Value::as_text);
    let known = match (name, text) {
        ("format", Some(text)) => Known::of_text(formatted(text, arguments)),
        ("join", Some(text)) => match arguments.first().map(|value| &value.known) {
            Some(Known::Items(items)) => {
                Known::of_text(items.iter().map(Value::spelt).collect::<Vec<_>>().join(text))
            }
            _ => Known::Nothing,
        },
        ("strip" | "lstrip" | "rstrip", Some(text)) => Known::of_text(text.trim().to_owned()),
        ("lower" | "casefold", Some(text)) => Known::of_text(text.to_lowercase()),
        ("upper", Some(text)) => Known::of_text(text.to_uppercase()),
        ("encode" | "decode" | "expandtabs" | "format_map", Some(text)) => Known::of_text(text.to_owned()),
        ("replace", Some(text)) => match (first, second) {
            (Some(from), Some(to)) if !from.is_empty() => Known::of_text(text.replace(from, to)),
            _ => Known::Nothing,
        },
        ("removeprefix", Some(text)) => first
            .map_or(Known::Nothing, |cut| Known::of_text(text.strip_prefix(cut).unwrap_or(text).to_owned())),
        ("removesuffix", Some(text)) => first
            .map_or(Known::Nothing, |cut| Known::of_text(text.strip_suffix(cut).unwrap_or(text).to_owned())),
        (
            "split" | "rsplit" | "splitlines" | "partition" | "rpartition" | "title" | "capitalize"
            | "swapcase" | "zfill" | "ljust" | "rjust" | "center" | "translate",
            Some(_),
        ) => Known::Nothing,
        _ => return None,
    };
    Some(Value { known, taint })
}

/// `text.format(…)` with arguments by position; a field that is not known is a hole.
fn formatted(text: &str, arguments: &[Value]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut next = arguments.iter();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else if let Some((field, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) {
            match field.parse::<usize>() {
                Ok(index) => out.push_str(&arguments.get(index).map_or(HOLE.to_string(), Value::spelt)),
                Err(_) if field.is_empty() => {
                    out.push_str(&next.next().map_or(HOLE.to_string(), Value::spelt));
                }
                Err(_) => out.push(HOLE),
            }
            rest = after;
        } else {
            rest = from.get(1..).unwrap_or_default();
        }
        if out.len() > MOST_FORMATTED {
            out.push(HOLE);
            return out;
        }
    }
    out.push_str(rest);
    out
}

/// `text % value`.
pub(super) fn percent(text: &str, value: &Value) -> String {
    let one = [value.clone()];
    let items: &[Value] = match &value.known {
        Known::Items(items) => items,
        _ => &one,
    };
    let mut next = items.iter();
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        if characters.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        if characters.next_if_eq(&'(').is_some() {
            // A named field.
            while characters.next_if(|next| *next != ')').is_some() {}
        }
        while characters.next_if(|next| !next.is_ascii_alphabetic()).is_some() {}
        if let Some('s' | 'd' | 'i') = characters.next() {
            out.push_str(&next.next().map_or(HOLE.to_string(), Value::spelt));
        } else {
            next.next();
            out.push(HOLE);
        }
        if out.len() > MOST_FORMATTED {
            out.push(HOLE);
            return out;
        }
    }
    out
}

/// The parts of a file path, joined.
pub(super) fn joined_path(parts: &[Value]) -> Known {
    let mut whole = String::new();
    for part in parts {
        let part = part.spelt();
        if part.starts_with('/') {
            whole.clear();
        } else if !whole.is_empty() && !whole.ends_with('/') {
            whole.push('/');
        }
        whole.push_str(&part);
    }
    Known::of_text(whole)
}

/// The address `rest` as seen from `base` (RFC 3986, section 5.2, for what stands in code).
pub(super) fn joined_address(base: &Value, rest: &Value) -> Known {
    let (Some(from), rest) = (base.as_pieces(), rest.spelt()) else { return Known::Nothing };
    if rest.contains("://") {
        return Known::of_text(rest);
    }
    let begins = from.find("://").map_or(0, |at| at.saturating_add("://".len()));
    let host_ends = from.get(begins..).and_then(|after| after.find('/')).map(|at| at.saturating_add(begins));
    let kept = if rest.starts_with('/') { host_ends } else { from.rfind('/').filter(|at| *at >= begins) };
    let kept = kept.and_then(|at| from.get(..at)).unwrap_or(from);
    Known::of_text(format!("{kept}/{}", rest.trim_start_matches('/')))
}

/// Functions that hand on what they are given, so that their result is as tainted as their arguments.
pub(super) fn hands_on(path: &str) -> bool {
    matches!(
        path,
        "builtins.str"
            | "builtins.repr"
            | "builtins.bytes"
            | "builtins.bytearray"
            | "builtins.list"
            | "builtins.tuple"
            | "builtins.set"
            | "builtins.sorted"
            | "builtins.reversed"
            | "builtins.next"
            | "builtins.iter"
            | "builtins.getattr"
            | "builtins.zip"
            | "builtins.enumerate"
            | "builtins.filter"
            | "builtins.map"
            | "builtins.max"
            | "builtins.min"
            | "builtins.compile"
            | "builtins.format"
            | "builtins.open"
            | "copy.copy"
            | "copy.deepcopy"
            | "shlex.split"
            | "json.loads"
            | "json.dumps"
            | "json.load"
            | "yaml.safe_load"
            | "yaml.load"
            | "yaml.full_load"
            | "yaml.unsafe_load"
            | "pickle.load"
            | "pickle.loads"
            | "cloudpickle.load"
            | "cloudpickle.loads"
            | "dill.load"
            | "dill.loads"
            | "marshal.loads"
            | "msgpack.unpackb"
            | "msgpack.loads"
            | "orjson.loads"
            | "ujson.loads"
            | "tomllib.loads"
            | "tomllib.load"
            | "xmltodict.parse"
            | "urllib.parse.parse_qs"
            | "urllib.parse.unquote_plus"
            | "html.unescape"
            | "zlib.decompress"
            | "gzip.decompress"
            | "textwrap.dedent"
            | "bs4.BeautifulSoup"
            | "html2text.html2text"
            | "trafilatura.extract"
            | "markdownify.markdownify"
            | "lxml.html.fromstring"
            | "textwrap.indent"
            | "trafilatura.html2txt"
            | "email.message_from_bytes"
            | "email.message_from_string"
            | "email.header.decode_header"
            | "email.header.make_header"
            | "base64.b64decode"
            | "base64.urlsafe_b64decode"
            | "quopri.decodestring"
            | "re.sub"
            | "re.search"
            | "re.match"
            | "re.findall"
            | "re.finditer"
            | "re.fullmatch"
            | "re.split"
            | "re.subn"
            | "re.compile().sub"
            | "re.compile().subn"
            | "re.compile().search"
            | "re.compile().match"
            | "re.compile().findall"
            | "re.compile().finditer"
            | "re.compile().fullmatch"
            | "re.compile().split"
            | "html2text.HTML2Text().handle"
            | "json.JSONDecoder().decode"
            | "json.JSONDecoder().raw_decode"
            | "shlex.join"
            | "itertools.chain"
            | "itertools.islice"
            | "functools.reduce"
            | "ast.unparse"
            | "os.path.join"
            | "os.path.expanduser"
            | "os.path.abspath"
            | "os.path.normpath"
            | "os.path.basename"
            | "os.path.dirname"
            | "pathlib.Path"
            | "io.BytesIO"
            | "io.StringIO"
            | "urllib.parse.urljoin"
            | "urllib.parse.unquote"
            | "urllib.request.Request"
            | "string.Template"
            | "ast.parse"
            | "asyncio.run"
            | "asyncio.gather"
    )
}

/// Longest text built, in bytes.
const MOST_FORMATTED: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_built_as_python_builds_them_with_holes_for_what_is_unknown() {
        let text = Value::text;
        assert_eq!(formatted("{}/{1}/{{x}}/{name}", &[text("a"), text("b")]), "a/b/{x}/\u{FFFC}");
        assert_eq!(
            percent(
                "%s-%d%%-%(x)s",
                &Value::from(Known::Items([text("a"), Known::Integer(3).into()].into()))
            ),
            "a-3%-\u{FFFC}"
        );
        assert_eq!(joined_path(&[text("a"), text("b/"), text("c")]), Known::Text("a/b/c".into()));
        assert_eq!(joined_path(&[text("a"), text("/b")]), Known::Text("/b".into()));
        let built = method(&text("http://{}"), "format", &[Value::from_taint(Taint::REQUEST)]).unwrap();
        assert_eq!((built.as_pieces(), built.taint), (Some("http://\u{FFFC}"), Taint::REQUEST));
    }
}
