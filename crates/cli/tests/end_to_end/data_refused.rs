//! `bartizan data` where it cannot answer: what is not there, is out of bounds, or was cancelled is never a clean dataset.

use crate::data::array;
use crate::support::Workplace;
use serde_json::{Value, json};

#[test]
fn what_was_asked_for_and_is_not_there_is_never_a_clean_dataset() {
    let at = Workplace::new();
    at.write("notes.csv", "id,note\n1,write to jo@mail.example.org\n2,nothing\n");
    for verb in ["leaks", "anomalies", "duplicates"] {
        let ran = at.run(&["data", verb, "notes.csv", "--column", "nte"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("no column `nte`") && ran.err.contains("`note`"), "{ran:?}");
    }
    assert_eq!(at.run(&["data", "leaks", "notes.csv", "--column", "note"]).code, 0);
    let outside = [
        ["leaks", "notes.csv", "--min-score", "2"],
        ["leaks", "notes.csv", "--min-score", "nan"],
        ["poison", "notes.csv", "--fail-on", "50"],
        ["duplicates", "notes.csv", "--similarity", "0.2"],
        ["duplicates", "notes.csv", "--fail-on", "3"],
    ];
    for arguments in outside {
        let ran = at.run(&[&["data"][..], &arguments].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("to 1 is expected"), "{ran:?}");
    }
    let ran = at.run(&["data", "anomalies", "notes.csv", "--time", "note"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.contains("row 0: `write to") && ran.err.contains("neither a number nor a date"),
        "{ran:?}"
    );
    at.write("few.npy", array("(2, 1)", &[1.0, 2.0]));
    let ran = at.run(&["data", "anomalies", "few.npy", "--time", "when"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn tables_without_rows_and_columns_that_are_there_twice_are_refused() {
    let at = Workplace::new();
    at.write("head.csv", "text,label\n");
    for verb in ["poison", "labels", "anomalies"] {
        let ran = at.run(&["data", verb, "head.csv"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("holds no row"), "{ran:?}");
    }
    at.write("twice.csv", "text,text,label\na,b,1\nc,d,2\n");
    let ran = at.run(&["data", "poison", "twice.csv"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("two columns called `text`"), "{ran:?}");
    at.write("torn.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \n");
    let ran = at.run(&["data", "leaks", "torn.jsonl"]);
    assert!(ran.err.contains("(line 2)") && !ran.err.contains("at line 1"), "{ran:?}");
}

#[test]
fn what_could_not_be_looked_for_is_incomplete_and_no_pass() {
    let at = Workplace::new();
    let row = |number: usize, text: &str| {
        format!("{}\n", json!({"text": format!("{text} {number}"), "label": "a"}))
    };
    at.write("one.jsonl", (0..80).map(|number| row(number, "a plain text of number")).collect::<String>());
    let ran = at.run(&["data", "poison", "one.jsonl"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("all rows have one label") && !ran.out.contains("nothing beyond chance"),
        "{ran:?}"
    );
    at.write("few.jsonl", row(0, "p\u{430}ypal text"));
    let ran = at.run(&["data", "poison", "few.jsonl", "--format", "jsonl"]);
    assert_eq!(ran.code, 3, "a set of one row that carries it all was written that way: {ran:?}");
    let mut rows: Vec<String> = (0..40).map(|number| row(number, "a plain text of number")).collect();
    rows.push(row(40, "the p\u{430}ypal text"));
    at.write("few.jsonl", rows.concat());
    let ran = at.run(&["data", "poison", "few.jsonl", "--format", "jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let suspect: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!((&suspect["row"], &suspect["method"]), (&json!(40), &json!("look-alike-letters")));
    assert_eq!(suspect["evidence"], json!({"word": "p\u{430}ypal", "characters": "U+0430", "support": 1}));
}

#[cfg(unix)]
#[test]
fn a_signal_to_the_program_ends_the_engine_with_it() {
    let at = Workplace::new();
    let alone = at.own_program();
    let script =
        "#!/bin/sh\ntrap 'touch ended; exit 143' TERM\ntouch started\nwhile :; do sleep 0.05; done\n";
    at.script("bartizan-data", script);
    let mut child = std::process::Command::new(&alone)
        .args(["data", "profile", "a.csv", "--output", "a.json"])
        .current_dir(at.path())
        .spawn()
        .unwrap();
    while !at.path().join("started").exists() {
        std::thread::yield_now();
    }
    let ended = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(at.path().join("ended").exists(), "the engine has ended before the program does");
}
