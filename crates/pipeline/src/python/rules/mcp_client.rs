//! Servers of tools that a program starts or connects to: what a configuration file says of one, said in code.

use crate::agents::mcp::findings_of_server;
use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Value};
use bartizan_core::{Finding, Rule};

/// Rules of this file: those of configurations.
pub(in crate::python) const RULES: &[&Rule] = &[
    &crate::agents::mcp::rules::BROAD_SCOPE,
    &crate::agents::mcp::rules::SHELL_WRAPPER,
    &crate::agents::mcp::rules::TOKEN_PASSTHROUGH,
    &crate::agents::mcp::rules::UNTRUSTED_SERVER,
    &crate::dependencies::rules::TYPOSQUAT_PACKAGE,
    &crate::rules::INSECURE_TRANSPORT,
    &crate::rules::UNPINNED_IMAGE,
    &crate::rules::UNPINNED_PACKAGE,
    &crate::rules::UNPINNED_SOURCE,
];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    match call.name() {
        "MCPServerStdio"
        | "MCPServerSse"
        | "MCPServerStreamableHttp"
        | "MCPServerStreamableHTTP"
        | "MCPServerHTTP"
        | "StdioServerParameters"
        | "StdioConnection"
        | "StdioServerParams"
        | "SseServerParams"
        | "StreamableHttpServerParams"
        | "StdioMCPServer" => {}
        // Servers by name: `{"files": {"command": …, "args": […]}}`.
        "MultiServerMCPClient" | "MCPClient" | "from_dict" if call.is_of_mcp() => {
            if let Some(Known::Entries(entries)) = call.arguments().next().map(|given| &given.value.known) {
                let nested = entries.iter().find(|(key, _)| key.as_deref() == Some("mcpServers"));
                let servers = match nested.map(|(_, value)| &value.known) {
                    Some(Known::Entries(servers)) => servers.clone(),
                    _ => entries.clone(),
                };
                for (_, server) in servers.iter() {
                    report(call, module, |name| server.entry(name).cloned());
                }
            }
            return;
        }
        "sse_client" | "streamablehttp_client" => {
            let url = call.argument(0, "url").map(|url| url.value.clone());
            report(call, module, |name| url.clone().filter(|_| name == "url"));
            return;
        }
        _ => return,
    }
    let params = call.keyword("params").map(|params| &params.value);
    report(call, module, |name| match params {
        Some(params) => params.entry(name).cloned(),
        None => call.keyword(name).map(|given| given.value.clone()),
    });
}

/// Reports what is wrong with the server whose settings `given` tells by their names in a configuration.
fn report(call: &Call<'_>, module: &mut Module, given: impl Fn(&str) -> Option<Value>) {
    let text = |name: &str| given(name).and_then(|value| value.as_text().map(str::to_owned));
    let words = |name: &str| {
        given(name).map(|value| value.texts().into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let (command, url, args) = (text("command"), text("url"), words("args").unwrap_or_default());
    for one in findings_of_server(command.as_deref(), &args, url.as_deref()) {
        let finding = Finding::new(one.rule, one.message).severity(one.severity).confidence(one.confidence);
        module.report(&call.span, finding.remedy(one.remedy));
    }
}

impl Call<'_> {
    /// Whether the call is of a library for servers of tools.
    fn is_of_mcp(&self) -> bool {
        matches!(self.package(), "langchain_mcp_adapters" | "mcp_use" | "fastmcp" | "mcp" | "mcp_agent")
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::findings;

    fn rules(code: &str) -> Vec<&'static str> {
        let code = format!(
            "from agents.mcp import MCPServerStdio, MCPServerSse\nfrom mcp import StdioServerParameters\nfrom langchain_mcp_adapters.client import MultiServerMCPClient\n{code}\n"
        );
        findings(&code).iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn servers_that_code_starts_are_judged_as_those_of_a_configuration() {
        let unpinned = ["pipeline/unpinned-package"];
        for code in [
            "MCPServerStdio(params={'command': 'npx', 'args': ['-y', 'mcp-everything']})",
            "StdioServerParameters(command='uvx', args=['mcp-acme'])",
            "MultiServerMCPClient({'a': {'command': 'npx', 'args': ['-y', 'mcp-everything'], 'transport': 'stdio'}})",
        ] {
            assert_eq!(rules(code), unpinned, "{code}");
        }
        assert_eq!(
            rules("MCPServerSse(params={'url': 'http://mcp.acme.io/sse'})"),
            ["pipeline/insecure-transport"]
        );
        for fine in [
            "MCPServerStdio(params={'command': 'npx', 'args': ['-y', 'mcp-everything@1.2.3']})",
            "StdioServerParameters(command='python', args=['server.py'])",
            "StdioServerParameters(command=command, args=args)",
            "MCPServerSse(params={'url': 'https://mcp.acme.io/sse'})",
            "MCPServerSse(params={'url': 'http://localhost:8000/sse'})",
        ] {
            assert_eq!(rules(fine), [""; 0], "{fine}");
        }
    }
}
