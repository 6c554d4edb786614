//! Caches restored by workflows that publish.

use super::triggers::names_head;
use super::workflow::{Job, Step, Workflow};
use crate::rules::CACHE_POISONING;
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    if workflow.is_action {
        return;
    }
    let released = releases(workflow);
    if workflow.starts_on(&["pull_request_target"]) {
        for job in &workflow.jobs {
            issue::report(text, notes, left_behind(job, workflow));
        }
    }
    for job in &workflow.jobs {
        let publishes = job.steps.iter().any(publishes);
        if !released && !publishes {
            continue;
        }
        for step in &job.steps {
            if let Some(span) = caches(step, workflow) {
                let message =
                    "a cache that other workflows can write is restored where something is published";
                issue::report(
                    text,
                    notes,
                    [Issue::new(&CACHE_POISONING, span, message).confidence(Confidence::Low)],
                );
            }
        }
    }
}

/// A cache that is saved at the end of a job in which the code of a pull request ran: its key is that of the base branch, whose
/// later runs restore it.
fn left_behind(job: &Job<'_>, workflow: &Workflow<'_>) -> Option<Issue> {
    let taken = job.steps.iter().position(|step| {
        step.uses().is_some_and(|(_, uses)| uses.name() == "actions/checkout")
            && step.with("ref").and_then(Node::as_str).is_some_and(names_head)
    })?;
    let runs = job.steps.iter().skip(taken).any(|step| step.run().is_some());
    let saves =
        |step: &&Step<'_>| step.uses().is_some_and(|(_, uses)| uses.name() != "actions/cache/restore");
    let (step, place) = job
        .steps
        .iter()
        .filter(saves)
        .find_map(|step| Some((step, caches(step, workflow)?)))
        .filter(|_| runs)?;
    // The key is what later runs ask for.
    let span = step.with("key").map_or(place, Node::span);
    let message = "the code of a pull request may fill this cache, which runs of the base branch restore";
    Some(Issue::new(&CACHE_POISONING, span, message).severity(Severity::High).confidence(Confidence::Medium))
}

/// Whether a release, a tag or a release branch starts it.
fn releases(workflow: &Workflow<'_>) -> bool {
    if workflow.starts_on(&["release"]) {
        return true;
    }
    let Some(push) = workflow.trigger("push") else { return false };
    let branches = push.get("branches").map(Node::items_or_self).unwrap_or_default();
    push.get("tags").is_some() || branches.iter().filter_map(|branch| branch.as_str()).any(is_release_branch)
}

fn is_release_branch(name: &str) -> bool {
    name.to_ascii_lowercase().contains("release")
}

/// Whether a tag is all that starts it, so that a condition on tags switches the cache off.
fn only_tags(workflow: &Workflow<'_>) -> bool {
    let push = workflow.trigger("push");
    let branches = push.and_then(|push| push.get("branches")).map(Node::items_or_self).unwrap_or_default();
    !branches.iter().filter_map(|branch| branch.as_str()).any(is_release_branch)
}

/// Where the step switches a cache on.
fn caches(step: &Step<'_>, workflow: &Workflow<'_>) -> Option<std::ops::Range<usize>> {
    let (node, uses) = step.uses()?;
    let name = uses.name();
    let known = CACHING.iter().find(|known| known.action == name)?;
    let value =
        |input: &str| step.with(input).filter(|node| !node.as_str().unwrap_or_default().trim().is_empty());
    for input in known.turned_off_by {
        if let Some(setting) = value(input) {
            let text = setting.as_str().unwrap_or_default().to_ascii_lowercase();
            if matches!(text.as_str(), "true" | "yes" | "1") {
                return None;
            }
            return Some(node.span());
        }
    }
    for input in known.turned_on_by {
        let Some(setting) = value(input) else { continue };
        let text = setting.as_str().unwrap_or_default();
        if known.requires.is_some_and(|other| value(other).is_none()) {
            return None;
        }
        let off = matches!(text.to_ascii_lowercase().as_str(), "false" | "no" | "0");
        let off_on_tags = text.contains("${{") && is_off_on_tags(text) && only_tags(workflow);
        if off || off_on_tags {
            return None;
        }
        return Some(node.span());
    }
    known.by_default.then(|| node.span())
}

/// Whether the expression is false for tags.
fn is_off_on_tags(text: &str) -> bool {
    let inner: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    inner.contains("!startsWith(github.ref,'refs/tags/')")
        || inner.contains("github.ref_type!='tag'")
        || inner.contains("!(github.event_name=='push'&&github.ref_type=='tag')")
        || inner.contains("!contains(github.ref,'refs/tags/')")
}

/// Whether the step publishes something others take.
pub(super) fn publishes(step: &Step<'_>) -> bool {
    let Some((_, uses)) = step.uses() else { return false };
    let name = uses.name();
    if name == "docker/build-push-action" {
        let push = step.with("push").and_then(Node::as_str);
        return push != Some("false");
    }
    PUBLISHING.contains(&name.as_str())
}

/// Actions that publish.
const PUBLISHING: &[&str] = &[
    "actions/deploy-pages",
    "docker/bake-action",
    "goreleaser/goreleaser-action",
    "softprops/action-gh-release",
    "pypa/gh-action-pypi-publish",
    "ncipollo/release-action",
    "rubygems/release-gem",
    "rubygems/configure-rubygems-credentials",
    "jamesives/github-pages-deploy-action",
    "peaceiris/actions-gh-pages",
    "crazy-max/ghaction-github-pages",
    "actions/attest-build-provenance",
    "aws-actions/amazon-ecs-deploy-task-definition",
    "google-github-actions/deploy-cloudrun",
    "google-github-actions/deploy-appengine",
    "azure/functions-action",
    "azure/webapps-deploy",
    "vercel/action",
    "netlify/actions",
    "changesets/action",
    "katyo/publish-crates",
    "js-devtools/npm-publish",
    "elgohr/publish-docker-github-action",
    "release-drafter/release-drafter",
    "huggingface/hub-sync",
    "nguyenvulong/huggingface-upload",
    "python-semantic-release/python-semantic-release",
    "cycjimmy/semantic-release-action",
    "svenstaro/upload-release-action",
];

struct Caching {
    action: &'static str,
    by_default: bool,
    turned_on_by: &'static [&'static str],
    turned_off_by: &'static [&'static str],
    /// An input without which nothing is cached.
    requires: Option<&'static str>,
}

const fn caching(
    action: &'static str,
    by_default: bool,
    turned_on_by: &'static [&'static str],
    turned_off_by: &'static [&'static str],
) -> Caching {
    Caching { action, by_default, turned_on_by, turned_off_by, requires: None }
}

#[rustfmt::skip] // a table
const CACHING: &[Caching] = &[
    caching("actions/cache", true, &[], &["lookup-only"]),
    caching("actions/cache/restore", true, &[], &["lookup-only"]),
    caching("actions/setup-python", false, &["cache"], &[]),
    caching("actions/setup-node", false, &["cache", "package-manager-cache"], &[]),
    caching("actions/setup-java", false, &["cache"], &[]),
    caching("actions/setup-go", true, &["cache"], &[]),
    caching("actions/setup-dotnet", false, &["cache"], &[]),
    caching("astral-sh/setup-uv", true, &["enable-cache"], &[]),
    caching("swatinem/rust-cache", true, &[], &["lookup-only"]),
    caching("ruby/setup-ruby", false, &["bundler-cache"], &[]),
    caching("pyo3/maturin-action", false, &["sccache"], &[]),
    caching("mozilla-actions/sccache-action", true, &[], &[]),
    caching("graalvm/setup-graalvm", false, &["cache"], &[]),
    caching("gradle/actions/setup-gradle", true, &[], &["cache-disabled"]),
    caching("gradle/gradle-build-action", true, &[], &["cache-disabled"]),
    caching("ramsey/composer-install", true, &[], &["ignore-cache"]),
    caching("pnpm/action-setup", false, &["cache"], &[]),
    caching("mamba-org/setup-micromamba", false, &["cache-environment", "cache-downloads"], &[]),
    caching("prefix-dev/setup-pixi", true, &["cache"], &[]),
    caching("actions-rust-lang/setup-rust-toolchain", true, &["cache"], &[]),
    caching("moonrepo/setup-rust", true, &["cache"], &[]),
    caching("nix-community/cache-nix-action", true, &[], &[]),
    caching("actions-mn/cache", true, &[], &[]),
    caching("taiki-e/setup-cross-toolchain-action", false, &[], &[]),
    Caching { action: "docker/setup-buildx-action", by_default: false, turned_on_by: &["cache-binary"], turned_off_by: &[], requires: Some("version") },
];

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::High;

    #[test]
    fn a_cache_that_the_code_of_a_pull_request_may_fill_is_found() {
        let saved = |on: &str, reference: &str, action: &str| {
            let text = format!(
                "on: {on}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: actions/checkout@v4\n      with: {{ref: '{reference}'}}\n    - run: make\n    - uses: {action}@v4\n      with: {{path: x, key: y}}\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/cache-poisoning")
        };
        let head = "${{ github.event.pull_request.head.sha }}";
        assert_eq!(saved("pull_request_target", head, "actions/cache"), [High]);
        assert_eq!(saved("pull_request_target", head, "actions/cache/restore"), []);
        assert_eq!(saved("pull_request_target", "main", "actions/cache"), []);
        assert_eq!(saved("pull_request", head, "actions/cache"), []);
    }
}
