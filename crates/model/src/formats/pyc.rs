//! Compiled Python modules (`.pyc`): a version number, a header that depends on it, and one marshalled code object.
//!
//! Source: CPython `Lib/importlib/_bootstrap_external.py` (magic numbers and headers), PEP 552.

use crate::python::marshal::{self, Setting};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A compiled Python module among the files of a model.
    ///
    /// ## Why it matters
    /// Python imports it in place of source, and a reader of the repository sees nothing of what it does. Models have
    /// no need of it: caches are rebuilt from source.
    ///
    /// ## Example
    /// `__pycache__/modeling.cpython-311.pyc` without the `modeling.py` it claims to come from.
    ///
    /// ## How to fix
    /// Delete the file, and ship the source it was compiled from.
    ///
    /// ## References
    /// - PEP 3147, PEP 552
    pub const SHIPPED_BYTECODE: Rule = Rule {
        id: "model/shipped-bytecode",
        title: "compiled Python code shipped with a model",
        severity: Severity::Low,
        remedy: "Delete the compiled file and ship its source.",
        taxonomies: &[atlas("AML.T0010"), cwe(506), owasp_ml("ML06")],
    };
}

/// The one instance in the registry.
pub static PYC: Pyc = Pyc;

/// Reader of compiled Python modules.
#[derive(Debug, Clone, Copy)]
pub struct Pyc;

impl Format for Pyc {
    fn id(&self) -> &'static str {
        "pyc"
    }

    fn name(&self) -> &'static str {
        "compiled Python module"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pyc", "pyo"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &SHIPPED_BYTECODE,
            &marshal::BYTECODE_DANGEROUS_CALL,
            &marshal::BYTECODE_IMPORT,
            &marshal::BYTECODE_PAYLOAD,
            &marshal::BYTECODE_UNREADABLE,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        match header(input.bytes) {
            Some(length) if starts_code(input.bytes, length) => Recognition::Certain,
            Some(_) if self.extensions().contains(&input.extension().as_ref()) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let number = magic(input.bytes).unwrap_or_default();
        let finding = Finding::new(&SHIPPED_BYTECODE, "Compiled Python code is shipped in place of source.");
        scan.report(finding.evidence(format!("magic number {number}")));
        let length = header(input.bytes).unwrap_or_default();
        let body = input.bytes.get(length..).unwrap_or_default();
        let place = Location { offset: Some(length as u64), ..Location::default() };
        if !marshal::inspect_in(body, Setting::Module, &place, scan) {
            scan.gap(length as u64, "no code object follows the header; get an intact copy of the file");
            scan.report(
                Finding::new(
                    &marshal::BYTECODE_UNREADABLE,
                    "No code object follows the header of a compiled module.",
                )
                .at(length as u64),
            );
        }
    }
}

/// The magic number: two bytes, then `\r\n`.
fn magic(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [low, high, b'\r', b'\n', ..] => Some(u16::from_le_bytes([*low, *high])),
        _ => None,
    }
}

/// Length of the header by magic number: 2.3 to 2.7 eight bytes, 3.3 twelve, 3.7 sixteen.
fn header(bytes: &[u8]) -> Option<usize> {
    match magic(bytes)? {
        62_011..=62_218 | 3000..=3189 => Some(8),
        3190..=3391 => Some(12),
        // 2900 + 50 for each minor version; room for those to come.
        3392..=3999 => Some(16),
        _ => None,
    }
}

/// Whether a marshalled code object, flagged or not, begins at `offset`.
fn starts_code(bytes: &[u8], offset: usize) -> bool {
    bytes.get(offset).is_some_and(|first| first & 0x7f == b'c')
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Clock, Limits};
    use proptest::prelude::*;
    use std::time::Duration;

    struct NoTime;

    impl Clock for NoTime {
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
    }

    /// A 3.8 module whose top level runs `bytecode` with one name and one text constant.
    fn module(bytecode: &[u8], names: &[&str], constant: &str) -> Vec<u8> {
        let mut bytes = vec![0x55, 0x0d, b'\r', b'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'c'];
        bytes.extend([0; 24]);
        let text = |text: &str| {
            let mut bytes = vec![b'u'];
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes
        };
        bytes.push(b's');
        bytes.extend((bytecode.len() as u32).to_le_bytes());
        bytes.extend(bytecode);
        bytes.extend([b')', 1]);
        bytes.extend(text(constant));
        bytes.extend([b')', names.len() as u8]);
        for name in names {
            bytes.extend(text(name));
        }
        bytes.extend([b')', 0, b')', 0, b')', 0]);
        bytes.extend(text("m.py"));
        bytes.extend(text("<module>"));
        bytes.extend([1, 0, 0, 0, b's', 0, 0, 0, 0]);
        bytes
    }

    fn scanned(bytes: &[u8]) -> Vec<(&'static str, Severity)> {
        let limits = Limits::default();
        let mut scan = Scan::new(&limits, &NoTime);
        Pyc.scan(&Input::new("m.pyc", bytes), &mut scan);
        scan.findings().iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_module_that_evaluates_on_import_is_critical() {
        let bytes = module(&[101, 0, 100, 0, 131, 1, 83, 0], &["eval"], "1+1");
        assert_eq!(Pyc.recognise(&Input::new("m.pyc", &bytes)), Recognition::Certain);
        assert!(scanned(&bytes).contains(&("model/bytecode-dangerous-call", Severity::Critical)));
    }

    #[test]
    fn a_plain_module_is_only_hygiene() {
        let bytes = module(&[101, 0, 100, 0, 131, 1, 83, 0], &["print"], "hello");
        assert_eq!(scanned(&bytes), [("model/shipped-bytecode", Severity::Low)]);
    }

    #[test]
    fn a_header_without_code_is_unreadable() {
        let bytes = [0x55, 0x0d, b'\r', b'\n', 0, 0];
        assert_eq!(Pyc.recognise(&Input::new("m.pyc", &bytes)), Recognition::Weak);
        assert!(scanned(&bytes).contains(&("model/bytecode-unreadable", Severity::Medium)));
    }

    #[test]
    fn text_with_line_ends_is_not_a_module() {
        assert_eq!(Pyc.recognise(&Input::new("m.pyc", b"ab\r\ncdefghijklmnopq")), Recognition::No);
    }

    proptest! {
        #[test]
        fn any_bytes_after_a_header_give_a_result(body: Vec<u8>) {
            scanned(&[&[0x55, 0x0d, b'\r', b'\n'][..], &body].concat());
        }
    }
}
