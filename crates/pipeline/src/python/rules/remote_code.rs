//! Loaders told to run code that comes with a model or data set.

use crate::Safety;
use crate::python::call::Call;
use crate::python::hub::{self, Named};
use crate::python::module::{Module, edit};
use crate::python::value::{Known, Value};
use crate::rules::REMOTE_CODE;
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&REMOTE_CODE];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    trusts(call, module);
    match call.path.as_ref() {
        "torch.hub.load" => torch_hub(call, module),
        "mlflow.run" | "mlflow.projects.run" => mlflow_project(call, module),
        "set:os.environ" | "os.environ.setdefault" | "os.putenv" => {
            let name = call.positional.first().and_then(|argument| argument.value.as_text());
            let on = call.positional.get(1).and_then(|argument| argument.value.as_text());
            let trusted = ["HF_DATASETS_TRUST_REMOTE_CODE", "TRUST_REMOTE_CODE", "HF_TRUST_REMOTE_CODE"];
            if name.is_some_and(|name| trusted.contains(&name))
                && on.is_some_and(|on| !matches!(on, "0" | "false" | "False" | ""))
            {
                module.report(
                    &call.span,
                    Finding::new(&REMOTE_CODE, "remote code is trusted for the whole process"),
                );
            }
        }
        "set:datasets.config.HF_DATASETS_TRUST_REMOTE_CODE"
            if call.positional.first().and_then(|given| given.value.truth()) == Some(true) =>
        {
            module.report(&call.span, Finding::new(&REMOTE_CODE, "remote code of every data set is trusted"));
        }
        _ => {}
    }
    if call.name() == "from_pretrained"
        && let Some(custom) = call.keyword("custom_pipeline")
        && let Named::Remote(name) = hub::named(call, &custom.value)
        && name.contains('/')
    {
        let message = format!("the pipeline's code is taken from `{name}`");
        module.report(&call.span, Finding::new(&REMOTE_CODE, message));
    }
}

/// `trust_remote_code=True`, by whatever way it gets there.
fn trusts(call: &Call<'_>, module: &mut Module) {
    let Some(trust) = call.keyword("trust_remote_code").or_else(|| call.keyword("trust_remote")) else {
        // Handed on inside a dict: `model_kwargs={"trust_remote_code": True}`.
        let nested = call.named.iter().find_map(|(name, argument)| {
            let told =
                argument.value.entry("trust_remote_code").is_some_and(|entry| entry.truth() == Some(true));
            (told || environment_trusts(&argument.value)).then_some((name, argument))
        });
        if let Some((name, _)) = nested {
            let message = format!("`{name}` trusts remote code");
            module.report(&call.span, Finding::new(&REMOTE_CODE, message));
        }
        return;
    };
    if call.path.starts_with("builtins.") || call.is_of("argparse") {
        return;
    }
    let (severity, confidence, message) = match trust.value.truth() {
        Some(true) => (Severity::High, Confidence::High, "runs the Python files of the repository it loads"),
        Some(false) => return,
        None if trust.value.taint.sources().is_none()
            || matches!(trust.value.known, Known::Nothing) && trust.value.taint.sources().is_none() =>
        {
            return;
        }
        None => (
            Severity::Low,
            Confidence::Low,
            "may run the Python files of the repository it loads: whoever runs the program decides",
        ),
    };
    let local = hub::fetch(call).is_some_and(|fetch| hub::named(call, &fetch.name.value) == Named::Local);
    let severity = if local { severity.min(Severity::Medium) } else { severity };
    let fix = edit(
        (trust.span.clone(), "trust_remote_code=False".to_owned()),
        Safety::Unsafe,
        "do not trust remote code",
    )
    .filter(|_| trust.written == "True");
    let finding = Finding::new(&REMOTE_CODE, format!("`trust_remote_code` {message}"))
        .severity(severity)
        .confidence(confidence);
    module.report_fixable(&call.span, finding, fix);
}

/// Whether an environment that is handed to a server tells it to trust remote code: `HF_MODEL_TRUST_REMOTE_CODE=true`.
fn environment_trusts(environment: &Value) -> bool {
    let Known::Entries(entries) = &environment.known else { return false };
    entries.iter().any(|(name, value)| {
        name.as_ref().is_some_and(|name| name.ends_with("TRUST_REMOTE_CODE"))
            && (value.truth() == Some(true) && value.as_text().is_none()
                || value.as_text().is_some_and(|text| matches!(text, "1" | "true" | "True" | "TRUE")))
    })
}

/// `torch.hub.load("owner/repo:ref", …)` runs `hubconf.py`.
fn torch_hub(call: &Call<'_>, module: &mut Module) {
    module.judged.insert(call.span.start);
    let source = call.argument(usize::MAX, "source").and_then(|source| source.value.as_text());
    if source == Some("local") {
        return;
    }
    let Some(name) = call.argument(0, "repo_or_dir") else { return };
    let Some(text) = name.value.as_pieces() else {
        if !name.value.taint.sources().is_none() {
            let message = format!(
                "`torch.hub.load` runs code of a repository named by {}",
                name.value.taint.describe()
            );
            module.report(&call.span, Finding::new(&REMOTE_CODE, message).confidence(Confidence::Medium));
        }
        return;
    };
    if text.starts_with(['/', '.', '~']) {
        return;
    }
    let message = match text.split_once(':') {
        Some((_, reference)) if hub::is_commit(reference) => return,
        Some((repository, reference)) => {
            format!("`torch.hub.load` runs `hubconf.py` of `{repository}` at `{reference}`, which can move")
        }
        None => format!("`torch.hub.load` runs `hubconf.py` of `{text}` as it is today"),
    };
    module.report(
        &call.span,
        Finding::new(&REMOTE_CODE, message)
            .remedy("Name the commit that was reviewed: \"owner/repo:<40 hexadecimal digits>\"."),
    );
}

/// `mlflow.run("https://…", version=…)` runs what the repository's `MLproject` says.
fn mlflow_project(call: &Call<'_>, module: &mut Module) {
    module.judged.insert(call.span.start);
    let Some(uri) = call.argument(0, "uri").and_then(|uri| uri.value.as_pieces()) else { return };
    let remote = uri.contains("://") || uri.starts_with("git@");
    let version = call.keyword("version").or_else(|| call.positional.get(2));
    let pinned = match version {
        Some(version) => version.value.as_text().is_none_or(hub::is_commit),
        None => call.open,
    };
    if remote && !pinned && !uri.starts_with("file:") {
        let message = "`mlflow.run` runs what a repository says, at a version that can move";
        module.report(
            &call.span,
            Finding::new(&REMOTE_CODE, message)
                .remedy("Pass `version=` with the 40-digit commit that was reviewed."),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        severities(code, "pipeline/remote-code")
    }

    #[test]
    fn trust_is_followed_to_where_it_is_given() {
        for code in [
            "from transformers import pipeline\ntrust = True\npipeline('x', model='a/b', trust_remote_code=trust)",
            "from transformers import AutoModel\nk = dict(trust_remote_code=True)\nAutoModel.from_pretrained('a/b', **k)",
            "k = {}\nk['trust_remote_code'] = True\nModel.from_pretrained('a/b', **k)",
            "from langchain_huggingface import HuggingFaceEmbeddings as E\nE(model_name='a/b', model_kwargs={'trust_remote_code': True})",
            "class C:\n    TRUST = True\n    def load(self):\n        return M.from_pretrained('a/b', trust_remote_code=self.TRUST)",
            "import torch\ntorch.hub.load('a/b:main', 'net')",
            "import mlflow\nmlflow.run('https://g.example/a/b', version='main')",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
    }

    #[test]
    fn what_is_not_trusted_or_pinned_is_silent() {
        for code in [
            "M.from_pretrained('a/b', trust_remote_code=False)",
            "def f(trust):\n    M.from_pretrained('a/b', trust_remote_code=trust)",
            "import torch\ntorch.hub.load('a/b:0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012', 'net')",
            "import torch\ntorch.hub.load('./repo', 'net', source='local')",
            "import mlflow\nmlflow.run('https://g.example/a/b', version='0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012')",
            "import mlflow\nmlflow.run('.')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn what_the_operator_decides_is_mild() {
        let code = "import os\nM.from_pretrained('a/b', trust_remote_code=os.getenv('TRUST'))";
        assert_eq!(graded(code), [Low]);
    }
}
