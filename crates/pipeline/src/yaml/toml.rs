//! TOML as the same tree: readers of settings need not care in which of the three languages they are written.
//!
//! Source: TOML 1.0.0. Tables become mappings in the order of their names, and dates their text.

use super::{Content, Slot, Stop, Style, Yaml};
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads `text`; what is no TOML is a stop, and gives no document.
pub(super) fn read(text: &str) -> Yaml<'_> {
    let mut yaml = Yaml { text, nodes: Vec::new(), roots: Vec::new(), stops: Vec::new(), is_template: false };
    match DeTable::parse(text) {
        Ok(table) => {
            let span = table.span();
            let root = yaml.push(span, Content::Mapping(Vec::new()));
            yaml.roots.push(root);
            yaml.fill(root, table.into_inner());
        }
        Err(error) => yaml.stops.push(Stop {
            offset: error.span().map_or(0, |span| span.start),
            reason: format!("not TOML: {}", bartizan_core::printable(error.message(), 120)),
        }),
    }
    yaml
}

impl<'t> Yaml<'t> {
    fn push(&mut self, span: Range<usize>, content: Content<'t>) -> usize {
        self.nodes.push(Slot { span, tag: None, content });
        self.nodes.len().saturating_sub(1)
    }

    /// Puts everything of `table` below `root`. A stack of its own: how deep the text nests is its writer's choice.
    fn fill(&mut self, root: usize, table: DeTable<'t>) {
        let mut pending: Vec<(usize, DeTable<'t>)> = vec![(root, table)];
        while let Some((mapping, table)) = pending.pop() {
            for (key, value) in table {
                if self.nodes.len() >= Self::NODES {
                    self.stops.push(Stop {
                        offset: key.span().start,
                        reason: format!("more than {} values", Self::NODES),
                    });
                    return;
                }
                let span = key.span();
                let key = self.push(span, Content::Scalar(key.into_inner(), Style::Plain));
                let value = self.value(value, &mut pending);
                if let Some(Content::Mapping(pairs)) =
                    self.nodes.get_mut(mapping).map(|slot| &mut slot.content)
                {
                    pairs.push((key, value));
                }
            }
        }
    }

    /// Adds one value; the items of lists at once, tables to what is pending.
    fn value(&mut self, value: Spanned<DeValue<'t>>, pending: &mut Vec<(usize, DeTable<'t>)>) -> usize {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => {
                let id = self.push(span, Content::Mapping(Vec::new()));
                pending.push((id, table));
                id
            }
            DeValue::Array(items) => {
                // Lists in lists are as deep as the parser lets them be, which is 80.
                let items: Vec<usize> = items.into_iter().map(|item| self.value(item, pending)).collect();
                self.push(span, Content::Sequence(items))
            }
            DeValue::String(text) => {
                let (span, style) = self.quoted(span);
                self.push(span, Content::Scalar(text, style))
            }
            DeValue::Integer(number) => {
                self.push(span, Content::Scalar(Cow::Owned(number.to_string()), Style::Plain))
            }
            DeValue::Float(number) => {
                self.push(span, Content::Scalar(Cow::Owned(number.to_string()), Style::Plain))
            }
            DeValue::Boolean(answer) => {
                self.push(span, Content::Scalar(Cow::Owned(answer.to_string()), Style::Plain))
            }
            DeValue::Datetime(time) => {
                self.push(span, Content::Scalar(Cow::Owned(time.to_string()), Style::Plain))
            }
        }
    }

    /// How a text at `span` is written; of three quotes the span is that of what they hold.
    fn quoted(&self, span: Range<usize>) -> (Range<usize>, Style) {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
            let begin = span.start.saturating_add(3);
            return (begin..span.end.saturating_sub(3).max(begin), Style::Plain);
        }
        match raw.as_bytes().first() {
            Some(b'"') => (span, Style::Double),
            Some(b'\'') => (span, Style::Single),
            _ => (span, Style::Plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lists_and_texts_stand_where_they_are_written() {
        let text = "a = 1\n[s.\"x y\"]\ncommand = \"npx\"\nargs = ['-y', \"b\"]\non = true\n";
        let yaml = Yaml::of_toml(text);
        assert!(yaml.stops.is_empty());
        let root = yaml.root().unwrap();
        assert_eq!(root.get("a").unwrap().as_int(), Some(1));
        let server = root.path(&["s", "x y"]).unwrap();
        assert_eq!(server.text_of("command"), Some("npx"));
        let second = server.get("args").unwrap().items().nth(1).unwrap();
        assert_eq!((second.as_str(), &text[second.span()]), (Some("b"), "\"b\""));
        assert_eq!(server.get("on").unwrap().as_bool(), Some(true));
        assert!(Yaml::of_toml("a = ").stops[0].reason.starts_with("not TOML"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_stops(text in r#"[\[\]{}=."'\\#,a-c0-9é \n-]{0,80}"#) {
            let yaml = Yaml::of_toml(&text);
            for node in yaml.nodes() {
                let _ = (text.get(node.span()).is_some(), node.offsets());
            }
        }
    }
}
