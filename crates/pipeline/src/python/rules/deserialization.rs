//! Loaders that run what the file says: pickle and everything built on it.

pub(in crate::python) mod buckets;
mod loaders;
mod messages;
mod options;

use crate::Safety;
use crate::python::call::Call;
use crate::python::module::{Module, Report, Sink, SinkKind, edit};
use crate::python::value::{Known, Taint};
use crate::rules::UNSAFE_MODEL_FORMAT;
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use loaders::{FAMILIES, LOADERS};
pub(in crate::python) use messages::{kept, named};

rule! {
    /// ## What it finds
    /// Code that loads a file with a loader that runs code from it: `pickle`, `dill`, `cloudpickle`, `joblib`, `shelve`,
    /// `marshal`, `jsonpickle`, `pandas.read_pickle`, `numpy.load(allow_pickle=True)`, `torch.load` unless
    /// `weights_only=True`, Keras with `safe_mode=False` or unsafe deserialisation enabled, skops with `trusted=True`,
    /// LangChain's `allow_dangerous_deserialization=True`, queues that accept pickles (Celery), services that unpickle requests
    /// (`recv_pyobj`, BentoML's `PickleSerializable`), unpicklers whose `find_class` refuses nothing, and libraries that unpickle their own models (gensim, flair,
    /// fastai, stable-baselines3, AutoGluon, PyCaret, statsmodels, Paddle), `torch.hub.load_state_dict_from_url` without `weights_only=True`,
    /// and any loader that is given `allow_pickle=True`, loaders kept in a table, vLLM's `load_format="pt"`, and Keras' makers of layers that are
    /// given what others sent. Programs of DSPy in `.pkl`, and models that MLflow takes from
    /// where whoever starts a run says, count as well. Aliases, `functools.partial` and `**` of dicts are followed; where an option is one of
    /// several values, each counts: milder when only some of them are dangerous.
    ///
    /// `torch.load` without `weights_only` is graded lower: from PyTorch 2.6 on the default is `True`, before it `False`,
    /// and the code does not say which version it will run with.
    /// ## Why it matters
    /// Whoever can change the file, or the place it is downloaded from, runs code in the process that loads it. Graded
    /// higher when the data comes from a server, a user or a model.
    /// ## Example
    /// `model = torch.load("model.pt", weights_only=False)`
    /// ## How to fix
    /// Load weights from safetensors, or with `weights_only=True`; keep tables in Parquet or `.npy`; where a pickle cannot be
    /// avoided, verify a signature over the file first.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    /// - <https://docs.pytorch.org/docs/stable/generated/torch.load.html>
    pub const UNSAFE_DESERIALIZATION: Rule = Rule {
        id: "pipeline/unsafe-deserialization",
        title: "code that loads a file which can run code",
        severity: Severity::Medium,
        remedy: "Load from a format without code (safetensors, Parquet, ONNX), or verify a signature over the file first.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0010"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&UNSAFE_DESERIALIZATION, &UNSAFE_MODEL_FORMAT];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let path = call.path.as_ref();
    buckets::check(call, module);
    if let Some((_, what)) = LOADERS.iter().find(|(loader, _)| *loader == path) {
        module.judged.insert(call.span.start);
        loads(call, module, &format!("`{}` loads with {what}", shown(call)), Confidence::High);
        return;
    }
    let family = FAMILIES.iter().find(|(package, method, _)| call.is_in(package, method));
    if let Some((_, _, what)) = family {
        module.judged.insert(call.span.start);
        loads(call, module, &format!("`{}` loads with {what}", shown(call)), Confidence::Medium);
        return;
    }
    match path {
        "torch.load" => torch(call, module),
        "nltk.data.load" => {
            let pickled = call.argument(0, "resource_url").and_then(|name| name.value.as_pieces());
            if pickled.is_some_and(|name| name.ends_with(".pickle")) {
                loads(call, module, "NLTK unpickles a resource of this kind", Confidence::Medium);
            }
        }
        "ultralytics.YOLO" | "ultralytics.RTDETR" | "ultralytics.SAM" => {
            let weights = call.argument(0, "model").and_then(|model| model.value.as_pieces());
            let own = |weights: &str| {
                weights.to_ascii_lowercase().ends_with(".pt") && weights.contains(['/', '\\'])
            };
            if weights.is_some_and(own) {
                let message = "a `.pt` file of weights is unpickled";
                let finding = Finding::new(&UNSAFE_DESERIALIZATION, message);
                module.report(&call.span, finding.severity(Severity::Low).confidence(Confidence::Medium));
            }
        }
        "numpy.load" | "numpy.lib.format.read_array" => {
            module.judged.insert(call.span.start);
            if call.is_true("allow_pickle")
                || call.positional.get(2).is_some_and(|given| given.value.truth() == Some(true))
            {
                loads(call, module, "`allow_pickle=True` lets an array file run code", Confidence::High);
            }
        }
        "set:os.environ" | "os.environ.setdefault" | "os.putenv" => {
            let name = call.positional.first().and_then(|argument| argument.value.as_text());
            let value = call.positional.get(1).and_then(|argument| argument.value.as_text());
            if name == Some("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD") && value.is_some_and(|value| value != "0") {
                let message = "every `torch.load` of the process is made to unpickle";
                module.report(
                    &call.span,
                    Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High),
                );
            }
        }
        "torch.add_safe_globals" | "torch.safe_globals" => {
            let allowed = call.argument(0, "safe_globals");
            if let Some(name) = allowed.and_then(|allowed| runs_anything(allowed.written)) {
                let message = format!("`{name}` is allowed to every file that is loaded with `weights_only`");
                module.report(
                    &call.span,
                    Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High),
                );
            }
        }
        "torch.jit.load"
            if call.positional.first().is_some_and(|file| super::flow::outside(file.value.all_taint())) =>
        {
            let message = "a TorchScript file, which is a program, is loaded as whoever sent it made it";
            module
                .report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
        }
        "bentoml.io.PicklableObject" => {
            let message = "the service unpickles what its callers send";
            let severity = Severity::Critical;
            module.report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(severity));
        }
        "torch.hub.load_state_dict_from_url" => {
            module.judged.insert(call.span.start);
            if !call.is_true("weights_only") && !call.open {
                let message = "`load_state_dict_from_url` unpickles what it downloads";
                let severity = match (call.is_false("weights_only"), call.is_true("check_hash")) {
                    (true, false) => Severity::High,
                    (_, true) => Severity::Low,
                    _ => Severity::Medium,
                };
                let finding = Finding::new(&UNSAFE_DESERIALIZATION, message).severity(severity);
                let fix = call
                    .giving("weights_only", "True")
                    .and_then(|given| edit(given, Safety::Unsafe, "load weights only"));
                module.report_fixable(&call.span, finding.remedy("Pass `weights_only=True`."), fix);
            }
        }
        "bentoml.io.PickleSerializable" => {
            let message = "the service unpickles what its callers send";
            module
                .report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
        }
        _ if messages::takes_pickles(call) => {
            let message = "whoever can write to the queue sends pickles that the workers load";
            module
                .report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
        }
        // Source: Python documentation, `multiprocessing.connection`: "Connection.recv() automatically unpickles the data it receives".
        "multiprocessing.connection.Listener().accept().recv"
        | "multiprocessing.connection.Client().recv" => {
            let message = "`recv` unpickles whatever the other side of the connection sends";
            module.report(
                &call.span,
                Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::Medium),
            );
        }
        // Source: RPyC documentation, "Services": a classic or slave service lets its clients import and run anything.
        _ if call.is_of("rpyc")
            && call.arguments().any(|given| {
                given
                    .value
                    .as_path()
                    .is_some_and(|path| path.ends_with(".SlaveService") || path.ends_with(".ClassicService"))
            }) =>
        {
            let message = "whoever connects to the service runs what they like in it";
            module
                .report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
        }
        _ if call.name() == "recv_pyobj" => {
            let message = "`recv_pyobj` unpickles whatever the other side of the socket sends";
            module
                .report(&call.span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
        }
        _ => {
            options::by_option(call, module);
            messages::handed(call, module);
        }
    }
}

/// The first name in a list of callables with which whoever calls it can do anything.
fn runs_anything(list: &str) -> Option<&str> {
    const ANYTHING: &[&str] = &[
        "eval",
        "exec",
        "compile",
        "__import__",
        "getattr",
        "setattr",
        "system",
        "popen",
        "Popen",
        "check_call",
        "check_output",
        "import_module",
        "run_path",
        "run_module",
        "attrgetter",
        "methodcaller",
        "FunctionType",
        "loads",
    ];
    list.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))
        .find(|name| ANYTHING.contains(&name.rsplit('.').next().unwrap_or(name)))
}

fn torch(call: &Call<'_>, module: &mut Module) {
    module.judged.insert(call.span.start);
    let pickles = call.argument(2, "pickle_module").filter(|given| given.value.known != Known::Null);
    let dangerous = pickles.is_some_and(|given| {
        given.value.as_path().is_some_and(|path| !path.starts_with("pickle") && !path.starts_with('?'))
    });
    // With a pickle module and `weights_only=True`, PyTorch refuses to load anything.
    let fix = |safety, title| {
        let given = call.giving("weights_only", "True").filter(|_| pickles.is_none())?;
        edit(given, safety, title)
    };
    match call.keyword("weights_only") {
        Some(given) if given.value.known != Known::Null && given.value.truth() == Some(false) => {
            let fix = fix(Safety::Unsafe, "load with `weights_only=True`");
            let message = "`torch.load` with `weights_only=False` runs what the file says";
            let finding =
                graded(call, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High))
                    .remedy("Pass `weights_only=True`, or load the weights from safetensors.");
            keep(call, module, finding, fix);
        }
        Some(given) if given.value.known != Known::Null => {}
        _ if call.open => {
            let message =
                "`torch.load` is given its options by the caller, and `weights_only` by nobody here";
            let finding = Finding::new(&UNSAFE_DESERIALIZATION, message)
                .severity(Severity::Low)
                .confidence(Confidence::Low)
                .remedy("Pass `weights_only=True` here.");
            module.report(&call.span, finding);
        }
        _ if dangerous => {
            let message = "`torch.load` with another pickle module runs what the file says";
            keep(call, module, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High), None);
        }
        _ => {
            let fix = fix(Safety::Safe, "pass `weights_only=True`");
            let message = "`torch.load` without `weights_only` runs what the file says before PyTorch 2.6";
            let finding = graded(call, Finding::new(&UNSAFE_DESERIALIZATION, message))
                .remedy("Pass `weights_only=True`: the default only since PyTorch 2.6.");
            keep(call, module, finding, fix);
        }
    }
}

/// Judges a loader that a caller hands what `who` had a hand in: what was found of the loader is worse then.
pub(in crate::python) fn loaded_by_caller(sink: &Sink, who: &str, module: &mut Module) {
    let by_loader = |report: &&mut Report| {
        report.span == sink.span && report.finding.rule.id == UNSAFE_DESERIALIZATION.id
    };
    let known = module.facts.unless_written.iter_mut().map(|(_, report)| report).find(by_loader);
    match known {
        // Judged at the call itself.
        Some(report) if report.finding.severity == Severity::Critical => {}
        Some(report) => {
            report.finding.message = format!("{}, and a caller gives it {who}", report.finding.message);
            report.finding = report.finding.clone().severity(Severity::Critical);
        }
        None => {
            let finding = Finding::new(&UNSAFE_DESERIALIZATION, format!("`{}` loads {who}", sink.callee));
            module.report(&sink.span, finding.severity(Severity::Critical));
        }
    }
}

fn loads(call: &Call<'_>, module: &mut Module, message: &str, confidence: Confidence) {
    let finding = graded(call, Finding::new(&UNSAFE_DESERIALIZATION, message).confidence(confidence));
    keep(call, module, finding, None);
}

/// Reports `finding`, as low when this very code wrote what it loads.
fn keep(call: &Call<'_>, module: &mut Module, finding: Finding, fix: Option<crate::Fix>) {
    let first = call.positional.first().or_else(|| call.arguments().next());
    let Some(first) = first else {
        module.report_fixable(&call.span, finding, fix);
        return;
    };
    if first.value.all_taint().has(Taint::OWN) {
        return;
    }
    let key = first.value.as_text().map_or_else(|| first.written.to_owned(), ToOwned::to_owned);
    module.facts.unless_written.push((key, Report { span: call.span.clone(), finding, fix }));
    module.sink(SinkKind::Loader, &call.span, call.spelling, &first.value);
}

/// Worse when the data comes from outside.
fn graded(call: &Call<'_>, finding: Finding) -> Finding {
    let taint = call.positional.first().map(|argument| argument.value.all_taint()).unwrap_or_default();
    if taint.has(Taint::REQUEST) || taint.has(Taint::NETWORK) || taint.has(Taint::MODEL) {
        let message = format!("{}, and it holds {}", finding.message, taint.describe());
        return Finding { message, ..finding }.severity(Severity::Critical);
    }
    finding
}

fn shown(call: &Call<'_>) -> String {
    call.spelling.chars().filter(|character| !character.is_whitespace()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Low, Medium};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        severities(code, "pipeline/unsafe-deserialization")
    }

    #[test]
    fn a_loader_is_as_bad_as_what_its_callers_give_it() {
        let head =
            "import pickle\nfrom flask import request\ndef load(data):\n    return pickle.loads(data)\n";
        assert_eq!(graded(&format!("{head}load(request.data)")), [Critical]);
        assert_eq!(graded(&format!("{head}load(b'x')")), [Medium]);
        assert_eq!(
            graded(&format!("{head}class A:\n    def go(self):\n        return load(request.get_data())\n")),
            [Critical]
        );
    }

    #[test]
    fn what_a_request_says_of_a_models_layers_is_found() {
        let keras = |code: &str| graded(&format!("import keras\nfrom flask import request\n{code}"));
        for code in [
            "keras.models.model_from_json(request.json['net'])",
            "keras.saving.deserialize_keras_object(request.json)",
            "keras.Model.from_config(request.json)",
            "keras.models.load_model(request.json['path'])",
        ] {
            assert_eq!(keras(code), [High], "{code}");
        }
        assert_eq!(keras("keras.models.model_from_json(open('net.json').read())"), []);
        assert_eq!(keras("keras.models.load_model('net.keras', custom_objects=request.json)"), []);
    }

    #[test]
    fn what_mlflow_takes_from_a_run_is_unpickled() {
        for code in [
            "import mlflow\nmlflow.sklearn.load_model('runs:/0123/model')",
            "import mlflow.pyfunc\nmlflow.pyfunc.load_model(model_uri=f'runs:/{run_id}/model')",
        ] {
            assert_eq!(graded(code), [Low], "{code}");
        }
        let named = |given: &str| {
            graded(&format!(
                "import mlflow\nfrom airflow.decorators import task\nfrom airflow.models import Variable\n@task\ndef f(**context):\n    run = {given}\n    mlflow.pyfunc.load_model(f'runs:/{{run}}/model')\n"
            ))
        };
        assert_eq!(named("context['dag_run'].conf['run_id']"), [Medium]);
        assert_eq!(named("context['params']['run_id']"), [Medium]);
        assert_eq!(named("'0123'"), [Low]);
        assert_eq!(
            graded(
                "import mlflow\nfrom flask import request\nmlflow.sklearn.load_model(request.json['uri'])"
            ),
            [High]
        );
        for code in [
            "import mlflow\nmlflow.pyfunc.load_model('models:/net/7')",
            "import mlflow\nmlflow.onnx.load_model('runs:/0123/model')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn loaders_that_say_so_themselves_are_found() {
        assert_eq!(graded("import dspy\ndspy.load('saved', allow_pickle=True)"), [Medium]);
        assert_eq!(graded("import dspy\ndspy.load('saved', allow_pickle=False)\ndspy.load('saved')"), []);
        let program = "import dspy\nclass P(dspy.Module):\n    def forward(self, q):\n        return q\n";
        for load in [
            "dspy.ChainOfThought('q -> a').load('p.pkl')",
            "P().load('p.pkl')",
            "P().load(path, allow_pickle=True)",
        ] {
            assert_eq!(graded(&format!("{program}{load}")), [Medium], "{load}");
        }
        assert_eq!(
            graded(&format!("{program}P().load('p.json')\nP().load('p.pkl', allow_pickle=False)")),
            []
        );
        let hub =
            |options: &str| graded(&format!("import torch\ntorch.hub.load_state_dict_from_url(u{options})"));
        assert_eq!(hub(""), [Medium]);
        assert_eq!(hub(", weights_only=False"), [High]);
        assert_eq!(hub(", weights_only=True"), []);
        assert_eq!(graded("from bentoml.io import PicklableObject\nPicklableObject()"), [Critical]);
        let jit =
            |file: &str| graded(&format!("import torch\nfrom flask import request\ntorch.jit.load({file})"));
        assert_eq!(jit("request.files['m']"), [High]);
        assert_eq!(jit("'model.ts'"), []);
    }

    #[test]
    fn weights_that_are_written_as_pickles_are_told() {
        let written = |code: &str| severities(code, "pipeline/unsafe-model-format");
        assert_eq!(written("model.save_pretrained('out', safe_serialization=False)"), [Low]);
        assert_eq!(written("TrainingArguments('out', save_safetensors=False)"), [Low]);
        assert_eq!(written("model.save_pretrained('out', safe_serialization=True)"), []);
    }

    #[test]
    fn loaders_are_found_through_aliases_partials_and_constant_dicts() {
        for code in [
            "import pickle as p\np.loads(open('x','rb').read())",
            "from joblib import load as L\nL('m')",
            "import functools, dill\nf = functools.partial(dill.load)\nf(open('m'))",
            "import numpy as np\no = {'allow_pickle': True}\nnp.load('a.npy', **o)",
            "import importlib\nm = importlib.import_module('pickle')\nm.load(f)",
            "class A:\n    def go(self):\n        import cloudpickle\n        return cloudpickle.load(self.f)",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
    }

    #[test]
    fn what_may_do_anything_is_no_safe_global() {
        let allowed = |list: &str| {
            graded(&format!(
                "import os, builtins, collections\nfrom torch.serialization import add_safe_globals\nadd_safe_globals([{list}])"
            ))
        };
        assert_eq!(allowed("builtins.eval"), [High]);
        assert_eq!(allowed("collections.OrderedDict, os.system"), [High]);
        assert_eq!(allowed("collections.OrderedDict, MyConfig"), []);
    }

    #[test]
    fn unpicklers_queues_and_services_that_take_any_pickle_are_found() {
        let unpickler = |body: &str| {
            graded(&format!(
                "import pickle\nclass U(pickle.Unpickler):\n    def find_class(self, module, name):\n{body}U(f).load()"
            ))
        };
        assert_eq!(unpickler("        return super().find_class(module, name)\n"), [Medium]);
        let check = "        if name not in SAFE:\n            raise pickle.UnpicklingError(name)\n";
        assert_eq!(unpickler(&format!("{check}        return super().find_class(module, name)\n")), []);
        assert_eq!(graded("from pickle import *\nUnpickler(f).load()"), [Medium]);
        for code in [
            "from celery import Celery\napp = Celery('w')\napp.conf.update(accept_content=['pickle'])",
            "from celery import Celery\napp = Celery('w')\napp.conf.accept_content = ['json', 'pickle']",
            "from bentoml.io import PickleSerializable\n@svc.api(input=PickleSerializable())\ndef f(x): pass",
            "import functools, torch\nload = functools.partial(torch.load, weights_only=False)",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        for code in [
            "from celery import Celery\napp = Celery('w')\napp.conf.update(accept_content=['json'])",
            "import functools, torch\nload = functools.partial(torch.load, weights_only=True)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn torch_load_is_graded_by_weights_only() {
        assert_eq!(graded("import torch\ntorch.load('m')"), [Medium]);
        assert_eq!(graded("from torch import load as L\nL('m', weights_only=False)"), [High]);
        assert_eq!(graded("import torch\nw = True\ntorch.load('m', weights_only=w)"), []);
        assert_eq!(graded("import torch\ndef f(w):\n    torch.load('m', weights_only=w)"), []);
    }

    /// The code with every fix made that changes nothing for honest input.
    fn mended(code: &str) -> String {
        let text = crate::Text::new("a.py", code);
        let limits = bartizan_core::Limits::default();
        let proposals = crate::examine(&text, &limits, &bartizan_core::MonotonicClock::start()).fixes;
        let safe =
            proposals.iter().map(|proposal| &proposal.fix).filter(|fix| fix.safety == crate::Safety::Safe);
        crate::apply(code, &safe.collect::<Vec<_>>()).0
    }

    #[test]
    fn a_value_that_is_given_is_replaced_and_what_pytorch_would_refuse_is_not_mended() {
        for (before, after) in [
            ("torch.load('a')", "torch.load('a', weights_only=True)"),
            ("torch.load('a', weights_only=None)", "torch.load('a', weights_only=True)"),
            (
                "torch.load('a', None, None, weights_only=None)",
                "torch.load('a', None, None, weights_only=True)",
            ),
            (
                "torch.load('a', None, weights_only=None, mmap=True)",
                "torch.load('a', None, weights_only=True, mmap=True)",
            ),
            // With a pickle module, PyTorch takes no `weights_only=True`.
            ("torch.load('a', pickle_module=dill)", "torch.load('a', pickle_module=dill)"),
            ("torch.load('a', None, dill)", "torch.load('a', None, dill)"),
            ("torch.load('a', pickle_module=None)", "torch.load('a', pickle_module=None, weights_only=True)"),
            // Given once more, it would be given twice.
            ("torch.load('a', **{'weights_only': None})", "torch.load('a', **{'weights_only': None})"),
        ] {
            assert_eq!(mended(&format!("import torch\n{before}\n")), format!("import torch\n{after}\n"));
        }
    }

    #[test]
    fn a_file_of_an_adapter_that_can_run_code_is_told_from_one_that_cannot() {
        let found = |file: &str| {
            severities(
                &format!("pipe.load_lora_weights('acme/lora', weight_name='{file}')"),
                "pipeline/unsafe-model-format",
            )
        };
        assert_eq!((found("lora.bin"), found("lora.pkl")), (vec![Low], vec![Medium]));
        assert_eq!(found("lora.safetensors"), []);
    }

    #[test]
    fn data_from_outside_is_worse_and_what_the_code_wrote_itself_is_mild() {
        assert_eq!(
            graded("import pickle, requests\npickle.loads(requests.get('https://x.example').content)"),
            [Critical]
        );
        assert_eq!(graded("import pickle\npickle.loads(pickle.dumps(x))"), []);
        assert_eq!(graded("import joblib\njoblib.dump(m, 'a.joblib')\njoblib.load('a.joblib')"), [Low]);
    }

    #[test]
    fn safe_options_are_silent() {
        for code in [
            "import numpy as np\nnp.load('a.npy')",
            "import keras\nkeras.models.load_model('m.keras')",
            "import skops.io as sio\nsio.load('m', trusted=['a.B'])",
            "import json\njson.load(f)",
            "import pickle\nclass Safe(pickle.Unpickler):\n    def find_class(self, m, n):\n        raise ValueError\nSafe(f).load()",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
        assert_eq!(
            graded("from tensorflow import keras\nkeras.models.load_model('m', safe_mode=False)"),
            [High]
        );
        assert_eq!(graded("import keras\nkeras.config.enable_unsafe_deserialization()"), [High]);
    }

    #[test]
    fn what_unpickles_messages_of_others_is_found_wherever_it_is_chosen() {
        for (code, severity) in [
            (
                "from kafka import KafkaConsumer\nimport pickle\nKafkaConsumer('t', value_deserializer=pickle.loads)",
                High,
            ),
            ("SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'", High),
            (
                "from multiprocessing.connection import Listener\nc = Listener(('0.0.0.0', 6000)).accept()\nc.recv()",
                Medium,
            ),
            (
                "import rpyc\nfrom rpyc.utils.server import ThreadedServer\nThreadedServer(rpyc.SlaveService, port=1)",
                High,
            ),
            (
                "import pickle\nclass S:\n    def Predict(self, request, context):\n        return pickle.loads(request.payload)",
                Critical,
            ),
        ] {
            assert_eq!(graded(code), [severity], "{code}");
        }
        for code in [
            "from kafka import KafkaConsumer\nimport json\nKafkaConsumer('t', value_deserializer=json.loads)",
            "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'",
            "import rpyc\nfrom rpyc.utils.server import ThreadedServer\nThreadedServer(OwnService, port=1)",
            "def take(q):\n    return q.recv()",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
