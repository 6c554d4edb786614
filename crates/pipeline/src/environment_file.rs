//! Variables that a file sets: `.env` and its like, npm's `.npmrc`, units of systemd. Credentials in them are
//! [`crate::credential_files`]'s; here is what else they switch on and off.
//!
//! Source: npm, "config"; systemd.exec(5), systemd.service(5).

use crate::rules::{self, ROOT_USER, SECRET};
use crate::shell::inspect::{self, Setting};
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Kind, Rule, Severity};
use std::ops::Range;

/// Files of variables.
#[derive(Debug)]
pub(crate) struct EnvironmentFile;

impl Reader for EnvironmentFile {
    fn id(&self) -> &'static str {
        "environment-file"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let variables =
            name == ".env" || name == ".envrc" || name.starts_with(".env.") || text.extension() == "env";
        let shown = ["example", "sample", "template", "tmpl", "dist"].iter().any(|part| name.contains(part));
        (variables && !shown) || matches!(name, ".npmrc" | "npmrc")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let npm = text.file_name().ends_with("npmrc");
        for (name, value, span) in lines(text.content) {
            // A scope's own registry is one, too: `@acme:registry=…`.
            let name = name.strip_prefix("export ").map_or(name, str::trim);
            let spoken = if npm {
                format!("NPM_CONFIG_{}", name.rsplit(':').next().unwrap_or(name).replace('-', "_"))
            } else {
                name.to_owned()
            };
            let found = variable::issues(&spoken, value, &span).into_iter();
            issue::report(text, notes, found.filter(|found| found.rule.id != SECRET.id));
        }
    }
}

/// A service of systemd.
#[derive(Debug)]
pub(crate) struct ServiceUnit;

impl Reader for ServiceUnit {
    fn id(&self) -> &'static str {
        "systemd-unit"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.extension() == "service" && text.content.lines().any(|line| line.trim() == "[Service]")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        for (name, value, span) in lines(text.content) {
            let found: Vec<Issue> = match name {
                "Environment" => variables(value, span.start),
                "ExecStart" | "ExecStartPre" | "ExecStartPost" | "ExecReload" => {
                    // `-`, `@`, `:`, `+` and `!` before the program say how it is started.
                    let command = value.trim_start_matches(['-', '@', ':', '+', '!']);
                    let skipped = value.len().saturating_sub(command.len());
                    let issues = inspect::script(command, Setting::Other).into_iter();
                    issues.map(|found| found.shifted(span.start.saturating_add(skipped))).collect()
                }
                "User" if matches!(value, "root" | "0") => {
                    let message = "the service is told to run as root";
                    vec![Issue::new(&ROOT_USER, span, message).severity(Severity::Medium)]
                }
                _ => Vec::new(),
            };
            issue::report(text, notes, found);
        }
    }
}

/// `NAME=value` of each line with its bytes: remarks and sections are none, and quotes around a value are taken away.
fn lines(content: &str) -> impl Iterator<Item = (&str, &str, Range<usize>)> {
    let mut at = 0_usize;
    content.split_inclusive('\n').take(LINES).filter_map(move |line| {
        let start = at;
        at = at.saturating_add(line.len());
        let (name, written) =
            line.split_once('=').filter(|_| !line.trim_start().starts_with(['#', ';', '[']))?;
        let value = written.trim();
        let from = start.saturating_add(name.len()).saturating_add(1);
        let from = from.saturating_add(written.len().saturating_sub(written.trim_start().len()));
        let quote = value
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\'') && value.len() >= 2 && value.ends_with(*quote));
        let inner = quote.and_then(|_| value.get(1..value.len().saturating_sub(1)));
        let span = if inner.is_some() { from.saturating_add(1) } else { from };
        let value = inner.unwrap_or(value);
        Some((name.trim(), value, span..span.saturating_add(value.len())))
    })
}

/// The variables of one line of `Environment=`, each in quotes or not.
fn variables(value: &str, start: usize) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0_usize;
    for part in value.split_inclusive(char::is_whitespace) {
        let written = part.trim().trim_matches(['"', '\'']);
        if let Some((name, value)) = written.split_once('=') {
            let skipped = part.find(value).unwrap_or_default();
            let from = start.saturating_add(at).saturating_add(skipped);
            issues.extend(variable::issues(name, value, &(from..from.saturating_add(value.len()))));
        }
        at = at.saturating_add(part.len());
    }
    issues
}

/// Most lines read.
const LINES: usize = 20_000;

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn variables_of_a_file_are_judged_as_everywhere() {
        let text = "# PYTHONHTTPSVERIFY=0\nMLFLOW_TRACKING_INSECURE_TLS=true\nexport NODE_TLS_REJECT_UNAUTHORIZED='0'\nTRUST_REMOTE_CODE = 1\nMODEL_URL=http://m.acme.dev/a.bin\nPORT=80\n";
        let found = [(2, "tls-disabled"), (3, "tls-disabled"), (4, "remote-code"), (5, "insecure-transport")];
        for name in [".env", ".env.production", "serve.env"] {
            assert_eq!(lines(name, text), found, "{name}");
        }
        assert_eq!(lines(".env.example", text), []);
        let fine = "MLFLOW_TRACKING_INSECURE_TLS=false\nMODEL_URL=https://m.acme.dev/a.bin\nMODEL_PATH=http://localhost/a\n";
        assert_eq!(lines(".env", fine), []);
    }

    #[test]
    fn npm_is_told_where_packages_come_from() {
        let text = "registry=http://npm.acme.dev/\nstrict-ssl=false\n@acme:registry=http://npm.acme.dev/\n";
        assert_eq!(
            lines(".npmrc", text),
            [(1, "insecure-transport"), (2, "tls-disabled"), (3, "insecure-transport")]
        );
        assert_eq!(lines(".npmrc", "registry=https://npm.acme.dev/\nstrict-ssl=true\nfund=false\n"), []);
    }

    #[test]
    fn units_are_judged_by_what_they_start() {
        let token = format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        let text = format!(
            "[Service]\nUser=root\nEnvironment=\"A=b\" HF_TOKEN={token}\nExecStart=-/opt/vllm/bin/vllm serve /m --trust-remote-code\n"
        );
        assert_eq!(lines("vllm.service", &text), [(2, "root-user"), (3, "secret"), (4, "remote-code")]);
        let fine = "[Service]\nUser=vllm\nEnvironmentFile=/etc/vllm\nExecStart=/opt/vllm/bin/vllm serve /m\n";
        assert_eq!(lines("vllm.service", fine), []);
    }
}
