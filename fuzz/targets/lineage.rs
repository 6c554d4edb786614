//! One reader of lineage under the fuzzer: the program's own name says which, see `fuzz/Cargo.toml`.
#![no_main]

use bartizan_evidence::lineage::import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    match env!("CARGO_BIN_NAME") {
        "lineage-openlineage" => drop(import::openlineage::parse(data)),
        "lineage-cyclonedx" => drop(import::cyclonedx::parse(data)),
        "lineage-cyclonedx-xml" => drop(import::cyclonedx_xml::parse(&text)),
        "lineage-spdx-tags" => drop(import::spdx_tags::parse(&text)),
        "lineage-spdx" => drop(import::spdx::parse(data)),
        "lineage-croissant" => drop(import::croissant::parse(data, None)),
        "lineage-dvc" => drop(import::dvc::parse(&text, None)),
        "lineage-model-card" => drop(import::model_card::parse(&text, "model")),
        "lineage-git" => drop(import::git::parse(&text)),
        "lineage-any" => drop(import::bytes(data, None, "model")),
        other => panic!("no reader is called {other}"),
    }
});
