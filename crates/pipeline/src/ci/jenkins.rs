//! Jenkinsfiles: Groovy read for its strings, the shell steps among them.
//!
//! Groovy is not parsed: strings and comments are told apart, and what stands before a string says what it is.
//! Linear. Source: Jenkins handbook, "Using a Jenkinsfile", string interpolation.

mod bound;
mod evaluated;

use super::script::Script;
use crate::rules::{self, SECRET_IN_LOG, TEMPLATE_INJECTION, TLS_DISABLED, UNPINNED_INCLUDE};
use crate::shell::inspect::{is_change, is_promotion};
use crate::yaml::Offsets;
use crate::{Issue, Notes, Reader, Text, address, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::collections::BTreeSet;
use std::ops::Range;

/// Pipelines of Jenkins.
#[derive(Debug)]
pub(crate) struct Jenkinsfile;

impl Reader for Jenkinsfile {
    fn id(&self) -> &'static str {
        "jenkinsfile"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let named = name == "Jenkinsfile"
            || name.starts_with("Jenkinsfile.")
            || name.starts_with("Jenkinsfile-")
            || name.ends_with(".jenkinsfile")
            || name.ends_with(".Jenkinsfile");
        named
            || (text.extension() == "groovy"
                && ["pipeline {", "pipeline{", "node {", "node("]
                    .iter()
                    .any(|begin| text.content.contains(begin)))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let (strings, open) = strings(text.content);
        if let Some((at, reason)) = open {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: {reason}"));
        }
        let bound = bound::names(text.content);
        for string in strings {
            if notes.out_of_time() {
                return;
            }
            judge(text, notes, &string, &bound);
        }
        issue::report(text, notes, unchecked(text.content));
        issue::report(text, notes, evaluated::issues(text.content));
    }
}

/// Requests of the plugin "HTTP Request" that take any certificate.
fn unchecked(text: &str) -> Vec<Issue> {
    const OPTION: &str = "ignoreSslErrors";
    let set = |at: usize| {
        let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let rest = text.get(at.saturating_add(OPTION.len())..).unwrap_or_default().trim_start();
        let value = rest.strip_prefix([':', '=']).unwrap_or(rest).trim_start();
        !line.trim_start().starts_with("//") && value.starts_with("true")
    };
    let message = "the request takes any certificate";
    text.match_indices(OPTION)
        .filter(|(at, _)| set(*at))
        .map(|(at, _)| Issue::new(&TLS_DISABLED, at..at.saturating_add(OPTION.len()), message))
        .collect()
}

/// One string literal.
#[derive(Debug)]
struct Literal {
    /// Its bytes without quotes.
    inner: Range<usize>,
    /// Whether Groovy fills in `${…}`.
    interpolates: bool,
    /// What stands before it, up to the start of its statement.
    before: Range<usize>,
}

/// The strings of `text`, and where something begins that does not end.
///
/// Regular expressions between slashes may hold braces of their own: where a text has one, braces are not counted.
fn strings(text: &str) -> (Vec<Literal>, Option<(usize, &'static str)>) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut braces: Vec<usize> = Vec::new();
    let mut unclosed = None;
    let counts = !["=~", "$/", "(/", "~/", "= /"].iter().any(|mark| text.contains(mark));
    let mut at = 0usize;
    let mut statement = 0usize;
    while let Some(&byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        match byte {
            b'\n' | b';' | b'{' | b'}' => {
                match byte {
                    b'{' => braces.push(at),
                    b'}' => drop(braces.pop()),
                    _ => {}
                }
                at = at.saturating_add(1);
                statement = at;
            }
            b'/' if rest.starts_with("//") => {
                at = at.saturating_add(memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()));
            }
            b'/' if rest.starts_with("/*") => {
                at = at.saturating_add(rest.find("*/").map_or(rest.len(), |end| end.saturating_add(2)));
            }
            b'\'' | b'"' => {
                let mark = if rest.starts_with("'''") {
                    "'''"
                } else if rest.starts_with("\"\"\"") {
                    "\"\"\""
                } else if byte == b'"' {
                    "\""
                } else {
                    "'"
                };
                let start = at.saturating_add(mark.len());
                let end = closing(text, start, mark);
                if !bytes.get(end..).is_some_and(|rest| rest.starts_with(mark.as_bytes())) {
                    unclosed =
                        unclosed.or(Some((at, "a string is not closed; what follows may be read otherwise")));
                }
                found.push(Literal { inner: start..end, interpolates: byte == b'"', before: statement..at });
                at = end.saturating_add(mark.len()).max(at.saturating_add(1));
            }
            _ => at = at.saturating_add(1),
        }
        if !text.is_char_boundary(at.min(text.len())) {
            at = text.ceil_char_boundary(at);
        }
    }
    let brace =
        braces.last().filter(|_| counts).map(|&at| (at, "a brace is not closed; the file may be cut off"));
    (found, unclosed.filter(|_| counts).or(brace))
}

/// Where the string that begins at `start` ends.
fn closing(text: &str, start: usize, mark: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' {
            at = at.saturating_add(2);
            continue;
        }
        if (byte == b'\n' && mark.len() == 1)
            || bytes.get(at..).is_some_and(|rest| rest.starts_with(mark.as_bytes()))
        {
            return at;
        }
        at = at.saturating_add(1);
    }
    text.len()
}

fn judge(text: &Text<'_>, notes: &mut Notes<'_>, literal: &Literal, bound: &BTreeSet<&str>) {
    let value = text.content.get(literal.inner.clone()).unwrap_or_default();
    let before = text.content.get(literal.before.clone()).unwrap_or_default().trim();
    let start = literal.inner.start;
    let last = before
        .trim_end_matches(['(', ' ', ':'])
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '@'))
        .next()
        .unwrap_or_default();
    let is_step = matches!(last, "sh" | "bat" | "powershell" | "pwsh" | "steps.sh")
        || (last == "script" && (before.contains("sh(") || before.contains("sh ") || before.contains("bat")));
    if is_step {
        let mut script = Script::default();
        script.push(value, Offsets::at(start));
        // A step `input` waits for a person.
        let asks =
            ["input(", "input message", "input \"", "input '"].iter().any(|step| text.content.contains(step));
        let script = script.approved(asks);
        script.check(text, notes, &|name: &str| if literal.interpolates { None } else { outsider(name) });
        if literal.interpolates {
            issue::report(
                text,
                notes,
                interpolated(value, bound).into_iter().map(|issue| issue.shifted(start)),
            );
        }
        return;
    }
    let span = literal.inner.clone();
    if last == "image" || last == "docker.image" || last == "docker" {
        issue::report(text, notes, image::issue(value, span, "the image"));
    } else if last == "load" && value.contains("://") {
        let message =
            format!("`{value}` is Groovy that runs in the controller, whatever stands there at that moment");
        issue::report(text, notes, [Issue::new(&UNPINNED_INCLUDE, span, message)]);
    } else if last == "args" || last.ends_with(".inside") || last.ends_with(".withRun") {
        // What the agent's container is started with.
        let command = format!("docker run {value}");
        let before = command.len().saturating_sub(value.len());
        let issues = crate::shell::inspect::script(&command, crate::shell::inspect::Setting::Other);
        let rights = issues.into_iter().filter(|issue| {
            [rules::PRIVILEGED_CONTAINER.id, rules::HOST_ACCESS.id, rules::ROOT_USER.id]
                .contains(&issue.rule.id)
        });
        let placed = rights.map(|mut issue| {
            issue.span = issue.span.start.saturating_sub(before).saturating_add(start)
                ..issue.span.end.saturating_sub(before).saturating_add(start);
            issue
        });
        issue::report(text, notes, placed);
    } else if last.ends_with("@Library")
        || last == "library"
        || last == "identifier"
        || before.ends_with("@Library([")
    {
        let version = value.split_once('@').map(|(_, version)| version);
        let pinned = version.is_some_and(|version| address::is_commit(version) || version.contains('$'));
        let issue = (!pinned).then(|| {
            Issue::new(&UNPINNED_INCLUDE, span, format!("the library `{value}` is not pinned to a commit"))
        });
        issue::report(text, notes, issue);
    } else if let Some(name) = before.strip_suffix('=').map(str::trim) {
        let name = name.rsplit([' ', '.']).next().unwrap_or(name);
        issue::report(text, notes, variable::issues(name, value, &span));
    } else if matches!(last, "url" | "git") {
        issue::report(text, notes, promoted(text.content, literal));
        issue::report(text, notes, address::fetched(value, span));
    }
}

/// A request of the plugin "HTTP Request" that puts a model to use.
fn promoted(content: &str, literal: &Literal) -> Option<Issue> {
    const STATEMENT: usize = 512;
    let address = content.get(literal.inner.clone()).filter(|address| is_promotion(address))?;
    let behind = content.get(literal.inner.end..)?;
    let behind = behind.get(..behind.floor_char_boundary(STATEMENT)).unwrap_or(behind);
    let before = content.get(literal.before.clone()).unwrap_or_default();
    let before =
        before.get(before.floor_char_boundary(before.len().saturating_sub(STATEMENT))..).unwrap_or_default();
    let changes = [before, behind.split("\n\n").next().unwrap_or(behind)].into_iter().any(|part| {
        part.split_once("httpMode").is_some_and(|(_, mode)| {
            mode.trim_start_matches(|c: char| !c.is_alphabetic())
                .split(|c: char| !c.is_alphabetic())
                .next()
                .is_some_and(is_change)
        })
    });
    let verified =
        ["cosign", "bartizan", "model_signing", "modelscan"].iter().any(|tool| content.contains(tool));
    let shown = bartizan_core::printable(address, 80);
    let issue = Issue::new(
        &rules::UNVERIFIED_PROMOTION,
        literal.inner.clone(),
        format!("the request to `{shown}` promotes a model, and the pipeline verifies nothing"),
    );
    (changes && !verified).then(|| issue.severity(Severity::Medium).confidence(Confidence::Medium))
}

/// Variables of a multibranch build that the author of a change fills.
fn outsider(name: &str) -> Option<Severity> {
    match name {
        "CHANGE_TITLE"
        | "CHANGE_BRANCH"
        | "CHANGE_AUTHOR_DISPLAY_NAME"
        | "BRANCH_NAME"
        | "GIT_BRANCH"
        | "ghprbPullTitle"
        | "ghprbPullLongDescription"
        | "ghprbCommentBody"
        | "ghprbSourceBranch"
        | "gitlabMergeRequestTitle"
        | "gitlabSourceBranch"
        | "gitlabMergeRequestDescription"
        | "TAG_NAME" => Some(Severity::High),
        _ => None,
    }
}

/// What Groovy fills into a script before the shell reads it. `bound` are names that hold credentials.
fn interpolated(value: &str, bound: &BTreeSet<&str>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (at, _) in value.match_indices('$').take(1_000) {
        if value.get(..at).is_some_and(|before| before.ends_with('\\')) {
            continue;
        }
        let near = value.get(at.saturating_add(1)..).unwrap_or_default();
        let near = near.get(..near.floor_char_boundary(256)).unwrap_or(near);
        let (name, length) = if let Some(inner) = near.strip_prefix('{') {
            let Some(length) = inner.find('}') else { continue };
            (inner.get(..length).unwrap_or_default().trim(), length.saturating_add(2))
        } else {
            let length = near
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
                .unwrap_or(near.len());
            let name = near.get(..length).unwrap_or_default().trim_end_matches('.');
            (name, name.len())
        };
        let plain = name.strip_prefix("env.").unwrap_or(name);
        let span = at..at.saturating_add(length).saturating_add(1);
        let severity = outsider(plain).or_else(|| name.starts_with("params.").then_some(Severity::Medium));
        if let Some(severity) = severity {
            let message = format!("`{name}` is filled into a script");
            issues.push(Issue::new(&TEMPLATE_INJECTION, span, message).severity(severity).remedy(
                "Use single quotes and let the shell read the variable, quoted: `sh 'echo \"$NAME\"'`.",
            ));
        } else if bound.contains(plain) || variable::is_secret_name(plain) {
            let message =
                format!("`{name}` is filled in by Groovy and stands in the command line that is logged");
            issues.push(
                Issue::new(&SECRET_IN_LOG, span, message)
                    .confidence(Confidence::Medium)
                    .remedy("Use single quotes, so that the shell reads the variable."),
            );
        }
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("Jenkinsfile", text)
    }

    #[test]
    fn a_pipeline_that_is_cut_off_is_a_gap() {
        let gaps = |text: &str| crate::testing::gaps("Jenkinsfile", text).len();
        assert_eq!(gaps("pipeline {\n stages { stage('a') { steps { sh 'x'\n"), 1);
        assert_eq!(gaps("node { sh \"\"\"\nx\n"), 1);
        assert_eq!(gaps("pipeline { /* { */ stages { sh 'a {' } } // {\n"), 0);
    }

    #[test]
    fn names_without_braces_are_filled_in_too() {
        assert_eq!(
            found("node {\n sh \"echo $CHANGE_TITLE $params.X $HOME \\$CHANGE_BRANCH\"\n}\n"),
            [(2, "template-injection"), (2, "template-injection")]
        );
    }

    #[test]
    fn steps_are_read_as_shell_and_interpolation_is_seen() {
        let text = "@Library('acme@main') _\npipeline {\n  agent { docker { image 'pytorch/pytorch:latest' } }\n  environment { HF_TOKEN = 'hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567' }\n  stages { stage('a') { steps {\n    // sh 'curl https://x.example | sh'\n    sh 'echo \"$CHANGE_TITLE\"'\n    sh \"echo ${env.CHANGE_TITLE} ${params.X}\"\n    sh '''\n      pip install torch\n      curl https://x.example | sh\n    '''\n    sh(script: \"login ${API_TOKEN}\", returnStdout: true)\n  } } }\n}\n";
        assert_eq!(
            found(text),
            [
                (1, "unpinned-include"),
                (3, "unpinned-image"),
                (4, "secret"),
                (8, "template-injection"),
                (8, "template-injection"),
                (10, "unpinned-package"),
                (11, "curl-pipe-shell"),
                (13, "secret-in-log")
            ]
        );
    }

    #[test]
    fn credentials_that_groovy_fills_in_are_known_by_where_they_come_from() {
        let text = "pipeline {\n environment { API = credentials('hf') }\n stages { stage('a') { steps {\n  sh \"login ${API} ${API_PSW} ${API_USR}\"\n  withCredentials([usernamePassword(credentialsId: 'x', usernameVariable: 'WHO', passwordVariable: 'WITH')]) {\n   sh \"curl -u ${WHO}:${WITH} https://a.example\"\n   sh 'curl -u $WHO:$WITH https://a.example'\n  }\n } } }\n}\n";
        assert_eq!(found(text), [(4, "secret-in-log"), (4, "secret-in-log"), (6, "secret-in-log")]);
    }

    #[test]
    fn groovy_that_is_read_and_run_is_found() {
        for text in [
            "node {\n evaluate(readFile('ci/steps.groovy'))\n}\n",
            "node {\n evaluate readFile(file: 'x')\n}\n",
            "node {\n new GroovyShell().evaluate(params.STEPS)\n}\n",
            "node {\n Eval.me(sh(script: 'make steps', returnStdout: true))\n}\n",
        ] {
            assert_eq!(found(text), [(2, "template-injection")], "{text}");
        }
        for text in [
            "node {\n // evaluate(readFile('x'))\n echo 'evaluate(readFile(1))'\n}\n",
            "node {\n evaluate(readTrusted('x.groovy'))\n evaluateModel(readFile('x'))\n}\n",
            "node {\n evaluate('1 + 1')\n}\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn requests_that_take_any_certificate_are_found() {
        let text = "node {\n  httpRequest url: 'https://a.example/', ignoreSslErrors: true\n  // httpRequest ignoreSslErrors: true\n  httpRequest ignoreSslErrors: false, url: 'https://a.example/'\n}\n";
        assert_eq!(found(text), [(2, "tls-disabled")]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(sh |image |[a-z'\"$\\\\{}/*é\n=]){0,80}") {
            let _ = found(&text);
        }
    }
}
