//! CycloneDX bills of materials as XML, turned into the JSON form that [`super::cyclonedx`] reads.
//!
//! Source: CycloneDX 1.4 to 1.7, `schema/bom-1.7.xsd`, whose elements carry the names of the JSON schema: a list there is an
//! element around elements here. Only what lineage is read from is kept. Document types and entities of the document's own are
//! refused: no bill has a need of them, and a few lines of them stand for more than memory holds or for files of this machine.

use super::{ImportError, Imported, LARGEST_DOCUMENT, cyclonedx};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

/// What the namespace of every version begins with.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";
/// Deepest nesting of elements.
const DEEPEST: usize = 64;
/// Most elements in a document.
const MOST_ELEMENTS: usize = 10_000_000;
/// Most attributes of one element.
const MOST_ATTRIBUTES: usize = 64;

/// Reads a bill of materials.
///
/// # Errors
/// [`ImportError::Xml`], [`ImportError::TooLarge`] and [`ImportError::Shape`].
pub fn parse(text: &str) -> Result<Imported, ImportError> {
    cyclonedx::read(&document(text)?)
}

/// Whether a text looks like such a document: XML whose beginning names the format.
pub fn is_bill(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let head: String = text.chars().take(4_096).collect();
    text.starts_with('<') && head.contains(NAMESPACE)
}

/// What an element becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A list of what is in it.
    List,
    /// Its text.
    Text,
    /// Its attributes, and its text under `content`.
    Labelled,
    /// Its attributes and what is in it, by name.
    Object,
    /// An object whose children of the same name are references: `dependsOn`.
    Dependency,
    /// Nothing: lineage is not read from it.
    Skipped,
}

fn shape_of(name: &str) -> Shape {
    match name {
        "components" | "services" | "hashes" | "ancestors" | "descendants" | "datasets" | "dependencies"
        | "formulation" | "workflows" | "tasks" | "inputs" | "outputs" => Shape::List,
        "name" | "version" | "group" | "publisher" | "purl" | "uid" | "ref" | "url" => Shape::Text,
        "hash" => Shape::Labelled,
        "dependency" => Shape::Dependency,
        "bom" | "metadata" | "component" | "service" | "pedigree" | "modelCard" | "modelParameters"
        | "dataset" | "formula" | "workflow" | "task" | "input" | "output" | "resource" | "source"
        | "target" | "externalReference" => Shape::Object,
        _ => Shape::Skipped,
    }
}

/// An element that is still open.
struct Open {
    name: String,
    shape: Shape,
    fields: Map<String, Value>,
    items: Vec<Value>,
    text: String,
}

impl Open {
    fn take(&mut self, name: String, value: Value) {
        match (self.shape, value) {
            // A list of data sets names some by reference only.
            (Shape::List, Value::String(text)) if name == "ref" => {
                self.items.push(Value::Object(Map::from_iter([(name, Value::String(text))])));
            }
            (Shape::List, value @ Value::Object(_)) => self.items.push(value),
            (Shape::Dependency, Value::Object(mut below)) => self.items.extend(below.remove("ref")),
            (Shape::Object, value) => {
                self.fields.entry(name).or_insert(value);
            }
            _ => {}
        }
    }

    fn close(mut self) -> (String, Value) {
        let value = match self.shape {
            Shape::List => Value::Array(self.items),
            Shape::Text | Shape::Skipped => Value::String(self.text.trim().to_owned()),
            Shape::Labelled => {
                self.fields.insert("content".to_owned(), Value::String(self.text.trim().to_owned()));
                Value::Object(self.fields)
            }
            Shape::Dependency => {
                self.fields.insert("dependsOn".to_owned(), Value::Array(self.items));
                Value::Object(self.fields)
            }
            Shape::Object => Value::Object(self.fields),
        };
        (self.name, value)
    }
}

/// The document as JSON.
fn document(text: &str) -> Result<Value, ImportError> {
    if text.len() > LARGEST_DOCUMENT {
        return Err(ImportError::TooLarge(text.len() as u64));
    }
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut build = Build { open: Vec::new(), skipped: 0, elements: 0, prefix: String::new(), root: None };
    loop {
        let offset = reader.buffer_position();
        let refused = |reason: String| ImportError::Xml { offset, reason };
        match reader.read_event().map_err(|error| refused(error.to_string()))? {
            Event::Start(element) => build.start(&element).map_err(refused)?,
            Event::Empty(element) => {
                build.start(&element).map_err(refused)?;
                build.end();
            }
            Event::End(_) => build.end(),
            Event::Text(text) => build.text(&text),
            Event::CData(text) => build.text(&text),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|error| refused(error.to_string()))?;
                match (character, resolve_predefined_entity(&name)) {
                    (Some(character), _) => build.text(character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => build.text(text),
                    (None, None) => {
                        return Err(refused(
                            "an entity of the document's own, which no bill needs".to_owned(),
                        ));
                    }
                }
            }
            Event::DocType(_) => {
                return Err(refused("a document type declaration, which no bill needs".to_owned()));
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if !build.open.is_empty() || build.skipped > 0 {
        let reason = "the document ends inside an element; fetch the file again".to_owned();
        return Err(ImportError::Xml { offset: text.len() as u64, reason });
    }
    match build.root {
        Some(Value::Object(mut root)) => {
            root.insert("bomFormat".to_owned(), Value::String("CycloneDX".to_owned()));
            Ok(Value::Object(root))
        }
        _ => Err(ImportError::Shape { format: "CycloneDX", reason: "there is no `bom` element".to_owned() }),
    }
}

struct Build {
    open: Vec<Open>,
    /// Levels below an element that is skipped.
    skipped: usize,
    elements: usize,
    /// What the names of the format are written with, the colon included; mostly nothing.
    prefix: String,
    root: Option<Value>,
}

impl Build {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(format!("more than {MOST_ELEMENTS} elements"));
        }
        if self.open.len() + self.skipped >= DEEPEST {
            return Err(format!("elements nest deeper than {DEEPEST} levels"));
        }
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        let qualified = element.name().into_inner().to_owned();
        let name = element.local_name().into_inner().to_owned();
        let mut fields = Map::new();
        let mut foreign = false;
        for (place, attribute) in element.attributes().enumerate() {
            if place >= MOST_ATTRIBUTES {
                return Err(format!("more than {MOST_ATTRIBUTES} attributes"));
            }
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            let key = attribute.key.into_inner();
            if key == "xmlns" && self.prefix.is_empty() {
                foreign = !value.starts_with(NAMESPACE);
            }
            fields.insert(key.to_owned(), Value::String(value.into_owned()));
        }
        if self.open.is_empty() {
            if self.root.is_some() {
                return Err("a second element at the top".to_owned());
            }
            let prefix = qualified.strip_suffix(name.as_str()).unwrap_or_default();
            let key = if prefix.is_empty() {
                "xmlns".to_owned()
            } else {
                format!("xmlns:{}", prefix.trim_end_matches(':'))
            };
            let ours =
                fields.get(&key).and_then(Value::as_str).is_some_and(|space| space.starts_with(NAMESPACE));
            if name != "bom" || !ours {
                return Err(format!("the first element is no `bom` of the namespace {NAMESPACE}…"));
            }
            prefix.clone_into(&mut self.prefix);
            foreign = false;
        }
        // Elements of other namespaces may carry the same names and mean something else.
        let shape = match qualified.strip_prefix(self.prefix.as_str()) {
            Some(rest) if !foreign && rest == name => shape_of(&name),
            _ => Shape::Skipped,
        };
        // A name inside a name is no name.
        let inside_text = self.open.last().is_some_and(|above| above.shape == Shape::Text);
        if shape == Shape::Skipped || inside_text {
            self.skipped = 1;
            return Ok(());
        }
        if shape == Shape::List || shape == Shape::Text {
            fields.clear();
        }
        self.open.push(Open { name, shape, fields, items: Vec::new(), text: String::new() });
        Ok(())
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some((name, value)) = self.open.pop().map(Open::close) else { return };
        match self.open.last_mut() {
            Some(above) => above.take(name, value),
            None => self.root = Some(value),
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped == 0
            && let Some(open) = self.open.last_mut()
            && matches!(open.shape, Shape::Text | Shape::Labelled)
        {
            open.text.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::lineage::EdgeFact;
    use crate::lineage::node::{Kind, NodeId, Relation};

    fn bill(version: &str, inside: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<bom xmlns=\"{NAMESPACE}{version}\" version=\"1\">{inside}</bom>")
    }

    fn has(imported: &Imported, from: &NodeId, to: &NodeId, relation: Relation) -> bool {
        imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
    }

    #[test]
    fn a_model_in_xml_gives_what_the_same_bill_gives_in_json() {
        let (model, data) = (Digest::sha256(b"m"), Digest::sha256(b"d"));
        let xml = bill(
            "1.6",
            &format!(
                "<metadata><component type=\"machine-learning-model\" bom-ref=\"m\"><name>model</name>\
                 <hashes><hash alg=\"SHA-256\">{}</hash></hashes>\
                 <pedigree><ancestors><component type=\"machine-learning-model\"><name>base</name>\
                 <purl>pkg:huggingface/a/b</purl></component></ancestors></pedigree>\
                 <modelCard><modelParameters><datasets><ref>d</ref><dataset><name>inline</name></dataset></datasets>\
                 </modelParameters></modelCard></component></metadata>\
                 <components><component type=\"data\" bom-ref=\"d\"><name>R&amp;D</name><hashes>\
                 <hash alg=\"SHA-256\">{}</hash></hashes><evidence><name>elsewhere</name></evidence></component>\
                 <component type=\"library\" bom-ref=\"l\"><name>numpy</name><version>2</version></component></components>\
                 <dependencies><dependency ref=\"m\"><dependency ref=\"l\"/></dependency></dependencies>\
                 <formulation><formula><workflows><workflow bom-ref=\"w\"><uid>w</uid><inputs><input><resource>\
                 <ref>d</ref></resource></input></inputs><outputs><output><resource><ref>m</ref></resource></output></outputs>\
                 </workflow></workflows></formula></formulation>",
                model.value(),
                data.value()
            ),
        );
        let json = serde_json::json!({"bomFormat": "CycloneDX",
            "metadata": {"component": {"type": "machine-learning-model", "bom-ref": "m", "name": "model",
                "hashes": [{"alg": "SHA-256", "content": model.value()}],
                "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "base", "purl": "pkg:huggingface/a/b"}]},
                "modelCard": {"modelParameters": {"datasets": [{"ref": "d"}, {"name": "inline"}]}}}},
            "components": [{"type": "data", "bom-ref": "d", "name": "R&D",
                "hashes": [{"alg": "SHA-256", "content": data.value()}]},
                {"type": "library", "bom-ref": "l", "name": "numpy", "version": "2"}],
            "dependencies": [{"ref": "m", "dependsOn": ["l"]}],
            "formulation": [{"workflows": [{"bom-ref": "w", "uid": "w", "inputs": [{"resource": {"ref": "d"}}],
                "outputs": [{"resource": {"ref": "m"}}]}]}]});
        let read = parse(&xml).unwrap();
        assert_eq!(read, cyclonedx::read(&json).unwrap());
        assert!(has(&read, &NodeId::of_digest(&data), &NodeId::run("w"), Relation::Input));
        assert!(read.facts.nodes.iter().any(|node| node.name.as_deref() == Some("R&D")));
    }

    #[test]
    fn prefixes_and_foreign_elements_are_told_apart() {
        let text = format!(
            "<c:bom xmlns:c=\"{NAMESPACE}1.4\" xmlns:x=\"urn:x\"><c:components><x:component><x:name>no</x:name>\
             </x:component><c:component type=\"library\"><c:name>yes</c:name></c:component></c:components></c:bom>"
        );
        let read = parse(&text).unwrap();
        let names: Vec<_> = read.facts.nodes.iter().filter_map(|node| node.name.as_deref()).collect();
        assert_eq!(names, ["yes"]);
        let foreign =
            bill("1.5", "<components><component xmlns=\"urn:x\"><name>no</name></component></components>");
        assert!(parse(&foreign).unwrap().facts.nodes.is_empty());
        let known =
            bill("1.5", "<components><component type=\"data\"><name>d</name></component></components>");
        assert_eq!(parse(&known).unwrap().facts.nodes[0].id, NodeId::named(Kind::Component, "", "d"));
    }

    #[test]
    fn entities_document_types_depth_and_torn_documents_are_refused() {
        let reason = |text: &str| match parse(text) {
            Err(ImportError::Xml { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        let entity =
            format!("<!DOCTYPE bom [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{}", bill("1.6", "&a;"));
        assert!(reason(&entity).contains("document type"));
        assert!(reason(&bill("1.6", "<components>&a;</components>")).contains("entity"));
        let attribute = bill("1.6", "<components><component type=\"&a;\"/></components>");
        assert!(parse(&attribute).is_err());
        assert!(reason(&bill("1.6", &"<components><component>".repeat(100))).contains("deeper"));
        assert!(reason(&bill("1.6", &"<x>".repeat(100))).contains("deeper"));
        let whole = bill("1.6", "<components/>");
        assert!(parse(&whole).is_ok());
        for end in 1..whole.len() {
            assert!(parse(whole.get(..end).unwrap()).is_err(), "{end}");
        }
        assert!(reason("<bom xmlns=\"urn:other\"/>").contains("namespace"));
        assert!(reason(&format!("{whole}<bom/>")).contains("second"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_document_or_an_error(text in ".{0,200}", inside in "[<>/a-z&;:=\" ]{0,200}") {
            let _ = parse(&text);
            let _ = parse(&bill("1.6", &inside));
        }
    }
}
