//! Datasets: what does not belong in them, and what was planted.
//!
//! [`table`] reads rows out of files; [`poison`] ranks the rows of a labelled text set, or of preference pairs, by the evidence that they were planted.
//! [`profile`] says what columns are like, [`expect`] what they are to be like, [`drift`] how two datasets differ, [`sources`] where
//! data may come from. [`anonymity`] counts how many rows share quasi-identifiers. [`learn`] holds the small linear models it argues with.
//! Nothing here prints, exits or reads the environment.

pub mod anonymity;
pub mod drift;
pub mod expect;
pub mod learn;
pub mod poison;
pub mod profile;
pub mod sources;
pub mod table;
