//! What an inspector found in a part of a text, before it is placed: [`Issue`].

use crate::pin::Pinning;
use crate::yaml::{Node, Offsets};
use crate::{Fix, Notes, Text};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use std::ops::Range;

/// One observation at bytes of a part: of a script, a scalar, an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What it is.
    pub rule: &'static Rule,
    /// Its bytes in the part.
    pub span: Range<usize>,
    /// What was seen.
    pub message: String,
    /// How bad here.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What to do, when more exact than the rule's.
    pub remedy: Option<String>,
    /// How to mend it, in bytes of the whole text.
    pub fix: Option<Fix>,
    /// The argument at the span, when taking it out mends it.
    pub(crate) withdrawn: Option<Box<str>>,
    /// How to pin it, once what it names is looked up.
    pub(crate) pinning: Option<Box<Pinning>>,
    /// Set for what was not read: why. It becomes a gap and no finding.
    pub(crate) unread: Option<Box<str>>,
}

impl Issue {
    /// An issue with the rule's own severity, high confidence and the rule's remedy.
    pub fn new(rule: &'static Rule, span: Range<usize>, message: impl Into<String>) -> Self {
        let (severity, confidence) = (rule.severity, Confidence::High);
        Self {
            rule,
            span,
            message: message.into(),
            severity,
            confidence,
            remedy: None,
            fix: None,
            withdrawn: None,
            pinning: None,
            unread: None,
        }
    }

    /// What was not read at `span`, with the reason: a gap that goes the way of issues.
    pub(crate) fn unread(span: Range<usize>, reason: impl Into<Box<str>>) -> Self {
        Self { unread: Some(reason.into()), ..Self::new(&UNREAD, span, "") }
    }

    /// Graded otherwise.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Less or more sure.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// A remedy more exact than the rule's.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Mended by `fix`, whose bytes are those of the whole text.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }

    /// Pinned as `pinning` says.
    #[must_use]
    pub(crate) fn pinned(mut self, pinning: Pinning) -> Self {
        self.pinning = Some(Box::new(pinning));
        self
    }

    /// Mended by taking the argument at its span out, which is written so.
    pub(crate) fn withdrawing(mut self, written: &str) -> Self {
        self.withdrawn = Some(written.into());
        self
    }

    /// What mends it where it stands in `content`, which may be another text than the one it was found in.
    fn placed(&self, content: &str) -> Option<Fix> {
        let pinned = self.pinning.as_ref().and_then(|pinning| pinning.placed(content, &self.span));
        pinned.or_else(|| crate::withdraw::without(content, &self.span, self.withdrawn.as_deref()?))
    }

    /// The same, `bytes` further on.
    #[must_use]
    pub fn shifted(mut self, bytes: usize) -> Self {
        self.span = self.span.start.saturating_add(bytes)..self.span.end.saturating_add(bytes);
        self
    }

    /// The finding it amounts to, without its place.
    pub(crate) fn into_finding(self) -> Finding {
        let finding =
            Finding::new(self.rule, self.message).severity(self.severity).confidence(self.confidence);
        match self.remedy {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        }
    }
}

/// Reports `issues` whose spans are those of `text` itself.
pub(crate) fn report(text: &Text<'_>, notes: &mut Notes<'_>, issues: impl IntoIterator<Item = Issue>) {
    for mut issue in issues {
        if is_gap(text, notes, &issue) {
            continue;
        }
        let (rule, span) = (issue.rule.id, issue.span.clone());
        let fix = issue.fix.take().or_else(|| issue.placed(text.content));
        notes.report(text, span.clone(), issue.into_finding());
        if let Some(fix) = fix {
            notes.propose(rule, span.start, fix);
        }
    }
}

/// Notes what was not read; `false` for everything else.
fn is_gap(text: &Text<'_>, notes: &mut Notes<'_>, issue: &Issue) -> bool {
    let Some(reason) = &issue.unread else { return false };
    let (line, _) = text.line_column(issue.span.start);
    notes.gap(issue.span.start, format!("line {line}: {reason}"));
    true
}

/// Stands in the place of a rule where nothing was found but something was not read; in no registry, and in no report.
static UNREAD: Rule = Rule {
    id: "pipeline/unread",
    title: "what was not read",
    severity: Severity::Info,
    remedy: "",
    taxonomies: &[],
    docs: "",
};

/// Reports `issues` in a part of `text` that stands at `offsets`.
pub(crate) fn report_at(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    offsets: &Offsets,
    issues: impl IntoIterator<Item = Issue>,
) {
    for mut issue in issues {
        issue.span = offsets.range(issue.span);
        if is_gap(text, notes, &issue) {
            continue;
        }
        let (rule, span) = (issue.rule.id, issue.span.clone());
        let fix = issue.placed(text.content);
        notes.report(text, span.clone(), issue.into_finding());
        if let Some(fix) = fix {
            notes.propose(rule, span.start, fix);
        }
    }
}

/// Reports `issues` in the value of the scalar `node`.
pub(crate) fn report_in(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    node: Node<'_>,
    issues: impl IntoIterator<Item = Issue>,
) {
    let mut issues = issues.into_iter().peekable();
    if issues.peek().is_some() {
        report_at(text, notes, &node.offsets(), issues);
    }
}
