//! The chain of evidence: every artifact named by its digest, every check a signed statement about digests, every statement
//! in a log that not even its operator can rewrite, and one graph over all of them.
//!
//! | module | subject |
//! | --- | --- |
//! | [`digest`] | what an artifact is called |
//! | [`keys`] | who signs, who is believed |
//! | [`jwe`] | content that one key opens |
//! | [`dsse`] | the envelope around a signed payload |
//! | [`log`] | the transparency log: append, prove, verify, witness |
//! | [`run`] | recording a run, and what it rests on |
//! | [`reproduce`] | running it again, and how far the result is the same |
//! | [`statement`] | in-toto statements, what an envelope says about digests |
//! | [`store`] | where a project keeps envelopes, and the index over them |
//! | [`lineage`] | the graph: what an artifact is made of, what it touches |
//! | [`manifest`] | every file of an artifact and its digest |
//! | [`oms`] | signatures over models |
//! | [`timestamp`] | that something was there at a time |
//! | [`predicate`] | what a statement says, in types |

pub mod digest;
pub mod dsse;
pub mod jwe;
pub mod keys;
pub mod lineage;
pub mod log;
pub mod manifest;
pub mod oms;
pub mod predicate;
pub mod reproduce;
pub mod run;
pub mod statement;
pub mod store;
pub mod timestamp;
