//! Archives made by hand, and what is found in them.

use super::*;
use crate::formats::testing::outcome_named;
use bartizan_core::Severity;
use proptest::prelude::*;

/// A file block of RAR 4 with `content` and `method`.
fn file_4(name: &[u8], content: &[u8], method: u8, flags: u16) -> Vec<u8> {
    let mut block = vec![0, 0, 0x74];
    block.extend((0x8000 | flags).to_le_bytes());
    block.extend((32 + name.len() as u16).to_le_bytes());
    block.extend((content.len() as u32).to_le_bytes());
    block.extend((content.len() as u32).to_le_bytes());
    block.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 29, method]);
    block.extend((name.len() as u16).to_le_bytes());
    block.extend(0o100_644u32.to_le_bytes());
    block.extend(name);
    block.extend(content);
    block
}

fn rar_4(files: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"Rar!\x1a\x07\0".to_vec();
    bytes.extend([0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(files.concat());
    bytes.extend([0, 0, 0x7b, 0, 0x40, 7, 0]);
    bytes
}

/// A file block of RAR 5; `extra` is its extra area.
fn file_5(name: &str, content: &[u8], method: u8, extra: &[u8]) -> Vec<u8> {
    let mut header = vec![2, 3, extra.len() as u8, content.len() as u8];
    // No flags, size, attributes; the method in bits 7 to 9, two bytes long.
    header.extend([0, content.len() as u8, 0, 0x80, method, 1, name.len() as u8]);
    header.extend(name.as_bytes());
    header.extend(extra);
    [vec![0, 0, 0, 0, header.len() as u8], header, content.to_vec()].concat()
}

fn rar_5(files: &[Vec<u8>]) -> Vec<u8> {
    let main = [0, 0, 0, 0, 3, 1, 0, 0];
    [b"Rar!\x1a\x07\x01\0".to_vec(), main.to_vec(), files.concat(), vec![0, 0, 0, 0, 3, 5, 0, 0]].concat()
}

const PICKLE: &[u8] = b"cposix\nsystem\n(S'id'\ntR.";

fn rules(bytes: &[u8]) -> Vec<(&'static str, Option<String>)> {
    let found = outcome_named(&RAR, "m.rar", bytes).findings;
    found.into_iter().map(|finding| (finding.rule.id, finding.location.member)).collect()
}

#[test]
fn stored_members_are_scanned_and_packed_ones_are_gaps() {
    for bytes in [rar_4(&[file_4(b"a.pkl", PICKLE, 0x30, 0)]), rar_5(&[file_5("a.pkl", PICKLE, 0, &[])])] {
        assert_eq!(rules(&bytes)[0], ("model/pickle-code-execution", Some("a.pkl".to_owned())));
        assert_eq!(outcome_named(&RAR, "m.rar", &bytes).gaps, []);
    }
    for bytes in [rar_4(&[file_4(b"a.pkl", PICKLE, 0x33, 0)]), rar_5(&[file_5("a.pkl", PICKLE, 3, &[])])] {
        let outcome = outcome_named(&RAR, "m.rar", &bytes);
        assert_eq!(outcome.gaps.len(), 1);
        assert!(outcome.findings[0].message.contains("`a.pkl`"));
    }
}

#[test]
fn names_that_climb_and_links_that_leave_are_found_though_packed() {
    for bytes in [
        rar_4(&[file_4(b"../../x.sh", b"x", 0x33, 0)]),
        rar_5(&[file_5("../../x.sh", b"x", 3, &[])]),
        // The plain name is harmless; the packed one, which newer programs use, is not.
        rar_4(&[file_4(b"ok\0\0\x00../x", b"x", 0x33, 0x0200)]),
    ] {
        assert!(rules(&bytes).iter().any(|(id, _)| *id == PATH_ESCAPE.id));
    }
    let link = b"\x0e\x05\x01\x00\x0b/etc/passwd";
    let bytes = rar_5(&[file_5("w.bin", b"", 0, link)]);
    assert!(rules(&bytes).iter().any(|(id, _)| *id == LINK_ESCAPE.id));
}

#[test]
fn encrypted_headers_and_cut_archives_are_incomplete() {
    let mut encrypted = rar_4(&[]);
    encrypted[10] = 0x80;
    assert!(!outcome_named(&RAR, "m.rar", &encrypted).gaps.is_empty());
    let whole = rar_5(&[file_5("a.txt", b"hello", 0, &[])]);
    for length in MAGIC.len()..whole.len() - 8 {
        let outcome = outcome_named(&RAR, "m.rar", &whole[..length]);
        assert!(!outcome.gaps.is_empty() || outcome.findings[0].severity >= Severity::Low, "{length}");
    }
}

#[test]
fn another_magic_is_not_rar() {
    assert_eq!(RAR.recognise(&Input::new("m.rar", b"Rar? no")), Recognition::No);
}

/// Writes bits, most significant first.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    count: usize,
}

impl Writer {
    fn bits(&mut self, value: u64, count: u32) -> &mut Self {
        for at in (0..count).rev() {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> at & 1) as u8) << (7 - self.count % 8);
            self.count += 1;
        }
        self
    }

    /// The lengths of four codes whose words are all as long as the table says, and so equal the symbols.
    fn codes(&mut self, tables: [(usize, usize); 4]) -> &mut Self {
        let mut used: Vec<usize> = tables.iter().map(|(_, length)| *length).collect();
        used.sort_unstable();
        used.dedup();
        for symbol in 0..20 {
            self.bits(if used.contains(&symbol) { 2 } else { 0 }, 4);
        }
        for (count, length) in tables {
            let word = used.iter().position(|&known| known == length).unwrap() as u64;
            for _ in 0..count {
                self.bits(word, 2);
            }
        }
        self
    }
}

const TABLES_5: [(usize, usize); 4] = [(306, 9), (64, 6), (16, 4), (44, 6)];
const TABLES_3: [(usize, usize); 4] = [(299, 9), (60, 6), (17, 5), (28, 5)];

/// One block of RAR 5 with what `write` puts into it.
fn packed_5(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut body = Writer::default();
    write(body.codes(TABLES_5));
    let last_bits = (body.count + 7) % 8;
    let flags = 0x80 | 0x40 | 1 << 3 | last_bits as u8;
    let size = (body.bytes.len() as u16).to_le_bytes();
    [vec![flags, 0x5a ^ flags ^ size[0] ^ size[1], size[0], size[1]], body.bytes].concat()
}

fn packed_3(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut body = Writer::default();
    body.bits(0, 2);
    write(body.codes(TABLES_3));
    // The end of the member; the next one brings codes of its own.
    body.bits(256, 9).bits(0b01, 2);
    body.bytes
}

fn literals(writer: &mut Writer, bytes: &[u8]) {
    for &byte in bytes {
        writer.bits(byte.into(), 9);
    }
}

/// A file of RAR 5 packed as `packed`, which unpacks to `plain`.
fn file_of_5(name: &str, packed: &[u8], plain: &[u8], is_solid: bool) -> Vec<u8> {
    let varint = |value: usize| vec![0x80 | (value & 0x7f) as u8, (value >> 7) as u8];
    let mut header = vec![2, 2];
    header.extend(varint(packed.len()));
    header.push(4);
    header.extend(varint(plain.len()));
    header.push(0);
    header.extend(crc32(plain).to_le_bytes());
    // Method 3 in bits 7 to 9.
    header.extend([0x80 | if is_solid { 0x40 } else { 0 }, 3, 1, name.len() as u8]);
    header.extend(name.as_bytes());
    [vec![0, 0, 0, 0, header.len() as u8], header, packed.to_vec()].concat()
}

fn file_of_4(name: &[u8], packed: &[u8], plain: &[u8], flags: u16) -> Vec<u8> {
    let mut block = file_4(name, packed, 0x33, flags);
    block[11..15].copy_from_slice(&(plain.len() as u32).to_le_bytes());
    block[16..20].copy_from_slice(&crc32(plain).to_le_bytes());
    block
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Whether `bytes` is read to the end and a call of `system` found in it.
#[track_caller]
fn is_found(bytes: &[u8]) {
    let outcome = outcome_named(&RAR, "m.rar", bytes);
    assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
    assert!(outcome.findings[0].severity >= Severity::High, "{:?}", outcome.findings);
}

#[test]
fn packed_members_are_unpacked_and_scanned() {
    is_found(&rar_5(&[file_of_5("a.pkl", &packed_5(|block| literals(block, PICKLE)), PICKLE, false)]));
    is_found(&rar_4(&[file_of_4(b"a.pkl", &packed_3(|block| literals(block, PICKLE)), PICKLE, 0)]));
}

#[test]
fn matches_reach_back_into_the_member_before_in_solid_archives() {
    let first = b"cposix\nsystem\n";
    let plain = [&first[..], b"(S'id'\ntR."].concat();
    // Fourteen bytes from fourteen back: slot 9 of lengths (12 to 13, and one more bit), slot 6 of distances and a bit.
    let second = packed_5(|block| {
        block.bits(262 + 8, 9).bits(0b10, 1).bits(6, 6).bits(0b01, 2);
        literals(block, b"(S'id'\ntR.");
    });
    let _ = second;
    let match_5 = |block: &mut Writer| {
        // Length 14 = 2 + (4 | 2) << 1 + 0: slot 10. Distance 14 = 1 + (2 | 1) << 2 + 1: slot 7.
        block.bits(262 + 10, 9).bits(0, 1).bits(7, 6).bits(1, 2);
        literals(block, b"(S'id'\ntR.");
    };
    let first_5 = file_of_5("a.txt", &packed_5(|block| literals(block, first)), first, false);
    is_found(&rar_5(&[first_5, file_of_5("b.pkl", &packed_5(match_5), &plain, true)]));
    let match_3 = |block: &mut Writer| {
        // Length 14 = 3 + 10 + 1: slot 9. Distance 14 = 1 + 12 + 1: slot 7.
        block.bits(271 + 9, 9).bits(1, 1).bits(7, 6).bits(1, 2);
        literals(block, b"(S'id'\ntR.");
    };
    let first_3 = file_of_4(b"a.txt", &packed_3(|block| literals(block, first)), first, 0);
    is_found(&rar_4(&[first_3, file_of_4(b"b.pkl", &packed_3(match_3), &plain, 0x10)]));
    // Without the first member the second cannot be unpacked, and that is told.
    let alone = rar_5(&[file_of_5("b.pkl", &packed_5(match_5), &plain, true)]);
    assert_eq!(outcome_named(&RAR, "m.rar", &alone).gaps.len(), 1);
}

#[test]
fn filters_are_undone() {
    let differences: Vec<u8> = PICKLE
        .iter()
        .scan(0u8, |before, &byte| Some(std::mem::replace(before, byte).wrapping_sub(byte)))
        .collect();
    let packed = packed_5(|block| {
        // From here on, all of it; one channel.
        block
            .bits(256, 9)
            .bits(0, 2)
            .bits(0, 8)
            .bits(0, 2)
            .bits(PICKLE.len() as u64, 8)
            .bits(0, 3)
            .bits(0, 5);
        literals(block, &differences);
    });
    is_found(&rar_5(&[file_of_5("a.pkl", &packed, PICKLE, false)]));
}

#[test]
fn what_unpacks_to_something_else_than_announced_is_incomplete() {
    let packed = packed_5(|block| literals(block, b"plain"));
    let file =
        |plain: &[u8]| outcome_named(&RAR, "m.rar", &rar_5(&[file_of_5("a.txt", &packed, plain, false)]));
    assert!(file(b"plain").gaps.is_empty());
    for other in [&b"plaim"[..], b"plains"] {
        assert_eq!(file(other).gaps.len(), 1, "{other:?}");
    }
    // RAR itself writes no more than is announced.
    assert!(file(b"pla").gaps.is_empty());
    // PPMd, and a program of its own.
    let ppmd = rar_4(&[file_of_4(b"a.txt", &[0x80, 0, 0], b"x", 0)]);
    assert!(outcome_named(&RAR, "m.rar", &ppmd).gaps[0].reason.contains("PPMd"));
}

#[test]
fn filters_invert_what_they_were_made_from() {
    use super::filter::Filter;
    let undone = |filter: Filter, bytes: &[u8], offset: u64| {
        let mut block = bytes.to_vec();
        filter.undo(&mut block, offset);
        block
    };
    assert_eq!(undone(Filter::Delta(2), &[255, 255, 254, 252], 0), [1, 2, 2, 6]);
    // A call at 1 to itself is stored as its absolute target.
    let call = [0xe8, 0x10, 0, 0, 0, 0];
    assert_eq!(undone(Filter::X86 { jumps: false, wraps: true }, &call, 4)[1..5], 0x0bu32.to_le_bytes());
    assert_eq!(undone(Filter::Arm, &[0x10, 0, 0, 0xeb], 8), [0x0e, 0, 0, 0xeb]);
    assert_eq!(undone(Filter::Rgb(3, 0), &[1, 2, 3], 0), [253, 254, 251]);
    assert_eq!(undone(Filter::Audio(1), &[1, 2], 0).len(), 2);
    assert_eq!(undone(Filter::Itanium, &[0; 64], 0), [0; 64]);
}

proptest! {
    #[test]
    fn any_bytes_give_a_result(bytes: Vec<u8>, old: bool) {
        let head: &[u8] = if old { b"Rar!\x1a\x07\0" } else { b"Rar!\x1a\x07\x01\0" };
        outcome_named(&RAR, "m.rar", &[head, &bytes].concat());
    }

    #[test]
    fn any_damage_gives_a_result(at in 0usize..120, to: u8, old: bool) {
        let mut bytes = if old {
            rar_4(&[file_4(b"a.pkl", PICKLE, 0x30, 0)])
        } else {
            rar_5(&[file_5("a.pkl", PICKLE, 0, b"\x0e\x05\x01\x00\x0b/etc/passwd")])
        };
        let at = at % bytes.len();
        bytes[at] = to;
        outcome_named(&RAR, "m.rar", &bytes);
    }

    #[test]
    fn any_packed_bytes_give_a_result(packed: Vec<u8>, old: bool) {
        let bytes = if old {
            rar_4(&[file_of_4(b"a", &packed, b"plain", 0)])
        } else {
            let head = [0xc8, 0x5a ^ 0xc8 ^ 0xff, 0xff, 0];
            rar_5(&[file_of_5("a", &[&head[..], &packed].concat(), b"plain", false)])
        };
        outcome_named(&RAR, "m.rar", &bytes);
    }

    #[test]
    fn damage_in_packed_bytes_never_hides_silently(at in 0usize..200, to: u8) {
        let mut packed = packed_5(|block| literals(block, PICKLE));
        let at = at % packed.len();
        packed[at] = to;
        let outcome = outcome_named(&RAR, "m.rar", &rar_5(&[file_of_5("a.pkl", &packed, PICKLE, false)]));
        prop_assert!(!outcome.gaps.is_empty() || outcome.findings[0].severity >= Severity::High);
    }
}
