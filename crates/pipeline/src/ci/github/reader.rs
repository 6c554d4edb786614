//! The readers of workflows and actions.

use super::workflow::Workflow;
use super::{
    agents, cache, conditions, credentials, environment, expressions, images, injection, permissions,
    programs, publishing, runners, secrets, triggers, uses,
};
use crate::python::embedded;
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Notes, Reader, Text, issue, rules, variable};
use bartizan_core::{Kind, Rule};

/// Workflows of GitHub Actions (and of Gitea and Forgejo, which read the same).
#[derive(Debug)]
pub(crate) struct WorkflowFile;

/// Composite actions: `action.yml`.
#[derive(Debug)]
pub(crate) struct ActionFile;

impl Reader for WorkflowFile {
    fn id(&self) -> &'static str {
        "github-workflow"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        if !matches!(text.extension(), "yml" | "yaml") {
            return false;
        }
        let in_place = text.name.contains(".github/workflows/")
            || text.name.contains(".gitea/workflows/")
            || text.name.contains(".forgejo/workflows/");
        let has = |keys: &[&str]| text.has_key(keys);
        has(&["jobs"])
            && (in_place
                || (has(&["on", "\"on\"", "'on'"])
                    && (text.content.contains("runs-on") || text.content.contains("uses:"))))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        if let Some(workflow) = Workflow::of_workflow(&yaml) {
            check(text, notes, &workflow);
        }
    }
}

impl Reader for ActionFile {
    fn id(&self) -> &'static str {
        "github-action"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.file_name(), "action.yml" | "action.yaml") && text.has_key(&["runs"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        if let Some(action) = Workflow::of_action(&yaml) {
            check(text, notes, &action);
        }
    }
}

/// Notes where `yaml` could not be read.
pub(crate) fn gaps(yaml: &Yaml<'_>, notes: &mut Notes<'_>) {
    for stop in &yaml.stops {
        notes.gap(stop.offset, format!("{}; what follows was not examined", stop.reason));
    }
}

/// The shell that `defaults` name.
fn default_shell(defaults: Option<Node<'_>>) -> Option<&str> {
    defaults?.path(&["run", "shell"])?.as_str()
}

fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    if workflow.is_cut {
        notes.gap(None, format!("more than {} steps; the rest were not examined", Workflow::STEPS));
    }
    for (job, step) in workflow.steps() {
        if notes.out_of_time() {
            return;
        }
        let Some(run) = step.run() else { continue };
        let script = run.as_str().unwrap_or_default();
        let shell = step
            .node
            .text_of("shell")
            .or_else(|| default_shell(job.get("defaults")))
            .or_else(|| default_shell(workflow.root.get("defaults")));
        let issues = if shell.is_some_and(|shell| shell.starts_with("python")) {
            embedded::issues(script)
        } else {
            inspect::script(script, Setting::Pipeline)
        };
        issue::report_in(text, notes, run, issues);
    }
    let scopes = std::iter::once(workflow.root.get("env"))
        .chain(workflow.jobs.iter().map(|job| job.get("env")))
        .chain(workflow.steps().map(|(_, step)| step.node.get("env")));
    for entry in scopes.flatten().flat_map(crate::yaml::Node::entries) {
        let value = entry.value.as_str().unwrap_or_default();
        issue::report(text, notes, variable::issues(entry.name(), value, &entry.value.span()));
    }
    for job in &workflow.jobs {
        // The steps of a job share its files.
        let mut kept = inspect::Kept::default();
        for (run, script) in job.steps.iter().filter_map(|step| Some((step.run()?, step.run()?.as_str()?))) {
            issue::report_in(text, notes, run, kept.runs(script));
            kept.take_files(inspect::Kept::of(script));
        }
    }
    injection::check(text, notes, workflow);
    uses::check(text, notes, workflow);
    images::check(text, notes, workflow);
    permissions::check(text, notes, workflow);
    triggers::check(text, notes, workflow);
    secrets::check(text, notes, workflow);
    expressions::check(text, notes, workflow);
    credentials::check(text, notes, workflow);
    cache::check(text, notes, workflow);
    environment::check(text, notes, workflow);
    conditions::check(text, notes, workflow);
    publishing::check(text, notes, workflow);
    runners::check(text, notes, workflow);
    agents::check(text, notes, workflow);
    programs::check(text, notes, workflow);
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn what_one_step_keeps_of_an_answer_and_another_runs_is_found() {
        let found = |run: &str| {
            let text = format!(
                "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: |\n        ANS=$(llm fix)\n        echo \"$ANS\" > fix.sh\n    - run: {run}\n"
            );
            let found = lines(".github/workflows/a.yml", &text);
            found
                .into_iter()
                .filter(|(_, rule)| *rule == "model-output-executed")
                .map(|(line, _)| line)
                .collect::<Vec<_>>()
        };
        assert_eq!(found("bash fix.sh"), [10]);
        assert_eq!(found("cat fix.sh"), [] as [u32; 0]);
        assert_eq!(found("bash build.sh"), [] as [u32; 0]);
    }
}
