//! Native code where none belongs: executables, libraries and scripts, whole or hidden inside other content.
