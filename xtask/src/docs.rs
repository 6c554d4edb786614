//! `cargo xtask docs`: the pages that are generated from code, so that they cannot drift from it.

use crate::process::{output, root, run, target};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to do with the generated pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write them.
    Write,
    /// Fail when a committed page differs.
    Compare,
}

/// Generates the rule pages, the command-line reference and the schemas.
///
/// # Errors
/// In [`Mode::Compare`], the pages that differ and the command that mends them.
pub(crate) fn generate(mode: Mode) -> Result<(), String> {
    // As the tests build it: under other features everything it rests on would be compiled once more. The tests of the engine
    // bring the engine's program with them, which tells the help of its own commands.
    let tests = ["--test", "end_to_end", "--test", "engine"];
    run(
        "cargo",
        &[&["test", "--no-run", "--quiet", "--locked", "--workspace", "--all-features"], &tests[..]].concat(),
    )?;
    let bartizan = target().join("debug/bartizan");
    let mut pages: BTreeMap<PathBuf, String> = BTreeMap::new();
    let text = |arguments: &[&str]| match output(&bartizan, arguments)? {
        (Some(0), text) => Ok(text),
        (status, _) => Err(format!("`bartizan {}` ended with {status:?}", arguments.join(" "))),
    };

    let listed = text(&["rules", "--format", "json"])?;
    let listed: serde_json::Value = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
    let ids: Vec<&str> =
        listed.as_array().into_iter().flatten().filter_map(|rule| rule.get("id")?.as_str()).collect();
    let mut index = String::from(
        "# Rules\n\nGenerated from the code by `cargo xtask docs`.\n\n| rule | severity | finds |\n| --- | --- | --- |\n",
    );
    for rule in listed.as_array().into_iter().flatten() {
        let field = |name| rule.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let (id, page) = (field("id"), page_name(field("id")));
        index.push_str(&format!("| [`{id}`](rules/{page}) | {} | {} |\n", field("severity"), field("title")));
    }
    pages.insert("docs/src/reference/rules.md".into(), index);
    for id in ids {
        let page = text(&["rules", id, "--format", "markdown"])?;
        pages.insert(Path::new("docs/src/reference/rules").join(page_name(id)), page);
    }
    pages.insert("docs/src/reference/cli.md".into(), command_line(&text)?);
    pages.insert("docs/schemas/bartizan.toml.schema.json".into(), text(&["config", "schema"])?);
    pages.insert("docs/schemas/gate-input-1.schema.json".into(), text(&["policy", "schema"])?);
    for schema in bartizan_evidence::predicate::schemas() {
        let text = serde_json::to_string_pretty(&schema.schema).map_err(|error| error.to_string())?;
        pages.insert(Path::new("docs/schemas").join(schema.file), format!("{text}\n"));
    }
    settle(mode, &pages)
}

fn page_name(rule: &str) -> String {
    format!("{}.md", rule.replace('/', "-"))
}

/// The help of every command, and of those below it, in the order in which the program lists them.
fn command_line(text: &impl Fn(&[&str]) -> Result<String, String>) -> Result<String, String> {
    let mut page =
        String::from("# Command line\n\nGenerated from the program's own help by `cargo xtask docs`.\n");
    let mut work: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(command) = work.pop() {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = text(&words)?;
        let inner = commands_in(&help).into_iter().filter(|name| name != "help");
        let inner: Vec<Vec<String>> = inner.map(|name| [&command[..], &[name]].concat()).collect();
        work.extend(inner.into_iter().rev());
        if !command.is_empty() {
            let name = command.join(" ");
            page.push_str(&format!("\n## `bartizan {name}`\n\n```text\n{}\n```\n", help.trim_end()));
        }
    }
    Ok(page)
}

/// The names that a help lists as commands.
fn commands_in(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.trim().is_empty());
    // What stands further in goes on with what the line above says.
    let names = listed.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|rest| rest.split_whitespace().next().map(str::to_owned)).collect()
}

fn settle(mode: Mode, pages: &BTreeMap<PathBuf, String>) -> Result<(), String> {
    let rules = root().join("docs/src/reference/rules");
    let present = std::fs::read_dir(&rules).into_iter().flatten().flatten().map(|entry| entry.path());
    let orphans: Vec<PathBuf> = present
        .filter(|path| path.strip_prefix(root()).is_ok_and(|path| !pages.contains_key(path)))
        .collect();
    let mut stale: Vec<String> = orphans.iter().map(|path| path.display().to_string()).collect();
    for (path, page) in pages {
        let whole = root().join(path);
        if std::fs::read_to_string(&whole).is_ok_and(|held| held == *page) {
            continue;
        }
        stale.push(path.display().to_string());
        if mode == Mode::Write {
            let folder = whole.parent().unwrap_or(&whole);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&whole, page))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    if mode == Mode::Write {
        for orphan in orphans {
            std::fs::remove_file(&orphan).map_err(|error| format!("{}: {error}", orphan.display()))?;
        }
        println!("{} pages, {} rewritten", pages.len(), stale.len());
        return Ok(());
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("run `cargo xtask docs`; stale: {}", stale.join(", ")))
    }
}
