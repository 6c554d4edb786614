//! Dockerfiles and Compose files.

mod compose;
mod file;
mod instructions;

pub(crate) use compose::ComposeFile;
pub(crate) use file::Dockerfile;
