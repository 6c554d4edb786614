//! The transparency log: durable appends beside the disk's own rate, a proof out of a hundred million entries, verification.
//!
//! Runs in the release profile, which it builds when it was started in another.

use super::measure::succeeding;
use super::{PROFILE, workplace};
use crate::process::run as command;
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::log::checkpoint::{CHECKPOINT_FILE, Checkpoint};
use bartizan_evidence::log::hash::{Hash, root_of};
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::proof::inclusion_ranges;
use bartizan_evidence::log::storage::{Disk, Files as _, Storage};
use bartizan_evidence::log::tile::{Level, TILE_WIDTH, TilePath, bytes_of, hashes_at};
use bartizan_evidence::log::verify::verify;
use bartizan_evidence::log::{Clock, Log, LogReader, NoteKey, NoteSigner, WriterOptions};
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Clients that append at once.
const CLIENTS: usize = 64;
/// Bytes of an entry.
const ENTRY_BYTES: usize = 300;
/// How long each measurement appends: long enough that files set aside are written again.
const SPAN: Duration = Duration::from_secs(10);
/// Entries of the log that is only made for one proof.
const MANY: u64 = 100_000_000;

/// Runs the bench; `options` are this program's own when it measures itself as a process.
///
/// # Errors
/// Whatever kept it from measuring.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    if let ["prove", folder, index, key] = options {
        return prove(Path::new(folder), index, key);
    }
    if cfg!(debug_assertions) {
        let arguments = ["run", "--profile", PROFILE, "--quiet", "--package", "xtask", "--", "bench", "log"];
        return command("cargo", &arguments);
    }
    let folder = workplace()?.join("log");
    let before = workplace()?.join("log-before");
    // Deleting thousands of files slows the making of others for minutes on ext4, so what an earlier run left goes last.
    let _ = fs::rename(&folder, &before);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("| what | bar | Bartizan | published for Tessera |\n| --- | --- | --- | --- |");
    disk_row(&folder)?;
    let mut kept = Vec::new();
    for window in [1, 4, 16] {
        kept.push(appends(&folder.join(format!("appends-{window}")), window)?);
        disk_row(&folder)?;
    }
    verification(&folder.join("appends-16"))?;
    cold_proof(&folder.join("many"))?;
    println!();
    println!(
        "{CLIENTS} clients are threads that wait for their own appends; each has so many on the way. Every batch has its \
         checkpoint. Tessera's figure is its makers', POSIX on NVMe with seven processors; it is not run here."
    );
    drop(kept);
    // Nothing to remove the first time.
    let _ = fs::remove_dir_all(&before);
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn disk_row(folder: &Path) -> Result<(), String> {
    println!(
        "| disk alone: write 4 KiB and fdatasync, one at a time | – | {:.0}/s | – |",
        disk_rate(folder)?
    );
    Ok(())
}

/// How often the disk makes one page durable, written as the journal writes it.
fn disk_rate(folder: &Path) -> Result<f64, String> {
    const COUNT: u32 = 1000;
    let path = folder.join("disk");
    fs::write(&path, vec![0; 4096 * COUNT as usize]).map_err(text)?;
    let mut file = File::options().write(true).open(&path).map_err(text)?;
    file.sync_all().map_err(text)?;
    let start = Instant::now();
    for _ in 0..COUNT {
        file.write_all(&[1; 4096]).map_err(text)?;
        file.sync_data().map_err(text)?;
    }
    Ok(f64::from(COUNT) / start.elapsed().as_secs_f64())
}

fn key(folder: &Path) -> Result<NoteSigner, String> {
    let path = folder.with_extension("key");
    let key = if path.exists() {
        SigningKey::from_pkcs8(&fs::read(&path).map_err(text)?)
    } else {
        SigningKey::generate(KeyAlgorithm::Ed25519)
    };
    let key = key.map_err(text)?;
    fs::write(&path, &*key.to_pkcs8().map_err(text)?).map_err(text)?;
    NoteSigner::for_log("bench.example/log", Box::new(key)).map_err(text)
}

fn clock() -> Clock {
    Box::new(|| 1)
}

/// 64 clients, each with up to `window` appends on the way, and a checkpoint published for every batch.
fn appends(folder: &Path, window: usize) -> Result<Arc<dyn Storage>, String> {
    let storage: Arc<dyn Storage> = Arc::new(Disk::new(folder));
    Log::create(Arc::clone(&storage), key(folder)?, clock()).and_then(Log::close).map_err(text)?;
    let log =
        Log::open(Arc::clone(&storage), key(folder)?, clock(), WriterOptions::default()).map_err(text)?;
    let start = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let log = &log;
                scope.spawn(move || {
                    let mut waits = Vec::new();
                    let mut pending = VecDeque::new();
                    let mut number = 0_u64;
                    while start.elapsed() < SPAN || !pending.is_empty() {
                        if start.elapsed() < SPAN && pending.len() < window {
                            let mut entry = format!("{client} {number} ").into_bytes();
                            entry.resize(ENTRY_BYTES, b'.');
                            number += 1;
                            pending.push_back((Instant::now(), log.submit(entry).map_err(text)?));
                            continue;
                        }
                        if let Some((begun, append)) = pending.pop_front() {
                            append.wait().map_err(text)?;
                            waits.push(begun.elapsed());
                        }
                    }
                    Ok::<_, String>(waits)
                })
            })
            .collect();
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.join().map_err(|_| "a client failed".to_owned())??);
        }
        Ok::<_, String>(all)
    })?;
    let elapsed = start.elapsed();
    log.close().map_err(text)?;
    waits.sort_unstable();
    let at = |hundredths: usize| waits.get(waits.len() * hundredths / 100).copied().unwrap_or_default();
    println!(
        "| durable appends of {ENTRY_BYTES} B, {CLIENTS} clients, {window} on the way each | ≥ 50,000/s, p99 ≤ 25 ms | \
         {:.0}/s, p50 {:.1} ms, p99 {:.1} ms | about 10,000/s, seconds |",
        waits.len() as f64 / elapsed.as_secs_f64(),
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3,
    );
    // Kept open by the caller, as its files are deleted when it is dropped.
    Ok(storage)
}

fn verification(folder: &Path) -> Result<(), String> {
    let signer = key(folder)?;
    let start = Instant::now();
    let verified = verify(&Disk::new(folder), &[signer.key()], &mut |_, _| ()).map_err(text)?;
    let seconds = start.elapsed().as_secs_f64();
    if !verified.is_valid() {
        return Err(format!("the log is not valid: {:?}", verified.problems));
    }
    println!(
        "| verifying all of {} entries ({:.0} MB) | – | {:.0} entries/s, {:.0} MB/s | – |",
        verified.entries,
        verified.bytes as f64 / 1e6,
        verified.entries as f64 / seconds,
        verified.bytes as f64 / 1e6 / seconds,
    );
    Ok(())
}

/// A proof out of a log of a hundred million equal entries: only the tiles on its path are written.
fn cold_proof(folder: &Path) -> Result<(), String> {
    let disk = Disk::new(folder);
    let signer = key(folder)?;
    let index = MANY / 3;
    // Every full subtree of one height has the same hash.
    let mut of_height = vec![Hash::leaf(b"entry")];
    for _ in 0..64 {
        let last = of_height.last().copied().unwrap_or_else(Hash::empty_tree);
        of_height.push(Hash::node(&last, &last));
    }
    let tile_hash =
        |level: u8| of_height.get(usize::from(level) * 8).copied().unwrap_or_else(Hash::empty_tree);
    let mut root: Option<Hash> = None;
    let mut files = BTreeSet::from([folder.join(CHECKPOINT_FILE)]);
    let mut write = |level: u8, number: u64| {
        let Some(path) = TilePath::in_tree(Level::Hashes(level), number, hashes_at(level, MANY)) else {
            return Ok(());
        };
        let hashes = vec![tile_hash(level); usize::try_from(path.len()).unwrap_or_default()];
        files.insert(folder.join(path.to_string()));
        disk.publish(&path.to_string(), &bytes_of(&hashes)).map_err(text)
    };
    for range in inclusion_ranges(index, MANY).map_err(text)? {
        for (height, place) in range.full_subtrees() {
            let level = u8::try_from(height / 8).unwrap_or_default();
            write(level, (place << (height % 8)) / TILE_WIDTH)?;
        }
    }
    write(0, index / TILE_WIDTH)?;
    for (height, hash) in (0_u32..64).zip(&of_height) {
        if (MANY >> height) & 1 == 1 {
            root = Some(root.map_or(*hash, |right| Hash::node(hash, &right)));
        }
    }
    let root = root.unwrap_or_else(|| root_of(&[]));
    let mut note =
        Note::new(Checkpoint::new("bench.example/log".to_owned(), MANY, root).to_string()).map_err(text)?;
    note.sign(&signer, 1).map_err(text)?;
    disk.publish(CHECKPOINT_FILE, note.to_string().as_bytes()).map_err(text)?;
    let program = std::env::current_exe().map_err(text)?;
    let (shown, index, key) = (folder.display().to_string(), index.to_string(), signer.key().to_string());
    let arguments = ["bench", "log", "prove", &shown, &index, &key];
    let mut costs = Vec::new();
    for _ in 0..11 {
        forget(&files)?;
        costs.push(succeeding(&program, &arguments, Duration::from_secs(10))?);
    }
    costs.sort_by_key(|cost| cost.wall);
    let median = costs.get(costs.len() / 2).copied().unwrap_or_default();
    let resident = costs.iter().map(|cost| cost.resident).max().unwrap_or_default();
    println!(
        "| proof out of {MANY} entries, tiles out of the page cache, a process from start to end, median (slowest) of {} | ≤ 5 ms, ≤ 64 MB | \
         {:.1} ms ({:.1}), {:.1} MB | – |",
        costs.len(),
        median.wall.as_secs_f64() * 1e3,
        costs.last().copied().unwrap_or_default().wall.as_secs_f64() * 1e3,
        resident as f64 / 1e6
    );
    Ok(())
}

/// Takes files out of the page cache, so that they are read from the disk again.
fn forget(files: &BTreeSet<PathBuf>) -> Result<(), String> {
    for file in files {
        let file = format!("of={}", file.display());
        succeeding(
            Path::new("dd"),
            &[&file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"],
            Duration::from_secs(10),
        )?;
    }
    Ok(())
}

fn prove(folder: &Path, index: &str, key: &str) -> Result<(), String> {
    let key: NoteKey = key.parse().map_err(text)?;
    let disk = Disk::new(folder);
    let reader = LogReader::open(&disk, &[&key]).map_err(text)?;
    let proof = reader.prove(index.parse().map_err(text)?).map_err(text)?;
    println!("{proof}");
    Ok(())
}
