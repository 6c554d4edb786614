//! Tokens of JavaScript and TypeScript: [`read`].

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word of the language, `#name` included.
    Word,
    /// A number.
    Number,
    /// A string with its quotes, or the value of an attribute of JSX.
    Text,
    /// Characters of a template between its marks.
    Piece,
    /// A regular expression with its flags.
    Regex,
    /// Characters between the tags of JSX.
    Shown,
    /// Brackets, operators, the backtick that begins or ends a template, `${` and its `}`.
    Mark,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// For a bracket or a backtick: the index of the one that closes or opens it.
    pub(super) pair: Option<usize>,
    /// Index of the nearest bracket around it.
    pub(super) inside: Option<usize>,
}

/// Tokens, and where reading ended before the text did.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// In order.
    pub(super) list: Vec<Token>,
    /// Where a template or an element begins that does not end, or where nesting became too deep.
    pub(super) stopped: Option<usize>,
}

/// Deepest nesting of brackets, templates and elements.
pub(super) const DEPTH: usize = 500;

/// Bytes looked through in vain for the ends of regular expressions, in any text, before only short ones are known.
const REGEX_IN_VAIN: usize = 1 << 16;
/// Longest regular expression that is known from there on.
const REGEX_SHORT: usize = 200;
/// Most bytes of the types behind the name of a tag.
const TYPES_OF_TAG: usize = 2_000;

/// Splits `text`; `markup` says whether `<` may begin an element of JSX. Never panics on any text. Linear.
pub(super) fn read(text: &str, markup: bool) -> Tokens {
    let mut lexer = Lexer { text, at: 0, markup, tokens: Tokens::default(), open: Vec::new(), in_vain: 0 };
    lexer.run();
    lexer.tokens
}

/// What is open around the place that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(`, `[` or `{` of code, with its token.
    Bracket(usize),
    /// A template, with its backtick.
    Template(usize),
    /// `${` of a template or `{` of JSX, with its token.
    Hole(usize),
    /// The tag of an element: `<name …`, and whether it is one that closes another.
    Tag(usize, bool),
    /// What stands between an element's tags.
    Children(usize),
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    markup: bool,
    tokens: Tokens,
    open: Vec<Open>,
    /// Bytes looked through for the ends of regular expressions that have none.
    in_vain: usize,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            if self.open.len() > DEPTH {
                self.tokens.stopped = Some(self.at);
                return;
            }
            match self.open.last() {
                Some(Open::Template(_)) => self.template(),
                Some(Open::Tag(..)) => self.tag(),
                Some(Open::Children(_)) => self.children(),
                _ => self.code(),
            }
        }
        let unclosed = self.open.iter().find_map(|open| match open {
            Open::Template(at) | Open::Tag(at, _) | Open::Children(at) => Some(*at),
            _ => None,
        });
        self.tokens.stopped = unclosed.and_then(|at| Some(self.tokens.list.get(at)?.span.start));
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied().unwrap_or_default()
    }

    /// Adds a token of `length` bytes and goes on behind it.
    fn push(&mut self, kind: Kind, length: usize) -> usize {
        let end = self.text.floor_char_boundary(self.at.saturating_add(length).min(self.text.len()));
        let inside = self.open.iter().rev().find_map(|open| match open {
            Open::Bracket(at) | Open::Hole(at) | Open::Template(at) => Some(*at),
            _ => None,
        });
        let index = self.tokens.list.len();
        self.tokens.list.push(Token { kind, span: self.at..end, pair: None, inside });
        self.at = end.max(self.at.saturating_add(1));
        index
    }

    fn pair(&mut self, one: usize, other: usize) {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(token) = self.tokens.list.get_mut(from) {
                token.pair = Some(to);
            }
        }
    }

    /// Skips to behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, from: usize, end: &str) {
        let rest = self.text.get(self.at.saturating_add(from)..).unwrap_or_default();
        let length = memchr::memmem::find(rest.as_bytes(), end.as_bytes());
        self.at = length.map_or(self.text.len(), |length| {
            self.at.saturating_add(from).saturating_add(length).saturating_add(end.len())
        });
    }

    fn code(&mut self) {
        match self.byte(0) {
            b' ' | b'\t' | b'\r' | b'\n' => self.at = self.at.saturating_add(1),
            b'/' if self.byte(1) == b'/' => self.skip_past(2, "\n"),
            b'/' if self.byte(1) == b'*' => self.skip_past(2, "*/"),
            b'#' if self.at == 0 && self.byte(1) == b'!' => self.skip_past(2, "\n"),
            b'"' | b'\'' => {
                let length = self.string();
                self.push(Kind::Text, length);
            }
            b'`' => {
                let index = self.push(Kind::Mark, 1);
                self.open.push(Open::Template(index));
            }
            b'0'..=b'9' => {
                let digits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
                let length = self.rest().bytes().take_while(|byte| digits(*byte)).count();
                self.push(Kind::Number, length);
            }
            b'/' => match self.begins_expression().then(|| self.regex()).flatten() {
                Some(length) => {
                    self.push(Kind::Regex, length);
                }
                None => {
                    self.push(Kind::Mark, 1);
                }
            },
            b'<' if self.markup && self.begins_element() => {
                let index = self.push(Kind::Mark, 1);
                self.open.push(Open::Tag(index, false));
            }
            b'(' | b'[' | b'{' => {
                let index = self.push(Kind::Mark, 1);
                self.open.push(Open::Bracket(index));
            }
            b')' | b']' | b'}' => self.close(),
            byte if is_name(byte) || byte == b'#' => {
                let length = self.rest().bytes().skip(1).take_while(|byte| is_name(*byte)).count();
                self.push(Kind::Word, length.saturating_add(1));
            }
            _ => {
                let length = OPERATORS
                    .iter()
                    .find(|operator| self.rest().starts_with(**operator))
                    .map_or(1, |operator| operator.len());
                self.push(Kind::Mark, length);
            }
        }
    }

    /// Bytes of the string here, which ends with its line at the latest.
    fn string(&self) -> usize {
        let bytes = self.rest().as_bytes();
        let quote = bytes.first().copied().unwrap_or_default();
        let mut length = 1_usize;
        while let Some(byte) = bytes.get(length) {
            match *byte {
                b'\\' => length = length.saturating_add(2),
                b'\n' => return length,
                byte if byte == quote => return length.saturating_add(1),
                _ => length = length.saturating_add(1),
            }
        }
        bytes.len()
    }

    /// Bytes of the regular expression that would begin here; `None` where its line ends before it does. A text in which many do
    /// not end has only short ones from there on, so that the search stays linear.
    fn regex(&mut self) -> Option<usize> {
        let spent = self.in_vain > self.text.len().saturating_mul(4).saturating_add(REGEX_IN_VAIN);
        let bytes = self.rest().as_bytes();
        let most = if spent { bytes.len().min(REGEX_SHORT) } else { bytes.len() };
        let (mut at, mut class) = (1_usize, false);
        loop {
            match bytes.get(at).filter(|_| at < most) {
                None | Some(b'\n') => {
                    self.in_vain = self.in_vain.saturating_add(at);
                    return None;
                }
                Some(b'\\') => at = at.saturating_add(1),
                Some(b'[') => class = true,
                Some(b']') => class = false,
                Some(b'/') if !class => break,
                Some(_) => {}
            }
            at = at.saturating_add(1);
        }
        let flags = bytes.iter().skip(at.saturating_add(1)).take_while(|byte| byte.is_ascii_alphabetic());
        Some(at.saturating_add(1).saturating_add(flags.count()))
    }

    /// Bytes of the types in `<Table<User> rowKey="id">`, where they stand here, directly behind the name of a tag.
    fn types_of_tag(&self, begin: usize) -> Option<usize> {
        let name = self.text.get(self.tokens.list.get(begin)?.span.end..self.at)?;
        let named = (1..200).contains(&name.len())
            && name.bytes().all(|byte| is_name(byte) || matches!(byte, b'.' | b'-' | b':'));
        if !named {
            return None;
        }
        let bytes = self.rest().as_bytes();
        let (mut depth, mut last) = (0_usize, 0);
        for (at, byte) in bytes.iter().enumerate().take(TYPES_OF_TAG) {
            match *byte {
                b'<' => depth = depth.saturating_add(1),
                // `=>` of a function's type closes nothing.
                b'>' if last != b'=' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Some(at.saturating_add(1));
            }
            last = *byte;
        }
        None
    }

    fn word(&self, index: usize) -> &str {
        self.tokens.list.get(index).and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    /// Whether what comes next begins an operand rather than goes on from one.
    fn begins_expression(&self) -> bool {
        let Some(last) = self.tokens.list.len().checked_sub(1) else { return true };
        let Some(token) = self.tokens.list.get(last) else { return true };
        let word = self.word(last);
        match token.kind {
            Kind::Word => {
                let member =
                    last.checked_sub(1).is_some_and(|before| matches!(self.word(before), "." | "?."));
                !member && BEFORE_OPERAND.contains(&word)
            }
            Kind::Number | Kind::Text | Kind::Regex => false,
            Kind::Piece | Kind::Shown => true,
            Kind::Mark => match word {
                "]" | "`" | "++" | "--" => false,
                ")" => token
                    .pair
                    .and_then(|open| open.checked_sub(1))
                    .is_some_and(|before| matches!(self.word(before), "if" | "while" | "for" | "with")),
                // What closes an object goes on; behind a block something begins.
                "}" => !token.pair.and_then(|open| open.checked_sub(1)).is_some_and(|before| {
                    matches!(self.word(before), "=" | "(" | "," | ":" | "[" | "return" | "?")
                }),
                // An element of JSX ends with it.
                ">" | "/>" => token.pair.is_none(),
                _ => true,
            },
        }
    }

    /// Whether `<` here begins an element of JSX and neither a comparison nor the parameters of a type.
    fn begins_element(&self) -> bool {
        let next = self.byte(1);
        if !(next == b'>' || next.is_ascii_alphabetic() || next == b'_') || !self.begins_expression() {
            return false;
        }
        let name = self.rest().get(1..).unwrap_or_default();
        let behind =
            name.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':'));
        // `<const T,>(x: T) => x`
        if name.starts_with("const ") {
            return false;
        }
        let behind = behind.trim_start();
        // `<T,>(x: T) => x` and `<T extends U>(x: T) => x` are functions.
        !behind.starts_with(',') && !behind.starts_with("extends ") && !behind.starts_with('=')
    }

    fn close(&mut self) {
        let byte = self.byte(0);
        let wanted = match byte {
            b')' => "(",
            b']' => "[",
            _ => "{",
        };
        let found = self.open.iter().rposition(|open| match open {
            Open::Bracket(at) => self.word(*at) == wanted,
            Open::Hole(_) => byte == b'}',
            _ => false,
        });
        // Nothing beyond a template or an element is closed from inside of it.
        let walled = self.open.iter().rposition(|open| matches!(open, Open::Template(_) | Open::Children(_)));
        let index = self.push(Kind::Mark, 1);
        let Some(at) = found.filter(|at| walled.is_none_or(|wall| wall < *at)) else { return };
        if let Some(Open::Bracket(opened) | Open::Hole(opened)) = self.open.get(at).copied() {
            self.pair(opened, index);
            let around = self.tokens.list.get(opened).and_then(|token| token.inside);
            if let Some(token) = self.tokens.list.get_mut(index) {
                token.inside = around;
            }
        }
        self.open.truncate(at);
    }

    fn template(&mut self) {
        let bytes = self.rest().as_bytes();
        let mut length = 0_usize;
        while let Some(byte) = bytes.get(length) {
            match *byte {
                b'\\' => length = length.saturating_add(2),
                b'`' => break,
                b'$' if bytes.get(length.saturating_add(1)) == Some(&b'{') => break,
                _ => length = length.saturating_add(1),
            }
        }
        if length > 0 {
            self.push(Kind::Piece, length);
            return;
        }
        if self.byte(0) == b'`' {
            let opened = self.open.pop();
            let index = self.push(Kind::Mark, 1);
            if let Some(Open::Template(opened)) = opened {
                self.pair(opened, index);
            }
            return;
        }
        let index = self.push(Kind::Mark, 2);
        self.open.push(Open::Hole(index));
    }

    /// One part of a tag: a name, an attribute's value, an expression, its end.
    fn tag(&mut self) {
        let Some(Open::Tag(begin, closes)) = self.open.last().copied() else { return };
        match self.byte(0) {
            b' ' | b'\t' | b'\r' | b'\n' => self.at = self.at.saturating_add(1),
            b'/' if self.byte(1) == b'>' => {
                let index = self.push(Kind::Mark, 2);
                self.pair(begin, index);
                self.open.pop();
            }
            b'/' if self.byte(1) == b'/' => self.skip_past(2, "\n"),
            b'/' if self.byte(1) == b'*' => self.skip_past(2, "*/"),
            b'>' => {
                let index = self.push(Kind::Mark, 1);
                self.open.pop();
                if closes {
                    // What the element stands between its tags ends as well.
                    if let Some(Open::Children(opened)) = self.open.last().copied() {
                        self.pair(opened, index);
                        self.open.pop();
                    }
                } else {
                    self.open.push(Open::Children(begin));
                }
            }
            // Text of an attribute ends with its quote, on whatever line, and knows no backslash.
            quote @ (b'"' | b'\'') => {
                let inner = self.rest().get(1..).unwrap_or_default();
                let length = memchr::memchr(quote, inner.as_bytes()).unwrap_or(inner.len());
                self.push(Kind::Text, length.saturating_add(2));
            }
            b'{' => {
                let index = self.push(Kind::Mark, 1);
                self.open.push(Open::Hole(index));
            }
            byte if is_name(byte) => {
                let length = self.rest().bytes().take_while(|byte| is_name(*byte) || *byte == b'-').count();
                self.push(Kind::Word, length);
            }
            _ => {
                if let Some(length) = (self.byte(0) == b'<').then(|| self.types_of_tag(begin)).flatten() {
                    self.at = self.at.saturating_add(length);
                    return;
                }
                let length = self.rest().chars().next().map_or(1, char::len_utf8);
                self.push(Kind::Mark, length);
            }
        }
    }

    fn children(&mut self) {
        let length = self.rest().find(['<', '{']).unwrap_or(self.rest().len());
        if length > 0 {
            self.push(Kind::Shown, length);
            return;
        }
        if self.byte(0) == b'{' {
            let index = self.push(Kind::Mark, 1);
            self.open.push(Open::Hole(index));
            return;
        }
        let closes = self.byte(1) == b'/';
        let index = self.push(Kind::Mark, if closes { 2 } else { 1 });
        self.open.push(Open::Tag(index, closes));
    }
}

/// Whether a byte is part of a name; what is beyond ASCII counts as one.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// Operators of more than one character, longest first.
const OPERATORS: &[&str] = &[
    ">>>=", "...", "===", "!==", "**=", "&&=", "||=", "??=", "<<=", ">>=", "=>", "==", "!=", "<=", ">=",
    "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**",
];

/// Words behind which an operand stands.
const BEFORE_OPERAND: &[&str] = &[
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "instanceof",
    "do",
    "else",
    "yield",
    "await",
    "default",
    "extends",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let read = read(text, true);
        assert_eq!(read.stopped, None, "{text}");
        read.list.into_iter().map(|token| (token.kind, &text[token.span])).collect()
    }

    fn of_kind(text: &str, kind: Kind) -> Vec<&str> {
        kinds(text).into_iter().filter(|(found, _)| *found == kind).map(|(_, part)| part).collect()
    }

    #[test]
    fn regular_expressions_are_told_from_divisions() {
        for (text, found) in [
            ("a = b / c / d", vec![]),
            ("a = /[/'\"]+/g.test(s)", vec!["/[/'\"]+/g"]),
            ("if (x) /'/.exec(s)", vec!["/'/"]),
            ("f(x) / 2 / g", vec![]),
            ("return /`/", vec!["/`/"]),
            ("x = {a: 1} / 2 / 3", vec![]),
            ("s.replace(/\\//g, '/')", vec!["/\\//g"]),
            ("a.return / 2 / b", vec![]),
            ("x++ / 2 / y", vec![]),
        ] {
            assert_eq!(of_kind(text, Kind::Regex), found, "{text}");
        }
    }

    #[test]
    fn templates_nest_and_their_pieces_are_known() {
        assert_eq!(of_kind("`a ${b ? `c ${d}` : {e: '}'}} f`", Kind::Piece), ["a ", "c ", " f"]);
        assert_eq!(of_kind("`it's \\` ${'`'} $x`; y = 'z'", Kind::Text), ["'`'", "'z'"]);
    }

    #[test]
    fn markup_is_told_from_comparisons_and_types() {
        let text = "const a = <p title='x'>it's {n > 1 ? \"two\" : <b/>} // no remark</p>; f('y')";
        assert_eq!(of_kind(text, Kind::Shown), ["it's ", " // no remark"]);
        assert_eq!(of_kind(text, Kind::Text), ["'x'", "\"two\"", "'y'"]);
        assert_eq!(of_kind("if (a < b && c > d) f('x')", Kind::Text), ["'x'"]);
        assert_eq!(of_kind("const f = <T,>(x: T) => g<T>('x')", Kind::Shown), [""; 0]);
        assert_eq!(of_kind("const f = <T extends U>(x: T) => g('x')", Kind::Shown), [""; 0]);
        assert_eq!(of_kind("return <><A b={c} />d</>", Kind::Shown), ["d"]);
        assert_eq!(of_kind("new Map<string, number>('x')", Kind::Shown), [""; 0]);
    }

    #[test]
    fn types_behind_the_name_of_an_element_are_passed_over() {
        for (text, shown) in [
            ("const a = <Table<User> rowKey=\"id\" />; f('x')", vec![]),
            ("<Select<Option, false> a={b}>it's</Select>", vec!["it's"]),
            ("<A><Of<(a: B<C>) => D> e='f' /></A>", vec![]),
            ("const f = <const T,>(x: T) => g('x')", vec![]),
        ] {
            assert_eq!(of_kind(text, Kind::Shown), shown, "{text}");
        }
    }

    #[test]
    fn many_slashes_without_an_end_take_no_time() {
        for text in ["a/[ ", "(/[ "] {
            assert!(!read(&text.repeat(60_000), true).list.is_empty());
        }
        assert!(read(&"x = <a<".repeat(400), true).stopped.is_some());
    }

    #[test]
    fn brackets_know_their_others_and_remarks_are_passed_over() {
        let text = "f(a, [b, {c}]) // g('x'\n/* ( */ h()";
        let read = read(text, false);
        let open = read.list.iter().position(|token| &text[token.span.clone()] == "(").unwrap();
        let close = read.list[open].pair.unwrap();
        assert_eq!(&text[read.list[open].span.start..read.list[close].span.end], "(a, [b, {c}])");
        assert_eq!(read.list[close].inside, None);
        assert_eq!(of_kind(text, Kind::Text), [""; 0]);
    }

    #[test]
    fn what_does_not_end_is_said() {
        assert!(read("a = `b ${c", false).stopped.is_some());
        assert!(read("a = 'b\nc = `d", false).stopped.is_some());
        assert!(read(&"(".repeat(DEPTH + 10), false).stopped.is_some());
        assert_eq!(read("a = 'b\nf('c')", false).stopped, None);
    }

    proptest! {
        #[test]
        fn any_text_gives_tokens_in_order_and_inside_it(text in r#"([a-z$(){}\[\]|&;<>'"`\\/ =#é\n.,:]|\$\{|=>|</a>|<a |/\*|\*/|return |//){0,100}"#, markup in any::<bool>()) {
            let read = read(&text, markup);
            let mut end = 0;
            for (index, token) in read.list.iter().enumerate() {
                prop_assert!(token.span.start >= end);
                end = token.span.end;
                prop_assert!(text.get(token.span.clone()).is_some());
                if let Some(pair) = token.pair {
                    prop_assert!(pair < read.list.len());
                    prop_assert!(pair != index);
                }
                prop_assert!(token.inside.is_none_or(|inside| inside < index));
            }
        }
    }
}
