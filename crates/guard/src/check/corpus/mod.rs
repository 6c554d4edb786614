//! Protected texts: a filter over their windows of words, by which an answer that repeats them is told.

mod file;
mod fuse;
mod regurgitation;
mod windows;

pub use file::{CorpusError, CorpusFilter, Passage};
pub use regurgitation::CorpusPolicy;
pub use windows::CorpusBuilder;

pub(crate) use regurgitation::{REGURGITATION, make};
