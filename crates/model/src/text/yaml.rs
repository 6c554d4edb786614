//! YAML around a model: tags that construct objects, aliases that explode, callables and templates in settings.
//!
//! A light reader of YAML 1.2's lines, quotes, block scalars and flow collections. It is lenient on purpose: what a strict
//! parser refuses is still looked at. Nesting is not followed but by indentation, so there is no recursion; linear time.

use super::chat_template::{self, Rendered};
use super::{hydra, indicators};
use crate::pickle::knowledge::{Standing, standing};
use crate::wire::json::line_and_column;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule,
};
use std::collections::HashMap;

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

/// Rules of [`inspect`].
pub const RULES: &[&Rule] = &[&YAML_UNSAFE_TAG, &YAML_ALIAS_BOMB, &CONFIG_CODE, &hydra::CONFIG_TARGET];

/// Expanded nodes from which aliases are an attack. Real files stay below a few thousand.
const EXPANSION: u64 = 1_000_000;
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
        if head.contains(&0) || head.is_empty() {
            return Recognition::No;
        }
        let extension = input.extension();
        let named = matches!(extension.as_str(), "yaml" | "yml");
        let tagged = ["!!python/", "tag:yaml.org,2002:", "%TAG ", "%YAML "]
            .iter()
            .any(|mark| memchr::memmem::find(head, mark.as_bytes()).is_some());
        let foreign = matches!(extension.as_str(), "md" | "py" | "ipynb" | "json" | "rst" | "html" | "jinja");
        match (named || (tagged && !foreign), self.extensions().contains(&extension.as_str())) {
            (true, _) => Recognition::Certain,
            (_, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        inspect(&String::from_utf8_lossy(input.bytes), &Location::default(), scan);
    }
}

/// Inspects YAML `text` found at `place`.
pub fn inspect(text: &str, place: &Location, scan: &mut Scan<'_>) {
    let read = text.get(..text.floor_char_boundary(YAML_BYTES)).unwrap_or(text);
    if read.len() < text.len() {
        scan.gap(place.offset, format!("YAML longer than {YAML_BYTES} bytes was read only to there"));
    }
    Document {
        text: read,
        place,
        scan,
        handles: HashMap::new(),
        weights: HashMap::new(),
        anchor: String::new(),
        exploded: false,
        path: Vec::new(),
    }
    .run();
}

struct Document<'t, 's, 'c> {
    text: &'t str,
    place: &'t Location,
    scan: &'s mut Scan<'c>,
    /// `%TAG` handles and their prefixes.
    handles: HashMap<&'t str, &'t str>,
    /// How many nodes each anchor expands to.
    weights: HashMap<&'t str, u64>,
    anchor: String,
    exploded: bool,
    /// Keys around the current line by their indentation.
    path: Vec<(usize, &'t str)>,
}

impl<'t> Document<'t, '_, '_> {
    fn run(&mut self) {
        let mut at = 0usize;
        let mut lines = 0u32;
        while at < self.text.len() {
            lines = lines.wrapping_add(1);
            if lines.is_multiple_of(0x1_0000) && self.scan.out_of_time() {
                return;
            }
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end.saturating_add(1));
            let line = rest.get(..length).unwrap_or_default();
            at = self.line(line, at).max(at.saturating_add(length));
        }
    }

    /// Reads the line at `start`; gives the offset after what it consumed when that is more than the line.
    fn line(&mut self, line: &'t str, start: usize) -> usize {
        let trimmed = line.trim_end();
        if let Some(directive) = trimmed.strip_prefix("%TAG ") {
            let mut words = directive.split_whitespace();
            if let (Some(handle), Some(prefix)) = (words.next(), words.next()) {
                self.handles.insert(handle, prefix);
            }
            return 0;
        }
        let mut body = trimmed.trim_start_matches(' ');
        let mut indent = trimmed.len().saturating_sub(body.len());
        while let Some(item) = body.strip_prefix("- ").or_else(|| body.strip_prefix("? ")) {
            let inner = item.trim_start();
            indent = indent.saturating_add(body.len().saturating_sub(inner.len()));
            body = inner;
        }
        if body.starts_with("--- ") {
            body = body.get(4..).unwrap_or_default();
        }
        if body.is_empty() || body.starts_with('#') || body.starts_with("---") {
            return 0;
        }
        self.path.retain(|(depth, _)| *depth < indent);
        let (key, value) = split_key(body);
        if let Some(key) = key {
            self.path.push((indent, unquoted(key)));
        }
        let offset = start.saturating_add(trimmed.len().saturating_sub(value.len()));
        self.value(value, offset, indent, start.saturating_add(line.len()))
    }

    /// Reads the value that begins at `offset`, after its properties; `next` is the offset of the following line.
    fn value(&mut self, value: &'t str, offset: usize, indent: usize, next: usize) -> usize {
        let scalar = self.properties(value, offset);
        let at = offset.saturating_add(value.len().saturating_sub(scalar.len()));
        match scalar.as_bytes().first() {
            Some(b'|' | b'>') => {
                let (text, end) = self.block(next, indent);
                self.scalar(&text, at);
                end
            }
            Some(b'"' | b'\'') => {
                let (text, end, trailing) = quoted(self.text, at);
                self.scalar(&text, at);
                let after = trailing.trim();
                let continues = after.is_empty() || after.starts_with(['#', ',', '}', ']', ':']);
                if !continues {
                    // Not YAML: what the author meant is the whole rest of the line.
                    self.scalar(scalar.trim_matches(['"', '\'']), at);
                }
                end
            }
            Some(b'[' | b'{') => self.flow(at),
            Some(_) => {
                let text = scalar.split(" #").next().unwrap_or(scalar).trim();
                self.scalar(text, at);
                0
            }
            None => 0,
        }
    }

    /// Passes tags, anchors and aliases in front of a value, judging them.
    fn properties<'v>(&mut self, value: &'v str, offset: usize) -> &'v str
    where
        't: 'v,
        'v: 't,
    {
        let mut rest = value.trim_start();
        loop {
            let at = offset.saturating_add(value.len().saturating_sub(rest.len()));
            let end = property_end(rest);
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match rest.as_bytes().first() {
                Some(b'!') => {
                    let argument = after.lines().next().unwrap_or_default();
                    self.tag(word, argument, at);
                }
                Some(b'&') => {
                    let name = word.trim_start_matches('&');
                    self.weights.insert(name, 1);
                    name.clone_into(&mut self.anchor);
                }
                Some(b'*') if word.len() > 1 && !word.contains(['(', '"', '\'']) => {
                    self.alias(word.trim_start_matches('*'), at);
                }
                _ => return rest,
            }
            rest = after.trim_start();
        }
    }

    fn alias(&mut self, name: &str, at: usize) {
        let weight = self.weights.get(name).copied().unwrap_or(1);
        if let Some(sum) = self.weights.get_mut(self.anchor.as_str()) {
            *sum = sum.saturating_add(weight);
            if *sum > EXPANSION && !self.exploded {
                self.exploded = true;
                let message = format!("aliases expand to more than {EXPANSION} nodes");
                self.report(Finding::new(&YAML_ALIAS_BOMB, message), at);
            }
        }
    }

    /// The block scalar whose lines begin at `start` and are indented deeper than `indent`.
    fn block(&self, start: usize, indent: usize) -> (String, usize) {
        let mut text = String::new();
        let mut at = start;
        let mut margin = None;
        while at < self.text.len() {
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end.saturating_add(1));
            let line = rest.get(..length).unwrap_or_default();
            let depth = line.len().saturating_sub(line.trim_start_matches(' ').len());
            if !line.trim().is_empty() {
                // A block under a key at column 0 may not be indented less than one.
                if depth <= indent && !(indent == 0 && depth > 0) {
                    break;
                }
                margin.get_or_insert(depth);
            }
            text.push_str(line.get(margin.unwrap_or(0).min(depth)..).unwrap_or_default());
            at = at.saturating_add(length);
        }
        (text, at)
    }

    /// A flow collection: its scalars, keys and properties one by one, to its closing bracket.
    fn flow(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut depth = 0usize;
        let mut key: Option<&'t str> = None;
        let pushed = self.path.len();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    key = None;
                    if depth == 0 {
                        self.path.truncate(pushed);
                        return at.saturating_add(1);
                    }
                }
                b',' => key = None,
                b'"' | b'\'' => {
                    let (text, end, trailing) = quoted(self.text, at);
                    if trailing.trim_start().starts_with(':') && key.is_none() {
                        key = self.text.get(at.saturating_add(1)..end.saturating_sub(1));
                    } else {
                        self.keyed(key, pushed);
                        self.scalar(&text, at);
                    }
                    at = end.max(at.saturating_add(1));
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' | b':' => {}
                _ => {
                    let rest = self.text.get(at..).unwrap_or_default();
                    let skipped = if rest.starts_with("!<") { property_end(rest) } else { 0 };
                    let end = rest
                        .char_indices()
                        .skip_while(|(index, _)| *index < skipped)
                        .find(|(index, c)| {
                            matches!(c, ',' | '[' | ']' | '{' | '}' | '\n')
                                || (*c == ':'
                                    && rest
                                        .as_bytes()
                                        .get(index.saturating_add(1))
                                        .is_none_or(u8::is_ascii_whitespace))
                        })
                        .map_or(rest.len(), |(index, _)| index);
                    let word = rest.get(..end).unwrap_or_default();
                    let is_key = rest.as_bytes().get(end) == Some(&b':');
                    if is_key && key.is_none() {
                        key = Some(word.trim());
                    } else {
                        let scalar = self.properties(word, at);
                        self.keyed(key, pushed);
                        if matches!(scalar.as_bytes().first(), Some(b'"' | b'\'')) {
                            at = at.saturating_add(word.len().saturating_sub(scalar.len()));
                            continue;
                        }
                        self.scalar(scalar.trim(), at);
                    }
                    at = at.saturating_add(end.max(1));
                    continue;
                }
            }
            at = at.saturating_add(1);
        }
        self.path.truncate(pushed);
        at
    }

    fn keyed(&mut self, key: Option<&'t str>, pushed: usize) {
        self.path.truncate(pushed);
        if let Some(key) = key {
            self.path.push((usize::MAX, key));
        }
    }

    /// Judges a tag; `argument` is what follows it on its line.
    fn tag(&mut self, tag: &str, argument: &str, at: usize) {
        let verbatim = tag.strip_prefix("!<").and_then(|tag| tag.strip_suffix('>'));
        let resolved = match verbatim {
            Some(uri) => uri.to_owned(),
            None => {
                if let Some(suffix) = tag.strip_prefix("!!") {
                    format!("{}{suffix}", self.handles.get("!!").copied().unwrap_or("tag:yaml.org,2002:"))
                } else {
                    let handle =
                        tag.get(1..).and_then(|rest| rest.find('!')).map(|end| end.saturating_add(2));
                    match handle.and_then(|end| tag.split_at_checked(end)) {
                        Some((handle, suffix)) => {
                            format!("{}{suffix}", self.handles.get(handle).copied().unwrap_or(handle))
                        }
                        None => match (self.handles.get("!"), tag.strip_prefix('!')) {
                            (Some(prefix), Some(suffix)) => format!("{prefix}{suffix}"),
                            _ => tag.to_owned(),
                        },
                    }
                }
            }
        };
        let resolved = percent_decoded(&resolved);
        let name = resolved.strip_prefix("tag:yaml.org,2002:").unwrap_or(&resolved).trim_start_matches('!');
        if let Some(python) = name.strip_prefix("python/") {
            self.python_tag(python, argument, at);
            return;
        }
        let gadget = [
            "javax.script.",
            "java.net.URLClassLoader",
            "com.sun.rowset.",
            "java.lang.",
            "org.springframework.",
            "ruby/object",
            "ruby/hash",
            "ruby/struct",
            "php/object",
            "perl/",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        let dotted = name.split('.').count() > 2 && name.starts_with(|c: char| c.is_ascii_lowercase());
        if gadget || (dotted && tag.starts_with("!!")) {
            let severity = if gadget { Severity::High } else { Severity::Medium };
            let message = format!("the tag `{name}` constructs an object of that class");
            self.report(Finding::new(&YAML_UNSAFE_TAG, message).severity(severity).evidence(tag), at);
        }
    }

    fn python_tag(&mut self, python: &str, argument: &str, at: usize) {
        let (kind, path) = python.split_once(':').unwrap_or((python, ""));
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        let known = standing(module, name);
        let (severity, does) = match (kind, known) {
            ("object/apply" | "object/new" | "object", Standing::Gadget { severity, why, .. }) => {
                (severity.max(Severity::High), format!("calls `{path}`, which {why}"))
            }
            ("name", Standing::Gadget { sole_reference, why, .. }) => {
                (sole_reference, format!("refers to `{path}`, which {why}"))
            }
            ("object/apply" | "object/new" | "object" | "name", Standing::Safe { .. }) => {
                (Severity::Low, format!("constructs `{path}`"))
            }
            ("object/apply" | "object/new", Standing::Unknown) => {
                (Severity::High, format!("calls `{path}`, of which nothing is known"))
            }
            ("object" | "name", Standing::Unknown) => (Severity::Medium, format!("constructs `{path}`")),
            ("module", _) => (Severity::High, format!("imports the module `{path}`")),
            _ => return,
        };
        let message = format!("the tag `!!python/{kind}` {does}");
        let evidence = format!("!!python/{python}{argument}");
        self.report(Finding::new(&YAML_UNSAFE_TAG, message).severity(severity).evidence(evidence), at);
    }

    /// Judges one scalar under the current path.
    fn scalar(&mut self, text: &str, at: usize) {
        let key = self.path.last().map_or("", |(_, key)| *key);
        let place = self.here(at);
        if key == "chat_template"
            || (key == "template" && self.path.iter().any(|(_, key)| *key == "chat_template"))
        {
            chat_template::inspect(text, &place, self.scan);
            return;
        }
        if hydra::is_target_key(key) {
            hydra::inspect_target(key, text, &place, self.scan);
        }
        if text.len() < 4 {
            return;
        }
        if text.contains("{{") || text.contains("{%") {
            chat_template::inspect_as(text, Rendered::Perhaps, &place, self.scan);
        }
        if let Some(called) = code_call(text) {
            let message = format!("the setting `{key}` holds Python code that calls `{called}`");
            let finding = Finding::new(&CONFIG_CODE, message).confidence(Confidence::Medium);
            self.scan.report(finding.located(&place).evidence(text));
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        {
            indicators::inspect_metadata(text, &place, self.scan);
        }
    }

    fn here(&self, at: usize) -> Location {
        let mut place = self.place.clone();
        let keys: Vec<&str> = self.path.iter().map(|(_, key)| *key).collect();
        place.pointer = Some(match &place.pointer {
            Some(outer) => format!("{outer}/{}", keys.join("/")),
            None => format!("/{}", keys.join("/")),
        });
        if place.line.is_none() && at < LINES_WITHIN {
            let (line, column) = line_and_column(self.text.as_bytes(), at);
            (place.line, place.column) = (Some(line), Some(column));
        }
        if place.offset.is_none() {
            place.offset = Some(at as u64);
        }
        place
    }

    fn report(&mut self, finding: Finding, at: usize) {
        let place = self.here(at);
        self.scan.report(finding.located(&place));
    }
}

/// Lines are counted only in this much of a file, in bytes; counting for each of many scalars is quadratic.
const LINES_WITHIN: usize = 64 << 10;

/// Calls that make a setting code.
const CALLS: &[&str] = &[
    "exec",
    "eval",
    "__import__",
    "os.system",
    "os.popen",
    "subprocess.Popen",
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_output",
    "compile",
    "builtins.exec",
    "builtins.eval",
];

/// The dangerous function that `text` calls as Python code, when that is what it is.
pub(crate) fn code_call(text: &str) -> Option<&'static str> {
    let body = text.trim_start_matches(['"', '\'', ' ', '(', '[']);
    let starts = |name: &str| body.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('('));
    // A call at the start of the value, or of one of its statements.
    if let Some(name) = CALLS.iter().find(|name| starts(name)) {
        return Some(name);
    }
    let imports = body.starts_with("import ") || body.starts_with("from ") || body.starts_with("lambda");
    imports.then(|| CALLS.iter().find(|name| text.contains(&format!("{name}("))).copied()).flatten()
}

/// Splits `body` into its key, if it has one, and the value.
fn split_key(body: &str) -> (Option<&str>, &str) {
    if body.starts_with(['[', '{', '!', '&', '*', '|', '>', '#', '%', '@', '`']) && !body.starts_with('*') {
        return (None, body);
    }
    let from = match body.as_bytes().first() {
        Some(b'"' | b'\'') => quoted(body, 0).1,
        _ => 0,
    };
    let rest = body.get(from..).unwrap_or_default();
    let colon = memchr::memchr_iter(b':', rest.as_bytes())
        .find(|&at| rest.as_bytes().get(at.saturating_add(1)).is_none_or(u8::is_ascii_whitespace));
    match colon {
        Some(at) if from > 0 && !rest.get(..at).unwrap_or_default().trim().is_empty() => (None, body),
        Some(at) => {
            let end = from.saturating_add(at);
            (body.get(..end), body.get(end.saturating_add(1)..).unwrap_or_default())
        }
        None => (None, body),
    }
}

/// Where the tag, anchor or alias at the start of `text` ends; a verbatim tag may hold commas.
fn property_end(text: &str) -> usize {
    if text.starts_with("!<") {
        return text.find('>').map_or(text.len(), |end| end.saturating_add(1));
    }
    text.find([' ', '\t', ',', '\n', ']', '}']).unwrap_or(text.len())
}

fn unquoted(key: &str) -> &str {
    key.trim().trim_matches(['"', '\''])
}

/// The quoted scalar at `start`: its characters, the offset after it, and the rest of its last line.
fn quoted(text: &str, start: usize) -> (String, usize, &str) {
    let bytes = text.as_bytes();
    let quote = bytes.get(start).copied().unwrap_or(b'"');
    let mut at = start.saturating_add(1);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(step) = memchr::memchr2(quote, b'\\', rest) else {
            at = bytes.len();
            break;
        };
        at = at.saturating_add(step);
        let doubled = quote == b'\''
            && bytes.get(at) == Some(&b'\'')
            && bytes.get(at.saturating_add(1)) == Some(&b'\'');
        if doubled {
            at = at.saturating_add(2);
        } else if bytes.get(at) == Some(&b'\\') {
            at = at.saturating_add(if quote == b'"' { 2 } else { 1 });
        } else {
            break;
        }
    }
    let inside = text.get(start.saturating_add(1)..at).unwrap_or_default();
    let shown = if quote == b'"' { chat_template::unescape(inside) } else { inside.replace("''", "'") };
    let end = at.saturating_add(1).min(text.len());
    let trailing = text.get(end..).unwrap_or_default().lines().next().unwrap_or_default();
    (shown, end, trailing)
}

fn percent_decoded(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        shown.push_str(rest.get(..at).unwrap_or_default());
        let hex = rest.get(at.saturating_add(1)..at.saturating_add(3));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            shown.push(char::from(byte));
            rest = rest.get(at.saturating_add(3)..).unwrap_or_default();
        } else {
            shown.push('%');
            rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
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
