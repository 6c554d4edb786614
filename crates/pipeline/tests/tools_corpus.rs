//! False alarms on tools that mean well, and what is found of those that do not. Skipped without `BARTIZAN_CORPUS`.

use bartizan_core::{Limits, MonotonicClock, Severity};
use bartizan_pipeline::{Text, examine};
use std::fs;
use std::path::Path;

fn worst(tools: &str) -> (Option<Severity>, Vec<String>) {
    let outcome = examine(&Text::new("tools.json", tools), &Limits::default(), &MonotonicClock::start());
    let shown = outcome.findings.iter().map(|finding| {
        format!("{} {} {} {}", finding.severity, finding.rule.id, finding.message, finding.evidence)
    });
    (outcome.findings.iter().map(|finding| finding.severity).max(), shown.collect())
}

#[test]
fn tools_that_mean_well_are_left_alone() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else { return };
    let folder = Path::new(&corpus).join("agents/mcp-tools");
    let mut benign = Vec::new();
    let (mut bad, mut found) = (0_u32, 0_u32);
    for line in fs::read_to_string(folder.join("extracted-tools.jsonl")).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        if row["label_of_server"] == "benign" {
            benign.push(row["tool"].clone());
        } else {
            bad += 1;
            // The server is labelled, not the tool: many descriptions of malicious servers are clean.
            found +=
                u32::from(worst(&serde_json::json!([row["tool"]]).to_string()).0 >= Some(Severity::High));
        }
    }
    for name in ["agentdojo-tools.json", "injecagent-tools.json"] {
        let tree: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        let mut pending = vec![tree];
        while let Some(node) = pending.pop() {
            match node {
                serde_json::Value::Array(items) => pending.extend(items),
                serde_json::Value::Object(ref fields) if fields.contains_key("name") => benign.push(node),
                serde_json::Value::Object(fields) => pending.extend(fields.into_iter().map(|field| field.1)),
                _ => {}
            }
        }
    }
    let mut wrong = [0_u32; 2];
    for tool in &benign {
        let (severity, shown) = worst(&serde_json::json!([tool]).to_string());
        wrong[0] += u32::from(severity >= Some(Severity::High));
        wrong[1] += u32::from(severity >= Some(Severity::Medium));
        if severity >= Some(Severity::Medium) {
            eprintln!("{shown:#?}");
        }
    }
    eprintln!(
        "benign tools: {} of which {} at high, {} at medium; tools of malicious servers: {bad}, at high {found}",
        benign.len(),
        wrong[0],
        wrong[1]
    );
    assert!(f64::from(wrong[0]) <= 0.01 * benign.len() as f64);
}
