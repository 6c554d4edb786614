//! `bench repository`: scans of whole repositories, beside zizmor on the workflows of its own tests and bandit on a tree of Python.
//!
//! The workflows are those of `supply/zizmor_corpus` of the corpus. The Python is what three packages hold, unpacked and never
//! run: some 50 MB of source and more. Every scanner reads the same folder, offline, with its report as JSON thrown away.

use super::measure::{Cost, median, once};
use super::{environment, release_program, workplace};
use crate::process::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A scan that takes longer is ended, and said to.
const LIMIT: Duration = Duration::from_hours(1);
/// Runs of a scanner over a small folder, and of ours over a large one; the median counts.
const RUNS: usize = 5;
/// How many times faster than zizmor and bandit a scan is meant to be.
const BARS: [f64; 2] = [10.0, 20.0];
/// What a scan may hold beyond mapped files, in megabytes.
const MEMORY_MB: f64 = 200.0;

/// Measures and prints the tables.
///
/// # Errors
/// When a program cannot be built, installed or started.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let program = release_program()?;
    let peers = if with_peers {
        Some(environment::install("repository-peers", "xtask/peers/repository.txt")?)
    } else {
        None
    };
    let peer = |name: &str| peers.as_ref().map(|folder| folder.join("bin").join(name));
    println!(
        "| what | files | MB | Bartizan s | MB/s | memory MB (aim {MEMORY_MB}) | peer | peer s | times faster | aim |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |");
    match std::env::var_os("BARTIZAN_CORPUS") {
        None => println!("| workflows | skipped: BARTIZAN_CORPUS names no folder | | | | | | | | |"),
        Some(corpus) => {
            let folder = PathBuf::from(corpus).join("supply/zizmor_corpus/crates");
            let ours = ours(&program, &folder)?;
            let theirs = peer("zizmor").map(|zizmor| {
                let shown = folder.to_string_lossy().into_owned();
                median(&zizmor, &["--offline", "--no-progress", "--format", "json", &shown], LIMIT, RUNS)
            });
            row("workflows", &folder, ours, "zizmor", theirs.transpose()?, BARS[0])?;
        }
    }
    let folder = tree()?;
    let ours = ours(&program, &folder)?;
    let theirs = peer("bandit").map(|bandit| {
        let shown = folder.to_string_lossy().into_owned();
        once(&bandit, &["--quiet", "--recursive", "--format", "json", &shown], LIMIT)
    });
    row("Python packages", &folder, ours, "bandit", theirs.transpose()?, BARS[1])
}

fn ours(program: &Path, folder: &Path) -> Result<Cost, String> {
    let shown = folder.to_string_lossy();
    median(program, &["scan", &shown, "--no-config", "--format", "json", "--no-progress"], LIMIT, RUNS)
}

fn row(
    what: &str,
    folder: &Path,
    ours: Cost,
    peer: &str,
    theirs: Option<Cost>,
    bar: f64,
) -> Result<(), String> {
    if !matches!(ours.code, Some(0 | 1)) {
        return Err(format!("the scan of {} ended with {:?}", folder.display(), ours.code));
    }
    let (files, bytes) = size(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (megabytes, seconds) = (bytes as f64 / 1e6, ours.wall.as_secs_f64());
    let (theirs, ratio) = theirs.map_or(("not run".to_owned(), String::new()), |cost| {
        let wall = cost.wall.as_secs_f64();
        let mark = if cost.killed { "ended at " } else { "" };
        (format!("{mark}{wall:.2}"), format!("{:.0}", wall / seconds))
    });
    println!(
        "| {what} | {files} | {megabytes:.1} | {seconds:.2} | {:.0} | {:.0} | {peer} | {theirs} | {ratio} | {bar} |",
        megabytes / seconds,
        ours.anonymous as f64 / 1e6
    );
    Ok(())
}

/// Files below a folder, and their bytes.
fn size(folder: &Path) -> std::io::Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let (more, long) = size(&entry.path())?;
            files += more;
            bytes += long;
        } else {
            files += 1;
            bytes += metadata.len();
        }
    }
    Ok((files, bytes))
}

/// Source of Python, unpacked from packages and cut down to it.
fn tree() -> Result<PathBuf, String> {
    let folder = workplace()?.join("tree");
    let pins = root().join("xtask/peers/tree.txt");
    let wanted = fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let stamp = workplace()?.join("tree.txt");
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|held| held == wanted) {
        return Ok(folder);
    }
    println!("  unpacking packages into {}; this happens once\n", folder.display());
    let _ = fs::remove_dir_all(&folder);
    let done = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"])
        .args(["--only-binary", ":all:", "--target"])
        .args([&folder, Path::new("--requirement"), &pins])
        .output()
        .map_err(|error| format!("cannot start python3: {error}"))?;
    if !done.status.success() {
        return Err(format!(
            "pip cannot unpack {}: {}",
            pins.display(),
            String::from_utf8_lossy(&done.stderr)
        ));
    }
    keep_python(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(folder)
}

fn keep_python(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            keep_python(&entry.path())?;
        } else if entry.path().extension().is_none_or(|extension| extension != "py") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
