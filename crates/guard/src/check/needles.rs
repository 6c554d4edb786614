//! An automaton over fixed letters and digits that says how far into one a text is: how much has to wait.
//!
//! Source: Aho and Corasick, *Efficient String Matching* (CACM 1975). Marks, blanks and case do not count.

/// Letters and digits.
const SYMBOLS: usize = 36;

/// Texts to find.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    nodes: Vec<Node>,
    /// Length of the longest.
    pub(crate) longest: usize,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    next: [u32; SYMBOLS],
    depth: u16,
    /// Length of the longest text that ends here.
    ends: u16,
}

/// No child.
const NONE: u32 = u32::MAX;

impl Needles {
    /// An automaton over the letters and digits of texts.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut needles = Self { nodes: vec![Node { next: [NONE; SYMBOLS], depth: 0, ends: 0 }], longest: 0 };
        for text in texts {
            needles.add(text);
        }
        needles.link();
        needles
    }

    fn add(&mut self, text: &str) {
        let (mut at, mut depth) = (0_u32, 0_u16);
        for symbol in text.bytes().filter_map(symbol).take(usize::from(u16::MAX)) {
            depth = depth.saturating_add(1);
            let next = self.next(at, symbol);
            at = if next == NONE {
                let fresh = u32::try_from(self.nodes.len()).unwrap_or(NONE);
                self.nodes.push(Node { next: [NONE; SYMBOLS], depth, ends: 0 });
                self.set(at, symbol, fresh);
                fresh
            } else {
                next
            };
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.ends = depth;
        }
        self.longest = self.longest.max(usize::from(depth));
    }

    /// Fills the gaps with where the longest suffix goes on.
    fn link(&mut self) {
        let mut queue = std::collections::VecDeque::from([(0_u32, 0_u32)]);
        while let Some((at, fail)) = queue.pop_front() {
            let ends = self.nodes.get(fail as usize).map_or(0, |node| node.ends);
            if let Some(node) = self.nodes.get_mut(at as usize) {
                node.ends = node.ends.max(ends);
            }
            for symbol in 0..SYMBOLS {
                let through = if at == 0 { 0 } else { self.next(fail, symbol) };
                match self.next(at, symbol) {
                    NONE => self.set(at, symbol, through),
                    child => queue.push_back((child, through)),
                }
            }
        }
    }

    fn next(&self, at: u32, symbol: usize) -> u32 {
        self.nodes.get(at as usize).and_then(|node| node.next.get(symbol)).copied().unwrap_or(NONE)
    }

    fn set(&mut self, at: u32, symbol: usize, to: u32) {
        if let Some(slot) = self.nodes.get_mut(at as usize).and_then(|node| node.next.get_mut(symbol)) {
            *slot = to;
        }
    }

    /// The state after a byte; the same for what is neither letter nor digit.
    pub(crate) fn after(&self, state: u32, byte: u8) -> u32 {
        symbol(byte).map_or(state, |symbol| self.next(state, symbol))
    }

    /// How many letters and digits of a text may be the beginning of one.
    pub(crate) fn depth(&self, state: u32) -> usize {
        self.nodes.get(state as usize).map_or(0, |node| usize::from(node.depth))
    }

    /// Length of the text that ends here, if one does.
    pub(crate) fn ends(&self, state: u32) -> Option<usize> {
        self.nodes.get(state as usize).map(|node| usize::from(node.ends)).filter(|ends| *ends > 0)
    }
}

/// The number of a letter or digit.
pub(crate) fn symbol(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some(usize::from(byte.wrapping_sub(b'0'))),
        b'a'..=b'z' => Some(usize::from(byte.wrapping_sub(b'a')).saturating_add(10)),
        b'A'..=b'Z' => Some(usize::from(byte.wrapping_sub(b'A')).saturating_add(10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_through_its_suffixes_marks_aside() {
        let needles = Needles::of(["abcabd", "bca-x"].into_iter());
        let mut state = 0;
        let ends: Vec<(usize, Option<usize>)> = "ab-CABCAX"
            .bytes()
            .map(|byte| {
                state = needles.after(state, byte);
                (needles.depth(state), needles.ends(state))
            })
            .collect();
        let none = |depth| (depth, None);
        assert_eq!(
            ends,
            [none(1), none(2), none(2), none(3), none(4), none(5), none(3), none(4), (4, Some(4))]
        );
    }
}
