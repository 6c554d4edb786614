//! `bench sign`: signing and verifying, beside the reference implementation in the same run.
//!
//! Both programs take turns, so that what else the machine does falls on both; the quickest run of each counts.

use super::measure::{Cost, quickest, succeeding};
use super::{environment, release_program, workplace};
use std::fs;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(10);
const GIBIBYTE: usize = 1 << 30;

/// A model to sign and verify.
struct Model {
    what: &'static str,
    folder: &'static str,
    /// Turns taken; short ones are repeated more often.
    turns: usize,
    ways: &'static [Way],
}

/// A way of signing it, and what is to be reached.
struct Way {
    what: &'static str,
    flags: &'static [&'static str],
    bar: Bar,
}

/// What is to be reached.
#[derive(Clone, Copy)]
enum Bar {
    /// So many times the reference's speed.
    Times(f64),
    /// At most so many milliseconds.
    Milliseconds(f64),
    /// More than one processor at work.
    BothProcessors,
    /// Nothing; an algorithm that cannot be shared between processors.
    Nothing,
}

/// The same bar for both algorithms.
const fn both(bar: Bar) -> [Way; 2] {
    [Way { what: "sha256", flags: &[], bar }, Way { what: "blake3", flags: &["--hash", "blake3"], bar }]
}

const MODELS: [Model; 4] = [
    Model {
        what: "2 GiB in 4 files",
        folder: "four",
        turns: 4,
        ways: &[
            Way { what: "sha256", flags: &[], bar: Bar::Times(1.5) },
            Way { what: "blake3", flags: &["--hash", "blake3"], bar: Bar::Times(2.5) },
        ],
    },
    Model {
        what: "2 GiB in 1 file",
        folder: "one",
        turns: 4,
        ways: &[
            Way { what: "sha256", flags: &[], bar: Bar::Nothing },
            Way {
                what: "sha256, shards of 64 MiB",
                flags: &["--shard-size", "67108864"],
                bar: Bar::BothProcessors,
            },
            Way { what: "blake3", flags: &["--hash", "blake3"], bar: Bar::BothProcessors },
        ],
    },
    Model { what: "20,000 files of 1 KiB", folder: "small", turns: 4, ways: &both(Bar::Times(10.0)) },
    Model { what: "3 files of 1 KiB", folder: "tiny", turns: 20, ways: &both(Bar::Milliseconds(15.0)) },
];

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build, the models cannot be written, or the reference cannot be installed.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let program = release_program()?;
    let place = workplace()?.join("sign");
    models(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let reference = with_peers
        .then(|| environment::install("model-signing", "xtask/peers/model-signing.txt"))
        .transpose()?
        .map(|folder| folder.join("bin/model_signing"));
    let key = place.join("bench.key");
    if !key.exists() {
        succeeding(&program, &["key", "generate", "--output", &text(&key)], LIMIT)?;
    }
    let keys = (text(&key), text(&key.with_extension("pub")));
    println!(
        "| model | does | algorithm | bar | Bartizan s | CPU s | MB | model-signing s | CPU s | MB | ratio | reached |"
    );
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    for model in &MODELS {
        measure(model, &place, &program, reference.as_deref(), (&keys.0, &keys.1))?;
    }
    println!();
    println!(
        "Quickest of {} to {} turns, whole processes, files in the page cache.",
        MODELS[0].turns, MODELS[3].turns
    );
    println!("model-signing 1.1.1 signs with sha256 throughout: its command line offers no other algorithm.");
    Ok(())
}

fn measure(
    model: &Model,
    place: &Path,
    program: &Path,
    reference: Option<&Path>,
    (private, public): (&str, &str),
) -> Result<(), String> {
    let folder = text(&place.join(model.folder));
    let signature = |name: &str| text(&place.join(format!("{}-{name}.sig", model.folder)));
    let theirs = signature("theirs");
    let their_sign = ["sign", "key", &folder, "--signature", &theirs, "--private_key", private];
    let their_verify = ["verify", "key", &folder, "--signature", &theirs, "--public_key", public];
    for verb in ["sign", "verify"] {
        let mut ours: Vec<Vec<Cost>> = model.ways.iter().map(|_| Vec::new()).collect();
        let mut peer = Vec::new();
        for turn in 0..model.turns {
            for (number, (way, costs)) in model.ways.iter().zip(&mut ours).enumerate() {
                let signature = signature(&number.to_string());
                let mut arguments = vec![verb, &folder, "--no-cache", "--signature", &signature, "--key"];
                if verb == "sign" {
                    arguments.push(private);
                    arguments.extend(way.flags);
                } else {
                    arguments.push(public);
                }
                costs.push(succeeding(program, &arguments, LIMIT)?);
            }
            // A Python program takes its time; three turns are enough for it.
            if let Some(reference) = reference.filter(|_| turn < 3) {
                let arguments = if verb == "sign" { &their_sign } else { &their_verify };
                peer.push(succeeding(reference, arguments, LIMIT)?);
            }
        }
        let peer = (!peer.is_empty()).then(|| quickest(&peer));
        for (way, costs) in model.ways.iter().zip(&ours) {
            row(model.what, verb, way, quickest(costs), peer);
        }
    }
    Ok(())
}

fn row(model: &str, verb: &str, way: &Way, ours: Cost, peer: Option<Cost>) {
    let seconds = |cost: Cost| cost.wall.as_secs_f64();
    let cells = |cost: Cost| {
        format!("{:.3} | {:.2} | {:.0}", seconds(cost), cost.cpu.as_secs_f64(), cost.anonymous as f64 / 1e6)
    };
    let ratio = peer.map(|peer| seconds(peer) / seconds(ours).max(1e-9));
    let (bar, reached) = match way.bar {
        Bar::Times(least) => (format!("≥ {least} ×"), ratio.map(|ratio| ratio >= least)),
        Bar::Milliseconds(most) => (format!("≤ {most} ms"), Some(seconds(ours) * 1e3 <= most)),
        Bar::BothProcessors => ("both cores".to_owned(), Some(ours.cpu.as_secs_f64() > 1.25 * seconds(ours))),
        Bar::Nothing => ("–".to_owned(), None),
    };
    println!(
        "| {model} | {verb} | {} | {bar} | {} | {} | {} | {} |",
        way.what,
        cells(ours),
        peer.map_or_else(|| "– | – | –".to_owned(), cells),
        ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}")),
        match reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "–",
        }
    );
}

/// Writes the models, once; the first turn reads them into the page cache.
fn models(place: &Path) -> std::io::Result<()> {
    if place.join("done").exists() {
        return Ok(());
    }
    for model in &MODELS {
        fs::create_dir_all(place.join(model.folder))?;
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
    fs::write(place.join("done"), "")
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
