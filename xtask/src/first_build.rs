//! What a newcomer compiles before the first scan: watched, so that it stays within their five minutes (docs/decisions/0008).

use crate::process::output;
use std::collections::BTreeSet;
use std::path::Path;

/// Most crates that the program may be built from with its default features. There were 292 when a first build took less
/// than five minutes on two cores; raise it only together with a new measurement in docs/decisions/0008.
const MOST_CRATES: usize = 296;

/// Crates that take a minute or more of processor time: they belong behind a feature or into another program.
const HEAVY: &[&str] = &["arrow", "datafusion", "hyper", "jsonschema", "object_store", "tokio-rustls"];

/// Counts what the default build compiles.
///
/// # Errors
/// When it has grown, or has got one of the heavy crates.
pub(crate) fn stays_small() -> Result<(), String> {
    let arguments = [
        "tree",
        "--locked",
        "--package",
        "bartizan",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let (status, tree) = output(Path::new("cargo"), &arguments)?;
    if status != Some(0) {
        return Err(format!("`cargo {}` ended with {status:?}", arguments.join(" ")));
    }
    let crates: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, first_word(rest)))
        .collect();
    let heavy: Vec<&str> = crates.iter().map(|&(name, _)| name).filter(|name| HEAVY.contains(name)).collect();
    if !heavy.is_empty() {
        return Err(format!("the default build compiles {}; put it behind a feature", heavy.join(", ")));
    }
    if crates.len() > MOST_CRATES {
        return Err(format!(
            "the default build has {} crates, more than {MOST_CRATES}; see docs/decisions/0008-release-profile.md",
            crates.len()
        ));
    }
    Ok(())
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}
