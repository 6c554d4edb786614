//! The scan of one subject: [`scan`] drives it, [`Scan`] is what format parsers report to and recurse through.
//!
//! Cost: each byte of the input is read by the formats that claim it, plus once by the search for hidden
//! executables. Recursion goes through [`Scan::member`] only and is bounded by [`Limits::depth`].

use crate::pickle::Program;
use crate::{Format, Input, Recognition, identify, registry};
use bartizan_core::{Clock, Confidence, Finding, Gap, Kind, Limits, Location, Rule, Severity};
use std::collections::HashMap;

/// Scans one subject.
///
/// Never panics on any bytes; what cannot be read becomes a [`Gap`] in the outcome.
pub fn scan(input: &Input<'_>, limits: &Limits, clock: &dyn Clock) -> Outcome {
    scan_without(&[], input, limits, clock)
}

/// The same, without the findings of the rules whose ids are `left_out`, which nothing is then looked for that has no other use.
pub fn scan_without(
    left_out: &'static [&'static str],
    input: &Input<'_>,
    limits: &Limits,
    clock: &dyn Clock,
) -> Outcome {
    let mut scan = Scan { left_out, ..Scan::new(limits, clock) };
    let format = scan.dispatch(input);
    scan.finish(format)
}

/// Scans one subject as `format`, whatever its content looks like: what fuzzing a single parser needs.
pub fn scan_as(
    format: &'static dyn Format,
    input: &Input<'_>,
    limits: &Limits,
    clock: &dyn Clock,
) -> Outcome {
    let mut scan = Scan::new(limits, clock);
    format.scan(input, &mut scan);
    scan.finish(Some(format))
}

/// The pickles in `input`, those of its members and of its strings included, each as the program that loading it runs.
///
/// Recognises and follows content as [`scan`] does; gaps say what was not read.
pub fn decompile(input: &Input<'_>, limits: &Limits, clock: &dyn Clock) -> (Vec<Program>, Vec<Gap>) {
    let mut scan = Scan::new(limits, clock);
    scan.programs = Some(Vec::new());
    scan.dispatch(input);
    (scan.programs.unwrap_or_default(), scan.gaps)
}

/// What the scan of one subject gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Id of the format that recognised the content, `None` when none did.
    pub format: Option<&'static str>,
    /// What sort of artifact it is.
    pub kind: Kind,
    /// Findings, worst first, then by place.
    pub findings: Vec<Finding>,
    /// What was not analysed; when not empty the subject is incomplete.
    pub gaps: Vec<Gap>,
    /// Names, written `owner/model`, that the content declares for itself or for what it was made from.
    pub names: Vec<String>,
}

/// The running scan of one subject: collects findings and gaps, hands members on, keeps the budget.
pub struct Scan<'a> {
    limits: &'a Limits,
    /// Ids of rules that nothing is reported of.
    left_out: &'static [&'static str],
    clock: &'a dyn Clock,
    findings: Vec<Finding>,
    /// Index into `findings` by rule and place, so that two readers of the same bytes report once.
    seen: HashMap<(&'static str, Location), usize>,
    gaps: Vec<Gap>,
    dropped: u64,
    /// Grade of the mildest finding kept, once the cap is reached.
    floor: Option<(Severity, Confidence)>,
    path: Vec<String>,
    /// The pickles met, when their programs are wanted.
    programs: Option<Vec<Program>>,
    members: u64,
    expanded: u64,
    names: Vec<String>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(limits: &'a Limits, clock: &'a dyn Clock) -> Self {
        Self {
            limits,
            left_out: &[],
            clock,
            findings: Vec::new(),
            seen: HashMap::new(),
            gaps: Vec::new(),
            dropped: 0,
            floor: None,
            path: Vec::new(),
            programs: None,
            members: 0,
            expanded: 0,
            names: Vec::new(),
        }
    }

    /// Reports a finding. The member path is filled in here; the same rule at the same place counts once, with the
    /// worse grade.
    pub fn report(&mut self, mut finding: Finding) {
        if self.leaves_out(finding.rule) {
            return;
        }
        finding.location.member = match (self.member_path(), finding.location.member.take()) {
            (Some(outer), Some(inner)) => Some(format!("{outer}!/{inner}")),
            (outer, inner) => outer.or(inner),
        };
        let key = (finding.rule.id, finding.location.clone());
        if let Some(known) = self.seen.get(&key).and_then(|&index| self.findings.get_mut(index)) {
            if (finding.severity, finding.confidence) > (known.severity, known.confidence) {
                *known = finding;
            }
            return;
        }
        if self.findings.len() >= self.limits.findings {
            self.dropped = self.dropped.saturating_add(1);
            // The cap must not let a flood of trifles hide the one that matters; nor may it search through all that
            // were kept for each of a million that are not worse than the mildest.
            if self.floor.is_some_and(|floor| (finding.severity, finding.confidence) <= floor) {
                return;
            }
            let mildest =
                self.findings.iter().enumerate().min_by_key(|(_, kept)| (kept.severity, kept.confidence));
            if let Some((index, kept)) = mildest
                && (kept.severity, kept.confidence) < (finding.severity, finding.confidence)
                && let Some(slot) = self.findings.get_mut(index)
            {
                self.seen.remove(&(slot.rule.id, slot.location.clone()));
                *slot = finding;
                self.seen.insert(key, index);
            }
            self.floor = self.findings.iter().map(|kept| (kept.severity, kept.confidence)).min();
            return;
        }
        self.seen.insert(key, self.findings.len());
        self.findings.push(finding);
    }

    /// Whether nothing is reported of `rule`, so that it need not be looked for.
    pub(crate) fn leaves_out(&self, rule: &Rule) -> bool {
        self.left_out.contains(&rule.id)
    }

    /// Keeps a name that the content declares, once.
    pub(crate) fn name(&mut self, name: &str) {
        if self.names.len() < Self::NAMES && !self.names.iter().any(|known| known == name) {
            self.names.push(bartizan_core::printable(name, Self::NAME_CHARS));
        }
    }

    /// Notes that something at `offset` was not analysed; `reason` says what stopped it and what the user can do.
    pub fn gap(&mut self, offset: impl Into<Option<u64>>, reason: impl Into<String>) {
        let gap = Gap { member: self.member_path(), offset: offset.into(), reason: reason.into() };
        if self.gaps.len() < Self::GAPS && !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Scans `bytes` as a member called `name` of the current input: recognises its content and reads it.
    ///
    /// Gives the format that recognised it. Past [`Limits::depth`] or [`Limits::members`] the member becomes a gap.
    pub fn member(&mut self, name: &str, bytes: &[u8]) -> Option<&'static dyn Format> {
        self.member_of(&Input::new(name, bytes))
    }

    /// As [`Scan::member`], for a member that knows its siblings.
    pub fn member_of(&mut self, input: &Input<'_>) -> Option<&'static dyn Format> {
        self.nested(input.name, |scan| scan.dispatch(input)).flatten()
    }

    /// Scans `bytes` as a member called `name` that its place says is of `format`, whatever it looks like.
    ///
    /// Other formats that are certain of the content read it as well.
    pub fn member_as(&mut self, format: &'static dyn Format, name: &str, bytes: &[u8]) {
        let input = Input::new(name, bytes);
        self.nested(name, |scan| {
            for other in identify::certain(&input).into_iter().filter(|other| other.id() != format.id()) {
                other.scan(&input, scan);
            }
            format.scan(&input, scan);
            for check in registry::EVERYWHERE {
                check(&input, Some(format), scan);
            }
        });
    }

    /// Runs only the checks that run everywhere on a later block of a member too large to hold, whose first block went
    /// through [`Scan::member_of`].
    pub(crate) fn block(&mut self, input: &Input<'_>) {
        self.nested(input.name, |scan| {
            for check in registry::EVERYWHERE {
                check(input, None, scan);
            }
        });
    }

    /// Runs `read` with `name` pushed on the member path, within the depth and member limits.
    pub fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.path.len() >= self.limits.depth as usize {
            self.gap(
                None,
                format!("`{name}` nests deeper than {} levels; raise --max-depth", self.limits.depth),
            );
            return None;
        }
        self.members = self.members.saturating_add(1);
        if self.members > self.limits.members {
            self.gap(None, format!("more than {} members; raise --max-members", self.limits.members));
            return None;
        }
        if self.out_of_time() {
            return None;
        }
        self.path.push(bartizan_core::printable(name, Self::NAME_CHARS));
        let result = read(self);
        self.path.pop();
        Some(result)
    }

    /// Whether pickles are to be written as programs.
    pub(crate) fn wants_programs(&self) -> bool {
        self.programs.as_ref().is_some_and(|programs| programs.len() < Self::PROGRAMS)
    }

    /// Keeps the program of a pickle of the current input, once.
    pub(crate) fn program(&mut self, mut program: Program) {
        program.member = self.member_path();
        if let Some(programs) = &mut self.programs
            && !programs
                .iter()
                .any(|known| (known.offset, &known.member) == (program.offset, &program.member))
        {
            programs.push(program);
        }
    }

    /// Whether the time is used up; notes the gap. Long loops ask every few thousand steps.
    pub fn out_of_time(&mut self) -> bool {
        let over = self.clock.elapsed() > self.limits.time;
        if over {
            self.gap(None, format!("not finished within {} s; raise --max-time", self.limits.time.as_secs()));
        }
        over
    }

    /// Books `bytes` of decompressed output against the budget of the subject; `false`, with a gap, when over it.
    pub fn expand(&mut self, bytes: u64) -> bool {
        self.expanded = self.expanded.saturating_add(bytes);
        let within = self.expanded <= self.limits.expanded_bytes;
        if !within {
            let limit = self.limits.expanded_bytes;
            self.gap(None, format!("expands to more than {limit} bytes; raise --max-expanded-bytes"));
        }
        within
    }

    /// The limits of this scan.
    pub fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// How deep the current input nests; 0 for the subject itself.
    pub fn depth(&self) -> usize {
        self.path.len()
    }

    /// The member path of the current input, `None` for the subject itself.
    pub fn member_path(&self) -> Option<String> {
        (!self.path.is_empty()).then(|| self.path.join("!/"))
    }

    /// Findings so far, in the order reported. Lets a container weigh what its members showed.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many gaps were noted so far. Lets a container tell whether its members were read to the end.
    pub fn gap_count(&self) -> usize {
        self.gaps.len()
    }

    fn dispatch(&mut self, input: &Input<'_>) -> Option<&'static dyn Format> {
        let (mut formats, weak) = identify::candidates(input);
        if formats.is_empty() {
            formats.extend(weak);
        }
        for format in &formats {
            format.scan(input, self);
        }
        let first = formats.first().copied();
        for check in registry::EVERYWHERE {
            check(input, first, self);
        }
        first
    }

    fn finish(mut self, format: Option<&'static dyn Format>) -> Outcome {
        if self.dropped > 0 {
            let reason = format!("{} further findings left out; raise --max-findings", self.dropped);
            self.gap(None, reason);
        }
        self.findings.sort_by(|a, b| {
            (b.severity, b.confidence, &a.location, a.rule.id, &a.message).cmp(&(
                a.severity,
                a.confidence,
                &b.location,
                b.rule.id,
                &b.message,
            ))
        });
        Outcome {
            format: format.map(Format::id),
            kind: format.map_or(Kind::Other, Format::kind),
            findings: self.findings,
            gaps: self.gaps,
            names: self.names,
        }
    }

    /// Most programs kept for one subject.
    const PROGRAMS: usize = 1000;
    /// Most gaps kept for one subject; more say nothing new.
    const GAPS: usize = 64;
    /// Most names kept for one subject.
    const NAMES: usize = 64;
    /// Longest member name shown, in characters.
    const NAME_CHARS: usize = 200;
}

/// What a check that runs on every input is given: the input, the format that claimed it, and the scan.
pub(crate) type EverywhereCheck = fn(&Input<'_>, Option<&'static dyn Format>, &mut Scan<'_>);

impl Recognition {
    pub(crate) fn is_certain(self) -> bool {
        self == Self::Certain
    }
}
