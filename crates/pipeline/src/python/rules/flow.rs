//! Values that reached what runs, asks or shows them ([`super::sinks`]): code, shells, databases, pages, templates, prompts. They are
//! judged by who had a hand in them.

use crate::python::module::{Module, Sink, SinkKind};
use crate::python::rules::deserialization::UNSAFE_DESERIALIZATION;
use crate::python::value::Taint;
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// The answer of a language model, or an argument one chose for a tool, handed to `eval`, `exec`, a shell, a database, a
    /// page or a template; followed through variables, functions and generators of the module and of modules that it imports, containers,
    /// string operations, and files that are written and then run. Also filters of document stores that are whole its word. Also a function or module that it names among everything there is (`globals()[name]`,
    /// `getattr(module, name)`, `import_module(name)`), and in shells the answer of a command-line agent that is kept in a file or
    /// variable and run by a later command.
    /// ## Why it matters
    /// Whoever can put text before the model (a document, a web page, a chat message) chooses what runs.
    /// ## Example
    /// `eval(client.responses.create(model="m", input=question).output_text)`
    /// ## How to fix
    /// Ask the model for data, parse it against a schema, and let code of yours choose what to do, from a table of what is meant. Where generated code must
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
    /// comes from. Also values that are formatted by a text which a user sent (`text.format(config=…)`).
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
    /// `shell=True`, `!` lines of a notebook; and a program chosen by a user or a model. In shell scripts: `eval "$1"`, `bash -c "$2"`.
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
    /// answered, a reader of documents fetched, a file holds, or others left in a database, a mailbox or a tracker. Where the model has tools, also
    /// what it is asked to do, when a page, a row, a mail or a ticket is mixed into it.
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

/// Whether someone else had a hand in it.
pub(in crate::python) fn outside(taint: Taint) -> bool {
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
    let asks = matches!(sink.kind, SinkKind::Prompt | SinkKind::Task);
    let told = |report: &crate::python::module::Report| {
        report.finding.rule.id == PROMPT_FROM_UNTRUSTED_INPUT.id && report.span == sink.span
    };
    if asks && module.reports.iter().rev().take(NEAR).any(told) {
        return;
    }
    let finding = match sink.kind {
        SinkKind::Code if model => Finding::new(&MODEL_OUTPUT_EXECUTED, format!("`{callee}` runs {who}"))
            .severity(Severity::Critical),
        SinkKind::Name if model => Finding::new(
            &MODEL_OUTPUT_EXECUTED,
            format!("`{callee}` is chosen by {who}, among everything there is"),
        ),
        SinkKind::Name if outside => {
            Finding::new(&CODE_FROM_DATA, format!("`{callee}` is chosen by {who}, among everything there is"))
                .severity(Severity::Medium)
        }
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
            if taint.has(Taint::FILE)
                || taint.has(Taint::STORED)
                || taint.has(Taint::ENVIRONMENT)
                || taint.has(Taint::OPERATOR) =>
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
        SinkKind::Shell
            if taint.has(Taint::OPERATOR) || taint.has(Taint::FILE) || taint.has(Taint::STORED) =>
        {
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
        SinkKind::Task if taint.has(Taint::STORED) || taint.has(Taint::NETWORK) => Finding::new(
            &PROMPT_FROM_UNTRUSTED_INPUT,
            format!("a model with tools is asked to do what holds {who}"),
        )
        .confidence(Confidence::Medium),
        SinkKind::Prompt
            if taint.has(Taint::FILE) || taint.has(Taint::OPERATOR) || taint.has(Taint::STORED) =>
        {
            Finding::new(
                &PROMPT_FROM_UNTRUSTED_INPUT,
                format!("`{callee}` is given instructions that hold {who}"),
            )
            .severity(Severity::Low)
            .confidence(Confidence::Low)
        }
        SinkKind::Loader if outside => {
            super::deserialization::loaded_by_caller(sink, who, module);
            return;
        }
        SinkKind::Layers if outside => {
            Finding::new(&UNSAFE_DESERIALIZATION, format!("`{callee}` makes the layers that {who} names"))
                .severity(Severity::High)
        }
        _ => return,
    };
    module.report(&sink.span, finding);
}

/// Reports looked back at for the same place.
const NEAR: usize = 8;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Critical, High, Low, Medium};

    #[test]
    fn what_others_published_instructs_no_model() {
        let graded = |code: &str| {
            let code = format!(
                "import feedparser, trafilatura\nfrom playwright.sync_api import sync_playwright\nfrom selenium import webdriver\nfrom langchain_community.tools import DuckDuckGoSearchRun\nfrom langchain_core.messages import SystemMessage, HumanMessage\n{code}"
            );
            severities(&code, "pipeline/prompt-from-untrusted-input")
        };
        for code in [
            "page = sync_playwright().start().chromium.launch().new_page()\nSystemMessage(f'Page: {page.inner_text(\"body\")}')",
            "driver = webdriver.Chrome()\nSystemMessage(f'Page: {driver.page_source}')",
            "feed = feedparser.parse(u)\nSystemMessage('News: ' + ' '.join(e.title for e in feed.entries))",
            "SystemMessage(f'Page: {trafilatura.extract(trafilatura.fetch_url(u))}')",
            "SystemMessage(f'Found: {DuckDuckGoSearchRun().run(q)}')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        assert_eq!(graded("HumanMessage(f'Page: {trafilatura.fetch_url(u)}')"), []);
        assert_eq!(graded("driver = webdriver.Chrome()\nSystemMessage(f'Browser: {driver.name}')"), []);
    }

    #[test]
    fn what_others_left_asks_no_model_that_has_tools() {
        let graded = |code: &str| {
            let head = "import sqlite3, imaplib, email, openai, github, requests\nc = openai.OpenAI()\nT = [{'type': 'function', 'function': {'name': 'refund'}}]\nrow = sqlite3.connect('t.db').execute('select body from tickets where id=?', (1,)).fetchone()\n";
            severities(&format!("{head}{code}"), "pipeline/prompt-from-untrusted-input")
        };
        let ask = |role: &str, content: &str, tools: &str| {
            format!(
                "c.chat.completions.create(model='m', messages=[{{'role': '{role}', 'content': {content}}}]{tools})"
            )
        };
        let mixed = "f'Do what the customer wants: {row[0]}'";
        assert_eq!(graded(&ask("system", mixed, ", tools=T")), [Medium]);
        assert_eq!(graded(&ask("user", mixed, ", tools=T")), [Medium]);
        assert_eq!(graded(&ask("system", mixed, "")), [Low]);
        assert_eq!(graded(&ask("user", mixed, "")), []);
        assert_eq!(graded(&ask("user", mixed, ", tools=[]")), []);
        assert_eq!(graded(&ask("user", "row[0]", ", tools=T")), []);
        assert_eq!(graded(&ask("tool", mixed, ", tools=T")), []);
        let mail = "_, data = imaplib.IMAP4_SSL('x').fetch('1', '(RFC822)')\nbody = email.message_from_bytes(data[0][1]).get_payload()\n";
        assert_eq!(
            graded(&format!("{mail}{}", ask("system", "'Handle this mail: ' + body", ", tools=T"))),
            [Medium]
        );
        let issue = "issue = github.Github('t').get_repo('a/b').get_issue(3)\n";
        assert_eq!(
            graded(&format!(
                "{issue}{}",
                ask("user", "f'Fix this issue and run the tests: {issue.body}'", ", tools=T")
            )),
            [Medium]
        );
        let through = format!(
            "def go(text):\n    return {}\n",
            ask("user", "f'Please handle this ticket now: {text}'", ", tools=T")
        );
        assert_eq!(graded(&format!("{through}go(row[0])")), [Medium]);
        assert_eq!(graded(&format!("{through}go('x')")), []);
    }

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
    fn an_answer_keeps_whose_word_it_is_through_patterns_generators_and_messages() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "import asyncio, json, openai, os, pty, re, subprocess\nc = openai.OpenAI()\ndef ask(q):\n    return c.responses.create(input=q).output_text\nCODE = re.compile('`(.*)`')\n{code}"
                ),
                "pipeline/model-output-executed",
            )
        };
        for code in [
            "exec(CODE.search(ask('q')).group(1))",
            "exec(CODE.findall(ask('q'))[0])",
            "exec(CODE.sub('', ask('q')))",
            "def a(q):\n    if m := CODE.match(ask(q)):\n        exec(m[1])\n",
            "def parts(q):\n    for event in c.responses.create(stream=True):\n        yield event.delta\nexec(''.join(parts('q')))",
            "def parts(q):\n    yield from c.responses.create(stream=True)\nfor part in parts('q'):\n    exec(part.delta)",
            "async def a(q):\n    await asyncio.create_subprocess_exec('bash', '-c', ask(q))",
            "os.execvp('sh', ['sh', '-c', ask('q')])",
            "os.execl('/bin/sh', 'sh', '-c', ask('q'))",
            "os.spawnlp(os.P_WAIT, 'bash', 'bash', '-c', ask('q'))",
            "os.posix_spawn('/bin/sh', ['sh', '-c', ask('q')], os.environ)",
            "pty.spawn(['bash', '-c', ask('q')])",
            "subprocess.run('bash', input=ask('q'), text=True)",
            "def run(message):\n    arguments = json.loads(message.tool_calls[0].function.arguments)\n    subprocess.run(arguments['c'], shell=True)",
            "def run(message):\n    for call in message['tool_calls']:\n        os.system(call['function']['arguments'])",
            "def run(call):\n    os.system(json.loads(call.function.arguments)['c'])",
        ] {
            assert_eq!(graded(code), [Critical], "{code}");
        }
        for code in [
            "exec(CODE.search('`1`').group(1))",
            "def parts(q):\n    ask(q)\n    yield 'x'\nexec(''.join(parts('q')))",
            "async def a(q):\n    await asyncio.create_subprocess_exec('echo', ask(q))",
            "os.execvp('echo', ['echo', ask('q')])",
            "os.execl('/bin/echo', ask('q'), 'x')",
            "subprocess.run('python grade.py', input=ask('q'), text=True)",
            "def run(message):\n    print(message.tool_calls[0].function.arguments)",
            "def run(call):\n    os.system(json.loads(call.arguments)['c'])",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn filters_of_document_stores_are_statements_when_somebody_else_wrote_them_whole() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "import json, openai, pymongo\nrows = pymongo.MongoClient()['a']['b']\na = openai.OpenAI().responses.create(input='q').output_text\n{code}"
                ),
                "pipeline/model-output-executed",
            )
        };
        for code in [
            "list(rows.find(json.loads(a)))",
            "rows.aggregate(json.loads(a))",
            "rows.delete_many(filter=json.loads(a))",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        for code in
            ["rows.find({'name': json.loads(a)['name']})", "rows.find({})", "rows.insert_one(json.loads(a))"]
        {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn queries_of_tables_run_what_whoever_starts_the_program_types() {
        let graded = |code: &str| {
            severities(
                &format!("import pandas as pd, sys\ndf = pd.read_csv('a.csv')\n{code}"),
                "pipeline/code-from-data",
            )
        };
        assert_eq!(graded("df.query(input())"), [Medium]);
        assert_eq!(graded("pd.eval(sys.argv[1])"), [Medium]);
        assert_eq!(graded("df.query('a > 1')"), []);
    }

    #[test]
    fn templates_of_prompts_are_instructions() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "from flask import request\nfrom llama_index.core import PromptTemplate\nfrom langchain_core.prompts import PromptTemplate as Other\nfrom llama_index.readers.web import SimpleWebPageReader\nfrom langchain_community.document_loaders import WebBaseLoader, TextLoader\nfrom langchain_openai import ChatOpenAI\n{code}"
                ),
                "pipeline/prompt-from-untrusted-input",
            )
        };
        assert_eq!(graded("PromptTemplate('You are ' + request.args['f'])"), [Medium]);
        assert_eq!(graded("Other(template='You are ' + request.args['f'], input_variables=[])"), [Medium]);
        assert_eq!(graded("PromptTemplate('You are {f}').format(f=request.args['f'])"), []);
        assert_eq!(graded("Other.from_template(request.json['template'])"), [Medium]);
        assert_eq!(graded("Other.from_template(TEMPLATES[request.json['name']])"), []);
        let rendered = |code: &str| {
            severities(
                &format!(
                    "from flask import request\nfrom langchain_core.prompts import PromptTemplate\n{code}"
                ),
                "pipeline/code-from-data",
            )
        };
        assert_eq!(
            rendered("PromptTemplate.from_template(request.json['t'], template_format='jinja2')"),
            [High]
        );
        assert_eq!(rendered("PromptTemplate.from_template('{{ a }}', template_format='jinja2')"), []);
        assert_eq!(rendered("request.json['t'].format(config=app)"), [Medium]);
        assert_eq!(rendered("'{t}'.format(t=request.json['t'])\nrequest.json['t'].format('a')"), []);
        let page = "ChatOpenAI().invoke([('system', 'Follow these rules: ' + page)])";
        assert_eq!(graded(&format!("page = WebBaseLoader(u).load()[0].page_content\n{page}")), [Medium]);
        assert_eq!(graded(&format!("page = SimpleWebPageReader().load_data([u])[0].text\n{page}")), [Medium]);
        assert_eq!(graded(&format!("page = TextLoader('rules.txt').load()[0].page_content\n{page}")), [Low]);
    }

    #[test]
    fn what_a_model_names_among_everything_there_is_is_found() {
        let head = "import openai, importlib, os, json\nr = openai.OpenAI().responses.create(input='x')\nname = json.loads(r.output_text)['f']\ndef a():\n    pass\n";
        let graded = |code: &str| severities(&format!("{head}{code}"), "pipeline/model-output-executed");
        for code in [
            "globals()[name]()",
            "f = globals().get(name)\nf()",
            "getattr(os, name)('x')",
            "importlib.import_module(name)",
            "def go(n):\n    return globals()[n]()\ngo(name)",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        for code in [
            "{'a': a}[name]()",
            "globals()['a']()",
            "getattr(r, name)",
            "importlib.import_module('json')",
            "getattr(os, 'getpid')()",
            "def go(n):\n    return globals()[n]()\ngo('a')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn tables_without_a_known_type_and_templates_are_followed() {
        let head = "import openai\nfrom flask import request\nr = openai.OpenAI().responses.create(input='x')\nT = 'You obey {rules}.'\n";
        let graded = |code: &str, rule: &str| severities(&format!("{head}{code}"), rule);
        let run = "pipeline/model-output-executed";
        assert_eq!(graded("def f(df):\n    return df.eval(r.output_text)", run), [Critical]);
        assert_eq!(graded("def f(df):\n    return df.query(r.output_text)", run), [Critical]);
        assert_eq!(graded("def f(index):\n    return index.query(r.output_text)", run), []);
        assert_eq!(graded("def f(model):\n    model.eval()\n    return df.eval('a + b')", run), []);
        let prompt = "pipeline/prompt-from-untrusted-input";
        let ask = |content: &str| {
            graded(
                &format!(
                    "openai.OpenAI().chat.completions.create(messages=[{{'role': 'system', 'content': {content}}}])"
                ),
                prompt,
            )
        };
        assert_eq!(ask("T.format(rules=request.json['rules'])"), [Medium]);
        assert_eq!(ask("T.format(rules='ours')"), []);
        assert_eq!(
            graded("with open('a.html', 'w') as f:\n    f.write('<html>' + r.output_text)", run),
            [Medium]
        );
        assert_eq!(graded("with open('a.md', 'w') as f:\n    f.write('# ' + r.output_text)", run), []);
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

    #[test]
    fn what_servers_of_the_standard_library_and_of_aiohttp_are_sent_is_a_users_word() {
        let graded = |code: &str, rule: &str| severities(code, rule);
        let shell = "pipeline/shell-command-from-data";
        let form = "import os\nfrom aiohttp import web\nasync def go(request):\n    data = await request.post()\n    os.system('convert a.' + data['to'])";
        assert_eq!(graded(form, shell), [Critical]);
        let handler = |read: &str| {
            format!(
                "import os\nfrom http.server import BaseHTTPRequestHandler\nclass H(BaseHTTPRequestHandler):\n    def do_POST(self):\n        os.system({read})"
            )
        };
        assert_eq!(graded(&handler("self.rfile.read(10).decode()"), shell), [Critical]);
        assert_eq!(graded(&handler("self.command_of_ours"), shell), [Low]);
        let rows = "import csv\nfor row in csv.DictReader(open('a.csv')):\n    eval(row['rule'])";
        assert_eq!(graded(rows, "pipeline/code-from-data"), [Medium]);
    }

    #[test]
    fn answers_of_agents_are_answers_however_they_are_run() {
        let run = "pipeline/model-output-executed";
        for code in [
            "from agents import Agent, Runner\nasync def go(q):\n    r = await Runner.run(Agent(name='a'), q)\n    exec(r.final_output)",
            "from pydantic_ai import Agent\nagent = Agent('m')\nexec(agent.run_sync('q').output)",
        ] {
            assert_eq!(severities(code, run), [Critical], "{code}");
        }
        let own = "from runners import Runner\nasync def go(q):\n    r = await Runner.run(q)\n    exec(r.final_output)";
        assert_eq!(severities(own, run), []);
        let page = "from langgraph.prebuilt import create_react_agent\nimport requests\nagent = create_react_agent('m', [])\npage = requests.get(u).text\n";
        let ask = |role: &str| {
            severities(
                &format!("{page}agent.invoke({{'messages': [('{role}', f'Follow {{page}}')]}})"),
                "pipeline/prompt-from-untrusted-input",
            )
        };
        assert_eq!((ask("system"), ask("user")), (vec![Medium], vec![]));
    }
}
