//! The protocols that carry what is said to a model and by it.
//!
//! A body is read once into an [`Exchange`](crate::exchange::Exchange): its texts with who speaks, where each stands, and the tool
//! calls in it. Whatever is changed is spliced into the body in place, so that the rest stays byte for byte as it came.

mod json;
mod splice;

pub use json::{Json, JsonError, JsonLimits, Node, Value};
pub use splice::spliced;
