//! `bartizan log` at an s3:// address, on a real server: every command that takes a folder takes it too.

use crate::s3_server::S3Server;
use crate::support::{Ran, Workplace};
use std::fs;

const LOG: &str = "s3://logs/team/log";

struct Remote {
    place: Workplace,
    server: S3Server,
}

impl Remote {
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut program = self.place.program(arguments);
        for (name, value) in S3Server::settings_at(self.server.port()) {
            program.env(name, value);
        }
        Ran::of(&program.output().unwrap())
    }
}

#[test]
fn every_log_command_works_at_an_s3_address() {
    let Some(server) = S3Server::start() else { return };
    let remote = Remote { place: Workplace::new(), server };
    let place = &remote.place;
    assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "log.key"]).code, 0);
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    let none = remote.run(&["log", "append", LOG, "e.json", "--key", "log.key"]);
    assert_eq!(none.code, 2);
    let made = remote.run(&["log", "init", LOG, "--origin", "example.com/log", "--key", "log.key"]);
    assert_eq!(made.code, 0, "{made:?}");
    place.write("log.vkey", made.out);
    let again = remote.run(&["log", "init", LOG, "--origin", "example.com/log", "--key", "log.key"]);
    assert_eq!(again.code, 2);
    let appended = remote.run(&["log", "append", LOG, "e.json", "e.json", "e.json", "--key", "log.key"]);
    assert_eq!(appended.code, 0, "{appended:?}");
    assert_eq!(appended.out.lines().count(), 3);
    let shown = remote.run(&["log", "checkpoint", LOG, "--key", "log.key"]);
    assert!(shown.out.starts_with("example.com/log\n3\n"), "{shown:?}");
    let proven = remote.run(&["log", "prove", LOG, "1", "--key", "log.vkey", "--output", "p.tlog-proof"]);
    assert_eq!(proven.code, 0, "{proven:?}");
    let verified = remote.run(&["log", "verify", LOG, "--key", "log.vkey", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!((verified.code, &said["verdict"], &said["size"]), (0, &"valid".into(), &3.into()));
    #[cfg(feature = "witness")]
    {
        let serving = crate::witness::Serving::start(place, &[]);
        let ask = [
            "log",
            "checkpoint",
            LOG,
            "--key",
            "log.key",
            "--witness",
            &serving.url,
            "--witness-key",
            "w.vkey",
        ];
        let cosigned = remote.run(&ask);
        assert!(cosigned.out.contains("\n— witness.example/w "), "{cosigned:?}");
        assert_eq!(remote.run(&["log", "checkpoint", LOG]).out, cosigned.out);
    }
    // The envelope lies beside the log, in the same bucket, and the index of this machine is built from both.
    fs::create_dir_all(place.path().join(".bartizan")).unwrap();
    let indexed = remote.run(&["log", "reindex", "s3://logs/team", "--key", "log.vkey"]);
    assert!(indexed.out.contains("0 statements indexed"), "{indexed:?}");
    // An envelope of another payload is no statement; that it was found and read is what the message says.
    assert!(!indexed.out.contains("not in the store"), "{indexed:?}");
    // A copy in a folder is a log of its own, and so is a copy of that in another bucket.
    assert_eq!(remote.run(&["log", "export", LOG, "--key", "log.vkey", "--to", "copy"]).code, 0);
    assert_eq!(place.run(&["log", "verify", "copy", "--key", "log.vkey"]).code, 0);
    let there = ["log", "export", "copy", "--key", "log.vkey", "--to", "s3://other/log"];
    assert_eq!(remote.run(&there).code, 0);
    assert_eq!(remote.run(&["log", "append", "s3://other/log", "e.json", "--key", "log.key"]).code, 0);
    let verified = remote.run(&["log", "verify", "s3://other/log", "--key", "log.vkey", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!((&said["verdict"], &said["size"]), (&"valid".into(), &4.into()));
    // Without the credentials the store says no, and so does the command.
    let mut program = place.program(&["log", "verify", LOG, "--key", "log.vkey"]);
    for (name, value) in S3Server::settings_at(remote.server.port()) {
        program.env(name.clone(), if name == "AWS_SECRET_ACCESS_KEY" { "wrong".to_owned() } else { value });
    }
    let refused = Ran::of(&program.output().unwrap());
    assert_eq!(refused.code, 2, "{refused:?}");
}

#[test]
fn a_team_shares_log_and_blobs_and_each_has_an_index_of_their_own() {
    let Some(server) = S3Server::start() else { return };
    let port = server.port();
    let at = |place: &Workplace, arguments: &[&str]| {
        let mut program = place.program(arguments);
        program.envs(S3Server::settings_at(port)).env("BARTIZAN_SHARED", "s3://team/project");
        Ran::of(&program.output().unwrap())
    };
    let (ann, ben) = (Workplace::new(), Workplace::new());
    ann.write("bartizan.toml", "");
    assert_eq!(ann.run(&["key", "generate", "--algorithm", "ed25519"]).code, 0);
    let attest = |place: &Workplace, input: &str, output: &str| {
        place.write(output, output);
        let digest = bartizan_evidence::digest::Digest::sha256(input.as_bytes());
        let predicate = serde_json::json!({"buildDefinition": {"buildType": "test", "externalParameters": {}, "resolvedDependencies":
            [{"name": input, "digest": {"sha256": digest.value()}}]},
            "runDetails": {"builder": {"id": "test"}, "metadata": {"invocationId": format!("make {output}")}}});
        place.write("predicate.json", predicate.to_string());
        let ran = at(
            place,
            &["attest", output, "--type", "https://slsa.dev/provenance/v1", "--predicate", "predicate.json"],
        );
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    attest(&ann, "data.csv", "base.onnx");
    assert!(!ann.path().join(".bartizan/log").exists() && !ann.path().join(".bartizan/blobs").exists());
    // The other one gets the keys, and nothing else.
    ben.write("bartizan.toml", "");
    for name in ["bartizan.key", ".bartizan/log.key", ".bartizan/log.vkey"] {
        ben.write(name, fs::read(ann.path().join(name)).unwrap());
    }
    for trusted in fs::read_dir(ann.path().join(".bartizan/trusted")).unwrap() {
        let trusted = trusted.unwrap();
        let name = format!(".bartizan/trusted/{}", trusted.file_name().to_str().unwrap());
        ben.write(&name, fs::read(trusted.path()).unwrap());
    }
    // Whose key it is, nobody but Ben can say on his machine; with it he takes the team's log.
    ben.write("ann.pub", fs::read(ann.path().join("bartizan.pub")).unwrap());
    let trusted = at(&ben, &["lineage", "trust", "ann.pub"]);
    assert_eq!(trusted.code, 0, "{trusted:?}");
    attest(&ben, "base.onnx", "model.onnx");
    for place in [&ann, &ben] {
        let digest = bartizan_evidence::digest::Digest::sha256(b"data.csv").to_string();
        let ran = at(place, &["lineage", "trace", &digest, "--down", "--verify", "--format", "json"]);
        let down: serde_json::Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!((&down["totals"]["edges"], &down["totals"]["unproven"]), (&4.into(), &0.into()));
    }
}
