//! Processes killed in the middle of appending: what they were told is durable is there, at its place.

use crate::support::{Key, clock};
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::verify::verify;
use bartizan_evidence::log::{Log, LogReader, WriterOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Says to a child where the log is.
const FOLDER: &str = "LOG_CRASH_TEST_FOLDER";
/// Rounds of killing.
const ROUNDS: usize = 24;

fn key(folder: &Path) -> Key {
    let path = folder.join("key");
    if !path.exists() {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        std::fs::write(&path, &*key.to_pkcs8().unwrap()).unwrap();
    }
    Key::from_bytes(&std::fs::read(path).unwrap())
}

/// Run as a process of its own by the tests below: appends until it is killed, and tells what was acknowledged.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let disk = Arc::new(Disk::new(folder.join("log")));
    let log = Log::open(disk, key(&folder).signer(), clock(), WriterOptions::default()).unwrap();
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (log, out) = (&log, &out);
            scope.spawn(move || {
                for number in 0..100_000 {
                    let entry = format!("{}-{thread}-{number}", std::process::id());
                    let index = log.append(entry.clone().into_bytes()).unwrap();
                    let mut out = out.lock().unwrap();
                    writeln!(out, "acknowledged {index} {entry}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a child after some acknowledgements; gives all it was told.
pub(crate) fn kill_after(mut child: Child, lines: usize) -> Vec<(u64, String)> {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    let mut line = String::new();
    let mut killed = false;
    while reader.read_line(&mut line).unwrap() > 0 {
        // A line cut by the kill was not told.
        let rest = line.strip_suffix('\n').and_then(|line| line.split_once("acknowledged "));
        if let Some((index, entry)) = rest.and_then(|(_, rest)| rest.split_once(' ')) {
            told.push((index.parse().unwrap(), entry.to_owned()));
        }
        line.clear();
        if told.len() >= lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(killed, "the child ended by itself after {} appends", told.len());
    told
}

fn run(writers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let path = folder.path().join("log");
    Log::create(Arc::new(Disk::new(&path)), key.signer(), clock()).unwrap().close().unwrap();
    let mut told: Vec<(u64, String)> = Vec::new();
    let mut size = 0;
    for round in 0..ROUNDS / writers {
        let children: Vec<Child> = (0..writers).map(|_| start(folder.path())).collect();
        let threads: Vec<_> = children
            .into_iter()
            .enumerate()
            .map(|(place, child)| {
                std::thread::spawn(move || kill_after(child, 1 + (round * 37 + place * 11) % 150))
            })
            .collect();
        for thread in threads {
            told.extend(thread.join().unwrap());
        }
        let disk = Disk::new(&path);
        // What is published is whole even before anyone has put it in order.
        let found = verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap();
        assert_eq!(found.problems, [], "round {round}");
        assert!(found.entries >= size, "round {round}");
        let log =
            Log::open(Arc::new(Disk::new(&path)), key.signer(), clock(), WriterOptions::default()).unwrap();
        let checkpoint = log.close().unwrap();
        assert!(checkpoint.size >= found.entries);
        let whole = verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap();
        assert_eq!(whole.problems, [], "round {round}");
        let reader = LogReader::open(&disk, &[&key.note_key()]).unwrap();
        if found.entries > 0 {
            assert_eq!(reader.root_at(found.entries).unwrap(), found.signed.checkpoint.root);
        }
        size = checkpoint.size;
    }
    let reader_disk = Disk::new(&path);
    let reader = LogReader::open(&reader_disk, &[&key.note_key()]).unwrap();
    assert!(told.len() >= ROUNDS / writers, "{}", told.len());
    let mut places = std::collections::BTreeSet::new();
    for (index, entry) in &told {
        assert!(places.insert(*index), "two entries at {index}");
        assert_eq!(reader.entry(*index).unwrap(), entry.as_bytes());
    }
}

#[test]
fn a_killed_writer_loses_nothing_it_was_told() {
    run(1);
}

#[test]
fn two_writers_at_once_that_are_killed_lose_nothing_they_were_told() {
    run(2);
}
