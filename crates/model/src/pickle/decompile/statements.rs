//! The instructions that act: imports, calls, states, and what is put into objects.

use super::expression::{Expression, ITEMS, Node};
use super::{Decompiler, op};
use crate::pickle::machine::Break;
use crate::pickle::names;
use crate::pickle::opcodes::Instruction;

impl<'a> Decompiler<'a> {
    /// An instruction that imports, calls or changes an object.
    pub(super) fn act(&mut self, read: &Instruction<'a>, name: &'static str) -> Result<(), Break> {
        match read.code {
            op::GLOBAL => self.global(read, name)?,
            op::STACK_GLOBAL => {
                let attribute = self.pop(name)?;
                let module = self.pop(name)?;
                if let (Some(module), Some(attribute)) = (self.text(module), self.text(attribute)) {
                    self.import(&module, &attribute);
                } else {
                    let (module, attribute) = (self.shown(module), self.shown(attribute));
                    self.assign(&format!("getattr(import_module({module}), {attribute})"));
                }
            }
            op::EXT1 | op::EXT2 | op::EXT4 => self.assign(&format!("extension({})", read.number)),
            op::PERSID => {
                let shown = self.shown(Expression::Text(read.data));
                self.assign(&format!("persistent_load({shown})"));
            }
            op::BINPERSID => {
                let id = self.pop(name)?;
                let shown = self.shown(id);
                self.assign(&format!("persistent_load({shown})"));
            }
            op::REDUCE => {
                let arguments = self.pop(name)?;
                let callee = self.pop(name)?;
                let line = format!("{}({})", self.callee(callee), self.arguments(arguments));
                self.assign(&line);
            }
            op::NEWOBJ => {
                let arguments = self.pop(name)?;
                let class = self.pop(name)?;
                self.make(class, arguments, None);
            }
            op::NEWOBJ_EX => {
                let keywords = self.pop(name)?;
                let arguments = self.pop(name)?;
                let class = self.pop(name)?;
                self.make(class, arguments, Some(keywords));
            }
            op::INST => {
                let items = self.above_mark(name)?;
                self.global(read, name)?;
                let class = self.pop(name)?;
                self.call_with(class, items);
            }
            op::OBJ => {
                let mut items = self.above_mark(name)?;
                if items.is_empty() {
                    return Err(Break::Underflow(name));
                }
                let class = items.remove(0);
                self.call_with(class, items);
            }
            op::BUILD => {
                let state = self.pop(name)?;
                // A state needs an object to go to.
                let target = self.name_shared(name)?;
                let line = format!("{}.__setstate__({})", self.callee(target), self.shown(state));
                self.say(line);
            }
            _ => return Err(Break::Argument(name)),
        }
        Ok(())
    }

    /// Puts `items` into the object on top.
    pub(super) fn add(
        &mut self,
        items: Vec<Expression<'a>>,
        code: u8,
        name: &'static str,
    ) -> Result<(), Break> {
        let target = self.top(name)?;
        if let Expression::Node(index) = target
            && let Some(node) = self.nodes.get_mut(index as usize)
            && node.is_container()
        {
            // A container that only this place holds is still being written.
            node.extend(items);
            return Ok(());
        }
        let object = self.callee(target);
        if matches!(code, op::SETITEM | op::SETITEMS) {
            for pair in items.chunks(2).take(ITEMS) {
                if let [key, value] = *pair {
                    let line = format!("{object}[{}] = {}", self.shown(key), self.shown(value));
                    self.say(line);
                }
            }
            let more = (items.len() / 2).saturating_sub(ITEMS);
            if more > 0 {
                self.say(format!("# … {more} more items of {object}"));
            }
            return Ok(());
        }
        let method = match (code, items.as_slice()) {
            (op::APPEND, _) => "append",
            (op::ADDITEMS, _) => "update",
            _ => "extend",
        };
        let given = match items.first() {
            Some(&item) if code == op::APPEND => self.shown(item),
            _ => {
                self.nodes.push(Node::list().with(items));
                let index = (self.nodes.len() as u32).saturating_sub(1);
                self.shown(Expression::Node(index))
            }
        };
        self.say(format!("{object}.{method}({given})"));
        Ok(())
    }

    fn global(&mut self, read: &Instruction<'a>, name: &'static str) -> Result<(), Break> {
        let (Ok(module), Ok(attribute)) = (std::str::from_utf8(read.data), std::str::from_utf8(read.second))
        else {
            return Err(Break::Argument(name));
        };
        self.import(module, attribute);
        Ok(())
    }

    fn import(&mut self, module: &str, attribute: &str) {
        let (module, attribute) = names::modern(module, attribute);
        if let Some(import) = self.imports.import(&module, &attribute) {
            if let Some(line) = import.line {
                self.say(line);
            }
            self.push(Node::Written(import.expression));
        } else {
            let module = self.shown_text(&module);
            let attribute = self.shown_text(&attribute);
            self.assign(&format!("getattr(import_module({module}), {attribute})"));
        }
    }

    fn shown_text(&mut self, text: &str) -> String {
        self.nodes.push(Node::Text(text.to_owned()));
        let index = (self.nodes.len() as u32).saturating_sub(1);
        self.shown(Expression::Node(index))
    }

    /// `class.__new__(class, *arguments, **keywords)`, which calls no `__init__`.
    fn make(&mut self, class: Expression<'a>, arguments: Expression<'a>, keywords: Option<Expression<'a>>) {
        let class = self.callee(class);
        let mut given = vec![class.clone(), self.arguments(arguments)];
        given.extend(keywords.map(|keywords| format!("**{}", self.shown(keywords))));
        given.retain(|argument| !argument.is_empty());
        self.assign(&format!("{class}.__new__({})", given.join(", ")));
    }

    fn call_with(&mut self, class: Expression<'a>, items: Vec<Expression<'a>>) {
        self.nodes.push(Node::tuple(items));
        let index = (self.nodes.len() as u32).saturating_sub(1);
        let line = format!("{}({})", self.callee(class), self.arguments(Expression::Node(index)));
        self.assign(&line);
    }

    /// `value` where something is called or taken from it.
    fn callee(&self, value: Expression<'a>) -> String {
        let shown = self.shown(value);
        if matches!(self.node(value), Some(Node::Written(_))) { shown } else { format!("({shown})") }
    }
}
