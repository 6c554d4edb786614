//! The command itself: found, started with our own standard streams, observed, waited for.

use super::RunError;
use super::attend::{Interruptions, let_through, unheld};
use super::observe::Observation;
use super::orphans::Orphanage;
use super::request::{Method, RunRequest};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Ending {
    /// The exit code that a shell would give: 128 and the signal's number for a command that was killed.
    pub fn exit_code(self) -> u8 {
        let code = match self {
            Self::Code(code) => code,
            Self::Signal(signal) => signal.saturating_add(128),
        };
        u8::try_from(code & 0xff).unwrap_or(1)
    }

    /// Whether it says success.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        Self::Code(status.code().unwrap_or(1))
    }
}

/// The program file that `name` stands for: a path when it has a separator, else the first executable on `search`.
pub(super) fn resolve(name: &OsStr, directory: &Path, search: Option<&OsStr>) -> Option<PathBuf> {
    let executable = |path: &Path| {
        let Ok(metadata) = std::fs::metadata(path) else { return false };
        #[cfg(unix)]
        let allowed = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let allowed = true;
        metadata.is_file() && allowed
    };
    if Path::new(name).components().count() > 1 || Path::new(name).is_absolute() {
        let path = super::request::plain(&directory.join(name));
        return executable(&path).then_some(path);
    }
    std::env::split_paths(search?)
        .map(|folder| directory.join(folder).join(name))
        .find(|path| executable(path))
}

/// Runs the command to its end and gives how it ended and what was seen.
pub(super) fn run(
    request: &RunRequest<'_>,
    program: &Path,
    watched: &[PathBuf],
    signals: &Interruptions,
) -> Result<(Ending, Observation), RunError> {
    let orphans = Orphanage::open(request.takes_orphans);
    let (ending, mut observation) = observed(request, program, watched, signals)?;
    if orphans.holds_any() {
        observation
            .gap("processes of the command went on after it had ended and were not followed".to_owned());
    }
    Ok((ending, observation))
}

fn observed(
    request: &RunRequest<'_>,
    program: &Path,
    watched: &[PathBuf],
    signals: &Interruptions,
) -> Result<(Ending, Observation), RunError> {
    match &request.method {
        Method::Declared => waited(request, program, signals),
        #[cfg(target_os = "linux")]
        Method::Watch => watch(request, program, watched, signals),
        #[cfg(not(target_os = "linux"))]
        Method::Watch => waited(request, program, signals),
        #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
        Method::Trace { launcher } => trace(request, program, launcher, watched, signals),
        #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
        Method::Trace { .. } => Err(RunError::NoTrace),
    }
}

fn command(request: &RunRequest<'_>, program: &Path, before: &[OsString]) -> Result<Command, RunError> {
    let (name, rest) = request.command.split_first().ok_or(RunError::NoCommand)?;
    let mut command = if let Some((launcher, arguments)) = before.split_first() {
        let mut command = Command::new(launcher);
        command.args(arguments).arg(program).arg(name);
        command
    } else {
        let mut command = Command::new(program);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, name);
        command
    };
    if request.output_aside {
        command.stdout(std::io::stderr());
    }
    command.args(rest).current_dir(&request.directory).env_clear();
    command.envs(request.variables.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

/// Starts the command, through the launcher when there is one.
fn started(request: &RunRequest<'_>, program: &Path) -> Result<std::process::Child, RunError> {
    let mut command = command(request, program, &request.launcher)?;
    let child = if request.launcher.is_empty() { unheld(|| command.spawn()) } else { command.spawn() };
    child.map_err(start_error(program))
}

fn start_error(program: &Path) -> impl FnOnce(std::io::Error) -> RunError {
    let program = program.display().to_string();
    move |error| RunError::Start { program, error }
}

/// Waits without looking.
fn waited(
    request: &RunRequest<'_>,
    program: &Path,
    signals: &Interruptions,
) -> Result<(Ending, Observation), RunError> {
    let child = started(request, program)?;
    #[cfg(target_os = "linux")]
    let ending = wait_for(child, None, || {}, signals)?;
    #[cfg(not(target_os = "linux"))]
    let ending = {
        let mut child = child;
        signals
            .while_running(&AtomicI32::new(0), || {}, || child.wait())?
            .map_err(RunError::system("wait for the command"))?
            .into()
    };
    Ok((ending, Observation::none()))
}

/// Waits for a child; it is reaped only once nobody can signal it any more, so that its number is not another's by then.
#[cfg(target_os = "linux")]
fn wait_for(
    mut child: std::process::Child,
    events: Option<std::os::fd::BorrowedFd<'_>>,
    observe: impl FnMut(),
    signals: &Interruptions,
) -> Result<Ending, RunError> {
    use nix::errno::Errno;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let process = i32::try_from(child.id()).unwrap_or_default();
    signals.while_running(&AtomicI32::new(process), events, observe, || {
        let id = nix::unistd::Pid::from_raw(process);
        while waitid(Id::Pid(id), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
    })?;
    Ok(child.wait().map_err(RunError::system("wait for the command"))?.into())
}

/// Watches folders meanwhile.
#[cfg(target_os = "linux")]
fn watch(
    request: &RunRequest<'_>,
    program: &Path,
    watched: &[PathBuf],
    signals: &Interruptions,
) -> Result<(Ending, Observation), RunError> {
    use super::observe::inotify::FolderWatch;
    use std::os::fd::AsFd as _;
    let mut folders = match FolderWatch::new(watched) {
        Ok(folders) => folders,
        Err(error) => {
            let (ending, mut observation) = waited(request, program, signals)?;
            observation.gap(format!("no folder could be watched: {}", std::io::Error::from(error)));
            return Ok((ending, observation));
        }
    };
    let child = started(request, program)?;
    let descriptor = folders.descriptor().try_clone_to_owned().map_err(RunError::system("watch folders"))?;
    let ending = wait_for(child, Some(descriptor.as_fd()), || folders.drain(), signals)?;
    folders.drain();
    Ok((ending, folders.finish()))
}

/// Follows every system call meanwhile. Starting, following and waiting are one thread's: only it may ask about the traced.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn trace(
    request: &RunRequest<'_>,
    program: &Path,
    launcher: &[OsString],
    watched: &[PathBuf],
    signals: &Interruptions,
) -> Result<(Ending, Observation), RunError> {
    let mut command = command(request, program, launcher)?;
    let process = AtomicI32::new(0);
    let roots = watched.to_vec();
    signals.while_running(
        &process,
        None,
        || {},
        || {
            let child = command.spawn().map_err(start_error(program))?;
            let id = i32::try_from(child.id()).unwrap_or_default();
            process.store(id, Ordering::SeqCst);
            let traced = super::observe::trace::follow(id, roots);
            process.store(0, Ordering::SeqCst);
            traced
        },
    )?
}

/// Turns the calling process into the command: the other half of [`RunRequest::launcher`].
///
/// `arguments` are the program's file, its name, and its arguments. Returns only when the command cannot be executed.
///
/// # Errors
/// [`RunError::NoCommand`], [`RunError::Start`].
pub fn become_launched(arguments: &[OsString]) -> Result<std::convert::Infallible, RunError> {
    let [program, name, rest @ ..] = arguments else { return Err(RunError::NoCommand) };
    let_through().map_err(RunError::system("let signals through"))?;
    let mut command = Command::new(program);
    command.args(rest);
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(std::os::unix::process::CommandExt::arg0(
        &mut command,
        name,
    ));
    #[cfg(not(unix))]
    let error =
        std::io::Error::new(std::io::ErrorKind::Unsupported, format!("{name:?} needs no launcher here"));
    Err(RunError::Start { program: program.to_string_lossy().into_owned(), error })
}

/// Turns the calling process into the command, traced by its parent: the other half of [`Method::Trace`].
///
/// `arguments` are the program's file, its name, and its arguments. Returns only when the command cannot be executed.
///
/// # Errors
/// [`RunError::NoCommand`], [`RunError::NoTrace`], [`RunError::Start`].
pub fn become_traced(arguments: &[OsString]) -> Result<std::convert::Infallible, RunError> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::{prctl, signal};
        use std::os::unix::process::CommandExt as _;
        let [program, name, rest @ ..] = arguments else { return Err(RunError::NoCommand) };
        // Should the parent end before it has taken hold, nobody would ever wake this process.
        prctl::set_pdeathsig(signal::Signal::SIGKILL)?;
        signal::raise(signal::Signal::SIGSTOP)?;
        prctl::set_pdeathsig(None)?;
        let_through().map_err(RunError::system("let signals through"))?;
        let error = Command::new(program).arg0(name).args(rest).exec();
        Err(RunError::Start { program: program.to_string_lossy().into_owned(), error })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = arguments;
        Err(RunError::NoTrace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_command_gives_128_and_the_signal() {
        assert_eq!(Ending::Signal(15).exit_code(), 143);
        assert_eq!(Ending::Code(3).exit_code(), 3);
        assert!(Ending::Code(0).is_success() && !Ending::Signal(9).is_success());
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_found_as_paths_and_on_the_search_path() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plain"), "").unwrap();
        let here = folder.path();
        assert!(resolve(OsStr::new("sh"), here, Some(OsStr::new("/nowhere:/bin:/usr/bin"))).is_some());
        assert_eq!(resolve(OsStr::new("sh"), here, None), None);
        assert_eq!(resolve(OsStr::new("./plain"), here, None), None);
        assert_eq!(resolve(OsStr::new("/bin/sh"), here, None), Some(PathBuf::from("/bin/sh")));
    }
}
