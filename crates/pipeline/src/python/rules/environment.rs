//! Variables of the environment that code sets for itself and what it starts: judged as those of scripts and manifests.

use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::Known;
use crate::rules::SECRET;
use crate::variable;
use bartizan_core::Rule;
use std::ops::Range;

/// Rules of this file: a variable may show whatever one of a script may.
pub(in crate::python) static RULES: &[&Rule] = crate::rules::RULES;

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    match call.path.as_ref() {
        "set:os.environ" | "os.environ.setdefault" | "os.putenv" => {
            let text = |place: usize| call.positional.get(place).and_then(|given| given.value.as_text());
            if let (Some(name), Some(value)) = (text(0), text(1)) {
                set(name, value, &call.span, module);
            }
        }
        "os.environ.update" => {
            let given = call.positional.first().map(|given| &given.value.known);
            if let Some(Known::Entries(entries)) = given {
                for (name, value) in entries.iter() {
                    if let (Some(name), Some(value)) = (name, value.as_text()) {
                        set(name, value, &call.span, module);
                    }
                }
            }
            for (name, argument) in &call.named {
                if let Some(value) = argument.value.as_text() {
                    set(name, value, &call.span, module);
                }
            }
        }
        _ => {}
    }
}

/// Credentials are looked for by a rule of their own, which knows what stands for one in code.
fn set(name: &str, value: &str, span: &Range<usize>, module: &mut Module) {
    for issue in variable::issues(name, value, span) {
        if issue.rule.id != SECRET.id {
            module.report(span, issue.into_finding());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Medium;

    #[test]
    fn variables_set_in_code_are_judged_as_those_of_scripts() {
        let graded = |set: &str| severities(&format!("import os\n{set}"), "pipeline/insecure-transport");
        assert_eq!(graded("os.environ['HF_ENDPOINT'] = 'http://mirror.example'"), [Medium]);
        assert_eq!(graded("os.environ.update({'MLFLOW_TRACKING_URI': 'http://m.example'})"), [Medium]);
        assert_eq!(graded("os.environ.update(HF_ENDPOINT='http://mirror.example')"), [Medium]);
        assert_eq!(graded("os.environ['HF_ENDPOINT'] = 'https://mirror.example'"), []);
    }
}
