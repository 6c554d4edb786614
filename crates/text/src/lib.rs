//! What can be wrong with a text: credentials in it, personal data, characters that are not what they seem.
//!
//! A [`Detector`] reads a text once per subject, in time linear in its length, and gives [`Hit`]s to a [`Sink`] with byte
//! and character offsets. Nothing here prints, opens a connection or keeps what it read.

mod bytes;
mod checksum;
mod confidential;
mod detector;
mod hit;
mod listed;
mod names;
mod pii;
mod randomness;
mod secrets;
mod styled;
mod unseen;

pub mod encoder;
pub mod injection;
pub mod redact;
pub mod references;
pub mod rules;
pub mod trie;

pub use confidential::{credentials, credentials_among, prepare};
pub use detector::{Detector, Subjects, TextError};
pub use hit::{Class, Hit, Kind, Sink};
pub use randomness::is_stand_in;
pub use rules::RULES;
pub use secrets::token_marks;
pub use styled::{latin_look, plain_form};
