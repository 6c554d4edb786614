//! Where a log lies: a folder, or with the feature `cloud` a place in an object store.

use crate::failure::Failure;
use bartizan_evidence::log::storage::{Disk, Files};
use bartizan_evidence::log::{Clock, Log, LogError, NoteSigner, WriterOptions};
use bartizan_evidence::store::Blobs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "cloud")]
use bartizan_evidence::log::storage::Cloud;

/// Schemes of object stores.
const OBJECT_STORES: [&str; 3] = ["s3", "gs", "az"];
/// The variable that says where a team shares log and blobs. No file says it: one that came with a downloaded folder could send
/// statements elsewhere.
pub(crate) const SHARED: &str = "BARTIZAN_SHARED";
/// What the names of the variables begin with that are the settings of an object store, credentials included.
#[cfg(feature = "cloud")]
const SETTINGS: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

/// A folder or an object store.
#[derive(Clone)]
pub(crate) enum Place {
    /// A folder.
    Folder(Arc<Disk>),
    /// Objects under a prefix of a bucket.
    #[cfg(feature = "cloud")]
    Objects(Arc<Cloud>),
}

impl Place {
    /// What the user named: a folder, `file://` and one, or the address of an object store. Nothing is opened yet.
    ///
    /// # Errors
    /// [`Failure::Place`].
    pub(crate) fn of(given: &Path) -> Result<Self, Failure> {
        let text = given.to_str().unwrap_or_default();
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::folder_of(given)) };
        if scheme == "file" {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            if !path.starts_with('/') || path.contains(['%', '?', '#']) {
                return Err(wrong(
                    given,
                    "a file:// address is an absolute path without escapes; give the path itself",
                ));
            }
            return Ok(Self::folder_of(Path::new(path)));
        }
        if OBJECT_STORES.contains(&scheme) {
            return Self::objects(given, text);
        }
        Err(wrong(
            given,
            "a log lies in a folder, or at s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX",
        ))
    }

    fn folder_of(path: &Path) -> Self {
        Self::Folder(Arc::new(Disk::new(path)))
    }

    #[cfg(feature = "cloud")]
    fn objects(given: &Path, uri: &str) -> Result<Self, Failure> {
        let known = std::env::vars_os().filter_map(|(name, value)| {
            let name =
                name.into_string().ok().filter(|name| SETTINGS.iter().any(|each| name.starts_with(each)))?;
            Some((name, value.into_string().ok()?))
        });
        let cloud = Cloud::open(uri, known).map_err(|error| wrong(given, &error.to_string()))?;
        Ok(Self::Objects(Arc::new(cloud)))
    }

    #[cfg(not(feature = "cloud"))]
    fn objects(given: &Path, _uri: &str) -> Result<Self, Failure> {
        Err(wrong(given, "this program was built without object stores; build it with --features cloud"))
    }

    /// Its files.
    pub(crate) fn files(&self) -> &dyn Files {
        match self {
            Self::Folder(disk) => &**disk,
            #[cfg(feature = "cloud")]
            Self::Objects(cloud) => &**cloud,
        }
    }

    /// Its files, shared.
    pub(crate) fn into_files(self) -> Arc<dyn Files> {
        match self {
            Self::Folder(disk) => disk,
            #[cfg(feature = "cloud")]
            Self::Objects(cloud) => cloud,
        }
    }

    /// Begins a log.
    ///
    /// # Errors
    /// Those of [`Log::create`].
    pub(crate) fn create(self, signer: NoteSigner, clock: Clock) -> Result<Log, LogError> {
        match self {
            Self::Folder(disk) => Log::create(disk, signer, clock),
            #[cfg(feature = "cloud")]
            Self::Objects(cloud) => Log::create_in(cloud, signer, clock),
        }
    }

    /// Opens a log for appending.
    ///
    /// # Errors
    /// Those of [`Log::open`].
    pub(crate) fn open(
        self,
        signer: NoteSigner,
        clock: Clock,
        options: WriterOptions,
    ) -> Result<Log, LogError> {
        match self {
            Self::Folder(disk) => Log::open(disk, signer, clock, options),
            #[cfg(feature = "cloud")]
            Self::Objects(cloud) => Log::open_in(cloud, signer, clock, options),
        }
    }

    /// Puts whole files in place; they are durable when this returns.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub(crate) fn publish(&self, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
        let at = |path: &str| PathBuf::from(format!("{}/{path}", self.files().place()));
        for (path, bytes) in files {
            self.files().publish(path, bytes).map_err(|error| Failure::Write { path: at(path), error })?;
        }
        match self {
            Self::Folder(disk) => {
                use bartizan_evidence::log::storage::Storage as _;
                let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
                disk.sync(&paths).map_err(|error| Failure::Write { path: at(""), error })
            }
            #[cfg(feature = "cloud")]
            Self::Objects(_) => Ok(()),
        }
    }
}

/// Blobs in a folder or an object store.
///
/// # Errors
/// [`Failure::Place`] and [`Failure::Store`].
pub(crate) fn blobs(given: &Path) -> Result<Blobs, Failure> {
    match Place::of(given)? {
        Place::Folder(disk) => Ok(Blobs::open(disk.root())?),
        #[cfg(feature = "cloud")]
        Place::Objects(cloud) => Ok(Blobs::over(cloud)),
    }
}

/// Where log and blobs of a store are: with the store itself, or where a team shares them.
pub(crate) fn shared_or(store: &Path) -> PathBuf {
    match std::env::var_os(SHARED) {
        Some(shared) if !shared.is_empty() => PathBuf::from(shared),
        _ => store.to_owned(),
    }
}

/// Whether the user named an object store, and not a folder.
pub(crate) fn is_object_store(given: &Path) -> bool {
    let scheme = given.to_str().and_then(|text| text.split_once("://")).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| OBJECT_STORES.contains(&scheme))
}

/// The place that holds a place: the folder, or the prefix. A bucket holds itself.
pub(crate) fn above(given: &Path) -> PathBuf {
    let text = given.to_str().unwrap_or_default().trim_end_matches('/');
    if !is_object_store(given) {
        let above = given.parent().map(Path::to_owned).unwrap_or_default();
        return if above.as_os_str().is_empty() { PathBuf::from(".") } else { above };
    }
    match text.rsplit_once('/') {
        Some((above, _)) if !above.ends_with('/') => PathBuf::from(above),
        _ => PathBuf::from(text),
    }
}

fn wrong(given: &Path, problem: &str) -> Failure {
    Failure::Place { place: given.display().to_string(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_address_is_a_folder_and_others_are_named() {
        let folder = |given: &str| match Place::of(Path::new(given)) {
            Ok(Place::Folder(disk)) => disk.root().display().to_string(),
            #[cfg(feature = "cloud")]
            Ok(Place::Objects(_)) => "objects".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(folder("a/log"), "a/log");
        assert_eq!(folder("file:///a/log"), "/a/log");
        assert_eq!(folder("file://localhost/a/log"), "/a/log");
        assert!(folder("file://host/log").contains("absolute path"));
        assert!(folder("http://host/log").contains("s3://BUCKET/PREFIX"));
    }

    #[test]
    fn above_a_prefix_is_the_prefix_before_it_and_above_a_bucket_itself() {
        for (given, expected) in [
            ("s3://b/team/log", "s3://b/team"),
            ("s3://b/log/", "s3://b"),
            ("s3://b", "s3://b"),
            (".bartizan/log", ".bartizan"),
            ("log", "."),
        ] {
            assert_eq!(above(Path::new(given)), Path::new(expected), "{given}");
        }
    }

    #[cfg(not(feature = "cloud"))]
    #[test]
    fn without_object_stores_the_remedy_is_named() {
        let error = Place::of(Path::new("s3://bucket/log")).err().unwrap().to_string();
        assert!(error.contains("--features cloud"), "{error}");
    }
}
