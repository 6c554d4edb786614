//! The tests of a policy: rules called `test_…`, in files `…_test.rego`, as OPA has them. [`test`] runs them.
//!
//! A test passes when its rule is true. One that is undefined or false fails; one that errs or takes too long is an error. Rules called
//! `todo_test_…` are counted and not run.

use crate::PolicyError;
use crate::evaluate::{Prepared, engine, text_of};
use crate::format::package_of;
use crate::guard::{Bounds, within};
use crate::modules::{Merged, heads};
use crate::source::Policy;
use regorus::{Engine, Value as Rego};
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Most tests of one policy.
const MOST_TESTS: usize = 10_000;
/// The time that tests read, in nanoseconds since 1970: 2026-06-01T00:00:00Z, so that a test means the same every day.
const TEST_TIME_NS: i64 = 1_780_272_000_000_000_000;

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestRun {
    /// Its file.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its package and name.
    pub name: String,
    /// How it ended.
    pub outcome: TestOutcome,
    /// What went wrong, where the evaluator says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What it printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prints: Vec<String>,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// Its rule is true.
    Passed,
    /// Its rule is false or undefined.
    Failed,
    /// It could not be evaluated.
    Error,
    /// It is called `todo_test_…`.
    Skipped,
}

/// Runs the tests of a policy whose names contain `filter`, each within the bounds of time.
///
/// # Errors
/// [`PolicyError`] when the policy cannot be prepared, or all tests together take too long.
pub fn test(
    policy: &Policy,
    filter: &str,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Vec<TestRun>, PolicyError> {
    let named = tests_of(policy, filter)?;
    let count = u32::try_from(named.len()).unwrap_or(u32::MAX);
    let all = Bounds { time: bounds.time.saturating_mul(count.saturating_add(1)), ..bounds };
    let policy = policy.clone();
    within(all, resident, move || {
        let Prepared { mut engine, modules, now_ns } = engine(&policy, true, bounds)?;
        now_ns.store(TEST_TIME_NS, Ordering::Relaxed);
        engine.set_input(Rego::new_object());
        Ok(named.into_iter().map(|test| run(&mut engine, &modules, test)).collect())
    })?
}

fn run(engine: &mut Engine, modules: &[Merged], test: TestRun) -> TestRun {
    if test.outcome == TestOutcome::Skipped {
        return test;
    }
    let value = engine.eval_rule(format!("data.{}", test.name));
    let prints = engine.take_prints().unwrap_or_default();
    let (outcome, problem) = match value {
        Ok(Rego::Bool(true)) => (TestOutcome::Passed, None),
        Ok(_) => (TestOutcome::Failed, None),
        Err(error) => (TestOutcome::Error, Some(Merged::placed(modules, &text_of(&error)))),
    };
    let prints = prints.iter().map(|text| Merged::placed(modules, text)).collect();
    TestRun { outcome, problem, prints, ..test }
}

/// The tests of a policy, in order of file and line. What follows the beginning of a line, outside of brackets, is a rule's head.
fn tests_of(policy: &Policy, filter: &str) -> Result<Vec<TestRun>, PolicyError> {
    let mut found: Vec<TestRun> = Vec::new();
    for file in policy.tests.iter().chain(&policy.modules) {
        for (line, rule) in heads(&file.content) {
            let skipped = rule.starts_with("todo_test_");
            if !skipped && !rule.starts_with("test_") {
                continue;
            }
            let package = package_of(&file.content).unwrap_or_default();
            let name = format!("{package}.{rule}");
            // Several bodies of one rule are one test.
            if !name.contains(filter) || found.iter().any(|known| known.name == name) {
                continue;
            }
            if found.len() >= MOST_TESTS {
                return Err(PolicyError::TooLarge {
                    place: file.path.clone(),
                    problem: format!("brings the tests to more than {MOST_TESTS}"),
                });
            }
            found.push(TestRun {
                path: file.path.clone(),
                line,
                name,
                outcome: if skipped { TestOutcome::Skipped } else { TestOutcome::Passed },
                problem: None,
                prints: Vec::new(),
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PolicyFile;

    fn policy(tests: &str) -> Policy {
        let file =
            |path: &str, content: &str| PolicyFile { path: path.to_owned(), content: content.to_owned() };
        Policy::of_files("p", vec![file("p.rego", "package p\n\nfour := 4\n"), file("p_test.rego", tests)])
            .unwrap()
    }

    #[test]
    fn true_passes_undefined_and_false_fail_and_an_error_is_told() {
        let runs = test(
            &policy(
                "package p_test\n\nimport data.p\n\ntest_true if p.four == 4\n\ntest_undefined if p.four == 5\n\n\
                 test_false := false\n\ntest_error if to_number(\"x\") == 1\n\ntodo_test_later if false\n\nhelper := 1\n",
            ),
            "",
            Bounds::default(),
            &|| 0,
        )
        .unwrap();
        let told: Vec<_> = runs.iter().map(|run| (run.line, run.name.as_str(), run.outcome)).collect();
        assert_eq!(
            told,
            [
                (5, "p_test.test_true", TestOutcome::Passed),
                (7, "p_test.test_undefined", TestOutcome::Failed),
                (9, "p_test.test_false", TestOutcome::Failed),
                (11, "p_test.test_error", TestOutcome::Error),
                (13, "p_test.todo_test_later", TestOutcome::Skipped),
            ]
        );
        assert!(runs[3].problem.is_some());
    }

    #[test]
    fn a_filter_chooses_by_name() {
        let two = policy("package p_test\n\ntest_one if true\n\ntest_two if true\n");
        assert_eq!(test(&two, "two", Bounds::default(), &|| 0).unwrap().len(), 1);
    }

    #[test]
    fn the_tests_of_every_shipped_policy_pass() {
        for name in crate::shipped::NAMES {
            let policy = crate::shipped::policy(name).unwrap().unwrap();
            let runs = test(&policy, "", Bounds::default(), &|| 0).unwrap();
            let bad: Vec<_> = runs.iter().filter(|run| run.outcome != TestOutcome::Passed).collect();
            assert!(runs.len() >= 9 && bad.is_empty(), "{name}: {bad:?}");
        }
    }

    #[test]
    fn shipped_policies_are_in_the_one_layout() {
        for name in crate::shipped::NAMES {
            let policy = crate::shipped::policy(name).unwrap().unwrap();
            for file in policy.modules.iter().chain(&policy.tests) {
                assert_eq!(
                    crate::format::format(&file.content).as_deref(),
                    Ok(file.content.as_str()),
                    "{}",
                    file.path
                );
            }
        }
    }
}
