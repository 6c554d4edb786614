//! Text around a model: chat templates, configurations, YAML, notebooks, workflows.

pub mod chat_template;
pub mod hydra;
pub mod indicators;
pub(crate) mod printable;
pub mod yaml;
pub mod comfyui;
pub mod notebook;
pub mod script;
