//! A writer whose clock was years ahead, in a log whose signatures bear a time: refused after it, and gone on with when asked to.

use crate::support::ORIGIN;
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::{Clock, Log, LogError, NoteSigner, WriterOptions};
use std::sync::Arc;

const NOW: u64 = 1_795_417_200;
const AHEAD: u64 = NOW + 300_000_000;

fn clock(shows: u64) -> Clock {
    Box::new(move || shows)
}

/// Appends with a clock that shows this, and says how far the log then is.
fn append(log: Result<Log, LogError>) -> Result<u64, LogError> {
    let log = log?;
    let index = log.submit(b"an entry".to_vec())?.wait()?;
    log.close()?;
    Ok(index)
}

/// What opening and appending comes to: after a time ahead, with the right time, when told, and after that.
fn story(open: &dyn Fn(Clock, WriterOptions) -> Result<Log, LogError>) {
    let usual = WriterOptions::default();
    let told = WriterOptions { clock_was_wrong: true, ..usual };
    assert_eq!(append(open(clock(AHEAD), usual)).unwrap(), 0);
    let refused = append(open(clock(NOW), usual)).unwrap_err();
    assert!(matches!(refused, LogError::ClockWentBack { last: AHEAD, now: NOW, .. }), "{refused}");
    assert!(refused.to_string().contains("--clock-was-wrong"), "{refused}");
    assert_eq!(append(open(clock(NOW), told)).unwrap(), 1);
    assert_eq!(append(open(clock(NOW), usual)).unwrap(), 2);
}

fn signer() -> impl Fn() -> NoteSigner {
    let key = SigningKey::generate(KeyAlgorithm::MlDsa44).unwrap().to_pkcs8().unwrap().to_vec();
    move || NoteSigner::for_log(ORIGIN, Box::new(SigningKey::from_pkcs8(&key).unwrap())).unwrap()
}

#[test]
fn a_folder_goes_on_after_a_clock_that_was_ahead_when_told() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), signer());
    let disk = || Arc::new(Disk::new(folder.path()));
    Log::create(disk(), signer(), clock(NOW)).unwrap().close().unwrap();
    story(&|clock, options| Log::open(disk(), signer(), clock, options));
}

#[cfg(feature = "cloud")]
#[test]
fn an_object_store_goes_on_after_a_clock_that_was_ahead_when_told() {
    use bartizan_evidence::log::storage::Cloud;
    let memory = Arc::new(object_store::memory::InMemory::new());
    let cloud = Arc::new(Cloud::over(memory, "log", "memory").unwrap());
    let signer = signer();
    Log::create_in(cloud.clone(), signer(), clock(NOW)).unwrap().close().unwrap();
    story(&|clock, options| Log::open_in(cloud.clone(), signer(), clock, options));
}
