//! The flags of `bartizan mcp` and `bartizan db`.

use super::{KeyChoice, TextOrJson};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan mcp`.
#[derive(Debug, Args)]
pub(crate) struct McpArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: McpCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Pin servers and tools as they are now; refuses to replace a lock that says otherwise
    #[command(after_long_help = MCP_HELP)]
    Lock {
        #[command(flatten)]
        sources: McpSources,
    },
    /// Show what changed since the lock, riskiest first; exit 1 when something did
    #[command(after_long_help = MCP_HELP)]
    Diff {
        #[command(flatten)]
        sources: McpSources,
        /// How to write the changes
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Agree to what changed: write it into the lock with name and reason, and sign it where a key is
    #[command(after_long_help = MCP_HELP)]
    Approve {
        #[command(flatten)]
        sources: McpSources,
        /// Who agrees
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        key: KeyChoice,
        /// Folder of the store [default: the nearest .bartizan]
        #[arg(long, value_name = "FOLDER")]
        store: Option<PathBuf>,
    },
}

/// What is pinned, and where.
#[derive(Debug, Args)]
pub(crate) struct McpSources {
    /// A client's configuration with MCP servers; may be repeated [default: those of .mcp.json, mcp.json, .vscode/mcp.json, .cursor/mcp.json that exist]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// A saved answer of a server to tools/list; may be repeated
    #[arg(long, value_name = "SERVER=FILE")]
    pub(crate) tools: Vec<String>,
    /// The lock
    #[arg(long, value_name = "FILE", default_value = "mcp.lock")]
    pub(crate) lock: PathBuf,
}

/// Arguments of `bartizan db`.
#[derive(Debug, Args)]
pub(crate) struct DbArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Make the database of advisories that scans match dependencies with
    #[command(after_long_help = DB_HELP)]
    Import {
        /// Folder or zip of OSV records, or a file of JSON lines
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// Where to write it [default: advisories of this user, or $BARTIZAN_ADVISORIES]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show which database is in use, from when it is and what it holds
    Status,
}

const MCP_HELP: &str = "\
No server is started and nothing is fetched. Save a server's answer to tools/list once, from a session you trust.

Examples:
  bartizan mcp lock --config .mcp.json --tools files=files-tools.json
  bartizan mcp diff --config .mcp.json --tools files=files-tools.json
  bartizan mcp approve --by ana@example.org --why \"new release, read the changes\"";

const DB_HELP: &str = "\
Scans never fetch advisories. Download an ecosystem's all.zip from the OSV data where there is a network, and import it.

Example:
  bartizan db import all.zip";
