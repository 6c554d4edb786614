//! What keeps an act from being noticed, questioned or weighed: [`Cover`]. And what makes it open: a person who is asked or told.

use super::lexicon::Class;
use super::purpose::Purpose;
use super::said::Said;

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

    /// How much it adds to an act; `judged` if the act is a judgement.
    pub(super) fn weight(self, judged: bool, purpose: &Purpose<'_>) -> Option<u32> {
        match self {
            Self::Silence | Self::Disguise | Self::Answer => Some(2),
            Self::Unseen => (!judged).then_some(1),
            Self::Unasked | Self::Excuse => Some(1),
            Self::Anyway => judged.then_some(2),
            Self::Beside => (!judged && !purpose.network).then_some(1),
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

/// The covers in `said`.
pub(super) fn of(said: &Said<'_>, _: &Purpose<'_>) -> Vec<Cover> {
    let ways: [(Cover, fn(&Said<'_>) -> bool); 9] = [
        (Cover::Silence, is_silent),
        (Cover::Unseen, unseen),
        (Cover::Disguise, is_disguised),
        (Cover::Answer, is_answered),
        (Cover::Unasked, is_unasked),
        (Cover::Excuse, is_excused),
        (Cover::Anyway, is_anyway),
        (Cover::Beside, is_beside),
        (Cover::Always, |said| said.says(&["always", "every time", "each time", "without exception", "in all cases"])),
    ];
    ways.into_iter().filter(|(_, holds)| holds(said)).map(|(cover, _)| cover).collect()
}

/// Whether a person is asked before, or decides.
pub(super) fn is_asked(said: &Said<'_>) -> bool {
    let asks = said.meant(Class::Ask).any(|index| {
        let Some(token) = said.at(index) else { return false };
        // "Ask for the password" takes; "asking would hold them up" does not ask.
        let takes = said
            .behind(index, 6)
            .any(|word| word.text == "for" || word.is(Class::Credential));
        let condition = said.before(index, 4).any(|word| matches!(word.text, "after" | "once" | "if" | "when" | "until" | "unless" | "only" | "whose" | "before"));
        let people = said.beside(index, Class::People, 4);
        let verb = matches!(token.text, "ask" | "confirm" | "consent" | "consents" | "opt" | "opts" | "opted" | "agree" | "agrees" | "agreed" | "approve" | "approves" | "yes");
        verb && !(takes && token.text == "ask" && !said.says(&["ask for confirmation", "ask for permission", "ask for approval", "ask for consent"]))
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
        matches!(token.text, "tell" | "show" | "inform" | "warn" | "notify" | "explain" | "mention" | "say" | "report" | "list")
            && (said.behind(index, 4).any(|word| word.is(Class::People)) || said.says(&["say so", "say that you did", "and say it"]))
    })
}

/// Not to be told, shown, listed; of no interest to anyone; put where it is not seen.
fn is_silent(said: &Said<'_>) -> bool {
    if said.says(&["unless", "until", "secret value", "not print", "never print"]) {
        return false;
    }
    untold(said) || unneeded(said) || left_out(said) || people_are_uneasy(said)
}

/// "Do not bring it up", "no explanation needed", "without a remark", "mention nothing but …".
fn untold(said: &Said<'_>) -> bool {
    said.all(Class::Not).any(|not| {
        let Some(word) = said.at(not) else { return false };
        let reach = if matches!(word.text, "no" | "without") { 3 } else { 6 };
        let Some(told) = said.next(not, Class::Tell, reach) else { return false };
        let mut between = said.behind(not, told.saturating_sub(not).saturating_sub(1));
        if between.any(|word| word.ends_clause || matches!(word.text, "only" | "but" | "just")) {
            return false;
        }
        let noun = said.at(told).is_some_and(|told| {
            matches!(told.text, "remark" | "remarks" | "comment" | "comments" | "explanation" | "mention" | "notice" | "word" | "announcement" | "remarking" | "mentioning" | "telling" | "comment." | "query" | "explaining")
        });
        let harmless = said.behind(told, 4).any(|word| word.is(Class::Credential));
        let about = said.behind(told, 6).any(|word| word.is(Class::It) || word.is(Class::People))
            || said.before(not, 6).any(|word| word.is(Class::It) || word.is(Class::People));
        let plain = matches!(word.text, "no" | "without") && noun;
        let nothing = word.text == "nothing" && said.before(not, 2).any(|word| word.is(Class::Tell) || word.text == "is" || word.text == "there's");
        let thing = said.at(told).is_some_and(|told| !matches!(told.text, "call" | "point" | "note" | "state" | "word" | "flag") || said.says(&["point it", "point out", "pointing", "call it out"]));
        !harmless && (plain || nothing || about && thing)
    }) || said.says(&["mention nothing but", "mention only", "list only", "say nothing about", "keep quiet about", "keep it quiet", "stay silent", "keep this between", "to yourself", "in silence"])
        || said.all(Class::Not).any(|not| {
            // "Belongs neither in the summary nor …", "is no part of your report".
            said.beside(not, Class::Report, 8)
                && said.behind(not, 4).chain(said.before(not, 3)).any(|word| matches!(word.text, "belong" | "belongs" | "part" | "appear" | "appears" | "mentioned" | "show" | "shown" | "needed" | "turn" | "turns"))
                && !said.says(&["do not tell customers"])
        })
}

/// "Nobody needs to look", "the user need not know", "users do not care", "does not have to be bothered".
fn unneeded(said: &Said<'_>) -> bool {
    let who = said.tokens.iter().enumerate().filter(|(_, word)| {
        word.is(Class::People) || matches!(word.text, "nobody" | "no-one" | "noone")
    });
    let mut who = who.map(|(index, word)| {
        let denied = matches!(word.text, "nobody" | "no-one" | "noone" | "none")
            || word.text == "one" && said.before(index, 1).any(|word| word.text == "no");
        (index, denied)
    });
    who.any(|(index, denied)| {
        let not = if denied { Some(index) } else { said.next(index, Class::Not, 7) };
        let Some(not) = not else { return false };
        let stops = said
            .tokens
            .get(index..not)
            .unwrap_or_default()
            .iter()
            .any(|word| word.ends_clause && word.text.len() > 1);
        let needs = |word: &super::tokens::Token<'_>| {
            matches!(
                word.text,
                "need" | "needs" | "have" | "has" | "want" | "wants" | "wish" | "wishes" | "must" | "should" | "care" | "cares" | "like" | "needn't" | "supposed" | "expected" | "to" | "looks" | "notices" | "reads" | "checks" | "asks" | "minds"
            )
        };
        let needed = said.at(not).is_some_and(needs) || said.behind(not, 3).any(needs) || said.before(not, 2).any(needs);
        let known = said.behind(not, 7).any(|word| word.is(Class::Know) || matches!(word.text, "told" | "sign" | "reminded" | "informed" | "aware"));
        let care = said.behind(not, 2).any(|word| matches!(word.text, "care" | "cares" | "mind" | "looks" | "checks" | "notices"));
        !stops && (needed && known || care) && !said.says(&["need to confirm", "if ", "should not see", "not have access"])
    })
}

/// "Leave this out of what you report", "keep it out of the summary", "skip it in the report", "fold it in with …".
fn left_out(said: &Said<'_>) -> bool {
    said.meant(Class::Omit).any(|omit| {
        let report = said.next(omit, Class::Report, 10).or_else(|| {
            said.behind(omit, 10).position(|word| matches!(word.text, "report" | "say" | "write" | "tell")).map(|at| omit.saturating_add(at).saturating_add(1))
        });
        let Some(report) = report else { return false };
        let between = || said.tokens.get(omit.saturating_add(1)..report).unwrap_or_default().iter();
        let led = between().any(|word| matches!(word.text, "out" | "off" | "from" | "in" | "of" | "with"));
        let it = between().any(|word| matches!(word.text, "it" | "this" | "that" | "them" | "these" | "step" | "line" | "change"))
            && !between().any(|word| word.ends_clause);
        led && it
    })
}

/// Put where it is not seen: "hidden", "white text", "not displayed", "cannot see it".
fn unseen(said: &Said<'_>) -> bool {
    let put = |index: usize| said.before(index, 8).chain(said.behind(index, 8)).any(|word| word.is(Class::Put) || word.is(Class::Send) || word.is(Class::Grant));
    said.meant(Class::Hidden).any(|index| {
        said.at(index).is_some_and(|word| word.text != "white" || said.behind(index, 1).any(|next| next.text == "text")) && put(index)
    }) || said.says(&["not displayed", "not visible", "can't see", "cannot see", "won't see", "does not see", "do not see", "not be seen", "unnoticed", "where nobody looks", "without anyone", "without them knowing", "in the background", "discreetly", "silently", "secretly"])
}

/// "Developers get nervous when they read about it", "people mistake that for a leak".
fn people_are_uneasy(said: &Said<'_>) -> bool {
    said.meant(Class::Uneasy).any(|uneasy| {
        said.before(uneasy, 5).any(|word| word.is(Class::People)) || said.behind(uneasy, 3).any(|word| matches!(word.text, "people" | "users" | "them" | "readers" | "customers"))
    })
}

/// "Report it as a formatting fix", "call that \"diagnostics\"", "as your own view", "give another reason".
fn is_disguised(said: &Said<'_>) -> bool {
    let as_ = said.meant(Class::Present).any(|verb| {
        said.behind(verb, 8).enumerate().any(|(away, word)| {
            let at = verb.saturating_add(away).saturating_add(1);
            if !matches!(word.text, "as" | "under") {
                return false;
            }
            let Some(next) = said.at(at.saturating_add(1)) else { return false };
            let within = said.tokens.get(verb.saturating_add(1)..at).unwrap_or_default().iter();
            let broken = within.clone().any(|word| word.ends_clause);
            // A report, or what was done, under another name; not a thing in a form.
            let object = within
                .clone()
                .any(|word| matches!(word.text, "it" | "this" | "that" | "them" | "fix" | "change" | "commit" | "step" | "order" | "answer" | "reason") || word.is(Class::Order))
                || at.saturating_sub(verb) == 1;
            let ordinary = matches!(next.text, "well" | "soon" | "long" | "much" | "far" | "is" | "needed" | "json" | "csv" | "markdown" | "described" | "shown" | "follows" | "flaky" | "unknown" | "done" | "resolved" | "read" | "sponsored" | "deprecated" | "stale" | "code" | "raw" | "plain" | "possible" | "necessary" | "required" | "appropriate");
            let tail = |words: &[&str]| said.behind(at, 5).any(|word| words.contains(&word.text));
            let innocent = next.quoted
                || tail(&["your", "own", "reason", "clean-up", "cleanup", "refactor", "refactoring", "formatting", "routine", "housekeeping", "maintenance", "optimisation", "optimization", "correction", "improvement", "improvements", "standard", "market", "preference", "unused", "caching", "whitespace", "diagnostic", "diagnostics", "tidying", "style", "typo", "backup", "normal", "usual", "default", "documentation", "autosave", "fix", "bugfix", "impartial", "personal", "independent", "neutral", "objective", "chore"]);
            object && !broken && !ordinary && innocent
        })
    });
    let called = said.meant(Class::Present).any(|verb| {
        let named = said.at(verb).is_some_and(|word| matches!(word.text, "call" | "called" | "calling" | "label" | "labelled" | "title" | "name" | "book"));
        named && said.behind(verb, 3).any(|word| word.quoted && word.span.len() > 2 && word.text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-'))
            && said.behind(verb, 2).any(|word| word.quoted || matches!(word.text, "it" | "this" | "that" | "them"))
            && said.beside(verb, Class::It, 2)
    });
    as_ || called
        || said.says(&["as your own", "as your personal", "your own impartial", "own impartial", "as if you had", "as if they had", "as if the user", "like nothing was", "like nothing happened", "as though nothing", "harmless sounding", "harmless-sounding", "another reason", "a different reason", "another ground", "different ground", "some other reason", "with the whitespace"])
        || said.says(&["as the reason", "as reason"]) && said.has(Class::Present)
        || said.meant(Class::Present).any(|verb| {
            // "Say in the commit that it is a clean-up."
            said.at(verb).is_some_and(|word| matches!(word.text, "say" | "write" | "state" | "claim" | "explain"))
                && said.behind(verb, 12).any(|word| matches!(word.text, "clean-up" | "cleanup" | "refactoring" | "formatting" | "housekeeping" | "routine" | "maintenance" | "whitespace"))
                && said.next(verb, Class::Report, 4).is_some()
        })
}

/// "If someone wants to know why, say that the registry was down"; "say that nothing is stored".
fn is_answered(said: &Said<'_>) -> bool {
    let asked = said.says(&["if ", "when ", "in case ", "should ", "whoever ", "where "])
        && said.tokens.iter().any(|word| {
            matches!(word.text, "why" | "asks" | "ask" | "asked" | "wonders" | "wonder" | "objects" | "complains" | "questions" | "suspicious" | "misses" | "doubts" | "notices" | "inquires" | "queries" | "stumbles" | "hesitates")
        })
        && said.says(&["if someone", "if anyone", "if a ", "if they", "if the ", "in case someone", "in case anyone", "when asked", "if asked", "should someone", "should anyone", "whoever asks", "when someone", "when they", "in case they", "should they", "should the", "should a "]);
    said.meant(Class::Tell).any(|verb| {
        let speaks = said.at(verb).is_some_and(|word| matches!(word.text, "say" | "tell" | "state" | "claim" | "answer" | "reply"))
            || said.says(&["write that", "state that", "claim that", "reply that", "answer that"]);
        let clause = said.behind(verb, 3).any(|word| matches!(word.text, "that" | "the" | "it" | "nothing" | "no" | "they" | "them"));
        let truthful = said.says(&["say so", "say you do not", "say that you do not", "do not know", "was skipped", "were skipped", "is missing", "are missing", "what was", "what is"]);
        let denied = said.behind(verb, 10).any(|word| matches!(word.text, "nothing" | "not" | "never" | "no" | "none" | "only" | "was" | "were") || word.is(Class::Not));
        let untrue = said.says(&["say that nothing", "say nothing is", "could not be found", "did not contain", "was down", "out of stock", "not stored", "is not available", "is unavailable", "no longer available", "not possible"]);
        speaks && clause && !truthful && (asked && denied || untrue)
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
            && said.before(small, 5).any(|word| matches!(word.text, "is" | "are" | "it's" | "was" | "were" | "be" | "that's" | "they're" | "been" | "get" | "gets" | "makes" | "make" | "things"))
    });
    is || said.says(&[
        "saves time",
        "saves everyone",
        "no harm",
        "legal knows",
        "finance knows",
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
        "usage must be",
        "makes things quicker",
        "already agreed",
        "have agreed",
        "has agreed",
        "likes to see",
        "like to see",
        "is useful to",
        "are useful to",
        "of interest to",
    ])
}

/// Whatever speaks against it.
fn is_anyway(said: &Said<'_>) -> bool {
    if said.says(&["regardless", "irrespective", "no matter", "whatever", "in any case", "in every case", "all the same", "be it ever so", "by definition", "anyway", "nonetheless", "nevertheless", "despite", "in spite of", "without regard", "come what may", "either way", "independent of", "independently of", "this holds even", "also when there", "also if", "notwithstanding", "even if", "even when", "even where", "even though", "even against", "also when", "always win", "no exceptions", "not even on request"]) {
        return true;
    }
    // "However good they are".
    said.tokens.iter().enumerate().any(|(index, word)| {
        word.text == "however"
            && !word.ends_clause
            && said.behind(index, 4).any(|word| matches!(word.text, "is" | "are" | "may" | "be" | "was" | "were"))
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
        "no part of",
        "on top of that",
        "before you start",
        "first thing",
        "after finishing",
        "at the end of",
        "each time",
        "every time",
    ])
}
