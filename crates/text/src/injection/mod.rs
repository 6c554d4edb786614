//! Text that tries to steer a model: injections, jailbreaks, questions for its prompt, instructions inside content.
//!
//! Stages: [`canonical`] folds a text to what a reader takes it for; [`hidden`] decodes what is encoded in it;
//! [`lexicon`] finds phrases and gives them concepts, all at once; [`features`] turns windows of words and concepts into
//! sparse vectors; [`weights`] scores them by a trained linear model; [`meaning`] does the same with what the encoder makes
//! of the text; [`judge`] gives the verdict with its evidence.

pub mod canonical;
mod conduct;
pub mod features;
pub mod hidden;
pub mod judge;
pub mod lexicon;
pub mod meaning;
mod phrases;
pub mod weights;
