//! Processes that outlive the command: whoever detaches from it goes on unseen, and the record says so.
//!
//! While a command runs, this process takes in orphans (`PR_SET_CHILD_SUBREAPER`, prctl(2)), so that whatever the command
//! left running is a child of ours when it has ended, whatever session or group it moved to.

/// Orphans come to this process as long as this lives.
#[derive(Debug)]
pub(super) struct Orphanage {
    is_open: bool,
}

impl Orphanage {
    /// Takes orphans in from now on, if it is `wanted`: other children of this process would be taken for them.
    pub(super) fn open(wanted: bool) -> Self {
        #[cfg(target_os = "linux")]
        let is_open = wanted && nix::sys::prctl::set_child_subreaper(true).is_ok();
        #[cfg(not(target_os = "linux"))]
        let is_open = false && wanted;
        Self { is_open }
    }

    /// Whether processes of the command go on now that it has ended and been waited for. Those that ended are waited for.
    pub(super) fn holds_any(&self) -> bool {
        self.is_open && children_go_on()
    }
}

impl Drop for Orphanage {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if self.is_open {
            let _ = nix::sys::prctl::set_child_subreaper(false);
        }
    }
}

#[cfg(target_os = "linux")]
fn children_go_on() -> bool {
    use nix::errno::Errno;
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn children_go_on() -> bool {
    false
}
