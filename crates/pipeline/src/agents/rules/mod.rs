//! What is wrong with texts for agents: one rule each.

pub(crate) use super::reading::Reading;
pub(crate) use crate::Notes;
use bartizan_core::Rule;

mod combined;
mod concealment;
mod credentials;
mod destruction;
mod evaluation;
mod exfiltration;
mod fetched;
mod hidden;
mod installs;
mod memory;
mod mining;
mod obfuscation;
mod override_;
mod path;
mod persistence;
pub(crate) mod program;
mod resource;
mod reverse_shell;
mod rigged;
mod safety;
mod scope;
mod stated;
mod tools;

pub(crate) use exfiltration::SECRET_EXFILTRATION;
pub(crate) use memory::MEMORY_POISONING;

/// The rules of texts for agents.
pub(crate) static RULES: &[&Rule] = &[
    &combined::COMBINED_SIGNS,
    &concealment::CONCEALMENT,
    &credentials::CREDENTIAL_ACCESS,
    &destruction::DESTRUCTION,
    &evaluation::CODE_FROM_DATA,
    &exfiltration::SECRET_EXFILTRATION,
    &fetched::FETCHED_CODE,
    &hidden::HIDDEN_INSTRUCTIONS,
    &memory::MEMORY_POISONING,
    &mining::MINING,
    &obfuscation::OBFUSCATED_CODE,
    &override_::INSTRUCTION_OVERRIDE,
    &path::UNCHECKED_PATH,
    &persistence::PERSISTENCE,
    &program::UNTRUSTED_PROGRAM,
    &resource::RESOURCE_EXHAUSTION,
    &reverse_shell::REVERSE_SHELL,
    &rigged::RIGGED_JUDGEMENT,
    &safety::SAFETY_DISABLED,
    &scope::UNDECLARED_BEHAVIOUR,
    &tools::EXCESSIVE_TOOLS,
    &crate::dependencies::rules::TYPOSQUAT_PACKAGE,
];

/// One rule's check.
type Check = fn(&Reading<'_>, &mut Notes<'_>);

/// What every text for an agent is checked for.
pub(crate) static CHECKS: &[Check] = &[
    combined::check_wordings,
    concealment::check,
    credentials::check,
    destruction::check,
    evaluation::check,
    exfiltration::check,
    fetched::check,
    hidden::check,
    installs::check,
    memory::check,
    mining::check,
    obfuscation::check,
    override_::check,
    path::check,
    persistence::check,
    program::check,
    resource::check,
    reverse_shell::check,
    rigged::check,
    safety::check,
    stated::check,
    tools::check,
];

/// What the description of a skill is checked for together with the files beside it.
pub(crate) static CHECK_BESIDE: Check = scope::check;

/// What any other Markdown is checked for: what is hidden in it, and nothing that documentation may well show.
pub(crate) static CHECK_HIDDEN: Check = hidden::check;
