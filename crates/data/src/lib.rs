//! Datasets: what does not belong in them, and what was planted.
//!
//! [`table`] reads rows out of files; [`poison`] ranks the rows of a labelled text set, or of preference pairs, by the evidence that they were planted.
//! [`canary`] plants rows that can be recognised later. [`duplicates`] finds rows that say nearly the same, inside a dataset or across two.
//! [`learn`] holds the small linear models it argues with. [`tricks`] tells texts that are not
//! what they seem. Nothing here prints, exits or reads the environment.

pub mod canary;
pub mod duplicates;
pub mod learn;
pub mod poison;
pub mod table;
pub mod tricks;
