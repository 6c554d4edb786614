//! The rules of this crate: what a scan reports of a text.

use bartizan_core::{Rule, Severity, cwe, owasp_llm, rule};

/// Every rule of this crate.
pub static RULES: &[&Rule] = &[&SECRET, &PERSONAL_DATA, &DECEPTIVE_CHARACTERS];

rule! {
    /// ## What it finds
    /// A credential: a token in the format of its issuer, a private key, a password in an address or beside a user name, a
    /// drawn value assigned to a name that speaks of credentials.
    /// ## Why it matters
    /// A model learns what it reads, and whoever gets the data, or asks the model well, gets the credential.
    /// ## Example
    /// A row of a dataset that quotes a configuration file with its keys.
    /// ## How to fix
    /// Revoke the credential, then redact the row.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/798.html>
    pub const SECRET: Rule = Rule {
        id: "text/secret",
        title: "a credential in its text",
        severity: Severity::High,
        remedy: "Revoke the credential, then redact the text.",
        taxonomies: &[cwe(798), cwe(312), owasp_llm("LLM02")],
    };

    /// ## What it finds
    /// Personal data told by its form and check digits: mail addresses, telephone and card numbers, IBANs, national
    /// identity, tax and health numbers, addresses of machines and wallets.
    /// ## Why it matters
    /// Data about people may be trained on and passed on only with a reason, and models repeat what they have read.
    /// ## Example
    /// A support conversation that quotes a card number.
    /// ## How to fix
    /// Redact, mask or pseudonymise the value before the data is used.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/359.html>
    pub const PERSONAL_DATA: Rule = Rule {
        id: "text/personal-data",
        title: "personal data in its text",
        severity: Severity::Medium,
        remedy: "Redact, mask or pseudonymise the value before the data is used.",
        taxonomies: &[cwe(359), owasp_llm("LLM02")],
    };

    /// ## What it finds
    /// Invisible characters, text in tag characters, direction overrides, words that mix scripts, overlong bytes and text
    /// decoded by the wrong encoding.
    /// ## Why it matters
    /// People do not see them; tokenisers do. They carry hidden instructions and serve as triggers of backdoors.
    /// ## Example
    /// Three zero-width characters at the end of every poisoned row.
    /// ## How to fix
    /// Remove the characters, and look at where the rows came from.
    /// ## References
    /// - <https://www.unicode.org/reports/tr36/>
    pub const DECEPTIVE_CHARACTERS: Rule = Rule {
        id: "text/deceptive-characters",
        title: "characters that are not what they seem in its text",
        severity: Severity::Medium,
        remedy: "Remove the characters, and find out where the rows came from.",
        taxonomies: &[cwe(1007), owasp_llm("LLM01")],
    };
}
