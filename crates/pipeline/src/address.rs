//! Addresses in commands and manifests: which are unencrypted, which pin what they name.

/// The part of `text` from the first `http://` or `ftp://` address of a host outside this machine and its cluster.
pub(crate) fn cleartext(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        // Schemes are the same in either case (RFC 3986, section 3.1).
        let plain = ["http", "ftp"];
        let begins = |mark: usize, scheme: &&str| {
            let at = mark.checked_sub(scheme.len())?;
            rest.get(at..mark).filter(|written| written.eq_ignore_ascii_case(scheme)).map(|_| at)
        };
        let at = rest
            .match_indices("://")
            .find_map(|(mark, _)| plain.iter().find_map(|scheme| begins(mark, scheme)))?;
        let address = rest.get(at..)?;
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '|' | ')' | '`'))
            .unwrap_or(address.len());
        let address = address.get(..end)?;
        if !is_local(host(address)) {
            return Some(address);
        }
        rest = rest.get(at.saturating_add(end.max(1))..)?;
    }
}

/// The host of an address, without user and port.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Some(literal) = host.strip_prefix('[') {
        return literal.split(']').next().unwrap_or(literal);
    }
    host.split(':').next().unwrap_or(host)
}

/// Whether `host` is this machine, a private network, a name inside a cluster, or known at run time only.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let octets: Vec<u8> = host.split('.').filter_map(|part| part.parse().ok()).collect();
    let private = match octets.as_slice() {
        [127 | 10 | 0, _, _, _] | [192, 168, _, _] | [169, 254, _, _] => true,
        [172, second, _, _] => (16..32).contains(second),
        _ => false,
    };
    private
        || host.is_empty()
        || host.contains(['$', '{', '%', '<'])
        || (!host.contains('.') && !host.contains(':'))
        || matches!(host.as_str(), "::1" | "::")
        || [".local", ".localhost", ".svc", ".internal", ".cluster.local", ".lan", ".intranet", ".test"]
            .iter()
            .any(|end| host.ends_with(end))
}

/// Whether `host` is this machine, or known at run time only.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    matches!(host.as_str(), "localhost" | "::1" | "[" | "" | "0.0.0.0")
        || host.starts_with("127.")
        || host.ends_with(".localhost")
        || host.contains(['$', '{', '%', '<'])
}

/// Whether `text` is an address without encryption on another machine of a private network: what code or models come from
/// there can be replaced by whoever is inside.
pub(crate) fn is_cleartext_inside(text: &str) -> bool {
    let Some(rest) = text.trim().strip_prefix("http://") else { return false };
    let host = host(rest).to_ascii_lowercase();
    let named =
        [".internal", ".lan", ".intranet", ".corp", ".local", ".svc"].iter().any(|end| host.ends_with(end));
    let octets: Vec<u8> = host.split('.').filter_map(|part| part.parse().ok()).collect();
    let numbered = match octets.as_slice() {
        [10, _, _, _] | [192, 168, _, _] => true,
        [172, second, _, _] => (16..32).contains(second),
        _ => false,
    };
    (named || numbered) && !host.contains(['$', '{', '%', '<'])
}

/// Whether `text` is a full commit id: 40 or 64 hexadecimal digits.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether `text` says by itself that it stands for something filled in elsewhere.
pub(crate) fn is_filled_in(text: &str) -> bool {
    text.contains(['$', '{', '%', '<'])
        && (text.contains("${")
            || text.contains("{{")
            || text.contains('$')
            || text.contains('<')
            || text.contains("%("))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleartext_inside_a_network_is_told_from_this_machine() {
        for address in ["http://pypi.acme.internal/simple", "http://10.0.3.4:8080/m.onnx"] {
            assert!(is_cleartext_inside(address), "{address}");
        }
        for address in [
            "http://localhost:8000",
            "http://127.0.0.1/m",
            "https://pypi.acme.internal",
            "http://pypi.acme.example",
        ] {
            assert!(!is_cleartext_inside(address), "{address}");
        }
    }

    #[test]
    fn cleartext_addresses_of_other_machines_are_found_and_local_ones_passed_over() {
        assert_eq!(cleartext("x http://localhost:80/ http://a.example/b c"), Some("http://a.example/b"));
        assert_eq!(cleartext("HTTP://a.example/b"), Some("HTTP://a.example/b"));
        for local in [
            "http://127.0.0.1/x",
            "http://api:80",
            "http://$HOST/x",
            "http://x.svc",
            "https://a.b",
            "http://[::1]/",
        ] {
            assert_eq!(cleartext(local), None, "{local}");
        }
        assert_eq!(host("https://u:p@h.example:8/x"), "h.example");
    }
}
