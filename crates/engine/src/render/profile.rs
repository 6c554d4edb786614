//! A profile on a terminal.

use super::number::{count, number, percent, value};
use bartizan_core::printable;
use bartizan_data::profile::{Bin, ColumnProfile, CorrelationState, Pair, Profile};
use std::fmt::Write as _;

/// Columns shown; the other formats have all.
const SHOWN_COLUMNS: usize = 200;
/// Pairs of columns shown.
const SHOWN_PAIRS: usize = 8;
/// Least correlation worth a line.
const WORTH: f64 = 0.3;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The profile as lines of at most about `width` characters.
pub fn profile_table(profile: &Profile, width: usize) -> String {
    let bytes: u64 = profile.shards.iter().map(|shard| shard.bytes).sum();
    let mut out = format!(
        "{} rows, {} columns in {} file(s), {} bytes\n\n",
        count(profile.rows),
        profile.columns.len(),
        profile.shards.len(),
        count(bytes)
    );
    for column in profile.columns.iter().take(SHOWN_COLUMNS) {
        self::column(&mut out, column, width.clamp(60, 160));
    }
    if profile.columns.len() > SHOWN_COLUMNS {
        let rest = profile.columns.len().saturating_sub(SHOWN_COLUMNS);
        line(&mut out, &format!("… and {rest} more columns: --format json has all"));
    }
    let pairs = strongest(profile);
    if !pairs.is_empty() {
        out.push_str("\ncorrelations\n");
        for pair in pairs {
            let name = |place: usize| {
                profile.correlated.get(place).map(|name| printable(name, 40)).unwrap_or_default()
            };
            line(&mut out, &format!("  {:+.3}  {} ~ {}", pair.r, name(pair.left), name(pair.right)));
        }
    }
    let errors = profile.columns.first().map(|column| column.state.distinct_error());
    let _ = writeln!(
        out,
        "\ndistinct counts ± {:.1} % (one standard error); quantiles within {} of all ranks (99 %)",
        errors.unwrap_or(0.0) * 100.0,
        profile
            .columns
            .iter()
            .map(|column| column.state.ranks().rank_error())
            .fold(0.0, f64::max)
            .to_string()
            .chars()
            .take(6)
            .collect::<String>()
    );
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// The pairs of columns that move together most.
pub(super) fn strongest(profile: &Profile) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = profile.correlation.iter().flat_map(CorrelationState::pairs).collect();
    pairs.retain(|pair| pair.r.abs() >= WORTH);
    pairs.sort_by(|one, two| two.r.abs().total_cmp(&one.r.abs()).then(one.left.cmp(&two.left)));
    pairs.truncate(SHOWN_PAIRS);
    pairs
}

fn column(out: &mut String, column: &ColumnProfile, width: usize) {
    let summary = column.state.summary();
    let kind = column.state.kind();
    line(
        out,
        &format!(
            "{}  {}  missing {}  distinct ~{}{}",
            printable(&column.name, 60),
            kind.as_str(),
            percent(summary.missing, summary.rows),
            count(rounded(summary.distinct)),
            if summary.nan.saturating_add(summary.infinite) > 0 {
                format!("  NaN {}  infinite {}", count(summary.nan), count(summary.infinite))
            } else {
                String::new()
            }
        ),
    );
    let lengths = summary.measured == "lengths";
    let shown = |number_of: f64| if lengths { number(number_of) } else { value(number_of, kind) };
    if let (Some(low), Some(high)) = (summary.min, summary.max) {
        let of = |share: f64| {
            summary
                .quantiles
                .iter()
                .find(|q| (q.share - share).abs() < 1e-9)
                .map_or_else(String::new, |q| shown(q.value))
        };
        line(
            out,
            &format!(
                "  {}{}  {} [{} {} {}] {}  mean {}",
                if lengths { "length " } else { "" },
                sparkline(&summary.histogram),
                shown(low),
                of(0.25),
                of(0.5),
                of(0.75),
                shown(high),
                summary.mean.map(shown).unwrap_or_default(),
            ),
        );
    }
    let frequent = summary.frequent.iter().filter(|item| item.count > 1).take(5);
    let frequent: Vec<String> = frequent
        .map(|item| format!("{} {}", printable(&item.value, 24), percent(item.count, summary.rows)))
        .collect();
    if !frequent.is_empty() {
        let text = format!("  often: {}", frequent.join(" · "));
        line(out, &text.chars().take(width).collect::<String>());
    }
    let shapes: Vec<String> = summary
        .shapes
        .iter()
        .take(3)
        .map(|item| format!("{} {}", printable(&item.value, 32), percent(item.count, summary.shapes_of)))
        .collect();
    if !shapes.is_empty() {
        let text = format!("  shapes: {}", shapes.join(" · "));
        line(out, &text.chars().take(width).collect::<String>());
    }
}

#[expect(clippy::cast_sign_loss, reason = "a count is not negative")]
pub(super) fn rounded(value: f64) -> u64 {
    value.round() as u64
}

fn sparkline(bins: &[Bin]) -> String {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0);
    bins.iter()
        .map(|bin| {
            if bin.count == 0 || most == 0 {
                return ' ';
            }
            let level = bin.count.saturating_mul(BARS.len() as u64).div_ceil(most).saturating_sub(1);
            usize::try_from(level).ok().and_then(|level| BARS.get(level)).copied().unwrap_or('█')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_counts_and_nothing_is_blank() {
        let bins: Vec<Bin> = [0, 1, 4, 8].iter().map(|count| Bin { from: 0.0, count: *count }).collect();
        assert_eq!(sparkline(&bins), " ▁▄█");
    }
}
