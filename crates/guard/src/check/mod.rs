//! What is judged: requests before they reach the model, answers before they leave, and what becomes of both.

mod judgement;

pub use judgement::{Action, Judgement, Reason, Release};
