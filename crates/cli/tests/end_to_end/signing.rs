//! `bartizan sign` and `verify`: what is valid, what is refused and why, and the exit codes that scripts rely on.

use crate::support::{Ran, Workplace};
use serde_json::Value;

/// A small model, a key, and a signature over the model.
fn signed(more: &[&str]) -> Workplace {
    let place = Workplace::new();
    place.write("model/config.json", "{\"layers\": 2}");
    place.write("model/weights.bin", vec![7; 5_000]);
    place.write("model/sub/vocab.txt", "a\nb\n");
    assert_eq!(place.run(&["key", "generate", "--output", "a.key"]).code, 0);
    let mut arguments = vec!["sign", "model", "--key", "a.key", "--signature", "model.sig"];
    arguments.extend(more);
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    place
}

fn verify(place: &Workplace, more: &[&str]) -> (Ran, Value) {
    let mut arguments =
        vec!["verify", "model", "--signature", "model.sig", "--key", "a.pub", "--format", "json"];
    arguments.extend(more);
    let ran = place.run(&arguments);
    let json = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    (ran, json)
}

/// The kinds of reasons for which the model is refused now.
fn kinds(place: &Workplace, more: &[&str]) -> Vec<String> {
    let (ran, json) = verify(place, more);
    assert_eq!((ran.code, &json["verdict"]), (1, &Value::from("refused")), "{ran:?}");
    let refusals = json["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), json["reasons"].as_array().unwrap().len());
    refusals.iter().map(|refusal| refusal["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_signed_is_valid_under_every_algorithm_and_in_shards() {
    for more in [
        vec![],
        vec!["--hash", "blake2b"],
        vec!["--hash", "blake3"],
        vec!["--shard-size", "1000"],
        vec!["--shard-size", "1000", "--hash", "blake2b", "--strict-spec"],
    ] {
        let place = signed(&more);
        let (ran, json) = verify(&place, &[]);
        assert_eq!((ran.code, &json["verdict"]), (0, &Value::from("valid")), "{more:?} {ran:?}");
        assert_eq!(json["signer"]["method"], "key");
        assert_eq!(json["statement"]["predicateType"], "https://model_signing/signature/v1.0");
        assert_eq!((json["files"].as_u64(), json["unsigned"].as_array().unwrap().len()), (Some(3), 0));
    }
}

#[test]
fn one_changed_byte_is_caught_in_files_and_in_shards() {
    for more in [vec![], vec!["--shard-size", "1000"]] {
        let place = signed(&more);
        let mut weights = vec![7; 5_000];
        weights[4_321] = 8;
        place.write("model/weights.bin", weights);
        assert_eq!(kinds(&place, &[]), ["changed"]);
    }
}

#[test]
fn a_file_that_grew_or_shrank_is_caught_in_shards() {
    let place = signed(&["--shard-size", "1000"]);
    for size in [4_999, 5_001, 6_000] {
        place.write("model/weights.bin", vec![7; size]);
        assert_eq!(kinds(&place, &[]), ["changed"]);
    }
}

#[test]
fn added_missing_renamed_and_swapped_files_are_told_apart() {
    let place = signed(&[]);
    let at = |name: &str| place.path().join("model").join(name);
    place.write("model/evil.py", "1");
    assert_eq!(kinds(&place, &[]), ["added"]);
    assert_eq!(verify(&place, &["--ignore-unsigned-files"]).0.code, 0);
    std::fs::remove_file(at("evil.py")).unwrap();
    std::fs::rename(at("config.json"), at("other.json")).unwrap();
    assert_eq!(kinds(&place, &[]), ["renamed"]);
    std::fs::rename(at("other.json"), at("CONFIG.json")).unwrap();
    assert_eq!(kinds(&place, &[]), ["case"]);
    std::fs::remove_file(at("CONFIG.json")).unwrap();
    assert_eq!(kinds(&place, &[]), ["missing"]);
    place.write("model/config.json", "a\nb\n");
    place.write("model/sub/vocab.txt", "{\"layers\": 2}");
    assert_eq!(kinds(&place, &[]), ["swapped", "swapped"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_when_allowed() {
    use std::os::unix::fs::symlink;
    let place = signed(&[]);
    let config = place.path().join("model/config.json");
    std::fs::rename(&config, place.path().join("outside.json")).unwrap();
    symlink("../outside.json", &config).unwrap();
    assert_eq!(kinds(&place, &[]), ["link"]);
    assert!(verify(&place, &[]).0.out.contains("leads out of the model"));
    let (ran, json) = verify(&place, &["--allow-symlinks"]);
    assert_eq!((ran.code, json["notes"].as_array().unwrap().len()), (0, 1));
    let refused = place.run(&["sign", "model", "--key", "a.key"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--allow-symlinks"), "{}", refused.err);
    assert_eq!(place.run(&["sign", "model", "--key", "a.key", "--allow-symlinks"]).code, 0);
}

#[test]
fn git_and_ignored_paths_are_reported_and_code_hidden_there_is_refused() {
    let place = signed(&["--ignore-path", "cache"]);
    place.write("model/.git/HEAD", "ref: refs/heads/main\n");
    place.write("model/cache/note", "plain text");
    let (ran, json) = verify(&place, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(json["unsigned"], serde_json::json!([".git/HEAD", "cache/note"]));
    assert_eq!(kinds(&place, &["--strict"]), ["unsigned", "unsigned"]);
    place.write("model/.git/x.py", "1");
    place.write("model/cache/y", "\u{7f}ELF");
    assert_eq!(kinds(&place, &[]), ["hidden", "hidden"]);
    assert_eq!(verify(&place, &["--allow-unsigned"]).0.code, 0);
}

#[test]
fn the_signature_inside_the_model_does_not_sign_itself() {
    let place = signed(&[]);
    let sign = ["sign", "model", "--key", "a.key", "--signature", "model/model.sig"];
    assert_eq!(place.run(&sign).code, 0);
    // Once more, over a folder that holds a signature already.
    assert_eq!(place.run(&sign).code, 0);
    let ran = place.run(&["verify", "model", "--signature", "model/model.sig", "--key", "a.pub"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn another_key_and_a_cut_signature_are_refused_and_a_missing_file_is_an_error() {
    let place = signed(&[]);
    assert_eq!(place.run(&["key", "generate", "--output", "b.key"]).code, 0);
    let other =
        place.run(&["verify", "model", "--signature", "model.sig", "--key", "b.pub", "--format", "json"]);
    assert_eq!(other.code, 1, "{other:?}");
    let json: Value = serde_json::from_str(&other.out).unwrap();
    assert_eq!((&json["signer"], &json["statement"]), (&Value::Null, &Value::Null));
    let bundle = std::fs::read(place.path().join("model.sig")).unwrap();
    place.write("model.sig", &bundle[..bundle.len() / 2]);
    assert_eq!(kinds(&place, &[]), ["bundle"]);
    assert_eq!(place.run(&["verify", "model", "--signature", "none", "--key", "a.pub"]).code, 2);
    assert_eq!(place.run(&["verify", "model", "--signature", "model.sig", "--key", "none"]).code, 2);
    assert_eq!(place.run(&["verify", "none", "--signature", "model.sig", "--key", "a.pub"]).code, 2);
    assert_eq!(place.run(&["verify", "model", "--signature", "model.sig"]).code, 2);
}

#[test]
fn a_single_file_is_signed_under_either_name() {
    for more in [vec![], vec!["--strict-spec"]] {
        let place = signed(&[]);
        let mut arguments = vec!["sign", "model/weights.bin", "--key", "a.key", "--signature", "w.sig"];
        arguments.extend(&more);
        assert_eq!(place.run(&arguments).code, 0);
        let verify = ["verify", "model/weights.bin", "--signature", "w.sig", "--key", "a.pub"];
        assert_eq!(place.run(&verify).code, 0, "{more:?}");
        place.write("model/weights.bin", vec![8; 5_000]);
        let changed = place.run(&verify);
        assert!(changed.code == 1 && changed.out.contains("changed: `weights.bin`"), "{changed:?}");
        let folder = place.run(&["verify", "model", "--signature", "w.sig", "--key", "a.pub"]);
        assert_eq!(folder.code, 1, "{folder:?}");
    }
}

#[test]
fn what_lies_where_the_signature_goes_is_replaced_only_when_it_is_the_signers_own_or_by_force() {
    let place = signed(&[]);
    let sign = |key: &str, more: &[&str]| {
        place.run(&[&["sign", "model", "--key", key, "--signature", "model.sig"][..], more].concat())
    };
    assert_eq!(sign("a.key", &[]).code, 0);
    assert_eq!(place.run(&["key", "generate", "--output", "b.key"]).code, 0);
    let before = std::fs::read(place.path().join("model.sig")).unwrap();
    let refused = sign("b.key", &[]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("a signature by another key") && refused.err.contains("--force"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(place.path().join("model.sig")).unwrap(), before);
    assert_eq!(sign("b.key", &["--force"]).code, 0);
    place.write("model.sig", "my notes");
    assert_eq!(sign("b.key", &[]).code, 2);
    assert_eq!(sign("b.key", &["--force"]).code, 0);
    // The key in use is never replaced.
    let own = place.run(&["sign", "model", "--key", "b.key", "--signature", "b.key", "--force"]);
    assert!(own.code == 2 && own.err.contains("the key or certificate in use"), "{own:?}");
}

#[test]
fn flags_go_by_the_names_other_tools_have_for_them() {
    let place = signed(&[]);
    for key in ["--private-key", "--private_key"] {
        let ran =
            place.run(&["sign", "model", key, "a.key", "--signature", "model.sig", "--ignore_paths", "none"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    for key in ["--public-key", "--public_key"] {
        let ran =
            place.run(&["verify", "model", key, "a.pub", "--bundle", "model.sig", "--ignore_unsigned_files"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}
