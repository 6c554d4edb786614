//! Rego over the input: [`Evaluator`], within bounds and without a way out.
//!
//! No builtin reaches the network, the environment or the clock: `http.send`, `net.*`, `opa.runtime` and `rand.intn` are not there, and
//! `time.now_ns` is the time of the decision. A builtin that fails ends the evaluation: in OPA's lenient mode it would make a rule
//! undefined, and a deny rule that is undefined denies nothing.

use crate::PolicyError;
use crate::guard::{Bounds, within};
use crate::source::Policy;
use anyhow::{Result as Answer, bail};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Rego};
use serde_json::Value;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Package that decides when nothing else is said.
pub const GATE_PACKAGE: &str = "bartizan.gate";
/// Package of policies written for Conftest.
pub const CONFTEST_PACKAGE: &str = "main";
/// Rules that decide, beside `allow`.
pub const DECIDING: [&str; 4] = ["deny", "violation", "warn", "missing"];
/// Longest range that a policy may write out, in elements.
const LONGEST_RANGE: i64 = 1_000_000;
/// Steps of the evaluator between two looks at the time.
const STEPS_BETWEEN_LOOKS: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// How deep brackets of a module nest: the parser tries several readings of each, so that time doubles with every one.
const DEEPEST_BRACKETS: usize = 24;
/// Longest value shown in an error, in characters.
const LONGEST_SHOWN: usize = 200;

/// A policy, parsed and ready.
#[derive(Clone)]
pub struct Evaluator {
    engine: Engine,
    package: String,
    now_ns: Arc<AtomicI64>,
}

/// What a policy's package says of an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Entries of `deny`, `deny_…`, `violation` and `violation_…`, each with the rule it came from.
    pub deny: Vec<(String, Value)>,
    /// Entries of `warn` and `warn_…`.
    pub warn: Vec<(String, Value)>,
    /// Entries of `missing` and `missing_…`.
    pub missing: Vec<(String, Value)>,
    /// What `allow` says; none when the package has no such rule.
    pub allow: Option<bool>,
    /// What the policy printed.
    pub prints: Vec<String>,
}

impl Evaluator {
    /// Parses a policy. `package` names the one that decides; without it, it is `bartizan.gate`, else `main`, else the only one.
    ///
    /// # Errors
    /// [`PolicyError::Rego`], [`PolicyError::Data`], [`PolicyError::Package`] and [`PolicyError::Silent`].
    pub fn new(policy: &Policy, package: Option<&str>, bounds: Bounds) -> Result<Self, PolicyError> {
        let (engine, now_ns) = engine(policy, false, bounds)?;
        let packages = packages(&engine)?;
        let package = deciding_package(package, &packages)?;
        let own = policy.modules.iter().filter(|module| {
            crate::format::package_of(&module.content).is_some_and(|found| found == package)
        });
        let decides = own.into_iter().any(|module| {
            let declares =
                |rule: &str| engine.has_declared_rule_rooted_at(&module.path, rule).unwrap_or(false);
            // Rules with an ending (deny_images) are found when they are evaluated.
            let has_ending = DECIDING.iter().any(|rule| module.content.contains(&format!("{rule}_")));
            has_ending || DECIDING.iter().any(|rule| declares(rule)) || declares("allow")
        });
        if !decides {
            return Err(PolicyError::Silent(package));
        }
        Ok(Self { engine, package, now_ns })
    }

    /// The package that decides.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// Evaluates the policy over a document. `now` is in seconds since 1970. Bounds of time are those of [`Evaluator::new`].
    ///
    /// # Errors
    /// [`PolicyError::Evaluation`], [`PolicyError::Shape`] and [`PolicyError::Silent`].
    pub fn evaluate(&mut self, input: &Value, now: i64) -> Result<Outcome, PolicyError> {
        let input: Rego = serde_json::from_value(input.clone())?;
        self.evaluate_value(input, now)
    }

    fn evaluate_value(&mut self, input: Rego, now: i64) -> Result<Outcome, PolicyError> {
        // An undefined input would leave every rule undefined, and undefined rules deny nothing.
        if input == Rego::Undefined {
            return Err(PolicyError::Evaluation("the input is undefined".to_owned()));
        }
        self.now_ns.store(now.saturating_mul(1_000_000_000), Ordering::Relaxed);
        self.engine.set_input(input);
        let found = self.engine.eval_query(format!("data.{}", self.package), false);
        let prints = self.engine.take_prints().unwrap_or_default();
        let found = found.map_err(|error| PolicyError::Evaluation(text_of(&error)))?;
        let value = found.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
        let Some(Rego::Object(_)) = value.as_ref().map(|expression| &expression.value) else {
            return Err(PolicyError::Silent(self.package.clone()));
        };
        let package: Value = match value {
            Some(expression) => serde_json::to_value(&expression.value)?,
            None => Value::Null,
        };
        Ok(Outcome { prints, ..read(&package, &self.package)? })
    }
}

/// Evaluates a policy over one input from outside its own thread, so that nothing it does can hold up or take down the caller.
///
/// # Errors
/// Every variant of [`PolicyError`].
pub fn evaluate(
    policy: &Policy,
    package: Option<&str>,
    input: &Value,
    now: i64,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Outcome, PolicyError> {
    let (policy, package, input) = (policy.clone(), package.map(str::to_owned), input.clone());
    within(bounds, resident, move || {
        Evaluator::new(&policy, package.as_deref(), bounds)?.evaluate(&input, now)
    })?
}

/// An engine with a policy in it, with its tests when asked for, and the time it will read.
///
/// # Errors
/// [`PolicyError::Rego`] and [`PolicyError::Data`].
pub(crate) fn engine(
    policy: &Policy,
    tests: bool,
    bounds: Bounds,
) -> Result<(Engine, Arc<AtomicI64>), PolicyError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: bounds.time,
        check_interval: STEPS_BETWEEN_LOOKS,
    });
    let now_ns = Arc::new(AtomicI64::new(0));
    replace_builtins(&mut engine, &now_ns).map_err(|error| PolicyError::Evaluation(text_of(&error)))?;
    let test_modules = policy.tests.iter().filter(|_| tests);
    for module in policy.modules.iter().chain(test_modules) {
        if let Some(line) = crate::format::deeper_than(&module.content, DEEPEST_BRACKETS) {
            return Err(PolicyError::Rego {
                path: module.path.clone(),
                problem: format!("line {line}: brackets nest deeper than {DEEPEST_BRACKETS}"),
            });
        }
        let added = engine.add_policy(module.path.clone(), module.content.clone());
        let Err(error) = added else { continue };
        // Rego from before version 1, as many policies still are.
        engine.set_rego_v0(true);
        let older = engine.add_policy(module.path.clone(), module.content.clone());
        engine.set_rego_v0(false);
        if older.is_err() {
            return Err(PolicyError::Rego { path: module.path.clone(), problem: text_of(&error) });
        }
    }
    let data: Rego = serde_json::from_value(policy.data.clone())?;
    engine
        .add_data(data)
        .map_err(|error| PolicyError::Data { path: policy.names.join(", "), problem: text_of(&error) })?;
    Ok((engine, now_ns))
}

/// Takes the place of builtins that would read the clock, throw dice or take memory at once that no look could catch.
fn replace_builtins(engine: &mut Engine, now_ns: &Arc<AtomicI64>) -> Answer<()> {
    let now_ns = Arc::clone(now_ns);
    let now = move |_: Vec<Rego>| -> Answer<Rego> { Ok(Rego::from(now_ns.load(Ordering::Relaxed))) };
    engine.add_extension("time.now_ns".to_owned(), 0, Box::new(now))?;
    let parse = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [text] = arguments.as_slice() else { bail!("one text is expected") };
        let time: jiff::Timestamp = text.as_string()?.parse()?;
        Ok(Rego::from(i64::try_from(time.as_nanosecond())?))
    };
    engine.add_extension("time.parse_rfc3339_ns".to_owned(), 1, Box::new(parse))?;
    let dice = |_: Vec<Rego>| -> Answer<Rego> {
        bail!("a decision is the same every time; rand.intn is not offered")
    };
    engine.add_extension("rand.intn".to_owned(), 2, Box::new(dice))?;
    let range = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [from, to] = arguments.as_slice() else { bail!("two numbers are expected") };
        stepped(from.as_i64()?, to.as_i64()?, 1)
    };
    engine.add_extension("numbers.range".to_owned(), 2, Box::new(range))?;
    let range_step = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [from, to, step] = arguments.as_slice() else { bail!("three numbers are expected") };
        stepped(from.as_i64()?, to.as_i64()?, step.as_i64()?)
    };
    engine.add_extension("numbers.range_step".to_owned(), 3, Box::new(range_step))
}

/// The numbers from `from` to `to`, both included, up or down.
fn stepped(from: i64, to: i64, step: i64) -> Answer<Rego> {
    if step <= 0 {
        bail!("the step is {step}; a positive one is expected");
    }
    let count = i128::from(from).abs_diff(i128::from(to)) / u128::from(step.unsigned_abs());
    if count >= u128::from(LONGEST_RANGE.unsigned_abs()) {
        bail!("the range from {from} to {to} has more than {LONGEST_RANGE} elements");
    }
    let (mut next, step) = (i128::from(from), i128::from(if to < from { -step } else { step }));
    let mut numbers = Vec::new();
    for _ in 0..=count {
        numbers.push(Rego::from(i64::try_from(next)?));
        next = next.saturating_add(step);
    }
    Ok(Rego::from(numbers))
}

fn packages(engine: &Engine) -> Result<Vec<String>, PolicyError> {
    let mut packages = engine.get_packages().map_err(|error| PolicyError::Evaluation(text_of(&error)))?;
    for package in &mut packages {
        *package = package.strip_prefix("data.").unwrap_or(package).to_owned();
    }
    packages.sort();
    packages.dedup();
    Ok(packages)
}

fn deciding_package(wanted: Option<&str>, packages: &[String]) -> Result<String, PolicyError> {
    let has = |name: &str| packages.iter().any(|package| package == name);
    if let Some(wanted) = wanted {
        let wanted = wanted.strip_prefix("data.").unwrap_or(wanted);
        if has(wanted) {
            return Ok(wanted.to_owned());
        }
        return Err(PolicyError::Package { wanted: wanted.to_owned(), packages: packages.to_vec() });
    }
    if let Some(known) = [GATE_PACKAGE, CONFTEST_PACKAGE].into_iter().find(|name| has(name)) {
        return Ok(known.to_owned());
    }
    match packages {
        [only] => Ok(only.clone()),
        _ => Err(PolicyError::Package { wanted: GATE_PACKAGE.to_owned(), packages: packages.to_vec() }),
    }
}

/// Reads the rules that decide out of a package's document.
fn read(package: &Value, name: &str) -> Result<Outcome, PolicyError> {
    let mut outcome = Outcome::default();
    let mut decides = false;
    for (rule, value) in package.as_object().into_iter().flatten() {
        let stem = rule.split_once('_').map_or(rule.as_str(), |(stem, _)| stem);
        let into = match stem {
            "deny" | "violation" => &mut outcome.deny,
            "warn" => &mut outcome.warn,
            "missing" => &mut outcome.missing,
            "allow" if rule == "allow" => {
                let allowed = value.as_bool().ok_or_else(|| shape(rule, value, "true or false"))?;
                outcome.allow = Some(allowed);
                decides = true;
                continue;
            }
            _ => continue,
        };
        decides = true;
        match value {
            Value::Bool(false) => {}
            Value::Bool(true) => into.push((rule.clone(), Value::String(format!("{name}.{rule} is true")))),
            // A set; JSON has none, so it comes as a list.
            Value::Array(entries) => into.extend(entries.iter().map(|entry| (rule.clone(), entry.clone()))),
            // `deny[message] if …` in version 1: an object whose keys are the messages.
            Value::Object(entries) => {
                for (key, value) in entries {
                    match value {
                        Value::Bool(true) => into.push((rule.clone(), Value::String(key.clone()))),
                        Value::Bool(false) => {}
                        _ => return Err(shape(rule, value, "a set, or keys with true")),
                    }
                }
            }
            other => return Err(shape(rule, other, "a set of objects or texts, or true or false")),
        }
    }
    if decides { Ok(outcome) } else { Err(PolicyError::Silent(name.to_owned())) }
}

fn shape(rule: &str, found: &Value, expected: &'static str) -> PolicyError {
    PolicyError::Shape {
        rule: rule.to_owned(),
        found: bartizan_core::printable(&found.to_string(), LONGEST_SHOWN),
        expected,
    }
}

/// What the evaluator says, as one text.
pub(crate) fn text_of(error: &anyhow::Error) -> String {
    format!("{error:#}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PolicyFile;
    use serde_json::json;
    use std::time::{Duration, Instant};

    fn policy(rego: &str) -> Policy {
        let file = PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
        Policy::of_files("p", vec![file]).unwrap()
    }

    fn ask(rego: &str, input: &Value) -> Result<Outcome, PolicyError> {
        evaluate(&policy(rego), None, input, 1_780_272_000, Bounds::default(), &|| 0)
    }

    #[test]
    fn sets_objects_and_truths_of_the_deciding_rules_are_read() {
        let outcome = ask(
            "package bartizan.gate\n\
             deny contains {\"rule\": \"a/b\", \"message\": input.x} if input.x\n\
             deny_size contains \"large\" if input.size > 3\n\
             warn contains \"look\"\n\
             missing contains {\"kind\": \"scan\"}\n\
             default allow := false\n",
            &json!({"x": "y", "size": 4}),
        )
        .unwrap();
        assert_eq!(
            outcome.deny,
            [
                ("deny".to_owned(), json!({"rule": "a/b", "message": "y"})),
                ("deny_size".to_owned(), json!("large"))
            ]
        );
        assert_eq!((outcome.warn.len(), outcome.missing.len(), outcome.allow), (1, 1, Some(false)));
    }
}
