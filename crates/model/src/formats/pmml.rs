//! PMML, the XML format for predictive models: hazards of XML, extensions with code, references out of the file.
//!
//! Source: PMML 4.4 (Data Mining Group). The XML itself is read by [`super::xml`]. Cost: linear.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use super::xml::{self, Dialect, XML_ENTITY_EXPANSION, XML_EXTERNAL_ENTITY, XML_SCRIPT};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use quick_xml::events::BytesStart;

/// PMML models.
pub static PMML: Pmml = Pmml;

/// See [`PMML`].
#[derive(Debug, Clone, Copy)]
pub struct Pmml;

rule! {
    /// ## What it finds
    /// Something in a PMML model that its consumer would fetch or hand to a vendor's code: a `TableLocator`, an address
    /// in an extension or value, a transformation that names a Java class.
    /// ## Why it matters
    /// PMML is meant to be self-contained. JPMML instantiates classes that functions name; vendor extensions and table
    /// locators make consumers read databases and addresses the author chose.
    /// ## Example
    /// `<Extension extender="acme" value="https://203.0.113.7/collect"/>`
    /// ## How to fix
    /// Remove the reference, or put the data inline.
    /// ## References
    /// - <https://dmg.org/pmml/v4-4-1/GeneralStructure.html>
    pub const PMML_EXTERNAL_REFERENCE: Rule = Rule {
        id: "model/pmml-external-reference",
        title: "a PMML model that refers to something outside it",
        severity: Severity::Medium,
        remedy: "Remove the reference, or put the data inline.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

impl Format for Pmml {
    fn id(&self) -> &'static str {
        "pmml"
    }

    fn name(&self) -> &'static str {
        "PMML model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pmml", "xml"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &PMML_EXTERNAL_REFERENCE,
            &XML_EXTERNAL_ENTITY,
            &XML_ENTITY_EXPANSION,
            &XML_SCRIPT,
            &MALFORMED_STRUCTURE,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        /// How far into a file its root element is looked for, in bytes: a document type may stand before it.
        const HEAD: usize = 4096;
        let head = xml::decoded(input.head(HEAD));
        let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        if !text.starts_with('<') {
            return Recognition::No;
        }
        if text.contains("<PMML") || text.contains("<!DOCTYPE PMML") || text.contains("dmg.org/PMML") {
            Recognition::Certain
        } else if input.extension() == "pmml" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut document = Document { seen_root: false };
        xml::read(input.bytes, &mut document, scan);
        if !document.seen_root {
            malformed(scan, 0, "the document has no root element");
        }
    }
}

struct Document {
    seen_root: bool,
}

impl Dialect for Document {
    fn element(&mut self, element: &BytesStart<'_>, depth: usize, offset: usize, scan: &mut Scan<'_>) {
        let name = element.local_name().into_inner().to_owned();
        if depth == 0 && !self.seen_root {
            self.seen_root = true;
            if name != "PMML" {
                malformed(scan, offset, format!("the root element is `{name}`, not `PMML`"));
            } else if !xml::attributes(element).iter().any(|(key, _)| key == "version") {
                scan.report(
                    Finding::new(&MALFORMED_STRUCTURE, "the `PMML` element lacks its required version")
                        .severity(Severity::Low)
                        .at(offset as u64),
                );
            }
        }
        match name.as_str() {
            "TableLocator" => {
                report("a `TableLocator` makes the consumer read data elsewhere", element, offset, scan);
            }
            "Extension" | "Value" | "DataField" | "Annotation" | "MiningBuildTask" => {
                for (key, value) in xml::attributes(element) {
                    if !key.starts_with("xmlns") && is_address(&value) {
                        let message = format!("the attribute `{key}` of `{name}` is the address `{value}`");
                        report(&message, element, offset, scan);
                    }
                }
            }
            "Apply" => {
                let function = xml::attributes(element)
                    .into_iter()
                    .find(|(key, _)| key == "function")
                    .map(|(_, value)| value);
                if let Some(function) = function.filter(|function| is_class(function)) {
                    let danger =
                        ["java.lang.Runtime", "java.lang.ProcessBuilder", "javax.script.", "javax.naming."];
                    let is_known = danger.iter().any(|class| function.starts_with(class));
                    let severity = if is_known { Severity::Critical } else { Severity::Medium };
                    let message = format!("a transformation calls the Java class `{function}`");
                    scan.report(
                        Finding::new(&PMML_EXTERNAL_REFERENCE, message)
                            .severity(severity)
                            .at(offset as u64)
                            .evidence(&**element),
                    );
                }
            }
            _ => {}
        }
    }
}

fn report(message: &str, element: &str, offset: usize, scan: &mut Scan<'_>) {
    scan.report(
        Finding::new(&PMML_EXTERNAL_REFERENCE, message)
            .confidence(Confidence::Medium)
            .at(offset as u64)
            .evidence(element),
    );
}

/// Whether a value is an address, other than those of the standards themselves.
fn is_address(value: &str) -> bool {
    let value = value.trim();
    let has_scheme = ["http://", "https://", "ftp://", "file:", "jdbc:", "ldap:", "rmi:", "\\\\"]
        .iter()
        .any(|scheme| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let is_standard = ["www.dmg.org", "//dmg.org", "www.w3.org", "xml.apache.org", "jpmml.org"]
        .iter()
        .any(|host| value.contains(host));
    has_scheme && !is_standard
}

/// Whether a function's name is that of a Java class: dotted, ending in a capitalised part.
fn is_class(function: &str) -> bool {
    function.rsplit_once('.').is_some_and(|(package, class)| {
        !package.is_empty() && class.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn pmml(body: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\"?><PMML version=\"4.4\" xmlns=\"http://www.dmg.org/PMML-4_4\">{body}</PMML>"
        )
        .into_bytes()
    }

    #[test]
    fn a_plain_model_is_clean() {
        let body = "<Header><Application name=\"JPMML\"/></Header><DataDictionary><DataField name=\"x\"/></DataDictionary>";
        assert_eq!(rules_of(&PMML, &pmml(body)), Vec::<&str>::new());
    }

    #[test]
    fn an_address_in_an_extension_is_a_reference_and_a_namespace_is_not() {
        let rules =
            rules_of(&PMML, &pmml("<Extension extender=\"x\" value=\"https://203.0.113.7/collect\"/>"));
        assert!(rules.contains(&"model/pmml-external-reference"));
        assert_eq!(
            rules_of(&PMML, &pmml("<Extension name=\"x\" value=\"http://www.dmg.org/x\"/>")),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_transformation_that_names_a_class_is_reported_and_a_builtin_is_not() {
        assert_eq!(
            rules_of(&PMML, &pmml("<Apply function=\"com.example.Evil\"/>")),
            ["model/pmml-external-reference"]
        );
        assert_eq!(rules_of(&PMML, &pmml("<Apply function=\"normalizeSpace\"/>")), Vec::<&str>::new());
    }

    #[test]
    fn a_missing_version_and_a_wrong_root_are_malformed() {
        assert_eq!(
            rules_of(&PMML, b"<?xml version='1.0'?><PMML><Header/></PMML>"),
            ["model/malformed-structure"]
        );
        assert_eq!(rules_of(&PMML, b"<?xml version='1.0'?><Other/>"), ["model/malformed-structure"]);
    }

    #[test]
    fn code_in_an_extension_is_found() {
        let found = outcome(&PMML, &pmml("<Extension><x>__import__('os').system('id')</x></Extension>"));
        assert!(found.findings[0].severity >= Severity::High);
    }

    proptest! {
        #[test]
        fn any_body_gives_a_result(body in "[<>!?/&;'\"=a-zA-Z :.]{0,120}") {
            outcome(&PMML, &pmml(&body));
        }
    }
}
