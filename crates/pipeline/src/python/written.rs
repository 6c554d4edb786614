//! Files that code writes and then runs: what is written is run as surely as if it were given to `exec`. Part of [`Walk`].

use super::call::Call;
use super::module::{Sink, SinkKind};
use super::rules::flow::outside;
use super::value::{Known, Taint, Value};
use super::walk::Walk;
use ruff_python_ast::Expr;
use ruff_text_size::Ranged;
use std::sync::Arc;

/// Files of a module that hold somebody else's word.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Names that stand for an open file: the name, the function it belongs to, the file.
    handles: Vec<(Arc<str>, Option<usize>, File)>,
    /// Files, and whose word they hold.
    files: Vec<(File, Taint)>,
}

/// A file by its constant name, or by the expression that names it in one function.
#[derive(Debug, Clone, PartialEq)]
struct File {
    name: Arc<str>,
    within: Within,
}

/// Where a name stands for the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// In the whole module: it is the file's own.
    Module,
    /// In one function, or outside of all of them.
    Function(Option<usize>),
}

/// Most open files and written ones remembered of a module.
const MOST: usize = 64;
/// Longest expression that is taken for the name of a file, in bytes.
const LONGEST: usize = 60;

impl<'a> Walk<'a, '_> {
    /// Notes that `target` stands for the file that `opened` opens or names.
    pub(super) fn note_opened(&mut self, target: &'a Expr, opened: &'a Expr) {
        if self.quiet || self.state.written.handles.len() >= MOST {
            return;
        }
        let (Expr::Name(target), Expr::Call(call)) = (target, opened) else { return };
        let Some(kind) = opening(&call.func) else { return };
        let function = self.inside.last().copied();
        let file = if kind == Opening::Temporary {
            // The file is known by the name of what was opened.
            File { name: format!("{}.name", target.id).into(), within: Within::Function(function) }
        } else {
            let Some(file) = call.arguments.args.first().and_then(|name| self.file(name)) else { return };
            file
        };
        self.state.written.handles.push((target.id.as_str().into(), function, file));
    }

    /// Follows what `call`, a call of `function`, writes into a file, and the file into what runs it.
    pub(super) fn follow_files(&mut self, call: &Call<'a>, function: &'a Expr) {
        if self.quiet {
            return;
        }
        match call.name() {
            "write" | "write_text" | "write_bytes" | "writelines" => self.write(call, function),
            "run"
            | "call"
            | "check_call"
            | "check_output"
            | "Popen"
            | "system"
            | "popen"
            | "getoutput"
            | "run_path"
            | "create_subprocess_shell"
            | "create_subprocess_exec"
                if !self.state.written.files.is_empty() =>
            {
                self.run_file(call);
            }
            _ => {}
        }
    }

    fn write(&mut self, call: &Call<'a>, function: &'a Expr) {
        let taint = call.positional.first().map(|text| text.value.all_taint()).unwrap_or_default();
        if !outside(taint) && taint.parameters() == 0 || self.state.written.files.len() >= MOST {
            return;
        }
        let Expr::Attribute(method) = function else { return };
        let mut itself = None;
        let file = match method.value.as_ref() {
            Expr::Call(opened) if opening(&opened.func).is_some() => {
                opened.arguments.args.first().and_then(|name| self.file(name))
            }
            Expr::Name(name) => {
                let function = self.inside.last().copied();
                let name: Arc<str> = name.id.as_str().into();
                let mut handles = self.state.written.handles.iter().rev();
                let handle = handles.find(|(known, of, _)| *known == name && *of == function);
                itself = Some(File { name, within: Within::Function(function) });
                handle.map(|(.., file)| file.clone())
            }
            _ => None,
        };
        for file in file.into_iter().chain(itself) {
            self.state.written.files.push((file, taint));
        }
    }

    fn run_file(&mut self, call: &Call<'a>) {
        let Some(command) = call.argument(0, "args").or_else(|| call.any_keyword(&["cmd", "command"])) else {
            return;
        };
        let words: Vec<String> = match &command.value.known {
            Known::Items(items) => items.iter().map(word).collect(),
            _ => {
                command.value.as_pieces().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
            }
        };
        let program = words.first().map(|word| word.rsplit('/').next().unwrap_or(word)).unwrap_or_default();
        let interpreter = is_interpreter(program) || call.name() == "run_path";
        let function = self.inside.last().copied();
        let runs = |file: &File| match file.within {
            Within::Module => words.iter().enumerate().any(|(place, word)| {
                (interpreter || place == 0)
                    && (**word == *file.name || word.ends_with(&format!("/{}", file.name)))
            }),
            Within::Function(of) => of == function && interpreter && mentions(command.written, &file.name),
        };
        let taints = self.state.written.files.iter().filter(|(file, _)| runs(file)).map(|(_, taint)| *taint);
        let taint = taints.fold(Taint::default(), Taint::and);
        if !taint.is_none() {
            let callee = call.spelling.chars().take(60).collect();
            let span = call.span.clone();
            self.reach(Sink { kind: SinkKind::Code, span, callee, taint, varies: false, elsewhere: None });
        }
    }

    /// The file that `name` names.
    fn file(&mut self, name: &'a Expr) -> Option<File> {
        if let Some(text) = self.quietly(name).as_text() {
            return Some(File { name: text.trim_start_matches("./").into(), within: Within::Module });
        }
        let written = self.written(name.range()).trim();
        let plain = written.len() <= LONGEST
            && written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        plain.then(|| File { name: written.into(), within: Within::Function(self.inside.last().copied()) })
    }
}

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// By its name.
    Named,
    /// Under a name of the system's choice.
    Temporary,
}

fn opening(function: &Expr) -> Option<Opening> {
    let name = match function {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    match name {
        "open" | "Path" => Some(Opening::Named),
        "NamedTemporaryFile" => Some(Opening::Temporary),
        _ => None,
    }
}

/// Whether a program runs the file it is given.
fn is_interpreter(program: &str) -> bool {
    program.starts_with("python")
        || matches!(
            program,
            "sh" | "bash"
                | "zsh"
                | "dash"
                | "node"
                | "deno"
                | "bun"
                | "perl"
                | "ruby"
                | "php"
                | "Rscript"
                | "julia"
                | "lua"
                | "pwsh"
                | "powershell"
                | "pytest"
                | "torchrun"
                | "ipython"
        )
}

fn word(value: &Value) -> String {
    match value.as_path().map(AsRef::as_ref) {
        Some("sys.executable") => "python".to_owned(),
        _ => value.spelt(),
    }
}

/// Whether the expression `name` stands in the code `written`, not as part of a longer name.
fn mentions(written: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    written.match_indices(name).any(|(at, _)| {
        let before = written.get(..at).and_then(|before| before.chars().next_back());
        let after = written.get(at.saturating_add(name.len())..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| part(c) || c == '.') && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Critical;

    fn found(code: &str) -> Vec<bartizan_core::Severity> {
        let head = "import openai, subprocess, os, sys, runpy, tempfile\nfrom pathlib import Path\ns = openai.OpenAI().responses.create(input='x').output_text\n";
        severities(&format!("{head}{code}"), "pipeline/model-output-executed")
    }

    #[test]
    fn an_answer_that_is_written_and_then_run_is_found_where_it_is_run() {
        for code in [
            "Path('gen.py').write_text(s)\nsubprocess.run(['python', 'gen.py'])",
            "open('g.sh', 'w').write(s)\nos.system('bash g.sh')",
            "with open('out/a.py', 'w') as f:\n    f.write(s)\nsubprocess.check_call([sys.executable, 'out/a.py'])",
            "p = Path('gen.py')\np.write_text(s)\nsubprocess.run([sys.executable, str(p)])",
            "with tempfile.NamedTemporaryFile('w') as f:\n    f.write(s)\n    subprocess.run(['python3', f.name])",
            "def go(path):\n    with open(path, 'w') as f:\n        f.write(s)\n    subprocess.run(f'python {path}', shell=True)",
            "open('a.py', 'w').write(s)\nrunpy.run_path('a.py')",
            "def go(code):\n    open('a.py', 'w').write(code)\n    subprocess.run(['python', 'a.py'])\ngo(s)",
        ] {
            assert_eq!(found(code), [Critical], "{code}");
        }
    }

    #[test]
    fn what_is_written_and_not_run_or_not_an_answer_is_silent() {
        for code in [
            "Path('gen.txt').write_text(s)\nsubprocess.run(['python', 'gen.py'])",
            "Path('gen.py').write_text(s)\nsubprocess.run(['ruff', 'check', 'gen.py'])",
            "Path('gen.py').write_text('print(1)')\nsubprocess.run(['python', 'gen.py'])",
            "def a(path):\n    open(path, 'w').write(s)\ndef b(path):\n    subprocess.run(['python', path])",
            "Path('in.json').write_text(s)\nsubprocess.run(['python', 'score.py', 'in.jsonl'])",
            "with open('a.txt', 'w') as f:\n    f.write(s)\nsubprocess.run(['python', 'b.py', 'b.txt'])",
        ] {
            assert_eq!(found(code), [], "{code}");
        }
    }
}
