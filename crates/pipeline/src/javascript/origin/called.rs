//! What calls of the program's own functions amount to: what they give back, what they hand on, and what their parameters are called
//! with. Part of [`Origins`].
//!
//! Functions are followed by name, methods by the class or object that they belong to. One that looks at what it is given, or throws, is
//! taken for a check: it hands nothing on. What it calls itself is followed over [`ROUNDS`] calls.

use super::functions::{MOST_FUNCTIONS, Made, owner};
use super::looks::LOOKS;
use super::{EXPRESSION, Origin, Origins, PARTS};
use crate::javascript::lexer::Kind;
use crate::javascript::program::Call;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Over how many calls values are followed.
const ROUNDS: usize = 3;
/// Most parameters of which is remembered what they are called with.
const MOST_CALLED: usize = 4 * MOST_FUNCTIONS;

impl<'a> Origins<'_, 'a> {
    /// Finds out what the functions of the program make and are called with, and binds the names anew where that matters.
    pub(super) fn functions(&mut self, calls: &[Call]) {
        if self.functions.list.is_empty() && self.functions.given.is_none() {
            return;
        }
        if !self.returned() && !self.called_with(calls) && self.functions.given.is_none() {
            return;
        }
        self.passing();
        for _ in 0..ROUNDS {
            // What callers bind to parameters is theirs: it counts where they call.
            self.rebind(calls, false);
            let returned = self.returned();
            self.rebind(calls, true);
            let called = self.called_with(calls);
            if !returned && !called {
                break;
            }
        }
    }

    /// What the functions of the program amount to, by their paths: those of a class or an object behind its name.
    pub(in crate::javascript) fn made(&self) -> impl Iterator<Item = (Option<&'a str>, &'a str, Made)> {
        self.functions.list.iter().map(|function| (function.owner, function.name, function.made))
    }

    /// Binds every name anew, `called` with what the functions are known to be called with.
    fn rebind(&mut self, calls: &[Call], called: bool) {
        self.bindings.clear();
        self.entered(calls);
        let mut bound = if called { self.functions.called.clone() } else { Vec::new() };
        bound.sort_by_key(|(.., scope)| scope.start);
        for (name, origin, scope) in bound {
            self.bind(name, Some(origin), scope, HashSet::new());
        }
        self.declared_all();
    }

    /// Whether any function was found to give back what it was not known to.
    fn returned(&mut self) -> bool {
        let mut grown = false;
        for index in 0..self.functions.list.len() {
            let known = self.functions.list.get(index).and_then(|function| function.made.returns);
            // What a caller gives and gets back is the caller's.
            let found = self.given_back(index).filter(|origin| *origin != Origin::Parameter).max(known);
            if found != known
                && let Some(function) = self.functions.list.get_mut(index)
            {
                function.made.returns = found;
                grown = true;
            }
        }
        grown
    }

    /// Notes which functions hand on what they are given: those whose result holds a parameter when all parameters are marked.
    fn passing(&mut self) {
        let before = std::mem::take(&mut self.bindings);
        let mut parameters: Vec<(&'a str, Range<usize>)> = (0..self.functions.list.len())
            .flat_map(|index| self.functions.parameters(index).map(|(_, name, scope)| (name, scope)))
            .collect();
        parameters.sort_by_key(|(_, scope)| scope.start);
        for (name, scope) in parameters {
            self.bind(name, Some(Origin::Request), scope, HashSet::new());
        }
        self.marking.set(true);
        self.declarations();
        for index in 0..self.functions.list.len() {
            let passes = !self.checks(index) && self.given_back(index).is_some();
            if let Some(function) = self.functions.list.get_mut(index) {
                function.made.passes = passes;
            }
        }
        self.marking.set(false);
        self.bindings = before;
    }

    /// Whether the function throws, looks at a value in a condition, or is called a check.
    fn checks(&self, index: usize) -> bool {
        const WORDS: &[&str] = &[
            "sanit", "escape", "valid", "check", "safe", "clean", "allow", "quote", "encode", "assert",
            "hash",
        ];
        let Some(function) = self.functions.list.get(index) else { return true };
        let lower = function.name.to_ascii_lowercase();
        let program = self.program;
        WORDS.iter().any(|word| lower.contains(word))
            || function.body.clone().take(EXPRESSION).any(|at| {
                let word = program.word(at);
                word == "throw" || LOOKS.contains(&word) && !matches!(word, "match" | "in" | "indexOf")
            })
    }

    /// Whose word the function gives back, by its `return`s and `yield`s.
    fn given_back(&self, index: usize) -> Option<Origin> {
        let function = self.functions.list.get(index)?;
        if function.block { self.of_returns(&function.body) } else { self.of_expression(&function.body) }
    }

    /// Whose word the `return`s and `yield`s of the block `body` give, those of functions inside it left out.
    pub(super) fn of_returns(&self, body: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let mut worst = None;
        for at in body.clone().take_while(|at| self.spend(*at, 1)) {
            let gives = program.is(at, Kind::Word) && matches!(program.word(at), "return" | "yield");
            if gives && self.is_own(at, body.start) {
                let mut from = at.saturating_add(1);
                if program.word(from) == "*" {
                    from = from.saturating_add(1);
                }
                worst = worst.max(self.of_expression(&program.expression(from)));
            }
        }
        worst
    }

    /// Whether the token at `at` belongs to the function whose body begins behind the brace before `begin`, and to none inside it.
    fn is_own(&self, at: usize, begin: usize) -> bool {
        let program = self.program;
        let inside = |at: usize| program.tokens.get(at).and_then(|token| token.inside);
        let mut around = inside(at);
        while let Some(open) = around.filter(|open| self.spend(*open, 1)) {
            if open.saturating_add(1) == begin {
                return true;
            }
            let before = open.checked_sub(1).map_or("", |before| program.word(before));
            if self.mark(open) == "{" && (before == "=>" || self.functions.opens.contains(&open)) {
                return false;
            }
            around = inside(open);
        }
        false
    }

    /// Notes what calls hand to the functions of the program, and what a page's state is set to; whether any of it was not known.
    fn called_with(&mut self, calls: &[Call]) -> bool {
        let mut found: Vec<(&'a str, Origin, Range<usize>)> = Vec::new();
        for call in calls {
            let begin = call.begin;
            let name = self.program.word(begin);
            let state = self.state_set_by(begin, call);
            let index = self.callee(begin, call.close);
            let chosen = if index.is_none() { self.chosen(begin, call.close) } else { None };
            if state.is_none() && index.is_none() && chosen.is_none() || !self.spend(begin, 1) {
                continue;
            }
            for (place, argument) in call.arguments.iter().enumerate().take(PARTS) {
                let Some(origin) = self.of_expression(argument) else { continue };
                if self.is_looked_at(argument, begin) {
                    continue;
                }
                if let Some(state) = state.clone().filter(|_| place == 0) {
                    found.push((state.0, origin, state.1));
                }
                let called = chosen.iter().flat_map(|owner| self.functions.of_owner(owner)).chain(index);
                // A function that calls itself hands on what it has.
                let parameters = called.flat_map(|index| self.functions.parameters(index));
                found.extend(
                    parameters
                        .filter(|(known, ..)| *known == place)
                        .map(|(_, parameter, scope)| (parameter, origin, scope))
                        .filter(|(_, _, scope)| !name.is_empty() && !scope.is_empty()),
                );
            }
        }
        let called = &mut self.functions.called;
        let mut places: HashMap<(&'a str, Range<usize>), usize> = called
            .iter()
            .enumerate()
            .map(|(place, (name, _, scope))| ((*name, scope.clone()), place))
            .collect();
        let mut grown = false;
        for (name, origin, scope) in found {
            match places.entry((name, scope.clone())) {
                Entry::Occupied(place) => {
                    if let Some((_, known, _)) = called.get_mut(*place.get()).filter(|known| known.1 < origin)
                    {
                        *known = origin;
                        grown = true;
                    }
                }
                Entry::Vacant(place) if called.len() < MOST_CALLED => {
                    place.insert(called.len());
                    called.push((name, origin, scope));
                    grown = true;
                }
                Entry::Vacant(_) => {}
            }
        }
        grown
    }

    /// The object of the program one of whose functions is called, chosen by a name: `tools[name](…)`, or `tool(…)` behind
    /// `const tool = tools[name]`.
    fn chosen(&self, begin: usize, close: usize) -> Option<&'a str> {
        let program = self.program;
        let open = program.tokens.get(close).and_then(|token| token.pair)?;
        let (name, next) = (program.word(begin), begin.saturating_add(1));
        let owner = if next == open {
            self.functions.chosen.get(name).copied()?
        } else {
            let behind = (program.word(next) == "[").then(|| program.past(next))?;
            let direct = behind == open
                || matches!(program.word(behind), "?." | "!") && behind.saturating_add(1) == open;
            direct.then_some(name)?
        };
        self.functions.of_owner(owner).next().map(|_| owner)
    }

    /// The function of the program that is called by the chain that begins at `begin` and ends with the call closed at `close`.
    fn callee(&self, begin: usize, close: usize) -> Option<usize> {
        let program = self.program;
        let open = program.tokens.get(close).and_then(|token| token.pair)?;
        let words: Vec<&str> = (begin..open)
            .take(8)
            .map(|at| program.word(at))
            .filter(|word| !matches!(*word, "." | "?." | "!"))
            .collect();
        self.function_named(&words, begin)
    }

    /// The function that a chain of names calls: `ask`, `this.ask`, `client.ask`, `this.client.ask`.
    pub(super) fn function_named(&self, names: &[&str], at: usize) -> Option<usize> {
        let by_name: &HashMap<(Option<&str>, &str), usize> = &self.functions.by_name;
        let known = |owner: Option<&str>, name: &str| by_name.get(&(owner, name)).copied();
        match names {
            [name] => known(None, name),
            ["this", name] => known(self.owner_of(at), name),
            ["this", object, name] | [object, name] => {
                known(Some(self.functions.objects.get(object).copied().unwrap_or(object)), name)
            }
            _ => None,
        }
    }

    /// The method called `name` of the class or object around the token at `at`, or of the first that has one.
    pub(super) fn method_named(&self, name: &str, at: usize) -> Option<usize> {
        let owner = self.owner_of(at);
        self.functions.by_name.get(&(owner, name)).or_else(|| self.functions.methods.get(name)).copied()
    }

    /// The class or object around the token at `at`.
    fn owner_of(&self, at: usize) -> Option<&'a str> {
        let program = self.program;
        let mut around = program.tokens.get(at).and_then(|token| token.inside);
        while let Some(open) = around.filter(|open| self.spend(*open, 1)) {
            if let Some(name) = owner(program, open) {
                return Some(name);
            }
            around = program.tokens.get(open).and_then(|token| token.inside);
        }
        None
    }

    /// What a call through `members` of a function of this or another module amounts to, its `(` being at `open`; `None` for any other
    /// call.
    pub(super) fn made_by(&self, members: &[&str], open: usize) -> Option<Made> {
        if self.functions.list.is_empty() && self.functions.given.is_none() {
            return None;
        }
        match self.function_named(members, open) {
            Some(index) => self.functions.list.get(index).map(|function| function.made),
            None => self.given_by(members),
        }
    }

    /// Whose word the call whose `(` is at `open` gives, of a function that amounts to `made`.
    pub(super) fn of_made(&self, made: Made, open: usize) -> Option<Origin> {
        let handed_on = if made.passes { self.of_arguments(open) } else { None };
        self.source(made.returns).max(handed_on)
    }

    fn given_by(&self, members: &[&str]) -> Option<Made> {
        let given = self.functions.given.as_ref()?;
        let names = members.strip_prefix(&["this"]).unwrap_or(members);
        let (first, rest) = names.split_first()?;
        let meant = self
            .functions
            .objects
            .get(first)
            .map(|class| self.program.imported(class).unwrap_or(*class))
            .or_else(|| self.program.imported(first))?;
        let path = rest.iter().fold(meant.to_owned(), |path, name| format!("{path}.{name}"));
        given.get(&path).copied()
    }

    /// Whether a call through `members` asks a model that a library of agents made: `model.invoke(…)`.
    pub(super) fn asks_model(&self, members: &[&str]) -> bool {
        let Some((last, before)) = members.split_last() else { return false };
        if before.is_empty()
            || !matches!(*last, "invoke" | "stream" | "predict" | "generate" | "batch" | "call")
        {
            return false;
        }
        let owner = before.last().copied().unwrap_or_default();
        let class = self.functions.objects.get(owner).copied().unwrap_or_default();
        if self.program.imported(class).is_some_and(|path| path.starts_with("@langchain/")) {
            return class.starts_with("Chat") || class.ends_with("LLM");
        }
        let lower = owner.to_ascii_lowercase();
        *last == "invoke"
            && self
                .program
                .imports_of(|path| path.starts_with("@langchain/") || path.starts_with("langchain"))
            && ["llm", "model", "chain", "agent", "executor", "graph"]
                .iter()
                .any(|word| lower.ends_with(word))
    }

    /// The state of a page's component that the call sets: `setName(…)` of `const [name, setName] = useState(…)`, and where it is read.
    fn state_set_by(&self, begin: usize, call: &Call) -> Option<(&'a str, Range<usize>)> {
        let program = self.program;
        let setter = program.word(begin);
        (call.path == setter).then(|| self.functions.states.get(setter).cloned())?
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    /// Lines at which a model's answer runs, in a program with a client of a model and `code`.
    fn run(code: &str) -> Vec<u32> {
        let head = "import OpenAI from 'openai';\nconst client = new OpenAI();\nconst CALL = { model: 'm', messages: [] };\n";
        let found = lines("app.ts", &format!("{head}{code}"));
        let answers = found.into_iter().filter(|(_, rule)| *rule == "model-output-executed");
        answers.map(|(line, _)| line.saturating_sub(3)).collect()
    }

    #[test]
    fn what_a_function_of_the_program_answers_is_an_answer_in_each_form() {
        for ask in [
            "async function ask(p) { const r = await client.chat.completions.create(CALL); return r.choices[0].message.content; }",
            "async function ask(p: string): Promise<{ a: string } | string> { const r = await client.chat.completions.create(CALL); return r.choices[0].message.content ?? ''; }",
            "const ask = async (p: string) => (await client.chat.completions.create(CALL)).choices[0].message.content!;",
            "const ask: (p: string) => Promise<string> = async (p) => { return (await client.responses.create(CALL)).output_text; };",
            "const ask = async p => (await inner(p)).trim(); async function inner(p) { return (await client.responses.create(CALL)).output_text; }",
            "function* ask(p) { for (const part of x) { yield client.responses.create(CALL).output_text; } }",
            "function ask(p) { return fetch('https://api.openai.com/v1/responses', { body: p }).then((r) => r.json()); }",
        ] {
            assert_eq!(run(&format!("{ask}\nasync function f(q) {{ eval(await ask(q)); }}\n")), [2], "{ask}");
        }
        for ask in [
            "async function ask(p) { const r = await client.chat.completions.create(CALL); return r.choices.length; }",
            "async function ask(p) { const r = await client.chat.completions.create(CALL); r.choices.map((c) => { return c.message.content; }); return 'x'; }",
            "async function other(p) { return (await client.responses.create(CALL)).output_text; }",
        ] {
            assert_eq!(
                run(&format!("{ask}\nasync function f(q) {{ eval(await ask(q)); }}\n")),
                [] as [u32; 0],
                "{ask}"
            );
        }
    }

    #[test]
    fn methods_are_known_by_their_class_or_object() {
        let ask =
            "async ask(p: string) { const r = await client.responses.create(CALL); return r.output_text; }";
        for code in [
            format!("class A {{ {ask} async run(q) {{ const c = await this.ask(q);\neval(c); }} }}"),
            format!("class A {{ private n = 0;\n{ask}\n}}\nconst a = new A();\nasync function f(q) {{ eval(await a.ask(q)); }}"),
            format!("const api = {{ {ask} }};\neval(await api.ask(1));"),
            "const api = { ask: async (p) => (await client.responses.create(CALL)).output_text };\neval(await api.ask(1));".to_owned(),
            "class A { ask = async (p) => (await client.responses.create(CALL)).output_text; }\nclass B { a = new A(); async f() { eval(await this.a.ask(1)); } }".to_owned(),
        ] {
            assert_eq!(run(&code).len(), 1, "{code}");
        }
        let injected = format!(
            "class A {{ {ask} }}\nclass B {{ constructor(private a: A) {{}} async f() {{ eval(await this.a.ask(1)); }} }}"
        );
        assert_eq!(run(&injected).len(), 1);
        let other = format!(
            "class A {{ {ask} }}\nclass B {{ ask(p) {{ return 'x'; }} }}\nconst b = new B();\neval(await b.ask(1));"
        );
        assert_eq!(run(&other), [] as [u32; 0]);
    }

    #[test]
    fn a_function_hands_on_what_it_is_given_unless_it_looks_at_it() {
        let code = |helper: &str| {
            format!(
                "{helper}\nasync function f() {{ const r = await client.responses.create(CALL); eval(take(r.output_text)); }}\n"
            )
        };
        for helper in [
            "function take(text) { const found = text.match(/`(.*)`/); return found ? found[1] : text; }",
            "const take = (text: string): string => text.trim();",
        ] {
            assert_eq!(run(&code(helper)).len(), 1, "{helper}");
        }
        for helper in [
            "function take(text) { if (!ALLOWED.includes(text)) throw new Error('no'); return text; }",
            "function take(text) { return ALLOWED.has(text) ? text : ''; }",
            "function take(text) { return 'x'; }",
        ] {
            assert_eq!(run(&code(helper)), [] as [u32; 0], "{helper}");
        }
    }

    #[test]
    fn a_parameter_holds_what_a_caller_gives_it() {
        let answer = "(await client.responses.create(CALL)).output_text";
        let run_in = |body: &str, call: &str| {
            run(&format!(
                "import {{ execSync }} from 'child_process';\n{body}\nasync function f() {{ {call} }}\n"
            ))
        };
        let helper = "function sh(command: string, times: number) { execSync(`run ${command}`); }";
        assert_eq!(run_in(helper, &format!("sh({answer}, 1);")), [2]);
        assert_eq!(run_in(helper, &format!("sh('ls', {answer});")), [] as [u32; 0]);
        assert_eq!(run_in(helper, "sh('ls', 1);"), [] as [u32; 0]);
        assert_eq!(
            run_in(&format!("{helper}\nfunction outer(c) {{ sh(c, 2); }}"), &format!("outer({answer});")),
            [2]
        );
        let looked = format!("const c = {answer}; if (!OK.includes(c)) return; sh(c, 1);");
        assert_eq!(run_in(helper, &looked), [] as [u32; 0]);
        // What one caller gives is not what another gets back.
        let both = "const same = (x) => x;\nsame(1);";
        assert_eq!(run_in(both, &format!("same({answer}); eval(same('1'));")), [] as [u32; 0]);
    }

    #[test]
    fn the_state_of_a_page_holds_what_it_is_set_to() {
        let code = |set: &str| {
            lines(
                "a.tsx",
                &format!(
                    "import OpenAI from 'openai';\nconst client = new OpenAI();\nexport function Chat() {{\n  const [html, setHtml] = useState('');\n  async function go() {{ const r = await client.responses.create({{}}); setHtml({set}); }}\n  return <div dangerouslySetInnerHTML={{{{ __html: html }}}} />;\n}}\n"
                ),
            )
        };
        assert_eq!(code("marked.parse(r.output_text)"), [(6, "model-output-executed")]);
        assert_eq!(code("r.output_text"), [(6, "model-output-executed")]);
        assert_eq!(code("DOMPurify.sanitize(r.output_text)"), []);
        assert_eq!(code("'<b>x</b>'"), []);
    }

    #[test]
    fn what_a_request_sends_is_read_in_each_frameworks_way() {
        for read in [
            "await req.json()",
            "await request.text()",
            "c.req.query('q')",
            "req.nextUrl.searchParams.get('q')",
        ] {
            let code = format!("export async function POST(req) {{ const a = {read}; eval(a); }}\n");
            assert_eq!(lines("a.ts", &code), [(1, "code-from-data")], "{read}");
        }
        for read in ["await response.json()", "c.req.header", "params.get('q')"] {
            let code = format!("export async function POST(req) {{ const a = {read}; eval(a); }}\n");
            assert_eq!(lines("a.ts", &code), [], "{read}");
        }
    }

    #[test]
    fn models_of_libraries_and_services_are_asked_in_their_own_ways() {
        for ask in [
            "import { ChatOpenAI } from '@langchain/openai';\nconst m = new ChatOpenAI({});\nconst a = (await m.invoke('q')).content;",
            "import { createAgent } from 'langchain';\nconst agent = createAgent({});\nconst a = (await agent.invoke({})).output;",
            "const r = await fetch(`${BASE}/v1/chat/completions`, {});\nconst a = (await r.json()).choices[0].message.content;",
            "const { data } = await axios.post('http://localhost:11434/api/generate', {});\nconst a = data.response;",
            "const r = await bedrock.send(new InvokeModelCommand({}));\nconst a = JSON.parse(r.body).content[0].text;",
        ] {
            let found = lines("a.ts", &format!("{ask}\neval(a);\n"));
            assert_eq!(
                found,
                [(found.last().map_or(0, |(line, _)| *line), "model-output-executed")],
                "{ask}"
            );
        }
        for ask in [
            "import { Shop } from './shop';\nconst m = new Shop({});\nconst a = (await m.invoke('q')).content;",
            "const r = await fetch('/items');\nconst a = (await r.json()).name;",
            "import { x } from '@langchain/core';\nconst a = await retriever.invoke('q');",
        ] {
            assert_eq!(lines("a.ts", &format!("{ask}\neval(a);\n")), [], "{ask}");
        }
    }

    #[test]
    fn what_a_server_of_others_answers_runs_and_instructs_as_data() {
        let head = "import axios from 'axios';\nconst load = async (u: string) => (await axios.get(u)).data;\nexport async function f(u: string) {\n";
        for (code, rule) in [
            (
                "const p = await (await fetch('https://api.example.dev/items')).text(); eval(p);",
                "code-from-data",
            ),
            (
                "const p = await (await fetch(u)).text(); ask([{ role: 'system', content: `Notes: ${p}` }]);",
                "prompt-from-untrusted-input",
            ),
            (
                "const { data } = await axios.get(u); generateText({ model, system: 'Notes: ' + data });",
                "prompt-from-untrusted-input",
            ),
            ("const p = await load(u); new SystemMessage(`Notes: ${p}`);", "prompt-from-untrusted-input"),
        ] {
            let ai = "import { generateText } from 'ai';\n";
            let found = lines("a.ts", &format!("{ai}{head}{code}\n}}\n"));
            assert_eq!(found, [(5, rule)], "{code}");
        }
        for code in [
            "const p = await (await fetch('/prompt.txt')).text(); ask([{ role: 'system', content: p }]);",
            "const p = await (await fetch('http://localhost:8000/prompt')).text(); ask([{ role: 'system', content: p }]);",
            "const p = await (await fetch(`${API}/prompt`)).text(); ask([{ role: 'system', content: p }]);",
            "const p = await (await fetch(u)).text(); ask([{ role: 'user', content: p }]);",
            "const p = await (await fetch(u)).text(); document.body.innerHTML = p;",
            "const p = await (await fetch(u)).text(); fs.writeFileSync(p, p); db.query(p);",
        ] {
            assert_eq!(lines("a.ts", &format!("{head}{code}\n}}\n")), [], "{code}");
        }
    }

    #[test]
    fn many_functions_called_many_times_are_followed_to_the_end() {
        use std::fmt::Write as _;
        let mut code = "import { execSync } from 'child_process';\n".to_owned();
        for index in 0..300 {
            let _ = writeln!(code, "function f{index}(a, b) {{ const c = a + b; return c.trim(); }}");
        }
        code.push_str("app.get('/x', (req, res) => {\n");
        for index in 0..3_000_usize {
            let (one, other) = (index % 300, index.wrapping_mul(7) % 300);
            let _ = writeln!(code, "f{one}(req.query.a, f{other}('x', req.query.b));");
        }
        code.push_str("execSync(f1(req.query.z, 'a'));\n});\n");
        assert_eq!(crate::testing::gaps("a.ts", &code), [] as [String; 0]);
        assert_eq!(lines("a.ts", &code), [(3_303, "shell-command-from-data")]);
    }
}
