//! A job's lines, read as one script although each is a scalar of its own: [`Script`].

use crate::rules::{PROMPT_INJECTION_IN_CI, TEMPLATE_INJECTION, UNVERIFIED_PROMOTION};
use crate::shell::inspect::{self, Setting};
use crate::shell::{self, ExpansionKind, Invocation};
use crate::yaml::{Node, Offsets};
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// The lines of a job in the order in which they run.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
    /// Where each scalar begins in the text, and where its bytes stand in the file.
    parts: Vec<(usize, Offsets)>,
    /// Whether a person starts it, or lets it go on.
    approved: bool,
}

impl Script {
    /// The scalars of `nodes`, lists opened, nested ones too.
    pub(super) fn of<'y>(nodes: impl IntoIterator<Item = Node<'y>>) -> Self {
        let mut script = Self::default();
        let mut pending: Vec<Node<'y>> = nodes.into_iter().collect();
        pending.reverse();
        let mut seen = 0usize;
        while let Some(node) = pending.pop() {
            seen = seen.saturating_add(1);
            if seen > Self::LINES {
                break;
            }
            if let Some(value) = node.as_str() {
                script.push(value, node.offsets());
            } else {
                let items: Vec<Node<'_>> = node.items().collect();
                pending.extend(items.into_iter().rev());
            }
        }
        script
    }

    /// The same text as `masked` writes it, which keeps its length: what the CI system fills in is no sign of the shell.
    pub(super) fn masked(mut self, masked: impl Fn(&str) -> String) -> Self {
        let text = masked(&self.text);
        if text.len() == self.text.len() {
            self.text = text;
        }
        self
    }

    /// The same, started or let go on by a person: what it promotes was looked at by somebody.
    pub(super) fn approved(self, approved: bool) -> Self {
        Self { approved, ..self }
    }

    /// Adds a part that stands at `offsets`.
    pub(super) fn push(&mut self, value: &str, offsets: Offsets) {
        self.parts.push((self.text.len(), offsets));
        self.text.push_str(value);
        self.text.push('\n');
    }

    /// The lines as one text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reports `issues` of the text where they stand in the file.
    pub(super) fn report(
        &self,
        text: &Text<'_>,
        notes: &mut Notes<'_>,
        issues: impl IntoIterator<Item = Issue>,
    ) {
        for mut found in issues {
            found.span = self.place(found.span);
            issue::report(text, notes, [found]);
        }
    }

    fn place(&self, span: Range<usize>) -> Range<usize> {
        let index = self.parts.partition_point(|(start, _)| *start <= span.start).saturating_sub(1);
        let Some((start, offsets)) = self.parts.get(index) else { return span };
        let next = self
            .parts
            .get(index.saturating_add(1))
            .map_or(self.text.len(), |(next, _)| next.saturating_sub(1));
        let end = span.end.min(next).max(span.start);
        offsets.range(span.start.saturating_sub(*start)..end.saturating_sub(*start))
    }

    /// Judges the commands; `outsider` tells the variables whose value others choose, and how freely.
    pub(super) fn check(
        &self,
        text: &Text<'_>,
        notes: &mut Notes<'_>,
        outsider: &dyn Fn(&str) -> Option<Severity>,
    ) {
        if self.text.is_empty() {
            return;
        }
        self.report(text, notes, inspect::script(&self.text, Setting::Pipeline));
        let script = shell::Script::read(&self.text);
        // A variable of the script that holds one of an outsider is the outsider's as well.
        let held = |name: &str| {
            let value = script.assigned(name, usize::MAX)?;
            value.expansions.iter().find_map(|expansion| match &expansion.kind {
                ExpansionKind::Variable(inner) => outsider(inner),
                _ => None,
            })
        };
        let reach = |name: &str| outsider(name).or_else(|| held(name));
        let variables =
            inspect::evaluated_variables(&script).into_iter().chain(inspect::piped_variables(&script));
        let evaluated = variables.filter_map(|(name, span)| {
            let severity = reach(&name)?;
            Some(
                Issue::new(
                    &TEMPLATE_INJECTION,
                    span,
                    format!("`{name}`, which others choose, becomes part of a program"),
                )
                .severity(severity),
            )
        });
        self.report(text, notes, evaluated.collect::<Vec<_>>());
        self.report(text, notes, agents(&script, &reach));
        let invocations: Vec<Invocation<'_>> = script.commands.iter().filter_map(Invocation::of).collect();
        if !invocations.iter().any(inspect::verifies) {
            let promoted = invocations.iter().filter_map(|invocation| {
                let inspect::Publication { what, severity } = inspect::publishes(invocation)?;
                let message = format!("the job {what} and verifies nothing");
                let severity = if self.approved { Severity::Low } else { severity };
                let issue = Issue::new(&UNVERIFIED_PROMOTION, invocation.span(), message);
                Some(issue.severity(severity).confidence(Confidence::Medium))
            });
            self.report(text, notes, promoted.collect::<Vec<_>>());
        }
    }

    /// Most scalars of one job.
    const LINES: usize = 4_000;
}

/// Agents given a prompt that holds what others write.
fn agents(script: &shell::Script, reach: &dyn Fn(&str) -> Option<Severity>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        let Some(agent) = Invocation::of(command).and_then(|invocation| inspect::agent(&invocation)) else {
            continue;
        };
        let from = command.pipe_from.and_then(|from| script.commands.get(from));
        let inside = script.within(index);
        for word in command.words.iter().chain(from.into_iter().chain(inside).flat_map(|one| &one.words)) {
            for expansion in &word.expansions {
                if let ExpansionKind::Variable(name) = &expansion.kind
                    && reach(name).is_some()
                {
                    let message = format!("`{name}`, which others write, is in the prompt of {agent}");
                    issues.push(Issue::new(&PROMPT_INJECTION_IN_CI, expansion.span.clone(), message));
                }
            }
        }
    }
    issues
}
