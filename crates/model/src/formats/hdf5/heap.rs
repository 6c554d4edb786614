//! The heaps: names of old groups (local), variable-length values (global), and links and attributes kept outside
//! their object header (fractal).
//!
//! Source: *HDF5 File Format Specification Version 3.0*, sections III.D, III.E, III.G.

use super::btree;
use super::fields::{Broken, File, width_of};
use std::collections::HashMap;

/// The data segment of the local heap at `address`.
pub(super) fn local<'a>(file: &File<'a>, address: u64) -> Result<&'a [u8], Broken> {
    let mut fields = file.at(address)?;
    fields.signature(b"HEAP", "no local heap")?;
    fields.skip(4)?;
    let size = fields.length()?;
    fields.length()?;
    let segment = fields.address()?;
    file.slice(segment, size)
}

/// The NUL-terminated text at `offset` of a local heap's data segment.
pub(super) fn local_text(segment: &[u8], offset: u64) -> &[u8] {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = segment.get(start..).unwrap_or_default();
    let rest = rest.get(..NAME_BYTES).unwrap_or(rest);
    rest.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Longest name read from a local heap, in bytes; longer ones are cut.
const NAME_BYTES: usize = 4096;

/// Objects of one global heap collection by their index.
type Collection<'a> = HashMap<u16, &'a [u8]>;

/// The global heap, its collections read once each.
#[derive(Debug, Default)]
pub(super) struct GlobalHeap<'a> {
    collections: HashMap<u64, Collection<'a>>,
    /// Bytes of all collections read, again or for the first time.
    read: u64,
}

impl<'a> GlobalHeap<'a> {
    /// The object `index` of the collection at `address`.
    pub(super) fn object(&mut self, file: &File<'a>, address: u64, index: u32) -> Result<&'a [u8], Broken> {
        if !self.collections.contains_key(&address) {
            if self.collections.len() >= Self::COLLECTIONS {
                self.collections.clear();
            }
            if self.read > (file.bytes.len() as u64).saturating_mul(Self::WORK_FACTOR).saturating_add(1 << 20)
            {
                return Err(Broken {
                    offset: address,
                    what: "more heap collections than the file has room for",
                });
            }
            let collection = collection(file, address, &mut self.read)?;
            self.collections.insert(address, collection);
        }
        let index = u16::try_from(index).unwrap_or(0);
        let missing = Broken { offset: address, what: "a value that its heap does not hold" };
        self.collections.get(&address).and_then(|objects| objects.get(&index)).copied().ok_or(missing)
    }

    /// Bytes of collections read for each byte of the file, before they are taken to overlap.
    const WORK_FACTOR: u64 = 8;
    /// Most collections kept at a time; each holds at most 65,535 objects and usually 4 KiB.
    const COLLECTIONS: usize = 256;
}

fn collection<'a>(file: &File<'a>, address: u64, read: &mut u64) -> Result<Collection<'a>, Broken> {
    let mut fields = file.at(address)?;
    fields.signature(b"GCOL", "no global heap")?;
    fields.skip(4)?;
    let size = fields.length()?;
    *read = read.saturating_add(size);
    let header = fields.position().saturating_sub(address);
    let mut fields =
        file.over(fields.take(usize::try_from(size.saturating_sub(header)).unwrap_or(usize::MAX))?, address);
    let mut objects = Collection::new();
    while fields.remaining() >= 16 {
        let index = fields.u16()?;
        fields.skip(6)?;
        let length = fields.length()?;
        if index == 0 {
            break;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        objects.insert(index, fields.take(length)?);
        fields.skip((length.wrapping_neg() & 7).min(fields.remaining()))?;
    }
    Ok(objects)
}

/// A fractal heap, opened by its header.
#[derive(Debug)]
pub(super) struct FractalHeap<'a> {
    file: File<'a>,
    id_length: usize,
    is_filtered: bool,
    /// Address of the B-tree of huge objects.
    huge_index: u64,
    width: u64,
    start_size: u64,
    max_direct_size: u64,
    offset_size: usize,
    length_size: usize,
    root: u64,
    root_rows: u16,
    huge: Option<HashMap<u64, (u64, u64)>>,
}

impl<'a> FractalHeap<'a> {
    /// Opens the heap whose header stands at `address`.
    pub(super) fn open(file: &File<'a>, address: u64) -> Result<Self, Broken> {
        let mut fields = file.at(address)?;
        fields.signature(b"FRHP", "no fractal heap")?;
        fields.skip(1)?;
        let id_length = fields.u16()?;
        let filters = fields.u16()?;
        fields.skip(1)?;
        let max_managed = u64::from(fields.u32()?);
        fields.length()?;
        let huge_index = fields.address()?;
        fields.length()?;
        fields.address()?;
        for _ in 0..8 {
            fields.length()?;
        }
        let width = u64::from(fields.u16()?);
        let start_size = fields.length()?;
        let max_direct_size = fields.length()?;
        let max_heap_bits = fields.u16()?;
        fields.u16()?;
        let root = fields.address()?;
        let root_rows = fields.u16()?;
        let sane = width.is_power_of_two()
            && start_size.is_power_of_two()
            && max_direct_size.is_power_of_two()
            && start_size <= max_direct_size
            && max_heap_bits <= 64
            && width <= 1 << 16;
        if !sane {
            return Err(Broken { offset: address, what: "a fractal heap with impossible sizes" });
        }
        let direct_width = (max_direct_size.ilog2() as usize).saturating_add(7) / 8;
        Ok(Self {
            file: *file,
            id_length: id_length.into(),
            is_filtered: filters != 0,
            huge_index,
            width,
            start_size,
            max_direct_size,
            offset_size: usize::from(max_heap_bits).div_ceil(8),
            length_size: direct_width.min(width_of(max_managed)),
            root,
            root_rows,
            huge: None,
        })
    }

    /// How many bytes an object's id takes.
    pub(super) fn id_length(&self) -> usize {
        self.id_length
    }

    /// The object with `id`.
    pub(super) fn object(&mut self, id: &'a [u8]) -> Result<&'a [u8], Broken> {
        let mut fields = self.file.over(id, self.root);
        let first = fields.u8()?;
        match (first >> 4) & 3 {
            0 => {
                let offset = fields.number(self.offset_size.min(8))?;
                let length = fields.number(self.length_size.min(8))?;
                self.managed(offset, length)
            }
            1 => {
                let wide = self.file.address_size.saturating_add(self.file.length_size);
                if self.id_length.saturating_sub(1) >= wide {
                    let (address, length) = (fields.address()?, fields.length()?);
                    return self.file.slice(address, length);
                }
                let key = fields.number(self.id_length.saturating_sub(1).min(8))?;
                self.huge_object(key)
            }
            2 => {
                let length = usize::from(first & 0x0f).saturating_add(1);
                fields.take(length)
            }
            _ => Err(Broken { offset: self.root, what: "a heap id of unknown type" }),
        }
    }

    fn managed(&self, offset: u64, length: u64) -> Result<&'a [u8], Broken> {
        if self.is_filtered {
            return Err(Broken { offset: self.root, what: "a compressed fractal heap, which is not read" });
        }
        let (mut block, mut rows, mut inside) = (self.root, u64::from(self.root_rows), offset);
        // Each level is at least half the size of the one above, and sizes have 64 bits.
        for _ in 0..64 {
            if rows == 0 {
                let mut fields = self.file.at(block)?;
                fields.signature(b"FHDB", "no direct block of a fractal heap")?;
                return self.file.slice(block.saturating_add(inside), length);
            }
            let mut fields = self.file.at(block)?;
            fields.signature(b"FHIB", "no indirect block of a fractal heap")?;
            fields.skip(1)?;
            fields.address()?;
            fields.skip(self.offset_size)?;
            let (row, row_start, size) = self.row(inside)?;
            let column = inside.saturating_sub(row_start).checked_div(size).unwrap_or(0);
            let entry = row.saturating_mul(self.width).saturating_add(column);
            if row >= rows {
                break;
            }
            let skipped = entry.saturating_mul(self.file.address_size as u64);
            fields.skip(usize::try_from(skipped).unwrap_or(usize::MAX))?;
            block = fields.address()?;
            inside = inside.saturating_sub(row_start).saturating_sub(column.saturating_mul(size));
            let indirect = size > self.max_direct_size;
            let first_row = self.start_size.saturating_mul(self.width);
            rows = if indirect {
                u64::from(size.checked_div(first_row).unwrap_or(0).checked_ilog2().unwrap_or(0))
                    .saturating_add(1)
            } else {
                0
            };
        }
        Err(Broken { offset: block, what: "a heap offset outside its heap" })
    }

    /// The row of the doubling table that holds `offset`, where the row begins, and the size of its blocks.
    fn row(&self, offset: u64) -> Result<(u64, u64, u64), Broken> {
        let first_row = self.start_size.saturating_mul(self.width);
        let broken = Broken { offset: self.root, what: "a heap offset outside its heap" };
        let multiple = offset.checked_div(first_row).ok_or(broken)?;
        let Some(power) = multiple.checked_ilog2() else { return Ok((0, 0, self.start_size)) };
        let row = u64::from(power).saturating_add(1);
        let start = first_row.checked_shl(power).ok_or(broken)?;
        let size = self.start_size.checked_shl(power).ok_or(broken)?;
        Ok((row, start, size))
    }

    fn huge_object(&mut self, key: u64) -> Result<&'a [u8], Broken> {
        if self.huge.is_none() {
            let mut places = HashMap::new();
            let file = self.file;
            btree::records(&file, self.huge_index, &mut |record| {
                let mut fields = file.over(record, 0);
                if let (Ok(address), Ok(length), Ok(id)) =
                    (fields.address(), fields.length(), fields.length())
                {
                    places.insert(id, (address, length));
                }
            })?;
            self.huge = Some(places);
        }
        let place = self.huge.as_ref().and_then(|huge| huge.get(&key)).copied();
        let (address, length) = place
            .ok_or(Broken { offset: self.huge_index, what: "a huge object that its index does not hold" })?;
        self.file.slice(address, length)
    }
}
