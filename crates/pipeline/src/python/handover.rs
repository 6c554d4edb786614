//! Functions handed to what calls them later: threads, pools, event loops, web interfaces. Part of [`Walk`].

use super::call::{Argument, Call};
use super::declare::{attribute_of, is_telling_default};
use super::module::SinkKind;
use super::value::{Known, Taint, Value};
use super::walk::Walk;
use std::sync::Arc;

/// Most arguments of the program whose defaults are remembered.
const MOST_ARGUMENTS: usize = 512;
/// Most arguments given to a function that is called by others: the parameters that [`Taint`] tells apart.
const MOST_GIVEN: usize = 16;

impl<'a> Walk<'a, '_> {
    /// Calls the functions of this module that `call` hands over, with what they will be given.
    pub(super) fn hand_over(&mut self, call: &Call<'a>) {
        if self.quiet {
            return;
        }
        let is_function = |value: &Value| matches!(value.known, Known::Function(_));
        if call.name() == "add_node" {
            self.join_graph(call);
            return;
        }
        let tools = tools_of(call);
        if !tools.is_empty() {
            let chosen = Value::from_taint(Taint::MODEL);
            for tool in tools.iter().take(MOST_GIVEN).filter(|tool| is_function(tool)) {
                self.call_later(tool, &vec![chosen.clone(); MOST_GIVEN], call);
            }
            return;
        }
        if !call.arguments().any(|argument| is_function(&argument.value)) {
            self.hand_library(call);
            return;
        }
        if call.is_of("gradio") {
            // What stands in the fields of the page, by whoever opens it.
            let callbacks: Vec<Value> = call.arguments().map(|argument| argument.value.clone()).collect();
            for callback in callbacks {
                let field = Value::from_taint(Taint::REQUEST);
                self.call_later(&callback, &vec![field; MOST_GIVEN], call);
            }
            return;
        }
        if call.is_of("airflow")
            && let Some(callable) = call.keyword("python_callable").map(|argument| argument.value.clone())
        {
            // What a run is started with, under the names by which Airflow hands it over.
            let parameters = self.parameters_of(&callable);
            let given: Vec<Value> = parameters
                .iter()
                .map(|name| {
                    if super::rules::names_run(name) {
                        Value::from_taint(Taint::OPERATOR.and(Taint::TRIGGER))
                    } else {
                        Value::default()
                    }
                })
                .collect();
            self.call_later(&callable, &given, call);
            return;
        }
        let handled = match call.name() {
            "CommandHandler" | "MessageHandler" | "CallbackQueryHandler" | "InlineQueryHandler"
                if call.is_of("telegram") =>
            {
                call.argument(1, "callback").or_else(|| call.positional.first())
            }
            "add_url_rule" => call.argument(2, "view_func"),
            "add_api_route" | "add_route" => call.argument(1, "endpoint"),
            "subscribe" | "basic_consume" => call.any_keyword(&["callback", "on_message_callback", "cb"]),
            _ => None,
        };
        if let Some(callback) = handled.map(|argument| argument.value.clone()) {
            let sent = Value::from_taint(Taint::REQUEST);
            self.call_later(&callback, &vec![sent; MOST_GIVEN], call);
            return;
        }
        let given = |from: usize| -> Vec<Value> {
            call.positional
                .iter()
                .skip(from)
                .take(MOST_GIVEN)
                .map(|argument| argument.value.clone())
                .collect()
        };
        let first = |at: usize| call.positional.get(at).map(|argument| argument.value.clone());
        let (callee, arguments) = match (call.path.as_ref(), call.name()) {
            ("asyncio.to_thread", _) | (_, "submit" | "apply_async" | "call_soon" | "add_task") => {
                (first(0), given(1))
            }
            (_, "run_in_executor") => (first(1), given(2)),
            ("builtins.map", _) | (_, "imap" | "imap_unordered" | "starmap" | "map") => {
                (first(0), given(1).iter().map(super::evaluate::element).collect())
            }
            (_, "Thread" | "Process" | "Timer") => {
                let callee = call.any_keyword(&["target", "function"]).map(|argument| argument.value.clone());
                let arguments = match call.keyword("args").map(|argument| &argument.value.known) {
                    Some(Known::Items(items)) => items.iter().take(MOST_GIVEN).cloned().collect(),
                    _ => Vec::new(),
                };
                (callee, arguments)
            }
            _ => return,
        };
        if let Some(callee) = callee {
            self.call_later(&callee, &arguments, call);
        }
    }

    /// A function of a library handed over with what it will be given: `pool.submit(os.system, command)`.
    fn hand_library(&mut self, call: &Call<'a>) {
        let place = match call.name() {
            "to_thread" | "submit" | "apply_async" | "call_soon" | "add_task" | "map" | "imap"
            | "imap_unordered" | "starmap" => 0,
            "run_in_executor" => 1,
            _ => return,
        };
        let in_turn = call.name().contains("map");
        let path = call.positional.get(place).and_then(|callee| callee.value.as_path()).cloned();
        let Some(path) = path.filter(|path| path.contains('.') && !path.contains("()")) else { return };
        let mut positional = call.positional.get(place.saturating_add(1)..).unwrap_or_default().to_vec();
        for argument in positional.iter_mut().filter(|_| in_turn) {
            argument.value = super::evaluate::element(&argument.value);
        }
        let spelling = call.positional.get(place).map_or(call.spelling, |callee| callee.written);
        self.check(&Call { path, spelling, positional, ..call.clone() });
    }

    /// Functions that share a state, each changing it for the next (`langgraph`): what one puts into it reaches what the others
    /// run.
    fn join_graph(&mut self, call: &Call<'a>) {
        let node = call.arguments().map(|argument| &argument.value).find_map(|value| match value.known {
            Known::Function(number) => Some(number),
            _ => None,
        });
        let Some(node) = node.filter(|_| self.state.nodes.len() < MOST_GIVEN) else { return };
        self.examine(node);
        self.state.nodes.push(node);
        let mut taint = Taint::default();
        for node in &self.state.nodes {
            if let Some(returns) = self.returns_of(*node) {
                taint = taint.and(returns.all_taint().sources());
            }
        }
        if taint.is_none() {
            return;
        }
        for node in self.state.nodes.clone() {
            self.reach_all(node, taint, |kind| {
                matches!(kind, SinkKind::Code | SinkKind::Shell | SinkKind::Sql | SinkKind::Template)
            });
        }
    }

    fn call_later(&mut self, callee: &Value, arguments: &[Value], call: &Call<'a>) {
        let Known::Function(number) = callee.known else { return };
        let positional = arguments
            .iter()
            .map(|value| Argument { value: value.clone(), span: call.span.clone(), written: "" })
            .collect();
        let later = Call { path: Arc::from("@local"), positional, named: Vec::new(), ..call.clone() };
        let bound = self.is_method(number);
        self.call_function(number, &later, bound);
    }

    /// Remembers the default of an argument of the program: what holds unless whoever starts it says otherwise.
    pub(super) fn note_argument(&mut self, call: &Call<'a>) {
        let options = call.positional.iter().filter_map(|argument| argument.value.as_text());
        let longest = options.max_by_key(|option| option.len()).map(attribute_of);
        let destination = call.keyword("dest").and_then(|dest| dest.value.as_text()).map(str::to_owned);
        let (Some(name), Some(default)) = (destination.or(longest), call.keyword("default")) else { return };
        super::rules::remote_code::named(&name, &default.value, &default.span, &mut self.state.module);
        super::rules::secret::named(&name, &default.value, &default.span, &mut self.state.module);
        super::rules::transport::named(&name, &default.value, &default.span, &mut self.state.module);
        if is_telling_default(&name, &default.value.known) && self.state.arguments.len() < MOST_ARGUMENTS {
            self.state.arguments.insert(name.into(), default.value.known.clone());
        }
    }
}

/// The functions that `call` makes tools of an agent, by the libraries' names for them: a model chooses their arguments.
fn tools_of(call: &Call<'_>) -> Vec<Value> {
    let first = |place: usize, names: &[&str]| {
        call.any_keyword(names).or_else(|| call.positional.get(place)).map(|argument| argument.value.clone())
    };
    let wraps = matches!(call.name(), "from_defaults" | "from_function")
        && (call.path.contains("Tool") || call.path.starts_with('?'))
        || matches!(call.name(), "FunctionTool" | "StructuredTool" | "register_function" | "add_tool")
        || call.name() == "Tool" && call.package() != "builtins";
    let mut found: Vec<Value> = Vec::new();
    if wraps {
        let place = usize::from(matches!(call.name(), "Tool" | "StructuredTool"));
        found.extend(first(place, &["fn", "async_fn", "func", "coroutine", "function", "callable"]));
    }
    let lists = match call.name() {
        "bind_tools" => first(0, &["tools"]),
        "create_react_agent" | "create_tool_calling_agent" | "create_agent" | "from_tools" => {
            let place = usize::from(call.name() != "from_tools");
            first(place, &["tools"])
        }
        _ => call.any_keyword(&["tools", "functions", "function_map"]).map(|argument| argument.value.clone()),
    };
    match lists.map(|list| list.known) {
        Some(Known::Items(items)) => found.extend(items.iter().cloned()),
        Some(Known::Entries(entries)) => found.extend(entries.iter().map(|(_, value)| value.clone())),
        _ => {}
    }
    found.retain(|value| matches!(value.known, Known::Function(_)));
    found
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Medium};

    #[test]
    fn a_default_is_what_happens_unless_someone_decides_otherwise() {
        let unpinned = |code: &str| {
            severities(&format!("from transformers import AutoModel\n{code}"), "pipeline/unpinned-model")
        };
        assert_eq!(unpinned("def f(name='acme/net'):\n    return AutoModel.from_pretrained(name)"), [Medium]);
        assert_eq!(
            unpinned(
                "def f(name='acme/net', revision=None):\n    AutoModel.from_pretrained(name, revision=revision)"
            ),
            []
        );
        assert_eq!(
            unpinned("def f(model_path='acme/net'):\n    return AutoModel.from_pretrained(model_path)"),
            []
        );
        assert_eq!(unpinned("def f(name):\n    return AutoModel.from_pretrained(name)"), []);
        let parser = "import argparse\np = argparse.ArgumentParser()\np.add_argument('-m', '--model-id', default='acme/net')\n";
        assert_eq!(
            unpinned(&format!("{parser}a = p.parse_args()\nAutoModel.from_pretrained(a.model_id)")),
            [Medium]
        );
        assert_eq!(unpinned(&format!("{parser}a = p.parse_args()\nAutoModel.from_pretrained(a.other)")), []);
        let option = "import click\n@click.command()\n@click.option('--model', '-m', default='acme/net')\n";
        assert_eq!(
            unpinned(&format!("{option}def main(model):\n    AutoModel.from_pretrained(model)")),
            [Medium]
        );
        let trusted = "from transformers import AutoModel\ndef f(name, trust: bool = True):\n    AutoModel.from_pretrained(name, trust_remote_code=trust)";
        assert_eq!(severities(trusted, "pipeline/remote-code"), [High]);
    }

    #[test]
    fn a_default_does_not_make_a_value_constant() {
        let code = "import os\ndef run(command='ls'):\n    os.system(command)\nrun(input())";
        assert!(severities(code, "pipeline/shell-command-from-data").contains(&Medium));
    }

    #[test]
    fn functions_made_tools_of_an_agent_are_given_what_a_model_chooses() {
        let code = |call: &str| {
            format!(
                "import os\nfrom llama_index.core.tools import FunctionTool\nfrom agents import Agent\ndef f(text):\n    os.system('say ' + text)\n{call}"
            )
        };
        for call in [
            "FunctionTool.from_defaults(fn=f)",
            "FunctionTool.from_defaults(f)",
            "Agent(name='a', tools=[f])",
            "llm.bind_tools([f])",
            "user.register_function(function_map={'f': f})",
        ] {
            let found = severities(&code(call), "pipeline/model-output-executed");
            assert_eq!(found, [Critical], "{call}");
        }
        assert_eq!(severities(&code("Agent(name='a', tools=[g])"), "pipeline/model-output-executed"), []);
    }

    #[test]
    fn a_task_of_airflow_is_handed_what_the_run_was_started_with() {
        let code = |parameters: &str, body: &str| {
            format!(
                "import subprocess\nfrom airflow.decorators import task\n@task\ndef f({parameters}):\n    subprocess.run(f'train {{{body}}}', shell=True)\n"
            )
        };
        let found = |code: &str| severities(code, "pipeline/shell-command-from-data");
        assert_eq!(found(&code("**context", "context[\"dag_run\"].conf[\"x\"]")), [Medium]);
        assert_eq!(found(&code("params", "params[\"x\"]")), [Medium]);
        assert!(!found(&code("size", "size")).contains(&Medium));
    }

    #[test]
    fn callbacks_are_given_what_their_callers_give() {
        let code = |call: &str| {
            format!(
                "import gradio as gr, os, threading\nfrom flask import request\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\ndef f(text):\n    os.system('say ' + text)\n{call}"
            )
        };
        for call in [
            "gr.Interface(fn=f, inputs='text', outputs='text')",
            "threading.Thread(target=f, args=(request.args['x'],)).start()",
            "pool.submit(f, request.args['x'])",
        ] {
            let found = severities(&code(call), "pipeline/shell-command-from-data");
            assert!(found.contains(&Critical), "{call}: {found:?}");
        }
        let library = code("pool.submit(os.system, 'say ' + request.args['x'])");
        assert!(severities(&library, "pipeline/shell-command-from-data").contains(&Critical));
        assert!(
            !severities(&code("pool.submit(f, 'hello')"), "pipeline/shell-command-from-data")
                .contains(&Critical)
        );
    }
}
