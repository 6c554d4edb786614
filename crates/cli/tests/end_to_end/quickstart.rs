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
