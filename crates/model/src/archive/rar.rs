//! Archive formats that are recognised but not read: RAR, cabinet. Their content stays unseen, which is said.
//!
//! Sources: RAR 5.0 archive format (rarlab), Microsoft Cabinet Format §2.

use super::zip::UNREADABLE;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule};

/// A recognised archive format without a reader.
pub struct Unread {
    id: &'static str,
    name: &'static str,
    extensions: &'static [&'static str],
    magic: &'static [u8],
}

/// RAR, versions 1.5 to 5.
pub static RAR: Unread =
    Unread { id: "rar", name: "RAR archive", extensions: &["rar", "cbr"], magic: b"Rar!\x1a\x07" };

/// Microsoft cabinet.
pub static CABINET: Unread =
    Unread { id: "cab", name: "cabinet archive", extensions: &["cab"], magic: b"MSCF\0\0\0\0" };

impl Format for Unread {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&UNREADABLE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(self.magic) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, _input: &Input<'_>, scan: &mut Scan<'_>) {
        let name = self.name;
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
    fn rar_is_never_clean() {
        let scan = |bytes: &[u8]| {
            crate::scan(&Input::new("m.rar", bytes), &Limits::default(), &MonotonicClock::start())
        };
        let outcome = scan(b"Rar!\x1a\x07\x01\x00rest");
        assert_eq!(outcome.format, Some("rar"));
        assert_eq!((outcome.findings.len(), outcome.gaps.len()), (1, 1));
        assert_ne!(scan(b"Rar? no").format, Some("rar"));
    }
}
