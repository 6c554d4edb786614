//! The modules of the same tree that a module imports: where they lie, and what they give ([`Exports`]).
//!
//! A helper in `utils.py` that hands its argument to a shell is a shell to whoever calls it, and a constant of `settings.py` is
//! one where it is used. So an imported module is walked for what it gives before the importing one is: its constants, and of
//! its functions and classes the summaries. It is followed over [`HOPS`] imports, whatever the circles; read only inside the
//! boundary of the scan, up to [`MODULE_BYTES`], and remembered for the next that imports it.

use super::exports::Exports;
use super::source;
use aho_corasick::AhoCorasick;
use bartizan_core::python::levels;
use ruff_python_ast::{Stmt, StmtImportFrom};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Over how many imports a value is followed.
const HOPS: u8 = 2;
/// Largest module read for what it gives, in bytes.
const MODULE_BYTES: u64 = 512 << 10;
/// Largest module read that speaks of nothing that matters by itself, for what it may hand on of others, in bytes.
const HANDS_ON_BYTES: usize = 8 << 10;
/// Most imports of one module that are looked for.
const MOST_IMPORTS: usize = 96;
/// Most modules remembered, each for every number of imports that it is followed over. Those beyond are not followed: a module that is
/// forgotten would be read anew for each that imports it, and a large tree in the square of its size.
const MOST_REMEMBERED: usize = 8_192;
/// Nesting from which a module is not read for what it gives: the walk would need a stack of its own.
const MOST_NESTING: usize = 24;

/// Where a module lies, and how far its imports are followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The file.
    file: &'a Path,
    /// The folder that nothing outside of is read.
    boundary: &'a Path,
    /// How many imports on.
    hops: u8,
}

/// Modules by the path under which their importer knows them.
pub(super) type Modules = HashMap<Arc<str>, Arc<Exports>>;

impl<'a> Origin<'a> {
    /// The module that the text at `place` is, `None` for one that is no file.
    pub(super) fn of(place: Option<(&'a Path, &'a Path)>) -> Option<Self> {
        place.map(|(file, boundary)| Self { file, boundary, hops: HOPS })
    }

    /// Adds to `modules` what the imports in `statements`, a part of `text`, bring.
    pub(super) fn gather(&self, text: &str, statements: &[Stmt], modules: &mut Modules) {
        if self.hops == 0 || self.hops == HOPS && !follows(text) && !runs(text) {
            return;
        }
        let roots = self.roots();
        let mut left = MOST_IMPORTS;
        self.body(statements, &roots, modules, &mut left, MOST_NESTING);
    }

    fn body(
        &self,
        statements: &[Stmt],
        roots: &[PathBuf],
        modules: &mut Modules,
        left: &mut usize,
        depth: usize,
    ) {
        if depth == 0 {
            return;
        }
        let depth = depth.saturating_sub(1);
        for statement in statements {
            let mut inner = |body: &[Stmt]| self.body(body, roots, modules, left, depth);
            match statement {
                Stmt::Import(import) => {
                    for alias in &import.names {
                        let dotted = alias.name.as_str();
                        self.add(&super::names::canonical(dotted), dotted, roots, modules, left);
                    }
                }
                Stmt::ImportFrom(import) => self.import_from(import, roots, modules, left),
                Stmt::FunctionDef(function) => inner(&function.body),
                Stmt::ClassDef(class) => inner(&class.body),
                Stmt::If(choice) => {
                    inner(&choice.body);
                    for clause in &choice.elif_else_clauses {
                        inner(&clause.body);
                    }
                }
                Stmt::With(with) => inner(&with.body),
                Stmt::Try(attempt) => {
                    inner(&attempt.body);
                    for ruff_python_ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                        inner(&handler.body);
                    }
                }
                _ => {}
            }
        }
    }

    fn import_from(
        &self,
        import: &StmtImportFrom,
        roots: &[PathBuf],
        modules: &mut Modules,
        left: &mut usize,
    ) {
        let dotted = import.module.as_ref().map_or("", |module| module.as_str());
        let key = key_of(import.level, dotted);
        let above;
        let roots = if import.level == 0 {
            roots
        } else {
            let Some(folder) = self.file.ancestors().nth(import.level as usize) else { return };
            above = [folder.to_path_buf()];
            &above
        };
        if !dotted.is_empty() {
            self.add(&key, dotted, roots, modules, left);
        }
        for alias in &import.names {
            let name = alias.name.as_str();
            let given = modules.get(key.as_str()).is_some_and(|module| module.gives(name));
            if !given && name != "*" {
                let inner = if dotted.is_empty() { name.to_owned() } else { format!("{dotted}.{name}") };
                self.add(&format!("{key}.{name}"), &inner, roots, modules, left);
            }
        }
    }

    fn add(&self, key: &str, dotted: &str, roots: &[PathBuf], modules: &mut Modules, left: &mut usize) {
        if *left == 0 || modules.contains_key(key) {
            return;
        }
        *left = left.saturating_sub(1);
        if let Some(exports) =
            roots.iter().find_map(|root| self.find(root, dotted)).and_then(|file| self.read(&file))
        {
            modules.insert(key.into(), exports);
        }
    }

    /// Where modules are looked for: the folder of the file, the one above its package, the boundary, and `src` in it.
    fn roots(&self) -> Vec<PathBuf> {
        let mut roots = Vec::new();
        let mut add = |folder: &Path| {
            if folder.starts_with(self.boundary) && !roots.iter().any(|known| known == folder) {
                roots.push(folder.to_path_buf());
            }
        };
        let Some(folder) = self.file.parent() else { return Vec::new() };
        add(folder);
        if let Some(top) = folder.ancestors().take(12).find(|folder| !folder.join("__init__.py").exists()) {
            add(top);
        }
        if let Some(above) = folder.parent() {
            add(above);
        }
        add(self.boundary);
        add(&self.boundary.join("src"));
        roots
    }

    /// The file of the module `dotted` below `root`.
    fn find(&self, root: &Path, dotted: &str) -> Option<PathBuf> {
        let mut place = root.to_path_buf();
        for part in dotted.split('.') {
            if part.is_empty() || part.contains(['/', '\\', ':']) {
                return None;
            }
            place.push(part);
        }
        let module = place.with_extension("py");
        [module, place.join("__init__.py")].into_iter().find(|file| {
            fs::symlink_metadata(file).is_ok_and(|about| about.is_file() && about.len() <= MODULE_BYTES)
                && file != self.file
        })
    }

    /// What the module `file` gives, remembered or walked now.
    fn read(&self, file: &Path) -> Option<Arc<Exports>> {
        // A folder between may be a link that leads elsewhere.
        let real = file.canonicalize().ok()?;
        if !real.starts_with(self.boundary.canonicalize().ok()?) {
            return None;
        }
        let about = fs::metadata(&real).ok()?;
        let stamp = Stamp { modified: about.modified().ok(), bytes: about.len() };
        let hops = self.hops.saturating_sub(1);
        let key = (real, hops);
        {
            let mut remembered = remembered();
            let known = remembered.of(self.boundary);
            match known.get(&key) {
                Some((then, exports)) if *then == stamp => return exports.clone(),
                None if known.len() >= MOST_REMEMBERED => return None,
                _ => {}
            }
        }
        let exports = fs::read(&key.0).ok().and_then(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            let hands_on = hops > 0 && text.len() < HANDS_ON_BYTES && text.contains("import ");
            let worth = (hands_on || worth_reading(&text)) && levels(&text) < MOST_NESTING;
            worth.then(|| {
                #[cfg(test)]
                tests::WALKED.with(|walked| walked.set(walked.get().saturating_add(1)));
                Arc::new(source::exports(&text, Origin { file: &key.0, boundary: self.boundary, hops }))
            })
        });
        remembered().of(self.boundary).insert(key, (stamp, exports.clone()));
        exports
    }

    /// The name of the file, as messages give it.
    pub(super) fn name(&self) -> String {
        self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

/// The path under which the module `dotted`, `level` folders up, is known to its importer.
pub(super) fn key_of(level: u32, dotted: &str) -> String {
    if level == 0 {
        return super::names::canonical(dotted);
    }
    format!("@{}{dotted}", ".".repeat(level.min(8) as usize))
}

/// By what a file is known to be the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// What modules give, by their files and over how many imports they were followed.
type Known = HashMap<(PathBuf, u8), (Stamp, Option<Arc<Exports>>)>;

/// What was read, by the boundary below which it was: those asked for last stand last.
#[derive(Debug, Default)]
struct Remembered {
    below: Vec<(PathBuf, Known)>,
}

impl Remembered {
    /// The modules below `boundary`; those below the one that was asked for longest ago make room.
    fn of(&mut self, boundary: &Path) -> &mut Known {
        let at = self.below.iter().position(|(known, _)| known == boundary);
        let known = at.map_or_else(|| (boundary.to_path_buf(), Known::new()), |at| self.below.remove(at));
        if self.below.len() >= MOST_BOUNDARIES {
            self.below.remove(0);
        }
        &mut self.below.push_mut(known).1
    }
}

/// Most boundaries of which modules are remembered at once: folders that are scanned side by side.
const MOST_BOUNDARIES: usize = 8;

static REMEMBERED: LazyLock<Mutex<Remembered>> = LazyLock::new(Mutex::default);

fn remembered() -> MutexGuard<'static, Remembered> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a module speaks of anything whose word is not its own, or of a switch that a constant may decide.
fn follows(text: &str) -> bool {
    SOURCES.as_ref().is_none_or(|words| words.is_match(text))
}

/// Whether a module hands anything to what runs it: whose word that is, a module that it imports may say.
fn runs(text: &str) -> bool {
    RUNS.as_ref().is_none_or(|words| words.is_match(text))
}

/// Whether a module speaks of anything that matters to those who call it, or holds constants only.
fn worth_reading(text: &str) -> bool {
    SINKS.as_ref().is_none_or(|words| words.is_match(text)) || follows(text) || !text.contains("def ")
}

/// Words of code that handles what others say, or loads what others made.
static SOURCES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "flask",
        "fastapi",
        "starlette",
        "quart",
        "sanic",
        "bottle",
        "django",
        "aiohttp",
        "litestar",
        "tornado",
        "@tool",
        "_tool",
        "BaseTool",
        ".tool(",
        "mcp",
        "input(",
        "sys.argv",
        "sys.stdin",
        "argparse",
        "click",
        "typer",
        "openai",
        "anthropic",
        "litellm",
        "langchain",
        "llama_index",
        "vllm",
        "ollama",
        "completion",
        "generate(",
        "pipeline(",
        "streamlit",
        "gradio",
        "chainlit",
        "slack",
        "discord",
        "telegram",
        "kserve",
        "bentoml",
        "ray.serve",
        "from ray import",
        "trust_remote_code",
        "from_pretrained",
        "load_dataset",
        "hf_hub_download",
        "snapshot_download",
        "SentenceTransformer",
        "verify=",
        "requests.",
        "httpx",
        "urlopen",
        "urlretrieve",
        "http://",
        "recv",
        "genai",
        "crewai",
        "autogen",
        "airflow",
        "prefect",
        "dagster",
        "kfp",
        "dag_run",
        "os.environ",
        "getenv",
    ])
    .ok()
});

/// Words of code that runs or loads something, without those that nearly every module has.
static RUNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "subprocess",
        "os.system",
        "os.exec",
        "os.spawn",
        "popen",
        " eval(",
        " exec(",
        "(eval(",
        "=eval(",
        ".execute(",
        ".executescript(",
        "read_sql",
        "pickle.load",
        "dill.load",
        "joblib.load",
        "torch.load",
        "import_module(",
        "run_path(",
        "Markup(",
        "HTMLResponse(",
        "render_template_string",
        "unsafe_allow_html",
        "model_from_json",
        "globals()",
        ".tool_calls",
    ])
    .ok()
});

/// Words of code that runs, asks, shows or loads something.
static SINKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "subprocess",
        "os.system",
        "popen",
        "eval(",
        "exec(",
        "execute",
        ".raw(",
        "read_sql",
        "pickle",
        "joblib",
        "torch.load",
        "open(",
        "write_text",
        "read_text",
        "read_bytes",
        "send_file",
        "Markup",
        "HTMLResponse",
        "render_template",
        "Template(",
        "yaml.load",
        "extractall",
        "import_module",
        "paramiko",
        "fabric",
        "unlink",
        "rmtree",
    ])
    .ok()
});

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Finding, Limits, MonotonicClock, Severity};
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;

    /// What is found in the file `name` of a tree of `files`.
    fn found(files: &[(&str, &str)], name: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        in_tree(folder.path(), name)
    }

    fn in_tree(folder: &Path, name: &str) -> Vec<Finding> {
        let path = folder.join(name);
        let content = fs::read_to_string(&path).unwrap();
        let text = Text::new(name, &content).at(Some((&path, folder)));
        examine(&text, &Limits::default(), &MonotonicClock::start()).findings
    }

    fn graded(findings: &[Finding], id: &str) -> Vec<(Severity, Option<u32>)> {
        let of_rule = findings.iter().filter(|finding| finding.rule.id == id);
        of_rule.map(|finding| (finding.severity, finding.location.line)).collect()
    }

    thread_local! {
        /// How many modules were walked for what they give.
        pub(super) static WALKED: Cell<usize> = const { Cell::new(0) };
    }

    /// How many walks it takes to examine each of `count` modules, all of which import each other.
    fn walks(count: usize) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let imports: Vec<String> = (0..count).map(|at| format!("from m{at} import sh{at}\n")).collect();
        let imports = imports.concat();
        let name = |at: usize| format!("m{at}.py");
        for at in 0..count {
            let own = format!(
                "import subprocess\n{imports}def sh{at}(command):\n    return subprocess.run(command, shell=True)\nsh{}(input())\n",
                (at + 1) % count
            );
            fs::write(folder.path().join(name(at)), own).unwrap();
        }
        WALKED.with(|walked| walked.set(0));
        for at in 0..count {
            assert!(!graded(&in_tree(folder.path(), &name(at)), SHELL).is_empty(), "{at}");
        }
        WALKED.with(Cell::get)
    }

    /// Each is walked once for every number of imports it is followed over, however many import it: a tree costs what its modules
    /// cost and not the square of that.
    #[test]
    fn a_module_is_walked_as_often_as_imports_are_followed_whoever_imports_it() {
        for count in [4, 16, 48] {
            let walked = walks(count);
            assert!(walked >= count && walked <= count * usize::from(super::HOPS), "{count}: {walked}");
        }
    }

    const SHELL: &str = "pipeline/shell-command-from-data";
    const HELPER: &str =
        "import subprocess\ndef sh(command):\n    return subprocess.run(command, shell=True)\n";

    #[test]
    fn what_a_helper_of_another_module_runs_is_found_where_it_is_called() {
        let call = |import: &str, call: &str| {
            let code = format!("from flask import request\n{import}\n{call}('ls ' + request.args['d'])\n");
            let files = [("app/__init__.py", ""), ("app/tools.py", HELPER), ("app/main.py", code.as_str())];
            let findings = found(&files, "app/main.py");
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.rule.id != SHELL || finding.message.contains("tools.py:3"))
            );
            graded(&findings, SHELL)
        };
        for (import, name) in [
            ("from .tools import sh", "sh"),
            ("from app.tools import sh as run", "run"),
            ("from . import tools", "tools.sh"),
            ("from app import tools as t", "t.sh"),
            ("import app.tools", "app.tools.sh"),
            ("from tools import *", "sh"),
        ] {
            assert_eq!(call(import, name), [(Severity::Critical, Some(3))], "{import}");
        }
        assert_eq!(call("from .other import sh", "sh"), []);
    }

    #[test]
    fn an_answer_of_another_module_is_one_whatever_else_the_caller_imports() {
        let helper = "import openai\nclient = openai.OpenAI()\ndef complete(p):\n    r = client.chat.completions.create(model='m', messages=[])\n    return r.choices[0].message.content\nasync def parts(p):\n    for part in client.responses.create(stream=True):\n        yield part.output_text\nclass Bot:\n    async def reply(self, q):\n        return complete(q)\n";
        let over = "from .model import complete\ndef again(q):\n    return complete(q).strip()\n";
        for (import, body, severity) in [
            ("from app.model import complete", "eval(complete(q))", Severity::Critical),
            (
                "from .model import complete\nimport subprocess",
                "subprocess.run(complete(q), shell=True)",
                Severity::Critical,
            ),
            (
                "from . import model\nimport sqlite3",
                "sqlite3.connect('a').execute(model.complete(q))",
                Severity::High,
            ),
            ("from .over import again", "exec(again(q))", Severity::Critical),
            (
                "from .model import parts",
                "exec(''.join([part async for part in parts(q)]))",
                Severity::Critical,
            ),
            ("from .model import Bot\nbot = Bot()", "exec(await bot.reply(q))", Severity::Critical),
            (
                "import re\nfrom .model import complete\nCODE = re.compile('`(.*)`')",
                "exec(CODE.search(complete(q)).group(1))",
                Severity::Critical,
            ),
        ] {
            let code = format!("{import}\nasync def f(q):\n    return {body}\n");
            let files = [
                ("app/__init__.py", ""),
                ("app/model.py", helper),
                ("app/over.py", over),
                ("app/main.py", &code),
            ];
            let found = graded(&found(&files, "app/main.py"), "pipeline/model-output-executed");
            assert_eq!(found.iter().map(|(severity, _)| *severity).collect::<Vec<_>>(), [severity], "{code}");
        }
        let code = "from app.model import other\ndef f(q):\n    return eval(other(q))\n";
        let files = [("app/__init__.py", ""), ("app/model.py", helper), ("app/main.py", code)];
        assert_eq!(graded(&found(&files, "app/main.py"), "pipeline/model-output-executed"), []);
    }

    #[test]
    fn what_a_user_sends_a_loader_of_another_module_is_found_where_it_is_called() {
        let loader = "import pickle\nfrom keras.models import model_from_json\ndef load(data):\n    return pickle.loads(data)\ndef build(text):\n    return model_from_json(text)\n";
        let call = |call: &str| {
            let code = format!("from flask import request\nfrom ops import load, build\n{call}\n");
            graded(
                &found(&[("ops.py", loader), ("main.py", &code)], "main.py"),
                "pipeline/unsafe-deserialization",
            )
        };
        assert_eq!(call("load(request.data)"), [(Severity::Critical, Some(3))]);
        assert_eq!(call("build(request.json['net'])"), [(Severity::High, Some(3))]);
        assert_eq!(call("load(b'')"), []);
        assert_eq!(call("build(open('net.json').read())"), []);
    }

    #[test]
    fn constants_of_another_module_are_known_and_decide() {
        let main = "from transformers import AutoModel\nfrom settings import NAME, REVISION, TRUST\nAutoModel.from_pretrained(NAME, revision=REVISION, trust_remote_code=TRUST)\n";
        let with = |settings: &str| {
            let findings = found(&[("settings.py", settings), ("main.py", main)], "main.py");
            (
                graded(&findings, "pipeline/remote-code").len(),
                graded(&findings, "pipeline/unpinned-model").len(),
            )
        };
        assert_eq!(with("NAME = 'acme/net'\nREVISION = 'main'\nTRUST = True\n"), (1, 1));
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        assert_eq!(with(&format!("NAME = 'acme/net'\nREVISION = '{commit}'\nTRUST = False\n")), (0, 0));
    }

    #[test]
    fn modules_are_followed_over_two_imports_through_a_package_and_in_circles() {
        let files = [
            ("lib/__init__.py", "from .deep import sh\n"),
            ("lib/deep.py", &format!("from main import x\n{HELPER}")),
            ("main.py", "from lib import sh\nx = 1\nsh('ls ' + input())\n"),
        ];
        assert_eq!(graded(&found(&files, "main.py"), SHELL), [(Severity::Medium, Some(3))]);
    }

    #[test]
    fn what_lies_outside_of_the_boundary_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("tools.py"), HELPER).unwrap();
        fs::write(folder.path().join("in/main.py"), "from ..tools import sh\nsh('ls ' + input())\n").unwrap();
        assert_eq!(graded(&in_tree(&folder.path().join("in"), "main.py"), SHELL), []);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path(), folder.path().join("in/up")).unwrap();
            fs::write(folder.path().join("in/main.py"), "from up.tools import sh\nsh('ls ' + input())\n")
                .unwrap();
            assert_eq!(graded(&in_tree(&folder.path().join("in"), "main.py"), SHELL), []);
        }
    }
}
