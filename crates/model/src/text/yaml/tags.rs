//! Tags: which class or function a parser constructs or calls for one.

use super::YAML_UNSAFE_TAG;
use super::document::Document;
use crate::call::{self, Call, How};
use bartizan_core::{Finding, Severity};

impl Document<'_, '_, '_> {
    /// Judges a tag; `argument` is what follows it on its line.
    pub(super) fn tag(&mut self, tag: &str, argument: &str, at: usize) {
        let verbatim = tag.strip_prefix("!<").and_then(|tag| tag.strip_suffix('>'));
        let resolved = match verbatim {
            Some(uri) => uri.to_owned(),
            None => {
                if let Some(suffix) = tag.strip_prefix("!!") {
                    format!("{}{suffix}", self.handles.get("!!").copied().unwrap_or("tag:yaml.org,2002:"))
                } else {
                    let handle =
                        tag.get(1..).and_then(|rest| rest.find('!')).map(|end| end.saturating_add(2));
                    match handle.and_then(|end| tag.split_at_checked(end)) {
                        Some((handle, suffix)) => {
                            format!("{}{suffix}", self.handles.get(handle).copied().unwrap_or(handle))
                        }
                        None => match (self.handles.get("!"), tag.strip_prefix('!')) {
                            (Some(prefix), Some(suffix)) => format!("{prefix}{suffix}"),
                            _ => tag.to_owned(),
                        },
                    }
                }
            }
        };
        if let Some(python) = python_suffix(&resolved) {
            self.python_tag(&python, argument, at);
            return;
        }
        let resolved = percent_decoded(&resolved);
        let name = own_name(&resolved);
        let gadget = [
            "javax.script.",
            "java.net.URLClassLoader",
            "com.sun.rowset.",
            "java.lang.",
            "org.springframework.",
            "ruby/object",
            "ruby/hash",
            "ruby/struct",
            "php/object",
            "perl/",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        let dotted = name.split('.').count() > 2 && name.starts_with(|c: char| c.is_ascii_lowercase());
        if gadget || (dotted && tag.starts_with("!!")) {
            let severity = if gadget { Severity::High } else { Severity::Medium };
            let message = format!("the tag `{name}` constructs an object of that class");
            self.report(Finding::new(&YAML_UNSAFE_TAG, message).severity(severity).evidence(tag), at);
        }
    }

    /// A tag of PyYAML's own, behind `python/`: what its constructor would call, and with what.
    fn python_tag(&mut self, python: &str, argument: &str, at: usize) {
        let (kind, path) = python.split_once(':').unwrap_or((python, ""));
        let how = match kind {
            "object/apply" => How::Called,
            "object/new" | "object" => How::Made,
            "name" => How::Named,
            "module" => {
                let message = format!("the tag `!!python/module` imports the module `{path}`");
                self.unsafe_tag(message, Severity::High, python, argument, at);
                return;
            }
            _ => return,
        };
        // In a text that no loader parses, the name alone is judged.
        let call = self.calls.tag(python).unwrap_or_else(|| Call::of_path(path, how));
        let verdict = call::verdict(&call, at as u64, self.scan);
        let (severity, does) = verdict.map_or_else(
            || (Severity::Low, format!("constructs `{path}`")),
            |verdict| (verdict.severity, verdict.does),
        );
        self.unsafe_tag(format!("the tag `!!python/{kind}` {does}"), severity, python, argument, at);
    }

    fn unsafe_tag(&mut self, message: String, severity: Severity, python: &str, argument: &str, at: usize) {
        let evidence = format!("!!python/{python}{argument}");
        self.report(Finding::new(&YAML_UNSAFE_TAG, message).severity(severity).evidence(evidence), at);
    }
}

/// A tag without the prefix of YAML's own types.
fn own_name(resolved: &str) -> &str {
    resolved.strip_prefix("tag:yaml.org,2002:").unwrap_or(resolved).trim_start_matches('!')
}

/// What stands behind `python/` in a resolved tag that is one of PyYAML's.
pub(super) fn python_suffix(resolved: &str) -> Option<String> {
    let resolved = percent_decoded(resolved);
    own_name(&resolved).strip_prefix("python/").map(str::to_owned)
}

fn percent_decoded(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        shown.push_str(rest.get(..at).unwrap_or_default());
        let hex = rest.get(at.saturating_add(1)..at.saturating_add(3));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            shown.push(char::from(byte));
            rest = rest.get(at.saturating_add(3)..).unwrap_or_default();
        } else {
            shown.push('%');
            rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
}
