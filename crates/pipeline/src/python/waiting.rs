//! Calls inside a function that a parameter decides about: `from_pretrained(name, trust_remote_code=trust)` is judged again
//! where the function is called with what is known there. Part of [`Walk`].

use super::call::{Argument, Call};
use super::module::Module;
use super::value::{Known, Value};
use super::walk::Walk;
use super::{hub, rules};
use std::sync::Arc;

/// A call that waits for the values of parameters.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    path: Arc<str>,
    spelling: Arc<str>,
    positional: Vec<Value>,
    named: Vec<(Arc<str>, Value)>,
    open: bool,
    /// Rules that reported it whatever the parameters are.
    told: Vec<&'static str>,
    /// Where it stands, when that is in another module.
    pub(super) elsewhere: Option<Arc<str>>,
    /// Where it stands, in bytes.
    pub(super) start: usize,
}

/// Most calls that wait in one function.
const MOST_WAITING: usize = 12;

/// Rules that a switch, a name or an address decides about.
static DECIDED: &[&str] = &[
    "pipeline/remote-code",
    "pipeline/unpinned-model",
    "pipeline/insecure-transport",
    "pipeline/tls-disabled",
    "pipeline/unverified-download",
    "pipeline/unsafe-deserialization",
];

impl Walk<'_, '_> {
    /// Remembers `call` when a parameter of the function being walked decides about it; what was reported of it stands in
    /// the module from `reported` on.
    pub(super) fn wait(&mut self, call: &Call<'_>, reported: usize) {
        let Some(frame) = self.frames.last() else { return };
        if frame.waiting.len() >= MOST_WAITING || call.path.starts_with(['@', '?']) {
            return;
        }
        if !call.arguments().any(|argument| argument.value.as_parameter().is_some()) || !is_decided(call) {
            return;
        }
        let reports = self.state.module.reports.get(reported..).unwrap_or_default();
        let told = reports.iter().map(|report| report.finding.rule.id).collect();
        let waiting = Waiting {
            path: Arc::clone(&call.path),
            spelling: call.spelling.chars().take(60).collect::<String>().into(),
            positional: call.positional.iter().map(|argument| argument.value.clone()).collect(),
            named: call
                .named
                .iter()
                .map(|(name, argument)| (Arc::clone(name), argument.value.clone()))
                .collect(),
            open: call.open,
            told,
            elsewhere: None,
            start: call.span.start,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.waiting.push(waiting);
        }
    }

    /// Judges what waits in a function with `parameters` by what `call` gives it, the first being its parameter `shift`.
    pub(super) fn decide(
        &mut self,
        waiting: &[Waiting],
        parameters: &[Arc<str>],
        call: &Call<'_>,
        shift: usize,
    ) {
        for known in waiting {
            let mut decided = false;
            let mut give = |value: &Value| {
                let given = value.as_parameter().and_then(|index| {
                    let name = parameters.get(index)?;
                    call.keyword(name).or_else(|| call.positional.get(index.checked_sub(shift)?))
                });
                let value = match given {
                    Some(given) => {
                        decided |= !matches!(given.value.known, Known::Nothing);
                        match value.known {
                            Known::Not(_) => Value::opposite_of(&given.value),
                            _ => given.value.clone(),
                        }
                    }
                    None => value.clone(),
                };
                Argument { value, span: call.span.clone(), written: "" }
            };
            let positional: Vec<Argument<'_>> = known.positional.iter().map(&mut give).collect();
            let named: Vec<_> =
                known.named.iter().map(|(name, value)| (Arc::clone(name), give(value))).collect();
            if !decided {
                continue;
            }
            let spelling = Arc::clone(&known.spelling);
            let inner = Call {
                path: Arc::clone(&known.path),
                spelling: &spelling,
                receiver: Value::default(),
                positional,
                named,
                open: known.open,
                span: call.span.clone(),
                closing: call.closing,
                last_end: None,
            };
            self.report_decided(&inner, known, call);
        }
    }

    fn report_decided(&mut self, inner: &Call<'_>, known: &Waiting, call: &Call<'_>) {
        let mut judged = Module::default();
        super::cases::judge(inner, &[], &mut judged);
        let is_new = |id: &str| DECIDED.contains(&id) && !known.told.contains(&id);
        let through = match &known.elsewhere {
            Some(place) => format!("`{}` in `{place}`", known.spelling),
            None => format!("`{}`", known.spelling),
        };
        let module = &mut self.state.module;
        let explain = |report: &mut super::module::Report| {
            report.fix = None;
            report.finding.message = format!("{}, by {through}", report.finding.message);
        };
        for mut report in judged.reports.into_iter().filter(|report| is_new(report.finding.rule.id)) {
            explain(&mut report);
            module.report(&call.span, report.finding);
        }
        for mut report in judged.facts.unhashed.into_iter().filter(|report| is_new(report.finding.rule.id)) {
            explain(&mut report);
            module.facts.unhashed.push(report);
        }
        let written = judged.facts.unless_written.into_iter();
        for (place, mut report) in written.filter(|(_, report)| is_new(report.finding.rule.id)) {
            explain(&mut report);
            module.facts.unless_written.push((place, report));
        }
    }
}

/// Whether a switch, a name or an address decides what is thought of `call`.
fn is_decided(call: &Call<'_>) -> bool {
    const SWITCHES: &[&str] = &[
        "trust_remote_code",
        "verify",
        "verify_ssl",
        "weights_only",
        "allow_pickle",
        "safe_mode",
        "revision",
    ];
    SWITCHES.iter().any(|switch| call.keyword(switch).is_some())
        || hub::fetch(call).is_some()
        || rules::transport::fetches(call)
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Medium};

    #[test]
    fn switches_names_and_addresses_are_judged_where_they_are_given() {
        let load = "from transformers import AutoModel\ndef load(name, trust=False, revision=None):\n    return AutoModel.from_pretrained(name, revision=revision, trust_remote_code=trust)\n";
        let remote = |call: &str| severities(&format!("{load}{call}"), "pipeline/remote-code");
        assert_eq!(remote("load('acme/net', trust=True)"), [High]);
        assert_eq!(remote("load('acme/net', True)"), [High]);
        assert_eq!(remote("load('acme/net')"), []);
        let unpinned = |call: &str| severities(&format!("{load}{call}"), "pipeline/unpinned-model");
        assert_eq!(unpinned("load('acme/net', revision='main')"), [Medium]);
        assert_eq!(unpinned("load('./net')"), []);
        let get =
            "import requests\ndef get(url, verify=True):\n    return requests.get(url, verify=verify)\n";
        assert_eq!(
            severities(&format!("{get}get('http://x.example/net.bin')"), "pipeline/insecure-transport"),
            [Medium]
        );
        assert_eq!(
            severities(&format!("{get}get('https://x.example/a', verify=False)"), "pipeline/tls-disabled"),
            [High]
        );
        assert_eq!(severities(&format!("{get}get('https://x.example/a')"), "pipeline/tls-disabled"), []);
    }
}
