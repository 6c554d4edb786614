//! Text around a model: chat templates, configurations, YAML, notebooks, workflows.

pub mod chat_template;
pub mod comfyui;
pub mod hydra;
pub mod indicators;
pub mod notebook;
pub(crate) mod printable;
pub mod script;
pub mod yaml;
