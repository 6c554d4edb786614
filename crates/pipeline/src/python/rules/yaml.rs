//! YAML loaders that make any object.

use crate::python::call::Call;
use crate::python::module::{Module, edit};
use crate::{Edit, Fix, Safety};
use bartizan_core::{Finding, Rule, Severity, atlas, cwe, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// `yaml.load` without a safe loader, `yaml.unsafe_load`, `yaml.full_load`, `ruamel.yaml` with `typ="unsafe"`.
    /// ## Why it matters
    /// A tag such as `!!python/object/apply` makes the loader call any function: whoever writes the file runs code.
    /// ## Example
    /// `yaml.load(open("train.yml"), Loader=yaml.UnsafeLoader)`
    /// ## How to fix
    /// `yaml.safe_load(...)`.
    /// ## References
    /// - <https://pyyaml.org/wiki/PyYAMLDocumentation>
    pub const UNSAFE_YAML_LOAD: Rule = Rule {
        id: "pipeline/unsafe-yaml-load",
        title: "YAML loaded in a way that can run code",
        severity: Severity::High,
        remedy: "Use `yaml.safe_load`.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&UNSAFE_YAML_LOAD];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let found = |message: &str| Finding::new(&UNSAFE_YAML_LOAD, message);
    match call.path.as_ref() {
        "yaml.load" | "yaml.load_all" => {
            module.judged.insert(call.span.start);
            let loader = call.argument(1, "Loader");
            let named = loader.and_then(|loader| loader.value.as_path()).cloned();
            let name = named.as_deref().map_or("", |path| path.rsplit('.').next().unwrap_or(path));
            let taken = std::mem::take(&mut module.yaml_names);
            let fix = |call: &Call<'_>| {
                let loader = call.argument(1, "Loader").filter(|loader| !loader.written.is_empty())?;
                let keyword = if call.keyword("Loader").is_some() { "Loader=" } else { "" };
                let bound =
                    bound(call.spelling, &["load", "load_all"]).or_else(|| bound(loader.written, LOADERS));
                if let Some(module) = bound {
                    let replaced = format!("{keyword}{module}.SafeLoader");
                    return edit((loader.span.clone(), replaced), Safety::Unsafe, TITLE);
                }
                imported(&taken, "SafeLoader", call.spelling, &|safe| {
                    (loader.span.clone(), format!("{keyword}{safe}"))
                })
            };
            match (loader, name) {
                (None, _) if !call.open => {
                    let fix = match call.spelling.rsplit_once('.') {
                        Some((module, _)) => {
                            let added = call.adding(&format!("Loader={module}.SafeLoader"));
                            edit(added, Safety::Unsafe, TITLE)
                        }
                        None => imported(&taken, "SafeLoader", call.spelling, &|safe| {
                            call.adding(&format!("Loader={safe}"))
                        }),
                    };
                    module.report_fixable(
                        &call.span,
                        found("`yaml.load` without a loader makes any object in old versions"),
                        fix,
                    );
                }
                (Some(_), "UnsafeLoader" | "Loader" | "CLoader" | "CUnsafeLoader") => {
                    let message = format!("`yaml.{name}` makes any object the file names");
                    module.report_fixable(&call.span, found(&message), fix(call));
                }
                (Some(_), "FullLoader" | "CFullLoader") => {
                    let message = format!("`yaml.{name}` makes objects of any class that is imported");
                    module.report_fixable(&call.span, found(&message).severity(Severity::Low), fix(call));
                }
                _ => {}
            }
            module.yaml_names = taken;
        }
        "yaml.safe_load" | "yaml.safe_load_all" => {
            module.judged.insert(call.span.start);
        }
        "yaml.unsafe_load" | "yaml.unsafe_load_all" => {
            module.judged.insert(call.span.start);
            let finding = found("`yaml.unsafe_load` makes any object the file names");
            let fix = renamed(call, "unsafe_load", &module.yaml_names);
            module.report_fixable(&call.span, finding, fix);
        }
        "yaml.full_load" | "yaml.full_load_all" => {
            module.judged.insert(call.span.start);
            let message = "`yaml.full_load` makes objects of any class that is imported";
            let fix = renamed(call, "full_load", &module.yaml_names);
            module.report_fixable(&call.span, found(message).severity(Severity::Low), fix);
        }
        "ruamel.yaml.YAML" => {
            let typ = call.argument(usize::MAX, "typ").and_then(|typ| typ.value.as_text());
            if typ == Some("unsafe") {
                module.report(&call.span, found("the loader makes any object the file names"));
            }
        }
        _ => {}
    }
}

/// Loaders as they are called in the module.
const LOADERS: &[&str] = &["Loader", "CLoader", "UnsafeLoader", "CUnsafeLoader", "FullLoader", "CFullLoader"];

/// What stands before one of `names` where it is spelled `module.name`: the name under which the module is imported.
fn bound<'a>(spelling: &'a str, names: &[&str]) -> Option<&'a str> {
    spelling.rsplit_once('.').filter(|(_, name)| names.contains(name)).map(|(module, _)| module)
}

/// What every fix here does.
const TITLE: &str = "load with the safe loader";

/// A name of PyYAML's as it calls it, as the module does, and where it is imported.
type Name = (String, String, Range<usize>);

/// The edit that `write` makes with the name under which `safe` is imported; where it is not, the import of `beside`, a name as the module
/// calls it, takes it in.
fn imported(
    names: &[Name],
    safe: &str,
    beside: &str,
    write: &dyn Fn(&str) -> (Range<usize>, String),
) -> Option<Fix> {
    let known = names.iter().find(|(name, ..)| name == safe);
    let (span, replacement) = write(known.map_or(safe, |(_, bound, _)| bound));
    let mut edits = vec![Edit { span, replacement }];
    if known.is_none() {
        let (.., place) = names.iter().find(|(_, bound, _)| bound == beside)?;
        edits.push(Edit { span: place.end..place.end, replacement: format!(", {safe}") });
    }
    Some(Fix { edits, safety: Safety::Unsafe, title: TITLE.to_owned(), asks: None })
}

/// The safe loader's name in the place of `name`: behind the module's, or by itself, imported beside it.
fn renamed(call: &Call<'_>, name: &str, names: &[Name]) -> Option<Fix> {
    let all = call.spelling.ends_with("_all");
    let spelled = call.spelling.strip_suffix("_all").unwrap_or(call.spelling);
    let before = spelled.strip_suffix(name)?;
    let start = call.span.start.checked_add(before.len())?;
    if before.ends_with('.') {
        let span = start..start.checked_add(name.len())?;
        return edit((span, "safe_load".to_owned()), Safety::Unsafe, TITLE);
    }
    let safe = if all { "safe_load_all" } else { "safe_load" };
    let end = start.checked_add(call.spelling.len())?;
    let fits = before.is_empty();
    fits.then(|| imported(names, safe, call.spelling, &|safe| (start..end, safe.to_owned())))?
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low};

    #[test]
    fn a_safe_loader_is_added_where_none_is_named() {
        let mended = |line: &str| {
            let code =
                format!("import yaml as y\nfrom yaml import CLoader as Loader, load, unsafe_load\n{line}\n");
            let (limits, clock) = (bartizan_core::Limits::default(), bartizan_core::MonotonicClock::start());
            let outcome = crate::examine(&crate::Text::new("a.py", &code), &limits, &clock);
            let fixes: Vec<_> = outcome.fixes.iter().map(|one| &one.fix).collect();
            crate::apply(&code, &fixes).0.lines().nth(2).unwrap().to_owned()
        };
        for (before, after) in [
            ("y.load(f)", "y.load(f, Loader=y.SafeLoader)"),
            ("y.unsafe_load(f)", "y.safe_load(f)"),
            ("y.unsafe_load_all(f)", "y.safe_load_all(f)"),
            ("x = y.full_load(f)", "x = y.safe_load(f)"),
            ("unsafe_load(f)", "safe_load(f)"),
            ("y.load(f, Loader=y.UnsafeLoader)", "y.load(f, Loader=y.SafeLoader)"),
            ("y.load(f, Loader=Loader)", "y.load(f, Loader=y.SafeLoader)"),
            ("y.load_all(f, Loader)", "y.load_all(f, y.SafeLoader)"),
            ("load(f, Loader=y.FullLoader)", "load(f, Loader=y.SafeLoader)"),
            ("load(f, Loader=y.CLoader)", "load(f, Loader=y.SafeLoader)"),
            ("load(f, Loader=Loader)", "load(f, Loader=SafeLoader)"),
            ("load(f)", "load(f, Loader=SafeLoader)"),
            ("y.load(f, **{'Loader': y.Loader})", "y.load(f, **{'Loader': y.Loader})"),
        ] {
            assert_eq!(mended(before), after);
        }
    }

    #[test]
    fn a_safe_name_is_imported_once_beside_the_one_that_is_replaced() {
        let mended = |code: &str| {
            let (limits, clock) = (bartizan_core::Limits::default(), bartizan_core::MonotonicClock::start());
            let look = |code: &str| crate::examine(&crate::Text::new("a.py", code), &limits, &clock);
            let outcome = look(code);
            let fixes: Vec<_> = outcome.fixes.iter().map(|one| &one.fix).collect();
            let after = crate::apply(code, &fixes).0;
            assert_eq!(look(&after).findings, [], "{after}");
            assert_eq!(look(&after).gaps, [], "{after}");
            after
        };
        for (before, after) in [
            (
                "from yaml import load, Loader\na = load(f, Loader=Loader)\nb = load(g, Loader)\n",
                "from yaml import load, SafeLoader, Loader\na = load(f, Loader=SafeLoader)\nb = load(g, SafeLoader)\n",
            ),
            (
                "from yaml import (\n    load,\n    CLoader as L,\n)\nload(f, Loader=L)\n",
                "from yaml import (\n    load, SafeLoader,\n    CLoader as L,\n)\nload(f, Loader=SafeLoader)\n",
            ),
            (
                "from yaml import load, Loader, SafeLoader as S\nload(f, Loader=Loader)\n",
                "from yaml import load, Loader, SafeLoader as S\nload(f, Loader=S)\n",
            ),
            (
                "from yaml import (load, FullLoader)\na = load(f, Loader=FullLoader)\nb = load(g)\n",
                "from yaml import (load, SafeLoader, FullLoader)\na = load(f, Loader=SafeLoader)\nb = load(g, Loader=SafeLoader)\n",
            ),
            (
                "from yaml import load\ntry:\n    from yaml import CLoader as L\nexcept ImportError:\n    from yaml import Loader as L\nload(f, Loader=L)\n",
                "from yaml import load, SafeLoader\ntry:\n    from yaml import CLoader as L\nexcept ImportError:\n    from yaml import Loader as L\nload(f, Loader=SafeLoader)\n",
            ),
            (
                "from yaml import unsafe_load_all\nunsafe_load_all(f)\n",
                "from yaml import unsafe_load_all, safe_load_all\nsafe_load_all(f)\n",
            ),
        ] {
            assert_eq!(mended(before), after);
        }
    }

    #[test]
    fn nothing_is_imported_beside_what_a_branch_imports() {
        let (limits, clock) = (bartizan_core::Limits::default(), bartizan_core::MonotonicClock::start());
        for code in [
            "try:\n    from yaml import load, CLoader as L\nexcept ImportError:\n    from yaml import load, Loader as L\nload(f, Loader=L)\n",
            "if fast:\n    from yaml import load, Loader\nload(f, Loader=Loader)\n",
            "def g():\n    from yaml import unsafe_load\n    return unsafe_load\nfrom yaml import *\nunsafe_load(f)\n",
        ] {
            let outcome = crate::examine(&crate::Text::new("a.py", code), &limits, &clock);
            assert!(outcome.fixes.is_empty(), "{code}");
        }
    }

    #[test]
    fn only_safe_loaders_are_silent() {
        let graded = |code: &str| severities(&format!("import yaml\n{code}"), "pipeline/unsafe-yaml-load");
        assert_eq!(graded("yaml.load(f, Loader=yaml.UnsafeLoader)"), [High]);
        assert_eq!(graded("yaml.load(f)"), [High]);
        assert_eq!(graded("yaml.load(f, yaml.FullLoader)"), [Low]);
        assert_eq!(graded("yaml.load(f, Loader=yaml.CSafeLoader)"), []);
        assert_eq!(graded("L = yaml.SafeLoader\nyaml.load(f, L)"), []);
        assert_eq!(graded("yaml.safe_load(f)"), []);
    }
}
