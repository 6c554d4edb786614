//! The scan of a zip archive: reports what its structure shows and reads every member by content.

use super::rules::{
    CHECKSUM_MISMATCH, DIRECTORY_MISMATCH, FALSE_ENCRYPTION, HIDDEN_DATA, HIDDEN_MEMBER, MALFORMED, POLYGLOT,
    UNREADABLE,
};
use super::{Archive, Member, Place, Stray, is_zip};
use crate::archive::expand::{self, EXPANSION, End, NESTING};
use crate::archive::member_path::{self, DUPLICATE_MEMBER, LINK_ESCAPE, NameCheck, ODD_NAME, PATH_ESCAPE};
use crate::archive::siblings::{MemberFacts, MemberIndex};
use crate::{Format, Input, Recognition, Scan, Siblings, identify};
use bartizan_core::{Finding, Kind, Rule, Severity, printable};
use std::collections::{HashMap, HashSet};

/// Zip archives.
pub static ZIP: Zip = Zip;

/// See [`ZIP`].
pub struct Zip;

/// Longest link target read, in bytes.
const LINK_TARGET: u64 = 4096;
/// Members that share bytes are read until their sum passes this many times the archive's size.
const OVERLAP_READS: u64 = 8;
/// Shortest stray part worth a remark and a scan, in bytes.
const STRAY: usize = 4;

impl Format for Zip {
    fn id(&self) -> &'static str {
        "zip"
    }

    fn name(&self) -> &'static str {
        "zip archive"
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "zip",
            "jar",
            "whl",
            "egg",
            "pyz",
            "mlpackage",
            "apk",
            "docx",
            "xlsx",
            "pptx",
            "epub",
            "kmz",
            "war",
            "nupkg",
            "keras",
            "skops",
        ]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &DIRECTORY_MISMATCH,
            &FALSE_ENCRYPTION,
            &CHECKSUM_MISMATCH,
            &HIDDEN_MEMBER,
            &HIDDEN_DATA,
            &UNREADABLE,
            &MALFORMED,
            &POLYGLOT,
            &EXPANSION,
            &NESTING,
            &PATH_ESCAPE,
            &LINK_ESCAPE,
            &ODD_NAME,
            &DUPLICATE_MEMBER,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_zip(input) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let archive = Archive::read(input.bytes, scan.limits().members);
        for note in &archive.notes {
            scan.report(Finding::new(note.rule, note.message.clone()).severity(note.severity).at(note.at));
            if let Some(reason) = &note.gap {
                scan.gap(note.at, reason.clone());
            }
        }
        expand::remark_shape(archive.members.iter().all(|member| member.data.is_empty()), scan);
        let before = scan.findings().len();
        scan_members(&archive, input.bytes.len() as u64, scan);
        scan_strays(&archive, input, scan);
        for (at, comment) in archive.comments.iter().filter(|(_, comment)| comment.len() >= STRAY) {
            scan.member(&format!("(comment of the archive at {at})"), comment);
        }
        report_polyglot(&archive, input, before, scan);
    }
}

impl MemberFacts for &Member<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn is_symlink(&self) -> bool {
        Member::is_symlink(self)
    }
}

fn scan_members(archive: &Archive<'_>, archive_size: u64, scan: &mut Scan<'_>) {
    let read = |member: &&Member<'_>, limit: u64| Some(member.content(limit).into_owned());
    let index =
        MemberIndex::new(archive.members.iter().map(|member| (member.name.to_string(), member)), &read);
    let mut names = NameCheck::default();
    let mut by_name: HashMap<&str, &Member<'_>> = HashMap::new();
    let mut done = HashSet::new();
    let mut read_bytes = 0u64;
    for member in &archive.members {
        names.check(&member.name, member.at, scan);
        if let Some(other) = &member.other_name {
            names.check(other, member.at, scan);
        }
        if let Some(earlier) = by_name.insert(&member.name, member)
            && earlier.at != member.at
            && !(member.name.ends_with('/') && member.data.is_empty())
        {
            let shown = printable(&member.name, 120);
            let same = earlier.data == member.data;
            let what = if same { "the same content" } else { "different content" };
            scan.report(
                Finding::new(&DUPLICATE_MEMBER, format!("two members are called `{shown}`, with {what}: which one is loaded depends on the library"))
                    .severity(if same { Severity::Low } else { Severity::Medium })
                    .at(member.at),
            );
        }
        if !done.insert((member.data_at, member.data.len(), member.method)) {
            continue;
        }
        read_bytes = read_bytes.saturating_add(member.data.len() as u64);
        if read_bytes > archive_size.saturating_mul(OVERLAP_READS) {
            scan.gap(member.at, "the members overlap so often that not all were read; repack the archive");
            break;
        }
        if scan.out_of_time() {
            break;
        }
        scan_member(member, &index.beside(&member.name), scan);
    }
}

fn scan_member(member: &Member<'_>, siblings: &dyn Siblings, scan: &mut Scan<'_>) {
    let shown = printable(&member.name, 120);
    if member.data.is_empty() && member.size == 0 {
        return;
    }
    if member.is_symlink() {
        let target = member.content(LINK_TARGET);
        member_path::check_link(&member.name, &String::from_utf8_lossy(&target), true, member.at, scan);
    }
    let codec = match member.codec() {
        Ok(codec) => codec,
        Err(method) => {
            let number = member.method;
            scan.gap(member.at, format!("`{shown}` is packed with method {number} ({method}), which is not read; unpack it and scan the files"));
            scan.report(
                Finding::new(
                    &UNREADABLE,
                    format!("`{shown}` is packed with method {number} ({method}): its content was not seen"),
                )
                .severity(if member.method == 99 { Severity::Medium } else { Severity::Low })
                .at(member.at),
            );
            // A lie about the method hides a plain member from scanners only if some loader reads it plain.
            if !identify::certain(&Input::new(&member.name, member.data)).is_empty() {
                scan.member_of(&Input { bytes: member.data, name: &member.name, siblings });
            }
            return;
        }
    };
    if member.is_marked_encrypted() {
        scan_encrypted(member, codec, siblings, scan);
        return;
    }
    let (length, crc32, end) = read_member(member, codec, siblings, scan);
    match end {
        End::Complete if crc32 != member.crc32 && !member.cut => report_checksum(member, crc32, scan),
        End::Complete if length != member.size && !member.cut => scan.report(
            Finding::new(
                &CHECKSUM_MISMATCH,
                format!("`{shown}` is {length} bytes long, not {} as declared", member.size),
            )
            .severity(Severity::Low)
            .at(member.at),
        ),
        End::Broken(reason) => {
            scan.gap(
                member.at,
                format!("`{shown}` is damaged after {length} bytes ({reason}); get the file again"),
            );
            scan.report(
                Finding::new(
                    &MALFORMED,
                    format!("`{shown}` cannot be unpacked past {length} bytes: {reason}"),
                )
                .at(member.at),
            );
        }
        End::Complete | End::Limit => {}
    }
}

fn report_checksum(member: &Member<'_>, crc32: u32, scan: &mut Scan<'_>) {
    let shown = printable(&member.name, 120);
    scan.report(
        Finding::new(
            &CHECKSUM_MISMATCH,
            format!(
                "`{shown}` has CRC-32 {crc32:08x}, not {:08x} as declared; it was read all the same",
                member.crc32
            ),
        )
        .at(member.at),
    );
}

/// Reads a member whose flags say that it cannot be read: the flags may lie.
fn scan_encrypted(
    member: &Member<'_>,
    codec: Option<expand::Codec>,
    siblings: &dyn Siblings,
    scan: &mut Scan<'_>,
) {
    let shown = printable(&member.name, 120);
    let plain = match codec {
        None => crc32(member.data) == member.crc32,
        // Ciphertext is no valid stream, let alone of the declared length.
        Some(codec) => {
            let limit = member.size.saturating_add(1).min(scan.limits().member_bytes);
            let bytes = expand::expanded(codec, member.data, limit);
            crc32(&bytes) == member.crc32
        }
    };
    let head = member.content(1 << 16);
    if plain || !identify::certain(&Input::new(&member.name, &head)).is_empty() {
        scan.report(
            Finding::new(
                &FALSE_ENCRYPTION,
                format!("`{shown}` is marked as encrypted (flags {:#06x}) but its bytes are plain: scanners refuse it, torch loads it", member.flags),
            )
            .at(member.at),
        );
        read_member(member, codec, siblings, scan);
        if !plain {
            report_checksum(member, 0, scan);
        }
        return;
    }
    scan.gap(member.at, format!("`{shown}` is encrypted; decrypt it and scan the files"));
    scan.report(
        Finding::new(&UNREADABLE, format!("`{shown}` is encrypted: its content was not seen")).at(member.at),
    );
}

/// Scans the content; gives its length, checksum and how reading ended.
fn read_member(
    member: &Member<'_>,
    codec: Option<expand::Codec>,
    siblings: &dyn Siblings,
    scan: &mut Scan<'_>,
) -> (u64, u32, End) {
    match codec {
        None => {
            scan.member_of(&Input { bytes: member.data, name: &member.name, siblings });
            (member.data.len() as u64, crc32(member.data), End::Complete)
        }
        Some(codec) => {
            let expansion = expand::scan_expanded(codec, member.data, &member.name, siblings, scan);
            (expansion.length, expansion.crc32, expansion.end)
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn scan_strays(archive: &Archive<'_>, input: &Input<'_>, scan: &mut Scan<'_>) {
    for Stray { at, bytes, place } in &archive.strays {
        let length = bytes.len();
        if length < STRAY {
            continue;
        }
        let (place_name, severity) = match place {
            // A format that knows the whole file reads the prefix itself.
            Place::Before if identify::certain(input).len() > 1 => continue,
            Place::Before => ("before the archive", None),
            Place::Between => ("between members", Some(Severity::Low)),
            Place::After => ("after the end of the archive", Some(Severity::Medium)),
        };
        if let Some(severity) = severity {
            scan.report(
                Finding::new(&HIDDEN_DATA, format!("{length} bytes {place_name} belong to no member"))
                    .severity(severity)
                    .at(*at as u64)
                    .evidence(String::from_utf8_lossy(bytes.get(..64).unwrap_or(bytes))),
            );
        }
        scan.member(&format!("(bytes {at} to {}, {place_name})", at.saturating_add(length)), bytes);
    }
}

/// Names what precedes the archive. Worse when the archive behind it holds something dangerous, or when the head
/// poses as media while the name promises a model.
fn report_polyglot(archive: &Archive<'_>, input: &Input<'_>, before: usize, scan: &mut Scan<'_>) {
    let prefix = archive.strays.iter().find(|stray| stray.place == Place::Before);
    let Some(prefix) = prefix.filter(|_| archive.begins > 0) else { return };
    let head = identify::certain(input).into_iter().find(|format| !matches!(format.kind(), Kind::Archive));
    let what = head.map_or("bytes of no known format", Format::name);
    let worst =
        scan.findings().get(before..).unwrap_or_default().iter().map(|finding| finding.severity).max();
    let severity = if worst >= Some(Severity::High) { Severity::High } else { Severity::Medium };
    let length = prefix.bytes.len();
    scan.report(
        Finding::new(&POLYGLOT, format!("a zip archive follows {length} bytes of {what}: readers of the head and of the tail see different files"))
            .severity(severity)
            .at(archive.begins as u64),
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Zip as Writer, member};
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scan(bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new("model.zip", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn severity(outcome: &crate::Outcome, rule: &Rule) -> Option<Severity> {
        outcome.findings.iter().find(|finding| finding.rule.id == rule.id).map(|finding| finding.severity)
    }

    #[test]
    fn an_honest_archive_is_silent() {
        let bytes = Writer::new()
            .add(member("m/config.txt", b"hello"))
            .add(member("m/more.txt", &b"text ".repeat(50)).deflated())
            .bytes();
        let outcome = scan(&bytes);
        assert_eq!(outcome.format, Some("zip"));
        assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
        assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    }

    #[test]
    fn the_comment_of_an_archive_is_read_as_well() {
        let commented = |comment: &[u8]| {
            let mut bytes = Writer::new().add(member("notes", b"plain")).bytes();
            let length = bytes.len();
            bytes[length - 2..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
            bytes.extend(comment);
            scan(&bytes)
        };
        let found = commented(b"cposix\nsystem\n(S'id'\ntR.");
        assert!(found.findings[0].severity >= Severity::High, "{:?}", found.findings);
        let plain = commented(b"made on a Tuesday, with care");
        assert!(plain.findings.is_empty() && plain.gaps.is_empty(), "{:?}", plain.findings);
    }

    #[test]
    fn a_name_that_differs_between_the_headers_is_tampering() {
        let bytes =
            Writer::new().add(member("data.pkl", b"x").with(|m| m.local_name = b"read.txt".to_vec())).bytes();
        assert_eq!(severity(&scan(&bytes), &DIRECTORY_MISMATCH), Some(Severity::High));
    }

    #[test]
    fn a_member_hidden_behind_a_short_count_is_named() {
        let bytes = Writer::new().add(member("a", b"1")).add(member("b", b"2")).count(1).bytes();
        assert_eq!(severity(&scan(&bytes), &DIRECTORY_MISMATCH), Some(Severity::Medium));
    }

    #[test]
    fn a_false_encryption_mark_is_seen_through() {
        for flags in [1, 0x40, 0x20] {
            let lie = member("notes", b"plain").with(|m| (m.flags, m.local_flags) = (flags, flags));
            let outcome = scan(&Writer::new().add(lie).bytes());
            assert_eq!(severity(&outcome, &FALSE_ENCRYPTION), Some(Severity::High));
            assert!(outcome.gaps.is_empty());
        }
    }

    #[test]
    fn real_encryption_is_a_gap_and_not_called_false() {
        let secret = member("data.pkl", b"\x8a\x01\xfe\x77").with(|m| {
            (m.flags, m.local_flags, m.crc32, m.local_crc32) = (1, 1, 7, 7);
        });
        let outcome = scan(&Writer::new().add(secret).bytes());
        assert_eq!(severity(&outcome, &FALSE_ENCRYPTION), None);
        assert_eq!(severity(&outcome, &UNREADABLE), Some(Severity::Medium));
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn a_wrong_checksum_is_reported_and_the_member_read() {
        let inner = Writer::new().add(member("../up", b"1")).bytes();
        let bytes =
            Writer::new().add(member("a.zip", &inner).with(|m| (m.crc32, m.local_crc32) = (1, 1))).bytes();
        let outcome = scan(&bytes);
        assert_eq!(severity(&outcome, &CHECKSUM_MISMATCH), Some(Severity::Medium));
        assert_eq!(severity(&outcome, &PATH_ESCAPE), Some(Severity::High));
    }

    #[test]
    fn traversal_is_high_and_a_detour_low() {
        let bytes = |name: &str| Writer::new().add(member(name, b"1")).bytes();
        assert_eq!(severity(&scan(&bytes("../../etc/cron.d/x")), &PATH_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&scan(&bytes("C:\\Windows\\x")), &PATH_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&scan(&bytes("a/../b")), &PATH_ESCAPE), Some(Severity::Low));
        assert_eq!(severity(&scan(&bytes("a..b/c")), &PATH_ESCAPE), None);
    }

    #[test]
    fn a_symlink_out_of_the_archive_is_high_and_one_inside_is_silent() {
        let bytes =
            |target: &[u8]| Writer::new().add(member("d/l", target).with(|m| m.mode = 0o120_777)).bytes();
        assert_eq!(severity(&scan(&bytes(b"/etc/passwd")), &LINK_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&scan(&bytes(b"../../x")), &LINK_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&scan(&bytes(b"../x")), &LINK_ESCAPE), None);
    }

    #[test]
    fn two_members_of_one_name_are_named() {
        let bytes = Writer::new().add(member("a", b"1")).add(member("a", b"2")).bytes();
        assert_eq!(severity(&scan(&bytes), &DUPLICATE_MEMBER), Some(Severity::Medium));
    }

    #[test]
    fn names_read_differently_by_different_tools_are_odd() {
        let bytes = Writer::new()
            .add(member("a.pkl\0.txt", b"1"))
            .add(member("B", b"2"))
            .add(member("b", b"3"))
            .bytes();
        let odd = scan(&bytes).findings.into_iter().filter(|finding| finding.rule.id == ODD_NAME.id).count();
        assert_eq!(odd, 2);
    }

    #[test]
    fn data_after_the_end_is_reported_and_padding_is_not() {
        let archive = Writer::new().add(member("a", b"1")).bytes();
        let with = |tail: &[u8]| [archive.as_slice(), tail].concat();
        assert_eq!(severity(&scan(&with(b"trailing!")), &HIDDEN_DATA), Some(Severity::Medium));
        assert_eq!(severity(&scan(&with(&[0; 64])), &HIDDEN_DATA), None);
    }

    #[test]
    fn an_unlisted_member_is_hidden() {
        let bytes = Writer::new().add(member("a", b"1")).add(member("b", b"2").unlisted()).bytes();
        assert_eq!(severity(&scan(&bytes), &HIDDEN_MEMBER), Some(Severity::Medium));
    }

    #[test]
    fn a_zip_behind_other_bytes_is_a_polyglot() {
        let bytes = [b"\x89PNG....".as_slice(), &Writer::new().add(member("a", b"1")).bytes()].concat();
        assert_eq!(severity(&scan(&bytes), &POLYGLOT), Some(Severity::Medium));
    }

    #[test]
    fn a_damaged_stream_is_a_gap_and_malformed() {
        let damaged = member("a", &b"abc".repeat(400)).deflated().with(|m| {
            let broken = vec![0xff; 30];
            m.packed(8, broken);
        });
        let outcome = scan(&Writer::new().add(damaged).bytes());
        assert_eq!(severity(&outcome, &MALFORMED), Some(Severity::Low));
        assert!(!outcome.gaps.is_empty());
    }

    #[test]
    fn a_high_ratio_is_a_remark_and_a_bomb_a_gap() {
        let zeros = |count: usize| Writer::new().add(member("z", &vec![0; count]).deflated()).bytes();
        assert_eq!(severity(&scan(&zeros(300_000)), &EXPANSION), Some(Severity::Info));
        assert_eq!(severity(&scan(&zeros(1_000)), &EXPANSION), None);
        let bomb = scan(&zeros(40 << 20));
        assert_eq!(severity(&bomb, &EXPANSION), Some(Severity::Medium));
        assert_eq!(bomb.gaps.len(), 1);
    }

    #[test]
    fn archives_nest_to_the_depth_limit() {
        let mut bytes = Writer::new().add(member("leaf", b"1")).bytes();
        for _ in 0..12 {
            bytes = Writer::new().add(member("inner.zip", &bytes)).bytes();
        }
        let outcome = scan(&bytes);
        assert!(outcome.gaps.iter().any(|gap| gap.reason.contains("--max-depth")));
        assert_eq!(severity(&outcome, &NESTING), Some(Severity::Low));
        let twice =
            Writer::new().add(member("inner.zip", &Writer::new().add(member("a", b"1")).bytes())).bytes();
        assert_eq!(severity(&scan(&twice), &NESTING), None);
    }

    proptest! {
        #[test]
        fn a_mutated_archive_never_panics(at in 0usize..600, value: u8) {
            let mut bytes = Writer::new()
                .add(member("a.pkl", &b"data".repeat(20)).deflated())
                .add(member("b", b"more").with(|m| m.flags = 9))
                .bytes();
            let length = bytes.len();
            bytes[at % length] = value;
            let _ = scan(&bytes);
        }
    }
}
