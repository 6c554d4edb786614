//! Vectors of others: transparency-dev/merkle, Tessera's test log, Go's note, and a log made by an independent program.
//! They lie beside the corpus and are not part of this repository.

use bartizan_evidence::log::bundle;
use bartizan_evidence::log::checkpoint::{Checkpoint, SignedCheckpoint};
use bartizan_evidence::log::hash::{Hash, root_of};
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::policy::Policy;
use bartizan_evidence::log::proof::{
    verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};
use bartizan_evidence::log::proof_file::ProofFile;
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::tile::hashes_of;
use bartizan_evidence::log::{LogReader, NoteKey, read_checkpoint};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of specifications; none, and a word about it, when there is no corpus.
fn specs() -> Option<PathBuf> {
    let specs = std::env::var_os("BARTIZAN_CORPUS").map(|corpus| PathBuf::from(corpus).join("../specs"));
    let specs = specs.filter(|specs| specs.is_dir());
    if specs.is_none() {
        eprintln!("skipped: BARTIZAN_CORPUS is not set, or there are no specifications beside it");
    }
    specs
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

fn hashes(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().into_iter().flatten().map(hash).collect()
}

/// The vector's field as a hash. Where a vector has some other text, meaning that its value does not matter, any hash that
/// differs with the text will do.
fn hash(value: &Value) -> Option<Hash> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(Hash::from_base64(text).unwrap_or_else(|| Hash::leaf(text.as_bytes())))
}

/// Whether a vector of one kind is accepted.
fn accepts(kind: &str, vector: &Value) -> Option<bool> {
    let number = |name: &str| vector[name].as_u64();
    let proof = hashes(&vector["proof"])?;
    Some(match kind {
        "inclusion" => {
            let (leaf, root) = (hash(&vector["leafHash"])?, hash(&vector["root"])?);
            verify_inclusion(&leaf, number("leafIdx")?, number("treeSize")?, &proof, &root).is_ok()
        }
        "consistency" => {
            let (first, second) = (hash(&vector["root1"])?, hash(&vector["root2"])?);
            verify_consistency(number("size1")?, number("size2")?, &proof, &first, &second).is_ok()
        }
        "subtreeinclusion" => {
            let (leaf, root) = (hash(&vector["leafHash"])?, hash(&vector["root"])?);
            let range = (number("start")?, number("end")?);
            verify_subtree_inclusion(&leaf, number("leafIdx")?, range, &proof, &root).is_ok()
        }
        "subtreeconsistency" => {
            let (first, second) = (hash(&vector["root1"])?, hash(&vector["root2"])?);
            let range = (number("start")?, number("end")?);
            verify_subtree_consistency(range, number("size")?, &proof, &first, &second).is_ok()
        }
        other => panic!("a kind of vector that is not known: {other}"),
    })
}

#[test]
fn merkle_vectors_are_judged_as_they_say() {
    let Some(specs) = specs() else { return };
    let root = specs.join("merkle/testdata");
    let mut count = 0;
    for kind in ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"] {
        let mut files = Vec::new();
        json_files(&root.join(kind), &mut files);
        for file in files {
            let vector: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let refused = vector["wantErr"].as_bool().unwrap();
            let accepted = accepts(kind, &vector).unwrap_or(false);
            assert_eq!(accepted, !refused, "{}: {}", file.display(), vector["desc"]);
            count += 1;
        }
    }
    assert!(count >= 196, "only {count} vectors");
}

#[test]
fn the_note_of_go_verifies() {
    let Some(specs) = specs() else { return };
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(specs.join("note_vectors.json")).unwrap()).unwrap();
    let vector = &vectors["go_note"];
    let key: NoteKey = vector["vkey"].as_str().unwrap().parse().unwrap();
    let note = Note::parse(vector["signed"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(note.verify(&[&key]).is_ok(), vector["valid"].as_bool().unwrap());
}

#[test]
fn a_log_made_by_an_independent_program_verifies() {
    let Some(specs) = specs() else { return };
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(specs.join("note_vectors.json")).unwrap()).unwrap();
    let own = &vectors["own"];
    let text = |name: &str| own[name].as_str().unwrap();
    let log: NoteKey = text("log_vkey").parse().unwrap();
    let witness: NoteKey = text("witness_vkey").parse().unwrap();
    let signed = SignedCheckpoint::open(text("checkpoint").as_bytes(), &[&log]).unwrap();
    let entries: Vec<&str> =
        own["entries"].as_array().unwrap().iter().map(|each| each.as_str().unwrap()).collect();
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry.as_bytes())).collect();
    assert_eq!(signed.checkpoint.origin, text("origin"));
    assert_eq!(signed.checkpoint.root, root_of(&leaves));
    let believed = signed.note.verify(&[&witness]).unwrap();
    assert_eq!(believed[0].time, own["time"].as_u64());
    let size = signed.checkpoint.size;
    for (index, proof) in own["inclusion"].as_object().unwrap() {
        let index: u64 = index.parse().unwrap();
        let leaf = &leaves[usize::try_from(index).unwrap()];
        verify_inclusion(leaf, index, size, &hashes(proof).unwrap(), &signed.checkpoint.root).unwrap();
    }
    for (old, proof) in own["consistency_to_7"].as_object().unwrap() {
        let old_root = hash(&own["roots"][old]).unwrap();
        let old: u64 = old.parse().unwrap();
        let proof = hashes(proof).unwrap();
        verify_consistency(old, size, &proof, &old_root, &signed.checkpoint.root).unwrap();
    }
    let proof = ProofFile::parse(text("tlog_proof_5").as_bytes()).unwrap();
    assert_eq!(proof.to_string(), text("tlog_proof_5"));
    proof.verify(&leaves[5], &[&log]).unwrap();
    let policy = format!("log {log}\nwitness w {witness}\nquorum w\n");
    let satisfied = Policy::parse(policy.as_bytes()).unwrap().check(&proof.checkpoint, &[]).unwrap();
    assert_eq!(satisfied.witnesses, [("w".to_owned(), own["time"].as_u64().unwrap())]);
    let bundle_bytes = from_hex(text("bundle_hex"));
    assert_eq!(bundle::leaves(&bundle_bytes, size).unwrap(), leaves);
    assert_eq!(hashes_of(&from_hex(text("tile0_hex")), size).unwrap(), leaves);
}

fn from_hex(text: &str) -> Vec<u8> {
    let pair = |place: usize| u8::from_str_radix(&text[place..place + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[test]
fn every_checkpoint_of_another_implementation_is_that_of_its_tiles() {
    let Some(specs) = specs() else { return };
    let folder = specs.join("tessera/testdata/log");
    let disk = Disk::new(&folder);
    let mut count = 0;
    for size in 1..=15_u64 {
        let text = std::fs::read_to_string(folder.join(format!("checkpoint.{size}"))).unwrap();
        let note = Note::parse(text.as_bytes()).unwrap();
        assert_eq!(note.to_string(), text);
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        assert_eq!(checkpoint.size, size);
        let signed = SignedCheckpoint { checkpoint, note, believed: Vec::new() };
        let reader = LogReader::at(&disk, signed.clone());
        assert_eq!(reader.root_at(size).unwrap(), signed.checkpoint.root);
        for index in 0..size {
            let entry = reader.entry(index).unwrap();
            let leaf = Hash::leaf(&entry);
            reader.inclusion_proof(index, &leaf).unwrap();
            count += 1;
        }
        for old in 1..=size {
            reader.consistency_proof(old).unwrap();
        }
    }
    assert_eq!(count, 120);
    let stranger: NoteKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
    assert!(read_checkpoint(&disk, &[&stranger]).is_err());
}
