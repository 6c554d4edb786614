//! Steps of a pipeline written in Python: their images and packages, their isolation, who can reach them, what their
//! templates let in.

use super::command::is_loose;
use crate::Safety;
use crate::python::call::{Argument, Call};
use crate::python::module::{Module, edit};
use crate::python::value::{HOLE, Known};
use crate::rules::{
    EXPOSED_SERVICE, NO_AUTHENTICATION, NO_NETWORK_ISOLATION, TEMPLATE_INJECTION, UNPINNED_IMAGE,
    UNPINNED_PACKAGE,
};
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] =
    &[&UNPINNED_IMAGE, &NO_NETWORK_ISOLATION, &NO_AUTHENTICATION, &EXPOSED_SERVICE, &TEMPLATE_INJECTION];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    images(call, module);
    packages(call, module);
    requirements(call, module);
    isolation(call, module);
    endpoints(call, module);
    templates(call, module);
}

fn images(call: &Call<'_>, module: &mut Module) {
    const NAMES: &[&str] = &[
        "base_image",
        "serving_container_image_uri",
        "container_uri",
        "image_uri",
        "docker_image",
        "container_image",
    ];
    let package = call.package();
    let image = call.any_keyword(NAMES).or_else(|| {
        let runs = matches!(
            call.name(),
            "KubernetesPodOperator"
                | "DockerOperator"
                | "ContainerOp"
                | "ContainerSpec"
                | "ContainerTask"
                | "V1Container"
                | "Container"
                | "DockerImage"
                | "Script"
                | "ImageSpec"
                | "container_component"
                | "EcsRunTaskOperator"
                | "Environment"
        );
        let hera = matches!(
            package,
            "hera" | "airflow" | "kfp" | "kubernetes" | "flytekit" | "prefect" | "dagster_docker" | "azure"
        );
        if runs && hera {
            return call
                .keyword("image")
                .or_else(|| call.positional.first().filter(|_| call.name() == "ContainerSpec"));
        }
        match call.path.as_ref() {
            "docker.from_env().containers.run"
            | "docker.DockerClient().containers.run"
            | "docker.from_env().images.pull" => call.argument(0, "image"),
            "modal.Image.from_registry" => call.argument(0, "tag"),
            "kfp.dsl.ContainerOp" => call.keyword("image"),
            _ => None,
        }
    });
    let Some(image) = image else { return };
    module.judged.insert(call.span.start);
    let Some(text) = image.value.as_pieces().filter(|_| !call.path.starts_with("@local")) else { return };
    // Names of images are in lower case; what is not stands for one.
    let named =
        text.split(':').next().is_some_and(|name| !name.contains(|letter: char| letter.is_ascii_uppercase()));
    if !named || text.is_empty() || text.contains("@sha256:") || text.contains('{') || text.starts_with(HOLE)
    {
        return;
    }
    let last = text.rsplit('/').next().unwrap_or(text);
    if !(text.contains('/')
        || text.contains(':')
        || call.any_keyword(NAMES).is_none()
        || NAMES.contains(&"base_image"))
        || text.ends_with(HOLE) && !last.contains(':')
    {
        return;
    }
    // The tag itself comes from outside: a release pipeline may well pass a digest.
    let tag = last.split_once(':').map(|(_, tag)| tag);
    if tag.is_some_and(|tag| tag.contains(HOLE)) {
        return;
    }
    let shown: String =
        text.chars().take(80).map(|character| if character == HOLE { '…' } else { character }).collect();
    let moving =
        tag.is_none_or(|tag| matches!(tag, "latest" | "main" | "master" | "nightly" | "dev" | "stable"));
    let message = if moving {
        format!("the image `{shown}` is whatever was pushed last")
    } else {
        format!("the image `{shown}` is named by a tag, which can be moved")
    };
    let severity = if moving { Severity::Medium } else { Severity::Low };
    module.report(&call.span, Finding::new(&UNPINNED_IMAGE, message).severity(severity));
}

fn packages(call: &Call<'_>, module: &mut Module) {
    const NAMES: &[&str] = &[
        "packages_to_install",
        "pip_packages",
        "requirements",
        "extra_pip_requirements",
        "pip_requirements",
        "packages",
        "python_packages",
        "dependencies",
    ];
    let (list, certain): (Option<&Argument<'_>>, bool) = match call.name() {
        "component" | "create_component_from_func" | "func_to_container_op" => {
            (call.keyword("packages_to_install"), true)
        }
        "virtualenv" | "PythonVirtualenvOperator" => (call.keyword("requirements"), true),
        "pip_install" | "uv_pip_install" if call.package() == "modal" => {
            let loose = call
                .positional
                .iter()
                .filter_map(|package| package.value.as_text())
                .find(|package| is_loose(package));
            if let Some(package) = loose {
                report_package(call, module, package);
            }
            return;
        }
        "log_model" | "save_model" if call.is_of("mlflow") => {
            (call.any_keyword(&["pip_requirements", "extra_pip_requirements"]), false)
        }
        "init" | "remote" | "options" if call.is_of("ray") => {
            let pip = call.keyword("runtime_env").and_then(|env| env.value.entry("pip"));
            let loose = pip
                .and_then(|pip| pip.texts().into_iter().find(|package| is_loose(package)).map(str::to_owned));
            if let Some(package) = loose {
                report_package(call, module, &package);
            }
            return;
        }
        _ => (
            call.any_keyword(NAMES).filter(|_| {
                matches!(
                    call.package(),
                    "kfp" | "zenml" | "flytekit" | "prefect" | "bentoml" | "sagemaker" | "clearml" | "azure"
                )
            }),
            false,
        ),
    };
    let Some(list) = list else { return };
    let Known::Items(_) = &list.value.known else { return };
    let Some(package) = list.value.texts().into_iter().find(|package| is_loose(package)) else { return };
    let _ = certain;
    report_package(call, module, package);
}

/// What a package asks for in its `setup.py`: ranges are normal there, repositories without a commit are not.
fn requirements(call: &Call<'_>, module: &mut Module) {
    if !matches!(call.path.as_ref(), "setuptools.setup" | "distutils.core.setup" | "skbuild.setup") {
        return;
    }
    let lists = ["install_requires", "setup_requires", "extras_require", "tests_require"];
    for list in lists.iter().filter_map(|name| call.keyword(name)) {
        let written = list.span.end.saturating_sub(list.written.len());
        for text in list.value.texts() {
            let at = list.written.find(text).map_or(list.span.start, |at| written.saturating_add(at));
            let Some(dependency) = crate::dependencies::requirement(text, at) else { continue };
            let issues = crate::dependencies::judged(&dependency, crate::dependencies::Purpose::Manifest);
            for issue in issues {
                let span = at..at.saturating_add(text.len());
                module.report(&span, issue.into_finding());
            }
        }
    }
}

fn report_package(call: &Call<'_>, module: &mut Module, package: &str) {
    let shown: String = package.chars().take(60).collect();
    let message = format!("`{shown}` is installed in whatever version is newest when the step runs");
    module.report(&call.span, Finding::new(&UNPINNED_PACKAGE, message));
}

/// Classes of SageMaker that start a job or make a model.
const JOBS: &[&str] = &[
    "Estimator",
    "PyTorch",
    "TensorFlow",
    "HuggingFace",
    "SKLearn",
    "XGBoost",
    "MXNet",
    "Chainer",
    "RLEstimator",
    "ScriptProcessor",
    "PyTorchProcessor",
    "SKLearnProcessor",
    "FrameworkProcessor",
    "HuggingFaceProcessor",
    "PySparkProcessor",
    "Processor",
    "ModelTrainer",
    "KMeans",
    "PCA",
    "LDA",
    "NTM",
    "RandomCutForest",
    "LinearLearner",
    "FactorizationMachines",
    "TensorFlowProcessor",
    "XGBoostProcessor",
];
/// Classes that serve.
const MODELS: &[&str] = &[
    "Model",
    "HuggingFaceModel",
    "PyTorchModel",
    "TensorFlowModel",
    "SKLearnModel",
    "XGBoostModel",
    "MXNetModel",
    "ModelPackage",
];

fn isolation(call: &Call<'_>, module: &mut Module) {
    if call.package() != "sagemaker" {
        if call.name() == "create_training_job"
            && (call.package() == "boto3" || call.path.starts_with('?'))
            && call.keyword("TrainingJobName").is_some()
        {
            let isolated = call.is_true("EnableNetworkIsolation");
            let encrypted = call.is_true("EnableInterContainerTrafficEncryption");
            let safe = isolated && encrypted || call.open;
            if !safe {
                report_isolation(call, module, isolated, encrypted, None);
            }
        }
        return;
    }
    let name = call.name();
    let (job, model) = (JOBS.contains(&name), MODELS.contains(&name));
    if !(job || model) || call.open || call.path.contains("()") {
        return;
    }
    let network = call.any_keyword(&["network_config", "networking"]);
    if network.is_some() {
        return;
    }
    let known = |name: &str| call.keyword(name).map(|given| given.value.truth());
    let isolated = matches!(known("enable_network_isolation"), Some(Some(true) | None));
    let encrypted = model || matches!(known("encrypt_inter_container_traffic"), Some(Some(true) | None));
    if isolated && encrypted {
        return;
    }
    let mut missing = Vec::new();
    if call.keyword("enable_network_isolation").is_none() {
        missing.push("enable_network_isolation=True");
    }
    if job && call.keyword("encrypt_inter_container_traffic").is_none() {
        missing.push("encrypt_inter_container_traffic=True");
    }
    let fix = (!missing.is_empty())
        .then(|| edit(call.adding(&missing.join(", ")), Safety::Unsafe, "isolate the job's network"))
        .flatten();
    report_isolation(call, module, isolated, encrypted, fix);
    if model && let Some(report) = module.reports.last_mut() {
        report.finding = report.finding.clone().severity(Severity::Low);
    }
}

fn report_isolation(
    call: &Call<'_>,
    module: &mut Module,
    isolated: bool,
    encrypted: bool,
    fix: Option<crate::Fix>,
) {
    let message = match (isolated, encrypted) {
        (false, false) => "the job can reach any network, and its containers speak without encryption",
        (false, true) => "the job can reach any network",
        _ => "the job's containers speak without encryption",
    };
    module.report_fixable(
        &call.span,
        Finding::new(&NO_NETWORK_ISOLATION, message)
            .severity(Severity::Medium)
            .remedy("Pass `enable_network_isolation=True` and `encrypt_inter_container_traffic=True`."),
        fix,
    );
}

fn endpoints(call: &Call<'_>, module: &mut Module) {
    let report = |module: &mut Module, message: &str, severity: Severity| {
        module.report(&call.span, Finding::new(&EXPOSED_SERVICE, message).severity(severity));
    };
    let name = call.name();
    if name == "launch" && call.is_true("share") && call.keyword("auth").is_none() {
        report(module, "`share=True` opens the demo to everyone who has its address", Severity::Medium);
    }
    if name == "run"
        && call.is_true("debug")
        && matches!(call.package(), "flask" | "quart" | "dash" | "bottle")
    {
        report(module, "the debugger runs Python for whoever reaches the server", Severity::High);
        return;
    }
    let public = call.keyword("public_network_access").and_then(|access| access.value.as_text());
    if call.is_of("azure.ai.ml") && public.is_some_and(|access| access.eq_ignore_ascii_case("enabled")) {
        report(module, "the endpoint or workspace is reachable from the internet", Severity::Medium);
    }
    cross_origin(call, module);
    notebook_server(call, module);
    if call.is_of("google.cloud.aiplatform") && call.is_true("public_endpoint_enabled") {
        report(module, "the index endpoint is reachable from anywhere", Severity::Medium);
    }
    let everywhere = call
        .any_keyword(&["host", "server_name", "dashboard_host", "address"])
        .map(|host| &host.value)
        .or_else(|| call.keyword("http_options").and_then(|options| options.value.entry("host")))
        .is_some_and(|host| host.as_text() == Some("0.0.0.0"));
    if everywhere && call.is_of("ray") && call.keyword("dashboard_host").is_some() {
        report(module, "Ray's dashboard, which runs any job, listens on every address", Severity::High);
    } else if everywhere
        && (name == "launch"
            || matches!(
                call.package(),
                "uvicorn"
                    | "gradio"
                    | "flask"
                    | "quart"
                    | "dash"
                    | "hypercorn"
                    | "waitress"
                    | "mlflow"
                    | "tensorboard"
                    | "jupyter"
                    | "ray"
                    | "litserve"
                    | "bentoml"
            ))
    {
        module.report(
            &call.span,
            Finding::new(&EXPOSED_SERVICE, "the server listens on every address")
                .severity(Severity::Low)
                .confidence(Confidence::Low),
        );
    }
}

/// Every page of the web allowed to use the service with its reader's cookies.
fn cross_origin(call: &Call<'_>, module: &mut Module) {
    let fastapi =
        call.is_true("allow_credentials").then(|| call.any_keyword(&["allow_origins", "allow_origin_regex"]));
    let flask =
        (call.is_of("flask_cors") && call.is_true("supports_credentials")).then(|| call.keyword("origins"));
    let Some(Some(origins)) = fastapi.or(flask) else { return };
    if origins.value.texts().iter().any(|origin| matches!(*origin, "*" | ".*" | "https?://.*" | "http://.*"))
    {
        let message = "any page of the web may use the service as whoever reads it";
        module.report(&call.span, Finding::new(&EXPOSED_SERVICE, message));
    }
}

/// Settings of a notebook server: `c.ServerApp.token = ""`.
fn notebook_server(call: &Call<'_>, module: &mut Module) {
    let Some((_, setting)) = call.path.strip_prefix("set:").and_then(|path| path.split_once('.')) else {
        return;
    };
    let Some(given) = call.positional.first() else { return };
    let server =
        ["NotebookApp.", "ServerApp.", "IdentityProvider.", "PasswordIdentityProvider."].iter().find_map(
            |server| setting.rfind(server).and_then(|at| setting.get(at.saturating_add(server.len())..)),
        );
    let empty = given.value.as_text() == Some("");
    match server {
        Some("token" | "password" | "hashed_password") if empty => {
            let message = "the notebook server, which runs code, asks nobody who they are";
            module.report(&call.span, Finding::new(&NO_AUTHENTICATION, message));
        }
        Some("ip") if matches!(given.value.as_text(), Some("0.0.0.0" | "*" | "")) => {
            let finding = Finding::new(&EXPOSED_SERVICE, "the notebook server listens on every address");
            module.report(&call.span, finding.severity(Severity::Low).confidence(Confidence::Medium));
        }
        _ => {}
    }
}

fn templates(call: &Call<'_>, module: &mut Module) {
    const FIELDS: &[&str] = &[
        "bash_command",
        "command",
        "sql",
        "cmds",
        "arguments",
        "python_callable_source",
        "hql",
        "query",
        "statement",
        "ssh_command",
        "bash_command_template",
        "commands",
        "args",
    ];
    kubeflow(call, module);
    let airflow =
        call.is_of("airflow") || call.name().ends_with("Operator") || call.name().ends_with("Sensor");
    if !airflow {
        return;
    }
    for field in FIELDS {
        let Some(given) = call.keyword(field).or_else(|| {
            call.positional.get(1).filter(|_| *field == "bash_command" && call.name() == "BashOperator")
        }) else {
            continue;
        };
        let Some(input) = given.value.texts().into_iter().find_map(injected) else { continue };
        let shell = matches!(*field, "bash_command" | "command" | "cmds" | "ssh_command" | "commands")
            || matches!(*field, "arguments" | "args");
        let severity = match (
            input.starts_with("dag_run.conf") || input.starts_with("params") || input.contains("conf"),
            shell,
        ) {
            (true, true) => Severity::High,
            _ => Severity::Medium,
        };
        let message = format!("`{field}` holds `{{{{ {input} }}}}`, which comes with the run");
        module.report(&call.span, Finding::new(&TEMPLATE_INJECTION, message).severity(severity));
        return;
    }
}

/// A shell of a Kubeflow step whose script holds what the pipeline is given at run time.
fn kubeflow(call: &Call<'_>, module: &mut Module) {
    if !call.is_of("kfp") || !matches!(call.name(), "ContainerSpec" | "ContainerOp") {
        return;
    }
    let lists = ["command", "args", "arguments"].iter().filter_map(|name| call.keyword(name));
    let words: Vec<&str> = lists.flat_map(|list| list.value.texts()).collect();
    let shell = words
        .first()
        .and_then(|word| word.rsplit('/').next())
        .is_some_and(|word| matches!(word, "sh" | "bash" | "dash" | "zsh" | "ash"));
    let script = words.iter().skip_while(|word| !word.starts_with('-')).nth(1);
    if shell && script.is_some_and(|script| script.contains(HOLE)) {
        let message = "a script of the step holds what the pipeline is given when it runs";
        module.report(&call.span, Finding::new(&TEMPLATE_INJECTION, message).severity(Severity::Medium));
    }
}

/// The first expression of a Jinja template in `text` that a caller has a say in.
fn injected(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let (inner, next) = after.split_once("}}").unwrap_or((after, ""));
        let inner = inner.trim();
        let outside = inner.starts_with("dag_run.conf")
            || inner.contains("dag_run.conf")
            || inner.starts_with("params.")
            || inner.starts_with("params[")
            || inner.starts_with("conf.")
            || inner.contains("xcom_pull")
            || inner.starts_with("var.value")
            || inner.starts_with("var.json")
            || inner.starts_with("inputs.parameters")
            || inner.starts_with("workflow.parameters");
        let quoted = inner.contains("shlex_quote") || inner.contains("| quote");
        if outside && !quoted {
            return Some(inner.chars().take(80).collect());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn steps_name_their_images_and_packages_exactly() {
        let images = |code: &str| severities(code, "pipeline/unpinned-image");
        let packages = |code: &str| severities(code, "pipeline/unpinned-package");
        let code = "from kfp import dsl\n@dsl.component(base_image='python:3.11', packages_to_install=['pandas', 'torch==2.1'])\ndef f(): pass";
        assert_eq!((images(code), packages(code)), (vec![Low], vec![Medium]));
        let digest = "0".repeat(64);
        let code = format!(
            "from kfp import dsl\n@dsl.component(base_image='python:3.11@sha256:{digest}', packages_to_install=['pandas==2.2.0'])\ndef f(): pass"
        );
        assert_eq!((images(&code), packages(&code)), (vec![], vec![]));
        assert_eq!(
            images(
                "from google.cloud import aiplatform\naiplatform.Model.upload(serving_container_image_uri='us-docker.pkg.dev/x/y:latest')"
            ),
            [Medium]
        );
        assert_eq!(images("TAG = load()\nf(image_uri=f'r.example/a:{TAG}')"), []);
    }

    #[test]
    fn jobs_without_isolation_are_found() {
        let graded = |code: &str| severities(code, "pipeline/no-network-isolation");
        assert_eq!(
            graded("from sagemaker.pytorch import PyTorch\nPyTorch(entry_point='t.py', role='r')"),
            [Medium]
        );
        assert_eq!(
            graded(
                "from sagemaker.pytorch import PyTorch\nPyTorch(entry_point='t.py', enable_network_isolation=True, encrypt_inter_container_traffic=True)"
            ),
            []
        );
        assert_eq!(
            graded(
                "from sagemaker.estimator import Estimator\no = dict(enable_network_isolation=True, encrypt_inter_container_traffic=True)\nEstimator(image_uri='x', **o)"
            ),
            []
        );
    }

    #[test]
    fn scripts_of_kubeflow_that_hold_an_input_are_found() {
        let graded = |arguments: &str| {
            let code = format!(
                "from kfp import dsl\n@dsl.container_component\ndef c(uri: str):\n    return dsl.ContainerSpec(image='a@sha256:00', {arguments})"
            );
            severities(&code, "pipeline/template-injection")
        };
        assert_eq!(graded("command=['sh', '-c'], args=[f'get {uri}']"), [Medium]);
        assert_eq!(graded("command=['sh', '-c', 'get $0'], args=[uri]"), []);
        assert_eq!(graded("command=['get'], args=[f'--uri={uri}']"), []);
    }

    #[test]
    fn templates_that_take_a_runs_input_are_found() {
        let graded = |code: &str| {
            severities(
                &format!("from airflow.operators.bash import BashOperator\n{code}"),
                "pipeline/template-injection",
            )
        };
        assert_eq!(
            graded("BashOperator(task_id='a', bash_command=\"python t.py {{ dag_run.conf['args'] }}\")"),
            [High]
        );
        assert_eq!(graded("C = 'echo {{ params.x }}'\nBashOperator(task_id='a', bash_command=C)"), [High]);
        assert_eq!(graded("BashOperator(task_id='a', bash_command='echo {{ ds }}')"), []);
        assert_eq!(
            graded("BashOperator(task_id='a', bash_command='echo $X', env={'X': '{{ params.x }}'})"),
            []
        );
    }

    #[test]
    fn demos_shared_with_everyone_are_found() {
        let graded = |code: &str| severities(code, "pipeline/exposed-service");
        assert_eq!(graded("from flask import Flask\napp = Flask('a')\napp.run(debug=True)"), [High]);
        assert_eq!(graded("from flask import Flask\napp = Flask('a')\napp.run(debug=False)"), []);
        assert_eq!(
            graded("app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)"),
            [Medium]
        );
        assert_eq!(graded("app.add_middleware(CORSMiddleware, allow_origins=['*'])"), []);
        assert_eq!(graded("from ray import serve\nserve.start(http_options={'host': '0.0.0.0'})"), [Low]);
        let token = |value: &str| {
            severities(
                &format!("c = get_config()\nc.ServerApp.token = {value}"),
                "pipeline/no-authentication",
            )
        };
        assert_eq!((token("''"), token("read()")), (vec![High], vec![]));
        assert_eq!(graded("import gradio as gr\ngr.Interface(f).launch(share=True)"), [Medium]);
        assert_eq!(graded("import gradio as gr\ngr.Interface(f).launch()"), []);
    }
}
