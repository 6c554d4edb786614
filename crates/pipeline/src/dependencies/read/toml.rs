//! Project and lock files in TOML: pyproject (PEP 621, Poetry, PDM, uv), Pipfile, Cargo, and the locks of each.

use super::requirements::{index, pin, requirement};
use crate::dependencies::{Dependencies, Dependency, Ecosystem, Pin, Purpose};
use crate::{Text, address};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Value<'t> = Spanned<DeValue<'t>>;

/// Reads the text and hands its table to `gather`; what does not parse is a stop.
fn with(text: &Text<'_>, purpose: Purpose, gather: impl Fn(&DeTable<'_>, &mut Dependencies)) -> Dependencies {
    let mut found = Dependencies::new(purpose);
    match DeTable::parse(text.content) {
        Ok(table) => gather(table.get_ref(), &mut found),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            found.stops.push((at, bartizan_core::printable(error.message(), 120)));
        }
    }
    found
}

/// Reads a `pyproject.toml`.
pub(super) fn pyproject(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Manifest, |root, found| {
        if let Some(project) = table(root, &["project"]) {
            list(project.get("dependencies"), found);
            for (_, extra) in table(project, &["optional-dependencies"]).into_iter().flatten() {
                list(Some(extra), found);
            }
        }
        list(table(root, &["build-system"]).and_then(|build| build.get("requires")), found);
        for (_, group) in table(root, &["dependency-groups"]).into_iter().flatten() {
            list(Some(group), found);
        }
        for (_, group) in table(root, &["tool", "pdm", "dev-dependencies"]).into_iter().flatten() {
            list(Some(group), found);
        }
        list(table(root, &["tool", "uv"]).and_then(|uv| uv.get("dev-dependencies")), found);
        let poetry = table(root, &["tool", "poetry"]);
        for place in ["dependencies", "dev-dependencies"] {
            mapped(poetry.and_then(|poetry| table(poetry, &[place])), Ecosystem::PyPi, found);
        }
        for (_, group) in poetry.and_then(|poetry| table(poetry, &["group"])).into_iter().flatten() {
            mapped(
                group.get_ref().as_table().and_then(|group| table(group, &["dependencies"])),
                Ecosystem::PyPi,
                found,
            );
        }
        for (name, source) in table(root, &["tool", "uv", "sources"]).into_iter().flatten() {
            moving(name.get_ref(), source, found);
        }
        for source in poetry
            .and_then(|poetry| poetry.get("source"))
            .and_then(|list| list.get_ref().as_array())
            .into_iter()
            .flatten()
        {
            asked_after_public(source, found);
        }
        if let Some(pixi) = table(root, &["tool", "pixi"]) {
            environment(pixi, found);
        }
        if let Some(uv) = table(root, &["tool", "uv"]) {
            trusting(uv, found);
        }
        let indices = table(root, &["tool", "uv"])
            .and_then(|uv| uv.get("index"))
            .or_else(|| poetry.and_then(|poetry| poetry.get("source")));
        for entry in indices.and_then(|list| list.get_ref().as_array()).into_iter().flatten() {
            indexed(entry, found);
        }
        let extra = table(root, &["tool", "uv"])
            .and_then(|uv| uv.get("extra-index-url"))
            .and_then(|list| list.get_ref().as_array());
        for address in extra.into_iter().flatten() {
            index("--extra-index-url", address.get_ref().as_str().unwrap_or_default(), address.span(), found);
        }
    })
}

/// Reads a `uv.toml`, which holds what stands under `tool.uv` of a project.
pub(super) fn uv_settings(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Deployment, |root, found| {
        trusting(root, found);
        for entry in root.get("index").and_then(|list| list.get_ref().as_array()).into_iter().flatten() {
            indexed(entry, found);
        }
        let extra = root.get("extra-index-url").and_then(|list| list.get_ref().as_array());
        for address in extra.into_iter().flatten() {
            index("--extra-index-url", address.get_ref().as_str().unwrap_or_default(), address.span(), found);
        }
        for name in ["index-url", "find-links"] {
            if let Some(address) = root.get(name).filter(|address| address.get_ref().as_str().is_some()) {
                index("--index-url", address.get_ref().as_str().unwrap_or_default(), address.span(), found);
            }
        }
    })
}

/// What uv is told to trust: hosts whose certificates are not checked, and every index for every name.
fn trusting(uv: &DeTable<'_>, found: &mut Dependencies) {
    if let Some(hosts) = uv.get("allow-insecure-host")
        && hosts.get_ref().as_array().is_some_and(|hosts| !hosts.is_empty())
    {
        let message = "certificates of these hosts are not checked";
        found.issues.push(crate::Issue::new(&crate::rules::TLS_DISABLED, hosts.span(), message));
    }
    if let Some(strategy) = uv.get("index-strategy")
        && strategy.get_ref().as_str().is_some_and(|strategy| strategy.starts_with("unsafe"))
    {
        let message =
            "the best version of any index is taken: whoever takes a name on one of them comes first";
        found.issues.push(crate::Issue::new(&crate::rules::DEPENDENCY_CONFUSION, strategy.span(), message));
    }
}

/// Reads a `pixi.toml`: an environment that is installed, from conda's channels and from PyPI.
pub(super) fn pixi(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Deployment, environment)
}

/// What an environment of pixi names, in its features too. Names of conda that PyPI has too are compared with those.
fn environment(pixi: &DeTable<'_>, found: &mut Dependencies) {
    let features =
        table(pixi, &["feature"]).into_iter().flatten().filter_map(|(_, one)| one.get_ref().as_table());
    for holder in std::iter::once(pixi).chain(features) {
        for place in ["dependencies", "pypi-dependencies", "host-dependencies", "build-dependencies"] {
            let first = found.dependencies.len();
            mapped(table(holder, &[place]), Ecosystem::PyPi, found);
            for dependency in found.dependencies.iter_mut().skip(first) {
                // Its lock file keeps the digests.
                dependency.hashed = true;
                if matches!(dependency.name.as_str(), "python" | "pip" | "pytorch") {
                    dependency.name = String::new();
                }
            }
        }
    }
    let channels = ["workspace", "project"].into_iter().filter_map(|part| table(pixi, &[part])).chain([pixi]);
    for channel in channels.filter_map(|holder| holder.get("channels")?.get_ref().as_array()).flatten() {
        if let Some(clear) = channel.get_ref().as_str().and_then(address::clear) {
            let shown = bartizan_core::printable(clear.address, 100);
            let message = format_args!("packages come from {shown} without encryption");
            found.issues.push(clear.source_issue(channel.span(), message));
        }
    }
    found
        .dependencies
        .retain(|dependency| !dependency.name.is_empty() || !matches!(dependency.pin, Pin::Range(_)));
}

/// Reads a `Pipfile`.
pub(super) fn pipfile(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Manifest, |root, found| {
        for place in ["packages", "dev-packages"] {
            mapped(table(root, &[place]), Ecosystem::PyPi, found);
        }
        for source in root.get("source").and_then(|list| list.get_ref().as_array()).into_iter().flatten() {
            indexed(source, found);
        }
    })
}

/// Reads a `Cargo.toml`.
pub(super) fn cargo(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Manifest, |root, found| {
        let mut holders = vec![root];
        holders.extend(table(root, &["workspace"]));
        holders.extend(
            table(root, &["target"])
                .into_iter()
                .flatten()
                .filter_map(|(_, target)| target.get_ref().as_table()),
        );
        for holder in holders {
            for place in ["dependencies", "dev-dependencies", "build-dependencies"] {
                mapped(table(holder, &[place]), Ecosystem::Crates, found);
            }
        }
        // What takes the place of crates of a registry.
        for (_, patched) in table(root, &["patch"]).into_iter().flatten() {
            mapped(patched.get_ref().as_table(), Ecosystem::Crates, found);
        }
    })
}

/// Reads the lock file of Poetry, uv or PDM.
pub(super) fn python_lock(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Lock, |root, found| {
        locked(root, Ecosystem::PyPi, found);
    })
}

/// Reads a `Cargo.lock`.
pub(super) fn cargo_lock(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Lock, |root, found| {
        locked(root, Ecosystem::Crates, found);
    })
}

fn locked(root: &DeTable<'_>, ecosystem: Ecosystem, found: &mut Dependencies) {
    for package in root.get("package").and_then(|list| list.get_ref().as_array()).into_iter().flatten() {
        let Some(fields) = package.get_ref().as_table() else { continue };
        let (Some(name), Some(version)) = (fields.get("name"), fields.get("version")) else { continue };
        let (Some(called), Some(exact)) = (name.get_ref().as_str(), version.get_ref().as_str()) else {
            continue;
        };
        let source = fields.get("source");
        let own = match (ecosystem, source.map(Spanned::get_ref)) {
            (Ecosystem::Crates, None) => true,
            (Ecosystem::PyPi, Some(source)) => source
                .as_table()
                .is_some_and(|source| source.contains_key("virtual") || source.contains_key("editable")),
            _ => false,
        };
        if own {
            continue;
        }
        // PDM names a repository beside the version: the commit it resolved to is `revision`.
        let repository = fields.get("git").filter(|address| address.get_ref().as_str().is_some());
        if let Some(address) = repository {
            if let Some(clear) = address::clear(address.get_ref().as_str().unwrap_or_default()) {
                let shown = bartizan_core::printable(clear.address, 100);
                let message = format_args!("the package is fetched from {shown} without TLS");
                found.issues.push(clear.source_issue(address.span(), message));
            }
            let commit = fields.get("revision").and_then(|commit| commit.get_ref().as_str());
            if !commit.is_some_and(address::is_commit) {
                let message = format!(
                    "`{}` comes from a repository without a commit",
                    bartizan_core::printable(called, 100)
                );
                found.issues.push(crate::Issue::new(
                    &crate::rules::UNPINNED_PACKAGE,
                    address.span(),
                    message,
                ));
            }
            continue;
        }
        let hashed = ["checksum", "files", "wheels", "sdist"].iter().any(|field| fields.contains_key(*field))
            || source.is_some() && ecosystem == Ecosystem::Crates;
        let span = version.span();
        found.dependencies.push(Dependency {
            ecosystem,
            name: ecosystem.normal(called),
            span,
            pin: Pin::Exact(exact.to_owned()),
            hashed: hashed || fields.len() < 3,
        });
    }
}

/// An array of requirements after PEP 508.
fn list(value: Option<&Value<'_>>, found: &mut Dependencies) {
    for item in value.and_then(|value| value.get_ref().as_array()).into_iter().flatten() {
        if let Some(written) = item.get_ref().as_str() {
            let span = item.span();
            found
                .dependencies
                .extend(requirement(written, span.start).map(|dependency| Dependency { span, ..dependency }));
        }
    }
}

/// A table of name and version, or name and table.
fn mapped(table: Option<&DeTable<'_>>, ecosystem: Ecosystem, found: &mut Dependencies) {
    for (name, value) in table.into_iter().flatten() {
        let written = name.get_ref();
        if ecosystem == Ecosystem::PyPi && written == "python" {
            continue;
        }
        let span = name.span().start..value.span().end.max(name.span().end);
        let renamed = value
            .get_ref()
            .as_table()
            .and_then(|fields| fields.get("package"))
            .and_then(|package| package.get_ref().as_str());
        let pin = asked(value, ecosystem);
        found.dependencies.push(Dependency {
            ecosystem,
            name: ecosystem.normal(renamed.unwrap_or(written)),
            span,
            pin,
            hashed: false,
        });
    }
}

fn asked(value: &Value<'_>, ecosystem: Ecosystem) -> Pin {
    let version = |written: &str| match written.trim() {
        "*" | "" | "latest" => Pin::None,
        exact if exact.starts_with("==") => pin(exact),
        exact if ecosystem == Ecosystem::Crates => exact
            .strip_prefix('=')
            .map_or_else(|| Pin::Range(exact.to_owned()), |exact| Pin::Exact(exact.trim().to_owned())),
        exact
            if exact.starts_with(|c: char| c.is_ascii_digit())
                && exact.matches('.').count() >= 1
                && !exact.contains(['*', ',', ' ']) =>
        {
            Pin::Exact(exact.to_owned())
        }
        range => Pin::Range(range.to_owned()),
    };
    match value.get_ref() {
        DeValue::String(written) => version(written),
        DeValue::Table(fields) => {
            let text = |name: &str| fields.get(name).and_then(|value| value.get_ref().as_str());
            if fields.contains_key("path") || fields.contains_key("workspace") {
                Pin::Local
            } else if fields.contains_key("git") {
                let fixed = ["rev", "ref"].iter().any(|name| {
                    text(name).is_some_and(|revision| {
                        address::is_commit(revision)
                            || revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit())
                    })
                });
                if fixed { Pin::Commit } else { Pin::Moving }
            } else if text("url").is_some() || text("file").is_some() {
                Pin::Address(false)
            } else {
                text("version").map_or(Pin::None, version)
            }
        }
        _ => Pin::Range(String::new()),
    }
}

/// A source of uv that takes a package from a repository.
fn moving(name: &str, source: &Value<'_>, found: &mut Dependencies) {
    if matches!(asked(source, Ecosystem::PyPi), Pin::Moving) {
        let span: Range<usize> = source.span();
        found.dependencies.push(Dependency {
            ecosystem: Ecosystem::PyPi,
            name: name.to_owned(),
            span,
            pin: Pin::Moving,
            hashed: false,
        });
    }
}

fn indexed(entry: &Value<'_>, found: &mut Dependencies) {
    let Some(address) = entry.get_ref().as_table().and_then(|fields| fields.get("url")) else { return };
    index("--index-url", address.get_ref().as_str().unwrap_or_default(), address.span(), found);
    if let Some(check) = entry.get_ref().as_table().and_then(|fields| fields.get("verify_ssl"))
        && check.get_ref().as_bool() == Some(false)
    {
        found.issues.push(crate::Issue::new(
            &crate::rules::TLS_DISABLED,
            check.span(),
            "certificates of the index are not checked",
        ));
    }
}

/// A source of Poetry that is asked only for what the public index does not have: whoever takes the name there comes first.
fn asked_after_public(source: &Value<'_>, found: &mut Dependencies) {
    let Some(fields) = source.get_ref().as_table() else { return };
    let address = fields.get("url").and_then(|url| url.get_ref().as_str()).unwrap_or_default();
    let supplemental = fields
        .get("priority")
        .filter(|priority| {
            matches!(priority.get_ref().as_str(), Some("supplemental" | "secondary" | "default"))
        })
        .filter(|priority| priority.get_ref().as_str() != Some("default"))
        .or_else(|| fields.get("secondary").filter(|second| second.get_ref().as_bool() == Some(true)));
    let Some(option) = supplemental else { return };
    let host = address::host(address);
    let maker = ["download.pytorch.org", "pypi.nvidia.com", "wheels.vllm.ai", "pypi.org"].contains(&host);
    let message = format!(
        "`{}` is asked only for what the public index does not have, so that whoever takes a name there is believed first",
        bartizan_core::printable(host, 80)
    );
    let severity =
        if maker { bartizan_core::Severity::Low } else { crate::rules::DEPENDENCY_CONFUSION.severity };
    found.issues.push(
        crate::Issue::new(&crate::rules::DEPENDENCY_CONFUSION, option.span(), message)
            .severity(severity)
            .remedy(
                "Give the source the priority `explicit`, and name it in each package that comes from there.",
            ),
    );
}

fn table<'a, 't>(root: &'a DeTable<'t>, place: &[&str]) -> Option<&'a DeTable<'t>> {
    place.iter().try_fold(root, |table, key| table.get(*key)?.get_ref().as_table())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, content: &str) -> Vec<(String, Pin)> {
        let text = Text::new(name, content);
        crate::dependencies::read(&text)
            .unwrap()
            .dependencies
            .into_iter()
            .map(|found| (found.name, found.pin))
            .collect()
    }

    #[test]
    fn each_project_file_gives_its_dependencies() {
        let exact = |version: &str| Pin::Exact(version.to_owned());
        let range = |range: &str| Pin::Range(range.to_owned());
        assert_eq!(
            names(
                "pyproject.toml",
                "[project]\ndependencies = [\"a>=1\"]\n[tool.poetry.dependencies]\npython = \"^3\"\nb = \"^1\"\nc = {git = \"https://x/y\", branch = \"main\"}\n"
            ),
            [("a".to_owned(), range(">=1")), ("b".to_owned(), range("^1")), ("c".to_owned(), Pin::Moving)]
        );
        assert_eq!(
            names("Cargo.toml", "[dependencies]\na = \"1\"\nb = { path = \"x\" }\nc = \"=1.2.3\"\n"),
            [("a".to_owned(), range("1")), ("b".to_owned(), Pin::Local), ("c".to_owned(), exact("1.2.3"))]
        );
        assert_eq!(
            names("Pipfile", "[packages]\na = \"*\"\nb = \"==1\"\n"),
            [("a".to_owned(), Pin::None), ("b".to_owned(), exact("1"))]
        );
        assert_eq!(
            names("poetry.lock", "[[package]]\nname = \"A_b\"\nversion = \"1.0\"\nfiles = []\n"),
            [("a-b".to_owned(), exact("1.0"))]
        );
        assert_eq!(
            names(
                "Cargo.lock",
                "[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"00\"\n"
            ),
            [("a".to_owned(), exact("1.0.0"))]
        );
    }

    #[test]
    fn a_source_that_comes_after_the_public_index_is_found() {
        let issues = |priority: &str| {
            let content = format!(
                "[[tool.poetry.source]]\nname = \"a\"\nurl = \"https://pypi.a.example/simple\"\npriority = \"{priority}\"\n"
            );
            crate::dependencies::read(&Text::new("pyproject.toml", &content)).unwrap().issues.len()
        };
        assert_eq!((issues("supplemental"), issues("explicit")), (1, 0));
    }

    #[test]
    fn repositories_of_pdm_and_channels_of_pixi_are_judged_by_how_they_are_reached() {
        let lock = |more: &str| {
            crate::testing::lines(
                "pdm.lock",
                &format!("[[package]]\nname = \"lib\"\nversion = \"0.1\"\n{more}\n"),
            )
        };
        let found = lock("git = \"http://git.acme.example/lib.git\"\nref = \"main\"");
        assert!(
            found.contains(&(4, "insecure-transport")) && found.contains(&(4, "unpinned-package")),
            "{found:?}"
        );
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        assert_eq!(lock(&format!("git = \"https://git.acme.example/lib.git\"\nrevision = \"{commit}\"")), []);
        let pixi = |channel: &str| {
            crate::testing::lines(
                "pixi.toml",
                &format!("[project]\nname = \"x\"\nchannels = [\"{channel}\"]\n"),
            )
        };
        assert_eq!(pixi("http://conda.acme.example"), [(3, "insecure-transport")]);
        assert_eq!(pixi("conda-forge"), []);
    }

    #[test]
    fn what_does_not_parse_is_said() {
        let found = crate::dependencies::read(&Text::new("Cargo.toml", "[dependencies\n")).unwrap();
        assert_eq!(found.stops.len(), 1);
    }
}
