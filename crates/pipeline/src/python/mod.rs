//! Python source: scripts, modules, notebooks.
//!
//! Parsed with ruff's parser and followed without running anything ([`walk`]): imports and aliases, constants, texts put
//! together, what comes from users, models, servers and files, and where it goes. Each call is then judged by the
//! [`rules`]. Cost: linear in the source; nesting is measured first, so that neither parser nor walk can exhaust the stack.

mod alternatives;
mod call;
mod called;
mod cases;
mod comparison;
mod comprehension;
mod containers;
mod declare;
mod defaults;
mod digests;
pub(crate) mod embedded;
mod escape;
mod evaluate;
mod exports;
mod guard;
mod handover;
mod hub;
mod local;
mod module;
mod names;
mod neighbours;
mod notebook;
mod reader;
mod rules;
mod scope;
mod selection;
mod source;
mod sources;
mod strings;
mod value;
mod waiting;
mod walk;
mod written;

pub(crate) use hub::is_local_folder;
pub(crate) use notebook::Notebook;
pub use notebook::place_in_file;
pub(crate) use reader::Python;
pub(crate) use rules::flow::{
    CODE_FROM_DATA, MARKUP_FROM_DATA, MODEL_OUTPUT_EXECUTED, PROMPT_FROM_UNTRUSTED_INPUT,
    SHELL_COMMAND_FROM_DATA, SQL_FROM_DATA,
};
pub(crate) use rules::place::{ADDRESS_FROM_DATA, FILE_FROM_DATA};
pub(crate) use rules::secret;

/// The rules of Python source.
pub(crate) static RULES: std::sync::LazyLock<Vec<&'static bartizan_core::Rule>> =
    std::sync::LazyLock::new(|| rules::RULES.iter().flat_map(|rules| rules.iter().copied()).collect());

#[cfg(test)]
pub(crate) mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Finding, Limits, MonotonicClock, Severity};
    use proptest::prelude::*;

    /// Everything found in `code`.
    pub(crate) fn findings(code: &str) -> Vec<Finding> {
        examine(&Text::new("a.py", code), &Limits::default(), &MonotonicClock::start()).findings
    }

    /// Severities of what is found of the rule `id`.
    pub(crate) fn severities(code: &str, id: &str) -> Vec<Severity> {
        findings(code)
            .iter()
            .filter(|finding| finding.rule.id == id)
            .map(|finding| finding.severity)
            .collect()
    }

    #[test]
    fn what_does_not_parse_is_a_gap_with_its_place_and_the_rest_is_judged() {
        let text = Text::new("a.py", "import pickle\ndef f(:\n    pass\npickle.load(f)\n");
        let outcome = examine(&text, &Limits::default(), &MonotonicClock::start());
        assert!(outcome.gaps.iter().any(|gap| gap.reason.contains("line 2")), "{:?}", outcome.gaps);
        assert!(
            outcome.findings.iter().any(|finding| finding.location.line == Some(4)),
            "{:?}",
            outcome.findings
        );
    }

    #[test]
    fn a_keyword_that_is_given_twice_is_a_gap_since_no_python_compiles_it() {
        let gaps =
            |code: &str| examine(&Text::new("a.py", code), &Limits::default(), &MonotonicClock::start()).gaps;
        let twice = gaps("import torch\ntorch.load('m', weights_only=None, weights_only=True)\n");
        assert!(twice[0].reason.contains("`weights_only` twice"), "{twice:?}");
        assert_eq!(gaps("f(a=1, b=2, **c, **d)\nf(a=g(a=1))\n"), []);
    }

    #[test]
    fn deep_nesting_is_refused_and_wide_code_is_read() {
        let deep = format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000));
        let outcome = examine(&Text::new("a.py", &deep), &Limits::default(), &MonotonicClock::start());
        assert_eq!(outcome.gaps.len(), 1);
        let nested = format!("import pickle\nx = {}pickle.load(f){}\n", "(".repeat(900), ")".repeat(900));
        assert_eq!(severities(&nested, "pipeline/unsafe-deserialization").len(), 1);
    }

    #[test]
    fn a_function_is_walked_once_however_often_it_is_called() {
        let mut code = String::from("def f0(x):\n    return x\n");
        for index in 1..400 {
            let before = index - 1;
            code.push_str(&format!(
                "def f{index}(x):\n    f{before}(x)\n    f{before}(x)\n    return f{before}(f{before}(x))\n"
            ));
        }
        assert_eq!(findings(&code), []);
    }

    proptest! {
        #[test]
        fn any_text_is_judged(code in "\\PC*") {
            let _ = findings(&code);
        }

        #[test]
        fn any_shuffle_of_tokens_is_judged(parts in proptest::collection::vec(prop::sample::select(vec![
            "import os", "\n", "\n    ", "os", ".", "system", "(", ")", "[", "]", "'a'", "f'{x}'", "+", "%", "lambda", ":", "x", "=", "def f(x)", "class A", "if",
            "else", "return", "self", "torch.load", "**", "{", "}", ",", "*", "for", "in", "with", "as", "try", "except", "yield", "await", "x.y", "@"]), 0..50)) {
            let _ = findings(&parts.join(" "));
        }
    }
}
