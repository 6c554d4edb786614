//! Canaries in the answer: texts that were planted where nobody should read, so that nobody can say them by chance.

use super::checks::{Check, ChecksError, Files, Made, Request};
use super::judgement::Reason;
use super::needles::{Needles, symbol};
use super::policy::{Mode, Policy};
use super::shown::Shown;
use super::stream::{Reader, Seen, Step, Tail};
use super::veiled::Veiled;
use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// A canary of the policy in an answer, whatever its case and whatever marks or blanks stand between its letters and
    /// digits, plain, as a page shows it (between tags, in character references, escapes and other forms of letters), in base64 or
    /// in hexadecimal digits.
    /// ## Why it matters
    /// A canary stands in a prompt, a document or a dataset and nowhere else: where it is said, that text is leaking.
    /// ## Example
    /// A prompt that ends with `0011-2233-4455-6677-8899-aabb`, and an answer that repeats it.
    /// ## How to fix
    /// End the answer, and find out how the text was read.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm072025-system-prompt-leakage/>
    pub const CANARY: Rule = Rule {
        id: "guard/canary",
        title: "a canary in an answer",
        severity: Severity::Critical,
        remedy: "End the answer, and find out how the planted text was read.",
        taxonomies: &[atlas("AML.T0057"), cwe(200), owasp_llm("LLM07")],
    };
}

/// Canaries in answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CanaryPolicy {
    /// What to do.
    pub mode: Mode,
    /// The canaries, of at least ten letters and digits each.
    pub tokens: Vec<String>,
    /// A file with further ones, one a line.
    pub file: Option<PathBuf>,
}

/// Letters and digits of the shortest canary.
const SHORTEST: usize = 10;
/// Letters and digits from which what may be a canary is held back.
const HELD: usize = 2;
/// Most canaries.
const MOST: usize = 20_000;

/// The check, if there are canaries.
///
/// # Errors
/// [`ChecksError::File`] if the file cannot be read, [`ChecksError::Canary`] if one is too short or there are too many.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let tokens = tokens(policy, files)?;
    if tokens.is_empty() || policy.canaries.mode == Mode::Off {
        return Ok(None);
    }
    if tokens.len() > MOST {
        return Err(ChecksError::Canary { number: MOST });
    }
    let short = |token: &String| token.bytes().filter_map(symbol).count() < SHORTEST;
    if let Some(number) = tokens.iter().position(short) {
        return Err(ChecksError::Canary { number });
    }
    let needles = Arc::new(Needles::of(tokens.iter().map(String::as_str)));
    Ok(Some(Box::new(Canary { needles, mode: policy.canaries.mode })))
}

/// The canaries of a policy, those of its file too.
///
/// # Errors
/// [`ChecksError::File`] if the file cannot be read.
pub(crate) fn tokens(policy: &Policy, files: Files<'_>) -> Result<Vec<String>, ChecksError> {
    let mut tokens = policy.canaries.tokens.clone();
    if let Some(path) = &policy.canaries.file {
        let text = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
        let lines = String::from_utf8_lossy(&text);
        tokens.extend(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(tokens)
}

#[derive(Debug)]
struct Canary {
    needles: Arc<Needles>,
    mode: Mode,
}

impl Check for Canary {
    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        Some(Box::new(CanaryReader {
            needles: Arc::clone(&self.needles),
            mode: self.mode,
            plain: Matching::default(),
            shown: (Shown::joining(), None),
            veiled: Veiled::default(),
            inner: 0,
        }))
    }
}

#[derive(Debug, Clone)]
struct CanaryReader {
    needles: Arc<Needles>,
    mode: Mode,
    plain: Matching,
    /// What is shown, from where it is another text than what is written.
    shown: (Shown, Option<Matching>),
    veiled: Veiled,
    /// The state in decoded text.
    inner: u32,
}

/// How far into a canary a text is.
#[derive(Debug, Clone, Default)]
struct Matching {
    state: u32,
    /// Where the last letters and digits stand.
    places: VecDeque<usize>,
}

impl Matching {
    /// Takes the byte at a place; gives where a canary begins that ends with it.
    fn byte(&mut self, needles: &Needles, place: usize, byte: u8) -> Option<usize> {
        symbol(byte)?;
        self.state = needles.after(self.state, byte);
        self.places.push_back(place);
        if self.places.len() > needles.longest {
            self.places.pop_front();
        }
        needles.ends(self.state).and_then(|length| self.back(length))
    }

    fn back(&self, count: usize) -> Option<usize> {
        self.places.len().checked_sub(count).and_then(|at| self.places.get(at)).copied()
    }

    /// Where what may be a canary begins that has to wait.
    fn held(&self, needles: &Needles) -> Option<usize> {
        let depth = needles.depth(self.state);
        if depth < HELD { None } else { self.back(depth) }
    }
}

fn told(mode: Mode, span: Range<usize>, label: &str) -> Seen {
    Seen {
        reason: Reason {
            check: CANARY.id,
            label: label.to_owned(),
            score: 1.0,
            action: mode.action(),
            pointer: String::new(),
            span,
            message: "a canary of the policy".to_owned(),
        },
        replacement: None,
    }
}

impl Reader for CanaryReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let text = tail.word(step);
        let mut as_shown = None;
        if let Some(shown) = self.shown.0.step(text) {
            let matching = self.shown.1.get_or_insert_with(|| self.plain.clone());
            for (at, byte) in shown.bytes().enumerate() {
                let place = step.start.saturating_add(at);
                if let Some(start) = matching.byte(&self.needles, place, byte) {
                    as_shown.get_or_insert(start..place.saturating_add(1));
                }
            }
        }
        let before = seen.len();
        for (at, byte) in text.bytes().enumerate() {
            let place = step.start.saturating_add(at);
            if let Some(start) = self.plain.byte(&self.needles, place, byte) {
                seen.push(told(self.mode, start..place.saturating_add(1), "plain"));
            }
        }
        // What stands there as it is written is shown as well.
        let as_shown = as_shown.filter(|_| seen.len() == before);
        seen.extend(as_shown.map(|span| told(self.mode, span, "shown")));
        let begun = self.veiled.start();
        let decoded = self.veiled.word(text.trim_end(), step.start, last);
        let begun = begun.or(self.veiled.start()).unwrap_or(step.start);
        for byte in decoded.bytes() {
            self.inner = self.needles.after(self.inner, byte);
            if self.needles.ends(self.inner).is_some() {
                seen.push(told(self.mode, begun..step.end, "encoded"));
            }
        }
        if last || self.mode != Mode::Block {
            return step.end;
        }
        // An encoded word is read to its end only when the next one comes.
        let encoded = self
            .veiled
            .start()
            .map(|start| if self.needles.depth(self.inner) < HELD { step.start } else { start });
        let shown = self.shown.1.as_ref().and_then(|matching| matching.held(&self.needles));
        let plain = self.plain.held(&self.needles);
        encoded.into_iter().chain(plain).chain(shown).min().unwrap_or(step.end)
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::{answer, streamed};
    use super::super::checks::tests::{checks, exchange};
    use crate::check::{Checks, Session};
    use base64::Engine as _;

    const POLICY: &str = "[canaries]\ntokens = ['0011-2233-4455-6677-8899-aabb']\n\
        [secrets]\noutput = 'off'\n[personal-data]\noutput = 'off'";

    #[test]
    fn a_canary_does_not_leave_in_any_dress_or_cut() {
        let encoded = base64::engine::general_purpose::STANDARD.encode("it is 0011-2233-4455-6677-8899-AABB");
        let checks = checks(POLICY);
        for said in [
            "0011-2233-4455-6677-8899-aabb",
            "0011 2233 4455 6677 8899 AABB",
            "*001122334455_66778899aabb*",
            "00<b>1</b>122<i>33</i>44-5566-7788-99aabb",
            "&#48;&#48;11-2233-4455-66&#x37;7-8899-aabb",
            "%30%30%31%31223344556677%38%38%39%39aabb",
            "\\u0030011-2233-4455-6677-8899-a\\x61bb",
            "\u{ff10}\u{ff10}11-2233-4455-6677-8899-aab\u{ff42}",
            &encoded,
        ] {
            let text = format!("It is {said} indeed.");
            for cut in 0..text.len() {
                let mut judge = checks.answer(&exchange(&[]), &Session::new([0; 32]));
                let (out, _, blocked) = streamed(&mut judge, &text, &[cut]);
                assert_eq!(
                    (out.as_str(), blocked.map(|one| one.check)),
                    ("It is ", Some("guard/canary")),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn half_a_canary_leaves() {
        let text = "Order 0011-2233-4455 is on its way.";
        assert_eq!(answer(POLICY, text).0, text);
    }

    #[test]
    fn a_short_canary_is_refused() {
        let policy = toml::from_str("[canaries]\ntokens = ['abc']").unwrap();
        assert!(Checks::new(&policy, &|_| Ok(Vec::new())).is_err());
    }
}
