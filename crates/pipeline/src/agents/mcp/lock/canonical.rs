//! JSON in one form only, and its digest. Source: RFC 8785; numbers stay as they were written, which is the same for the
//! integers that schemas hold.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `sha256:` and the digest of `value` in canonical form.
pub(super) fn digest(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    digest_of_text(&out)
}

/// `sha256:` and the digest of `text`.
pub(super) fn digest_of_text(text: &str) -> String {
    format!("sha256:{}", bartizan_core::hex(&Sha256::digest(text.as_bytes())))
}

/// Depth is bounded by the parser that made `value`.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            // RFC 8785 section 3.2.3: by UTF-16 code units.
            sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_blanks_do_not_count_and_values_do() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(digest(&read("{\"b\": [1, 2], \"a\": null}")), digest(&read("{\"a\":null,\"b\":[1,2]}")));
        assert_ne!(digest(&read("{\"a\": [1, 2]}")), digest(&read("{\"a\": [2, 1]}")));
    }
}
