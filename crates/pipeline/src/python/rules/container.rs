//! Containers and pods started from code: rights over the machine that they are given.

use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Value};
use crate::rules::{HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&PRIVILEGED_CONTAINER, &HOST_ACCESS, &ROOT_USER];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    if !starts(call) {
        return;
    }
    // What is written at the argument that gives the right is shown there.
    let at = |names: &[&str]| call.any_keyword(names).map_or(call.span.clone(), |given| given.span.clone());
    if call.is_true("privileged") {
        let message = "the container has all rights of the machine";
        module.report(&at(&["privileged"]), Finding::new(&PRIVILEGED_CONTAINER, message));
    }
    let context = call.any_keyword(&["security_context", "container_security_context"]);
    if let Some(given) = context
        && given.value.entry("privileged").is_some_and(|value| value.truth() == Some(true))
    {
        let message = "the container has all rights of the machine";
        module.report(&given.span, Finding::new(&PRIVILEGED_CONTAINER, message));
    }
    let added = call.any_keyword(&["cap_add", "add"]).map(|given| given.value.texts()).unwrap_or_default();
    if added.iter().any(|one| CAPABILITIES.contains(&one.trim_start_matches("CAP_"))) {
        let message = "the container gets a capability of the machine";
        module.report(&at(&["cap_add", "add"]), Finding::new(&PRIVILEGED_CONTAINER, message));
    }
    let host = ["network_mode", "network", "pid_mode", "pid"]
        .iter()
        .find(|name| call.keyword(name).is_some_and(|given| given.value.as_text() == Some("host")));
    let host = host.or(["host_network", "host_pid", "hostnetwork"].iter().find(|name| call.is_true(name)));
    if let Some(name) = host {
        let message = "the container shares the machine's namespace";
        module.report(&at(&[name]), Finding::new(&HOST_ACCESS, message));
    }
    if let Some(place) = call.any_keyword(PLACES).and_then(|given| mounted(&given.value)) {
        let shown = bartizan_core::printable(&place, 80);
        let finding = Finding::new(&HOST_ACCESS, format!("`{shown}` gives the container the machine"));
        module.report(&at(PLACES), finding.severity(Severity::High));
    }
    let root = call.keyword("run_as_user").is_some_and(|user| user.value.known == Known::Integer(0));
    if root || call.is_false("run_as_non_root") {
        let finding = Finding::new(&ROOT_USER, "the container runs as root");
        let severity = if root { Severity::Medium } else { ROOT_USER.severity };
        let span = at(if root { &["run_as_user"] } else { &["run_as_non_root"] });
        module.report(&span, finding.severity(severity).confidence(Confidence::Medium));
    }
}

/// Arguments that say what is mounted.
const PLACES: &[&str] = &["volumes", "mounts", "binds", "path", "source"];

/// Capabilities that come close to the machine's own rights.
const CAPABILITIES: &[&str] =
    &["ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH", "BPF"];

/// Whether `call` describes or starts a container.
fn starts(call: &Call<'_>) -> bool {
    let docker =
        call.is_of("docker") && matches!(call.name(), "run" | "create" | "create_host_config" | "Mount");
    docker
        || matches!(
            call.package(),
            "kubernetes" | "kubernetes_asyncio" | "hera" | "dagster_docker" | "testcontainers"
        )
        || call.is_of("airflow")
        || matches!(
            call.name(),
            "KubernetesPodOperator" | "DockerOperator" | "V1SecurityContext" | "V1HostPathVolumeSource"
        )
}

/// What of the machine is mounted that gives all of it away: its root, or the socket of its container engine.
fn mounted(given: &Value) -> Option<String> {
    let whole = |text: &str| crate::mount::is_the_machine(text.split(':').next().unwrap_or(text));
    let keys = match &given.known {
        Known::Entries(entries) => entries.iter().filter_map(|(key, _)| key.as_deref()).collect(),
        _ => Vec::new(),
    };
    given.as_text().into_iter().chain(given.texts()).chain(keys).find(|text| whole(text)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Medium};

    #[test]
    fn rights_given_to_containers_are_found() {
        let graded = |call: &str, rule: &str| {
            let code = format!(
                "import docker\nfrom kubernetes import client as k\nfrom airflow.providers.docker.operators.docker import DockerOperator\nc = docker.from_env()\n{call}"
            );
            severities(&code, &format!("pipeline/{rule}"))
        };
        assert_eq!(
            graded("DockerOperator(image='a@sha256:00', privileged=True)", "privileged-container"),
            [High]
        );
        assert_eq!(graded("k.V1SecurityContext(privileged=True)", "privileged-container"), [High]);
        assert_eq!(graded("k.V1Capabilities(add=['SYS_ADMIN'])", "privileged-container"), [High]);
        assert_eq!(graded("k.V1SecurityContext(privileged=False)", "privileged-container"), []);
        assert_eq!(graded("c.containers.run('a@sha256:00', network_mode='host')", "host-access"), [Medium]);
        let socket = "{'/var/run/docker.sock': {'bind': '/s'}}";
        assert_eq!(
            graded(&format!("c.containers.run('a@sha256:00', volumes={socket})"), "host-access"),
            [High]
        );
        assert_eq!(graded("k.V1HostPathVolumeSource(path='/')", "host-access"), [High]);
        assert_eq!(graded("c.containers.run('a@sha256:00', volumes=['data:/data'])", "host-access"), []);
        let pod = "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as P\n";
        let context = |given: &str| {
            graded(&format!("{pod}P(image='a@sha256:00', security_context={given})"), "privileged-container")
        };
        assert_eq!((context("{'privileged': True}"), context("{'privileged': False}")), (vec![High], vec![]));
        assert_eq!(graded("k.V1SecurityContext(run_as_user=0)", "root-user"), [Medium]);
        assert_eq!(graded("k.V1SecurityContext(run_as_user=1000)", "root-user"), []);
    }

    #[test]
    fn other_calls_with_these_words_are_passed_over() {
        assert_eq!(severities("f(privileged=True, path='/')", "pipeline/privileged-container"), []);
        assert_eq!(severities("f(privileged=True, path='/')", "pipeline/host-access"), []);
    }
}
