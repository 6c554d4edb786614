//! Callables that are safe to call with any arguments, one file per family of packages.
//!
//! Exact names, or [`CLASSES`] for packages whose classes' constructors and `__setstate__` were looked through: they
//! only fill in attributes, or stand in [`super::constructors`]. A lower-case name in such a package is a function and must be listed to be safe.

mod arrays;
mod boosting;
mod deep_learning;
mod language;
mod learning;
mod stdlib;
mod torch;

/// Names of one module that are safe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Safe {
    pub(super) family: &'static str,
    pub(super) module: &'static str,
    /// Names in the module, dotted for methods, or [`CLASSES`].
    pub(super) names: &'static [&'static str],
}

/// In place of a name: every class in and below the module that no longer path covers.
pub(super) const CLASSES: &str = "*";

pub(super) static TABLES: &[&[Safe]] = &[
    arrays::SAFE,
    boosting::SAFE,
    deep_learning::SAFE,
    language::SAFE,
    learning::SAFE,
    stdlib::SAFE,
    torch::SAFE,
];

const fn safe(family: &'static str, module: &'static str, names: &'static [&'static str]) -> Safe {
    Safe { family, module, names }
}
