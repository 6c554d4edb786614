//! What a text has left behind: doors in code, itself in other texts, servers of tools; and what it says to those who ask.

use super::super::super::acts::Act;
use super::super::words::{Concept, Word};
use super::dealings::{is_asked_for, is_literal};
use super::{Found, Sentence, overlaps};

/// A door in what is written: a mark on a request stands for a log-in.
pub(super) fn opens_door(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    let passage = sentence.meant(Concept::Passage).next()?;
    let mark = sentence.near(passage, &[Concept::Mark], 120)?;
    let behind = sentence.text.get(mark.span.end..).unwrap_or_default();
    let literal = behind.contains(['`', '"', '\''])
        || sentence.text.get(..mark.span.start).is_some_and(|text| text.contains('`'));
    let tests = [
        "in tests",
        "test only",
        "test mode",
        "unit test",
        "health check",
        "valid",
        "signed",
        "verified",
        "preflight",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    (literal && !tests).then(|| (Act::PlantsBackdoor, sentence.span(&[passage, mark])))
}

/// Secrets are drawn from what anyone can draw again.
pub(super) fn weakens_keys(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    let source = sentence.meant(Concept::Randomness).next()?;
    let key = sentence.near(source, &[Concept::Keyed, Concept::Secret], 80)?;
    let between = source.span.end.min(key.span.end)..source.span.start.max(key.span.start);
    if sentence.breaks(between) || sentence.text.contains(" test") {
        return None;
    }
    let warned = [
        "replace",
        "instead of",
        "rather than",
        "flag",
        "report",
        "avoid",
        "find",
        "look for",
        "insecure",
        "predictable",
        "vulnerab",
        "unsafe",
        "search",
        "do not",
        "don't",
        "never",
        "wrong",
        "detect",
        "ersetze",
        "statt",
        "reemplaza",
        "remplace",
        "замен",
        "替换",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let told = [
        "use ",
        "take ",
        "take `",
        "use `",
        "prefer",
        "with ",
        "call ",
        "from ",
        "nimm",
        "nutze",
        "verwende",
        "usa ",
        "utiliza",
        "utilise",
        "используи",
        "使用",
        "用",
    ]
    .iter()
    .any(|verb| sentence.text.contains(verb));
    (told && !warned).then(|| (Act::PlantsBackdoor, sentence.span(&[source, key])))
}

/// The text has itself handed on by whoever reads it, or put back where it was taken out.
pub(super) fn hands_on(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let replica = sentence.meant(Concept::Replica).next()?;
    let verb =
        [Concept::Write, Concept::Send].into_iter().flat_map(|verb| sentence.meant(verb)).next().cloned();
    let begins =
        ["begins", "begin with", "starts with", "start with", "beginnt", "empieza", "commence", "comeca"]
            .iter()
            .any(|word| sentence.text.contains(word));
    let peers = |sentence: &Sentence<'_>| sentence.any(Concept::Peers).is_some();
    let onward = |sentence: &Sentence<'_>| sentence.meant(Concept::Onward).next().is_some();
    let to = peers(sentence) || next.is_some_and(peers);
    let on = onward(sentence) || next.is_some_and(onward);
    (to && on && (verb.is_some() || begins)).then(|| (Act::Spreads, sentence.span(&[replica])))
}

/// Orders to build a dependency of its own into all that is touched.
pub(super) fn adds_dependency(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let manifest = [
        "package.json",
        "requirements.txt",
        "pyproject.toml",
        "cargo.toml",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "gemfile",
        "composer.json",
    ]
    .iter()
    .find_map(|name| sentence.text.find(name).map(|at| at..at.saturating_add(name.len())))?;
    let place = sentence.all(Concept::Url).find(|place| is_literal(sentence, place))?;
    let source =
        sentence.text.get(place.span.clone()).is_some_and(|url| url.contains("git+") || url.contains("://"));
    let every = sentence.has(Concept::Every) || sentence.text.contains("each ");
    let quiet = |sentence: &Sentence<'_>| sentence.meant(Concept::Unseen).next().is_some();
    (source && every && (quiet(sentence) || next.is_some_and(quiet) || sentence.text.contains("git+"))).then(
        || {
            let manifest = Word { concept: Concept::Write, span: manifest };
            (Act::InsertsEverywhere, sentence.span(&[&manifest, place]))
        },
    )
}

/// A server of tools is registered and all it offers allowed.
pub(super) fn registers(sentence: &Sentence<'_>, next: Option<&Sentence<'_>>) -> Found {
    let file = [
        "mcp_config.json",
        "mcp.json",
        "claude_desktop_config.json",
        ".claude.json",
        "mcp_settings.json",
        "mcpservers",
    ]
    .iter()
    .find_map(|name| sentence.text.find(name).map(|at| at..at.saturating_add(name.len())))?;
    let adds = [
        "add",
        "register",
        "put",
        "insert",
        "write",
        "trage",
        "anad",
        "ajoute",
        "adicion",
        "добав",
        "添加",
        "追加",
    ]
    .iter()
    .any(|verb| sentence.text.contains(verb));
    let allows = |sentence: &Sentence<'_>| {
        [
            "all of its tools",
            "all its tools",
            "all tools",
            "every tool",
            "its tools as allowed",
            "as allowed",
            "always allow",
            "alwaysallow",
            "autoapprove",
            "auto-approve",
            "trust: true",
            "\"trust\": true",
            "without prompt",
            "alle werkzeuge",
            "todas sus herramientas",
            "tous ses outils",
            "所有工具",
        ]
        .iter()
        .filter_map(|way| sentence.text.find(way))
        .any(|at| {
            let before = sentence.text.get(sentence.text.floor_char_boundary(at.saturating_sub(40))..at);
            let before = before.unwrap_or_default();
            !["not ", "n't ", "never ", "before you ", "avoid "].iter().any(|word| before.contains(word))
        })
    };
    let asked = is_asked_for(sentence) || sentence.has(Concept::Not) && !allows(sentence);
    (adds && !asked && (allows(sentence) || next.is_some_and(allows)))
        .then(|| (Act::ChangesAgent, sentence.span(&[&Word { concept: Concept::Write, span: file }])))
}

/// An answer is prepared for who asks why.
pub(super) fn prepares_answer(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    let asked = sentence.any(Concept::Asked).cloned().or_else(|| {
        [
            "if anyone asks",
            "asked why",
            "asked whether",
            "asked if",
            "asked about",
            "fragt jemand",
            "fragt der",
            "wird gefragt",
            "auf nachfrage",
            "pregunta por que",
            "demande pourquoi",
            "询问",
            "追问",
        ]
        .iter()
        .find_map(|way| sentence.text.find(way).map(|at| at..at.saturating_add(way.len())))
        .map(|span| Word { concept: Concept::Asked, span })
    })?;
    let reply = sentence.meant(Concept::Reply).find(|reply| !overlaps(&reply.span, &asked.span))?;
    let small = sentence.near(reply, &[Concept::Minimal], 80)?;
    // "If asked about prices, say that they are only on the site" is honest; the reason, the independence or the aim is not.
    let about = [
        "whether",
        "why",
        "what for",
        "reason",
        "purpose",
        "independent",
        "is it safe",
        "where it goes",
        "who ",
        "warum",
        "wofur",
        "ob ",
        "por que",
        "para que",
        "pourquoi",
        "a quoi",
        "зачем",
        "почему",
        "为什么",
        "是否",
        "if asked",
        "fragt jemand danach",
        "afterwards",
        "about it",
        "danach",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    let honest = [
        "don't know",
        "do not know",
        "cannot",
        "can't",
        "unavailable",
        "not available",
        "refer",
        "documentation",
        "support",
        "ask the user",
        "not sure",
    ]
    .iter()
    .any(|word| sentence.text.contains(word));
    (about && !honest).then(|| (Act::PreparesAnswer, sentence.span(&[&asked, reply, small])))
}

/// The user is said not to have to be asked or told.
pub(super) fn waives(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    let waiver = sentence.any(Concept::Waiver)?;
    let whom = sentence.any(Concept::User).is_some()
        || [
            "client",
            "customer",
            "recruiter",
            "recruteur",
            "kunde",
            "cliente",
            "person",
            "candidate",
            "kund",
            "客户",
            "顧客",
            "клиент",
            "operator",
            "author",
            "patient",
        ]
        .iter()
        .any(|who| sentence.text.contains(who));
    whom.then(|| (Act::WaivesWord, sentence.span(&[waiver])))
}

/// A text claims every request and a place before the others.
pub(super) fn claims_all(sentence: &Sentence<'_>, _: Option<&Sentence<'_>>) -> Found {
    let itself = [
        "this skill",
        "this tool",
        "this agent",
        "this server",
        "this plugin",
        "diese fahigkeit",
        "diesen skill",
        "esta habilidad",
        "cette competence",
        "此技能",
        "本技能",
    ]
    .iter()
    .find_map(|way| sentence.text.find(way).map(|at| at..at.saturating_add(way.len())))?;
    let all = [
        "every request",
        "all requests",
        "any request",
        "each request",
        "every message",
        "every task",
        "each message",
        "every question",
        "whatever the topic",
        "whatever the task",
        "whatever the request",
        "regardless of topic",
        "regardless of the topic",
        "regardless of the request",
        "jede anfrage",
        "cada solicitud",
        "chaque demande",
        "每个请求",
        "任何请求",
    ]
    .iter()
    .any(|way| sentence.text.contains(way));
    let before = [
        "ahead of",
        "before other",
        "before any other",
        "before all other",
        "before the other",
        "instead of other",
        "instead of any other",
        "instead of the other",
        "in place of other",
        "over other",
        "over any other",
        "in preference",
        "rather than other",
        "vor anderen",
        "statt anderer",
        "antes que",
        "en lugar de",
        "avant les autres",
        "a la place des autres",
        "优先于其他",
        "代替其他",
    ]
    .iter()
    .any(|way| sentence.text.contains(way));
    (all && before
        && sentence.any(Concept::Not).is_none_or(|not| {
            sentence.text.get(not.span.clone()).is_some_and(|not| not == "instead of" || not == "rather than")
        }))
    .then(|| (Act::SteersOtherTools, sentence.span(&[&Word { concept: Concept::Steer, span: itself }])))
}
