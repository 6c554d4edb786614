//! What sentences have done that the purpose of a text does not explain: each under the rule of what is done.

use super::combined::COMBINED_SIGNS;
use super::exfiltration::SECRET_EXFILTRATION;
use super::memory::MEMORY_POISONING;
use super::override_::INSTRUCTION_OVERRIDE;
use super::rigged::RIGGED_JUDGEMENT;
use super::safety::SAFETY_DISABLED;
use super::{Notes, Reading};
use crate::agents::reading::Role;
use crate::agents::statements::{Deed, Weighed};
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Reports each: medium for two independent signs in a few sentences, high for three.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for found in &reading.statements {
        let high = found.weight >= Weighed::HIGH && reading.role == Role::Instructions;
        let severity = if high { Severity::High } else { Severity::Medium };
        let finding = Finding::new(rule(found.deed), found.signs.join("; "))
            .severity(severity)
            .confidence(Confidence::Medium);
        notes.report(reading.text, found.span.clone(), finding);
    }
}

/// The rule of what is done.
const fn rule(deed: Deed) -> &'static Rule {
    match deed {
        Deed::Leaks => &SECRET_EXFILTRATION,
        Deed::Disarms | Deed::LetsIn | Deed::BringsIn => &SAFETY_DISABLED,
        Deed::Stays => &MEMORY_POISONING,
        Deed::Favours | Deed::Spares => &RIGGED_JUDGEMENT,
        Deed::Obeys | Deed::Shadows => &INSTRUCTION_OVERRIDE,
        Deed::Erases | Deed::Pays | Deed::Plants => &COMBINED_SIGNS,
    }
}
