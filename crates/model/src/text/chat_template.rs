//! Jinja chat templates: sandbox escapes and conditional text injection.

use crate::Scan;
use bartizan_core::Location;

/// Inspects the source of one Jinja template found at `place` (a pointer or offset inside the current input).
pub fn inspect(_template: &str, _place: &Location, _scan: &mut Scan<'_>) {}
