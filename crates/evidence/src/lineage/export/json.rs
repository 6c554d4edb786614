//! A lineage as JSON, `bartizan.lineage/1`: one node or edge on a line, for people who look at it, and half the bytes of one value on
//! a line. Described in `docs/schemas/lineage-1.schema.json`.

use super::Origin;
use crate::digest::Digest;
use crate::lineage::{Lineage, Proof, Totals};
use crate::store::Direction;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

/// Name and version of the form.
pub const SCHEMA: &str = "bartizan.lineage/1";
/// Levels that are spread over lines: the document and its lists.
const SPREAD: usize = 2;
/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 16;

/// Writes a lineage; `direction` is the way it was walked, `proofs` what each statement was proven by, if that was asked.
///
/// # Errors
/// When writing fails.
pub fn json(
    lineage: &Lineage,
    origin: Origin<'_>,
    direction: Option<Direction>,
    proofs: Option<&BTreeMap<Digest, Proof>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool { name: origin.tool, version: origin.version },
        direction: direction.map(|direction| match direction {
            Direction::Down => "down",
            Direction::Up => "up",
        }),
        lineage,
        totals: lineage.totals(),
        proofs: proofs
            .map(|proofs| proofs.iter().map(|(digest, proof)| (digest.to_string(), proof)).collect()),
    };
    // A buffer of a type that is known here: each of a million small writes is a copy and no call.
    let mut buffer = BufWriter::with_capacity(BUFFER, out);
    write(&mut buffer, &document)?;
    writeln!(buffer)?;
    buffer.flush()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    direction: Option<&'static str>,
    #[serde(flatten)]
    lineage: &'a Lineage,
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    proofs: Option<BTreeMap<String, &'a Proof>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
}

/// Writes a value.
fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Lines { depth: 0, spread: PrettyFormatter::new(), close: CompactFormatter };
    value.serialize(&mut Serializer::with_formatter(out, formatter)).map_err(io::Error::from)
}

struct Lines {
    depth: usize,
    spread: PrettyFormatter<'static>,
    close: CompactFormatter,
}

/// Hands a call to the formatter of the level that `$depth` names.
macro_rules! at {
    ($self:ident, $call:ident($($argument:expr),*)) => {
        if $self.depth <= SPREAD { $self.spread.$call($($argument),*) } else { $self.close.$call($($argument),*) }
    };
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        at!(self, begin_array(out))
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let done = at!(self, end_array(out));
        self.depth = self.depth.saturating_sub(1);
        done
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        at!(self, begin_array_value(out, first))
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        at!(self, end_array_value(out))
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        at!(self, begin_object(out))
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let done = at!(self, end_object(out));
        self.depth = self.depth.saturating_sub(1);
        done
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        at!(self, begin_object_key(out, first))
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        at!(self, begin_object_value(out))
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        at!(self, end_object_value(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_node_has_one_line_and_nothing_is_lost() {
        let value =
            json!({"a": [], "b": {}, "nodes": [{"id": "x", "names": ["1", "2"]}, {"id": "y", "names": []}]});
        let text = written(&value);
        assert_eq!(
            text,
            "{\n  \"a\": [],\n  \"b\": {},\n  \"nodes\": [\n    {\"id\":\"x\",\"names\":[\"1\",\"2\"]},\n    \
             {\"id\":\"y\",\"names\":[]}\n  ]\n}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert_eq!(written(&json!([1, {"a": [[1]]}])), "[\n  1,\n  {\n    \"a\": [[1]]\n  }\n]");
    }
}
