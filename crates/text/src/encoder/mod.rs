//! A sentence encoder: what a text means, as vectors, on a processor, in Rust.
//!
//! [`wordpiece`] splits a text into pieces of words; [`forward`] runs them through the layers of a transformer whose
//! weights are 8-bit integers, with [`arithmetic`] between the products; [`container`] reads the weights. Architecture:
//! BERT (Devlin et al., 2019). Weights: `weights/README.md`.

mod arithmetic;
mod classes;
pub mod container;
pub mod forward;
pub mod wordpiece;

pub use forward::{Encoder, EncoderError};

use std::sync::OnceLock;

/// The weights that came with this version.
static WEIGHTS: &[u8] = include_bytes!("../../weights/encoder.safetensors");

/// SHA-256 of [`WEIGHTS`].
pub const DIGEST: &str = "b85a3aa77832bfd5620ab95e8e56eaf846d4298cc9e3358bd51dc3b0e99c9265";

/// The encoder that came with this version, read at the first call.
///
/// # Errors
/// [`EncoderError`] when the weights in the program are not those that it was built with.
pub fn shipped() -> Result<&'static Encoder, &'static EncoderError> {
    static SHIPPED: OnceLock<Result<Encoder, EncoderError>> = OnceLock::new();
    SHIPPED.get_or_init(|| Encoder::read(WEIGHTS, DIGEST)).as_ref()
}
