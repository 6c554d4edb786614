//! The whole engine under the fuzzer: recognition, every format that claims the bytes, members, everywhere checks.
#![no_main]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_model::{Input, scan};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { expanded_bytes: 64 << 20, member_bytes: 16 << 20, time: Duration::from_secs(5), ..Limits::default() };
    let _ = scan(&Input::new("input.bin", data), &limits, &MonotonicClock::start());
});
