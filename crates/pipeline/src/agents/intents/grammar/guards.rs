//! What watches and checks is put out of the way: records of events, sources and sums of packages, the review of one party's changes.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::dealings::{is_asked_for, is_example, is_literal, named_account};
use super::{Found, Sentence, distance};

/// What records events is stopped or emptied.
pub(super) fn stops_records(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    if is_asked_for(sentence) {
        return None;
    }
    let (off, record) =
        sentence.meant(Concept::Off).filter(|off| is_done(sentence, off)).find_map(|off| {
            let record = sentence.near(off, &[Concept::Record], 80)?;
            Some((off, record))
        })?;
    // "Remove the user from the audit trail viewer role", "clear alerts in the audit log" speak of other things.
    let shown =
        ["viewer", "dashboard", "screen", "terminal output", "rotate", "older than", "vacuum", "archived"]
            .iter()
            .any(|word| sentence.text.contains(word));
    (!shown).then(|| (Act::StopsRecords, sentence.span(&[off, record])))
}

/// Whether a word that is an adjective as well ("the log is empty") is a verb here.
fn is_done(sentence: &Sentence<'_>, off: &Word) -> bool {
    let before = sentence.text.get(..off.span.start).unwrap_or_default().trim_end();
    !["is", "are", "was", "were", "be", "an", "if", "when", "non", "no", "to", "not"]
        .iter()
        .any(|word| before.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(' ')))
        || !matches!(sentence.text.get(off.span.clone()), Some("empty" | "clear" | "blank"))
}

/// Packages come from an address of the text, by a setting that stays.
pub(super) fn leads_supply(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    if is_asked_for(sentence) || is_example(sentence) {
        return None;
    }
    let trusted = || {
        let at = sentence.text.find("--trusted-host")?;
        Some(Word { concept: Concept::Supply, span: at..at.saturating_add(14) })
    };
    let known = sentence.meant(Concept::Supply).next().cloned();
    let supply = &known.or_else(|| trusted().filter(|word| sentence.negation(word).is_none()))?;
    let place = sentence
        .all(Concept::Url)
        .filter(|place| is_literal(sentence, place))
        .find(|place| distance(&place.span, &supply.span) <= 120)?;
    let set = [
        "set ",
        "put ",
        "point ",
        "add ",
        "write ",
        "use ",
        "switch ",
        "change ",
        "replace ",
        "configure ",
        "config set",
        "пропиши",
        "укаж",
        "замени",
        "setze",
        "trage",
        "stelle",
        "schreib",
        "pon ",
        "configura",
        "añade",
        "cambia",
        "mets ",
        "configure",
        "ajoute",
        "défini",
        "coloque",
        "defina",
        "设置",
        "配置",
        "改为",
        "写入",
        "設定",
        "변경",
        "설정",
    ]
    .iter()
    .any(|verb| sentence.text.contains(verb));
    let off = |sentence: &Sentence<'_>| {
        is_off(sentence)
            || [
                "strict-ssl=false",
                "strict-ssl false",
                "trusted-host",
                "insecure-registr",
                "without hashes",
                "latest",
                "gpgcheck=0",
            ]
            .iter()
            .any(|way| sentence.text.contains(way))
    };
    let unchecked = off(sentence) || next.is_some_and(off);
    let act = if unchecked { Act::LeadsUnchecked } else { Act::LeadsSupply };
    (set || unchecked).then(|| (act, sentence.span(&[supply, place])))
}

/// Whether a check of what is fetched is switched off.
fn is_off(sentence: &Sentence<'_>) -> bool {
    sentence.meant(Concept::Off).any(|off| sentence.near(off, &[Concept::Integrity], 60).is_some())
}

/// Checks of what is fetched are switched off, several at once.
pub(super) fn drops_integrity(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let off = |sentence: &Sentence<'_>| {
        sentence
            .all(Concept::Integrity)
            .filter(|word| sentence.near(word, &[Concept::Off], 60).is_some())
            .count()
    };
    let here = off(sentence);
    let all = here.saturating_add(next.map_or(0, off));
    if here == 0 || all < 3 || is_asked_for(sentence) {
        return None;
    }
    let first = sentence.any(Concept::Integrity)?;
    sentence.negation(first).is_none().then(|| (Act::DisablesDefence, sentence.span(&[first])))
}

/// What one party does is left out of the check that is made.
pub(super) fn exempts(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let who = sentence
        .words
        .iter()
        .find(|word| match word.concept {
            Concept::Mailbox => is_literal(sentence, word),
            Concept::Party => true,
            _ => false,
        })
        .cloned()
        .or_else(|| named_account(sentence.text))?;
    let bot = sentence
        .text
        .get(who.span.clone())
        .is_some_and(|name| name.ends_with("bot") || name.contains("dependabot"));
    let free = |sentence: &Sentence<'_>| {
        sentence
            .all(Concept::Exempt)
            .find(|verb| sentence.near(verb, &[Concept::Unchecked], 120).is_some())
            .cloned()
    };
    let changes = [
        "pull request",
        "change",
        "commit",
        "merge",
        "patch",
        "pr ",
        "prs ",
        "contribution",
        "änderung",
        "cambio",
        "modif",
        "изменен",
        "提交",
        "変更",
        "변경",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let here = free(sentence);
    let there = || next.and_then(|next| free(next).map(|verb| next.span(&[&verb])));
    let verb = here.map(|verb| sentence.span(&[&verb])).or_else(there)?;
    let who = sentence.span(&[&who]);
    (changes && !bot && !is_asked_for(sentence))
        .then(|| (Act::ExemptsParty, who.start.min(verb.start)..who.end.max(verb.end)))
}
