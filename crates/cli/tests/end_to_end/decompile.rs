//! `bartizan decompile`: what it writes, its exit codes, and that nothing is run.

use crate::support::{Workplace, evil_pickle, good_safetensors};

#[test]
fn the_program_of_a_pickle_is_written_and_not_run() {
    let at = Workplace::new();
    at.write("evil.pkl", evil_pickle());
    let ran = at.run(&["decompile", "evil.pkl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines,
        [
            "# evil.pkl, pickle at byte 0, protocol 0",
            "from os import system",
            "v0 = system('echo harmless')",
            "result = v0"
        ]
    );
}

#[test]
fn pickles_behind_one_another_and_as_json() {
    let at = Workplace::new();
    at.write("two.pkl", [evil_pickle(), b"\x80\x02K\x07.".to_vec()].concat());
    let ran = at.run(&["decompile", "two.pkl", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], "bartizan.decompile/1");
    assert_eq!(report["pickles"][1]["program"], serde_json::json!(["result = 7"]));
    assert_eq!(report["pickles"][1]["protocol"], 2);
}

#[test]
fn a_pickle_that_breaks_is_3_and_written_up_to_there() {
    let at = Workplace::new();
    let whole = evil_pickle();
    at.write("cut.pkl", &whole[..whole.len() - 1]);
    let ran = at.run(&["decompile", "cut.pkl"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.out.contains("system('echo harmless')") && ran.out.contains("# the loader fails here"),
        "{ran:?}"
    );
}

#[test]
fn a_file_without_a_pickle_is_2_and_says_what_to_do() {
    let at = Workplace::new();
    at.write("model.safetensors", good_safetensors());
    let ran = at.run(&["decompile", "model.safetensors"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no pickle was found") && ran.err.contains("help:"), "{ran:?}");
    assert_eq!(at.run(&["decompile", "missing.pkl"]).code, 2);
}
