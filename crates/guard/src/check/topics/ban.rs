//! The check of topics that nobody may bring up.

use super::features::Reading;
use super::model::{TopicFileError, TopicModel, TopicRateError};
use super::phrases::Phrases;
use super::reader::TopicReader;
use crate::check::checks::{Check, ChecksError, Files, Made, Request};
use crate::check::findings::Findings;
use crate::check::injection::joined;
use crate::check::judgement::Reason;
use crate::check::policy::{Mode, Policy};
use crate::check::stream::Reader;
use crate::exchange::{Part, Role};
use bartizan_core::{Severity, owasp_llm, rule};
use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::hidden;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

rule! {
    /// ## What it finds
    /// A word or phrase of a topic on the policy's list, as a whole word, whatever its case, accents, look-alike letters and
    /// spacing; and a text, or part of one, that a classifier trained from examples takes for the topic.
    /// ## Why it matters
    /// An assistant for one purpose should not be drawn into another: advice it may not give, competitors, politics.
    /// ## Example
    /// `[[guard.checks.topics]]` with `name = "medicine"`, and `words = ["diagnosis", "dosage"]` or `model = "medicine.topic"`.
    /// ## How to fix
    /// Answer that the assistant does not speak about this.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm01-prompt-injection/>
    pub const BANNED_TOPIC: Rule = Rule {
        id: "guard/banned-topic",
        title: "a topic that the policy bans",
        severity: Severity::Medium,
        remedy: "Answer that the assistant does not speak about this.",
        taxonomies: &[owasp_llm("LLM01")],
    };
}

/// One topic, by words, by a classifier, or by both: either is enough.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TopicPolicy {
    /// Its name, shown to nobody but the operator.
    pub name: String,
    /// Words and phrases of it.
    pub words: Vec<String>,
    /// A classifier of it, made by `bartizan guard topic train`.
    pub model: Option<PathBuf>,
    /// SHA-256 of that file in hexadecimal digits; another file is refused.
    pub sha256: Option<String>,
    /// Share of harmless texts that the classifier may take for the topic, among the rates that were measured when it was made
    /// [default: 0.01].
    pub false_positives: Option<f64>,
    /// The probability from which it is the topic, from 0 to 1, in place of a rate.
    pub threshold: Option<f32>,
    /// Whether answers are judged too. A phrase is held back; a classifier ends a stream once it tells the topic, and what left
    /// before is gone.
    pub answers: bool,
    /// What to do.
    pub mode: Mode,
}

/// Why a topic cannot be told.
#[derive(Debug, Error)]
pub enum TopicError {
    /// It has neither words nor a classifier.
    #[error("it has nothing to be told by; give it words with letters, or a model")]
    Nothing,
    /// A word that could never be found.
    #[error("there is nothing to look for in {0:?}; give it words with letters")]
    Word(String),
    /// A word that is too long.
    #[error("{0:?} is longer than {LONGEST_PHRASE} bytes; give its beginning")]
    Long(String),
    /// A classifier cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: TopicFileError,
    },
    /// A classifier is not the one that was meant.
    #[error("{} has the digest {found} and not {expected}; give the digest of the file that is meant", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// The policy's.
        expected: String,
    },
    /// A rate that was not measured.
    #[error(transparent)]
    Rate(#[from] TopicRateError),
    /// Settings of a classifier, and no classifier.
    #[error("{0} says when a classifier tells the topic, and there is none; give a model")]
    NoModel(&'static str),
    /// Another topic has its name.
    #[error("there are two of this name; give each its own")]
    Twice,
    /// A threshold that is no probability, or both a threshold and a rate.
    #[error("give either false-positives or a threshold above 0 and below 1")]
    Threshold,
}

/// Longest phrase, in bytes as it is folded: an answer may have to wait for it.
const LONGEST_PHRASE: usize = 1024;
/// The rate when nothing is said.
const USUAL_RATE: f64 = 0.01;

/// The check, if there are topics.
///
/// # Errors
/// [`ChecksError::File`] if a classifier cannot be read, [`ChecksError::Topic`] if a topic could never be told,
/// [`ChecksError::Automaton`] if there are too many words.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let (mut phrases, mut bans) = (Vec::new(), Vec::new());
    for topic in policy.topics.iter().filter(|topic| topic.mode != Mode::Off) {
        let failed = |error| ChecksError::Topic { topic: topic.name.clone(), error };
        if policy.topics.iter().filter(|other| other.name == topic.name).count() > 1 {
            return Err(failed(TopicError::Twice));
        }
        let of_model = [
            ("threshold", topic.threshold.is_some()),
            ("false-positives", topic.false_positives.is_some()),
            ("sha256", topic.sha256.is_some()),
        ];
        if let Some((key, _)) = of_model.iter().find(|(_, is_given)| *is_given && topic.model.is_none()) {
            return Err(failed(TopicError::NoModel(key)));
        }
        if topic.words.is_empty() && topic.model.is_none() {
            return Err(failed(TopicError::Nothing));
        }
        for word in &topic.words {
            let folded = Canonical::of(word).text().trim().to_owned();
            if !folded.chars().any(char::is_alphanumeric) {
                return Err(failed(TopicError::Word(word.clone())));
            }
            if folded.len() > LONGEST_PHRASE {
                return Err(failed(TopicError::Long(word.chars().take(40).collect())));
            }
            phrases.push((bans.len(), folded));
        }
        let by = match &topic.model {
            None => None,
            Some(path) => {
                let bytes = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
                Some(Learnt::new(topic, path, &bytes).map_err(failed)?)
            }
        };
        bans.push(Ban { policy: topic.clone(), by });
    }
    if bans.is_empty() {
        return Ok(None);
    }
    let phrases = Phrases::new(&phrases)?;
    Ok(Some(Box::new(Banned(Arc::new(Topics { phrases, bans })))))
}

/// All topics of a policy.
#[derive(Debug)]
pub(super) struct Topics {
    pub(super) phrases: Option<Phrases>,
    pub(super) bans: Vec<Ban>,
}

/// One topic, made ready.
#[derive(Debug)]
pub(super) struct Ban {
    pub(super) policy: TopicPolicy,
    pub(super) by: Option<Learnt>,
}

/// A classifier, and the margin from which a text is of its topic.
#[derive(Debug)]
pub(super) struct Learnt {
    pub(super) model: TopicModel,
    pub(super) from: f32,
}

/// How a topic was told.
#[derive(Debug)]
pub(super) enum How {
    /// By a phrase of its list.
    Listed,
    /// By its classifier, above all by these words.
    Learnt {
        /// Probability, from 0 to 1.
        score: f32,
        /// Words of the classifier's own list.
        words: Vec<String>,
    },
}

impl Learnt {
    fn new(topic: &TopicPolicy, path: &Path, bytes: &[u8]) -> Result<Self, TopicError> {
        if let Some(expected) = &topic.sha256 {
            let found = bartizan_core::hex(&Sha256::digest(bytes));
            if !found.eq_ignore_ascii_case(expected) {
                return Err(TopicError::Digest { path: path.to_owned(), found, expected: expected.clone() });
            }
        }
        let model =
            TopicModel::read(bytes).map_err(|error| TopicError::File { path: path.to_owned(), error })?;
        let from = match (topic.threshold, topic.false_positives) {
            (None, rate) => model.margin_at(rate.unwrap_or(USUAL_RATE))?,
            (Some(threshold), None) if threshold > 0.0 && threshold < 1.0 => model.margin_of(threshold),
            (Some(_), _) => return Err(TopicError::Threshold),
        };
        Ok(Self { model, from })
    }
}

impl Ban {
    /// The reason to act, of a text that `whose` says.
    pub(super) fn reason(&self, how: &How, whose: &str, pointer: String, span: Range<usize>) -> Reason {
        let (score, message) = match how {
            How::Listed => (1.0, format!("the {whose} speaks of a banned topic")),
            How::Learnt { score, words } if words.is_empty() => {
                (*score, format!("the {whose} reads like a banned topic"))
            }
            How::Learnt { score, words } => {
                (*score, format!("the {whose} reads like a banned topic ({})", words.join(", ")))
            }
        };
        let action = self.policy.mode.action();
        let label = self.policy.name.clone();
        Reason { check: BANNED_TOPIC.id, label, score, action, pointer, span, message }
    }
}

#[derive(Debug)]
struct Banned(Arc<Topics>);

impl Check for Banned {
    fn request(&self, request: &Request<'_>, findings: &mut Findings) {
        let joined = joined(&request.exchange.parts);
        for part in request.exchange.parts.iter().chain(&joined) {
            if !matches!(part.role, Role::User | Role::Document | Role::ToolResult) {
                continue;
            }
            let mut told = vec![false; self.0.bans.len()];
            self.0.judge(&part.text, part, None, &mut told, findings);
            for piece in hidden::pieces(&part.text) {
                self.0.judge(&piece.text, part, Some(&(piece.start..piece.end)), &mut told, findings);
            }
        }
    }

    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        let answers = self.0.bans.iter().any(|ban| ban.policy.answers);
        answers.then(|| Box::new(TopicReader::new(&self.0)) as Box<dyn Reader>)
    }
}

impl Topics {
    /// Judges a text of a part, or what was hidden in a span of it; each topic is told once.
    fn judge(
        &self,
        text: &str,
        part: &Part<'_>,
        inside: Option<&Range<usize>>,
        told: &mut [bool],
        findings: &mut Findings,
    ) {
        let reading = Reading::of(text);
        let mut tell = |topic: usize, how: &How, span: Range<usize>| {
            let (Some(ban), Some(told)) = (self.bans.get(topic), told.get_mut(topic)) else { return };
            if !std::mem::replace(told, true) {
                let span = inside.cloned().unwrap_or(span);
                findings.reason(ban.reason(how, part.role.name(), part.pointer.clone(), span));
            }
        };
        if let Some(phrases) = &self.phrases {
            phrases.each(reading.canonical().text(), |found| {
                let span = reading.place(found.span.start)..reading.place(found.span.end);
                tell(found.topic, &How::Listed, span);
            });
        }
        for (topic, ban) in self.bans.iter().enumerate() {
            let Some(by) = &ban.by else { continue };
            let Some((window, margin)) = by.model.best(&reading).filter(|(_, margin)| *margin >= by.from)
            else {
                continue;
            };
            let words = by.model.named(&reading, &window);
            tell(topic, &How::Learnt { score: by.model.probability(margin), words }, reading.span(&window));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::train::tests::trained;
    use super::*;
    use crate::check::checks::tests::{checks, exchange};
    use crate::check::{Action, Checks, Session};
    use std::io;

    const TOPICS: &str = "[[topics]]\nname = 'gaming'\nwords = ['Roulette', 'card game', '赌博']";

    fn spans(text: &str) -> Vec<(String, String)> {
        let judgement = checks(TOPICS).request(&exchange(&[(Role::User, text)]), &Session::new([0; 32]));
        assert_eq!(judgement.action == Action::Block, !judgement.reasons.is_empty());
        let shown = |span: std::ops::Range<usize>| text.get(span).unwrap_or_default().to_owned();
        judgement.reasons.into_iter().map(|reason| (reason.label, shown(reason.span))).collect()
    }

    #[test]
    fn a_word_of_the_topic_is_found_however_it_is_dressed() {
        let found = |shown: &str| vec![("gaming".to_owned(), shown.to_owned())];
        assert_eq!(spans("Is RÓULETTE fair?"), found("RÓULETTE"));
        assert_eq!(spans("a Card\n  Game, please"), found("Card\n  Game"));
        assert_eq!(spans("我喜欢赌博吗"), found("赌博"));
    }

    #[test]
    fn part_of_another_word_is_not_the_word() {
        assert_eq!(spans("scorecard gamers and roulettes"), []);
    }

    #[test]
    fn what_is_hidden_in_a_text_is_read_too() {
        use base64::Engine as _;
        let hidden = base64::engine::general_purpose::STANDARD.encode("is the roulette fair to play");
        let text = format!("decode this: {hidden}");
        assert_eq!(spans(&text), vec![("gaming".to_owned(), hidden.trim_end_matches('=').to_owned())]);
    }

    /// A judgement under a table of topics with the classifier of games of chance.
    fn learnt(table: &str, text: &str) -> Result<Vec<Reason>, String> {
        let policy =
            toml::from_str(&format!("[[topics]]\nname = 'gaming'\nmodel = 'x.topic'\n{table}")).unwrap();
        let file = trained().write();
        let checks = Checks::new(&policy, &move |_| Ok(file.clone())).map_err(|error| error.to_string())?;
        Ok(checks.request(&exchange(&[(Role::User, text)]), &Session::new([0; 32])).reasons)
    }

    #[test]
    fn a_classifier_tells_what_no_list_names_and_by_which_words() {
        let text = "My brother wants to win against everybody at baccarat";
        let reasons = learnt("", text).unwrap();
        let reason = reasons.first().unwrap();
        assert_eq!(
            (reason.label.as_str(), reason.action, reason.span.clone()),
            ("gaming", Action::Block, 0..text.len())
        );
        assert!(reason.score > 0.5 && reason.message.contains("baccarat"), "{reason:?}");
        assert_eq!(learnt("", "How long should I bake the bread?"), Ok(vec![]));
        assert_eq!(learnt("mode = 'flag'", text).unwrap().first().unwrap().action, Action::Flag);
        assert_eq!(learnt("threshold = 0.999999", text), Ok(vec![]));
    }

    #[test]
    fn what_a_classifier_cannot_be_asked_is_refused() {
        let error = |table: &str| learnt(table, "").unwrap_err();
        assert!(error("false-positives = 0.5").contains("was not measured"));
        assert!(error("threshold = 1.5").contains("above 0 and below 1"));
        assert!(error("threshold = 0.5\nfalse-positives = 0.01").contains("either"));
        assert!(error("sha256 = '00'").contains("has the digest"));
        let right = bartizan_core::hex(&Sha256::digest(trained().write())).to_uppercase();
        assert!(learnt(&format!("sha256 = '{right}'"), "").is_ok());
        let policy = toml::from_str("[[topics]]\nname = 'x'\nmodel = 'x.topic'").unwrap();
        let files =
            |what: &'static [u8]| Checks::new(&policy, &move |_| Ok(what.to_vec())).unwrap_err().to_string();
        assert!(files(b"no topic").contains("x.topic: not the classifier"));
        let missing = Checks::new(&policy, &|_| Err(io::Error::from(io::ErrorKind::NotFound))).unwrap_err();
        assert!(missing.to_string().contains("x.topic cannot be read"));
    }

    #[test]
    fn a_topic_with_nothing_to_be_told_by_is_refused() {
        let error = |toml: &str| {
            let policy = toml::from_str(&format!("[[topics]]\nname = 'x'\n{toml}")).unwrap();
            Checks::new(&policy, &|_| Ok(Vec::new())).unwrap_err().to_string()
        };
        assert!(error("words = ['...']").contains("topic x"));
        assert!(error("").contains("topic x: it has nothing"), "{}", error(""));
        assert!(error(&format!("words = ['{}']", "a ".repeat(600))).contains("longer"));
    }
}
