//! One parser under the fuzzer: the program's own name is the format's id, see `fuzz/Cargo.toml`.
#![no_main]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_model::{Input, decompile, registry, scan_as};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let id = env!("CARGO_BIN_NAME");
    let format = registry::FORMATS.iter().find(|format| format.id() == id);
    let format = *format.unwrap_or_else(|| panic!("no format is called {id}"));
    let limits = Limits { expanded_bytes: 64 << 20, member_bytes: 16 << 20, time: Duration::from_secs(5), ..Limits::default() };
    let extension = format.extensions().first().copied().unwrap_or("bin");
    let name = format!("input.{extension}");
    let input = Input::new(&name, data);
    let _ = scan_as(format, &input, &limits, &MonotonicClock::start());
    if id == "pickle" {
        let _ = decompile(&input, &limits, &MonotonicClock::start());
    }
});
