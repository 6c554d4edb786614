//! The transparency log against the specifications' vectors, injected faults, killed processes and an independent verifier.
#![cfg(test)]

mod damage;
mod support;
mod vectors;
