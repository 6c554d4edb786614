//! What an expression is: names, texts put together, containers. Part of [`Walk`].

use super::sources;
use super::strings;
use super::value::{HOLE, Known, MOST_CHOICES, Taint, Value};
use super::walk::Walk;
use ruff_python_ast::{self as ast, Expr, InterpolatedStringElement, Number, Operator, UnaryOp};
use ruff_text_size::Ranged;
use std::sync::Arc;

/// Most items followed of one list.
pub(super) const MOST_ITEMS: usize = 512;

impl<'a> Walk<'a, '_> {
    /// The value of `expression`; calls in it are judged.
    pub(super) fn evaluate(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::StringLiteral(text) => Known::of_text(text.value.to_str().to_owned()).into(),
            Expr::BytesLiteral(bytes) => {
                let bytes: Vec<u8> = bytes.value.bytes().collect();
                Known::of_text(String::from_utf8_lossy(&bytes).into_owned()).into()
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(number) => number.as_i64().map_or(Known::Nothing, Known::Integer).into(),
                Number::Float(_) | Number::Complex { .. } => Value::default(),
            },
            Expr::BooleanLiteral(literal) => Known::Bool(literal.value).into(),
            Expr::NoneLiteral(_) => Known::Null.into(),
            Expr::FString(text) => self.interpolated(text.value.iter().map(|part| match part {
                ast::FStringPart::Literal(literal) => Part::Literal(literal),
                ast::FStringPart::FString(formatted) => Part::Elements(&formatted.elements),
            })),
            Expr::TString(text) => {
                self.interpolated(text.value.iter().map(|part| Part::Elements(&part.elements)))
            }
            Expr::Name(name) => self.lookup(name.id.as_str()),
            Expr::Attribute(attribute) => {
                if let Some(value) = self.narrowed(expression) {
                    return value;
                }
                let owner = self.evaluate(&attribute.value);
                self.attribute(&owner, attribute.attr.as_str())
            }
            Expr::Subscript(subscript) => {
                if let Some(value) = self.narrowed(expression) {
                    return value;
                }
                let owner = self.evaluate(&subscript.value);
                let key = self.evaluate(&subscript.slice);
                self::subscript(&owner, &key)
            }
            Expr::Call(call) => self.call(call),
            Expr::BinOp(operation) => {
                let left = self.evaluate(&operation.left);
                let right = self.evaluate(&operation.right);
                self::operation(operation.op, &left, &right)
            }
            Expr::UnaryOp(operation) => {
                let value = self.evaluate(&operation.operand);
                match (operation.op, &value.known) {
                    // Who calls the function decides.
                    (UnaryOp::Not, _) if value.as_parameter().is_some() => {
                        let taint = value.taint;
                        Value { known: Known::Not(Arc::new(value)), taint }
                    }
                    (UnaryOp::Not, _) => Value::opposite_of(&value),
                    (UnaryOp::USub, Known::Integer(number)) => {
                        number.checked_neg().map_or(Known::Nothing, Known::Integer).into()
                    }
                    _ => Value::default(),
                }
            }
            Expr::BoolOp(operation) => self.either(operation),
            Expr::If(choice) => {
                let test = self.evaluate(&choice.test);
                let by = test.taint.deciders();
                let body = self.evaluate(&choice.body);
                let other = self.evaluate(&choice.orelse);
                match test.truth() {
                    Some(true) => body,
                    Some(false) => other,
                    None => body.chosen_by(by, None).or(&other.chosen_by(by, None)),
                }
            }
            Expr::List(ast::ExprList { elts, .. })
            | Expr::Tuple(ast::ExprTuple { elts, .. })
            | Expr::Set(ast::ExprSet { elts, .. }) => self.items(elts),
            Expr::Dict(dict) => self.dict(dict),
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. })
            | Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.comprehension(generators, &[elt.as_ref()])
            }
            Expr::DictComp(comprehension) => self.dict_comprehension(comprehension),
            Expr::Lambda(lambda) => {
                let mut scope = super::scope::Scope::default();
                if let Some(parameters) = &lambda.parameters {
                    for parameter in &**parameters {
                        scope.bind(parameter.name().as_str(), Value::default());
                    }
                }
                self.state.scopes.push(scope);
                self.evaluate(&lambda.body);
                self.state.scopes.pop();
                Value::default()
            }
            Expr::Named(named) => {
                let value = self.evaluate(&named.value);
                self.assign(&named.target, value.clone(), self.span(named.range));
                value
            }
            Expr::Await(wait) => self.evaluate(&wait.value),
            Expr::Starred(starred) => self.evaluate(&starred.value),
            Expr::Yield(give) => {
                let value = give.value.as_ref().map(|value| self.evaluate(value)).unwrap_or_default();
                self.given_in_turn(value.all_taint());
                value
            }
            Expr::YieldFrom(give) => {
                let value = self.evaluate(&give.value);
                self.given_in_turn(value.all_taint());
                value
            }
            Expr::Compare(compare) => {
                let left = self.evaluate(&compare.left);
                let others: Vec<Value> =
                    compare.comparators.iter().map(|other| self.evaluate(other)).collect();
                match (&*compare.ops, others.as_slice()) {
                    ([operator], [right]) => {
                        super::comparison::compared(*operator, &left, right, self.unrolling)
                    }
                    _ => Value::yes_or_no(left.taint),
                }
            }
            Expr::Slice(slice) => {
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    self.evaluate(part);
                }
                Value::default()
            }
            Expr::EllipsisLiteral(_) => Value::default(),
            Expr::IpyEscapeCommand(escape) => {
                let span = self.span(escape.range);
                self.escape(escape.kind, &escape.value, span);
                Value::default()
            }
        }
    }

    /// Whoever goes through what the function being walked gives one after the other gets what is `taint`ed.
    fn given_in_turn(&mut self, taint: Taint) {
        if let Some(frame) = self.frames.last_mut() {
            frame.returns.taint = frame.returns.taint.and(taint);
        }
    }

    /// What `name` holds.
    pub(super) fn lookup(&mut self, name: &str) -> Value {
        if let Some(value) = self.state.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return value.clone();
        }
        if BUILTINS.contains(&name) {
            return Value::path(&format!("builtins.{name}"));
        }
        // In a notebook, and in code cut out of its module, the usual names stand for the usual modules.
        Value::default()
    }

    /// The attribute `name` of `owner`.
    pub(super) fn attribute(&mut self, owner: &Value, name: &str) -> Value {
        match &owner.known {
            // `read.func(…)`, `read.__wrapped__(…)`: the function itself that a decorator wrapped.
            Known::Function(_) if super::called::IS_FUNCTION.contains(&name) => owner.clone(),
            // What a namespace holds, or a member of an enumeration.
            Known::Entries(_) if owner.entry(name).is_some() => {
                owner.entry(name).cloned().unwrap_or_default().tainted(owner.taint)
            }
            Known::Text(_) | Known::Bool(_) | Known::Integer(_) if name == "value" => owner.clone(),
            Known::Instance(class) if name == "__dict__" => self.fields_of(*class).tainted(owner.taint),
            Known::Either(all) if all.iter().any(|one| matches!(one.known, Known::Path(_))) => {
                let given = all.iter().filter(|one| !matches!(one.known, Known::Null | Known::Absent));
                let members: Vec<Value> = given.map(|one| self.attribute(one, name)).collect();
                let member = members.into_iter().reduce(|one, other| one.or(&other)).unwrap_or_default();
                member.tainted(owner.taint)
            }
            Known::Instance(class) | Known::Class(class) => {
                let mut value = self.member(*class, name);
                value.taint = value.taint.and(owner.taint);
                value
            }
            _ => {
                if let Some(path) = owner.as_path()
                    && !self.state.modules.is_empty()
                    && let Some(value) = self.imported(&Arc::clone(path), name)
                {
                    return value;
                }
                let known = match owner.step(&format!(".{name}")) {
                    Known::Path(path) if super::names::is_renamed(&path) => {
                        Known::Path(super::names::canonical(&path).into())
                    }
                    known => known,
                };
                let own = match &known {
                    Known::Path(path) => sources::of_path(path),
                    _ => Taint::default(),
                };
                let parsed = owner.as_path().is_some_and(|path| sources::are_arguments(path));
                let default = self.state.arguments.get(name).filter(|_| parsed).cloned();
                Value { known: default.unwrap_or(known), taint: owner.taint.and(own) }
            }
        }
    }

    fn items(&mut self, elements: &'a [Expr]) -> Value {
        let mut items = Vec::with_capacity(elements.len().min(MOST_ITEMS));
        let (mut taint, mut whole) = (Taint::default(), elements.len() <= MOST_ITEMS);
        for element in elements {
            let value = self.evaluate(element);
            match element {
                Expr::Starred(_) => match &value.known {
                    Known::Items(inner) if items.len().saturating_add(inner.len()) <= MOST_ITEMS => {
                        items.extend(inner.iter().cloned());
                    }
                    _ => {
                        taint = taint.and(value.all_taint());
                        whole = false;
                    }
                },
                _ if items.len() < MOST_ITEMS => items.push(value),
                _ => taint = taint.and(value.all_taint()),
            }
        }
        if whole {
            return Value { known: Known::items(items), taint };
        }
        Value::from_taint(items.iter().map(Value::all_taint).fold(taint, Taint::and))
    }

    fn dict(&mut self, dict: &'a ast::ExprDict) -> Value {
        let mut entries: Vec<(Option<Arc<str>>, Value)> = Vec::new();
        for item in &dict.items {
            let key = item.key.as_ref().map(|key| self.evaluate(key));
            let value = self.evaluate(&item.value);
            if entries.len() >= MOST_ITEMS {
                continue;
            }
            match key {
                Some(key) => {
                    let name = key.as_text().map(Arc::from);
                    if let (Some(name), false) = (&name, self.quiet) {
                        let span = self.span(item.value.range());
                        super::rules::secret::named(name, &value, &span, &mut self.state.module);
                        super::rules::remote_code::named(name, &value, &span, &mut self.state.module);
                        super::rules::deserialization::kept(&value, &span, &mut self.state.module);
                        if !matches!(item.value, Expr::Name(_) | Expr::Attribute(_)) {
                            super::rules::predictable::named(name, &value, &span, &mut self.state.module);
                        }
                    }
                    entries.push((name, value));
                }
                None => match &value.known {
                    Known::Entries(inner) => entries.extend(inner.iter().take(MOST_ITEMS).cloned()),
                    _ => entries.push((None, value)),
                },
            }
        }
        Known::entries(entries).into()
    }

    fn either(&mut self, operation: &'a ast::ExprBoolOp) -> Value {
        let values: Vec<Value> = operation.values.iter().map(|value| self.evaluate(value)).collect();
        let stops = operation.op == ast::BoolOp::Or;
        let mut result: Option<Value> = None;
        let last = values.len().saturating_sub(1);
        for (index, value) in values.into_iter().enumerate() {
            // `a or b` is never a false `a`; `a and b` never a true one.
            if index < last && value.truth() == Some(!stops) {
                continue;
            }
            let certain = value.truth() == Some(stops);
            let value = if index < last { value.where_truth_is(stops) } else { value };
            result = Some(match result {
                Some(known) => known.or(&value),
                None => value,
            });
            if certain {
                break;
            }
        }
        result.unwrap_or_default()
    }

    fn interpolated(&mut self, parts: impl Iterator<Item = Part<'a>>) -> Value {
        let mut taint = Taint::default();
        // With each alternative of the first part that is one of several texts.
        let mut texts = vec![String::new()];
        for part in parts {
            match part {
                Part::Literal(literal) => texts.iter_mut().for_each(|text| text.push_str(literal)),
                Part::Elements(elements) => {
                    for element in elements {
                        let spelt = match element {
                            InterpolatedStringElement::Literal(literal) => vec![literal.to_string()],
                            InterpolatedStringElement::Interpolation(inner) => {
                                let value = self.evaluate(&inner.expression);
                                taint = taint.and(value.all_taint());
                                match &value.known {
                                    Known::Items(_) => vec![HOLE.to_string()],
                                    _ if inner.format_spec.is_some() => vec![HOLE.to_string()],
                                    Known::Either(all)
                                        if texts
                                            .iter()
                                            .all(|text| texts.len() == 1 && text.len() < LONGEST_NAME)
                                            && all.iter().all(is_short) =>
                                    {
                                        all.iter().map(Value::spelt).collect()
                                    }
                                    _ => vec![value.spelt()],
                                }
                            }
                        };
                        texts = match spelt.as_slice() {
                            [only] => texts.into_iter().map(|text| text + only).collect(),
                            several => {
                                let first = texts.first().map_or("", String::as_str);
                                several.iter().map(|part| format!("{first}{part}")).collect()
                            }
                        };
                    }
                }
            }
        }
        // A name or an address is one of several; a sentence, command or statement is one with a hole.
        let is_name =
            taint.sources().is_none() && texts.iter().all(|text| !text.contains(char::is_whitespace));
        if texts.len() > 1 && !is_name {
            texts = texts.first().map(|first| with_hole(first, &texts)).into_iter().collect();
        }
        let all = texts.into_iter().map(|text| Value { known: Known::of_text(text), taint });
        all.reduce(|one, other| one.or(&other)).unwrap_or_default()
    }
}

/// Longest text that is followed in several forms, in bytes.
const LONGEST_NAME: usize = 512;

/// Whether a value is a text that may be part of a name or address, or no text.
fn is_short(value: &Value) -> bool {
    value.as_pieces().is_none_or(|text| text.len() < LONGEST_NAME)
}

/// `first` with a hole for what is not the same in all `texts`, which begin and end alike.
fn with_hole(first: &str, texts: &[String]) -> String {
    let (mut before, mut after) = (first.len(), first.len());
    for text in texts {
        let same =
            |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(one, other)| one == other).count();
        before = before.min(same(&mut first.bytes().zip(text.bytes())));
        after = after.min(same(&mut first.bytes().rev().zip(text.bytes().rev())));
    }
    let shortest = texts.iter().map(String::len).min().unwrap_or_default();
    let before = first.floor_char_boundary(before);
    let after = after.min(shortest.saturating_sub(before));
    let from = first.ceil_char_boundary(first.len().saturating_sub(after));
    format!("{}{HOLE}{}", first.get(..before).unwrap_or_default(), first.get(from..).unwrap_or_default())
}

/// The element of `owner` under `key`.
pub(super) fn subscript(owner: &Value, key: &Value) -> Value {
    match (&owner.known, &key.known) {
        (Known::Items(items), Known::Integer(index)) => {
            let index = if *index < 0 {
                usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back))
            } else {
                usize::try_from(*index).ok()
            };
            index.and_then(|index| items.get(index)).cloned().unwrap_or_default().tainted(owner.taint)
        }
        (Known::Entries(_), Known::Text(name)) => {
            owner.entry(name).cloned().unwrap_or_default().tainted(owner.taint)
        }
        // Names of everything there is: who says which, says what is called.
        (Known::Path(path), _) if matches!(path.as_ref(), "builtins.globals()" | "builtins.locals()") => {
            Value { known: owner.step("[]"), taint: owner.taint.and(key.all_taint()) }
        }
        // What a request says of who sends it is known by its name.
        (Known::Path(path), Known::Text(name))
            if path.ends_with("headers") || path.ends_with("headers()") =>
        {
            let known = if name.eq_ignore_ascii_case("authorization") { INBOUND } else { "[]" };
            Value { known: owner.step(known), taint: owner.taint }
        }
        (Known::Path(_) | Known::Nothing, Known::Text(name)) if name.as_ref() == "tool_calls" => {
            Value { known: owner.step("[]"), taint: owner.taint.and(Taint::MODEL) }
        }
        (Known::Path(_), _) => Value { known: owner.step("[]"), taint: owner.taint },
        (Known::Entries(entries), _) => {
            let functions = entries.iter().filter_map(|(_, value)| match value.known {
                Known::Function(number) => Some(number),
                _ => None,
            });
            let functions: Vec<usize> = functions.take(MOST_CHOICES).collect();
            let known = if functions.is_empty() { one_of(entries) } else { Known::Choice(functions.into()) };
            Value { known, taint: owner.all_taint() }
        }
        _ => Value::from_taint(owner.all_taint()),
    }
}

/// One of what a table holds, when all of it is known. Functions of libraries are judged where the table is written down.
fn one_of(entries: &[(Option<Arc<str>>, Value)]) -> Known {
    let known = |(name, value): &(Option<Arc<str>>, Value)| {
        name.is_some() && !matches!(value.known, Known::Path(_) | Known::Partial(_))
    };
    if entries.len() > MOST_CHOICES || !entries.iter().all(known) {
        return Known::Nothing;
    }
    let all = entries.iter().map(|(_, value)| value.given());
    all.reduce(|one, other| one.or(&other)).map_or(Known::Nothing, |value| value.known)
}

/// One of what `items` holds.
pub(super) fn element(items: &Value) -> Value {
    match &items.known {
        // Texts stand for one another: what holds for the first holds for one of the rounds.
        Known::Items(all) => {
            let texts = all.iter().all(|item| matches!(item.known, Known::Text(_)));
            let first = all.first().cloned().unwrap_or_default();
            let value = if texts { first } else { all.iter().skip(1).fold(first, Value::or) };
            value.tainted(items.taint)
        }
        Known::Path(_) => Value { known: items.step("[]"), taint: items.taint },
        _ => Value::from_taint(items.all_taint()),
    }
}

/// `left operator right`.
pub(super) fn operation(operator: Operator, left: &Value, right: &Value) -> Value {
    let taint = left.all_taint().and(right.all_taint());
    let known = match operator {
        Operator::Add => match (&left.known, &right.known) {
            (Known::Items(a), Known::Items(b)) if a.len().saturating_add(b.len()) <= MOST_ITEMS => {
                Known::items(a.iter().chain(b.iter()).cloned().collect::<Vec<_>>())
            }
            (Known::Text(_) | Known::Pieces(_), _) | (_, Known::Text(_) | Known::Pieces(_)) => {
                Known::of_text(format!("{}{}", left.spelt(), right.spelt()))
            }
            (Known::Integer(a), Known::Integer(b)) => {
                a.checked_add(*b).map_or(Known::Nothing, Known::Integer)
            }
            _ => Known::Nothing,
        },
        Operator::Mod => match left.as_pieces() {
            Some(text) => Known::of_text(strings::percent(text, right)),
            None => Known::Nothing,
        },
        Operator::Div => match &left.known {
            Known::Path(path) if path.starts_with("pathlib.") => left.known.clone(),
            _ => Known::Nothing,
        },
        Operator::BitOr => {
            if let (Known::Entries(some), Known::Entries(more)) = (&left.known, &right.known)
                && some.len().saturating_add(more.len()) <= MOST_ITEMS
            {
                let both = some.iter().chain(more.iter()).cloned();
                return Value {
                    known: Known::entries(both.collect::<Vec<_>>()),
                    taint: left.taint.and(right.taint),
                };
            }
            // Chains of a language model's parts: `prompt | model | parser`.
            let chained = [left, right].into_iter().find(|value| {
                value.as_path().is_some_and(|path| path.starts_with("langchain") && path.contains("()"))
            });
            chained.map_or(Known::Nothing, |_| Known::Path("langchain.chain()".into()))
        }
        _ => Known::Nothing,
    };
    Value { known, taint }
}

/// The step of a path that takes the credential out of the headers of a request.
pub(super) const INBOUND: &str = "[authorization]";

/// Part of an f-string.
enum Part<'a> {
    Literal(&'a str),
    Elements(&'a ast::InterpolatedStringElements),
}

/// Built-in functions and names the rules ask for.
const BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "compile",
    "open",
    "input",
    "__import__",
    "getattr",
    "setattr",
    "str",
    "bytes",
    "bytearray",
    "repr",
    "list",
    "tuple",
    "set",
    "dict",
    "sorted",
    "reversed",
    "next",
    "iter",
    "zip",
    "enumerate",
    "filter",
    "map",
    "max",
    "min",
    "int",
    "float",
    "len",
    "any",
    "all",
    "hasattr",
    "callable",
    "issubclass",
    "staticmethod",
    "bool",
    "isinstance",
    "sum",
    "hash",
    "id",
    "print",
    "format",
    "get_ipython",
    "range",
    "type",
    "super",
    "vars",
    "globals",
    "locals",
];
