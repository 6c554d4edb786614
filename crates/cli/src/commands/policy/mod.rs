//! `bartizan policy`: test, lay out, explain, bundle and show the policies of `bartizan gate`.

mod layout;
mod testing;

use crate::arguments::{BoundArguments, PolicyArguments, PolicyCommand, TextOrJson};
use crate::commands::gate::{bounds, policies, resident_bytes};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project;
use bartizan_policy::PolicyError;
use bartizan_policy::bundle;
use bartizan_policy::decide::{Decision, Verdict, decide};
use bartizan_policy::format::package_of;
use bartizan_policy::input::{Artifact, ArtifactFile, GateInput, INPUT_SCHEMA, LogState};
use bartizan_policy::shipped;
use bartizan_policy::source::{Policy, PolicyFile};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a policy cannot be read or does not evaluate.
pub(crate) fn run(arguments: &PolicyArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        PolicyCommand::Test { policies, filter, verbose, format, bounds } => {
            testing::run(policies, filter, *verbose, *format, bounds)
        }
        PolicyCommand::Fmt { paths, check } => layout::run(paths, *check),
        PolicyCommand::Explain { policies, package, format, bounds } => {
            explain(policies, package.as_deref(), *format, bounds)
        }
        PolicyCommand::Try { policies, input, package, format, bounds } => {
            attempt(policies, input, package.as_deref(), *format, bounds)
        }
        PolicyCommand::Bundle { policy, output, with_tests } => bundle(policy, output, *with_tests),
        PolicyCommand::Show { policy, extract, format } => match (policy, extract) {
            (None, _) => list(*format),
            (Some(policy), None) => show(policy, *format),
            (Some(policy), Some(folder)) => self::extract(policy, folder),
        },
        PolicyCommand::Schema => {
            let mut out = io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &GateInput::schema()).map_err(io::Error::from)?;
            writeln!(out)?;
            Ok(Exit::Done)
        }
    }
}

fn one(name: &str) -> Result<Policy, Failure> {
    policies(&[name.to_owned()])
}

/// Longest document that a policy is tried on, in bytes.
const LONGEST_INPUT: usize = 256 << 20;

fn attempt(
    names: &[String],
    input: &Path,
    package: Option<&str>,
    format: TextOrJson,
    limits: &BoundArguments,
) -> Result<Exit, Failure> {
    let policy = policies(names)?;
    let text = project::document("input", input, LONGEST_INPUT)?;
    let read: Result<GateInput, _> = serde_json::from_slice(&text);
    let read = read.map_err(|error| PolicyError::Data {
        path: input.display().to_string(),
        problem: format!("is no document of `bartizan gate --show-input`: {error}"),
    })?;
    let decision = decide(&policy, package, &read, bounds(limits), &resident_bytes)?;
    let mut out = io::stdout().lock();
    match format {
        TextOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &decision).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        TextOrJson::Text => bartizan_policy::render::table(&decision, false, &mut out)?,
    }
    Ok(if decision.verdict == Verdict::Deny { Exit::Found } else { Exit::Done })
}

fn bundle(name: &str, output: &Path, with_tests: bool) -> Result<Exit, Failure> {
    let policy = one(name)?;
    let bytes = bundle::write(&policy, with_tests)?;
    write_whole(output, |out| out.write_all(&bytes))?;
    let archive = bartizan_evidence::digest::Digest::sha256(&bytes);
    let mut out = io::stdout().lock();
    writeln!(out, "policy   {}", policy.digest)?;
    writeln!(out, "bundle   {archive} ({} bytes)", bytes.len())?;
    writeln!(out, "file     {}", output.display())?;
    Ok(Exit::Done)
}

/// The comment with which a module begins, in one line.
fn first_words(module: &PolicyFile) -> String {
    let lines = module.content.lines().take_while(|line| line.starts_with('#'));
    let words: Vec<&str> = lines.map(|line| line.trim_start_matches('#').trim()).collect();
    bartizan_core::printable(&words.join(" "), 300)
}

fn list(format: TextOrJson) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let mut listed = Vec::new();
    for name in shipped::NAMES {
        let policy = one(name)?;
        let own = policy.modules.iter().find(|module| module.path.starts_with(&format!("{name}/")));
        let words = own.map(first_words).unwrap_or_default();
        listed.push(json!({"name": name, "digest": policy.digest, "about": words}));
        if format == TextOrJson::Text {
            writeln!(out, "{name:<20} {words}")?;
        }
    }
    if format == TextOrJson::Json {
        serde_json::to_writer_pretty(&mut out, &listed).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(Exit::Done)
}

fn show(name: &str, format: TextOrJson) -> Result<Exit, Failure> {
    let policy = one(name)?;
    let files = || policy.modules.iter().chain(&policy.data_files).chain(&policy.tests);
    let mut out = io::stdout().lock();
    if format == TextOrJson::Json {
        let listed: Vec<_> = files()
            .map(|file| {
                json!({"path": file.path, "package": package_of(&file.content), "content": file.content})
            })
            .collect();
        let document = json!({"policy": policy.names, "digest": policy.digest, "files": listed});
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    writeln!(out, "# {} {}", policy.names.join(", "), policy.digest)?;
    for file in policy.modules.iter().chain(&policy.data_files) {
        writeln!(out, "\n# ---- {}", bartizan_core::printable(&file.path, 300))?;
        for line in file.content.lines() {
            writeln!(out, "{}", bartizan_core::printable(line, 2_000).replace("\\t", "\t"))?;
        }
    }
    writeln!(out, "\n# and {} files with tests; --format json writes them as well", policy.tests.len())?;
    Ok(Exit::Done)
}

fn extract(name: &str, folder: &Path) -> Result<Exit, Failure> {
    let policy = one(name)?;
    let mut written = 0_usize;
    for file in policy.modules.iter().chain(&policy.data_files).chain(&policy.tests) {
        let inner = Path::new(&file.path);
        if !inner.components().all(|part| matches!(part, Component::Normal(_))) {
            continue;
        }
        let path = folder.join(inner);
        if path.exists() {
            return Err(Failure::Overwritten {
                path,
                what: "there already".to_owned(),
                remedy: "name another folder",
            });
        }
        let failed = |error| Failure::Write { path: path.clone(), error };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        write_whole(&path, |out| out.write_all(file.content.as_bytes()))?;
        written += 1;
    }
    writeln!(io::stdout().lock(), "{written} files below {}", folder.display())?;
    Ok(Exit::Done)
}

/// An artifact of which nothing is known: one file, no statement, no signature.
fn unknown_artifact() -> GateInput {
    let time = crate::commands::scan::now();
    let digest = format!("sha256:{}", "0".repeat(64));
    let file =
        ArtifactFile { name: "ARTIFACT".to_owned(), digest: digest.clone(), ..ArtifactFile::default() };
    GateInput {
        schema: INPUT_SCHEMA.to_owned(),
        time: time.to_string(),
        now: time.as_second(),
        artifact: Artifact { path: "ARTIFACT".to_owned(), digest, files: vec![file], ..Artifact::default() },
        log: LogState { believed: true, ..LogState::default() },
        ..GateInput::default()
    }
}

fn explain(
    names: &[String],
    package: Option<&str>,
    format: TextOrJson,
    limits: &BoundArguments,
) -> Result<Exit, Failure> {
    let policy = policies(names)?;
    let decision: Decision = decide(&policy, package, &unknown_artifact(), bounds(limits), &resident_bytes)?;
    let settings = settings(&policy);
    let mut out = io::stdout().lock();
    if format == TextOrJson::Json {
        let document = json!({
            "policy": policy.names, "digest": policy.digest, "without_evidence": decision, "settings": settings,
        });
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    writeln!(out, "{} ({})", policy.names.join(", "), policy.digest)?;
    for module in &policy.modules {
        let words = first_words(module);
        if !words.is_empty() {
            writeln!(out, "  {}: {words}", bartizan_core::printable(&module.path, 300))?;
        }
    }
    writeln!(out, "\nOf an artifact without evidence it says {}:", decision.verdict.as_str())?;
    let shown = |text: &str| bartizan_core::printable(text, 500);
    for missing in &decision.missing {
        writeln!(out, "  asks for  {:<34} {}", shown(&missing.rule), shown(&missing.message))?;
    }
    for reason in &decision.reasons {
        let word = if reason.effect == Verdict::Deny { "denies" } else { "warns" };
        writeln!(out, "  {word:<9} {:<34} {}", shown(&reason.rule), shown(&reason.message))?;
    }
    if !settings.is_empty() {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        writeln!(out, "\nSettings it reads (--set KEY=VALUE): {}", shown(&settings.join(", ")))?;
    }
    Ok(Exit::Done)
}

/// Keys of settings that modules name: `evidence.number("KEY", …)`, `evidence.demanded("KEY")` and `input.environment.set.KEY`.
fn settings(policy: &Policy) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for module in &policy.modules {
        for (before, ends) in [
            ("number(\"", '"'),
            ("demanded(\"", '"'),
            ("input.environment.set.", '\0'),
            ("input.environment.set[\"", '"'),
        ] {
            for (at, _) in module.content.match_indices(before) {
                let rest = module.content.get(at + before.len()..).unwrap_or_default();
                let is_part = |each: char| {
                    each.is_alphanumeric() || each == '_' || (ends == '"' && "-.".contains(each))
                };
                let key: String = rest.chars().take_while(|each| is_part(*each)).collect();
                if !key.is_empty() {
                    found.insert(key);
                }
            }
        }
    }
    found
}
