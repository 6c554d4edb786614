//! Where values run, are shown, open files or ask addresses: the same rules as for Python.

mod by_origin;

use super::lexer::Kind;
use super::origin::{Origin, Origins, answers};
use super::program::{Call, EXPRESSION, Program};
use crate::Issue;
use crate::python::{
    ADDRESS_FROM_DATA, CODE_FROM_DATA, FILE_FROM_DATA, MARKUP_FROM_DATA, MODEL_OUTPUT_EXECUTED,
    PROMPT_FROM_UNTRUSTED_INPUT, SHELL_COMMAND_FROM_DATA, SQL_FROM_DATA,
};
use bartizan_core::{Confidence, Rule, Severity};
use std::ops::Range;

/// What a value does where it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Code,
    Shell,
    Sql,
    Markup,
    Prompt,
    File,
    Address,
    /// The name of the program that is started.
    Program,
    /// The name of a module whose code is loaded.
    Module,
}

/// Judges what `call` hands to a sink.
pub(super) fn call(program: &Program<'_>, origins: &Origins<'_, '_>, call: &Call, issues: &mut Vec<Issue>) {
    if by_origin::call(program, origins, call, issues) {
        return;
    }
    instructed(program, origins, call, issues);
    let Some((sink, given)) = sink(program, call) else { return };
    // Where the host is fixed, what follows chooses no other.
    if sink == Sink::Address && has_host(program, &given) {
        return;
    }
    if sink == Sink::Markup && !origins.is_markup(&given)
        || sink == Sink::Sql && !is_statement(program, &given)
    {
        return;
    }
    let span = program.span(&given);
    let name = call.name();
    let origin = origins.of_expression(&given).filter(|origin| counts(sink, *origin));
    let runs = matches!(sink, Sink::Code | Sink::Shell | Sink::Program);
    let looked_at = origin.is_some()
        && if runs {
            origins.is_bounded(&given, given.start)
        } else {
            origins.is_looked_at(&given, given.start)
        };
    let chosen = matches!(sink, Sink::File | Sink::Address | Sink::Program | Sink::Module);
    match origin {
        Some(_) if looked_at && chosen => {}
        Some(origin) => {
            let mut issue = of(sink, origin, name, span);
            if sink == Sink::Module && !program.beginning(&given).is_empty() {
                // One of those in a folder, or whatever a path out of it reaches.
                issue = issue.severity(Severity::Medium).confidence(Confidence::Medium);
            }
            if looked_at {
                issue = issue.severity(Severity::Low).confidence(Confidence::Low);
            }
            issues.push(issue);
        }
        None if matches!(sink, Sink::Code | Sink::Shell) && varies(program, &given) => {
            let (rule, what): (&'static Rule, &str) = if sink == Sink::Code {
                (&CODE_FROM_DATA, "runs a value that is not constant")
            } else {
                (&SHELL_COMMAND_FROM_DATA, "puts a value that is not constant into a shell command")
            };
            let issue = Issue::new(rule, span, format!("`{name}` {what}"));
            issues.push(issue.severity(Severity::Low).confidence(Confidence::Medium));
        }
        None => {}
    }
}

/// Judges the template behind the tag `$` at `at`, a command of Bun, zx, dax or execa. They quote what its holes hold: that is harmless
/// as an argument, and is not where a hole is raw, names the program, or stands behind the `-c` of a shell.
pub(super) fn tagged(program: &Program<'_>, origins: &Origins<'_, '_>, at: usize, issues: &mut Vec<Issue>) {
    let open = at.saturating_add(1);
    let Some(close) = program.tokens.get(open).and_then(|token| token.pair) else { return };
    let mut before = String::new();
    let mut index = open.saturating_add(1);
    while index < close && before.len() < LONGEST_COMMAND && origins.spend(index, 1) {
        let past = program.past(index);
        if program.is(index, Kind::Piece) {
            before.push_str(program.word(index));
        } else if program.word(index) == "${" {
            let mut hole = index.saturating_add(1)..past.saturating_sub(1);
            let raw = program.value(hole.start, "raw");
            let sink = if let Some(raw) = raw {
                hole = raw;
                Some(Sink::Shell)
            } else {
                quoted(&before)
            };
            if let Some(sink) = sink
                && let Some(origin) = origins.of_expression(&hole).filter(|origin| counts(sink, *origin))
                && !(sink == Sink::Program && origins.is_looked_at(&hole, hole.start))
            {
                issues.push(of(sink, origin, "$", program.span(&hole)));
            }
            before.push('x');
        }
        index = past;
    }
}

/// What a hole, whose value is quoted, is behind `before` in a command: code of a shell, the name of a program, or one of its arguments,
/// which is none.
fn quoted(before: &str) -> Option<Sink> {
    let words: Vec<&str> = before.split_ascii_whitespace().collect();
    let last = words.last().map_or("", |word| word.trim_end_matches(['"', '\'']));
    let shells = words.iter().any(|word| matches!(*word, "sh" | "bash" | "zsh" | "dash"));
    let begins = before.trim_end();
    if shells && matches!(last, "-c" | "-lc" | "-ec") || last == "eval" {
        Some(Sink::Shell)
    } else {
        (begins.is_empty() || begins.ends_with([';', '|', '&'])).then_some(Sink::Program)
    }
}

/// Longest text of a template read as a command, in bytes.
const LONGEST_COMMAND: usize = 16 << 10;

/// Judges `target = value` for pages, and messages with instructions; `at` is the sign.
pub(super) fn assigned(program: &Program<'_>, origins: &Origins<'_, '_>, at: usize, issues: &mut Vec<Issue>) {
    let target = at.checked_sub(1).map_or("", |before| program.word(before));
    let (sink, value) = match (program.word(at), target) {
        ("=" | "+=", "innerHTML" | "outerHTML" | "srcdoc" | "srcDoc") | (":", "__html") => {
            (Sink::Markup, program.expression(at.saturating_add(1)))
        }
        ("=", "rehypePlugins") => {
            raw_children(program, origins, at, issues);
            return;
        }
        // A page of an editor's extension.
        ("=", "html") if is_webview(program, at) => (Sink::Markup, program.expression(at.saturating_add(1))),
        (":", "role") if matches!(program.content(at.saturating_add(1)), Some("system" | "developer")) => {
            let open = program.tokens.get(at).and_then(|token| token.inside);
            let Some(open) =
                open.filter(|open| origins.spend(*open, program.past(*open).saturating_sub(*open)))
            else {
                return;
            };
            let Some(content) = program.value(open, "content") else { return };
            (Sink::Prompt, content)
        }
        _ => return,
    };
    let Some(origin) = origins.of_expression(&value) else { return };
    if counts(sink, origin) {
        issues.push(of(sink, origin, target, program.span(&value)));
    }
}

/// Judges what a component of Markdown shows that lets markup through: `rehypeRaw` without what cleans it; `at` is the sign behind
/// `rehypePlugins`.
///
/// Source: react-markdown, "Security"; rehype-raw, "Security".
fn raw_children(program: &Program<'_>, origins: &Origins<'_, '_>, at: usize, issues: &mut Vec<Issue>) {
    let open = at.saturating_add(1);
    let plugins = open..program.past(open).min(open.saturating_add(CHILDREN));
    let named = |wanted: &str| {
        plugins
            .clone()
            .any(|plugin| program.imported(program.word(plugin)).is_some_and(|path| path.starts_with(wanted)))
    };
    if !named("rehype-raw") || named("rehype-sanitize") {
        return;
    }
    let (mut child, limit) = (plugins.end, plugins.end.saturating_add(CHILDREN));
    while child < limit {
        let past = program.past(child);
        if program.word(child) == "{" && program.is(child, Kind::Mark) {
            let shown = child.saturating_add(1)..past.saturating_sub(1);
            if let Some(origin) = origins.of_expression(&shown).filter(|origin| counts(Sink::Markup, *origin))
            {
                issues.push(of(Sink::Markup, origin, "rehypeRaw", program.span(&shown)));
                return;
            }
        }
        // The end of the element.
        if program.word(child) == "<" {
            return;
        }
        child = past;
    }
}

/// Most tokens of a component of Markdown that are looked at.
const CHILDREN: usize = 48;

/// Whether `webview.html` stands before the sign at `at`.
///
/// Source: Visual Studio Code, "Webview API".
fn is_webview(program: &Program<'_>, at: usize) -> bool {
    let owner = at.checked_sub(3).filter(|owner| matches!(program.word(owner.saturating_add(1)), "." | "?."));
    owner.is_some_and(|owner| program.word(owner).to_ascii_lowercase().ends_with("webview"))
}

/// Judges what a call that asks a model, or makes an agent, is given as instructions.
///
/// Source: AI SDK Core, `generateText` (`system`); Anthropic, "Messages" (`system`); OpenAI, "Responses" and Agents SDK
/// (`instructions`); Gemini, `systemInstruction`; LangChain.js, `createAgent` (`systemPrompt`), `createReactAgent` (`prompt`).
fn instructed(program: &Program<'_>, origins: &Origins<'_, '_>, call: &Call, issues: &mut Vec<Issue>) {
    let mut given: Option<Range<usize>> = None;
    if call.name() == "SystemMessage" {
        given = call
            .arguments
            .first()
            .map(|first| program.value(first.start, "content").unwrap_or(first.clone()));
    } else if answers(&call.path) || AGENTS.contains(&call.name()) {
        let keys = ["system", "instructions", "systemPrompt", "systemInstruction", "system_instruction"];
        let of_agent = Some("prompt").filter(|_| call.name() == "createReactAgent");
        let objects = || call.arguments.iter().filter(|argument| program.word(argument.start) == "{");
        given = keys
            .iter()
            .copied()
            .chain(of_agent)
            .find_map(|key| objects().find_map(|object| program.value(object.start, key)));
    }
    let Some(given) = given else { return };
    if let Some(origin) = origins.of_expression(&given).filter(|origin| counts(Sink::Prompt, *origin)) {
        issues.push(of(Sink::Prompt, origin, call.name(), program.span(&given)));
    }
}

/// What makes an agent, or a model with instructions.
const AGENTS: &[&str] =
    &["Agent", "ToolLoopAgent", "createAgent", "createReactAgent", "getGenerativeModel", "RealtimeAgent"];

/// Whether it matters that a value of `origin` arrives at `sink`. Instructions are meant for models, whose own answers they may hold;
/// what another server answered is data to show, to store and to ask for, and matters where it runs or instructs.
fn counts(sink: Sink, origin: Origin) -> bool {
    match origin {
        Origin::Parameter => sink == Sink::Shell,
        Origin::Opened => matches!(sink, Sink::Shell | Sink::Prompt),
        Origin::Message => matches!(
            sink,
            Sink::Code | Sink::Shell | Sink::Program | Sink::Module | Sink::Prompt | Sink::Markup
        ),
        Origin::Page => matches!(sink, Sink::Code | Sink::Shell | Sink::Program | Sink::Prompt),
        Origin::Request => true,
        Origin::Answer | Origin::Tool => sink != Sink::Prompt,
    }
}

fn of(sink: Sink, origin: Origin, name: &str, span: Range<usize>) -> Issue {
    let who = origin.who();
    let model = matches!(origin, Origin::Answer | Origin::Tool);
    let name = bartizan_core::printable(name, 60);
    let (rule, message, severity): (&'static Rule, String, Severity) = match sink {
        Sink::Code if model => (&MODEL_OUTPUT_EXECUTED, format!("`{name}` runs {who}"), Severity::Critical),
        Sink::Shell if model => {
            (&MODEL_OUTPUT_EXECUTED, format!("`{name}` runs a command from {who}"), Severity::Critical)
        }
        Sink::Program if model => {
            (&MODEL_OUTPUT_EXECUTED, format!("`{name}` starts {who} as a program"), Severity::Critical)
        }
        Sink::Module if model => {
            (&MODEL_OUTPUT_EXECUTED, format!("`{name}` loads {who} as a module"), Severity::Critical)
        }
        Sink::Sql if model => {
            (&MODEL_OUTPUT_EXECUTED, format!("`{name}` sends {who} to a database"), Severity::High)
        }
        Sink::Markup if model => {
            (&MODEL_OUTPUT_EXECUTED, format!("`{name}` shows {who} as markup"), Severity::Medium)
        }
        // Who calls, and who opens a folder, is not the one who wrote what is harmful in it, but hands it on.
        Sink::Shell if matches!(origin, Origin::Parameter | Origin::Opened) => {
            (&SHELL_COMMAND_FROM_DATA, format!("`{name}` runs a command from {who}"), Severity::Medium)
        }
        Sink::Program => {
            (&SHELL_COMMAND_FROM_DATA, format!("`{name}` starts {who} as a program"), Severity::Critical)
        }
        Sink::Module => (&CODE_FROM_DATA, format!("`{name}` loads {who} as a module"), Severity::Critical),
        Sink::Code => (&CODE_FROM_DATA, format!("`{name}` runs {who}"), Severity::Critical),
        Sink::Shell => {
            (&SHELL_COMMAND_FROM_DATA, format!("`{name}` runs a command from {who}"), Severity::Critical)
        }
        Sink::Sql => (&SQL_FROM_DATA, format!("`{name}` sends {who} to a database"), Severity::High),
        Sink::Markup => {
            (&MARKUP_FROM_DATA, format!("`{name}` shows {who} as markup"), MARKUP_FROM_DATA.severity)
        }
        Sink::Prompt => (
            &PROMPT_FROM_UNTRUSTED_INPUT,
            format!("a model is given instructions that hold {who}"),
            PROMPT_FROM_UNTRUSTED_INPUT.severity,
        ),
        Sink::File => {
            (&FILE_FROM_DATA, format!("`{name}` is given a path that holds {who}"), FILE_FROM_DATA.severity)
        }
        Sink::Address => (
            &ADDRESS_FROM_DATA,
            format!("`{name}` asks an address that is {who}"),
            ADDRESS_FROM_DATA.severity,
        ),
    };
    let issue = Issue::new(rule, span, message).severity(severity).remedy(remedy(sink));
    if severity < Severity::High { issue.confidence(Confidence::Medium) } else { issue }
}

fn remedy(sink: Sink) -> &'static str {
    match sink {
        Sink::Code => {
            "Parse data with `JSON.parse` and let code of yours choose what to do; run generated code only in a sandbox."
        }
        Sink::Shell => {
            "Start the program with `execFile` or `spawn` and a list of arguments, without a shell."
        }
        Sink::Sql => "Bind the value as a parameter of the statement.",
        Sink::Markup => "Escape the value, or clean it with an allow-list, before it becomes markup.",
        Sink::Prompt => "Keep the instructions constant and pass the text as data in a message of its own.",
        Sink::File => {
            "Resolve the path and check that it lies below the folder meant, or give files names of your own."
        }
        Sink::Program | Sink::Module => {
            "Choose from a list of your own by what was asked for, and refuse everything else."
        }
        Sink::Address => "Choose from a list of addresses of your own, or compare the host with one.",
    }
}

/// What `call` hands where.
fn sink(program: &Program<'_>, call: &Call) -> Option<(Sink, Range<usize>)> {
    let first = call.arguments.first().cloned();
    let path = call.path.as_str();
    let (receiver, name) = (call.receiver(), call.name());
    let files = matches!(receiver, "fs" | "fs/promises" | "fs.promises" | "fs-extra" | "fsp");
    match name {
        "eval" if matches!(receiver, "" | "window" | "globalThis") => Some((Sink::Code, first?)),
        "Function"
            if receiver.is_empty()
                && call.begin.checked_sub(1).is_some_and(|new| program.word(new) == "new") =>
        {
            Some((Sink::Code, call.arguments.last().cloned()?))
        }
        "runInNewContext" | "runInThisContext" | "runInContext" | "Script" if receiver == "vm" => {
            Some((Sink::Code, first?))
        }
        "exec" | "execSync" if matches!(receiver, "child_process" | "shelljs" | "shell") => {
            Some((Sink::Shell, first?))
        }
        "execaCommand" | "execaCommandSync" | "command" if receiver == "execa" => Some((Sink::Shell, first?)),
        "spawn" | "spawnSync" | "execFile" | "execFileSync" | "execa"
            if matches!(receiver, "child_process" | "execa" | "cross-spawn") =>
        {
            started(program, call)
        }
        "Command" if receiver == "Deno" => {
            let list = call.arguments.get(1).and_then(|options| program.value(options.start, "args"));
            Some(program_started(program, &first?, list.as_ref()))
        }
        "run" if receiver == "Deno" => listed(program, &program.value(first?.start, "cmd")?),
        "spawn" | "spawnSync" if receiver == "Bun" => {
            let first = first?;
            listed(program, &program.value(first.start, "cmd").unwrap_or(first))
        }
        // Source: Visual Studio Code, "VS Code API", `Terminal.sendText`, `ShellExecution`.
        "sendText" | "ShellExecution"
            if program.imports_of(|path| path.split('.').next() == Some("vscode")) =>
        {
            Some((Sink::Shell, first?))
        }
        "import" | "require" if receiver.is_empty() => Some((Sink::Module, first?)),
        "send" | "write" | "end" if matches!(receiver, "res" | "response" | "reply") => {
            Some((Sink::Markup, first?))
        }
        "html" if matches!(receiver, "c" | "ctx" | "reply") => Some((Sink::Markup, first?)),
        "insertAdjacentHTML" => Some((Sink::Markup, call.arguments.get(1).cloned()?)),
        "query" | "execute" | "raw" | "prepare" | "exec" | "all" | "run" | "unsafe" | "$queryRawUnsafe"
        | "$executeRawUnsafe"
            if !receiver.is_empty() =>
        {
            Some((Sink::Sql, first?))
        }
        "readFile" | "readFileSync" | "writeFile" | "writeFileSync" | "appendFile" | "appendFileSync"
        | "createReadStream" | "createWriteStream" | "unlink" | "unlinkSync" | "rm" | "rmSync"
        | "readdir" | "readdirSync" | "copyFile" | "rename"
            if files =>
        {
            Some((Sink::File, first?))
        }
        "sendFile" if matches!(receiver, "res" | "response") && call.arguments.len() == 1 => {
            Some((Sink::File, first?))
        }
        _ if asks(path) => Some((Sink::Address, first?)),
        _ => None,
    }
}

/// What a program started with a list is given: a shell's text, or the program itself.
fn started(program: &Program<'_>, call: &Call) -> Option<(Sink, Range<usize>)> {
    let first = call.arguments.first()?;
    let with_shell = call.arguments.iter().skip(1).any(|options| {
        program.value(options.start, "shell").is_some_and(|shell| program.word(shell.start) != "false")
    });
    if with_shell {
        // Program and arguments are joined and read by a shell.
        return Some((Sink::Shell, first.start..call.close));
    }
    Some(program_started(program, first, call.arguments.get(1)))
}

/// What a program that is started as a list, its own name first, is given.
fn listed(program: &Program<'_>, list: &Range<usize>) -> Option<(Sink, Range<usize>)> {
    if program.word(list.start) != "[" {
        return Some((Sink::Program, list.clone()));
    }
    let parts = program.parts(list.start);
    let (first, rest) = parts.split_first()?;
    Some(interpreted(program, first, rest).unwrap_or_else(|| (Sink::Program, first.clone())))
}

/// What a program that is started with a list of arguments is given: code, or its own name.
fn program_started(
    program: &Program<'_>,
    first: &Range<usize>,
    list: Option<&Range<usize>>,
) -> (Sink, Range<usize>) {
    let list = list.filter(|list| program.word(list.start) == "[");
    let parts = list.map(|list| program.parts(list.start)).unwrap_or_default();
    interpreted(program, first, &parts).unwrap_or_else(|| (Sink::Program, first.clone()))
}

/// The argument that a shell or an interpreter of this name runs as code.
fn interpreted(
    program: &Program<'_>,
    first: &Range<usize>,
    arguments: &[Range<usize>],
) -> Option<(Sink, Range<usize>)> {
    let name = program.constant(first).map(|path| path.rsplit('/').next().unwrap_or(path));
    let takes_code = |word: &str| matches!(word, "-c" | "-lc" | "/c" | "-e" | "--eval" | "-Command" | "-p");
    let flag = arguments.iter().position(|part| program.constant(part).is_some_and(takes_code))?;
    let code = arguments.get(flag.saturating_add(1)).cloned()?;
    match name {
        Some("sh" | "bash" | "zsh" | "dash" | "cmd" | "cmd.exe" | "powershell" | "pwsh") => {
            Some((Sink::Shell, code))
        }
        Some("node" | "deno" | "bun" | "python" | "python3" | "perl" | "ruby") => Some((Sink::Code, code)),
        _ => None,
    }
}

/// Whether what is called asks an address.
pub(super) fn asks(path: &str) -> bool {
    matches!(
        path,
        "fetch"
            | "globalThis.fetch"
            | "node-fetch"
            | "axios"
            | "got"
            | "undici.fetch"
            | "undici.request"
            | "ky"
            | "ofetch"
            | "ofetch.ofetch"
            | "ofetch.$fetch"
            | "$fetch"
            | "cross-fetch"
    ) || path.rsplit_once('.').is_some_and(|(receiver, name)| {
        matches!(receiver, "axios" | "got" | "http" | "https" | "needle" | "superagent" | "ky" | "node-fetch")
            && matches!(name, "get" | "post" | "put" | "patch" | "delete" | "request" | "head" | "default")
    })
}

/// Whether an address begins with its host: `https://host/…`.
fn has_host(program: &Program<'_>, given: &Range<usize>) -> bool {
    let begin = program.beginning(given);
    let rest = begin.split_once("://").map(|(_, rest)| rest);
    // A relative address stays where it is asked from.
    rest.is_some_and(|rest| rest.contains('/') || given.len() == 1) || begin.starts_with('/')
}

/// Whether a text begins as a statement of SQL and has values in it.
fn is_statement(program: &Program<'_>, given: &Range<usize>) -> bool {
    let begin = program.beginning(given).trim_start().to_ascii_lowercase();
    ["select ", "insert ", "update ", "delete ", "drop ", "create ", "alter ", "with ", "truncate "]
        .iter()
        .any(|verb| begin.starts_with(verb))
}

/// Whether a text has a part that is not constant: a hole or a summand that is neither a constant's name nor of the environment.
fn varies(program: &Program<'_>, given: &Range<usize>) -> bool {
    let put_together = program.word(given.start) == "`" || given.clone().any(|at| program.word(at) == "+");
    let named = given.len() == 1 && program.is(given.start, Kind::Word);
    (put_together || named)
        && given.clone().take(EXPRESSION).any(|at| {
            let word = program.word(at);
            let constant =
                word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            program.is_variable(at)
                && !constant
                && !matches!(
                    word,
                    "process"
                        | "__dirname"
                        | "path"
                        | "import"
                        | "os"
                        | "this"
                        | "undefined"
                        | "null"
                        | "await"
                        | "String"
                )
                && !named
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn pages_of_an_editor_and_what_is_added_to_a_page_show_no_answer_as_markup() {
        let shown = |code: &str| {
            lines(
                "a.ts",
                &format!(
                    "const r = await client.responses.create({{}});\nconst text = r.output_text;\n{code}"
                ),
            )
        };
        for code in [
            "panel.webview.html = `<p>${text}</p>`;",
            "this.webview.html = text;",
            "out.innerHTML += `<p>${text}</p>`;",
            "frame.srcdoc = text;",
        ] {
            assert_eq!(shown(code), [(3, "model-output-executed")], "{code}");
        }
        for code in [
            "panel.webview.html = `<p>${escapeHtml(text)}</p>`;",
            "note.html = text;",
            "out.textContent += text;",
        ] {
            assert_eq!(shown(code), [], "{code}");
        }
    }

    #[test]
    fn markdown_that_lets_markup_through_shows_no_answer() {
        let shown = |plugins: &str| {
            let code = format!(
                "import Markdown from 'react-markdown'; import rehypeRaw from 'rehype-raw'; import rehypeSanitize from 'rehype-sanitize'; import {{ useChat }} from '@ai-sdk/react';\nexport function A() {{ const {{ messages }} = useChat();\nreturn messages.map((m) => <Markdown rehypePlugins={{[{plugins}]}}>{{m.content}}</Markdown>); }}"
            );
            lines("a.tsx", &code)
        };
        assert_eq!(shown("rehypeRaw"), [(3, "model-output-executed")]);
        assert_eq!(shown("rehypeRaw, rehypeSanitize"), []);
        assert_eq!(shown("rehypeKatex"), []);
    }

    #[test]
    fn what_an_opened_folder_holds_gives_no_instructions_and_answers_reach_no_terminal() {
        let of_editor = |code: &str| {
            let head = "import * as vscode from 'vscode'; import * as fs from 'fs'; import * as path from 'path';\nconst root = vscode.workspace.workspaceFolders![0].uri.fsPath;\n";
            lines("a.ts", &format!("{head}{code}"))
        };
        let instructs = |text: &str| {
            format!(
                "const text = {text};\nclient.responses.create({{ instructions: `Follow ${{text}}`, input: 'x' }});"
            )
        };
        for text in [
            "fs.readFileSync(path.join(root, 'README.md'), 'utf8')",
            "new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, 'README.md')))",
            "(await vscode.workspace.openTextDocument(uri)).getText()",
        ] {
            assert_eq!(of_editor(&instructs(text)), [(4, "prompt-from-untrusted-input")], "{text}");
        }
        for text in ["fs.readFileSync(path.join(__dirname, 'prompt.md'), 'utf8')", "context.extension.id"] {
            assert_eq!(of_editor(&instructs(text)), [], "{text}");
        }
        let sends = "const r = await client.responses.create({});\nterminal.sendText(r.output_text);";
        assert_eq!(of_editor(sends), [(4, "model-output-executed")]);
        assert_eq!(of_editor("terminal.sendText('npm test');"), []);
        assert_eq!(lines("a.ts", sends), []);
    }
}
