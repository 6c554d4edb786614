//! Rego over the input: [`Evaluator`], within bounds and without a way out.
//!
//! No builtin reaches the network, the environment or the clock: `http.send`, `net.*`, `opa.runtime` and `rand.intn` are not there, and
//! `time.now_ns` is the time of the decision. A builtin that fails ends the evaluation: in OPA's lenient mode it would make a rule
//! undefined, and a deny rule that is undefined denies nothing.

mod builtins;
mod document;
mod misspelt;
mod outcome;
mod packages;

pub use outcome::Outcome;
pub use packages::{CONFTEST_PACKAGE, DECIDING, GATE_PACKAGE};

use crate::PolicyError;
use crate::guard::{Bounds, within, within_leaving};
use crate::input::GateInput;
use crate::modules::{Merged, merge};
use crate::source::Policy;
use document::{document, rego_of};
use packages::{Rules, deciding, path_of};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Rego};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;

/// Steps of the evaluator between two looks at the time.
const STEPS_BETWEEN_LOOKS: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// How deep brackets of a module nest: the parser tries several readings of each, so that time doubles with every one.
const DEEPEST_BRACKETS: usize = 24;

/// A policy, parsed and ready.
#[derive(Clone)]
pub struct Evaluator {
    engine: Engine,
    modules: Arc<Vec<Merged>>,
    /// The packages that decide, and whether each has a rule `allow`: then one that is undefined is false.
    packages: Vec<(String, bool)>,
    /// Asks for every rule of theirs that decides, at once: a list with an object for each package.
    query: String,
    /// Rules to which entries are added and that nobody asks for: they decide nothing, which is a warning.
    unread: Arc<Vec<String>>,
    /// Paths that it reads and that may be misspelt, which is a warning as well.
    doubtful: Arc<Vec<String>>,
    now_ns: Arc<AtomicI64>,
}

impl Evaluator {
    /// Parses a policy. `package` names the one that decides; without it, it is `bartizan.gate`, else `main`, else the only one with
    /// rules that decide. Of policies that were joined each decides by its own.
    ///
    /// # Errors
    /// [`PolicyError::Rego`], [`PolicyError::Data`], [`PolicyError::Package`], [`PolicyError::Unasked`], [`PolicyError::Misspelt`] and
    /// [`PolicyError::Silent`].
    pub fn new(policy: &Policy, package: Option<&str>, bounds: Bounds) -> Result<Self, PolicyError> {
        let Prepared { engine, modules, now_ns } = engine(policy, false, bounds)?;
        let rules_that_decide = Rules::of(&modules);
        let deciding = deciding(package, &policy.parts, &modules, &rules_that_decide)?;
        let reading = misspelt::Reading::of(&modules);
        let doubtful = Arc::new(misspelt::refuse(&reading, &policy.data)?);
        let silent = policy.parts.iter().filter(|part| part.is_disjoint(&deciding)).flatten();
        let unread = misspelt::unread(&reading, &silent.chain(&deciding).cloned().collect());
        let (mut packages, mut queries) = (Vec::new(), Vec::new());
        for package in deciding {
            let rules = rules_that_decide.in_package(&package);
            if rules.is_empty() {
                return Err(PolicyError::Silent(package));
            }
            // Rule by rule rather than the package as a whole: helpers that nobody asks for are not evaluated, and a rule that is
            // undefined gives an empty list.
            let path = path_of(&package);
            let asked: Vec<String> =
                rules.iter().map(|rule| format!("\"{rule}\": [x | x := {path}.{rule}]")).collect();
            queries.push(format!("{{{}}}", asked.join(", ")));
            packages.push((package, rules.contains("allow")));
        }
        let query = format!("[{}]", queries.join(", "));
        let (modules, unread) = (Arc::new(modules), Arc::new(unread));
        Ok(Self { engine, modules, packages, query, unread, doubtful, now_ns })
    }

    /// The packages that decide, in order of name.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|(package, _)| package.as_str())
    }

    /// Evaluates the policy over the gate's input, at the time that it gives.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn evaluate_input(&mut self, input: &GateInput) -> Result<Outcome, PolicyError> {
        self.evaluate_value(document(input.clone())?, input.now)
    }

    /// Evaluates the policy over a document. `now` is in seconds since 1970. Bounds of time are those of [`Evaluator::new`].
    ///
    /// # Errors
    /// [`PolicyError::Evaluation`], [`PolicyError::Shape`] and [`PolicyError::Silent`].
    pub fn evaluate(&mut self, input: &Value, now: i64) -> Result<Outcome, PolicyError> {
        self.evaluate_value(rego_of(input, &mut BTreeSet::new())?, now)
    }

    fn evaluate_value(&mut self, input: Rego, now: i64) -> Result<Outcome, PolicyError> {
        // An undefined input would leave every rule undefined, and undefined rules deny nothing.
        if input == Rego::Undefined {
            return Err(PolicyError::Evaluation("the input is undefined".to_owned()));
        }
        self.now_ns.store(now.saturating_mul(1_000_000_000), Ordering::Relaxed);
        self.engine.set_input(input);
        let found = self.engine.eval_query(self.query.clone(), false);
        let prints = self.engine.take_prints().unwrap_or_default();
        let found = found.map_err(|error| failed(&error, &self.modules))?;
        let value = found.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
        let answers = value.map(|value| serde_json::to_value(&value.value)).transpose()?;
        let answer = |place: usize| answers.as_ref().and_then(|answers| answers.get(place));
        let mut whole = Outcome {
            prints: prints.iter().map(|text| Merged::placed(&self.modules, text)).collect(),
            ..Outcome::default()
        };
        for (place, (package, has_allow)) in self.packages.iter().enumerate() {
            let silent = || PolicyError::Silent(package.clone());
            let mut outcome = outcome::read(answer(place).ok_or_else(silent)?)?;
            if *has_allow && outcome.allow.is_none() {
                outcome.allow = Some(false);
            }
            // Sets are there also when they are empty: where none is, nothing was decided.
            if outcome.allow.is_none() && !outcome.decides {
                return Err(silent());
            }
            whole.join(outcome);
        }
        whole.warn.extend(self.unread.iter().map(|rule| {
            let message = format!("nothing asks for the rule data.{rule} of the policy: it decides nothing");
            let remedy = "call it deny, warn or missing if it shall decide, or let one of those read it";
            let entry = json!({"rule": "policy/unread-rule", "message": message, "remedy": remedy});
            ("warn".to_owned(), entry)
        }));
        whole.warn.extend(self.doubtful.iter().map(|said| {
            let remedy = "write it as what was meant, or give the data with the policy";
            ("warn".to_owned(), json!({"rule": "policy/misspelt-path", "message": said, "remedy": remedy}))
        }));
        Ok(whole)
    }
}

/// Evaluates a policy over one input from outside its own thread, so that nothing it does can hold up or take down the caller.
///
/// # Errors
/// Every variant of [`PolicyError`].
pub fn evaluate(
    policy: &Policy,
    package: Option<&str>,
    input: Value,
    now: i64,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Outcome, PolicyError> {
    let (policy, package) = (policy.clone(), package.map(str::to_owned));
    within(bounds, resident, move || {
        Evaluator::new(&policy, package.as_deref(), bounds)?.evaluate(&input, now)
    })?
}

/// The same over the gate's input, which is not copied on its way.
///
/// # Errors
/// Every variant of [`PolicyError`].
pub(crate) fn evaluate_input(
    policy: &Policy,
    package: Option<&str>,
    input: &GateInput,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Outcome, PolicyError> {
    let (policy, package, now) = (policy.clone(), package.map(str::to_owned), input.now);
    let copy = input.clone();
    within_leaving(bounds, resident, move || {
        // The document is made while the policy is parsed.
        let (sender, receiver) = sync_channel(1);
        rayon::spawn(move || {
            let _ = sender.send(document(copy));
        });
        let mut evaluator = match Evaluator::new(&policy, package.as_deref(), bounds) {
            Ok(evaluator) => evaluator,
            Err(error) => return (Err(error), None),
        };
        let document = receiver.recv().unwrap_or(Err(PolicyError::Broken));
        let outcome = document.and_then(|document| evaluator.evaluate_value(document, now));
        (outcome, Some(evaluator))
    })?
}

/// An engine with a policy in it.
pub(crate) struct Prepared {
    pub(crate) engine: Engine,
    /// Its modules, one for each package.
    pub(crate) modules: Vec<Merged>,
    /// The time that it reads.
    pub(crate) now_ns: Arc<AtomicI64>,
}

/// Prepares an engine, with the tests of the policy when asked for.
///
/// # Errors
/// [`PolicyError::Rego`] and [`PolicyError::Data`].
pub(crate) fn engine(policy: &Policy, tests: bool, bounds: Bounds) -> Result<Prepared, PolicyError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: bounds.time,
        check_interval: STEPS_BETWEEN_LOOKS,
    });
    let now_ns = Arc::new(AtomicI64::new(0));
    builtins::replace(&mut engine, &now_ns).map_err(|error| PolicyError::Evaluation(text_of(&error)))?;
    let test_modules = policy.tests.iter().filter(|_| tests);
    let files: Vec<_> = policy.modules.iter().chain(test_modules).collect();
    for file in &files {
        if let Some(line) = crate::format::deeper_than(&file.content, DEEPEST_BRACKETS) {
            return Err(PolicyError::Rego {
                path: file.path.clone(),
                problem: format!("line {line}: brackets nest deeper than {DEEPEST_BRACKETS}"),
            });
        }
    }
    let modules = merge(&files)?;
    crate::recursion::refuse(&modules)?;
    for module in &modules {
        // Rego from before version 1, as many policies still are, where it is not Rego of version 1.
        let added = engine.add_policy(module.name(), module.content.clone());
        let Err(error) = added else { continue };
        engine.set_rego_v0(true);
        let older = engine.add_policy(module.name(), module.content.clone());
        engine.set_rego_v0(false);
        if older.is_err() {
            let problem = Merged::placed(&modules, &text_of(&error));
            return Err(PolicyError::Rego { path: module.name(), problem });
        }
    }
    let data: Rego = serde_json::from_value(policy.data.clone())?;
    engine
        .add_data(data)
        .map_err(|error| PolicyError::Data { path: policy.names.join(", "), problem: text_of(&error) })?;
    Ok(Prepared { engine, modules, now_ns })
}

/// Why an evaluation ended: at its own look at the time, or with an error.
fn failed(error: &anyhow::Error, modules: &[Merged]) -> PolicyError {
    match error.downcast_ref::<regorus::LimitError>() {
        Some(regorus::LimitError::TimeLimitExceeded { limit, .. }) => PolicyError::Time(*limit),
        _ => PolicyError::Evaluation(Merged::placed(modules, &text_of(error))),
    }
}

/// What the evaluator says, as one text.
pub(crate) fn text_of(error: &anyhow::Error) -> String {
    format!("{error:#}").trim().to_owned()
}

/// What a policy of one file says, at 2026-06-01.
#[cfg(test)]
fn asked(rego: &str, input: &Value) -> Result<Outcome, PolicyError> {
    let file = crate::source::PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
    let policy = Policy::of_files("p", vec![file])?;
    evaluate(&policy, None, input.clone(), 1_780_272_000, Bounds::default(), &|| 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PolicyFile;
    use std::time::Duration;

    fn policy(rego: &str) -> Policy {
        let file = PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
        Policy::of_files("p", vec![file]).unwrap()
    }

    #[test]
    fn a_pause_in_a_loop_is_long_enough_to_be_stopped() {
        let short = Bounds { time: Duration::from_millis(50), ..Bounds::default() };
        let rego = "package bartizan.gate\ndeny contains \"x\" if {\n\
                    some a in numbers.range(1, 5000)\nsome b in numbers.range(1, 5000)\na + b == 0\n}\n";
        let found = evaluate(&policy(rego), None, json!({}), 0, short, &|| 0);
        assert!(matches!(found, Err(PolicyError::Time(_))), "{found:?}");
    }

    #[test]
    fn what_is_printed_is_given_back_and_goes_nowhere_else() {
        let outcome = asked(
            "package bartizan.gate\ndeny contains \"x\" if {\n  print(\"seen\", input.x)\n  false\n}\n",
            &json!({"x": 3}),
        );
        assert_eq!(outcome.unwrap().prints, ["p.rego:3: seen 3"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_policy_that_is_refused_or_evaluated(text in "[ -~\n]{0,120}") {
            let short = Bounds { time: Duration::from_millis(500), ..Bounds::default() };
            let _ = evaluate(&policy(&format!("package bartizan.gate\n{text}\n")), None, json!({}), 0, short, &|| 0);
        }
    }
}
