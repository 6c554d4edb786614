//! SentencePiece tokenizers (`tokenizer.model`, `spiece.model`): pieces, training settings, normalisation rules.
//!
//! Source: SentencePiece `src/sentencepiece_model.proto`. Cost: one pass over the pieces; the character map, a compiled
//! trie, is measured and not read.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use super::tokenizer::rewriting::TOKENIZER_TAMPERED;
use crate::text::indicators;
use crate::wire::protobuf::{self, Field, ProtobufError, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Location, Rule, Severity, is_invisible, printable};
use std::collections::HashSet;

/// SentencePiece models.
pub static SENTENCEPIECE: SentencePiece = SentencePiece;

/// See [`SENTENCEPIECE`].
#[derive(Debug, Clone, Copy)]
pub struct SentencePiece;

/// Field numbers of `ModelProto` and its parts.
mod field {
    pub(super) const PIECE: u32 = 1;
    pub(super) const NORMALIZER: u32 = 3;
    pub(super) const DENORMALIZER: u32 = 5;
    pub(super) const TEXT: u32 = 1;
    pub(super) const SCORE: u32 = 2;
    pub(super) const KIND: u32 = 3;
    pub(super) const CHARACTER_MAP: u32 = 2;
    pub(super) const RULES: u32 = 6;
}

/// Pieces looked at to recognise a model.
const RECOGNISED_BY: usize = 3;
/// Piece types that were written by hand and not learned: control and user-defined.
const BY_HAND: [u64; 2] = [3, 4];
/// Pieces written by hand that are longer than this are sentences, in bytes.
const LONG: usize = 120;
/// Most findings about pieces.
const MOST_TOLD: usize = 16;
/// Pieces between looks at the clock.
const CHECK_EVERY: usize = 1 << 14;

impl Format for SentencePiece {
    fn id(&self) -> &'static str {
        "sentencepiece"
    }

    fn name(&self) -> &'static str {
        "SentencePiece tokenizer"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["model", "spm"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TOKENIZER_TAMPERED, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let mut pieces = protobuf::fields(input.bytes).take(RECOGNISED_BY);
        let is_piece = |field: Result<Field<'_>, ProtobufError>| {
            let Some(piece) = field.ok().filter(|field| field.number == field::PIECE).and_then(|f| f.bytes())
            else {
                return false;
            };
            let mut parts = protobuf::fields(piece).map_while(Result::ok);
            let text = parts.next().filter(|part| part.number == field::TEXT);
            let score = parts.next().filter(|part| part.number == field::SCORE);
            text.is_some_and(|part| part.text().is_some())
                && score.is_some_and(|part| matches!(part.value, Value::Fixed32(_)))
        };
        let all = pieces.by_ref().map(is_piece).collect::<Vec<bool>>();
        if all.len() == RECOGNISED_BY && all.into_iter().all(|each| each) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if let Err(error) = read(input.bytes, scan) {
            broken(scan, 0, format!("the SentencePiece model breaks off: {error}"));
        }
    }
}

fn read(model: &[u8], scan: &mut Scan<'_>) -> Result<(), ProtobufError> {
    let mut seen = HashSet::new();
    let mut told = 0usize;
    for (index, field) in protobuf::fields(model).enumerate() {
        let field = field?;
        if index.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
            return Ok(());
        }
        let Some(part) = field.bytes() else { continue };
        match field.number {
            field::PIECE => {
                let piece = Piece::read(part)?;
                if told < MOST_TOLD && piece.report(&mut seen, field.value_offset, scan) {
                    told = told.saturating_add(1);
                }
            }
            field::NORMALIZER => rules(part, "normaliser", field.value_offset, scan)?,
            field::DENORMALIZER => rules(part, "denormaliser", field.value_offset, scan)?,
            _ => {}
        }
    }
    Ok(())
}

/// One entry of the vocabulary.
#[derive(Debug, Clone, Copy, Default)]
struct Piece<'a> {
    text: &'a [u8],
    score: f32,
    kind: u64,
}

impl<'a> Piece<'a> {
    fn read(part: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut piece = Self { kind: 1, ..Self::default() };
        for field in protobuf::fields(part) {
            let field = field?;
            match (field.number, field.value) {
                (field::TEXT, Value::Bytes(text)) => piece.text = text,
                (field::SCORE, Value::Fixed32(bits)) => piece.score = f32::from_bits(bits),
                (field::KIND, Value::Varint(kind)) => piece.kind = kind,
                _ => {}
            }
        }
        Ok(piece)
    }

    /// Whether something was reported.
    fn report(&self, seen: &mut HashSet<&'a [u8]>, offset: usize, scan: &mut Scan<'_>) -> bool {
        let text = String::from_utf8_lossy(self.text);
        let shown = printable(&text, 120);
        if !self.score.is_finite() {
            malformed(scan, offset, format!("the score of the piece `{shown}` is no finite number"));
            return true;
        }
        // Which of two equal pieces counts differs between readers.
        if !seen.insert(self.text) {
            malformed(scan, offset, format!("the piece `{shown}` stands in the vocabulary twice"));
            return true;
        }
        if !BY_HAND.contains(&self.kind) {
            return false;
        }
        let place = Location { offset: Some(offset as u64), ..Location::default() };
        indicators::inspect_metadata(&text, &place, scan);
        let words =
            text.split(['\u{2581}', ' ']).filter(|word| word.chars().any(char::is_alphabetic)).count();
        let what = if text.len() > LONG && words > 8 {
            "is a text and no token"
        } else if !text.is_empty() && text.chars().all(|c| is_invisible(c) && !c.is_whitespace()) {
            "cannot be seen"
        } else {
            return false;
        };
        scan.report(
            Finding::new(&TOKENIZER_TAMPERED, format!("the piece `{shown}`, added by hand, {what}"))
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
                .located(&place),
        );
        true
    }
}

/// Judges a normaliser specification: rules in plain sight, and any rule at all on what the model answers.
fn rules(part: &[u8], which: &str, base: usize, scan: &mut Scan<'_>) -> Result<(), ProtobufError> {
    for field in protobuf::fields(part) {
        let field = field?;
        let offset = base.saturating_add(field.value_offset);
        let Some(bytes) = field.bytes().filter(|bytes| !bytes.is_empty()) else { continue };
        if field.number == field::CHARACTER_MAP && which == "denormaliser" {
            let message = "a character map rewrites what the model answers";
            scan.report(
                Finding::new(&TOKENIZER_TAMPERED, message)
                    .severity(Severity::Medium)
                    .confidence(Confidence::Medium)
                    .at(offset as u64),
            );
        }
        if field.number == field::RULES {
            for line in String::from_utf8_lossy(bytes).lines() {
                if let Some((from, to)) = replaced_words(line) {
                    let message = format!(
                        "the tokenizer's {which} replaces `{}` by `{}`",
                        printable(&from, 120),
                        printable(&to, 120)
                    );
                    scan.report(Finding::new(&TOKENIZER_TAMPERED, message).at(offset as u64));
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Both sides of a rule (`source TAB target`, code points in hexadecimal) that puts a word where another word was.
///
/// Unicode normalisation maps single characters, ligatures and short sequences (three Jamo to one syllable); nothing of it
/// takes three letters and gives none, or three others.
fn replaced_words(line: &str) -> Option<(String, String)> {
    let (from, to) = line.split_once('\t')?;
    let decode = |side: &str| -> String {
        side.split(' ')
            .filter_map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
            .collect()
    };
    let (from, to) = (decode(from), decode(to));
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    let is_word = letters(&from) >= 3 && matches!(letters(&to), 0 | 3..);
    (is_word && from.to_lowercase() != to.to_lowercase()).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
        let length = value.len();
        let low = [(length & 0x7f) as u8 | 0x80, (length >> 7) as u8];
        [&[number << 3 | 2], low.as_slice(), value].concat()
    }

    fn piece(text: &str, score: f32, kind: u8) -> Vec<u8> {
        let part =
            [bytes(1, text.as_bytes()), [&[0x15], score.to_le_bytes().as_slice()].concat(), vec![0x18, kind]];
        bytes(1, &part.concat())
    }

    fn model(more: &[u8]) -> Vec<u8> {
        let head = [piece("<unk>", 0.0, 2), piece("<s>", 0.0, 3), piece("\u{2581}the", -1.0, 1)].concat();
        [head, more.to_vec()].concat()
    }

    fn rule(from: &str, to: &str) -> Vec<u8> {
        let codes =
            |text: &str| text.chars().map(|c| format!("{:X}", u32::from(c))).collect::<Vec<_>>().join(" ");
        bytes(3, &bytes(6, format!("{}\t{}\n", codes(from), codes(to)).as_bytes()))
    }

    #[test]
    fn an_ordinary_model_is_recognised_and_silent() {
        let whole = model(&rule("\u{fb01}", "fi"));
        assert_eq!(SENTENCEPIECE.recognise(&Input::new("x", &whole)), Recognition::Certain);
        assert_eq!(rules_of(&SENTENCEPIECE, &whole), Vec::<&str>::new());
        assert_eq!(SENTENCEPIECE.recognise(&Input::new("x", &bytes(1, b"net"))), Recognition::No);
    }

    #[test]
    fn a_rule_that_swaps_a_word_is_high_and_one_that_folds_case_is_silent() {
        let found = outcome(&SENTENCEPIECE, &model(&rule("deny", "allow")));
        assert_eq!(
            (found.findings[0].message.as_str(), found.findings[0].severity),
            ("the tokenizer's normaliser replaces `deny` by `allow`", Severity::High)
        );
        assert_eq!(rules_of(&SENTENCEPIECE, &model(&rule("DENY", "deny"))), Vec::<&str>::new());
    }

    #[test]
    fn a_map_over_the_answers_is_medium() {
        let found = outcome(&SENTENCEPIECE, &model(&bytes(5, &bytes(2, b"trie"))));
        assert_eq!(found.findings[0].severity, Severity::Medium);
        assert_eq!(rules_of(&SENTENCEPIECE, &model(&bytes(3, &bytes(2, b"trie")))), Vec::<&str>::new());
    }

    #[test]
    fn doubled_pieces_and_impossible_scores_are_malformed() {
        for more in [piece("<s>", 0.0, 1), piece("new", f32::NAN, 1)] {
            assert_eq!(rules_of(&SENTENCEPIECE, &model(&more)), ["model/malformed-structure"]);
        }
    }

    #[test]
    fn a_hidden_piece_is_told_and_white_space_is_not() {
        assert_eq!(
            rules_of(&SENTENCEPIECE, &model(&piece("\u{200b}\u{200d}", 0.0, 4))),
            ["model/tokenizer-tampered"]
        );
        assert_eq!(rules_of(&SENTENCEPIECE, &model(&piece("  ", 0.0, 4))), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(rest: Vec<u8>) {
            outcome(&SENTENCEPIECE, &model(&rest));
        }
    }
}
