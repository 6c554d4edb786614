//! Containers: archives and compression layers, whose members are scanned in place and never unpacked to disk.

pub mod expand;
pub(crate) mod member_path;
pub(crate) mod siblings;
pub mod zip;
