//! Headers of executable formats, checked strictly enough that random weights do not pass.
//!
//! Sources: System V ABI ch. 4 (ELF), Microsoft PE/COFF specification, Apple `mach-o/loader.h` and `fat.h`, the
//! WebAssembly core specification §5.5, JVMS §4, the Dalvik executable format. Each check reads under 4 KiB.

use super::library;
use bartizan_core::Cursor;

/// An executable format and how much of its header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Executable {
    /// What a person calls it.
    pub(crate) name: &'static str,
    /// Whether an operating system would take the header; `false` when only its identification holds.
    pub(crate) whole: bool,
}

/// The executable that begins at the start of `bytes`.
pub(crate) fn at_start(bytes: &[u8]) -> Option<Executable> {
    match bytes.get(..4)? {
        b"\x7fELF" => elf(bytes),
        [b'M', b'Z', ..] => portable(bytes),
        b"\xce\xfa\xed\xfe" | b"\xcf\xfa\xed\xfe" | b"\xfe\xed\xfa\xce" | b"\xfe\xed\xfa\xcf" => {
            mach_o(bytes)
        }
        b"\xca\xfe\xba\xbe" => universal_or_class(bytes),
        b"\0asm" => web_assembly(bytes),
        b"dex\n" => dalvik(bytes),
        b"!<ar" => library::at_start(bytes).then(|| executable("static library", true)),
        _ => None,
    }
}

fn executable(name: &'static str, whole: bool) -> Executable {
    Executable { name, whole }
}

fn elf(bytes: &[u8]) -> Option<Executable> {
    let class = *bytes.get(4)?;
    let order = *bytes.get(5)?;
    if !matches!((class, order), (1 | 2, 1 | 2)) || bytes.get(6) != Some(&1) {
        return None;
    }
    let whole = elf_header(bytes, class == 2, order == 1).unwrap_or(false);
    Some(executable("ELF executable", whole))
}

/// Whether type, machine, version and table sizes are those of a real file.
fn elf_header(bytes: &[u8], wide: bool, little: bool) -> Option<bool> {
    let half = |at: usize| {
        let pair: [u8; 2] = bytes.get(at..at.saturating_add(2))?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let word = |at: usize| {
        let quad: [u8; 4] = bytes.get(at..at.saturating_add(4))?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(quad) } else { u32::from_be_bytes(quad) })
    };
    let (header_size, entry_size) = if wide { (52usize, 54usize) } else { (40, 42) };
    let sizes_fit = half(header_size)? == if wide { 64 } else { 52 }
        && matches!((wide, half(entry_size)?), (_, 0) | (true, 56) | (false, 32));
    Some((1..=4).contains(&half(16)?) && half(18)? != 0 && half(18)? < 0x200 && word(20)? == 1 && sizes_fit)
}

/// A DOS header whose `e_lfanew` leads to a PE header, or, less surely, one followed by the stub that linkers write.
fn portable(bytes: &[u8]) -> Option<Executable> {
    let at_header = Cursor::at(bytes, 0x3c).u32_le().ok().and_then(|at| usize::try_from(at).ok());
    if let Some(at) = at_header
        && at < MAX_LFANEW
        && bytes.get(at..).is_some_and(is_coff_after_signature)
    {
        return Some(executable("Windows executable (PE)", true));
    }
    let head = bytes.get(..STUB_WITHIN).unwrap_or(bytes);
    memchr::memmem::find(head, DOS_STUB).map(|_| executable("Windows executable (PE)", false))
}

/// Whether `bytes` begin with `PE\0\0` and a COFF header of a known machine with a plausible optional header.
pub(crate) fn is_coff_after_signature(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let read = || -> Option<bool> {
        let signature = cursor.take(4).ok()?;
        let machine = cursor.u16_le().ok()?;
        let sections = cursor.u16_le().ok()?;
        cursor.skip(12).ok()?;
        let optional_size = cursor.u16_le().ok()?;
        let characteristics = cursor.u16_le().ok()?;
        let magic = cursor.u16_le().ok();
        let known = is_coff_machine(machine);
        let optional = matches!(magic, Some(0x10b | 0x20b)) && (96..=1024).contains(&optional_size);
        Some(
            signature == b"PE\0\0"
                && known
                && (1..=96).contains(&sections)
                && optional
                && characteristics & 2 != 0,
        )
    };
    let mut read = read;
    read().unwrap_or(false)
}

/// Whether `bytes` begin with the COFF header of an object file: a known machine, some sections, no optional header.
pub(super) fn is_coff_object(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    let mut read = || -> Option<bool> {
        let machine = cursor.u16_le().ok()?;
        let sections = cursor.u16_le().ok()?;
        cursor.skip(12).ok()?;
        let optional_size = cursor.u16_le().ok()?;
        Some(is_coff_machine(machine) && (1..=0xfeff).contains(&sections) && optional_size == 0)
    };
    read().unwrap_or(false)
}

fn is_coff_machine(machine: u16) -> bool {
    matches!(machine, 0x014c | 0x8664 | 0x01c0 | 0x01c4 | 0xaa64 | 0x0200 | 0x5032 | 0x5064 | 0x0ebc)
}

fn mach_o(bytes: &[u8]) -> Option<Executable> {
    let little = matches!(bytes.first()?, 0xce | 0xcf);
    let mut cursor = Cursor::at(bytes, 4);
    let mut word = || {
        let quad = cursor.array::<4>().ok()?;
        Some(if little { u32::from_le_bytes(quad) } else { u32::from_be_bytes(quad) })
    };
    let (cpu, _subtype, kind, commands, size) = (word()?, word()?, word()?, word()?, word()?);
    let sized = commands.checked_mul(8).is_some_and(|least| size >= least) && size < 1 << 24;
    (is_mach_cpu(cpu) && (1..=12).contains(&kind) && (1..=4096).contains(&commands) && sized)
        .then(|| executable("Mach-O executable", true))
}

fn is_mach_cpu(cpu: u32) -> bool {
    matches!(cpu & 0x00ff_ffff, 7 | 12 | 18) && matches!(cpu >> 24, 0..=2)
}

/// `CAFEBABE` opens both Mach-O universal files and Java classes; the next word tells them apart.
fn universal_or_class(bytes: &[u8]) -> Option<Executable> {
    let mut cursor = Cursor::at(bytes, 4);
    let count = cursor.u32_be().ok()?;
    if (1..=16).contains(&count) {
        let cpu = cursor.u32_be().ok()?;
        return is_mach_cpu(cpu).then(|| executable("Mach-O universal binary", true));
    }
    let (minor, major) = (count >> 16, count & 0xffff);
    let constants = cursor.u16_be().ok()?;
    let tag = cursor.u8().ok()?;
    (matches!(minor, 0..=3 | 0xffff)
        && (45..=80).contains(&major)
        && constants > 1
        && matches!(tag, 1 | 3..=12 | 15..=20))
    .then(|| executable("Java class", true))
}

fn web_assembly(bytes: &[u8]) -> Option<Executable> {
    let section = bytes.get(8).copied();
    (bytes.get(4..8)? == [1, 0, 0, 0] && section.is_none_or(|id| id <= 13))
        .then(|| executable("WebAssembly module", true))
}

fn dalvik(bytes: &[u8]) -> Option<Executable> {
    let version = bytes.get(4..8)?;
    let digits = version.iter().take(3).all(u8::is_ascii_digit) && version.last() == Some(&0);
    let size = Cursor::at(bytes, 36).u32_le().ok()?;
    let endian = Cursor::at(bytes, 40).u32_le().ok()?;
    (digits && size == 0x70 && endian == 0x1234_5678).then(|| executable("Dalvik executable (dex)", true))
}

/// Text that linkers put into the DOS stub of every PE file.
pub(crate) const DOS_STUB: &[u8] = b"This program cannot be run in DOS mode";
/// How far after `MZ` the stub text stands at most, in bytes. Linkers put it at 0x4e.
pub(crate) const STUB_WITHIN: usize = 0x200;
/// Largest `e_lfanew` believed, in bytes. Real files stay below 0x400.
pub(crate) const MAX_LFANEW: usize = 0x1_0000;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The smallest x86-64 ELF header an OS would take.
    pub(in crate::binary) fn elf_bytes() -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend(2u16.to_le_bytes());
        bytes.extend(0x3eu16.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend([0; 28]);
        bytes.extend([64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    /// A PE header for x86-64 with `e_lfanew` 0x80.
    pub(in crate::binary) fn pe_bytes() -> Vec<u8> {
        let mut bytes = vec![0u8; 0x80];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[0x3c] = 0x80;
        bytes.extend(b"PE\0\0\x64\x86\x03\0");
        bytes.extend([0; 12]);
        bytes.extend([240, 0, 2, 0, 0x0b, 0x02]);
        bytes
    }

    #[test]
    fn real_headers_are_whole() {
        assert!(at_start(&elf_bytes()).unwrap().whole);
        assert!(at_start(&pe_bytes()).unwrap().whole);
        let mach = b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0\x10\0\0\0\0\x08\0\0";
        assert_eq!(at_start(mach).unwrap().name, "Mach-O executable");
        assert_eq!(at_start(b"\xca\xfe\xba\xbe\0\0\0\x34\0\x1d\x0a").unwrap().name, "Java class");
        assert_eq!(at_start(b"\0asm\x01\0\0\0").unwrap().name, "WebAssembly module");
    }

    #[test]
    fn a_magic_alone_is_not_an_executable() {
        for bytes in [
            &b"\x7fELF is a format"[..],
            b"MZ and more text that goes on",
            b"\xcf\xfa\xed\xfe12345678901234567890",
        ] {
            assert_eq!(at_start(bytes), None);
        }
    }

    #[test]
    fn the_linker_stub_tells_a_damaged_pe() {
        let mut bytes = b"MZ".to_vec();
        bytes.extend([0; 76]);
        bytes.extend(DOS_STUB);
        assert_eq!(at_start(&bytes).map(|found| found.whole), Some(false));
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            let _ = at_start(&bytes);
            let _ = is_coff_after_signature(&bytes);
        }
    }
}
