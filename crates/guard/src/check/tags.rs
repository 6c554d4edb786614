//! What acts in a tag of HTML when a page shows it.
//!
//! Source: the HTML standard of the WHATWG, section 13.2.5; elements, attributes and addresses that run scripts or load.

use super::references::{of_style, undone};

/// A tag that did not end within what is waited for, or holds more tags than are looked at.
pub(crate) const ENDLESS: &str = "endless-tag";

/// Elements that act by themselves: they run or take in what stands behind them, or have it read by other rules.
const ACTIVE: [&str; 8] = ["script", "iframe", "frameset", "form", "math", "svg", "template", "style"];
/// Elements that act by what their attributes say, and do nothing without any.
const LOADING: [&str; 8] = ["frame", "object", "embed", "applet", "base", "link", "meta", "portal"];

/// Whether an address runs a script, blanks and controls aside.
pub(crate) fn is_script(address: &str) -> bool {
    let head: String =
        address.chars().filter(|one| !one.is_whitespace() && !one.is_control()).take(24).collect();
    let head = head.to_ascii_lowercase();
    let head = head.trim_start_matches(['<', '"', '\'']);
    [
        "javascript:",
        "vbscript:",
        "data:text/html",
        "data:text/xml",
        "data:text/javascript",
        "data:image/svg",
        "data:application",
    ]
    .iter()
    .any(|scheme| head.starts_with(scheme))
}

/// Most tags that are looked for in a tag.
const MOST_WITHIN: usize = 32;

/// What acts in a tag, or in a tag that begins within it: in a value for whoever ends elements first, or in what is none for others.
pub(crate) fn active(tag: &str) -> Option<&'static str> {
    if let Some(what) = acting(tag) {
        return Some(what);
    }
    let is_tag = |at: &usize| {
        tag.as_bytes()
            .get(at.saturating_add(1))
            .is_some_and(|next| next.is_ascii_alphabetic() || *next == b'/')
    };
    let within = tag.match_indices('<').map(|(at, _)| at).filter(|at| *at > 0).filter(is_tag);
    for (number, at) in within.enumerate() {
        if number >= MOST_WITHIN {
            return Some(ENDLESS);
        }
        if let Some(what) = acting(tag.get(at..).unwrap_or_default()) {
            return Some(what);
        }
    }
    None
}

/// What acts in one tag.
fn acting(tag: &str) -> Option<&'static str> {
    let inner = tag.trim_start_matches(['<', '/']);
    // An address between angle brackets.
    if is_script(&undone(inner, true)) {
        return Some("javascript-address");
    }
    // A name goes on to a blank, a slash or an angle bracket: `<object-list>`, `<Map, V>` and `<T: Form>` name no element that there is. For
    // quotes, colons and controls other readers may end it.
    let ends = |one: char| one.is_whitespace() || one.is_control() || "/<>\"'=:`\u{FFFD}".contains(one);
    let (name, mut rest) = inner.split_at(inner.find(ends).unwrap_or(inner.len()));
    let is = |known: &&&str| name.eq_ignore_ascii_case(known);
    let says_more = || rest.chars().any(|one| !one.is_whitespace() && !matches!(one, '/' | '>'));
    if let Some(known) = ACTIVE.iter().find(is).or_else(|| LOADING.iter().find(is).filter(|_| says_more())) {
        return Some(known);
    }
    // Attributes begin behind blanks, slashes or quotes; a value ends at its quote or at a blank.
    while let Some(equals) = rest.find('=') {
        let head = rest.get(..equals).unwrap_or_default().trim_end();
        let attribute = head
            .rsplit(|one: char| one.is_whitespace() || matches!(one, '/' | '"' | '\''))
            .next()
            .unwrap_or_default();
        let attribute = attribute.to_ascii_lowercase();
        let value = rest.get(equals.saturating_add(1)..).unwrap_or_default().trim_start();
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (value, after) = if let Some(quote) = quote {
            let inner = value.get(1..).unwrap_or_default();
            inner.split_at(inner.find(quote).unwrap_or(inner.len()))
        } else {
            value.split_at(value.find(|one: char| one.is_whitespace() || one == '>').unwrap_or(value.len()))
        };
        if attribute.len() > 3
            && attribute.starts_with("on")
            && attribute.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            return Some("event-handler");
        }
        if matches!(
            attribute.as_str(),
            "href"
                | "src"
                | "action"
                | "formaction"
                | "xlink:href"
                | "data"
                | "poster"
                | "srcdoc"
                | "background"
        ) && (attribute == "srcdoc" || is_script(&undone(value, false)))
        {
            return Some("javascript-address");
        }
        if attribute == "style"
            && ["expression(", "javascript:", "-moz-binding", "behavior:"]
                .iter()
                .any(|one| of_style(&undone(value, false)).to_ascii_lowercase().contains(one))
        {
            return Some("script-in-style");
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_told_and_what_does_not_is_left() {
        assert_eq!(active("<IMG src=x onError=go()>"), Some("event-handler"));
        assert_eq!(active("<p title=\"</p><script>\">"), Some("script"));
        assert_eq!(active("<a href=\"&#106;avascript:go()\">"), Some("javascript-address"));
        assert_eq!(active("<b style='width:exp\\72 ession(1)'>"), Some("script-in-style"));
        assert_eq!(active("<a href='https://example.org/?on=1' title=\"<b>\">"), None);
        assert_eq!(active(&"<b ".repeat(100)), Some(ENDLESS));
    }

    #[test]
    fn parameters_of_types_are_no_elements_that_act() {
        for tag in [
            "<String>",
            "<K, V>",
            "<int>",
            "<Object>",
            "<object, Base>",
            "<Link>",
            "</Object>",
            "<Base />",
            "<T: Script>",
            "<script-name>",
            "<form_id>",
            "<style.name>",
            "<Meta?>",
            "<Frame[]>",
            "<Script, T>",
            "<&'a str>",
            "<T = Object>",
        ] {
            assert_eq!(active(tag), None, "{tag}");
        }
        for tag in [
            "<Form>",
            "<Style>",
            "<Script>",
            "</script>",
            "<script/x>",
            "<script\u{c}x>",
            "<object data=x>",
            "<object/data=x>",
            "<base\nhref=x>",
            "<link x",
            "<meta\0http-equiv=refresh>",
            "<svg:script>",
            "<embed'src=x>",
            "<T <script>",
        ] {
            assert!(active(tag).is_some(), "{tag}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_tag_is_read(tag in "<[a-z<>&;=\"' \\\\\u{e9}]{0,60}") {
            active(&tag);
        }
    }
}
