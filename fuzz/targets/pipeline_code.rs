//! One reader of `bartizan-pipeline` under the fuzzer: the program's own name is `pipeline-` and the reader's id.
#![no_main]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::{Fix, Text, apply, examine};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// Names under which the readers know their files.
const NAMES: &[(&str, &str)] = &[
    ("pipeline-python", "input.py"),
    ("pipeline-notebook", "input.ipynb"),
    ("pipeline-javascript", "input.tsx"),
];

fuzz_target!(|data: &[u8]| {
    let target = env!("CARGO_BIN_NAME");
    let name = NAMES.iter().find(|(known, _)| *known == target).map(|(_, name)| *name);
    let name = name.unwrap_or_else(|| panic!("no reader is fuzzed as {target}"));
    let content = String::from_utf8_lossy(data);
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let outcome = examine(&Text::new(name, &content), &limits, &MonotonicClock::start());
    for finding in &outcome.findings {
        assert!(finding.location.line.is_some());
    }
    let fixes: Vec<&Fix> = outcome.fixes.iter().map(|proposal| &proposal.fix).collect();
    let (mended, _) = apply(&content, &fixes);
    let again = examine(&Text::new(name, &mended), &limits, &MonotonicClock::start());
    assert!(again.gaps.len() <= outcome.gaps.len() || !outcome.gaps.is_empty());
});
