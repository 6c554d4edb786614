//! Versions of Python packages. Source: PEP 440 (<https://peps.python.org/pep-0440/>), its appendix B for the order.

use std::cmp::Ordering;

/// A version, ordered as PEP 440 orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    epoch: u64,
    release: Vec<u64>,
    /// Phase (alpha 0, beta 1, candidate 2) and number.
    pre: Option<(u8, u64)>,
    post: Option<u64>,
    dev: Option<u64>,
    local: Vec<Part>,
}

/// A part of a local version: numbers stand above words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u64),
}

impl Version {
    /// Reads a version; `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (public, local) =
            lower.split_once('+').map_or((lower.as_str(), None), |(public, local)| (public, Some(local)));
        let public = public.strip_prefix('v').unwrap_or(public);
        let (epoch, mut rest) = match public.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, public),
        };
        let mut release = Vec::new();
        loop {
            let (number, after) = number(rest)?;
            release.push(number);
            rest = after;
            match rest.strip_prefix('.').filter(|after| after.starts_with(|c: char| c.is_ascii_digit())) {
                Some(after) => rest = after,
                None => break,
            }
        }
        let mut version = Self { epoch, release, pre: None, post: None, dev: None, local: Vec::new() };
        rest = version.suffixes(rest)?;
        if !rest.is_empty() {
            return None;
        }
        version.local = local
            .into_iter()
            .flat_map(|local| local.split(['.', '-', '_']))
            .map(|part| part.parse().map_or_else(|_| Part::Word(part.to_owned()), Part::Number))
            .collect();
        Some(version)
    }

    /// Reads what follows the release; gives what is left.
    fn suffixes<'t>(&mut self, mut rest: &'t str) -> Option<&'t str> {
        while !rest.is_empty() {
            if let Some(after) =
                rest.strip_prefix('-').filter(|after| after.starts_with(|c: char| c.is_ascii_digit()))
            {
                let (post, after) = number(after)?;
                self.post = Some(post);
                rest = after;
                continue;
            }
            let bare = rest.trim_start_matches(['.', '-', '_']);
            let (name, phase) = *SUFFIXES.iter().find(|(name, _)| bare.starts_with(name))?;
            let after = bare.get(name.len()..)?;
            let digits = after.trim_start_matches(['.', '-', '_']);
            let (value, after) = match number(digits) {
                Some(found) => found,
                None => (0, after),
            };
            match phase {
                Phase::Pre(phase) => self.pre = Some((phase, value)),
                Phase::Post => self.post = Some(value),
                Phase::Dev => self.dev = Some(value),
            }
            rest = after;
        }
        Some(rest)
    }

    /// Where it stands among versions of the same release: development, pre-release, release, post-release.
    fn key(&self) -> (i8, u8, u64) {
        match (self.pre, self.post, self.dev) {
            (Some((phase, number)), _, _) => (0, phase, number),
            (None, None, Some(_)) => (-1, 0, 0),
            _ => (1, 0, 0),
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.release.len().max(other.release.len());
        let part = |version: &Self, at: usize| version.release.get(at).copied().unwrap_or(0);
        let release = || {
            (0..longest)
                .map(|at| part(self, at).cmp(&part(other, at)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        // No post-release stands below any; a development release stands below what it leads to.
        let post = |version: &Self| version.post.map_or(-1_i128, i128::from);
        let dev = |version: &Self| version.dev.map_or(i128::MAX, i128::from);
        self.epoch
            .cmp(&other.epoch)
            .then_with(release)
            .then_with(|| self.key().cmp(&other.key()))
            .then_with(|| post(self).cmp(&post(other)))
            .then_with(|| dev(self).cmp(&dev(other)))
            .then_with(|| self.local.cmp(&other.local))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Pre(u8),
    Post,
    Dev,
}

/// Longer names before those they begin with.
static SUFFIXES: &[(&str, Phase)] = &[
    ("alpha", Phase::Pre(0)),
    ("beta", Phase::Pre(1)),
    ("preview", Phase::Pre(2)),
    ("pre", Phase::Pre(2)),
    ("post", Phase::Post),
    ("dev", Phase::Dev),
    ("rev", Phase::Post),
    ("rc", Phase::Pre(2)),
    ("a", Phase::Pre(0)),
    ("b", Phase::Pre(1)),
    ("c", Phase::Pre(2)),
    ("r", Phase::Post),
];

/// The number at the start of `text`, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text.get(..end)?.parse().ok()?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_stand_in_the_order_of_the_specification() {
        let order = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        for pair in order.windows(2) {
            assert!(Version::read(pair[0]).unwrap() <= Version::read(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(Version::read("1.0").unwrap().cmp(&Version::read("v1.0.0").unwrap()), Ordering::Equal);
        assert_eq!(
            Version::read("1.0-1").unwrap().cmp(&Version::read("1.0.post1").unwrap()),
            Ordering::Equal
        );
        assert_eq!(Version::read("1.0-RC.1").unwrap().cmp(&Version::read("1rc1").unwrap()), Ordering::Equal);
        for none in ["", "x", "1.0.x", "1..0", "french toast"] {
            assert_eq!(Version::read(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_the_other_way_round_from_the_other_side(a in "[0-9]{1,2}(\\.[0-9]){0,3}(a1|rc2|\\.dev1|\\.post2)?", b in "[0-9]{1,2}(\\.[0-9]){0,3}(a1|rc2|\\.dev1|\\.post2)?") {
            let (a, b) = (Version::read(&a).unwrap(), Version::read(&b).unwrap());
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,40}") {
            let _ = Version::read(&text);
        }
    }
}
