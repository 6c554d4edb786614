//! Datasets: what does not belong in them, and what was planted.
//!
//! [`table`] reads rows out of files; [`poison`] ranks the rows of a labelled text set, or of preference pairs, by the evidence that they were planted.
//! [`profile`] says what columns are like, [`expect`] what they are to be like, [`drift`] how two datasets differ, [`sources`] where
//! data may come from. [`canary`] plants rows that can be recognised later. [`duplicates`] finds rows that say nearly the same,
//! inside a dataset or across two. [`texts`] tells texts that do not belong among the others, [`tricks`] those that are not what they seem. [`anonymity`] counts how many rows share
//! quasi-identifiers. [`lake`] tells the files of a Delta or Iceberg table's current version. [`labels`] judges labels by models of the other rows. [`learn`] holds the small linear models it argues with. Nothing here prints, exits or reads the environment.

pub mod anonymity;
pub mod canary;
pub mod drift;
pub mod duplicates;
pub mod expect;
pub mod labels;
pub mod lake;
pub mod learn;
pub mod poison;
pub mod profile;
pub mod quick;
pub mod sources;
pub mod table;
pub mod texts;
pub mod tricks;
