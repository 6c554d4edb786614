//! Where values run, ask or show: which argument of which call is code, a command, a statement, a page, a template, a prompt.
//! What reaches them is judged by [`super::flow`].

use super::flow::outside;
use crate::python::call::{Argument, Call};
use crate::python::module::{Module, Sink, SinkKind};
use crate::python::value::{HOLE, Known, Taint, Value};
use bartizan_core::{Confidence, Finding, Severity};

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
        // Source becomes code only with a mode that says so; models are compiled as well.
        "builtins.compile" => {
            let mode = call.argument(2, "mode").map(|mode| mode.value.as_text());
            if mode.is_none()
                || matches!(mode, Some(Some(mode)) if !matches!(mode, "exec" | "eval" | "single"))
            {
                module.judged.insert(call.span.start);
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
            let typed = |code: &&Argument<'_>| {
                let taint = code.value.all_taint();
                outside(taint) || taint.has(Taint::OPERATOR)
            };
            if let Some(code) = first.filter(typed) {
                sink(module, SinkKind::Code, &code.value);
            }
        }
        _ if matches!(call.name(), "eval" | "query") && call.path.starts_with("?.") && is_table(call) => {
            if let [code] = call.positional.as_slice() {
                told(call, module, SinkKind::Code, &code.value);
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
        _ if let Some(command) = replaced(call) => run(call, module, &command, false),
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
            if matches!(call.name(), "write" | "write_text" | "writelines")
                && let Some(page) = first.filter(|page| is_page(&page.value))
            {
                sink(module, SinkKind::Html, &page.value);
            }
            format(call, module);
            container(call, module);
            filter(call, module);
            sql(call, module);
            task(call, module);
            prompt(call, module);
        }
    }
}

/// A text of a caller's by which values are formatted: `{a.__class__}` in it reads what hangs on them.
///
/// Source: Python documentation, "Format String Syntax".
fn format(call: &Call<'_>, module: &mut Module) {
    let objects = call
        .arguments()
        .any(|given| !matches!(given.value.known, Known::Text(_) | Known::Integer(_) | Known::Pieces(_)));
    let whole = !matches!(call.receiver.known, Known::Text(_) | Known::Pieces(_));
    // The value itself, and not what a function made of it.
    let sent = call.receiver.as_path().is_none_or(|path| !path.ends_with(')'));
    if matches!(call.name(), "format" | "format_map")
        && objects
        && whole
        && sent
        && call.receiver.taint.has(Taint::REQUEST)
    {
        let finding = Finding::new(
            &super::flow::CODE_FROM_DATA,
            "values are formatted by a text that a user sent: it reads what hangs on them",
        )
        .severity(Severity::Medium)
        .confidence(Confidence::Medium)
        .remedy("Format with a text of your own, or with `string.Template`.");
        module.report(&call.span, finding);
    }
}

/// Notes a value that is judged only by who had a hand in it, here or where the function around is called.
fn told(call: &Call<'_>, module: &mut Module, kind: SinkKind, value: &Value) {
    let taint = value.all_taint();
    if outside(taint) || taint.parameters() != 0 {
        let callee = call.spelling.chars().take(60).collect();
        let span = call.span.clone();
        module.sinks.push(Sink { kind, span, callee, taint, varies: false, elsewhere: None });
    }
}

/// Whether a method that a table of data has is called on what is not known: `eval` with one argument is nothing else but for stores
/// of keys, which run it as well; `query` is one of a table by its name.
fn is_table(call: &Call<'_>) -> bool {
    let owner = call.spelling.rsplit_once('.').map_or("", |(owner, _)| owner);
    let owner = owner.rsplit('.').next().unwrap_or(owner);
    let table =
        owner == "df" || owner.starts_with("df_") || owner.ends_with("_df") || owner.contains("frame");
    table || call.name() == "eval" && !owner.is_empty()
}

/// Whether a text is put together as markup.
pub(in crate::python) fn is_markup(value: &Value) -> bool {
    value.as_pieces().is_some_and(|text| {
        let text = text.trim_start().to_ascii_lowercase();
        text.starts_with('<') || text.contains("</") || text.contains("<br") || text.contains("<img")
    })
}

/// A container that is told to run a shell with what its step is given.
fn container(call: &Call<'_>, module: &mut Module) {
    let texts = |name: &str| match call.keyword(name).map(|given| &given.value.known) {
        Some(Known::Items(items)) => Some(items.clone()),
        _ => None,
    };
    let Some(command) = texts("command").or_else(|| texts("cmds")) else { return };
    let shell = command.first().and_then(Value::as_text).is_some_and(|program| {
        matches!(program.rsplit('/').next().unwrap_or(program), "sh" | "bash" | "zsh")
    });
    let takes = command
        .last()
        .and_then(Value::as_text)
        .is_some_and(|flag| flag.starts_with('-') && flag.ends_with('c'));
    let given = texts("args").or_else(|| texts("arguments"));
    if let Some(script) = given.as_ref().and_then(|given| given.first()).filter(|_| shell && takes) {
        module.sink(SinkKind::Shell, &call.span, call.spelling, script);
    }
}

/// What a call starts that takes the program and its arguments one by one, or the program and a list whose first word only names it.
///
/// Source: Python documentation, "os: Process Management"; asyncio, "Creating Subprocesses".
fn replaced(call: &Call<'_>) -> Option<Value> {
    let given = |from: usize| call.positional.iter().skip(from).map(|word| word.value.clone());
    if call.path.as_ref() == "asyncio.create_subprocess_exec" {
        return Some(Known::Items(given(0).collect()).into());
    }
    if call.path.as_ref() == "pty.spawn" {
        return call.argument(0, "argv").map(|argv| argv.value.clone());
    }
    let function = call.path.strip_prefix("os.")?;
    let (place, form) = match function {
        "posix_spawn" | "posix_spawnp" => (0, "v"),
        _ => match function.strip_prefix("spawn") {
            Some(form) => (1, form),
            None => (0_usize, function.strip_prefix("exec")?),
        },
    };
    let behind = place.saturating_add(1);
    let named: Vec<Value> = match form {
        "l" | "le" | "lp" | "lpe" => given(behind).collect(),
        "v" | "ve" | "vp" | "vpe" => match call.positional.get(behind).map(|list| &list.value.known) {
            Some(Known::Items(items)) => items.to_vec(),
            _ => Vec::new(),
        },
        _ => return None,
    };
    let program = call.positional.get(place)?.value.clone();
    // The first word is what the program is told that it is called.
    Some(Known::Items(std::iter::once(program).chain(named.into_iter().skip(1)).collect()).into())
}

/// Whether a text is a whole page.
fn is_page(value: &Value) -> bool {
    value.as_pieces().is_some_and(|text| {
        let text = text.trim_start();
        let begin = text.get(..text.floor_char_boundary(16)).unwrap_or(text).to_ascii_lowercase();
        begin.starts_with("<html") || begin.starts_with("<!doctype html") || begin.starts_with("<body")
    })
}

/// A command: its text to the rules about commands, and its value to a shell.
fn run(call: &Call<'_>, module: &mut Module, command: &Value, shell: bool) {
    let words: Option<Vec<String>> = match &command.known {
        Known::Items(items) => Some(items.iter().map(word).collect()),
        _ => None,
    };
    match &words {
        Some(words) => {
            super::command::judge_words(words, &call.span, module);
            super::command_line::judge_words(words, &call.span, module);
            super::deserialization::buckets::copied(words, &call.span, module);
        }
        None => {
            if let Some(text) = command.as_pieces() {
                super::command::judge(text, &call.span, module);
                let words = super::command_line::split(text);
                super::command_line::judge_words(&words, &call.span, module);
                super::deserialization::buckets::copied(&words, &call.span, module);
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
    match (&command.known, &words) {
        (Known::Items(items), Some(words)) => program_text(call, module, items, words),
        (Known::Text(text), _) => {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            program_text(call, module, &[], &words);
        }
        _ => {}
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
    if language && let Some(text) = flag.and_then(|at| items.get(at.saturating_add(1))) {
        told(call, module, SinkKind::Code, text);
    }
    if (language || shell)
        && flag.is_none()
        && words.iter().skip(1).all(|word| word.starts_with('-'))
        && let Some(input) = call.keyword("input")
    {
        told(call, module, SinkKind::Code, &input.value);
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
    let hook = call.path.starts_with("airflow.")
        && matches!(name, "run" | "get_records" | "get_first" | "get_pandas_df" | "get_df" | "copy_expert");
    let spark = name == "sql" && call.path.starts_with("?.") && call.spelling.contains("spark");
    let runs = runs
        || hook
        || spark
        || call.is_of("pyspark") && name == "sql"
        || call.is_of("duckdb") && matches!(name, "sql" | "query");
    if !runs || call.path.starts_with("set:") {
        return;
    }
    let Some(statement) = call.argument(0, "sql") else { return };
    let value = &statement.value;
    // `sqlalchemy.text(…)` hands on what it is given.
    let spelt = value.as_pieces().unwrap_or_default().trim_start().to_ascii_lowercase();
    let verbs = [
        "select", "insert", "update", "delete", "drop", "create", "alter", "with", "pragma", "copy", "merge",
        "replace", "truncate",
    ];
    let written = verbs.iter().any(|verb| spelt.starts_with(verb));
    let quoted = ["'\u{FFFC}", "\"\u{FFFC}"].iter().any(|hole| spelt.contains(hole));
    if written && quoted && value.taint.sources().is_none() {
        // A value between quotes is nothing but data.
        let message = format!("`{}` is given a statement with a value between its quotes", call.spelling);
        let finding = Finding::new(&super::flow::SQL_FROM_DATA, bartizan_core::printable(&message, 160));
        module.report(&call.span, finding.severity(Severity::Low).confidence(Confidence::Medium));
    }
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

/// A filter of a document store that is whole somebody else's word: its operators (`$where`, `$function`) are theirs as well.
///
/// Source: MongoDB manual, "FAQ: MongoDB Fundamentals: How does MongoDB address SQL or query injection?"
fn filter(call: &Call<'_>, module: &mut Module) {
    let stores = matches!(call.package(), "pymongo" | "motor" | "mongoengine" | "beanie");
    let asks = matches!(
        call.name(),
        "find"
            | "find_one"
            | "find_one_and_update"
            | "find_one_and_delete"
            | "find_one_and_replace"
            | "aggregate"
            | "count_documents"
            | "delete_one"
            | "delete_many"
            | "update_one"
            | "update_many"
            | "distinct"
            | "command"
            | "run_command"
    );
    if !stores || !asks {
        return;
    }
    for given in [call.argument(0, "filter"), call.keyword("pipeline")].into_iter().flatten() {
        // A dict written in the code keeps its own keys.
        if !matches!(given.value.known, Known::Entries(_)) {
            told(call, module, SinkKind::Sql, &given.value);
        }
    }
}

/// What a model that has tools is asked to do, mixed with what others left or published: they then ask as well.
fn task(call: &Call<'_>, module: &mut Module) {
    let agent = call.path.split('.').any(|part| {
        let class = part.trim_end_matches("()");
        class.ends_with("Agent")
            || class.ends_with("AgentExecutor")
            || class == "Runner"
            || class.ends_with("_agent")
    });
    let given = call.any_keyword(&["tools", "functions", "toolConfig", "tool_config", "mcp_servers"]);
    let tools = given.is_some_and(|given| match &given.value.known {
        Known::Null => false,
        Known::Items(items) => !items.is_empty(),
        _ => true,
    });
    if !(agent || tools) || !crate::python::sources::answers_of_model(call) {
        return;
    }
    let mut judge = |span: &std::ops::Range<usize>, value: &Value, role: &str| {
        let said = |text: &str| text.chars().filter(|each| *each != HOLE).count();
        let mixed = value.as_pieces().is_some_and(|text| said(text) >= SHORTEST_TASK);
        let taint = value.all_taint();
        if (mixed || role != "user")
            && (taint.has(Taint::STORED) || taint.has(Taint::NETWORK) || taint.parameters() != 0)
        {
            let callee = call.spelling.chars().take(60).collect();
            let sink = Sink {
                kind: SinkKind::Task,
                span: span.clone(),
                callee,
                taint,
                varies: true,
                elsewhere: None,
            };
            module.sinks.push(sink);
        }
    };
    for given in call.arguments() {
        judge(&given.span, &given.value, "user");
        for name in ["input", "question", "query", "task"] {
            if let Some(value) = given.value.entry(name) {
                judge(&given.span, value, "user");
            }
        }
        let listed = given.value.entry("messages").unwrap_or(&given.value);
        let Known::Items(items) = &listed.known else { continue };
        for message in items.iter() {
            let role = message.entry("role").and_then(Value::as_text);
            if let (Some(role @ ("user" | "system" | "developer")), Some(content)) =
                (role, message.entry("content"))
            {
                judge(&given.span, content, role);
            }
            if let Known::Items(pair) = &message.known
                && let [role, content] = &**pair
                && let Some(role @ ("user" | "human" | "system")) = role.as_text()
            {
                judge(&given.span, content, if role == "human" { "user" } else { role });
            }
        }
    }
}

/// Shortest text around what is put into it that says what to do, in characters.
const SHORTEST_TASK: usize = 16;

/// Instructions to a language model.
fn prompt(call: &Call<'_>, module: &mut Module) {
    // Messages are told by their shape: code hands them to a client through functions of its own.
    for given in call.arguments() {
        // `{"messages": […]}`, as graphs of agents take them.
        let listed = given.value.entry("messages").unwrap_or(&given.value);
        let Known::Items(items) = &listed.known else { continue };
        for message in items.iter() {
            let role = message.entry("role").and_then(Value::as_text);
            if let (Some("system" | "developer"), Some(content)) = (role, message.entry("content")) {
                module.sink(SinkKind::Prompt, &given.span, call.spelling, content);
            }
            // `("system", "…")`, as LangChain takes them.
            if let Known::Items(pair) = &message.known
                && let [role, content] = &**pair
                && matches!(role.as_text(), Some("system" | "developer"))
            {
                module.sink(SinkKind::Prompt, &given.span, call.spelling, content);
            }
        }
    }
    let mixed =
        |given: &&Argument<'_>| given.value.as_pieces().is_some_and(|text| text.len() > HOLE.len_utf8());
    // A template that a caller chose is all instructions.
    let template = |given: &&Argument<'_>| mixed(given) || given.value.all_taint().has(Taint::REQUEST);
    let renders =
        call.keyword("template_format").is_some_and(|format| format.value.as_text() == Some("jinja2"));
    if renders && call.package().starts_with("langchain") {
        let names = ["template", "messages"];
        if let Some(given) = call.any_keyword(&names).or_else(|| call.positional.first()) {
            told(call, module, SinkKind::Template, &given.value);
        }
        return;
    }
    let instructions = match call.name() {
        "SystemMessage" | "SystemMessagePromptTemplate" => call.argument(0, "content").filter(mixed),
        "from_template" if call.package().starts_with("langchain") => {
            call.argument(0, "template").filter(template)
        }
        "PromptTemplate" | "RichPromptTemplate" | "PromptBuilder"
            if ["langchain", "llama_index", "haystack"].iter().any(|of| call.package().starts_with(of)) =>
        {
            call.argument(0, "template").filter(template)
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
        module.sink(SinkKind::Prompt, &instructions.span, call.spelling, &instructions.value);
    } else if call.name() == "create"
        && call.is_of("anthropic")
        && let Some(system) = call.keyword("system")
    {
        module.sink(SinkKind::Prompt, &system.span, call.spelling, &system.value);
    } else if crate::python::sources::answers_of_model(call) {
        let given = call.any_keyword(&["prompt", "input", "contents"]).or_else(|| call.positional.first());
        // A question of the user alone is what the model is for; mixed into instructions it is not.
        if let Some(given) = given.filter(|given| given.value.as_pieces().is_some_and(|text| text.len() > 24))
        {
            module.sink(SinkKind::Prompt, &given.span, call.spelling, &given.value);
        }
    }
}

/// What instructions are called.
const INSTRUCTIONS: &[&str] =
    &["system_prompt", "system_instruction", "system_message", "instructions", "prompt"];
