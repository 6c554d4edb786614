//! Decisions in which a check found something, as a security team's tools read them: [`finding`].
//!
//! Source: Open Cybersecurity Schema Framework 1.5, class Detection Finding (2004) with the profile `security_control`.

use super::decision::Decision;
use crate::check::RULES;
use bartizan_core::{Rule, Severity};
use serde_json::{Value, json};

/// The version of the schema.
const SCHEMA: &str = "1.5.0";
/// Findings, Detection Finding, Create.
const CATEGORY: u32 = 2;
const CLASS: u32 = 2_004;
const CREATE: u32 = 1;

/// The finding of a decision; none when nothing was found and everything was judged.
pub(super) fn finding(decision: &Decision) -> Option<Value> {
    if decision.reasons.is_empty() && decision.unjudged.is_none() {
        return None;
    }
    let hardest = decision.reasons.iter().find(|reason| reason.action == decision.action);
    let rule = |id: &str| -> Option<&'static Rule> { RULES.iter().copied().find(|rule| rule.id == id) };
    let rules: Vec<&'static Rule> = {
        let mut ids: Vec<&str> = decision.reasons.iter().map(|reason| reason.check).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(rule).collect()
    };
    let severity = rules.iter().map(|rule| rule.severity).max().unwrap_or(Severity::Medium);
    let (title, uid) = hardest
        .and_then(|reason| rule(reason.check))
        .map_or(("an exchange that could not be judged", "guard/unjudged"), |rule| (rule.title, rule.id));
    let milliseconds = decision.time_micros / 1_000;
    let evidences: Vec<Value> =
        decision.reasons.iter().map(|reason| json!({"name": reason.check, "data": reason})).collect();
    let attacks: Vec<Value> = rules
        .iter()
        .flat_map(|rule| rule.taxonomies)
        .filter_map(|taxonomy| taxonomy.to_string().strip_prefix("ATLAS:").map(str::to_owned))
        .map(|technique| json!({"technique": {"uid": technique}, "version": "ATLAS"}))
        .collect();
    let confidence = decision.reasons.iter().map(|reason| reason.score).fold(0.0_f32, f32::max);
    let mut finding = json!({
        "category_uid": CATEGORY, "class_uid": CLASS, "activity_id": CREATE, "type_uid": CLASS * 100 + CREATE,
        "time": milliseconds, "severity_id": severity_id(severity), "status_id": 1,
        "action_id": action_id(decision), "disposition_id": disposition_id(decision),
        "confidence_score": (confidence * 100.0).round() as i64,
        "message": title,
        "metadata": {
            "version": SCHEMA, "uid": decision.id, "log_name": "guard", "profiles": ["security_control"],
            "product": {"name": "Bartizan", "vendor_name": "Bartizan", "version": env!("CARGO_PKG_VERSION")},
        },
        "finding_info": {
            "uid": decision.id, "title": title, "created_time": milliseconds,
            "types": rules.iter().map(|rule| rule.id).collect::<Vec<_>>(),
            "analytic": {"type_id": 1, "name": title, "uid": uid},
            "attacks": attacks,
        },
        "evidences": evidences,
        "policy": {"name": decision.policy, "uid": decision.policy_sha256},
        "unmapped": {
            "route": decision.route, "protocol": decision.protocol, "outcome": decision.outcome,
            "request_sha256": decision.request_sha256, "answer_sha256": decision.answer_sha256,
            "config_sha256": decision.config_sha256, "model": decision.model, "model_digest": decision.model_digest,
            "upstream": decision.upstream, "unjudged": decision.unjudged,
        },
    });
    if let (Some(tenant), Some(members)) = (&decision.tenant, finding.as_object_mut()) {
        members.insert("actor".to_owned(), json!({"user": {"name": tenant, "uid": decision.key}}));
    }
    Some(finding)
}

fn severity_id(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

/// 1 allowed, 2 denied, 3 observed, 4 modified.
fn action_id(decision: &Decision) -> u32 {
    match (decision.action, decision.enforced) {
        ("block", true) => 2,
        ("redact", true) => 4,
        ("allow", true) => 1,
        _ => 3,
    }
}

/// 1 allowed, 2 blocked, 11 corrected, 15 detected.
fn disposition_id(decision: &Decision) -> u32 {
    match (decision.action, decision.enforced) {
        ("block", true) => 2,
        ("redact", true) => 11,
        ("allow", _) => 1,
        _ => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Action, Reason};
    use crate::gateway::decision::Direction;

    fn decided(action: Action) -> Decision {
        let mut decision =
            Decision::new("d1".to_owned(), 1_700_000_000_123_456, "POST", "/v1/chat/completions");
        let reason = Reason {
            check: "guard/prompt-injection",
            label: "direct-injection".to_owned(),
            score: 0.97,
            action,
            pointer: "/messages/0/content".to_owned(),
            span: 0..6,
            message: String::new(),
        };
        decision.judged(Direction::Request, action, &[reason]);
        decision
    }

    #[test]
    fn a_block_is_a_detection_finding_and_a_quiet_decision_is_none() {
        let quiet = Decision::new("d0".to_owned(), 1, "GET", "/");
        assert_eq!(finding(&quiet), None);
        let found = finding(&decided(Action::Block)).unwrap();
        for (pointer, wanted) in [
            ("/class_uid", json!(2_004)),
            ("/type_uid", json!(200_401)),
            ("/time", json!(1_700_000_000_123_u64)),
            ("/action_id", json!(2)),
            ("/disposition_id", json!(2)),
            ("/confidence_score", json!(97)),
            ("/finding_info/uid", json!("d1")),
            ("/finding_info/analytic/uid", json!("guard/prompt-injection")),
            ("/evidences/0/data/pointer", json!("/messages/0/content")),
        ] {
            assert_eq!(found.pointer(pointer), Some(&wanted), "{pointer}: {found}");
        }
        let technique = found.pointer("/finding_info/attacks/0/technique/uid").and_then(Value::as_str);
        assert!(technique.is_some_and(|uid| uid.starts_with("AML.T")), "{found}");
    }

    #[test]
    fn what_was_only_observed_or_flagged_is_told_as_such() {
        let mut observed = decided(Action::Block);
        observed.enforced = false;
        let found = finding(&observed).unwrap();
        assert_eq!((&found["action_id"], &found["disposition_id"]), (&json!(3), &json!(15)));
        let flagged = finding(&decided(Action::Flag)).unwrap();
        assert_eq!((&flagged["action_id"], &flagged["disposition_id"]), (&json!(3), &json!(15)));
    }
}
