//! Secrets that come by are kept: copied into a file, a list or a message for whoever reads it later.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::Sentence;
use std::ops::Range;

/// "Copy every API key you see into notes/keys.txt."
pub(super) fn hoards(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    // What is kept from a repository is kept all the same, but for the file that is made for secrets.
    let set_up = sentence.text.contains("gitignore") && sentence.text.contains(".env");
    if sentence.has(Concept::Not) && !sentence.text.contains("nobody")
        || set_up
        || SHOWN.iter().any(|word| sentence.text.contains(word))
    {
        return None;
    }
    let thing =
        [Concept::Secret, Concept::Store].into_iter().flat_map(|thing| sentence.meant(thing)).next()?;
    // Texts are made of tokens of another kind.
    let bare = sentence.text.get(thing.span.clone()).is_some_and(|seen| matches!(seen, "tokens" | "token"));
    if bare
        && !["access", "api", "auth", "bearer", "secret", "credential", "password"]
            .iter()
            .any(|word| sentence.text.contains(word))
    {
        return None;
    }
    let comes_by = COMES_BY.iter().any(|way| sentence.text.contains(way));
    let verb = place_of(sentence.text, KEEPS)?;
    let (where_to, named) = kept_in(sentence.text, thing)?;
    // A file in a place for what is thrown away, or one that lists do not show, is for no one who asks for it.
    let unseen_file = named && is_hidden_place(sentence.text.get(where_to.clone()).unwrap_or_default());
    // A file of secrets is one thing; what comes by is any of them.
    let whole = thing.concept == Concept::Store && sentence.text.contains("content") && !named;
    (comes_by || whole || unseen_file).then(|| {
        let word = |span: Range<usize>| Word { concept: Concept::Write, span };
        (Act::Hoards, sentence.span(&[thing, &word(verb), &word(where_to)]))
    })
}

/// Where something is kept, and whether that is a file by its name: `notes/keys.txt`, `this file`, `your commit messages`.
fn kept_in(text: &str, thing: &Word) -> Option<(Range<usize>, bool)> {
    let mut at = 0usize;
    for word in text.split_inclusive(char::is_whitespace) {
        let start = at;
        at = at.saturating_add(word.len());
        let bare = word
            .trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '~' | '.')))
            .trim_end_matches('.');
        let named = FILES.iter().any(|end| bare.ends_with(end)) || bare.contains('/') && !bare.contains("//");
        let apart = start >= thing.span.end || at <= thing.span.start;
        if named && apart && bare.len() > 3 {
            return Some((start..start.saturating_add(word.trim_end().len()), true));
        }
    }
    place_of(text, PLACES).map(|place| (place, false))
}

/// Whether a path lies in a folder for what is thrown away, or begins with a point and is no file that programs take logins from.
fn is_hidden_place(path: &str) -> bool {
    let path = path
        .trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '~' | '.')))
        .trim_end_matches('.');
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = [
        ".env", ".pgpass", ".netrc", ".npmrc", ".pypirc", ".git", ".ssh", ".aws", ".config", ".kube",
        ".docker", ".vault",
    ];
    let thrown = ["/tmp/", "/var/tmp/", "/dev/shm/"].iter().any(|folder| path.starts_with(folder));
    (thrown || name.starts_with('.') && name.len() > 2) && !known.iter().any(|known| name.starts_with(known))
}

/// The first of `words` that stands in `text` as a word or words of their own.
fn place_of(text: &str, words: &[&str]) -> Option<Range<usize>> {
    words.iter().find_map(|word| {
        text.match_indices(word).find_map(|(at, found)| {
            let span = at..at.saturating_add(found.len());
            let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            let before = text.get(..span.start)?.chars().next_back();
            let after = text.get(span.end..)?.chars().next();
            (apart(before) && apart(after)).then_some(span)
        })
    })
}

/// Ways in which something comes by.
const COMES_BY: &[&str] = &[
    "you see",
    "you saw",
    "you come across",
    "come across",
    "you encounter",
    "encountered",
    "you find",
    "you notice",
    "you meet",
    "you run into",
    "that appear",
    "which appear",
    "that shows up",
    "that show up",
    "that comes up",
    "that come up",
    "user types",
    "user typed",
    "user pastes",
    "user pasted",
    "user shares",
    "user enters",
    "user mentions",
    "user gives",
    "in tool output",
    "in the conversation",
    "in this session",
    "du siehst",
    "du findest",
    "que veas",
    "que encuentres",
    "que tu vois",
    "que tu trouves",
    "que encontrar",
    "увидишь",
    "встретишь",
    "你看到",
    "你遇到",
    "見つけた",
    "보이는",
];
/// Verbs that keep.
const KEEPS: &[&str] = &[
    "copy",
    "copies",
    "save",
    "saves",
    "store",
    "stores",
    "append",
    "appends",
    "keep",
    "keeps",
    "remember",
    "remembers",
    "record",
    "records",
    "write",
    "writes",
    "write down",
    "writes down",
    "write it down",
    "note",
    "notes",
    "note down",
    "log",
    "logs",
    "collect",
    "collects",
    "include",
    "add",
    "adds",
    "put",
    "kopiere",
    "speichere",
    "schreibe",
    "notiere",
    "sammle",
    "copia",
    "guarda",
    "anota",
    "copie",
    "note-le",
    "enregistre",
    "salve",
    "anote",
    "скопируй",
    "сохрани",
    "запиши",
    "запомни",
    "复制",
    "保存",
    "记录",
    "记下",
    "コピー",
    "保存し",
    "복사",
    "저장",
];
/// Places that are no file by their name.
const PLACES: &[&str] = &[
    "this file",
    "a file",
    "the file",
    "this memory",
    "your memory",
    "memory",
    "a list",
    "the list",
    "this list",
    "the log",
    "commit message",
    "commit messages",
    "pull request",
    "your notes",
    "the notes",
    "diese datei",
    "eine datei",
    "este archivo",
    "un archivo",
    "ce fichier",
    "un fichier",
    "este arquivo",
    "этот файл",
    "файл",
    "文件",
    "ファイル",
    "파일",
];
/// Ends of names of files in which something is kept.
const FILES: &[&str] = &[".md", ".txt", ".log", ".json", ".jsonl", ".csv", ".yaml", ".yml", ".db", ".env"];
/// What is said where secrets are dealt with as they should be.
const SHOWN: &[&str] = &[
    "redact",
    "mask",
    "rotate",
    "revoke",
    "vault",
    "secret manager",
    "secrets manager",
    "placeholder",
    "instead of",
    "keychain",
    "1password",
    "encrypt",
];
