//! The settings in force: flag, then environment, then `bartizan.toml`, then default, each with where it came from.

pub(crate) mod file;
pub(crate) mod values;

use crate::arguments::ScanOptions;
use crate::failure::Failure;
use crate::terminal::Color;
use bartizan_core::render::Format;
use bartizan_core::{Confidence, Limits, Severity};
use bartizan_model::names::ModelLists;
use clap::parser::ValueSource;
use file::ConfigurationFile;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use values::{Age, InToml, Size};

/// Everything a scan can be told.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) output: Option<PathBuf>,
    pub(crate) fail_on: Severity,
    pub(crate) min_severity: Severity,
    pub(crate) min_confidence: Confidence,
    pub(crate) rules: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) ignore_file: Option<PathBuf>,
    pub(crate) jobs: NonZeroUsize,
    pub(crate) limits: Limits,
    pub(crate) require_advisories: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) no_progress: bool,
    pub(crate) color: Color,
    /// Which models are forbidden or allowed.
    pub(crate) models: ModelLists,
    /// Every setting as text.
    pub(crate) shown: Vec<Shown>,
    /// The lists of models as text.
    pub(crate) shown_models: Vec<Shown>,
    /// The configuration file that was read.
    pub(crate) file: Option<PathBuf>,
}

/// Which files in the working directory and above it may steer a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The configuration is looked for.
    Folder,
    /// Nothing is read that was not named.
    Nothing,
}

/// One setting as `bartizan config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its name in `bartizan.toml` and, with `--` before it, on the command line.
    pub(crate) name: &'static str,
    /// Its value as TOML, `None` when it has none.
    pub(crate) value: Option<String>,
    /// Where the value comes from.
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment(String),
    File { path: PathBuf, line: u32 },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Settings {
    /// The settings for `options`, whose sources `matches` knows, in the folder `at`.
    ///
    /// # Errors
    /// [`Failure::Configuration`] when the file found upward from `at` is not as it should be.
    pub(crate) fn gather(
        options: &ScanOptions,
        matches: Option<&clap::ArgMatches>,
        at: &Path,
        trust: Trust,
    ) -> Result<Self, Failure> {
        let file = if trust == Trust::Folder { ConfigurationFile::find(at)? } else { None };
        let mut held = file.as_ref().map(|file| file.scan.clone()).unwrap_or_default();
        let given = options.clone();
        // The flag that was given rules out the other setting, wherever that one comes from.
        if given.quiet.is_some() || given.verbose.is_some() {
            (held.quiet, held.verbose) = (None, None);
        }
        let mut all = Gathering { matches, file: file.as_ref(), shown: Vec::new() };
        let limits = Limits::default();
        let size = |limit| Size::from(limit);
        Ok(Self {
            format: all.pick("format", given.format, held.format, Format::Table),
            output: all.optional("output", given.output, held.output),
            fail_on: all.pick("fail-on", given.fail_on, held.fail_on, FAIL_ON),
            min_severity: all.pick("min-severity", given.min_severity, held.min_severity, Severity::Info),
            min_confidence: all.pick(
                "min-confidence",
                given.min_confidence,
                held.min_confidence,
                Confidence::Low,
            ),
            rules: all.pick("rules", given.rules, held.rules, Vec::new()),
            exclude: all.pick("exclude", given.exclude, held.exclude, Vec::new()),
            baseline: all.optional("baseline", given.baseline, held.baseline),
            ignore_file: all.optional("ignore-file", given.ignore_file, held.ignore_file),
            jobs: all.pick("jobs", given.jobs, held.jobs, processors()),
            limits: Limits {
                file_bytes: all
                    .pick(
                        "max-file-bytes",
                        given.max_file_bytes,
                        held.max_file_bytes,
                        size(limits.file_bytes),
                    )
                    .bytes(),
                member_bytes: all
                    .pick(
                        "max-member-bytes",
                        given.max_member_bytes,
                        held.max_member_bytes,
                        size(limits.member_bytes),
                    )
                    .bytes(),
                expanded_bytes: all
                    .pick(
                        "max-expanded-bytes",
                        given.max_expanded_bytes,
                        held.max_expanded_bytes,
                        size(limits.expanded_bytes),
                    )
                    .bytes(),
                expansion_ratio: all.pick(
                    "max-expansion-ratio",
                    given.max_expansion_ratio,
                    held.max_expansion_ratio,
                    limits.expansion_ratio,
                ),
                depth: all.pick("max-depth", given.max_depth, held.max_depth, limits.depth),
                members: all.pick("max-members", given.max_members, held.max_members, limits.members),
                findings: all.pick("max-findings", given.max_findings, held.max_findings, limits.findings),
                time: all.pick("max-time", given.max_time, held.max_time, Age::from(limits.time)).duration(),
            },
            require_advisories: all.pick(
                "require-advisories",
                given.require_advisories,
                held.require_advisories,
                false,
            ),
            quiet: all.pick("quiet", given.quiet, held.quiet, false),
            verbose: all.pick("verbose", given.verbose, held.verbose, false),
            no_progress: all.pick("no-progress", given.no_progress, held.no_progress, false),
            color: all.pick("color", given.color, held.color, Color::Auto),
            models: file.as_ref().map(|file| file.lists.clone()).unwrap_or_default(),
            shown_models: file.as_ref().map(ConfigurationFile::shown_models).unwrap_or_default(),
            shown: all.shown,
            file: file.as_ref().map(|file| file.path.clone()),
        })
    }
}

impl ConfigurationFile {
    /// The lists of models that are not empty, as `config show` prints them.
    fn shown_models(&self) -> Vec<Shown> {
        [("models.deny", &self.models.deny), ("models.allow", &self.models.allow)]
            .into_iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(name, entries)| Shown {
                name,
                value: Some(entries.in_toml()),
                origin: Origin::File { path: self.path.clone(), line: self.line_of(name) },
            })
            .collect()
    }
}

/// The severity that fails when nobody says another.
pub(crate) const FAIL_ON: Severity = Severity::High;

/// How many files can be read at a time on this machine.
fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

struct Gathering<'a> {
    matches: Option<&'a clap::ArgMatches>,
    file: Option<&'a ConfigurationFile>,
    shown: Vec<Shown>,
}

impl Gathering<'_> {
    fn pick<T: InToml>(&mut self, name: &'static str, given: Option<T>, held: Option<T>, default: T) -> T {
        let origin = self.origin(name, given.is_some(), held.is_some());
        let value = given.or(held).unwrap_or(default);
        self.shown.push(Shown { name, value: Some(value.in_toml()), origin });
        value
    }

    fn optional<T: InToml>(&mut self, name: &'static str, given: Option<T>, held: Option<T>) -> Option<T> {
        let origin = self.origin(name, given.is_some(), held.is_some());
        let value = given.or(held);
        self.shown.push(Shown { name, value: value.as_ref().map(InToml::in_toml), origin });
        value
    }

    fn origin(&self, name: &str, given: bool, held: bool) -> Origin {
        let id = name.replace('-', "_");
        let source = self.matches.and_then(|matches| matches.value_source(&id));
        match (given, held, self.file) {
            (true, ..) if source == Some(ValueSource::EnvVariable) => {
                Origin::Environment(format!("BARTIZAN_{}", id.to_ascii_uppercase()))
            }
            (true, ..) => Origin::Flag,
            (false, true, Some(file)) => Origin::File { path: file.path.clone(), line: file.line_of(name) },
            _ => Origin::Default,
        }
    }
}
