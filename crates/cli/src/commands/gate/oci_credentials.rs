//! Names and passwords for registries, from the environment and from where docker, podman and oras keep them.
//!
//! Source: Docker CLI reference, `config.json`, member `auths`; containers-auth.json(5). Programs that keep passwords (`credsStore`,
//! `credHelpers`) are not started.

use crate::failure::Failure;
use bartizan_server::registry::Credentials;
use base64::Engine as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::env::var_os;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file of passwords that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;
/// The environment's: host, name and password.
const VARIABLES: [&str; 3] =
    ["BARTIZAN_REGISTRY_HOST", "BARTIZAN_REGISTRY_USER", "BARTIZAN_REGISTRY_PASSWORD"];

/// All that are known, the environment's first.
///
/// # Errors
/// [`Failure::Registry`] when the environment says some of the three and not the others: a password is for one host.
pub(in super::super) fn all() -> Result<Vec<Credentials>, Failure> {
    let said = VARIABLES.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let own = match said {
        [Some(host), Some(user), Some(password)] => Some(Credentials { host, user, password }),
        [_, None, None] => None,
        [host, user, password] => {
            let missing =
                VARIABLES.into_iter().zip([host, user, password]).filter(|(_, value)| value.is_none());
            let missing: Vec<&str> = missing.map(|(name, _)| name).collect();
            return Err(Failure::Registry(format!(
                "a registry's name and password are shown to its host alone; set {} as well",
                missing.join(" and ")
            )));
        }
    };
    Ok(own.into_iter().chain(files().iter().flat_map(|path| kept_in(path))).collect())
}

/// Where programs keep them; those that are not there are passed over.
fn files() -> Vec<PathBuf> {
    let below = |folder: &str, name: &str| var_os(folder).map(|folder| Path::new(&folder).join(name));
    let docker = below("DOCKER_CONFIG", "config.json").or_else(|| below("HOME", ".docker/config.json"));
    let podman = var_os("REGISTRY_AUTH_FILE")
        .map(PathBuf::from)
        .or_else(|| below("XDG_RUNTIME_DIR", "containers/auth.json"));
    podman.into_iter().chain(docker).collect()
}

#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
}

fn kept_in(path: &Path) -> Vec<Credentials> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut bytes));
    match read {
        Ok(_) => told(&bytes),
        Err(_) => Vec::new(),
    }
}

/// What such a file says; nothing when it cannot be read, since another program owns it.
fn told(bytes: &[u8]) -> Vec<Credentials> {
    let Ok(kept) = serde_json::from_slice::<Kept>(bytes) else { return Vec::new() };
    let entries = kept.auths.into_iter().filter_map(|(place, entry)| {
        let decoded = base64::engine::general_purpose::STANDARD.decode(entry.auth?.trim()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Credentials { host: host(&place)?, user: user.to_owned(), password: password.to_owned() })
    });
    entries.collect()
}

/// The host of an entry. One for a part of a registry (`HOST/NAME`) is left out: it would be shown for the rest as well.
fn host(place: &str) -> Option<String> {
    let plain = place.trim_start_matches("https://").trim_start_matches("http://");
    let (host, path) = plain.split_once('/').unwrap_or((plain, ""));
    // Docker keeps the password of its own registry under the address of its index.
    let host = if host == "index.docker.io" { "registry-1.docker.io" } else { host };
    matches!(path, "" | "v1/" | "v1" | "v2/" | "v2").then(|| host.to_owned()).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_docker_and_podman_keep_is_read_for_whole_hosts() {
        let file = br#"{"auths": {"r.example:5000": {"auth": "YW5hOmh1bnRlcjoy"}, "https://index.docker.io/v1/": {"auth": "YTpi"},
            "q.example/team": {"auth": "YTpi"}, "h.example": {}, "x.example": {"auth": "!"}}, "credsStore": "desktop"}"#;
        let mut read = told(file);
        read.sort_by(|one, two| one.host.cmp(&two.host));
        let read: Vec<_> = read
            .iter()
            .map(|each| (each.host.as_str(), each.user.as_str(), each.password.as_str()))
            .collect();
        assert_eq!(read, [("r.example:5000", "ana", "hunter:2"), ("registry-1.docker.io", "a", "b")]);
        assert!(told(b"{").is_empty() && told(br#"{"auths": 3}"#).is_empty());
    }
}
