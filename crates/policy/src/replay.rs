//! Recorded decisions against a policy that is not in force yet: [`Replay`]. What would it have done, and what would have changed?
//!
//! A line of a recording is one decision as JSON. What was decided then is its `action` (`allow`, `flag`, `redact`, `block`) or its
//! `verdict`; what the candidate decides follows from its rules over the whole line as `input`. Nothing of the past is run again: a policy
//! sees what was recorded, and a check that was off then has nothing to say now.

use crate::PolicyError;
use crate::decide::{Verdict, judge};
use crate::evaluate::Evaluator;
use crate::guard::{Bounds, within};
use crate::input::GateInput;
use crate::source::Policy;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Package that decides about recorded exchanges, where a policy has it.
pub const GUARD_PACKAGE: &str = "bartizan.guard";
/// Longest line read, in bytes.
pub const LONGEST_LINE: usize = 1 << 20;
/// Lines evaluated at a time, each group within the bounds.
pub const GROUP: usize = 500;
/// Most changes kept to be shown, of each kind.
const MOST_SHOWN: usize = 20;

/// A decision that would have been another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Line of the recording, from 1.
    pub line: u64,
    /// Name of the decision, where it has one.
    pub id: String,
    /// What was decided.
    pub recorded: Verdict,
    /// What the candidate decides.
    pub candidate: Verdict,
    /// The candidate's first reason.
    pub reason: Option<String>,
}

/// What a candidate would have done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Decisions read.
    pub decisions: u64,
    /// How many the candidate decides alike.
    pub same: u64,
    /// How often each change was met: `deny → allow` and so on.
    pub changes: BTreeMap<String, u64>,
    /// How many it decides more mildly.
    pub loosened: u64,
    /// How many it decides more strictly.
    pub tightened: u64,
    /// The first that are loosened.
    pub first_loosened: Vec<Change>,
    /// The first that are tightened.
    pub first_tightened: Vec<Change>,
    /// Lines that are no recorded decision: the first, and how many.
    pub unread: Vec<String>,
    /// How many lines are no recorded decision.
    pub unread_lines: u64,
}

/// A replay under way.
pub struct Replay {
    evaluator: Option<Evaluator>,
    bounds: Bounds,
    difference: Difference,
    line: u64,
}

impl Replay {
    /// Prepares a candidate. The package that decides is the one named, else `bartizan.guard`, else as for artifacts.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(
        policy: &Policy,
        package: Option<&str>,
        bounds: Bounds,
        resident: &dyn Fn() -> u64,
    ) -> Result<Self, PolicyError> {
        let of_guard = policy.modules.iter().any(|module| {
            crate::format::package_of(&module.content).is_some_and(|package| package == GUARD_PACKAGE)
        });
        let package = package.map(str::to_owned).or_else(|| of_guard.then(|| GUARD_PACKAGE.to_owned()));
        let policy = policy.clone();
        let evaluator =
            within(bounds, resident, move || Evaluator::new(&policy, package.as_deref(), bounds))??;
        Ok(Self { evaluator: Some(evaluator), bounds, difference: Difference::default(), line: 0 })
    }

    /// Decides about some more lines, at most [`GROUP`].
    ///
    /// # Errors
    /// [`PolicyError`]: a candidate that fails on one decision would fail in front of a user.
    pub fn feed(&mut self, lines: Vec<String>, resident: &dyn Fn() -> u64) -> Result<(), PolicyError> {
        let Some(mut evaluator) = self.evaluator.take() else { return Err(PolicyError::Broken) };
        let first = self.line.saturating_add(1);
        self.line = self.line.saturating_add(lines.len() as u64);
        let (evaluator, decided) = within(self.bounds, resident, move || {
            let decided: Result<Vec<_>, PolicyError> =
                (first..).zip(lines).map(|(line, text)| decide(&mut evaluator, line, &text)).collect();
            (evaluator, decided)
        })?;
        self.evaluator = Some(evaluator);
        for each in decided? {
            self.difference.take_in(each);
        }
        Ok(())
    }

    /// What was found.
    pub fn finish(self) -> Difference {
        self.difference
    }
}

/// A line as it was read: a decision then and now, nothing, or why it is none.
enum Read {
    Decided(Change),
    Blank,
    Unread(String),
}

fn decide(evaluator: &mut Evaluator, line: u64, text: &str) -> Result<Read, PolicyError> {
    if text.trim().is_empty() {
        return Ok(Read::Blank);
    }
    if text.len() > LONGEST_LINE {
        return Ok(Read::Unread(format!("line {line} is longer than {LONGEST_LINE} bytes")));
    }
    let input: Value = match serde_json::from_str(text) {
        Ok(input) => input,
        Err(error) => return Ok(Read::Unread(format!("line {line} is not JSON: {error}"))),
    };
    let named = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let recorded = match (named("action"), named("verdict")) {
        ("allow", _) | ("", "allow") => Verdict::Allow,
        ("flag" | "redact" | "warn", _) | ("", "warn") => Verdict::Warn,
        ("block" | "deny", _) | ("", "deny") => Verdict::Deny,
        _ => {
            return Ok(Read::Unread(format!(
                "line {line} does not say what was decided: no `action` of the guard"
            )));
        }
    };
    let seconds = input.get("time_micros").and_then(Value::as_i64).unwrap_or(0) / 1_000_000;
    let outcome = evaluator.evaluate(&input, seconds)?;
    let judged = judge(&GateInput::default(), &outcome);
    let reason = judged.reasons.first().map(|each| each.message.clone());
    let reason = reason.or_else(|| judged.missing.first().map(|each| each.message.clone()));
    Ok(Read::Decided(Change {
        line,
        id: bartizan_core::printable(named("id"), 64),
        recorded,
        candidate: judged.verdict,
        reason,
    }))
}

impl Difference {
    fn take_in(&mut self, read: Read) {
        let change = match read {
            Read::Blank => return,
            Read::Unread(why) => {
                self.unread_lines += 1;
                if self.unread.len() < MOST_SHOWN {
                    self.unread.push(why);
                }
                return;
            }
            Read::Decided(change) => change,
        };
        self.decisions += 1;
        if change.recorded == change.candidate {
            self.same += 1;
            return;
        }
        let named = format!("{} → {}", change.recorded.as_str(), change.candidate.as_str());
        *self.changes.entry(named).or_default() += 1;
        let (count, shown) = if change.candidate < change.recorded {
            (&mut self.loosened, &mut self.first_loosened)
        } else {
            (&mut self.tightened, &mut self.first_tightened)
        };
        *count += 1;
        if shown.len() < MOST_SHOWN {
            shown.push(change);
        }
    }

    /// What is tightened, as a share of all, in percent.
    pub fn tightened_percent(&self) -> f64 {
        if self.decisions == 0 { 0.0 } else { self.tightened as f64 * 100.0 / self.decisions as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PolicyFile;

    fn replayed(rego: &str, lines: &[&str]) -> Result<Difference, PolicyError> {
        let file = PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
        let policy = Policy::of_files("p", vec![file]).unwrap();
        let mut replay = Replay::new(&policy, None, Bounds::default(), &|| 0)?;
        replay.feed(lines.iter().map(|line| (*line).to_owned()).collect(), &|| 0)?;
        Ok(replay.finish())
    }

    const RECORDED: [&str; 5] = [
        r#"{"id": "1", "action": "allow", "reasons": []}"#,
        r#"{"id": "2", "action": "block", "reasons": [{"check": "injection", "score": 0.7}]}"#,
        r#"{"id": "3", "action": "flag", "reasons": [{"check": "pii", "score": 0.9}]}"#,
        "",
        "not JSON",
    ];

    #[test]
    fn what_a_candidate_would_loosen_and_tighten_is_counted_and_shown() {
        let found = replayed(
            "package bartizan.guard\n\ndeny contains r.check if {\n  some r in input.reasons\n  r.score > 0.8\n}\n",
            &RECORDED,
        )
        .unwrap();
        assert_eq!((found.decisions, found.same, found.loosened, found.tightened), (3, 1, 1, 1));
        assert_eq!(found.changes.keys().collect::<Vec<_>>(), ["deny → allow", "warn → deny"]);
        assert_eq!((found.first_loosened[0].line, found.first_loosened[0].id.as_str()), (2, "2"));
        assert_eq!(found.first_tightened[0].reason.as_deref(), Some("pii"));
        assert_eq!((found.unread_lines, found.unread.len()), (1, 1));
    }

    #[test]
    fn a_candidate_that_fails_on_one_decision_gives_no_difference() {
        let failing =
            "package bartizan.guard\n\ndeny contains \"x\" if to_number(input.id) > to_number(\"a\")\n";
        assert!(matches!(replayed(failing, &RECORDED), Err(PolicyError::Evaluation(_))));
    }
}
