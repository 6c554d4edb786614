//! The program itself: output, files and exit codes.

use crate::files::{Folder, orders};
use serde_json::Value;
use std::process::{Command, Output};

fn run(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_bartizan-data"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn from_a_reference_to_a_verdict_on_a_batch() {
    let folder = Folder::new();
    folder.parquet("reference.parquet", &orders(3_000), 1_000);
    let (code, out, err) = run(&folder, &["learn", "reference.parquet", "--output", "suite.toml"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(folder.path().join("suite.profile.json").is_file());
    let (code, out, err) = run(&folder, &["check", "reference.parquet", "--against", "suite.toml"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(run(&folder, &["learn", "reference.parquet", "--output", "suite.toml"]).0, 2);
    folder.write("batch.csv", "id,amount,kind\n1,2,red\n1,-5,black\n");
    let (code, out, _) = run(&folder, &["check", "batch.csv", "--against", "suite.toml", "--format", "json"]);
    assert_eq!(code, 1, "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["schema"], &report["rows"]), (&Value::from("bartizan.check/1"), &Value::from(2)));
    let (code, out, _) = run(&folder, &["drift", "suite.profile.json", "reference.parquet"]);
    assert_eq!(code, 0, "{out}");
    folder.write("few.csv", "id,amount,kind\n1000,300,red\n2500,1100,blue\n");
    let (code, out, _) = run(&folder, &["drift", "suite.profile.json", "few.csv", "--format", "json"]);
    assert_eq!(code, 0, "two rows prove nothing: {out}");
    folder.parquet("moved.parquet", &orders(9_000), 1_000);
    let (code, out, _) = run(&folder, &["drift", "reference.parquet", "moved.parquet", "--format", "json"]);
    let drift: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &drift["drifted"]), (1, &Value::from(true)), "{out}");
}

#[test]
fn the_tickets_of_april_drift_where_customers_changed_and_not_where_time_goes_on() {
    let folder = Folder::new();
    let tickets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart/data");
    for name in ["tickets-march.csv", "tickets-april.csv"] {
        folder.write(name, std::fs::read_to_string(tickets.join(name)).unwrap());
    }
    let (code, out, err) =
        run(&folder, &["drift", "tickets-march.csv", "tickets-april.csv", "--format", "json"]);
    assert_eq!(code, 1, "{out}{err}");
    let drift: Value = serde_json::from_str(&out).unwrap();
    let columns = drift["columns"].as_array().unwrap();
    let drifted: Vec<&str> = columns
        .iter()
        .filter(|column| column["drifted"] == true)
        .map(|column| column["column"].as_str().unwrap())
        .collect();
    assert_eq!(drifted, ["channel", "minutes"]);
    assert_eq!(columns[0]["note"], "goes on where the reference ends, as keys do");
    assert_eq!(columns[1]["note"], "goes on where the reference ends, as time does");
}

#[test]
fn what_cannot_be_judged_ends_with_3_and_what_cannot_be_read_with_2() {
    let folder = Folder::new();
    folder.write("a.csv", "x\n1\n");
    folder
        .write("s.toml", "schema = \"bartizan.suite/1\"\n[[expect]]\ncheck = \"not-null\"\ncolumn = \"y\"\n");
    let (code, out, _) = run(&folder, &["check", "a.csv", "--against", "s.toml"]);
    assert!(code == 3 && out.contains("NOT RUN"), "{code} {out}");
    folder.write("bad.csv", "x,z\n1\n");
    let (code, _, err) = run(&folder, &["check", "bad.csv", "--against", "s.toml"]);
    assert!(code == 2 && err.contains("bad.csv") && err.contains("line 2"), "{code} {err}");
    folder.write("t.toml", "schema = \"bartizan.suite/1\"\n[[expect]]\ncheck = \"nonsense\"\n");
    let (code, _, err) = run(&folder, &["check", "a.csv", "--against", "t.toml"]);
    assert!(code == 2 && err.contains("t.toml") && err.contains("nonsense"), "{code} {err}");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_ended_leaves_no_temporary_files() {
    let folder = Folder::new();
    let temporary = folder.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    // A pipe that nobody writes to: the run waits where it would read.
    let pipe = folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_bartizan-data"))
        .args(["profile", "pipe.csv"])
        .current_dir(folder.path())
        .env("TMPDIR", &temporary)
        .spawn()
        .unwrap();
    let is_begun = || std::fs::read_dir(&temporary).unwrap().next().is_some();
    while !is_begun() {
        std::thread::yield_now();
    }
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(!is_begun(), "what was begun is gone");
}

#[test]
fn uniqueness_is_proven_in_less_memory_than_the_values_take() {
    let folder = Folder::new();
    let shuffled = |extra: u64| {
        let mut text = String::from("id\n");
        // Multiplying by an odd number permutes the residues of a power of two.
        (0..1_u64 << 18).for_each(|row| {
            let id = row.wrapping_mul(0x9E37_79B1) % (1 << 18);
            text.push_str(&format!("order-number-{:08}\n", id.max(extra)));
        });
        text
    };
    folder.write("unique.csv", shuffled(0));
    folder.write("repeated.csv", shuffled(1));
    folder.write(
        "s.toml",
        "schema = \"bartizan.suite/1\"\n[[expect]]\ncheck = \"unique\"\ncolumns = [\"id\"]\n",
    );
    let check = |file| run(&folder, &["check", file, "--against", "s.toml", "--memory-limit", "32MiB"]);
    let (code, out, err) = check("unique.csv");
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = check("repeated.csv");
    assert!(code == 1 && out.contains("order-number-00000001") && out.contains("in 2 rows"), "{out}{err}");
}

#[test]
fn an_imported_suite_names_what_it_lacks() {
    let folder = Folder::new();
    folder.write("ge.json", r#"{"expectations":[{"type":"expect_column_to_exist","kwargs":{"column":"x"}},{"type":"expect_multicolumn_sum_to_equal","kwargs":{}}]}"#);
    let (code, out, err) = run(&folder, &["learn", "--import", "ge.json"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("check = \"columns\"") && err.contains("expect_multicolumn_sum_to_equal"),
        "{out}{err}"
    );
}

#[test]
fn a_profile_is_kept_and_shown_in_every_form() {
    let folder = Folder::new();
    folder.parquet("a.parquet", &orders(500), 100);
    let (code, out, err) =
        run(&folder, &["profile", "a.parquet", "--output", "p.json", "--memory-limit", "64MiB"]);
    assert!(code == 0 && out.contains("500 rows, 3 columns"), "{out}{err}");
    let kept = std::fs::read(folder.path().join("p.json")).unwrap();
    let threads = |count| run(&folder, &["profile", "a.parquet", "--output", "t.json", "--threads", count]).0;
    for count in ["1", "4"] {
        assert_eq!(threads(count), 0);
        assert!(std::fs::read(folder.path().join("t.json")).unwrap() == kept, "{count} threads");
    }
    assert!(bartizan_data::profile::Profile::from_json(&kept).is_ok());
    let (_, out, _) = run(&folder, &["profile", "a.parquet", "--format", "json", "--column", "id"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&shown["columns"][0]["name"], &shown["columns"][0]["max"]),
        (&Value::from("id"), &Value::from(499.0))
    );
    assert!(run(&folder, &["profile", "a.parquet", "--format", "html"]).1.starts_with("<!doctype html>"));
    let (code, _, err) = run(&folder, &["profile", "a.parquet", "--column", "price"]);
    assert!(code == 2 && err.contains("`price`"), "{err}");
}
