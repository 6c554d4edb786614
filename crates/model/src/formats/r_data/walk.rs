//! The walk over an R object graph: every pair and every string that can matter becomes a [`Node`], numbers are skipped.
//!
//! An explicit stack of tasks replaces recursion. Memory: 40 bytes per pair or short string, at most [`MOST_NODES`].

use super::graph::{Graph, Node, OTHER, Pair, PairKind, Text};
use super::reader::{Encoding, Reader, Stop};
use crate::Scan;
use bartizan_core::Cursor;

/// Most nodes kept; an R workspace of 100 MB with formulas and functions has far fewer.
const MOST_NODES: usize = 1 << 20;
/// All texts together, in bytes.
const ALL_TEXT_BYTES: usize = 16 << 20;
/// Elements of a vector of strings that are kept; the others are passed over.
const STRINGS_KEPT: u64 = 4;
/// Steps between looks at the clock.
const CHECK_EVERY: u32 = 1 << 16;

/// Whether the file is a workspace, how it is encoded, and where its body begins.
pub(super) fn header(bytes: &[u8]) -> Option<(bool, Encoding, usize)> {
    let is_workspace =
        matches!(bytes.get(..5), Some(b"RDX2\n" | b"RDX3\n" | b"RDA2\n" | b"RDA3\n" | b"RDB2\n" | b"RDB3\n"));
    let start: usize = if is_workspace { 5 } else { 0 };
    let encoding = match bytes.get(start..start.saturating_add(2))? {
        b"X\n" => Encoding::Xdr,
        b"A\n" => Encoding::Ascii,
        b"B\n" => Encoding::Native,
        _ => return None,
    };
    Some((is_workspace, encoding, start.saturating_add(2)))
}

/// The serialisation version the body begins with, if it is one that exists.
pub(super) fn version(encoding: Encoding, bytes: &[u8], body: usize) -> Option<i32> {
    let mut reader = Reader { cursor: Cursor::at(bytes, body), encoding };
    let version = reader.integer().ok()?;
    let writer = reader.integer().ok()?;
    ((2..=3).contains(&version) && (0x0001_0000..0x0100_0000).contains(&writer)).then_some(version)
}

/// Where the result of a task goes.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Nowhere,
    Root,
    Tag(u32),
    Car(u32),
    Cdr(u32),
    First(u32),
}

#[derive(Debug, Clone, Copy)]
enum Task {
    /// Any object.
    Item {
        into: Slot,
        in_frame: bool,
    },
    /// `left` further items of a vector, linked behind `last`.
    Items {
        left: u64,
        last: Slot,
        in_frame: bool,
    },
    /// `left` strings of a character vector whose node is `node`.
    Strings {
        left: u64,
        node: u32,
        kept: u64,
    },
    /// Code of one byte-code object, then its constants.
    ByteCode {
        node: u32,
    },
    /// Number of constants, to be read where the code ended.
    ConstantCount {
        node: u32,
    },
    Constants {
        left: u64,
        last: Slot,
    },
    /// A language constant of byte code; its type is read first.
    Language {
        into: Slot,
    },
}

/// Walks the object that begins at `body`.
pub(super) fn walk(encoding: Encoding, bytes: &[u8], body: usize, scan: &mut Scan<'_>) -> Graph {
    let mut walker = Walker {
        reader: Reader { cursor: Cursor::at(bytes, body), encoding },
        graph: Graph { nodes: vec![Node::Other], ..Graph::default() },
        tasks: Vec::new(),
    };
    if let Err(what) = walker.run(scan) {
        walker.graph.stopped = Some((walker.reader.cursor.position(), what));
    }
    walker.graph.end = walker.reader.cursor.position();
    walker.graph
}

struct Walker<'a> {
    reader: Reader<'a>,
    graph: Graph,
    tasks: Vec<Task>,
}

impl Walker<'_> {
    fn run(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        let version = self.reader.integer()?;
        if !(2..=3).contains(&version) {
            return Err("unknown serialisation version");
        }
        self.reader.integer()?;
        self.reader.integer()?;
        if version == 3 {
            let length = self.reader.integer()?;
            self.reader.bytes(u64::try_from(length).map_err(|_| "negative length")?)?;
        }
        self.tasks.push(Task::Item { into: Slot::Root, in_frame: false });
        let mut steps = 0u32;
        while let Some(task) = self.tasks.pop() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
                return Err("the time is used up");
            }
            if self.graph.nodes.len() > MOST_NODES || self.tasks.len() > MOST_NODES {
                return Err("more objects than are followed");
            }
            self.step(task)?;
        }
        Ok(())
    }

    fn fill(&mut self, slot: Slot, value: u32) {
        let (index, place): (u32, fn(&mut Pair) -> &mut u32) = match slot {
            Slot::Nowhere => return,
            Slot::Root => {
                self.graph.root = value;
                return;
            }
            Slot::First(index) => {
                if let Some(Node::Items { first } | Node::Code { first }) =
                    self.graph.nodes.get_mut(index as usize)
                {
                    *first = value;
                }
                return;
            }
            Slot::Tag(index) => (index, |pair| &mut pair.tag),
            Slot::Car(index) => (index, |pair| &mut pair.car),
            Slot::Cdr(index) => (index, |pair| &mut pair.cdr),
        };
        if let Some(Node::Pair(pair)) = self.graph.nodes.get_mut(index as usize) {
            *place(pair) = value;
        }
    }

    fn give(&mut self, slot: Slot, node: Node) -> u32 {
        let index = self.graph.add(node);
        self.fill(slot, index);
        index
    }

    fn later(&mut self, into: Slot, in_frame: bool) {
        self.tasks.push(Task::Item { into, in_frame });
    }

    fn pair(&mut self, into: Slot, kind: PairKind, in_frame: bool) -> u32 {
        let offset = self.reader.cursor.position();
        self.give(into, Node::Pair(Pair { kind, tag: OTHER, car: OTHER, cdr: OTHER, offset, in_frame }))
    }

    /// The cell for the next item of a vector: a new one, or the last one again when its item was without interest.
    fn item_cell(&mut self, last: Slot, in_frame: bool) -> u32 {
        if let Slot::Cdr(cell) = last
            && matches!(self.graph.node(cell), Node::Pair(Pair { car: OTHER, .. }))
        {
            return cell;
        }
        self.pair(last, PairKind::Item, in_frame)
    }

    fn step(&mut self, task: Task) -> Result<(), Stop> {
        match task {
            Task::Item { into, in_frame } => self.item(into, in_frame)?,
            Task::Items { left, last, in_frame } => {
                if left > 0 {
                    let cell = self.item_cell(last, in_frame);
                    self.tasks.push(Task::Items {
                        left: left.saturating_sub(1),
                        last: Slot::Cdr(cell),
                        in_frame,
                    });
                    self.later(Slot::Car(cell), in_frame);
                }
            }
            Task::Strings { mut left, node, mut kept } => {
                while left > 0 {
                    let flags = self.reader.integer()?;
                    if flags & 0xff != 9 {
                        return Err("a character vector with an element that is no string");
                    }
                    let text = self.string(kept < STRINGS_KEPT)?;
                    if kept == 0
                        && let Some(slot) = self.graph.nodes.get_mut(node as usize)
                    {
                        *slot = Node::Text(text);
                    }
                    kept = kept.saturating_add(1);
                    left = left.saturating_sub(1);
                    if flags & 0x200 != 0 {
                        self.tasks.push(Task::Strings { left, node, kept });
                        self.later(Slot::Nowhere, false);
                        break;
                    }
                }
            }
            Task::ByteCode { node } => {
                self.tasks.push(Task::ConstantCount { node });
                self.later(Slot::Nowhere, false);
            }
            Task::ConstantCount { node } => {
                let count = self.reader.integer()?;
                let left = self.length_of(count)?;
                self.tasks.push(Task::Constants { left, last: Slot::First(node) });
            }
            Task::Constants { left, last } => {
                if left > 0 {
                    let cell = self.pair(last, PairKind::Item, false);
                    self.tasks.push(Task::Constants { left: left.saturating_sub(1), last: Slot::Cdr(cell) });
                    match self.reader.integer()? {
                        21 => {
                            let node = self.give(Slot::Car(cell), Node::Code { first: OTHER });
                            self.tasks.push(Task::ByteCode { node });
                        }
                        kind @ (6 | 2 | 239 | 240 | 243 | 244) => self.language(kind, Slot::Car(cell))?,
                        _ => self.later(Slot::Car(cell), false),
                    }
                }
            }
            Task::Language { into } => {
                let kind = self.reader.integer()?;
                self.language(kind, into)?;
            }
        }
        Ok(())
    }

    /// `ReadBCLang` of `serialize.c`: pairs that may refer to each other by number.
    fn language(&mut self, mut kind: i32, into: Slot) -> Result<(), Stop> {
        if kind == 243 {
            self.reader.integer()?;
            return Ok(());
        }
        if kind == 244 {
            self.reader.integer()?;
            kind = self.reader.integer()?;
        }
        let (shape, has_attributes) = match kind {
            6 => (PairKind::Call, false),
            240 => (PairKind::Call, true),
            2 => (PairKind::List, false),
            239 => (PairKind::List, true),
            _ => {
                self.later(into, false);
                return Ok(());
            }
        };
        let cell = self.pair(into, shape, false);
        self.tasks.push(Task::Language { into: Slot::Cdr(cell) });
        self.tasks.push(Task::Language { into: Slot::Car(cell) });
        self.later(Slot::Tag(cell), false);
        if has_attributes {
            self.later(Slot::Nowhere, false);
        }
        Ok(())
    }

    /// `ReadItem` of `serialize.c`.
    fn item(&mut self, into: Slot, in_frame: bool) -> Result<(), Stop> {
        let flags = self.reader.integer()?;
        let has_attributes = flags & 0x200 != 0;
        let has_tag = flags & 0x400 != 0;
        match flags & 0xff {
            // Null, environments by name, missing argument, base namespace.
            254 | 242 | 241 | 253 | 251 | 250 => {}
            252 => drop(self.give(into, Node::Unbound)),
            255 => {
                let packed = flags >> 8;
                let index = if packed == 0 { self.reader.integer()? } else { packed };
                let known = usize::try_from(index.saturating_sub(1)).ok();
                let known = known.and_then(|index| self.graph.references.get(index).copied());
                self.fill(into, known.ok_or("a reference to an object that was not read")?);
            }
            // Persistent objects, packages and namespaces: a vector of strings names them.
            247..=249 => {
                self.reader.integer()?;
                let length = self.reader.integer()?;
                let left = self.length_of(length)?;
                self.graph.references.push(OTHER);
                self.tasks.push(Task::Strings { left, node: OTHER, kept: STRINGS_KEPT });
            }
            1 => {
                let inner = self.reader.integer()?;
                if inner & 0xff != 9 {
                    return Err("a symbol without a name");
                }
                let name = self.string(true)?;
                let index = self.give(into, Node::Symbol(name));
                self.graph.references.push(index);
            }
            4 => {
                self.reader.integer()?;
                let index = self.give(into, Node::Environment);
                self.graph.references.push(index);
                // Read in the order enclosure, frame, hash table, attributes: pushed the other way round. The frame hangs
                // nowhere: its promises are judged by their own flag.
                self.later(Slot::Nowhere, false);
                self.later(Slot::Nowhere, true);
                self.later(Slot::Nowhere, true);
                self.later(Slot::Nowhere, false);
            }
            22 => {
                self.graph.references.push(OTHER);
                self.attributes(has_attributes);
                self.later(Slot::Nowhere, false);
                self.later(Slot::Nowhere, false);
            }
            23 => {
                self.graph.references.push(OTHER);
                self.attributes(has_attributes);
            }
            kind @ (2 | 3 | 5 | 6 | 17) => {
                let shape = match kind {
                    3 => PairKind::Closure,
                    5 => PairKind::Promise,
                    6 => PairKind::Call,
                    _ => PairKind::List,
                };
                let cell = self.pair(into, shape, in_frame);
                let frame_goes_on = in_frame && shape == PairKind::List;
                self.later(Slot::Cdr(cell), frame_goes_on);
                self.later(Slot::Car(cell), frame_goes_on);
                if has_tag {
                    self.later(Slot::Tag(cell), false);
                }
                self.attributes(has_attributes);
            }
            9 => {
                self.string(false)?;
                self.attributes(has_attributes);
            }
            7 | 8 => {
                let length = self.reader.integer()?;
                let length = self.length_of(length)?;
                let name = self.reader.text(length)?;
                let text = self.graph.keep(&name);
                self.give(into, Node::Builtin(text));
            }
            kind @ (10 | 13 | 14 | 15 | 24) => {
                let length = self.length()?;
                match kind {
                    10 | 13 => self.reader.skip_integers(length)?,
                    14 => self.reader.skip_doubles(length)?,
                    15 => self.reader.skip_doubles(length.saturating_mul(2))?,
                    _ => self.reader.skip_raw(length)?,
                }
                self.attributes(has_attributes);
            }
            16 => {
                let left = self.length()?;
                let node = self.give(into, Node::Other);
                self.attributes(has_attributes);
                self.tasks.push(Task::Strings { left, node, kept: 0 });
            }
            19 | 20 => {
                let left = self.length()?;
                let node = self.give(into, Node::Items { first: OTHER });
                self.attributes(has_attributes);
                self.tasks.push(Task::Items { left, last: Slot::First(node), in_frame });
            }
            21 => {
                self.reader.integer()?;
                let node = self.give(into, Node::Code { first: OTHER });
                self.attributes(has_attributes);
                self.tasks.push(Task::ByteCode { node });
            }
            25 => self.attributes(has_attributes),
            // An alternative representation: what it is, its state, its attributes.
            238 => {
                let node = self.give(into, Node::Items { first: OTHER });
                self.tasks.push(Task::Items { left: 3, last: Slot::First(node), in_frame: false });
            }
            _ => return Err("an object type that does not exist"),
        }
        Ok(())
    }

    fn attributes(&mut self, has: bool) {
        if has {
            self.later(Slot::Nowhere, false);
        }
    }

    fn length(&mut self) -> Result<u64, Stop> {
        let length = self.reader.integer()?;
        if length == -1 {
            let high = u64::from(self.reader.integer()?.cast_unsigned());
            let low = u64::from(self.reader.integer()?.cast_unsigned());
            if high > 0xffff {
                return Err("a vector longer than R allows");
            }
            return Ok(high << 32 | low);
        }
        self.length_of(length)
    }

    fn length_of(&self, length: i32) -> Result<u64, Stop> {
        let length = u64::try_from(length).map_err(|_| "a negative length")?;
        // Every element takes at least one byte in every encoding.
        if length > self.reader.cursor.remaining() as u64 {
            return Err("a length that runs past the end");
        }
        Ok(length)
    }

    /// The content of a string whose flags were read.
    fn string(&mut self, keep: bool) -> Result<Text, Stop> {
        let length = self.reader.integer()?;
        if length == -1 {
            return Ok(Text::default());
        }
        let length = self.length_of(length)?;
        if keep && self.graph.texts.len() < ALL_TEXT_BYTES {
            let text = self.reader.text(length)?;
            return Ok(self.graph.keep(&text));
        }
        self.reader.bytes(length)?;
        Ok(Text::default())
    }
}
