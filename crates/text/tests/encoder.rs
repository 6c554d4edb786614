//! The encoder against the reference implementation: pieces by `tokenizers` 0.22, and `transformers` 5.24 on the 32-bit weights
//! that `train_injection/tune.py` left before they were rounded, hidden states behind the fourth layer. `data/encoder.json` holds
//! what they gave.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

use bartizan_text::encoder::Encoder;
use bartizan_text::encoder::forward::{WIDTH, WINDOW};

const GOLDEN: &str = include_str!("data/encoder.json");

fn encoder() -> &'static Encoder {
    bartizan_text::encoder::shipped().unwrap_or_else(|error| panic!("{error}"))
}

fn rows() -> Vec<serde_json::Value> {
    serde_json::from_str(GOLDEN).unwrap_or_else(|error| panic!("{error}"))
}

fn floats(list: &serde_json::Value) -> Vec<f32> {
    list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).map(|x| x as f32).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn pieces_are_those_of_the_reference() {
    let words = &encoder().words;
    for row in rows() {
        let text = row["text"].as_str().unwrap_or_default();
        let expected: Vec<&str> =
            row["pieces"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        let pieces = words.pieces(text, WINDOW - 2);
        let found: Vec<&str> = pieces.iter().filter_map(|piece| words.entry(piece.id)).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn vectors_are_those_of_the_reference_within_the_rounding_of_the_weights() {
    let encoder = encoder();
    for row in rows() {
        let text = row["text"].as_str().unwrap_or_default();
        let tokens =
            encoder.tokens(&encoder.words.pieces(text, WINDOW)).unwrap_or_else(|error| panic!("{error}"));
        let count = tokens.len() / WIDTH;
        let mean: Vec<f32> =
            (0..WIDTH).map(|at| tokens.iter().skip(at).step_by(WIDTH).sum::<f32>() / count as f32).collect();
        let whole = cosine(&mean, &floats(&row["mean"]));
        let one = floats(&row["last"]);
        let at = (count - 2) / 2 * WIDTH;
        let single = cosine(&tokens[at..at + one.len()], &one);
        assert!(whole > 0.995 && single > 0.97, "mean {whole}, one token {single}: {text}");
    }
}
