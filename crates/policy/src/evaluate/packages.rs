//! Which packages of a policy decide: [`deciding`].
//!
//! One package of a policy is asked. A rule that decides and stands in a package that nobody asks would deny nothing, so such a policy is
//! refused, unless the packages that are asked ask for the rule themselves.

use crate::PolicyError;
use crate::format::{Token, TokenKind, tokens};
use crate::modules::{Merged, head_names, statements};
use crate::paths::{dotted, import, resolved};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Package that decides when nothing else is said.
pub const GATE_PACKAGE: &str = "bartizan.gate";
/// Package of policies written for Conftest.
pub const CONFTEST_PACKAGE: &str = "main";
/// Rules that decide, beside `allow`.
pub const DECIDING: [&str; 4] = ["deny", "violation", "warn", "missing"];

/// The rules that decide, by their packages.
pub(super) struct Rules(BTreeMap<String, BTreeSet<String>>);

impl Rules {
    /// Those of the modules, one for each package.
    pub(super) fn of(modules: &[Merged]) -> Self {
        let rules = |module| head_names(module).into_iter().filter(|name| decides(name)).collect();
        Self(modules.iter().map(|module| (module.package.clone(), rules(module))).collect())
    }

    /// Those of a package.
    pub(super) fn in_package(&self, package: &str) -> BTreeSet<String> {
        self.0.get(package).cloned().unwrap_or_default()
    }

    fn decide_in(&self, package: &str) -> bool {
        self.0.get(package).is_some_and(|rules| !rules.is_empty())
    }

    fn packages(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Whether a rule of that name decides.
fn decides(name: &str) -> bool {
    name == "allow" || DECIDING.contains(&stem(name))
}

/// The first part of a name: `deny` of `deny_images`.
pub(super) fn stem(name: &str) -> &str {
    name.split_once('_').map_or(name, |(stem, _)| stem)
}

/// The reference to a package: `data.a.b`, with brackets where a part is no plain name.
pub(super) fn path_of(package: &str) -> String {
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

/// The packages that decide. `parts` are the packages of each policy of those that were joined: each decides by the one that is
/// `wanted` where it has it, else by `bartizan.gate`, else by `main`, else by its only one with rules that decide. One without such
/// rules is there for the others.
///
/// # Errors
/// [`PolicyError::Package`] when none can be told, [`PolicyError::Unasked`] when one would go unasked.
pub(super) fn deciding(
    wanted: Option<&str>,
    parts: &[BTreeSet<String>],
    modules: &[Merged],
    rules: &Rules,
) -> Result<BTreeSet<String>, PolicyError> {
    let wanted = wanted.map(|wanted| wanted.strip_prefix("data.").unwrap_or(wanted));
    if let Some(wanted) = wanted.filter(|wanted| !rules.0.contains_key(*wanted)) {
        return Err(PolicyError::Package { wanted: wanted.to_owned(), packages: rules.packages() });
    }
    let mut found = BTreeSet::new();
    let mut beside = BTreeSet::new();
    for part in parts {
        // Whoever names a package of a policy has chosen among them.
        if let Some(wanted) = wanted.filter(|wanted| part.contains(*wanted)) {
            found.insert(wanted.to_owned());
            continue;
        }
        let mut deciding = part.iter().filter(|package| rules.decide_in(package));
        if let Some(known) = [GATE_PACKAGE, CONFTEST_PACKAGE].into_iter().find(|name| part.contains(*name)) {
            found.insert(known.to_owned());
            beside.extend(deciding.map(String::as_str));
            continue;
        }
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
        return match rules.packages().as_slice() {
            // It says itself that it decides nothing.
            [only] => Ok(BTreeSet::from([only.clone()])),
            several => {
                Err(PolicyError::Package { wanted: GATE_PACKAGE.to_owned(), packages: several.to_vec() })
            }
        };
    }
    beside.retain(|package| !found.contains(*package));
    if beside.is_empty() {
        return Ok(found);
    }
    let asked = asked_by(&found, modules);
    let unasked = |package: &&str| {
        let mut rules = rules.0.get(*package).into_iter().flatten();
        rules.find(|rule| !reaches(&asked, &format!("{package}.{rule}"))).cloned()
    };
    if let Some((package, rule)) = beside.iter().find_map(|package| Some((*package, unasked(package)?))) {
        return Err(PolicyError::Unasked {
            asked: found.into_iter().collect(),
            package: package.to_owned(),
            rule,
        });
    }
    Ok(found)
}

/// The paths that the packages read, and the packages that those reach, and so on.
fn asked_by(packages: &BTreeSet<String>, modules: &[Merged]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut waiting: Vec<&Merged> =
        modules.iter().filter(|module| packages.contains(&module.package)).collect();
    let mut seen: BTreeSet<&str> = waiting.iter().map(|module| module.package.as_str()).collect();
    while let Some(module) = waiting.pop() {
        let read = paths_in(module, true);
        for other in modules {
            let below = format!("{}.", other.package);
            let reached = read.iter().any(|path| path.starts_with(&below)) || reaches(&read, &other.package);
            if reached && seen.insert(&other.package) {
                waiting.push(other);
            }
        }
        paths.extend(read);
    }
    paths
}

/// Whether one of the paths is `wanted`, leads to it (`data.a` to `data.a.b`) or to something in it.
fn reaches(paths: &BTreeSet<String>, wanted: &str) -> bool {
    paths.iter().any(|path| leads_either(path, wanted))
}

/// Whether one of two paths leads to the other.
pub(super) fn leads_either(one: &str, other: &str) -> bool {
    let leads = |from: &str, to: &str| {
        from.is_empty() || to.strip_prefix(from).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    leads(one, other) || leads(other, one)
}

/// The paths from the root that a module reads; that it imports one reads nothing. With those in whose place it puts something by `with`
/// where they are `replaced`.
pub(super) fn paths_in(module: &Merged, replaced: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // What does not read was refused by the parser.
    let Ok(all) = tokens(&module.content) else { return found };
    let mut imports = BTreeMap::new();
    for line in statements(&all) {
        let words: Vec<&Token<'_>> = line
            .iter()
            .filter(|token| !matches!(token.kind, TokenKind::Comment | TokenKind::Break))
            .collect();
        match words.first().map(|first| first.text) {
            Some("import") => imports.extend(import(&words)),
            Some("package") => {}
            _ => {
                let mut at = 0;
                while at < words.len() {
                    let (path, length) = dotted(words.get(at..).unwrap_or_default());
                    let first = path.split('.').next().unwrap_or_default();
                    let is_target = at
                        .checked_sub(1)
                        .and_then(|last| words.get(last))
                        .is_some_and(|last| last.text == "with");
                    if (first == "data" || imports.contains_key(first)) && (replaced || !is_target) {
                        found.insert(resolved(&path, &module.package, &imports));
                    }
                    at += length.max(1);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::PolicyError;
    use crate::evaluate::{Evaluator, evaluate};
    use crate::guard::Bounds;
    use crate::source::{Policy, PolicyFile};
    use serde_json::json;

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
        for files in [&["package main", "package bartizan.gate"], &["package main", "package a"]] {
            // What nobody asks does not go unasked in silence.
            assert!(matches!(package(files, None), Err(PolicyError::Unasked { .. })));
            assert_eq!(package(files, Some("main")).unwrap(), "main");
        }
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
    fn a_package_beside_the_one_that_decides_is_asked_by_it_or_the_policy_is_refused() {
        let beside =
            "package ours.images\nimport data.ours.words as w\ndeny contains \"never\" if w.always\n";
        let words = "package ours.words\nalways := true\n";
        let ask = |gate: &str, package: Option<&str>| {
            let gate = format!("package bartizan.gate\n{gate}\ndeny contains \"x\" if false\n");
            let files = [("gate", gate.as_str()), ("images", beside), ("words", words)];
            let files = files.map(|(name, content)| PolicyFile {
                path: format!("{name}.rego"),
                content: content.to_owned(),
            });
            let policy = Policy::of_files("p", files.to_vec()).unwrap();
            evaluate(&policy, package, json!({}), 0, Bounds::default(), &|| 0)
        };
        for unasked in
            ["", "import data.ours.images", "x := data.ours.words.always", "x := input.data.ours.images"]
        {
            let refused = ask(unasked, None).unwrap_err().to_string();
            assert!(
                refused.contains("the rule `deny` of ours.images") && refused.contains("--package"),
                "{refused}"
            );
            assert_eq!(ask(unasked, Some("bartizan.gate")).unwrap().deny.len(), 0, "{unasked}");
        }
        for asked in [
            "import data.ours.images\ndeny contains x if some x in images.deny",
            "deny contains x if some x in data[\"ours\"].images.deny",
            "deny contains x if {\nsome name\nx := data.ours[name].deny[_]\n}",
        ] {
            assert_eq!(ask(asked, None).unwrap().deny.len(), 1, "{asked}");
        }
    }
}
