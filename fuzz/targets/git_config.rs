//! The configuration of git that lies in a model, under the fuzzer.
#![no_main]

use bartizan_evidence::oms::command_in_git_config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = command_in_git_config(data);
});
