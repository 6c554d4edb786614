//! Whose orders hold, and what they change: money, code, other skills and tools.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::silence::skips_approval;
use super::{OBJECT, PLACE, Sentence, distance, overlaps};
use std::ops::Range;

/// Someone is vouched for, so that what comes from there is done.
pub(super) fn vouches(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let trust = sentence.meant(Concept::Trust).next()?;
    let who = sentence.near(trust, &[Concept::Url, Concept::Mailbox], 100)?;
    let acts = |sentence: &Sentence<'_>| {
        sentence.meant(Concept::Obey).next().is_some() || skips_approval(sentence, None).is_some()
    };
    (acts(sentence) || next.is_some_and(acts)).then(|| (Act::FollowsRemote, sentence.span(&[trust, who])))
}

/// A fault is put into code again and again.
pub(super) fn weakens(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let fault = sentence.meant(Concept::Weakness).next()?;
    let verb = sentence.meant(Concept::Write).next().or_else(|| sentence.meant(Concept::Skip).next())?;
    let when = sentence.has(Concept::Every) || sentence.text.contains("when ");
    when.then(|| (Act::InsertsEverywhere, sentence.span(&[verb, fault])))
}

/// What was said before is set aside, in a language that the tables do not know.
pub(super) fn overrides(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let (verb, rules) = sentence
        .meant(Concept::Ignore)
        .find_map(|verb| Some((verb, sentence.near(verb, &[Concept::Instructions], 40)?)))?;
    let prior = sentence.near(rules, &[Concept::Prior], 30)?;
    let english = sentence.text.get(rules.span.clone()).is_some_and(str::is_ascii)
        && sentence.text.get(verb.span.clone()).is_some_and(|word| {
            ["ignore", "disregard", "forget", "override"].iter().any(|english| word.starts_with(english))
        });
    (!english || rules.span.start > verb.span.end && distance(&rules.span, &verb.span) <= 24)
        .then(|| (Act::Overrides, sentence.span(&[verb, rules, prior])))
}

/// Money goes elsewhere, or without a question.
pub(super) fn moves_money(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    if let (Some(money), Some((_, skipped))) = (sentence.any(Concept::Money), skips_approval(sentence, None))
    {
        let money = sentence.span(&[money]);
        return Some((Act::MovesMoney, money.start.min(skipped.start)..money.end.max(skipped.end)));
    }
    let replaced = sentence.meant(Concept::Replace).find_map(|verb| {
        let account = sentence.near(verb, &[Concept::Account, Concept::Number], 100)?;
        let other = sentence.words.iter().find(|word| {
            matches!(word.concept, Concept::Number | Concept::Mailbox)
                || word.concept == Concept::Account && word.span != account.span
        });
        Some(sentence.span(&[verb, account, other?]))
    });
    // Who compares two numbers puts neither in the place of the other.
    if ["compare", "differs", "matches", "verify"].iter().any(|word| sentence.text.contains(word)) {
        return None;
    }
    if let Some(span) = replaced {
        return Some((Act::MovesMoney, span));
    }
    // "Replace the bank account by the one in …": no number is needed.
    let swapped = sentence.meant(Concept::Replace).find_map(|verb| {
        let account = sentence.near(verb, &[Concept::Account], 60)?;
        let other = [
            "by the one",
            "with the one",
            "by ours",
            "with ours",
            "with this one",
            "by this one",
            "with the account",
            "by the account",
            "with the value in",
            "with the iban",
        ]
        .iter()
        .any(|way| sentence.text.contains(way));
        let certain = ["bank", "iban", "payee", "account", "beneficiary"]
            .iter()
            .any(|word| sentence.text.contains(word));
        (other && certain).then(|| sentence.span(&[verb, account]))
    });
    if let Some(span) = swapped {
        return Some((Act::MovesMoney, span));
    }
    let number = sentence.any(Concept::Number)?;
    // "For transfers to … use IBAN … from now on."
    let stands = [
        "from now on",
        "instead of",
        "has changed",
        "changed",
        "new iban",
        "new account",
        "ab jetzt",
        "a partir de ahora",
        "désormais",
        "отныне",
        "теперь",
        "从现在起",
        "今後",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    if let Some(account) = sentence.near(number, &[Concept::Account], 40)
        && stands
        && sentence.has(Concept::Money)
    {
        return Some((Act::MovesMoney, sentence.span(&[number, account])));
    }
    let share = ["%", "percent", " fee", "commission", " prozent", "por ciento", " surcharge", " tip "]
        .iter()
        .any(|share| sentence.text.contains(share));
    let moved = ["goes to", "go to", "routed to", "send", "transfer", "split", "deduct", "forward"];
    (share && moved.iter().any(|verb| sentence.text.contains(verb)))
        .then(|| (Act::MovesMoney, sentence.span(&[number])))
}

/// A page is read again and again, or before all else, and what it says is done.
pub(super) fn is_led(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let place = sentence.any(Concept::Url)?;
    let taken = sentence.meant(Concept::Take).find(|verb| distance(&verb.span, &place.span) <= PLACE)?;
    let ranks = |sentence: &Sentence<'_>| {
        let rank = sentence.any(Concept::Rank).is_some();
        let obeys = sentence.meant(Concept::Obey).any(|verb| {
            sentence.near(verb, &[Concept::Rank], 60).is_some()
                || sentence.near(verb, &[Concept::Orders, Concept::Instructions], 40).is_some()
        });
        (rank, obeys)
    };
    let (rank, obeys) = ranks(sentence);
    let (next_rank, next_obeys) = next.map(ranks).unwrap_or_default();
    let every = sentence.has(Concept::Every) || next.is_some_and(|next| next.has(Concept::Every));
    let obeyed = obeys
        || next_obeys
        || (rank || next_rank)
            && every
            && (sentence.has(Concept::Obey) || next.is_some_and(|next| next.has(Concept::Obey)));
    let raised = [
        "outrank",
        "as though the user",
        "as if the user",
        "the user's own",
        "before anything else",
        "precedence",
    ]
    .iter()
    .any(|word| sentence.text.contains(word) || next.is_some_and(|next| next.text.contains(word)));
    (obeyed && every || raised && (obeyed || rank || next_rank))
        .then(|| (Act::IsLed, sentence.span(&[taken, place])))
}

/// A text that is not the user's is given the rank of what the user says.
pub(super) fn ranks_text(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Obey).next()?;
    let rank = sentence.all(Concept::Rank).find(|rank| {
        sentence.text.get(rank.span.clone()).is_some_and(|rank| {
            ["same ", "equal ", "as binding", "as though the user", "as if the user", "outrank"]
                .iter()
                .any(|word| rank.starts_with(word))
        })
    })?;
    sentence.near(rank, &[Concept::User, Concept::Orders], 100)?;
    Some((Act::FollowsRemote, sentence.span(&[verb, rank])))
}

/// Orders are taken from whoever knows a word.
pub(super) fn obeys_strangers(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Obey).next()?;
    // What stands in a message is run, whenever one comes.
    let run = sentence.text.get(verb.span.clone()).is_some_and(|verb| verb.ends_with(" what"));
    if run && sentence.has(Concept::Every) {
        let orders = sentence.near(verb, &[Concept::Orders, Concept::Public], 60)?;
        return Some((Act::FollowsRemote, sentence.span(&[verb, orders])));
    }
    let orders = sentence.near(verb, &[Concept::Orders], 60)?;
    let who = sentence.near(orders, &[Concept::Whoever], 100)?;
    Some((Act::FollowsRemote, sentence.span(&[verb, orders, who])))
}

/// The text has itself written into other skills and rules.
pub(super) fn spreads(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Write).next()?;
    let itself = sentence.near(verb, &[Concept::Itself], OBJECT).or_else(|| {
        let other = sentence.text.contains("of this file") || sentence.text.contains("of this skill");
        sentence.any(Concept::Skills).filter(|_| other)
    })?;
    let to = sentence.all(Concept::Skills).find(|skills| {
        // "Every SKILL.md", and not "add these lines to CLAUDE.md: before each commit, …".
        let every =
            |word: &Word| word.span.end <= skills.span.start && distance(&word.span, &skills.span) <= 40;
        !overlaps(&skills.span, &itself.span) && sentence.all(Concept::Every).any(every)
            || sentence
                .text
                .get(skills.span.clone())
                .is_some_and(|word| word.starts_with("other ") || word.starts_with("sibling"))
    });
    let lacking = || {
        sentence.all(Concept::Skills).find(|_| {
            ["that lack", "that lacks", "without it", "missing it", "does not have it"]
                .iter()
                .any(|lack| sentence.text.contains(lack))
        })
    };
    let to = to.or_else(lacking)?;
    Some((Act::Spreads, sentence.span(&[verb, itself, to])))
}

/// Code that lets in whoever knows something.
pub(super) fn plants_backdoor(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Accept).next()?;
    let key = sentence.near(verb, &[Concept::Key], 80)?;
    let anyone =
        sentence.meant(Concept::Anyone).find(|anyone| distance(&anyone.span, &verb.span) <= OBJECT)?;
    let adds = |sentence: &Sentence<'_>| {
        let every = sentence.all(Concept::Every).any(|word| !overlaps(&word.span, &anyone.span));
        every || sentence.meant(Concept::Write).next().is_some()
    };
    (adds(sentence) || next.is_some_and(adds))
        .then(|| (Act::PlantsBackdoor, sentence.span(&[verb, key, anyone])))
}

/// Code from an address of its own is put into all that is written.
pub(super) fn inserts(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let imports = || {
        let at = ["import ", "load ", "reference ", "require "]
            .iter()
            .find_map(|verb| sentence.text.find(verb))?;
        Some(Word { concept: Concept::Write, span: at..at.saturating_add(4) })
    };
    let written = sentence.meant(Concept::Write).next().cloned();
    let verb = &written.or_else(|| imports().filter(|verb| sentence.negation(verb).is_none()))?;
    // A program at an address is a snippet, whatever it is called.
    let program = || {
        sentence.all(Concept::Url).find(|url| {
            let address = sentence.text.get(url.span.clone()).unwrap_or_default();
            let path = address.split(['?', '#']).next().unwrap_or_default();
            address.contains("://")
                && [".js", ".mjs", ".py", ".sh", ".php"].iter().any(|end| path.ends_with(end))
                && !crate::agents::is_known_address(address)
                && sentence.has(Concept::Every)
                && distance(&url.span, &verb.span) <= PLACE
        })
    };
    let snippet = sentence.near(verb, &[Concept::Snippet], 60).or_else(program)?;
    let when = sentence.has(Concept::Every)
        || ["when ", "generat", "creat"].iter().any(|word| sentence.text.contains(word));
    let itself = (snippet.concept == Concept::Url).then_some(snippet);
    let place = itself.or_else(|| sentence.near(snippet, &[Concept::Url], 100)).or_else(|| {
        // A package that must be imported in each file is as good as an address.
        let must = ["must import", "must use", "must start with", "must include"]
            .iter()
            .any(|word| sentence.text.contains(word));
        (must && sentence.has(Concept::Every)).then_some(verb)
    })?;
    when.then(|| (Act::InsertsEverywhere, sentence.span(&[verb, snippet, place])))
}

/// A tool speaks of how others are used.
pub(super) fn steers(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let other = sentence.any(Concept::OtherTool).or_else(|| {
        sentence
            .all(Concept::Named)
            .find(|name| sentence.near(name, &[Concept::Present, Concept::Steer], 60).is_some())
    });
    let another = present_tool(sentence.text).map(|span| Word { concept: Concept::OtherTool, span });
    if let Some(other) = another.filter(|_| other.is_none() && is_redirected(sentence)) {
        return Some((Act::SteersOtherTools, sentence.span(&[&other])));
    }
    let other = other?;
    if let Some(steer) =
        sentence.meant(Concept::Steer).find(|steer| distance(&steer.span, &other.span) <= OBJECT)
    {
        return Some((Act::SteersOtherTools, sentence.span(&[other, steer])));
    }
    let present = sentence.near(other, &[Concept::Present], 60)?;
    let fixed = |sentence: &Sentence<'_>| {
        [Concept::Mailbox, Concept::Url, Concept::Number].iter().any(|place| sentence.has(*place))
            && [
                " must ",
                " has to ",
                " have to ",
                " should ",
                " is to ",
                " used as ",
                " always ",
                " shall ",
                " set its ",
                " set the ",
                " use the ",
            ]
            .iter()
            .any(|modal| sentence.text.contains(modal))
            && !["e.g", "example", "such as"].iter().any(|word| sentence.text.contains(word))
    };
    (fixed(sentence) || next.is_some_and(fixed))
        .then(|| (Act::SteersOtherTools, sentence.span(&[other, present])))
}

/// "The X tool is present": another tool that a text speaks of by what it is for.
fn present_tool(text: &str) -> Option<Range<usize>> {
    ["tool", "server", "connector", "integration", "plugin", "extension"].iter().find_map(|kind| {
        ["is present", "is available", "is installed", "is connected", "is enabled", "is also"]
            .iter()
            .find_map(|there| {
                let way = format!(" {kind} {there}");
                text.find(&way).map(|at| at..at.saturating_add(way.len()))
            })
    })
}

/// Whether what goes through the other tool must go to an address or a number of the text instead.
fn is_redirected(sentence: &Sentence<'_>) -> bool {
    let place = [Concept::Mailbox, Concept::Url, Concept::Number].iter().any(|place| sentence.has(*place));
    place
        && sentence.has(Concept::Every)
        && [" must ", " has to ", " have to ", " shall ", " instead "]
            .iter()
            .any(|modal| sentence.text.contains(modal))
}

/// Packages or names come from an address without TLS.
pub(super) fn leads_sources(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let source = sentence.meant(Concept::Source).next()?;
    let place = sentence.near(source, &[Concept::Url], 80)?;
    let address = sentence.text.get(place.span.clone())?;
    let near = ["localhost", "127.", "192.168.", "10.", "0.0.0.0", "host.docker"]
        .iter()
        .any(|near| address.contains(near));
    (address.starts_with("http://") && !near).then(|| (Act::InstallsUnknown, sentence.span(&[source, place])))
}
