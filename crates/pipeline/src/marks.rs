//! Whether any of a few texts stands in a file, asked of every file: [`Marks`].

use aho_corasick::{AhoCorasick, AhoCorasickKind, packed};

/// Texts one of which a kind of file holds. There at once, where tables over all states take longer to make than most scans to read.
#[derive(Debug)]
pub(crate) enum Marks {
    /// Found by the vectors of the processor.
    Packed(packed::Searcher),
    /// On processors without them, or of more texts than they take.
    Plain(AhoCorasick),
    /// Too many texts for a table, which none of ours are: each is taken to be there.
    Unknown,
}

impl Marks {
    /// The search for `texts`.
    pub(crate) fn new<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        if let Some(searcher) = packed::Searcher::new(texts.clone()) {
            return Self::Packed(searcher);
        }
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(texts);
        automaton.map_or(Self::Unknown, Self::Plain)
    }

    /// Whether any of them stands in `text`. Linear in the text.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        match self {
            Self::Packed(searcher) => searcher.find(text).is_some(),
            Self::Plain(automaton) => automaton.is_match(text),
            Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_found_wherever_it_stands_and_nothing_else_is() {
        let texts = ["trust_remote_code", "model_id", "AWS::IAM::"];
        let (marks, many) = (Marks::new(texts.into_iter()), Marks::new(texts.into_iter().cycle().take(500)));
        for marks in [marks, many] {
            for text in texts {
                for around in ["", "a: ", &"x y\n".repeat(100)] {
                    assert!(marks.any_in(&format!("{around}{text}{around}")), "{text}");
                }
            }
            for text in ["", "model", "Model_id", &"trust_remote\n".repeat(100)] {
                assert!(!marks.any_in(text), "{text}");
            }
        }
    }
}
