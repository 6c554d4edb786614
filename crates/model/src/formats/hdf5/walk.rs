//! The walk over every object of the file: its links, its attributes, its dataset's place.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, sections III.C and IV.A.

use super::fields::{Broken, File};
use super::heap::{self, FractalHeap, GlobalHeap};
use super::message::{self, Attribute, Datatype, Element, Layout, Target};
use super::object::{self, Message, kind};
use super::{EXTERNAL_FILE, FILTER, LINK, MALFORMED, inspect};
use super::{btree, chunks};
use crate::Scan;
use crate::text::indicators;
use bartizan_core::{Confidence, Finding, Severity, printable};
use std::collections::HashSet;

/// Most objects of one file visited; models hold a few thousand.
const MAX_OBJECTS: usize = 1 << 20;

/// Most links waiting to be followed: bounds memory where one huge group lists a million names.
const MAX_PENDING: usize = 1 << 20;

/// Most bytes of paths kept for them; further ones go without.
const PENDING_BYTES: usize = 32 << 20;

/// Bytes looked at for each byte of the file: structures that are referred to again and again must not cost time again
/// and again. Honest files stay below two.
const WORK_FACTOR: u64 = 8;

/// Most elements of one variable-length value looked at.
const MAX_ELEMENTS: u64 = 4096;

/// Longest value of a dataset looked at as text or bytes, in bytes; longer ones are weights.
const VALUE_BYTES: u64 = 64 << 20;

/// Longest path shown, in characters.
const PATH_CHARS: usize = 300;

pub(super) struct Walk<'a, 's, 'l> {
    file: File<'a>,
    /// What is added to an address to give an offset in the input.
    base: u64,
    heap: GlobalHeap<'a>,
    visited: HashSet<u64>,
    pending: Vec<(u64, String)>,
    pending_bytes: usize,
    /// Bytes that may still be looked at.
    work_left: u64,
    broken: u32,
    scan: &'s mut Scan<'l>,
}

impl<'a, 's, 'l> Walk<'a, 's, 'l> {
    pub(super) fn new(file: File<'a>, base: u64, scan: &'s mut Scan<'l>) -> Self {
        let work_left = (file.bytes.len() as u64).saturating_mul(WORK_FACTOR).saturating_add(1 << 20);
        Self {
            file,
            base,
            heap: GlobalHeap::default(),
            visited: HashSet::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            work_left,
            broken: 0,
            scan,
        }
    }

    /// Visits every object that can be reached from the one at `root`.
    pub(super) fn run(mut self, root: u64) {
        self.pending.push((root, String::new()));
        while let Some((address, path)) = self.pending.pop() {
            self.pending_bytes = self.pending_bytes.saturating_sub(path.len());
            if self.work_left == 0 {
                let message = "objects share their parts so often that reading them all would take too long";
                self.scan.gap(None, format!("{message}; the rest was not looked at"));
                self.scan.report(Finding::new(&MALFORMED, message));
                break;
            }
            if !self.visited.insert(address) {
                continue;
            }
            if self.visited.len() > MAX_OBJECTS {
                self.scan.gap(None, format!("more than {MAX_OBJECTS} objects; the rest was not looked at"));
                break;
            }
            if self.visited.len().is_multiple_of(256) && self.scan.out_of_time() {
                break;
            }
            self.object(address, &path);
        }
    }

    fn object(&mut self, address: u64, path: &str) {
        let header = object::messages(&self.file, address);
        self.spend(header.bytes);
        if let Some(error) = header.error {
            self.broken(path, error);
        }
        let mut dataset = Dataset::default();
        for message in &header.messages {
            if self.work_left == 0 {
                return;
            }
            if let Err(error) = self.message(message, path, &mut dataset) {
                let offset = message.offset.saturating_add(error.offset);
                let error =
                    if error.offset < message.data.len() as u64 { Broken { offset, ..error } } else { error };
                self.broken(path, error);
            }
        }
        if let Err(error) = self.dataset(&dataset, path) {
            self.broken(path, error);
        }
    }

    fn message(
        &mut self,
        message: &Message<'a>,
        path: &str,
        dataset: &mut Dataset<'a>,
    ) -> Result<(), Broken> {
        let (file, data) = (self.file, message.data);
        match message.kind {
            kind::DATASPACE if !message.is_shared => dataset.count = Some(message::dataspace(&file, data)?),
            kind::DATATYPE => dataset.element = Some(self.element(data, message.is_shared)?),
            kind::LINK => {
                let (name, target) = message::link(&file, data)?;
                self.link(path, name, target, message.offset);
            }
            kind::LINK_INFO => {
                let mut fields = file.over(data, message.offset);
                fields.skip(1)?;
                let flags = fields.u8()?;
                fields.skip(if flags & 1 == 0 { 0 } else { 8 })?;
                let (heap, index) = (fields.address()?, fields.address()?);
                if !file.is_undefined(heap) {
                    for link in self.dense(heap, index, Self::LINK_ID)? {
                        let (name, target) = message::link(&file, link)?;
                        self.link(path, name, target, message.offset);
                    }
                }
            }
            kind::SYMBOL_TABLE => {
                let mut fields = file.over(data, message.offset);
                let (tree, heap) = (fields.address()?, fields.address()?);
                self.symbol_table(path, tree, heap)?;
            }
            kind::ATTRIBUTE if !message.is_shared => {
                let attribute = message::attribute(&file, data)?;
                self.attribute(path, &attribute)?;
            }
            kind::ATTRIBUTE_INFO => {
                let mut fields = file.over(data, message.offset);
                fields.skip(1)?;
                let flags = fields.u8()?;
                fields.skip(if flags & 1 == 0 { 0 } else { 2 })?;
                let (heap, index) = (fields.address()?, fields.address()?);
                if !file.is_undefined(heap) {
                    for attribute in self.dense(heap, index, Self::ATTRIBUTE_ID)? {
                        let attribute = message::attribute(&file, attribute)?;
                        self.attribute(path, &attribute)?;
                    }
                }
            }
            kind::LAYOUT => dataset.layout = Some(message::layout(&file, data)?),
            kind::FILTERS if !message.is_shared => dataset.filters = self.filters(path, message)?,
            kind::EXTERNAL_FILES => self.external_files(path, message)?,
            _ => {}
        }
        Ok(())
    }

    /// The objects of a fractal heap that the version 2 B-tree at `index` lists; the id stands at `id_at` in a record.
    fn dense(&mut self, heap: u64, index: u64, id_at: usize) -> Result<Vec<&'a [u8]>, Broken> {
        let mut heap = FractalHeap::open(&self.file, heap)?;
        let length = heap.id_length();
        let mut ids = Vec::new();
        let mut read = 0u64;
        btree::records(&self.file, index, &mut |record: &'a [u8]| {
            read = read.saturating_add(record.len() as u64);
            ids.extend(record.get(id_at..id_at.saturating_add(length)));
        })?;
        self.spend(read);
        ids.into_iter().map(|id| heap.object(id)).collect()
    }

    /// The members of a group of the old kind.
    fn symbol_table(&mut self, path: &str, tree: u64, heap: u64) -> Result<(), Broken> {
        let segment = heap::local(&self.file, heap)?;
        let (nodes, error) = btree::symbol_nodes(&self.file, tree);
        for node in nodes {
            if self.work_left == 0 {
                break;
            }
            let mut fields = self.file.at(node)?;
            fields.signature(b"SNOD", "no symbol table node")?;
            fields.skip(2)?;
            let count = fields.u16()?;
            self.spend(u64::from(count).saturating_mul(40).saturating_add(8));
            for _ in 0..count {
                let name = heap::local_text(segment, fields.address()?);
                self.spend(name.len() as u64);
                let address = fields.address()?;
                let cache = fields.u32()?;
                fields.skip(20)?;
                // A symbolic link keeps its path in the heap and has no object header.
                if cache != 2 {
                    self.link(path, name, Target::Object(address), node);
                }
            }
        }
        error.map_or(Ok(()), Err)
    }

    fn link(&mut self, path: &str, name: &[u8], target: Target<'_>, offset: u64) {
        let path = printable(&format!("{path}/{}", String::from_utf8_lossy(name)), PATH_CHARS);
        match target {
            Target::Object(address) => {
                if self.visited.contains(&address) {
                    return;
                }
                if self.pending.len() < MAX_PENDING {
                    let kept = self.pending_bytes.saturating_add(path.len()) <= PENDING_BYTES;
                    let path = if kept { path } else { String::new() };
                    self.pending_bytes = self.pending_bytes.saturating_add(path.len());
                    self.pending.push((address, path));
                } else {
                    self.scan.gap(None, format!("more than {MAX_PENDING} links; the rest was not followed"));
                }
            }
            Target::Path => {}
            Target::External { file, path: inside } => {
                let file = String::from_utf8_lossy(file);
                let inside = String::from_utf8_lossy(inside);
                let message = format!("`{path}` is a link to `{}` of another file", printable(&inside, 120));
                self.elsewhere(&path, offset, &file, &message);
            }
            Target::UserDefined(kind) => {
                let message = format!(
                    "`{path}` is a link of type {kind}, which only a program that registers it can follow"
                );
                let finding = Finding::new(&LINK, message).at(self.base.saturating_add(offset)).pointer(path);
                self.scan.report(finding);
            }
        }
    }

    /// Reports that what stands at `path` comes from the file `name`.
    fn elsewhere(&mut self, path: &str, offset: u64, name: &str, message: &str) {
        let escape = indicators::path_escape(name);
        let sensitive = indicators::is_sensitive_path(name);
        let severity = if escape.is_some() || sensitive { Severity::High } else { Severity::Medium };
        let why = escape.unwrap_or("lies beside this one");
        let message = format!("{message}: `{}`, which {why}", printable(name, 160));
        let finding = Finding::new(&EXTERNAL_FILE, message)
            .severity(severity)
            .at(self.base.saturating_add(offset))
            .pointer(path.to_owned())
            .evidence(name);
        self.scan.report(finding);
    }

    fn external_files(&mut self, path: &str, message: &Message<'a>) -> Result<(), Broken> {
        let (heap, names) = message::external_files(&self.file, message.data)?;
        let segment = heap::local(&self.file, heap)?;
        for name in names {
            let name = String::from_utf8_lossy(heap::local_text(segment, name)).into_owned();
            let text = format!("the values of `{path}` are read from another file");
            self.elsewhere(path, message.offset, &name, &text);
        }
        Ok(())
    }

    fn filters(&mut self, path: &str, message: &Message<'a>) -> Result<Vec<u16>, Broken> {
        let filters = message::filters(&self.file, message.data)?;
        for &number in &filters {
            let (severity, why) = match number {
                // Deflate, shuffle, Fletcher-32, szip, n-bit, scale-offset; LZF comes with h5py.
                0..=6 | 32000 => continue,
                // Registered with The HDF Group: well-known compressors above all.
                32001..=32767 => (Severity::Low, "a plugin registered with The HDF Group"),
                _ => (Severity::Medium, "a plugin that nobody registered"),
            };
            let text = format!("`{path}` needs filter {number}, {why}: the library loads it as native code");
            let finding = Finding::new(&FILTER, text)
                .severity(severity)
                .confidence(Confidence::Medium)
                .at(self.base.saturating_add(message.offset))
                .pointer(path.to_owned());
            self.scan.report(finding);
        }
        Ok(filters)
    }

    /// An element type, followed to its committed datatype when it is shared.
    fn element(&mut self, data: &[u8], is_shared: bool) -> Result<Element, Broken> {
        if !is_shared {
            return message::datatype(&self.file, data);
        }
        let missing = Broken { offset: 0, what: "a shared datatype that is not where it should be" };
        let address = object::shared_address(&self.file, data).ok_or(missing)?;
        let header = object::messages(&self.file, address);
        self.spend(header.bytes);
        let committed =
            header.messages.iter().find(|message| message.kind == kind::DATATYPE && !message.is_shared);
        message::datatype(&self.file, committed.ok_or(missing)?.data)
    }

    fn attribute(&mut self, path: &str, attribute: &Attribute<'a>) -> Result<(), Broken> {
        let name = String::from_utf8_lossy(attribute.name).into_owned();
        let element = self.element(attribute.datatype, attribute.shares_datatype)?;
        let count = message::dataspace(&self.file, attribute.dataspace)?;
        let place = format!("{path}/@{}", printable(&name, PATH_CHARS));
        if element.datatype == Datatype::Other && inspect::CONFIGURATIONS.contains(&name.as_str()) {
            return Err(Broken { offset: 0, what: "a configuration that is neither text nor bytes" });
        }
        for value in self.values(element, count, attribute.data)? {
            if !self.spend(value.len() as u64) {
                break;
            }
            inspect::attribute(&name, value, &place, self.scan);
        }
        Ok(())
    }

    /// The values of `count` elements in `data` that are text or bytes.
    fn values<'d>(&mut self, element: Element, count: u64, data: &'d [u8]) -> Result<Vec<&'d [u8]>, Broken>
    where
        'a: 'd,
    {
        let file: File<'d> = self.file;
        let mut values = Vec::new();
        match element.datatype {
            Datatype::Other => {}
            Datatype::Bytes => {
                let size = usize::try_from(element.size.saturating_mul(count)).unwrap_or(usize::MAX);
                values.push(data.get(..size).unwrap_or(data));
            }
            Datatype::Text => {
                let size = usize::try_from(element.size).unwrap_or(usize::MAX).max(1);
                let elements = usize::try_from(count.min(MAX_ELEMENTS)).unwrap_or(0);
                values.extend(data.chunks(size).take(elements).map(trim_padding));
            }
            Datatype::Variable => {
                let mut fields = file.over(data, 0);
                for _ in 0..count.min(MAX_ELEMENTS) {
                    let length = fields.u32()?;
                    let address = fields.address()?;
                    let index = fields.u32()?;
                    if address == 0 || self.file.is_undefined(address) || length == 0 {
                        continue;
                    }
                    let value = self.heap.object(&self.file, address, index)?;
                    values.push(value.get(..length as usize).unwrap_or(value));
                }
            }
        }
        Ok(values)
    }

    fn dataset(&mut self, dataset: &Dataset<'a>, path: &str) -> Result<(), Broken> {
        let Some(layout) = &dataset.layout else { return Ok(()) };
        let (Some(element), Some(count)) = (dataset.element, dataset.count) else { return Ok(()) };
        let data = match layout {
            Layout::Compact(data) => data,
            &Layout::Contiguous { address, size } => {
                if self.file.is_undefined(address) {
                    return Ok(());
                }
                let size = size.unwrap_or(element.size.saturating_mul(count));
                // Looked up even when it is not looked into: bytes that are not there are a truncated file.
                self.file.slice(address, size)?
            }
            &Layout::Virtual { address, index } => {
                let list = self.heap.object(&self.file, address, index)?;
                for name in message::virtual_sources(&self.file, list)? {
                    // `.` stands for the file itself.
                    if name != b"." {
                        let name = String::from_utf8_lossy(name).into_owned();
                        self.elsewhere(
                            path,
                            address,
                            &name,
                            &format!("`{path}` is put together from another file"),
                        );
                    }
                }
                return Ok(());
            }
            Layout::Chunked(index) => return self.chunked(index, dataset, element, count, path),
        };
        if data.len() as u64 <= VALUE_BYTES {
            for value in self.values(element, count, data)? {
                if !self.spend(value.len() as u64) {
                    break;
                }
                inspect::value(value, path, self.scan);
            }
        }
        Ok(())
    }

    /// A dataset in chunks, whose values are looked at when they are text or bytes.
    fn chunked(
        &mut self,
        index: &chunks::Index,
        dataset: &Dataset<'a>,
        element: Element,
        count: u64,
        path: &str,
    ) -> Result<(), Broken> {
        let size = element.size.saturating_mul(count);
        if element.datatype == Datatype::Other || size > VALUE_BYTES || !self.scan.expand(size) {
            return Ok(());
        }
        let pieces = chunks::content(&self.file, index, &dataset.filters, element.size, size)?;
        let lacking = size.saturating_sub(pieces.iter().map(|piece| piece.len() as u64).sum());
        for piece in &pieces {
            for value in self.values(element, count, piece)? {
                if !self.spend(0) {
                    return Ok(());
                }
                inspect::value(value, path, self.scan);
            }
        }
        if lacking > 0 && !pieces.is_empty() {
            self.scan
                .gap(None, format!("`{path}` lacks {lacking} bytes of its chunks; fetch the file again"));
        }
        Ok(())
    }

    /// Books `bytes` of work; `false` when there is none left.
    fn spend(&mut self, bytes: u64) -> bool {
        self.work_left = self.work_left.saturating_sub(bytes.saturating_add(1));
        self.work_left > 0
    }

    fn broken(&mut self, path: &str, error: Broken) {
        self.broken = self.broken.saturating_add(1);
        if self.broken > Self::BROKEN_TOLD {
            return;
        }
        let shown = if path.is_empty() { "/" } else { path };
        let offset = self.base.saturating_add(error.offset);
        self.scan.gap(Some(offset), format!("`{shown}` could not be read: {}", error.what));
        self.scan.report(
            Finding::new(&MALFORMED, format!("`{shown}` holds {}", error.what))
                .at(offset)
                .pointer(path.to_owned()),
        );
    }

    /// Where the heap id stands in a record of a link name index: after the hash.
    const LINK_ID: usize = 4;
    /// Where the heap id stands in a record of an attribute name index.
    const ATTRIBUTE_ID: usize = 0;
    /// Most broken structures told of one file.
    const BROKEN_TOLD: u32 = 32;
}

/// What the messages of one object say about its values.
#[derive(Default)]
struct Dataset<'a> {
    element: Option<Element>,
    count: Option<u64>,
    layout: Option<Layout<'a>>,
    filters: Vec<u16>,
}

/// A string without the NULs and spaces that fill it up.
fn trim_padding(value: &[u8]) -> &[u8] {
    let end =
        value.iter().rposition(|&byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last.saturating_add(1));
    value.get(..end).unwrap_or_default()
}
