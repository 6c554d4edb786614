//! Model signatures both ways with the reference implementation, installed from PyPI into a virtual environment under the target
//! folder. Without Python or PyPI the test says that it is skipped.

use crate::support::Workplace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Signs or verifies through the reference's interface for programs, which takes every setting from the signature.
const REFERENCE: &str = r#"
import sys, pathlib
from model_signing import hashing, signing, verifying
verb, model, signature, key = sys.argv[1:5]
if verb == "verify":
    verifying.Config().use_elliptic_key_verifier(public_key=pathlib.Path(key)).verify(pathlib.Path(model), pathlib.Path(signature))
else:
    config = hashing.Config()
    algorithm, shard = sys.argv[5], int(sys.argv[6])
    if shard:
        config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=shard)
    else:
        config.use_file_serialization(hashing_algorithm=algorithm)
    signing.Config().use_elliptic_key_signer(private_key=pathlib.Path(key)).set_hashing_config(config).sign(pathlib.Path(model), pathlib.Path(signature))
"#;

/// The Python of an environment with the reference; none when it cannot be had.
fn reference() -> Option<PathBuf> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("model-signing");
    let python = environment.join("bin/python");
    let works = |python: &Path| {
        Command::new(python)
            .args(["-c", "import model_signing.signing, model_signing.verifying"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).output();
    if made.is_ok_and(|output| output.status.success()) {
        // The reference forgets to name pyOpenSSL among what it needs.
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "model-signing", "pyOpenSSL"];
        let _ = Command::new(&python).args(pip).output();
    }
    let found = works(&python).then_some(python);
    if found.is_none() {
        println!("skipped: model-signing cannot be installed from PyPI");
    }
    found
}

#[test]
fn the_reference_verifies_what_is_signed_here_and_the_other_way_round() {
    let Some(python) = reference() else { return };
    let place = Workplace::new();
    for (name, content) in
        [("config.json", "{}"), ("a-b", "1"), ("a/b", "2"), ("a b", "3"), ("sub/.git/x", "4"), ("empty", "")]
    {
        place.write(&format!("model/{name}"), content);
    }
    place.write("model/weights.bin", vec![7; 5_000]);
    let python = |arguments: &[&str]| {
        let output = Command::new(&python)
            .args(["-c", REFERENCE])
            .args(arguments)
            .current_dir(place.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for curve in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521"] {
        let (key, public) = (format!("{curve}.key"), format!("{curve}.pub"));
        assert_eq!(place.run(&["key", "generate", "--algorithm", curve, "--output", &key]).code, 0);
        // One Python takes most of a second, so the whole table is walked under one curve.
        let every = curve == "ecdsa-p256";
        for (model, more) in [
            ("model", vec![]),
            ("model", vec!["--hash", "blake3"]),
            ("model", vec!["--shard-size", "1000"]),
            ("model/weights.bin", vec![]),
        ]
        .into_iter()
        .take(if every { 4 } else { 1 })
        {
            let mut arguments = vec!["sign", model, "--key", &key, "--signature", "ours.sig", "--force"];
            arguments.extend(&more);
            assert_eq!(place.run(&arguments).code, 0, "{curve} {model} {more:?}");
            let (verified, error) = python(&["verify", model, "ours.sig", &public]);
            assert!(verified, "{curve} {model} {more:?}: {error}");
        }
        for (model, algorithm, shard) in [
            ("model", "sha256", "0"),
            ("model", "blake2", "0"),
            ("model", "blake3", "0"),
            ("model", "sha256", "1000"),
            ("model/weights.bin", "sha256", "0"),
        ]
        .into_iter()
        .take(if every { 5 } else { 1 })
        {
            let (signed, error) = python(&["sign", model, "theirs.sig", &key, algorithm, shard]);
            assert!(signed, "{error}");
            let ran = place.run(&["verify", model, "--signature", "theirs.sig", "--key", &public]);
            assert_eq!(ran.code, 0, "{curve} {model} {algorithm} {shard}: {ran:?}");
        }
    }
    place.write("model/config.json", "{ }");
    assert_eq!(place.run(&["verify", "model", "--signature", "ours.sig", "--key", "ecdsa-p256.pub"]).code, 1);
}
