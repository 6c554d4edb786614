//! Who had a hand in the value of an expression: branches, choices, sums, templates, chains of members and calls. Part of [`Origins`].

use super::bindings::Binding;
use super::clients::Client;
use super::sources::{SERVICES, answers, is_page, is_read, of_members};
use super::{Origin, Origins, PARTS};
use crate::javascript::lexer::Kind;
use crate::javascript::program::EXPRESSION;
use std::ops::Range;

impl<'a> Origins<'_, 'a> {
    /// Who had a hand in the value of an expression, or of expressions with commas between.
    pub(in crate::javascript) fn of_expression(&self, range: &Range<usize>) -> Option<Origin> {
        let depth = self.depth.get();
        if depth >= DEPTH {
            return self.of_any(range);
        }
        self.depth.set(depth.saturating_add(1));
        let origin = self.of_branches(range);
        self.depth.set(depth);
        origin
    }

    /// Who had a hand in any name of a range, whatever is done with it.
    pub(super) fn of_any(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        range.clone().take(EXPRESSION).take_while(|at| self.spend(*at, 1)).fold(None, |worst, at| {
            let before = at.checked_sub(2).map_or("", |before| program.word(before));
            let bound = Some(at).filter(|at| program.is_variable(*at));
            let bound = bound.and_then(|at| self.binding(program.word(at), at)?.origin);
            worst.max(bound).max(self.source(of_members(&[before], program.word(at))))
        })
    }

    /// The mark at `at`; empty for what is none.
    pub(super) fn mark(&self, at: usize) -> &'a str {
        if self.program.is(at, Kind::Mark) { self.program.word(at) } else { "" }
    }

    /// The index behind what begins at `at` on its level: behind a bracket's other, and behind the types in `name<A | B>(`.
    pub(super) fn behind(&self, at: usize) -> usize {
        let program = self.program;
        if self.mark(at) == "<" && !self.is_spaced(at) {
            let types = at..at.saturating_add(PARTS);
            let closed = types.into_iter().find(|close| {
                self.mark(*close) == ">" && matches!(self.mark(close.saturating_add(1)), "(" | "." | "`")
            });
            if let Some(closed) = closed {
                return closed.saturating_add(1);
            }
        }
        program.past(at)
    }

    /// Whether the sign at `at` has spaces around it, as one that compares has.
    pub(super) fn is_spaced(&self, at: usize) -> bool {
        let span = self.program.span(&(at..at.saturating_add(1)));
        let bytes = self.program.text.as_bytes();
        let blank = |index: usize| bytes.get(index).is_none_or(u8::is_ascii_whitespace);
        span.start.checked_sub(1).is_none_or(blank) && blank(span.end)
    }

    /// The condition of `a ? b : c` and what `a = b` replaces are no part of the value.
    pub(super) fn of_branches(&self, range: &Range<usize>) -> Option<Origin> {
        let limit = range.end.min(range.start.saturating_add(EXPRESSION));
        let (mut from, mut at) = (range.start, range.start);
        let mut worst = None;
        let mut condition: Option<Range<usize>> = None;
        while self.spend(at, 1) {
            let sign = if at < limit { self.mark(at) } else { "," };
            match sign {
                "?" | "=" | ":" | "," => {
                    let piece = from..at.min(limit);
                    let counts = matches!(sign, ":" | ",")
                        && !condition.is_some_and(|condition| self.is_listed(&condition, &piece));
                    if counts {
                        worst = worst.max(self.of_choice(&piece));
                    }
                    condition = (sign == "?").then_some(piece);
                    if at >= limit {
                        break;
                    }
                    at = at.saturating_add(1);
                    from = at;
                }
                // A function is no text of anyone.
                "=>" => {
                    at = self.past_arrow(at, limit);
                    from = at;
                    condition = None;
                }
                _ => at = self.behind(at),
            }
        }
        worst
    }

    /// Whether a condition says that `piece` is one of a list: `LIST.includes(piece)`.
    pub(super) fn is_listed(&self, condition: &Range<usize>, piece: &Range<usize>) -> bool {
        let program = self.program;
        let short = condition.len() <= PARTS && piece.len() <= PARTS && !piece.is_empty();
        if !short || self.mark(condition.start) == "!" || condition.clone().any(|at| self.mark(at) == "||") {
            return false;
        }
        condition.clone().any(|at| {
            let open = at.saturating_add(1);
            matches!(program.word(at), "includes" | "has" | "hasOwn")
                && self.mark(open) == "("
                && program.parts(open).iter().any(|given| self.is_same(given, piece))
        })
    }

    /// `a || b` and `a ?? b` are one of the two; `a && b` is `b` where it is a text.
    pub(super) fn of_choice(&self, range: &Range<usize>) -> Option<Origin> {
        let (mut from, mut at) = (range.start, range.start);
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let sign = self.mark(at);
            if matches!(sign, "||" | "??" | "&&") {
                if sign != "&&" {
                    worst = worst.max(self.of_sum(&(from..at)));
                }
                at = at.saturating_add(1);
                from = at;
            } else {
                at = self.behind(at);
            }
        }
        worst.max(self.of_sum(&(from..range.end)))
    }

    /// What compares gives a truth, what counts a number; only `+` puts texts together.
    pub(super) fn of_sum(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let (mut from, mut at, mut end) = (range.start, range.start, range.end);
        let mut worst = None;
        // Whether the summand that is read gives a number or a truth.
        let mut plain = false;
        while at < end && self.spend(at, 1) {
            let (sign, word) = (self.mark(at), program.word(at));
            let begins = at == from;
            let named = program.is(at, Kind::Word) && !begins;
            if named && matches!(word, "as" | "satisfies") {
                end = at;
                break;
            }
            if named && matches!(word, "in" | "instanceof") {
                return None;
            }
            at = match sign {
                "!" | "+" | "-" | "~" | "++" | "--" if begins => {
                    plain = true;
                    at.saturating_add(1)
                }
                "..." if begins => at.saturating_add(1),
                // `<T>x`
                "<" if begins => {
                    let closed = (at..end.min(at.saturating_add(PARTS))).find(|at| self.mark(*at) == ">");
                    closed.unwrap_or(at).saturating_add(1)
                }
                "==" | "===" | "!=" | "!==" | "<=" | ">=" | "|" | "&" | "^" => return None,
                "<" | ">" if self.is_spaced(at) => return None,
                "+" => {
                    worst = worst.max(if plain { None } else { self.of_operand(&(from..at)) });
                    plain = false;
                    at.saturating_add(1)
                }
                "-" => {
                    worst = None;
                    plain = true;
                    at.saturating_add(1)
                }
                "*" | "/" | "%" | "**" => {
                    plain = true;
                    at.saturating_add(1)
                }
                _ if begins && matches!(word, "typeof" | "void" | "delete") => {
                    plain = true;
                    at.saturating_add(1)
                }
                _ if begins && matches!(word, "await" | "new" | "yield" | "return" | "async") => {
                    at.saturating_add(1)
                }
                _ => {
                    at = self.behind(at);
                    continue;
                }
            };
            from = at;
        }
        if plain { worst } else { worst.max(self.of_operand(&(from..end))) }
    }

    /// Texts, templates, lists, objects and names, each with its members.
    pub(super) fn of_operand(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let mut at = range.start;
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let past = program.past(at);
            let inner = at.saturating_add(1)..past.saturating_sub(1);
            let (origin, next) = match (self.mark(at), program.word(at)) {
                ("`", _) => self.members("", None, self.of_holes(&inner), past),
                ("(" | "[" | "{", _) => self.members("", None, self.of_expression(&inner), past),
                ("", "function" | "class") if program.is(at, Kind::Word) => {
                    let body = (at..range.end).find(|index| program.word(*index) == "{");
                    (None, body.map_or(range.end, |body| program.past(body)))
                }
                ("", _) if program.is(at, Kind::Word) => self.chain(at),
                ("", _) => self.members("", None, None, past),
                _ => (None, past),
            };
            worst = worst.max(origin);
            at = next.max(at.saturating_add(1));
        }
        worst
    }

    /// Who had a hand in what the holes of a template put into it.
    pub(super) fn of_holes(&self, range: &Range<usize>) -> Option<Origin> {
        let mut at = range.start;
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let past = self.program.past(at);
            if self.mark(at) == "${" {
                worst = worst.max(self.of_expression(&(at.saturating_add(1)..past.saturating_sub(1))));
            }
            at = past;
        }
        worst
    }

    /// The index behind the body of the arrow at `arrow`.
    pub(super) fn past_arrow(&self, arrow: usize, limit: usize) -> usize {
        let body = arrow.saturating_add(1);
        if self.program.word(body) == "{" { self.program.past(body) } else { limit }
    }

    /// Who had a hand in the value of the chain of members and calls that begins with the name at `at`, and the index behind it.
    pub(super) fn chain(&self, at: usize) -> (Option<Origin>, usize) {
        let program = self.program;
        if !program.is_variable(at) {
            return (None, at.saturating_add(1));
        }
        let name = program.word(at);
        let found = self.binding(name, at);
        self.members(name, found, found.and_then(|binding| binding.origin), at.saturating_add(1))
    }

    /// Goes on from `name`, or from a value without one, through the members and calls from `index` on.
    pub(super) fn members(
        &self,
        name: &'a str,
        found: Option<&Binding<'a>>,
        mut origin: Option<Origin>,
        mut index: usize,
    ) -> (Option<Origin>, usize) {
        let program = self.program;
        let mut members: Vec<&str> = vec![name];
        let mut first = true;
        while members.len() < PARTS && index < self.until.get() && self.spend(index, 1) {
            match program.word(index) {
                "!" if program.is(index, Kind::Mark) => index = index.saturating_add(1),
                "." | "?." if program.is(index.saturating_add(1), Kind::Word) => {
                    let member = program.word(index.saturating_add(1));
                    let bounded = first && found.is_some_and(|binding| binding.checked.contains(member));
                    if bounded || is_plain(member, origin) {
                        origin = None;
                    }
                    origin = origin.max(self.source(of_members(&members, member)));
                    if first && name == "this" {
                        let field = self.field(index.saturating_add(1));
                        origin = origin.max(field.and_then(|field| self.binding(field, index)?.origin));
                    }
                    origin = origin.max(self.source(self.opened(&members, member)));
                    members.push(member);
                    first = false;
                    index = index.saturating_add(2);
                }
                "?." => index = index.saturating_add(1),
                "[" => {
                    let key = program.content(index.saturating_add(1));
                    if first
                        && key.is_some_and(|key| found.is_some_and(|binding| binding.checked.contains(key)))
                    {
                        origin = None;
                    }
                    first = false;
                    index = program.past(index);
                }
                "(" => {
                    let (last, whole) = (members.last().copied().unwrap_or_default(), members.join("."));
                    let client = if name.is_empty() { None } else { self.clients.get(name) };
                    let meant = client.map(|client| client.module).or_else(|| program.imported(name));
                    let path = meant.map_or(whole.clone(), |meant| whole.replacen(name, meant, 1));
                    if let Some(made) = self.made_by(&members, index) {
                        origin = self.of_made(made, index);
                    } else if is_read(&members) {
                        origin = origin.max(self.source(Some(Origin::Request)));
                    } else if answers(&path)
                        || self.asks_model(&members)
                        || self.asks_service(&path, index)
                        || client.is_some_and(|client| is_service(client.base))
                    {
                        origin = origin.max(self.source(Some(Origin::Answer)));
                    } else if let Some(opened) = self.reads_opened(&path, last, index) {
                        origin = origin.max(self.source(Some(opened)));
                    } else if self.asks_page(&path, index, client) || self.reads_page(&members) {
                        origin = origin.max(self.source(Some(Origin::Page)));
                    } else if GATHERS.contains(&path.as_str()) || path.starts_with("cheerio") {
                        origin = self.of_arguments(index);
                    } else if matches!(last, "map" | "flatMap") && members.len() > 1 {
                        // What is asked for each part of any list, by a function written here or named.
                        let first = index.saturating_add(1);
                        let named = program.past(index) == first.saturating_add(2);
                        let gathers = program.word(first) == "async" || named;
                        origin =
                            if origin.is_some() || gathers { self.of_mapped(index, origin) } else { None };
                    } else if whole == "$" && origin == Some(Origin::Page) {
                        // A part of the page, chosen by what stands in the brackets.
                    } else if PASSING.contains(&last)
                        || matches!(last, "replace" | "replaceAll")
                        || last == "exec" && is_pattern(&members, &path)
                    {
                        let inner = index.saturating_add(1)..program.past(index).saturating_sub(1);
                        if members.len() < 8 && inner.len() < EXPRESSION {
                            origin = origin.max(self.of_arguments(index));
                        }
                    } else if members.len() == 1
                        || TRUTHS.contains(&last)
                        || !OWN.contains(&last) && origin != Some(Origin::Answer)
                    {
                        // What another function makes of it is its own.
                        origin = None;
                    }
                    first = false;
                    index = program.past(index);
                }
                _ => break,
            }
        }
        (origin, index)
    }

    /// A source of values, unless only parameters count.
    pub(super) fn source(&self, origin: Option<Origin>) -> Option<Origin> {
        origin.filter(|_| !self.marking.get())
    }

    /// Whether the call of `path` whose `(` is at `open` asks a model's API by its address, or by a command of Bedrock's client.
    pub(super) fn asks_service(&self, path: &str, open: usize) -> bool {
        let program = self.program;
        if path.rsplit_once('.').is_some_and(|(_, name)| name == "send") {
            let command = open.saturating_add(2);
            return program.word(open.saturating_add(1)) == "new"
                && ["InvokeModel", "Converse"].iter().any(|begin| program.word(command).starts_with(begin));
        }
        crate::javascript::sinks::asks(path)
            && program.parts(open).first().is_some_and(|address| {
                address.clone().take(PARTS).any(|at| {
                    let piece = Some(program.word(at)).filter(|_| program.is(at, Kind::Piece));
                    program.content(at).or(piece).is_some_and(is_service)
                })
            })
    }

    /// Whether the call of `path` whose `(` is at `open` asks a server of others: one whose address the program is given, or that it
    /// names in public. What its own server or its own network answers is its own.
    fn asks_page(&self, path: &str, open: usize, client: Option<Client<'a>>) -> bool {
        let program = self.program;
        let Some(address) = program.parts(open).into_iter().next().filter(|_| is_page(path)) else {
            return false;
        };
        let begin = self.address(&address, client);
        match begin.split_once("://") {
            Some(_) => {
                crate::address::reach(crate::address::host(begin)) == Some(crate::address::Reach::Anywhere)
            }
            // A name, not a text that names a place of the program's own, and no address behind the program's own.
            None => {
                address.len() < PARTS
                    && program.is_variable(address.start)
                    && !address.clone().any(|at| self.mark(at) == "+")
            }
        }
    }

    /// Whether a call through `members` reads what a page holds that the program opened in a browser.
    ///
    /// Source: Playwright, "Page", "Locator"; Puppeteer, "Page".
    fn reads_page(&self, members: &[&str]) -> bool {
        let [first, .., last] = members else { return false };
        let reads = matches!(
            *last,
            "innerText"
                | "innerHTML"
                | "textContent"
                | "allInnerTexts"
                | "allTextContents"
                | "evaluate"
                | "$eval"
                | "$$eval"
        ) || *last == "content" && members.len() == 2;
        let opened = first.to_ascii_lowercase().ends_with("page")
            || members.contains(&"page")
            || members.contains(&"locator");
        reads
            && opened
            && self.program.imports_of(|path| BROWSERS.iter().any(|browser| path.starts_with(browser)))
    }

    /// What an editor's extension is told of the folder that is open: `workspace.workspaceFolders`.
    ///
    /// Source: Visual Studio Code, "VS Code API", namespaces `workspace` and `window`.
    fn opened(&self, members: &[&str], member: &str) -> Option<Origin> {
        let of_editor = members.first().and_then(|first| self.program.imported(first));
        (matches!(member, "workspaceFolders" | "rootPath" | "activeTextEditor")
            && of_editor.is_some_and(|path| path == "vscode" || path.starts_with("vscode.")))
        .then_some(Origin::Opened)
    }

    /// Whose word a call gives that reads what the opened folder holds: by the editor, or a file by a path in it.
    fn reads_opened(&self, path: &str, last: &str, open: usize) -> Option<Origin> {
        let by_editor = path.starts_with("vscode.")
            && (matches!(last, "openTextDocument" | "findFiles" | "findTextInFiles" | "getWorkspaceFolder")
                || path.ends_with("workspace.fs.readFile"));
        let shown = last == "getText"
            && self.program.imports_of(|path| path == "vscode" || path.starts_with("vscode."));
        if by_editor || shown {
            return Some(Origin::Opened);
        }
        let reads = matches!(last, "readFile" | "readFileSync" | "readdir" | "readdirSync");
        let of_path = || self.of_arguments(open).filter(|origin| *origin == Origin::Opened);
        if reads { of_path() } else { None }
    }

    pub(super) fn of_arguments(&self, open: usize) -> Option<Origin> {
        self.program.parts(open).iter().filter_map(|argument| self.of_expression(argument)).max()
    }

    /// Who had a hand in what the function in the `(` at `open` makes of each part of a list of `origin`.
    pub(super) fn of_mapped(&self, open: usize, origin: Option<Origin>) -> Option<Origin> {
        let program = self.program;
        let first = program.parts(open).into_iter().next()?;
        let Some((parameters, body)) = program.function(&first) else {
            if first.len() != 1 {
                return None;
            }
            let name = program.word(first.start);
            let made = self.made_by(&[name], open);
            let of_function = made.and_then(|made| {
                let handed_on = if made.passes { origin } else { None };
                self.source(made.returns).max(handed_on)
            });
            // What another function makes of it is its own.
            return of_function.or_else(|| origin.filter(|_| name == "String"));
        };
        let names: Vec<&str> = if self.mark(parameters.start) == "{" {
            program.pattern(parameters.start).into_iter().map(|(name, _)| name).collect()
        } else {
            vec![program.word(parameters.start)]
        };
        let held = origin.is_some()
            && body
                .clone()
                .take(EXPRESSION)
                .take_while(|at| self.spend(*at, 1))
                .any(|at| program.is_variable(at) && names.contains(&program.word(at)));
        let handed_on = if held { origin } else { None };
        // Whoever calls an exported function says what is asked for, and others may answer.
        if handed_on > Some(Origin::Opened) {
            return handed_on;
        }
        let inner = if self.mark(body.start) == "{" { body.start.saturating_add(1)..body.end } else { body };
        let block = inner.start.checked_sub(1).is_some_and(|open| self.mark(open) == "{");
        self.again.set(self.again.get() || block);
        let made = if block { self.of_returns(&inner) } else { self.of_expression(&inner) };
        made.max(handed_on)
    }
}

/// Whether `exec` of what stands before it finds a pattern in a text: of an expression written there, or of a name that no module
/// gave and no database has.
fn is_pattern(members: &[&str], path: &str) -> bool {
    let [name, _] = members else { return false };
    let lower = name.to_ascii_lowercase();
    let named = ["re", "regex", "regexp", "pattern", "rx", "matcher", "fence", "block", "expression"];
    name.is_empty() || path.starts_with(name) && named.iter().any(|end| lower.ends_with(end))
}

/// Whether an address is one at which models are asked.
fn is_service(address: &str) -> bool {
    SERVICES.iter().any(|service| address.contains(service))
}

/// Most expressions within one another of which each part is judged by what is done with it.
const DEPTH: usize = 60;
/// Functions whose result holds what they are given.
const PASSING: &[&str] = &[
    "String",
    "join",
    "resolve",
    "normalize",
    "from",
    "parse",
    "safeParse",
    "stringify",
    "concat",
    "format",
    "decodeURIComponent",
    "assign",
    "fileURLToPath",
    "decode",
    "joinPath",
    // What makes markup of it: of `marked`, `markdown-it`, `showdown`, `unified`.
    "marked",
    "parseInline",
    "render",
    "makeHtml",
    "processSync",
    "entries",
    "values",
    "keys",
    // What makes text or a document of it: of `jsdom`, `turndown`, `html-to-text`, Readability.
    "JSDOM",
    "parseHTML",
    "parseDocument",
    "turndown",
    "htmlToText",
    "Readability",
];
/// What waits for all, or the first, of a list.
const GATHERS: &[&str] = &["Promise.all", "Promise.allSettled", "Promise.any", "Promise.race"];
/// Modules that open pages in a browser.
const BROWSERS: &[&str] = &["playwright", "@playwright/", "puppeteer"];
/// Methods of a text or list whose result holds it.
const OWN: &[&str] = &[
    "trim",
    "trimStart",
    "trimEnd",
    "substr",
    "matchAll",
    "sort",
    "toString",
    "split",
    "slice",
    "substring",
    "replace",
    "replaceAll",
    "toLowerCase",
    "toUpperCase",
    "padEnd",
    "padStart",
    "at",
    "pop",
    "shift",
    "map",
    "filter",
    "json",
    "text",
    "match",
    "reverse",
    "flat",
    "get",
    "then",
    // Of a document.
    "html",
    "attr",
    "first",
    "last",
    "eq",
    "children",
    "contents",
    "closest",
    "next",
    "find",
    "remove",
    "end",
    "querySelector",
    "querySelectorAll",
    "getElementById",
];
/// Methods whose result is a truth or a number.
const TRUTHS: &[&str] =
    &["includes", "startsWith", "endsWith", "test", "indexOf", "has", "some", "every", "findIndex"];
/// Whether `member` holds nothing of whoever the value is of: numbers, and what the service says of its own answer. What a request calls
/// `id` its sender chose.
pub(super) fn is_plain(member: &str, origin: Option<Origin>) -> bool {
    PLAIN.contains(&member) && (origin == Some(Origin::Answer) || matches!(member, "length" | "signal"))
}

/// Members of an answer that hold nothing that the model wrote, and numbers.
const PLAIN: &[&str] = &[
    "length",
    "size",
    "usage",
    "id",
    "finish_reason",
    "status",
    "method",
    "signal",
    "isError",
    "success",
    "error",
];
