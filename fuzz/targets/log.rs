//! The formats of the transparency log under the fuzzer: the program's own name says which, see `fuzz/Cargo.toml`.
#![no_main]

use bartizan_evidence::log::Checkpoint;
use bartizan_evidence::log::bundle;
use bartizan_evidence::log::entry::LogEntry;
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::note_key::NoteKey;
use bartizan_evidence::log::policy::Policy;
use bartizan_evidence::log::proof_file::ProofFile;
use bartizan_evidence::log::size_in_object_journal;
use bartizan_evidence::log::tile::TilePath;
use bartizan_evidence::log::witness::AddCheckpoint;
use bartizan_evidence::timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    match env!("CARGO_BIN_NAME") {
        "log-note" => {
            if let Ok(note) = Note::parse(data) {
                assert_eq!(note.to_string().as_bytes(), data);
                let _ = Checkpoint::parse(note.text());
            }
            let _ = text.parse::<NoteKey>();
        }
        "log-checkpoint" => {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                assert_eq!(checkpoint.to_string(), text);
            }
        }
        "log-tile-path" => {
            if let Ok(path) = text.parse::<TilePath>() {
                assert_eq!(path.to_string(), text);
            }
        }
        "log-proof" => {
            if let Ok(proof) = ProofFile::parse(data) {
                assert_eq!(proof.to_string().as_bytes(), data);
            }
        }
        "log-bundle" => (0..=256).step_by(16).for_each(|count| drop(bundle::entries(data, count))),
        "log-entry" => drop(LogEntry::from_bytes(data)),
        "log-policy" => drop(Policy::parse(data)),
        "log-object-journal" => drop(size_in_object_journal(data)),
        "timestamp-token" => drop(timestamp::verify(data, timestamp::Content::Message(b"abc"), &[])),
        "log-request" => drop(AddCheckpoint::parse(data)),
        other => panic!("no target is called {other}"),
    }
});
