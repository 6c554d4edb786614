//! Statements in, lineage out: attest, trace, import, erase, bisect, bom, and a scan that is attested.

use bartizan_evidence::digest::Digest;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

struct Project(tempfile::TempDir, tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        project.write("bartizan.toml", "");
        project.ok(&["key", "generate", "--algorithm", "ed25519"]);
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
        command.env("XDG_CONFIG_HOME", self.1.path());
        command.args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Two runs in a row: data to base, base to model.
    fn two_runs(&self) {
        for (input, output) in [("data.csv", "base.onnx"), ("base.onnx", "model.onnx")] {
            self.write(input, input);
            self.write(output, output);
            let predicate = json!({"buildDefinition": {"buildType": "test", "externalParameters": {}, "resolvedDependencies":
                [{"name": input, "digest": {"sha256": Digest::sha256(input.as_bytes()).value()}}]},
                "runDetails": {"builder": {"id": "test"}, "metadata": {"invocationId": format!("make {output}")}}});
            self.write("predicate.json", &predicate.to_string());
            self.ok(&[
                "attest",
                output,
                "--type",
                "https://slsa.dev/provenance/v1",
                "--predicate",
                "predicate.json",
            ]);
        }
    }

    fn trace(&self, arguments: &[&str]) -> Value {
        let arguments = [&["lineage", "trace"], arguments, &["--format", "json"]].concat();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }
}

#[test]
fn the_blast_radius_of_a_file_is_every_model_made_from_it() {
    let project = Project::new();
    project.two_runs();
    let digest = Digest::sha256(b"data.csv").to_string();
    let down = project.trace(&[&digest, "--down", "--verify"]);
    assert_eq!(down["totals"]["kinds"], json!({"dataset": 1, "model": 2, "run": 2}));
    assert_eq!((&down["totals"]["edges"], &down["totals"]["unproven"]), (&json!(4), &json!(0)));
    assert!(down["edges"].as_array().unwrap().iter().all(|edge| edge["logIndex"].is_u64()));
    assert_eq!(down["proofs"].as_object().unwrap().len(), 2);
    let up = project.trace(&["model.onnx", "--up"]);
    assert_eq!(up["nodes"].as_array().unwrap().len(), 5);
    let schema = include_str!("../../../../docs/schemas/lineage-1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&down) && validator.is_valid(&up));
    assert!(!validator.is_valid(&json!({"schema": "bartizan.lineage/1"})));
    assert!(project.ok(&["lineage", "reindex"]).contains("the index was right"));
}

#[test]
fn what_nobody_speaks_of_and_what_was_tampered_with_are_errors() {
    let project = Project::new();
    project.two_runs();
    let unknown = project.run(&["lineage", "trace", &Digest::sha256(b"?").to_string(), "--down"]);
    assert_eq!(unknown.status.code(), Some(2));
    // One byte of one envelope.
    let blobs = project.0.path().join(".bartizan/blobs/sha256");
    let blob = fs::read_dir(blobs).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let tampered = project.run(&["lineage", "trace", "data.csv", "--down", "--verify"]);
    // Depending on which of the two it was, the walk is cut short or has nothing to begin with.
    assert!(matches!(tampered.status.code(), Some(2 | 3)), "{tampered:?}");
    let told = String::from_utf8_lossy(&tampered.stderr).into_owned();
    assert!(told.contains("was changed after it was written"), "{told}");
    assert_eq!(project.run(&["lineage", "reindex"]).status.code(), Some(3));
}

#[test]
fn a_key_that_nobody_trusts_proves_nothing_until_it_is_trusted() {
    let project = Project::new();
    project.two_runs();
    project.ok(&["key", "generate", "--algorithm", "ed25519", "--output", "other.key"]);
    project.write(
        "predicate.json",
        &json!({"kind": "deployment", "uses":
        [{"digest": {"sha256": Digest::sha256(b"model.onnx").value()}}]})
        .to_string(),
    );
    project.write("deployment.json", "{}");
    project.ok(&[
        "attest",
        "deployment.json",
        "--type",
        "urn:bartizan:predicate:use:v1",
        "--predicate",
        "predicate.json",
        "--key",
        "other.key",
    ]);
    let unproven = |trace: Value| trace["totals"]["unproven"].as_u64().unwrap();
    assert_eq!(unproven(project.trace(&["model.onnx", "--down"])), 1);
    project.ok(&["lineage", "trust", "other.pub"]);
    assert_eq!(unproven(project.trace(&["model.onnx", "--down"])), 0);
}

#[test]
fn documents_of_others_are_imported_and_wrong_ones_refused() {
    let project = Project::new();
    project.write(
        "event.json",
        &json!({"eventType": "COMPLETE", "run": {"runId": "r"}, "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": "db", "name": "a"}], "outputs": [{"namespace": "db", "name": "b"}]})
        .to_string(),
    );
    project.ok(&["lineage", "import", "event.json"]);
    let down = project.trace(&["dataset:db#a", "--down"]);
    assert_eq!(down["nodes"].as_array().unwrap().len(), 3);
    assert!(down["edges"].as_array().unwrap().iter().all(|edge| edge["proven"] == json!(false)));
    project.write("data.csv", "xyz");
    project.write("dvc.lock", "stages:\n  t:\n    cmd: x\n    deps:\n    - path: data.csv\n      md5: 900150983cd24fb0d6963f7d28e17f72\n");
    assert_eq!(project.run(&["lineage", "import", "dvc.lock"]).status.code(), Some(1));
    project.write("data.csv", "abc");
    project.ok(&["lineage", "import", "dvc.lock"]);
    assert!(project.trace(&["data.csv", "--down"])["nodes"].to_string().contains("job:dvc#t"));
}

#[test]
fn erasure_states_everything_made_from_a_record() {
    let project = Project::new();
    project.two_runs();
    let receipt: Value =
        serde_json::from_str(&project.ok(&["lineage", "erase", "data.csv", "--format", "json"])).unwrap();
    let envelope = receipt["envelope"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
    let path = project.0.path().join(".bartizan/blobs/sha256").join(envelope);
    let envelope = bartizan_evidence::dsse::Envelope::from_json(&fs::read(path).unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&envelope.payload).unwrap();
    assert_eq!(statement["predicate"]["affected"].as_array().unwrap().len(), 4);
    assert_eq!(statement["predicate"]["complete"], json!(true));
    assert_eq!(statement["predicate"]["log"]["size"], json!(2));
}

#[cfg(unix)]
#[test]
fn bisection_finds_the_first_bad_version() {
    let project = Project::new();
    project.two_runs();
    let found = project.ok(&[
        "lineage",
        "bisect",
        "data.csv",
        "model.onnx",
        "--",
        "sh",
        "-c",
        "test {name} = data.csv",
    ]);
    assert!(found.contains(&format!("first bad  {}", Digest::sha256(b"base.onnx"))), "{found}");
}

#[test]
fn every_format_is_written() {
    let project = Project::new();
    project.two_runs();
    for (format, sign) in [
        ("text", "model.onnx"),
        ("mermaid", "flowchart"),
        ("dot", "digraph"),
        ("svg", "<svg"),
        ("openlineage", "runId"),
        ("cyclonedx", "\"1.7\""),
        ("cyclonedx-1.6", "\"1.6\""),
        ("spdx", "spdx-context"),
    ] {
        let text = project.ok(&["lineage", "trace", "model.onnx", "--up", "--format", format]);
        assert!(text.contains(sign), "{format}: {text}");
    }
}

#[test]
fn a_bill_of_a_folder_lists_its_files_and_where_they_came_from() {
    let project = Project::new();
    project.two_runs();
    let folder = project.0.path().join("model");
    fs::create_dir(&folder).unwrap();
    fs::copy(project.0.path().join("model.onnx"), folder.join("model.onnx")).unwrap();
    fs::write(folder.join("config.json"), "{}").unwrap();
    let output = project.run(&["bom", "model"]);
    let bom: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(bom["metadata"]["component"]["name"], json!("model"));
    let text = bom.to_string();
    for name in ["config.json", "model.onnx", "data.csv", "make model.onnx"] {
        assert!(text.contains(name), "{name} is missing");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_store_that_cannot_be_written_is_read_all_the_same() {
    let project = Project::new();
    project.two_runs();
    // A mount that only this command sees: permissions do not hold whoever runs the tests as root.
    let script =
        "mount --bind .bartizan .bartizan && mount -o remount,ro,bind .bartizan && exec \"$0\" \"$@\"";
    let alone = |program: &str, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "--user", "sh", "-c", script, program]).args(arguments);
        command.env("XDG_CONFIG_HOME", project.1.path()).current_dir(project.0.path()).output()
    };
    if !alone("true", &[]).is_ok_and(|tried| tried.status.success()) {
        eprintln!("SKIPPED: nothing can be mounted here");
        return;
    }
    assert!(!alone("touch", &[".bartizan/new"]).unwrap().status.success());
    let program = env!("CARGO_BIN_EXE_bartizan");
    let arguments = ["lineage", "trace", "data.csv", "--down", "--format", "json"];
    let ran = alone(program, &arguments).unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("cannot be written"), "{said}");
    let found: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(found, project.trace(&["data.csv", "--down"]));
}

#[test]
fn an_attested_scan_speaks_about_what_it_read() {
    let project = Project::new();
    // Pickle: os.system called with a text.
    project.write("model.pkl", "cos\nsystem\n(S'true'\ntR.");
    let output = project.run(&["scan", "model.pkl", "--attest"]);
    assert_eq!(output.status.code(), Some(1));
    let known: Value =
        serde_json::from_str(&project.ok(&["lineage", "show", "model.pkl", "--format", "json"])).unwrap();
    assert_eq!(known["about"][0]["predicateType"], json!("https://in-toto.io/attestation/test-result/v0.1"));
    assert!(Path::new(&project.0.path().join(".bartizan/index.sqlite")).exists());
}

/// The largest envelope among the blobs, which here is the first run.
fn remove_first_statement(project: &Project) {
    let log = project.0.path().join(".bartizan/blobs/sha256");
    let statements: Value =
        serde_json::from_str(&project.ok(&["lineage", "show", "base.onnx", "--format", "json"])).unwrap();
    let envelope =
        statements["about"][0]["statement"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    fs::remove_file(log.join(envelope)).unwrap();
}

#[test]
fn an_edited_index_neither_hides_from_an_erasure_nor_from_a_verified_trace() {
    let project = Project::new();
    project.two_runs();
    let index = rusqlite::Connection::open(project.0.path().join(".bartizan/index.sqlite")).unwrap();
    index.execute("DELETE FROM edge", []).unwrap();
    drop(index);
    let verified = project.trace(&["data.csv", "--down", "--verify"]);
    assert_eq!(verified["totals"]["edges"], 4, "{verified}");
    let output = project.run(&["lineage", "erase", "data.csv", "--format", "json"]);
    assert!(output.status.success(), "{output:?}");
    let receipt: Value = serde_json::from_slice(&output.stdout).unwrap();
    let envelope = receipt["envelope"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let predicate = predicate_of(&project, &envelope);
    assert_eq!(predicate["affected"].as_array().unwrap().len(), 4, "{predicate}");
    assert_eq!(predicate["complete"], true);
}

fn predicate_of(project: &Project, envelope: &str) -> Value {
    use base64::Engine as _;
    let json = fs::read_to_string(project.0.path().join(".bartizan/blobs/sha256").join(envelope)).unwrap();
    let envelope: Value = serde_json::from_str(&json).unwrap();
    let payload =
        base64::engine::general_purpose::STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["predicate"].clone()
}

#[test]
fn a_statement_that_is_gone_makes_a_trace_incomplete_and_an_erasure_doubtful() {
    let project = Project::new();
    project.two_runs();
    project.write("checked.json", "{\"result\": \"PASSED\", \"configuration\": []}");
    let kind = "https://in-toto.io/attestation/test-result/v0.1";
    project.ok(&["attest", "data.csv", "--type", kind, "--predicate", "checked.json"]);
    remove_first_statement(&project);
    fs::remove_file(project.0.path().join(".bartizan/index.sqlite")).unwrap();
    let output = project.run(&["lineage", "trace", "data.csv", "--down"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not be read"), "{output:?}");
    let output = project.run(&["lineage", "erase", "data.csv", "--format", "json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let receipt: Value = serde_json::from_slice(&output.stdout).unwrap();
    let predicate =
        predicate_of(&project, receipt["envelope"].as_str().unwrap().trim_start_matches("sha256:"));
    assert_eq!(predicate["complete"], false, "{predicate}");
}

#[test]
fn a_store_that_came_with_a_project_proves_nothing_until_its_key_is_confirmed_here() {
    let project = Project::new();
    project.two_runs();
    assert_eq!(project.trace(&["data.csv", "--down"])["totals"]["unproven"], 0);
    // The same folder, another user.
    let stranger = Project(project.0, tempfile::tempdir().unwrap());
    let output = stranger.run(&["lineage", "trace", "data.csv", "--down"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("never confirmed"), "{output:?}");
    let trace = stranger.trace(&["data.csv", "--down"]);
    assert_eq!(trace["totals"]["unproven"], trace["totals"]["edges"]);
    stranger.ok(&["lineage", "trust", "bartizan.pub"]);
    assert_eq!(stranger.trace(&["data.csv", "--down"])["totals"]["unproven"], 0);
}

#[test]
fn what_a_stranger_signed_gives_neither_names_nor_verdicts() {
    let project = Project::new();
    project.two_runs();
    project.ok(&["key", "generate", "--output", "stranger.key"]);
    let digest = |name: &str| Digest::sha256(name.as_bytes()).value().to_owned();
    let predicate = json!({"edges": [{"from": format!("sha256:{}", digest("model.onnx")),
        "to": format!("sha256:{}", digest("data.csv")), "relation": "used-by"}],
        "nodes": [{"id": format!("sha256:{}", digest("data.csv")), "name": "EVIL official"}]});
    project.write("claim.json", &predicate.to_string());
    project.run(&[
        "attest",
        "data.csv",
        "--type",
        "urn:bartizan:predicate:lineage:v1",
        "--predicate",
        "claim.json",
        "--key",
        "stranger.key",
    ]);
    let output = project.run(&["lineage", "trace", "data.csv", "--down"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not believed"), "{output:?}");
    let trace = project.trace(&["data.csv", "--down"]);
    let named = trace["nodes"].as_array().unwrap().iter().find(|node| node["depth"] == 0).unwrap();
    assert_eq!(named["names"][0], "data.csv", "{named}");
    assert!(trace["cycles"].as_array().unwrap().is_empty());
}

/// A statement of lineage with one edge, signed and logged; gives the digest of its envelope.
fn claim(project: &Project, from: &str, to: &str, relation: &str) -> String {
    project.write(to, to);
    let digest = |text: &str| Digest::sha256(text.as_bytes()).to_string();
    let predicate = json!({"edges": [{"from": digest(from), "to": digest(to), "relation": relation}]});
    project.write("predicate.json", &predicate.to_string());
    let receipt = project.ok(&[
        "attest",
        to,
        "--type",
        "urn:bartizan:predicate:lineage:v1",
        "--predicate",
        "predicate.json",
        "--format",
        "json",
    ]);
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    receipt["envelope"].as_str().unwrap().to_owned()
}

#[test]
fn an_artifact_that_is_its_own_ancestor_is_told_with_both_statements() {
    let project = Project::new();
    let one = claim(&project, "a", "b", "base-of");
    let two = claim(&project, "b", "a", "base-of");
    for way in ["--up", "--down"] {
        let traced = project.run(&["lineage", "trace", "a", way]);
        assert_eq!(traced.status.code(), Some(1), "{traced:?}");
        let told = String::from_utf8_lossy(&traced.stderr).into_owned();
        assert!(told.contains("2 nodes lead back to themselves"), "{told}");
        assert!(told.contains(&one) && told.contains(&two), "{told}");
    }
}

#[test]
fn an_artifact_said_to_come_of_itself_is_told_and_judged_only_where_it_cannot() {
    let project = Project::new();
    let base = claim(&project, "a", "a", "base-of");
    let copy = claim(&project, "b", "b", "used-by");
    for (name, code, statement) in [("a", 1, &base), ("b", 0, &copy)] {
        let traced = project.run(&["lineage", "trace", name, "--up"]);
        assert_eq!(traced.status.code(), Some(code), "{traced:?}");
        let told = String::from_utf8_lossy(&traced.stderr).into_owned();
        assert!(told.contains("1 edges lead from a node to itself") && told.contains(statement), "{told}");
        assert_eq!(told.contains("a node leads back to itself"), code == 1, "{told}");
    }
    // What the remark says to look at can be looked at.
    let shown = project.ok(&["lineage", "show", &base]);
    assert!(shown.contains("urn:bartizan:predicate:lineage:v1") && shown.contains("base-of"), "{shown}");
    let shown: Value =
        serde_json::from_str(&project.ok(&["lineage", "show", &copy, "--format", "json"])).unwrap();
    assert_eq!((&shown["statement"], &shown["logIndex"]), (&json!(copy), &json!(1)));
    assert_eq!(shown["predicate"]["edges"][0]["relation"], "used-by");
    assert_eq!(shown["signers"].as_array().unwrap().len(), 1);
}

#[test]
fn statements_of_others_are_imported_and_types_that_are_not_known_named() {
    let project = Project::new();
    let digest = Digest::sha256(b"m");
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/x", "predicate": {},
        "subject": [{"name": "m", "digest": {"sha256": digest.value()}}]});
    project.write("x.json", &statement.to_string());
    let output = project.run(&["lineage", "import", "x.json"]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("`https://example.com/x` is not known"),
        "{output:?}"
    );
    assert_eq!(project.trace(&[&digest.to_string(), "--up"])["nodes"][0]["names"][0], "m");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_device_in_a_store_that_came_from_elsewhere_does_no_harm() {
    let project = Project::new();
    project.two_runs();
    let store = project.0.path().join(".bartizan");
    for name in ["trusted/other.pem", "log.vkey"] {
        let (path, kept) = (store.join(name), project.0.path().join("kept"));
        let there = fs::rename(&path, &kept).is_ok();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let output = project.run(&["lineage", "show"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not a regular file"), "{output:?}");
        fs::remove_file(&path).unwrap();
        if there {
            fs::rename(&kept, &path).unwrap();
        }
    }
    project.ok(&["lineage", "show"]);
}

#[test]
fn two_contents_of_one_digest_are_told_with_both_statements() {
    let project = Project::new();
    let weak = format!("md5:{}", "0a".repeat(16));
    let mut said = Vec::new();
    for name in ["a", "b"] {
        project.write(name, name);
        let strong = Digest::sha256(name.as_bytes()).to_string();
        let predicate = json!({"edges": [{"from": strong, "to": weak, "relation": "same-as"}]});
        project.write("predicate.json", &predicate.to_string());
        let lineage = "urn:bartizan:predicate:lineage:v1";
        let receipt = project.ok(&[
            "attest",
            name,
            "--type",
            lineage,
            "--predicate",
            "predicate.json",
            "--format",
            "json",
        ]);
        let receipt: Value = serde_json::from_str(&receipt).unwrap();
        said.push(receipt["envelope"].as_str().unwrap().to_owned());
    }
    let traced = project.run(&["lineage", "trace", "a", "--up"]);
    assert_eq!(traced.status.code(), Some(1), "{traced:?}");
    let told = String::from_utf8_lossy(&traced.stderr).into_owned();
    assert!(said.iter().all(|envelope| told.contains(envelope)), "{told}");
    assert!(told.contains("2 different sha256 digests to the same bytes"), "{told}");
}

#[test]
fn two_runs_that_claim_one_model_are_told_and_judged_by_nobody() {
    let project = Project::new();
    let one = claim(&project, "run one", "model.onnx", "output");
    let two = claim(&project, "run two", "model.onnx", "output");
    let digest = Digest::sha256(b"model.onnx").to_string();
    let nodes = json!({"nodes": [{"id": digest, "kind": "model"}]});
    project.write("predicate.json", &nodes.to_string());
    project.ok(&[
        "attest",
        "model.onnx",
        "--type",
        "urn:bartizan:predicate:lineage:v1",
        "--predicate",
        "predicate.json",
    ]);
    let traced = project.run(&["lineage", "trace", "model.onnx", "--up"]);
    assert_eq!(traced.status.code(), Some(0), "{traced:?}");
    let told = String::from_utf8_lossy(&traced.stderr).into_owned();
    assert!(
        told.contains("output of more than one run") && told.contains(&one) && told.contains(&two),
        "{told}"
    );
}

#[test]
fn the_packages_of_a_run_are_one_line_until_all_are_asked_for() {
    let project = Project::new();
    project.write("model.onnx", "model.onnx");
    let packages = (0..200).map(
        |number| json!({"uri": format!("pkg:pypi/package-{number}@1"), "annotations": {"role": "package"}}),
    );
    let data = json!({"name": "data.csv", "digest": {"sha256": Digest::sha256(b"data").value()}});
    let inputs: Vec<Value> = packages.chain([data]).collect();
    let predicate = json!({"buildDefinition": {"buildType": "test", "externalParameters": {}, "resolvedDependencies": inputs},
        "runDetails": {"builder": {"id": "https://example.org/builder"}, "metadata": {"invocationId": "nightly"}}});
    project.write("predicate.json", &predicate.to_string());
    let provenance = "https://slsa.dev/provenance/v1";
    project.ok(&["attest", "model.onnx", "--type", provenance, "--predicate", "predicate.json"]);
    let up = project.ok(&["lineage", "trace", "model.onnx", "--up"]);
    assert!(up.contains("environment: 200 inputs, 200 unproven; --all lists them"), "{up}");
    assert!(up.contains("data.csv") && !up.contains("package-7@1"), "{up}");
    let all = project.ok(&["lineage", "trace", "model.onnx", "--up", "--all"]);
    assert!(all.contains("package-7@1") && all.contains("package-199@1"), "{all}");
}

#[test]
fn bills_in_xml_and_in_tags_are_imported_and_one_with_an_entity_is_refused() {
    let project = Project::new();
    let digest = Digest::sha256(b"data").to_string();
    let value = digest.trim_start_matches("sha256:");
    let xml = format!(
        "<?xml version=\"1.0\"?><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><metadata>\
         <component type=\"machine-learning-model\" bom-ref=\"m\"><name>model</name></component></metadata>\
         <components><component type=\"data\" bom-ref=\"d\"><name>data</name><hashes><hash alg=\"SHA-256\">{value}</hash>\
         </hashes></component></components></bom>"
    );
    project.write("bom.xml", &xml);
    project.ok(&["lineage", "import", "bom.xml"]);
    let down = project.trace(&[&digest, "--down"]);
    assert!(down["nodes"].to_string().contains("component:#model"), "{down}");
    project.write("bom.spdx", "SPDXVersion: SPDX-2.3\nPackageName: tool\nSPDXID: SPDXRef-T\nPackageName: library\nSPDXID: SPDXRef-L\nRelationship: SPDXRef-T DEPENDS_ON SPDXRef-L\n");
    project.ok(&["lineage", "import", "bom.spdx"]);
    let down = project.trace(&["component:#library", "--down"]);
    assert!(down["nodes"].to_string().contains("component:#tool"), "{down}");
    project.write("bad.xml", &xml.replace("?>", "?><!DOCTYPE bom [<!ENTITY a \"b\">]>"));
    let bad = project.run(&["lineage", "import", "bad.xml"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("document type"), "{bad:?}");
}
