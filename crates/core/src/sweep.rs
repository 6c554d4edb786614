//! A sweep reads every [`Entry`] of a walk once: digest and inspection in one pass, files in parallel.
//!
//! What inspects the bytes comes in as an [`Inspector`], time as [`Time`]; nothing here knows a file format. A file's
//! digest is computed beside its inspection, so that wall time is the longer of the two and memory stays that of
//! one mapped file per worker. A defect in an inspector costs its subject, which becomes incomplete, and no other.

use crate::report::{Mask, Reported, Snippet, SubjectGap};
use crate::walk::{Content, Entry};
use crate::{Clock, Digest, Finding, Gap, Kind, Limits, Source, Status, Subject, fingerprint, hex};
use sha2::{Digest as _, Sha256};
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What looks into the bytes of a subject.
pub trait Inspector: Sync {
    /// Inspects `bytes`, the content of `file`.
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection;
}

/// Name and surroundings of the content under inspection.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name in reports; its last part is the file name.
    pub uri: &'a str,
    /// Path and boundary folder, `None` for bytes that are not a file.
    pub place: Option<(&'a Path, &'a Path)>,
}

/// What an inspection gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Id of the format recognised, `None` when none was.
    pub format: Option<&'static str>,
    /// What sort of artifact it is.
    pub kind: Kind,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What was not analysed.
    pub gaps: Vec<Gap>,
    /// Names that the content declares for itself or for what it was made from.
    pub names: Vec<String>,
    /// Credentials in the content, beside those that findings name: no report repeats them.
    pub credentials: Vec<String>,
}

impl Inspection {
    fn unread(gap: Gap) -> Self {
        Self {
            format: None,
            kind: Kind::Other,
            findings: Vec::new(),
            gaps: vec![gap],
            names: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

/// Where time comes from.
pub trait Time: Sync {
    /// A clock that starts now, for one subject.
    fn start(&self) -> Box<dyn Clock>;
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemTime;

impl Time for SystemTime {
    fn start(&self) -> Box<dyn Clock> {
        Box::new(crate::MonotonicClock::start())
    }
}

/// Who wants to know how far a sweep has come. Called from many threads.
pub trait Progress: Sync {
    /// `bytes` more were read.
    fn read(&self, bytes: u64);
    /// One more subject is done.
    fn done(&self, uri: &str);
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn read(&self, _bytes: u64) {}
    fn done(&self, _uri: &str) {}
}

/// One subject after the sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// The subject, with the status its findings and gaps give it.
    pub subject: Subject,
    /// Its findings.
    pub findings: Vec<Reported>,
    /// Its gaps.
    pub gaps: Vec<SubjectGap>,
    /// Names that it declares for itself or for what it was made from.
    pub names: Vec<String>,
}

impl Examined {
    /// Adds a finding that was made of what the sweep gave, such as the digest.
    pub fn add(&mut self, finding: Finding) {
        if matches!(self.subject.status, Status::Clean | Status::Unsupported) {
            self.subject.status = Status::Findings;
        }
        let digest = self.subject.digest.sha256.as_deref().unwrap_or_default();
        self.findings.push(Reported {
            subject: self.subject.uri.clone(),
            fingerprint: fingerprint(&finding, digest),
            snippet: None,
            finding,
        });
    }
}

/// How to sweep.
pub struct Sweep<'a> {
    /// What looks into the bytes.
    pub inspector: &'a dyn Inspector,
    /// Bounds for each subject.
    pub limits: &'a Limits,
    /// How many files are read at a time. With one, digest and inspection of a file follow each other as well.
    pub jobs: NonZeroUsize,
    /// Where time comes from.
    pub time: &'a dyn Time,
    /// Who wants to know how far it has come.
    pub progress: &'a dyn Progress,
}

impl Sweep<'_> {
    /// Reads all `entries`; the result is in their order.
    pub fn run(&self, entries: &[Entry]) -> Vec<Examined> {
        let next = AtomicUsize::new(0);
        // The largest first: begun last, it would keep one worker busy alone.
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(entries.get(place).map_or(0, size_seen)));
        let work = || {
            let mut done = Vec::new();
            while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(entry) = entries.get(place) {
                    done.push((place, self.examine(entry)));
                    self.progress.done(&entry.uri);
                }
            }
            done
        };
        let workers = self.jobs.get().min(entries.len()).max(1);
        let mut results = thread::scope(|scope| {
            let spawned: Vec<_> = (0..workers)
                .filter_map(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok())
                .collect();
            // A machine that refuses threads still gets its answer, from this one.
            let mut results = if spawned.is_empty() { work() } else { Vec::new() };
            for worker in spawned {
                results.extend(worker.join().unwrap_or_default());
            }
            results
        });
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, examined)| examined).collect()
    }

    fn examine(&self, entry: &Entry) -> Examined {
        match &entry.content {
            Content::Refused { finding, gap } => {
                let inspection = Inspection {
                    format: None,
                    kind: Kind::Other,
                    findings: finding.iter().cloned().collect(),
                    gaps: gap.iter().cloned().collect(),
                    names: Vec::new(),
                    credentials: Vec::new(),
                };
                examined(&entry.uri, 0, None, inspection, &[])
            }
            Content::Bytes(bytes) => self.inspect(&File { uri: &entry.uri, place: None }, bytes),
            Content::File { path, root, size } => match Source::open(path, self.limits.file_bytes) {
                Ok(source) => {
                    self.inspect(&File { uri: &entry.uri, place: Some((path, root)) }, source.bytes())
                }
                Err(error) => {
                    let reason = match &error {
                        crate::SourceError::Io { error, .. }
                            if error.kind() == io::ErrorKind::PermissionDenied =>
                        {
                            format!("cannot read it: {error}; run with the right to read it")
                        }
                        crate::SourceError::Io { error, .. } => format!("cannot read it: {error}"),
                        other => other.to_string(),
                    };
                    let gap = Gap { member: None, offset: None, reason };
                    examined(&entry.uri, *size, None, Inspection::unread(gap), &[])
                }
            },
        }
    }

    fn inspect(&self, file: &File<'_>, bytes: &[u8]) -> Examined {
        let beside = bytes.len() >= HASHED_BESIDE && self.jobs.get() > 1;
        let (digest, inspection) = thread::scope(|scope| {
            let beside = if beside {
                thread::Builder::new().spawn_scoped(scope, || self.digest(bytes)).ok()
            } else {
                None
            };
            let inspection = self.inspect_guarded(file, bytes);
            let digest = beside.and_then(|hashing| hashing.join().ok());
            (digest.unwrap_or_else(|| self.digest(bytes)), inspection)
        });
        examined(file.uri, bytes.len() as u64, Some(digest), inspection, bytes)
    }

    /// The inspection, or a gap when the inspector has a defect.
    fn inspect_guarded(&self, file: &File<'_>, bytes: &[u8]) -> Inspection {
        if let Some(gap) = large_file_pointer(bytes) {
            return Inspection { format: Some("git-lfs-pointer"), ..Inspection::unread(gap) };
        }
        let clock = self.time.start();
        catch_unwind(AssertUnwindSafe(|| self.inspector.inspect(file, bytes, &*clock))).unwrap_or_else(|panic| {
            let said = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("no message");
            let said = crate::printable(said, 200);
            Inspection::unread(Gap {
                member: None,
                offset: None,
                reason: format!(
                    "internal error, a defect in bartizan ({said}); treat the file as unscanned and report it"
                ),
            })
        })
    }

    fn digest(&self, bytes: &[u8]) -> String {
        let mut hasher = Sha256::new();
        for chunk in bytes.chunks(HASHED_AT_ONCE) {
            hasher.update(chunk);
            self.progress.read(chunk.len() as u64);
        }
        hex(&hasher.finalize())
    }
}

fn size_seen(entry: &Entry) -> u64 {
    match &entry.content {
        Content::File { size, .. } => *size,
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::Refused { .. } => 0,
    }
}

/// The gap that a Git-LFS pointer is: a short text that stands for content which was never fetched.
///
/// Source: git-lfs specification, docs/spec.md: the first line is the version, and a pointer is below 1,024 bytes.
fn large_file_pointer(bytes: &[u8]) -> Option<Gap> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() < 1024)?;
    let mut lines = text.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !POINTER_VERSIONS.contains(&version.trim_end()) {
        return None;
    }
    let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
    let object = crate::printable(field("oid ")?, 80);
    let size = crate::printable(field("size ").unwrap_or("an unknown number of"), 20);
    Some(Gap {
        member: None,
        offset: None,
        reason: format!(
            "a Git-LFS pointer to {object} ({size} bytes), not the file itself; run `git lfs pull` and scan again"
        ),
    })
}

fn examined(
    uri: &str,
    size: u64,
    sha256: Option<String>,
    mut inspection: Inspection,
    bytes: &[u8],
) -> Examined {
    inspection.findings.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    let status = if !inspection.gaps.is_empty() {
        Status::Incomplete
    } else if !inspection.findings.is_empty() {
        Status::Findings
    } else if inspection.format.is_none() {
        Status::Unsupported
    } else {
        Status::Clean
    };
    let digest = sha256.as_deref().unwrap_or_default();
    // A report must not be one more place where a credential stands.
    let named = inspection.findings.iter().flat_map(|finding| &finding.credentials);
    let mask = Mask::new(named.chain(&inspection.credentials).map(String::as_str));
    let findings = inspection
        .findings
        .into_iter()
        .enumerate()
        .map(|(place, mut finding)| {
            // Over what was seen, so that two credentials at one place stay two findings.
            let fingerprint = fingerprint(&finding, digest);
            let shown = place < SNIPPETS && !finding.rule.is_confidential();
            let mut snippet = shown.then(|| Snippet::capture(bytes, &finding.location)).flatten();
            mask.apply(&mut finding, &mut snippet);
            finding.credentials = Vec::new();
            Reported { subject: uri.to_owned(), fingerprint, snippet, finding }
        })
        .collect();
    let gaps: Vec<SubjectGap> = inspection
        .gaps
        .into_iter()
        .map(|mut gap| {
            if let Some(hidden) = mask.hide(&gap.reason) {
                gap.reason = hidden;
            }
            SubjectGap { subject: uri.to_owned(), gap }
        })
        .collect();
    let subject = Subject {
        uri: uri.to_owned(),
        kind: inspection.kind,
        format: inspection.format.unwrap_or("unknown").to_owned(),
        size,
        digest: Digest { sha256 },
        status,
        detail: detail(&gaps),
    };
    Examined { subject, findings, gaps, names: inspection.names }
}

/// The gaps as one line.
fn detail(gaps: &[SubjectGap]) -> Option<String> {
    let told: Vec<String> = gaps
        .iter()
        .map(|SubjectGap { gap, .. }| match &gap.member {
            Some(member) => format!("{member}: {}", gap.reason),
            None => gap.reason.clone(),
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Stack of a worker in bytes; reserved, not used. Third-party parsers recurse on source text.
const STACK: usize = 64 << 20;
/// Size in bytes from which a file is hashed beside its inspection; a thread costs more than hashing less.
const HASHED_BESIDE: usize = 1 << 20;
/// Bytes hashed between two reports of progress.
const HASHED_AT_ONCE: usize = 4 << 20;
/// Findings of one subject that get a snippet; finding a line costs a pass over the text.
const SNIPPETS: usize = 32;
/// First lines of a Git-LFS pointer: today's, and that of its pre-release.
const POINTER_VERSIONS: [&str; 2] =
    ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::CALLS;
    use std::time::Duration;

    struct Fake;

    impl Inspector for Fake {
        fn inspect(&self, _file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
            assert!(!bytes.starts_with(b"panic"), "asked to");
            assert_eq!(clock.elapsed(), Duration::ZERO);
            let found = bytes.starts_with(b"evil").then(|| Finding::new(&CALLS, "evil").at(0));
            Inspection {
                format: (!bytes.is_empty()).then_some("fake"),
                kind: Kind::Model,
                findings: found.into_iter().collect(),
                gaps: Vec::new(),
                names: Vec::new(),
                credentials: Vec::new(),
            }
        }
    }

    struct Stopped;

    impl Clock for Stopped {
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
    }

    impl Time for Stopped {
        fn start(&self) -> Box<dyn Clock> {
            Box::new(Self)
        }
    }

    fn sweep(jobs: usize, contents: &[&[u8]]) -> Vec<Examined> {
        let entries: Vec<_> = contents
            .iter()
            .enumerate()
            .map(|(n, bytes)| Entry { uri: format!("{n:03}"), content: Content::Bytes(bytes.to_vec()) })
            .collect();
        let jobs = NonZeroUsize::new(jobs).unwrap();
        let limits = Limits::default();
        Sweep { inspector: &Fake, limits: &limits, jobs, time: &Stopped, progress: &NoProgress }.run(&entries)
    }

    fn status(bytes: &[u8]) -> Status {
        sweep(1, &[bytes]).remove(0).subject.status
    }

    #[test]
    fn status_says_how_far_a_subject_was_understood() {
        assert_eq!(status(b"good"), Status::Clean);
        assert_eq!(status(b"evil"), Status::Findings);
        assert_eq!(status(b""), Status::Unsupported);
    }

    #[test]
    fn a_finding_added_later_takes_a_subject_out_of_the_clean_ones() {
        let mut examined = sweep(1, &[b"good"]).remove(0);
        examined.add(Finding::new(&CALLS, "denied"));
        assert_eq!((examined.subject.status, examined.findings.len()), (Status::Findings, 1));
        assert_eq!(examined.findings[0].subject, examined.subject.uri);
    }

    #[test]
    fn a_credential_that_one_finding_names_is_hidden_in_all_and_tells_fingerprints_apart() {
        let secret = "Drawn-4xY8-secret";
        let about = |text: &str| {
            let finding = Finding::new(&CALLS, format!("calls it with {text}")).evidence(text).at(0);
            let findings = vec![finding, Finding::new(&CALLS, "holds it").at(6).credential(text)];
            let gap = Gap { member: None, offset: None, reason: format!("cannot reach a:{text}@b") };
            let inspection = Inspection { findings, ..Inspection::unread(gap) };
            examined("x", 0, None, inspection, format!("login {text} now\n").as_bytes())
        };
        let done = about(secret);
        assert!(!format!("{done:?}").contains(secret), "{done:?}");
        assert_eq!(done.findings[0].finding.message, "calls it with Draw…");
        let prints = |one: &Examined| one.findings[0].fingerprint.clone();
        assert_ne!(prints(&done), prints(&about("Drawn-4xY8-another")));
    }

    #[test]
    fn a_defect_in_an_inspector_makes_its_subject_incomplete_and_spares_the_others() {
        let done = sweep(2, &[b"panic", b"good"]);
        assert_eq!(done[0].subject.status, Status::Incomplete);
        assert!(done[0].gaps[0].gap.reason.contains("asked to"));
        assert!(done[0].subject.digest.sha256.is_some());
        assert_eq!(done[1].subject.status, Status::Clean);
    }

    #[test]
    fn the_digest_is_that_of_the_whole_content_also_when_hashed_beside() {
        let large = vec![b'a'; HASHED_AT_ONCE + 1];
        let expected = hex(&Sha256::digest(&large));
        for jobs in [1, 2] {
            assert_eq!(sweep(jobs, &[&large])[0].subject.digest.sha256.as_ref(), Some(&expected));
        }
    }

    #[test]
    fn the_number_of_jobs_does_not_change_the_result() {
        let contents: Vec<Vec<u8>> = (0..200u32)
            .map(|n| if n % 7 == 0 { b"evil".to_vec() } else { n.to_le_bytes().to_vec() })
            .collect();
        let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        assert_eq!(sweep(1, &contents), sweep(8, &contents));
    }

    #[test]
    fn a_git_lfs_pointer_is_incomplete_and_a_text_about_one_is_not() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
        assert_eq!(status(pointer), Status::Incomplete);
        assert_eq!(status(b"see version https://git-lfs.github.com/spec/v1\n"), Status::Clean);
    }

    #[test]
    fn a_missing_file_is_incomplete_and_has_no_digest() {
        let content = Content::File { path: "/nonexistent".into(), root: "/".into(), size: 3 };
        let limits = Limits::default();
        let sweep = Sweep {
            inspector: &Fake,
            limits: &limits,
            jobs: NonZeroUsize::MIN,
            time: &Stopped,
            progress: &NoProgress,
        };
        let done = sweep.run(&[Entry { uri: "x".into(), content }]);
        assert_eq!((done[0].subject.status, &done[0].subject.digest.sha256), (Status::Incomplete, &None));
    }
}
