//! Callables that reach something dangerous, one file per class of danger.
//!
//! A group names what it covers in one module. The grade is that of a call with arguments the file chooses; a function
//! that is only referenced is graded one step milder unless the group says otherwise.

mod code_execution;
mod environment;
mod file;
mod import;
mod native;
mod nested_pickle;
mod network;
mod process;
mod reflection;
mod scheduling;

use super::{GadgetClass, Standing};
use bartizan_core::Severity;

/// Names of one module that share class, grade and reason.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gadgets {
    pub(super) module: &'static str,
    /// Names in the module, dotted for methods, or [`ALL`].
    pub(super) names: &'static [&'static str],
    class: GadgetClass,
    severity: Severity,
    sole_reference: Severity,
    why: &'static str,
}

/// In place of a name: the module with everything in and below it that no longer path covers.
pub(super) const ALL: &str = "*";

pub(super) static TABLES: &[&[Gadgets]] = &[
    code_execution::GADGETS,
    environment::GADGETS,
    file::GADGETS,
    import::GADGETS,
    native::GADGETS,
    nested_pickle::GADGETS,
    network::GADGETS,
    process::GADGETS,
    reflection::GADGETS,
    scheduling::GADGETS,
];

impl Gadgets {
    const fn new(
        class: GadgetClass,
        severity: Severity,
        module: &'static str,
        names: &'static [&'static str],
        why: &'static str,
    ) -> Self {
        let sole_reference = match severity {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low | Severity::Info => Severity::Info,
        };
        Self { module, names, class, severity, sole_reference, why }
    }

    /// Grades the mere reference otherwise than one step below the call.
    const fn referenced(mut self, severity: Severity) -> Self {
        self.sole_reference = severity;
        self
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::Gadget {
            class: self.class,
            severity: self.severity,
            why: self.why,
            sole_reference: self.sole_reference,
        }
    }
}
