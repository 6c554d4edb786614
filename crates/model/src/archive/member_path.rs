//! Names and links inside archives: which would write outside the folder they are extracted to, and which are made
//! to be read differently by different tools (CWE-22, CWE-59, the "zip slip" family).

use crate::Scan;
use bartizan_core::{Finding, Severity, atlas, cwe, is_invisible, owasp_llm, owasp_ml, printable, rule};
use std::collections::HashMap;

rule! {
    /// ## What it finds
    /// An archive member whose name climbs out of the folder it is extracted to (`../`), is absolute, or names a drive.
    /// ## Why it matters
    /// Whoever extracts the archive with a tool that trusts names has a file written wherever the author chose: a start-up
    /// script, a Python package, an SSH key. Model servers and hubs extract archives unasked.
    /// ## Example
    /// `../../.ssh/authorized_keys` beside `data.pkl`.
    /// ## How to fix
    /// Do not extract the archive. Ask its author for one whose members stay inside it.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/22.html
    pub const PATH_ESCAPE: Rule = Rule {
        id: "model/archive-path-escape",
        title: "an archive member that would be written outside its folder",
        severity: Severity::High,
        remedy: "Do not extract this archive; get one whose member names stay inside it.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(22), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A symbolic or hard link in an archive that points outside the archive, or a device node.
    /// ## Why it matters
    /// After extraction the link gives access to a file of the host: a later member is written through it, or a server
    /// that reads the model hands out the file behind it.
    /// ## Example
    /// `weights.bin -> /etc/passwd`.
    /// ## How to fix
    /// Do not extract the archive. Replace the link by the file it should stand for.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/59.html
    pub const LINK_ESCAPE: Rule = Rule {
        id: "model/archive-link-escape",
        title: "an archive link that points outside the archive",
        severity: Severity::High,
        remedy: "Do not extract this archive; replace the link by the file it should stand for.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(59), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An archive member whose name is read differently by different tools: NUL bytes, control or invisible characters,
    /// names that differ only in case, backslashes, reserved device names.
    /// ## Why it matters
    /// A scanner and a loader that disagree about a name look at different files.
    /// ## Example
    /// `data.pkl\0.txt`: C code opens `data.pkl`, Python sees a text file.
    /// ## How to fix
    /// Repack the archive with plain names.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/158.html
    pub const ODD_NAME: Rule = Rule {
        id: "model/archive-odd-name",
        title: "an archive member name that tools read differently",
        severity: Severity::Low,
        remedy: "Repack the archive with plain member names.",
        taxonomies: &[atlas("AML.T0074"), cwe(158), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Two members of one archive with the same name.
    /// ## Why it matters
    /// Loaders take the first or the last of them, depending on the library. A harmless one can be shown to the
    /// reviewer while the other is loaded.
    /// ## Example
    /// Two members `archive/data.pkl` with different content.
    /// ## How to fix
    /// Repack the archive so that each name occurs once.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/694.html
    pub const DUPLICATE_MEMBER: Rule = Rule {
        id: "model/archive-duplicate-member",
        title: "two archive members with one name",
        severity: Severity::Medium,
        remedy: "Repack the archive so that each member name occurs once.",
        taxonomies: &[atlas("AML.T0074"), cwe(694), owasp_ml("ML06")],
    };
}

/// Where a path leads that is followed from the archive's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Stays inside without climbing.
    Inside,
    /// Contains `..` but ends up inside.
    Detour,
    /// Ends up outside.
    Outside,
    /// Starts at the root of a file system, names a drive or a network share.
    Absolute,
}

/// Where `path`, taken from `depth` folders below the root, leads. Both separators count: Windows takes both.
pub(crate) fn reach(path: &str, depth: usize) -> Reach {
    let mut characters = path.chars();
    let drive =
        characters.next().is_some_and(|first| first.is_ascii_alphabetic()) && characters.next() == Some(':');
    if drive || path.starts_with(['/', '\\']) || path.starts_with("~/") {
        return Reach::Absolute;
    }
    let mut level = depth;
    let mut climbs = false;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                climbs = true;
                match level.checked_sub(1) {
                    Some(up) => level = up,
                    None => return Reach::Outside,
                }
            }
            _ => level = level.saturating_add(1),
        }
    }
    if climbs { Reach::Detour } else { Reach::Inside }
}

/// Checks the names of all members of one archive.
#[derive(Default)]
pub(crate) struct NameCheck {
    seen: HashMap<String, String>,
}

impl NameCheck {
    /// Checks `name`, whose member begins at offset `at`.
    pub(crate) fn check(&mut self, name: &str, at: u64, scan: &mut Scan<'_>) {
        let shown = printable(name, 120);
        match reach(name, 0) {
            Reach::Inside => {}
            Reach::Detour => scan.report(
                Finding::new(
                    &PATH_ESCAPE,
                    format!("the member name `{shown}` climbs with `..` but ends inside the archive"),
                )
                .severity(Severity::Low)
                .at(at)
                .pointer(name),
            ),
            Reach::Outside => scan.report(
                Finding::new(
                    &PATH_ESCAPE,
                    format!("extracting `{shown}` would write outside the folder, wherever the author chose"),
                )
                .at(at)
                .pointer(name),
            ),
            Reach::Absolute => scan.report(
                Finding::new(&PATH_ESCAPE, format!("the member name `{shown}` is an absolute path"))
                    .at(at)
                    .pointer(name),
            ),
        }
        let odd = |scan: &mut Scan<'_>, severity, what: &str| {
            scan.report(
                Finding::new(&ODD_NAME, format!("the member name `{shown}` {what}"))
                    .severity(severity)
                    .at(at)
                    .pointer(name),
            );
        };
        if name.contains('\0') {
            odd(scan, Severity::Medium, "holds a NUL byte: C readers stop there, others do not");
        } else if name.chars().any(|c| c.is_control() || is_invisible(c)) {
            odd(scan, Severity::Medium, "holds control or invisible characters");
        } else if name.contains('\\') && reach(name, 0) == Reach::Inside {
            odd(scan, Severity::Low, "uses backslashes, which are folders on Windows only");
        }
        let folded = name.to_lowercase();
        if let Some(earlier) = self.seen.get(&folded)
            && earlier != name
        {
            let what = format!("differs only in case from `{}`", printable(earlier, 120));
            odd(scan, Severity::Low, &what);
        }
        self.seen.entry(folded).or_insert_with(|| name.to_owned());
    }
}

/// Reports a link called `name` that points to `target`, if that leaves the archive.
///
/// A symbolic link is followed from its own folder, a hard link from the archive's root.
pub(crate) fn check_link(name: &str, target: &str, symbolic: bool, at: u64, scan: &mut Scan<'_>) {
    let depth = if symbolic {
        name.split(['/', '\\']).filter(|part| !part.is_empty()).count().saturating_sub(1)
    } else {
        0
    };
    let kind = if symbolic { "symbolic link" } else { "hard link" };
    let (name, target) = (printable(name, 120), printable(target, 200));
    if matches!(reach(&target, depth), Reach::Outside | Reach::Absolute) {
        scan.report(
            Finding::new(
                &LINK_ESCAPE,
                format!("the {kind} `{name}` points outside the archive, to `{target}`"),
            )
            .at(at)
            .pointer(name)
            .evidence(target),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbing_out_is_told_from_a_detour() {
        assert_eq!(reach("a/../b", 0), Reach::Detour);
        assert_eq!(reach("a/../../b", 0), Reach::Outside);
        assert_eq!(reach("..\\b", 0), Reach::Outside);
        assert_eq!(reach("../b", 1), Reach::Detour);
    }

    #[test]
    fn absolute_names_of_every_system_are_seen() {
        for name in ["/etc/passwd", "C:\\x", "c:/x", "\\\\host\\share"] {
            assert_eq!(reach(name, 0), Reach::Absolute, "{name}");
        }
        assert_eq!(reach("archive/data.pkl", 0), Reach::Inside);
        assert_eq!(reach("a..b/..c", 0), Reach::Inside);
    }
}
