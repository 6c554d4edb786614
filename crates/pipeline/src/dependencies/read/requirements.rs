//! `requirements.txt` in all of pip's syntax, and the requirement lists inside other files.
//!
//! Sources: pip's "Requirements File Format", PEP 508 for a requirement, PEP 440 for its versions.

use crate::dependencies::{Dependencies, Dependency, Ecosystem, Pin, Purpose};
use crate::rules::{DEPENDENCY_CONFUSION, INSECURE_TRANSPORT, TLS_DISABLED};
use crate::{Issue, Text, address};
use std::ops::Range;

/// Reads a requirements or constraints file.
pub(super) fn read(text: &Text<'_>) -> Dependencies {
    let mut found = Dependencies::new(Purpose::Deployment);
    for (line, at) in logical_lines(text.content) {
        let begins = line.trim_start();
        let at = at.saturating_add(line.len().saturating_sub(begins.len()));
        let line = uncommented(begins);
        if line.starts_with('-') {
            option(line, at, &mut found);
        } else if !line.is_empty() {
            let dependency = requirement(line, at);
            if is_no_requirement(line) {
                let span = at..at.saturating_add(line.trim_end().len());
                found.issues.push(Issue::unread(span, "no requirement, on which pip stops; mend the line"));
            }
            found.dependencies.extend(dependency);
        }
        if !line.starts_with("-i") && !line.starts_with("--") && !line.starts_with("-f") {
            carried(line, at, &mut found);
        }
    }
    found
}

/// Whether `text` is a list of requirements by what it holds, whatever it is called: each line is a remark, an option of pip or a
/// requirement, and most requirements have a version. Reads no further than the first line that is none of them.
pub(super) fn is_list(text: &Text<'_>) -> bool {
    let (mut versioned, mut bare) = (0_usize, 0_usize);
    let folder = text.name.rsplit(['/', '\\']).nth(1).unwrap_or_default().to_ascii_lowercase();
    for line in text.content.lines() {
        let line = uncommented(line.trim()).trim_end_matches('\\').trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with('-') {
            if !OPTIONS.iter().any(|option| line.starts_with(option)) {
                return false;
            }
            continue;
        }
        let Some(dependency) = requirement(line, 0).filter(|_| !is_no_requirement(line)) else {
            return false;
        };
        let is_name =
            dependency.name.len() > 1 && dependency.name.bytes().any(|byte| byte.is_ascii_alphabetic());
        match dependency.pin {
            Pin::Exact(_) | Pin::Range(_) | Pin::Commit | Pin::Moving if is_name => {
                versioned = versioned.saturating_add(1);
            }
            Pin::None if is_name && !line.contains(char::is_whitespace) => bare = bare.saturating_add(1),
            // A wheel or a folder between them.
            Pin::Address(_) if line.contains("://") => {}
            _ => return false,
        }
    }
    let named =
        ["requirements", "requires", "deps", "dependencies", "reqs", "pip"].contains(&folder.as_str());
    // One line with a version may be an equation.
    versioned >= if named { 1 } else { 2 } && bare <= versioned
}

/// How the options of a list begin.
const OPTIONS: &[&str] = &[
    "-r ",
    "-c ",
    "-e ",
    "-i ",
    "-f ",
    "--requirement",
    "--constraint",
    "--editable",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--no-index",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--pre",
    "--trusted-host",
    "--hash",
    "--require-hashes",
    "--config-settings",
    "--use-feature",
];

/// Whether a line that begins as a requirement goes on as none: `name more words`. What a template fills in is not known.
fn is_no_requirement(line: &str) -> bool {
    let line = line.split([';', '#']).next().unwrap_or(line).split(" --").next().unwrap_or(line).trim();
    if is_address(line) || line.contains(['{', '$', '%', '/', '\\']) {
        return false;
    }
    let name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let rest = line.trim_start_matches(name);
    if rest.len() == line.len() {
        return true;
    }
    let rest = rest.trim_start();
    let rest =
        rest.strip_prefix('[').and_then(|extras| extras.split_once(']')).map_or(rest, |(_, rest)| rest);
    let rest = rest.trim_start();
    !(rest.is_empty() || rest.starts_with(['=', '<', '>', '~', '!', '^', '(', ',', '@']))
}

/// A package that a line takes from an address without encryption.
fn carried(line: &str, at: usize, found: &mut Dependencies) {
    if let Some(clear) = address::clear(line) {
        let address = clear.address;
        let start = at.saturating_add(line.find(address).unwrap_or_default());
        let message =
            format!("the package `{}` is fetched without TLS", bartizan_core::printable(address, 100));
        found.issues.push(clear.source_issue(start..start.saturating_add(address.len()), message));
    } else if let Some((_, clear)) = line.split_once("git+http://") {
        let message =
            format!("the package is fetched from {} without TLS", bartizan_core::printable(clear, 100));
        let span = at..at.saturating_add(line.len());
        found
            .issues
            .push(Issue::new(&INSECURE_TRANSPORT, span, message).severity(bartizan_core::Severity::Low));
    }
}

/// Reads a `pip.conf`: the options of a command line, without their dashes.
pub(super) fn pip_conf(text: &Text<'_>) -> Dependencies {
    let mut found = Dependencies::new(Purpose::Deployment);
    let mut key = String::new();
    let mut at = 0_usize;
    for raw in text.content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(raw.len());
        let line = uncommented(raw.trim_end());
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['[', ';', '#']) {
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        let value = match trimmed.split_once('=').filter(|_| !indented) {
            Some((name, value)) => {
                key = format!("--{}", name.trim().replace('_', "-"));
                value.trim()
            }
            None => trimmed,
        };
        let offset = start.saturating_add(line.find(value).unwrap_or_default());
        let mut place = offset;
        for one in value.split_whitespace() {
            option(&format!("{key} {one}"), place, &mut found);
            place = place.saturating_add(one.len()).saturating_add(1);
        }
    }
    found
}

/// Reads `install_requires` and `extras_require` of a `setup.cfg`.
pub(super) fn setup_cfg(text: &Text<'_>) -> Dependencies {
    let mut found = Dependencies::new(Purpose::Manifest);
    let mut listing = false;
    let mut extras = false;
    let mut at = 0_usize;
    for raw in text.content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(raw.len());
        let line = uncommented(raw.trim_end());
        let indented = line.starts_with([' ', '\t']);
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        if trimmed.starts_with('[') {
            (listing, extras) = (false, trimmed.starts_with("[options.extras_require"));
            continue;
        }
        let mut offset = start.saturating_add(line.len().saturating_sub(trimmed.len()));
        let mut value = trimmed;
        if !indented {
            let Some((key, rest)) = trimmed.split_once('=') else { continue };
            listing = extras || matches!(key.trim(), "install_requires" | "setup_requires" | "tests_require");
            let rest_trimmed = rest.trim_start();
            offset = offset.saturating_add(trimmed.len().saturating_sub(rest_trimmed.len()));
            value = rest_trimmed;
        }
        if listing && !value.is_empty() {
            found.dependencies.extend(requirement(value, offset));
        }
    }
    found
}

/// One requirement after PEP 508, with pip's options behind it; `at` is its place in the text.
pub(crate) fn requirement(line: &str, at: usize) -> Option<Dependency> {
    let hashed = line.contains("--hash=") || line.contains("--hash ");
    let written = line.split(" --").next().unwrap_or(line).trim_end().trim_end_matches('\\').trim_end();
    let span = at..at.saturating_add(written.len());
    let dependency = |name: &str, pin: Pin| {
        Some(Dependency {
            ecosystem: Ecosystem::PyPi,
            name: Ecosystem::PyPi.normal(name),
            span: span.clone(),
            pin,
            hashed,
        })
    };
    if is_address(written) {
        let egg =
            written.split_once("egg=").map_or("", |(_, egg)| egg.split(['&', '[']).next().unwrap_or(egg));
        return dependency(egg, from_address(written, hashed));
    }
    if written.starts_with(['.', '/', '~']) || written.contains('\\') {
        return dependency("", Pin::Local);
    }
    let requirement = written.split(';').next().unwrap_or(written).trim();
    let end = requirement
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    let name = requirement.get(..end).filter(|name| !name.is_empty())?;
    let mut rest = requirement.get(end..).unwrap_or_default().trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']').map_or("", |(_, rest)| rest).trim_start();
    }
    if let Some(address) = rest.strip_prefix('@') {
        return dependency(name, from_address(address.trim(), hashed));
    }
    let rest = rest.trim_matches(['(', ')']).trim();
    dependency(name, pin(rest))
}

/// How far version specifiers tie a package down.
pub(super) fn pin(specifiers: &str) -> Pin {
    let exact = specifiers.split(',').map(str::trim).find_map(|one| {
        let version = one.strip_prefix("===").or_else(|| one.strip_prefix("=="))?.trim();
        (!version.ends_with('*') && !version.is_empty()).then(|| version.to_owned())
    });
    match exact {
        Some(version) => Pin::Exact(version),
        None if specifiers.is_empty() => Pin::None,
        None if specifiers.starts_with(['=', '<', '>', '~', '!', '^']) => Pin::Range(specifiers.to_owned()),
        None => Pin::None,
    }
}

fn is_address(text: &str) -> bool {
    ["git+", "hg+", "svn+", "bzr+", "http://", "https://", "ftp://", "file:", "git://", "git@"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// How far an address ties a package down.
fn from_address(address: &str, hashed: bool) -> Pin {
    if address.starts_with("file:") {
        return Pin::Local;
    }
    if address.starts_with("git")
        || address.starts_with("hg+")
        || address.starts_with("svn+")
        || address.starts_with("bzr+")
    {
        let bare = address.split('#').next().unwrap_or(address).trim();
        let path = bare.rsplit('/').next().unwrap_or(bare);
        let fixed = path.rsplit_once('@').is_some_and(|(_, revision)| address::is_commit(revision));
        return if fixed { Pin::Commit } else { Pin::Moving };
    }
    let digest = ["#sha256=", "#sha384=", "#sha512=", "&sha256="].iter().any(|part| address.contains(part));
    Pin::Address(digest || hashed)
}

/// An option line of pip.
pub(super) fn option(line: &str, at: usize, found: &mut Dependencies) {
    let (name, value) =
        line.split_once(['=', ' ', '\t']).map_or((line, ""), |(name, value)| (name, value.trim()));
    let span = at..at.saturating_add(line.trim_end().len());
    match name {
        "-e" | "--editable" => {
            let offset = line.len().saturating_sub(value.len());
            found.dependencies.extend(requirement(value, at.saturating_add(offset)));
        }
        "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" => index(name, value, span, found),
        "-r" | "--requirement" if !value.is_empty() && !value.contains("://") => {
            found.includes.push((span, value.to_owned()));
        }
        "--trusted-host" => {
            let host = value.split(':').next().unwrap_or(value);
            if !address::is_this_machine(host) {
                let message =
                    format!("certificates of `{}` are not checked", bartizan_core::printable(value, 80));
                found.issues.push(Issue::new(&TLS_DISABLED, span, message));
            }
        }
        _ => {}
    }
}

/// An index of packages.
pub(super) fn index(option: &str, value: &str, span: Range<usize>, found: &mut Dependencies) {
    if let Some(clear) = address::clear(value) {
        let message =
            format!("packages are taken from `{}` without TLS", bartizan_core::printable(clear.address, 100));
        found.issues.push(clear.source_issue(span.clone(), message));
    }
    if option == "--extra-index-url" {
        let host = address::host(value);
        // Wheels of these makers differ by hardware and stand beside the index on purpose.
        let maker =
            ["download.pytorch.org", "pypi.nvidia.com", "pypi.ngc.nvidia.com", "wheels.vllm.ai", "pypi.org"]
                .contains(&host);
        let message = format!(
            "pip asks `{}` and the public index alike and takes the higher version, whoever published it",
            bartizan_core::printable(host, 80)
        );
        let severity = if maker { bartizan_core::Severity::Low } else { DEPENDENCY_CONFUSION.severity };
        found.issues.push(Issue::new(&DEPENDENCY_CONFUSION, span, message).severity(severity));
    }
}

/// The part of a line before its comment.
fn uncommented(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    line.find(" #").or_else(|| line.find("\t#")).and_then(|at| line.get(..at)).unwrap_or(line).trim_end()
}

/// Lines with those that a backslash continues joined, and their places.
fn logical_lines(content: &str) -> Vec<(&str, usize)> {
    let mut lines = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0_usize;
    for raw in content.split_inclusive('\n') {
        let begin = *start.get_or_insert(at);
        at = at.saturating_add(raw.len());
        if raw.trim_end().ends_with('\\') && at < content.len() {
            continue;
        }
        lines.extend(content.get(begin..at).map(|line| (line.trim_end(), begin)));
        start = None;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(line: &str) -> (String, Pin, bool) {
        let found = requirement(line, 0).unwrap();
        (found.name, found.pin, found.hashed)
    }

    #[test]
    fn lists_of_requirements_are_known_by_what_they_hold() {
        let is = |name: &str, content: &str| is_list(&Text::new(name, content));
        assert!(is("deps/prod.txt", "# app\nnumpy==1.26.4\ntorch>=2 ; python_version > '3.9'\n"));
        assert!(is("base.in", "-c other.txt\nnumpy==1.26.4\nfastapi[all]~=0.110\nrequests\n"));
        assert!(is(
            "a.lock",
            "numpy==1.26.4 \\\n    --hash=sha256:aa\ntorch==2.4.0 \\\n    --hash=sha256:bb\n"
        ));
        for (name, content) in [
            ("notes.txt", "numpy==1.26.4 is what we use\ntorch\n"),
            ("words.txt", "apple\nbanana\ncherry\n"),
            ("a.txt", "x==1\n"),
            ("expected.txt", "a >= 1\nresult: ok\n"),
            ("flags.txt", "--verbose\n-x\n"),
            ("empty.txt", ""),
            ("Cargo.lock", "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"),
        ] {
            assert!(!is(name, content), "{name}");
        }
    }

    #[test]
    fn a_line_that_is_no_requirement_is_a_gap() {
        let gaps = |text: &str| crate::testing::gaps("requirements.txt", text).len();
        assert_eq!(gaps("@@@@\n==\nfoo bar baz\nnumpy==1.26.4\n"), 3);
        let fine = "numpy>=1 ; python_version < '3.9'  # why\ntorch [extra] ==2.0 --hash=sha256:aa\nx (>=1)\na @ https://h.example/a.whl\n./local\n${VAR}\n-r more.txt\n";
        assert_eq!(gaps(fine), 0);
    }

    #[test]
    fn requirements_are_read_after_pep_508() {
        assert_eq!(
            one("Scikit_Learn[a,b] == 1.2 ; python_version > '3'"),
            ("scikit-learn".to_owned(), Pin::Exact("1.2".to_owned()), false)
        );
        assert_eq!(one("a (>=1,<2)").1, Pin::Range(">=1,<2".to_owned()));
        assert_eq!(one("a==1.*").1, Pin::Range("==1.*".to_owned()));
        assert_eq!(one("a @ git+https://x/y.git@0123456789012345678901234567890123456789").1, Pin::Commit);
        assert_eq!(one("git+https://x/y.git@v1#egg=y"), ("y".to_owned(), Pin::Moving, false));
        assert_eq!(one("https://x/y.whl#sha256=00").1, Pin::Address(true));
        assert_eq!(one("a==1 --hash=sha256:00"), ("a".to_owned(), Pin::Exact("1".to_owned()), true));
        assert_eq!(requirement("[]", 0), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_spans_lie_inside(content in "[ -~\n\\\\é]{0,120}") {
            let text = Text::new("requirements.txt", &content);
            for dependency in read(&text).dependencies {
                prop_assert!(dependency.span.start <= dependency.span.end && dependency.span.end <= content.len());
            }
        }
    }
}
