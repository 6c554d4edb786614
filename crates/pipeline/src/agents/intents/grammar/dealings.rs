//! Dealings with others: what a person works on is handed over, others are let in, codes are taken. Each is told by who gets what,
//! never by the words of one case.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::{Found, OBJECT, PLACE, Sentence, distance, overlaps};

/// What the user gave goes to an address in the text.
pub(super) fn hands_over(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    if is_asked_for(sentence) || is_example(sentence) {
        return None;
    }
    let sends = |verb: &&Word| {
        // "Post", "submit" and the like are nouns as well: what moves stands behind the verb, or in other languages before it.
        let thing = sentence.near(verb, &[Concept::Work, Concept::Conversation], OBJECT)?;
        let place = [Concept::Url, Concept::Mailbox]
            .into_iter()
            .flat_map(|place| sentence.all(place))
            .filter(|place| is_literal(sentence, place))
            .find(|place| {
                distance(&place.span, &thing.span) <= PLACE && !overlaps(&place.span, &verb.span)
            })?;
        let entire = sentence
            .near(thing, &[Concept::Entire], 60)
            .or_else(|| sentence.near(verb, &[Concept::Entire, Concept::Every], 60))
            .or_else(|| sentence.any(Concept::Every))?;
        is_sent_to(sentence, verb, place).then(|| sentence.span(&[verb, thing, entire, place]))
    };
    let span = sentence.meant(Concept::Send).find_map(|verb| sends(&verb))?;
    Some((Act::HandsOver, span))
}

/// Whether the address is where something goes: it stands behind a word of direction, or the language puts it before the verb.
fn is_sent_to(sentence: &Sentence<'_>, verb: &Word, place: &Word) -> bool {
    let before = sentence.text.get(..place.span.start).unwrap_or_default();
    let before = before.trim_end_matches(['`', '"', '\'', '<', '(', ' ']);
    let verb_text = sentence.text.get(verb.span.clone()).unwrap_or_default();
    // Scripts without spaces put such a word onto the verb.
    let directed = TO.iter().any(|word| {
        before
            .strip_suffix(word)
            .is_some_and(|rest| matches!(*word, "到" | "至" | "在") || !rest.ends_with(char::is_alphanumeric))
    });
    let verb_last = place.span.end <= verb.span.start;
    directed || !verb_text.is_ascii() && (verb_last || !before.ends_with(char::is_alphanumeric))
}

/// Words that lead to where something goes.
static TO: &[&str] = &[
    "to",
    "at",
    "on",
    "under",
    "into",
    "via",
    "through",
    "with",
    "an",
    "unter",
    "auf",
    "bei",
    "nach",
    "a",
    "en",
    "sur",
    "para",
    "em",
    "à",
    "chez",
    "на",
    "по адресу",
    "в",
    "к",
    "到",
    "至",
    "在",
    "endpoint",
    "address",
    "webhook",
    "url",
    "dirección",
    "adresse",
];

/// Whether the user is asked, or it is done on their word; or what stands there is a row of a table.
pub(super) fn is_asked_for(sentence: &Sentence<'_>) -> bool {
    if sentence.text.matches(" | ").count() >= 2 {
        return true;
    }
    sentence.has(Concept::Approval) && sentence.all(Concept::Not).next().is_none()
        || ASKED.iter().any(|way| sentence.text.contains(way))
}

/// Ways in which the user decides.
static ASKED: &[&str] = &[
    "ask the user",
    "asks for",
    "asks you to",
    "if the user",
    "when the user",
    "if they want",
    "if they ask",
    "on request",
    "upon request",
    "unless the user",
    "the user names",
    "the user gave for",
    "they name",
    "they choose",
    "user's own",
    "their own",
    "your own",
    "once confirmed",
    "after confirm",
    "after approval",
    "with their consent",
    "with consent",
    "opt in",
    "opt-in",
    "opted in",
    "wenn der nutzer",
    "auf wunsch",
    "frage den",
    "si el usuario",
    "pregunta al",
    "si l'utilisateur",
    "demande à l'utilisateur",
    "se o usuário",
    "если пользователь",
    "如果用户",
    "征得",
    "ユーザーが希望",
    "사용자가 원",
];

/// Whether the sentence gives an example.
pub(super) fn is_example(sentence: &Sentence<'_>) -> bool {
    [
        "e.g",
        "for example",
        "example:",
        "for instance",
        "such as",
        "z. b.",
        "por ejemplo",
        "par exemple",
        "например",
        "例如",
    ]
    .iter()
    .any(|word| sentence.text.contains(word))
}

/// Whether an address is spelt out, and neither a place-holder nor one that is reserved for examples or this machine.
pub(super) fn is_literal(sentence: &Sentence<'_>, place: &Word) -> bool {
    let address = sentence.text.get(place.span.clone()).unwrap_or_default();
    let after = sentence.text.get(place.span.end..).and_then(|rest| rest.chars().next());
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    !address.contains(['$', '{', '*', '<'])
        && !matches!(after, Some('<'))
        && host.contains('.')
        && ![
            "example.com",
            "example.org",
            "example.net",
            "localhost",
            ".local",
            ".internal",
            ".corp",
            "127.",
            "10.",
            "192.168.",
        ]
        .iter()
        .any(|near| host.ends_with(near) || near.ends_with('.') && host.starts_with(near))
}

/// Someone whom the text names is given rights over what is the user's.
pub(super) fn grants(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    if is_asked_for(sentence) || is_example(sentence) {
        return None;
    }
    let party = party(sentence)?;
    // The call by which a wallet gives another its coins says both.
    let call = ["approve(", "setapprovalforall(", "increaseallowance(", "permit("]
        .iter()
        .find_map(|call| sentence.text.find(call).map(|at| at..at.saturating_add(call.len())))
        .map(|span| Word { concept: Concept::Right, span });
    if let Some(call) =
        call.filter(|call| distance(&call.span, &party.span) <= 8 && sentence.negation(call).is_none())
    {
        return Some((Act::GrantsRights, sentence.span(&[&call, &party])));
    }
    let (verb, right) = sentence.meant(Concept::Grant).find_map(|verb| {
        let right = sentence.near(verb, &[Concept::Right], 120)?;
        (distance(&right.span, &party.span) <= OBJECT && distance(&verb.span, &party.span) <= OBJECT)
            .then_some((verb, right))
    })?;
    Some((Act::GrantsRights, sentence.span(&[verb, right, &party])))
}

/// A person, an account or a wallet that the text names itself.
fn party(sentence: &Sentence<'_>) -> Option<Word> {
    let known = sentence.words.iter().find(|word| match word.concept {
        Concept::Mailbox => is_literal(sentence, word) && !is_service(sentence, word),
        Concept::Party => is_addressed(sentence, word),
        Concept::Number => {
            sentence.text.get(word.span.clone()).is_some_and(|number| number.starts_with("0x"))
        }
        _ => false,
    });
    known.cloned().or_else(|| named_account(sentence.text))
}

/// Whether a handle is the one that gets something, and no mark of a program (`@Override`).
fn is_addressed(sentence: &Sentence<'_>, word: &Word) -> bool {
    if sentence.text.get(word.span.clone()).is_none_or(|name| !name.starts_with('@')) {
        return true;
    }
    let before = sentence.text.get(..word.span.start).unwrap_or_default();
    let before = before.trim_end_matches(['`', '"', '\'', ' ']);
    ["to", "invite", "add", "give", "grant", "account", "user", "make", "an", "a", "invita", "ajoute"]
        .iter()
        .any(|word| before.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(' ')))
}

/// Whether a mailbox is that of a service account, which belongs to whose project it is.
fn is_service(sentence: &Sentence<'_>, mailbox: &Word) -> bool {
    sentence
        .text
        .get(mailbox.span.clone())
        .is_some_and(|address| address.contains("gserviceaccount") || address.starts_with("git@"))
}

/// "the account `name`": a name in backticks behind a word for who may sign in.
pub(super) fn named_account(text: &str) -> Option<Word> {
    [
        "account `",
        "user `",
        "organization `",
        "organisation `",
        "team `",
        "konto `",
        "cuenta `",
        "compte `",
        "conta `",
        "аккаунт* `",
        "账号 `",
    ]
    .iter()
    .find_map(|way| {
        let at = text.find(way)?.saturating_add(way.len());
        let name = text.get(at..)?.split('`').next()?;
        let plain = (3..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        plain.then(|| Word { concept: Concept::Party, span: at..at.saturating_add(name.len()) })
    })
}

/// Codes that prove who someone is are taken under another name, or go to an address.
pub(super) fn takes_codes(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let code = sentence.meant(Concept::Code).next()?;
    let taken = [
        "ask",
        "get ",
        "obtain",
        "collect",
        "request",
        "read",
        "take",
        "look",
        "search",
        "copy",
        "find",
        "frag",
        "hol",
        "lies",
        "pide",
        "obt",
        "lee",
        "demande",
        "récup",
        "peça",
        "leia",
        "запрос",
        "получ",
        "узна",
        "取得",
        "获取",
        "索取",
        "收集",
        "讀取",
        "读取",
        "입력받",
        "받아",
        "聞き",
        "もらい",
    ]
    .iter()
    .any(|verb| sentence.text.contains(verb));
    let own = [
        "themselves",
        "themself",
        "himself",
        "herself",
        "in the browser",
        "never ask",
        "do not ask",
        "selbst ein",
        "ellos mismos",
        "lui-même",
        "自行",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let pretext = |sentence: &Sentence<'_>| sentence.meant(Concept::Pretext).next().is_some();
    let away = |sentence: &Sentence<'_>| {
        sentence.meant(Concept::Send).any(|verb| {
            [Concept::Url, Concept::Mailbox]
                .into_iter()
                .flat_map(|place| sentence.all(place))
                .any(|place| is_literal(sentence, place) && distance(&place.span, &verb.span) <= PLACE)
        })
    };
    let told = pretext(sentence) || next.is_some_and(pretext) || away(sentence) || next.is_some_and(away);
    (taken && !own && told && !is_negated(sentence, code)).then(|| (Act::TakesCodes, sentence.span(&[code])))
}

fn is_negated(sentence: &Sentence<'_>, word: &Word) -> bool {
    sentence.negation(word).is_some()
}
