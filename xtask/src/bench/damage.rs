//! `bench damage`: every corpus file cut at 64 places and with 256 single bits flipped.
//!
//! Asserts no panic, at most [`SECONDS`] and [`MEMORY`] each, and that a cut malicious file is never called clean.
//! A bit flip may honestly disarm a payload; flips after which a malicious file reads as clean are listed for a look.

use super::corpus;
use bartizan_core::{Limits, MonotonicClock};
use bartizan_model::{Input, scan};
use rayon::prelude::*;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

const CUTS: usize = 64;
const FLIPS: usize = 256;
const SECONDS: Duration = Duration::from_secs(1);
/// Peak resident memory of the whole bench process, all workers together, in bytes.
const MEMORY: u64 = 256 << 20;

struct Tally {
    variants: usize,
    panics: Vec<String>,
    slow: Vec<String>,
    silent_cuts: Vec<String>,
    silent_flips: Vec<String>,
    slowest: Duration,
}

/// Runs and prints what was seen.
///
/// # Errors
/// When there is no corpus or a bound was broken.
pub(crate) fn run() -> Result<(), String> {
    let (folder, rows) = corpus::read()?;
    let memory_before = peak_memory();
    let tallies: Vec<Tally> = rows
        .par_iter()
        .filter_map(|row| Some(damage(&row.path, &std::fs::read(folder.join(&row.path)).ok()?)))
        .collect();
    let all = |part: fn(&Tally) -> &Vec<String>| tallies.iter().flat_map(part).collect::<Vec<_>>();
    let (panics, slow) = (all(|tally| &tally.panics), all(|tally| &tally.slow));
    let (cuts, flips) = (all(|tally| &tally.silent_cuts), all(|tally| &tally.silent_flips));
    let variants: usize = tallies.iter().map(|tally| tally.variants).sum();
    let slowest = tallies.iter().map(|tally| tally.slowest).max().unwrap_or_default();
    let memory = peak_memory();
    println!(
        "| damaged variants | panics | over {} s | slowest s | peak memory MB | cut and called clean | flipped and called clean |",
        SECONDS.as_secs()
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    println!(
        "| {variants} | {} | {} | {:.2} | {} | {} | {} |",
        panics.len(),
        slow.len(),
        slowest.as_secs_f64(),
        memory >> 20,
        cuts.len(),
        flips.len()
    );
    println!("(peak memory before the first scan: {} MB)", memory_before >> 20);
    for (name, list) in
        [("panic", &panics), ("slow", &slow), ("cut, clean", &cuts), ("flipped, clean", &flips)]
    {
        list.iter().take(200).for_each(|line| println!("{name}: {line}"));
    }
    if panics.is_empty() && slow.is_empty() && cuts.is_empty() && memory <= MEMORY {
        Ok(())
    } else {
        Err("a bound was broken; see the lists above".to_owned())
    }
}

fn damage(name: &str, intact: &[u8]) -> Tally {
    let mut tally = Tally {
        variants: 0,
        panics: Vec::new(),
        slow: Vec::new(),
        silent_cuts: Vec::new(),
        silent_flips: Vec::new(),
        slowest: Duration::ZERO,
    };
    let was_dangerous = verdict(name, intact).is_some_and(|(dangerous, _)| dangerous);
    for step in 0..CUTS {
        let length = intact.len() * step / CUTS;
        let clean = tally.one(name, &format!("cut at {length}"), intact.get(..length).unwrap_or(intact));
        if clean && was_dangerous && length > 0 {
            tally.silent_cuts.push(format!("{name} cut at {length}"));
        }
    }
    let mut flipped = intact.to_vec();
    for step in 0..FLIPS.min(intact.len() * 8) {
        // Spread evenly over the file, visiting the eight bit positions in turn.
        let at = (intact.len() - 1) * step / FLIPS.saturating_sub(1).max(1);
        let mask = 1u8 << (step % 8);
        flip(&mut flipped, at, mask);
        let clean = tally.one(name, &format!("bit {mask:#04x} of byte {at} flipped"), &flipped);
        flip(&mut flipped, at, mask);
        if clean && was_dangerous {
            tally.silent_flips.push(format!("{name} byte {at} mask {mask:#04x}"));
        }
    }
    tally
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

impl Tally {
    /// Scans one variant; whether it was called clean.
    fn one(&mut self, name: &str, what: &str, bytes: &[u8]) -> bool {
        self.variants += 1;
        let start = Instant::now();
        let verdict = verdict(name, bytes);
        let took = start.elapsed();
        self.slowest = self.slowest.max(took);
        if took > SECONDS {
            self.slow.push(format!("{name} {what}: {:.1} s", took.as_secs_f64()));
        }
        if verdict.is_none() {
            self.panics.push(format!("{name} {what}"));
        }
        verdict.is_some_and(|(_, clean)| clean)
    }
}

/// Whether there was a finding of high or above, and whether there was nothing at all; `None` after a panic.
fn verdict(name: &str, bytes: &[u8]) -> Option<(bool, bool)> {
    let file = Path::new(name).file_name()?.to_str()?;
    let outcome =
        catch_unwind(|| scan(&Input::new(file, bytes), &Limits::default(), &MonotonicClock::start())).ok()?;
    let dangerous = outcome.findings.iter().any(|finding| finding.severity >= bartizan_core::Severity::High);
    Some((dangerous, outcome.findings.is_empty() && outcome.gaps.is_empty() && outcome.format.is_some()))
}

/// Peak resident memory of this process in bytes, 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes << 10)
}
