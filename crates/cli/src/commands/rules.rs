//! `bartizan rules`: the rules and their pages, as the code declares them.

use crate::arguments::{RulesArguments, RulesFormat};
use crate::commands::scan::all_rules;
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use anstyle::Style;
use bartizan_core::Rule;
use serde_json::{Value, json};
use std::io::{self, BufWriter, IsTerminal as _, Write};

/// Runs the command.
///
/// # Errors
/// [`Failure::NoSuchRule`], or when standard output cannot be written.
pub(crate) fn run(arguments: &RulesArguments) -> Result<Exit, Failure> {
    let mut all = all_rules();
    #[cfg(feature = "gateway")]
    all.extend(bartizan_guard::check::RULES);
    all.sort_by_key(|rule| rule.id);
    let mut out = BufWriter::new(io::stdout().lock());
    let bold =
        if arguments.color.is_on(io::stdout().is_terminal()) { Style::new().bold() } else { Style::new() };
    match &arguments.id {
        None => list(&all, arguments.format, bold, &mut out)?,
        Some(id) => {
            let rule = all.iter().find(|rule| rule.id == id).ok_or_else(|| Failure::NoSuchRule {
                id: id.clone(),
                nearest: nearest(id, all.iter().map(|rule| rule.id)),
            })?;
            show(rule, arguments.format, bold, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn list(rules: &[&Rule], format: RulesFormat, bold: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        RulesFormat::Json => {
            let rules: Vec<Value> = rules.iter().map(|rule| in_json(rule)).collect();
            serde_json::to_writer_pretty(&mut *out, &rules)?;
            writeln!(out)
        }
        RulesFormat::Markdown => {
            writeln!(out, "| rule | severity | finds |\n| --- | --- | --- |")?;
            rules
                .iter()
                .try_for_each(|rule| writeln!(out, "| `{}` | {} | {} |", rule.id, rule.severity, rule.title))
        }
        RulesFormat::Text => {
            let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
            for rule in rules {
                writeln!(out, "{bold}{:<width$}{bold:#}  {:<8}  {}", rule.id, rule.severity, rule.title)?;
            }
            writeln!(out, "\n{} rules. `bartizan rules ID` shows the page of one.", rules.len())
        }
    }
}

fn show(rule: &Rule, format: RulesFormat, bold: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        RulesFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &in_json(rule))?;
            writeln!(out)
        }
        RulesFormat::Markdown => {
            writeln!(out, "# `{}`\n\n{}\n", rule.id, sentence(rule.title))?;
            writeln!(out, "Severity: **{}**. Taxonomies: {}.\n", rule.severity, taxonomies(rule))?;
            writeln!(out, "{}", rule.page())
        }
        RulesFormat::Text => {
            writeln!(out, "{bold}{}{bold:#}  {}\n", rule.id, rule.severity)?;
            writeln!(out, "{}\n", sentence(rule.title))?;
            for line in rule.page().lines() {
                match line.strip_prefix("## ") {
                    Some(heading) => writeln!(out, "{bold}{heading}{bold:#}")?,
                    None if line.is_empty() => writeln!(out)?,
                    None => writeln!(out, "  {line}")?,
                }
            }
            writeln!(out, "\n{bold}Taxonomies{bold:#}\n  {}", taxonomies(rule))
        }
    }
}

fn in_json(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "remediation": rule.remedy,
        "taxonomies": rule.taxonomies,
        "docs": rule.page(),
    })
}

fn taxonomies(rule: &Rule) -> String {
    rule.taxonomies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `title` as a sentence.
fn sentence(title: &str) -> String {
    let mut characters = title.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}
