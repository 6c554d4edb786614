//! Downloads: piped into interpreters, run without a check, made without encryption or with any certificate.

use super::{Setting, Site};
use crate::Issue;
use crate::address::{Reach, clear, host, is_artifact, is_commit, is_local};
use crate::rules::{CURL_PIPE_SHELL, TLS_DISABLED, UNPINNED_SOURCE, UNVERIFIED_DOWNLOAD};
use crate::shell::{Command, ExpansionKind, Invocation, Script};
use bartizan_core::{Confidence, Severity};

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    transport(site, issues);
    certificates(site, issues);
    if let Some(issue) = runs_download(site) {
        issues.push(issue);
    }
    issues.extend(applied(&site.invocation));
}

/// Manifests of an address that a cluster is changed to, without a commit or a version in it: whatever stands there at that moment.
fn applied(invocation: &Invocation<'_>) -> Option<Issue> {
    let changes = matches!(invocation.program.as_str(), "kubectl" | "oc" | "microk8s" | "k3s")
        && ["apply", "create", "replace"]
            .iter()
            .any(|verb| invocation.does(&[verb]) || invocation.does(&["kubectl", verb]));
    let given = invocation.values(&["-f", "--filename", "-k", "--kustomize"]);
    let (address, argument) =
        given.into_iter().find(|(value, _)| changes && value.starts_with("https://"))?;
    let fixed = address.split(['/', '=', '?', '&']).any(|part| {
        let version = part.trim_start_matches('v');
        let numbered = version.starts_with(|first: char| first.is_ascii_digit()) && version.contains('.');
        crate::address::is_commit(part) || numbered
    });
    let filled = address.contains(['$', '{']);
    let shown = bartizan_core::printable(address, 100);
    let message = format!("the cluster is changed to what stands at {shown} at that moment");
    (!fixed && !filled).then(|| {
        Issue::new(&UNPINNED_SOURCE, argument.word.span.clone(), message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium)
    })
}

/// Programs that fetch what an address names.
pub(super) fn is_download(invocation: &Invocation<'_>) -> bool {
    matches!(
        invocation.program.as_str(),
        "curl"
            | "wget"
            | "wget2"
            | "aria2c"
            | "fetch"
            | "lwp-download"
            | "http"
            | "iwr"
            | "irm"
            | "invoke-webrequest"
            | "invoke-restmethod"
    )
}

/// Whether the command runs what reaches it on standard input.
pub(super) fn is_interpreter(invocation: &Invocation<'_>) -> bool {
    let program = invocation.program.as_str();
    let shell = matches!(program, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish");
    let language = program.starts_with("python")
        || matches!(
            program,
            "perl" | "ruby" | "node" | "php" | "deno" | "bun" | "pwsh" | "powershell" | "lua" | "rscript"
        );
    if matches!(program, "iex" | "invoke-expression") {
        return true;
    }
    if !shell && !language {
        return false;
    }
    let gives_code = invocation.arguments.iter().any(|argument| {
        matches!(argument.text, "-m" | "-e" | "-pe" | "-ne" | "-c" | "-r" | "--eval" | "-Command")
            || (shell
                && argument.text.ends_with('c')
                && argument.text.starts_with('-')
                && !argument.text.starts_with("--"))
    });
    let reads_input = invocation
        .arguments
        .iter()
        .any(|argument| matches!(argument.text, "-s" | "-" | "/dev/stdin" | "--stdin"));
    let file = invocation.arguments.iter().find(|argument| !argument.is_option());
    !gives_code && (reads_input || file.is_none_or(|argument| argument.text == "-"))
}

fn runs_download(site: &Site<'_>) -> Option<Issue> {
    let invocation = &site.invocation;
    let found = |command: &Command| {
        let download = Invocation::of(command)?;
        is_download(&download).then(|| download.span())
    };
    // What feeds this command, through any number of pipes.
    if is_interpreter(invocation) {
        let mut from = site.command.pipe_from;
        for _ in 0..16 {
            let Some(source) = from.and_then(|index| site.script.commands.get(index)) else { break };
            if let Some(answer) = answered(source) {
                return Some(answer);
            }
            if let Some(span) = found(source) {
                return Some(piped(span, &invocation.program));
            }
            let decoder = Invocation::of(source).filter(|one| {
                (matches!(one.program.as_str(), "base64" | "base32")
                    && one.option(&["-d", "-D", "--decode"]).is_some())
                    || (one.program == "xxd" && one.option(&["-r"]).is_some())
            });
            if let Some(decoder) = decoder {
                let message = format!("what is decoded here is run by `{}` unseen", invocation.program);
                return Some(
                    Issue::new(&CURL_PIPE_SHELL, decoder.span(), message)
                        .remedy("Write the commands in the open."),
                );
            }
            from = source.pipe_from;
        }
    }
    // What its words hold by substitution, or a variable that does.
    let evaluates =
        matches!(invocation.program.as_str(), "eval" | "source" | "." | "iex" | "invoke-expression")
            || (super::SHELLS.contains(&invocation.program.as_str())
                && (invocation.option(&["-c"]).is_some()
                    || invocation
                        .arguments
                        .iter()
                        .flat_map(|argument| &argument.word.expansions)
                        .any(|one| one.kind == ExpansionKind::Process)));
    if !evaluates {
        return given_as_program(site);
    }
    let inside = |outer: usize| site.script.within(outer).find_map(found);
    if let Some(span) = inside(site.index) {
        return Some(piped(span, &invocation.program));
    }
    if let Some(answer) = site.script.within(site.index).find_map(answered) {
        return Some(answer);
    }
    let is_shell = super::SHELLS.contains(&invocation.program.as_str());
    for argument in invocation.arguments.iter().filter(|_| !is_shell) {
        for expansion in &argument.word.expansions {
            let ExpansionKind::Variable(name) = &expansion.kind else { continue };
            let given = site.index.checked_sub(1).and_then(|before| site.script.assigned_by(name, before));
            if let Some(span) = given.and_then(inside) {
                return Some(piped(span, &invocation.program));
            }
        }
        let lower = argument.text.to_ascii_lowercase();
        if lower.contains("downloadstring") || lower.contains("iwr ") {
            return Some(piped(site.span(), &invocation.program));
        }
    }
    // PowerShell's brackets end words: `iex ((New-Object …).DownloadString('…'))`.
    let is_power_shell = matches!(invocation.program.as_str(), "iex" | "invoke-expression");
    let near = site.script.commands.iter().skip(site.index).take(4);
    let named = is_power_shell
        && near.flat_map(|command| &command.words).any(|word| {
            let lower = word.text.to_ascii_lowercase();
            ["downloadstring", "iwr", "irm", "invoke-webrequest", "invoke-restmethod"]
                .iter()
                .any(|name| lower.contains(name))
        });
    named.then(|| piped(site.span(), &invocation.program))
}

/// What is fetched and given whole as the program of another language: `python -c "$(curl …)"`.
fn given_as_program(site: &Site<'_>) -> Option<Issue> {
    let invocation = &site.invocation;
    let options: &[&str] = match invocation.program.as_str() {
        program if program.starts_with("python") => &["-c"],
        "node" | "bun" => &["-e", "-p", "--eval", "--print"],
        "perl" | "ruby" | "lua" => &["-e"],
        "php" => &["-r"],
        "deno" => &["eval"],
        _ => return None,
    };
    let at = invocation.arguments.iter().position(|argument| options.contains(&argument.text))?;
    let code = &invocation.arguments.get(at.saturating_add(1))?.word;
    let text = code.text.trim();
    let whole = text.starts_with("$(") && text.ends_with(')') || text.starts_with('`') && text.ends_with('`');
    if !whole {
        return None;
    }
    let within = site
        .script
        .within(site.index)
        .filter(|command| code.span.start <= command.span.start && command.span.end <= code.span.end);
    let download = within.filter_map(Invocation::of).find(is_download)?;
    Some(piped(download.span(), &invocation.program))
}

/// The issue of a language model whose answer the shell runs.
fn answered(source: &Command) -> Option<Issue> {
    let invocation = Invocation::of(source)?;
    let agent = super::agent(&invocation)?;
    let message = format!("what {agent} answers is run by the shell unseen");
    Some(Issue::new(&crate::python::MODEL_OUTPUT_EXECUTED, invocation.span(), message))
}

fn piped(span: std::ops::Range<usize>, interpreter: &str) -> Issue {
    Issue::new(&CURL_PIPE_SHELL, span, format!("what is downloaded here is run by `{interpreter}` unseen"))
}

fn transport(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let fetches = is_download(invocation)
        || matches!(
            invocation.program.as_str(),
            "pip"
                | "git"
                | "npm"
                | "yarn"
                | "pnpm"
                | "conda"
                | "mamba"
                | "axel"
                | "rsync"
                | "aws"
                | "apt-add-repository"
                | "add-apt-repository"
                | "uv"
                | "twine"
                | "poetry"
                | "pdm"
                | "pipx"
                | "dvc"
                | "micromamba"
                | "gem"
                | "npx"
                | "pnpx"
        )
        || applies(invocation);
    if !fetches {
        return;
    }
    let content = is_content(site);
    for argument in &invocation.arguments {
        let text = site.resolved(argument.text);
        let is_data = ["-d", "--data", "-H", "--header", "-X"].iter().any(|option| {
            invocation.values(&[option]).iter().any(|(_, value)| value.word.span == argument.word.span)
        });
        let Some(clear) = clear(&text).filter(|_| !is_data) else { continue };
        let loaded = content || is_artifact(clear.address);
        // Whoever listens gets the token that goes with it.
        let token = invocation.arguments.iter().any(|one| {
            let lower = one.text.to_ascii_lowercase();
            ["token", "authorization", "password", "secret", "api-key", "apikey"]
                .iter()
                .any(|word| lower.contains(word))
        });
        let sends = invocation.option(&["-X", "--request", "-I", "--head"]).is_some();
        let severity = match clear.reach {
            Reach::Anywhere if sends && !token => Severity::Low,
            Reach::Inside if token => Severity::Medium,
            reach if loaded => reach.of_source(),
            // One container that asks another.
            Reach::Cluster => continue,
            reach => reach.of_service(),
        };
        let message = format!("`{}` fetches {} without encryption", invocation.program, clear.address);
        issues.push(clear.source_issue(argument.word.span.clone(), message).severity(severity));
        return;
    }
}

/// Whether a command fetches manifests or charts for a cluster: `kubectl apply -f`, `helm repo add`.
fn applies(invocation: &Invocation<'_>) -> bool {
    let verbs: &[&str] = match invocation.program.as_str() {
        "kubectl" | "oc" | "k3s" | "microk8s" => &["apply", "create", "replace", "delete"],
        "helm" => &["repo", "install", "upgrade", "pull", "template", "fetch", "dependency"],
        "argo" => &["submit", "create", "template", "cron"],
        _ => return false,
    };
    invocation.arguments.iter().any(|argument| verbs.contains(&argument.text))
}

/// Whether what the command fetches is kept, installed, or handed on to what unpacks or runs it.
fn is_content(site: &Site<'_>) -> bool {
    let invocation = &site.invocation;
    if !is_download(invocation) {
        return true;
    }
    let sends = ["-X", "--request", "-I", "--head", "-d", "--data", "-F", "--form", "-T", "--upload-file"];
    if invocation.option(&sends).is_some() || invocation.option(&["--spider"]).is_some() {
        return false;
    }
    let thrown = |name: &str| matches!(name, "-" | "/dev/null" | "NUL" | "/dev/stdout");
    let to_file =
        site.command.redirects.iter().any(|redirect| {
            matches!(redirect.operator.as_str(), ">" | ">>") && !thrown(&redirect.target.text)
        });
    let named: &[&str] = match invocation.program.as_str() {
        "wget" | "wget2" => &["-O", "--output-document"],
        "curl" => &["-o", "--output"],
        _ => &["-o", "-O", "--output", "-OutFile"],
    };
    let output = invocation.value(named).map(|(name, _)| name);
    let kept = match invocation.program.as_str() {
        "curl" => {
            output.is_some_and(|name| !thrown(name))
                || invocation.option(&["-O", "--remote-name", "--remote-name-all", "-J"]).is_some()
        }
        // Keeps what it fetches unless it is told otherwise; `-qO-` is one word.
        "wget" | "wget2" | "aria2c" | "lwp-download" => {
            !output.is_some_and(thrown)
                && !invocation.arguments.iter().any(|argument| {
                    argument.is_option()
                        && (argument.text.ends_with("O-") || argument.text.ends_with("O/dev/null"))
                })
        }
        _ => output.is_some_and(|name| !thrown(name)),
    };
    kept || to_file || is_unpacked(site)
}

/// Whether the output of the command is the input of one that unpacks, installs or runs it.
fn is_unpacked(site: &Site<'_>) -> bool {
    let fed = |command: &&Command| command.pipe_from == Some(site.index);
    site.script.commands.iter().skip(site.index).take(8).filter(fed).filter_map(Invocation::of).any(|next| {
        is_interpreter(&next)
            || matches!(
                next.program.as_str(),
                "tar"
                    | "gunzip"
                    | "zcat"
                    | "unzip"
                    | "bsdtar"
                    | "xz"
                    | "zstd"
                    | "tee"
                    | "kubectl"
                    | "docker"
                    | "podman"
                    | "apt-key"
                    | "gpg"
            )
    })
}

fn certificates(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let program = invocation.program.as_str();
    let options: &[&str] = match program {
        "curl" => &["-k", "--insecure", "--proxy-insecure", "--doh-insecure"],
        "wget" | "wget2" => &["--no-check-certificate"],
        "pip" => &["--trusted-host"],
        "uv" => &["--allow-insecure-host", "--trusted-host"],
        "aria2c" => &["--check-certificate=false"],
        "aws" => &["--no-verify-ssl"],
        "helm" | "kubectl" | "oc" | "argocd" | "argo" => &["--insecure-skip-tls-verify", "--insecure"],
        "skopeo" => &["--tls-verify=false", "--src-tls-verify=false", "--dest-tls-verify=false"],
        "docker" | "podman" | "buildah" => &["--tls-verify=false"],
        "kaniko" | "executor" => KANIKO,
        // Arguments alone, of an image that says what they are given to: those that one program has.
        "server" => &[
            "--skip-tls-verify",
            "--skip-tls-verify-pull",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ],
        "crane" | "oras" | "cosign" => &["--insecure", "--allow-insecure-registry"],
        "iwr" | "irm" | "invoke-webrequest" | "invoke-restmethod" => &["-SkipCertificateCheck"],
        "apt-get" | "apt" => &["--allow-unauthenticated"],
        "http" => &["--verify=no"],
        _ => &[],
    };
    if let Some(option) = invocation.option(options) {
        // The machine's own services have certificates that nobody signed.
        let target = invocation.arguments.iter().find(|argument| argument.text.contains("://"));
        let local =
            target.is_some_and(|target| matches!(host(target.text), "localhost" | "127.0.0.1" | "::1"));
        if !local {
            let message = format!("`{program} {}` accepts any certificate", option.text);
            // Of arguments without a program there may be one a line.
            let begin = invocation.span().start;
            let alone = invocation.arguments.first().is_some_and(|first| first.word.span.start == begin);
            let span = if alone { option.word.span.clone() } else { site.span() };
            issues.push(Issue::new(&TLS_DISABLED, span, message));
        }
        return;
    }
    let unknown_host = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("stricthostkeychecking=no") || text.contains("stricthostkeychecking no")
    };
    if matches!(program, "ssh" | "scp" | "sftp" | "rsync" | "git" | "export")
        && let Some(option) = invocation.arguments.iter().find(|argument| unknown_host(argument.text))
    {
        let message = format!("`{program}` speaks to whoever answers: the key of the host is not compared");
        let issue = Issue::new(&TLS_DISABLED, option.word.span.clone(), message);
        issues.push(issue.severity(bartizan_core::Severity::Medium));
        return;
    }
    let text = |index: usize| invocation.arguments.get(index).map_or("", |argument| argument.text);
    let setting = match program {
        "git" => invocation.arguments.windows(2).any(|pair| {
            pair.iter().any(|one| one.text.eq_ignore_ascii_case("http.sslVerify=false"))
                || matches!(pair, [name, value] if name.text.eq_ignore_ascii_case("http.sslverify") && value.text.eq_ignore_ascii_case("false"))
        }),
        "npm" | "yarn" | "pnpm" => {
            text(0) == "config" && invocation.arguments.windows(2).any(|pair| matches!(pair, [name, value] if name.text == "strict-ssl" && value.text == "false"))
                || invocation.arguments.iter().any(|argument| argument.text == "strict-ssl=false" || argument.text == "--strict-ssl=false")
        }
        "conda" | "mamba" => invocation.arguments.windows(2).any(|pair| matches!(pair, [name, value] if name.text == "ssl_verify" && value.text.eq_ignore_ascii_case("false"))),
        "pip" => text(0) == "config" && invocation.arguments.iter().any(|argument| argument.text.ends_with("trusted-host")),
        _ => false,
    };
    if setting {
        issues.push(Issue::new(
            &TLS_DISABLED,
            site.span(),
            format!("`{program}` is told to accept any certificate"),
        ));
    }
}

/// Options by which kaniko takes any certificate, or none.
const KANIKO: &[&str] = &[
    "--skip-tls-verify",
    "--skip-tls-verify-pull",
    "--skip-tls-verify-registry",
    "--insecure",
    "--insecure-pull",
    "--insecure-registry",
];

/// Files downloaded and run, and repositories cloned and used, with no check between.
pub(super) fn used_unchecked(script: &Script, setting: Setting, issues: &mut Vec<Issue>) {
    let invocations: Vec<(usize, Invocation<'_>)> = script
        .commands
        .iter()
        .enumerate()
        .filter_map(|(index, command)| Some((index, Invocation::of(command)?)))
        .collect();
    let checks = invocations.iter().any(|(_, one)| is_check(one));
    for (place, (_, invocation)) in invocations.iter().enumerate() {
        let later = invocations.get(place.saturating_add(1)..).unwrap_or_default();
        if !checks
            && is_download(invocation)
            && let Some(file) = written(invocation)
        {
            let runs = later.iter().take(LATER).any(|(_, one)| runs_file(one, &file));
            let is_model = super::models::MODEL_FILES.iter().any(|end| file.ends_with(end));
            // What comes from a hub is judged by the revision in its address.
            let from_hub =
                invocation.arguments.iter().any(|argument| argument.text.contains("huggingface.co/"));
            if !runs && is_model && !from_hub {
                let message = format!("the model `{file}` is downloaded without a check");
                issues.push(
                    Issue::new(&UNVERIFIED_DOWNLOAD, invocation.span(), message)
                        .severity(Severity::Medium)
                        .confidence(Confidence::Medium),
                );
            }
            if runs {
                let message = format!("`{file}` is downloaded and run without a check");
                issues.push(
                    Issue::new(&UNVERIFIED_DOWNLOAD, invocation.span(), message)
                        .severity(Severity::Medium)
                        .confidence(Confidence::Medium),
                );
            }
        }
        if invocation.program == "git" && invocation.does(&["clone"]) {
            clone(invocation, later, setting, issues);
        }
    }
}

/// Most commands looked at after a download.
const LATER: usize = 64;

/// What is said of a clone that no command of its own step runs.
pub(crate) const KEPT: &str = "kept in the image";

fn clone(
    invocation: &Invocation<'_>,
    later: &[(usize, Invocation<'_>)],
    setting: Setting,
    issues: &mut Vec<Issue>,
) {
    let operands = invocation.operands(&[
        "-b",
        "--branch",
        "--depth",
        "-c",
        "--config",
        "-o",
        "-j",
        "--jobs",
        "--reference",
        "--revision",
    ]);
    let Some(address) =
        operands.iter().map(|operand| operand.text).find(|text| text.contains("://") || text.contains('@'))
    else {
        return;
    };
    if address.contains("huggingface.co")
        || is_local(host(address))
        || invocation.value(&["--revision"]).is_some_and(|(value, _)| is_commit(value))
    {
        return;
    }
    let pinned = later.iter().take(LATER).any(|(_, one)| {
        one.program == "git" && one.arguments.iter().any(|argument| is_commit(argument.text) || argument.word.expansions.iter().any(|expansion| matches!(&expansion.kind, ExpansionKind::Variable(name) if { let name = name.to_ascii_lowercase(); name.contains("sha") || name.contains("commit") || name.contains("rev") })))
    });
    let runs = later.iter().take(LATER).any(|(_, one)| {
        let program = one.program.as_str();
        (program == "pip" && one.does(&["install"]))
            || program.starts_with("python")
            || matches!(program, "make" | "cmake" | "bash" | "sh" | "npm" | "cargo" | "go" | "docker")
            || program.contains("setup")
    });
    // What is cloned into an image is what the image is made for.
    if !pinned && (runs || setting == Setting::Image) {
        let what = if runs { "run" } else { KEPT };
        let message = format!("{address} is cloned at a branch that can move, and {what}");
        // As bad as `pip install git+https://…`: it runs whatever stands there today.
        let issue = Issue::new(&UNPINNED_SOURCE, invocation.span(), message).severity(Severity::Medium);
        issues.push(issue.confidence(Confidence::Medium));
    }
}

pub(super) fn is_check(invocation: &Invocation<'_>) -> bool {
    matches!(
        invocation.program.as_str(),
        "sha256sum"
            | "sha512sum"
            | "shasum"
            | "sha1sum"
            | "md5sum"
            | "b2sum"
            | "b3sum"
            | "gpg"
            | "gpgv"
            | "minisign"
            | "cosign"
            | "signify"
            | "get-filehash"
            | "certutil"
            | "slsa-verifier"
            | "model_signing"
            | "bartizan"
    ) || (invocation.program == "openssl" && invocation.does(&["dgst"]))
        || (invocation.program == "gh" && invocation.does(&["attestation", "verify"]))
}

/// The file that a download writes.
pub(super) fn written(invocation: &Invocation<'_>) -> Option<String> {
    let named =
        invocation.value(&["-o", "--output", "-O", "--output-document", "-OutFile"]).map(|(value, _)| value);
    let remote = invocation.option(&["-O", "--remote-name"]).is_some() || invocation.program != "curl";
    let address = invocation
        .arguments
        .iter()
        .find(|argument| argument.text.contains("://"))
        .map(|argument| argument.text);
    let named = named.filter(|name| !name.contains("://") && *name != "-");
    let file = match named {
        Some(name) => name,
        None if remote => address?.split(['?', '#']).next()?.rsplit('/').next()?,
        None => return None,
    };
    let file = file.rsplit('/').next().unwrap_or(file);
    (!file.is_empty()).then(|| file.to_owned())
}

/// Whether the command runs the file called `file`, or makes it one that can be run.
pub(super) fn runs_file(invocation: &Invocation<'_>, file: &str) -> bool {
    let names = |text: &str| text.rsplit('/').next().unwrap_or(text) == file;
    let program = invocation.program.as_str();
    if program == file.to_ascii_lowercase() {
        return true;
    }
    let interpreter = super::SHELLS.contains(&program)
        || program.starts_with("python")
        || matches!(
            program,
            "source" | "." | "perl" | "ruby" | "node" | "dpkg" | "rpm" | "installer" | "msiexec"
        );
    let makes_runnable = program == "chmod"
        && invocation
            .arguments
            .iter()
            .any(|argument| argument.text.contains("+x") || argument.text.starts_with('7'));
    (interpreter || makes_runnable) && invocation.arguments.iter().any(|argument| names(argument.text))
}
