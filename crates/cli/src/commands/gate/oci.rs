//! Artifacts in a registry: pulled by digest into a folder of their own, decided about there, and gone with it.

#[cfg(feature = "gateway")]
use super::watch::Found;
use super::watch::Source;
use crate::arguments::GateArguments;
use crate::failure::Failure;

/// How such a name begins.
pub(super) const SCHEME: &str = "oci://";

/// An artifact that was pulled.
#[cfg_attr(not(feature = "gateway"), allow(dead_code, reason = "nothing is pulled without connections"))]
pub(super) struct Local {
    path: String,
    /// Removes it.
    _folder: tempfile::TempDir,
}

impl Local {
    /// Where it lies.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

#[cfg(feature = "gateway")]
mod with_registry {
    use super::{Failure, Found, GateArguments, Local, Source};
    use bartizan_server::registry::{Named, OciReference, Registry, RegistryError};
    use std::io;

    #[expect(clippy::needless_pass_by_value, reason = "used where an error is mapped")]
    fn failed(error: RegistryError) -> Failure {
        Failure::Registry(error.to_string())
    }

    fn reference(text: &str) -> Result<OciReference, Failure> {
        text.parse()
            .map_err(|error: bartizan_server::registry::ReferenceError| Failure::Registry(error.to_string()))
    }

    fn registry() -> Result<Registry, Failure> {
        let credentials = super::super::oci_credentials::all()?;
        // What cannot be read there is passed over; if nothing can, no registry with TLS is believed.
        let roots = rustls_native_certs::load_native_certs().certs;
        Registry::new(roots.into_iter().map(|each| each.to_vec()).collect(), credentials).map_err(failed)
    }

    fn pull(registry: &mut Registry, reference: &OciReference, most_mib: u64) -> Result<Local, Failure> {
        let folder =
            tempfile::tempdir().map_err(|error| Failure::Write { path: std::env::temp_dir(), error })?;
        // In a folder below it, named after the repository: a signature would lie beside.
        let name = reference.name.rsplit('/').next().unwrap_or("artifact");
        let below = folder.path().join(name);
        std::fs::create_dir(&below).map_err(|error| Failure::Write { path: below.clone(), error })?;
        registry.pull(reference, &below, most_mib.saturating_mul(1 << 20)).map_err(failed)?;
        let path = below.to_str().ok_or_else(|| Failure::Write {
            path: below.clone(),
            error: io::Error::other("the folder for temporary files has no name in UTF-8"),
        })?;
        Ok(Local { path: path.to_owned(), _folder: folder })
    }

    /// Pulls what a user names by digest.
    ///
    /// # Errors
    /// [`Failure::Registry`].
    pub(in super::super) fn pulled(text: &str, arguments: &GateArguments) -> Result<Local, Failure> {
        pull(&mut registry()?, &reference(text)?, arguments.max_pull_mib)
    }

    /// The tags of a repository, watched.
    ///
    /// # Errors
    /// [`Failure::Registry`] when the name is no repository's.
    pub(in super::super) fn watched(
        text: &str,
        arguments: &GateArguments,
    ) -> Result<Box<dyn Source>, Failure> {
        let repository = reference(text)?;
        if repository.named != Named::Repository {
            return Err(Failure::Registry(format!(
                "{text} names one artifact; a repository is watched as a whole"
            )));
        }
        let most_mib = arguments.max_pull_mib;
        Ok(Box::new(Repository { all: repository, registry: registry()?, most_mib, here: None }))
    }

    struct Repository {
        all: OciReference,
        registry: Registry,
        most_mib: u64,
        /// The artifact that is decided about at the moment.
        here: Option<Local>,
    }

    impl Source for Repository {
        fn look(&mut self) -> Result<Vec<Found>, Failure> {
            let tags = self.registry.tags(&self.all).map_err(failed)?;
            let found = tags.into_iter().map(|(tag, digest)| {
                let name = format!("{}:{tag}@{digest}", self.all);
                Found { name, stamp: digest }
            });
            Ok(found.collect())
        }

        fn bring(&mut self, found: &Found) -> Result<String, Failure> {
            // The one before goes first.
            self.here = None;
            let reference = self.all.with_digest(&found.stamp);
            let here = self.here.insert(pull(&mut self.registry, &reference, self.most_mib)?);
            Ok(here.path.clone())
        }
    }
}

#[cfg(feature = "gateway")]
pub(super) use with_registry::{pulled, watched};

/// Says that nothing is pulled here.
///
/// # Errors
/// Always: this program opens no connection.
#[cfg(not(feature = "gateway"))]
pub(super) fn pulled(text: &str, _: &GateArguments) -> Result<Local, Failure> {
    Err(Failure::Registry(without(text)))
}

/// Says that nothing is watched here.
///
/// # Errors
/// Always: this program opens no connection.
#[cfg(not(feature = "gateway"))]
pub(super) fn watched(text: &str, _: &GateArguments) -> Result<Box<dyn Source>, Failure> {
    Err(Failure::Registry(without(text)))
}

#[cfg(not(feature = "gateway"))]
fn without(text: &str) -> String {
    format!(
        "{text} lies in a registry, and this program was built without connections; build it with --features gateway"
    )
}
