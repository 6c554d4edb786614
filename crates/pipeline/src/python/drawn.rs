//! Where secrets are drawn: statements that give a secret's name what a generator made for simulations gave.

use super::rules::guessable::{is_guessable, judge, makes, meant};
use super::walk::Walk;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};

/// The calls of an expression.
struct Calls<'a>(Vec<&'a ast::ExprCall>);

impl<'a> Visitor<'a> for Calls<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.0.len() >= MOST {
            return;
        }
        if let Expr::Call(call) = expression {
            self.0.push(call);
        }
        walk_expr(self, expression);
    }
}

/// Most calls of one expression that are looked at.
const MOST: usize = 64;

impl<'a> Walk<'a, '_> {
    /// Looks at what a statement at `range` gives to `targets`.
    pub(super) fn note_drawn(&mut self, targets: &'a [Expr], value: &'a Expr, range: TextRange) {
        for target in targets {
            let name = match target {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                Expr::Subscript(part) => match part.slice.as_ref() {
                    Expr::StringLiteral(key) => key.value.to_str(),
                    _ => continue,
                },
                _ => continue,
            };
            self.drawn(name, value, range);
        }
    }

    /// Looks at what the function being walked gives back.
    pub(super) fn note_returned(&mut self, value: &'a Expr, range: TextRange) {
        let function = self.inside.last().and_then(|number| self.bodies.get(number)).copied();
        let Some(name) = function.map(|function| function.name.as_str()).filter(|name| makes(name)) else {
            return;
        };
        self.drawn(name, value, range);
    }

    fn drawn(&mut self, name: &str, value: &'a Expr, range: TextRange) {
        if self.quiet {
            return;
        }
        let Some(meant) = meant(name) else { return };
        let mut calls = Calls(Vec::new());
        calls.visit_expr(value);
        for call in calls.0 {
            let callee = self.quietly(&call.func);
            let Some(path) = callee.as_path().map(ToString::to_string) else { continue };
            if is_guessable(&path, self.written(call.range()), meant) {
                judge(name, &path, &self.span(range), &mut self.state.module);
                return;
            }
        }
    }
}
