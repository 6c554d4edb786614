//! Which meanings make an act when they stand near each other in a sentence: [`judge`].

pub(crate) mod across;
mod dealings;
mod doors;
mod guards;
mod hoards;
mod judgements;
mod leaks;
mod orders;
mod silence;
mod trust;
mod turns;

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
            .find(|not| {
                let between = not.span.end..word.span.start;
                // "Where there is no tracking, add …": what negates a noun ends with its clause.
                let noun = self.text.get(not.span.clone()).is_some_and(|not| NOUNS.contains(&not));
                let comma = self.text.get(between.clone()).is_some_and(|between| between.contains(", "));
                !(self.breaks(between) || noun && comma)
            });
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

/// Negations of a noun.
static NOUNS: [&str; 9] = ["no", "without", "kein", "keine", "keinen", "sin", "sans", "sem", "без"];
/// Most words of one sentence that are looked at: time grows with their square.
const WORDS: usize = 96;
/// How far a negation reaches, in bytes.
const GOVERNS: usize = 40;
/// How far an object stands from its verb, in bytes.
const OBJECT: usize = 160;
/// How far a place stands from what is brought there, in bytes.
const PLACE: usize = 240;

/// An act and where it is asked for.
type Found = Option<(Act, Range<usize>)>;

/// One rule: what it finds in a sentence, and in the one behind it.
type Production = fn(&Sentence<'_>, Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)>;

/// Rules that know words of their own.
static OWN_WORDS: &[Production] = &[
    leaks::sends_environment,
    judgements::decides,
    judgements::omits_adverse,
    judgements::passes_unread,
    judgements::denies,
    trust::obeys_content,
    trust::waves_through,
    trust::takes_name,
];

static PRODUCTIONS: &[Production] = &[
    leaks::sends_secrets,
    leaks::sends_conversation,
    leaks::wants_conversation,
    leaks::takes_stores,
    leaks::gives_contents,
    leaks::fills_address,
    leaks::sends_it,
    leaks::fills_parameter,
    leaks::sends_data,
    leaks::copies_mail,
    leaks::publishes,
    hoards::hoards,
    silence::stays_silent,
    silence::leaves_out,
    silence::covers,
    silence::unseen,
    silence::hides,
    silence::skips_approval,
    silence::disarms,
    orders::leads_sources,
    orders::vouches,
    orders::weakens,
    orders::overrides,
    orders::moves_money,
    orders::is_led,
    orders::ranks_text,
    orders::obeys_strangers,
    orders::spreads,
    orders::plants_backdoor,
    orders::inserts,
    orders::steers,
    dealings::hands_over,
    dealings::grants,
    guards::stops_records,
    guards::leads_supply,
    guards::drops_integrity,
    dealings::takes_codes,
    guards::exempts,
    doors::opens_door,
    doors::weakens_keys,
    doors::hands_on,
    doors::adds_dependency,
    doors::registers,
    doors::prepares_answer,
    doors::waives,
    doors::claims_all,
    turns::sleeps,
    turns::circumvents,
    turns::dismisses_warnings,
    turns::obeys_output,
    turns::raises_stranger,
    turns::voids,
];

/// Adds what `sentence` asks for; `next` is the sentence behind it.
pub(crate) fn judge(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
    found: &mut Vec<(Act, Range<usize>)>,
) {
    // Told by their own few words.
    found.extend(turns::razes(sentence));
    if judgements::may_judge(sentence.text) {
        found.extend(OWN_WORDS.iter().filter_map(|production| production(sentence, next)));
    }
    if sentence.words.len() < 2 {
        return;
    }
    found.extend(PRODUCTIONS.iter().filter_map(|production| production(sentence, next)));
}
