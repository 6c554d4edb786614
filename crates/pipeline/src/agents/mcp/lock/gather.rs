//! Servers out of configurations, and tools out of saved answers to `tools/list`.

use super::canonical::{digest, digest_of_text};
use super::{Lock, LockError, Tool};
use crate::agents::mcp::json::plain;
use crate::agents::mcp::tools::says;
use bartizan_core::Severity;
use serde_json::{Value, json};
use std::path::Path;

/// Adds the servers of the configuration `text` to `lock`.
///
/// # Errors
/// [`LockError`] when it is neither JSON nor TOML, or names no server.
pub fn add_config(lock: &mut Lock, text: &str, path: &Path) -> Result<(), LockError> {
    let root = if path.extension().is_some_and(|extension| extension == "toml") {
        toml::from_str(text).map_err(|error| LockError::Syntax {
            path: path.to_path_buf(),
            reason: error.message().to_owned(),
        })?
    } else {
        read(text, path)?
    };
    let mut found = 0_usize;
    for place in [
        &["mcpServers"][..],
        &["servers"],
        &["mcp", "servers"],
        &["mcp", "mcpServers"],
        &["context_servers"],
        &["mcp_servers"],
    ] {
        let holder = place.iter().try_fold(&root, |node, key| node.get(key));
        for (name, node) in
            holder.and_then(Value::as_object).into_iter().flatten().filter(|(_, node)| node.is_object())
        {
            found = found.saturating_add(1);
            let server = lock.server(name);
            (server.launch, server.identity) = identity(node);
        }
    }
    if found == 0 {
        return Err(LockError::Nothing { path: path.to_path_buf(), what: "no MCP server" });
    }
    Ok(())
}

/// Adds the tools of `text`, a saved answer to `tools/list`, to the server `name`.
///
/// # Errors
/// [`LockError`] when it is no JSON or holds no tool.
pub fn add_tools(lock: &mut Lock, name: &str, text: &str, path: &Path) -> Result<(), LockError> {
    let root = read(text, path)?;
    let listed = root
        .get("tools")
        .or_else(|| root.get("result").and_then(|result| result.get("tools")))
        .unwrap_or(&root);
    let mut tools: Vec<Tool> = listed.as_array().into_iter().flatten().filter_map(tool).collect();
    if tools.is_empty() && !listed.as_array().is_some_and(Vec::is_empty) {
        return Err(LockError::Nothing { path: path.to_path_buf(), what: "no list of tools" });
    }
    tools.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
    let mut digests: Vec<&str> = tools.iter().map(|tool| tool.digest.as_str()).collect();
    digests.sort_unstable();
    let server = lock.server(name);
    server.toolset = digest_of_text(&digests.join("\n"));
    server.tools = tools;
    Ok(())
}

fn read(text: &str, path: &Path) -> Result<Value, LockError> {
    serde_json::from_str(&plain(text))
        .map_err(|error| LockError::Syntax { path: path.to_path_buf(), reason: error.to_string() })
}

/// What starts a server, for people, and its digest.
fn identity(node: &Value) -> (String, String) {
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    let arguments: Vec<&str> =
        node.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let address = ["url", "serverUrl", "httpUrl"].iter().find_map(|key| text(key));
    let launch = address.map_or_else(
        || {
            std::iter::once(text("command").unwrap_or_default())
                .chain(arguments.iter().copied())
                .collect::<Vec<_>>()
                .join(" ")
        },
        str::to_owned,
    );
    let names = |key: &str| -> Vec<&String> {
        let mut names: Vec<&String> = node
            .get(key)
            .and_then(Value::as_object)
            .map(|fields| fields.keys().collect())
            .unwrap_or_default();
        names.sort();
        names
    };
    let whole = json!({"command": text("command"), "args": arguments, "url": address, "env": names("env"), "headers": names("headers")});
    (bartizan_core::printable(&launch, 300), digest(&whole))
}

fn tool(value: &Value) -> Option<Tool> {
    let name = value.get("name")?.as_str()?.to_owned();
    let mut nameless = value.as_object()?.clone();
    nameless.remove("name");
    let schema = value.get("inputSchema").or_else(|| value.get("input_schema"));
    let required: Vec<&str> = schema
        .and_then(|schema| schema.get("required"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let mut parameters: Vec<String> =
        properties
            .into_iter()
            .flat_map(|properties| properties.keys())
            .map(|parameter| {
                if required.contains(&parameter.as_str()) {
                    format!("{parameter}!")
                } else {
                    parameter.clone()
                }
            })
            .collect();
    parameters.sort();
    let mut asks = Vec::new();
    let mut pending = vec![value];
    while let Some(node) = pending.pop() {
        match node {
            Value::String(said) => asks.extend(
                says(&name, said, &[])
                    .into_iter()
                    .filter(|issue| issue.severity >= Severity::High)
                    .map(|issue| issue.message),
            ),
            Value::Array(items) => pending.extend(items),
            Value::Object(members) => pending.extend(members.values()),
            _ => {}
        }
    }
    asks.sort();
    asks.dedup();
    Some(Tool {
        digest: digest(value),
        content: digest(&Value::Object(nameless)),
        description: digest(value.get("description").unwrap_or(&Value::Null)),
        name,
        parameters,
        asks,
    })
}
