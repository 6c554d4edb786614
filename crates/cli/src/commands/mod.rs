//! One file for each command.

pub(crate) mod attest;
pub(crate) mod bom;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod db;
pub(crate) mod decompile;
pub(crate) mod describe;
pub(crate) mod gate;
pub(crate) mod guard;
pub(crate) mod key;
pub(crate) mod lineage;
#[cfg(unix)]
pub(crate) mod load_guard;
pub(crate) mod log;
pub(crate) mod mcp;
pub(crate) mod policy;
pub(crate) mod reproduce;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod scan;
mod scan_beside;
mod scan_fix;
mod scan_inspector;
mod scan_media;
mod scan_parts;
mod scan_resolve;
mod scan_statement;
pub(crate) mod server;
pub(crate) mod sign;
pub(crate) mod verify;
pub(crate) mod waive;
