//! Names of publishers that are nearly, but not quite, the name of a well-known one.
//!
//! Compared are the owners in `owner/model`: by what their characters look like, and by edits (one insertion, deletion,
//! exchange or swap). Source: Levenshtein and Damerau's distance, cut off at one. Constant time for each name.

use super::confusable::skeleton;
use super::known::OWNERS;
use bartizan_core::{
    Confidence, Finding, Location, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};

rule! {
    /// ## What it finds
    /// A model, base model or code repository whose owner is named almost like a well-known publisher: with a character that
    /// only looks the same, or one letter more, less, swapped or exchanged.
    /// ## Why it matters
    /// Names on a model hub are free to take. People and tools that load `owner/model` do not see the difference, and
    /// loading runs what the wrong owner put there.
    /// ## Example
    /// `"_name_or_path": "mistraIai/Mistral-7B-v0.1"`, with a capital I for the l.
    /// ## How to fix
    /// Compare the owner with the publisher's own page, and pin the model by digest.
    /// ## References
    /// - MITRE ATLAS AML.T0010.003; CWE-1007, Insufficient Visual Distinction of Homoglyphs
    pub const NAME_SQUATTING: Rule = Rule {
        id: "model/name-squatting",
        title: "an owner named almost like a well-known one",
        severity: Severity::Low,
        remedy: "Compare the owner with the publisher's own page, and pin the model by digest.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1007), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Shortest name compared by edits, in letters; shorter ones are near to too many honest ones.
const SHORTEST: usize = 7;
/// Longest owner compared, in bytes.
const LONGEST: usize = 64;
/// Longest name shown, in characters.
const SHOWN: usize = 120;

/// The finding about `name`, written `owner/model`, if its owner imitates a known one.
pub(crate) fn finding(name: &str, place: &Location) -> Option<Finding> {
    let (owner, model) = name.split_once('/')?;
    if owner.is_empty() || owner.len() > LONGEST || model.is_empty() || model.contains('/') {
        return None;
    }
    let (known, severity, how) = near(owner)?;
    let shown = printable(name, SHOWN);
    let message = format!("`{shown}` belongs to an owner that {how} `{known}`");
    let finding = Finding::new(&NAME_SQUATTING, message).severity(severity).confidence(Confidence::Medium);
    Some(finding.located(place).evidence(owner.escape_debug().to_string()))
}

/// The known owner that `owner` imitates, and how.
fn near(owner: &str) -> Option<(&'static str, Severity, &'static str)> {
    if OWNERS.iter().any(|known| known.eq_ignore_ascii_case(owner)) {
        return None;
    }
    let seen: String = owner.chars().map(skeleton).collect();
    if seen != owner
        && let Some(known) = OWNERS.iter().find(|known| known.eq_ignore_ascii_case(&seen))
    {
        return Some((known, Severity::Medium, "is written with characters that only look like those of"));
    }
    if !owner.is_ascii() {
        return None;
    }
    let look = look(owner);
    if let Some(known) = OWNERS.iter().find(|known| known.len() == owner.len() && self::look(known) == look) {
        return Some((known, Severity::Medium, "looks the same as"));
    }
    let lower = owner.to_ascii_lowercase();
    let known = OWNERS.iter().find(|known| {
        known.len() >= SHORTEST && is_one_edit(known.to_ascii_lowercase().as_bytes(), lower.as_bytes())
    })?;
    Some((known, Severity::Low, "is one letter away from"))
}

/// What a name looks like in most fonts: letters and figures that are drawn alike become one.
fn look(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            'I' | 'l' | '1' | '|' => 'l',
            'o' | 'O' | '0' => 'o',
            '_' => '-',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Whether one insertion, deletion, exchange or swap of neighbours turns `a` into `b`.
fn is_one_edit(one: &[u8], other: &[u8]) -> bool {
    if one == other || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let head = one.iter().zip(other).take_while(|(left, right)| left == right).count();
    let (one, other) = (one.get(head..).unwrap_or_default(), other.get(head..).unwrap_or_default());
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(left, right)| left == right).count();
    let rest = |side: &[u8]| side.len().saturating_sub(tail);
    match (rest(one), rest(other)) {
        (0 | 1, 0 | 1) => true,
        (2, 2) => {
            matches!((one, other), ([first, second, ..], [third, fourth, ..]) if first == fourth && second == third)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(name: &str) -> Option<Severity> {
        finding(name, &Location::default()).map(|finding| finding.severity)
    }

    #[test]
    fn imitations_are_told_by_how_well_they_imitate() {
        for name in ["mistraIai/Mistral-7B", "g\u{43e}ogle/gemma", "micr0soft/phi-2", "meta_llama/Llama-3"] {
            assert_eq!(severity(name), Some(Severity::Medium), "{name}");
        }
        for name in ["mistral-ai/Mistral-7B", "micorsoft/phi-2", "deepseekai/x", "meta-lama/Llama-3"] {
            assert_eq!(severity(name), Some(Severity::Low), "{name}");
        }
    }

    #[test]
    fn the_known_ones_and_unrelated_names_are_silent() {
        for name in [
            "google/gemma",
            "Google/gemma",
            "someone/bert",
            "goggles/x",
            "a/b",
            "./local",
            "bert-base",
            "/home/a/b",
        ] {
            assert_eq!(severity(name), None, "{name}");
        }
        for known in OWNERS {
            assert_eq!(severity(&format!("{known}/x")), None, "{known}");
        }
    }

    #[test]
    fn one_edit_is_counted_as_one() {
        for (a, b, one) in [
            ("abc", "abx", true),
            ("abc", "ab", true),
            ("abc", "acb", true),
            ("abc", "cba", false),
            ("abc", "abc", false),
        ] {
            assert_eq!(is_one_edit(a.as_bytes(), b.as_bytes()), one, "{a} {b}");
        }
    }
}
