//! What of its machine a container is given by a mount: the socket of the container engine, the machine's root, a folder where somebody keeps keys.
//!
//! Sources: Docker, `docker run --volume` and `--mount`; Compose, `services.<name>.volumes`; Dev Containers, `mounts`.

use crate::Issue;
use crate::rules::HOST_ACCESS;
use bartizan_core::Severity;
use std::ops::Range;

/// The issue of a mount, written as `SOURCE:TARGET[:OPTIONS]`, as `source=SOURCE,target=TARGET`, or as the source alone.
pub(crate) fn issue(mount: &str, span: Range<usize>) -> Option<Issue> {
    let source = source(mount);
    let message = if is_the_machine(source) {
        format!("`{source}` gives the container the machine")
    } else if keeps_keys(source) {
        format!("`{source}` gives the container the keys of whoever starts it")
    } else {
        return None;
    };
    Some(Issue::new(&HOST_ACCESS, span, message).severity(Severity::High))
}

/// What is mounted. Drives (`C:\…`) are not told from targets: no key of theirs is known by its name.
fn source(mount: &str) -> &str {
    let mut fields = mount.split(',').map(str::trim);
    let named = fields.find_map(|field| field.strip_prefix("source=").or_else(|| field.strip_prefix("src=")));
    let path = named.unwrap_or(mount).trim();
    // A variable may have a default behind its colon: `${HOME:-/root}`, `${localEnv:HOME}`.
    let mut inside = false;
    let end = path.char_indices().find(|(at, character)| {
        match character {
            '{' => inside = true,
            '}' => inside = false,
            _ => {}
        }
        *character == ':' && !inside && *at > 0
    });
    end.and_then(|(at, _)| path.get(..at)).unwrap_or(path)
}

/// Whether a container that is given this is the machine.
pub(crate) fn is_the_machine(source: &str) -> bool {
    // Docker Desktop has a socket beside the one that others ask.
    let file = source.strip_suffix(".raw").unwrap_or(source);
    source == "/" || ENGINES.iter().any(|socket| file.ends_with(socket))
}

/// The sockets of container engines: who speaks to one starts containers with any right.
const ENGINES: &[&str] = &["docker.sock", "containerd.sock", "crio.sock", "podman.sock"];

/// Whether this is, or lies in, a folder or file of a home where keys are kept.
fn keeps_keys(source: &str) -> bool {
    let home = |before: &str| {
        let before = before.trim_end_matches(['/', '\\']);
        let variable = before.to_ascii_uppercase();
        before == "~"
            || before == "/root"
            || before.strip_prefix("/home/").is_some_and(|name| !name.contains('/'))
            || before.strip_prefix("/Users/").is_some_and(|name| !name.contains('/'))
            || variable.starts_with('$') && (variable.contains("HOME") || variable.contains("USERPROFILE"))
    };
    KEYS.iter().any(|key| {
        let lies_in = |at: usize| {
            let behind = source.get(at + key.len()..).unwrap_or_default();
            home(source.get(..at).unwrap_or_default())
                && (behind.is_empty() || behind.starts_with(['/', '\\']))
        };
        source.find(key).is_some_and(lies_in)
    })
}

/// Where programs keep the keys of the person who runs them.
const KEYS: &[&str] = &[
    "/.ssh",
    "/.aws",
    "/.azure",
    "/.config/gcloud",
    "/.config/gh",
    "/.kube",
    "/.gnupg",
    "/.docker",
    "/.netrc",
    "/.git-credentials",
    "/.npmrc",
    "/.pypirc",
    "/.kaggle",
    "/.vault-token",
];

#[cfg(test)]
mod tests {
    use super::issue;

    #[test]
    fn mounts_of_the_machine_and_of_keys_are_found_however_they_are_written() {
        for mount in [
            "/:/host",
            "/",
            "/var/run/docker.sock:/var/run/docker.sock:ro",
            "type=bind,source=/run/containerd/containerd.sock,target=/c.sock",
            "~/.ssh:/root/.ssh",
            "$HOME/.aws:/home/app/.aws:ro",
            "${HOME}/.kube/config:/kube",
            "${HOME:-/root}/.ssh/id_ed25519:/key",
            "source=${localEnv:HOME}/.ssh,target=/root/.ssh,type=bind",
            "source=${localEnv:HOME}${localEnv:USERPROFILE}/.aws,target=/a,type=bind",
            "/home/ana/.config/gcloud:/gcloud",
            "/root/.netrc:/n",
        ] {
            assert!(issue(mount, 0..1).is_some(), "{mount}");
        }
        for mount in [
            "./data:/data",
            "cache:/root/.cache",
            "~/.cache/huggingface:/models",
            "source=${localEnv:HOME}/.cache/huggingface,target=/models,type=bind",
            "./.ssh:/root/.ssh",
            "ssh-keys:/root/.ssh",
            "~/.sshd:/x",
            "/srv/models:/models:ro",
            "/home/ana/project/.aws:/a",
            "${DATA:-/}:/data",
            "",
        ] {
            assert!(issue(mount, 0..1).is_none(), "{mount}");
        }
    }
}
