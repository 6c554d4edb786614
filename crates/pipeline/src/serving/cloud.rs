//! Jobs, models and endpoints of cloud platforms as JSON or YAML: SageMaker's API requests and CloudFormation, Vertex AI's specs.
//!
//! Source: SageMaker API reference (`CreateTrainingJob`, `CreateModel`, `CreateNotebookInstance`, …) and its CloudFormation resources;
//! Vertex AI REST reference (`CustomJobSpec`, `ModelContainerSpec`).

use super::{arm, command_issues, environment_issues, models, stack};
use crate::ci::github::gaps;
use crate::marks::Marks;
use crate::rules::{
    EXCESSIVE_PERMISSIONS, EXPOSED_SERVICE, NO_NETWORK_ISOLATION, ROOT_USER, UNENCRYPTED_STORAGE,
    UNVERIFIED_PROMOTION,
};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, rules};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::sync::LazyLock;

/// What a platform is asked to run.
#[derive(Debug)]
pub(crate) struct CloudJob;

impl Reader for CloudJob {
    fn id(&self) -> &'static str {
        "cloud-job"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "json" | "yaml" | "yml" | "template")
            && FIRST_MARK.any_in(text.content)
            && MARKS.iter().any(|marks| marks.iter().all(|mark| text.content.contains(mark)))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            let resource = node.text_of("Type").and_then(|kind| kind.strip_prefix("AWS::SageMaker::"));
            let properties = resource.and(node.get("Properties"));
            if let (Some(resource), Some(properties)) = (resource, properties) {
                issue::report(text, notes, demanded(properties, &node, resource));
            } else if let Some((_, resource)) =
                REQUESTS.iter().find(|(marks, _)| marks.iter().all(|mark| node.get(mark).is_some()))
            {
                issue::report(text, notes, demanded(node, &node, resource));
            }
            issue::report(text, notes, stack::resource(node, yaml.root()));
            issue::report(text, notes, arm::resource(node));
            issue::report(text, notes, every_right(node));
            container(text, notes, node);
        }
    }
}

/// What every container of a platform is asked for.
fn container(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let images = [
        "TrainingImage",
        "ImageUri",
        "imageUri",
        "image_uri",
        "Image",
        "executorImageUri",
        "executor_image_uri",
    ];
    let image = images.iter().find_map(|key| node.get(key)).filter(|image| stack::is_known(*image));
    if let Some(image) = image {
        issue::report(
            text,
            notes,
            image::issue(image.as_str().unwrap_or_default(), image.span(), "the image"),
        );
    }
    models::inspect(text, notes, node);
    // SageMaker's containers read their hyperparameters as they read variables.
    for key in [
        "Environment",
        "env",
        "HyperParameters",
        "hyperParameters",
        "hyperparameters",
        "StaticHyperParameters",
    ] {
        environment_issues(text, notes, node.get(key));
    }
    let commands = ["ContainerEntrypoint", "ContainerArguments", "command", "args"];
    if image.is_some() {
        let lists: Vec<Node<'_>> =
            commands.iter().filter_map(|key| node.get(key)).filter(|list| list.is_sequence()).collect();
        command_issues(text, notes, &lists);
    }
    if node.get("ModelPackageGroupName").is_some()
        && let Some(approved) =
            node.get("ModelApprovalStatus").filter(|status| status.as_str() == Some("Approved"))
    {
        let message = "the model is registered as approved by the pipeline that made it";
        let issue = Issue::new(&UNVERIFIED_PROMOTION, approved.span(), message);
        issue::report(text, notes, [issue.confidence(Confidence::Medium)]);
    }
    if let Some(entry) = node.entry("enableWebAccess").filter(|entry| entry.value.as_bool() == Some(true)) {
        let message = "whoever may see the job may open a shell in it";
        issue::report(text, notes, [Issue::new(&EXPOSED_SERVICE, entry.span(), message)]);
    }
}

/// A statement of a policy that allows everything on everything.
fn every_right(statement: Node<'_>) -> Option<Issue> {
    let all = |key: &str| {
        statement.get(key).filter(|value| {
            value.items_or_self().iter().any(|item| matches!(item.as_str(), Some("*" | "*:*")))
        })
    };
    let allows = statement.text_of("Effect") == Some("Allow");
    let (action, _) = all("Action").zip(all("Resource")).filter(|_| allows)?;
    let message = "whatever has this policy may do everything in the account";
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, action.span(), message).severity(Severity::High);
    Some(issue.remedy("List the actions and resources that are used."))
}

/// What a resource should ask for and does not.
fn demanded(properties: Node<'_>, whole: &Node<'_>, resource: &str) -> Vec<Issue> {
    let demands = DEMANDS.iter().filter(|demand| demand.resources.contains(&resource));
    let found = demands.filter_map(|demand| {
        let node = properties.path(demand.member);
        // A value that another part of the template gives is not known here.
        let known = node.filter(|node| stack::is_known(*node));
        let fine = match (node, known) {
            (None, _) => false,
            (Some(_), None) => true,
            (_, Some(value)) => {
                demand.values.is_empty() || demand.values.contains(&value.as_str().unwrap_or_default())
            }
        };
        let first = || whole.entries().first().map_or_else(|| whole.span(), |entry| entry.key.span());
        let span = node.map_or_else(first, Node::span);
        // What is said is meant, and not only forgotten.
        let severity =
            if node.is_some() { demand.rule.severity.max(Severity::Medium) } else { demand.rule.severity };
        (!fine).then(|| Issue::new(demand.rule, span, demand.message).severity(severity))
    });
    found.collect()
}

/// Texts that a file of the kind holds.
static MARKS: &[&[&str]] = &[
    &["AWS::SageMaker::"],
    &["AWS::S3::Bucket"],
    &["AWS::EC2::SecurityGroup"],
    &["deploymentTemplate.json", "Microsoft."],
    &["AWS::Lambda::Url"],
    &["AWS::Serverless::Function"],
    &["AWS::IAM::"],
    &["\"Statement\"", "\"Effect\"", "\"Action\""],
    &["TrainingJobName", "AlgorithmSpecification"],
    &["AlgorithmSpecification", "TrainingImage"],
    &["ModelPackageGroupName", "InferenceSpecification"],
    &["containerSpec", "imageUri"],
    &["pythonPackageSpec", "executorImageUri"],
    &["ProcessingJobName", "AppSpecification"],
    &["ModelName", "PrimaryContainer"],
    &["ModelName", "ExecutionRoleArn", "Containers"],
    &["NotebookInstanceName", "InstanceType"],
    &["EndpointConfigName", "ProductionVariants"],
    &["workerPoolSpecs", "machineSpec"],
    &["worker_pool_specs", "machine_spec"],
    &["worker_pool_specs", "executor_image_uri"],
];

/// Finds the first of any of them in one pass: most texts hold none.
static FIRST_MARK: LazyLock<Marks> =
    LazyLock::new(|| Marks::new(MARKS.iter().filter_map(|marks| marks.first().copied())));

/// Members that an API's request is known by, and the resource it makes.
static REQUESTS: &[(&[&str], &str)] = &[
    (&["TrainingJobName", "AlgorithmSpecification"], "TrainingJob"),
    // A step of a pipeline leaves the name to it.
    (&["AlgorithmSpecification", "OutputDataConfig"], "TrainingJob"),
    (&["ProcessingJobName", "AppSpecification"], "ProcessingJob"),
    (&["ModelName", "PrimaryContainer"], "Model"),
    (&["ModelName", "ExecutionRoleArn", "Containers"], "Model"),
    (&["NotebookInstanceName", "InstanceType"], "NotebookInstance"),
    (&["EndpointConfigName", "ProductionVariants"], "EndpointConfig"),
];

/// A member that a resource should have, with one of these values, or any.
struct Demand {
    resources: &'static [&'static str],
    member: &'static [&'static str],
    values: &'static [&'static str],
    rule: &'static Rule,
    message: &'static str,
}

#[rustfmt::skip] // a table
static DEMANDS: &[Demand] = &[
    Demand { resources: &["TrainingJob", "Model"], member: &["EnableNetworkIsolation"], values: &["true", "True"], rule: &NO_NETWORK_ISOLATION, message: "the containers may reach the network" },
    Demand { resources: &["ProcessingJob"], member: &["NetworkConfig", "EnableNetworkIsolation"], values: &["true", "True"], rule: &NO_NETWORK_ISOLATION, message: "the containers may reach the network" },
    Demand { resources: &["TrainingJob", "Model"], member: &["VpcConfig"], values: &[], rule: &NO_NETWORK_ISOLATION, message: "it is in no private network" },
    Demand { resources: &["TrainingJob"], member: &["EnableInterContainerTrafficEncryption"], values: &["true", "True"], rule: &UNENCRYPTED_STORAGE, message: "traffic between the job's containers is not encrypted" },
    Demand { resources: &["TrainingJob"], member: &["OutputDataConfig", "KmsKeyId"], values: &[], rule: &UNENCRYPTED_STORAGE, message: "the model that comes out has no key of one's own" },
    Demand { resources: &["TrainingJob"], member: &["ResourceConfig", "VolumeKmsKeyId"], values: &[], rule: &UNENCRYPTED_STORAGE, message: "the disks of the job have no key of one's own" },
    Demand { resources: &["ProcessingJob"], member: &["ProcessingResources", "ClusterConfig", "VolumeKmsKeyId"], values: &[], rule: &UNENCRYPTED_STORAGE, message: "the disks of the job have no key of one's own" },
    Demand { resources: &["NotebookInstance"], member: &["DirectInternetAccess"], values: &["Disabled"], rule: &NO_NETWORK_ISOLATION, message: "the notebook has direct internet access" },
    Demand { resources: &["NotebookInstance"], member: &["RootAccess"], values: &["Disabled"], rule: &ROOT_USER, message: "users of the notebook are root" },
    Demand { resources: &["NotebookInstance", "EndpointConfig"], member: &["KmsKeyId"], values: &[], rule: &UNENCRYPTED_STORAGE, message: "its disks have no key of one's own" },
    Demand { resources: &["Domain"], member: &["AppNetworkAccessType"], values: &["VpcOnly"], rule: &NO_NETWORK_ISOLATION, message: "the domain's applications reach the internet directly" },
];

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn a_training_job_and_a_model_are_judged_by_what_they_ask_for() {
        let job = "{\n\"TrainingJobName\": \"t\",\n\"AlgorithmSpecification\": {\"TrainingImage\": \"1.dkr.ecr.eu-west-1.amazonaws.com/net:latest\"},\n\"EnableNetworkIsolation\": false,\n\"EnableInterContainerTrafficEncryption\": true,\n\"VpcConfig\": {\"Subnets\": [\"s\"]},\n\"Environment\": {\n\"HF_TOKEN\": \"hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\"},\n\"ResourceConfig\": {\"VolumeKmsKeyId\": \"k\"}, \"OutputDataConfig\": {\"S3OutputPath\": \"s3://b/o\", \"KmsKeyId\": \"k\"}}";
        assert_eq!(
            lines("job.json", job),
            [(3, "unpinned-image"), (4, "no-network-isolation"), (8, "secret")]
        );
        let stack = "Resources:\n  M:\n    Type: AWS::SageMaker::Model\n    Properties:\n      EnableNetworkIsolation: true\n      VpcConfig: !Ref V\n      PrimaryContainer:\n        Image: net@sha256:aa\n        ModelDataUrl: s3://b/latest/model.pkl\n  N:\n    Type: AWS::SageMaker::NotebookInstance\n    Properties:\n      DirectInternetAccess: Enabled\n      RootAccess: Disabled\n      KmsKeyId: k\n";
        assert_eq!(
            lines("stack.yaml", stack),
            [(9, "unpinned-model"), (9, "unsafe-model-format"), (13, "no-network-isolation")]
        );
    }

    #[test]
    fn steps_of_a_pipeline_and_an_uploaded_model_are_judged() {
        let steps = "{\"Steps\": [{\"Type\": \"Training\", \"Arguments\": {\n\"AlgorithmSpecification\": {\"TrainingImage\": \"acme/net:latest\"},\n\"EnableNetworkIsolation\": true, \"EnableInterContainerTrafficEncryption\": true, \"VpcConfig\": {\"Subnets\": [\"s\"]}, \"ResourceConfig\": {\"VolumeKmsKeyId\": \"k\"}, \"OutputDataConfig\": {\"KmsKeyId\": \"k\"},\n\"Environment\": {\"HF_MODEL_ID\": \"acme/net\"}}},\n{\"Type\": \"RegisterModel\", \"Arguments\": {\"ModelPackageGroupName\": \"g\",\n\"ModelApprovalStatus\": \"Approved\"}}]}";
        assert_eq!(
            lines("pipeline.json", steps),
            [(2, "unpinned-image"), (4, "unpinned-model"), (6, "unverified-promotion")]
        );
        let waiting = steps.replace("\"Approved\"", "\"PendingManualApproval\"");
        assert_eq!(lines("pipeline.json", &waiting), [(2, "unpinned-image"), (4, "unpinned-model")]);
        let upload = "{\n\"containerSpec\": {\"imageUri\": \"acme/vllm:latest\",\n\"args\": [\"--model=acme/net\",\n\"--trust-remote-code\"]},\n\"artifactUri\": \"gs://b/latest\"}";
        assert_eq!(
            lines("model.json", upload),
            [(2, "unpinned-image"), (3, "unpinned-model"), (4, "remote-code"), (5, "unpinned-model")]
        );
    }

    #[test]
    fn a_custom_job_of_vertex_is_judged() {
        let job = "displayName: t\njobSpec:\n  enableWebAccess: true\n  workerPoolSpecs:\n  - machineSpec: {machineType: n1}\n    containerSpec:\n      imageUri: gcr.io/p/net\n      args: ['--trust-remote-code']\n";
        let found = lines("job.yaml", job);
        assert!(found.contains(&(3, "exposed-service")), "{found:?}");
        assert!(found.contains(&(7, "unpinned-image")), "{found:?}");
    }

    #[test]
    fn a_policy_that_allows_everything_is_found() {
        let policy =
            "{\n\"Statement\": [{\n\"Effect\": \"Allow\",\n\"Action\": \"*\",\n\"Resource\": [\"*\"]}]}";
        assert_eq!(lines("policy.json", policy), [(4, "excessive-permissions")]);
        for fine in [
            policy.replace("Allow", "Deny"),
            policy.replace("\"Action\": \"*\"", "\"Action\": \"s3:*\""),
            policy.replace("[\"*\"]", "\"arn:aws:s3:::a/*\""),
        ] {
            assert_eq!(lines("policy.json", &fine), [], "{fine}");
        }
        let template = "Resources:\n  R:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyDocument:\n        Statement:\n        - Effect: Allow\n          Action: \"*\"\n          Resource: \"*\"\n";
        assert_eq!(lines("template.yaml", template), [(8, "excessive-permissions")]);
    }
}
