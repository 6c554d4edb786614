//! A log on a real S3 server: two writers at once, writers that are killed, connections that break with the answer under way,
//! and damage named by object.

use crate::crash::kill_after;
use crate::s3_server::S3Server;
use crate::support::{Key, clock, entry};
use bartizan_evidence::log::storage::{Cloud, Condition, Files as _, Objects, PutError};
use bartizan_evidence::log::verify::verify;
use bartizan_evidence::log::{Log, LogError, LogReader, WriterOptions};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const LOG: &str = "s3://logs/team/log";
/// Says to a child where the key is, and at which port the server.
const CHILD: &str = "LOG_S3_TEST_CHILD";

fn cloud(port: u16) -> Arc<Cloud> {
    Arc::new(Cloud::open(LOG, S3Server::settings_at(port)).unwrap())
}

fn open(port: u16, key: &Key) -> Log {
    Log::open_in(cloud(port), key.signer(), clock(), WriterOptions::default()).unwrap()
}

fn begin(port: u16) -> Key {
    let key = Key::new();
    // The first put into a bucket makes it.
    cloud(port).publish("begin", b"").unwrap();
    Log::create_in(cloud(port), key.signer(), clock()).unwrap().close().unwrap();
    key
}

#[test]
fn a_log_is_written_verified_damaged_and_copied_on_a_real_server() {
    let Some(server) = S3Server::start() else { return };
    let key = begin(server.port());
    let again = Log::create_in(cloud(server.port()), key.signer(), clock());
    assert!(matches!(again.err(), Some(LogError::Exists { .. })));
    let log = open(server.port(), &key);
    let pending: Vec<_> = (0..600).map(|index| log.submit(entry(index)).unwrap()).collect();
    let places: Vec<u64> = pending.into_iter().map(|pending| pending.wait().unwrap()).collect();
    assert_eq!(places, (0..600).collect::<Vec<u64>>());
    assert_eq!(log.close().unwrap().size, 600);
    let files = cloud(server.port());
    let note_key = key.note_key();
    let whole = verify(&*files, &[&note_key], &mut |_, _| ()).unwrap();
    assert_eq!((whole.problems, whole.unchecked, whole.entries), (vec![], vec![], 600));
    let reader = LogReader::open(&*files, &[&note_key]).unwrap();
    assert_eq!(reader.entry(257).unwrap(), entry(257));
    reader.prove(599).unwrap();
    reader.consistency_proof(300).unwrap();
    for name in ["tile/0/000", "tile/entries/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let bytes = files.read(name).unwrap().unwrap();
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 4;
        files.publish(name, &damaged).unwrap();
        let found = verify(&*files, &[&note_key], &mut |_, _| ()).unwrap();
        let named: Vec<&str> = found.problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(named, [name]);
        files.remove(name).unwrap();
        let found = verify(&*files, &[&note_key], &mut |_, _| ()).unwrap();
        assert_eq!(found.problems.first().map(|problem| problem.path.as_str()), Some(name));
        files.publish(name, &bytes).unwrap();
    }
    assert!(verify(&*files, &[&note_key], &mut |_, _| ()).unwrap().is_valid());
    let large = vec![7_u8; bartizan_evidence::log::storage::LARGEST_OBJECT + 1];
    files.publish("large", &large).unwrap();
    assert_eq!(files.read("large").unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
}

#[test]
fn of_many_conditional_puts_at_once_one_happens() {
    let Some(server) = S3Server::start() else { return };
    let files = cloud(server.port());
    files.publish("begin", b"").unwrap();
    // A put that leaves the content as it is leaves the entity tag as it is: every put here writes something of its own.
    let race = |name: &str, from: u8, condition: Condition<'_>| {
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let put = |each: u8| match files.put_if(name, &[each], condition) {
                Ok(_) => true,
                Err(PutError::Conflict) => false,
                Err(PutError::Failed(error)) => panic!("{error}"),
            };
            let threads: Vec<_> = (from..from + 4).map(|each| scope.spawn(move || put(each))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        outcomes.into_iter().filter(|happened| *happened).count()
    };
    for round in 0..8 {
        let name = format!("race/{round}");
        assert_eq!(race(&name, 0, Condition::Absent), 1);
        let (_, version) = files.read_versioned(&name).unwrap().unwrap();
        assert_eq!(race(&name, 10, Condition::Unchanged(&version)), 1);
    }
}

/// Run as a process of its own: appends until it is killed, and tells what was acknowledged.
#[test]
fn child() {
    let Some(given) = std::env::var(CHILD).ok() else { return };
    let (port, path) = given.split_once(' ').unwrap();
    let key = Key::from_bytes(&std::fs::read(PathBuf::from(path)).unwrap());
    let log = open(port.parse().unwrap(), &key);
    let mut out = std::io::stdout();
    for number in 0..10_000 {
        let entry = format!("{}-{number}", std::process::id());
        let index = log.append(entry.clone().into_bytes()).unwrap();
        writeln!(out, "acknowledged {index} {entry}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn two_writers_at_once_that_are_killed_lose_nothing_they_were_told() {
    let Some(server) = S3Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = begin(server.port());
    let path = folder.path().join("key");
    std::fs::write(&path, key.bytes()).unwrap();
    let start = || -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["s3::child", "--exact", "--nocapture", "--test-threads", "1"])
            .env(CHILD, format!("{} {}", server.port(), path.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut told = BTreeMap::new();
    for round in 0..4 {
        let threads: Vec<_> = (0..2)
            .map(|place| (start(), place))
            .map(|(child, place)| {
                std::thread::spawn(move || kill_after(child, 1 + (round * 7 + place * 5) % 20))
            })
            .collect();
        for thread in threads {
            for (index, entry) in thread.join().unwrap() {
                assert_eq!(told.insert(index, entry), None, "two entries at {index}");
            }
        }
        let files = cloud(server.port());
        let found = verify(&*files, &[&key.note_key()], &mut |_, _| ()).unwrap();
        assert_eq!(found.problems, [], "round {round}");
        let log = open(server.port(), &key);
        let checkpoint = log.close().unwrap();
        assert!(checkpoint.size >= found.entries);
    }
    let files = cloud(server.port());
    let whole = verify(&*files, &[&key.note_key()], &mut |_, _| ()).unwrap();
    assert_eq!(whole.problems, []);
    let note_key = key.note_key();
    let reader = LogReader::open(&*files, &[&note_key]).unwrap();
    assert!(told.len() >= 8, "{}", told.len());
    for (index, entry) in told {
        assert_eq!(reader.entry(index).unwrap(), entry.as_bytes());
    }
}

/// A way to the server on which every few answers the connection breaks, after the server has done what it was asked.
fn breaking(server: u16, every: u64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server))) else {
                continue;
            };
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || relay(from, to, &mut || true));
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || {
                relay(server, client, &mut || {
                    !(answers.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(every)
                });
            });
        }
    });
    port
}

fn relay(mut from: TcpStream, mut to: TcpStream, goes_on: &mut dyn FnMut() -> bool) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count) = from.read(&mut bytes) {
        if count == 0 || !goes_on() || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[test]
fn broken_connections_lose_and_double_nothing() {
    let Some(server) = S3Server::start() else { return };
    let key = begin(server.port());
    let port = breaking(server.port(), 9);
    let log = loop {
        match Log::open_in(cloud(port), key.signer(), clock(), WriterOptions::default()) {
            Ok(log) => break log,
            Err(LogError::Read { .. } | LogError::Write { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    let mut acknowledged = BTreeMap::new();
    for number in 0..15 {
        if let Ok(index) = log.append(entry(number)) {
            assert_eq!(acknowledged.insert(index, entry(number)), None);
        }
    }
    drop(log);
    assert!(acknowledged.len() >= 8, "{}", acknowledged.len());
    let log = open(server.port(), &key);
    let size = log.close().unwrap().size;
    let files = cloud(server.port());
    let mut found = Vec::new();
    let whole = verify(&*files, &[&key.note_key()], &mut |_, bytes| found.push(bytes.to_vec())).unwrap();
    assert_eq!((whole.problems, found.len() as u64), (vec![], size));
    for (index, entry) in acknowledged {
        assert_eq!(found[usize::try_from(index).unwrap()], entry);
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len() as u64, size, "an entry is there twice");
}
