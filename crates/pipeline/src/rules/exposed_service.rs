//! `pipeline/exposed-service`: a service that listens to everyone.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A dashboard, tracking server, notebook or management interface made reachable from outside: Ray dashboard on
    /// `0.0.0.0`, MLflow or Jupyter on all interfaces, a TorchServe management address, a load balancer before
    /// them.
    ///
    /// In Python: `share=True` of a demo without `auth`, Flask's debugger (`debug=True`), any page of the web allowed with its
    /// reader's cookies, a server or socket bound to every address, an MCP server on every address without `auth`, a
    /// model served by gRPC on every address without encryption (`add_insecure_port`). In Terraform:
    /// firewalls that let the internet reach such an interface, buckets and services open to everyone. In JavaScript: `cors` that
    /// reflects any origin and allows credentials, and handlers of messages between windows that act and never look at `origin`.
    ///
    /// A model server or page that merely answers everyone is graded low: in a container that is how it is reached.
    /// ## Why it matters
    /// These interfaces run code by design. Ray's was used to take over clusters (CVE-2023-48022).
    /// ## Example
    /// `ray start --head --dashboard-host=0.0.0.0`
    /// ## How to fix
    /// `--dashboard-host=127.0.0.1` behind an authenticating proxy.
    /// ## References
    /// - CVE-2023-48022
    /// - CWE-306
    /// - MITRE ATLAS AML.T0049, Exploit Public-Facing Application
    pub const EXPOSED_SERVICE: Rule = Rule {
        id: "pipeline/exposed-service",
        title: "a service that listens to everyone",
        severity: Severity::Medium,
        remedy: "Bind it to localhost or a cluster address and put a gateway with authentication before it.",
        taxonomies: &[cwe(668), cwe(306), atlas("AML.T0049")],
    };
}
