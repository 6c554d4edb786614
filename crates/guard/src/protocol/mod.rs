//! What is said to a model and by it, in the protocols that carry it.
//!
//! A body is read once into an [`Exchange`]: its texts with who speaks, where each stands, and the tool calls in it. Whatever
//! is changed is spliced into the body at the place of one JSON string, so that the rest stays byte for byte as it came.

mod exchange;
mod json;

pub use exchange::{Edit, Exchange, Part, Role, Splice, ToolCall};
pub use json::{Json, JsonError, JsonLimits, Node, Value};
