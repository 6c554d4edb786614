//! Pages that act on the messages of any other page: [`issues`].
//!
//! Source: HTML living standard, section 9.3, "Cross-document messaging", "Security": whoever receives messages compares their origin.

use super::lexer::Kind;
use super::program::{Call, Program};
use crate::Issue;
use crate::rules::EXPOSED_SERVICE;
use bartizan_core::Confidence;
use std::ops::Range;

/// Parameters and body of a function, as tokens.
type Handler = (Range<usize>, Range<usize>);

/// Handlers that do something with what they are sent and never look at who sent it.
pub(super) fn issues(program: &Program<'_>, calls: &[Call], issues: &mut Vec<Issue>) {
    for (parameters, body) in unchecked(program, calls) {
        if acts(program, &body) {
            let begin = parameters.start..parameters.start.saturating_add(1);
            let span = program.span(&begin);
            let message = "any page that opens or frames this one may send what it acts on";
            let issue = Issue::new(&EXPOSED_SERVICE, span, message).confidence(Confidence::Medium);
            issues
                .push(issue.remedy("Compare `event.origin` with the origins meant before the data is used."));
        }
    }
}

/// The handlers of messages between windows that do not look at their origin.
pub(super) fn unchecked(program: &Program<'_>, calls: &[Call]) -> Vec<Handler> {
    // The page of an editor's extension is sent messages by the extension alone.
    let of_editor = calls.iter().any(|call| call.name() == "acquireVsCodeApi");
    if of_editor {
        return Vec::new();
    }
    let listens = calls.iter().filter(|call| {
        call.name() == "addEventListener"
            && matches!(call.receiver(), "window" | "globalThis" | "window.top" | "window.parent")
            && call.arguments.first().is_some_and(|event| program.constant(event) == Some("message"))
    });
    let registered = listens.filter_map(|call| function(program, call.arguments.get(1)?));
    let assigned = (0..program.tokens.len()).filter_map(|at| {
        let named = program.word(at) == "onmessage" && program.is(at, Kind::Word);
        let window = at.checked_sub(2).is_some_and(|window| program.word(window) == "window");
        let equals = at.saturating_add(1);
        (named && window && program.word(equals) == "=")
            .then(|| function(program, &program.expression(equals.saturating_add(1))))?
    });
    registered
        .chain(assigned)
        .filter(|(parameters, body)| {
            !parameters.clone().chain(body.clone()).any(|at| {
                program.is(at, Kind::Word) && matches!(program.word(at), "origin" | "source" | "isTrusted")
            })
        })
        .collect()
}

/// The function that a range is, or that it names.
fn function(program: &Program<'_>, range: &Range<usize>) -> Option<Handler> {
    if let Some(function) = program.function(range) {
        return Some(function);
    }
    let name =
        Some(program.word(range.start)).filter(|_| range.len() == 1 && program.is_variable(range.start))?;
    (0..program.tokens.len()).find_map(|at| {
        let next = at.saturating_add(1);
        if program.word(next) != name || !program.is(next, Kind::Word) {
            return None;
        }
        match program.word(at) {
            "function" => {
                let begin = at.checked_sub(1).filter(|before| program.word(*before) == "async").unwrap_or(at);
                program.function(&(begin..program.tokens.len()))
            }
            "const" | "let" | "var" if program.word(next.saturating_add(1)) == "=" => {
                program.function(&program.expression(next.saturating_add(2)))
            }
            _ => None,
        }
    })
}

/// Whether a body asks a server or a model, shows markup, runs code or calls a tool.
fn acts(program: &Program<'_>, body: &Range<usize>) -> bool {
    body.clone().any(|at| {
        let next = program.word(at.saturating_add(1));
        match program.word(at) {
            "innerHTML" | "outerHTML" | "srcdoc" => matches!(next, "=" | "+="),
            "eval" | "fetch" | "axios" | "insertAdjacentHTML" | "Function" | "generateText"
            | "streamText" | "callTool" | "sendMessage" | "sendUserMessage" | "handleSubmit" | "invoke"
            | "execute" | "runTool" | "executeTool" | "run" | "exec" => next == "(",
            // `openai.chat.completions.create(…)`, `document.write(…)`
            "create" | "generateContent" | "write" => {
                let dot = at.checked_sub(1).is_some_and(|dot| program.word(dot) == ".");
                let owner = at.checked_sub(2).map_or("", |owner| program.word(owner));
                dot && next == "("
                    && matches!(owner, "completions" | "messages" | "responses" | "model" | "document")
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn pages_that_act_on_what_any_page_sends_are_found() {
        for code in [
            "window.addEventListener('message', async (event) => {\n  await fetch('/api/chat', { body: event.data.prompt });\n});",
            "window.onmessage = (e) => {\n  runTool(e.data.name);\n};",
            "window.addEventListener('message', onMessage);\nfunction onMessage(event) { client.responses.create({ input: event.data }); }",
        ] {
            assert!(
                lines("a.js", code).iter().any(|(_, rule)| *rule == "exposed-service"),
                "{code}: {:?}",
                lines("a.js", code)
            );
        }
        assert_eq!(
            lines("a.js", "window.addEventListener('message', (e) => {\n  out.innerHTML = e.data.html;\n});"),
            [(1, "exposed-service"), (2, "markup-from-data")]
        );
        for code in [
            "window.addEventListener('message', (e) => {\n  if (e.origin !== ORIGIN) return;\n  out.innerHTML = e.data.html;\n});",
            "window.addEventListener('message', (e) => { console.log(e.data); });",
            "const api = acquireVsCodeApi();\nwindow.addEventListener('message', (e) => { out.innerHTML = e.data.html; });",
            "worker.onmessage = (e) => { out.innerHTML = e.data.html; };",
            "window.addEventListener('resize', (e) => { fetch('/a'); });",
        ] {
            assert_eq!(lines("a.js", code), [], "{code}");
        }
    }
}
