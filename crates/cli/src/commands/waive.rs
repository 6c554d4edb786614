//! `bartizan waive`: sign an exception, which counts for some digests, one rule and one environment, for a time.

use crate::arguments::{TextOrJson, WaiveArguments};
use crate::commands::attest::show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project;
use bartizan_evidence::statement::Statement;
use bartizan_policy::waiver::{WAIVER_V1, WaiverPredicate, why_void};
use std::io::{self, Write as _};

/// Runs the command.
///
/// # Errors
/// [`Failure::Waiver`] for one that would not count; else when something cannot be read, signed or kept.
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
    fn the_type_of_waivers_is_one_that_is_checked_before_it_is_signed() {
        assert_eq!(WAIVER_V1, bartizan_evidence::predicate::WAIVER_V1);
        let waiver = serde_json::to_value(WaiverPredicate::default()).unwrap();
        assert!(bartizan_evidence::predicate::check(WAIVER_V1, &waiver).is_err());
    }
}
