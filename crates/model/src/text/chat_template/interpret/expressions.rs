//! The value of one expression: what it may be, where it comes from, what it reaches.

use super::names::{compare, free_name, member, names_code, spell};
use super::{Emission, Interpreter, LARGE};
use crate::text::chat_template::syntax::{Expr, Id, Operator};
use crate::text::chat_template::value::{Reach, Value, percent, slice};

impl Interpreter<'_> {
    pub(super) fn evaluate(&mut self, id: Id) -> Value {
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
                let field = match template.nodes.get(*base).map(|node| &node.expr) {
                    Some(Expr::Name(owner)) => self
                        .value(*index)
                        .only_text()
                        .and_then(|name| self.variables.get(&format!("{owner}.{name}")).cloned()),
                    _ => None,
                };
                let (base, index) = (self.value(*base).clone(), self.value(*index).clone());
                field.unwrap_or_else(|| self.item(&base, &index))
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
                    let text = [yes.said(), no.said()].join("\n");
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
            Expr::Dict(items) => {
                let entry = |(key, value): &(Id, Id)| {
                    Some((self.value(*key).only_text()?.to_owned(), self.value(*value).clone()))
                };
                match items.iter().map(entry).collect::<Option<Vec<_>>>() {
                    Some(entries) => Value::dictionary(entries),
                    None => Value::list(items.iter().map(|(key, _)| self.value(*key).clone()).collect()).or(
                        &Value::list(items.iter().map(|(_, value)| self.value(*value).sources()).collect()),
                    ),
                }
            }
        }
    }

    pub(super) fn item(&mut self, base: &Value, index: &Value) -> Value {
        if !base.entries.is_empty() && index.integer.is_none() {
            // Any of them, where the key is not known.
            let is_meant = |key: &str| index.texts.is_empty() || index.texts.iter().any(|text| text == key);
            let meant = base.entries.iter().filter(|(key, _)| is_meant(key)).map(|(_, value)| value);
            if let Some(mut value) = meant.cloned().reduce(|all, one| all.or(&one)) {
                value.depend_on(index);
                return value;
            }
        }
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
    pub(super) fn attribute_by(&mut self, base: &Value, name: &Value) -> Value {
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
                    return Value::dictionary(named);
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
