//! What the abstract machine keeps of the objects a pickle builds: [`Value`], 16 bytes each, and the [`Node`]s of
//! the [`Store`](super::store::Store) that they name.

/// One object on the symbolic stack, in the memo, or in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// Data that can neither be called nor name anything: floats, huge integers, results nobody can know.
    Plain,
    /// Nothing: a memo slot never written.
    Absent,
    /// So many plain values in a row, collapsed because the stack grew too deep.
    Run(u64),
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// An integer as little-endian two's complement in the stream.
    Long { length: u32, at: u64 },
    /// Text as UTF-8 in the stream.
    Text { length: u32, at: u64 },
    /// Bytes in the stream.
    Bytes { length: u32, at: u64 },
    /// Text or bytes that are not in the stream as such: decoded or folded. Index into the store's texts.
    Folded(u32),
    /// A module attribute, or a module itself. Index into the store's globals.
    Global(u32),
    /// A container, or the result of a call. Index into the store's nodes.
    Node(u32),
    /// What memo slot so held, which was not kept. Its value comes back in another pass if it matters.
    Lost(u64),
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A list; its items are the node's.
    List,
    /// A tuple.
    Tuple,
    /// A dictionary; items alternate between key and value.
    Dict,
    /// A set or frozen set.
    Set,
    /// The result of a call: callee, arguments tuple or value, then the states given by BUILD.
    Call,
    /// An attribute of an object that is no module: the object, the name.
    Attribute,
    /// `functools.partial`: the function, the arguments tuple.
    Partial,
    /// `operator.attrgetter`, `itemgetter` or `methodcaller`: the kind's global, the arguments tuple.
    Getter,
    /// A persistent id: the id.
    Persistent,
}

/// A container or call. Its items lie in extents of the store's item array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// What it is.
    pub(super) kind: Kind,
    /// Whether something that can do harm, or a folded name, is reachable from it.
    pub(super) keep: bool,
    /// Items it has, also those no longer held.
    pub(super) count: u64,
    /// How many values it stands for when every shared one is counted each time it is reached.
    pub(super) expanded: u64,
    /// First extent inline.
    pub(super) first: Extent,
    /// Last extent, [`Extent::NONE`] when the first is the only one.
    pub(super) last: u32,
}

impl Node {
    /// Whether it is a container that the stream built itself.
    pub(super) fn is_container(&self) -> bool {
        matches!(self.kind, Kind::List | Kind::Dict | Kind::Set | Kind::Tuple)
    }
}

/// A run of items of one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Index of the first item.
    pub(super) start: u32,
    /// How many.
    pub(super) length: u32,
    /// The next extent, or [`Extent::NONE`].
    pub(super) next: u32,
}

impl Extent {
    /// No extent.
    pub(super) const NONE: u32 = u32::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_sixteen_bytes() {
        assert_eq!(size_of::<Value>(), 16);
    }
}
