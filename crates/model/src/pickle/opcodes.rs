//! The opcodes of pickle protocols 0 to 5, and a lexer that borrows from the stream.
//!
//! Source: CPython `Lib/pickletools.py` and `Modules/_pickle.c` (3.14). Where the two disagree about a malformed
//! argument the C unpickler decides, since it is what runs. Linear: each byte is looked at once.

use memchr::memchr;

/// How an opcode's argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// No argument.
    None,
    /// One unsigned byte.
    U8,
    /// Two bytes, little-endian, unsigned.
    U16,
    /// Four bytes, little-endian, signed.
    I32,
    /// Four bytes, little-endian, unsigned.
    U32,
    /// Eight bytes: a big-endian double, or the little-endian length of a frame.
    Eight,
    /// Text up to a newline.
    Line,
    /// Two lines of text.
    LinePair,
    /// A length of one byte, then that many bytes.
    Counted8,
    /// A length of four bytes, unsigned, then that many bytes.
    Counted32,
    /// A length of four bytes, signed: negative ones make the loader fail.
    CountedSigned32,
    /// A length of eight bytes, then that many bytes.
    Counted64,
}

/// What an opcode takes from and leaves on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Values taken off the top; [`Effect::TO_MARK`] for everything above the last mark, and the mark.
    pub pops: u8,
    /// Values put back.
    pub pushes: u8,
}

impl Effect {
    /// Takes everything down to the last mark.
    pub const TO_MARK: u8 = u8::MAX;
}

/// One row of the opcode table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode {
    /// The byte.
    pub code: u8,
    /// The name that `pickletools` prints.
    pub name: &'static str,
    /// The protocol that brought it.
    pub protocol: u8,
    /// How its argument is written.
    pub encoding: Encoding,
    /// What it does to the stack.
    pub effect: Effect,
}

macro_rules! opcodes {
    ($($name:ident $code:literal $protocol:literal $encoding:ident $pops:tt -> $pushes:literal;)+) => {
        $(
            #[doc = concat!("`", stringify!($name), "`, protocol ", $protocol, ".")]
            pub const $name: u8 = $code;
        )+
        /// Every opcode, by the protocol that brought it.
        pub static OPCODES: &[Opcode] = &[$(Opcode {
            code: $code,
            name: stringify!($name),
            protocol: $protocol,
            encoding: Encoding::$encoding,
            effect: Effect { pops: opcodes!(@pops $pops), pushes: $pushes },
        }),+];
    };
    (@pops mark) => { Effect::TO_MARK };
    (@pops $count:literal) => { $count };
}

opcodes! {
    MARK b'(' 0 None 0 -> 0;
    STOP b'.' 0 None 1 -> 0;
    POP b'0' 0 None 1 -> 0;
    POP_MARK b'1' 1 None mark -> 0;
    DUP b'2' 0 None 1 -> 2;
    FLOAT b'F' 0 Line 0 -> 1;
    INT b'I' 0 Line 0 -> 1;
    BININT b'J' 1 I32 0 -> 1;
    BININT1 b'K' 1 U8 0 -> 1;
    LONG b'L' 0 Line 0 -> 1;
    BININT2 b'M' 1 U16 0 -> 1;
    NONE b'N' 0 None 0 -> 1;
    PERSID b'P' 0 Line 0 -> 1;
    BINPERSID b'Q' 1 None 1 -> 1;
    REDUCE b'R' 0 None 2 -> 1;
    STRING b'S' 0 Line 0 -> 1;
    BINSTRING b'T' 1 CountedSigned32 0 -> 1;
    SHORT_BINSTRING b'U' 1 Counted8 0 -> 1;
    UNICODE b'V' 0 Line 0 -> 1;
    BINUNICODE b'X' 1 Counted32 0 -> 1;
    APPEND b'a' 0 None 2 -> 1;
    BUILD b'b' 0 None 2 -> 1;
    GLOBAL b'c' 0 LinePair 0 -> 1;
    DICT b'd' 0 None mark -> 1;
    EMPTY_DICT b'}' 1 None 0 -> 1;
    APPENDS b'e' 1 None mark -> 0;
    GET b'g' 0 Line 0 -> 1;
    BINGET b'h' 1 U8 0 -> 1;
    INST b'i' 0 LinePair mark -> 1;
    LONG_BINGET b'j' 1 U32 0 -> 1;
    LIST b'l' 0 None mark -> 1;
    EMPTY_LIST b']' 1 None 0 -> 1;
    OBJ b'o' 1 None mark -> 1;
    PUT b'p' 0 Line 0 -> 0;
    BINPUT b'q' 1 U8 0 -> 0;
    LONG_BINPUT b'r' 1 U32 0 -> 0;
    SETITEM b's' 0 None 3 -> 1;
    TUPLE b't' 0 None mark -> 1;
    EMPTY_TUPLE b')' 1 None 0 -> 1;
    SETITEMS b'u' 1 None mark -> 0;
    BINFLOAT b'G' 1 Eight 0 -> 1;
    PROTO 0x80 2 U8 0 -> 0;
    NEWOBJ 0x81 2 None 2 -> 1;
    EXT1 0x82 2 U8 0 -> 1;
    EXT2 0x83 2 U16 0 -> 1;
    EXT4 0x84 2 I32 0 -> 1;
    TUPLE1 0x85 2 None 1 -> 1;
    TUPLE2 0x86 2 None 2 -> 1;
    TUPLE3 0x87 2 None 3 -> 1;
    NEWTRUE 0x88 2 None 0 -> 1;
    NEWFALSE 0x89 2 None 0 -> 1;
    LONG1 0x8a 2 Counted8 0 -> 1;
    LONG4 0x8b 2 CountedSigned32 0 -> 1;
    BINBYTES b'B' 3 Counted32 0 -> 1;
    SHORT_BINBYTES b'C' 3 Counted8 0 -> 1;
    SHORT_BINUNICODE 0x8c 4 Counted8 0 -> 1;
    BINUNICODE8 0x8d 4 Counted64 0 -> 1;
    BINBYTES8 0x8e 4 Counted64 0 -> 1;
    EMPTY_SET 0x8f 4 None 0 -> 1;
    ADDITEMS 0x90 4 None mark -> 0;
    FROZENSET 0x91 4 None mark -> 1;
    NEWOBJ_EX 0x92 4 None 3 -> 1;
    STACK_GLOBAL 0x93 4 None 2 -> 1;
    MEMOIZE 0x94 4 None 0 -> 0;
    FRAME 0x95 4 Eight 0 -> 0;
    BYTEARRAY8 0x96 5 Counted64 0 -> 1;
    NEXT_BUFFER 0x97 5 None 0 -> 1;
    READONLY_BUFFER 0x98 5 None 1 -> 1;
}

/// The row of `code`, `None` when no protocol defines it.
pub fn opcode(code: u8) -> Option<&'static Opcode> {
    OPCODES.iter().find(|opcode| opcode.code == code)
}

/// Encoding by opcode byte, so that lexing does not search the table.
static ENCODINGS: [Option<Encoding>; 256] = {
    let mut encodings = [None; 256];
    let mut row = 0;
    while row < OPCODES.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, row is below the length")]
        let opcode = OPCODES[row];
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, a byte is below 256")]
        {
            encodings[opcode.code as usize] = Some(opcode.encoding);
        }
        row += 1;
    }
    encodings
};

/// One opcode with its argument, borrowed from the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The opcode byte.
    pub code: u8,
    /// Offset of the opcode byte.
    pub at: usize,
    /// Offset past the argument.
    pub end: usize,
    /// The argument's bytes: the counted data, the line without its newline, or the fixed-size field.
    pub data: &'a [u8],
    /// Second line of GLOBAL and INST.
    pub second: &'a [u8],
    /// The number in a fixed-size argument, signed ones sign-extended; the length for counted data.
    pub number: i64,
}

impl Instruction<'_> {
    /// Offset of [`Instruction::data`] when that is counted or fixed-size, which always ends the instruction.
    pub fn data_at(&self) -> usize {
        self.end.saturating_sub(self.data.len())
    }
}

/// Why no instruction could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LexError {
    /// The stream ends where an opcode should be.
    #[error("the stream ends without STOP")]
    End,
    /// No protocol defines this byte.
    #[error("byte 0x{0:02x} is no opcode")]
    Unknown(u8),
    /// The argument reaches past the end.
    #[error("the argument of {name} wants {wanted} bytes, {left} are left")]
    Short {
        /// Opcode name.
        name: &'static str,
        /// Bytes the argument says it has.
        wanted: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// A length below zero.
    #[error("{name} gives a negative length")]
    Negative {
        /// Opcode name.
        name: &'static str,
    },
    /// A text argument without its newline.
    #[error("the line that {name} reads has no end")]
    NoNewline {
        /// Opcode name.
        name: &'static str,
    },
}

/// Reads the instruction at `at`.
///
/// # Errors
/// [`LexError`] where CPython's loader would fail while reading it.
pub fn lex(bytes: &[u8], at: usize) -> Result<Instruction<'_>, LexError> {
    let Some(&code) = bytes.get(at) else { return Err(LexError::End) };
    let Some(encoding) = ENCODINGS.get(usize::from(code)).copied().flatten() else {
        return Err(LexError::Unknown(code));
    };
    let name = || opcode(code).map_or("an opcode", |opcode| opcode.name);
    let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
    let short = |wanted: u64| LexError::Short { name: name(), wanted, left: rest.len() as u64 };
    let start = at.saturating_add(1);
    let fixed = |size: usize| rest.get(..size).ok_or_else(|| short(size as u64));
    let plain = |data: &'_ [u8], number: i64| {
        let end = start.saturating_add(data.len());
        (data.len(), end, number)
    };
    let done = |(length, end, number): (usize, usize, i64)| Instruction {
        code,
        at,
        end,
        data: bytes.get(end.saturating_sub(length)..end).unwrap_or_default(),
        second: &[],
        number,
    };
    let counted = |prefix: usize, length: u64| -> Result<Instruction<'_>, LexError> {
        let left = rest.len().saturating_sub(prefix) as u64;
        if length > left {
            return Err(LexError::Short { name: name(), wanted: length, left });
        }
        let from = start.saturating_add(prefix);
        let end = from.saturating_add(length as usize);
        Ok(Instruction {
            code,
            at,
            end,
            data: bytes.get(from..end).unwrap_or_default(),
            second: &[],
            number: i64::try_from(length).unwrap_or(i64::MAX),
        })
    };
    Ok(match encoding {
        Encoding::None => done(plain(&[], 0)),
        Encoding::U8 => {
            let data = fixed(1)?;
            done(plain(data, i64::from(data.first().copied().unwrap_or_default())))
        }
        Encoding::U16 => {
            let data = fixed(2)?;
            done(plain(data, little_endian(data).cast_signed()))
        }
        Encoding::I32 => {
            let data = fixed(4)?;
            done(plain(data, i64::from((little_endian(data) as u32).cast_signed())))
        }
        Encoding::U32 => {
            let data = fixed(4)?;
            done(plain(data, little_endian(data).cast_signed()))
        }
        Encoding::Eight => {
            let data = fixed(8)?;
            done(plain(data, little_endian(data).cast_signed()))
        }
        Encoding::Line => {
            let Some(length) = memchr(b'\n', rest) else { return Err(LexError::NoNewline { name: name() }) };
            let end = start.saturating_add(length).saturating_add(1);
            Instruction {
                code,
                at,
                end,
                data: rest.get(..length).unwrap_or_default(),
                second: &[],
                number: i64::try_from(length).unwrap_or(i64::MAX),
            }
        }
        Encoding::LinePair => {
            let missing = LexError::NoNewline { name: name() };
            let first = memchr(b'\n', rest).ok_or(missing)?;
            let tail = rest.get(first.saturating_add(1)..).unwrap_or_default();
            let second = memchr(b'\n', tail).ok_or(missing)?;
            let end = start.saturating_add(first).saturating_add(second).saturating_add(2);
            Instruction {
                code,
                at,
                end,
                data: rest.get(..first).unwrap_or_default(),
                second: tail.get(..second).unwrap_or_default(),
                number: 0,
            }
        }
        Encoding::Counted8 => counted(1, little_endian(fixed(1)?))?,
        Encoding::Counted32 => counted(4, little_endian(fixed(4)?))?,
        Encoding::CountedSigned32 => {
            let length = (little_endian(fixed(4)?) as u32).cast_signed();
            let length = u64::try_from(length).map_err(|_| LexError::Negative { name: name() })?;
            counted(4, length)?
        }
        Encoding::Counted64 => counted(8, little_endian(fixed(8)?))?,
    })
}

/// Up to eight bytes as a little-endian unsigned number.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_holds_every_opcode_of_protocol_five_once() {
        let mut codes: Vec<u8> = OPCODES.iter().map(|opcode| opcode.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 68);
        assert_eq!(OPCODES.len(), 68);
    }

    #[test]
    fn counted_arguments_borrow_their_data() {
        let read = lex(b"\x8c\x03abc.", 0).unwrap();
        assert_eq!((read.data, read.data_at(), read.end), (&b"abc"[..], 2, 5));
        let read = lex(b"X\x02\0\0\0hi", 0).unwrap();
        assert_eq!(read.data, b"hi");
        let read = lex(b"\x96\x01\0\0\0\0\0\0\0z", 0).unwrap();
        assert_eq!(read.data, b"z");
    }

    #[test]
    fn fixed_arguments_keep_their_sign() {
        assert_eq!(lex(b"J\xff\xff\xff\xff", 0).unwrap().number, -1);
        assert_eq!(lex(b"j\xff\xff\xff\xff", 0).unwrap().number, 0xffff_ffff);
        assert_eq!(lex(b"M\x01\x02", 0).unwrap().number, 0x201);
    }

    #[test]
    fn a_negative_or_oversize_length_is_an_error_not_an_allocation() {
        assert_eq!(lex(b"\x8b\xff\xff\xff\xff", 0), Err(LexError::Negative { name: "LONG4" }));
        assert!(matches!(
            lex(b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx", 0),
            Err(LexError::Short { left: 1, .. })
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_lex_to_the_end_or_an_error(bytes: Vec<u8>) {
            let mut at = 0;
            while let Ok(read) = lex(&bytes, at) {
                prop_assert!(read.end > at && read.end <= bytes.len());
                at = read.end;
            }
        }
    }
}
