//! A call as the rules see it: what is called, with what, and where: [`Call`].

use super::value::{Known, Taint, Value};
use std::ops::Range;
use std::sync::Arc;

/// One call, or an assignment that acts like one (`os.environ[name] = value` is `set:os.environ(name, value)`,
/// `module.attribute = value` is `set:module.attribute(value)`).
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    /// What is called, by its full path (see [`Known::Path`]).
    pub(super) path: Arc<str>,
    /// What is called, as it is written.
    pub(super) spelling: &'a str,
    /// What the method belongs to.
    pub(super) receiver: Value,
    /// Arguments by position.
    pub(super) positional: Vec<Argument<'a>>,
    /// Arguments by name.
    pub(super) named: Vec<(Arc<str>, Argument<'a>)>,
    /// Whether more arguments may be given than are seen: `*` or `**` of something unknown.
    pub(super) open: bool,
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// Where its closing bracket stands.
    pub(super) closing: usize,
    /// Where the last argument ends, when there is one.
    pub(super) last_end: Option<usize>,
}

/// One argument.
#[derive(Debug, Clone)]
pub(super) struct Argument<'a> {
    /// What is given.
    pub(super) value: Value,
    /// Where it is written, with its keyword.
    pub(super) span: Range<usize>,
    /// How the value is written; empty when it comes out of a `**`, or from elsewhere.
    pub(super) written: &'a str,
}

impl<'a> Call<'a> {
    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The first part of the path: the package, or `?`.
    pub(super) fn package(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }

    /// Whether it is a method or function called `name` of anything below `package`.
    pub(super) fn is_in(&self, package: &str, name: &str) -> bool {
        self.name() == name && self.is_of(package)
    }

    /// Whether what is called belongs to `package`.
    pub(super) fn is_of(&self, package: &str) -> bool {
        self.path
            .strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(', '[']))
    }

    /// The argument at `position` or called `name`.
    pub(super) fn argument(&self, position: usize, name: &str) -> Option<&Argument<'a>> {
        self.keyword(name).or_else(|| self.positional.get(position))
    }

    /// The argument called `name`.
    pub(super) fn keyword(&self, name: &str) -> Option<&Argument<'a>> {
        self.named.iter().rev().find(|(known, _)| known.as_ref() == name).map(|(_, argument)| argument)
    }

    /// The first of `names` that is given.
    pub(super) fn any_keyword(&self, names: &[&str]) -> Option<&Argument<'a>> {
        names.iter().find_map(|name| self.keyword(name))
    }

    /// Whether the argument called `name` is given as `True`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.keyword(name).and_then(|argument| argument.value.truth()) == Some(true)
    }

    /// Whether the argument called `name` is given as `False`.
    pub(super) fn is_false(&self, name: &str) -> bool {
        self.keyword(name).is_some_and(|argument| {
            argument.value.known != Known::Null && argument.value.truth() == Some(false)
        })
    }

    /// Every argument.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &Argument<'a>> {
        self.positional.iter().chain(self.named.iter().map(|(_, argument)| argument))
    }

    /// The sources of all arguments.
    pub(super) fn taint(&self) -> Taint {
        self.arguments().map(|argument| argument.value.all_taint()).fold(Taint::default(), Taint::and)
    }

    /// The edit that gives the argument called `name` as `value`, in the place of another value where it has one; none when that comes
    /// out of a `**`, where it would be given twice.
    pub(super) fn giving(&self, name: &str, value: &str) -> Option<(Range<usize>, String)> {
        let given = format!("{name}={value}");
        match self.keyword(name) {
            None => Some(self.adding(&given)),
            Some(known) => (!known.written.is_empty()).then(|| (known.span.clone(), given)),
        }
    }

    /// The edit that adds the argument `written`.
    pub(super) fn adding(&self, written: &str) -> (Range<usize>, String) {
        match self.last_end {
            Some(end) => (end..end, format!(", {written}")),
            None => (self.closing..self.closing, written.to_owned()),
        }
    }
}
