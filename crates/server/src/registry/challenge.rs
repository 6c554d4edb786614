//! Headers of a registry's answers: who it wants to know, and where its list goes on.

/// The address of the next page in a header `Link: <…>; rel="next"`.
pub(super) fn next_page(link: &str) -> Option<String> {
    let (address, relation) = link.strip_prefix('<')?.split_once('>')?;
    relation.contains("next").then(|| address.to_owned())
}

/// Members of a challenge: `realm="…",service="…"`.
pub(super) fn members(text: &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => match quoted.split_once('"') {
                Some(found) => found,
                None => break,
            },
            None => after.split_once(',').unwrap_or((after, "")),
        };
        members.push((name, value.to_owned()));
        rest = next;
    }
    members
}

/// A text as part of a query (RFC 3986, section 2.1).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_in_its_members_and_the_next_page_in_its_link() {
        let read =
            members(r#"realm="https://auth.example/token",service=r, scope="repository:a/b:pull,push""#);
        let expected = [
            ("realm", "https://auth.example/token"),
            ("service", "r"),
            ("scope", "repository:a/b:pull,push"),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(escaped("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
        assert_eq!(next_page(r#"</v2/m/tags/list?last=b>; rel="next""#).unwrap(), "/v2/m/tags/list?last=b");
        assert_eq!(next_page(r#"</x>; rel="prev""#), None);
    }

    proptest::proptest! {
        #[test]
        fn any_challenge_and_link_are_read_to_their_end(text: String) {
            let _ = (members(&text), next_page(&text), escaped(&text));
        }
    }
}
