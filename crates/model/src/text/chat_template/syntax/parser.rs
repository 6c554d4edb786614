//! The statements and expressions of a tag, by recursive descent bounded by [`MAX_NESTING`].
//!
//! Source: `jinja2/parser.py`.

use super::tokens::{Token, unescape};
use super::{Expr, Id, MAX_NESTING, Node, Operator, Statement};

pub(super) struct Parser<'t, 's> {
    pub(super) tokens: &'t [(Token<'s>, usize)],
    pub(super) next: usize,
    pub(super) nodes: &'t mut Vec<Node>,
    pub(super) nesting: usize,
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

    pub(super) fn statement(&mut self) -> Option<Statement> {
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

    pub(super) fn expression(&mut self) -> Option<Id> {
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
