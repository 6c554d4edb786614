//! A decision for people.

use super::{entries, line};
use crate::decide::{Decision, Verdict};
use crate::explain::Explanation;
use std::io::{self, Write};

/// Most statements that do not stand shown one by one.
const MOST_REJECTED: usize = 10;

/// Writes a decision for a terminal or a file.
///
/// # Errors
/// When writing fails.
pub fn table(decision: &Decision, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let shade = match decision.verdict {
        Verdict::Allow => "\u{1b}[1;32m",
        Verdict::Warn => "\u{1b}[1;33m",
        Verdict::Deny => "\u{1b}[1;31m",
    };
    let (on, off) = if color { (shade, "\u{1b}[0m") } else { ("", "") };
    let artifact = &decision.artifact;
    writeln!(
        out,
        "{on}{:<9}{off}{} to {}",
        decision.verdict.as_str(),
        line(&artifact.path),
        line(&decision.environment)
    )?;
    writeln!(
        out,
        "digest   {} ({} files, {} bytes)",
        line(&artifact.digest),
        artifact.files,
        artifact.bytes
    )?;
    writeln!(out, "policy   {} ({})", line(&decision.policies.join(", ")), decision.policy_digest)?;
    writeln!(
        out,
        "evidence {} statements that stand, {} that do not",
        decision.statements.len(),
        decision.rejected.len()
    )?;
    for entry in entries(decision) {
        let subject = entry.subject.map(|subject| format!(" [{}]", line(subject))).unwrap_or_default();
        let word = if entry.denies { "deny" } else { "warn" };
        writeln!(out, "\n{word}     {}{subject}\n         {}", line(entry.rule), line(entry.message))?;
        if let Some(remedy) = entry.remedy {
            writeln!(out, "         → {}", line(remedy))?;
        }
    }
    for missing in decision.missing.iter().filter(|each| !each.candidates.is_empty()) {
        writeln!(out, "\n{} would be met by", line(&missing.rule))?;
        for candidate in missing.candidates.iter().take(MOST_REJECTED) {
            writeln!(out, "         {}, but: {}", line(&candidate.id), line(&candidate.why))?;
        }
    }
    for waived in &decision.waived {
        writeln!(
            out,
            "\nwaived   {}: {}\n         by {} until {}: {}",
            line(&waived.rule),
            line(&waived.message),
            line(&waived.owner),
            line(&waived.expires),
            line(&waived.reason)
        )?;
    }
    for rejected in &decision.rejected_waivers {
        writeln!(
            out,
            "\nno waiver {} for {} does not count: {}",
            line(&rejected.id),
            line(&rejected.rule),
            line(&rejected.why)
        )?;
    }
    let named: Vec<_> =
        decision.missing.iter().flat_map(|each| &each.candidates).map(|each| &each.id).collect();
    let others: Vec<_> = decision.rejected.iter().filter(|each| !named.contains(&&each.id)).collect();
    if !others.is_empty() {
        writeln!(out, "\ndo not stand:")?;
        for rejected in others.iter().take(MOST_REJECTED) {
            writeln!(
                out,
                "         {} ({}): {}",
                line(&rejected.id),
                line(&rejected.kind),
                line(&rejected.message)
            )?;
        }
        if others.len() > MOST_REJECTED {
            writeln!(out, "         … and {} more; --format json lists all", others.len() - MOST_REJECTED)?;
        }
    }
    decision.explanation.as_ref().map_or(Ok(()), |explanation| explained(explanation, decision.verdict, out))
}

fn explained(explanation: &Explanation, verdict: Verdict, out: &mut dyn Write) -> io::Result<()> {
    if explanation.facts.is_empty() {
        writeln!(out, "\nNo fact that could be otherwise turns this verdict.")?;
        return explanation.remaining.iter().try_for_each(|each| writeln!(out, "         {}", line(each)));
    }
    let how = if explanation.shortest { "fewest" } else { "few" };
    let what = if verdict == Verdict::Deny { "It would be" } else { "Without the following it would be" };
    let with = if verdict == Verdict::Deny { format!(" with these {how} facts") } else { String::new() };
    writeln!(out, "\n{what} {}{with}:", explanation.turns_to.as_str())?;
    for fact in &explanation.facts {
        writeln!(out, "  {:<6} {}", fact.change, line(&fact.text))?;
        if let Some(who) = &fact.who {
            writeln!(out, "         by {}", line(who))?;
        }
        if let Some(command) = &fact.command {
            writeln!(out, "         $ {}", line(command))?;
        }
    }
    Ok(())
}
