//! What was looked at: [`Subject`], its [`Status`], and the [`Gap`]s that keep it from being called clean.

use serde::Serialize;

/// One scanned artifact: a file, or standard input. Members of archives are not subjects of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Path as the user would type it, or `-` for standard input.
    pub uri: String,
    /// What sort of artifact it is.
    pub kind: Kind,
    /// Format id, for example `pickle`; `unknown` when nothing recognised it.
    pub format: String,
    /// Size in bytes.
    pub size: u64,
    /// Digest of the whole content.
    pub digest: Digest,
    /// The verdict about reading it, worst first: incomplete, findings, clean, unsupported.
    pub status: Status,
    /// Why the status is what it is, when there is more to say.
    pub detail: Option<String>,
}

/// Digests of an artifact (in-toto `DigestSet`), lower-case hex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// SHA-256, absent when the content could not be read to the end.
    pub sha256: Option<String>,
}

/// What a subject is on the line from data to decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Weights, or a container of weights.
    Model,
    /// Training or evaluation data.
    Dataset,
    /// An archive whose members decide what it is.
    Archive,
    /// Source code, notebooks, scripts, native libraries.
    Code,
    /// Settings that steer how a model is loaded or prompted.
    Config,
    /// Documentation and everything else.
    Other,
}

/// How far a subject was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Read to the end, nothing found.
    Clean,
    /// Read to the end, something found.
    Findings,
    /// Something could not be read or fully analysed; findings may exist as well.
    Incomplete,
    /// No parser of ours knows this content; only the checks for hidden content ran.
    Unsupported,
}

impl Status {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Incomplete => "incomplete",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A part of a subject that was not analysed, and why. Any gap makes the subject `incomplete`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Archive member, when inside one.
    pub member: Option<String>,
    /// Byte offset where reading stopped, when known.
    pub offset: Option<u64>,
    /// What stopped it and what the user can do, as one sentence.
    pub reason: String,
}
