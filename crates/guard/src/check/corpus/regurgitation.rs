//! Protected texts in the answer, word for word.

use super::file::CorpusFilter;
use super::windows::Runs;
use crate::check::checks::{Check, ChecksError, Files, Made, Request};
use crate::check::judgement::Reason;
use crate::check::policy::{Mode, Policy};
use crate::check::stream::{Reader, Seen, Tail};
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
    /// Case, marks and line breaks do not count.
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
/// [`ChecksError::File`] or [`ChecksError::Corpus`] if one cannot be read.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.corpus.clone();
    if policy.filters.is_empty() || policy.mode == Mode::Off {
        return Ok(None);
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
        let runs = self
            .filters
            .iter()
            .map(|filter| (Arc::clone(filter), Runs::new(filter.window()), None))
            .collect();
        Some(Box::new(CorpusReader { runs, policy: self.policy.clone() }))
    }
}

#[derive(Debug, Clone)]
struct CorpusReader {
    /// Filters, the runs in each, and where the run began that was told of last.
    runs: Vec<(Arc<CorpusFilter>, Runs, Option<usize>)>,
    policy: CorpusPolicy,
}

impl Reader for CorpusReader {
    fn read(&mut self, tail: &Tail, step: Range<usize>, last: bool, seen: &mut Vec<Seen>) -> usize {
        let policy = &self.policy;
        for (filter, runs, told) in &mut self.runs {
            words::each_plain(tail.get(step.clone()), step.start, |word| {
                let Some((count, span)) = runs.word(&word, |key| filter.contains(key)) else { return };
                let stops = count >= policy.block_words.max(filter.window());
                if !stops && (count < policy.flag_words.max(filter.window()) || *told == Some(span.start)) {
                    return;
                }
                *told = Some(span.start);
                seen.push(Seen {
                    reason: Reason {
                        check: REGURGITATION.id,
                        label: "verbatim".to_owned(),
                        score: if stops { 0.95 } else { 0.7 },
                        action: if stops { policy.mode.action() } else { crate::check::Action::Flag },
                        pointer: String::new(),
                        span,
                        message: format!("{count} words on end of a protected text"),
                    },
                    replacement: None,
                });
            });
        }
        if last || self.policy.mode != Mode::Block {
            return step.end;
        }
        self.runs.iter().filter_map(|(_, runs, _)| runs.open()).min().unwrap_or(step.end)
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
        let text: String = (0..80).map(|number| format!("w{number} ")).collect();
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
        let part: String = (10..30).map(|number| format!("w{number} ")).collect();
        assert_eq!(judged(&part, &[]), (part.clone(), 1, None));
        let short: String = (10..20).map(|number| format!("w{number} ")).collect();
        assert_eq!(judged(&short, &[]), (short.clone(), 0, None));
    }
}
