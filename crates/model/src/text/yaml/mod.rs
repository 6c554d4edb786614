//! YAML around a model: tags that construct objects, aliases that explode, callables and templates in settings.
//!
//! A light reader of YAML 1.2's lines, quotes, block scalars and flow collections. It is lenient on purpose: what a strict
//! parser refuses is still looked at. Nesting is not followed but by indentation, so there is no recursion; linear time.

mod calls;
mod document;
mod scalars;
mod tags;

pub(crate) use scalars::code_call;

use super::hydra;
use crate::formats::malformed::MALFORMED_STRUCTURE;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use document::Document;

rule! {
    /// ## What it finds
    /// A YAML tag that makes the parser construct an object or call a function: `!!python/object/apply:os.system`,
    /// `!!python/name`, `!!javax.script.ScriptEngineManager`, `!ruby/object`, also behind a `%TAG` directive or in the
    /// verbatim form `!<tag:yaml.org,2002:python/…>`.
    /// ## Why it matters
    /// `yaml.load` with an unsafe loader calls what the tag names while it parses.
    /// ## Example
    /// ```yaml
    /// hook: !!python/object/apply:os.system ["id"]
    /// ```
    /// ## How to fix
    /// Do not load the file; read configurations with `yaml.safe_load`.
    /// ## References
    /// - CVE-2017-18342, CVE-2020-14343 (PyYAML), CVE-2022-1471 (SnakeYAML); CWE-502
    pub const YAML_UNSAFE_TAG: Rule = Rule {
        id: "model/yaml-unsafe-tag",
        title: "a YAML tag that runs code while it is parsed",
        severity: Severity::Critical,
        remedy: "Do not load the file; replace the tag by plain data and parse with `yaml.safe_load`.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// YAML aliases that refer to anchors which hold aliases, so that a small file expands without end.
    /// ## Why it matters
    /// A parser that copies, or a program that walks the result, runs out of memory ("billion laughs").
    /// ## Example
    /// `b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]` nine levels deep.
    /// ## How to fix
    /// Remove the aliases.
    /// ## References
    /// - CWE-776, Improper Restriction of Recursive Entity References
    pub const YAML_ALIAS_BOMB: Rule = Rule {
        id: "model/yaml-alias-expansion",
        title: "YAML aliases that expand without end",
        severity: Severity::Medium,
        remedy: "Remove the aliases, and parse with a limit on them.",
        taxonomies: &[atlas("AML.T0029"), cwe(776), owasp_llm("LLM10")],
    };

    /// ## What it finds
    /// Python code where a setting holds text: a call of `exec`, `eval`, `os.system`, `__import__` and the like, or a quoted value
    /// with text after its end.
    /// ## Why it matters
    /// Settings named `init_code`, `hook` or `transform` are evaluated by the loader that reads them.
    /// ## Example
    /// `init_code: "exec('import os')"`
    /// ## How to fix
    /// Remove the code; a configuration holds data.
    /// ## References
    /// - CWE-94, Improper Control of Generation of Code
    pub const CONFIG_CODE: Rule = Rule {
        id: "model/config-code",
        title: "Python code in a setting",
        severity: Severity::High,
        remedy: "Remove the code from the configuration; settings are data.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(94), cwe(95), owasp_llm("LLM03")],
    };
}

/// Rules of [`inspect`] and of files.
pub const RULES: &[&Rule] =
    &[&YAML_UNSAFE_TAG, &YAML_ALIAS_BOMB, &CONFIG_CODE, &hydra::CONFIG_TARGET, &MALFORMED_STRUCTURE];

/// Longest YAML text read, in bytes.
const YAML_BYTES: usize = 64 << 20;

/// YAML files.
#[derive(Debug)]
pub struct Yaml;

impl Format for Yaml {
    fn id(&self) -> &'static str {
        "yaml"
    }

    fn name(&self) -> &'static str {
        "YAML configuration"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["yaml", "yml", "cfg", "conf"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(16 << 10);
        let decoded = wide_text(head);
        let head = decoded.as_deref().map_or(head, str::as_bytes);
        if head.contains(&0) || head.is_empty() {
            return Recognition::No;
        }
        let extension = input.extension();
        let named = matches!(extension.as_ref(), "yaml" | "yml");
        let tagged = ["!!python/", "tag:yaml.org,2002:", "%TAG ", "%YAML "]
            .iter()
            .any(|mark| memchr::memmem::find(head, mark.as_bytes()).is_some());
        let foreign = matches!(extension.as_ref(), "md" | "py" | "ipynb" | "json" | "rst" | "html" | "jinja");
        match (named || (tagged && !foreign), self.extensions().contains(&extension.as_ref())) {
            (true, _) => Recognition::Certain,
            (_, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if let Some(at) = unreadable(input.bytes) {
            let message = "a character that YAML does not allow; loaders refuse the file";
            scan.report(Finding::new(&MALFORMED_STRUCTURE, message).severity(Severity::Low).at(at as u64));
        }
        let bytes = input.bytes.get(..YAML_BYTES.saturating_mul(2)).unwrap_or(input.bytes);
        if let Some(text) = wide_text(bytes) {
            if bytes.len() < input.bytes.len() {
                scan.gap(None, format!("YAML longer than {YAML_BYTES} characters was read only to there"));
            }
            inspect(&text, &Location::default(), scan);
            return;
        }
        inspect(&String::from_utf8_lossy(input.bytes), &Location::default(), scan);
    }
}

/// The text of UTF-16 `bytes` behind a byte-order mark, by which loaders know it (YAML 1.1 §5.1).
fn wide_text(bytes: &[u8]) -> Option<String> {
    let (wide, is_little) = match bytes {
        [0xff, 0xfe, wide @ ..] => (wide, true),
        [0xfe, 0xff, wide @ ..] => (wide, false),
        _ => return None,
    };
    let (pairs, _) = wide.as_chunks::<2>();
    let units =
        pairs.iter().map(|&pair| if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) });
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Offset of the first character that YAML's reader refuses (YAML 1.1 §4.1), in files of one byte per ASCII character.
fn unreadable(bytes: &[u8]) -> Option<usize> {
    let control = bytes.iter().position(|byte| matches!(byte, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f));
    let invalid = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    let wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    [control, invalid].into_iter().flatten().min().filter(|_| !wide)
}

/// Inspects YAML `text` found at `place`.
pub fn inspect(text: &str, place: &Location, scan: &mut Scan<'_>) {
    let read = text.get(..text.floor_char_boundary(YAML_BYTES)).unwrap_or(text);
    if read.len() < text.len() {
        scan.gap(place.offset, format!("YAML longer than {YAML_BYTES} bytes was read only to there"));
    }
    Document::new(read, place, scan).run();
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn findings(text: &str) -> Vec<(&'static str, Severity)> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(text, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn targets_are_found_in_nested_flow_mappings() {
        for text in [
            r#"{"m": {"class_path": "subprocess.Popen", "init_args": {"args": "id"}}}"#,
            "m: {n: {target: os.system, params: {command: id}}}",
            "steps: [{run: {_target_: os.system}}, {n: 1}]",
        ] {
            assert!(findings(text).iter().any(|(_, severity)| *severity >= Severity::High), "{text}");
        }
        assert_eq!(findings("m: {n: {target: valid_loss, layers: [a, b]}, o: [c, {p: q}]}"), []);
    }

    #[test]
    fn every_spelling_of_a_python_tag_is_seen() {
        for text in [
            "a: !!python/object/apply:os.system ['id']",
            "- !!python/object/apply:os.system\n  - id",
            "a: !<tag:yaml.org,2002:python/object/apply:os.system> ['id']",
            "%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!object/apply:os.system [id]",
            "a: {b: [1, !!python/object/apply:os.system [id]]}",
            "!!python/object/new:os.system [id]",
        ] {
            assert_eq!(findings(text).first(), Some(&(YAML_UNSAFE_TAG.id, Severity::Critical)), "{text}");
        }
    }

    #[test]
    fn a_tag_is_judged_by_what_it_calls_with_what() {
        let worst = |text: &str| findings(text).into_iter().map(|(_, severity)| severity).max();
        for (text, severity) in [
            ("a: !!python/object/apply:os.system ['true']", Severity::Critical),
            ("a: !!python/object/apply:my_package.Color [1]", Severity::Low),
            ("a: !!python/object/apply:my_package.fetch ['http://203.0.113.7/x']", Severity::High),
            ("a: !!python/object/apply:collections.OrderedDict [[]]", Severity::Low),
            ("a: !!python/object:argparse.Namespace {lr: 1}", Severity::Low),
            ("a: !!python/name:torch.nn.functional.relu", Severity::Low),
            ("a: !!python/object/apply:builtins.getattr [!!python/module:os , system]", Severity::High),
            (
                "!!python/object/new:tuple [!!python/object/new:map [!!python/name:eval , ['1+1']]]",
                Severity::High,
            ),
            (
                "a: !!python/object/apply:sentence_transformers.SentenceTransformer.SentenceTransformer [x/y]",
                Severity::High,
            ),
        ] {
            let found = worst(text);
            assert!(
                found >= Some(severity) && (severity >= Severity::High || found == Some(severity)),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn a_target_is_judged_with_the_settings_beside_it() {
        let worst = |text: &str| findings(text).into_iter().map(|(_, severity)| severity).max();
        let fetch = "hook:\n  source: http://203.0.113.7/x\n  _target_: harvest_tools.fetch\n";
        assert_eq!(worst(fetch), Some(Severity::High));
        assert_eq!(worst("hook:\n  steps: 3\n  _target_: harvest_tools.Runner\n"), Some(Severity::Low));
        assert_eq!(worst("hook: {_target_: os.system, _args_: ['true']}"), Some(Severity::Critical));
    }

    #[test]
    fn plain_data_and_quoted_tags_are_silent() {
        let text = "a: !!python/tuple [1, 2]\nb: 'use !!python/object/apply:os.system not'\nc: !!str 5\n# !!python/name:x\n";
        assert_eq!(findings(text), []);
    }

    #[test]
    fn targets_and_templates_are_followed() {
        assert_eq!(findings("model:\n  _target_: os.system\n")[0].0, hydra::CONFIG_TARGET.id);
        assert_eq!(findings("m: {_target_: 'subprocess.Popen', x: 1}")[0].0, hydra::CONFIG_TARGET.id);
        let block = "chat_template: |\n  {{ ''.__class__.__base__.__subclasses__() }}\nnext: 1\n";
        assert_eq!(findings(block)[0].1, Severity::Critical);
        assert_eq!(findings("model:\n  _target_: nemo.models.X\n  optim: adam\n"), []);
    }

    #[test]
    fn code_in_a_setting_is_high_even_when_the_quotes_are_wrong() {
        let text = "model:\n  init_code: \"exec('import os; os.system(\"x\")')\"\n";
        assert!(findings(text).contains(&(CONFIG_CODE.id, Severity::High)));
        assert_eq!(findings("note: the eval metric (accuracy) is reported"), []);
    }

    #[test]
    fn aliases_that_explode_are_reported() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..9 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        assert_eq!(findings(&text), [(YAML_ALIAS_BOMB.id, Severity::Medium)]);
        assert_eq!(findings("a: &a 1\nb: *a\nc: *a\n"), []);
    }

    #[test]
    fn a_character_that_yaml_refuses_is_told() {
        let rules = |content: &[u8]| {
            let outcome =
                crate::scan(&Input::new("a.yaml", content), &Limits::default(), &MonotonicClock::start());
            outcome.findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>()
        };
        assert_eq!(rules(b"model:\n  \x7ftarget_: x\n"), [MALFORMED_STRUCTURE.id]);
        assert_eq!(rules(b"model: \xc3\n"), [MALFORMED_STRUCTURE.id]);
        assert_eq!(rules("model: \u{e9}\t# x\r\n".as_bytes()), Vec::<&str>::new());
    }

    #[test]
    fn text_in_utf_16_is_read_like_any_other() {
        let text = "!!python/object/apply:os.system [id]\n";
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> =
            [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in [little, big] {
            let outcome =
                crate::scan(&Input::new("a.yaml", &bytes), &Limits::default(), &MonotonicClock::start());
            assert_eq!(outcome.format, Some("yaml"));
            assert!(
                outcome.findings.iter().any(|found| found.rule == &YAML_UNSAFE_TAG),
                "{:?}",
                outcome.findings
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*") {
            let _ = findings(&text);
        }

        #[test]
        fn any_shuffle_of_marks_is_read(parts in proptest::collection::vec(prop::sample::select(vec![
            "a:", " ", "\n", "- ", "[", "]", "{", "}", ",", "\"", "'", "!!python/name:x", "&a", "*a", "|", "%TAG !e! x", "\\", "é"]), 0..40)) {
            let _ = findings(&parts.concat());
        }
    }
}
