//! What is kept from the user: the act itself, or the question before it.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::{OBJECT, Sentence, overlaps};
use std::ops::Range;

/// The user, or what the user reads, is not told.
pub(super) fn stays_silent(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    if [
        "unless",
        "until",
        "if they did",
        "before they",
        "before the user",
        "es sei denn",
        "a menos que",
        "sauf si",
    ]
    .iter()
    .any(|way| sentence.text.contains(way))
    {
        return None;
    }
    sentence.all(Concept::Tell).find_map(|verb| {
        let not = sentence.negation(verb)?;
        // What the user did not mention, and what one cannot describe, is kept from no one.
        let before = sentence.text.get(..not.span.start).unwrap_or_default().trim_end();
        let by_user =
            ["user did", "user does", "user has", "users do", "they did", "can", "could", "user do"]
                .iter()
                .any(|end| before.ends_with(end));
        let word = sentence.text.get(not.span.clone()).unwrap_or_default();
        if word == "cannot" || by_user {
            return None;
        }
        // Verbs that serve many other things must follow at once and have whom behind them.
        let said = sentence.text.get(verb.span.clone()).unwrap_or_default();
        if WEAK.contains(&said) {
            let close = verb.span.start.saturating_sub(not.span.end) <= 12;
            let behind = sentence.words.iter().any(|word| {
                matches!(word.concept, Concept::User | Concept::Report) && word.span.start >= verb.span.end
            });
            if !close || !behind {
                return None;
            }
        }
        // "When none is found, tell the user": the comma ends what is negated.
        let behind = sentence.text.get(not.span.end..verb.span.start).unwrap_or_default();
        if behind.contains(", ") && sentence.text.get(verb.span.clone()).is_some_and(str::is_ascii) {
            return None;
        }
        let whom = sentence
            .near(verb, &[Concept::User], 60)
            .or_else(|| sentence.near(verb, &[Concept::Report], 60).filter(|_| points_back(sentence.text)))?;
        // To keep secrets and private things out of sight is care.
        let careful = sentence.near(verb, &[Concept::Secret, Concept::Private, Concept::Store], 60).is_some();
        let technical =
            ["raw ", "internal", "intermediate", "verbose", "technical", "solution", "stack trace", "jargon"]
                .iter()
                .any(|word| sentence.text.contains(word));
        (!careful && !technical).then(|| (Act::Conceals, sentence.span(&[verb, not, whom])))
    })
}

/// Verbs of saying that also serve other things.
static WEAK: [&str; 15] = [
    "list",
    "state",
    "show",
    "showing",
    "display",
    "quote",
    "describe",
    "explain",
    "refer",
    "report",
    "raise",
    "expose",
    "discuss",
    "point out",
    "announce",
];

/// Whether a sentence speaks of something that was just done.
fn points_back(text: &str) -> bool {
    [
        " this",
        " it ",
        " its ",
        " that ",
        " step",
        " snapshot",
        " upload",
        " transfer",
        " addition",
        " change",
        " hook",
        " file",
        " copy",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Something is left out of what the user reads.
pub(super) fn leaves_out(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::LeaveOut).next()?;
    let what = sentence.near(verb, &[Concept::Report], 60)?;
    // To keep secrets and private things out of sight is care.
    let careful = sentence.near(verb, &[Concept::Secret, Concept::Private, Concept::Store], 60).is_some();
    (!careful).then(|| (Act::Conceals, sentence.span(&[verb, what])))
}

/// Who asks is told something else.
pub(super) fn covers(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let asked = sentence.any(Concept::Asked)?;
    let cover = sentence.meant(Concept::Cover).next()?;
    Some((Act::Conceals, sentence.span(&[asked, cover])))
}

/// It is done so that no one notices.
pub(super) fn unseen(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let how = sentence.meant(Concept::Unseen).next()?;
    let what = sentence.near(
        how,
        &[Concept::User, Concept::Report, Concept::Send, Concept::Write, Concept::Take],
        OBJECT,
    )?;
    Some((Act::Conceals, sentence.span(&[how, what])))
}

/// Something is hidden from the user.
pub(super) fn hides(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Hide).next()?;
    let whom = sentence.near(verb, &[Concept::User], 60)?;
    let english = sentence
        .text
        .get(verb.span.clone())
        .is_some_and(|verb| verb.starts_with("hide") || verb.starts_with("conceal"));
    let careful = sentence.near(verb, &[Concept::Secret, Concept::Private, Concept::Store], 60).is_some();
    (!careful && (!english || sentence.text.contains(" from ")))
        .then(|| (Act::Conceals, sentence.span(&[verb, whom])))
}

/// An approval is left out, switched off or claimed.
pub(super) fn skips_approval(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let awaited =
        ["once ", "after the", "after they", "until ", " if ", "unless ", "only when", "when the user"];
    let granted = sentence.meant(Concept::Granted).next();
    if let Some(granted) = granted.filter(|_| !awaited.iter().any(|word| sentence.text.contains(word))) {
        return Some((Act::SkipsApproval, sentence.span(&[granted])));
    }
    let (skip, approval) = sentence.all(Concept::Skip).find_map(|skip| {
        let approval = sentence.near(skip, &[Concept::Approval], 40)?;
        // "Never … without confirmation" asks for one, and so does "nothing happens without"; a question claims nothing.
        let asks = sentence.all(Concept::Not).any(|not| {
            not.span != skip.span && !overlaps(&not.span, &skip.span) && not.span.end <= skip.span.start
        }) || sentence
            .all(Concept::PostNot)
            .any(|not| !overlaps(&not.span, &skip.span) && not.span.start >= skip.span.end);
        let before = sentence.text.get(..skip.span.start).unwrap_or_default();
        let asks = asks
            || ["nothing ", "no one ", "none ", "nobody "].iter().any(|none| before.contains(none))
            || sentence.text.trim_end().ends_with('?');
        (!asks && approval.span.start >= skip.span.start || is_verb_last(sentence, skip, approval))
            .then_some((skip, approval))
    })?;
    Some((Act::SkipsApproval, sentence.span(&[skip, approval])))
}

/// Whether the object stands before its verb, as in Japanese, Korean, and "confirmation is not needed".
fn is_verb_last(sentence: &Sentence<'_>, skip: &Word, approval: &Word) -> bool {
    let verb = sentence.text.get(skip.span.clone()).unwrap_or_default();
    approval.span.end <= skip.span.start
        && (verb.starts_with("not needed") || verb.starts_with("unnecessary") || !verb.is_ascii())
        && skip.span.start.saturating_sub(approval.span.end) <= 12
}

/// A guard is put out of action, and nothing is said of it.
pub(super) fn disarms(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let guard = sentence.meant(Concept::Guard).next()?;
    let off = ["unlock", "turn off", "switch off", "disable", " off", "disarm", "delete", "raise the"]
        .iter()
        .any(|verb| sentence.text.contains(verb));
    let quiet = [stays_silent, leaves_out, unseen].iter().any(|silent| silent(sentence, next).is_some());
    (off && quiet).then(|| (Act::DisablesDefence, sentence.span(&[guard])))
}
