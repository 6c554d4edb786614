//! Rules that would decide but for a letter, and paths that lead nowhere but for a letter: [`refuse`]; and sets that nobody asks for:
//! [`unread`].
//!
//! A rule `dney` denies nothing and nobody notices while another rule decides. What is read by something is a helper, whatever it is
//! called; what is read by nothing and is nearly called as a rule that decides was meant to be one.

use super::packages::{DECIDING, leads_either, paths_in, stem};
use crate::PolicyError;
use crate::format::{Token, TokenKind, tokens};
use crate::modules::{Merged, statements};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A rule at which no other looks.
struct Loose {
    package: String,
    rule: String,
    form: Form,
}

/// How a rule is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// A plain value.
    Plain,
    /// It holds on a condition.
    Conditional,
    /// A set to which entries are added, as the rules that decide are.
    Set,
}

/// What the modules of a policy name and read.
pub(super) struct Reading {
    loose: Vec<Loose>,
    /// The paths that are read, from the root, with the package that reads each.
    paths: BTreeSet<(String, String)>,
    /// The packages that hold rules.
    packages: BTreeSet<String>,
    /// What stands below each path: packages, rules and functions.
    below: BTreeMap<String, BTreeSet<String>>,
}

impl Reading {
    /// Of `modules`, one for each package. Linear in their text.
    pub(super) fn of(modules: &[Merged]) -> Self {
        let mut reading = Self {
            loose: Vec::new(),
            paths: BTreeSet::new(),
            packages: BTreeSet::new(),
            below: BTreeMap::new(),
        };
        let mut own: Vec<(&Merged, BTreeMap<String, Form>, BTreeSet<String>)> = Vec::new();
        let mut named = BTreeSet::new();
        for module in modules {
            // What does not read was refused by the parser.
            let Ok(all) = tokens(&module.content) else { continue };
            let (mut rules, mut read) = (BTreeMap::new(), BTreeSet::new());
            for line in statements(&all) {
                let words: Vec<&Token<'_>> = line
                    .iter()
                    .filter(|token| !matches!(token.kind, TokenKind::Comment | TokenKind::Break))
                    .collect();
                let from = usize::from(words.first().is_some_and(|first| first.text == "default"));
                let Some(first) = words.get(from).filter(|first| first.kind == TokenKind::Word) else {
                    continue;
                };
                if matches!(first.text, "package" | "import") {
                    continue;
                }
                let second = words.get(from.saturating_add(1)).map_or("", |second| second.text);
                if first.text != "else" {
                    reading.name(&module.package, first.text);
                    if second != "(" {
                        let form = if matches!(second, "contains" | "[") {
                            Form::Set
                        } else if second == "{" || words.iter().any(|word| word.text == "if") {
                            Form::Conditional
                        } else {
                            Form::Plain
                        };
                        let known = rules.entry(first.text.to_owned()).or_insert(form);
                        *known = form.max(*known);
                    }
                }
                let rest = words.iter().skip(from.saturating_add(1));
                read.extend(
                    rest.filter(|token| token.kind == TokenKind::Word).map(|token| token.text.to_owned()),
                );
            }
            let of_module = |path| (module.package.clone(), path);
            reading.paths.extend(paths_in(module, false).into_iter().map(of_module));
            named.extend(paths_in(module, true).into_iter().map(of_module));
            own.push((module, rules, read));
        }
        for (module, rules, read) in own {
            // Helpers that are no sets and are called otherwise are of no interest here.
            let may_be = |(rule, form): &(String, Form)| {
                *form == Form::Set || meant(rule).is_some() || is_plural(rule)
            };
            for (rule, form) in rules.into_iter().filter(may_be) {
                let path = format!("{}.{rule}", module.package);
                let read_elsewhere =
                    || named.iter().any(|(by, read)| *by != module.package && leads_either(read, &path));
                let free = !read.contains(&rule) && !read_elsewhere();
                if free {
                    reading.loose.push(Loose { package: module.package.clone(), rule, form });
                }
            }
        }
        reading
    }

    /// Notes a rule of a package, and the parts of the package's own name.
    fn name(&mut self, package: &str, rule: &str) {
        self.packages.insert(package.to_owned());
        let mut path = String::new();
        for part in package.split('.').chain([rule]) {
            self.below.entry(path.clone()).or_default().insert(part.to_owned());
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
        }
    }

    /// Where `path` leaves what there is, the path to there, the name beside it that was meant, and whether that is a rule of a package.
    fn leaves(&self, path: &str, data: &Value) -> Option<(String, String, bool)> {
        let (mut at, mut value) = (String::new(), Some(data));
        for part in path.split('.') {
            let here = self.below.get(&at)?;
            value = value.and_then(|value| value.get(part));
            if !here.contains(part) {
                let meant = here.iter().find(|known| is_nearly(part, known) && value.is_none())?;
                return Some((join(&at, part), join(&at, meant), self.packages.contains(&at)));
            }
            at = join(&at, part);
        }
        None
    }
}

fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") }
}

/// Refuses a policy with a rule that was meant to decide, or that reads what was meant to be another rule; gives what it reads that may have
/// been meant to be another name, but that data could give as well. `data` is the policy's own. A plain value may be for people.
///
/// # Errors
/// [`PolicyError::Misspelt`].
pub(super) fn refuse(reading: &Reading, data: &Value) -> Result<Vec<String>, PolicyError> {
    for Loose { package, rule, .. } in reading.loose.iter().filter(|loose| loose.form != Form::Plain) {
        if let Some(meant) = meant(rule) {
            return Err(PolicyError::Misspelt {
                place: format!(
                    "the rule `{rule}` of the package {package} is read by nothing and decides nothing"
                ),
                meant: meant.to_owned(),
            });
        }
    }
    let bare = data.as_object().is_none_or(serde_json::Map::is_empty);
    let mut doubtful = Vec::new();
    for (package, path) in reading.paths.iter().filter(|(_, path)| !path.starts_with("input")) {
        if let Some((missing, meant, beside_rules)) = reading.leaves(path, data) {
            let place = format!("the package {package} reads data.{missing}, which is not there");
            let meant = format!("data.{meant}");
            if bare && beside_rules {
                return Err(PolicyError::Misspelt { place: format!("{place} and is never true"), meant });
            }
            doubtful.push(format!("{place}: was `{meant}` meant?"));
        }
    }
    Ok(doubtful)
}

/// Whether the name of `rule` is that of one that decides, with an `s`.
fn is_plural(rule: &str) -> bool {
    let one = stem(rule).strip_suffix('s');
    one.is_some_and(|one| one == "allow" || DECIDING.contains(&one))
}

/// The rule that decides and whose name that of `rule` nearly is; none for one that decides itself.
fn meant(rule: &str) -> Option<&'static str> {
    let word = stem(rule);
    let all = || DECIDING.iter().copied().chain(["allow"]);
    let decides = all().any(|meant| meant == word);
    all().find(|meant| !decides && is_nearly(word, meant))
}

/// The rules of `packages` that nothing reads, none of them one that decides: those to which entries are added, and those that are nearly
/// called as one that decides.
pub(super) fn unread(reading: &Reading, packages: &BTreeSet<String>) -> Vec<String> {
    let decides = |rule: &str| rule == "allow" || DECIDING.contains(&stem(rule));
    let loose = reading.loose.iter().filter(|loose| packages.contains(&loose.package));
    loose
        .filter(|loose| !decides(&loose.rule))
        .map(|loose| format!("{}.{}", loose.package, loose.rule))
        .collect()
}

/// Whether `word` is `meant` but for capitals, or but for one letter that is missing, wrong, too much or in the place of its neighbour. An
/// `s` at the end is no slip, and short names are near to everything.
fn is_nearly(word: &str, meant: &str) -> bool {
    if word == meant || word.chars().count().min(meant.chars().count()) < SHORTEST {
        return false;
    }
    let (word, meant) = (word.to_lowercase(), meant.to_lowercase());
    let (one, other) = (word.strip_suffix('s').unwrap_or(&word), meant.strip_suffix('s').unwrap_or(&meant));
    word == meant || one != other && distance(one, other, 1) <= 1
}

/// Shortest name that is compared, in letters.
const SHORTEST: usize = 4;

/// Optimal string alignment distance, as far as it is of interest: more than `most` is `most + 1`.
fn distance(one: &str, other: &str, most: usize) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return most.saturating_add(1);
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut here = vec![row.saturating_add(1)];
        for (column, against) in other.iter().enumerate() {
            let value = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let next = column.saturating_add(1);
            let same = usize::from(letter != against);
            let mut least = value(&above, column)
                .saturating_add(same)
                .min(value(&above, next).saturating_add(1))
                .min(value(&here, column).saturating_add(1));
            let swapped = row.checked_sub(1).and_then(|last| one.get(last)) == Some(against)
                && column.checked_sub(1).and_then(|last| other.get(last)) == Some(letter);
            if swapped && row > 0 && column > 0 {
                least = least.min(value(&before, column.saturating_sub(1)).saturating_add(1));
            }
            here.push(least);
        }
        before = std::mem::replace(&mut above, here);
    }
    above.last().copied().unwrap_or_default().min(most.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::{distance, is_nearly};
    use crate::PolicyError;
    use crate::evaluate::{Outcome, evaluate};
    use crate::guard::Bounds;
    use crate::source::{Policy, PolicyFile};
    use serde_json::json;

    fn ask(parts: &[&[&str]]) -> Result<Outcome, PolicyError> {
        let part = |(at, files): (usize, &&[&str])| {
            let files = files.iter().enumerate().map(|(file, content)| PolicyFile {
                path: format!("{file}.rego"),
                content: (*content).to_owned(),
            });
            Policy::of_files(&at.to_string(), files.collect()).unwrap()
        };
        let joined = Policy::join(parts.iter().enumerate().map(part).collect()).unwrap();
        evaluate(&joined, None, json!({}), 0, Bounds::default(), &|| 0)
    }

    const GATE: &str = "package bartizan.gate\ndeny contains \"x\" if false\n";

    #[test]
    fn a_rule_that_is_nearly_one_that_decides_is_refused() {
        for rule in ["dney", "Deny", "deyn", "dent", "violatons", "wran_images", "warn2"] {
            let file = format!("package bartizan.gate\n{rule} contains \"never\" if true\n");
            for package in [file.clone(), file.replace("bartizan.gate", "ours")] {
                let refused = ask(&[&[GATE], &[&package]]).unwrap_err().to_string();
                assert!(refused.contains(&format!("`{rule}`")) && refused.contains("meant"), "{refused}");
            }
        }
    }

    #[test]
    fn helpers_are_called_what_they_like() {
        for file in [
            "package bartizan.gate\ndent := 1\ndeny contains \"x\" if dent == 2\n",
            "package bartizan.gate\nallowed(x) := x\ndenied := 1\nmissing_files := 1 if false\n",
            "package bartizan.gate\ndeny contains \"x\" if data.bartizan.limits.most == 2\n",
        ] {
            assert!(ask(&[&[GATE], &[file]]).is_ok(), "{file}");
        }
        let words = "package ours.words\nwarn_s := {\"x\"}\n";
        let read =
            "package bartizan.gate\nimport data.ours.words\ndeny contains x if some x in words.warn_s\n";
        assert!(ask(&[&[read, words]]).is_ok());
    }

    #[test]
    fn a_path_that_leads_nowhere_but_for_a_letter_is_refused() {
        let images = "package ours.images\nunsigned contains \"never\" if true\n";
        let asks = |path: &str| format!("package bartizan.gate\ndeny contains x if some x in data.{path}\n");
        assert_eq!(ask(&[&[&asks("ours.images.unsigned"), images]]).unwrap().deny.len(), 1);
        for path in ["ours.images.unsinged", "ours.images.Unsigned"] {
            let refused = ask(&[&[&asks(path), images]]).unwrap_err().to_string();
            assert!(refused.contains("data.ours.images.unsigned"), "{refused}");
        }
        // Another package, or data.
        let said = ask(&[&[&asks("ours.imgaes.unsigned"), images]]).unwrap();
        assert_eq!((said.deny.len(), said.warn.len()), (0, 1));
        assert!(said.warn[0].1.to_string().contains("was `data.ours.images` meant"));
        // Data that may be given or not is no mistake.
        assert!(
            ask(&[&[&asks("ours.exceptions"), images, "package x\ny := data.ours.images.unsigned\n"]])
                .is_ok()
        );
    }

    #[test]
    fn data_that_may_be_given_and_what_is_put_in_its_place_are_no_slips() {
        for (package, asked) in [
            ("exception", "data.exceptions.blocked"),
            ("gate.lib", "data.gates.strict"),
            ("lib", "data.lib.names.a"),
            ("bartizan.limits", "data.bartizan.limit"),
            ("lib", "data.lib.nm"),
        ] {
            let rules = format!("package {package}\nname := 1\nok := 2\n");
            let gate = format!("package bartizan.gate\ndeny contains x if some x in {asked}\n");
            let said = ask(&[&[&gate, &rules]]).unwrap();
            assert_eq!((said.deny.len(), said.warn.len()), (0, 0), "{asked}");
        }
        let rules = "package lib\nlimit := 1\n";
        let gate =
            "package bartizan.gate\ndeny contains \"x\" if data.lib.limit == 2 with data.lib.limti as 3\n";
        assert_eq!(ask(&[&[gate, rules]]).unwrap().warn.len(), 0);
    }

    #[test]
    fn plain_values_and_plurals_warn() {
        for line in [
            "DENY := \"deny\"",
            "dent := 3",
            "alow := 3",
            "violations contains \"x\" if true",
            "allows if true",
        ] {
            let said = ask(&[&[&format!("{GATE}{line}\n")]]).unwrap();
            assert_eq!((said.deny.len(), said.warn.len()), (0, 1), "{line}");
        }
        assert!(ask(&[&[&format!("{GATE}alow if true\n")]]).is_err());
    }

    #[test]
    fn a_set_that_nobody_asks_for_is_a_warning() {
        let forbids = "package bartizan.gate\nforbid contains \"never\" if true\n";
        let said = ask(&[&[GATE, forbids]]).unwrap();
        assert_eq!((said.deny.len(), said.warn.len()), (0, 1));
        assert!(said.warn[0].1.to_string().contains("bartizan.gate.forbid"));
        let read =
            "package bartizan.gate\nforbid contains \"never\" if true\ndeny contains x if some x in forbid\n";
        assert_eq!(ask(&[&[GATE, read]]).unwrap().warn.len(), 0);
        let apart = "package ours.words\nshown contains \"x\"\n";
        assert_eq!(ask(&[&[GATE], &[apart]]).unwrap().warn.len(), 1);
        assert_eq!(ask(&[&[GATE], &["package ours.words\nshown := 1\n"]]).unwrap().warn.len(), 0);
    }

    proptest::proptest! {
        #[test]
        fn the_distance_is_the_same_both_ways_and_none_between_equals(one in "[a-d]{0,7}", other in "[a-d]{0,7}") {
            proptest::prop_assert_eq!(distance(&one, &other, 3), distance(&other, &one, 3));
            proptest::prop_assert_eq!(distance(&one, &one, 3), 0);
            proptest::prop_assert!(!is_nearly(&one, &one));
        }
    }
}
