//! Training what ships with the program, from labelled texts and grammars: same input, same weights.

use crate::process;
use std::path::Path;

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
    let arguments = [
        "run",
        "--release",
        "--locked",
        "-p",
        "bartizan-text",
        "--example",
        "train_injection",
        "--",
        &texts.to_string_lossy(),
        "crates/text/weights/injection.bin",
        "crates/text/weights/meaning.safetensors",
        "target/injection-features.bin",
    ];
    process::run("cargo", &arguments)
}
