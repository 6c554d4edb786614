//! A run as a statement: SLSA provenance v1 with the build type [`BUILD_TYPE`].
//!
//! Source: SLSA, *Build: Provenance* v1; in-toto resource descriptor v1. What the build type means is documented in the book
//! (reference, "Run provenance").

use super::child::Ending;
use super::environment::Environment;
use super::observe::{Access, Watching};
use crate::statement::{ResourceDescriptor, Statement};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use crate::predicate::PROVENANCE_V1;
/// How `bartizan run` executes a command.
pub const BUILD_TYPE: &str = "urn:bartizan:build-type:run:v1";
/// Who records: the program on the machine of whoever ran it. It claims SLSA Build level 1.
pub const BUILDER: &str = "urn:bartizan:builder:run:v1";

/// SLSA provenance of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunProvenance {
    /// What was run.
    pub build_definition: BuildDefinition,
    /// How it went.
    pub run_details: RunDetails,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What whoever ran it chose.
    pub external_parameters: ExternalParameters,
    /// What this program found.
    #[serde(default)]
    pub internal_parameters: InternalParameters,
    /// Everything read, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// What whoever ran it chose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalParameters {
    /// Program and arguments, secrets replaced.
    pub command: Vec<String>,
    /// Folder the command started in, relative to the project's root.
    pub directory: String,
    /// Declared data.
    pub data: Vec<String>,
    /// Declared code.
    pub code: Vec<String>,
    /// Declared outputs.
    pub outputs: Vec<String>,
}

/// What this program found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InternalParameters {
    /// The project's root folder.
    pub root: PathBuf,
    /// The program's file.
    pub program: PathBuf,
    /// The surroundings.
    pub environment: Environment,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// Who recorded.
    pub builder: Builder,
    /// When, under which name, and what was seen.
    pub metadata: Metadata,
    /// Files written that are no outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub byproducts: Vec<ResourceDescriptor>,
}

/// Who recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// [`BUILDER`].
    pub id: String,
    /// Version by component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// When, under which name, and what was seen. The last two are extensions of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Name of the run.
    pub invocation_id: String,
    /// When the command started, RFC 3339.
    pub started_on: String,
    /// When it had ended, RFC 3339.
    pub finished_on: String,
    /// How the command ended.
    #[serde(rename = "bartizan_ending")]
    pub ending: Ending,
    /// What was seen of it.
    #[serde(rename = "bartizan_observation")]
    pub observation: Observed,
}

/// What was seen of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// How files were observed.
    pub watching: Watching,
    /// Whether nothing was missed, within what the method can see.
    pub complete: bool,
    /// What was missed, or could not be read or digested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// The files touched, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ObservedFile>,
}

/// One file that the command touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedFile {
    /// Its name.
    pub name: String,
    /// Whether it was declared for what was done with it.
    pub mark: Mark,
    /// What was done.
    #[serde(flatten)]
    pub access: Access,
}

/// Whether a file was declared and whether it was seen to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Declared, and not seen to be used.
    Declared,
    /// Declared and seen to be used.
    Observed,
    /// Used, and not declared.
    Undeclared,
}

impl Mark {
    /// As annotations carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::Undeclared => "undeclared",
        }
    }
}

/// A statement of a run.
pub type RunStatement = Statement<RunProvenance>;

/// Key of the annotation that says what a resource is for: [`Role`].
pub const ROLE: &str = "role";
/// Key of the annotation that holds a [`Mark`].
pub const MARK: &str = "mark";
/// Key of the annotation that holds a size in bytes.
pub const SIZE: &str = "size";
/// Key of the annotation that says that a digest was taken after the run only.
pub const DIGESTED_AFTER: &str = "digestedAfterRun";
/// Key of the annotation that says that a file changed while the command ran.
pub const CHANGED: &str = "changedDuringRun";
/// Key of the annotation that holds where a symbolic link points.
pub const LINK: &str = "link";

/// What a resource is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Data that is read.
    Data,
    /// Code that is executed.
    Code,
    /// Something read that nobody declared.
    Input,
    /// What pins the packages.
    Lock,
    /// The command's program.
    Program,
    /// The interpreter.
    Interpreter,
    /// An installed package.
    Package,
    /// The commit checked out.
    Source,
    /// The container's image.
    Image,
    /// A result.
    Output,
    /// The run itself, where it has no results.
    Run,
}

impl Role {
    /// As annotations carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Code => "code",
            Self::Input => "input",
            Self::Lock => "lock",
            Self::Program => "program",
            Self::Interpreter => "interpreter",
            Self::Package => "package",
            Self::Source => "source",
            Self::Image => "image",
            Self::Output => "output",
            Self::Run => "run",
        }
    }
}

/// The role and other annotations of a resource as text.
pub fn annotation<'a>(resource: &'a ResourceDescriptor, key: &str) -> Option<&'a str> {
    resource.annotations.get(key).and_then(serde_json::Value::as_str)
}

/// Whether a resource is a file whose content its digest names, of the project or beside it.
pub fn is_file(resource: &ResourceDescriptor) -> bool {
    let role = annotation(resource, ROLE);
    let files = [Role::Data, Role::Code, Role::Input, Role::Lock, Role::Output];
    resource.digest.get(crate::digest::SHA256).is_some()
        && files.iter().any(|each| role == Some(each.as_str()))
}
