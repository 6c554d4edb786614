//! The project's own chores: `cargo xtask test | docs | bench NAME | train NAME`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool that talks to its terminal"
)]

mod bench;
mod check;
mod docs;
mod first_build;
mod process;
mod tools;
mod train;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test            format, lints, tests, docs freshness, spelling, licences: everything CI runs
cargo xtask tools           install what the tests need beside the toolchain, as `test` does
cargo xtask docs [--check]  regenerate (or only compare) the generated pages under docs/
cargo xtask bench NAME      measure, beside the peers where there are any, and print a table
    detection   recall and false positives on the labelled corpus      (needs BARTIZAN_CORPUS)
    throughput  big single files, a tiny file: time and memory
    folder      20,000 small files, one thread against all
    log         transparency log: durable appends, proofs, verification
    run         what `bartizan run` adds to a training
    damage      every corpus file cut and bit-flipped                  (needs BARTIZAN_CORPUS)
    data        ten checks and a profile over 5 M rows, beside the bare scan and other tools
    sign        signing and verifying models, beside model-signing
    gate        a decision over a megabyte of evidence, warm and cold
    admission   200 reviews a second over TLS: p50, p99
    lineage     walks over a million statements
    guard       the gateway: latency, throughput, streams, memory, its checks, beside LiteLLM's proxy
    soak        the gateway at load for ten minutes without receipts and ten with them: memory, open files
    repository  whole repositories, beside zizmor and bandit
    mlcode      labelled weaknesses of code and pipelines, by class   (needs BARTIZAN_CORPUS)
cargo xtask train injection train the judge of prompts and print how it does on unseen sources (needs BARTIZAN_CORPUS)
cargo xtask train encoder  tune its encoder, which takes about an hour            (needs BARTIZAN_CORPUS and Python)
  options: --no-peers  leave the peers out
           --minutes N (soak) another time for each run
           --rows N, --built FOLDER  (data) fewer or more rows; programs that are built already";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => check::everything(),
        ["tools"] => tools::ensure_for_tests(),
        ["docs"] => docs::generate(docs::Mode::Write),
        ["docs", "--check"] => docs::generate(docs::Mode::Compare),
        ["bench", name, options @ ..] => bench::run(name, options),
        ["train", name] => train::run(name),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
