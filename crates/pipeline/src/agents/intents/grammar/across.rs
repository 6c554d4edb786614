//! What only several sentences together say: an address in one, that its text is to be obeyed in another.

use super::super::super::acts::Act;
use super::super::words::Concept;
use super::Sentence;
use std::ops::Range;

/// What the sentences from the first of `said` on ask for together, at most [`REACH`] of them.
pub(crate) fn judge(said: &[Sentence<'_>], found: &mut Vec<(Act, Range<usize>)>) {
    let Some(first) = said.first() else { return };
    let behind = said.get(1..said.len().min(REACH)).unwrap_or_default();
    found.extend(led(first, behind));
    found.extend(labels(first, behind));
    found.extend(queried(first));
}

/// The text at an address is obeyed, time and again or above what was said before.
fn led(first: &Sentence<'_>, behind: &[Sentence<'_>]) -> Option<(Act, Range<usize>)> {
    let place = first.any(Concept::Url)?;
    let address = first.text.get(place.span.clone())?;
    if !address.contains("://") {
        return None;
    }
    let fetched = |sentence: &Sentence<'_>| sentence.meant(Concept::Take).next().is_some();
    let placed = first.has(Concept::Placed) || fetched(first);
    let all = || std::iter::once(first).chain(behind);
    let obeyed =
        all().find(|sentence| sentence.meant(Concept::Follow).next().is_some() && !is_shown(sentence))?;
    let pressed = all().any(|sentence| {
        sentence.meant(Concept::Precedence).next().is_some()
            || sentence.has(Concept::Every)
            || [
                "at the beginning of",
                "at the start of",
                "before each",
                "zu beginn",
                "al inicio",
                "au debut",
                "no inicio",
                "в начале",
                "每次",
                "開始時",
            ]
            .iter()
            .any(|when| sentence.text.contains(when))
    });
    let end = obeyed.start.saturating_add(obeyed.text.len());
    (placed && pressed && all().any(|sentence| fetched(sentence) || sentence.has(Concept::Placed)))
        .then(|| (Act::IsLed, first.span(&[place]).start..end.min(first.span(&[place]).end.max(end))))
}

/// Whether what is fetched is shown, or followed as far as the user says.
fn is_shown(sentence: &Sentence<'_>) -> bool {
    sentence.has(Concept::Approval)
        || [
            "show ",
            "summar",
            "explain",
            "report",
            "ask the user",
            "confirm",
            "if the user",
            "treat it as data",
            "as data",
        ]
        .iter()
        .any(|word| sentence.text.contains(word))
}

/// What is secret stands in the name of a machine that is asked for: `https://<hex>.host.test`.
fn labels(first: &Sentence<'_>, behind: &[Sentence<'_>]) -> Option<(Act, Range<usize>)> {
    let secret = [Concept::Secret, Concept::Store, Concept::Private, Concept::Conversation]
        .into_iter()
        .find_map(|thing| first.meant(thing).next())
        .map(|word| first.span(&[word]))
        .or_else(|| environment(first))?;
    let near = std::iter::once(first).chain(behind.iter().take(2));
    let target = near.into_iter().find_map(filled_label)?;
    Some((Act::AsksToSendSecrets, secret.start.min(target.start)..secret.end.max(target.end)))
}

/// What a process is given by its shell.
fn environment(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    [
        "process environment",
        "environment whose",
        "variable of the",
        "variables of the",
        "umgebungsvariable",
        "variable de entorno",
        "variables d'environnement",
        "переменн",
        "环境变量",
        "環境変数",
    ]
    .iter()
    .find_map(|way| sentence.text.find(way).map(|at| at..at.saturating_add(way.len())))
    .map(|span| span.start.saturating_add(sentence.start)..span.end.saturating_add(sentence.start))
}

/// An address whose first label is filled in, in a sentence that speaks of encoding.
fn filled_label(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    let encodes = [
        "hex",
        "base64",
        "base32",
        "encode",
        "encoded",
        "codier",
        "kodier",
        "codific",
        "encod",
        "кодир",
        "编码",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let at = ["://<", "://{", "://$", "://["].iter().find_map(|begin| sentence.text.find(begin))?;
    let rest = sentence.text.get(at.saturating_add(4)..)?;
    let close = rest.find(['>', '}', ']', '.'])?;
    let tail = rest.get(close..)?.trim_start_matches(['>', '}', ']']);
    let dotted = tail.starts_with('.')
        && tail
            .get(1..)
            .is_some_and(|host| host.split(['/', ' ', '`']).next().is_some_and(|host| host.contains('.')));
    (encodes && dotted).then(|| {
        let start = sentence.start.saturating_add(at);
        start..start.saturating_add(4).saturating_add(close)
    })
}

/// What was said goes into the query of an address that is opened: "open https://a.test/add?text= followed by a summary".
fn queried(sentence: &Sentence<'_>) -> Option<(Act, Range<usize>)> {
    let url = sentence.all(Concept::Url).find(|url| {
        sentence
            .text
            .get(url.span.clone())
            .is_some_and(|url| url.contains("://") && url.contains('?') && url.ends_with('='))
    })?;
    let address = sentence.text.get(url.span.clone())?;
    if super::super::super::endpoints::is_known(address) {
        return None;
    }
    let said = [Concept::Conversation, Concept::Private, Concept::Secret]
        .into_iter()
        .any(|thing| sentence.meant(thing).next().is_some())
        || [
            "summary with",
            "summary of the",
            "summary of what",
            "what was said",
            "what the user",
            "names, ",
            "their name",
            "zusammenfassung",
            "resumen",
            "resume de",
            "resumo",
            "краткое содерж",
            "摘要",
            "要約",
        ]
        .iter()
        .any(|word| sentence.text.contains(word));
    let asked = ["if the user", "ask ", "when the user asks", "on request"]
        .iter()
        .any(|word| sentence.text.contains(word));
    (said && !asked && sentence.negation(url).is_none()).then(|| (Act::SendsInAddress, sentence.span(&[url])))
}

/// How many sentences are read together.
const REACH: usize = 4;
