//! Rules such as `(version >= "1" && version < "1.2") || version == "2"` of lists of weaknesses in AI infrastructure.

use super::Interval;

/// The intervals that `rule` stands for; `None` when it is empty or no such rule.
pub(super) fn intervals(rule: &str) -> Option<Vec<Interval>> {
    let mut found = Vec::new();
    for alternative in rule.split("||") {
        let mut interval = Interval::default();
        let mut bounded = false;
        for part in alternative.split("&&") {
            let part = part.trim().trim_matches(['(', ')']).trim();
            let rest = part.strip_prefix("version")?.trim_start();
            let end = rest.find(|c: char| !matches!(c, '<' | '>' | '=' | '!'))?;
            let (operator, version) = rest.split_at_checked(end)?;
            let version = version.trim().trim_matches(['"', '\'']);
            if !version.starts_with(|c: char| c.is_ascii_digit() || c == 'v') || version.len() >= 40 {
                return None;
            }
            let version = version.to_owned();
            match operator {
                "<" => interval.high = Some((version, false)),
                "<=" => interval.high = Some((version, true)),
                ">" if version == "0" => {}
                ">" => interval.low = Some((version, false)),
                ">=" => interval.low = Some((version, true)),
                "=" | "==" => {
                    interval.low = Some((version.clone(), true));
                    interval.high = Some((version, true));
                }
                _ => return None,
            }
            bounded = true;
        }
        if !bounded {
            return None;
        }
        found.push(interval);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_become_intervals_and_what_names_no_version_is_none() {
        let bound = |version: &str, own: bool| Some((version.to_owned(), own));
        assert_eq!(
            intervals("version < \"1.2\" || (version >= \"2.0\" && version <= \"2.1\")"),
            Some(vec![
                Interval { low: None, high: bound("1.2", false) },
                Interval { low: bound("2.0", true), high: bound("2.1", true) }
            ])
        );
        assert_eq!(intervals("version = \"latest\""), None);
        assert_eq!(intervals(""), None);
    }
}
