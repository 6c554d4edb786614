//! Training that cannot be repeated, or that has seen its test data; and what is published afterwards.

use crate::python::call::Call;
use crate::python::module::{Module, Report};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A script that trains a model and sets no seed anywhere, or asks for determinism and for cuDNN's benchmark mode at the
    /// same time.
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
    /// A transformation or model fitted on what is the test set by its name; a scaler, encoder or vectoriser fitted before the
    /// data is split.
    /// ## Why it matters
    /// The measured quality is not the real one: a backdoor or a bad model passes its gate.
    /// ## Example
    /// `scaler.fit_transform(X)` before `train_test_split(X, y)`
    /// ## How to fix
    /// Split first; fit on the training part only; use a `Pipeline`.
    /// ## References
    /// - <https://scikit-learn.org/stable/common_pitfalls.html>
    pub const TEST_DATA_LEAKAGE: Rule = Rule {
        id: "pipeline/test-data-leakage",
        title: "a training that has seen its test data",
        severity: Severity::Low,
        remedy: "Split first, and fit every transformation on the training part only.",
        taxonomies: &[cwe(1426), owasp_ml("ML08")],
    };

    /// ## What it finds
    /// A model or file published (`push_to_hub`, `upload_file`, `log_model`, `register_model`) by code that signs nothing.
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
pub(in crate::python) const RULES: &[&Rule] =
    &[&NONDETERMINISTIC_TRAINING, &TEST_DATA_LEAKAGE, &UNSIGNED_PUBLICATION];

/// Notes what `call` says about the training.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    randomness(call, module);
    leakage(call, module);
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
    if let Some(span) = facts.benchmark.take().filter(|_| facts.deterministic) {
        let message = "cuDNN's benchmark mode chooses algorithms by timing, though determinism is asked for";
        module.reports.push(Report {
            span,
            finding: Finding::new(&NONDETERMINISTIC_TRAINING, message),
            fix: None,
        });
    }
    if let Some(split) = facts.split {
        for (span, what, data) in std::mem::take(&mut facts.fits) {
            if span.start < split && !data.is_empty() {
                let message = format!("`{what}` learns from `{data}` before it is split");
                let finding = Finding::new(&TEST_DATA_LEAKAGE, message).confidence(Confidence::Medium);
                module.reports.push(Report { span, finding, fix: None });
            }
        }
    }
    if module.facts.signs {
        module.reports.retain(|report| report.finding.rule.id != UNSIGNED_PUBLICATION.id);
    }
}

fn randomness(call: &Call<'_>, module: &mut Module) {
    let path = call.path.as_ref();
    let name = call.name();
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

/// Transformations that learn from the data they are fitted on.
const LEARNS: &[&str] = &[
    "StandardScaler",
    "MinMaxScaler",
    "RobustScaler",
    "MaxAbsScaler",
    "Normalizer",
    "PCA",
    "TruncatedSVD",
    "TfidfVectorizer",
    "CountVectorizer",
    "SimpleImputer",
    "KNNImputer",
    "SelectKBest",
    "OneHotEncoder",
    "OrdinalEncoder",
    "TargetEncoder",
    "QuantileTransformer",
    "PowerTransformer",
    "SMOTE",
    "RandomOverSampler",
    "KBinsDiscretizer",
];

fn leakage(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    if name == "train_test_split" {
        let place = call.span.start;
        module.facts.split = Some(module.facts.split.map_or(place, |known| known.min(place)));
        // What is split is what must not have been learnt from.
        let split: Vec<String> = call.positional.iter().map(|argument| argument.written.to_owned()).collect();
        module.facts.fits.retain(|(span, _, data)| {
            let same = split.iter().any(|part| {
                part == data || part.starts_with(&format!("{data}_")) || data.contains(part.as_str())
            });
            span.start > place
                || same
                || split.iter().any(|part| part.contains("scaled") || part.contains("norm"))
        });
        return;
    }
    if !matches!(name, "fit" | "fit_transform" | "fit_resample" | "partial_fit" | "fit_predict") {
        return;
    }
    let Some(data) = call.positional.first() else { return };
    let written = data.written.trim();
    let lower = written.to_ascii_lowercase();
    let test = [
        "test",
        "x_test",
        "test_x",
        "xtest",
        "test_data",
        "test_set",
        "test_df",
        "df_test",
        "x_te",
        "test_features",
        "test_texts",
        "test_dataset",
        "test_ds",
    ]
    .contains(&lower.as_str())
        || lower.starts_with("x_test");
    let library = call.path.contains("sklearn")
        || call.path.contains("imblearn")
        || call.is_of("keras")
        || call.is_of("xgboost")
        || call.is_of("lightgbm")
        || call.path.starts_with('?');
    if test && library && written.len() < 40 {
        let message = format!("`{name}` learns from the test set `{written}`");
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message)
            .severity(if lower.contains("x_test") { Severity::Medium } else { Severity::Low })
            .confidence(Confidence::Medium);
        module.report(&call.span, finding);
        return;
    }
    let learns = LEARNS.iter().any(|class| call.path.contains(&format!(".{class}()")));
    if learns && written.len() < 40 {
        module.facts.fits.push((
            call.span.clone(),
            call.spelling.chars().take(60).collect(),
            written.to_owned(),
        ));
    }
}

fn publication(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    if call.is_of("model_signing")
        || call.is_of("sigstore")
        || call.name().starts_with("sign_")
        || name == "sign"
    {
        module.facts.signs = true;
    }
    let publishes = match name {
        "push_to_hub" | "push_to_hub_merged" | "push_to_hub_gguf" => true,
        "upload_file" | "upload_folder" | "upload_large_folder" | "create_commit" => {
            call.is_of("huggingface_hub")
        }
        "log_model" | "register_model" | "create_model_version" => {
            call.is_of("mlflow") || call.package() == "bentoml"
        }
        "log_artifact" => call.is_of("wandb"),
        _ => false,
    };
    if publishes && !call.path.starts_with("set:") {
        let message = format!("`{name}` publishes what nothing in this code signs");
        module
            .report(&call.span, Finding::new(&UNSIGNED_PUBLICATION, message).confidence(Confidence::Medium));
    }
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
        for argument in call.positional.iter().take(3) {
            note(argument, module);
        }
    }
    for name in ["output_dir", "save_directory", "dirpath", "local_dir", "save_dir", "filename"] {
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
        assert_eq!(graded("import torch\ntorch.backends.cudnn.benchmark = True"), []);
    }

    #[test]
    fn what_learns_before_the_split_or_from_the_test_set_is_found() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n{code}"
                ),
                "pipeline/test-data-leakage",
            )
        };
        assert_eq!(graded("X = StandardScaler().fit_transform(X)\na, b = train_test_split(X)"), [Low]);
        assert_eq!(graded("a, b = train_test_split(X)\ns = StandardScaler().fit(a)"), []);
        assert_eq!(graded("s = StandardScaler()\ns.fit_transform(X_test)"), [Medium]);
    }

    #[test]
    fn publishing_is_silent_once_something_signs() {
        let graded = |code: &str| severities(code, "pipeline/unsigned-publication");
        assert_eq!(graded("model.push_to_hub('acme/net')"), [Low]);
        assert_eq!(
            graded("import model_signing\nmodel_signing.signing.sign('net')\nmodel.push_to_hub('acme/net')"),
            []
        );
    }
}
