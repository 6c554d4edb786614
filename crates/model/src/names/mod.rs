//! Names that a model goes by: what they look like.

pub(crate) mod confusable;
