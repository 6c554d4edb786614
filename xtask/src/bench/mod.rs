//! `cargo xtask bench NAME`: measurements anyone can rerun, beside the peers in the same run.

mod corpus;
mod damage;
mod data;
mod detection;
mod environment;
mod folder;
mod gate;
mod generate;
mod lineage;
mod log;
mod measure;
mod mlcode;
mod oracle;
mod peers;
mod run;
mod sign;
mod throughput;

use crate::process::{run as command, target};
use std::path::PathBuf;

/// Runs the bench called `name`.
///
/// # Errors
/// An unknown name or option, a missing corpus, or whatever kept the bench from measuring.
pub(crate) fn run(name: &str, options: &[&str]) -> Result<(), String> {
    if name == "log" {
        return log::run(options);
    }
    if name == "data" {
        return data::run(options);
    }
    let with_peers = match options {
        [] => true,
        ["--no-peers"] => false,
        _ => return Err(format!("unknown options {options:?}; the only one is --no-peers")),
    };
    match name {
        "detection" => detection::run(with_peers),
        "throughput" => throughput::run(with_peers),
        "folder" => folder::run(),
        "damage" => damage::run(),
        "sign" => sign::run(with_peers),
        "run" => run::run(),
        "gate" => gate::run(),
        "lineage" => lineage::run(),
        "mlcode" => mlcode::run(),
        _ => Err(format!("no bench is called `{name}`; see `cargo xtask`")),
    }
}

/// The profile that is measured: the one that is published.
const PROFILE: &str = "dist";

/// Builds the program as it is published and gives its path.
fn release_program() -> Result<PathBuf, String> {
    command("cargo", &["build", "--profile", PROFILE, "--locked", "--package", "bartizan"])?;
    Ok(target().join(PROFILE).join("bartizan"))
}

/// Where benches keep what they generate; may be deleted at any time.
fn workplace() -> Result<PathBuf, String> {
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
