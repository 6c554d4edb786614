//! `bench throughput`: big single files and a tiny one, time and memory, beside the peers and `openssl`.

use super::measure::{Cost, median, once};
use super::peers::Peers;
use super::{generate, release_program, workplace};
use std::path::Path;
use std::time::Duration;

/// A peer that has not finished by then is ended, and the table says so.
const PEER_LIMIT: Duration = Duration::from_mins(1);
const OUR_RUNS: usize = 5;

type Recipe = fn(&Path) -> std::io::Result<()>;

/// The files, each with the peers that claim to read its format.
const FILES: [(&str, Recipe, &[&str]); 5] = [
    (
        "opcodes-489MB.pkl",
        generate::pickle,
        &["picklescan", "modelscan", "fickling", "modelaudit", "hayward"],
    ),
    ("weights-1GiB.safetensors", |path| generate::safetensors(path, 1 << 30), &["modelaudit", "hayward"]),
    (
        "checkpoint-524MB.pt",
        |path| generate::torch(path, 524_000_000),
        &["picklescan", "modelscan", "modelaudit", "hayward"],
    ),
    ("weights-526MB.gguf", |path| generate::gguf(path, 526_000_000), &["modelaudit", "hayward"]),
    (
        "tiny.pkl",
        |path| std::fs::write(path, b"\x80\x04]\x94(K\x01K\x02e."),
        &["picklescan", "modelscan", "fickling", "modelaudit", "hayward"],
    ),
];

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build, a file cannot be written or a command cannot be started.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let program = release_program()?;
    let peers = with_peers.then(Peers::install).transpose()?;
    let folder = workplace()?;
    println!("| file | tool | wall s | peak RSS MB | beyond the mapped file MB | times ours |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for (name, recipe, claimed) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            recipe(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        // One read to warm the page cache: the tools are compared, not the disk.
        std::fs::copy(&path, "/dev/null").map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.to_string_lossy();
        let scan = ["scan", "--format", "json", "--no-progress", "--fail-on", "critical", &file];
        let ours = median(&program, &scan, PEER_LIMIT, OUR_RUNS)?;
        row(name, "bartizan", ours, ours);
        let openssl = once(Path::new("openssl"), &["dgst", "-sha256", &file], PEER_LIMIT)
            .and_then(|_| median(Path::new("openssl"), &["dgst", "-sha256", &file], PEER_LIMIT, OUR_RUNS));
        match openssl {
            Ok(cost) => row(name, "openssl dgst -sha256", cost, ours),
            Err(error) => println!("| {name} | openssl | skipped: {error} | | | |"),
        }
        for peer in peers.iter().flat_map(|_| claimed) {
            let arguments: Vec<&str> = match *peer {
                "picklescan" => vec!["-p", &file],
                "modelscan" => vec!["scan", "-p", &file],
                "fickling" => vec!["--check-safety", "--json-output", "/dev/null", &file],
                "modelaudit" => vec!["scan", "--no-cache", "--format", "json", &file],
                _ => vec!["scan", "--max-size", "2g", "-f", "json", &file],
            };
            let cost =
                peers.as_ref().map(|peers| once(&peers.program(peer), &arguments, PEER_LIMIT)).transpose()?;
            if let Some(cost) = cost {
                row(name, peer, cost, ours);
            }
        }
    }
    Ok(())
}

fn row(file: &str, tool: &str, cost: Cost, ours: Cost) {
    let ratio = cost.wall.as_secs_f64() / ours.wall.as_secs_f64().max(1e-9);
    let seconds = if cost.killed {
        format!("> {:.0}, ended", cost.wall.as_secs_f64())
    } else {
        format!("{:.3}", cost.wall.as_secs_f64())
    };
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "| {file} | {tool} | {seconds} | {:.0} | {:.0} | {ratio:.1} |",
        megabytes(cost.resident),
        megabytes(cost.anonymous)
    );
}
