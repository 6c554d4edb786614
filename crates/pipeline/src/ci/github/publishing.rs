//! Publishing: with stored tokens, and of models that nothing checked.

use super::workflow::{Step, Workflow};
use crate::marks::Marks;
use crate::rules::{LONG_LIVED_PUBLISHING_TOKEN, UNVERIFIED_PROMOTION};
use crate::shell::{Invocation, Script, inspect};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};
use std::sync::LazyLock;

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
    let Some(run) = step.run().filter(|run| mentions(*run, &PUBLISHED)) else { return };
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
    let run = step.run().filter(|run| mentions(*run, &CHECKED));
    let script = run.map(|run| Script::read(run.as_str().unwrap_or_default())).unwrap_or_default();
    script.commands.iter().filter_map(Invocation::of).any(|invocation| inspect::verifies(&invocation))
}

/// Whether the script holds one of `words`: most scripts hold none, and need not be read again.
fn mentions(run: Node<'_>, words: &Marks) -> bool {
    run.as_str().is_some_and(|script| words.any_in(script))
}

static PUBLISHED: LazyLock<Marks> = LazyLock::new(|| Marks::new(["publish", "upload", "push"].into_iter()));
static PROMOTED: LazyLock<Marks> = LazyLock::new(|| Marks::new(PUBLISHING.iter().copied()));
static CHECKED: LazyLock<Marks> = LazyLock::new(|| Marks::new(CHECKING.iter().copied()));

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

/// What says that an action, which stands at `node`, pushes an image: an input, or the action itself.
fn pushed<'y>(step: &Step<'y>, name: &str, node: Node<'y>) -> Option<Node<'y>> {
    match name {
        "redhat-actions/push-to-registry" => Some(node),
        "docker/build-push-action" | "docker/bake-action" => {
            let push = step.with("push").filter(|push| {
                let written = push.as_str().unwrap_or_default();
                push.as_bool() == Some(true) || written == "true" || written.contains("${{")
            });
            let output = step.with("outputs").filter(|outputs| {
                let written = outputs.as_str().unwrap_or_default();
                written.contains("type=registry") || written.contains("push=true")
            });
            push.or(output)
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
        } else if let Some(place) = pushed(step, &uses.name(), node) {
            issue::report(text, notes, [promoted(place.span(), "pushes an image")]);
        }
        return;
    }
    let Some(run) = step.run().filter(|run| mentions(*run, &PROMOTED)) else { return };
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

#[cfg(test)]
mod tests {
    use bartizan_core::Severity::{self, Low, Medium};

    fn graded(steps: &str, job: &str) -> Vec<Severity> {
        let text = format!(
            "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n{job}    steps:\n{steps}"
        );
        crate::testing::graded(".github/workflows/a.yml", &text, "pipeline/unverified-promotion")
    }

    #[test]
    fn images_are_pushed_and_models_promoted_by_steps_of_every_kind() {
        let commit = "0123456789012345678901234567890123456789";
        let build =
            |with: &str| format!("    - uses: docker/build-push-action@{commit}\n      with: {{{with}}}\n");
        assert_eq!(graded(&build("push: true, tags: 'a/b:1'"), ""), [Low]);
        assert_eq!(graded(&build("push: \"${{ github.ref == 'refs/heads/main' }}\""), ""), [Low]);
        assert_eq!(graded(&build("outputs: 'type=image,push=true'"), ""), [Low]);
        assert_eq!(graded(&build("push: false"), ""), []);
        assert_eq!(graded(&build("load: true"), ""), []);
        let signed = format!("{}    - run: cosign sign a/b\n", build("push: true"));
        assert_eq!(graded(&signed, ""), []);
        let promote = "    - run: |\n        curl -X POST https://m.example/api/2.0/mlflow/registered-models/alias \\\n          -d @alias.json\n";
        assert_eq!(graded(promote, ""), [Medium]);
        assert_eq!(graded(promote, "    environment: production\n"), [Low]);
    }

    #[test]
    fn containers_of_jobs_with_all_rights_are_found() {
        let found = |options: &str| {
            let job = format!("    container:\n      image: a@sha256:aa\n      options: {options}\n");
            let text = format!(
                "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n{job}    steps:\n    - run: make\n"
            );
            crate::testing::graded(".github/workflows/a.yml", &text, "pipeline/privileged-container").len()
        };
        assert_eq!((found("--privileged --shm-size 2g"), found("--cap-add SYS_ADMIN")), (1, 1));
        assert_eq!((found("--shm-size 2g"), found("--user 1001")), (0, 0));
    }
}
