//! [`reproduce`]: gather, run again, compare, name the causes.

use super::compare::{Comparison, Tolerance, compare};
use super::gather::{Source, gather, inside, was_link};
use super::{ReproduceError, statement};
use crate::digest::{Digest, SHA256};
use crate::run::environment::{Cause, REDACTED, causes};
use crate::run::provenance::{
    BUILD_TYPE, PROVENANCE_V1, ROLE, Role, RunProvenance, RunStatement, annotation,
};
use crate::run::{Ending, Interruptions, Method, Recorded, RunRequest, record};
use crate::statement::ResourceDescriptor;
use bartizan_core::Source as Mapped;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Variables that a command needs to find its way, taken from now where the record has none.
const FROM_NOW: [&str; 10] =
    ["HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "TERM", "PATH", "XDG_CACHE_HOME", "SYSTEMROOT"];

/// A run to reproduce.
pub struct Reproduction<'a> {
    /// The recorded run.
    pub recorded: &'a RunStatement,
    /// Digest of its payload: its name.
    pub name: Digest,
    /// The project's root, where its inputs are looked for.
    pub root: &'a Path,
    /// Where else content may be had.
    pub source: &'a dyn Source,
    /// The folder to run in, empty.
    pub copy: &'a Path,
    /// A command in place of the recorded one; empty for that.
    pub command: &'a [OsString],
    /// As [`RunRequest::launcher`].
    pub launcher: Vec<OsString>,
    /// The environment now.
    pub variables: &'a [(OsString, OsString)],
    /// How different the result may be.
    pub tolerance: Tolerance,
    /// Name of the new run.
    pub invocation: String,
    /// Version of the program.
    pub version: String,
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Where the system describes itself.
    pub system: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub struct Reproduced {
    /// How the command ended.
    pub ending: Ending,
    /// Each recorded output and how far the new one is the same.
    pub outputs: Vec<(String, Comparison)>,
    /// What differs between then and now, when the result does.
    pub causes: Vec<Cause>,
    /// What else is worth saying.
    pub notes: Vec<String>,
    /// The record of the new run, not signed.
    pub run: RunStatement,
    /// The statement about the result, not signed.
    pub statement: statement::ReproductionResult,
}

/// Runs a recorded run again and compares.
///
/// # Errors
/// [`ReproduceError`] when it cannot be run again. A result that differs is no error.
pub fn reproduce(request: &Reproduction<'_>, signals: &Interruptions) -> Result<Reproduced, ReproduceError> {
    let run = provenance(request.recorded)?;
    let gathered = gather(run, request.root, request.copy, request.source)?;
    let outputs = recorded_outputs(request.recorded);
    let mut notes = prepare_folders(run, &outputs, request.copy)?;
    let linked = run.build_definition.resolved_dependencies.iter().filter(|input| was_link(input)).count();
    if linked > 0 {
        notes.push(format!("{linked} inputs that were links are files in the working copy"));
    }
    let again = again(request, run, &outputs)?;
    let recorded = record(&again, signals)?;
    let compared: Vec<(String, Comparison)> = outputs
        .iter()
        .map(|output| {
            let name = output.name.clone().unwrap_or_default();
            let comparison = against_recorded(request, output, &name);
            (name, comparison)
        })
        .collect();
    let _ = gathered;
    let same = recorded.ending.is_success()
        && compared.iter().all(|(_, comparison)| comparison.is_within(request.tolerance));
    let exact = compared.iter().all(|(_, comparison)| comparison.class == super::Class::Identical);
    let found = if same && exact { Vec::new() } else { why(request, run, &recorded) };
    let statement = statement::statement(request, &outputs, &compared, &found, recorded.ending);
    let Recorded { statement: run, ending } = recorded;
    Ok(Reproduced { ending, outputs: compared, causes: found, notes, run, statement })
}

fn provenance(statement: &RunStatement) -> Result<&RunProvenance, ReproduceError> {
    let wrong =
        |field, found: &str, expected| ReproduceError::NotARun { field, found: found.to_owned(), expected };
    if statement.predicate_type != PROVENANCE_V1 {
        return Err(wrong("predicateType", &statement.predicate_type, PROVENANCE_V1));
    }
    let run = statement.predicate.as_ref().ok_or_else(|| wrong("predicate", "", "a run"))?;
    if run.build_definition.build_type != BUILD_TYPE {
        return Err(wrong("buildType", &run.build_definition.build_type, BUILD_TYPE));
    }
    Ok(run)
}

fn recorded_outputs(statement: &RunStatement) -> Vec<ResourceDescriptor> {
    let is_output = |each: &&ResourceDescriptor| annotation(each, ROLE) == Some(Role::Output.as_str());
    statement.subject.iter().filter(is_output).cloned().collect()
}

/// The folders that the command found: the one it starts in, and those its outputs go to.
fn prepare_folders(
    run: &RunProvenance,
    outputs: &[ResourceDescriptor],
    copy: &Path,
) -> Result<Vec<String>, ReproduceError> {
    let mut notes = Vec::new();
    let mut folders =
        BTreeSet::from([copy.join(inside(&run.build_definition.external_parameters.directory)?)]);
    for output in outputs.iter().filter_map(|output| output.name.as_deref()) {
        if Path::new(output).is_absolute() {
            notes.push(format!("{output} lies outside of the project: the command writes it where it lies"));
        } else {
            folders.extend(copy.join(inside(output)?).parent().map(Path::to_owned));
        }
    }
    for folder in folders {
        fs::create_dir_all(&folder).map_err(|error| ReproduceError::Write { path: folder.clone(), error })?;
    }
    Ok(notes)
}

/// The run as it is run again.
fn again<'a>(
    request: &'a Reproduction<'_>,
    run: &RunProvenance,
    outputs: &[ResourceDescriptor],
) -> Result<RunRequest<'a>, ReproduceError> {
    let parameters = &run.build_definition.external_parameters;
    let found = &run.build_definition.internal_parameters;
    let moved = |text: &str| moved(text, &found.root, request.copy);
    let directory = request.copy.join(inside(&parameters.directory)?);
    let mut command: Vec<OsString> = if request.command.is_empty() {
        if let Some(place) = parameters.command.iter().position(|word| word.contains(REDACTED)) {
            return Err(ReproduceError::Redacted { place });
        }
        parameters.command.iter().map(|word| moved(word).into()).collect()
    } else {
        request.command.to_vec()
    };
    let program = command.first_mut().ok_or(ReproduceError::NoCommand)?;
    // A program of the project's own environment is not copied: it is started where it lies.
    if Path::new(&*program).components().count() > 1 && !directory.join(&*program).exists() {
        *program = found.program.clone().into_os_string();
    }
    let now = |name: &str| request.variables.iter().find(|(known, _)| known == name).cloned();
    let environment = &found.environment;
    let mut variables: Vec<(OsString, OsString)> =
        environment.variables.iter().map(|(name, value)| (name.into(), moved(value).into())).collect();
    let wanted = FROM_NOW.iter().copied().chain(environment.redacted.iter().map(String::as_str));
    variables.extend(wanted.filter(|name| !environment.variables.contains_key(*name)).filter_map(now));
    let allowed = environment.variables.keys().cloned().collect();
    let existing = |names: &[String]| {
        let paths = names.iter().map(|name| request.copy.join(name));
        paths.filter(|path| path.exists()).collect::<Vec<_>>()
    };
    Ok(RunRequest {
        command,
        root: request.copy.to_owned(),
        directory,
        data: existing(&parameters.data),
        code: existing(&parameters.code),
        outputs: outputs
            .iter()
            .filter_map(|output| Some(request.copy.join(output.name.as_deref()?)))
            .collect(),
        variables,
        allowed,
        output_aside: true,
        takes_orphans: false,
        launcher: request.launcher.clone(),
        method: Method::Watch,
        invocation: request.invocation.clone(),
        version: request.version.clone(),
        clock: request.clock,
        system: request.system.clone(),
        // What was copied a moment ago is remembered by nobody.
        cache: None,
    })
}

/// `text` with paths below the recorded root moved to the working copy, where the copy has them. Lists separated by colons
/// and settings like `--data=PATH` are taken apart.
fn moved(text: &str, from: &Path, to: &Path) -> String {
    let one = |part: &str| {
        let rest = Path::new(part).strip_prefix(from).ok().filter(|_| from.components().count() > 1);
        let target = rest.map(|rest| to.join(rest)).filter(|target| target.exists());
        target.map_or_else(|| part.to_owned(), |target| target.to_string_lossy().into_owned())
    };
    let list = |text: &str| text.split(':').map(one).collect::<Vec<_>>().join(":");
    match text.split_once('=') {
        Some((name, value)) => format!("{name}={}", list(value)),
        None => list(text),
    }
}

/// Compares one output with what was recorded of it.
fn against_recorded(request: &Reproduction<'_>, output: &ResourceDescriptor, name: &str) -> Comparison {
    let new = request.copy.join(name);
    let open = |path: &Path| Mapped::open(path, u64::MAX).map_err(|error| error.to_string());
    let mapped = match open(&new) {
        Ok(mapped) => mapped,
        Err(error) => return Comparison::unmeasured(format!("the new output: {error}")),
    };
    let Some(Ok(wanted)) = output.digest.get(SHA256).map(|value| Digest::new(SHA256, value)) else {
        return Comparison::unmeasured("the record has no SHA-256 of it");
    };
    if Digest::sha256(mapped.bytes()) == wanted {
        return Comparison::identical();
    }
    if let Ok(old) = open(&request.root.join(name))
        && Digest::sha256(old.bytes()) == wanted
    {
        return compare(old.bytes(), mapped.bytes());
    }
    match request.source.content(&wanted).filter(|content| Digest::sha256(content) == wanted) {
        Some(old) => compare(&old, mapped.bytes()),
        None => Comparison::unmeasured(
            "the bytes differ, and the recorded output is no longer to be had to measure by",
        ),
    }
}

/// What differs between then and now, and what was left to chance.
fn why(request: &Reproduction<'_>, run: &RunProvenance, now: &Recorded) -> Vec<Cause> {
    let mut found = Vec::new();
    if !request.command.is_empty() {
        let words: Vec<_> = request.command.iter().map(|word| word.to_string_lossy()).collect();
        let recorded = run.build_definition.external_parameters.command.join(" ");
        if recorded != words.join(" ") {
            found.push(Cause::new("command", "arguments", recorded, words.join(" ")));
        }
    }
    let recorded = &run.build_definition.internal_parameters.environment;
    let Some(new) = now.statement.predicate.as_ref().map(|run| &run.build_definition.internal_parameters)
    else {
        return found;
    };
    let moved = |text: &str| self::moved(text, &run.build_definition.internal_parameters.root, request.copy);
    let is_the_move = |cause: &Cause| cause.kind == "variable" && moved(&cause.recorded) == cause.now;
    found.extend(causes(recorded, &new.environment).into_iter().filter(|cause| !is_the_move(cause)));
    let python = new.environment.interpreter.as_ref();
    if python.is_some_and(|python| python.hash_randomization) {
        let now = "random in each run; set PYTHONHASHSEED=0";
        found.push(Cause::new("hash-order", "PYTHONHASHSEED", "random in each run", now));
    }
    if recorded.seeds.keys().all(|name| name == "PYTHONHASHSEED") {
        found.push(Cause::new("seed", "of the training", "", "none is visible in arguments or variables"));
    }
    found
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::Class;

    fn clock() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn recorded(root: &Path, script: &str, data: &[&str], outputs: &[&str]) -> RunStatement {
        let request = RunRequest {
            command: ["/bin/sh", "-c", script].map(Into::into).to_vec(),
            root: root.to_owned(),
            directory: root.to_owned(),
            data: data.iter().map(Into::into).collect(),
            code: vec![],
            outputs: outputs.iter().map(Into::into).collect(),
            variables: vec![("PATH".into(), "/usr/bin:/bin".into()), ("RUN_SEED".into(), "4".into())],
            allowed: vec![],
            output_aside: false,
            takes_orphans: false,
            launcher: Vec::new(),
            method: Method::Watch,
            invocation: "one".to_owned(),
            version: "0".to_owned(),
            clock: &clock,
            system: "/".into(),
            cache: None,
        };
        record(&request, &Interruptions::hold().unwrap()).unwrap().statement
    }

    fn again(run: &RunStatement, root: &Path, command: &[OsString]) -> Result<Reproduced, ReproduceError> {
        let copy = tempfile::tempdir().unwrap();
        let request = Reproduction {
            recorded: run,
            name: Digest::sha256(b"run"),
            root,
            source: &(),
            copy: &fs::canonicalize(copy.path()).unwrap(),
            command,
            launcher: Vec::new(),
            variables: &[("RUN_SEED".into(), "5".into())],
            tolerance: Tolerance::default(),
            invocation: "two".to_owned(),
            version: "0".to_owned(),
            clock: &clock,
            system: "/".into(),
        };
        reproduce(&request, &Interruptions::hold().unwrap())
    }

    #[test]
    fn a_run_that_depends_on_its_inputs_alone_comes_out_identical() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::write(root.join("data"), "1").unwrap();
        let script = "mkdir -p out; cat data > out/model; echo $RUN_SEED >> out/model";
        let run = recorded(&root, script, &["data"], &["out"]);
        let again = again(&run, &root, &[]).unwrap();
        assert_eq!(again.outputs[0].1.class, Class::Identical, "{again:?}");
        assert!(again.causes.is_empty() && again.ending.is_success());
        assert_eq!(again.statement.predicate.unwrap().test.result, crate::predicate::Outcome::Passed);
    }

    #[test]
    fn chance_is_found_out_and_the_seed_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let run = recorded(&root, "head -c 64 /dev/urandom > model", &[], &["model"]);
        let again = again(&run, &root, &[]).unwrap();
        assert_eq!(again.outputs[0].1.class, Class::Unmeasured);
        assert_eq!(again.statement.predicate.unwrap().test.result, crate::predicate::Outcome::Failed);
    }

    #[test]
    fn a_changed_input_is_refused_and_another_command_is_a_cause() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::write(root.join("data"), "1").unwrap();
        let run = recorded(&root, "cat data > model", &["data"], &["model"]);
        let other: Vec<OsString> = ["/bin/sh", "-c", "echo other > model"].map(Into::into).to_vec();
        let differing = again(&run, &root, &other).unwrap();
        assert_eq!(differing.causes[0].kind, "command");
        fs::write(root.join("data"), "2").unwrap();
        let error = again(&run, &root, &[]).unwrap_err();
        assert!(matches!(&error, ReproduceError::Missing { name, .. } if name == "data"), "{error}");
    }

    #[test]
    fn paths_move_where_the_copy_has_them() {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("a"), "").unwrap();
        let a = copy.path().join("a").to_string_lossy().into_owned();
        let moved = |text: &str| moved(text, Path::new("/old/project"), copy.path());
        assert_eq!(moved("/old/project/a"), a);
        assert_eq!(moved("--data=/old/project/a"), format!("--data={a}"));
        assert_eq!(
            moved("/usr/bin:/old/project/a:/old/project/venv"),
            format!("/usr/bin:{a}:/old/project/venv")
        );
        assert_eq!(moved("/old/projects/a"), "/old/projects/a");
    }
}
