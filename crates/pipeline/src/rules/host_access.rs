//! `pipeline/host-access`: a container that reaches into its host.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `hostPath`, `hostNetwork`, `hostPID`, `hostIPC`, a mounted container socket, folders in which a person keeps keys
    /// (`~/.ssh`, `~/.aws`), `network_mode: host`, in manifests, commands, and code that starts containers.
    /// ## Why it matters
    /// Files, processes or network of the machine are in reach of what runs inside; the socket is root on the host.
    /// ## Example
    /// `hostPath: {path: /var/run/docker.sock}`
    /// ## How to fix
    /// A `persistentVolumeClaim`.
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
    pub const HOST_ACCESS: Rule = Rule {
        id: "pipeline/host-access",
        title: "a container that reaches into its host",
        severity: Severity::Medium,
        remedy: "Use a volume claim, a cluster network and the pod's own namespaces.",
        taxonomies: &[cwe(668), cwe(250)],
    };
}
