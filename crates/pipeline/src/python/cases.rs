//! Calls of which an argument, or what is called, is one of several things: [`judge`] asks the rules about each of them.
//!
//! What is found whichever of them it is, is certain. What is found with some of them only counts as well, one degree milder where it is
//! high or critical; and as low where whoever runs the program has to ask for it. So an option that is dangerous in one branch is found, and
//! one that protects in one branch only does not hide what happens in the others.

use super::alternatives::MOST_ALTERNATIVES;
use super::call::{Argument, Call};
use super::module::{Module, Report, Sink, SinkKind};
use super::rules;
use super::value::{Known, Taint, Value};
use bartizan_core::{Confidence, Severity};
use std::sync::Arc;

/// Most places of a call at which it is judged with each alternative.
const MOST_PLACES: usize = 3;
/// Most entries of a container that are looked through for alternatives.
const MOST_ENTRIES: usize = 64;

/// Rules that judge a call by what it is given.
static JUDGED: &[&str] = &[
    "pipeline/remote-code",
    "pipeline/unpinned-model",
    "pipeline/insecure-transport",
    "pipeline/tls-disabled",
    "pipeline/unverified-download",
    "pipeline/unsafe-deserialization",
    "pipeline/unsafe-yaml-load",
    "pipeline/unsafe-model-format",
    "pipeline/exposed-service",
    "pipeline/dangerous-agent-tool",
];

/// Asks the rules about `call`, of one of `callees` where those are several, and about each of the calls that it may be.
///
/// Cost: [`MOST_PLACES`] times [`MOST_ALTERNATIVES`] calls at most.
pub(super) fn judge(call: &Call<'_>, callees: &[Arc<str>], module: &mut Module) {
    let from = (module.reports.len(), module.facts.unhashed.len(), module.facts.unless_written.len());
    rules::check(call, module);
    if call.path.starts_with("builtins.") && callees.is_empty() {
        return;
    }
    let mut places = MOST_PLACES;
    if !callees.is_empty() {
        places = places.saturating_sub(1);
        let cases = callees.iter().take(MOST_ALTERNATIVES).map(|path| Case {
            call: Call { path: Arc::clone(path), ..call.clone() },
            by: Taint::default(),
            mendable: false,
        });
        let sinks = conclude(cases.collect(), from, module);
        // A loader is judged with what it loads already.
        module.sinks.extend(sinks.into_iter().filter(|sink| sink.kind != SinkKind::Loader));
    }
    let positional = call.positional.iter().enumerate().map(|(at, given)| (Place::At(at), given));
    let named = call.named.iter().map(|(name, given)| (Place::Named(Arc::clone(name)), given));
    for (place, given) in positional.chain(named) {
        for alternatives in alternatives(&given.value, &place) {
            if places == 0 {
                return;
            }
            places = places.saturating_sub(1);
            let mendable =
                !given.written.is_empty() && alternatives.iter().all(|(_, value)| value.is_switch());
            let cases = alternatives.into_iter().map(|(whole, value)| Case {
                call: place.given(call, whole),
                by: if value.is_switch() || value.known == Known::Nothing {
                    value.taint.deciders()
                } else {
                    Taint::default()
                },
                mendable,
            });
            conclude(cases.collect(), from, module);
        }
    }
}

/// One call that a call may be.
struct Case<'a> {
    call: Call<'a>,
    /// Who has to choose it.
    by: Taint,
    /// Whether a fix of it mends the call as it is written.
    mendable: bool,
}

/// Where an argument stands.
enum Place {
    At(usize),
    Named(Arc<str>),
}

impl Place {
    /// `call` with `value` there.
    fn given<'a>(&self, call: &Call<'a>, value: Value) -> Call<'a> {
        let mut call = call.clone();
        match self {
            Self::At(at) => {
                if let Some(given) = call.positional.get_mut(*at) {
                    given.value = value;
                }
            }
            Self::Named(name) => {
                // What stands before it under the same name is out of date.
                let last = call.named.iter().rposition(|(known, _)| known == name);
                let kept: Option<Argument<'a>> =
                    last.and_then(|last| call.named.get(last)).map(|(_, given)| given.clone());
                call.named.retain(|(known, _)| known != name);
                if let Some(given) = kept.filter(|_| value.known != Known::Absent) {
                    call.named.push((Arc::clone(name), Argument { value, ..given }));
                }
            }
        }
        call
    }
}

/// What `value`, given at `place`, may be: for it, or for each of the parts of it that are several things, the whole with each alternative,
/// and the alternative.
fn alternatives(value: &Value, place: &Place) -> Vec<Vec<(Value, Value)>> {
    let whole = |value: &Value| {
        let question = matches!(value.known, Known::Path(_)) && matches!(place, Place::At(_));
        if question { Vec::new() } else { value.alternatives() }
    };
    let own = whole(value);
    if !own.is_empty() {
        return vec![own.into_iter().map(|value| (value.clone(), value)).collect()];
    }
    let with = |known: Known| Value { known, taint: value.taint };
    match &value.known {
        Known::Entries(entries) if entries.len() <= MOST_ENTRIES => {
            let parts = entries.iter().enumerate().filter(|(_, (name, _))| name.is_some());
            let parts = parts.map(|(at, (_, part))| (at, part.alternatives()));
            parts
                .filter(|(_, all)| !all.is_empty())
                .take(MOST_PLACES)
                .map(|(at, all)| {
                    let replaced = |one: Value| {
                        let mut entries = entries.to_vec();
                        if one.known == Known::Absent {
                            entries.remove(at);
                        } else if let Some(entry) = entries.get_mut(at) {
                            entry.1 = one.clone();
                        }
                        (with(Known::Entries(entries.into())), one)
                    };
                    all.into_iter().map(replaced).collect()
                })
                .collect()
        }
        Known::Items(items) if items.len() <= MOST_ENTRIES => {
            let parts = items.iter().enumerate().map(|(at, part)| (at, part.alternatives()));
            parts
                .filter(|(_, all)| !all.is_empty())
                .take(MOST_PLACES)
                .map(|(at, all)| {
                    let replaced = |one: Value| {
                        let mut items = items.to_vec();
                        if let Some(item) = items.get_mut(at) {
                            *item = one.clone();
                        }
                        (with(Known::Items(items.into())), one)
                    };
                    all.into_iter().map(replaced).collect()
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Where a report is kept until it is decided.
#[derive(Debug, Clone)]
enum Kept {
    Told,
    UnlessCompared,
    UnlessWritten(String),
}

/// Adds to `module`, in which the call itself was judged from `from` on, what is found with some of `cases`; gives the sinks that they reach.
fn conclude(cases: Vec<Case<'_>>, from: (usize, usize, usize), module: &mut Module) -> Vec<Sink> {
    let count = cases.len();
    let mut sinks = Vec::new();
    let mut found: Vec<(usize, Taint, Kept, Report)> = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        let mut judged = Module::default();
        rules::check(&case.call, &mut judged);
        sinks.extend(judged.sinks);
        module.judged.extend(judged.judged);
        module.facts.handed_trust.extend(judged.facts.handed_trust);
        let told = judged.reports.into_iter().map(|report| (Kept::Told, report));
        let unhashed = judged.facts.unhashed.into_iter().map(|report| (Kept::UnlessCompared, report));
        let written = judged.facts.unless_written.into_iter();
        let written = written.map(|(place, report)| (Kept::UnlessWritten(place), report));
        for (kept, mut report) in told.chain(unhashed).chain(written) {
            if !case.mendable {
                report.fix = None;
            }
            if JUDGED.contains(&report.finding.rule.id) {
                found.push((number, case.by, kept, report));
            }
        }
    }
    let mut rules: Vec<&'static str> = found.iter().map(|(.., report)| report.finding.rule.id).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let of_rule = || found.iter().filter(|(.., report)| report.finding.rule.id == rule);
        let worst = |number: usize| {
            of_rule().filter(|(of, ..)| *of == number).map(|(.., report)| report.finding.severity).max()
        };
        let each: Vec<Option<Severity>> = (0..count).map(worst).collect();
        let certain = each.iter().copied().min().flatten();
        let possible = of_rule().max_by_key(|(_, by, _, report)| milder(report.finding.severity, *by));
        let Some((_, by, kept, report)) = possible else { continue };
        let severity = milder(report.finding.severity, *by).max(certain.unwrap_or(Severity::Info));
        let report =
            Report { span: report.span.clone(), finding: report.finding.clone(), fix: report.fix.clone() };
        add(report, kept.clone(), severity, certain == Some(severity), *by, from, module);
    }
    sinks
}

/// `severity` of what happens only where `by` say so.
fn milder(severity: Severity, by: Taint) -> Severity {
    match severity {
        _ if !by.is_none() => severity.min(Severity::Low),
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        other => other,
    }
}

/// Reports what was found of a case, unless the call itself was found to be as bad.
fn add(
    mut report: Report,
    kept: Kept,
    severity: Severity,
    certain: bool,
    by: Taint,
    from: (usize, usize, usize),
    module: &mut Module,
) {
    let rule = report.finding.rule.id;
    let facts = &mut module.facts;
    let reports = module.reports.get(from.0..).unwrap_or_default().iter();
    let unhashed = facts.unhashed.get(from.1..).unwrap_or_default().iter();
    let written = facts.unless_written.get(from.2..).unwrap_or_default().iter().map(|(_, report)| report);
    let told = reports.chain(unhashed).chain(written);
    let known =
        told.filter(|report| report.finding.rule.id == rule).map(|report| report.finding.severity).max();
    if known.is_some_and(|known| known >= severity) {
        return;
    }
    let others = |report: &Report| report.finding.rule.id != rule;
    keep_from(&mut module.reports, from.0, others);
    keep_from(&mut facts.unhashed, from.1, others);
    keep_from(&mut facts.unless_written, from.2, |(_, report)| others(report));
    let confidence = report.finding.confidence.min(Confidence::Medium);
    if !certain {
        let how = if by.is_none() {
            "with one of the values that may be given"
        } else {
            "whoever runs the program decides"
        };
        report.finding.message = format!("{}: {how}", report.finding.message);
        report.finding = report.finding.confidence(confidence);
    }
    report.finding = report.finding.severity(severity);
    match kept {
        Kept::Told => module.report_fixable(&report.span.clone(), report.finding, report.fix),
        Kept::UnlessCompared => facts.unhashed.push(report),
        Kept::UnlessWritten(place) => facts.unless_written.push((place, report)),
    }
}

/// Drops of `all`, from the one at `first` on, those that are not to be kept.
fn keep_from<T>(all: &mut Vec<T>, first: usize, is_kept: impl Fn(&T) -> bool) {
    let added = all.split_off(first.min(all.len()));
    all.extend(added.into_iter().filter(is_kept));
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{self, Critical, High, Low, Medium};

    fn tls(code: &str) -> Vec<Severity> {
        severities(&format!("import os, requests\n{code}"), "pipeline/tls-disabled")
    }

    fn loads(code: &str) -> Vec<Severity> {
        severities(&format!("import torch\nimport numpy as np\n{code}"), "pipeline/unsafe-deserialization")
    }

    #[test]
    fn an_option_that_is_dangerous_in_one_case_is_found_one_degree_milder() {
        for code in [
            "requests.get(u, verify=False if dev else True)",
            "requests.get(u, verify=not dev)",
            "requests.get(u, verify=mode != 'dev')",
            "requests.get(u, verify=name.startswith('prod'))",
            "verify = True\nif dev:\n    verify = False\nrequests.get(u, verify=verify)",
            "kw = {'verify': True}\nif dev:\n    kw['verify'] = False\nrequests.get(u, **kw)",
            "kw = {}\nif dev:\n    kw['verify'] = False\nrequests.get(u, **kw)",
            "def f(kw):\n    kw.setdefault('verify', False)\n    return requests.get(u, **kw)",
            "def f(dev):\n    verify = True\n    if dev:\n        verify = False\n    return requests.get(u, verify=verify)",
            "s = requests.Session()\ns.verify = False if dev else '/ca.pem'",
            "match stage:\n    case 'dev':\n        verify = False\n    case _:\n        verify = True\nrequests.get(u, verify=verify)",
            "for verify in (True, False):\n    requests.get(u, verify=verify)",
            "def choose():\n    if x():\n        return False\n    return True\nrequests.get(u, verify=choose())",
            "class C:\n    def __init__(self):\n        self.verify = True\n    def off(self):\n        self.verify = False\n    def get(self):\n        return requests.get(u, verify=self.verify)",
        ] {
            assert_eq!(tls(code), [Medium], "{code}");
        }
        assert_eq!(
            tls("verify = False\nif dev:\n    verify = False\nrequests.get(u, verify=verify)"),
            [High]
        );
        for code in [
            "requests.get(u, verify='/ca.pem' if dev else True)",
            "verify = True\nif ca:\n    verify = ca\nrequests.get(u, verify=verify)",
            "kw = {}\nif ca:\n    kw['verify'] = '/ca.pem'\nrequests.get(u, **kw)",
            "def f(insecure=False):\n    return requests.get(u, verify=not insecure)",
            "def f(verify):\n    return requests.get(u, verify=verify)",
        ] {
            assert_eq!(tls(code), [], "{code}");
        }
    }

    #[test]
    fn what_whoever_runs_the_program_has_to_ask_for_is_mild() {
        let parsed = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--insecure', action='store_true')\na = p.parse_args()\n";
        for code in [
            "requests.get(u, verify=not a.insecure)",
            "requests.get(u, verify=False if a.insecure else True)",
            "verify = True\nif a.insecure:\n    verify = False\nrequests.get(u, verify=verify)",
            "kw = {}\nif a.insecure:\n    kw['verify'] = False\nrequests.get(u, **kw)",
        ] {
            assert_eq!(tls(&format!("{parsed}{code}")), [Low], "{code}");
        }
        assert_eq!(
            tls(
                "verify = True\nif os.environ.get('DEV'):\n    verify = False\nrequests.get(u, verify=verify)"
            ),
            [Low]
        );
        let code = "def f(insecure=False):\n    verify = True\n    if insecure:\n        verify = False\n    return requests.get(u, verify=verify)";
        assert_eq!(tls(code), [Low]);
        assert_eq!(tls(&code.replace("insecure=False", "insecure=True")), [Medium]);
    }

    #[test]
    fn a_setting_that_nobody_made_is_not_equal_to_anything() {
        assert_eq!(tls("requests.get(u, verify=os.getenv('VERIFY') == '1')"), [High]);
        assert_eq!(tls("requests.get(u, verify=os.getenv('VERIFY') != '0')"), []);
    }

    #[test]
    fn weights_loaded_as_pickles_in_one_case_are_found() {
        for code in [
            "torch.load(p, weights_only=not trusted)",
            "torch.load(p, weights_only=hasattr(torch, 'safe_globals'))",
            "def f(p, trusted):\n    return torch.load(p, weights_only=not trusted)",
            "wo = True\nif trusted:\n    wo = False\ntorch.load(p, weights_only=wo)",
            "o = {'weights_only': False} if old else {'weights_only': True}\ntorch.load(p, **o)",
            "kw = {}\nif new:\n    kw['weights_only'] = True\ntorch.load(p, **kw)",
            "try:\n    kw = {'weights_only': True}\nexcept ImportError:\n    kw = {}\ntorch.load(p, **kw)",
            "torch.load(p, **({'weights_only': True} if new else {}))",
            "np.load(p, allow_pickle=True if old else False)",
            "kw = {}\nmatch kind:\n    case 'old':\n        kw['allow_pickle'] = True\n    case _:\n        kw['allow_pickle'] = False\nnp.load(p, **kw)",
        ] {
            assert_eq!(loads(code), [Medium], "{code}");
        }
        for code in [
            "kw = {}\nif new:\n    kw['weights_only'] = True\nelse:\n    kw['weights_only'] = True\ntorch.load(p, **kw)",
            "kw = {'weights_only': True}\nif gpu:\n    kw['map_location'] = 'cuda'\ntorch.load(p, **kw)",
            "torch.load(p, weights_only=True, map_location='cuda' if gpu else 'cpu')",
            "np.load(p, allow_pickle=False, mmap_mode='r' if big else None)",
        ] {
            assert_eq!(loads(code), [], "{code}");
        }
        let callers = "def f(p, raw=False):\n    return torch.load(p, weights_only=not raw)\n";
        assert_eq!(loads(&format!("{callers}f('a', raw=True)")), [High]);
        assert_eq!(loads(&format!("{callers}f('a')")), []);
    }

    #[test]
    fn a_revision_that_is_given_in_one_case_pins_nothing_in_the_others() {
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        let models = |code: &str| {
            let code = format!("from transformers import AutoModel as A\nC = '{commit}'\n{code}");
            severities(&code, "pipeline/unpinned-model")
        };
        for code in [
            "kw = {}\nif pin:\n    kw['revision'] = C\nA.from_pretrained('acme/net', **kw)",
            "rev = 'main'\nif pin:\n    rev = C\nA.from_pretrained('acme/net', revision=rev)",
            "rev = None\nif pin:\n    rev = C\nA.from_pretrained('acme/net', revision=rev)",
            "A.from_pretrained('acme/net', revision=C if pin else 'main')",
            "A.from_pretrained('acme/a' if small else 'acme/b')",
            "MODELS = {'s': 'acme/a', 'b': 'acme/b'}\nA.from_pretrained(MODELS[size])",
            "for name, rev in [('acme/a', C), ('acme/b', 'main')]:\n    A.from_pretrained(name, revision=rev)",
            "size = 's' if small else 'b'\nA.from_pretrained(f'acme/{size}')",
            "import mlflow\ndef f(stage=None):\n    return mlflow.pyfunc.load_model(f\"models:/fraud/{stage or 'Production'}\")",
        ] {
            assert_eq!(models(code), [Medium], "{code}");
        }
        for code in [
            "A.from_pretrained('acme/net', revision=C if a else known())",
            "A.from_pretrained('acme/a' if small else 'acme/b', revision=C)",
            "A.from_pretrained('./a' if small else './b')",
            "rev = C\nif other:\n    rev = '1f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012'\nA.from_pretrained('acme/net', revision=rev)",
        ] {
            assert_eq!(models(code), [], "{code}");
        }
    }

    #[test]
    fn one_of_several_loaders_is_each_of_them() {
        let yaml = |code: &str| severities(&format!("import yaml\n{code}"), "pipeline/unsafe-yaml-load");
        assert_eq!(yaml("yaml.load(f, Loader=yaml.SafeLoader if safe else yaml.Loader)"), [Medium]);
        assert_eq!(yaml("L = yaml.UnsafeLoader if a else yaml.Loader\nyaml.load(f, L)"), [High]);
        assert_eq!(yaml("yaml.load(f, Loader=yaml.SafeLoader if a else yaml.CSafeLoader)"), []);
        let head = "import pickle, json, joblib, yaml\n";
        let named = "import importlib\ndef loader(kind):\n    return importlib.import_module('dill' if kind else 'json').load\nloader(k)(f)";
        assert_eq!(loads(named), [Medium]);
        assert_eq!(loads(&format!("{head}load = pickle.load if old else json.load\nload(f)")), [Medium]);
        assert_eq!(loads(&format!("{head}(joblib if old else pickle).load(f)")), [Medium]);
        assert_eq!(loads(&format!("{head}L = {{'p': pickle.load, 'j': json.load}}\nL[kind](f)")), [Medium]);
        assert_eq!(loads(&format!("{head}load = yaml.safe_load if old else json.load\nload(f)")), []);
        let sent = "from flask import request\n(pickle if old else json).loads(request.data)";
        assert_eq!(loads(&format!("{head}{sent}")), [High]);
        assert_eq!(
            loads(&format!("{head}{}", sent.replace("(pickle if old else json)", "pickle"))),
            [Critical]
        );
    }

    #[test]
    fn code_of_others_that_is_trusted_in_one_case_is_found() {
        let trust = |code: &str| {
            let code = format!("from transformers import AutoModel as A\n{code}");
            severities(&code, "pipeline/remote-code")
        };
        for code in [
            "trc = False\nif not safe:\n    trc = True\nA.from_pretrained(n, trust_remote_code=trc)",
            "trust_remote_code = not safe\nA.from_pretrained(n, trust_remote_code=trust_remote_code)",
            "A.from_pretrained(n, trust_remote_code='net' in n)",
            "import yaml\nc = yaml.safe_load(open('c.yml'))\nA.from_pretrained(n, trust_remote_code=c.get('remote', True))",
            "import yaml\nc = yaml.safe_load(open('c.yml'))\nA.from_pretrained(n, trust_remote_code=c['remote'])",
        ] {
            assert_eq!(trust(code), [Medium], "{code}");
        }
        for code in [
            "A.from_pretrained(n, trust_remote_code=False if a else False)",
            "A.from_pretrained(n, dtype='a' if x else 'b')",
        ] {
            assert_eq!(trust(code), [], "{code}");
        }
        let code = "import yaml\nc = yaml.safe_load(open('c.yml'))\nA.from_pretrained(n, trust_remote_code=c.get('remote', False))";
        assert!(trust(code).iter().all(|severity| *severity < Medium));
    }
}
