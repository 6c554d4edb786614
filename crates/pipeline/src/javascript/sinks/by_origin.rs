//! What runs, stores or shows a whole value, whatever it is called: judged only where somebody else had a hand in it. Timers that are
//! given text, whole statements to a database, templates, deserialisers that run functions, markup that replaces part of a page.

use super::{Sink, counts, of};
use crate::Issue;
use crate::javascript::origin::{Origin, Origins};
use crate::javascript::program::{Call, Program};
use crate::python::CODE_FROM_DATA;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Judges what `call` hands to such a place; whether anything was found.
pub(super) fn call(
    program: &Program<'_>,
    origins: &Origins<'_, '_>,
    call: &Call,
    issues: &mut Vec<Issue>,
) -> bool {
    let Some((sink, given)) = place(program, call) else { return false };
    let origin = origins.of_expression(&given).filter(|origin| counts(sink, *origin));
    let Some(origin) = origin else {
        return functions_made(program, call, sink, &given, issues);
    };
    let mut issue = of(sink, origin, call.name(), program.span(&given));
    if sink == Sink::Sql && origin == Origin::Tool {
        // A statement is what a tool for a database is asked for.
        issue = issue.severity(Severity::Medium).confidence(Confidence::Medium);
    }
    // The one makes objects, and may read outside of what it is given; the other runs in a page that the program opened.
    if call.receiver() == "v8" || call.name() == "evaluate" {
        issue = issue.severity(Severity::High).confidence(Confidence::Medium);
    }
    if origins.is_looked_at(&given, given.start) {
        issue = issue.severity(Severity::Low).confidence(Confidence::Low);
    }
    issues.push(issue);
    true
}

/// What `call` hands where.
fn place(program: &Program<'_>, call: &Call) -> Option<(Sink, Range<usize>)> {
    let first = call.arguments.first().cloned();
    let (receiver, name) = (call.receiver(), call.name());
    let owner = receiver.rsplit('.').next().unwrap_or(receiver);
    let whole = matches!(receiver, "" | "window" | "globalThis" | "global");
    match name {
        // Source: HTML living standard, section 8.6, "Timers".
        "setTimeout" | "setInterval" if whole => Some((Sink::Code, first?)),
        "unserialize" | "deserialize" | "deepDeserialize" | "parse" if SERIALIZERS.contains(&receiver) => {
            Some((Sink::Code, first?))
        }
        // Source: Node.js documentation, "V8", `v8.deserialize`.
        "deserialize" if receiver == "v8" => Some((Sink::Code, first?)),
        "load" | "loadAll" if with_functions(program, call) => Some((Sink::Code, first?)),
        "AsyncFunction" | "GeneratorFunction" if receiver.is_empty() => {
            Some((Sink::Code, call.arguments.last().cloned()?))
        }
        // Source: python-shell, "Running a Python code".
        "runString" if receiver.starts_with("python-shell") => Some((Sink::Code, first?)),
        "evaluate" if is_page(program, receiver) => Some((Sink::Code, first?)),
        "render" | "compile" | "renderString" | "template" if TEMPLATES.contains(&receiver) => {
            Some((Sink::Code, first?))
        }
        "write" | "writeln" if owner == "document" => Some((Sink::Markup, first?)),
        "insertAdjacentHTML" => Some((Sink::Markup, call.arguments.get(1).cloned()?)),
        "createContextualFragment" | "setHTMLUnsafe" | "parseHTMLUnsafe" | "bypassSecurityTrustHtml" => {
            Some((Sink::Markup, first?))
        }
        "html" if matches!(receiver, "$" | "jQuery" | "jquery") => Some((Sink::Markup, first?)),
        _ => statement(program, call).map(|statement| (Sink::Sql, statement)),
    }
}

/// Whether `receiver` is a page that the program opened in a browser.
///
/// Source: Playwright, "Page", `evaluate`; Puppeteer, "Page.evaluate()".
fn is_page(program: &Program<'_>, receiver: &str) -> bool {
    let owner = receiver.rsplit('.').next().unwrap_or(receiver).to_ascii_lowercase();
    (owner.ends_with("page") || owner.ends_with("frame"))
        && program.imports_of(|path| {
            ["playwright", "@playwright/", "puppeteer"].iter().any(|browser| path.starts_with(browser))
        })
}

/// What makes functions of a text that is no constant, whoever wrote it: files and messages are not always one's own.
fn functions_made(
    program: &Program<'_>,
    call: &Call,
    sink: Sink,
    given: &Range<usize>,
    issues: &mut Vec<Issue>,
) -> bool {
    let makes = SERIALIZERS.contains(&call.receiver()) || with_functions(program, call);
    let varies = program.constant(given).is_none() && program.word(given.start) != "{";
    if sink != Sink::Code || !makes || !varies || call.name() == "parse" {
        return false;
    }
    let message = format!("`{}` makes functions of what it reads", bartizan_core::printable(call.name(), 60));
    let issue = Issue::new(&CODE_FROM_DATA, program.span(given), message).severity(Severity::Medium);
    issues.push(issue.confidence(Confidence::Medium).remedy("Keep data as JSON, which holds no functions."));
    true
}

/// Whether `call` reads YAML with a schema that makes functions.
///
/// Source: js-yaml 3, `DEFAULT_FULL_SCHEMA`; js-yaml 4, migration guide; `js-yaml-js-types`.
fn with_functions(program: &Program<'_>, call: &Call) -> bool {
    call.receiver() == "js-yaml"
        && call.arguments.iter().skip(1).any(|options| {
            program.value(options.start, "schema").is_some_and(|schema| {
                let types = || program.imports_of(|path| path.starts_with("js-yaml-js-types"));
                schema.take(64).any(|at| match program.word(at) {
                    "DEFAULT_FULL_SCHEMA" | "DEFAULT_UNSAFE_SCHEMA" => true,
                    "unsafe" | "all" | "extend" => types(),
                    word => word.to_ascii_lowercase().contains("unsafe") && types(),
                })
            })
        })
}

/// The statement that `call` hands to a database, by the names of the drivers' functions.
fn statement(program: &Program<'_>, call: &Call) -> Option<Range<usize>> {
    let (receiver, name) = (call.receiver(), call.name());
    let owner = receiver.rsplit('.').next().unwrap_or(receiver);
    let first = call.arguments.first()?;
    let asks = match name {
        "$queryRawUnsafe" | "$executeRawUnsafe" => true,
        "query" | "execute" | "raw" | "unsafe" | "queryRaw" | "runQuery" | "exec" | "all" | "prepare"
        | "each" | "run" => is_database(program, owner, name),
        _ => false,
    };
    // `query({ text: …, values })`
    asks.then(|| {
        ["text", "sql"]
            .iter()
            .find_map(|key| program.value(first.start, key))
            .unwrap_or_else(|| first.clone())
    })
}

/// Whether `owner` is a database by its name, or by that of the function where the program imports a driver.
fn is_database(program: &Program<'_>, owner: &str, name: &str) -> bool {
    let lower = owner.to_ascii_lowercase();
    let named =
        ["db", "database", "pool", "knex", "sequelize", "prisma", "sqlite", "postgres", "mysql", "pg", "sql"]
            .iter()
            .any(|word| lower == *word || lower.ends_with(word));
    let held = matches!(
        lower.as_str(),
        "client"
            | "conn"
            | "connection"
            | "trx"
            | "tx"
            | "datasource"
            | "queryrunner"
            | "entitymanager"
            | "manager"
    );
    let plain = matches!(name, "query" | "execute" | "raw" | "unsafe" | "queryRaw" | "runQuery");
    named
        || held
            && plain
            && program.imports_of(|path| {
                let module = path.split('.').next().unwrap_or(path);
                DRIVERS.iter().any(|driver| {
                    module == *driver || module.strip_prefix(driver).is_some_and(|rest| rest.starts_with('/'))
                })
            })
}

/// Modules that speak to databases.
const DRIVERS: &[&str] = &[
    "pg",
    "postgres",
    "mysql",
    "mysql2",
    "mariadb",
    "better-sqlite3",
    "sqlite3",
    "sqlite",
    "mssql",
    "oracledb",
    "typeorm",
    "knex",
    "sequelize",
    "@prisma/client",
    "@neondatabase/serverless",
    "@libsql/client",
    "@duckdb/node-api",
    "duckdb",
    "snowflake-sdk",
    "@google-cloud/bigquery",
];
/// Modules whose deserialisers make functions of what they read.
const SERIALIZERS: &[&str] = &["node-serialize", "serialize-to-js", "funcster", "cryo"];
/// Modules whose templates run code.
const TEMPLATES: &[&str] = &[
    "ejs",
    "pug",
    "jade",
    "nunjucks",
    "lodash",
    "_",
    "underscore",
    "handlebars",
    "Handlebars",
    "dot",
    "doT",
    "eta",
    "squirrelly",
];

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::{self, Critical, High, Low, Medium};

    /// What is found in a handler of requests whose body is `body`, where `a` is a model's answer.
    fn handler(import: &str, body: &str) -> Vec<(&'static str, Severity)> {
        let code = format!(
            "{import}\napp.post('/', async (req, res) => {{ const a = (await openai.responses.create({{}})).output_text; {body} }});\n"
        );
        let found = found("a.js", &code);
        found
            .into_iter()
            .map(|(rule, _, severity)| (rule.trim_start_matches("pipeline/"), severity))
            .collect()
    }

    #[test]
    fn statements_that_a_model_wrote_are_found_at_the_functions_of_drivers() {
        let sent = [("model-output-executed", High)];
        for call in [
            "pool.query(a)",
            "db.query({ text: a })",
            "prisma.$queryRawUnsafe(a)",
            "sequelize.query(a, {})",
            "knex.raw(a)",
            "this.db.all(JSON.parse(a).sql)",
        ] {
            assert_eq!(handler("", call), sent, "{call}");
        }
        assert_eq!(handler("import { Client } from 'pg';", "await client.query(a)"), sent);
        assert_eq!(handler("import { Client } from 'search';", "await client.query(a)"), []);
        for call in [
            "pool.query('select a from t where b = $1', [a])",
            "prisma.$queryRaw`select ${a}`",
            "words.exec(a)",
            "chain.query(a)",
            "agent.run(a)",
        ] {
            assert_eq!(handler("", call), [], "{call}");
        }
        assert_eq!(
            handler("", "db.query('select * from t where id = ' + req.params.id)"),
            [("sql-from-data", High)]
        );
        assert_eq!(
            handler("", "if (!TABLES.includes(a)) return; db.query(a)"),
            [("model-output-executed", Low)]
        );
    }

    #[test]
    fn timers_templates_and_deserialisers_run_what_they_are_given() {
        for (import, call) in [
            ("", "setTimeout(a, 10)"),
            ("", "window.setInterval(a + ';', 10)"),
            ("import ejs from 'ejs';", "ejs.render(a, {})"),
            ("import _ from 'lodash';", "_.template(a)()"),
            ("import { PythonShell } from 'python-shell';", "PythonShell.runString(a, null)"),
            ("", "const [program, ...rest] = a.split(' '); eval(rest[0])"),
        ] {
            assert_eq!(handler(import, call), [("model-output-executed", Critical)], "{call}");
        }
        let import = "const serialize = require('node-serialize');";
        assert_eq!(
            handler(import, "serialize.unserialize(req.cookies.state)"),
            [("code-from-data", Critical)]
        );
        for (import, call) in [
            ("", "setTimeout(() => show(a), 10)"),
            ("", "setTimeout(done, 10, a)"),
            ("", "setTimeout(function () { show(a); }, 10)"),
            ("import ejs from 'ejs';", "ejs.render('<%= a %>', { a })"),
            ("import s from 'superjson';", "s.deserialize(req.body)"),
            ("import { chromium } from 'playwright';", "page.evaluate((text) => text.length, a)"),
            ("", "page.evaluate(a)"),
        ] {
            assert_eq!(handler(import, call), [], "{call}");
        }
    }

    #[test]
    fn markup_of_a_page_is_markup_whatever_it_is_made_of() {
        for call in ["document.write(a)", "el.insertAdjacentHTML('beforeend', a)", "$('#a').html(a)"] {
            assert_eq!(handler("", call), [("model-output-executed", Medium)], "{call}");
        }
        for call in ["out.write(a)", "$('#a').text(a)", "document.write(escapeHtml(a))"] {
            assert_eq!(handler("", call), [], "{call}");
        }
    }

    #[test]
    fn conversations_of_a_page_are_answers_and_markup_stays_markup_under_a_name() {
        let page = |hook: &str, shown: &str| {
            let code = format!(
                "import {{ useChat, useCompletion }} from '@ai-sdk/react';\nexport function A() {{\n  const {hook};\n  return <div>{{messages.map((m) => (<p dangerouslySetInnerHTML={{{{ __html: {shown} }}}} />))}}</div>;\n}}\n"
            );
            found("a.tsx", &code)
        };
        let shows = [("pipeline/model-output-executed", 4, Medium)];
        for (hook, shown) in [
            ("{ messages } = useChat()", "m.content"),
            ("{ messages } = useChat()", "marked.parse(m.content)"),
            ("{ messages } = useChat()", "md.render(m.content)"),
            ("{ completion, messages } = useCompletion()", "completion"),
        ] {
            assert_eq!(page(hook, shown), shows, "{shown}");
        }
        for (hook, shown) in [
            ("{ messages } = useChat()", "DOMPurify.sanitize(marked.parse(m.content))"),
            ("{ messages } = useChat()", "'<b>x</b>'"),
            ("{ messages } = useMessages()", "m.content"),
        ] {
            assert_eq!(page(hook, shown), [], "{shown}");
        }
        assert_eq!(
            handler("", "const html = `<div>${a}</div>`; res.send(html);"),
            [("model-output-executed", Medium)]
        );
        assert_eq!(
            handler("", "let html = '<div>'; html += a; res.send(html);"),
            [("model-output-executed", Medium)]
        );
        assert_eq!(handler("", "const text = `to you: ${a}`; res.send(text);"), []);
    }

    #[test]
    fn messages_of_sockets_and_queries_of_koa_are_what_users_sent() {
        let graded = |code: &str| {
            let code = format!("import vm from 'node:vm';\n{code}\n");
            found("a.mjs", &code).into_iter().map(|(rule, line, _)| (rule, line)).collect::<Vec<_>>()
        };
        let message = "w.on('connection', (ws) => { ws.on('message', (data) => { vm.runInThisContext(data.toString()); }); });";
        let runs = [("pipeline/code-from-data", 3)];
        assert_eq!(graded(&format!("import {{ WebSocketServer }} from 'ws';\n{message}")), runs);
        let event = "io.on('connection', (socket) => { socket.on('run', ({ code }) => { vm.runInThisContext(code); }); });";
        assert_eq!(graded(&format!("import {{ Server }} from 'socket.io';\n{event}")), runs);
        let query = "import Router from 'koa-router';\nrouter.get('/x', (ctx) => { vm.runInThisContext(ctx.query.code); });";
        assert_eq!(graded(query), runs);
        // Of a process of the program's own.
        let own = "import { fork } from 'node:child_process';\nchild.on('message', (data) => { vm.runInThisContext(data); });";
        assert_eq!(graded(own), []);
    }

    #[test]
    fn what_a_request_calls_size_its_sender_chose() {
        let code = "import { execSync } from 'child_process';\napp.get('/', (req, res) => {\n  const size = req.query.size;\n  execSync('convert -resize ' + size);\n});\n";
        assert_eq!(found("a.ts", code), [("pipeline/shell-command-from-data", 4, Critical)]);
    }

    #[test]
    fn instructions_of_every_library_hold_no_users_word() {
        let code = |call: &str| {
            format!(
                "import {{ streamText }} from 'ai';\nimport OpenAI from 'openai';\nexport async function POST(req) {{\n  const {{ messages, role }} = await req.json();\n  {call};\n}}\n"
            )
        };
        for call in [
            "streamText({ system: `Be ${role}`, messages })",
            "client.messages.create({ system: 'Be ' + role, messages })",
            "client.responses.create({ instructions: `Be ${role}`, input: messages })",
            "new Agent({ name: 'a', instructions: `Be ${role}` })",
            "new SystemMessage(`Be ${role}`)",
            "genai.getGenerativeModel({ systemInstruction: `Be ${role}` })",
        ] {
            assert_eq!(
                found("a.ts", &code(call)),
                [("pipeline/prompt-from-untrusted-input", 5, Medium)],
                "{call}"
            );
        }
        for call in [
            "streamText({ system: 'Be kind', messages })",
            "streamText({ prompt: role, messages })",
            "new Component({ system: `Be ${role}` })",
        ] {
            assert_eq!(found("a.ts", &code(call)), [], "{call}");
        }
    }

    #[test]
    fn what_reads_more_than_data_is_graded_by_whose_word_it_reads() {
        let yaml = "import yaml from 'js-yaml';";
        let unsafe_schema = "yaml.load(req.body.a, { schema: yaml.DEFAULT_FULL_SCHEMA })";
        assert_eq!(handler(yaml, unsafe_schema), [("code-from-data", Critical)]);
        assert_eq!(
            handler(yaml, "yaml.load(text, { schema: yaml.DEFAULT_FULL_SCHEMA })"),
            [("code-from-data", Medium)]
        );
        assert_eq!(
            handler("import f from 'funcster';", "f.deepDeserialize(req.body)"),
            [("code-from-data", Critical)]
        );
        assert_eq!(
            handler("import v8 from 'node:v8';", "v8.deserialize(Buffer.from(req.cookies.s, 'base64'))"),
            [("code-from-data", High)]
        );
        for (import, call) in [
            (yaml, "yaml.load(req.body.a)"),
            (yaml, "yaml.load(req.body.a, { schema: yaml.FAILSAFE_SCHEMA })"),
            ("import v8 from 'v8';", "v8.deserialize(v8.serialize(state))"),
        ] {
            assert_eq!(handler(import, call), [], "{call}");
        }
    }
}
