//! The JSON header of a safetensors file, read in one streaming pass that keeps what a map would lose: duplicate keys,
//! unknown fields, values of the wrong type.
//!
//! Nesting is bounded by serde_json's own limit of 128; memory is proportional to the header.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Tensors in the order written.
    pub(super) tensors: Vec<Tensor>,
    /// Metadata pairs in the order written.
    pub(super) metadata: Vec<(String, String)>,
    /// What is wrong with entries that could still be read: the entry's name and the fault.
    pub(super) faults: Vec<(String, String)>,
    /// Text in fields the format does not know, by entry name.
    pub(super) strays: Vec<(String, String)>,
    names: HashSet<String>,
}

/// One tensor's entry.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) dtype: String,
    /// Product of the dimensions; `None` when it overflows 64 bits.
    pub(super) elements: Option<u64>,
    /// The dimensions.
    pub(super) shape: Vec<u64>,
    /// Start and end in the data section.
    pub(super) span: (u64, u64),
}

impl Header {
    /// Reads `json`; what was read before an error stays in the header.
    pub(super) fn read(json: &[u8]) -> (Self, Option<serde_json::Error>) {
        let mut header = Self::default();
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = deserializer.deserialize_map(Entries(&mut header));
        let error = read.and_then(|()| deserializer.end()).err();
        (header, error)
    }

    fn fault(&mut self, name: &str, fault: impl Into<String>) {
        self.faults.push((name.to_owned(), fault.into()));
    }
}

/// The top-level object.
struct Entries<'h>(&'h mut Header);

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let header = self.0;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if !header.names.insert(name.clone().into_owned()) {
                header.fault(&name, "is written twice; loaders disagree on which one counts");
            }
            if name == "__metadata__" {
                map.next_value_seed(Pairs(header))?;
            } else {
                map.next_value_seed(Info { header, name: name.into_owned() })?;
            }
        }
        Ok(())
    }
}

/// The `__metadata__` object.
struct Pairs<'h>(&'h mut Header);

impl<'de> DeserializeSeed<'de> for Pairs<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pairs<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                self.0.fault("__metadata__", format!("holds `{key}` twice"));
            }
            match map.next_value_seed(Text)? {
                (text, true) => self.0.metadata.push((key, text)),
                (text, false) => {
                    self.0.fault("__metadata__", format!("holds `{key}`, which is no string"));
                    self.0.metadata.push((key, text));
                }
            }
        }
        Ok(())
    }
}

/// Any value: its text, all strings inside it joined, and whether it is just a string.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = (String, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = (String, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.to_owned(), true))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((String::new(), false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok((String::new(), false))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok((String::new(), false))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok((String::new(), false))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok((String::new(), false))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = String::new();
        while let Some((text, _)) = seq.next_element_seed(Text)? {
            all.push_str(&text);
            all.push('\n');
        }
        Ok((all, false))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = String::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            all.push_str(&key);
            all.push('\n');
            all.push_str(&map.next_value_seed(Text)?.0);
            all.push('\n');
        }
        Ok((all, false))
    }
}

/// One tensor's object.
struct Info<'h> {
    header: &'h mut Header,
    name: String,
}

impl<'de> DeserializeSeed<'de> for Info<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Info<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { header, name } = self;
        let (mut dtype, mut elements, mut span) = (None, None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let again = match key.as_ref() {
                "dtype" => dtype.replace(map.next_value::<String>()?).is_some(),
                "shape" => elements.replace(map.next_value_seed(Shape)?).is_some(),
                "data_offsets" => span.replace(map.next_value::<(u64, u64)>()?).is_some(),
                _ => {
                    let (text, _) = map.next_value_seed(Text)?;
                    header.fault(&name, format!("has the unknown field `{key}`"));
                    header.strays.push((name.clone(), text));
                    false
                }
            };
            if again {
                header.fault(&name, format!("has the field `{key}` twice"));
            }
        }
        match (dtype, elements, span) {
            (Some(dtype), Some((elements, shape)), Some(span)) => {
                header.tensors.push(Tensor { name, dtype, elements, shape, span });
            }
            _ => header.fault(&name, "lacks dtype, shape or data_offsets"),
        }
        Ok(())
    }
}

/// An array of dimensions and its product.
struct Shape;

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = (Option<u64>, Vec<u64>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = (Option<u64>, Vec<u64>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of dimensions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut product, mut shape) = (Some(1u64), Vec::new());
        while let Some(dimension) = seq.next_element::<u64>()? {
            product = product.and_then(|product| product.checked_mul(dimension));
            shape.push(dimension);
        }
        Ok((product, shape))
    }
}
