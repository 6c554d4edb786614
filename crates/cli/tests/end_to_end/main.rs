//! The built program from the outside: exit codes, formats, inputs, triage, settings, and that it makes no connection.
#![cfg(test)]

mod decompile;
mod exit_codes;
mod formats;
#[cfg(unix)]
mod inputs;
mod interop;
mod keys;
mod lineage;
mod log;
mod network;
#[cfg(unix)]
mod quickstart;
#[cfg(unix)]
mod runs;
mod scan_and_sign;
mod settings;
mod signing;
mod support;
mod triage;
