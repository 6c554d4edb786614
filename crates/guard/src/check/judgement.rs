//! What a check says: [`Judgement`], and for streams [`Release`].

use crate::protocol::Edit;
use std::ops::Range;

/// What becomes of a body, from the mildest to the hardest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It passes.
    #[default]
    Allow,
    /// It passes, and is told.
    Flag,
    /// It passes with the edits.
    Redact,
    /// It does not pass.
    Block,
}

impl Action {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Flag => "flag",
            Self::Redact => "redact",
            Self::Block => "block",
        }
    }
}

/// One thing that speaks for an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The check, for example `injection` or `secrets`.
    pub check: &'static str,
    /// What it saw, for example `jailbreak` or `aws-access-key-id`.
    pub label: String,
    /// How sure it is, from 0 to 1.
    pub score: f32,
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// Bytes in the text of that part.
    pub span: Range<usize>,
    /// What it is, in words of ours: never what the text says.
    pub message: String,
    /// What this one asks for.
    pub action: Action,
}

/// The judgement of a body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// What becomes of it.
    pub action: Action,
    /// Why, the hardest first.
    pub reasons: Vec<Reason>,
    /// New texts, when it is redacted.
    pub edits: Vec<Edit>,
}

/// How far a text that comes in pieces is judged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Release {
    /// What may leave now: what follows the text released before.
    pub text: String,
    /// Bytes of the deltas of this text, from its beginning, that `text` and what was released before stand for.
    pub settled: usize,
    /// What was seen since the last release.
    pub reasons: Vec<Reason>,
    /// Nothing further may leave.
    pub blocked: bool,
}
