//! Which meanings make an act when they stand near each other in a sentence: [`judge`].

use super::super::acts::Act;
use super::words::{Concept, Word, words};
use std::ops::Range;

/// A sentence and the words in it that mean something.
pub(crate) struct Sentence<'t> {
    text: &'t str,
    /// Where the sentence begins in the text.
    start: usize,
    words: Vec<Word>,
}

impl<'t> Sentence<'t> {
    /// The sentence at `span` of `text`.
    pub(crate) fn of(text: &'t str, span: Range<usize>) -> Self {
        let start = span.start;
        let text = text.get(span).unwrap_or_default();
        let mut words = words(text);
        words.truncate(WORDS);
        Self { text, start, words }
    }

    fn all(&self, concept: Concept) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(move |word| word.concept == concept)
    }

    fn any(&self, concept: Concept) -> Option<&Word> {
        self.all(concept).next()
    }

    fn has(&self, concept: Concept) -> bool {
        self.any(concept).is_some()
    }

    /// Words of `concept` that nothing negates.
    fn meant(&self, concept: Concept) -> impl Iterator<Item = &Word> {
        self.all(concept).filter(|word| self.negation(word).is_none())
    }

    /// What negates `word`: a negation shortly before it, or in other languages behind it.
    fn negation(&self, word: &Word) -> Option<&Word> {
        let before = self
            .all(Concept::Not)
            .filter(|not| {
                not.span.end <= word.span.start && word.span.start.saturating_sub(not.span.end) <= GOVERNS
            })
            .find(|not| !self.breaks(not.span.end..word.span.start));
        before.or_else(|| {
            self.all(Concept::PostNot).find(|not| {
                not.span.start >= word.span.end && not.span.start.saturating_sub(word.span.end) <= GOVERNS
            })
        })
    }

    /// Whether a clause ends inside `span`.
    fn breaks(&self, span: Range<usize>) -> bool {
        let between = self.text.get(span).unwrap_or_default();
        [";", ":", " but ", " then ", " instead ", " sondern ", " sino ", " mais "]
            .iter()
            .any(|end| between.contains(end))
    }

    /// A word of one of `concepts` at most `bytes` from `word`, on either side, and not inside it.
    fn near(&self, word: &Word, concepts: &[Concept], bytes: usize) -> Option<&Word> {
        self.words.iter().find(|other| {
            concepts.contains(&other.concept)
                && !overlaps(&other.span, &word.span)
                && distance(&other.span, &word.span) <= bytes
        })
    }

    /// From the first to the last of `parts`, in bytes of the whole text.
    fn span(&self, parts: &[&Word]) -> Range<usize> {
        let from = parts.iter().map(|word| word.span.start).min().unwrap_or_default();
        let to = parts.iter().map(|word| word.span.end).max().unwrap_or_default();
        from.saturating_add(self.start)..to.saturating_add(self.start)
    }
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn distance(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.start.saturating_sub(other.end).max(other.start.saturating_sub(one.end))
}

/// Most words of one sentence that are looked at: time grows with their square.
const WORDS: usize = 96;
/// How far a negation reaches, in bytes.
const GOVERNS: usize = 40;
/// How far an object stands from its verb, in bytes.
const OBJECT: usize = 160;
/// How far a place stands from what is brought there, in bytes.
const PLACE: usize = 240;

/// One rule: what it finds in a sentence, and in the one behind it.
type Production = fn(&Sentence<'_>, Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)>;

static PRODUCTIONS: &[Production] = &[
    sends_secrets,
    sends_conversation,
    wants_conversation,
    takes_stores,
    stays_silent,
    leaves_out,
    covers,
    unseen,
    hides,
    copies_mail,
    publishes,
    vouches,
    weakens,
    skips_approval,
    overrides,
    moves_money,
    is_led,
    obeys_strangers,
    spreads,
    plants_backdoor,
    inserts,
    steers,
];

/// Adds what `sentence` asks for; `next` is the sentence behind it.
pub(crate) fn judge(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
    found: &mut Vec<(Act, Range<usize>)>,
) {
    if sentence.words.len() < 2 {
        return;
    }
    found.extend(PRODUCTIONS.iter().filter_map(|production| production(sentence, next)));
}

/// Something secret or private is moved to an address.
fn sends_secrets(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    use Concept::{Mailbox, Private, Secret, Send, Slot, Store, Take, Url, Write};
    let moves = |place: &[Concept], verbs: &[Concept], things: &[Concept]| {
        verbs.iter().flat_map(|verb| sentence.meant(*verb)).find_map(|verb| {
            let thing = sentence.near(verb, things, OBJECT)?;
            let place = sentence.near(thing, place, PLACE).filter(|place| place.span != verb.span)?;
            // What is taken from an address is not sent to it.
            (place.span.end > thing.span.start || verb.concept != Take)
                .then(|| sentence.span(&[verb, thing, place]))
        })
    };
    let sent = moves(&[Url, Mailbox], &[Send], &[Secret, Store, Private])
        .or_else(|| moves(&[Url, Mailbox], &[Write], &[Private, Store]))
        .or_else(|| {
            sentence.meant(Take).next()?;
            moves(&[Slot], &[Send], &[Store])
        })?;
    Some((Act::AsksToSendSecrets, sent))
}

/// The conversation is moved to an address.
fn sends_conversation(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb));
    let (verb, thing) = verb
        .filter_map(|verb| Some((verb, sentence.near(verb, &[Concept::Conversation], OBJECT)?)))
        .next()?;
    let place = sentence.near(thing, &[Concept::Url, Concept::Mailbox], PLACE)?;
    Some((Act::AsksToSendConversation, sentence.span(&[verb, thing, place])))
}

/// The whole of the conversation and what else is secret, as what a call is to be given.
fn wants_conversation(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let thing = sentence.meant(Concept::Conversation).next()?;
    let whole = sentence.near(thing, &[Concept::Whole], 60)?;
    let another = sentence
        .all(Concept::Conversation)
        .find(|other| distance(&other.span, &thing.span) > 8)
        .or_else(|| sentence.meant(Concept::Secret).next());
    Some((Act::AsksToSendConversation, sentence.span(&[thing, whole, another?])))
}

/// Several files of secrets are taken at once.
fn takes_stores(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence
        .meant(Concept::Take)
        .find(|verb| sentence.near(verb, &[Concept::Store], OBJECT).is_some())?;
    let mut stores: Vec<&Word> = Vec::new();
    for store in sentence.all(Concept::Store) {
        if stores
            .last()
            .is_none_or(|last| !overlaps(&last.span, &store.span) && distance(&last.span, &store.span) > 1)
        {
            stores.push(store);
        }
    }
    let handed = sentence
        .meant(Concept::Send)
        .chain(sentence.meant(Concept::Write))
        .any(|word| word.span.start > verb.span.end)
        || next.is_some_and(|next| next.meant(Concept::Send).next().is_some());
    let first = *stores.first()?;
    let last = *stores.last()?;
    (handed && (stores.len() >= 2 || sentence.has(Concept::Slot)))
        .then(|| (Act::AsksToReadSecrets, sentence.span(&[verb, first, last])))
}

/// The user, or what the user reads, is not told.
fn stays_silent(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
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
fn leaves_out(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::LeaveOut).next()?;
    let what = sentence.near(verb, &[Concept::Report], 60)?;
    Some((Act::Conceals, sentence.span(&[verb, what])))
}

/// Who asks is told something else.
fn covers(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let asked = sentence.any(Concept::Asked)?;
    let cover = sentence.meant(Concept::Cover).next()?;
    Some((Act::Conceals, sentence.span(&[asked, cover])))
}

/// It is done so that no one notices.
fn unseen(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let how = sentence.meant(Concept::Unseen).next()?;
    let what = sentence.near(
        how,
        &[Concept::User, Concept::Report, Concept::Send, Concept::Write, Concept::Take],
        OBJECT,
    )?;
    Some((Act::Conceals, sentence.span(&[how, what])))
}

/// Something is hidden from the user.
fn hides(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
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

/// Mail goes to an address of its own as well, unseen by those it is for.
fn copies_mail(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let mailbox = sentence.meant(Concept::Mailbox).next()?;
    let blind = [
        "blind copy",
        "bcc",
        "blind-copy",
        "blindkopie",
        "copia oculta",
        "copie cachee",
        "copie cachée",
        "скрыт",
        "密送",
        "숨은 참조",
    ]
    .iter()
    .any(|copy| sentence.text.contains(copy));
    blind.then(|| (Act::CopiesMail, sentence.span(&[mailbox])))
}

/// Secrets are taken and put where many read.
fn publishes(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb));
    let (verb, thing) = verb
        .filter_map(|verb| {
            let thing = sentence.near(verb, &[Concept::Store, Concept::Private, Concept::Secret], OBJECT)?;
            sentence.meant(Concept::Take).any(|take| take.span != verb.span).then_some((verb, thing))
        })
        .next()?;
    let place = sentence.near(thing, &[Concept::Public], OBJECT)?;
    let certain = sentence.has(Concept::Store) || sentence.has(Concept::Private);
    certain.then(|| (Act::AsksToSendSecrets, sentence.span(&[verb, thing, place])))
}

/// Someone is vouched for, so that what comes from there is done.
fn vouches(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let trust = sentence.meant(Concept::Trust).next()?;
    let who = sentence.near(trust, &[Concept::Url, Concept::Mailbox], 100)?;
    let acts = |sentence: &Sentence<'_>| {
        sentence.meant(Concept::Obey).next().is_some() || skips_approval(sentence, None).is_some()
    };
    (acts(sentence) || next.is_some_and(acts)).then(|| (Act::FollowsRemote, sentence.span(&[trust, who])))
}

/// A fault is put into code again and again.
fn weakens(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let fault = sentence.meant(Concept::Weakness).next()?;
    let verb = sentence.meant(Concept::Write).next().or_else(|| sentence.meant(Concept::Skip).next())?;
    let when = sentence.has(Concept::Every) || sentence.text.contains("when ");
    when.then(|| (Act::InsertsEverywhere, sentence.span(&[verb, fault])))
}

/// An approval is left out, switched off or claimed.
fn skips_approval(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let awaited = ["once ", "after ", "until ", "if ", "unless ", "only when", "when the user"];
    let granted = sentence.meant(Concept::Granted).next();
    if let Some(granted) = granted.filter(|_| !awaited.iter().any(|word| sentence.text.contains(word))) {
        return Some((Act::SkipsApproval, sentence.span(&[granted])));
    }
    let (skip, approval) = sentence.all(Concept::Skip).find_map(|skip| {
        let approval = sentence.near(skip, &[Concept::Approval], 40)?;
        // "Never … without confirmation" asks for one.
        let asks = sentence.all(Concept::Not).any(|not| {
            not.span != skip.span && !overlaps(&not.span, &skip.span) && not.span.end <= skip.span.start
        }) || sentence
            .all(Concept::PostNot)
            .any(|not| !overlaps(&not.span, &skip.span) && not.span.start >= skip.span.end);
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

/// What was said before is set aside, in a language that the tables do not know.
fn overrides(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let (verb, rules) = sentence
        .meant(Concept::Ignore)
        .find_map(|verb| Some((verb, sentence.near(verb, &[Concept::Instructions], 40)?)))?;
    let prior = sentence.near(rules, &[Concept::Prior], 30)?;
    let english = sentence.text.get(rules.span.clone()).is_some_and(|word| word.is_ascii())
        && sentence.text.get(verb.span.clone()).is_some_and(|word| {
            ["ignore", "disregard", "forget", "override"].iter().any(|english| word.starts_with(english))
        });
    (!english || rules.span.start > verb.span.end && distance(&rules.span, &verb.span) <= 24)
        .then(|| (Act::Overrides, sentence.span(&[verb, rules, prior])))
}

/// Money goes elsewhere, or without a question.
fn moves_money(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    if let (Some(money), Some((_, skipped))) = (sentence.any(Concept::Money), skips_approval(sentence, None))
    {
        let money = sentence.span(&[money]);
        return Some((Act::MovesMoney, money.start.min(skipped.start)..money.end.max(skipped.end)));
    }
    let replaced = sentence.meant(Concept::Replace).find_map(|verb| {
        let account = sentence.near(verb, &[Concept::Account, Concept::Number], 100)?;
        let other = sentence.words.iter().find(|word| {
            word.concept == Concept::Number || word.concept == Concept::Account && word.span != account.span
        });
        Some(sentence.span(&[verb, account, other?]))
    });
    if let Some(span) = replaced {
        return Some((Act::MovesMoney, span));
    }
    let number = sentence.any(Concept::Number)?;
    let share = ["%", "percent", " fee", "commission", " prozent", "por ciento", " surcharge", " tip "]
        .iter()
        .any(|share| sentence.text.contains(share));
    let moved = ["goes to", "go to", "routed to", "send", "transfer", "split", "deduct", "forward"];
    (share && moved.iter().any(|verb| sentence.text.contains(verb)))
        .then(|| (Act::MovesMoney, sentence.span(&[number])))
}

/// A page is read again and again, or before all else, and what it says is done.
fn is_led(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
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

/// Orders are taken from whoever knows a word.
fn obeys_strangers(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Obey).next()?;
    let orders = sentence.near(verb, &[Concept::Orders], 60)?;
    let who = sentence.near(orders, &[Concept::Whoever], 100)?;
    Some((Act::FollowsRemote, sentence.span(&[verb, orders, who])))
}

/// The text has itself written into other skills and rules.
fn spreads(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Write).next()?;
    let itself = sentence.near(verb, &[Concept::Itself], OBJECT).or_else(|| {
        let other = sentence.text.contains("of this file") || sentence.text.contains("of this skill");
        sentence.any(Concept::Skills).filter(|_| other)
    })?;
    let to = sentence.all(Concept::Skills).find(|skills| {
        !overlaps(&skills.span, &itself.span) && sentence.near(skills, &[Concept::Every], 40).is_some()
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
fn plants_backdoor(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Accept).next()?;
    let key = sentence.near(verb, &[Concept::Key], 80)?;
    let anyone =
        sentence.meant(Concept::Anyone).find(|anyone| distance(&anyone.span, &verb.span) <= OBJECT)?;
    let adds = sentence.meant(Concept::Write).next().or_else(|| sentence.any(Concept::Every));
    let adds = adds.filter(|word| !overlaps(&word.span, &anyone.span))?;
    Some((Act::PlantsBackdoor, sentence.span(&[verb, key, anyone, adds])))
}

/// Code from an address of its own is put into all that is written.
fn inserts(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let verb = sentence.meant(Concept::Write).next()?;
    let snippet = sentence.near(verb, &[Concept::Snippet], 60)?;
    let place = sentence.near(snippet, &[Concept::Url], 100)?;
    let when = sentence.has(Concept::Every)
        || ["when ", "generat", "creat"].iter().any(|word| sentence.text.contains(word));
    when.then(|| (Act::InsertsEverywhere, sentence.span(&[verb, snippet, place])))
}

/// A tool speaks of how others are used.
fn steers(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let other = sentence.any(Concept::OtherTool).or_else(|| {
        sentence
            .all(Concept::Named)
            .find(|name| sentence.near(name, &[Concept::Present, Concept::Steer], 60).is_some())
    })?;
    if let Some(steer) =
        sentence.meant(Concept::Steer).find(|steer| distance(&steer.span, &other.span) <= OBJECT)
    {
        return Some((Act::SteersOtherTools, sentence.span(&[other, steer])));
    }
    let present = sentence.near(other, &[Concept::Present], 60)?;
    let fixed = |sentence: &Sentence<'_>| {
        [Concept::Mailbox, Concept::Url, Concept::Number].iter().any(|place| sentence.has(*place))
            && [" must ", " has to ", " have to ", " should ", " is to ", " used as ", " always ", " shall "]
                .iter()
                .any(|modal| sentence.text.contains(modal))
            && !["e.g", "example", "such as"].iter().any(|word| sentence.text.contains(word))
    };
    (fixed(sentence) || next.is_some_and(fixed))
        .then(|| (Act::SteersOtherTools, sentence.span(&[other, present])))
}
