//! JSON configurations around a model: Hugging Face `config.json`, tokenizer, processor, generation and adapter files.
//!
//! Read as a stream ([`crate::wire::json`]); strings are judged by the setting they stand under, so memory stays small
//! whatever the vocabulary. Source: Transformers, Tokenizers, Diffusers and PEFT configuration classes. Linear time.

use super::class_imports::ClassImports;
use super::config_tensors::{self, MODEL_MISMATCH};
use super::tokenizer::TOKENIZER_INCONSISTENT;
use super::tokenizer::is_word;
use super::tokenizer::json::{TokenizerFile, token_finding};
use super::tokenizer::rewriting::{self, Rewriting, TOKENIZER_TAMPERED};
use crate::call::Call;
use crate::names;
use crate::text::chat_template::{self, Rendered};
use crate::text::{hydra, indicators};
use crate::wire::json::{Event, JsonError, JsonMistake, Reader, line_and_column};
use crate::wire::json_tree;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule,
};
use std::collections::HashMap;

rule! {
    /// ## What it finds
    /// A configuration that makes the loader import Python code from a repository: `auto_map`, `custom_pipelines`,
    /// `trust_remote_code: true`, or a class of a foreign package in `modules.json` (Sentence Transformers) or
    /// `model_index.json` (Diffusers).
    /// ## Why it matters
    /// The code runs in the loading process. `other/repo--module.Class` even fetches it from a repository that this
    /// model's publisher may not own, at whatever revision it has that day.
    /// ## Example
    /// ```json
    /// {"auto_map": {"AutoModel": "someone/else--modeling_x.Model"}}
    /// ```
    /// ## How to fix
    /// Read the code, pin its revision with `code_revision`, or use an architecture built into the library.
    /// ## References
    /// - Transformers documentation, *Custom models*; MITRE ATLAS AML.T0010.003
    pub const REMOTE_CODE: Rule = Rule {
        id: "model/remote-code",
        title: "a configuration that loads Python code with the model",
        severity: Severity::Medium,
        remedy: "Review the named module and pin its revision, or load with `trust_remote_code=False`.",
        taxonomies: &[atlas("AML.T0010.003"), atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// A JSON configuration that does not parse, nests absurdly deep, or names a setting twice; of a model also one with comments or
    /// a comma before an end, which only some readers take.
    /// ## Why it matters
    /// Readers differ on which of two values counts, so a reviewer and a loader can see different settings. A file that
    /// does not parse is not what its publisher tested.
    /// ## Example
    /// `{"auto_map": {}, "auto_map": {"AutoModel": "evil.Model"}}`
    /// ## How to fix
    /// Take the file from its publisher again.
    /// ## References
    /// - RFC 8259 section 4; CWE-1286, Improper Validation of Syntactic Correctness of Input
    pub const CONFIG_MALFORMED: Rule = Rule {
        id: "model/config-malformed",
        title: "a configuration that readers understand differently or not at all",
        severity: Severity::Low,
        remedy: "Replace the file with one that parses and names each setting once.",
        taxonomies: &[cwe(1286), cwe(694), owasp_ml("ML06")],
    };
}

/// JSON configurations.
#[derive(Debug)]
pub struct HfConfig;

impl Format for HfConfig {
    fn id(&self) -> &'static str {
        "hf-config"
    }

    fn name(&self) -> &'static str {
        "model configuration (JSON)"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &REMOTE_CODE,
            &TOKENIZER_TAMPERED,
            &TOKENIZER_INCONSISTENT,
            &CONFIG_MALFORMED,
            &hydra::CONFIG_TARGET,
            &MODEL_MISMATCH,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let start = head.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(head.len());
        let body = head.get(start..).unwrap_or_default();
        let opens = matches!(body.first(), Some(b'{' | b'['));
        if head.contains(&0) || !(opens || input.extension() == "json") {
            return Recognition::No;
        }
        let second = body.iter().skip(1).find(|byte| !byte.is_ascii_whitespace());
        let is_object = body.first() == Some(&b'{') && matches!(second, Some(b'"'));
        let known = SETTINGS.iter().any(|name| memchr::memmem::find(body, name.as_bytes()).is_some());
        match (is_object && known, input.extension() == "json") {
            (true, _) => Recognition::Certain,
            (_, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        config_tensors::check(input, scan);
        let mut walk = Walk {
            bytes: input.bytes,
            scan,
            duplicates: 0,
            sections: Vec::new(),
            classes: ClassImports::new(input),
            calls: target_calls(input.bytes),
            tokenizer: TokenizerFile::default(),
            rewriting: Rewriting::default(),
            of_a_model: is_of_a_model(input),
        };
        walk.run();
        let Walk { scan, tokenizer, .. } = walk;
        tokenizer.finish(input, scan);
    }
}

/// Settings that only model configurations have.
const SETTINGS: &[&str] = &[
    "\"model_type\"",
    "\"architectures\"",
    "\"tokenizer_class\"",
    "\"auto_map\"",
    "\"chat_template\"",
    "\"transformers_version\"",
    "\"added_tokens\"",
    "\"added_tokens_decoder\"",
    "\"_class_name\"",
    "\"base_model_name_or_path\"",
    "\"quantization_config\"",
    "\"processor_class\"",
    "\"image_processor_type\"",
    "\"feature_extractor_type\"",
    "\"_diffusers_version\"",
    "\"trust_remote_code\"",
    "\"custom_pipelines\"",
    "\"bos_token\"",
    "\"eos_token_id\"",
    "\"_target_\"",
    "\"_name_or_path\"",
    "\"hidden_size\"",
];
/// Names of files that loaders of models open, whatever stands in them.
const LOADED: &[&str] = &[
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "adapter_config.json",
    "model_index.json",
    "chat_template.json",
];
/// Files of a model, beside one of which every configuration is of that model.
const MODELS: &[&str] = &[
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "adapter_model.safetensors",
    "model_index.json",
    "tokenizer.json",
    "tokenizer_config.json",
];
/// Bytes looked at to recognise a configuration.
const HEAD: usize = 64 << 10;
/// Settings that name the token an answer ends with.
const ENDS: &[&str] = &["eos_token", "eot_token", "eom_token"];
/// Duplicate settings reported for one file.
const MOST_DUPLICATES: usize = 8;
/// Shortest vocabulary entry looked at as text, in bytes; shorter ones say nothing.
const VOCABULARY_TEXT: usize = 120;

/// Whether a loader of models reads the file: by what it sets, by its name, or by what lies beside it. Others are the settings of any tool,
/// which takes what it takes.
fn is_of_a_model(input: &Input<'_>) -> bool {
    let name = input.file_name();
    LOADED.contains(&name)
        || SETTINGS.iter().any(|setting| memchr::memmem::find(input.head(HEAD), setting.as_bytes()).is_some())
        || name.ends_with("config.json")
            && MODELS.iter().any(|beside| input.siblings.look_up(beside).is_some())
}

struct Walk<'a, 's, 'c> {
    bytes: &'a [u8],
    scan: &'s mut Scan<'c>,
    duplicates: usize,
    /// For each open level, the sections that it stands in.
    sections: Vec<u8>,
    classes: ClassImports<'a>,
    /// What targets are given, by the offset of the target's name.
    calls: HashMap<usize, Call>,
    tokenizer: TokenizerFile,
    rewriting: Rewriting,
    /// Whether a loader of models reads the file.
    of_a_model: bool,
}

/// The calls that objects with a `_target_` describe, by the offset of its value.
fn target_calls(bytes: &[u8]) -> HashMap<usize, Call> {
    let has_targets = || TARGETS.iter().any(|key| memchr::memmem::find(bytes, key).is_some());
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= TARGET_BYTES && has_targets());
    let Some(document) = text.map(json_tree::parse_relaxed) else { return HashMap::new() };
    let objects = document.ids().filter(|&id| document.is_object(id));
    let calls = objects.filter_map(|id| {
        let target = document.children(id).find(|&child| hydra::is_target_key(document.key(child)))?;
        Some((usize::try_from(document.offset(target)).ok()?, hydra::call_of(&document, id)?))
    });
    calls.collect()
}

/// Keys, one of which stands in every text whose targets are read with what is beside them.
const TARGETS: &[&[u8]] = &[b"target", b"class_path", b"\"cls\"", b"_call_", b"_function_"];
/// Longest text whose targets are read with what is beside them, in bytes; of longer ones only the names are.
const TARGET_BYTES: usize = 4 << 20;

/// Settings that say what all strings below them are.
const AUTO_MAP: u8 = 1;
const CUSTOM_PIPELINES: u8 = 2;
const VOCABULARY: u8 = 4;
const ADDED_TOKENS_DECODER: u8 = 8;

/// The section that a setting of this name begins.
fn section(name: &str) -> u8 {
    match name {
        "auto_map" => AUTO_MAP,
        "custom_pipelines" => CUSTOM_PIPELINES,
        "merges" | "vocab" => VOCABULARY,
        "added_tokens_decoder" => ADDED_TOKENS_DECODER,
        _ => 0,
    }
}

impl<'a> Walk<'a, '_, '_> {
    fn run(&mut self) {
        let mut reader = Reader::new(self.bytes).relaxed();
        let mut steps = 0u32;
        while let Some(event) = reader.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(0x1_0000) && self.scan.out_of_time() {
                return;
            }
            match event {
                Ok(event) => self.event(event, &reader),
                // One document a line.
                Err(error) if error.reason == JsonMistake::Trailing && !self.of_a_model => reader.resume(),
                Err(error) => return self.broken(error),
            }
        }
        if let Some(departs) = reader.departs().filter(|_| self.of_a_model) {
            let place = self.place(departs, None);
            let message = "the configuration is no JSON as loaders read it: it has comments, a comma before an end, or what else only some readers take";
            self.scan.report(Finding::new(&CONFIG_MALFORMED, message).located(&place));
        }
    }

    /// What does not parse is searched as a text. Where a loader of models would read it, nobody knows what that makes of it.
    fn broken(&mut self, error: JsonError) {
        let place = self.place(error.offset, None);
        let message = format!("the configuration does not parse: {}", error.reason);
        self.scan.report(Finding::new(&CONFIG_MALFORMED, message).located(&place));
        let rest = self.bytes.get(error.offset..).unwrap_or_default();
        match error.reason {
            JsonMistake::TooDeep => {
                self.scan.gap(error.offset as u64, "JSON nested too deep to read; look at it by hand");
            }
            _ if self.of_a_model => self.scan.gap(
                error.offset as u64,
                "JSON that does not parse was not read past the mistake; mend it and scan again",
            ),
            _ => {}
        }
        let document = !self.of_a_model && self.scan.depth() == 0;
        indicators::inspect_bytes(rest, error.offset, document, self.scan);
    }

    /// Lines are counted near the head only; counting them for each of many settings would be quadratic.
    fn place(&self, offset: usize, pointer: Option<String>) -> Location {
        let mut place = Location { offset: Some(offset as u64), pointer, ..Location::default() };
        if offset < HEAD {
            let (line, column) = line_and_column(self.bytes, offset);
            (place.line, place.column) = (Some(line), Some(column));
        }
        place
    }

    fn here(&self, reader: &Reader<'a>) -> Location {
        self.place(reader.offset(), Some(reader.pointer()))
    }

    /// Keeps [`Self::sections`] level with the reader.
    fn follow_sections(&mut self, event: &Event<'a>, reader: &Reader<'a>) {
        let outer = reader.depth().saturating_sub(1);
        let inherited = |sections: &[u8]| outer.checked_sub(1).and_then(|at| sections.get(at)).copied();
        match event {
            Event::ObjectStart | Event::ArrayStart => {
                self.sections.truncate(outer);
                self.sections.push(inherited(&self.sections).unwrap_or_default());
            }
            Event::Key { name, .. } => {
                self.sections.truncate(outer);
                self.sections.push(inherited(&self.sections).unwrap_or_default() | section(&name.text()));
            }
            Event::ObjectEnd | Event::ArrayEnd => self.sections.truncate(reader.depth()),
            _ => {}
        }
    }

    fn event(&mut self, event: Event<'a>, reader: &Reader<'a>) {
        self.follow_sections(&event, reader);
        self.tokenizer.event(&event, reader);
        for (offset, finding) in self.rewriting.event(&event, reader) {
            let place = self.place(offset, Some(reader.pointer()));
            self.scan.report(finding.located(&place));
        }
        match event {
            Event::Key { name, duplicate: true } => {
                self.duplicates = self.duplicates.saturating_add(1);
                if self.duplicates <= MOST_DUPLICATES {
                    let name = name.text();
                    let steers = matches!(
                        &*name,
                        "auto_map" | "chat_template" | "trust_remote_code" | "_target_" | "model_type"
                    );
                    let severity = if steers { Severity::Medium } else { Severity::Low };
                    let message = format!("the setting `{name}` is named twice");
                    let place = self.here(reader);
                    self.scan
                        .report(Finding::new(&CONFIG_MALFORMED, message).severity(severity).located(&place));
                }
            }
            Event::Key { name, .. } if name.raw().len() >= VOCABULARY_TEXT => {
                let place = self.here(reader);
                indicators::inspect_metadata(&name.text(), &place, self.scan);
            }
            Event::Bool(true) if reader.nearest_key().is_some_and(|key| key == *"trust_remote_code") => {
                let place = self.here(reader);
                self.scan.report(
                    Finding::new(&REMOTE_CODE, "the configuration itself asks to trust remote code")
                        .located(&place),
                );
            }
            Event::String(text) => self.string(&text.text(), reader),
            _ => {}
        }
    }

    fn string(&mut self, text: &str, reader: &Reader<'a>) {
        let root = reader.key_at(0).map(|key| key.text()).unwrap_or_default();
        let sections = self.sections.last().copied().unwrap_or_default();
        let under = |section: u8| sections & section != 0;
        if root == "model" && text.len() < VOCABULARY_TEXT && under(VOCABULARY) {
            return;
        }
        let key = reader.nearest_key().map(|key| key.text()).unwrap_or_default();
        if let Some(finding) = self.classes.string(text, reader) {
            let place = self.here(reader);
            self.scan.report(finding.located(&place));
        }
        if under(AUTO_MAP) {
            self.remote_code("auto_map", text, reader);
        } else if under(CUSTOM_PIPELINES) && key == "impl" {
            self.remote_code("custom_pipelines", text, reader);
        } else if root == "chat_template" {
            if key == "template" || key == "chat_template" {
                let place = self.here(reader);
                chat_template::inspect(text, &place, self.scan);
            }
        } else if root == "normalizer" && key == "prepend" {
            if let Some(finding) = rewriting::prepended(text) {
                let place = self.here(reader);
                self.scan.report(finding.located(&place));
            }
        } else if memchr::memchr(b'{', text.as_bytes()).is_some()
            && (text.contains("{{") || text.contains("{%"))
        {
            let place = self.here(reader);
            chat_template::inspect_as(text, Rendered::Perhaps, &place, self.scan);
        } else {
            if hydra::is_target_key(&key) {
                let place = self.here(reader);
                let call = self.calls.remove(&reader.offset());
                hydra::inspect_target(&key, text, call, &place, self.scan);
            }
            if text.len() >= 4 {
                let place = self.lazy_place(text, reader);
                if let Some(place) = place {
                    indicators::inspect_metadata(text, &place, self.scan);
                }
            }
        }
        if key.ends_with("_token") || (under(ADDED_TOKENS_DECODER) && key == "content") {
            self.token(text, reader);
        }
        if reader.depth() == 1 {
            self.declared(&key, text, reader);
        }
        if ENDS.contains(&&*key) && is_word(text) {
            let place = self.here(reader);
            let message = format!("`{key}` is the ordinary word `{text}`, at which answers end");
            let finding = Finding::new(&TOKENIZER_TAMPERED, message).severity(Severity::Low);
            self.scan.report(finding.confidence(Confidence::Low).located(&place));
        }
    }

    /// Names and licences at the root of a configuration.
    fn declared(&mut self, key: &str, text: &str, reader: &Reader<'a>) {
        match key {
            "_name_or_path" | "base_model_name_or_path" | "name_or_path" => {
                let place = self.here(reader);
                names::declared(text, &place, self.scan);
            }
            "license" => {
                let place = self.here(reader);
                names::licence::inspect(text, &place, self.scan);
            }
            _ => {}
        }
    }

    /// The place of a string worth judging; counting lines for each of a million tokens would be quadratic.
    fn lazy_place(&self, text: &str, reader: &Reader<'a>) -> Option<Location> {
        indicators::may_matter(text).then(|| self.here(reader))
    }

    fn remote_code(&mut self, setting: &str, text: &str, reader: &Reader<'a>) {
        let place = self.here(reader);
        let message = match text.split_once("--") {
            Some((repository, class)) => {
                names::declared(repository, &place, self.scan);
                format!("`{setting}` loads `{class}` from another repository, `{repository}`")
            }
            None => format!("`{setting}` loads `{text}` from the model's own repository"),
        };
        self.scan.report(Finding::new(&REMOTE_CODE, message).located(&place).evidence(text));
    }

    /// A token with a meaning of its own: markup, not prose.
    fn token(&mut self, text: &str, reader: &Reader<'a>) {
        if let Some(finding) = token_finding(text) {
            let place = self.here(reader);
            self.scan.report(finding.located(&place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn findings(name: &str, text: &str) -> Vec<(&'static str, Severity)> {
        let input = Input::new(name, text.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn remote_code_is_named_with_its_repository() {
        let text = r#"{"auto_map": {"AutoModel": "a/b--modeling.M", "AutoConfig": "conf.C"}}"#;
        assert_eq!(findings("config.json", text), [(REMOTE_CODE.id, Severity::Medium); 2]);
        let text = r#"{"model_type": "bert", "hidden_size": 768, "trust_remote_code": false}"#;
        assert_eq!(findings("config.json", text), []);
    }

    #[test]
    fn templates_are_found_in_strings_and_arrays() {
        let escape = "{{ ''.__class__.__base__.__subclasses__() }}";
        let array = format!(r#"{{"chat_template": [{{"name": "default", "template": "{escape}"}}]}}"#);
        assert_eq!(findings("tokenizer_config.json", &array)[0].1, Severity::Critical);
        let nested = r#"{"model": {"note": "{{ config.__class__ }}"}}"#;
        assert_eq!(findings("tokenizer_config.json", nested)[0].1, Severity::Medium);
    }

    #[test]
    fn what_does_not_parse_is_incomplete_and_reported() {
        let input = Input::new("tokenizer_config.json", b"{invalid");
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        assert_eq!(outcome.findings[0].rule.id, CONFIG_MALFORMED.id);
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn settings_of_tools_are_read_with_their_comments_and_those_of_models_are_told() {
        let outcome = |name: &str, text: &str| {
            let found =
                crate::scan(&Input::new(name, text.as_bytes()), &Limits::default(), &MonotonicClock::start());
            let rules: Vec<_> = found.findings.iter().map(|one| (one.rule.id, one.severity)).collect();
            (rules, found.gaps.len())
        };
        let text = "{\n  // paths\n  \"compilerOptions\": {\"target\": \"es2022\", /* x */ \"lib\": [\"dom\",],},\n}\n";
        for name in ["tsconfig.json", ".vscode/settings.json", "config.json"] {
            assert_eq!(outcome(name, text), (vec![], 0), "{name}");
        }
        assert_eq!(outcome("rows.json", "{\"a\": 1}\n{\"a\": 2}\n"), (vec![], 0));
        assert_eq!(
            outcome("page.json", "{{ page | tojson }}"),
            (vec![(CONFIG_MALFORMED.id, Severity::Low)], 0)
        );
        let ours = "{\n  // ours\n  \"model_type\": \"bert\",\n}";
        assert_eq!(outcome("config.json", ours), (vec![(CONFIG_MALFORMED.id, Severity::Low)], 0));
        // What stands behind a comment is judged.
        let code = "{// x\n\"auto_map\": {\"AutoModel\": \"modeling.M\"},}";
        assert!(outcome("config.json", code).0.contains(&(REMOTE_CODE.id, Severity::Medium)));
        assert_eq!(outcome("config.json", "{\"model_type\": \"bert\" \"x\"}").1, 1);
    }

    proptest! {
        #[test]
        fn any_mutation_is_read(at in 0usize..300, byte: u8) {
            let mut bytes = br#"{"auto_map": {"A": "b--c.D"}, "added_tokens": [{"id": 1, "content": "x"}], "normalizer": {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}, "chat_template": "{{ x }}"}"#.to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = crate::scan(&Input::new("config.json", &bytes), &Limits::default(), &MonotonicClock::start());
        }
    }
}
