//! Servers of the Model Context Protocol: their configuration in clients, and the tools they offer.
//!
//! Source: Model Context Protocol 2025-06-18; the configuration files of Claude, VS Code, Cursor, Windsurf, Cline, Zed.

mod config;
mod json;
pub mod lock;
mod server;
mod source;
mod spoken;
pub(crate) mod tools;

pub mod rules;

pub use config::McpConfig;
pub(crate) use config::findings_of_server;
pub(crate) use json::plain;
pub use source::McpSource;
pub use tools::McpTools;
