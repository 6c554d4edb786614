//! `bench sign`: signing and verifying, beside the reference implementation in the same run.

use super::measure::median;
use super::{environment, release_program, workplace};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(10);
/// Runs of which the median is taken.
const RUNS: usize = 3;
const GIBIBYTE: usize = 1 << 30;

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build, the models cannot be written, or the reference cannot be installed.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let program = release_program()?;
    let place = workplace()?.join("sign");
    let models = models(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let reference = with_peers
        .then(|| environment::install("model-signing", "xtask/peers/model-signing.txt"))
        .transpose()?
        .map(|folder| folder.join("bin/model_signing"));
    let key = place.join("bench.key");
    if !key.exists() {
        median(&program, &["key", "generate", "--output", &key.to_string_lossy()], LIMIT, 1)?;
    }
    let (private, public) = (text(&key), text(&key.with_extension("pub")));
    println!("| model | algorithm | does | Bartizan s | model-signing s | ratio |");
    println!("| --- | --- | --- | ---: | ---: | ---: |");
    for (name, model) in &models {
        let model = text(model);
        let theirs = text(&place.join("theirs.sig"));
        let their = |verb: &[&str]| -> Result<Option<f64>, String> {
            let Some(reference) = &reference else { return Ok(None) };
            median(reference, verb, LIMIT, RUNS).map(|cost| Some(cost.wall.as_secs_f64()))
        };
        let signing = their(&["sign", "key", &model, "--signature", &theirs, "--private_key", &private])?;
        let verifying = their(&["verify", "key", &model, "--signature", &theirs, "--public_key", &public])?;
        for algorithm in ["sha256", "blake3"] {
            let ours = text(&place.join("ours.sig"));
            let sign =
                ["sign", &model, "--no-cache", "--key", &private, "--signature", &ours, "--hash", algorithm];
            let verify = ["verify", &model, "--no-cache", "--key", &public, "--signature", &ours];
            for (verb, arguments, peer) in
                [("sign", sign.as_slice(), signing), ("verify", verify.as_slice(), verifying)]
            {
                let seconds = median(&program, arguments, LIMIT, RUNS)?.wall.as_secs_f64();
                let (peer, ratio) = match peer {
                    Some(peer) => (format!("{peer:.3}"), format!("{:.1}", peer / seconds)),
                    None => ("–".to_owned(), "–".to_owned()),
                };
                println!("| {name} | {algorithm} | {verb} | {seconds:.3} | {peer} | {ratio} |");
            }
        }
    }
    println!();
    println!(
        "model-signing signs and verifies with sha256 throughout: its command line offers no other algorithm."
    );
    Ok(())
}

/// The models measured: made once, read into the page cache by the first run.
fn models(place: &Path) -> std::io::Result<[(&'static str, PathBuf); 4]> {
    let models = [
        ("2 GiB in 4 files", place.join("four")),
        ("2 GiB in 1 file", place.join("one")),
        ("20,000 files of 1 KiB", place.join("small")),
        ("3 files of 1 KiB", place.join("tiny")),
    ];
    if place.join("done").exists() {
        return Ok(models);
    }
    for (_, folder) in &models {
        fs::create_dir_all(folder)?;
    }
    let block = noise(GIBIBYTE / 2);
    for index in 0..4 {
        fs::write(place.join(format!("four/{index}.bin")), &block)?;
    }
    fs::write(place.join("one/model.bin"), block.repeat(4))?;
    for index in 0..20_000 {
        let folder = place.join(format!("small/{}", index / 100));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{index}.bin")), noise(1024))?;
    }
    for index in 0..3 {
        fs::write(place.join(format!("tiny/{index}.bin")), noise(1024))?;
    }
    fs::write(place.join("done"), "")?;
    Ok(models)
}

/// Bytes without pattern, from a linear congruential generator (Knuth, MMIX).
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
