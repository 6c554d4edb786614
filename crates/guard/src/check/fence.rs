//! Fenced blocks of code in an answer in Markdown, told line by line: [`Fence`].
//!
//! Where it is not clear whether a block begins or ends, both are followed: a line is code only if it is in every reading. Lists and
//! quotes are read as far as they say where blocks end.
//!
//! Source: CommonMark 0.31, sections 4.5, 4.6, 5.1 and 5.2.

/// Bytes of a line that are kept.
const LONGEST_HEAD: usize = 256;
/// Most readings that are followed; where there are more, nothing is code any longer.
const MOST: usize = 8;
/// Most markers of quotes and lists that are told apart in a line.
const DEEPEST: usize = 16;
/// Elements within a line, which begin no block unless they are alone in theirs.
pub(super) const INLINE: [&str; 24] = [
    "a", "abbr", "b", "br", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
];
/// Blocks of HTML that go on over empty lines, and how they end.
const LASTING: [(&str, &str); 8] = [
    ("<!--", "-->"),
    ("<?", "?>"),
    ("<![cdata[", "]]>"),
    ("<!", ">"),
    ("<script", "</script>"),
    ("<pre", "</pre>"),
    ("<style", "</style>"),
    ("<textarea", "</textarea>"),
];

/// Where the lines read so far leave off.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    readings: Vec<Reading>,
    line: Line,
    /// The last byte was a carriage return, which a line feed may belong to.
    returned: bool,
}

/// A line as far as it was read.
#[derive(Debug, Clone, Default)]
struct Line {
    head: Vec<u8>,
    /// Whether it is longer than its head.
    long: bool,
    /// The last byte that is no blank.
    last: u8,
}

/// One way to read what came so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Reading {
    block: Option<Block>,
    html: Option<Html>,
    /// Where the contents of the lists begin that are open.
    lists: Vec<usize>,
    quotes: usize,
    /// Whether the last line was of a paragraph.
    paragraph: bool,
}

/// A fenced block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    mark: u8,
    run: usize,
    indent: usize,
    quotes: usize,
}

/// A block of HTML, in which marks of Markdown are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Html {
    /// Ends with the paragraph.
    Short,
    /// Ends with the end of that number.
    Lasting(u8),
}

/// What a line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// Nothing stood in it.
    Blank,
    /// Something did.
    Text,
}

impl Default for Fence {
    fn default() -> Self {
        Self { readings: vec![Reading::default()], line: Line::default(), returned: false }
    }
}

impl Fence {
    /// Whether the line that is read now is code.
    pub(crate) fn is_code(&self) -> bool {
        let line = &self.line.head;
        !self.readings.is_empty()
            && self.readings.iter().all(|one| one.block.is_some_and(|block| !block.is_left(line)))
    }

    /// Whether marks of Markdown in this line are surely no HTML's.
    pub(crate) fn is_markdown(&self) -> bool {
        let is_markdown = |one: &Reading| {
            one.html.is_none() && {
                let mut lists = one.lists.clone();
                let prefix = Prefix::of(&self.line.head, usize::MAX);
                let (_, rest) = prefix.markers(&mut lists, true);
                html(rest).is_none_or(|kind| kind == Begins::Alone)
            }
        };
        self.readings.iter().all(is_markdown)
    }

    /// Takes a word without marks, angle brackets and ends of lines.
    pub(crate) fn pass(&mut self, word: &str) {
        self.returned = false;
        self.line.take(word.as_bytes());
    }

    /// Takes a byte; says so where it ends a line.
    pub(crate) fn byte(&mut self, byte: u8) -> Option<LineEnd> {
        let ends = byte == b'\r' || byte == b'\n' && !self.returned;
        let is_second = byte == b'\n' && self.returned;
        self.returned = byte == b'\r';
        if is_second {
            return None;
        }
        if !ends {
            self.line.take(&[byte]);
            return None;
        }
        let line = std::mem::take(&mut self.line);
        let before = std::mem::take(&mut self.readings);
        for reading in before {
            for after in reading.after(&line) {
                if !self.readings.contains(&after) {
                    self.readings.push(after);
                }
            }
        }
        if self.readings.len() > MOST {
            self.readings.clear();
        }
        Some(if line.head.trim_ascii().is_empty() { LineEnd::Blank } else { LineEnd::Text })
    }
}

impl Line {
    fn take(&mut self, bytes: &[u8]) {
        let free = LONGEST_HEAD.saturating_sub(self.head.len());
        if free > 0 {
            self.head.extend_from_slice(bytes.get(..free.min(bytes.len())).unwrap_or_default());
        }
        self.long |= bytes.len() > free;
        self.last = bytes.iter().rev().find(|byte| !byte.is_ascii_whitespace()).copied().unwrap_or(self.last);
    }

    /// Whether the end of a block that lasts is in it.
    fn closes(&self, number: u8) -> bool {
        let end = LASTING.get(usize::from(number)).map_or("", |(_, end)| end);
        self.head.windows(end.len().max(1)).any(|bytes| bytes.eq_ignore_ascii_case(end.as_bytes()))
    }
}

impl Reading {
    /// What may be behind a line: one reading, or two where it is not clear.
    fn after(mut self, line: &Line) -> Vec<Self> {
        let mut all = Vec::new();
        if let Some(block) = self.block {
            let mut inside = self.clone();
            if block.closes(line, &mut inside.block) {
                all.push(Self { block: None, ..self.clone() });
            }
            if block.is_left(&line.head) {
                self.block = None;
                all.extend(self.after(line));
            }
            if inside.block.is_some() {
                all.push(inside);
            }
            return all;
        }
        let prefix = Prefix::of(&line.head, usize::MAX);
        if prefix.rest.trim_ascii().is_empty() && !line.long {
            self.paragraph = false;
            if self.html == Some(Html::Short) {
                self.html = None;
            }
            return vec![self];
        }
        if let Some(Html::Lasting(number)) = self.html {
            let mut after = self.clone();
            if line.closes(number) {
                after.html = None;
            }
            return after.opened(&prefix, prefix.rest, line, true);
        }
        if prefix.quotes != self.quotes {
            self.lists.clear();
        }
        self.quotes = prefix.quotes;
        let counts = self.html.is_none();
        let mut lists = std::mem::take(&mut self.lists);
        lists.retain(|offset| *offset <= prefix.indent);
        let may_number = !lists.is_empty() || !self.paragraph;
        let (indent, rest) =
            if counts { prefix.markers(&mut lists, may_number) } else { (prefix.indent, prefix.rest) };
        self.lists = lists;
        let inner = Prefix { quotes: prefix.quotes, indent, rest };
        if counts {
            self.html = match html(rest) {
                Some(Begins::Lasting(number)) if !line.closes(number) => Some(Html::Lasting(number)),
                Some(Begins::Short) => Some(Html::Short),
                Some(Begins::Alone) if line.last == b'>' => Some(Html::Short),
                _ => None,
            };
        }
        self.paragraph = true;
        self.opened(&inner, rest, line, !counts)
    }

    /// What is behind a line that may open a block; `doubtful` says that it may be none of Markdown.
    fn opened(mut self, prefix: &Prefix<'_>, rest: &[u8], line: &Line, doubtful: bool) -> Vec<Self> {
        let mark = rest.first().copied().unwrap_or_default();
        let run = rest.iter().take_while(|byte| **byte == mark).count();
        if !matches!(mark, b'`' | b'~') || run < 3 {
            return vec![self];
        }
        let says_more = rest.get(run..).unwrap_or_default().contains(&b'`');
        if mark == b'`' && says_more {
            return vec![self];
        }
        let base = self.lists.last().copied().unwrap_or_default();
        let is_near = prefix.indent <= 3 || prefix.indent.saturating_sub(base) <= 3;
        let block = Block { mark, run, indent: prefix.indent, quotes: prefix.quotes };
        let mut inside = self.clone();
        inside.block = Some(block);
        if !doubtful {
            inside.paragraph = false;
        }
        self.paragraph = true;
        if doubtful || !is_near || line.long { vec![inside, self] } else { vec![inside] }
    }
}

impl Block {
    /// Whether a line may lie outside of the list or the quote that the block stands in.
    fn is_left(&self, line: &[u8]) -> bool {
        let prefix = Prefix::of(line, self.quotes);
        prefix.quotes < self.quotes || !prefix.rest.is_empty() && prefix.indent < self.indent
    }

    /// Whether a line may close the block; whether it may go on is what is left in `inside`.
    fn closes(&self, line: &Line, inside: &mut Option<Self>) -> bool {
        let prefix = Prefix::of(&line.head, self.quotes);
        let run = prefix.rest.iter().take_while(|byte| **byte == self.mark).count();
        let is_bare = prefix.rest.get(run..).unwrap_or_default().trim_ascii().is_empty() && !line.long;
        if run < self.run || !is_bare || prefix.quotes < self.quotes {
            return false;
        }
        let is_certain = prefix.indent == self.indent || prefix.indent <= 3 && self.indent < 2;
        if is_certain {
            *inside = None;
        }
        prefix.indent <= self.indent.saturating_add(3)
    }
}

/// What stands before the text of a line.
struct Prefix<'l> {
    quotes: usize,
    /// Columns before the text, those of the marks of quotes aside.
    indent: usize,
    rest: &'l [u8],
}

impl<'l> Prefix<'l> {
    /// The prefix of a line, with at most so many quotes.
    fn of(line: &'l [u8], most: usize) -> Self {
        let (mut quotes, mut indent, mut rest) = (0_usize, 0_usize, line);
        loop {
            (indent, rest) = blanks(indent, rest);
            match rest {
                [b'>', after @ ..] if quotes < most.min(DEEPEST) && indent <= 3 => {
                    quotes = quotes.saturating_add(1);
                    indent = 0;
                    rest = after.strip_prefix(b" ").unwrap_or(after);
                }
                _ => return Self { quotes, indent, rest },
            }
        }
    }

    /// Where the text begins behind the markers of lists; each opens one. A number that is not one opens none within a paragraph.
    fn markers(&self, lists: &mut Vec<usize>, may_number: bool) -> (usize, &'l [u8]) {
        let (mut indent, mut rest) = (self.indent, self.rest);
        while lists.len() < DEEPEST && !is_break(rest) {
            let base = lists.last().copied().unwrap_or_default();
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = rest.get(..digits).unwrap_or_default();
            let width = match rest.get(digits) {
                Some(b'-' | b'*' | b'+') if digits == 0 => 1,
                Some(b'.' | b')') if (1..10).contains(&digits) && (may_number || number == b"1") => {
                    digits.saturating_add(1)
                }
                _ => break,
            };
            let after = rest.get(width..).unwrap_or_default();
            if indent.saturating_sub(base) > 3 || !matches!(after.first(), Some(b' ' | b'\t')) {
                break;
            }
            let column = indent.saturating_add(width);
            let (inner, text) = blanks(column, after);
            if text.is_empty() {
                break;
            }
            // What stands further away is indented in the list.
            let offset = if inner.saturating_sub(column) > 4 { column.saturating_add(1) } else { inner };
            lists.push(offset);
            (indent, rest) = (inner, text);
        }
        (indent, rest)
    }
}

/// Passes over blanks from a column on.
fn blanks(mut column: usize, mut rest: &[u8]) -> (usize, &[u8]) {
    loop {
        match rest {
            [b' ', after @ ..] => {
                column = column.saturating_add(1);
                rest = after;
            }
            [b'\t', after @ ..] => {
                column = column.saturating_add(4) / 4 * 4;
                rest = after;
            }
            _ => return (column, rest),
        }
    }
}

/// Whether a line is drawn across and no list.
fn is_break(text: &[u8]) -> bool {
    let Some(mark @ (b'-' | b'*' | b'_')) = text.first() else { return false };
    text.iter().all(|byte| byte == mark || byte.is_ascii_whitespace())
        && memchr::memchr_iter(*mark, text).count() >= 3
}

/// A block of HTML that a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Lasting(u8),
    Short,
    /// Only where the tag is alone in the line.
    Alone,
}

fn html(text: &[u8]) -> Option<Begins> {
    let [b'<', after @ ..] = text else { return None };
    let begins = |start: &str| {
        text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
            && (!start.ends_with(|last: char| last.is_ascii_alphabetic())
                || !text.get(start.len()).is_some_and(u8::is_ascii_alphanumeric))
    };
    if let Some(number) =
        (0_u8..).zip(LASTING).find_map(|(number, (start, _))| begins(start).then_some(number))
    {
        return Some(Begins::Lasting(number));
    }
    let name = after.strip_prefix(b"/").unwrap_or(after);
    if !name.first()?.is_ascii_alphabetic() {
        return None;
    }
    let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    // Behind the name of an element stand blanks or its end: `<https:` is an address.
    let goes_on =
        name.get(length).is_some_and(|next| !next.is_ascii_whitespace() && !matches!(next, b'>' | b'/'));
    if goes_on {
        return None;
    }
    let name = name.get(..length).unwrap_or_default();
    let is_inline = INLINE.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    Some(if is_inline { Begins::Alone } else { Begins::Short })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text that are code for sure, by their last letters.
    fn code(text: &str) -> String {
        let mut fence = Fence::default();
        let mut found = String::new();
        for byte in text.bytes() {
            fence.byte(byte);
            if byte.is_ascii_uppercase() && fence.is_code() {
                found.push(char::from(byte));
            }
        }
        found
    }

    #[test]
    fn lines_between_fences_are_code() {
        assert_eq!(code("A\n```sh\nB\n\nC\n```\nD"), "BC");
        assert_eq!(code("~~~ `x`\r\n```\r\nA\r\n~~~~\r\nB"), "A");
        assert_eq!(code("text\n ```\n A\n ``` \nB\n```\nC"), "AC");
        assert_eq!(code("1. do\n   ```\n   A\n   ```\n2. then\n\n    ```\n    B\n    ```\nC"), "AB");
        assert_eq!(code("- a\n  - b\n\n    ```\n    A\n    ```\n  ```\n  B\n  ```\nC"), "AB");
        assert_eq!(code("- ```\n  A\n  ```\nB"), "A");
        assert_eq!(code("> ```\n> A\n> ```\n> B"), "A");
        assert_eq!(
            code("<details>\n<summary>x</summary>\n\n```\nA\n```\n\n</details>\nB\n\n```\nC\n```"),
            "AC"
        );
        assert_eq!(code("<b>Note</b> this\n```\nA\n```"), "A");
        assert_eq!(code("<!-- x -->\n```\nA\n```"), "A");
        assert_eq!(code("<https://a.example/>\n```\nA\n```\n<jo@a.example>\n```\nB\n```"), "AB");
    }

    #[test]
    fn what_may_be_none_is_no_code() {
        for text in [
            "text\n    ```\nA",
            "``` a`b\nA",
            "- a\n  ```\n  x\n\nparagraph\nA\n  ```\n  B",
            "> ```\n> x\n\nA",
            "> ```\nA",
            "<div>\n```\nA\n```\n</div>",
            "<b>\n```\nA",
            "<!--\n\n```\n-->\nA",
            "text\n2. foo\n     ```\nA",
            "- - -\n     ```\nA",
            "```\n> ```\n```\nA",
            "   ```\n```\nA\n```\nB",
            "``\nA",
        ] {
            assert_eq!(code(text), "", "{text}");
        }
    }

    #[test]
    fn doubts_end_where_every_reading_says_the_same() {
        assert_eq!(code("text\n    ```\nA\n    ```\n```\nB"), "");
        assert_eq!(code("<div>\n```\n\n```\nA\n"), "");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_in_bounds(picked in proptest::collection::vec(0..16_usize, 0..80)) {
            const PIECES: [&str; 16] = [
                "```", "~~~", "\n", "\n\n", " ", "    ", "\t", "> ", "- ", "2. ", "<div>", "<!--", "-->", "text", "`", "\r",
            ];
            let text: String = picked.iter().map(|at| PIECES[*at]).collect();
            let mut fence = Fence::default();
            for byte in text.bytes() {
                fence.is_markdown();
                fence.byte(byte);
                proptest::prop_assert!(fence.readings.len() <= MOST);
            }
        }
    }
}
