//! `bartizan reproduce`: find the recorded run, let the library run it again, show and state how far the result is the same.

use crate::arguments::{ReproduceArguments, TextOrJson};
use crate::believed::Believed;
use crate::commands::run::{RUNS, here, keep, new_name, now, root_folder, signing_key};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_core::Source as Mapped;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::{Envelope, LONGEST_ENVELOPE};
use bartizan_evidence::keys::{PublicKey, Signer as _, SigningKey, Verifier};
use bartizan_evidence::predicate::Outcome;
use bartizan_evidence::reproduce::{
    Class, Comparison, ReproduceError, Reproduced, Reproduction, Source, Tolerance, compare, reproduce,
};
use bartizan_evidence::run::Interruptions;
use bartizan_evidence::run::provenance::RunStatement;
use bartizan_evidence::statement::PAYLOAD_TYPE;
use bartizan_evidence::store::{Blobs, FOLDER, Store, read_bounded};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Most files compared when two folders are given.
const MOST_FILES: usize = 100_000;
/// Most causes told on a terminal; the statement holds all.
const MOST_CAUSES: usize = 10;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the run cannot be found, believed or run again.
pub(crate) fn run(arguments: &ReproduceArguments) -> Result<Exit, Failure> {
    let tolerance = Tolerance(arguments.tolerance);
    if let Some([one, two]) = arguments.compare.as_deref() {
        let compared = compare_paths(one, two)?;
        show(&compared, &[], None, arguments.format, &mut io::stdout().lock())?;
        return Ok(exit(&compared, tolerance, true));
    }
    let directory = here()?;
    let root = root_folder(arguments.project.as_deref(), &directory)?;
    let key = signing_key(&arguments.signing, &root)?;
    let (recorded, name) = recorded(arguments, &root, &key)?;
    // Before anything runs: the result must not be lost for want of the log's key.
    drop(project::for_signing(Some(&root.join(FOLDER)), &key)?);
    let signals = Interruptions::hold()?;
    let (copy, scratch) = working_copy(arguments.keep.as_deref(), &root)?;
    let variables: Vec<_> = std::env::vars_os().collect();
    let invocation = new_name();
    let request = Reproduction {
        recorded: &recorded,
        name,
        root: &root,
        source: &Kept(
            Store::find(&root)
                .ok()
                .and_then(|store| crate::place::blobs(&crate::place::shared_or(&store)).ok()),
        ),
        copy: &copy,
        command: &arguments.command,
        launcher: crate::commands::run::launcher("__launched")?,
        variables: &variables,
        tolerance,
        invocation: invocation.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: &now,
        system: PathBuf::from("/"),
    };
    announce(&request);
    let outcome = reproduce(&request, &signals);
    if let Some(scratch) = scratch {
        // What is left over lies among the system's temporary files.
        let _ = fs::remove_dir_all(scratch);
    }
    let reproduced = outcome?;
    let statement = format!("{invocation}-reproduced");
    drop(signals);
    reproduced.notes.iter().for_each(|note| terminal::remark(note));
    let result = reproduced.statement.predicate.as_ref().map(|predicate| predicate.test.result);
    show(
        &reproduced.outputs,
        &reproduced_causes(&reproduced),
        result,
        arguments.format,
        &mut io::stdout().lock(),
    )?;
    let kept =
        keep(&reproduced.statement, &key, &root, &statement, arguments.signing.output_statement.as_deref())?;
    if arguments.keep.is_some() {
        terminal::remark(&format!("working copy kept in {}", copy.display()));
    }
    terminal::remark(&format!("result stated as {} in {}", kept.digest, kept.path.display()));
    Ok(exit(&reproduced.outputs, tolerance, reproduced.ending.is_success()))
}

/// Says what is about to be executed, and where.
fn announce(request: &Reproduction<'_>) {
    let recorded = request.recorded.predicate.as_ref();
    let recorded = recorded.map(|run| run.build_definition.external_parameters.command.as_slice());
    let given: Vec<String> = request.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = if given.is_empty() { recorded.unwrap_or_default().join(" ") } else { given.join(" ") };
    terminal::remark(&format!("running `{command}` in {}", request.copy.display()));
}

/// The store's blobs as a place to look for content.
struct Kept(Option<Blobs>);

impl Source for Kept {
    fn content(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.as_ref()?.get(digest).ok()
    }
}

/// The recorded run, signed by someone who is believed.
fn recorded(
    arguments: &ReproduceArguments,
    root: &Path,
    key: &SigningKey,
) -> Result<(RunStatement, Digest), Failure> {
    let wanted = arguments.run.as_deref().unwrap_or_default();
    let file = [PathBuf::from(wanted), root.join(RUNS).join(format!("{wanted}.json"))];
    let (path, envelope) = match file.into_iter().find(|path| path.is_file()) {
        Some(path) => {
            let failed = |error| Failure::Read { what: "run", path: path.clone(), error };
            let json = read_bounded(&path, LONGEST_ENVELOPE as u64).map_err(failed)?;
            (path, Envelope::from_json(&json)?)
        }
        None => find(wanted, root)?,
    };
    let trusted: PublicKey = match &arguments.trust {
        Some(path) => keyfile::public_key(path)?,
        // The folder to reproduce brings its own key: that it signed says nothing until somebody here believes it.
        None if Believed::of_user().has_key(&key.key_id()) => key.public_key(),
        None => return Err(Failure::UnconfirmedKey(key.key_id())),
    };
    envelope.verify(&[&trusted as &dyn Verifier])?;
    let payload = envelope.payload_of(PAYLOAD_TYPE)?;
    let statement = RunStatement::from_payload(payload).map_err(|error| Failure::Read {
        what: "run",
        path,
        error: io::Error::other(error),
    })?;
    Ok((statement, Digest::sha256(payload)))
}

/// The envelope whose digest, or whose payload's, is `wanted`.
fn find(wanted: &str, root: &Path) -> Result<(PathBuf, Envelope), Failure> {
    let folder = root.join(RUNS);
    let missing =
        || Failure::Read { what: "run", path: wanted.into(), error: io::ErrorKind::NotFound.into() };
    let digest: Digest = wanted.parse().map_err(|_| missing())?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).map_err(|_| missing())?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"))
    {
        let Ok(json) = read_bounded(&path, LONGEST_ENVELOPE as u64) else { continue };
        let Ok(envelope) = Envelope::from_json(&json) else { continue };
        if Digest::sha256(&envelope.payload) == digest || Digest::sha256(&json) == digest {
            return Ok((path, envelope));
        }
    }
    Err(missing())
}

/// An empty folder to run in; the second is to be removed afterwards.
fn working_copy(keep: Option<&Path>, root: &Path) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    let path = match keep {
        Some(path) => path.to_owned(),
        None => std::env::temp_dir().join(format!("bartizan-{}", new_name())),
    };
    let failed = |error| Failure::Write { path: path.clone(), error };
    // What is gathered there may be nobody else's business.
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(&path).map_err(failed)?;
    let copy = fs::canonicalize(&path).map_err(failed)?;
    if copy.starts_with(root) {
        terminal::remark(
            "the working copy lies within the project: what looks upward for files will find the project's",
        );
    }
    let scratch = keep.is_none().then(|| copy.clone());
    Ok((copy, scratch))
}

/// Compares two files, or the files of one name in two folders.
fn compare_paths(one: &Path, two: &Path) -> Result<Vec<(String, Comparison)>, Failure> {
    if !one.is_dir() || !two.is_dir() {
        return Ok(vec![(two.display().to_string(), compare(open(one)?.bytes(), open(two)?.bytes()))]);
    }
    let mut names = BTreeSet::new();
    for folder in [one, two] {
        let mut waiting = vec![folder.to_owned()];
        while let Some(at) = waiting.pop() {
            let failed = |error| Failure::Read { what: "folder", path: at.clone(), error };
            for entry in fs::read_dir(&at).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() && !path.is_symlink() {
                    waiting.push(path);
                } else if let Ok(name) = path.strip_prefix(folder) {
                    names.insert(name.to_owned());
                }
            }
            if names.len() > MOST_FILES {
                return Err(failed(io::Error::other(format!("more than {MOST_FILES} files"))));
            }
        }
    }
    let compared = names.into_iter().map(|name| {
        let (a, b) = (one.join(&name), two.join(&name));
        let comparison = match (a.is_file(), b.is_file()) {
            (true, true) => compare(open(&a)?.bytes(), open(&b)?.bytes()),
            (true, false) => Comparison::unmeasured("it is missing in the second folder"),
            _ => Comparison::unmeasured("it is missing in the first folder"),
        };
        Ok((name.to_string_lossy().into_owned(), comparison))
    });
    compared.collect()
}

fn open(path: &Path) -> Result<Mapped, Failure> {
    Mapped::open(path, u64::MAX).map_err(|error| {
        ReproduceError::Read { path: path.to_owned(), error: io::Error::other(error) }.into()
    })
}

fn reproduced_causes(reproduced: &Reproduced) -> Vec<String> {
    let mut causes: Vec<String> = reproduced.causes.iter().map(ToString::to_string).collect();
    if !reproduced.ending.is_success() {
        causes.insert(0, format!("the command ended with exit code {}", reproduced.ending.exit_code()));
    }
    causes
}

/// Writes what came of it.
fn show(
    compared: &[(String, Comparison)],
    causes: &[String],
    result: Option<Outcome>,
    format: TextOrJson,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if format == TextOrJson::Json {
        let outputs: Vec<_> =
            compared.iter().map(|(name, each)| json!({ "name": name, "comparison": each })).collect();
        let document = json!({
            "schema": "bartizan.reproduce/1",
            "result": result,
            "outputs": outputs,
            "causes": causes,
        });
        serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    for (name, comparison) in compared {
        let name = bartizan_core::printable(name, 200);
        let measured = match (comparison.max_relative_to_rms, comparison.max_absolute) {
            (Some(relative), Some(absolute)) if comparison.class != Class::Identical => {
                let tensors = comparison.tensors;
                format!("  {relative:.3e} of RMS, {absolute:.3e} at most, {tensors} tensors compared")
            }
            _ => String::new(),
        };
        writeln!(out, "{:<12}  {name}{measured}", comparison.class.as_str())?;
        for reason in &comparison.reasons {
            writeln!(out, "              {}", bartizan_core::printable(reason, 500))?;
        }
    }
    if !causes.is_empty() {
        writeln!(out, "\nWhat differs between then and now:")?;
        for cause in causes.iter().take(MOST_CAUSES) {
            writeln!(out, "  {}", bartizan_core::printable(cause, 300))?;
        }
        if let Some(more) = causes.len().checked_sub(MOST_CAUSES).filter(|more| *more > 0) {
            writeln!(out, "  and {more} more; --format json lists all")?;
        }
    }
    Ok(())
}

fn exit(compared: &[(String, Comparison)], tolerance: Tolerance, succeeded: bool) -> Exit {
    let is = |wanted: fn(&Comparison) -> bool| compared.iter().any(|(_, each)| wanted(each));
    let differs =
        compared.iter().any(|(_, each)| each.class != Class::Unmeasured && !each.is_within(tolerance));
    if differs || !succeeded {
        Exit::Found
    } else if is(|each| each.class == Class::Unmeasured) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
