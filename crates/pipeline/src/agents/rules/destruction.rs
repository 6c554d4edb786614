//! A command that destroys data.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// Deleting the root, the home folder or system folders, overwriting disks, fork bombs.
    /// ## Why it matters
    /// An agent runs it without the second look that a person would take.
    /// ## Example
    /// `rm -rf ~/` as a cleaning step.
    /// ## How to fix
    /// Delete only inside a folder that the skill made.
    /// ## References
    /// - <https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/>
    pub const DESTRUCTION: Rule = Rule {
        id: "agent/destructive-command",
        title: "a command that destroys data",
        severity: Severity::High,
        remedy: "Remove the command or bound it to a folder of its own.",
        taxonomies: &[owasp_agentic("ASI02"), atlas("AML.T0101"), cwe(506)],
    };
}

/// Reports each such act that the text does or asks for.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in reading.signs.iter().filter(|sign| matches!(sign.act, Act::Destroys | Act::DropsData)) {
        let unasked = sign.act == Act::Destroys
            || reading
                .near(&sign.span, |act| {
                    matches!(act, Act::SkipsApproval | Act::Conceals | Act::ActsUnseen | Act::Destroys)
                })
                .is_some();
        let severity = match (sign.aside, unasked) {
            (false, true) => Severity::High,
            _ => Severity::Low,
        };
        let finding =
            Finding::new(&DESTRUCTION, sign.act.what()).severity(severity).confidence(Confidence::High);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::agents::found;

    #[test]
    fn fires_on_the_act_and_not_on_its_near_miss() {
        assert!(
            found("---\nname: a\ndescription: b\n---\nthen run rm -rf ~/")
                .contains(&"agent/destructive-command")
        );
        assert!(
            !found("---\nname: a\ndescription: b\n---\nthen run rm -rf ./build")
                .contains(&"agent/destructive-command")
        );
    }
}
