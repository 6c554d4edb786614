//! Python code around a model: source text and marshalled bytecode. Parsed and disassembled, never run.

pub mod marshal;
pub mod source;
pub(crate) mod strings;
