//! What is deployed: manifests of clusters, model servers and workflow engines.

mod actions;
mod ansible;
mod arm;
mod azureml;
mod chart;
mod cloud;
mod containers;
mod declared;
mod dvc;
mod exposed;
mod helm;
mod kubernetes;
mod kustomize;
mod modelfile;
mod models;
mod packed;
mod project;
mod properties;
mod ray;
mod settings;
mod stack;
mod triton;
mod workflows;

pub(crate) use ansible::Playbook;
pub(crate) use azureml::AzureMl;
pub(crate) use chart::{ChartFile, ChartTemplate};
pub(crate) use cloud::CloudJob;
pub(crate) use declared::Declared;
pub(crate) use dvc::DvcPipeline;
pub(crate) use helm::{HelmValues, snake};
pub(crate) use kubernetes::Manifest;
pub(crate) use modelfile::Modelfile;
pub(crate) use models::uri_issues;
pub(crate) use packed::PackedModel;
pub(crate) use project::MlProject;
pub(crate) use properties::TorchServeConfig;
pub(crate) use ray::RayConfig;
pub(crate) use settings::Settings;
pub(crate) use triton::TritonConfig;

use crate::python::embedded;
use crate::shell::inspect::{self, Setting};
use crate::shell::{Invocation, Word};
use crate::yaml::Node;
use crate::{Edit, Fix, Issue, Notes, Safety, Text, issue, variable};
use bartizan_core::{Confidence, Severity};

/// Most arguments of one command; aliases can make many of few.
const ARGUMENTS: usize = 1_000;

/// The items of an argument list as words that stand where they are written.
pub(crate) fn words(list: Node<'_>) -> Vec<Word> {
    list.items()
        .take(ARGUMENTS)
        .filter_map(|item| {
            Some(Word {
                text: item.as_str()?.to_owned(),
                span: item.span(),
                expansions: Vec::new(),
                quoted: true,
            })
        })
        .collect()
}

/// The script that an argument list gives to a shell: `[sh, -c, SCRIPT]`, over several lists read as one.
pub(crate) fn shell_script<'y>(lists: &[Node<'y>]) -> Option<Node<'y>> {
    let items: Vec<Node<'y>> = lists.iter().flat_map(|list| list.items().take(ARGUMENTS)).collect();
    let shell = items.iter().position(|item| {
        item.as_str().is_some_and(|text| {
            let name = text.rsplit('/').next().unwrap_or(text);
            matches!(name, "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh")
        })
    })?;
    let flag = items.iter().skip(shell).position(|item| {
        item.as_str()
            .is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.ends_with('c'))
    })?;
    items
        .get(shell.saturating_add(flag).saturating_add(1))
        .copied()
        .filter(|script| script.as_str().is_some())
}

/// Judges a container's `command` and `args`, read as one list; a text alone is a shell's.
pub(crate) fn command_issues(text: &Text<'_>, notes: &mut Notes<'_>, lists: &[Node<'_>]) {
    command_issues_of(text, notes, lists, None);
}

/// [`command_issues`] of arguments that `program` is given where they name none: what the container's image runs.
pub(crate) fn command_issues_of(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    lists: &[Node<'_>],
    program: Option<&str>,
) {
    for node in lists.iter().filter(|node| node.as_str().is_some()) {
        let value = node.as_str().unwrap_or_default();
        let issues = if value.trim_start().starts_with('-') {
            // Arguments alone, written as one text.
            let script = crate::shell::Script::read(value);
            let words = script.commands.first().map(|command| command.words.clone()).unwrap_or_default();
            argument_issues_of(words, program)
        } else {
            inspect::script(value, Setting::Other)
        };
        issue::report_in(text, notes, *node, issues);
    }
    for item in lists.iter().flat_map(|list| list.items().take(ARGUMENTS)) {
        if let Some(code) = item.as_str().filter(|code| embedded::is_module(code)) {
            issue::report_in(text, notes, item, embedded::issues(code));
        }
    }
    if let Some(script) = shell_script(lists) {
        issue::report_in(
            text,
            notes,
            script,
            inspect::script(script.as_str().unwrap_or_default(), Setting::Other),
        );
        return;
    }
    let words: Vec<Word> = lists.iter().flat_map(|list| words(*list)).collect();
    issue::report(text, notes, argument_issues_of(words, program));
}

/// Judges an argument list, with or without the program it is given to.
pub(crate) fn argument_issues(words: Vec<Word>) -> Vec<Issue> {
    argument_issues_of(words, None)
}

fn argument_issues_of(mut words: Vec<Word>, program: Option<&str>) -> Vec<Issue> {
    let Some(first) = words.first() else { return Vec::new() };
    let only_options = first.text.starts_with('-');
    let found = served(&words);
    // A verb of the program, as in `copy --dest-tls-verify=false`; what the image names may as well be written out.
    let of_image = program.filter(|program| only_options || VERBS.contains(program));
    if of_image.is_some_and(|program| first.text.rsplit('/').next() != Some(program)) || only_options {
        // Arguments alone: the image says what they are given to.
        let start = first.span.start;
        let text = of_image.unwrap_or("server").to_owned();
        words.insert(0, Word { text, span: start..start, ..Word::default() });
    }
    let mut issues = inspect::words(&words, Setting::Other);
    issues.extend(found);
    for (index, word) in words.iter().enumerate() {
        let (option, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
        if !option.starts_with("--") || !option.contains("model") {
            continue;
        }
        let next = words.get(index.saturating_add(1)).filter(|_| value.is_empty());
        let (value, span) = next.map_or((value, &word.span), |next| (next.text.as_str(), &next.span));
        if value.contains(":/") {
            issues.extend(models::uri_issues(value, span));
        }
    }
    issues
}

/// Programs of images whose first argument is a verb.
const VERBS: &[&str] =
    &["skopeo", "crane", "cosign", "oras", "git", "helm", "aws", "kubectl", "buildah", "podman"];

/// The model that a server's arguments name, whatever the entry point of its image is.
fn served(words: &[Word]) -> Option<Issue> {
    let options = [
        "--model",
        "--model-id",
        "--model_id",
        "--model-path",
        "--model_name_or_path",
        "--model-name-or-path",
        "--served-model",
    ];
    // Arguments alone begin with an option: anything stands for the program.
    let program = Word { text: "server".to_owned(), ..Word::default() };
    let all: Vec<Word> = std::iter::once(program).chain(words.iter().cloned()).collect();
    let invocation = Invocation::of_words(&all)?;
    let (name, argument) = invocation.value(&options)?;
    let revision = invocation
        .value(&["--revision", "--model-revision", "--model_revision", "--model_id_revision"])
        .map(|(value, _)| value);
    if !inspect::is_repository(name) {
        return None;
    }
    let why = inspect::moves(revision)?;
    // `--model NAME` is two words, and the name is the second.
    let span = words
        .iter()
        .find(|word| word.text == name)
        .map_or(argument.word.span.clone(), |word| word.span.clone());
    Some(Issue::new(&crate::rules::UNPINNED_MODEL, span, format!("the model `{name}` is served {why}")))
}

/// The model that a server takes from its environment, when no revision stands beside it.
fn model_variable(environment: Node<'_>) -> Option<Issue> {
    let named = environment.items().filter_map(|item| Some((item.text_of("name")?, item.get("value")?)));
    let variables: Vec<(&str, Node<'_>)> =
        environment.entries().into_iter().map(|entry| (entry.name(), entry.value)).chain(named).collect();
    if variables.iter().any(|(name, _)| name.ends_with("REVISION")) {
        return None;
    }
    let (name, value) = variables.into_iter().find(|(name, value)| {
        matches!(*name, "MODEL_ID" | "HF_MODEL_ID" | "VLLM_MODEL" | "HF_MODEL_NAME")
            && value.as_str().is_some_and(inspect::is_repository)
    })?;
    let message = format!("`{name}` names a model without a revision");
    Some(Issue::new(&crate::rules::UNPINNED_MODEL, value.span(), message))
}

/// A fix that writes `replacement` in the place of the scalar `node`.
fn replaced(node: Node<'_>, replacement: &str, title: &str) -> Option<Fix> {
    let fix = Fix {
        edits: vec![Edit { span: node.span(), replacement: replacement.to_owned() }],
        safety: Safety::Unsafe,
        title: title.to_owned(),
        asks: None,
    };
    (!node.is_alias()).then_some(fix)
}

/// What a variable says, with a fix for one that trusts remote code.
fn variable_issues(name: &str, value: Node<'_>) -> Vec<Issue> {
    let mut issues = variable::issues(name, value.as_str().unwrap_or_default(), &value.span());
    for issue in issues.iter_mut().filter(|issue| issue.rule.id == crate::rules::REMOTE_CODE.id) {
        // Variables are texts: a plain `false` would be none.
        issue.fix = replaced(value, "\"false\"", "do not trust remote code");
    }
    issues
}

/// A credential that a chart writes from its values into the environment: it stands in the manifest, and in each release that is kept.
fn filled_in(content: &str, name: &str, value: Node<'_>) -> Option<Issue> {
    // A template alone is a mapping to YAML: what stands to the end of its line says what it is.
    let rest = content.get(value.span().start..)?;
    let written = rest.lines().next()?.trim().trim_matches(['"', '\'']);
    let lower = written.to_ascii_lowercase();
    let whole = written.starts_with("{{") && written.ends_with("}}");
    let given = whole
        && written.contains(".Values.")
        && !["secretname", "existing"].iter().any(|named| lower.contains(named));
    let message = format!("`{name}` is written into the manifest from the values of the chart");
    let issue = Issue::new(&crate::rules::SECRET, value.span(), message).severity(Severity::Medium);
    (given && variable::is_secret_name(name)).then(|| {
        issue
            .confidence(Confidence::Medium)
            .remedy("Keep it in a Secret and take it by `valueFrom.secretKeyRef`.")
    })
}

/// Judges environment variables: a mapping, `NAME=value` texts, or mappings of `name` and `value`.
pub(crate) fn environment_issues(text: &Text<'_>, notes: &mut Notes<'_>, environment: Option<Node<'_>>) {
    let Some(environment) = environment else { return };
    issue::report(text, notes, model_variable(environment));
    for entry in environment.entries() {
        issue::report(text, notes, variable_issues(entry.name(), entry.value));
    }
    for item in environment.items() {
        if let Some((name, value)) = item.as_str().and_then(|item| item.split_once('=')) {
            issue::report(text, notes, variable::issues(name, value, &item.span()));
        }
        let Some(name) = item.text_of("name") else { continue };
        // A chart writes the branches of a condition one below the other, each with a value of its own.
        for value in
            item.entries().into_iter().filter(|entry| entry.name() == "value").map(|entry| entry.value)
        {
            issue::report(text, notes, filled_in(text.content, name, value));
            issue::report(text, notes, variable_issues(name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Text, apply, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn a_credential_that_a_chart_writes_into_the_environment_is_found() {
        let pod = |name: &str, value: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:aa\n    env:\n    - name: {name}\n      value: {value}\n"
            );
            crate::testing::lines("templates/p.yaml", &text)
        };
        assert_eq!(pod("HF_TOKEN", "{{ .Values.hfToken | quote }}"), [(9, "secret")]);
        assert_eq!(pod("DB_PASSWORD", "\"{{ .Values.db.password }}\""), [(9, "secret")]);
        assert_eq!(pod("HF_HOME", "{{ .Values.cache | quote }}"), []);
        assert_eq!(pod("HF_TOKEN_NAME", "{{ .Values.token.name }}"), []);
        assert_eq!(pod("HF_TOKEN", "{{ .Release.Name }}"), []);
    }

    #[test]
    fn remote_code_is_switched_off_where_a_manifest_or_settings_switch_it_on() {
        let mended = |name: &str, content: &str| {
            let outcome = examine(&Text::new(name, content), &Limits::default(), &MonotonicClock::start());
            let fixes: Vec<_> = outcome.fixes.iter().map(|one| &one.fix).collect();
            apply(content, &fixes).0
        };
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:aa\n    env:\n    - name: TRUST_REMOTE_CODE\n      value: \"true\"\n";
        assert_eq!(mended("p.yaml", pod), pod.replace("\"true\"", "\"false\""));
        let settings = "model_name_or_path: ./m\ntrust_remote_code: true # why\n";
        assert_eq!(mended("t.yaml", settings), settings.replace("true", "false"));
    }
}
