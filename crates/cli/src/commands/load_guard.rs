//! `bartizan load-guard`: runs a command whose Python processes ask before an unpickler takes a name.
//!
//! The Python side lies in a private folder that stands first on `PYTHONPATH`; it asks over a socket in that folder,
//! and a thread here answers by [`Policy`]. Environment is inherited, so that processes below are guarded too. Signals that
//! ask a program to end or to do something go on to the command.

use crate::arguments::{GuardMode, LoadGuardArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_core::printable;
use bartizan_model::load_guard::{Decision, LOAD_REFUSED, Policy, SHIM};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use serde_json::json;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Tells the Python side where to ask.
const VARIABLE: &str = "BARTIZAN_LOAD_GUARD";
/// Longest question read, in bytes.
const LONGEST_QUESTION: u64 = 1 << 18;
/// How long a process may take to put its question.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most different names told on standard error; the report holds all.
const MOST_TOLD: usize = 20;

/// Runs the command.
///
/// # Errors
/// When the command cannot be started, or the guard or its report cannot be set up.
pub(crate) fn run(arguments: &LoadGuardArguments) -> Result<Exit, Failure> {
    let Some((program, rest)) = arguments.command.split_first() else { return Err(Failure::Defect) };
    let folder = private_folder().map_err(Failure::GuardFolder)?;
    fs::write(folder.path().join("sitecustomize.py"), SHIM).map_err(Failure::GuardFolder)?;
    let socket = folder.path().join("ask");
    let listener = UnixListener::bind(&socket).map_err(Failure::GuardFolder)?;
    let report = match &arguments.report {
        Some(path) => Some(File::create(path).map_err(|error| Failure::Write { path: path.clone(), error })?),
        None => None,
    };
    let guard = Guard {
        policy: Policy::new(arguments.allow.iter().map(String::as_str)),
        mode: arguments.mode,
        report,
        told: BTreeSet::new(),
        tally: Tally::default(),
    };
    let over = AtomicBool::new(false);
    // Before there are threads, which take the mask over.
    let signals = forwarded();
    signals.thread_block().map_err(|error| Failure::GuardFolder(error.into()))?;
    let (status, tally) = thread::scope(|scope| {
        let answering = scope.spawn(|| guard.answer_all(&listener, &over));
        let mut command = Command::new(program);
        command.args(rest).env("PYTHONPATH", python_path(folder.path())).env(VARIABLE, &socket);
        let status = spawn_unmasked(&mut command, signals)
            .and_then(|mut child| forward_while_running(&mut child, signals));
        over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        drop(UnixStream::connect(&socket));
        let tally = answering.join().map_err(|_| Failure::Defect);
        (status, tally)
    });
    let tally = tally?;
    let status =
        status.map_err(|error| Failure::Start { command: program.to_string_lossy().into_owned(), error })?;
    if let Some(error) = tally.unwritten {
        let path = arguments.report.clone().unwrap_or_default();
        return Err(Failure::Write { path, error });
    }
    Ok(conclude(arguments.mode, &tally.counts, status))
}

/// The folder that Python is to find first, wherever the command goes.
fn private_folder() -> io::Result<tempfile::TempDir> {
    let above = std::path::absolute(std::env::temp_dir())?;
    if above.as_os_str().as_encoded_bytes().contains(&b':') {
        // What stands behind a colon would be another folder of PYTHONPATH, and nothing would be guarded.
        let problem = format!("{} has a colon in it, which ends a path of PYTHONPATH", above.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    tempfile::Builder::new().prefix("bartizan-guard-").tempdir_in(above)
}

/// What is sent on to the command.
fn forwarded() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2]
        .into_iter()
        .collect()
}

/// Starts the command without the mask, which it would take over.
fn spawn_unmasked(command: &mut Command, signals: SigSet) -> io::Result<Child> {
    signals.thread_unblock()?;
    let spawned = command.spawn();
    signals.thread_block()?;
    spawned
}

/// Waits for the end of `child` and sends on to it what is sent to us.
fn forward_while_running(child: &mut Child, signals: SigSet) -> io::Result<ExitStatus> {
    let target = Pid::from_raw(child.id().cast_signed());
    // `None` once it has ended: its number may then belong to another process.
    let running = Arc::new(Mutex::new(Some(target)));
    let watched = Arc::clone(&running);
    // Not joined: it sleeps until a signal comes, and ends with us if none does.
    thread::spawn(move || {
        while let Ok(signal) = signals.wait() {
            let running = watched.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(target) = *running else { return };
            if !reaches_all(signal) {
                // One that has ended this moment needs no signal.
                let _ = kill(target, signal);
            }
        }
    });
    let status = child.wait();
    *running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    status
}

/// Whether the terminal has sent `signal` to the command itself: keys send to every process in the foreground.
fn reaches_all(signal: Signal) -> bool {
    let by_key = matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGHUP);
    by_key && tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
}

/// Says on standard error how it went, and how to end.
fn conclude(mode: GuardMode, counts: &Counts, status: ExitStatus) -> Exit {
    let Counts { processes, refusals } = *counts;
    if refusals > 0 {
        let did = if mode == GuardMode::Enforce { "refused" } else { "would have refused" };
        terminal::remark(&format!(
            "load-guard: {did} {refusals} {} in {processes} Python {}",
            if refusals == 1 { "name" } else { "names" },
            if processes == 1 { "process" } else { "processes" },
        ));
        if mode == GuardMode::Enforce {
            return Exit::Found;
        }
    }
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| signal.saturating_add(128)))
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    if processes == 0 {
        terminal::remark(
            "load-guard: no Python process took the guard; it has no hold on `python -I`, `-E` or `-S`, \
             nor on programs that clear their environment",
        );
        if code == 0 {
            return Exit::Incomplete;
        }
    }
    Exit::Command(code)
}

/// Our folder, then what stood there before.
fn python_path(folder: &Path) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(before) = std::env::var_os("PYTHONPATH").filter(|before| !before.is_empty()) {
        path.push(":");
        path.push(before);
    }
    path
}

/// What the answering thread holds.
struct Guard {
    policy: Policy,
    mode: GuardMode,
    report: Option<File>,
    told: BTreeSet<(String, String)>,
    tally: Tally,
}

/// What came of it.
#[derive(Default)]
struct Tally {
    counts: Counts,
    /// Why the report could not be written.
    unwritten: Option<io::Error>,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    processes: u64,
    refusals: u64,
}

impl Guard {
    /// Answers until it is over.
    fn answer_all(mut self, listener: &UnixListener, over: &AtomicBool) -> Tally {
        for stream in listener.incoming() {
            if over.load(Ordering::SeqCst) {
                break;
            }
            // A process that ended before its answer needs none, and gets a refusal if it is still there.
            if let Ok(stream) = stream {
                let _ = self.answer(stream);
            }
        }
        self.tally
    }

    fn answer(&mut self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut question = Vec::new();
        (&stream).take(LONGEST_QUESTION).read_to_end(&mut question)?;
        let question = String::from_utf8_lossy(&question);
        let fields: Vec<&str> = question.split('\0').collect();
        match fields.as_slice() {
            ["hello", _process, _version] => {
                self.tally.counts.processes = self.tally.counts.processes.saturating_add(1);
                stream.write_all(b"yes")
            }
            ["name", process, module, name, stack] => {
                let answer = self.judge(process, module, name, stack);
                stream.write_all(answer.as_bytes())
            }
            _ => stream.write_all(b"no: the question was not understood"),
        }
    }

    /// The answer about `name` of `module`, asked for by `process` at `stack` (innermost first).
    fn judge(&mut self, process: &str, module: &str, name: &str, stack: &str) -> String {
        let Decision::Refuse { severity, class, message } = self.policy.decide(module, name) else {
            return "yes".to_owned();
        };
        let message = printable(&message, 400);
        self.tally.counts.refusals = self.tally.counts.refusals.saturating_add(1);
        let action = if self.mode == GuardMode::Enforce { "refused" } else { "observed" };
        let stack: Vec<String> = stack.lines().map(|frame| printable(frame, 400)).collect();
        if self.told.len() < MOST_TOLD && self.told.insert((module.to_owned(), name.to_owned())) {
            let place = stack.first().map_or("", String::as_str);
            terminal::remark(&format!("load-guard: {action} ({severity}): {message} [{place}]"));
        }
        let line = json!({
            "schema": "bartizan.load-guard/1",
            "rule": LOAD_REFUSED.id,
            "severity": severity,
            "action": action,
            "module": module,
            "name": name,
            "class": class.map(bartizan_model::pickle::knowledge::GadgetClass::as_str),
            "message": message,
            "remediation": LOAD_REFUSED.remedy,
            "taxonomies": LOAD_REFUSED.taxonomies.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "process": process.parse::<u32>().ok(),
            "stack": stack,
        });
        if let Some(report) = &mut self.report
            && let Err(error) = writeln!(report, "{line}")
        {
            self.tally.unwritten.get_or_insert(error);
        }
        if self.mode == GuardMode::Enforce { format!("no: {message}") } else { "noted".to_owned() }
    }
}
