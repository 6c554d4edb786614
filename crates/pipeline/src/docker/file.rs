//! Dockerfiles: base images, users, what is fetched and what is written into the image.

use super::instructions::{Instruction, read};
use crate::address::{clear, is_commit};
use crate::python::embedded;
use crate::rules::{
    self, PACKAGED_SECRET, ROOT_USER, UNPINNED_SOURCE, UNVERIFIED_DOWNLOAD, holds_credentials,
};
use crate::shell::inspect::{self, Setting};
use crate::yaml::Yaml;
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::collections::BTreeMap;
use std::ops::Range;

/// Dockerfiles and Containerfiles.
#[derive(Debug)]
pub(crate) struct Dockerfile;

impl Reader for Dockerfile {
    fn id(&self) -> &'static str {
        "dockerfile"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name().to_ascii_lowercase();
        let named = ["dockerfile", "containerfile"].iter().any(|known| {
            name == *known
                || name.strip_prefix(known).is_some_and(|rest| rest.starts_with(['.', '-', '_']))
                || name.strip_suffix(known).is_some_and(|rest| rest.ends_with(['.', '-', '_']))
        });
        let ignored = name.ends_with(".dockerignore")
            || [".md", ".py", ".rs", ".go", ".json", ".yml", ".yaml", ".sh"]
                .iter()
                .any(|end| name.ends_with(end));
        named
            && !ignored
            && text
                .content
                .lines()
                .any(|line| line.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("from ")))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let instructions = read(text.content);
        let mut image =
            Image { text, arguments: BTreeMap::new(), stages: Vec::new(), user: None, begun: false };
        for instruction in &instructions {
            if notes.out_of_time() {
                return;
            }
            let issues = image.take(instruction);
            issue::report(text, notes, issues);
        }
        let end = instructions.last().map(|last| &last.span);
        issue::report(text, notes, image.root(end));
    }
}

/// How a build is given what nobody may read afterwards.
const MOUNTED: &str = "Mount it for the step that needs it: `RUN --mount=type=secret,id=…`.";
/// Instructions that say nothing here.
const OTHERS: &[&str] = &["LABEL", "MAINTAINER", "EXPOSE", "VOLUME", "WORKDIR", "STOPSIGNAL"];

struct Image<'t> {
    text: &'t Text<'t>,
    /// `ARG` defaults before the first stage and in stages.
    arguments: BTreeMap<String, String>,
    /// Names of stages, and the user each was left with.
    stages: Vec<(String, bool)>,
    /// The user of this stage, and where it was set.
    user: Option<(String, Range<usize>)>,
    begun: bool,
}

impl Image<'_> {
    fn take(&mut self, instruction: &Instruction) -> Vec<Issue> {
        let arguments = self.text.content.get(instruction.arguments.clone()).unwrap_or_default();
        let start = instruction.arguments.start;
        let shifted =
            |issues: Vec<Issue>| issues.into_iter().map(|issue| issue.shifted(start)).collect::<Vec<_>>();
        match instruction.name.as_str() {
            "FROM" => self.stage(arguments, start),
            "ARG" => self.argument(arguments, start),
            "ENV" => {
                let mut issues = environment(arguments, start);
                issues.extend(self.kept_secret(arguments, start));
                issues
            }
            "USER" => {
                self.user = Some((self.expanded(arguments.trim()), instruction.arguments.clone()));
                Vec::new()
            }
            "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "ONBUILD" | "SHELL" => {
                let setting = if instruction.name == "RUN" { Setting::Image } else { Setting::Other };
                let insecure = instruction
                    .flags
                    .iter()
                    .find(|(flag, value, _)| flag == "security" && value == "insecure");
                let mut issues: Vec<Issue> = insecure
                    .map(|(.., span)| {
                        Issue::new(
                            &rules::PRIVILEGED_CONTAINER,
                            span.clone(),
                            "the build step runs with all rights of the machine",
                        )
                    })
                    .into_iter()
                    .collect();
                let mut found = shifted(run(arguments, setting));
                // A later step may check a commit out of what this one cloned.
                found.retain(|issue| {
                    issue.rule.id != UNPINNED_SOURCE.id
                        || !issue.message.ends_with(inspect::KEPT)
                        || !self.checks_out()
                });
                issues.extend(found);
                for document in &instruction.documents {
                    let part = self.text.content.get(document.clone()).unwrap_or_default();
                    let python = inspect::feeds_python(arguments) || embedded::is_script(part);
                    let found = if python { embedded::issues(part) } else { inspect::script(part, setting) };
                    issues.extend(found.into_iter().map(|issue| issue.shifted(document.start)));
                }
                issues
            }
            "ADD" => add(instruction, arguments, start),
            "COPY" => self.copy(instruction, arguments),
            name if self.is_unknown(name) => {
                let reason = format!(
                    "`{}` is no instruction, which ends the build here; mend it or say its syntax in the first line",
                    bartizan_core::printable(name, 40)
                );
                vec![Issue::unread(instruction.span.clone(), reason)]
            }
            _ => Vec::new(),
        }
    }

    /// Whether no builder knows the instruction `name`. What a template fills in is none, and another syntax may have its own.
    fn is_unknown(&self, name: &str) -> bool {
        let other = self.text.content.lines().take_while(|line| line.starts_with('#')).any(|line| {
            let line = line.trim_start_matches('#').trim_start();
            line.strip_prefix("syntax").is_some_and(|rest| !rest.contains("docker/dockerfile"))
        });
        !other && !OTHERS.contains(&name) && name.bytes().all(|byte| byte.is_ascii_uppercase())
    }

    /// Whether a commit is checked out anywhere in the file.
    fn checks_out(&self) -> bool {
        let content = self.text.content;
        content.contains("checkout") && content.split(|c: char| c.is_whitespace() || c == '=').any(is_commit)
    }

    fn stage(&mut self, arguments: &str, start: usize) -> Vec<Issue> {
        self.leave();
        self.begun = true;
        let mut words = arguments.split_whitespace();
        let Some(written) = words.next() else { return Vec::new() };
        let name = words
            .skip_while(|word| !word.eq_ignore_ascii_case("as"))
            .nth(1)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let reference = self.expanded(written);
        let from = self
            .stages
            .iter()
            .rev()
            .find(|(stage, _)| !stage.is_empty() && *stage == reference.to_ascii_lowercase());
        let inherited = from.map(|(_, is_root)| *is_root);
        self.user = match inherited {
            Some(false) => Some(("inherited".to_owned(), start..start)),
            _ if ["nonroot", "rootless", "chainguard/", "cgr.dev/", "jupyter/", "kserve/"]
                .iter()
                .any(|part| reference.contains(part)) =>
            {
                Some(("image".to_owned(), start..start))
            }
            _ => None,
        };
        self.stages.push((name, true));
        if inherited.is_some() {
            return Vec::new();
        }
        let at = arguments.find(written).unwrap_or_default();
        let span = start.saturating_add(at)..start.saturating_add(at).saturating_add(written.len());
        image::issue(&reference, span, "the base image").into_iter().collect()
    }

    /// Notes the user that the stage ends with.
    fn leave(&mut self) {
        let is_root = self.user.as_ref().is_none_or(|(user, _)| is_root(user));
        if let Some(stage) = self.stages.last_mut() {
            stage.1 = is_root;
        }
    }

    fn argument(&mut self, arguments: &str, start: usize) -> Vec<Issue> {
        let (name, value) = arguments.split_once('=').unwrap_or((arguments, ""));
        let value = value.trim().trim_matches(['"', '\'']);
        self.arguments.insert(name.trim().to_owned(), value.to_owned());
        let span = start..start.saturating_add(arguments.len());
        if value.is_empty() && variable::is_secret_name(name.trim()) {
            // Source: Docker, build checks, `SecretsUsedInArgOrEnv`.
            let message = format!(
                "the build argument `{}` is a credential: the history of the image tells it",
                bartizan_core::printable(name.trim(), 40)
            );
            let issue = Issue::new(&rules::SECRET, span, message).severity(Severity::Low);
            return vec![issue.confidence(Confidence::Medium).remedy(MOUNTED)];
        }
        variable::issues(name.trim(), value, &span)
    }

    /// A build argument with the name of a credential that becomes a variable of the image: whoever has the image reads it.
    fn kept_secret(&self, arguments: &str, start: usize) -> Option<Issue> {
        let script = crate::shell::Script::read(arguments);
        let command = script.commands.first()?;
        let pairs = command
            .assignments
            .iter()
            .map(|one| (one.name.as_str(), one.value.text.as_str(), one.value.span.clone()));
        let mut named = pairs.chain(command.words.iter().filter_map(|word| {
            word.text.split_once('=').map(|(name, value)| (name, value, word.span.clone()))
        }));
        let (name, _, span) = named.find(|(name, value, _)| {
            let argument = value.trim_start_matches('$').trim_matches(['{', '}']);
            value.starts_with('$') && variable::is_secret_name(name) && self.arguments.contains_key(argument)
        })?;
        let message = format!("the build argument behind `{name}` stays in the image, for whoever pulls it");
        let issue =
            Issue::new(&rules::SECRET, span, message).severity(Severity::Medium).confidence(Confidence::High);
        Some(issue.shifted(start).remedy(MOUNTED))
    }

    fn expanded(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (name, value) in self.arguments.iter().filter(|(_, value)| !value.is_empty()).rev() {
            shown = shown.replace(&format!("${{{name}}}"), value);
            if let Some(at) = shown.find(&format!("${{{name}:-")) {
                let end = shown
                    .get(at..)
                    .and_then(|rest| rest.find('}'))
                    .map_or(shown.len(), |length| at.saturating_add(length).saturating_add(1));
                shown.replace_range(at..end, value);
            }
            shown = shown.replace(&format!("${name}"), value);
        }
        shown
    }

    fn copy(&self, instruction: &Instruction, arguments: &str) -> Vec<Issue> {
        let from = instruction.flags.iter().find(|(flag, ..)| flag == "from");
        let Some((_, reference, span)) = from else {
            return packaged(instruction, arguments).into_iter().collect();
        };
        let known = reference.chars().all(|c| c.is_ascii_digit())
            || self.stages.iter().any(|(stage, _)| *stage == reference.to_ascii_lowercase());
        if known || !(reference.contains('/') || reference.contains(':')) {
            return Vec::new();
        }
        image::issue(&self.expanded(reference), span.clone(), "the image").into_iter().collect()
    }

    /// The issue of an image whose last stage is root's.
    fn root(mut self, last: Option<&Range<usize>>) -> Option<Issue> {
        self.leave();
        if !self.begun || !self.stages.last()?.1 {
            return None;
        }
        let (span, message) = match &self.user {
            Some((_, span)) => (span.clone(), "the image is told to run as root"),
            None => (last?.clone(), "the image runs as root: no stage it is made of sets another user"),
        };
        let severity = if self.user.is_some() { Severity::Medium } else { ROOT_USER.severity };
        Some(Issue::new(&ROOT_USER, span, message).severity(severity).confidence(Confidence::Medium))
    }
}

/// A file of credentials that the image is given.
fn packaged(instruction: &Instruction, arguments: &str) -> Option<Issue> {
    let arguments = arguments.trim().trim_start_matches('[').trim_end_matches(']');
    let mut words =
        arguments.split([' ', '\t', ',', '\n', '"']).filter(|word| !word.is_empty() && *word != "\\");
    // The last is where they are put.
    words.next_back()?;
    let file = words.find(|word| holds_credentials(word))?;
    let message = format!("`{}` becomes part of the image", bartizan_core::printable(file, 80));
    Some(Issue::new(&PACKAGED_SECRET, instruction.span.clone(), message))
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next().unwrap_or(user), "root" | "0")
}

/// A command in shell form, or the words of its JSON form.
fn run(arguments: &str, setting: Setting) -> Vec<Issue> {
    if arguments.starts_with('[') {
        let yaml = Yaml::read(arguments);
        if yaml.stops.is_empty()
            && let Some(list) = yaml.root().filter(|root| root.is_sequence())
        {
            let mut issues = inspect::words(&crate::serving::words(list), setting);
            let script =
                list.items().last().filter(|last| last.as_str().is_some_and(|text| text.contains(' ')));
            if let Some(script) = script {
                let inner = inspect::script(script.as_str().unwrap_or_default(), setting);
                issues.extend(inner.into_iter().map(|mut issue| {
                    issue.span = script.bytes_of(issue.span);
                    issue
                }));
            }
            return issues;
        }
    }
    inspect::script(&uncommented(arguments), setting)
}

/// The command with the comment lines between its continued lines blanked.
fn uncommented(arguments: &str) -> String {
    let mut shown = String::with_capacity(arguments.len());
    for (index, line) in arguments.split_inclusive('\n').enumerate() {
        let comment = index > 0 && line.trim_start().starts_with('#');
        let blank = index > 0 && line.trim().is_empty();
        if comment || blank {
            // As long as the line was, and still continued.
            let body = line.trim_end_matches(['\n', '\r']);
            let kept = body.len().saturating_sub(1);
            shown.extend(std::iter::repeat_n(' ', if comment { kept } else { body.len() }));
            if comment {
                shown.push('\\');
            } else if line.ends_with('\n') {
                shown.push(' ');
                continue;
            }
            shown.push_str(line.get(body.len()..).unwrap_or_default());
        } else {
            shown.push_str(line);
        }
    }
    shown
}

/// `ENV a=b c="d e"` and `ENV a b`.
fn environment(arguments: &str, start: usize) -> Vec<Issue> {
    let first = arguments.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let (name, value) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
        let at = start..start.saturating_add(arguments.len());
        return variable::issues(name, value.trim().trim_matches('"'), &at);
    }
    let script = crate::shell::Script::read(arguments);
    let pairs = script.commands.iter().flat_map(|command| {
        let named = command.words.iter().filter_map(|word| {
            word.text
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned(), word.span.clone()))
        });
        let set = command
            .assignments
            .iter()
            .map(|one| (one.name.clone(), one.value.text.clone(), one.value.span.clone()));
        set.chain(named).collect::<Vec<_>>()
    });
    pairs
        .flat_map(|(name, value, span)| variable::issues(&name, &value, &span))
        .map(|issue| issue.shifted(start))
        .collect()
}

fn add(instruction: &Instruction, arguments: &str, start: usize) -> Vec<Issue> {
    let span = start..start.saturating_add(arguments.len());
    let checked = instruction.flags.iter().any(|(flag, ..)| flag == "checksum");
    let source = arguments.split_whitespace().next().unwrap_or_default();
    let mut issues = Vec::new();
    if let Some(clear) = clear(arguments) {
        let message = format_args!("{} is fetched without encryption", clear.address);
        issues.push(clear.source_issue(span.clone(), message));
    }
    if let Some(why) = inspect::address_moves(source) {
        issues.push(Issue::new(&rules::UNPINNED_MODEL, span, why));
    } else if source.split('#').next().is_some_and(|place| [".git"].iter().any(|end| place.ends_with(end))) {
        let revision =
            source.split_once('#').map_or("", |(_, revision)| revision.split(':').next().unwrap_or(revision));
        if !is_commit(revision) {
            issues.push(Issue::new(
                &UNPINNED_SOURCE,
                span,
                format!("{source} is added at a commit that can move"),
            ));
        }
    } else if !checked && source.starts_with("https://") {
        let message = format!("{source} is added without a checksum");
        issues.push(
            Issue::new(&UNVERIFIED_DOWNLOAD, span, message)
                .severity(Severity::Medium)
                .remedy("Add `--checksum=sha256:<digest>`."),
        );
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("Dockerfile", text)
    }

    const BASE: &str =
        "FROM python@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";

    #[test]
    fn what_is_cloned_into_an_image_is_told_unless_a_commit_is_checked_out() {
        let found = |more: &str| {
            let text =
                format!("FROM a@sha256:aa\nRUN git clone https://g.example/a/app /app\n{more}USER 1\n");
            crate::testing::lines("Dockerfile", &text)
        };
        assert_eq!(found(""), [(2, "unpinned-source")]);
        assert_eq!(found("RUN git -C /app checkout 0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012\n"), []);
    }

    #[test]
    fn what_is_no_instruction_is_a_gap() {
        let gaps = |text: &str| crate::testing::gaps("Dockerfile", text).len();
        assert_eq!(gaps("FROM a@sha256:aa\nBLAH foo\nUSER 1\n"), 1);
        assert_eq!(gaps("FROM a@sha256:aa\nLABEL x=y\nexpose 80\n{{ more }}\nUSER 1\n"), 0);
        assert_eq!(gaps("# syntax=devthefuture/dockerfile-x\nFROM a@sha256:aa\nINCLUDE b\nUSER 1\n"), 0);
    }

    #[test]
    fn stages_arguments_and_users_are_followed() {
        let text = "ARG TAG=latest\nFROM python:${TAG} AS base\nUSER 1000\nFROM base\nRUN pip install x==1\n";
        assert_eq!(found(text), [(2, "unpinned-image")]);
        let text = "FROM python:3.12@sha256:aa AS base\nUSER 1000\nFROM base AS b\nUSER root\n";
        assert_eq!(found(text), [(4, "root-user")]);
        assert_eq!(found(&format!("{BASE}RUN ls\n")), [(2, "root-user")]);
        let kept = format!("{BASE}ARG HF_TOKEN\nENV HF_TOKEN=$HF_TOKEN\nUSER 1000\n");
        assert_eq!(found(&kept), [(2, "secret"), (3, "secret")]);
        assert_eq!(found(&format!("{BASE}ARG VERSION\nENV VERSION=$VERSION\nUSER 1000\n")), []);
    }

    #[test]
    fn files_of_credentials_that_are_copied_are_found() {
        let copied = |arguments: &str| found(&format!("{BASE}COPY {arguments}\nUSER 1000\n"));
        for arguments in
            [".env /app/.env", "--chown=1000 id_rsa /root/.ssh/id_rsa", "[\"a.py\", \".env\", \"/app/\"]"]
        {
            assert_eq!(copied(arguments), [(2, "packaged-secret")], "{arguments}");
        }
        for arguments in [". /app", ".env.example /app/.env", "certs/ca.pem /etc/ssl/", "app.py /app/.env"] {
            assert_eq!(copied(arguments), [], "{arguments}");
        }
    }

    #[test]
    fn what_a_build_fetches_and_keeps_is_judged() {
        let text = format!(
            "{BASE}ADD http://x.example/m.bin /m\nADD https://x.example/m.bin /m\nENV A=1 DB_PASSWORD=hunter2!\nARG HF_TOKEN\nRUN set -e; \\\n  # note\n  curl https://x.example | sh\nRUN <<EOF\npip install torch\nEOF\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\nCMD [\"vllm\", \"serve\", \"acme/net\", \"--trust-remote-code\"]\nUSER 1000\n"
        );
        assert_eq!(
            found(&text),
            [
                (2, "insecure-transport"),
                (3, "unverified-download"),
                (4, "secret"),
                (5, "secret"),
                (8, "curl-pipe-shell"),
                (10, "unpinned-package"),
                (12, "unpinned-image"),
                (13, "remote-code"),
                (13, "unpinned-model"),
            ]
        );
    }

    #[test]
    fn a_here_document_for_an_interpreter_is_read_as_python() {
        let file = |run: &str| {
            format!(
                "FROM a@sha256:00\nRUN {run}\nimport torch\ntorch.load('m', weights_only=False)\nPY\nUSER 1\n"
            )
        };
        for run in ["python3 - <<'PY'", "python <<PY", "<<PY\n#!/usr/bin/env python3"] {
            let found = crate::testing::lines("Dockerfile", &file(run));
            assert!(found.iter().any(|(_, rule)| *rule == "unsafe-deserialization"), "{run}: {found:?}");
        }
        assert_eq!(crate::testing::lines("Dockerfile", &file("cat <<PY > load.py")), []);
    }
}
