//! Oddities of a stream's own structure: frames, memo, marks, floods, values left over.

use super::Judge;
use crate::pickle::rules::{
    BROKEN_STREAM, EXPANSION, EXTENSION_REGISTRY, FRAME_DESYNC, HIDDEN_CALL, PERSISTENT_ID,
};
use bartizan_core::{Confidence, Finding, Severity};

impl Judge {
    /// A name that cannot be read off the stream is imported.
    pub(in crate::pickle) fn hidden_name(&mut self, shown: &str, place: u64) {
        self.report_some("import of a hidden name", || {
            Finding::new(
                &HIDDEN_CALL,
                format!("Loading imports a name that calls or buried values give: `{shown}`."),
            )
            .at(place)
            .evidence(shown)
        });
    }

    /// A persistent id of an unknown kind.
    pub(in crate::pickle) fn persistent(&mut self, place: u64) {
        self.report_some("persistent id", || {
            Finding::new(&PERSISTENT_ID, "A persistent id that only the loading application can resolve.")
                .at(place)
        });
    }

    /// An extension code.
    pub(in crate::pickle) fn extension(&mut self, code: i64, place: u64) {
        self.report_some("extension code", || {
            Finding::new(
                &EXTENSION_REGISTRY,
                format!("Loading takes number {code} from the extension registry; the file does not show what it is."),
            )
            .at(place)
        });
    }

    /// A frame that the two loaders read differently.
    pub(in crate::pickle) fn frame(&mut self, place: u64, what: &str) {
        self.report_some("frame", || {
            Finding::new(&FRAME_DESYNC, format!("Frames do not fit: {what}.")).at(place)
        });
    }

    /// PROTO where no serialiser writes it.
    pub(in crate::pickle) fn misplaced_protocol(&mut self, place: u64) {
        self.report_some("protocol", || {
            Finding::new(&FRAME_DESYNC, "PROTO stands in the middle of the stream.")
                .severity(Severity::Low)
                .at(place)
        });
    }

    /// DUP, which no serialiser writes, again and again.
    pub(in crate::pickle) fn duplicates(&mut self, place: u64) {
        self.report(
            Finding::new(&EXPANSION, "DUP copies values many times over, which no serialiser does.")
                .severity(Severity::Low)
                .at(place),
        );
    }

    /// A container that holds itself.
    pub(in crate::pickle) fn cycle(&mut self, place: u64) {
        self.report_some("cycle", || {
            Finding::new(&EXPANSION, "A container is put into itself; walking it never ends.")
                .severity(Severity::Low)
                .confidence(Confidence::Low)
                .at(place)
        });
    }

    /// Values left behind when the stream stops.
    pub(in crate::pickle) fn left_over(&mut self, values: usize, place: u64) {
        self.report_some("left over", || {
            Finding::new(
                &BROKEN_STREAM,
                format!(
                    "The stream stops with {values} values or marks left over, which no serialiser does."
                ),
            )
            .severity(Severity::Low)
            .at(place)
        });
    }

    /// A memo slot far beyond those in use.
    pub(in crate::pickle) fn sparse_memo(&mut self, slot: u64, place: u64) {
        self.report_some("memo slot", || {
            Finding::new(
                &EXPANSION,
                format!(
                    "Memo slot {slot} is written although few are in use; the loader allocates all below it."
                ),
            )
            .at(place)
        });
    }

    /// An integer whose decoding takes minutes.
    pub(in crate::pickle) fn absurd_integer(&mut self, length: u64, place: u64) {
        self.report_some("integer", || {
            Finding::new(&EXPANSION, format!("An integer of {length} bytes, which only serves to exhaust."))
                .at(place)
        });
    }

    /// A container that stands for too many values.
    pub(in crate::pickle) fn expansion(&mut self, values: u64, place: u64) {
        self.report_some("expansion", || {
            Finding::new(&EXPANSION, format!("Shared containers stand for {values} values.")).at(place)
        });
    }

    /// More of `what` than any model has; names may have been lost to it.
    pub(in crate::pickle) fn flood(&mut self, place: u64, what: &str) {
        self.report_some("flood", || {
            Finding::new(
                &EXPANSION,
                format!("The stream keeps more {what} than any model has, as if to exhaust a scanner."),
            )
            .severity(Severity::High)
            .at(place)
        });
    }

    /// A joblib array whose size the stream does not tell.
    pub(in crate::pickle) fn unknown_array_block(&mut self, place: u64) {
        self.report_some("array block", || {
            Finding::new(
                &BROKEN_STREAM,
                "An array follows whose type or shape cannot be read off the stream.",
            )
            .at(place)
        });
    }
}
