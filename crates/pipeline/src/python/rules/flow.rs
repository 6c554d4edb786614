//! Values that reach what runs, asks or shows them: code, shells, databases, pages, templates, prompts.

use crate::python::call::{Argument, Call};
use crate::python::module::{Module, Sink, SinkKind};
use crate::python::value::{HOLE, Known, Taint, Value};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// The answer of a language model, or an argument one chose for a tool, handed to `eval`, `exec`, a shell, a database, a
    /// page or a template; followed through variables, functions of the module, containers and string operations.
    /// ## Why it matters
    /// Whoever can put text before the model (a document, a web page, a chat message) chooses what runs.
    /// ## Example
    /// `eval(client.responses.create(model="m", input=question).output_text)`
    /// ## How to fix
    /// Ask the model for data, parse it against a schema, and let code of yours choose what to do. Where generated code must
    /// run, run it in a sandbox without network or secrets.
    /// ## References
    /// - OWASP LLM05:2025, Improper Output Handling
    pub const MODEL_OUTPUT_EXECUTED: Rule = Rule {
        id: "pipeline/model-output-executed",
        title: "a language model's answer that is executed",
        severity: Severity::High,
        remedy: "Parse the answer against a schema and choose the action in code of your own; run generated code only in a sandbox.",
        taxonomies: &[atlas("AML.T0051"), atlas("AML.T0053"), cwe(94), cwe(78), cwe(89), owasp_llm("LLM05"), owasp_agentic("ASI05")],
    };

    /// ## What it finds
    /// `eval`, `exec`, `compile`, `runpy`, or a template built from a value that is not constant; graded by where the value
    /// comes from.
    /// ## Why it matters
    /// Whoever has a say in the value runs code.
    /// ## Example
    /// `eval(request.args["expression"])`
    /// ## How to fix
    /// `ast.literal_eval` for literals, a table of functions for choices.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/95.html>
    pub const CODE_FROM_DATA: Rule = Rule {
        id: "pipeline/code-from-data",
        title: "code made from a value",
        severity: Severity::High,
        remedy: "Use `ast.literal_eval` for literals, or a table of functions for choices.",
        taxonomies: &[atlas("AML.T0011"), cwe(95), cwe(1336)],
    };

    /// ## What it finds
    /// A shell command put together from a value that is not constant: `os.system`, `os.popen`, `subprocess` with
    /// `shell=True`, `!` lines of a notebook; and a program chosen by a user or a model.
    /// ## Why it matters
    /// A `;` or `$( )` in the value is another command.
    /// ## Example
    /// `subprocess.run(f"python train.py --data {path}", shell=True)`
    /// ## How to fix
    /// Pass a list without `shell=True`.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/78.html>
    pub const SHELL_COMMAND_FROM_DATA: Rule = Rule {
        id: "pipeline/shell-command-from-data",
        title: "a shell command made from a value",
        severity: Severity::High,
        remedy: "Pass the program and its arguments as a list, without `shell=True`.",
        taxonomies: &[atlas("AML.T0011"), cwe(78)],
    };

    /// ## What it finds
    /// A database statement put together from a value that is not constant instead of bound parameters.
    /// ## Why it matters
    /// A quote in the value is another statement.
    /// ## Example
    /// `cursor.execute(f"select * from runs where name = '{name}'")`
    /// ## How to fix
    /// `cursor.execute("select * from runs where name = ?", (name,))`
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/89.html>
    pub const SQL_FROM_DATA: Rule = Rule {
        id: "pipeline/sql-from-data",
        title: "a database statement made from a value",
        severity: Severity::Medium,
        remedy: "Bind the value as a parameter of the statement.",
        taxonomies: &[cwe(89)],
    };

    /// ## What it finds
    /// What a user or a language model wrote, put into a page as markup (`Markup`, `unsafe_allow_html=True`,
    /// `HTML`, `render_template_string`, an HTML response).
    /// ## Why it matters
    /// Script in the value runs in the reader's browser, with the reader's session.
    /// ## Example
    /// `st.markdown(answer, unsafe_allow_html=True)`
    /// ## How to fix
    /// Escape the value, or clean it with an allow-list.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/79.html>
    pub const MARKUP_FROM_DATA: Rule = Rule {
        id: "pipeline/markup-from-data",
        title: "markup made from a value",
        severity: Severity::Medium,
        remedy: "Escape the value, or clean it with an allow-list, before it becomes markup.",
        taxonomies: &[cwe(79), owasp_llm("LLM05")],
    };

    /// ## What it finds
    /// Instructions to a language model (a system message, a prompt template) that contain what a user sent, a server
    /// answered or a file holds.
    /// ## Why it matters
    /// The model cannot tell your instructions from the ones inside that text.
    /// ## Example
    /// `messages=[{"role": "system", "content": f"Summarise: {requests.get(url).text}"}]`
    /// ## How to fix
    /// Keep instructions constant; pass such text as a separate user message, marked as data, and limit what the answer can do.
    /// ## References
    /// - OWASP LLM01:2025, Prompt Injection
    pub const PROMPT_FROM_UNTRUSTED_INPUT: Rule = Rule {
        id: "pipeline/prompt-from-untrusted-input",
        title: "a prompt built from untrusted input",
        severity: Severity::Medium,
        remedy: "Keep the instructions constant and pass the text as data in a message of its own.",
        taxonomies: &[atlas("AML.T0051.001"), cwe(1427), owasp_llm("LLM01"), owasp_agentic("ASI01")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[
    &MODEL_OUTPUT_EXECUTED,
    &CODE_FROM_DATA,
    &SHELL_COMMAND_FROM_DATA,
    &SQL_FROM_DATA,
    &MARKUP_FROM_DATA,
    &PROMPT_FROM_UNTRUSTED_INPUT,
];

/// Notes what `call` hands to a sink.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let first = call.positional.first();
    let sink = |module: &mut Module, kind: SinkKind, value: &Value| {
        module.sink(kind, &call.span, call.spelling, value);
    };
    match call.path.as_ref() {
        "builtins.eval"
        | "builtins.exec"
        | "code.InteractiveInterpreter().runsource"
        | "runpy.run_path"
        | "asteval.Interpreter()"
        | "numexpr.evaluate"
        | "simpleeval.simple_eval" => {
            if let Some(code) = first {
                // A constant's own calls are looked into elsewhere.
                if !code.value.is_constant() {
                    module.judged.insert(call.span.start);
                }
                sink(module, SinkKind::Code, &code.value);
            }
        }
        "types.FunctionType" | "code.InteractiveConsole().push" | "builtins.get_ipython().run_cell" => {
            if let Some(code) = first {
                sink(module, SinkKind::Code, &code.value);
            }
        }
        _ if call.path.as_ref() == "pandas.eval"
            || call.is_of("pandas")
                && call.path.contains("()")
                && matches!(call.name(), "eval" | "query") =>
        {
            if let Some(code) = first.filter(|code| outside(code.value.all_taint())) {
                sink(module, SinkKind::Code, &code.value);
            }
        }
        "os.system"
        | "os.popen"
        | "subprocess.getoutput"
        | "subprocess.getstatusoutput"
        | "commands.getoutput"
        | "asyncio.create_subprocess_shell"
        | "builtins.get_ipython().system"
        | "builtins.get_ipython().getoutput"
        | "popen2.popen2"
        | "pexpect.run"
        | "fabric.Connection().run"
        | "invoke.run" => {
            if let Some(command) = call.argument(0, "command").or_else(|| call.any_keyword(&["cmd"])) {
                run(call, module, &command.value, true);
            }
        }
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen" => {
            if let Some(command) = call.argument(0, "args") {
                let shell = call.is_true("shell");
                run(call, module, &command.value, shell);
            }
        }
        "os.execv"
        | "os.execl"
        | "os.execvp"
        | "os.spawnv"
        | "os.spawnl"
        | "asyncio.create_subprocess_exec" => {
            if let Some(program) = first {
                run(call, module, &program.value, false);
            }
        }
        "jinja2.Template"
        | "jinja2.Environment().from_string"
        | "flask.render_template_string"
        | "mako.template.Template"
        | "jinja2.sandbox.SandboxedEnvironment().from_string"
        | "django.template.Template" => {
            if let Some(template) = first
                && !call.path.contains("Sandboxed")
            {
                sink(module, SinkKind::Template, &template.value);
            }
        }
        "markupsafe.Markup"
        | "flask.Markup"
        | "django.utils.safestring.mark_safe"
        | "IPython.display.HTML"
        | "IPython.core.display.HTML"
        | "streamlit.components.v1.html"
        | "streamlit.html"
        | "fastapi.responses.HTMLResponse"
        | "starlette.responses.HTMLResponse"
        | "IPython.display.Javascript"
        | "bottle.HTTPResponse"
        | "django.http.HttpResponse"
        | "gradio.HTML" => {
            if let Some(markup) = call.argument(0, "content").or_else(|| call.arguments().next()) {
                sink(module, SinkKind::Html, &markup.value);
            }
        }
        // A text is a page unless its kind is said to be another.
        "flask.make_response" | "flask.Response" | "quart.make_response" | "aiohttp.web.Response" => {
            let page = first.or_else(|| call.any_keyword(&["response", "text", "body"]));
            let said = call.any_keyword(&["mimetype", "content_type"]);
            let plain =
                said.is_some_and(|kind| kind.value.as_text().is_none_or(|kind| !kind.contains("html")));
            if let Some(page) = page.filter(|page| !plain && is_markup(&page.value)) {
                sink(module, SinkKind::Html, &page.value);
            }
        }
        _ => {
            if call.is_true("unsafe_allow_html")
                && let Some(markup) = first
            {
                sink(module, SinkKind::Html, &markup.value);
            }
            sql(call, module);
            prompt(call, module);
        }
    }
}

/// Whether a text is put together as markup.
pub(in crate::python) fn is_markup(value: &Value) -> bool {
    value.as_pieces().is_some_and(|text| {
        let text = text.trim_start().to_ascii_lowercase();
        text.starts_with('<') || text.contains("</") || text.contains("<br") || text.contains("<img")
    })
}

/// A command: its text to the rules about commands, and its value to a shell.
fn run(call: &Call<'_>, module: &mut Module, command: &Value, shell: bool) {
    let words: Option<Vec<String>> = match &command.known {
        Known::Items(items) => Some(items.iter().map(word).collect()),
        _ => None,
    };
    match &words {
        Some(words) => super::command::judge_words(words, &call.span, module),
        None => {
            if let Some(text) = command.as_pieces() {
                super::command::judge(text, &call.span, module);
            }
        }
    }
    let first = words.as_ref().and_then(|words| words.first().map(String::as_str));
    let first = first.or_else(|| command.as_pieces().and_then(|text| text.split_whitespace().next()));
    let plain = words.is_some()
        || command.as_text().is_some_and(|text| !text.contains(['|', ';', '&', '`', '$', '>']));
    if plain && first.is_some_and(is_ordinary) {
        module.judged.insert(call.span.start);
    }
    // `bash -c` is a shell however it is started.
    let interpreter = words.as_ref().is_some_and(|words| {
        let program = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
        matches!(program, "sh" | "bash" | "zsh" | "cmd" | "powershell" | "pwsh")
            && words.iter().any(|word| matches!(word.as_str(), "-c" | "-lc" | "/c" | "-Command"))
    });
    if let (Known::Items(items), Some(words)) = (&command.known, &words) {
        program_text(call, module, items, words);
    }
    if shell || interpreter {
        module.sink(SinkKind::Shell, &call.span, call.spelling, command);
    } else {
        // Without a shell only the program matters.
        let program = match &command.known {
            Known::Items(items) => items.first().cloned().unwrap_or_default(),
            _ => command.clone(),
        };
        if outside(program.all_taint()) {
            module.sink(SinkKind::Shell, &call.span, call.spelling, &program);
        }
    }
}

/// The program that an interpreter is given as text: `python -c TEXT`, or on its standard input.
fn program_text(call: &Call<'_>, module: &mut Module, items: &[Value], words: &[String]) {
    let program = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    let language =
        program.starts_with("python") || matches!(program, "node" | "perl" | "ruby" | "deno" | "Rscript");
    let shell = matches!(program, "sh" | "bash" | "zsh");
    let flag = words.iter().position(|word| matches!(word.as_str(), "-c" | "-e" | "--eval"));
    if language
        && let Some(text) = flag.and_then(|at| items.get(at.saturating_add(1)))
        && outside(text.all_taint())
    {
        module.sink(SinkKind::Code, &call.span, call.spelling, text);
    }
    if (language || shell)
        && flag.is_none()
        && words.iter().skip(1).all(|word| word.starts_with('-'))
        && let Some(input) = call.keyword("input")
        && outside(input.value.all_taint())
    {
        module.sink(SinkKind::Code, &call.span, call.spelling, &input.value);
    }
}

/// One word of a command; the interpreter that runs the code is Python.
fn word(value: &Value) -> String {
    match value.as_path().map(AsRef::as_ref) {
        Some("sys.executable") => "python".to_owned(),
        _ => value.spelt(),
    }
}

/// Whether a program is one that pipelines are made of, whatever it is given.
fn is_ordinary(program: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "accelerate",
        "cmake",
        "conda",
        "cp",
        "deepspeed",
        "docker",
        "du",
        "dvc",
        "ffmpeg",
        "gcc",
        "git",
        "gsutil",
        "gzip",
        "helm",
        "kubectl",
        "ls",
        "lscpu",
        "make",
        "mkdir",
        "mlflow",
        "ninja",
        "nvcc",
        "nvidia-smi",
        "pip",
        "pip3",
        "pytest",
        "python",
        "python3",
        "ray",
        "rsync",
        "ruff",
        "tar",
        "terraform",
        "torchrun",
        "tree",
        "unzip",
        "uv",
        "wc",
        "which",
        "zip",
    ];
    let name = program.rsplit('/').next().unwrap_or(program);
    program.starts_with(HOLE) || PROGRAMS.contains(&name)
}

/// Statements to a database.
fn sql(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let runs = matches!(
        name,
        "execute"
            | "executemany"
            | "executescript"
            | "raw"
            | "exec_driver_sql"
            | "run_sql"
            | "read_sql"
            | "read_sql_query"
    );
    let runs = runs
        || call.is_of("pyspark") && name == "sql"
        || call.is_of("duckdb") && matches!(name, "sql" | "query");
    if !runs {
        return;
    }
    let Some(statement) = call.positional.first() else { return };
    let value = &statement.value;
    // `sqlalchemy.text(…)` hands on what it is given.
    let spelt = value.as_pieces().unwrap_or_default().trim_start().to_ascii_lowercase();
    let verbs = [
        "select", "insert", "update", "delete", "drop", "create", "alter", "with", "pragma", "copy", "merge",
        "replace", "truncate",
    ];
    let written = verbs.iter().any(|verb| spelt.starts_with(verb));
    if written && !value.is_constant()
        || outside(value.all_taint())
        || value.taint.parameters() != 0 && written
    {
        module.sink(SinkKind::Sql, &call.span, call.spelling, value);
    } else if value.taint.parameters() != 0 && !written {
        // Judged where it is called, by what is given.
        module.sink(SinkKind::Sql, &call.span, call.spelling, value);
    }
}

/// Instructions to a language model.
fn prompt(call: &Call<'_>, module: &mut Module) {
    // Messages are told by their shape: code hands them to a client through functions of its own.
    for given in call.arguments() {
        let Known::Items(items) = &given.value.known else { continue };
        for message in items.iter() {
            let role = message.entry("role").and_then(Value::as_text);
            if let (Some("system" | "developer"), Some(content)) = (role, message.entry("content")) {
                module.sink(SinkKind::Prompt, &call.span, call.spelling, content);
            }
            // `("system", "…")`, as LangChain takes them.
            if let Known::Items(pair) = &message.known
                && let [role, content] = &**pair
                && matches!(role.as_text(), Some("system" | "developer"))
            {
                module.sink(SinkKind::Prompt, &call.span, call.spelling, content);
            }
        }
    }
    let mixed =
        |given: &&Argument<'_>| given.value.as_pieces().is_some_and(|text| text.len() > HOLE.len_utf8());
    let instructions = match call.name() {
        "SystemMessage" | "SystemMessagePromptTemplate" => call.argument(0, "content").filter(mixed),
        "from_template" if call.is_of("langchain") || call.is_of("langchain_core") => {
            call.argument(0, "template").filter(mixed)
        }
        "Agent"
        | "AssistantAgent"
        | "LlmAgent"
        | "create_agent"
        | "create_react_agent"
        | "Assistant"
        | "GenerativeModel"
        | "GenerateContentConfig" => call.any_keyword(INSTRUCTIONS),
        _ if crate::python::sources::answers_of_model(call) => call.any_keyword(INSTRUCTIONS),
        _ => None,
    };
    if let Some(instructions) = instructions {
        module.sink(SinkKind::Prompt, &call.span, call.spelling, &instructions.value);
    } else if call.name() == "create"
        && call.is_of("anthropic")
        && let Some(system) = call.keyword("system")
    {
        module.sink(SinkKind::Prompt, &call.span, call.spelling, &system.value);
    } else if crate::python::sources::answers_of_model(call) {
        let given = call.any_keyword(&["prompt", "input", "contents"]).or_else(|| call.positional.first());
        // A question of the user alone is what the model is for; mixed into instructions it is not.
        if let Some(given) = given.filter(|given| given.value.as_pieces().is_some_and(|text| text.len() > 24))
        {
            module.sink(SinkKind::Prompt, &call.span, call.spelling, &given.value);
        }
    }
}

/// What instructions are called.
const INSTRUCTIONS: &[&str] =
    &["system_prompt", "system_instruction", "system_message", "instructions", "prompt"];

/// Whether someone else had a hand in it.
fn outside(taint: Taint) -> bool {
    taint.has(Taint::REQUEST) || taint.has(Taint::MODEL) || taint.has(Taint::NETWORK)
}

/// Reports a value that reached a sink, by who had a hand in it.
pub(in crate::python) fn judge(sink: &Sink, module: &mut Module) {
    let taint = sink.taint.sources();
    let who = taint.describe();
    let callee = &sink.callee;
    let model = taint.has(Taint::MODEL);
    let outside = outside(taint);
    if matches!(sink.kind, SinkKind::Address | SinkKind::File) {
        super::place::judge(sink, module);
        return;
    }
    let finding = match sink.kind {
        SinkKind::Code if model => Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` runs {who}"))
            .severity(Severity::Critical),
        SinkKind::Shell if model => {
            Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` runs a command from {who}"))
                .severity(Severity::Critical)
        }
        SinkKind::Template if model => {
            Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` makes a template of {who}"))
        }
        SinkKind::Sql if model => {
            Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` sends {who} to a database"))
        }
        SinkKind::Html if model => {
            Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` shows {who} as markup"))
                .severity(Severity::Medium)
        }
        SinkKind::Code if outside => {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` runs {who}")).severity(Severity::Critical)
        }
        SinkKind::Code
            if taint.has(Taint::FILE) || taint.has(Taint::ENVIRONMENT) || taint.has(Taint::OPERATOR) =>
        {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` runs {who}")).severity(Severity::Medium)
        }
        SinkKind::Code if sink.varies && sink.taint.parameters() == 0 => {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` runs a value that is not constant"))
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
        }
        SinkKind::Code if sink.varies => {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` runs what its caller gives"))
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
        }
        SinkKind::Shell if outside => {
            Finding::new(&SHELL_COMMAND_FROM_DATA, format!("`{callee}` runs a command from {who}"))
                .severity(Severity::Critical)
        }
        SinkKind::Shell if taint.has(Taint::OPERATOR) || taint.has(Taint::FILE) => {
            Finding::new(&SHELL_COMMAND_FROM_DATA, format!("`{callee}` puts {who} into a shell command"))
                .severity(Severity::Medium)
        }
        SinkKind::Shell if sink.varies => {
            let message = format!("`{callee}` puts a value that is not constant into a shell command");
            Finding::new(&SHELL_COMMAND_FROM_DATA, message)
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
        }
        SinkKind::Sql if outside => {
            Finding::new(&SQL_FROM_DATA, format!("`{callee}` sends {who} to a database"))
                .severity(Severity::High)
        }
        SinkKind::Sql if sink.varies && (!taint.is_none() || sink.taint.parameters() == 0) => {
            Finding::new(&SQL_FROM_DATA, format!("`{callee}` is given a statement made from values"))
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
        }
        SinkKind::Html if outside => {
            Finding::new(&MARKUP_FROM_DATA, format!("`{callee}` shows {who} as markup"))
        }
        SinkKind::Template if outside => {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` makes a template of {who}"))
                .severity(Severity::High)
        }
        SinkKind::Prompt if taint.has(Taint::REQUEST) || taint.has(Taint::NETWORK) => Finding::new(
            &PROMPT_FROM_UNTRUSTED_INPUT,
            format!("`{callee}` is given instructions that hold {who}"),
        )
        .confidence(Confidence::Medium),
        SinkKind::Prompt if taint.has(Taint::FILE) || taint.has(Taint::OPERATOR) => Finding::new(
            &PROMPT_FROM_UNTRUSTED_INPUT,
            format!("`{callee}` is given instructions that hold {who}"),
        )
        .severity(Severity::Low)
        .confidence(Confidence::Low),
        SinkKind::Loader if outside && sink.taint.parameters() != 0 => return,
        _ => return,
    };
    module.report(&sink.span, finding);
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Low, Medium};

    #[test]
    fn a_models_answer_is_followed_to_what_runs_it() {
        let graded = |code: &str| severities(code, "pipeline/model-output-executed");
        for code in [
            "import openai\nr = openai.OpenAI().responses.create(model='m', input='x')\neval(r.output_text)",
            "from openai import OpenAI\nclass A:\n    def __init__(self):\n        self.c = OpenAI()\n    def go(self, q):\n        r = self.c.chat.completions.create(messages=[])\n        exec(r.choices[0].message.content.strip('`'))",
            "import anthropic, subprocess\nc = anthropic.Anthropic()\ndef ask(q):\n    return c.messages.create(model='m').content[0].text\ndef run(cmd):\n    subprocess.run(cmd, shell=True)\nrun(ask('x'))",
            "from transformers import pipeline\np = pipeline('text-generation', model='./m')\nimport os\nfor o in p('x'):\n    os.system('echo ' + o['generated_text'])",
            "from langchain_openai import ChatOpenAI\nfrom langchain.prompts import PromptTemplate\nchain = PromptTemplate.from_template('x') | ChatOpenAI()\nexec(chain.invoke({}))",
            "from langchain.tools import tool\nimport os\n@tool\ndef shell(command: str):\n    os.system(command)",
            "import openai, subprocess, sys\nr = openai.OpenAI().responses.create(input='x')\nsubprocess.run([sys.executable, '-c', r.output_text])",
            "import openai, json\nfrom dataclasses import dataclass\n@dataclass\nclass Step:\n    code: str\n    def run(self):\n        exec(self.code)\nr = openai.OpenAI().responses.create(input='x').output_text\nsteps = [Step(**s) for s in json.loads(r)]\nfor s in steps:\n    s.run()",
            "import openai, subprocess\nr = openai.OpenAI().responses.create(input='x')\nsubprocess.run(['bash'], input=r.output_text, text=True)",
        ] {
            assert_eq!(graded(code), [Critical], "{code}");
        }
        assert_eq!(
            graded(
                "import openai, subprocess\nr = openai.OpenAI().responses.create(input='x')\nsubprocess.run(['python', 'grade.py'], input=r.output_text, text=True)"
            ),
            []
        );
        assert_eq!(
            graded(
                "import openai\nr = openai.OpenAI().responses.create(input='x')\ncursor.execute(r.output_text)"
            ),
            [High]
        );
        assert_eq!(
            graded(
                "import openai, json\nr = openai.OpenAI().responses.create(input='x')\nprint(json.loads(r.output_text)['a'])"
            ),
            []
        );
    }

    #[test]
    fn commands_are_graded_by_whose_word_they_hold() {
        let graded = |code: &str| {
            severities(&format!("import subprocess, os, sys\n{code}"), "pipeline/shell-command-from-data")
        };
        assert_eq!(graded("from flask import request\nos.system('ls ' + request.args['d'])"), [Critical]);
        assert_eq!(graded("os.system(f'ls {sys.argv[1]}')"), [Medium]);
        assert_eq!(graded("def f(d):\n    subprocess.run(f'ls {d}', shell=True)"), [Low]);
        assert_eq!(graded("def f(d):\n    subprocess.run(['ls', d])"), []);
        assert_eq!(graded("D = '/tmp'\nos.system(f'ls {D}')"), []);
        assert_eq!(graded("import shlex\nos.system('ls ' + shlex.quote(sys.argv[1]))"), [Low]);
    }

    #[test]
    fn statements_with_bound_parameters_are_silent() {
        let graded = |code: &str| {
            severities(
                &format!("from flask import request\nname = request.args['n']\n{code}"),
                "pipeline/sql-from-data",
            )
        };
        assert_eq!(graded("cursor.execute(f\"select * from runs where name = '{name}'\")"), [High]);
        assert_eq!(graded("cursor.execute('select * from runs where name = ?', (name,))"), []);
    }

    #[test]
    fn a_route_that_says_it_answers_with_a_page_shows_one() {
        let code = |kind: &str| {
            format!(
                "from fastapi import FastAPI\nfrom fastapi.responses import HTMLResponse, JSONResponse\nfrom openai import OpenAI\napp = FastAPI()\nclient = OpenAI()\n@app.get('/', response_class={kind})\ndef page(q: str):\n    out = client.responses.create(model='m', input=q).output_text\n    return f'<p>{{out}}</p>'\n"
            )
        };
        let found = |kind: &str| severities(&code(kind), "pipeline/model-output-executed").len();
        assert_eq!((found("HTMLResponse"), found("JSONResponse")), (1, 0));
    }

    #[test]
    fn instructions_and_pages_made_from_what_others_sent_are_found() {
        let code = "import streamlit as st, openai\nq = st.text_input('q')\nopenai.OpenAI().chat.completions.create(messages=[{'role': 'system', 'content': f'Be good to {q}'}])\nst.markdown(q, unsafe_allow_html=True)";
        assert_eq!(severities(code, "pipeline/prompt-from-untrusted-input"), [Medium]);
        assert_eq!(severities(code, "pipeline/markup-from-data"), [Medium]);
        let code = "from flask import request\ndef ask(messages):\n    return client.create(messages=messages)\nask([{'role': 'system', 'content': 'You write about ' + request.args['t']}])";
        assert_eq!(severities(code, "pipeline/prompt-from-untrusted-input"), [Medium]);
        let code = "from langchain_core.prompts import ChatPromptTemplate as C\nimport requests\nfrom bs4 import BeautifulSoup\npage = BeautifulSoup(requests.get('https://x.example').text).get_text()\nC.from_messages([('system', f'Use {page}'), ('human', '{q}')])";
        assert_eq!(severities(code, "pipeline/prompt-from-untrusted-input"), [Medium]);
        let code = "import streamlit as st, openai\nq = st.text_input('q')\nopenai.OpenAI().chat.completions.create(messages=[{'role': 'user', 'content': q}])\nst.markdown(q)";
        assert_eq!(severities(code, "pipeline/prompt-from-untrusted-input"), []);
        assert_eq!(severities(code, "pipeline/markup-from-data"), []);
    }
}
