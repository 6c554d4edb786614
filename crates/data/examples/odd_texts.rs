//! How well texts that do not belong are ranked: `cargo run --release -p bartizan-data --example odd_texts FILE.jsonl…`
//!
//! Each line has `text` and, as the truth, `odd` (0 or 1). `--make FOLDER TEXTS.txt OTHERS.txt` writes sets of our own from two
//! files of one text a line: among the first, texts of the second, gibberish, letters in disorder, and one template; and a
//! template's rows with a few texts of the first among them.
#![expect(clippy::print_stdout, reason = "prints a table")]

use bartizan_data::texts::{Look, TextJudge, TextStatistics, text_scores};
use bartizan_stats::Random;
use bartizan_stats::anomaly::mid_ranks;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// One in so many texts of the sets that are made is odd.
const ONE_IN: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder, texts, others] = arguments.as_slice()
        && flag == "--make"
    {
        return make(Path::new(folder), &lines(texts)?, &lines(others)?);
    }
    println!("| file | texts | odd | AUC | nearest alone | samples alone | pieces alone | words alone | s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for path in arguments {
        let content = fs::read_to_string(&path)?;
        let rows: Vec<Value> = content.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let texts: Vec<(u64, String)> = (0..)
            .zip(&rows)
            .map(|(row, value)| (row, value["text"].as_str().unwrap_or_default().to_owned()))
            .collect();
        let odd: Vec<bool> = rows.iter().map(|row| row["odd"] == 1).collect();
        let start = Instant::now();
        let mut statistics = TextStatistics::new(1)?;
        for (row, text) in &texts {
            statistics.add(*row, text);
        }
        let looks = TextJudge::new(&statistics).look_at(&texts);
        let scores = text_scores(&looks);
        let seconds = start.elapsed().as_secs_f64();
        let alone = |witness: fn(&Look) -> f32| {
            let of = |look: &Option<Look>| look.as_ref().map_or(0.0, |look| f64::from(witness(look)));
            area(&looks.iter().map(of).collect::<Vec<f64>>(), &odd)
        };
        println!(
            "| {} | {} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {seconds:.1} |",
            path.rsplit('/').next().unwrap_or_default(),
            rows.len(),
            odd.iter().filter(|odd| **odd).count(),
            area(&scores, &odd),
            alone(|look| look.distance),
            alone(|look| look.sample_distance),
            alone(|look| look.rarity),
            alone(|look| look.word_rarity),
        );
    }
    Ok(())
}

/// Area under the ROC curve.
fn area(scores: &[f64], odd: &[bool]) -> f64 {
    let n = odd.len() as f64;
    let positives = odd.iter().filter(|odd| **odd).count() as f64;
    let ranks: f64 =
        mid_ranks(scores).iter().zip(odd).filter(|(_, odd)| **odd).map(|(rank, _)| rank * n).sum();
    (ranks - positives * (positives + 1.0) / 2.0) / (positives * (n - positives))
}

fn lines(path: &str) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

fn make(folder: &Path, texts: &[String], others: &[String]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut random = Random::new(1);
    let odd = texts.len().div_ceil(ONE_IN);
    let some = |texts: &[String], random: &mut Random| -> Vec<String> {
        random.choose(texts.len(), odd).into_iter().filter_map(|place| texts.get(place).cloned()).collect()
    };
    let foreign = some(others, &mut random);
    let gibberish: Vec<String> =
        some(texts, &mut random).iter().map(|text| replaced(text, &mut random)).collect();
    let disordered: Vec<String> =
        some(texts, &mut random).iter().map(|text| disordered(text, &mut random)).collect();
    let template = |random: &mut Random| {
        let number = random.below(90_000) + 10_000;
        format!(
            "Your order {number} has been shipped and arrives in {} days. Track it in your account.",
            random.below(9)
        )
    };
    let templated: Vec<String> = (0..odd).map(|_| template(&mut random)).collect();
    let rows: Vec<String> = (0..texts.len()).map(|_| template(&mut random)).collect();
    let among = some(texts, &mut random);
    for (name, ordinary, odd) in [
        ("others", texts, foreign),
        ("gibberish", texts, gibberish),
        ("disordered", texts, disordered),
        ("template-among-texts", texts, templated),
        ("texts-among-templates", &rows, among),
    ] {
        let mut all: Vec<(&String, u8)> = ordinary.iter().map(|text| (text, 0)).collect();
        all.extend(odd.iter().map(|text| (text, 1)));
        random.shuffle(&mut all);
        let lines: Vec<String> =
            all.into_iter().map(|(text, odd)| json!({"text": text, "odd": odd}).to_string()).collect();
        fs::write(folder.join(format!("{name}.jsonl")), lines.join("\n") + "\n")?;
    }
    Ok(())
}

/// A text whose letters are drawn.
fn replaced(text: &str, random: &mut Random) -> String {
    let letter = |random: &mut Random| char::from(b'a' + random.below(26) as u8);
    text.chars().map(|character| if character.is_alphabetic() { letter(random) } else { character }).collect()
}

/// A text in whose words the letters stand in another order.
fn disordered(text: &str, random: &mut Random) -> String {
    let words = text.split(' ').map(|word| {
        let mut letters: Vec<char> = word.chars().collect();
        random.shuffle(&mut letters);
        letters.into_iter().collect::<String>()
    });
    words.collect::<Vec<String>>().join(" ")
}
