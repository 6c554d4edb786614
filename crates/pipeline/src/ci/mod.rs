//! Pipelines by system.

mod script;

pub(crate) mod azure;
pub(crate) mod buildkite;
pub(crate) mod circleci;
pub(crate) mod cloudbuild;
pub(crate) mod drone;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod jenkins;
pub(crate) mod precommit;
