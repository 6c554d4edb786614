//! Python literals as `ast.literal_eval` takes them, as far as NumPy headers need: strings, integers, booleans,
//! `None`, tuples, lists and dictionaries.
//!
//! Source: The Python Language Reference §2.4 and §6.2. Nesting is bounded by [`DEPTH`]; cost is linear.

use bartizan_core::Cursor;

/// A literal value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Integer(i128),
    Text(String),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Why a text is no literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LiteralError {
    /// An expression that would do something when evaluated.
    Code { offset: usize, text: String },
    /// Not Python, or nested too deeply.
    Syntax { offset: usize },
}

/// Deepest nesting followed.
const DEPTH: u32 = 24;

/// Parses `text` as one literal; white space may surround it.
pub(crate) fn parse(text: &[u8]) -> Result<Literal, LiteralError> {
    let mut parser = Parser { cursor: Cursor::new(text), text };
    let value = parser.value(0)?;
    parser.space();
    // NumPy pads with spaces; NULs appear in files written by other tools.
    if parser.cursor.rest().iter().all(|&byte| byte == 0) { Ok(value) } else { Err(parser.unexpected()) }
}

impl Literal {
    /// The value of `key` in a dictionary.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dict(entries) = self else { return None };
        // The last one wins, as in Python.
        entries
            .iter()
            .rev()
            .find(|(name, _)| matches!(name, Self::Text(name) if name == key))
            .map(|(_, value)| value)
    }

    /// The items of a tuple or list.
    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(items) | Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Integer(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// As Python would write it, roughly.
    pub(crate) fn shown(&self) -> String {
        let list = |items: &[Self]| items.iter().map(Self::shown).collect::<Vec<_>>().join(", ");
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Integer(value) => value.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Tuple(items) => format!("({})", list(items)),
            Self::List(items) => format!("[{}]", list(items)),
            Self::Dict(_) => "{…}".to_owned(),
        }
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    text: &'a [u8],
}

impl<'a> Parser<'a> {
    fn space(&mut self) {
        self.word(|byte| byte.is_ascii_whitespace());
    }

    fn word(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.cursor.rest().iter().take_while(|&&byte| belongs(byte)).count();
        self.cursor.take(length).unwrap_or_default()
    }

    fn accepts(&mut self, wanted: u8) -> bool {
        self.space();
        let found = self.cursor.peek() == Some(wanted);
        if found {
            let _ = self.cursor.u8();
        }
        found
    }

    fn syntax(&self) -> LiteralError {
        LiteralError::Syntax { offset: self.cursor.position() }
    }

    /// What stands here is no literal: a name, call, attribute or operator is code, the rest is a syntax error.
    fn unexpected(&self) -> LiteralError {
        let offset = self.cursor.position();
        let rest = self.cursor.rest();
        let shown = rest.get(..rest.len().min(60)).unwrap_or_default();
        let before = self.text.get(..offset).unwrap_or_default();
        let after_value = before.iter().rev().find(|byte| !byte.is_ascii_whitespace());
        let is_call = match rest.first() {
            Some(b'(' | b'.') => matches!(after_value, Some(b')' | b']' | b'\'' | b'"')),
            Some(first) if first.is_ascii_alphabetic() || *first == b'_' => rest.contains(&b'('),
            _ => false,
        };
        if is_call {
            LiteralError::Code { offset, text: String::from_utf8_lossy(shown).into_owned() }
        } else {
            LiteralError::Syntax { offset }
        }
    }

    fn value(&mut self, depth: u32) -> Result<Literal, LiteralError> {
        if depth > DEPTH {
            return Err(self.syntax());
        }
        let deeper = depth.saturating_add(1);
        self.space();
        match self.cursor.peek().ok_or_else(|| self.syntax())? {
            b'(' => {
                let _ = self.cursor.u8();
                let (mut items, comma) = self.items(b')', deeper)?;
                // `(x)` is `x` in brackets.
                match items.pop() {
                    Some(only) if items.is_empty() && !comma => Ok(only),
                    Some(last) => {
                        items.push(last);
                        Ok(Literal::Tuple(items))
                    }
                    None => Ok(Literal::Tuple(items)),
                }
            }
            b'[' => {
                let _ = self.cursor.u8();
                Ok(Literal::List(self.items(b']', deeper)?.0))
            }
            b'{' => {
                let _ = self.cursor.u8();
                self.entries(deeper)
            }
            b'\'' | b'"' => self.string(),
            b'-' | b'+' | b'0'..=b'9' => self.integer(),
            _ => self.name(),
        }
    }

    /// Items up to `end`, and whether a comma stood behind the last one.
    fn items(&mut self, end: u8, depth: u32) -> Result<(Vec<Literal>, bool), LiteralError> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.accepts(end) {
            if !items.is_empty() && !comma {
                return Err(self.unexpected());
            }
            items.push(self.value(depth)?);
            comma = self.accepts(b',');
        }
        Ok((items, comma))
    }

    fn entries(&mut self, depth: u32) -> Result<Literal, LiteralError> {
        let mut entries = Vec::new();
        let mut comma = true;
        while !self.accepts(b'}') {
            if !comma {
                return Err(self.unexpected());
            }
            let key = self.value(depth)?;
            if !self.accepts(b':') {
                return Err(self.unexpected());
            }
            entries.push((key, self.value(depth)?));
            comma = self.accepts(b',');
        }
        Ok(Literal::Dict(entries))
    }

    fn string(&mut self) -> Result<Literal, LiteralError> {
        let start = self.syntax();
        let quote = self.cursor.u8().map_err(|_| start.clone())?;
        let mut text = Vec::new();
        loop {
            match self.cursor.u8().map_err(|_| start.clone())? {
                byte if byte == quote => break,
                b'\\' => text.push(self.cursor.u8().map_err(|_| start.clone())?),
                byte => text.push(byte),
            }
        }
        Ok(Literal::Text(String::from_utf8_lossy(&text).into_owned()))
    }

    fn integer(&mut self) -> Result<Literal, LiteralError> {
        let error = self.syntax();
        let text = self.word(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'));
        let value = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(error)?;
        // Python 2 wrote long integers as `3L`.
        if self.cursor.peek() == Some(b'L') {
            let _ = self.cursor.u8();
        }
        Ok(Literal::Integer(value))
    }

    fn name(&mut self) -> Result<Literal, LiteralError> {
        let before = self.cursor.clone();
        match self.word(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            b"True" => Ok(Literal::Bool(true)),
            b"False" => Ok(Literal::Bool(false)),
            b"None" => Ok(Literal::None),
            b"u" | b"U" | b"b" | b"B" | b"r" if matches!(self.cursor.peek(), Some(b'\'' | b'"')) => {
                self.string()
            }
            _ => {
                self.cursor = before;
                Err(self.unexpected())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_written_by_numpy_is_read() {
        let header =
            parse(b"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2L,), }   \n").unwrap();
        assert_eq!(header.get("shape"), Some(&Literal::Tuple(vec![Literal::Integer(2)])));
        assert_eq!(header.get("descr").unwrap().shown(), "[('a', '<i4')]");
    }

    #[test]
    fn brackets_around_one_value_are_no_tuple() {
        assert_eq!(parse(b"(3)"), Ok(Literal::Integer(3)));
        assert_eq!(parse(b"(3,)"), Ok(Literal::Tuple(vec![Literal::Integer(3)])));
    }

    #[test]
    fn a_call_is_code_and_an_unknown_name_is_not() {
        assert!(matches!(parse(b"{'a': print(1)}"), Err(LiteralError::Code { offset: 6, .. })));
        assert!(matches!(parse(b"''.join([])"), Err(LiteralError::Code { .. })));
        assert!(matches!(parse(b"{'a': nan}"), Err(LiteralError::Syntax { .. })));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse(&vec![b'['; 100_000]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text: Vec<u8>) {
            let _ = parse(&text);
        }
    }
}
