//! Who can choose the value of a context, and how freely: [`reach`].
//!
//! Source: GitHub Docs, "Contexts reference" and "Webhook events and payloads".

/// How freely an outsider can choose a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Not at all: set by GitHub, or too narrow to say anything in.
    Fixed,
    /// Set by who writes or calls the workflow, or by earlier steps: not known from here.
    Unknown,
    /// Given by who starts or calls the workflow.
    Caller,
    /// A branch or tag name: who can push, or open a pull request, chooses it.
    Reference,
    /// Free text of anyone.
    Free,
}

/// The reach of the normalised context `path`.
pub(super) fn reach(path: &str) -> Reach {
    let mut parts = path.split('.');
    match parts.next().unwrap_or_default() {
        "github" => github(path.strip_prefix("github").unwrap_or_default().trim_start_matches('.')),
        "inputs" => Reach::Caller,
        "env" | "steps" | "matrix" => step(path),
        "needs" | "jobs" => needs(path),
        "secrets" | "runner" | "strategy" | "job" | "vars" => Reach::Fixed,
        _ => Reach::Unknown,
    }
}

fn step(path: &str) -> Reach {
    let last = path.rsplit('.').next().unwrap_or_default();
    if matches!(last, "outcome" | "conclusion" | "number" | "id" | "cache-hit") {
        Reach::Fixed
    } else {
        Reach::Unknown
    }
}

fn needs(path: &str) -> Reach {
    if path.ends_with(".result") { Reach::Fixed } else { Reach::Unknown }
}

fn github(rest: &str) -> Reach {
    let Some(event) = rest.strip_prefix("event") else {
        return match rest {
            "" | "*" | "head_ref" => Reach::Free,
            "ref" | "ref_name" | "base_ref" => Reach::Reference,
            "actor" | "triggering_actor" => Reach::Unknown,
            _ => Reach::Fixed,
        };
    };
    if rest.starts_with("event_") {
        return Reach::Fixed;
    }
    let event = event.trim_start_matches('.');
    if event.is_empty() || event == "*" {
        return Reach::Free;
    }
    if let Some(input) = event.strip_prefix("inputs") {
        return if input.is_empty() || input.starts_with('.') { Reach::Caller } else { Reach::Unknown };
    }
    if event.starts_with("client_payload") {
        return Reach::Caller;
    }
    let last = event.rsplit('.').find(|part| *part != "*").unwrap_or_default();
    if FREE.contains(&last) {
        return Reach::Free;
    }
    if REFERENCES.contains(&last) {
        // The head of a pull request is named by its author.
        let own = event.contains("head") || event.contains("workflow_run");
        return if own { Reach::Free } else { Reach::Reference };
    }
    let narrow = FIXED.contains(&last)
        || ["_id", "_at", "_sha", "_count", "_url", "_type", "_on", "_enabled"]
            .iter()
            .any(|end| last.ends_with(end))
        || last.starts_with("is_")
        || last.starts_with("has_")
        || last.starts_with("allow_");
    if narrow { Reach::Fixed } else { Reach::Unknown }
}

/// Fields that hold free text.
const FREE: &[&str] = &[
    "title",
    "body",
    "message",
    "name",
    "email",
    "description",
    "label",
    "display_title",
    "page_name",
    "homepage",
    "head_branch",
    "summary",
    "text",
    "commits",
    "pull_request",
    "issue",
    "comment",
    "review",
    "discussion",
    "head_commit",
    "release",
    "labels",
    "path",
    "content",
    "milestone",
    "answer",
    "question",
    "changes",
    "location",
    "company",
    "blog",
    "bio",
    "topics",
];

/// Fields that hold names of branches and tags.
const REFERENCES: &[&str] = &[
    "ref",
    "head_ref",
    "base_ref",
    "default_branch",
    "tag_name",
    "target_commitish",
    "branch",
    "base_branch",
];

/// Fields that GitHub sets or that hold too little.
const FIXED: &[&str] = &[
    "id",
    "number",
    "sha",
    "after",
    "before",
    "action",
    "state",
    "merged",
    "draft",
    "fork",
    "private",
    "url",
    "type",
    "login",
    "full_name",
    "owner",
    "created",
    "deleted",
    "forced",
    "conclusion",
    "status",
    "event",
    "size",
    "additions",
    "deletions",
    "merge_commit_sha",
    "locked",
    "mergeable",
    "rebaseable",
    "comments",
    "commits_url",
    "key",
    "visibility",
    "run_attempt",
    "run_number",
    "archived",
    "disabled",
    "prerelease",
    "site_admin",
    "author_association",
    "color",
    "position",
    "default",
    "slug",
    "user_view_type",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_told_from_what_github_sets() {
        for path in [
            "github.event.issue.title",
            "github.event.pull_request.labels.*.name",
            "github.head_ref",
            "github.event",
            "github.event.changes.new_discussion.labels.*.name",
            "github.event.commits.*.message",
        ] {
            assert_eq!(reach(path), Reach::Free, "{path}");
        }
        for path in [
            "github.event.issue.number",
            "github.event.pull_request.head.sha",
            "github.repository",
            "github.event_name",
            "github.event.workflow_run.pull_requests.*.base.repo.id",
            "needs.a.result",
            "secrets.x",
            "github.event.pull_request.head.repo.fork",
        ] {
            assert_eq!(reach(path), Reach::Fixed, "{path}");
        }
        assert_eq!(reach("github.ref"), Reach::Reference);
        assert_eq!(reach("inputs.x"), Reach::Caller);
        assert_eq!(reach("steps.a.outputs.b"), Reach::Unknown);
    }
}
