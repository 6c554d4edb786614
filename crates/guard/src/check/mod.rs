//! Checks on what is asked of a model and what it answers.
//!
//! One file per check, one line in the registry. A check is pure: the same exchange under the same policy gives the same
//! judgement, however a stream was cut into pieces, in time linear in its length.

mod budget;
mod checks;
mod findings;
mod injection;
mod judgement;
mod policy;
mod registry;
mod request_schema;
mod schema;
mod sensitive;
mod session;
mod topics;

pub use budget::{BudgetPolicy, estimate_tokens};
pub use checks::{Checks, ChecksError};
pub use injection::{InjectionPolicy, Thresholds};
pub use judgement::{Action, Edit, Judgement, Reason, Release};
pub use policy::{Handling, Mode, Policy};
pub use registry::RULES;
pub use request_schema::RequestSchemaPolicy;
pub use schema::SchemaError;
pub use sensitive::{PersonalDataPolicy, SecretsPolicy};
pub use session::Session;
pub use topics::TopicPolicy;
