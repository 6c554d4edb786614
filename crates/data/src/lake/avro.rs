//! The records of an Avro object container file, as far as Iceberg's manifests need them.
//!
//! Source: Apache Avro 1.12 specification, "Object Container Files" and "Binary Encoding". Codecs: null, deflate. Values of bytes and
//! fixed types come out as an object that names their length: manifests hold only statistics in them.

use super::{DEEPEST, LakeError, MOST_METADATA};
use flate2::read::DeflateDecoder;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

/// Most types of a schema, fields and branches counted.
const MOST_TYPES: usize = 10_000;
/// Most values for each byte of a block: fields without a value take one byte.
const VALUES_A_BYTE: usize = 16;
/// Most bytes of a block, decompressed.
const MOST_BLOCK: u64 = MOST_METADATA;

/// Hands over the records of `bytes`, the content of `path`, and gives the file's own metadata.
///
/// Cost: `O(bytes)` time; memory for one block and one record.
///
/// # Errors
/// [`LakeError::Malformed`] with the offset, [`LakeError::Unsupported`] for other codecs, and those of `visit`.
pub fn records(
    bytes: &[u8],
    path: &Path,
    visit: &mut dyn FnMut(Value) -> Result<(), LakeError>,
) -> Result<HashMap<String, String>, LakeError> {
    let mut file = Input::new(bytes);
    let failed = |wrong: Wrong| LakeError::malformed(path, format!(" (byte {})", wrong.at), wrong.reason);
    let header = header(&mut file).map_err(failed)?;
    let schema = header.get("avro.schema").map(String::as_str).unwrap_or_default();
    let schema =
        Schema::parse(schema).map_err(|reason| LakeError::malformed(path, " (avro.schema)", reason))?;
    let deflated = match header.get("avro.codec").map(String::as_str) {
        None | Some("null") => false,
        Some("deflate") => true,
        Some(other) => {
            return Err(LakeError::Unsupported {
                path: path.to_owned(),
                what: format!("Avro compressed with `{}`", super::place::shown(other)),
                remedy: "rewrite the manifests with the codec gzip",
            });
        }
    };
    let marker = file.take(16).map_err(failed)?.to_vec();
    while !file.is_done() {
        let start = file.at;
        let count = file.long().map_err(failed)?;
        let size = file.length().map_err(failed)?;
        let block = file.take(size).map_err(failed)?;
        if file.take(16).map_err(failed)? != marker {
            return Err(failed(file.wrong("a block does not end with the file's marker: it is damaged")));
        }
        let mut plain = Vec::new();
        let block = if deflated {
            let read = DeflateDecoder::new(block).take(MOST_BLOCK.saturating_add(1)).read_to_end(&mut plain);
            if let Err(error) = read {
                return Err(failed(Wrong { at: start, reason: format!("a block is damaged: {error}") }));
            }
            if plain.len() as u64 > MOST_BLOCK {
                return Err(LakeError::Limit {
                    path: path.to_owned(),
                    limit: MOST_BLOCK,
                    what: "bytes in a block",
                });
            }
            plain.as_slice()
        } else {
            block
        };
        let mut input = Input::new(block);
        let inside = |wrong: Wrong| {
            let place = format!(" (block at byte {start}, byte {} of it)", wrong.at);
            LakeError::malformed(path, place, wrong.reason)
        };
        if usize::try_from(count).is_ok_and(|count| count > block.len()) || count < 0 {
            return Err(inside(
                input.wrong("a block counts more records than it has bytes, or fewer than none"),
            ));
        }
        for _ in 0..count {
            let record = schema.value(&mut input, schema.root, 0).map_err(inside)?;
            visit(record)?;
        }
        if !input.is_done() {
            return Err(inside(input.wrong("a block holds more than its records")));
        }
    }
    Ok(header)
}

/// The metadata of the file, after its first four bytes.
fn header(file: &mut Input<'_>) -> Result<HashMap<String, String>, Wrong> {
    if file.take(4)? != b"Obj\x01" {
        return Err(Wrong { at: 0, reason: "is no Avro file".to_owned() });
    }
    let mut found = HashMap::new();
    while let Some(count) = file.items()? {
        for _ in 0..count {
            let key = file.text()?;
            let length = file.length()?;
            let value = String::from_utf8_lossy(file.take(length)?).into_owned();
            found.insert(key, value);
        }
    }
    Ok(found)
}

/// What is wrong, and at which byte.
struct Wrong {
    at: usize,
    reason: String,
}

/// Bytes, how many of them were read, and how many values more they may give: values of no byte cost time, too.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Input<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, values: bytes.len().saturating_mul(VALUES_A_BYTE).saturating_add(MOST_TYPES) }
    }

    fn wrong(&self, reason: &str) -> Wrong {
        Wrong { at: self.at, reason: reason.to_owned() }
    }

    fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Wrong> {
        let end = self.at.saturating_add(count);
        let taken =
            self.bytes.get(self.at..end).ok_or_else(|| self.wrong("ends too early: it is truncated"))?;
        self.at = end;
        Ok(taken)
    }

    /// A number of variable length, zig-zag.
    fn long(&mut self) -> Result<i64, Wrong> {
        let mut number = 0_u64;
        for shift in (0..64_u32).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(self.wrong("a number has more than ten bytes"))
    }

    /// A length, which is no more than the bytes that are left.
    fn length(&mut self) -> Result<usize, Wrong> {
        let length = self.long()?;
        let left = self.bytes.len().saturating_sub(self.at);
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
            .ok_or_else(|| self.wrong("a length is negative or beyond the end"))
    }

    /// The count of the next block of an array or map; `None` after the last.
    fn items(&mut self) -> Result<Option<usize>, Wrong> {
        let mut count = self.long()?;
        if count < 0 {
            self.long()?;
            count = count.saturating_neg();
        }
        let left = self.bytes.len().saturating_sub(self.at);
        match usize::try_from(count).ok().filter(|count| *count <= left) {
            Some(0) => Ok(None),
            Some(count) => Ok(Some(count)),
            None => Err(self.wrong("an array counts more items than there are bytes")),
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| self.wrong("a text is no UTF-8"))
    }
}

/// A type, its parts by their place in the schema.
#[derive(Debug, Clone)]
enum Type {
    Null,
    Boolean,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// The types of a file.
#[derive(Debug)]
struct Schema {
    types: Vec<Type>,
    named: HashMap<String, usize>,
    root: usize,
}

impl Schema {
    fn parse(text: &str) -> Result<Self, String> {
        let json: Value =
            serde_json::from_str(text).map_err(|error| format!("the schema is no JSON: {error}"))?;
        let mut schema = Self { types: Vec::new(), named: HashMap::new(), root: 0 };
        schema.root = schema.add(&json, 0)?;
        Ok(schema)
    }

    fn add(&mut self, json: &Value, depth: usize) -> Result<usize, String> {
        if depth > DEEPEST || self.types.len() >= MOST_TYPES {
            return Err("the schema is deeper or larger than is read".to_owned());
        }
        let deeper = depth.saturating_add(1);
        let found = match json {
            Value::String(name) => match Self::simple(name) {
                Some(simple) => simple,
                None => return self.named.get(short(name)).copied().ok_or_else(|| unknown(name)),
            },
            Value::Array(branches) => {
                Type::Union(branches.iter().map(|branch| self.add(branch, deeper)).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => {
                let inner = object.get("type").ok_or("a type of the schema has no `type`")?;
                let Some(name) = inner.as_str() else { return self.add(inner, deeper) };
                let part = |key: &str| object.get(key).ok_or_else(|| format!("the schema lacks `{key}`"));
                match name {
                    "array" => Type::Array(self.add(part("items")?, deeper)?),
                    "map" => Type::Map(self.add(part("values")?, deeper)?),
                    "record" => return self.add_record(object, deeper),
                    "fixed" => {
                        let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                        Type::Fixed(size.ok_or("a fixed type has no size")?)
                    }
                    "enum" => {
                        let symbols = part("symbols")?.as_array().cloned().unwrap_or_default();
                        Type::Enum(symbols.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                    }
                    other => match Self::simple(other) {
                        Some(simple) => simple,
                        None => return self.named.get(short(other)).copied().ok_or_else(|| unknown(other)),
                    },
                }
            }
            _ => return Err("a type of the schema is neither name, list nor object".to_owned()),
        };
        let place = self.push(found);
        if let Some(name) = json.get("name").and_then(Value::as_str) {
            self.named.insert(short(name).to_owned(), place);
        }
        Ok(place)
    }

    /// A record is known by its name to its own fields.
    fn add_record(&mut self, object: &Map<String, Value>, depth: usize) -> Result<usize, String> {
        let place = self.push(Type::Record(Vec::new()));
        if let Some(name) = object.get("name").and_then(Value::as_str) {
            self.named.insert(short(name).to_owned(), place);
        }
        let mut fields = Vec::new();
        for field in object.get("fields").and_then(Value::as_array).ok_or("a record has no `fields`")? {
            let name = field.get("name").and_then(Value::as_str).ok_or("a field has no name")?;
            let inner = field.get("type").ok_or("a field has no type")?;
            fields.push((name.to_owned(), self.add(inner, depth)?));
        }
        if let Some(slot) = self.types.get_mut(place) {
            *slot = Type::Record(fields);
        }
        Ok(place)
    }

    fn push(&mut self, found: Type) -> usize {
        self.types.push(found);
        self.types.len().saturating_sub(1)
    }

    fn simple(name: &str) -> Option<Type> {
        Some(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" | "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::Text,
            _ => return None,
        })
    }

    fn value(&self, input: &mut Input<'_>, place: usize, depth: usize) -> Result<Value, Wrong> {
        if depth > DEEPEST {
            return Err(input.wrong("values nest deeper than is read"));
        }
        input.values = input
            .values
            .checked_sub(1)
            .ok_or_else(|| input.wrong("a block gives more values than its bytes can hold"))?;
        let deeper = depth.saturating_add(1);
        let found = self.types.get(place).ok_or_else(|| input.wrong("a type is not in the schema"))?;
        Ok(match found {
            Type::Null => Value::Null,
            Type::Boolean => Value::Bool(input.take(1)? == [1]),
            Type::Long => input.long()?.into(),
            Type::Float => {
                let bytes = input.take(4)?.try_into().unwrap_or_default();
                Value::from(f32::from_le_bytes(bytes))
            }
            Type::Double => {
                let bytes = input.take(8)?.try_into().unwrap_or_default();
                Value::from(f64::from_le_bytes(bytes))
            }
            Type::Text => Value::String(input.text()?),
            Type::Bytes => {
                let length = input.length()?;
                opaque(input.take(length)?)
            }
            Type::Fixed(size) => opaque(input.take(*size)?),
            Type::Enum(symbols) => {
                let place = usize::try_from(input.long()?).ok();
                let symbol = place.and_then(|place| symbols.get(place));
                Value::from(symbol.ok_or_else(|| input.wrong("an enum has no such symbol"))?.as_str())
            }
            Type::Union(branches) => {
                let place = usize::try_from(input.long()?).ok();
                let branch = place.and_then(|place| branches.get(place)).copied();
                let branch = branch.ok_or_else(|| input.wrong("a union has no such branch"))?;
                self.value(input, branch, deeper)?
            }
            Type::Array(item) => {
                let mut items = Vec::new();
                while let Some(count) = input.items()? {
                    for _ in 0..count {
                        items.push(self.value(input, *item, deeper)?);
                    }
                }
                Value::Array(items)
            }
            Type::Map(item) => {
                let mut entries = Map::new();
                while let Some(count) = input.items()? {
                    for _ in 0..count {
                        let key = input.text()?;
                        entries.insert(key, self.value(input, *item, deeper)?);
                    }
                }
                Value::Object(entries)
            }
            Type::Record(fields) => {
                let mut entries = Map::new();
                for (name, field) in fields {
                    let value = self.value(input, *field, deeper)?;
                    if !value.is_null() {
                        entries.insert(name.clone(), value);
                    }
                }
                Value::Object(entries)
            }
        })
    }
}

/// Bytes that nobody here looks into.
fn opaque(bytes: &[u8]) -> Value {
    serde_json::json!({ "bytes": bytes.len() })
}

/// A name without its namespace.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn unknown(name: &str) -> String {
    format!("the schema uses `{}` without saying what it is", super::place::shown(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(number: i64) -> Vec<u8> {
        let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
        let mut bytes = Vec::new();
        loop {
            let low = (rest & 0x7f) as u8;
            rest >>= 7;
            bytes.push(if rest == 0 { low } else { low | 0x80 });
            if rest == 0 {
                return bytes;
            }
        }
    }

    fn text(text: &str) -> Vec<u8> {
        [long(text.len().cast_signed() as i64), text.as_bytes().to_vec()].concat()
    }

    fn file(schema: &str, codec: &str, count: i64, block: &[u8]) -> Vec<u8> {
        let packed = if codec == "deflate" {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, block).unwrap();
            encoder.finish().unwrap()
        } else {
            block.to_vec()
        };
        let header = [long(2), text("avro.schema"), text(schema), text("avro.codec"), text(codec), long(0)];
        let body = [long(count), long(packed.len().cast_signed() as i64), packed, vec![7; 16]];
        [b"Obj\x01".to_vec(), header.concat(), vec![7; 16], body.concat()].concat()
    }

    fn all(bytes: &[u8]) -> Result<Vec<Value>, String> {
        let mut found = Vec::new();
        records(bytes, Path::new("m.avro"), &mut |record| {
            found.push(record);
            Ok(())
        })
        .map_err(|error| error.to_string())?;
        Ok(found)
    }

    const SCHEMA: &str = r#"{"type":"record","name":"entry","fields":[
        {"name":"path","type":"string"},{"name":"id","type":["null","long"]},
        {"name":"bounds","type":["null",{"type":"array","items":{"type":"record","name":"k1","fields":[{"name":"key","type":"int"},{"name":"value","type":"bytes"}]}}]},
        {"name":"again","type":{"type":"map","values":"k1"}}]}"#;

    fn record() -> Vec<u8> {
        let pair = [long(-5), text("xy")].concat();
        let bounds = [long(1), long(1), pair.clone(), long(0)].concat();
        [text("a.parquet"), long(1), long(77), bounds, long(-1), long(4), text("k"), pair, long(0)].concat()
    }

    #[test]
    fn records_of_both_codecs_are_read() {
        let expected = serde_json::json!({
            "path": "a.parquet", "id": 77, "bounds": [{"key": -5, "value": {"bytes": 2}}],
            "again": {"k": {"key": -5, "value": {"bytes": 2}}},
        });
        for codec in ["null", "deflate"] {
            let block = [record(), record()].concat();
            assert_eq!(all(&file(SCHEMA, codec, 2, &block)).unwrap(), [expected.clone(), expected.clone()]);
        }
        // Equal records take less room compressed than there are of them.
        let many = all(&file(SCHEMA, "deflate", 2_000, &record().repeat(2_000))).unwrap();
        assert_eq!(many.len(), 2_000);
    }

    #[test]
    fn damage_is_said_with_its_place() {
        let whole = file(SCHEMA, "null", 1, &record());
        for end in [0, 3, 20, whole.len() - 20, whole.len() - 1] {
            let said = all(whole.get(..end).unwrap()).unwrap_err();
            assert!(said.contains("byte") || said.contains("schema"), "{end}: {said}");
        }
        assert!(all(&file(SCHEMA, "snappy", 1, &record())).unwrap_err().contains("`snappy`"));
        let said = all(&file(SCHEMA, "null", 1, &[record(), vec![0]].concat())).unwrap_err();
        assert!(said.contains("more than its records"), "{said}");
        let said = all(&file(r#""null""#, "null", 1 << 40, b"")).unwrap_err();
        assert!(said.contains("more records than"), "{said}");
        let endless = r#"{"type":"record","name":"r","fields":[{"name":"f","type":"r"}]}"#;
        assert!(all(&file(endless, "null", 1, b"x")).unwrap_err().contains("nest"));
        let doubling = (1..30).fold(r#"{"type":"record","name":"r0","fields":[]}"#.to_owned(), |inner, depth| {
            let last = depth - 1;
            format!(r#"{{"type":"record","name":"r{depth}","fields":[{{"name":"a","type":{inner}}},{{"name":"b","type":"r{last}"}}]}}"#)
        });
        let said = all(&file(&doubling, "null", 1, b"x")).unwrap_err();
        assert!(said.contains("more values") || said.contains("deeper"), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_after_the_header_give_records_or_an_error(
            block in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            count in 0_i64..6,
        ) {
            let _ = all(&file(SCHEMA, "null", count, &block));
            let _ = all(&block);
        }

        #[test]
        fn flipped_bits_give_records_or_an_error(at in 0_usize..600, bit in 0_u8..8) {
            let mut bytes = file(SCHEMA, "deflate", 2, &[record(), record()].concat());
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let _ = all(&bytes);
        }
    }
}
