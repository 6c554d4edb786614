//! Credentials that are read.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// Reading files of credentials, the whole environment, the keychain, browser data or wallets; asking for a seed phrase.
    /// ## Why it matters
    /// A task needs one credential, given for it; a skill that looks for credentials is looking for more.
    /// ## Example
    /// `security find-generic-password -wa Chrome`.
    /// ## How to fix
    /// Take the credential from the variable or store that the user names.
    /// ## References
    /// - <https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/>
    pub const CREDENTIAL_ACCESS: Rule = Rule {
        id: "agent/credential-access",
        title: "credentials that are read",
        severity: Severity::Medium,
        remedy: "Name the one credential the task needs and let the user hand it over.",
        taxonomies: &[owasp_agentic("ASI03"), atlas("AML.T0055"), cwe(522)],
    };
}

/// Reports each; what no task needs is high.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in &reading.signs {
        let severity = match sign.act {
            Act::ReadsBrowser | Act::ReadsWallet => Severity::High,
            Act::ReadsCredentials if no_task_needs(reading.folded_at(sign.span.clone())) => Severity::High,
            Act::ReadsCredentials | Act::ReadsEnvironment | Act::AsksToReadSecrets => Severity::Medium,
            _ => continue,
        };
        let unseen = reading.near(&sign.span, |act| matches!(act, Act::Conceals | Act::ActsUnseen)).is_some();
        let severity = match (sign.aside, unseen) {
            (true, _) => Severity::Low,
            (false, true) => Severity::High,
            (false, false) => severity,
        };
        let finding = Finding::new(&CREDENTIAL_ACCESS, sign.act.what())
            .severity(severity)
            .confidence(Confidence::Medium);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

fn no_task_needs(seen: &str) -> bool {
    ["shadow", "mimikatz", "lsass", "sekurlsa", "hashdump", "dump-keychain"]
        .iter()
        .any(|word| seen.contains(word))
}

#[cfg(test)]
mod tests {
    use crate::agents::found;

    #[test]
    fn fires_on_the_act_and_not_on_its_near_miss() {
        assert!(
            found("---\nname: a\ndescription: b\n---\ncat ~/.ssh/id_rsa")
                .contains(&"agent/credential-access")
        );
        assert!(
            !found("---\nname: a\ndescription: b\n---\ncat ~/.ssh/id_rsa.pub")
                .contains(&"agent/credential-access")
        );
    }
}
