//! Prints what the detectors reach on a corpus and how fast they are: `measure CORPUS/data`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a measurement for people"
)]

use bartizan_stats::anomaly::{
    IsolationForest, IsolationForestSettings, Table, empirical_cumulative_outlier, mid_ranks, strangeness,
    surprise,
};
use bartizan_stats::labels::{Filter, Labelled, Quality};
use bartizan_stats::sketch::{DdSketch, HyperLogLog, Moments};
use bartizan_stats::{Random, mix64};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// The numbers of a .npy array in row-major order, and its shape.
fn npy(bytes: &[u8]) -> (Vec<f64>, Vec<usize>) {
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]])) + 10;
    let text = String::from_utf8_lossy(&bytes[10..header]).into_owned();
    let shape = text.split(['(', ')']).nth(1).unwrap();
    let shape: Vec<usize> = shape.split(',').filter_map(|s| s.trim().parse().ok()).collect();
    let body = &bytes[header..];
    let flat: Vec<f64> = if text.contains("<f8") {
        body.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    } else if text.contains("<i8") {
        body.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect()
    } else if text.contains("<i4") {
        body.as_chunks::<4>().0.iter().map(|b| f64::from(i32::from_le_bytes(*b))).collect()
    } else if text.contains("<i2") {
        body.as_chunks::<2>().0.iter().map(|b| f64::from(i16::from_le_bytes(*b))).collect()
    } else {
        body.as_chunks::<2>().0.iter().map(|b| f64::from(u16::from_le_bytes(*b))).collect()
    };
    if text.contains("'fortran_order': True") && shape.len() == 2 {
        let (rows, columns) = (shape[0], shape[1]);
        let values = (0..rows * columns).map(|i| flat[i % columns * rows + i / columns]).collect();
        return (values, shape);
    }
    (flat, shape)
}

/// Both members of a two-member .npz, by the sizes of its central directory.
fn npz(path: &Path) -> Vec<(Vec<f64>, Vec<usize>)> {
    let bytes = std::fs::read(path).unwrap();
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let half = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let end = bytes.len() - 22;
    let mut at = word(end + 16);
    let mut members = Vec::new();
    for _ in 0..half(end + 10) {
        let (size, local) = (word(at + 20), word(at + 42));
        let start = local + 30 + half(local + 26) + half(local + 28);
        let mut out = Vec::new();
        flate2::read::DeflateDecoder::new(&bytes[start..start + size]).read_to_end(&mut out).unwrap();
        members.push(npy(&out));
        at += 46 + half(at + 28) + half(at + 30) + half(at + 32);
    }
    members
}

fn area_under_roc(truth: &[f64], scores: &[f64]) -> f64 {
    let positives = truth.iter().filter(|t| **t > 0.5).count() as f64;
    let n = truth.len() as f64;
    let ranks: f64 = mid_ranks(scores).iter().zip(truth).filter(|(_, t)| **t > 0.5).map(|(r, _)| r * n).sum();
    (ranks - positives * (positives + 1.0) / 2.0) / (positives * (n - positives))
}

/// Mean of the precision at each true row, best first.
fn average_precision(truth: &[bool], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut hits, mut sum) = (0.0, 0.0);
    for (rank, index) in order.into_iter().enumerate() {
        if truth[index] {
            hits += 1.0;
            sum += hits / (rank + 1) as f64;
        }
    }
    sum / hits
}

fn anomalies(data: &Path) {
    println!(
        "| data | rows | columns | forest | ECOD | surprise | strangeness |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    let mut means = [0.0; 4];
    let names = ["23_mammography", "32_shuttle", "35_SpamBase", "38_thyroid", "6_cardio"];
    for name in names {
        let members = npz(&data.join("tabular-anomaly").join(format!("{name}.npz")));
        let (x, y) = (&members[0], &members[1]);
        let table = Table::new(&x.0, x.1[1]).unwrap();
        let forest = IsolationForest::grow(&table, IsolationForestSettings::default()).unwrap();
        let scores = [
            forest.score(&table).unwrap(),
            empirical_cumulative_outlier(&table),
            surprise(&table),
            strangeness(&table, 1),
        ];
        let areas = scores.map(|s| area_under_roc(&y.0, &s));
        means.iter_mut().zip(areas).for_each(|(m, a)| *m += a / 5.0);
        println!(
            "| {name} | {} | {} | {:.4} | {:.4} | {:.4} | {:.4} |",
            x.1[0], x.1[1], areas[0], areas[1], areas[2], areas[3]
        );
    }
    println!("| mean | | | {:.4} | {:.4} | {:.4} | {:.4} |\n", means[0], means[1], means[2], means[3]);
}

fn label_errors(data: &Path) {
    let folder = data.join("label-errors");
    for name in ["mnist", "20news"] {
        let read = |part: String| npy(&std::fs::read(folder.join(part)).unwrap());
        let (p, shape) = read(format!("cross_validated_predicted_probabilities__{name}_test_set_pyx.npy"));
        let (given, _) = read(format!("original_test_labels__{name}_test_set_original_labels.npy"));
        let labels: Vec<u32> = given.iter().map(|v| *v as u32).collect();
        let text = std::fs::read_to_string(folder.join(format!("mturk__{name}_mturk.json"))).unwrap();
        let verdicts: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut truth = vec![false; labels.len()];
        for verdict in verdicts.as_array().unwrap() {
            let votes = &verdict["mturk"];
            // Three of five raters did not keep the given label.
            if votes["given"].as_u64().unwrap() < 3 {
                truth[verdict["id"].as_u64().unwrap() as usize] = true;
            }
        }
        let table = Labelled::new(&labels, &p, shape[1]).unwrap();
        for quality in [
            Quality::SelfConfidence,
            Quality::NormalizedMargin,
            Quality::ConfidenceWeightedEntropy,
            Quality::CalibratedMargin,
        ] {
            let scores: Vec<f64> = table.quality(quality).iter().map(|s| -s).collect();
            println!("{name} {quality:?}: average precision {:.4}", average_precision(&truth, &scores));
        }
        let suspects = table.suspects(Filter::PruneByNoiseRate).unwrap();
        let found = suspects.iter().zip(&truth).filter(|(s, t)| **s && **t).count();
        let (flagged, errors) =
            (suspects.iter().filter(|s| **s).count(), truth.iter().filter(|t| **t).count());
        println!("{name} prune by noise rate: {flagged} rows, {found} of {errors} verified errors\n");
    }
}

fn rate(name: &str, items: f64, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {seconds:.3} s, {:.1} M/s", items / seconds / 1e6);
}

fn rates() {
    let mut random = Random::new(1);
    let (n, k) = (1_000_000, 10);
    let mut labels: Vec<u32> = Vec::with_capacity(n);
    let mut p = Vec::with_capacity(n * k);
    for _ in 0..n {
        let class = random.below(k);
        let row: Vec<f64> =
            (0..k).map(|c| (random.normal() + if c == class { 3.0 } else { 0.0 }).exp()).collect();
        let total: f64 = row.iter().sum();
        p.extend(row.iter().map(|v| v / total));
        labels.push(if random.uniform() < 0.05 { random.below(k) as u32 } else { class as u32 });
    }
    rate("label suspects, prune by noise rate, 1 M x 10", n as f64, || {
        let table = Labelled::new(&labels, &p, k).unwrap();
        println!(
            "  {} suspects",
            table.suspects(Filter::PruneByNoiseRate).unwrap().iter().filter(|s| **s).count()
        );
    });
    rate("DDSketch 1 %", p.len() as f64, || {
        let mut sketch = DdSketch::new(0.01).unwrap();
        for v in &p {
            sketch.insert(*v);
        }
        println!("  median {:?}", sketch.quantile(0.5));
    });
    rate("moments", p.len() as f64, || {
        let mut moments = Moments::default();
        for v in &p {
            moments.insert(*v);
        }
        println!("  mean {}", moments.mean());
    });
    rate("HyperLogLog 14", p.len() as f64, || {
        let mut sketch = HyperLogLog::new(14).unwrap();
        for v in &p {
            sketch.insert(mix64(v.to_bits()));
        }
        println!("  distinct {:.0}", sketch.estimate());
    });
}

fn main() {
    if let Some(data) = std::env::args_os().nth(1) {
        anomalies(Path::new(&data));
        label_errors(Path::new(&data));
    }
    rates();
}
