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
    if artifact.digest == artifact.path {
        writeln!(out, "digest   known by it alone; no bytes were read")?;
    } else {
        writeln!(
            out,
            "digest   {} ({} {}, {} bytes)",
            line(&artifact.digest),
            artifact.files,
            if artifact.files == 1 { "file" } else { "files" },
            artifact.bytes
        )?;
    }
    writeln!(out, "policy   {} ({})", line(&decision.policies.join(", ")), decision.policy_digest)?;
    writeln!(
        out,
        "evidence {}, {}",
        counted(decision.statements.len(), "stands", "stand"),
        counted(decision.rejected.len(), "does not", "do not")
    )?;
    let mut in_list = false;
    for entry in entries(decision) {
        let subject = in_brackets(entry.subject);
        let word = if entry.denies { "deny" } else { "warn" };
        let plain = is_plain(entry.rule, entry.subject, entry.message);
        // Warnings that say no more than rule and file make a list.
        let listed = plain && !entry.denies;
        let gap = if listed && in_list { "" } else { "\n" };
        in_list = listed;
        writeln!(out, "{gap}{word}     {}{subject}", line(entry.rule))?;
        if !plain {
            writeln!(out, "         {}", line(entry.message))?;
        }
        if let Some(remedy) = entry.remedy.filter(|_| !listed) {
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
        let subject = waived.subject.as_deref();
        writeln!(out, "\nwaived   {}{}", line(&waived.rule), in_brackets(subject))?;
        if !is_plain(&waived.rule, subject, &waived.message) {
            writeln!(out, "         {}", line(&waived.message))?;
        }
        writeln!(
            out,
            "         by {} until {}: {}",
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

fn counted(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 statement that {one}"),
        _ => format!("{count} statements that {several}"),
    }
}

fn in_brackets(subject: Option<&str>) -> String {
    subject.map(|subject| format!(" [{}]", line(subject))).unwrap_or_default()
}

/// Whether a message repeats rule and file and says nothing else: `the scan found RULE: FILE`.
fn is_plain(rule: &str, subject: Option<&str>, message: &str) -> bool {
    let found = message.strip_prefix("the scan found ").and_then(|rest| rest.strip_prefix(rule));
    let place = found.and_then(|rest| rest.strip_prefix(": "));
    subject.is_some_and(|subject| place.is_some_and(|place| place.ends_with(subject)))
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
