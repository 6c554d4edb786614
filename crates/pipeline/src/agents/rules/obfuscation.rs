//! Code that is decoded and then run.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// Text that is decoded (base64, hex, marshal, character codes) and handed to an interpreter.
    /// ## Why it matters
    /// No one who reads the skill sees what runs.
    /// ## Example
    /// `echo aGVsbG8= | base64 -d | sh`.
    /// ## How to fix
    /// Ship the code as text.
    /// ## References
    /// - <https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/>
    pub const OBFUSCATED_CODE: Rule = Rule {
        id: "agent/obfuscated-code",
        title: "code that is decoded and then run",
        severity: Severity::High,
        remedy: "Decode it without running it, read it, and replace it by what it says.",
        taxonomies: &[owasp_agentic("ASI05"), atlas("AML.T0011"), cwe(506)],
    };
}

/// Reports each such act that the text does or asks for.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in reading.signs.iter().filter(|sign| matches!(sign.act, Act::RunsDecoded)) {
        let severity = if sign.aside { Severity::Low } else { Severity::High };
        let finding =
            Finding::new(&OBFUSCATED_CODE, sign.act.what()).severity(severity).confidence(Confidence::High);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::agents::found;

    #[test]
    fn fires_on_the_act_and_not_on_its_near_miss() {
        assert!(
            found("---\nname: a\ndescription: b\n---\necho aGk= | base64 -d | bash")
                .contains(&"agent/obfuscated-code")
        );
        assert!(
            !found("---\nname: a\ndescription: b\n---\necho aGk= | base64 -d > a.png")
                .contains(&"agent/obfuscated-code")
        );
    }
}
