//! `pipeline/unpinned-image`: a container image that is not pinned.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A container image named without a digest, in a workflow, a Dockerfile, a manifest or a command. Without a
    /// tag, with `latest`, or with a tag that names no version (`slim`, `dind`) it is whatever was pushed last; a tag that
    /// follows a series (`3.11`, `v3`) is pushed again with each release of it, and one of a single release can be moved,
    /// which is graded lower.
    /// ## Why it matters
    /// Whoever can push to the tag, or to the registry, chooses what runs next time, with the secrets and the
    /// models of this job.
    /// ## Example
    /// `image: vllm/vllm-openai:latest`
    /// ## How to fix
    /// Write `image: vllm/vllm-openai:v0.6.3@sha256:<digest>` and let an updater raise it.
    /// ## References
    /// - <https://docs.docker.com/dhi/core-concepts/digests/>
    /// - CWE-829, Inclusion of Functionality from Untrusted Control Sphere
    pub const UNPINNED_IMAGE: Rule = Rule {
        id: "pipeline/unpinned-image",
        title: "a container image that is not pinned",
        severity: Severity::Medium,
        remedy: "Pin the image to its digest: `name:tag@sha256:…`.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829), owasp_llm("LLM03")],
    };
}
