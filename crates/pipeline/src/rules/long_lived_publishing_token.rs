//! `pipeline/long-lived-publishing-token`: publishing with a token that lives on.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A package published with a stored token where the registry accepts the identity of the workflow (PyPI, npm,
    /// crates.io, RubyGems, NuGet).
    /// ## Why it matters
    /// The token works from anywhere until someone revokes it, and lets who steals it publish in your name.
    /// ## Example
    /// `twine upload dist/*`
    /// ## How to fix
    /// `uses: pypa/gh-action-pypi-publish@<commit>` with `id-token: write`
    /// ## References
    /// - <https://docs.pypi.org/trusted-publishers/>
    /// - <https://docs.npmjs.com/trusted-publishers>
    pub const LONG_LIVED_PUBLISHING_TOKEN: Rule = Rule {
        id: "pipeline/long-lived-publishing-token",
        title: "publishing with a token that lives on",
        severity: Severity::Low,
        remedy: "Use trusted publishing: `permissions: {id-token: write}` and no token.",
        taxonomies: &[cwe(522), cwe(798), atlas("AML.T0010")],
    };
}
