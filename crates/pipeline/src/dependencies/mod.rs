//! What code is built on: manifests and lock files of packages, the names in them, and what is known to be wrong with them.

pub mod advisories;
mod check;
mod included;
pub(crate) mod names;
mod read;
pub mod rules;
pub mod version;

pub use check::DependencyManifest;
pub(crate) use check::judged;
pub use read::read;
pub(crate) use read::requirement;

use crate::Issue;
use std::ops::Range;

/// Whose names and versions they are. Displays as OSV calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Python.
    PyPi,
    /// JavaScript.
    Npm,
    /// Rust.
    Crates,
}

impl Ecosystem {
    /// The name in OSV (ossf/osv-schema, "Defined Ecosystems").
    pub const fn osv(self) -> &'static str {
        match self {
            Self::PyPi => "PyPI",
            Self::Npm => "npm",
            Self::Crates => "crates.io",
        }
    }

    /// `name` as the ecosystem compares names: PEP 503 for Python.
    pub fn normal(self, name: &str) -> String {
        if self != Self::PyPi {
            return name.to_owned();
        }
        let mut out = String::with_capacity(name.len());
        for character in name.trim().chars() {
            if matches!(character, '-' | '_' | '.') {
                if !out.ends_with('-') {
                    out.push('-');
                }
            } else {
                out.extend(character.to_lowercase());
            }
        }
        out
    }
}

/// How far a dependency is tied down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// To this version.
    Exact(String),
    /// To a range of versions, as written.
    Range(String),
    /// Not at all.
    None,
    /// To a commit.
    Commit,
    /// To a branch, tag or nothing of a repository.
    Moving,
    /// To an address, with (`true`) or without a digest.
    Address(bool),
    /// To a path beside it.
    Local,
}

/// One dependency as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Whose package it is.
    pub ecosystem: Ecosystem,
    /// Its name as the ecosystem compares names; empty when only an address is given.
    pub name: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// How far it is tied down.
    pub pin: Pin,
    /// Whether a digest of what is to arrive stands beside it.
    pub hashed: bool,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What is to be installed, as written: `requirements.txt`, an environment.
    Deployment,
    /// What a library or project asks for, to be resolved: ranges are normal.
    Manifest,
    /// What was resolved.
    Lock,
}

/// A file of dependencies.
#[derive(Debug)]
pub struct Dependencies {
    /// What it is for.
    pub purpose: Purpose,
    /// In the order of the text.
    pub dependencies: Vec<Dependency>,
    /// What is wrong with indices and options.
    pub issues: Vec<Issue>,
    /// Byte offset and reason where reading stopped.
    pub stops: Vec<(usize, String)>,
    /// Files that are part of it, as written, with the bytes that say so.
    pub includes: Vec<(Range<usize>, String)>,
}

impl Dependencies {
    fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            dependencies: Vec::new(),
            issues: Vec::new(),
            stops: Vec::new(),
            includes: Vec::new(),
        }
    }
}
