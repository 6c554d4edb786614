//! `cargo xtask bench NAME`: measurements anyone can rerun, beside the peers in the same run.

mod admission;
mod corpus;
mod damage;
mod data;
mod detection;
mod environment;
mod folder;
mod gate;
mod generate;
mod guard;
mod lineage;
mod log;
mod measure;
mod mlcode;
mod oracle;
mod peers;
mod repository;
mod run;
mod sign;
mod soak;
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
    if name == "guard" {
        return guard::run(options);
    }
    if name == "soak" {
        return soak::run(options);
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
        "gate" => gate::run(with_peers),
        "admission" => admission::run(),
        "lineage" => lineage::run(),
        "mlcode" => mlcode::run(),
        "repository" => repository::run(with_peers),
        _ => Err(format!("no bench is called `{name}`; see `cargo xtask`")),
    }
}

/// The profile that is measured: the one that is published.
const PROFILE: &str = "dist";

/// Names a program that was built before, to be measured instead of building one.
const PROGRAM: &str = "BARTIZAN_PROGRAM";

/// Builds the program as it is published and gives its path.
fn release_program() -> Result<PathBuf, String> {
    release_program_with(&[])
}

/// The same, with features.
fn release_program_with(features: &[&str]) -> Result<PathBuf, String> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return Ok(PathBuf::from(program));
    }
    let mut arguments = vec!["build", "--profile", PROFILE, "--locked", "--package", "bartizan"];
    let features = features.join(",");
    if !features.is_empty() {
        arguments.extend(["--features", &features]);
    }
    command("cargo", &arguments)?;
    Ok(target().join(PROFILE).join("bartizan"))
}

/// Where benches keep what they generate; may be deleted at any time.
fn workplace() -> Result<PathBuf, String> {
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
