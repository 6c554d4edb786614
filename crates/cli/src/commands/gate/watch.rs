//! `bartizan gate --watch`: a verdict for each artifact in a folder as it comes, and again when it or the evidence changes.

use super::{Basis, State};
use crate::arguments::{BasisArguments, GateArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_policy::decide::{Decision, Verdict};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Name and version of a line's form.
const SCHEMA: &str = "bartizan.gate-watch/1";
/// Most artifacts watched in one place.
const MOST_ARTIFACTS: usize = 100_000;
/// Most files of one artifact that are looked at to tell whether it changed.
const MOST_FILES: usize = 1_000_000;
/// Endings of files that lie beside artifacts and are none.
const BESIDE: [&str; 4] = ["sig", "pub", "key", "toml"];

/// What was decided about an artifact, and what it and the evidence looked like then.
struct Seen {
    stamp: String,
    state: State,
    verdict: String,
    at: Instant,
}

/// Something that may be let through.
pub(super) struct Found {
    /// As it is named in a line.
    pub(super) name: String,
    /// Changes when it does.
    pub(super) stamp: String,
}

/// Where artifacts come from.
pub(super) trait Source {
    /// What is there now, in order of name.
    ///
    /// # Errors
    /// [`Failure`] when the place cannot be read; the next look may go better.
    fn look(&mut self) -> Result<Vec<Found>, Failure>;

    /// A path at which an artifact lies, to be decided about, or its digest.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be brought here.
    fn bring(&mut self, found: &Found) -> Result<String, Failure>;

    /// Whether what was found is gone again, or another by now.
    fn has_changed(&self, _found: &Found) -> bool {
        false
    }
}

/// Looks again and again, and writes a line for each verdict.
///
/// # Errors
/// [`Failure`] when the first look fails: later ones are told and tried again.
pub(super) fn run(arguments: &GateArguments, place: &str) -> Result<Exit, Failure> {
    let mut source = source(place, arguments)?;
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut denied = false;
    let mut looks = 0_u64;
    loop {
        match look(arguments, source.as_mut(), &mut seen) {
            Ok(any) => denied |= any,
            Err(failure) if looks == 0 => return Err(failure),
            Err(failure) if failure.is_broken_pipe() => return Err(failure),
            Err(failure) => write(&json!({
                "schema": SCHEMA, "at": crate::commands::scan::now().to_string(), "artifact": place, "verdict": "error",
                "problem": failure.to_string(),
            }))?,
        }
        looks = looks.saturating_add(1);
        if arguments.looks.is_some_and(|most| looks >= most) {
            return Ok(if denied { Exit::Found } else { Exit::Done });
        }
        std::thread::sleep(Duration::from_millis(arguments.every_ms));
    }
}

fn source(place: &str, arguments: &GateArguments) -> Result<Box<dyn Source>, Failure> {
    if place.starts_with(super::oci::SCHEME) {
        return super::oci::watched(place, arguments);
    }
    let folder = PathBuf::from(place);
    if folder.is_dir() {
        return Ok(Box::new(Folder(folder)));
    }
    let error = io::Error::new(io::ErrorKind::NotFound, "no such folder");
    Err(Failure::Read { what: "folder to watch", path: folder, error })
}

/// Decides about what is new or changed; whether anything was denied.
fn look(
    arguments: &GateArguments,
    source: &mut dyn Source,
    seen: &mut BTreeMap<String, Seen>,
) -> Result<bool, Failure> {
    let all = source.look()?;
    let first = all.first().map_or(".", |found| found.name.as_str());
    let state = Basis::state(&arguments.basis, first)?;
    seen.retain(|name, _| all.iter().any(|found| found.name == *name));
    let mut basis: Option<Basis> = None;
    let mut denied = false;
    for found in &all {
        let known = seen.get(&found.name);
        let same = known.is_some_and(|known| known.stamp == found.stamp && known.state == state);
        // Waivers and evidence expire without anything changing.
        let holds = Duration::from_millis(arguments.again_ms);
        if same && known.is_some_and(|known| known.at.elapsed() < holds) {
            continue;
        }
        let line = match one(&arguments.basis, &mut basis, source, found) {
            Ok(decision) => {
                denied |= decision.verdict == Verdict::Deny;
                serde_json::to_value(Line::of(&found.name, &decision)).map_err(io::Error::from)?
            }
            // Whatever wrote it took it away, or goes on writing: the next look sees what has become of it.
            Err(_) if source.has_changed(found) => {
                seen.remove(&found.name);
                continue;
            }
            Err(failure) => {
                denied = true;
                json!({
                    "schema": SCHEMA, "at": crate::commands::scan::now().to_string(), "artifact": found.name,
                    "verdict": "error", "problem": failure.to_string(),
                })
            }
        };
        let verdict = line.get("verdict").and_then(|verdict| verdict.as_str()).unwrap_or_default().to_owned();
        // What nothing but time could have changed is told when it has.
        if !(same && known.is_some_and(|known| known.verdict == verdict)) {
            write(&line)?;
        }
        let now = Seen { stamp: found.stamp.clone(), state: state.clone(), verdict, at: Instant::now() };
        seen.insert(found.name.clone(), now);
    }
    Ok(denied)
}

fn one(
    arguments: &BasisArguments,
    basis: &mut Option<Basis>,
    source: &mut dyn Source,
    found: &Found,
) -> Result<Decision, Failure> {
    let artifact = source.bring(found)?;
    let basis = match basis {
        Some(basis) => basis,
        None => basis.insert(Basis::open(arguments, &artifact)?),
    };
    Ok(basis.decide(&artifact, None)?.0)
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    at: &'a str,
    artifact: &'a str,
    digest: &'a str,
    verdict: Verdict,
    reasons: Vec<Why<'a>>,
    policy_digest: &'a str,
    environment: &'a str,
}

#[derive(Serialize)]
struct Why<'a> {
    effect: Verdict,
    rule: &'a str,
    subject: Option<&'a str>,
    message: &'a str,
}

impl<'a> Line<'a> {
    fn of(name: &'a str, decision: &'a Decision) -> Self {
        let reasons = decision.reasons.iter().map(|each| Why {
            effect: each.effect,
            rule: &each.rule,
            subject: each.subject.as_deref(),
            message: &each.message,
        });
        let missing = decision.missing.iter().map(|each| Why {
            effect: Verdict::Deny,
            rule: &each.rule,
            subject: each.subject.as_deref(),
            message: &each.message,
        });
        Self {
            schema: SCHEMA,
            at: &decision.decided_on,
            artifact: name,
            digest: &decision.artifact.digest,
            verdict: decision.verdict,
            reasons: reasons.chain(missing).collect(),
            policy_digest: &decision.policy_digest,
            environment: &decision.environment,
        }
    }
}

/// One line, at once: whoever reads it may wait for it.
fn write(line: &serde_json::Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// A folder in which each entry is an artifact.
struct Folder(PathBuf);

impl Source for Folder {
    fn look(&mut self) -> Result<Vec<Found>, Failure> {
        let failed = |error| Failure::Read { what: "folder to watch", path: self.0.clone(), error };
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let beside = path.extension().is_some_and(|ending| BESIDE.iter().any(|each| ending == *each));
            if hidden || beside {
                continue;
            }
            if found.len() >= MOST_ARTIFACTS {
                return Err(failed(io::Error::other(format!(
                    "it holds more than {MOST_ARTIFACTS} artifacts"
                ))));
            }
            // By the name that it is decided about: of one that is no text, the decision says that it cannot be read.
            let name = path.to_string_lossy().into_owned();
            let stamp = stamp(Path::new(&name));
            found.push(Found { name, stamp });
        }
        found.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(found)
    }

    fn bring(&mut self, found: &Found) -> Result<String, Failure> {
        Ok(found.name.clone())
    }

    fn has_changed(&self, found: &Found) -> bool {
        stamp(Path::new(&found.name)) != found.stamp
    }
}

/// What an artifact and its signature look like: a signature that comes later changes the verdict as well.
fn stamp(path: &Path) -> String {
    let signature = PathBuf::from(format!("{}.sig", path.display()));
    format!("{} {}", seen(path), seen(&signature))
}

/// What an artifact looks like without reading it: a digest of path, size, times and number of each of its files, links
/// followed. What is gone in between looks like nothing.
fn seen(path: &Path) -> String {
    let mut look = Looks::default();
    let mut files = 0_usize;
    let mut work = vec![path.to_owned()];
    while let Some(path) = work.pop() {
        let Ok(metadata) = path.metadata() else { continue };
        files = files.saturating_add(1);
        look.take(&path, &metadata);
        // A link to a folder may lead in a circle.
        if metadata.is_dir() && (files == 1 || !path.is_symlink()) {
            let mut entries: Vec<PathBuf> =
                fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            entries.sort_unstable();
            work.extend(entries.into_iter().take(MOST_FILES.saturating_sub(work.len())));
        }
        if files >= MOST_FILES {
            break;
        }
    }
    look.end()
}

/// Gathers what files look like.
#[derive(Default)]
struct Looks(std::hash::DefaultHasher);

impl Looks {
    fn take(&mut self, path: &Path, metadata: &fs::Metadata) {
        path.hash(&mut self.0);
        metadata.len().hash(&mut self.0);
        metadata.modified().ok().hash(&mut self.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()).hash(&mut self.0);
        }
    }

    fn end(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}
