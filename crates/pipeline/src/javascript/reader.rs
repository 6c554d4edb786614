//! Files of JavaScript and TypeScript.

use super::program::Program;
use super::{component, judge, neighbours};
use crate::{Issue, Notes, Reader, Text, issue};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// Scripts, modules and components.
#[derive(Debug)]
pub(crate) struct JavaScript;

impl Reader for JavaScript {
    fn id(&self) -> &'static str {
        "javascript"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &crate::python::ADDRESS_FROM_DATA,
            &crate::python::CODE_FROM_DATA,
            &crate::python::FILE_FROM_DATA,
            &crate::python::MARKUP_FROM_DATA,
            &crate::python::MODEL_OUTPUT_EXECUTED,
            &crate::python::PROMPT_FROM_UNTRUSTED_INPUT,
            &crate::python::SHELL_COMMAND_FROM_DATA,
            &crate::python::SQL_FROM_DATA,
            &crate::rules::EXPOSED_SERVICE,
            &crate::rules::INSECURE_TRANSPORT,
            &crate::rules::NO_AUTHENTICATION,
            &crate::rules::REMOTE_CODE,
            &crate::rules::SECRET,
            &crate::rules::TLS_DISABLED,
            &crate::rules::UNPINNED_MODEL,
            &crate::rules::UNVERIFIED_DOWNLOAD,
        ]
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let script = matches!(
            text.extension(),
            "ts" | "mts" | "cts" | "tsx" | "js" | "mjs" | "cjs" | "jsx" | "vue" | "svelte"
        );
        let declarations = [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| text.name.ends_with(end));
        script && !declarations && !is_packed(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let source =
            text.content.get(..text.content.floor_char_boundary(SOURCE_BYTES)).unwrap_or(text.content);
        if source.len() < text.content.len() {
            notes.gap(source.len(), "JavaScript source longer than 4 MiB was read only to there");
        }
        let component = is_component(text).then(|| component::as_program(source));
        let mut program = Program::read(component.as_deref().unwrap_or(source), may_hold_markup(text));
        program.component = component.is_some();
        if let Some(at) = program.stopped {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: what begins here does not end, or is nested too deep; what follows was not read"));
        }
        let tests = is_for_tests(text.name);
        let graded = |found: Issue| {
            let severity = found.severity;
            if tests { found.severity(severity.min(Severity::Low)) } else { found }
        };
        let (issues, unfollowed) = judge::issues(&program, neighbours::given(text, &program));
        issue::report(text, notes, issues.into_iter().map(graded));
        if let Some(at) = unfollowed {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: values are nested or repeated too often; from here on it was not followed where they come from"));
        }
        for (span, finding) in judge::credentials(&program) {
            // What tests log in with is made for them, unless its form says that someone issued it.
            let made_up = tests && finding.confidence < Confidence::High;
            let finding = if made_up { finding.severity(Severity::Low) } else { finding };
            notes.report(text, span, finding);
        }
    }
}

/// Whether `<` may begin an element: in TypeScript only where the file's name says so.
pub(super) fn may_hold_markup(text: &Text<'_>) -> bool {
    !matches!(text.extension(), "ts" | "mts" | "cts" | "vue" | "svelte")
}

/// Whether a text is a component of Vue or Svelte: scripts beside a template.
fn is_component(text: &Text<'_>) -> bool {
    matches!(text.extension(), "vue" | "svelte")
}

/// Whether a text was packed by a program: its lines are longer than anybody writes.
fn is_packed(text: &Text<'_>) -> bool {
    text.name.contains(".min.") || text.content.len() > text.lines().saturating_mul(PACKED_LINE)
}

/// Whether a path is one of tests: what they start and ask is made for them.
fn is_for_tests(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '\\', '.']).any(|part| {
        matches!(
            part,
            "test" | "tests" | "__tests__" | "spec" | "specs" | "e2e" | "__mocks__" | "fixtures" | "testdata"
        )
    })
}

/// Longest source read, in bytes.
const SOURCE_BYTES: usize = 4 << 20;
/// Bytes of an average line from which a text was packed.
const PACKED_LINE: usize = 400;

#[cfg(test)]
mod tests {
    use crate::testing::{found, gaps, lines};
    use bartizan_core::Severity::{self, Critical, High, Low, Medium};
    use proptest::prelude::*;

    /// What is found in the tool `t` whose function is `body`, and its severity.
    fn tool(body: &str) -> Vec<(&'static str, Severity)> {
        let code = format!(
            "import {{ exec, execSync, execFile, spawn }} from 'node:child_process';\nimport * as fs from 'node:fs/promises';\nimport {{ promisify }} from 'util';\nconst sh = promisify(exec);\nserver.tool('t', 'does', {{ host: z.string(), n: z.number() }}, async ({{ host, n }}) => {{ {body} }});\n"
        );
        found("server.ts", &code)
            .into_iter()
            .map(|(rule, _, severity)| (rule.trim_start_matches("pipeline/"), severity))
            .collect()
    }

    #[test]
    fn what_a_model_chose_for_a_tool_is_followed_to_what_runs_it() {
        let run = [("model-output-executed", Critical)];
        for body in [
            "await sh(`ping ${host}`)",
            "execSync('ping ' + host.trim())",
            "const c = `ping ${host}`; exec(c, done)",
            "spawn('ping', [host], { shell: true })",
            "spawn('sh', ['-c', host])",
            "eval(host)",
            "new Function('x', host)(1)",
            "const { a } = JSON.parse(host); execSync(`ls ${a}`)",
        ] {
            assert_eq!(tool(body), run, "{body}");
        }
        for body in [
            "await run('ping', ['-c', '1', host])",
            "spawn('ping', [host])",
            "execFile('ping', [host])",
            "execSync('uptime')",
            "words.exec(host)",
            "re.exec(`a ${host}`)",
            "return { content: [{ type: 'text', text: `${host}` }] }",
            "execFile('sh', ['x.sh', host])",
        ] {
            assert_eq!(tool(body), [], "{body}");
        }
        assert_eq!(tool("execSync(`sleep ${n}`)"), [("shell-command-from-data", Low)]);
        assert_eq!(tool("execSync(`ls ${quote(host)}`)"), [("shell-command-from-data", Low)]);
    }

    #[test]
    fn handlers_are_known_in_each_way_of_registering_them() {
        let run = |register: &str| {
            let code = format!("const {{ execSync }} = require('child_process');\n{register}\n");
            lines("index.js", &code)
        };
        for register in [
            "server.registerTool('a', { description: 'x', inputSchema: { c: z.string() } }, async (args) => { execSync(args.c) });",
            "server.addTool({ name: 'a', parameters: z.object({ c: z.string() }), execute: async (args) => { execSync(args.c) } });",
            "server.addTool({ name: 'a', async execute(args) { execSync(args.c) } });",
            "server.setRequestHandler(CallToolRequestSchema, async (request) => { const { c } = request.params.arguments; execSync(c) });",
            "const t = tool(async ({ c }) => { execSync(c) }, { name: 'a' });",
            "const t = new DynamicStructuredTool({ name: 'a', func: async ({ c }) => execSync(c) });",
        ] {
            assert_eq!(run(register), [(2, "model-output-executed")], "{register}");
        }
        assert_eq!(run("app.get('/a', async ({ c }) => { spawnIt(c) });"), []);
    }

    #[test]
    fn handlers_that_are_given_by_name_are_the_functions_of_that_name() {
        let run = |handler: &str, given: &str| {
            let code = format!(
                "import {{ execSync }} from 'child_process';\nimport {{ z }} from 'zod';\n{handler}\nserver.tool('x', {{ c: z.string() }}, {given});\n"
            );
            lines("server.ts", &code)
        };
        for (handler, given) in [
            ("async function handle({ c }) { execSync(c); }", "handle"),
            ("const handle = async (args) => { execSync(args.c); };", "handle"),
            ("const handle: Handler = async ({ c }) => execSync(c);", "handle"),
            ("class S { async handle(args: A): Promise<R> { execSync(args.c); } }", "this.handle.bind(this)"),
            ("function handle({ c }) { execSync(c); }", "guarded(handle)"),
        ] {
            assert_eq!(run(handler, given), [(3, "model-output-executed")], "{handler} {given}");
        }
        assert_eq!(run("function other({ c }) { log(c); }", "handle"), []);
        assert_eq!(run("function handle({ c }) { spawnIt(c); }", "handle"), []);
        let by_key = "import { execSync } from 'child_process';\nasync function execute(args) { execSync(args.c) }\nserver.addTool({ name: 'a', execute });\nserver.addTool({ name: 'b', execute: execute });";
        assert_eq!(lines("a.ts", by_key), [(2, "model-output-executed")]);
    }

    #[test]
    fn what_is_added_gone_through_or_handed_on_keeps_its_origin() {
        for body in [
            "let c = 'ping '; c += host; exec(c)",
            "let c = ''; if (host) { c = host; } exec(c)",
            "let c = ''; for (const part of host.split(';')) { c += part; } exec(c)",
            "for (const part of host.split(';')) execSync(part)",
            "for (const [k, v] of Object.entries(JSON.parse(host))) { execSync(v); }",
            "host.split(';').forEach((part) => { execSync(part); })",
            "JSON.parse(host).forEach(({ cmd }) => execSync(cmd))",
            "host.split(';').reduce((all, part) => { execSync(part); return all; }, '')",
        ] {
            assert_eq!(tool(body), [("model-output-executed", Critical)], "{body}");
        }
        for body in [
            "let c = 'ping '; c += '-c 1'; exec(c)",
            "for (const part of ['a', 'b']) { execSync(part); }",
            "['uptime'].forEach((part) => { execSync(part); })",
        ] {
            assert!(tool(body).iter().all(|(_, severity)| *severity < Medium), "{body}");
        }
        let answer = "import { execSync } from 'child_process';\nconst r = await client.chat.completions.create({ model: 'm' });\nfor (const call of r.choices[0].message.tool_calls) {\n  execSync(JSON.parse(call.function.arguments).command);\n}\nclient.responses.create({}).then((r) => execSync(r.output_text));\n";
        assert_eq!(lines("a.mjs", answer), [(4, "model-output-executed"), (6, "model-output-executed")]);
    }

    #[test]
    fn modules_and_the_programs_of_deno_and_bun_are_known() {
        let critical = [("model-output-executed", Critical)];
        for body in [
            "await import(host)",
            "require(host)",
            "spawn(host, [])",
            "execFile(host)",
            "new Deno.Command('sh', { args: ['-c', host] })",
            "new Deno.Command(host)",
            "Deno.run({ cmd: ['bash', '-c', host] })",
            "Bun.spawn(['sh', '-c', `ls ${host}`])",
            "Bun.spawnSync({ cmd: [host] })",
            "await $`sh -c ${host}`",
            "await $`${{ raw: host }}`",
            "await Bun.$`${host} -v`",
        ] {
            assert_eq!(tool(body), critical, "{body}");
        }
        assert_eq!(tool("await import(`./tools/${host}.js`)"), [("model-output-executed", Medium)]);
        for body in [
            "await import('./a.js')",
            "new Deno.Command('ping', { args: ['-c', '1', host] })",
            "Bun.spawn(['ping', host])",
            "await $`ping -c 1 ${host}`",
            "if (!ALLOWED.includes(host)) throw new Error('x'); spawn(host, [])",
            "const m = './b.js'; await import(m)",
        ] {
            assert_eq!(tool(body), [], "{body}");
        }
    }

    #[test]
    fn users_and_answers_are_followed_as_well() {
        let code = "import { exec } from 'child_process';\nimport OpenAI from 'openai';\napp.post('/a', async (req, res) => {\n  exec('ls ' + req.query.d);\n  const r = await openai.chat.completions.create({ model: 'm',\n    messages: [{ role: 'system', content: `Be ${req.body.kind}` }, { role: 'user', content: req.body.q }] });\n  const text = r.choices[0].message.content;\n  new Function(text);\n  res.send(`<p>${text}</p>`);\n  res.json({ text });\n  db.query(`select * from t where a = '${req.body.a}'`);\n  db.query('select * from t where a = ?', [req.body.a]);\n  console.log(r.usage.total_tokens);\n});\n";
        assert_eq!(
            lines("app.js", code),
            [
                (4, "shell-command-from-data"),
                (6, "prompt-from-untrusted-input"),
                (8, "model-output-executed"),
                (9, "model-output-executed"),
                (11, "sql-from-data")
            ]
        );
    }

    #[test]
    fn files_and_addresses_that_a_model_chooses_are_found_unless_they_are_looked_at() {
        assert_eq!(tool("await fs.readFile(host, 'utf8')"), [("file-from-data", Medium)]);
        assert_eq!(
            tool("const p = path.join(ROOT, host); await fs.writeFile(p, 'x')"),
            [("file-from-data", Medium)]
        );
        assert_eq!(tool("await fetch(host)"), [("address-from-data", Medium)]);
        assert_eq!(tool("await fetch(`https://${host}/a`)"), [("address-from-data", Medium)]);
        for body in [
            "const p = path.resolve(ROOT, host); if (!p.startsWith(ROOT + path.sep)) throw new Error('x'); await fs.readFile(p)",
            "await fs.readFile(await validatePath(host))",
            "await fs.readFile('a.txt')",
            "await fs.writeFile('a.txt', host)",
            "await fetch(`https://api.example/a?q=${host}`)",
            "await fetch(`/api/${host}`)",
        ] {
            assert_eq!(tool(body), [], "{body}");
        }
    }

    #[test]
    fn checks_switched_off_and_plain_addresses_are_found() {
        let code = "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\nprocess.env[\"NODE_TLS_REJECT_UNAUTHORIZED\"] = 0;\nconst a = new https.Agent({ rejectUnauthorized: false });\nawait fetch(`http://data.acme.dev/a?q=${q}`);\nnew WebSocket('ws://data.acme.dev/feed');\nnew SSEClientTransport(new URL('http://mcp.acme.dev/sse'));\n";
        assert_eq!(
            lines("a.mjs", code),
            [
                (1, "tls-disabled"),
                (2, "tls-disabled"),
                (3, "tls-disabled"),
                (4, "insecure-transport"),
                (5, "insecure-transport"),
                (6, "insecure-transport")
            ]
        );
        let fine = "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '1';\nconst a = { rejectUnauthorized: true, ns: 'http://www.w3.org/2000/svg' };\nconst b = { rejectUnauthorized: !insecure };\nawait fetch('http://localhost:8080/a');\nawait fetch(`http://${host}/a`);\nnew URL('http://data.acme.dev/a');\n// rejectUnauthorized: false\nlog('rejectUnauthorized: false');\n";
        assert_eq!(lines("a.mjs", fine), []);
        assert_eq!(
            found("a.test.ts", "const a = { rejectUnauthorized: false };\n"),
            [("pipeline/tls-disabled", 1, Low)]
        );
    }

    #[test]
    fn credentials_are_found_at_their_lines_and_their_kin_are_not() {
        let token = format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        let code = format!(
            "// mine: {token}\nconst clientSecret = 'q8Zr1Lm4Vb7Xc2Nd5Ks9Tp3W';\nconst k = {{ apiKey: process.env.KEY, dangerouslyAllowBrowser: true }};\nconst c = new OpenAI({{ apiKey: process.env.KEY, dangerouslyAllowBrowser: true }});\n"
        );
        assert_eq!(
            found("a.ts", &code),
            [("pipeline/secret", 1, High), ("pipeline/secret", 2, High), ("pipeline/secret", 4, Medium)]
        );
        let fine = "const tokenUrl = 'https://accounts.example/oauth/token';\nconst password = 'Enter your password here please';\nconst accessToken = await getToken();\nconst c = new OpenAI({ apiKey: userKey, dangerouslyAllowBrowser: false });\n";
        assert_eq!(lines("a.ts", fine), []);
    }

    #[test]
    fn what_does_not_end_leaves_a_gap_and_what_programs_wrote_is_left_out() {
        let gap = gaps("a.ts", "const a = 1;\nconst b = `x ${a}\n");
        assert!(gap.len() == 1 && gap[0].starts_with("line 2:"), "{gap:?}");
        assert_eq!(lines("a.min.js", "eval(x + y)"), []);
        assert_eq!(lines("a.js", &format!("eval(x + y);{}", "f(1);".repeat(200))), []);
        assert_eq!(
            lines("a.tsx", "const a = <p>it's {eval('1')}</p>;\nconst b = \"rejectUnauthorized: false\";\n"),
            []
        );
    }

    #[test]
    fn what_only_decides_compares_or_counts_is_no_part_of_a_text() {
        let rows = |body: &str| {
            lines(
                "a.js",
                &format!("app.get('/a', async (req, res) => {{ const c = req.query.c; {body} }});\n"),
            )
        };
        for value in [
            "c ? '-v' : ''",
            "(c ? '-v' : '')",
            "req.query.b === 'true'",
            "!c",
            "!!req.query.b",
            "c | 0",
            "+c",
            "-c",
            "c < 3",
            "c == 3",
            "c * 2",
            "c && 'x'",
            "req.body.items.map(() => '?').join(',')",
            "req.body.ids.map((_, i) => `$${i + 1}`).join(', ')",
            "['asc', 'desc'].includes(c) ? c : 'asc'",
            "['asc', 'desc'].includes(req.query.o) ? req.query.o : 'asc'",
            "ALLOWED[c] ?? 'id'",
            "Number(c)",
        ] {
            assert_eq!(rows(&format!("db.query(`select ${{{value}}} from t`);")), [], "{value}");
            assert_eq!(rows(&format!("const v = {value}; db.query(`select ${{v}} from t`);")), [], "{value}");
        }
        for value in [
            "c",
            "d ? c : ''",
            "d ? '' : e ? 'x' : c",
            "(c ?? 'x').trim()",
            "c || 'x'",
            "c && c.trim()",
            "'a' + c + 1",
            "1 - 2 + c",
            "c as string | undefined",
            "String(c)",
            "f<A | B>(1) + c",
            "`a ${`b ${c}`}`",
            "[c, 'x'].join(' ')",
            "'H'.replace('H', c)",
            "req.body.items.map((x) => x.name).join(',')",
            "!['a'].includes(c) ? c : 'x'",
            "c.includes(';') ? c : 'x'",
        ] {
            let found = [(1, "sql-from-data")];
            assert_eq!(rows(&format!("db.query(`select ${{{value}}} from t`);")), found, "{value}");
        }
    }

    #[test]
    fn members_of_a_request_that_are_looked_at_weigh_less() {
        let judged = |body: &str| {
            let code = format!("app.get('/a', (req, res) => {{ {body} }});\n");
            found("a.js", &code).into_iter().map(|(_, _, severity)| severity).collect::<Vec<_>>()
        };
        let query = "db.query(`select a from t order by ${req.query.s}`);";
        assert_eq!(judged(query), [High]);
        assert_eq!(judged(&format!("if (!COLS.includes(req.query.s)) return; {query}")), [Low]);
        assert_eq!(judged(&format!("if (!COLS.includes(req.query.other)) return; {query}")), [High]);
    }

    #[test]
    fn only_what_sets_a_check_switches_it_off() {
        for code in [
            "type Opt = { rejectUnauthorized: false } | { ca: string };",
            "type Opt = { ca: string } | { rejectUnauthorized: false };",
            "interface X { strictSSL: false; }",
            "interface X extends Y { a: 1, strictSSL: false }",
            "const r = cond ? x.rejectUnauthorized : false;",
            "const r = cond ? rejectUnauthorized : false;",
            "switch (k) { case rejectUnauthorized: false; }",
            "function f({ rejectUnauthorized = false }: O) {}",
            "const { a, strictSSL = false } = opts;",
        ] {
            assert_eq!(lines("a.ts", code), [], "{code}");
        }
        for code in [
            "const o = { a, rejectUnauthorized: false };",
            "const o = { tls: { 'rejectUnauthorized': false } };",
            "agent.options.rejectUnauthorized = false;",
            "type A = string\nf({ strictSSL: false })",
            "interface A { a: string }\nconst o = { strictSSL: false };",
        ] {
            assert_eq!(lines("a.ts", code).len(), 1, "{code}");
        }
    }

    #[test]
    fn long_rows_end_in_time_and_what_is_not_followed_is_said() {
        for row in ["a=b=", "a?b:c?", "a = req.body; ", "f(() => { x = "] {
            let _ = found("a.js", &format!("{row}\n").repeat(10_000));
        }
        let text = "a=b=\n".repeat(20_000);
        assert!(gaps("a.js", &text).iter().any(|gap| gap.contains("followed")));
    }

    proptest! {
        #[test]
        fn any_shuffle_of_tokens_is_judged(parts in proptest::collection::vec(prop::sample::select(vec![
            "server.tool(", "exec(", "eval(", "`a ${", "}`", "}", "{", "(", ")", "[", "]", ",", ";", "\n", "=>", "async ", "({ a }) ", "a", ".b", "=", "const ",
            "req.body", "'x'", "+", "?", ":", "import { exec } from 'child_process';", "function ", "<p>", "</p>", "/", "if (", "role: 'system', content: ", "require('fs')",
            "promisify(", "new ", "fetch(", "!", "?.", "=", "fs.readFile("]), 0..60), typed in any::<bool>()) {
            let code = parts.concat();
            let _ = found(if typed { "a.ts" } else { "a.jsx" }, &code);
        }
    }
}
