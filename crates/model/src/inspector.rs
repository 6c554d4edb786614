//! What a sweep asks about each file: [`ModelInspector`] scans it with the files beside it in reach.

use crate::{FolderSiblings, Input, NoSiblings, scan_without};
use bartizan_core::report::is_own_report;
use bartizan_core::sweep::{File, Inspection, Inspector};
use bartizan_core::{Clock, Kind, Limits};

/// Looks into model files, within limits.
#[derive(Debug, Clone, Copy)]
pub struct ModelInspector<'a> {
    /// Bounds for each file.
    pub limits: &'a Limits,
    /// Ids of rules of which nothing is reported.
    pub left_out: &'static [&'static str],
}

impl Inspector for ModelInspector<'_> {
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        if is_own_report(bytes) {
            return Inspection {
                format: Some("bartizan-report"),
                kind: Kind::Other,
                findings: Vec::new(),
                gaps: Vec::new(),
                names: Vec::new(),
                credentials: Vec::new(),
            };
        }
        let folder = file.place.map(|(path, root)| FolderSiblings::new(path, root));
        let siblings: &dyn crate::Siblings = match &folder {
            Some(folder) => folder,
            None => &NoSiblings,
        };
        let input = Input { bytes, name: file.uri, siblings };
        let outcome = scan_without(self.left_out, &input, self.limits, clock);
        Inspection {
            format: outcome.format,
            kind: outcome.kind,
            findings: outcome.findings,
            gaps: outcome.gaps,
            names: outcome.names,
            credentials: Vec::new(),
        }
    }
}
