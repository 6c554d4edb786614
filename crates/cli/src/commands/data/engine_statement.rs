//! `bartizan data check --attest` and `data drift --attest`: the engine's report as an in-toto statement about the files it read.
//!
//! Source: in-toto `spec/predicates/test-result.md`, v0.1. A check that could not run is a failed test.

use crate::arguments::PassphraseArguments;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_evidence::predicate::TEST_RESULT_V0_1;
use bartizan_evidence::statement::{ResourceDescriptor, Statement};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What `--attest` asks for, and what is left for the engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attest {
    /// The key that signs.
    key: PathBuf,
    /// Where the key's passphrase is.
    passphrase_file: Option<PathBuf>,
    /// What the result was held against: the suite, or the reference.
    against: Option<PathBuf>,
    /// The arguments without those above.
    pub(super) passed: Vec<OsString>,
}

impl Attest {
    /// Takes `--attest`, `--key FILE` and `--passphrase-file FILE` out of the arguments of `verb`; `None` without `--attest`.
    ///
    /// # Errors
    /// [`Failure::Node`] for verbs whose results are no verdicts, and options without a value.
    pub(super) fn split(verb: &str, arguments: &[OsString]) -> Result<Option<Self>, Failure> {
        if !arguments.iter().any(|argument| argument == "--attest") {
            return Ok(None);
        }
        let refuse = |reason: &str| Failure::Node { text: "--attest".to_owned(), reason: reason.to_owned() };
        if !matches!(verb, "check" | "drift") {
            return Err(refuse("goes with `data check` and `data drift`, whose results are verdicts"));
        }
        let mut split = Self {
            key: PathBuf::from("bartizan.key"),
            passphrase_file: None,
            against: None,
            passed: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let text = argument.to_string_lossy();
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => {
                    (name.to_owned(), Some(OsString::from(value)))
                }
                _ => (text.clone().into_owned(), None),
            };
            match name.as_str() {
                "--attest" => {}
                "--key" | "--passphrase-file" => {
                    let value = inline.or_else(|| rest.next().cloned());
                    let value =
                        value.ok_or_else(|| refuse("lacks a file after --key or --passphrase-file"))?;
                    if name == "--key" {
                        split.key = value.into();
                    } else {
                        split.passphrase_file = Some(value.into());
                    }
                }
                "--against" => {
                    split.passed.push(argument.clone());
                    let value = if let Some(value) = inline {
                        value
                    } else {
                        let value = rest.next().cloned().unwrap_or_default();
                        split.passed.push(value.clone());
                        value
                    };
                    split.against = Some(value.into());
                }
                _ => split.passed.push(argument.clone()),
            }
        }
        if verb == "drift" {
            let mut files = split.passed.iter().filter(|argument| Path::new(argument).exists());
            split.against = files.next().map(PathBuf::from);
        }
        Ok(Some(split))
    }
}

/// Signs the report at `path`, keeps it and logs it.
///
/// # Errors
/// [`Failure`] when the report names no file, or the statement cannot be signed or kept.
pub(super) fn attest(verb: &str, asked: &Attest, path: &Path) -> Result<(), Failure> {
    let refuse = |reason: &str| Failure::Node { text: "--attest".to_owned(), reason: reason.to_owned() };
    let passphrase = PassphraseArguments {
        passphrase_file: asked.passphrase_file.clone(),
        ..PassphraseArguments::default()
    };
    let key = keyfile::signing_key(&asked.key, &passphrase)?;
    let failed = |error| Failure::Read { what: "report", path: path.to_owned(), error };
    let text = fs::read(path).map_err(failed)?;
    let report: Value = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
    let inputs: Vec<&str> = report
        .get("inputs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if inputs.is_empty() {
        return Err(refuse("has nothing to speak about: a profile is not the dataset it was made of"));
    }
    let mut subjects = Vec::new();
    for input in inputs {
        subjects.push(ResourceDescriptor::named(input, project::digest_of(Path::new(input))?));
    }
    let store = project::for_signing(None, &key)?;
    let kept = store.put(&text)?;
    let name = if verb == "check" { "data-checks" } else { "drift-checks" };
    let against = match &asked.against {
        Some(against) if against.is_file() => project::digest_of(against)?,
        _ => kept.clone(),
    };
    let mut configuration = ResourceDescriptor::named(name, against);
    if let Some(against) = &asked.against {
        configuration.annotations.insert("against".to_owned(), json!(against.to_string_lossy()));
    }
    let (passed, failed) = tests(&report);
    let predicate = json!({
        "result": if failed.is_empty() { "PASSED" } else { "FAILED" },
        "configuration": [configuration], "passedTests": passed, "warnedTests": [], "failedTests": failed,
        "report": ResourceDescriptor::named("report", kept), "finished": super::super::scan::now().to_string(),
    });
    let (receipt, _) = project::record(&store, &Statement::new(subjects, TEST_RESULT_V0_1, predicate), &key)?;
    let place =
        receipt.entry.map_or_else(|| "not logged".to_owned(), |entry| format!("entry {entry} of the log"));
    terminal::remark(&format!("attested: {} ({place})", receipt.envelope));
    Ok(())
}

/// The tests of a report that passed, and those that did not.
fn tests(report: &Value) -> (Vec<String>, Vec<String>) {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |key: &str| report.get(key).and_then(Value::as_array).into_iter().flatten();
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for check in list("checks") {
        let name = format!("{}: {}", text(check, "check"), text(check, "subject"));
        if text(check, "status") == "passed" { passed.push(name) } else { failed.push(name) }
    }
    for column in list("columns") {
        let name = format!("drift: {}", text(column, "column"));
        let drifted = column.get("drifted").and_then(Value::as_bool) != Some(false);
        if drifted { failed.push(name) } else { passed.push(name) }
    }
    for (key, what) in [("columns_gone", "gone"), ("columns_new", "new")] {
        failed.extend(list(key).filter_map(Value::as_str).map(|column| format!("drift: {column} is {what}")));
    }
    (passed, failed)
}

#[cfg(test)]
mod tests_of_statements {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_options_of_attest_are_taken_out_and_the_rest_is_passed_on() {
        let split =
            Attest::split("check", &words("a.csv --attest --against s.toml --key=k.pem --format json"))
                .unwrap()
                .unwrap();
        assert_eq!(split.passed, words("a.csv --against s.toml --format json"));
        assert_eq!(
            (split.key.to_str(), split.against.as_deref().and_then(Path::to_str)),
            (Some("k.pem"), Some("s.toml"))
        );
        assert_eq!(Attest::split("check", &words("a.csv --against s.toml")).unwrap(), None);
        assert!(Attest::split("profile", &words("a.csv --attest")).is_err());
        assert!(Attest::split("check", &words("a.csv --attest --key")).is_err());
    }

    #[test]
    fn a_check_that_could_not_run_is_a_failed_test() {
        let report = json!({"checks": [
            {"check": "type", "subject": "a", "status": "passed"},
            {"check": "drift", "subject": "all columns", "status": "could-not-run"},
        ], "columns": [{"column": "x", "drifted": true}], "columns_new": ["y"]});
        let (passed, failed) = tests(&report);
        assert_eq!(passed, ["type: a"]);
        assert_eq!(failed, ["drift: all columns", "drift: x", "drift: y is new"]);
    }
}
