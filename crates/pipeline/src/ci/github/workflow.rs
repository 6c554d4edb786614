//! A workflow or a composite action as its jobs and steps: [`Workflow`].

use crate::yaml::{Entry, Node, Yaml};

/// A workflow or composite action.
#[derive(Debug)]
pub(super) struct Workflow<'y> {
    /// The whole document.
    pub(super) root: Node<'y>,
    /// Its triggers with where each is named; none for an action.
    pub(super) triggers: Vec<(&'y str, Node<'y>, Option<Node<'y>>)>,
    /// Its jobs; an action has one without an entry.
    pub(super) jobs: Vec<Job<'y>>,
    /// Whether it is an action.
    pub(super) is_action: bool,
    /// Whether steps beyond [`Workflow::STEPS`] were left out.
    pub(super) is_cut: bool,
}

/// One job.
#[derive(Debug)]
pub(super) struct Job<'y> {
    /// Its key and body; `None` for an action.
    pub(super) entry: Option<Entry<'y>>,
    /// Its steps, those of parallel groups among them.
    pub(super) steps: Vec<Step<'y>>,
}

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'y> {
    /// Its mapping.
    pub(super) node: Node<'y>,
}

impl<'y> Workflow<'y> {
    /// The workflow in the first document of `yaml`.
    pub(super) fn of_workflow(yaml: &'y Yaml<'y>) -> Option<Self> {
        let root = yaml.root().filter(|root| root.is_mapping())?;
        let jobs = root.get("jobs")?;
        let triggers = root.get("on").or_else(|| root.get("true")).map(triggers).unwrap_or_default();
        let mut left = Self::STEPS;
        let jobs = jobs
            .entries()
            .into_iter()
            .filter(|entry| entry.value.is_mapping())
            .map(|entry| {
                let steps = steps(entry.value.get("steps"), left);
                left = left.saturating_sub(steps.len());
                Job { entry: Some(entry), steps }
            })
            .collect();
        Some(Self { root, triggers, jobs, is_action: false, is_cut: left == 0 })
    }

    /// The composite action in the first document of `yaml`.
    pub(super) fn of_action(yaml: &'y Yaml<'y>) -> Option<Self> {
        let root = yaml.root().filter(|root| root.is_mapping())?;
        let runs = root.get("runs")?;
        let jobs = vec![Job { entry: None, steps: steps(runs.get("steps"), Self::STEPS) }];
        Some(Self { root, triggers: Vec::new(), jobs, is_action: true, is_cut: false })
    }

    /// Most steps of one workflow; aliases can make many of few.
    pub(super) const STEPS: usize = 20_000;

    /// Whether one of `names` starts it.
    pub(super) fn starts_on(&self, names: &[&str]) -> bool {
        self.triggers.iter().any(|(name, ..)| names.contains(name))
    }

    /// What the trigger `name` is configured with.
    pub(super) fn trigger(&self, name: &str) -> Option<Node<'y>> {
        self.triggers.iter().find(|(known, ..)| *known == name).and_then(|(.., value)| *value)
    }

    /// Whether an outsider's act starts it with secrets and a writing token.
    pub(super) fn is_privileged(&self) -> bool {
        self.starts_on(&["pull_request_target", "workflow_run", "issue_comment"])
    }

    /// Whether an outsider's act starts it at all.
    pub(super) fn is_public(&self) -> bool {
        self.is_privileged()
            || self.starts_on(&[
                "pull_request",
                "issues",
                "discussion",
                "discussion_comment",
                "pull_request_review",
                "pull_request_review_comment",
                "fork",
                "watch",
                "gollum",
            ])
    }

    /// Every step with its job.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&Job<'y>, &Step<'y>)> {
        self.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)))
    }
}

fn triggers(on: Node<'_>) -> Vec<(&str, Node<'_>, Option<Node<'_>>)> {
    if on.is_mapping() {
        return on.entries().into_iter().map(|entry| (entry.name(), entry.key, Some(entry.value))).collect();
    }
    on.items_or_self().into_iter().filter_map(|item| Some((item.as_str()?, item, None))).collect()
}

fn steps(list: Option<Node<'_>>, most: usize) -> Vec<Step<'_>> {
    let mut found = Vec::new();
    for item in list.into_iter().flat_map(Node::items).take(most) {
        if let Some(group) = item.get("parallel") {
            found.extend(group.items().map(|node| Step { node }));
        } else {
            found.push(Step { node: item });
        }
    }
    found.truncate(most);
    found
}

impl<'y> Job<'y> {
    /// The job's own value under `key`.
    pub(super) fn get(&self, key: &str) -> Option<Node<'y>> {
        self.entry?.value.get(key)
    }

    /// What `matrix.NAME` stands for in its runs; `None` when the matrix is computed or has no such name.
    pub(super) fn matrix(&self, name: &str) -> Option<Vec<Node<'y>>> {
        let matrix = self.get("strategy")?.get("matrix")?;
        let mut values: Vec<Node<'y>> =
            matrix.get(name).map(|list| list.items().collect()).unwrap_or_default();
        values
            .extend(matrix.get("include").into_iter().flat_map(Node::items).filter_map(|one| one.get(name)));
        (!values.is_empty()).then_some(values)
    }
}

impl<'y> Step<'y> {
    /// The script it runs.
    pub(super) fn run(&self) -> Option<Node<'y>> {
        self.node.get("run").filter(|run| run.as_str().is_some())
    }

    /// The action it uses.
    pub(super) fn uses(&self) -> Option<(Node<'y>, Uses<'y>)> {
        let node = self.node.get("uses")?;
        Some((node, Uses::of(node.as_str()?)))
    }

    /// An input of its action.
    pub(super) fn with(&self, name: &str) -> Option<Node<'y>> {
        let with = self.node.get("with")?;
        with.get(name).or_else(|| {
            with.entries()
                .into_iter()
                .find(|entry| entry.name().eq_ignore_ascii_case(name))
                .map(|entry| entry.value)
        })
    }

    /// Whether it uses one of these actions, named in lower case.
    pub(super) fn uses_any(&self, names: &[&str]) -> bool {
        self.uses().is_some_and(|(_, uses)| names.contains(&uses.name().as_str()))
    }
}

/// A `uses:` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uses<'y> {
    /// In this repository: `./x`, `$/x`.
    Local,
    /// `docker://image`.
    Image(&'y str),
    /// `owner/repository/path@reference`.
    Repository {
        /// `owner/repository` with the path behind it.
        path: &'y str,
        /// What follows `@`.
        reference: Option<&'y str>,
    },
}

impl<'y> Uses<'y> {
    pub(super) fn of(text: &'y str) -> Self {
        let text = text.trim();
        if text.starts_with("./") || text.starts_with("$/") || text.starts_with("../") {
            return Self::Local;
        }
        if let Some(image) = text.strip_prefix("docker://") {
            return Self::Image(image);
        }
        match text.split_once('@') {
            Some((path, reference)) => Self::Repository { path, reference: Some(reference) },
            None => Self::Repository { path: text, reference: None },
        }
    }

    /// `owner/repository` in lower case, with the path of an action inside it; empty for others.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Repository { path, .. } => path.to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    pub(super) fn owner(&self) -> String {
        self.name().split('/').next().unwrap_or_default().to_owned()
    }
}
