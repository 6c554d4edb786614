//! `bench data`: ten checks and a profile over five million rows of twelve columns, beside the bare scan and other tools; then what
//! is found in the labelled corpus, beside other tools again.

use super::measure::{Cost, median, once, succeeding};
use super::{environment, release_program, workplace};
use crate::process::{root, run as command, target};
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROWS: u64 = 5_000_000;
const LIMIT: Duration = Duration::from_mins(10);
const RUNS: usize = 5;

/// The tools beside which it is measured, each in an environment of its own, and what each does.
const PEERS: [(&str, &str); 6] = [
    ("pandera", "the same checks"),
    ("great-expectations", "the same checks"),
    ("soda", "the same checks, on DuckDB"),
    ("whylogs", "profile"),
    ("tfdv", "profile, schema and validation"),
    ("evidently", "profile"),
];

/// What is asked of the bench.
struct Options {
    with_peers: bool,
    rows: u64,
    /// Only what is found, not how fast.
    only_found: bool,
    /// A folder with `bartizan-data` and `examples/orders`, in place of a build.
    built: Option<PathBuf>,
}

impl Options {
    fn read(words: &[&str]) -> Result<Self, String> {
        let mut options = Self { with_peers: true, rows: ROWS, only_found: false, built: None };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match (*word, rest.as_slice().first()) {
                ("--no-peers", _) => options.with_peers = false,
                ("--found", _) => options.only_found = true,
                ("--rows", Some(rows)) => {
                    options.rows = rows.parse().map_err(|error| format!("--rows {rows}: {error}"))?;
                    rest.next();
                }
                ("--built", Some(folder)) => {
                    options.built = Some(PathBuf::from(folder));
                    rest.next();
                }
                _ => {
                    return Err(format!(
                        "unknown option {word:?}; there are --no-peers, --found, --rows NUMBER and --built FOLDER"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Measures and prints the table.
///
/// # Errors
/// An unknown option; when the engine does not build, the file cannot be written or a command of ours fails. A tool that
/// cannot be installed or does not run is a line of the table, with the reason.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let options = Options::read(words)?;
    if !options.only_found {
        speed(&options)?;
        println!();
    }
    found(options.with_peers)
}

/// What the verbs find in the labelled corpus; `xtask/data/found.py` counts it.
fn found(with_peers: bool) -> Result<(), String> {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else {
        println!("what is found in the labelled corpus: skipped, BARTIZAN_CORPUS names no folder");
        return Ok(());
    };
    let program = release_program()?;
    let python = environment::install("data-found", "xtask/data/peers/found.txt")?.join("bin/python");
    let script = root().join("xtask/data/found.py");
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let (script, program, corpus) = (shown(&script), shown(&program), shown(Path::new(&corpus)));
    let peers = if with_peers { "--peers" } else { "--no-peers" };
    command(shown(&python), &[&script, &program, &corpus, peers])
}

fn speed(options: &Options) -> Result<(), String> {
    let built = if let Some(folder) = &options.built {
        folder.clone()
    } else {
        let build =
            ["build", "--release", "--locked", "--package", "bartizan-engine", "--bins", "--examples"];
        command("cargo", &build)?;
        target().join("release")
    };
    let engine = built.join("bartizan-data");
    let orders = built.join("examples/orders");
    let file = workplace()?.join(format!("orders-{}.parquet", options.rows));
    let file = file.to_string_lossy().into_owned();
    if !Path::new(&file).exists() {
        succeeding(&orders, &["generate", &file, &options.rows.to_string()], LIMIT)?;
    }
    let suite = root().join("xtask/data/suite.toml").to_string_lossy().into_owned();
    println!("{} rows of 12 columns\n", options.rows);
    println!("| what | wall s | processor s | peak RSS MB | rows a second | times the bare scan |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let table = Table { rows: options.rows, scan: scan(&orders, &file)? };
    table.row("bare scan of all columns", table.scan);
    let check = ["check", &file, "--against", &suite];
    succeeding(&engine, &check, LIMIT)?;
    table.row("bartizan data check, 10 checks", median(&engine, &check, LIMIT, RUNS)?);
    let profile = ["profile", &file, "--format", "json"];
    succeeding(&engine, &profile, LIMIT)?;
    table.row("bartizan data profile", median(&engine, &profile, LIMIT, RUNS)?);
    if options.with_peers {
        for (tool, does) in PEERS {
            match peer(tool, &file) {
                Ok(cost) => table.row(&format!("{tool}, {does}"), cost),
                Err(reason) => println!("| {tool}, {does} | not run: {} | | | | |", reason.replace('|', "/")),
            }
        }
    }
    Ok(())
}

fn scan(orders: &Path, file: &str) -> Result<Cost, String> {
    succeeding(orders, &["scan", file], LIMIT)?;
    median(orders, &["scan", file], LIMIT, RUNS)
}

/// What a tool costs, or why it did not run.
fn peer(tool: &str, file: &str) -> Result<Cost, String> {
    let pins = format!("xtask/data/peers/{tool}.txt");
    let python = environment::install(&format!("data-peer-{tool}"), &pins)?.join("bin/python");
    let script = root().join("xtask/data/peers/peers.py").to_string_lossy().into_owned();
    let cost = once(&python, &[&script, tool, file], LIMIT)?;
    match (cost.killed, cost.code) {
        (true, _) => Err(format!("ended after {} s", LIMIT.as_secs())),
        (_, Some(0)) => Ok(cost),
        _ => Err(last_words(&python, &[&script, tool, file])),
    }
}

/// The last line that a failing command writes.
fn last_words(program: &Path, arguments: &[&str]) -> String {
    let Ok(output) = std::process::Command::new(program).args(arguments).output() else {
        return "cannot be started".to_owned();
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("failed without a word").to_owned()
}

/// What every line of the table is set against.
struct Table {
    rows: u64,
    scan: Cost,
}

impl Table {
    fn row(&self, what: &str, cost: Cost) {
        println!(
            "| {what} | {:.2} | {:.2} | {:.0} | {:.0} | {:.2} |",
            cost.wall.as_secs_f64(),
            cost.cpu.as_secs_f64(),
            cost.resident as f64 / 1e6,
            self.rows as f64 / cost.wall.as_secs_f64().max(1e-9),
            cost.wall.as_secs_f64() / self.scan.wall.as_secs_f64().max(1e-9)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_named() {
        let options = Options::read(&["--rows", "20000", "--no-peers"]).unwrap();
        assert_eq!((options.rows, options.with_peers, options.built), (20_000, false, None));
        assert!(Options::read(&["--rows"]).is_err_and(|error| error.contains("--rows")));
        assert!(Options::read(&["--rows", "many"]).is_err());
    }
}
