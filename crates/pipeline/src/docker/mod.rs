//! Dockerfiles, Compose files and development containers.

mod compose;
mod devcontainer;
mod file;
mod instructions;
mod rights;

pub(crate) use compose::{ComposeFile, on_a_host_port};
pub(crate) use devcontainer::DevContainer;
pub(crate) use file::Dockerfile;
pub(crate) use rights::{rights, started_with};
