//! The tuned encoders with their heads, and how the margin of the meaning joins that of the words.
//!
//! `tune.py` tunes an encoder and a linear model over its features together, once without each group of families and once on
//! all. The join is a logistic model of two margins, both from models that had not seen the text's family.

use crate::Corpus;
use bartizan_text::encoder::container::{self, Tensor};
use bartizan_text::encoder::{self, Encoder};
use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::meaning::{FEATURES, Meaning, windows};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Windows of a text that are trained on and scored at most.
pub(crate) const MOST_WINDOWS: usize = 4;

/// Families of the corpus and of harmless texts that are scored by one encoder which has seen none of them. A family is in one group;
/// those of `dev.jsonl` alone are in none, as no encoder was tuned on them.
const GROUPS: [(&str, &[&str]); 4] = [
    ("one", &["atr", "hh", "advbench", "manual"]),
    ("two", &["bipia", "gpteacher", "dialogue", "code"]),
    ("three", &["jailbreaks", "alpaca", "prompting", "foreign"]),
    ("four", &["tensor", "innocents", "task"]),
];

/// The groups with all families that encoders are tuned on: to those of [`GROUPS`] the families of gathered attacks are dealt out in
/// turn.
pub(crate) fn groups(corpus: &Corpus) -> Vec<(&'static str, Vec<usize>)> {
    let mut groups: Vec<(&str, Vec<usize>)> = GROUPS
        .iter()
        .map(|(name, families)| (*name, families.iter().map(|family| corpus.family(family)).collect()))
        .collect();
    let held = corpus.held_out().into_iter().filter(|family| corpus.gathered(*family));
    let tuned = held.filter(|family| corpus.members(*family).any(|at| corpus.tuned(at)));
    for (number, family) in tuned.enumerate() {
        groups[number % GROUPS.len()].1.push(family);
    }
    groups
}

/// The group that holds out nothing: the encoder that ships.
pub(crate) const ALL: &str = "all";

/// An encoder and the head that was tuned with it.
struct Tuned {
    encoder: Encoder,
    /// SHA-256 of the encoder's file, in hexadecimal.
    digest: String,
    head: Meaning,
}

impl Tuned {
    /// Reads what `tune.py` and `quantise_encoder` left for a group in `folder`.
    fn read(folder: &str, group: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let load = |name: &str| {
            let path = Path::new(folder).join(group).join(name);
            std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let file = load("encoder.safetensors")?;
        let digest = bartizan_core::hex(&Sha256::digest(&file));
        let tuned = load("model.safetensors")?;
        let head = head(&container::read(&tuned)?)?;
        Ok(Self { encoder: Encoder::read(&file, &digest)?, digest, head })
    }

    /// For each text the margin of the window that looks most like an attack; with two threads.
    fn margins(&self, texts: &[&str]) -> Vec<f32> {
        margins(&self.encoder, &self.head, texts)
    }
}

/// For each text the margin of the window that looks most like an attack; with two threads.
pub(crate) fn margins(encoder: &Encoder, head: &Meaning, texts: &[&str]) -> Vec<f32> {
    let read = |part: &[&str]| -> Vec<f32> {
        part.iter()
            .map(|text| {
                let found = windows(encoder, Canonical::of(text).text(), MOST_WINDOWS).unwrap_or_default();
                found.iter().map(|window| head.margin(&window.features)).fold(-20.0, f32::max)
            })
            .collect()
    };
    let (left, right) = texts.split_at(texts.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| read(right));
        let mut margins = read(left);
        margins.extend(other.join().unwrap_or_default());
        margins
    })
}

/// What the tuned encoders make of the texts, and the head of the one that ships: a file in the source, as tuning takes long.
pub(crate) struct Unseen {
    /// The margin of each text to train on or to score by an encoder that has not seen its family; NaN for those that are never held out.
    pub(crate) margins: Vec<f32>,
    /// The head of the encoder that ships.
    pub(crate) head: Meaning,
}

impl Unseen {
    /// Runs the encoders of `folder` over the texts of the families they have not seen, and writes the file `path`.
    pub(crate) fn score(corpus: &Corpus, folder: &str, path: &str) -> Result<(), Box<dyn std::error::Error>> {
        let mut unseen = vec![f32::NAN; corpus.scored];
        for (group, families) in groups(corpus) {
            let members: Vec<usize> = families.into_iter().flat_map(|family| corpus.judged(family)).collect();
            let found = Tuned::read(folder, group)?.margins(&corpus.texts_of(&members));
            for (at, margin) in members.iter().zip(found) {
                unseen[*at] = margin;
            }
        }
        for family in corpus.held_out() {
            if corpus.members(family).any(|at| corpus.tuned(at) && unseen[at].is_nan()) {
                return Err(format!("no group of families holds out {}", corpus.families[family]).into());
            }
        }
        let unseen: Vec<f32> =
            (0..corpus.scored).filter(|at| corpus.tuned(*at)).map(|at| unseen[at]).collect();
        let tuned = Tuned::read(folder, ALL)?;
        let bytes = |floats: &[f32]| -> Vec<u8> { floats.iter().flat_map(|x| x.to_le_bytes()).collect() };
        let (margins, weights, bias) =
            (bytes(&unseen), bytes(&tuned.head.weights), bytes(&[tuned.head.bias]));
        let digest = corpus.digest();
        let tensor =
            |kind: &str, bytes, length: usize| Tensor { kind: kind.to_owned(), shape: vec![length], bytes };
        let tensors = BTreeMap::from([
            ("encoder".to_owned(), tensor("U8", tuned.digest.as_bytes(), tuned.digest.len())),
            ("head.bias".to_owned(), tensor("F32", &bias, 1)),
            ("head.weight".to_owned(), tensor("F32", &weights, FEATURES)),
            ("margins".to_owned(), tensor("F32", &margins, unseen.len())),
            ("texts".to_owned(), tensor("U8", digest.as_bytes(), digest.len())),
        ]);
        let about = BTreeMap::from([("format".to_owned(), "bartizan-unseen-1".to_owned())]);
        Ok(std::fs::write(path, container::write(&tensors, &about))?)
    }

    /// Reads the file; it must be of these texts and of the encoder in the program, which scores gathered attacks here.
    pub(crate) fn read(corpus: &Corpus, path: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let file = std::fs::read(path)?;
        let tensors = container::read(&file)?;
        let same = |name: &str, expected: &str| {
            if tensors.get(name).is_some_and(|tensor| tensor.bytes == expected.as_bytes()) {
                Ok(())
            } else {
                Err(format!(
                    "{path} was made with other {name}: run `cargo xtask train encoder`, and put the digest of its encoder into encoder::DIGEST"
                ))
            }
        };
        same("texts", &corpus.digest())?;
        same("encoder", encoder::DIGEST)?;
        let head = head(&tensors)?;
        let (known, rest): (Vec<usize>, Vec<usize>) = (0..corpus.scored).partition(|at| corpus.tuned(*at));
        let rest: Vec<usize> =
            rest.into_iter().filter(|at| corpus.gathered(corpus.examples[*at].family)).collect();
        let found = margins(encoder::shipped()?, &head, &corpus.texts_of(&rest));
        let mut all = vec![f32::NAN; corpus.scored];
        let told = values(&tensors, "margins", known.len())?;
        for (at, margin) in known.into_iter().zip(told).chain(rest.into_iter().zip(found)) {
            all[at] = margin;
        }
        Ok(Self { margins: all, head })
    }
}

fn values(tensors: &BTreeMap<String, Tensor<'_>>, name: &str, length: usize) -> Result<Vec<f32>, String> {
    let floats = tensors.get(name).map(Tensor::floats).unwrap_or_default();
    if floats.len() == length { Ok(floats) } else { Err(format!("no tensor {name} of {length} values")) }
}

/// The linear model over features, before it is joined with the words.
fn head(tensors: &BTreeMap<String, Tensor<'_>>) -> Result<Meaning, String> {
    Ok(Meaning {
        weights: values(tensors, "head.weight", FEATURES)?,
        bias: values(tensors, "head.bias", 1)?[0],
        joint: [1.0, 1.0, 0.0],
        curve: [1.0, 0.0],
        flag: 0.0,
        block: 1.0,
    })
}

/// A text as the join sees it: margin of the words, margin of the meaning, whether it is an attack, what it counts.
pub(crate) type Pair = (f32, f32, bool, f32);

/// Shares of both margins and the shift that tell attacks best, by Newton's method with a slight pull to equal shares.
pub(crate) fn join(pairs: &[Pair]) -> [f32; 3] {
    let mut shares = [0.5_f64, 0.5, 0.0];
    for _ in 0..40 {
        let mut slope = [1e-4 * (shares[0] - 0.5), 1e-4 * (shares[1] - 0.5), 0.0];
        let mut curve = [[1e-4, 0.0, 0.0], [0.0, 1e-4, 0.0], [0.0, 0.0, 1e-9]];
        for (words, meaning, attack, weight) in pairs {
            let row = [f64::from(*words), f64::from(*meaning), 1.0];
            let margin: f64 = row.iter().zip(&shares).map(|(x, share)| x * share).sum();
            let p = 1.0 / (1.0 + (-margin).exp());
            let error = (p - f64::from(u8::from(*attack))) * f64::from(*weight);
            let bend = p * (1.0 - p) * f64::from(*weight);
            for i in 0..3 {
                slope[i] += error * row[i];
                for j in 0..3 {
                    curve[i][j] += bend * row[i] * row[j];
                }
            }
        }
        let moved = solve(curve, slope);
        for (share, moved) in shares.iter_mut().zip(moved) {
            *share -= moved.clamp(-1.0, 1.0);
        }
    }
    shares.map(|share| share as f32)
}

/// Solves three equations by Cramer's rule.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let det = |m: &[[f64; 3]; 3]| -> f64 {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det(&a);
    std::array::from_fn(|column| {
        let mut replaced = a;
        for (row, value) in replaced.iter_mut().zip(b) {
            row[column] = value;
        }
        det(&replaced) / whole
    })
}

/// Half of the weight to either side; within a side a source counts by the root of its size.
pub(crate) fn weigh(sources: &[(&str, bool)]) -> Vec<f32> {
    let mut counts: BTreeMap<(&str, bool), f32> = BTreeMap::new();
    for key in sources {
        *counts.entry(*key).or_insert(0.0) += 1.0;
    }
    let raw: Vec<f32> = sources.iter().map(|key| 1.0 / counts[key].sqrt()).collect();
    let total = |attack: bool| -> f32 {
        sources.iter().zip(&raw).filter(|(key, _)| key.1 == attack).map(|(_, raw)| raw).sum()
    };
    let totals = [total(false), total(true)];
    sources.iter().zip(&raw).map(|(key, raw)| raw / totals[usize::from(key.1)].max(1e-9)).collect()
}
