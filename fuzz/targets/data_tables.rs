//! Metadata of Delta and Iceberg tables: any bytes give a table's form or an error.
#![no_main]

use bartizan_data::lake::delta::{Action, Replay};
use bartizan_data::lake::iceberg::Metadata;
use bartizan_data::lake::records;
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};

fuzz_target!(|data: &[u8]| {
    let path = Path::new("document");
    let _ = Metadata::parse(data, path);
    let _ = records(data, path, &mut |_| Ok(()));
    let mut replay = Replay::new(PathBuf::from("_delta_log"));
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(row) = serde_json::from_slice(line) else { continue };
        for action in Action::all(row).unwrap_or_default() {
            let _ = replay.apply(action, path);
        }
    }
    let _ = replay.columns();
});
