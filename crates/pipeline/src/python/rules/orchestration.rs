//! Steps of a pipeline written in Python: their images, packages and components, and their isolation.

use super::command::is_loose;
use crate::Safety;
use crate::python::call::{Argument, Call};
use crate::python::module::{Module, edit};
use crate::python::value::{HOLE, Known};
use crate::rules::{NO_NETWORK_ISOLATION, UNPINNED_IMAGE, UNPINNED_PACKAGE, UNPINNED_SOURCE};
use bartizan_core::{Finding, Rule, Severity};
use std::ops::Range;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&UNPINNED_IMAGE, &UNPINNED_SOURCE, &NO_NETWORK_ISOLATION];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    images(call, module);
    packages(call, module);
    requirements(call, module);
    component(call, module);
    isolation(call, module);
}

fn images(call: &Call<'_>, module: &mut Module) {
    const NAMES: &[&str] = &[
        "base_image",
        "serving_container_image_uri",
        "container_uri",
        "image_uri",
        "docker_image",
        "container_image",
        "parent_image",
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
                | "DockerContainer"
                | "KubernetesJob"
                | "DockerRegistry"
        );
        // Source: Prefect documentation, "Deploy flows with Python": `image` is pulled or built, and pushed, by its name.
        if call.name() == "deploy" && call.keyword("work_pool_name").is_some() {
            return call.keyword("image");
        }
        if call.is_of("metaflow") && matches!(call.name(), "kubernetes" | "batch" | "argo") {
            return call.keyword("image");
        }
        let hera = matches!(
            package,
            "hera"
                | "airflow"
                | "kfp"
                | "kubernetes"
                | "flytekit"
                | "prefect"
                | "prefect_docker"
                | "prefect_kubernetes"
                | "dagster_docker"
                | "azure"
        );
        if runs && hera {
            return call
                .keyword("image")
                .or_else(|| call.positional.first().filter(|_| call.name() == "ContainerSpec"));
        }
        match call.path.as_ref() {
            "docker.from_env().containers.run"
            | "docker.DockerClient().containers.run"
            | "docker.from_env().containers.create"
            | "docker.DockerClient().containers.create"
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
    if let Some(issue) = crate::image::issue(&shown, call.span.clone(), "the image") {
        // Only where the name stands there as one string.
        let given = image.span.end.saturating_sub(image.written.len());
        let fix = issue.pinning.as_ref().and_then(|pinning| pinning.placed_in(image.written, given));
        module.report_fixable(&image.span, issue.into_finding(), fix);
    }
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
        "pypi" | "conda" | "pypi_base" | "conda_base" if call.is_of("metaflow") => {
            let Some(given) = call.any_keyword(&["packages", "libraries"]) else { return };
            let Known::Entries(entries) = &given.value.known else { return };
            let loose = entries.iter().find_map(|(name, version)| {
                let version = version.as_text()?.trim();
                let exact = version.trim_start_matches('=').starts_with(|c: char| c.is_ascii_digit())
                    && !version.contains(['*', ',', '<', '>']);
                (!exact).then(|| name.as_ref().map(ToString::to_string)).flatten()
            });
            if let Some(package) = loose {
                report_package(&given.span, module, &package);
            }
            return;
        }
        "virtualenv" | "PythonVirtualenvOperator" => (call.keyword("requirements"), true),
        "pip_install" | "uv_pip_install" if call.package() == "modal" => {
            let loose = call
                .positional
                .iter()
                .filter_map(|package| Some((package, package.value.as_text()?)))
                .find(|(_, name)| is_loose(name));
            if let Some((package, name)) = loose {
                report_package(&package.span, module, name);
            }
            return;
        }
        "log_model" | "save_model" if call.is_of("mlflow") => {
            (call.any_keyword(&["pip_requirements", "extra_pip_requirements"]), false)
        }
        "init" | "remote" | "options" | "deployment" if call.is_of("ray") => {
            let given = call.keyword("runtime_env").map(|given| (&given.span, &given.value));
            let actor = call.keyword("ray_actor_options");
            let nested = actor.and_then(|actor| Some((&actor.span, actor.value.entry("runtime_env")?)));
            let Some((span, environment)) = given.or(nested) else { return };
            let pip = environment.entry("pip");
            let loose = pip
                .and_then(|pip| pip.texts().into_iter().find(|package| is_loose(package)).map(str::to_owned));
            if let Some(package) = loose {
                report_package(span, module, &package);
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
    report_package(&list.span, module, package);
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

/// A component of Kubeflow taken from an address: what it says runs with the rights of the pipeline.
fn component(call: &Call<'_>, module: &mut Module) {
    if call.name() != "load_component_from_url" || !call.is_of("kfp") {
        return;
    }
    let Some(address) = call.argument(0, "url").and_then(|url| url.value.as_pieces()) else { return };
    let pinned = address.split('/').any(crate::address::is_commit);
    if !pinned && !address.contains(HOLE) {
        let shown = bartizan_core::printable(address, 100);
        let finding =
            Finding::new(&UNPINNED_SOURCE, format!("the component `{shown}` is taken as it is today"));
        module.report(
            &call.span,
            finding
                .severity(Severity::Medium)
                .remedy("Name the commit in the address, or keep the file in the repository."),
        );
    }
}

fn report_package(span: &Range<usize>, module: &mut Module, package: &str) {
    let shown: String = package.chars().take(60).collect();
    let message = format!("`{shown}` is installed in whatever version is newest when the step runs");
    module.report(span, Finding::new(&UNPINNED_PACKAGE, message));
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
    if name == "NetworkConfig" {
        return network(call, module);
    }
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

/// The network that a processing job is given: what is switched off in it.
fn network(call: &Call<'_>, module: &mut Module) {
    let off = |name: &str| call.is_false(name);
    let (isolated, encrypted) = (!off("enable_network_isolation"), !off("encrypt_inter_container_traffic"));
    if isolated && encrypted {
        return;
    }
    let switch = if isolated { "encrypt_inter_container_traffic" } else { "enable_network_isolation" };
    let fix = call
        .giving(switch, "True")
        .and_then(|given| edit(given, Safety::Unsafe, "isolate the job's network"));
    report_isolation(call, module, isolated, encrypted, fix);
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
    // What is switched off is shown there, what is missing at the call.
    let switches = ["enable_network_isolation", "EnableNetworkIsolation"].iter().filter(|_| !isolated);
    let mut off = switches.chain(
        ["encrypt_inter_container_traffic", "EnableInterContainerTrafficEncryption"]
            .iter()
            .filter(|_| !encrypted),
    );
    let off = off.find_map(|name| call.keyword(name));
    module.report_fixable(
        off.map_or(&call.span, |off| &off.span),
        Finding::new(&NO_NETWORK_ISOLATION, message)
            .severity(Severity::Medium)
            .remedy("Pass `enable_network_isolation=True` and `encrypt_inter_container_traffic=True`."),
        fix,
    );
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

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
                "from prefect.infrastructure import DockerContainer\nDockerContainer(image='acme/train:latest')"
            ),
            [Medium]
        );
        assert_eq!(images("f.deploy(name='a', work_pool_name='b', image='acme/train:latest')"), [Medium]);
        assert_eq!(images("f.deploy(name='a', image='acme/train:latest')"), []);
        assert_eq!(
            images(
                "from google.cloud import aiplatform\naiplatform.Model.upload(serving_container_image_uri='us-docker.pkg.dev/x/y:latest')"
            ),
            [Medium]
        );
        assert_eq!(images("TAG = load()\nf(image_uri=f'r.example/a:{TAG}')"), []);
    }

    #[test]
    fn a_network_in_which_isolation_or_encryption_is_switched_off_is_found() {
        let graded = |given: &str| {
            let code = format!("from sagemaker.network import NetworkConfig\nNetworkConfig({given})");
            severities(&code, "pipeline/no-network-isolation")
        };
        assert_eq!(graded("enable_network_isolation=True, encrypt_inter_container_traffic=False"), [Medium]);
        assert_eq!(graded("enable_network_isolation=False"), [Medium]);
        assert_eq!(graded("enable_network_isolation=True, encrypt_inter_container_traffic=encrypted"), []);
        assert_eq!(graded("subnets=['a']"), []);
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
    fn packages_of_a_replica_of_ray_are_judged_like_those_of_a_cluster() {
        let graded = |packages: &str| {
            let code = format!(
                "from ray import serve\n@serve.deployment(ray_actor_options={{'runtime_env': {{'pip': [{packages}]}}}})\nclass A:\n    pass\n"
            );
            crate::python::tests::severities(&code, "pipeline/unpinned-package").len()
        };
        assert_eq!((graded("'transformers'"), graded("'transformers==4.46.3'")), (1, 0));
    }
}
