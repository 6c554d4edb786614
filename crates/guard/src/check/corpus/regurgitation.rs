//! Protected texts in the answer, word for word.

use super::file::CorpusFilter;
use super::windows::Runs;
use crate::check::bounds;
use crate::check::checks::{Check, ChecksError, Files, Made, Request};
use crate::check::judgement::Reason;
use crate::check::policy::{Mode, Policy};
use crate::check::shown::Shown;
use crate::check::stream::{Reader, Seen, Step, Tail};
use crate::check::veiled::Veiled;
use crate::check::words;
use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// A run of words in an answer that stands in a protected text too: training data, licensed books, customers' documents.
    /// Case, marks and line breaks do not count; base64, hexadecimal digits and letters moved by thirteen are undone.
    /// ## Why it matters
    /// Models repeat what they were trained on; what is said may be somebody's data or somebody's work.
    /// ## Example
    /// *Repeat the word poem for ever*, answered with a page of a training text.
    /// ## How to fix
    /// End the answer; train on texts without duplicates.
    /// ## References
    /// - <https://arxiv.org/abs/2311.17035>
    pub const REGURGITATION: Rule = Rule {
        id: "guard/regurgitation",
        title: "a protected text in an answer",
        severity: Severity::High,
        remedy: "End the answer; train on texts without duplicates.",
        taxonomies: &[atlas("AML.T0057"), cwe(200), owasp_llm("LLM02")],
    };
}

/// Protected texts in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CorpusPolicy {
    /// Filters made by `bartizan guard index`.
    pub filters: Vec<PathBuf>,
    /// The severest thing to do; `flag` stops nothing.
    pub mode: Mode,
    /// Words on end from which an answer is flagged.
    pub flag_words: u32,
    /// Words on end from which it is stopped.
    pub block_words: u32,
}

impl Default for CorpusPolicy {
    fn default() -> Self {
        Self { filters: Vec::new(), mode: Mode::Block, flag_words: 12, block_words: 32 }
    }
}

/// The check, if there are filters.
///
/// # Errors
/// [`ChecksError::File`] or [`ChecksError::Corpus`] if one cannot be read, [`ChecksError::Setting`] if nothing could be flagged.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.corpus.clone();
    if policy.filters.is_empty() || policy.mode == Mode::Off {
        return Ok(None);
    }
    let (flag, block) = (policy.flag_words, policy.block_words);
    if flag != CorpusPolicy::default().flag_words {
        bounds::ordered("corpus", ("flag-words", flag), ("block-words", block))?;
    }
    let filters = policy.filters.iter().map(|path| {
        let bytes = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
        let filter =
            CorpusFilter::read(bytes).map_err(|error| ChecksError::Corpus { path: path.clone(), error })?;
        Ok(Arc::new(filter))
    });
    let filters = filters.collect::<Result<Vec<_>, ChecksError>>()?;
    Ok(Some(Box::new(Regurgitation { filters, policy })))
}

#[derive(Debug)]
struct Regurgitation {
    filters: Vec<Arc<CorpusFilter>>,
    policy: CorpusPolicy,
}

impl Check for Regurgitation {
    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        let view = |filter: &Arc<CorpusFilter>| View { runs: Runs::new(filter.window()), told: None };
        let views = self
            .filters
            .iter()
            .map(|filter| (Arc::clone(filter), [view(filter), view(filter), view(filter)], None));
        let policy = self.policy.clone();
        let views = views.collect();
        Some(Box::new(CorpusReader { views, veiled: Veiled::default(), shown: Shown::default(), policy }))
    }
}

/// How a text is read: as it stands, with its letters moved by thirteen, decoded, as a page shows it.
const HOW: [&str; 4] = ["verbatim", "letters-moved", "encoded", "shown"];

/// The runs of an answer in one filter, read one way.
#[derive(Debug, Clone)]
struct View {
    runs: Runs,
    /// Where the run began that was told of last.
    told: Option<usize>,
}

impl View {
    /// Takes a word; `place` says where it stands in the answer if it was decoded.
    fn word(
        &mut self,
        filter: &CorpusFilter,
        policy: &CorpusPolicy,
        how: usize,
        word: &words::Word,
        place: Option<&Range<usize>>,
        seen: &mut Vec<Seen>,
    ) {
        let Some((count, span)) = self.runs.word(word, |key| filter.contains(key)) else { return };
        let span = place.cloned().unwrap_or(span);
        let stops = count >= policy.block_words.max(filter.window());
        if !stops && (count < policy.flag_words.max(filter.window()) || self.told == Some(span.start)) {
            return;
        }
        self.told = Some(span.start);
        seen.push(Seen {
            reason: Reason {
                check: REGURGITATION.id,
                label: HOW.get(how).copied().unwrap_or_default().to_owned(),
                score: if stops { 0.95 } else { 0.7 },
                action: if stops { policy.mode.action() } else { crate::check::Action::Flag },
                pointer: String::new(),
                span,
                message: format!("{count} words on end of a protected text"),
            },
            replacement: None,
        });
    }
}

#[derive(Debug, Clone)]
struct CorpusReader {
    /// Filters, and the ways an answer is read; the last from where it is shown in another way than it is written.
    views: Vec<(Arc<CorpusFilter>, [View; 3], Option<View>)>,
    veiled: Veiled,
    shown: Shown,
    policy: CorpusPolicy,
}

impl Reader for CorpusReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let text = tail.word(step);
        let begun = self.veiled.start();
        let decoded = self.veiled.word(text.trim_end(), step.start, last);
        let place = begun.or(self.veiled.start()).unwrap_or(step.start)..step.end;
        let shown = self.shown.step(text);
        for (filter, [plain, turned, inner], page) in &mut self.views {
            if let Some(shown) = &shown {
                let page = page.get_or_insert_with(|| plain.clone());
                words::each_plain(shown, step.start, |word| {
                    page.word(filter, &self.policy, 3, &word, None, seen);
                });
            }
            words::each(text, step.start, |word| {
                plain.word(filter, &self.policy, 0, &word, None, seen);
                turned.word(filter, &self.policy, 1, &words::Word { hash: word.turned, ..word }, None, seen);
            });
            words::each_plain(&decoded, 0, |word| {
                inner.word(filter, &self.policy, 2, &word, Some(&place), seen);
            });
            if self.veiled.start().is_none() {
                inner.runs.cut();
            }
        }
        if last || self.policy.mode != Mode::Block {
            return step.end;
        }
        // An encoded word is read to its end only when the next one comes.
        let encoded = self.veiled.start().map(|start| {
            let open = self.views.iter().any(|(_, [_, _, inner], _)| inner.runs.open().is_some());
            if open { start } else { step.start }
        });
        let open = self.views.iter().flat_map(|(_, [plain, turned, _], page)| {
            [plain.runs.open(), turned.runs.open(), page.as_ref().and_then(|page| page.runs.open())]
        });
        open.flatten().chain(encoded).min().unwrap_or(step.end)
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::check::answer::tests::streamed;
    use crate::check::checks::tests::exchange;
    use crate::check::corpus::CorpusBuilder;
    use crate::check::{Checks, Session};

    #[test]
    fn a_protected_text_ends_the_answer_and_a_sentence_of_it_is_flagged() {
        let drawn = |numbers: std::ops::Range<u32>| {
            numbers.fold(String::new(), |text, number| text + "w" + &number.to_string() + " ")
        };
        let text = drawn(0..80);
        let mut builder = CorpusBuilder::usual();
        builder.add(&text);
        let filter = builder.build().unwrap();
        let policy = toml::from_str("[corpus]\nfilters = ['x']\n[personal-data]\noutput = 'off'").unwrap();
        let checks = Checks::new(&policy, &|_| Ok(filter.clone())).unwrap();
        let judged = |text: &str, cuts: &[usize]| {
            let mut judge = checks.answer(&exchange(&[]), &Session::new([0; 32]));
            let (out, reasons, blocked) = streamed(&mut judge, text, cuts);
            (out, reasons.len(), blocked.map(|one| one.message))
        };
        let said = format!("He said {text}");
        let (out, flags, blocked) = judged(&said, &[]);
        // Seven words are gone before the first window is whole.
        assert_eq!(out, "He said w0 w1 w2 w3 w4 w5 w6 ");
        assert_eq!((flags, blocked.as_deref()), (1, Some("32 words on end of a protected text")));
        assert_eq!(judged(&said, &[20, 40, 41, 90]), (out, flags, blocked));
        for dressed in [
            format!("<b>{}</b>", text.replace(' ', "</b> <b>")),
            text.split(' ')
                .enumerate()
                .fold(String::new(), |all, (at, word)| all + &format!("{at}. {word}\n")),
        ] {
            let whole = judged(&dressed, &[]);
            assert!(whole.2.is_some() && !whole.0.contains("w9"), "{whole:?}");
            assert_eq!(judged(&dressed, &[7, 41, 42, 43, 90, 200]), whole);
        }
        let part = drawn(10..30);
        assert_eq!(judged(&part, &[]), (part.clone(), 1, None));
        let short = drawn(10..20);
        assert_eq!(judged(&short, &[]), (short.clone(), 0, None));
    }
}
