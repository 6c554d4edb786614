//! Names with what they are bound to, and the one that a name means at a token: [`Bindings`].

use super::Origin;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A name that holds a value of others, where it does.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    pub(super) origin: Option<Origin>,
    /// Tokens in which the name is this one.
    pub(super) scope: Range<usize>,
    /// Members that can only be what a schema lists.
    pub(super) checked: HashSet<&'a str>,
    /// Whether it is a text put together as markup.
    pub(super) markup: bool,
}

/// The names of a program that hold values of others.
#[derive(Debug, Default)]
pub(super) struct Bindings<'a> {
    names: HashMap<&'a str, Scopes<'a>>,
}

impl<'a> Bindings<'a> {
    /// Whether `name` is bound anywhere.
    pub(super) fn know(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.names.clear();
    }

    /// Binds `name`; gives how many other bindings of it had to be looked at.
    pub(super) fn insert(&mut self, name: &'a str, binding: Binding<'a>) -> usize {
        self.names.entry(name).or_default().insert(binding)
    }

    /// What `name` means at the token `at`: the binding that begins last of those that reach over it.
    pub(super) fn find(&self, name: &str, at: usize) -> Option<&Binding<'a>> {
        self.names.get(name)?.find(at)
    }
}

/// The bindings of one name by where they begin, and where the furthest of each block of them ends, in blocks of one, two, four, …:
/// those that end before a token are passed over a block at a time, so that a lookup takes a logarithm of their number.
#[derive(Debug, Default)]
struct Scopes<'a> {
    list: Vec<Binding<'a>>,
    /// `ends[level][index]`: the furthest end of the bindings `index << level .. (index + 1) << level`; whole blocks only.
    ends: Vec<Vec<usize>>,
}

impl<'a> Scopes<'a> {
    fn insert(&mut self, binding: Binding<'a>) -> usize {
        let place = self.list.partition_point(|other| other.scope.start <= binding.scope.start);
        let behind = self.list.len().saturating_sub(place);
        let end = binding.scope.end;
        self.list.insert(place, binding);
        if behind == 0 {
            self.append(end);
            return 1;
        }
        self.ends.clear();
        let ends: Vec<usize> = self.list.iter().map(|binding| binding.scope.end).collect();
        for end in &ends {
            self.append(*end);
        }
        ends.len()
    }

    /// Notes the end of the binding behind those noted so far.
    fn append(&mut self, end: usize) {
        let (mut level, mut furthest) = (0, end);
        loop {
            if self.ends.len() <= level {
                self.ends.push(Vec::new());
            }
            let Some(blocks) = self.ends.get_mut(level) else { return };
            blocks.push(furthest);
            if !blocks.len().is_multiple_of(2) {
                return;
            }
            let pair = blocks.len().saturating_sub(2);
            furthest = blocks.get(pair..).unwrap_or_default().iter().copied().max().unwrap_or(end);
            level = level.saturating_add(1);
        }
    }

    fn find(&self, at: usize) -> Option<&Binding<'a>> {
        // Those before `behind` begin at the token or before it.
        let mut behind = self.list.partition_point(|binding| binding.scope.start <= at);
        'blocks: while let Some(last) = behind.checked_sub(1) {
            for level in (0..=behind.trailing_zeros()).rev() {
                let block = (behind >> level).checked_sub(1)?;
                let furthest = self.ends.get(level as usize).and_then(|blocks| blocks.get(block));
                if furthest.is_some_and(|end| *end <= at) {
                    behind = behind.checked_sub(1 << level)?;
                    continue 'blocks;
                }
            }
            return self.list.get(last);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn binding(scope: Range<usize>) -> Binding<'static> {
        Binding { origin: None, scope, checked: HashSet::new(), markup: false }
    }

    proptest! {
        #[test]
        fn the_binding_that_begins_last_of_those_around_is_found(
            scopes in proptest::collection::vec((0_usize..60, 0_usize..30), 0..40),
            at in 0_usize..90,
        ) {
            let mut bindings = Bindings::default();
            for (start, length) in &scopes {
                bindings.insert("a", binding(*start..start + length));
            }
            let around = scopes.iter().filter(|(start, length)| (*start..start + length).contains(&at));
            let found = bindings.find("a", at).map(|binding| binding.scope.start);
            prop_assert_eq!(found, around.map(|(start, _)| *start).max());
        }
    }
}
