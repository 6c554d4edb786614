//! Text that tries to steer a model: injections, jailbreaks, questions for its prompt, instructions inside content.
//!
//! Stages: [`canonical`] folds a text to what a reader takes it for; `buried` reads what is written in characters no one sees,
//! [`hidden`] decodes what is encoded in it, `spaced` where that is cut into groups, `numbered` where it is in numbers of characters, `severed` where something stands within its words, `ciphers` where it is in a cipher, `transfer` what mail
//! is carried in; `tokens` takes
//! it apart; [`lexicon`] finds phrases and gives them concepts, all at once, `disguise` those that are written otherwise;
//! [`carrier`] tells its form; [`windows`] says which of its words are judged together; [`features`] turns them and their concepts into sparse vectors; [`weights`] scores them
//! by a trained linear model; [`meaning`] does the same with what the encoder makes of the text; [`judge`] gives the verdict
//! with its evidence; [`rates`] says how often harmless texts reach a score.

mod buried;
pub mod canonical;
pub mod carrier;
mod ciphers;
mod conduct;
mod conjunctions;
mod disguise;
mod escaped;
pub mod features;
mod giveaways;
pub mod hidden;
pub mod judge;
mod leet;
pub mod lexicon;
pub mod meaning;
mod morse;
mod numbered;
mod phrases;
mod places;
pub mod rates;
mod readable;
mod runs;
mod set_apart;
mod severed;
mod spaced;
mod tokens;
mod transfer;
pub mod weights;
pub mod windows;
