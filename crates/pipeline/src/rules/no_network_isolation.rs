//! `pipeline/no-network-isolation`: a job with an open network.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A training job, notebook or endpoint without network isolation or with direct internet access.
    ///
    /// In Python: SageMaker estimators and models without `enable_network_isolation`, estimators without
    /// `encrypt_inter_container_traffic`.
    /// ## Why it matters
    /// Code in the job can send the training data out, and fetch what it likes.
    /// ## Example
    /// `direct_internet_access = "Enabled"`
    /// ## How to fix
    /// `enable_network_isolation = true` with `vpc_config`.
    /// ## References
    /// - <https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html>
    pub const NO_NETWORK_ISOLATION: Rule = Rule {
        id: "pipeline/no-network-isolation",
        title: "a job with an open network",
        severity: Severity::Low,
        remedy: "Switch isolation on and give the job a private network.",
        taxonomies: &[cwe(668), cwe(284), atlas("AML.T0024")],
    };
}
