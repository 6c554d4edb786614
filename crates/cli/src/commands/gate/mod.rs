//! `bartizan gate`: may this artifact go there? Evidence in, policy over it, a verdict out.

mod artifact;
mod attestation;
mod evidence;
mod facts;
mod replay;
mod signature;
mod trust;

use crate::arguments::{BoundArguments, GateArguments, GateFormat};
use crate::commands::scan::{TOOL, write_whole};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_evidence::keys::PublicKey;
use bartizan_evidence::store::TRUSTED;
use bartizan_policy::decide::{Decision, Verdict, decide};
use bartizan_policy::guard::Bounds;
use bartizan_policy::input::{Environment, GateInput, INPUT_SCHEMA};
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
    let artifact = arguments.artifact.as_deref().unwrap_or_default();
    let policy = policies(&arguments.policy)?;
    let input = input(arguments, artifact)?;
    if arguments.show_input {
        return write(arguments, &|out| {
            serde_json::to_writer_pretty(&mut *out, &input)?;
            writeln!(out)
        })
        .map(|()| Exit::Done);
    }
    let bounds = bounds(&arguments.bounds);
    let mut decision = decide(&policy, arguments.package.as_deref(), &input, bounds, &resident_bytes)?;
    if arguments.explain {
        let package = arguments.package.as_deref();
        let commands = bartizan_policy::explain::Names { artifact: artifact.to_owned() };
        decision.explanation = Some(bartizan_policy::explain::explain(
            &policy,
            package,
            &input,
            &commands,
            bounds,
            &resident_bytes,
        )?);
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

/// Everything that policies read, gathered and checked now.
fn input(arguments: &GateArguments, artifact: &str) -> Result<GateInput, Failure> {
    let time = crate::commands::scan::now();
    let signature = signature::place(artifact, arguments.signature.as_deref());
    let read = artifact::read(artifact, signature.as_deref())?;
    let mut input = GateInput {
        schema: INPUT_SCHEMA.to_owned(),
        time: time.to_string(),
        now: time.as_second(),
        environment: Environment {
            name: arguments.env.clone(),
            set: arguments.set.iter().cloned().collect(),
        },
        artifact: read.artifact.clone(),
        ..GateInput::default()
    };
    let named = trust::named_keys(arguments)?;
    let examined = trust::examine(arguments, artifact, &named)?;
    let mut keys = named;
    if let Some(examined) = &examined {
        evidence::gather(examined, arguments.max_age_days, &mut input)?;
        keys.extend(believed_keys(examined.store.root(), &input.trusted_keys)?);
    }
    let store = examined.as_ref().map(|examined| &examined.store);
    input.signature = signature::judge(&read, signature.as_deref(), keys, store, input.now)?;
    Ok(input)
}

/// The public keys of a store that are among `ids`.
fn believed_keys(root: &Path, ids: &[String]) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for id in ids {
        let path = root.join(TRUSTED).join(format!("{id}.pem"));
        if path.is_file() {
            keys.push(crate::keyfile::public_key(&path)?);
        }
    }
    Ok(keys)
}
