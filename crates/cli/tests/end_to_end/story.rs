//! The story of the README: red, mended and waived to green, its model admitted, one byte flipped to red again.

use crate::support::{Ran, Workplace};
use std::fs;
use std::path::Path;

/// A copy of the example in a folder of its own.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn the_quickstart_goes_red_is_mended_and_waived_to_green_and_red_again_with_one_byte() {
    let at = Workplace::new();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart"),
        &at.path().join("quickstart"),
    );
    let does = |code: i32, arguments: &[&str]| -> Ran {
        let ran = at.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        ran
    };
    // Red: two findings at high or above.
    let red = does(1, &["scan", "quickstart", "-q"]);
    assert!(red.out.contains("critical[model/pickle-code-execution]"), "{red:?}");
    assert!(red.out.contains("high[pipeline/unsafe-deserialization]"), "{red:?}");
    // What can be mended is, and what is left is signed as it is.
    does(0, &["key", "generate"]);
    let mended = does(1, &["scan", "quickstart", "-q", "--fix=all", "--attest"]);
    assert!(
        mended.err.contains("+model = torch.load('../models/sentiment-v2.pt', weights_only=True)")
            || mended.err.contains("weights_only=True"),
        "{mended:?}"
    );
    assert!(!mended.out.contains("unsafe-deserialization"), "{mended:?}");
    does(0, &["sign", "quickstart", "--key", "bartizan.key"]);
    let denied = does(1, &["gate", "quickstart"]);
    assert!(
        denied.out.contains("deny     model/pickle-code-execution [models/sentiment-v2.pt]"),
        "{denied:?}"
    );
    assert!(!denied.out.contains("deny     pipeline/"), "{denied:?}");
    // One exception, with a name under it.
    let decompiled = does(0, &["decompile", "quickstart/models/sentiment-v2.pt"]);
    assert!(decompiled.out.contains("pwned: this line was printed"), "{decompiled:?}");
    let waived = does(
        0,
        &[
            "waive",
            "quickstart/models/sentiment-v2.pt",
            "--rule",
            "model/pickle-code-execution",
            "--owner",
            "ana@example.org",
            "--reason",
            "read it: it prints one line; retrained by May",
            "--expires",
            &in_days(60),
        ],
    );
    assert!(
        waived.out.starts_with("waived     model/pickle-code-execution for 1 file in default until "),
        "{waived:?}"
    );
    let green = does(0, &["gate", "quickstart"]);
    assert!(green.out.starts_with("warn ") && green.out.contains("by ana@example.org until"), "{green:?}");
    // What an admission webhook asks: is this digest let in?
    let model = at.path().join("quickstart/models/ticket-encoder/model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    let digest = |bytes: &[u8]| bartizan_evidence::digest::Digest::sha256(bytes).to_string();
    assert!(does(0, &["gate", &digest(&bytes)]).out.starts_with("allow "));
    // Red again.
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&model, &bytes).unwrap();
    let again = does(1, &["gate", "quickstart"]);
    assert!(again.out.contains("changed: `models/ticket-encoder/model.safetensors`"), "{again:?}");
    assert!(
        again.out.contains("have no scan that stands: models/ticket-encoder/model.safetensors"),
        "{again:?}"
    );
    assert!(does(1, &["gate", &digest(&bytes)]).out.starts_with("deny "));
}

/// A day some days from now, as a waiver takes it.
fn in_days(days: i64) -> String {
    let then = jiff::Timestamp::now().as_second() + days * 86_400;
    jiff::Timestamp::from_second(then).unwrap().to_string().chars().take(10).collect()
}
