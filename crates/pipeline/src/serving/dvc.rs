//! DVC pipelines: `dvc.yaml`, whose stages run commands, and `.dvc/config`, which says where data comes from.
//!
//! Source: DVC documentation, *dvc.yaml*, *Internal files*, *remote modify*.

use crate::address::clear;
use crate::ci::github::gaps;
use crate::rules::{self, INSECURE_TRANSPORT, SECRET, TEMPLATE_INJECTION, TLS_DISABLED};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// `dvc.yaml` and `.dvc/config`.
#[derive(Debug)]
pub(crate) struct DvcPipeline;

impl Reader for DvcPipeline {
    fn id(&self) -> &'static str {
        "dvc-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        matches!(name, "dvc.yaml" | "dvc.yml") && text.content.contains("stages") || is_config(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        if is_config(text) {
            issue::report(text, notes, settings(text.content));
            return;
        }
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            for command in node.get("cmd").into_iter().flat_map(Node::items_or_self) {
                let value = command.as_str().unwrap_or_default();
                issue::report_in(text, notes, command, inspect::script(value, Setting::Other));
                issue::report_in(text, notes, command, evaluated(value));
            }
        }
    }
}

fn is_config(text: &Text<'_>) -> bool {
    text.name.ends_with(".dvc/config") || text.name.ends_with(".dvc/config.local")
}

/// Parameters that DVC fills into a script given to another interpreter: `sh -c "… ${item} …"`.
fn evaluated(command: &str) -> Option<Issue> {
    let from =
        ["sh -c", "bash -c", "eval ", "python -c"].iter().filter_map(|part| command.find(part)).min()?;
    let at = command.get(from..)?.find("${").map(|at| from.saturating_add(at))?;
    let end = command.get(at..)?.find('}').map(|length| at.saturating_add(length).saturating_add(1))?;
    let shown = command.get(at..end)?;
    let issue = Issue::new(&TEMPLATE_INJECTION, at..end, format!("`{shown}` is filled into a script"));
    Some(issue.severity(Severity::Low).confidence(Confidence::Medium))
}

/// Remotes of `.dvc/config`, an ini file.
fn settings(content: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0usize;
    for line in content.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        let offset = start.saturating_add(line.find(value).unwrap_or_default());
        let span = offset..offset.saturating_add(value.len());
        let off = value.eq_ignore_ascii_case("false");
        if matches!(name, "ssl_verify" | "verify_ssl") && off {
            issues.push(Issue::new(&TLS_DISABLED, span, "certificates of the remote are not checked"));
        } else if name == "use_ssl" && off {
            issues.push(Issue::new(&INSECURE_TRANSPORT, span, "the remote is reached without encryption"));
        } else if let Some(clear) = clear(value).filter(|_| matches!(name, "url" | "endpointurl")) {
            let message = format_args!("data comes from {value} without encryption");
            issues.push(clear.source_issue(span, message));
        } else if variable::credential(name, value).is_some() {
            let message = format!("`{name}` of the remote is written in the open");
            issues.push(Issue::new(&SECRET, span, message).confidence(Confidence::Medium));
        }
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn commands_of_stages_and_remotes_are_judged() {
        let text = "stages:\n  a:\n    cmd: curl -s https://x.example/i.sh | bash\n  b:\n    cmd:\n    - wget --no-check-certificate https://x.example/d.tar\n    - python train.py\n";
        assert_eq!(lines("dvc.yaml", text), [(3, "curl-pipe-shell"), (6, "tls-disabled")]);
        assert_eq!(lines("dvc.yaml", "stages:\n  a:\n    cmd: python train.py ${lr}\n"), []);
        let text = "['remote \"a\"']\n    url = http://d.example/x\n    ssl_verify = false\n    secret_access_key = q8Zr1vXkT4mLpN7cWbYd2\n";
        assert_eq!(
            lines(".dvc/config", text),
            [(2, "insecure-transport"), (3, "tls-disabled"), (4, "secret")]
        );
        assert_eq!(lines(".dvc/config", "['remote \"a\"']\n    url = https://d.example/x\n"), []);
    }
}
