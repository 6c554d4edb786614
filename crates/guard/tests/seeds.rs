//! The seeds of the fuzz targets of this crate's checks are read, and each target is listed.
#![cfg(test)]

use bartizan_guard::check::corpus::CorpusFilter;
use bartizan_guard::check::topics::TopicModel;
use sha2::{Digest as _, Sha256};
use std::path::Path;

#[test]
fn the_readers_of_files_have_targets_and_seeds_that_are_such_files() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in ["guard-corpus", "guard-topic", "guard-answer", "guard-resp", "guard-http"] {
        assert!(targets.contains(&format!("name = \"{name}\"\n")), "{name}");
        assert!(std::fs::read_dir(fuzz.join("seeds").join(name)).unwrap().next().is_some(), "{name}");
    }
    let seed = std::fs::read(fuzz.join("seeds/guard-corpus/empty.filter")).unwrap();
    assert_eq!(CorpusFilter::read(seed).unwrap().keys(), 0);
}

#[test]
fn the_seeds_of_topics_are_heads_of_classifiers() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/guard-topic");
    for (name, rates) in [("two-rates.head", 2), ("nothing.head", 0)] {
        let mut bytes = std::fs::read(seeds.join(name)).unwrap();
        bytes.resize(bytes.len() + TopicModel::WEIGHTS * 2, 0);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        let model = TopicModel::read(&bytes).unwrap();
        assert_eq!((model.rates.len(), model.words.len()), (rates, rates));
        assert_eq!(model.write(), bytes);
    }
}

#[cfg(feature = "gateway")]
#[test]
fn the_seed_of_replies_is_one() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/guard-resp");
    let bytes = std::fs::read(seeds.join("nested.resp")).unwrap();
    let (reply, length) = bartizan_guard::gateway::Reply::read(&bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    assert!(matches!(reply, bartizan_guard::gateway::Reply::Array(items) if items.len() == 3));
}

#[cfg(feature = "gateway")]
#[test]
fn the_seeds_of_messages_are_messages_or_refused_as_their_names_say() {
    use bartizan_guard::gateway::http1::{AnswerHead, RequestHead, head_end};
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/guard-http");
    for entry in std::fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let end = head_end(&bytes, &mut 0).unwrap().unwrap();
        let head = bytes::Bytes::copy_from_slice(&bytes[..end]);
        let is_read = if name.starts_with("answer") {
            AnswerHead::read(&head, 64, &hyper::Method::POST).is_ok()
        } else {
            RequestHead::read(&head, 64).is_ok()
        };
        assert_eq!(is_read, !name.contains("refused"), "{name}");
    }
}
