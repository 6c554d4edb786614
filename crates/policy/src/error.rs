//! Why no decision can be made: [`PolicyError`].

use std::path::PathBuf;
use std::time::Duration;

/// Why a policy cannot be read or gives no decision. None of these ever means "allow".
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The disk says no.
    #[error("cannot read the policy {path}: {error}")]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// No Rego in it.
    #[error("{0} holds no policy: no file that ends in .rego and is no test")]
    Empty(String),
    /// A limit of the reader.
    #[error("{place} {problem}")]
    TooLarge {
        /// Which policy or file.
        place: String,
        /// Which limit, and what was found.
        problem: String,
    },
    /// Rego that does not parse or cannot be compiled.
    #[error("{path} is no policy that can be evaluated: {problem}")]
    Rego {
        /// The file.
        path: String,
        /// What is wrong, with its place.
        problem: String,
    },
    /// Data that is not as it should be.
    #[error("{path}: {problem}")]
    Data {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// An archive that is no bundle.
    #[error("{place} is no policy bundle: {problem}")]
    Bundle {
        /// Which archive.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// No package to ask.
    #[error(
        "no package of the policy is called {wanted}; it has {}; name one with --package",
        packages.join(", ")
    )]
    Package {
        /// What was looked for.
        wanted: String,
        /// What there is.
        packages: Vec<String>,
    },
    /// A rule that decides, in a package that nobody asks.
    #[error(
        "the policy is decided by its package {}, and nobody asks for the rule `{rule}` of {package}: let the first ask for it \
         (data.{package}.{rule}), put both into one package, give each as a policy of its own (--policy twice), or say with \
         --package which one decides",
        asked.join(", ")
    )]
    Unasked {
        /// The packages that decide.
        asked: Vec<String>,
        /// The other.
        package: String,
        /// Its rule.
        rule: String,
    },
    /// A rule or a path that is written nearly as another.
    #[error("{place}: was `{meant}` meant? Give it that name, or one that is no near miss of it")]
    Misspelt {
        /// What is written, and what that does.
        place: String,
        /// What was probably meant.
        meant: String,
    },
    /// The package says nothing that could decide.
    #[error(
        "the package {0} has none of the rules deny, violation, warn, missing or allow: it decides nothing, so nothing is allowed"
    )]
    Silent(String),
    /// Evaluation failed.
    #[error("the policy failed while it was evaluated: {0}")]
    Evaluation(String),
    /// A rule gave something of another shape.
    #[error("the rule `{rule}` of the policy gave {found}; expected {expected}")]
    Shape {
        /// The rule.
        rule: String,
        /// What it gave, shortened.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// It took too long.
    #[error("the policy was stopped after {0:?}: it loops, or works too long for a decision")]
    Time(Duration),
    /// It took too much memory.
    #[error("the policy was stopped when it had taken {0} bytes of memory")]
    Memory(u64),
    /// A defect of the evaluator.
    #[error("the policy made the evaluator fail; no decision can be made")]
    Broken,
    /// Input that cannot be handed over.
    #[error("the input of the policy has no JSON form: {0}")]
    Input(#[from] serde_json::Error),
    /// Two policies that would mix.
    #[error(
        "{path} adds to the package {package}, on which the shipped policies rest; name its package otherwise"
    )]
    Reserved {
        /// The file.
        path: String,
        /// The package.
        package: String,
    },
}
