//! What an artifact is made of: every file below a folder, and its digest.
//!
//! [`list`] finds the files without reading them, [`digest_all`] reads them: many at a time, and one large file by several
//! threads where the algorithm allows. Policy (what is ignored, which links are followed) is the caller's.

mod algorithm;
mod cache;
mod engine;
mod gathered;
mod listing;

pub use algorithm::{HashAlgorithm, Range};
pub use cache::DigestCache;
pub use engine::{DigestError, Digested, Digesting, Progress, Silent, Work, digest_all};
pub use gathered::Gathered;
pub use listing::{Entry, Kind, Listing, ListingError, MOST_ENTRIES, list};
