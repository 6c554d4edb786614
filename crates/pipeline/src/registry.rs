//! Every kind of file this crate reads. A new one is one file and one line here.

use crate::Reader;
use bartizan_core::Rule;

/// The readers, in the order in which they are asked; each that recognises a text reads it.
#[rustfmt::skip] // one line each, so that additions merge
pub static READERS: &[&dyn Reader] = &[
    &crate::agents::AgentInstructions,
    &crate::agents::SkillScript,
    &crate::agents::McpConfig,
    &crate::agents::McpTools,
    &crate::agents::McpSource,
    &crate::dependencies::DependencyManifest,
    &crate::python::Notebook,
    &crate::python::Python,
];

/// Rules of the inspectors that readers share.
#[rustfmt::skip] // one line each, so that additions merge
static SHARED_RULES: &[&[&Rule]] = &[
];

/// Every rule of this crate, sorted by id, each once.
pub fn rules() -> Vec<&'static Rule> {
    let shared = SHARED_RULES.iter().flat_map(|rules| rules.iter().copied());
    let mut rules: Vec<&'static Rule> =
        READERS.iter().flat_map(|reader| reader.rules().iter().copied()).chain(shared).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    rules
}
