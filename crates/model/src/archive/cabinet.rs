//! Cabinet archives: recognised, not read. Their content stays unseen, which is said.
//!
//! Source: Microsoft Cabinet Format §2.

use super::zip::UNREADABLE;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule};

/// Microsoft cabinets.
pub struct Cabinet;

/// Microsoft cabinets.
pub static CABINET: Cabinet = Cabinet;

/// Signature and the reserved field behind it.
const MAGIC: &[u8] = b"MSCF\0\0\0\0";

impl Format for Cabinet {
    fn id(&self) -> &'static str {
        "cab"
    }

    fn name(&self) -> &'static str {
        "cabinet archive"
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["cab"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&UNREADABLE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(MAGIC) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, _input: &Input<'_>, scan: &mut Scan<'_>) {
        let name = self.name();
        scan.gap(0, format!("a {name} is not read; unpack it in an isolated place and scan the files"));
        scan.report(
            Finding::new(
                &UNREADABLE,
                format!("a {name}: its content was not seen, and no model loader opens one"),
            )
            .at(0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn a_cabinet_is_never_clean() {
        let scan = |bytes: &[u8]| {
            crate::scan(&Input::new("m.cab", bytes), &Limits::default(), &MonotonicClock::start())
        };
        let outcome = scan(b"MSCF\0\0\0\0rest");
        assert_eq!(outcome.format, Some("cab"));
        assert_eq!((outcome.findings.len(), outcome.gaps.len()), (1, 1));
        assert_ne!(scan(b"MSCF? no").format, Some("cab"));
    }
}
