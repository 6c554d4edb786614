//! One command as a whole process: wall time, processor time and peak memory, read from the operating system.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Wall time.
    pub(crate) wall: Duration,
    /// Time on processors, its children's included, in user and system mode together; the kernel counts in 10 ms.
    pub(crate) cpu: Duration,
    /// Peak resident memory, mapped file pages included, in bytes.
    pub(crate) resident: u64,
    /// Peak resident memory that is not file pages, in bytes: what the run costs beyond the mapped file.
    pub(crate) anonymous: u64,
    /// Whether it was ended because it ran past the limit.
    pub(crate) killed: bool,
    /// Its exit status; none when a signal ended it.
    pub(crate) code: Option<i32>,
}

/// Runs `program` once with its output thrown away, and ends it after `limit`.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn once(program: &Path, arguments: &[&str], limit: Duration) -> Result<Cost, String> {
    let before = children_cpu();
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let status = format!("/proc/{}/status", child.id());
    let mut cost = Cost::default();
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let field = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
            };
            cost.resident = cost.resident.max(field("VmHWM:").unwrap_or(0));
            cost.anonymous = cost.anonymous.max(field("RssAnon:").unwrap_or(0));
        }
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => {
                cost.code = status.code();
                break;
            }
            None if start.elapsed() > limit => {
                cost.killed = true;
                child.kill().map_err(|error| error.to_string())?;
            }
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    }
    cost.wall = start.elapsed();
    cost.cpu = children_cpu().saturating_sub(before);
    Ok(cost)
}

/// As [`once`], for a command that has to succeed.
///
/// # Errors
/// As [`once`], and the command line when its exit status is not 0.
pub(crate) fn succeeding(program: &Path, arguments: &[&str], limit: Duration) -> Result<Cost, String> {
    let cost = once(program, arguments, limit)?;
    match cost.code {
        Some(0) => Ok(cost),
        code => Err(format!("`{} {}` ended with {code:?}", program.display(), arguments.join(" "))),
    }
}

/// Processor time of every child that has ended (proc(5), `cutime` and `cstime` in hundredths of a second).
fn children_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold spaces.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The quickest of some runs, by wall time: what the work costs when nothing else wants the machine.
pub(crate) fn quickest(costs: &[Cost]) -> Cost {
    costs.iter().min_by_key(|cost| cost.wall).copied().unwrap_or_default()
}

/// The median run of `count`, by wall time, with the highest memory of all; a run that was killed is not repeated.
///
/// # Errors
/// As [`once`].
pub(crate) fn median(
    program: &Path,
    arguments: &[&str],
    limit: Duration,
    count: usize,
) -> Result<Cost, String> {
    let mut runs = Vec::new();
    for _ in 0..count {
        let cost = once(program, arguments, limit)?;
        runs.push(cost);
        if cost.killed {
            break;
        }
    }
    runs.sort_by_key(|cost| cost.wall);
    let mut middle = runs.get(runs.len() / 2).copied().unwrap_or_default();
    middle.resident = runs.iter().map(|cost| cost.resident).max().unwrap_or(0);
    middle.anonymous = runs.iter().map(|cost| cost.anonymous).max().unwrap_or(0);
    Ok(middle)
}
