//! `bartizan policy test`: the tests of policies, with a report for people or programs.

use crate::arguments::{BoundArguments, TextOrJson};
use crate::commands::gate::{bounds, policies, resident_bytes};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_policy::testing::{TestOutcome, TestRun, test};
use serde_json::json;
use std::io::{self, Write as _};

/// Runs the tests of each policy by itself: their tests do not see one another.
///
/// # Errors
/// [`Failure::Policy`] when a policy cannot be read or prepared.
pub(super) fn run(
    names: &[String],
    filter: &str,
    verbose: bool,
    format: TextOrJson,
    limits: &BoundArguments,
) -> Result<Exit, Failure> {
    let mut runs: Vec<(&str, Vec<TestRun>)> = Vec::new();
    for name in names {
        let policy = policies(std::slice::from_ref(name))?;
        runs.push((name, test(&policy, filter, bounds(limits), &resident_bytes)?));
    }
    let count = |wanted| runs.iter().flat_map(|(_, runs)| runs).filter(|run| run.outcome == wanted).count();
    let [passed, failed, errors, skipped] =
        [TestOutcome::Passed, TestOutcome::Failed, TestOutcome::Error, TestOutcome::Skipped].map(count);
    let mut out = io::stdout().lock();
    if format == TextOrJson::Json {
        let listed: Vec<_> =
            runs.iter().map(|(policy, tests)| json!({"policy": policy, "tests": tests})).collect();
        let document = json!({
            "schema": "bartizan.policy-test/1",
            "passed": passed, "failed": failed, "errors": errors, "skipped": skipped, "policies": listed,
        });
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        for (policy, run) in runs.iter().flat_map(|(policy, runs)| runs.iter().map(move |run| (policy, run)))
        {
            let word = match run.outcome {
                TestOutcome::Passed if !verbose => continue,
                TestOutcome::Passed => "pass",
                TestOutcome::Failed => "FAIL",
                TestOutcome::Error => "ERROR",
                TestOutcome::Skipped => "skip",
            };
            let shown = |text: &str| bartizan_core::printable(text, 2_000).replace("\\n", "\n        ");
            writeln!(out, "{word:<6}{} ({policy}: {}:{})", shown(&run.name), shown(&run.path), run.line)?;
            if let Some(problem) = &run.problem {
                writeln!(out, "        {}", shown(problem))?;
            }
            for print in &run.prints {
                writeln!(out, "        printed {}", shown(print))?;
            }
        }
        writeln!(out, "{passed} passed, {failed} failed, {errors} errors, {skipped} skipped")?;
    }
    // A policy without tests is not a policy whose tests pass.
    Ok(if failed + errors == 0 && passed > 0 { Exit::Done } else { Exit::Found })
}
