//! Tokens that are taken at their word: read without a look at their signature.

use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Value};
use bartizan_core::{Confidence, Finding, Rule, Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A JSON Web Token decoded with its verification switched off: `options={"verify_signature": False}`, `verify=False`, or `none`
    /// among the algorithms that are taken.
    /// ## Why it matters
    /// Anybody writes such a token. Who a caller is, and what he may do, is then what he says of himself.
    /// ## Example
    /// `jwt.decode(token, options={"verify_signature": False})`
    /// ## How to fix
    /// `jwt.decode(token, key, algorithms=["RS256"], audience="…")`, with the key of whoever issues the tokens.
    /// ## References
    /// - RFC 8725, JSON Web Token Best Current Practices, 3.1 and 3.2
    pub const UNVERIFIED_TOKEN: Rule = Rule {
        id: "pipeline/unverified-token",
        title: "a token whose signature nobody checks",
        severity: Severity::High,
        remedy: "Verify the signature with the issuer's key, and name the algorithms that you take.",
        taxonomies: &[cwe(347), cwe(287)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&UNVERIFIED_TOKEN];

/// Judges one call.
///
/// Sources: PyJWT, "API Reference", `jwt.decode`; python-jose, `jose.jwt.decode`.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let decodes =
        matches!(call.name(), "decode" | "decode_complete") && (call.is_of("jwt") || call.is_of("jose"));
    if !decodes {
        return;
    }
    let off = |value: Option<&Value>| value.is_some_and(|value| value.known == Known::Bool(false));
    let option = call.keyword("options").filter(|options| off(options.value.entry("verify_signature")));
    let switch = call.keyword("verify").filter(|verify| verify.value.known == Known::Bool(false));
    let none = call.argument(2, "algorithms").filter(|algorithms| {
        algorithms.value.texts().iter().any(|algorithm| algorithm.eq_ignore_ascii_case("none"))
    });
    let Some(given) = option.or(switch).or(none) else { return };
    // With a key beside it, a first look that is verified afterwards is as likely.
    let keyed = call.argument(1, "key").is_some_and(|key| !matches!(key.value.known, Known::Null));
    let finding =
        Finding::new(&UNVERIFIED_TOKEN, "the token says who its bearer is, and nobody checks its signature");
    let confidence = if keyed { Confidence::Medium } else { Confidence::High };
    module.report(&given.span, finding.confidence(confidence));
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::High;

    #[test]
    fn tokens_that_nobody_verifies_are_found() {
        let graded = |code: &str| {
            severities(
                &format!("import jwt, os\nfrom jose import jwt as jose_jwt\n{code}"),
                "pipeline/unverified-token",
            )
        };
        for code in [
            "jwt.decode(t, options={'verify_signature': False})",
            "jwt.decode(t, verify=False)",
            "jwt.decode(t, None, algorithms=['none', 'HS256'])",
            "jose_jwt.decode(t, '', options={'verify_signature': False})",
            "def user(t):\n    return jwt.decode(t, options=dict(verify_signature=False))['sub']",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        for code in [
            "jwt.decode(t, os.environ['KEY'], algorithms=['RS256'])",
            "jwt.decode(t, key, algorithms=['HS256'], options={'verify_signature': True})",
            "jwt.decode(t, key, algorithms=['HS256'], options={'verify_exp': False})",
            "jwt.get_unverified_header(t)",
            "base64.decode(t, options={'verify_signature': False})",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
