//! What a kind of file is to this crate: a [`Reader`] that recognises it and reports to [`Notes`].

use crate::rules::SECRET;
use crate::{Fix, Proposal, Text, credential};
use bartizan_core::{Clock, Finding, Gap, Kind, Limits, Rule};
use std::collections::BTreeSet;
use std::ops::Range;

/// One kind of file. A new kind is one file and one line in the [`registry`](crate::registry).
pub trait Reader: Sync {
    /// Short name, as reports give it, for example `github-workflow`.
    fn id(&self) -> &'static str;

    /// What sort of artifact it is.
    fn kind(&self) -> Kind;

    /// The rules it may report.
    fn rules(&self) -> &'static [&'static Rule];

    /// Whether `text` is of this kind, by content where content tells, else by name.
    fn recognises(&self, text: &Text<'_>) -> bool;

    /// Reads `text` to its end and reports.
    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>);
}

/// What the readers of one text found, and what they could not read.
pub struct Notes<'a> {
    /// Bounds for this text.
    pub limits: &'a Limits,
    clock: &'a dyn Clock,
    pub(crate) findings: Vec<Finding>,
    pub(crate) gaps: Vec<Gap>,
    dropped: bool,
    pub(crate) fixes: Vec<Proposal>,
    pub(crate) judged: BTreeSet<Place>,
}

/// Where a call stands, as the findings of other crates name it: pointer of the notebook cell, line, column.
pub type Place = (Option<String>, u32, u32);

impl<'a> Notes<'a> {
    pub(crate) fn new(limits: &'a Limits, clock: &'a dyn Clock) -> Self {
        Self {
            limits,
            clock,
            findings: Vec::new(),
            gaps: Vec::new(),
            dropped: false,
            fixes: Vec::new(),
            judged: BTreeSet::new(),
        }
    }

    /// Reports `finding` at the bytes `span` of `text`. The same rule at the same place counts once.
    pub fn report(&mut self, text: &Text<'_>, span: Range<usize>, finding: Finding) {
        let offset = Some(span.start as u64);
        let known = self
            .findings
            .iter()
            .position(|known| known.location.offset == offset && known.rule.id == finding.rule.id);
        // Placing costs what its line is long: what is not kept is not placed.
        if known.is_none() && self.findings.len() >= self.limits.findings {
            if !self.dropped {
                self.dropped = true;
                self.gap(
                    None,
                    format!("more than {} findings; the rest are not shown", self.limits.findings),
                );
            }
            return;
        }
        let finding =
            if finding.rule.id == SECRET.id { credential::graded(finding, text, &span) } else { finding };
        let finding = text.place(finding, span);
        match known.and_then(|known| self.findings.get_mut(known)) {
            Some(known) if (finding.severity, finding.confidence) > (known.severity, known.confidence) => {
                *known = finding;
            }
            Some(_) => {}
            None => self.findings.push(finding),
        }
    }

    /// Proposes `fix` for what [`Self::report`] reported of the rule `rule` at byte `offset`.
    pub fn propose(&mut self, rule: &'static str, offset: usize, fix: Fix) {
        if self.fixes.len() < self.limits.findings {
            self.fixes.push(Proposal { rule, offset, fix });
        }
    }

    /// Notes that the call at `place` was judged by its arguments: a verdict on its name alone says nothing more.
    pub fn judged(&mut self, place: Place) {
        self.judged.insert(place);
    }

    /// Notes that something at byte `offset` was not analysed; `reason` says what stopped it and what the user can do.
    pub fn gap(&mut self, offset: impl Into<Option<usize>>, reason: impl Into<String>) {
        let offset = offset.into().map(|offset| offset as u64);
        let gap = Gap { member: None, offset, reason: reason.into() };
        if self.gaps.len() < Self::GAPS && !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Whether the time for this text is spent; the first answer of yes is noted as a gap.
    pub fn out_of_time(&mut self) -> bool {
        if self.clock.elapsed() < self.limits.time {
            return false;
        }
        self.gap(None, format!("not finished within {} s; raise --max-time", self.limits.time.as_secs()));
        true
    }

    /// Most gaps kept for one text.
    const GAPS: usize = 100;
}
