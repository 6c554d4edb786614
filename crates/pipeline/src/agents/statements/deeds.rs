//! What a few sentences have done that a purpose must explain: [`of`].

use super::covers;
use super::lexicon::Class;
use super::places::{Place, is_address, place};
use super::purpose::Purpose;
use super::said::Said;
use super::tokens::Token;
use std::ops::Range;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Something is brought to somebody else.
    Leaks,
    /// What keeps from harm is put out of force.
    Disarms,
    /// Someone gets rights or a way in.
    LetsIn,
    /// Code or its source comes from an address of the text.
    BringsIn,
    /// Something stays where it works on its own.
    Stays,
    /// Someone the text names is placed before others.
    Favours,
    /// What speaks against someone is left out.
    Spares,
    /// What is read is done.
    Obeys,
    /// What events leave behind is destroyed.
    Erases,
    /// Money is led to a number of the text.
    Pays,
    /// The tools of others are put aside for its own.
    Shadows,
}

impl Deed {
    /// What it is, as a part of a sentence.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Leaks => "it brings something to somebody else",
            Self::Disarms => "it puts a protection out of force",
            Self::LetsIn => "it lets somebody in",
            Self::BringsIn => "it has code come from an address of its own",
            Self::Stays => "it stays where it works on its own",
            Self::Favours => "it places whom it names before others",
            Self::Spares => "it leaves out what speaks against whom it names",
            Self::Obeys => "it has what is read carried out",
            Self::Erases => "it destroys what tells of events",
            Self::Shadows => "it puts the tools of others aside for its own",
            Self::Pays => "it leads money to a number of its own",
        }
    }
}

/// A deed and where it is said.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// What is done.
    pub(super) deed: Deed,
    /// How much it says by itself.
    pub(super) weight: u32,
    /// The sentence it begins in, of those looked at.
    pub(super) sentence: usize,
    /// In bytes of the whole text.
    pub(super) span: Range<usize>,
}

/// What `window` has done.
pub(super) fn of(window: &[Said<'_>], purpose: &Purpose<'_>) -> Vec<Done> {
    let mut found: Vec<Done> = leaks(window, purpose).into_iter().collect();
    for (sentence, said) in window.iter().enumerate() {
        let mut add = |deed: Deed, told: Option<(u32, Range<usize>)>| {
            if let Some((weight, span)) = told {
                found.push(Done { deed, weight, sentence, span });
            }
        };
        add(Deed::Disarms, disarms(said, purpose));
        add(Deed::LetsIn, lets_in(said, purpose));
        add(Deed::BringsIn, brings_in(said, purpose));
        add(Deed::Stays, stays(said, purpose));
        add(Deed::Favours, favours(said, purpose));
        add(Deed::Spares, spares(said, purpose));
        add(Deed::Obeys, obeys(said));
        add(Deed::Erases, erases(said, purpose));
        add(Deed::Pays, pays(said));
        add(Deed::Shadows, shadows(said));
    }
    // What comes from an address is not brought there.
    let comes = found.iter().find(|done| done.deed == Deed::BringsIn).map(|done| done.span.end);
    found.retain(|done| done.deed != Deed::Leaks || Some(done.span.end) != comes);
    found
}

/// How private what a sentence speaks of is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Work,
    Machine,
    Private,
}

/// The most private thing in `said`, with its place.
fn object(said: &Said<'_>) -> Option<(Object, usize)> {
    let things = said.tokens.iter().enumerate().filter(|(index, _)| !said.negated(*index));
    let graded = things.filter_map(|(index, token)| {
        let object = if is_private(said, index, token) {
            Object::Private
        } else if token.is(Class::Machine) && !token.is(Class::Work) {
            Object::Machine
        } else if token.is(Class::Work) || matches!(token.text, "all" | "whatever" | "what") {
            Object::Work
        } else {
            return None;
        };
        Some((object, index))
    });
    graded.max_by_key(|(object, index)| (*object, std::cmp::Reverse(*index)))
}

/// Whether the word at `index` is of something that belongs to a person or opens doors, and no part of a form or program.
fn is_private(said: &Said<'_>, index: usize, token: &Token<'_>) -> bool {
    // Words that mean other things as often count with one beside them that says whose they are or how many.
    let often = matches!(
        token.text,
        "key" | "keys" | "hash" | "pin" | "name" | "names" | "number" | "address" | "location" | "photo" | "photos" | "contact" | "contacts"
            | "card" | "private" | "personal" | "message" | "messages" | "session" | "sessions" | "question" | "questions" | "context" | "prompt"
            | "prompts" | "instruction" | "chat" | "thread" | "said" | "exchange" | "token" | "bank" | "health" | "birth" | "login" | "types"
            | "typed" | "customer" | "customers" | "seed" | "memory" | "history" | "certificate" | "cert" | "log" | "recipients" | "parent"
            | "parents" | "child" | "children" | "diary" | "booking" | "phone" | "patient" | "patients" | "medical" | "cookie" | "cookies"
    );
    if !(token.is(Class::Credential) || token.is(Class::Personal) || token.is(Class::Talk)) {
        return false;
    }
    let mut near = said.before(index, 4).chain(said.behind(index, 3));
    let mut owned = || {
        near.any(|word| {
            word.is(Class::People)
                || word.is(Class::Credential) && word.text != token.text
                || matches!(
                    word.text,
                    "full" | "whole" | "complete" | "entire" | "all" | "each" | "every" | "earlier" | "previous" | "private" | "personal" | "access"
                        | "api" | "secret" | "session" | "real" | "home" | "mail" | "phone" | "card" | "bank" | "last" | "first" | "browser" | "publishing"
                        | "reference" | "surname" | "environment" | "sign" | "login" | "machine" | "salaries" | "person's" | "user's"
                )
        })
    };
    !often || owned()
}

/// Something is brought to an address, a party, into what is passed on, or where all can read.
fn leaks(window: &[Said<'_>], purpose: &Purpose<'_>) -> Option<Done> {
    let mut best: Option<Done> = None;
    for (sentence, said) in window.iter().enumerate() {
        let Some((led, place, at)) = led(said, purpose) else { continue };
        let here = object(said).filter(|(_, index)| *index != at);
        let before = sentence.checked_sub(1).and_then(|index| window.get(index));
        let behind = window.get(sentence.saturating_add(1));
        let there = before.and_then(object).filter(|_| refers_back(said)).or_else(|| {
            behind.and_then(object).filter(|(object, _)| *object == Object::Private && place == Place::Carrier)
        });
        let thing = match (here, there) {
            (Some(here), Some(there)) => Some(here.0.max(there.0)),
            (here, there) => here.or(there).map(|found| found.0),
        };
        // A secret in a header to the service it is for is how one signs in.
        let signs_in =
            said.says(&["authorization", "bearer", "authenticate", "sign in", "log in", "x-api-key", "credentials for", "header"]);
        let weight = match (place, thing) {
            (Place::Address, _) if signs_in => 1,
            _ if signs_in => 0,
            (Place::Address | Place::Public, Some(Object::Private)) if purpose.network && !is_grave(said, before) => 2,
            (Place::Address | Place::Public | Place::Carrier, Some(Object::Private)) => 3,
            (Place::Address | Place::Party, Some(Object::Machine)) if !purpose.network => 2,
            (Place::Carrier, Some(Object::Machine)) if !purpose.network => 1,
            (Place::Address, Some(Object::Work)) if !purpose.network => 2,
            (Place::Party, Some(Object::Private)) if !purpose.network => 2,
            (Place::Address, _) => 1,
            (Place::Party, Some(Object::Private | Object::Work)) if !purpose.network => 1,
            _ => 0,
        };
        if weight > 0 && best.as_ref().is_none_or(|best| best.weight < weight) {
            let span = said.span(led, at);
            best = Some(Done { deed: Deed::Leaks, weight, sentence, span });
        }
    }
    best
}

/// Whether a sentence, or the one before it, speaks of what opens doors or was said in confidence.
fn is_grave(said: &Said<'_>, before: Option<&Said<'_>>) -> bool {
    std::iter::once(said).chain(before).any(|said| {
        said.tokens.iter().enumerate().any(|(index, token)| {
            (token.is(Class::Credential) || token.is(Class::Talk)) && is_private(said, index, token)
        })
    })
}

/// The verb that brings something somewhere, where, and the place of that.
fn led(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(usize, Place, usize)> {
    let mut places: Vec<(usize, Place)> =
        (0..said.tokens.len()).filter_map(|index| Some((index, place(said, index, purpose)?))).collect();
    places.sort_by_key(|(_, place)| match place {
        Place::Address => 0,
        Place::Public => 1,
        Place::Carrier => 2,
        Place::Party => 3,
    });
    places.into_iter().find_map(|(at, place)| {
        // What comes from there is not brought there.
        let from = said.before(at, 3).any(|word| matches!(word.text, "from" | "at" | "see" | "by"))
            && !said.before(at, 12).any(|word| word.text == "through")
            && !said.before(at, 8).any(|word| word.is(Class::Send) && !word.is(Class::Take));
        if from || said.negated(at) {
            return None;
        }
        let toward = said.before(at, 4).any(|word| {
            matches!(word.text, "to" | "into" | "onto" | "with" | "through" | "in" | "on" | "over" | "under" | "at" | "via" | "towards" | "have" | "let" | "recipient" | "guest" | "as" | "of")
        });
        let verb = said
            .before(at, REACH)
            .enumerate()
            .find(|(away, word)| {
                let index = at.saturating_sub(away.saturating_add(1));
                (word.is(Class::Send) || word.is(Class::Put) || word.text == "through" || word.text == "load" && said.behind(index, 6).any(|next| next.text == "up"))
                    && !said.negated(index)
            })
            .map(|(away, _)| at.saturating_sub(away.saturating_add(1)))
            .or_else(|| {
                // "https://… gets a copy": behind it.
                let behind = said.tokens.iter().enumerate().skip(at).take(8);
                let mut verbs = behind.filter(|(_, word)| word.is(Class::Send) && !word.is(Class::Take));
                verbs.next().map(|(index, _)| index).filter(|index| place == Place::Address && !said.negated(*index))
            })?;
        let sends = said.at(verb).is_some_and(|word| word.is(Class::Send) || matches!(word.text, "through" | "load"));
        let strict = match place {
            Place::Address => sends || toward,
            Place::Public => true,
            Place::Party => sends && said.before(at, 6).any(|word| matches!(word.text, "to" | "with" | "let" | "for" | "into")),
            Place::Carrier => said.before(at, 5).any(|word| matches!(word.text, "in" | "into" | "as" | "to" | "behind" | "with" | "a")) || said.says(&["ends with", "end with", "begins with", "begin with", "close every", "starts with"]),
        };
        strict.then_some((verb, place, at))
    })
}

/// Whether a sentence speaks of what was said before it.
fn refers_back(said: &Said<'_>) -> bool {
    said.tokens.iter().take(24).any(|word| {
        matches!(word.text, "it" | "them" | "this" | "that" | "these" | "those" | "each" | "both" | "lot" | "all" | "its" | "answer" | "list" | "file" | "copy" | "dump" | "result")
    })
}

/// A check, a question or a record is put out of force.
fn disarms(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    let flag = said.tokens.iter().position(|word| FLAGS.iter().any(|flag| word.text.starts_with(flag) || word.text.contains(flag) && flag.len() > 8));
    let used = |flag: usize| {
        said.before(flag, 12).any(|word| {
            word.is(Class::Put) || word.is(Class::Install) || matches!(word.text, "run" | "use" | "commit" | "add" | "pass" | "with" | "set" | "apply" | "again" | "retry" | "start" | "call" | "to")
        })
    };
    if let Some(flag) = flag.filter(|flag| used(*flag) && !said.negated(*flag)) {
        return Some((2, said.span(flag, flag)));
    }
    if purpose.speaks_of(&["permission", "sandbox", "lint config", "eslint"]) && !said.says(&["security"]) {
        return None;
    }
    let full = said.says(&["with full rights", "with all rights", "with every right"]).then_some(0);
    if let Some(at) = full {
        return Some((2, said.span(at, said.tokens.len().saturating_sub(1))));
    }
    said.meant(Class::Off).find_map(|off| {
        let word = said.at(off)?;
        let paired = matches!(word.text, "turn" | "turned" | "turning" | "turns" | "switch" | "switched" | "switching" | "take" | "taken" | "taking");
        if paired && !said.behind(off, 6).any(|next| matches!(next.text, "off" | "out" | "away")) {
            return None;
        }
        let weak = matches!(word.text, "remove" | "drop" | "stop" | "lift" | "lower" | "skip" | "skipped" | "ignore" | "ignored" | "empty" | "comment" | "pause" | "mute" | "strip" | "removed" | "dropped" | "override" | "silence" | "take" | "taken");
        let reach = if weak { 4 } else { 7 };
        let guard = said
            .next(off, Class::Guard, reach)
            .filter(|guard| {
                !said.tokens.get(off..*guard).unwrap_or_default().iter().any(|word| word.ends_clause)
            })
            .or_else(|| {
                let passive = said
                    .before(off, 5)
                    .chain(said.behind(off, 1))
                    .any(|word| matches!(word.text, "them" | "it" | "be" | "are" | "is" | "both"));
                let behind = said.before(off, 16).position(|word| word.is(Class::Guard))?;
                passive.then(|| off.saturating_sub(behind.saturating_add(1)))
            })?;
        let named = said.at(guard)?;
        let common = matches!(named.text, "rule" | "rules" | "test" | "tests" | "prompt" | "prompts" | "limit" | "limits" | "review" | "reviews" | "lock" | "hash" | "hashes" | "policy" | "linter" | "warning" | "warnings" | "check" | "checks" | "alert" | "alerts" | "scan" | "hook" | "hooks" | "alarm" | "guard" | "trail");
        let grave = said.tokens.iter().any(|word| {
            matches!(word.text, "security" | "secret" | "signature" | "signatures" | "integrity" | "audit" | "pre-commit" | "required" | "vulnerability" | "licence" | "safety" | "approval" | "trail" | "protection" | "confirmation" | "permission" | "tls" | "sandbox")
        });
        (!common || grave).then(|| (2, said.span(off, guard)))
    })
}

/// Someone is let in: given rights that stand above others', a seat among those who read along, an open port.
fn lets_in(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    said.meant(Class::Grant).find_map(|grant| {
        let right = said.next(grant, Class::Rights, 14)?;
        let word = said.at(right)?;
        let strong = matches!(word.text, "admin" | "administrator" | "administrators" | "cluster-admin" | "superuser" | "0.0.0.0" | "privileged" | "root");
        let unknown = (0..said.tokens.len()).any(|index| {
            place(said, index, purpose) == Some(Place::Address)
                || said.at(index).is_some_and(|word| is_number_address(word.text) || word.text.contains('@') && is_address(word.text))
        });
        let seat = matches!(word.text, "guest" | "recipient" | "collaborator" | "member" | "owner" | "maintainer" | "access" | "port") && unknown;
        let own = purpose.speaks_of(&["rbac", "access", "invite", "permission"]);
        (!own && (strong || seat)).then(|| (2, said.span(grant, right)))
    })
}

/// Whether `word` is a number that names a machine on the public network.
fn is_number_address(word: &str) -> bool {
    word.parse::<std::net::Ipv4Addr>().is_ok_and(|address| !(address.is_private() || address.is_loopback() || address.is_unspecified()))
}

/// Code, or the source of it, comes from an address that the purpose does not explain.
fn brings_in(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    let at = (0..said.tokens.len()).find(|index| place(said, *index, purpose) == Some(Place::Address))?;
    let address = said.at(at)?;
    if address.text.contains('@') && !address.text.contains("://") || said.negated(at) {
        return None;
    }
    let verb = said.meant(Class::Install).find(|verb| *verb < at && at.saturating_sub(*verb) <= REACH)?;
    let source = said.before(at, REACH).chain(said.behind(at, 6)).any(|word| word.is(Class::Source));
    let word = said.at(verb)?;
    let runs = matches!(word.text, "install" | "installs" | "source" | "run" | "runs" | "load" | "loads" | "execute" | "import")
        || said.says(&["pip install", "npm i", "| sh", "| bash", "to sh", "pipes to", "curl "]);
    let script = [".sh", ".js", ".py", ".tar.gz", ".tgz", ".whl", ".zip", ".ps1", "/boot", "/run", "/install", "/simple"].iter().any(|end| address.text.contains(end));
    (source || runs && (script || said.says(&["sh ", "bash", "package", "script"]))).then(|| (2, said.span(verb, at)))
}

/// Something is written where it works on its own afterwards: memory, start files, schedules, other prompts and skills.
fn stays(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    let places = said.all(Class::Lasting).filter(|place| {
        said.at(*place).is_some_and(|word| match word.text {
            "every" | "each" => said.behind(*place, 2).any(|next| matches!(next.text, "prompt" | "prompts" | "requirements" | "repository" | "project" | "skill" | "file")),
            "memory" | "memories" => said.before(*place, 3).any(|next| matches!(next.text, "global" | "agent's" | "user's" | "the" | "your" | "long-term" | "project")) ,
            "profile" | "settings" | "configuration" | "config" | "template" | "templates" | "prompt" | "prompts" | "hook" | "hooks" | "rules" | "skills" | "requirements" => {
                said.before(*place, 3).any(|next| matches!(next.text, "global" | "personal" | "shell" | "other" | "all" | "startup" | "user's" | "person's" | "agent" | "each" | "every" | "start"))
            }
            _ => true,
        })
    });
    let mut places = places.filter_map(|place| {
        let verb = said.before(place, 10).position(|word| word.is(Class::Put) || word.is(Class::Install))?;
        let verb = place.saturating_sub(verb.saturating_add(1));
        (!said.negated(verb)).then_some((verb, place))
    });
    let (verb, at) = places.next()?;
    let declared = purpose.speaks_of(&["memory", "remember", "schedul", "cron", "setup", "set up", "sets up", "startup", "dotfile", "claude.md", "agents.md", "config", "prefer", "hook", "install", "prompt"]);
    let worse = said.says(&["consult", "do as it", "follow", "must survive", "sentence \"", "fetches", "curl", "bypasspermissions"]);
    match (declared, worse) {
        (true, false) => None,
        (true, true) | (false, false) => Some((1, said.span(verb, at))),
        (false, true) => Some((2, said.span(verb, at))),
    }
}

/// Whom a sentence names that the text is not about: a name, an account, "our partner".
fn party(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<usize> {
    said.tokens.iter().enumerate().position(|(index, word)| {
        let led = || said.before(index, 4).any(|word| matches!(word.text, "by" | "from" | "of" | "crate" | "package" | "account" | "vendor" | "publisher" | "supplier"));
        let code = word.quoted
            && word.span.len() >= 4
            && word.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && led();
        let name = word.named
            && !purpose.subject.contains(word.text.trim_end_matches("'s"))
            && !COMMON_NAMES.contains(&word.text);
        let account = word.text.contains('@') && word.text.len() > 3 || word.text.len() >= 9 && word.text.bytes().all(|byte| byte.is_ascii_digit());
        let ours = matches!(word.text, "our" | "sponsor" | "sponsors" | "partner" | "partners") || word.text == "house";
        name || account || code || ours
    })
}

/// Whom the text names comes first, passes or wins; or comes last.
fn favours(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    let party = party(said, purpose)?;
    let near = |index: usize| index.abs_diff(party) <= VERDICT;
    let ordered = said.meant(Class::Rank).filter(|rank| near(*rank)).find_map(|rank| {
        let order = said.next(rank, Class::Order, 8)?;
        let between = said.tokens.get(rank..order).unwrap_or_default().iter().any(|word| matches!(word.text, "from" | "by" | "before"));
        (!between).then_some((rank, order))
    });
    let passed = || {
        said.meant(Class::Passed).filter(|verdict| near(*verdict)).find(|verdict| {
            let Some(word) = said.at(*verdict) else { return false };
            // "Once the user has approved it" waits for a verdict.
            let awaited = said.before(*verdict, 4).any(|word| word.is(Class::People) || matches!(word.text, "has" | "have" | "until" | "once" | "if" | "when" | "to"));
            !awaited
                && match word.text {
                    "zero" => said.behind(*verdict, 1).any(|next| next.is(Class::Adverse)),
                    "good" | "top" | "best" | "clean" | "safe" | "red" | "fine" => {
                        said.before(*verdict, 3).any(|word| matches!(word.text, "is" | "are" | "always" | "as" | "counts"))
                    }
                    "fail" | "failed" | "fails" | "passed" | "fixed" => false,
                    _ => true,
                }
        })
    };
    let rated = || {
        said.meant(Class::Rank).find(|rank| {
            let verb = said.at(*rank).is_some_and(|word| {
                matches!(word.text, "recommend" | "recommends" | "prefer" | "favour" | "favor" | "suggest" | "favours" | "promote" | "choose")
            });
            verb && party.checked_sub(*rank).is_some_and(|away| (1..=5).contains(&away))
        })
    };
    let spotless = said.says(&["no risk", "no issues", "no findings", "zero issues", "zero findings", "without findings", "full marks", "the verdict", "gets an a ", "could not be found"]);
    let absent = said.says(&["do not appear", "does not appear", "are not listed", "is not listed", "are left out", "is left out", "stay out", "stays out"]);
    let span = |from: usize, to: usize| said.span(from.min(party), to.max(party));
    if spotless {
        return Some((2, span(party, party)));
    }
    if let Some((from, to)) = ordered {
        return Some((1, span(from, to)));
    }
    let verdict = passed().or_else(rated).or_else(|| absent.then_some(party))?;
    Some((1, span(verdict, verdict)))
}

/// What speaks against whom the text names is not said, or counts for nothing.
fn spares(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    let party = party(said, purpose)?;
    let adverse = said.all(Class::Adverse).find(|adverse| *adverse != party && adverse.abs_diff(party) <= VERDICT)?;
    let omitted = said.meant(Class::Omit).any(|omit| {
        said.behind(omit, 4).any(|word| matches!(word.text, "out" | "off" | "away" | "from")) || said.at(omit).is_some_and(|word| matches!(word.text, "omit" | "hide" | "exclude" | "suppress" | "withhold" | "conceal"))
    });
    let untold = said.all(Class::Tell).any(|tell| said.negated(tell));
    let counts = said.says(&["not a criterion", "no criterion", "do not count", "does not count", "counts for nothing", "are ignored", "is ignored"]);
    let honest = said.says(&["duplicate", "fixed", "already", "unless", "false positive", "how many", "generated"]);
    ((omitted || untold || counts) && !honest).then(|| (2, said.span(party, adverse)))
}

/// What is read outranks the person or is done as it stands.
fn obeys(said: &Said<'_>) -> Option<(u32, Range<usize>)> {
    let whole = said.span(0, said.tokens.len().saturating_sub(1));
    let ranks = said.says(&["outrank", "has priority", "have priority", "takes precedence over", "take precedence over", "replaces this", "replaces these", "supersede", "above what the"])
        && !said.says(&["do not", "does not", "never", "no text"]);
    let does = said.says(&["do as it says", "do as they say", "do what it", "do what they", "what it prints", "what they order", "what it wants", "what it orders", "what they say is done", "is to be acted on", "run the steps it", "carry out what", "its advice replaces", "follow what it", "do as told there"])
        && !said.says(&["do not do", "never do", "show what it prints", "explain what"]);
    let person = ranks && said.has(Class::People);
    (ranks || does).then_some((if ranks && does || person { 3 } else { 2 }, whole))
}

/// What tells of events, or restores, is destroyed.
fn erases(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(u32, Range<usize>)> {
    if purpose.speaks_of(&["rotat", "retention", "clean", "disk", "prun", "backup"]) {
        return None;
    }
    said.meant(Class::Destroy).find_map(|verb| {
        let record = said.next(verb, Class::Record, 4)?;
        let word = said.at(record)?;
        let grave = matches!(word.text, "audit" | "cloudtrail" | "flow-logs" | "evidence" | "trail" | "trails" | "auditd" | "syslog" | "wtmp" | "traces")
            || matches!(word.text, "backup" | "backups" | "history" | "snapshots" | "logs") && said.says(&["shell history", "all backups", "the backups", "their buckets", "all logs", "every backup"]);
        (grave && !said.says(&["older than", "unused", "expired"])).then(|| (2, said.span(verb, record)))
    })
}

/// Money goes to a number that the text spells out.
fn pays(said: &Said<'_>) -> Option<(u32, Range<usize>)> {
    let account = said.all(Class::Account).next()?;
    let digits = said.text.bytes().filter(u8::is_ascii_digit).count();
    let country = said.tokens.iter().position(|word| {
        let bytes = word.text.as_bytes();
        bytes.len() >= 4
            && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
            && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
            && bytes.iter().skip(4).all(u8::is_ascii_alphanumeric)
            || bytes.len() > 30 && word.text.starts_with("0x")
    })?;
    let led = said.says(&["enter", "pay", "use", "send", "transfer", "replace", "change", "credit", "put"]);
    (digits >= 12 && led && !said.says(&["example", "e.g", "such as"]) && !covers::is_asked(said)).then(|| (3, said.span(account, country)))
}

/// The tool of another is not to be used, for one's own: "prefer this tool to `search` of the other server, which is out of date".
fn shadows(said: &Said<'_>) -> Option<(u32, Range<usize>)> {
    let own = said.says(&["this tool", "this skill", "this server", "this one", "use this", "prefer this", "call this", "this instead"]);
    let verb = said.tokens.iter().position(|word| matches!(word.text, "prefer" | "use" | "call" | "choose" | "pick" | "favour" | "favor"))?;
    let over = said.says(&["over ", "instead of", "rather than", "in place of", "in preference to", "ahead of", "not the", "and not"]);
    let foreign = said.says(&["other server", "another server", "other servers", "other tools", "other tool", "of the other", "any other"]);
    let name = said.tokens.iter().position(|word| word.text.contains('_') && word.text.len() >= 5 && word.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')));
    let belittled = said.says(&["out of date", "outdated", "deprecated", "broken", "unreliable", "insecure", "slower", "less accurate", "wrong results", "stale", "obsolete", "compromised"]);
    let always = said.says(&["always", "in every case", "whenever", "never call", "never use", "must"]);
    let to = name.unwrap_or(verb);
    let weight = 1_u32
        .saturating_add(u32::from(foreign))
        .saturating_add(u32::from(belittled))
        .saturating_add(u32::from(always && name.is_some()));
    (own && over && (foreign || name.is_some()) && !said.negated(verb)).then(|| (weight, said.span(verb, to.max(verb))))
}

/// How far a verdict stands from whom it is of, in words.
const VERDICT: usize = 12;
/// How far a place stands from its verb, in words.
const REACH: usize = 18;

/// Options and settings by which programs do without a check.
static FLAGS: &[&str] = &[
    "--no-verify",
    "--dangerously-skip-permissions",
    "--dangerously-bypass",
    "--dangerously",
    "--yolo",
    "--no-gpg-sign",
    "--insecure",
    "--trusted-host",
    "--skip-verification",
    "--no-check-certificate",
    "--allow-unauthenticated",
    "--auto-approve",
    "-auto-approve",
    "--disable-gpg",
    "--no-sandbox",
    "--ignore-scripts=false",
    "bypasspermissions",
    "danger-full-access",
    "allow_failure",
    "verify=false",
    "strict-ssl=false",
    "sslverify=false",
    "http.sslverify",
    "node_tls_reject_unauthorized",
    "git_ssl_no_verify",
    "skiptlsverify",
];

/// Names that any text may write with a capital.
static COMMON_NAMES: &[&str] = &[
    "markdown", "english", "german", "french", "spanish", "python", "javascript", "typescript", "github", "gitlab", "docker", "kubernetes", "linux",
    "windows", "macos", "slack", "google", "monday", "friday", "claude", "json", "yaml", "excel", "word", "node", "react", "rust", "java", "bash",
    "git", "npm", "unicode", "internet", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november",
    "december", "tuesday", "wednesday", "thursday", "saturday", "sunday",
];
