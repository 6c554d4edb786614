//! Taking an argument out of where it stands: a list of YAML, JSON or a Dockerfile, or the words of a command. [`without`].

use crate::{Edit, Fix, Safety};
use std::ops::Range;

/// The fix that takes the argument `written`, which stands at `span` of `content`, out; none where something else stands there.
pub(crate) fn without(content: &str, span: &Range<usize>, written: &str) -> Option<Fix> {
    let seen = content.get(span.clone())?;
    let inner = ['"', '\''].iter().find_map(|quote| seen.strip_prefix(*quote)?.strip_suffix(*quote));
    if inner.unwrap_or(seen) != written || written.is_empty() {
        return None;
    }
    let whole = if inner.is_some() { span.clone() } else { quoted(content, span) };
    let removed = item(content, &whole)
        .or_else(|| element(content, &whole))
        .or_else(|| (whole == *span).then(|| word(content, span)).flatten())?;
    Some(Fix {
        edits: vec![Edit { span: removed, replacement: String::new() }],
        safety: Safety::Unsafe,
        title: format!("take `{written}` out"),
        asks: None,
    })
}

/// The span with the quotes around it, where they stand around it alone.
fn quoted(content: &str, span: &Range<usize>) -> Range<usize> {
    let before = content.get(..span.start).and_then(|before| before.chars().next_back());
    let after = content.get(span.end..).and_then(|after| after.chars().next());
    match (before, after) {
        (Some(open @ ('"' | '\'')), Some(close)) if open == close => {
            span.start.saturating_sub(1)..span.end.saturating_add(1)
        }
        _ => span.clone(),
    }
}

/// The line of an item of a block: `- --option`, alone on its line.
fn item(content: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let (line, rest) = around(content, span)?;
    let remark = rest.trim_start();
    let alone = remark.is_empty() || rest.starts_with([' ', '\t']) && remark.starts_with('#');
    (line.trim() == "-" && alone).then(|| whole_line(content, span))?
}

/// An element of a list in brackets, with the comma before it, or after it for the first.
fn element(content: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let before = content.get(..span.start)?.trim_end();
    let after = content.get(span.end..)?;
    let next = after.trim_start();
    if !next.starts_with([',', ']']) {
        return None;
    }
    if before.ends_with(',') {
        return Some(before.len().saturating_sub(1)..span.end);
    }
    if !before.ends_with('[') {
        return None;
    }
    let Some(more) = next.strip_prefix(',') else { return Some(span.clone()) };
    Some(span.start..content.len().saturating_sub(more.trim_start().len()))
}

/// A word of a command, with the blanks before it; of a line that goes on, the whole line when it holds nothing else.
fn word(content: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let (line, rest) = around(content, span)?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|' | ')' | '`');
    if !rest.is_empty() && !rest.starts_with(ends) {
        return None;
    }
    if line.trim().is_empty() {
        if rest.trim() == "\\" {
            return whole_line(content, span);
        }
        // The last of several lines: what leads to it goes with it.
        let before = content.get(..span.start)?.trim_end();
        let before = before.strip_suffix('\\')?.trim_end();
        return rest.trim().is_empty().then_some(before.len()..span.end);
    }
    let blanks = line.len().saturating_sub(line.trim_end_matches([' ', '\t']).len());
    (blanks > 0).then(|| span.start.saturating_sub(blanks)..span.end)
}

/// What stands on the line of `span` before it and behind it.
fn around<'t>(content: &'t str, span: &Range<usize>) -> Option<(&'t str, &'t str)> {
    let line = content.get(..span.start)?.rsplit('\n').next()?;
    Some((line, content.get(span.end..)?.split('\n').next()?.trim_end_matches('\r')))
}

fn whole_line(content: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let start = content.get(..span.start)?.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let end = content
        .get(span.end..)?
        .find('\n')
        .map_or(content.len(), |at| span.end.saturating_add(at).saturating_add(1));
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply;

    const OPTION: &str = "--trust-remote-code";

    fn mended(content: &str) -> Option<String> {
        let at = content.find(OPTION).unwrap();
        let fix = without(content, &(at..at + OPTION.len()), OPTION)?;
        Some(apply(content, &[&fix]).0)
    }

    #[test]
    fn an_argument_is_taken_out_of_lists_and_commands_and_what_is_around_it_stays() {
        for (before, after) in [
            ("args:\n- a\n- --trust-remote-code\n- b\n", "args:\n- a\n- b\n"),
            ("args:\n  - \"--trust-remote-code\"  # why\n", "args:\n"),
            ("args: [\"a\", \"--trust-remote-code\", \"b\"]\n", "args: [\"a\", \"b\"]\n"),
            ("CMD [\"--trust-remote-code\", \"b\"]\n", "CMD [\"b\"]\n"),
            ("CMD [\"--trust-remote-code\"]\n", "CMD []\n"),
            ("[\n  \"a\",\n  \"--trust-remote-code\"\n]", "[\n  \"a\"\n]"),
            ("vllm serve x --trust-remote-code --port 1\n", "vllm serve x --port 1\n"),
            ("bash -c \"vllm serve x --trust-remote-code\"\n", "bash -c \"vllm serve x\"\n"),
            ("vllm serve x \\\n  --trust-remote-code \\\n  --port 1\n", "vllm serve x \\\n  --port 1\n"),
            ("vllm serve x \\\n  --trust-remote-code\n", "vllm serve x\n"),
        ] {
            assert_eq!(mended(before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn what_is_no_argument_by_itself_stays() {
        for content in
            ["x --trust-remote-code-paths a\n", "x='--trust-remote-code --port'\n", "--trust-remote-code\n"]
        {
            assert_eq!(mended(content), None, "{content}");
        }
        assert_eq!(without("args: [--a]", &(7..10), "--b"), None);
        assert_eq!(without("é", &(0..1), "é"), None);
    }
}
