//! Archives unpacked to wherever their members say.

use crate::Safety;
use crate::python::call::Call;
use crate::python::module::{Module, edit};
use crate::python::value::{Known, Taint};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// `tarfile`'s `extractall` and `extract` without a `filter`, `shutil.unpack_archive` of a tar file without one, and a
    /// file of the program's own opened under the name of a member. Zip files otherwise are not reported: Python's
    /// `zipfile` keeps members inside.
    /// ## Why it matters
    /// A member called `../../home/user/.bashrc`, or a link followed by a file, is written outside the folder. Python 3.14
    /// filters by default; before it the archive decides.
    /// ## Example
    /// `tarfile.open("model.tar.gz").extractall("out")`
    /// ## How to fix
    /// `extractall("out", filter="data")`
    /// ## References
    /// - PEP 706
    pub const ARCHIVE_PATH_TRAVERSAL: Rule = Rule {
        id: "pipeline/archive-path-traversal",
        title: "an archive unpacked to wherever its members say",
        severity: Severity::Medium,
        remedy: "Pass `filter=\"data\"`.",
        taxonomies: &[atlas("AML.T0011"), cwe(22)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&ARCHIVE_PATH_TRAVERSAL];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let unpacks = matches!(name, "extractall" | "extract");
    let tar = call.is_of("tarfile");
    if unpacks && (tar || likely_tar(call)) {
        let members = call.argument(1, "members").filter(|_| name == "extractall");
        let chosen = members.is_some_and(|members| members.value.known != Known::Null);
        let own = call.keyword("filter").is_some_and(|filter| {
            filter.value.as_text() != Some("fully_trusted") && filter.value.known != Known::Null
        });
        if own
            || call.open
            || chosen
                && !members.is_some_and(|members| {
                    members.value.as_path().is_some_and(|path| path.contains("getmembers"))
                })
        {
            return;
        }
        let finding = Finding::new(
            &ARCHIVE_PATH_TRAVERSAL,
            format!("`{name}` writes members of a tar file wherever they say"),
        );
        let taint = call.receiver.all_taint();
        let outside = taint.has(Taint::REQUEST) || taint.has(Taint::NETWORK);
        let finding = if outside { finding.severity(Severity::High) } else { finding };
        let finding = if tar { finding } else { finding.confidence(Confidence::Medium) };
        let fix = call
            .keyword("filter")
            .is_none()
            .then(|| edit(call.adding("filter=\"data\""), Safety::Safe, "unpack with `filter=\"data\"`"))
            .flatten()
            .filter(|_| tar && !call.positional.is_empty());
        module.report_fixable(&call.span, finding, fix);
    } else if call.path.as_ref() == "shutil.unpack_archive" && call.keyword("filter").is_none() && !call.open
    {
        let file = call.argument(0, "filename").and_then(|file| file.value.as_pieces()).unwrap_or_default();
        let format = call.argument(2, "format").and_then(|format| format.value.as_text()).unwrap_or_default();
        let ending = file.rsplit('.').next().unwrap_or_default();
        if ending == "zip" || format == "zip" {
            return;
        }
        let known = file.contains(".tar") || ending == "tgz" || format.contains("tar");
        let finding = Finding::new(
            &ARCHIVE_PATH_TRAVERSAL,
            "`unpack_archive` writes members of a tar file wherever they say",
        );
        let finding =
            if known { finding } else { finding.severity(Severity::Low).confidence(Confidence::Medium) };
        module.report(&call.span, finding);
    }
}

/// Whether the receiver is called like a tar file: `tar`, `tar_file`.
fn likely_tar(call: &Call<'_>) -> bool {
    let owner = call.spelling.rsplit_once('.').map_or("", |(owner, _)| owner);
    let owner = owner.rsplit('.').next().unwrap_or(owner);
    call.path.starts_with('?')
        && (owner == "tar"
            || owner.starts_with("tar_")
            || owner.starts_with("tarf")
            || owner.ends_with("_tar"))
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Medium};

    #[test]
    fn tar_files_without_a_filter_are_found_and_others_silent() {
        let graded = |code: &str| {
            severities(&format!("import tarfile, zipfile, shutil\n{code}"), "pipeline/archive-path-traversal")
        };
        assert_eq!(graded("tarfile.open('m.tar.gz').extractall('out')"), [Medium]);
        assert_eq!(graded("with tarfile.open(p) as t:\n    t.extractall(path)"), [Medium]);
        assert_eq!(graded("with tarfile.open(p) as t:\n    t.extractall(path, filter='data')"), []);
        assert_eq!(graded("with tarfile.open(p) as t:\n    t.extractall(path, members=safe(t))"), []);
        assert_eq!(graded("zipfile.ZipFile('a.zip').extractall('out')"), []);
        assert_eq!(
            graded(
                "import requests, io\nb = io.BytesIO(requests.get('https://x.example').content)\ntarfile.open(fileobj=b).extractall('o')"
            ),
            [Medium]
        );
        assert_eq!(graded("shutil.unpack_archive('m.tar.gz', 'out')"), [Medium]);
        let _ = High;
    }
}
