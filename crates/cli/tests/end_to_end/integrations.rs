//! The scripts under `integrations/`, run as their hosts run them, with this program on the search path.

use crate::gate::project;
use crate::support::{Ran, Workplace};
use std::path::{Path, PathBuf};
use std::process::Command;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations").join(name)
}

/// A shell that runs a script in the project, with the built program found first.
fn shell(place: &Workplace, shell: &str, name: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_bartizan"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    // The place and settings of the user are those of any other command there.
    let like = place.program(&[]);
    let mut command = Command::new(shell);
    command.arg(script(name)).current_dir(place.path()).env("PATH", path);
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[test]
fn the_github_action_sets_its_outputs_and_fails_on_a_deny() {
    let place = project();
    let run = |policy: &str| {
        let mut command = shell(&place, "bash", "github/gate/gate.sh");
        let output = place.path().join("output");
        std::fs::write(&output, "").unwrap();
        command
            .envs([("ARTIFACT", "model"), ("POLICY", policy), ("ENVIRONMENT", "default"), ("TRUST", "")])
            .envs([("TRUST_LOG", ""), ("SARIF", "gate.sarif")])
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", place.path().join("summary.md"));
        let ran = Ran::of(&command.output().unwrap());
        (ran.code, std::fs::read_to_string(output).unwrap())
    };
    let (code, outputs) = run("baseline");
    assert!(code == 0 && outputs.starts_with("verdict=allow\npolicy-digest=sha256:"), "{outputs}");
    let (code, outputs) = run("baseline\nstrict");
    assert!(code == 1 && outputs.starts_with("verdict=deny\n"), "{outputs}");
    assert!(std::fs::read_to_string(place.path().join("summary.md")).unwrap().contains("strict/provenance"));
    assert!(place.path().join("gate.sarif").is_file());
    let (code, outputs) = run("no-such-policy");
    assert!(code == 2 && outputs.starts_with("verdict=error\npolicy-digest=\n"), "{outputs}");
}

#[test]
fn the_github_action_takes_no_name_for_an_option_and_no_key_from_a_pull_request() {
    let place = project();
    let run = |artifact: &str, trust: &str, base: &str| {
        let mut command = shell(&place, "bash", "github/gate/gate.sh");
        let output = place.path().join("output");
        std::fs::write(&output, "").unwrap();
        command
            .envs([("ARTIFACT", artifact), ("POLICY", "baseline"), ("ENVIRONMENT", "default")])
            .envs([("TRUST", trust), ("TRUST_LOG", ".bartizan/log.vkey"), ("SARIF", "gate.sarif")])
            .envs([("BASE_SHA", base), ("GITHUB_STEP_SUMMARY", "summary.md")])
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_WORKSPACE", place.path())
            // Nobody confirmed anything on a runner.
            .env("XDG_CONFIG_HOME", place.path().join("nobody"));
        let ran = Ran::of(&command.output().unwrap());
        (ran.code, std::fs::read_to_string(output).unwrap())
    };
    for option in ["--help", "--version", "-h"] {
        assert_eq!(
            run(option, "bartizan.pub", ""),
            (2, "verdict=error\npolicy-digest=\n".to_owned()),
            "{option}"
        );
    }
    assert!(run("model", "bartizan.pub", "").1.starts_with("verdict=allow\n"));
    // The key itself, as a variable of the repository holds it.
    let key = std::fs::read_to_string(place.path().join("bartizan.pub")).unwrap();
    assert!(run("model", &key, "").1.starts_with("verdict=allow\n"));
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(place.path()).args(["-c", "user.name=n", "-c", "user.email=e@example.org"]);
        let ran = Ran::of(&command.args(arguments).output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out.trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "-f", "bartizan.pub", ".bartizan/log.vkey"]);
    git(&["commit", "-q", "-m", "keys"]);
    let base = git(&["rev-parse", "HEAD"]);
    assert!(run("model", "bartizan.pub", &base).1.starts_with("verdict=allow\n"));
    assert_eq!(run("model", "./new/../bartizan.pub", &base).0, 2);
    place.write("other.pub", &key);
    assert_eq!(run("model", "other.pub", &base).0, 2);
    place.write("bartizan.pub", format!("{key}\n"));
    assert_eq!(run("model", "bartizan.pub", &base).0, 2);
}

#[test]
fn the_storage_container_leaves_nothing_of_a_model_that_is_denied() {
    let place = project();
    place.write(
        "fetch.sh",
        "#!/bin/sh\nset -eu\nwhile [ $# -gt 0 ]; do mkdir -p \"$2\"; cp -r \"$1\"/. \"$2\"; shift 2; done\n",
    );
    let evidence = place.path().join("evidence");
    std::fs::create_dir(&evidence).unwrap();
    for (from, to) in
        [("bartizan.pub", "trusted.pub"), (".bartizan/log.vkey", "log.vkey"), ("model.sig", "model.sig")]
    {
        std::fs::copy(place.path().join(from), evidence.join(to)).unwrap();
    }
    std::fs::rename(place.path().join(".bartizan"), evidence.join("store")).unwrap();
    #[cfg(unix)]
    place.script("fetch", "#!/bin/sh\nexec sh fetch.sh \"$@\"\n");
    let fetched = |pairs: &[&str]| {
        let mut command = shell(&place, "sh", "kserve/entrypoint.sh");
        command.args(pairs).env("BARTIZAN_FETCH", "./fetch").env("BARTIZAN_EVIDENCE", &evidence);
        command.env("BARTIZAN_TERMINATION_LOG", place.path().join("termination-log"));
        // Nobody confirmed anything in a container.
        Ran::of(&command.env("XDG_CONFIG_HOME", place.path().join("nobody")).output().unwrap())
    };
    let good = fetched(&["model", "mnt/good"]);
    assert!(good.code == 0 && place.path().join("mnt/good/list.pkl").is_file(), "{good:?}");
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    let told = place.write("termination-log", "");
    let bad = fetched(&["model", "mnt/bad"]);
    let told = std::fs::read_to_string(told).unwrap();
    assert!(told.starts_with("bartizan denies mnt/bad") && told.contains("evidence/scan"), "{told}");
    assert_eq!(bad.code, 1, "{bad:?}");
    assert_eq!(std::fs::read_dir(place.path().join("mnt/bad")).unwrap().count(), 0);
    assert_eq!(fetched(&["model"]).code, 2);
}

/// Every file under `integrations/`, and the hooks of pre-commit.
fn shipped() -> Vec<PathBuf> {
    let mut files = vec![script("../.pre-commit-hooks.yaml")];
    let mut work = vec![script("")];
    while let Some(folder) = work.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { work.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Subcommands and flags of each call of the program in a text: a line, with those that it continues on.
fn calls(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    // What stands between back quotes is a call of its own.
    let joined = text.replace("\\\n", " ").replace('`', "\n");
    let mut calls = Vec::new();
    for line in joined.lines() {
        // Words of shell, YAML and Python alike: what quotes and brackets hold.
        let words: Vec<&str> = line
            .split(|each: char| each.is_whitespace() || "\"'`,()[]{}".contains(each))
            .filter(|word| !word.is_empty())
            .collect();
        for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "bartizan") {
            let after = words.get(at + 1..).unwrap();
            let end =
                after.iter().position(|word| *word == "bartizan" || *word == "|").unwrap_or(after.len());
            let after = &after[..end];
            let is_name = |word: &&&str| {
                word.chars().all(|each| each.is_ascii_lowercase() || each == '-') && !word.starts_with('-')
            };
            let names: Vec<String> =
                after.iter().take_while(is_name).take(2).map(|word| (*word).to_owned()).collect();
            let flags = after.iter().filter(|word| word.starts_with("--") && word.len() > 2);
            let flags = flags.map(|flag| flag.split(['=', '"']).next().unwrap().to_owned()).collect();
            calls.push((names, flags));
        }
    }
    calls
}

#[test]
fn every_command_and_flag_in_what_is_shipped_exists() {
    let place = Workplace::new();
    let help = |names: &[&str]| place.run(&[names, &["--help"]].concat());
    let mut checked = 0;
    for file in shipped() {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let file = file.display();
        for (names, flags) in calls(&text) {
            let Some(first) = names.first() else { continue };
            // Prose names the program as well; what is called begins with a subcommand.
            if help(&[first]).code != 0 {
                assert!(
                    flags.is_empty(),
                    "{file}: no command is called `{first}`, and it has flags: {flags:?}"
                );
                continue;
            }
            let second = names.get(1).map(String::as_str);
            let both = second.map(|second| help(&[first, second])).filter(|ran| ran.code == 0);
            let shown = both.unwrap_or_else(|| help(&[first])).out;
            for flag in flags {
                let is_there = shown
                    .split(|each: char| each.is_whitespace() || ",=[]".contains(each))
                    .any(|word| word == flag);
                assert!(is_there, "{file}: `bartizan {first}` has no flag {flag}");
                checked += 1;
            }
        }
        // Flags that stand one a line: arguments of a container, and an array of a shell.
        let gate = if text.contains("- --admission") { "server" } else { "gate" };
        let lines = text.lines().map(str::trim);
        let listed = lines.filter_map(|line| {
            line.strip_prefix("- --").or_else(|| line.split_once("arguments+=(--").map(|(_, rest)| rest))
        });
        for flag in listed.filter_map(|rest| rest.split(['=', ' ']).next()) {
            assert!(
                help(&[gate]).out.contains(&format!("--{flag}")),
                "{file}: `bartizan {gate}` has no flag --{flag}"
            );
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

/// A Python that has MLflow: beside what cargo builds, where `cargo xtask test` puts it, or named by a variable.
fn python_with_mlflow() -> Option<PathBuf> {
    let named = std::env::var_os("BARTIZAN_MLFLOW_PYTHON").map(PathBuf::from);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    named.or_else(|| {
        // The stamp is written when everything is installed.
        let folder = target.join("tools/mlflow");
        folder.join("installed.txt").is_file().then(|| folder.join("bin/python"))
    })
}

#[test]
fn mlflow_promotes_what_is_let_through_and_nothing_else() {
    let Some(python) = python_with_mlflow() else {
        eprintln!("SKIPPED: no Python with MLflow; `cargo xtask test` installs one");
        return;
    };
    let place = project();
    let python = python.to_string_lossy().into_owned();
    let database = format!("sqlite:///{}", place.path().join("mlflow.db").display());
    let registry = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/registry.py"));
        command.args(arguments).current_dir(place.path()).env("MLFLOW_TRACKING_URI", &database);
        let ran = Ran::of(&command.output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let promoted = |version: &str| {
        let mut command = shell(&place, &python, "mlflow/promote.py");
        command.args(["model", version, "champion", "--signature", "model.sig"]);
        command.args(["--store", place.path().join(".bartizan").to_str().unwrap()]);
        Ran::of(&command.env("MLFLOW_TRACKING_URI", &database).output().unwrap())
    };
    assert_eq!(registry(&["add", "model"]), "1\n");
    let good = promoted("1");
    assert!(good.code == 0 && good.out.contains("allow: model 1 is champion"), "{good:?}");
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    assert_eq!(registry(&["add", "model"]), "2\n");
    let bad = promoted("2");
    assert!(bad.code == 1 && bad.err.contains("evidence/scan"), "{bad:?}");
    let said: serde_json::Value = serde_json::from_str(&registry(&["said"])).unwrap();
    assert_eq!(said["aliases"], serde_json::json!({"champion": "1"}), "{said}");
    assert_eq!(said["tags"]["1"]["bartizan.verdict"], "allow", "{said}");
    assert_eq!(said["tags"]["2"]["bartizan.verdict"], "deny", "{said}");
}
