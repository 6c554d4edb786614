//! `bartizan.toml`: found upward from the working directory, read strictly, every complaint with its line.

use crate::arguments::ScanOptions;
use crate::failure::{Failure, nearest};
use bartizan_core::suppress::line_and_column;
#[cfg(feature = "gateway")]
use bartizan_guard::settings::GuardOptions;
use bartizan_model::names::ModelLists;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// A configuration file that was found and understood.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its `[scan]` table, with paths made relative to the file's folder.
    pub(crate) scan: ScanOptions,
    /// Its `[models]` table as written.
    pub(crate) models: ModelOptions,
    /// Its `[models]` table, read.
    pub(crate) lists: ModelLists,
    /// Its `[guard]` table.
    #[cfg(feature = "gateway")]
    pub(crate) guard: GuardOptions,
    /// Lines of the keys of `[scan]`, and of those of `[models]` as `models.key`.
    lines: BTreeMap<String, u32>,
}

/// The `[guard]` table of a program without the gateway: passed over, for the program that has it.
#[cfg(not(feature = "gateway"))]
type GuardOptions = Value;

/// The whole of `bartizan.toml`.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "bartizan.toml")]
struct Configuration {
    /// Settings of `bartizan scan`; each is also a flag of the same name.
    scan: ScanOptions,
    /// Which models this project forbids or is limited to.
    models: ModelOptions,
    /// The gateway, `bartizan guard`.
    guard: GuardOptions,
}

/// Models by SHA-256 digest (`sha256:9f86d0…`) or by name, in which `*` stands for any run of characters and `?` for one. A
/// name is compared with the path of the file, with each `folder/file` in it, with `owner/model` of a hub's cache, and
/// with the names that the model declares.
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ModelOptions {
    /// Models that must not be there: each is a finding, `model/denied`.
    pub(crate) deny: Vec<String>,
    /// Models that may be there; when the list is not empty, any other one is a finding, `model/not-allowed`.
    pub(crate) allow: Vec<String>,
}

/// The JSON Schema of `bartizan.toml`.
pub(crate) fn schema() -> Value {
    schemars::schema_for!(Configuration).to_value()
}

impl ConfigurationFile {
    /// The name looked for.
    pub(crate) const NAME: &'static str = "bartizan.toml";

    /// The nearest file in `folder` or above it.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read or understood.
    pub(crate) fn find(folder: &Path) -> Result<Option<Self>, Failure> {
        for above in folder.ancestors() {
            let path = above.join(Self::NAME);
            // A pipe of that name would be waited for without end.
            if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
                continue;
            }
            match fs::read_to_string(&path) {
                Ok(text) => {
                    // Shown short where it can be.
                    let shown = path.strip_prefix(folder).map_or_else(|_| path.clone(), Path::to_owned);
                    return Self::parse(&shown, &text).map(Some);
                }
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => return Err(Failure::Read { what: "configuration", path, error }),
            }
        }
        Ok(None)
    }

    /// Reads `text`, the content of the file at `path`.
    ///
    /// # Errors
    /// [`Failure::Configuration`] with line, column and, for a key nobody knows, the nearest known one.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let complain = |at: usize, reason: String, help: Option<String>| {
            let (line, column) = line_and_column(text, at);
            Failure::Configuration { path: path.to_owned(), line, column, reason, help }
        };
        let of_toml = |error: &toml::de::Error| {
            let at = error.span().unwrap_or(Range { start: 0, end: 0 }).start;
            complain(
                at,
                error.message().to_owned(),
                Some("`bartizan config schema` describes every key".to_owned()),
            )
        };
        let schema = schema();
        let spanned = DeTable::parse(text).map_err(|error| of_toml(&error))?;
        if let Some(unknown) = unknown_key(spanned.get_ref(), &schema, &schema, "") {
            let help = match unknown.nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("known here: {}", unknown.known.join(", ")),
            };
            return Err(complain(unknown.at, format!("unknown key `{}`", unknown.key), Some(help)));
        }
        let mut values: Configuration = toml::from_str(text).map_err(|error| of_toml(&error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let scan = &mut values.scan;
        // A file that came with a downloaded folder must not write elsewhere.
        if let Some(output) = &scan.output
            && !output.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            let at = spanned.get_ref().get("scan").map_or(0, |scan| scan.span().start);
            let help = "give it as --output, or name a file below the folder of bartizan.toml".to_owned();
            return Err(complain(
                at,
                format!("`output` leads to {}, outside this folder", output.display()),
                Some(help),
            ));
        }
        for relative in [&mut scan.output, &mut scan.baseline, &mut scan.ignore_file].into_iter().flatten() {
            *relative = folder.join(&*relative);
        }
        let mut lines = BTreeMap::new();
        for (name, prefix) in [("scan", ""), ("models", "models.")] {
            if let Some(DeValue::Table(table)) = spanned.get_ref().get(name).map(toml::Spanned::get_ref) {
                for key in table.keys() {
                    let line = line_and_column(text, key.span().start).0;
                    lines.insert(format!("{prefix}{}", key.get_ref()), line);
                }
            }
        }
        let models = values.models;
        let lists = ModelLists::new(&models.deny, &models.allow).map_err(|error| {
            let at = spanned.get_ref().get("models").map_or(0, |models| models.span().start);
            complain(at, error.to_string(), None)
        })?;
        Ok(Self {
            path: path.to_owned(),
            scan: values.scan,
            models,
            lists,
            #[cfg(feature = "gateway")]
            guard: values.guard,
            lines,
        })
    }

    /// The line of `key` in `[scan]`, or of `models.key` in `[models]`.
    pub(crate) fn line_of(&self, key: &str) -> u32 {
        self.lines.get(key).copied().unwrap_or(1)
    }
}

struct UnknownKey {
    key: String,
    at: usize,
    nearest: Option<String>,
    known: Vec<String>,
}

/// The first key of `table` that `schema` does not know, looking into the tables it does know.
///
/// Recursion ends with the schema, whose tables are ours and nest once.
fn unknown_key(table: &DeTable<'_>, schema: &Value, root: &Value, outer: &str) -> Option<UnknownKey> {
    let properties = resolved(schema, root).get("properties").and_then(Value::as_object)?;
    for (key, value) in table {
        let name: &str = key.get_ref();
        let Some(inner) = properties.get(name) else {
            let known: Vec<String> = properties.keys().cloned().collect();
            let nearest = nearest(&name.replace('_', "-"), known.iter().map(String::as_str));
            let spelled = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
            return Some(UnknownKey { key: spelled, at: key.span().start, nearest, known });
        };
        if let DeValue::Table(nested) = value.get_ref()
            && let Some(found) = unknown_key(nested, inner, root, name)
        {
            return Some(found);
        }
    }
    None
}

/// What a `$ref` in `schema` leads to, or `schema` itself.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::Severity;

    fn parse(text: &str) -> Result<ConfigurationFile, Failure> {
        ConfigurationFile::parse(Path::new("sub/bartizan.toml"), text)
    }

    #[test]
    fn settings_are_read_with_their_lines_and_paths_lie_beside_the_file() {
        let file =
            parse("[scan]\n# why\nfail-on = \"medium\"\nbaseline = \"b.json\"\nmax-file-bytes = \"2MiB\"\n")
                .unwrap();
        assert_eq!(file.scan.fail_on, Some(Severity::Medium));
        assert_eq!(file.scan.baseline.as_deref(), Some(Path::new("sub/b.json")));
        assert_eq!(file.scan.max_file_bytes, Some((2 << 20).into()));
        assert_eq!((file.line_of("fail-on"), file.line_of("baseline")), (3, 4));
    }

    #[test]
    fn a_report_is_not_written_outside_the_folder_of_the_file() {
        assert!(parse("[scan]\noutput = \"reports/scan.txt\"\n").is_ok());
        for path in ["/etc/motd", "../notes.txt", "a/../../b"] {
            let error = parse(&format!("[scan]\noutput = \"{path}\"\n")).unwrap_err().to_string();
            assert!(error.contains("outside this folder"), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one() {
        let error = parse("[scan]\nfail_onn = \"high\"\n").unwrap_err();
        assert_eq!(error.to_string(), "sub/bartizan.toml:2:1: unknown key `scan.fail_onn`");
        assert_eq!(error.help().as_deref(), Some("did you mean `fail-on`?"));
        let error = parse("[scam]\n").unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `scan`?"));
    }

    #[test]
    fn lists_of_models_are_read_and_an_unknown_list_is_refused() {
        let file = parse("[models]\ndeny = [\"evil/*\"]\n").unwrap();
        assert!(!file.lists.is_empty());
        assert_eq!(
            (file.models.deny.as_slice(), file.line_of("models.deny")),
            (&["evil/*".to_owned()][..], 2)
        );
        let error = parse("[models]\ndenny = []\n").unwrap_err();
        assert_eq!(error.to_string(), "sub/bartizan.toml:2:1: unknown key `models.denny`");
        assert_eq!(error.help().as_deref(), Some("did you mean `deny`?"));
        let error = parse("[models]\nallow = [\"sha256:12\"]\n").unwrap_err().to_string();
        assert!(error.contains("`sha256:12` is no SHA-256 digest"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_place() {
        let error = parse("[scan]\nfail-on = \"hihg\"\n").unwrap_err().to_string();
        assert!(error.starts_with("sub/bartizan.toml:2:11: unknown variant `hihg`"), "{error}");
        let error = parse("[scan]\nmax-time = \"soon\"\n").unwrap_err().to_string();
        assert!(error.contains(":2:12: a time is a number"), "{error}");
        assert!(parse("[scan\n").unwrap_err().to_string().starts_with("sub/bartizan.toml:1:"));
    }
}
