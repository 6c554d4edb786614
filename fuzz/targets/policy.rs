//! What is read of policies under the fuzzer: the program's own name says which, see `fuzz/Cargo.toml`.
#![no_main]

use bartizan_policy::bundle;
use bartizan_policy::format::{format, package_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match env!("CARGO_BIN_NAME") {
        "policy-bundle" => drop(bundle::read("bundle", data)),
        "policy-format" => {
            let module = String::from_utf8_lossy(data);
            let _ = package_of(&module);
            if let Ok(once) = format(&module) {
                assert_eq!(format(&once).as_ref(), Ok(&once));
            }
        }
        other => panic!("no target is called {other}"),
    }
});
