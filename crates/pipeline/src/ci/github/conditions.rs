//! Conditions that do not hold what they say.

use super::contexts::{Reach, reach};
use super::expression::{Expression, Operator, parse, templates};
use super::workflow::Workflow;
use crate::rules::UNSOUND_CONDITION;
use crate::yaml::{Node, Style};
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let conditions = workflow
        .jobs
        .iter()
        .filter_map(|job| job.get("if"))
        .chain(workflow.steps().filter_map(|(_, step)| step.node.get("if")));
    for condition in conditions {
        let Some(value) = condition.as_str() else { continue };
        let ranges = templates(value);
        if let Some(issue) = always_true(condition, value, &ranges) {
            issue::report(text, notes, [issue]);
            continue;
        }
        let whole = ranges.first().cloned().unwrap_or(0..value.len());
        let Some(expression) = value.get(whole.clone()).and_then(parse) else { continue };
        let mut found = Vec::new();
        expression.each(&mut |one| found.extend(contains(one, whole.start)));
        issue::report_in(text, notes, condition, found);
    }
}

/// Judges an expression that begins at `offset` of the scalar `node`.
pub(super) fn expression(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    (node, expression, offset): (Node<'_>, &Expression, usize),
) {
    let mut found = Vec::new();
    expression.each(&mut |one| found.extend(ternary(one, offset)));
    issue::report_in(text, notes, node, found);
}

/// Text around an expression makes it a text that is not empty, which is true.
fn always_true(condition: Node<'_>, value: &str, ranges: &[std::ops::Range<usize>]) -> Option<Issue> {
    let range = ranges.first()?;
    let block = matches!(condition.style(), Some(Style::Literal | Style::Folded)) && value.ends_with('\n');
    let around = value.get(..range.start.saturating_sub(3)).is_some_and(|before| !before.is_empty())
        || value.get(range.end.saturating_add(2)..).is_some_and(|after| !after.is_empty());
    (block || around || ranges.len() > 1).then(|| {
        Issue::new(
            &UNSOUND_CONDITION,
            condition.span(),
            "text around the expression makes the condition always true",
        )
        .severity(Severity::High)
    })
}

/// `contains('a b c', context)`.
fn contains(one: &Expression, offset: usize) -> Option<Issue> {
    let Expression::Call(name, arguments, span) = one else { return None };
    let [Expression::Text(list, _), Expression::Context(context)] = arguments.as_slice() else { return None };
    if name != "contains" {
        return None;
    }
    let outsider = matches!(reach(&context.path), Reach::Free | Reach::Reference)
        || context.path.starts_with("env.")
        || context.path.contains("actor");
    let (severity, confidence) =
        if outsider { (Severity::Medium, Confidence::High) } else { (Severity::Info, Confidence::High) };
    let message = format!("`{}` passes with any part of '{list}'", context.path);
    let span = span.start.saturating_add(offset)..span.end.saturating_add(offset);
    Some(Issue::new(&UNSOUND_CONDITION, span, message).severity(severity).confidence(confidence))
}

/// `a && '' || b`.
fn ternary(one: &Expression, offset: usize) -> Option<Issue> {
    let Expression::Binary(Operator::Or, left, _) = one else { return None };
    let Expression::Binary(Operator::And, _, middle) = left.as_ref() else { return None };
    let (falsy, span) = match middle.as_ref() {
        Expression::Text(value, span) => (value.is_empty(), span),
        Expression::Literal(value, span) => (matches!(value.as_str(), "false" | "null" | "0"), span),
        _ => return None,
    };
    let span = span.start.saturating_add(offset)..span.end.saturating_add(offset);
    falsy.then(|| {
        Issue::new(&UNSOUND_CONDITION, span, "this value is false, so that the other one is always taken")
            .severity(Severity::Low)
    })
}
