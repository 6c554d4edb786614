//! A Dockerfile as instructions with their bytes: [`read`].
//!
//! Line continuations, comments between continued lines, the `escape` directive, here-documents and flags. Linear.
//! Source: Dockerfile reference (BuildKit frontend 1.x).

use std::ops::Range;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Its name in upper case.
    pub(super) name: String,
    /// `--flag=value` before the arguments.
    pub(super) flags: Vec<(String, String, Range<usize>)>,
    /// The bytes of the arguments, continuations included.
    pub(super) arguments: Range<usize>,
    /// The bytes of each here-document.
    pub(super) documents: Vec<Range<usize>>,
    /// From the name to the end.
    pub(super) span: Range<usize>,
}

/// The instructions of `text`.
pub(super) fn read(text: &str) -> Vec<Instruction> {
    let escape = escape(text);
    let mut found = Vec::new();
    let mut at = 0usize;
    while at < text.len() {
        let end = line_end(text, at);
        let line = text.get(at..end).unwrap_or_default();
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            at = end;
            continue;
        }
        let start = at.saturating_add(line.len().saturating_sub(body.len()));
        let mut stop = end;
        let mut last = line;
        while last.trim_end().ends_with(escape) && stop < text.len() {
            let next = line_end(text, stop);
            let line = text.get(stop..next).unwrap_or_default();
            // Comments and blank lines do not end a continued instruction.
            if !line.trim_start().starts_with('#') && !line.trim().is_empty() {
                last = line;
            }
            stop = next;
        }
        let mut instruction = parse(text, start..stop);
        for (delimiter, strips) in
            delimiters(text.get(instruction.arguments.clone()).unwrap_or_default(), &instruction.name)
        {
            let opened = stop;
            let mut closed = stop;
            while stop < text.len() {
                let next = line_end(text, stop);
                let line = text.get(stop..next).unwrap_or_default().trim_end_matches(['\n', '\r']);
                let line = if strips { line.trim_start_matches('\t') } else { line };
                stop = next;
                if line == delimiter {
                    break;
                }
                closed = stop;
            }
            instruction.documents.push(opened..closed);
        }
        instruction.span.end = stop;
        found.push(instruction);
        at = stop.max(at.saturating_add(1));
    }
    found
}

fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', text.as_bytes().get(at..).unwrap_or_default())
        .map_or(text.len(), |length| at.saturating_add(length).saturating_add(1))
}

/// The character that continues lines.
fn escape(text: &str) -> char {
    let directives = text.lines().take_while(|line| line.starts_with('#'));
    let set = directives
        .filter_map(|line| line.trim_start_matches('#').trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    if set.is_some_and(|(_, value)| value.trim() == "`") { '`' } else { '\\' }
}

fn parse(text: &str, span: Range<usize>) -> Instruction {
    let body = text.get(span.clone()).unwrap_or_default();
    let length = body.find(|c: char| c.is_whitespace()).unwrap_or(body.len());
    let name = body.get(..length).unwrap_or_default().to_ascii_uppercase();
    let mut at = span.start.saturating_add(length);
    let mut flags = Vec::new();
    loop {
        let rest = text.get(at..span.end).unwrap_or_default();
        let skipped = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t', '\\', '\n', '\r']).len());
        at = at.saturating_add(skipped);
        let rest = text.get(at..span.end).unwrap_or_default();
        if !rest.starts_with("--") {
            break;
        }
        let length = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        let flag = rest.get(2..length).unwrap_or_default();
        let (key, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.push((key.to_owned(), value.to_owned(), at..at.saturating_add(length)));
        at = at.saturating_add(length);
    }
    let rest = text.get(at..span.end).unwrap_or_default();
    let end = at.saturating_add(rest.trim_end().len());
    Instruction { name, flags, arguments: at..end, documents: Vec::new(), span }
}

/// Delimiters of the here-documents that the arguments announce.
fn delimiters(arguments: &str, name: &str) -> Vec<(String, bool)> {
    if !matches!(name, "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, _) in arguments.match_indices("<<").take(16) {
        if arguments.get(..at).is_some_and(|before| before.ends_with('<')) {
            continue;
        }
        let rest = arguments.get(at.saturating_add(2)..).unwrap_or_default();
        let strips = rest.starts_with('-');
        let word = rest.trim_start_matches('-');
        let word: String = word
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) {
            found.push((word, strips));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn continuations_comments_flags_and_here_documents_are_read() {
        let text = "# syntax=docker/dockerfile:1\nFROM --platform=linux/amd64 a AS b\nRUN x \\\n # note\n\n  && y\nRUN <<EOF\ncurl z\nEOF\nUSER 1\n";
        let found = read(text);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["FROM", "RUN", "RUN", "USER"]);
        assert_eq!(found[0].flags[0].0, "platform");
        assert_eq!(&text[found[0].arguments.clone()], "a AS b");
        assert!(text[found[1].arguments.clone()].ends_with("&& y"));
        assert_eq!(&text[found[2].documents[0].clone()], "curl z\n");
    }

    proptest! {
        #[test]
        fn any_text_gives_instructions_inside_it(text in r"((FROM|RUN|ENV|ADD) |[a-z\\\\ <#=é-]|\n|<<E|\nE\n){0,60}") {
            for one in read(&text) {
                prop_assert!(text.get(one.arguments.clone()).is_some());
                for document in one.documents {
                    prop_assert!(text.get(document).is_some());
                }
            }
        }
    }
}
