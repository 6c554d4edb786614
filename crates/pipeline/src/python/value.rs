//! What is known of a Python value without running anything, and where it comes from: [`Value`].

use std::fmt::Write as _;
use std::sync::Arc;

/// The abstract value of one expression.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Value {
    /// What it is.
    pub(super) known: Known,
    /// Whose word it is.
    pub(super) taint: Taint,
}

/// What a value is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Known {
    /// Not known.
    #[default]
    Nothing,
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text or bytes, whole.
    Text(Arc<str>),
    /// A text of which parts are unknown, each written as [`HOLE`].
    Pieces(Arc<str>),
    /// A list, tuple or set.
    Items(Arc<[Value]>),
    /// A dict; `None` is a key that is not a constant text.
    Entries(Arc<[(Option<Arc<str>>, Value)]>),
    /// Something by its full path: a module, class or function (`os.system`), the result of a call (`openai.OpenAI()`), an
    /// attribute of that (`openai.OpenAI().chat`), an element (`x[]`). A receiver that is not known is `?`.
    Path(Arc<str>),
    /// A function of this module, by number.
    Function(usize),
    /// One of these functions of this module: taken from a table by a name that is not known.
    Choice(Arc<[usize]>),
    /// An object of a class of this module, by number.
    Instance(usize),
    /// A class of this module, by number.
    Class(usize),
    /// `functools.partial(callee, …)`.
    Partial(Arc<Partial>),
    /// One of these: see [`Value::or`](super::alternatives).
    Either(Arc<[Value]>),
    /// Not given: one of what a dict holds under a name that only one branch put into it.
    Absent,
    /// The opposite of a parameter as it was given.
    Not(Arc<Value>),
}

/// A call with some of its arguments given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Partial {
    /// What it calls.
    pub(super) callee: Value,
    /// Arguments by position.
    pub(super) positional: Vec<Value>,
    /// Arguments by name.
    pub(super) named: Vec<(Arc<str>, Value)>,
}

/// Stands in a text for a part that is not known.
pub(super) const HOLE: char = '\u{FFFC}';
/// Most functions among which one is chosen.
pub(super) const MOST_CHOICES: usize = 16;
/// Most values within one, however often each is in it, and how deep they lie.
const MOST_NODES: usize = 8192;
const DEEPEST: usize = 32;
/// Most names of a dict that is one of two.
pub(super) const MOST_JOINED: usize = 256;
/// Longest text kept, in bytes.
const MOST_TEXT: usize = 64 << 10;
/// Longest path kept, in bytes.
const MOST_PATH: usize = 240;

/// Who had a hand in a value: a set of sources, and parameters of the function under examination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Taint {
    sources: u16,
    /// Bit `i`: the value of parameter `i` (the last bit: of one of all others).
    parameters: u32,
}

impl Taint {
    /// Someone on the other side of a network connection: a request, a chat message, an upload.
    pub(super) const REQUEST: Self = Self { sources: 1, parameters: 0 };
    /// Whoever started the program: arguments, standard input.
    pub(super) const OPERATOR: Self = Self { sources: 2, parameters: 0 };
    /// The environment.
    pub(super) const ENVIRONMENT: Self = Self { sources: 4, parameters: 0 };
    /// A language model's answer, or arguments that one chose.
    pub(super) const MODEL: Self = Self { sources: 8, parameters: 0 };
    /// A server's response.
    pub(super) const NETWORK: Self = Self { sources: 16, parameters: 0 };
    /// What a file or data set holds.
    pub(super) const FILE: Self = Self { sources: 32, parameters: 0 };
    /// The code around: made by this very program from what it holds.
    pub(super) const OWN: Self = Self { sources: 64, parameters: 0 };
    /// The name of a member, as an archive gives it.
    pub(super) const MEMBER: Self = Self { sources: 128, parameters: 0 };
    /// Whoever starts a run of what others deployed: beside [`Self::OPERATOR`].
    pub(super) const TRIGGER: Self = Self { sources: 256, parameters: 0 };
    /// What others left in a database, a mailbox, a tracker or a chat, and this program reads there.
    pub(super) const STORED: Self = Self { sources: 512, parameters: 0 };
    /// Drawn by a generator that is made for statistics: whoever sees some of its numbers knows the others.
    pub(super) const DRAWN: Self = Self { sources: 1024, parameters: 0 };
    /// The time of day.
    pub(super) const CLOCK: Self = Self { sources: 2048, parameters: 0 };
    /// Drawn by the system's generator, which nobody can foresee.
    pub(super) const UNFORESEEN: Self = Self { sources: 4096, parameters: 0 };

    /// The value of the parameter numbered `index`.
    pub(super) fn parameter(index: usize) -> Self {
        Self { sources: 0, parameters: 1 << index.min(31) }
    }

    /// Both sets together.
    pub(super) fn and(self, other: Self) -> Self {
        Self { sources: self.sources | other.sources, parameters: self.parameters | other.parameters }
    }

    /// Whether one of the sources of `other` is among these.
    pub(super) fn has(self, other: Self) -> bool {
        self.sources & other.sources != 0
    }

    /// Whether nobody outside had a hand in it.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The parameters alone.
    pub(super) fn parameters(self) -> u32 {
        self.parameters
    }

    /// The parameters alone, as a set.
    pub(super) fn parameters_alone(self) -> Self {
        Self { sources: 0, parameters: self.parameters }
    }

    /// Those among them who decide how the program runs, not what it works on: whoever starts it, and the environment.
    pub(super) fn deciders(self) -> Self {
        Self { sources: self.sources & (Self::OPERATOR.sources | Self::ENVIRONMENT.sources), parameters: 0 }
    }

    /// How it was drawn, alone.
    pub(super) fn chances(self) -> Self {
        let chances = Self::DRAWN.sources | Self::CLOCK.sources | Self::UNFORESEEN.sources;
        Self { sources: self.sources & chances, parameters: 0 }
    }

    /// All but how it was drawn.
    pub(super) fn without_chances(self) -> Self {
        Self { sources: self.sources & !self.chances().sources, parameters: self.parameters }
    }

    /// The sources alone.
    pub(super) fn sources(self) -> Self {
        Self { sources: self.sources, parameters: 0 }
    }

    /// In words, the most telling source first: "the answer of a model".
    pub(super) fn describe(self) -> &'static str {
        const WORDS: &[(Taint, &str)] = &[
            (Taint::MODEL, "the answer of a language model"),
            (Taint::REQUEST, "what a user sent"),
            (Taint::NETWORK, "what a server answered"),
            (Taint::STORED, "what others left in a database, a mailbox or a tracker"),
            (Taint::TRIGGER, "what whoever starts the run gives it"),
            (Taint::OPERATOR, "what whoever runs the program typed"),
            (Taint::ENVIRONMENT, "the environment"),
            (Taint::FILE, "what a file holds"),
            (Taint::MEMBER, "an archive"),
        ];
        WORDS
            .iter()
            .find(|(source, _)| self.has(*source))
            .map_or("a value that is not constant", |(_, words)| words)
    }
}

impl From<Known> for Value {
    fn from(known: Known) -> Self {
        Self { known, taint: Taint::default() }
    }
}

impl Value {
    /// A whole text.
    pub(super) fn text(text: &str) -> Self {
        Known::of_text(text.to_owned()).into()
    }

    /// Something by its path.
    pub(super) fn path(path: &str) -> Self {
        Known::Path(bounded(path).into()).into()
    }

    /// Nothing known but where it comes from.
    pub(super) fn from_taint(taint: Taint) -> Self {
        Self { known: Known::Nothing, taint }
    }

    /// The same, with `taint` added.
    pub(super) fn tainted(mut self, taint: Taint) -> Self {
        self.taint = self.taint.and(taint);
        self
    }

    /// The path, for what has one.
    pub(super) fn as_path(&self) -> Option<&Arc<str>> {
        match &self.known {
            Known::Path(path) => Some(path),
            _ => None,
        }
    }

    /// What it is unless it is `None`, or not given.
    fn if_given(&self) -> &Known {
        let Known::Either(all) = &self.known else { return &self.known };
        let mut given = all.iter().filter(|value| !matches!(value.known, Known::Null | Known::Absent));
        match (given.next(), given.next()) {
            (Some(only), None) => &only.known,
            _ => &self.known,
        }
    }

    /// The text, when it is known whole.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self.if_given() {
            Known::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text with [`HOLE`]s for what is not known.
    pub(super) fn as_pieces(&self) -> Option<&str> {
        match self.if_given() {
            Known::Text(text) | Known::Pieces(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `True`, `1` or another constant that counts as true; `None` when that is not known.
    pub(super) fn truth(&self) -> Option<bool> {
        match &self.known {
            Known::Null => Some(false),
            Known::Bool(value) => Some(*value),
            Known::Integer(value) => Some(*value != 0),
            Known::Text(text) => Some(!text.is_empty()),
            Known::Items(items) => Some(!items.is_empty()),
            Known::Entries(entries) if entries.is_empty() => Some(false),
            Known::Entries(entries) => {
                entries.iter().any(|(name, value)| name.is_some() && !value.may_be_absent()).then_some(true)
            }
            Known::Either(all) => {
                let first = all.first().and_then(Self::truth)?;
                all.iter().all(|value| value.truth() == Some(first)).then_some(first)
            }
            Known::Not(value) => value.truth().map(|truth| !truth),
            _ => None,
        }
    }

    /// Whether it is a constant made of constants, which nobody outside has a say in. What a caller or an argument of the
    /// program may replace is none, though its default is known.
    pub(super) fn is_constant(&self) -> bool {
        if self.taint.parameters() != 0 || self.taint.has(Taint::OPERATOR) {
            return false;
        }
        match &self.known {
            Known::Null | Known::Absent | Known::Bool(_) | Known::Integer(_) | Known::Text(_) => true,
            Known::Either(items) | Known::Items(items) => items.iter().all(Self::is_constant),
            Known::Entries(entries) => {
                entries.iter().all(|(key, value)| key.is_some() && value.is_constant())
            }
            _ => false,
        }
    }

    /// What this part of a larger text is, [`HOLE`] when it is not known.
    pub(super) fn spelt(&self) -> String {
        match &self.known {
            Known::Text(text) | Known::Pieces(text) => text.to_string(),
            Known::Integer(number) => number.to_string(),
            Known::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            Known::Null => "None".to_owned(),
            Known::Items(items) => items.iter().map(Self::spelt).collect::<Vec<_>>().join(" "),
            _ => HOLE.to_string(),
        }
    }

    /// The texts in it: itself, or the items and values of a container, one level deep.
    pub(super) fn texts(&self) -> Vec<&str> {
        match &self.known {
            Known::Text(text) | Known::Pieces(text) => vec![text],
            Known::Items(items) => items.iter().filter_map(Self::as_pieces).collect(),
            Known::Entries(entries) => entries.iter().flat_map(|(_, value)| value.texts()).collect(),
            _ => Vec::new(),
        }
    }

    /// The value stored under `key`.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        let Known::Entries(entries) = &self.known else { return None };
        let found =
            entries.iter().rev().find(|(name, _)| name.as_deref() == Some(key)).map(|(_, value)| value)?;
        let Known::Either(all) = &found.known else { return Some(found) };
        let mut given = all.iter().filter(|value| !matches!(value.known, Known::Absent));
        match (given.next(), given.next()) {
            (Some(only), None) => Some(only),
            _ => Some(found),
        }
    }

    /// The same without what parameters have to do with it.
    pub(super) fn without_parameters(&self) -> Self {
        if self.all_taint().and(self.taint).parameters() == 0 {
            return self.clone();
        }
        let known = match &self.known {
            Known::Either(all) => Known::Either(all.iter().map(Self::without_parameters).collect()),
            Known::Not(value) => Self::opposite_of(value).known,
            Known::Items(items) => Known::Items(items.iter().map(Self::without_parameters).collect()),
            Known::Entries(entries) => Known::Entries(
                entries.iter().map(|(name, value)| (name.clone(), value.without_parameters())).collect(),
            ),
            known => known.clone(),
        };
        Self { known, taint: self.taint.sources() }
    }

    /// The number of the parameter that this is as it was given, `None` when it is made of anything else.
    pub(super) fn as_parameter(&self) -> Option<usize> {
        let bits = self.taint.parameters();
        let plain = matches!(
            self.known,
            Known::Nothing | Known::Null | Known::Bool(_) | Known::Text(_) | Known::Either(_) | Known::Not(_)
        );
        (plain && bits.is_power_of_two() && self.taint.sources().is_none())
            .then(|| bits.trailing_zeros() as usize)
    }

    /// The taint of this and of what it holds.
    pub(super) fn all_taint(&self) -> Taint {
        let inner = match &self.known {
            // A yes or no carries nobody's words.
            Known::Not(_) => return Taint::default(),
            Known::Either(all) if all.iter().all(Self::is_switch) => return Taint::default(),
            Known::Either(all) => {
                let holding =
                    all.iter().filter(|one| matches!(one.known, Known::Items(_) | Known::Entries(_)));
                holding.map(Self::all_taint).fold(Taint::default(), Taint::and)
            }
            Known::Items(items) => items.iter().map(|item| item.taint).fold(Taint::default(), Taint::and),
            Known::Entries(entries) => {
                entries.iter().map(|(_, value)| value.taint).fold(Taint::default(), Taint::and)
            }
            _ => Taint::default(),
        };
        self.taint.and(inner)
    }

    /// The path one step on: `.attribute`, `()` or `[]`.
    pub(super) fn step(&self, step: &str) -> Known {
        match &self.known {
            Known::Path(path) => {
                let mut longer = String::with_capacity(path.len().saturating_add(step.len()));
                // Writing to a String cannot fail.
                let _ = write!(longer, "{path}{step}");
                Known::Path(bounded(&longer).into())
            }
            _ => Known::Path(bounded(&format!("?{step}")).into()),
        }
    }
}

impl Known {
    /// A list, tuple or set; not known when there is too much in it.
    pub(super) fn items(items: impl Into<Arc<[Value]>>) -> Self {
        Self::Items(items.into()).bounded()
    }

    /// A dict; not known when there is too much in it.
    pub(super) fn entries(entries: impl Into<Arc<[(Option<Arc<str>>, Value)]>>) -> Self {
        Self::Entries(entries.into()).bounded()
    }

    /// The same as long as there is not too much in it. A value may be in another many times over (`d = [d, d]`), so that a few lines make one
    /// that nobody could look through.
    ///
    /// Cost: [`MOST_NODES`] steps at most.
    pub(super) fn bounded(self) -> Self {
        if self.fits(&mut MOST_NODES.clone(), 0) { self } else { Self::Nothing }
    }

    fn fits(&self, left: &mut usize, depth: usize) -> bool {
        let Some(rest) = left.checked_sub(1).filter(|_| depth <= DEEPEST) else { return false };
        *left = rest;
        let mut inner = |value: &Value| value.known.fits(left, depth.saturating_add(1));
        match self {
            Self::Items(items) | Self::Either(items) => items.iter().all(inner),
            Self::Not(value) => inner(value),
            Self::Entries(entries) => entries.iter().all(|(_, value)| inner(value)),
            Self::Partial(partial) => {
                inner(&partial.callee)
                    && partial.positional.iter().all(&mut inner)
                    && partial.named.iter().all(|(_, value)| inner(value))
            }
            _ => true,
        }
    }

    /// A text, whole or with holes, as long as it is not too long to keep.
    pub(super) fn of_text(text: String) -> Self {
        if text.len() > MOST_TEXT {
            let cut = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or_default();
            return Self::Pieces(format!("{cut}{HOLE}").into());
        }
        if text.contains(HOLE) { Self::Pieces(text.into()) } else { Self::Text(text.into()) }
    }
}

/// `path`, or its end behind `?` when it is too long to keep.
fn bounded(path: &str) -> String {
    if path.len() <= MOST_PATH {
        return path.to_owned();
    }
    let from = path.ceil_char_boundary(path.len().saturating_sub(MOST_PATH / 2));
    let kept = path.get(from..).unwrap_or_default();
    let dot = kept.find('.').unwrap_or(0);
    format!("?{}", kept.get(dot..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_value_many_times_over_is_not_known_beyond_a_size() {
        let mut value: Value = Known::Integer(1).into();
        for _ in 0..40 {
            value = Known::items([value.clone(), value]).into();
        }
        let mut dict: Value = Known::entries([(Some(Arc::from("x")), Value::from(Known::Integer(1)))]).into();
        for number in 0..40 {
            let twice = |name: &str| (Some(Arc::from(name)), dict.clone());
            let next: Value = Known::entries([twice("a"), twice("b")]).into();
            let also: Value =
                Known::entries([twice("a"), (Some(Arc::from("n")), Known::Integer(number).into())]).into();
            dict = next.or(&also);
        }
        assert!(!value.is_constant() && !dict.is_constant());
        let many: Vec<_> = (0..300).map(|at| (Some(Arc::from(format!("k{at}"))), Value::default())).collect();
        let joined = Value::from(Known::entries(many.clone())).or(&Known::entries(many[1..].to_vec()).into());
        assert!(matches!(&joined.known, Known::Entries(entries) if entries.len() == 1));
    }

    #[test]
    fn long_paths_keep_their_end() {
        let mut value = Value::path("m");
        for _ in 0..200 {
            value = value.step(".abc").into();
        }
        let path = value.as_path().unwrap();
        assert!(path.len() <= MOST_PATH && path.starts_with("?.abc") && path.ends_with(".abc"), "{path}");
    }

    #[test]
    fn a_text_with_a_hole_is_not_whole() {
        assert_eq!(Value::text("http://\u{FFFC}/x").as_text(), None);
        assert_eq!(Value::text("http://\u{FFFC}/x").as_pieces(), Some("http://\u{FFFC}/x"));
    }
}
