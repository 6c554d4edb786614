//! Model signatures under the fuzzer: bundle, envelope, and the manifest of whatever payload comes out.
#![no_main]

use bartizan_evidence::oms::{Bundle, ModelManifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::from_json(data) {
        let _ = ModelManifest::from_payload(&bundle.envelope.payload);
    }
    let _ = ModelManifest::from_payload(data);
});
