//! The labelled corpus that `BARTIZAN_CORPUS` names: `models/manifest.tsv` and the files it lists.

use std::path::{Path, PathBuf};

/// One labelled file.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Path from the corpus's `models` folder.
    pub(crate) path: String,
    /// `malicious`, `suspicious` or `benign`.
    pub(crate) label: String,
    /// The kind of attack or format.
    pub(crate) technique: String,
}

/// The folder and its rows in manifest order.
///
/// # Errors
/// When `BARTIZAN_CORPUS` is unset or the manifest cannot be read.
pub(crate) fn read() -> Result<(PathBuf, Vec<Row>), String> {
    let folder = std::env::var_os("BARTIZAN_CORPUS")
        .ok_or("BARTIZAN_CORPUS names no folder: this bench needs the labelled corpus")?;
    let models = Path::new(&folder).join("models");
    let manifest = models.join("manifest.tsv");
    let text =
        std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|&field| field == name)
            .ok_or(format!("{}: no column `{name}`", manifest.display()))
    };
    let (path, label, technique) = (column("path")?, column("label")?, column("technique")?);
    let rows = lines.filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |index: usize| fields.get(index).map(|&text| text.to_owned());
        Some(Row { path: field(path)?, label: field(label)?, technique: field(technique)? })
    });
    Ok((models, rows.collect()))
}
