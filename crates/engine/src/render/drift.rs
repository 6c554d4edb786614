//! How two datasets differ, for people.

use super::number::{count, number};
use bartizan_core::printable;
use bartizan_data::drift::{ColumnDrift, Drift};
use std::fmt::Write as _;

/// Columns without drift shown.
const SHOWN: usize = 50;

/// The report as lines: what drifted first.
pub fn drift_table(drift: &Drift) -> String {
    let mut out = String::new();
    for (names, what) in [(&drift.gone, "gone"), (&drift.new, "new")] {
        for name in names {
            let _ = writeln!(out, "DRIFTED  {}: the column is {what}", printable(name, 80));
        }
    }
    let drifted = |wanted: bool| drift.columns.iter().filter(move |column| column.drifted == wanted);
    drifted(true).for_each(|found| column(&mut out, found));
    drifted(false).take(SHOWN).for_each(|found| column(&mut out, found));
    for test in &drift.joint {
        let mark = if test.drifted { "DRIFTED" } else { "same   " };
        let _ = writeln!(
            out,
            "{mark}  all columns together  {} {:.3} (p {:.1e}; {} of the columns, {} and {} rows)",
            test.test, test.effect, test.adjusted_p_value, test.columns, test.rows.0, test.rows.1
        );
    }
    let found = drifted(true).count();
    let _ = writeln!(
        out,
        "\n{} and {} rows: {found} of {} columns drifted (level {}, least effect {}, p-values after Holm)",
        count(drift.rows.0),
        count(drift.rows.1),
        drift.columns.len(),
        number(drift.settings.level),
        number(drift.settings.least_effect)
    );
    out
}

fn column(out: &mut String, column: &ColumnDrift) {
    let mark = if column.drifted { "DRIFTED" } else { "same   " };
    let _ = write!(out, "{mark}  {}", printable(&column.column, 80));
    if let Some(note) = &column.note {
        let _ = write!(out, ": {note}");
    }
    for test in &column.tests {
        let _ =
            write!(out, "  {} {} {:.3} (p {:.1e})", test.of, test.test, test.effect, test.adjusted_p_value);
    }
    for (name, value) in [
        ("PSI", column.population_stability_index),
        ("JS", column.jensen_shannon),
        ("W₁", column.wasserstein),
    ] {
        if let Some(value) = value {
            let _ = write!(out, "  {name} {}", number(value));
        }
    }
    out.push('\n');
}
