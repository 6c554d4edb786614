//! Model signatures after OpenSSF Model Signing (OMS) 1.0: a Sigstore bundle around a DSSE envelope around an in-toto statement
//! that names every file of a model with its digest.
//!
//! [`sign`] writes one, [`verify`] checks one against the files. Where the specification and its reference implementation
//! differ, both are accepted on reading and what both accept is written; the book's page on signing lists each point.

mod bundle;
mod compatible;
mod difference;
mod git_config;
mod git_folder;
mod keyless;
mod manifest;
mod names;
mod signing;
mod unsigned;
mod verifying;

pub use bundle::{Bundle, BundleError, LONGEST_BUNDLE, MEDIA_TYPE, Material};
pub use difference::Refusal;
pub use git_config::command_in as command_in_git_config;
pub use keyless::{Identity, KeylessError};
pub use manifest::{DIGESTS_V0_1, ManifestError, ModelManifest, Resource, SIGNATURE_V1};
pub use names::{DEFAULT_IGNORED, NameError};
pub use signing::{SignError, SignOptions, Signed, SigningIdentity, sign};
pub use unsigned::{Unsigned, Why};
pub use verifying::{Signatory, Trust, Verification, VerifyError, VerifyOptions, claimed_digests, verify};
