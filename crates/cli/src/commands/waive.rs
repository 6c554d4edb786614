//! `bartizan waive`: sign an exception, which counts for some digests, one rule and one environment, for a time.

use crate::arguments::{TextOrJson, WaiveArguments};
use crate::commands::attest::show;
use crate::commands::scan::all_rules;
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::project;
use bartizan_evidence::statement::Statement;
use bartizan_policy::evaluate::DECIDING;
use bartizan_policy::shipped::names_rule;
use bartizan_policy::waiver::{WAIVER_V1, WaiverPredicate, why_void};
use std::io::{self, Write as _};

/// Runs the command.
///
/// # Errors
/// [`Failure::Waiver`] for one that would not count, [`Failure::UnknownWaived`] for one whose rule nobody knows; else when something cannot be read, signed or kept.
pub(crate) fn run(arguments: &WaiveArguments) -> Result<Exit, Failure> {
    let now = crate::commands::scan::now();
    let waiver = WaiverPredicate {
        rule: arguments.rule.clone(),
        environment: arguments.env.clone(),
        owner: arguments.owner.clone(),
        reason: arguments.reason.clone(),
        issued: now.to_string(),
        expires: end(&arguments.expires),
    };
    if let Some(why) = why_void(&waiver, now.as_second()) {
        return Err(Failure::Waiver(why));
    }
    if !arguments.any_rule && !is_known(&waiver.rule) {
        let nearest = nearest(&waiver.rule, all_rules().iter().map(|rule| rule.id));
        return Err(Failure::UnknownWaived { id: waiver.rule, nearest });
    }
    let key = project::key(&arguments.key)?;
    let mut subjects = Vec::new();
    for artifact in &arguments.artifacts {
        subjects.extend(project::subjects(artifact)?);
    }
    let told = format!(
        "waived     {} for {} {} in {} until {}",
        waiver.rule,
        subjects.len(),
        if subjects.len() == 1 { "file" } else { "files" },
        waiver.environment,
        waiver.expires
    );
    let statement = Statement::new(subjects, WAIVER_V1, waiver);
    let store = project::for_signing(arguments.store.as_deref(), &key)?;
    let (receipt, _) = project::record(&store, &statement, &key)?;
    if arguments.format == TextOrJson::Text {
        writeln!(io::stdout().lock(), "{told}")?;
    }
    show(&receipt, arguments.format)?;
    Ok(Exit::Done)
}

/// Whether a decision could name the rule without a policy of the user's own: one of the program's, of a shipped policy, or a name that is
/// made for what has none.
fn is_known(rule: &str) -> bool {
    let made = rule.strip_prefix("policy/").is_some_and(|name| {
        let digest = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        digest
            || DECIDING
                .iter()
                .any(|decides| name.strip_prefix(decides).is_some_and(|rest| rest.starts_with('_')))
    });
    made || rule == "media" || names_rule(rule) || all_rules().iter().any(|known| known.id == rule)
}

/// The end of a day in UTC where a date is given; a time as it is.
fn end(given: &str) -> String {
    match given.parse::<jiff::civil::Date>() {
        Ok(day) if !given.contains('T') => format!("{day}T23:59:59Z"),
        _ => given.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_end_and_a_time_is_itself() {
        assert_eq!(end("2027-01-31"), "2027-01-31T23:59:59Z");
        assert_eq!(end("2027-01-31T12:00:00Z"), "2027-01-31T12:00:00Z");
        assert_eq!(end("never"), "never");
    }

    #[test]
    fn rules_are_known_that_a_decision_could_name() {
        for rule in [
            "model/pickle-code-execution",
            "evidence/narrowed-scan",
            "policy/2d711642b726b044",
            "policy/deny_images",
        ] {
            assert!(is_known(rule), "{rule}");
        }
        for rule in ["nosuch/rule", "model/pickle-code-execution2", "policy/anything", "policy/2d71"] {
            assert!(!is_known(rule), "{rule}");
        }
    }

    #[test]
    fn the_type_of_waivers_is_one_that_is_checked_before_it_is_signed() {
        assert_eq!(WAIVER_V1, bartizan_evidence::predicate::WAIVER_V1);
        let waiver = serde_json::to_value(WaiverPredicate::default()).unwrap();
        assert!(bartizan_evidence::predicate::check(WAIVER_V1, &waiver).is_err());
    }
}
