//! ExecuTorch programs (`.pte`): a FlatBuffer with the identifier `ETxx` and an optional extended header, then the
//! segments with weights and delegate blobs. (`.ptl`, its zip-based predecessor, is a PyTorch archive.)
//!
//! Source: `schema/program.fbs` and `schema/extended_header.h` of ExecuTorch 1.0. Cost: the header only; the segments
//! are raw data and are left to the searches that run everywhere.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Kind, Rule};

/// ExecuTorch programs.
pub static EXECUTORCH: ExecuTorch = ExecuTorch;

/// See [`EXECUTORCH`].
pub struct ExecuTorch;

impl Format for ExecuTorch {
    fn id(&self) -> &'static str {
        "executorch"
    }

    fn name(&self) -> &'static str {
        "ExecuTorch program"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pte", "ptd", "bin"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let fits = matches!(input.bytes.get(4..8), Some([b'E', b'T', high, low]) if high.is_ascii_digit() && low.is_ascii_digit());
        if fits { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        let length = bytes.len() as u64;
        let mut cursor = Cursor::new(bytes);
        let root = cursor.u32_le().unwrap_or(u32::MAX);
        if u64::from(root) >= length || root < 8 {
            broken(scan, 0, format!("the root table is said to be at {root}, the file has {length} bytes"));
            return;
        }
        // The root table starts with the distance back to its vtable.
        let vtable = Cursor::at(bytes, root as usize)
            .i32_le()
            .ok()
            .map(|back| i64::from(root).saturating_sub(i64::from(back)));
        if !vtable.is_some_and(|at| at >= 0 && at.saturating_add(4) <= length.cast_signed()) {
            broken(scan, root as usize, "the root table points to no vtable");
            return;
        }
        let mut header = Cursor::at(bytes, 8);
        if header.take(4).ok() != Some(b"eh00".as_slice()) {
            return;
        }
        let (Ok(size), Ok(program), Ok(segments)) = (header.u32_le(), header.u64_le(), header.u64_le())
        else {
            broken(scan, 8, "the extended header is cut");
            return;
        };
        if size < 24 {
            malformed(scan, 8, format!("the extended header says it is {size} bytes long"));
        }
        if program > length || segments > length || segments != 0 && segments < program {
            broken(
                scan,
                8,
                format!(
                    "the program of {program} bytes and segments at {segments} do not fit the file of {length} bytes"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn program(segments: u64) -> Vec<u8> {
        let mut bytes = 40u32.to_le_bytes().to_vec();
        bytes.extend(b"ET12eh00");
        bytes.extend(24u32.to_le_bytes());
        bytes.extend(48u64.to_le_bytes());
        bytes.extend(segments.to_le_bytes());
        bytes.extend([4, 0, 4, 0]);
        bytes.extend(4i32.to_le_bytes());
        bytes.resize(64, 0);
        bytes
    }

    #[test]
    fn an_honest_program_is_silent() {
        assert!(rules_of(&EXECUTORCH, &program(48)).is_empty());
        assert_eq!(EXECUTORCH.recognise(&Input::new("m.pte", &program(48))), Recognition::Certain);
    }

    #[test]
    fn segments_outside_the_file_are_malformed() {
        assert_eq!(rules_of(&EXECUTORCH, &program(4800)), [MALFORMED_STRUCTURE.id]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = outcome(&EXECUTORCH, &bytes);
        }
    }
}
