//! Calls of callables that nobody has vetted: graded by where they live and what they are given.

use super::Judge;
use crate::pickle::knowledge;
use crate::pickle::machine::Machine;
use crate::pickle::render;
use crate::pickle::rules::UNKNOWN_CALLABLE;
use crate::pickle::suspicion::{self, Suspicion};
use crate::pickle::value::{Kind, Value};
use bartizan_core::{Confidence, Finding, Severity};

impl Judge {
    /// An unknown callable runs: graded by where it lives and what it is given.
    pub(super) fn unknown(
        machine: &mut Machine<'_>,
        target: Value,
        (arguments, keywords): (Value, Option<Value>),
        place: u64,
        how: &'static str,
    ) {
        let Some(global) = machine.store.global_of(target) else { return };
        let is_instance = how.starts_with("NEWOBJ");
        let module = global.module.clone();
        let name = global.name.clone();
        let is_assembled = !global.assembled.is_empty();
        let last = name.rsplit('.').next().unwrap_or_default();
        let looks_like_class =
            last.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase());
        let is_stdlib = knowledge::is_stdlib(&module);
        let given = all_given(machine, arguments, keywords);
        let mut suspicion = suspicion::of(machine, given);
        if suspicion < Some(Suspicion::Command)
            && machine.judge.sources_read < Self::SOURCES
            && suspicion::is_harmful_source(machine, given)
        {
            suspicion = Some(Suspicion::Code);
        }
        let is_own = module == "__main__" || module == "__mp_main__";
        let base = match () {
            () if is_own => Severity::Low,
            () if is_stdlib && !is_instance => Severity::Medium,
            () if looks_like_class => Severity::Low,
            () => Severity::Medium,
        };
        let raised = match suspicion {
            Some(Suspicion::Code | Suspicion::Command) if is_instance || is_own => Severity::Medium,
            Some(Suspicion::Code | Suspicion::Command) => Severity::High,
            Some(Suspicion::Address) if is_stdlib && !is_instance => Severity::High,
            // A function, no class: it does something with the address or file, there and then.
            Some(Suspicion::Address | Suspicion::Path)
                if !is_instance
                    && !is_own
                    && !looks_like_class
                    && suspicion::names_target(machine, given) =>
            {
                Severity::High
            }
            Some(_) => Severity::Medium,
            None => Severity::Info,
        };
        let mut severity = base.max(raised);
        if is_assembled && !is_own {
            severity = severity.max(Severity::Medium);
        }
        let known = machine.judge.unknown.get(&target).copied();
        let better =
            known.and_then(|index| machine.judge.findings.get(index)).map(|finding| finding.severity);
        if better.is_some_and(|better| better >= severity) {
            return;
        }
        let shown = render::call_with(machine, target, arguments, keywords);
        let with = suspicion.map(|found| format!(" with {}", found.as_str())).unwrap_or_default();
        let verb = if is_instance { "makes an object of" } else { "calls" };
        let what = render::callee(machine, target);
        let message = format!("Loading {verb} `{what}`{with}, which nobody has vetted: `{shown}`.");
        let finding = Finding::new(&UNKNOWN_CALLABLE, message)
            .severity(severity)
            .confidence(if suspicion.is_some() { Confidence::Medium } else { Confidence::Low })
            .at(place)
            .evidence(&shown);
        let judge = &mut machine.judge;
        judge.is_dangerous |= severity >= Severity::High;
        match known.and_then(|index| judge.findings.get_mut(index)) {
            Some(slot) if slot.rule.id == UNKNOWN_CALLABLE.id => *slot = finding,
            _ => {
                if judge.findings.len() < Self::FINDINGS {
                    judge.unknown.insert(target, judge.findings.len());
                }
                judge.report(finding);
            }
        }
    }
}

/// Positional arguments and the values of keyword arguments as one tuple.
pub(super) fn all_given(machine: &mut Machine<'_>, arguments: Value, keywords: Option<Value>) -> Value {
    let Some(named) = keywords.and_then(|keywords| machine.store.contents(keywords)) else {
        return arguments;
    };
    let mut given = machine.store.contents(arguments).map(|(items, _)| items).unwrap_or_default();
    given.extend(named.0.chunks_exact(2).filter_map(|pair| pair.last().copied()));
    machine.store.node(Kind::Tuple, &given)
}
