//! The raw arrays that joblib writes into a pickle stream behind their wrapper objects.
//!
//! Source: joblib `numpy_pickle.py`, `NumpyArrayWrapper.read_array` (1.5): after BUILD gives the wrapper its state,
//! the loader reads one padding byte and that many bytes (if `numpy_array_alignment_bytes` is set), then
//! `count * itemsize` bytes; arrays of objects are a pickle of their own instead.

use super::machine::Machine;
use super::value::{Kind, Value};

/// The block behind a wrapper.
pub(super) struct Block {
    /// Size of the array without padding; `None` for an array of objects.
    pub(super) bytes: Option<u64>,
    /// Whether a padding byte comes first.
    pub(super) is_padded: bool,
}

/// Whether objects of this class have an array behind them.
pub(super) fn is_wrapper_class(module: &str, name: &str) -> bool {
    name == "NumpyArrayWrapper" && module.ends_with("numpy_pickle")
}

/// Whether `target` is an object of the wrapper class.
pub(super) fn is_wrapper(machine: &Machine<'_>, target: Value) -> bool {
    let Some(node) = machine.store.get(target).filter(|node| node.kind == Kind::Call) else { return false };
    let class = machine.store.first(node).and_then(|class| machine.store.global_of(class));
    class.is_some_and(|class| class.wraps_arrays)
}

/// The block that the wrapper's `state` describes; `None` when its shape or type cannot be known.
pub(super) fn describe(machine: &mut Machine<'_>, _target: Value, state: Value) -> Option<Block> {
    let (items, _) = machine.store.contents(state)?;
    let field = |machine: &Machine<'_>, wanted: &str| {
        items.chunks_exact(2).find_map(|pair| match *pair {
            [key, value] => (machine.store.text(key)? == wanted).then_some(value),
            _ => None,
        })
    };
    let dtype = field(machine, "dtype")?;
    let shape = field(machine, "shape")?;
    let is_padded = matches!(field(machine, "numpy_array_alignment_bytes"), Some(Value::Int(_)));
    for value in [dtype, shape] {
        if let Value::Lost(slot) = value {
            machine.want(slot);
        }
    }
    let ItemSize::Bytes(item_size) = item_size(machine, dtype)? else {
        return Some(Block { bytes: None, is_padded });
    };
    let (dimensions, complete) = machine.store.contents(shape)?;
    if !complete {
        return None;
    }
    let mut count = 1u64;
    for dimension in dimensions {
        let Value::Int(dimension) = dimension else { return None };
        count = count.saturating_mul(u64::try_from(dimension).ok()?);
    }
    Some(Block { bytes: Some(count.saturating_mul(item_size)), is_padded })
}

/// What one item of an array takes.
enum ItemSize {
    Bytes(u64),
    /// It is, or holds, a Python object.
    Object,
}

/// What one item of the `numpy.dtype` object `dtype` takes.
fn item_size(machine: &Machine<'_>, dtype: Value) -> Option<ItemSize> {
    let (parts, _) = machine.store.contents(dtype)?;
    let (arguments, _) = machine.store.contents(*parts.get(1)?)?;
    let code = machine.store.text(*arguments.first()?)?;
    // State: (version, byte order, subtype, names, fields, item size, alignment, flags).
    let state = parts.get(2).and_then(|&state| machine.store.contents(state)).map(|(state, _)| state);
    let number = |index: usize| match state.as_deref().and_then(|state| state.get(index)) {
        Some(&Value::Int(number)) => Some(number),
        _ => None,
    };
    // Flag 1 is NPY_ITEM_REFCOUNT: the items are, or hold, Python objects.
    if code.starts_with('O') || code.starts_with("|O") || number(7).is_some_and(|flags| flags & 1 != 0) {
        return Some(ItemSize::Object);
    }
    if let Some(size) = number(5).and_then(|size| u64::try_from(size).ok()).filter(|&size| size > 0) {
        return Some(ItemSize::Bytes(size));
    }
    let code = code.trim_start_matches(['<', '>', '|', '=']);
    let digits: String = code.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let size: u64 = if digits.is_empty() {
        match code.chars().next()? {
            'b' | 'B' | '?' => 1,
            'h' | 'H' | 'e' => 2,
            'i' | 'I' | 'f' => 4,
            'l' | 'L' | 'q' | 'Q' | 'd' | 'F' | 'M' | 'm' => 8,
            'g' | 'D' => 16,
            'G' => 32,
            _ => return None,
        }
    } else {
        digits.parse().ok()?
    };
    Some(ItemSize::Bytes(if code.starts_with('U') { size.saturating_mul(4) } else { size }))
}
