//! Jinja's syntax, read leniently: statements in source order and their expressions in one arena.
//!
//! Our own reader, because templates found in models use extensions (`{% generation %}`, Python methods, `{% break %}`)
//! that no strict parser takes, and because a template that does not parse must still be judged. Nesting is bounded by
//! [`MAX_NESTING`]; an expression that cannot be read becomes [`Statement::Broken`] and reading goes on after its tag.
//! Source: Jinja 3.1 template designer documentation, `jinja2/lexer.py` and `jinja2/parser.py`. Linear time.

/// Index of an expression in [`Template::nodes`]; operands always come before the expression that uses them.
pub(super) type Id = usize;

/// Deepest nesting of one expression. Real templates stay below 10.
const MAX_NESTING: usize = 48;
/// Most nodes read from one template.
const MAX_NODES: usize = 150_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Text(String),
    Integer(i64),
    Constant,
    Name(String),
    Attribute(Id, String),
    Item(Id, Id),
    Slice(Id, [Option<Id>; 3]),
    Call(Id, Vec<Id>, Vec<(String, Id)>),
    Filter(Option<Id>, String, Vec<Id>, Vec<(String, Id)>),
    Test(Id, String, Vec<Id>),
    Binary(Operator, Id, Id),
    Unary(Id),
    /// value if true, condition, value if false
    Choice(Id, Id, Option<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Concat,
    Multiply,
    Modulo,
    Power,
    Compare,
    Contains,
    Logic,
    Arithmetic,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) offset: usize,
}

/// One statement; `nodes` is the range of arena entries its expressions take.
#[derive(Debug)]
pub(super) struct Spanned {
    pub(super) statement: Statement,
    pub(super) offset: usize,
    pub(super) nodes: std::ops::Range<usize>,
}

#[derive(Debug)]
pub(super) enum Statement {
    Text(std::ops::Range<usize>),
    Output(Id),
    If(Id),
    ElseIf(Id),
    Else,
    For {
        targets: Vec<String>,
        iterated: Id,
        filter: Option<Id>,
    },
    Set {
        targets: Vec<String>,
        value: Option<Id>,
    },
    Macro {
        name: String,
        parameters: Vec<(String, Option<Id>)>,
    },
    With(Vec<(String, Id)>),
    Load {
        keyword: String,
        what: Id,
    },
    /// Evaluated for its effect, or a block of no consequence here.
    Plain,
    End(String),
    /// A tag whose expression could not be read: its source.
    Broken(std::ops::Range<usize>),
}

/// A template, read as far as it goes.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) nodes: Vec<Node>,
    pub(super) statements: Vec<Spanned>,
    /// Offset of a tag that never ends.
    pub(super) unterminated: Option<usize>,
    /// Whether reading stopped at [`MAX_NODES`].
    pub(super) too_large: bool,
}

/// Reads `source`.
pub(super) fn read(source: &str) -> Template {
    let mut template = Template::default();
    let bytes = source.as_bytes();
    let mut at = 0usize;
    while at < bytes.len() {
        if template.nodes.len() > MAX_NODES || template.statements.len() > MAX_NODES {
            template.too_large = true;
            break;
        }
        let rest = source.get(at..).unwrap_or_default();
        let tag = next_tag(rest);
        let text_end = at.saturating_add(tag.unwrap_or(rest.len()));
        if text_end > at {
            template.plain(at, Statement::Text(at..text_end));
        }
        if tag.is_none() {
            break;
        }
        at = template.tag(source, text_end);
    }
    template
}

/// Offset of the next `{{`, `{%` or `{#`.
fn next_tag(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'{', text.as_bytes())
        .find(|&at| matches!(text.as_bytes().get(at.saturating_add(1)), Some(b'{' | b'%' | b'#')))
}

impl Template {
    fn plain(&mut self, offset: usize, statement: Statement) {
        let here = self.nodes.len();
        self.statements.push(Spanned { statement, offset, nodes: here..here });
    }

    /// Reads the tag that begins at `start`; gives the offset after it.
    fn tag(&mut self, source: &str, start: usize) -> usize {
        let inner = start.saturating_add(2);
        let rest = source.get(inner..).unwrap_or_default();
        let kind = source.as_bytes().get(start.saturating_add(1)).copied().unwrap_or_default();
        if kind == b'#' {
            let Some(end) = rest.find("#}") else {
                self.unterminated.get_or_insert(start);
                return source.len();
            };
            return inner.saturating_add(end).saturating_add(2);
        }
        let closing = if kind == b'{' { *b"}}" } else { *b"%}" };
        let mut tokens = Vec::new();
        let Some(end) = tokenize(source, inner, closing, &mut tokens) else {
            self.unterminated.get_or_insert(start);
            self.plain(start, Statement::Broken(start..source.len()));
            return source.len();
        };
        if kind == b'%' && matches!(tokens.first(), Some((Token::Name("raw"), _))) {
            let after = source.get(end..).unwrap_or_default();
            let length = end_of_raw(after).unwrap_or(after.len());
            self.plain(end, Statement::Text(end..end.saturating_add(length)));
            return end.saturating_add(length);
        }
        let first = self.nodes.len();
        let mut parser = Parser { tokens: &tokens, next: 0, nodes: &mut self.nodes, nesting: 0 };
        let statement =
            if kind == b'{' { parser.expression().map(Statement::Output) } else { parser.statement() };
        let complete = parser.next >= parser.tokens.len();
        let statement = match statement {
            Some(statement) if complete => statement,
            _ => Statement::Broken(start..end),
        };
        self.statements.push(Spanned { statement, offset: start, nodes: first..self.nodes.len() });
        end
    }
}

/// Offset of the `{% endraw %}` tag in `text`.
fn end_of_raw(text: &str) -> Option<usize> {
    text.match_indices("{%").map(|(at, _)| at).find(|&at| {
        let body = text.get(at.saturating_add(2)..).unwrap_or_default();
        body.trim_start_matches(['-', '+']).trim_start().starts_with("endraw")
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    Integer(i64),
    Float,
    /// The literal's inside, with its escapes.
    Text(&'a str),
    Mark(&'a str),
}

/// Splits the tag body at `start` into tokens; gives the offset after its closing delimiter.
fn tokenize<'a>(
    source: &'a str,
    start: usize,
    closing: [u8; 2],
    tokens: &mut Vec<(Token<'a>, usize)>,
) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = start;
    let mut braces = 0usize;
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at = at.saturating_add(1);
    }
    loop {
        let byte = *bytes.get(at)?;
        let closes = |from: usize| bytes.get(from..from.saturating_add(2)) == Some(&closing[..]);
        if (braces == 0 || closing == *b"%}") && closes(at) {
            return Some(at.saturating_add(2));
        }
        if matches!(byte, b'-' | b'+') && closes(at.saturating_add(1)) {
            return Some(at.saturating_add(3));
        }
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at = at.saturating_add(1);
                continue;
            }
            b'"' | b'\'' => {
                let end = end_of_literal(bytes, at)?;
                let inside = source.get(at.saturating_add(1)..end)?;
                tokens.push((Token::Text(inside), at));
                at = end.saturating_add(1);
                continue;
            }
            b'0'..=b'9' => {
                let digits = run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_');
                let after = bytes.get(at.saturating_add(digits));
                let fraction = after == Some(&b'.')
                    && bytes.get(at.saturating_add(digits).saturating_add(1)).is_some_and(u8::is_ascii_digit);
                if fraction {
                    let more = run(bytes, at.saturating_add(digits).saturating_add(1), |b| {
                        b.is_ascii_alphanumeric()
                    });
                    tokens.push((Token::Float, at));
                    digits.saturating_add(1).saturating_add(more)
                } else {
                    let word = source.get(at..at.saturating_add(digits))?.replace('_', "");
                    tokens.push((integer(&word).map_or(Token::Float, Token::Integer), at));
                    digits
                }
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let length = run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
                tokens.push((Token::Name(source.get(at..at.saturating_add(length))?), at));
                length
            }
            _ => {
                let two = source.get(at..at.saturating_add(2)).unwrap_or_default();
                let length = if matches!(two, "==" | "!=" | "<=" | ">=" | "**" | "//") { 2 } else { 1 };
                match byte {
                    b'{' => braces = braces.saturating_add(1),
                    b'}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
                tokens.push((Token::Mark(source.get(at..at.saturating_add(length))?), at));
                length
            }
        };
        at = at.saturating_add(length);
    }
}

fn run(bytes: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
}

fn integer(word: &str) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    match lower.as_bytes() {
        [b'0', b'x', ..] => i64::from_str_radix(lower.get(2..)?, 16).ok(),
        [b'0', b'o', ..] => i64::from_str_radix(lower.get(2..)?, 8).ok(),
        [b'0', b'b', ..] => i64::from_str_radix(lower.get(2..)?, 2).ok(),
        _ => Some(lower.parse().unwrap_or(i64::MAX)).filter(|_| lower.bytes().all(|b| b.is_ascii_digit())),
    }
}

/// Offset of the quote that ends the literal begun at `start`.
fn end_of_literal(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = *bytes.get(start)?;
    let mut at = start.saturating_add(1);
    loop {
        let step = memchr::memchr2(quote, b'\\', bytes.get(at..)?)?;
        at = at.saturating_add(step);
        if bytes.get(at) == Some(&quote) {
            return Some(at);
        }
        at = at.saturating_add(2);
    }
}

/// The characters of a literal, escapes resolved as Jinja resolves them (`unicode-escape`).
pub(crate) fn unescape(inside: &str) -> String {
    if !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut shown = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            shown.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => shown.push('\n'),
            Some('t') => shown.push('\t'),
            Some('r') => shown.push('\r'),
            Some('x') => shown.extend(digits(&mut characters, 2, 16)),
            Some('u') => shown.extend(digits(&mut characters, 4, 16)),
            Some('U') => shown.extend(digits(&mut characters, 8, 16)),
            Some('\n') | None => {}
            Some(first @ '0'..='7') => {
                let mut code = first.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let mut ahead = characters.clone();
                    let Some(digit) = ahead.next().and_then(|c| c.to_digit(8)) else { break };
                    code = code << 3 | digit;
                    characters = ahead;
                }
                shown.extend(char::from_u32(code));
            }
            Some(other) => shown.push(other),
        }
    }
    shown
}

fn digits(characters: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Option<char> {
    let mut code = 0u32;
    for _ in 0..count {
        code = code.checked_mul(radix)?.checked_add(characters.next()?.to_digit(radix)?)?;
    }
    char::from_u32(code)
}

struct Parser<'t, 's> {
    tokens: &'t [(Token<'s>, usize)],
    next: usize,
    nodes: &'t mut Vec<Node>,
    nesting: usize,
}

impl<'s> Parser<'_, 's> {
    fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.next).map(|(token, _)| *token)
    }

    fn take(&mut self) -> Option<Token<'s>> {
        let token = self.peek();
        self.next = self.next.saturating_add(1);
        token
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Mark(found)) if found == mark);
        if found {
            self.next = self.next.saturating_add(1);
        }
        found
    }

    fn eat_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == name);
        if found {
            self.next = self.next.saturating_add(1);
        }
        found
    }

    fn name(&mut self) -> Option<String> {
        match self.take()? {
            Token::Name(name) => Some(name.to_owned()),
            _ => None,
        }
    }

    fn push(&mut self, expr: Expr) -> Id {
        let offset = self.tokens.get(self.next.saturating_sub(1)).map_or(0, |(_, offset)| *offset);
        self.nodes.push(Node { expr, offset });
        self.nodes.len().saturating_sub(1)
    }

    fn statement(&mut self) -> Option<Statement> {
        let keyword = self.name()?;
        Some(match keyword.as_str() {
            "if" => Statement::If(self.tuple()?),
            "elif" | "elseif" => Statement::ElseIf(self.tuple()?),
            "else" => Statement::Else,
            "for" => {
                let targets = self.targets()?;
                if !self.eat_name("in") {
                    return None;
                }
                // `if` after the iterated expression is the loop's filter, not a choice.
                let iterated = self.loop_source()?;
                let filter = if self.eat_name("if") { Some(self.expression()?) } else { None };
                self.eat_name("recursive");
                Statement::For { targets, iterated, filter }
            }
            "set" => {
                let targets = self.targets()?;
                if self.eat("=") {
                    Statement::Set { targets, value: Some(self.tuple()?) }
                } else {
                    self.trailing_filters()?;
                    Statement::Set { targets, value: None }
                }
            }
            "macro" => {
                let name = self.name()?;
                Statement::Macro { name, parameters: self.parameters()? }
            }
            "call" => {
                if matches!(self.peek(), Some(Token::Mark("("))) {
                    self.parameters()?;
                }
                {
                    self.expression()?;
                    Statement::Plain
                }
            }
            "with" => {
                let mut bound = Vec::new();
                while self.peek().is_some() {
                    let name = self.name()?;
                    if !self.eat("=") {
                        return None;
                    }
                    bound.push((name, self.expression()?));
                    self.eat(",");
                }
                Statement::With(bound)
            }
            "include" | "import" | "extends" | "from" => {
                let what = self.expression()?;
                // `as x`, `import a, b`, `ignore missing`, `with context` bind names and load nothing more.
                self.next = self.tokens.len();
                Statement::Load { keyword, what }
            }
            "do" | "print" => {
                self.tuple()?;
                Statement::Plain
            }
            "filter" => {
                let name = self.name()?;
                let (arguments, named) = if self.eat("(") { self.arguments()? } else { Default::default() };
                self.push(Expr::Filter(None, name, arguments, named));
                self.trailing_filters()?;
                Statement::Plain
            }
            _ if keyword.starts_with("end") => {
                self.next = self.tokens.len();
                Statement::End(keyword)
            }
            _ => {
                self.next = self.tokens.len();
                Statement::Plain
            }
        })
    }

    fn trailing_filters(&mut self) -> Option<()> {
        while self.eat("|") {
            let name = self.name()?;
            let (arguments, named) = if self.eat("(") { self.arguments()? } else { Default::default() };
            self.push(Expr::Filter(None, name, arguments, named));
        }
        Some(())
    }

    fn targets(&mut self) -> Option<Vec<String>> {
        let mut targets = Vec::new();
        let wrapped = self.eat("(");
        loop {
            let mut name = self.name()?;
            while self.eat(".") {
                name.push('.');
                name.push_str(&self.name()?);
            }
            targets.push(name);
            if !self.eat(",") {
                break;
            }
        }
        if wrapped && !self.eat(")") {
            return None;
        }
        Some(targets)
    }

    fn parameters(&mut self) -> Option<Vec<(String, Option<Id>)>> {
        let mut parameters = Vec::new();
        if !self.eat("(") {
            return None;
        }
        while !self.eat(")") {
            let name = self.name()?;
            let default = if self.eat("=") { Some(self.expression()?) } else { None };
            parameters.push((name, default));
            self.eat(",");
        }
        Some(parameters)
    }

    /// An expression, or several separated by commas, which make a tuple.
    fn tuple(&mut self) -> Option<Id> {
        let first = self.expression()?;
        if !matches!(self.peek(), Some(Token::Mark(","))) {
            return Some(first);
        }
        let mut items = vec![first];
        while self.eat(",") {
            if self.peek().is_none() {
                break;
            }
            items.push(self.expression()?);
        }
        Some(self.push(Expr::List(items)))
    }

    fn loop_source(&mut self) -> Option<Id> {
        let first = self.binary(0)?;
        if !matches!(self.peek(), Some(Token::Mark(","))) {
            return Some(first);
        }
        let mut items = vec![first];
        while self.eat(",") {
            items.push(self.binary(0)?);
        }
        Some(self.push(Expr::List(items)))
    }

    fn expression(&mut self) -> Option<Id> {
        if self.nesting >= MAX_NESTING {
            return None;
        }
        self.nesting = self.nesting.saturating_add(1);
        let read = self.choice();
        self.nesting = self.nesting.saturating_sub(1);
        read
    }

    fn choice(&mut self) -> Option<Id> {
        let mut value = self.binary(0)?;
        while self.eat_name("if") {
            let condition = self.binary(0)?;
            let otherwise = if self.eat_name("else") { Some(self.expression()?) } else { None };
            value = self.push(Expr::Choice(value, condition, otherwise));
        }
        Some(value)
    }

    /// Operators by precedence climbing; `floor` is the weakest one taken.
    fn binary(&mut self, floor: u8) -> Option<Id> {
        if self.nesting >= MAX_NESTING {
            return None;
        }
        self.nesting = self.nesting.saturating_add(1);
        let read = self.binary_at(floor);
        self.nesting = self.nesting.saturating_sub(1);
        read
    }

    fn binary_at(&mut self, floor: u8) -> Option<Id> {
        let mut left = if self.eat_name("not") {
            let operand = self.binary(3)?;
            self.push(Expr::Unary(operand))
        } else {
            self.unary()?
        };
        loop {
            let before = self.next;
            let (operator, strength) = match self.take() {
                Some(Token::Name("or")) => (Operator::Logic, 1),
                Some(Token::Name("and")) => (Operator::Logic, 2),
                Some(Token::Name("in")) => (Operator::Contains, 4),
                Some(Token::Name("not")) if self.eat_name("in") => (Operator::Contains, 4),
                Some(Token::Name("is")) if floor <= 4 => {
                    self.eat_name("not");
                    let name = self.test_name()?;
                    let mut arguments = Vec::new();
                    if self.eat("(") {
                        arguments = self.arguments()?.0;
                    } else if self.starts_test_argument() {
                        arguments.push(self.unary()?);
                    }
                    left = self.push(Expr::Test(left, name, arguments));
                    continue;
                }
                Some(Token::Mark("==" | "!=" | "<" | ">" | "<=" | ">=")) => (Operator::Compare, 4),
                Some(Token::Mark("+")) => (Operator::Add, 5),
                Some(Token::Mark("-")) => (Operator::Arithmetic, 5),
                Some(Token::Mark("~")) => (Operator::Concat, 6),
                Some(Token::Mark("*")) => (Operator::Multiply, 7),
                Some(Token::Mark("/" | "//")) => (Operator::Arithmetic, 7),
                Some(Token::Mark("%")) => (Operator::Modulo, 7),
                Some(Token::Mark("**")) => (Operator::Power, 8),
                _ => {
                    self.next = before;
                    return Some(left);
                }
            };
            if strength < floor.max(1) {
                self.next = before;
                return Some(left);
            }
            let right = self.binary(if strength == 8 { 8 } else { strength.saturating_add(1) })?;
            left = self.push(Expr::Binary(operator, left, right));
        }
    }

    fn test_name(&mut self) -> Option<String> {
        let mut name = match self.take()? {
            Token::Name(name) => name.to_owned(),
            _ => return None,
        };
        while self.eat(".") {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Some(name)
    }

    /// Whether a test's single argument follows without parentheses, as in `is divisibleby 3`.
    fn starts_test_argument(&self) -> bool {
        match self.peek() {
            Some(Token::Name(name)) => {
                !matches!(name, "else" | "or" | "and" | "if" | "is" | "in" | "not" | "recursive")
            }
            Some(Token::Integer(_) | Token::Float | Token::Text(_)) => true,
            Some(Token::Mark(mark)) => matches!(mark, "[" | "{"),
            None => false,
        }
    }

    fn unary(&mut self) -> Option<Id> {
        let mut negative = false;
        let mut signs = 0usize;
        while let Some(Token::Mark(mark @ ("-" | "+"))) = self.peek() {
            negative ^= mark == "-";
            signs = signs.saturating_add(1);
            self.next = self.next.saturating_add(1);
        }
        let primary = self.primary()?;
        let operand = self.postfix(primary)?;
        if signs == 0 {
            return Some(operand);
        }
        let folded = match self.nodes.get(operand).map(|node| &node.expr) {
            Some(Expr::Integer(value)) if negative => Expr::Integer(value.saturating_neg()),
            Some(Expr::Integer(value)) => Expr::Integer(*value),
            _ => Expr::Unary(operand),
        };
        Some(self.push(folded))
    }

    fn primary(&mut self) -> Option<Id> {
        let expr = match self.take()? {
            Token::Text(inside) => {
                let mut text = unescape(inside);
                // Adjacent literals join, as in Python.
                while let Some(Token::Text(more)) = self.peek() {
                    text.push_str(&unescape(more));
                    self.next = self.next.saturating_add(1);
                }
                Expr::Text(text)
            }
            Token::Integer(value) => Expr::Integer(value),
            Token::Float | Token::Name("true" | "True" | "false" | "False" | "none" | "None") => {
                Expr::Constant
            }
            Token::Name(name) => Expr::Name(name.to_owned()),
            Token::Mark("(") => {
                if self.eat(")") {
                    Expr::List(Vec::new())
                } else {
                    let first = self.expression()?;
                    if !matches!(self.peek(), Some(Token::Mark(","))) {
                        return self.eat(")").then_some(first);
                    }
                    let mut items = vec![first];
                    while self.eat(",") {
                        if matches!(self.peek(), Some(Token::Mark(")"))) {
                            break;
                        }
                        items.push(self.expression()?);
                    }
                    if !self.eat(")") {
                        return None;
                    }
                    Expr::List(items)
                }
            }
            Token::Mark("[") => {
                let mut items = Vec::new();
                while !self.eat("]") {
                    items.push(self.expression()?);
                    if !self.eat(",") && !matches!(self.peek(), Some(Token::Mark("]"))) {
                        return None;
                    }
                }
                Expr::List(items)
            }
            Token::Mark("{") => {
                let mut items = Vec::new();
                while !self.eat("}") {
                    let key = self.expression()?;
                    if !self.eat(":") {
                        return None;
                    }
                    items.push((key, self.expression()?));
                    if !self.eat(",") && !matches!(self.peek(), Some(Token::Mark("}"))) {
                        return None;
                    }
                }
                Expr::Dict(items)
            }
            Token::Mark(_) => return None,
        };
        Some(self.push(expr))
    }

    fn postfix(&mut self, mut value: Id) -> Option<Id> {
        loop {
            if self.eat(".") {
                let name = match self.take()? {
                    Token::Name(name) => name.to_owned(),
                    Token::Integer(index) => index.to_string(),
                    _ => return None,
                };
                value = self.push(Expr::Attribute(value, name));
            } else if self.eat("[") {
                value = self.subscript(value)?;
            } else if self.eat("(") {
                let (arguments, named) = self.arguments()?;
                value = self.push(Expr::Call(value, arguments, named));
            } else if self.eat("|") {
                let mut name = self.name()?;
                while self.eat(".") {
                    name.push('.');
                    name.push_str(&self.name()?);
                }
                let (arguments, named) = if self.eat("(") { self.arguments()? } else { Default::default() };
                value = self.push(Expr::Filter(Some(value), name, arguments, named));
            } else {
                return Some(value);
            }
        }
    }

    fn subscript(&mut self, value: Id) -> Option<Id> {
        let mut parts = [None, None, None];
        let mut index = 0usize;
        let mut is_slice = false;
        loop {
            if self.eat("]") {
                break;
            }
            if self.eat(":") {
                is_slice = true;
                index = index.saturating_add(1);
                continue;
            }
            let part = self.tuple()?;
            *parts.get_mut(index)? = Some(part);
        }
        Some(if is_slice {
            self.push(Expr::Slice(value, parts))
        } else {
            let [Some(item), ..] = parts else { return None };
            self.push(Expr::Item(value, item))
        })
    }

    #[expect(
        clippy::type_complexity,
        reason = "positional and named arguments, taken apart at once by the callers"
    )]
    fn arguments(&mut self) -> Option<(Vec<Id>, Vec<(String, Id)>)> {
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        while !self.eat(")") {
            let spread = self.eat("*") || self.eat("**");
            let is_named = matches!(
                (self.peek(), self.tokens.get(self.next.saturating_add(1))),
                (Some(Token::Name(_)), Some((Token::Mark("="), _)))
            );
            if is_named && !spread {
                let name = self.name()?;
                self.next = self.next.saturating_add(1);
                named.push((name, self.expression()?));
            } else {
                arguments.push(self.expression()?);
            }
            if !self.eat(",") && !matches!(self.peek(), Some(Token::Mark(")"))) {
                return None;
            }
        }
        Some((arguments, named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken(source: &str) -> usize {
        let template = read(source);
        let bad = |spanned: &&Spanned| matches!(spanned.statement, Statement::Broken(_));
        template.statements.iter().filter(bad).count()
    }

    #[test]
    fn the_idioms_of_chat_templates_are_read() {
        for source in [
            "{%- for m in messages[1:] if m.role != 'x' %}{{ m['content'] | trim ~ '\\n' }}{%- endfor -%}",
            "{% set ns = namespace(a=1) %}{% set ns.a = ns.a + 1 %}{% generation %}{% endgeneration %}",
            "{{ content.split('</think>')[-1].lstrip('\\n') if x is defined and x is not none else '' }}",
            "{% macro f(a, b=none) -%}{{ caller() }}{%- endmacro %}{% call f(1) %}{% endcall %}{{ {'a': {}} }}",
            "{{ raise_exception('no') }}{% if a is divisibleby 2 or not b in c %}{% elif -1 < a[::-1] %}{% else %}{% endif %}",
            "{{- '<|a|>' + (x | selectattr('role', 'equalto', 'user') | list | length) | string }}",
        ] {
            assert_eq!(broken(source), 0, "{source}");
        }
    }

    #[test]
    fn a_bad_expression_costs_only_its_own_tag() {
        let template = read("{{ a b }}{{ c }}{{ unclosed");
        assert!(matches!(template.statements[1].statement, Statement::Output(_)));
        assert_eq!(template.unterminated, Some(16));
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(broken(&format!("{{{{ {}1 }}}}", "(".repeat(100_000))), 1);
        assert_eq!(broken(&format!("{{{{ {}1 }}}}", "not ".repeat(100_000))), 1);
    }

    #[test]
    fn escapes_resolve_as_python_does() {
        assert_eq!(unescape(r"\x5f\u005f\137\n"), "___\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read(source in "\\PC*") {
            let _ = read(&source);
        }

        #[test]
        fn any_shuffle_of_tokens_is_read(parts in proptest::collection::vec(
            prop::sample::select(vec!["{{", "}}", "{%", "%}", "if", "for", "in", "a", ".", "[", "]", "(", ")", "|", "'x'", "{", "}", ":", "1", "-", "is", "not", ","]), 0..40)) {
            let _ = read(&parts.join(" "));
        }
    }
}
