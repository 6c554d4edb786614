//! Python pickle streams, protocols 0 to 5, followed on an abstract machine that calls nothing.

pub mod knowledge;
mod stream;

pub use stream::{Followed, Literal, Storage, follow};
