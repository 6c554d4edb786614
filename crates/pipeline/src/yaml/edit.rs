//! Entries put into a mapping where its style and indentation want them: [`insertion`].

use super::Node;
use crate::{Edit, Fix, Safety};

/// A fix that puts `line` (`key: value`) in front of the first entry of `mapping`; `None` when it has none to go by.
pub(crate) fn insertion(text: &str, mapping: Node<'_>, line: &str, safety: Safety) -> Option<Fix> {
    if mapping.is_alias() {
        return None;
    }
    let first = mapping.entries().into_iter().next()?.key.span().start;
    let is_flow = text.get(mapping.span().start..)?.starts_with('{');
    let replacement = if is_flow {
        format!("{line}, ")
    } else {
        format!("{line}{}{}", ending(text, first), indent(text, first))
    };
    Some(Fix {
        edits: vec![Edit { span: first..first, replacement }],
        safety,
        title: format!("add `{line}`"),
        asks: None,
    })
}

/// A fix that puts the lines of `block`, a key with what is nested under it, behind the entry that ends at `end` and whose
/// key begins at `key`.
pub(crate) fn nested(
    text: &str,
    key: usize,
    end: usize,
    block: &[&str],
    title: &str,
    safety: Safety,
) -> Option<Fix> {
    let rest = text.get(end..)?;
    let line = rest.split('\n').next().unwrap_or(rest).trim_end_matches('\r');
    let line_end = end.saturating_add(line.len());
    let (ending, indent) = (ending(text, key), indent(text, key));
    let lines = block.iter().fold(String::new(), |lines, line| lines + ending + &indent + line);
    Some(Fix {
        edits: vec![Edit { span: line_end..line_end, replacement: lines }],
        safety,
        title: title.to_owned(),
        asks: None,
    })
}

/// How the line of the byte at `at` ends, or the line before it where it is the last.
fn ending(text: &str, at: usize) -> &'static str {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let line = after.split_once('\n').or_else(|| before.rsplit_once('\n')).map(|(line, _)| line);
    if line.is_some_and(|line| line.ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Spaces as wide as what stands on the line before `at`: a dash of a sequence counts as one.
fn indent(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    " ".repeat(line.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;
    use crate::yaml::Yaml;

    #[test]
    fn entries_are_put_in_with_the_style_around_them() {
        let block = "a:\n  - b: 1\n    c: 2\n";
        let yaml = Yaml::read(block);
        let item = yaml.root().and_then(|root| root.get("a")?.items().next()).unwrap();
        let fix = insertion(block, item, "x: y", Safety::Safe).unwrap();
        assert_eq!(apply(block, &[&fix]).0, "a:\n  - x: y\n    b: 1\n    c: 2\n");
        let flow = "a: {b: 1}\n";
        let yaml = Yaml::read(flow);
        let fix = insertion(flow, yaml.root().and_then(|root| root.get("a")).unwrap(), "x: y", Safety::Safe)
            .unwrap();
        assert_eq!(apply(flow, &[&fix]).0, "a: {x: y, b: 1}\n");
        let windows = block.replace('\n', "\r\n");
        let yaml = Yaml::read(&windows);
        let item = yaml.root().and_then(|root| root.get("a")?.items().next()).unwrap();
        let fix = insertion(&windows, item, "x: y", Safety::Safe).unwrap();
        assert_eq!(apply(&windows, &[&fix]).0, "a:\r\n  - x: y\r\n    b: 1\r\n    c: 2\r\n");
        let fix = nested(&windows, 8, 12, &["w:", "  v: 1"], "t", Safety::Safe).unwrap();
        assert_eq!(apply(&windows, &[&fix]).0, "a:\r\n  - b: 1\r\n    w:\r\n      v: 1\r\n    c: 2\r\n");
        let fix = nested(block, 7, 11, &["w:", "  v: 1"], "t", Safety::Safe).unwrap();
        assert_eq!(apply(block, &[&fix]).0, "a:\n  - b: 1\n    w:\n      v: 1\n    c: 2\n");
    }
}
