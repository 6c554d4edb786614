//! The rules of this crate's pipelines, images and manifests, one file each.

mod adhoc_package;
mod archived_action;
mod artifact_poisoning;
mod bot_condition;
mod cache_poisoning;
mod curl_pipe_shell;
mod dangerous_trigger;
mod dependency_confusion;
mod dependency_cooldown;
mod dependency_execution;
mod environment_file_injection;
mod excessive_permissions;
mod exposed_service;
mod hooks_skipped;
mod host_access;
mod insecure_commands;
mod insecure_transport;
mod known_vulnerable_action;
mod long_lived_publishing_token;
mod no_authentication;
mod no_network_isolation;
mod overprovisioned_secrets;
mod packaged_secret;
mod persisted_credentials;
mod privileged_container;
mod prompt_injection_in_ci;
mod remote_code;
mod risky_tool_grant;
mod root_user;
mod secret;
mod secret_in_log;
mod secrets_inherit;
mod secrets_outside_environment;
mod self_hosted_runner;
mod superfluous_action;
mod template_injection;
mod tls_disabled;
mod typosquat_action;
mod undocumented_permissions;
mod unencrypted_storage;
mod unpinned_action;
mod unpinned_image;
mod unpinned_include;
mod unpinned_model;
mod unpinned_package;
mod unpinned_source;
mod unredacted_secret;
mod unsafe_model_format;
mod unsound_condition;
mod untrusted_checkout;
mod unverified_download;
mod unverified_promotion;
mod world_writable;

pub use adhoc_package::ADHOC_PACKAGE;
pub use archived_action::ARCHIVED_ACTION;
pub use artifact_poisoning::ARTIFACT_POISONING;
pub use bot_condition::BOT_CONDITION;
pub use cache_poisoning::CACHE_POISONING;
pub use curl_pipe_shell::CURL_PIPE_SHELL;
pub use dangerous_trigger::DANGEROUS_TRIGGER;
pub use dependency_confusion::DEPENDENCY_CONFUSION;
pub use dependency_cooldown::DEPENDENCY_COOLDOWN;
pub use dependency_execution::DEPENDENCY_EXECUTION;
pub use environment_file_injection::ENVIRONMENT_FILE_INJECTION;
pub use excessive_permissions::EXCESSIVE_PERMISSIONS;
pub use exposed_service::EXPOSED_SERVICE;
pub use hooks_skipped::HOOKS_SKIPPED;
pub use host_access::HOST_ACCESS;
pub use insecure_commands::INSECURE_COMMANDS;
pub use insecure_transport::INSECURE_TRANSPORT;
pub use known_vulnerable_action::KNOWN_VULNERABLE_ACTION;
pub use long_lived_publishing_token::LONG_LIVED_PUBLISHING_TOKEN;
pub use no_authentication::NO_AUTHENTICATION;
pub use no_network_isolation::NO_NETWORK_ISOLATION;
pub use overprovisioned_secrets::OVERPROVISIONED_SECRETS;
pub use packaged_secret::PACKAGED_SECRET;
pub(crate) use packaged_secret::holds_credentials;
pub use persisted_credentials::PERSISTED_CREDENTIALS;
pub use privileged_container::PRIVILEGED_CONTAINER;
pub use prompt_injection_in_ci::PROMPT_INJECTION_IN_CI;
pub use remote_code::REMOTE_CODE;
pub use risky_tool_grant::RISKY_TOOL_GRANT;
pub use root_user::ROOT_USER;
pub use secret::SECRET;
pub use secret_in_log::SECRET_IN_LOG;
pub use secrets_inherit::SECRETS_INHERIT;
pub use secrets_outside_environment::SECRETS_OUTSIDE_ENVIRONMENT;
pub use self_hosted_runner::SELF_HOSTED_RUNNER;
pub use superfluous_action::SUPERFLUOUS_ACTION;
pub use template_injection::TEMPLATE_INJECTION;
pub use tls_disabled::TLS_DISABLED;
pub use typosquat_action::TYPOSQUAT_ACTION;
pub use undocumented_permissions::UNDOCUMENTED_PERMISSIONS;
pub use unencrypted_storage::UNENCRYPTED_STORAGE;
pub use unpinned_action::UNPINNED_ACTION;
pub use unpinned_image::UNPINNED_IMAGE;
pub use unpinned_include::UNPINNED_INCLUDE;
pub use unpinned_model::UNPINNED_MODEL;
pub use unpinned_package::UNPINNED_PACKAGE;
pub use unpinned_source::UNPINNED_SOURCE;
pub use unredacted_secret::UNREDACTED_SECRET;
pub use unsafe_model_format::UNSAFE_MODEL_FORMAT;
pub use unsound_condition::UNSOUND_CONDITION;
pub use untrusted_checkout::UNTRUSTED_CHECKOUT;
pub use unverified_download::UNVERIFIED_DOWNLOAD;
pub use unverified_promotion::UNVERIFIED_PROMOTION;
pub use world_writable::WORLD_WRITABLE;

use bartizan_core::Rule;

/// What a script may show, wherever it stands.
#[rustfmt::skip] // one line each, so that additions merge
pub static RULES: &[&Rule] = &[
    &ADHOC_PACKAGE,
    &ARCHIVED_ACTION,
    &ARTIFACT_POISONING,
    &BOT_CONDITION,
    &CACHE_POISONING,
    &CURL_PIPE_SHELL,
    &DANGEROUS_TRIGGER,
    &DEPENDENCY_CONFUSION,
    &DEPENDENCY_COOLDOWN,
    &DEPENDENCY_EXECUTION,
    &ENVIRONMENT_FILE_INJECTION,
    &EXCESSIVE_PERMISSIONS,
    &EXPOSED_SERVICE,
    &HOOKS_SKIPPED,
    &HOST_ACCESS,
    &INSECURE_COMMANDS,
    &INSECURE_TRANSPORT,
    &KNOWN_VULNERABLE_ACTION,
    &LONG_LIVED_PUBLISHING_TOKEN,
    &crate::python::MODEL_OUTPUT_EXECUTED,
    &NO_AUTHENTICATION,
    &NO_NETWORK_ISOLATION,
    &OVERPROVISIONED_SECRETS,
    &PACKAGED_SECRET,
    &PERSISTED_CREDENTIALS,
    &PRIVILEGED_CONTAINER,
    &PROMPT_INJECTION_IN_CI,
    &REMOTE_CODE,
    &RISKY_TOOL_GRANT,
    &ROOT_USER,
    &SECRET,
    &SECRET_IN_LOG,
    &SECRETS_INHERIT,
    &SECRETS_OUTSIDE_ENVIRONMENT,
    &SELF_HOSTED_RUNNER,
    &SUPERFLUOUS_ACTION,
    &TEMPLATE_INJECTION,
    &TLS_DISABLED,
    &TYPOSQUAT_ACTION,
    &UNDOCUMENTED_PERMISSIONS,
    &UNENCRYPTED_STORAGE,
    &UNPINNED_ACTION,
    &UNPINNED_IMAGE,
    &UNPINNED_INCLUDE,
    &UNPINNED_MODEL,
    &UNPINNED_PACKAGE,
    &UNPINNED_SOURCE,
    &UNREDACTED_SECRET,
    &UNSAFE_MODEL_FORMAT,
    &UNSOUND_CONDITION,
    &UNTRUSTED_CHECKOUT,
    &UNVERIFIED_DOWNLOAD,
    &UNVERIFIED_PROMOTION,
    &WORLD_WRITABLE,
];
