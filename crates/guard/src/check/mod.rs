//! Checks on what is asked of a model and what it answers.
//!
//! One file per check, one line in the registry. A check is pure: the same exchange under the same policy gives the same
//! judgement, however a stream was cut into pieces, in time linear in its length.

mod address;
mod answer;
mod answer_schema;
mod any_of;
mod attributes;
mod bounds;
mod budget;
mod calm;
mod canary;
mod carriers;
mod checks;
mod code_spans;
mod conversation;
pub mod corpus;
mod danger;
mod dangerous_code;
mod destinations;
mod disguised;
mod fence;
mod findings;
mod injection;
mod judgement;
mod links;
mod look;
mod markup;
mod media;
mod needles;
mod numbers;
mod overlap;
mod policy;
mod prompt_leak;
mod references;
mod registry;
mod request_schema;
mod schema;
mod seams;
mod sensitive;
mod sensitive_calls;
mod sensitive_stream;
mod session;
mod shown;
mod stream;
mod tags;
mod taint;
mod tools;
pub mod topics;
mod veiled;
mod words;
mod written;

#[cfg(feature = "gateway")]
pub(crate) use answer::Prepared;
pub use answer::ResponseJudge;
pub use answer_schema::AnswerSchemaPolicy;
pub use budget::{BudgetPolicy, estimate_tokens};
pub use canary::CanaryPolicy;
pub use checks::{Checks, ChecksError};
pub use corpus::CorpusPolicy;
pub use dangerous_code::CodePolicy;
pub use injection::{EncoderUse, InjectionPolicy, Thresholds};
pub use judgement::{Action, Edit, Judgement, Reason, Release};
pub use links::{LinkHandling, LinksPolicy};
pub use markup::{MarkupHandling, MarkupPolicy};
pub use media::{ContextHandling, MediaPolicy};
pub use policy::{Handling, Mode, Policy};
pub use prompt_leak::PromptLeakPolicy;
pub use registry::RULES;
pub use request_schema::RequestSchemaPolicy;
pub use schema::SchemaError;
pub use sensitive::{PersonalDataPolicy, SecretsPolicy};
pub use session::Session;
pub use tools::ToolsPolicy;
pub use topics::{TopicError, TopicPolicy};
