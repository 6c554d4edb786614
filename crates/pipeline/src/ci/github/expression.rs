//! Expressions between `${{` and `}}`: a parser, and what of an expression can flow into its value.
//!
//! Source: GitHub Docs, "Evaluate expressions in workflows and actions". Bounded depth; linear.

use std::ops::Range;

/// An expression. Ranges are bytes of the text it was parsed from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// `'text'`.
    Text(String, Range<usize>),
    /// A number, `true`, `false` or `null`.
    Literal(String, Range<usize>),
    /// `github.event.issue.title`, normalised: lower case, `['a']` as `.a`, other indices as `.*`.
    Context(Context),
    /// `name(…)`, the name in lower case.
    Call(String, Vec<Expression>, Range<usize>),
    /// `!x`.
    Not(Box<Expression>),
    /// `a op b`.
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// A path into a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    /// Normalised path.
    pub(super) path: String,
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// Whether an index is computed.
    pub(super) is_computed: bool,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `||`.
    Or,
    /// `&&`.
    And,
    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    Compare,
}

/// Deepest nesting parsed.
const DEPTH: u32 = 64;

/// Parses `text`; `None` when it is no expression.
pub(super) fn parse(text: &str) -> Option<Expression> {
    let mut parser = Parser { text, at: 0 };
    let expression = parser.or(0)?;
    parser.blanks();
    (parser.at >= text.len()).then_some(expression)
}

/// Every `${{ … }}` of `text`: the bytes between the braces.
pub(super) fn templates(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0usize;
    while let Some(open) = text.get(at..).and_then(opening) {
        let start = at.saturating_add(open).saturating_add(3);
        let Some(length) = closing(text.get(start..).unwrap_or_default()) else { break };
        let end = start.saturating_add(length);
        found.push(start..end);
        at = end.saturating_add(2);
    }
    found
}

/// Where `${{` stands first. Most scalars have no `$`.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'$', bytes).find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(b"${{")))
}

/// Where `}}` stands outside quotes.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && bytes.get(at.saturating_add(1)) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    text.find("}}")
}

impl Expression {
    /// Calls `visit` on each part, outer before inner.
    pub(super) fn each<'e>(&'e self, visit: &mut dyn FnMut(&'e Self)) {
        let mut pending = vec![self];
        while let Some(one) = pending.pop() {
            visit(one);
            match one {
                Self::Call(_, arguments, _) => pending.extend(arguments.iter().rev()),
                Self::Not(inner) => pending.push(inner),
                Self::Binary(_, left, right) => pending.extend([right.as_ref(), left.as_ref()]),
                _ => {}
            }
        }
    }

    /// The parts whose value can become the value of the whole.
    pub(super) fn flows(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut pending = vec![self];
        while let Some(one) = pending.pop() {
            match one {
                Self::Text(..) | Self::Literal(..) | Self::Context(_) => found.push(one),
                Self::Call(name, arguments, _) => match name.as_str() {
                    "tojson" | "fromjson" | "format" => pending.extend(arguments.iter().rev()),
                    "join" => pending.extend(arguments.iter().take(1)),
                    "case" => pending.extend(arguments.iter().skip(1).rev()),
                    _ => {}
                },
                Self::Not(_) | Self::Binary(Operator::Compare, ..) => {}
                Self::Binary(Operator::Or, left, right) => pending.extend([right.as_ref(), left.as_ref()]),
                Self::Binary(Operator::And, _, right) => pending.push(right),
            }
        }
        found
    }

    /// The contexts among [`Expression::flows`].
    pub(super) fn flowing(&self) -> Vec<&Context> {
        self.flows()
            .into_iter()
            .filter_map(|one| match one {
                Self::Context(context) => Some(context),
                _ => None,
            })
            .collect()
    }

    /// Every context anywhere in it.
    pub(super) fn contexts(&self) -> Vec<&Context> {
        let mut found = Vec::new();
        self.each(&mut |one| {
            if let Self::Context(context) = one {
                found.push(context);
            }
        });
        found
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        let skipped = rest.len().saturating_sub(rest.trim_start().len());
        self.at = self.at.saturating_add(skipped);
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        if self.rest().starts_with(token) {
            self.at = self.at.saturating_add(token.len());
            return true;
        }
        false
    }

    fn or(&mut self, depth: u32) -> Option<Expression> {
        let mut left = self.and(depth)?;
        while self.eat("||") {
            left = Expression::Binary(Operator::Or, Box::new(left), Box::new(self.and(depth)?));
        }
        Some(left)
    }

    fn and(&mut self, depth: u32) -> Option<Expression> {
        let mut left = self.compare(depth)?;
        while self.eat("&&") {
            left = Expression::Binary(Operator::And, Box::new(left), Box::new(self.compare(depth)?));
        }
        Some(left)
    }

    fn compare(&mut self, depth: u32) -> Option<Expression> {
        let mut left = self.unary(depth)?;
        while ["==", "!=", "<=", ">=", "<", ">"].iter().any(|operator| self.eat(operator)) {
            left = Expression::Binary(Operator::Compare, Box::new(left), Box::new(self.unary(depth)?));
        }
        Some(left)
    }

    fn unary(&mut self, depth: u32) -> Option<Expression> {
        self.blanks();
        let mut negations = 0u32;
        while self.rest().starts_with('!') && !self.rest().starts_with("!=") && negations < DEPTH {
            self.at = self.at.saturating_add(1);
            negations = negations.saturating_add(1);
            self.blanks();
        }
        let mut inner = self.primary(depth)?;
        for _ in 0..negations {
            inner = Expression::Not(Box::new(inner));
        }
        Some(inner)
    }

    fn primary(&mut self, depth: u32) -> Option<Expression> {
        if depth >= DEPTH {
            return None;
        }
        self.blanks();
        let start = self.at;
        let first = self.rest().chars().next()?;
        if first == '(' {
            self.at = self.at.saturating_add(1);
            let inner = self.or(depth.saturating_add(1))?;
            if !self.eat(")") {
                return None;
            }
            if self.rest().starts_with(['.', '[']) {
                // A member of a compound: which one is not known.
                let mut path = "?".to_owned();
                self.members(&mut path, depth)?;
                return Some(Expression::Context(Context { path, span: start..self.at, is_computed: true }));
            }
            return Some(inner);
        }
        if first == '\'' {
            return self.quoted(start);
        }
        if first.is_ascii_digit() || first == '-' || first == '+' {
            let length = self
                .rest()
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
                .count();
            self.at = self.at.saturating_add(length);
            return Some(Expression::Literal(self.text.get(start..self.at)?.to_owned(), start..self.at));
        }
        let name = self.name()?;
        if matches!(name.as_str(), "true" | "false" | "null") {
            return Some(Expression::Literal(name, start..self.at));
        }
        self.blanks();
        if self.rest().starts_with('(') {
            self.at = self.at.saturating_add(1);
            let mut arguments = Vec::new();
            if !self.eat(")") {
                loop {
                    arguments.push(self.or(depth.saturating_add(1))?);
                    if self.eat(",") {
                        continue;
                    }
                    if self.eat(")") {
                        break;
                    }
                    return None;
                }
            }
            let end = self.at;
            let mut members = String::new();
            self.members(&mut members, depth)?;
            return Some(Expression::Call(name, arguments, start..self.at.max(end)));
        }
        let mut path = name;
        let is_computed = self.members(&mut path, depth)?;
        Some(Expression::Context(Context { path, span: start..self.at, is_computed }))
    }

    /// `.name`, `.*` and `[…]` behind a context; whether an index is computed.
    fn members(&mut self, path: &mut String, depth: u32) -> Option<bool> {
        let mut is_computed = false;
        loop {
            if self.rest().starts_with('.') {
                self.at = self.at.saturating_add(1);
                path.push('.');
                if self.rest().starts_with('*') {
                    self.at = self.at.saturating_add(1);
                    path.push('*');
                } else {
                    path.push_str(&self.name()?);
                }
            } else if self.rest().starts_with('[') {
                self.at = self.at.saturating_add(1);
                if self.eat("*") {
                    path.push_str(".*");
                } else {
                    match self.or(depth.saturating_add(1))? {
                        Expression::Text(key, _) => {
                            path.push('.');
                            path.push_str(&key.to_ascii_lowercase());
                        }
                        Expression::Literal(..) => path.push_str(".*"),
                        _ => {
                            is_computed = true;
                            path.push_str(".*");
                        }
                    }
                }
                if !self.eat("]") {
                    return None;
                }
            } else {
                return Some(is_computed);
            }
        }
    }

    fn quoted(&mut self, start: usize) -> Option<Expression> {
        let mut value = String::new();
        self.at = self.at.saturating_add(1);
        loop {
            let rest = self.rest();
            let end = rest.find('\'')?;
            value.push_str(rest.get(..end)?);
            let doubled = rest.get(end.saturating_add(1)..).is_some_and(|after| after.starts_with('\''));
            self.at = self.at.saturating_add(end).saturating_add(if doubled { 2 } else { 1 });
            if !doubled {
                return Some(Expression::Text(value, start..self.at));
            }
            value.push('\'');
        }
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        let name = rest.get(..length).filter(|name| !name.is_empty())?.to_ascii_lowercase();
        self.at = self.at.saturating_add(length);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flowing(text: &str) -> Vec<String> {
        parse(text).unwrap().flowing().iter().map(|context| context.path.clone()).collect()
    }

    #[test]
    fn only_what_can_become_the_value_flows() {
        assert_eq!(flowing(" github.event.issue.title == 'x' "), [""; 0]);
        assert_eq!(flowing("contains(github.event.issue.title, 'x')"), [""; 0]);
        assert_eq!(flowing("a.b && c.d || e.f"), ["c.d", "e.f"]);
        assert_eq!(flowing("toJSON(github['event'])"), ["github.event"]);
        assert_eq!(flowing("format('{0}', x.labels.*.name)"), ["x.labels.*.name"]);
        assert_eq!(flowing("fromJSON(inputs.x) && 'a' || ''"), [""; 0]);
        assert_eq!(flowing("github.event.labels[0].name"), ["github.event.labels.*.name"]);
    }

    #[test]
    fn templates_end_outside_quotes() {
        let text = "a ${{ 'x}}' }} b ${{ y }}";
        let found: Vec<&str> = templates(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, [" 'x}}' ", " y "]);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in r"[a-z'().,\[\]!&|=<*0-9 é-]{0,60}") {
            if let Some(expression) = parse(&text) {
                for context in expression.contexts() {
                    prop_assert!(text.get(context.span.clone()).is_some());
                }
            }
            let _ = templates(&format!("${{{{{text}}}}}"));
        }

        #[test]
        fn nesting_is_bounded(depth in 0usize..5_000) {
            let _ = parse(&format!("{}x{}", "(".repeat(depth), ")".repeat(depth)));
            let _ = parse(&format!("{}x", "!".repeat(depth)));
        }
    }
}
