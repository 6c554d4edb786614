//! Deployments and data that projects declare: Prefect's `prefect.yaml`, Kedro's catalogs, MLServer's `model-settings.json`.
//!
//! Source: Prefect, "Deploy via prefect.yaml"; Kedro, "Data Catalog YAML"; MLServer, "Model Settings".

use super::{environment_issues, uri_issues};
use crate::address::{self, is_commit};
use crate::ci::github::gaps;
use crate::rules::{self, UNPINNED_SOURCE, UNSAFE_MODEL_FORMAT};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// What a project declares.
#[derive(Debug)]
pub(crate) struct Declared;

impl Reader for Declared {
    fn id(&self) -> &'static str {
        "declared-model"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        form(text).is_some()
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let Some(form) = form(text) else { return };
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            match form {
                Form::Prefect => deployment(text, notes, node),
                Form::Kedro => issue::report(text, notes, dataset(node)),
                Form::MlServer => issue::report(text, notes, served(node)),
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Form {
    Prefect,
    Kedro,
    MlServer,
}

fn form(text: &Text<'_>) -> Option<Form> {
    let name = text.file_name();
    let yaml = matches!(text.extension(), "yml" | "yaml");
    if yaml && name.starts_with("prefect") && text.has_key(&["deployments", "pull", "build"]) {
        return Some(Form::Prefect);
    }
    // Every entry of a catalog is a data set, named by its class.
    if yaml
        && name.starts_with("catalog")
        && text.content.contains("Dataset")
        && text.content.contains("type:")
    {
        return Some(Form::Kedro);
    }
    (name == "model-settings.json" && text.content.contains("\"implementation\"")).then_some(Form::MlServer)
}

/// A step or a deployment of Prefect.
fn deployment(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let mut issues = Vec::new();
    if let Some(address) = node.text_of("repository") {
        let branch = node.get("branch").filter(|branch| branch.as_str().is_some_and(|name| !is_commit(name)));
        if let Some(branch) = branch {
            let message =
                format!("the code of {address} is taken at a branch, whatever it holds at each run");
            issues.push(Issue::new(&UNPINNED_SOURCE, branch.span(), message).severity(Severity::Low));
        }
    }
    if let Some((node, reference)) = node.get("image").and_then(|node| Some((node, node.as_str()?)))
        && !reference.contains("{{")
    {
        issues.extend(image::issue(reference, node.span(), "the image"));
    }
    issue::report(text, notes, issues);
    environment_issues(text, notes, node.get("env"));
    if let Some(script) = node.get("script").filter(|script| script.as_str().is_some()) {
        let found = inspect::script(script.as_str().unwrap_or_default(), Setting::Other);
        issue::report_in(text, notes, script, found);
    }
}

/// A data set of a catalog.
fn dataset(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(kind) = node.get("type") {
        let class = kind.as_str().unwrap_or_default().to_ascii_lowercase();
        let named =
            class.starts_with("pickle.") || class.contains(".pickle.") || class == "picklelocaldataset";
        if named {
            let message = "the data set is unpickled: whoever can write the file runs code where it is read";
            issues.push(Issue::new(&UNSAFE_MODEL_FORMAT, kind.span(), message).severity(Severity::Medium));
        }
    }
    for key in ["filepath", "path", "url"] {
        issues.extend(fetched(node, key));
    }
    issues
}

/// A model of MLServer.
fn served(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(runtime) = node.get("implementation") {
        let class = runtime.as_str().unwrap_or_default();
        if ["mlserver_sklearn.", "mlserver_alibi", "mlserver_mlflow."]
            .iter()
            .any(|part| class.starts_with(part))
        {
            let message = format!("`{class}` unpickles the model that it serves");
            issues.push(
                Issue::new(&UNSAFE_MODEL_FORMAT, runtime.span(), message)
                    .severity(Severity::Medium)
                    .confidence(Confidence::Medium),
            );
        }
    }
    for key in ["uri", "environment_tarball"] {
        issues.extend(fetched(node, key));
        if let Some(value) = node.get(key).filter(|_| key == "uri") {
            issues.extend(uri_issues(value.as_str().unwrap_or_default(), &value.span()));
        }
    }
    issues
}

fn fetched(node: Node<'_>, key: &str) -> Option<Issue> {
    let value = node.get(key)?;
    address::fetched(value.as_str()?, value.span())
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn deployments_catalogs_and_models_are_judged() {
        let prefect = "pull:\n- prefect.deployments.steps.git_clone:\n    repository: https://git.acme.dev/a\n    branch: main\ndeployments:\n- name: a\n  work_pool:\n    job_variables:\n      image: acme/train:latest\n";
        assert_eq!(lines("prefect.yaml", prefect), [(4, "unpinned-source"), (9, "unpinned-image")]);
        let fine = prefect
            .replace("main", "0123456789abcdef0123456789abcdef01234567")
            .replace(":latest", "@sha256:aa");
        assert_eq!(lines("prefect.yaml", &fine), []);
        let catalog = "raw:\n  type: pandas.CSVDataset\n  filepath: http://data.acme.dev/a.csv\nmodel:\n  type: pickle.PickleDataset\n  filepath: data/m.pkl\n";
        assert_eq!(
            lines("conf/base/catalog.yml", catalog),
            [(3, "insecure-transport"), (5, "unsafe-model-format")]
        );
        let fine = "raw:\n  type: pandas.CSVDataset\n  filepath: s3://a/a.csv\nmodel:\n  type: json.JSONDataset\n  filepath: data/m.json\n";
        assert_eq!(lines("conf/base/catalog.yml", fine), []);
        let model = "{\n\"name\": \"a\",\n\"implementation\": \"mlserver_sklearn.SKLearnModel\",\n\"parameters\": {\n\"environment_tarball\": \"http://m.acme.dev/e.tar.gz\"}}";
        assert_eq!(
            lines("model-settings.json", model),
            [(3, "unsafe-model-format"), (5, "insecure-transport")]
        );
        let fine = "{\"name\": \"a\", \"implementation\": \"mlserver_xgboost.XGBoostModel\", \"parameters\": {\"uri\": \"./m.json\"}}";
        assert_eq!(lines("model-settings.json", fine), []);
    }
}
