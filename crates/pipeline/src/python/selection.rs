//! A model that a loop keeps because its score on the test set was the best so far.
//!
//! Source: scikit-learn user guide, "Cross-validation: evaluating estimator performance": what chooses is a validation set, since
//! knowledge of the test set leaks into the model otherwise.

use super::rules::leakage::{TEST_DATA_LEAKAGE, is_test_name};
use super::walk::Walk;
use bartizan_core::{Confidence, Finding, Severity};
use ruff_python_ast::{CmpOp, Expr, Stmt, StmtIf};
use ruff_text_size::Ranged as _;
use std::collections::BTreeMap;

impl<'a> Walk<'a, '_> {
    /// Looks at the body of a loop for `if score > best: best = score`, where `score` was computed in it on test data.
    pub(super) fn kept_by_test(&mut self, body: &'a [Stmt]) {
        if self.quiet {
            return;
        }
        // What each name was given last, and how deep the branches of the loop are looked into.
        let mut given: BTreeMap<&str, &Expr> = BTreeMap::new();
        let mut pending: Vec<(&[Stmt], usize)> = vec![(body, 0)];
        let mut choices: Vec<&StmtIf> = Vec::new();
        let mut seen = 0usize;
        while let Some((statements, depth)) = pending.pop() {
            for statement in statements {
                seen = seen.saturating_add(1);
                if seen > MOST_STATEMENTS {
                    return;
                }
                match statement {
                    Stmt::Assign(assign) => {
                        let names = assign.targets.iter().flat_map(names);
                        given.extend(names.map(|name| (name, assign.value.as_ref())));
                    }
                    Stmt::With(with) if depth < DEEPEST => {
                        pending.push((&with.body, depth.saturating_add(1)));
                    }
                    Stmt::If(choice) => {
                        choices.push(choice);
                        if depth < DEEPEST {
                            pending.push((&choice.body, depth.saturating_add(1)));
                        }
                    }
                    _ => {}
                }
            }
        }
        for choice in choices {
            let Some(score) = running_best(choice) else { continue };
            let Some(data) = given.get(score).and_then(|value| self.test_data_in(value)) else { continue };
            let span = self.span(choice.test.range());
            let module = &mut self.state.module;
            let told = |rule: &str, at: usize| rule == TEST_DATA_LEAKAGE.id && at == span.start;
            if module.reports.iter().any(|report| told(report.finding.rule.id, report.span.start)) {
                continue;
            }
            let message =
                format!("what the loop keeps is chosen by `{score}`, its score on the test set `{data}`");
            let finding = Finding::new(&TEST_DATA_LEAKAGE, message)
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
                .remedy("Choose on a validation set or by cross-validation, and look at the test set once.");
            module.report(&span, finding);
        }
    }

    /// The test data that a call is given, as it is written.
    fn test_data_in(&self, value: &Expr) -> Option<&'a str> {
        let Expr::Call(call) = value else { return None };
        let judges = self.written(call.func.range()).to_ascii_lowercase();
        if !JUDGES.iter().any(|word| judges.contains(word)) {
            return None;
        }
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let mut all = call.arguments.args.iter().chain(named);
        let data = all.find_map(|argument| {
            let written = self.written(argument.range());
            is_test_data(&written.to_ascii_lowercase()).then_some(written)
        });
        data.filter(|written| written.len() < LONGEST)
    }
}

/// Whether data, as it is written in lower case, is the test set, or what hands it out in batches.
fn is_test_data(written: &str) -> bool {
    let is_label = ["y_test", "test_y", "ytest", "test_labels", "test_targets"].contains(&written);
    is_label || is_test_name(written)
}

/// The score by which the condition keeps the best so far: `score` of `if score > best: best = score`.
fn running_best(choice: &StmtIf) -> Option<&str> {
    let Expr::Compare(compare) = choice.test.as_ref() else { return None };
    let ([operator], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
    if !matches!(operator, CmpOp::Gt | CmpOp::GtE | CmpOp::Lt | CmpOp::LtE) {
        return None;
    }
    let name = |expression: &'_ Expr| match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        _ => None,
    };
    let (left, right) = (compare.left.as_ref(), right);
    // One side is what the other becomes.
    let becomes = |from: &Expr, to: &Expr| {
        let (Some(from), Some(to)) = (name(from), name(to)) else { return false };
        choice.body.iter().any(|statement| {
            let Stmt::Assign(assign) = statement else { return false };
            assign.targets.iter().any(|target| match (target, assign.value.as_ref()) {
                (Expr::Tuple(targets), Expr::Tuple(values)) => {
                    targets.elts.iter().zip(&values.elts).any(|(target, value)| {
                        name(target).as_ref() == Some(&to) && name(value).as_ref() == Some(&from)
                    })
                }
                (target, value) => name(target).as_ref() == Some(&to) && name(value).as_ref() == Some(&from),
            })
        })
    };
    let score = if becomes(left, right) {
        left
    } else if becomes(right, left) {
        right
    } else {
        return None;
    };
    match score {
        Expr::Name(name) => Some(name.id.as_str()),
        _ => None,
    }
}

/// The names that a target binds.
fn names(target: &Expr) -> Vec<&str> {
    match target {
        Expr::Name(name) => vec![name.id.as_str()],
        Expr::Tuple(tuple) => {
            tuple.elts.iter().filter_map(|one| one.as_name_expr()).map(|one| one.id.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

/// Parts of names of what judges a model.
const JUDGES: &[&str] = &[
    "score",
    "eval",
    "test",
    "accura",
    "metric",
    "f1",
    "auc",
    "loss",
    "valid",
    "precision",
    "recall",
    "mse",
    "rmse",
    "mae",
];
/// Most statements of a loop that are looked at.
const MOST_STATEMENTS: usize = 2_000;
/// How many branches deep.
const DEEPEST: usize = 3;
/// Longest expression that is taken for data, in bytes.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Low;

    fn graded(body: &str) -> Vec<bartizan_core::Severity> {
        severities(&format!("best = 0\nfor depth in [2, 4]:\n{body}"), "pipeline/test-data-leakage")
    }

    #[test]
    fn what_a_loop_keeps_by_its_score_on_the_test_set_is_found() {
        for body in [
            "    m = make(depth).fit(X_train, y_train)\n    s = m.score(X_test, y_test)\n    if s > best:\n        best, kept = s, m\n",
            "    p = m.predict(X_test)\n    s = accuracy_score(y_test, p)\n    if s > best:\n        best = s\n",
            "    loss, s = evaluate(m, test_loader)\n    if best < s:\n        save(m)\n        best = s\n",
            "    with no_grad():\n        s = evaluate(m, data=test_ds)\n        if s >= best:\n            best = s\n",
        ] {
            assert_eq!(graded(body), [Low], "{body}");
        }
    }

    #[test]
    fn validation_and_what_keeps_nothing_are_silent() {
        for body in [
            "    s = m.score(X_val, y_val)\n    if s > best:\n        best = s\n",
            "    s = m.score(X_test, y_test)\n    if s > 0.9:\n        print(s)\n",
            "    s = m.score(X_test, y_test)\n    if s > best:\n        print(s)\n",
            "    v = m.score(X_val, y_val)\n    s = m.score(X_test, y_test)\n    if v > best:\n        best = v\n        final = s\n",
        ] {
            assert_eq!(graded(body), [], "{body}");
        }
        assert_eq!(graded("    s = ratio(test_name, depth)\n    if s > best:\n        best = s\n"), []);
        let once = "s = m.score(X_test, y_test)\nif s > best:\n    best = s\n";
        assert_eq!(severities(once, "pipeline/test-data-leakage"), []);
    }
}
