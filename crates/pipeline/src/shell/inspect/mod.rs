//! What commands do that they should not: [`script`] judges a whole script, wherever it stands.

mod agents;
mod answers;
mod credentials;
mod digests;
mod downloads;
mod evaluated;
mod hooks;
mod images;
mod models;
mod packages;
mod publishing;
mod runners;
mod services;
mod shown;
mod unpacked;

pub(crate) use agents::{agent, free_hand};
pub(crate) use answers::Kept;
pub(crate) use downloads::KEPT;
pub(crate) use models::{address_moves, is_repository, model_uri_moves, moves};
pub(crate) use publishing::{Publication, is_change, is_promotion, publishes, verifies};
pub(crate) use services::{hands_out, unpickles};
pub(crate) use shown::logged;

use super::{Command, ExpansionKind, Invocation, Script};
use crate::rules::SECRET;
use crate::{Issue, variable};
use std::ops::Range;

/// Where a script stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// In a pipeline: what it prints is kept in a log.
    Pipeline,
    /// In the build of an image.
    Image,
    /// In a manifest or a plain script.
    Other,
}

/// What the script `text` does that it should not; spans are those of `text`. Linear but for the variables it looks up.
pub fn script(text: &str, setting: Setting) -> Vec<Issue> {
    script_given(text, setting, &[])
}

/// The same of a script in which variables hold these texts, by name, before it begins.
pub(crate) fn script_given(text: &str, setting: Setting, given: &[(String, String)]) -> Vec<Issue> {
    let mut issues = Vec::new();
    judge(text, 0, setting, NESTED, given, &mut issues);
    python(text, 0, NESTED, &mut issues);
    issues
}

/// The same without the Python that it hands to an interpreter: for commands that stand in Python themselves, so that the two
/// languages are not followed into each other without end.
pub(crate) fn commands_alone(text: &str, setting: Setting) -> Vec<Issue> {
    let mut issues = Vec::new();
    judge(text, 0, setting, NESTED, &[], &mut issues);
    issues
}

/// The same of an argument list, such as a container's `command` and `args`, whose words are `words`.
pub(crate) fn words(words: &[super::Word], setting: Setting) -> Vec<Issue> {
    let mut issues = Vec::new();
    let script = Script {
        commands: vec![Command {
            assignments: Vec::new(),
            words: words.to_vec(),
            redirects: Vec::new(),
            pipe_from: None,
            inside: None,
            span: words.first().map_or(0, |word| word.span.start)
                ..words.last().map_or(0, |word| word.span.end),
        }],
        ..Script::default()
    };
    commands(&script, setting, &mut issues);
    for command in &script.commands {
        let Some(code) = Invocation::of(command).and_then(|invocation| given_python(&invocation)) else {
            continue;
        };
        for issue in crate::python::embedded::issues(&code.text) {
            // The text has no escapes of its own here: the caller's spans are those of whole words.
            add_python(Issue { span: code.span.clone(), ..issue }, &mut issues);
        }
    }
    issues
}

/// How deep scripts in the words of scripts (`bash -c '…'`) are followed.
const NESTED: u32 = 3;

fn judge(
    text: &str,
    base: usize,
    setting: Setting,
    depth: u32,
    given: &[(String, String)],
    issues: &mut Vec<Issue>,
) {
    let mut script = Script::read(text);
    script.given = given
        .iter()
        .map(|(name, value)| super::Assignment {
            name: name.clone(),
            value: super::Word { text: value.clone(), ..super::Word::default() },
        })
        .collect();
    let first = issues.len();
    commands(&script, setting, issues);
    downloads::used_unchecked(&script, setting, issues);
    digests::only_told(text, &script, issues);
    answers::run(text, &script, issues);
    unpacked::run(&script, issues);
    if setting == Setting::Pipeline {
        evaluated::handed_on(&script, issues);
    }
    // A script inside another is given what that one says.
    if depth == NESTED {
        evaluated::arguments(&script, issues);
    }
    for issue in issues.iter_mut().skip(first) {
        *issue = issue.clone().shifted(base);
    }
    if depth == 0 {
        return;
    }
    for inner in inner_scripts(text, &script) {
        let Some(part) = text.get(inner.clone()) else { continue };
        judge(part, base.saturating_add(inner.start), setting, depth.saturating_sub(1), given, issues);
    }
}

fn commands(script: &Script, setting: Setting, issues: &mut Vec<Issue>) {
    let traces = shown::Traces::of(script, &|expansion| shown::secret(expansion).map(|(name, _)| name));
    for (index, command) in script.commands.iter().enumerate() {
        for assignment in &command.assignments {
            if assignment.value.is_literal() {
                let value = &assignment.value;
                issues.extend(variable::issues(&assignment.name, &value.text, &value.span));
            }
        }
        let filled = with_options(script, index, command);
        let command = filled.as_ref().unwrap_or(command);
        let Some(invocation) = Invocation::of(command) else { continue };
        if matches!(invocation.program.as_str(), "set" | "setx" | "env") {
            for argument in &invocation.arguments {
                let pair = argument.text.split_once('=').filter(|_| argument.word.is_literal());
                if let Some((name, value)) = pair {
                    issues.extend(variable::issues(name, value, &argument.word.span));
                }
            }
        }
        for argument in &invocation.arguments {
            if let Some(what) = variable::token(argument.text)
                .filter(|_| !argument.text.contains('=') || argument.is_option())
            {
                let message = format!("{what} is written in a command");
                issues.push(Issue::new(&SECRET, argument.word.span.clone(), message));
            }
        }
        let site = Site { script, index, command, invocation, setting, traces: &traces };
        credentials::command(&site, issues);
        downloads::command(&site, issues);
        packages::command(&site, issues);
        runners::command(&site, issues);
        models::command(&site, issues);
        images::command(&site, issues);
        services::command(&site, issues);
        shown::command(&site, issues);
        hooks::command(&site, issues);
        if let Some(issue) = free_hand(&site.invocation) {
            issues.push(issue);
        }
    }
}

/// `command` with the words that are a variable alone, given options earlier in the script, as those options: `$FLAGS`; and with its
/// first word as the program and the arguments that a variable holds: `$PIP`. `None` where there are none.
fn with_options(script: &Script, index: usize, command: &Command) -> Option<Command> {
    let options = |place: usize, word: &super::Word| {
        let [super::Expansion { kind: ExpansionKind::Variable(name), .. }] = word.expansions.as_slice()
        else {
            return None;
        };
        // `$NAME`, `${NAME}`, `${NAME[@]}`.
        let name = name.split('[').next().unwrap_or(name);
        let rest = word.text.strip_prefix('$').and_then(|rest| rest.strip_prefix(name));
        let whole = rest.is_some_and(|rest| matches!(rest, "" | "[@]" | "[*]"));
        let value = script.assigned(name, index).filter(|value| whole && value.is_literal())?;
        let fits = if place == 0 { !value.text.starts_with('-') } else { value.text.starts_with("--") };
        fits.then(|| value.text.clone())
    };
    if !command.words.iter().enumerate().any(|(place, word)| options(place, word).is_some()) {
        return None;
    }
    let mut filled = command.clone();
    filled.words = command
        .words
        .iter()
        .enumerate()
        .flat_map(|(place, word)| match options(place, word) {
            Some(text) => text
                .split_whitespace()
                .map(|part| super::Word { text: part.to_owned(), expansions: Vec::new(), ..word.clone() })
                .collect(),
            None => vec![word.clone()],
        })
        .collect();
    Some(filled)
}

/// One command among the others.
struct Site<'c> {
    script: &'c Script,
    index: usize,
    command: &'c Command,
    invocation: Invocation<'c>,
    setting: Setting,
    traces: &'c shown::Traces,
}

impl Site<'_> {
    /// The bytes shown for the command.
    fn span(&self) -> Range<usize> {
        self.invocation.span()
    }

    /// The text of a word with what its variables were given earlier in the script.
    fn resolved(&self, text: &str) -> String {
        resolved(self.script, self.index, text)
    }
}

/// `text` with `$NAME` replaced by what the script gave it before the command at `index`, where that is a plain text.
fn resolved(script: &Script, index: usize, text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        shown.push_str(before);
        let name: String =
            after.chars().skip(1).take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let value = script.known(&name, index).filter(|_| !name.is_empty());
        match value {
            Some(value) => shown.push_str(value),
            None => shown.push_str(after.get(..name.len().saturating_add(1)).unwrap_or("$")),
        }
        rest = after.get(name.len().saturating_add(1)..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

/// The bytes of scripts that other shells are given: `bash -c '…'`, `ssh host '…'`, here-documents.
fn inner_scripts(text: &str, script: &Script) -> Vec<Range<usize>> {
    let mut inner = Vec::new();
    for command in &script.commands {
        let Some(invocation) = Invocation::of(command) else { continue };
        let is_shell = SHELLS.contains(&invocation.program.as_str());
        if is_shell {
            let bodies = command.redirects.iter().filter_map(|redirect| redirect.body.clone());
            inner.extend(bodies);
        }
        let given = if is_shell {
            let at = invocation.arguments.iter().position(|argument| {
                argument.text.starts_with('-')
                    && !argument.text.starts_with("--")
                    && argument.text.ends_with('c')
            });
            at.and_then(|at| invocation.arguments.get(at.saturating_add(1)))
        } else if invocation.program == "ssh" || invocation.program == "eval" {
            invocation.arguments.last()
        } else {
            None
        };
        let Some(word) = given.map(|argument| argument.word) else { continue };
        let raw = text.get(word.span.clone()).unwrap_or_default();
        let quoted = raw.len() >= 2
            && raw.chars().next().is_some_and(|quote| matches!(quote, '"' | '\'') && raw.ends_with(quote));
        if quoted && !raw.contains("$(") && !raw.contains('`') {
            inner.push(word.span.start.saturating_add(1)..word.span.end.saturating_sub(1));
        }
    }
    inner
}

/// The word that is Python: what follows `-c`.
fn given_python<'c>(invocation: &Invocation<'c>) -> Option<&'c super::Word> {
    is_python(&invocation.program).then_some(())?;
    let first_plain = invocation.arguments.iter().position(|argument| !argument.is_option())?;
    let flag = first_plain.checked_sub(1).and_then(|at| invocation.arguments.get(at))?;
    let takes_code = flag.text.starts_with('-') && !flag.text.starts_with("--") && flag.text.ends_with('c');
    takes_code.then(|| invocation.arguments.get(first_plain)).flatten().map(|argument| argument.word)
}

/// Whether the first command of `script` is an interpreter of Python that reads a here-document.
pub(crate) fn feeds_python(script: &str) -> bool {
    let read = Script::read(script);
    read.commands.first().is_some_and(|command| {
        let reads = command.redirects.iter().any(|redirect| redirect.operator.starts_with("<<"));
        reads && Invocation::of(command).is_some_and(|invocation| is_python(&invocation.program))
    })
}

/// Whether a program reads Python from its argument or from standard input.
fn is_python(program: &str) -> bool {
    let version = program.strip_prefix("python").or_else(|| program.strip_prefix("pypy"));
    program == "ipython"
        || version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Judges the Python that the script `text` hands to an interpreter, also inside of scripts that it hands to a shell.
fn python(text: &str, base: usize, depth: u32, issues: &mut Vec<Issue>) {
    if !text.contains("python") && !text.contains("pypy") {
        return;
    }
    let script = Script::read(text);
    for command in &script.commands {
        let Some(invocation) = Invocation::of(command).filter(|one| is_python(&one.program)) else {
            continue;
        };
        let quoted = given_python(&invocation).and_then(|word| {
            let raw = text.get(word.span.clone())?;
            let quote = raw.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let inner = raw.strip_prefix(quote)?.strip_suffix(quote)?;
            // A backslash before a quote is the shell's; a blank in its place keeps every byte where it is.
            let code = if quote == '"' {
                inner.replace("\\\"", " \"").replace("\\$", " $").replace("\\`", " `")
            } else {
                inner.to_owned()
            };
            Some((word.span.start.saturating_add(1), code))
        });
        let first = invocation.arguments.iter().find(|argument| !argument.is_option());
        let plain = first.is_none_or(|argument| argument.text == "-");
        let bodies = command.redirects.iter().filter(|_| plain).filter_map(|redirect| {
            let body = redirect.body.clone()?;
            Some((body.start, text.get(body)?.to_owned()))
        });
        for (at, code) in quoted.into_iter().chain(bodies) {
            for issue in crate::python::embedded::issues(&code) {
                add_python(issue.shifted(base.saturating_add(at)), issues);
            }
        }
    }
    if depth == 0 {
        return;
    }
    for inner in inner_scripts(text, &script) {
        let Some(part) = text.get(inner.clone()) else { continue };
        python(part, base.saturating_add(inner.start), depth.saturating_sub(1), issues);
    }
}

/// Adds what was found in Python, unless the command around it was found to do the same.
fn add_python(issue: Issue, issues: &mut Vec<Issue>) {
    let known = || {
        issues.iter().any(|known| {
            known.span.start <= issue.span.start
                && issue.span.end <= known.span.end
                && known.rule.id == issue.rule.id
        })
    };
    if issues.len() < ISSUES && !known() {
        issues.push(issue);
    }
}

/// Most issues of one script among which those of Python are looked for; reports show fewer.
const ISSUES: usize = 4_000;

/// Shells that take a script with `-c` or on standard input.
const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash"];

/// Variables that are printed to an interpreter which runs what it reads: `echo "$COMMAND" | bash`.
pub(crate) fn piped_variables(script: &Script) -> Vec<(String, Range<usize>)> {
    let runs = |command: &Command| Invocation::of(command).is_some_and(|one| downloads::is_interpreter(&one));
    let prints = |command: &&Command| {
        Invocation::of(command).is_some_and(|one| matches!(one.program.as_str(), "echo" | "printf"))
    };
    let printed =
        script.commands.iter().filter(|command| runs(command)).filter_map(|command| {
            command.pipe_from.and_then(|from| script.commands.get(from)).filter(prints)
        });
    let expansions = printed.flat_map(|command| &command.words).flat_map(|word| &word.expansions);
    expansions
        .filter_map(|expansion| match &expansion.kind {
            ExpansionKind::Variable(name) => Some((name.clone(), expansion.span.clone())),
            _ => None,
        })
        .collect()
}

/// Whether a program takes code of a language of its own.
fn is_language(program: &str) -> bool {
    SHELLS.contains(&program)
        || program.starts_with("python")
        || matches!(program, "node" | "perl" | "ruby" | "pwsh" | "powershell")
}

/// The words that a command takes as code: those of `eval`, the script given to `sh -c`, `python -c`, `ssh`.
fn code_words<'c>(invocation: &Invocation<'c>) -> Vec<&'c super::Word> {
    let program = invocation.program.as_str();
    let takes_code = |argument: &str| {
        matches!(argument, "-c" | "-e" | "-Command" | "--eval" | "-command")
            || (argument.starts_with('-')
                && !argument.starts_with("--")
                && argument.ends_with('c')
                && SHELLS.contains(&program))
    };
    if matches!(program, "eval" | "iex" | "invoke-expression") {
        invocation.arguments.iter().map(|argument| argument.word).collect()
    } else if is_language(program) {
        let at = invocation.arguments.iter().position(|argument| takes_code(argument.text));
        let given = at.and_then(|at| invocation.arguments.get(at.saturating_add(1)));
        given.map(|argument| argument.word).into_iter().collect()
    } else if program == "ssh" {
        invocation.arguments.iter().skip(1).map(|argument| argument.word).collect()
    } else {
        Vec::new()
    }
}

/// Variables whose value becomes code: in `eval`, in the script given to `sh -c`, `python -c`, `ssh`.
pub(crate) fn evaluated_variables(script: &Script) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for command in &script.commands {
        let Some(invocation) = Invocation::of(command) else { continue };
        let program = invocation.program.as_str();
        let interpreter = is_language(program);
        let mut words = code_words(&invocation);
        if matches!(program, "source" | ".") {
            words.extend(invocation.arguments.iter().map(|argument| argument.word));
        }
        for expansion in words.into_iter().flat_map(|word| &word.expansions) {
            if let ExpansionKind::Variable(name) = &expansion.kind {
                found.push((name.clone(), expansion.span.clone()));
            }
        }
        let here = command.redirects.iter().filter(|_| interpreter && program != "python");
        for redirect in here.filter(|redirect| redirect.operator == "<<<") {
            for expansion in &redirect.target.expansions {
                if let ExpansionKind::Variable(name) = &expansion.kind {
                    found.push((name.clone(), expansion.span.clone()));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut rules: Vec<&str> = script(text, Setting::Pipeline)
            .iter()
            .map(|issue| issue.rule.id.trim_start_matches("pipeline/"))
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    #[test]
    fn projects_and_copies_whose_content_changes_are_found() {
        assert_eq!(rules("mlflow run https://github.com/acme/p"), ["unpinned-source"]);
        assert_eq!(rules("aws s3 cp s3://acme-data/latest/train.parquet ."), ["unpinned-model"]);
        assert_eq!(
            rules("twine upload --repository-url http://p.example dist/a.whl"),
            ["insecure-transport"]
        );
        for text in [
            "mlflow run . -P a=1",
            "mlflow run https://github.com/acme/p --version 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012",
            "aws s3 cp s3://acme-data/v3/train.parquet .",
            "aws s3 cp model.onnx s3://acme-data/latest/",
        ] {
            assert_eq!(rules(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn downloads_that_run_are_found_in_every_form() {
        for text in [
            "curl -fsSL https://x.example/i.sh | bash -s -- -y",
            "wget -qO- https://x.example/i.sh | sudo -E sh",
            "curl https://x.example/i.gz | gunzip | sh",
            "bash -c \"$(curl -fsSL https://x.example)\"",
            "eval \"$(curl https://x.example)\"",
            "source <(curl https://x.example)",
            "bash <(wget -qO- https://x.example)",
            "S=$(curl https://x.example)\neval \"$S\"",
            "sh -c 'curl https://x.example | sh'",
            "iex ((New-Object System.Net.WebClient).DownloadString('https://x.example'))",
            "irm https://x.example | iex",
            "curl -sSL https://x.example/p.py | python3 -",
            "echo Y3VybCB4 | base64 -d | bash",
            "python -c \"$(curl -fsSL https://x.example/x.py)\"",
            "node -e \"$(wget -qO- https://x.example/x.js)\"",
        ] {
            assert_eq!(rules(text), ["curl-pipe-shell"], "{text}");
        }
        for text in [
            "curl https://x.example/a.json | jq .",
            "curl https://x.example | python3 -m json.tool",
            "curl https://x.example | python -c 'import sys'",
            "python -c 'import sys' \"$(curl https://x.example)\"",
            "curl https://x.example -o a.tgz && tar xf a.tgz",
            "echo 'curl https://x.example | sh'",
            "cat x | bash",
            "# curl https://x.example | sh",
        ] {
            assert_eq!(rules(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn spans_point_at_the_command_also_inside_other_scripts() {
        let text = "set -e\nbash -c 'cd x && curl https://x.example | sh'\n";
        let issue = script(text, Setting::Other).into_iter().next().unwrap();
        assert!(text[issue.span].starts_with("curl https://x.example"));
    }

    #[test]
    fn packages_are_judged_by_their_pins() {
        for text in [
            "pip install transformers",
            "pip install 'torch>=2'",
            "python -m pip install --upgrade accelerate",
            "uv pip install git+https://github.com/a/b",
            "pip install git+https://github.com/a/b@main",
            "conda install -y -c conda-forge pytorch",
            "npm install -g pyright",
            "npx -y @acme/tool",
            "go install example.com/x@latest",
        ] {
            assert_eq!(rules(text), ["unpinned-package"], "{text}");
        }
        for text in [
            "pip install transformers==4.46.3 'x[a]==1'",
            "pip install -r requirements.txt",
            "pip install --require-hashes -r r.txt",
            "pip install -e . --no-deps",
            "pip install ./dist/x.whl",
            "pip install git+https://github.com/a/b@0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012",
            "npm ci",
            "npm install",
            "conda install pytorch=2.1.0",
            "go install example.com/x@v1.2.3",
            "pip install --help",
        ] {
            assert_eq!(rules(text), [""; 0], "{text}");
        }
        assert_eq!(rules("npm install lodash@1.2.3"), ["adhoc-package"]);
        assert_eq!(
            rules("pip install --extra-index-url https://p.example/simple x==1"),
            ["dependency-confusion"]
        );
        assert_eq!(rules("pip install -i http://p.example/simple x==1"), ["insecure-transport"]);
        assert_eq!(rules("pip install --trusted-host p.example x==1"), ["tls-disabled"]);
    }

    #[test]
    fn models_and_remote_code_are_seen_on_command_lines() {
        for text in [
            "huggingface-cli download acme/net --local-dir m",
            "hf download acme/net --revision main",
            "git clone https://huggingface.co/acme/net",
            "wget https://huggingface.co/acme/net/resolve/main/model.bin",
            "vllm serve acme/net",
            "python -m vllm.entrypoints.openai.api_server --model acme/net",
            "python -c \"from transformers import AutoModel; AutoModel.from_pretrained('acme/net')\"",
        ] {
            assert_eq!(rules(text), ["unpinned-model"], "{text}");
        }
        assert_eq!(rules("curl -fsSL https://w.example/m.onnx -o m.onnx"), ["unverified-download"]);
        assert_eq!(
            rules("curl -fsSL https://w.example/m.onnx -o m.onnx\necho \"00  m.onnx\" | sha256sum -c"),
            [""; 0]
        );
        for text in [
            "hf download acme/net --revision 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012",
            "vllm serve /models/net",
            "wget https://huggingface.co/acme/net/resolve/0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012/m.bin",
            "vllm serve acme/net --revision 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012",
        ] {
            assert_eq!(rules(text), [""; 0], "{text}");
        }
        for text in [
            "vllm serve /m --enable-lora --lora-modules own=/adapters/own sql=acme/sql-lora",
            "vllm serve /m --lora-modules '{\"name\": \"sql\", \"path\": \"acme/sql-lora\"}'",
            "python -m sglang.launch_server --model-path /m --lora-paths sql=acme/sql-lora",
            "text-generation-launcher --model-id /m --lora-adapters=acme/sql-lora",
        ] {
            assert_eq!(rules(text), ["unpinned-model"], "{text}");
        }
        assert_eq!(rules("vllm serve /m --lora-modules own=/adapters/own --port 80"), [""; 0]);
        assert_eq!(rules("vllm serve /m --trust-remote-code"), ["remote-code"]);
        assert_eq!(rules("vllm serve /m --trust-remote-code=false"), [""; 0]);
        for text in [
            "F=\"--trust-remote-code\"\nvllm serve /m $F",
            "F='--port 80 --trust-remote-code'\nvllm serve /m ${F}",
            "F=(--trust-remote-code --port 80)\nvllm serve /m \"${F[@]}\"",
        ] {
            assert_eq!(rules(text), ["remote-code"], "{text}");
        }
        assert_eq!(rules("F=\"--port 80\"\nvllm serve /m $F"), [""; 0]);
        assert_eq!(rules("F=\"--trust-remote-code\"\necho $G"), [""; 0]);
    }

    #[test]
    fn secrets_shown_and_secrets_handed_on_are_told_apart() {
        assert_eq!(rules("echo \"${{ secrets.HF_TOKEN }}\""), ["secret-in-log"]);
        assert_eq!(rules("echo $HF_TOKEN | base64"), ["secret-in-log"]);
        assert_eq!(rules("echo \"$DOCKER_PASSWORD\" | docker login --password-stdin"), [""; 0]);
        assert_eq!(rules("echo \"$KEY_TOKEN\" > key.json"), [""; 0]);
        assert_eq!(rules("echo \"::add-mask::$HF_TOKEN\""), [""; 0]);
    }

    #[test]
    fn files_are_only_run_after_a_check() {
        let bad = "curl -LO https://x.example/tool\nchmod +x tool\n./tool";
        assert_eq!(rules(bad), ["unverified-download"]);
        let good = "curl -LO https://x.example/tool\necho 'aa  tool' | sha256sum -c -\nchmod +x tool";
        assert_eq!(rules(good), [""; 0]);
        assert_eq!(rules("git clone https://github.com/a/b && cd b && pip install ."), ["unpinned-source"]);
        assert_eq!(
            rules(
                "git clone https://github.com/a/b && git -C b checkout 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012 && pip install ./b"
            ),
            [""; 0]
        );
    }

    #[test]
    fn images_services_and_agents_are_judged() {
        assert_eq!(rules("docker run --rm --gpus all acme/net:latest train"), ["unpinned-image"]);
        assert_eq!(rules("docker run --privileged acme/net@sha256:00"), ["privileged-container"]);
        assert_eq!(rules("ray start --head --dashboard-host=0.0.0.0"), ["exposed-service"]);
        assert_eq!(
            rules("tritonserver --model-repository=/m --model-control-mode=explicit"),
            ["exposed-service"]
        );
        assert_eq!(rules("tritonserver --model-repository=/m --model-control-mode=none"), Vec::<&str>::new());
        assert_eq!(rules("jupyter lab --NotebookApp.token=''"), ["no-authentication"]);
        assert_eq!(rules("claude -p x --dangerously-skip-permissions"), ["risky-tool-grant"]);
        for text in [
            "aws s3 cp m.onnx s3://acme/m.onnx --acl public-read",
            "az storage container create -n m --public-access blob",
            "gcloud storage buckets add-iam-policy-binding gs://m --member=allUsers --role=r",
        ] {
            assert_eq!(rules(text), ["exposed-service"], "{text}");
            assert_eq!(
                rules(
                    &text
                        .replace("public-read", "private")
                        .replace("blob", "off")
                        .replace("allUsers", "user:a")
                ),
                [""; 0],
                "{text}"
            );
        }
        assert_eq!(rules("redis-server --protected-mode no"), ["no-authentication"]);
        assert_eq!(rules("redis-server --protected-mode no --requirepass $P"), [""; 0]);
        assert_eq!(rules("chmod -R 777 /models"), ["world-writable"]);
        assert_eq!(rules("chmod 755 x; curl -k https://x.example/"), ["tls-disabled"]);
    }

    #[test]
    fn variables_that_become_code_are_named() {
        let read = |text: &str| {
            evaluated_variables(&Script::read(text)).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(read("eval \"$A\"; sh -c \"run $B\"; echo $C; python -c \"x='$D'\""), ["A", "B", "D"]);
    }
}
