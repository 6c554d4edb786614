//! Everything that ends the program with exit code 2: what failed, where, why, and what to do next.

use bartizan_core::SourceError;
use bartizan_core::baseline::BaselineError;
use bartizan_core::suppress::SuppressionError;
use bartizan_core::triage::SelectionError;
use bartizan_core::walk::WalkError;
use bartizan_data::sources::{QuarantineError, SourcesError};
use bartizan_data::table::TableError;
use bartizan_evidence::dsse::EnvelopeError;
use bartizan_evidence::keys::{CertificateError, KeyError};
use bartizan_evidence::lineage::bisect::BisectError;
use bartizan_evidence::lineage::erasure::ErasureError;
use bartizan_evidence::lineage::import::ImportError;
use bartizan_evidence::lineage::{ProofError, TraceError};
use bartizan_evidence::log::LogError;
use bartizan_evidence::oms::{SignError, VerifyError};
use bartizan_evidence::predicate::Misfit;
use bartizan_evidence::reproduce::ReproduceError;
use bartizan_evidence::run::RunError;
use bartizan_evidence::store::StoreError;
use bartizan_policy::PolicyError;
use std::io;
use std::path::PathBuf;

/// Why the program cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments contradict each other.
    #[error(transparent)]
    Arguments(clap::Error),
    /// No scan can begin at a path.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// Standard input cannot be read.
    #[error("standard input cannot be scanned: {0}")]
    StandardInput(SourceError),
    /// The file to decompile cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Nothing to decompile.
    #[error("no pickle was found in {0}")]
    NoPickle(PathBuf),
    /// A file the user named cannot be read.
    #[error("cannot read the {what} {path}: {error}")]
    Read {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A dataset cannot be read to its end.
    #[error("{path} {error}")]
    Dataset {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: Box<TableError>,
    },
    /// An array is not what is asked for.
    #[error("{path} {problem}")]
    Array {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A dataset has no such column.
    #[error("{path} has no column `{column}`")]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are.
        known: Vec<String>,
    },
    /// Rows that are judged together take more memory than there is.
    #[error(
        "{path}: the rows from row {row} on do not fit into {} MB of memory, where all rows are judged together",
        .limit / 1_000_000
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// The first row that does not fit, from 0.
        row: u64,
        /// Bytes that may be taken.
        limit: u64,
    },
    /// Nothing can lie where the user said.
    #[error("{place}: {problem}")]
    Place {
        /// What the user said.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A key file is not as it should be, or the key cannot be used.
    #[error("{path}: {error}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: KeyError,
    },
    /// The private key would be published with the model.
    #[error("the private key {key} lies in {model}, which would be signed and passed on with it")]
    KeyInModel {
        /// The key.
        key: PathBuf,
        /// The model.
        model: PathBuf,
    },
    /// A key would be overwritten.
    #[error("{0} exists; keys are never overwritten")]
    KeyExists(PathBuf),
    /// A signature would take the place of something else.
    #[error("{path} is {what}, and is not replaced; {remedy}")]
    Overwritten {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A certificate file is not as it should be.
    #[error("{path}: {error}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: CertificateError,
    },
    /// A model cannot be signed.
    #[error("cannot sign {path}: {error}")]
    Sign {
        /// The model.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: Box<SignError>,
    },
    /// A model cannot be verified.
    #[error("cannot verify: {error}")]
    Verify {
        /// What is wrong.
        #[source]
        error: Box<VerifyError>,
    },
    /// Nobody was named who is believed.
    #[error("nobody is named whose signature is believed")]
    NobodyBelieved,
    /// No passphrase can be had.
    #[error("{0}")]
    Passphrase(String),
    /// The store does not do what it was asked.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// Nothing is known of what was asked for.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A statement does not stand.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// No statement about erasure can be made.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// No first bad version can be found.
    #[error(transparent)]
    Bisect(#[from] BisectError),
    /// A document of lineage cannot be read.
    #[error("{path}: {error}")]
    Import {
        /// The document.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: ImportError,
    },
    /// A predicate is not JSON.
    #[error("the predicate {path} is not JSON: {error}")]
    Predicate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: serde_json::Error,
    },
    /// A predicate is not what its type asks for.
    #[error("the predicate {path} does not fit its type: {misfit}; nothing was signed")]
    Misfit {
        /// The file.
        path: PathBuf,
        /// Which field, and how.
        #[source]
        misfit: Misfit,
    },
    /// A text that names no artifact, or several.
    #[error("`{text}` {reason}")]
    Node {
        /// What the user wrote.
        text: String,
        /// Why it names nothing.
        reason: String,
    },
    /// The transparency log.
    #[error(transparent)]
    Log(Box<LogError>),
    /// A witness did not cosign.
    #[cfg(feature = "witness")]
    #[error("{0}")]
    Witness(String),
    /// An address cannot be listened at.
    #[cfg(any(feature = "gateway", feature = "witness"))]
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Something given to the log is not what it takes, or not what it holds.
    #[error("{path}: {problem}")]
    NotLogged {
        /// What was given.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The ignore file is not as it should be.
    #[error(transparent)]
    Suppressions(#[from] SuppressionError),
    /// The baseline is not as it should be.
    #[error("cannot use the baseline {path}: {error}")]
    Baseline {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: BaselineError,
    },
    /// `--rules` names none.
    #[error("{error}")]
    Rules {
        /// What is wrong.
        #[source]
        error: SelectionError,
        /// The nearest id.
        nearest: Option<String>,
    },
    /// `bartizan rules ID` knows no such rule.
    #[error("no rule is called `{id}`")]
    NoSuchRule {
        /// The id asked for.
        id: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// `bartizan man COMMAND` knows no such command.
    #[error("no command is called `{command}`")]
    NoSuchCommand {
        /// The command asked for.
        command: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// The configuration file is not as it should be.
    #[error("{path}:{line}:{column}: {reason}")]
    Configuration {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// What is wrong.
        reason: String,
        /// What to write instead, if known.
        help: Option<String>,
    },
    /// A list of sources is not as it should be.
    #[error("{path} {error}")]
    Sources {
        /// The list.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: SourcesError,
    },
    /// A file cannot be moved into quarantine or back.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    /// The engine is not installed.
    #[error(
        "`bartizan data {0}` needs the engine, and no bartizan-data is beside this program or on the search path"
    )]
    NoEngine(String),
    /// The command to guard cannot be started.
    #[error("cannot start {command}: {error}")]
    Start {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The guard has no place to answer from.
    #[error("the load guard cannot set itself up in the folder for temporary files: {0}")]
    GuardFolder(#[source] io::Error),
    /// A run cannot be recorded.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A run cannot be reproduced.
    #[error(transparent)]
    Reproduce(#[from] ReproduceError),
    /// A run would be executed on the word of a key that nobody here has confirmed.
    #[error(
        "the key {0} that would vouch for this run was never confirmed on this machine, and reproducing executes what it signed"
    )]
    UnconfirmedKey(String),
    /// A policy gives no decision.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A waiver would not count.
    #[error("this waiver would not count: {0}; nothing was signed")]
    Waiver(String),
    /// A waiver is for a rule that nobody knows.
    #[error("no rule is called `{id}`: a waiver for it would excuse nothing; nothing was signed")]
    UnknownWaived {
        /// The rule asked for.
        id: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// A statement cannot be signed.
    #[error("the statement cannot be signed: {0}")]
    Envelope(#[from] EnvelopeError),
    /// No key to sign with.
    #[error("no key to sign the statement with: {0} is not there")]
    NoKey(PathBuf),
    /// The gateway cannot serve.
    #[error("{0}")]
    Guard(String),
    /// A registry does not give what is asked for.
    #[error("{0}")]
    Registry(String),
    /// Names cannot be looked up.
    #[error("{0}")]
    Lookup(String),
    /// KServe's pairs cannot be used, or were not fetched.
    #[error("storage initializer: {0}")]
    StorageInitializer(String),
    /// The server cannot serve.
    #[error("{0}")]
    Server(String),
    /// A lock of MCP servers.
    #[error(transparent)]
    McpLock(#[from] bartizan_pipeline::agents::mcp::lock::LockError),
    /// The database of advisories.
    #[error(transparent)]
    Advisories(#[from] bartizan_pipeline::dependencies::advisories::AdvisoryError),
    /// A defect of ours.
    #[error("internal error: this is a defect in bartizan, not in your files")]
    Defect,
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::Log(Box::new(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl Failure {
    /// What to do next.
    pub(crate) fn help(&self) -> Option<String> {
        let meant = |nearest: &Option<String>, list: &str| {
            Some(match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? {list} lists all"),
                None => format!("{list} lists all"),
            })
        };
        match self {
            Self::Walk(WalkError::Unreachable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Some("check the spelling; a path with blanks needs quotes".to_owned())
            }
            Self::Walk(WalkError::Unreachable { .. }) => Some("run as a user who may read it".to_owned()),
            Self::Walk(WalkError::Pattern { .. }) => {
                Some("globs know `*`, `**`, `?`, `[a-z]` and `{a,b}`, for example `--exclude '*.md'`".to_owned())
            }
            Self::Read { what, error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Some(match *what {
                    "list of sources" => {
                        "name one with --sources FILE, or begin it with `schema = \"bartizan.sources/1\"` and `bartizan data sources pin`".to_owned()
                    }
                    "baseline" => "write one with --write-baseline FILE".to_owned(),
                    "run" => "give a statement's file, its digest, or the name that `bartizan run` printed".to_owned(),
                    "key" => "check the path; `bartizan key generate` makes a key".to_owned(),
                    _ => "check the path".to_owned(),
                })
            }
            Self::Write { error, .. } | Self::Output(error) => room(error),
            Self::Baseline { .. } => Some("write a new one with --write-baseline FILE".to_owned()),
            Self::Suppressions(_) => Some(
                "an entry reads: [[ignore]] with rule, path or fingerprint or sha256, reason, expires = 2027-01-31"
                    .to_owned(),
            ),
            Self::Rules { nearest, .. } | Self::NoSuchRule { nearest, .. } => meant(nearest, "`bartizan rules`"),
            Self::NoColumn { column, known, .. } => Some(match nearest(column, known.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("it has {}", known.iter().take(20).cloned().collect::<Vec<_>>().join(", ")),
            }),
            Self::Memory { .. } => Some(
                "run it shard by shard or on fewer columns, or raise --memory-limit (80 % of what is free by default)"
                    .to_owned(),
            ),
            Self::NoPickle(_) => Some("`bartizan scan` says what the file is".to_owned()),
            Self::Source(SourceError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Some("check the spelling; a path with blanks needs quotes".to_owned())
            }
            Self::UnknownWaived { nearest, .. } => {
                let all = "`bartizan gate` names the rule of each reason; --any-rule takes one of a policy of your own or of another tool";
                Some(match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`? {all}"),
                    None => all.to_owned(),
                })
            }
            Self::NoSuchCommand { nearest, .. } => meant(nearest, "`bartizan help`"),
            Self::Start { .. } => Some("check the spelling; the command and its arguments come after `--`".to_owned()),
            Self::GuardFolder(_) => Some("point TMPDIR to a short path that may be written".to_owned()),
            Self::Configuration { help, .. } => help.clone(),
            Self::Key { error: KeyError::PassphraseNeeded | KeyError::WrongPassphrase, .. } | Self::Passphrase(_) => {
                Some("it comes from --passphrase-file FILE, --passphrase-env NAME or BARTIZAN_PASSPHRASE".to_owned())
            }
            Self::Sign { error, .. } => crate::commands::sign::help(error),
            Self::NobodyBelieved => Some(
                "give --key FILE, --certificate-chain FILE, or --identity NAME with --issuer URL".to_owned(),
            ),
            Self::Read { what: "signature", .. } => Some("name it with --signature FILE".to_owned()),
            Self::Trace(TraceError::Unknown(_)) => {
                Some("`bartizan attest`, `bartizan run` and `bartizan lineage import` add statements".to_owned())
            }
            Self::Node { .. } => {
                Some("name a file, a digest such as sha256:9f86d0… (4 digits are enough), or a node of the graph".to_owned())
            }
            Self::UnconfirmedKey(_) => Some(
                "read the statement, then name a public key you believe with --trust KEY, or `bartizan lineage trust KEY`"
                    .to_owned(),
            ),
            Self::KeyInModel { .. } => Some("move the key out of the folder; ~/.config is a place for it".to_owned()),
            Self::KeyExists(_) => Some("choose another name with --output FILE".to_owned()),
            Self::NoKey(_) => Some("make one with `bartizan key generate`, or name one with --key FILE".to_owned()),
            Self::NoEngine(_) => Some(
                "build it in the source folder with `cargo build --release -p bartizan-engine` (some ten minutes), and put bartizan-data beside bartizan"
                    .to_owned(),
            ),
            Self::Policy(PolicyError::Time(_)) => Some("--max-time-ms N gives it longer".to_owned()),
            Self::Policy(PolicyError::Memory(_)) => Some("--max-memory-mib N gives it more".to_owned()),
            Self::Policy(PolicyError::Read { .. }) => Some(format!(
                "name a .rego file, a folder, a bundle, or one of {}",
                bartizan_policy::shipped::NAMES.join(", ")
            )),
            Self::Defect => Some("report it with the command line and, if you can, the file".to_owned()),
            _ => None,
        }
    }

    /// Whether it only means that the reader of our output went away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// What to do when there is no room for a file.
fn room(error: &io::Error) -> Option<String> {
    let help = match error.kind() {
        io::ErrorKind::StorageFull => "free space on the disk that holds it, and run the command again",
        io::ErrorKind::QuotaExceeded => {
            "your quota on that disk is used up: free space, and run the command again"
        }
        io::ErrorKind::FileTooLarge => {
            "a limit on file sizes is in force: `ulimit -f` shows it, and `ulimit -f unlimited` may lift it"
        }
        io::ErrorKind::ReadOnlyFilesystem => "choose a place that can be written to",
        io::ErrorKind::PermissionDenied => "choose a place that you may write to",
        _ => return None,
    };
    Some(format!("{help}; nothing half-written is left"))
}

/// The word of `known` nearest to `word`, if any is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored = known.into_iter().map(|each| (strsim::jaro_winkler(word, each), each));
    scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, each)| each.to_owned())
}
