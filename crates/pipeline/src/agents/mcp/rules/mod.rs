//! The rules of MCP servers and their tools, one file each.

mod auto_approve;
mod broad_scope;
mod shell_wrapper;
mod token_passthrough;
mod tool_lookalike;
mod tool_poisoning;
mod tool_scope;
mod tool_shadowing;
mod untrusted_server;

pub use auto_approve::AUTO_APPROVE;
pub use broad_scope::BROAD_SCOPE;
pub use shell_wrapper::SHELL_WRAPPER;
pub use token_passthrough::TOKEN_PASSTHROUGH;
pub use tool_lookalike::TOOL_LOOKALIKE;
pub use tool_poisoning::TOOL_POISONING;
pub use tool_scope::TOOL_SCOPE;
pub use tool_shadowing::TOOL_SHADOWING;
pub use untrusted_server::UNTRUSTED_SERVER;
