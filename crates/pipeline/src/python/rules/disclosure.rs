//! Secrets that code shows: printed, logged, kept with an experiment; and files of credentials among its artifacts.

use crate::python::call::{Argument, Call};
use crate::python::module::Module;
use crate::rules::{PACKAGED_SECRET, SECRET_IN_LOG, holds_credentials};
use crate::variable::is_secret_name;
use bartizan_core::{Confidence, Finding, Rule, Severity, printable};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&SECRET_IN_LOG, &PACKAGED_SECRET];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let tracks = tracks(call);
    let logs = call.is_of("logging") && LEVELS.contains(&name)
        || LEVELS.contains(&name) && (call.spelling.starts_with("log.") || call.spelling.contains("logger."));
    if tracks || logs || call.path.as_ref() == "builtins.print" {
        let where_to = if tracks { "is kept with the run" } else { "is written to the log" };
        for argument in call.arguments() {
            if is_environment(argument) {
                let message = format!("the whole environment, secrets included, {where_to}");
                let severity = if tracks { Severity::Medium } else { Severity::Low };
                let finding = Finding::new(&SECRET_IN_LOG, message).severity(severity);
                module.report(&argument.span, finding.confidence(Confidence::Medium));
            } else if let Some(secret) = shown(argument.written) {
                let message = format!("the secret `{}` {where_to}", printable(secret, 60));
                module.report(&argument.span, Finding::new(&SECRET_IN_LOG, message));
            }
        }
    }
    if publishes(call)
        && let Some(file) = call.positional.first().or_else(|| call.any_keyword(FILES))
        && let Some(path) = file.value.as_text().filter(|path| holds_credentials(path))
    {
        let message = format!("`{}` is kept with the run, for everyone who may read it", printable(path, 80));
        module.report(&file.span, Finding::new(&PACKAGED_SECRET, message).confidence(Confidence::Medium));
    }
}

const LEVELS: &[&str] = &["debug", "info", "warning", "error", "exception", "critical", "log"];
const FILES: &[&str] = &["local_path", "path", "path_or_fileobj", "local_dir", "file"];

/// Whether what the call is given is kept by a tracker of experiments.
fn tracks(call: &Call<'_>) -> bool {
    let name = call.name();
    match call.package() {
        "mlflow" => {
            name.starts_with("log_param")
                || name.starts_with("set_tag")
                || matches!(name, "log_dict" | "log_text")
        }
        "wandb" => matches!(name, "init" | "log" | "update") && !call.path.contains("Artifact"),
        "neptune" | "comet_ml" | "clearml" | "aim" => {
            name.starts_with("log_") || matches!(name, "connect" | "set")
        }
        _ => false,
    }
}

/// Whether the file that the call is given is kept by a tracker or a hub.
fn publishes(call: &Call<'_>) -> bool {
    let name = call.name();
    match call.package() {
        "mlflow" => matches!(name, "log_artifact" | "log_artifacts"),
        "wandb" => matches!(name, "save" | "add_file" | "add_dir" | "log_artifact"),
        "huggingface_hub" => matches!(name, "upload_file" | "upload_folder"),
        "clearml" | "neptune" | "comet_ml" => name.starts_with("upload") || name.starts_with("log_asset"),
        _ => false,
    }
}

/// Whether an argument is all of the environment.
fn is_environment(argument: &Argument<'_>) -> bool {
    let written: String = argument.written.chars().filter(|c| !c.is_whitespace()).take(40).collect();
    matches!(
        written.as_str(),
        "os.environ"
            | "dict(os.environ)"
            | "os.environ.copy()"
            | "{**os.environ}"
            | "**os.environ"
            | "os.environ.items()"
    )
}

/// The name of a secret of the environment that stands in `written` as it is: not cut, counted, compared or handed to another call.
fn shown(written: &str) -> Option<&str> {
    const TAKES: &[&str] = &["os.environ[", "os.getenv(", "os.environ.get("];
    if written.len() > LONGEST {
        return None;
    }
    if let Some(getter) = GETTERS.iter().find(|getter| is_whole(written, getter)) {
        return Some(getter);
    }
    if !written.contains("os.") {
        return None;
    }
    TAKES.iter().find_map(|take| {
        written.match_indices(take).find_map(|(at, _)| {
            let before = written.get(..at)?.trim_end();
            let apart = before.is_empty() || before.ends_with(['{', '+', '%', ':', ',', '[']);
            let rest = written.get(at.saturating_add(take.len())..)?;
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (name, after) = rest.get(1..)?.split_once(quote)?;
            let closing = after.find([']', ')'])?;
            let after = after.get(closing.saturating_add(1)..)?.trim_start();
            let whole = after.is_empty() || after.starts_with(['}', '+', ',', ']', ')']);
            (apart && whole && is_secret_name(name)).then_some(name)
        })
    })
}

/// Calls whose answer is a secret as it is, with what stands before the name: functions and methods of hubs and of the standard library.
///
/// Sources: huggingface_hub, `get_token`, `HfFolder.get_token`; Python, `getpass.getpass`; google.colab, `userdata.get`; Databricks, `dbutils.secrets.get`;
/// Kaggle, `UserSecretsClient().get_secret`.
const GETTERS: &[&str] =
    &["get_token()", "getpass.getpass(", "getpass(", "userdata.get(", "dbutils.secrets.get(", ".get_secret("];

/// Whether the answer of `getter` stands in `written` as it is: by itself or in a place of a text, neither cut nor handed to another call.
fn is_whole(written: &str, getter: &str) -> bool {
    written.match_indices(getter).any(|(at, _)| {
        let before = written.get(..at).unwrap_or_default();
        let begun = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !getter.starts_with('.') && before.ends_with(begun) {
            return false;
        }
        // What it is a method of: `HfFolder.`, `UserSecretsClient()`.
        let owner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let before = before.trim_end_matches(owner);
        let before =
            before.strip_suffix("()").map_or(before, |before| before.trim_end_matches(owner)).trim_end();
        let apart = before.is_empty() || before.ends_with(['{', '+', '%', ':', ',', '[']);
        let rest = written.get(at.saturating_add(getter.len())..).unwrap_or_default();
        let after = if getter.ends_with("()") {
            rest
        } else {
            rest.find(')').and_then(|end| rest.get(end.saturating_add(1)..)).unwrap_or("?")
        };
        let after = after.trim_start();
        apart && (after.is_empty() || after.starts_with(['}', '+', ',', ']', ')']))
    })
}

/// Longest argument looked into, in bytes.
const LONGEST: usize = 2000;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn secrets_that_are_shown_are_found() {
        let graded = |code: &str| {
            severities(
                &format!("import os, mlflow, wandb, logging\nlogger = logging.getLogger()\n{code}"),
                "pipeline/secret-in-log",
            )
        };
        for code in [
            "print('token', os.environ['HF_TOKEN'])",
            "print(f\"t={os.environ['HF_TOKEN']}\")",
            "logging.info('k ' + os.getenv('WANDB_API_KEY'))",
            "wandb.config.update({'key': os.environ['AWS_SECRET_ACCESS_KEY']})",
            "mlflow.log_params(dict(os.environ))",
            "print('token:', HfFolder.get_token())",
            "print(f'as {huggingface_hub.get_token()}')",
            "print(UserSecretsClient().get_secret('HF_TOKEN'))",
            "logger.info('key ' + userdata.get('OPENAI_API_KEY'))",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        assert_eq!(graded("print(os.environ)"), [Low]);
        for code in [
            "print('HF_TOKEN' in os.environ)",
            "print(len(os.environ['HF_TOKEN']))",
            "print(os.environ['HF_TOKEN'][:4])",
            "print(bool(os.environ.get('HF_TOKEN')))",
            "print(os.environ['HOME'])",
            "print(bool(get_token()))",
            "print(get_token()[:4])",
            "print(get_token() is None)",
            "print(budget_token())",
            "login(get_token())",
            "login(os.environ['HF_TOKEN'])",
            "mlflow.log_params({'lr': 1})",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn files_of_credentials_among_artifacts_are_found() {
        let graded = |code: &str| severities(&format!("import mlflow\n{code}"), "pipeline/packaged-secret");
        assert_eq!(graded("mlflow.log_artifact('.env')"), [High]);
        assert_eq!(graded("mlflow.log_artifact('metrics.json')\nmlflow.log_artifact('.env.example')"), []);
    }
}
