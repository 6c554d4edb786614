//! `bench folder`: 20,000 small files, one worker against all of them.

use super::measure::median;
use super::{release_program, workplace};
use std::time::Duration;

const FILES: u32 = 20_000;
const LIMIT: Duration = Duration::from_mins(10);

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build or the folder cannot be written.
pub(crate) fn run() -> Result<(), String> {
    let program = release_program()?;
    let folder = workplace()?.join("folder");
    write(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let path = folder.to_string_lossy();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
    println!("| workers | wall s | files/s | peak memory beyond mapped files MB |");
    println!("| ---: | ---: | ---: | ---: |");
    for jobs in ["1", &cores] {
        let cost = median(
            &program,
            &["scan", "--format", "json", "--no-progress", "--jobs", jobs, &path],
            LIMIT,
            3,
        )?;
        let seconds = cost.wall.as_secs_f64();
        println!(
            "| {jobs} | {seconds:.2} | {:.0} | {:.0} |",
            f64::from(FILES) / seconds,
            cost.anonymous as f64 / 1e6
        );
    }
    Ok(())
}

/// Small pickles in 200 folders, each a dict of a few dozen numbers and words.
fn write(folder: &std::path::Path) -> std::io::Result<()> {
    if folder.join("199").exists() {
        return Ok(());
    }
    for group in 0..200 {
        let group = folder.join(group.to_string());
        std::fs::create_dir_all(&group)?;
        for file in 0..FILES / 200 {
            let mut pickle = b"\x80\x04}\x94(".to_vec();
            for item in 0..64u8 {
                pickle.extend([
                    0x8c,
                    3,
                    b'k',
                    b'a' + item % 26,
                    b'0' + item % 10,
                    0x94,
                    b'M',
                    item,
                    file as u8,
                ]);
            }
            pickle.extend(b"u.");
            std::fs::write(group.join(format!("{file}.pkl")), pickle)?;
        }
    }
    Ok(())
}
