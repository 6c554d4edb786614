//! The encoders that `tune.py` made, in integers as they ship, and how they score texts.

use crate::join::MOST_WINDOWS;
use bartizan_text::encoder::Encoder;
use bartizan_text::encoder::container::{self, Tensor};
use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::meaning::{FEATURES, Meaning, windows};
use sha2::{Digest, Sha256};

/// Families that are held out together: an encoder takes minutes to tune, so there is one for a group of families instead of
/// one for each. The last group holds what was made to look like an attack.
pub(crate) const GROUPS: [(&str, &[&str]); 4] = [
    ("one", &["atr", "hh", "advbench"]),
    ("two", &["bipia", "gpteacher"]),
    ("three", &["jailbreaks", "alpaca"]),
    ("four", &["tensor", "innocents"]),
];
/// The group of the encoder that was tuned on everything.
pub(crate) const ALL: &str = "all";

/// The group that holds a family out.
pub(crate) fn group(family: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(_, families)| families.contains(&family)).map(|(name, _)| *name)
}

/// An encoder with the linear model that was tuned along with it.
pub(crate) struct Tuned {
    encoder: Encoder,
    pub(crate) meaning: Meaning,
}

impl Tuned {
    /// Reads `FOLDER/GROUP/encoder.safetensors` and `head.safetensors`.
    pub(crate) fn read(folder: &str, group: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let file = std::fs::read(format!("{folder}/{group}/encoder.safetensors"))?;
        let encoder = Encoder::read(&file, &bartizan_core::hex(&Sha256::digest(&file)))?;
        let file = std::fs::read(format!("{folder}/{group}/head.safetensors"))?;
        let head = container::read(&file)?;
        let floats = |name: &str| head.get(name).map(Tensor::floats).unwrap_or_default();
        let (weights, bias) = (floats("weight"), floats("bias"));
        if weights.len() != FEATURES || bias.len() != 1 {
            return Err(format!("{folder}/{group}/head.safetensors has another shape").into());
        }
        let meaning = Meaning {
            weights,
            bias: bias[0],
            joint: [1.0, 1.0, 0.0],
            curve: [1.0, 0.0],
            flag: 0.0,
            block: 1.0,
        };
        Ok(Self { encoder, meaning })
    }

    /// Margins of the windows of texts that look most like an attack, on two threads.
    pub(crate) fn margins(&self, texts: &[&str]) -> Vec<f32> {
        let score = |texts: &[&str]| -> Vec<f32> { texts.iter().map(|text| self.margin(text)).collect() };
        let (left, right) = texts.split_at(texts.len() / 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| score(right));
            let mut all = score(left);
            all.extend(other.join().unwrap_or_default());
            all
        })
    }

    fn margin(&self, text: &str) -> f32 {
        let found = windows(&self.encoder, Canonical::of(text).text(), MOST_WINDOWS).unwrap_or_default();
        found.iter().map(|window| self.meaning.margin(&window.features)).fold(-20.0, f32::max)
    }
}
