//! What checks say of an exchange.

use std::ops::Range;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Action {
    /// Let it pass.
    #[default]
    Allow,
    /// Let it pass and say so.
    Flag,
    /// Let it pass with the edits made.
    Redact,
    /// Stop it.
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

#[cfg(feature = "gateway")]
impl Action {
    /// What is done where nothing can be changed: what would be redacted passes and is told.
    pub(crate) fn unless_redacted(self) -> Self {
        if self == Self::Redact { Self::Flag } else { self }
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The id of the rule: `guard/…`.
    pub check: &'static str,
    /// What of it, for example a kind of personal data; one word in kebab-case or capitals.
    pub label: String,
    /// How sure, from 0 to 1.
    pub score: f32,
    /// What this reason alone asks for.
    pub action: Action,
    /// Where: a JSON pointer into the body; empty for the text of a stream and for the body as a whole.
    pub pointer: String,
    /// Where in the unescaped text at the pointer, in bytes; in a stream from the start of the answer's text.
    pub span: Range<usize>,
    /// One sentence for people. Never quotes a credential or personal data.
    pub message: String,
}

/// A change to a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the body to replace.
    pub span: Range<usize>,
    /// JSON text to put there.
    pub replacement: String,
}

/// The verdict on a body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// The severest action of the reasons.
    pub action: Action,
    /// Why, in the order of the body; empty when all is well.
    pub reasons: Vec<Reason>,
    /// Changes to make before the body is passed on, ordered and apart from each other. None when it is blocked.
    pub edits: Vec<Edit>,
}

/// What may leave of a stream after a piece of it came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Release {
    /// Text that may leave now, redacted and restored. Empty while something in it may still become a finding.
    pub text: String,
    /// Where in it a text of the answer ends and the next one begins, in bytes: as often as [`ResponseJudge::seam`] was told and all before it
    /// has left.
    ///
    /// [`ResponseJudge::seam`]: super::ResponseJudge::seam
    pub ends: Vec<usize>,
    /// Why the stream ends here, if it does: nothing more will be released.
    pub blocked: Option<Reason>,
    /// What was found and does not end the stream: flags and redactions, each once.
    pub reasons: Vec<Reason>,
}
