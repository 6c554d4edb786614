//! Writes the texts as windows of pieces, one object a line behind the vocabulary, for the trial that tunes the encoder (`tune.py`).

use crate::Corpus;
use crate::semantics::{MOST_WINDOWS, groups};
use bartizan_text::encoder;
use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::meaning::cuts;
use std::collections::BTreeMap;
use std::io::Write;

/// Writes the texts that encoders are tuned on to `path`: where they come from, what they are, the numbers of the pieces of their windows.
pub(crate) fn write(corpus: &Corpus, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let encoder = encoder::shipped()?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let names = |families: Vec<usize>| -> Vec<&str> {
        families.into_iter().map(|family| corpus.families[family].as_str()).collect()
    };
    let groups: BTreeMap<&str, Vec<&str>> =
        groups(corpus).into_iter().map(|(group, families)| (group, names(families))).collect();
    let about = serde_json::json!({ "vocabulary": encoder.words.entries(), "groups": groups });
    serde_json::to_writer(&mut file, &about)?;
    file.write_all(b"\n")?;
    for (at, (example, text)) in corpus.examples.iter().zip(&corpus.texts).enumerate() {
        if !corpus.tuned(at) {
            continue;
        }
        let windows: Vec<Vec<u32>> = cuts(&encoder.words, Canonical::of(text).text(), MOST_WINDOWS)
            .iter()
            .map(|pieces| pieces.iter().map(|piece| piece.id).collect())
            .collect();
        let row = serde_json::json!({
            "source": example.source,
            "family": corpus.families[example.family],
            "attack": example.attack,
            "operator": example.operator,
            "borrows": example.borrows.iter().map(|family| corpus.families[*family].as_str()).collect::<Vec<_>>(),
            "gathered": corpus.of_gathered(at),
            "train": at < corpus.train,
            "windows": windows,
        });
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

/// Writes to `path`, one list a line, what the windows of every text to train on are given by a model of words that has not seen
/// the text's family; an empty list for a made text that is never held out.
pub(crate) fn words(corpus: &Corpus, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut margins: Vec<Vec<f32>> = vec![Vec::new(); corpus.train];
    for family in corpus.held_out() {
        let weights = corpus.words_without(family);
        for at in corpus.members(family) {
            margins[at] = corpus.examples[at].runs.iter().map(|window| weights.margin(window)).collect();
        }
    }
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for row in margins {
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}
