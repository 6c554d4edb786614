//! Signals while something else goes on: [`Interruptions`] holds them back, hands them on to the command while it runs, and
//! ends our own work when one comes before or after.
//!
//! The command stays in our process group, as under `time` or `strace`: the terminal's own signals reach it directly and are
//! not sent twice, and what is sent to the whole group still ends both. A signal that another process sends to us alone is
//! handed on.

#[cfg(target_os = "linux")]
pub use linux::Interruptions;
#[cfg(target_os = "linux")]
pub(super) use linux::{let_through, unheld};
#[cfg(not(target_os = "linux"))]
pub use other::Interruptions;
#[cfg(not(target_os = "linux"))]
pub(super) use other::{let_through, unheld};

use std::io::{self, PipeReader};
use std::sync::atomic::AtomicBool;

/// Runs `work` on a thread of its own; the pipe's end closes when it is done.
fn beside<'scope, T: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<(std::thread::ScopedJoinHandle<'scope, T>, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    let handle = std::thread::Builder::new().spawn_scoped(scope, move || {
        let result = work();
        drop(writer);
        result
    })?;
    Ok((handle, reader))
}

/// What a thread gave; it only ever ends early by a defect.
fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, T>) -> io::Result<T> {
    handle.join().map_err(|_| io::Error::other("a thread ended early"))
}

/// Work that looks now and then whether it should stop.
pub(super) type Stop = AtomicBool;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Stop, beside, joined};
    use crate::run::RunError;
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::signal::{SigSet, Signal, kill};
    use nix::sys::signalfd::{SfdFlags, SignalFd};
    use nix::unistd::Pid;
    use std::io;
    use std::os::fd::{AsFd as _, BorrowedFd};
    use std::sync::atomic::{AtomicI32, Ordering};

    /// The signals that are handed on.
    const FORWARDED: [Signal; 7] = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGWINCH,
    ];
    /// `si_code` of a signal from the kernel, which for these means the terminal. Source: sigaction(2), `SI_KERNEL`.
    const FROM_KERNEL: i32 = 0x80;

    /// Signals held back from their default action as long as this lives.
    pub struct Interruptions {
        signals: SignalFd,
        mask: SigSet,
    }

    impl Interruptions {
        /// Holds signals back. To be called before any other thread is started: a thread that does not hold them back
        /// would take them.
        ///
        /// # Errors
        /// What the system said.
        pub fn hold() -> Result<Self, RunError> {
            let mask = FORWARDED.into_iter().collect::<SigSet>();
            let failed = |error: Errno| RunError::System { what: "hold signals back", error: error.into() };
            mask.thread_block().map_err(failed)?;
            let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
                .map_err(failed)?;
            Ok(Self { signals, mask })
        }

        /// Does `work` of our own; a signal that would end us stops it.
        pub(in crate::run) fn unless_interrupted<T: Send>(
            &self,
            stop: &Stop,
            work: impl FnOnce() -> T + Send,
        ) -> Result<T, RunError> {
            std::thread::scope(|scope| {
                let (handle, done) = beside(scope, work).map_err(RunError::system("start a thread"))?;
                let mut interrupted = None;
                self.until(
                    done.as_fd(),
                    None,
                    |signal, _| {
                        if signal != Signal::SIGWINCH as i32 {
                            interrupted = Some(signal);
                            stop.store(true, Ordering::Relaxed);
                        }
                    },
                    || {},
                )?;
                let result = joined(handle).map_err(RunError::system("finish a thread"))?;
                interrupted.map_or(Ok(result), |signal| Err(RunError::Interrupted(signal)))
            })
        }

        /// Waits for the command: `wait` blocks until it has ended, `pid` is its process while it lives (0 before and after).
        /// Signals are handed on; `observe` is called when `events` has something to read.
        pub(in crate::run) fn while_running<T: Send>(
            &self,
            pid: &AtomicI32,
            events: Option<BorrowedFd<'_>>,
            observe: impl FnMut(),
            wait: impl FnOnce() -> T + Send,
        ) -> Result<T, RunError> {
            std::thread::scope(|scope| {
                let (handle, done) = beside(scope, wait).map_err(RunError::system("start a thread"))?;
                self.until(
                    done.as_fd(),
                    events,
                    |signal, from| {
                        let process = pid.load(Ordering::SeqCst);
                        if from != FROM_KERNEL && process > 0 {
                            // Gone already: then there is nobody to tell.
                            let _ = kill(Pid::from_raw(process), Signal::try_from(signal).ok());
                        }
                    },
                    observe,
                )?;
                joined(handle).map_err(RunError::system("finish a thread"))
            })
        }

        /// Looks at signals and events until `done` closes.
        fn until(
            &self,
            done: BorrowedFd<'_>,
            events: Option<BorrowedFd<'_>>,
            mut on_signal: impl FnMut(i32, i32),
            mut on_event: impl FnMut(),
        ) -> Result<(), RunError> {
            let failed =
                |error: Errno| RunError::System { what: "wait for the command", error: error.into() };
            loop {
                let wanted = [Some(done), Some(self.signals.as_fd()), events];
                let mut polled: Vec<PollFd<'_>> =
                    wanted.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
                match poll(&mut polled, PollTimeout::NONE) {
                    Err(Errno::EINTR) => continue,
                    other => _ = other.map_err(failed)?,
                }
                let ready: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
                while let Some(signal) = self.signals.read_signal().map_err(failed)? {
                    on_signal(i32::try_from(signal.ssi_signo).unwrap_or_default(), signal.ssi_code);
                }
                if ready.get(2) == Some(&true) {
                    on_event();
                }
                if ready.first() == Some(&true) {
                    return Ok(());
                }
            }
        }
    }

    /// Lets through what the recorder held back when it started this process: what came meanwhile takes effect now.
    pub(in crate::run) fn let_through() -> io::Result<()> {
        Ok(FORWARDED.into_iter().collect::<SigSet>().thread_unblock()?)
    }

    /// Starts a child that shall not hold signals back itself: it inherits what its parent's thread holds back. For callers
    /// without a launcher, which would let the signals through once this process cannot be hit any more.
    ///
    /// A signal that comes within this instant ends us as it would have before the recording began.
    pub(in crate::run) fn unheld<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mask = FORWARDED.into_iter().collect::<SigSet>();
        mask.thread_unblock()?;
        let started = start();
        mask.thread_block()?;
        started
    }

    impl Drop for Interruptions {
        fn drop(&mut self) {
            // What is still pending was meant for the command, which has ended.
            while matches!(self.signals.read_signal(), Ok(Some(_))) {}
            let _ = self.mask.thread_unblock();
        }
    }

    /// The error of a child's system call as `io::Error`.
    impl From<Errno> for RunError {
        fn from(error: Errno) -> Self {
            Self::System { what: "watch the command", error: io::Error::from(error) }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{Stop, beside, joined};
    use crate::run::RunError;
    use std::sync::atomic::AtomicI32;

    /// Signals are not held back on this system: those of the terminal reach the command, which shares our process group.
    pub struct Interruptions;

    /// Nothing is held back here.
    pub(in crate::run) fn let_through() -> std::io::Result<()> {
        Ok(())
    }

    /// Starts a child.
    pub(in crate::run) fn unheld<T>(start: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
        start()
    }

    impl Interruptions {
        /// Nothing is held back here.
        ///
        /// # Errors
        /// None.
        pub fn hold() -> Result<Self, RunError> {
            Ok(Self)
        }

        pub(in crate::run) fn unless_interrupted<T: Send>(
            &self,
            _stop: &Stop,
            work: impl FnOnce() -> T + Send,
        ) -> Result<T, RunError> {
            std::thread::scope(|scope| {
                let (handle, _done) = beside(scope, work).map_err(RunError::system("start a thread"))?;
                joined(handle).map_err(RunError::system("finish a thread"))
            })
        }

        pub(in crate::run) fn while_running<T: Send>(
            &self,
            _pid: &AtomicI32,
            _observe: impl FnMut(),
            wait: impl FnOnce() -> T + Send,
        ) -> Result<T, RunError> {
            std::thread::scope(|scope| {
                let (handle, _done) = beside(scope, wait).map_err(RunError::system("start a thread"))?;
                joined(handle).map_err(RunError::system("finish a thread"))
            })
        }
    }
}
