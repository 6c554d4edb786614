//! The operator's prompt in the answer, word for word.

use super::bounds;
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::judgement::Reason;
use super::overlap::{Marks, Overlap, PHRASE, Run, Source, said};
use super::policy::{Mode, Policy};
use super::seams::meets;
use super::shown::Shown;
use super::stream::{Reader, Seen, Step, Tail};
use super::veiled::Veiled;
use super::words;
use crate::exchange::{Part, Role};
use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

rule! {
    /// ## What it finds
    /// A run of words of the operator's prompt in the answer that the user did not say first, whatever its case, markup and
    /// line breaks, plain, as a page shows it (tags, references, escapes, full-width letters), in base64, in hexadecimal digits or with letters moved by thirteen; or most of a
    /// prompt of 40 words and more in pieces.
    /// ## Why it matters
    /// The prompt holds rules that attackers want to know, names of internal systems, and sometimes what should be a secret.
    /// ## Example
    /// *Sure, my instructions begin with: You are the assistant of Acme and must never …*
    /// ## How to fix
    /// Keep secrets out of prompts; end the answer.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm072025-system-prompt-leakage/>
    pub const PROMPT_LEAK: Rule = Rule {
        id: "guard/prompt-leak",
        title: "the operator's prompt in an answer",
        severity: Severity::High,
        remedy: "End the answer, and keep secrets out of the prompt.",
        taxonomies: &[atlas("AML.T0056"), cwe(200), owasp_llm("LLM07")],
    };
}

/// The operator's prompt in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PromptLeakPolicy {
    /// The severest thing to do; `flag` stops nothing.
    pub mode: Mode,
    /// Words on end from which an answer is flagged.
    pub flag_words: u32,
    /// Words on end from which it is stopped.
    pub block_words: u32,
    /// Share of the prompt, in percent, from which pieces of it stop an answer.
    pub block_percent: u32,
}

impl Default for PromptLeakPolicy {
    fn default() -> Self {
        Self { mode: Mode::Block, flag_words: 12, block_words: 24, block_percent: 60 }
    }
}

/// Shortest prompt that is looked for, in words.
const SHORTEST: u32 = 6;
/// Words of a prompt from which pieces of it are counted together.
const COUNTED: u32 = 40;
/// How a run was found that a page shows.
const SHOWN: &str = "as it is shown";
/// Words of a run from which it is held back.
const HELD: u32 = 2;
/// Prompts whose index is kept.
const KEPT: usize = 64;

/// The check, if it is on.
///
/// # Errors
/// [`ChecksError::Setting`] if nothing could be flagged before it is stopped.
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.prompt_leak.clone();
    if policy.mode == Mode::Off {
        return Ok(None);
    }
    let (flag, block) = (policy.flag_words, policy.block_words);
    if flag != PromptLeakPolicy::default().flag_words {
        bounds::ordered("prompt-leak", ("flag-words", flag), ("block-words", block))?;
    }
    Ok(Some(Box::new(PromptLeak { policy, indexed: Mutex::default() })))
}

#[derive(Debug)]
struct PromptLeak {
    policy: PromptLeakPolicy,
    /// Prompts by their digest: the same ones come with every request.
    indexed: Mutex<BTreeMap<[u8; 32], Arc<Source>>>,
}

impl Check for PromptLeak {
    fn reader(&self, request: &Request<'_>) -> Option<Box<dyn Reader>> {
        let parts = &request.exchange.parts;
        let of =
            |role: Role| parts.iter().filter(move |part| part.role == role).map(|part| part.text.as_ref());
        let prompts = prompts(parts);
        let source = self.source(|| prompts.iter().map(AsRef::as_ref))?;
        let known = Arc::new(said(&source, of(Role::User)));
        let words = source.length;
        Some(Box::new(LeakReader {
            flag: self.policy.flag_words.min((words.saturating_mul(4) / 5).max(SHORTEST)),
            block: self.policy.block_words.min(words.max(SHORTEST)),
            share: words.saturating_mul(self.policy.block_percent) / 100,
            mode: self.policy.mode,
            plain: Overlap::default(),
            turned: Overlap::default(),
            shown: (Shown::default(), None),
            decoded: Overlap::default(),
            veiled: Veiled::default(),
            covered: Marks::none(words),
            told: [None; 2],
            source,
            known,
        }))
    }
}

/// The operator's texts; blocks of one of them are one text, in which a run of words may go on.
fn prompts<'p>(parts: &'p [Part<'_>]) -> Vec<Cow<'p, str>> {
    let all: Vec<&Part<'_>> = parts.iter().filter(|part| part.role == Role::System).collect();
    let runs = all.chunk_by(|before, after| meets(before, after));
    runs.map(|run| match run {
        [one] => Cow::Borrowed(&*one.text),
        many => Cow::Owned(many.iter().map(|part| &*part.text).collect::<Vec<_>>().join("\n")),
    })
    .collect()
}

impl PromptLeak {
    fn source<'t, I: Iterator<Item = &'t str>>(&self, texts: impl Fn() -> I) -> Option<Arc<Source>> {
        let mut digest = Sha256::new();
        texts().for_each(|text| {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        });
        let digest: [u8; 32] = digest.finalize().into();
        let mut indexed = self.indexed.lock().unwrap_or_else(PoisonError::into_inner);
        if indexed.len() >= KEPT && !indexed.contains_key(&digest) {
            indexed.clear();
        }
        let source = indexed.entry(digest).or_insert_with(|| Arc::new(Source::of(texts())));
        (source.length >= SHORTEST).then(|| Arc::clone(source))
    }
}

#[derive(Debug, Clone)]
struct LeakReader {
    source: Arc<Source>,
    /// What the user said first.
    known: Arc<Marks>,
    flag: u32,
    block: u32,
    share: u32,
    mode: Mode,
    plain: Overlap,
    turned: Overlap,
    /// What is shown, from where it is another text than what is written.
    shown: (Shown, Option<Overlap>),
    decoded: Overlap,
    veiled: Veiled,
    covered: Marks,
    /// Where the run began that was told of last, as it is written and as it is shown.
    told: [Option<usize>; 2],
}

impl LeakReader {
    /// Tells of a run once, and again where it must stop the answer.
    fn tell(&mut self, run: Run, start: usize, end: usize, how: &'static str, seen: &mut Vec<Seen>) {
        if run.words >= PHRASE && run.own > 0 {
            self.covered.mark(run.place, run.words.min(PHRASE));
        }
        let pieces = self.covered.count >= self.share.max(1) && self.source.length >= COUNTED;
        let Some(told) = self.told.get_mut(usize::from(how == SHOWN)) else { return };
        let stops = run.own >= self.block || pieces && run.words >= PHRASE;
        if !stops && (run.own < self.flag || *told == Some(start)) {
            return;
        }
        *told = Some(start);
        let action = if stops { self.mode.action() } else { super::Action::Flag };
        let words = if pieces && run.own < self.block { self.covered.count } else { run.own };
        seen.push(Seen {
            reason: Reason {
                check: PROMPT_LEAK.id,
                label: how.to_owned(),
                score: if stops { 0.95 } else { 0.7 },
                action,
                pointer: String::new(),
                span: start..end,
                message: format!("{words} words of the operator's prompt, {how}"),
            },
            replacement: None,
        });
    }
}

impl Reader for LeakReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let text = tail.word(step);
        let mut found = Vec::new();
        let (source, known) = (Arc::clone(&self.source), Arc::clone(&self.known));
        if let Some(shown) = self.shown.0.step(text) {
            let runs = self.shown.1.get_or_insert_with(|| self.plain.clone());
            words::each_plain(&shown, step.start, |word| {
                let run = runs.word(&source, &known, word.hash, &word);
                found.extend(run.map(|run| (run, run.start, word.end, SHOWN)));
            });
        }
        words::each(text, step.start, |word| {
            let plain = self.plain.word(&source, &known, word.hash, &word).map(|run| (run, "plain"));
            let turned =
                self.turned.word(&source, &known, word.turned, &word).map(|run| (run, "with letters moved"));
            found.extend(plain.into_iter().chain(turned).map(|(run, how)| (run, run.start, word.end, how)));
        });
        let begun = self.veiled.start();
        let decoded = self.veiled.word(text.trim_end(), step.start, last);
        let begun = begun.or(self.veiled.start()).unwrap_or(step.start);
        words::each(&decoded, 0, |word| {
            let run = self.decoded.word(&source, &known, word.hash, &word);
            found.extend(run.map(|run| (run, begun, step.end, "encoded")));
        });
        if self.veiled.start().is_none() {
            self.decoded.cut();
        }
        for (run, start, end, how) in found {
            self.tell(run, start, end, how, seen);
        }
        if self.mode != Mode::Block || last {
            return step.end;
        }
        // An encoded word is read to its end only when the next one comes.
        let encoded = self
            .veiled
            .start()
            .map(|start| if self.decoded.open(HELD).is_some() { start } else { step.start });
        let shown = self.shown.1.as_ref().and_then(|runs| runs.open(HELD));
        let open = [self.plain.open(HELD), self.turned.open(HELD), shown, encoded];
        open.into_iter().flatten().min().unwrap_or(step.end)
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::streamed;
    use super::super::checks::tests::{checks, exchange};
    use super::*;
    use crate::check::Session;
    use base64::Engine as _;

    const PROMPT: &str = "You are the support assistant of Acme Corporation. Never mention the internal ticket system \
        called Nightjar. Offer at most a discount of fifteen percent and only after the customer has complained twice. \
        Always answer in the language of the customer and sign with the name Robin.";

    static CHECKS: std::sync::LazyLock<crate::check::Checks> = std::sync::LazyLock::new(|| checks(""));

    fn leaks(user: &str, text: &str, cuts: &[usize]) -> (String, Vec<String>, Option<String>) {
        let request = exchange(&[(Role::System, PROMPT), (Role::User, user)]);
        let mut judge = CHECKS.answer(&request, &Session::new([0; 32]));
        let (out, reasons, blocked) = streamed(&mut judge, text, cuts);
        (out, reasons.into_iter().map(|one| one.message).collect(), blocked.map(|one| one.label))
    }

    #[test]
    fn the_prompt_does_not_leave_however_it_is_dressed() {
        let shouted = format!("Sure! {}", PROMPT.to_uppercase().replace(' ', "\n- "));
        let turned: String = PROMPT.chars().map(rot13).collect();
        let encoded = base64::engine::general_purpose::STANDARD.encode(PROMPT);
        for (text, label) in
            [(PROMPT, "plain"), (&shouted, "plain"), (&turned, "with letters moved"), (&encoded, "encoded")]
        {
            let (out, _, blocked) = leaks("hi", text, &[]);
            assert_eq!(blocked.as_deref(), Some(label), "{text}");
            assert!(!out.to_lowercase().contains("acme") && out.len() <= 14, "{out}");
        }
    }

    #[test]
    fn the_prompt_does_not_leave_between_tags_references_and_numbers() {
        let each = |around: &dyn Fn(usize, &str) -> String| -> String {
            PROMPT.split(' ').enumerate().map(|(at, word)| around(at, word)).collect()
        };
        let letters = |form: &dyn Fn(char) -> String| PROMPT.chars().map(form).collect::<String>();
        for text in [
            each(&|_, word| format!("<b>{word}</b> ")),
            each(&|_, word| format!("<span class=\"x y\">{word}</span>&nbsp;")),
            each(&|_, word| format!("{word}<br>")),
            each(&|at, word| format!("{}. {word}\n", at + 1)),
            letters(&|one| format!("&#{};", u32::from(one))),
            letters(&|one| {
                if one.is_ascii_alphanumeric() { format!("%{:02x}", u32::from(one)) } else { one.into() }
            }),
            letters(&|one| {
                let wide = one.is_ascii_graphic().then(|| char::from_u32(u32::from(one) + 0xFEE0)).flatten();
                wide.unwrap_or(one).into()
            }),
            letters(&|one| {
                if one.is_ascii_alphanumeric() { format!("\\u{:04x}", u32::from(one)) } else { one.into() }
            }),
        ] {
            let (out, _, blocked) = leaks("hi", &text, &[]);
            assert!(blocked.is_some() && !out.contains("Corporation"), "{text}: {out}");
            let every: Vec<usize> = (0..text.len()).step_by(5).collect();
            assert_eq!(leaks("hi", &text, &every), leaks("hi", &text, &[]), "{text}");
        }
    }

    #[test]
    fn a_prompt_in_blocks_does_not_leave_over_their_seams() {
        let words: Vec<&str> = PROMPT.split_whitespace().collect();
        let (first, second) = (words[..25].join(" "), words[25..].join(" "));
        let mut request = exchange(&[(Role::System, &first), (Role::System, &second)]);
        for (place, part) in request.parts.iter_mut().enumerate() {
            part.pointer = format!("/system/{place}/text");
        }
        let text = words[12..38].join(" ");
        let (out, _, blocked) = streamed(&mut CHECKS.answer(&request, &Session::new([0; 32])), &text, &[]);
        assert!(blocked.is_some() && out.len() < 20, "{out}");
    }

    #[test]
    fn a_turn_of_phrase_is_none_and_a_sentence_is_flagged() {
        let (_, reasons, blocked) =
            leaks("hi", "I can offer at most a small discount in the language of the customer.", &[]);
        assert_eq!((reasons.len(), blocked), (0, None));
        let sentence =
            "Rule: offer at most a discount of fifteen percent and only after the customer has asked.";
        let (out, reasons, blocked) = leaks("hi", sentence, &[]);
        assert_eq!((out.as_str(), reasons.len(), blocked), (sentence, 1, None));
    }

    #[test]
    fn what_the_user_said_first_may_be_said_back() {
        assert_eq!(leaks(PROMPT, PROMPT, &[]), (PROMPT.to_owned(), vec![], None));
    }

    #[test]
    fn pieces_of_the_prompt_count_together() {
        let pieces: Vec<&str> = PROMPT.split(". ").collect();
        let text = pieces.join(" and so on, ");
        let policy = "[prompt-leak]\nflag-words = 100\nblock-words = 100";
        let request = exchange(&[(Role::System, PROMPT)]);
        let (_, _, blocked) =
            streamed(&mut checks(policy).answer(&request, &Session::new([0; 32])), &text, &[]);
        assert!(blocked.is_some());
    }

    fn rot13(letter: char) -> char {
        match letter {
            'a'..='m' | 'A'..='M' => char::from(letter as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(letter as u8 - 13),
            _ => letter,
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn cuts_change_nothing(from in 0..150_usize, to in 0..300_usize, cuts in proptest::collection::vec(0..300_usize, 0..8)) {
            let to = PROMPT.floor_char_boundary(to.max(from).min(PROMPT.len()));
            let text = format!("So: {} or so.", &PROMPT[from.min(to)..to]);
            let mut cuts = cuts;
            cuts.sort_unstable();
            proptest::prop_assert_eq!(leaks("hi", &text, &[]), leaks("hi", &text, &cuts));
        }
    }
}
