//! A skill that does more than it says.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use crate::agents::beside::{Neighbour, neighbours};
use crate::agents::endpoints;
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// Files beside a skill that together take secrets and send data, or that send data or evaluate code while the skill speaks of nothing of the sort; programs among its files; and a text that leads to an address of which its description says nothing (low).
    /// ## Why it matters
    /// A reader judges a skill by its description; an agent runs its scripts.
    /// ## Example
    /// A "text formatter" whose helper posts the environment.
    /// ## How to fix
    /// Declare it or remove it.
    /// ## References
    /// - <https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/>
    pub const UNDECLARED_BEHAVIOUR: Rule = Rule {
        id: "agent/undeclared-behaviour",
        title: "a skill that does more than it says",
        severity: Severity::High,
        remedy: "Say it in the description, or remove it.",
        taxonomies: &[owasp_agentic("ASI09"), owasp_agentic("ASI04"), cwe(506)],
    };
}

/// Looks at the files beside the description of a skill, all together.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for place in endpoints::undeclared(reading) {
        let shown = bartizan_core::printable(reading.folded_at(place.clone()), 80);
        let message = format!("it leads to `{shown}`, of which its description says nothing");
        let finding =
            Finding::new(&UNDECLARED_BEHAVIOUR, message).severity(Severity::Low).confidence(Confidence::Low);
        notes.report(reading.text, place, finding);
    }
    let beside = neighbours(reading.text, &reading.subject, notes);
    super::combined::check(reading, &beside, notes);
    if beside.is_empty() {
        return;
    }
    let place = reading.document.field("description").map_or(0..0, |(_, span)| span);
    let scripts = || beside.iter().filter(|file| file.script);
    let kept = ["backup", "back up", "sync", "archive"].iter().any(|word| reading.subject.contains(word));
    let taken =
        scripts().find_map(|file| file.first(|act| act.takes_secrets() && !(kept && act == Act::ReadsHome)));
    let sent = scripts().find_map(|file| file.first(|act| matches!(act, Act::Sends | Act::SendsInAddress)));
    let pair = |first: &(&Neighbour, usize, Act), second: &(&Neighbour, usize, Act)| {
        format!(
            "{} line {} {}; {} line {} {}",
            first.0.name,
            first.1,
            first.2.what(),
            second.0.name,
            second.1,
            second.2.what()
        )
    };
    if let (Some(taken), Some(sent)) = (&taken, &sent) {
        let finding = Finding::new(&UNDECLARED_BEHAVIOUR, pair(taken, sent))
            .severity(Severity::Critical)
            .confidence(Confidence::Medium);
        notes.report(reading.text, place, finding);
    } else if let Some((file, line, act)) =
        sent.filter(|(file, _, _)| !file.own && !speaks_of_network(&reading.folded))
    {
        let message = format!("{} line {line} {}, of which the skill says nothing", file.name, act.what());
        let finding = Finding::new(&UNDECLARED_BEHAVIOUR, message).confidence(Confidence::Medium);
        notes.report(reading.text, place, finding);
    }
    let obeyed = reading.signs.iter().find(|sign| sign.act == Act::ObeysOutput && !sign.aside);
    let asked = scripts().filter(|file| !file.own).find_map(|file| file.first(|act| act == Act::Fetches));
    if let (Some(sign), Some((file, line, act))) = (obeyed, asked) {
        let message = format!("{}; {} line {line} {}", sign.act.what(), file.name, act.what());
        let finding = Finding::new(&UNDECLARED_BEHAVIOUR, message).confidence(Confidence::Medium);
        notes.report(reading.text, sign.span.clone(), finding);
    }
    for file in beside.iter().filter(|file| file.program.is_some()) {
        let what = file.program.unwrap_or_default();
        let severity = if what.starts_with("the test") { Severity::Critical } else { Severity::High };
        let finding = Finding::new(&UNDECLARED_BEHAVIOUR, format!("{} beside it is {what}", file.name))
            .severity(severity);
        notes.report(reading.text, 0..0, finding);
    }
}

/// Whether the text says that something goes over a network. Words count, not letters inside other words.
fn speaks_of_network(folded: &str) -> bool {
    let network = |word: &str| {
        NETWORK.iter().any(|begins| word.starts_with(begins))
            || ["api", "url"].iter().any(|end| word.ends_with(end))
    };
    !claims_no_network(folded)
        && (folded.split(|c: char| !c.is_alphanumeric()).any(network)
            || ["发送", "上传", "网络", "送信", "전송"].iter().any(|word| folded.contains(word)))
}

/// Whether the text says that nothing goes over a network.
fn claims_no_network(folded: &str) -> bool {
    OFFLINE.iter().any(|words| {
        folded.find(words).is_some_and(|at| {
            let before =
                folded.get(folded.floor_char_boundary(at.saturating_sub(16))..at).unwrap_or_default();
            !["when ", "if ", "while ", "not ", "n't "].iter().any(|word| before.contains(word))
        })
    })
}

/// Beginnings of words by which a text says that something goes over a network.
static NETWORK: [&str; 38] = [
    "http",
    "api",
    "upload",
    "network",
    "web",
    "url",
    "send",
    "slack",
    "email",
    "server",
    "request",
    "post",
    "online",
    "remote",
    "cloud",
    "fetch",
    "download",
    "publish",
    "deploy",
    "notif",
    "mcp",
    "llm",
    "sync",
    "database",
    "browser",
    "tweet",
    "telegram",
    "discord",
    "rest",
    "graphql",
    "endpoint",
    "client",
    "hochlad",
    "netzwerk",
    "subir",
    "envoie",
    "отправ",
    "сеть",
];
/// Ways of saying that nothing goes over a network.
static OFFLINE: [&str; 14] = [
    "works offline",
    "runs offline",
    "fully offline",
    "entirely offline",
    "no network access",
    "no network is",
    "without network",
    "without a network",
    "without internet",
    "nothing leaves the machine",
    "stays on this machine",
    "hors ligne",
    "sin conexión",
    "ohne netz",
];
