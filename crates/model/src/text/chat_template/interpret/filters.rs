//! What filters and string methods make of a value, as Jinja evaluates them.

use super::names::{compare, format_reaches_internals, is_internal, member};
use super::strings::{self, Side};
use super::{Interpreter, MOST_SWAPS, Swap};
use crate::text::chat_template::value::{Value, brace, percent, percent_named};

/// The arguments of a filter or method, by position or name.
#[derive(Clone, Copy)]
struct Arguments<'v> {
    placed: &'v [Value],
    named: &'v [(String, Value)],
}

impl<'v> Arguments<'v> {
    fn get(self, position: usize, name: &str) -> Option<&'v Value> {
        let named = || self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        self.placed.get(position).or_else(named)
    }

    fn text(self, position: usize, name: &str) -> Option<&'v str> {
        self.get(position, name)?.only_text()
    }

    fn integer(self, position: usize, name: &str, otherwise: i64) -> i64 {
        self.get(position, name).and_then(|value| value.integer).unwrap_or(otherwise)
    }

    /// Constants are not told apart: a switch that is given is taken to be on, unless by the number 0.
    fn switch(self, position: usize, name: &str) -> bool {
        self.get(position, name).is_some_and(|value| value.integer != Some(0))
    }
}

impl Interpreter<'_> {
    /// A method called on `base`; `result` already carries the sources of all parts.
    pub(super) fn method(
        &mut self,
        base: &Value,
        method: &str,
        arguments: &[Value],
        named: &[(String, Value)],
        mut result: Value,
    ) -> Value {
        let given = Arguments { placed: arguments, named };
        let first = arguments.first();
        match method {
            "startswith" | "endswith" | "find" | "rfind" | "index" | "rindex" | "count" | "__contains__" => {
                if let Some(first) = first {
                    let compared = compare(base, first);
                    result.triggers = compared.triggers;
                }
                result
            }
            "format" => {
                if let Some(template) = base.only_text() {
                    if format_reaches_internals(template) {
                        result.reach = result.reach.max(super::Reach::Internals);
                        template.clone_into(&mut result.path);
                    }
                    result.texts.extend(brace(template, arguments, named));
                }
                result
            }
            "strftime" | "today" | "now" => {
                result.from_date = true;
                result
            }
            // `sep.join(list)` joins its argument.
            "join" => match first {
                Some(list) => self.filter(list, "join", std::slice::from_ref(base), &[]),
                None => result,
            },
            "title" => base.map(strings::python_title),
            "casefold" => base.map(str::to_lowercase),
            "center" | "ljust" | "rjust" | "zfill" => {
                let fill = if method == "zfill" { '0' } else { ' ' };
                let fill = given.text(1, "fillchar").and_then(|text| text.chars().next()).unwrap_or(fill);
                let side = match method {
                    "center" => Side::Both,
                    "ljust" => Side::Right,
                    _ => Side::Left,
                };
                let width = given.integer(0, "width", 0);
                base.map(|text| strings::pad(text, width, fill, side))
            }
            "removeprefix" | "removesuffix" => {
                let part = given.text(0, "prefix").unwrap_or_default();
                base.map(|text| {
                    let kept = if method == "removeprefix" {
                        text.strip_prefix(part)
                    } else {
                        text.strip_suffix(part)
                    };
                    kept.unwrap_or(text).to_owned()
                })
            }
            "partition" | "rpartition" => match (base.only_text(), first.and_then(Value::only_text)) {
                (Some(text), Some(by)) if !by.is_empty() => {
                    let parts =
                        if method == "partition" { text.split_once(by) } else { text.rsplit_once(by) };
                    let (before, by, after) = match parts {
                        Some((before, after)) => (before, by, after),
                        None if method == "partition" => (text, "", ""),
                        None => ("", "", text),
                    };
                    Value::list([before, by, after].map(Value::text).to_vec())
                }
                _ => result,
            },
            "replace" | "lower" | "upper" | "strip" | "lstrip" | "rstrip" | "capitalize" | "swapcase"
            | "split" | "rsplit" | "splitlines" | "encode" | "decode" | "expandtabs" => {
                self.filter(base, method, arguments, named)
            }
            "keys" | "values" | "items" if !base.entries.is_empty() => {
                let row = |(key, value): &(String, Value)| match method {
                    "keys" => Value::text(key.as_str()),
                    "values" => value.clone(),
                    _ => Value::list(vec![Value::text(key.as_str()), value.clone()]),
                };
                Value::list(base.entries.iter().map(row).collect())
            }
            "get" => match first {
                Some(name) => self.item(base, name),
                None => result,
            },
            _ => result,
        }
    }

    pub(super) fn filter(
        &mut self,
        base: &Value,
        name: &str,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Value {
        let first = arguments.first().cloned().unwrap_or_default();
        let mut depends = base.sources();
        for argument in arguments.iter().chain(named.iter().map(|(_, value)| value)) {
            depends.depend_on(argument);
        }
        let given = Arguments { placed: arguments, named };
        if name == "replace"
            && base.from_content
            && base.texts.is_empty()
            && self.notes.swaps.len() < MOST_SWAPS
            && let (Some(from), Some(to)) = (given.text(0, "old"), given.text(1, "new"))
        {
            self.notes.swaps.push(Swap { offset: self.at, from: from.to_owned(), to: to.to_owned() });
        }
        if let Some(value) = of_text(base, name, given) {
            return value;
        }
        if let Some(value) = of_list(base, name, given) {
            return value;
        }
        match name {
            "attr" => self.attribute_by(base, &first),
            "map" if first.only_text() == Some("attr") => {
                let applied = arguments.get(1).cloned().unwrap_or_default();
                self.attribute_by(base, &applied)
            }
            // A map of maps would only look further into lists of lists.
            "map"
                if first.only_text().is_some_and(|applied| applied != "map")
                    && (base.items.is_some() || base.elements().is_some()) =>
            {
                let letters = || base.elements().into_iter().flatten().map(Value::text).collect();
                let items: Vec<Value> = base.items.clone().unwrap_or_else(letters);
                let (applied, rest) = (first.only_text().unwrap_or_default(), arguments.get(1..));
                let mapped = items
                    .iter()
                    .take(MOST_MAPPED)
                    .map(|item| self.filter(item, applied, rest.unwrap_or_default(), named));
                Value::list(mapped.collect())
            }
            "map" | "selectattr" | "rejectattr" | "groupby" | "sort" | "unique" | "sum" | "min" | "max" => {
                let attribute = named.iter().find(|(name, _)| name == "attribute").map(|(_, value)| value);
                let attribute = match (name, attribute) {
                    (_, Some(value)) => Some(value),
                    ("selectattr" | "rejectattr" | "groupby", None) => Some(&first),
                    _ => None,
                };
                let mut value = depends;
                for part in attribute.and_then(Value::only_text).unwrap_or_default().split('.') {
                    if is_internal(part) || name == "map" && !part.is_empty() {
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
                let separator = first.only_text().unwrap_or_default();
                depends.texts.extend(base.elements().map(|parts| parts.join(separator)));
                depends
            }
            "format" => {
                let all = if first.items.is_some() && arguments.len() == 1 {
                    first.items.clone().unwrap_or_default()
                } else {
                    arguments.to_vec()
                };
                let shown = base.only_text().and_then(|template| {
                    if named.is_empty() { percent(template, &all) } else { percent_named(template, named) }
                });
                depends.texts.extend(shown);
                depends
            }
            "first" | "last" => {
                let position = if name == "first" { 0 } else { -1 };
                self.item(base, &Value::integer(position))
            }
            "default" | "d" => base.clone().or(&first),
            "safe" | "encode" | "decode" | "expandtabs" | "urlize" => base.clone(),
            // How long it is, is structure; only that of a text or list that the template spells out is followed.
            "length" | "count" => {
                let length = base.elements().filter(|_| !base.from_content).map(|parts| parts.len());
                let known = length.and_then(|length| i64::try_from(length).ok()).map(Value::integer);
                Value { reach: base.reach, path: base.path.clone(), ..known.unwrap_or_default() }
            }
            "wordcount" => Value { reach: base.reach, path: base.path.clone(), ..Value::default() },
            "strftime" | "date" | "datetime" => Value { from_date: true, ..depends },
            _ => depends,
        }
    }
}

/// Most items that a filter is mapped over.
const MOST_MAPPED: usize = 128;

/// Filters that make a text of a text.
fn of_text(base: &Value, name: &str, given: Arguments<'_>) -> Option<Value> {
    Some(match name {
        "lower" => base.map(str::to_lowercase),
        "upper" => base.map(str::to_uppercase),
        "swapcase" => base.map(strings::swapcase),
        "capitalize" => base.map(strings::capitalize),
        "title" => base.map(strings::title),
        "center" => {
            let width = given.integer(0, "width", 80);
            base.map(|text| strings::pad(text, width, ' ', Side::Both))
        }
        "replace" => {
            let (from, to) = (given.get(0, "old")?, given.get(1, "new")?);
            let count = given.integer(2, "count", -1);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            // Replacements past the longest text kept change nothing of it.
            let most = |to: &str| count.min(strings::copies(to));
            let mut value = base.sources();
            value.depend_on(from);
            value.depend_on(to);
            for from in from.texts.iter().take(4) {
                for to in to.texts.iter().take(4) {
                    value = value.or(&base.map(|text| text.replacen(from.as_str(), to, most(to))));
                }
            }
            value
        }
        "strip" | "lstrip" | "rstrip" | "trim" => {
            let cutset: Option<Vec<char>> = given.text(0, "chars").map(|text| text.chars().collect());
            let is_cut = |c: char| cutset.as_ref().map_or(c.is_whitespace(), |cutset| cutset.contains(&c));
            base.map(|text| {
                let text = if name == "rstrip" { text } else { text.trim_start_matches(is_cut) };
                if name == "lstrip" { text } else { text.trim_end_matches(is_cut) }.to_owned()
            })
        }
        "truncate" => {
            let (length, leeway) = (given.integer(0, "length", 255), given.integer(3, "leeway", 5));
            let (kills, end) = (given.switch(1, "killwords"), given.text(2, "end").unwrap_or("..."));
            base.map(|text| strings::truncate(text, length, kills, end, leeway))
        }
        "wordwrap" => {
            let (width, joint) = (given.integer(0, "width", 79), given.text(2, "wrapstring").unwrap_or("\n"));
            base.map(|text| strings::wordwrap(text, width, true, joint))
        }
        "indent" => {
            let by = match given.get(0, "width") {
                Some(Value { integer: None, texts, .. }) => texts.first().cloned().unwrap_or_default(),
                _ => " ".repeat(usize::try_from(given.integer(0, "width", 4)).unwrap_or(0).min(512)),
            };
            let (first, blank) = (given.switch(1, "first"), given.switch(2, "blank"));
            base.map(|text| strings::indent(text, &by, first, blank))
        }
        "escape" | "e" | "forceescape" => base.map(strings::escape),
        "striptags" => base.map(strings::strip_tags),
        "urlencode" => base.map(strings::url_encode),
        "tojson" if !base.texts.is_empty() && base.integer.is_none() => {
            base.map(|text| serde_json::Value::from(text).to_string())
        }
        "string" | "pprint" => match &base.items {
            Some(_) => {
                let mut value = base.sources();
                let shown = base.elements().map(|parts| {
                    let quoted: Vec<String> = parts.iter().map(|part| format!("'{part}'")).collect();
                    format!("[{}]", quoted.join(", "))
                });
                value.texts.extend(shown);
                value
            }
            None if name == "string" => base.map(str::to_owned),
            None => return None,
        },
        "int" => match base.only_text().map(|text| text.trim().parse()) {
            Some(Ok(number)) => {
                Value { reach: base.reach, path: base.path.clone(), ..Value::integer(number) }
            }
            _ => base.sources(),
        },
        _ => return None,
    })
}

/// Filters that make a list, when what they are given is known.
fn of_list(base: &Value, name: &str, given: Arguments<'_>) -> Option<Value> {
    // Longer ones are kept as they are, since a list holds few items.
    let parts = || {
        let items = match &base.items {
            Some(items) => items.clone(),
            None => base.elements()?.into_iter().map(Value::text).collect(),
        };
        (items.len() <= MOST_MAPPED).then_some(items)
    };
    let list = |items: Vec<Value>| {
        let mut value = Value::list(items);
        value.depend_on(base);
        value
    };
    Some(match name {
        "reverse" => match &base.items {
            Some(items) => list(items.iter().rev().cloned().collect()),
            None => base.map(|text| text.chars().rev().collect()),
        },
        "list" => parts().map_or_else(|| base.clone(), list),
        "split" | "rsplit" => {
            let text = base.only_text()?;
            let most =
                usize::try_from(given.integer(1, "maxsplit", -1)).unwrap_or(64).min(64).saturating_add(1);
            let found: Vec<&str> = match given.get(0, "sep") {
                None => text.split_whitespace().take(64).collect(),
                Some(by) => match (by.only_text(), name) {
                    (None | Some(""), _) => return None,
                    (Some(by), "split") => text.splitn(most, by).collect(),
                    (Some(by), _) => {
                        let mut found: Vec<&str> = text.rsplitn(most, by).collect();
                        found.reverse();
                        found
                    }
                },
            };
            list(found.into_iter().map(Value::text).collect())
        }
        "splitlines" => list(base.only_text()?.lines().take(64).map(Value::text).collect()),
        "batch" => {
            let size = usize::try_from(given.integer(0, "linecount", 0)).ok().filter(|size| *size > 0)?;
            let mut rows: Vec<Vec<Value>> = parts()?.chunks(size).map(<[Value]>::to_vec).collect();
            if let (Some(fill), Some(last)) = (given.get(1, "fill_with"), rows.last_mut()) {
                last.resize(size.min(MOST_MAPPED).max(last.len()), fill.clone());
            }
            list(rows.into_iter().map(Value::list).collect())
        }
        "slice" => {
            let count = usize::try_from(given.integer(0, "slices", 0)).ok()?;
            let items = parts()?;
            let (each, longer) = (items.len().checked_div(count)?, items.len().checked_rem(count)?);
            let mut rest = items.into_iter();
            let rows = (0..count.min(MOST_MAPPED)).map(|row| {
                let size = each.saturating_add(usize::from(row < longer));
                let mut taken: Vec<Value> = rest.by_ref().take(size).collect();
                if row >= longer {
                    taken.extend(given.get(1, "fill_with").cloned());
                }
                Value::list(taken)
            });
            list(rows.collect())
        }
        "sort" | "unique" | "min" | "max" if given.get(usize::MAX, "attribute").is_none() => {
            let folded = |value: &Value| value.only_text().map(str::to_lowercase);
            let mut items = parts()?;
            if items.iter().any(|item| item.only_text().is_none()) {
                return None;
            }
            match name {
                "unique" => {
                    let mut seen = Vec::new();
                    items.retain(|item| {
                        let fresh = !seen.contains(&folded(item));
                        seen.push(folded(item));
                        fresh
                    });
                    list(items)
                }
                "min" => items.into_iter().min_by_key(folded)?,
                "max" => items.into_iter().rev().max_by_key(folded)?,
                _ if items.iter().all(|item| item.integer.is_some()) => {
                    items.sort_by_key(|item| item.integer);
                    if given.switch(0, "reverse") {
                        items.reverse();
                    }
                    list(items)
                }
                _ => {
                    items.sort_by_key(folded);
                    if given.switch(0, "reverse") {
                        items.reverse();
                    }
                    list(items)
                }
            }
        }
        "select" | "reject" => {
            let (test, other) = (given.text(0, "")?, given.get(1, "")?);
            if base.from_content {
                return None;
            }
            let among: Vec<&str> = match (test, &other.items) {
                ("eq" | "equalto" | "==" | "sameas" | "ne" | "!=", None) => vec![other.only_text()?],
                ("in", Some(items)) => items.iter().filter_map(Value::only_text).collect(),
                _ => return None,
            };
            let wanted = (name == "select") != matches!(test, "ne" | "!=");
            let mut items = parts()?;
            items.retain(|item| item.only_text().is_none_or(|text| among.contains(&text) == wanted));
            list(items)
        }
        _ => return None,
    })
}
