//! Loaders told to run code that comes with a model or data set.

use crate::python::call::{Argument, Call};
use crate::python::hub::{self, Named};
use crate::python::module::{Module, edit};
use crate::python::value::{Known, Taint, Value};
use crate::rules::REMOTE_CODE;
use crate::{Edit, Fix, Safety};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use std::ops::Range;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&REMOTE_CODE];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    trusts(call, module);
    listed(call, module);
    fetched_module(call, module);
    match call.path.as_ref() {
        "torch.hub.load" => torch_hub(call, module),
        "mlflow.run" | "mlflow.projects.run" => mlflow_project(call, module),
        "gradio.load" | "gradio.Interface.load" | "gradio.Blocks.load" | "gradio.external.load" => {
            gradio_load(call, module);
        }
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
    {
        custom_pipeline(call, custom, module);
    }
}

/// The code of a Diffusers pipeline: a repository's `pipeline.py`, or, for a name without a slash, a file of the community's
/// folder, fetched from the branch `main` unless `custom_revision` says otherwise.
fn custom_pipeline(call: &Call<'_>, custom: &Argument<'_>, module: &mut Module) {
    let pinned = call
        .any_keyword(&["custom_revision", "revision"])
        .and_then(|revision| revision.value.as_text())
        .is_some_and(hub::is_commit);
    let Some(name) =
        custom.value.as_text().filter(|name| !name.is_empty() && !name.starts_with(['.', '/', '~']))
    else {
        return;
    };
    let message = format!("the pipeline's code is taken from `{name}`");
    if name.contains('/') {
        if matches!(hub::named(call, &custom.value), Named::Remote(_)) {
            module.report(&custom.span, Finding::new(&REMOTE_CODE, message));
        }
    } else if !pinned
        && !std::path::Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("py"))
    {
        let finding = Finding::new(&REMOTE_CODE, message).severity(Severity::Medium);
        module.report(
            &custom.span,
            finding.remedy("Copy the file into the project, or pin `custom_revision`."),
        );
    }
}

/// Notes that `name` is given `value` where options are written down: judged at the end, beside the calls that use them.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let on = match &value.known {
        Known::Bool(on) => *on,
        Known::Text(text) => matches!(text.as_ref(), "1" | "true" | "True" | "TRUE"),
        _ => return,
    };
    let text = matches!(value.known, Known::Text(_));
    let is_trust = if text {
        name.ends_with("TRUST_REMOTE_CODE")
    } else {
        name.to_ascii_lowercase().ends_with("trust_remote_code")
    };
    if on && is_trust && module.facts.trusting.len() < MOST_TRUSTING {
        module.facts.trusting.push(span.clone());
    }
}

/// Options that are handed on as one text: `model_args="pretrained=a/b,trust_remote_code=True"`.
///
/// Source: EleutherAI, `lm_eval.simple_evaluate`, `model_args`.
fn listed(call: &Call<'_>, module: &mut Module) {
    for given in call.arguments() {
        let Some(options) = given.value.as_pieces().filter(|text| text.len() <= LONGEST_OPTIONS) else {
            continue;
        };
        let mut options = options.split(',').filter_map(|option| option.split_once('='));
        if options.any(|(name, on)| {
            name.trim() == "trust_remote_code" && matches!(on.trim(), "True" | "true" | "1")
        }) {
            let message = "`trust_remote_code` in a list of options runs the Python files of the repository";
            module.report(&given.span, Finding::new(&REMOTE_CODE, message));
        }
    }
}

/// Longest list of options that is read, in bytes.
const LONGEST_OPTIONS: usize = 2_000;
/// Most places remembered that trust remote code.
const MOST_TRUSTING: usize = 256;

/// Reports options that trust remote code where they are written down, unless a call that was reported holds them, and mends calls
/// that are given them there. `cells` are the texts of the module, each with the place where it begins.
pub(in crate::python) fn conclude(cells: &[(&str, usize)], module: &mut Module) {
    let mut places = std::mem::take(&mut module.facts.trusting);
    places.sort_by_key(|span| (span.start, span.end));
    places.dedup();
    let within =
        |outer: &Range<usize>, span: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let edits = |chosen: &dyn Fn(&Range<usize>) -> bool| -> Vec<Edit> {
        let mut edits: Vec<Edit> =
            places.iter().filter(|span| chosen(span)).filter_map(|span| distrusting(cells, span)).collect();
        edits.dedup();
        edits
    };
    let handed = std::mem::take(&mut module.facts.handed_trust);
    for report in &mut module.reports {
        if report.finding.rule.id != REMOTE_CODE.id || report.fix.is_some() || !handed.contains(&report.span)
        {
            continue;
        }
        let span = report.span.clone();
        let mut found = edits(&|place| within(&span, place));
        if found.is_empty() {
            found = edits(&|_| true);
        }
        report.fix = distrust(found);
    }
    for span in &places {
        let told = module
            .reports
            .iter()
            .any(|report| report.finding.rule.id == REMOTE_CODE.id && within(&report.span, span));
        if !told {
            let finding = Finding::new(
                &REMOTE_CODE,
                "what is loaded with these options may run code of its repository",
            )
            .severity(Severity::Medium)
            .confidence(Confidence::Medium);
            let fix = distrust(edits(&|place| place == span));
            module.report_fixable(span, finding, fix);
        }
    }
}

/// The edit that takes trust back in an option that ends with its value: `True`, `"true"`, `"1"`.
fn distrusting(cells: &[(&str, usize)], span: &Range<usize>) -> Option<Edit> {
    let seen = cells
        .iter()
        .find_map(|(text, base)| text.get(span.start.checked_sub(*base)?..span.end.checked_sub(*base)?))?;
    let unquoted = seen.strip_suffix(['"', '\'']).unwrap_or(seen);
    let is_text = unquoted.len() < seen.len();
    let (on, off) = [("True", "False"), ("true", "false"), ("TRUE", "FALSE"), ("1", "0")].into_iter().find(
        |(on, _)| {
            unquoted.strip_suffix(on).is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric()))
        },
    )?;
    let end = span.end.saturating_sub(usize::from(is_text));
    let edit = Edit { span: end.saturating_sub(on.len())..end, replacement: off.to_owned() };
    (is_text || on == "True").then_some(edit)
}

fn distrust(edits: Vec<Edit>) -> Option<Fix> {
    let title = "do not trust remote code".to_owned();
    (!edits.is_empty()).then_some(Fix { edits, safety: Safety::Unsafe, title, asks: None })
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
        if let Some((name, argument)) = nested {
            let message = format!("`{name}` trusts remote code");
            let span = argument.span.clone();
            module.facts.handed_trust.push(span);
            module.report(&argument.span, Finding::new(&REMOTE_CODE, message));
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
        None if trust.value.taint.sources() == Taint::FILE
            && !matches!(trust.value.known, Known::Either(_)) =>
        {
            (
                Severity::Medium,
                Confidence::Low,
                "may run the Python files of the repository it loads: a file that is read decides",
            )
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
    .filter(|_| !trust.written.is_empty() && trust.value.truth() == Some(true));
    if fix.is_none() && trust.value.truth() == Some(true) && module.facts.handed_trust.len() < MOST_TRUSTING {
        module.facts.handed_trust.push(trust.span.clone());
    }
    let finding = Finding::new(&REMOTE_CODE, format!("`trust_remote_code` {message}"))
        .severity(severity)
        .confidence(confidence);
    module.report_fixable(&trust.span, finding, fix);
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

/// A module that is loaded from a file which was fetched.
fn fetched_module(call: &Call<'_>, module: &mut Module) {
    let place = match call.path.as_ref() {
        "importlib.util.spec_from_file_location" => call.argument(1, "location"),
        "runpy.run_path" => call.argument(0, "path_name"),
        "importlib.machinery.SourceFileLoader" => call.argument(1, "path"),
        _ => return,
    };
    let Some(place) = place.map(|place| &place.value) else { return };
    let fetched = place.as_path().is_some_and(|path| {
        ["hf_hub_download()", "snapshot_download()", "urlretrieve()"].iter().any(|part| path.contains(part))
    });
    let taint = place.all_taint();
    if fetched || taint.has(Taint::NETWORK) || taint.has(Taint::REQUEST) || taint.has(Taint::MODEL) {
        let message = "a file that was fetched is run as a module";
        module.report(&call.span, Finding::new(&REMOTE_CODE, message).confidence(Confidence::Medium));
    }
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

/// `gradio.load("spaces/owner/name")` builds its page from what the Space serves at that moment, scripts included; a model's page
/// sends what users write to wherever the name leads. Neither takes a revision.
///
/// Source: Gradio documentation, `load`: `name` as `src/owner/name`, or `src`, which may be a function of one's own.
fn gradio_load(call: &Call<'_>, module: &mut Module) {
    let source = call.argument(1, "src");
    if source.is_some_and(|source| source.value.as_text().is_none() && source.value.known != Known::Null) {
        return;
    }
    let Some(name) = call.argument(0, "name") else { return };
    let Some(text) = name.value.as_pieces() else { return };
    module.judged.insert(call.span.start);
    let space =
        text.starts_with("spaces/") || source.and_then(|source| source.value.as_text()) == Some("spaces");
    let shown = bartizan_core::printable(text, 80);
    let message = if space {
        format!("the page, its scripts and its answers are what the Space `{shown}` serves today")
    } else {
        format!("the page answers with what `{shown}` serves today")
    };
    let finding = Finding::new(&REMOTE_CODE, message).severity(Severity::Medium);
    module.report(
        &call.span,
        finding.remedy("Run a copy that was reviewed, with its model pinned to a commit."),
    );
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use crate::{Text, apply, examine};
    use bartizan_core::Severity::{High, Low, Medium};
    use bartizan_core::{Limits, MonotonicClock};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        severities(code, "pipeline/remote-code")
    }

    #[test]
    fn a_setting_with_a_default_trusts_what_it_trusts_by_default() {
        let graded = |trust: &str| {
            severities(
                &format!(
                    "import os\nfrom transformers import AutoModel\nAutoModel.from_pretrained('./a', trust_remote_code={trust})"
                ),
                "pipeline/remote-code",
            )
        };
        for trust in [
            "os.getenv('T', 'true').lower() == 'true'",
            "os.environ.get('T', '1') == '1'",
            "os.environ.get('T', '1') not in ('0', 'false')",
            "bool(int(os.environ.get('T', '1')))",
            "bool(os.environ.get('T', True))",
        ] {
            assert_eq!(graded(trust), [Medium], "{trust}");
        }
        for trust in [
            "os.getenv('T', 'false').lower() == 'true'",
            "os.environ.get('T') == '1'",
            "bool(int(os.environ.get('T', '0')))",
        ] {
            assert!(graded(trust).iter().all(|severity| *severity < Medium), "{trust}");
        }
    }

    #[test]
    fn trust_is_followed_to_where_it_is_given() {
        for code in [
            "from transformers import pipeline\ntrust = True\npipeline('x', model='a/b', trust_remote_code=trust)",
            "from langchain_huggingface import HuggingFaceEmbeddings as E\nE(model_name='a/b', model_kwargs={'trust_remote_code': True})",
            "class C:\n    TRUST = True\n    def load(self):\n        return M.from_pretrained('a/b', trust_remote_code=self.TRUST)",
            "import torch\ntorch.hub.load('a/b:main', 'net')",
            "from diffusers import DiffusionPipeline\nDiffusionPipeline.from_pretrained('./m', custom_pipeline='a/b')",
            "import mlflow\nmlflow.run('https://g.example/a/b', version='main')",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
    }

    #[test]
    fn options_that_trust_are_found_where_they_are_written_and_where_they_are_used() {
        for code in [
            "from transformers import AutoModel\nk = dict(trust_remote_code=True)\nAutoModel.from_pretrained('a/b', **k)",
            "k = {}\nk['trust_remote_code'] = True\nModel.from_pretrained('a/b', **k)",
        ] {
            assert_eq!(graded(code), [High, Medium], "{code}");
        }
        for code in [
            "class Arguments:\n    trust_remote_code: bool = True",
            "OPTIONS = {'model': 'a/b', 'trust_remote_code': True}",
            "hub = {'HF_MODEL_TRUST_REMOTE_CODE': 'true'}",
            "config.trust_remote_code = True",
            "def load(name, **options):\n    options.setdefault('trust_remote_code', True)",
            "from diffusers import DiffusionPipeline\nDiffusionPipeline.from_pretrained('./m', custom_pipeline='lpw')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in ["OPTIONS = {'trust_remote_code': False}", "trust_remote_code = ask()"] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn trust_is_taken_back_where_it_is_written_and_nothing_else_changes() {
        let mended = |code: &str| {
            let look =
                |code: &str| examine(&Text::new("a.py", code), &Limits::default(), &MonotonicClock::start());
            let fixes: Vec<_> = look(code).fixes.into_iter().map(|proposal| proposal.fix).collect();
            let after = apply(code, &fixes.iter().collect::<Vec<_>>()).0;
            assert_eq!(graded(&after), [], "{after}");
            after
        };
        for (before, after) in [
            (
                "o = dict(trust_remote_code=True)\nM.from_pretrained('./b', **o)\n",
                "o = dict(trust_remote_code=False)\nM.from_pretrained('./b', **o)\n",
            ),
            (
                "o = {'trust_remote_code': True, 'a': True}\nM.from_pretrained('./b', **o)\n",
                "o = {'trust_remote_code': False, 'a': True}\nM.from_pretrained('./b', **o)\n",
            ),
            (
                "o = {}\no['trust_remote_code'] = True\nM.from_pretrained('./b', **o)\n",
                "o = {}\no['trust_remote_code'] = False\nM.from_pretrained('./b', **o)\n",
            ),
            (
                "TRUST = True\nM.from_pretrained('./b', trust_remote_code=TRUST)\n",
                "TRUST = True\nM.from_pretrained('./b', trust_remote_code=False)\n",
            ),
            (
                "E(model_name='./b', model_kwargs={'trust_remote_code': True})\n",
                "E(model_name='./b', model_kwargs={'trust_remote_code': False})\n",
            ),
            (
                "class A:\n    trust_remote_code: bool = True\n",
                "class A:\n    trust_remote_code: bool = False\n",
            ),
            (
                "hub = {'HF_MODEL_TRUST_REMOTE_CODE': 'true'}\n",
                "hub = {'HF_MODEL_TRUST_REMOTE_CODE': 'false'}\n",
            ),
        ] {
            assert_eq!(mended(before), after);
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
    fn pages_built_from_what_others_serve_are_found() {
        for code in [
            "import gradio as gr\ngr.load('spaces/acme/demo')",
            "import gradio as gr\ngr.Interface.load('huggingface/acme/net')",
            "import gradio as gr\ngr.load(name='acme/demo', src='spaces').launch()",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "import gradio as gr\nimport own\ngr.load('net', src=own.registry)",
            "import gradio as gr\nwith gr.Blocks() as demo:\n    demo.load(f, None, box)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn what_the_operator_decides_is_mild() {
        let code = "import os\nM.from_pretrained('a/b', trust_remote_code=os.getenv('TRUST'))";
        assert_eq!(graded(code), [Low]);
    }

    #[test]
    fn options_that_are_put_together_step_by_step_are_known_at_the_call() {
        let at = |code: &str| {
            let code = format!("from transformers import AutoModel\n{code}");
            let found = crate::testing::found("a.py", &code).into_iter();
            found
                .filter(|(rule, _, severity)| *rule == "pipeline/remote-code" && *severity == High)
                .map(|(_, line, _)| line)
                .collect::<Vec<_>>()
        };
        for (code, line) in [
            (
                "def f(**kw):\n    kw['trust_remote_code'] = True\n    AutoModel.from_pretrained('a/b', **kw)",
                4,
            ),
            (
                "def f(**kw):\n    kw.update(trust_remote_code=True)\n    AutoModel.from_pretrained('a/b', **kw)",
                4,
            ),
            (
                "def f(**kw):\n    kw.update({'trust_remote_code': True})\n    AutoModel.from_pretrained('a/b', **kw)",
                4,
            ),
            ("kw = {}\nkw |= {'trust_remote_code': True}\nAutoModel.from_pretrained('a/b', **kw)", 4),
            ("kw = {'r': 1} | {'trust_remote_code': True}\nAutoModel.from_pretrained('a/b', **kw)", 3),
        ] {
            assert_eq!(at(code), [line], "{code}");
        }
        let branch = "from transformers import AutoModel\ndef f(cfg):\n    kw = {'r': 1}\n    if cfg.x:\n        kw['trust_remote_code'] = True\n    AutoModel.from_pretrained('a/b', **kw)";
        assert_eq!(
            graded(branch),
            [Medium, Medium],
            "where it is written, and in one of two cases at the call"
        );
        for code in [
            "def f(**kw):\n    kw['revision'] = 'x'\n    AutoModel.from_pretrained('a/b', **kw)",
            "def f(**kw):\n    kw['trust_remote_code'] = True\n    kw['trust_remote_code'] = False\n    AutoModel.from_pretrained('a/b', **kw)",
            "def f(seen, x):\n    seen.update(x)\n    AutoModel.from_pretrained('a/b', **seen)",
            "kw = {}\nkw |= {'trust_remote_code': False}\nAutoModel.from_pretrained('a/b', **kw)",
        ] {
            assert_eq!(at(code), [] as [u32; 0], "{code}");
        }
    }

    #[test]
    fn options_in_one_text_are_read() {
        let code = |options: &str| {
            format!("import lm_eval\nlm_eval.simple_evaluate(model='hf', model_args='{options}')")
        };
        assert_eq!(graded(&code("pretrained=./m,trust_remote_code=True")), [High]);
        assert_eq!(graded(&code("pretrained=./m,trust_remote_code=False")), []);
        assert_eq!(graded(&code("pretrained=./m")), []);
    }
}
