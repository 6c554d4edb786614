//! HTTP/1.1 as the gateway speaks it itself, to clients and to upstreams in the clear (docs/decisions/0013).
//!
//! Two things are had from it. A connection on which nothing comes holds no buffer: all of a thread read through one
//! ([`filling`]), and keep only what came. And what could be read in two ways is refused, where a library picks one.
//!
//! | file | subject |
//! | --- | --- |
//! | `head` | heads of requests and answers, and how their bodies end |
//! | `content` | the bytes of a body, out of its framing |
//! | `filling` | reading through a buffer that connections share |
//! | `written` | heads and pieces of bodies as bytes |
//! | `answering` | a connection of a client |
//! | `asking` | connections to an upstream |
//!
//! Sources: RFC 9112 (HTTP/1.1), RFC 9110 (what headers mean).

pub(super) mod answering;
pub(super) mod asking;
mod content;
mod filling;
mod head;
mod written;

pub use content::{Content, ContentError};
pub use head::{AnswerHead, HeadError, RequestHead, head_end};
