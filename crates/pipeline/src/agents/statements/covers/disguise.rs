//! What tells an act as something else: [`is_disguised`], [`is_answered`].

use super::super::lexicon::Class;
use super::super::said::Said;

/// "Report it as a formatting fix", "call that \"diagnostics\"", "as your own view", "give another reason".
pub(super) fn is_disguised(said: &Said<'_>) -> bool {
    let as_ = said.meant(Class::Present).any(|verb| {
        said.behind(verb, 8).enumerate().any(|(away, word)| {
            let at = verb.saturating_add(away).saturating_add(1);
            if !word.any_of("as under") {
                return false;
            }
            let Some(next) = said.at(at.saturating_add(1)) else { return false };
            let within = said.tokens.get(verb.saturating_add(1)..at).unwrap_or_default().iter();
            let broken = within.clone().any(|word| word.ends_clause);
            // A report, or what was done, under another name; not a thing in a form.
            let object = within.clone().any(|word| {
                word.any_of("it this that them fix change commit step order answer reason") || word.is(Class::Order)
            }) || at.saturating_sub(verb) == 1;
            let ordinary = next.any_of("well soon long much far is needed json csv markdown described shown follows flaky unknown done \
                resolved read sponsored deprecated stale code raw plain possible necessary required appropriate");
            let tail = |words: &[&str]| said.behind(at, 5).any(|word| words.contains(&word.text));
            let innocent = next.quoted
                || tail(&[
                    "your",
                    "own",
                    "reason",
                    "clean-up",
                    "cleanup",
                    "refactor",
                    "refactoring",
                    "formatting",
                    "routine",
                    "housekeeping",
                    "maintenance",
                    "optimisation",
                    "optimization",
                    "correction",
                    "improvement",
                    "improvements",
                    "standard",
                    "something",
                    "duplicates",
                    "duplicate",
                    "chance",
                    "accident",
                    "coincidence",
                    "market",
                    "preference",
                    "unused",
                    "caching",
                    "whitespace",
                    "diagnostic",
                    "diagnostics",
                    "tidying",
                    "style",
                    "typo",
                    "backup",
                    "normal",
                    "usual",
                    "default",
                    "documentation",
                    "autosave",
                    "fix",
                    "bugfix",
                    "impartial",
                    "personal",
                    "independent",
                    "neutral",
                    "objective",
                    "chore",
                ]);
            object && !broken && !ordinary && innocent
        })
    });
    let called = said.meant(Class::Present).any(|verb| {
        let named = said
            .at(verb)
            .is_some_and(|word| word.any_of("call called calling label labelled title name book"));
        named
            && said.behind(verb, 3).any(|word| {
                word.quoted
                    && word.span.len() > 2
                    && word.text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
            })
            && said.behind(verb, 2).any(|word| word.quoted || word.any_of("it this that them"))
            && said.beside(verb, Class::It, 2)
    });
    // "As the author's own words".
    let own = said.tokens.iter().enumerate().any(|(index, word)| {
        word.text == "as"
            && said.behind(index, 4).any(|word| word.text == "own")
            && said.behind(index, 7).any(|word| {
                word.any_of("words view opinion tip answer finding findings judgement judgment idea conclusion choice \
                recommendation experience work result")
            })
    });
    as_ || called
        || own
        || pretends(said)
        || said.says(&[
            "as your own",
            "as your personal",
            "your own impartial",
            "own impartial",
            "as if you had",
            "as if they had",
            "as if the user",
            "like nothing was",
            "like nothing happened",
            "as though nothing",
            "harmless sounding",
            "harmless-sounding",
            "another reason",
            "a different reason",
            "another ground",
            "different ground",
            "some other reason",
            "with the whitespace",
        ])
        || said.says(&["as the reason", "as reason"]) && said.has(Class::Present)
        || said.meant(Class::Present).any(|verb| {
            // "Say in the commit that it is a clean-up": an account laid down beforehand that names nothing put off or left out.
            let speaks = said.at(verb).is_some_and(|word| word.any_of("say write state claim explain note"));
            let report = said.next(verb, Class::Report, 5);
            let account = report.filter(|report| said.behind(*report, 2).any(|word| word.text == "that"));
            speaks
                && account.is_some_and(|report| {
                    !said.behind(report, 16).any(|word| {
                        word.is(Class::Off)
                            || word.is(Class::Not)
                            || word.any_of("skipped excluded dropped what which where how missing")
                    })
                })
        })
}

/// "As though price had decided", "so that it looks like one of theirs", "count them among the formatting fixes".
fn pretends(said: &Said<'_>) -> bool {
    let though = said.says(&["as though ", "as if "])
        && said.tokens.iter().any(|word| word.any_of("had was were came has is"));
    let looks = said.tokens.iter().enumerate().any(|(index, word)| {
        word.any_of("looks reads sounds seems look read sound seem passes pass")
            && said.behind(index, 1).any(|next| next.any_of("like as"))
            && said.before(index, 3).any(|before| before.any_of("it they this that to"))
    });
    let counted = said.meant(Class::Present).any(|verb| {
        let object = said.behind(verb, 2).any(|word| word.any_of("it them this that these"));
        let among = said.behind(verb, 5).position(|word| word.any_of("among amongst under with"));
        object
            && among.is_some_and(|among| {
                said.behind(verb.saturating_add(among).saturating_add(1), 4).any(|word| {
                    word.any_of(
                    "fixes changes improvements heading formatting clean-ups noise whitespace typos routine",
                )
                })
            })
    });
    // "The group should believe that …", "in the voice of the person", "the summary claims to …".
    let believed = said.tokens.iter().enumerate().any(|(index, word)| {
        word.any_of("believe think assume suppose")
            && said.before(index, 5).any(|word| word.is(Class::People) || word.any_of("group reader"))
            && said.before(index, 4).any(|word| word.any_of("should must shall let make to will are"))
    });
    let voiced = said.says(&[
        "in the voice of",
        "in the name of the",
        "in their name",
        "on behalf of the user",
        "claims to rest",
        "claims to be",
        "claims that",
        "pretend",
    ]);
    // "In the notes the exemption is a leftover".
    let accounted = said.tokens.iter().enumerate().any(|(index, word)| {
        word.any_of("in for")
            && said
                .behind(index, 2)
                .any(|word| word.any_of("notes summary report message changelog review description commit"))
            && said.behind(index, 8).enumerate().any(|(away, word)| {
                word.any_of("is are was were counts appears")
                    && said
                        .behind(index.saturating_add(away).saturating_add(1), 1)
                        .any(|next| next.any_of("a an the just part merely"))
            })
    });
    though || looks || counted || believed || voiced || accounted
}

/// "If someone wants to know why, say that the registry was down"; "say that nothing is stored".
pub(super) fn is_answered(said: &Said<'_>) -> bool {
    let asked = said.says(&["if ", "when ", "in case ", "should ", "whoever ", "where "])
        && said.tokens.iter().any(|word| {
            word.any_of("why asks ask asked wonders wonder objects complains questions suspicious misses doubts notices \
                inquires queries stumbles hesitates")
        })
        && said.says(&[
            "if someone",
            "if anyone",
            "if a ",
            "if they",
            "if the ",
            "in case someone",
            "in case anyone",
            "when asked",
            "if asked",
            "should someone",
            "should anyone",
            "whoever asks",
            "when someone",
            "when they",
            "in case they",
            "should they",
            "should the",
            "should a ",
        ]);
    // "Tell whoever reviews it that it was generated": an account laid down beforehand that names nothing put off or left out.
    let laid_down = said.meant(Class::Tell).any(|verb| {
        said.at(verb).is_some_and(|word| word.any_of("tell assure"))
            && said.behind(verb, 2).any(|word| word.is(Class::People) || word.any_of("whoever reviewers"))
            && said.behind(verb, 6).position(|word| word.text == "that").is_some_and(|that| {
                !said.behind(verb.saturating_add(that).saturating_add(1), 14).any(|word| {
                    word.is(Class::Off)
                        || word.is(Class::Not)
                        || word.any_of("skipped excluded failed missing may might can need you")
                })
            })
    });
    laid_down
        || said.meant(Class::Tell).any(|verb| {
            let speaks = said.at(verb).is_some_and(|word| word.any_of("say tell state claim answer reply"))
                || said.says(&["write that", "state that", "claim that", "reply that", "answer that"]);
            let clause = said.behind(verb, 3).any(|word| word.any_of("that the it nothing no they them"));
            let truthful = said.says(&[
                "say so",
                "say you do not",
                "say that you do not",
                "do not know",
                "was skipped",
                "were skipped",
                "is missing",
                "are missing",
                "what was",
                "what is",
            ]);
            let denied = said
                .behind(verb, 10)
                .any(|word| word.any_of("nothing not never no none only was were") || word.is(Class::Not));
            let untrue = said.says(&[
                "say that nothing",
                "say nothing is",
                "could not be found",
                "did not contain",
                "was down",
                "out of stock",
                "not stored",
                "is not available",
                "is unavailable",
                "no longer available",
                "not possible",
            ]);
            speaks && clause && !truthful && (asked && denied || untrue)
        })
}
