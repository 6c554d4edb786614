//! The functions of a program by their names, and the classes and objects that they belong to: [`Functions`].

use super::{Origin, PARTS, Program};
use crate::javascript::lexer::Kind;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Most functions of one program that are followed.
pub(super) const MOST_FUNCTIONS: usize = 20_000;
/// How far before a brace the name of what it belongs to is looked for, in tokens.
const HEAD: usize = 24;

/// What calling a function amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::javascript) struct Made {
    /// Whose word it gives back, whatever it is given.
    pub(in crate::javascript) returns: Option<Origin>,
    /// Whether what it is given is part of what it gives back.
    pub(in crate::javascript) passes: bool,
}

/// What the functions and classes of other modules make, by the path of what is called: `./model.ask`, `./model.Client.ask`.
pub(in crate::javascript) type Given = HashMap<String, Made>;

/// A function of the program.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// The class or object that it is a method of.
    pub(super) owner: Option<&'a str>,
    pub(super) parameters: Range<usize>,
    /// The parameters that may hold a text: place and name.
    pub(super) texts: Vec<(usize, &'a str)>,
    pub(super) body: Range<usize>,
    /// Whether the body is a block, and no expression.
    pub(super) block: bool,
    pub(super) made: Made,
}

/// The functions of a program, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct Functions<'a> {
    pub(super) list: Vec<Function<'a>>,
    pub(super) by_name: HashMap<(Option<&'a str>, &'a str), usize>,
    /// The first method of each name, whatever it belongs to.
    pub(super) methods: HashMap<&'a str, usize>,
    /// Braces with which bodies of functions begin.
    pub(super) opens: HashSet<usize>,
    /// Names of objects with the class that they are made of.
    pub(super) objects: HashMap<&'a str, &'a str>,
    /// The functions of each class or object.
    owned: HashMap<&'a str, Vec<usize>>,
    /// Names that modules export.
    exported: HashSet<&'a str>,
    /// Names of what was chosen out of an object by a name: `const tool = tools[name]`.
    pub(super) chosen: HashMap<&'a str, &'a str>,
    /// States of components by the name of what sets them: the name, and where it is this one.
    pub(super) states: HashMap<&'a str, (&'a str, Range<usize>)>,
    /// What calls bind to parameters: the name, whose word, and where.
    pub(super) called: Vec<(&'a str, Origin, Range<usize>)>,
    pub(super) given: Option<Arc<Given>>,
}

/// The functions of `program` by name. Cost: one look at each token, and a bounded one behind each that may begin a function.
fn functions<'a>(program: &Program<'a>) -> Functions<'a> {
    let mut found = Functions::default();
    let count = program.tokens.len();
    found.exported = exported(program);
    for at in 0..count {
        let next = at.saturating_add(1);
        if program.word(at) == "[" && program.is(at, Kind::Mark) {
            found.choice(program, at);
        }
        match (program.is(at, Kind::Word), program.word(at)) {
            (true, "function") => {
                let name = if program.word(next) == "*" { next.saturating_add(1) } else { next };
                if program.is(name, Kind::Word) {
                    found.keep(program, name, None, name.saturating_add(1));
                }
            }
            (true, "new") if program.is(next, Kind::Word) => found.object(program, at, next),
            // `name: Class`, a parameter or a field.
            (true, class)
                if class.starts_with(|first: char| first.is_ascii_uppercase())
                    && matches!(program.word(next), "," | ")" | ";" | "=")
                    && at > 1
                    && program.word(at.saturating_sub(1)) == ":"
                    && program.is(at.saturating_sub(2), Kind::Word) =>
            {
                found.objects.entry(program.word(at.saturating_sub(2))).or_insert(class);
            }
            (true, "useState") if program.word(at.saturating_sub(1)) != "." => found.state(program, at),
            (true, name) if program.word(next) == "(" && is_method(program, at, name) => {
                let owner = program.tokens.get(at).and_then(|token| token.inside);
                if let Some(owner) = owner.and_then(|open| owner_of_method(program, open)) {
                    found.keep(program, at, Some(owner), next);
                }
            }
            (false, "=" | ":") if program.is(at, Kind::Mark) => {
                let value = if program.word(next) == "async" { next.saturating_add(1) } else { next };
                let function = program.word(value) == "("
                    || program.word(value) == "function"
                    || program.is(value, Kind::Word) && program.word(value.saturating_add(1)) == "=>";
                let Some(target) = at.checked_sub(1).filter(|_| function) else { continue };
                let open = program.tokens.get(at).and_then(|token| token.inside);
                let object = open.and_then(|open| owner_of_method(program, open));
                let (name, owner) = if program.word(at) == ":" {
                    (target, object)
                } else {
                    (declared(program, target), object)
                };
                // `name: (…) => …` names a method only in an object that has a name.
                if program.word(at) == ":" && owner.is_none() {
                    continue;
                }
                let own = owner.filter(|_| program.word(at) == ":" || !is_declared(program, name));
                found.keep(program, name, own, value);
            }
            _ => {}
        }
        if found.list.len() >= MOST_FUNCTIONS {
            break;
        }
    }
    found
}

impl<'a> Functions<'a> {
    /// The functions of `program`, before anything is known of what they make; `given` is what those of other modules make.
    pub(super) fn of(program: &Program<'a>, given: Option<Arc<Given>>) -> Self {
        Self { given, ..functions(program) }
    }

    /// Keeps the function called by the name at `name` whose parameters, or `function`, begin at `from`.
    fn keep(&mut self, program: &Program<'a>, name: usize, owner: Option<&'a str>, from: usize) {
        if !program.is(name, Kind::Word) {
            return;
        }
        let mut open = from;
        while program.word(open) != "(" && open < from.saturating_add(HEAD) {
            if program.is(open, Kind::Word) && program.word(open.saturating_add(1)) == "=>" {
                break;
            }
            open = open.saturating_add(1);
        }
        let (parameters, behind) = if program.word(open) == "(" {
            let Some(close) = program.tokens.get(open).and_then(|token| token.pair) else { return };
            (open.saturating_add(1)..close, close.saturating_add(1))
        } else if program.word(open.saturating_add(1)) == "=>" {
            (open..open.saturating_add(1), open.saturating_add(1))
        } else {
            return;
        };
        let Some((body, block)) = body(program, behind) else { return };
        if block {
            self.opens.insert(body.start.saturating_sub(1));
        }
        let (name, index) = (program.word(name), self.list.len());
        // Where two have one name, the first counts.
        if let Entry::Vacant(place) = self.by_name.entry((owner, name)) {
            place.insert(index);
            if let Some(owner) = owner {
                self.methods.entry(name).or_insert(index);
                self.owned.entry(owner).or_default().push(index);
            }
            let texts = texts(program, &parameters);
            self.list.push(Function { name, owner, parameters, texts, body, block, made: Made::default() });
        }
    }

    /// The functions of the class or object `owner`.
    pub(super) fn of_owner(&self, owner: &str) -> impl Iterator<Item = usize> {
        self.owned.get(owner).into_iter().flatten().copied().take(PARTS)
    }

    /// Whether other modules may call the function at `index`, by its name or as a method of what is exported.
    pub(super) fn is_exported(&self, index: usize) -> bool {
        self.list.get(index).is_some_and(|function| {
            !function.name.starts_with('#') && self.exported.contains(function.owner.unwrap_or(function.name))
        })
    }

    /// `const name = object[key]`.
    fn choice(&mut self, program: &Program<'a>, open: usize) {
        let object = open.checked_sub(1).filter(|object| program.is_variable(*object));
        let equals =
            object.and_then(|object| object.checked_sub(1)).filter(|equals| program.word(*equals) == "=");
        let (Some(object), Some(target)) = (object, equals.and_then(|equals| equals.checked_sub(1))) else {
            return;
        };
        let name = declared(program, target);
        if program.is(name, Kind::Word) {
            self.chosen.insert(program.word(name), program.word(object));
        }
    }

    /// The parameters of a function that may hold a text: place, name, and where the name is this one.
    pub(super) fn parameters(&self, index: usize) -> impl Iterator<Item = (usize, &'a str, Range<usize>)> {
        self.list.get(index).into_iter().flat_map(|function| {
            function.texts.iter().map(|(place, name)| (*place, *name, function.body.clone()))
        })
    }

    /// `name = new Class(…)`, `this.name = new Class(…)`.
    fn object(&mut self, program: &Program<'a>, at: usize, class: usize) {
        let equals = at.checked_sub(1).filter(|equals| program.word(*equals) == "=");
        let Some(target) = equals.and_then(|equals| equals.checked_sub(1)) else { return };
        let name = declared(program, target);
        if program.is(name, Kind::Word) {
            self.objects.insert(program.word(name), program.word(class));
        }
    }

    /// `const [name, setName] = useState(…)`.
    fn state(&mut self, program: &Program<'a>, at: usize) {
        let mut before = at;
        while before > at.saturating_sub(4) && program.word(before) != "=" {
            before = before.saturating_sub(1);
        }
        let Some(open) = before
            .checked_sub(1)
            .filter(|close| program.word(*close) == "]")
            .and_then(|close| program.tokens.get(close)?.pair)
        else {
            return;
        };
        let (name, comma, setter) = (open.saturating_add(1), open.saturating_add(2), open.saturating_add(3));
        if !program.is(name, Kind::Word) || program.word(comma) != "," || !program.is(setter, Kind::Word) {
            return;
        }
        let around = program.tokens.get(open).and_then(|token| token.inside);
        let end = around.map_or(program.tokens.len(), |brace| program.past(brace));
        self.states.insert(program.word(setter), (program.word(name), open..end));
    }
}

/// The names that `program` exports, as a module of either kind.
///
/// Source: ECMA-262 (2025), section 16.2.3; Node.js documentation, "Modules: CommonJS modules", section "`module.exports`".
fn exported<'a>(program: &Program<'a>) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    for at in 0..program.tokens.len() {
        let word = program.word(at);
        let is_word = program.is(at, Kind::Word);
        let before = at.checked_sub(1).map_or("", |before| program.word(before));
        let mut next = at.saturating_add(1);
        match word {
            "export" if is_word && before != "." => {
                while matches!(
                    program.word(next),
                    "default" | "async" | "function" | "const" | "let" | "var" | "class" | "abstract" | "*"
                ) {
                    next = next.saturating_add(1);
                }
                if program.word(next) == "{" {
                    found.extend(program.parts(next).into_iter().map(|part| program.word(part.start)));
                } else if program.is(next, Kind::Word) {
                    found.insert(program.word(next));
                }
            }
            "exports" if is_word => match program.word(next) {
                "." if program.word(next.saturating_add(2)) == "=" => {
                    found.insert(program.word(next.saturating_add(1)));
                }
                "=" if program.word(next.saturating_add(1)) == "{" => {
                    let parts = program.parts(next.saturating_add(1));
                    found.extend(parts.into_iter().map(|part| program.word(part.start)));
                }
                "=" => {
                    found.insert(program.word(next.saturating_add(1)));
                }
                _ => {}
            },
            _ => {}
        }
    }
    found
}

/// The names among `parameters` that may hold a text, each with the place of its parameter.
fn texts<'a>(program: &Program<'a>, parameters: &Range<usize>) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let (mut from, mut place) = (parameters.start, 0_usize);
    while from < parameters.end && place < PARTS {
        let mut end = from;
        while end < parameters.end && program.word(end) != "," {
            end = program.past(end);
        }
        let mut at = from;
        while matches!(program.word(at), "private" | "public" | "protected" | "readonly" | "...") {
            at = at.saturating_add(1);
        }
        if program.word(at) == "{" {
            found.extend(program.pattern(at).into_iter().map(|(name, _)| (place, name)));
        } else if program.is(at, Kind::Word) {
            let colon = at.saturating_add(1 + usize::from(program.word(at.saturating_add(1)) == "?"));
            let narrow = program.word(colon) == ":"
                && matches!(program.word(colon.saturating_add(1)), "number" | "boolean" | "Date" | "bigint")
                && !matches!(program.word(colon.saturating_add(2)), "|" | "[");
            if !narrow {
                found.push((place, program.word(at)));
            }
        }
        from = end.saturating_add(1);
        place = place.saturating_add(1);
    }
    found
}

/// The body of a function whose parameters end before `behind`: its tokens, and whether it is a block.
fn body(program: &Program<'_>, behind: usize) -> Option<(Range<usize>, bool)> {
    let mut at = behind;
    let limit = behind.saturating_add(PARTS);
    // A type may hold braces of its own: `): Promise<{ a: string }> {`.
    while at < limit {
        match program.word(at) {
            "=>" => {
                let from = at.saturating_add(1);
                if program.word(from) == "{" && program.is(from, Kind::Mark) {
                    return Some((from.saturating_add(1)..program.past(from).saturating_sub(1), true));
                }
                return Some((program.expression(from), false));
            }
            "{" if at == behind
                || !matches!(program.word(at.saturating_sub(1)), ":" | "<" | "|" | "&" | ",") =>
            {
                return Some((at.saturating_add(1)..program.past(at).saturating_sub(1), true));
            }
            ";" | "" | ")" | "}" | "=" => return None,
            _ => at = program.past(at),
        }
    }
    None
}

/// Whether the name at `at`, which stands before a `(`, begins a method.
fn is_method(program: &Program<'_>, at: usize, name: &str) -> bool {
    const WORDS: &[&str] =
        &["if", "for", "while", "switch", "catch", "with", "function", "return", "super", "await", "new"];
    let before = at.checked_sub(1).map_or("", |before| program.word(before));
    let begins = matches!(
        before,
        "{" | "}" | ";" | "," | "async" | "private" | "public" | "protected" | "static" | "*" | "override"
    ) || program.breaks(at);
    let close = program.tokens.get(at.saturating_add(1)).and_then(|token| token.pair);
    let behind = close.map_or("", |close| program.word(close.saturating_add(1)));
    begins && !WORDS.contains(&name) && matches!(behind, "{" | ":")
}

/// The class, or the named object, whose braces open at `open`.
fn owner_of_method<'a>(program: &Program<'a>, open: usize) -> Option<&'a str> {
    if program.word(open) != "{" {
        return None;
    }
    if let Some(name) = owner(program, open) {
        return Some(name);
    }
    let equals = open.checked_sub(1).filter(|equals| program.word(*equals) == "=")?;
    let name = declared(program, equals.checked_sub(1)?);
    program.is(name, Kind::Word).then(|| program.word(name))
}

/// The class whose braces open at `open`.
pub(super) fn owner<'a>(program: &Program<'a>, open: usize) -> Option<&'a str> {
    let mut at = open.checked_sub(1)?;
    for _ in 0..HEAD {
        if program.word(at) == "class" && program.is(at, Kind::Word) {
            let name = at.saturating_add(1);
            return program.is(name, Kind::Word).then(|| program.word(name));
        }
        let head = program.is(at, Kind::Word)
            || matches!(program.word(at), "." | "<" | ">" | ",") && program.is(at, Kind::Mark);
        if !head {
            return None;
        }
        at = at.checked_sub(1)?;
    }
    None
}

/// The name that is declared before `=`, `target` being the token before that: also behind its type.
fn declared(program: &Program<'_>, target: usize) -> usize {
    let typed = (target.saturating_sub(16)..target).rev().find(|at| {
        program.word(at.saturating_add(1)) == ":" && program.is(*at, Kind::Word) && is_declared(program, *at)
    });
    typed.unwrap_or(target)
}

/// Whether the name at `at` stands behind a word that declares it.
fn is_declared(program: &Program<'_>, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| matches!(program.word(before), "const" | "let" | "var"))
}

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::{Critical, Low, Medium};

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        let code = format!("import {{ exec, execFile, execSync }} from 'child_process';\n{code}\n");
        found("a.ts", &code).into_iter().map(|(.., severity)| severity).collect()
    }

    #[test]
    fn what_callers_of_a_module_give_is_no_part_of_a_shell_line() {
        for code in [
            "export function clone(url: string) { execSync(`git clone ${url}`); }",
            "export const clone = (url: string) => { const line = 'git clone ' + url; exec(line); };",
            "function clone(url) { exec(`git clone ${url}`); }\nmodule.exports = { clone };",
            "exports.clone = function (url) { exec(`git clone ${url}`); };",
            "export class Git { clone(url: string) { exec(`git clone ${url}`); } }",
            "function run(line) { exec(line); }\nexport default function clone(url) { run(`git clone ${url}`); }",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "export function clone(url: string) { execFile('git', ['clone', '--', url]); }",
            "export function version(n: number) { return n + execSync('git rev-parse HEAD'); }",
            "export function read(url: string) { return fetch(url); }",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
        for code in [
            "function clone(url) { exec(`git clone ${url}`); }",
            "export function clone(url: string) { if (!/^[a-z]+$/.test(url)) throw 1; exec(`git clone ${url}`); }",
            "export function clone(url: string) { exec(`git clone ${quote(url)}`); }",
            "export function wait(n: number) { exec(`sleep ${n}`); }",
        ] {
            assert_eq!(graded(code), [Low], "{code}");
        }
    }

    #[test]
    fn fields_tables_of_tools_and_described_objects_hand_on_what_a_model_says() {
        let ask = "const r = await client.responses.create({});";
        for code in [
            format!("class A {{ async go() {{ {ask} this.last = r.output_text; exec(this.last); }} }}"),
            format!("class A {{ run() {{ exec(this.last); }} async go() {{ {ask} this.last = r.output_text; }} }}"),
            format!("const tools = {{ sh: (a: A) => exec(a.c) }};\n{ask}\nawait tools[r.name](JSON.parse(r.output_text));"),
            format!("const tools = {{ sh: ({{ c }}) => exec(c) }};\n{ask}\nconst tool = tools[r.name];\nawait tool(JSON.parse(r.output_text));"),
            "export const tools = [{ name: 'sh', description: 'runs', parameters: {}, execute: async ({ c }) => exec(c) }];".to_owned(),
            "const tool = { description: 'runs', inputSchema: s, async handler(args) { exec(args.c); } };".to_owned(),
        ] {
            assert_eq!(graded(&code), [Critical], "{code}");
        }
        for code in [
            format!("class A {{ async go() {{ {ask} this.last = r.output_text; this.other = 'ls'; }} }}"),
            "const job = { name: 'a', execute: async ({ c }) => execFile('ls', [c]) };".to_owned(),
        ] {
            assert_eq!(graded(&code), [], "{code}");
        }
    }
}
