//! Skills, instructions and memory of agents, and the scripts that come with skills.
//!
//! Sources: the Agent Skills format (a folder with `SKILL.md`: front matter with `name` and `description`), and the file
//! names under which coding agents look for instructions.

use super::beside::{belongs_to_plugin, belongs_to_skill, is_script};
use super::document::Document;
use super::reading::{Reading, Role};
use super::rules;
use crate::{Notes, Reader, Text};
use bartizan_core::{Kind, Rule};

/// Markdown and rule files that an agent follows: `SKILL.md`, `AGENTS.md`, `.cursorrules`, memory, prompts.
pub struct AgentInstructions;

/// Any other Markdown: an agent may come to read it, and nothing more.
pub struct Markdown;

/// What lies beside the description of a skill.
pub struct SkillScript;

impl Reader for AgentInstructions {
    fn id(&self) -> &'static str {
        "agent-instructions"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        is_followed(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        if is_too_long(text, notes) {
            return;
        }
        let reading = Reading::of(text, Role::Instructions);
        for check in rules::CHECKS {
            check(&reading, notes);
        }
        (rules::CHECK_BESIDE)(&reading, notes);
        unclosed_fields(&reading, notes);
    }
}

/// Says which fields of the front matter are no YAML: a list, mapping or quote that does not end. Whoever reads them strictly reads
/// none of the fields.
fn unclosed_fields(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for (name, _, span) in &reading.document.fields {
        let written = reading.text.content.get(span.clone()).unwrap_or_default().trim();
        let open = match written.chars().next() {
            Some('[') => !written.contains(']'),
            Some('{') => !written.contains('}'),
            Some(quote @ ('"' | '\'')) => written.matches(quote).count() == 1,
            _ => false,
        };
        if open {
            let (line, _) = reading.text.line_column(span.start);
            let name = bartizan_core::printable(name, 40);
            notes.gap(
                span.start,
                format!("line {line}: the field `{name}` does not end; mend the front matter"),
            );
        }
    }
}

impl Reader for Markdown {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn kind(&self) -> Kind {
        Kind::Other
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        is_markdown(text) && !is_followed(text) && !belongs_to_skill(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        if is_too_long(text, notes) {
            return;
        }
        (rules::CHECK_HIDDEN)(&Reading::without_signs(text, Role::Reference), notes);
    }
}

impl Reader for SkillScript {
    fn id(&self) -> &'static str {
        "skill-file"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        !is_followed(text) && (belongs_to_skill(text) || belongs_to_plugin(text))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        if is_too_long(text, notes) {
            return;
        }
        let role = if is_script(text) { Role::Script } else { Role::Reference };
        let reading = Reading::of(text, role);
        for check in rules::CHECKS {
            check(&reading, notes);
        }
    }
}

/// Whether `text` is longer than what is read for an agent, which is then said.
fn is_too_long(text: &Text<'_>, notes: &mut Notes<'_>) -> bool {
    let long = text.content.len() > LONGEST_BYTES;
    if long {
        let reason = format!(
            "longer than {} MiB, not examined for what it asks of an agent; split it",
            LONGEST_BYTES >> 20
        );
        notes.gap(LONGEST_BYTES, reason);
    }
    long
}

/// Longest text examined for an agent, in bytes: more than any model reads at once.
pub(crate) const LONGEST_BYTES: usize = 4 << 20;

fn is_markdown(text: &Text<'_>) -> bool {
    matches!(text.extension(), "md" | "mdc" | "markdown")
}

/// Whether agents follow `text`, by its name or by what it says of itself.
pub(crate) fn is_followed(text: &Text<'_>) -> bool {
    text.is_followed(|| super::files::is_named(text) || is_markdown(text) && describes_skill(text))
}

/// Whether the front matter is that of a skill, a subagent or a command.
fn describes_skill(text: &Text<'_>) -> bool {
    let document = Document::of(text.content);
    document.field("name").is_some() && document.field("description").is_some()
        || document.field("allowed-tools").is_some()
}
