//! `pipeline/cache-poisoning`: a cache read by a run that publishes.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A workflow that publishes (a release, a package, an image, a model) and restores a cache that other
    /// workflows can write; and one under `pull_request_target` that runs the code of a pull request and then
    /// saves a cache, which runs of the base branch restore (high).
    /// ## Why it matters
    /// Code that ran once on the default branch can leave files in the cache that the publishing run builds into
    /// what it ships.
    /// ## Example
    /// `uses: actions/setup-python` with `cache: pip` on `release`
    /// ## How to fix
    /// `cache: ""` or `enable-cache: false`, or build from a clean tree.
    /// ## References
    /// - <https://adnanthekhan.com/2024/05/06/the-monsters-in-your-build-cache-github-actions-cache-poisoning/>
    /// - CWE-349
    pub const CACHE_POISONING: Rule = Rule {
        id: "pipeline/cache-poisoning",
        title: "a cache read by a run that publishes",
        severity: Severity::Medium,
        remedy: "Switch the cache off in workflows that publish.",
        taxonomies: &[cwe(349), cwe(829), atlas("AML.T0010")],
    };
}
