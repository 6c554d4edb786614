//! What addresses in an answer carry out of a conversation: [`Carriers`].

use super::address::{Address, LONGEST, addresses, entropy, pieces, stem, unveiled, whole};
use super::attributes::{Attribute, Attributes};
use super::conversation::Conversation;
use super::destinations::{Destination, Leads};
use super::links::LinksPolicy;
use super::references::{of_style, undone};
use std::sync::Arc;

/// An address that carries something.
pub(crate) struct Carrier {
    /// Its host, or what it is called for people.
    pub(crate) host: String,
    /// What it carries.
    pub(crate) what: &'static str,
    /// Whether it is loaded without a click.
    pub(crate) loads: bool,
    /// Whether a value is put back in it: it holds a token of this conversation.
    pub(crate) restores: bool,
}

/// Tells what addresses carry that the policy does not allow.
#[derive(Debug, Clone)]
pub(crate) struct Carriers {
    /// Whose hosts are allowed.
    pub(crate) policy: Arc<LinksPolicy>,
    /// What was said.
    pub(crate) conversation: Arc<Conversation>,
    /// Tokens that stand for values of it, in small letters and without brackets.
    pub(crate) tokens: Arc<[String]>,
}

/// Shortest piece of an address that can be something drawn.
const DRAWN: usize = 20;
/// Bits a character from which it is.
const DRAWN_BITS: f64 = 3.6;
/// Longest query that is none by its length.
const LONG_QUERY: usize = 256;
/// Attributes whose addresses are shown or named, and not loaded.
const SHOWN: [&str; 7] = ["alt", "title", "cite", "value", "placeholder", "aria-label", "aria-description"];
/// Most sources that are told apart in one word of a set.
const MOST_SOURCES: usize = 16;
/// How deep tags are read that stand in values of tags.
pub(crate) const DEEPEST: usize = 4;

impl Carriers {
    /// What an address carries, unless its host is allowed.
    pub(crate) fn carrier(&self, address: &Address<'_>, loads: bool) -> Option<Carrier> {
        if self.allows(&address.host) {
            return None;
        }
        let what = self.carries(address)?;
        let restores = self.holds_token(&address.text) || self.holds_token(&undone(&address.text, true));
        Some(Carrier { host: address.host.clone(), what, loads, restores })
    }

    /// What a text carries that is an address, or has some in it.
    fn carrier_in(&self, text: &str, loads: bool) -> Option<Carrier> {
        match whole(text) {
            Some(address) => self.carrier(&address, loads),
            None => addresses(text).iter().find_map(|address| self.carrier(address, loads)),
        }
    }

    /// What the beginning of a longer value carries: an address needs no more, and what is dressed so that its beginning is not seen
    /// within so many bytes hides something.
    fn carrier_of_cut(&self, written: &str, value: &str, loads: bool) -> Option<Carrier> {
        let what = "more than an address needs";
        if value.trim_matches(|one: char| one <= ' ').len() < written.len() / 2 {
            let restores = self.holds_token(written);
            return Some(Carrier { host: "a host that is not told".to_owned(), what, loads, restores });
        }
        let host = whole(value)?.host;
        let restores = self.holds_token(written);
        (!self.allows(&host)).then_some(Carrier { host, what, loads, restores })
    }

    /// What a destination of Markdown carries, with its escapes undone and as it stands.
    pub(crate) fn of_destination(&self, text: &str, one: &Destination, referring: bool) -> Option<Carrier> {
        let loads = match one.of {
            Leads::Link => false,
            Leads::Image | Leads::Reference => true,
            Leads::Definition => referring,
        };
        let carrier = |value: &str| {
            if one.cut { self.carrier_of_cut(text, value, loads) } else { self.carrier_in(value, loads) }
        };
        let as_it_stands = || text.contains('\\').then(|| carrier(&undone(text, false))).flatten();
        carrier(&undone(text, true)).or_else(as_it_stands)
    }

    /// What the value of an attribute carries, and the values of tags in it.
    pub(crate) fn of_attribute(&self, one: &Attribute, text: &str, depth: usize) -> Option<Carrier> {
        let value = undone(text, false);
        let is_link = matches!(one.element.as_str(), "a" | "area") && one.name == "href";
        let loads = !is_link && !SHOWN.contains(&one.name.as_str());
        let loaded = |address: &str| self.carrier(&whole(address)?, true);
        let mut found = match one.name.as_str() {
            "srcset" | "imagesrcset" => candidates(&value).find_map(loaded),
            "style" => parts_of_style(&of_style(&value)).find_map(loaded),
            _ => None,
        };
        if one.cut && loads {
            found = found.or_else(|| self.carrier_of_cut(text, &value, loads));
        }
        found = found.or_else(|| match whole(&value) {
            Some(address) => self.carrier(&address, loads),
            None => addresses(&value).iter().find_map(|address| self.carrier(address, false)),
        });
        if depth == 0 || !text.contains('<') {
            return found;
        }
        let mut tags = Attributes::default();
        text.bytes().enumerate().for_each(|(at, byte)| tags.byte(at, byte));
        tags.finish(text.len());
        tags.found().into_iter().fold(found, |found, inner| {
            let text = text.get(inner.span.clone()).unwrap_or_default();
            worse(found, self.of_attribute(&inner, text, depth.saturating_sub(1)))
        })
    }

    /// What an address carries.
    fn carries(&self, address: &Address<'_>) -> Option<&'static str> {
        if address.text.len() > LONGEST {
            return Some("more than an address needs");
        }
        if self.conversation.names(&address.text) {
            return None;
        }
        let pieces = pieces(address);
        let all = || pieces.plain.iter().chain(&pieces.labels).chain(&pieces.joined);
        if all().any(|piece| is_token(piece) || self.holds_token(piece)) {
            return Some("a value the guard replaced");
        }
        if let Some(inner) = all().find_map(|piece| encoded(piece)).or_else(|| in_path(&pieces.path)) {
            return Some(if self.conversation.holds_some_of(&inner) {
                "encoded words of the conversation"
            } else {
                "an encoded text"
            });
        }
        let said = |piece: &String| self.conversation.holds_some_of(piece);
        if pieces.plain.iter().chain(&pieces.joined).any(said)
            || pieces.labels.iter().any(|piece| self.conversation.holds_much_of(piece))
        {
            return Some("words of the conversation");
        }
        if all().any(|piece| piece.len() > LONG_QUERY) {
            return Some("more than an address needs");
        }
        all().any(|piece| is_drawn(piece)).then_some("a drawn value")
    }

    /// What an address that is loaded says besides its host, unless that is allowed or the address was said.
    pub(crate) fn says(&self, text: &str) -> Option<Vec<String>> {
        let address = whole(text)?;
        if self.allows(&address.host) || self.conversation.names(&address.text) {
            return None;
        }
        let pieces = pieces(&address);
        let all = pieces.plain.iter().chain(pieces.labels.last());
        Some(all.map(|piece| stem(piece).to_owned()).collect())
    }

    /// Whether a piece holds a token of this conversation in any spelling in which its value is put back.
    fn holds_token(&self, piece: &str) -> bool {
        if self.tokens.is_empty() {
            return false;
        }
        let piece = piece.replace('\\', "").to_ascii_lowercase();
        self.tokens.iter().any(|token| piece.contains(token.as_str()))
    }

    fn allows(&self, host: &str) -> bool {
        self.policy.allow.iter().any(|allowed| {
            host.strip_suffix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// Whether a piece holds a token as the guard writes them: a kind in capitals and twelve hexadecimal digits, in brackets or not.
fn is_token(piece: &str) -> bool {
    piece.rsplit_once('_').is_some_and(|(kind, digits)| {
        let digits = digits.trim_end_matches(']');
        digits.len() == 12
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && kind
                .trim_start_matches('[')
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-'))
    })
}

/// Shortest part of a piece that is decoded by itself, and shortest path that is decoded as one.
const SHORTEST_PART: usize = 12;
const SHORTEST_PATH: usize = 16;

/// What a piece says that is encoded: all of it, what stands before the ending of a file's name, or a part between marks.
fn encoded(piece: &str) -> Option<String> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '-' | '_');
    let mut parts =
        piece.split(|one| !is_part(one)).filter(|part| part.len() >= SHORTEST_PART && *part != piece);
    unveiled(piece).or_else(|| parts.find_map(unveiled))
}

/// What a path says that is encoded as a whole.
fn in_path(path: &[String]) -> Option<String> {
    path.iter().map(|all| stem(all)).filter(|all| all.len() >= SHORTEST_PATH).find_map(unveiled)
}

/// Whether a piece looks drawn: long, of digits and letters, each about as often, and no digest or identifier of a page.
fn is_drawn(piece: &str) -> bool {
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let dashes = piece.bytes().filter(|byte| matches!(byte, b'-' | b' ' | b'.')).count();
    piece.len() >= DRAWN && digits >= 2 && dashes <= 1 && entropy(piece) >= DRAWN_BITS
}

/// The addresses of a set of sources. Commas stand between them, and may stand in them.
fn candidates(value: &str) -> impl Iterator<Item = &str> {
    value.split_ascii_whitespace().flat_map(|word| {
        let behind_commas = word.match_indices(',').filter_map(|(at, _)| word.get(at.saturating_add(1)..));
        std::iter::once(word).chain(behind_commas.take(MOST_SOURCES))
    })
}

/// What may be an address in a style.
fn parts_of_style(style: &str) -> impl Iterator<Item = &str> {
    style.split(|one: char| one.is_ascii_whitespace() || matches!(one, '(' | ')' | '"' | '\''))
}

/// Of two, the one that is loaded or in which a value is put back, or the first.
fn worse(one: Option<Carrier>, other: Option<Carrier>) -> Option<Carrier> {
    let weight = |carrier: &Carrier| carrier.loads || carrier.restores;
    match (&one, &other) {
        (Some(first), Some(second)) if weight(second) && !weight(first) => other,
        (None, _) => other,
        _ => one,
    }
}
