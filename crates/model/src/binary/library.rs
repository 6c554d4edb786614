//! Static libraries: `ar` archives of object files, as `.a` and `.lib` hold them.
//!
//! Sources: System V ABI and GNU binutils `ar.h` (header of 60 bytes, symbol table `/`), BSD `ar(5)` (`__.SYMDEF`,
//! names `#1/LENGTH` that stand before the content), Microsoft PE/COFF specification, "Archive (Library) File Format".

use super::header;

/// What an `ar` archive begins with.
pub(super) const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of a member's header: name 16, date 12, owner 6, group 6, mode 8, size 10, end 2.
const HEADER: usize = 60;

/// Whether `bytes` begin with an archive whose first member is a table of symbols or an object file. Other archives
/// of the same form, such as Debian packages, are none. One without members is a library that became empty.
pub(super) fn at_start(bytes: &[u8]) -> bool {
    let Some(members) = bytes.strip_prefix(MAGIC) else { return false };
    let is_of_objects = |(name, content): (&[u8], &[u8])| {
        name == b"/" || name == b"/SYM64/" || name.starts_with(b"__.SYMDEF") || is_object(content)
    };
    members.is_empty() || first_member(members).is_some_and(is_of_objects)
}

/// Name and content, as far as it is there, of the member whose header begins `bytes`.
fn first_member(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, content) = bytes.split_at_checked(HEADER)?;
    let size = header.get(48..58)?.trim_ascii_end();
    let numeric = !size.is_empty() && size.iter().all(u8::is_ascii_digit);
    if header.get(58..) != Some(b"`\n") || !numeric {
        return None;
    }
    let name = header.get(..16)?.trim_ascii_end();
    let Some(length) = name.strip_prefix(b"#1/") else { return Some((name, content)) };
    let length = std::str::from_utf8(length).ok()?.parse().ok()?;
    content.split_at_checked(length)
}

/// Whether `content` begins with an object file: ELF, Mach-O, COFF, or the short record of a Windows import.
fn is_object(content: &[u8]) -> bool {
    let import = content.starts_with(&[0, 0, 0xff, 0xff]);
    import || header::at_start(content).is_some_and(|found| found.whole) || header::is_coff_object(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::header::tests::elf_bytes;
    use proptest::prelude::*;

    /// An archive with one member.
    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let size = content.len();
        bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644).into_bytes());
        bytes.extend(content);
        bytes
    }

    #[test]
    fn archives_of_objects_are_libraries() {
        assert!(at_start(&archive("ops.o/", &elf_bytes())));
        assert!(at_start(&archive("/", b"\0\0\0\x01")));
        let coff = [0x64, 0x86, 3, 0, 0, 0, 0, 0, 0x40, 2, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        assert!(at_start(&archive("ops.obj/", &coff)));
        let named_before = [b"ops.o\0\0\0".as_slice(), &elf_bytes()].concat();
        assert!(at_start(&archive("#1/8", &named_before)));
    }

    #[test]
    fn packages_text_and_damaged_headers_are_none() {
        assert!(!at_start(&archive("debian-binary", b"2.0\n")));
        assert!(at_start(b"!<arch>\n"));
        assert!(!at_start(b"!<arch>\nis how one begins"));
        let mut damaged = archive("ops.o/", &elf_bytes());
        damaged[MAGIC.len() + 58] = b'x';
        assert!(!at_start(&damaged));
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            let _ = at_start(&bytes);
            let _ = first_member(&bytes);
            let _ = is_object(&bytes);
        }
    }
}
