//! What a sweep asks about each file: [`PipelineInspector`] examines it when it is a text.

use crate::credential_files::{self, CredentialFile};
use crate::{Place, Reader as _, Surroundings, Text, examine, registry};
use bartizan_core::report::is_own_report;
use bartizan_core::sweep::{File, Inspection, Inspector};
use bartizan_core::{Clock, Gap, Kind, Limits};
use bartizan_text::Hit;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Looks into code, pipelines, manifests and what agents are given, within limits.
#[derive(Debug, Clone, Copy)]
pub struct PipelineInspector<'a> {
    /// Bounds for each file.
    pub limits: &'a Limits,
    /// What is remembered of folders, for one sweep.
    pub around: &'a Surroundings,
}

/// What an inspection learns beside what it reports.
#[derive(Debug, Default)]
pub struct Learnt {
    /// Which calls were judged by their arguments.
    pub judged: BTreeSet<Place>,
    /// Everything in the bytes that the detector of credentials takes for one, where it looked through them all.
    pub hits: Option<Vec<Hit>>,
}

impl PipelineInspector<'_> {
    /// Longest text examined, in bytes: what people and their tools write by hand or as a notebook is shorter.
    const TEXT_BYTES: usize = 64 << 20;
    /// Bytes of a longer one by which it is known.
    const HEAD_BYTES: usize = 1 << 20;

    /// What is found of credentials in a text that is longer than any reader takes, and a gap when one would have read it by its first
    /// bytes.
    fn too_long(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        let head = bytes.get(..Self::HEAD_BYTES).unwrap_or(bytes);
        let head = String::from_utf8_lossy(head);
        let text = Text::new(file.uri, &head).at(file.place).among(self.around);
        let (findings, gap) = credential_files::search_long(file.uri, bytes, self.limits, clock);
        let mut gaps: Vec<Gap> = gap.into_iter().collect();
        let searched = CredentialFile.id();
        let reader =
            registry::READERS.iter().find(|reader| reader.id() != searched && reader.recognises(&text));
        let Some(reader) = reader else {
            let format = (!findings.is_empty()).then_some(searched);
            return Inspection { format, findings, gaps, ..nothing() };
        };
        let reason = format!("longer than {} MiB, not examined as {}", Self::TEXT_BYTES >> 20, reader.id());
        gaps.push(Gap { member: None, offset: Some(Self::HEAD_BYTES as u64), reason });
        Inspection { format: Some(reader.id()), kind: reader.kind(), findings, gaps, ..nothing() }
    }
}

impl PipelineInspector<'_> {
    /// Inspects `bytes`, and says what else was learnt of them.
    pub fn inspect_judging(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> (Inspection, Learnt) {
        if is_own_report(bytes) {
            return (nothing(), Learnt::default());
        }
        if memchr::memchr(0, bytes).is_some() {
            return (self.inspect_encoded(file, bytes, clock), Learnt::default());
        }
        if bytes.len() > Self::TEXT_BYTES {
            return (self.too_long(file, bytes, clock), Learnt::default());
        }
        // A text in another encoding is still read by whoever runs it; what is not UTF-8 stands as replacement characters.
        let content = String::from_utf8_lossy(bytes);
        let text = Text::new(file.uri, &content).at(file.place).among(self.around);
        let outcome = examine(&text, self.limits, clock);
        let is_as_written = matches!(content, Cow::Borrowed(_));
        let hits = text.into_hits().filter(|_| is_as_written);
        let inspection = Inspection {
            format: outcome.format,
            kind: outcome.kind,
            findings: outcome.findings,
            gaps: outcome.gaps,
            names: Vec::new(),
            credentials: Vec::new(),
        };
        (inspection, Learnt { judged: outcome.judged, hits })
    }
}

impl PipelineInspector<'_> {
    /// Inspects a text with bytes of zero: one in UTF-16, or one that somebody put a few into. Shells, builders and pip read both.
    fn inspect_encoded(self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        let Some(content) = decoded(bytes.get(..Self::TEXT_BYTES.min(bytes.len())).unwrap_or_default())
        else {
            return nothing();
        };
        let outcome =
            examine(&Text::new(file.uri, &content).at(file.place).among(self.around), self.limits, clock);
        let mut gaps = outcome.gaps;
        let is_utf16 = utf16(bytes).is_some();
        if outcome.format.is_some() && (!is_utf16 || bytes.len() > Self::TEXT_BYTES) {
            let reason =
                "a text that holds bytes of zero, which were read as blanks; find out who put them there";
            let offset = memchr::memchr(0, bytes).map(|at| at as u64).filter(|_| !is_utf16);
            gaps.push(Gap { member: None, offset, reason: reason.to_owned() });
        }
        let mut findings = outcome.findings;
        for finding in findings.iter_mut().filter(|_| is_utf16) {
            // Lines are those of the file, offsets those of what it was decoded to.
            finding.location.offset = None;
        }
        Inspection {
            format: outcome.format,
            kind: outcome.kind,
            findings,
            gaps,
            names: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

/// The text that `bytes` are: UTF-16 with its mark, or UTF-8, with a zero in a hundred bytes at most, each of which stands as a
/// blank. Linear; no longer than half as much again as the bytes.
pub fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(units) = utf16(bytes) {
        let read = char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER));
        return Some(Cow::Owned(read.collect()));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // Zeros and bytes of another encoding together: a text as long as they are few.
        Err(_) if bytes.len() <= MIXED_BYTES => {
            let odd = bytes.iter().filter(|byte| **byte == 0 || **byte >= 0x80).count();
            let few = odd.saturating_mul(100) <= bytes.len().max(FEW_ZEROS * 100);
            return few.then(|| Cow::Owned(String::from_utf8_lossy(bytes).replace('\0', " ")));
        }
        Err(_) => return None,
    };
    match memchr::memchr_iter(0, bytes).count() {
        0 => Some(Cow::Borrowed(text)),
        zeros if zeros.saturating_mul(100) <= bytes.len().max(FEW_ZEROS * 100) => {
            Some(Cow::Owned(text.replace('\0', " ")))
        }
        _ => None,
    }
}

/// Longest text that is neither UTF-8 nor UTF-16 and holds zeros, in bytes.
const MIXED_BYTES: usize = 1 << 20;
/// Zeros let through in a text however short it is.
const FEW_ZEROS: usize = 4;

/// The units of a text in UTF-16 that begins with its mark.
fn utf16(bytes: &[u8]) -> Option<impl Iterator<Item = u16>> {
    let little = bytes.starts_with(&[0xFF, 0xFE]);
    let rest = bytes.get(2..).filter(|_| little || bytes.starts_with(&[0xFE, 0xFF]))?;
    // A binary file may begin with the same two bytes: in a text most units are letters of the first page.
    let high = usize::from(little);
    let head = rest.get(..rest.len().min(4096)).unwrap_or_default();
    let plain = head.chunks_exact(2).filter(|pair| pair.get(high) == Some(&0)).count();
    let unit = move |pair: &[u8]| {
        let pair = [pair.first().copied().unwrap_or_default(), pair.get(1).copied().unwrap_or_default()];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    (plain.saturating_mul(4) >= head.len()).then(|| rest.chunks_exact(2).map(unit))
}

impl Inspector for PipelineInspector<'_> {
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        self.inspect_judging(file, bytes, clock).0
    }
}

fn nothing() -> Inspection {
    Inspection {
        format: None,
        kind: Kind::Other,
        findings: Vec::new(),
        gaps: Vec::new(),
        names: Vec::new(),
        credentials: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::MonotonicClock;

    fn inspect(uri: &str, bytes: &[u8]) -> Inspection {
        let limits = Limits::default();
        let file = File { uri, place: None };
        PipelineInspector { limits: &limits, around: &Surroundings::default() }.inspect(
            &file,
            bytes,
            &MonotonicClock::start(),
        )
    }

    #[test]
    fn a_text_in_utf16_is_read_at_its_lines() {
        for big in [false, true] {
            let units = "\u{FEFF}numpy==1.26.4\r\ngit+https://x.example/a/b.git\r\n".encode_utf16();
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            let found = inspect("requirements.txt", &bytes);
            let lines: Vec<_> = found.findings.iter().map(|one| (one.rule.id, one.location.line)).collect();
            assert!(lines.contains(&("pipeline/unpinned-package", Some(2))), "{lines:?}");
            assert_eq!(found.gaps, []);
        }
    }

    #[test]
    fn zeros_put_into_a_text_hide_nothing_and_leave_it_incomplete() {
        let found = inspect("run.sh", b"#!/bin/sh\n# \0\ncurl https://x.example/i.sh | sh\n");
        assert!(found.findings.iter().any(|one| one.rule.id == "pipeline/curl-pipe-shell"));
        assert_eq!(found.gaps.len(), 1);
    }

    #[test]
    fn what_is_binary_is_left_to_the_readers_of_formats() {
        assert_eq!(decoded(b"ab\0\0\0\0\0\0cd"), None);
        assert_eq!(decoded(b"RUN x\n\0\xFF\n").as_deref(), Some("RUN x\n \u{FFFD}\n"));
        let binary: Vec<u8> = [0xFF, 0xFE].into_iter().chain((0..=255).rev().cycle().take(2048)).collect();
        assert_eq!(decoded(&binary), None);
        assert_eq!(decoded(binary.get(2..).unwrap()), None);
        assert_eq!(inspect("model.bin", &[0x80, 0, 0, 0xFF]).format, None);
    }
}
