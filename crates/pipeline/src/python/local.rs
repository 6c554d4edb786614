//! What calls of a module's own functions and classes amount to: what they give back, which sinks they reach, what their
//! objects hold. Part of [`Walk`].

use super::call::Call;
use super::exports::reached_elsewhere;
use super::module::{Sink, SinkKind};
use super::value::{Known, Taint, Value};
use super::walk::{MOST_ENTRIES, Walk};
use std::sync::Arc;

impl Walk<'_, '_> {
    /// What calling the function `number` gives; sinks reached through its parameters are judged.
    pub(super) fn call_function(&mut self, number: usize, call: &Call<'_>, bound: bool) -> Value {
        self.examine(number);
        let Some(function) = self.state.functions.get(number) else { return Value::default() };
        let Some(summary) = function.summary.clone() else { return Value::from_taint(call.taint()) };
        let shift = usize::from(bound);
        let function_parameters = function.parameters.clone();
        let class = function.class;
        let mut given: Vec<(usize, Taint)> = Vec::new();
        for (index, argument) in call.positional.iter().enumerate() {
            given.push((index.saturating_add(shift), argument.value.all_taint()));
        }
        for (name, argument) in &call.named {
            if let Some(index) = function.parameters.iter().position(|parameter| parameter == name) {
                given.push((index, argument.value.all_taint()));
            } else if matches!(name.as_ref(), "*" | "**") {
                // Any of them may be among what is handed over.
                given.extend(
                    (shift..function.parameters.len()).map(|index| (index, argument.value.all_taint())),
                );
            }
        }
        let through = |taint: Taint| {
            given
                .iter()
                .filter(|(index, _)| taint.parameters() & Taint::parameter(*index).parameters() != 0)
                .map(|(_, taint)| *taint)
                .fold(Taint::default(), Taint::and)
        };
        if let Some(class) = class {
            let parts = self.state.classes.get(class).map(|class| class.parts.as_slice()).unwrap_or_default();
            let filled: Vec<(Arc<str>, Taint)> = parts
                .iter()
                .filter(|part| part.method == number)
                .map(|part| (Arc::clone(&part.name), through(part.parameters).sources()))
                .filter(|(_, taint)| !taint.is_none())
                .collect();
            let held: Vec<(Arc<str>, Value)> = parts
                .iter()
                .filter(|part| part.method == number && part.plain)
                .filter_map(|part| {
                    let at = usize::try_from(part.parameters.parameters().trailing_zeros()).ok()?;
                    let name = function.parameters.get(at)?;
                    let given = call.keyword(name).or_else(|| call.positional.get(at.checked_sub(shift)?))?;
                    is_setting(&given.value)
                        .then(|| (Arc::clone(&part.name), given.value.clone().or(&Value::default())))
                })
                .collect();
            for (name, value) in held {
                self.set_attribute(class, &name, &value);
            }
            for (name, taint) in filled {
                self.fill(class, name, taint);
            }
        }
        for sink in &summary.sinks {
            let taint = through(sink.taint);
            if taint.is_none() || self.quiet {
                continue;
            }
            match &sink.elsewhere {
                // What only hands on a parameter was judged over there.
                Some(place) if taint.sources().is_none() => {
                    self.remember(reached_elsewhere(sink, place, call, taint));
                }
                Some(place) => self.reach(reached_elsewhere(sink, place, call, taint)),
                None => self.reach(Sink { taint, ..sink.clone() }),
            }
        }
        if !self.quiet {
            self.decide(&summary.waiting, &function_parameters, call, shift);
        }
        let taint = summary.returns.taint.sources().and(through(summary.returns.taint));
        // Parameters of that function are none of the one that calls it.
        let known = match &summary.returns.known {
            Known::Either(_) | Known::Not(_) => summary.returns.without_parameters().known,
            _ => summary.returns.known,
        };
        Value { known, taint }
    }

    /// The attribute `name` of an object of the class `number` (or of the class itself).
    pub(super) fn member(&mut self, number: usize, name: &str) -> Value {
        let constructor =
            self.state.classes.get(number).and_then(|class| class.methods.get("__init__").copied());
        if let Some(constructor) = constructor {
            self.examine(constructor);
        }
        let number = self.owner_of(number, name);
        let Some(class) = self.state.classes.get(number) else { return Value::default() };
        let of = |name: &str| class.filled.get(name).copied().unwrap_or_default();
        let filled = of(name).and(of("**"));
        if let Some(value) = class.attributes.get(name) {
            return value.clone().tainted(filled);
        }
        if let Some(method) = class.methods.get(name).copied() {
            if self.state.functions.get(method).is_some_and(|function| function.given.is_property) {
                self.examine(method);
                return self.returns_of(method).map(Value::without_parameters).unwrap_or_default();
            }
            return Known::Function(method).into();
        }
        // What a framework calls when it is asked to call the object.
        if super::called::CALLS_FUNCTION.contains(&name)
            && let Some(method) =
                ["_run", "_arun", "forward", "_call"].iter().find_map(|own| class.methods.get(*own))
        {
            return Known::Function(*method).into();
        }
        // What it derives from may have it.
        match class.bases.first() {
            Some(base) if name == "load" && base.ends_with("Unpickler") => {
                Value::path(if class.unpickles { "pickle.Unpickler().load" } else { "?.load" })
            }
            Some(base) => {
                let path = format!("{base}.{name}");
                let taint = super::sources::of_path(&path);
                Value::path(&path).tainted(filled.and(taint))
            }
            None => Value::path(&format!("?.{name}")).tainted(filled),
        }
    }

    /// The class, of those that the class `number` derives from and it itself, that has a member `name`; itself when none does.
    fn owner_of(&self, number: usize, name: &str) -> usize {
        let mut pending = vec![(number, 0usize)];
        let mut last = number;
        while let Some((at, depth)) = pending.pop() {
            let Some(class) = self.state.classes.get(at) else { continue };
            if class.attributes.contains_key(name) || class.methods.contains_key(name) {
                return at;
            }
            // What only a library knows is known by its path.
            if last == number
                && self.state.classes.get(number).is_some_and(|class| class.bases.is_empty())
                && !class.bases.is_empty()
            {
                last = at;
            }
            if depth < MOST_PARENTS {
                pending.extend(
                    class
                        .parents
                        .iter()
                        .rev()
                        .take(MOST_PARENTS)
                        .map(|parent| (*parent, depth.saturating_add(1))),
                );
            }
        }
        last
    }

    /// What an object of the class `number` holds in its declared fields, as a dict.
    pub(super) fn fields_of(&self, number: usize) -> Value {
        let Some(class) = self.state.classes.get(number) else { return Value::default() };
        let held = class.fields.iter().map(|name| {
            let value = class.attributes.get(name).cloned().unwrap_or_default();
            let taint = class.filled.get(name).copied().unwrap_or_default();
            (Some(Arc::clone(name)), value.tainted(taint))
        });
        let held: Vec<_> = held.collect();
        if held.is_empty() { Value::default() } else { Known::entries(held).into() }
    }

    /// Notes that the attribute `name` of the class holds what is `taint`ed.
    fn fill(&mut self, class: usize, name: Arc<str>, taint: Taint) {
        let Some(class) = self.state.classes.get_mut(class) else { return };
        if class.filled.len() >= MOST_ENTRIES && !class.filled.contains_key(&name) {
            return;
        }
        let known = class.filled.entry(name).or_default();
        if *known != known.and(taint) {
            *known = known.and(taint);
            class.grown = class.grown.saturating_add(1);
        }
    }

    /// The constructor of the class `number`, when it has one.
    pub(super) fn constructor(&self, number: usize) -> Option<usize> {
        let owner = self.owner_of(number, "__init__");
        self.state.classes.get(owner)?.methods.get("__init__").copied()
    }

    /// Notes what the fields of the class `number` are given where it has no constructor of its own, as data classes have none.
    pub(super) fn construct(&mut self, number: usize, call: &Call<'_>) {
        let Some(class) = self.state.classes.get(number) else { return };
        if class.methods.contains_key("__init__") {
            return;
        }
        let ordered = class.fields.iter().cloned().zip(&call.positional);
        let named = call.named.iter().map(|(name, argument)| (Arc::clone(name), argument));
        let given: Vec<(Arc<str>, Taint)> = ordered
            .chain(named)
            .map(|(name, argument)| (name, argument.value.all_taint().sources()))
            .filter(|(_, taint)| !taint.is_none())
            .collect();
        let ordered = class.fields.iter().cloned().zip(&call.positional);
        let named = call.named.iter().map(|(name, argument)| (Arc::clone(name), argument));
        let fields = ordered.chain(named.filter(|(name, _)| class.fields.contains(name)));
        let held: Vec<(Arc<str>, Value)> = fields
            .filter(|(_, argument)| is_setting(&argument.value))
            .map(|(name, argument)| (name, argument.value.clone().or(&Value::default())))
            .collect();
        for (name, taint) in given {
            self.fill(number, name, taint);
        }
        for (name, value) in held {
            self.set_attribute(number, &name, &value);
        }
    }

    /// What the function `number` gives back, once it was walked.
    pub(super) fn returns_of(&self, number: usize) -> Option<&Value> {
        Some(&self.state.functions.get(number)?.summary.as_ref()?.returns)
    }

    /// The names of the parameters of a function of this module.
    pub(super) fn parameters_of(&self, callee: &Value) -> Vec<Arc<str>> {
        let Known::Function(number) = callee.known else { return Vec::new() };
        self.state.functions.get(number).map(|function| function.parameters.clone()).unwrap_or_default()
    }

    /// Judges the sinks of the function `number` that parameters reach, all of them tainted with `taint`.
    pub(super) fn reach_all(&mut self, number: usize, taint: Taint, wanted: impl Fn(SinkKind) -> bool) {
        let Some(summary) = self.state.functions.get(number).and_then(|function| function.summary.clone())
        else {
            return;
        };
        for sink in summary.sinks.into_iter().filter(|sink| wanted(sink.kind) && sink.elsewhere.is_none()) {
            self.reach(Sink { taint, ..sink });
        }
    }

    /// The methods of the class `number` whose names begin with `begins`.
    pub(super) fn methods_of(&self, number: usize, begins: &str) -> Vec<usize> {
        let Some(class) = self.state.classes.get(number) else { return Vec::new() };
        let named =
            class.methods.iter().filter(|(name, _)| name.starts_with(begins) && !name.starts_with("__"));
        let mut methods: Vec<usize> = named.map(|(_, method)| *method).collect();
        methods.sort_unstable();
        methods.truncate(super::value::MOST_CHOICES);
        methods
    }

    /// Whether the function `number` belongs to a class, so that its first parameter is the object.
    pub(super) fn is_method(&self, number: usize) -> bool {
        self.state.functions.get(number).is_some_and(|function| function.class.is_some())
    }

    /// Whether the class `number` has a method `name` of its own.
    pub(super) fn has_method(&self, number: usize, name: &str) -> bool {
        self.state.classes.get(number).is_some_and(|class| class.methods.contains_key(name))
    }

    /// Path of what the class `number` derives from.
    pub(super) fn base_of(&self, number: usize) -> Option<Arc<str>> {
        self.state.classes.get(number)?.bases.first().cloned()
    }
}

/// Whether an object is made with it as a setting: a switch or a text that is written down. Other objects of the class may hold something else.
fn is_setting(value: &Value) -> bool {
    matches!(value.known, Known::Bool(_) | Known::Text(_)) && value.taint.is_none()
}

/// Most classes that one derives from, and how far that is followed.
const MOST_PARENTS: usize = 4;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Low, Medium};

    fn shell(code: &str) -> Vec<bartizan_core::Severity> {
        severities(
            &format!("import os\nfrom flask import request\n{code}"),
            "pipeline/shell-command-from-data",
        )
    }

    #[test]
    fn what_an_object_is_made_with_is_followed_to_its_methods() {
        let class = "class Job:\n    def __init__(self, name, command):\n        self.name = name\n        self.command = command\n    def run(self):\n        os.system(self.command)\n    def show(self):\n        os.system('echo ' + self.name)\n";
        assert_eq!(shell(&format!("{class}Job('a', request.args['c']).run()\n")), [Critical, Low]);
        assert_eq!(shell(&format!("{class}Job('a', 'ls').run()\n")), [Low, Low]);
        // What one method's parameter is called is not what another's is.
        let path = "class Store:\n    def __init__(self, command):\n        self.command = command\n    def put(self, data):\n        os.system(self.command)\nStore('ls').put(request.args['d'])\n";
        assert_eq!(shell(path), [Low]);
    }

    #[test]
    fn what_a_generated_constructor_is_given_by_position_is_followed_to_its_field() {
        let class = "from dataclasses import dataclass\n@dataclass\nclass Job:\n    name: str\n    command: str\n    def run(self):\n        os.system(self.command)\n    def show(self):\n        os.system('echo ' + self.name)\n";
        assert_eq!(shell(&format!("{class}Job('a', request.args['c']).run()\n")), [Critical, Low]);
        assert_eq!(shell(&format!("{class}Job('a', 'ls').run()\n")), [Low, Low]);
    }

    #[test]
    fn settings_are_followed_into_objects_and_out_of_them() {
        let tls = |code: &str| {
            let code = format!(
                "import requests\nfrom dataclasses import dataclass, asdict\nfrom types import SimpleNamespace\n{code}"
            );
            severities(&code, "pipeline/tls-disabled")
        };
        let class = "@dataclass\nclass Cfg:\n    verify: bool = True\n    timeout: int = 3\n";
        let client = "class C:\n    def __init__(self, verify=True):\n        self.verify = verify\n    def get(self):\n        return requests.get(u, verify=self.verify)\n";
        let property = |given: &str| {
            format!(
                "class C:\n    @property\n    def verify(self):\n        return {given}\n    def get(self):\n        return requests.get(u, verify=self.verify)\n"
            )
        };
        for (code, severity) in [
            (format!("{class}c = Cfg(verify=False)\nrequests.get(u, verify=c.verify)"), Medium),
            (format!("{class}requests.get(u, **asdict(Cfg(False)))"), Medium),
            (class.replace("True", "False") + "requests.get(u, **asdict(Cfg()))", High),
            (format!("{client}C(verify=False).get()"), Medium),
            (format!("{client}C(False).get()"), Medium),
            ("class B:\n    verify = False\nclass C(B):\n    def get(self):\n        return requests.get(u, verify=self.verify)".to_owned(), High),
            (property("False"), High),
            (property("not self.dev"), Medium),
            ("c = SimpleNamespace(verify=False)\nrequests.get(u, verify=c.verify)".to_owned(), High),
            ("c = SimpleNamespace(verify=True)\nc.verify = False\nrequests.get(u, verify=c.verify)".to_owned(), High),
            ("s = requests.Session()\nsetattr(s, 'verify', False)".to_owned(), High),
        ] {
            assert_eq!(tls(&code), [severity], "{code}");
        }
        for code in [
            format!("{class}c = Cfg(verify='/ca.pem')\nrequests.get(u, verify=c.verify)"),
            format!("{client}C(verify=True).get()"),
            property("self.ca or True"),
            "c = SimpleNamespace(verify=True)\nrequests.get(u, verify=c.verify)".to_owned(),
            "s = requests.Session()\nsetattr(s, 'verify', '/ca.pem')".to_owned(),
            "class B:\n    verify = False\nclass C(B):\n    verify = True\n    def get(self):\n        return requests.get(u, verify=self.verify)".to_owned(),
        ] {
            assert_eq!(tls(&code), [], "{code}");
        }
    }

    #[test]
    fn what_is_kept_in_an_object_after_it_was_read_is_followed() {
        let code = "class A:\n    def run(self):\n        for step in self.steps:\n            os.system(step)\n    def __init__(self):\n        self.steps = []\n    def plan(self):\n        self.steps.append(request.args['c'])\n";
        assert!(shell(code).contains(&Critical));
    }

    #[test]
    fn one_of_a_table_of_functions_is_given_what_each_is() {
        let table = "import json, openai\ndef shell(command):\n    os.system(command)\ndef note(text):\n    print(text)\nTOOLS = {'shell': shell, 'note': note}\nr = openai.OpenAI().chat.completions.create(messages=[])\nfor c in r.choices[0].message.tool_calls:\n";
        let found = |call: &str| {
            severities(&format!("import os\n{table}    {call}\n"), "pipeline/model-output-executed")
        };
        assert_eq!(found("TOOLS[c.function.name](**json.loads(c.function.arguments))"), [Critical]);
        assert_eq!(found("TOOLS.get(c.function.name)(json.loads(c.function.arguments)['x'])"), [Critical]);
        assert_eq!(found("TOOLS['note'](**json.loads(c.function.arguments))"), []);
        let argv = "COMMANDS = {'a': ['git', 'status']}\nimport subprocess\nsubprocess.run(COMMANDS.get(request.args['c']))\n";
        assert_eq!(shell(argv), []);
    }

    #[test]
    fn a_graph_hands_on_what_its_nodes_make() {
        let code = "from langchain_openai import ChatOpenAI\nfrom langgraph.graph import StateGraph\nllm = ChatOpenAI()\ndef write(state):\n    return {'code': llm.invoke(state['q']).content}\ndef run(state):\n    exec(state['code'])\ng = StateGraph(dict)\ng.add_node('run', run)\n";
        assert_eq!(severities(code, "pipeline/model-output-executed"), []);
        let whole = format!("{code}g.add_node('write', write)\n");
        assert_eq!(severities(&whole, "pipeline/model-output-executed"), [Critical]);
        let other = whole
            .replace("exec(state['code'])", "subprocess.run(['python', '-c', state['code']])")
            .replace("from langgraph", "import subprocess\nfrom langgraph");
        assert_eq!(severities(&other, "pipeline/model-output-executed"), [Critical]);
        assert_eq!(
            severities(
                &other.replace("['python', '-c', state['code']]", "['git', state['code']]"),
                "pipeline/model-output-executed"
            ),
            []
        );
    }

    #[test]
    fn what_is_decoded_is_still_the_word_of_whom_it_came_from() {
        let queue = "import pickle\nimport redis.asyncio as redis\nr = redis.from_url('redis://q')\n";
        let code = format!(
            "{queue}async def f():\n    _, raw = await r.blpop('jobs')\n    os.system(pickle.loads(raw)['c'])\n"
        );
        assert_eq!(shell(&code), [Critical]);
    }

    #[test]
    fn a_tool_is_followed_however_it_is_called() {
        let head = "import httpx\nfrom langchain_core.tools import tool, BaseTool\nfrom langchain_core.messages import SystemMessage\n@tool\ndef read_page(url: str) -> str:\n    return httpx.get(url).text\nclass Page(BaseTool):\n    def _run(self, url):\n        return httpx.get(url).text\n@tool\ndef add(a: int, b: int) -> int:\n    return a + b\nasync def f(u):\n";
        let prompt = |call: &str| {
            severities(
                &format!("{head}    SystemMessage(content=f'Read {{{call}}}')\n"),
                "pipeline/prompt-from-untrusted-input",
            )
        };
        for call in [
            "read_page.invoke({'url': u})",
            "await read_page.ainvoke({'url': u})",
            "read_page.run(u)",
            "read_page.func(u)",
            "read_page.func(url=u)",
            "read_page.__wrapped__(u)",
            "Page().invoke({'url': u})",
        ] {
            assert_eq!(prompt(call), [Medium], "{call}");
        }
        assert_eq!(prompt("str(add.invoke({'a': 1, 'b': 2}))"), []);
        let run = "@tool\ndef run(command: str):\n    os.system(command)\nrun.invoke({'command': request.args['c']})\n";
        assert!(shell(&format!("from langchain_core.tools import tool\n{run}")).contains(&Critical));
        let note = run.replace("os.system(command)", "print(command)");
        assert_eq!(shell(&format!("from langchain_core.tools import tool\n{note}")), []);
    }

    #[test]
    fn pages_that_hold_what_others_sent_are_found() {
        let page = |back: &str| {
            severities(
                &format!(
                    "from flask import Flask, request\napp = Flask('a')\n@app.route('/')\ndef f():\n    q = request.args['q']\n    return {back}\n"
                ),
                "pipeline/markup-from-data",
            )
        };
        assert_eq!(page("f'<b>{q}</b>'"), [Medium]);
        assert_eq!(page("{'q': q}"), []);
        assert_eq!(page("'q is ' + q"), []);
    }
}
