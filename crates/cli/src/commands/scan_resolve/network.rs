//! Asking registries, git servers and the Hugging Face hub.

use crate::commands::gate::oci_credentials;
use crate::failure::Failure;
use bartizan_pipeline::{Answer, Asked, HubKind, Repository};
use bartizan_server::WebError;
use bartizan_server::lookup::{Lookup, Token};
use bartizan_server::registry::{OciReference, Registry, RegistryError, SCHEME};
use std::collections::BTreeSet;

/// The GitHub whose actions workflows name, and the hub, where the environment names no other.
const GITHUB: &str = "https://github.com";
const HUB: &str = "https://huggingface.co";
/// Where engines look for an image that names no registry, and the namespace of one that names no owner (Docker, "Image references").
const DOCKER_HUB: &str = "registry-1.docker.io";

/// Who is asked.
pub(super) struct Network {
    registry: Registry,
    lookup: Lookup,
    github: String,
    gitlab: Option<String>,
    hub: String,
    /// Hosts that did not answer.
    silent: BTreeSet<String>,
}

impl Network {
    /// Asks those that the machine's certificates vouch for.
    ///
    /// # Errors
    /// [`Failure::Lookup`], [`Failure::Registry`].
    pub(super) fn open() -> Result<Self, Failure> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // What cannot be read there is passed over; if nothing can, no server with TLS is believed.
        let roots = || -> Vec<Vec<u8>> {
            let roots = rustls_native_certs::load_native_certs().certs;
            roots.into_iter().map(|each| each.to_vec()).collect()
        };
        let github = said("GITHUB_SERVER_URL").unwrap_or_else(|| GITHUB.to_owned());
        let hub = said("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned());
        let token =
            |address: &str, name: &str| said(name).map(|token| Token { address: address.to_owned(), token });
        let registry = Registry::new(roots(), oci_credentials::all()?)
            .map_err(|error| Failure::Registry(error.to_string()))?;
        let lookup = Lookup::new(roots(), token(&github, "GITHUB_TOKEN"), token(&hub, "HF_TOKEN"))
            .map_err(|error| Failure::Lookup(error.to_string()))?;
        Ok(Self { registry, lookup, github, gitlab: said("CI_SERVER_URL"), hub, silent: BTreeSet::new() })
    }

    /// What `asked` stands for, or why that is not known.
    pub(super) fn answer(&mut self, asked: &Asked) -> Result<Answer, String> {
        match asked {
            Asked::Image(reference) => self.digest(reference),
            Asked::Commit { repository, reference } => {
                let address = match repository {
                    Repository::OnGitHub(name) => below(&self.github, name),
                    Repository::OnGitLab(name) => {
                        let server = self.gitlab.as_ref();
                        let server =
                            server.ok_or("set CI_SERVER_URL to the address of the GitLab it is on")?;
                        below(server, name)
                    }
                    Repository::At(address) => address.clone(),
                };
                self.heard(&address, |network| network.lookup.commit(&address, reference.as_deref()))
                    .map(|found| Answer { pinned: found.commit, version: found.version })
            }
            Asked::Hub { kind, name, revision } => {
                let kind = match kind {
                    HubKind::Model => "models",
                    HubKind::Dataset => "datasets",
                };
                let hub = self.hub.clone();
                self.heard(&hub, |network| network.lookup.hub(&network.hub, kind, name, revision.as_deref()))
                    .map(|pinned| Answer { pinned, version: None })
            }
        }
    }

    fn digest(&mut self, reference: &str) -> Result<Answer, String> {
        let reference = whole(reference).ok_or("it is no name of an image in a registry")?;
        if self.silent.contains(&reference.host) {
            return Err(passed_over(&reference.host));
        }
        match self.registry.digest(&reference) {
            Ok(pinned) => Ok(Answer { pinned, version: None }),
            Err(error) => {
                if matches!(error, RegistryError::Web(WebError::Connection { .. } | WebError::Machine(_))) {
                    self.silent.insert(reference.host);
                }
                Err(error.to_string())
            }
        }
    }

    fn heard<T>(
        &mut self,
        address: &str,
        ask: impl FnOnce(&mut Self) -> Result<T, bartizan_server::lookup::LookupError>,
    ) -> Result<T, String> {
        let host = address.split('/').nth(2).unwrap_or(address).to_owned();
        if self.silent.contains(&host) {
            return Err(passed_over(&host));
        }
        ask(self).map_err(|error| {
            if error.is_silence() {
                self.silent.insert(host);
            }
            error.to_string()
        })
    }
}

fn passed_over(host: &str) -> String {
    format!("{host} did not answer before and is not asked again")
}

fn below(server: &str, name: &str) -> String {
    format!("{}/{name}", server.trim_end_matches('/'))
}

/// The full name of an image, as engines complete it: `python` is `registry-1.docker.io/library/python:latest`.
fn whole(reference: &str) -> Option<OciReference> {
    let (first, rest) = reference.split_once('/').unwrap_or(("", reference));
    let names_host = first.contains(['.', ':']) || first == "localhost";
    let (host, name) = match (first, names_host) {
        ("docker.io" | "index.docker.io", _) => (DOCKER_HUB, rest.to_owned()),
        (_, true) => (first, rest.to_owned()),
        _ => (DOCKER_HUB, reference.to_owned()),
    };
    let name = if host == DOCKER_HUB && !name.contains('/') { format!("library/{name}") } else { name };
    let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    let name = if tagged { name } else { format!("{name}:latest") };
    format!("{SCHEME}{host}/{name}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_are_completed_as_engines_do() {
        for (written, expected) in [
            ("python", "oci://registry-1.docker.io/library/python:latest"),
            ("python:3.11", "oci://registry-1.docker.io/library/python:3.11"),
            ("acme/net:1", "oci://registry-1.docker.io/acme/net:1"),
            ("docker.io/acme/net", "oci://registry-1.docker.io/acme/net:latest"),
            ("ghcr.io/acme/net:v1", "oci://ghcr.io/acme/net:v1"),
            ("localhost:5000/net", "oci://localhost:5000/net:latest"),
        ] {
            assert_eq!(whole(written).map(|one| one.to_string()).as_deref(), Some(expected));
        }
        for written in ["", "Upper/Case:1", "a b", "x/../y"] {
            assert_eq!(whole(written), None, "{written}");
        }
    }
}
