//! A text as words, numbers, marks and line ends.

use super::lexicon::{Lexicon, Senses};

/// A piece of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    pub(super) sort: Sort,
    pub(super) senses: Senses,
    /// Whether nothing but blanks stands before it in its line.
    pub(super) leads: bool,
}

/// What sort of piece it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A word in small letters.
    Lower,
    /// A word with a capital and small letters behind it.
    Title,
    /// A word in capitals.
    Upper,
    /// A word with capitals inside.
    Mixed,
    /// A run that begins with a digit.
    Number,
    /// Anything else that is seen.
    Mark(char),
    /// The end of a line.
    Line,
}

impl Token {
    /// Whether it is a word with a capital.
    pub(super) fn is_capital(&self) -> bool {
        matches!(self.sort, Sort::Title | Sort::Upper | Sort::Mixed)
    }

    /// Whether it is this mark.
    pub(super) fn is(&self, mark: char) -> bool {
        self.sort == Sort::Mark(mark)
    }
}

/// Splits a text.
pub(super) fn tokens(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 5 + 4);
    let mut lower = String::new();
    let mut characters = text.char_indices().peekable();
    let mut leads = true;
    while let Some((start, first)) = characters.next() {
        if first == '\n' {
            tokens.push(Token {
                start,
                end: start + 1,
                sort: Sort::Line,
                senses: Senses::NONE,
                leads: false,
            });
            leads = true;
            continue;
        }
        if first.is_whitespace() {
            continue;
        }
        let mut end = start + first.len_utf8();
        let (sort, senses) = if first.is_alphanumeric() {
            let mut joined = first;
            while let Some(&(at, next)) = characters.peek() {
                let part = next.is_alphanumeric()
                    || is_combining(next)
                    || (matches!(next, '\'' | '’' | '-')
                        && joined.is_alphabetic()
                        && text
                            .get(at + next.len_utf8()..)
                            .and_then(|rest| rest.chars().next())
                            .is_some_and(char::is_alphabetic));
                if !part {
                    break;
                }
                joined = next;
                end = at + next.len_utf8();
                characters.next();
            }
            word(text.get(start..end).unwrap_or_default(), &mut lower, lexicon)
        } else {
            (Sort::Mark(first), Senses::NONE)
        };
        // "Anna's": the ending is no part of the name.
        if matches!(sort, Sort::Title | Sort::Upper | Sort::Mixed) {
            let whole = text.get(start..end).unwrap_or_default();
            if let Some(stem) = whole.strip_suffix("'s").or_else(|| whole.strip_suffix("’s")) {
                let (sort, senses) = word(stem, &mut lower, lexicon);
                let stop = start + stem.len();
                tokens.push(Token { start, end: stop, sort, senses, leads });
                tokens.push(Token {
                    start: stop,
                    end,
                    sort: Sort::Mark('\''),
                    senses: Senses::NONE,
                    leads: false,
                });
                leads = false;
                continue;
            }
        }
        tokens.push(Token { start, end, sort, senses, leads });
        leads = leads && sort == Sort::Mark('>');
    }
    tokens
}

fn is_combining(character: char) -> bool {
    ('\u{300}'..='\u{36F}').contains(&character)
}

/// The sort and senses of a word or number.
fn word(word: &str, lower: &mut String, lexicon: &Lexicon) -> (Sort, Senses) {
    let mut letters = word.chars().filter(|character| character.is_alphabetic());
    if word.starts_with(|first: char| first.is_numeric()) {
        return (Sort::Number, Senses::NONE);
    }
    lower.clear();
    lower.extend(word.chars().flat_map(char::to_lowercase));
    let first_upper = letters.next().is_some_and(char::is_uppercase);
    let (mut upper, mut small, mut inner) = (0, 0, 0);
    let mut previous = '\0';
    for letter in word.chars().skip(1) {
        if letter.is_uppercase() {
            upper += 1;
            inner += usize::from(previous.is_lowercase());
        } else if letter.is_alphabetic() {
            small += 1;
        }
        previous = letter;
    }
    let sort = match (first_upper, upper, small) {
        (true, 0, 0) => Sort::Title,
        (true, _, 0) => Sort::Upper,
        (true, _, _) if inner > 0 && small > 0 => Sort::Mixed,
        (true, ..) => Sort::Title,
        (false, ..) => Sort::Lower,
    };
    (sort, lexicon.senses(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_words_numbers_and_marks() {
        let text = "Anna's O'Brien-Smith, 12B\nMysticWeb ASKER";
        let tokens = tokens(text, &Lexicon::new());
        let sorts: Vec<(&str, Sort)> = tokens
            .iter()
            .map(|token| (text.get(token.start..token.end).unwrap_or_default(), token.sort))
            .collect();
        assert_eq!(
            sorts,
            [
                ("Anna", Sort::Title),
                ("'s", Sort::Mark('\'')),
                ("O'Brien-Smith", Sort::Title),
                (",", Sort::Mark(',')),
                ("12B", Sort::Number),
                ("\n", Sort::Line),
                ("MysticWeb", Sort::Mixed),
                ("ASKER", Sort::Upper),
            ]
        );
        assert!(tokens.iter().any(|token| token.leads && token.sort == Sort::Mixed));
    }
}
