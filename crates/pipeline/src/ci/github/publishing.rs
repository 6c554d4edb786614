//! Publishing: with stored tokens, and of models that nothing checked.

use super::workflow::{Step, Workflow};
use crate::rules::{LONG_LIVED_PUBLISHING_TOKEN, UNVERIFIED_PROMOTION};
use crate::shell::{Invocation, Script, inspect};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for job in &workflow.jobs {
        let trusted = may_mint(job.get("permissions").or_else(|| workflow.root.get("permissions")));
        let verified = job.steps.iter().any(verifies);
        for step in &job.steps {
            if !trusted {
                tokens(text, notes, step);
            }
            if !verified {
                // An environment is where reviewers are asked.
                promotions(text, notes, step, job.get("environment").is_some());
            }
        }
    }
}

/// Whether the job may ask for an identity.
fn may_mint(permissions: Option<Node<'_>>) -> bool {
    permissions.is_some_and(|permissions| {
        permissions.as_str() == Some("write-all") || permissions.text_of("id-token") == Some("write")
    })
}

fn tokens(text: &Text<'_>, notes: &mut Notes<'_>, step: &Step<'_>) {
    if let Some((node, uses)) = step.uses() {
        let name = uses.name();
        let with_token = match name.as_str() {
            "pypa/gh-action-pypi-publish" => step.with("password").is_some(),
            "rubygems/configure-rubygems-credentials" => step.with("api-token").is_some(),
            "js-devtools/npm-publish" => step.with("token").is_some(),
            "katyo/publish-crates" => true,
            _ => false,
        };
        if with_token {
            issue::report(text, notes, [long_lived(node.span(), &name)]);
        }
        return;
    }
    let Some(run) = step.run().filter(|run| mentions(*run, &["publish", "upload", "push"])) else { return };
    let script = Script::read(run.as_str().unwrap_or_default());
    let issues: Vec<Issue> = script
        .commands
        .iter()
        .filter_map(Invocation::of)
        .filter_map(|invocation| {
            let what = publishes(&invocation)?;
            Some(long_lived(invocation.span(), what))
        })
        .collect();
    issue::report_in(text, notes, run, issues);
}

fn long_lived(span: std::ops::Range<usize>, what: &str) -> Issue {
    Issue::new(&LONG_LIVED_PUBLISHING_TOKEN, span, format!("`{what}` publishes with a token that lives on"))
        .severity(Severity::Info)
}

fn publishes(invocation: &Invocation<'_>) -> Option<&'static str> {
    if invocation.option(&["--dry-run", "-n", "--help"]).is_some() {
        return None;
    }
    let does = |verbs: &[&str]| invocation.does(verbs);
    match invocation.program.as_str() {
        "twine" if does(&["upload"]) => Some("twine upload"),
        "npm" if does(&["publish"]) => Some("npm publish"),
        "pnpm" if does(&["publish"]) => Some("pnpm publish"),
        "yarn" if does(&["npm", "publish"]) || does(&["publish"]) => Some("yarn publish"),
        "bun" if does(&["publish"]) => Some("bun publish"),
        "cargo" if does(&["publish"]) => Some("cargo publish"),
        "gem" if does(&["push"]) => Some("gem push"),
        "uv" if does(&["publish"]) => Some("uv publish"),
        "poetry" if does(&["publish"]) => Some("poetry publish"),
        "hatch" if does(&["publish"]) => Some("hatch publish"),
        "pdm" if does(&["publish"]) => Some("pdm publish"),
        "flit" if does(&["publish"]) => Some("flit publish"),
        "nuget" if does(&["push"]) => Some("nuget push"),
        "dotnet" if does(&["nuget", "push"]) => Some("dotnet nuget push"),
        _ => None,
    }
}

/// Whether the step checks, scans or signs.
fn verifies(step: &Step<'_>) -> bool {
    if let Some((_, uses)) = step.uses() {
        let name = uses.name();
        return ["bartizan", "sigstore", "cosign", "attest", "modelscan", "slsa"]
            .iter()
            .any(|part| name.contains(part));
    }
    let run = step.run().filter(|run| mentions(*run, CHECKING));
    let script = run.map(|run| Script::read(run.as_str().unwrap_or_default())).unwrap_or_default();
    script.commands.iter().filter_map(Invocation::of).any(|invocation| inspect::verifies(&invocation))
}

/// Whether the script holds one of `words`: most scripts hold none, and need not be read again.
fn mentions(run: Node<'_>, words: &[&str]) -> bool {
    run.as_str().is_some_and(|script| words.iter().any(|word| script.contains(word)))
}

/// Words without which nothing is promoted.
const PUBLISHING: &[&str] = &[
    "upload",
    "push",
    "regist",
    "transition",
    "create",
    "update",
    "deploy",
    "artifact",
    "cp",
    "sync",
    "copy",
];
/// Words without which nothing is verified.
const CHECKING: &[&str] = &[
    "bartizan", "cosign", "sign", "scan", "fickling", "sigstore", "gpg", "witness", "notation", "slsa",
    "audit",
];

/// Whether an action pushes an image, with the input that says so.
fn pushed<'y>(step: &Step<'y>, name: &str) -> Option<Option<Node<'y>>> {
    match name {
        "redhat-actions/push-to-registry" => Some(None),
        "docker/build-push-action" | "docker/bake-action" => {
            let push = step.with("push").filter(|push| {
                push.as_bool() == Some(true)
                    || push.as_str().is_some_and(|push| push.contains("${{") || push == "true")
            });
            let output = step.with("outputs").filter(|outputs| {
                let written = outputs.as_str().unwrap_or_default();
                written.contains("type=registry") || written.contains("push=true")
            });
            push.or(output).map(Some)
        }
        _ => None,
    }
}

fn promotions(text: &Text<'_>, notes: &mut Notes<'_>, step: &Step<'_>, approved: bool) {
    let promoted = |span: std::ops::Range<usize>, what: &str| {
        Issue::new(&UNVERIFIED_PROMOTION, span, format!("the job {what} and verifies nothing"))
            .confidence(Confidence::Medium)
    };
    let graded = |severity: Severity| if approved { Severity::Low } else { severity };
    if let Some((node, uses)) = step.uses() {
        if ["huggingface/hub-sync", "nateraw/huggingface-sync-action", "iterative/gto-action"]
            .contains(&uses.name().as_str())
        {
            issue::report(text, notes, [promoted(node.span(), "publishes a model")]);
        } else if let Some(place) = pushed(step, &uses.name()) {
            issue::report(text, notes, [promoted(place.unwrap_or(node).span(), "pushes an image")]);
        }
        return;
    }
    let Some(run) = step.run().filter(|run| mentions(*run, PUBLISHING)) else { return };
    let script = Script::read(run.as_str().unwrap_or_default());
    let issues: Vec<Issue> = script
        .commands
        .iter()
        .filter_map(Invocation::of)
        .filter_map(|invocation| {
            let inspect::Publication { what, severity } = inspect::publishes(&invocation)?;
            Some(promoted(invocation.span(), what).severity(graded(severity)))
        })
        .collect();
    issue::report_in(text, notes, run, issues);
}
