//! What is known of a template expression without running it: its possible texts, where it comes from, what it reaches.

/// Most alternatives kept for one value.
const MOST_TEXTS: usize = 16;
/// Longest text folded, in bytes.
const MOST_BYTES: usize = 4096;
/// Most list items folded.
const MOST_ITEMS: usize = 128;

/// The abstract value of one expression.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// Every text it may be; empty when unknown.
    pub(super) texts: Vec<String>,
    /// What is known of it where the whole text is not: its literal pieces, in order, bounded.
    pub(super) pieces: String,
    pub(super) integer: Option<i64>,
    pub(super) items: Option<Vec<Value>>,
    /// The entries of a dictionary whose keys are known; bounded as [`Self::items`] are.
    pub(super) entries: Vec<(String, Value)>,
    /// Derived from what the conversation says, not from its structure.
    pub(super) from_content: bool,
    /// Derived from the date.
    pub(super) from_date: bool,
    /// Words of the conversation it depends on.
    pub(super) triggers: Vec<String>,
    pub(super) reach: Reach,
    /// How it is spelt once folded, bounded.
    pub(super) path: String,
}

/// How far into the interpreter a value leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Reach {
    /// Plain data.
    #[default]
    Data,
    /// An object that template engines and web frameworks hand out and that leads on.
    Entry,
    /// Interpreter internals such as `__class__`.
    Internals,
    /// Something that runs code, or holds what does.
    Code,
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        text.truncate(text.floor_char_boundary(MOST_BYTES));
        Self { texts: vec![text], ..Self::default() }
    }

    pub(super) fn integer(value: i64) -> Self {
        Self { integer: Some(value), texts: vec![value.to_string()], ..Self::default() }
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        let mut value = Self::default();
        for item in &items {
            value.depend_on(item);
        }
        let weight: usize = items.iter().map(Self::weight).sum();
        value.items = (weight <= MOST_ITEMS).then_some(items);
        value
    }

    /// A dictionary: its keys, and what they lead to.
    pub(super) fn dictionary(entries: Vec<(String, Self)>) -> Self {
        let mut value = Self::list(entries.iter().map(|(key, _)| Self::text(key.as_str())).collect());
        for (_, entry) in &entries {
            value.depend_on(entry);
        }
        let weight = entries.iter().map(|(_, entry)| entry.weight()).fold(0, usize::saturating_add);
        if weight <= MOST_ITEMS {
            value.entries = entries;
        }
        value
    }

    /// What stands at `position` of its items, which are lists themselves, taken together.
    pub(super) fn part(&self, position: usize) -> Option<Self> {
        let rows = self.items.as_ref()?.iter().map(|row| row.items.as_ref()?.get(position));
        rows.collect::<Option<Vec<_>>>()?.into_iter().fold(None, |all: Option<Self>, one| {
            Some(match all {
                Some(all) => all.or(one),
                None => one.clone(),
            })
        })
    }

    /// The entry called `key`.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        self.entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// How much text it holds, in bytes, itself and in its items.
    pub(super) fn size(&self) -> usize {
        let texts = self.texts.iter().chain(&self.triggers).map(String::len).sum::<usize>();
        let values = self.items.iter().flatten().chain(self.entries.iter().map(|(_, value)| value));
        let inner = values.map(Self::size).sum::<usize>();
        let own = self.path.len().saturating_add(self.pieces.len());
        texts.saturating_add(own).saturating_add(inner).saturating_add(1)
    }

    /// Keeps where it comes from and what it reaches, and drops what it may be.
    pub(super) fn forget(&mut self) {
        *self = Self { triggers: Vec::new(), ..self.sources() };
    }

    fn weight(&self) -> usize {
        let values = self.items.iter().flatten().chain(self.entries.iter().map(|(_, value)| value));
        values.map(Self::weight).fold(1, usize::saturating_add)
    }

    /// Takes over where `other` comes from and what it reaches.
    pub(super) fn depend_on(&mut self, other: &Self) {
        self.from_content |= other.from_content;
        self.from_date |= other.from_date;
        for trigger in &other.triggers {
            if self.triggers.len() < MOST_TEXTS && !self.triggers.contains(trigger) {
                self.triggers.push(trigger.clone());
            }
        }
        if other.reach > self.reach {
            self.reach = other.reach;
            self.path.clone_from(&other.path);
        }
    }

    /// This value or `other`, whichever a branch picks.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.depend_on(other);
        for text in &other.texts {
            if self.texts.len() < MOST_TEXTS && !self.texts.contains(text) {
                self.texts.push(text.clone());
            }
        }
        if !other.pieces.is_empty() && self.pieces != other.pieces {
            self.pieces = cut([&self.pieces, "\n", &other.pieces].concat());
        }
        if self.items.is_none() {
            self.items.clone_from(&other.items);
        }
        if self.integer != other.integer {
            self.integer = None;
        }
        self
    }

    /// The texts of `self` transformed.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let mut value = Self { texts: Vec::new(), ..self.sources() };
        value.texts = self.texts.iter().map(|text| cut(change(text))).collect();
        if value.texts.is_empty() && !self.pieces.is_empty() {
            value.pieces = cut(change(&self.pieces));
        }
        value
    }

    /// The text it is, or the literal pieces of it; its alternatives on lines of their own.
    pub(super) fn said(&self) -> String {
        if self.pieces.is_empty() {
            self.texts.join("\n")
        } else {
            self.texts.iter().chain([&self.pieces]).map(String::as_str).collect::<Vec<_>>().join("\n")
        }
    }

    /// Where it comes from and what it reaches, without what it is.
    pub(super) fn sources(&self) -> Self {
        let mut value = Self::default();
        value.depend_on(self);
        value
    }

    /// Every combination of a text of `self` with a text of `other`.
    pub(super) fn combine(&self, other: &Self, join: impl Fn(&str, &str) -> String) -> Self {
        let mut value = self.sources();
        value.depend_on(other);
        for left in &self.texts {
            for right in &other.texts {
                if value.texts.len() < MOST_TEXTS {
                    value.texts.push(cut(join(left, right)));
                }
            }
        }
        if value.texts.is_empty() {
            value.pieces = cut(join(&self.said(), &other.said()));
        }
        value
    }

    /// The one text it is.
    pub(super) fn only_text(&self) -> Option<&str> {
        match self.texts.as_slice() {
            [text] => Some(text),
            _ => None,
        }
    }

    /// Its elements as texts: list items, or the characters of a text.
    pub(super) fn elements(&self) -> Option<Vec<String>> {
        if let Some(items) = &self.items {
            return items.iter().map(|item| item.only_text().map(str::to_owned)).collect();
        }
        Some(self.only_text()?.chars().take(MOST_BYTES).map(String::from).collect())
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MOST_BYTES));
    text
}

/// `text[start:stop:step]` over characters, as Python slices.
pub(super) fn slice<T: Clone>(elements: &[T], start: Option<i64>, end: Option<i64>, step: i64) -> Vec<T> {
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let clamp = |bound: i64, low: i64, high: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(low, high)
    };
    let pick = |at: i64| usize::try_from(at).ok().and_then(|at| elements.get(at)).cloned();
    let mut taken = Vec::new();
    if step > 0 {
        let mut at = clamp(start.unwrap_or(0), 0, length);
        let end = clamp(end.unwrap_or(length), 0, length);
        while at < end {
            taken.extend(pick(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at =
            start.map_or(length.saturating_sub(1), |start| clamp(start, -1, length.saturating_sub(1)));
        let end = end.map_or(-1, |end| clamp(end, -1, length));
        while at > end {
            taken.extend(pick(at));
            at = at.saturating_add(step);
        }
    }
    taken
}

/// `%`-formatting of `template` with `values`: `%s`, `%c`, `%d`, `%x` and `%%`, with width and precision.
pub(super) fn percent(template: &str, values: &[Value]) -> Option<String> {
    let mut values = values.iter();
    percent_with(template, |name| if name.is_none() { values.next() } else { None })
}

/// `%`-formatting of `template` by `%(name)s`.
pub(super) fn percent_named(template: &str, named: &[(String, Value)]) -> Option<String> {
    percent_with(template, |name| {
        named.iter().find(|(known, _)| Some(known.as_str()) == name).map(|(_, value)| value)
    })
}

fn percent_with<'v>(
    template: &str,
    mut value: impl FnMut(Option<&str>) -> Option<&'v Value>,
) -> Option<String> {
    let mut shown = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        shown.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            shown.push('%');
            rest = after;
            continue;
        }
        let (name, after) = match after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            Some((name, after)) => (Some(name), after),
            None => (None, after),
        };
        let end = after.find(|c: char| c.is_ascii_alphabetic())?;
        let (flags, kind) = after.split_at(end);
        let (conversion, after) = kind.split_at(1);
        rest = after;
        let (flags, precision) = match flags.split_once('.') {
            Some((flags, precision)) => (flags, Some(precision.parse::<usize>().unwrap_or(0))),
            None => (flags, None),
        };
        let width = flags.trim_start_matches(['-', '+', ' ', '#', '0']);
        let flags = flags.strip_suffix(width)?;
        let fill = if flags.contains('0') && conversion != "s" { '0' } else { ' ' };
        let align = if flags.contains('-') { '<' } else { '>' };
        shown.push_str(&laid_out(&convert(value(name)?, conversion, precision)?, fill, align, width)?);
    }
    shown.push_str(rest);
    Some(shown)
}

/// `value` converted by the letter of a `%` or `format` field.
fn convert(value: &Value, conversion: &str, precision: Option<usize>) -> Option<String> {
    let text = match conversion {
        "c" => match value.integer.and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32) {
            Some(character) => character.to_string(),
            None => value.only_text()?.to_owned(),
        },
        "x" => return value.integer.map(|number| format!("{number:x}")),
        "X" => return value.integer.map(|number| format!("{number:X}")),
        "o" => return value.integer.map(|number| format!("{number:o}")),
        "" | "s" | "d" | "r" | "a" | "i" => value.only_text()?.to_owned(),
        _ => return None,
    };
    Some(match precision {
        Some(precision) if value.integer.is_none() => text.chars().take(precision).collect(),
        _ => text,
    })
}

/// `text` padded to `width`, which may be empty.
fn laid_out(text: &str, fill: char, align: char, width: &str) -> Option<String> {
    let width: usize = if width.is_empty() { 0 } else { width.parse().ok()? };
    let missing = width.min(MOST_BYTES).saturating_sub(text.chars().count());
    let left = match align {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    let padding = |count: usize| std::iter::repeat_n(fill, count);
    Some(padding(left).chain(text.chars()).chain(padding(missing.saturating_sub(left))).collect())
}

/// `str.format` of `template`: `{}`, `{0}`, `{name}`, `{0[1]}`, conversions, fill, alignment, width and precision;
/// attributes of what is formatted are unknown.
pub(super) fn brace(template: &str, values: &[Value], named: &[(String, Value)]) -> Option<String> {
    let mut shown = String::new();
    let mut next = 0usize;
    let mut rest = template;
    while let Some(open) = rest.find(['{', '}']) {
        shown.push_str(rest.get(..open)?);
        let after = rest.get(open.saturating_add(1)..)?;
        let mark = rest.as_bytes().get(open)?;
        if after.as_bytes().first() == Some(mark) {
            shown.push(char::from(*mark));
            rest = after.get(1..)?;
            continue;
        }
        let close = after.find('}')?;
        let field = after.get(..close)?;
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let name = name.split_once('!').map_or(name, |(name, _)| name);
        let (name, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse::<usize>().ok()?)),
            None => (name, None),
        };
        let value = if name.is_empty() {
            next = next.saturating_add(1);
            values.get(next.saturating_sub(1))?
        } else if let Ok(position) = name.parse::<usize>() {
            values.get(position)?
        } else {
            &named.iter().find(|(known, _)| known == name)?.1
        };
        let picked;
        let value = match index {
            Some(index) => {
                picked = match &value.items {
                    Some(items) => items.get(index)?.clone(),
                    None => Value::text(value.elements()?.get(index)?.as_str()),
                };
                &picked
            }
            None => value,
        };
        shown.push_str(&by_specification(value, spec)?);
        rest = after.get(close.saturating_add(1)..)?;
    }
    shown.push_str(rest);
    Some(shown)
}

/// `value` by a format specification: `[[fill]align][0][width][.precision][type]`.
fn by_specification(value: &Value, spec: &str) -> Option<String> {
    let mut letters = spec.chars();
    let (first, second) = (letters.next(), letters.next());
    let is_align = |letter: Option<char>| letter.filter(|letter| matches!(letter, '<' | '>' | '^' | '='));
    let (fill, align, spec) = match (is_align(second), is_align(first)) {
        (Some(align), _) => (first?, Some(align), spec.get(first?.len_utf8().saturating_add(1)..)?),
        (None, Some(align)) => (' ', Some(align), spec.get(1..)?),
        (None, None) => (' ', None, spec),
    };
    let kind = spec.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let sizes = spec.strip_suffix(kind)?;
    let (width, precision) = match sizes.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().ok()?)),
        None => (sizes, None),
    };
    let fill = if width.starts_with('0') && align.is_none() { '0' } else { fill };
    let align = align.unwrap_or(if value.integer.is_some() { '>' } else { '<' });
    laid_out(&convert(value, kind, precision)?, fill, align, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_python() {
        let letters: Vec<char> = "abcdef".chars().collect();
        assert_eq!(slice(&letters, None, None, -1), ['f', 'e', 'd', 'c', 'b', 'a']);
        assert_eq!(slice(&letters, Some(1), Some(-1), 2), ['b', 'd']);
    }

    #[test]
    fn formats_follow_python() {
        let underscore = [Value::integer(95), Value::text("x")];
        assert_eq!(percent("%c%s%%", &underscore).unwrap(), "_x%");
        assert_eq!(brace("{0:c}{1}{{}}", &underscore, &[]).unwrap(), "_x{}");
        assert_eq!(
            percent(
                "%-3s|%3c|%.1s|%02x",
                &[Value::text("ab"), Value::integer(95), Value::text("cd"), Value::integer(5)]
            )
            .unwrap(),
            "ab |  _|c|05"
        );
        assert_eq!(percent_named("%(a)s%(a)s", &[("a".to_owned(), Value::text("_"))]).unwrap(), "__");
        assert_eq!(
            brace("{:>3}{:*^4}{!s}{0[1]}", &[Value::text("ab"), Value::text("cd"), Value::text("e")], &[])
                .unwrap(),
            " ab*cd*eb"
        );
        assert_eq!(brace("{0.upper}", &underscore, &[]), None);
    }
}
