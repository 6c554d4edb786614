//! Jinja's syntax, read leniently: statements in source order and their expressions in one arena.
//!
//! Our own reader, because templates found in models use extensions (`{% generation %}`, Python methods, `{% break %}`)
//! that no strict parser takes, and because a template that does not parse must still be judged. Nesting is bounded by
//! [`MAX_NESTING`]; an expression that cannot be read becomes [`Statement::Broken`] and reading goes on after its tag.
//! Source: Jinja 3.1 template designer documentation, `jinja2/lexer.py` and `jinja2/parser.py`. Linear time.

mod parser;
mod tokens;

pub(crate) use tokens::unescape;

use parser::Parser;
use tokens::{Token, tokenize};

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
