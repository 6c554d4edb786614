//! Templates of Helm charts: passwords that a chart falls back to where its values give none.
//!
//! Source: Helm, "Template Function List" (`default`); Go, `text/template`, "Actions" and "Pipelines".

use super::helm::snake;
use crate::address::fetched;
use crate::ci::github::gaps;
use crate::rules::{self, HOST_ACCESS, PRIVILEGED_CONTAINER, SECRET};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Kind, Rule};
use std::ops::Range;

/// Templates and their helpers.
#[derive(Debug)]
pub(crate) struct ChartTemplate;

impl Reader for ChartTemplate {
    fn id(&self) -> &'static str {
        "helm-template"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension().as_str(), "yaml" | "yml" | "tpl")
            && ["{{", ".Values.", "default"].iter().all(|mark| text.content.contains(mark))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let mut at = 0_usize;
        let mut named: Option<(u32, &str)> = None;
        let mut line = 0_u32;
        for written in text.content.split_inclusive('\n') {
            line = line.saturating_add(1);
            if let Some((key, value)) = written.trim().trim_start_matches("- ").split_once(':') {
                if key == "name" {
                    named = Some((line, value.trim().trim_matches(['"', '\''])));
                }
                let above = named.filter(|(of, _)| key == "value" && line.saturating_sub(*of) <= NEAR);
                let key = above.map_or(key, |(_, name)| name);
                issue::report(text, notes, fallbacks(written, key).into_iter().map(|one| one.shifted(at)));
            } else {
                issue::report(text, notes, fallbacks(written, "").into_iter().map(|one| one.shifted(at)));
            }
            at = at.saturating_add(written.len());
        }
    }
}

/// `Chart.yaml`: where the charts that a chart is made of come from.
#[derive(Debug)]
pub(crate) struct ChartFile;

impl Reader for ChartFile {
    fn id(&self) -> &'static str {
        "helm-chart"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.file_name(), "Chart.yaml" | "Chart.yml") && text.content.contains("dependencies:")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let dependencies = yaml.root().and_then(|root| root.get("dependencies"));
        for repository in
            dependencies.into_iter().flat_map(Node::items).filter_map(|one| one.get("repository"))
        {
            issue::report(text, notes, fetched(repository.as_str().unwrap_or_default(), repository.span()));
        }
    }
}

/// Most lines between the name of a variable and the value that belongs to it.
const NEAR: u32 = 8;

/// The credentials in the actions of `line` that stand where the values give none; `key` is what the line is about.
fn fallbacks(line: &str, key: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0_usize;
    while let Some(open) = line.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at.saturating_add(open).saturating_add(2);
        let Some(length) = line.get(start..).and_then(|rest| rest.find("}}")) else { break };
        let action = line.get(start..start.saturating_add(length)).unwrap_or_default();
        let words = words(action);
        let literal = words.windows(2).find_map(|pair| {
            let [name, value] = pair else { return None };
            (action.get(name.clone()) == Some("default")).then(|| quoted(action, value)).flatten()
        });
        let on = words.windows(2).any(|pair| {
            matches!(pair, [name, value] if action.get(name.clone()) == Some("default")
                && action.get(value.clone()) == Some("true"))
        });
        if let Some(rule) =
            RIGHTS.iter().find(|(right, _)| *right == key).map(|(_, rule)| *rule).filter(|_| on)
        {
            let message = format!("`{key}` is on where nobody sets it");
            issues.push(Issue::new(rule, start..start.saturating_add(length), message));
        }
        if let Some((span, literal)) = literal {
            let of_values = words.iter().filter_map(|word| action.get(word.clone())).filter_map(|word| {
                let path = word.trim_start_matches('$').strip_prefix(".Values.")?;
                path.rsplit('.').next()
            });
            let found = of_values.chain([key]).find_map(|name| {
                let name = snake(name);
                let secret = variable::is_secret_name(&name);
                Some((variable::credential(&name, literal).filter(|_| secret)?, name))
            });
            if let Some((what, name)) = found {
                let message =
                    format!("where nobody sets `{name}` the chart sets a password that everyone knows");
                let span = start.saturating_add(span.start)..start.saturating_add(span.end);
                let issue = Issue::new(&SECRET, span, message).severity(what.severity);
                issues.push(issue.confidence(what.confidence).remedy(
                    "Use `required`, or let the chart draw one with `randAlphaNum` and keep it in a Secret.",
                ));
            }
        }
        at = start.saturating_add(length).saturating_add(2);
    }
    issues
}

/// Rights of the machine that a pod is given by the name of the key.
static RIGHTS: &[(&str, &Rule)] = &[
    ("privileged", &PRIVILEGED_CONTAINER),
    ("hostNetwork", &HOST_ACCESS),
    ("hostPID", &HOST_ACCESS),
    ("hostIPC", &HOST_ACCESS),
];

/// The words of an action, texts in quotes as one; brackets and bars stand apart.
fn words(action: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut begun: Option<usize> = None;
    for (at, c) in action.char_indices() {
        if let Some((start, quote)) = open {
            if c == quote {
                words.push(start..at.saturating_add(1));
                open = None;
            }
            continue;
        }
        let ends = c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | '`');
        if ends {
            words.extend(begun.take().map(|start| start..at));
        } else if begun.is_none() {
            begun = Some(at);
        }
        if matches!(c, '"' | '`') {
            open = Some((at, c));
        }
    }
    words.extend(begun.map(|start| start..action.len()));
    words
}

/// What stands between the quotes of the word at `span`, if it has any.
fn quoted<'a>(action: &'a str, span: &Range<usize>) -> Option<(Range<usize>, &'a str)> {
    let word = action.get(span.clone())?;
    let inner = word.strip_prefix(['"', '`'])?.strip_suffix(['"', '`'])?;
    Some((span.start.saturating_add(1)..span.end.saturating_sub(1), inner))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn passwords_that_a_chart_falls_back_to_are_found() {
        let template = |action: &str| {
            lines(
                "chart/templates/_helpers.tpl",
                &format!("{{{{- define \"a.b\" -}}}}\n{action}\n{{{{- end }}}}\n"),
            )
        };
        for action in [
            "{{ .Values.auth.rootPassword | default \"q8Zr1vXkT4mL\" | quote }}",
            "{{ default \"q8Zr1vXkT4mL\" .Values.dbPassword }}",
            "{{- if .Values.a }}x{{ else }}{{ (default \"q8Zr1vXkT4mL\" $.Values.db.password) | b64enc }}{{ end }}",
            "password: {{ .Values.db.word | default `q8Zr1vXkT4mL` }}",
        ] {
            assert_eq!(template(action), [(2, "secret")], "{action}");
        }
        for action in [
            "{{ .Values.auth.rootPassword | default \"\" | quote }}",
            "{{ .Values.auth.passwordKey | default \"db-password\" }}",
            "{{ .Values.auth.rootPassword | default (randAlphaNum 16) }}",
            "{{ .Values.image.tag | default \"q8Zr1vXkT4mL\" }}",
            "{{ .Values.auth.existingSecret | default \"app-secret\" }}",
            "{{ required \"a password is needed\" .Values.password }}",
        ] {
            assert_eq!(template(action), [], "{action}");
        }
    }

    #[test]
    fn rights_that_nobody_took_away_and_charts_without_encryption_are_found() {
        let pod = |value: &str| {
            lines("chart/templates/p.yaml", &format!("# .Values. default\nprivileged: {value}\n"))
        };
        assert_eq!(pod("{{ .Values.privileged | default true }}"), [(2, "privileged-container")]);
        assert_eq!(pod("{{ .Values.privileged | default false }}"), []);
        let chart = |address: &str| {
            lines(
                "Chart.yaml",
                &format!("name: a\ndependencies:\n- name: b\n  version: 1.2.3\n  repository: {address}\n"),
            )
        };
        assert_eq!(chart("http://charts.acme.dev"), [(5, "insecure-transport")]);
        assert_eq!(chart("https://charts.acme.dev"), []);
    }

    #[test]
    fn the_other_branch_of_a_variable_is_read() {
        let pod = |branch: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:aa\n    env:\n    - name: DB_PASSWORD\n      {{{{- if .Values.existingSecret }}}}\n      valueFrom: {{secretKeyRef: {{name: a, key: b}}}}\n      {{{{- else }}}}\n      {branch}\n      {{{{- end }}}}\n"
            );
            lines("chart/templates/pod.yaml", &text)
        };
        assert_eq!(pod("value: q8Zr1vXkT4mL"), [(12, "secret")]);
        assert!(
            pod("value: {{ .Values.given | default \"q8Zr1vXkT4mL\" | quote }}").contains(&(12, "secret"))
        );
        assert_eq!(pod("valueFrom: {secretKeyRef: {name: c, key: b}}"), []);
    }
}
