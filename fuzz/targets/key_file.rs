//! Keys and certificates under the fuzzer.
#![no_main]

use bartizan_evidence::keys::{PublicKey, RevocationLists, SigningKey, certificates_from_pem, verify_chain};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let _ = PublicKey::from_securesystemslib(data);
    let _ = verify_chain(&[data.to_vec()], &[data.to_vec()], Duration::ZERO);
    let _ = RevocationLists::default().add(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = SigningKey::from_pem(text, Some("passphrase"));
    let _ = PublicKey::from_pem(text);
    if let Ok(chain) = certificates_from_pem(text) {
        let _ = verify_chain(&chain, &chain, Duration::ZERO);
    }
});
