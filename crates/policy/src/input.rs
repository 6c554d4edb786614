//! The one document that policies read, as `input`: [`GateInput`].
//!
//! What stands in `statements` has been checked: the envelope's signature by a trusted key, its place in the log by a proof, its shape
//! by its type. Whatever failed one of these is in `rejected`, without what it says, so that a policy that looks at `statements` alone
//! already fails closed. The JSON Schema of this document is generated from these types.

use crate::waiver::{RejectedWaiver, Waiver};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

/// Name and version of the document's form.
pub const INPUT_SCHEMA: &str = "bartizan.gate-input/1";
/// Name of the environment when none is said.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// Everything a policy may base a decision on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateInput {
    /// `bartizan.gate-input/1`.
    pub schema: String,
    /// When the decision is made, RFC 3339 in UTC.
    pub time: String,
    /// The same in seconds since 1970.
    pub now: i64,
    /// Where the artifact is to go.
    pub environment: Environment,
    /// What is decided about, read and digested just now.
    pub artifact: Artifact,
    /// Statements that stand, in the order of the log.
    pub statements: Vec<Evidence>,
    /// Statements about the artifact that do not stand, and why.
    pub rejected: Vec<Rejected>,
    /// The signature over the model's files.
    pub signature: ModelSignature,
    /// What the artifact came of, as far as statements that stand say.
    pub lineage: Upstream,
    /// The transparency log.
    pub log: LogState,
    /// Ids of the keys that are trusted.
    pub trusted_keys: Vec<String>,
    /// Waivers about the artifact that are in force here.
    pub waivers: Vec<Waiver>,
    /// Waivers that do not count, and why.
    pub rejected_waivers: Vec<RejectedWaiver>,
}

/// Where the artifact is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Its name, `default` when none was said.
    pub name: String,
    /// What was set for this decision (`--set KEY=VALUE`), as texts.
    pub set: BTreeMap<String, String>,
}

impl Default for Environment {
    fn default() -> Self {
        Self { name: DEFAULT_ENVIRONMENT.to_owned(), set: BTreeMap::new() }
    }
}

/// What is decided about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// As the user named it.
    pub path: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Digest of the whole: `sha256:…` of a file, `dirHash:…` (in-toto, Go's `h1`, in hexadecimal digits) of a folder, and of an index
    /// with its parts.
    pub digest: String,
    /// Bytes in all files.
    pub bytes: u64,
    /// Its files, in order of name; a digest alone is one file without a size.
    pub files: Vec<ArtifactFile>,
    /// Entries of the folder that no digest can name (pipes, broken links, links to folders), and parts that the index of a sharded
    /// model names and that are not there, by name.
    pub unread: Vec<String>,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// One file.
    #[default]
    File,
    /// A folder with everything below it.
    Folder,
    /// The index of a sharded model (`model.safetensors.index.json`) and the parts that it names.
    Index,
    /// A digest; its bytes were not here to be read.
    Digest,
}

/// One file of an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactFile {
    /// Its path below the folder, `/` between parts; the file's own name for a single file and for an index.
    pub name: String,
    /// `sha256:…`, computed just now.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Other names that the artifact has for this very file, by links: a scan reads it once, under one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Ids of the statements that stand and are about this file, in the order of the log.
    pub statements: Vec<String>,
    /// Of each kind of statement, the id of the last in the log. A scan is only among them when it calls the file by its name: which
    /// readers look at a file depends on what it is called and where it lies.
    pub latest: BTreeMap<String, String>,
}

/// A statement that stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Digest of its envelope.
    pub id: String,
    /// Digest of what was signed.
    pub payload: String,
    /// Its predicate type.
    pub predicate_type: String,
    /// What it is, in one word: `scan`, `test`, `data`, `drift`, `reproduction`, `provenance`, `lineage`, `signature`, `vulns`, `bom`,
    /// `vsa`, `review`, `attributes` or `other`.
    pub kind: String,
    /// Whether it is about the artifact itself or about something the artifact came of.
    pub about: About,
    /// Those of its subjects that are files of the artifact or upstream of it.
    pub subjects: Vec<EvidenceSubject>,
    /// Whether it is about every file of the artifact.
    pub complete: bool,
    /// Ids of the trusted keys that signed it.
    pub signers: Vec<String>,
    /// Where it stands in the log, proven just now.
    pub log: LogPlace,
    /// When it was made, as it says itself; none when it does not say.
    pub stated_on: Option<String>,
    /// Seconds since then.
    pub age_s: Option<i64>,
    /// `PASSED`, `WARNED` or `FAILED`, where its type says one.
    pub result: Option<String>,
    /// Single tests that did not pass and are about the artifact, or about nothing that has a digest.
    pub tests: Vec<TestFact>,
    /// What it says.
    pub predicate: Said,
}

/// What a statement says. Documents are copied, and this is most of them: it is shared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said(Arc<Value>);

impl From<Value> for Said {
    fn from(value: Value) -> Self {
        Self(Arc::new(value))
    }
}

impl From<Arc<Value>> for Said {
    fn from(value: Arc<Value>) -> Self {
        Self(value)
    }
}

impl Deref for Said {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Serialize for Said {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Value::deserialize(deserializer)?.into())
    }
}

impl JsonSchema for Said {
    fn inline_schema() -> bool {
        Value::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Value::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Value::json_schema(generator)
    }
}

/// Whom a statement is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// The artifact.
    #[default]
    Artifact,
    /// Something it came of: a dataset, a base model, code.
    Upstream,
}

/// A subject of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceSubject {
    /// What the statement calls it.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// The artifact's file with that digest; none for what is upstream.
    pub file: Option<String>,
}

/// A test that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestFact {
    /// `failed` or `warned`.
    pub outcome: String,
    /// The rule or test.
    pub rule: String,
    /// The artifact's file; none when the test names something without a digest.
    pub file: Option<String>,
    /// As the statement names it.
    pub text: String,
    /// Whether no later scan of the same bytes under the same name takes its place.
    #[serde(default = "yes")]
    pub current: bool,
}

impl Default for TestFact {
    fn default() -> Self {
        let (outcome, rule, text) = (String::new(), String::new(), String::new());
        Self { outcome, rule, file: None, text, current: true }
    }
}

impl TestFact {
    /// The place that it is about, as the statement names it; empty when it names none.
    pub fn place(&self) -> &str {
        self.text.split_once(": ").map_or("", |(_, place)| place)
    }
}

/// What holds unless something says otherwise.
fn yes() -> bool {
    true
}

/// A place in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogPlace {
    /// Name of the log.
    pub origin: String,
    /// From 0.
    pub index: u64,
    /// Entries in the tree that the proof leads to.
    pub size: u64,
    /// Root of that tree, in hexadecimal digits.
    pub root: String,
}

/// A statement that does not stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Digest of its envelope.
    pub id: String,
    /// Its predicate type, as it says.
    pub predicate_type: String,
    /// What it would be.
    pub kind: String,
    /// `unknown-key`, `unconfirmed-key`, `unlogged`, `unproven`, `unreadable`, `malformed`, `future`, `stale` or
    /// `repeated`.
    pub reason: String,
    /// The same for people.
    pub message: String,
}

/// The signature over the files of a model (OpenSSF Model Signing).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSignature {
    /// Whether there is one, and whether it holds.
    pub state: SignatureState,
    /// Its file.
    pub path: Option<String>,
    /// Ids of the keys that signed.
    pub signers: Vec<String>,
    /// Why it is refused.
    pub reasons: Vec<String>,
    /// Files that it does not mention.
    pub unsigned: Vec<String>,
    /// Whether what was signed is in the log as well.
    pub logged: bool,
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureState {
    /// There is none.
    #[default]
    Absent,
    /// By a trusted key, and every file is as it was signed.
    Valid,
    /// There is one that does not hold.
    Refused,
}

/// What the artifact came of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upstream {
    /// Nodes by name; the artifact's own files are not among them.
    pub nodes: Vec<UpstreamNode>,
    /// Whether every way up was followed to its end.
    pub complete: bool,
    /// Cycles and contradictions that statements of trusted keys claim.
    pub contradictions: Vec<String>,
}

/// Something the artifact came of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpstreamNode {
    /// Its name in the graph; a digest where it has one.
    pub id: String,
    /// What it is: `dataset`, `run`, `source`, `model`, …
    pub kind: String,
    /// What it is called, or nothing.
    pub name: String,
    /// Steps from the artifact.
    pub depth: u32,
    /// Whether every edge on some way to it is proven.
    pub proven: bool,
    /// Ids of the statements that stand and are about it.
    pub statements: Vec<String>,
}

/// The transparency log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogState {
    /// Whether there is one whose checkpoint is signed by its key, and whose key is believed here.
    pub believed: bool,
    /// Its name.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of the tree, in hexadecimal digits.
    pub root: String,
    /// Entries whose envelopes could not be read: what they say is unknown.
    pub gaps: Vec<LogGap>,
}

/// An entry that nobody can read here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogGap {
    /// Its place in the log, from 0.
    pub entry: u64,
    /// Why.
    pub reason: String,
}

impl GateInput {
    /// The JSON Schema of the document.
    pub fn schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The file of the artifact with that name.
    pub fn file(&self, name: &str) -> Option<&ArtifactFile> {
        self.artifact.files.iter().find(|file| file.name == name)
    }

    /// Fills in what follows from the rest: which statement is about which file, which of each kind is the last, and which tests
    /// still count.
    pub fn link(&mut self) {
        let mut by_digest: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
        for statement in &self.statements {
            for subject in &statement.subjects {
                let about = by_digest.entry(subject.digest.clone()).or_default();
                about.push((statement.id.clone(), statement.kind.clone(), subject.name.clone()));
            }
        }
        // A digest has no name: a scan of it under any name is one of it.
        let unnamed = self.artifact.kind == ArtifactKind::Digest;
        for file in &mut self.artifact.files {
            file.statements.clear();
            file.latest.clear();
            for (id, kind, name) in by_digest.get(file.digest.as_str()).into_iter().flatten() {
                if file.statements.last() != Some(id) {
                    file.statements.push(id.clone());
                }
                let named = || file.aliases.iter().chain([&file.name]).any(|known| is_called(name, known));
                if kind != SCAN || unnamed || named() {
                    file.latest.insert(kind.clone(), id.clone());
                }
            }
        }
        self.supersede();
        let files = &self.artifact.files;
        for statement in &mut self.statements {
            let about: BTreeSet<&str> = statement.subjects.iter().map(|each| each.digest.as_str()).collect();
            statement.complete = !files.is_empty()
                && statement.about == About::Artifact
                && files.iter().all(|file| about.contains(file.digest.as_str()));
        }
        for node in &mut self.lineage.nodes {
            let about = by_digest.get(node.id.as_str()).into_iter().flatten();
            node.statements = about.map(|(id, ..)| id.clone()).collect();
            node.statements.dedup();
        }
    }

    /// Says of each test of a scan whether a later scan takes its place: one of the same bytes under a name that is the same to its end.
    /// One under another name is read by other readers, and takes nothing back; nor does one that lacks a file of the artifact that the
    /// earlier one read, as what is found in a file may come of its neighbours.
    fn supersede(&mut self) {
        let mut last: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        let scans = || self.statements.iter().enumerate().filter(|(_, statement)| statement.kind == SCAN);
        for (place, statement) in scans() {
            for subject in &statement.subjects {
                last.entry(&subject.digest).or_default().insert(&subject.name, place);
            }
        }
        let covered: BTreeMap<usize, BTreeSet<&str>> = scans()
            .map(|(place, scan)| (place, scan.subjects.iter().map(|each| each.digest.as_str()).collect()))
            .collect();
        let current_of = |(place, scan): (usize, &Evidence)| -> Vec<bool> {
            let digests: BTreeMap<&str, &str> =
                scan.subjects.iter().map(|each| (each.name.as_str(), each.digest.as_str())).collect();
            let own = scan.subjects.iter().filter(|each| each.file.is_some());
            let own: BTreeSet<&str> = own.map(|each| each.digest.as_str()).collect();
            let covers = |later: usize| covered.get(&later).is_some_and(|all| own.is_subset(all));
            let is_current = |test: &TestFact| {
                let before = test.place();
                let scanned = digests.get(before).and_then(|digest| last.get(digest));
                !scanned
                    .into_iter()
                    .flatten()
                    .any(|(name, later)| *later > place && is_called(name, before) && covers(*later))
            };
            scan.tests.iter().map(is_current).collect()
        };
        let current: Vec<Vec<bool>> = scans().map(current_of).collect();
        let scans = self.statements.iter_mut().filter(|statement| statement.kind == SCAN);
        for (scan, current) in scans.zip(current) {
            for (test, current) in scan.tests.iter_mut().zip(current) {
                test.current = current;
            }
        }
    }
}

/// The kind of statements that say what a scan found.
pub const SCAN: &str = "scan";

/// Whether what a statement calls `name` is the file `file`: by its whole path, or one that ends with it.
pub fn is_called(name: &str, file: &str) -> bool {
    let (name, file) = (name.trim_start_matches("./"), file.trim_start_matches("./"));
    name.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(id: &str, kind: &str, digests: &[&str]) -> Evidence {
        let subjects = digests.iter().map(|digest| EvidenceSubject {
            name: digest.trim_start_matches("sha256:").to_owned(),
            digest: (*digest).to_owned(),
            file: None,
        });
        Evidence {
            id: id.to_owned(),
            kind: kind.to_owned(),
            subjects: subjects.collect(),
            ..Evidence::default()
        }
    }

    #[test]
    fn the_last_statement_of_a_kind_is_the_one_that_counts_and_only_whole_ones_are_complete() {
        let file = |name: &str| ArtifactFile {
            name: name.to_owned(),
            digest: format!("sha256:{name}"),
            ..ArtifactFile::default()
        };
        let mut input = GateInput {
            artifact: Artifact { files: vec![file("a"), file("b")], ..Artifact::default() },
            statements: vec![
                statement("1", "scan", &["sha256:a", "sha256:b"]),
                statement("2", "scan", &["sha256:b"]),
                statement("3", "review", &["sha256:c"]),
            ],
            ..GateInput::default()
        };
        input.link();
        assert_eq!(input.artifact.files[0].latest["scan"], "1");
        assert_eq!(input.artifact.files[1].latest["scan"], "2");
        assert_eq!(input.artifact.files[1].statements, ["1", "2"]);
        assert_eq!(
            input.statements.iter().map(|each| each.complete).collect::<Vec<_>>(),
            [true, false, false]
        );
    }

    #[test]
    fn a_scan_of_the_same_bytes_under_another_name_is_none_of_the_file_and_takes_nothing_back() {
        let scan = |id: &str, name: &str, tests: &[&str]| Evidence {
            id: id.to_owned(),
            kind: SCAN.to_owned(),
            subjects: vec![EvidenceSubject {
                name: name.to_owned(),
                digest: "sha256:w".to_owned(),
                file: None,
            }],
            tests: tests
                .iter()
                .map(|text| TestFact { text: (*text).to_owned(), ..TestFact::default() })
                .collect(),
            ..Evidence::default()
        };
        let linked = |kind: ArtifactKind, later: &str| {
            let file = ArtifactFile {
                name: ".github/workflows/w.yml".to_owned(),
                digest: "sha256:w".to_owned(),
                ..ArtifactFile::default()
            };
            let mut input = GateInput {
                artifact: Artifact { kind, files: vec![file], ..Artifact::default() },
                statements: vec![
                    scan("1", "m/.github/workflows/w.yml", &["a/b: m/.github/workflows/w.yml"]),
                    scan("2", later, &[]),
                ],
                ..GateInput::default()
            };
            input.link();
            (input.artifact.files[0].latest["scan"].clone(), input.statements[0].tests[0].current)
        };
        let folder = ArtifactKind::Folder;
        assert_eq!(linked(folder, "x/w.txt"), ("1".to_owned(), true));
        assert_eq!(linked(folder, "w.yml"), ("1".to_owned(), true));
        assert_eq!(linked(folder, ".github/workflows/w.yml"), ("2".to_owned(), true));
        for same in
            ["m/.github/workflows/w.yml", "./m/.github/workflows/w.yml", "/x/m/.github/workflows/w.yml"]
        {
            assert_eq!(linked(folder, same), ("2".to_owned(), false), "{same}");
        }
        // A link and what it leads to are one file, which is scanned under one of its names.
        let linked_file = |aliases: &[&str]| {
            let file = ArtifactFile {
                name: "snapshots/r/model.bin".to_owned(),
                digest: "sha256:w".to_owned(),
                aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
                ..ArtifactFile::default()
            };
            let mut input = GateInput {
                artifact: Artifact { kind: folder, files: vec![file], ..Artifact::default() },
                statements: vec![scan("1", "m/blobs/00", &[])],
                ..GateInput::default()
            };
            input.link();
            input.artifact.files[0].latest.contains_key(SCAN)
        };
        assert_eq!((linked_file(&["blobs/00"]), linked_file(&[])), (true, false));
        // A digest is whatever it was called.
        assert_eq!(linked(ArtifactKind::Digest, "x/w.txt"), ("2".to_owned(), true));
    }

    #[test]
    fn the_document_fits_its_own_schema() {
        let schema = jsonschema::validator_for(&GateInput::schema()).unwrap();
        let document = serde_json::to_value(GateInput::default()).unwrap();
        assert!(schema.is_valid(&document), "{document}");
        assert!(!schema.is_valid(&serde_json::json!({"schema": 1})));
    }
}
