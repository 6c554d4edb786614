//! Every check as `bartizan.toml` sets it.

use super::answer_schema::AnswerSchemaPolicy;
use super::budget::BudgetPolicy;
use super::canary::CanaryPolicy;
use super::corpus::CorpusPolicy;
use super::dangerous_code::CodePolicy;
use super::injection::InjectionPolicy;
use super::links::LinksPolicy;
use super::markup::MarkupPolicy;
use super::media::MediaPolicy;
use super::prompt_leak::PromptLeakPolicy;
use super::request_schema::RequestSchemaPolicy;
use super::sensitive::{PersonalDataPolicy, SecretsPolicy};
use super::tools::ToolsPolicy;
use super::topics::TopicPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is checked and what is done about it. A table that is left out has its defaults.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Injections and jailbreaks in what is asked, retrieved and answered by tools.
    pub injection: InjectionPolicy,
    /// Credentials, both ways.
    pub secrets: SecretsPolicy,
    /// Personal data, both ways.
    pub personal_data: PersonalDataPolicy,
    /// How much may be asked.
    pub budget: BudgetPolicy,
    /// Topics nobody may bring up.
    pub topics: Vec<TopicPolicy>,
    /// What is asked that is no text.
    pub media: MediaPolicy,
    /// The form a request must have.
    pub request_schema: RequestSchemaPolicy,
    /// The operator's prompt in answers.
    pub prompt_leak: PromptLeakPolicy,
    /// Canaries in answers.
    pub canaries: CanaryPolicy,
    /// Addresses in answers that carry data out.
    pub links: LinksPolicy,
    /// Markup in answers that acts.
    pub markup: MarkupPolicy,
    /// Commands and code that should run nowhere.
    pub code: CodePolicy,
    /// Protected texts in answers.
    pub corpus: CorpusPolicy,
    /// Calls of tools.
    pub tools: ToolsPolicy,
    /// The form an answer must have.
    pub answer_schema: AnswerSchemaPolicy,
}

/// What to do about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Do not look.
    Off,
    /// Let it pass and say so.
    Flag,
    /// Stop it.
    #[default]
    Block,
}

impl Mode {
    /// The action a finding asks for under this mode.
    pub(crate) const fn action(self) -> super::Action {
        match self {
            Self::Off => super::Action::Allow,
            Self::Flag => super::Action::Flag,
            Self::Block => super::Action::Block,
        }
    }
}

/// What to do about a credential or a piece of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// Do not look.
    Off,
    /// Let it pass and say so.
    Flag,
    /// Put the name of its kind in its place.
    #[default]
    Redact,
    /// Put a token in its place, and the value back where the answer holds the token. In answers the same as `redact`.
    Tokens,
    /// Stop it.
    Block,
}
