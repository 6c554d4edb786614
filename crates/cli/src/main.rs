//! The `bartizan` program.

use bartizan_core::{Limits, MonotonicClock, Source};
use bartizan_model::{Input, scan};
use std::path::Path;

#[expect(clippy::print_stdout, reason = "results go to stdout")]
fn main() {
    for path in std::env::args().skip(1) {
        let Ok(source) = Source::open(Path::new(&path), u64::MAX) else { continue };
        let outcome = scan(&Input::new(&path, source.bytes()), &Limits::default(), &MonotonicClock::start());
        let findings: Vec<_> = outcome
            .findings
            .iter()
            .map(|f| {
                serde_json::json!({"rule": f.rule.id, "severity": f.severity, "confidence": f.confidence,
                "location": f.location, "message": f.message, "evidence": f.evidence})
            })
            .collect();
        let gaps: Vec<_> = outcome.gaps.iter().map(|gap| &gap.reason).collect();
        println!(
            "{}",
            serde_json::json!({"path": path, "format": outcome.format, "findings": findings, "gaps": gaps})
        );
    }
}
