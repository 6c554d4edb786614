//! What is looked for in code: one file for each subject. [`check`] asks them all about each call.

pub(super) mod agent;
pub(super) mod archive;
pub(super) mod channel;
pub(super) mod command;
pub(super) mod command_line;
pub(super) mod connection;
pub(super) mod container;
pub(super) mod deserialization;
pub(super) mod disclosure;
pub(super) mod environment;
pub(super) mod exposure;
pub(super) mod flow;
pub(super) mod leakage;
pub(super) mod mcp_client;
pub(super) mod native;
pub(super) mod orchestration;
pub(super) mod place;
pub(super) mod predictable;
pub(super) mod remote_code;
pub(super) mod remote_data;
pub(crate) mod secret;
pub(super) mod signing;
pub(super) mod sinks;
pub(super) mod steps;
pub(super) mod token;
pub(super) mod training;
pub(super) mod transport;
pub(super) mod unpinned;
pub(super) mod yaml;

use super::call::Call;
use super::module::Module;
use super::value::Taint;
use bartizan_core::Rule;

/// The checks, in the order in which they are asked.
#[rustfmt::skip] // one line each, so that additions merge
const CHECKS: &[fn(&Call<'_>, &mut Module)] = &[
    agent::check,
    archive::check,
    channel::check,
    container::check,
    deserialization::check,
    environment::check,
    exposure::check,
    leakage::check,
    mcp_client::check,
    native::check,
    orchestration::check,
    disclosure::check,
    place::check,
    predictable::check,
    remote_code::check,
    remote_data::check,
    secret::check,
    signing::check,
    sinks::check,
    steps::check,
    token::check,
    training::check,
    transport::check,
    unpinned::check,
    yaml::check,
];

/// Rules of each subject.
#[rustfmt::skip] // one line each, so that additions merge
pub(super) static RULES: &[&[&Rule]] = &[
    agent::RULES,
    archive::RULES,
    channel::RULES,
    command::RULES,
    container::RULES,
    deserialization::RULES,
    environment::RULES,
    exposure::RULES,
    flow::RULES,
    leakage::RULES,
    mcp_client::RULES,
    native::RULES,
    orchestration::RULES,
    disclosure::RULES,
    place::RULES,
    command_line::RULES,
    predictable::RULES,
    remote_code::RULES,
    secret::RULES,
    token::RULES,
    steps::RULES,
    training::RULES,
    transport::RULES,
    unpinned::RULES,
    yaml::RULES,
];

/// Asks every subject about `call`.
pub(super) fn check(call: &Call<'_>, module: &mut Module) {
    for check in CHECKS {
        check(call, module);
    }
}

/// Names that `from module import *` binds and the rules ask for.
pub(super) fn star_names(module: &str) -> &'static [&'static str] {
    match module {
        "pickle" | "cPickle" | "dill" | "cloudpickle" => &["load", "loads", "Unpickler"],
        "marshal" | "joblib" => &["load", "loads"],
        "os" => &["system", "popen", "environ", "getenv"],
        "subprocess" => &["run", "call", "Popen", "check_call", "check_output"],
        "torch" => &["load", "hub"],
        "transformers" => &[
            "pipeline",
            "AutoConfig",
            "AutoModel",
            "AutoTokenizer",
            "AutoProcessor",
            "AutoModelForCausalLM",
            "AutoModelForSequenceClassification",
            "AutoModelForSeq2SeqLM",
            "Trainer",
            "TrainingArguments",
        ],
        "keras.models" | "tensorflow.keras.models" => &["load_model", "model_from_json"],
        "shelve" => &["open"],
        "yaml" => &["load", "load_all", "Loader", "UnsafeLoader", "FullLoader", "SafeLoader", "unsafe_load"],
        "requests" | "httpx" => &["get", "post", "request"],
        "urllib.request" => &["urlopen", "urlretrieve"],
        "flask" => &["Flask", "request", "render_template_string"],
        "fastapi" => &["FastAPI", "Request"],
        "huggingface_hub" => &["hf_hub_download", "snapshot_download", "login"],
        "datasets" => &["load_dataset"],
        "numpy" => &["load"],
        "pandas" => &["read_pickle", "read_csv"],
        "fastai.vision.all" | "fastai.basics" | "fastai.text.all" => &["load_learner"],
        _ => &[],
    }
}

/// Whether a function decorated by `path` is a task of Airflow.
pub(super) fn is_task(path: &str) -> bool {
    path.strip_prefix("airflow.").is_some_and(|rest| {
        rest.rsplit('.').next() == Some("task")
            || rest.contains(".task.")
            || rest == "task"
            || rest.starts_with("task.")
    })
}

/// Whether Airflow hands what a run was started with to a parameter called `name`.
pub(super) fn names_run(name: &str) -> bool {
    matches!(name, "context" | "kwargs" | "ctx" | "dag_run" | "params" | "conf")
}

/// Whose word the parameters of a function are that is decorated by what lies at `path`.
pub(super) fn given_by_decorator(path: &str) -> Taint {
    let name = path.rsplit('.').next().unwrap_or(path);
    let package = path.split('.').next().unwrap_or(path);
    let web =
        matches!(package, "flask" | "fastapi" | "starlette" | "quart" | "sanic" | "bottle" | "litestar")
            || path.starts_with("?.");
    match name {
        "tool"
        | "function_tool"
        | "kernel_function"
        | "ai_function"
        | "tool_plain"
        | "register_for_execution"
        | "register_for_llm" => Taint::MODEL,
        // Calls of a client's model, as the server of tools gets them.
        "call_tool" | "read_resource" | "resource" if matches!(package, "mcp" | "fastmcp") => Taint::MODEL,
        // What whoever starts the run gives it.
        "flow" if package == "prefect" => Taint::OPERATOR,
        "workflow" | "task" if package == "flytekit" => Taint::OPERATOR,
        "asset" | "op" if package == "dagster" => Taint::OPERATOR,
        "component" | "container_component" | "pipeline" if matches!(package, "kfp" | "zenml") => {
            Taint::OPERATOR
        }
        "bash" if package == "airflow" => Taint::OPERATOR,
        // What the program is started with.
        "command" if matches!(package, "click" | "typer" | "fire") => Taint::OPERATOR,
        "on_message" | "message_handler" | "on_chat_message" => Taint::REQUEST,
        // Whoever writes in a chat.
        "event" | "message" | "command" | "action" | "shortcut" | "view" | "options" | "function"
            if package == "slack_bolt" =>
        {
            Taint::REQUEST
        }
        "command" | "event" | "hybrid_command" | "slash_command"
            if matches!(package, "discord" | "nextcord" | "disnake") =>
        {
            Taint::REQUEST
        }
        "message" | "callback_query" if package == "aiogram" => Taint::REQUEST,
        "subscriber" if package == "faststream" => Taint::NETWORK,
        "prompt" | "completion" if matches!(package, "mcp" | "fastmcp") => Taint::MODEL,
        "api" if package == "bentoml" => Taint::REQUEST,
        "fastapi_endpoint" | "web_endpoint" if package == "modal" => Taint::REQUEST,
        "route" | "post" | "websocket" | "put" | "patch" | "delete" | "get"
            if web && (name != "get" || path.contains("()")) =>
        {
            Taint::REQUEST
        }
        _ => Taint::default(),
    }
}

/// Whether what a function gives back that is decorated by what lies at `path` is a page: a text is one there.
pub(super) fn shows_page(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    ["flask.", "quart.", "bottle."].iter().any(|package| path.starts_with(package))
        && matches!(name, "route" | "get" | "post" | "put" | "patch" | "delete" | "errorhandler")
}

/// Whose word the parameters of the method `method` are in a class derived from what lies at `base`.
pub(super) fn given_by_base(base: &str, method: &str) -> Taint {
    let name = base.rsplit('.').next().unwrap_or(base);
    match (name, method) {
        (
            "BaseTool" | "Tool" | "StructuredTool" | "FunctionTool",
            "_run" | "_arun" | "run" | "forward" | "__call__" | "call",
        ) => Taint::MODEL,
        // Handlers of model servers: what their callers send.
        ("Model", "predict" | "preprocess" | "explain") if base.starts_with("kserve.") => Taint::REQUEST,
        ("BaseHandler" | "VisionHandler" | "TextHandler", "preprocess" | "handle" | "inference") => {
            Taint::REQUEST
        }
        ("BasePredictor", "predict") if base.starts_with("cog.") => Taint::REQUEST,
        ("LitAPI", "predict" | "decode_request") => Taint::REQUEST,
        ("PythonModel", "predict") if base.starts_with("mlflow.") => Taint::REQUEST,
        _ => Taint::default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    /// What a finding says of an argument that is written stands there; what is missing, at the call.
    #[test]
    fn what_an_argument_says_is_shown_at_the_argument() {
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        for (code, line, rule) in [
            (format!("from transformers import A\nA.from_pretrained(\n    'a/b',\n    revision='{commit}',\n    trust_remote_code=True,\n)"), 5, "remote-code"),
            ("from transformers import A\nA.from_pretrained(\n    'a/b',\n    revision='main',\n)".to_owned(), 4, "unpinned-model"),
            ("from transformers import A\nA.from_pretrained(\n    'a/b',\n    use_safetensors=True,\n)".to_owned(), 2, "unpinned-model"),
            ("import requests\nrequests.get(\n    url,\n    verify=False,\n)".to_owned(), 4, "tls-disabled"),
            ("import gradio\ngradio.Interface(f).launch(\n    debug=False,\n    share=True,\n)".to_owned(), 4, "exposed-service"),
            ("from kfp import dsl\n@dsl.component(\n    base_image='python@sha256:00',\n    packages_to_install=['torch'],\n)\ndef f():\n    pass".to_owned(), 4, "unpinned-package"),
            ("from airflow.operators.bash import BashOperator\nBashOperator(\n    task_id='a',\n    bash_command='echo {{ dag_run.conf[0] }}',\n)".to_owned(), 4, "template-injection"),
        ] {
            assert_eq!(lines("a.py", &code), [(line, rule)], "{code}");
        }
    }
}
