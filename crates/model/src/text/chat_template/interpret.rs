//! Abstract interpretation of a template: every expression folded once, in source order, with `set` and loop variables.
//!
//! Notes what an expression reaches ([`Escape`]) and what text appears under which condition ([`Emission`]). Each node
//! is evaluated once; values are bounded, so the cost is linear in the template.

use super::syntax::{Expr, Id, Operator, Spanned, Statement, Template};
use super::value::{Reach, Value, brace, percent, slice};
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

/// Everything noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) escapes: Vec<Escape>,
    pub(super) emissions: Vec<Emission>,
    pub(super) loads: Vec<Load>,
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
                let texts = self.value(*id).texts.clone();
                for text in texts {
                    self.emit(&text, spanned.offset);
                    self.emit("\n", spanned.offset);
                }
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
                for target in targets {
                    self.variables.insert(target.clone(), element.clone());
                }
                let filter = filter.map(|filter| self.value(filter).clone()).unwrap_or_default();
                self.push(false, filter, spanned.offset, None);
            }
            Statement::Set { targets, value: Some(id) } => {
                let value = self.value(*id).clone();
                for text in value.texts.clone() {
                    self.emit(&text, spanned.offset);
                    self.emit("\n", spanned.offset);
                }
                self.assign(targets, &value);
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
                for (parameter, _) in parameters {
                    let value = named(parameter);
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

    fn evaluate(&mut self, id: Id) -> Value {
        let template = self.template;
        let Some(node) = template.nodes.get(id) else { return Value::default() };
        let offset = node.offset;
        match &node.expr {
            Expr::Text(text) => Value::text(text.as_str()),
            Expr::Integer(value) => Value::integer(*value),
            Expr::Constant => Value::default(),
            Expr::Name(name) => self.variables.get(name).cloned().unwrap_or_else(|| free_name(name)),
            Expr::Attribute(base, name) => {
                let dotted = match template.nodes.get(*base).map(|node| &node.expr) {
                    Some(Expr::Name(owner)) => self.variables.get(&format!("{owner}.{name}")).cloned(),
                    _ => None,
                };
                dotted.unwrap_or_else(|| member(self.value(*base), name))
            }
            Expr::Item(base, index) => {
                let (base, index) = (self.value(*base).clone(), self.value(*index).clone());
                self.item(&base, &index)
            }
            Expr::Slice(base, [first, last, step]) => {
                let base = self.value(*base).clone();
                let bound = |part: &Option<Id>| part.map(|part| self.value(part).integer);
                let (first, last, step) = (bound(first), bound(last), bound(step));
                if [first, last, step].contains(&Some(None)) {
                    return base.sources();
                }
                let (first, last, step) = (first.flatten(), last.flatten(), step.flatten().unwrap_or(1));
                if let Some(items) = &base.items {
                    return Value::list(slice(items, first, last, step));
                }
                base.map(|text| {
                    let letters: Vec<char> = text.chars().collect();
                    slice(&letters, first, last, step).into_iter().collect()
                })
            }
            Expr::Call(function, arguments, named) => self.call(*function, arguments, named, offset),
            Expr::Filter(base, name, arguments, named) => {
                let base = base.map(|base| self.value(base).clone()).unwrap_or_default();
                let arguments: Vec<Value> =
                    arguments.iter().map(|&argument| self.value(argument).clone()).collect();
                let named: Vec<(String, Value)> =
                    named.iter().map(|(name, id)| (name.clone(), self.value(*id).clone())).collect();
                self.filter(&base, name, &arguments, &named)
            }
            Expr::Test(base, name, arguments) => {
                let base = self.value(*base).clone();
                let other = arguments.first().map(|&argument| self.value(argument).clone());
                match (name.as_str(), other) {
                    (
                        "in" | "eq" | "equalto" | "==" | "sameas" | "ne" | "gt" | "lt" | "ge" | "le"
                        | "greaterthan" | "lessthan" | "startingwith" | "match" | "search",
                        Some(other),
                    ) => compare(&base, &other),
                    // Presence and type are structure.
                    _ => Value {
                        reach: base.reach,
                        path: base.path,
                        triggers: base.triggers,
                        ..Value::default()
                    },
                }
            }
            Expr::Binary(operator, left, right) => {
                let (left, right) = (self.value(*left).clone(), self.value(*right).clone());
                self.binary(*operator, &left, &right, offset)
            }
            Expr::Unary(operand) => self.value(*operand).sources(),
            Expr::Choice(yes, condition, no) => {
                let condition = self.value(*condition).clone();
                let yes = self.value(*yes).clone();
                let no = no.map(|no| self.value(no).clone()).unwrap_or_default();
                if !condition.triggers.is_empty() || condition.from_date {
                    let text = [yes.texts.join("\n"), no.texts.join("\n")].join("\n");
                    let triggers = condition.triggers.clone();
                    self.notes.emissions.push(Emission {
                        offset,
                        text,
                        triggers,
                        by_date: condition.from_date,
                    });
                }
                let mut value = yes.or(&no);
                // The condition decides which, so what depends on the value depends on it.
                value.from_date |= condition.from_date;
                value.triggers.extend(condition.triggers);
                value.triggers.truncate(16);
                value
            }
            Expr::List(items) => Value::list(items.iter().map(|&item| self.value(item).clone()).collect()),
            Expr::Dict(items) => Value::list(items.iter().map(|(key, _)| self.value(*key).clone()).collect())
                .or(&Value::list(items.iter().map(|(_, value)| self.value(*value).sources()).collect())),
        }
    }

    fn item(&mut self, base: &Value, index: &Value) -> Value {
        if let Some(position) = index.integer {
            if let Some(items) = &base.items {
                return slice(items, Some(position), None, 1).into_iter().next().unwrap_or_default();
            }
            if let Some(letters) = base.elements() {
                let letter = slice(&letters, Some(position), None, 1).into_iter().next();
                return letter.map(Value::text).unwrap_or_default();
            }
            return Value { path: spell(&base.path, &format!("[{position}]")), ..base.sources() };
        }
        if index.texts.is_empty() {
            if base.reach >= Reach::Entry && !index.path.is_empty() {
                self.dynamic = true;
            }
            return base.sources();
        }
        let mut value =
            index.texts.iter().fold(Value::default(), |value, name| value.or(&member(base, name)));
        value.texts = Vec::new();
        value
    }

    /// An attribute whose name is computed: `|attr(name)`, `getattr(object, name)`.
    fn attribute_by(&mut self, base: &Value, name: &Value) -> Value {
        if name.texts.is_empty() {
            self.dynamic = true;
            return Value {
                reach: base.reach.max(Reach::Internals),
                path: spell(&base.path, "|attr(computed name)"),
                ..Value::default()
            };
        }
        name.texts.iter().fold(Value::default(), |value, name| value.or(&member(base, name)))
    }

    fn call(&mut self, function: Id, arguments: &[Id], named: &[(String, Id)], offset: usize) -> Value {
        let arguments: Vec<Value> = arguments.iter().map(|&argument| self.value(argument).clone()).collect();
        let named: Vec<(String, Value)> =
            named.iter().map(|(name, id)| (name.clone(), self.value(*id).clone())).collect();
        let template = self.template;
        let called = self.value(function).clone();
        let mut result = called.sources();
        for argument in arguments.iter().chain(named.iter().map(|(_, value)| value)) {
            result.depend_on(argument);
        }
        if called.reach >= Reach::Internals {
            result.reach = called.reach.max(result.reach);
            let shown: Vec<&str> = arguments.iter().filter_map(Value::only_text).collect();
            result.path = spell(&called.path, &format!("({})", shown.join(", ")));
        }
        match template.nodes.get(function).map(|node| &node.expr) {
            Some(Expr::Name(name)) if !self.variables.contains_key(name) => match name.as_str() {
                "getattr" => {
                    if let [base, attribute, ..] = arguments.as_slice() {
                        return self.attribute_by(base, attribute);
                    }
                }
                "range" => {
                    let bounds: Vec<i64> = arguments.iter().filter_map(|argument| argument.integer).collect();
                    let count = match bounds.as_slice() {
                        [stop] => *stop,
                        [start, stop, ..] => stop.saturating_sub(*start),
                        [] => 0,
                    };
                    if count > LARGE {
                        self.notes.large.push((offset, count));
                    }
                }
                "dict" => {
                    return Value::list(named.iter().map(|(name, _)| Value::text(name.as_str())).collect());
                }
                "namespace" => return Value::default(),
                "strftime_now" | "now" | "today" | "utcnow" => result.from_date = true,
                _ if names_code(name) => {
                    result.reach = Reach::Code;
                    let shown: Vec<&str> = arguments.iter().filter_map(Value::only_text).collect();
                    result.path = format!("{name}({})", shown.join(", "));
                }
                _ => {}
            },
            Some(Expr::Attribute(base, method)) => {
                let base = self.value(*base).clone();
                return self.method(&base, method, &arguments, &named, result);
            }
            _ => {}
        }
        result.texts.clear();
        result
    }

    /// A method called on `base`; `result` already carries the sources of all parts.
    fn method(
        &mut self,
        base: &Value,
        method: &str,
        arguments: &[Value],
        named: &[(String, Value)],
        mut result: Value,
    ) -> Value {
        let first = arguments.first();
        match method {
            "startswith" | "endswith" | "find" | "rfind" | "index" | "rindex" | "count" | "__contains__" => {
                if let Some(first) = first {
                    let compared = compare(base, first);
                    result.triggers = compared.triggers;
                }
            }
            "format" => {
                if let Some(template) = base.only_text() {
                    if format_reaches_internals(template) {
                        result.reach = result.reach.max(Reach::Internals);
                        template.clone_into(&mut result.path);
                    }
                    result.texts.extend(brace(template, arguments, named));
                }
            }
            "strftime" | "today" | "now" => result.from_date = true,
            "join" | "replace" | "lower" | "upper" | "strip" | "lstrip" | "rstrip" | "title"
            | "capitalize" | "swapcase" | "split" => {
                return self.filter(base, method, arguments, named);
            }
            "append" | "items" | "get" | "keys" | "values" => {
                if let ("get", Some(name)) = (method, first) {
                    return self.item(base, name);
                }
            }
            _ => {}
        }
        result
    }

    fn filter(&mut self, base: &Value, name: &str, arguments: &[Value], named: &[(String, Value)]) -> Value {
        let first = arguments.first().cloned().unwrap_or_default();
        let mut depends = base.sources();
        for argument in arguments.iter().chain(named.iter().map(|(_, value)| value)) {
            depends.depend_on(argument);
        }
        match name {
            "attr" => self.attribute_by(base, &first),
            "map" | "selectattr" | "rejectattr" | "groupby" | "sort" | "unique" | "sum" | "min" | "max" => {
                let attribute = named.iter().find(|(name, _)| name == "attribute").map(|(_, value)| value);
                let attribute = match (name, attribute) {
                    (_, Some(value)) => Some(value),
                    ("selectattr" | "rejectattr" | "groupby", None) => Some(&first),
                    _ => None,
                };
                if name == "map" && first.only_text() == Some("attr") {
                    let applied = arguments.get(1).cloned().unwrap_or_default();
                    return self.attribute_by(base, &applied);
                }
                let mut value = depends;
                for part in attribute.and_then(Value::only_text).unwrap_or_default().split('.') {
                    if is_internal(part) {
                        value = member(&value, part);
                    }
                }
                if let (Some(attribute), Some(compared)) =
                    (attribute.and_then(Value::only_text), arguments.get(2))
                {
                    let part = member(&Value { from_content: true, ..Value::default() }, attribute);
                    value.triggers.extend(compare(&part, compared).triggers);
                }
                if name == "sum" {
                    let parts = base.items.as_ref().and_then(|_| base.elements()).map(|parts| parts.concat());
                    value.texts.extend(parts);
                }
                value
            }
            "select" | "reject" => {
                let mut value = depends;
                if let Some(compared) = arguments.get(1) {
                    value.triggers.extend(compare(base, compared).triggers);
                }
                value.items.clone_from(&base.items);
                value
            }
            "join" => {
                // `a|join(sep)` joins a; `sep.join(a)` as a method joins its argument.
                let separator = |value: &Value| value.only_text().unwrap_or_default().to_owned();
                let (list, separator) =
                    if first.items.is_some() { (&first, separator(base)) } else { (base, separator(&first)) };
                depends.texts.extend(list.elements().map(|parts| parts.join(&separator)));
                depends
            }
            "replace" => match (first.only_text(), arguments.get(1).and_then(Value::only_text)) {
                (Some(from), Some(to)) if !from.is_empty() => base.map(|text| text.replace(from, to)),
                _ => depends,
            },
            "reverse" => match &base.items {
                Some(items) => Value::list(items.iter().rev().cloned().collect()),
                None => base.map(|text| text.chars().rev().collect()),
            },
            "lower" => base.map(str::to_lowercase),
            "upper" => base.map(str::to_uppercase),
            "swapcase" => base.map(|text| {
                text.chars()
                    .map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                    .collect()
            }),
            "capitalize" | "title" => base.map(|text| {
                let mut letters = text.chars();
                letters
                    .next()
                    .map(|c| c.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect())
                    .unwrap_or_default()
            }),
            "strip" | "lstrip" | "rstrip" | "trim" => {
                let cutset: Vec<char> = first.only_text().unwrap_or(" \t\r\n").chars().collect();
                base.map(|text| {
                    let text =
                        if name == "rstrip" { text } else { text.trim_start_matches(cutset.as_slice()) };
                    if name == "lstrip" { text } else { text.trim_end_matches(cutset.as_slice()) }.to_owned()
                })
            }
            "split" => match (base.only_text(), first.only_text()) {
                (Some(text), Some(by)) if !by.is_empty() => {
                    Value::list(text.split(by).take(64).map(Value::text).collect())
                }
                _ => depends,
            },
            "format" => {
                let all = if first.items.is_some() && arguments.len() == 1 {
                    first.items.clone().unwrap_or_default()
                } else {
                    arguments.to_vec()
                };
                depends.texts.extend(base.only_text().and_then(|template| percent(template, &all)));
                depends
            }
            "first" | "last" => {
                let position = if name == "first" { 0 } else { -1 };
                self.item(base, &Value::integer(position))
            }
            "string" | "safe" | "escape" | "e" | "list" | "default" | "d" | "center" | "indent"
            | "forceescape" | "int" => {
                let mut value = base.clone();
                if matches!(name, "default" | "d") {
                    value = value.or(&first);
                }
                value
            }
            // How long it is, is structure.
            "length" | "count" | "wordcount" => {
                Value { reach: base.reach, path: base.path.clone(), ..Value::default() }
            }
            "strftime" | "date" | "datetime" => Value { from_date: true, ..depends },
            _ => depends,
        }
    }

    fn binary(&mut self, operator: Operator, left: &Value, right: &Value, offset: usize) -> Value {
        match operator {
            Operator::Compare => compare(left, right),
            Operator::Contains => {
                let mut value = compare(right, left);
                value.depend_on(&compare(left, right));
                value
            }
            Operator::Add | Operator::Concat => match (&left.items, &right.items) {
                (Some(a), Some(b)) => Value::list(a.iter().chain(b).cloned().collect()),
                _ if operator == Operator::Add && left.integer.is_some() && right.integer.is_some() => {
                    let sum = left.integer.unwrap_or(0).checked_add(right.integer.unwrap_or(0));
                    sum.map(Value::integer).unwrap_or_default()
                }
                _ => left.combine(right, |a, b| [a, b].concat()),
            },
            Operator::Multiply => {
                let (text, count) =
                    if right.integer.is_some() { (left, right.integer) } else { (right, left.integer) };
                if let (Some(once), Some(count), None) = (text.only_text(), count, text.integer) {
                    let length = i64::try_from(once.len()).unwrap_or(i64::MAX).saturating_mul(count);
                    if length > LARGE {
                        self.notes.large.push((offset, length));
                    }
                    let repeats = usize::try_from(count.clamp(0, 64)).unwrap_or(0);
                    return text.map(|text| text.repeat(repeats));
                }
                if let (Some(a), Some(b)) = (left.integer, right.integer) {
                    return a.checked_mul(b).map(Value::integer).unwrap_or_default();
                }
                if let (Some(_), Some(count)) = (&text.items, count)
                    && count > LARGE
                {
                    self.notes.large.push((offset, count));
                }
                left.combine(right, |_, _| String::new()).sources()
            }
            Operator::Modulo => {
                let values = right.items.clone().unwrap_or_else(|| vec![right.clone()]);
                let mut value = left.sources();
                value.depend_on(right);
                if left.integer.is_none() {
                    value.texts.extend(left.only_text().and_then(|template| percent(template, &values)));
                }
                value
            }
            Operator::Power => {
                if let (Some(base), Some(exponent)) = (left.integer, right.integer)
                    && base.unsigned_abs() > 1
                    && exponent > 100_000
                {
                    self.notes.large.push((offset, exponent));
                }
                Value::default()
            }
            Operator::Arithmetic => {
                if let (Some(a), Some(b)) = (left.integer, right.integer) {
                    Value { integer: a.checked_sub(b), ..left.sources() }
                } else {
                    let mut value = left.sources();
                    value.depend_on(right);
                    value
                }
            }
            Operator::Logic => {
                let mut value = left.clone().or(right);
                value.integer = None;
                value
            }
        }
    }
}

static UNKNOWN: Value = Value {
    texts: Vec::new(),
    integer: None,
    items: None,
    from_content: false,
    from_date: false,
    triggers: Vec::new(),
    reach: Reach::Data,
    path: String::new(),
};

/// A comparison of `left` with `right`: which words of the conversation, or that the date, decide it.
fn compare(left: &Value, right: &Value) -> Value {
    let mut value = left.sources();
    value.depend_on(right);
    for (content, literal) in [(left, right), (right, left)] {
        if !content.from_content {
            continue;
        }
        let listed = literal.items.iter().flatten().flat_map(|item| item.texts.iter());
        for word in literal.texts.iter().chain(listed) {
            if is_wording(word) && value.triggers.len() < 16 && !value.triggers.contains(word) {
                value.triggers.push(word.clone());
            }
        }
    }
    value.from_content = false;
    value
}

/// Whether `text` is something a person would write, rather than markup such as `</think>`, `/no_think` or `[TOOL]`.
pub(super) fn is_wording(text: &str) -> bool {
    let text = text.trim();
    let marked = text.starts_with(['<', '[', '{', '/', '|', '`', '#', '*', '\u{ff5c}', '\u{2581}', '(', '"'])
        || text.contains("<|");
    !marked && text.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

fn spell(base: &str, suffix: &str) -> String {
    let mut path = base.to_owned();
    if path.len() < 200 {
        path.push_str(suffix);
    }
    path
}

/// A name that no statement of the template binds.
fn free_name(name: &str) -> Value {
    let reach = match name {
        "__builtins__" | "__import__" => Reach::Code,
        _ if is_internal(name) => Reach::Internals,
        "lipsum"
        | "cycler"
        | "joiner"
        | "namespace"
        | "self"
        | "request"
        | "config"
        | "url_for"
        | "app"
        | "session"
        | "get_flashed_messages"
        | "current_app"
        | "dict"
        | "range" => Reach::Entry,
        _ => Reach::Data,
    };
    Value { reach, path: name.to_owned(), ..named(name) }
}

/// What the name of a variable or parameter says of its origin.
fn named(name: &str) -> Value {
    let lower = name.to_ascii_lowercase();
    let from_content = matches!(
        lower.as_str(),
        "content"
            | "text"
            | "prompt"
            | "query"
            | "user_message"
            | "system_message"
            | "system_prompt"
            | "instruction"
            | "input"
            | "message_content"
            | "user_input"
            | "question"
    );
    let from_date = matches!(
        lower.as_str(),
        "date" | "date_string" | "today" | "datetime" | "now" | "current_date" | "time"
    );
    Value { from_content, from_date, path: name.to_owned(), ..Value::default() }
}

/// `base.name` or `base['name']`.
fn member(base: &Value, name: &str) -> Value {
    let mut value = base.sources();
    let reached = if matches!(
        name,
        "__builtins__"
            | "__import__"
            | "__subclasses__"
            | "f_builtins"
            | "__loader__"
            | "__reduce__"
            | "__reduce_ex__"
    ) || (base.reach >= Reach::Entry && leads_to_code(name))
    {
        Reach::Code
    } else if is_internal(name) {
        Reach::Internals
    } else {
        Reach::Data
    };
    value.reach = value.reach.max(reached);
    value.path = spell(&base.path, &format!(".{name}"));
    // Roles, types and names are structure; contents are what people wrote.
    match name {
        "role" | "type" | "name" | "id" | "function" | "tool_calls" | "tool_call_id" | "parameters"
        | "properties" | "required" | "tools" | "channel" | "recipient" | "thinking_mode" => {
            value.from_content = false;
            value.triggers.clear();
        }
        "content" | "text" | "reasoning_content" | "thinking" | "arguments" | "value" => {
            value.from_content = true;
        }
        _ => {}
    }
    value
}

/// Names that only lead into the interpreter.
pub(super) fn is_internal(name: &str) -> bool {
    let dunder = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    let hidden = name.starts_with('_')
        && name.len() > 1
        && !name.starts_with("__")
        && name.get(1..2).is_some_and(|c| c != "_");
    dunder
        || matches!(name, "_module" | "_TemplateReference__context" | "_get_frame" | "_getframe")
        || (hidden && name.contains("__"))
        || matches!(
            name,
            "mro"
                | "func_globals"
                | "func_code"
                | "func_closure"
                | "im_func"
                | "im_self"
                | "im_class"
                | "gi_frame"
                | "gi_code"
                | "gi_yieldfrom"
                | "cr_frame"
                | "cr_code"
                | "ag_frame"
                | "ag_code"
                | "f_globals"
                | "f_locals"
                | "f_back"
                | "f_code"
                | "f_builtins"
                | "tb_frame"
                | "tb_next"
                | "co_code"
                | "co_consts"
        )
}

/// Names that are dangerous once they hang on an object that leads into the interpreter.
fn leads_to_code(name: &str) -> bool {
    names_code(name)
        || matches!(
            name,
            "os" | "sys"
                | "subprocess"
                | "builtins"
                | "importlib"
                | "import_module"
                | "modules"
                | "environ"
                | "getenv"
                | "pty"
                | "socket"
                | "urllib"
                | "requests"
                | "ctypes"
                | "pickle"
                | "shutil"
                | "check_output"
                | "check_call"
                | "getoutput"
                | "getstatusoutput"
                | "load_module"
                | "linecache"
                | "codecs"
                | "platform"
                | "application"
                | "spawn"
                | "fork"
                | "remove"
                | "unlink"
                | "listdir"
                | "fdopen"
                | "request"
                | "urlopen"
                | "SECRET_KEY"
                | "from_object"
                | "from_pyfile"
        )
}

/// Names whose call runs code, starts a process or opens a file.
fn names_code(name: &str) -> bool {
    matches!(
        name,
        "eval"
            | "exec"
            | "compile"
            | "__import__"
            | "open"
            | "popen"
            | "system"
            | "execfile"
            | "globals"
            | "locals"
            | "vars"
            | "breakpoint"
            | "setattr"
            | "delattr"
            | "memoryview"
            | "Popen"
            | "check_output"
            | "getoutput"
            | "import_module"
            | "subprocess"
            | "spawn"
    )
}

/// Whether a `str.format` template looks up attributes of its arguments that lead into the interpreter.
fn format_reaches_internals(template: &str) -> bool {
    template.split('{').skip(1).any(|field| {
        let field = field.split('}').next().unwrap_or_default();
        field.split(['.', '[', ']']).skip(1).any(is_internal)
    })
}
