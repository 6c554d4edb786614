//! What names, attributes and subscripts lead to.

use super::signs::{is_builtin, names_secret};
use super::{PYTHON_DANGEROUS_CALL, Role, Walk};
use crate::python::source::fold::{self, Known, Value};
use bartizan_core::Severity;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

impl Walk {
    pub(super) fn name(&self, name: &str) -> Value {
        if let Some(value) = self.names.get(name) {
            return value.clone();
        }
        match name {
            "__builtins__" => Known::Path("builtins".to_owned()).into(),
            _ if is_builtin(name) => Known::Path(format!("builtins.{name}")).into(),
            _ if self.role == Role::TorchScript => Known::Path(name.to_owned()).into(),
            _ => Value::default(),
        }
    }

    pub(super) fn attribute(&mut self, attribute: &ast::ExprAttribute) -> Value {
        let name = attribute.attr.as_str();
        if let Expr::Name(owner) = &*attribute.value
            && let Some(value) = self.names.get(&format!("{}.{name}", owner.id))
        {
            return value.clone();
        }
        let base = self.evaluate(&attribute.value);
        let place = self.place(attribute.start());
        self.member(&base, name, place)
    }

    pub(super) fn member(&mut self, base: &Value, name: &str, offset: usize) -> Value {
        let reaches = matches!(
            name,
            "__globals__"
                | "__subclasses__"
                | "__builtins__"
                | "f_globals"
                | "f_builtins"
                | "func_globals"
                | "gi_frame"
                | "__code__"
        );
        if reaches {
            let severity = match (self.role, name) {
                (Role::Module | Role::Handler, "__code__" | "gi_frame") => None,
                (Role::Module | Role::Handler, _) => Some(Severity::Medium),
                _ => Some(Severity::High),
            };
            if let Some(severity) = severity {
                self.push(
                    &PYTHON_DANGEROUS_CALL,
                    severity,
                    format!("reaches into the interpreter through `{name}`"),
                    offset,
                );
            }
        }
        let mut value = base.clone_sources();
        value.known = match (&base.known, name) {
            (Known::Path(path), "__dict__" | "__class__") => Known::Path(path.clone()),
            (_, "__builtins__") => Known::Path("builtins".to_owned()),
            (Known::Path(path), "environ") if path == "os" => {
                value.secret = true;
                Known::Path("os.environ".to_owned())
            }
            (Known::Path(path), _) if path.len() < 400 => Known::Path(format!("{path}.{name}")),
            _ => Known::Nothing,
        };
        value
    }

    pub(super) fn subscript(&mut self, subscript: &ast::ExprSubscript) -> Value {
        let base = self.evaluate(&subscript.value);
        if let Expr::Slice(slice) = &*subscript.slice {
            let mut bound =
                |part: &Option<Box<Expr>>| part.as_ref().map(|part| self.evaluate(part).known.integer());
            let (lower, upper, step) = (bound(&slice.lower), bound(&slice.upper), bound(&slice.step));
            if [lower, upper, step].contains(&Some(None)) {
                return base.clone_sources();
            }
            let known =
                fold::slice(&base.known, lower.flatten(), upper.flatten(), step.flatten().unwrap_or(1));
            return base.but(known);
        }
        let index = self.evaluate(&subscript.slice);
        let offset = self.place(subscript.value.start());
        match (&base.known, &index.known) {
            (Known::Path(path), Known::Text(name)) => {
                let path = path.clone();
                match path.as_str() {
                    "sys.modules" => Known::Path(name.clone()).into(),
                    "os.environ" => {
                        let credential = names_secret(name).then(|| name.clone());
                        Value { credential, ..Value::default() }
                    }
                    "builtins.globals" | "builtins.locals" => self.name(name),
                    _ => self.member(&base, name, offset),
                }
            }
            (known, Known::Integer(at)) => {
                let one =
                    fold::slice(known, Some(*at), None, 1).items().and_then(|items| items.into_iter().next());
                base.but(one.unwrap_or_default())
            }
            _ => base.clone_sources(),
        }
    }
}
