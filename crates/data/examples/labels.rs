//! How well turned labels are ranked: `cargo run --release -p bartizan-data --example labels FILE.jsonl…`
//!
//! Each line has `text`, `label` and, as the truth, `flipped` (0 or 1).
#![expect(clippy::print_stdout, reason = "prints a table")]
#![expect(clippy::indexing_slicing, reason = "indices are rows that were just read")]

use bartizan_data::labels::{Column, held_out_probabilities};
use bartizan_stats::anomaly::mid_ranks;
use bartizan_stats::labels::{Labelled, Quality};
use serde_json::Value;
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "| file | rows | flipped | AUC | average precision | s |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for path in std::env::args().skip(1) {
        let content = std::fs::read_to_string(&path)?;
        let rows: Vec<Value> = content.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let text = |row: &Value, key: &str| {
            let value = row.get(key).unwrap_or(&Value::Null);
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        let given: Vec<String> = rows.iter().map(|row| text(row, "label")).collect();
        let mut classes: BTreeMap<&str, u32> = given.iter().map(|label| (label.as_str(), 0)).collect();
        for (class, number) in classes.values_mut().zip(0..) {
            *class = number;
        }
        let labels: Vec<u32> = given.iter().map(|label| classes[label.as_str()]).collect();
        let values = rows.iter().map(|row| text(row, "text")).collect();
        let start = std::time::Instant::now();
        let column = Column { name: "text".to_owned(), values };
        let probabilities = held_out_probabilities(&[column], &labels, classes.len())?;
        let quality =
            Labelled::new(&labels, &probabilities, classes.len())?.quality(Quality::NormalizedMargin);
        let seconds = start.elapsed().as_secs_f64();
        let flipped: Vec<bool> = rows.iter().map(|row| text(row, "flipped") == "1").collect();
        let doubt: Vec<f64> = quality.iter().map(|quality| -quality).collect();
        let (n, positives) = (rows.len() as f64, flipped.iter().filter(|flipped| **flipped).count() as f64);
        let ranks: f64 = mid_ranks(&doubt)
            .iter()
            .zip(&flipped)
            .filter(|(_, flipped)| **flipped)
            .map(|(rank, _)| rank * n)
            .sum();
        let area = (ranks - positives * (positives + 1.0) / 2.0) / (positives * (n - positives));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|a, b| doubt[*b].total_cmp(&doubt[*a]));
        let (mut hits, mut precision) = (0.0, 0.0);
        for (rank, row) in order.into_iter().enumerate() {
            if flipped[row] {
                hits += 1.0;
                precision += hits / (rank + 1) as f64;
            }
        }
        println!(
            "| {} | {n} | {positives} | {area:.4} | {:.4} | {seconds:.1} |",
            path.rsplit('/').next().unwrap_or(""),
            precision / positives
        );
    }
    Ok(())
}
