//! One server of a configuration: what starts it, what it may see, what it is given.

use super::rules::{AUTO_APPROVE, BROAD_SCOPE, SHELL_WRAPPER, TOKEN_PASSTHROUGH, UNTRUSTED_SERVER};
use crate::agents::acts::Act;
use crate::agents::commands::COMMANDS;
use crate::agents::hosts::{Host, addresses, is_below};
use crate::agents::rules::program::REGISTRIES;
use crate::dependencies::Ecosystem;
use crate::dependencies::names::{Likeness, image_likeness, likeness};
use crate::dependencies::rules::TYPOSQUAT_PACKAGE;
use crate::issue::report_in;
use crate::rules::{INSECURE_TRANSPORT, SECRET, UNPINNED_PACKAGE, UNPINNED_SOURCE};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, address, image, variable};
use bartizan_core::{Confidence, Severity};

/// Reports what is wrong with the server `name`.
pub(super) fn inspect(text: &Text<'_>, name: &str, node: Node<'_>, notes: &mut Notes<'_>) {
    let words = words(node);
    let inner = wrapped(&words);
    let movable = package(text, inner.as_deref().unwrap_or(&words), notes);
    shell(text, &words, notes);
    let plain = remote(text, node, notes);
    let host = ["url", "serverUrl", "httpUrl", "endpoint", "uri"]
        .iter()
        .find_map(|key| node.get(key)?.as_str())
        .map(|url| address::host(url).to_ascii_lowercase());
    scope(text, &words, notes);
    approvals(text, node, notes);
    for group in ["env", "environment", "headers", "requestInit"] {
        let Some(variables) = node.get(group) else { continue };
        let of_process = matches!(group, "env" | "environment");
        let variables = variables.get("headers").unwrap_or(variables);
        for entry in variables.entries() {
            given(text, (name, entry.name(), entry.value), of_process, movable || plain, notes);
            if let Some(host) = host.as_deref().filter(|_| !of_process) {
                foreign(text, host, entry.value, notes);
            }
        }
    }
    arguments(text, &words, notes);
    bridged(text, &words, notes);
}

/// The words of the line that a shell is given (`sh -c "npx -y …"`, `cmd /c npx …`); `None` where no shell starts the server.
fn wrapped<'y>(words: &[(&'y str, Node<'y>)]) -> Option<Vec<(&'y str, Node<'y>)>> {
    words.first().filter(|(first, _)| SHELLS.contains(&program(first).as_str()))?;
    let at = words.iter().position(|(word, _)| {
        matches!(word.to_ascii_lowercase().as_str(), "-c" | "/c" | "-lc" | "-command")
    })?;
    let rest = words.get(at.saturating_add(1)..)?;
    Some(
        rest.iter().flat_map(|(line, node)| line.split_whitespace().map(move |word| (word, *node))).collect(),
    )
}

/// Reports a remote server that a bridge started here reaches without TLS: `mcp-remote http://…`.
fn bridged(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) {
    let bridge = |word: &str| {
        let name = word.split('@').next().filter(|name| !name.is_empty()).unwrap_or(word);
        BRIDGES.contains(&name.rsplit('/').next().unwrap_or(name))
    };
    if !words.iter().any(|(word, _)| bridge(word)) {
        return;
    }
    for (word, node) in words {
        let Some(address) = address::cleartext(word) else { continue };
        let at = word.find(address).unwrap_or_default();
        let message = "the server is reached without TLS: anyone on the way reads and changes what it says";
        let place = at..at.saturating_add(address.len());
        report_in(text, notes, *node, [Issue::new(&INSECURE_TRANSPORT, place.clone(), message)]);
        let lower = address.to_ascii_lowercase();
        if addresses(&lower).iter().any(|address| address.sort() >= Host::Bare) {
            let message = "the server is at an address that names no operator";
            report_in(text, notes, *node, [Issue::new(&UNTRUSTED_SERVER, place, message)]);
        }
    }
}

/// Programs that make a remote server look like a local one.
static BRIDGES: &[&str] = &[
    "mcp-remote",
    "supergateway",
    "mcp-proxy",
    "mcp-bridge",
    "mcp-superassistant-proxy",
    "mcp-client-bridge",
];

/// Command and arguments as words, each with the node it stands in.
fn words(node: Node<'_>) -> Vec<(&str, Node<'_>)> {
    let command = node.get("command").map(|command| command.get("path").unwrap_or(command));
    let mut words: Vec<(&str, Node<'_>)> = Vec::new();
    for part in command.into_iter().flat_map(Node::items_or_self) {
        let whole = part.as_str().unwrap_or_default();
        // A command with spaces is several words, unless it is a path to a program whose name has spaces.
        if whole.starts_with(['/', '~', '.']) || whole.contains('\\') {
            words.push((whole, part));
        } else {
            words.extend(whole.split_whitespace().map(|word| (word, part)));
        }
    }
    let args = node.path(&["command", "args"]).or_else(|| node.get("args"));
    words.extend(
        args.into_iter().flat_map(Node::items_or_self).filter_map(|part| Some((part.as_str()?, part))),
    );
    words
}

/// The program's name, without folder and `.exe`.
fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    name.trim_end_matches(".exe").trim_end_matches(".cmd").to_owned()
}

/// Reports a package or image that can change under its name, and says whether there is one.
fn package(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) -> bool {
    let Some(at) = words.iter().position(|(word, _)| LAUNCHERS.contains(&program(word).as_str())) else {
        return false;
    };
    let launcher = program(words.get(at).map_or("", |word| word.0));
    let mut rest = words.get(at.saturating_add(1)..).unwrap_or_default();
    let subcommand = match launcher.as_str() {
        "docker" | "podman" | "nerdctl" => &["run"][..],
        "pnpm" | "yarn" => &["dlx"],
        "npm" => &["exec", "x"],
        "pipx" => &["run"],
        "uv" => &["tool"],
        "bun" => &["x"],
        _ => &[],
    };
    if let Some((first, _)) = rest.first().filter(|_| !subcommand.is_empty()) {
        if !subcommand.contains(first) {
            return false;
        }
        let skipped = if launcher == "uv" { 2 } else { 1 };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    let container = matches!(launcher.as_str(), "docker" | "podman" | "nerdctl");
    let Some((reference, node)) = named_package(rest, container) else { return false };
    if container {
        let issue = image::issue(reference, 0..reference.len(), "the server's image");
        let moves = issue.as_ref().is_some_and(|issue| issue.severity >= Severity::Medium);
        report_in(text, notes, node, issue);
        if let Some(meant) = image_likeness(reference) {
            let message = format!(
                "the server runs `{}`, one slip from `{meant}`, which many use",
                bartizan_core::printable(reference, 80)
            );
            let issue =
                Issue::new(&TYPOSQUAT_PACKAGE, 0..reference.len(), message).confidence(Confidence::Medium);
            report_in(text, notes, node, [issue]);
        }
        return moves;
    }
    if reference.starts_with(['.', '/', '~', '$']) {
        return false;
    }
    if reference.contains("git+") || reference.starts_with("github:") || reference.contains("://") {
        let fixed = reference.rsplit(['@', '#']).next().is_some_and(address::is_commit);
        if !fixed {
            let issue = Issue::new(
                &UNPINNED_SOURCE,
                0..reference.len(),
                format!("the server runs `{reference}`, whatever it holds at that moment"),
            )
            .severity(Severity::Medium);
            report_in(text, notes, node, [issue]);
        }
        return !fixed;
    }
    index(text, rest, notes);
    let python = matches!(launcher.as_str(), "uvx" | "uv" | "pipx");
    let ecosystem = if python { Ecosystem::PyPi } else { Ecosystem::Npm };
    let scope = usize::from(reference.starts_with('@'));
    let end = reference.get(scope..).and_then(|rest| rest.find(['@', '=', '[', '>', '<', '~']));
    let called = end.and_then(|end| reference.get(..end.saturating_add(scope))).unwrap_or(reference);
    if let Some(Likeness::Slip(meant)) = likeness(ecosystem, &ecosystem.normal(called)) {
        let message = format!("the server runs `{called}`, one slip from `{meant}`, which many use");
        let issue = Issue::new(&TYPOSQUAT_PACKAGE, 0..called.len(), message).confidence(Confidence::Medium);
        report_in(text, notes, node, [issue]);
    }
    if is_exact(reference) {
        return false;
    }
    let pin = if matches!(launcher.as_str(), "uvx" | "uv" | "pipx") { "==" } else { "@" };
    let bare = reference.split("==").next().unwrap_or(reference);
    let bare = bare.trim_end_matches("@latest");
    let issue = Issue::new(
        &UNPINNED_PACKAGE,
        0..reference.len(),
        format!("`{launcher}` runs whatever version of `{reference}` is newest at each start"),
    )
    .remedy(format!("Pin it: `{bare}{pin}<version>`."));
    report_in(text, notes, node, [issue]);
    true
}

/// Reports an index of packages that is none of the widespread ones.
fn index(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) {
    for (at, (word, node)) in words.iter().enumerate() {
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        if !matches!(flag, "--index-url" | "--extra-index-url" | "--index" | "--default-index" | "--registry")
        {
            continue;
        }
        let next = || words.get(at.saturating_add(1)).copied();
        let (value, node) = if value.is_empty() { next().unwrap_or((value, *node)) } else { (value, *node) };
        let lower = value.to_ascii_lowercase();
        let unknown = addresses(&lower)
            .into_iter()
            .find(|address| address.sort() != Host::Local && !is_below(address.host, REGISTRIES));
        let Some(unknown) = unknown else { continue };
        let nobody = unknown.plain || unknown.sort() >= Host::Bare;
        let message = format!(
            "the server's package comes from {}, which is no widespread index",
            bartizan_core::printable(unknown.host, 80)
        );
        let issue = Issue::new(&UNTRUSTED_SERVER, 0..value.len(), message).severity(if nobody {
            Severity::High
        } else {
            Severity::Medium
        });
        report_in(text, notes, node, [issue]);
    }
}

/// The word that names the package or image.
fn named_package<'y>(words: &[(&'y str, Node<'y>)], container: bool) -> Option<(&'y str, Node<'y>)> {
    let mut words = words.iter().copied();
    while let Some((word, node)) = words.next() {
        if matches!(word, "-p" | "--package" | "--from" | "--spec") {
            return words.next();
        }
        if let Some(value) = word.strip_prefix("--package=").or_else(|| word.strip_prefix("--from=")) {
            return Some((value, node));
        }
        if word.starts_with('-') {
            let valued = container
                && !word.contains('=')
                && !matches!(
                    word,
                    "-i" | "-t"
                        | "-it"
                        | "-ti"
                        | "-d"
                        | "--rm"
                        | "--init"
                        | "--privileged"
                        | "--interactive"
                        | "--tty"
                        | "--detach"
                        | "--read-only"
                )
                || matches!(word, "--python" | "--with" | "--index-url" | "--registry");
            if valued {
                words.next();
            }
            continue;
        }
        return Some((word, node));
    }
    None
}

/// Whether a package reference names one version.
fn is_exact(reference: &str) -> bool {
    let version = match reference.split_once("==") {
        Some((_, version)) => version,
        None => match reference.get(1..).and_then(|rest| rest.rsplit_once('@')) {
            Some((_, version)) => version,
            None => return false,
        },
    };
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.matches('.').count() >= 2
        && !version.contains(['*', 'x', ' ', '>', '<'])
        || version.starts_with(|c: char| c.is_ascii_digit())
            && reference.contains("==")
            && !version.contains('*')
}

/// Reports a server that is started by a line of shell code.
fn shell(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) {
    let Some((first, node)) = words.first() else { return };
    let shell = SHELLS.contains(&program(first).as_str());
    let line = words.iter().skip(1).map(|(word, _)| *word).collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let whole = format!("{} {line}", first.to_ascii_lowercase());
    let worst = COMMANDS.matches(&whole).map(|(act, _)| act).find(|act| {
        act.takes_secrets()
            || matches!(
                act,
                Act::RunsFetched
                    | Act::RunsDecoded
                    | Act::ReverseShell
                    | Act::Destroys
                    | Act::SendsInAddress
                    | Act::Sends
                    | Act::Persists
                    | Act::Mines
                    | Act::DisablesDefence
            )
    });
    let code = shell
        && words.iter().any(|(word, _)| {
            matches!(
                word.to_ascii_lowercase().as_str(),
                "-c" | "/c" | "-lc" | "-ic" | "-command" | "-enc" | "-encodedcommand"
            )
        });
    let issue = match worst {
        Some(act) => Issue::new(
            &SHELL_WRAPPER,
            0..first.len(),
            format!("the command that starts the server {}", act.what()),
        )
        .severity(Severity::Critical),
        // `cmd /c npx …` is how Windows starts a script.
        None if code && line.starts_with("/c ") => return,
        None if code => {
            Issue::new(&SHELL_WRAPPER, 0..first.len(), format!("the server is started through `{first}`"))
        }
        None => return,
    };
    report_in(text, notes, *node, [issue]);
}

/// Reports where a remote server is; says whether it is reached without TLS.
fn remote(text: &Text<'_>, node: Node<'_>, notes: &mut Notes<'_>) -> bool {
    let mut plain = false;
    for key in ["url", "serverUrl", "httpUrl", "endpoint", "uri"] {
        let Some((value, at)) = node.get(key).and_then(|at| Some((at.as_str()?, at))) else { continue };
        let clear = address::cleartext(value).is_some()
            || value.starts_with("ws://") && !address::is_local(address::host(value));
        if clear {
            plain = true;
            let issue = Issue::new(
                &INSECURE_TRANSPORT,
                0..value.len(),
                "the server is reached without TLS: anyone on the way reads and changes what it says",
            );
            report_in(text, notes, at, [issue]);
        }
        let lower = value.to_ascii_lowercase();
        if addresses(&lower).iter().any(|address| address.sort() >= Host::Bare) {
            let issue = Issue::new(
                &UNTRUSTED_SERVER,
                0..value.len(),
                "the server is at an address that names no operator",
            );
            report_in(text, notes, at, [issue]);
        }
    }
    plain
}

/// Reports folders, sockets and privileges beyond a project.
fn scope(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) {
    let line = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let container = words
        .first()
        .is_some_and(|(word, _)| matches!(program(word).as_str(), "docker" | "podman" | "nerdctl"));
    let files = ["filesystem", "mcp-fs", "mcp_fs", "files", "file-server", "desktop-commander", "server-fs"]
        .iter()
        .any(|part| line.contains(part));
    for (index, (word, node)) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| words.get(before)).map_or("", |before| before.0);
        let graded = if container {
            let mount = if matches!(before, "-v" | "--volume" | "--mount") {
                *word
            } else {
                word.strip_prefix("--volume=").or_else(|| word.strip_prefix("--mount=")).unwrap_or("")
            };
            let source = mount.strip_prefix("type=bind,").unwrap_or(mount);
            let source = source
                .trim_start_matches("source=")
                .trim_start_matches("src=")
                .split([':', ','])
                .next()
                .unwrap_or("");
            if mount.contains("docker.sock") {
                Some((Severity::High, "the Docker socket, which is the machine"))
            } else if *word == "--privileged"
                || word.starts_with("--cap-add=all")
                || word.starts_with("--cap-add=ALL")
                || word.contains("SYS_ADMIN")
            {
                Some((Severity::High, "the privileges of the host"))
            } else if matches!(*word, "--network=host" | "--net=host" | "--pid=host")
                || *word == "host" && matches!(before, "--network" | "--net" | "--pid")
            {
                Some((Severity::Medium, "the network or processes of the host"))
            } else {
                breadth(source).filter(|_| !mount.is_empty())
            }
        } else if files
            || matches!(before, "--root" | "--root-dir" | "--allowed-dir" | "--allow-dir" | "--directory")
        {
            breadth(word.split_once('=').map_or(word, |(_, value)| value)).filter(|_| !word.is_empty())
        } else {
            None
        };
        if let Some((severity, what)) = graded {
            let issue = Issue::new(&BROAD_SCOPE, 0..word.len(), format!("the server is given {what}"))
                .severity(severity);
            report_in(text, notes, *node, [issue]);
        }
    }
}

/// How much of a machine a path is.
fn breadth(path: &str) -> Option<(Severity, &'static str)> {
    let path = path.trim_end_matches(['/', '\\']);
    let parts = path.split(['/', '\\']).filter(|part| !part.is_empty()).count();
    let home =
        matches!(path, "~" | "$HOME" | "${HOME}" | "%USERPROFILE%" | "${env:HOME}" | "${userHome}" | "/root")
            || (path.starts_with("/home/")
                || path.starts_with("/Users/")
                || path.to_ascii_lowercase().starts_with("c:\\users\\"))
                && parts <= if path.contains('\\') { 3 } else { 2 };
    let secret = [".ssh", ".aws", ".gnupg", ".kube"].iter().any(|part| path.ends_with(part));
    if path.is_empty() || matches!(path, "C:" | "c:" | "/etc" | "/var" | "/home" | "/Users" | "/usr") {
        Some((Severity::High, "the whole machine's files"))
    } else if secret {
        Some((Severity::High, "a folder of credentials"))
    } else {
        home.then_some((Severity::Medium, "a whole home folder, with its credentials"))
    }
}

/// Reports calls that need no question.
fn approvals(text: &Text<'_>, node: Node<'_>, notes: &mut Notes<'_>) {
    for key in
        ["autoApprove", "alwaysAllow", "auto_approve", "autoAllow", "always_allow", "allowedWithoutPrompt"]
    {
        let Some(value) = node.get(key) else { continue };
        let listed: Vec<Node<'_>> = value.items().collect();
        if value.as_bool() == Some(true) || value.as_str() == Some("*") {
            report_in(
                text,
                notes,
                value,
                [Issue::new(&AUTO_APPROVE, 0..1, "every tool of the server runs without a question")
                    .severity(Severity::High)],
            );
        }
        for (tool, at) in listed.iter().filter_map(|tool| Some((tool.as_str()?, *tool))) {
            let lower = tool.to_ascii_lowercase();
            let acts = [
                "*", "write", "delete", "remove", "exec", "run", "shell", "send", "create", "update", "edit",
                "push", "deploy", "command", "transfer", "post",
            ];
            let severity =
                if acts.iter().any(|act| lower.contains(act)) { Severity::High } else { Severity::Low };
            let issue = Issue::new(
                &AUTO_APPROVE,
                0..tool.len(),
                format!("`{}` runs without a question", bartizan_core::printable(tool, 60)),
            );
            report_in(text, notes, at, [issue.severity(severity)]);
        }
    }
    if let Some(trust) = node.get("trust").filter(|trust| trust.as_bool() == Some(true)) {
        report_in(
            text,
            notes,
            trust,
            [Issue::new(&AUTO_APPROVE, 0..4, "every tool of the server runs without a question")
                .severity(Severity::High)],
        );
    }
}

/// Reports a credential in the open, or one handed to what can change.
fn given(
    text: &Text<'_>,
    (server, name, value): (&str, &str, Node<'_>),
    variable: bool,
    exposed: bool,
    notes: &mut Notes<'_>,
) {
    let Some(written) = value.as_str() else { return };
    let bare = written
        .strip_prefix("Bearer ")
        .or_else(|| written.strip_prefix("Basic "))
        .or_else(|| written.strip_prefix("token "))
        .unwrap_or(written);
    let skipped = written.len().saturating_sub(bare.len());
    let speaks = if variable { name.to_owned() } else { format!("{name}_TOKEN") };
    let filled = address::is_filled_in(bare);
    if variable {
        report_in(text, notes, value, variable::issues(name, written, &(0..written.len())));
    } else if let Some(what) =
        variable::credential(&speaks, bare).filter(|_| !filled && is_credential_header(name))
    {
        let issue = Issue::new(
            &SECRET,
            skipped..written.len(),
            format!("the header `{name}` holds {} in the open", what.name),
        );
        report_in(text, notes, value, [issue.severity(what.severity).confidence(what.confidence)]);
    }
    let secret = variable::is_secret_name(name) || is_credential_header(name);
    if secret && exposed {
        let message = format!(
            "`{name}` is handed to the server `{}`, whose code or answers can be changed by others",
            bartizan_core::printable(server, 60)
        );
        report_in(
            text,
            notes,
            value,
            [Issue::new(&TOKEN_PASSTHROUGH, 0..written.len(), message).confidence(Confidence::Medium)],
        );
    }
}

/// Reports a token of a service that is known by its variable, sent to a machine that is not of that service.
fn foreign(text: &Text<'_>, host: &str, value: Node<'_>, notes: &mut Notes<'_>) {
    let Some(written) = value.as_str() else { return };
    if address::is_local(host) {
        return;
    }
    let lower = written.to_ascii_lowercase();
    let of = PROVIDERS.iter().find(|(prefix, _)| {
        lower.contains(&format!("{{{prefix}_"))
            || lower.contains(&format!("${prefix}_"))
            || lower.contains(&format!("env:{prefix}_"))
    });
    let Some((prefix, names)) = of else { return };
    let secret = ["token", "key", "secret", "pat", "password"].iter().any(|word| lower.contains(word));
    if !secret || names.iter().any(|name| host.contains(name)) {
        return;
    }
    let message = format!(
        "a token of `{}` is sent to {}, which is another's machine",
        prefix.to_ascii_uppercase(),
        bartizan_core::printable(host, 80)
    );
    let issue = Issue::new(&TOKEN_PASSTHROUGH, 0..written.len(), message).severity(Severity::High);
    report_in(text, notes, value, [issue.confidence(Confidence::Medium)]);
}

/// How the variables of a service begin, and what stands in the names of its machines.
static PROVIDERS: &[(&str, &[&str])] = &[
    ("aws", &["amazonaws", "aws"]),
    ("github", &["github"]),
    ("gh", &["github"]),
    ("gitlab", &["gitlab"]),
    ("openai", &["openai", "azure"]),
    ("anthropic", &["anthropic", "claude"]),
    ("slack", &["slack"]),
    ("npm", &["npm"]),
    ("google", &["google"]),
    ("gcp", &["google"]),
    ("azure", &["azure", "microsoft"]),
    ("stripe", &["stripe"]),
    ("hf", &["huggingface", "hf.co"]),
    ("vault", &["vault"]),
];

fn is_credential_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "authorization"
        || name == "cookie"
        || name.contains("api-key")
        || name.contains("apikey")
        || name.contains("token")
        || name.contains("secret")
}

/// Reports credentials among the arguments.
fn arguments(text: &Text<'_>, words: &[(&str, Node<'_>)], notes: &mut Notes<'_>) {
    for (index, (word, node)) in words.iter().enumerate().skip(1) {
        let before = index.checked_sub(1).and_then(|before| words.get(before)).map_or("", |before| before.0);
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name, value),
            _ if before.starts_with("--") && !before.contains('=') && !word.starts_with('-') => {
                (before, *word)
            }
            _ if variable::password_in_address(word) && !address::is_filled_in(word) => {
                let message = "a password is written in the address of an argument";
                let issue = Issue::new(&SECRET, 0..word.len(), message).confidence(Confidence::Medium);
                report_in(text, notes, *node, [issue]);
                continue;
            }
            _ => continue,
        };
        let name = name.trim_start_matches('-').replace('-', "_");
        if address::is_filled_in(value) {
            continue;
        }
        if let Some(what) = variable::credential(&name, value) {
            let start = word.len().saturating_sub(value.len());
            let issue = Issue::new(
                &SECRET,
                start..word.len(),
                format!("the argument `{name}` holds {} in the open", what.name),
            );
            report_in(text, notes, *node, [issue.severity(what.severity).confidence(what.confidence)]);
        }
    }
}

static LAUNCHERS: &[&str] = &[
    "npx", "bunx", "uvx", "pipx", "uv", "pnpm", "pnpx", "yarn", "npm", "bun", "docker", "podman", "nerdctl",
];
static SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh"];
