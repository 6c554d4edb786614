//! Datasets: what does not belong in them, and what was planted.
//!
//! [`table`] reads rows out of files; [`poison`] ranks the rows of a labelled text set, or of preference pairs, by the evidence that they were planted.
//! [`learn`] holds the small linear models it argues with. [`anonymity`] counts how many rows share quasi-identifiers. Nothing here prints, exits or reads the environment.

pub mod anonymity;
pub mod learn;
pub mod poison;
pub mod table;
