//! The seeds of the fuzz targets of this crate's checks are read, and each target is listed.
#![cfg(test)]

use bartizan_guard::check::corpus::CorpusFilter;
use std::path::Path;

#[test]
fn the_reader_of_filters_has_a_target_and_a_seed_that_is_one() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in ["guard-corpus", "guard-answer", "guard-resp", "guard-http"] {
        assert!(targets.contains(&format!("name = \"{name}\"\n")), "{name}");
        assert!(std::fs::read_dir(fuzz.join("seeds").join(name)).unwrap().next().is_some(), "{name}");
    }
    let seed = std::fs::read(fuzz.join("seeds/guard-corpus/empty.filter")).unwrap();
    assert_eq!(CorpusFilter::read(seed).unwrap().keys(), 0);
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
