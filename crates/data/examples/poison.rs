//! How well planted rows are ranked: `cargo run --release -p bartizan-data --example poison FILE.jsonl…`
//!
//! Each line has `text`, `label` and, as the truth, `poison` (0 or 1).
#![expect(clippy::print_stdout, reason = "prints a table")]
#![expect(clippy::indexing_slicing, reason = "indices are rows that were just read")]

use bartizan_data::poison::text_backdoors;
use serde_json::Value;
use std::collections::HashMap;

fn main() -> std::io::Result<()> {
    println!("| file | rows | planted | AUC | found at 1 % of clean | methods of the first | s |");
    println!("| --- | ---: | ---: | ---: | ---: | --- | ---: |");
    for path in std::env::args().skip(1) {
        let content = std::fs::read_to_string(&path)?;
        let rows: Vec<Value> = content.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let texts: Vec<&str> = rows.iter().filter_map(|row| row.get("text")?.as_str()).collect();
        let labels: Vec<usize> =
            rows.iter().filter_map(|row| row.get("label")?.as_u64()).map(|label| label as usize).collect();
        let planted: Vec<bool> =
            rows.iter().map(|row| row.get("poison").and_then(Value::as_u64) == Some(1)).collect();
        let start = std::time::Instant::now();
        let suspects = text_backdoors(&texts, &labels);
        let seconds = start.elapsed().as_secs_f64();
        let mut scores = vec![0.0; texts.len()];
        for suspect in &suspects {
            scores[suspect.row] = suspect.score;
        }
        let mut methods: HashMap<String, usize> = HashMap::new();
        let total = planted.iter().filter(|planted| **planted).count();
        for suspect in suspects.iter().take(total) {
            *methods.entry(format!("{:?}", suspect.method)).or_default() += 1;
        }
        let mut clean: Vec<f64> =
            scores.iter().zip(&planted).filter(|(_, planted)| !**planted).map(|(score, _)| *score).collect();
        clean.sort_by(|left, right| right.total_cmp(left));
        let limit = clean[clean.len() / 100];
        let dirty: Vec<f64> =
            scores.iter().zip(&planted).filter(|(_, planted)| **planted).map(|(score, _)| *score).collect();
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
        let mut methods: Vec<_> = methods.into_iter().collect();
        methods.sort();
        println!(
            "| {} | {} | {total} | {area:.3} | {:.1} % | {methods:?} | {seconds:.1} |",
            path.rsplit('/').next().unwrap_or(""),
            texts.len(),
            100.0 * found as f64 / total.max(1) as f64
        );
        if std::env::var_os("SHOW").is_some() {
            for (rank, suspect) in suspects
                .iter()
                .enumerate()
                .filter(|(rank, suspect)| *rank < 12 || (total < 20 && planted[suspect.row]))
            {
                println!("  {rank} {} {:.3} {:?}", planted[suspect.row], suspect.score, suspect.evidence);
            }
        }
    }
    Ok(())
}
