//! `pipeline/privileged-container`: a container with the rights of the machine.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `privileged: true`, `allowPrivilegeEscalation: true`, dangerous added capabilities, `--privileged`,
    /// in manifests, commands, and code that starts containers.
    /// ## Why it matters
    /// Code in the container owns the node, its GPUs and the other workloads' memory.
    /// ## Example
    /// `securityContext: {privileged: true}`
    /// ## How to fix
    /// Ask for `nvidia.com/gpu` and drop all capabilities.
    /// ## References
    /// - CWE-250
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
    pub const PRIVILEGED_CONTAINER: Rule = Rule {
        id: "pipeline/privileged-container",
        title: "a container with the rights of the machine",
        severity: Severity::High,
        remedy: "Drop `privileged` and the added capabilities; give the device plugin's resources instead.",
        taxonomies: &[cwe(250), cwe(269)],
    };
}
