//! `bartizan scan --fix`: writes what mends findings into their files, with a difference first.
//!
//! Fixes come from the readers of `bartizan-pipeline`, which are asked again about each file that has findings; only those
//! of findings that the report keeps are made. A file whose mended text can be read less far than before, or has a finding that it had not, stays as it is.

use crate::arguments::FixMode;
use crate::commands::scan::write_whole;
use crate::commands::scan_resolve::Resolver;
use crate::failure::Failure;
use crate::terminal;
use bartizan_core::report::Report;
use bartizan_core::walk::{Content, Walk};
use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::{Fix, Outcome, Safety, Text, apply, examine};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What was mended.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    /// How many findings.
    pub(crate) findings: usize,
    /// How many files.
    pub(crate) files: usize,
    /// How many findings could be mended if what they name were known.
    pub(crate) unanswered: usize,
    /// The differences, as a unified diff.
    pub(crate) difference: String,
}

/// Mends what `report` shows in the files of `walk`; changes nothing when `only_show`.
///
/// # Errors
/// [`Failure::Write`] when a file cannot be replaced.
pub(crate) fn mend(
    report: &Report,
    walk: &Walk,
    limits: &Limits,
    mode: FixMode,
    only_show: bool,
    resolver: &mut Resolver,
) -> Result<Mended, Failure> {
    let mut mended = Mended::default();
    // A file that links name as well is mended once.
    let mut done: BTreeSet<PathBuf> = BTreeSet::new();
    for entry in &walk.entries {
        let Content::File { path, root, .. } = &entry.content else { continue };
        let kept: BTreeSet<(&str, u64)> = report
            .findings
            .iter()
            .filter(|reported| reported.subject == entry.uri && reported.finding.location.member.is_none())
            .filter_map(|reported| Some((reported.finding.rule.id, reported.finding.location.offset?)))
            .collect();
        let own = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if kept.is_empty() || done.contains(&own) {
            continue;
        }
        let Ok(before) = fs::read_to_string(path) else { continue };
        let place = Some((path.as_path(), root.as_path()));
        let look = |content: &str| -> Outcome {
            examine(&Text::new(&entry.uri, content).at(place), limits, &MonotonicClock::start())
        };
        let outcome = look(&before);
        let fixes: Vec<Cow<'_, Fix>> = outcome
            .fixes
            .iter()
            .filter(|proposal| kept.contains(&(proposal.rule, proposal.offset as u64)))
            .filter(|proposal| mode == FixMode::All || proposal.fix.safety == Safety::Safe)
            .filter_map(|proposal| match &proposal.fix.asks {
                None => Some(Cow::Borrowed(&proposal.fix)),
                Some(asked) => {
                    let answer = resolver.answer(asked);
                    mended.unanswered = mended.unanswered.saturating_add(usize::from(answer.is_none()));
                    Some(Cow::Owned(proposal.fix.answered(&answer?)))
                }
            })
            .collect();
        if fixes.is_empty() {
            continue;
        }
        let fixes: Vec<&Fix> = fixes.iter().map(AsRef::as_ref).collect();
        let (after, count) = apply(&before, &fixes);
        let again = look(&after);
        let left =
            |reason: &str| terminal::remark(&format!("{} is left as it is: mended, {reason}", entry.uri));
        if again.gaps.len() > outcome.gaps.len() {
            left("it could not be read as far");
            continue;
        }
        if let Some(rule) = gained(&outcome, &again) {
            left(&format!("it would have a finding of {rule} that it has not now"));
            continue;
        }
        done.insert(own);
        mended.findings = mended.findings.saturating_add(count);
        mended.files = mended.files.saturating_add(1);
        let name = entry.uri.as_str();
        let lines = similar::TextDiff::from_lines(&before, &after);
        let shown = lines.unified_diff().context_radius(3).header(name, name).to_string();
        mended.difference.push_str(&shown);
        if !only_show {
            replace(path, &after)?;
        }
    }
    Ok(mended)
}

/// The first rule of which `after` has more findings than `before`.
fn gained(before: &Outcome, after: &Outcome) -> Option<&'static str> {
    let count = |outcome: &Outcome| {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for finding in &outcome.findings {
            let count = counts.entry(finding.rule.id).or_default();
            *count = count.saturating_add(1);
        }
        counts
    };
    let before = count(before);
    count(after)
        .into_iter()
        .find(|(rule, count)| count > before.get(rule).unwrap_or(&0))
        .map(|(rule, _)| rule)
}

/// Puts `content` in the place of the file, with the rights it had.
fn replace(path: &Path, content: &str) -> Result<(), Failure> {
    let failure = |error| Failure::Write { path: path.to_owned(), error };
    // Behind a link, the file itself.
    let path = fs::canonicalize(path).map_err(failure)?;
    let rights = fs::metadata(&path).map_err(failure)?.permissions();
    write_whole(&path, |out| out.write_all(content.as_bytes()))?;
    fs::set_permissions(&path, rights).map_err(failure)
}
