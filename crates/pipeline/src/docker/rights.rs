//! What a container is given of the machine it runs on, where a plugin or a module is told it as a table with `privileged` and `volumes`.
//!
//! Sources: GitHub, `jobs.<id>.container.options`; Azure, `resources.containers.options`; Docker, `docker run --privileged` and `--volume`.

use crate::Issue;
use crate::mount;
use crate::rules::{HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use crate::shell::inspect::{self, Setting};
use crate::yaml::Node;

/// Findings for what a container of a job is started with: `options`, as on the command line of Docker.
pub(crate) fn started_with(container: Node<'_>) -> Vec<Issue> {
    let Some(options) = container.get("options").filter(|options| options.as_str().is_some()) else {
        return Vec::new();
    };
    let written = options.as_str().unwrap_or_default();
    let command = format!("docker run {written}");
    let rights = [PRIVILEGED_CONTAINER.id, HOST_ACCESS.id, ROOT_USER.id];
    let found = inspect::script(&command, Setting::Other).into_iter();
    found
        .filter(|issue| rights.contains(&issue.rule.id))
        .map(|issue| Issue { span: options.span(), ..issue })
        .collect()
}

/// Findings for all rights, and for volumes that give away the machine or somebody's keys.
pub(crate) fn rights(given: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(entry) = given.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true)) {
        let message = "the container has all rights of the machine";
        issues.push(Issue::new(&PRIVILEGED_CONTAINER, entry.span(), message));
    }
    for volume in given.get("volumes").into_iter().flat_map(Node::items) {
        issues.extend(mount::issue(volume.as_str().unwrap_or_default(), volume.span()));
    }
    issues
}
