//! What one command feeds another: through a pipe, a here-document, a string.

use super::decoded::{Code, code_of};
use super::destructive::is_narrowed;
use super::expansion::Tree;
use super::line::{Danger, MOST, grave, serious};
use super::places::is_root;
use super::shell::{is_wrapper, program};
use super::variables::Variables;
use bartizan_pipeline::shell::{Command, Word};

/// Commands of a pipe that are looked at.
const FEEDERS: usize = 8;

/// The lines of a here-document of a command, as it reads them.
pub(super) fn here_text(tree: &Tree<'_>, command: &Command) -> Option<String> {
    let lines = command.redirects.iter().rev().find(|one| one.body.is_some())?;
    let body = tree.text.get(lines.body.clone()?)?;
    Some(if lines.target.quoted { body.to_owned() } else { body.replace("\\$", "$") })
}

/// What the pipe before a command feeds it, where that is a text that the line itself has.
pub(super) fn piped(
    tree: &Tree<'_>,
    command: &Command,
    variables: &Variables,
    left: &mut usize,
) -> Option<String> {
    let mut at = command.pipe_from;
    for _ in 0..FEEDERS {
        let number = at?;
        let source = tree.script.commands.get(number)?;
        let words = tree.words(number, variables, left);
        let mut words = words.iter().map(String::as_str).skip_while(|word| is_wrapper(&program(word)));
        match program(words.next().unwrap_or_default()).as_str() {
            "echo" => {
                let said: Vec<&str> = words.skip_while(|word| word.starts_with('-')).collect();
                return Some(said.join(" ").replace("\\n", "\n"));
            }
            "printf" => return Some(printed(words)),
            "cat" => {
                if let Some(text) = here_text(tree, source) {
                    return Some(text);
                }
            }
            _ => {}
        }
        at = source.pipe_from;
    }
    None
}

/// What `printf` makes of its format and of what stands behind that.
pub(super) fn printed<'w>(mut words: impl Iterator<Item = &'w str>) -> String {
    let format = words.find(|word| *word != "--").unwrap_or_default();
    let mut parts = format.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let kind = part.trim_start_matches(|one: char| one.is_ascii_digit() || "-+ #.".contains(one));
        match kind.strip_prefix(['s', 'b', 'q']) {
            Some(rest) => {
                out.push_str(words.next().unwrap_or_default());
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
    out.replace("\\n", "\n")
}

/// Whether a command is a shell that runs what it is fed.
pub(super) fn is_fed(command: &Command) -> bool {
    let is_name = |word: &Word| !is_wrapper(&program(&word.text));
    let rest = command.words.iter().position(is_name).and_then(|at| command.words.get(at..));
    let Some((name, arguments)) = rest.and_then(<[Word]>::split_first) else { return false };
    matches!(code_of(&program(&name.text), arguments), Some(Code::Input))
}

/// What `xargs` and the like run with what is fed to them: only places are looked at.
pub(super) fn fed(
    tree: &Tree<'_>,
    index: usize,
    arguments: &[&str],
    variables: &Variables,
    left: &mut usize,
) -> Option<Danger> {
    let removes =
        arguments.iter().position(|word| matches!(program(word).as_str(), "rm" | "shred" | "unlink"))?;
    let options = arguments.get(removes.saturating_add(1)..).unwrap_or_default();
    // What shreds needs no option to do it.
    let shreds = arguments.get(removes).is_some_and(|word| program(word) != "rm");
    if !shreds && !options.iter().any(|one| one.starts_with('-') && one.contains(['r', 'R', 'f'])) {
        return None;
    }
    let mut at = tree.script.commands.get(index)?.pipe_from;
    let mut worst = None;
    // Whether something on the way lets only part of it through.
    let mut picked = false;
    for _ in 0..MOST {
        let Some((number, source)) = at.and_then(|at| Some((at, tree.script.commands.get(at)?))) else {
            break;
        };
        let words = tree.words(number, variables, left);
        if *left == 0 {
            break;
        }
        let plain: Vec<&str> = words.iter().map(String::as_str).collect();
        picked = picked || picks(&plain);
        let filters = picked || is_narrowed(&plain);
        let lists = words.first().is_some_and(|name| {
            matches!(
                program(name).as_str(),
                "find" | "ls" | "echo" | "printf" | "fd" | "dir" | "get-childitem" | "gci"
            )
        });
        // A backslash behind a drive takes in what follows it, for a shell that is none of Windows.
        let place = |word: &String| match word.as_bytes() {
            [_, b':', b' ', ..] => word.get(..2).unwrap_or_default().to_owned(),
            [drive, b':', first, ..] if drive.is_ascii_alphabetic() && first.is_ascii_alphanumeric() => {
                let (drive, rest) = word.split_at(2);
                format!("{drive}\\{rest}")
            }
            _ => word.clone(),
        };
        let listed: Vec<String> = words.iter().skip(1).filter(|_| lists).map(place).collect();
        let places = || listed.iter();
        if places().any(|place| is_root(place)) {
            if !filters {
                return grave("destroys-files");
            }
            worst = serious("destroys-files");
        }
        let is_far = |place: &String| place.starts_with(['/', '~', '$']) && !place.starts_with("/tmp");
        if !filters && places().any(is_far) {
            worst = serious("destroys-files");
        }
        at = source.pipe_from;
    }
    worst
}

/// Whether a command lets only part of what it is fed through: a search for a pattern that not everything matches, the first or last lines.
fn picks(words: &[&str]) -> bool {
    let Some((name, arguments)) = words.split_first() else { return false };
    let is_all = |pattern: &&str| pattern.bytes().all(|byte| b".*^$/+?".contains(&byte));
    match program(name).as_str() {
        "grep" | "egrep" | "fgrep" | "rg" | "ag" => {
            let turned = |one: &&str| -> bool {
                *one == "--invert-match"
                    || one.starts_with('-') && !one.starts_with("--") && one.contains('v')
            };
            let mut patterns = arguments.iter().filter(|one| !one.starts_with('-'));
            !arguments.iter().any(turned) && patterns.next().is_some_and(|one| !is_all(one))
        }
        "head" | "tail" | "where-object" | "where" | "?" | "select-object" => true,
        "get-childitem" | "gci" | "dir" | "ls" => {
            let narrows = ["-filter", "-include", "-name"];
            arguments.iter().any(|one| narrows.iter().any(|known| known.eq_ignore_ascii_case(one)))
        }
        "awk" | "sed" => {
            let mut patterns = arguments.iter().filter_map(|one| one.split_once('/')?.1.split_once('/'));
            let quiet = program(name) == "awk" || arguments.contains(&"-n");
            quiet && patterns.any(|(pattern, _)| !is_all(&pattern))
        }
        _ => false,
    }
}
