//! Sealed content both ways with another implementation, `jwcrypto`, installed from PyPI into a virtual environment under the target
//! folder. Without Python or PyPI the test says that it is skipped.

#![cfg(test)]

use bartizan_evidence::jwe::{Recipient, open};
use bartizan_evidence::keys::{KeyAlgorithm, Signer as _, SigningKey};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of an environment with the other implementation; none when it cannot be had.
fn jwcrypto() -> Option<PathBuf> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jwcrypto");
    let python = environment.join("bin/python");
    let works = |python: &Path| {
        let ran = Command::new(python).args(["-c", "import jwcrypto.jwe"]).output();
        ran.is_ok_and(|output| output.status.success())
    };
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).output();
    if made.is_ok_and(|output| output.status.success()) {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "jwcrypto"];
        let _ = Command::new(&python).args(pip).output();
    }
    let found = works(&python).then_some(python);
    if found.is_none() {
        println!("skipped: jwcrypto cannot be installed from PyPI");
    }
    found
}

/// Opens or seals a file; what goes with a message it prints.
const OTHER: &str = r#"
import sys, json, pathlib
from jwcrypto import jwe, jwk
verb, key, source, target = sys.argv[1:5]
key = jwk.JWK.from_pem(pathlib.Path(key).read_bytes())
read = pathlib.Path(source).read_bytes()
if verb == "open":
    message = jwe.JWE()
    message.deserialize(read.decode(), key)
    pathlib.Path(target).write_bytes(message.payload)
    print(json.dumps(message.jose_header["cty"]))
else:
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": "json"} | json.loads(sys.argv[5])
    message = jwe.JWE(read, json.dumps(header), recipient=key)
    pathlib.Path(target).write_text(message.serialize(compact=True))
"#;

#[test]
fn another_implementation_opens_what_is_sealed_here_and_the_other_way_round() {
    let Some(python) = jwcrypto() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    fs::write(path("auditor.key"), &*key.to_pem(None).unwrap()).unwrap();
    fs::write(path("auditor.pub"), key.public_key().to_pem()).unwrap();
    let other = |arguments: &[&str]| {
        let ran =
            Command::new(&python).args(["-c", OTHER]).args(arguments).current_dir(folder.path()).output();
        let ran = ran.unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let recipient = Recipient::new(key.public_key()).unwrap();
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(100_003).collect();
    // Nothing at all is no content to jwcrypto, not even when it sealed it.
    for content in [&b"x"[..], b"{}", "Gr\u{fc}\u{df}e".as_bytes(), &every_byte] {
        fs::write(path("ours"), recipient.seal("json", content).unwrap()).unwrap();
        assert_eq!(other(&["open", "auditor.key", "ours", "opened"]), "\"json\"\n");
        assert_eq!(fs::read(path("opened")).unwrap(), content);
        fs::write(path("plain"), content).unwrap();
        for more in ["{}", r#"{"apu": "QWxpY2U", "apv": "Qm9i", "kid": "their name"}"#] {
            other(&["seal", "auditor.pub", "plain", "theirs", more]);
            let opened = open(&fs::read_to_string(path("theirs")).unwrap(), &key).unwrap();
            assert_eq!((&opened.plain[..], opened.content_type.as_deref()), (content, Some("json")));
        }
    }
}
