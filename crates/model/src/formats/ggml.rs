//! The formats before GGUF: GGML, GGMF, GGJT (llama.cpp, whisper.cpp), and GGLA and GGSN (LoRA adapters, sessions).
//!
//! Source: `llama.cpp` up to August 2023 and `whisper.cpp`. None of them says how long its parts are, so the layout of
//! each program that wrote them is tried until one ends exactly with the file. Cost: linear in vocabulary and tensors.

use crate::formats::hidden;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Cursor, Finding, Kind, Rule, Severity, ShortRead, atlas, cwe, owasp_llm, owasp_ml, rule,
};

/// The legacy ggml formats.
#[derive(Debug, Clone, Copy)]
pub struct Ggml;

impl Format for Ggml {
    fn id(&self) -> &'static str {
        "ggml"
    }

    fn name(&self) -> &'static str {
        "legacy GGML model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ggml", "bin", "ggjt", "ggmf", "ggla", "ggsn"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&GGML_MALFORMED, &hidden::HIDDEN_DATA]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        match Family::of(input.bytes) {
            Some(_) => Recognition::Certain,
            None if matches!(input.extension().as_ref(), "ggml" | "ggjt" | "ggmf" | "ggla") => {
                Recognition::Weak
            }
            None => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let Some(family) = Family::of(input.bytes) else {
            malformed(scan, Severity::Low, 0, "does not begin with a ggml magic");
            return scan.gap(0, "no ggml file: its content was searched for hidden files only");
        };
        let mut cursor = Cursor::at(input.bytes, 4);
        let version = if family == Family::Ggml { Ok(0) } else { cursor.u32_le() };
        let Ok(version) = version else { return truncated(scan, 4) };
        if !family.versions().contains(&version) {
            malformed(scan, Severity::Medium, 4, &format!("version {version} of {family:?} does not exist"));
            return scan.gap(4, "unknown ggml version; nothing behind it was read");
        }
        if family == Family::Ggsn {
            return scan.gap(
                8,
                "session state of llama.cpp is opaque; its content was searched for hidden files only",
            );
        }
        let mut furthest = Err(cursor.position());
        for layout in Layout::ALL.iter().filter(|layout| layout.fits(family)) {
            match layout.walk(cursor.clone(), family, version, scan) {
                Walked::Done => return,
                Walked::Left(offset) if furthest.is_err_and(|known| offset > known) => furthest = Ok(offset),
                Walked::Short(offset) if furthest.is_err_and(|known| offset > known) => {
                    furthest = Err(offset);
                }
                _ => {}
            }
        }
        let (Ok(offset) | Err(offset)) = furthest;
        if furthest.is_err() {
            truncated(scan, offset);
        } else {
            scan.gap(
                offset as u64,
                "weights follow a layout of ggml that no known program wrote; convert the model to GGUF",
            );
            malformed(scan, Severity::Low, offset, "its parts follow no known layout");
        }
    }
}

/// Which program family the magic names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Ggml,
    Ggmf,
    Ggjt,
    Ggla,
    Ggsn,
}

impl Family {
    /// The magic is a 32-bit number written little-endian, so it reads backwards; some writers wrote it as text.
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes.first_chunk::<4>()? {
            b"lmgg" | b"ggml" | b"GGML" => Self::Ggml,
            b"fmgg" | b"ggmf" | b"GGMF" => Self::Ggmf,
            b"tjgg" | b"ggjt" | b"GGJT" => Self::Ggjt,
            b"algg" | b"ggla" | b"GGLA" => Self::Ggla,
            b"nsgg" | b"ggsn" | b"GGSN" => Self::Ggsn,
            _ => return None,
        })
    }

    fn versions(self) -> std::ops::RangeInclusive<u32> {
        match self {
            Self::Ggml => 0..=0,
            Self::Ggmf | Self::Ggla => 1..=1,
            Self::Ggjt => 1..=3,
            Self::Ggsn => 0..=9,
        }
    }
}

/// How one program lays a file out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Seven hyperparameters, a vocabulary with scores, tensors.
    Llama,
    /// Eleven hyperparameters, mel filters, a vocabulary, tensors.
    Whisper,
    /// Two hyperparameters, tensors.
    Adapter,
}

/// How far a layout carried.
enum Walked {
    /// To the end of the file.
    Done,
    /// To a value the layout cannot mean.
    Left(usize),
    /// To the end of the file, with more wanted.
    Short(usize),
}

impl Layout {
    const ALL: [Self; 3] = [Self::Llama, Self::Whisper, Self::Adapter];

    fn fits(self, family: Family) -> bool {
        match self {
            Self::Adapter => family == Family::Ggla,
            Self::Whisper => family == Family::Ggml,
            Self::Llama => family != Family::Ggla,
        }
    }

    fn walk(self, mut cursor: Cursor<'_>, family: Family, version: u32, scan: &mut Scan<'_>) -> Walked {
        let head = match self {
            Self::Llama => llama_head(&mut cursor, family),
            Self::Whisper => whisper_head(&mut cursor),
            Self::Adapter => cursor.skip(8).map(|()| true),
        };
        match head {
            Ok(true) => {}
            Ok(false) => return Walked::Left(cursor.position()),
            Err(short) => return Walked::Short(short.offset),
        }
        let mut steps = 0u32;
        while !cursor.is_at_end() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(4096) && scan.out_of_time() {
                return Walked::Done;
            }
            match tensor(&mut cursor, family == Family::Ggjt || family == Family::Ggla, version) {
                Ok(true) => {}
                Ok(false) => return Walked::Left(cursor.position()),
                Err(short) => return Walked::Short(short.offset),
            }
        }
        Walked::Done
    }
}

/// Hyperparameters and vocabulary of llama.cpp; `false` when the numbers cannot be those.
fn llama_head(cursor: &mut Cursor<'_>, family: Family) -> Result<bool, ShortRead> {
    let words = cursor.u32_le()?;
    for _ in 0..6 {
        if cursor.u32_le()? > LARGEST {
            return Ok(false);
        }
    }
    vocabulary(cursor, words, if family == Family::Ggml { 0 } else { 4 })
}

/// Hyperparameters, mel filters and vocabulary of whisper.cpp; `false` when the numbers cannot be those.
fn whisper_head(cursor: &mut Cursor<'_>) -> Result<bool, ShortRead> {
    for _ in 0..11 {
        if cursor.u32_le()? > LARGEST {
            return Ok(false);
        }
    }
    let filters = u64::from(cursor.u32_le()?).saturating_mul(u64::from(cursor.u32_le()?));
    cursor.skip(filters.saturating_mul(4))?;
    let words = cursor.u32_le()?;
    vocabulary(cursor, words, 0)
}

fn vocabulary(cursor: &mut Cursor<'_>, words: u32, score_bytes: u64) -> Result<bool, ShortRead> {
    if words > LARGEST {
        return Ok(false);
    }
    for _ in 0..words {
        let length = cursor.u32_le()?;
        if length > LONGEST_WORD {
            return Ok(false);
        }
        cursor.skip(u64::from(length).saturating_add(score_bytes))?;
    }
    Ok(true)
}

/// One tensor; `false` when the numbers cannot describe one.
fn tensor(cursor: &mut Cursor<'_>, aligned: bool, version: u32) -> Result<bool, ShortRead> {
    let (dimensions, name, kind) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
    if dimensions == 0 || dimensions > 4 || name > LONGEST_WORD {
        return Ok(false);
    }
    let Some((block, bytes)) = block(kind, version) else { return Ok(false) };
    let mut elements = 1u64;
    for _ in 0..dimensions {
        elements = elements.saturating_mul(u64::from(cursor.u32_le()?));
    }
    cursor.skip(u64::from(name))?;
    if aligned {
        let position = cursor.position() as u64;
        cursor.skip(position.next_multiple_of(ALIGNMENT).saturating_sub(position))?;
    }
    cursor.skip(elements.checked_div(block).unwrap_or(0).saturating_mul(bytes))?;
    Ok(true)
}

/// Elements and bytes per block; the quantised ones changed size with versions 2 and 3 of GGJT.
fn block(kind: u32, version: u32) -> Option<(u64, u64)> {
    let new = version == 3;
    Some(match kind {
        0 => (1, 4),
        1 => (1, 2),
        2 => (32, if new { 18 } else { 20 }),
        3 => (32, if new { 20 } else { 24 }),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, if new { 34 } else { 36 }),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}

/// Largest hyperparameter or vocabulary that is believed.
const LARGEST: u32 = 1 << 20;
/// Longest word or tensor name that is believed, in bytes.
const LONGEST_WORD: u32 = 1 << 16;
/// Alignment of tensor data in GGJT and GGLA, in bytes.
const ALIGNMENT: u64 = 32;

fn truncated(scan: &mut Scan<'_>, offset: usize) {
    malformed(scan, Severity::Low, offset, "ends before its parts do");
    scan.gap(offset as u64, "truncated; fetch the file again");
}

fn malformed(scan: &mut Scan<'_>, severity: Severity, offset: usize, message: &str) {
    scan.report(Finding::new(&GGML_MALFORMED, message).severity(severity).at(offset as u64));
}

rule! {
    /// ## What it finds
    /// A file with the magic of a legacy ggml format whose version does not exist or whose parts do not fit the file.
    /// ## Why it matters
    /// The readers of these formats are no longer maintained and check little. A length that lies is read past the end of
    /// a buffer.
    /// ## Example
    /// The magic `GGML` followed by version 99999.
    /// ## How to fix
    /// Convert the model to GGUF from weights whose origin is known.
    /// ## References
    /// - <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#historical-state-of-affairs>
    pub const GGML_MALFORMED: Rule = Rule {
        id: "model/ggml-malformed",
        title: "a legacy ggml structure that does not hold together",
        severity: Severity::Low,
        remedy: "Convert the model to GGUF from weights whose origin is known.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1284), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scanned(bytes: &[u8]) -> Outcome {
        crate::scan_as(&Ggml, &Input::new("m.bin", bytes), &Limits::default(), &MonotonicClock::start())
    }

    /// One word, one tensor of two floats.
    fn ggjt() -> Vec<u8> {
        let mut bytes = b"tjgg".to_vec();
        for number in [3u32, 1, 8, 8, 1, 1, 1, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(b"a\0\0\0\0");
        for number in [1u32, 1, 0, 2] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.push(b't');
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend([0; 8]);
        bytes
    }

    #[test]
    fn a_file_that_ends_with_its_last_tensor_is_clean() {
        let outcome = scanned(&ggjt());
        assert_eq!((outcome.findings, outcome.gaps), (vec![], vec![]));
    }

    #[test]
    fn a_version_that_does_not_exist_is_malformed() {
        let outcome = scanned(b"GGMF\x9f\x86\x01\0");
        assert_eq!(outcome.findings[0].rule.id, GGML_MALFORMED.id);
    }

    #[test]
    fn a_truncated_file_is_incomplete() {
        let bytes = ggjt();
        assert!(!scanned(&bytes[..bytes.len() - 1]).gaps.is_empty());
        assert!(!scanned(b"GGML\0\0").gaps.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_behind_a_magic_give_a_result(bytes: Vec<u8>) {
            scanned(&[b"lmgg".as_slice(), &bytes].concat());
        }

        #[test]
        fn a_damaged_file_gives_a_result(at in 0usize..200, to: u8) {
            let mut bytes = ggjt();
            let at = at % bytes.len();
            bytes[at] = to;
            scanned(&bytes);
        }
    }
}
