//! The severity that a CVSS v3 vector stands for. Source: CVSS v3.1 specification, sections 5 and 7.1.

use bartizan_core::Severity;

/// The severity of `vector`; `None` when it is no complete vector of version 3.
pub(super) fn severity(vector: &str) -> Option<Severity> {
    let score = base_score(vector)?;
    Some(if score >= 9.0 {
        Severity::Critical
    } else if score >= 7.0 {
        Severity::High
    } else if score >= 4.0 {
        Severity::Medium
    } else {
        Severity::Low
    })
}

/// The base score, 0 to 10.
fn base_score(vector: &str) -> Option<f64> {
    let metrics = vector.strip_prefix("CVSS:3.")?;
    let metric = |name: &str| {
        metrics
            .split('/')
            .find_map(|part| part.split_once(':').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    let changed = metric("S")? == "C";
    let reach = match metric("AV")? {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        _ => 0.2,
    };
    let ease = if metric("AC")? == "L" { 0.77 } else { 0.44 };
    let privileges = match (metric("PR")?, changed) {
        ("N", _) => 0.85,
        ("L", true) => 0.68,
        ("L", false) => 0.62,
        (_, true) => 0.5,
        (_, false) => 0.27,
    };
    let interaction = if metric("UI")? == "N" { 0.85 } else { 0.62 };
    let loss = |name: &str| {
        Some(match metric(name)? {
            "H" => 0.56,
            "L" => 0.22,
            _ => 0.0,
        })
    };
    let subscore = 1.0 - (1.0 - loss("C")?) * (1.0 - loss("I")?) * (1.0 - loss("A")?);
    let impact = if changed {
        7.52 * (subscore - 0.029) - 3.25 * (subscore - 0.02_f64).powi(15)
    } else {
        6.42 * subscore
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let exploitability = 8.22 * reach * ease * privileges * interaction;
    let sum = if changed { 1.08 * (impact + exploitability) } else { impact + exploitability };
    Some((sum.min(10.0) * 10.0 - 1e-6).ceil() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_agree_with_the_examples_of_the_standard() {
        let close = |vector: &str, score: f64| {
            assert!((base_score(vector).unwrap() - score).abs() < 1e-9, "{vector}");
        };
        close("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8);
        close("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1);
        close("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4);
        assert_eq!(severity("CVSS:3.1/AV:N"), None);
        assert_eq!(severity("CVSS:4.0/AV:N"), None);
    }
}
