//! Tags: which class or function a parser constructs or calls for one.

use super::YAML_UNSAFE_TAG;
use super::document::Document;
use crate::pickle::knowledge::{Standing, standing};
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
        let resolved = percent_decoded(&resolved);
        let name = resolved.strip_prefix("tag:yaml.org,2002:").unwrap_or(&resolved).trim_start_matches('!');
        if let Some(python) = name.strip_prefix("python/") {
            self.python_tag(python, argument, at);
            return;
        }
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

    fn python_tag(&mut self, python: &str, argument: &str, at: usize) {
        let (kind, path) = python.split_once(':').unwrap_or((python, ""));
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        let known = standing(module, name);
        let (severity, does) = match (kind, known) {
            ("object/apply" | "object/new" | "object", Standing::Gadget { severity, why, .. }) => {
                (severity.max(Severity::High), format!("calls `{path}`, which {why}"))
            }
            ("name", Standing::Gadget { sole_reference, why, .. }) => {
                (sole_reference, format!("refers to `{path}`, which {why}"))
            }
            ("object/apply" | "object/new" | "object" | "name", Standing::Safe { .. }) => {
                (Severity::Low, format!("constructs `{path}`"))
            }
            ("object/apply" | "object/new", Standing::Unknown) => {
                (Severity::High, format!("calls `{path}`, of which nothing is known"))
            }
            ("object" | "name", Standing::Unknown) => (Severity::Medium, format!("constructs `{path}`")),
            ("module", _) => (Severity::High, format!("imports the module `{path}`")),
            _ => return,
        };
        let message = format!("the tag `!!python/{kind}` {does}");
        let evidence = format!("!!python/{python}{argument}");
        self.report(Finding::new(&YAML_UNSAFE_TAG, message).severity(severity).evidence(evidence), at);
    }
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
