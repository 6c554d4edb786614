//! A profile as one page that needs nothing else: plots are SVG within it, no script, nothing loaded.

use super::number::{count, number, percent, value};
use super::profile::{rounded, strongest};
use bartizan_core::printable;
use bartizan_data::profile::{ColumnProfile, ColumnSummary, FrequentValue, Profile};
use std::fmt::Write as _;

/// Columns with a section; a page of more helps nobody.
const SHOWN_COLUMNS: usize = 500;
/// Files listed.
const SHOWN_SHARDS: usize = 200;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:0}section{border:1px solid #d0d7de;border-radius:8px;padding:1rem;margin:1rem 0;display:grid;\
grid-template-columns:18rem 1fr 1fr;gap:1rem}table{border-collapse:collapse}td,th{padding:.1rem .7rem .1rem 0;text-align:left;vertical-align:top}\
td.n{text-align:right;font-variant-numeric:tabular-nums}small{color:#59636e}rect{fill:#3b6ea8}code{font-size:.9em;overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}section{border-color:#30363d}small{color:#9198a1}rect{fill:#6ca3e0}}\
@media(max-width:60rem){section{grid-template-columns:1fr}}";

/// The page.
pub fn profile_page(profile: &Profile) -> String {
    let mut out = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    let _ = write!(
        out,
        "<title>Profile</title><style>{STYLE}</style></head><body><h1>Profile</h1><p>{} rows, {} columns, {} file(s).</p>",
        count(profile.rows),
        profile.columns.len(),
        profile.shards.len()
    );
    for column in profile.columns.iter().take(SHOWN_COLUMNS) {
        self::column(&mut out, column);
    }
    if profile.columns.len() > SHOWN_COLUMNS {
        let _ = write!(out, "<p>Only the first {SHOWN_COLUMNS} columns are shown.</p>");
    }
    let pairs = strongest(profile);
    if !pairs.is_empty() {
        out.push_str("<h2>Correlations</h2><table><tr><th>r</th><th>columns</th></tr>");
        for pair in pairs {
            let name =
                |place: usize| profile.correlated.get(place).map(|name| escaped(name)).unwrap_or_default();
            let _ = write!(
                out,
                "<tr><td class=\"n\">{:+.3}</td><td>{} ~ {}</td></tr>",
                pair.r,
                name(pair.left),
                name(pair.right)
            );
        }
        out.push_str("</table>");
    }
    out.push_str("<h2>Files</h2><table><tr><th>file</th><th>form</th><th>rows</th><th>bytes</th></tr>");
    for shard in profile.shards.iter().take(SHOWN_SHARDS) {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&shard.path),
            escaped(&shard.format),
            count(shard.rows),
            count(shard.bytes)
        );
    }
    out.push_str("</table></body></html>\n");
    out
}

fn column(out: &mut String, column: &ColumnProfile) {
    let summary = column.state.summary();
    let kind = column.state.kind();
    let _ = write!(
        out,
        "<section><div><h2>{}</h2><small>{} · {}</small><table>",
        escaped(&column.name),
        kind.as_str(),
        escaped(&column.data_type)
    );
    let lengths = summary.measured == "lengths";
    let shown = |number_of: f64| if lengths { number(number_of) } else { value(number_of, kind) };
    let mut row = |name: &str, value: String| {
        let _ = write!(out, "<tr><td>{name}</td><td class=\"n\">{}</td></tr>", escaped(&value));
    };
    row("missing", percent(summary.missing, summary.rows));
    row("distinct", format!("~{}", count(rounded(summary.distinct))));
    if summary.nan.saturating_add(summary.infinite) > 0 {
        row("NaN, infinite", format!("{}, {}", count(summary.nan), count(summary.infinite)));
    }
    for (name, value) in [("min", summary.min), ("mean", summary.mean), ("max", summary.max)] {
        if let Some(value) = value {
            row(&format!("{name}{}", if lengths { " length" } else { "" }), shown(value));
        }
    }
    if let Some(deviation) = summary.standard_deviation {
        row("std. deviation", number(deviation));
    }
    out.push_str("</table></div><div>");
    out.push_str(&bars(&summary, &shown));
    out.push_str("</div><div>");
    list(out, "frequent", &summary.frequent, summary.rows);
    list(out, "shapes", &summary.shapes, summary.shapes_of);
    out.push_str("</div></section>");
}

fn list(out: &mut String, title: &str, items: &[FrequentValue], of: u64) {
    if items.is_empty() {
        return;
    }
    let _ = write!(out, "<small>{title}</small><table>");
    for item in items.iter().take(6) {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td class=\"n\">{}</td></tr>",
            escaped(&printable(&item.value, 60)),
            percent(item.count, of)
        );
    }
    out.push_str("</table>");
}

/// A histogram as SVG.
fn bars(summary: &ColumnSummary, shown: &dyn Fn(f64) -> String) -> String {
    let most = summary.histogram.iter().map(|bin| bin.count).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let mut svg =
        String::from("<svg viewBox=\"0 0 400 120\" width=\"100%\" role=\"img\" aria-label=\"histogram\">");
    let width = 400.0 / summary.histogram.len() as f64;
    for (place, bin) in summary.histogram.iter().enumerate() {
        let height = bin.count as f64 / most as f64 * 110.0;
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>from {}: {}</title></rect>",
            place as f64 * width + 0.5,
            115.0 - height,
            (width - 1.0).max(0.5),
            escaped(&shown(bin.from)),
            count(bin.count)
        );
    }
    svg.push_str("</svg>");
    let ends = summary.min.zip(summary.max).map(|(low, high)| format!("{} … {}", shown(low), shown(high)));
    let _ = write!(svg, "<small>{}</small>", escaped(&ends.unwrap_or_default()));
    svg
}

/// Text as it may stand in a page, also between quotes.
pub(super) fn escaped(text: &str) -> String {
    let text = printable(text, 500);
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(
            escaped("<img src=x onerror='a'>&\u{202e}"),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;\\u{202e}"
        );
    }
}
