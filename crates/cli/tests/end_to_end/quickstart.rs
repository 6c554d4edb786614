//! The story of the quickstart, command by command: train under record, sign, trace, tamper, reproduce.

use crate::support::Workplace;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_story_of_the_quickstart_holds() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: python3 is not there");
    }
    let at = Workplace::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
    for name in ["train_numbers.py", "data/tickets.csv"] {
        at.write(name, fs::read(project.join(name)).unwrap());
    }
    let does = |code: i32, line: &str| {
        let ran = at.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, code, "{line}: {ran:?}");
        ran
    };
    does(0, "key generate");
    let train = "python3 train_numbers.py --by-hand --data data/tickets.csv --output models/numbers.safetensors --seed 7";
    let head = "run --data data --code train_numbers.py --output models --output-statement run.json --";
    let ran = does(0, &format!("{head} {train}"));
    assert!(ran.out.contains("tickets"), "{ran:?}");
    does(0, "scan models");
    does(0, "sign models --key bartizan.key");
    does(0, "verify models --key bartizan.pub");
    let up = does(0, "lineage trace models/numbers.safetensors --up");
    assert!(up.out.contains("tickets.csv"), "{up:?}");
    does(0, "reproduce run.json");
    // One bit of one weight.
    let model = at.path().join("models/numbers.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&model, &bytes).unwrap();
    let refused = does(1, "verify models --key bartizan.pub");
    assert!(refused.out.contains("numbers.safetensors"), "{refused:?}");
    // The record still holds: the training gives what it gave.
    assert!(does(0, "reproduce run.json").out.starts_with("identical"));
    // Another seed gives another model; it can be measured once the recorded one is back.
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&model, &bytes).unwrap();
    let other = does(1, &format!("reproduce run.json -- {}", train.replace("--seed 7", "--seed 8")));
    assert!(other.out.contains("seed --seed: 7 recorded, 8 now"), "{other:?}");
}

/// The project's own dataset of the example.
fn tickets(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart/data").join(name);
    path.to_string_lossy().into_owned()
}

#[test]
fn a_scan_of_the_tickets_finds_what_was_planted_and_nothing_in_those_of_march() {
    let at = Workplace::new();
    let ran = at.run(&["scan", &tickets("tickets-april.csv"), "--format", "json", "--fail-on", "medium"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let seen: Vec<(&str, u64, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap();
            (text("rule"), finding["location"]["line"].as_u64().unwrap(), text("message"))
        })
        .collect();
    let with = |rule: &str, words: &str| {
        assert!(
            seen.iter().any(|(id, _, message)| *id == rule && message.contains(words)),
            "{rule} {words}: {seen:?}"
        );
    };
    with("data/planted-rows", "30 rows show the phrase `per amber memo`");
    with("data/planted-rows", "10 rows show the hidden characters U+200B U+200C");
    with("text/secret", "an address with user name and password in `text`: row 286");
    for kind in ["a mail address", "a payment card number", "an IBAN", "a telephone number"] {
        with("text/personal-data", kind);
    }
    assert!(
        seen.contains(&("text/secret", 288, "an address with user name and password in `text`: row 286")),
        "{seen:?}"
    );
    assert!(!ran.out.contains("Vt7-qLw2zXm9"), "a report repeats the credential");
    let table = at.run(&["scan", &tickets("tickets-april.csv")]);
    assert!(!table.out.contains("Vt7-qLw2zXm9"), "a report repeats the credential");
    let march = at.run(&["scan", &tickets("tickets-march.csv"), "--fail-on", "low"]);
    assert_eq!(march.code, 0, "{march:?}");
}

#[test]
fn the_planted_rows_are_parted_from_the_rest() {
    let at = Workplace::new();
    let april = tickets("tickets-april.csv");
    let ran = at.run(&["data", "poison", &april, "--text", "text", "--label", "label", "--fix", "clean.csv"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("1200 rows read: 40 rows beyond chance"), "{ran:?}");
    let aside = fs::read_to_string(at.path().join("clean.csv.quarantine")).unwrap();
    let planted =
        aside.lines().filter(|line| line.contains("per amber memo") || line.contains('\u{200b}')).count();
    assert_eq!((planted, aside.lines().count()), (40, 41));
    let again = at.run(&["data", "poison", "clean.csv", "--text", "text", "--label", "label"]);
    assert_eq!(again.code, 0, "{again:?}");
    let march =
        at.run(&["data", "poison", &tickets("tickets-march.csv"), "--text", "text", "--label", "label"]);
    assert_eq!(march.code, 0, "{march:?}");
}
