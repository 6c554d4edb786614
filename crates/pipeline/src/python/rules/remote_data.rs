//! Tables and corpora read from an address, in code that compares no digest: what is trained on is whatever the server gives.
//!
//! Source: Datasets documentation, "Load: Local and remote files" (`data_files`); pandas user guide, "Reading/writing remote files".

use crate::python::call::{Argument, Call};
use crate::python::module::{Module, Report};
use crate::python::value::HOLE;
use crate::rules::{UNPINNED_MODEL, UNVERIFIED_DOWNLOAD};
use bartizan_core::{Confidence, Finding, Severity, printable};

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let Some((given, severity)) = read(call) else { return };
    // What comes without encryption is told for that.
    let remote = |text: &&str| text.starts_with("https://");
    let Some(address) = given.value.texts().into_iter().find(remote) else { return };
    let Some(kept) = keeps(address) else { return };
    let shown = printable(&address.replace(HOLE, "…"), 100);
    let finding = match kept {
        Kept::Moving(reference) => {
            let reference = printable(reference, 60);
            Finding::new(&UNPINNED_MODEL, format!("`{shown}` is read at `{reference}`, which can move"))
                .remedy("Name the commit in the address, or keep the data with a digest.")
        }
        Kept::Unknown => {
            let message = format!("`{shown}` is read, and nothing in this code compares its digest");
            Finding::new(&UNVERIFIED_DOWNLOAD, message)
                .remedy("Fetch it once, keep its SHA-256 in the repository, and compare before it is used.")
        }
    };
    let finding = finding.severity(severity).confidence(Confidence::Medium);
    module.facts.unhashed.push(Report { span: given.span.clone(), finding, fix: None });
}

/// The argument that says what is read, and how bad it is when that can change: a loader of training data is worse than a table.
fn read<'c, 'a>(call: &'c Call<'a>) -> Option<(&'c Argument<'a>, Severity)> {
    let name = call.name();
    let tables = name.starts_with("read_") || name.starts_with("scan_");
    match call.package() {
        "datasets" => match name {
            "load_dataset" | "load_dataset_builder" => {
                call.argument(3, "data_files").or_else(|| call.argument(2, "data_dir"))
            }
            "from_csv" | "from_json" | "from_parquet" | "from_text" => call.argument(0, "path_or_paths"),
            _ => None,
        }
        .map(|given| (given, Severity::Medium)),
        "pandas" | "polars" | "dask" | "geopandas" | "modin" | "cudf"
            if tables && !name.contains("pickle") =>
        {
            let names = ["filepath_or_buffer", "path", "path_or_buf", "io", "source", "urlpath", "filename"];
            let given = call.any_keyword(&names).or_else(|| call.positional.first())?;
            Some((given, Severity::Low))
        }
        "numpy" if matches!(name, "loadtxt" | "genfromtxt") => {
            call.argument(0, "fname").map(|given| (given, Severity::Low))
        }
        _ => None,
    }
}

/// How far an address names one content.
#[derive(Debug, PartialEq, Eq)]
enum Kept<'a> {
    /// A branch or tag.
    Moving(&'a str),
    /// It does not say.
    Unknown,
}

/// How far `address` is kept; `None` when it names a commit, a digest or a version of an object.
fn keeps(address: &str) -> Option<Kept<'_>> {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = place.split('/').collect();
    // What varies may well be the commit.
    let fixed = |part: &&str| {
        crate::address::is_commit(part)
            || part.len() == 64 && part.bytes().all(|each| each.is_ascii_hexdigit())
            || part.contains(HOLE)
    };
    if parts.iter().skip(1).any(fixed) || query.contains("versionId=") || query.contains(HOLE) {
        return None;
    }
    let after = |marks: &[&str]| {
        let at = parts.iter().position(|part| marks.contains(part))?;
        parts.get(at.checked_add(1)?).copied()
    };
    let reference = match parts.first().copied().unwrap_or_default() {
        "raw.githubusercontent.com" => parts.get(3).copied(),
        "github.com" | "gitlab.com" | "bitbucket.org" => after(&["raw", "blob"]),
        "huggingface.co" | "hf.co" => after(&["resolve", "raw"]),
        _ => None,
    };
    Some(reference.filter(|reference| !reference.is_empty()).map_or(Kept::Unknown, Kept::Moving))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    const COMMIT: &str = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";

    #[test]
    fn data_that_is_read_by_address_is_found_wherever_the_address_is_held() {
        let graded = |code: &str| {
            severities(
                &format!("from datasets import load_dataset, Dataset\nimport pandas as pd\n{code}"),
                "pipeline/unverified-download",
            )
        };
        for code in [
            "load_dataset('csv', data_files='https://x.example/train.csv')",
            "load_dataset('json', data_files={'train': ['https://x.example/a.jsonl'], 'test': 'b.jsonl'})",
            "URL = 'https://x.example/train.csv'\nload_dataset('csv', None, None, URL)",
            "Dataset.from_parquet('https://x.example/a.parquet')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        assert_eq!(graded("pd.read_csv('https://x.example/iris.csv')"), [Low]);
        for code in [
            "load_dataset('csv', data_files='train.csv')",
            "load_dataset('csv', data_files=path)",
            "import hashlib\nhashlib.sha256(b).hexdigest()\nload_dataset('csv', data_files='https://x.example/train.csv')",
            "pd.read_csv('iris.csv')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn an_address_that_names_a_branch_is_unpinned_and_one_with_a_commit_is_not() {
        let graded = |code: &str| {
            severities(&format!("from datasets import load_dataset\n{code}"), "pipeline/unpinned-model")
        };
        let at = |reference: &str| {
            format!(
                "load_dataset('csv', data_files='https://huggingface.co/datasets/a/b/resolve/{reference}/t.csv')"
            )
        };
        assert_eq!(graded(&at("main")), [Medium]);
        assert_eq!(graded(&at(COMMIT)), []);
    }

    #[test]
    fn addresses_say_how_far_they_are_kept() {
        let raw = "https://raw.githubusercontent.com/a/b/main/t.csv";
        assert_eq!(keeps(raw), Some(Kept::Moving("main")));
        assert_eq!(keeps("https://github.com/a/b/raw/v1/t.csv"), Some(Kept::Moving("v1")));
        assert_eq!(keeps("https://x.example/t.csv"), Some(Kept::Unknown));
        assert_eq!(keeps(&raw.replace("main", COMMIT)), None);
        assert_eq!(keeps("https://b.s3.amazonaws.com/t.csv?versionId=3"), None);
    }
}
