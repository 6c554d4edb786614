//! A policy as one archive: [`write`] and [`read`], in the layout of OPA's bundles.
//!
//! Source: OPA documentation, "Bundles": a gzipped tar with `.manifest` (revision, roots), `.rego` and `data.json` files. What is
//! written is deterministic: order of path, no times, no owners; the revision is the policy's digest. Tar is read and written as POSIX
//! ustar; everything but plain files and folders is refused.

use crate::PolicyError;
use crate::source::{FileKind, LARGEST_FILE, LARGEST_POLICY, MOST_FILES, Policy, PolicyFile, file_kind};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

/// Largest bundle read, in bytes as it lies there.
pub const LARGEST_BUNDLE: usize = 16 << 20;
/// Largest bundle when unpacked: the policy and a block of padding and one of header for each file.
const LARGEST_UNPACKED: usize = LARGEST_POLICY + (MOST_FILES + 2) * 2 * BLOCK;
/// Bytes in a block of a tar file.
const BLOCK: usize = 512;
/// File that describes a bundle.
const MANIFEST: &str = ".manifest";
/// First bytes of a gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A policy as a gzipped bundle, with its tests where they are wanted.
///
/// # Errors
/// [`PolicyError::Bundle`] for a path that tar cannot hold.
pub fn write(policy: &Policy, with_tests: bool) -> Result<Vec<u8>, PolicyError> {
    let place = policy.names.join(", ");
    let manifest = json!({"revision": policy.digest, "roots": roots(policy), "rego_version": 1}).to_string();
    let mut files = vec![(MANIFEST.to_owned(), manifest)];
    let tests = policy.tests.iter().filter(|_| with_tests);
    let all = policy.modules.iter().chain(&policy.data_files).chain(tests);
    files.extend(all.map(|file| (file.path.clone(), file.content.clone())));
    files.sort();
    let mut tar = Vec::new();
    for (path, content) in &files {
        let header = header(path, content.len()).ok_or_else(|| PolicyError::Bundle {
            place: place.clone(),
            problem: format!("`{path}` is too long for a name in a tar file; up to 100 bytes fit"),
        })?;
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content.as_bytes());
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(&tar).and_then(|()| encoder.finish());
    packed.map_err(|error| PolicyError::Bundle { place, problem: error.to_string() })
}

/// The files of a bundle, gzipped or not. Its manifest is checked: a policy whose digest is not the revision it states was changed.
///
/// # Errors
/// [`PolicyError::Bundle`] and [`PolicyError::TooLarge`].
pub fn read(place: &str, bytes: &[u8]) -> Result<Vec<PolicyFile>, PolicyError> {
    let too_large = |problem: String| PolicyError::TooLarge { place: place.to_owned(), problem };
    let bad = |problem: String| PolicyError::Bundle { place: place.to_owned(), problem };
    if bytes.len() > LARGEST_BUNDLE {
        return Err(too_large(format!(
            "is larger than {LARGEST_BUNDLE} bytes, the most that is read of a bundle"
        )));
    }
    let mut unpacked = Vec::new();
    let tar = if bytes.starts_with(&GZIP) {
        let mut limited = MultiGzDecoder::new(bytes).take(LARGEST_UNPACKED as u64 + 1);
        limited.read_to_end(&mut unpacked).map_err(|error| bad(format!("it does not unpack: {error}")))?;
        unpacked.as_slice()
    } else {
        bytes
    };
    if tar.len() > LARGEST_UNPACKED {
        return Err(too_large(format!("unpacks to more than {LARGEST_UNPACKED} bytes")));
    }
    let mut files = Vec::new();
    let mut manifest = None;
    let mut rest = tar;
    let mut members = 0_usize;
    while let Some((header, after)) = rest.split_first_chunk::<BLOCK>() {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        members += 1;
        if members > MOST_FILES * 2 {
            return Err(too_large(format!("has more than {} members", MOST_FILES * 2)));
        }
        let member = Member::of(header).map_err(|problem| bad(format!("member {members}: {problem}")))?;
        let Some((content, _)) = after.split_at_checked(member.size) else {
            return Err(bad(format!("`{}` ends before its {} bytes", member.path, member.size)));
        };
        let padded = member.size.next_multiple_of(BLOCK).min(after.len());
        rest = after.get(padded..).unwrap_or_default();
        if member.is_folder {
            continue;
        }
        let wanted = member.path == MANIFEST || file_kind(&member.path).is_some();
        if !wanted {
            continue;
        }
        if content.len() > LARGEST_FILE {
            return Err(too_large(format!(
                "holds `{}`, which is larger than {LARGEST_FILE} bytes",
                member.path
            )));
        }
        let content = std::str::from_utf8(content)
            .map_err(|_| bad(format!("`{}` is not UTF-8", member.path)))?
            .to_owned();
        if member.path == MANIFEST {
            manifest = Some(content);
        } else if files.iter().any(|file: &PolicyFile| file.path == member.path) {
            return Err(bad(format!("it holds `{}` twice", member.path)));
        } else {
            files.push(PolicyFile { path: member.path, content });
        }
    }
    if members == 0 {
        return Err(bad("it is neither a tar file nor a gzipped one".to_owned()));
    }
    if let Some(manifest) = manifest {
        check_revision(place, &manifest, &files)?;
    }
    Ok(files)
}

/// Holds a bundle against the revision that it states, where that is a digest of ours.
fn check_revision(place: &str, manifest: &str, files: &[PolicyFile]) -> Result<(), PolicyError> {
    let bad = |problem: String| PolicyError::Bundle { place: place.to_owned(), problem };
    let read: Value =
        serde_json::from_str(manifest).map_err(|error| bad(format!("its manifest is not JSON: {error}")))?;
    let Some(revision) =
        read.get("revision").and_then(Value::as_str).filter(|each| each.starts_with("sha256:"))
    else {
        return Ok(());
    };
    let digest = Policy::of_files(place, files.to_vec())?.digest;
    if digest != revision {
        return Err(bad(format!(
            "its manifest states the revision {revision}, and its files are {digest}: it was changed"
        )));
    }
    Ok(())
}

/// Roots of a bundle: what it owns below `data`. Everything a policy here defines lies below its packages and data.
fn roots(policy: &Policy) -> Vec<String> {
    let packages = policy.modules.iter().filter_map(|module| crate::format::package_of(&module.content));
    let data = policy.data_files.iter().filter(|file| file_kind(&file.path) == Some(FileKind::Data));
    let folders = data.map(|file| file.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned());
    let mut roots: Vec<String> = packages.map(|package| package.replace('.', "/")).chain(folders).collect();
    roots.sort();
    roots.dedup();
    // A root within another is an overlap, which OPA refuses.
    let within = |inner: &str, outer: &str| {
        inner != outer
            && (outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/')))
    };
    let all = roots.clone();
    roots.retain(|root| !all.iter().any(|other| within(root, other)));
    roots
}

/// What a header of a tar file says.
struct Member {
    path: String,
    size: usize,
    is_folder: bool,
}

impl Member {
    fn of(header: &[u8; BLOCK]) -> Result<Self, String> {
        let field = |from: usize, to: usize| header.get(from..to).unwrap_or_default();
        let text = |from, to| {
            let bytes = field(from, to);
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            std::str::from_utf8(bytes.get(..end).unwrap_or_default()).unwrap_or_default()
        };
        if octal(field(148, 156)) != Some(checksum(header)) {
            return Err("its checksum is wrong; the file is no tar file, or damaged".to_owned());
        }
        let name = text(0, 100);
        let prefix = text(345, 500);
        let whole = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let path = whole.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/').to_owned();
        let shown = bartizan_core::printable(&whole, 100);
        let kind = field(156, 157).first().copied().unwrap_or_default();
        let is_folder = kind == b'5';
        if !is_folder && !matches!(kind, b'0' | 0) {
            return Err(format!("`{shown}` is neither file nor folder; bundles hold nothing else"));
        }
        if path.split('/').any(|part| part == "..") || !is_folder && path.is_empty() {
            return Err(format!("`{shown}` is no path within a bundle"));
        }
        let size = octal(field(124, 136)).and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| format!("`{shown}` has no size that can be read"))?;
        Ok(Self { path, size: if is_folder { 0 } else { size }, is_folder })
    }
}

/// A ustar header for a plain file; none when its path does not fit.
fn header(path: &str, size: usize) -> Option<[u8; BLOCK]> {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        let place = header.get_mut(at..at + bytes.len())?;
        place.copy_from_slice(bytes);
        Some(())
    };
    if path.len() > 100 {
        return None;
    }
    put(0, path.as_bytes())?;
    put(100, b"0000644\0")?;
    put(108, b"0000000\0")?;
    put(116, b"0000000\0")?;
    put(124, format!("{size:011o}\0").as_bytes())?;
    put(136, b"00000000000\0")?;
    put(156, b"0")?;
    put(257, b"ustar\x0000")?;
    let sum = checksum(&header);
    header.get_mut(148..156)?.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(header)
}

/// Sum of a header's bytes, its own field taken as blanks.
fn checksum(header: &[u8; BLOCK]) -> u64 {
    let bytes = header.iter().enumerate();
    bytes.map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum()
}

/// A number in octal digits, with blanks or zeros around it.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(|each| each == ' ' || each == '\0');
    u64::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> Policy {
        let file =
            |path: &str, content: &str| PolicyFile { path: path.to_owned(), content: content.to_owned() };
        Policy::of_files(
            "p",
            vec![
                file("gate.rego", "package bartizan.gate\ndeny contains \"x\" if false\n"),
                file("gate_test.rego", "package bartizan.gate_test\n"),
                file("limits/data.json", "{\"days\": 30}"),
            ],
        )
        .unwrap()
    }

    #[test]
    fn what_is_written_reads_back_with_the_same_digest_and_the_same_bytes_every_time() {
        let policy = policy();
        let bundle = write(&policy, true).unwrap();
        assert_eq!(bundle, write(&policy, true).unwrap());
        let read = Policy::of_files("p", read("b", &bundle).unwrap()).unwrap();
        assert_eq!((read.digest, read.data), (policy.digest.clone(), policy.data.clone()));
        assert_eq!(read.tests.len(), 1);
        let bare = write(&policy, false).unwrap();
        assert_eq!(super::read("b", &bare).unwrap().len(), 2);
    }

    #[test]
    fn the_manifest_names_revision_and_roots() {
        let policy = policy();
        let mut tar = Vec::new();
        MultiGzDecoder::new(write(&policy, false).unwrap().as_slice()).read_to_end(&mut tar).unwrap();
        let at = BLOCK;
        let end = tar[at..].iter().position(|byte| *byte == 0).unwrap();
        let manifest: Value = serde_json::from_slice(&tar[at..at + end]).unwrap();
        assert_eq!(manifest["revision"], policy.digest);
        assert_eq!(manifest["roots"], json!(["bartizan/gate", "limits"]));
    }

    #[test]
    fn a_changed_file_a_link_and_a_way_out_are_refused() {
        let mut tar = Vec::new();
        MultiGzDecoder::new(write(&policy(), false).unwrap().as_slice()).read_to_end(&mut tar).unwrap();
        assert!(read("b", &tar).is_ok());
        let place = tar.windows(8).position(|window| window == b"if false").unwrap();
        let mut changed = tar.clone();
        changed[place..place + 8].copy_from_slice(b"if true ");
        assert!(read("b", &changed).unwrap_err().to_string().contains("it was changed"));
        for (path, kind) in [("../evil.rego", b'0'), ("a.rego", b'2')] {
            let mut one = header(path, 0).unwrap();
            one[156] = kind;
            let sum = checksum(&one);
            one[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert!(matches!(read("b", &one), Err(PolicyError::Bundle { .. })), "{path}");
        }
        assert!(matches!(read("b", b"hello"), Err(PolicyError::Bundle { .. })));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vec![0; LARGEST_UNPACKED + 2 * BLOCK]).unwrap();
        assert!(matches!(read("b", &encoder.finish().unwrap()), Err(PolicyError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_give_files_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..2048), fix in any::<bool>()) {
            if fix && let Some(header) = bytes.first_chunk_mut::<BLOCK>() {
                let sum = checksum(header);
                header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
            let _ = read("b", &bytes);
        }

        #[test]
        fn a_bundle_cut_or_changed_anywhere_is_read_or_refused(cut in 0_usize..2000, at in 0_usize..2000, value in any::<u8>()) {
            let mut bundle = write(&policy(), true).unwrap();
            if let Some(byte) = bundle.get_mut(at) {
                *byte = value;
            }
            bundle.truncate(cut);
            let _ = read("b", &bundle);
        }
    }
}
