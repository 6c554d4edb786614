//! The golden vectors of the shared corpus, when `BARTIZAN_CORPUS` names it; says skipped otherwise.
#![expect(
    clippy::print_stdout,
    clippy::many_single_char_names,
    clippy::unwrap_used,
    clippy::cast_sign_loss,
    reason = "tests over fixed vectors"
)]

use bartizan_stats::compare::{
    Alternative, Contingency, Method, chi_squared, energy_distance, fisher_exact, g_test, hellinger,
    jensen_shannon, kolmogorov_smirnov, mann_whitney, population_stability_index, total_variation,
    wasserstein, welch_t,
};
use bartizan_stats::monitor::{BetaBinomial, Ddm, Signal, confidence_half_width};
use bartizan_stats::multiple::{Correction, adjust};
use bartizan_stats::special::{
    chi_squared_upper, kolmogorov_limit_upper, kolmogorov_one_sided_upper, kolmogorov_upper, normal_upper,
    student_t_upper,
};
use serde_json::Value;
use std::path::PathBuf;

fn corpus(part: &str) -> Option<PathBuf> {
    let path = std::env::var_os("BARTIZAN_CORPUS").map(|root| PathBuf::from(root).join("runtime").join(part));
    if path.is_none() {
        println!("skipped: BARTIZAN_CORPUS is not set");
    }
    path
}

fn golden(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(corpus("golden")?.join(name)).unwrap();
    // Python writes numbers that JSON does not know.
    let text = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    Some(serde_json::from_str(&text).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, place: &str) {
    let gap = (found - expected).abs();
    assert!(gap <= tolerance * expected.abs() || gap < 1e-12, "{place}: {found:e} against {expected:e}");
}

#[test]
fn tails_agree_with_scipy() {
    let Some(g) = golden("special_scipy.json") else { return };
    let each = |name: &str, f: &dyn Fn(&[f64]) -> f64| {
        for row in g[name].as_array().unwrap() {
            let row = numbers(row);
            close(f(&row), *row.last().unwrap(), 1e-9, &format!("{name} {row:?}"));
        }
    };
    each("kstwo_sf", &|r| kolmogorov_upper(r[0], r[1] as u64));
    each("kstwobign_sf", &|r| kolmogorov_limit_upper(r[0]));
    each("ksone_sf", &|r| kolmogorov_one_sided_upper(r[0], r[1] as u64));
    each("chi2_sf", &|r| chi_squared_upper(r[0], r[1]));
    each("t_sf", &|r| student_t_upper(r[0], r[1]));
    each("norm_sf", &|r| normal_upper(r[0]));
}

#[test]
fn two_sample_tests_agree_with_scipy() {
    let Some(g) = golden("two_sample_scipy.json") else { return };
    for case in g["cases"].as_array().unwrap() {
        let (a, b, e) = (numbers(&case["a"]), numbers(&case["b"]), &case["expected"]);
        let name = case["name"].as_str().unwrap();
        let number = |v: &Value| v.as_f64();
        for (side, alternative) in [
            ("two-sided", Alternative::TwoSided),
            ("greater", Alternative::Greater),
            ("less", Alternative::Less),
        ] {
            for (method, how) in [("exact", Method::Exact), ("asymp", Method::Asymptotic)] {
                let expected = &e[format!("ks_2samp_{side}_{method}")];
                let Some(p) = number(&expected["pvalue"]) else { continue };
                let found = kolmogorov_smirnov(&a, &b, alternative, how).unwrap();
                close(found.statistic, number(&expected["statistic"]).unwrap(), 1e-9, name);
                close(found.p_value, p, 1e-9, &format!("{name} KS {side} {method}"));
            }
        }
        close(wasserstein(&a, &b).unwrap(), number(&e["wasserstein_distance"]).unwrap(), 1e-9, name);
        close(energy_distance(&a, &b).unwrap(), number(&e["energy_distance"]).unwrap(), 1e-9, name);
        let u = mann_whitney(&a, &b).unwrap();
        close(u.u, number(&e["mannwhitneyu_asymptotic"]["U"]).unwrap(), 1e-9, name);
        close(u.p_value, number(&e["mannwhitneyu_asymptotic"]["pvalue"]).unwrap(), 1e-9, name);
        if let (Some(p), Ok(found)) = (number(&e["welch_t"]["pvalue"]), welch_t(&a, &b)) {
            close(found.2, p, 1e-9, name);
        }
    }
}

#[test]
fn tables_agree_with_scipy() {
    let Some(g) = golden("categorical_scipy.json") else { return };
    for case in g["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let rows: Vec<Vec<u64>> = case["table"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| numbers(row).iter().map(|v| *v as u64).collect())
            .collect();
        let (flat, e) = (rows.concat(), &case["expected"]);
        let table = Contingency::new(&flat, rows[0].len()).unwrap();
        for (key, found) in [
            ("chi2_contingency_corr=True", chi_squared(&table, true)),
            ("chi2_contingency_corr=False", chi_squared(&table, false)),
            ("g_test", g_test(&table)),
        ] {
            close(found.statistic, e[key]["statistic"].as_f64().unwrap(), 1e-9, name);
            close(found.p_value, e[key]["pvalue"].as_f64().unwrap(), 1e-9, name);
        }
        if let Some(p) = e["fisher"]["pvalue"].as_f64() {
            close(fisher_exact([[flat[0], flat[1]], [flat[2], flat[3]]]), p, 1e-9, name);
        }
        let (r, c) = (&rows[0], &rows[1]);
        close(jensen_shannon(r, c).unwrap(), e["js_base2"].as_f64().unwrap(), 1e-9, name);
        close(total_variation(r, c).unwrap(), e["tvd"].as_f64().unwrap(), 1e-9, name);
        close(hellinger(r, c).unwrap(), e["hellinger"].as_f64().unwrap(), 1e-9, name);
        close(population_stability_index(r, c).unwrap(), e["psi_eps1e4"].as_f64().unwrap(), 1e-9, name);
    }
}

fn errors(name: &str) -> Option<Vec<bool>> {
    let text = std::fs::read_to_string(corpus("errors")?.join(name)).unwrap();
    Some(text.trim().bytes().map(|b| b == b'1').collect())
}

#[test]
fn evidence_agrees_with_the_closed_form() {
    let (Some(g), Some(stream)) = (golden("sequential_formulas.json"), errors("sea_50k_gnb.err01.txt"))
    else {
        return;
    };
    for rate in ["0.12", "0.15"] {
        let expected = &g[format!("beta_binomial_log_e_p0={rate}")]["at"];
        let mut test = BetaBinomial::new(rate.parse().unwrap()).unwrap();
        for (index, wrong) in stream.iter().enumerate() {
            test.update(*wrong);
            if let Some(value) = expected[(index + 1).to_string()].as_f64() {
                close(test.ln_evidence(), value, 1e-9, rate);
            }
        }
    }
}

#[test]
fn confidence_sequences_agree_with_the_closed_form() {
    let Some(g) = golden("sequential_formulas.json") else { return };
    for (n, expected) in g["normal_mixture_cs_halfwidth"]["values"].as_object().unwrap() {
        let found = confidence_half_width(n.parse().unwrap(), 0.25, 0.01, 0.05);
        close(found, expected.as_f64().unwrap(), 1e-12, n);
    }
}

#[test]
fn adjusted_p_values_agree_with_statsmodels() {
    let Some(g) = golden("multiple_testing.json") else { return };
    for case in g["cases"].as_array().unwrap() {
        let p = numbers(&case["p"]);
        for (name, correction) in [
            ("bonferroni", Correction::Bonferroni),
            ("holm", Correction::Holm),
            ("fdr_bh", Correction::BenjaminiHochberg),
            ("fdr_by", Correction::BenjaminiYekutieli),
        ] {
            for (found, expected) in adjust(&p, correction).unwrap().iter().zip(numbers(&case[name])) {
                close(*found, expected, 1e-12, name);
            }
        }
    }
}

#[test]
fn the_drift_detection_method_alarms_where_river_does() {
    let (Some(g), Some(stream)) = (golden("stream_river.json"), errors("sea_50k_gnb.err01.txt")) else {
        return;
    };
    let case = g["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["stream"] == "sea_50k_gnb" && r["detector"] == "DDM");
    let expected: Vec<usize> = numbers(&case.unwrap()["drift_idx0"]).iter().map(|v| *v as usize).collect();
    let mut detector = Ddm::default();
    let found: Vec<usize> =
        (0..stream.len()).filter(|index| detector.update(stream[*index]) == Signal::Drift).collect();
    assert_eq!(found, expected);
}
