//! CNTK models: protobuf dictionaries of version 2, and the section files of version 1.
//!
//! Source: CNTK `Source/CNTKv2LibraryDll/proto/CNTK.proto` and `Source/Common/File.cpp` (wide-character section marks).
//! Cost: one pass over the bytes, plus the protobuf walk.

use super::malformed::{MALFORMED_STRUCTURE, broken};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, inspect_binary};
use crate::text::printable::ascii_runs;
use crate::wire::protobuf;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Rule, Severity};

/// CNTK models.
pub static CNTK: Cntk = Cntk;

/// See [`CNTK`].
#[derive(Debug, Clone, Copy)]
pub struct Cntk;

/// Mark of a version 1 file, in UTF-16.
const MARK_V1: &[u8] = b"B\0C\0N\0";
/// How much of a file recognition looks at, in bytes.
const HEAD: usize = 4096;

/// Words of a dictionary that make CNTK call code outside the model, and what that is.
const FOREIGN: &[(&str, Severity, &str)] = &[
    ("native_user_function", Severity::High, "calls a function of a native library"),
    ("NativeUserFunction", Severity::High, "calls a function of a native library"),
    ("UserDefinedFunction", Severity::Medium, "calls a Python function"),
    ("UserFunction", Severity::Medium, "calls a Python function"),
    ("loadlibrary", Severity::High, "loads a native library"),
    ("LoadLibrary", Severity::High, "loads a native library"),
    ("dlopen", Severity::High, "loads a native library"),
];

impl Format for Cntk {
    fn id(&self) -> &'static str {
        "cntk"
    }

    fn name(&self) -> &'static str {
        "CNTK model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dnn", "cmf", "model", "cntk"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&FOREIGN_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
        if head.starts_with(MARK_V1) || head.starts_with(b"BCNTK") {
            return Recognition::Certain;
        }
        // A dictionary: its version, then an entry under one of the names every CNTK function has.
        let is_dictionary = matches!(head, [0x08, 1..=0x7f, 0x12, ..]);
        if is_dictionary
            && (has(b"primitive_functions") || has(b"CompositeFunction") || (has(b"version") && has(b"uid")))
        {
            Recognition::Certain
        } else if matches!(input.extension().as_ref(), "cmf" | "cntk" | "dnn") {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        if !bytes.starts_with(MARK_V1) && !bytes.starts_with(b"BCNTK") {
            for field in protobuf::fields(bytes) {
                if let Err(error) = field {
                    broken(scan, 0, format!("the dictionary breaks off: {error}"));
                }
            }
        }
        for (offset, run) in ascii_runs(bytes) {
            for (word, severity, what) in FOREIGN {
                if let Some(at) = run.find(word) {
                    let message = format!("the model holds `{word}`, with which CNTK {what}");
                    scan.report(
                        Finding::new(&FOREIGN_OPERATOR, message)
                            .severity(*severity)
                            .confidence(Confidence::Medium)
                            .at(offset.saturating_add(at) as u64)
                            .evidence(run),
                    );
                    break;
                }
            }
        }
        inspect_binary(bytes, 0, scan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::rules_of;
    use proptest::prelude::*;

    fn dictionary(value: &str) -> Vec<u8> {
        let mut entry = b"\x0a\x07version\x12".to_vec();
        entry.push(value.len() as u8);
        entry.extend(value.as_bytes());
        [b"\x08\x01\x12".as_slice(), &[entry.len() as u8], &entry].concat()
    }

    #[test]
    fn a_plain_dictionary_is_clean() {
        assert_eq!(
            rules_of(&CNTK, &dictionary("CompositeFunction primitive_functions uid")),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_native_function_and_its_library_are_reported() {
        let rules = rules_of(&CNTK, &dictionary("native_user_function C:\\temp\\evil.dll"));
        assert!(rules.contains(&"model/foreign-operator") && rules.contains(&"model/native-library-path"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            rules_of(&CNTK, &bytes);
            rules_of(&CNTK, &[MARK_V1, &bytes].concat());
        }
    }
}
