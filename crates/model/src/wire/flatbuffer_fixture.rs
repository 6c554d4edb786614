//! Writes small FlatBuffers for the tests of the formats that are made of them.

/// A value that a table field refers to or holds.
pub(crate) enum Part {
    /// A scalar of four bytes.
    Number(u32),
    /// A string, or a vector of bytes.
    Text(Vec<u8>),
    /// A vector of scalars.
    Numbers(Vec<u32>),
    /// A vector of tables.
    Tables(Vec<Vec<(u16, Part)>>),
    /// Another table.
    Table(Vec<(u16, Part)>),
}

/// Writes tables front to back; every reference points forward, as FlatBuffers want it.
pub(crate) fn table(out: &mut Vec<u8>, fields: &[(u16, Part)]) -> usize {
    out.resize(out.len().next_multiple_of(4), 0);
    let slots = fields.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
    let vtable = out.len();
    out.extend((4 + 2 * slots).to_le_bytes());
    out.extend((4 + 4 * fields.len() as u16).to_le_bytes());
    for slot in 0..slots {
        let place = fields.iter().position(|(index, _)| *index == slot).map_or(0, |at| 4 + 4 * at as u16);
        out.extend(place.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(4), 0);
    let start = out.len();
    out.extend(((start - vtable) as u32).to_le_bytes());
    out.resize(start + 4 + 4 * fields.len(), 0);
    for (at, (_, part)) in fields.iter().enumerate() {
        let slot = start + 4 + 4 * at;
        let value = match part {
            Part::Number(number) => *number,
            Part::Text(text) => {
                out.resize(out.len().next_multiple_of(4), 0);
                let place = out.len();
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text);
                (place - slot) as u32
            }
            Part::Numbers(numbers) => {
                out.resize(out.len().next_multiple_of(4), 0);
                let place = out.len();
                out.extend((numbers.len() as u32).to_le_bytes());
                out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                (place - slot) as u32
            }
            Part::Table(fields) => (table(out, fields) - slot) as u32,
            Part::Tables(tables) => {
                out.resize(out.len().next_multiple_of(4), 0);
                let place = out.len();
                out.extend((tables.len() as u32).to_le_bytes());
                out.resize(place + 4 + 4 * tables.len(), 0);
                for (index, fields) in tables.iter().enumerate() {
                    let element = place + 4 + 4 * index;
                    let target = table(out, fields);
                    out[element..element + 4].copy_from_slice(&((target - element) as u32).to_le_bytes());
                }
                (place - slot) as u32
            }
        };
        out[slot..slot + 4].copy_from_slice(&value.to_le_bytes());
    }
    start
}
