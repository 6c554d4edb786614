//! `bartizan db`: the database of advisories, made beforehand so that scans need no network.

use crate::arguments::{DbArguments, DbCommand};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_core::report::{Advisories, AdvisoryState};
use bartizan_pipeline::dependencies::advisories::{Database, FRESH_DAYS, import};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// File named by the user, before the one below the data folder.
const VARIABLE: &str = "BARTIZAN_ADVISORIES";

/// Runs the command.
///
/// # Errors
/// [`Failure`] when nothing can be imported, or the database cannot be written or read.
pub(crate) fn run(arguments: &DbArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        DbCommand::Import { path, output } => bring(path, output.as_deref()),
        DbCommand::Status => status(),
    }
}

fn bring(path: &Path, output: Option<&Path>) -> Result<Exit, Failure> {
    let place = output.map(Path::to_owned).or_else(place).ok_or_else(|| Failure::Node {
        text: VARIABLE.to_owned(),
        reason: "is not set, and there is no home folder; name the file with --output".to_owned(),
    })?;
    let imported = import(path, &today())?;
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::Write { path: folder.to_owned(), error })?;
    }
    write_whole(&place, |out| out.write_all(imported.text.as_bytes()))?;
    writeln!(
        io::stdout().lock(),
        "imported   {} advisories about {} packages into {}",
        imported.advisories,
        imported.packages,
        place.display()
    )?;
    if imported.passed_over > 0 {
        terminal::remark(&format!(
            "{} records were passed over: withdrawn, of other ecosystems, or without versions",
            imported.passed_over
        ));
    }
    Ok(Exit::Done)
}

fn status() -> Result<Exit, Failure> {
    let known = Known::of_user();
    let mut out = io::stdout().lock();
    match (&known.database, &known.trouble) {
        (Some(database), _) => {
            let header = &database.header;
            writeln!(out, "imported   {} ({} days ago)", header.imported, known.age_days)?;
            writeln!(out, "holds      {} advisories about {} packages", header.advisories, header.packages)?;
            writeln!(out, "digest     sha256:{}", header.sha256)?;
            Ok(Exit::Done)
        }
        (None, trouble) => {
            let why = trouble
                .as_deref()
                .unwrap_or("no database was imported; dependencies are not checked for vulnerabilities");
            writeln!(out, "none       {why}")?;
            Ok(Exit::Incomplete)
        }
    }
}

/// The database of this user, as a scan uses it.
#[derive(Debug)]
pub(crate) struct Known {
    /// The database, when it was imported and is whole.
    pub(crate) database: Option<Database>,
    /// Days since it was imported.
    pub(crate) age_days: u64,
    /// Why there is one that cannot be used.
    pub(crate) trouble: Option<String>,
}

impl Known {
    /// What `files` of dependencies were looked up in.
    pub(crate) fn looked_up(&self, files: u64) -> Advisories {
        let Some(database) = &self.database else {
            let state = if self.trouble.is_some() { AdvisoryState::Unusable } else { AdvisoryState::Absent };
            return Advisories { state, files, imported: None, age_days: None, sha256: None };
        };
        let state = if self.age_days > FRESH_DAYS { AdvisoryState::Stale } else { AdvisoryState::Fresh };
        Advisories {
            state,
            files,
            imported: Some(database.header.imported.clone()),
            age_days: Some(self.age_days),
            sha256: Some(database.header.sha256.clone()),
        }
    }

    /// That of `$BARTIZAN_ADVISORIES`, else of this user's data folder.
    pub(crate) fn of_user() -> Self {
        let mut known = Self { database: None, age_days: 0, trouble: None };
        let Some(path) = place() else { return known };
        // Whoever names a database means it to be asked; that nobody has imported one into the usual place is told with each finding.
        if !path.exists() && std::env::var_os(VARIABLE).is_none() {
            return known;
        }
        let loaded = fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| Database::load(&text).map_err(|error| error.to_string()));
        match loaded {
            Ok(database) => {
                known.age_days = age(&database.header.imported);
                known.database = Some(database);
            }
            Err(error) => {
                known.trouble =
                    Some(format!("{}: {error}; bring one with `bartizan db import`", path.display()));
            }
        }
        known
    }
}

/// `$BARTIZAN_ADVISORIES`, else `bartizan/advisories` in `$XDG_DATA_HOME` or `~/.local/share`.
fn place() -> Option<PathBuf> {
    let own = |name, below: &str| {
        let folder = std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        folder.map(|folder| if below.is_empty() { folder } else { folder.join(below) })
    };
    own(VARIABLE, "")
        .or_else(|| own("XDG_DATA_HOME", "bartizan/advisories"))
        .or_else(|| own("HOME", ".local/share/bartizan/advisories"))
}

fn today() -> String {
    jiff::Timestamp::now().to_string().chars().take(10).collect()
}

/// Days since `date`; a date that cannot be read is as old as can be.
fn age(date: &str) -> u64 {
    let Ok(then) = format!("{date}T00:00:00Z").parse::<jiff::Timestamp>() else { return u64::MAX };
    let seconds = jiff::Timestamp::now().as_second().saturating_sub(then.as_second());
    u64::try_from(seconds).unwrap_or_default() / 86_400
}
