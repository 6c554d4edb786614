//! Slices, `%` and `format`, as Python defines them. Each result is at most [`MOST_BYTES`] long.

use super::MOST_BYTES;
use std::borrow::Cow;

/// A value that is formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// An integer.
    Integer(i64),
}

impl Argument<'_> {
    fn spelt(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(number) => Cow::Owned(number.to_string()),
        }
    }

    /// As `%c` and `{:c}` show it.
    fn character(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Integer(code) => {
                let character = char::from_u32(u32::try_from(*code).ok()?)?;
                Some(Cow::Owned(character.to_string()))
            }
        }
    }
}

/// `items[from:to:step]`; `None` for a step of zero, which raises.
pub(crate) fn slice<T: Clone>(
    items: &[T],
    from: Option<i64>,
    to: Option<i64>,
    step: Option<i64>,
) -> Option<Vec<T>> {
    let length = i64::try_from(items.len()).ok()?;
    let step = step.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length.saturating_sub(1)) };
    let place = |bound: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(low, high)
    };
    let (first, last) = if step > 0 {
        (from.map_or(0, place), to.map_or(length, place))
    } else {
        (from.map_or(length.saturating_sub(1), place), to.map_or(-1, place))
    };
    let mut index = first;
    let mut taken = Vec::new();
    while if step > 0 { index < last } else { index > last } {
        taken.push(items.get(usize::try_from(index).ok()?)?.clone());
        index = index.saturating_add(step);
    }
    Some(taken)
}

/// `text.replace(old, new)`, if it cannot grow too long.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> Option<String> {
    let growth = text.len().checked_add(1)?.checked_mul(new.len().checked_add(1)?)?;
    (growth <= MOST_BYTES.saturating_mul(4)).then(|| text.replace(old, new))
}

/// `template.format(*positional, **named)` for fields without attribute or index; `None` where a value is not known.
pub(crate) fn formatted(
    template: &str,
    positional: &[Option<Argument<'_>>],
    named: &[(&str, Option<Argument<'_>>)],
) -> Option<String> {
    let mut result = String::new();
    let mut rest = template;
    let mut next = 0usize;
    while let Some(place) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at_checked(place)?;
        result.push_str(before);
        if let Some(tail) = after.strip_prefix("{{").or_else(|| after.strip_prefix("}}")) {
            result.push_str(after.get(..1)?);
            rest = tail;
            continue;
        }
        let (field, tail) = after.strip_prefix('{')?.split_once('}')?;
        let name = field.split([':', '!']).next()?;
        let value = if name.is_empty() {
            next = next.saturating_add(1);
            positional.get(next.saturating_sub(1))?
        } else if let Ok(index) = name.parse::<usize>() {
            positional.get(index)?
        } else {
            &named.iter().find(|(known, _)| *known == name)?.1
        };
        let value = value.as_ref()?;
        result.push_str(&if field.ends_with(":c") { value.character()? } else { value.spelt() });
        rest = tail;
        if result.len() > MOST_BYTES {
            return None;
        }
    }
    result.push_str(rest);
    Some(result)
}

/// `template % values` for `%s`, `%d`, `%i`, `%r`, `%c` and `%%`; `None` where a value is not known.
pub(crate) fn interpolated(template: &str, values: &[Option<Argument<'_>>]) -> Option<String> {
    let mut result = String::new();
    let mut values = values.iter();
    let mut characters = template.chars();
    while let Some(one) = characters.next() {
        if one != '%' {
            result.push(one);
            continue;
        }
        match characters.next()? {
            '%' => result.push('%'),
            's' | 'd' | 'r' | 'i' => result.push_str(&values.next()?.as_ref()?.spelt()),
            'c' => result.push_str(&values.next()?.as_ref()?.character()?),
            _ => return None,
        }
        if result.len() > MOST_BYTES {
            return None;
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[expect(clippy::unnecessary_wraps, reason = "as the functions under test take it")]
    fn text(text: &str) -> Option<Argument<'_>> {
        Some(Argument::Text(text.into()))
    }

    #[test]
    fn slices_follow_pythons_rules() {
        let letters: Vec<char> = "metsys".chars().collect();
        let backwards = slice(&letters, None, None, Some(-1)).unwrap();
        assert_eq!(backwards.into_iter().collect::<String>(), "system");
        assert_eq!(slice(&[1, 2, 3, 4], Some(-3), Some(-1), None).unwrap(), [2, 3]);
        assert_eq!(slice(&[1, 2], None, None, Some(0)), None);
    }

    #[test]
    fn fields_are_filled_by_place_and_by_name() {
        let values = [text("os"), text("system")];
        assert_eq!(formatted("{}.{1}{{}}", &values, &[]).unwrap(), "os.system{}");
        assert_eq!(formatted("{a}{:c}", &[Some(Argument::Integer(115))], &[("a", text("o"))]).unwrap(), "os");
        assert_eq!(formatted("{7}", &values, &[]), None);
        assert_eq!(formatted("{}", &[None], &[]), None);
    }

    #[test]
    fn percent_signs_take_values_in_order() {
        let values = [text("os"), text("system")];
        assert_eq!(interpolated("%s.%s%%", &values).unwrap(), "os.system%");
        assert_eq!(interpolated("%c%c", &[text("o"), Some(Argument::Integer(115))]).unwrap(), "os");
        assert_eq!(interpolated("%s", &[]), None);
    }

    proptest! {
        #[test]
        fn any_template_and_bounds_give_a_result_or_nothing(
            template: String, from: Option<i64>, to: Option<i64>, step: Option<i64>
        ) {
            let values = [text("a"), Some(Argument::Integer(-1)), None];
            let _ = formatted(&template, &values, &[("a", text("b"))]);
            let _ = interpolated(&template, &values);
            if let Some(taken) = slice(&[0; 9], from, to, step) {
                prop_assert!(taken.len() <= 9);
            }
        }
    }
}
