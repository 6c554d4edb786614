//! How much may be asked: bytes, tokens and cost of one request.

use super::bounds;
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::findings::Findings;
use super::judgement::Reason;
use super::policy::{Mode, Policy};
use super::stream::{Reader, Seen, Step, Tail};
use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

rule! {
    /// ## What it finds
    /// A message or a request that is longer, or may cost more, than the policy allows. Tokens are estimated from the text,
    /// not counted by the model's own tokeniser.
    /// ## Why it matters
    /// Long requests cost money, crowd out others and are how many-shot jailbreaks work.
    /// ## Example
    /// A prompt of 400 pages whose last line asks for what the first lines forbid.
    /// ## How to fix
    /// Shorten the request, or raise the budget.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm102025-unbounded-consumption/>
    pub const OVER_BUDGET: Rule = Rule {
        id: "guard/over-budget",
        title: "more than the budget allows",
        severity: Severity::Medium,
        remedy: "Shorten the request, or raise the budget.",
        taxonomies: &[atlas("AML.T0034"), cwe(770), owasp_llm("LLM10")],
    };
}

/// How much one request may be. What is left out is not limited.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BudgetPolicy {
    /// What to do about more.
    pub mode: Mode,
    /// Bytes of one message.
    pub message_bytes: Option<u64>,
    /// Tokens of one message, estimated.
    pub message_tokens: Option<u64>,
    /// Tokens of all messages, estimated.
    pub request_tokens: Option<u64>,
    /// Tokens of the answer, in all its choices and texts: what a request may ask for, and where a stream is cut.
    pub answer_tokens: Option<u64>,
    /// Cost of the request with the longest answer it allows, in the unit of the prices.
    pub cost: Option<f64>,
    /// Price of a million tokens read.
    pub price_read: f64,
    /// Price of a million tokens written.
    pub price_written: f64,
}

/// About how many tokens a text is for a byte-pair tokeniser of 100,000 entries and more: one for each word of up to six
/// letters and another for each further four, one for three digits, one for each mark, and by the character for scripts
/// without spaces. An estimate that errs towards more; blanks are free.
pub fn estimate_tokens(text: &str) -> u64 {
    let (mut tokens, mut letters, mut digits) = (0_u64, 0_u64, 0_u64);
    // In sixths, so that other alphabets can count by the half.
    let close = |letters: &mut u64, digits: &mut u64| {
        let word = if *letters == 0 { 0 } else { 1 + letters.saturating_sub(6).div_ceil(4) };
        let number = digits.div_ceil(3);
        (*letters, *digits) = (0, 0);
        word + number
    };
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' => letters += 1,
            '0'..='9' => digits += 1,
            ' ' | '\t' | '\n' | '\r' => tokens += close(&mut letters, &mut digits),
            _ if character.is_ascii() => tokens += close(&mut letters, &mut digits) + 1,
            '\u{80}'..='\u{2E7F}' => letters += 3,
            _ => tokens += close(&mut letters, &mut digits) + 1,
        }
    }
    tokens + close(&mut letters, &mut digits)
}

/// The check, if anything is limited.
///
/// # Errors
/// [`ChecksError::Setting`] if a price is none, or a cost is limited for which there are none.
pub(crate) fn make(policy: &Policy, _: Files<'_>) -> Result<Made, ChecksError> {
    let budget = &policy.budget;
    let limited = budget.message_bytes.is_some()
        || budget.message_tokens.is_some()
        || budget.request_tokens.is_some()
        || budget.answer_tokens.is_some()
        || budget.cost.is_some();
    bounds::amount("budget.price-read", budget.price_read)?;
    bounds::amount("budget.price-written", budget.price_written)?;
    bounds::amount("budget.cost", budget.cost.unwrap_or(0.0))?;
    if budget.cost.is_some() && budget.price_read + budget.price_written == 0.0 {
        let problem = "nothing costs anything; give price-read and price-written, of a million tokens each";
        return Err(bounds::refused("budget.cost", problem));
    }
    if budget.mode == Mode::Off || !limited {
        return Ok(None);
    }
    Ok(Some(Box::new(Budget { policy: budget.clone() })))
}

#[derive(Debug)]
struct Budget {
    policy: BudgetPolicy,
}

impl Check for Budget {
    fn request(&self, request: &Request<'_>, findings: &mut Findings) {
        let mut read = 0_u64;
        for part in &request.exchange.parts {
            let tokens = estimate_tokens(&part.text);
            read = read.saturating_add(tokens);
            let span = 0..part.text.len();
            self.limit(
                "message-bytes",
                part.text.len() as u64,
                self.policy.message_bytes,
                &part.pointer,
                span.clone(),
                findings,
            );
            self.limit("message-tokens", tokens, self.policy.message_tokens, &part.pointer, span, findings);
        }
        let calls: u64 = request.exchange.calls.iter().map(|call| estimate_tokens(&call.arguments)).sum();
        read = read.saturating_add(calls);
        self.limit("request-tokens", read, self.policy.request_tokens, "", 0..0, findings);
        let answers = request.exchange.answers.unwrap_or(1);
        let asked = request.exchange.max_output_tokens.map(|each| each.saturating_mul(answers));
        if let Some(asked) = asked {
            self.limit("answer-tokens", asked, self.policy.answer_tokens, "", 0..0, findings);
        }
        if let Some(most) = self.policy.cost {
            // All answers together are no longer than the policy allows.
            let written = asked.or(self.policy.answer_tokens).unwrap_or(0);
            let cost =
                (read as f64 * self.policy.price_read + written as f64 * self.policy.price_written) / 1e6;
            if cost > most {
                findings.reason(self.reason(
                    "cost",
                    "",
                    0..0,
                    format!("the request may cost {cost:.4}, more than {most}"),
                ));
            }
        }
    }

    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        let most = self.policy.answer_tokens?;
        Some(Box::new(AnswerReader { policy: self.policy.clone(), most, tokens: Arc::default() }))
    }
}

/// Counts the tokens of an answer.
#[derive(Debug, Clone)]
struct AnswerReader {
    policy: BudgetPolicy,
    most: u64,
    /// Those of all texts of the answer so far.
    tokens: Arc<AtomicU64>,
}

impl Reader for AnswerReader {
    fn read(&mut self, tail: &Tail, step: &Step, _: bool, seen: &mut Vec<Seen>) -> usize {
        let tokens = estimate_tokens(tail.word(step));
        let before = self.tokens.fetch_add(tokens, Ordering::Relaxed);
        if before <= self.most && before.saturating_add(tokens) > self.most {
            let message = format!("the answer has more than {} tokens", self.most);
            let budget = Budget { policy: self.policy.clone() };
            seen.push(Seen {
                reason: budget.reason("answer-tokens", "", step.span(), message),
                replacement: None,
            });
        }
        step.end
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }

    fn rereads(&self) -> bool {
        false
    }
}

impl Budget {
    fn limit(
        &self,
        label: &str,
        amount: u64,
        most: Option<u64>,
        pointer: &str,
        span: Range<usize>,
        findings: &mut Findings,
    ) {
        if let Some(most) = most.filter(|most| amount > *most) {
            let message = format!("{amount} {}, {most} allowed", label.replace('-', " "));
            findings.reason(self.reason(label, pointer, span, message));
        }
    }

    fn reason(&self, label: &str, pointer: &str, span: Range<usize>, message: String) -> Reason {
        Reason {
            check: OVER_BUDGET.id,
            label: label.to_owned(),
            score: 1.0,
            action: self.policy.mode.action(),
            pointer: pointer.to_owned(),
            span,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::{checks, exchange};
    use super::*;
    use crate::check::{Action, Session};
    use crate::exchange::Role;

    fn labels(toml: &str, text: &str, asked: Option<u64>) -> Vec<String> {
        let mut exchange = exchange(&[(Role::User, text)]);
        exchange.max_output_tokens = asked;
        let judgement = checks(toml).request(&exchange, &Session::new([0; 32]));
        judgement.reasons.into_iter().map(|reason| reason.label).collect()
    }

    #[test]
    fn a_message_may_be_as_long_as_allowed_and_no_longer() {
        assert_eq!(labels("[budget]\nmessage-bytes = 5", "12345", None), [""; 0]);
        assert_eq!(labels("[budget]\nmessage-bytes = 5", "123456", None), ["message-bytes"]);
        assert_eq!(labels("[budget]\nrequest-tokens = 2", "one two three", None), ["request-tokens"]);
    }

    #[test]
    fn the_answer_asked_for_counts_and_costs() {
        assert_eq!(labels("[budget]\nanswer-tokens = 100", "hi", Some(101)), ["answer-tokens"]);
        let prices = "[budget]\ncost = 0.5\nprice-read = 1.0\nprice-written = 10.0";
        assert_eq!(labels(prices, "hi", Some(40_000)), [""; 0]);
        assert_eq!(labels(prices, "hi", Some(60_000)), ["cost"]);
    }

    #[test]
    fn an_answer_is_cut_where_its_budget_ends() {
        let (out, _, blocked) =
            super::super::answer::tests::answer("[budget]\nanswer-tokens = 3", "one two three four five");
        assert_eq!((out.as_str(), blocked.unwrap().label.as_str()), ("one two three ", "answer-tokens"));
    }

    #[test]
    fn choices_multiply_what_is_asked_for() {
        let labels = |asked: u64, answers: u64, toml: &str| -> Vec<String> {
            let mut exchange = exchange(&[(Role::User, "hi")]);
            (exchange.max_output_tokens, exchange.answers) = (Some(asked), Some(answers));
            let judgement = checks(toml).request(&exchange, &Session::new([0; 32]));
            judgement.reasons.into_iter().map(|reason| reason.label).collect()
        };
        assert_eq!(labels(40, 100, "[budget]\nanswer-tokens = 50"), ["answer-tokens"]);
        assert_eq!(labels(10, 5, "[budget]\nanswer-tokens = 50"), [""; 0]);
        assert_eq!(labels(40_000, 100, "[budget]\ncost = 1.0\nprice-written = 1.0"), ["cost"]);
        assert_eq!(labels(u64::MAX, 2, "[budget]\nanswer-tokens = 50"), ["answer-tokens"]);
    }

    #[test]
    fn all_texts_of_an_answer_are_counted_together() {
        let checks = checks("[budget]\nanswer-tokens = 50");
        let block = "word ".repeat(20);
        let answer = |blocks: usize| {
            let response = exchange(&vec![(Role::Assistant, block.as_str()); blocks]);
            checks.response(&response, &exchange(&[]), &Session::new([0; 32])).action
        };
        assert_eq!((answer(2), answer(3), answer(5)), (Action::Allow, Action::Block, Action::Block));
    }

    #[test]
    fn a_flagging_budget_stops_nothing() {
        let judgement = checks("[budget]\nmode = 'flag'\nmessage-bytes = 1")
            .request(&exchange(&[(Role::User, "hello")]), &Session::new([0; 32]));
        assert_eq!(judgement.action, Action::Flag);
    }

    #[test]
    fn tokens_are_estimated_by_words_digits_and_marks() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("The quick brown fox."), 5);
        assert_eq!(estimate_tokens("1234567"), 3);
        assert_eq!(estimate_tokens("日本語"), 3);
    }
}
