//! What a sweep asks about each file: [`PipelineInspector`] examines it when it is a text.

use crate::{Place, Surroundings, Text, examine, registry};
use bartizan_core::report::is_own_report;
use bartizan_core::sweep::{File, Inspection, Inspector};
use bartizan_core::{Clock, Gap, Kind, Limits};
use std::collections::BTreeSet;

/// Looks into code, pipelines, manifests and what agents are given, within limits.
#[derive(Debug, Clone, Copy)]
pub struct PipelineInspector<'a> {
    /// Bounds for each file.
    pub limits: &'a Limits,
    /// What is remembered of folders, for one sweep.
    pub around: &'a Surroundings,
}

impl PipelineInspector<'_> {
    /// Longest text examined, in bytes: what people and their tools write by hand or as a notebook is shorter.
    const TEXT_BYTES: usize = 64 << 20;

    /// A gap when a reader would have read the text that begins with `head`.
    fn too_long(&self, file: &File<'_>, head: &str) -> Inspection {
        let text = Text::new(file.uri, head).at(file.place).among(self.around);
        let Some(reader) = registry::READERS.iter().find(|reader| reader.recognises(&text)) else {
            return nothing();
        };
        let reason = format!("longer than {} MiB, not examined as {}", Self::TEXT_BYTES >> 20, reader.id());
        let gap = Gap { member: None, offset: Some(Self::TEXT_BYTES as u64), reason };
        Inspection { format: Some(reader.id()), kind: reader.kind(), gaps: vec![gap], ..nothing() }
    }
}

impl PipelineInspector<'_> {
    /// Inspects `bytes`, and says which calls were judged by their arguments.
    pub fn inspect_judging(
        &self,
        file: &File<'_>,
        bytes: &[u8],
        clock: &dyn Clock,
    ) -> (Inspection, BTreeSet<Place>) {
        if memchr::memchr(0, bytes).is_some() || is_own_report(bytes) {
            return (nothing(), BTreeSet::new());
        }
        if let Some(head) = bytes.get(..Self::TEXT_BYTES).filter(|head| head.len() < bytes.len()) {
            return (self.too_long(file, &String::from_utf8_lossy(head)), BTreeSet::new());
        }
        // A text in another encoding is still read by whoever runs it; what is not UTF-8 stands as replacement characters.
        let content = String::from_utf8_lossy(bytes);
        let outcome =
            examine(&Text::new(file.uri, &content).at(file.place).among(self.around), self.limits, clock);
        let inspection = Inspection {
            format: outcome.format,
            kind: outcome.kind,
            findings: outcome.findings,
            gaps: outcome.gaps,
            names: Vec::new(),
        };
        (inspection, outcome.judged)
    }
}

impl Inspector for PipelineInspector<'_> {
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        self.inspect_judging(file, bytes, clock).0
    }
}

fn nothing() -> Inspection {
    Inspection { format: None, kind: Kind::Other, findings: Vec::new(), gaps: Vec::new(), names: Vec::new() }
}
