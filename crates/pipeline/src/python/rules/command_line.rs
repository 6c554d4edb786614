//! Credentials among the arguments of a program that is started: every account of the machine can read them.

use super::secret::{asks_for_credential, stands_in};
use crate::python::module::Module;
use crate::python::value::HOLE;
use bartizan_core::{Confidence, Finding, Rule, Severity, cwe, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// A password, key or token among the arguments of a program that Python starts: an option that is called as one
    /// (`--redis-password=…`, `--api-key …`), a header that authorises, a variable of a container that is given with its value, and the short options for a
    /// password of `mysql`, `redis-cli`, `sshpass`, `docker login` and `curl`.
    /// ## Why it matters
    /// Arguments stand in the list of processes, which every account and every agent of the machine reads, and in logs of what was run.
    /// ## Example
    /// `subprocess.run(["ray", "start", "--head", f"--redis-password={password}"])`
    /// ## How to fix
    /// Hand it over in the environment (`env=`), in a file that only this account reads, or on standard input (`--password-stdin`).
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/214.html>
    pub const SECRET_ON_COMMAND_LINE: Rule = Rule {
        id: "pipeline/secret-on-command-line",
        title: "a credential among the arguments of a program",
        severity: Severity::Medium,
        remedy: "Hand it over in the environment, in a file, or on standard input.",
        taxonomies: &[cwe(214), cwe(522)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&SECRET_ON_COMMAND_LINE];

/// Judges a command that is given as a list of words.
pub(in crate::python) fn judge_words(words: &[String], span: &Range<usize>, module: &mut Module) {
    let Some(what) = words.iter().take(MOST_WORDS).enumerate().find_map(|(at, _)| given(words, at)) else {
        return;
    };
    let finding = Finding::new(
        &SECRET_ON_COMMAND_LINE,
        format!("{} is given among the arguments of a program", bartizan_core::printable(&what, 80)),
    );
    module.report(span, finding.confidence(Confidence::Medium));
}

/// What credential the word numbered `at` gives, by itself or with the next.
fn given(words: &[String], at: usize) -> Option<String> {
    let word = words.get(at)?;
    let next = words.get(at.saturating_add(1)).map_or("", String::as_str);
    if let Some(option) = word.strip_prefix("--") {
        let (name, value) = option.split_once('=').unwrap_or((option, next));
        let named = asks_for_credential(&name.replace('-', "_")).is_some() || name == "requirepass";
        return (named && !name.is_empty() && is_value(value)).then(|| format!("`--{name}`"));
    }
    let begins = |value: &str, start: &str| {
        value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let program = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    let among = |programs: &[&str]| programs.contains(&program);
    let short = match word.as_str() {
        // A variable that is given with its value.
        "-e" if among(&["docker", "podman", "nerdctl"]) => {
            let (name, value) = next.split_once('=')?;
            return (asks_for_credential(name).is_some() && is_value(value)).then(|| format!("`{name}`"));
        }
        "-H" if among(&["curl", "http", "https"]) => {
            let authorises = ["authorization:", "x-api-key:", "api-key:", "private-token:"];
            let value = authorises
                .iter()
                .find(|start| begins(next, start))
                .and_then(|start| next.get(start.len()..))?;
            let value = value
                .trim()
                .trim_start_matches("Bearer ")
                .trim_start_matches("Basic ")
                .trim_start_matches("token ");
            return is_value(value).then(|| "a header that authorises".to_owned());
        }
        "-u" if among(&["curl"]) => {
            let (_, password) = next.split_once(':')?;
            return is_value(password).then(|| "a password".to_owned());
        }
        "-a" => among(&["redis-cli"]),
        "-p" => {
            among(&["sshpass"])
                || among(&["docker", "podman", "helm"]) && words.iter().any(|word| word == "login")
        }
        _ => {
            let attached = word
                .strip_prefix("-p")
                .filter(|_| among(&["mysql", "mysqldump", "mariadb", "mysqladmin", "sshpass"]));
            return attached.filter(|value| is_value(value)).map(|_| "a password".to_owned());
        }
    };
    (short && is_value(next)).then(|| "a password".to_owned())
}

/// Whether a word is a value, and not another option, a place to fill in or a path.
fn is_value(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    if word.contains(HOLE) {
        return true;
    }
    !word.is_empty() && !word.starts_with(['-', '/', '$', '@']) && word.len() >= SHORTEST && !stands_in(word)
}

/// The words of a command, as far as [`LONGEST`], without its quotes.
pub(in crate::python) fn split(text: &str) -> Vec<String> {
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    let mut words = Vec::new();
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    for each in text.chars() {
        match quote {
            Some(open) if each == open => quote = None,
            None if matches!(each, '"' | '\'') => (quote, begun) = (Some(each), true),
            None if each.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                word.push(each);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Longest command looked at, in bytes.
const LONGEST: usize = 32 << 10;
/// Most words looked at.
const MOST_WORDS: usize = 512;
/// Shortest credential that is written down, in bytes.
const SHORTEST: usize = 6;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::Medium;

    fn graded(code: &str) -> Vec<bartizan_core::Severity> {
        severities(&format!("import os, subprocess\n{code}"), "pipeline/secret-on-command-line")
    }

    #[test]
    fn credentials_among_arguments_are_found_however_the_program_is_started() {
        for code in [
            "subprocess.run(['ray', 'start', '--head', f'--redis-password={password}'])",
            "subprocess.run(['ray', 'start', '--head', '--redis-password=' + os.environ['P']])",
            "subprocess.Popen(['serve', '--api-key', key])",
            "subprocess.check_call(['redis-cli', '-a', os.environ['REDIS'], 'ping'])",
            "subprocess.run(['mysql', '-u', 'ml', f'-p{pw}', 'db'])",
            "subprocess.run(['docker', 'run', '-e', f'HF_TOKEN={token}', 'a@sha256:aa'])",
            "subprocess.run(['curl', '-H', f'Authorization: Bearer {token}', 'https://x.example'])",
            "os.system(f\"curl -H 'Authorization: Bearer {token}' https://x.example\")",
            "subprocess.run(f'sshpass -p {pw} ssh host', shell=True)",
            "subprocess.run(['docker', 'login', '-u', 'ml', '-p', pw])",
            "os.system('serve --password kT7vRz2Lm')",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
    }

    #[test]
    fn tokens_of_texts_files_names_and_the_environment_are_none() {
        for code in [
            "subprocess.run(['ray', 'start', '--head'], env={'REDIS_PASSWORD': pw})",
            "subprocess.run(['docker', 'login', '-u', 'ml', '--password-stdin'], input=pw)",
            "subprocess.run(['train', '--max-tokens', str(n), '--tokenizer', t, '--eos-token', e])",
            "subprocess.run(['serve', '--password-file', path])",
            "subprocess.run(['docker', 'run', '-e', 'HF_TOKEN', 'a@sha256:aa'])",
            "subprocess.run(['docker', 'run', '-p', f'{port}:80', '-e', f'MODEL={m}', 'a@sha256:aa'])",
            "subprocess.run(['mkdir', '-p', path])",
            "subprocess.run(['serve', '--api-key', '--verbose'])",
            "subprocess.run(['serve', '--api-key', '<key>'])",
            "os.system('serve --password $PASSWORD')",
            "subprocess.run(['curl', '-H', 'Content-Type: application/json', url])",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
