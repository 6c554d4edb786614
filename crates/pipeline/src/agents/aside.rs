//! What a text only shows: what it warns of, quotes, describes or names as something to be found. [`Reading::is_aside`].

use super::document::{BlockKind, warns};
use super::reading::Reading;
use std::ops::Range;

impl Reading<'_> {
    /// Whether what stands at `span` is warned of, quoted as an example, or negated, and not asked for.
    pub(super) fn is_aside(&self, span: &Range<usize>, sentence: bool) -> bool {
        if self.block_at(span.start).is_some_and(|block| block.warned && block.kind == BlockKind::Code) {
            return true;
        }
        let before = self.folded_at(span.start.saturating_sub(Self::SENTENCE)..span.start);
        let breaks: &[char] = if sentence { &['.', '!', '?', ';'] } else { &['\n'] };
        let clause = before.rsplit(breaks).next().unwrap_or_default();
        // A new item of a list begins a new sentence, and so does an empty line.
        let clause = clause.rsplit("\n\n").next().unwrap_or_default();
        let clause = clause.rsplit("\n- ").next().unwrap_or_default();
        // What stands before a colon is a sentence of its own, unless it marks what follows as wrong.
        let (mark, clause) = match clause.rsplit_once(':') {
            Some((mark, clause)) if sentence => (mark, clause),
            _ => ("", clause),
        };
        let speaks = ["user", "anyone", "mention", "reveal", "tell", "disclose", "inform"]
            .iter()
            .any(|word| mark.contains(word));
        if !speaks && warns(mark) {
            return true;
        }
        if warns(clause) || !sentence && (self.is_ruled_out(span) || self.is_described(span)) {
            return true;
        }
        if self.is_listed_as_sought(span) {
            return true;
        }
        let begins = self.folded_at(span.start..span.start.saturating_add(12));
        if sentence
            && self.speaks_of_safety()
            && ["look for", "search for", "scan for", "check for"]
                .iter()
                .any(|sought| begins.starts_with(sought))
        {
            return true;
        }
        if sentence {
            // In quotation marks, in a sentence or list that speaks about such texts.
            // What goes on behind the end of the quotation is not quoted. A quotation may hold several sentences.
            let seen = self.folded_at(span.clone());
            let line = before.rsplit('\n').next().unwrap_or_default();
            // The row of a table in a text about defence.
            if line.trim_start().starts_with('|') && self.speaks_of_safety() {
                return true;
            }
            let odd = |text: &str, mark: char| text.matches(mark).count() % 2 == 1 && !seen.contains(mark);
            let quoted = odd(clause, '"')
                || odd(line, '"')
                || clause.matches('\u{201c}').count() > clause.matches('\u{201d}').count()
                    && !seen.contains('\u{201d}')
                || odd(clause, '`');
            return quoted
                && (cites(clause)
                    || self.block_at(span.start).is_some_and(|block| block.warned)
                    || warns(before)
                    || self.speaks_of_safety());
        }
        if self.is_looked_for(span, before) {
            return true;
        }
        // The text of a link names a thing.
        let linked = before.ends_with('[')
            && self.folded_at(span.end.saturating_sub(1)..span.end.saturating_add(40)).contains("](");
        if linked {
            return true;
        }
        let line = self.folded_at(span.clone());
        [
            "# bad",
            "// bad",
            "❌",
            "# vulnerable",
            "# unsafe",
            "# wrong",
            "# dangerous",
            "// vulnerable",
            "// unsafe",
        ]
        .iter()
        .any(|mark| line.contains(mark))
    }

    /// Whether code in a sentence is what is not to be used ("no `curl … | sh` in scripts"), or leads to an address that was made
    /// harmless ("hxxp://").
    fn is_ruled_out(&self, span: &Range<usize>) -> bool {
        let seen = self.folded_at(span.clone());
        let before = self.folded_at(span.start.saturating_sub(24)..span.start);
        let before = before.trim_end_matches(['`', '"', '\'', ' ', '(', '*']);
        let rest = self.folded_at(span.end..span.end.saturating_add(60));
        let rest = rest.split('\n').next().unwrap_or_default();
        let harmless = ["hxxp", "[.]"].iter().any(|mark| seen.contains(mark) || rest.contains(mark));
        let prose = self.block_at(span.start).is_some_and(|block| block.kind != BlockKind::Code);
        harmless || prose && RULED_OUT.iter().any(|word| ends_with_word(before, word))
    }

    /// Whether a sentence says that some program reads or keeps the file at `span`, and asks no one to take it.
    fn is_described(&self, span: &Range<usize>) -> bool {
        if self.block_at(span.start).is_none_or(|block| block.kind != BlockKind::Prose) {
            return false;
        }
        let before = self.folded_at(span.start.saturating_sub(Self::SENTENCE)..span.start);
        let begin = before.rfind(". ").map_or(0, |at| at.saturating_add(2));
        let begin = begin.max(before.rfind("\n\n").map_or(0, |at| at.saturating_add(2)));
        let begin = begin.max(before.rfind("\n- ").map_or(0, |at| at.saturating_add(3)));
        let head = before.get(begin..).unwrap_or_default();
        let after = self.folded_at(span.end..span.end.saturating_add(Self::SENTENCE));
        let rest = after.split(". ").next().unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let words = |text: &'_ str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric() && c != '-').map(str::to_owned).collect()
        };
        let (head_words, rest_words) = (words(head), words(rest));
        let says = head_words.iter().position(|word| DESCRIBES.contains(&&**word));
        let who = says.and_then(|at| head_words.get(..at)).unwrap_or_default();
        let someone = who.iter().any(|word| word.len() >= 2)
            && !who
                .iter()
                .any(|word| matches!(&**word, "you" | "agent" | "assistant" | "skill" | "script" | "then"));
        let taken = head_words.iter().chain(&rest_words).any(|word| TAKES.contains(&&**word));
        someone && !taken
    }

    /// Whether a text about defence names what stands at `span`, in code of a sentence, as something to be looked for.
    fn is_looked_for(&self, span: &Range<usize>, before: &str) -> bool {
        let prose = self.block_at(span.start).is_some_and(|block| block.kind == BlockKind::Prose);
        let paragraph = before.rsplit("\n\n").next().unwrap_or_default();
        let line = paragraph.rsplit('\n').next().unwrap_or_default();
        prose
            && line.matches('`').count() % 2 == 1
            && self.speaks_of_safety()
            && (SOUGHT.iter().any(|sought| paragraph.contains(sought))
                || self.heading_lists_signs(span.start))
    }

    /// Whether the heading above byte `at` says that what follows are signs of an attack, or how it works.
    fn heading_lists_signs(&self, at: usize) -> bool {
        let shown = self.document.blocks.get(..self.document.shown).unwrap_or_default();
        let above = shown.iter().rev().find(|block| block.kind == BlockKind::Heading && block.span.end <= at);
        above.is_some_and(|heading| {
            let heading = self.folded_at(heading.span.clone());
            SIGNS.iter().any(|word| heading.contains(word))
        })
    }

    /// Whether `span` is an item of a list that a text about defence begins with words such as "Look for:".
    fn is_listed_as_sought(&self, span: &Range<usize>) -> bool {
        if !self.speaks_of_safety() {
            return false;
        }
        let before = self.folded_at(span.start.saturating_sub(Self::LIST)..span.start);
        let mut lines = before.rsplit('\n');
        let item = |line: &str| line.trim_start().starts_with(['-', '*', '+']);
        lines.next().is_some_and(item)
            && lines.find(|line| !item(line) && !line.trim().is_empty()).is_some_and(|line| {
                line.trim_end().ends_with(':') && SOUGHT.iter().any(|sought| line.contains(sought))
            })
    }

    /// How far back the beginning of a list is looked for, in bytes.
    const LIST: usize = 2_000;
    /// How far back the beginning of a sentence is looked for, in bytes.
    const SENTENCE: usize = 160;
}

/// Words by which a text about defence says that something is to be found, not done.
static SOUGHT: [&str; 15] = [
    "queries for",
    "hunt for",
    "indicators",
    "signs of",
    "look for",
    "watch for",
    "search for",
    "scan for",
    "check for",
    "flag",
    "spot",
    "find ",
    "report",
    "such as",
    "e.g.",
];

/// Words before code that say that it is not to be used.
static RULED_OUT: [&str; 14] = [
    "no",
    "without",
    "instead of",
    "rather than",
    "nor",
    "against",
    "kein",
    "keine",
    "sin",
    "sans",
    "pas de",
    "sem",
    "без",
    "anstelle von",
];

/// Verbs by which a sentence says what a program does of itself.
static DESCRIBES: [&str; 15] = [
    "reads", "uses", "loads", "keeps", "stores", "expects", "finds", "takes", "honours", "honors",
    "consults", "caches", "saves", "lies", "lives",
];

/// Verbs by which someone is asked to take or send something.
static TAKES: [&str; 26] = [
    "copy",
    "send",
    "sends",
    "upload",
    "uploads",
    "post",
    "posts",
    "print",
    "prints",
    "cat",
    "show",
    "include",
    "paste",
    "collect",
    "collects",
    "attach",
    "encode",
    "forward",
    "forwards",
    "exfiltrate",
    "submit",
    "submits",
    "pass",
    "transmit",
    "transmits",
    "extract",
];

/// Headings of texts about defence under which signs of attacks stand.
static SIGNS: [&str; 14] = [
    "sign",
    "indicator",
    "ioc",
    "pattern",
    "technique",
    "behavio",
    "capabilit",
    "tactic",
    "symptom",
    "look for",
    "theft",
    "persistence",
    "exfiltration",
    "what it does",
];

/// Whether `text` ends with `word` as a word or words of their own.
fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
}

/// Whether `clause`, up to a quotation, says that someone else says what is quoted, and has no one say or write it.
fn cites(clause: &str) -> bool {
    let words = |list: &[&str]| clause.split(|c: char| !c.is_alphanumeric()).any(|word| list.contains(&word));
    let cites = [
        "such as \"",
        "such as `",
        "such as “",
        "text like",
        "texts like",
        "lines like",
        "messages like",
        "sentences like",
        "phrases like",
        "strings like",
        "may contain",
        "might contain",
        "can contain",
        "page says",
        "page that says",
        "file says",
        "document says",
        "mail says",
        "message says",
        "issue says",
        "comment says",
        "that say \"",
        "instructions like",
        "requests like",
        "requests to \"",
        "attempts to \"",
        "anything like",
        "prompts like",
    ]
    .iter()
    .any(|way| clause.contains(way));
    cites
        && !words(&["write", "append", "add", "insert", "put", "paste", "reply", "answer", "respond", "post"])
}
