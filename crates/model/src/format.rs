//! What a format parser is to the engine.

use crate::{Input, Scan};
use bartizan_core::{Kind, Rule};

/// One file format: how to recognise it, and how to read it. One file each, one line in [`crate::registry`].
pub trait Format: Sync {
    /// Stable id used in reports, for example `safetensors`.
    fn id(&self) -> &'static str;

    /// What a person calls it, for example `safetensors weights`.
    fn name(&self) -> &'static str;

    /// What sort of artifact it is.
    fn kind(&self) -> Kind;

    /// Extensions that rightly carry this content, lower case, without the dot.
    ///
    /// Recognition goes by content; a file whose extension other formats claim and this one does not is a finding.
    fn extensions(&self) -> &'static [&'static str];

    /// Every rule its scan may report.
    fn rules(&self) -> &'static [&'static Rule];

    /// Whether `input` is of this format. Must be cheap: look at a bounded number of bytes at the head or tail.
    fn recognise(&self, input: &Input<'_>) -> Recognition;

    /// Reads `input` to its end, reporting findings and gaps to `scan`. Total: any bytes give a result.
    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>);
}

/// How sure a format is that content belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognition {
    /// Not this format.
    No,
    /// Could be, but only if no other format is certain (formats without a magic number).
    Weak,
    /// Carries this format's magic or an unmistakable structure. Every certain format reads the input (polyglots).
    Certain,
}
