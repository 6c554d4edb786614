//! Packages that a text for an agent has installed, whose names are taken for others.

use super::{Notes, Reading};
use crate::agents::reading::Role;
use crate::dependencies::Ecosystem;
use crate::dependencies::names::{Likeness, likeness};
use crate::dependencies::rules::TYPOSQUAT_PACKAGE;
use bartizan_core::{Confidence, Finding, Severity, printable};
use std::ops::Range;

/// Reports each name behind `pip install`, `uv add`, `npm install` and the like that is one slip from one that many use.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for (command, ecosystem) in COMMANDS {
        for at in memchr::memmem::find_iter(reading.folded.as_bytes(), command) {
            let line =
                reading.folded.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
            if reading.role == Role::Script && line.trim_start().starts_with(['#', '/']) {
                continue;
            }
            let start = at.saturating_add(command.len());
            for (name, span) in packages(&reading.folded, start) {
                let name = ecosystem.normal(name);
                let Some(Likeness::Slip(meant)) = likeness(*ecosystem, &name) else { continue };
                let severity = if reading.is_shown(&span) { Severity::Low } else { Severity::High };
                let message =
                    format!("installs `{}`, one slip from `{meant}`, which many use", printable(&name, 80));
                let finding = Finding::new(&TYPOSQUAT_PACKAGE, message)
                    .severity(severity)
                    .confidence(Confidence::Medium);
                notes.report(reading.text, span, finding);
            }
        }
    }
}

/// The names of packages that follow `start` on its line, at most [`MOST`].
fn packages(folded: &str, start: usize) -> Vec<(&str, Range<usize>)> {
    let rest = folded.get(start..).unwrap_or_default();
    let line = rest.split(['\n', '`', ';', '|', '&', '#', ')']).next().unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0_usize;
    for word in line.split(' ').take(MOST) {
        let begin = start.saturating_add(at);
        at = at.saturating_add(word.len()).saturating_add(1);
        let bare = word.trim_start_matches(['"', '\'']);
        let offset = word.len().saturating_sub(bare.len());
        // A scope begins with the sign that elsewhere ends a name.
        let scope = usize::from(bare.starts_with('@'));
        let end = bare
            .get(scope..)
            .and_then(|rest| rest.find(['=', '<', '>', '~', '[', '"', '\'', '@', ',']))
            .map_or(bare.len(), |end| end.saturating_add(scope));
        let name = bare.get(..end).unwrap_or_default();
        let plain =
            !name.is_empty() && !name.starts_with(['-', '.', '/', '$', '<', '{']) && !name.contains(':');
        if plain {
            let begin = begin.saturating_add(offset);
            found.push((name, begin..begin.saturating_add(name.len())));
        }
    }
    found
}

/// Words of one command that are looked at.
const MOST: usize = 40;

static COMMANDS: &[(&str, Ecosystem)] = &[
    ("pip install ", Ecosystem::PyPi),
    ("pip3 install ", Ecosystem::PyPi),
    ("uv add ", Ecosystem::PyPi),
    ("poetry add ", Ecosystem::PyPi),
    ("pipx install ", Ecosystem::PyPi),
    ("npm install ", Ecosystem::Npm),
    ("npm i ", Ecosystem::Npm),
    ("pnpm add ", Ecosystem::Npm),
    ("yarn add ", Ecosystem::Npm),
    ("cargo install ", Ecosystem::Crates),
    ("cargo add ", Ecosystem::Crates),
];

#[cfg(test)]
mod tests {
    use crate::agents::found;

    #[test]
    fn a_slip_in_a_package_to_install_is_found_and_the_right_name_is_not() {
        let text = |line: &str| format!("---\nname: a\ndescription: b\n---\nRun `{line}` first.\n");
        assert_eq!(found(&text("pip install -U 'reqeusts>=2' numpy")), ["pipeline/typosquat-package"]);
        assert_eq!(found(&text("pip install requests numpy")), Vec::<&str>::new());
        assert_eq!(found(&text("npm install @langchain/core lodash@4")), Vec::<&str>::new());
    }
}
