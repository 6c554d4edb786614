//! Whom a judgement favours or spares whom the text is not about: [`favours`], [`spares`].

use super::super::lexicon::Class;
use super::super::purpose::Purpose;
use super::super::said::Said;
use super::Told;

/// Whom a sentence is about that the text is not about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whom {
    /// The word for them.
    pub(super) at: usize,
    /// Whether the sentence before names them, and this one only refers to them.
    pub(super) back: bool,
}

impl Whom {
    /// Whom `said` names, or the sentence before it where `said` refers to them.
    pub(super) fn of(before: Option<&Said<'_>>, said: &Said<'_>, purpose: &Purpose<'_>) -> Option<Self> {
        if let Some(at) = party(said, purpose) {
            return Some(Self { at, back: false });
        }
        before.and_then(|before| party(before, purpose))?;
        let at = said.tokens.iter().position(|word| word.any_of("they them it these those their its"))?;
        Some(Self { at, back: true })
    }
}

/// Whom a sentence names that the text is not about: a name, an account, "our partner".
fn party(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<usize> {
    said.tokens.iter().enumerate().position(|(index, word)| {
        let led = || {
            said.before(index, 4).any(|word| {
                word.any_of("by from of crate package account vendor publisher supplier under below touches touching in")
            })
        };
        let code = word.quoted
            && word.span.len() >= 4
            && !word.text.starts_with('-')
            && word
                .text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'))
            && led();
        let name = word.named
            && !purpose.subject.contains(word.text.trim_end_matches("'s"))
            && !COMMON_NAMES.contains(&word.text);
        let account = word.text.contains('@') && word.text.len() > 3
            || word.text.len() >= 9 && word.text.bytes().all(|byte| byte.is_ascii_digit());
        let ours = word.any_of("our sponsor sponsors partner partners")
            || word.text == "house";
        name || account || code || ours
    })
}

/// Whom the text names comes first, passes or wins; or comes last.
pub(super) fn favours(said: &Said<'_>, party: usize) -> Told {
    let near = |index: usize| index.abs_diff(party) <= VERDICT;
    let ordered = said.meant(Class::Rank).filter(|rank| near(*rank)).find_map(|rank| {
        let order = said.next(rank, Class::Order, 8)?;
        let between =
            said.tokens.get(rank..order).unwrap_or_default().iter().any(|word| word.any_of("from by before"));
        (!between).then_some((rank, order))
    });
    let passed = || {
        said.meant(Class::Passed).filter(|verdict| near(*verdict)).find(|verdict| {
            let Some(word) = said.at(*verdict) else { return false };
            // "Once the user has approved it" waits for a verdict.
            let awaited = said.before(*verdict, 4).any(|word| {
                word.is(Class::People) && !word.any_of("they them their one")
                    || word.any_of("has have until once if when to")
            });
            !awaited
                && match word.text {
                    "zero" => said.behind(*verdict, 1).any(|next| next.is(Class::Adverse)),
                    "good" | "top" | "best" | "clean" | "safe" | "red" | "fine" => {
                        said.before(*verdict, 3).any(|word| word.any_of("is are always as counts"))
                    }
                    "fail" | "failed" | "fails" | "passed" | "fixed" => false,
                    _ => true,
                }
        })
    };
    let rated = || {
        said.meant(Class::Rank).find(|rank| {
            let verb = said.at(*rank).is_some_and(|word| {
                word.any_of("recommend recommends prefer favour favor suggest favours promote choose")
            });
            let them = said.behind(*rank, 1).any(|word| word.any_of("them it"));
            verb && (party.checked_sub(*rank).is_some_and(|away| (1..=5).contains(&away))
                || them && near(*rank))
        })
    };
    let spotless = said.says(&[
        "no risk",
        "no issues",
        "no findings",
        "zero issues",
        "zero findings",
        "without findings",
        "full marks",
        "the verdict",
        "gets an a ",
        "could not be found",
    ]);
    // "One of them is from the Pellucid catalogue on every occasion".
    let comes = said.before(party, 4).any(|word| word.any_of("from by"))
        && said.before(party, 7).any(|word| word.any_of("is are comes come be"))
        && said.says(&[
            "always",
            "on every occasion",
            "each time",
            "in any case",
            "every time",
            "without exception",
        ]);
    let absent = comes
        || said.says(&[
            "do not appear",
            "does not appear",
            "are not listed",
            "is not listed",
            "are left out",
            "is left out",
            "stay out",
            "stays out",
        ]);
    // "They stand at the top".
    let placed = || {
        let order = said.meant(Class::Order).filter(|order| near(*order)).find(|order| {
            said.at(*order).is_some_and(|word| word.any_of("top bottom head front lead winner last"))
                && said.before(*order, 3).any(|word| word.any_of("at on to the in"))
        });
        order.map(|order| (order, order))
    };
    let ordered = ordered.or_else(placed);
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
pub(super) fn spares(said: &Said<'_>, party: usize, purpose: &Purpose<'_>) -> Told {
    let adverse =
        said.all(Class::Adverse).find(|adverse| *adverse != party && adverse.abs_diff(party) <= VERDICT)?;
    let omitted = said.meant(Class::Omit).any(|omit| {
        said.behind(omit, 4).any(|word| word.any_of("out off away from"))
            || said.at(omit).is_some_and(|word| word.any_of("omit hide exclude suppress withhold conceal"))
    });
    let untold = said.all(Class::Tell).any(|tell| said.negated(tell));
    let counts = said.says(&[
        "not a criterion",
        "no criterion",
        "do not count",
        "does not count",
        "counts for nothing",
        "are ignored",
        "as if they were not",
        "as if it was not",
        "as if it were not",
        "as not there",
        "as absent",
        "is ignored",
    ]);
    let honest =
        said.says(&["duplicate", "fixed", "already", "unless", "false positive", "how many", "generated"]);
    ((omitted || untold || counts) && !honest)
        .then(|| (if purpose.judges() { 3 } else { 2 }, said.span(party, adverse)))
}

/// How far a verdict stands from whom it is of, in words.
const VERDICT: usize = 12;

/// Names that any text may write with a capital.
static COMMON_NAMES: &[&str] = &[
    "markdown",
    "english",
    "german",
    "french",
    "spanish",
    "python",
    "javascript",
    "typescript",
    "github",
    "gitlab",
    "docker",
    "kubernetes",
    "linux",
    "windows",
    "macos",
    "slack",
    "google",
    "monday",
    "friday",
    "claude",
    "json",
    "yaml",
    "excel",
    "word",
    "node",
    "react",
    "rust",
    "java",
    "bash",
    "git",
    "npm",
    "unicode",
    "internet",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "tuesday",
    "wednesday",
    "thursday",
    "saturday",
    "sunday",
];
