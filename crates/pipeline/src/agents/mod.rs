//! What agents are given: skills and their scripts, instructions and memory, MCP servers and their tools.

pub(crate) mod acts;
mod aside;
mod beside;
mod chains;
pub(crate) mod commands;
pub(crate) mod document;
mod endpoints;
mod fetched;
mod files;
pub(crate) mod hints;
mod hosts;
mod innocent;
pub(crate) mod intents;
mod joined;
mod loops;
pub mod mcp;
mod objects;
mod paths;
mod patterns;
pub(crate) mod reading;
pub(crate) mod rules;
pub(crate) mod sayings;
mod settings;
mod skill;
mod statements;

pub(crate) use beside::belongs_to_skill;
pub(crate) use endpoints::is_known as is_known_address;
pub(crate) use mcp::plain as plain_json;
pub use mcp::{McpConfig, McpSource, McpTools};
pub use settings::AgentSettings;
pub use skill::{AgentInstructions, Markdown, SkillScript};
pub(crate) use skill::{LONGEST_BYTES, is_followed};

/// The worst severity of what is found in `content` as the description of a skill.
#[cfg(test)]
pub(crate) fn worst(content: &str) -> Option<bartizan_core::Severity> {
    let (limits, clock) = (bartizan_core::Limits::default(), bartizan_core::MonotonicClock::start());
    let outcome = crate::examine(&crate::Text::new("SKILL.md", content), &limits, &clock);
    outcome.findings.iter().map(|finding| finding.severity).max()
}

/// The ids of what is found in `content` as the description of a skill, sorted.
#[cfg(test)]
pub(crate) fn found(content: &str) -> Vec<&'static str> {
    let limits = bartizan_core::Limits::default();
    let clock = bartizan_core::MonotonicClock::start();
    let outcome = crate::examine(&crate::Text::new("SKILL.md", content), &limits, &clock);
    let mut ids: Vec<&'static str> = outcome.findings.iter().map(|finding| finding.rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
