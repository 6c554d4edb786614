//! Executables, archives and pickles hidden inside other content: tensors, metadata, padding, after the end.
//!
//! One SIMD pass (Teddy, through `aho-corasick`) looks for four-byte magics; each hit is then validated against the
//! format's header. Expected hits in 1 GiB of random bytes: about three per four-byte magic reach validation; ELF
//! needs three more exact bytes plus a header (below 1e-7 false alarms per GiB for the identification alone), PE a
//! back-linked DOS header, Mach-O five plausible words, zip a printable name and an end record. Memory bandwidth bound.

use super::header::{self, DOS_STUB, MAX_LFANEW, STUB_WITHIN};
use crate::pickle::is_plausible;
use crate::{Format, Input, Scan};
use aho_corasick::packed::{MatchKind, Searcher};
use bartizan_core::{Confidence, Cursor, Finding, Kind, Rule, Severity, atlas, cwe, owasp_ml, rule};
use std::sync::LazyLock;

rule! {
    /// ## What it finds
    /// A native executable (ELF, PE, Mach-O, Dalvik) inside content that is something else: between tensors, in
    /// metadata, in a pickled string, after the end of the model, also when written in base64.
    /// ## Why it matters
    /// Weights are a large, opaque place to carry malware past scanners that look at whole files. A few lines of
    /// loader code, or a second file, cut it out and run it.
    /// ## Example
    /// A checkpoint whose last tensor holds `\x7fELF\x02\x01\x01…` with valid program headers.
    /// ## How to fix
    /// Do not use the file. Get the model from its publisher again and compare digests.
    /// ## References
    /// - MITRE ATLAS AML.T0018.002, Embed Malware
    /// - *EvilModel: Hiding Malware Inside of Neural Network Models*, arXiv 2107.08590
    pub const EMBEDDED_EXECUTABLE: Rule = Rule {
        id: "model/embedded-executable",
        title: "a native executable hidden inside the file",
        severity: Severity::High,
        remedy: "Do not use the file; fetch the model from its publisher again and compare digests.",
        taxonomies: &[atlas("AML.T0018.002"), atlas("AML.T0011.000"), cwe(506), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A zip or 7z archive, or a pickle that imports a dangerous module, inside content that is something else. What the payload holds is
    /// scanned as well and reported on its own.
    /// ## Why it matters
    /// A file that is two formats at once shows one face to a scanner and another to a loader.
    /// ## Example
    /// A zip archive with a `data.pkl` in the padding of a tensor file.
    /// ## How to fix
    /// Find out what put it there; a clean export of the same weights does not hold it.
    /// ## References
    /// - MITRE ATLAS AML.T0018.002, Embed Malware
    pub const EMBEDDED_PAYLOAD: Rule = Rule {
        id: "model/embedded-payload",
        title: "an archive or pickle hidden inside the file",
        severity: Severity::Medium,
        remedy: "Export the weights again from a trusted checkpoint; a clean export does not hold foreign content.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_ml("ML06")],
    };
}

/// Rules of [`check`].
pub(crate) const RULES: &[&Rule] = &[&EMBEDDED_EXECUTABLE, &EMBEDDED_PAYLOAD];

/// What to look for: the magic, and what stands behind it.
const MAGICS: &[(&[u8], Suspect)] = &[
    (b"\x7fELF", Suspect::Program),
    (b"\xcf\xfa\xed\xfe", Suspect::Program),
    (b"\xce\xfa\xed\xfe", Suspect::Program),
    (b"\xfe\xed\xfa\xcf", Suspect::Program),
    (b"\xfe\xed\xfa\xce", Suspect::Program),
    (b"\xca\xfe\xba\xbe", Suspect::Program),
    (b"dex\n0", Suspect::Program),
    (b"PE\0\0", Suspect::Portable),
    (b"This program cannot be run in DOS mode", Suspect::Stub),
    (b"f0VMRgIBAQ", Suspect::Encoded),
    (b"f0VMRgEBAQ", Suspect::Encoded),
    (b"TVqQAAMAAAAEAAAA", Suspect::Encoded),
    (b"TVpQAAIAAAAEAA8A", Suspect::Encoded),
    (b"PK\x03\x04", Suspect::Zip),
    (b"7z\xbc\xaf\x27\x1c", Suspect::SevenZip),
    (b"cos\nsystem\n", Suspect::Pickle),
    (b"cposix\n", Suspect::Pickle),
    (b"cbuiltins\n", Suspect::Pickle),
    (b"c__builtin__\n", Suspect::Pickle),
    (b"csubprocess\n", Suspect::Pickle),
    (b"\x8c\x08builtins", Suspect::Pickle),
    (b"\x8c\x05posix\x94", Suspect::Pickle),
    (b"\x8c\x0asubprocess", Suspect::Pickle),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspect {
    Program,
    Portable,
    Stub,
    Encoded,
    Zip,
    SevenZip,
    Pickle,
}

static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut builder = aho_corasick::packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder();
    builder.extend(MAGICS.iter().map(|(magic, _)| magic)).build()
});

/// Searches `input` for hidden executables and payloads. Containers whose members are handed on are left to them.
pub(crate) fn check(input: &Input<'_>, format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    if is_container(input, format) {
        return;
    }
    let is_pickle = format.is_some_and(|format| format.id().contains("pickle") || format.id() == "joblib");
    let mut search =
        Search { bytes: input.bytes, is_pickle, carved: 0, reported: 0, effort: 0, no_end_record: false };
    search.effort = input.bytes.len().saturating_mul(4).saturating_add(Search::LEAST_EFFORT);
    search.run(scan);
}

/// Whether the members of this content are scanned on their own, so that a pass over the whole would read them twice.
fn is_container(input: &Input<'_>, format: Option<&'static dyn Format>) -> bool {
    let Some(format) = format else { return false };
    if format.id() == "executable" || format.kind() == Kind::Archive {
        return true;
    }
    let head = input.head(265);
    [
        &b"PK\x03\x04"[..],
        b"7z\xbc\xaf",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
        b"\x04\x22\x4d\x18",
    ]
    .iter()
    .any(|magic| head.starts_with(magic))
        || head.get(257..262) == Some(b"ustar")
}

struct Search<'a> {
    bytes: &'a [u8],
    is_pickle: bool,
    /// Everything before this offset was handed on as an embedded payload.
    carved: usize,
    reported: usize,
    /// Bytes that validation may still look at; keeps a file full of near misses linear.
    effort: usize,
    /// Whether no zip end record follows the last one looked for.
    no_end_record: bool,
}

impl Search<'_> {
    fn run(&mut self, scan: &mut Scan<'_>) {
        let mut block = 0usize;
        while block < self.bytes.len() {
            if block > 0 && scan.out_of_time() {
                return;
            }
            let end = block.saturating_add(Self::BLOCK).min(self.bytes.len());
            // Blocks overlap by the longest magic, so that none is cut; a hit found twice reports once.
            let text = self
                .bytes
                .get(block..end.saturating_add(DOS_STUB.len()).min(self.bytes.len()))
                .unwrap_or_default();
            self.block(text, block, scan);
            if self.reported >= Self::MOST_REPORTED {
                scan.gap(
                    block as u64,
                    format!(
                        "more than {} hidden payloads; the search for more stopped here",
                        Self::MOST_REPORTED
                    ),
                );
                return;
            }
            block = end;
        }
    }

    fn block(&mut self, text: &[u8], start: usize, scan: &mut Scan<'_>) {
        let Some(searcher) = SEARCHER.as_ref() else {
            scan.gap(None, "the search for hidden executables is not available on this processor");
            return;
        };
        for found in searcher.find_iter(text) {
            if self.effort == 0 {
                scan.gap(start as u64, "too many near misses of hidden payloads; look at the file by hand");
                return;
            }
            let at = start.saturating_add(found.start());
            if at < self.carved || self.reported >= Self::MOST_REPORTED {
                continue;
            }
            let Some((_, suspect)) = MAGICS.get(found.pattern().as_usize()) else { continue };
            self.examine(*suspect, at, scan);
        }
    }

    fn examine(&mut self, suspect: Suspect, at: usize, scan: &mut Scan<'_>) {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match suspect {
            Suspect::Program if at > 0 => {
                let Some(found) = header::at_start(rest) else { return };
                let padded = rest.get(9..16) == Some(&[0; 7]);
                let severity = match (found.name, found.whole) {
                    ("Java class", _) => Severity::Medium,
                    (_, true) => Severity::High,
                    (_, false) if padded => Severity::High,
                    (_, false) => Severity::Medium,
                };
                self.program(found.name, severity, found.whole, at, scan);
            }
            Suspect::Portable => {
                if let Some(start) = self.dos_header_before(at)
                    && start > 0
                {
                    self.program("Windows executable (PE)", Severity::High, true, start, scan);
                }
            }
            Suspect::Stub => {
                let before = self.bytes.get(at.saturating_sub(STUB_WITHIN)..at).unwrap_or_default();
                let Some(back) = memchr::memmem::rfind(before, b"MZ") else { return };
                let start = at.saturating_sub(before.len()).saturating_add(back);
                if start > 0 {
                    let whole =
                        self.bytes.get(start..).and_then(header::at_start).is_some_and(|found| found.whole);
                    self.program("Windows executable (PE)", Severity::High, whole, start, scan);
                }
            }
            Suspect::Encoded => {
                self.program("base64-encoded executable", Severity::High, true, at, scan);
            }
            Suspect::Zip if at > 0 => self.zip(at, rest, scan),
            Suspect::SevenZip if at > 0 && rest.get(6) == Some(&0) => {
                self.payload("7z archive", "7z", at, self.bytes.len(), scan);
            }
            Suspect::Pickle if at > 0 && !self.is_pickle => self.pickle(at, scan),
            _ => {}
        }
    }

    fn program(&mut self, name: &str, severity: Severity, whole: bool, at: usize, scan: &mut Scan<'_>) {
        self.reported = self.reported.saturating_add(1);
        let state = if whole { "" } else { " with a damaged header" };
        let confidence = if whole { Confidence::High } else { Confidence::Medium };
        scan.report(
            Finding::new(&EMBEDDED_EXECUTABLE, format!("{name}{state} hidden at offset {at}"))
                .severity(severity)
                .confidence(confidence)
                .at(at as u64),
        );
    }

    /// Start of the DOS header whose `e_lfanew` leads to the PE signature at `at`.
    fn dos_header_before(&mut self, at: usize) -> Option<usize> {
        if !self.bytes.get(at..).is_some_and(header::is_coff_after_signature) {
            return None;
        }
        let floor = at.saturating_sub(MAX_LFANEW);
        if !self.spend(at.saturating_sub(floor)) {
            return None;
        }
        let before = self.bytes.get(floor..at)?;
        memchr::memmem::rfind_iter(before, b"MZ").map(|back| floor.saturating_add(back)).find(|&start| {
            let distance = Cursor::at(self.bytes, start.saturating_add(0x3c)).u32_le().unwrap_or(0);
            usize::try_from(distance).is_ok_and(|distance| start.saturating_add(distance) == at)
        })
    }

    /// A local file header with a printable name, and an end record somewhere after it.
    fn zip(&mut self, at: usize, rest: &[u8], scan: &mut Scan<'_>) {
        let mut cursor = Cursor::at(rest, 4);
        let mut read = || -> Option<bool> {
            let version = cursor.u16_le().ok()?;
            let flags = cursor.u16_le().ok()?;
            let method = cursor.u16_le().ok()?;
            cursor.skip(16).ok()?;
            let name_length = cursor.u16_le().ok()?;
            cursor.skip(2).ok()?;
            let name = cursor.take(usize::from(name_length)).ok()?;
            let known = matches!(method, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99);
            let named =
                (1..=1024).contains(&name_length) && name.iter().all(|byte| (0x20..0x7f).contains(byte));
            Some(version & 0xff <= 63 && flags & 0xf000 == 0 && known && named)
        };
        if read() != Some(true) {
            return;
        }
        if self.no_end_record {
            return;
        }
        let Some(end) = memchr::memmem::find(rest, b"PK\x05\x06") else {
            self.no_end_record = true;
            return;
        };
        if !self.spend(end) {
            return;
        }
        let comment = Cursor::at(rest, end.saturating_add(20)).u16_le().unwrap_or(0);
        let end = at.saturating_add(end).saturating_add(22).saturating_add(usize::from(comment));
        self.payload("zip archive", "zip", at, end.min(self.bytes.len()), scan);
    }

    /// Hands a likely pickle on, from its protocol opcode when one is near.
    fn pickle(&mut self, at: usize, scan: &mut Scan<'_>) {
        let floor = at.saturating_sub(Self::PICKLE_HEAD);
        let before = self.bytes.get(floor..at).unwrap_or_default();
        let start = before
            .windows(2)
            .position(|pair| matches!(pair, [0x80, 2..=5]))
            .map_or(at, |back| floor.saturating_add(back));
        let end = start.saturating_add(Self::PICKLE_BYTES).min(self.bytes.len());
        let stream = self.bytes.get(start..end).unwrap_or_default();
        if !self.spend(stream.len()) {
            return;
        }
        // Without its end it has still made the calls that stand before the break.
        let is_stopped = memchr::memchr_iter(b'.', stream).any(|stop| stop > at.saturating_sub(start));
        if !is_stopped && !is_plausible(stream, 0) {
            return;
        }
        self.payload("pickle", "pkl", start, end, scan);
        // The stream's true end is the pickle machine's to know; only the head is not looked at again.
        self.carved = at.saturating_add(1);
    }

    fn payload(&mut self, what: &str, extension: &str, start: usize, end: usize, scan: &mut Scan<'_>) {
        self.reported = self.reported.saturating_add(1);
        let message = format!("{what} hidden at offset {start}");
        scan.report(Finding::new(&EMBEDDED_PAYLOAD, message).confidence(Confidence::Medium).at(start as u64));
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        scan.member(&format!("offset-{start}.{extension}"), bytes);
        self.carved = end;
    }

    /// Books `bytes` of validation; `false` when the effort is used up.
    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.effort.checked_sub(bytes);
        self.effort = left.unwrap_or(0);
        left.is_some()
    }

    /// Validation always allowed, in bytes.
    const LEAST_EFFORT: usize = 16 << 20;
    /// Bytes searched between two looks at the clock.
    const BLOCK: usize = 64 << 20;
    /// Hidden things reported for one input; more say nothing new.
    const MOST_REPORTED: usize = 32;
    /// How far before the first import a pickle's protocol opcode is looked for, in bytes.
    const PICKLE_HEAD: usize = 64;
    /// How much after the first import is read as a pickle, in bytes.
    const PICKLE_BYTES: usize = 1 << 20;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::header::tests::{elf_bytes, pe_bytes};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn findings(bytes: &[u8]) -> Vec<(&'static str, Severity, Option<u64>)> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let outcome = crate::scan(&Input::new("weights.dat", bytes), &limits, &clock);
        let ours = |id: &str| RULES.iter().any(|rule| rule.id == id);
        let found = outcome.findings.iter().filter(|finding| ours(finding.rule.id));
        found.map(|finding| (finding.rule.id, finding.severity, finding.location.offset)).collect()
    }

    fn hidden(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x11; 1000];
        bytes.extend(payload);
        bytes.extend([0x22; 1000]);
        bytes
    }

    #[test]
    fn executables_are_found_wherever_they_hide() {
        let expected = [(EMBEDDED_EXECUTABLE.id, Severity::High, Some(1000))];
        assert_eq!(findings(&hidden(&elf_bytes())), expected);
        assert_eq!(findings(&hidden(&pe_bytes())), expected);
        assert_eq!(findings(&hidden(b"TVqQAAMAAAAEAAAA//8AALgA")), expected);
    }

    #[test]
    fn a_pe_with_only_its_stub_left_is_found() {
        let mut payload = b"MZ".to_vec();
        payload.extend([0; 70]);
        payload.extend(DOS_STUB);
        assert_eq!(findings(&hidden(&payload)).len(), 1);
    }

    #[test]
    fn magics_without_a_header_behind_them_are_silent() {
        for near_miss in
            [&b"\x7fELF"[..], b"MZ\x90\0", b"PE\0\0", b"PK\x03\x04", b"\xca\xfe\xba\xbe", b"7z\xbc\xaf"]
        {
            assert_eq!(findings(&hidden(near_miss)), []);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_around_magics_are_safe(pieces in proptest::collection::vec((0..MAGICS.len(), any::<Vec<u8>>()), 0..6)) {
            let bytes: Vec<u8> = pieces.iter().flat_map(|(magic, tail)| [MAGICS[*magic].0, tail].concat()).collect();
            let _ = findings(&bytes);
        }
    }
}
