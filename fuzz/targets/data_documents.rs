//! Documents of the data layer: profiles, suites, suites of other tools and lists of sources. Any bytes give one or an error,
//! and what was read is written and read as the same.
#![no_main]

use bartizan_data::expect::{Suite, import};
use bartizan_data::profile::Profile;
use bartizan_data::sources::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(mut profile) = Profile::from_json(data) {
        let written = profile.to_json(true).to_string();
        let read = Profile::from_json(written.as_bytes());
        assert!(read.is_ok(), "what was written is read");
        let other = profile.clone();
        let _ = profile.merge(&other);
    }
    let _ = import(data);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(suite) = Suite::from_toml(text) {
            let written = suite.to_toml(&[]).unwrap_or_default();
            assert!(Suite::from_toml(&written).is_ok(), "what was written is read");
        }
        let _ = Sources::from_toml(text);
    }
});
