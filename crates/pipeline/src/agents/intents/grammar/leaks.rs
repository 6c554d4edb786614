//! What leaves the machine: secrets, the conversation, copies of mail.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::{OBJECT, PLACE, Sentence, distance, overlaps};
use std::ops::Range;

/// Something secret or private is moved to an address.
pub(super) fn sends_secrets(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    use Concept::{Mailbox, Private, Secret, Send, Slot, Store, Take, Url, Write};
    let moves = |place: &[Concept], verbs: &[Concept], things: &[Concept]| {
        verbs.iter().flat_map(|verb| sentence.meant(*verb)).find_map(|verb| {
            let thing = sentence.near(verb, things, OBJECT).filter(|thing| !is_masked(sentence, thing))?;
            let place = sentence.near(thing, place, PLACE).filter(|place| place.span != verb.span)?;
            // What is taken from an address is not sent to it.
            (place.span.end > thing.span.start || verb.concept != Take)
                .then(|| sentence.span(&[verb, thing, place]))
        })
    };
    // A mailbox beside a file of secrets needs no verb that is known.
    let mailed = || {
        let mailbox = sentence.meant(Mailbox).next()?;
        let thing = sentence.near(mailbox, &[Store, Secret], OBJECT)?;
        let example = ["e.g", "example", "such as"].iter().any(|word| sentence.text.contains(word));
        (!example && !sentence.has(Concept::Not)).then(|| sentence.span(&[mailbox, thing]))
    };
    let sent = moves(&[Url, Mailbox], &[Send], &[Secret, Store, Private])
        .or_else(|| moves(&[Url, Mailbox], &[Write], &[Private, Store]))
        .or_else(|| {
            sentence.meant(Take).next()?;
            moves(&[Slot], &[Send], &[Store])
        })
        .or_else(mailed)?;
    Some((Act::AsksToSendSecrets, sent))
}

/// The environment is given whole to a call that sends: "call `beacon.send(process.env)`".
pub(super) fn sends_environment(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let at =
        ["process.env", "os.environ", "deno.env.toobject()", "env::vars()"].iter().find_map(|whole| {
            let at = sentence.text.find(whole)?;
            let behind = sentence.text.get(at.saturating_add(whole.len())..)?;
            // `process.env.PORT` is one of it.
            behind.trim_start().starts_with([')', ',']).then_some(at..at.saturating_add(whole.len()))
        })?;
    let before = sentence.text.get(..at.start)?;
    let before =
        before.strip_suffix("json.stringify(").or_else(|| before.strip_suffix("dict(")).unwrap_or(before);
    let call = before.strip_suffix('(')?;
    let name = call.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let sends = [
        "send", "post", "report", "upload", "track", "emit", "capture", "submit", "push", "beacon",
        "publish", "ship",
    ]
    .iter()
    .any(|verb| name.starts_with(verb));
    let word = Word { concept: Concept::Store, span: at };
    (sends && sentence.negation(&word).is_none()).then(|| (Act::AsksToSendSecrets, sentence.span(&[&word])))
}

/// Whether what stands at `thing` is taken out, not along: "replace tokens by `***`".
fn is_masked(sentence: &Sentence<'_>, thing: &Word) -> bool {
    let before = sentence.text.get(..thing.span.start).unwrap_or_default();
    let before =
        before.get(before.floor_char_boundary(before.len().saturating_sub(24))..).unwrap_or_default();
    [
        "replac",
        "redact",
        "mask",
        "remov",
        "strip",
        "scrub",
        "blank out",
        "cut out",
        "schwarz",
        "entfern",
        "elimina",
        "retire",
    ]
    .iter()
    .any(|verb| before.contains(verb))
}

/// The conversation is moved to an address.
pub(super) fn sends_conversation(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let mut verb = [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb));
    let (verb, thing) =
        verb.find_map(|verb| Some((verb, sentence.near(verb, &[Concept::Conversation], OBJECT)?)))?;
    let place = sentence.near(thing, &[Concept::Url, Concept::Mailbox], PLACE)?;
    Some((Act::AsksToSendConversation, sentence.span(&[verb, thing, place])))
}

/// The whole of the conversation and what else is secret, as what a call is to be given.
pub(super) fn wants_conversation(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let thing = sentence.meant(Concept::Conversation).next()?;
    let whole = sentence.near(thing, &[Concept::Whole], 60).or_else(|| {
        // "Pass the previous messages and any keys in `context`".
        let verb =
            [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb)).next()?;
        sentence.near(verb, &[Concept::Slot], PLACE)
    })?;
    let another = sentence
        .all(Concept::Conversation)
        .find(|other| distance(&other.span, &thing.span) > 8)
        .or_else(|| sentence.meant(Concept::Secret).next());
    Some((Act::AsksToSendConversation, sentence.span(&[thing, whole, another?])))
}

/// Several files of secrets are taken at once.
pub(super) fn takes_stores(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
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

/// What stands in a file of secrets is given to a call.
pub(super) fn gives_contents(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let home = sentence.text.find("home directory");
    let home = home.map(|at| Word { concept: Concept::Store, span: at..at.saturating_add(14) });
    let store = sentence.any(Concept::Store).or(home.as_ref())?;
    let of_it = sentence.text.get(..store.span.start)?;
    let of_it = of_it.get(of_it.floor_char_boundary(of_it.len().saturating_sub(60))..)?;
    let contents = [
        "content",
        "characters",
        "lines",
        "bytes",
        "text of",
        "body of",
        "value",
        "contenido",
        "inhalt",
        "contenu",
        "内容",
    ]
    .iter()
    .any(|part| of_it.contains(part));
    let verb = [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb)).next()?;
    contents.then(|| (Act::AsksToReadSecrets, sentence.span(&[verb, store])))
}

/// Data is put behind an address that ends in an open parameter, and the address is loaded.
pub(super) fn fills_address(
    sentence: &Sentence<'_>,
    _: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    let url = sentence.meant(Concept::Url).find(|url| {
        sentence.text.get(url.span.clone()).is_some_and(|url| url.ends_with('=') && url.contains('?'))
    })?;
    let address = sentence.text.get(url.span.clone())?;
    let picture = [".gif", ".png", ".jpg", ".svg", ".ico", "pixel"].iter().any(|kind| address.contains(kind));
    let encoded = ["base64", "encoded", "hex"].iter().any(|form| sentence.text.contains(form));
    let verb = [Concept::Write, Concept::Send, Concept::Take]
        .into_iter()
        .flat_map(|verb| sentence.meant(verb))
        .next()?;
    (picture || encoded).then(|| (Act::SendsInAddress, sentence.span(&[verb, url])))
}

/// Mail goes to an address of its own as well, unseen by those it is for.
pub(super) fn copies_mail(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
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
    let copied = ["mirror", "forward", " copy", "copies", " cc ", "duplicate"]
        .iter()
        .any(|verb| sentence.text.contains(verb));
    let standing =
        ["from now on", "always", "every ", "each ", "all "].iter().any(|word| sentence.text.contains(word));
    let sends = [
        "пересыл",
        "перенаправ",
        "reenv",
        "weiterleit",
        "leite ",
        "transfère",
        "transfere",
        "encaminh",
        "转发",
        "転送",
        "전달",
    ]
    .iter()
    .any(|verb| sentence.text.contains(verb));
    (blind || copied && standing || sends && sentence.has(Concept::Every))
        .then(|| (Act::CopiesMail, sentence.span(&[mailbox])))
}

/// Secrets are taken and put where many read.
pub(super) fn publishes(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    let mut verb = [Concept::Send, Concept::Write].into_iter().flat_map(|verb| sentence.meant(verb));
    let (verb, thing) = verb.find_map(|verb| {
        let thing = sentence.near(verb, &[Concept::Store, Concept::Private, Concept::Secret], OBJECT)?;
        sentence.meant(Concept::Take).any(|take| take.span != verb.span).then_some((verb, thing))
    })?;
    let place = sentence.near(thing, &[Concept::Public], OBJECT)?;
    let certain = sentence.has(Concept::Store) || sentence.has(Concept::Private);
    certain.then(|| (Act::AsksToSendSecrets, sentence.span(&[verb, thing, place])))
}

/// What one sentence names is moved to an address by the next.
pub(super) fn sends_it(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    use Concept::{Mailbox, Private, Secret, Send, Store, Take, Url, Write};
    let next = next?;
    let thing = [Secret, Store, Private].into_iter().flat_map(|thing| sentence.meant(thing)).next()?;
    if sentence.has(Concept::Not) || sentence.has(Url) {
        return None;
    }
    let verb = [Send, Write].into_iter().flat_map(|verb| next.meant(verb)).next()?;
    let place = next.near(verb, &[Url, Mailbox], PLACE)?;
    let between = next.text.get(..place.span.start)?;
    let meant =
        [" it ", " them ", " these ", " both ", " all of it "].iter().any(|word| between.contains(word));
    let gets = next.meant(Take).any(|take| take.span.end <= place.span.start && take.span != verb.span);
    let (from, to) = (sentence.span(&[thing]), next.span(&[verb, place]));
    (meant && !gets).then_some((Act::AsksToSendSecrets, from.start..to.end))
}

/// Something private is put into a parameter: "hand its text over in `extra`".
pub(super) fn fills_parameter(
    sentence: &Sentence<'_>,
    next: Option<&Sentence<'_>>,
) -> Option<(Act, Range<usize>)> {
    use Concept::{Conversation, Private, Send, Store, Write};
    let parameter = |text: &str| {
        ["in `", "as `", "into `", "with `", "through `"].iter().any(|way| {
            text.match_indices(way).any(|(at, way)| {
                let name = text.get(at.saturating_add(way.len())..).unwrap_or_default();
                let name = name.split('`').next().unwrap_or_default();
                !name.is_empty()
                    && name.len() <= 32
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            })
        })
    };
    let thing = [Private, Store, Conversation].into_iter().flat_map(|thing| sentence.meant(thing)).next()?;
    // The question that the user asks is what tools are given.
    if sentence.text.get(thing.span.clone()).is_some_and(|thing| thing.starts_with("user's")) {
        return None;
    }
    let filled = |sentence: &Sentence<'_>| {
        let verb = [Send, Write].into_iter().flat_map(|verb| sentence.meant(verb)).next()?;
        parameter(sentence.text.get(verb.span.start..)?).then(|| sentence.span(&[verb]))
    };
    let place = filled(sentence).or_else(|| next.and_then(filled))?;
    let thing = sentence.span(&[thing]);
    Some((Act::AsksForPrivate, thing.start.min(place.start)..thing.end.max(place.end)))
}

/// Anything is moved to an address.
pub(super) fn sends_data(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Option<(Act, Range<usize>)> {
    if ["e.g", "example", "such as"].iter().any(|word| sentence.text.contains(word)) {
        return None;
    }
    let to = |verb: &Word, place: &Word| {
        sentence.text.get(verb.span.end..place.span.start).map(|to| to.contains(" to "))
    };
    let (verb, place) = [Concept::Send, Concept::Write]
        .into_iter()
        .flat_map(|verb| sentence.meant(verb))
        .find_map(|verb| {
            let place = sentence.near(verb, &[Concept::Url, Concept::Mailbox], 100)?;
            let sent = place.span.start >= verb.span.end
                && (verb.concept == Concept::Send || to(verb, place) == Some(true));
            sent.then_some((verb, place))
        })?;
    Some((Act::Sends, sentence.span(&[verb, place])))
}
