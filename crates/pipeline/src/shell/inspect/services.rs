//! Servers started on command lines, and files opened to everyone.

use super::Site;
use crate::Issue;
use crate::authentication::is_switched_off;
use crate::rules::{
    EXPOSED_SERVICE, HOST_ACCESS, INSECURE_TRANSPORT, NO_AUTHENTICATION, UNSAFE_MODEL_FORMAT, WORLD_WRITABLE,
};
use bartizan_core::{Confidence, Severity};

/// Programs that speak to servers: what they are told of logging in is about themselves.
const CLIENTS: &[&str] = &[
    "ansible",
    "aws",
    "az",
    "cargo",
    "conda",
    "curl",
    "docker",
    "gcloud",
    "gh",
    "git",
    "glab",
    "helm",
    "http",
    "huggingface-cli",
    "hf",
    "kubectl",
    "npm",
    "oras",
    "pip",
    "pip3",
    "pnpm",
    "podman",
    "poetry",
    "psql",
    "redis-cli",
    "rsync",
    "scp",
    "skopeo",
    "ssh",
    "twine",
    "uv",
    "wget",
    "yarn",
];

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let program = invocation.program.as_str();
    let all = |value: &str| matches!(value, "0.0.0.0" | "*" | "::" | "[::]");
    let listens = |options: &[&str]| invocation.values(options).into_iter().find(|(value, _)| all(value));
    let found = match program {
        "ray" if invocation.does(&["start"]) => listens(&["--dashboard-host"])
            .map(|found| (found, "the Ray dashboard, which runs jobs for whoever asks")),
        "mlflow" => listens(&["--host", "-h"]).map(|found| (found, "the tracking server")),
        "jupyter" | "jupyter-lab" | "jupyter-notebook" => {
            listens(&["--ip", "--ServerApp.ip", "--NotebookApp.ip"])
                .map(|found| (found, "the notebook server"))
        }
        "tensorboard" => listens(&["--host"]).map(|found| (found, "TensorBoard")),
        "dask" | "dask-scheduler" => listens(&["--host", "--dashboard-address"])
            .map(|found| (found, "the scheduler, which runs code for whoever asks")),
        "label-studio" | "airflow" | "prefect" => {
            listens(&["--host", "--hostname"]).map(|found| (found, "the interface"))
        }
        _ => None,
    };
    if let Some(((value, argument), what)) = found {
        let message = format!("{what} listens to everyone (`{value}`)");
        let issue = Issue::new(&EXPOSED_SERVICE, argument.word.span.clone(), message);
        // Ray has no authentication of its own, and runs what it is sent (CVE-2023-48022).
        let severity = if program == "ray" { Severity::High } else { EXPOSED_SERVICE.severity };
        issues.push(issue.severity(severity));
    }
    if program == "tensorboard"
        && let Some(option) = invocation.option(&["--bind_all", "--bind-all"])
    {
        issues.push(Issue::new(
            &EXPOSED_SERVICE,
            option.word.span.clone(),
            "TensorBoard listens to everyone",
        ));
    }
    model_servers(site, issues);
    model_options(site, issues);
    let opened = match program {
        "aws" => invocation.value(&["--acl"]).filter(|(value, _)| value.starts_with("public-read")),
        "gsutil" => invocation
            .value(&["-a"])
            .filter(|(value, _)| value.starts_with("public-read"))
            .or_else(|| invocation.value(&["-u"]).filter(|(value, _)| value.starts_with("AllUsers"))),
        "gcloud" => invocation.value(&["--member"]).filter(|(value, _)| *value == "allUsers"),
        "az" => {
            invocation.value(&["--public-access"]).filter(|(value, _)| matches!(*value, "blob" | "container"))
        }
        _ => None,
    };
    if let Some((value, argument)) = opened {
        let message = format!("everyone on the internet is let in (`{value}`)");
        issues.push(Issue::new(&EXPOSED_SERVICE, argument.word.span.clone(), message));
    }
    if matches!(program, "redis-server" | "valkey-server")
        && let Some((_, argument)) =
            invocation.value(&["--protected-mode"]).filter(|(value, _)| *value == "no")
        && invocation.option(&["--requirepass", "--aclfile", "--bind"]).is_none()
    {
        let message = "the store answers everyone who reaches it and asks for no password";
        issues.push(Issue::new(&NO_AUTHENTICATION, argument.word.span.clone(), message));
    }
    if program == "tritonserver"
        && let Some((mode, argument)) = invocation.value(&["--model-control-mode"])
        && matches!(mode, "explicit" | "poll")
        && invocation.value(&["--http-restricted-api", "--grpc-restricted-protocol"]).is_none()
    {
        let message = if mode == "explicit" {
            "who reaches the server may load models, with files of their own"
        } else {
            "what comes into the model repository is served at once"
        };
        issues.push(Issue::new(&EXPOSED_SERVICE, argument.word.span.clone(), message));
    }
    if program == "tritonserver"
        && let Some((_, argument)) =
            invocation.value(&["--grpc-use-ssl"]).filter(|(value, _)| matches!(*value, "false" | "0"))
    {
        let message = "the models are asked, and answer, without encryption";
        let issue = Issue::new(&INSECURE_TRANSPORT, argument.word.span.clone(), message);
        issues.push(issue.severity(Severity::Low));
    }
    for argument in &invocation.arguments {
        let (name, value) = argument.text.split_once('=').unwrap_or((argument.text, "?"));
        let value = value.trim_matches(['"', '\'']);
        let given = argument.text.contains('=').then_some(value);
        let open = match name.trim_start_matches('-') {
            "NotebookApp.token"
            | "ServerApp.token"
            | "IdentityProvider.token"
            | "NotebookApp.password"
            | "ServerApp.password" => value.is_empty(),
            "ServerApp.disable_check_xsrf" => value.eq_ignore_ascii_case("true"),
            // `pip --no-auth` and its like are about whom a client shows itself to.
            name => !CLIENTS.contains(&program) && is_switched_off(name, given),
        };
        if open && argument.is_option() {
            let message = format!("`{}` switches authentication off", argument.text);
            issues.push(Issue::new(&NO_AUTHENTICATION, argument.word.span.clone(), message));
        }
    }
    if program == "chmod" {
        let opens = invocation.arguments.iter().find(|argument| {
            matches!(
                argument.text,
                "777" | "0777" | "a+w" | "o+w" | "ugo+rwx" | "a+rwx" | "a+rwX" | "666" | "0666" | "o+rwx"
            )
        });
        if let Some(mode) = opens {
            let message = format!("`chmod {}` lets everyone change these files", mode.text);
            // A whole tree, with the code and models in it, is more than one file.
            let whole = invocation.option(&["-R", "--recursive"]).is_some();
            let severity = if whole { Severity::Medium } else { WORLD_WRITABLE.severity };
            issues.push(Issue::new(&WORLD_WRITABLE, site.span(), message).severity(severity));
        }
    }
}

/// What servers of models are told that opens the machine to a model's files or to those who ask: pickled weights, and every file as
/// a picture or a sound. Told by the options, whatever the entry point of an image is.
fn model_options(site: &Site<'_>, issues: &mut Vec<Issue>) {
    for (value, argument) in site.invocation.values(&["--load-format", "--load_format"]) {
        issues.extend(unpickles(value).map(|message| {
            Issue::new(&UNSAFE_MODEL_FORMAT, argument.word.span.clone(), message).severity(Severity::High)
        }));
    }
    for (value, argument) in
        site.invocation.values(&["--allowed-local-media-path", "--allowed_local_media_path"])
    {
        issues.extend(hands_out(value).map(|message| {
            Issue::new(&HOST_ACCESS, argument.word.span.clone(), message).severity(Severity::High)
        }));
    }
}

/// What it means that weights are loaded as `format` says: vLLM's and SGLang's `pt` takes the pickles, `npcache` makes its cache of
/// them.
pub(crate) fn unpickles(format: &str) -> Option<String> {
    matches!(format, "pt" | "npcache").then(|| format!("`{format}` loads the pickled weights of the model"))
}

/// What it means that those who ask may name files below `folder`, when it holds more than media.
pub(crate) fn hands_out(folder: &str) -> Option<String> {
    let folder = folder.trim_end_matches('/');
    let system = ["", "/etc", "/root", "/home", "/proc", "/var", "/var/run", "/run", "/mnt", "~", "$HOME"];
    system
        .contains(&folder)
        .then(|| format!("whoever asks the model may have it read every file below `{folder}/`"))
}

/// Servers of models, pages and folders that answer everyone and ask nobody who they are. In a container that is how they are
/// reached at all, so that it is graded low but for model servers, which have a key of their own to ask for, and for those whose
/// interface does more than answer.
fn model_servers(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let program = invocation.program.as_str();
    let all = |value: &str| matches!(value.split(':').next().unwrap_or(value), "0.0.0.0" | "*");
    let listens = |options: &[&str]| invocation.values(options).into_iter().find(|(value, _)| all(value));
    let assigned = |name: &str| site.script.assigned(name, site.index);
    let low = |span, message: &str| {
        Issue::new(&EXPOSED_SERVICE, span, message).severity(Severity::Low).confidence(Confidence::Medium)
    };
    let keyless = |span| {
        let message = "the model server answers everyone and asks for no key";
        Issue::new(&EXPOSED_SERVICE, span, message).confidence(Confidence::Medium)
    };
    match program {
        "ollama" if invocation.does(&["serve"]) => {
            if let Some(host) = assigned("OLLAMA_HOST").filter(|host| all(&host.text)) {
                // Its interface pulls, creates and deletes models, and has no authentication at all.
                let message =
                    "Ollama, which lets whoever reaches it pull and replace models, listens to everyone";
                issues.push(Issue::new(&EXPOSED_SERVICE, host.span.clone(), message));
            }
        }
        "http.server" | "simplehttpserver" => {
            let bound = invocation.value(&["-b", "--bind"]).is_some_and(|(value, _)| !all(value));
            if !bound {
                issues.push(low(site.span(), "the folder is served to everyone who reaches the machine"));
            }
        }
        "vllm"
        | "vllm.entrypoints.openai.api_server"
        | "vllm.entrypoints.api_server"
        | "sglang.launch_server"
        | "llama-server"
        | "lmdeploy"
        | "trtllm-serve"
        | "mlx_lm.server" => {
            let asks = invocation.option(&["--api-key", "--api-keys", "--api-key-file"]).is_some()
                || assigned("VLLM_API_KEY").is_some();
            if let Some((_, argument)) =
                listens(&["--host", "--server-name", "--server_name"]).filter(|_| !asks)
            {
                issues.push(keyless(argument.word.span.clone()));
            }
        }
        "text-generation-launcher" | "text-embeddings-router" => {
            let asks = invocation.option(&["--api-key"]).is_some() || assigned("API_KEY").is_some();
            if let Some((_, argument)) = listens(&["--hostname"]).filter(|_| !asks) {
                issues.push(keyless(argument.word.span.clone()));
            }
        }
        "uvicorn" | "hypercorn" | "streamlit" | "chainlit" | "gradio" | "bentoml" | "flask" | "fastapi"
        | "panel" => {
            let found = listens(&["--host", "--server.address", "-b", "--bind"]);
            if let Some((_, argument)) = found {
                issues.push(low(argument.word.span.clone(), "the server answers everyone"));
            }
        }
        "gunicorn" => {
            if let Some((_, argument)) = listens(&["-b", "--bind"]) {
                issues.push(low(argument.word.span.clone(), "the server answers everyone"));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};
    use bartizan_core::Severity::{High, Low, Medium};

    fn graded(text: &str) -> Vec<(&'static str, bartizan_core::Severity)> {
        let issues = script(text, Setting::Other).into_iter();
        issues.map(|issue| (issue.rule.id, issue.severity)).collect()
    }

    #[test]
    fn a_server_of_models_that_asks_for_no_key_is_more_than_a_page() {
        let exposed = "pipeline/exposed-service";
        for open in [
            "vllm serve /models/a --host 0.0.0.0",
            "python -m vllm.entrypoints.openai.api_server --model /m --host=0.0.0.0",
            "text-generation-launcher --model-id /data/m --hostname 0.0.0.0",
        ] {
            assert_eq!(graded(open), [(exposed, Medium)], "{open}");
        }
        for asks in [
            "vllm serve /models/a --host 0.0.0.0 --api-key \"$KEY\"",
            "vllm serve /models/a --host 127.0.0.1",
            "API_KEY=$KEY text-generation-launcher --model-id /data/m --hostname 0.0.0.0",
        ] {
            assert_eq!(graded(asks), [], "{asks}");
        }
        assert_eq!(graded("uvicorn app:app --host 0.0.0.0"), [(exposed, Low)]);
        assert_eq!(graded("ray start --head --dashboard-host=0.0.0.0"), [(exposed, High)]);
        assert_eq!(graded("ray start --head --dashboard-host=127.0.0.1"), []);
    }

    #[test]
    fn pickled_weights_and_a_machine_full_of_media_are_found() {
        for pickled in ["--load-format pt", "--load-format=npcache"] {
            let text = format!("vllm serve /models/a {pickled}");
            assert_eq!(graded(&text), [("pipeline/unsafe-model-format", High)], "{text}");
        }
        for all in ["/", "/etc/", "/root"] {
            let text = format!("vllm serve /models/a --allowed-local-media-path={all}");
            assert_eq!(graded(&text), [("pipeline/host-access", High)], "{text}");
        }
        for fine in
            ["--load-format safetensors", "--load-format auto", "--allowed-local-media-path /srv/media"]
        {
            assert_eq!(graded(&format!("vllm serve /models/a {fine}")), [], "{fine}");
        }
    }
}
