//! Where settings come from, and the commands that describe the program.

use crate::support::{Ran, Workplace, evil_pickle};

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let at = Workplace::new();
    at.write("bartizan.toml", "[scan]\nfail-on = \"medium\"\nmax-depth = 3\njobs = 2\n");
    let show = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut all = vec!["config", "show", "--origin"];
        all.extend(arguments);
        let mut program = at.program(&all);
        program.envs(environment.iter().copied());
        let ran = Ran::of(&program.output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        let squeezed: Vec<String> =
            ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        squeezed
    };
    let environment = [("BARTIZAN_FAIL_ON", "low"), ("BARTIZAN_MAX_DEPTH", "4")];
    let shown = show(&["--fail-on", "critical"], &environment);
    for line in [
        "fail-on = \"critical\" # flag",
        "max-depth = 4 # environment BARTIZAN_MAX_DEPTH",
        "jobs = 2 # bartizan.toml:4",
        "max-file-bytes = \"16TiB\" # default",
        "# baseline is not set # default",
    ] {
        assert!(shown.contains(&line.to_owned()), "{line}: {shown:#?}");
    }
}

#[test]
fn what_config_show_prints_is_a_configuration() {
    let at = Workplace::new();
    let shown = at.run(&["config", "show"]).out;
    at.write("bartizan.toml", &shown);
    let again = at.run(&["config", "show"]);
    assert_eq!((again.code, again.out), (0, shown));
}

#[test]
fn the_file_is_found_upward_and_paths_in_it_are_beside_it() {
    let at = Workplace::new();
    at.write("bartizan.toml", "[scan]\nignore-file = \"accepted.toml\"\n");
    at.write(
        "accepted.toml",
        "[[ignore]]\nrule = \"model/*\"\npath = \"*.pkl\"\nreason = \"drill\"\nexpires = 2999-01-01\n",
    );
    at.write("deep/er/evil.pkl", evil_pickle());
    let mut program = at.program(&["scan", "evil.pkl"]);
    let ran = Ran::of(&program.current_dir(at.path().join("deep/er")).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_a_suggestion() {
    let at = Workplace::new();
    at.write("bartizan.toml", "[scan]\n\nfail_on = \"high\"\n");
    let ran = at.run(&["scan", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("bartizan.toml:3:1: unknown key `scan.fail_on`"), "{ran:?}");
    assert!(ran.err.contains("did you mean `fail-on`?"), "{ran:?}");
}

#[test]
fn switches_can_be_set_in_the_environment() {
    let at = Workplace::new();
    at.write("good.txt", "x");
    let run = |value: &str| {
        let output = at.program(&["scan", "good.txt"]).env("BARTIZAN_QUIET", value).output().unwrap();
        Ran::of(&output).out
    };
    assert!(run("1").is_empty() && run("true").is_empty());
    assert!(!run("0").is_empty() && !run("false").is_empty());
}

#[test]
fn rules_are_listed_and_each_has_a_page() {
    let at = Workplace::new();
    let listed: serde_json::Value =
        serde_json::from_str(&at.run(&["rules", "--format", "json"]).out).unwrap();
    for rule in listed.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let page = at.run(&["rules", id, "--format", "markdown"]);
        assert_eq!(page.code, 0);
        for heading in ["## What it finds", "## Why it matters", "## How to fix"] {
            assert!(page.out.contains(heading), "{id} lacks {heading}");
        }
    }
    let ran = at.run(&["rules", "core/symlink-lop"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `core/symlink-loop`?"), "{ran:?}");
}

#[test]
fn completions_man_pages_and_the_schema_are_written() {
    let at = Workplace::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(at.run(&["completions", shell]).out.contains("fail-on"), "{shell}");
    }
    assert!(at.run(&["man"]).out.starts_with(".ie"));
    assert!(at.run(&["man", "scan"]).out.contains("max\\-depth"));
    let schema: serde_json::Value = serde_json::from_str(&at.run(&["config", "schema"]).out).unwrap();
    let valid = |text: &str| {
        let value: serde_json::Value = toml::from_str::<toml::Table>(text).unwrap().try_into().unwrap();
        jsonschema::is_valid(&schema, &value)
    };
    assert!(valid("[scan]\nfail-on = \"high\"\nmax-file-bytes = \"1MiB\"\nrules = [\"!core/*\"]\n"));
    assert!(!valid("[scan]\nfail-on = \"hihg\"\n"));
    assert!(!valid("[scan]\nfail_on = \"high\"\n"));
}

#[test]
fn the_published_schema_of_the_configuration_is_fresh() {
    let published = include_str!("../../../../docs/schemas/bartizan.toml.schema.json");
    let at = Workplace::new();
    assert_eq!(at.run(&["config", "schema"]).out, published, "run `cargo xtask docs`");
}

#[test]
fn models_on_the_projects_lists_are_found_and_shown() {
    let at = Workplace::new();
    at.write("bartizan.toml", "[models]\ndeny = [\"evil/*\"]\nallow = [\"good/*\"]\n");
    let weights = b"\x08\0\0\0\0\0\0\0{}      ";
    for path in ["good/a.safetensors", "other/b.safetensors", "evil/c.safetensors"] {
        at.write(path, weights);
    }
    let ran = at.run(&["scan", "--format", "jsonl", "good", "other", "evil"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let denied = ran.out.lines().find(|line| line.contains("model/denied")).unwrap();
    assert!(denied.contains("evil/c.safetensors"), "{denied}");
    let missing = ran.out.lines().find(|line| line.contains("model/not-allowed")).unwrap();
    assert!(missing.contains("other/b.safetensors"), "{missing}");
    assert!(ran.err.contains("models.deny"), "{}", ran.err);
    assert!(at.run(&["config", "show"]).out.contains("[models]\ndeny = [\"evil/*\"]"));
}
