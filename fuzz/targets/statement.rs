//! Envelopes, statements and predicates under the fuzzer.
#![no_main]

use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::predicate::Predicate;
use bartizan_evidence::statement::Statement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let payload = Envelope::from_json(data).map_or_else(|_| data.to_vec(), |envelope| envelope.payload);
    if let Ok(statement) = Statement::from_payload(&payload) {
        let _ = Predicate::of(&statement);
    }
});
