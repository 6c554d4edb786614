//! Topics nobody may bring up, by lists of words and by classifiers that are trained from examples.

mod ban;
mod features;
mod model;
mod phrases;
mod reader;
mod regression;
mod train;

pub use ban::{TopicError, TopicPolicy};
pub use model::{TopicFileError, TopicFound, TopicModel, TopicRate, TopicRateError};
pub use train::{FOLDS, TopicTrainer, TopicTrainingError, Trained};

pub(crate) use ban::{BANNED_TOPIC, make};
