//! Names that a program imports, each under a name of its own.

use std::collections::{HashMap, HashSet};

/// What was imported so far.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Local name by module and first part of the name.
    known: HashMap<(String, String), String>,
    taken: HashSet<String>,
}

/// An imported name.
pub(super) struct Import {
    /// The expression that gives it.
    pub(super) expression: String,
    /// The line that imports it, the first time.
    pub(super) line: Option<String>,
}

impl Imports {
    /// Imports `name` of `module`; `None` when one of them is no name that Python's `import` could take.
    pub(super) fn import(&mut self, module: &str, name: &str) -> Option<Import> {
        let is_name = |dotted: &str| dotted.len() < LONGEST && dotted.split('.').all(is_identifier);
        if !is_name(module) || !is_name(name) {
            return None;
        }
        let (first, rest) = name.split_at(name.find('.').unwrap_or(name.len()));
        let key = (module.to_owned(), first.to_owned());
        if let Some(local) = self.known.get(&key) {
            return Some(Import { expression: format!("{local}{rest}"), line: None });
        }
        let local = (0..=self.taken.len())
            .map(|number| if number == 0 { first.to_owned() } else { format!("{first}_{number}") })
            .find(|local| !self.taken.contains(local))?;
        self.taken.insert(local.clone());
        let line = if local == first {
            format!("from {module} import {first}")
        } else {
            format!("from {module} import {first} as {local}")
        };
        self.known.insert(key, local.clone());
        Some(Import { expression: format!("{local}{rest}"), line: Some(line) })
    }
}

/// Whether `part` looks like a name to every reader: letters, digits and underscores of ASCII. Others stay quoted.
fn is_identifier(part: &str) -> bool {
    part.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        // The names of the program's own.
        && !(part.len() > 1 && part.starts_with('v') && part.bytes().skip(1).all(|byte| byte.is_ascii_digit()))
}

/// Longest module or name written as an import, in bytes.
const LONGEST: usize = 256;
