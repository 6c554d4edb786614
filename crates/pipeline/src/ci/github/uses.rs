//! Actions and reusable workflows by name and reference.

use super::owners::{ARCHIVED, KNOWN, SUPERFLUOUS, WEAK};
use super::workflow::{Uses, Workflow};
use crate::address::is_commit;
use crate::pin::{Pinning, Repository};
use crate::rules::{
    ARCHIVED_ACTION, KNOWN_VULNERABLE_ACTION, SUPERFLUOUS_ACTION, TYPOSQUAT_ACTION, UNPINNED_ACTION,
};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let steps = workflow.steps().filter_map(|(_, step)| step.uses());
    let jobs = workflow.jobs.iter().filter_map(|job| {
        let node = job.get("uses")?;
        Some((node, Uses::of(node.as_str()?)))
    });
    for (node, uses) in steps.chain(jobs) {
        let issues = judge(node, &uses, text);
        issue::report(text, notes, issues);
    }
}

fn judge(node: Node<'_>, uses: &Uses<'_>, text: &Text<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let Uses::Repository { path, reference } = uses else { return issues };
    let span = node.span();
    let name = uses.name();
    let repository = name.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    if path.contains("${{") || !path.contains('/') {
        return issues;
    }
    if !reference.is_some_and(is_commit) {
        let first_party = matches!(uses.owner().as_str(), "actions" | "github");
        let version = reference.is_some_and(|reference| {
            reference.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
        });
        let severity = if first_party && version { Severity::Low } else { Severity::Medium };
        let message = match reference {
            Some(reference) => format!("`{path}` is used at `{reference}`, which can be moved"),
            None => format!("`{path}` is used at its newest commit"),
        };
        let pinning = reference.filter(|reference| !reference.contains("${{")).map(|reference| {
            let on_github = path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
            Pinning::commit(Repository::OnGitHub(on_github), reference).noted()
        });
        let mut issue = Issue::new(&UNPINNED_ACTION, span.clone(), message)
            .severity(severity)
            .remedy(format!("Pin it: `{path}@<40 hex digits> # {}`.", reference.unwrap_or("version")));
        if let Some(pinning) = pinning {
            issue = issue.pinned(pinning);
        }
        issues.push(issue);
    }
    if let Some(known) = near_owner(&uses.owner()) {
        let message = format!("the owner of `{path}` looks like `{known}` and is another");
        issues.push(Issue::new(&TYPOSQUAT_ACTION, span.clone(), message).confidence(Confidence::Medium));
    }
    if ARCHIVED.contains(&repository.as_str()) {
        issues.push(Issue::new(&ARCHIVED_ACTION, span.clone(), format!("`{repository}` is archived")));
    }
    if let Some((_, command)) = SUPERFLUOUS.iter().find(|(action, _)| *action == repository) {
        let message = format!("`{repository}` does what `{command}` does");
        issues.push(Issue::new(&SUPERFLUOUS_ACTION, span.clone(), message).confidence(Confidence::Medium));
    }
    for weakness in WEAK.iter().filter(|weakness| weakness.action == repository) {
        let comment = comment_version(text, span.end);
        let commit = reference.is_some_and(|reference| {
            weakness.commits.iter().any(|known| reference.eq_ignore_ascii_case(known))
        });
        let version = reference.filter(|reference| !is_commit(reference)).or(comment);
        let old = version.and_then(numbers).is_some_and(|version| {
            weakness.below.is_some_and(|below| is_below(&version, below))
                && !weakness.from.is_some_and(|from| is_below(&version, from))
        });
        if commit || old {
            let message = format!("`{path}` has {}: {}", weakness.advisory, weakness.what);
            let confidence = if commit { Confidence::High } else { Confidence::Medium };
            issues.push(Issue::new(&KNOWN_VULNERABLE_ACTION, span.clone(), message).confidence(confidence));
        }
    }
    issues
}

/// The version in the comment behind a reference: `# v1.2.3`.
fn comment_version<'t>(text: &Text<'t>, end: usize) -> Option<&'t str> {
    let rest = text.content.get(end..)?.lines().next()?;
    let comment = rest.split_once('#')?.1.trim();
    comment.split_whitespace().next().map(|word| word.trim_start_matches("tag="))
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    let parts: Vec<u32> =
        version.trim_start_matches('v').split('.').map_while(|part| part.parse().ok()).collect();
    (!parts.is_empty()).then_some(parts)
}

/// Whether `version` comes before `limit`; a version that names fewer parts than the limit moves and is taken as newest.
fn is_below(version: &[u32], limit: &[u32]) -> bool {
    for (index, part) in limit.iter().enumerate() {
        match version.get(index) {
            None => return false,
            Some(own) if own != part => return own < part,
            Some(_) => {}
        }
    }
    false
}

/// The known owner that `owner` is one slip away from.
fn near_owner(owner: &str) -> Option<&'static str> {
    if owner.len() < 5 || KNOWN.contains(&owner) {
        return None;
    }
    let plain: String = owner
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' => 'l',
            '3' => 'e',
            '5' => 's',
            other => other,
        })
        .collect();
    KNOWN.iter().copied().find(|known| known.len() >= 5 && (one_slip(owner, known) || plain == *known))
}

/// Whether the two differ by one letter put in, left out, repeated, changed, or two swapped.
fn one_slip(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a.get(prefix..).unwrap_or_default(), b.get(prefix..).unwrap_or_default());
    let tail = |rest: &[u8], skip: usize| rest.get(skip..).map(<[u8]>::to_vec);
    match rest_a.len().abs_diff(rest_b.len()) {
        0 => {
            let swapped = matches!((rest_a, rest_b), ([first, second, ..], [third, fourth, ..]) if first == fourth && second == third)
                && tail(rest_a, 2) == tail(rest_b, 2);
            !rest_a.is_empty() && (swapped || tail(rest_a, 1) == tail(rest_b, 1))
        }
        1 if rest_a.len() > rest_b.len() => tail(rest_a, 1).as_deref() == Some(rest_b),
        1 => tail(rest_b, 1).as_deref() == Some(rest_a),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_one_slip_away_are_told_from_strangers() {
        for owner in ["action", "cations", "acti0ns", "actiions", "dokcer"] {
            assert!(near_owner(owner).is_some(), "{owner}");
        }
        for owner in ["actions", "example", "acme", "woodruffw", "vitest-dev"] {
            assert_eq!(near_owner(owner), None, "{owner}");
        }
    }

    #[test]
    fn versions_are_compared_part_by_part() {
        assert!(is_below(&[4, 1, 2], &[4, 1, 3]));
        assert!(!is_below(&[4, 1, 3], &[4, 1, 3]));
        assert!(!is_below(&[4], &[4, 1, 3]));
        assert!(is_below(&[45], &[46]));
    }
}
