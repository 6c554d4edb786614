//! Examines Python source as a whole: cut into windows, parsed, walked, concluded.

use super::exports::Exports;
use super::module::{Module, Report};
use super::neighbours::Origin;
use super::rules;
use super::walk::{State, Walk};
use bartizan_core::Severity;
use bartizan_core::python::{MOST_LEVELS, Piece, levels, pieces};
use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;

/// Source to examine, and what is known of it before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// Where it begins in the whole.
    pub(super) base: usize,
    /// What it is written in.
    pub(super) kind: Language,
}

/// What a piece of source is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Python.
    Python,
    /// Python with IPython's lines (`!`, `%`).
    Notebook,
    /// Commands of a shell.
    Shell,
}

/// What an examination gave.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// Findings, and what was judged.
    pub(super) module: Module,
    /// Places not analysed, with the reason.
    pub(super) gaps: Vec<(usize, String)>,
}

/// Nesting from which the walk gets a stack of its own.
const OWN_STACK_FROM: usize = 24;
/// Size of that stack, in bytes: over 10 KiB for each level of [`MOST_LEVELS`], for each call followed.
const OWN_STACK: usize = 256 << 20;
/// What the syntax tree of one window may take, in the units of [`Piece::parts`]: about 50 MB.
const MOST_PARTS: usize = 280_000;
/// Longest source read, in bytes.
const SOURCE_BYTES: usize = 16 << 20;

/// Examines `cells`, which share one namespace, run in order and lie at `origin`.
pub(super) fn examine(cells: &[Code<'_>], origin: Option<Origin<'_>>) -> Examined {
    let deepest = cells.iter().map(|cell| levels(cell.text)).max().unwrap_or(0);
    if deepest < OWN_STACK_FROM {
        return inspect(cells, origin);
    }
    let worker = std::thread::Builder::new().stack_size(OWN_STACK);
    let walked = std::thread::scope(|scope| {
        let running = worker.spawn_scoped(scope, || inspect(cells, origin));
        running.ok().and_then(|running| running.join().ok())
    });
    walked.unwrap_or_else(|| Examined {
        gaps: vec![(0, "Python source was not examined: no memory for its nesting".to_owned())],
        ..Examined::default()
    })
}

fn inspect(cells: &[Code<'_>], origin: Option<Origin<'_>>) -> Examined {
    let mut state = State::default();
    let mut gaps = Vec::new();
    for cell in cells {
        let read = cell.text.get(..cell.text.floor_char_boundary(SOURCE_BYTES)).unwrap_or(cell.text);
        if read.len() < cell.text.len() {
            gaps.push((
                cell.base.saturating_add(read.len()),
                "Python source longer than 16 MiB was read only to there".to_owned(),
            ));
        }
        if cell.kind == Language::Shell {
            commands(read, cell.base, &mut state.module, &mut gaps);
            continue;
        }
        let depth = levels(read);
        if depth > MOST_LEVELS {
            gaps.push((
                cell.base,
                format!("Python source nested deeper than {MOST_LEVELS} levels was not parsed"),
            ));
            continue;
        }
        for piece in pieces(read) {
            window(&piece, *cell, origin, &mut state, &mut gaps);
        }
    }
    let texts: Vec<(&str, usize)> = cells.iter().map(|cell| (cell.text, cell.base)).collect();
    rules::secret::scan(&texts, &mut state.module);
    Examined { module: conclude(&texts, state.module), gaps }
}

/// A script of a shell.
fn commands(text: &str, base: usize, module: &mut Module, gaps: &mut Vec<(usize, String)>) {
    for issue in crate::shell::inspect::script(text, crate::shell::inspect::Setting::Other) {
        let issue = issue.shifted(base);
        if let Some(reason) = issue.unread {
            gaps.push((issue.span.start, reason.into()));
            continue;
        }
        module.report(&issue.span.clone(), issue.into_finding());
    }
}

/// What the module `text`, which lies at `origin`, gives to those that import it.
pub(super) fn exports(text: &str, origin: Origin<'_>) -> Exports {
    let mut state = State::default();
    let cell = Code { text, base: 0, kind: Language::Python };
    for piece in pieces(text) {
        window(&piece, cell, Some(origin), &mut state, &mut Vec::new());
    }
    Exports::of(state, text, &origin.name())
}

fn window(
    piece: &Piece<'_>,
    cell: Code<'_>,
    origin: Option<Origin<'_>>,
    state: &mut State,
    gaps: &mut Vec<(usize, String)>,
) {
    let base = cell.base.saturating_add(piece.offset);
    if piece.parts > MOST_PARTS {
        gaps.push((base, "a Python statement is too large to be parsed; review it by hand".to_owned()));
        return;
    }
    let kind = if cell.kind == Language::Notebook { PySourceType::Ipynb } else { PySourceType::Python };
    let parsed = parse_unchecked_source(piece.text, kind);
    if let Some(error) = parsed.errors().first() {
        let at = base.saturating_add(error.location.start().to_usize());
        gaps.push((
            at,
            format!(
                "Python source does not parse here: {}; what follows was examined as far as it parses",
                error.error
            ),
        ));
    }
    if let Some(origin) = origin {
        origin.gather(piece.text, parsed.suite(), &mut state.modules);
    }
    Walk::new(piece.text, base, state).run(parsed.suite());
    if let Some((at, keyword)) = state.module.repeated.take() {
        let keyword = bartizan_core::printable(&keyword, 80);
        gaps.push((at, format!("Python does not compile this: a call is given `{keyword}` twice")));
    }
}

/// Judges what only the whole shows.
fn conclude(cells: &[(&str, usize)], mut module: Module) -> Module {
    let hashes = module.facts.hashes;
    let unhashed = std::mem::take(&mut module.facts.unhashed);
    if !hashes {
        module.reports.extend(unhashed);
    }
    rules::channel::encrypted(cells, &mut module);
    for (place, mut report) in std::mem::take(&mut module.facts.unless_written) {
        if !place.is_empty() && module.facts.written.contains(&place) {
            if report.finding.rule.id != rules::deserialization::UNSAFE_DESERIALIZATION.id {
                continue;
            }
            // Its own file is still a file others can write to.
            report.finding = report.finding.severity(Severity::Low);
        }
        module.reports.push(report);
    }
    rules::leakage::conclude(cells, &mut module);
    rules::training::conclude(&mut module);
    rules::place::conclude(cells, &mut module);
    rules::predictable::conclude(cells, &mut module);
    rules::remote_code::conclude(cells, &mut module);
    rules::transport::conclude(&mut module);
    rules::exposure::conclude(cells, &mut module);
    for report in &mut module.reports {
        report.fix = report.fix.take().map(|fix| super::defaults::at_the_default(cells, fix));
    }
    module.reports.sort_by(|a: &Report, b: &Report| {
        (a.span.start, a.finding.rule.id, b.finding.severity).cmp(&(
            b.span.start,
            b.finding.rule.id,
            a.finding.severity,
        ))
    });
    module
}
