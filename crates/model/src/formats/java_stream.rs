//! Walks the grammar of a Java object stream for the classes it names; values are passed over.
//!
//! Source: *Java Object Serialization Specification* §6.4. An explicit stack of tasks replaces recursion; cost is
//! linear, memory one entry per class and handle.

use crate::Scan;
use bartizan_core::Cursor;

/// What a stream names.
#[derive(Debug, Default)]
pub(super) struct Stream<'a> {
    /// Classes in the order they are described.
    pub(super) classes: Vec<Class<'a>>,
    /// Where a `java.net.URL` is a key of a hash table, or an element of a hash set.
    pub(super) hashed_addresses: Vec<usize>,
    /// Where and why reading stopped early.
    pub(super) stopped: Option<(usize, &'static str)>,
}

/// A class description.
#[derive(Debug, Clone)]
pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    pub(super) offset: usize,
    flags: u8,
    fields: Vec<u8>,
    parent: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Handle {
    Class(usize),
    /// An object of the class.
    Object(Option<usize>),
    Other,
}

/// Which contents of an annotation are hashed when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hashed {
    None,
    /// Each one: an element of a set.
    All,
    /// This one and not the next: a key before its value.
    Key,
    /// The next one and not this.
    Value,
}

impl Hashed {
    /// What `readObject` of the class hashes of what it wrote itself.
    fn by(class: &str) -> Self {
        match class {
            "java.util.HashMap" | "java.util.Hashtable" | "java.util.concurrent.ConcurrentHashMap" => {
                Self::Key
            }
            "java.util.HashSet" => Self::All,
            _ => Self::None,
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Key => Self::Value,
            Self::Value => Self::Key,
            other => other,
        }
    }

    fn is_now(self) -> bool {
        matches!(self, Self::All | Self::Key)
    }
}

#[derive(Debug, Clone, Copy)]
enum Task {
    /// Any content.
    Content,
    /// Contents and blocks of data up to the end-of-block mark.
    Annotation(Hashed),
    /// A class description, a proxy's, a reference or null; sets `last_class`.
    ClassDescription,
    /// The parent of the class was read.
    Parent(usize),
    /// A proxy's parent was read: the proxy itself has no data.
    ProxyParent,
    /// The class of an object was read: its handle and data follow.
    Object { is_hashed: bool },
    /// The class of an array was read.
    Array,
    /// The class of a `Class` object was read.
    ClassObject,
    /// The class of an enum constant was read; its name follows.
    Enum,
    /// Data of one class of an object's hierarchy, from field number `field` on.
    Data { class: usize, field: usize },
    /// `left` further elements of an array of objects.
    Elements { left: u32 },
}

type Stop = &'static str;

const ENDS: Stop = "the file ends inside an object";
/// Most classes, handles and open tasks kept.
const MOST: usize = 1 << 20;
/// Most hashed addresses noted.
const MOST_ADDRESSES: usize = 8;
/// Longest chain of parents followed.
const HIERARCHY: usize = 64;

/// Walks all contents from `start`.
pub(super) fn walk<'a>(bytes: &'a [u8], start: usize, scan: &mut Scan<'_>) -> Stream<'a> {
    let mut walker = Walker {
        cursor: Cursor::at(bytes, start),
        stream: Stream::default(),
        handles: Vec::new(),
        tasks: Vec::new(),
        last_class: None,
    };
    if let Err(what) = walker.run(scan) {
        walker.stream.stopped = Some((walker.cursor.position(), what));
    }
    walker.stream
}

struct Walker<'a> {
    cursor: Cursor<'a>,
    stream: Stream<'a>,
    handles: Vec<Handle>,
    tasks: Vec<Task>,
    last_class: Option<usize>,
}

impl<'a> Walker<'a> {
    fn run(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        let mut steps = 0u32;
        loop {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(1 << 16) && scan.out_of_time() {
                return Err("the time is used up");
            }
            if self.handles.len() > MOST || self.tasks.len() > MOST {
                return Err("more objects than are followed");
            }
            match self.tasks.pop() {
                Some(task) => self.step(task)?,
                None if self.cursor.is_at_end() => return Ok(()),
                None => self.tasks.push(Task::Content),
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.cursor.u8().map_err(|_| ENDS)
    }

    fn utf(&mut self) -> Result<&'a str, Stop> {
        let length = self.cursor.u16_be().map_err(|_| ENDS)?;
        let bytes = self.cursor.take(usize::from(length)).map_err(|_| ENDS)?;
        Ok(std::str::from_utf8(bytes).unwrap_or("\u{fffd}"))
    }

    fn skip(&mut self, count: u64) -> Result<(), Stop> {
        self.cursor.skip(count).map_err(|_| ENDS)
    }

    fn reference(&mut self) -> Result<Handle, Stop> {
        const BASE: u32 = 0x007e_0000;
        let handle = self.cursor.u32_be().map_err(|_| ENDS)?;
        let index = handle.checked_sub(BASE).and_then(|index| self.handles.get(index as usize));
        index.copied().ok_or("a reference to an object that was not read")
    }

    fn step(&mut self, task: Task) -> Result<(), Stop> {
        match task {
            Task::Content => {
                let kind = self.byte()?;
                self.content(kind, false)?;
            }
            Task::Annotation(hashed) => {
                let kind = self.byte()?;
                if kind != 0x78 {
                    // Blocks of plain data and resets are no entries.
                    let is_entry = !matches!(kind, 0x77 | 0x79 | 0x7a);
                    self.tasks.push(Task::Annotation(if is_entry { hashed.next() } else { hashed }));
                    self.content(kind, is_entry && hashed.is_now())?;
                }
            }
            Task::ClassDescription => self.class_description()?,
            Task::Parent(class) => {
                let parent = self.last_class.filter(|&parent| parent != class);
                if let Some(description) = self.stream.classes.get_mut(class) {
                    description.parent = parent;
                }
                self.last_class = Some(class);
            }
            Task::ProxyParent => {}
            Task::Object { is_hashed } => {
                self.handles.push(Handle::Object(self.last_class));
                if is_hashed {
                    self.hashed(self.last_class);
                }
                self.data();
            }
            Task::ClassObject => self.handles.push(Handle::Other),
            Task::Enum => {
                self.handles.push(Handle::Other);
                self.tasks.push(Task::Content);
            }
            Task::Array => self.array()?,
            Task::Elements { left } => {
                if left > 0 {
                    self.tasks.push(Task::Elements { left: left.saturating_sub(1) });
                    self.tasks.push(Task::Content);
                }
            }
            Task::Data { class, field } => self.class_data(class, field)?,
        }
        Ok(())
    }

    /// Notes an object of `class` that is hashed while it is read.
    fn hashed(&mut self, class: Option<usize>) {
        let class = class.and_then(|class| self.stream.classes.get(class));
        if class.is_some_and(|class| class.name == "java.net.URL")
            && self.stream.hashed_addresses.len() < MOST_ADDRESSES
        {
            self.stream.hashed_addresses.push(self.cursor.position());
        }
    }

    fn content(&mut self, kind: u8, is_hashed: bool) -> Result<(), Stop> {
        match kind {
            0x70 | 0x79 => {}
            0x71 => {
                let referred = self.reference()?;
                if let (Handle::Object(class), true) = (referred, is_hashed) {
                    self.hashed(class);
                }
            }
            0x72 | 0x7d => {
                self.described(kind)?;
            }
            0x73 => self.tasks.extend([Task::Object { is_hashed }, Task::ClassDescription]),
            0x74 => {
                self.handles.push(Handle::Other);
                let length = self.cursor.u16_be().map_err(|_| ENDS)?;
                self.skip(u64::from(length))?;
            }
            0x75 => self.tasks.extend([Task::Array, Task::ClassDescription]),
            0x76 => self.tasks.extend([Task::ClassObject, Task::ClassDescription]),
            0x77 => {
                let length = self.byte()?;
                self.skip(u64::from(length))?;
            }
            0x7a => {
                let length = self.cursor.u32_be().map_err(|_| ENDS)?;
                self.skip(u64::from(length))?;
            }
            0x7b => self.tasks.push(Task::Content),
            0x7c => {
                self.handles.push(Handle::Other);
                let length = self.cursor.u64_be().map_err(|_| ENDS)?;
                self.skip(length)?;
            }
            0x7e => self.tasks.extend([Task::Enum, Task::ClassDescription]),
            _ => return Err("a byte that begins no object"),
        }
        Ok(())
    }

    fn class_description(&mut self) -> Result<(), Stop> {
        match self.byte()? {
            0x70 => self.last_class = None,
            0x71 => {
                self.last_class = match self.reference()? {
                    Handle::Class(class) => Some(class),
                    Handle::Object(_) | Handle::Other => None,
                }
            }
            kind @ (0x72 | 0x7d) => self.described(kind)?,
            _ => return Err("no class description where one should stand"),
        }
        Ok(())
    }

    /// A class or proxy description after its type byte.
    fn described(&mut self, kind: u8) -> Result<(), Stop> {
        let offset = self.cursor.position();
        if kind == 0x7d {
            let count = self.cursor.u32_be().map_err(|_| ENDS)?;
            self.handles.push(Handle::Other);
            for _ in 0..count {
                let name = self.utf()?;
                self.stream.classes.push(Class { name, offset, flags: 0, fields: Vec::new(), parent: None });
            }
            self.tasks.extend([Task::ProxyParent, Task::ClassDescription, Task::Annotation(Hashed::None)]);
            return Ok(());
        }
        let name = self.utf()?;
        self.skip(8)?;
        let index = self.stream.classes.len();
        self.handles.push(Handle::Class(index));
        let flags = self.byte()?;
        self.stream.classes.push(Class { name, offset, flags, fields: Vec::new(), parent: None });
        let count = self.cursor.u16_be().map_err(|_| ENDS)?;
        let mut fields = Vec::new();
        for _ in 0..count {
            let field = self.byte()?;
            self.utf()?;
            if matches!(field, b'L' | b'[') {
                // The type's name: a string or a reference to one.
                match self.byte()? {
                    0x74 => {
                        self.handles.push(Handle::Other);
                        self.utf()?;
                    }
                    0x71 => drop(self.reference()?),
                    _ => return Err("a field without a type"),
                }
            }
            fields.push(field);
        }
        if let Some(class) = self.stream.classes.get_mut(index) {
            class.fields = fields;
        }
        self.tasks.extend([Task::Parent(index), Task::ClassDescription, Task::Annotation(Hashed::None)]);
        Ok(())
    }

    /// Queues the data of the last class and its parents, outermost parent first.
    fn data(&mut self) {
        let mut class = self.last_class;
        // Pushed from the class itself upwards, so that the outermost parent comes off the stack first.
        for _ in 0..HIERARCHY {
            let Some(index) = class else { break };
            self.tasks.push(Task::Data { class: index, field: 0 });
            class = self.stream.classes.get(index).and_then(|class| class.parent);
        }
    }

    fn class_data(&mut self, class: usize, field: usize) -> Result<(), Stop> {
        let Some(description) = self.stream.classes.get(class) else { return Ok(()) };
        let flags = description.flags;
        if flags & 4 != 0 {
            if flags & 8 == 0 {
                return Err("an object in the protocol of JDK 1.1, whose data has no bounds");
            }
            self.tasks.push(Task::Annotation(Hashed::None));
            return Ok(());
        }
        if flags & 2 == 0 {
            return Ok(());
        }
        let Some(kind) = description.fields.get(field).copied() else {
            if flags & 1 != 0 {
                let hashed = Hashed::by(description.name);
                self.tasks.push(Task::Annotation(hashed));
            }
            return Ok(());
        };
        self.tasks.push(Task::Data { class, field: field.saturating_add(1) });
        match size_of(kind) {
            Some(size) => self.skip(size)?,
            None if matches!(kind, b'L' | b'[') => self.tasks.push(Task::Content),
            None => return Err("a field type that does not exist"),
        }
        Ok(())
    }

    fn array(&mut self) -> Result<(), Stop> {
        self.handles.push(Handle::Other);
        let count = self.cursor.u32_be().map_err(|_| ENDS)?;
        let class = self.last_class.and_then(|class| self.stream.classes.get(class));
        let element = class.and_then(|class| class.name.as_bytes().get(1)).copied().unwrap_or(b'L');
        if let Some(size) = size_of(element) {
            return self.skip(u64::from(count).saturating_mul(size));
        }
        self.tasks.push(Task::Elements { left: count });
        Ok(())
    }
}

/// Bytes a primitive value takes; `None` for objects.
fn size_of(kind: u8) -> Option<u64> {
    match kind {
        b'B' | b'Z' => Some(1),
        b'C' | b'S' => Some(2),
        b'F' | b'I' => Some(4),
        b'D' | b'J' => Some(8),
        _ => None,
    }
}
