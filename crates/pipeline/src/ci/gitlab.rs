//! GitLab CI: `.gitlab-ci.yml` and what it includes.
//!
//! Source: GitLab Docs, "CI/CD YAML syntax reference" and "Predefined CI/CD variables reference".

use super::github::gaps;
use super::script::Script;
use crate::address::is_commit;
use crate::pin::{Pinning, Repository};
use crate::rules::{self, TEMPLATE_INJECTION, UNPINNED_INCLUDE};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, address, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// Pipelines of GitLab.
#[derive(Debug)]
pub(crate) struct GitlabPipeline;

impl Reader for GitlabPipeline {
    fn id(&self) -> &'static str {
        "gitlab-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        if !matches!(text.extension(), "yml" | "yaml") {
            return false;
        }
        let named = text.file_name().contains("gitlab-ci")
            || text.name.contains(".gitlab/ci/")
            || text.name.contains("gitlab-ci/");
        let content = text.content;
        let shaped = text.has_key(&["stages"])
            && content.contains("script:")
            && content.contains("stage:")
            && !content.contains("vmImage")
            && !text.has_key(&["pool", "jobs", "trigger", "language", "version"]);
        named || shaped
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for document in yaml.documents().filter(|document| document.is_mapping()) {
            pipeline(text, notes, document);
        }
    }
}

/// Variables that whoever commits or opens a merge request fills.
const OUTSIDERS: &[(&str, Severity)] = &[
    ("CI_COMMIT_MESSAGE", Severity::High),
    ("CI_COMMIT_TITLE", Severity::High),
    ("CI_COMMIT_DESCRIPTION", Severity::High),
    ("CI_COMMIT_AUTHOR", Severity::High),
    ("CI_COMMIT_TAG_MESSAGE", Severity::High),
    ("CI_COMMIT_REF_NAME", Severity::High),
    ("CI_COMMIT_BRANCH", Severity::High),
    ("CI_COMMIT_TAG", Severity::Medium),
    ("CI_MERGE_REQUEST_TITLE", Severity::High),
    ("CI_MERGE_REQUEST_DESCRIPTION", Severity::High),
    ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", Severity::High),
    ("CI_MERGE_REQUEST_LABELS", Severity::Medium),
    ("CI_MERGE_REQUEST_MILESTONE", Severity::Medium),
    ("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", Severity::High),
    ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME", Severity::Medium),
    ("GITLAB_USER_NAME", Severity::Medium),
    ("TRIGGER_PAYLOAD", Severity::High),
];

fn outsider(name: &str) -> Option<Severity> {
    OUTSIDERS.iter().find(|(known, _)| *known == name).map(|(_, severity)| *severity)
}

fn pipeline(text: &Text<'_>, notes: &mut Notes<'_>, root: Node<'_>) {
    if let Some(include) = root.get("include") {
        issue::report(text, notes, includes(include));
    }
    variables(text, notes, root.get("variables"));
    issue::report(text, notes, caches(root));
    let mut judged = job(text, notes, root, root);
    for entry in root.entries() {
        if judged > SCRIPT_BYTES {
            notes.gap(None, "more script than is examined of one pipeline; the rest was not");
            return;
        }
        if notes.out_of_time() {
            return;
        }
        let is_job = entry.value.is_mapping()
            && !matches!(
                entry.name(),
                "variables" | "workflow" | "include" | "spec" | "cache" | "pages_access"
            );
        if is_job {
            variables(text, notes, entry.value.get("variables"));
            judged = judged.saturating_add(job(text, notes, root, entry.value));
            if let Some(include) = entry.value.get("trigger").and_then(|trigger| trigger.get("include")) {
                issue::report(text, notes, includes(include));
            }
        }
    }
}

fn variables(text: &Text<'_>, notes: &mut Notes<'_>, variables: Option<Node<'_>>) {
    for entry in variables.map(Node::entries).unwrap_or_default() {
        let value = entry.value.get("value").unwrap_or(entry.value);
        let written = value.as_str().unwrap_or_default();
        issue::report(text, notes, variable::issues(entry.name(), written, &value.span()));
    }
}

/// Most bytes of script examined of one pipeline; aliases can make many of few.
const SCRIPT_BYTES: usize = 16 << 20;

/// A cache under one constant key that jobs of merge requests and of protected branches share: who opens a merge request fills what
/// the others restore.
///
/// Source: GitLab Docs, "Caching in GitLab CI/CD", "Cache key names" and "Use the same cache for all branches".
fn caches(root: Node<'_>) -> Vec<Issue> {
    let jobs: Vec<Node<'_>> = root
        .entries()
        .into_iter()
        .filter(|entry| entry.value.get("script").is_some())
        .map(|entry| entry.value)
        .collect();
    let says = |node: Node<'_>, words: &[&str]| {
        ["rules", "only"].iter().filter_map(|key| node.get(key)).any(|node| {
            let items = node.items_or_self().into_iter();
            items
                .flat_map(|item| [Some(item), item.get("if")])
                .chain(node.get("refs").into_iter().flat_map(Node::items).map(Some))
                .flatten()
                .filter_map(Node::as_str)
                .any(|said| words.iter().any(|word| said.contains(word)))
        })
    };
    let merges = jobs.iter().any(|job| says(*job, &["merge_request"]));
    let protected = jobs.iter().any(|job| {
        says(
            *job,
            &["CI_DEFAULT_BRANCH", "CI_COMMIT_TAG", "CI_COMMIT_REF_PROTECTED", "main", "master", "tags"],
        )
    });
    if !merges || !protected {
        return Vec::new();
    }
    let shared = [Some(root), root.get("default")].into_iter().flatten();
    shared
        .chain(jobs.iter().copied().filter(|job| says(*job, &["merge_request"])))
        .filter_map(|node| node.get("cache"))
        .flat_map(|cache| if cache.is_mapping() { vec![cache] } else { cache.items().collect() })
        .filter(|cache| cache.text_of("policy") != Some("pull"))
        .filter_map(|cache| cache.get("key"))
        .filter(|key| key.as_str().is_some_and(|key| !key.contains('$')))
        .map(|key| {
            let message =
                "who opens a merge request may fill this cache, which jobs of protected branches restore";
            Issue::new(&rules::CACHE_POISONING, key.span(), message)
                .severity(Severity::Medium)
                .confidence(Confidence::Medium)
                .remedy("Put `$CI_COMMIT_REF_SLUG` into the key, or let merge requests only pull.")
        })
        .collect()
}

/// Judges one job; gives the bytes of its script.
fn job(text: &Text<'_>, notes: &mut Notes<'_>, root: Node<'_>, job: Node<'_>) -> usize {
    let image = job.get("image").map(|image| image.get("name").unwrap_or(image));
    let services = job
        .get("services")
        .into_iter()
        .flat_map(Node::items)
        .map(|service| service.get("name").unwrap_or(service));
    for node in image.into_iter().chain(services) {
        let reference = node.as_str().unwrap_or_default();
        // A variable of the file stands for what it is set to, where that is.
        let name = reference.strip_prefix('$').map(|name| name.trim_start_matches('{').trim_end_matches('}'));
        let set = name.and_then(|name| {
            let scopes = [job.get("variables"), root.get("variables")].into_iter().flatten();
            let value = scopes.into_iter().find_map(|scope| scope.get(name))?;
            Some(value.get("value").unwrap_or(value))
        });
        let node = set.unwrap_or(node);
        issue::report(text, notes, image::issue(node.as_str().unwrap_or_default(), node.span(), "the image"));
    }
    for file in job.path(&["artifacts", "paths"]).into_iter().flat_map(Node::items_or_self) {
        if let Some(path) = file.as_str().filter(|path| rules::holds_credentials(path)) {
            let message = format!("`{}` is kept as an artifact", bartizan_core::printable(path, 80));
            issue::report(text, notes, [Issue::new(&rules::PACKAGED_SECRET, file.span(), message)]);
        }
    }
    let scripts = ["before_script", "script", "after_script"].iter().filter_map(|key| job.get(key));
    let by_hand = |of: Node<'_>| of.text_of("when") == Some("manual");
    let rules = job.get("rules").into_iter().flat_map(Node::items);
    let script = Script::of(scripts).approved(std::iter::once(job).chain(rules).any(by_hand));
    // What a variable of the file is set to from an outsider's is the outsider's as well.
    let set = |name: &str| {
        let value = [job.get("variables"), root.get("variables")]
            .into_iter()
            .flatten()
            .find_map(|scope| scope.get(name))?;
        let value = value.get("value").unwrap_or(value).as_str()?;
        OUTSIDERS
            .iter()
            .find(|(known, _)| {
                value.contains(&format!("${known}")) || value.contains(&format!("${{{known}}}"))
            })
            .map(|(_, severity)| *severity)
    };
    script.check(text, notes, &|name: &str| outsider(name).or_else(|| set(name)));
    script.report(text, notes, inputs(script.text()));
    script.text().len()
}

/// `$[[ inputs.x ]]` in a script is filled in before the shell reads it.
fn inputs(script: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0usize;
    while let Some(start) =
        script.get(at..).and_then(|rest| rest.find("$[[")).map(|place| at.saturating_add(place))
    {
        let near = script.get(start..).unwrap_or_default();
        let Some(length) = near.find("]]") else { break };
        let inner = near.get(3..length).unwrap_or_default().trim();
        let end = start.saturating_add(length).saturating_add(2);
        if inner.starts_with("inputs.") && !inner.contains("posix_escape") {
            let message = format!("`{inner}` is filled into a script");
            issues.push(
                Issue::new(&TEMPLATE_INJECTION, start..end, message)
                    .severity(Severity::Low)
                    .confidence(Confidence::Medium),
            );
        }
        at = end;
    }
    issues
}

fn includes(include: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let list: Vec<Node<'_>> = if include.is_sequence() { include.items().collect() } else { vec![include] };
    for item in list {
        let direct = item.as_str().filter(|text| text.contains("://")).map(|_| item);
        if let Some(remote) = item.get("remote").or(direct) {
            let address = remote.as_str().unwrap_or_default();
            let raw = address.split_once("/-/raw/").or_else(|| address.split_once("/raw/"));
            let at_commit = raw.and_then(|(_, path)| path.split('/').next()).is_some_and(is_commit);
            if item.get("integrity").is_none() && !at_commit {
                let message = format!("{address} is included as it is at the time, without a digest");
                issues.push(
                    Issue::new(&UNPINNED_INCLUDE, remote.span(), message)
                        .remedy("Add `integrity: sha256-…`, or include a project at a commit."),
                );
            }
            issues.extend(address::fetched(address, remote.span()));
        }
        if let Some(project) = item.get("project") {
            let name = project.as_str().unwrap_or_default();
            match item.get("ref") {
                None => issues.push(Issue::new(
                    &UNPINNED_INCLUDE,
                    project.span(),
                    format!("`{name}` is included at its default branch"),
                )),
                Some(reference) => {
                    let text = reference.as_str().unwrap_or_default();
                    if !is_commit(text) && !text.contains('$') {
                        let severity = if text.starts_with(|c: char| c == 'v' || c.is_ascii_digit()) {
                            Severity::Low
                        } else {
                            Severity::Medium
                        };
                        issues.push(
                            Issue::new(
                                &UNPINNED_INCLUDE,
                                reference.span(),
                                format!("`{name}` is included at `{text}`, which can be moved"),
                            )
                            .severity(severity)
                            .pinned(Pinning::commit(Repository::OnGitLab(name.to_owned()), text).noted()),
                        );
                    }
                }
            }
        }
        if let Some(component) = item.get("component") {
            let text = component.as_str().unwrap_or_default();
            let version = text.rsplit_once('@').map_or("", |(_, version)| version);
            if !is_commit(version) && !version.contains("CI_COMMIT_SHA") {
                let exact = version.matches('.').count() >= 2;
                let severity = if exact { Severity::Low } else { Severity::Medium };
                issues.push(
                    Issue::new(
                        &UNPINNED_INCLUDE,
                        component.span(),
                        format!("the component `{text}` is not pinned to a commit"),
                    )
                    .severity(severity),
                );
            }
        }
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn what_is_included_by_a_commit_or_a_digest_is_pinned() {
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        let including = |item: &str| {
            lines(".gitlab-ci.yml", &format!("include:\n  - {item}\na:\n  script: [\"true\"]\n"))
        };
        for moving in [
            "remote: https://gitlab.com/acme/x/-/raw/main/ci.yml",
            "component: gitlab.com/acme/x/scan@~latest",
            "component: $CI_SERVER_FQDN/acme/x/scan@main",
            "component: gitlab.com/acme/x/scan",
        ] {
            assert_eq!(including(moving), [(2, "unpinned-include")], "{moving}");
        }
        for pinned in [
            format!("remote: https://gitlab.com/acme/x/-/raw/{commit}/ci.yml"),
            format!("component: gitlab.com/acme/x/scan@{commit}"),
            "component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/scan@$CI_COMMIT_SHA".to_owned(),
        ] {
            assert_eq!(including(&pinned), [], "{pinned}");
        }
    }

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines(".gitlab-ci.yml", text)
    }

    #[test]
    fn variables_of_outsiders_become_code_only_where_something_evaluates_them() {
        let text = "variables:\n  TITLE: $CI_MERGE_REQUEST_TITLE\nt:\n  script:\n    - python train.py \"$CI_MERGE_REQUEST_TITLE\"\n    - eval \"$TITLE\"\n    - |\n      MSG=$CI_COMMIT_MESSAGE\n      bash -c \"echo $MSG\"\n    - claude -p \"$CI_COMMIT_MESSAGE\"\n";
        assert_eq!(
            found(text),
            [(6, "template-injection"), (9, "template-injection"), (10, "prompt-injection-in-ci")]
        );
    }

    #[test]
    fn one_cache_of_merge_requests_and_protected_branches_is_found() {
        let pipeline = |cache: &str, first: &str| {
            found(&format!(
                "cache:\n  {cache}\n  paths: [.venv/]\nt:\n  script: [make]\n  rules:\n    - if: {first}\nd:\n  script: [make]\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n"
            ))
        };
        let merge = "$CI_PIPELINE_SOURCE == \"merge_request_event\"";
        assert_eq!(pipeline("key: shared", merge), [(2, "cache-poisoning")]);
        assert_eq!(pipeline("key: $CI_COMMIT_REF_SLUG", merge), []);
        assert_eq!(pipeline("key: {files: [uv.lock]}", merge), []);
        assert_eq!(pipeline("key: shared", "$CI_COMMIT_BRANCH == \"dev\""), []);
    }

    #[test]
    fn files_of_credentials_among_artifacts_are_found() {
        let job = |path: &str| format!("a:\n  script: [make]\n  artifacts:\n    paths:\n      - {path}\n");
        assert_eq!(found(&job(".env")), [(5, "packaged-secret")]);
        assert_eq!(found(&job("out/")), []);
    }

    #[test]
    fn includes_images_and_variables_are_judged_and_anchors_followed() {
        let text = "include:\n  - local: /a.yml\n  - project: a/b\n    file: /x.yml\n  - project: a/b\n    ref: 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012\n    file: /x.yml\n  - component: gitlab.com/a/b@~latest\n.s: &s\n  - curl -LO https://x.example/t\n  - sh t\na:\n  image: {name: pytorch/pytorch:latest}\n  variables: {HF_TOKEN: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567}\n  script:\n    - *s\n    - huggingface-cli upload a/b .\n";
        assert_eq!(
            found(text),
            [
                (3, "unpinned-include"),
                (8, "unpinned-include"),
                (10, "unverified-download"),
                (13, "unpinned-image"),
                (14, "secret"),
                (17, "unverified-promotion")
            ]
        );
    }

    #[test]
    fn an_image_that_a_variable_names_is_judged_where_it_is_set() {
        use crate::testing::lines;
        let pipeline = |image: &str| {
            lines(
                ".gitlab-ci.yml",
                &format!("variables:\n  BASE: {image}\ntrain:\n  image: ${{BASE}}\n  script:\n  - make\n"),
            )
        };
        assert_eq!(
            (pipeline("acme/net:latest"), pipeline("acme/net@sha256:aa")),
            (vec![(2, "unpinned-image")], vec![])
        );
    }
}
