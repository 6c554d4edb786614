//! `bench guard`: what the gateway costs, beside LiteLLM's proxy in the same run.
//!
//! Upstreams are no models but processes that answer at once, on loopback: what is measured is the gateway. It serves with one thread,
//! which `taskset` binds to a processor of its own where there is one. Clients, upstream and gateway share the machine; figures of a
//! machine that does other work are too high.

use super::{environment, workplace};
use crate::process::{root, run as command, target};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Requests a second of the steady load.
const RATE: &str = "1000";
/// What LiteLLM can do is far less.
const RATE_OF_LITELLM: &str = "10";
/// Seconds of each load.
const SECONDS: &str = "10";
/// Streams opened at once; every one is two files of the gateway.
const STREAMS: u64 = 10_000;
/// Files that a process needs beside its streams.
const OTHER_FILES: u64 = 100;
/// Text that the checks are measured over, in bytes.
const TEXT: usize = 10 << 20;

/// Runs and prints what was measured.
///
/// # Errors
/// When something does not build or a process does not begin.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    if let Some(unknown) = options.iter().find(|option| !["--no-peers", "--release"].contains(option)) {
        return Err(format!(
            "unknown option {unknown}; there are --no-peers, and --release for a build that takes less time"
        ));
    }
    let with_peers = !options.contains(&"--no-peers");
    let programs = Programs::build(if options.contains(&"--release") { "release" } else { super::PROFILE })?;
    let mut rows: Vec<[String; 4]> = Vec::new();
    let mock = programs.role(&["mock"])?;
    let guard = programs.bound(&["guard", &mock.address])?;
    let relay = programs.bound(&["relay", &mock.address])?;
    println!("machine: {} processors, load {}", processors(), load());
    let direct = programs.measured(&["latency", &mock.address, SECONDS, RATE])?;
    let through = programs.measured(&["latency", &guard.address, SECONDS, RATE])?;
    let copied = programs.measured(&["latency", &relay.address, SECONDS, RATE])?;
    let again = programs.measured(&["latency", &mock.address, SECONDS, RATE])?;
    let awake = awake(&programs, [&mock, &guard, &relay])?;
    let per_s = programs.measured(&["throughput", &guard.address, SECONDS])?;
    let after = guard.memory();
    let litellm = if with_peers { litellm(&programs, &mock.address) } else { Err("left out".to_owned()) };
    // What there is without the gateway is the mean of before and after it.
    let beyond =
        |through: &Value, name: &str| of(through, name) - f64::midpoint(of(&direct, name), of(&again, name));
    let added = |name: &str| beyond(&through, name);
    let ratio = |theirs: Option<f64>, ours: f64| match theirs {
        Some(theirs) if ours > 0.0 => format!("{:.0}×", theirs / ours),
        _ => "-".to_owned(),
    };
    let peer = |name: &str| litellm.as_ref().ok().map(|all| of(all, name));
    rows.push(row(
        "added latency, 1 KB, 1,000 req/s, p50",
        &format!("{:.0} µs", added("p50")),
        "≤ 150 µs, ≥ 100×",
        &ratio(peer("p50"), added("p50")),
    ));
    rows.push(row("the same, p99", &format!("{:.0} µs", added("p99")), "≤ 1,000 µs", "-"));
    let [middle, late] = ["p50", "p99"].map(|name| beyond(&copied, name));
    rows.push(row(
        "a proxy that only copies bytes, p50 (p99)",
        &format!("{middle:.0} ({late:.0}) µs"),
        "what any proxy adds here",
        "-",
    ));
    rows.extend(awake);
    let requests = of(&per_s, "per_s");
    let times =
        peer("per_s").map_or_else(|| "-".to_owned(), |theirs| format!("{:.0}×", requests / theirs.max(0.1)));
    rows.push(row("requests a second, one thread", &format!("{requests:.0}"), "≥ 5,000, ≥ 100×", &times));
    rows.push(row(
        "memory after that",
        &format!("{} MiB", after >> 10),
        "-",
        &peer("memory").map_or_else(|| "-".to_owned(), |theirs| format!("{theirs:.0} MiB")),
    ));
    drop((mock, guard, relay));
    rows.extend(paced(&programs)?);
    rows.push(streams(&programs)?);
    rows.extend(checks(&programs)?);
    println!("\n| what | measured | bar | LiteLLM |\n| --- | ---: | ---: | ---: |");
    for [what, measured, bar, peer] in rows {
        println!("| {what} | {measured} | {bar} | {peer} |");
    }
    println!(
        "\ndirect: p50 {:.0} and {:.0} µs, p99 {:.0} and {:.0} µs",
        of(&direct, "p50"),
        of(&again, "p50"),
        of(&direct, "p99"),
        of(&again, "p99")
    );
    match &litellm {
        Ok(all) => println!(
            "LiteLLM: added p50 {:.0} µs, p99 {:.0} µs at {RATE_OF_LITELLM} req/s, {:.1} req/s at most, {:.0} MiB",
            of(all, "p50"),
            of(all, "p99"),
            of(all, "per_s"),
            of(all, "memory")
        ),
        Err(why) => println!("LiteLLM was not measured: {why}"),
    }
    println!("load at the end: {}", load());
    Ok(())
}

/// The steady load once more while a loop at idle priority keeps every processor from halting: what is added where no processor sleeps between two
/// requests. Left out, with a row that says so, where the loop cannot be started below everything else.
fn awake(programs: &Programs, [mock, guard, relay]: [&Process; 3]) -> Result<Vec<[String; 4]>, String> {
    let what = "processors kept from halting:";
    let loops = ["--idle", "0", &programs.gateway.to_string_lossy(), "awake"];
    let kept = match Programs::start(Path::new("chrt"), &loops) {
        Ok(kept) => kept,
        Err(error) => return Ok(vec![row(what, &format!("not measured: {error}"), "-", "-")]),
    };
    println!("  {what}");
    let measured = |of: &Process| programs.measured(&["latency", &of.address, SECONDS, RATE]);
    let (direct, through, copied) = (measured(mock)?, measured(guard)?, measured(relay)?);
    drop(kept);
    let line = |name: &str, with: &Value, bar: &str| {
        let [middle, late] = ["p50", "p99"].map(|name| of(with, name) - of(&direct, name));
        row(&format!("{what} {name}, p50 (p99)"), &format!("{middle:.0} ({late:.0}) µs"), bar, "-")
    };
    Ok(vec![
        line("added", &through, "≤ 150 (1,000) µs"),
        line("added by the proxy that copies", &copied, "-"),
    ])
}

fn row(what: &str, measured: &str, bar: &str, peer: &str) -> [String; 4] {
    [what, measured, bar, peer].map(str::to_owned)
}

fn of(value: &Value, name: &str) -> f64 {
    value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Time between two events of the paced upstream, in microseconds.
const PACE: f64 = 2_000.0;

/// The first event, and how far the times between events are from the upstream's pace, through the gateway and without it. A word that may
/// still become a finding waits for those behind it, so part of what is added is whole paces.
fn paced(programs: &Programs) -> Result<[[String; 4]; 2], String> {
    let paced = programs.role(&["paced"])?;
    let guard = programs.bound(&["guard", &paced.address])?;
    let added = |role: &str, count: &str| -> Result<[f64; 2], String> {
        let direct = programs.measured(&[role, &paced.address, count])?;
        let through = programs.measured(&[role, &guard.address, count])?;
        Ok(["p50", "p99"].map(|name| of(&through, name) - of(&direct, name)))
    };
    let ([first, _], [middle, late]) = (added("first", "200")?, added("gaps", "20")?);
    let waits = (first / PACE).round().max(0.0);
    Ok([
        row(
            "added time to the first event, p50",
            &format!("{waits:.0} events and {:.0} µs", first - waits * PACE),
            "≤ 500 µs",
            "-",
        ),
        row(
            "off the pace of events (one each 2,000 µs), p50 (p99)",
            &format!("{middle:.0} ({late:.0}) µs"),
            "-",
            "-",
        ),
    ])
}

/// Memory with many open streams, as many as this process may open.
fn streams(programs: &Programs) -> Result<[String; 4], String> {
    let hold = programs.role(&["hold"])?;
    let guard = programs.bound(&["guard", &hold.address])?;
    // The first answer comes when the checks are made.
    drop(Programs::start(&programs.gateway, &["streams", &guard.address, "1"])?);
    let before = guard.memory();
    let count = STREAMS.min(most_files().saturating_sub(OTHER_FILES) / 2);
    let client = Programs::start(&programs.gateway, &["streams", &guard.address, &count.to_string()])?;
    let memory = guard.memory();
    drop(client);
    Ok(row(
        &format!("memory with {count} open streams (before)"),
        &format!("{} ({}) MiB", memory >> 10, before >> 10),
        "≤ 150 MiB with 10,000",
        "-",
    ))
}

/// The checks by themselves; what the example prints is kept as it is, its figures are picked out.
fn checks(programs: &Programs) -> Result<Vec<[String; 4]>, String> {
    let text = text()?;
    let (_, printed) = crate::process::output(&programs.checks, &[&text.to_string_lossy()])?;
    println!("\n{printed}");
    let line =
        |begins: &str| printed.lines().find(|line| line.trim_start().starts_with(begins)).unwrap_or("-");
    let after = |line: &str, word: &str| line.split(word).nth(1).unwrap_or("-").trim().to_owned();
    let number = |text: &str| text.split(' ').next().unwrap_or("-").to_owned();
    let judge = after(line("judge of words:"), ":");
    let drawn = line("drawn:");
    let size = drawn.split(", ").find(|part| part.ends_with("bytes a word")).unwrap_or("-");
    let chance = line("0 runs of 12");
    Ok(vec![
        row("stages 1 and 2 alone", &judge, "≥ 20 MB/s, ≤ 40 µs", "-"),
        row("the encoder, one thread", &after(line("encoder:"), ":"), "≤ 6 ms for 128", "-"),
        row("judging a piece of a stream", &after(line("time of a piece:"), ":"), "p99 ≤ 50 µs", "-"),
        row("all checks of a request of 1 KB", &after(line("request of 1 KB"), ":"), "-", "-"),
        row("filter of protected texts, a word", &number(size), "≤ 1.5 bytes", "-"),
        row("looking up in it, 20 million words", &after(line("another draw:"), ":"), "≥ 50 MB/s", "-"),
        row(
            "runs of ten words by chance",
            printed.lines().find(|line| line.contains("runs of 10 words")).unwrap_or(chance).trim(),
            "stated",
            "-",
        ),
    ])
}

/// A file of prose to measure over: prompts of the corpus where it is at hand, else the book.
fn text() -> Result<PathBuf, String> {
    let path = workplace()?.join("guard-text.txt");
    let mut text = String::new();
    if let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") {
        let lines = fs::read_to_string(Path::new(&corpus).join("guard/train.jsonl")).unwrap_or_default();
        for line in lines.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            text.push_str(value.get("text").and_then(Value::as_str).unwrap_or_default());
            text.push_str("\n\n");
            if text.len() > TEXT {
                break;
            }
        }
    }
    if text.is_empty() {
        let mut pages = Vec::new();
        pages_below(&root().join("docs/src"), &mut pages);
        pages.sort();
        for page in pages {
            text.push_str(&fs::read_to_string(&page).unwrap_or_default());
        }
    }
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn pages_below(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            pages_below(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// LiteLLM's proxy before the same upstream: what it adds, how much goes through, its memory in MiB.
fn litellm(programs: &Programs, upstream: &str) -> Result<Value, String> {
    let folder = environment::install("litellm", "xtask/peers/litellm.txt")?;
    let configuration = workplace()?.join("litellm.yaml");
    let text = format!(
        "model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/m\n      api_base: http://{upstream}/v1\n      api_key: none\n"
    );
    fs::write(&configuration, text).map_err(|error| error.to_string())?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.to_string())?
        .port();
    let address = format!("127.0.0.1:{port}");
    let child = Command::new(folder.join("bin/litellm"))
        .args([
            "--config",
            &configuration.to_string_lossy(),
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ])
        .args(["--num_workers", "1"])
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        // It serves this machine only, and nothing but this bench.
        .env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start it: {error}"))?;
    let process = Process { child, address, input: None };
    let begun = Instant::now();
    while std::net::TcpStream::connect(&process.address).is_err() {
        if begun.elapsed() > Duration::from_mins(2) {
            return Err("it does not begin to listen".to_owned());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    // It answers a while after it listens.
    programs.measured(&["latency", &process.address, "2", RATE_OF_LITELLM])?;
    let direct = programs.measured(&["latency", upstream, SECONDS, RATE_OF_LITELLM])?;
    let through = programs.measured(&["latency", &process.address, SECONDS, RATE_OF_LITELLM])?;
    let most = programs.measured(&["throughput", &process.address, SECONDS])?;
    Ok(serde_json::json!({
        "p50": of(&through, "p50") - of(&direct, "p50"),
        "p99": of(&through, "p99") - of(&direct, "p99"),
        "per_s": of(&most, "per_s"),
        "memory": (process.memory() >> 10) as f64,
    }))
}

/// What is measured, and what measures.
struct Programs {
    gateway: PathBuf,
    checks: PathBuf,
}

impl Programs {
    fn build(profile: &str) -> Result<Self, String> {
        let mut arguments = vec!["build", "--profile", profile, "--locked", "--package", "bartizan-guard"];
        arguments.extend([
            "--features",
            "gateway",
            "--example",
            "measure_gateway",
            "--example",
            "measure_checks",
        ]);
        command("cargo", &arguments)?;
        let folder = target().join(profile).join("examples");
        Ok(Self { gateway: folder.join("measure_gateway"), checks: folder.join("measure_checks") })
    }

    /// A role that serves.
    fn role(&self, arguments: &[&str]) -> Result<Process, String> {
        Self::start(&self.gateway, arguments)
    }

    /// The gateway, or what stands in its place, on the last processor where there are several and `taskset` is there.
    fn bound(&self, arguments: &[&str]) -> Result<Process, String> {
        let program = self.gateway.to_string_lossy();
        let last = processors().saturating_sub(1).to_string();
        let bound = [&["--cpu-list", &last, &program], arguments].concat();
        Self::start(Path::new("taskset"), &bound).or_else(|_| self.role(arguments))
    }

    /// A process that prints a line when it is ready: where it is, or what it did.
    fn start(program: &Path, arguments: &[&str]) -> Result<Process, String> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut process = Process { child, address: String::new(), input };
        let output = output.ok_or_else(|| "a process without output".to_owned())?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        if line.is_empty() {
            return Err(format!("{} {arguments:?} ended", program.display()));
        }
        line.trim().clone_into(&mut process.address);
        Ok(process)
    }

    /// What a measuring role prints.
    fn measured(&self, arguments: &[&str]) -> Result<Value, String> {
        let (status, text) = crate::process::output(&self.gateway, arguments)?;
        let value: Option<Value> = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
        println!("  {} {}", arguments.join(" "), text.trim());
        value.ok_or_else(|| format!("`{}` ended with {status:?}", arguments.join(" ")))
    }
}

/// A process that is ended when dropped.
struct Process {
    child: Child,
    /// Its first line.
    address: String,
    input: Option<ChildStdin>,
}

impl Process {
    /// Resident memory, in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(b"\n");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// How many files a process may have open.
fn most_files() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|number| number.parse().ok()).unwrap_or(1_024)
}
