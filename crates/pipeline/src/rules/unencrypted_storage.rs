//! `pipeline/unencrypted-storage`: model or data storage without a key.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A notebook, endpoint, dataset or training resource without encryption at rest or between its containers.
    /// ## Why it matters
    /// Disks and traffic that hold weights and training data can be read by who gets to them.
    /// ## Example
    /// `aws_sagemaker_notebook_instance` without `kms_key_id`
    /// ## How to fix
    /// `kms_key_id = aws_kms_key.ml.arn`
    /// ## References
    /// - CWE-311, Missing Encryption of Sensitive Data
    pub const UNENCRYPTED_STORAGE: Rule = Rule {
        id: "pipeline/unencrypted-storage",
        title: "model or data storage without a key",
        severity: Severity::Low,
        remedy: "Name a customer-managed key.",
        taxonomies: &[cwe(311)],
    };
}
