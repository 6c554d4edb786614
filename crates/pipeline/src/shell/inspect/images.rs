//! Container engines on command lines.

use super::Site;
use crate::rules::{HOST_ACCESS, PRIVILEGED_CONTAINER};
use crate::shell::Invocation;
use crate::{Issue, image, mount};
use bartizan_core::Severity;

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    if !matches!(invocation.program.as_str(), "docker" | "podman" | "nerdctl") {
        return;
    }
    let runs =
        invocation.does(&["run"]) || invocation.does(&["create"]) || invocation.does(&["container", "run"]);
    if !runs && !invocation.does(&["pull"]) {
        return;
    }
    let skip = if invocation.does(&["container", "run"]) { 2 } else { 1 };
    if let Some(operand) = invocation.operands(RUN_VALUED).get(skip) {
        let reference = site.resolved(operand.text);
        if reference.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            issues.extend(image::issue(&reference, operand.word.span.clone(), "the image"));
        }
    }
    if runs {
        privileges(invocation, issues);
    }
}

fn privileges(invocation: &Invocation<'_>, issues: &mut Vec<Issue>) {
    if let Some(option) = invocation.option(&["--privileged"]) {
        issues.push(Issue::new(
            &PRIVILEGED_CONTAINER,
            option.word.span.clone(),
            "a container with all rights of the machine",
        ));
    }
    for (value, argument) in invocation.values(&["--cap-add"]) {
        if STRONG.contains(&value.to_ascii_uppercase().trim_start_matches("CAP_")) {
            let message = format!("the container gets a capability of the machine (`{value}`)");
            issues.push(Issue::new(&PRIVILEGED_CONTAINER, argument.word.span.clone(), message));
        }
    }
    for (value, argument) in invocation.values(&["--security-opt"]) {
        if matches!(value.replace('=', ":").as_str(), "seccomp:unconfined" | "apparmor:unconfined") {
            let message = format!("the container may make every call of the machine's kernel (`{value}`)");
            let issue = Issue::new(&PRIVILEGED_CONTAINER, argument.word.span.clone(), message);
            issues.push(issue.severity(Severity::Medium));
        }
    }
    for (value, argument) in invocation.values(&["-v", "--volume", "--mount"]) {
        issues.extend(mount::issue(value, argument.word.span.clone()));
    }
    for (value, argument) in invocation.values(&["--network", "--net", "--pid"]) {
        if value == "host" {
            issues.push(Issue::new(
                &HOST_ACCESS,
                argument.word.span.clone(),
                "the container shares the machine's namespace",
            ));
        }
    }
}

/// Capabilities with which a container is the machine.
const STRONG: &[&str] = &["ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN"];

const RUN_VALUED: &[&str] = &[
    "-v",
    "--volume",
    "-e",
    "--env",
    "--env-file",
    "-p",
    "--publish",
    "--name",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--network",
    "--net",
    "--gpus",
    "--mount",
    "--entrypoint",
    "-m",
    "--memory",
    "--cpus",
    "--platform",
    "-h",
    "--hostname",
    "--shm-size",
    "--ulimit",
    "--runtime",
    "--label",
    "-l",
    "--restart",
    "--pid",
    "--ipc",
    "--cap-add",
    "--cap-drop",
    "--security-opt",
    "--device",
    "--add-host",
    "--log-driver",
    "--cidfile",
    "--tmpfs",
    "--pull",
    "--health-cmd",
    "--volumes-from",
];
