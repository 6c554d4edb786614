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
    pub(super) integer: Option<i64>,
    pub(super) items: Option<Vec<Value>>,
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

    /// How much text it holds, in bytes, itself and in its items.
    pub(super) fn size(&self) -> usize {
        let texts = self.texts.iter().chain(&self.triggers).map(String::len).sum::<usize>();
        let inner = self.items.iter().flatten().map(Self::size).sum::<usize>();
        texts.saturating_add(self.path.len()).saturating_add(inner).saturating_add(1)
    }

    /// Keeps where it comes from and what it reaches, and drops what it may be.
    pub(super) fn forget(&mut self) {
        *self = Self { triggers: Vec::new(), ..self.sources() };
    }

    fn weight(&self) -> usize {
        let inner = self.items.as_ref().map_or(0, |items| items.iter().map(Self::weight).sum());
        inner.saturating_add(1)
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
        value
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

/// `%`-formatting of `template` with `values`: `%s`, `%c`, `%d`, `%x` and `%%`.
pub(super) fn percent(template: &str, values: &[Value]) -> Option<String> {
    let mut shown = String::new();
    let mut values = values.iter();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            shown.push(character);
            continue;
        }
        match characters.next()? {
            '%' => shown.push('%'),
            'c' => {
                let value = values.next()?;
                match value.integer.and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32) {
                    Some(character) => shown.push(character),
                    None => shown.push_str(value.only_text()?),
                }
            }
            's' | 'd' | 'r' | 'i' => shown.push_str(values.next()?.only_text()?),
            'x' => shown.push_str(&format!("{:x}", values.next()?.integer?)),
            _ => return None,
        }
    }
    Some(shown)
}

/// `str.format` of `template`: `{}`, `{0}`, `{name}`, with attribute parts and conversions left out, `{:c}` taken.
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
        let value = if name.is_empty() {
            next = next.saturating_add(1);
            values.get(next.saturating_sub(1))?
        } else if let Ok(index) = name.parse::<usize>() {
            values.get(index)?
        } else {
            &named.iter().find(|(known, _)| known == name)?.1
        };
        match (spec, value.integer.and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32)) {
            ("c", Some(character)) => shown.push(character),
            _ => shown.push_str(value.only_text()?),
        }
        rest = after.get(close.saturating_add(1)..)?;
    }
    shown.push_str(rest);
    Some(shown)
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
    }
}
