//! `pipeline/insecure-transport`: a download without encryption.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A package index, script, model, archive, chart or state fetched over plain http or ftp; a service asked over it. What is installed,
    /// run or loaded is judged alike in every kind of file, and from a private name (`.lan`, `.internal`, `10.…`) as from a public one: to
    /// be inside of a network is no authentication. Services of a private network and names of a cluster or a compose project (`minio`,
    /// `a.b.svc`) are low. Addresses of the same machine, and those by which clouds tell it what it is, are left out.
    ///
    /// In Python: data and models read from an address whose beginning is known to be plain; clients made for one, graded higher
    /// when they are given a credential.
    /// ## Why it matters
    /// Everyone on the way can replace what arrives, and what arrives here is installed, run or loaded.
    /// ## Example
    /// `ADD http://models.example.com/net.bin /m/`
    /// ## How to fix
    /// Take the https address; add a checksum.
    /// ## References
    /// - CWE-319, Cleartext Transmission of Sensitive Information; CWE-494
    pub const INSECURE_TRANSPORT: Rule = Rule {
        id: "pipeline/insecure-transport",
        title: "a download without encryption",
        severity: Severity::Medium,
        remedy: "Use https, and check a digest of what arrives.",
        taxonomies: &[atlas("AML.T0010"), cwe(319), cwe(494), owasp_llm("LLM03")],
    };
}
