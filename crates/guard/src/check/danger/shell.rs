//! A line as a shell runs it: variables filled in, quotes and braces taken apart, what one command feeds to another.
//!
//! Source: POSIX.1-2024 XCU 2 (Shell Command Language); the tree is that of [`bartizan_pipeline::shell`].

use super::command::ARGUMENTS;
use super::destructive::{is_here, is_root, named};
use super::line::{Danger, grave, serious};
use bartizan_pipeline::shell::{Command, ExpansionKind, Script, Word};

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
/// What a search looks for besides a place.
const FILTERS: [&str; 8] = ["-name", "-iname", "-mtime", "-size", "-regex", "-path", "-newer", "-empty"];

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
    read(line, variables, 0)
}

fn read(text: &str, variables: &mut Variables, depth: usize) -> Option<Danger> {
    let script = Script::read(text);
    let mut worst: Option<Danger> = None;
    for (index, command) in script.commands.iter().enumerate().take(MOST) {
        let words: Vec<String> = command
            .words
            .iter()
            .take(ARGUMENTS)
            .flat_map(|word| expanded(word, index, &script, variables))
            .collect();
        let found = judged(&script, index, &words, variables, depth);
        worst = worst.into_iter().chain(found).max_by_key(|one| one.grade);
        for one in &command.assignments {
            let value = expanded(&one.value, index, &script, variables).join(" ");
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
    depth: usize,
) -> Option<Danger> {
    let command = script.commands.get(index)?;
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut found: Vec<Danger> = Vec::new();
    let in_root = variables.value(FOLDER).is_some_and(is_root);
    for (at, word) in plain.iter().enumerate() {
        let arguments = plain.get(at.saturating_add(1)..).unwrap_or_default();
        let name = program(word);
        found.extend(named(&name, arguments));
        if name == "rm" && in_root && arguments.iter().any(|one| is_here(one)) {
            let moved: Vec<&str> =
                arguments.iter().map(|one| if is_here(one) { "/" } else { *one }).collect();
            found.extend(named(&name, &moved));
        }
        if matches!(name.as_str(), "xargs" | "parallel") {
            found.extend(fed(script, index, arguments, variables));
        }
    }
    let runs = plain.iter().map(|word| program(word)).find(|name| !is_wrapper(name)).unwrap_or_default();
    let is_shell = SHELLS.contains(&runs.as_str()) || matches!(runs.as_str(), "eval" | "source" | ".");
    if is_shell && decodes_into(script, index, command) {
        found.extend(grave("hidden-code"));
    }
    if depth < DEEPEST {
        // What is quoted may be a command for whoever gets it.
        for word in command.words.iter().filter(|word| word.quoted && word.text.contains([' ', '\t'])) {
            found.extend(read(&word.text, &mut variables.clone(), depth.saturating_add(1)));
        }
    }
    found.into_iter().max_by_key(|one| one.grade)
}

/// What `xargs` and the like run with what is fed to them: only places are looked at.
fn fed(script: &Script, index: usize, arguments: &[&str], variables: &Variables) -> Option<Danger> {
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
        let words: Vec<String> =
            source.words.iter().flat_map(|word| expanded(word, number, script, variables)).collect();
        let lists = words.first().is_some_and(|name| {
            matches!(program(name).as_str(), "find" | "ls" | "echo" | "printf" | "fd" | "dir")
        });
        let places = || words.iter().skip(1).filter(|_| lists);
        if places().any(|place| is_root(place)) {
            return grave("destroys-files");
        }
        let filters = words.iter().any(|one| FILTERS.contains(&one.as_str()));
        let is_far = |place: &String| place.starts_with(['/', '~', '$']) && !place.starts_with("/tmp");
        if !filters && places().any(is_far) {
            worst = serious("destroys-files");
        }
        at = source.pipe_from;
    }
    worst
}

/// Whether what a command reads or is given comes out of a decoder.
fn decodes_into(script: &Script, index: usize, command: &Command) -> bool {
    let decodes = |one: &Command| {
        let mut words = one.words.iter().map(|word| word.text.as_str());
        let Some(name) = words.find(|word| !is_wrapper(&program(word))).map(program) else { return false };
        let always = matches!(name.as_str(), "gunzip" | "zcat" | "rev" | "uudecode");
        DECODERS.contains(&name.as_str()) && (always || words.any(|word| DECODING.contains(&word)))
    };
    let mut at = command.pipe_from;
    for _ in 0..MOST {
        let Some(source) = at.and_then(|at| script.commands.get(at)) else { break };
        if decodes(source) {
            return true;
        }
        at = source.pipe_from;
    }
    script.commands.iter().any(|one| one.inside == Some(index) && decodes(one))
}

/// A word as the command gets it: variables that are known, braces that list, echoed texts; one that is filled in may be several.
fn expanded(word: &Word, index: usize, script: &Script, variables: &Variables) -> Vec<String> {
    let mut text = unescaped(&word.text);
    if let Some(listed) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && !word.quoted
        && listed.contains(',')
    {
        return listed.split(',').take(ARGUMENTS).map(str::to_owned).collect();
    }
    for expansion in &word.expansions {
        match &expansion.kind {
            ExpansionKind::Variable(name) => {
                let local = script.assigned(name, index).filter(|value| value.is_literal());
                let value = match name.as_str() {
                    "IFS" => Some(" "),
                    "@" | "*" | "-" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Some(""),
                    _ => local.map(|value| value.text.as_str()).or(variables.value(name)),
                };
                if let Some(value) = value.filter(|value| value.len() <= LONGEST_VALUE) {
                    text = text.replacen(&format!("${name}"), value, 1);
                }
            }
            ExpansionKind::Commands => {
                let stands_in = |one: &&Command| {
                    one.inside == Some(index)
                        && expansion.span.start <= one.span.start
                        && one.span.end <= expansion.span.end
                };
                if let Some(said) = script.commands.iter().find(stands_in).and_then(said) {
                    text = text.replacen("$(…)", &said, 1);
                }
            }
            ExpansionKind::Process | ExpansionKind::Template(_) => {}
        }
    }
    if word.quoted || word.expansions.is_empty() {
        return vec![text];
    }
    text.split_whitespace().map(str::to_owned).collect()
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

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(
            lines in "([A-Z]=|\\$[A-Z]|\\$\\(|`|rm |-rf |/|\\||xargs |'|\"|\\{|\\}|,|\\\\x|cd |\n|\\PC){0,40}",
        ) {
            labels(&lines);
        }
    }
}
