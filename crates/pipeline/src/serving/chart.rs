//! Templates of Helm charts: passwords that a chart falls back to where its values give none.
//!
//! Source: Helm, "Template Function List" (`default`); Go, `text/template`, "Actions" and "Pipelines".

use super::actions::{self, Action, Written, actions};
use super::helm::snake;
use crate::address::fetched;
use crate::ci::github::gaps;
use crate::rules::{
    self, HOST_ACCESS, PRIVILEGED_CONTAINER, REMOTE_CODE, ROOT_USER, SECRET, UNPINNED_INCLUDE,
};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Kind, Rule, Severity};
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
        matches!(text.extension(), "yaml" | "yml" | "tpl")
            && ["{{", ".Values."].iter().all(|mark| text.content.contains(mark))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let content = text.content;
        let mut actions = actions(content).into_iter().peekable();
        let mut around: Vec<Around<'_>> = Vec::new();
        let mut named: Option<(u32, &str)> = None;
        let (mut start, mut line) = (0_usize, 0_u32);
        for written in content.split_inclusive('\n') {
            line = line.saturating_add(1);
            let end = start.saturating_add(written.len());
            if let Some((key, value)) = setting(written)
                && key == "name"
            {
                named = Some((line, value.trim().trim_matches(['"', '\''])));
            }
            let near = named.filter(|(of, _)| line.saturating_sub(*of) <= NEAR).map(|(_, name)| name);
            while let Some(span) = actions.next_if(|span| span.start < end) {
                let head = content.floor_char_boundary(span.start.min(start.saturating_add(LONGEST_KEY)));
                let before = content.get(start..head).unwrap_or_default();
                let key = setting(before).map_or("", |(key, _)| key.trim_matches(['"', '\'']));
                let key = near.filter(|_| key == "value").unwrap_or(key);
                let action = Action::of(content.get(span.clone()).unwrap_or_default());
                issue::report(text, notes, judged(content, &span, &action, key));
                match action.keyword {
                    "if" | "with" | "range" | "define" | "block" if around.len() < DEEPEST => {
                        around.push(Around { values: action.values, key, begin: None });
                    }
                    "else" => {
                        if let Some(around) = around.last_mut() {
                            around.values.extend(action.values);
                            around.begin = Some(span.end.saturating_add(2));
                        }
                    }
                    "end" => issue::report(
                        text,
                        notes,
                        around.pop().and_then(|one| one.other(content, span.start)),
                    ),
                    _ => {}
                }
            }
            start = end;
        }
    }
}

/// What stands around an action: the values that the branch asks for, the key it began at, and where its other branch begins.
struct Around<'t> {
    values: Vec<&'t str>,
    key: &'t str,
    begin: Option<usize>,
}

impl Around<'_> {
    /// The credential that the other branch is, written on one line before its `{{ end }}`, whose action begins at `end`.
    fn other(&self, content: &str, end: usize) -> Option<Issue> {
        let begin = self.begin?;
        let text = content.get(begin..end.checked_sub(2)?)?;
        let plain = text.trim().trim_matches(['"', '\'']);
        if text.contains('\n') || plain.is_empty() || plain.contains(char::is_whitespace) {
            return None;
        }
        let from = begin.saturating_add(text.find(plain)?);
        let names = self.values.iter().copied().chain([self.key]);
        fallback(plain, names, from..from.saturating_add(plain.len()))
    }
}

/// Most branches within one another that are followed.
const DEEPEST: usize = 200;
/// Bytes of a line in which its key is looked for.
const LONGEST_KEY: usize = 256;

/// The key and the value of a line of YAML, or of its beginning.
fn setting(line: &str) -> Option<(&str, &str)> {
    line.trim().trim_start_matches("- ").split_once(':')
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
        for chart in dependencies.into_iter().flat_map(Node::items) {
            let any = chart
                .get("version")
                .filter(|version| matches!(version.as_str(), Some("*" | "x" | ">0" | ">=0" | ">0.0.0-0")));
            let newest = any.map(|version| {
                let message = "the chart is taken at its newest version";
                Issue::new(&UNPINNED_INCLUDE, version.span(), message)
            });
            issue::report(text, notes, newest);
            let Some(repository) = chart.get("repository") else { continue };
            issue::report(text, notes, fetched(repository.as_str().unwrap_or_default(), repository.span()));
        }
    }
}

/// Most lines between the name of a variable and the value that belongs to it.
const NEAR: u32 = 8;

/// What an action, at `span` of `content`, comes to where the values give nothing: a credential, or a right that nobody asked for; `key` is
/// what the line is about.
fn judged(content: &str, span: &Range<usize>, action: &Action<'_>, key: &str) -> Vec<Issue> {
    let text = content.get(span.clone()).unwrap_or_default();
    // `{{ if … }}` is no value: what it asks is whether something is switched on.
    let asks = !action.keyword.is_empty();
    let paths = || action.parts.iter().filter(|part| part.kind == Written::Path);
    let values = || paths().filter_map(|part| actions::value(text.get(part.span.clone())?));
    let names = || values().chain(action.variable).chain([key]);
    let mut issues = Vec::new();
    for part in action.parts.iter().filter(|part| part.kind != Written::Path) {
        let Some(value) = text.get(part.span.clone()) else { continue };
        let place = span.start.saturating_add(part.span.start)..span.start.saturating_add(part.span.end);
        let right =
            RIGHTS.iter().find(|right| right.value == value && names().any(|name| right.is_named(name)));
        if let Some(right) = right {
            let name = right.name;
            let message = match value {
                "true" => format!("`{name}` is on where nobody sets it"),
                _ => format!("`{name}` is {value} where nobody sets it"),
            };
            let issue = Issue::new(right.rule, span.clone(), message);
            let severity = right.severity.unwrap_or(issue.severity);
            issues.push(issue.severity(severity));
        } else if part.kind == Written::Text && !asks {
            issues.extend(fallback(value, names(), place));
        }
    }
    issues
}

/// The credential that `value` is under one of `names`, which everybody who has the chart knows.
fn fallback<'n>(value: &str, names: impl Iterator<Item = &'n str>, span: Range<usize>) -> Option<Issue> {
    let (what, name) = names.into_iter().find_map(|name| {
        let name = snake(name);
        let secret = variable::is_secret_name(&name);
        let known = || variable::known_password(&name, value);
        Some((variable::credential(&name, value).or_else(known).filter(|_| secret)?, name))
    })?;
    let message = format!("where nobody sets `{name}` the chart sets a password that everyone knows");
    let issue = Issue::new(&SECRET, span, message).severity(what.severity);
    Some(
        issue
            .confidence(what.confidence)
            .remedy("Use `required`, or let the chart draw one with `randAlphaNum` and keep it in a Secret."),
    )
}

/// A right that a pod is given by the name of a key, and the value that gives it.
struct Right {
    name: &'static str,
    value: &'static str,
    rule: &'static Rule,
    /// Where it is not that of the rule.
    severity: Option<Severity>,
}

impl Right {
    const fn of(name: &'static str, value: &'static str, rule: &'static Rule) -> Self {
        Self { name, value, rule, severity: None }
    }

    fn is_named(&self, name: &str) -> bool {
        self.name == name
            || self.name == "trustRemoteCode" && name.to_ascii_lowercase().ends_with("trust-remote-code")
    }
}

static RIGHTS: &[Right] = &[
    Right::of("privileged", "true", &PRIVILEGED_CONTAINER),
    Right {
        severity: Some(Severity::Medium),
        ..Right::of("allowPrivilegeEscalation", "true", &PRIVILEGED_CONTAINER)
    },
    Right::of("hostNetwork", "true", &HOST_ACCESS),
    Right::of("hostPID", "true", &HOST_ACCESS),
    Right::of("hostIPC", "true", &HOST_ACCESS),
    Right { severity: Some(Severity::Medium), ..Right::of("runAsUser", "0", &ROOT_USER) },
    Right { severity: Some(Severity::Medium), ..Right::of("runAsNonRoot", "false", &ROOT_USER) },
    Right::of("trustRemoteCode", "true", &REMOTE_CODE),
];

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
            "password: {{ coalesce .Values.auth.token .Values.global.token \"q8Zr1vXkT4mL\" }}",
            "password: {{ ternary \"q8Zr1vXkT4mL\" .Values.db.password .Values.demo | quote }}",
            "{{ .Values.db.password | default (printf \"%s\" \"q8Zr1vXkT4mL\") | quote }}",
            "{{ or .Values.db.password \"q8Zr1vXkT4mL\" }}",
            "{{- $password := .Values.db.word | default \"q8Zr1vXkT4mL\" -}}",
            "password: {{ if .Values.db.word }}{{ .Values.db.word }}{{ else }}q8Zr1vXkT4mL{{ end }}",
            "x: {{ with .Values.db.password }}{{ . }}{{ else }}\"q8Zr1vXkT4mL\"{{ end }}",
            "password: {{ .Values.db.word | default \"changeme\" }}",
            "{{ .Values.auth.adminPassword | default \"admin123\" }}",
        ] {
            assert_eq!(template(action), [(2, "secret")], "{action}");
        }
        let over_lines = "password: {{ .Values.db.password |\n  default\n    \"q8Zr1vXkT4mL\" | quote }}";
        assert_eq!(template(over_lines), [(4, "secret")]);
        for action in [
            "{{ .Values.auth.rootPassword | default \"\" | quote }}",
            "{{ .Values.auth.passwordKey | default \"db-password\" }}",
            "{{ .Values.auth.rootPassword | default (randAlphaNum 16) }}",
            "{{ .Values.image.tag | default \"q8Zr1vXkT4mL\" }}",
            "{{ .Values.auth.existingSecret | default \"app-secret\" }}",
            "{{ required \"a password is needed\" .Values.password }}",
            "{{ if eq .Values.auth.password \"q8Zr1vXkT4mL\" }}a{{ end }}",
            "{{ fail \"set password\" }}",
            "password: {{ if .Values.db.word }}{{ .Values.db.word }}{{ else }}{{ randAlphaNum 16 }}{{ end }}",
            "{{ .Values.auth.secretName | default \"changeme\" }}",
            "{{ .Values.auth.username | default \"admin\" }}",
            "kind: {{ ternary \"StatefulSet\" \"Deployment\" .Values.auth.password }}",
            "{{ default (printf \"%s-db\" .Release.Name) .Values.auth.existingPassword }}",
            "{{/* password: {{ .Values.password | default \"q8Zr1vXkT4mL\" }} */}}",
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
        let line = |line: &str| lines("chart/templates/p.yaml", &format!("# .Values.\n{line}\n"));
        for (written, rule) in [
            ("allowPrivilegeEscalation: {{ .Values.escalate | default true }}", "privileged-container"),
            ("runAsUser: {{ .Values.uid | default 0 }}", "root-user"),
            ("runAsNonRoot: {{ default false .Values.strict }}", "root-user"),
            (
                "- {{ if .Values.model.trustRemoteCode | default true }}--trust-remote-code{{ end }}",
                "remote-code",
            ),
        ] {
            assert_eq!(line(written), [(2, rule)], "{written}");
        }
        for written in [
            "allowPrivilegeEscalation: {{ .Values.escalate | default false }}",
            "runAsUser: {{ .Values.uid | default 1000 }}",
            "replicas: {{ .Values.replicas | default 0 }}",
            "trustRemoteCode: {{ .Values.model.trustRemoteCode | default false }}",
        ] {
            assert_eq!(line(written), [], "{written}");
        }
        let chart = |address: &str| {
            lines(
                "Chart.yaml",
                &format!("name: a\ndependencies:\n- name: b\n  version: 1.2.3\n  repository: {address}\n"),
            )
        };
        assert_eq!(chart("http://charts.acme.dev"), [(5, "insecure-transport")]);
        assert_eq!(chart("https://charts.acme.dev"), []);
        let any =
            "name: a\ndependencies:\n- name: b\n  version: \"*\"\n  repository: https://charts.acme.dev\n";
        assert_eq!(lines("Chart.yaml", any), [(4, "unpinned-include")]);
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
