//! GitHub Actions: workflows, composite actions and Dependabot's configuration.

mod agents;
mod cache;
mod conditions;
mod contexts;
mod credentials;
mod dependabot;
mod environment;
mod expression;
mod expressions;
mod images;
mod injection;
mod owners;
mod permissions;
mod programs;
mod publishing;
mod reader;
mod runners;
mod secrets;
mod triggers;
mod uses;
mod workflow;

pub(crate) use dependabot::DependabotFile;
pub(crate) use owners::ARCHIVED;
pub(crate) use reader::{ActionFile, WorkflowFile, gaps};
