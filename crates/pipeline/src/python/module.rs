//! What an examination gathers of one module or notebook: [`Module`], which the rules report to.

use super::value::{Taint, Value};
use crate::{Fix, Safety};
use bartizan_core::{Finding, Severity};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// One thing to report.
#[derive(Debug)]
pub(super) struct Report {
    /// Where, in bytes of the source.
    pub(super) span: Range<usize>,
    /// What.
    pub(super) finding: Finding,
    /// How to mend it, where that can be written down.
    pub(super) fix: Option<Fix>,
}

/// What a value must not reach unless it is constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SinkKind {
    /// `eval`, `exec`.
    Code,
    /// A shell, or a program chosen by the value.
    Shell,
    /// A database statement.
    Sql,
    /// A page in a browser.
    Html,
    /// The source of a template.
    Template,
    /// Instructions to a language model.
    Prompt,
    /// What a language model that has tools is asked to do.
    Task,
    /// A name by which a function or module is chosen.
    Name,
    /// A loader that runs what it reads.
    Loader,
    /// A maker of the layers that a model's description names.
    Layers,
    /// An address that is asked.
    Address,
    /// A file that is opened, written or removed.
    File,
}

/// A value reaching a sink.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    /// Of which kind.
    pub(super) kind: SinkKind,
    /// Where.
    pub(super) span: Range<usize>,
    /// What is called, as it is written.
    pub(super) callee: String,
    /// Who had a hand in the value.
    pub(super) taint: Taint,
    /// Whether part of the value is not constant at all.
    pub(super) varies: bool,
    /// The place, when it lies in another module.
    pub(super) elsewhere: Option<Arc<str>>,
}

/// A transformation that learnt from data.
#[derive(Debug)]
pub(super) struct Fit {
    /// Where.
    pub(super) span: Range<usize>,
    /// What was called, as it is written.
    pub(super) what: String,
    /// The data, as it is written.
    pub(super) data: String,
    /// Path of the call, by which what it gave is known again.
    pub(super) path: String,
    /// Path of the data, where that is known.
    pub(super) source: String,
    /// Whether what it learnt from was split afterwards.
    pub(super) leaks: bool,
    /// How bad that is.
    pub(super) severity: Severity,
}

/// Data that was split, still whole under its name.
#[derive(Debug)]
pub(super) struct Split {
    /// As it is written.
    pub(super) data: String,
    /// Where it comes from.
    pub(super) path: String,
}

/// What is known of the whole once all of it was walked.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(super) struct Facts {
    /// Something computes or compares a digest.
    pub(super) hashes: bool,
    /// Something sets a seed.
    pub(super) seeds: bool,
    /// Where a training starts.
    pub(super) trains: Option<Range<usize>>,
    /// Names of files and folders this code writes itself.
    pub(super) written: BTreeSet<String>,
    /// What is reported unless [`Self::hashes`] turns out to hold.
    pub(super) unhashed: Vec<Report>,
    /// What is reported unless the named place turns out to be [`Self::written`].
    pub(super) unless_written: Vec<(String, Report)>,
    /// Where nondeterminism was asked for.
    pub(super) benchmark: Option<Range<usize>>,
    /// Whether determinism was asked for.
    pub(super) deterministic: bool,
    /// Names fitted on and what they hold: see the rule on leakage.
    pub(super) split: Option<usize>,
    /// Places where a transformation learnt from data.
    pub(super) fits: Vec<Fit>,
    /// What was split.
    pub(super) splits: Vec<Split>,
    /// Names of data that were split, and where.
    pub(super) divided: Vec<(String, usize)>,
    /// How many tables were put together, and how many of them of training and test data.
    pub(super) joined: (usize, usize),
    /// Something signs what it publishes.
    pub(super) signs: bool,
    /// Something sets the seed of all random numbers, not that of one object.
    pub(super) seeds_all: bool,
    /// Where objects were made whose random numbers nobody seeds, and what they are.
    pub(super) unseeded: Vec<(Range<usize>, String)>,
    /// Something evaluates a model against thresholds.
    pub(super) evaluates: bool,
    /// Where a model was promoted.
    pub(super) promotes: Vec<Report>,
    /// Constants that name an address without encryption: where, under which name, and the address.
    pub(super) plain: Vec<(Range<usize>, String, String)>,
    /// Where options are written down that trust remote code.
    pub(super) trusting: Vec<Range<usize>>,
    /// Where calls were reported that are handed such options from elsewhere.
    pub(super) handed_trust: Vec<Range<usize>>,
    /// Where a server of remote procedures listens on every address without encryption.
    pub(super) procedures: Option<Range<usize>>,
    /// Where something takes an address apart, to look at its host.
    pub(super) looks_at_hosts: Vec<usize>,
    /// Something looks at where a path leads.
    pub(super) looks_at_paths: bool,
}

/// Findings, facts and sinks of one module.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Findings so far.
    pub(super) reports: Vec<Report>,
    /// Sinks reached by the call under examination.
    pub(super) sinks: Vec<Sink>,
    /// Facts so far.
    pub(super) facts: Facts,
    /// Credentials given by name, with what they are.
    pub(super) secrets: Vec<(String, Report)>,
    /// Offsets of calls that were judged by their arguments, whether or not anything was found.
    pub(super) judged: BTreeSet<usize>,
    /// Names that were imported from PyYAML at the top level: as it calls them, as the module does, and where.
    pub(super) yaml_names: Vec<(String, String, Range<usize>)>,
    /// The first keyword that a call is given twice, and where: no Python runs such a file.
    pub(super) repeated: Option<(usize, String)>,
}

impl Module {
    /// Reports `finding` at `span`.
    pub(super) fn report(&mut self, span: &Range<usize>, finding: Finding) {
        self.report_fixable(span, finding, None);
    }

    /// Reports `finding` at `span` with the edit that mends it.
    pub(super) fn report_fixable(&mut self, span: &Range<usize>, finding: Finding, fix: Option<Fix>) {
        if self.reports.len() < MOST_REPORTS {
            self.reports.push(Report { span: span.clone(), finding, fix });
        }
    }

    /// Notes that `value` reaches a sink.
    pub(super) fn sink(&mut self, kind: SinkKind, span: &Range<usize>, callee: &str, value: &Value) {
        let varies = !value.is_constant();
        let callee = callee.chars().take(60).collect();
        self.sinks.push(Sink {
            kind,
            span: span.clone(),
            callee,
            taint: value.all_taint(),
            varies,
            elsewhere: None,
        });
    }
}

/// An edit as a fix.
#[expect(clippy::unnecessary_wraps, reason = "what a report takes, filtered by most callers")]
pub(super) fn edit((span, replacement): (Range<usize>, String), safety: Safety, title: &str) -> Option<Fix> {
    Some(Fix { edits: vec![crate::Edit { span, replacement }], safety, title: title.to_owned(), asks: None })
}

/// Most findings kept for one module.
const MOST_REPORTS: usize = 2000;
