//! Marshalled Python code objects of any CPython version, disassembled without an interpreter.

use crate::Scan;
use bartizan_core::Location;

/// Inspects `bytes` as one marshalled object (what `marshal.loads` would take, without a `.pyc` header) found at
/// `place`, and reports what its code would do. Gives `false` when the bytes are not a marshalled code object.
pub fn inspect(_bytes: &[u8], _place: &Location, _scan: &mut Scan<'_>) -> bool {
    false
}
