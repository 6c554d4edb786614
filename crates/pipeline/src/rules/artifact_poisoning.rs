//! `pipeline/artifact-poisoning`: an artifact of an untrusted run used with secrets.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A workflow started by `workflow_run` that downloads an artifact of the run before it and goes on to run or
    /// publish.
    /// ## Why it matters
    /// That run may have been a stranger's pull request. Its artifact can replace scripts, weights or results of
    /// the privileged run.
    /// ## Example
    /// `uses: dawidd6/action-download-artifact@…` under `workflow_run`, then `run: ./deploy.sh`
    /// ## How to fix
    /// Download to `${{ runner.temp }}/artifact` and read only what is expected.
    /// ## References
    /// - <https://securitylab.github.com/resources/github-actions-untrusted-input/>
    /// - CWE-829
    pub const ARTIFACT_POISONING: Rule = Rule {
        id: "pipeline/artifact-poisoning",
        title: "an artifact of an untrusted run used with secrets",
        severity: Severity::High,
        remedy: "Unpack it outside the workspace, and treat what it holds as data: check names, sizes and digests before use.",
        taxonomies: &[cwe(829), cwe(349), atlas("AML.T0010")],
    };
}
