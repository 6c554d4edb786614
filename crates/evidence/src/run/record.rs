//! [`record`]: digest the inputs, look around, run and watch, digest what came out, and say it all in one statement.

use super::RunError;
use super::attend::Interruptions;
use super::child::{self, Ending};
use super::environment::{Environment, Surroundings, environment, lock_files, redacted_command};
use super::files::{FileDigest, Reading, Stamp, Survey, digest_file, digest_files, survey};
use super::observe::{Access, Observation, Watching};
use super::provenance::{
    BUILD_TYPE, BUILDER, BuildDefinition, Builder, CHANGED, DIGESTED_AFTER, ExternalParameters,
    InternalParameters, LINK, MARK, Mark, Metadata, Observed, ObservedFile, PROVENANCE_V1, ROLE, Role,
    RunDetails, RunProvenance, RunStatement, SIZE,
};
use super::request::RunRequest;
use super::source::checked_out;
use crate::digest::{Digest, DigestSet};
use crate::statement::{ResourceDescriptor, Statement};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A run that was recorded.
#[derive(Debug)]
pub struct Recorded {
    /// What is said about it, not yet signed.
    pub statement: RunStatement,
    /// How the command ended.
    pub ending: Ending,
}

/// What is known before the command starts.
struct Before {
    data: Survey,
    code: Survey,
    locks: Survey,
    program: Option<FileDigest>,
    environment: Environment,
}

/// Runs a command and records it. Files nobody declared are digested afterwards, since nobody knew of them before.
///
/// # Errors
/// [`RunError`] when the command cannot be started or its inputs cannot be read. A command that fails is no error.
pub fn record(request: &RunRequest<'_>, signals: &Interruptions) -> Result<Recorded, RunError> {
    let name = request.command.first().ok_or(RunError::NoCommand)?;
    let search =
        request.variables.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    let program = child::resolve(name, &request.directory, search)
        .ok_or_else(|| RunError::NoProgram(name.to_string_lossy().into_owned()))?;
    let stop = AtomicBool::new(false);
    let reading = Reading { stop: &stop, cache: request.cache };
    let before = signals.unless_interrupted(&stop, || before(request, &program, reading))??;
    let watched = watched(request, &before);
    let started = (request.clock)();
    let (ending, observation) = child::run(request, &program, &watched, signals)?;
    let finished = (request.clock)();
    let after = signals.unless_interrupted(&stop, || After::look(request, &before, observation, reading))?;
    Ok(Recorded {
        statement: after.statement(request, before, program, ending, (started, finished))?,
        ending,
    })
}

fn before(request: &RunRequest<'_>, program: &Path, reading: Reading<'_>) -> Result<Before, RunError> {
    let absolute = |paths: &[PathBuf]| paths.iter().map(|path| request.absolute(path)).collect::<Vec<_>>();
    let declared = |role, paths: &[PathBuf]| {
        survey(&absolute(paths), reading).map_err(|(path, error)| RunError::Input { role, path, error })
    };
    let surroundings = Surroundings {
        command: &request.command,
        program,
        directory: &request.directory,
        variables: &request.variables,
        allowed: &request.allowed,
        system: &request.system,
    };
    let inputs = || Ok::<_, RunError>((declared("data", &request.data)?, declared("code", &request.code)?));
    let around = || {
        let locks = lock_files([request.root.as_path(), request.directory.as_path()]);
        let locks = survey(&locks, reading).unwrap_or_default();
        (environment(&surroundings), digest_file(program, reading).ok(), locks)
    };
    let (inputs, (environment, program, locks)) = rayon::join(inputs, around);
    let (data, code) = inputs?;
    Ok(Before { data, code, locks, program, environment })
}

/// The project's root and what was declared outside of it, without what lies below another.
fn watched(request: &RunRequest<'_>, before: &Before) -> Vec<PathBuf> {
    let mut all = vec![request.root.clone()];
    let given = [&request.data, &request.code, &request.outputs].into_iter().flatten();
    all.extend(given.map(|path| request.absolute(path)).filter(|path| path.exists()));
    // Behind a link lies the file that is really opened.
    let links = [&before.data, &before.code].into_iter().flat_map(|survey| &survey.files);
    all.extend(
        links.filter(|(_, file)| file.link.is_some()).filter_map(|(path, _)| fs::canonicalize(path).ok()),
    );
    let real: Vec<PathBuf> = all.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    all.extend(real);
    all.sort();
    all.dedup();
    let mut outermost: Vec<PathBuf> = Vec::new();
    for path in all {
        if !outermost.last().is_some_and(|outer| path.starts_with(outer)) {
            outermost.push(path);
        }
    }
    outermost
}

/// What is known after the command has ended.
struct After {
    observation: Observation,
    outputs: Survey,
    /// Files that nobody declared and that are still there.
    others: BTreeMap<PathBuf, FileDigest>,
    /// Declared inputs whose stamp is another.
    changed: BTreeSet<PathBuf>,
    gaps: Vec<String>,
}

impl After {
    fn look(
        request: &RunRequest<'_>,
        before: &Before,
        observation: Observation,
        reading: Reading<'_>,
    ) -> Self {
        let mut gaps: Vec<String> = observation.gaps.iter().cloned().collect();
        for survey in [&before.data, &before.code, &before.locks] {
            gaps.extend(survey.gaps.iter().cloned());
        }
        let wanted = request.outputs.iter().map(|path| request.absolute(path));
        let (there, missing): (Vec<PathBuf>, Vec<PathBuf>) = wanted.partition(|path| path.exists());
        gaps.extend(
            missing.iter().map(|path| format!("{}: this declared output was not made", path.display())),
        );
        let outputs = survey(&there, reading).unwrap_or_else(|(path, error)| Survey {
            gaps: vec![format!("{}: {error}", path.display())],
            ..Survey::default()
        });
        gaps.extend(outputs.gaps.iter().cloned());
        let inputs = || [&before.data, &before.code].into_iter().flat_map(|survey| &survey.files);
        let unknown: Vec<PathBuf> = observation
            .files
            .iter()
            .filter(|(path, access)| {
                let known =
                    [&outputs, &before.data, &before.code].iter().any(|all| all.files.contains_key(*path));
                !known && (access.read || access.written) && path.starts_with(&request.root)
            })
            .map(|(path, _)| path.clone())
            .filter(|path| fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_dir()))
            .collect();
        let digested = digest_files(&unknown, reading);
        let mut others = BTreeMap::new();
        for (path, digest) in unknown.into_iter().zip(digested) {
            match digest {
                Ok(digest) => {
                    gaps.extend(digest.unsteady(&path));
                    others.insert(path, digest);
                }
                Err(error) => gaps.push(format!("{}: {error}", path.display())),
            }
        }
        let changed = inputs()
            .filter(|(path, file)| {
                !fs::metadata(path).is_ok_and(|metadata| Stamp::of(&metadata) == file.stamp)
            })
            .map(|(path, _)| path.clone())
            .collect();
        Self { observation, outputs, others, changed, gaps }
    }

    /// What was done to a file, under its own name or the one that a link to it has.
    fn access(&self, path: &Path, file: &FileDigest) -> Option<Access> {
        let own = self.observation.files.get(path).copied();
        if file.link.is_none() {
            return own;
        }
        let behind = fs::canonicalize(path).ok().and_then(|path| self.observation.files.get(&path).copied());
        own.or(behind)
    }

    fn statement(
        self,
        request: &RunRequest<'_>,
        before: Before,
        program: PathBuf,
        ending: Ending,
        (started, finished): (jiff::Timestamp, jiff::Timestamp),
    ) -> Result<RunStatement, RunError> {
        let mut dependencies = self.inputs(request, &before);
        dependencies.extend(surroundings(&before, &program, &request.root));
        let (mut subject, byproducts) = self.products(request);
        let external_parameters = ExternalParameters {
            command: redacted_command(&request.command),
            directory: request.name(&request.directory),
            data: names(request, &request.data),
            code: names(request, &request.code),
            outputs: names(request, &request.outputs),
        };
        let observation = self.observed(request, &before);
        let build_definition = BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters,
            internal_parameters: InternalParameters {
                root: request.root.clone(),
                program,
                environment: before.environment,
            },
            resolved_dependencies: dependencies,
        };
        if subject.is_empty() {
            let run =
                serde_json::to_vec(&build_definition).map_err(crate::statement::StatementError::Json)?;
            let mut run =
                ResourceDescriptor::named(format!("run:{}", request.invocation), Digest::sha256(&run));
            annotate(&mut run, ROLE, Role::Run.as_str());
            subject.push(run);
        }
        let run_details = RunDetails {
            builder: Builder {
                id: BUILDER.to_owned(),
                version: BTreeMap::from([("bartizan".to_owned(), request.version.clone())]),
            },
            metadata: Metadata {
                invocation_id: request.invocation.clone(),
                started_on: started.to_string(),
                finished_on: finished.to_string(),
                ending,
                observation,
            },
            byproducts,
        };
        Ok(Statement::new(subject, PROVENANCE_V1, RunProvenance { build_definition, run_details }))
    }

    /// What was read: declared data and code, and what was read besides.
    fn inputs(&self, request: &RunRequest<'_>, before: &Before) -> Vec<ResourceDescriptor> {
        let mut inputs = Vec::new();
        for (role, survey) in [(Role::Data, &before.data), (Role::Code, &before.code)] {
            for (folder, digest) in &survey.folders {
                if let Ok(digest) = Digest::new("dirHash", digest) {
                    let mut folder = ResourceDescriptor::named(request.name(folder), digest);
                    annotate(&mut folder, ROLE, role.as_str());
                    inputs.push(folder);
                }
            }
            for (path, file) in &survey.files {
                let access = self.access(path, file);
                let mark = if access.is_some_and(|access| access.read || access.executed) {
                    Mark::Observed
                } else {
                    Mark::Declared
                };
                let mut input = resource(request, path, file, role, mark);
                if self.changed.contains(path) {
                    annotate(&mut input, CHANGED, true);
                }
                inputs.push(input);
            }
        }
        for (path, file) in &self.others {
            let access = self.observation.files.get(path).copied().unwrap_or_default();
            if access.read && !access.written {
                let mut input = resource(request, path, file, Role::Input, Mark::Undeclared);
                annotate(&mut input, DIGESTED_AFTER, true);
                inputs.push(input);
            }
        }
        for (path, file) in &before.locks.files {
            let known = before.code.files.contains_key(path)
                || before.data.files.contains_key(path)
                || self.others.contains_key(path)
                    && inputs.iter().any(|input| input.name.as_deref() == Some(&request.name(path)));
            if !known {
                inputs.push(resource(request, path, file, Role::Lock, Mark::Declared));
            }
        }
        inputs
    }

    /// What was made: outputs, and files written besides. When no output was declared, all that was written counts as such.
    fn products(&self, request: &RunRequest<'_>) -> (Vec<ResourceDescriptor>, Vec<ResourceDescriptor>) {
        let mut outputs = Vec::new();
        let mut byproducts = Vec::new();
        for (path, file) in &self.outputs.files {
            let written = self.access(path, file).is_some_and(|access| access.written);
            let mark = if written { Mark::Observed } else { Mark::Declared };
            outputs.push(resource(request, path, file, Role::Output, mark));
        }
        for (path, file) in &self.others {
            let access = self.observation.files.get(path).copied().unwrap_or_default();
            if access.written {
                let product = resource(request, path, file, Role::Output, Mark::Undeclared);
                if request.outputs.is_empty() && !is_cache(path) {
                    outputs.push(product);
                } else {
                    byproducts.push(product);
                }
            }
        }
        (outputs, byproducts)
    }

    fn observed(&self, request: &RunRequest<'_>, before: &Before) -> Observed {
        let below = |paths: &[PathBuf], path: &Path| {
            paths.iter().any(|declared| path.starts_with(request.absolute(declared)))
        };
        let linked: BTreeSet<PathBuf> = [&before.data, &before.code]
            .into_iter()
            .flat_map(|survey| &survey.files)
            .filter(|(_, file)| file.link.is_some())
            .filter_map(|(path, _)| fs::canonicalize(path).ok())
            .collect();
        let files = self.observation.files.iter().map(|(path, access)| {
            let input = below(&request.data, path) || below(&request.code, path) || linked.contains(path);
            let output = below(&request.outputs, path);
            let undeclared =
                (access.written || access.removed) && !output || access.read && !input && !output;
            let mark = if undeclared { Mark::Undeclared } else { Mark::Observed };
            ObservedFile { name: request.name(path), mark, access: *access }
        });
        let mut gaps = self.gaps.clone();
        gaps.extend(before.environment.gaps.iter().cloned());
        if before.program.is_none() {
            gaps.push("the program's file could not be digested".to_owned());
        }
        gaps.sort();
        gaps.dedup();
        let watching = self.observation.watching;
        Observed {
            watching,
            complete: gaps.is_empty() && watching != Watching::Nothing,
            gaps,
            files: files.collect(),
        }
    }
}

fn names(request: &RunRequest<'_>, paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| request.name(&request.absolute(path))).collect()
}

/// Bytecode that Python keeps beside modules: written by whoever imports first, no result of anything.
fn is_cache(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "__pycache__")
}

fn annotate(resource: &mut ResourceDescriptor, key: &str, value: impl Into<Value>) {
    resource.annotations.insert(key.to_owned(), value.into());
}

fn resource(
    request: &RunRequest<'_>,
    path: &Path,
    file: &FileDigest,
    role: Role,
    mark: Mark,
) -> ResourceDescriptor {
    let mut resource = ResourceDescriptor::named(request.name(path), file.digest.clone());
    annotate(&mut resource, ROLE, role.as_str());
    annotate(&mut resource, MARK, mark.as_str());
    annotate(&mut resource, SIZE, file.size);
    if let Some(link) = &file.link {
        annotate(&mut resource, LINK, link.to_string_lossy().into_owned());
    }
    resource
}

/// What else the result rests on: program, interpreter, packages, commit, container image.
fn surroundings(before: &Before, program: &Path, root: &Path) -> Vec<ResourceDescriptor> {
    let mut all = Vec::new();
    let mut add = |role: Role, name: String, uri: Option<String>, digest: DigestSet| {
        let mut resource = ResourceDescriptor { uri, ..ResourceDescriptor::named(name, digest) };
        annotate(&mut resource, ROLE, role.as_str());
        all.push(resource);
    };
    if let Some(file) = &before.program {
        add(Role::Program, program.to_string_lossy().into_owned(), None, file.digest.clone().into());
    }
    if let Some(python) = &before.environment.interpreter
        && let Ok(digest) = Digest::new("sha256", &python.sha256)
    {
        add(Role::Interpreter, python.path.to_string_lossy().into_owned(), None, digest.into());
    }
    for package in &before.environment.packages {
        let uri = format!("{}@{}", package.purl, package.version);
        let digest = package.record.as_deref().and_then(|record| Digest::new("sha256", record).ok());
        let name = format!("{}/RECORD", package.purl.rsplit('/').next().unwrap_or_default());
        add(Role::Package, name, Some(uri), digest.map(DigestSet::from).unwrap_or_default());
    }
    if let Some(image) = before.environment.container.as_ref()
        && let Some(Ok(digest)) = image.image_digest.as_deref().map(str::parse::<Digest>)
    {
        add(Role::Image, image.image.clone().unwrap_or_default(), None, digest.into());
    }
    if let Some(source) = checked_out(root)
        && let Ok(commit) = Digest::new("gitCommit", &source.commit)
    {
        add(Role::Source, "source".to_owned(), source.uri(), commit.into());
    }
    all
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::super::request::Method;
    use super::*;
    use jiff::Timestamp;

    fn recorded(
        root: &Path,
        script: &str,
        change: impl FnOnce(&mut RunRequest<'_>),
    ) -> (Recorded, RunProvenance) {
        let root = fs::canonicalize(root).unwrap();
        let clock = || Timestamp::UNIX_EPOCH;
        let mut request = RunRequest {
            command: ["/bin/sh", "-c", script].map(Into::into).to_vec(),
            root: root.clone(),
            directory: root,
            data: vec![],
            code: vec![],
            outputs: vec![],
            variables: vec![("PATH".into(), "/usr/bin:/bin".into()), ("HF_TOKEN".into(), "secret".into())],
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
        change(&mut request);
        let recorded = record(&request, &Interruptions::hold().unwrap()).unwrap();
        let provenance = recorded.statement.predicate.clone().unwrap();
        (recorded, provenance)
    }

    fn marks(resources: &[ResourceDescriptor], role: Role) -> Vec<(&str, &str)> {
        let of_role =
            resources.iter().filter(|each| each.annotations.get(ROLE) == Some(&role.as_str().into()));
        of_role
            .filter_map(|each| Some((each.name.as_deref()?, each.annotations.get(MARK)?.as_str()?)))
            .collect()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_are_marked_declared_observed_and_undeclared() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["used", "unused", "extra"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let (recorded, provenance) =
            recorded(folder.path(), "cat used extra > out; echo log > log; exit 3", |request| {
                request.data = vec!["used".into(), "unused".into()];
                request.outputs = vec!["out".into()];
            });
        assert_eq!(recorded.ending, Ending::Code(3));
        let dependencies = &provenance.build_definition.resolved_dependencies;
        assert_eq!(marks(dependencies, Role::Data), [("unused", "declared"), ("used", "observed")]);
        assert_eq!(marks(dependencies, Role::Input), [("extra", "undeclared")]);
        assert_eq!(marks(&recorded.statement.subject, Role::Output), [("out", "observed")]);
        assert_eq!(recorded.statement.subject[0].digest, Digest::sha256(b"usedextra").into());
        assert_eq!(marks(&provenance.run_details.byproducts, Role::Output), [("log", "undeclared")]);
        let observation = &provenance.run_details.metadata.observation;
        assert!(observation.complete, "{observation:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_declared_outputs_what_was_written_is_the_result() {
        let folder = tempfile::tempdir().unwrap();
        let script = "mkdir -p a/b && echo x > a/b/part && mv a/b/part a/b/model; mkdir __pycache__; echo y > __pycache__/z";
        let (recorded, provenance) = recorded(folder.path(), script, |_| {});
        assert_eq!(marks(&recorded.statement.subject, Role::Output), [("a/b/model", "undeclared")]);
        assert_eq!(provenance.run_details.byproducts.len(), 1);
    }

    #[test]
    fn a_run_without_results_is_its_own_subject_and_secrets_stay_out() {
        let folder = tempfile::tempdir().unwrap();
        let (recorded, _) = recorded(folder.path(), "kill -9 $$", |_| {});
        assert_eq!(recorded.ending, Ending::Signal(9));
        assert_eq!(recorded.statement.subject[0].name.as_deref(), Some("run:one"));
        let payload = String::from_utf8(recorded.statement.to_payload().unwrap()).unwrap();
        assert!(!payload.contains("\"secret\"") && payload.contains("HF_TOKEN"));
        assert!(RunStatement::from_payload(payload.as_bytes()).is_ok());
    }

    #[test]
    fn the_command_does_not_inherit_the_signals_that_we_hold_back() {
        let folder = tempfile::tempdir().unwrap();
        // What whoever started the tests ignores (`nohup` does SIGHUP) every command inherits as ignored.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        for signal in [1, 2, 10, 15].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0) {
            let (recorded, _) = recorded(folder.path(), &format!("kill -{signal} $$; sleep 1"), |_| {});
            assert_eq!(recorded.ending, Ending::Signal(signal));
        }
    }

    #[test]
    fn an_input_that_changes_meanwhile_is_said_to_have() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("data"), "before").unwrap();
        let (_, provenance) = recorded(folder.path(), "echo after >> data", |request| {
            request.data = vec!["data".into()];
        });
        let data = &provenance.build_definition.resolved_dependencies[0];
        assert_eq!(data.digest, Digest::sha256(b"before").into());
        assert_eq!(data.annotations.get(CHANGED), Some(&true.into()));
    }

    #[test]
    fn a_missing_output_makes_the_record_incomplete() {
        let folder = tempfile::tempdir().unwrap();
        let (_, provenance) =
            recorded(folder.path(), "true", |request| request.outputs = vec!["model".into()]);
        let observation = provenance.run_details.metadata.observation;
        assert!(!observation.complete && observation.gaps[0].contains("model"), "{observation:?}");
    }

    #[test]
    fn hundreds_of_files_and_megabytes_come_through() {
        let folder = tempfile::tempdir().unwrap();
        let script = "for i in $(seq 400); do echo $i > f$i; done; head -c 9000000 /dev/zero > big";
        let (recorded, _) = recorded(folder.path(), script, |request| request.outputs = vec![".".into()]);
        assert_eq!(recorded.statement.subject.len(), 401);
        let big = recorded.statement.subject.iter().find(|each| each.name.as_deref() == Some("big")).unwrap();
        assert_eq!(big.digest, Digest::sha256(&vec![0; 9_000_000]).into());
    }

    #[test]
    fn what_cannot_start_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let clock = || Timestamp::UNIX_EPOCH;
        let request = |command: &str, data: Vec<PathBuf>| RunRequest {
            command: vec![command.into()],
            root: folder.path().to_owned(),
            directory: folder.path().to_owned(),
            data,
            code: vec![],
            outputs: vec![],
            variables: vec![],
            allowed: vec![],
            output_aside: false,
            takes_orphans: false,
            launcher: Vec::new(),
            method: Method::Declared,
            invocation: "one".to_owned(),
            version: "0".to_owned(),
            clock: &clock,
            system: "/".into(),
            cache: None,
        };
        let signals = Interruptions::hold().unwrap();
        let error = record(&request("no-such-program", vec![]), &signals).unwrap_err();
        assert!(matches!(error, RunError::NoProgram(name) if name == "no-such-program"));
        let error = record(&request("/bin/true", vec!["missing".into()]), &signals).unwrap_err();
        assert!(matches!(error, RunError::Input { role: "data", .. }));
    }
}
