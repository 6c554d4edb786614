//! A line as a shell runs it: variables filled in, quotes and braces taken apart, what one command feeds to another.
//!
//! Source: POSIX.1-2024 XCU 2 (Shell Command Language); the tree is that of [`bartizan_pipeline::shell`].

use super::command::ARGUMENTS;
use super::destructive::{is_here, is_narrowed, is_root, may_run, named};
use super::line::{Danger, LONGEST, any, grave, serious};
use bartizan_pipeline::shell::{Command, ExpansionKind, Script, Word};
use std::ops::Range;

/// Most commands of a line that are judged.
const MOST: usize = 64;
/// How deep texts are read that are commands themselves.
const DEEPEST: usize = 3;
/// Most variables that are kept from line to line, and the longest value.
const KEPT: usize = 32;
const LONGEST_VALUE: usize = 256;
/// The variable of the folder one is in.
const FOLDER: &str = "PWD";

const SHELLS: [&str; 9] = ["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "pwsh", "powershell"];
/// What turns an encoded text into another.
const DECODERS: [&str; 9] =
    ["base64", "base32", "basenc", "xxd", "openssl", "uudecode", "gunzip", "zcat", "rev"];
/// Marks of decoding among the arguments of those that also encode.
const DECODING: [&str; 8] = ["-d", "-D", "--decode", "-r", "-di", "-id", "-dc", "-rp"];
/// What one line may cost in all: bytes that are filled in, commands that are looked through for them.
const COST: usize = 64 * LONGEST;
/// What reading a quoted text costs besides, since it has its own variables.
const INNER_COST: usize = 1024;

/// What variables were given in the lines before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    values: Vec<(String, String)>,
}

impl Variables {
    /// Whether a text may use one of them.
    pub(crate) fn are_used_in(&self, text: &str) -> bool {
        !self.values.is_empty() && text.contains('$')
    }

    /// Whether a line may give one a value.
    pub(crate) fn may_learn(line: &str) -> bool {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let name = line.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        name > 0 && line.as_bytes().get(name) == Some(&b'=') || line.starts_with("cd ")
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: &str) {
        self.values.retain(|(known, _)| known != name);
        if value.len() <= LONGEST_VALUE && self.values.len() < KEPT {
            self.values.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// The worst that the commands of a line would do; takes up what it gives to variables.
pub(super) fn shell(line: &str, variables: &mut Variables) -> Option<Danger> {
    read(line, variables, 0, &mut COST.clone())
}

fn read(text: &str, variables: &mut Variables, depth: usize, left: &mut usize) -> Option<Danger> {
    let script = Script::read(text);
    let mut worst: Option<Danger> = None;
    for (index, command) in script.commands.iter().enumerate().take(MOST) {
        let words: Vec<String> = command
            .words
            .iter()
            .take(ARGUMENTS)
            .flat_map(|word| expanded(word, index, &script, variables, left))
            .take(ARGUMENTS)
            .collect();
        let found = judged(&script, index, &words, variables, (depth, left));
        worst = worst.into_iter().chain(found).max_by_key(|one| one.grade);
        for one in &command.assignments {
            let value = expanded(&one.value, index, &script, variables, left).join(" ");
            variables.set(&one.name, &value);
        }
        match words.as_slice() {
            [name, place] if name == "cd" || name == "pushd" => variables.set(FOLDER, place),
            [name, given @ ..] if matches!(name.as_str(), "export" | "readonly" | "local") => {
                for (name, value) in given.iter().filter_map(|one| one.split_once('=')) {
                    variables.set(name, value);
                }
            }
            _ => {}
        }
    }
    worst
}

/// Judges a command.
fn judged(
    script: &Script,
    index: usize,
    words: &[String],
    variables: &Variables,
    (depth, left): (usize, &mut usize),
) -> Option<Danger> {
    let command = script.commands.get(index)?;
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut found: Vec<Danger> = Vec::new();
    let in_root = variables.value(FOLDER).is_some_and(is_root);
    for (at, word) in plain.iter().enumerate() {
        let arguments = plain.get(at.saturating_add(1)..).unwrap_or_default();
        let name = program(word);
        if may_run(&name, plain.get(..at).unwrap_or_default()) {
            found.extend(named(&name, arguments));
        }
        if name == "rm" && in_root && arguments.iter().any(|one| is_here(one)) {
            let moved: Vec<&str> =
                arguments.iter().map(|one| if is_here(one) { "/" } else { *one }).collect();
            found.extend(named(&name, &moved));
        }
        if matches!(name.as_str(), "xargs" | "parallel") {
            found.extend(fed(script, index, arguments, variables, left));
        }
    }
    if decodes_into(script, command) {
        found.extend(grave("hidden-code"));
    }
    if depth < DEEPEST {
        // What is quoted may be a command for whoever gets it.
        let is_text = |word: &&Word| word.quoted && word.text.contains([' ', '\t']);
        for word in command.words.iter().filter(is_text).filter(|word| !is_only_said(script, index, word)) {
            let Some(rest) = left.checked_sub(INNER_COST.saturating_add(word.text.len())) else { break };
            *left = rest;
            found.extend(read(&word.text, &mut variables.clone(), depth.saturating_add(1), left));
        }
    }
    found.into_iter().max_by_key(|one| one.grade)
}

/// What `xargs` and the like run with what is fed to them: only places are looked at.
fn fed(
    script: &Script,
    index: usize,
    arguments: &[&str],
    variables: &Variables,
    left: &mut usize,
) -> Option<Danger> {
    let removes =
        arguments.iter().position(|word| matches!(program(word).as_str(), "rm" | "shred" | "unlink"))?;
    let options = arguments.get(removes.saturating_add(1)..).unwrap_or_default();
    if !options.iter().any(|one| one.starts_with('-') && one.contains(['r', 'R', 'f'])) {
        return None;
    }
    let mut at = script.commands.get(index)?.pipe_from;
    let mut worst = None;
    for _ in 0..MOST {
        let Some((number, source)) = at.and_then(|at| Some((at, script.commands.get(at)?))) else { break };
        let words: Vec<String> = source
            .words
            .iter()
            .take(ARGUMENTS)
            .flat_map(|word| expanded(word, number, script, variables, left))
            .take(ARGUMENTS)
            .collect();
        if *left == 0 {
            break;
        }
        let plain: Vec<&str> = words.iter().map(String::as_str).collect();
        let filters = is_narrowed(&plain);
        let lists = words.first().is_some_and(|name| {
            matches!(program(name).as_str(), "find" | "ls" | "echo" | "printf" | "fd" | "dir")
        });
        let places = || words.iter().skip(1).filter(|_| lists);
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

/// Whether a command turns an encoded text into another.
fn decodes(command: &Command) -> bool {
    let mut words = command.words.iter().map(|word| word.text.as_str());
    let Some(name) = words.find(|word| !is_wrapper(&program(word))).map(program) else { return false };
    let always = matches!(name.as_str(), "gunzip" | "zcat" | "rev" | "uudecode");
    DECODERS.contains(&name.as_str()) && (always || words.any(|word| DECODING.contains(&word)))
}

/// Where a shell takes its code from.
enum Code<'w> {
    /// Words of its own.
    Words(&'w [Word]),
    /// A file, which another command may feed.
    File(&'w Word),
    /// What it is fed.
    Input,
}

/// Where the shell of this name takes its code from, by its arguments.
fn code_of<'w>(name: &str, arguments: &'w [Word]) -> Option<Code<'w>> {
    match name {
        "eval" => return Some(Code::Words(arguments)),
        "source" | "." => return arguments.first().map(Code::File),
        _ if !SHELLS.contains(&name) => return None,
        _ => {}
    }
    let (mut at, mut has_code) = (0_usize, false);
    while let Some(word) = arguments.get(at) {
        let text = word.text.as_str();
        let is_cluster = text.len() > 1 && text.starts_with('-') && !text.starts_with("--");
        if text == "--" || text == "-" || !text.starts_with(['-', '+']) {
            break;
        }
        has_code |=
            text.eq_ignore_ascii_case("-command") || is_cluster && text.len() < 8 && text.contains('c');
        if is_cluster && !has_code && text.contains('s') {
            return Some(Code::Input);
        }
        let is_valued = matches!(text, "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file")
            || is_cluster && !has_code && text.ends_with('o');
        at = at.saturating_add(if is_valued { 2 } else { 1 });
    }
    if arguments.get(at).is_some_and(|word| matches!(word.text.as_str(), "--" | "-")) {
        at = at.saturating_add(1);
    }
    let rest = arguments.get(at..).unwrap_or_default();
    Some(match rest.first() {
        _ if has_code => Code::Words(rest.get(..1).unwrap_or_default()),
        Some(file) if !is_input(&file.text) => Code::File(file),
        _ => Code::Input,
    })
}

/// Whether a file is what a command is fed.
pub(super) fn is_input(path: &str) -> bool {
    matches!(path, "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
}

/// Whether code of a shell runs what the shell is fed.
pub(super) fn takes_up_input(code: &str) -> bool {
    let runs = |word: &str| SHELLS.contains(&word) || matches!(word, "eval" | "source" | "xargs" | "exec");
    any(code, &["$(cat", "`cat", "$(<", "/dev/stdin", "/dev/fd/0", "{}", "python", "perl", ". /"])
        || code.split(|one: char| !one.is_ascii_alphanumeric()).any(runs)
}

/// Whether the code that a command runs comes out of a decoder.
fn decodes_into(script: &Script, command: &Command) -> bool {
    let Some(at) = command.words.iter().position(|word| !is_wrapper(&program(&word.text))) else {
        return false;
    };
    let (wrappers, rest) = command.words.split_at(at);
    let Some((name, arguments)) = rest.split_first() else { return false };
    let Some(code) = code_of(&program(&name.text), arguments) else { return false };
    let decoded_in = |span: &Range<usize>| {
        let inside = |one: &&Command| span.start <= one.span.start && one.span.end <= span.end;
        script.commands.iter().filter(inside).any(decodes)
    };
    let filled_in = |word: &Word| word.expansions.iter().any(|one| decoded_in(&one.span));
    let is_fed = match code {
        Code::Words(words) => {
            if words.iter().any(filled_in) {
                return true;
            }
            words.is_empty() || words.iter().any(|word| takes_up_input(&word.text))
        }
        Code::File(file) => {
            let is_fed = |one: &&bartizan_pipeline::shell::Expansion| one.kind == ExpansionKind::Process;
            return file.expansions.iter().filter(is_fed).any(|one| decoded_in(&one.span))
                || is_input(&file.text) && is_fed_decoded(script, command);
        }
        // What `xargs` is fed are names of files.
        Code::Input => !wrappers.iter().any(|word| program(&word.text) == "xargs"),
    };
    let reads = |redirect: &bartizan_pipeline::shell::Redirect| {
        matches!(redirect.operator.as_str(), "<" | "<<<") && filled_in(&redirect.target)
    };
    is_fed && (is_fed_decoded(script, command) || command.redirects.iter().any(reads))
}

/// Whether what a command reads comes out of a decoder.
fn is_fed_decoded(script: &Script, command: &Command) -> bool {
    let mut at = command.pipe_from;
    for _ in 0..MOST {
        let Some(source) = at.and_then(|at| script.commands.get(at)) else { break };
        if decodes(source) {
            return true;
        }
        at = source.pipe_from;
    }
    false
}

/// Whether a quoted word is only printed, looked for or written down by its command, and runs nowhere.
fn is_only_said(script: &Script, index: usize, word: &Word) -> bool {
    let Some(command) = script.commands.get(index) else { return false };
    let mut words = command.words.iter().skip_while(|word| is_wrapper(&program(&word.text)));
    let Some(name) = words.next().map(|word| program(&word.text)) else { return false };
    let text = word.text.as_str();
    let says = match name.as_str() {
        "grep" | "egrep" | "fgrep" | "zgrep" => true,
        "rg" | "ag" | "ack" => !words.any(|word| word.text.starts_with("--pre") || word.text == "--pager"),
        // `e` of GNU's runs what stands behind it, or what comes of a substitution.
        "sed" => {
            let command = text.trim_start_matches(|one: char| one.is_ascii_digit() || "$, ".contains(one));
            let flags = text.rsplit(['/', '|', '#', ',']).next().unwrap_or_default();
            let runs = command.starts_with('e')
                || flags.len() < 6 && flags.contains('e')
                || any(text, &["/e ", ";e", "\n"]);
            !runs
        }
        "git" => {
            let verb = words.next().map(|word| word.text.as_str()).unwrap_or_default();
            matches!(verb, "commit" | "tag" | "log" | "grep" | "notes" | "merge")
        }
        "echo" | "printf" => command.inside.is_none() && !writes(command),
        _ => false,
    };
    // An apostrophe of prose stands in a word, and a part that commands fill in is run.
    let is_filled = word.expansions.iter().any(|one| !matches!(one.kind, ExpansionKind::Variable(_)));
    if !says
        || is_filled
        || script.unclosed.is_some()
        || text.starts_with("--") && !text.starts_with("--message=")
    {
        return false;
    }
    // What reads on in the pipe must not run it either.
    let mut at = index;
    for _ in 0..MOST {
        let Some((next, reader)) =
            script.commands.iter().enumerate().find(|(_, one)| one.pipe_from == Some(at))
        else {
            return true;
        };
        let name = reader.words.first().map(|word| program(&word.text)).unwrap_or_default();
        let is_quiet = matches!(
            name.as_str(),
            "grep"
                | "egrep"
                | "fgrep"
                | "wc"
                | "cat"
                | "head"
                | "tail"
                | "sort"
                | "uniq"
                | "less"
                | "more"
                | "fold"
                | "column"
                | "nl"
                | "cut"
                | "jq"
        );
        if !is_quiet || writes(reader) {
            return false;
        }
        at = next;
    }
    false
}

/// Whether what a command says goes into a file.
fn writes(command: &Command) -> bool {
    let is_file = |target: &str| target != "/dev/null" && target != "/dev/stderr";
    command.redirects.iter().any(|one| {
        !one.operator.starts_with('<') && one.operator != ">&" && is_file(one.target.text.as_str())
    })
}

/// A line without the quoted words that are only said, for who reads it without a shell's eyes.
pub(super) fn without_said(line: &str) -> Option<String> {
    let script = Script::read(line);
    let mut said: Vec<Range<usize>> = Vec::new();
    for (index, command) in script.commands.iter().enumerate().take(MOST) {
        let is_quoted = |word: &&Word| {
            let written = line.get(word.span.clone()).unwrap_or_default();
            word.quoted && written.strip_prefix("--message=").unwrap_or(written).starts_with(['"', '\''])
        };
        let words = command.words.iter().filter(is_quoted).take(ARGUMENTS);
        said.extend(words.filter(|word| is_only_said(&script, index, word)).map(|word| word.span.clone()));
    }
    said.sort_by_key(|span| span.start);
    let (mut out, mut at) = (String::new(), 0);
    for span in &said {
        out.push_str(line.get(at..span.start).unwrap_or_default());
        out.push_str("''");
        at = at.max(span.end);
    }
    out.push_str(line.get(at..).unwrap_or_default());
    (!said.is_empty()).then_some(out)
}

/// A word as the command gets it: variables that are known, braces that list, echoed texts; one that is filled in may be several.
fn expanded(
    word: &Word,
    index: usize,
    script: &Script,
    variables: &Variables,
    left: &mut usize,
) -> Vec<String> {
    let text = unescaped(&word.text);
    if let Some(listed) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && !word.quoted
        && listed.contains(',')
    {
        return listed.split(',').take(ARGUMENTS).map(str::to_owned).collect();
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    for expansion in &word.expansions {
        if out.len() >= LONGEST || *left == 0 {
            break;
        }
        // What is looked through for a value.
        *left = left.saturating_sub(script.commands.len());
        let (mark, value) = match &expansion.kind {
            ExpansionKind::Variable(name) => {
                let local = script.assigned(name, index).filter(|value| value.is_literal());
                let value = match name.as_str() {
                    "IFS" => Some(" "),
                    "@" | "*" | "-" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Some(""),
                    _ => local.map(|value| value.text.as_str()).or(variables.value(name)),
                };
                let value = value.filter(|value| value.len() <= LONGEST_VALUE).map(str::to_owned);
                (format!("${name}"), value)
            }
            ExpansionKind::Commands => {
                let stands_in = |one: &&Command| {
                    one.inside == Some(index)
                        && expansion.span.start <= one.span.start
                        && one.span.end <= expansion.span.end
                };
                ("$(…)".to_owned(), script.commands.iter().find(stands_in).and_then(said))
            }
            ExpansionKind::Process => ("$(…)".to_owned(), None),
            ExpansionKind::Template(_) => continue,
        };
        let Some((head, tail)) = rest.split_once(mark.as_str()) else { continue };
        let value = value.unwrap_or(mark);
        *left = left.saturating_sub(head.len().saturating_add(value.len()));
        out.push_str(head);
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    out.truncate(out.floor_char_boundary(LONGEST));
    if word.quoted || word.expansions.is_empty() {
        return vec![out];
    }
    out.split_whitespace().map(str::to_owned).collect()
}

/// What a command prints that only repeats what it is given.
fn said(command: &Command) -> Option<String> {
    let (name, words) = command.words.split_first()?;
    let prints = matches!(name.text.as_str(), "echo" | "printf");
    let said: Vec<String> =
        words.iter().filter(|word| !word.text.starts_with('-')).map(|word| unescaped(&word.text)).collect();
    let all = said.join(" ");
    (prints && all.len() <= LONGEST_VALUE && words.iter().all(Word::is_literal)).then_some(all)
}

/// A text with the numbers of characters read that `$'…'` and `printf` know.
fn unescaped(text: &str) -> String {
    if !["\\x", "\\0", "\\1"].iter().any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    let text = text.strip_prefix('$').unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let (digits, radix) =
            if tail.starts_with("\\x") { (tail.get(2..4), 16) } else { (tail.get(1..4), 8) };
        let code = digits.and_then(|digits| u8::from_str_radix(digits, radix).ok()).filter(u8::is_ascii);
        out.push(code.map_or('\\', char::from));
        rest = tail.get(if code.is_some() { 4 } else { 1 }..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The name of a program without its folder, in small letters.
fn program(word: &str) -> String {
    word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether a word stands before the program that a command runs in the end.
fn is_wrapper(name: &str) -> bool {
    const WRAPPERS: [&str; 11] =
        ["sudo", "doas", "env", "nohup", "nice", "time", "exec", "command", "timeout", "xargs", "busybox"];
    name.starts_with('-')
        || name.contains('=')
        || WRAPPERS.contains(&name)
        || name.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::line::{Grade, danger};
    use super::*;

    fn labels(lines: &str) -> Vec<(&'static str, Grade)> {
        let mut variables = Variables::default();
        let found = lines.lines().filter_map(|line| danger(line, &mut variables));
        found.map(|one| (one.label, one.grade)).collect()
    }

    #[test]
    fn what_a_shell_would_run_is_judged_however_it_is_written() {
        for lines in [
            "X=rm; $X -rf /",
            "X=rm\nY=/\n$X -rf \"$Y\"",
            "export DIR=/\nrm -rf ${DIR}",
            "rm${IFS}-rf${IFS}/",
            "rm$IFS$9-rf$IFS$9/",
            "{rm,-rf,/}",
            "r''m -rf /",
            "$(echo rm) -rf /",
            "`echo rm` -rf /",
            "$'\\x72\\x6d' -rf /",
            "sh -c 'rm -rf /'",
            "bash -c \"sh -c 'rm -rf ~'\"",
            "eval rm -rf /",
            "ssh host 'rm -rf /etc'",
            "find / -type f | xargs rm -rf",
            "ls / | sudo xargs -I{} rm -rf {}",
            "echo / | xargs rm -rf",
            "find / -exec rm -rf {} +",
            "cd / && rm -rf *",
            "cd ~\nrm -rf ./*",
            "mv /home /dev/null",
            "Remove-Item -Rec -Force C:\\*",
            "ri -r -fo $env:USERPROFILE",
        ] {
            assert_eq!(labels(lines), [("destroys-files", Grade::Grave)], "{lines}");
        }
        for (line, label) in [
            ("sh -c \"$(echo cm0= | base64 -d)\"", "hidden-code"),
            ("eval \"$(base64 --decode <<< cm0=)\"", "hidden-code"),
            ("echo cm0= | base64 -d | sudo bash", "hidden-code"),
            ("echo ZWNobw== | tr a a | base64 -di | sh", "hidden-code"),
            ("rev <<< '/ fr- mr' | sh", "hidden-code"),
            ("iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('cm0=')))", "hidden-code"),
            ("pwsh -EncodedCommand cgBtAA==", "hidden-code"),
            ("Clear-Disk -Number 0 -RemoveData", "destroys-disk"),
            ("cat image.iso | sudo dd of=/dev/nvme0n1", "destroys-disk"),
            ("sgdisk --zap-all /dev/sda", "destroys-disk"),
            ("kubectl delete ns --all", "destroys-cluster"),
            ("kubectl delete all --all -A", "destroys-cluster"),
            ("wbadmin delete catalog -quiet", "destroys-backups"),
            ("kill -9 -1", "stops-everything"),
        ] {
            assert_eq!(labels(line), [(label, Grade::Grave)], "{line}");
        }
    }

    #[test]
    fn what_is_named_and_not_asked_about_is_serious() {
        for (line, label) in [
            ("git push --force origin main", "destroys-history"),
            ("git push -f origin HEAD:master", "destroys-history"),
            ("git push origin +main", "destroys-history"),
            ("git push origin :main", "destroys-history"),
            ("gh repo delete acme/app --yes", "destroys-history"),
            ("aws s3 rb s3://backups --force", "destroys-data"),
            ("aws s3 rm s3://backups --recursive", "destroys-data"),
            (
                "aws rds delete-db-instance --db-instance-identifier prod --skip-final-snapshot",
                "destroys-data",
            ),
            ("gsutil -m rm -r gs://backups", "destroys-data"),
            ("gcloud projects delete prod --quiet", "destroys-data"),
            ("az group delete --name prod --yes", "destroys-data"),
            ("redis-cli -h prod FLUSHALL", "destroys-data"),
            ("dropdb production", "destroys-data"),
            ("kubectl delete ns prod", "destroys-cluster"),
            ("kubectl -n prod delete deployments --all", "destroys-cluster"),
            ("terraform destroy -auto-approve", "destroys-cluster"),
            ("terraform apply -destroy --auto-approve", "destroys-cluster"),
            ("pulumi destroy --yes", "destroys-cluster"),
            ("docker system prune -af --volumes", "destroys-data"),
            ("find /srv/app -delete", "destroys-files"),
            ("find /srv/app -type f | xargs rm -f", "destroys-files"),
            ("TARGET=/srv/app\nrm -rf \"$TARGET\"", "destroys-files"),
            ("rm -rf *", "destroys-files"),
        ] {
            assert_eq!(labels(line), [(label, Grade::Serious)], "{line}");
        }
    }

    #[test]
    fn what_developers_do_every_day_is_none() {
        for line in [
            "cd build && rm -rf CMakeFiles",
            "BUILD=build\nrm -rf \"$BUILD\"",
            "find . -name '*.pyc' -delete",
            "find . -name node_modules -type d | xargs rm -rf",
            "find /var/log -name '*.gz' -mtime +30 -delete",
            "git ls-files --deleted | xargs git rm",
            "git push origin main",
            "git push --force-with-lease origin main",
            "git push --force origin feature/login",
            "git push --delete origin old-branch",
            "aws s3 rm s3://bucket/key.txt",
            "aws s3 sync . s3://bucket --delete",
            "aws s3api delete-object --bucket b --key k",
            "aws s3 ls | xargs echo",
            "kubectl delete pod web-1",
            "kubectl delete -f deployment.yaml",
            "kubectl rollout restart deployment/web -n prod",
            "terraform destroy",
            "terraform apply -auto-approve",
            "docker system prune",
            "docker run --rm -it -v $PWD:/work python:3.12 bash",
            "kill -9 4711",
            "kill -1 4711",
            "echo hello | base64 -d",
            "cat data.b64 | base64 -d > image.png",
            "zcat access.log.gz | grep 404",
            "sh -c 'echo done'",
            "X=rm; echo $X -rf",
            "for f in *.txt; do mv \"$f\" old/; done",
            "rm -rf ./dist ./node_modules && npm ci",
            "Remove-Item -Recurse -Force .\\bin",
            "dd if=/dev/zero of=test.img bs=1M count=10",
            "az group list --query '[].name'",
            "redis-cli ping",
        ] {
            assert_eq!(labels(line), [], "{line}");
        }
    }

    #[test]
    fn what_only_names_or_narrows_a_danger_is_not_grave() {
        for line in [
            "find /var -name '*.log' -mtime +30 -delete",
            "find ~ -name '.DS_Store' -delete",
            "find / -name '*.pyc' -exec rm {} \\;",
            "find $HOME -name node_modules -prune -exec rm -rf {} +",
            "find / -name core -type f | xargs rm -f",
            "bash deploy.sh --token $(kubectl get secret foo -o jsonpath='{.data.t}' | base64 -d)",
            "bash -c 'echo hi' $(echo aGk= | base64 -d)",
            "echo aGk= | base64 -d | sh -c 'cat > f'",
            "ls *.sh | rev | cut -c4- | rev | xargs -n1 bash",
            "Use the date format d: day",
            "In YAML the format k: v is used",
            "def format e: Event",
            "<div format a: b>",
            "grep -rn 'rm -rf /' scripts/",
            "history | grep 'rm -rf /'",
            "git commit -m 'Fix rm -rf / in cleanup'",
            "echo 'Never run rm -rf / as root'",
            "nvme format --help",
            "cryptsetup luksFormat /dev/loop0",
            "rm -rf /mnt/*",
            "chown -R www-data:www-data /srv",
            "cd /opt && rm -rf ..",
        ] {
            assert!(labels(line).iter().all(|(_, grade)| *grade == Grade::Serious), "{line}");
        }
    }

    #[test]
    fn what_looks_narrowed_or_said_and_is_not_stays_grave() {
        for line in [
            "find / -type f -delete",
            "find / ! -name keep -delete",
            "find / -delete -name x",
            "echo 'rm -rf /' | sh",
            "sudo bash -c 'rm -rf /'",
            "format c: /q",
            "bash <(echo cm0= | base64 -d)",
            "echo cm0= | base64 -d | bash -s -- x.sh",
        ] {
            assert!(labels(line).iter().any(|(_, grade)| *grade == Grade::Grave), "{line}");
        }
    }

    #[test]
    fn variables_do_not_make_a_line_grow() {
        let lines = format!("A={}\nrm {}", "a".repeat(LONGEST_VALUE), "$A".repeat(2_000));
        assert_eq!(labels(&lines), []);
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(
            lines in "([A-Z]=|\\$[A-Z]|\\$\\(|`|rm |-rf |/|\\||xargs |'|\"|\\{|\\}|,|\\\\x|cd |\n|\\PC){0,40}",
        ) {
            labels(&lines);
        }
    }
}
