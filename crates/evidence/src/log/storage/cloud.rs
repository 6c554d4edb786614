//! A log in Amazon S3, Google Cloud Storage or Azure Blob Storage: [`Cloud`].
//!
//! The protocols, credentials and retries are those of the crate object_store. Requests of several threads run at once; each
//! caller waits for its own.

use super::{Condition, Files, LARGEST_FILE, LARGEST_OBJECT, Listed, Objects, PutError, Version};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use url::Url;

/// Schemes of places that are object stores.
const SCHEMES: [&str; 3] = ["s3", "gs", "az"];
/// Threads that speak with the store.
const THREADS: usize = 2;
/// Most puts at a time for one caller.
const MOST_AT_ONCE: usize = 16;

/// First wait between two tries of a put, and the longest one, in milliseconds: a round trip to a store, and what keeps a thousand
/// tries within minutes.
const FIRST_WAIT_MS: u64 = 10;
const LONGEST_WAIT_MS: u64 = 250;

/// Why a place in an object store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Not an address of a bucket.
    #[error(
        "`{0}` is not a place in an object store; expected s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    )]
    Uri(String),
    /// The store's client cannot be made of the settings given.
    #[error(
        "cannot use {uri}: {error}; see the store's variables, such as AWS_REGION, AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID"
    )]
    Settings {
        /// Where.
        uri: String,
        /// What is wrong with them.
        #[source]
        error: Error,
    },
    /// The endpoint is in the clear, and nothing says that this is meant.
    #[error(
        "{uri} would be reached in the clear, at {endpoint}: give an https address, or set {variable}=true for a server on this machine"
    )]
    Clear {
        /// Where.
        uri: String,
        /// The endpoint.
        endpoint: String,
        /// The variable that says so.
        variable: String,
    },
    /// No threads can be had.
    #[error("cannot use {uri}: {error}")]
    System {
        /// Where.
        uri: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// Objects under a prefix of one bucket.
pub struct Cloud {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    place: String,
    runtime: Runtime,
}

/// Variables that move a store elsewhere, by what they begin with. Others are of other services, some of which speak plain http.
const ENDPOINTS: [(&str, &str); 5] = [
    ("s3", "AWS_ENDPOINT"),
    ("s3", "AWS_ENDPOINT_URL"),
    ("s3", "AWS_ENDPOINT_URL_S3"),
    ("az", "AZURE_ENDPOINT"),
    ("az", "AZURE_STORAGE_ENDPOINT"),
];

/// Refuses an endpoint that is not https unless a variable allows it: the client would only say that it cannot build a request.
fn in_the_clear(uri: &str, scheme: &str, settings: &[(String, String)]) -> Result<(), CloudError> {
    for (name, value) in settings.iter().filter(|(name, _)| ENDPOINTS.contains(&(scheme, name))) {
        let variable = format!("{}_ALLOW_HTTP", name.split('_').next().unwrap_or_default());
        let allowed = settings.iter().any(|(other, value)| *other == variable && value != "false");
        if value.starts_with("http://") && !allowed {
            return Err(CloudError::Clear { uri: uri.to_owned(), endpoint: value.clone(), variable });
        }
    }
    Ok(())
}

impl Cloud {
    /// Whether a text is the address of an object store, well-formed or not.
    pub fn is_address(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
    }

    /// The place `uri` with the store's `settings`, named as its environment variables are (`AWS_REGION`, `GOOGLE_…`,
    /// `AZURE_…`); those that the store does not know are passed over. Nothing is asked yet.
    ///
    /// # Errors
    /// [`CloudError`], whichever way it fails.
    pub fn open(uri: &str, settings: impl IntoIterator<Item = (String, String)>) -> Result<Self, CloudError> {
        let wrong = || CloudError::Uri(uri.chars().take(200).collect());
        let url = Url::parse(uri).map_err(|_| wrong())?;
        let whole = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !Self::is_address(uri) || !whole || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let settings: Vec<(String, String)> = settings.into_iter().collect();
        in_the_clear(uri, url.scheme(), &settings)?;
        let (store, prefix) = object_store::parse_url_opts(&url, settings)
            .map_err(|error| CloudError::Settings { uri: uri.to_owned(), error })?;
        Self::over(Arc::from(store), prefix.as_ref(), uri.trim_end_matches('/'))
    }

    /// The objects under `prefix` in any store; `place` is what messages call it.
    ///
    /// # Errors
    /// [`CloudError::System`]; [`CloudError::Uri`] when the prefix is no path.
    pub fn over(store: Arc<dyn ObjectStore>, prefix: &str, place: &str) -> Result<Self, CloudError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .thread_name("log-objects")
            .build()
            .map_err(|error| CloudError::System { uri: place.to_owned(), error })?;
        let prefix = Path::parse(prefix).map_err(|_| CloudError::Uri(place.to_owned()))?;
        Ok(Self { store, prefix, place: place.to_owned(), runtime })
    }

    fn path(&self, path: &str) -> io::Result<Path> {
        let whole =
            if self.prefix.as_ref().is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        Path::parse(whole).map_err(|error| io::Error::new(io::ErrorKind::InvalidFilename, error))
    }

    fn get(&self, path: &str, most: usize) -> io::Result<Option<(Vec<u8>, Version)>> {
        let path = self.path(path)?;
        let got = self.runtime.block_on(async {
            let found = self.store.get(&path).await?;
            let version = Version { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            if found.meta.size > most as u64 {
                return Ok(None);
            }
            Ok(Some((found.bytes().await?, version)))
        });
        match got {
            Ok(Some((bytes, version))) if bytes.len() <= most => Ok(Some((bytes.to_vec(), version))),
            Ok(_) => Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any object of a log")),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(said(error)),
        }
    }
}

impl Files for Cloud {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(path, LARGEST_FILE)?.map(|(bytes, _)| bytes))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let path = self.path(folder)?;
        let listed = self.runtime.block_on(self.store.list_with_delimiter(Some(&path))).map_err(said)?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        let folders =
            listed.common_prefixes.iter().filter_map(name).map(|name| Listed { name, folder: true });
        // Some stores keep an empty object under a folder's own name.
        let files = listed.objects.iter().filter(|object| object.location != path);
        let files = files.filter_map(|object| name(&object.location));
        let all: BTreeSet<Listed> = folders.chain(files.map(|name| Listed { name, folder: false })).collect();
        Ok(all.into_iter().collect())
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(path)?;
        self.runtime.block_on(self.store.put(&path, bytes.to_vec().into())).map(drop).map_err(said)
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}

impl Objects for Cloud {
    fn read_versioned(&self, path: &str) -> io::Result<Option<(Vec<u8>, Version)>> {
        self.get(path, LARGEST_OBJECT)
    }

    fn put_if(&self, path: &str, bytes: &[u8], condition: Condition<'_>) -> Result<Version, PutError> {
        let path = self.path(path)?;
        let mode = match condition {
            Condition::Absent => PutMode::Create,
            Condition::Unchanged(Version { e_tag, version }) => {
                PutMode::Update(UpdateVersion { e_tag: e_tag.clone(), version: version.clone() })
            }
        };
        let options = PutOptions::from(mode);
        match self.runtime.block_on(self.store.put_opts(&path, bytes.to_vec().into(), options)) {
            Ok(put) => Ok(Version { e_tag: put.e_tag, version: put.version }),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Err(PutError::Conflict),
            Err(error) => Err(PutError::Failed(said(error))),
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let path = self.path(path)?;
        match self.runtime.block_on(self.store.delete(&path)) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(said(error)),
        }
    }

    fn pause(&self, tries: usize) {
        let mut byte = [0];
        // Without randomness every writer waits alike, which is slower and not wrong.
        let _ = SystemRandom::new().fill(&mut byte);
        std::thread::sleep(wait(tries, byte[0]));
    }

    fn publish_all(&self, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        let mut puts = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            puts.push((self.path(path)?, bytes.clone()));
        }
        self.runtime.block_on(async {
            let mut running = JoinSet::new();
            for (path, bytes) in puts {
                if running.len() >= MOST_AT_ONCE {
                    ended(running.join_next().await)?;
                }
                let store = Arc::clone(&self.store);
                running.spawn(async move { store.put(&path, bytes.into()).await.map(drop) });
            }
            while !running.is_empty() {
                ended(running.join_next().await)?;
            }
            Ok(())
        })
    }
}

/// How long to wait before the `tries`th further try: doubled each time up to a bound, and between half and all of that by `chance`,
/// so that writers who met once do not meet again.
fn wait(tries: usize, chance: u8) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let most = FIRST_WAIT_MS.checked_shl(doublings).filter(|wait| *wait >= FIRST_WAIT_MS);
    let most = most.unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS);
    let half = most / 2;
    Duration::from_millis(half + (most - half) * u64::from(chance) / u64::from(u8::MAX))
}

/// How one of several puts ended.
fn ended(put: Option<Result<object_store::Result<()>, tokio::task::JoinError>>) -> io::Result<()> {
    match put {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(said(error)),
        Some(Err(error)) => Err(io::Error::other(error)),
    }
}

/// The store's word as the system's.
fn said(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => io::ErrorKind::Unsupported,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    #[test]
    fn what_is_put_is_read_listed_and_removed_under_the_prefix() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let cloud = Cloud::over(Arc::clone(&store), "team/log", "memory").unwrap();
        assert_eq!(cloud.read("tile/0/000").unwrap(), None);
        let files: Vec<_> = (0..40).map(|each| (format!("tile/0/x{each:03}"), vec![each])).collect();
        cloud.publish_all(&files).unwrap();
        cloud.publish("tile/0/000.p/3", b"abc").unwrap();
        let listed = cloud.list("tile/0").unwrap();
        assert_eq!(listed.len(), 41);
        assert_eq!(listed[0], Listed { name: "000.p".to_owned(), folder: true });
        assert_eq!(cloud.list("tile/9").unwrap(), []);
        cloud.remove("tile/0/x007").unwrap();
        cloud.remove("tile/0/x007").unwrap();
        assert_eq!(cloud.read("tile/0/x007").unwrap(), None);
        let root = Cloud::over(store, "", "memory").unwrap();
        assert_eq!(root.read("team/log/tile/0/x008").unwrap().unwrap(), [8]);
    }

    #[test]
    fn an_endpoint_in_the_clear_is_refused_with_the_variable_that_allows_it() {
        for (uri, endpoint, variable) in [
            ("s3://logs/team", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"),
            ("az://logs/team", "AZURE_STORAGE_ENDPOINT", "AZURE_ALLOW_HTTP"),
        ] {
            let given = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let mut settings = vec![
                given(endpoint, "http://127.0.0.1:9/account"),
                given("AWS_REGION", "r"),
                given("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ];
            let refused =
                Cloud::open(uri, settings.clone()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                refused.contains("http://127.0.0.1:9") && refused.contains(&format!("{variable}=true")),
                "{refused}"
            );
            settings.push(given(variable, "true"));
            assert!(Cloud::open(uri, settings).is_ok());
            // What other services are reached by is no matter.
            let others = [
                given("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"),
                given(
                    if uri.starts_with("s3") { "AZURE_STORAGE_ENDPOINT" } else { "AWS_ENDPOINT_URL" },
                    "http://127.0.0.1:9",
                ),
                given("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ];
            assert!(Cloud::open(uri, others).is_ok());
        }
    }

    #[test]
    fn a_conditional_put_happens_once() {
        let cloud = Cloud::over(Arc::new(InMemory::new()), "log", "memory").unwrap();
        let first = cloud.put_if("a", b"1", Condition::Absent).unwrap();
        assert!(matches!(cloud.put_if("a", b"2", Condition::Absent), Err(PutError::Conflict)));
        let second = cloud.put_if("a", b"3", Condition::Unchanged(&first)).unwrap();
        assert!(matches!(cloud.put_if("a", b"4", Condition::Unchanged(&first)), Err(PutError::Conflict)));
        assert_eq!(cloud.read_versioned("a").unwrap().unwrap(), (b"3".to_vec(), second));
    }

    #[test]
    fn waits_double_up_to_a_bound_and_differ_between_writers() {
        let ms = |tries, chance| wait(tries, chance).as_millis();
        assert_eq!([ms(1, 0), ms(1, 255), ms(2, 255), ms(5, 255)], [5, 10, 20, 160]);
        assert_eq!([ms(6, 255), ms(64, 255), ms(usize::MAX, 255), ms(1000, 0)], [250, 250, 250, 125]);
    }

    #[test]
    fn a_store_without_conditions_says_so() {
        let settings = [("AWS_CONDITIONAL_PUT", "disabled"), ("AWS_SKIP_SIGNATURE", "true")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let cloud = Cloud::open("s3://bucket/log", settings).unwrap();
        match cloud.put_if("a", b"1", Condition::Absent) {
            Err(PutError::Failed(error)) => assert_eq!(error.kind(), io::ErrorKind::Unsupported),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for uri in [
            "s3://",
            "s3:bucket",
            "http://host/bucket",
            "s3://bucket/log?x=1",
            "s3://me@bucket/log",
            "folder",
        ] {
            assert!(matches!(Cloud::open(uri, []), Err(CloudError::Uri(_))), "{uri}");
        }
        let settings = [("AWS_REGION".to_owned(), "eu-central-1".to_owned())];
        let cloud = Cloud::open("s3://bucket/a/log/", settings).unwrap();
        assert_eq!((cloud.place(), cloud.prefix.as_ref()), ("s3://bucket/a/log".to_owned(), "a/log"));
    }
}
