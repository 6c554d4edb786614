//! `bench run`: what recording adds to a training. The same training runs with and without `bartizan run`, in turns.

use super::measure::{Cost, quickest, succeeding};
use super::{environment, release_program, workplace};
use crate::process::root;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(10);
/// What recording may add, in per cent of the training's wall time.
const BAR: f64 = 2.0;
/// How runs are observed, with which flags, and how many turns are taken.
const WAYS: [(&str, &[&str], usize); 2] = [("folders", &[], 3), ("system calls", &["--trace"], 1)];

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build, or the training cannot be installed or run.
pub(crate) fn run() -> Result<(), String> {
    let program = release_program()?;
    let python = environment::install("training", "xtask/training/requirements.txt")?.join("bin/python");
    let folder = workplace()?.join("run");
    let failed = |error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    std::fs::write(folder.join("bartizan.toml"), "").map_err(failed)?;
    std::fs::copy(root().join("xtask/training/train.py"), folder.join("train.py")).map_err(failed)?;
    let key = folder.join("bartizan.key").to_string_lossy().into_owned();
    if !Path::new(&key).exists() {
        succeeding(&program, &["key", "generate", "--output", &key], LIMIT)?;
    }
    let python_name = python.to_string_lossy().into_owned();
    let training = |words: &[&str]| inside(&folder, &[&[python_name.as_str(), "train.py"], words].concat());
    training(&["prepare"])?;
    println!(
        "| observed by | bar | alone s | CPU s | recorded s | CPU s | added wall | added CPU | reached |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut alone = Vec::new();
    for (what, flags, turns) in WAYS {
        let mut recorded = Vec::new();
        for _ in 0..turns {
            alone.push(training(&[])?);
            let program = program.to_string_lossy();
            let mut command = vec![&*program, "run", "--project", ".", "--key", &key];
            command.extend(["--data", "data", "--code", "train.py", "--output", "out"]);
            command.extend(flags);
            command.extend(["--", &python_name, "train.py"]);
            recorded.push(inside(&folder, &command)?);
        }
        row(what, quickest(&alone), quickest(&recorded));
    }
    println!();
    println!(
        "A random forest grown over 40 shards (scikit-learn), read anew each round, a checkpoint after each of 12."
    );
    println!("Both take turns; the quickest of each counts.");
    Ok(())
}

/// Runs a command in the training's folder.
fn inside(folder: &Path, words: &[&str]) -> Result<Cost, String> {
    let folder = folder.to_string_lossy();
    let arguments = [&["--chdir", &*folder], words].concat();
    succeeding(Path::new("/usr/bin/env"), &arguments, LIMIT)
}

fn row(what: &str, alone: Cost, recorded: Cost) {
    let added =
        |one: Duration, two: Duration| (two.as_secs_f64() / one.as_secs_f64().max(1e-9) - 1.0) * 100.0;
    let wall = added(alone.wall, recorded.wall);
    println!(
        "| {what} | < {BAR} % | {:.2} | {:.2} | {:.2} | {:.2} | {wall:+.1} % | {:+.1} % | {} |",
        alone.wall.as_secs_f64(),
        alone.cpu.as_secs_f64(),
        recorded.wall.as_secs_f64(),
        recorded.cpu.as_secs_f64(),
        added(alone.cpu, recorded.cpu),
        if wall < BAR { "yes" } else { "no" }
    );
}
