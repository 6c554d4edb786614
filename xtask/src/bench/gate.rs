//! `bench gate`: a decision over a megabyte of evidence, in a process that is warm and in one that begins.
//!
//! The evidence is two hundred signed and logged test results of five kilobytes about one model, beside its scan and signature, made by
//! the program itself. Warm is the policy over a document that is ready, as a server decides again and again; cold is the command from
//! start to end: reading and digesting the model, reading the log, checking every signature and proof, deciding.

use super::measure::{quickest, succeeding};
use super::{release_program, workplace};
use bartizan_policy::decide::conclude;
use bartizan_policy::evaluate::Evaluator;
use bartizan_policy::guard::Bounds;
use bartizan_policy::input::GateInput;
use bartizan_policy::shipped;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(1);
/// Statements beside the scan.
const STATEMENTS: usize = 200;
/// Tests named in each; some 40 bytes a test.
const TESTS: usize = 120;
/// Decisions measured in one process, and commands.
const DECISIONS: usize = 200;
const COMMANDS: usize = 20;
/// What a warm decision and a command may take, in milliseconds.
const BARS: [f64; 2] = [10.0, 40.0];

/// Runs and prints what was measured.
///
/// # Errors
/// When the project cannot be made, or the program does not build.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let program = release_program()?;
    let project = project(&program)?;
    let shown = project.join("input.json");
    let model = project.join("model").to_string_lossy().into_owned();
    let store = project.join(".bartizan").to_string_lossy().into_owned();
    let key = project.join("bartizan.pub").to_string_lossy().into_owned();
    let log = project.join(".bartizan/log.vkey").to_string_lossy().into_owned();
    let gate = ["gate", &model, "--store", &store, "--trust", &key, "--trust-log", &log];
    let input = shown.to_string_lossy().into_owned();
    succeeding(&program, &[&gate[..], &["--show-input", "--output", &input]].concat(), LIMIT)?;
    let text = fs::read_to_string(&shown).map_err(said)?;
    println!("input: {} bytes of JSON, {} statements\n", text.len(), STATEMENTS + 1);
    if cfg!(debug_assertions) {
        println!(
            "warm figures are those of a build for development; `cargo run --release -p xtask -- bench gate` gives the real ones\n"
        );
    }
    println!(
        "| policy | parse ms | warm: p50 ms | p99 ms | bar ms | cold: quickest ms | p50 ms | p99 ms | bar ms |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for name in shipped::NAMES {
        let policy = shipped::policy(name).ok_or("no such policy")?.map_err(said)?;
        let document: GateInput = serde_json::from_str(&text).map_err(said)?;
        let clock = Instant::now();
        let mut evaluator = Evaluator::new(&policy, None, Bounds::default()).map_err(said)?;
        let parsed = milliseconds(clock);
        let mut times = Vec::new();
        for _ in 0..DECISIONS {
            let clock = Instant::now();
            let outcome = evaluator.evaluate_input(&document).map_err(said)?;
            let decision = conclude(&policy, &document, outcome);
            times.push(milliseconds(clock));
            drop(decision);
        }
        let mut costs = Vec::new();
        for _ in 0..COMMANDS {
            let decided = [&gate[..], &["--policy", name, "--format", "json"]].concat();
            costs.push(super::measure::once(&program, &decided, LIMIT)?);
        }
        let walls: Vec<f64> = costs.iter().map(|cost| cost.wall.as_secs_f64() * 1_000.0).collect();
        println!(
            "| {name} | {parsed:.2} | {:.2} | {:.2} | {} | {:.1} | {:.1} | {:.1} | {} |",
            quantile(&times, 0.5),
            quantile(&times, 0.99),
            BARS[0],
            quickest(&costs).wall.as_secs_f64() * 1_000.0,
            quantile(&walls, 0.5),
            quantile(&walls, 0.99),
            BARS[1]
        );
    }
    if with_peers {
        // A program written in Go that no registry of packages holds: it is measured where somebody has put it.
        match Command::new("opa").arg("version").output() {
            Ok(_) => opa(&shown)?,
            Err(_) => println!(
                "\nOPA was not measured: there is no `opa` on the search path, and no package registry has it"
            ),
        }
    }
    Ok(())
}

/// OPA over the same document and the baseline, as a process from start to end.
fn opa(input: &Path) -> Result<(), String> {
    let root = crate::process::root();
    let (lib, baseline) = (root.join("policies/lib/evidence.rego"), root.join("policies/baseline/gate.rego"));
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let (lib, baseline, input) = (shown(&lib), shown(&baseline), shown(input));
    let arguments = ["eval", "--data", &lib, "--data", &baseline, "--input", &input, "data.bartizan.gate"];
    let mut walls = Vec::new();
    for _ in 0..COMMANDS {
        walls.push(succeeding(Path::new("opa"), &arguments, LIMIT)?.wall.as_secs_f64() * 1_000.0);
    }
    println!(
        "\nOPA, baseline, cold, the policy alone: p50 {:.1} ms, p99 {:.1} ms",
        quantile(&walls, 0.5),
        quantile(&walls, 0.99)
    );
    Ok(())
}

/// The value below which a share of all lies.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // The first value at or above which no more than the rest of the share lies.
    let rank = sorted.len() as f64 * share;
    let place = sorted.iter().enumerate().position(|(place, _)| (place + 1) as f64 >= rank);
    place.and_then(|place| sorted.get(place)).copied().unwrap_or_default()
}

/// The project with the evidence; made when it is not there.
pub(super) fn project(program: &Path) -> Result<PathBuf, String> {
    let project = workplace()?.join("gate");
    if !project.join("done").exists() {
        make(program, &project)?;
    }
    Ok(project)
}

/// A project with the evidence, made as a user makes it.
fn make(program: &Path, project: &Path) -> Result<(), String> {
    let _ = fs::remove_dir_all(project);
    fs::create_dir_all(project.join("model")).map_err(said)?;
    // A pickle of protocol 2 that holds a list.
    fs::write(project.join("model/list.pkl"), b"\x80\x02]q\x00(K\x01K\x02e.").map_err(said)?;
    let run = |arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(project)
            .env("BARTIZAN_BELIEVED", project.join("believed"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("{arguments:?}: {other:?}")),
        }
    };
    run(&["key", "generate"])?;
    run(&["scan", "model", "--attest"])?;
    run(&["sign", "model", "--key", "bartizan.key"])?;
    for number in 0..STATEMENTS {
        let tests: Vec<String> =
            (0..TESTS).map(|test| format!("evaluation/{number:04}/accuracy-on-slice-{test:04}")).collect();
        let predicate = serde_json::json!({
            "result": "PASSED", "configuration": [{"name": "evaluation"}], "passedTests": tests,
            "testedOn": "2026-01-01T00:00:00Z",
        });
        fs::write(project.join("predicate.json"), predicate.to_string()).map_err(said)?;
        let kind = bartizan_evidence::predicate::TEST_RESULT_V0_1;
        run(&["attest", "model", "--type", kind, "--predicate", "predicate.json"])?;
    }
    fs::write(project.join("done"), "").map_err(said)
}

fn milliseconds(clock: Instant) -> f64 {
    clock.elapsed().as_secs_f64() * 1_000.0
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
