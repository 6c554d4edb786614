//! What turns an agent: a sign on which rules fall, a way around what stands in its way, warnings called wrong, orders that a
//! program prints or a stranger sends.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::{OBJECT, Sentence, distance, overlaps};
use std::ops::Range;

/// On a sign in a text, rules are lifted or checks left out.
pub(super) fn sleeps(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let sign = sentence.meant(Concept::Trigger).next()?;
    let lifted = sentence.all(Concept::Lift).find(|lift| {
        // "Report nothing" is meant as it stands; "never unlock" is not.
        !overlaps(&lift.span, &sign.span)
            && sentence.negation(lift).is_none_or(|not| overlaps(&not.span, &lift.span))
    });
    if let Some(lift) = lifted {
        return Some((Act::Sleeps, sentence.span(&[sign, lift])));
    }
    let next = next?;
    let lift = next
        .all(Concept::Lift)
        .find(|lift| next.negation(lift).is_none_or(|not| overlaps(&not.span, &lift.span)))?;
    Some((Act::Sleeps, sentence.span(&[sign]).start..next.span(&[lift]).end))
}

/// What keeps the agent from something is gone around.
pub(super) fn circumvents(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let conditional = [
        "if ",
        "when ",
        "whenever ",
        "where ",
        "should ",
        "once ",
        "in case ",
        "wenn ",
        "falls ",
        "si ",
        "se ",
        "если ",
        "如果",
        "场合",
        "場合",
        "면 ",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let barrier = sentence.any(Concept::Barrier)?;
    let blocks = sentence.near(barrier, &[Concept::Blocks], 60)?;
    let around = sentence.meant(Concept::Around).find(|around| {
        !overlaps(&around.span, &barrier.span) && distance(&around.span, &blocks.span) <= OBJECT
    })?;
    conditional.then(|| (Act::Circumvents, sentence.span(&[barrier, blocks, around])))
}

/// The user's warnings are called wrong.
pub(super) fn dismisses_warnings(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let warning = sentence.any(Concept::Warning)?;
    let wrong = sentence.meant(Concept::Wrong).find(|wrong| distance(&wrong.span, &warning.span) <= 80)?;
    // Someone acts on it: installs, runs, opens.
    let acts = |sentence: &Sentence<'_>| {
        ["install", "run ", "open ", "execute", "keep ", "proceed", "continue", "choose", "click", "allow"]
            .iter()
            .any(|verb| sentence.text.contains(verb))
    };
    (acts(sentence) || next.is_some_and(acts))
        .then(|| (Act::DisablesDefence, sentence.span(&[warning, wrong])))
}

/// What a program prints is done.
pub(super) fn obeys_output(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let printed = sentence.meant(Concept::Printed).next()?;
    let obey = sentence
        .words
        .iter()
        .filter(|word| word.concept == Concept::Obey && sentence.negation(word).is_none())
        .find(|word| distance(&word.span, &printed.span) <= 60)
        .cloned()
        .or_else(|| runs_it(sentence, printed))?;
    let shown =
        ["show ", "display ", "summar", "explain", "report"].iter().any(|verb| sentence.text.contains(verb));
    // What an address returns is run, each time.
    let address = sentence
        .all(Concept::Url)
        .find(|url| sentence.text.get(url.span.clone()).is_some_and(|url| url.contains("://")));
    if let Some(address) = address.filter(|_| !shown && sentence.has(Concept::Every)) {
        return Some((Act::IsLed, sentence.span(&[address, &obey, printed])));
    }
    (!shown).then(|| (Act::ObeysOutput, sentence.span(&[&obey, printed])))
}

/// "… executes what it returns": the verb right before what is printed.
fn runs_it(sentence: &Sentence<'_>, printed: &Word) -> Option<Word> {
    let before = sentence.text.get(..printed.span.start)?.trim_end();
    let verb = ["execute", "executes", "run", "runs", "eval", "evaluates"].iter().find(|verb| {
        before.strip_suffix(**verb).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    })?;
    let word = Word { concept: Concept::Obey, span: before.len().saturating_sub(verb.len())..before.len() };
    sentence.negation(&word).is_none().then_some(word)
}

/// A stranger's messages are given the rank of the user's.
pub(super) fn raises_stranger(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let orders = sentence.meant(Concept::Orders).next()?;
    let behind = sentence.text.get(orders.span.end..)?;
    let reach = behind.get(..behind.floor_char_boundary(60)).unwrap_or_default();
    // "@name", as people are called where messages come from.
    let handle = reach.split_whitespace().any(|word| {
        word.trim_start_matches(['`', '"', '\'']).strip_prefix('@').is_some_and(|name| name.len() >= 3)
    });
    let who = handle || sentence.near(orders, &[Concept::Whoever, Concept::Mailbox], 60).is_some();
    let rank = sentence.meant(Concept::Rank).find(|rank| distance(&rank.span, &orders.span) <= OBJECT)?;
    let from = ["from ", " by ", " of ", "von ", " de ", "от ", "来自", "から", "에서"]
        .iter()
        .any(|word| sentence.text.contains(word));
    (who && from).then(|| (Act::FollowsRemote, sentence.span(&[orders, rank])))
}

/// Rules that held until now are said to hold no longer.
pub(super) fn voids(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let rules = sentence.meant(Concept::Rules).next()?;
    let void = sentence
        .all(Concept::Void)
        .find(|void| void.span.start >= rules.span.end && distance(&void.span, &rules.span) <= OBJECT)?;
    // Rules of a tool that do not apply to some files are documentation; those of the agent are not.
    let agent = [
        "you were given",
        "you have been given",
        "you were told",
        "given before",
        "your rules",
        "your guidelines",
        "your instructions",
        "your safety",
        "operator's",
        "platform's",
        "safety rules",
        "safety filters",
        "system prompt",
        "content filters",
        "your system",
        "deine ",
        "tus ",
        "tes ",
        "suas ",
        "твои",
        "безопасност",
        "安全",
        "セーフティ",
        "안전",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    agent.then(|| (Act::Overrides, sentence.span(&[rules, void])))
}

/// A home folder, a disk or what stands in a cloud is deleted.
pub(super) fn razes(sentence: &Sentence<'_>) -> Option<(Act, Range<usize>)> {
    let all = [
        "home directory",
        "home folder",
        "file-system and",
        "file system and",
        "cloud resources",
        "all backups",
        "every backup",
        "factory state",
        "entire disk",
        "whole disk",
        "all databases",
        "every database",
        "entire file system",
        "whole file system",
    ]
    .iter()
    .find_map(|what| sentence.text.find(what).map(|at| at..at.saturating_add(what.len())))?;
    let verb = ["delete ", "wipe ", "erase ", "destroy ", "clean a system", "terminate ", "purge "]
        .iter()
        .find_map(|verb| sentence.text.find(verb).map(|at| at..at.saturating_add(verb.len())))?;
    let near = verb.start.abs_diff(all.start) <= 80;
    // Who warns of it, asks first or names what is left alone deletes nothing.
    let careful = sentence.has(Concept::Not)
        || sentence.has(Concept::Approval)
        || ["confirm", "ask ", "warn", "if the user", "only "]
            .iter()
            .any(|word| sentence.text.contains(word));
    let start = verb.start.min(all.start).saturating_add(sentence.start);
    let end = verb.end.max(all.end).saturating_add(sentence.start);
    (near && !careful).then_some((Act::Destroys, start..end))
}
