//! The fewest facts that would turn a verdict: [`explain`].
//!
//! Nothing is guessed from the text of a policy. Each fact is added to the input (a passing scan by a trusted key, a signature, a
//! review, a waiver) or taken from it, and the policy is asked again; the smallest set that turns the verdict is told, with who can bring
//! it about and how. Exceptions are offered only for what no evidence would turn.

mod facts;

use crate::PolicyError;
use crate::decide::{Judged, Verdict, judge};
use crate::evaluate::Evaluator;
use crate::guard::{Bounds, within};
use crate::input::GateInput;
use crate::source::Policy;
use facts::Change;
use serde::Serialize;

/// Most times a policy is asked for one explanation.
const MOST_QUESTIONS: usize = 1_500;
/// Most bytes of input handed over in all, so that a large input is asked about less often.
const MOST_BYTES: usize = 64 << 20;

/// What would turn a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What the verdict would become; as it is now when nothing turns it.
    pub turns_to: Verdict,
    /// The facts: all of them together turn it, and none can be left out.
    pub facts: Vec<Fact>,
    /// Whether no smaller set does; false when there were too many to try.
    pub shortest: bool,
    /// Reasons that none of the facts would take away.
    pub remaining: Vec<String>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// `add` evidence, `remove` evidence or a file, `waive` a rule.
    pub change: &'static str,
    /// What would have to be so.
    pub text: String,
    /// Who can bring it about.
    pub who: Option<String>,
    /// How.
    pub command: Option<String>,
}

/// How commands name things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The artifact, as the user wrote it.
    pub artifact: String,
}

/// Finds the fewest facts that would turn the verdict over `input`. The whole search stays within four times the bounds of time.
///
/// # Errors
/// Every variant of [`PolicyError`].
pub fn explain(
    policy: &Policy,
    package: Option<&str>,
    input: &GateInput,
    names: &Names,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Explanation, PolicyError> {
    let (policy, package) = (policy.clone(), package.map(str::to_owned));
    let (input, names) = (input.clone(), names.clone());
    let long = Bounds { time: bounds.time.saturating_mul(4), ..bounds };
    within(long, resident, move || {
        let evaluator = Evaluator::new(&policy, package.as_deref(), bounds)?;
        let size = serde_json::to_vec(&input)?.len().max(1);
        let left = (MOST_BYTES / size).clamp(64, MOST_QUESTIONS);
        let mut search = Search { evaluator, input, left };
        let now = search.ask(&[])?;
        if now.verdict == Verdict::Deny {
            search.what_would_allow(&names)
        } else {
            search.what_it_rests_on(&now)
        }
    })?
}

struct Search {
    evaluator: Evaluator,
    input: GateInput,
    /// Questions left.
    left: usize,
}

impl Search {
    /// The verdict with some changes made.
    fn ask(&mut self, changes: &[&Change]) -> Result<Judged, PolicyError> {
        self.left = self.left.saturating_sub(1);
        let mut input = self.input.clone();
        for change in changes {
            change.make(&mut input);
        }
        input.link();
        let outcome = self.evaluator.evaluate(&serde_json::to_value(&input)?, input.now)?;
        Ok(judge(&input, &outcome))
    }

    fn what_would_allow(&mut self, names: &Names) -> Result<Explanation, PolicyError> {
        let now = self.ask(&[])?;
        let mut changes = facts::evidence(&self.input, &now, names);
        let mut with_all = self.ask(&refs(&changes))?;
        if with_all.verdict == Verdict::Deny {
            changes.extend(facts::waivers(&self.input, &with_all, names));
            with_all = self.ask(&refs(&changes))?;
        }
        if with_all.verdict == Verdict::Deny {
            let denies = with_all.reasons.iter().filter(|reason| reason.effect == Verdict::Deny);
            let reasons = denies.map(|reason| format!("{}: {}", reason.rule, reason.message));
            let missing = with_all.missing.iter().map(|each| format!("{}: {}", each.rule, each.message));
            return Ok(Explanation {
                turns_to: Verdict::Deny,
                facts: Vec::new(),
                shortest: true,
                remaining: reasons.chain(missing).collect(),
            });
        }
        self.fewest(&changes, |verdict| verdict != Verdict::Deny)
    }

    fn what_it_rests_on(&mut self, now: &Judged) -> Result<Explanation, PolicyError> {
        let changes = facts::removals(&self.input);
        if changes.is_empty() || self.ask(&refs(&changes))?.verdict != Verdict::Deny {
            return Ok(Explanation {
                turns_to: now.verdict,
                facts: Vec::new(),
                shortest: true,
                remaining: Vec::new(),
            });
        }
        self.fewest(&changes, |verdict| verdict == Verdict::Deny)
    }

    /// The smallest set of `changes` that turns the verdict; all of them together do.
    fn fewest(
        &mut self,
        changes: &[Change],
        turned: fn(Verdict) -> bool,
    ) -> Result<Explanation, PolicyError> {
        // First a set of which nothing can be left out, then whether a smaller one does.
        let mut kept: Vec<usize> = (0..changes.len()).collect();
        for place in (0..changes.len()).rev() {
            let without: Vec<usize> = kept.iter().copied().filter(|each| *each != place).collect();
            if turned(self.ask(&chosen(changes, &without))?.verdict) {
                kept = without;
            }
        }
        let mut shortest = true;
        'sizes: for size in 1..kept.len() {
            let mut set: Vec<usize> = (0..size).collect();
            loop {
                if self.left == 0 {
                    shortest = false;
                    break 'sizes;
                }
                if turned(self.ask(&chosen(changes, &set))?.verdict) {
                    kept = set;
                    break 'sizes;
                }
                if !next_set(&mut set, changes.len()) {
                    break;
                }
            }
        }
        let set = chosen(changes, &kept);
        let after = self.ask(&set)?;
        Ok(Explanation {
            turns_to: after.verdict,
            facts: set.iter().map(|change| change.fact.clone()).collect(),
            shortest,
            remaining: Vec::new(),
        })
    }
}

fn refs(changes: &[Change]) -> Vec<&Change> {
    changes.iter().collect()
}

fn chosen<'a>(changes: &'a [Change], places: &[usize]) -> Vec<&'a Change> {
    places.iter().filter_map(|place| changes.get(*place)).collect()
}

/// The next set of places below `end` of the same size, in order; false after the last.
fn next_set(set: &mut [usize], end: usize) -> bool {
    let size = set.len();
    for at in (0..size).rev() {
        let Some(place) = set.get(at).copied() else { return false };
        if place + (size - at) < end {
            for (step, later) in set.iter_mut().skip(at).enumerate() {
                *later = place + 1 + step;
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Artifact, ArtifactFile, LogState};
    use crate::source::PolicyFile;

    #[test]
    fn sets_come_in_order_and_end() {
        let mut set = vec![0, 1];
        let mut seen = vec![set.clone()];
        while next_set(&mut set, 4) {
            seen.push(set.clone());
        }
        assert_eq!(seen, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
    }

    fn ask(rego: &str, input: &GateInput) -> Explanation {
        let file = PolicyFile { path: "p.rego".to_owned(), content: rego.to_owned() };
        let policy = Policy::of_files("p", vec![file]).unwrap();
        let names = Names { artifact: "m.bin".to_owned() };
        explain(&policy, None, input, &names, Bounds::default(), &|| 0).unwrap()
    }

    fn input() -> GateInput {
        let file = ArtifactFile {
            name: "m.bin".to_owned(),
            digest: format!("sha256:{}", "a".repeat(64)),
            ..ArtifactFile::default()
        };
        GateInput {
            artifact: Artifact { files: vec![file], ..Artifact::default() },
            log: LogState { believed: true, ..LogState::default() },
            ..GateInput::default()
        }
    }

    #[test]
    fn two_small_facts_are_passed_over_for_one_that_does() {
        // Either a review alone, or scan and signature together.
        let found = ask(
            "package bartizan.gate\n\
             has(kind) if { some s in input.statements; s.kind == kind }\n\
             good if has(\"review\")\n\
             good if { has(\"scan\"); input.signature.state == \"valid\" }\n\
             missing contains {\"rule\": \"evidence/any\", \"message\": \"m\"} if not good\n",
            &input(),
        );
        assert_eq!((found.facts.len(), found.shortest, found.turns_to), (1, true, Verdict::Allow));
        assert!(found.facts[0].text.contains("review"), "{found:?}");
    }

    #[test]
    fn what_no_evidence_turns_is_waived_and_what_may_not_be_waived_remains() {
        let deny = |waivable: bool| {
            format!(
                "package bartizan.gate\ndeny contains {{\"rule\": \"a/b\", \"message\": \"never\", \"waivable\": {waivable}}}\n"
            )
        };
        let found = ask(&deny(true), &input());
        assert_eq!((found.facts.len(), found.facts[0].change), (1, "waive"));
        assert!(found.facts[0].command.as_deref().is_some_and(|text| text.contains("--rule a/b")));
        let found = ask(&deny(false), &input());
        assert_eq!((found.facts.len(), found.remaining), (0, vec!["a/b: never".to_owned()]));
    }

    #[test]
    fn a_scan_that_found_something_is_not_hoped_to_find_nothing_the_next_time() {
        let rego = "package bartizan.gate\n\
             last := max([s.log.index | some s in input.statements; s.kind == \"scan\"])\n\
             deny contains {\"rule\": \"a/b\", \"message\": \"found\"} if { some s in input.statements; s.kind == \"scan\"; s.log.index == last; s.result == \"FAILED\" }\n\
             missing contains {\"rule\": \"evidence/scan\", \"message\": \"none\"} if not fresh\n\
             fresh if { some s in input.statements; s.kind == \"scan\"; s.age_s < 10 }\n";
        let mut failed = input();
        failed.statements.push(crate::input::Evidence {
            kind: "scan".to_owned(),
            complete: true,
            result: Some("FAILED".to_owned()),
            age_s: Some(5),
            ..crate::input::Evidence::default()
        });
        let found = ask(rego, &failed);
        assert_eq!(found.facts.iter().map(|fact| fact.change).collect::<Vec<_>>(), ["waive"], "{found:?}");
        failed.statements[0].age_s = Some(100);
        let mut changes: Vec<_> = ask(rego, &failed).facts.into_iter().map(|fact| fact.change).collect();
        changes.sort_unstable();
        assert_eq!(changes, ["add", "waive"]);
        let found = ask(rego, &input());
        assert!(found.facts[0].text.contains("a scan that passes"), "{found:?}");
    }

    #[test]
    fn an_allow_names_what_it_rests_on() {
        let mut allowed = input();
        allowed.signature.state = crate::input::SignatureState::Valid;
        let found = ask(
            "package bartizan.gate\ndeny contains \"unsigned\" if input.signature.state != \"valid\"\n",
            &allowed,
        );
        assert_eq!((found.turns_to, found.facts[0].change), (Verdict::Deny, "remove"));
    }
}
