//! The built program from the outside: exit codes, formats, inputs, triage, settings, and that it makes no connection.
#![cfg(test)]

#[cfg(feature = "gateway")]
mod admission;
mod attest;
mod bad_evidence;
mod certificates;
mod data;
mod data_refused;
mod databases;
mod decompile;
mod exit_codes;
mod formats;
mod gate;
mod gate_hostile;
mod gate_shards;
#[cfg(feature = "gateway")]
mod gateway;
#[cfg(unix)]
mod guard;
mod inputs;
#[cfg(unix)]
mod integrations;
mod interop;
mod keys;
mod lineage;
#[cfg(unix)]
mod load_guard;
mod log;
mod masked;
mod mcp;
mod mend;
mod network;
#[cfg(unix)]
mod no_room;
#[cfg(feature = "cloud")]
mod object_store;
mod policy;
#[cfg(unix)]
mod quickstart;
#[cfg(feature = "gateway")]
mod registry;
#[cfg(all(feature = "gateway", unix))]
mod resolve;
#[cfg(unix)]
mod runs;
#[cfg(feature = "cloud")]
#[path = "../../../evidence/tests/log/s3_server.rs"]
mod s3_server;
mod scan_and_sign;
mod settings;
mod signing;
#[cfg(unix)]
mod story;
mod support;
mod timestamps;
mod triage;
mod verdicts;
mod watch;
#[cfg(feature = "witness")]
mod witness;
