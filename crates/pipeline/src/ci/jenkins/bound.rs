//! Names under which a Jenkinsfile holds credentials: [`names`].
//!
//! Source: Jenkins handbook, "Handling credentials"; plugin "Credentials Binding", whose bindings name their variables.

use std::collections::BTreeSet;

/// The names: of `NAME = credentials('id')` the name itself and its password, and the variables that bindings give.
pub(super) fn names(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("credentials(").take(MOST) {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let Some(before) = before.strip_suffix('=').map(str::trim_end) else { continue };
        let begins = before.rfind(|c: char| !is_word(c)).map_or(0, |place| place.saturating_add(1));
        found.extend(before.get(begins..).filter(|name| !name.is_empty()));
    }
    for (at, mark) in text.match_indices(':').take(MOST_COLONS) {
        let before = text.get(..at).unwrap_or_default();
        let kind = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
        // The user's name is none, nor is the path of a file that holds one.
        if !BINDINGS.contains(&kind) {
            continue;
        }
        let rest = text.get(at.saturating_add(mark.len())..).unwrap_or_default().trim_start();
        let name = ['\'', '"'].iter().find_map(|quote| rest.strip_prefix(*quote)?.split(*quote).next());
        found.extend(name.filter(|name| !name.is_empty() && name.chars().all(is_word)));
    }
    let passwords: Vec<&str> = found.iter().copied().collect();
    // A pair is bound to `NAME` whole, and to `NAME_USR` and `NAME_PSW`.
    for (at, end) in text.match_indices("_PSW").take(MOST) {
        let before = text.get(..at).unwrap_or_default();
        let begins = before.rfind(|c: char| !is_word(c)).map_or(0, |place| place.saturating_add(1));
        let name = before.get(begins..).unwrap_or_default();
        if passwords.contains(&name) {
            found.extend(text.get(begins..at.saturating_add(end.len())));
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Parameters of bindings that name a variable for a secret.
const BINDINGS: &[&str] = &[
    "variable",
    "passwordVariable",
    "passphraseVariable",
    "secretKeyVariable",
    "tokenVariable",
    "accessKeyVariable",
];
/// Most places looked at of each kind.
const MOST: usize = 1_000;
/// Most colons looked at.
const MOST_COLONS: usize = 20_000;
