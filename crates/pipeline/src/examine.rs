//! The examination of one text: [`examine`] lets every reader that recognises it report.

use crate::{Notes, Place, Proposal, Reader, Text, registry};
use bartizan_core::{Clock, Finding, Gap, Kind, Limits};
use std::collections::BTreeSet;

/// What the examination of one text gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Id of the first reader that recognised it, `None` when none did.
    pub format: Option<&'static str>,
    /// What sort of artifact it is.
    pub kind: Kind,
    /// Findings, worst first, then by place.
    pub findings: Vec<Finding>,
    /// What was not analysed.
    pub gaps: Vec<Gap>,
    /// How findings can be mended in place.
    pub fixes: Vec<Proposal>,
    /// Calls that were judged by their arguments, whether or not anything was found.
    pub judged: BTreeSet<Place>,
}

/// After how many readers, asked whether a text is theirs, the clock is looked at.
const ASKED_EACH: usize = 8;

/// Examines `text` within `limits`. Never panics on any text.
pub fn examine(text: &Text<'_>, limits: &Limits, clock: &dyn Clock) -> Outcome {
    let mut notes = Notes::new(limits, clock);
    let mut format = None;
    let mut kind = Kind::Other;
    for (place, reader) in registry::READERS.iter().enumerate() {
        // The clock is asked before what may take long, and now and then between.
        let recognised = reader.recognises(text);
        if (recognised || place.is_multiple_of(ASKED_EACH)) && notes.out_of_time() {
            break;
        }
        if !recognised {
            continue;
        }
        if format.is_none() {
            (format, kind) = (Some(reader.id()), reader.kind());
        }
        reader.read(text, &mut notes);
    }
    outcome(format, kind, notes)
}

/// Lets `reader` alone report on `text`, whether or not it recognises it. Never panics on any text.
pub fn examine_as(reader: &dyn Reader, text: &Text<'_>, limits: &Limits, clock: &dyn Clock) -> Outcome {
    let mut notes = Notes::new(limits, clock);
    reader.read(text, &mut notes);
    outcome(Some(reader.id()), reader.kind(), notes)
}

fn outcome(format: Option<&'static str>, kind: Kind, notes: Notes<'_>) -> Outcome {
    let mut findings = notes.findings;
    findings.sort_by(|a, b| {
        (b.severity, b.confidence, &a.location, a.rule.id).cmp(&(
            a.severity,
            a.confidence,
            &b.location,
            b.rule.id,
        ))
    });
    Outcome { format, kind, findings, gaps: notes.gaps, fixes: notes.fixes, judged: notes.judged }
}
