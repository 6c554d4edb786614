//! Suites against datasets: both sides of every expectation, and what could not be judged.

use crate::files::{Folder, engine, orders, profile, wait};
use bartizan_data::expect::{Confidence, Expectation, Suite};
use bartizan_data::profile::Profile;
use bartizan_engine::check::{CheckReport, CheckSettings, CheckStatus};
use bartizan_engine::input::shards;
use bartizan_engine::{EngineError, render};
use std::path::Path;

fn suite(checks: &str) -> Suite {
    Suite::from_toml(&format!("schema = \"bartizan.suite/1\"\n{checks}")).unwrap()
}

fn settings(folder: &Path) -> CheckSettings {
    // 2024-03-01T00:00:00Z.
    CheckSettings {
        suite_name: "suite.toml".to_owned(),
        folder: folder.to_owned(),
        now: 1_709_251_200,
        examples: 3,
    }
}

fn against(place: &Path, suite: &Suite, reference: Option<&Profile>) -> Result<CheckReport, EngineError> {
    let shards = shards(&[place.to_owned()])?;
    let folder = place.parent().unwrap();
    wait(engine().check(&shards, suite, Ok(reference), &settings(folder)))
}

/// The statuses of checks over the hundred orders, as p, f and n.
fn statuses(checks: &str) -> String {
    let folder = Folder::new();
    folder.write("kinds.csv", "kind,id\nred,1\ngreen,2\nblue,3\n");
    folder.write("few.csv", "name\nred\n");
    let path = folder.parquet("orders.parquet", &orders(100), 30);
    let report = against(&path, &suite(checks), None).unwrap();
    assert_eq!(report.rows, 100);
    report
        .outcomes
        .iter()
        .map(|outcome| match outcome.status {
            CheckStatus::Passed => 'p',
            CheckStatus::Failed => 'f',
            CheckStatus::CouldNotRun => 'n',
        })
        .collect()
}

#[test]
fn each_expectation_passes_on_the_good_and_fails_on_the_near_miss() {
    let cases = [
        ("check = \"columns\"\nnames = [\"kind\", \"id\"]", 'p'),
        ("check = \"columns\"\nnames = [\"kind\", \"id\"]\nexact = true", 'f'),
        ("check = \"columns\"\nnames = [\"price\"]", 'f'),
        ("check = \"type\"\ncolumn = \"id\"\nis = \"integer\"", 'p'),
        ("check = \"type\"\ncolumn = \"kind\"\nis = \"integer\"", 'f'),
        ("check = \"not-null\"\ncolumn = \"id\"", 'p'),
        ("check = \"not-null\"\ncolumn = \"kind\"", 'f'),
        ("check = \"not-null\"\ncolumn = \"kind\"\nmostly = 0.9", 'p'),
        ("check = \"finite\"\ncolumn = \"amount\"", 'p'),
        ("check = \"range\"\ncolumn = \"id\"\nmin = 0\nmax = 99", 'p'),
        ("check = \"range\"\ncolumn = \"id\"\nmin = 1", 'f'),
        ("check = \"range\"\ncolumn = \"amount\"\nmax = 49.4", 'f'),
        ("check = \"values\"\ncolumn = \"kind\"\nof = [\"red\", \"green\", \"blue\"]", 'p'),
        ("check = \"values\"\ncolumn = \"kind\"\nof = [\"red\", \"green\"]", 'f'),
        ("check = \"pattern\"\ncolumn = \"kind\"\nmatches = \"^[a-z]+$\"", 'p'),
        ("check = \"pattern\"\ncolumn = \"kind\"\nmatches = \"^[a-q]+$\"", 'f'),
        ("check = \"pattern\"\ncolumn = \"kind\"\nmatches = \"(\"", 'n'),
        ("check = \"length\"\ncolumn = \"kind\"\nmin = 3\nmax = 5", 'p'),
        ("check = \"length\"\ncolumn = \"kind\"\nmax = 4", 'f'),
        ("check = \"unique\"\ncolumns = [\"id\"]", 'p'),
        ("check = \"unique\"\ncolumns = [\"kind\"]", 'f'),
        ("check = \"unique\"\ncolumns = [\"kind\", \"id\"]", 'p'),
        ("check = \"key\"\ncolumns = [\"id\"]", 'p'),
        ("check = \"key\"\ncolumns = [\"kind\"]", 'f'),
        ("check = \"reference\"\ncolumn = \"kind\"\ndataset = \"kinds.csv\"", 'p'),
        ("check = \"reference\"\ncolumn = \"kind\"\ndataset = \"few.csv\"\nkey = \"name\"", 'f'),
        ("check = \"reference\"\ncolumn = \"kind\"\ndataset = \"none.csv\"", 'n'),
        ("check = \"row\"\nexpression = \"amount * 2 = id\"", 'p'),
        ("check = \"row\"\nexpression = \"amount > 0\"", 'f'),
        ("check = \"row\"\nexpression = \"amount >\"", 'n'),
        ("check = \"row\"\nexpression = \"amount + 1\"", 'n'),
        ("check = \"row\"\nexpression = \"price > 0\"", 'n'),
        ("check = \"volume\"\nmin = 100\nmax = 100", 'p'),
        ("check = \"volume\"\nmin = 101", 'f'),
        ("check = \"balance\"\ncolumn = \"kind\"\nmin-share = 0.3\nmin-classes = 3", 'p'),
        ("check = \"balance\"\ncolumn = \"kind\"\nmax-share = 0.3", 'f'),
        ("check = \"statistic\"\ncolumn = \"amount\"\nof = \"mean\"\nmin = 24.75\nmax = 24.75", 'p'),
        ("check = \"statistic\"\ncolumn = \"amount\"\nof = \"p95\"\nmax = 40.0", 'f'),
        ("check = \"fresh\"\ncolumn = \"id\"\nmax-age = \"1d\"", 'n'),
        ("check = \"drift\"", 'n'),
    ];
    let checks: String =
        cases.iter().fold(String::new(), |all, (check, _)| all + "[[expect]]\n" + check + "\n");
    let expected: String = cases.iter().map(|(_, status)| *status).collect();
    let found = statuses(&checks);
    let wrong: Vec<&str> = cases
        .iter()
        .zip(found.chars())
        .filter(|((_, want), got)| want != got)
        .map(|((check, _), _)| *check)
        .collect();
    assert_eq!(found, expected, "{wrong:#?}");
}

#[test]
fn violating_rows_are_shown_by_file_and_row() {
    let folder = Folder::new();
    folder.parquet("all/a.parquet", &orders(100), 7);
    folder.write("all/b.csv", "id,amount,kind\n5,-1,pink\n101,2,red\n");
    let checks = suite(
        "[[expect]]\ncheck = \"row\"\nexpression = \"id < 98\"\n[[expect]]\ncheck = \"values\"\ncolumn = \"kind\"\nof = [\"red\", \"green\", \"blue\"]\n[[expect]]\ncheck = \"unique\"\ncolumns = [\"id\"]",
    );
    let report = against(&folder.path().join("all"), &checks, None).unwrap();
    let rows = |place: usize| -> Vec<(String, u64)> {
        let examples = report.outcomes[place].examples.iter();
        examples.map(|example| (example.file.rsplit('/').next().unwrap().to_owned(), example.row)).collect()
    };
    let at = |file: &str, row| (file.to_owned(), row);
    assert_eq!(rows(0), [at("a.parquet", 98), at("a.parquet", 99), at("b.csv", 1)]);
    assert_eq!(report.outcomes[0].violations, Some(3));
    assert_eq!(rows(1), [at("b.csv", 0)]);
    assert_eq!(report.outcomes[1].examples[0].values, [("kind".to_owned(), "pink".to_owned())]);
    assert_eq!(report.outcomes[1].unknown, Some(10));
    assert_eq!(rows(2), [at("a.parquet", 5), at("b.csv", 0)]);
    assert_eq!(report.outcomes[2].violations, Some(2));
    let table = render::check_table(&report);
    assert!(table.contains("b.csv row 0: kind = pink"), "{table}");
    let junit = render::check_junit(&report);
    assert!(junit.contains("failures=\"3\"") && junit.contains("<failure message="), "{junit}");
}

#[test]
fn an_expression_that_fails_on_a_value_is_named_and_the_others_are_judged() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "x,y\n1,0\n2,1\n");
    let checks = suite(
        "[[expect]]\ncheck = \"row\"\nexpression = \"x / y > 1\"\n[[expect]]\ncheck = \"range\"\ncolumn = \"x\"\nmin = 2",
    );
    let report = against(&path, &checks, None).unwrap();
    assert_eq!(report.outcomes[0].status, CheckStatus::CouldNotRun, "{:?}", report.outcomes[0]);
    assert!(report.outcomes[0].message.to_lowercase().contains("divi"), "{:?}", report.outcomes[0]);
    assert_eq!((report.outcomes[1].status, report.outcomes[1].violations), (CheckStatus::Failed, Some(1)));
}

#[test]
fn freshness_is_judged_at_the_given_time() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "at\n2024-02-27T00:00:00\n2024-02-28T12:00:00\n");
    let of = |age: &str| {
        let checks = suite(&format!("[[expect]]\ncheck = \"fresh\"\ncolumn = \"at\"\nmax-age = \"{age}\""));
        against(&path, &checks, None).unwrap().outcomes[0].clone()
    };
    assert_eq!(of("36h").status, CheckStatus::Passed, "{:?}", of("36h"));
    assert_eq!(of("35h").status, CheckStatus::Failed);
    assert!(of("35h").message.contains("2024-02-28T12:00:00Z"), "{}", of("35h").message);
}

#[test]
fn what_is_learned_holds_on_the_reference_and_not_on_another_batch() {
    let folder = Folder::new();
    let reference = folder.parquet("reference.parquet", &orders(5_000), 1_000);
    let learned = wait(
        engine().learn(&shards(std::slice::from_ref(&reference)).unwrap(), Confidence::new(0.99).unwrap()),
    )
    .unwrap();
    assert!(learned.suite.expectations.contains(&Expectation::Unique { columns: vec!["id".to_owned()] }));
    let text = learned.suite.to_toml(&learned.comments).unwrap();
    let suite = Suite::from_toml(&text).unwrap();
    let same = against(&reference, &suite, Some(&learned.profile)).unwrap();
    assert_eq!(same.count(CheckStatus::Passed), same.outcomes.len(), "{}", render::check_table(&same));
    let mut rows = String::from("id,amount,kind\n");
    (0..5_000)
        .for_each(|row| rows.push_str(&format!("{},{},{}\n", row / 2, row * 3, ["red", "mauve"][row % 2])));
    let other = against(&folder.write("other.csv", rows), &suite, Some(&learned.profile)).unwrap();
    let failed: Vec<&str> = other
        .outcomes
        .iter()
        .filter(|outcome| outcome.status == CheckStatus::Failed)
        .map(|outcome| outcome.check)
        .collect();
    for check in ["unique", "values", "range", "drift"] {
        assert!(failed.contains(&check), "{check}: {}", render::check_table(&other));
    }
}

#[test]
fn one_class_and_no_rows_are_judged() {
    let folder = Folder::new();
    let one = folder.write("one.csv", "label\nyes\nyes\n");
    let checks = suite("[[expect]]\ncheck = \"balance\"\ncolumn = \"label\"\nmin-classes = 2");
    assert_eq!(against(&one, &checks, None).unwrap().outcomes[0].status, CheckStatus::Failed);
    let none = folder.write("none.csv", "label\n");
    assert_eq!(against(&none, &checks, None).unwrap().outcomes[0].status, CheckStatus::CouldNotRun);
    let volume = suite("[[expect]]\ncheck = \"volume\"\nmin = 1");
    assert_eq!(against(&none, &volume, None).unwrap().outcomes[0].status, CheckStatus::Failed);
}

#[test]
fn drift_against_a_read_profile_is_that_against_the_first() {
    let folder = Folder::new();
    let reference = profile(&folder.parquet("a.parquet", &orders(2_000), 500)).unwrap();
    let read = Profile::from_json(reference.to_json(true).to_string().as_bytes()).unwrap();
    let batch = folder.parquet("b.parquet", &orders(4_000), 500);
    let checks = suite(
        "[[expect]]\ncheck = \"drift\"\ncolumns = [\"amount\"]\n[[expect]]\ncheck = \"drift\"\ncolumns = [\"kind\"]",
    );
    let of = |profile: &Profile| against(&batch, &checks, Some(profile)).unwrap();
    assert_eq!(of(&reference), of(&read));
    let statuses: Vec<CheckStatus> = of(&read).outcomes.iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [CheckStatus::Failed, CheckStatus::Passed]);
}

#[test]
fn keys_that_go_on_have_not_drifted_for_a_suite_either() {
    let folder = Folder::new();
    let column = |from: u32| {
        (from..from + 400).fold("id,x\n".to_owned(), |text, id| format!("{text}{id},{}\n", id % 7))
    };
    let reference = profile(&folder.write("march.csv", column(100))).unwrap();
    let april = folder.write("april.csv", column(900));
    let drift = suite("[[expect]]\ncheck = \"drift\"\nlevel = 0.01\nleast-effect = 0.1\n");
    let report = against(&april, &drift, Some(&reference)).unwrap();
    assert_eq!(report.outcomes[0].status, CheckStatus::Passed, "{}", report.outcomes[0].message);
    // The same numbers again are no keys that go on.
    let halves =
        (0..400).fold("id,x\n".to_owned(), |text, id| format!("{text}{},{}\n", 900 + id / 8, id % 7));
    let report = against(&folder.write("halves.csv", halves), &drift, Some(&reference)).unwrap();
    assert_eq!(report.outcomes[0].status, CheckStatus::Failed);
}

#[test]
fn few_different_values_are_counted_and_many_not_refused_for_the_error_of_the_estimate() {
    let counted = |min: u32, max: u32, column: &str| {
        statuses(&format!(
            "[[expect]]\ncheck = \"statistic\"\ncolumn = \"{column}\"\nof = \"distinct\"\nmin = {min}\nmax = {max}\n"
        ))
    };
    assert_eq!([counted(3, 3, "kind"), counted(4, 4, "kind"), counted(1, 2, "kind")], ["p", "f", "f"]);
    assert_eq!([counted(100, 100, "id"), counted(101, 200, "id")], ["p", "f"]);
    let folder = Folder::new();
    let path = folder.parquet("many.parquet", &orders(5_000), 1_000);
    let report = |min: u32, max: u32| {
        let checks = format!(
            "[[expect]]\ncheck = \"statistic\"\ncolumn = \"id\"\nof = \"distinct\"\nmin = {min}\nmax = {max}\n"
        );
        against(&path, &suite(&checks), None).unwrap().outcomes[0].status
    };
    assert_eq!([report(5_000, 5_000), report(6_000, 9_000)], [CheckStatus::Passed, CheckStatus::Failed]);
}

#[test]
fn a_suite_that_is_none_is_said_with_its_line_on_one_line() {
    let error =
        Suite::from_toml("schema = \"bartizan.suite/1\"\n[[expect]]\ncheck = \"range\"\ncolum = \"a\"\n")
            .unwrap_err();
    let said = error.to_string();
    assert!(said.contains("line 2: ") && !said.contains('\n'), "{said}");
}
