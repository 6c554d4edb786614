//! Files that a requirements file includes (`-r base.txt`) and whose own names say nothing: [`issues`].
//!
//! Source: pip's "Requirements File Format". Read within the boundary of the scan, each once, however they include each other.

use super::check::judged;
use super::read::{self, is_manifest};
use super::{Dependencies, Purpose};
use crate::surroundings::small_file;
use crate::{Issue, Text};
use bartizan_core::printable;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Most files that are followed from one.
const FILES: usize = 32;
/// Largest of them, in bytes.
const FILE_BYTES: u64 = 1 << 20;

/// What is wrong with the dependencies in files that `found`, read from `text`, includes: one issue of each rule for a line that
/// includes, which names the place of the first and counts the others.
pub(super) fn issues(text: &Text<'_>, found: &Dependencies) -> Vec<Issue> {
    let Some((path, boundary)) = text.place else { return Vec::new() };
    let mut issues: Vec<(Issue, usize)> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::from([path.to_path_buf()]);
    let folder = path.parent().unwrap_or(path);
    let mut pending: Vec<_> =
        found.includes.iter().rev().map(|(span, name)| (span.clone(), folder.join(name))).collect();
    while let Some((span, file)) = pending.pop() {
        let Some(file) = within(&file, boundary) else { continue };
        if seen.len() > FILES || !seen.insert(file.clone()) {
            continue;
        }
        let Some(content) = small_file(&file, FILE_BYTES) else { continue };
        let content = String::from_utf8_lossy(&content);
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let inner = Text::new(&name, &content);
        // A file that is read by its name reports for itself.
        if is_manifest(&Text::new(&file.to_string_lossy(), "")) {
            continue;
        }
        let listed = read::requirements(&inner);
        let own = listed.dependencies.iter().flat_map(|dependency| judged(dependency, Purpose::Deployment));
        for issue in own.chain(listed.issues.iter().cloned()) {
            let (line, _) = inner.line_column(issue.span.start);
            let place = format!("{}:{line}", printable(&name, 100));
            let key = (span.start, issue.rule.id);
            let known = issues.iter_mut().find(|(known, _)| (known.span.start, known.rule.id) == key);
            let Some((known, more)) = known else {
                let message = format!("{} ({place})", issue.message);
                issues.push((Issue { span: span.clone(), message, ..issue }, 0_usize));
                continue;
            };
            *more = more.saturating_add(1);
            if (issue.severity, issue.confidence) > (known.severity, known.confidence) {
                (known.severity, known.confidence) = (issue.severity, issue.confidence);
                known.message = format!("{} ({place})", issue.message);
            }
        }
        let folder = file.parent().unwrap_or(&file).to_path_buf();
        pending.extend(listed.includes.iter().rev().map(|(_, name)| (span.clone(), folder.join(name))));
    }
    issues
        .into_iter()
        .map(|(issue, more)| match more {
            0 => issue,
            more => Issue { message: format!("{}, and {more} more like it", issue.message), ..issue },
        })
        .collect()
}

/// `path` without `.` and `..`, when it lies in `boundary`.
fn within(path: &Path, boundary: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    let boundary: PathBuf = boundary.components().filter(|part| *part != Component::CurDir).collect();
    plain.starts_with(boundary).then_some(plain)
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};
    use std::fs;

    #[test]
    fn files_that_requirements_include_are_read_once_however_they_include_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("requirements.txt");
        fs::create_dir(folder.path().join("deps")).unwrap();
        fs::write(folder.path().join("deps/base.txt"), "numpy==1.26.4\ntorch\n-r ../more.txt\n").unwrap();
        fs::write(folder.path().join("more.txt"), "-r requirements.txt\n-r deps/base.txt\npandas\n").unwrap();
        fs::write(folder.path().join("other-requirements.txt"), "scipy\n").unwrap();
        let content =
            "requests==2.31.0\n-r deps/base.txt\n--requirement=other-requirements.txt\n-r ../outside.txt\n";
        let name = path.to_string_lossy().into_owned();
        let text = Text::new(&name, content).at(Some((&path, folder.path())));
        let found = examine(&text, &Limits::default(), &MonotonicClock::start()).findings;
        let mut unpinned: Vec<_> = found
            .iter()
            .filter(|one| one.rule.id == "pipeline/unpinned-package")
            .map(|one| (one.location.line, one.message.as_str()))
            .collect();
        unpinned.sort_unstable();
        assert_eq!(
            unpinned,
            [(
                Some(2),
                "`torch` has no version: each install takes the newest (deps/base.txt:2), and 1 more like it"
            )]
        );
    }
}
