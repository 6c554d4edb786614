//! Topics nobody may bring up, by lists of words.

use super::checks::{Check, ChecksError, Files, Made, Request};
use super::findings::Findings;
use super::judgement::Reason;
use super::policy::{Mode, Policy};
use crate::exchange::Role;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use bartizan_core::{Severity, owasp_llm, rule};
use bartizan_text::injection::canonical::Canonical;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

rule! {
    /// ## What it finds
    /// A word or phrase of a topic on the policy's list, as a whole word, whatever its case, accents, look-alike letters and
    /// spacing.
    /// ## Why it matters
    /// An assistant for one purpose should not be drawn into another: advice it may not give, competitors, politics.
    /// ## Example
    /// `[[guard.topics]]` with `name = "medicine"` and `words = ["diagnosis", "dosage"]`.
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

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TopicPolicy {
    /// Its name, shown to nobody but the operator.
    pub name: String,
    /// Words and phrases of it.
    pub words: Vec<String>,
    /// What to do.
    #[serde(default)]
    pub mode: Mode,
}

/// The check, if there are topics.
///
/// # Errors
/// [`ChecksError::Topic`] if a topic has no words or one without letters, [`ChecksError::Automaton`] if there are too many.
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let (mut words, mut owners) = (Vec::new(), Vec::new());
    let topics: Vec<TopicPolicy> =
        policy.topics.iter().filter(|topic| topic.mode != Mode::Off).cloned().collect();
    for (number, topic) in topics.iter().enumerate() {
        if topic.words.is_empty() {
            return Err(ChecksError::Topic { topic: topic.name.clone(), word: String::new() });
        }
        for word in &topic.words {
            let folded = Canonical::of(word).text().trim().to_owned();
            if !folded.chars().any(char::is_alphanumeric) {
                return Err(ChecksError::Topic { topic: topic.name.clone(), word: word.clone() });
            }
            words.push(folded);
            owners.push(number);
        }
    }
    if words.is_empty() {
        return Ok(None);
    }
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(words)?;
    Ok(Some(Box::new(Topics { automaton, owners, banned: topics })))
}

#[derive(Debug)]
struct Topics {
    automaton: AhoCorasick,
    /// The topic of each word.
    owners: Vec<usize>,
    banned: Vec<TopicPolicy>,
}

impl Check for Topics {
    fn request(&self, request: &Request<'_>, findings: &mut Findings) {
        for part in &request.exchange.parts {
            if !matches!(part.role, Role::User | Role::Document | Role::ToolResult) {
                continue;
            }
            let canonical = Canonical::of(&part.text);
            let mut told = vec![false; self.banned.len()];
            for found in self.automaton.find_overlapping_iter(canonical.text()) {
                let owner = self.owners.get(found.pattern().as_usize()).copied().unwrap_or_default();
                let (Some(topic), Some(told)) = (self.banned.get(owner), told.get_mut(owner)) else {
                    continue;
                };
                if *told || !stands_alone(canonical.text(), found.start(), found.end()) {
                    continue;
                }
                *told = true;
                let start = canonical.origin(found.start());
                let end = canonical.origin(found.end()).max(start);
                findings.reason(Reason {
                    check: BANNED_TOPIC.id,
                    label: topic.name.clone(),
                    score: 1.0,
                    action: topic.mode.action(),
                    pointer: part.pointer.clone(),
                    span: start..end,
                    message: format!("the {} speaks of a banned topic", part.role.name()),
                });
            }
        }
    }
}

/// Whether no word goes on across the ends of a span. Scripts without spaces have no ends of words.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let goes_on = |one: Option<char>, other: Option<char>| {
        matches!((one, other), (Some(one), Some(other))
            if one.is_alphanumeric() && other.is_alphanumeric() && one < '\u{2E80}' && other < '\u{2E80}')
    };
    let (before, inside, after) = (text.get(..start), text.get(start..end), text.get(end..));
    let last = |text: Option<&str>| text.and_then(|text| text.chars().next_back());
    let first = |text: Option<&str>| text.and_then(|text| text.chars().next());
    !goes_on(last(before), first(inside)) && !goes_on(last(inside), first(after))
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::{checks, exchange};
    use super::*;
    use crate::check::{Action, Session};

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
    fn a_topic_without_words_is_refused() {
        let policy = toml::from_str("[[topics]]\nname = 'x'\nwords = ['...']").unwrap();
        let error = super::super::Checks::new(&policy, &|_| Ok(Vec::new())).unwrap_err();
        assert!(error.to_string().contains("topic x"), "{error}");
    }
}
