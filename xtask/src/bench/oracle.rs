//! Whether the payload of a damaged file still runs, asked of `xtask/oracle/payload.py`: foreign readers decide, not us.

use super::environment;
use crate::process::root;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a file was damaged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    /// Only this many bytes are left.
    Cut(usize),
    /// The byte at this offset has the bits of the mask flipped.
    Flip(usize, u8),
}

/// What the oracle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The damaged file still reaches what made the intact one dangerous.
    Runs,
    /// It does not.
    Inert,
    /// There is no reader that could tell.
    Undecided,
}

/// One question: a damaged file and what was found in the intact one.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    /// The intact file.
    pub(crate) path: &'a Path,
    /// The format that recognised it.
    pub(crate) format: &'a str,
    /// What was done to it.
    pub(crate) damage: Damage,
    /// The findings of high or above in the intact file, as JSON.
    pub(crate) findings: &'a Value,
}

impl Question<'_> {
    fn line(&self) -> String {
        let damage = match self.damage {
            Damage::Cut(length) => json!(["cut", length]),
            Damage::Flip(at, mask) => json!(["flip", at, mask]),
        };
        json!({ "path": self.path, "format": self.format, "damage": damage, "findings": self.findings })
            .to_string()
    }
}

/// The answers to `questions` in order, each with a word of explanation.
///
/// # Errors
/// When the oracle's environment cannot be made, or it ends before the last answer.
pub(crate) fn ask(questions: &[Question<'_>]) -> Result<Vec<(Answer, String)>, String> {
    let python = environment::install("oracle", "xtask/oracle/requirements.txt")?.join("bin/python");
    let mut child = Command::new(&python)
        .arg(root().join("xtask/oracle/payload.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the oracle: {error}"))?;
    let text = questions.iter().map(|question| question.line() + "\n").collect::<String>();
    let mut stdin = child.stdin.take().ok_or("the oracle has no standard input")?;
    let feed = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| format!("the oracle: {error}"))?;
    // A write that failed shows as missing answers below.
    drop(feed.join());
    let answers: Vec<(Answer, String)> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let answer: Value = serde_json::from_str(line).ok()?;
            let verdict = match answer.get("answer")?.as_str()? {
                "runs" => Answer::Runs,
                "inert" => Answer::Inert,
                _ => Answer::Undecided,
            };
            Some((verdict, answer.get("why")?.as_str()?.to_owned()))
        })
        .collect();
    if answers.len() == questions.len() {
        Ok(answers)
    } else {
        Err(format!("the oracle answered {} of {} questions", answers.len(), questions.len()))
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cut(length) => write!(formatter, "cut at {length}"),
            Self::Flip(at, mask) => write!(formatter, "bit {mask:#04x} of byte {at} flipped"),
        }
    }
}
