//! The engine over files of every form, good and bad, made by the tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::indexing_slicing, reason = "a test that finds less fails")]

mod checks;
mod files;
mod forms;
mod lakes;
mod profiles;
mod program;
