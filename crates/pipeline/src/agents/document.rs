//! A Markdown text as an agent gets it: front matter, headings, prose, code, comments. [`Document`] splits it into
//! [`Block`]s in one pass over its lines.

use std::ops::Range;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// The fields between the first two lines of three dashes.
    FrontMatter,
    /// A heading.
    Heading,
    /// A paragraph, list or table.
    Prose,
    /// A fenced block.
    Code,
    /// A comment that is not shown when the text is rendered.
    Comment,
}

/// A stretch of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it is.
    pub(crate) kind: BlockKind,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    /// Whether heading or line above say that what follows is to be avoided or looked out for.
    pub(crate) warned: bool,
}

/// The blocks of a text and the fields of its front matter.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// In the order of the text; a comment stands also in the block around it.
    pub(crate) blocks: Vec<Block>,
    /// How many of them, from the first, stand one behind the other; the rest are comments.
    pub(crate) shown: usize,
    /// Name, value and span of the value of each field of the front matter.
    pub(crate) fields: Vec<(String, String, Range<usize>)>,
}

impl Document {
    /// Splits `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut document = Self::default();
        let mut open: Option<Block> = None;
        let mut fence: Option<(char, usize)> = None;
        let mut heading_warns = false;
        let mut intro_warns = false;
        let mut at = 0_usize;
        let start = document.front_matter(text);
        for raw in text.split_inclusive('\n') {
            let span = at..at.saturating_add(raw.len());
            at = span.end;
            if span.start < start {
                continue;
            }
            let line = raw.trim();
            if let Some((mark, length)) = fence {
                let closes = fence_of(line).is_some_and(|(other, run)| other == mark && run >= length)
                    && line.trim_matches(mark).is_empty();
                if closes {
                    fence = None;
                    document.blocks.extend(open.take());
                } else if let Some(block) = &mut open {
                    block.span.end = span.end;
                }
                continue;
            }
            if let Some(opened) = fence_of(line) {
                document.blocks.extend(open.take());
                fence = Some(opened);
                let warned = heading_warns || intro_warns;
                open = Some(Block { kind: BlockKind::Code, span: span.end..span.end, warned });
                intro_warns = false;
                continue;
            }
            if line.is_empty() {
                document.blocks.extend(open.take());
                continue;
            }
            if line.starts_with('#') {
                document.blocks.extend(open.take());
                let folded = line.to_lowercase();
                heading_warns = warns(&folded);
                intro_warns = false;
                document.blocks.push(Block { kind: BlockKind::Heading, span, warned: false });
                continue;
            }
            intro_warns = warns(&line.to_lowercase());
            match &mut open {
                Some(block) => block.span.end = span.end,
                None => open = Some(Block { kind: BlockKind::Prose, span, warned: heading_warns }),
            }
        }
        document.blocks.extend(open);
        document.shown = document.blocks.len();
        document.comments(text);
        document
    }

    /// The block that holds byte `at`; comments are found in the block around them.
    pub(crate) fn block_at(&self, at: usize) -> Option<&Block> {
        let shown = self.blocks.get(..self.shown).unwrap_or_default();
        let behind = shown.partition_point(|block| block.span.start <= at);
        shown.get(behind.checked_sub(1)?).filter(|block| block.span.contains(&at))
    }

    /// The value of the field `name`.
    pub(crate) fn field(&self, name: &str) -> Option<(&str, Range<usize>)> {
        self.fields.iter().find(|field| field.0 == name).map(|field| (&*field.1, field.2.clone()))
    }

    /// Reads the front matter; gives where the rest begins.
    fn front_matter(&mut self, text: &str) -> usize {
        let offset = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let Some(body) =
            text.get(offset..).filter(|body| body.starts_with("---\n") || body.starts_with("---\r\n"))
        else {
            return 0;
        };
        let mut at = offset;
        let mut first = true;
        for raw in body.split_inclusive('\n') {
            let begin = at;
            at = at.saturating_add(raw.len());
            let line = raw.trim_end();
            if std::mem::take(&mut first) {
                continue;
            }
            if line == "---" || line == "..." {
                self.blocks.push(Block { kind: BlockKind::FrontMatter, span: offset..begin, warned: false });
                return at;
            }
            let nested = line.starts_with([' ', '\t', '-']);
            match line.split_once(':') {
                Some((key, value)) if !nested && !key.is_empty() && !key.contains(' ') => {
                    let value = value.trim();
                    let from = begin.saturating_add(line.len()).saturating_sub(value.len());
                    let shown = value.trim_matches(['"', '\'', '>', '|']).trim().to_owned();
                    self.fields.push((
                        key.to_ascii_lowercase(),
                        shown,
                        from..begin.saturating_add(line.len()),
                    ));
                }
                _ => {
                    if let Some((_, value, span)) = self.fields.last_mut() {
                        if !value.is_empty() {
                            value.push(' ');
                        }
                        value.push_str(line.trim());
                        span.end = begin.saturating_add(line.len());
                    }
                }
            }
        }
        self.fields.clear();
        0
    }

    /// Finds what is not shown when the text is rendered: comments of HTML, and links that are only labels.
    fn comments(&mut self, text: &str) {
        let coded = |document: &Self, at: usize| {
            document.block_at(at).is_some_and(|block| block.kind == BlockKind::Code)
        };
        let mut from = 0_usize;
        let mut found = Vec::new();
        while let Some(start) =
            text.get(from..).and_then(|rest| rest.find("<!--")).map(|at| at.saturating_add(from))
        {
            let inner = start.saturating_add(4);
            let end = text
                .get(inner..)
                .and_then(|rest| rest.find("-->"))
                .map_or(text.len(), |at| at.saturating_add(inner));
            if !coded(self, start) {
                found.push(Block { kind: BlockKind::Comment, span: inner..end, warned: false });
            }
            from = end;
        }
        let mut at = 0_usize;
        for line in text.split_inclusive('\n') {
            let folded = line.trim_start();
            let label =
                folded.starts_with("[//]:") || folded.starts_with("[comment]:") || folded.starts_with("[_]:");
            if label && !coded(self, at) {
                let span = at..at.saturating_add(line.len());
                found.push(Block { kind: BlockKind::Comment, span, warned: false });
            }
            at = at.saturating_add(line.len());
        }
        self.blocks.extend(found);
    }
}

/// The mark and length of the fence that `line` opens or closes.
fn fence_of(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let run = line.chars().take_while(|&character| character == mark).count();
    (run >= 3 && !line.get(run..).unwrap_or_default().contains('`')).then_some((mark, run))
}

/// Whether `folded`, in lower case, says that something is to be avoided, refused or looked out for.
pub(crate) fn warns(folded: &str) -> bool {
    WARNINGS.iter().any(|warning| {
        memchr::memmem::find_iter(folded.as_bytes(), warning).any(|at| {
            // "Whenever" warns of nothing.
            let before = folded.as_bytes().get(..at).and_then(<[u8]>::last);
            !before.is_some_and(u8::is_ascii_alphabetic)
        })
    })
}

/// Words by which texts mark what not to do and what attackers do.
static WARNINGS: [&str; 49] = [
    "never",
    "do not",
    "don't",
    "avoid",
    "must not",
    "should not",
    "shouldn't",
    "bad example",
    "bad:",
    "// bad",
    "# bad",
    "❌",
    "✗",
    "🚫",
    "⛔",
    "anti-pattern",
    "antipattern",
    "wrong",
    "incorrect",
    "vulnerable",
    "vulnerabilit",
    "unsafe",
    "insecure",
    "malicious",
    "attack",
    "attacker",
    "exploit",
    "threat",
    "red flag",
    "suspicious",
    "detect",
    "injection",
    "reject",
    "refuse",
    "prohibited",
    "forbidden",
    "not allowed",
    "pitfall",
    "common mistake",
    "dangerous",
    "what not to",
    "security consideration",
    "security best practice",
    "security note",
    "security rule",
    "limitations",
    "risk",
    "warning signs",
    "not recommended",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_is_split_into_its_parts() {
        let text = "---\nname: a-b\ndescription: >\n  one\n  two\n---\n# T\n\nprose\nmore <!-- hid -->\n\n```sh\nls\n```\n";
        let document = Document::of(text);
        let parts: Vec<(BlockKind, &str)> = document
            .blocks
            .iter()
            .map(|block| (block.kind, text.get(block.span.clone()).unwrap_or_default()))
            .collect();
        assert_eq!(
            parts,
            [
                (BlockKind::FrontMatter, "---\nname: a-b\ndescription: >\n  one\n  two\n"),
                (BlockKind::Heading, "# T\n"),
                (BlockKind::Prose, "prose\nmore <!-- hid -->\n"),
                (BlockKind::Code, "ls\n"),
                (BlockKind::Comment, " hid "),
            ]
        );
        assert_eq!(document.field("name").map(|field| field.0), Some("a-b"));
        assert_eq!(document.field("description").map(|field| field.0), Some("one two"));
    }

    #[test]
    fn what_stands_under_a_warning_is_marked() {
        let document = Document::of("## Never do this\n\n```sh\nx\n```\n\n## Do\n\n```sh\ny\n```\n");
        let warned: Vec<bool> = document
            .blocks
            .iter()
            .filter(|block| block.kind == BlockKind::Code)
            .map(|block| block.warned)
            .collect();
        assert_eq!(warned, [true, false]);
    }

    #[test]
    fn front_matter_that_does_not_end_is_none() {
        assert_eq!(Document::of("---\nname: x\n").fields, []);
    }
}
