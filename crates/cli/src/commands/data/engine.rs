//! The verbs of the engine: passed on to `bartizan-data`, found beside this program or on the search path, as git does.

use super::engine_statement::{self, Attest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::unfinished::{Running, Temporary};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

/// The program of the engine, without the ending of executables.
const NAME: &str = "bartizan-data";

/// Runs `bartizan-data VERB ARGUMENTS…` and ends as it does. `--attest`, with its options, is taken out of the arguments: the engine
/// then writes its report to a file as well, which becomes a signed statement.
///
/// # Errors
/// [`Failure::NoEngine`] when it is not there, [`Failure::Start`] when it cannot be started.
pub(crate) fn run(verb: &str, arguments: &[OsString]) -> Result<Exit, Failure> {
    let program = program().ok_or_else(|| Failure::NoEngine(verb.to_owned()))?;
    let attest = Attest::split(verb, arguments)?;
    let folder = attest.is_some().then(tempfile::tempdir).transpose()?;
    let report = folder.as_ref().map(|folder| folder.path().join("report.json"));
    let passed = attest.as_ref().map_or(arguments, |attest| &attest.passed);
    let mut command = Command::new(&program);
    command.arg(verb).args(passed);
    if let Some(report) = &report {
        command.arg("--report").arg(report);
    }
    let failed = |error| Failure::Start { command: program.display().to_string(), error };
    let _folder = folder.as_ref().map(|folder| Temporary::folder(folder.path()));
    let (mut child, running) = Running::start(&mut command).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    drop(running);
    if let (Some(attest), Some(report)) = (&attest, &report)
        && report.is_file()
    {
        engine_statement::attest(verb, attest, report)?;
    }
    // Ended by a signal, it has no code: that is no answer to rely on.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(Exit::Failed, Exit::Command))
}

/// The engine's file, if there is one.
pub(super) fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(|own| own.parent()).map(PathBuf::from);
    let search = std::env::var_os("PATH");
    find(beside, search.as_deref())
}

/// The engine's file: first beside this program, then along the search path.
fn find(beside: Option<PathBuf>, search: Option<&OsStr>) -> Option<PathBuf> {
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let along = search.map(|search| std::env::split_paths(search).collect::<Vec<_>>()).unwrap_or_default();
    beside.into_iter().chain(along).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_beside_comes_before_that_on_the_path() {
        let (beside, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        let search = path.path().as_os_str();
        assert_eq!(find(Some(beside.path().to_owned()), Some(search)), None);
        std::fs::write(path.path().join(&name), "").unwrap();
        assert_eq!(find(Some(beside.path().to_owned()), Some(search)), Some(path.path().join(&name)));
        std::fs::write(beside.path().join(&name), "").unwrap();
        assert_eq!(find(Some(beside.path().to_owned()), Some(search)), Some(beside.path().join(&name)));
    }
}
