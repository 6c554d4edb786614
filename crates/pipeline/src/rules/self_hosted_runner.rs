//! `pipeline/self-hosted-runner`: a job on a machine of one's own.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A job that runs on a self-hosted runner; graded higher when pull requests can start it.
    /// ## Why it matters
    /// What one job leaves behind the next one meets. GPU machines are shared, hold datasets and sit inside the
    /// network.
    /// ## Example
    /// `runs-on: [self-hosted, gpu]` on `pull_request`
    /// ## How to fix
    /// Ephemeral runners, approval for outside contributors.
    /// ## References
    /// - <https://docs.github.com/en/actions/reference/security/secure-use#hardening-for-self-hosted-runners>
    pub const SELF_HOSTED_RUNNER: Rule = Rule {
        id: "pipeline/self-hosted-runner",
        title: "a job on a machine of one's own",
        severity: Severity::Low,
        remedy: "Use machines that are made anew for each job, and never run pull requests of strangers on them.",
        taxonomies: &[cwe(668), atlas("AML.T0010")],
    };
}
