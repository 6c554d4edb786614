//! `bench damage`: every corpus file cut at 64 places and with 256 single bits flipped.
//!
//! Fails on a panic, on more than [`SECONDS`] of processor time or [`MEMORY`], and when a damaged malicious file is called clean although
//! its payload still runs. Whether it does is asked of foreign readers, see [`super::oracle`]; what none of them can
//! tell is counted as undecided and listed, not passed over.

use super::corpus;
use super::oracle::{self, Answer, Damage, Question};
use bartizan_core::{Limits, MonotonicClock, Severity};
use bartizan_model::{Input, Outcome, scan};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const CUTS: usize = 64;
const FLIPS: usize = 256;
const SECONDS: Duration = Duration::from_secs(1);
/// Peak resident memory of the whole bench process, all workers together, in bytes.
const MEMORY: u64 = 256 << 20;
/// Most lines of one list printed.
const LISTED: usize = 200;

/// What the damage to one file gave.
struct Tally {
    path: PathBuf,
    name: String,
    format: &'static str,
    /// Findings of high or above in the intact file.
    findings: Value,
    variants: usize,
    panics: Vec<Damage>,
    slow: Vec<(Damage, Duration)>,
    slowest: Duration,
    /// Variants of a dangerous file without a finding of high or above; `true` where they were called clean.
    quiet: Vec<(Damage, bool)>,
}

/// Runs and prints what was seen.
///
/// # Errors
/// When there is no corpus, the oracle cannot be asked, or a bound was broken.
pub(crate) fn run() -> Result<(), String> {
    let (folder, rows) = corpus::read()?;
    let before = peak_memory();
    let tallies: Vec<Tally> =
        rows.par_iter().filter_map(|row| damage(&folder.join(&row.path), &row.path)).collect();
    let memory = peak_memory();
    let dangerous = tallies.iter().filter(|tally| !is_empty(&tally.findings)).count();
    let variants: usize = tallies.iter().map(|tally| tally.variants).sum();
    let panics: usize = tallies.iter().map(|tally| tally.panics.len()).sum();
    let slow: usize = tallies.iter().map(|tally| tally.slow.len()).sum();
    let slowest = tallies.iter().map(|tally| tally.slowest).max().unwrap_or_default();
    println!(
        "| damaged variants | panics | over {} s of processor time | slowest s | peak memory MB |",
        SECONDS.as_secs()
    );
    println!("| ---: | ---: | ---: | ---: | ---: |");
    println!("| {variants} | {panics} | {slow} | {:.2} | {} |", slowest.as_secs_f64(), memory >> 20);
    println!("(peak memory before the first scan: {} MB)\n", before >> 20);
    for tally in &tallies {
        tally.panics.iter().for_each(|damage| println!("panic: {} {damage}", tally.name));
        for (damage, took) in &tally.slow {
            println!("slow: {} {damage}: {:.1} s", tally.name, took.as_secs_f64());
        }
    }
    let escaped = payloads(&tallies, dangerous)?;
    if panics == 0 && slow == 0 && escaped == 0 && memory <= MEMORY {
        Ok(())
    } else {
        Err("a bound was broken; see the lists above".to_owned())
    }
}

fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

/// Asks which of the quiet variants still run, prints the table and the list, and gives how many of them were called
/// clean all the same.
fn payloads(tallies: &[Tally], dangerous: usize) -> Result<usize, String> {
    let asked: Vec<(&Tally, Damage, bool)> = tallies
        .iter()
        .flat_map(|tally| tally.quiet.iter().map(move |&(damage, clean)| (tally, damage, clean)))
        .collect();
    let questions: Vec<Question<'_>> = asked
        .iter()
        .map(|(tally, damage, _)| Question {
            path: &tally.path,
            format: tally.format,
            damage: *damage,
            findings: &tally.findings,
        })
        .collect();
    let answers = oracle::ask(&questions)?;
    println!("Variants of the {dangerous} dangerous files that show no finding of high or above:\n");
    println!("| damage | said of it | payload still runs | inert | undecided |");
    println!("| --- | --- | ---: | ---: | ---: |");
    let mut escaped = 0;
    for is_cut in [true, false] {
        for was_clean in [true, false] {
            let row = || {
                asked.iter().zip(&answers).filter(move |((_, damage, clean), _)| {
                    matches!(damage, Damage::Cut(_)) == is_cut && *clean == was_clean
                })
            };
            let count = |wanted| row().filter(|(_, (answer, _))| *answer == wanted).count();
            if was_clean {
                escaped += count(Answer::Runs);
            }
            println!(
                "| {} | {} | {} | {} | {} |",
                if is_cut { "cut" } else { "bit flipped" },
                if was_clean { "clean" } else { "milder finding, or incomplete" },
                count(Answer::Runs),
                count(Answer::Inert),
                count(Answer::Undecided)
            );
        }
    }
    println!();
    let mut undecided: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut running: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for ((tally, damage, clean), (answer, why)) in asked.iter().zip(&answers) {
        let said = if *clean { "clean" } else { "milder" };
        match answer {
            Answer::Runs => {
                let rule = why.split(':').next().unwrap_or_default();
                *running.entry((tally.format, rule)).or_default() += 1;
                lines.push((!clean, format!("runs, {said}: {} {damage} ({why})", tally.name)));
            }
            Answer::Undecided => *undecided.entry((said, why)).or_default() += 1,
            Answer::Inert => {}
        }
    }
    lines.sort();
    if !running.is_empty() {
        println!("| format | what still runs | variants below high |\n| --- | --- | ---: |");
        for ((format, rule), count) in running {
            println!("| {format} | {rule} | {count} |");
        }
        println!();
    }
    let list: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let path = super::workplace()?.join("damage.txt");
    std::fs::write(&path, list).map_err(|error| format!("{}: {error}", path.display()))?;
    println!(
        "{} variants still run and show nothing of high or above; all in {}",
        lines.len(),
        path.display()
    );
    lines.iter().take(LISTED).for_each(|(_, line)| println!("{line}"));
    for ((said, why), count) in undecided {
        println!("undecided, {said}, {count} times: {why}");
    }
    Ok(escaped)
}

fn damage(path: &Path, name: &str) -> Option<Tally> {
    let intact = std::fs::read(path).ok()?;
    let whole = verdict(name, &intact);
    let mut tally = Tally {
        path: path.to_owned(),
        name: name.to_owned(),
        format: whole.as_ref().and_then(|outcome| outcome.format).unwrap_or("unknown"),
        findings: whole.map(|outcome| alarms(&outcome)).unwrap_or_default(),
        variants: 0,
        panics: Vec::new(),
        slow: Vec::new(),
        slowest: Duration::ZERO,
        quiet: Vec::new(),
    };
    for step in 0..CUTS {
        let length = intact.len() * step / CUTS;
        tally.one(Damage::Cut(length), intact.get(..length).unwrap_or(&intact));
    }
    let mut flipped = intact;
    for step in 0..FLIPS.min(flipped.len() * 8) {
        // Spread evenly over the file, visiting the eight bit positions in turn.
        let at = (flipped.len() - 1) * step / FLIPS.saturating_sub(1).max(1);
        let mask = 1u8 << (step % 8);
        flip(&mut flipped, at, mask);
        tally.one(Damage::Flip(at, mask), &flipped);
        flip(&mut flipped, at, mask);
    }
    Some(tally)
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

/// The findings of high or above, with what the oracle needs of them.
fn alarms(outcome: &Outcome) -> Value {
    let high = outcome.findings.iter().filter(|finding| finding.severity >= Severity::High);
    high.map(|finding| {
        json!({
            "rule": finding.rule.id,
            "member": finding.location.member,
            "offset": finding.location.offset,
            "message": finding.message,
            "evidence": finding.evidence,
        })
    })
    .collect()
}

impl Tally {
    /// Scans one variant.
    fn one(&mut self, damage: Damage, bytes: &[u8]) {
        self.variants += 1;
        let start = thread_time();
        let outcome = verdict(&self.name, bytes);
        let took = thread_time().saturating_sub(start);
        self.slowest = self.slowest.max(took);
        if took > SECONDS {
            self.slow.push((damage, took));
        }
        let Some(outcome) = outcome else {
            self.panics.push(damage);
            return;
        };
        if !is_empty(&self.findings) && !bytes.is_empty() && is_empty(&alarms(&outcome)) {
            let clean = outcome.findings.is_empty() && outcome.gaps.is_empty() && outcome.format.is_some();
            self.quiet.push((damage, clean));
        }
    }
}

/// What a scan says; `None` after a panic.
fn verdict(name: &str, bytes: &[u8]) -> Option<Outcome> {
    let file = Path::new(name).file_name()?.to_str()?;
    catch_unwind(|| scan(&Input::new(file, bytes), &Limits::default(), &MonotonicClock::start())).ok()
}

/// Processor time of this thread where the system tells (a scan stays on its thread, and other work on the machine must
/// not count), else the time that passed.
fn thread_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|field| field.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Peak resident memory of this process in bytes, 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes << 10)
}
