//! Where a sentence has something brought: [`place`].

use super::lexicon::Class;
use super::purpose::Purpose;
use super::said::Said;

/// Whose place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An address that the text spells out and that is nobody's it is about.
    Address,
    /// Somewhere all can read.
    Public,
    /// Someone who is named by what they are: "our service", "the maker".
    Party,
    /// Something that is passed on by itself: a trailer, a picture's address, a file's name.
    Carrier,
}

/// The address that `word` is, spelt out.
pub(super) fn is_address(word: &str) -> bool {
    if let Some((scheme, rest)) = word.split_once("://") {
        return matches!(
            scheme,
            "https" | "http" | "s3" | "gs" | "ftp" | "sftp" | "ws" | "wss" | "tcp" | "ssh" | "git"
        ) && rest.len() >= 4
            || word.contains("](http");
    }
    if let Some((who, host)) = word.split_once('@') {
        return !who.is_empty() && is_host(host);
    }
    let host = word.split(['/', ':', '?']).next().unwrap_or_default();
    let bare = host.len() == word.len();
    is_host(host) && (!bare || host.matches('.').count() >= 2)
}

/// Whether `host` reads as the name of a machine.
fn is_host(host: &str) -> bool {
    let mut labels = host.rsplit('.');
    let end = labels.next().unwrap_or_default();
    let named = host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'{' | b'}' | b'<' | b'>')
                })
        });
    named && ENDS.contains(&end)
}

/// Where the word at `index` of `said` leads to, if it is a place that the purpose does not explain.
pub(super) fn place(said: &Said<'_>, index: usize, purpose: &Purpose<'_>) -> Option<Place> {
    let token = said.at(index)?;
    let text = token.text;
    let inside = text.find("http").and_then(|at| text.get(at..)).filter(|inside| inside.contains("://"));
    let address = inside.unwrap_or(text);
    // `<name>.host.io`: a label that is filled in says nothing of whose the rest is.
    let address = match address.split_once(['>', '}']) {
        Some((label, rest)) if label.starts_with(['<', '{', '$']) => rest.trim_start_matches(['.', '}']),
        _ => address,
    };
    if is_address(address) {
        return (!purpose.expects(address)).then_some(Place::Address);
    }
    if token.is(Class::Public) {
        return Some(Place::Public);
    }
    if token.is(Class::Party) && said.before(index, 3).any(|word| word.any_of("our the its a their")) {
        return Some(Place::Party);
    }
    // "The name of the branch", "the file's name".
    let named = token.any_of("name names")
        && said
            .before(index, 2)
            .chain(said.behind(index, 3))
            .any(|word| word.any_of("branch file file's branch's tag image release artifact"));
    (token.is(Class::Carrier) || named).then_some(Place::Carrier)
}

/// Ends of names of machines: those in most use, and those reserved for examples (RFC 2606).
static ENDS: &[&str] = &[
    "com",
    "net",
    "org",
    "io",
    "dev",
    "app",
    "xyz",
    "top",
    "site",
    "online",
    "cloud",
    "ru",
    "cn",
    "co",
    "cc",
    "me",
    "to",
    "eu",
    "de",
    "fr",
    "uk",
    "nl",
    "ch",
    "at",
    "it",
    "es",
    "pl",
    "se",
    "no",
    "fi",
    "dk",
    "be",
    "us",
    "ca",
    "jp",
    "in",
    "br",
    "info",
    "biz",
    "tech",
    "tools",
    "run",
    "live",
    "fun",
    "icu",
    "host",
    "network",
    "systems",
    "services",
    "ai",
    "so",
    "sh",
    "is",
    "wiki",
    "page",
    "link",
    "click",
    "store",
    "shop",
    "space",
    "website",
    "digital",
    "solutions",
    "example",
    "test",
    "invalid",
    "pro",
    "club",
    "team",
    "work",
    "world",
    "zone",
    "email",
    "media",
    "agency",
    "tk",
    "ml",
];
