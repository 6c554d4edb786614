//! What tests of several kinds of files share.

use crate::Text;
use bartizan_core::{Limits, MonotonicClock, Severity};

/// Rule, line and severity of everything found in a file of this name, in order.
pub(crate) fn found(name: &str, content: &str) -> Vec<(&'static str, u32, Severity)> {
    let outcome = crate::examine(&Text::new(name, content), &Limits::default(), &MonotonicClock::start());
    let mut found: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| (finding.rule.id, finding.location.line.unwrap_or_default(), finding.severity))
        .collect();
    found.sort_unstable();
    found
}

/// Reasons of what was not read of a file of this name.
pub(crate) fn gaps(name: &str, content: &str) -> Vec<String> {
    let outcome = crate::examine(&Text::new(name, content), &Limits::default(), &MonotonicClock::start());
    outcome.gaps.into_iter().map(|gap| gap.reason).collect()
}

/// Severities of what is found of the rule `id` in a file of this name.
pub(crate) fn graded(name: &str, content: &str, id: &str) -> Vec<Severity> {
    found(name, content).into_iter().filter(|(rule, ..)| *rule == id).map(|(.., severity)| severity).collect()
}

/// Line and rule, without the crate's name, of everything found in a file of this name, in order.
pub(crate) fn lines(name: &str, content: &str) -> Vec<(u32, &'static str)> {
    let of_line =
        |(rule, line, _): (&'static str, u32, Severity)| (line, rule.trim_start_matches("pipeline/"));
    let mut found: Vec<_> = found(name, content).into_iter().map(of_line).collect();
    found.sort_unstable();
    found
}
