//! Commands of a shell, judged by their names and arguments.

use super::destructive::{may_run, named};
use super::line::{Danger, Grade};
use super::places::is_device;

/// Words that are read behind a command or a statement.
pub(super) const ARGUMENTS: usize = 64;

/// Judges each command of a line, which has [`LONGEST`](super::LONGEST) bytes at most.
pub(super) fn commands(line: &str) -> Option<Danger> {
    let shell = line.split([';', '|', '\n', '`', '&']);
    // Commands in the strings of another language.
    let quoted = line.split([';', '|', '\n', '`', '"', '\'', '(', ')', '&']);
    shell.chain(quoted).filter_map(command).max_by_key(|one| one.grade)
}

fn command(piece: &str) -> Option<Danger> {
    let mut words = piece.split_whitespace().peekable();
    while words
        .next_if(|word| {
            matches!(
                *word,
                "sudo"
                    | "doas"
                    | "env"
                    | "nohup"
                    | "time"
                    | "$"
                    | "#"
                    | ">"
                    | "PS>"
                    | "exec"
                    | "command"
                    | "-c"
                    | "then"
                    | "do"
            )
        })
        .is_some()
    {}
    // A sentence may lead up to a command; the command is judged where its name stands.
    let words: Vec<&str> = words.collect();
    words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| {
            let name = word.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let arguments = words.get(at.saturating_add(1)..).unwrap_or_default();
            let arguments = arguments.get(..ARGUMENTS).unwrap_or(arguments);
            if let Some(target) = word.strip_prefix('>').filter(|target| is_device(target)) {
                return (!target.is_empty())
                    .then_some(Danger { label: "destroys-disk", grade: Grade::Grave });
            }
            let before = words.get(..at).unwrap_or_default();
            if may_run(&name, before) { named(&name, arguments) } else { None }
        })
        .max_by_key(|one| one.grade)
}
