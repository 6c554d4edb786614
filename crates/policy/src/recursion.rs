//! Functions that call themselves, directly or through others: [`refuse`]. The evaluator follows such calls until its stack ends and the
//! process with it, which no bound around its thread can catch. OPA refuses them as well (`rego_recursion_error`); rules that rest on
//! themselves are found by the evaluator.

use crate::PolicyError;
use crate::format::{Token, TokenKind, tokens};
use crate::modules::{Merged, statements};
use crate::paths::{dotted, import, resolved};
use std::collections::{BTreeMap, BTreeSet};

/// Longest chain of functions that call each other. A call takes some ten kilobytes of the evaluator's stack of 256 MiB.
const LONGEST_CHAIN: usize = 1_000;

/// A function: its package and its name.
type Name = (String, String);

/// A function of a policy.
#[derive(Debug, Default)]
struct Function {
    calls: BTreeSet<Name>,
    line: usize,
    module: usize,
}

/// Refuses modules in which a function calls itself, or calls go on for longer than any policy needs.
///
/// Linear in the text.
///
/// # Errors
/// [`PolicyError::Rego`] with the place of the function.
pub(crate) fn refuse(modules: &[Merged]) -> Result<(), PolicyError> {
    let mut functions: BTreeMap<Name, Function> = BTreeMap::new();
    for (index, module) in modules.iter().enumerate() {
        gather(module, index, &mut functions);
    }
    // How long the chain of calls from each function is; one that is being looked at has no length yet.
    let mut lengths: BTreeMap<&Name, Option<usize>> = BTreeMap::new();
    for start in functions.keys() {
        let mut path: Vec<(&Name, std::collections::btree_set::Iter<'_, Name>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(name) = next.take() {
                match (lengths.get(name), functions.get_key_value(name)) {
                    (Some(None), _) => {
                        return Err(refused(
                            modules,
                            &functions,
                            name,
                            "calls itself; Rego has no recursion",
                        ));
                    }
                    (None, Some((name, function))) => {
                        lengths.insert(name, None);
                        path.push((name, function.calls.iter()));
                    }
                    _ => {}
                }
            }
            let Some((name, rest)) = path.last_mut() else { break };
            let name = *name;
            if let Some(called) = rest.next() {
                next = Some(called);
                continue;
            }
            path.pop();
            let calls = functions.get(name).map(|function| &function.calls);
            let longest = calls.into_iter().flatten().filter_map(|called| *lengths.get(called)?).max();
            let length = longest.unwrap_or(0) + 1;
            if length > LONGEST_CHAIN {
                let problem = format!("calls functions in a chain of more than {LONGEST_CHAIN}");
                return Err(refused(modules, &functions, name, &problem));
            }
            lengths.insert(name, Some(length));
        }
    }
    Ok(())
}

fn refused(
    modules: &[Merged],
    functions: &BTreeMap<Name, Function>,
    name: &Name,
    problem: &str,
) -> PolicyError {
    let place = functions.get(name).and_then(|function| Some((modules.get(function.module)?, function.line)));
    let (path, line) = place.map_or_else(
        || (name.0.clone(), 0),
        |(module, line)| {
            module.place(line).map_or((module.name(), line), |(path, line)| (path.to_owned(), line))
        },
    );
    PolicyError::Rego { path, problem: format!("line {line}: the function `{}` {problem}", name.1) }
}

/// Adds the functions of a module and what they call.
fn gather(module: &Merged, index: usize, functions: &mut BTreeMap<Name, Function>) {
    // What does not read is refused by the parser, with its own words.
    let Ok(all) = tokens(&module.content) else { return };
    let mut imports: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<Name> = None;
    let mut unfinished = false;
    for line in statements(&all) {
        let words: Vec<&Token<'_>> = line.iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
        if first.text == "import" {
            imports.extend(import(&words));
            continue;
        }
        if first.text == "package" {
            continue;
        }
        // A head stands at the beginning of a line that nothing before asks for; `else` goes on with the one before it.
        let goes_on = unfinished || first.text == "else";
        unfinished =
            matches!(last.text, "if" | ":=" | "=" | "==" | "contains" | "else" | "|" | "+" | "in" | "not");
        let mut rest = words.as_slice();
        if !goes_on {
            let skip = usize::from(first.text == "default");
            let (path, length) = dotted(words.get(skip..).unwrap_or_default());
            let is_function = words.get(skip + length).is_some_and(|token| token.text == "(");
            current = is_function.then(|| full(&format!("{}.{path}", module.package)));
            rest = words.get(skip + length..).unwrap_or_default();
            if let Some(name) = &current {
                let function = functions.entry(name.clone()).or_default();
                (function.line, function.module) = (first.line, index);
            }
        }
        let Some(function) = current.as_ref().and_then(|name| functions.get_mut(name)) else { continue };
        let mut at = 0;
        while at < rest.len() {
            let (path, length) = dotted(rest.get(at..).unwrap_or_default());
            if length > 0 && rest.get(at + length).is_some_and(|token| token.text == "(") {
                function.calls.insert(full(&resolved(&path, &module.package, &imports)));
            }
            at += length.max(1);
        }
    }
}

/// A path from the root as package and name.
fn full(path: &str) -> Name {
    let (package, name) = path.rsplit_once('.').unwrap_or(("", path));
    (package.to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::PolicyError;
    use crate::evaluate::evaluate;
    use crate::guard::Bounds;
    use crate::source::{Policy, PolicyFile};
    use serde_json::json;

    fn decided(modules: &[&str]) -> Result<usize, String> {
        let files = modules
            .iter()
            .enumerate()
            .map(|(at, content)| PolicyFile { path: format!("{at}.rego"), content: (*content).to_owned() });
        let policy = Policy::of_files("p", files.collect()).unwrap();
        match evaluate(&policy, Some("bartizan.gate"), json!({}), 0, Bounds::default(), &|| 0) {
            Ok(outcome) => Ok(outcome.deny.len()),
            Err(PolicyError::Rego { path, problem }) => Err(format!("{path}: {problem}")),
            Err(other) => Err(other.to_string()),
        }
    }

    #[test]
    fn functions_that_call_themselves_are_refused_with_their_place() {
        let own = "package bartizan.gate\n\nf(x) := f(x - 1)\ndeny contains \"x\" if f(1) == 1\n";
        assert_eq!(
            decided(&[own]).unwrap_err(),
            "0.rego: line 3: the function `f` calls itself; Rego has no recursion"
        );
        let mutual = "package bartizan.gate\nf(x) := 1 if x == 0\nelse := y if {\n\ty := g(x)\n}\ng(x) if\n\tf(x)\ndeny contains \"x\" if f(1) == 1\n";
        assert!(decided(&[mutual]).unwrap_err().contains("calls itself"));
        let one = "package bartizan.gate\nimport data.lib.a as l\nf(x) := l.g(x)\ndeny contains \"x\" if f(1) == 1\n";
        let two = "package lib.a\ng(x) := data.bartizan.gate.f(x)\n";
        assert!(decided(&[one, two]).unwrap_err().contains("calls itself"));
    }

    #[test]
    fn a_function_is_known_however_its_path_is_written() {
        for call in [
            "data.lib.a.g(x)",
            "data.lib[\"a\"].g(x)",
            "data[\"lib\"][`a`][\"g\"](x)",
            "l[\"g\"](x)",
            "l.g(x)",
        ] {
            let one = format!(
                "package bartizan.gate\nimport data.lib[\"a\"] as l\nf(x) := {call}\ndeny contains \"x\" if f(1) == 1\n"
            );
            let two = "package lib.a\ng(x) := data.bartizan[\"gate\"].f(x)\n";
            assert!(decided(&[&one, two]).unwrap_err().contains("calls itself"), "{call}");
        }
        let below = "package bartizan.gate\nq.f(x) := data.bartizan.gate.q.f(x)\ndeny contains \"x\" if q.f(1) == 1\n";
        assert!(decided(&[below]).unwrap_err().contains("calls itself"));
        let own = "package bartizan.gate\nq.f(x) := q.f(x)\ndeny contains \"x\" if q.f(1) == 1\n";
        assert!(decided(&[own]).unwrap_err().contains("calls itself"));
    }

    #[test]
    fn functions_with_several_bodies_and_names_of_other_packages_are_let_through() {
        let own = "package bartizan.gate\nimport data.lib\ndefault f(_) := 0\nf(x) := lib.f(x) if x > 0\nf(x) := count([y | y := lib.f(x)]) if {\n\tx < 0\n}\ndeny contains \"x\" if f(1) == 2\n";
        let lib = "package lib\nf(x) := x + 1\n";
        assert_eq!(decided(&[own, lib]), Ok(1));
    }

    #[test]
    fn a_chain_longer_than_any_policy_needs_is_refused_before_it_is_followed() {
        let chain = |length: usize| {
            let mut module = "package bartizan.gate\nf0(x) := x\n".to_owned();
            for at in 1..length {
                module.push_str(&format!("f{at}(x) := f{}(x)\n", at - 1));
            }
            format!("{module}deny contains \"x\" if f{}(1) == 1\n", length - 1)
        };
        assert_eq!(decided(&[&chain(400)]), Ok(1));
        assert!(decided(&[&chain(8_000)]).unwrap_err().contains("chain of more than 1000"));
    }
}
