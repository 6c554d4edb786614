//! Abstract interpretation of a template: every expression folded once, in source order, with `set` and loop variables.
//!
//! Notes what an expression reaches ([`Escape`]) and what text appears under which condition ([`Emission`]). Each node
//! is evaluated once; values are bounded, so the cost is linear in the template.

mod expressions;
mod filters;
mod names;
mod strings;

pub(super) use names::is_internal;

use super::syntax::{Expr, Id, Spanned, Statement, Template};
use super::value::{Reach, Value};
use names::named;
use std::collections::HashMap;

/// A statement that leads out of the sandbox.
#[derive(Debug)]
pub(super) struct Escape {
    pub(super) offset: usize,
    pub(super) reach: Reach,
    pub(super) path: String,
    /// Whether a name in it is computed at run time.
    pub(super) dynamic: bool,
}

/// Literal text that reaches the model, and what decides whether it does.
#[derive(Debug)]
pub(super) struct Emission {
    pub(super) offset: usize,
    pub(super) text: String,
    /// Words of the conversation that the condition looks for.
    pub(super) triggers: Vec<String>,
    pub(super) by_date: bool,
}

/// A template, or a file, that the template loads.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) offset: usize,
    pub(super) keyword: String,
    pub(super) what: String,
}

/// A text that the template replaces by another in what people wrote.
#[derive(Debug)]
pub(super) struct Swap {
    pub(super) offset: usize,
    pub(super) from: String,
    pub(super) to: String,
}

/// Everything noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) escapes: Vec<Escape>,
    pub(super) emissions: Vec<Emission>,
    pub(super) loads: Vec<Load>,
    /// Words of the conversation that are replaced, and by what.
    pub(super) swaps: Vec<Swap>,
    /// Offset of a `range` or repetition of more than [`LARGE`] elements, and how many.
    pub(super) large: Vec<(usize, i64)>,
    /// Offset of the statement from which on texts were no longer followed, because building them took too much.
    pub(super) exhausted: Option<usize>,
}

/// From how many elements on a constant `range` or repetition is a waste of memory and time.
pub(super) const LARGE: i64 = 1_000_000;

pub(super) struct Interpreter<'t> {
    source: &'t str,
    template: &'t Template,
    values: Vec<Value>,
    variables: HashMap<String, Value>,
    blocks: Vec<Block>,
    notes: Notes,
    dynamic: bool,
    internals_at: Option<(Reach, String)>,
    /// Bytes of text that all values so far hold, each counted as often as it was copied.
    work: usize,
    /// Offset of the statement being read.
    at: usize,
}

/// An open `{% if %}`, `{% for %}`, `{% set %}…` block.
struct Block {
    is_condition: bool,
    triggers: Vec<String>,
    by_date: bool,
    text: String,
    offset: usize,
    captures: Option<String>,
}

/// Most escapes kept of one template.
const MOST_ESCAPES: usize = 64;
/// Most replacements kept of one template.
const MOST_SWAPS: usize = 64;
/// Bytes of text built before texts are no longer followed. A template of a large model builds a few hundred kilobytes.
const WORK: usize = 64 << 20;
/// Longest text gathered under one condition, in bytes.
const EMISSION_BYTES: usize = 16 << 10;

/// Interprets `template`, which was read from `source`.
pub(super) fn interpret(source: &str, template: &Template) -> Notes {
    let mut interpreter = Interpreter {
        source,
        template,
        values: Vec::with_capacity(template.nodes.len()),
        variables: HashMap::new(),
        blocks: Vec::new(),
        notes: Notes::default(),
        dynamic: false,
        internals_at: None,
        work: 0,
        at: 0,
    };
    for spanned in &template.statements {
        interpreter.statement(spanned);
    }
    while !interpreter.blocks.is_empty() {
        interpreter.close();
    }
    interpreter.notes
}

impl Interpreter<'_> {
    fn statement(&mut self, spanned: &Spanned) {
        self.dynamic = false;
        self.internals_at = None;
        self.at = spanned.offset;
        while self.values.len() < spanned.nodes.end {
            let id = self.values.len();
            let mut value = self.evaluate(id);
            self.work = self.work.saturating_add(value.size());
            if self.work > WORK {
                self.notes.exhausted.get_or_insert(spanned.offset);
                value.forget();
            }
            if value.reach > Reach::Entry
                && self.internals_at.as_ref().is_none_or(|(reach, _)| *reach <= value.reach)
            {
                self.internals_at = Some((value.reach, value.path.clone()));
            }
            self.values.push(value);
        }
        if let Some((reach, path)) = self.internals_at.take() {
            let escape = Escape { offset: spanned.offset, reach, path, dynamic: self.dynamic };
            // Past the bound only a worse one counts, so that many mild ones cannot hide it.
            if self.notes.escapes.len() < MOST_ESCAPES {
                self.notes.escapes.push(escape);
            } else if let Some(milder) = self.notes.escapes.iter_mut().find(|kept| kept.reach < reach) {
                *milder = escape;
            }
        }
        self.act(spanned);
    }

    fn act(&mut self, spanned: &Spanned) {
        match &spanned.statement {
            Statement::Text(range) => {
                let source = self.source;
                self.emit(source.get(range.clone()).unwrap_or_default(), spanned.offset);
            }
            Statement::Output(id) => {
                let value = self.value(*id).clone();
                self.say(&value, spanned.offset);
            }
            Statement::If(id) => self.open(*id, spanned.offset),
            Statement::ElseIf(id) => {
                let earlier = self.close();
                self.open(*id, spanned.offset);
                self.inherit(earlier);
            }
            Statement::Else => {
                if self.blocks.last().is_some_and(|block| block.is_condition) {
                    let earlier = self.close();
                    self.blocks.push(Block {
                        is_condition: true,
                        triggers: Vec::new(),
                        by_date: false,
                        text: String::new(),
                        offset: spanned.offset,
                        captures: None,
                    });
                    self.inherit(earlier);
                }
            }
            Statement::For { targets, iterated, filter } => {
                let iterated = self.value(*iterated).clone();
                let mut element = iterated.sources();
                if let Some(items) = &iterated.items {
                    for item in items.iter().take(64) {
                        element = element.or(item);
                    }
                } else if let Some(letters) = iterated.elements() {
                    element.texts = letters.into_iter().take(16).collect();
                }
                for (position, target) in targets.iter().enumerate() {
                    let part = if targets.len() > 1 { iterated.part(position) } else { None };
                    self.variables.insert(target.clone(), part.unwrap_or_else(|| element.clone()));
                }
                let filter = filter.map(|filter| self.value(filter).clone()).unwrap_or_default();
                self.push(false, filter, spanned.offset, None);
            }
            Statement::Set { targets, value: Some(id) } => {
                let value = self.value(*id).clone();
                self.say(&value, spanned.offset);
                self.assign(targets, &value);
                self.assign_fields(targets, *id);
            }
            Statement::Set { targets, value: None } => {
                let target = targets.first().cloned().unwrap_or_default();
                self.push(false, Value::default(), spanned.offset, Some(target));
            }
            Statement::With(bound) => {
                for (name, id) in bound {
                    let value = self.value(*id).clone();
                    self.variables.insert(name.clone(), value);
                }
                self.push(false, Value::default(), spanned.offset, None);
            }
            Statement::Macro { name, parameters } => {
                // What a macro is given is not followed; a parameter named as a message part counts as one.
                for (parameter, default) in parameters {
                    let default = default.map(|default| self.value(default).clone()).unwrap_or_default();
                    let value = named(parameter).or(&default);
                    self.variables.insert(parameter.clone(), value);
                }
                self.variables.insert(name.clone(), Value::default());
                self.push(false, Value::default(), spanned.offset, None);
            }
            Statement::Load { keyword, what } => {
                let what = self.value(*what).only_text().unwrap_or("a computed name").to_owned();
                self.notes.loads.push(Load { offset: spanned.offset, keyword: keyword.clone(), what });
            }
            Statement::End(keyword) => {
                let conditional = keyword == "endif";
                if matches!(keyword.as_str(), "endif" | "endfor" | "endmacro" | "endset" | "endwith")
                    && self.blocks.last().is_some_and(|block| block.is_condition == conditional)
                {
                    self.close();
                }
            }
            Statement::Plain | Statement::Broken(_) => {}
        }
    }

    fn open(&mut self, condition: Id, offset: usize) {
        let condition = self.value(condition).clone();
        self.push(true, condition, offset, None);
    }

    fn push(&mut self, is_condition: bool, on: Value, offset: usize, captures: Option<String>) {
        let by_date = on.from_date;
        self.blocks.push(Block {
            is_condition,
            triggers: on.triggers,
            by_date,
            text: String::new(),
            offset,
            captures,
        });
    }

    /// A later branch depends on the conditions of the earlier ones as well.
    fn inherit(&mut self, earlier: Option<(Vec<String>, bool)>) {
        if let (Some((triggers, by_date)), Some(block)) = (earlier, self.blocks.last_mut()) {
            block.by_date |= by_date;
            block.triggers.extend(triggers);
            block.triggers.truncate(16);
        }
    }

    fn close(&mut self) -> Option<(Vec<String>, bool)> {
        let block = self.blocks.pop()?;
        if let Some(target) = block.captures {
            self.variables.insert(target, Value::text(block.text.clone()));
        }
        if (!block.triggers.is_empty() || block.by_date) && !block.text.trim().is_empty() {
            self.notes.emissions.push(Emission {
                offset: block.offset,
                text: block.text,
                triggers: block.triggers.clone(),
                by_date: block.by_date,
            });
        }
        Some((block.triggers, block.by_date))
    }

    /// Books literal text to the innermost condition it depends on, or to none.
    fn emit(&mut self, text: &str, offset: usize) {
        let decided =
            |block: &&mut Block| !block.triggers.is_empty() || block.by_date || block.captures.is_some();
        match self.blocks.iter_mut().rev().find(decided) {
            Some(block) => {
                let room = EMISSION_BYTES.saturating_sub(block.text.len());
                block.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or(text));
            }
            None if text.len() > 8 => {
                let text = text.to_owned();
                self.notes.emissions.push(Emission { offset, text, triggers: Vec::new(), by_date: false });
            }
            None => {}
        }
    }

    /// Books what is known of the text of `value`.
    fn say(&mut self, value: &Value, offset: usize) {
        for text in value.texts.iter().chain((!value.pieces.is_empty()).then_some(&value.pieces)) {
            self.emit(text, offset);
            self.emit("\n", offset);
        }
    }

    /// The fields of a namespace or dictionary that a variable is set to.
    fn assign_fields(&mut self, targets: &[String], id: Id) {
        let template = self.template;
        let ([target], Some(node)) = (targets, template.nodes.get(id)) else { return };
        let fields: Vec<(String, Id)> = match &node.expr {
            Expr::Call(function, _, named) => match template.nodes.get(*function).map(|node| &node.expr) {
                Some(Expr::Name(name)) if matches!(name.as_str(), "namespace" | "dict") => named.clone(),
                _ => return,
            },
            Expr::Dict(items) => {
                let key = |key: &Id| self.value(*key).only_text().map(str::to_owned);
                items.iter().filter_map(|(name, value)| Some((key(name)?, *value))).collect()
            }
            _ => return,
        };
        for (name, value) in fields {
            let value = self.value(value).clone();
            self.assign(&[format!("{target}.{name}")], &value);
        }
    }

    fn assign(&mut self, targets: &[String], value: &Value) {
        let conditional = self.blocks.iter().any(|block| block.is_condition);
        let deciding: Vec<&Block> =
            self.blocks.iter().filter(|block| !block.triggers.is_empty() || block.by_date).collect();
        let mut value = value.clone();
        for block in deciding {
            // What is set under a condition carries it on.
            value.from_date |= block.by_date;
            value.triggers.extend(block.triggers.iter().take(4).cloned());
        }
        value.triggers.truncate(16);
        for target in targets {
            let merged = match self.variables.get(target) {
                Some(known) if conditional => value.clone().or(known),
                _ => value.clone(),
            };
            self.variables.insert(target.clone(), merged);
        }
    }

    fn value(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&UNKNOWN)
    }
}

static UNKNOWN: Value = Value {
    texts: Vec::new(),
    pieces: String::new(),
    integer: None,
    items: None,
    entries: Vec::new(),
    from_content: false,
    from_date: false,
    triggers: Vec::new(),
    reach: Reach::Data,
    path: String::new(),
};
