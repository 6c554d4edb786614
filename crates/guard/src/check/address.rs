//! Web addresses in a word of an answer, and what they carry besides naming a page.
//!
//! Sources: RFC 3986; the URL standard of the WHATWG for what a browser makes of what is not.

use bartizan_text::plain_form;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// An address in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address<'t> {
    /// First byte in the text.
    pub(crate) start: usize,
    /// The address: a scheme where it has one, two slashes, and the rest.
    pub(crate) text: Cow<'t, str>,
    /// Its host in small letters, without user and port.
    pub(crate) host: String,
    /// What stands before it in the word.
    pub(crate) before: &'t str,
}

/// Longest address that is taken apart; a longer one carries data by its length alone.
pub(crate) const LONGEST: usize = 2048;

/// The addresses of a word: behind `://`, and without a scheme behind a bracket or a quote.
pub(crate) fn addresses(word: &str) -> Vec<Address<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(slashes) =
        word.get(at..).and_then(|rest| rest.find("//")).map(|skip| at.saturating_add(skip))
    {
        let behind = slashes.saturating_add(2);
        at = behind;
        let head = word.get(..slashes).unwrap_or_default();
        let start = if let Some(scheme) = head.strip_suffix(':') {
            let length = scheme
                .bytes()
                .rev()
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                .count();
            if length == 0 {
                continue;
            }
            scheme.len().saturating_sub(length)
        } else if head.ends_with(['(', '"', '\'', '=', '<']) {
            slashes
        } else {
            continue;
        };
        let rest = word.get(start..).unwrap_or_default();
        let text = rest.get(..length(rest)).unwrap_or_default();
        let Some(authority) = text.find("//").and_then(|at| text.get(at.saturating_add(2)..)) else {
            continue;
        };
        let Some(host) = host_of(authority) else { continue };
        at = start.saturating_add(text.len()).max(behind);
        let before = word.get(..start).unwrap_or_default();
        found.push(Address { start, text: Cow::Borrowed(text), host, before });
    }
    found
}

/// Schemes whose addresses have a host however many slashes, of either kind, stand before it.
const SPECIAL: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

/// The address that a text is, as browsers read what they are to load: blanks and controls around it and ends of lines in it do not
/// count, a backslash is a slash. Nothing where it leads to no other host.
///
/// Source: the URL standard of the WHATWG, section 4.4.
pub(crate) fn whole(text: &str) -> Option<Address<'static>> {
    let mut plain: String = text
        .trim_matches(|one: char| one <= ' ')
        .chars()
        .filter(|one| !matches!(one, '\t' | '\n' | '\r'))
        .collect();
    let scheme =
        plain.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
    let begins_with_letter = plain.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    let rest = plain.get(scheme..).and_then(|rest| rest.strip_prefix(':')).filter(|_| begins_with_letter);
    let slashes = |text: &str| text.bytes().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    let (scheme, rest) = match rest {
        Some(rest) => (plain.get(..scheme).unwrap_or_default().to_ascii_lowercase(), rest),
        None => (String::new(), plain.as_str()),
    };
    let skipped = slashes(rest);
    if !SPECIAL.contains(&scheme.as_str()) && skipped < 2 {
        return None;
    }
    let authority = rest.get(skipped..).unwrap_or_default();
    let host = host_of(authority)?;
    let prefix = if scheme.is_empty() { "//".to_owned() } else { format!("{scheme}://") };
    plain = format!("{prefix}{authority}");
    Some(Address { start: 0, text: Cow::Owned(plain), host, before: "" })
}

/// The host of an authority and what stands behind it, in small letters, without user and port; nothing if there is none.
fn host_of(authority: &str) -> Option<String> {
    let host = authority.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let mut host = if host.contains('%') { percent(host) } else { host.to_owned() };
    host.make_ascii_lowercase();
    // IDNA takes some characters for a dot, leaves out those that no one sees, and letters in other forms are the plain ones (UTS 46, section 4).
    let host = if host.is_ascii() { host } else { mapped(&host) };
    let host = host.trim_end_matches('.');
    (!host.is_empty()).then(|| host.to_owned())
}

/// A host in the letters that it is looked up in.
fn mapped(host: &str) -> String {
    let plain = host.chars().filter(|one| !bartizan_core::is_invisible(*one)).map(|one| match one {
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => '.',
        other => plain_form(other).unwrap_or(other),
    });
    plain.collect::<String>().to_lowercase()
}

/// How long the address is that a text begins with: to a blank, a quote or an angle bracket, or a bracket not its own.
fn length(text: &str) -> usize {
    let mut depth = 0_i32;
    let mut end = text.len();
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth < 0 || character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`' | '|') {
            end = at;
            break;
        }
    }
    text.get(..end).unwrap_or_default().trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']).len()
}

/// The pieces of an address in which data can travel, decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Segments of the path, names and values of the query, the fragment.
    pub(crate) plain: Vec<String>,
    /// Labels of the host before its last two, that long ones by themselves, and all of them together.
    pub(crate) labels: Vec<String>,
    /// What pieces of one or two characters come to together, those of the path, of names, of values and of labels each.
    pub(crate) joined: Vec<String>,
    /// What all of the path comes to: a code may have slashes in it, or be cut by them.
    pub(crate) path: Vec<String>,
}

/// Shortest label that may carry something by itself.
const LONG_LABEL: usize = 12;
/// Longest piece of which several come together.
const SHORT_PIECE: usize = 2;

/// The pieces of an address.
pub(crate) fn pieces(address: &Address<'_>) -> Pieces {
    let authority =
        address.text.find("//").and_then(|at| address.text.get(at.saturating_add(2)..)).unwrap_or_default();
    let behind = authority.find(['/', '?', '#', '\\']).and_then(|at| authority.get(at..)).unwrap_or_default();
    let (path, rest) = behind.split_at(behind.find(['?', '#']).unwrap_or(behind.len()));
    let filled = |piece: &&str| !piece.is_empty();
    let segments: Vec<String> = path.split(['/', '\\', ';', '=']).filter(filled).map(percent).collect();
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for pair in rest.split(['?', '#', '&', ';']).filter(filled) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        names.extend(name.split('/').filter(filled).map(percent));
        values.extend(value.split(['/', '=']).filter(filled).map(percent));
    }
    let labels: Vec<&str> = address.host.split('.').collect();
    let inner = labels.get(..labels.len().saturating_sub(2)).unwrap_or_default();
    let inner: Vec<String> = inner.iter().map(|label| (*label).to_owned()).collect();
    let mut all = Pieces::default();
    for list in [&segments, &names, &values, &inner] {
        let short: Vec<&str> =
            list.iter().map(|piece| stem(piece)).filter(|piece| piece.len() <= SHORT_PIECE).collect();
        all.joined.extend((short.len() > SHORT_PIECE).then(|| short.concat()));
    }
    if segments.len() > 1 {
        all.path = vec![segments.join("/"), segments.concat()];
    }
    all.plain = segments.into_iter().chain(names).chain(values).collect();
    all.labels = inner.iter().filter(|label| label.len() >= LONG_LABEL).cloned().collect();
    all.labels.extend(Some(inner.join(" ")).filter(|together| !together.is_empty()));
    all
}

/// A piece without the ending of a file's name.
pub(crate) fn stem(piece: &str) -> &str {
    match piece.rsplit_once('.') {
        Some((stem, ending)) if (2..=5).contains(&ending.len()) && !stem.is_empty() => stem,
        _ => piece,
    }
}

/// A piece with its percent-encoding undone, also where that was encoded once more; `+` is a blank.
pub(crate) fn percent(piece: &str) -> String {
    let once = decoded(piece);
    if once.contains('%') { decoded(&once) } else { once }
}

fn decoded(piece: &str) -> String {
    let bytes = piece.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = bytes
            .get(at.saturating_add(1)..at.saturating_add(3))
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        at = at.saturating_add(if code.is_some() { 3 } else { 1 });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Base64 in either alphabet, padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a piece says when it is base64 or hexadecimal of a readable text.
pub(crate) fn unveiled(piece: &str) -> Option<String> {
    opened(piece, |text| {
        let plain =
            text.chars().filter(|one| one.is_ascii_alphanumeric() || " .,:;@-_/".contains(*one)).count();
        text.len() >= 6 && plain.saturating_mul(10) >= text.chars().count().saturating_mul(9)
    })
}

/// What a piece says when it is base64 or hexadecimal of a text that is seen, and is taken.
pub(crate) fn opened(piece: &str, is_taken: impl Fn(&str) -> bool) -> Option<String> {
    if piece.len() < 8 {
        return None;
    }
    let hex = || {
        let digits = piece.as_bytes();
        (digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)).then(|| {
            digits
                .chunks(2)
                .filter_map(|pair| {
                    std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
                })
                .collect::<Vec<u8>>()
        })
    };
    let base64 = || LENIENT.decode(piece.replace(['+', ' '], "-").replace('/', "_")).ok();
    let readable = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).ok()?;
        let visible = text.chars().all(|one| !one.is_control() || one.is_whitespace());
        (visible && is_taken(&text)).then_some(text)
    };
    hex().and_then(readable).or_else(|| base64().and_then(readable))
}

/// Bits of a character of a piece by how often its characters occur in it.
pub(crate) fn entropy(piece: &str) -> f64 {
    let mut counts = [0_u32; 256];
    piece.bytes().for_each(|byte| {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    });
    let total = piece.len().max(1) as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str) -> Vec<(String, String)> {
        addresses(word).into_iter().map(|one| (one.text.into_owned(), one.host)).collect()
    }

    fn pair(text: &str, host: &str) -> Vec<(String, String)> {
        vec![(text.to_owned(), host.to_owned())]
    }

    #[test]
    fn an_address_is_bounded_by_the_markup_around_it() {
        assert_eq!(found("![x](https://a.example/p?q=(1))."), pair("https://a.example/p?q=(1)", "a.example"));
        assert_eq!(
            found("<https://U:p@A.Example:8080/x>,"),
            pair("https://U:p@A.Example:8080/x", "a.example")
        );
        assert_eq!(found("src=\"//a.example/x\""), pair("//a.example/x", "a.example"));
        assert_eq!(found("a//b and/or // c"), []);
    }

    #[test]
    fn what_a_browser_would_load_is_an_address() {
        for text in [
            "https://evil.example/a",
            " https:\\\\evil.example/a\n",
            "HTTPS:/\t/evil.example/a",
            "https:evil.example/a",
            "https:/evil\u{3002}example/a",
            "https:///u:p@evil.example:8/a",
        ] {
            let found = whole(text).map(|one| one.host);
            assert_eq!(found.as_deref(), Some("evil.example"), "{text:?}");
        }
        assert_eq!(
            whole("/\\evil.example/a").map(|one| one.text.into_owned()).as_deref(),
            Some("//evil.example/a")
        );
        for text in
            ["logo.png", "/a//b", "data:image/png;base64,//8", "mailto:a@b.example", "https:", "12:30", ""]
        {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn pieces_are_decoded() {
        let address = addresses("https://c2VjcmV0IHZhbHVl.x.a.example/a%20b/c.png?q=one+two#f").remove(0);
        let host = "c2vjcmv0ihzhbhvl";
        let found = pieces(&address);
        assert_eq!(found.plain, ["a b", "c.png", "q", "f", "one two"]);
        assert_eq!(found.labels, [host.to_owned(), format!("{host} x")]);
        assert_eq!(found.path, ["a b/c.png", "a bc.png"]);
        assert_eq!(unveiled("c2VjcmV0IHZhbHVl").as_deref(), Some("secret value"));
        assert_eq!(unveiled("736563726574").as_deref(), Some("secret"));
        assert_eq!(unveiled("documentation"), None);
    }

    #[test]
    fn short_pieces_come_together_each_with_its_own_kind() {
        let joined = |word: &str| pieces(&addresses(word).remove(0)).joined;
        assert_eq!(joined("https://a.example/w/a/i/t.png"), ["wait"]);
        assert_eq!(joined("https://a.example/?a=w&b=a&c=i&d=t"), ["abcd", "wait"]);
        assert_eq!(joined("https://w.a.i.t.a.example/p/q"), ["wait"]);
        assert_eq!(joined("https://a.example/en/guide/2"), [""; 0]);
    }

    #[test]
    fn hosts_are_read_in_plain_letters() {
        let host = |word: &str| addresses(word).remove(0).host;
        assert_eq!(host("https://\u{ff45}\u{24e5}il\u{3002}ex\u{ad}ample/x"), "evil.example");
        assert_eq!(host("https://B\u{fc}cher.example/"), "b\u{fc}cher.example");
    }

    #[test]
    fn entropy_of_a_word_is_less_than_of_drawn_letters() {
        assert!(entropy("documentation") < 3.3 && entropy("x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Y") > 4.0);
    }
}
