//! `bench data`: ten checks and a profile over five million rows of twelve columns, beside the bare scan and other tools.

use super::measure::{Cost, median, succeeding};
use super::{environment, workplace};
use crate::process::{root, run as command, target};
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROWS: &str = "5000000";
const LIMIT: Duration = Duration::from_mins(10);
const RUNS: usize = 5;

/// Measures and prints the table.
///
/// # Errors
/// When the engine does not build, the file cannot be written or a command fails.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let build = ["build", "--release", "--locked", "--package", "bartizan-engine", "--bins", "--examples"];
    command("cargo", &build)?;
    let engine = target().join("release/bartizan-data");
    let orders = target().join("release/examples/orders");
    let file = workplace()?.join("orders-5M.parquet");
    let file = file.to_string_lossy().into_owned();
    if !Path::new(&file).exists() {
        succeeding(&orders, &["generate", &file, ROWS], LIMIT)?;
    }
    let suite = root().join("xtask/data/suite.toml").to_string_lossy().into_owned();
    println!("| what | wall s | processor s | peak RSS MB | times the bare scan |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    succeeding(&orders, &["scan", &file], LIMIT)?;
    let scan = median(&orders, &["scan", &file], LIMIT, RUNS)?;
    row("bare scan of all columns", scan, scan);
    let check = ["check", &file, "--against", &suite];
    succeeding(&engine, &check, LIMIT)?;
    row("bartizan data check, 10 checks", median(&engine, &check, LIMIT, RUNS)?, scan);
    let profile = ["profile", &file, "--format", "json"];
    row("bartizan data profile", median(&engine, &profile, LIMIT, RUNS)?, scan);
    if with_peers {
        let python = environment::install("data-peers", "xtask/data/requirements.txt")?.join("bin/python");
        peers(&python, &file, scan)?;
    }
    Ok(())
}

fn peers(python: &PathBuf, file: &str, scan: Cost) -> Result<(), String> {
    let script = root().join("xtask/data/peers.py").to_string_lossy().into_owned();
    for tool in ["pandera-polars", "great-expectations"] {
        let cost = succeeding(python, &[&script, tool, file], LIMIT)?;
        row(&format!("{tool}, the same checks"), cost, scan);
    }
    Ok(())
}

fn row(what: &str, cost: Cost, scan: Cost) {
    println!(
        "| {what} | {:.2} | {:.2} | {:.0} | {:.2} |",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.resident as f64 / 1e6,
        cost.wall.as_secs_f64() / scan.wall.as_secs_f64().max(1e-9)
    );
}
