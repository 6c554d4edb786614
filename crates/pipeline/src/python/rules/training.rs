//! Training that cannot be repeated; and what is published afterwards.

use crate::python::call::Call;
use crate::python::module::{Module, Report};
use crate::python::value::{Known, Value};
use crate::rules::UNVERIFIED_PROMOTION;
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// A script that trains a model and sets no seed anywhere; a split, shuffle or model of scikit-learn without
    /// `random_state` where no global seed is set; cuDNN's benchmark mode, determinism switched off, and a seed drawn from
    /// the clock or the system.
    /// ## Why it matters
    /// A training that cannot be repeated cannot be compared: neither a tampered model nor a planted row shows.
    /// ## Example
    /// A script that calls `trainer.train()` and never `set_seed`.
    /// ## How to fix
    /// Set one seed at the top (`transformers.set_seed`, `torch.manual_seed`, `random_state=`), record it with the run.
    /// ## References
    /// - <https://docs.pytorch.org/docs/stable/notes/randomness.html>
    pub const NONDETERMINISTIC_TRAINING: Rule = Rule {
        id: "pipeline/nondeterministic-training",
        title: "a training that cannot be repeated",
        severity: Severity::Low,
        remedy: "Set one seed before the data is split and the model is made, and record it with the run.",
        taxonomies: &[cwe(330), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A model or file published (`push_to_hub`, `upload_file`, `log_model`, `register_model`) by code that signs nothing: medium under a
    /// name that stands in the code, by which others load it; low where the caller says whether and where, and for the records of a run.
    /// ## Why it matters
    /// Who loads it cannot tell yours from one that someone put in its place.
    /// ## Example
    /// `model.push_to_hub("acme/net")`
    /// ## How to fix
    /// Sign the folder before it is published: `bartizan sign`.
    /// ## References
    /// - <https://openssf.org/projects/model-signing/>
    pub const UNSIGNED_PUBLICATION: Rule = Rule {
        id: "pipeline/unsigned-publication",
        title: "a model published without a signature",
        severity: Severity::Low,
        remedy: "Sign the model's folder before it is published, with `bartizan sign` or model-signing.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(345), cwe(353), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&NONDETERMINISTIC_TRAINING, &UNSIGNED_PUBLICATION];

/// Notes what `call` says about the training.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    randomness(call, module);
    publication(call, module);
    written(call, module);
}

/// Judges the whole.
pub(in crate::python) fn conclude(module: &mut Module) {
    let facts = &mut module.facts;
    if let Some(span) = facts.trains.clone().filter(|_| !facts.seeds) {
        let finding =
            Finding::new(&NONDETERMINISTIC_TRAINING, "a model is trained, and no seed is set in this code")
                .confidence(Confidence::Medium);
        module.reports.push(Report { span, finding, fix: None });
    }
    if let Some(span) = facts.benchmark.take() {
        let message = if facts.deterministic {
            "cuDNN's benchmark mode chooses algorithms by timing, though determinism is asked for"
        } else {
            "cuDNN's benchmark mode chooses algorithms by timing"
        };
        module.reports.push(Report {
            span,
            finding: Finding::new(&NONDETERMINISTIC_TRAINING, message),
            fix: None,
        });
    }
    for (span, what) in std::mem::take(&mut facts.unseeded) {
        if facts.seeds_all {
            break;
        }
        let message = format!("`{what}` draws random numbers that nobody seeds");
        let finding = Finding::new(&NONDETERMINISTIC_TRAINING, message).confidence(Confidence::Medium);
        module.reports.push(Report { span, finding, fix: None });
    }
    if !(module.facts.signs || module.facts.hashes || module.facts.evaluates) {
        let promotes = std::mem::take(&mut module.facts.promotes);
        module.reports.extend(promotes);
    }
    if module.facts.signs {
        module.reports.retain(|report| report.finding.rule.id != UNSIGNED_PUBLICATION.id);
    }
}

fn randomness(call: &Call<'_>, module: &mut Module) {
    let path = call.path.as_ref();
    let name = call.name();
    if unsettled(call, module) {
        return;
    }
    let all = matches!(
        name,
        "manual_seed" | "set_seed" | "seed_everything" | "set_random_seed" | "seed" | "fix_seed" | "seed_all"
    ) && !path.starts_with("set:")
        || name.starts_with("seed_")
        || name.starts_with("set_seed")
        || name.ends_with("_seed") && name.starts_with("set")
        || call.path.starts_with("@local") && call.spelling.contains("seed");
    if all && (!path.starts_with("torch.") || path.starts_with("torch.manual_seed")) {
        module.facts.seeds_all = true;
    }
    draws(call, module);
    let seeds = matches!(
        name,
        "manual_seed"
            | "set_seed"
            | "seed_everything"
            | "set_random_seed"
            | "manual_seed_all"
            | "seed"
            | "PRNGKey"
            | "default_rng"
            | "RandomState"
            | "key"
    ) && !path.starts_with("set:")
        && (name != "key" || call.is_of("jax"))
        || call.any_keyword(&["random_state", "seed", "random_seed", "data_seed", "global_seed"]).is_some()
        || name.starts_with("seed_")
        || name.starts_with("set_seed")
        || name.ends_with("_seed") && name.starts_with("set")
        || call.path.starts_with("@local") && call.spelling.contains("seed");
    if seeds {
        module.facts.seeds = true;
    }
    match path {
        "set:torch.backends.cudnn.benchmark"
            if call.positional.first().and_then(|given| given.value.truth()) == Some(true) =>
        {
            module.facts.benchmark = Some(call.span.clone());
        }
        "set:torch.backends.cudnn.deterministic"
            if call.positional.first().and_then(|given| given.value.truth()) == Some(true) =>
        {
            module.facts.deterministic = true;
        }
        "torch.use_deterministic_algorithms" | "tensorflow.config.experimental.enable_op_determinism" => {
            module.facts.deterministic = true;
        }
        _ => {}
    }
    let trains = match name {
        "train" => {
            call.is_of("transformers")
                || call.is_of("trl")
                || path == "xgboost.train"
                || path == "lightgbm.train"
                || call.is_of("ultralytics")
        }
        "fit" => {
            matches!(call.package(), "keras" | "lightning" | "pytorch_lightning" | "tensorflow")
                || call.is_of("lightning.pytorch")
        }
        "backward" => path.starts_with("torch") || call.spelling.ends_with("loss.backward"),
        _ => false,
    };
    if trains && module.facts.trains.is_none() {
        module.facts.trains = Some(call.span.clone());
    }
}

/// Whether what a call gives is drawn anew for each run: the clock, the system's or an unseeded generator's numbers.
fn changes(call: &str) -> bool {
    ["time.time", "urandom", "random.randint", "random.getrandbits", "getpid"]
        .iter()
        .any(|part| call.contains(part))
}

/// Judges what a seed is kept as.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let kept = name.len() <= 16 && name.to_ascii_lowercase().ends_with("seed");
    if kept && value.as_path().is_some_and(|path| changes(path)) {
        let message = format!("`{name}` is drawn anew for each run");
        module.report(span, Finding::new(&NONDETERMINISTIC_TRAINING, message).confidence(Confidence::Medium));
    }
}

/// Reports what makes a run differ from the last on purpose; `true` when it does.
fn unsettled(call: &Call<'_>, module: &mut Module) -> bool {
    let off = |place: usize, name: &str| {
        call.argument(place, name)
            .is_some_and(|given| given.value.known != Known::Null && given.value.truth() == Some(false))
    };
    let drawn = |place: usize| {
        call.positional.get(place).is_some_and(|seed| {
            changes(seed.written) || seed.value.as_path().is_some_and(|path| changes(path))
        })
    };
    let lightning = matches!(call.package(), "lightning" | "pytorch_lightning") && call.name() == "Trainer";
    let message = match call.path.as_ref() {
        _ if lightning && call.is_false("deterministic") => "deterministic algorithms are switched off",
        _ if lightning && call.is_true("benchmark") => "cuDNN's benchmark mode chooses algorithms by timing",
        "torch.use_deterministic_algorithms" if off(0, "mode") => "deterministic algorithms are switched off",
        "set:torch.backends.cudnn.deterministic" if off(0, "") => {
            "cuDNN's deterministic algorithms are switched off"
        }
        "set:os.environ" | "os.environ.setdefault" | "os.putenv"
            if call.positional.first().and_then(|name| name.value.as_text())
                == Some("TF_DETERMINISTIC_OPS")
                && call.positional.get(1).and_then(|value| value.value.as_text()) == Some("0") =>
        {
            "deterministic algorithms are switched off"
        }
        "torch.seed" => "`torch.seed` draws a new seed for each run",
        "random.seed" | "numpy.random.seed"
            if call.positional.is_empty() && call.named.is_empty() && !call.open =>
        {
            "a seed is drawn from the system for each run"
        }
        "random.seed"
        | "numpy.random.seed"
        | "torch.manual_seed"
        | "transformers.set_seed"
        | "tensorflow.random.set_seed"
        | "keras.utils.set_random_seed"
        | "lightning.seed_everything"
        | "pytorch_lightning.seed_everything"
        | "accelerate.utils.set_seed"
        | "jax.random.PRNGKey"
        | "jax.random.key"
            if drawn(0) =>
        {
            "a seed is drawn from the clock or the system for each run"
        }
        _ => return false,
    };
    module.report(&call.span, Finding::new(&NONDETERMINISTIC_TRAINING, message));
    true
}

/// Splits, shuffles and models of scikit-learn that draw random numbers.
const DRAW: &[&str] = &[
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "AdaBoostClassifier",
    "BaggingClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "SGDClassifier",
    "SGDRegressor",
    "IsolationForest",
    "KMeans",
    "MiniBatchKMeans",
    "GaussianMixture",
    "RandomizedSearchCV",
    "ShuffleSplit",
    "StratifiedShuffleSplit",
];

/// Remembers the objects of scikit-learn that draw random numbers and are given no seed.
fn draws(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let folds = matches!(name, "KFold" | "StratifiedKFold" | "RepeatedKFold") && call.is_true("shuffle");
    let splits = name == "train_test_split" && !call.is_false("shuffle");
    let drawn =
        call.is_of("sklearn") && (DRAW.contains(&name) || folds || splits) && !call.path.contains("()");
    let loads = call.is_of("torch.utils.data")
        && (name == "DataLoader" && call.is_true("shuffle") || name == "random_split");
    let shuffles =
        matches!(call.path.as_ref(), "random.shuffle" | "numpy.random.shuffle" | "numpy.random.permutation");
    if (loads && call.keyword("generator").is_none() || shuffles)
        && !call.open
        && module.facts.unseeded.len() < MOST_UNSEEDED
    {
        module.facts.unseeded.push((call.span.clone(), name.to_owned()));
    }
    // All rows of a table in another order.
    let mixes = name == "sample"
        && call.keyword("frac").is_some_and(|part| {
            part.value.known == Known::Integer(1) || matches!(part.written, "1.0" | "1.")
        });
    let seeded = call.any_keyword(&["random_state", "seed"]).is_some();
    if mixes && !seeded && !call.open && module.facts.unseeded.len() < MOST_UNSEEDED {
        module.facts.unseeded.push((call.span.clone(), name.to_owned()));
    }
    let given = call.keyword("random_state").is_some_and(|seed| seed.value.known != Known::Null);
    if drawn && !given && !call.open && module.facts.unseeded.len() < MOST_UNSEEDED {
        module.facts.unseeded.push((call.span.clone(), name.to_owned()));
    }
}

/// Most objects remembered whose random numbers nobody seeds.
const MOST_UNSEEDED: usize = 64;

fn publication(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    // Source: Amazon SageMaker API reference, `UpdateModelPackage`.
    let approves = matches!(name, "update_model_package" | "create_model_package")
        && call.keyword("ModelApprovalStatus").and_then(|status| status.value.as_text()) == Some("Approved");
    let promotes =
        approves || matches!(name, "transition_model_version_stage" | "set_registered_model_alias");
    if name == "validate_evaluation_results" || call.is_of("mlflow") && name == "evaluate" {
        module.facts.evaluates = true;
    }
    if promotes && !call.path.starts_with("set:") {
        let finding = Finding::new(
            &UNVERIFIED_PROMOTION,
            format!("`{name}` promotes what nothing in this code verifies"),
        )
        .severity(if goes_live(call) { Severity::Medium } else { Severity::Low })
        .confidence(Confidence::Medium);
        let said = call.keyword("ModelApprovalStatus").map(|status| status.span.clone());
        let span = said.filter(|_| approves).unwrap_or_else(|| call.span.clone());
        module.facts.promotes.push(Report { span, finding, fix: None });
    }
    if call.is_of("model_signing")
        || call.is_of("sigstore")
        || call.name().starts_with("sign_")
        || name == "sign"
    {
        module.facts.signs = true;
    }
    let publishes = match name {
        "push_to_hub" | "push_to_hub_merged" | "push_to_hub_gguf" => true,
        // Pushes at the end of the training.
        "TrainingArguments" | "Seq2SeqTrainingArguments" | "SFTConfig" | "DPOConfig" | "GRPOConfig" => {
            call.is_true("push_to_hub")
        }
        "upload_file" | "upload_folder" | "upload_large_folder" | "create_commit" => {
            call.is_of("huggingface_hub")
        }
        "log_model" | "register_model" | "create_model_version" => {
            call.is_of("mlflow") || call.is_of("wandb") || call.package() == "bentoml"
        }
        "log_artifact" | "link_artifact" | "link_model" => call.is_of("wandb"),
        "upload" | "upload_model" => call.is_of("google.cloud.aiplatform"),
        "register" => call.is_of("sagemaker"),
        "upload_fileobj" | "put_object" | "upload_from_filename" | "upload_blob" => uploads_model(call),
        _ => false,
    } || name == "upload_file" && !call.is_of("huggingface_hub") && uploads_model(call);
    if publishes && !call.path.starts_with("set:") {
        let message = format!("`{name}` publishes what nothing in this code signs");
        // Under a name that stands in the code others load it; a library publishes where it is told to, and a run keeps records.
        let named =
            NAMED.iter().any(|name| call.keyword(name).is_some_and(|given| given.value.as_text().is_some()))
                || match name {
                    "push_to_hub" | "push_to_hub_merged" | "push_to_hub_gguf" | "create_model_version" => {
                        call.positional.first().is_some_and(|given| given.value.as_text().is_some())
                    }
                    "register_model" => {
                        call.positional.get(1).is_some_and(|given| given.value.as_text().is_some())
                    }
                    _ => false,
                };
        let other = call
            .keyword("repo_type")
            .is_some_and(|kind| kind.value.as_text().is_some_and(|kind| kind != "model"));
        let severity = if named && !other { Severity::Medium } else { Severity::Low };
        let finding = Finding::new(&UNSIGNED_PUBLICATION, message).severity(severity);
        module.report(&call.span, finding.confidence(Confidence::Medium));
    }
}

/// Arguments that say under which name something is published.
const NAMED: &[&str] = &["repo_id", "hub_model_id", "registered_model_name"];

/// Whether the stage that a model is moved to is the one that is served.
fn goes_live(call: &Call<'_>) -> bool {
    matches!(call.name(), "update_model_package" | "create_model_package")
        || call.name() == "transition_model_version_stage"
            && call
                .argument(2, "stage")
                .and_then(|stage| stage.value.as_text())
                .is_some_and(|stage| stage.eq_ignore_ascii_case("production"))
}

/// Whether what is uploaded to an object store is a model, by the ending of its name.
fn uploads_model(call: &Call<'_>) -> bool {
    const ENDS: &[&str] = &[
        ".safetensors",
        ".pt",
        ".pth",
        ".ckpt",
        ".pkl",
        ".pickle",
        ".joblib",
        ".onnx",
        ".keras",
        ".h5",
        ".gguf",
        ".tflite",
        ".mar",
        ".skops",
        ".bin",
        "model.tar.gz",
        "model.zip",
    ];
    call.arguments().any(|argument| {
        argument.value.texts().iter().any(|text| {
            let lower = text.to_ascii_lowercase();
            ENDS.iter().any(|end| lower.ends_with(end))
        })
    })
}

/// Remembers what the code writes itself: what it loads from there is its own.
fn written(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let saves = matches!(
        name,
        "save_pretrained"
            | "save_model"
            | "save"
            | "dump"
            | "makedirs"
            | "mkdir"
            | "to_pickle"
            | "save_to_disk"
            | "savez"
            | "save_checkpoint"
            | "save_weights"
            | "dumps"
            | "export"
            | "to_csv"
            | "to_parquet"
            | "write_gpickle"
            | "store"
            | "save_local"
            | "NamedTemporaryFile"
    );
    if saves {
        for argument in call.positional.iter().take(3).chain(call.keyword("filename")) {
            note(argument, module);
        }
    }
    for name in ["output_dir", "save_directory", "dirpath", "local_dir", "save_dir"] {
        if let Some(argument) = call.keyword(name) {
            note(argument, module);
        }
    }
}

fn note(argument: &crate::python::call::Argument<'_>, module: &mut Module) {
    if module.facts.written.len() >= MOST_WRITTEN {
        return;
    }
    if let Some(text) = argument.value.as_text() {
        module.facts.written.insert(text.to_owned());
    }
    if !argument.written.is_empty() && argument.written.len() < 200 {
        module.facts.written.insert(argument.written.to_owned());
    }
}

/// Most places remembered.
const MOST_WRITTEN: usize = 512;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn a_training_without_a_seed_is_found_once() {
        let graded = |code: &str| severities(code, "pipeline/nondeterministic-training");
        let code = "from transformers import Trainer\nt = Trainer(model)\nt.train()\nt.train()";
        assert_eq!(graded(code), [Low]);
        assert_eq!(graded(&format!("from transformers import set_seed\nset_seed(1)\n{code}")), []);
        assert_eq!(
            graded(
                "import torch\ntorch.use_deterministic_algorithms(True)\ntorch.backends.cudnn.benchmark = True"
            ),
            [Low]
        );
        assert_eq!(graded("import torch\ntorch.backends.cudnn.benchmark = True"), [Low]);
        assert_eq!(graded("import torch\ntorch.backends.cudnn.benchmark = False"), []);
        assert_eq!(graded("import torch\ntorch.use_deterministic_algorithms(False)"), [Low]);
        assert_eq!(graded("import random\nrandom.seed()"), [Low]);
        assert_eq!(graded("import random\nrandom.seed(7)"), []);
        assert_eq!(graded("import time\nSEED = int(time.time())"), [Low]);
        assert_eq!(graded("import jax, time\njax.random.PRNGKey(int(time.time()))"), [Low]);
        assert_eq!(graded("import time\nstarted = int(time.time())\nSEED = 7"), []);
        assert_eq!(graded("df = df.sample(frac=1)"), [Low]);
        assert_eq!(graded("df = df.sample(frac=1, random_state=7)\nx = df.sample(frac=0.1)"), []);
        let loader = "from torch.utils.data import DataLoader\nd = DataLoader(data, shuffle=True";
        assert_eq!(
            (graded(&format!("{loader})")), graded(&format!("{loader}, generator=g)"))),
            (vec![Low], vec![])
        );
        let split = "from sklearn.model_selection import train_test_split\na, b = train_test_split(X";
        assert_eq!(graded(&format!("{split})")), [Low]);
        assert_eq!(graded(&format!("{split}, random_state=1)")), []);
        assert_eq!(graded(&format!("import numpy as np\nnp.random.seed(0)\n{split})")), []);
    }

    #[test]
    fn publishing_is_silent_once_something_signs() {
        let graded = |code: &str| severities(code, "pipeline/unsigned-publication");
        assert_eq!(graded("model.push_to_hub('acme/net')"), [Medium]);
        for (code, severity) in [
            ("import mlflow\nmlflow.register_model('runs:/1/model', 'churn')", Medium),
            ("import mlflow\nmlflow.sklearn.log_model(m, 'm', registered_model_name='churn')", Medium),
            (
                "from huggingface_hub import HfApi\nHfApi().upload_folder(folder_path='m', repo_id='acme/net')",
                Medium,
            ),
            // Where it is told to, and what is kept of a run.
            ("def f(model, name):\n    model.push_to_hub(name)", Low),
            ("trainer.push_to_hub(**kwargs)", Low),
            (
                "from huggingface_hub import HfApi\nHfApi().upload_folder(folder_path='m', repo_id='acme/rows', repo_type='dataset')",
                Low,
            ),
            ("import mlflow\nmlflow.sklearn.log_model(m, 'm')", Low),
        ] {
            assert_eq!(graded(code), [severity], "{code}");
        }
        assert_eq!(
            graded("import model_signing\nmodel_signing.signing.sign('net')\nmodel.push_to_hub('acme/net')"),
            []
        );
    }
}
