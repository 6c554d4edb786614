//! Rego over the input: [`Evaluator`], within bounds and without a way out.
//!
//! No builtin reaches the network, the environment or the clock: `http.send`, `net.*`, `opa.runtime` and `rand.intn` are not there, and
//! `time.now_ns` is the time of the decision. A builtin that fails ends the evaluation: in OPA's lenient mode it would make a rule
//! undefined, and a deny rule that is undefined denies nothing.

use crate::PolicyError;
use crate::guard::{Bounds, within, within_leaving};
use crate::input::{GateInput, Said};
use crate::modules::{Merged, head_names, merge};
use crate::source::Policy;
use anyhow::{Result as Answer, bail};
use rayon::prelude::*;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Rego};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;

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
    modules: Arc<Vec<Merged>>,
    /// The packages that decide, and whether each has a rule `allow`: then one that is undefined is false.
    packages: Vec<(String, bool)>,
    /// Asks for every rule of theirs that decides, at once: a list with an object for each package.
    query: String,
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
    /// Whether the package has any of these rules but `allow`.
    pub(crate) decides: bool,
}

impl Outcome {
    /// Adds what another package says: all must agree.
    fn join(&mut self, other: Self) {
        self.deny.extend(other.deny);
        self.warn.extend(other.warn);
        self.missing.extend(other.missing);
        self.prints.extend(other.prints);
        self.decides |= other.decides;
        self.allow = match (self.allow, other.allow) {
            (Some(one), Some(two)) => Some(one && two),
            (one, two) => one.or(two),
        };
    }
}

impl Evaluator {
    /// Parses a policy. `package` names the one that decides; without it, it is `bartizan.gate`, else `main`, else the only one. Of
    /// policies that were joined each decides by its own.
    ///
    /// # Errors
    /// [`PolicyError::Rego`], [`PolicyError::Data`], [`PolicyError::Package`] and [`PolicyError::Silent`].
    pub fn new(policy: &Policy, package: Option<&str>, bounds: Bounds) -> Result<Self, PolicyError> {
        let Prepared { engine, modules, now_ns } = engine(policy, false, bounds)?;
        let packages: BTreeSet<String> = modules.iter().map(|module| module.package.clone()).collect();
        let rules_of = |package: &str| -> BTreeSet<String> {
            let own = modules.iter().find(|module| module.package == package);
            own.map(head_names).unwrap_or_default().into_iter().filter(|name| decides(name)).collect()
        };
        let deciding = match policy.parts.as_slice() {
            [_, _, ..] => {
                deciding_packages(package, &policy.parts, &packages, |name| !rules_of(name).is_empty())?
            }
            _ => BTreeSet::from([deciding_package(package, &packages)?]),
        };
        let (mut packages, mut queries) = (Vec::new(), Vec::new());
        for package in deciding {
            let rules = rules_of(&package);
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
        Ok(Self { engine, modules: Arc::new(modules), packages, query, now_ns })
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
            let mut outcome = read(answer(place).ok_or_else(silent)?)?;
            if *has_allow && outcome.allow.is_none() {
                outcome.allow = Some(false);
            }
            // Sets are there also when they are empty: where none is, nothing was decided.
            if outcome.allow.is_none() && !outcome.decides {
                return Err(silent());
            }
            whole.join(outcome);
        }
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
    replace_builtins(&mut engine, &now_ns).map_err(|error| PolicyError::Evaluation(text_of(&error)))?;
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

/// The gate's input as the evaluator holds it. What statements say is most of it, and is converted where it lies.
fn document(mut input: GateInput) -> Result<Rego, PolicyError> {
    let said: Vec<Said> =
        input.statements.iter_mut().map(|statement| std::mem::take(&mut statement.predicate)).collect();
    let mut document = BTreeMap::new();
    let Value::Object(members) = serde_json::to_value(&input)? else {
        return Err(PolicyError::Evaluation("the input is no object".to_owned()));
    };
    for (name, member) in members {
        let value = match member {
            Value::Array(statements) if name == "statements" => {
                let pairs = statements.par_iter().zip(&said);
                // Names of members are held once for each run of statements that one thread takes.
                let filled: Result<Vec<Rego>, PolicyError> =
                    pairs.map_init(BTreeSet::new, |keys, (shell, said)| filled(shell, said, keys)).collect();
                Rego::from(filled?)
            }
            other => rego_of(&other, &mut BTreeSet::new())?,
        };
        document.insert(Rego::String(Arc::from(name.as_str())), value);
    }
    Ok(Rego::from(document))
}

/// A statement with what it says in its place.
fn filled(shell: &Value, said: &Value, keys: &mut BTreeSet<Arc<str>>) -> Result<Rego, PolicyError> {
    let mut members = BTreeMap::new();
    for (name, member) in shell.as_object().into_iter().flatten() {
        let value = if name == "predicate" { said } else { member };
        members.insert(Rego::String(Arc::from(name.as_str())), rego_of(value, keys)?);
    }
    Ok(Rego::from(members))
}

/// A document as the evaluator holds it. `keys` are names of members met so far: they repeat, and are held once.
///
/// Recursive: JSON that was read nests at most 128 deep, and the input's own shape adds a few.
///
/// # Errors
/// [`PolicyError::Json`] for a number that the evaluator cannot hold.
fn rego_of(value: &Value, keys: &mut BTreeSet<Arc<str>>) -> Result<Rego, PolicyError> {
    Ok(match value {
        Value::Null => Rego::Null,
        Value::Bool(value) => Rego::Bool(*value),
        Value::String(text) => Rego::String(Arc::from(text.as_str())),
        Value::Array(elements) => {
            let elements: Result<Vec<Rego>, _> = elements.iter().map(|each| rego_of(each, keys)).collect();
            Rego::from(elements?)
        }
        Value::Object(members) => {
            let mut converted = BTreeMap::new();
            for (name, member) in members {
                let key = if let Some(key) = keys.get(name.as_str()) {
                    Arc::clone(key)
                } else {
                    let key: Arc<str> = Arc::from(name.as_str());
                    keys.insert(Arc::clone(&key));
                    key
                };
                converted.insert(Rego::String(key), rego_of(member, keys)?);
            }
            Rego::from(converted)
        }
        number @ Value::Number(_) => serde_json::from_value(number.clone())?,
    })
}

/// Whether a rule of that name decides.
fn decides(name: &str) -> bool {
    name == "allow" || DECIDING.contains(&stem(name))
}

/// The first part of a name: `deny` of `deny_images`.
fn stem(name: &str) -> &str {
    name.split_once('_').map_or(name, |(stem, _)| stem)
}

/// The reference to a package: `data.a.b`, with brackets where a part is no plain name.
fn path_of(package: &str) -> String {
    let mut path = "data".to_owned();
    for part in package.split('.') {
        let plain = part.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
        if plain && !part.starts_with(|each: char| each.is_ascii_digit()) {
            path.push_str(&format!(".{part}"));
        } else {
            path.push_str(&format!("[{}]", Value::String(part.to_owned())));
        }
    }
    path
}

fn deciding_package(wanted: Option<&str>, packages: &BTreeSet<String>) -> Result<String, PolicyError> {
    let has = |name: &str| packages.contains(name);
    let listed = || packages.iter().cloned().collect();
    if let Some(wanted) = wanted {
        let wanted = wanted.strip_prefix("data.").unwrap_or(wanted);
        if has(wanted) {
            return Ok(wanted.to_owned());
        }
        return Err(PolicyError::Package { wanted: wanted.to_owned(), packages: listed() });
    }
    if let Some(known) = [GATE_PACKAGE, CONFTEST_PACKAGE].into_iter().find(|name| has(name)) {
        return Ok(known.to_owned());
    }
    match packages.first() {
        Some(only) if packages.len() == 1 => Ok(only.clone()),
        _ => Err(PolicyError::Package { wanted: GATE_PACKAGE.to_owned(), packages: listed() }),
    }
}

/// The package by which each of `parts`, the packages of policies that were joined, decides: the one that is `wanted` where it has it,
/// else as if it stood alone. One without a rule that decides is there for the others.
fn deciding_packages(
    wanted: Option<&str>,
    parts: &[BTreeSet<String>],
    all: &BTreeSet<String>,
    decides: impl Fn(&str) -> bool,
) -> Result<BTreeSet<String>, PolicyError> {
    let wanted = wanted.map(|wanted| wanted.strip_prefix("data.").unwrap_or(wanted));
    if wanted.is_some() {
        deciding_package(wanted, all)?;
    }
    let mut found = BTreeSet::new();
    for part in parts {
        let known = wanted.into_iter().chain([GATE_PACKAGE, CONFTEST_PACKAGE]);
        if let Some(known) = known.into_iter().find(|name| part.contains(*name)) {
            found.insert(known.to_owned());
            continue;
        }
        let mut deciding = part.iter().filter(|package| decides(package));
        match (deciding.next(), deciding.next()) {
            (None, _) => {}
            (Some(only), None) => {
                found.insert(only.clone());
            }
            (Some(_), Some(_)) => {
                let packages = part.iter().cloned().collect();
                return Err(PolicyError::Package { wanted: GATE_PACKAGE.to_owned(), packages });
            }
        }
    }
    if found.is_empty() {
        return deciding_package(wanted, all).map(|package| BTreeSet::from([package]));
    }
    Ok(found)
}

/// Reads the answers of the rules that decide, each in a list that is empty where the rule is undefined.
fn read(answers: &Value) -> Result<Outcome, PolicyError> {
    let mut outcome = Outcome::default();
    for (rule, answer) in answers.as_object().into_iter().flatten() {
        let Some(value) = answer.get(0) else { continue };
        if rule == "allow" {
            outcome.allow = Some(value.as_bool().ok_or_else(|| shape(rule, value, "true or false"))?);
            continue;
        }
        let into = match stem(rule) {
            "warn" => &mut outcome.warn,
            "missing" => &mut outcome.missing,
            _ => &mut outcome.deny,
        };
        outcome.decides = true;
        match value {
            Value::Bool(false) => {}
            Value::Bool(true) => into.push((rule.clone(), Value::String(format!("the rule {rule} is true")))),
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
    Ok(outcome)
}

fn shape(rule: &str, found: &Value, expected: &'static str) -> PolicyError {
    PolicyError::Shape {
        rule: rule.to_owned(),
        found: bartizan_core::printable(&found.to_string(), LONGEST_SHOWN),
        expected,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PolicyFile;
    use serde_json::json;
    use std::time::Duration;

    fn policy(rego: &str) -> Policy {
        let file = PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
        Policy::of_files("p", vec![file]).unwrap()
    }

    fn ask(rego: &str, input: &Value) -> Result<Outcome, PolicyError> {
        evaluate(&policy(rego), None, input.clone(), 1_780_272_000, Bounds::default(), &|| 0)
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

    #[test]
    fn an_allow_that_is_undefined_is_false() {
        let undefined = ask("package bartizan.gate\nallow if input.x\n", &json!({}));
        assert_eq!(undefined.unwrap().allow, Some(false));
        let beside =
            ask("package bartizan.gate\nallow if input.x\ndeny contains \"a\" if input.y\n", &json!({}));
        assert_eq!(beside.unwrap().allow, Some(false));
        let given = ask("package bartizan.gate\nallow if input.x\n", &json!({"x": true}));
        assert_eq!(given.unwrap().allow, Some(true));
    }

    #[test]
    fn the_package_that_decides_is_the_gates_then_conftests_then_the_only_one() {
        let package = |files: &[&str], wanted: Option<&str>| {
            let files = files.iter().enumerate().map(|(at, content)| PolicyFile {
                path: format!("{at}.rego"),
                content: format!("{content}\ndeny contains \"x\" if false\n"),
            });
            let policy = Policy::of_files("p", files.collect()).unwrap();
            Evaluator::new(&policy, wanted, Bounds::default())
                .map(|found| found.packages().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(package(&["package main", "package bartizan.gate"], None).unwrap(), "bartizan.gate");
        assert_eq!(package(&["package main", "package a"], None).unwrap(), "main");
        assert_eq!(package(&["package a.b"], None).unwrap(), "a.b");
        assert_eq!(package(&["package a.b", "package c"], Some("data.c")).unwrap(), "c");
        assert!(matches!(package(&["package a", "package b"], None), Err(PolicyError::Package { .. })));
        assert!(matches!(package(&["package a"], Some("b")), Err(PolicyError::Package { .. })));
    }

    #[test]
    fn policies_that_were_joined_each_decide_by_their_own_package() {
        let part = |name: &str, content: &str| {
            let file = PolicyFile { path: format!("{name}.rego"), content: content.to_owned() };
            Policy::of_files(name, vec![file]).unwrap()
        };
        let says = |package: &str, rule: &str| part(package, &format!("package {package}\n{rule}\n"));
        let gate = || says("bartizan.gate", "deny contains \"x\" if false");
        let ask = |parts: Vec<Policy>, package: Option<&str>| {
            let joined = Policy::join(parts).unwrap();
            evaluate(&joined, package, json!({}), 0, Bounds::default(), &|| 0)
        };
        for package in ["main", "ours", "ours.deep"] {
            let never = says(package, "deny contains \"never\" if true");
            assert_eq!(ask(vec![gate(), never], None).unwrap().deny.len(), 1, "{package}");
            let closed = says(package, "default allow := false");
            assert_eq!(ask(vec![closed, gate()], None).unwrap().allow, Some(false), "{package}");
        }
        let opened = says("ours", "allow := true");
        assert_eq!(ask(vec![gate(), opened], None).unwrap().allow, Some(true));
        // One without a rule that decides is there for the others.
        assert!(ask(vec![gate(), says("ours.words", "shown := 1")], None).unwrap().deny.is_empty());
        // A package that is named decides where it is, and takes no say from the others.
        let never = || says("ours", "deny contains \"never\" if true");
        assert_eq!(ask(vec![gate(), never()], Some("bartizan.gate")).unwrap().deny.len(), 1);
        assert!(matches!(ask(vec![gate(), never()], Some("none")), Err(PolicyError::Package { .. })));
    }

    #[test]
    fn time_is_that_of_the_decision_and_dice_are_not_thrown() {
        let outcome = ask(
            "package bartizan.gate\ndeny contains \"late\" if time.now_ns() > time.parse_rfc3339_ns(\"2026-05-31T00:00:00Z\")\n\
             deny contains \"early\" if time.now_ns() < time.parse_rfc3339_ns(\"2026-06-01T00:00:00Z\")\n",
            &json!({}),
        );
        assert_eq!(outcome.unwrap().deny, [("deny".to_owned(), json!("late"))]);
        let dice =
            ask("package bartizan.gate\ndeny contains \"x\" if rand.intn(\"a\", 6) == 1\n", &json!({}));
        assert!(matches!(dice, Err(PolicyError::Evaluation(why)) if why.contains("rand.intn")));
    }

    #[test]
    fn ranges_go_up_and_down_and_end_at_the_limit() {
        let outcome = ask(
            "package bartizan.gate\n\
             deny contains \"up\" if numbers.range(1, 3) == [1, 2, 3]\n\
             deny contains \"down\" if numbers.range(3, 1) == [3, 2, 1]\n\
             deny contains \"step\" if numbers.range_step(0, 10, 4) == [0, 4, 8]\n",
            &json!({}),
        );
        assert_eq!(outcome.unwrap().deny.len(), 3);
        let long = ask(
            "package bartizan.gate\ndeny contains \"x\" if numbers.range(0, 1000000)[0] == 1\n",
            &json!({}),
        );
        assert!(matches!(long, Err(PolicyError::Evaluation(why)) if why.contains("more than 1000000")));
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
        let outcome = ask(
            "package bartizan.gate\ndeny contains \"x\" if {\n  print(\"seen\", input.x)\n  false\n}\n",
            &json!({"x": 3}),
        );
        assert_eq!(outcome.unwrap().prints, ["p.rego:3: seen 3"]);
    }

    #[test]
    fn the_input_is_the_same_document_whichever_way_it_is_converted() {
        let mut input = GateInput { now: 1_780_272_000, ..GateInput::default() };
        let said =
            json!({"failedTests": ["a: b"], "count": [1, 2.5, null, true], "deep": {"x": {"y": ["z"]}}});
        for id in ["one", "two"] {
            let predicate = said.clone().into();
            input.statements.push(crate::input::Evidence {
                id: id.to_owned(),
                predicate,
                ..Default::default()
            });
        }
        let value = serde_json::to_value(&input).unwrap();
        assert_eq!(document(input.clone()).unwrap(), serde_json::from_value(value.clone()).unwrap());
        assert_eq!(rego_of(&value, &mut BTreeSet::new()).unwrap(), serde_json::from_value(value).unwrap());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_policy_that_is_refused_or_evaluated(text in "[ -~\n]{0,120}") {
            let short = Bounds { time: Duration::from_millis(500), ..Bounds::default() };
            let _ = evaluate(&policy(&format!("package bartizan.gate\n{text}\n")), None, json!({}), 0, short, &|| 0);
        }
    }
}
