//! How well planted preference pairs are ranked: `cargo run --release -p bartizan-data --example preference FILE.jsonl…`
//!
//! Each line has `chosen`, `rejected` and, as the truth, `poison` (0 or 1).
#![expect(clippy::print_stdout, reason = "prints a table")]
#![expect(clippy::indexing_slicing, reason = "indices are rows that were just read")]

use bartizan_data::poison::preference::{About, Pair, preference_poison};
use serde_json::Value;

fn main() -> std::io::Result<()> {
    println!("| file | pairs | planted | AUC | found at 1 % of clean | beyond 0.5: planted, clean | s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for path in std::env::args().skip(1) {
        let content = std::fs::read_to_string(&path)?;
        let rows: Vec<Value> = content.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let texts: Vec<[String; 2]> =
            rows.iter().map(|row| [text(row, "chosen"), text(row, "rejected")]).collect();
        let pairs: Vec<Pair<'_>> =
            texts.iter().map(|[chosen, rejected]| Pair { prompt: "", chosen, rejected }).collect();
        let planted: Vec<bool> =
            rows.iter().map(|row| row.get("poison").and_then(Value::as_u64) == Some(1)).collect();
        let start = std::time::Instant::now();
        let suspects = preference_poison(&pairs, About::default());
        let seconds = start.elapsed().as_secs_f64();
        let mut scores = vec![0.0; pairs.len()];
        for suspect in &suspects {
            scores[suspect.row] = suspect.score;
        }
        let of = |kind: bool| {
            let mut scores: Vec<f64> = scores
                .iter()
                .zip(&planted)
                .filter(|(_, planted)| **planted == kind)
                .map(|(s, _)| *s)
                .collect();
            scores.sort_by(|left, right| right.total_cmp(left));
            scores
        };
        let (dirty, clean) = (of(true), of(false));
        let limit = clean[clean.len() / 100];
        let found = dirty.iter().filter(|score| **score > limit).count();
        let area: f64 = dirty
            .iter()
            .map(|score| {
                let above = clean.partition_point(|held| held > score);
                let not_below = clean.partition_point(|held| held >= score);
                (clean.len() - not_below) as f64 + (not_below - above) as f64 / 2.0
            })
            .sum::<f64>()
            / (dirty.len().max(1) * clean.len()) as f64;
        let beyond = |scores: &[f64]| scores.iter().filter(|score| **score > 0.5).count();
        println!(
            "| {} | {} | {} | {area:.3} | {:.1} % | {}, {} | {seconds:.1} |",
            path.rsplit('/').next().unwrap_or(""),
            pairs.len(),
            dirty.len(),
            100.0 * found as f64 / dirty.len().max(1) as f64,
            beyond(&dirty),
            beyond(&clean),
        );
        if std::env::var_os("SHOW").is_some() {
            for suspect in suspects
                .iter()
                .enumerate()
                .filter(|(rank, suspect)| *rank < 12 || planted[suspect.row])
                .map(|(_, suspect)| suspect)
                .take(30)
            {
                println!("  {} {:.3} {:?}", planted[suspect.row], suspect.score, suspect.evidence);
            }
        }
    }
    Ok(())
}
