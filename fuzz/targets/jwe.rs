//! Sealed content under the fuzzer: any text is a message or an error, with a place within it; any content comes back.
#![no_main]

use bartizan_evidence::jwe::{JweError, Recipient, open};
use bartizan_evidence::keys::{KeyAlgorithm, Signer as _, SigningKey};
use bartizan_guard::gateway::opened;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(KeyAlgorithm::EcdsaP256).expect("the system gives randomness"));

fuzz_target!(|data: &[u8]| {
    let recipient = Recipient::new(KEY.public_key()).expect("a key on P-256");
    // What is sealed gets behind the tag: first as content of the fuzzer's own.
    let sealed = recipient.seal("json", data).expect("short content is sealed");
    assert_eq!(&open(&sealed, &KEY).expect("what was sealed opens").plain[..], data);
    let _ = opened(sealed.as_bytes(), "decision", &KEY);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(JweError::Part { offset, .. }) = open(text, &KEY) {
        assert!(offset <= text.len());
    }
    // And a header of the fuzzer's own before parts that are whole.
    if let Some((_, rest)) = sealed.split_once('.') {
        let _ = open(&format!("{text}.{rest}"), &KEY);
    }
});
