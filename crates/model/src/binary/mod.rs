//! Native code where none belongs: executables, libraries and scripts, whole or hidden inside other content.

pub mod embedded;
pub mod executable;
mod header;
mod library;
