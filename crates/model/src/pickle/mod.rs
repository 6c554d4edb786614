//! Python pickle streams, protocols 0 to 5, followed on an abstract machine that calls nothing.
//!
//! [`follow`] reads one pickle, [`Pickle`] a whole file of them. The way of a stream: [`opcodes`] reads instructions,
//! `machine` follows them on symbolic values (`value`, `store`, `memo`), `fold` computes what harmless functions
//! return, `indirect` what they call, `judge` grades what would be called with what
//! (also for the calls of other formats, see [`crate::call`]), `nested` looks into strings. `decompile` writes a stream as a program, for people.

pub mod knowledge;
pub mod lines;
pub mod opcodes;
pub mod rules;

mod array_block;
mod code_object;
mod decompile;
mod distribution;
mod fold;
mod format;
mod indirect;
mod judge;
mod machine;
mod memo;
mod names;
mod nested;
mod render;
mod store;
mod stream;
mod suspicion;
mod value;

pub use decompile::Program;
pub use format::Pickle;
pub(crate) use machine::described;
pub use stream::{Followed, Literal, Storage, follow, is_plausible};

#[cfg(test)]
mod tests;
