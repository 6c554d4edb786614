//! What may be one of several things: what a name holds after branches, [`Value::or`], and a switch of which nothing more is known,
//! [`Value::yes_or_no`]. Part of [`Value`].
//!
//! A few alternatives are kept ([`MOST_ALTERNATIVES`]), one of them perhaps unknown, so that a call can be judged with each of them
//! ([`super::cases`]): what is dangerous counts though it is given in one branch only, and what protects counts only when it is given in all.

use super::value::{Known, MOST_CHOICES, MOST_JOINED, Taint, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most things that a value may be one of.
pub(super) const MOST_ALTERNATIVES: usize = 4;
/// Longest lists that are put together item by item.
const MOST_PARALLEL: usize = 16;

/// A dict's entries.
type Entries = [(Option<Arc<str>>, Value)];

impl Value {
    /// What a name holds that may hold this or `other`.
    ///
    /// Cost: linear in both, which are bounded.
    pub(super) fn or(self, other: &Self) -> Self {
        if self.may_be_absent() || other.may_be_absent() {
            return self.given().or(&other.given()).or_absent();
        }
        let taint = self.taint.and(other.taint);
        if self.known == other.known {
            return Self { taint, ..self };
        }
        let known = match (&self.known, &other.known) {
            (Known::Entries(one), Known::Entries(another)) => either_of(one, another),
            // A dict of which nothing is known yet: `**options` of a function.
            (Known::Entries(one), Known::Nothing) => either_of(one, &[(None, Self::from_taint(other.taint))]),
            (Known::Nothing, Known::Entries(another)) => {
                either_of(&[(None, Self::from_taint(self.taint))], another)
            }
            (Known::Entries(one), Known::Null) => either_of(one, &[]),
            (Known::Null, Known::Entries(another)) => either_of(&[], another),
            (Known::Items(one), Known::Items(another))
                if one.len() == another.len() && one.len() <= MOST_PARALLEL =>
            {
                let both = one.iter().zip(another.iter()).map(|(one, another)| one.clone().or(another));
                Known::items(both.collect::<Vec<_>>())
            }
            (Known::Function(one), Known::Function(another)) => Known::Choice([*one, *another].into()),
            (Known::Choice(some), Known::Function(another)) if some.len() < MOST_CHOICES => {
                Known::Choice(some.iter().copied().chain([*another]).collect())
            }
            _ if self.is_single() && other.is_single() => one_of(&self, other),
            _ => Known::Nothing,
        };
        Self { known, taint }
    }

    /// A yes or a no, decided by whom `taint` names.
    pub(super) fn yes_or_no(taint: Taint) -> Self {
        let taint = taint.deciders();
        let both = [true, false].map(|value| Self::from(Known::Bool(value)).tainted(taint));
        Self { known: Known::Either(both.into()), taint }
    }

    /// `not value`.
    pub(super) fn opposite_of(value: &Self) -> Self {
        match value.truth() {
            Some(truth) => Known::Bool(!truth).into(),
            None => Self::yes_or_no(value.taint),
        }
    }

    /// What it may be, when that is several things; empty otherwise.
    pub(super) fn alternatives(&self) -> Vec<Self> {
        match &self.known {
            Known::Either(all) => all.to_vec(),
            Known::Not(value) if value.truth().is_none() => match Self::yes_or_no(Taint::default()).known {
                Known::Either(all) => all.to_vec(),
                _ => Vec::new(),
            },
            Known::Path(path) if is_question(path) => match Self::yes_or_no(self.taint).known {
                Known::Either(all) => all.to_vec(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The same, or nothing given at all.
    pub(super) fn or_absent(self) -> Self {
        let taint = self.taint;
        let mut all: Vec<Self> = vec![Known::Absent.into()];
        match self.known {
            Known::Either(given) if given.len() < MOST_ALTERNATIVES => {
                all.extend(given.iter().filter(|value| value.known != Known::Absent).cloned());
            }
            Known::Either(_) => all.push(Self::from_taint(taint)),
            known => all.push(Self { known, taint }),
        }
        Self { known: Known::Either(all.into()), taint }
    }

    /// The same without what cannot be where it counts as `truth`.
    pub(super) fn where_truth_is(self, truth: bool) -> Self {
        let Known::Either(all) = &self.known else { return self };
        let left: Vec<Self> = all.iter().filter(|one| one.truth() != Some(!truth)).cloned().collect();
        match left.as_slice() {
            [only] => only.clone(),
            _ => Self { known: Known::Either(left.into()), taint: self.taint },
        }
    }

    /// Whether it may be that it was not given.
    pub(super) fn may_be_absent(&self) -> bool {
        matches!(&self.known, Known::Either(all) if all.iter().any(|value| value.known == Known::Absent))
    }

    /// What it is where it was given.
    pub(super) fn given(&self) -> Self {
        let Known::Either(all) = &self.known else { return self.clone() };
        let given: Vec<Self> = all.iter().filter(|value| value.known != Known::Absent).cloned().collect();
        match given.as_slice() {
            [only] => only.clone(),
            _ => Self { known: Known::Either(given.into()), taint: self.taint },
        }
    }

    /// Whether it is a switch: yes, no, or not said.
    pub(super) fn is_switch(&self) -> bool {
        matches!(self.known, Known::Bool(_) | Known::Null | Known::Absent | Known::Not(_))
    }

    /// The same as `who` chose it: switches that were set since `before` are theirs.
    pub(super) fn chosen_by(self, who: Taint, before: Option<&Self>) -> Self {
        if who.is_none() {
            return self;
        }
        let mark = |value: &Self| {
            let switch = matches!(value.known, Known::Bool(_));
            if switch { value.clone().tainted(who) } else { value.clone() }
        };
        match &self.known {
            Known::Bool(_) => self.tainted(who),
            Known::Either(all) => Self { known: Known::Either(all.iter().map(mark).collect()), ..self },
            Known::Entries(entries) => {
                let known = match before.map(|before| &before.known) {
                    Some(Known::Entries(known)) => known.as_ref(),
                    _ => &[],
                };
                let entries = entries.iter().enumerate().map(|(at, (name, value))| {
                    let same = known.get(at).is_some_and(|(known, held)| {
                        known == name && held.is_switch() && held.known == value.known
                    });
                    (name.clone(), if same { value.clone() } else { mark(value) })
                });
                Self { known: Known::Entries(entries.collect()), ..self }
            }
            _ => self,
        }
    }

    /// Whether it is no container and nothing of this module.
    fn is_single(&self) -> bool {
        match &self.known {
            Known::Nothing
            | Known::Null
            | Known::Bool(_)
            | Known::Integer(_)
            | Known::Text(_)
            | Known::Pieces(_)
            | Known::Path(_)
            | Known::Not(_) => true,
            Known::Either(all) => all.iter().all(Self::is_single),
            _ => false,
        }
    }
}

/// One of what two values may be; what is beyond [`MOST_ALTERNATIVES`] is not known.
fn one_of(one: &Value, other: &Value) -> Known {
    let mut all: Vec<Value> = Vec::new();
    for value in [one, other] {
        let parts = match &value.known {
            Known::Either(parts) => parts.as_ref(),
            _ => std::slice::from_ref(value),
        };
        for part in parts {
            match all.iter_mut().find(|known| known.known == part.known) {
                Some(known) => known.taint = known.taint.and(part.taint),
                None => all.push(part.clone()),
            }
        }
    }
    if all.len() > MOST_ALTERNATIVES {
        let rest = all.split_off(MOST_ALTERNATIVES.saturating_sub(1));
        all.retain(|value| value.known != Known::Nothing);
        let taint = rest.iter().map(|value| value.taint).fold(Taint::default(), Taint::and);
        all.push(Value::from_taint(taint));
    }
    match all.as_slice() {
        [only] => only.known.clone(),
        _ => Known::Either(all.into()),
    }
}

/// Whether what lies at `path` is the answer to a question: a yes or no.
fn is_question(path: &str) -> bool {
    const QUESTIONS: &[&str] = &[
        "startswith",
        "endswith",
        "isinstance",
        "issubclass",
        "hasattr",
        "callable",
        "any",
        "all",
        "bool",
        "exists",
        "is_dir",
        "is_file",
        "isdir",
        "isfile",
        "getboolean",
    ];
    path.strip_suffix("()")
        .is_some_and(|asked| QUESTIONS.contains(&asked.rsplit('.').next().unwrap_or(asked)))
}

/// A dict that is one of two: what stands in only one of them may be missing.
///
/// Cost: linear in the entries. Beyond [`MOST_JOINED`] names none is known any longer, so that a long row of branches costs no more with each.
fn either_of(one: &Entries, other: &Entries) -> Known {
    let last = |entries: &Entries| -> BTreeMap<Arc<str>, Value> {
        entries.iter().filter_map(|(name, value)| Some((Arc::clone(name.as_ref()?), value.clone()))).collect()
    };
    let unknown = |entries: &Entries| {
        entries
            .iter()
            .filter(|(name, _)| name.is_none())
            .map(|(_, value)| value.taint)
            .fold(Taint::default(), Taint::and)
    };
    if one.len().max(other.len()) > MOST_JOINED {
        let all = one.iter().chain(other).map(|(_, value)| value.taint).fold(Taint::default(), Taint::and);
        return Known::Entries([(None, Value::from_taint(all))].into());
    }
    let (joined, mut other_named) = (last(one), last(other));
    let mut entries: Vec<(Option<Arc<str>>, Value)> = Vec::new();
    if one.iter().chain(other).any(|(name, _)| name.is_none()) {
        entries.push((None, Value::from_taint(unknown(one).and(unknown(other)))));
    }
    for (name, value) in joined {
        let value = match other_named.remove(&name) {
            Some(held) => value.or(&held),
            None => value.or_absent(),
        };
        entries.push((Some(name), value));
    }
    entries.extend(other_named.into_iter().map(|(name, value)| (Some(name), value.or_absent())));
    Known::entries(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(entries: &[(&str, &str)]) -> Value {
        let entries = entries.iter().map(|(name, text)| (Some(Arc::from(*name)), Value::text(text)));
        Known::Entries(entries.collect()).into()
    }

    #[test]
    fn a_name_that_may_hold_two_things_is_as_tainted_as_both() {
        let a = Value::text("a").tainted(Taint::FILE);
        let joined = a.clone().or(&Value::text("b").tainted(Taint::MODEL));
        assert_eq!(joined.as_text(), None);
        assert_eq!(joined.alternatives().iter().filter_map(Value::as_text).collect::<Vec<_>>(), ["a", "b"]);
        assert!(joined.taint.has(Taint::FILE) && joined.taint.has(Taint::MODEL));
        assert_eq!(a.or(&Value::text("a")).as_text(), Some("a"));
    }

    #[test]
    fn beyond_a_few_alternatives_the_others_are_unknown() {
        let many = (0..9)
            .map(|at| Value::text(&at.to_string()))
            .reduce(|all, next| all.or(&next))
            .unwrap_or_default();
        let all = many.alternatives();
        assert_eq!(all.len(), MOST_ALTERNATIVES);
        assert_eq!(all.last().map(|value| value.known.clone()), Some(Known::Nothing));
        assert_eq!(Value::default().or(&Value::default()), Value::default());
    }

    #[test]
    fn a_dict_that_is_one_of_two_may_hold_what_either_holds() {
        let joined = dict(&[("a", "1"), ("b", "2")]).or(&dict(&[("a", "1")]));
        assert_eq!(joined.entry("a").and_then(Value::as_text), Some("1"));
        assert_eq!(joined.entry("b").and_then(Value::as_text), Some("2"));
        let Known::Entries(entries) = &joined.known else { panic!("{joined:?}") };
        assert!(!entries[0].1.may_be_absent() && entries[1].1.may_be_absent());
        let joined = dict(&[("a", "1")]).or(&dict(&[("a", "2")]));
        assert_eq!(joined.entry("a").map(|value| value.alternatives().len()), Some(2));
        let unknown = dict(&[("a", "1")]).or(&Value::default());
        assert!(!unknown.is_constant(), "more may be in it");
        assert_eq!(unknown.truth(), None);
    }

    #[test]
    fn a_yes_or_no_is_neither_and_carries_nobodys_words() {
        let switch = Value::yes_or_no(Taint::OPERATOR.and(Taint::FILE));
        assert_eq!(switch.truth(), None);
        assert!(switch.all_taint().is_none() && switch.taint == Taint::OPERATOR);
        assert_eq!(Value::opposite_of(&Known::Bool(true).into()).truth(), Some(false));
    }
}
