//! One module for each package: [`merge`] joins the files of a package before they are evaluated.
//!
//! The evaluator (regorus 0.14.1) marks a package as done when it has evaluated the first of its modules, after which what the others
//! define is undefined, and it keeps one list of imports for all of them. A rule `deny` that is undefined denies nothing, so files of one
//! package are joined into one module here: their package and import lines are gathered, everything else stays on its line.

use crate::PolicyError;
use crate::format::{Token, TokenKind, package_of, tokens};
use crate::source::PolicyFile;
use std::collections::BTreeMap;

/// The module of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    /// Its package, as `a.b.c`.
    pub(crate) package: String,
    /// Its text.
    pub(crate) content: String,
    /// The files it is made of, and the line of the module before the first of each.
    files: Vec<(String, usize)>,
}

impl Merged {
    /// What it is called: the names of its files.
    pub(crate) fn name(&self) -> String {
        let names: Vec<&str> = self.files.iter().map(|(path, _)| path.as_str()).collect();
        names.join("+")
    }

    /// A message about joined modules, with each place in the file where it stands.
    pub(crate) fn placed(modules: &[Self], message: &str) -> String {
        let mut message = message.to_owned();
        for module in modules.iter().filter(|module| module.files.len() > 1) {
            let before = format!("{}:", module.name());
            let mut placed = String::new();
            let mut rest = message.as_str();
            while let Some((head, tail)) = rest.split_once(&before) {
                placed.push_str(head);
                let digits = tail.chars().take_while(char::is_ascii_digit).count();
                let (number, after) = tail.split_at_checked(digits).unwrap_or((tail, ""));
                match number.parse::<usize>().ok().and_then(|line| module.place(line)) {
                    Some((path, line)) => placed.push_str(&format!("{path}:{line}")),
                    None => placed.push_str(&format!("{before}{number}")),
                }
                rest = after;
            }
            placed.push_str(rest);
            message = placed;
        }
        message
    }

    /// The file and its line for a line of the module.
    pub(crate) fn place(&self, line: usize) -> Option<(&str, usize)> {
        let (path, before) = self.files.iter().rev().find(|(_, before)| *before < line)?;
        Some((path, line - before))
    }
}

/// Joins files by package, in order of package; the order of files is kept.
///
/// # Errors
/// [`PolicyError::Rego`] for a file without a package, or two of one package that import different things under one name.
pub(crate) fn merge(files: &[&PolicyFile]) -> Result<Vec<Merged>, PolicyError> {
    let mut packages: BTreeMap<String, Vec<&PolicyFile>> = BTreeMap::new();
    for file in files {
        // A file that does not read has its own module, so that the evaluator says what is wrong with it.
        let package = package_of(&file.content).unwrap_or_else(|| format!("({})", file.path));
        packages.entry(package).or_default().push(file);
    }
    let joined = packages.into_iter().map(|(package, files)| match files.as_slice() {
        [only] => Ok(Merged { package, content: only.content.clone(), files: vec![(only.path.clone(), 0)] }),
        several => join(package, several),
    });
    joined.collect()
}

/// Most lines of all files of a package together: what the evaluator takes.
const MOST_LINES: usize = 20_000;

fn join(package: String, files: &[&PolicyFile]) -> Result<Merged, PolicyError> {
    let mut imports: BTreeMap<String, String> = BTreeMap::new();
    let mut bodies = Vec::new();
    for file in files {
        let bad = |problem: String| PolicyError::Rego { path: file.path.clone(), problem };
        let all = tokens(&file.content).map_err(|error| bad(error.to_string()))?;
        let mut taken = Vec::new();
        for line in statements(&all) {
            let words: Vec<&Token<'_>> =
                line.iter().filter(|token| token.kind != TokenKind::Comment).collect();
            let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
            match first.text {
                "package" => {}
                "import" => {
                    let text: String = words
                        .iter()
                        .skip(1)
                        .map(|token| match token.text {
                            "as" => " as ",
                            text => text,
                        })
                        .collect();
                    let name = last.text.trim_matches(['"', '`']).to_owned();
                    if imports.insert(name.clone(), text.clone()).is_some_and(|known| known != text) {
                        return Err(bad(format!(
                            "line {}: another file of the package {package} imports something else as `{name}`; give one of them \
                             another name with `as`",
                            first.line
                        )));
                    }
                }
                _ => continue,
            }
            taken.extend(first.line..=last.line);
        }
        let kept: Vec<&str> = file
            .content
            .lines()
            .enumerate()
            .map(|(at, line)| if taken.contains(&(at + 1)) { "" } else { line })
            .collect();
        bodies.push((file.path.clone(), kept));
    }
    let mut lines = vec![format!("package {}", written(&package))];
    // `rego.v1` and the like first, as the evaluator wants them.
    let (first, rest): (Vec<&String>, Vec<&String>) =
        imports.values().partition(|text| text.starts_with("rego.") || text.starts_with("future."));
    lines.extend(first.into_iter().chain(rest).map(|text| format!("import {text}")));
    let mut places = Vec::new();
    for (path, kept) in bodies {
        places.push((path, lines.len()));
        lines.extend(kept.into_iter().map(str::to_owned));
    }
    if lines.len() > MOST_LINES {
        return Err(PolicyError::TooLarge {
            place: format!("the package {package}"),
            problem: format!("has {} lines; up to {MOST_LINES} are read", lines.len()),
        });
    }
    lines.push(String::new());
    Ok(Merged { package, content: lines.join("\n"), files: places })
}

/// A package as Rego writes it.
fn written(package: &str) -> String {
    let mut parts = package.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}[{}]", serde_json::Value::String(part.to_owned())))
}

/// The tokens of each line that begins outside of brackets, with those of the lines on which its brackets close.
pub(crate) fn statements<'a, 't>(all: &'a [Token<'t>]) -> Vec<&'a [Token<'t>]> {
    let mut found = Vec::new();
    let (mut start, mut open) = (0, 0_usize);
    for (at, token) in all.iter().enumerate() {
        if token.opens() {
            open += 1;
        } else if token.closes() {
            open = open.saturating_sub(1);
        } else if token.kind == TokenKind::Break && open == 0 {
            found.extend(all.get(start..at).filter(|line| !line.is_empty()));
            start = at + 1;
        }
    }
    found.extend(all.get(start..).filter(|line| !line.is_empty()));
    found
}

/// Lines and names at which rules of a module begin; functions, the package and imports are not among them.
pub(crate) fn heads(module: &str) -> Vec<(usize, String)> {
    let Ok(all) = tokens(module) else { return Vec::new() };
    let mut heads = Vec::new();
    for line in statements(&all) {
        let mut words = line.iter();
        let Some(mut first) = words.next() else { continue };
        if first.text == "default" {
            let Some(next) = words.next() else { continue };
            first = next;
        }
        let is_function = words.next().is_some_and(|token| token.text == "(");
        if first.kind == TokenKind::Word
            && !is_function
            && !matches!(first.text, "package" | "import" | "else")
        {
            heads.push((first.line, first.text.to_owned()));
        }
    }
    heads
}

/// Names of the rules of a package.
pub(crate) fn head_names(module: &Merged) -> Vec<String> {
    heads(&module.content).into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::evaluate;
    use crate::guard::Bounds;
    use crate::source::Policy;
    use serde_json::json;

    fn file(path: &str, content: &str) -> PolicyFile {
        PolicyFile { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn files_of_one_package_become_one_module_and_keep_their_lines() {
        let one = file("a.rego", "# one\npackage p.q\n\nimport data.l\nimport rego.v1\n\nx := l.y\n");
        let two = file("b.rego", "package p[\"q\"]\nimport rego.v1\nimport data.l\n\ndeny contains x if x\n");
        let three = file("c.rego", "package r\n");
        let merged = merge(&[&one, &two, &three]).unwrap();
        assert_eq!(merged.len(), 2);
        let module = &merged[0];
        assert_eq!((module.package.as_str(), module.name().as_str()), ("p.q", "a.rego+b.rego"));
        assert!(
            module.content.starts_with("package p[\"q\"]\nimport rego.v1\nimport data.l\n# one\n"),
            "{}",
            module.content
        );
        let line = module.content.lines().position(|line| line.starts_with("deny")).unwrap() + 1;
        assert_eq!(module.place(line), Some(("b.rego", 5)));
        assert_eq!(
            Merged::placed(&merged, &format!("--> a.rego+b.rego:{line}:3 wrong")),
            "--> b.rego:5:3 wrong"
        );
    }

    #[test]
    fn one_name_for_two_imports_in_a_package_is_refused() {
        let one = file("a.rego", "package p\nimport data.l as e\n");
        let two = file("b.rego", "package p\nimport data.m as e\n");
        assert!(
            matches!(merge(&[&one, &two]), Err(PolicyError::Rego { problem, .. }) if problem.contains("`e`"))
        );
    }

    #[test]
    fn heads_are_rules_and_defaults_and_no_functions() {
        let module = "package p\nimport data.x\ndefault allow := false\nf(x) := 1\ndeny contains {\n\"a\": 1,\n} if {\n x\n}\nallow if true\n";
        let names: Vec<String> = heads(module).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["allow", "deny", "allow"]);
    }

    /// What denied nothing before files of a package were joined: a function of one file, called from another that comes later.
    #[test]
    fn what_one_file_defines_is_seen_from_the_others_whatever_their_order() {
        for (first, second) in [("a.rego", "b.rego"), ("b.rego", "a.rego")] {
            let files = vec![
                file("l.rego", "package l\n\nby := {\"q\": {\"k\": \"w\"}}\n"),
                file(first, "package bartizan.gate\n\nimport data.l as e\n\nf(o) := e.by[o].k\n"),
                file(second, "package bartizan.gate\n\ndeny contains x if x := f(\"q\")\n"),
            ];
            let policy = Policy::of_files("p", files).unwrap();
            let outcome = evaluate(&policy, None, json!({}), 0, Bounds::default(), &|| 0).unwrap();
            assert_eq!(outcome.deny, [("deny".to_owned(), json!("w"))]);
        }
    }
}
