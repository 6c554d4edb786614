//! Zarr arrays and the checkpoints made of them (Orbax, T5X): the JSON that says how chunks are decoded and where they lie.
//!
//! Source: Zarr storage specification v2 (`.zarray`, `.zmetadata`), Zarr core specification v3 (`zarr.json`), the codecs of
//! `numcodecs`, TensorStore's key-value store specifications, Orbax's `_METADATA`. A codec is looked up by its name in a
//! registry and runs on every chunk, so the name decides what reading the array executes. Cost: linear.

use crate::formats::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::formats::onnx::{EXTERNAL_DATA_ESCAPE, check_path};
use crate::text::indicators::inspect_metadata;
use crate::wire::json_tree::{self, Document, NodeId};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};

rule! {
    /// ## What it finds
    /// A Zarr array whose filters, compressor or codecs decode chunks by unpickling them, or by a codec that neither Zarr
    /// nor `numcodecs` ships and that a plug-in would have to supply.
    /// ## Why it matters
    /// Readers take the codec's name from the array's metadata and run it on every chunk. `pickle` is such a name: opening
    /// the array and reading one value then runs whatever the writer of the chunk chose.
    /// ## Example
    /// `{"zarr_format": 2, "dtype": "|O", "filters": [{"id": "pickle"}], "compressor": null, …}`
    /// ## How to fix
    /// Store numbers with a numeric dtype, and text with the `vlen-utf8` codec.
    /// ## References
    /// - Zarr storage specification v2, *Metadata*: object arrays and `filters`
    /// - <https://numcodecs.readthedocs.io/en/stable/other/pickles.html>
    pub const ZARR_UNSAFE_CODEC: Rule = Rule {
        id: "model/zarr-unsafe-codec",
        title: "an array whose chunks are decoded by running code",
        severity: Severity::High,
        remedy: "Do not read the array; have it written again with numeric dtypes or the vlen-utf8 codec.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Metadata of Zarr arrays and of the checkpoints made of them.
pub static ZARR: Zarr = Zarr;

/// See [`ZARR`].
#[derive(Debug, Clone, Copy)]
pub struct Zarr;

/// Codecs that Zarr v2 and v3, `numcodecs` and TensorStore ship and that decode to plain values.
const PLAIN: [&str; 41] = [
    "adler32",
    "astype",
    "base64",
    "bitinfo",
    "bitround",
    "blosc",
    "bytes",
    "bz2",
    "categorize",
    "crc32",
    "crc32c",
    "delta",
    "endian",
    "fixedscaleoffset",
    "fletcher32",
    "gzip",
    "imagecodecs_delta",
    "jenkins_lookup3",
    "json2",
    "lz4",
    "lzma",
    "msgpack2",
    "n5_wrapper",
    "packbits",
    "pcodec",
    "quantize",
    "reshape",
    "scale_offset",
    "sharding_indexed",
    "shuffle",
    "snappy",
    "transpose",
    "vlen-array",
    "vlen-bytes",
    "vlen-utf8",
    "zfp",
    "zfpy",
    "zlib",
    "zstd",
    "cast_value",
    "vlen_utf8",
];

/// Names of the metadata files of Zarr and Orbax, lower case.
const NAMES: [&str; 6] = [".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json", "_metadata"];

/// Bytes looked at to recognise the format.
const HEAD: usize = 4096;

impl Format for Zarr {
    fn id(&self) -> &'static str {
        "zarr"
    }

    fn name(&self) -> &'static str {
        "Zarr array metadata"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "zarray", "zgroup", "zattrs", "zmetadata"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&ZARR_UNSAFE_CODEC, &EXTERNAL_DATA_ESCAPE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        if !head.trim_ascii_start().starts_with(b"{") {
            return Recognition::No;
        }
        let says = |key: &str| memchr::memmem::find(head, key.as_bytes()).is_some();
        let named = NAMES.contains(&input.file_name().to_ascii_lowercase().as_str());
        let marked = says("\"zarr_format\"")
            || says("\"zarr_consolidated_format\"")
            || (says("\"tree_metadata\"") && says("\"value_metadata\""));
        match (marked, named) {
            (true, _) => Recognition::Certain,
            (false, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = json_tree::decode(input.bytes);
        let document = json_tree::parse(&text);
        for (count, id) in document.ids().enumerate() {
            if count.is_multiple_of(4096) && scan.out_of_time() {
                return;
            }
            match document.key(id) {
                "compressor" | "filters" | "codecs" | "index_codecs" | "object_codec" => {
                    codecs(&document, id, scan);
                }
                "kvstore" | "base" | "path" | "url" | "driver" => store(&document, id, scan),
                _ => {}
            }
            if let Some(text) = document.text(id) {
                inspect_metadata(text, &place(&document, id), scan);
            }
        }
        for id in document.duplicates() {
            let key = printable(document.key(id), 80);
            let message = format!("the key `{key}` is written twice; readers disagree on which one counts");
            malformed(scan, usize::try_from(document.offset(id)).unwrap_or(usize::MAX), message);
        }
        if let Some(error) = &document.error {
            broken(scan, error.offset, format!("the metadata is not JSON: {}", error.reason));
        }
    }
}

fn place(document: &Document<'_>, id: NodeId) -> Location {
    Location { offset: Some(document.offset(id)), pointer: Some(document.pointer(id)), ..Location::default() }
}

/// Judges one codec, or each of a list of them. A codec is `{"id": …}` in Zarr v2 and `{"name": …}` in v3.
fn codecs(document: &Document<'_>, id: NodeId, scan: &mut Scan<'_>) {
    let own = document.is_object(id).then_some(id);
    let listed = document.children(id).filter(|child| own.is_none() && document.is_object(*child));
    for codec in own.into_iter().chain(listed) {
        let Some(name) = document.get_text(codec, "id").or_else(|| document.get_text(codec, "name")) else {
            continue;
        };
        // Zarr 3 writes the codecs of numcodecs with a prefix.
        let bare = name.strip_prefix("numcodecs.").unwrap_or(name).to_ascii_lowercase();
        let shown = printable(name, 80);
        let finding = if bare.contains("pickle") {
            Finding::new(
                &ZARR_UNSAFE_CODEC,
                format!("chunks are decoded by the codec `{shown}`, which unpickles them"),
            )
        } else if PLAIN.contains(&bare.as_str()) {
            continue;
        } else {
            let message =
                format!("chunks are decoded by the codec `{shown}`, which a plug-in would have to supply");
            Finding::new(&ZARR_UNSAFE_CODEC, message).severity(Severity::Medium).remedy(
                "Learn which package supplies the codec and whether you trust it before reading the array.",
            )
        };
        scan.report(finding.evidence(name).located(&place(document, codec)));
    }
}

/// Judges where a TensorStore specification inside the metadata reads from.
fn store(document: &Document<'_>, id: NodeId, scan: &mut Scan<'_>) {
    let Some(text) = document.text(id) else { return };
    let beside_driver = document.parent(id).is_some_and(|parent| document.get(parent, "driver").is_some());
    match document.key(id) {
        "driver" if matches!(text, "http" | "https") => {
            let message = "the checkpoint's own metadata sends the reader to a web server for its chunks";
            scan.report(
                Finding::new(&EXTERNAL_DATA_ESCAPE, message).evidence(text).located(&place(document, id)),
            );
        }
        "path" if beside_driver => {
            check_path(text, "the checkpoint's store", &place(document, id), scan);
        }
        "kvstore" | "base" | "url" => {
            if let Some(path) = text.strip_prefix("file://") {
                check_path(path, "the checkpoint's store", &place(document, id), scan);
            } else if text.starts_with("http://") || text.starts_with("https://") {
                let message = "the checkpoint's own metadata sends the reader to a web server for its chunks";
                scan.report(
                    Finding::new(&EXTERNAL_DATA_ESCAPE, message).evidence(text).located(&place(document, id)),
                );
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn array(rest: &str) -> Vec<u8> {
        format!("{{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [4], \"dtype\": \"<f4\", {rest}}}")
            .into_bytes()
    }

    #[test]
    fn shipped_codecs_are_silent() {
        let plain = array(
            "\"filters\": [{\"id\": \"delta\"}], \"compressor\": {\"id\": \"blosc\", \"cname\": \"lz4\"}",
        );
        assert_eq!(ZARR.recognise(&Input::new(".zarray", &plain)), Recognition::Certain);
        assert_eq!(rules_of(&ZARR, &plain), Vec::<&str>::new());
        let three =
            b"{\"zarr_format\": 3, \"node_type\": \"array\", \"codecs\": [{\"name\": \"sharding_indexed\", \
            \"configuration\": {\"codecs\": [{\"name\": \"bytes\"}, {\"name\": \"zstd\"}]}}]}";
        assert_eq!(rules_of(&ZARR, three), Vec::<&str>::new());
    }

    #[test]
    fn a_pickling_filter_is_high_wherever_it_stands() {
        for text in [
            array("\"filters\": [{\"id\": \"pickle\", \"protocol\": 5}], \"compressor\": null"),
            array("\"filters\": null, \"compressor\": {\"id\": \"Pickle\"}"),
            b"{\"zarr_format\": 3, \"codecs\": [{\"name\": \"sharding_indexed\", \"configuration\": {\"codecs\": \
                [{\"name\": \"numcodecs.pickle\"}]}}]}"
                .to_vec(),
            b"{\"zarr_consolidated_format\": 1, \"metadata\": {\"a/.zarray\": {\"filters\": [{\"id\": \"pickle\"}]}}}".to_vec(),
        ] {
            let found = outcome(&ZARR, &text);
            assert_eq!(found.findings[0].rule.id, "model/zarr-unsafe-codec");
            assert_eq!(found.findings[0].severity, Severity::High);
        }
    }

    #[test]
    fn a_codec_nobody_ships_is_medium() {
        let found = outcome(&ZARR, &array("\"compressor\": {\"id\": \"my_codec\"}"));
        assert_eq!(found.findings[0].severity, Severity::Medium);
        assert_eq!(found.findings[0].location.pointer.as_deref(), Some("/compressor"));
    }

    #[test]
    fn chunks_that_lie_elsewhere_are_named() {
        let spec =
            b"{\"zarr_format\": 2, \"metadata\": {\"driver\": \"zarr\", \"kvstore\": {\"driver\": \"file\", \
            \"path\": \"/etc/secrets/\"}, \"base\": \"https://203.0.113.7/w\"}}";
        let rules = rules_of(&ZARR, spec);
        assert_eq!(rules.iter().filter(|rule| **rule == "model/external-data-escape").count(), 2);
        let inside = b"{\"zarr_format\": 2, \"kvstore\": {\"driver\": \"file\", \"path\": \"params.layer\"}}";
        assert_eq!(rules_of(&ZARR, inside), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text in "[\\{\\}\\[\\]\":,a-z]{0,80}") {
            outcome(&ZARR, format!("{{\"zarr_format\":2,\"codecs\":{text}").as_bytes());
        }
    }
}
