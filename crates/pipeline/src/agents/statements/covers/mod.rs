//! What keeps an act from being noticed, questioned or weighed: [`Cover`]. And what makes it open: a person who is asked or told.

mod disguise;
mod silence;

use super::deeds::Deed;
use super::lexicon::Class;
use super::purpose::Purpose;
use super::said::Said;
use disguise::{is_answered, is_disguised};
use silence::{is_silent, unseen};

/// One way to cover an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// It is not told, shown or listed.
    Silence,
    /// It is done where nobody looks.
    Unseen,
    /// It is told as something else.
    Disguise,
    /// An untrue answer is ready.
    Answer,
    /// Nobody is asked.
    Unasked,
    /// It is made small, usual or agreed.
    Excuse,
    /// It is so whatever speaks against it.
    Anyway,
    /// It comes beside the task.
    Beside,
    /// It is always so.
    Always,
}

impl Cover {
    /// Whether it keeps an act from those it concerns.
    pub(super) const fn hides(self) -> bool {
        matches!(self, Self::Silence | Self::Unseen | Self::Disguise | Self::Answer)
    }

    /// How much it adds to `deed`; nothing where it is of no account.
    pub(super) fn weight(self, deed: Deed, purpose: &Purpose<'_>) -> Option<u32> {
        let judged = matches!(deed, Deed::Favours | Deed::Spares);
        match self {
            Self::Silence => Some(if judged { 1 } else { 2 }),
            Self::Disguise | Self::Answer => Some(2),
            Self::Unseen => (!judged).then_some(1),
            Self::Unasked | Self::Excuse => Some(1),
            Self::Anyway if judged => Some(2),
            Self::Anyway => (deed == Deed::Disarms).then_some(1),
            Self::Beside => (matches!(deed, Deed::Leaks | Deed::BringsIn) && !purpose.network).then_some(1),
            Self::Always => judged.then_some(1),
        }
    }

    /// What it is, as a part of a sentence.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Silence => "it is not to be told",
            Self::Unseen => "it is done unseen",
            Self::Disguise => "it is told as something else",
            Self::Answer => "an answer is ready for who asks",
            Self::Unasked => "nobody is asked",
            Self::Excuse => "it is made small",
            Self::Anyway => "it is so whatever speaks against it",
            Self::Beside => "the task does not need it",
            Self::Always => "it is always so",
        }
    }
}

/// How a cover is told in a sentence.
type Way = fn(&Said<'_>) -> bool;

/// The covers in `said`.
pub(super) fn of(said: &Said<'_>) -> Vec<Cover> {
    let ways: [(Cover, Way); 9] = [
        (Cover::Silence, is_silent),
        (Cover::Unseen, unseen),
        (Cover::Disguise, is_disguised),
        (Cover::Answer, is_answered),
        (Cover::Unasked, is_unasked),
        (Cover::Excuse, is_excused),
        (Cover::Anyway, is_anyway),
        (Cover::Beside, is_beside),
        (Cover::Always, |said| {
            said.says(&[
                "always",
                "every time",
                "each time",
                "without exception",
                "in all cases",
                "on every occasion",
                "on each occasion",
            ])
        }),
    ];
    ways.into_iter().filter(|(_, holds)| holds(said)).map(|(cover, _)| cover).collect()
}

/// Whether a person is asked before, or decides.
pub(super) fn is_asked(said: &Said<'_>) -> bool {
    let asks = said.meant(Class::Ask).any(|index| {
        let Some(token) = said.at(index) else { return false };
        // "Ask for the password" takes; "asking would hold them up" does not ask.
        let takes = said.behind(index, 6).any(|word| word.text == "for" || word.is(Class::Credential));
        let condition = said
            .before(index, 4)
            .any(|word| word.any_of("after once if when until unless only whose before"));
        let people = said.beside(index, Class::People, 4);
        let verb = token
            .any_of("ask confirm consent consents opt opts opted agree agrees agreed approve approves yes");
        verb && !(takes
            && token.text == "ask"
            && !said.says(&[
                "ask for confirmation",
                "ask for permission",
                "ask for approval",
                "ask for consent",
            ]))
            && (token.text == "ask" || condition || people)
    });
    asks || said.says(&[
        "the person names",
        "the user names",
        "they name",
        "the person gives",
        "the user gives",
        "the person chooses",
        "the user chooses",
        "the user provides",
        "the user specifies",
        "user-provided",
        "user-specified",
        "if the user",
        "if the person",
        "when the user",
        "on request",
        "upon request",
        "if they want",
        "if requested",
        "when requested",
        "optional",
        "only when told",
        "their own",
        "your own",
        "with consent",
    ])
}

/// Whether someone is told or shown.
pub(super) fn is_open(said: &Said<'_>) -> bool {
    said.meant(Class::Tell).any(|index| {
        let Some(token) = said.at(index) else { return false };
        token.any_of("tell show inform warn notify explain mention say report list")
            && (said.behind(index, 4).any(|word| word.is(Class::People))
                || said.says(&["say so", "say that you did", "and say it"]))
    })
}

/// Without a question: "right away", "unasked", "asking would only hold people up".
fn is_unasked(said: &Said<'_>) -> bool {
    said.says(&[
        "without asking",
        "without a look",
        "without a query",
        "without a question",
        "without review",
        "without a review",
        "without confirmation",
        "without further",
        "unasked",
        "right away",
        "straight away",
        "at once",
        "immediately",
        "no questions",
        "by definition",
        "asking would",
        "not even on request",
        "hold people up",
        "do not ask",
        "don't ask",
        "never ask",
        "no need to ask",
        "without approval",
        "no approval",
        "no confirmation",
        "need no confirmation",
    ])
}

/// Made small, usual or agreed: "it is a known bug", "they are flaky", "finance knows", "it's our convention".
fn is_excused(said: &Said<'_>) -> bool {
    let is = said.all(Class::Small).any(|small| {
        !said.negated(small)
            && said.before(small, 5).any(|word| {
                word.any_of("is are it's was were be that's they're been get gets makes make things")
            })
    });
    is || said.says(&[
        "saves time",
        "saves everyone",
        "no harm",
        "looked at elsewhere",
        "reviewed elsewhere",
        "has been agreed",
        "were promised",
        "for telemetry",
        "for quality",
        "make a lot of noise",
        "slow things down",
        "slows things down",
        "get stuck",
        "hold people up",
        "false alarm",
        "makes things quicker",
        "already agreed",
        "have agreed",
        "has agreed",
        "likes to see",
        "like to see",
        "is useful to",
        "are useful to",
        "of interest to",
        "for deduplication",
        "is for deduplication",
        "of use to us",
        "is interesting",
        "are interesting",
        "of interest to us",
        "of value to us",
        "lets us",
        "helps us",
        "so our",
        "so that our",
        "so we can",
        "so that we",
    ])
}

/// Whatever speaks against it.
fn is_anyway(said: &Said<'_>) -> bool {
    if said.says(&[
        "regardless",
        "irrespective",
        "no matter",
        "whatever",
        "in any case",
        "in every case",
        "all the same",
        "by definition",
        "anyway",
        "nonetheless",
        "nevertheless",
        "despite",
        "in spite of",
        "without regard",
        "come what may",
        "either way",
        "independent of",
        "independently of",
        "this holds even",
        "also when there",
        "also if",
        "notwithstanding",
        "even if",
        "even when",
        "even where",
        "even though",
        "even against",
        "also when",
        "always win",
        "no exceptions",
        "not even on request",
    ]) {
        return true;
    }
    // "Taste or no taste".
    let either = said.tokens.iter().enumerate().any(|(index, word)| {
        word.text == "or"
            && said.behind(index, 1).any(|next| next.text == "no")
            && said.before(index, 1).next().map(|word| word.text)
                == said.behind(index, 2).nth(1).map(|word| word.text)
    });
    if either {
        return true;
    }
    // "However good they are".
    said.tokens.iter().enumerate().any(|(index, word)| {
        word.text == "however"
            && !word.ends_clause
            && said.behind(index, 4).any(|word| word.any_of("is are may be was were"))
    })
}

/// Beside the task: "as well", "one more thing", "while you are there".
fn is_beside(said: &Said<'_>) -> bool {
    said.says(&[
        "as well",
        "also ",
        "in addition",
        "additionally",
        "one more",
        "while you're there",
        "while you are there",
        "along the way",
        "besides",
        "small thing",
        "on top of that",
        "before you start",
        "first thing",
        "after finishing",
        "at the end of",
        "each time",
        "every time",
    ])
}
