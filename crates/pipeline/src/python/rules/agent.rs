//! Agents that may run code, commands or requests of their own choice.

use crate::Safety;
use crate::python::call::Call;
use crate::python::module::{Module, edit};
use crate::python::value::{Known, Value};
use bartizan_core::{Finding, Rule, Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// An agent given tools that run whatever the model asks for: a Python interpreter (`PythonREPLTool`, `PythonAstREPLTool`),
    /// a shell (`ShellTool`, `ShellTools`, `terminal`, `strands_tools.shell`), a local code executor (`LocalCommandLineCodeExecutor`, `use_docker=False`,
    /// `LocalPythonExecutor` with every import), query engines that evaluate code (`PandasQueryEngine`), file tools without a root,
    /// and the switches that allow it (`allow_dangerous_code=True`,
    /// `allow_dangerous_requests=True`, `allow_code_execution=True`, `code_execution_mode="unsafe"`).
    /// ## Why it matters
    /// Whoever can put text before the model runs code on the machine of the agent, with its secrets.
    /// ## Example
    /// `create_pandas_dataframe_agent(llm, df, allow_dangerous_code=True)`
    /// ## How to fix
    /// Give the agent tools that do one thing each; run generated code in a container without network or secrets.
    /// ## References
    /// - OWASP LLM06:2025, Excessive Agency
    pub const DANGEROUS_AGENT_TOOL: Rule = Rule {
        id: "pipeline/dangerous-agent-tool",
        title: "an agent that may run what its model asks for",
        severity: Severity::High,
        remedy: "Give the agent tools that do one thing each, and run generated code in a container without network or secrets.",
        taxonomies: &[atlas("AML.T0053"), cwe(94), cwe(250), owasp_llm("LLM06"), owasp_agentic("ASI02"), owasp_agentic("ASI05")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&DANGEROUS_AGENT_TOOL];

/// Tools that run anything.
const TOOLS: &[&str] = &[
    "PythonREPLTool",
    "PythonREPL",
    "PythonAstREPLTool",
    "ShellTool",
    "BashProcess",
    "LocalCommandLineCodeExecutor",
    "JupyterCodeExecutor",
    "LocalJupyterServer",
    "CodeInterpreterToolSpec",
    "UnsafeLocalCodeExecutor",
    "LocalCodeInterpreter",
    "PythonInterpreterTool",
    "BashTool",
    "TerminalTool",
    "UnsafeCodeExecutor",
    "PALChain",
    "LLMBashChain",
    "PandasQueryEngine",
    "PolarsQueryEngine",
    "create_python_agent",
    "LocalShellTool",
    "ShellTools",
    "PythonTools",
    "PythonAgent",
    "ShellToolkit",
    "TerminalToolkit",
];
/// Tools that are a function or module and run anything, handed over as they are.
const HANDED: &[&str] = &[
    "strands_tools.shell",
    "strands_tools.python_repl",
    "strands_tools.use_computer",
    "strands_tools.code_interpreter",
];
/// Options that allow it.
const SWITCHES: &[&str] = &[
    "allow_dangerous_code",
    "allow_dangerous_requests",
    "allow_dangerous_tools",
    "allow_code_execution",
    "unsafe_mode",
    "allow_unsafe",
    "trust_code",
    "dangerously_allow_code",
    "allow_dangerous",
];

/// A tool of a provider's own that is run by who calls the model, on the machine that it is called from: a shell, or screen, keyboard and mouse.
///
/// Sources: Anthropic, "Tool use", bash and computer use tools; OpenAI, "Tools", local shell and computer use.
fn of_provider(call: &Call<'_>) -> Option<(String, std::ops::Range<usize>)> {
    const KINDS: [&str; 5] = ["bash_", "computer_", "local_shell", "shell", "computer-preview"];
    if !call.is_of("anthropic") && !call.is_of("openai") {
        return None;
    }
    let given = call.keyword("tools")?;
    let Known::Items(tools) = &given.value.known else { return None };
    tools.iter().find_map(|tool| {
        let kind = tool.entry("type")?.as_text()?.to_owned();
        let is_known =
            |known: &&str| if known.ends_with('_') { kind.starts_with(known) } else { kind == **known };
        KINDS.iter().any(is_known).then(|| (kind.clone(), given.span.clone()))
    })
}

/// Whether a folder is all of a machine or of somebody's files.
fn is_everything(root: &Value) -> bool {
    root.known == Known::Null
        || root.as_text().is_some_and(|root| matches!(root, "/" | "~" | "C:\\" | "/home" | "/root"))
}

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    // Source: CrewAI documentation, "Coding Agents": without it the code runs in a container.
    if let Some(mode) = call.keyword("code_execution_mode").filter(|_| call.is_of("crewai"))
        && mode.value.as_text() == Some("unsafe")
    {
        let message = "`code_execution_mode=\"unsafe\"` runs the agent's code on the machine itself";
        module.report(&mode.span, Finding::new(&DANGEROUS_AGENT_TOOL, message));
    }
    for switch in SWITCHES {
        if call.is_true(switch) {
            let span = call.keyword(switch).map_or(call.span.clone(), |given| given.span.clone());
            let fix = edit((span.clone(), format!("{switch}=False")), Safety::Unsafe, "do not allow it")
                .filter(|_| call.keyword(switch).is_some_and(|given| given.written == "True"));
            let message = format!("`{switch}=True` lets the model choose what runs");
            module.report_fixable(&span, Finding::new(&DANGEROUS_AGENT_TOOL, message), fix);
            return;
        }
    }
    let library = !matches!(call.package(), "builtins")
        && !call.path.starts_with("@class")
        && !call.path.starts_with("set:");
    if library && TOOLS.contains(&name) && call.path.contains('.') && !call.path.starts_with("?.") {
        let message = format!("`{name}` runs whatever the model asks for");
        module.report(&call.span, Finding::new(&DANGEROUS_AGENT_TOOL, message));
        return;
    }
    let handed = call.any_keyword(&["tools"]).and_then(|tools| match &tools.value.known {
        Known::Items(items) => items.iter().find_map(|tool| {
            let path = tool.as_path()?;
            HANDED.iter().find(|known| **known == path.as_ref()).map(|known| (*known, &tools.span))
        }),
        _ => None,
    });
    if let Some((tool, span)) = handed {
        let message = format!("`{tool}` runs whatever the model asks for");
        module.report(span, Finding::new(&DANGEROUS_AGENT_TOOL, message));
        return;
    }
    if let Some((tool, span)) = of_provider(call) {
        let message = format!("the tool `{tool}` has whoever calls the model run what the model asks for");
        let finding = Finding::new(&DANGEROUS_AGENT_TOOL, message).severity(bartizan_core::Severity::Medium);
        module.report(&span, finding);
        return;
    }
    let without_docker = call
        .keyword("code_execution_config")
        .and_then(|config| config.value.entry("use_docker"))
        .is_some_and(|docker| docker.known == Known::Bool(false));
    if without_docker {
        let config = call.keyword("code_execution_config");
        module.report(
            config.map_or(&call.span, |config| &config.span),
            Finding::new(&DANGEROUS_AGENT_TOOL, "code that the model writes runs outside a container"),
        );
        return;
    }
    let chains = [
        "SQLDatabaseChain",
        "create_sql_query_chain",
        "create_sql_agent",
        "NLSQLTableQueryEngine",
        "SQLDatabaseToolkit",
    ];
    let made = chains.iter().any(|chain| call.path.split('.').any(|part| part == *chain));
    if made
        && library
        && matches!(name, "from_llm" | "create_sql_agent" | "NLSQLTableQueryEngine" | "SQLDatabaseToolkit")
    {
        let message = "statements that the model writes reach the database";
        let finding = Finding::new(&DANGEROUS_AGENT_TOOL, message).severity(bartizan_core::Severity::Medium);
        module.report(
            &call.span,
            finding.remedy("Give it an account that may only read the few tables meant."),
        );
        return;
    }
    if call.path.strip_prefix("set:").is_some_and(|path| path.ends_with("interpreter.auto_run"))
        && call.positional.first().and_then(|given| given.value.truth()) == Some(true)
    {
        module.report(
            &call.span,
            Finding::new(&DANGEROUS_AGENT_TOOL, "code that the model writes runs without being asked about"),
        );
        return;
    }
    if matches!(
        name,
        "FileManagementToolkit" | "WriteFileTool" | "DeleteFileTool" | "ReadFileTool" | "MoveFileTool"
    ) && call.package().starts_with("langchain")
        && call.keyword("root_dir").map_or(!call.open, |root| is_everything(&root.value))
    {
        let message = format!("`{name}` reaches every file the program may: no folder of its own is given");
        let finding = Finding::new(&DANGEROUS_AGENT_TOOL, message).severity(bartizan_core::Severity::Medium);
        module.report(&call.span, finding.remedy("Pass `root_dir=` with the one folder the agent works in."));
        return;
    }
    if name == "load_tools"
        && let Some(tools) = call.positional.first()
        && let Some(tool) = tools
            .value
            .texts()
            .into_iter()
            .find(|tool| matches!(*tool, "terminal" | "python_repl" | "requests_all" | "python_repl_ast"))
    {
        let message = format!("the tool `{tool}` runs whatever the model asks for");
        module.report(&call.span, Finding::new(&DANGEROUS_AGENT_TOOL, message));
        return;
    }
    if call.is_of("smolagents") && matches!(name, "CodeAgent" | "LocalPythonExecutor") {
        let every =
            call.keyword("additional_authorized_imports").is_some_and(|imports| {
                imports.value.texts().iter().any(|import| {
                    matches!(*import, "*" | "os" | "subprocess" | "sys" | "posixpath" | "shutil")
                })
            });
        if every {
            module.report(
                &call.span,
                Finding::new(
                    &DANGEROUS_AGENT_TOOL,
                    "code that the model writes may import what runs commands",
                ),
            );
        }
    }
    if call.is_of("claude_agent_sdk") || call.is_of("claude_code_sdk") {
        let skips = call
            .keyword("permission_mode")
            .is_some_and(|mode| mode.value.as_text() == Some("bypassPermissions"));
        if skips {
            module.report(
                &call.span,
                Finding::new(&DANGEROUS_AGENT_TOOL, "the agent acts without asking for permission"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::High;

    #[test]
    fn tools_and_switches_that_run_anything_are_found() {
        let graded = |code: &str| severities(code, "pipeline/dangerous-agent-tool");
        for code in [
            "from langchain_experimental.tools import PythonREPLTool\ntools = [PythonREPLTool()]",
            "from langchain_experimental.agents import create_pandas_dataframe_agent as c\nc(llm, df, allow_dangerous_code=True)",
            "from autogen import UserProxyAgent\nUserProxyAgent('u', code_execution_config={'use_docker': False})",
            "from langchain.agents import load_tools\nload_tools(['terminal'], llm=llm)",
            "from crewai import Agent\nAgent(role='r', allow_code_execution=True)",
            "from llama_index.experimental.query_engine import PandasQueryEngine\nPandasQueryEngine(df=df)",
            "from interpreter import interpreter\ninterpreter.auto_run = True",
            "from phi.tools.shell import ShellTools\nAgent(tools=[ShellTools()])",
            "from strands import Agent\nfrom strands_tools import shell\nAgent(tools=[shell])",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        assert_eq!(
            graded(
                "from strands import Agent\nfrom strands_tools import calculator\nAgent(tools=[calculator])"
            ),
            []
        );
        let chain =
            "from langchain_experimental.sql import SQLDatabaseChain\nSQLDatabaseChain.from_llm(llm, db)";
        assert_eq!(graded(chain), [bartizan_core::Severity::Medium]);
        let model = "import anthropic, openai\nTOOLS = [{'type': 'bash_20250124', 'name': 'bash'}]\n";
        for call in [
            "anthropic.Anthropic().beta.messages.create(model='m', tools=TOOLS, messages=[])",
            "openai.OpenAI().responses.create(model='m', input='x', tools=[{'type': 'local_shell'}])",
            "anthropic.Anthropic().messages.create(model='m', tools=[{'type': 'computer_20250124', 'name': 'c'}], messages=[])",
        ] {
            assert_eq!(graded(&format!("{model}{call}")), [bartizan_core::Severity::Medium], "{call}");
        }
        for call in [
            "anthropic.Anthropic().messages.create(model='m', tools=[{'type': 'web_search_20250305', 'name': 'w'}], messages=[])",
            "openai.OpenAI().responses.create(model='m', input='x', tools=[{'type': 'function', 'name': 'shell'}])",
            "anthropic.Anthropic().messages.create(model='m', tools=tools, messages=[])",
        ] {
            assert_eq!(graded(&format!("{model}{call}")), [], "{call}");
        }
        let files = "from langchain_community.agent_toolkits import FileManagementToolkit as F\n";
        assert_eq!(graded(&format!("{files}F()")), [bartizan_core::Severity::Medium]);
        assert_eq!(graded(&format!("{files}F(root_dir='work')")), []);
        assert_eq!(graded(&format!("{files}F(root_dir='/')")), [bartizan_core::Severity::Medium]);
        assert_eq!(graded("from crewai import Agent\nAgent(role='r', code_execution_mode='unsafe')"), [High]);
        assert_eq!(graded("from crewai import Agent\nAgent(role='r', code_execution_mode='safe')"), []);
        for code in [
            "class ShellTool:\n    pass\nShellTool()",
            "from autogen import UserProxyAgent\nUserProxyAgent('u', code_execution_config={'use_docker': True})",
            "from langchain.agents import load_tools\nload_tools(['wikipedia'], llm=llm)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
