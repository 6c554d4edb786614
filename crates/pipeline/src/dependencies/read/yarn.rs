//! `yarn.lock`, of the first version (a format of its own) and later ones (YAML).

use crate::Text;
use crate::dependencies::{Dependencies, Dependency, Ecosystem, Pin, Purpose};

/// Reads a `yarn.lock` line by line: both versions put `version` under the names it resolves.
pub(super) fn lock(text: &Text<'_>) -> Dependencies {
    let mut found = Dependencies::new(Purpose::Lock);
    let mut name: Option<String> = None;
    let mut at = 0_usize;
    for raw in text.content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(raw.len());
        let line = raw.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with([' ', '\t']) {
            name = heading(line);
            continue;
        }
        let trimmed = line.trim_start();
        let version = trimmed.strip_prefix("version ").or_else(|| trimmed.strip_prefix("version: "));
        if let (Some(version), Some(name)) = (version, &name) {
            let begin = start.saturating_add(line.len().saturating_sub(trimmed.len()));
            let span = begin..start.saturating_add(line.len());
            let pin = Pin::Exact(version.trim_matches('"').to_owned());
            found.dependencies.push(Dependency {
                ecosystem: Ecosystem::Npm,
                name: name.clone(),
                span,
                pin,
                hashed: false,
            });
        }
        if (trimmed.starts_with("integrity") || trimmed.starts_with("checksum"))
            && let Some(last) = found.dependencies.last_mut()
        {
            last.hashed = true;
        }
    }
    found
}

/// The package that a heading such as `"@s/a@^1", a@npm:^2:` resolves; none for what lies beside.
fn heading(line: &str) -> Option<String> {
    let first = line.trim_end_matches(':').split(',').next()?.trim().trim_matches('"');
    let split = first.get(1..)?.find('@')?.saturating_add(1);
    let range = first.get(split.saturating_add(1)..)?;
    let local =
        ["workspace:", "file:", "link:", "portal:", "patch:"].iter().any(|start| range.starts_with(start));
    (!local).then(|| first.get(..split).map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let names = |content: &str| -> Vec<(String, Pin, bool)> {
            lock(&Text::new("yarn.lock", content))
                .dependencies
                .into_iter()
                .map(|found| (found.name, found.pin, found.hashed))
                .collect()
        };
        let exact = |version: &str| Pin::Exact(version.to_owned());
        assert_eq!(
            names("\"@s/a@^1\", \"@s/a@^1.2\":\n  version \"1.2.0\"\n  integrity sha512-x\n"),
            [("@s/a".to_owned(), exact("1.2.0"), true)]
        );
        assert_eq!(
            names("\"a@npm:^2\":\n  version: 2.0.1\n\"own@workspace:.\":\n  version: 0.0.0\n"),
            [("a".to_owned(), exact("2.0.1"), false)]
        );
    }
}
