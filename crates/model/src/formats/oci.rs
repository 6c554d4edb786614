//! OCI and Docker images, and CNCF ModelPack artifacts: index, manifest and layout files, and blobs named by digest.
//!
//! Source: OCI image specification 1.1 (index, manifest, layout, descriptor), CNCF ModelPack. Layers are archives and are
//! read as such when they are scanned; here their descriptors are checked against the files beside the manifest. Cost:
//! linear; a blob is hashed when its path says which digest it has.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::text::indicators::inspect_metadata;
use crate::wire::json_tree::{self, Document, NodeId, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, hex, owasp_llm, owasp_ml, rule};
use sha2::{Digest as _, Sha256};

/// OCI manifests and indexes.
pub static OCI: Oci = Oci;

/// See [`OCI`].
#[derive(Debug, Clone, Copy)]
pub struct Oci;

rule! {
    /// ## What it finds
    /// A blob of an OCI layout whose content or size is not what its digest or descriptor says.
    /// ## Why it matters
    /// Everything about an image is trusted through digests: a blob that does not match was changed after it was
    /// described, and signatures over the manifest no longer say anything about it.
    /// ## Example
    /// `blobs/sha256/5891b5…` whose SHA-256 is `7d3e0f…`.
    /// ## How to fix
    /// Do not use the image; pull it again and verify its signature.
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>
    pub const OCI_DIGEST_MISMATCH: Rule = Rule {
        id: "model/oci-digest-mismatch",
        title: "an image blob that does not match its digest",
        severity: Severity::High,
        remedy: "Do not use the image; pull it again and verify its signature.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(354), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A layer of an image that is fetched from an address in its descriptor, or is stored inside the manifest.
    /// ## Why it matters
    /// Foreign layers come from wherever the manifest says, outside the registry that was checked.
    /// ## Example
    /// `"urls": ["http://203.0.113.7/layer.tar.gz"]`
    /// ## How to fix
    /// Push the layer to the registry and reference it there.
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/descriptor.md>
    pub const OCI_FOREIGN_LAYER: Rule = Rule {
        id: "model/oci-foreign-layer",
        title: "an image layer fetched from elsewhere",
        severity: Severity::Medium,
        remedy: "Push the layer to the registry and reference it there.",
        taxonomies: &[atlas("AML.T0010"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Largest manifest registries accept, in bytes (distribution specification 1.1: at least 4 MiB).
const LARGEST: usize = 16 << 20;
/// How much of a file recognition looks at, in bytes.
const HEAD: usize = 4096;

impl Format for Oci {
    fn id(&self) -> &'static str {
        "oci-manifest"
    }

    fn name(&self) -> &'static str {
        "OCI image manifest"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&OCI_DIGEST_MISMATCH, &OCI_FOREIGN_LAYER, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        if !head.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'[')) {
            return Recognition::No;
        }
        let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
        let is_manifest = has(b"\"schemaVersion\"")
            && (has(b"\"layers\"")
                || has(b"\"manifests\"")
                || has(b"\"fsLayers\"")
                || has(b"vnd.oci")
                || has(b"vnd.docker"));
        let is_layout = has(b"\"imageLayoutVersion\"");
        // `docker save` writes a list of images.
        let is_docker = has(b"\"Config\"") && has(b"\"RepoTags\"") && has(b"\"Layers\"");
        if is_manifest || is_layout || is_docker { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if input.bytes.len() > LARGEST {
            malformed(
                scan,
                0,
                format!("a manifest of {} bytes, more than registries accept", input.bytes.len()),
            );
            scan.gap(0, format!("a manifest of more than {LARGEST} bytes is not read"));
            return;
        }
        let text = json_tree::decode(input.bytes);
        let document = json_tree::parse(&text);
        for id in document.ids() {
            if document.is_object(id) && document.get(id, "digest").is_some() {
                descriptor(&document, id, input, scan);
            }
            let in_annotations =
                document.parent(id).is_some_and(|parent| document.key(parent) == "annotations");
            if let Value::Text(text) = document.value(id)
                && in_annotations
            {
                let place = Location {
                    offset: Some(document.offset(id)),
                    pointer: Some(document.pointer(id)),
                    ..Location::default()
                };
                inspect_metadata(text, &place, scan);
            }
        }
        for id in document.duplicates() {
            let message =
                format!("the member `{}` occurs twice; readers differ on which counts", document.key(id));
            malformed(scan, document.offset(id) as usize, message);
        }
        if let Some(error) = &document.error {
            broken(scan, error.offset, format!("the manifest breaks off: {}", error.reason));
        }
    }
}

fn descriptor(document: &Document<'_>, id: NodeId, input: &Input<'_>, scan: &mut Scan<'_>) {
    let finding = |rule, message: String| {
        Finding::new(rule, message).at(document.offset(id)).pointer(document.pointer(id))
    };
    let digest = document.get_text(id, "digest").unwrap_or_default();
    let Some((algorithm, hash)) = parts(digest) else {
        scan.report(
            finding(&MALFORMED_STRUCTURE, format!("`{digest}` is no digest")).severity(Severity::Medium),
        );
        return;
    };
    let size = match document.get(id, "size").map(|size| document.value(size)) {
        Some(Value::Number(size)) => size.parse::<u64>().ok(),
        _ => None,
    };
    let stored = input.siblings.look_up(&format!("blobs/{algorithm}/{hash}"));
    if let (Some(size), Some(stored)) = (size, stored)
        && stored.size != size
    {
        let message = format!("the blob `{digest}` has {} bytes, its descriptor says {size}", stored.size);
        scan.report(finding(&OCI_DIGEST_MISMATCH, message));
    }
    let urls = document.get(id, "urls").map(|urls| document.children(urls)).into_iter().flatten();
    for url in urls.filter_map(|url| document.text(url)) {
        // Windows base layers may not be redistributed and have always come from Microsoft.
        let usual = url.starts_with("https://mcr.microsoft.com/");
        if !usual {
            scan.report(
                finding(&OCI_FOREIGN_LAYER, format!("the layer `{digest}` is fetched from `{url}`"))
                    .evidence(url),
            );
        }
    }
    if let Some(data) = document.get_text(id, "data")
        && let Some(bytes) = crate::wire::base64::decode(data)
    {
        if algorithm == "sha256" && hex(&Sha256::digest(&bytes)) != hash {
            let message = format!("the data in the descriptor of `{digest}` has another digest");
            scan.report(finding(&OCI_DIGEST_MISMATCH, message));
        }
        scan.member(digest, &bytes);
    }
}

/// Algorithm and hash of a well-formed digest.
fn parts(digest: &str) -> Option<(&str, &str)> {
    let (algorithm, hash) = digest.split_once(':')?;
    let length = match algorithm {
        "sha256" | "blake3" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return None,
    };
    let is_hash = hash.len() == length
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hash.then_some((algorithm, hash))
}

/// Checks a blob of an OCI layout (`…/blobs/sha256/<hash>`) against the digest in its path.
pub(crate) fn check_blob(input: &Input<'_>, _format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    let mut steps = input.name.rsplit(['/', '\\']);
    let (Some(hash), Some("sha256"), Some("blobs")) = (steps.next(), steps.next(), steps.next()) else {
        return;
    };
    if parts(&format!("sha256:{hash}")).is_none() {
        return;
    }
    let digest = hex(&Sha256::digest(input.bytes));
    if digest != hash {
        let message = format!("the blob is named `{hash}` and has the SHA-256 `{digest}`");
        scan.report(Finding::new(&OCI_DIGEST_MISMATCH, message).at(0).evidence(&digest));
    }
}

/// Rules [`check_blob`] may report.
pub(crate) static RULES: &[&Rule] = &[&OCI_DIGEST_MISMATCH];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use crate::{NoSiblings, Sibling, Siblings, scan_as};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn manifest(layer: &str) -> Vec<u8> {
        format!("{{\"schemaVersion\": 2, \"layers\": [{layer}]}}").into_bytes()
    }

    fn layer(more: &str) -> String {
        format!(
            "{{\"mediaType\": \"application/vnd.cncf.model.weight.v1.tar\", \"digest\": \"sha256:{}\", \"size\": 3{more}}}",
            "a".repeat(64)
        )
    }

    struct Blob(u64);

    impl Siblings for Blob {
        fn look_up(&self, relative: &str) -> Option<Sibling> {
            relative.starts_with("blobs/sha256/aaaa").then_some(Sibling { size: self.0, is_symlink: false })
        }

        fn read(&self, relative: &str, limit: u64) -> Option<Vec<u8>> {
            NoSiblings.read(relative, limit)
        }
    }

    fn beside(size: u64) -> usize {
        let bytes = manifest(&layer(""));
        let input = Input { bytes: &bytes, name: "index.json", siblings: &Blob(size) };
        scan_as(&OCI, &input, &Limits::default(), &MonotonicClock::start()).findings.len()
    }

    #[test]
    fn a_plain_manifest_is_clean() {
        assert_eq!(OCI.recognise(&Input::new("m", &manifest(&layer("")))), Recognition::Certain);
        assert_eq!(rules_of(&OCI, &manifest(&layer(""))), Vec::<&str>::new());
    }

    #[test]
    fn a_blob_of_another_size_is_a_mismatch() {
        assert_eq!((beside(3), beside(4)), (0, 1));
    }

    #[test]
    fn a_foreign_layer_is_reported() {
        let bytes = manifest(&layer(", \"urls\": [\"http://203.0.113.7/x\"]"));
        assert_eq!(rules_of(&OCI, &bytes), ["model/oci-foreign-layer"]);
    }

    #[test]
    fn a_digest_that_is_none_is_malformed() {
        assert_eq!(
            rules_of(&OCI, &manifest("{\"digest\": \"sha256:../../etc/passwd\"}")),
            ["model/malformed-structure"]
        );
    }

    #[test]
    fn a_blob_is_checked_against_its_name() {
        let run = |name: &str| {
            let limits = Limits::default();
            let clock = MonotonicClock::start();
            crate::scan(&Input::new(name, b"hello\n"), &limits, &clock).findings.len()
        };
        assert_eq!(run("x/blobs/sha256/5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"), 0);
        assert_eq!(run(&format!("x/blobs/sha256/{}", "0".repeat(64))), 1);
    }

    proptest! {
        #[test]
        fn any_layer_gives_a_result(layer in "[\\{\\}\\[\\]\":,a-z0-9]{0,80}") {
            outcome(&OCI, &manifest(&layer));
        }
    }
}
