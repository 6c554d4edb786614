//! Which format a path holds, by its content: [`path`] and [`bytes`].

use super::{Folder, ImportError, Imported, LARGEST_DOCUMENT};
use super::{
    attestation, croissant, cyclonedx, cyclonedx_xml, dvc, git, mlflow, model_card, openlineage, spdx,
    spdx_tags,
};
use crate::digest::Digest;
use crate::store::read_bounded;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// What was read, and the digest of what it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Nodes and edges.
    pub imported: Imported,
    /// Digest of the document; of the commit or the run's metadata when it is a folder.
    pub digest: Digest,
}

/// Reads a file or folder, whatever it is.
///
/// # Errors
/// [`ImportError::Unknown`] when it is none of the formats, else what reading it gives.
pub fn path(path: &Path) -> Result<Document, ImportError> {
    let failed = |error| ImportError::Disk { path: path.to_owned(), error };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        return folder(path);
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_DOCUMENT as u64 + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() > LARGEST_DOCUMENT {
        return Err(ImportError::TooLarge(content.len() as u64));
    }
    let beside =
        path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let name = beside.and_then(|folder| fs::canonicalize(folder).ok());
    let name = name.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let imported = bytes(&content, beside.map(Folder::new).as_ref(), name.as_deref().unwrap_or("model"))?;
    Ok(Document { imported, digest: Digest::sha256(&content) })
}

/// Reads a document, whatever it is. `name` is what a model is called whose card does not say.
///
/// # Errors
/// [`ImportError::Unknown`] when it is none of the formats, else what reading it gives.
pub fn bytes(content: &[u8], folder: Option<&Folder>, name: &str) -> Result<Imported, ImportError> {
    if let Ok(document) = serde_json::from_slice::<Value>(content) {
        if document.get("bomFormat").is_some() {
            return cyclonedx::read(&document);
        }
        if document.get("spdxVersion").is_some() || spdx::is_version_3(&document) {
            return spdx::read(&document);
        }
        if attestation::is_attestation(&document) {
            return attestation::parse(content);
        }
        if croissant::is_croissant(&document) {
            return croissant::parse(content, folder);
        }
        if openlineage::is_event(&document) {
            return openlineage::parse(content);
        }
        return Err(ImportError::Unknown);
    }
    let Ok(text) = std::str::from_utf8(content) else { return Err(ImportError::Unknown) };
    if cyclonedx_xml::is_bill(text) {
        return cyclonedx_xml::parse(text);
    }
    if spdx_tags::is_tag_value(text) {
        return spdx_tags::parse(text);
    }
    if attestation::are_attestations(content) {
        return attestation::parse(content);
    }
    if text.trim_start().starts_with('{') {
        return openlineage::parse(content);
    }
    if model_card::front_matter(text).is_some() {
        return model_card::parse(text, name);
    }
    dvc::parse(text, folder).map_err(|error| match error {
        ImportError::Shape { .. } | ImportError::Yaml { .. } => ImportError::Unknown,
        other => other,
    })
}

fn folder(path: &Path) -> Result<Document, ImportError> {
    let meta = path.join("meta.yaml");
    if meta.is_file() {
        let content = read_bounded(&meta, LARGEST_DOCUMENT as u64)
            .map_err(|error| ImportError::Disk { path: meta, error })?;
        return Ok(Document { imported: mlflow::read(path)?, digest: Digest::sha256(&content) });
    }
    if path.join(".git").exists() || path.join("HEAD").is_file() {
        let imported = git::read(path)?;
        // A commit's digest is SHA-1; the statement is about the list that was read.
        let list = serde_json::to_vec(&imported.facts)?;
        return Ok(Document { imported, digest: Digest::sha256(&list) });
    }
    let card = path.join("README.md");
    if card.is_file() {
        return self::path(&card);
    }
    Err(ImportError::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn format(content: &[u8]) -> Option<&'static str> {
        bytes(content, None, "m").ok().map(|imported| imported.format)
    }

    #[test]
    fn content_decides() {
        assert_eq!(format(b"{\"bomFormat\": \"CycloneDX\"}"), Some("CycloneDX"));
        assert_eq!(format(b"{\"spdxVersion\": \"SPDX-2.3\"}"), Some("SPDX"));
        let event = json!({"eventType": "START", "run": {"runId": "r"}}).to_string();
        assert_eq!(format(event.as_bytes()), Some("OpenLineage"));
        assert_eq!(format(format!("{event}\n{event}\n").as_bytes()), Some("OpenLineage"));
        let nameless = json!({"eventType": "START", "job": {"namespace": "n"}}).to_string();
        assert_eq!(format(nameless.as_bytes()), Some("OpenLineage"));
        assert_eq!(format(b"{\"eventType\": \"START\", \"job\": 1}"), None);
        assert_eq!(format(b"<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"/>"), Some("CycloneDX"));
        assert_eq!(format(b"SPDXVersion: SPDX-2.2\n"), Some("SPDX"));
        let bare = json!({"outputs": [{"namespace": "db", "name": "a"}]}).to_string();
        assert_eq!(format(bare.as_bytes()), Some("OpenLineage"));
        assert_eq!(format(b"---\nbase_model: a/b\n---\n"), Some("model card"));
        assert_eq!(format(b"stages:\n  a:\n    cmd: x\n"), Some("DVC"));
        assert_eq!(format(b"{\"@type\": \"sc:Dataset\", \"distribution\": []}"), Some("Croissant"));
    }

    #[test]
    fn anything_else_is_refused() {
        for content in [&b"\xff\xfe"[..], b"{}", b"hello", b"[1]", b""] {
            assert!(format(content).is_none(), "{content:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_document_or_an_error(content: Vec<u8>) {
            let _ = bytes(&content, None, "m");
        }
    }
}
