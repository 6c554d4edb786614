//! Containers: archives and compression layers, whose members are scanned in place and never unpacked to disk.

pub mod cabinet;
pub mod compress;
pub mod expand;
pub(crate) mod member_path;
pub mod rar;
pub mod sevenz;
pub(crate) mod siblings;
pub mod tar;
pub mod zip;
