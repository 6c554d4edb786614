//! One reader of pipelines under the fuzzer: the program's own name is the reader's id, see `fuzz/Cargo.toml`.
#![no_main]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::{Text, examine_as, registry};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let id = env!("CARGO_BIN_NAME");
    let reader = registry::READERS.iter().find(|reader| reader.id() == id);
    let reader = *reader.unwrap_or_else(|| panic!("no reader is called {id}"));
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let content = String::from_utf8_lossy(data);
    let text = Text::new("input", &content);
    let _ = examine_as(reader, &text, &limits, &MonotonicClock::start());
});
