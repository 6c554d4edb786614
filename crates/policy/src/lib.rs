//! Policy over evidence: what is known of an artifact goes in as one document, Rego decides, a verdict with its reasons comes out.
//!
//! | module | subject |
//! | --- | --- |
//! | [`source`] | policies: Rego modules and data, from files, folders and bundles |
//! | [`bundle`] | policies as one archive, in the layout of OPA |
//! | [`shipped`] | the policies that come with the program |
//! | [`input`] | the one document that policies read |
//! | [`evaluate`] | Rego within bounds of time and memory |
//! | [`decide`] | reasons, missing evidence, waivers: the verdict |
//! | [`waiver`] | exceptions, and which of them count |
//! | [`explain`] | the fewest facts that would turn a verdict |
//! | [`replay`] | what a policy would have decided about what was recorded |
//! | [`render`] | a decision as table, Markdown, SARIF and JUnit |
//! | [`format`] | the one layout of Rego |
//! | [`testing`] | the tests of a policy |
//!
//! Everything here fails closed: a policy that errs, loops, takes too much memory or says nothing is an error, never an "allow".
//! Nothing reads the clock or the environment; what is a file is read by [`source`] only.

pub mod bundle;
pub mod decide;
pub mod evaluate;
pub mod explain;
pub mod format;
pub mod guard;
pub mod input;
pub mod render;
pub mod replay;
pub mod shipped;
pub mod source;
pub mod testing;
pub mod waiver;

mod error;
mod modules;
mod paths;
mod recursion;

pub use error::PolicyError;
