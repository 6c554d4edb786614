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
use std::path::Path;
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
pub(crate) fn run() -> Result<(), String> {
    let program = release_program()?;
    let project = workplace()?.join("gate");
    if !project.join("done").exists() {
        make(&program, &project)?;
    }
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
    println!(
        "| policy | parse ms | decide, median ms | slowest ms | bar ms | command ms, quickest (median) | bar ms |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for name in shipped::NAMES {
        let policy = shipped::policy(name).ok_or("no such policy")?.map_err(said)?;
        let document: GateInput = serde_json::from_str(&text).map_err(said)?;
        let value = serde_json::to_value(&document).map_err(said)?;
        let clock = Instant::now();
        let mut evaluator = Evaluator::new(&policy, None, Bounds::default()).map_err(said)?;
        let parsed = milliseconds(clock);
        let mut times = Vec::new();
        for _ in 0..DECISIONS {
            let clock = Instant::now();
            let outcome = evaluator.evaluate(&value, document.now).map_err(said)?;
            let decision = conclude(&policy, &document, outcome);
            times.push(milliseconds(clock));
            drop(decision);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(DECISIONS / 2).copied().unwrap_or_default();
        let slowest = times.last().copied().unwrap_or_default();
        let mut costs = Vec::new();
        for _ in 0..COMMANDS {
            let decided = [&gate[..], &["--policy", name, "--format", "json"]].concat();
            costs.push(super::measure::once(&program, &decided, LIMIT)?);
        }
        let mut walls: Vec<f64> = costs.iter().map(|cost| cost.wall.as_secs_f64() * 1_000.0).collect();
        walls.sort_by(f64::total_cmp);
        println!(
            "| {name} | {parsed:.2} | {median:.2} | {slowest:.2} | {} | {:.1} ({:.1}) | {} |",
            BARS[0],
            quickest(&costs).wall.as_secs_f64() * 1_000.0,
            walls.get(COMMANDS / 2).copied().unwrap_or_default(),
            BARS[1]
        );
    }
    Ok(())
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
