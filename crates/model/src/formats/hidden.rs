//! What a block of weights begins like when it is no block of weights.
//!
//! Formats that own raw tensor data ask this of each block's first bytes, so that a file stored as a tensor is scanned as
//! that file; [`report`] does the same for bytes that no tensor owns. Programs are
//! left to the search for executables that runs everywhere. Only signatures that weights hit by chance less than once in 2^40 blocks count.

use crate::Scan;
use bartizan_core::{Finding, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// A kind of file that was found where weights belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// A Python pickle of protocol 2 to 5.
    Pickle,
    /// A zip archive.
    Zip,
    /// A gzip stream.
    Gzip,
    /// A script with an interpreter line.
    Script,
}

impl Hidden {
    /// What the first bytes of `block` say it is, `None` when they could be weights.
    pub(crate) fn at_start_of(block: &[u8]) -> Option<Self> {
        match block {
            [0x80, 2..=5, rest @ ..] if is_pickle_body(rest) => Some(Self::Pickle),
            [b'P', b'K', 3, 4, _, 0..=0x0b, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, flags, _, _, _, _, 0 | 2 | 4, 0..=13 | 255, ..] if flags & 0xe0 == 0 => {
                Some(Self::Gzip)
            }
            [b'#', b'!', b'/', b'b' | b'u', ..] => Some(Self::Script),
            _ => None,
        }
    }

    /// What a person calls it, with the article.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pickle => "a pickle",
            Self::Zip => "a zip archive",
            Self::Gzip => "a gzip stream",
            Self::Script => "a script",
        }
    }
}

/// Reports bytes at `offset` that belong to nothing, and scans them as hidden content unless they are all zero.
pub(crate) fn report(scan: &mut Scan<'_>, bytes: &[u8], offset: u64, place: &str, zero: bool) {
    let (severity, what) =
        if zero { (Severity::Low, "zero bytes") } else { (Severity::Medium, "bytes of data") };
    let message = format!("{} {what} lie {place}, where nothing refers to them", bytes.len());
    scan.report(Finding::new(&HIDDEN_DATA, message).severity(severity).at(offset).evidence(preview(bytes)));
    if !zero {
        scan.member(&format!("hidden data at {offset}"), bytes);
    }
}

/// Reports a tensor at `offset` that begins like `kind`, and scans it as that.
pub(crate) fn report_tensor(scan: &mut Scan<'_>, bytes: &[u8], offset: u64, name: &str, kind: Hidden) {
    let message = format!("tensor `{name}` begins like {}", kind.name());
    scan.report(Finding::new(&HIDDEN_DATA, message).at(offset).pointer(name).evidence(preview(bytes)));
    scan.member(name, bytes);
}

/// The first bytes of a block, printable, as evidence.
fn preview(block: &[u8]) -> String {
    block.get(..64).unwrap_or(block).escape_ascii().to_string()
}

/// Whether what follows the protocol marker opens a pickle: a frame that fits, a global, or a container and its memo.
fn is_pickle_body(rest: &[u8]) -> bool {
    match rest {
        [0x95, length @ ..] => {
            length.first_chunk::<8>().is_some_and(|length| u64::from_le_bytes(*length) <= rest.len() as u64)
        }
        [b'c', name @ ..] => {
            let length = name
                .iter()
                .take(128)
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
            let length = length.count();
            length > 1 && name.get(length) == Some(&b'\n')
        }
        [b'}' | b']' | b'(' | b')', b'q', 0, ..] | [b'X', _, _, 0, 0, ..] | [b'}' | b']', b'(', b'X', ..] => {
            true
        }
        _ => false,
    }
}

rule! {
    /// ## What it finds
    /// Bytes in a weights file that belong to no tensor, and tensors that begin like a pickle, an archive or a program.
    /// ## Why it matters
    /// Formats of plain weights leave no room between or behind tensors. What lies there travels with the weights unseen
    /// and waits for a loader that knows where to look.
    /// ## Example
    /// A zip archive appended to the last tensor of a safetensors file.
    /// ## How to fix
    /// Write the file again with the format's reference library, which keeps tensors only.
    /// ## References
    /// - <https://atlas.mitre.org/techniques/AML.T0018.002>
    pub const HIDDEN_DATA: Rule = Rule {
        id: "model/hidden-data",
        title: "data that is not weights hidden among its tensors",
        severity: Severity::Medium,
        remedy: "Write the file again with the format's reference library, which keeps tensors only.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_is_told_from_weights_that_share_its_first_bytes() {
        assert_eq!(Hidden::at_start_of(b"\x80\x02cposix\nsystem\n"), Some(Hidden::Pickle));
        assert_eq!(Hidden::at_start_of(b"\x80\x02\x3f\x80\x00\x00\x3f\x80"), None);
        assert_eq!(Hidden::at_start_of(b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), None);
    }

    #[test]
    fn a_zip_is_told_from_weights() {
        assert_eq!(Hidden::at_start_of(b"PK\x03\x04\x14\0\0\0"), Some(Hidden::Zip));
        assert_eq!(Hidden::at_start_of(b"PK\x03\x05\x14\0\0\0"), None);
    }
}
