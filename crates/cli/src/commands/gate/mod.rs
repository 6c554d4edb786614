//! `bartizan gate`: may this artifact go there? Evidence in, policy over it, a verdict out.

mod artifact;
mod attestation;
mod basis;
mod evidence;
mod facts;
mod oci;
#[cfg(feature = "gateway")]
pub(super) mod oci_credentials;
mod replay;
mod shards;
mod signature;
mod storage;
mod trust;
mod watch;

pub(crate) use basis::{Basis, State};

use crate::arguments::{BoundArguments, GateArguments, GateFormat};
use crate::commands::scan::{TOOL, write_whole};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_policy::decide::{Decision, Verdict};
use bartizan_policy::guard::Bounds;
use bartizan_policy::input::ArtifactKind;
use bartizan_policy::render;
use bartizan_policy::shipped;
use bartizan_policy::source::Policy;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

/// Runs the command.
///
/// # Errors
/// [`Failure`]: no decision could be made, which lets nothing through.
pub(crate) fn run(arguments: &GateArguments) -> Result<Exit, Failure> {
    if let Some(recording) = &arguments.replay {
        return replay::run(arguments, recording);
    }
    if let Some(place) = &arguments.watch {
        return watch::run(arguments, place);
    }
    if !arguments.storage_initializer.is_empty() {
        return storage::run(arguments);
    }
    let named = arguments.artifact.as_deref().unwrap_or_default();
    // What was pulled lies in a folder that goes when the decision is made.
    let pulled = if named.starts_with(oci::SCHEME) { Some(oci::pulled(named, arguments)?) } else { None };
    let artifact = pulled.as_ref().map_or(named, oci::Local::path);
    let basis = Basis::open(&arguments.basis, artifact)?;
    if arguments.show_input {
        let input = basis.input(artifact, arguments.signature.as_deref())?;
        return write(arguments, &|out| {
            serde_json::to_writer_pretty(&mut *out, &input)?;
            writeln!(out)
        })
        .map(|()| Exit::Done);
    }
    let (mut decision, input) = basis.decide(artifact, arguments.signature.as_deref())?;
    if arguments.explain {
        let package = arguments.basis.package.as_deref();
        let place = match input.artifact.kind {
            ArtifactKind::Index => artifact::parent(Path::new(named)).to_string_lossy().into_owned(),
            _ => named.to_owned(),
        };
        let commands = bartizan_policy::explain::Names { artifact: place };
        decision.explanation = Some(bartizan_policy::explain::explain(
            basis.policy(),
            package,
            &input,
            &commands,
            bounds(&arguments.basis.bounds),
            &resident_bytes,
        )?);
    }
    if pulled.is_some() {
        // It is the artifact in the registry that is decided about, not the folder it was pulled into.
        named.clone_into(&mut decision.artifact.path);
    }
    let statement = attestation::statement(&decision, &input);
    if arguments.attest {
        attestation::record(&statement, arguments)?;
    }
    for text in &decision.prints {
        terminal::remark(text);
    }
    let terminal = arguments.output.is_none() && io::stdout().is_terminal();
    write(arguments, &|out| match arguments.format {
        GateFormat::Table => render::table(&decision, arguments.color.is_on(terminal), out),
        GateFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &decision)?;
            writeln!(out)
        }
        GateFormat::Markdown => render::markdown(&decision, out),
        GateFormat::Sarif => render::sarif(&decision, TOOL.name, TOOL.version, out),
        GateFormat::Junit => render::junit(&decision, out),
        GateFormat::Vsa => {
            serde_json::to_writer_pretty(&mut *out, &statement)?;
            writeln!(out)
        }
    })?;
    Ok(exit_of(&decision))
}

fn exit_of(decision: &Decision) -> Exit {
    match decision.verdict {
        Verdict::Allow | Verdict::Warn => Exit::Done,
        Verdict::Deny => Exit::Found,
    }
}

fn write(
    arguments: &GateArguments,
    content: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    if let Some(path) = &arguments.output {
        return write_whole(path, |out| content(out));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    content(&mut out)?;
    Ok(out.flush()?)
}

/// The policies that the user names, in force together.
///
/// # Errors
/// [`Failure::Policy`].
pub(crate) fn policies(names: &[String]) -> Result<Policy, Failure> {
    let mut read = Vec::new();
    for name in names {
        // A shipped name is the shipped policy, whatever lies in the folder: a checkout must not put its own in its place. `./baseline`
        // names a folder.
        let policy = match shipped::policy(name) {
            Some(policy) => policy?,
            None => Policy::load(Path::new(name))?,
        };
        read.push(policy);
    }
    Ok(Policy::join(read)?)
}

/// Bounds as the user gave them.
pub(crate) fn bounds(arguments: &BoundArguments) -> Bounds {
    Bounds {
        time: Duration::from_millis(arguments.max_time_ms),
        memory_bytes: arguments.max_memory_mib.saturating_mul(1 << 20),
    }
}

/// Bytes of memory that the process holds; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    #[cfg(target_os = "linux")]
    {
        // Source: proc(5), /proc/pid/statm: the second number counts resident pages.
        let pages = std::fs::read_to_string("/proc/self/statm").ok();
        let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
        pages.unwrap_or(0).saturating_mul(PAGE_BYTES)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// Bytes of a page, the smallest in use: where pages are larger, the bound is reached later.
#[cfg(target_os = "linux")]
const PAGE_BYTES: u64 = 4_096;

/// The digest of a file or folder, read now, as a decision names it.
///
/// # Errors
/// [`Failure`] when it cannot be read.
#[cfg(feature = "gateway")]
pub(crate) fn digest_now(path: &Path) -> Result<String, Failure> {
    let given = path.to_string_lossy();
    let signature = signature::place(&given, None);
    Ok(artifact::read(&given, signature.as_deref())?.artifact.digest)
}
