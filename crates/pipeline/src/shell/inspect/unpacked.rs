//! Archives that are downloaded, unpacked and then run or built from, without a check between.

use super::downloads::{is_check, is_download, written};
use crate::Issue;
use crate::rules::UNVERIFIED_DOWNLOAD;
use crate::shell::{Command, Invocation, Script};
use bartizan_core::{Confidence, Severity};

/// Adds the archives of `script` out of which it runs a program. Each command is looked at once for each of the first archives.
pub(super) fn run(script: &Script, issues: &mut Vec<Issue>) {
    let invocations: Vec<(usize, Invocation<'_>)> = script
        .commands
        .iter()
        .enumerate()
        .filter_map(|(index, command)| Some((index, Invocation::of(command)?)))
        .collect();
    if invocations.iter().any(|(_, one)| is_check(one)) {
        return;
    }
    let downloads = invocations.iter().enumerate().filter(|(_, (_, one))| is_download(one)).take(MOST);
    for (place, (index, download)) in downloads {
        let later = invocations.get(place.saturating_add(1)..).unwrap_or_default();
        let later = later.get(..later.len().min(LATER)).unwrap_or(later);
        let piped = later.iter().position(|(next, one)| {
            unpacks(one)
                && script.commands.get(*next).is_some_and(|command| command.pipe_from == Some(*index))
        });
        let unpacked = piped.or_else(|| {
            let file = written(download).filter(|file| is_archive(file))?;
            later.iter().position(|(_, one)| {
                unpacks(one) && one.arguments.iter().any(|argument| names(argument.text, &file))
            })
        });
        let Some(unpacked) = unpacked else { continue };
        let after = later.get(unpacked.saturating_add(1)..).unwrap_or_default();
        let folders = folders(download, later.get(unpacked).map(|(_, one)| one));
        let mut entered = false;
        let runs = after.iter().find(|(next, one)| {
            entered |= matches!(one.program.as_str(), "cd" | "pushd");
            script.commands.get(*next).is_some_and(|command| runs_inside(command, one, entered, &folders))
        });
        if let Some((_, program)) = runs {
            let message = format!(
                "what is downloaded here is unpacked and run (`{}`) without a check",
                program.program
            );
            // A version in the address is one that somebody chose.
            let versioned = download.arguments.iter().any(|argument| {
                argument.text.contains("://") && (has_version(argument.text) || argument.text.contains('$'))
            });
            let severity = if versioned { Severity::Low } else { Severity::Medium };
            let issue = Issue::new(&UNVERIFIED_DOWNLOAD, download.span(), message).severity(severity);
            issues.push(issue.confidence(Confidence::Medium));
        }
    }
}

fn names(text: &str, file: &str) -> bool {
    text.rsplit('/').next().unwrap_or(text) == file
}

fn is_archive(file: &str) -> bool {
    [".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst", ".zip", ".7z"].iter().any(|end| file.ends_with(end))
}

fn unpacks(invocation: &Invocation<'_>) -> bool {
    match invocation.program.as_str() {
        "tar" | "bsdtar" => {
            let first = invocation.arguments.first().map_or("", |argument| argument.text);
            first.contains('x') && !first.starts_with("--")
                || invocation.option(&["--extract", "--get", "-x"]).is_some()
        }
        "unzip" | "7z" | "7za" | "expand-archive" => true,
        _ => false,
    }
}

/// The folders that an archive becomes: one of its own name, and the one that it is unpacked into.
fn folders(download: &Invocation<'_>, unpacking: Option<&Invocation<'_>>) -> Vec<String> {
    let address = download.arguments.iter().map(|argument| argument.text).find(|text| text.contains("://"));
    let of_address =
        address.and_then(|text| text.split(['?', '#']).next()?.rsplit('/').next()).map(str::to_owned);
    let archives = written(download).into_iter().chain(of_address);
    let mut folders: Vec<String> = archives
        .filter_map(|file| file.split('.').next().map(str::to_owned))
        .filter(|stem| !stem.is_empty())
        .collect();
    let into = unpacking.and_then(|one| one.value(&["-C", "--directory", "-d", "-DestinationPath"]));
    folders.extend(
        into.and_then(|(folder, _)| folder.trim_end_matches('/').rsplit('/').next()).map(str::to_owned),
    );
    folders
}

/// Whether the command runs a program of one of `folders`, or, once a folder is `entered`, one that lies there, or builds what does.
fn runs_inside(command: &Command, invocation: &Invocation<'_>, entered: bool, folders: &[String]) -> bool {
    let relative = |text: &str| {
        let path = text.trim_start_matches("./");
        let inside = path.split_once('/').is_some_and(|(_, rest)| !rest.is_empty())
            && path.split('/').any(|part| folders.iter().any(|folder| part.starts_with(folder.as_str())));
        let here =
            entered && (text.starts_with("./") || path.contains('/') && !path.starts_with(['/', '-', '$']));
        (inside || here) && !text.contains("://")
    };
    let first =
        command.words.iter().map(|word| word.text.as_str()).find(|text| *text != "sudo").unwrap_or_default();
    if relative(first) {
        return true;
    }
    match invocation.program.as_str() {
        "sh" | "bash" | "zsh" | "dash" | "source" | "." => invocation
            .arguments
            .iter()
            .find(|argument| !argument.is_option())
            .is_some_and(|script| relative(script.text)),
        "make" => entered && (invocation.arguments.is_empty() || invocation.does(&["install"])),
        "pip" if invocation.does(&["install"]) => invocation.arguments.iter().any(|argument| {
            let folder = argument.text.trim_start_matches("./");
            entered && argument.text == "." || folders.iter().any(|known| folder == known)
        }),
        program if program.starts_with("python") => invocation
            .arguments
            .iter()
            .any(|argument| argument.text == "setup.py" && entered || relative(argument.text)),
        _ => false,
    }
}

/// Whether an address names a version: two numbers with a point between, or a commit.
fn has_version(address: &str) -> bool {
    let path = address
        .split_once("://")
        .map_or(address, |(_, rest)| rest)
        .split_once('/')
        .map_or("", |(_, path)| path);
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let numbered = path
        .as_bytes()
        .windows(3)
        .any(|three| digit(three.first()) && three.get(1) == Some(&b'.') && digit(three.get(2)));
    numbered
        || path
            .split(['/', '-', '.'])
            .any(|part| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Most archives followed.
const MOST: usize = 16;
/// Most commands looked at after one.
const LATER: usize = 64;

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};
    use bartizan_core::Severity::{self, Low, Medium};

    fn graded(text: &str) -> Vec<Severity> {
        let issues = script(text, Setting::Other).into_iter();
        issues
            .filter(|issue| issue.rule.id == "pipeline/unverified-download")
            .map(|issue| issue.severity)
            .collect()
    }

    #[test]
    fn what_is_unpacked_and_run_is_found() {
        for text in [
            "wget https://x.example/tool.tgz && tar xzf tool.tgz && ./tool/install.sh",
            "curl -sL https://x.example/tool.tar.gz | tar -xz\ncd tool\n./configure && make && make install",
            "curl -fLO https://x.example/t.zip\nunzip t.zip\nsudo bash t/setup.sh",
            "curl -o a.tar https://x.example/a.tar\ntar -xf a.tar\npip install ./a",
        ] {
            assert_eq!(graded(text), [Medium], "{text}");
        }
        let versioned = "curl -L https://x.example/v1.2/t.tar.gz | tar xz && cd t && make install";
        assert_eq!(graded(versioned), [Low]);
    }

    #[test]
    fn what_is_checked_or_only_unpacked_is_none() {
        for text in [
            "wget https://x.example/t.tgz\necho 'aa  t.tgz' | sha256sum -c\ntar xzf t.tgz && ./t/install.sh",
            "wget https://x.example/data.tgz && tar xzf data.tgz\npython train.py",
            "tar xzf own.tgz && ./own/install.sh",
            "wget https://x.example/data.tgz && tar czf out.tgz data && ./run.sh",
            "curl https://x.example/list.json -o list.json\n./run.sh",
            "wget https://x.example/data.tgz && tar xzf data.tgz\n./run.sh data",
            "curl -L https://x.example/data.tgz | tar xz -C input && make train",
        ] {
            assert_eq!(graded(text), [], "{text}");
        }
    }
}
