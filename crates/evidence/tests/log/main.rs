//! The transparency log against the specifications' vectors, injected faults, killed processes and an independent verifier.
#![cfg(test)]

mod clock;
mod crash;
mod damage;
mod faults;
mod independent;
mod object_faults;
#[cfg(feature = "cloud")]
mod s3;
#[cfg(feature = "cloud")]
mod s3_server;
mod support;
mod vectors;
#[cfg(feature = "witness")]
mod witness;
