//! Measures the scan of files: time, throughput, and the peak of memory over what the file itself takes.
//!
//! `cargo run --release -p bartizan-model --example scan_speed FILE…`, one file a process when the peak matters.
#![expect(clippy::print_stdout, reason = "an example that reports measurements")]

use bartizan_core::{Limits, MonotonicClock, Source};
use bartizan_model::{Input, scan};
use std::path::PathBuf;
use std::time::Instant;

fn main() {
    for path in std::env::args().skip(1).map(PathBuf::from) {
        let source = match Source::open(&path, u64::MAX) {
            Ok(source) => source,
            Err(error) => {
                println!("{error}");
                continue;
            }
        };
        let bytes = source.bytes();
        let name = path.to_string_lossy();
        let (before, start) = (processor_seconds(), Instant::now());
        let outcome = scan(&Input::new(&name, bytes), &Limits::default(), &MonotonicClock::start());
        let seconds = processor_seconds() - before;
        let wall = start.elapsed().as_secs_f64();
        println!(
            "{name}: {} {seconds:.3} s of this thread, {wall:.3} s in all, {:.0} MB/s, {} kB beyond the map, {} findings, {} gaps",
            outcome.format.unwrap_or("unknown"),
            bytes.len() as f64 / seconds / 1e6,
            anonymous_peak_kb(),
            outcome.findings.len(),
            outcome.gaps.len()
        );
    }
}

/// Processor time of the first thread so far in seconds, 0 where the system does not tell it.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Peak of the resident memory that no file backs, in kB, 0 where the system does not tell it.
fn anonymous_peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    // The peak counts mapped pages too; what is mapped now is taken off.
    field("VmHWM:").zip(field("RssFile:")).map_or(0, |(peak, mapped)| peak.saturating_sub(mapped))
}
