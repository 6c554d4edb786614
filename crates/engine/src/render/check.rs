//! The outcomes of a suite: for people, and for servers that read JUnit XML.

use super::number::count;
use super::page::escaped;
use crate::check::{CheckReport, CheckStatus, Example, Outcome};
use bartizan_core::printable;
use std::fmt::Write as _;

/// Passed checks are only counted when there are more.
const SHOWN_PASSED: usize = 50;

/// The report as lines: what failed first, with its rows.
pub fn check_table(report: &CheckReport) -> String {
    let mut out = String::new();
    let of = |status| report.outcomes.iter().filter(move |outcome| outcome.status == status);
    for outcome in of(CheckStatus::Failed).chain(of(CheckStatus::CouldNotRun)) {
        self::outcome(&mut out, outcome);
        out.push('\n');
    }
    let passed = report.count(CheckStatus::Passed);
    if passed <= SHOWN_PASSED {
        of(CheckStatus::Passed).for_each(|outcome| self::outcome(&mut out, outcome));
    }
    let _ = writeln!(
        out,
        "\n{} rows in {} file(s): {passed} passed, {} failed, {} could not run",
        count(report.rows),
        report.files,
        report.count(CheckStatus::Failed),
        report.count(CheckStatus::CouldNotRun)
    );
    out
}

fn outcome(out: &mut String, outcome: &Outcome) {
    let mark = match outcome.status {
        CheckStatus::Passed => "passed ",
        CheckStatus::Failed => "FAILED ",
        CheckStatus::CouldNotRun => "NOT RUN",
    };
    let _ = writeln!(
        out,
        "{mark}  {} {}: {}",
        outcome.check,
        printable(&outcome.subject, 100),
        printable(&outcome.message, 400)
    );
    for example in &outcome.examples {
        let _ = writeln!(out, "         {}", row(example));
    }
}

fn row(example: &Example) -> String {
    let values: Vec<String> =
        example.values.iter().map(|(name, value)| format!("{} = {value}", printable(name, 60))).collect();
    format!("{} row {}: {}", printable(&example.file, 200), example.row, values.join(", "))
}

/// The report as JUnit XML: one case for each expectation; what could not run is an error.
pub fn check_junit(report: &CheckReport) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites><testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        escaped(&report.suite),
        report.outcomes.len(),
        report.count(CheckStatus::Failed),
        report.count(CheckStatus::CouldNotRun)
    );
    for outcome in &report.outcomes {
        let _ = write!(
            out,
            "<testcase classname=\"{}\" name=\"{}. {} {}\"",
            escaped(&report.suite),
            outcome.expectation,
            outcome.check,
            escaped(&outcome.subject)
        );
        let element = match outcome.status {
            CheckStatus::Passed => {
                out.push_str("/>\n");
                continue;
            }
            CheckStatus::Failed => "failure",
            CheckStatus::CouldNotRun => "error",
        };
        let rows: Vec<String> = outcome.examples.iter().map(|example| escaped(&row(example))).collect();
        let _ = writeln!(
            out,
            "><{element} message=\"{}\">{}</{element}></testcase>",
            escaped(&outcome.message),
            rows.join("\n")
        );
    }
    out.push_str("</testsuite></testsuites>\n");
    out
}
