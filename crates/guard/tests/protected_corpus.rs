//! The filter over a protected corpus and answers that repeat it by design, where they are at hand (`BARTIZAN_CORPUS`).
#![cfg(test)]

use bartizan_guard::check::corpus::CorpusBuilder;
use bartizan_guard::check::{Checks, Policy, Session};
use bartizan_guard::exchange::Exchange;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

fn unpacked(path: PathBuf) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn long_repeats_are_told_and_short_ones_are_not() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS").map(PathBuf::from) else { return };
    let mut builder = CorpusBuilder::usual();
    builder.add(&unpacked(corpus.join("runtime/leakage/protected.txt.gz")));
    let filter = builder.build().unwrap();
    let mut policy = Policy::default();
    policy.corpus.filters.push(PathBuf::from("protected.filter"));
    policy.corpus.block_words = 12;
    let checks = Checks::new(&policy, &|_| Ok(filter.clone())).unwrap();
    // For each kind: repeats of 12 words and more, those told, shorter ones, those told.
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for line in unpacked(corpus.join("runtime/leakage/responses_shared.jsonl.gz")).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let mut judge = checks.answer(&Exchange::default(), &Session::new([0; 32]));
        let mut releases = vec![judge.push(row["text"].as_str().unwrap())];
        releases.push(judge.finish());
        let told = releases.iter().flat_map(|one| one.reasons.iter().chain(&one.blocked));
        let told = told.filter(|reason| reason.check == "guard/regurgitation").count() > 0;
        let repeats = row["max_run_words"].as_u64().unwrap_or(0) >= 12;
        let count = counts.entry(row["kind"].as_str().unwrap().to_owned()).or_default();
        count[if repeats { 0 } else { 2 }] += 1;
        count[if repeats { 1 } else { 3 }] += usize::from(told);
    }
    for (kind, [long, told, short, wrong]) in &counts {
        println!("{kind:24} {told:4} of {long:4} repeats, {wrong:4} of {short:4} others");
    }
    let [long, told, ..] = counts["verbatim"];
    assert_eq!(told, long);
    let wrong: usize = ["other_chat", "devref_same_domain", "debian_faq_same_domain"]
        .iter()
        .map(|kind| counts[*kind][3])
        .sum();
    assert!(wrong <= 5, "{wrong}");
}
