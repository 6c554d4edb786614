//! The transparency log against the specifications' vectors, injected faults, killed processes and an independent verifier.
#![cfg(test)]

mod crash;
mod damage;
mod faults;
mod independent;
mod object_faults;
mod support;
mod vectors;
#[cfg(feature = "witness")]
mod witness;
