//! What the functions and classes of modules of the same tree make that a program imports: [`given`].
//!
//! A helper `ask` in `llm.ts` that gives back a model's answer is a model to whoever calls it. Modules are read inside the boundary of the
//! scan only, up to [`MODULE_BYTES`], over [`HOPS`] imports, and remembered for the next that imports them.
//!
//! Source: Node.js documentation, "Modules: ECMAScript modules", section "Import specifiers"; TypeScript handbook, "Module Resolution".

use super::lexer::Kind;
use super::origin::{Given, Made, Origins};
use super::program::{Call, Program};
use crate::Text;
use aho_corasick::AhoCorasick;
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Over how many imports a value is followed.
const HOPS: u8 = 2;
/// Largest module read for what it gives, in bytes.
const MODULE_BYTES: u64 = 256 << 10;
/// Most imports of one module that are looked for.
const MOST_IMPORTS: usize = 64;
/// Most modules remembered; those beyond are not followed.
const MOST_REMEMBERED: usize = 8_192;
/// Ends of names under which a module's file is looked for.
const ENDS: &[&str] =
    &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "index.ts", "index.tsx", "index.js", "index.mjs"];

/// What the functions of other modules make that the program `text` imports, by the paths under which it calls them.
pub(super) fn given(text: &Text<'_>, program: &Program<'_>) -> Option<Arc<Given>> {
    let (file, boundary) = text.place?;
    let runs = RUNS.as_ref().is_none_or(|words| words.is_match(program.text));
    if !runs {
        return None;
    }
    gathered(file, boundary, program, HOPS)
}

fn gathered(file: &Path, boundary: &Path, program: &Program<'_>, hops: u8) -> Option<Arc<Given>> {
    let hops = hops.checked_sub(1)?;
    let mut given = Given::new();
    let mut left = MOST_IMPORTS;
    for at in 0..program.tokens.len() {
        let place = match program.word(at) {
            "from" if program.is(at, Kind::Word) => at.saturating_add(1),
            "require" if program.is(at, Kind::Word) => at.saturating_add(2),
            _ => continue,
        };
        let Some(named) = program.content(place).filter(|name| is_own(name)) else { continue };
        let Some(fewer) = left.checked_sub(1) else { break };
        left = fewer;
        let Some(exports) = find(file, boundary, named).and_then(|file| read(&file, boundary, hops)) else {
            continue;
        };
        for (path, made) in exports.iter() {
            let path = if path.is_empty() { named.to_owned() } else { format!("{named}.{path}") };
            given.insert(path, *made);
        }
    }
    (!given.is_empty()).then(|| Arc::new(given))
}

/// Whether a module is named by where it lies in the tree.
fn is_own(name: &str) -> bool {
    ["./", "../", "@/", "~/", "src/"].iter().any(|begin| name.starts_with(begin))
        || matches!(name, "." | "..")
}

/// The file of the module called `name` by `file`.
fn find(file: &Path, boundary: &Path, name: &str) -> Option<PathBuf> {
    let places: Vec<PathBuf> = match name.strip_prefix("@/").or_else(|| name.strip_prefix("~/")) {
        // The usual alias for the folder of the sources, of whichever package the file belongs to.
        Some(rest) => file
            .ancestors()
            .skip(1)
            .take(8)
            .take_while(|folder| folder.starts_with(boundary))
            .flat_map(|folder| [folder.join("src").join(rest), folder.join(rest)])
            .collect(),
        None if name.starts_with("src/") => vec![boundary.join(name)],
        None => vec![file.parent()?.join(name)],
    };
    places.into_iter().find_map(|place| {
        let place = plain(&place)?;
        if !place.starts_with(boundary) {
            return None;
        }
        // `./a.js` names what `a.ts` becomes.
        let stem = ["js", "mjs", "cjs", "jsx"]
            .iter()
            .find_map(|end| place.to_str()?.strip_suffix(&format!(".{end}")).map(PathBuf::from));
        let ends = ENDS.iter().filter_map(|end| {
            let (stem, joined) = (stem.as_ref().unwrap_or(&place), end.starts_with("index."));
            if joined {
                Some(place.join(end))
            } else {
                stem.to_str().map(|stem| format!("{stem}.{end}").into())
            }
        });
        std::iter::once(place.clone()).chain(ends).find(|candidate| {
            candidate.extension().is_some_and(|end| ENDS.iter().any(|known| end == *known))
                && fs::symlink_metadata(candidate)
                    .is_ok_and(|about| about.is_file() && about.len() <= MODULE_BYTES)
                && candidate != file
        })
    })
}

/// `place` without its `.` and `..`; `None` when those lead out of it.
fn plain(place: &Path) -> Option<PathBuf> {
    let mut whole = PathBuf::new();
    for part in place.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !whole.pop() {
                    return None;
                }
            }
            part => whole.push(part),
        }
    }
    Some(whole)
}

/// What a module gives by the names of its functions, `Class.method` for methods; what it gives as a whole without the name.
type Exports = Vec<(String, Made)>;

fn read(file: &Path, boundary: &Path, hops: u8) -> Option<Arc<Exports>> {
    let about = fs::metadata(file).ok()?;
    let stamp = (about.modified().ok(), about.len());
    let key = (file.to_path_buf(), hops);
    {
        let mut remembered = remembered();
        let known = remembered.of(boundary);
        match known.get(&key) {
            Some((then, exports)) if *then == stamp => return exports.clone(),
            None if known.len() >= MOST_REMEMBERED => return None,
            _ => {}
        }
    }
    // A folder between may be a link that leads elsewhere.
    let inside = || Some(file.canonicalize().ok()?.starts_with(boundary.canonicalize().ok()?));
    let bytes = inside().filter(|inside| *inside).and_then(|_| fs::read(file).ok());
    let exports = bytes.map(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        Arc::new(exports(&text, file, boundary, hops))
    });
    remembered().of(boundary).insert(key, (stamp, exports.clone()));
    exports
}

fn exports(text: &str, file: &Path, boundary: &Path, hops: u8) -> Exports {
    let markup = !file.extension().is_some_and(|end| matches!(end.to_str(), Some("ts" | "mts" | "cts")));
    let program = Program::read(text, markup);
    let calls: Vec<Call> = (0..program.tokens.len()).filter_map(|open| program.call(open)).collect();
    let origins = Origins::of(&program, &calls, gathered(file, boundary, &program, hops));
    let whole = whole(&program);
    let mut found = Exports::new();
    for (owner, name, made) in origins.made().filter(|(.., made)| *made != Made::default()) {
        let path = owner.map_or_else(|| name.to_owned(), |owner| format!("{owner}.{name}"));
        if owner.unwrap_or(name) == whole {
            found.push((if owner.is_some() { name.to_owned() } else { String::new() }, made));
        }
        found.push((path, made));
    }
    found
}

/// The name of what a module gives as a whole: `export default name`, `module.exports = name`.
fn whole<'a>(program: &Program<'a>) -> &'a str {
    let words = (0..program.tokens.len()).find_map(|at| {
        let word = |ahead: usize| program.word(at.saturating_add(ahead));
        let from: usize = match (word(0), word(1)) {
            ("export", "default") => 2,
            ("module", ".") if word(2) == "exports" && word(3) == "=" => 4,
            _ => return None,
        };
        let skipped = ["async", "abstract", "function", "class", "new", "*"];
        (from..from.saturating_add(4)).map(word).find(|word| !skipped.contains(word))
    });
    words.unwrap_or_default()
}

/// When a file was changed and its bytes: by what it is known to be the one that was read.
type Stamp = (Option<SystemTime>, u64);
/// What modules give, by their files and over how many imports they were followed; nothing of those that lie elsewhere.
type Known = HashMap<(PathBuf, u8), (Stamp, Option<Arc<Exports>>)>;

/// What was read below one boundary.
#[derive(Debug, Default)]
struct Remembered {
    boundary: PathBuf,
    modules: Known,
}

impl Remembered {
    /// The modules below `boundary`; those below another are forgotten.
    fn of(&mut self, boundary: &Path) -> &mut Known {
        if self.boundary != boundary {
            self.boundary = boundary.to_path_buf();
            self.modules.clear();
        }
        &mut self.modules
    }
}

static REMEMBERED: LazyLock<Mutex<Remembered>> = LazyLock::new(Mutex::default);

fn remembered() -> MutexGuard<'static, Remembered> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Words of code that hands something to what runs, stores or shows it.
static RUNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "eval(",
        "Function(",
        "exec(",
        "execSync(",
        "execa",
        "spawn",
        "runIn",
        ".query(",
        ".execute(",
        "raw(",
        "Unsafe(",
        "unsafe(",
        "innerHTML",
        "InnerHTML",
        "insertAdjacentHTML",
        "document.write",
        ".send(",
        "setTimeout(",
        "setInterval(",
        "vm2",
    ])
    .ok()
});

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};
    use std::fs;

    /// Lines at which a model's answer runs in the file `name` of a tree of `files`.
    fn run(files: &[(&str, &str)], name: &str) -> Vec<u32> {
        let folder = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let path = folder.path().join(name);
        let content = fs::read_to_string(&path).unwrap();
        let text = Text::new(name, &content).at(Some((&path, folder.path())));
        let found = examine(&text, &Limits::default(), &MonotonicClock::start()).findings;
        let answers = found.iter().filter(|finding| finding.rule.id == "pipeline/model-output-executed");
        answers.filter_map(|finding| finding.location.line).collect()
    }

    const MODEL: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport default async function ask(p: string): Promise<string> {\n  const r = await client.responses.create({ input: p });\n  return r.output_text;\n}\nexport { ask };\nexport class Agent {\n  async reply(q) { return ask(q); }\n}\nexport const upper = (text) => text.toUpperCase();\nexport const name = () => 'x';\n";

    #[test]
    fn what_a_helper_of_another_module_answers_is_an_answer() {
        for (import, call) in [
            ("import ask from './llm';", "ask(q)"),
            ("import { ask } from './llm.js';", "ask(q)"),
            ("import { ask as talk } from './llm';", "talk(q)"),
            ("import * as llm from '../src/llm';", "llm.ask(q)"),
            ("const { ask } = require('./llm');", "ask(q)"),
            ("import { ask } from '@/llm';", "ask(q)"),
            ("import { Agent } from './llm';\nconst a = new Agent();", "a.reply(q)"),
            ("import ask, { upper } from './llm';", "upper(await ask(q))"),
            ("import { again } from './again';", "again(q)"),
        ] {
            let main = format!("{import}\nexport async function f(q) {{\n  eval(await {call});\n}}\n");
            let again = "import { ask } from './llm';\nexport async function again(q) { return (await ask(q)).trim(); }\n";
            let files = [("src/llm.ts", MODEL), ("src/again.ts", again), ("src/main.ts", main.as_str())];
            assert_eq!(run(&files, "src/main.ts").len(), 1, "{import}");
        }
        for (import, call) in [
            ("import { name } from './llm';", "name()"),
            ("import { upper } from './llm';", "upper('1')"),
            ("import { ask } from './other';", "ask(q)"),
            ("import { ask } from 'llm';", "ask(q)"),
        ] {
            let main = format!("{import}\nexport async function f(q) {{\n  eval(await {call});\n}}\n");
            assert_eq!(
                run(&[("src/llm.ts", MODEL), ("src/main.ts", &main)], "src/main.ts"),
                [] as [u32; 0],
                "{import}"
            );
        }
    }

    #[test]
    fn modules_in_circles_and_outside_of_the_boundary_end() {
        let one = "import { b } from './two';\nexport const a = async (q) => b(q);\neval(await a(1));\n";
        let two = "import { a } from './one';\nexport const b = async (q) => a(q);\n";
        assert_eq!(run(&[("one.ts", one), ("two.ts", two)], "one.ts"), [] as [u32; 0]);
        let out = "import { a } from '../../../two';\neval(await a(1));\n";
        assert_eq!(run(&[("one.ts", out)], "one.ts"), [] as [u32; 0]);
    }
}
