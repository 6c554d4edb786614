//! Conditions that let through only what is on a list: after `if name not in ALLOWED: raise`, `name` is one of the list. Part of
//! [`Walk`].

use super::evaluate::element;
use super::value::{Known, Value};
use super::walk::Walk;
use ruff_python_ast::{self as ast, BoolOp, CmpOp, Expr, Stmt, UnaryOp};
use ruff_text_size::Ranged as _;
use std::sync::Arc;

/// How deep conditions are taken apart.
const MOST_PARTS: u32 = 4;

/// Longest attribute or element that is known again, in bytes.
const LONGEST_SUBJECT: usize = 120;

/// The address whose host `expression` takes: `address` of `urlparse(address).hostname`.
fn host_of(expression: &Expr) -> Option<&Expr> {
    let Expr::Attribute(part) = expression else { return None };
    let ("hostname" | "netloc" | "host", Expr::Call(call)) = (part.attr.as_str(), part.value.as_ref()) else {
        return None;
    };
    let called = match call.func.as_ref() {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    let parses = matches!(called, "urlparse" | "urlsplit" | "URL" | "parse_url");
    call.arguments.args.first().filter(|_| parses)
}

impl<'a> Walk<'a, '_> {
    /// The names that hold one of a list where `test` is `holds`, with what they hold there.
    pub(super) fn allowed(&mut self, test: &'a Expr, holds: bool) -> Vec<(Arc<str>, Value)> {
        let mut found = Vec::new();
        self.gather(test, holds, MOST_PARTS, &mut found);
        found
    }

    fn gather(&mut self, test: &'a Expr, holds: bool, depth: u32, found: &mut Vec<(Arc<str>, Value)>) {
        if depth == 0 {
            return;
        }
        match test {
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => {
                self.gather(&not.operand, !holds, depth.saturating_sub(1), found);
            }
            // `a and b` holds when both do; `a or b` does not when neither does.
            Expr::BoolOp(parts) if (parts.op == BoolOp::And) == holds => {
                for part in &parts.values {
                    self.gather(part, holds, depth.saturating_sub(1), found);
                }
            }
            Expr::Compare(compare) => {
                let ([operator], [list]) = (&*compare.ops, &*compare.comparators) else { return };
                let lets_in = match operator {
                    CmpOp::In | CmpOp::Eq => holds,
                    CmpOp::NotIn | CmpOp::NotEq => !holds,
                    _ => return,
                };
                if !lets_in {
                    return;
                }
                let subject = host_of(&compare.left).unwrap_or(compare.left.as_ref());
                let Some(name) = self.subject(subject) else { return };
                let equals = matches!(operator, CmpOp::Eq | CmpOp::NotEq);
                let value = if equals { self.constant(list) } else { self.member_of(list) };
                // An address with a host of a list is not that host.
                let whole = std::ptr::eq(subject, compare.left.as_ref());
                found.extend(value.map(|value| (name, if whole { value } else { Value::default() })));
            }
            Expr::Call(call) if holds => {
                if let Some(name) = self.whole_match(call).or_else(|| self.begins_with_host(call)) {
                    found.push((name, Value::default()));
                }
            }
            _ => {}
        }
    }

    /// What stands in a scope for `subject`: a name, or an attribute or element of one as it is written.
    fn subject(&mut self, subject: &'a Expr) -> Option<Arc<str>> {
        match subject {
            Expr::Name(name) => Some(Arc::from(name.id.as_str())),
            Expr::Attribute(_) | Expr::Subscript(_) => {
                let written = self.written(subject.range());
                let plain = written.len() <= LONGEST_SUBJECT && !written.contains(['(', '\n']);
                if plain {
                    self.state.narrowed = true;
                }
                plain.then(|| Arc::from(written))
            }
            _ => None,
        }
    }

    /// What an attribute or element is known to be because a condition compared it, as it is written.
    pub(super) fn narrowed(&self, expression: &'a Expr) -> Option<Value> {
        if !self.state.narrowed {
            return None;
        }
        let written = self.written(expression.range());
        let known = || self.state.scopes.iter().rev().find_map(|scope| scope.get(written));
        (written.len() <= LONGEST_SUBJECT).then(known).flatten().cloned()
    }

    /// The name that `call` finds to begin with an address, up to the end of its host.
    fn begins_with_host(&mut self, call: &'a ast::ExprCall) -> Option<Arc<str>> {
        let Expr::Attribute(method) = call.func.as_ref() else { return None };
        let ([start], "startswith") = (&*call.arguments.args, method.attr.as_str()) else { return None };
        let start = self.quietly(start);
        let ends_host = |text: &str| {
            text.split_once("://")
                .and_then(|(_, rest)| rest.split_once('/'))
                .is_some_and(|(host, _)| !host.is_empty())
        };
        let texts = start.texts();
        if texts.is_empty() || !start.is_constant() || !texts.into_iter().all(ends_host) {
            return None;
        }
        self.subject(&method.value)
    }

    fn constant(&mut self, other: &'a Expr) -> Option<Value> {
        Some(self.quietly(other)).filter(|value| value.as_text().is_some() && value.is_constant())
    }

    /// One of what `list` holds, when the list is constant or is called a list of what is allowed.
    fn member_of(&mut self, list: &'a Expr) -> Option<Value> {
        let value = self.quietly(list);
        match &value.known {
            Known::Items(_) if value.is_constant() => Some(element(&value)),
            // Which of the keys is not known: the first would stand for the others.
            Known::Entries(_) if value.taint.is_none() => Some(Value::default()),
            _ => {
                let called = match list {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => return None,
                };
                let lower = called.to_ascii_lowercase();
                let is_list = ["allow", "valid", "supported", "known", "permitted", "whitelist"]
                    .iter()
                    .any(|word| lower.contains(word));
                let is_constant = called.len() > 2 && !called.bytes().any(|byte| byte.is_ascii_lowercase());
                ((is_list || is_constant) && value.taint.sources().is_none()).then(Value::default)
            }
        }
    }

    /// The name that `call` compares as a whole with a pattern, or with a class of harmless characters.
    fn whole_match(&mut self, call: &'a ast::ExprCall) -> Option<Arc<str>> {
        let Expr::Attribute(method) = call.func.as_ref() else { return None };
        let harmless = ["isalnum", "isidentifier", "isdigit", "isdecimal", "isalpha", "isnumeric"];
        if harmless.contains(&method.attr.as_str())
            && let Expr::Name(name) = method.value.as_ref()
        {
            return Some(Arc::from(name.id.as_str()));
        }
        if method.attr.as_str() != "fullmatch" {
            return None;
        }
        let subject = call.arguments.args.last()?;
        let Expr::Name(name) = subject else { return None };
        if let [pattern, _] = &*call.arguments.args {
            let pattern = self.quietly(pattern);
            let loose = pattern.as_text().is_some_and(|text| text.contains(".*") || text.contains(".+"));
            if loose {
                return None;
            }
        }
        Some(Arc::from(name.id.as_str()))
    }

    /// Whether values that fit `annotation` carry no text of others: numbers, dates, one of a list.
    pub(super) fn is_narrow(&mut self, annotation: &'a Expr) -> bool {
        match annotation {
            Expr::Name(_) | Expr::Attribute(_) => {
                let name = match annotation {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => return false,
                };
                matches!(
                    name,
                    "int"
                        | "float"
                        | "bool"
                        | "complex"
                        | "UUID"
                        | "datetime"
                        | "date"
                        | "timedelta"
                        | "Decimal"
                ) || match self.quietly(annotation).known {
                    Known::Class(number) => {
                        self.base_of(number).is_some_and(|base| base.starts_with("enum."))
                    }
                    _ => false,
                }
            }
            Expr::Subscript(subscript) => {
                let outer = match subscript.value.as_ref() {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => return false,
                };
                match (outer, subscript.slice.as_ref()) {
                    ("Literal", _) => true,
                    ("Optional", inner @ (Expr::Name(_) | Expr::Attribute(_))) => self.is_narrow(inner),
                    ("Annotated", Expr::Tuple(parts)) => match parts.elts.first() {
                        Some(inner @ (Expr::Name(_) | Expr::Attribute(_))) => self.is_narrow(inner),
                        _ => false,
                    },
                    _ => false,
                }
            }
            Expr::BinOp(either) if matches!(either.right.as_ref(), Expr::NoneLiteral(_)) => {
                matches!(either.left.as_ref(), Expr::Name(_)) && self.is_narrow(&either.left)
            }
            _ => false,
        }
    }
}

/// Whether what follows `body` is not reached after it.
pub(super) fn ends(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Raise(_) | Stmt::Return(_) | Stmt::Continue(_) | Stmt::Break(_)) => true,
        Some(Stmt::Expr(expression)) => match expression.value.as_ref() {
            Expr::Call(call) => match call.func.as_ref() {
                Expr::Name(name) => matches!(name.id.as_str(), "exit" | "quit" | "abort"),
                Expr::Attribute(attribute) => {
                    matches!(attribute.attr.as_str(), "exit" | "abort" | "stop" | "error" | "_exit")
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Low};

    fn shell(code: &str) -> Vec<bartizan_core::Severity> {
        let code = format!(
            "import os, re\nfrom typing import Literal\nfrom fastapi import FastAPI\napp = FastAPI()\nALLOWED = ('a', 'b')\n{code}"
        );
        severities(&code, "pipeline/shell-command-from-data")
    }

    #[test]
    fn what_a_list_lets_through_is_one_of_the_list() {
        let handler =
            |check: &str| format!("@app.get('/x')\ndef x(name: str):\n{check}    os.system('run ' + name)\n");
        assert_eq!(shell(&handler("")), [Critical]);
        assert_eq!(shell(&handler("    if name not in ALLOWED:\n        raise ValueError(name)\n")), []);
        assert_eq!(shell(&handler("    if not name.isalnum():\n        return\n")), [Low]);
        assert_eq!(
            shell(&handler("    if not re.fullmatch(r'[a-z0-9]+', name):\n        raise ValueError\n")),
            [Low]
        );
        // A check that nothing follows from, and one of another name.
        assert_eq!(shell(&handler("    if name not in ALLOWED:\n        print(name)\n")), [Critical]);
        assert_eq!(shell(&handler("    if other not in ALLOWED:\n        raise ValueError\n")), [Critical]);
        assert_eq!(
            shell(
                "@app.get('/x')\ndef x(name: str):\n    if name in ALLOWED:\n        os.system('run ' + name)"
            ),
            []
        );
        assert_eq!(
            shell(
                "@app.get('/x')\ndef x(name: str):\n    if name in ALLOWED:\n        pass\n    os.system('run ' + name)"
            ),
            [Critical]
        );
    }

    #[test]
    fn numbers_and_choices_of_a_handler_carry_no_text() {
        let handler =
            |kind: &str| format!("@app.get('/x')\ndef x(n: {kind}):\n    os.system(f'head -n {{n}} f')");
        assert_eq!(shell(&handler("int")), [Low]);
        assert_eq!(shell(&handler("Literal['a', 'b']")), [Low]);
        assert_eq!(shell(&handler("str")), [Critical]);
    }

    #[test]
    fn a_statement_for_a_table_of_a_list_is_silent() {
        let code = |check: &str| {
            format!(
                "from flask import request\nimport sqlite3\nTABLES = {{'a', 'b'}}\nt = request.args['t']\n{check}sqlite3.connect('d').execute(f'select * from {{t}}')"
            )
        };
        assert_eq!(severities(&code(""), "pipeline/sql-from-data"), [High]);
        let check = "if t not in TABLES:\n    raise ValueError(t)\n";
        assert_eq!(severities(&code(check), "pipeline/sql-from-data"), []);
    }
}
