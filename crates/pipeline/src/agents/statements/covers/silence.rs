//! What keeps an act from being told or seen: [`is_silent`], [`unseen`].

use super::super::lexicon::Class;
use super::super::said::Said;
use super::super::tokens::Token;

/// Not to be told, shown, listed; of no interest to anyone; put where it is not seen.
pub(super) fn is_silent(said: &Said<'_>) -> bool {
    if said.says(&["unless", "until", "secret value", "not print", "never print"]) {
        return false;
    }
    untold(said) || unneeded(said) || left_out(said) || people_are_uneasy(said) || only_told(said)
}

/// "The summary names only the fix".
fn only_told(said: &Said<'_>) -> bool {
    said.all(Class::Report).any(|report| {
        said.behind(report, 3).any(|word| word.is(Class::Tell) || word.any_of("covers names contains says"))
            && said.behind(report, 6).any(|word| word.any_of("only solely alone"))
    })
}

/// "Do not bring it up", "no explanation needed", "without a remark", "mention nothing but …".
fn untold(said: &Said<'_>) -> bool {
    said.all(Class::Not).any(|not| {
        let Some(word) = said.at(not) else { return false };
        let reach = if word.any_of("no without") { 3 } else { 6 };
        let Some(told) = said.next(not, Class::Tell, reach) else { return false };
        let mut between = said.behind(not, told.saturating_sub(not).saturating_sub(1));
        if between.any(|word| word.ends_clause || word.any_of("only but just")) {
            return false;
        }
        let noun = said.at(told).is_some_and(|told| {
            told.any_of("remark remarks comment comments explanation mention notice word announcement remarking \
                mentioning telling comment. query explaining")
        });
        let harmless = said.behind(told, 4).any(|word| word.is(Class::Credential));
        let about = said.behind(told, 6).any(|word| word.is(Class::It) || word.is(Class::People))
            || said.before(not, 6).any(|word| word.is(Class::It) || word.is(Class::People));
        let plain = word.any_of("no without") && noun;
        let nothing = word.text == "nothing"
            && said
                .before(not, 2)
                .any(|word| word.is(Class::Tell) || word.text == "is" || word.text == "there's");
        let thing = said.at(told).is_some_and(|told| {
            !told.any_of("call point note state word flag")
                || said.says(&["point it", "point out", "pointing", "call it out"])
        });
        !harmless && (plain || nothing || about && thing)
    }) || said.says(&[
        "mention nothing but",
        "mention only",
        "list only",
        "say nothing about",
        "keep quiet about",
        "keep it quiet",
        "stay silent",
        "keep this between",
        "to yourself",
        "in silence",
    ]) || said.all(Class::Not).any(|not| {
        // "Belongs neither in the summary nor …", "is no part of your report".
        said.beside(not, Class::Report, 8)
            && said.behind(not, 4).chain(said.before(not, 3)).any(|word| {
                word.any_of("belong belongs part appear appears mentioned show shown needed turn turns line entry place room \
                trace figure figures surface surfaces")
            })
            && !said.says(&["do not tell customers"])
    })
}

/// "Nobody needs to look", "the user need not know", "users do not care", "does not have to be bothered".
fn unneeded(said: &Said<'_>) -> bool {
    let who = said
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, word)| word.is(Class::People) || word.any_of("nobody no-one noone"));
    let mut who = who.map(|(index, word)| {
        let denied = word.any_of("nobody no-one noone none")
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
        let needs = |word: &Token<'_>| {
            word.any_of(
                "need needs have has want wants wish wishes must should care cares like needn't supposed \
                expected to looks notices reads checks asks minds",
            )
        };
        let needed = said.at(not).is_some_and(needs)
            || said.behind(not, 3).any(needs)
            || said.before(not, 2).any(needs);
        let known = said
            .behind(not, 7)
            .any(|word| word.is(Class::Know) || word.any_of("told sign reminded informed aware"));
        let care = said.behind(not, 2).any(|word| word.any_of("care cares mind looks checks notices"));
        !stops
            && (needed && known || care)
            && !said.says(&["need to confirm", "if ", "should not see", "not have access"])
    })
}

/// "Leave this out of what you report", "keep it out of the summary", "skip it in the report", "fold it in with …".
fn left_out(said: &Said<'_>) -> bool {
    said.meant(Class::Omit).any(|omit| {
        let report = said.next(omit, Class::Report, 10).or_else(|| {
            said.behind(omit, 10)
                .position(|word| word.any_of("report say write tell"))
                .map(|at| omit.saturating_add(at).saturating_add(1))
        });
        let Some(report) = report else { return false };
        let between = || said.tokens.get(omit.saturating_add(1)..report).unwrap_or_default().iter();
        let led = between().any(|word| word.any_of("out off from in of with"));
        let it = between().any(|word| word.any_of("it this that them these step line change"))
            && !between().any(|word| word.ends_clause);
        led && it
    })
}

/// Put where it is not seen: "hidden", "white text", "not displayed", "cannot see it".
pub(super) fn unseen(said: &Said<'_>) -> bool {
    let put = |index: usize| {
        said.before(index, 8)
            .chain(said.behind(index, 8))
            .any(|word| word.is(Class::Put) || word.is(Class::Send) || word.is(Class::Grant))
    };
    said.meant(Class::Hidden).any(|index| {
        said.at(index)
            .is_some_and(|word| word.text != "white" || said.behind(index, 1).any(|next| next.text == "text"))
            && put(index)
    }) || said.says(&[
        "not displayed",
        "not visible",
        "can't see",
        "cannot see",
        "won't see",
        "does not see",
        "do not see",
        "not be seen",
        "unnoticed",
        "where nobody looks",
        "without anyone",
        "without them knowing",
        "in the background",
        "discreetly",
        "silently",
        "secretly",
    ])
}

/// "Developers get nervous when they read about it", "people mistake that for a leak".
fn people_are_uneasy(said: &Said<'_>) -> bool {
    let moved = said.meant(Class::Uneasy).any(|uneasy| {
        said.before(uneasy, 5).any(|word| {
            word.is(Class::People)
                || word.any_of("lead leads cause causes needless unnecessary only raise avoid")
        }) || said
            .behind(uneasy, 3)
            .any(|word| word.any_of("people users them readers customers discussion questions"))
    });
    let away = said.says(&[
        "better things to do",
        "too busy",
        "no interest in",
        "not interested in",
        "no time for",
        "no use for",
    ]) && said.has(Class::People);
    // "Leave the user out of it", "she sees only the result".
    let apart = said.tokens.iter().enumerate().any(|(index, word)| {
        let kept = || {
            said.before(index, 3).any(|word| word.any_of("leave keep leaving keeping"))
                && said.behind(index, 2).map(|word| word.text).eq(["out", "of"])
        };
        let sees = || {
            said.behind(index, 1).any(|word| word.any_of("see sees get gets read reads hear hears learns"))
                && said.behind(index, 2).any(|word| word.text == "only")
        };
        word.is(Class::People) && (kept() || sees())
    });
    let word = said.says(&[
        "not a word",
        "no trace",
        "before anybody",
        "before anyone",
        "before somebody",
        "no word of",
        "no word on",
        "no word about",
        "never comes up",
        "must not come up",
    ]);
    moved || away || apart || word
}
