//! Models in OCI registries: pulled by digest, and never believed for coming from there.
//!
//! | file | subject |
//! | --- | --- |
//! | `reference` | `oci://HOST/NAME@sha256:…` |
//! | `manifest` | which files a manifest lists, under which names |
//! | `challenge` | headers of answers |
//! | `client` | the distribution protocol: manifests, blobs, tags |
//!
//! Source: OCI distribution specification 1.1 and image specification 1.1; ORAS (`org.opencontainers.image.title`) and the CNCF ModelPack
//! specification (`org.cncf.model.filepath`) for the names of files. Every byte is held against the digest that names it, before anything
//! else looks at it. What is told of a failure never holds a credential, a token or the query of an address.

pub(crate) mod challenge;
mod client;
mod manifest;
mod reference;

pub use crate::web::Roots;
pub(crate) use client::base64;
pub use client::{Credentials, Pulled, Registry, RegistryError};
pub use manifest::{File, LARGEST_MANIFEST, MOST_FILES, Manifest, ManifestError};
pub use reference::{Named, OciReference, ReferenceError, SCHEME};
