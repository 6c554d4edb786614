//! The texts of a notebook with the place of each byte in the file: [`cells`].
//!
//! Source: nbformat 3 and 4, RFC 8259. One pass, no recursion; a text keeps a mark wherever its bytes and those of the
//! file drift apart (an escape, the end of a string), so that any place in it can be named in the file.

/// A text put together from strings of the file.
#[derive(Debug, Default, Clone)]
pub(super) struct Mapped {
    /// The text, escapes resolved.
    pub(super) text: String,
    /// From the byte of the text on: the byte of the file. Ascending.
    marks: Vec<(usize, usize)>,
}

impl Mapped {
    /// Where the byte `at` of the text stands in the file.
    pub(super) fn place(&self, at: usize) -> usize {
        let index = self.marks.partition_point(|(from, _)| *from <= at);
        let mark = index.checked_sub(1).and_then(|index| self.marks.get(index));
        mark.map_or(0, |(from, place)| place.saturating_add(at.saturating_sub(*from)))
    }

    /// Where line `line` of the text, counted from 1, begins in the file; the place of the whole where there is no such line.
    pub(super) fn line_place(&self, line: usize) -> usize {
        let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at.saturating_add(1));
        let start =
            std::iter::once(0).chain(breaks).nth(line.saturating_sub(1)).filter(|at| *at < self.text.len());
        self.place(start.unwrap_or_default())
    }

    /// Lines that a magic runs as Python (`%time x = f()`), with a statement of the same length in the magic's place.
    pub(super) fn unwrap_line_magics(&mut self) {
        if !self.text.contains('%') {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            match magic_length(line) {
                Some((indent, length)) => {
                    text.push_str(line.get(..indent).unwrap_or_default());
                    text.push_str("pass;");
                    text.extend(std::iter::repeat_n(' ', length.saturating_sub("pass;".len())));
                    text.push_str(line.get(indent.saturating_add(length)..).unwrap_or_default());
                }
                None => text.push_str(line),
            }
        }
        self.text = text;
    }

    fn push(&mut self, piece: &str, place: usize) {
        let expected = self
            .marks
            .last()
            .map(|(from, place)| place.saturating_add(self.text.len().saturating_sub(*from)));
        if expected != Some(place) {
            self.marks.push((self.text.len(), place));
        }
        self.text.push_str(piece);
    }
}

/// Indentation and length of the magic, with its options and the blank behind it, that runs the rest of `line` as Python.
fn magic_length(line: &str) -> Option<(usize, usize)> {
    let code = line.trim_start_matches([' ', '\t']);
    let indent = line.len().saturating_sub(code.len());
    let name = code.split([' ', '\t']).next().unwrap_or_default();
    if !matches!(name, "%time" | "%timeit" | "%prun" | "%memit" | "%mprun" | "%lprun") {
        return None;
    }
    let mut at = name.len();
    loop {
        let rest = code.get(at..)?;
        let blanks = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len());
        let word = rest.get(blanks..)?.split([' ', '\t', '\n']).next().unwrap_or_default();
        at = at.saturating_add(blanks);
        if !word.starts_with('-') {
            // A magic alone times nothing.
            return (blanks > 0 && !word.is_empty()).then_some((indent, at));
        }
        at = at.saturating_add(word.len());
        // `-n 10`, `-f name`: an option of one letter and its value.
        let value = code.get(at..)?.trim_start_matches([' ', '\t']);
        if word.len() == 2 && matches!(word, "-n" | "-r" | "-f" | "-m" | "-l" | "-s" | "-D" | "-T") {
            let given = value.split([' ', '\t', '\n']).next().unwrap_or_default();
            at = code.len().saturating_sub(value.len()).saturating_add(given.len());
        }
    }
}

/// One cell.
#[derive(Debug, Default, Clone)]
pub(super) struct Cell {
    /// Its number, from 0.
    pub(super) number: usize,
    /// Whether it holds code.
    pub(super) code: bool,
    /// Its source.
    pub(super) source: Mapped,
    /// What its outputs show as text.
    pub(super) output: Mapped,
}

/// Longest source or output kept of one cell, in bytes.
const CELL_BYTES: usize = 8 << 20;
/// Deepest nesting followed.
const MOST_DEPTH: usize = 64;

/// The cells of the notebook `text`, and where reading stopped when it is not JSON.
pub(super) fn cells(text: &str) -> (Vec<Cell>, Option<usize>) {
    let mut reader = Reader { text, at: 0 };
    let mut cells: Vec<Cell> = Vec::new();
    // Keys of the objects around, `None` for an array; the key last read stands on top of its object.
    let mut around: Vec<Option<String>> = Vec::new();
    let mut expects_key = false;
    loop {
        reader.space();
        let Some(byte) = reader.peek() else {
            return (cells, (!around.is_empty()).then_some(reader.at));
        };
        match byte {
            b'{' | b'[' => {
                if around.len() >= MOST_DEPTH {
                    return (cells, Some(reader.at));
                }
                reader.at = reader.at.saturating_add(1);
                if byte == b'{' && is_cell(&around) {
                    cells.push(Cell { number: cells.len(), ..Cell::default() });
                }
                around.push((byte == b'{').then(String::new));
                expects_key = byte == b'{';
            }
            b'}' | b']' => {
                reader.at = reader.at.saturating_add(1);
                if around.pop().is_none() {
                    return (cells, Some(reader.at));
                }
                expects_key = false;
            }
            b',' => {
                reader.at = reader.at.saturating_add(1);
                expects_key = around.last().is_some_and(Option::is_some);
            }
            b':' => {
                reader.at = reader.at.saturating_add(1);
                expects_key = false;
            }
            b'"' => {
                let start = reader.at;
                let mut string = Mapped::default();
                if !reader.string(&mut string) {
                    return (cells, Some(start));
                }
                if expects_key {
                    if let Some(Some(key)) = around.last_mut() {
                        *key = string.text;
                    }
                    continue;
                }
                take(&around, &string, &mut cells);
            }
            _ => {
                let rest = text.as_bytes().get(reader.at..).unwrap_or_default();
                let length = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
                    .count();
                if length == 0 {
                    return (cells, Some(reader.at));
                }
                reader.at = reader.at.saturating_add(length);
            }
        }
    }
}

/// Whether an object that opens here is a cell: in `cells`, or in the `cells` of a worksheet of format 3.
fn is_cell(around: &[Option<String>]) -> bool {
    match around {
        [Some(key), None] => key == "cells",
        [Some(sheets), None, Some(key), None] => sheets == "worksheets" && key == "cells",
        _ => false,
    }
}

/// Gives the string to the part of the cell it belongs to.
fn take(around: &[Option<String>], string: &Mapped, cells: &mut [Cell]) {
    let depth = match around.first() {
        Some(Some(key)) if key == "cells" => 2,
        Some(Some(key)) if key == "worksheets" => 4,
        _ => return,
    };
    let (Some(Some(field)), Some(cell)) = (around.get(depth), cells.last_mut()) else { return };
    let inner = around.get(depth.saturating_add(1)..).unwrap_or_default();
    match field.as_str() {
        "cell_type" if inner.is_empty() => cell.code = string.text == "code",
        "source" | "input" => append(&mut cell.source, string),
        "outputs" => {
            let key = inner.iter().rev().flatten().next().map_or("", String::as_str);
            if matches!(
                key,
                "text" | "text/plain" | "text/html" | "traceback" | "evalue" | "html" | "text/markdown"
            ) {
                append(&mut cell.output, string);
            }
        }
        _ => {}
    }
}

fn append(whole: &mut Mapped, part: &Mapped) {
    if whole.text.len().saturating_add(part.text.len()) > CELL_BYTES {
        return;
    }
    let offset = whole.text.len();
    whole.marks.extend(part.marks.iter().map(|(from, place)| (from.saturating_add(offset), *place)));
    whole.text.push_str(&part.text);
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Reads the string that opens here into `out`; false when it does not end.
    fn string(&mut self, out: &mut Mapped) -> bool {
        self.at = self.at.saturating_add(1);
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(plain) = memchr::memchr2(b'"', b'\\', rest) else { return false };
            let end = self.at.saturating_add(plain);
            if plain > 0 {
                out.push(self.text.get(self.at..end).unwrap_or_default(), self.at);
            }
            self.at = end.saturating_add(1);
            if self.text.as_bytes().get(end) == Some(&b'"') {
                return true;
            }
            let Some(escape) = self.peek() else { return false };
            self.at = self.at.saturating_add(1);
            let resolved = match escape {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'u' => match self.unicode() {
                    Some(character) => character,
                    None => char::REPLACEMENT_CHARACTER,
                },
                other if other.is_ascii() => char::from(other),
                _ => return false,
            };
            let mut buffer = [0; 4];
            out.push(resolved.encode_utf8(&mut buffer), end);
        }
    }

    /// The character of `\uXXXX`, with its second half when it has one.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex(self.at)?;
        self.at = self.at.saturating_add(4);
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        let second = self.text.get(self.at..self.at.saturating_add(2)).filter(|next| *next == "\\u");
        let low = second.and_then(|_| self.hex(self.at.saturating_add(2)))?;
        self.at = self.at.saturating_add(6);
        let high = first.checked_sub(0xD800)?.checked_mul(0x400)?;
        char::from_u32(high.checked_add(low.checked_sub(0xDC00)?)?.checked_add(0x1_0000)?)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at.saturating_add(4))?;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_of_a_cell_is_found_again_in_the_file() {
        let file = "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"a\\n\",\n \"\\u00e9b\\\"c\\n\"], \"outputs\": [{\"text\": \"out\"}]}], \"nbformat\": 4}";
        let (cells, stopped) = cells(file);
        assert_eq!((cells.len(), stopped), (1, None));
        let cell = &cells[0];
        assert_eq!(
            (cell.code, cell.source.text.as_str(), cell.output.text.as_str()),
            (true, "a\néb\"c\n", "out")
        );
        let place = cell.source.place(cell.source.text.find('b').unwrap());
        assert_eq!(&file[place..=place], "b");
        let place = cell.source.place(cell.source.text.find('c').unwrap());
        assert_eq!(&file[place..=place], "c");
        assert_eq!(file[..cell.source.place(2)].lines().count(), 2);
    }

    #[test]
    fn a_notebook_cut_short_gives_what_was_read_and_where_it_ends() {
        let file = "{\"cells\": [{\"cell_type\": \"code\", \"source\": \"x = 1\"}, {\"cell_type\": \"co";
        let (cells, stopped) = cells(file);
        assert_eq!(cells[0].source.text, "x = 1");
        assert_eq!(stopped, file.rfind("\"co"));
    }

    #[test]
    fn the_older_format_keeps_its_cells_in_worksheets() {
        let file = "{\"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"input\": [\"import os\"]}]}]}";
        assert_eq!(cells(file).0[0].source.text, "import os");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*") {
            let _ = cells(&text);
        }

        #[test]
        fn any_notebook_is_read_as_it_was_written(lines in proptest::collection::vec("\\PC{0,12}", 0..6)) {
            let source = serde_json::to_string(&lines).unwrap();
            let file = format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {source}}}]}}");
            let (cells, stopped) = cells(&file);
            prop_assert_eq!(stopped, None);
            prop_assert_eq!(&cells[0].source.text, &lines.concat());
        }
    }
}
