//! What methods of strings, bytes and dictionaries give.

use super::{SEQUENCE, attribute, item, keep, octets, sequence, string, text};
use crate::pickle::machine::Machine;
use crate::pickle::value::{Kind, Value};
use crate::python::strings::{Argument, Folded, MOST_BYTES, codecs, formatted, interpolated, replaced};

/// What the method `name` of a string, bytes or dictionary gives.
pub(super) fn method(
    machine: &mut Machine<'_>,
    object: Value,
    name: &str,
    arguments: &[Value],
    place: u64,
) -> Option<Value> {
    let first = arguments.first().copied();
    match name {
        "__getitem__" | "get" | "pop" | "setdefault" => return item(machine, object, first?, place),
        "__getattribute__" | "__getattr__" => {
            let name = string(machine, first?)?;
            return attribute(machine, object, &name, place);
        }
        "join" => {
            let parts = sequence(machine, first?)?;
            let separator = text(machine, object)?;
            let mut joined = Vec::new();
            for (index, part) in parts.into_iter().enumerate() {
                if index > 0 {
                    joined.extend(match &separator {
                        Folded::Text(text) => text.as_bytes(),
                        Folded::Bytes(bytes) => bytes,
                    });
                }
                joined.extend(octets(machine, part)?);
                if joined.len() > MOST_BYTES {
                    return None;
                }
            }
            return keep(
                machine,
                match separator {
                    Folded::Text(_) => Folded::Text(String::from_utf8(joined).ok()?),
                    Folded::Bytes(_) => Folded::Bytes(joined),
                },
            );
        }
        _ => {}
    }
    match text(machine, object)? {
        Folded::Bytes(bytes) => match name {
            "decode" => {
                let codec = match first {
                    Some(codec) => string(machine, codec)?,
                    None => "utf-8".to_owned(),
                };
                keep(machine, codecs::decode(&Folded::Bytes(bytes), &codec)?)
            }
            "hex" => keep(machine, Folded::Text(bartizan_core::hex(&bytes))),
            "__add__" => {
                let more = octets(machine, first?)?;
                keep(machine, Folded::Bytes([bytes, more].concat()))
            }
            "fromhex" => {
                let digits = octets(machine, first?)?;
                keep(machine, Folded::Bytes(codecs::hex(&digits)?))
            }
            "replace" => {
                let text = String::from_utf8(bytes).ok()?;
                let (old, new) = (octets(machine, first?)?, octets(machine, *arguments.get(1)?)?);
                let (old, new) = (String::from_utf8(old).ok()?, String::from_utf8(new).ok()?);
                keep(machine, Folded::Bytes(replaced(&text, &old, &new)?.into_bytes()))
            }
            "lower" => keep(machine, Folded::Bytes(bytes.to_ascii_lowercase())),
            "upper" => keep(machine, Folded::Bytes(bytes.to_ascii_uppercase())),
            _ => None,
        },
        Folded::Text(text) => {
            let result = match name {
                "__str__" => text,
                "lower" | "casefold" => text.to_lowercase(),
                "upper" => text.to_uppercase(),
                "swapcase" => {
                    text.chars()
                        .map(|one| {
                            if one.is_lowercase() {
                                one.to_ascii_uppercase()
                            } else {
                                one.to_ascii_lowercase()
                            }
                        })
                        .collect()
                }
                "strip" | "lstrip" | "rstrip" => {
                    let set: Option<String> = match first {
                        Some(set) => Some(string(machine, set)?),
                        None => None,
                    };
                    let strips = |one: char| match &set {
                        Some(set) => set.contains(one),
                        None => one.is_whitespace(),
                    };
                    let text = if name == "rstrip" { &text } else { text.trim_start_matches(strips) };
                    if name == "lstrip" { text.to_owned() } else { text.trim_end_matches(strips).to_owned() }
                }
                "removeprefix" => {
                    let prefix = string(machine, first?)?;
                    text.strip_prefix(&prefix).unwrap_or(&text).to_owned()
                }
                "removesuffix" => {
                    let suffix = string(machine, first?)?;
                    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
                }
                "replace" => {
                    let (old, new) = (string(machine, first?)?, string(machine, *arguments.get(1)?)?);
                    replaced(&text, &old, &new)?
                }
                "__add__" => {
                    let more = string(machine, first?)?;
                    text + &more
                }
                "__mul__" => match first? {
                    Value::Int(times) => {
                        let times = usize::try_from(times).unwrap_or(0);
                        if text.len().saturating_mul(times) > MOST_BYTES {
                            return None;
                        }
                        text.repeat(times)
                    }
                    _ => return None,
                },
                "split" => {
                    let separator = match first {
                        Some(separator) => Some(string(machine, separator)?),
                        None => None,
                    };
                    let parts: Vec<String> = match &separator {
                        Some(separator) if !separator.is_empty() => {
                            text.split(separator.as_str()).map(str::to_owned).take(SEQUENCE).collect()
                        }
                        Some(_) => return None,
                        None => text.split_whitespace().map(str::to_owned).take(SEQUENCE).collect(),
                    };
                    let parts: Vec<Value> =
                        parts.into_iter().map(|part| machine.store.assembled(Folded::Text(part))).collect();
                    return Some(machine.store.node(Kind::List, &parts));
                }
                "encode" => {
                    let codec = match first {
                        Some(codec) => string(machine, codec)?,
                        None => "utf-8".to_owned(),
                    };
                    let encoded = codecs::encode(&Folded::Text(text), &codec)?;
                    return keep(machine, encoded);
                }
                "format" | "__mod__" => {
                    let given = match (name, first) {
                        ("format", _) => arguments.to_vec(),
                        (_, Some(one)) if machine.store.text(one).is_some() => vec![one],
                        (_, Some(many)) => sequence(machine, many)?,
                        _ => return None,
                    };
                    let given: Vec<Option<Argument<'_>>> = given
                        .into_iter()
                        .map(|value| match value {
                            Value::Int(number) => Some(Argument::Integer(number)),
                            value => string(machine, value).map(|text| Argument::Text(text.into())),
                        })
                        .collect();
                    if name == "format" {
                        formatted(&text, &given, &[])?
                    } else {
                        interpolated(&text, &given)?
                    }
                }
                _ => return None,
            };
            keep(machine, Folded::Text(result))
        }
    }
}
