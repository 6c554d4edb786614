//! Fixes of an argument that a parameter hands on: [`at_the_default`].
//!
//! `load(path, weights_only=safe)` mended to `weights_only=True` leaves `safe`, a parameter of the function around it, without a use. Where
//! the parameter has a default that says the opposite, that is what is mended: who calls the function with another value says so there.

use crate::{Edit, Fix};
use std::ops::Range;

/// `fix`, or the one of the parameter's default where all that it changes is `key=name`, `name` a parameter with the opposite default.
/// `cells` are the texts of the module, each with the place where it begins.
pub(super) fn at_the_default(cells: &[(&str, usize)], fix: Fix) -> Fix {
    let [edit] = fix.edits.as_slice() else { return fix };
    match default_edit(cells, edit) {
        Some(edit) => Fix { edits: vec![edit], ..fix },
        None => fix,
    }
}

fn default_edit(cells: &[(&str, usize)], edit: &Edit) -> Option<Edit> {
    let (text, base) = cells
        .iter()
        .find(|(text, base)| (*base..base.saturating_add(text.len())).contains(&edit.span.start))?;
    let start = edit.span.start.checked_sub(*base)?;
    let seen = text.get(start..edit.span.end.checked_sub(*base)?)?;
    let (key, name) = seen.split_once('=')?;
    let (new_key, value) = edit.replacement.split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if key.trim() != new_key.trim() || !plain || !matches!(value, "True" | "False") {
        return None;
    }
    let place = default_of(text.get(..start)?, name)?;
    let opposite = if value == "True" { "False" } else { "True" };
    (text.get(place.clone())? == opposite).then(|| Edit {
        span: base.saturating_add(place.start)..base.saturating_add(place.end),
        replacement: value.to_owned(),
    })
}

/// Where the default of the parameter `name` stands in the signature of the function that begins last in `before`; none when that has no
/// such parameter.
fn default_of(before: &str, name: &str) -> Option<Range<usize>> {
    let line = before.rmatch_indices("def ").find(|(at, _)| {
        let head = before.get(..*at).unwrap_or_default();
        let head = head.strip_suffix("async ").unwrap_or(head);
        head.rsplit('\n').next().is_some_and(|indent| indent.chars().all(|c| matches!(c, ' ' | '\t')))
    })?;
    let open = line.0.saturating_add(before.get(line.0..)?.find('(')?);
    let (mut depth, mut from) = (0usize, open.saturating_add(1));
    for (at, character) in before.get(open..)?.char_indices().take(SIGNATURE) {
        let at = open.saturating_add(at);
        match character {
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' | ',' => {
                if depth == 1 {
                    if let Some(place) = parameter(before, from..at, name) {
                        return Some(place);
                    }
                    from = at.saturating_add(1);
                }
                if character != ',' {
                    depth = depth.saturating_sub(1);
                }
                if depth == 0 {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the default stands, when the parameter at `place` is called `name` and has one.
fn parameter(text: &str, place: Range<usize>, name: &str) -> Option<Range<usize>> {
    let (declared, default) = text.get(place.clone())?.split_once('=')?;
    let called = declared.split(':').next().unwrap_or(declared).trim();
    let begins = place.end.checked_sub(default.trim_start().len())?;
    (called == name).then(|| begins..begins.saturating_add(default.trim().len()))
}

/// Longest signature that is read, in characters.
const SIGNATURE: usize = 4_000;

#[cfg(test)]
mod tests {
    use crate::{Text, apply, examine};
    use bartizan_core::{Limits, MonotonicClock};

    fn mended(code: &str) -> String {
        let look =
            |code: &str| examine(&Text::new("a.py", code), &Limits::default(), &MonotonicClock::start());
        let outcome = look(code);
        let fixes: Vec<_> = outcome.fixes.iter().map(|one| &one.fix).collect();
        let after = apply(code, &fixes).0;
        assert_eq!(look(&after).gaps, [], "{after}");
        after
    }

    #[test]
    fn a_parameter_that_hands_a_weakness_on_is_mended_at_its_default() {
        for (before, after) in [
            (
                "import torch\ndef f(p, safe: bool = False, *, n=(1, 2)):\n    return torch.load(p, weights_only=safe)\nf('a')\n",
                "import torch\ndef f(p, safe: bool = True, *, n=(1, 2)):\n    return torch.load(p, weights_only=safe)\nf('a')\n",
            ),
            (
                "def f(p, trust=True):\n    return M.from_pretrained('./' + p, trust_remote_code=trust)\nf('a')\n",
                "def f(p, trust=False):\n    return M.from_pretrained('./' + p, trust_remote_code=trust)\nf('a')\n",
            ),
            (
                "import torch\nsafe = False\ndef f(p):\n    return torch.load(p, weights_only=safe)\n",
                "import torch\nsafe = False\ndef f(p):\n    return torch.load(p, weights_only=True)\n",
            ),
            (
                "import torch\ndef f(p):\n    return torch.load(p, weights_only=False)\n",
                "import torch\ndef f(p):\n    return torch.load(p, weights_only=True)\n",
            ),
        ] {
            assert_eq!(mended(before), after);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_place_within_it(text in "(def f|\\(|\\)|,|=|a|:|\n| |é|True){0,30}") {
            if let Some(place) = super::default_of(&text, "a") {
                proptest::prop_assert!(text.get(place).is_some());
            }
        }
    }
}
