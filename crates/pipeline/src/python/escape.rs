//! IPython's lines: `!command`, `%magic`. Part of [`Walk`].

use super::module::SinkKind;
use super::rules;
use super::value::{HOLE, Known, Taint, Value};
use super::walk::Walk;
use ruff_python_ast::IpyEscapeKind;
use std::ops::Range;

impl Walk<'_, '_> {
    /// Judges the line `text` of the given kind.
    pub(super) fn escape(&mut self, kind: IpyEscapeKind, text: &str, span: Range<usize>) {
        if self.quiet {
            return;
        }
        match kind {
            IpyEscapeKind::Shell | IpyEscapeKind::ShCap => self.shell_line(text, &span),
            IpyEscapeKind::Magic | IpyEscapeKind::Magic2 => {
                let (magic, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
                match magic {
                    "pip" | "conda" | "mamba" | "uv" => self.shell_line(text, &span),
                    "system" | "sx" | "bash" | "sh" => self.shell_line(rest, &span),
                    "env" | "set_env" => {
                        if let Some((name, value)) = rest.split_once(['=', ' ']) {
                            let values = vec![Value::text(name.trim()), Value::text(value.trim())];
                            self.magic_event("set:os.environ", values, span);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A command line in which `{name}` and `$name` stand for names of Python.
    pub(super) fn shell_line(&mut self, text: &str, span: &Range<usize>) {
        let (command, taint, holds) = self.filled(text);
        rules::command::judge(&command, span, &mut self.state.module);
        if holds {
            let value = Value { known: Known::of_text(command), taint };
            let value = if value.is_constant() && taint.is_none() { return } else { value };
            self.state.module.sink(SinkKind::Shell, span, "!", &value);
            for sink in std::mem::take(&mut self.state.module.sinks) {
                self.reach(sink);
            }
        }
    }

    /// `text` with the names in it replaced by what they hold; whether there were any.
    fn filled(&mut self, text: &str) -> (String, Taint, bool) {
        let mut out = String::with_capacity(text.len());
        let (mut taint, mut holds) = (Taint::default(), false);
        let mut rest = text;
        while let Some(at) = rest.find(['{', '$']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let braced = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) = braced.unwrap_or_else(|| {
                let inner = from.get(1..).unwrap_or_default();
                let end = inner
                    .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
                    .unwrap_or(inner.len());
                inner.split_at(end)
            });
            let is_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let bound = is_name && self.state.scopes.iter().any(|scope| scope.get(name).is_some());
            if bound {
                let value = self.lookup(name);
                taint = taint.and(value.all_taint());
                holds = true;
                out.push_str(&value.spelt());
                rest = after;
            } else if braced.is_some() && !name.is_empty() && !name.contains([',', '"', '\'']) {
                holds |= is_name;
                out.push(HOLE);
                rest = after;
            } else {
                let (mark, after) = from.split_at(1);
                out.push_str(mark);
                rest = after;
            }
        }
        out.push_str(rest);
        (out, taint, holds)
    }

    /// Tells the rules of a magic that acts like a call.
    fn magic_event(&mut self, path: &str, values: Vec<Value>, span: Range<usize>) {
        let arguments = values
            .into_iter()
            .map(|value| super::call::Argument { value, span: span.clone(), written: "" })
            .collect();
        let call = super::call::Call {
            path: path.into(),
            spelling: "%env",
            receiver: Value::default(),
            positional: arguments,
            named: Vec::new(),
            open: false,
            closing: span.end,
            last_end: None,
            span,
        };
        self.check(&call);
    }
}
