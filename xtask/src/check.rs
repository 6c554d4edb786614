//! `cargo xtask test`: everything a change must pass, in the order of how fast it fails.

use crate::{docs, first_build, process::run, tools};
use std::time::Instant;

type Step = (&'static str, fn() -> Result<(), String>);

const STEPS: &[Step] = &[
    ("format", || run("cargo", &["fmt", "--all", "--check"])),
    ("spelling", || tools::TYPOS.ensure().and_then(|()| run(tools::TYPOS.program, &[]))),
    ("licences, sources, bans", || {
        tools::DENY.ensure()?;
        run("cargo", &["deny", "--log-level", "error", "check", "licenses", "sources", "bans"])
    }),
    ("first build stays small", first_build::stays_small),
    ("lints", || {
        run(
            "cargo",
            &["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"],
        )
    }),
    ("docs are fresh", || docs::generate(docs::Mode::Compare)),
    ("API documentation", || {
        run("cargo", &["doc", "--workspace", "--all-features", "--no-deps", "--locked", "--quiet"])
    }),
    ("tests", || {
        tools::ensure_for_tests()?;
        run("cargo", &["test", "--workspace", "--all-features", "--locked"])
    }),
];

/// Runs every step; the first failure ends the run.
///
/// # Errors
/// The name of the failed step and what failed in it.
pub(crate) fn everything() -> Result<(), String> {
    let corpus = std::env::var_os("BARTIZAN_CORPUS");
    match &corpus {
        Some(folder) => println!("corpus tests read {}", folder.display()),
        None => println!("corpus tests are skipped: BARTIZAN_CORPUS names no folder"),
    }
    let whole = Instant::now();
    for (name, step) in STEPS {
        println!("── {name}");
        let start = Instant::now();
        step().map_err(|error| format!("✗ {name}: {error}"))?;
        println!("   {name}: passed in {:.0} s", start.elapsed().as_secs_f64());
    }
    println!("all {} steps passed in {:.0} s", STEPS.len(), whole.elapsed().as_secs_f64());
    Ok(())
}
