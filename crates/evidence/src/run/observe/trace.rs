//! Following system calls by ptrace(2): every file that the command or a descendant opens, renames, removes or executes.
//!
//! What an open gave is read back from `/proc` as the path behind the new descriptor, so that links, `..` and relative names
//! need no second guess at what the kernel did. Files under the watched folders are kept, and programs wherever they lie.
//! Not seen: descriptors opened through io_uring or received over a socket.

use super::{Observation, Watching, is_unwatched};
use crate::run::RunError;
use crate::run::child::Ending;
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Longest path read from a traced process, in bytes. Source: `PATH_MAX`, linux/limits.h.
const LONGEST_PATH: usize = 4096;
/// The highest error number a system call returns. Source: `MAX_ERRNO`, linux/err.h.
const MOST_ERROR: u64 = 4095;

/// Follows the child with this process number, which has stopped itself or is about to, to its end.
///
/// It is seized and not asked to trace itself (ptrace(2), `PTRACE_SEIZE`): a stop that is asked for is then told apart from a
/// signal, and concerns one thread, so that what the command leaves behind can be let go without a trace on it.
pub(in crate::run) fn follow(child: i32, roots: Vec<PathBuf>) -> Result<(Ending, Observation), RunError> {
    let first = Pid::from_raw(child);
    let mut tracer = Tracer {
        roots,
        seen: Observation::by(Watching::SystemCalls),
        inside: HashMap::new(),
        left_out: HashMap::new(),
        known: HashSet::new(),
    };
    if let Some(ending) = seized(first)? {
        return Ok((ending, tracer.seen));
    }
    tracer.known.insert(first);
    // It stands inside execve: what comes next is the way out.
    tracer.inside.insert(first, None);
    tracer.executed(first);
    resume(first, None)?;
    let ending = tracer.until_end(first)?;
    Ok((ending, tracer.seen))
}

/// Takes hold of the launcher once it has stopped itself, and leads it to where the command's own program begins. Gives how
/// it ended when it did not come that far.
fn seized(launcher: Pid) -> Result<Option<Ending>, RunError> {
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    let mut is_held = false;
    loop {
        match wait_also_untraced(launcher)? {
            WaitStatus::Exited(_, code) => return Ok(Some(Ending::Code(code))),
            WaitStatus::Signaled(_, signal, _) => return Ok(Some(Ending::Signal(signal as i32))),
            WaitStatus::Stopped(..) if !is_held => {
                ptrace::seize(launcher, options)?;
                nix::sys::signal::kill(launcher, Signal::SIGCONT)?;
                is_held = true;
            }
            WaitStatus::Stopped(_, signal) => {
                let deliver = (signal != Signal::SIGCONT).then_some(signal);
                gone_is_fine(ptrace::cont(launcher, deliver))?;
            }
            WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_EXEC) => return Ok(None),
            _ if is_held => gone_is_fine(ptrace::cont(launcher, None))?,
            _ => {}
        }
    }
}

/// Waits for one process or any that this thread traces.
fn wait(process: Option<Pid>) -> Result<WaitStatus, Errno> {
    wait_with(process, WaitPidFlag::empty())
}

/// Waits for a process that may stop without being traced.
fn wait_also_untraced(process: Pid) -> Result<WaitStatus, Errno> {
    wait_with(Some(process), WaitPidFlag::WUNTRACED)
}

fn wait_with(process: Option<Pid>, more: WaitPidFlag) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(process, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD | more)) {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// Lets a stopped process go on to its next system call.
fn resume(process: Pid, signal: Option<Signal>) -> Result<(), Errno> {
    gone_is_fine(ptrace::syscall(process, signal))
}

/// One that is gone meanwhile will be reported as ended.
fn gone_is_fine(done: Result<(), Errno>) -> Result<(), Errno> {
    match done {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}

/// Whether this event tells of a new process or thread.
fn is_birth(event: i32) -> bool {
    matches!(event, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE)
}

/// What is known of the processes under trace.
struct Tracer {
    roots: Vec<PathBuf>,
    seen: Observation,
    /// Threads within a system call of interest, with what was learnt on its way in.
    inside: HashMap<Pid, Option<Call>>,
    /// Whether files of a folder are left out, asked once for each.
    left_out: HashMap<PathBuf, bool>,
    /// Threads under trace. A new one is known from the event of its parent or from its own first stop, whichever comes first.
    known: HashSet<Pid>,
}

/// A system call on its way.
enum Call {
    /// Gives a descriptor.
    Open,
    /// Gives a file another name.
    Rename(PathBuf, PathBuf),
    /// Takes a name away.
    Remove(PathBuf),
    /// Makes a second name.
    Link(PathBuf),
    /// Cuts a file without opening it.
    Truncate(PathBuf),
}

impl Tracer {
    /// Follows all until the last has ended; gives how the first ended.
    fn until_end(&mut self, first: Pid) -> Result<Ending, RunError> {
        let mut ending = Ending::Code(0);
        loop {
            match wait(None) {
                Ok(WaitStatus::Exited(process, code)) => {
                    self.inside.remove(&process);
                    self.known.remove(&process);
                    if process == first {
                        ending = Ending::Code(code);
                        self.let_go();
                        return Ok(ending);
                    }
                }
                Ok(WaitStatus::Signaled(process, signal, _)) => {
                    self.inside.remove(&process);
                    self.known.remove(&process);
                    if process == first {
                        ending = Ending::Signal(signal as i32);
                        self.let_go();
                        return Ok(ending);
                    }
                }
                Ok(WaitStatus::PtraceSyscall(process)) => {
                    self.system_call(process);
                    resume(process, None)?;
                }
                Ok(WaitStatus::PtraceEvent(process, _, event)) => {
                    if event == libc::PTRACE_EVENT_EXEC {
                        // Other threads are gone, and the caller bears the first one's number: what comes next is the way
                        // out of execve, whoever went in.
                        self.inside.insert(process, None);
                        self.executed(process);
                    }
                    self.meet(process, event);
                    resume(process, None)?;
                }
                Ok(WaitStatus::Stopped(process, signal)) => {
                    self.known.insert(process);
                    resume(process, Some(signal))?;
                }
                Ok(_) => {}
                Err(Errno::ECHILD) => return Ok(ending),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Knows the process at this stop, and the one whose birth it tells of.
    fn meet(&mut self, process: Pid, event: i32) {
        self.known.insert(process);
        if is_birth(event)
            && let Ok(born) = ptrace::getevent(process)
            && let Ok(born) = i32::try_from(born)
        {
            self.known.insert(Pid::from_raw(born));
        }
    }

    /// The command has ended; what it left running in the background goes on without us.
    ///
    /// All are asked to stop before any is waited for, and each is let go at whatever stop it comes to first: another stop than
    /// the one that was asked for takes its place, and one that waits for its `vfork` child stops only after the child went on.
    fn let_go(&mut self) {
        let mut left = HashSet::new();
        loop {
            // Who ended before their birth was told is still among those known, and would be waited for in vain.
            self.known.retain(|thread| ptrace::interrupt(*thread) != Err(Errno::ESRCH));
            if self.known.is_empty() {
                break;
            }
            let (thread, signal) = match wait(None) {
                Ok(WaitStatus::PtraceEvent(thread, _, event)) => {
                    self.meet(thread, event);
                    (thread, None)
                }
                Ok(WaitStatus::PtraceSyscall(thread)) => (thread, None),
                Ok(WaitStatus::Stopped(thread, signal)) => (thread, Some(signal)),
                Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)) => {
                    self.known.remove(&thread);
                    continue;
                }
                Ok(_) => continue,
                Err(_) => break,
            };
            let process = process_of(thread).unwrap_or(thread);
            if ptrace::detach(thread, signal).is_ok() {
                left.insert(process);
            }
            self.known.remove(&thread);
        }
        if !left.is_empty() {
            let left = left.len();
            self.seen
                .gap(format!("{left} processes went on after the command had ended and were not followed"));
        }
    }

    fn system_call(&mut self, process: Pid) {
        let Ok((number, arguments, result)) = registers(process) else { return };
        if let Some(call) = self.inside.remove(&process) {
            let failed = result > u64::MAX.saturating_sub(MOST_ERROR);
            if let (Some(call), false) = (call, failed) {
                self.done(process, call, result);
            }
            return;
        }
        let call = entering(process, number, &arguments);
        self.inside.insert(process, call);
    }

    fn done(&mut self, process: Pid, call: Call, result: u64) {
        match call {
            Call::Open => self.opened(process, result),
            Call::Rename(from, to) => {
                self.note(&from, |access| access.removed = true);
                self.note(&to, |access| access.written = true);
            }
            Call::Remove(path) => self.note(&path, |access| access.removed = true),
            Call::Link(path) | Call::Truncate(path) => self.note(&path, |access| access.written = true),
        }
    }

    fn opened(&mut self, process: Pid, descriptor: u64) {
        let Ok(path) = fs::read_link(format!("/proc/{process}/fd/{descriptor}")) else { return };
        if !path.is_absolute() || !self.is_watched(&path) {
            return;
        }
        let flags = fs::read_to_string(format!("/proc/{process}/fdinfo/{descriptor}")).unwrap_or_default();
        let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")?.trim().parse::<Octal>().ok());
        let Some(Octal(flags)) = flags else { return };
        if flags & (libc::O_PATH | libc::O_DIRECTORY) != 0 || path.is_dir() {
            return;
        }
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
        self.seen.note(&path, |access| {
            access.written |= writes;
            access.read |= flags & libc::O_ACCMODE != libc::O_WRONLY;
        });
    }

    fn executed(&mut self, process: Pid) {
        if let Ok(path) = fs::read_link(format!("/proc/{process}/exe")) {
            self.seen.note(&path, |access| access.executed = true);
        }
    }

    fn note(&mut self, path: &Path, note: impl FnOnce(&mut super::Access)) {
        if self.is_watched(path) {
            self.seen.note(path, note);
        }
    }

    fn is_watched(&mut self, path: &Path) -> bool {
        let Some(root) = self.roots.iter().find(|root| path.starts_with(root)).cloned() else { return false };
        let mut folder = path.parent();
        while let Some(each) = folder.filter(|each| each.starts_with(&root)) {
            let out = *self.left_out.entry(each.to_owned()).or_insert_with(|| is_unwatched(each));
            if out {
                return false;
            }
            folder = each.parent();
        }
        true
    }
}

/// The process that a thread belongs to.
fn process_of(thread: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let number = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    number.trim().parse().ok().map(Pid::from_raw)
}

/// The flags of an open file as the kernel prints them.
struct Octal(i32);

impl std::str::FromStr for Octal {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        i32::from_str_radix(text, 8).map(Self)
    }
}

/// Number, arguments and result of the system call a process stands at.
#[cfg(target_arch = "x86_64")]
fn registers(process: Pid) -> Result<(i64, [u64; 6], u64), Errno> {
    let all = ptrace::getregs(process)?;
    Ok((all.orig_rax.cast_signed(), [all.rdi, all.rsi, all.rdx, all.r10, all.r8, all.r9], all.rax))
}

/// Number, arguments and result of the system call a process stands at. On the way out the first argument is the result.
#[cfg(target_arch = "aarch64")]
fn registers(process: Pid) -> Result<(i64, [u64; 6], u64), Errno> {
    let all = ptrace::getregset::<ptrace::regset::NT_PRSTATUS>(process)?;
    let [a, b, c, d, e, f, _, _, number, ..] = all.regs;
    Ok((number.cast_signed(), [a, b, c, d, e, f], a))
}

/// What a system call on its way in is about, when it is one of those followed.
fn entering(process: Pid, number: i64, arguments: &[u64; 6]) -> Option<Call> {
    let [first, second, third, fourth, ..] = *arguments;
    let here = i64::from(libc::AT_FDCWD).cast_unsigned();
    match number {
        libc::SYS_openat | libc::SYS_openat2 | libc::SYS_open_by_handle_at => Some(Call::Open),
        libc::SYS_renameat | libc::SYS_renameat2 => {
            Some(Call::Rename(path(process, first, second)?, path(process, third, fourth)?))
        }
        libc::SYS_unlinkat => Some(Call::Remove(path(process, first, second)?)),
        libc::SYS_linkat => Some(Call::Link(path(process, third, fourth)?)),
        libc::SYS_symlinkat => Some(Call::Link(path(process, second, third)?)),
        libc::SYS_truncate => Some(Call::Truncate(path(process, here, first)?)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open | libc::SYS_creat => Some(Call::Open),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => Some(Call::Rename(path(process, here, first)?, path(process, here, second)?)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink => Some(Call::Remove(path(process, here, first)?)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_link | libc::SYS_symlink => Some(Call::Link(path(process, here, second)?)),
        _ => None,
    }
}

/// The path at `address` in a process, seen from the folder behind `descriptor`.
fn path(process: Pid, descriptor: u64, address: u64) -> Option<PathBuf> {
    let mut bytes = vec![0; LONGEST_PATH];
    let memory = File::open(format!("/proc/{process}/mem")).ok()?;
    let mut read = 0usize;
    // The page behind the path may not be there: what could be read up to it is enough.
    while read < LONGEST_PATH {
        let start = address.checked_add(read as u64)?;
        let step = (4096 - usize::try_from(start % 4096).ok()?).min(LONGEST_PATH.saturating_sub(read));
        let block = bytes.get_mut(read..read.checked_add(step)?)?;
        let got = memory.read_at(block, start).unwrap_or(0);
        if got == 0 || block.iter().take(got).any(|byte| *byte == 0) {
            break;
        }
        read = read.checked_add(got)?;
    }
    let end = bytes.iter().position(|byte| *byte == 0)?;
    bytes.truncate(end);
    let named = PathBuf::from(std::ffi::OsString::from_vec(bytes));
    let folder = match (descriptor as u32).cast_signed() {
        libc::AT_FDCWD => fs::read_link(format!("/proc/{process}/cwd")).ok()?,
        descriptor => fs::read_link(format!("/proc/{process}/fd/{descriptor}")).ok()?,
    };
    let whole = crate::run::request::plain(&folder.join(named));
    // The name itself may be a link and is meant as such; the folder it lies in is not.
    let (parent, name) = (whole.parent()?, whole.file_name()?);
    Some(fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned()).join(name))
}
