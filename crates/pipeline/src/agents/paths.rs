//! Paths that are meant to stay inside a folder, are put together from what a function was given, and are not checked.

use super::patterns::compile;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Where `folded`, a script in lower case, puts a parameter behind an absolute folder and opens it, without a check anywhere.
pub(crate) fn unchecked(folded: &str) -> Vec<Range<usize>> {
    if !folded.contains("open(") || CHECKS.iter().any(|check| folded.contains(check)) {
        return Vec::new();
    }
    let Some(built) = BUILT.as_ref() else { return Vec::new() };
    let absolute = folded.contains("= \"/") || folded.contains("= '/");
    built
        .find_iter(folded.as_bytes())
        .map(|found| found.range())
        .filter(|span| {
            let seen = folded.get(span.clone()).unwrap_or_default();
            let literal = seen.contains("\"/") || seen.contains("'/");
            literal || seen.starts_with("os.path.join(") && absolute
        })
        .collect()
}

/// A path joined of a folder and a name, or an absolute one with a name in it.
static BUILT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"os\.path\.join\(\s*(?:['"]/[^'"\n]*['"]|[a-z_]*(?:base|root|dir|folder|docs)[a-z_]*)\s*,\s*[a-z_]*(?:name|path|file|input)[a-z_]*\s*\)|f['"]/[^'"\n{]{2,60}/\{[a-z_]*(?:name|path|file|input)[a-z_]*\}"#,
    )
});

/// Words by which a script keeps a path inside its folder.
static CHECKS: [&str; 10] = [
    "realpath",
    ".resolve(",
    "abspath",
    "commonpath",
    "commonprefix",
    "is_relative_to",
    "basename",
    "secure_filename",
    "\"..\"",
    "'..'",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_behind_an_absolute_folder_is_found_and_a_checked_one_is_not() {
        let code = "base = \"/srv/docs\"\np = os.path.join(base, filename)\nopen(p)\n";
        assert_eq!(unchecked(code).len(), 1);
        assert!(unchecked(&format!("{code}os.path.realpath(p)\n")).is_empty());
        assert!(unchecked("p = os.path.join(out_dir, name)\nopen(p, 'w')").is_empty());
    }
}
