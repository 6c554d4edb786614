//! What can be found: [`Rule`] and the scales it is measured on.
//!
//! A rule follows SARIF's `reportingDescriptor` (SARIF 2.1.0 §3.49). Rules are constants written with [`rule!`],
//! whose doc comment is the rule's page in the book, on the terminal and in SARIF.
//!
//! [`rule!`]: crate::rule!

use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that can be found. Declared with [`rule!`](crate::rule!).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `area/kebab-name`, for example `model/pickle-code-execution`. Stable for ever.
    pub id: &'static str,
    /// One line that completes "this file has …", without a full stop.
    pub title: &'static str,
    /// Severity of a finding unless the detector grades it otherwise.
    pub severity: Severity,
    /// What the user does about it, in one sentence; a finding may carry a more exact one.
    pub remedy: &'static str,
    /// Where the rule stands in the field's taxonomies.
    pub taxonomies: &'static [Taxonomy],
    /// The rule's page in Markdown: what it finds, why it matters, example, how to fix, references.
    pub docs: &'static str,
}

impl Rule {
    /// Whether what it finds must not be repeated in a report: credentials (CWE-798) and personal data (CWE-359).
    pub fn is_confidential(&self) -> bool {
        self.taxonomies.iter().any(|taxonomy| matches!(taxonomy, Taxonomy::Cwe(798 | 359)))
    }
}

/// How bad it is if the finding is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; no action needed.
    Info,
    /// Hygiene: weakens a defence or hides a fact.
    Low,
    /// Needs a look before production.
    Medium,
    /// Dangerous: do not load before it is understood.
    High,
    /// Runs attacker-chosen code or leaks secrets as soon as the artifact is used.
    Critical,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure the detector is that the finding is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// An indication; innocent explanations are common.
    Low,
    /// Likely; innocent explanations exist.
    Medium,
    /// Read off the structure itself; an innocent explanation would be news.
    High,
}

impl Confidence {
    /// All confidences, weakest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place in one of the field's taxonomies; displays as `ATLAS:AML.T0018`, `CWE:502`, ….
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taxonomy {
    /// MITRE ATLAS technique id, `AML.Txxxx[.yyy]`.
    Atlas(&'static str),
    /// Common Weakness Enumeration number.
    Cwe(u16),
    /// OWASP Top 10 for LLM applications 2025, `LLM01` … `LLM10`.
    OwaspLlm(&'static str),
    /// OWASP Machine Learning Security Top 10 2023, `ML01` … `ML10`.
    OwaspMl(&'static str),
    /// OWASP Top 10 for agentic applications 2026, `ASI01` … `ASI10`.
    OwaspAgentic(&'static str),
}

impl fmt::Display for Taxonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atlas(id) => write!(f, "ATLAS:{id}"),
            Self::Cwe(number) => write!(f, "CWE:{number}"),
            Self::OwaspLlm(id) => write!(f, "OWASP-LLM:{id}"),
            Self::OwaspMl(id) => write!(f, "OWASP-ML:{id}"),
            Self::OwaspAgentic(id) => write!(f, "OWASP-AGENTIC:{id}"),
        }
    }
}

impl Serialize for Taxonomy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A MITRE ATLAS technique, `AML.Txxxx[.yyy]`.
pub const fn atlas(id: &'static str) -> Taxonomy {
    Taxonomy::Atlas(id)
}

/// A CWE number.
pub const fn cwe(number: u16) -> Taxonomy {
    Taxonomy::Cwe(number)
}

/// An item of the OWASP Top 10 for LLM applications (2025).
pub const fn owasp_llm(id: &'static str) -> Taxonomy {
    Taxonomy::OwaspLlm(id)
}

/// An item of the OWASP Machine Learning Security Top 10 (2023).
pub const fn owasp_ml(id: &'static str) -> Taxonomy {
    Taxonomy::OwaspMl(id)
}

/// An item of the OWASP Top 10 for agentic applications (2026).
pub const fn owasp_agentic(id: &'static str) -> Taxonomy {
    Taxonomy::OwaspAgentic(id)
}

/// Declares a [`Rule`] constant whose doc comment is also its page.
///
/// The body is the struct literal without `docs`; the macro adds that field from the doc comment.
///
/// ```
/// use bartizan_core::{Rule, Severity, cwe, rule};
///
/// rule! {
///     /// ## What it finds
///     /// A stream that calls a function while loading.
///     pub const CALLS_ON_LOAD: Rule = Rule {
///         id: "model/calls-on-load",
///         title: "a call made while loading",
///         severity: Severity::High,
///         remedy: "Load it from a format without code.",
///         taxonomies: &[cwe(502)],
///     };
/// }
/// assert!(CALLS_ON_LOAD.docs.starts_with(" ## What it finds\n"));
/// ```
#[macro_export]
macro_rules! rule {
    ($($(#[doc = $doc:literal])+ $vis:vis const $name:ident: Rule = Rule { $($field:ident: $value:expr),+ $(,)? };)+) => {
        $(
            $(#[doc = $doc])+
            $vis const $name: $crate::Rule = $crate::Rule { docs: concat!($($doc, "\n"),+), $($field: $value),+ };
        )+
    };
}
