//! in-toto statements of others: bare, in DSSE envelopes, in Sigstore bundles, one in a file or one on each line.
//!
//! What a statement says becomes a claim of whoever signs the import: its own signatures are not checked here, and that is told. A type
//! of predicate that nothing here reads is named.
//!
//! Source: in-toto attestation framework v1, `spec/v1/statement.md` and `spec/v1/bundle.md`; DSSE v1.0.2, `envelope.md`.

use super::{ImportError, Imported, LARGEST_DOCUMENT, text};
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::lineage::facts::Facts;
use crate::predicate;
use crate::statement::{PAYLOAD_TYPE, Statement};
use serde_json::Value;
use std::collections::BTreeMap;

const FORMAT: &str = "in-toto";

/// Whether a JSON value is a statement, an envelope or a bundle.
pub fn is_attestation(document: &Value) -> bool {
    is_statement(document) || is_envelope(document) || document.get("dsseEnvelope").is_some_and(is_envelope)
}

fn is_statement(document: &Value) -> bool {
    text(document, "_type").is_some_and(|kind| kind.starts_with("https://in-toto.io/Statement/"))
}

fn is_envelope(document: &Value) -> bool {
    text(document, "payloadType").is_some() && document.get("payload").is_some_and(Value::is_string)
}

/// Whether the first line is a statement, an envelope or a bundle.
pub fn are_attestations(content: &[u8]) -> bool {
    let first = lines(content).next();
    first.and_then(|line| serde_json::from_slice(line).ok()).is_some_and(|first| is_attestation(&first))
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// Reads one document, or one on each line.
///
/// # Errors
/// [`ImportError::Shape`] when one of them is no statement, [`ImportError::Json`] when it is no JSON.
pub fn parse(content: &[u8]) -> Result<Imported, ImportError> {
    if content.len() > LARGEST_DOCUMENT {
        return Err(ImportError::TooLarge(content.len() as u64));
    }
    let mut reader = Reader { imported: Imported::new(FORMAT), unknown: BTreeMap::new(), signatures: 0 };
    match serde_json::from_slice(content) {
        Ok(document) => reader.document(&document, content)?,
        Err(error) if !are_attestations(content) => return Err(error.into()),
        Err(_) => {
            for line in lines(content) {
                reader.document(&serde_json::from_slice(line)?, line)?;
            }
        }
    }
    Ok(reader.finish())
}

struct Reader {
    imported: Imported,
    /// Types of predicates that nothing here reads, and how many statements have each.
    unknown: BTreeMap<String, usize>,
    signatures: usize,
}

impl Reader {
    fn document(&mut self, document: &Value, bytes: &[u8]) -> Result<(), ImportError> {
        let shape = |reason: String| ImportError::Shape { format: FORMAT, reason };
        if is_statement(document) {
            return self.statement(bytes);
        }
        let envelope = document.get("dsseEnvelope").unwrap_or(document);
        let json = serde_json::to_vec(envelope)?;
        let envelope = Envelope::from_json(&json).map_err(|error| shape(error.to_string()))?;
        self.signatures = self.signatures.saturating_add(envelope.signatures.len());
        let payload = envelope.payload_of(PAYLOAD_TYPE).map_err(|error| shape(error.to_string()))?;
        self.statement(payload)
    }

    fn statement(&mut self, payload: &[u8]) -> Result<(), ImportError> {
        let statement: Statement<Value> = Statement::from_payload(payload)
            .map_err(|error| ImportError::Shape { format: FORMAT, reason: error.to_string() })?;
        let kind = &statement.predicate_type;
        if !predicate::is_known(kind) {
            *self.unknown.entry(bartizan_core::printable(kind, 200)).or_default() += 1;
        }
        let predicate = statement.predicate.as_ref().unwrap_or(&Value::Null);
        if let Err(misfit) = predicate::check(kind, predicate) {
            self.imported.remark(|| misfit.to_string());
        }
        self.imported.facts.absorb(Facts::of_statement(&statement, &Digest::sha256(payload)));
        Ok(())
    }

    fn finish(mut self) -> Imported {
        for (kind, count) in std::mem::take(&mut self.unknown) {
            self.imported.remark(|| {
                format!(
                    "the predicate type `{kind}` is not known ({}): what it says is not read, only what it is about",
                    if count == 1 { "1 statement".to_owned() } else { format!("{count} statements") }
                )
            });
        }
        let signatures = self.signatures;
        if signatures > 0 {
            self.imported.remark(|| {
                format!(
                    "{signatures} signatures were not checked: what is imported rests on the key that signs the import"
                )
            });
        }
        self.imported.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::lineage::node::{NodeId, Relation};
    use crate::predicate::PROVENANCE_V1;
    use serde_json::json;

    fn statement(kind: &str, predicate: &Value) -> String {
        json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": predicate,
               "subject": [{"name": "m.onnx", "digest": {"sha256": Digest::sha256(b"model").value()}}]})
        .to_string()
    }

    fn provenance() -> String {
        let data = json!({"name": "train.csv", "digest": {"sha256": Digest::sha256(b"data").value()}});
        let predicate = json!({"buildDefinition": {"buildType": "t", "externalParameters": {},
            "resolvedDependencies": [data]}, "runDetails": {"builder": {"id": "b"}}});
        statement(PROVENANCE_V1, &predicate)
    }

    fn node(text: &[u8]) -> NodeId {
        NodeId::of_digest(&Digest::sha256(text))
    }

    #[test]
    fn a_statement_is_read_bare_in_an_envelope_and_in_a_bundle() {
        let payload = provenance();
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let envelope = Envelope::sign(payload.clone().into_bytes(), PAYLOAD_TYPE, &key).unwrap();
        let envelope: Value = serde_json::from_slice(&envelope.to_json().unwrap()).unwrap();
        let bundle =
            json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope});
        for (document, remarks) in [(payload.clone(), 0), (envelope.to_string(), 1), (bundle.to_string(), 1)]
        {
            let imported = super::super::bytes(document.as_bytes(), None, "m").unwrap();
            assert_eq!(
                (imported.format, imported.remarks.len()),
                (FORMAT, remarks),
                "{:?}",
                imported.remarks
            );
            let run = node(payload.as_bytes());
            let has = |from: &NodeId, to: &NodeId, relation| {
                imported
                    .facts
                    .edges
                    .iter()
                    .any(|edge| (&edge.from, &edge.to, edge.relation) == (from, to, relation))
            };
            assert!(
                has(&node(b"data"), &run, Relation::Input) && has(&run, &node(b"model"), Relation::Output)
            );
        }
    }

    #[test]
    fn types_of_predicates_that_are_not_known_are_named_once_each() {
        let unknown = statement("https://example.com/x", &json!({"a": 1}));
        let content = format!("{unknown}\n{}\n\n{unknown}\n", provenance());
        let imported = super::super::bytes(content.as_bytes(), None, "m").unwrap();
        let [remark] = imported.remarks.as_slice() else { panic!("{:?}", imported.remarks) };
        assert!(remark.contains("`https://example.com/x`") && remark.contains("2 statements"), "{remark}");
        assert!(!imported.facts.edges.is_empty());
    }

    #[test]
    fn what_does_not_fit_its_type_is_told_and_what_is_no_statement_refused() {
        let imported = parse(statement(PROVENANCE_V1, &json!({})).as_bytes()).unwrap();
        assert!(imported.remarks[0].contains("buildDefinition"), "{:?}", imported.remarks);
        for content in [
            &br#"{"_type": "https://in-toto.io/Statement/v9", "subject": [], "predicateType": "x"}"#[..],
            br#"{"payloadType": "text/plain", "payload": "aGk=", "signatures": []}"#,
            br#"{"payloadType": "application/vnd.in-toto+json", "payload": "?", "signatures": []}"#,
        ] {
            assert!(matches!(super::super::bytes(content, None, "m"), Err(ImportError::Shape { .. })));
        }
    }
}
