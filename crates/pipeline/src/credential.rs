//! What of the place of a finding about a credential is the credential: [`values`], for reports to mask.

/// The values in `seen`, the bytes that a finding about a credential points at: what is assigned, given to an option, or stands
/// alone; of an address its password. References to where the credential is kept are none, nor are the words of a command or call that
/// holds one.
pub(crate) fn values(seen: &str) -> Vec<&str> {
    if seen.starts_with("-----BEGIN ") {
        // A key: known by its lines, of which a report shows none.
        return vec![seen];
    }
    let seen = seen.get(..seen.floor_char_boundary(MOST)).unwrap_or(seen);
    let mark = |mark: char| mark.is_whitespace() || matches!(mark, '"' | '\'' | '`' | ',' | ';' | '(' | ')');
    let words = || seen.split(mark).filter(|word| !word.is_empty());
    let of_many = words().count() > FEW;
    words()
        .map(value)
        .filter(|value| !(value.starts_with(['$', '-']) || value.contains("${") || value.contains("{{")))
        .filter(|value| value.chars().any(char::is_alphanumeric) && (!of_many || is_drawn(value)))
        .collect()
}

/// What a word gives: behind `=`, or between `user:` and `@host`, else the whole of it.
fn value(word: &str) -> &str {
    if let Some((_, rest)) = word.split_once("://")
        && let Some((login, _)) = rest.rsplit_once('@')
    {
        return login.split_once(':').map_or(login, |(_, password)| password);
    }
    let name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    match word.split_once('=') {
        // The end of Base64 is no value.
        Some((before, after)) if name(before) && !after.trim_matches('=').is_empty() => after,
        _ => word,
    }
}

/// Words of a value at most; more are a command or a call.
const FEW: usize = 3;

/// Whether a word of many may be the credential among them: long enough, of letters and digits, and no address.
fn is_drawn(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !word.contains("://")
}

/// Bytes looked at: a place is a value or a line, and keys are found by their form.
const MOST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_are_what_is_given_and_not_the_name_it_is_given_to() {
        assert_eq!(values("HF_TOKEN=hf_abc"), ["hf_abc"]);
        assert_eq!(values("--password='S3cr3t x'"), ["S3cr3t", "x"]);
        assert_eq!(values("postgresql://ml:S3cr3t@db/m"), ["S3cr3t"]);
        assert_eq!(values("c2VjcmV0cw=="), ["c2VjcmV0cw=="]);
        assert_eq!(values("-----BEGIN A KEY-----\nMHcC"), ["-----BEGIN A KEY-----\nMHcC"]);
        assert_eq!(values("TOKEN=$TOKEN"), [] as [&str; 0]);
        assert_eq!(values("${{ secrets.TOKEN }}"), ["secrets.TOKEN"]);
        let call =
            "subprocess.run(\"curl -H 'X: sk-proj-Ab1' https://x.example/train2.sh | sh\", shell=True)";
        assert_eq!(values(call), ["sk-proj-Ab1"]);
    }
}
