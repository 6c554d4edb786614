//! Ollama's Modelfile: the model a server makes of another, its adapter, its system prompt.
//!
//! Source: Ollama, "Modelfile Reference".

use crate::address::fetched;
use crate::python::secret::by_format;
use crate::rules::{self, SECRET, UNPINNED_MODEL};
use crate::{Issue, Notes, Reader, Text, issue};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::ops::Range;

/// `Modelfile`, `NAME.Modelfile`, `Modelfile.NAME`.
#[derive(Debug)]
pub(crate) struct Modelfile;

impl Reader for Modelfile {
    fn id(&self) -> &'static str {
        "ollama-modelfile"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name().to_ascii_lowercase();
        let named = name == "modelfile" || name.ends_with(".modelfile") || name.starts_with("modelfile.");
        named && instructions(text.content).any(|(name, ..)| name.eq_ignore_ascii_case("from"))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        for (name, value, span) in instructions(text.content) {
            let found = match name.to_ascii_uppercase().as_str() {
                "FROM" => fetched(value, span.clone()).or_else(|| base(value, &span)),
                "ADAPTER" => fetched(value, span.clone()).or_else(|| base(value, &span)),
                _ => None,
            };
            issue::report(text, notes, found);
        }
        for (span, kind) in by_format(text.content, 0) {
            issue::report(
                text,
                notes,
                [Issue::new(&SECRET, span, format!("{kind} stands in what every copy of the model holds"))],
            );
        }
    }
}

/// The instructions of one line: name, value, and the value's bytes. Lines of a text in three quotes are none.
fn instructions(content: &str) -> impl Iterator<Item = (&str, &str, Range<usize>)> {
    let mut quoted = false;
    let mut at = 0_usize;
    content.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at = at.saturating_add(line.len());
        let begins = !quoted;
        if line.matches("\"\"\"").count() % 2 == 1 {
            quoted = !quoted;
        }
        if !begins || line.starts_with('#') {
            return None;
        }
        let (name, rest) = line.trim_end().split_once(char::is_whitespace)?;
        let value = rest.trim_start();
        let from = start
            .saturating_add(name.len())
            .saturating_add(1)
            .saturating_add(rest.len().saturating_sub(value.len()));
        Some((name, value, from..from.saturating_add(value.len())))
    })
}

/// A model of a library or a hub whose name does not say which one it is.
fn base(value: &str, span: &Range<usize>) -> Option<Issue> {
    let place = value.starts_with(['.', '/', '~', '$'])
        || [".gguf", ".safetensors", ".bin"].iter().any(|end| value.ends_with(end));
    if place || value.contains("sha256:") || value.contains("://") && !value.contains("huggingface.co/") {
        return None;
    }
    let last = value.rsplit('/').next().unwrap_or(value);
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let hub = ["hf.co/", "huggingface.co/", "hf-mirror.com/"].iter().any(|host| value.contains(host));
    let moves = tag.is_none_or(|tag| tag == "latest");
    let message = match (hub, moves) {
        (true, _) => format!("`{value}` is taken from the newest commit of its repository"),
        (false, true) => format!("`{value}` is whatever the library calls its newest"),
        (false, false) => return None,
    };
    // A quantisation names a file of the repository, which its owner can replace.
    let severity = if moves { UNPINNED_MODEL.severity } else { Severity::Low };
    Some(Issue::new(&UNPINNED_MODEL, span.clone(), message).severity(severity).confidence(Confidence::Medium))
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, lines};
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn what_a_model_is_made_of_is_judged() {
        let text = "# a\nFROM hf.co/acme/Net-GGUF:latest\nADAPTER http://files.acme.dev/a.gguf\nSYSTEM \"\"\"You help.\nFROM nobody\n\"\"\"\n";
        assert_eq!(lines("Modelfile", text), [(2, "unpinned-model"), (3, "insecure-transport")]);
        for (from, severity) in
            [("llama3.2", Medium), ("llama3.2:latest", Medium), ("hf.co/acme/Net-GGUF:Q4_K_M", Low)]
        {
            assert_eq!(
                found("net.Modelfile", &format!("FROM {from}\n")),
                [("pipeline/unpinned-model", 1, severity)],
                "{from}"
            );
        }
        for fine in [
            "FROM ./net.gguf\n",
            "FROM llama3.2:3b-instruct-q4_K_M\n",
            "FROM /models/net\nADAPTER ./a.gguf\n",
        ] {
            assert_eq!(lines("Modelfile", fine), [], "{fine}");
        }
    }
}
