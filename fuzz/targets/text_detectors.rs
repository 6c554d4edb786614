//! Every detector of texts, and redaction of what it finds, over any bytes.
#![no_main]

use bartizan_text::{Detector, Hit, Subjects, redact::Method, redact::redact};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static DETECTOR: LazyLock<Option<Detector>> = LazyLock::new(|| Detector::new(Subjects::ALL).ok());

fuzz_target!(|bytes: &[u8]| {
    let Some(detector) = &*DETECTOR else { return };
    let mut hits = Vec::<Hit>::new();
    detector.scan(bytes, &mut hits);
    assert!(hits.iter().all(|hit| hit.start < hit.end && hit.end <= bytes.len()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        redact(text, &hits, Method::Pseudonym { key: &[7; 32] });
    }
});
