//! Every kind of file this crate reads. A new one is one file and one line here.

use crate::Reader;
use bartizan_core::Rule;

/// The readers, in the order in which they are asked; each that recognises a text reads it.
#[rustfmt::skip] // one line each, so that additions merge
pub static READERS: &[&dyn Reader] = &[
    &crate::ci::github::WorkflowFile,
    &crate::ci::github::ActionFile,
    &crate::ci::github::DependabotFile,
    &crate::ci::gitlab::GitlabPipeline,
    &crate::ci::azure::AzurePipeline,
    &crate::ci::circleci::CircleConfig,
    &crate::ci::circleci::BitbucketPipeline,
    &crate::ci::buildkite::BuildkitePipeline,
    &crate::ci::drone::DronePipeline,
    &crate::ci::cloudbuild::CloudBuild,
    &crate::ci::cloudbuild::BuildSpec,
    &crate::ci::jenkins::Jenkinsfile,
    &crate::ci::precommit::PreCommitConfig,
    &crate::docker::Dockerfile,
    &crate::docker::ComposeFile,
    &crate::docker::DevContainer,
    &crate::serving::Manifest,
    &crate::serving::HelmValues,
    &crate::serving::ChartTemplate,
    &crate::serving::ChartFile,
    &crate::serving::TorchServeConfig,
    &crate::serving::TritonConfig,
    &crate::serving::RayConfig,
    &crate::serving::MlProject,
    &crate::serving::DvcPipeline,
    &crate::serving::AzureMl,
    &crate::serving::Modelfile,
    &crate::serving::Declared,
    &crate::serving::Playbook,
    &crate::serving::Settings,
    &crate::serving::CloudJob,
    &crate::serving::PackedModel,
    &crate::hcl::Terraform,
    &crate::shell::ShellScript,
    &crate::shell::TaskFile,
    &crate::environment_file::EnvironmentFile,
    &crate::environment_file::ServiceUnit,
    &crate::agents::AgentInstructions,
    &crate::agents::SkillScript,
    &crate::prompts::SystemPrompt,
    &crate::agents::Markdown,
    &crate::agents::AgentSettings,
    &crate::agents::McpConfig,
    &crate::agents::McpTools,
    &crate::agents::McpSource,
    &crate::dependencies::DependencyManifest,
    &crate::python::Notebook,
    &crate::python::Python,
    &crate::javascript::JavaScript,
    &crate::credential_files::CredentialFile,
];

/// Rules of the inspectors that readers share.
#[rustfmt::skip] // one line each, so that additions merge
static SHARED_RULES: &[&[&Rule]] = &[
    crate::rules::RULES,
];

/// Ids of the readers whose texts a CI system, an image build, a cluster or an agent runs: commands and templates in them are what
/// the file is for, and no metadata of a model.
pub static RUN_BY_SYSTEMS: &[&str] = &[
    "github-workflow",
    "github-action",
    "dependabot",
    "gitlab-pipeline",
    "azure-pipeline",
    "circleci-config",
    "bitbucket-pipeline",
    "buildkite-pipeline",
    "drone-pipeline",
    "cloud-build",
    "codebuild",
    "dvc-pipeline",
    "jenkinsfile",
    "pre-commit-config",
    "dockerfile",
    "compose",
    "kubernetes-manifest",
    "helm-values",
    "helm-template",
    "mlproject",
    "ray-config",
    "ansible-playbook",
    "azure-ml",
    "cloud-job",
    "task-file",
    "devcontainer",
    "systemd-unit",
    "packed-model",
    "terraform",
    "agent-instructions",
    "system-prompt",
    "skill-file",
];

/// Every rule of this crate, sorted by id, each once.
pub fn rules() -> Vec<&'static Rule> {
    let shared = SHARED_RULES.iter().flat_map(|rules| rules.iter().copied());
    let mut rules: Vec<&'static Rule> =
        READERS.iter().flat_map(|reader| reader.rules().iter().copied()).chain(shared).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    rules
}
