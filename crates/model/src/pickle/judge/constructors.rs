//! Calls of classes that are harmless as objects but whose constructors act on what they are given.

use super::Judge;
use super::unknown::all_given;
use crate::pickle::knowledge::Constructor;
use crate::pickle::machine::Machine;
use crate::pickle::render;
use crate::pickle::rules::{CODE_EXECUTION, FILE_ACCESS, NESTED, NETWORK};
use crate::pickle::suspicion::{self, Suspicion};
use crate::pickle::value::Value;
use crate::python::source;
use bartizan_core::{Confidence, Finding, Severity};

impl Judge {
    /// The class `target`, whose constructor acts, is called with `arguments`.
    pub(super) fn constructed(
        machine: &mut Machine<'_>,
        target: Value,
        arguments: Value,
        keywords: Option<Value>,
        constructor: Constructor,
        place: u64,
    ) {
        let mut worst = None;
        if constructor == Constructor::Compiles {
            worst = Some((Severity::High, &CODE_EXECUTION));
        }
        let given = all_given(machine, arguments, keywords);
        for value in reachable(machine, given) {
            let Some(text) = machine.store.text(value) else { continue };
            let text = text.get(..text.floor_char_boundary(Self::TEXT)).unwrap_or_default().to_owned();
            let found = suspicion::of_text(&text);
            let grade = match constructor {
                Constructor::Evaluates => {
                    let mut grade = evaluated(&text, found);
                    let is_readable = text.contains('(') && machine.judge.sources_read < Self::SOURCES;
                    if grade < Some(Severity::High) && is_readable {
                        machine.judge.sources_read = machine.judge.sources_read.saturating_add(1);
                        if source::is_harmful(&text) {
                            grade = Some(Severity::High);
                        }
                    }
                    grade.map(|grade| (grade, &CODE_EXECUTION))
                }
                Constructor::Loads => loaded(&text, found).map(|grade| (grade, &NESTED)),
                Constructor::Compiles | Constructor::Reads => match found {
                    Some(Suspicion::Address) => Some((Severity::High, &NETWORK)),
                    Some(_) => Some((Severity::Medium, &FILE_ACCESS)),
                    None => None,
                },
            };
            if let Some((grade, rule)) = grade
                && worst.is_none_or(|(known, _)| grade > known)
            {
                worst = Some((grade, rule));
            }
        }
        let Some((severity, rule)) = worst else { return };
        if !Self::is_shown(machine, target, severity) {
            return;
        }
        let shown = render::call_with(machine, target, arguments, keywords);
        let message = format!("Loading runs the constructor `{shown}`, which {}.", constructor.why());
        machine.judge.report(
            Finding::new(rule, message)
                .severity(severity)
                .confidence(Confidence::Medium)
                .at(place)
                .evidence(&shown),
        );
    }

    /// Bytes looked at in one string.
    const TEXT: usize = 1 << 16;
}

/// How bad it is that `text` is evaluated. Names of layers and plain calls of them are what a configuration holds.
fn evaluated(text: &str, found: Option<Suspicion>) -> Option<Severity> {
    let is_code = matches!(found, Some(Suspicion::Code | Suspicion::Command | Suspicion::Address))
        || (text.contains("__") && text.contains(['(', '.']))
        || ["lambda", "import "].iter().any(|word| text.contains(word));
    match found {
        _ if is_code => Some(Severity::High),
        Some(_) => Some(Severity::Medium),
        None => text.contains('(').then_some(Severity::Medium),
    }
}

/// How bad it is that a model is loaded by the name `text`.
fn loaded(text: &str, found: Option<Suspicion>) -> Option<Severity> {
    let is_elsewhere = found.is_some() || text.contains(['/', '\\', ':']) || text == "trust_remote_code";
    let is_name = !text.is_empty() && text.len() < 512;
    (is_name || found.is_some()).then_some(if is_elsewhere { Severity::High } else { Severity::Medium })
}

/// Everything reachable from `value`, its containers' items included, the first few thousand.
fn reachable(machine: &mut Machine<'_>, value: Value) -> Vec<Value> {
    let mut found = Vec::new();
    let mut open = vec![(value, 0u32)];
    while let Some((value, depth)) = open.pop() {
        if found.len() >= VALUES {
            break;
        }
        if let Value::Lost(slot) = value {
            machine.want(slot);
        }
        found.push(value);
        if depth < DEPTH
            && let Some(node) = machine.store.get(value)
        {
            let items = machine.store.items(node, VALUES);
            open.extend(items.into_iter().map(|item| (item, depth.saturating_add(1))));
        }
    }
    found
}

/// Values looked at for one call.
const VALUES: usize = 4096;
/// Nesting looked at.
const DEPTH: u32 = 8;
