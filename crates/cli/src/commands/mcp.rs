//! `bartizan mcp`: pin what MCP servers are and offer, show what changed, agree to it.

use crate::arguments::{KeyChoice, McpArguments, McpCommand, McpSources, TextOrJson};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{project, terminal};
use bartizan_evidence::predicate::MCP_APPROVAL_V1;
use bartizan_evidence::statement::Statement;
use bartizan_pipeline::agents::mcp::lock::{
    Approval, Change, Lock, Uncompared, add_config, add_tools, diff, uncompared,
};
use serde_json::json;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a source or the lock cannot be read, or the lock cannot be written.
pub(crate) fn run(arguments: &McpArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        McpCommand::Lock { sources } => lock(sources),
        McpCommand::Diff { sources, format } => show(sources, *format),
        McpCommand::Approve { sources, by, why, key, store } => {
            approve(sources, (by, why), key, store.as_deref())
        }
    }
}

fn lock(sources: &McpSources) -> Result<Exit, Failure> {
    let now = gathered(sources)?;
    if sources.lock.exists() {
        let compared = Compared::new(&agreed(sources)?, &now);
        if !compared.changes.is_empty() {
            compared.write(TextOrJson::Text)?;
            terminal::remark("the lock was left as it is; agree to the changes with `bartizan mcp approve`");
        }
        compared.remark();
        return Ok(compared.exit());
    }
    save(&now, &sources.lock)?;
    let tools: usize = now.servers.iter().map(|server| server.tools.len()).sum();
    writeln!(
        io::stdout().lock(),
        "locked     {} servers, {tools} tools in {}",
        now.servers.len(),
        sources.lock.display()
    )?;
    Ok(Exit::Done)
}

fn show(sources: &McpSources, format: TextOrJson) -> Result<Exit, Failure> {
    let compared = Compared::new(&agreed(sources)?, &gathered(sources)?);
    compared.write(format)?;
    compared.remark();
    Ok(compared.exit())
}

/// What was agreed to, held against what is.
struct Compared {
    changes: Vec<Change>,
    /// What was agreed to and not given now.
    uncompared: Vec<Uncompared>,
}

impl Compared {
    fn new(agreed: &Lock, now: &Lock) -> Self {
        Self { changes: diff(agreed, now), uncompared: uncompared(agreed, now) }
    }

    fn exit(&self) -> Exit {
        match (self.changes.is_empty(), self.uncompared.is_empty()) {
            (false, _) => Exit::Found,
            (true, false) => Exit::Incomplete,
            (true, true) => Exit::Done,
        }
    }

    fn write(&self, format: TextOrJson) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match format {
            TextOrJson::Json => {
                let mut whole = json!({"schema": "bartizan.mcp-diff/1", "changes": self.changes});
                if let (false, Some(members)) = (self.uncompared.is_empty(), whole.as_object_mut()) {
                    members.insert("uncompared".to_owned(), json!(self.uncompared));
                }
                writeln!(out, "{whole}")?;
            }
            TextOrJson::Text if self.changes.is_empty() && self.uncompared.is_empty() => {
                writeln!(out, "nothing changed")?;
            }
            TextOrJson::Text if self.changes.is_empty() => {
                writeln!(out, "nothing changed in what was compared")?;
            }
            TextOrJson::Text => {
                for change in &self.changes {
                    writeln!(out, "{}", line(change))?;
                }
            }
        }
        Ok(())
    }

    /// Says what was not compared: a file that somebody forgot to give must not look like one that is as it was.
    fn remark(&self) {
        for Uncompared { server, tools, launch } in &self.uncompared {
            if *tools > 0 {
                let tools = if *tools == 1 { "1 tool".to_owned() } else { format!("{tools} tools") };
                terminal::remark(&format!(
                    "NOT compared: {tools} of {server}; save the server's answer to tools/list and give it as --tools {server}=FILE"
                ));
            }
            if *launch {
                terminal::remark(&format!(
                    "NOT compared: what starts {server}; give the client's configuration with --config"
                ));
            }
        }
    }
}

fn approve(
    sources: &McpSources,
    (by, why): (&str, &str),
    choice: &KeyChoice,
    store: Option<&Path>,
) -> Result<Exit, Failure> {
    let mut agreed = if sources.lock.exists() { agreed(sources)? } else { Lock::new() };
    let now = gathered(sources)?;
    let changes = diff(&agreed, &now);
    if changes.is_empty() {
        terminal::remark("nothing changed; there is nothing to agree to");
        return Ok(Exit::Done);
    }
    merge(&mut agreed, now);
    let approval = Approval {
        by: by.to_owned(),
        why: why.to_owned(),
        at: jiff::Timestamp::now().to_string(),
        servers: agreed.digest(),
        changes: changes.iter().map(line).collect(),
    };
    agreed.approvals.push(approval.clone());
    save(&agreed, &sources.lock)?;
    Compared { changes: changes.clone(), uncompared: Vec::new() }.write(TextOrJson::Text)?;
    if choice.key.exists() {
        let key = project::key(choice)?;
        let store = project::for_signing(store, &key)?;
        let subjects = project::subjects(&sources.lock.to_string_lossy())?;
        let predicate = json!({"by": approval.by, "why": approval.why, "at": approval.at, "servers": approval.servers, "changes": changes});
        let (receipt, _) =
            project::record(&store, &Statement::new(subjects, MCP_APPROVAL_V1, predicate), &key)?;
        crate::commands::attest::show(&receipt, TextOrJson::Text)?;
    } else {
        terminal::remark(&format!("not signed: there is no key {}", choice.key.display()));
    }
    Ok(Exit::Done)
}

/// Puts what is known now in the place of what was agreed to; what was not read stays.
fn merge(agreed: &mut Lock, now: Lock) {
    let configured = now.servers.iter().any(|server| !server.identity.is_empty());
    if configured {
        agreed.servers.retain(|old| now.servers.iter().any(|server| server.name == old.name));
    }
    for mut server in now.servers {
        match agreed.servers.iter_mut().find(|old| old.name == server.name) {
            Some(old) => {
                if server.identity.is_empty() {
                    (server.identity, server.launch) = (old.identity.clone(), old.launch.clone());
                }
                if server.toolset.is_empty() {
                    (server.toolset, server.tools) = (old.toolset.clone(), old.tools.clone());
                }
                *old = server;
            }
            None => agreed.servers.push(server),
        }
    }
    agreed.servers.sort_by(|a, b| a.name.cmp(&b.name));
}

/// What the configurations and saved answers say now.
fn gathered(sources: &McpSources) -> Result<Lock, Failure> {
    let mut now = Lock::new();
    let usual: Vec<PathBuf> = USUAL.iter().map(PathBuf::from).filter(|path| path.is_file()).collect();
    let configs = if sources.config.is_empty() { &usual } else { &sources.config };
    for path in configs {
        add_config(&mut now, &text("MCP configuration", path)?, path)?;
    }
    for pair in &sources.tools {
        let Some((server, file)) = pair.split_once('=') else {
            return Err(Failure::Node { text: pair.clone(), reason: "is not SERVER=FILE".to_owned() });
        };
        let path = Path::new(file);
        add_tools(&mut now, server, &text("saved tools", path)?, path)?;
    }
    if now.servers.is_empty() {
        return Err(Failure::Node {
            text: "mcp".to_owned(),
            reason: "found no MCP server; name one with --config or --tools".to_owned(),
        });
    }
    Ok(now)
}

fn agreed(sources: &McpSources) -> Result<Lock, Failure> {
    Ok(Lock::read(&text("lock", &sources.lock)?, &sources.lock)?)
}

fn text(what: &'static str, path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Read { what, path: path.to_owned(), error })
}

fn save(lock: &Lock, path: &Path) -> Result<(), Failure> {
    let text = lock.write(path)?;
    write_whole(path, |out| out.write_all(text.as_bytes()))
}

fn line(change: &Change) -> String {
    let what = serde_json::to_value(change.what)
        .ok()
        .and_then(|what| what.as_str().map(str::to_owned))
        .unwrap_or_default();
    let tool = change.tool.as_ref().map_or_else(String::new, |tool| format!(" / {tool}"));
    format!("{:<8}   {what:<20} {}{tool}: {}", change.risk, change.server, change.detail)
}

/// Where clients keep the servers of a project.
const USUAL: [&str; 4] = [".mcp.json", "mcp.json", ".vscode/mcp.json", ".cursor/mcp.json"];
