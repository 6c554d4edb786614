//! Every statistic against SciPy, statsmodels, scikit-learn or cleanlab: values from `golden/generate.py`.
#![expect(clippy::unwrap_used, clippy::cast_sign_loss, reason = "tests over fixed vectors")]

use bartizan_stats::anomaly::{Table, local_outlier_factor};
use bartizan_stats::compare::{
    Alternative, Contingency, Method, chi_squared, energy_distance, fisher_exact, g_test, kolmogorov_smirnov,
    mann_whitney, wasserstein, welch_t,
};
use bartizan_stats::labels::{ClassConfidence, Filter, Labelled, Quality};
use bartizan_stats::multiple::{Correction, adjust, wilson_interval};
use bartizan_stats::special::{
    binomial_tail, f_upper, hypergeometric_tail, incomplete_beta, incomplete_gamma_lower,
    incomplete_gamma_upper, ln_beta, normal_quantile, student_t_upper,
};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, place: &str) {
    let gap = (found - expected).abs();
    assert!(
        gap <= tolerance * expected.abs() || gap < 1e-300,
        "{place}: {found:e} against {expected:e}, relative {:e}",
        gap / expected.abs()
    );
}

#[test]
fn special_functions_agree_with_scipy() {
    let g = golden();
    for r in rows(&g["ln_beta"]) {
        close(ln_beta(r[0], r[1]), r[2], 1e-12, &format!("ln_beta {r:?}"));
    }
    for r in rows(&g["gamma_upper"]) {
        close(incomplete_gamma_upper(r[0], r[1]), r[2], 1e-12, &format!("Q {r:?}"));
    }
    for r in rows(&g["gamma_lower"]) {
        close(incomplete_gamma_lower(r[0], r[1]), r[2], 1e-12, &format!("P {r:?}"));
    }
    for r in rows(&g["beta"]) {
        close(incomplete_beta(r[0], r[1], r[2]), r[3], 1e-12, &format!("I {r:?}"));
    }
    for r in rows(&g["t_sf"]) {
        close(student_t_upper(r[0], r[1]), r[2], 1e-12, &format!("t {r:?}"));
    }
    for r in rows(&g["f_sf"]) {
        close(f_upper(r[0], r[1], r[2]), r[3], 1e-12, &format!("F {r:?}"));
    }
    for r in rows(&g["norm_ppf"]) {
        close(normal_quantile(r[0]), r[1], 1e-12, &format!("quantile {r:?}"));
    }
    for r in rows(&g["binom_sf"]) {
        close(binomial_tail(r[0] as u64, r[1] as u64, r[2]), r[3], 1e-12, &format!("binomial {r:?}"));
    }
    for r in rows(&g["hypergeom_sf"]) {
        let found = hypergeometric_tail(r[0] as u64, r[1] as u64, r[2] as u64, r[3] as u64);
        close(found, r[4], 1e-10, &format!("hypergeometric {r:?}"));
    }
}

#[test]
fn two_sample_tests_agree_with_scipy() {
    for (index, case) in golden()["samples"].as_array().unwrap().iter().enumerate() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        close(wasserstein(&a, &b).unwrap(), case["wasserstein"].as_f64().unwrap(), 1e-12, "wasserstein");
        close(energy_distance(&a, &b).unwrap(), case["energy"].as_f64().unwrap(), 1e-12, "energy");
        for (name, method) in [("exact", Method::Exact), ("asymp", Method::Asymptotic)] {
            for (side, alternative) in [
                ("two-sided", Alternative::TwoSided),
                ("greater", Alternative::Greater),
                ("less", Alternative::Less),
            ] {
                let key = format!("ks {name} {side}");
                let expected = numbers(&case[&key]);
                let found = kolmogorov_smirnov(&a, &b, alternative, method).unwrap();
                close(found.statistic, expected[0], 1e-12, &format!("{key} statistic {index}"));
                close(found.p_value, expected[1], 1e-9, &format!("{key} p {index}"));
            }
        }
        let expected = numbers(&case["mann_whitney"]);
        let found = mann_whitney(&a, &b).unwrap();
        close(found.u, expected[0], 1e-12, "U");
        close(found.p_value, expected[1], 1e-12, "U p");
        let expected = numbers(&case["welch"]);
        let (t, degrees, p) = welch_t(&a, &b).unwrap();
        close(t, expected[0], 1e-10, "t");
        close(degrees, expected[1], 1e-10, "degrees");
        close(p, expected[2], 1e-10, "t p");
    }
}

#[test]
fn tables_agree_with_scipy() {
    for case in golden()["tables"].as_array().unwrap() {
        let t: Vec<u64> = rows(&case["t"]).concat().iter().map(|v| *v as u64).collect();
        let table = Contingency::new(&t, 2).unwrap();
        close(fisher_exact([[t[0], t[1]], [t[2], t[3]]]), case["fisher"].as_f64().unwrap(), 1e-11, "Fisher");
        for (name, found) in [
            ("chi2", chi_squared(&table, false)),
            ("yates", chi_squared(&table, true)),
            ("g", g_test(&table)),
        ] {
            let expected = numbers(&case[name]);
            close(found.statistic, expected[0], 1e-12, name);
            close(found.p_value, expected[1], 1e-11, name);
        }
    }
}

#[test]
fn adjusted_p_values_and_intervals_agree_with_statsmodels() {
    let g = golden();
    let p = numbers(&g["adjust"]["p"]);
    for (name, correction) in [
        ("bonferroni", Correction::Bonferroni),
        ("holm", Correction::Holm),
        ("fdr_bh", Correction::BenjaminiHochberg),
        ("fdr_by", Correction::BenjaminiYekutieli),
    ] {
        for (found, expected) in adjust(&p, correction).unwrap().iter().zip(numbers(&g["adjust"][name])) {
            close(*found, expected, 1e-12, name);
        }
    }
    for r in rows(&g["wilson"]) {
        let (lower, upper) = wilson_interval(r[0] as u64, r[1] as u64, 0.95).unwrap();
        assert!((lower - r[2]).abs() < 1e-12 && (upper - r[3]).abs() < 1e-12, "{r:?}");
    }
}

#[test]
fn local_outlier_factors_agree_with_scikit_learn() {
    let g = golden();
    let x = numbers(&g["lof"]["x"]);
    let found = local_outlier_factor(&Table::new(&x, 3).unwrap(), 7).unwrap();
    for (found, expected) in found.iter().zip(numbers(&g["lof"]["lof"])) {
        close(*found, expected, 1e-9, "LOF");
    }
}

#[test]
fn label_errors_agree_with_cleanlab() {
    let g = golden();
    let g = &g["labels"];
    let labels: Vec<u32> = numbers(&g["labels"]).iter().map(|v| *v as u32).collect();
    let probabilities = numbers(&g["probabilities"]);
    let table = Labelled::new(&labels, &probabilities, 5).unwrap();
    let mut confidence = ClassConfidence::new(5);
    confidence.observe(&table);
    for (found, expected) in confidence.thresholds().iter().zip(numbers(&g["thresholds"])) {
        close(*found, expected, 1e-12, "threshold");
    }
    let (joint, _) = table.confident_joint().unwrap();
    let counts = |value: &Value| numbers(value).iter().map(|v| *v as u64).collect::<Vec<_>>();
    assert_eq!(joint.counts(), counts(&g["joint"]));
    assert_eq!(joint.calibrated(), counts(&g["calibrated"]));
    for (name, filter) in [
        ("prune_by_noise_rate", Filter::PruneByNoiseRate),
        ("prune_by_class", Filter::PruneByClass),
        ("both", Filter::Both),
        ("confident_learning", Filter::ConfidentLearning),
        ("predicted_neq_given", Filter::PredictedNotGiven),
        ("low_normalized_margin", Filter::LowNormalizedMargin),
        ("low_self_confidence", Filter::LowSelfConfidence),
    ] {
        let suspects = table.suspects(filter).unwrap();
        let found: Vec<u64> = (0..labels.len()).filter(|i| suspects[*i]).map(|i| i as u64).collect();
        assert_eq!(found, counts(&g[name]), "{name}");
    }
    for (name, quality) in [
        ("score self_confidence", Quality::SelfConfidence),
        ("score normalized_margin", Quality::NormalizedMargin),
        ("score confidence_weighted_entropy", Quality::ConfidenceWeightedEntropy),
    ] {
        for (found, expected) in table.quality(quality).iter().zip(numbers(&g[name])) {
            close(*found, expected, 1e-9, name);
        }
    }
}
