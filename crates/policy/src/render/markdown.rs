//! A decision for a comment on a pull request: GitHub and GitLab flavoured Markdown.

use super::{entries, line};
use crate::decide::{Decision, Verdict};
use std::io::{self, Write};

/// Writes a decision as Markdown.
///
/// # Errors
/// When writing fails.
pub fn markdown(decision: &Decision, out: &mut dyn Write) -> io::Result<()> {
    let sign = match decision.verdict {
        Verdict::Allow => "✅",
        Verdict::Warn => "⚠️",
        Verdict::Deny => "❌",
    };
    writeln!(
        out,
        "### {sign} {}: {} to {}\n",
        decision.verdict.as_str(),
        cell(&decision.artifact.path),
        cell(&decision.environment)
    )?;
    writeln!(out, "| | rule | about | what | what to do |\n| --- | --- | --- | --- | --- |")?;
    for entry in entries(decision) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            if entry.denies { "deny" } else { "warn" },
            cell(entry.rule),
            cell(entry.subject.unwrap_or("the artifact")),
            cell(entry.message),
            cell(entry.remedy.unwrap_or_default())
        )?;
    }
    for waived in &decision.waived {
        writeln!(
            out,
            "| waived | {} | {} | {} | {} until {}: {} |",
            cell(&waived.rule),
            cell(waived.subject.as_deref().unwrap_or("the artifact")),
            cell(&waived.message),
            cell(&waived.owner),
            cell(&waived.expires),
            cell(&waived.reason)
        )?;
    }
    for rejected in &decision.rejected_waivers {
        writeln!(
            out,
            "| | {} | waiver {} | does not count: {} | |",
            cell(&rejected.rule),
            cell(&rejected.id),
            cell(&rejected.why)
        )?;
    }
    writeln!(
        out,
        "\nDigest `{}`, policy {} (`{}`), {} statements that stand, {} that do not, decided on {}.",
        decision.artifact.digest.replace('`', ""),
        cell(&decision.policies.join(", ")),
        decision.policy_digest,
        decision.statements.len(),
        decision.rejected.len(),
        decision.decided_on
    )?;
    let Some(explanation) = decision.explanation.as_ref().filter(|each| !each.facts.is_empty()) else {
        return Ok(());
    };
    writeln!(out, "\nIt would be **{}** after:\n", explanation.turns_to.as_str())?;
    for fact in &explanation.facts {
        let command = fact.command.as_ref().map(|command| format!(": `{}`", line(command).replace('`', "'")));
        writeln!(out, "- {} {}{}", fact.change, cell(&fact.text), command.unwrap_or_default())?;
    }
    Ok(())
}

/// A text that stays in its cell and is nothing but text.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for each in line(text).chars() {
        match each {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // A mention would call somebody.
            '@' => safe.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '!' | '#' | '~' => {
                safe.push('\\');
                safe.push(each);
            }
            _ => safe.push(each),
        }
    }
    safe
}
