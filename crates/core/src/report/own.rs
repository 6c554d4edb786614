//! Knowing an earlier report of this program, which quotes what it found and must not be found for that.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A JSON report or a baseline. A file with any other key at its top is none: no loader of models reads one of these keys, so
/// nothing can hide below them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the names of the keys matter")]
struct Own {
    schema: String,
    tool: Option<IgnoredAny>,
    started: Option<IgnoredAny>,
    finished: Option<IgnoredAny>,
    subjects: Option<IgnoredAny>,
    findings: Vec<IgnoredAny>,
    advisories: Option<IgnoredAny>,
    summary: Option<IgnoredAny>,
}

/// Whether `bytes` are a JSON report or a baseline of this program.
///
/// Cost: one look at the head; one pass over what begins like a report.
pub fn is_own_report(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes).trim_ascii_start();
    let Some(inside) = head.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    let known = [crate::render::json::SCHEMA, crate::baseline::BASELINE_SCHEMA];
    inside.starts_with(b"\"schema\"")
        && serde_json::from_slice::<Own>(bytes).is_ok_and(|own| known.contains(&own.schema.as_str()))
}

/// Bytes in which `{` and the key `schema` are looked for.
const HEAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_report_is_known_and_one_with_a_key_more_is_not() {
        let mut written = Vec::new();
        crate::render::json::write(&crate::report::tests::sample(), &mut written).unwrap();
        assert!(is_own_report(&written));
        let text = String::from_utf8(written).unwrap();
        let more = text.trim_start().replacen(
            '{',
            "{\"schema\": \"bartizan.scan/1\", \"chat_template\": \"{{ x }}\",",
            1,
        );
        assert!(!is_own_report(more.as_bytes()));
        assert!(!is_own_report(br#"{"schema": "another", "findings": []}"#));
        assert!(!is_own_report(b"{}"));
    }
}
