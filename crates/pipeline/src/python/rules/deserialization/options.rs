//! Loaders that are safe until an option, the kind of the file, or where it comes from says otherwise.

use super::{UNSAFE_DESERIALIZATION, loads, shown};
use crate::Safety;
use crate::python::call::Call;
use crate::python::module::{Module, SinkKind, edit};
use crate::python::value::{Known, Taint};
use crate::rules::UNSAFE_MODEL_FORMAT;
use bartizan_core::{Confidence, Finding, Severity};

/// Loaders that are safe until an option says otherwise.
pub(super) fn by_option(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let high = |message: &str| Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High);
    match name {
        "load_model"
        | "model_from_json"
        | "model_from_config"
        | "deserialize_keras_object"
        | "clone_model"
        | "from_config"
        | "deserialize"
            if call.is_of("keras") =>
        {
            module.judged.insert(call.span.start);
            if call.is_false("safe_mode") {
                let fix = call
                    .giving("safe_mode", "True")
                    .and_then(|given| edit(given, Safety::Unsafe, "load with `safe_mode=True`"));
                module.report_fixable(
                    &call.span,
                    high("`safe_mode=False` lets a Keras file run code of its own layers")
                        .remedy("Load with `safe_mode=True` and register the custom layers by name."),
                    fix,
                );
            } else if name == "load_model" && is_legacy_keras(call) {
                let message = "a Keras model in HDF5 runs the code of its Lambda layers before Keras 3.11.3";
                module.report(
                    &call.span,
                    Finding::new(&UNSAFE_DESERIALIZATION, message)
                        .confidence(Confidence::Medium)
                        .remedy("Save the model again as `.keras` and load it with `safe_mode=True`."),
                );
            }
            // A description of a model names layers by their code, a path the file that does.
            if let Some(model) = call.arguments().next().filter(|_| name != "clone_model") {
                module.sink(SinkKind::Layers, &call.span, call.spelling, &model.value);
            }
        }
        "model_from_yaml" if call.is_of("keras") => {
            module.judged.insert(call.span.start);
            let message =
                "`model_from_yaml` makes any object the text names before TensorFlow 2.6 (CVE-2021-37678)";
            let finding = Finding::new(&UNSAFE_DESERIALIZATION, message);
            module.report(&call.span, finding.remedy("Keep the model's configuration as JSON."));
        }
        "enable_unsafe_deserialization" if call.is_of("keras") => {
            module.judged.insert(call.span.start);
            module.report(
                &call.span,
                high("every Keras file the process loads may run code")
                    .remedy("Remove the call; register custom layers by name."),
            );
        }
        "load_model" if call.is_of("mlflow") => of_run(call, module),
        "load" | "loads" if call.is_of("skops.io") => {
            module.judged.insert(call.span.start);
            let trusted = call.argument(1, "trusted");
            let blind = trusted.is_some_and(|trusted| {
                trusted.value.truth() == Some(true) && !matches!(trusted.value.known, Known::Items(_))
                    || trusted.value.as_path().is_some_and(|path| path.contains("get_untrusted_types"))
            });
            if blind {
                module.report(&call.span, high("skops is told to trust every type the file names"));
            }
        }
        "hf_hub_download"
        | "from_single_file"
        | "cached_download"
        | "load_lora_weights"
        | "load_textual_inversion" => unsafe_file(call, module),
        "load_from_checkpoint" if !call.is_true("weights_only") && !call.open => {
            module.judged.insert(call.span.start);
            let message = "a Lightning checkpoint is loaded with pickle";
            module.report(
                &call.span,
                Finding::new(&UNSAFE_DESERIALIZATION, message)
                    .severity(if call.is_false("weights_only") { Severity::High } else { Severity::Medium })
                    .confidence(Confidence::Medium)
                    .remedy("Pass `weights_only=True`, or load the weights from safetensors."),
            );
        }
        _ => {}
    }
    if call.is_true("allow_dangerous_deserialization") {
        let span = call.keyword("allow_dangerous_deserialization").map(|argument| argument.span.clone());
        module.report(
            &span.map_or(call.span.clone(), |_| call.span.clone()),
            high("`allow_dangerous_deserialization=True` unpickles the index"),
        );
    }
    // Source: vLLM documentation, "Engine arguments": `pt` loads the `.bin` files of a repository.
    if call.is_of("vllm")
        && let Some(format) =
            call.keyword("load_format").filter(|format| format.value.as_text() == Some("pt"))
    {
        let finding = Finding::new(&UNSAFE_DESERIALIZATION, "`load_format=\"pt\"` takes the pickled weights");
        module.report(&format.span, finding.remedy("Use `load_format=\"safetensors\"`."));
    }
    // Source: DSPy documentation, "Saving and loading": a `.pkl` file of a program is unpickled, one of JSON is not.
    let pickled = call.argument(0, "path").and_then(|path| path.value.as_pieces());
    if call.is_of("dspy")
        && name == "load"
        && call.keyword("allow_pickle").is_none()
        && pickled.is_some_and(|path| matches!(path.rsplit('.').next(), Some("pkl" | "pickle")))
    {
        loads(call, module, "DSPy unpickles a program that is kept in such a file", Confidence::Medium);
    }
    // A loader of any library that says so itself.
    if call.is_true("allow_pickle") && name.starts_with("load") {
        loads(call, module, "`allow_pickle=True` unpickles what is loaded", Confidence::Medium);
    }
    let written = ["save_safetensors", "safe_serialization"].into_iter().find(|switch| call.is_false(switch));
    if let Some((switch, given)) = written.and_then(|switch| Some((switch, call.keyword(switch)?))) {
        let message =
            format!("`{switch}=False` writes the weights as a pickle, which runs code where it is loaded");
        let fix = edit((given.span.clone(), format!("{switch}=True")), Safety::Unsafe, "write safetensors")
            .filter(|_| given.written == "False");
        let finding = Finding::new(&UNSAFE_MODEL_FORMAT, message).severity(Severity::Low);
        module.report_fixable(&given.span, finding, fix);
    }
    if name == "from_pretrained" && call.is_false("use_safetensors") {
        let fix = call
            .giving("use_safetensors", "True")
            .and_then(|given| edit(given, Safety::Unsafe, "load safetensors only"));
        let message = "`use_safetensors=False` loads pickled weights where safe ones may exist";
        let span = call.keyword("use_safetensors").map_or(&call.span, |given| &given.span);
        module.report_fixable(span, Finding::new(&UNSAFE_DESERIALIZATION, message), fix);
    }
    if call.keyword("weights_only").is_some()
        && call.is_false("weights_only")
        && name == "load"
        && call.path.starts_with('?')
    {
        module.report(
            &call.span,
            high("`weights_only=False` unpickles the file").confidence(Confidence::Medium),
        );
    }
}

/// A model that MLflow takes from a run: what some run wrote, before anybody registered or looked at it. Most flavours unpickle.
fn of_run(call: &Call<'_>, module: &mut Module) {
    const PICKLED: &[&str] =
        &["sklearn", "pyfunc", "pytorch", "statsmodels", "fastai", "sktime", "pmdarima", "langchain"];
    let flavour = call.path.split('.').nth(1).unwrap_or_default();
    let Some(given) = call.argument(0, "model_uri").filter(|_| PICKLED.contains(&flavour)) else { return };
    let (uri, taint) = (given.value.as_pieces(), given.value.all_taint());
    let outside = super::super::flow::outside(taint);
    if outside || taint.has(Taint::TRIGGER) {
        let message = format!("`{}` unpickles the model that {} names", shown(call), taint.describe());
        let severity = if outside { Severity::High } else { Severity::Medium };
        let finding = Finding::new(&UNSAFE_DESERIALIZATION, message).severity(severity);
        module.report(
            &call.span,
            finding
                .confidence(Confidence::Medium)
                .remedy("Choose from a list of registered versions (`models:/name/7`) that were scanned."),
        );
        return;
    }
    if PICKLED.contains(&flavour) && uri.is_some_and(|uri| uri.starts_with("runs:/")) {
        let message = format!("`{}` unpickles what a run wrote, which no registry vouches for", shown(call));
        let finding = Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::Low);
        module.report(
            &call.span,
            finding.confidence(Confidence::Medium).remedy(
                "Load a registered version (`models:/name/7`) that was scanned, or a format without code.",
            ),
        );
    }
}

/// A file fetched in a format that can run code when it is loaded.
fn unsafe_file(call: &Call<'_>, module: &mut Module) {
    let place = usize::from(call.name() != "from_single_file");
    let names = ["filename", "weight_name", "pretrained_model_link_or_path"];
    let given = call.any_keyword(&names).or_else(|| call.positional.get(place));
    let Some(file) = given.and_then(|file| file.value.as_pieces()).map(str::to_ascii_lowercase) else {
        return;
    };
    let severity = match file.rsplit('.').next() {
        Some("pkl" | "pickle" | "joblib" | "dill") => Severity::Medium,
        Some("ckpt" | "pt" | "pth" | "bin") => Severity::Low,
        _ => return,
    };
    let shown = bartizan_core::printable(&file, 80);
    let finding = Finding::new(
        &UNSAFE_MODEL_FORMAT,
        format!("`{shown}` is of a format that can run code when it is loaded"),
    );
    module.report(
        &call.span,
        finding
            .severity(severity)
            .confidence(Confidence::Medium)
            .remedy("Fetch the safetensors file of the same model."),
    );
}

/// Whether the file is one of Keras' older format, in which `safe_mode` was not heeded (CVE-2025-9905).
fn is_legacy_keras(call: &Call<'_>) -> bool {
    let file = call.argument(0, "filepath").and_then(|file| file.value.as_pieces()).unwrap_or_default();
    [".h5", ".hdf5"].iter().any(|end| file.to_ascii_lowercase().ends_with(end))
}
