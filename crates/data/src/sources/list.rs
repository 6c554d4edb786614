//! `sources.toml`: the datasets that may be used, schema `bartizan.sources/1`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Name and version of the file's form.
pub const SOURCES_SCHEMA: &str = "bartizan.sources/1";
/// Longest list, in bytes: a million pinned files.
pub const MOST_BYTES: u64 = 256 << 20;
/// Schemes whose connections are encrypted and authenticated.
const ENCRYPTED: [&str; 7] = ["https", "s3", "gs", "az", "abfss", "sftp", "hf"];

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// Not TOML, or not of this form; the message shows line and column.
    #[error("is no list of sources: {0}")]
    Toml(#[from] Box<toml::de::Error>),
    /// Of another schema.
    #[error("has the schema `{0}`, where `{SOURCES_SCHEMA}` is expected")]
    Schema(String),
    /// A dataset contradicts itself.
    #[error("dataset `{name}`: {reason}")]
    Dataset {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// The list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sources {
    /// [`SOURCES_SCHEMA`].
    pub schema: String,
    /// Licences that may be used; any when left out.
    #[serde(default)]
    pub licences: Option<Vec<String>>,
    /// The datasets.
    #[serde(default, rename = "dataset")]
    pub datasets: Vec<Dataset>,
}

/// One dataset that may be used.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// The file or folder, relative to the list.
    pub path: String,
    /// Where it may come from: an address that begins the address of every file.
    pub from: String,
    /// Whether `from` has to be fetched over an encrypted connection.
    #[serde(default = "yes")]
    pub tls: bool,
    /// Its licence, as an SPDX expression.
    #[serde(default)]
    pub licence: Option<String>,
    /// The public key (PEM) whose signature it carries, relative to the list.
    #[serde(default)]
    pub signer: Option<String>,
    /// The signature (`bartizan sign`), relative to the list; `PATH.sig` when left out.
    #[serde(default)]
    pub signature: Option<String>,
    /// A Croissant description whose digests count, relative to the list.
    #[serde(default)]
    pub croissant: Option<String>,
    /// Digests by file, relative to `path`; of a single file, its name.
    #[serde(default)]
    pub shards: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl Sources {
    /// Reads a list.
    ///
    /// # Errors
    /// [`SourcesError`].
    pub fn from_toml(text: &str) -> Result<Self, SourcesError> {
        let sources: Self = toml::from_str(text).map_err(Box::new)?;
        if sources.schema != SOURCES_SCHEMA {
            return Err(SourcesError::Schema(sources.schema));
        }
        let mut names = std::collections::BTreeSet::new();
        for dataset in &sources.datasets {
            let wrong = |reason: String| SourcesError::Dataset { name: dataset.name.clone(), reason };
            if !names.insert(&dataset.name) {
                return Err(wrong("the name occurs twice".to_owned()));
            }
            let outside = |path: &String| {
                std::path::Path::new(path).is_absolute() || path.split(['/', '\\']).any(|part| part == "..")
            };
            if let Some(path) = dataset.shards.keys().find(|path| outside(path)) {
                return Err(wrong(format!("the file `{path}` lies outside of `path`")));
            }
            if let Some((path, digest)) = dataset.shards.iter().find(|(_, digest)| hex_of(digest).is_none()) {
                return Err(wrong(format!(
                    "`{digest}` of `{path}` is no digest; write sha256: and 64 hexadecimal digits"
                )));
            }
        }
        Ok(sources)
    }
}

/// The digits of `sha256:…`.
pub(super) fn hex_of(digest: &str) -> Option<&str> {
    let digits = digest.strip_prefix("sha256:")?;
    (digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

impl Dataset {
    /// The scheme of `from`, in lower case; none for a path.
    fn scheme(&self) -> Option<String> {
        self.from.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase())
    }

    /// Why `from` may not be used, if so.
    pub(super) fn origin_problem(&self) -> Option<String> {
        let scheme = self.scheme()?;
        (self.tls && !ENCRYPTED.contains(&scheme.as_str()))
            .then(|| format!("`{}` is fetched over {scheme}, which does not tell who answers", self.from))
    }

    /// Whether `address` lies at or below `from`.
    pub(super) fn covers(&self, address: &str) -> bool {
        // What is written in an address may be undone by whoever fetches it.
        let winding = address.split(['/', '\\']).any(|part| {
            let part = part.to_ascii_lowercase().replace("%2e", ".");
            part == ".." || part.contains("%2f") || part.contains("%5c")
        });
        let Some(rest) = address.strip_prefix(self.from.as_str()) else { return false };
        !winding && (rest.is_empty() || self.from.ends_with('/') || rest.starts_with(['/', '?']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(dataset: &str) -> Result<Sources, SourcesError> {
        Sources::from_toml(&format!(
            "schema = \"bartizan.sources/1\"\n[[dataset]]\nname = \"d\"\npath = \"data\"\n{dataset}"
        ))
    }

    #[test]
    fn an_address_is_covered_only_at_a_boundary() {
        let sources = list("from = \"https://a.example/data\"").unwrap();
        let covers = |address: &str| sources.datasets[0].covers(address);
        assert!(covers("https://a.example/data") && covers("https://a.example/data/x.csv"));
        assert!(!covers("https://a.example/database/x.csv") && !covers("https://a.example.evil/data"));
        assert!(
            !covers("https://a.example/data/../secret") && !covers("https://a.example/data/%2E%2e/secret")
        );
    }

    #[test]
    fn plain_http_is_refused_unless_said_otherwise() {
        let problem = |text: &str| list(text).unwrap().datasets[0].origin_problem();
        assert!(problem("from = \"http://a.example/\"").is_some());
        assert!(problem("from = \"ftp://a.example/\"").is_some());
        assert!(problem("from = \"http://a.example/\"\ntls = false").is_none());
        assert!(problem("from = \"HTTPS://a.example/\"").is_none());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("from = \"x\"\nlicense = \"MIT\"", "license"),
            ("from = \"x\"\n[dataset.shards]\n\"../a\" = \"sha256:00\"", "outside"),
            ("from = \"x\"\n[dataset.shards]\n\"a\" = \"md5:00\"", "no digest"),
        ] {
            let error = list(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in ".{0,200}") {
            let _ = Sources::from_toml(&text);
            let _ = list(&text);
        }
    }
}
