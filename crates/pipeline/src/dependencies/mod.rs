//! What code is built on: manifests and lock files of packages, the names in them, and what is known to be wrong with them.

pub(crate) mod names;
