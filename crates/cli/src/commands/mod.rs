//! One file for each command.

pub(crate) mod config;
pub(crate) mod describe;
pub(crate) mod key;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod sign;
pub(crate) mod verify;
