//! Opcodes that import, call and give objects their state, and the arrays joblib writes behind BUILD.

use super::{Break, End, Machine, Step};
use crate::pickle::judge::Judge;
use crate::pickle::opcodes::Instruction;
use crate::pickle::value::{Kind, Value};
use crate::pickle::{array_block, fold, names};

impl<'a> Machine<'a> {
    pub(super) fn global(&mut self, module: &[u8], name: &[u8], place: u64) -> Step {
        let (Ok(module), Ok(name)) = (std::str::from_utf8(module), std::str::from_utf8(name)) else {
            return Err(Break::Argument("GLOBAL"));
        };
        let (module, name) = names::modern(module, name);
        let value = self.store.global(&module, &name, place, "");
        self.push(value);
        Ok(())
    }

    pub(super) fn stack_global(&mut self, place: u64) -> Step {
        let name = self.pop("STACK_GLOBAL")?;
        let module = self.pop("STACK_GLOBAL")?;
        let value = fold::import(self, module, name, place);
        match value {
            Some(value) => {
                self.push(value);
                Ok(())
            }
            None => Err(Break::Argument("STACK_GLOBAL")),
        }
    }

    pub(super) fn persistent(&mut self, id: Value, place: u64) {
        self.make_room();
        match fold::torch_storage(self, id) {
            Some(storage) => {
                if self.storages.len() < Self::STORAGES {
                    self.storages.push(storage);
                }
            }
            None => self.judge.persistent(place),
        }
        let value = self.store.node(Kind::Persistent, &[id]);
        self.push(value);
    }

    pub(super) fn reduce(&mut self, place: u64) -> Step {
        self.make_room();
        let arguments = self.pop("REDUCE")?;
        let callee = self.pop("REDUCE")?;
        self.call(callee, arguments, None, place, "REDUCE");
        Ok(())
    }

    pub(super) fn new_object(&mut self, place: u64) -> Step {
        self.make_room();
        let arguments = self.pop("NEWOBJ")?;
        let class = self.pop("NEWOBJ")?;
        self.call(class, arguments, None, place, "NEWOBJ");
        Ok(())
    }

    pub(super) fn new_object_with_keywords(&mut self, place: u64) -> Step {
        self.make_room();
        let keywords = self.pop("NEWOBJ_EX")?;
        let arguments = self.pop("NEWOBJ_EX")?;
        let class = self.pop("NEWOBJ_EX")?;
        self.call(class, arguments, Some(keywords), place, "NEWOBJ_EX");
        Ok(())
    }

    pub(super) fn inst(&mut self, read: &Instruction<'a>, place: u64) -> Step {
        self.make_room();
        let items = self.take_to_mark("INST")?;
        let arguments = self.store.node(Kind::Tuple, &items);
        self.spare(items);
        self.global(read.data, read.second, place)?;
        let class = self.pop("INST")?;
        self.call(class, arguments, None, place, "INST");
        Ok(())
    }

    pub(super) fn obj(&mut self, place: u64) -> Step {
        self.make_room();
        let items = self.take_to_mark("OBJ")?;
        let Some((&class, rest)) = items.split_first() else { return Err(Break::Underflow("OBJ")) };
        let arguments = self.store.node(Kind::Tuple, rest);
        self.spare(items);
        self.call(class, arguments, None, place, "OBJ");
        Ok(())
    }

    pub(super) fn call(
        &mut self,
        callee: Value,
        arguments: Value,
        keywords: Option<Value>,
        place: u64,
        how: &'static str,
    ) {
        if keywords.is_none() && !self.matters(arguments) && self.store.count_routine_call(callee) {
            let value = self.store.node(Kind::Call, &[callee, arguments]);
            self.push(value);
            return;
        }
        // What a lost slot held matters as soon as it is called.
        if let Value::Lost(slot) = callee {
            self.want(slot);
        }
        let folded = fold::call(self, callee, arguments, place);
        Judge::called(self, callee, arguments, keywords, folded, place, how);
        let value = match (folded, keywords) {
            (Some(value), _) => value,
            (None, Some(keywords)) => self.store.node(Kind::Call, &[callee, arguments, keywords]),
            (None, None) => self.store.node(Kind::Call, &[callee, arguments]),
        };
        self.push(value);
    }

    pub(super) fn build(&mut self, place: u64) -> Result<Option<End>, Break> {
        self.make_room();
        let state = self.pop("BUILD")?;
        let target = self.top("BUILD")?;
        Judge::built(self, target, state, place);
        if let Value::Node(index) = target {
            self.store.extend(index, &[state]);
            if self.array_blocks && self.store.has_wrappers && array_block::is_wrapper(self, target) {
                return self.array_block(target, state);
            }
        }
        Ok(None)
    }

    /// Moves past the array that joblib wrote behind its wrapper object.
    pub(super) fn array_block(&mut self, target: Value, state: Value) -> Result<Option<End>, Break> {
        let Some(block) = array_block::describe(self, target, state) else {
            self.judge.unknown_array_block(self.at as u64);
            return Ok(None);
        };
        self.pop("BUILD")?;
        self.push(Value::Plain);
        // joblib ends the frame before it writes the array.
        if self.at == self.frame_end {
            self.frame_end = usize::MAX;
        }
        let Some(size) = block.bytes else {
            return Ok(Some(End::ObjectBlock));
        };
        let padding = match (block.is_padded, self.bytes.get(self.at)) {
            (true, Some(&padding)) => u64::from(padding).saturating_add(1),
            _ => 0,
        };
        let left = self.bytes.len().saturating_sub(self.at) as u64;
        let total = size.saturating_add(padding);
        if total > left {
            return Err(Break::ArrayBlock(size));
        }
        let from = self.at;
        self.at = self.at.saturating_add(total as usize);
        self.skip(from, self.at);
        Ok(None)
    }

    /// Storages listed at most.
    const STORAGES: usize = 1 << 17;
}
