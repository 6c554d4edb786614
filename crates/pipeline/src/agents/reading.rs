//! One text for an agent, read once: its blocks, the acts in it, the addresses. The rules look at a [`Reading`].

use super::acts::{Act, Sign};
use super::commands::COMMANDS;
use super::document::{Block, BlockKind, Document, warns};
use super::hints::{Hint, hints};
use super::hosts::{Address, Host, addresses};
use super::intents;
use super::joined::Joined;
use super::sayings::SAYINGS;
use super::statements::{Weighed, weighed};
use crate::Text;
use bartizan_text::injection::canonical::Canonical;
use std::collections::BTreeMap;
use std::ops::Range;

/// What the text is to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The description of a skill, or instructions, rules and memory of an agent: followed.
    Instructions,
    /// A script beside a skill: run.
    Script,
    /// Another text beside a skill, or one in a repository: read.
    Reference,
}

/// A text and what it does.
pub(crate) struct Reading<'t> {
    /// The text.
    pub(crate) text: &'t Text<'t>,
    /// What it is to the agent.
    pub(crate) role: Role,
    /// Its parts; a script is one block of code.
    pub(crate) document: Document,
    /// What it does and asks for, by place.
    pub(crate) signs: Vec<Sign>,
    /// Wordings that say something only together, in prose, by place.
    pub(crate) hints: Vec<(Hint, Range<usize>)>,
    /// What sentences have done that the purpose does not explain, by place.
    pub(crate) statements: Vec<Weighed>,
    /// In lower case, lengths kept.
    pub(crate) folded: String,
    /// What it says it is about: name, description, title; in lower case.
    pub(crate) subject: String,
}

impl<'t> Reading<'t> {
    /// Reads `text`. Time grows with its length.
    pub(crate) fn of(text: &'t Text<'t>, role: Role) -> Self {
        let mut reading = Self::without_signs(text, role);
        reading.commands();
        reading.sayings();
        if role == Role::Script {
            reading.signs.extend(super::loops::endless(text.content).map(|span| Sign {
                act: Act::LoopsForever,
                span,
                aside: false,
            }));
            let open = super::paths::unchecked(&reading.folded).into_iter();
            reading.signs.extend(open.map(|span| Sign { act: Act::OpensGivenPath, span, aside: false }));
        }
        reading.hints.sort_by_key(|(hint, span)| (span.start, *hint));
        reading.signs.sort_by_key(|sign| (sign.span.start, sign.act));
        reading
    }

    /// `text` and its parts. What it does and asks for is not looked for: that takes tables which are made when they are first
    /// needed, for some milliseconds.
    pub(crate) fn without_signs(text: &'t Text<'t>, role: Role) -> Self {
        let folded = text.content.to_ascii_lowercase();
        let document = if role == Role::Script {
            let whole = Block { kind: BlockKind::Code, span: 0..folded.len(), warned: false };
            Document { blocks: vec![whole], shown: 1, fields: Vec::new() }
        } else {
            Document::of(text.content)
        };
        let mut reading = Self {
            text,
            role,
            document,
            signs: Vec::new(),
            hints: Vec::new(),
            statements: Vec::new(),
            folded,
            subject: String::new(),
        };
        reading.subject = reading.about();
        if role != Role::Instructions {
            reading.subject.push_str(&super::beside::subject_above(text));
        }
        reading
    }

    /// A meant sign near `place`: within [`Self::NEAR`] bytes, or anywhere in a script.
    pub(crate) fn near(&self, place: &Range<usize>, wanted: impl Fn(Act) -> bool) -> Option<&Sign> {
        let reach = if self.role == Role::Script { usize::MAX } else { Self::NEAR };
        let from = place.start.saturating_sub(reach);
        let to = place.end.saturating_add(reach);
        self.signs.iter().find(|sign| {
            !sign.aside
                && wanted(sign.act)
                && sign.span.end >= from
                && sign.span.start <= to
                && sign.span != *place
        })
    }

    /// What goes out near `taking` and may be what was taken there.
    pub(crate) fn sends_near(&self, taking: &Sign) -> Option<&Sign> {
        let reach = if self.role == Role::Script { usize::MAX } else { Self::NEAR };
        self.signs.iter().find(|sign| {
            matches!(sign.act, Act::Sends | Act::SendsInAddress)
                && !sign.aside
                && sign.span.end >= taking.span.start.saturating_sub(reach)
                && sign.span.start <= taking.span.end.saturating_add(reach)
                && sign.span != taking.span
                && !self.sends_another(taking, sign)
        })
    }

    /// The least trusted address that stands on the logical line of `place`, and what its name tells.
    pub(crate) fn address_at(&self, place: &Range<usize>) -> Option<(Address<'_>, Host)> {
        let start = self
            .folded
            .get(..place.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at.saturating_add(1));
        let end = self
            .folded
            .get(place.end..)
            .and_then(|rest| rest.find('\n'))
            .map_or(self.folded.len(), |at| at.saturating_add(place.end));
        let line = self.folded.get(start..end)?;
        let found = addresses(line).into_iter().map(|address| (address.sort(), address));
        found.max_by_key(|(host, _)| *host).map(|(host, mut address)| {
            address.span = address.span.start.saturating_add(start)..address.span.end.saturating_add(start);
            (address, host)
        })
    }

    /// Every address of the text.
    pub(crate) fn addresses(&self) -> Vec<Address<'_>> {
        addresses(&self.folded)
    }

    /// The block that holds byte `at`.
    pub(super) fn block_at(&self, at: usize) -> Option<&Block> {
        self.document.block_at(at)
    }

    /// The text of `span` in lower case.
    pub(crate) fn folded_at(&self, span: Range<usize>) -> &str {
        let start = self.folded.floor_char_boundary(span.start);
        let end = self.folded.ceil_char_boundary(span.end);
        self.folded.get(start..end).unwrap_or_default()
    }

    /// `span` widened by `bytes` to both sides, in lower case.
    pub(crate) fn around(&self, span: &Range<usize>, bytes: usize) -> &str {
        self.folded_at(span.start.saturating_sub(bytes)..span.end.saturating_add(bytes))
    }

    fn about(&self) -> String {
        let mut about = String::new();
        for field in ["name", "description", "title", "homepage", "author"] {
            if let Some((value, _)) = self.document.field(field) {
                about.push_str(&value.to_lowercase());
                about.push(' ');
            }
        }
        if let Some(title) = self.document.blocks.iter().find(|block| block.kind == BlockKind::Heading) {
            about.push_str(self.folded_at(title.span.clone()));
        }
        about
    }

    /// Finds what code and commands do, anywhere in the text.
    fn commands(&mut self) {
        let code = joined_lines(&without_comments(&self.folded, self.role));
        let found: Vec<Sign> = COMMANDS
            .matches(&code)
            .filter(|(act, span)| !self.is_innocent(*act, span))
            .map(|(act, span)| Sign { act, aside: self.is_aside(&span, false), span })
            .collect();
        self.signs.extend(found);
        let later = super::fetched::run_later(&code).into_iter();
        let later: Vec<Sign> = later
            .map(|span| Sign { act: Act::RunsFetched, aside: self.is_aside(&span, false), span })
            .collect();
        self.signs.extend(later);
        if self.role == Role::Script {
            let dropped = super::fetched::dropped(&code);
            self.signs.extend(dropped.map(|span| Sign { act: Act::RunsFetched, span, aside: false }));
            self.steps(&code, 0);
            if super::beside::is_hook(self.text) && HOOK_INPUT.iter().any(|input| code.contains(input)) {
                self.signs.push(Sign { act: Act::ReadsHookInput, span: 0..0, aside: false });
            }
        } else {
            let blocks: Vec<Range<usize>> = self
                .document
                .blocks
                .iter()
                .filter(|block| block.kind == BlockKind::Code && !block.warned)
                .map(|block| block.span.clone())
                .collect();
            for block in blocks {
                let Some(part) = code.get(block.clone()) else { continue };
                self.steps(part, block.start);
            }
        }
    }

    /// Finds what `code`, which begins at byte `from` of the text, does by several steps or puts together of constants.
    fn steps(&mut self, code: &str, from: usize) {
        let joined = Joined::of(code);
        let whole = joined.as_ref().map_or(code, Joined::text);
        let place = |span: Range<usize>| {
            let span = joined.as_ref().map_or(span.clone(), |joined| joined.origin(&span));
            span.start.saturating_add(from)..span.end.saturating_add(from)
        };
        let mut found: Vec<(Act, Range<usize>)> = super::chains::acts(whole)
            .into_iter()
            // What a text shows of settings is for its reader to write.
            .filter(|(act, _)| self.role == Role::Script || *act != Act::ChangesAgent)
            .map(|(act, span)| (act, place(span)))
            .collect();
        if joined.is_some() {
            // What stands in the code as it is was found before.
            let told = |act: Act| TOLD_BY_PLACE.contains(&act);
            found.extend(
                COMMANDS.matches(whole).filter(|(act, _)| told(*act)).map(|(act, span)| (act, place(span))),
            );
        }
        for (act, span) in found {
            let known = self
                .signs
                .iter()
                .any(|sign| sign.act == act && sign.span.start <= span.end && span.start <= sign.span.end);
            if !known && !self.is_innocent(act, &span) && !self.is_aside(&span, false) {
                self.signs.push(Sign { act, span, aside: false });
            }
        }
    }

    /// Finds what sentences ask for: in prose, headings, front matter and comments.
    fn sayings(&mut self) {
        let pieces: Vec<(Range<usize>, bool)> = if self.role == Role::Script {
            comments_of_code(self.text.content).into_iter().map(|span| (span, false)).collect()
        } else {
            self.document
                .blocks
                .iter()
                .flat_map(|block| {
                    let whole = block.kind != BlockKind::Code
                        || !self.is_program(block) && !looks_like_code(self.folded_at(block.span.clone()));
                    // Of a program only the comments speak to anyone.
                    let spans = if whole {
                        vec![block.span.clone()]
                    } else {
                        let code = self.text.content.get(block.span.clone()).unwrap_or_default();
                        let shifted = |span: Range<usize>| {
                            span.start.saturating_add(block.span.start)
                                ..span.end.saturating_add(block.span.start)
                        };
                        comments_of_code(code).into_iter().map(shifted).collect()
                    };
                    spans.into_iter().map(|span| (span, block.warned)).collect::<Vec<_>>()
                })
                .collect()
        };
        let mut counts: BTreeMap<(Act, bool), usize> = BTreeMap::new();
        for (piece, warned) in pieces {
            let Some(raw) = self.text.content.get(piece.clone()) else { continue };
            let canonical = Canonical::of(raw);
            let mut said: Vec<(Act, Range<usize>)> = SAYINGS.matches(canonical.text()).collect();
            for (act, found) in intents::asked(canonical.text()) {
                let known = |(other, span): &(Act, Range<usize>)| {
                    *other == act && span.start < found.end && found.start < span.end
                };
                if !said.iter().any(known) {
                    said.push((act, found));
                }
            }
            if self.role != Role::Script {
                let origin = |at: usize| piece.start.saturating_add(canonical.origin(at));
                let hinted = hints(canonical.text()).into_iter();
                let hinted = hinted.map(|(hint, found)| (hint, origin(found.start)..origin(found.end)));
                let meant: Vec<_> = hinted.filter(|_| !warned).collect();
                self.hints.extend(meant);
                if !warned {
                    let capital = |at: usize| {
                        let place = canonical.origin(at);
                        raw.get(place..).and_then(|rest| rest.chars().next()).is_some_and(char::is_uppercase)
                    };
                    let description = self.document.field("description").map_or("", |(value, _)| value);
                    let found = weighed(canonical.text(), &self.subject, description, &capital);
                    self.statements.extend(found.into_iter().map(|found| Weighed {
                        span: origin(found.span.start)..origin(found.span.end),
                        ..found
                    }));
                }
            }
            for (act, found) in said {
                let span = piece.start.saturating_add(canonical.origin(found.start))
                    ..piece.start.saturating_add(canonical.origin(found.end));
                if self.is_innocent(act, &span) {
                    continue;
                }
                // A match that goes on into the next sentence is turned round by that one.
                let crossed = canonical
                    .text()
                    .get(found.clone())
                    .and_then(|seen| seen.rsplit_once(". "))
                    .is_some_and(|(_, last)| warns(last));
                let aside = crossed || warned && act != Act::Conceals || self.is_aside(&span, true);
                let count = counts.entry((act, aside)).or_default();
                *count = count.saturating_add(1);
                if *count <= SIGNS {
                    self.signs.push(Sign { act, span, aside });
                }
            }
        }
    }

    /// Whether a command at `span` is shown as wrong and not asked for.
    pub(crate) fn is_shown(&self, span: &Range<usize>) -> bool {
        self.is_aside(span, false)
    }

    /// Whether the fence of `block` names a programming language.
    fn is_program(&self, block: &Block) -> bool {
        let before = self.folded.get(..block.span.start).unwrap_or_default().trim_end();
        let fence = before.rsplit('\n').next().unwrap_or_default().trim();
        let language = fence.trim_start_matches(['`', '~']).trim();
        let language = language.split([' ', ',', '{']).next().unwrap_or_default();
        !language.is_empty()
            && !matches!(
                language,
                "text" | "txt" | "markdown" | "md" | "plaintext" | "prompt" | "none" | "html" | "xml"
            )
    }

    /// Whether the subject is the defence of systems, so that quoted attacks are examples.
    pub(crate) fn speaks_of_safety(&self) -> bool {
        [
            "security",
            "pentest",
            "penetration",
            "vulnerab",
            "red team",
            "red-team",
            "malware",
            "threat",
            "injection",
            "guardrail",
            "audit",
            "review",
            "forensic",
            "phishing",
            "redteam",
            "jailbreak",
            "adversarial",
        ]
        .iter()
        .any(|word| self.subject.contains(word))
    }

    /// How far apart two acts of one intent may stand in a text, in bytes.
    const NEAR: usize = 800;
}

/// Most signs of one act, meant or shown, that sentences of one text give: each is looked at beside the others.
const SIGNS: usize = 256;

/// How the program of a hook takes what it is told.
static HOOK_INPUT: [&str; 9] = [
    "$(cat)",
    "json.load(sys.stdin",
    "sys.stdin.read(",
    "process.stdin",
    "/dev/stdin",
    "readfilesync(0",
    "cat |",
    "$(</dev/stdin)",
    "-d @-",
];
/// Acts that are told by a place or a command, however it is put together.
static TOLD_BY_PLACE: [Act; 14] = [
    Act::ReadsCredentials,
    Act::ReadsBrowser,
    Act::ReadsWallet,
    Act::ReadsConversation,
    Act::ReadsHome,
    Act::Sends,
    Act::SendsInAddress,
    Act::RunsFetched,
    Act::RunsDecoded,
    Act::ReverseShell,
    Act::Persists,
    Act::AddsLogin,
    Act::WritesMemory,
    Act::Destroys,
];

/// `folded` with the lines that are only a comment of code blanked, lengths kept.
fn without_comments(folded: &str, role: Role) -> String {
    if role != Role::Script {
        return folded.to_owned();
    }
    let mut out = String::with_capacity(folded.len());
    for line in folded.split_inclusive('\n') {
        let begins = line.trim_start();
        if begins.starts_with("//") || begins.starts_with('#') && !begins.starts_with("#!") {
            out.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// `code` with lines that a backslash continues made one, lengths kept.
fn joined_lines(code: &str) -> String {
    code.replace("\\\r\n", "   ").replace("\\\n", "  ")
}

/// Spans of comment lines that follow each other, and of texts in three quotes.
fn comments_of_code(code: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut at = 0_usize;
    for line in code.split_inclusive('\n') {
        let span = at..at.saturating_add(line.len());
        at = span.end;
        let begins = line.trim_start();
        if begins.starts_with('#') || begins.starts_with("//") || begins.starts_with("* ") {
            match spans.last_mut() {
                Some(last) if last.end == span.start => last.end = span.end,
                _ => spans.push(span),
            }
        }
    }
    for quote in ["\"\"\"", "'''"] {
        let mut places = memchr::memmem::find_iter(code.as_bytes(), quote);
        while let (Some(open), Some(close)) = (places.next(), places.next()) {
            spans.push(open..close);
        }
    }
    spans
}

/// Whether a fenced block is a program or data, and not text that someone is to say or follow.
fn looks_like_code(block: &str) -> bool {
    let lines = block.lines().filter(|line| !line.trim().is_empty());
    let (mut all, mut code) = (0_usize, 0_usize);
    for line in lines.take(60) {
        all = all.saturating_add(1);
        let line = line.trim();
        let ends = line.ends_with(['{', '}', ';', ')', '(', ',', '[', ']', ':', '\\', '>']);
        let begins = [
            "$", "#", "//", "import ", "from ", "const ", "let ", "var ", "def ", "return", "export ",
            "curl ", "npm ", "pip ", "\"", "@", "<",
        ]
        .iter()
        .any(|start| line.starts_with(start));
        if ends || begins || line.contains(" = ") || line.contains("()") || line.contains("=>") {
            code = code.saturating_add(1);
        }
    }
    code.saturating_mul(2) >= all
}
