//! What the tests of the format parsers share.

use crate::{Format, Input, Outcome, scan_as};
use bartizan_core::{Limits, MonotonicClock};

/// What `format` reports about `bytes`, whatever else recognises them.
pub(crate) fn outcome(format: &'static dyn Format, bytes: &[u8]) -> Outcome {
    outcome_named(format, "model", bytes)
}

/// As [`outcome`], for a file called `name`.
pub(crate) fn outcome_named(format: &'static dyn Format, name: &str, bytes: &[u8]) -> Outcome {
    scan_as(format, &Input::new(name, bytes), &Limits::default(), &MonotonicClock::start())
}

/// Ids of the rules `format` reports about `bytes`, worst first.
pub(crate) fn rules_of(format: &'static dyn Format, bytes: &[u8]) -> Vec<&'static str> {
    outcome(format, bytes).findings.iter().map(|finding| finding.rule.id).collect()
}
