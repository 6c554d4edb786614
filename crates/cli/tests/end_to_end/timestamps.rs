//! Timestamps from the outside, with `openssl ts` as the authority: of checkpoints, in entries, of a model's signature.

use crate::support::{Ran, Workplace};
use std::process::Command;

/// A place with an authority in it; none where there is no openssl.
fn place_with_authority() -> Option<Workplace> {
    let place = Workplace::new();
    let openssl = |arguments: &[&str]| {
        let ran = Command::new("openssl").args(arguments).current_dir(place.path()).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if !openssl(&["version"]) {
        eprintln!("skipped: openssl is not installed");
        return None;
    }
    place.write("usage", "extendedKeyUsage=critical,timeStamping\nkeyUsage=digitalSignature\n");
    place.write(
        "tsa.cnf",
        "[tsa]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n",
    );
    place.write("serial", "01\n");
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    for (name, more) in
        [("root", vec!["-x509", "-days", "9"]), ("other", vec!["-x509", "-days", "9"]), ("tsa", vec![])]
    {
        let (key, out, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
        let mut all = vec!["req", "-subj", &subject, "-keyout", &key, "-out", &out];
        all.extend(curve);
        all.extend(more);
        assert!(openssl(&all), "{name}");
    }
    let sign = ["x509", "-req", "-in", "tsa.pem", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
    assert!(openssl(&[&sign[..], &["-extfile", "usage", "-days", "9", "-out", "tsa.pem"]].concat()));
    Some(place)
}

/// What the authority answers to a request, in `NAME.tsr`.
fn stamp(place: &Workplace, name: &str) {
    let (query, reply) = (format!("{name}.tsq"), format!("{name}.tsr"));
    let arguments =
        ["ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-inkey", "tsa.key", "-signer", "tsa.pem"];
    let mut command = Command::new("openssl");
    command.args(arguments).args(["-queryfile", &query, "-out", &reply]).current_dir(place.path());
    assert!(command.output().unwrap().status.success());
}

fn verdict(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn a_stamped_checkpoint_and_stamped_entries_are_verified_with_time_and_authority() {
    let Some(place) = place_with_authority() else { return };
    assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "log.key"]).code, 0);
    let made = place.run(&["log", "init", "store/log", "--origin", "example.com/log", "--key", "log.key"]);
    place.write("log.vkey", made.out);
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    place.write("other.json", "{}");
    for file in ["e.json", "other.json"] {
        let out = format!("{file}.tsq");
        assert_eq!(place.run(&["log", "timestamp-request", file, "--output", &out]).code, 0);
        stamp(&place, file);
    }
    let append = ["log", "append", "store/log", "e.json", "--key", "log.key", "--timestamp"];
    assert_eq!(place.run(&[&append[..], &["e.json.tsr"]].concat()).code, 0);
    let wrong = place.run(&[&append[..], &["other.json.tsr"]].concat());
    assert!(wrong.code == 2 && wrong.err.contains("another content"), "{wrong:?}");
    assert_eq!(place.run(&["log", "timestamp-request", "store/log", "--output", "c.tsq"]).code, 0);
    stamp(&place, "c");
    place.write("then", place.run(&["log", "checkpoint", "store/log"]).out);
    let verify = ["log", "verify", "store/log", "--key", "log.vkey", "--format", "json"];
    let plain = place.run(&verify);
    assert_eq!(plain.code, 0);
    assert!(verdict(&plain)["warnings"][0].as_str().unwrap().contains("--timestamp-root"), "{plain:?}");
    let stamped = [&verify[..], &["--timestamp", "c.tsr", "--timestamp-root", "root.pem"]].concat();
    let ran = place.run(&stamped);
    let said = verdict(&ran);
    assert_eq!(ran.code, 0, "{said}");
    assert_eq!(
        (&said["timestamps"][0]["authority"], &said["timestamps"][0]["size"]),
        (&"CN=tsa".into(), &1.into())
    );
    assert_eq!(said["timestamped_entries"]["count"], 1);
    // Another root is refused for the checkpoint and for the entry.
    let other = [&verify[..], &["--timestamp", "c.tsr", "--timestamp-root", "other.pem"]].concat();
    let ran = place.run(&other);
    assert_eq!((ran.code, verdict(&ran)["reasons"].as_array().unwrap().len()), (1, 2), "{ran:?}");
    // The log grows; the stamped checkpoint is an older one then.
    assert_eq!(place.run(&["log", "append", "store/log", "e.json", "--key", "log.key"]).code, 0);
    assert_eq!(place.run(&stamped).code, 1);
    let older = place.run(&[&stamped[..], &["--checkpoint", "then"]].concat());
    assert_eq!((older.code, &verdict(&older)["timestamps"][0]["size"]), (0, &1.into()));
}

#[test]
fn a_models_signature_is_stamped_and_a_changed_one_is_not() {
    let Some(place) = place_with_authority() else { return };
    assert_eq!(place.run(&["key", "generate", "--output", "signer.key"]).code, 0);
    place.write("public", place.run(&["key", "export", "signer.key"]).out);
    place.write("model/weights", "weights");
    assert_eq!(place.run(&["sign", "model", "--key", "signer.key", "--signature", "model.sig"]).code, 0);
    assert_eq!(place.run(&["log", "timestamp-request", "model.sig", "--output", "model.tsq"]).code, 0);
    stamp(&place, "model");
    let verify =
        ["verify", "model", "--signature", "model.sig", "--key", "public", "--timestamp", "model.tsr"];
    let json = [&verify[..], &["--timestamp-root", "root.pem", "--format", "json"]].concat();
    let ran = place.run(&json);
    assert_eq!((ran.code, &verdict(&ran)["timestamp"]["authority"]), (0, &"CN=tsa".into()), "{ran:?}");
    let text = place.run(&[&verify[..], &["--timestamp-root", "root.pem"]].concat()).out;
    assert!(text.contains("by CN=tsa (root CN=root)"), "{text}");
    assert_eq!(place.run(&[&verify[..], &["--timestamp-root", "other.pem"]].concat()).code, 1);
    assert_eq!(place.run(&["sign", "model", "--key", "signer.key", "--signature", "model.sig"]).code, 0);
    let resigned = place.run(&json);
    assert!(resigned.code == 1 && resigned.out.contains("another content"), "{resigned:?}");
}
