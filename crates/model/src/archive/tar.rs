//! Tar archives: v7, ustar, GNU and pax, read leniently because readers differ in what they refuse.
//!
//! Source: POSIX.1-2024 pax, GNU tar manual "Basic Tar Format". Cost: linear in the number of headers; content is
//! sliced, not copied.

use super::expand::{self, NESTING};
use super::member_path::{self, DUPLICATE_MEMBER, LINK_ESCAPE, NameCheck, ODD_NAME, PATH_ESCAPE};
use super::siblings::{MemberFacts, MemberIndex};
use super::zip::{HIDDEN_DATA, MALFORMED};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity, printable};
use std::collections::HashMap;

/// Tar archives.
pub static TAR: Tar = Tar;

/// See [`TAR`].
pub struct Tar;

/// Size of a record, in bytes.
const BLOCK: usize = 512;
/// Longest extended header read, in bytes: pax headers and GNU long names.
const EXTENDED: usize = 1 << 20;

/// One member of a tar archive.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Name, with long-name and pax extensions applied, decoded leniently.
    pub name: String,
    /// Content, cut at the end of the input.
    pub data: &'a [u8],
    /// Type flag of the header.
    pub kind: u8,
    /// Where a link points.
    pub link: String,
    /// Offset of the header.
    pub at: usize,
}

/// A tar archive's structure.
pub struct Archive<'a> {
    /// Its members, in order.
    pub members: Vec<Member<'a>>,
    problems: Vec<Problem>,
    /// Offset behind the last record understood.
    end: usize,
}

struct Problem {
    rule: &'static Rule,
    severity: Severity,
    at: usize,
    message: String,
    gap: bool,
}

/// Whether `bytes` begins with a tar header: the ustar magic, or a checksum that fits.
pub fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..BLOCK) else { return false };
    let magic = header.get(257..262) == Some(b"ustar");
    (magic || checksum_fits(header))
        && header.first() != Some(&0)
        && number(header.get(124..136).unwrap_or_default()).is_some()
}

fn checksum_fits(header: &[u8]) -> bool {
    let Some(declared) = number(header.get(148..156).unwrap_or_default()) else { return false };
    // The checksum field counts as spaces; old writers summed signed bytes.
    let blank = |(index, byte): (usize, &u8)| if (148..156).contains(&index) { b' ' } else { *byte };
    let (mut unsigned, mut signed) = (0i64, 0i64);
    for byte in header.iter().enumerate().map(blank) {
        unsigned = unsigned.saturating_add(i64::from(byte));
        signed = signed.saturating_add(i64::from(byte.cast_signed()));
    }
    declared > 0 && (declared.cast_signed() == unsigned || declared.cast_signed() == signed)
}

/// A numeric field: octal text, or base-256 when the top bit is set (GNU).
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // A negative number (0xff) or one beyond 64 bits makes no size.
        let head = rest.len().saturating_sub(8);
        if first & 0x7f != 0 || rest.get(..head)?.iter().any(|&byte| byte != 0) {
            return None;
        }
        return Some(rest.get(head..)?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)));
    }
    let mut value = 0u64;
    for &byte in field.iter().skip_while(|byte| **byte == b' ') {
        match byte {
            b'0'..=b'7' => value = value.checked_mul(8)?.checked_add(u64::from(byte.wrapping_sub(b'0')))?,
            b' ' | 0 => break,
            _ => return None,
        }
    }
    Some(value)
}

fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// What extended headers said about the next member.
#[derive(Default, Clone)]
struct Extended {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Reads pax records, `length key=value\n` (POSIX pax, "Extended Header").
    fn read_pax(&mut self, mut records: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', records) {
            let length = records
                .get(..space)
                .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            let Some(record) = length.and_then(|length| records.get(space.saturating_add(1)..length)) else {
                return;
            };
            if let Some(equals) = memchr::memchr(b'=', record) {
                let value = record.get(equals.saturating_add(1)..).unwrap_or_default();
                let value = String::from_utf8_lossy(value.strip_suffix(b"\n").unwrap_or(value)).into_owned();
                match record.get(..equals).unwrap_or_default() {
                    b"path" | b"GNU.sparse.name" => self.path = Some(value),
                    b"linkpath" => self.link = Some(value),
                    b"size" => self.size = value.parse().ok(),
                    key if key.starts_with(b"GNU.sparse") => self.sparse = true,
                    _ => {}
                }
            }
            let Some(rest) = length.and_then(|length| records.get(length..)) else { return };
            records = rest;
        }
    }
}

impl<'a> Archive<'a> {
    /// Reads the structure of `bytes`, at most `limit` members.
    pub fn read(bytes: &'a [u8], limit: u64) -> Self {
        let mut archive = Self { members: Vec::new(), problems: Vec::new(), end: 0 };
        let (mut at, mut global, mut next, mut after_end) =
            (0usize, Extended::default(), Extended::default(), false);
        while let Some(header) = bytes.get(at..at.saturating_add(BLOCK)) {
            if header.iter().all(|&byte| byte == 0) {
                after_end = true;
                at = at.saturating_add(BLOCK);
                archive.end = at;
                continue;
            }
            let fits = checksum_fits(header);
            let size = number(header.get(124..136).unwrap_or_default());
            let (Some(mut size), true) = (size, fits || header.get(257..262) == Some(b"ustar")) else {
                if !after_end {
                    archive.problem(
                        &MALFORMED,
                        Severity::Low,
                        at,
                        "a record is no tar header: reading stops here".to_owned(),
                        true,
                    );
                }
                break;
            };
            if !fits {
                archive.problem(
                    &MALFORMED,
                    Severity::Medium,
                    at,
                    "a header's checksum is wrong: some readers stop here, others go on".to_owned(),
                    false,
                );
            }
            if after_end {
                after_end = false;
                archive.problem(
                    &HIDDEN_DATA,
                    Severity::Medium,
                    at,
                    "members follow the end of the archive: most readers do not show them".to_owned(),
                    false,
                );
            }
            let kind = header.get(156).copied().unwrap_or_default();
            let is_extension = matches!(kind, b'L' | b'K' | b'x' | b'X' | b'g');
            if !is_extension && let Some(long) = next.size.or(global.size) {
                if long != size && size != 0 {
                    archive.problem(&MALFORMED, Severity::Medium, at, format!(
                        "the header says {size} bytes, its pax record {long}: readers disagree where the next member starts"
                    ), false);
                }
                size = long;
            }
            let data_at = at.saturating_add(BLOCK);
            // Links, devices and folders have no content whatever their size field says.
            let has_data = !matches!(kind, b'1'..=b'6');
            let length = if has_data { usize::try_from(size).unwrap_or(usize::MAX) } else { 0 };
            let rest = bytes.get(data_at..).unwrap_or_default();
            let data = rest.get(..length).unwrap_or(rest);
            let field = |from: usize, to: usize| text(header.get(from..to).unwrap_or_default());
            match kind {
                b'L' => next.path = Some(text(data.get(..EXTENDED).unwrap_or(data))),
                b'K' => next.link = Some(text(data.get(..EXTENDED).unwrap_or(data))),
                b'x' | b'X' => next.read_pax(data.get(..EXTENDED).unwrap_or(data)),
                b'g' => global.read_pax(data.get(..EXTENDED).unwrap_or(data)),
                _ => {
                    let prefix = if header.get(257..263) == Some(b"ustar\0") {
                        field(345, 500)
                    } else {
                        String::new()
                    };
                    let short =
                        if prefix.is_empty() { field(0, 100) } else { format!("{prefix}/{}", field(0, 100)) };
                    let name = next.path.take().or_else(|| global.path.clone()).unwrap_or(short);
                    let link = next.link.take().unwrap_or_else(|| field(157, 257));
                    if kind == b'S' || next.sparse {
                        archive.problem(
                            &MALFORMED,
                            Severity::Low,
                            at,
                            format!(
                                "`{}` is stored sparse: its packed bytes were read, not the file they make",
                                printable(&name, 120)
                            ),
                            true,
                        );
                    }
                    archive.members.push(Member { name, data, kind, link, at });
                    next = Extended::default();
                }
            }
            if data.len() < length {
                archive.problem(
                    &MALFORMED,
                    Severity::Low,
                    at,
                    "the last member runs past the end of the file".to_owned(),
                    true,
                );
            }
            at = data_at.saturating_add(length.checked_next_multiple_of(BLOCK).unwrap_or(length));
            archive.end = at.min(bytes.len());
            if archive.members.len() as u64 >= limit {
                archive.problem(&MALFORMED, Severity::Low, at, format!("more than {limit} members"), true);
                break;
            }
        }
        if archive.end >= bytes.len() && !after_end && !bytes.len().is_multiple_of(BLOCK) {
            archive.problem(
                &MALFORMED,
                Severity::Low,
                bytes.len(),
                "the archive is cut inside a record".to_owned(),
                true,
            );
        }
        archive
    }

    fn problem(&mut self, rule: &'static Rule, severity: Severity, at: usize, message: String, gap: bool) {
        const MOST: usize = 100;
        if self.problems.len() < MOST {
            self.problems.push(Problem { rule, severity, at, message, gap });
        }
    }

    /// Whether the members look like the root of a Unix file system, as container layers do: there absolute links are
    /// everyday.
    fn is_root_file_system(&self) -> bool {
        const FOLDERS: &[&str] = &["bin", "dev", "etc", "lib", "lib64", "proc", "root", "sbin", "usr", "var"];
        let mut found: Vec<&str> = self
            .members
            .iter()
            .filter_map(|member| member.name.trim_start_matches("./").split('/').next())
            .filter(|folder| FOLDERS.contains(folder))
            .collect();
        found.sort_unstable();
        found.dedup();
        found.len() >= 3
    }
}

impl MemberFacts for &Member<'_> {
    fn size(&self) -> u64 {
        self.data.len() as u64
    }

    fn is_symlink(&self) -> bool {
        self.kind == b'2'
    }
}

impl Format for Tar {
    fn id(&self) -> &'static str {
        "tar"
    }

    fn name(&self) -> &'static str {
        "tar archive"
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tar", "ova", "gem", "tgz", "gz", "layer"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&PATH_ESCAPE, &LINK_ESCAPE, &ODD_NAME, &DUPLICATE_MEMBER, &HIDDEN_DATA, &MALFORMED, &NESTING]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_tar(input.bytes) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let archive = Archive::read(input.bytes, scan.limits().members);
        for problem in &archive.problems {
            scan.report(
                Finding::new(problem.rule, problem.message.clone())
                    .severity(problem.severity)
                    .at(problem.at as u64),
            );
            if problem.gap {
                scan.gap(
                    problem.at as u64,
                    format!("{}; get the file again or scan what it unpacks to", problem.message),
                );
            }
        }
        let read = |member: &&Member<'_>, limit: u64| {
            let end = usize::try_from(limit).unwrap_or(usize::MAX).min(member.data.len());
            member.data.get(..end).map(<[u8]>::to_vec)
        };
        let index =
            MemberIndex::new(archive.members.iter().map(|member| (member.name.clone(), member)), &read);
        expand::remark_shape(archive.members.iter().all(|member| member.data.is_empty()), scan);
        let is_layer = archive.is_root_file_system();
        let mut names = NameCheck::default();
        let mut by_name: HashMap<&str, &Member<'_>> = HashMap::new();
        for member in &archive.members {
            let at = member.at as u64;
            names.check(&member.name, at, scan);
            check_kind(member, is_layer, scan);
            if let Some(earlier) = by_name.insert(&member.name, member)
                && earlier.data != member.data
            {
                let shown = printable(&member.name, 120);
                scan.report(
                    Finding::new(&DUPLICATE_MEMBER, format!("two members are called `{shown}`, with different content: the last one wins on extraction"))
                        .severity(Severity::Low)
                        .at(at),
                );
            }
            if !member.data.is_empty() {
                scan.member_of(&Input {
                    bytes: member.data,
                    name: &member.name,
                    siblings: &index.beside(&member.name),
                });
            }
            if scan.out_of_time() {
                return;
            }
        }
        let tail = input.bytes.get(archive.end..).unwrap_or_default();
        if tail.iter().any(|&byte| byte != 0) {
            let at = archive.end;
            scan.report(
                Finding::new(
                    &HIDDEN_DATA,
                    format!("{} bytes after the last member belong to no member", tail.len()),
                )
                .at(at as u64),
            );
            scan.member(&format!("(bytes from {at}, after the last member)"), tail);
        }
    }
}

fn check_kind(member: &Member<'_>, is_layer: bool, scan: &mut Scan<'_>) {
    let at = member.at as u64;
    match member.kind {
        b'2' if is_layer => {}
        b'1' | b'2' => member_path::check_link(&member.name, &member.link, member.kind == b'2', at, scan),
        b'3' | b'4' | b'6' => scan.report(
            Finding::new(
                &LINK_ESCAPE,
                format!(
                    "`{}` is a device or pipe: extracting it as root opens the host's devices",
                    printable(&member.name, 120)
                ),
            )
            .severity(Severity::Medium)
            .at(at),
        ),
        _ => {}
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    /// One member with a right checksum, padded; `change` may spoil the header before the checksum is made.
    pub(crate) fn member(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header.extend(content);
        header.resize(header.len().next_multiple_of(512), 0);
        header
    }

    /// Members and the two empty records that end an archive.
    pub(crate) fn archive(members: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = members.concat();
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{archive, member};
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scan(bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new("model.tar", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn severity(bytes: &[u8], rule: &Rule) -> Option<Severity> {
        scan(bytes).findings.iter().find(|finding| finding.rule.id == rule.id).map(|finding| finding.severity)
    }

    #[test]
    fn an_honest_archive_is_silent() {
        let outcome = scan(&archive(&[member("d/", b'5', "", b""), member("d/a.txt", b'0', "", b"hello")]));
        assert_eq!(outcome.format, Some("tar"));
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty(), "{outcome:?}");
    }

    #[test]
    fn gnu_long_names_and_pax_paths_name_the_member() {
        let long = "x".repeat(150);
        let bytes = archive(&[
            member("././@LongLink", b'L', "", format!("{long}\0").as_bytes()),
            member("x", b'0', "", b"1"),
            member("p", b'x', "", b"17 path=../evil\n\n"),
            member("y", b'0', "", b"2"),
        ]);
        let read = Archive::read(&bytes, 9);
        assert_eq!(read.members[0].name, long);
        assert!(read.members[1].name.starts_with("../evil"));
        assert_eq!(severity(&bytes, &PATH_ESCAPE), Some(Severity::High));
    }

    #[test]
    fn links_out_of_the_archive_are_high_and_inside_silent() {
        let link =
            |kind, target: &str| archive(&[member("d/l", kind, target, b""), member("f", b'0', "", b"1")]);
        assert_eq!(severity(&link(b'2', "../../etc/passwd"), &LINK_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&link(b'1', "/etc/passwd"), &LINK_ESCAPE), Some(Severity::High));
        assert_eq!(severity(&link(b'2', "../weights"), &LINK_ESCAPE), None);
        assert_eq!(severity(&link(b'3', ""), &LINK_ESCAPE), Some(Severity::Medium));
    }

    #[test]
    fn absolute_links_are_everyday_in_a_container_layer() {
        let bytes = archive(&[
            member("usr/", b'5', "", b""),
            member("etc/", b'5', "", b""),
            member("var/", b'5', "", b""),
            member("usr/awk", b'2', "/etc/alternatives/awk", b""),
        ]);
        assert_eq!(severity(&bytes, &LINK_ESCAPE), None);
    }

    #[test]
    fn members_behind_the_end_are_read_and_reported() {
        let bytes =
            [archive(&[member("a", b'0', "", b"1")]), archive(&[member("../b", b'0', "", b"2")])].concat();
        assert_eq!(severity(&bytes, &HIDDEN_DATA), Some(Severity::Medium));
        assert_eq!(severity(&bytes, &PATH_ESCAPE), Some(Severity::High));
    }

    #[test]
    fn a_wrong_checksum_does_not_stop_the_reader() {
        let mut bytes = archive(&[member("../b", b'0', "", b"2")]);
        bytes[150] ^= 1;
        assert_eq!(severity(&bytes, &MALFORMED), Some(Severity::Medium));
        assert_eq!(severity(&bytes, &PATH_ESCAPE), Some(Severity::High));
    }

    #[test]
    fn a_cut_archive_is_a_gap() {
        let mut bytes = archive(&[member("a", b'0', "", &[7; 2000])]);
        bytes.truncate(1500);
        assert!(!scan(&bytes).gaps.is_empty());
    }

    #[test]
    fn base_256_sizes_are_read() {
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff; 12]), None);
    }

    proptest! {
        #[test]
        fn a_mutated_archive_never_panics(at in 0usize..1536, value: u8, cut in 0usize..1536) {
            let mut bytes = archive(&[member("a", b'0', "", b"hello"), member("b", b'2', "a", b"")]);
            bytes[at] = value;
            let length = bytes.len();
            bytes.truncate(length - cut);
            let _ = scan(&bytes);
        }
    }
}
