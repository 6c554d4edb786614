//! Marshal's object format: any bytes into an arena of objects, for every layout CPython has written since 2.3.
//!
//! Source: CPython `Python/marshal.c`, 2.7 to 3.15. The layout of a code object depends on the version, which marshal
//! does not carry: each layout is tried, and the one that reads to the end wins. Iterative; every object costs at least
//! one input byte, so memory and time are linear in the input, times the four layouts.

use bartizan_core::{Cursor, ShortRead};

/// Reads one marshalled object from the start of `bytes`.
///
/// Tries the layouts newest first and gives the first that reads to a complete object; if none does, the attempt that
/// got furthest, whose [`Marshalled::error`] says where it stopped.
pub(super) fn read(bytes: &[u8]) -> Marshalled<'_> {
    let mut best: Option<Marshalled<'_>> = None;
    for layout in Layout::ALL {
        let attempt = Reader::new(bytes, layout).read();
        if attempt.error.is_none() {
            return attempt;
        }
        if best.as_ref().is_none_or(|held| attempt.end > held.end) {
            best = Some(attempt);
        }
    }
    best.unwrap_or_else(|| Reader::new(bytes, Layout::Python2).read())
}

/// How a code object's fields are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// 2.3 to 2.7: four counts, thirteen fields in all.
    Python2,
    /// 3.0 to 3.7: a count of keyword-only arguments joins.
    Python30,
    /// 3.8 to 3.10: a count of positional-only arguments joins.
    Python38,
    /// 3.11 and later: one table of locals, a qualified name, an exception table.
    Python311,
}

impl Layout {
    const ALL: [Self; 4] = [Self::Python311, Self::Python38, Self::Python30, Self::Python2];

    /// The field with this number; `None` past the last.
    fn field(self, index: usize) -> Option<Field> {
        use Field::{FirstLine, Object};
        /// Up to 3.10, behind the counts.
        static SEPARATE: [Field; 10] = [
            Object(Slot::Bytecode),
            Object(Slot::Consts),
            Object(Slot::Names),
            Object(Slot::Locals),
            Object(Slot::Free),
            Object(Slot::Cells),
            Object(Slot::Filename),
            Object(Slot::Name),
            FirstLine,
            Object(Slot::Other),
        ];
        /// From 3.11 on.
        static JOINED: [Field; 11] = [
            Object(Slot::Bytecode),
            Object(Slot::Consts),
            Object(Slot::Names),
            Object(Slot::Locals),
            Object(Slot::Other),
            Object(Slot::Filename),
            Object(Slot::Name),
            Object(Slot::QualifiedName),
            FirstLine,
            Object(Slot::Other),
            Object(Slot::Other),
        ];
        let (counts, objects): (usize, &[Field]) = match self {
            Self::Python2 => (4, &SEPARATE),
            Self::Python30 => (5, &SEPARATE),
            Self::Python38 => (6, &SEPARATE),
            Self::Python311 => (5, &JOINED),
        };
        match index.checked_sub(counts) {
            None => Some(Field::Count),
            Some(index) => objects.get(index).copied(),
        }
    }
}

/// One field of a code object.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// A 32-bit count or flag set.
    Count,
    /// The 32-bit number of the first line.
    FirstLine,
    /// A marshalled object.
    Object(Slot),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Bytecode,
    Consts,
    Names,
    Locals,
    Free,
    Cells,
    Filename,
    Name,
    QualifiedName,
    Other,
}

/// Index of an object in [`Marshalled::objects`].
pub(super) type Id = u32;

/// What was read.
#[derive(Debug)]
pub(super) struct Marshalled<'a> {
    /// The objects, each container before its content; the first is the whole.
    pub(super) objects: Vec<Object<'a>>,
    /// The layout of its code objects.
    pub(super) layout: Layout,
    /// Offset past the object, or where reading stopped.
    pub(super) end: usize,
    /// Why it stopped early.
    pub(super) error: Option<MarshalError>,
}

/// Why bytes are no marshalled object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum MarshalError {
    #[error("{0}")]
    Truncated(#[from] ShortRead),
    #[error("no marshal type code at offset {offset}")]
    UnknownType { offset: usize },
    #[error("a length below zero at offset {offset}")]
    BadLength { offset: usize },
    #[error("a reference to an object that was not read, at offset {offset}")]
    BadReference { offset: usize },
    #[error("a code object with a field of the wrong type at offset {offset}")]
    BadCode { offset: usize },
    #[error("more than {limit} objects")]
    TooMany { limit: usize },
}

/// One object.
#[derive(Debug, Clone)]
pub(super) enum Object<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// A number whose value no check needs: float, complex, long.
    Number,
    /// A byte string, or in Python 2 a string.
    Bytes(&'a [u8]),
    /// A text, UTF-8 (surrogates allowed) or ASCII.
    Text(&'a [u8]),
    /// Tuple, list, set, frozenset, slice, or a dictionary's keys and values in turn.
    Sequence(Vec<Id>),
    Code(Box<Code>),
    /// Ellipsis, `StopIteration`, a dictionary's end mark.
    Other,
    /// A container not read to its end.
    Unfinished,
}

/// A code object; fields that were not read are `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct Code {
    pub(super) bytecode: Option<Id>,
    pub(super) consts: Option<Id>,
    pub(super) names: Option<Id>,
    pub(super) locals: Option<Id>,
    pub(super) free: Option<Id>,
    pub(super) cells: Option<Id>,
    pub(super) filename: Option<Id>,
    pub(super) name: Option<Id>,
    pub(super) first_line: u32,
}

impl<'a> Marshalled<'a> {
    pub(super) fn get(&self, id: Option<Id>) -> Option<&Object<'a>> {
        self.objects.get(id? as usize)
    }

    /// A string object as text; bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self, id: Option<Id>) -> Option<String> {
        match self.get(id)? {
            Object::Text(text) | Object::Bytes(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub(super) fn items(&self, id: Option<Id>) -> &[Id] {
        match self.get(id) {
            Some(Object::Sequence(items)) => items,
            _ => &[],
        }
    }

    /// The code objects, outer before inner.
    pub(super) fn codes(&self) -> impl Iterator<Item = &Code> {
        self.objects.iter().filter_map(|object| match object {
            Object::Code(code) => Some(&**code),
            _ => None,
        })
    }
}

/// Most objects read; a module of a hundred thousand lines has fewer.
const MOST_OBJECTS: usize = 1 << 20;

struct Reader<'a> {
    cursor: Cursor<'a>,
    layout: Layout,
    objects: Vec<Object<'a>>,
    /// Objects that later `r` references name, in the order of their flags.
    references: Vec<Id>,
    /// Strings that Python 2's `R` references name.
    interned: Vec<Id>,
    open: Vec<Open>,
}

/// A container being read.
enum Open {
    Items {
        id: Id,
        items: Vec<Id>,
        left: u32,
    },
    /// Keys and values up to the end mark.
    Dictionary {
        id: Id,
        items: Vec<Id>,
    },
    Code {
        id: Id,
        code: Box<Code>,
        field: usize,
    },
}

/// What reading one type code gave.
enum Step {
    Value(Id),
    Opened,
    EndOfDictionary,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], layout: Layout) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            layout,
            objects: Vec::new(),
            references: Vec::new(),
            interned: Vec::new(),
            open: Vec::new(),
        }
    }

    fn read(mut self) -> Marshalled<'a> {
        let error = self.run().err();
        // What was read of containers cut short is kept: the names before the cut still tell.
        while let Some(open) = self.open.pop() {
            let (id, object) = match open {
                Open::Items { id, items, .. } | Open::Dictionary { id, items } => {
                    (id, Object::Sequence(items))
                }
                Open::Code { id, code, .. } => (id, Object::Code(code)),
            };
            self.put(id, object);
        }
        Marshalled { objects: self.objects, layout: self.layout, end: self.cursor.position(), error }
    }

    fn run(&mut self) -> Result<(), MarshalError> {
        loop {
            let mut step = self.object()?;
            // A finished object goes into its container, which may finish that, and so on.
            loop {
                let finished = match step {
                    Step::Opened => self.close_if_complete()?,
                    Step::Value(id) => self.give(id)?,
                    Step::EndOfDictionary => match self.open.pop() {
                        Some(Open::Dictionary { id, items }) => {
                            self.put(id, Object::Sequence(items));
                            Some(id)
                        }
                        _ => return Err(MarshalError::UnknownType { offset: self.cursor.position() }),
                    },
                };
                match finished {
                    Some(id) if !self.open.is_empty() => step = Step::Value(id),
                    Some(_) => return Ok(()),
                    None => break,
                }
            }
        }
    }

    fn put(&mut self, id: Id, object: Object<'a>) {
        if let Some(slot) = self.objects.get_mut(id as usize) {
            *slot = object;
        }
    }

    fn push(&mut self, object: Object<'a>, flagged: bool) -> Result<Id, MarshalError> {
        if self.objects.len() >= MOST_OBJECTS {
            return Err(MarshalError::TooMany { limit: MOST_OBJECTS });
        }
        let id = self.objects.len() as Id;
        self.objects.push(object);
        if flagged {
            self.references.push(id);
        }
        Ok(id)
    }

    /// Hands `id` to the innermost open container; gives that container's id if it is complete now.
    fn give(&mut self, id: Id) -> Result<Option<Id>, MarshalError> {
        let offset = self.cursor.position();
        let layout = self.layout;
        match self.open.last_mut() {
            None => return Ok(Some(id)),
            Some(Open::Items { items, left, .. }) => {
                items.push(id);
                *left = left.saturating_sub(1);
            }
            Some(Open::Dictionary { items, .. }) => items.push(id),
            Some(Open::Code { code, field, .. }) => {
                let Some(Field::Object(slot)) = layout.field(*field) else {
                    return Err(MarshalError::BadCode { offset });
                };
                let object = self.objects.get(id as usize);
                let fits = match slot {
                    Slot::Bytecode => matches!(object, Some(Object::Bytes(_))),
                    Slot::Consts | Slot::Names | Slot::Locals | Slot::Free | Slot::Cells => {
                        matches!(object, Some(Object::Sequence(_)))
                    }
                    Slot::Filename | Slot::Name | Slot::QualifiedName => {
                        matches!(object, Some(Object::Text(_) | Object::Bytes(_)))
                    }
                    Slot::Other => true,
                };
                if !fits {
                    return Err(MarshalError::BadCode { offset });
                }
                let place = match slot {
                    Slot::Bytecode => Some(&mut code.bytecode),
                    Slot::Consts => Some(&mut code.consts),
                    Slot::Names => Some(&mut code.names),
                    Slot::Locals => Some(&mut code.locals),
                    Slot::Free => Some(&mut code.free),
                    Slot::Cells => Some(&mut code.cells),
                    Slot::Filename => Some(&mut code.filename),
                    Slot::Name => Some(&mut code.name),
                    Slot::QualifiedName | Slot::Other => None,
                };
                if let Some(place) = place {
                    *place = Some(id);
                }
                *field = field.saturating_add(1);
            }
        }
        self.close_if_complete()
    }

    /// Reads the counts that come next in an open code object, and closes the innermost container if it has all.
    fn close_if_complete(&mut self) -> Result<Option<Id>, MarshalError> {
        let layout = self.layout;
        if let Some(Open::Code { code, field, .. }) = self.open.last_mut() {
            while let Some(next) = layout.field(*field) {
                match next {
                    Field::Object(_) => break,
                    Field::Count => drop(self.cursor.u32_le()?),
                    Field::FirstLine => code.first_line = self.cursor.u32_le()?,
                }
                *field = field.saturating_add(1);
            }
        }
        let complete = match self.open.last() {
            Some(Open::Items { left, .. }) => *left == 0,
            Some(Open::Code { field, .. }) => layout.field(*field).is_none(),
            Some(Open::Dictionary { .. }) | None => false,
        };
        if !complete {
            return Ok(None);
        }
        Ok(match self.open.pop() {
            Some(Open::Items { id, items, .. }) => {
                self.put(id, Object::Sequence(items));
                Some(id)
            }
            Some(Open::Code { id, code, .. }) => {
                self.put(id, Object::Code(code));
                Some(id)
            }
            _ => None,
        })
    }

    /// Reads one type code and, for a plain value, the value.
    fn object(&mut self) -> Result<Step, MarshalError> {
        let offset = self.cursor.position();
        let byte = self.cursor.u8()?;
        let flagged = byte & 0x80 != 0;
        let object = match byte & 0x7f {
            b'0' => return Ok(Step::EndOfDictionary),
            b'N' => Object::None,
            b'T' => Object::Bool(true),
            b'F' => Object::Bool(false),
            b'S' | b'.' | b'?' => Object::Other,
            b'i' => Object::Int(i64::from(self.cursor.i32_le()?)),
            b'I' => Object::Int(self.cursor.i64_le()?),
            b'f' => {
                self.short()?;
                Object::Number
            }
            b'x' => {
                self.short()?;
                self.short()?;
                Object::Number
            }
            b'g' => {
                self.cursor.skip(8)?;
                Object::Number
            }
            b'y' => {
                self.cursor.skip(16)?;
                Object::Number
            }
            b'l' => {
                let digits = self.cursor.i32_le()?.unsigned_abs();
                self.cursor.skip(u64::from(digits).saturating_mul(2))?;
                Object::Number
            }
            b's' => Object::Bytes(self.long()?),
            b'u' | b'a' | b'A' => Object::Text(self.long()?),
            b'z' | b'Z' => Object::Text(self.short()?),
            b't' => {
                let text = self.long()?;
                let id = self.push(Object::Text(text), flagged)?;
                self.interned.push(id);
                return Ok(Step::Value(id));
            }
            b'R' => {
                let index = self.cursor.u32_le()?;
                let known = self.interned.get(index as usize).copied();
                return known.map(Step::Value).ok_or(MarshalError::BadReference { offset });
            }
            b'r' => {
                let index = self.cursor.u32_le()?;
                let known = self.references.get(index as usize).copied();
                return known.map(Step::Value).ok_or(MarshalError::BadReference { offset });
            }
            b')' => return self.open_items(u32::from(self.cursor.clone().u8()?), 1, flagged),
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.cursor.clone().i32_le()?;
                let count = u32::try_from(count).map_err(|_| MarshalError::BadLength { offset })?;
                return self.open_items(count, 4, flagged);
            }
            b':' => return self.open_items(3, 0, flagged),
            b'{' => {
                let id = self.push(Object::Unfinished, flagged)?;
                self.open.push(Open::Dictionary { id, items: Vec::new() });
                return Ok(Step::Opened);
            }
            b'c' => {
                let id = self.push(Object::Unfinished, flagged)?;
                self.open.push(Open::Code { id, code: Box::default(), field: 0 });
                return Ok(Step::Opened);
            }
            _ => return Err(MarshalError::UnknownType { offset }),
        };
        Ok(Step::Value(self.push(object, flagged)?))
    }

    /// Opens a container of `count` items whose count took `width` bytes.
    fn open_items(&mut self, count: u32, width: u64, flagged: bool) -> Result<Step, MarshalError> {
        self.cursor.skip(width)?;
        let id = self.push(Object::Unfinished, flagged)?;
        self.open.push(Open::Items { id, items: Vec::new(), left: count });
        Ok(Step::Opened)
    }

    fn short(&mut self) -> Result<&'a [u8], MarshalError> {
        let length = self.cursor.u8()?;
        Ok(self.cursor.take(usize::from(length))?)
    }

    fn long(&mut self) -> Result<&'a [u8], MarshalError> {
        let offset = self.cursor.position();
        let length = self.cursor.i32_le()?;
        let length = usize::try_from(length).map_err(|_| MarshalError::BadLength { offset })?;
        Ok(self.cursor.take(length)?)
    }
}
