//! The arena behind the machine's values: containers, calls, folded texts and globals, all bounded.
//!
//! Containers live in two flat arrays that are compacted when full (Cheney's copying collection, Comm. ACM 13(11),
//! 1970): what the stack reaches stays, and of what only the memo reaches, that which could do harm. Amortised cost
//! is constant per container, memory constant in the length of the stream.

mod compaction;

use super::knowledge::{Constructor, Standing};
use super::value::{Extent, Kind, Node, Value};
pub(super) use crate::python::strings::Folded;
use bartizan_core::Severity;
use std::borrow::Cow;
use std::collections::HashMap;

/// Everything values refer to.
pub(super) struct Store<'a> {
    /// The stream.
    pub(super) bytes: &'a [u8],
    nodes: Vec<Node>,
    items: Vec<Value>,
    extents: Vec<Extent>,
    /// Texts, and whether calls in the stream put them together.
    texts: Vec<(Folded, bool)>,
    texts_bytes: usize,
    globals: Vec<Global>,
    by_name: HashMap<(String, String), u32>,
    /// How many items of one container are held; falls when the live data outgrow the arena.
    held: u64,
    /// `()`, of which Python has one and a stream of objects millions.
    empty_tuple: Option<u32>,
    /// Whether joblib's wrapper class was imported.
    pub(super) has_wrappers: bool,
    /// The other half of the arena, kept between compactions.
    spare: Spare,
    /// Whether values that could matter had to be dropped.
    pub(super) overflowed: bool,
}

/// Buffers that a compaction fills.
#[derive(Default)]
struct Spare {
    nodes: Vec<Node>,
    items: Vec<Value>,
    forward: Vec<u32>,
}

/// A name the stream imports.
#[derive(Debug, Clone)]
pub(super) struct Global {
    /// Module, Python 3 spelling.
    pub(super) module: String,
    /// Dotted path inside the module; empty for the module itself.
    pub(super) name: String,
    /// Offset of the first opcode that gave it.
    pub(super) at: u64,
    /// How its name was put together, empty when an opcode spells it out.
    pub(super) assembled: String,
    /// What is known of it.
    pub(super) standing: Standing,
    /// What calling it does, when it is a class that is safe but for its constructor.
    pub(super) constructor: Option<Constructor>,
    /// Whether it is a harmless function that calls what it is given.
    pub(super) is_trampoline: bool,
    /// Times it was called.
    pub(super) calls: u64,
    /// Times a call of it, or its being handed to another, was judged.
    pub(super) judged: u32,
    /// Findings on it so far, also those not shown.
    pub(super) shown: u32,
    /// The worst of those findings.
    pub(super) worst: Option<Severity>,
    /// Whether calls of it are folded.
    pub(super) folds: bool,
    /// Whether it is joblib's wrapper class, behind whose objects arrays lie.
    pub(super) wraps_arrays: bool,
}

impl Global {
    /// `module.name`, as Python source would spell it.
    pub(super) fn path(&self) -> String {
        if self.name.is_empty() { self.module.clone() } else { format!("{}.{}", self.module, self.name) }
    }
}

impl<'a> Store<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            nodes: Vec::new(),
            items: Vec::new(),
            extents: Vec::new(),
            texts: Vec::new(),
            texts_bytes: 0,
            globals: Vec::new(),
            by_name: HashMap::new(),
            held: Self::HELD,
            empty_tuple: None,
            has_wrappers: false,
            spare: Spare::default(),
            overflowed: false,
        }
    }

    /// Whether the arena should be compacted before the next container.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= Self::NODES
            || self.items.len() >= Self::ITEMS
            || self.extents.len() >= Self::EXTENTS
    }

    /// A node of `kind` holding `items`.
    #[inline]
    pub(super) fn node(&mut self, kind: Kind, items: &[Value]) -> Value {
        let index = self.nodes.len() as u32;
        let mut node = Node {
            kind,
            keep: matches!(kind, Kind::Attribute | Kind::Partial | Kind::Getter),
            count: 0,
            expanded: 1,
            first: Extent { start: self.items.len() as u32, length: 0, next: Extent::NONE },
            last: Extent::NONE,
        };
        if !items.is_empty() {
            self.take_in(&mut node, index, items);
        }
        self.nodes.push(node);
        Value::Node(index)
    }

    /// The empty tuple. What would add to it makes the loader fail, so sharing one is safe.
    #[inline]
    pub(super) fn empty_tuple(&mut self) -> Value {
        if let Some(index) = self.empty_tuple {
            return Value::Node(index);
        }
        self.empty_tuple = Some(self.nodes.len() as u32);
        self.node(Kind::Tuple, &[])
    }

    /// Adds `items` to the container `index`; gives whether it is itself among them.
    pub(super) fn extend(&mut self, index: u32, items: &[Value]) -> bool {
        if self.empty_tuple == Some(index) {
            return false;
        }
        let Some(&(mut node)) = self.nodes.get(index as usize) else { return false };
        let holds_itself = self.take_in(&mut node, index, items);
        if let Some(slot) = self.nodes.get_mut(index as usize) {
            *slot = node;
        }
        holds_itself
    }

    /// Puts `items` behind those that `node`, number `index`, has; gives whether it is itself among them.
    #[inline]
    fn take_in(&mut self, node: &mut Node, index: u32, items: &[Value]) -> bool {
        let mut holds_itself = false;
        let start = self.items.len();
        let room = usize::try_from(self.held.saturating_sub(node.count)).unwrap_or(usize::MAX);
        let held = items.get(..room).unwrap_or(items);
        self.items.extend_from_slice(held);
        let (mut count, mut expanded) = (items.len() as u64, items.len() as u64);
        for (place, &item) in items.iter().enumerate() {
            let is_harmful = match item {
                Value::Run(length) => {
                    count = count.saturating_add(length).saturating_sub(1);
                    expanded = expanded.saturating_add(length).saturating_sub(1);
                    false
                }
                Value::Node(inner) => {
                    holds_itself |= inner == index;
                    self.nodes.get(inner as usize).is_some_and(|inner| {
                        expanded = expanded.saturating_add(inner.expanded).saturating_sub(1);
                        inner.keep
                    })
                }
                Value::Global(global) => self.globals.get(global as usize).is_some_and(|global| {
                    matches!(global.standing, Standing::Gadget { .. }) || !global.assembled.is_empty()
                }),
                _ => false,
            };
            if is_harmful {
                node.keep = true;
                // Past the cap only what could do harm is held.
                if place >= room {
                    self.items.push(item);
                }
            }
        }
        node.count = node.count.saturating_add(count);
        node.expanded = node.expanded.saturating_add(expanded);
        let added = self.items.len().saturating_sub(start);
        if added > 0 {
            self.attach(node, start as u32, added as u32);
        }
        holds_itself
    }

    /// Appends the extent of `length` items at `start` to `node`, growing its last one when they touch.
    fn attach(&mut self, node: &mut Node, start: u32, length: u32) {
        let grow = |extent: &mut Extent| {
            let touches = extent.length == 0 || extent.start.saturating_add(extent.length) == start;
            if touches {
                if extent.length == 0 {
                    extent.start = start;
                }
                extent.length = extent.length.saturating_add(length);
            }
            touches
        };
        let next = self.extents.len() as u32;
        if node.last == Extent::NONE {
            if grow(&mut node.first) {
                return;
            }
            node.first.next = next;
        } else if let Some(last) = self.extents.get_mut(node.last as usize) {
            if grow(last) {
                return;
            }
            last.next = next;
        }
        self.extents.push(Extent { start, length, next: Extent::NONE });
        node.last = next;
    }

    /// The node that `value` names.
    pub(super) fn get(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    /// Makes memo-only values of this node survive compaction, because a later pass asked for them.
    pub(super) fn pin(&mut self, value: Value) {
        if let Value::Node(index) = value
            && let Some(node) = self.nodes.get_mut(index as usize)
        {
            node.keep = true;
        }
    }

    /// The first item of a node.
    pub(super) fn first(&self, node: &Node) -> Option<Value> {
        if node.first.length == 0 { None } else { self.items.get(node.first.start as usize).copied() }
    }

    /// The items of a node that lie together at its beginning: all of them unless it grew in pieces.
    pub(super) fn head(&self, node: &Node) -> &[Value] {
        let start = node.first.start as usize;
        self.items.get(start..start.saturating_add(node.first.length as usize)).unwrap_or_default()
    }

    /// The items of a node, at most `limit`; those past what is held are not given.
    pub(super) fn items(&self, node: &Node, limit: usize) -> Vec<Value> {
        let mut items = Vec::new();
        let mut extent = node.first;
        loop {
            let start = extent.start as usize;
            let held =
                self.items.get(start..start.saturating_add(extent.length as usize)).unwrap_or_default();
            items.extend(held.iter().take(limit.saturating_sub(items.len())));
            if items.len() >= limit {
                return items;
            }
            match self.extents.get(extent.next as usize) {
                Some(&next) => extent = next,
                None => return items,
            }
        }
    }

    /// The items of the container `value`, and whether they are all there. `None` when it is no container.
    pub(super) fn contents(&self, value: Value) -> Option<(Vec<Value>, bool)> {
        let node = self.get(value)?;
        let items = self.items(node, Self::HELD as usize);
        let complete =
            items.len() as u64 == node.count && !items.iter().any(|item| matches!(item, Value::Run(_)));
        Some((items, complete))
    }

    /// Interns a global under its Python 3 name.
    pub(super) fn global(&mut self, module: &str, name: &str, at: u64, assembled: &str) -> Value {
        let key = (module.to_owned(), name.to_owned());
        if let Some(&known) = self.by_name.get(&key) {
            if let Some(global) = self.globals.get_mut(known as usize)
                && global.assembled.is_empty()
            {
                assembled.clone_into(&mut global.assembled);
            }
            return Value::Global(known);
        }
        let standing = super::judge::standing_of(module, name);
        if self.globals.len() >= Self::GLOBALS {
            // The flood itself is reported; harmless names beyond it need no record.
            self.overflowed = true;
            if !matches!(standing, Standing::Gadget { .. }) || self.globals.len() >= Self::GLOBALS_AT_MOST {
                return Value::Plain;
            }
        }
        let index = self.globals.len() as u32;
        self.globals.push(Global {
            module: module.to_owned(),
            name: name.to_owned(),
            at,
            assembled: assembled.to_owned(),
            standing,
            constructor: match standing {
                Standing::Safe { .. } => super::knowledge::constructor(module, name),
                _ => None,
            },
            is_trampoline: super::indirect::is_trampoline(&format!("{module}.{name}")),
            calls: 0,
            judged: 0,
            shown: 0,
            worst: None,
            folds: super::fold::folds(module),
            wraps_arrays: super::array_block::is_wrapper_class(module, name),
        });
        self.has_wrappers |= self.globals.last().is_some_and(|global| global.wraps_arrays);
        self.by_name.insert(key, index);
        Value::Global(index)
    }

    /// The global that `value` names.
    pub(super) fn global_of(&self, value: Value) -> Option<&Global> {
        match value {
            Value::Global(index) => self.globals.get(index as usize),
            _ => None,
        }
    }

    /// As [`Store::global_of`], to count calls.
    pub(super) fn global_mut(&mut self, value: Value) -> Option<&mut Global> {
        match value {
            Value::Global(index) => self.globals.get_mut(index as usize),
            _ => None,
        }
    }

    /// Counts a call of `callee` that needs no look at its arguments but for what could do harm among them; `false`,
    /// without counting, for every other.
    #[inline]
    pub(super) fn count_routine_call(&mut self, callee: Value) -> bool {
        let Some(global) = self.global_mut(callee) else { return false };
        let is_routine = global.calls >= Self::CALLS_READ
            && !global.folds
            && global.constructor.is_none()
            && !global.is_trampoline
            && matches!(global.standing, Standing::Safe { .. });
        global.calls = global.calls.saturating_add(u64::from(is_routine));
        is_routine
    }

    /// Every global, in the order met.
    pub(super) fn globals(&self) -> impl Iterator<Item = (Value, &Global)> {
        self.globals.iter().enumerate().map(|(index, global)| (Value::Global(index as u32), global))
    }

    /// Keeps a text that an opcode's escapes stand for; [`Value::Plain`] when all together grow too large.
    pub(super) fn decoded(&mut self, folded: Folded) -> Value {
        self.keep_text(folded, false)
    }

    /// Keeps a text that calls in the stream put together.
    pub(super) fn assembled(&mut self, folded: Folded) -> Value {
        self.keep_text(folded, true)
    }

    /// Whether calls in the stream put the text `value` together.
    pub(super) fn is_assembled(&self, value: Value) -> bool {
        match value {
            Value::Folded(index) => self.texts.get(index as usize).is_some_and(|&(_, assembled)| assembled),
            _ => false,
        }
    }

    fn keep_text(&mut self, folded: Folded, assembled: bool) -> Value {
        let size = match &folded {
            Folded::Text(text) => text.len(),
            Folded::Bytes(bytes) => bytes.len(),
        };
        let total = self.texts_bytes.saturating_add(size).saturating_add(size_of::<Folded>());
        if total > Self::TEXT_BYTES {
            self.overflowed = true;
            return Value::Plain;
        }
        self.texts_bytes = total;
        self.texts.push((folded, assembled));
        Value::Folded((self.texts.len() as u32).saturating_sub(1))
    }

    /// The text `value` stands for; `None` when it is none or not UTF-8.
    pub(super) fn text(&self, value: Value) -> Option<Cow<'_, str>> {
        match value {
            Value::Text { length, at } => {
                std::str::from_utf8(self.slice(at, length)?).ok().map(Cow::Borrowed)
            }
            Value::Folded(index) => match &self.texts.get(index as usize)?.0 {
                Folded::Text(text) => Some(Cow::Borrowed(text)),
                Folded::Bytes(_) => None,
            },
            _ => None,
        }
    }

    /// The bytes `value` stands for, when it is a byte string.
    pub(super) fn byte_string(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Bytes { length, at } => self.slice(at, length),
            Value::Folded(index) => match &self.texts.get(index as usize)?.0 {
                Folded::Bytes(bytes) => Some(bytes),
                Folded::Text(_) => None,
            },
            _ => None,
        }
    }

    /// The bytes of a string of either sort.
    pub(super) fn raw(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Text { length, at } | Value::Bytes { length, at } => self.slice(at, length),
            Value::Folded(index) => Some(match &self.texts.get(index as usize)?.0 {
                Folded::Text(text) => text.as_bytes(),
                Folded::Bytes(bytes) => bytes,
            }),
            _ => None,
        }
    }

    fn slice(&self, at: u64, length: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(at).ok()?;
        self.bytes.get(start..start.checked_add(length as usize)?)
    }

    /// Nodes before compaction. Sized so that two arenas, as during compaction, stay below 32 MB.
    const NODES: usize = 128 << 10;
    /// Items before compaction.
    const ITEMS: usize = 384 << 10;
    /// Extents before compaction.
    const EXTENTS: usize = 128 << 10;
    /// Calls of one harmless callable whose arguments are looked at.
    pub(super) const CALLS_READ: u64 = 4096;
    /// Items held of one container while memory allows.
    const HELD: u64 = 4096;
    /// Distinct globals before harmless ones are no longer recorded. Real models import some hundreds at most.
    const GLOBALS: usize = 64 << 10;
    /// Distinct globals recorded at all.
    const GLOBALS_AT_MOST: usize = 80 << 10;
    /// Bytes of folded text in total.
    const TEXT_BYTES: usize = 8 << 20;
}
