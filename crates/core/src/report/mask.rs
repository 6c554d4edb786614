//! Credentials in what a report shows: [`Mask`] leaves the first characters of each, so that a report is no further place
//! where one stands.
//!
//! A report quotes excerpts, and an excerpt may begin or end inside a credential. What is masked is therefore every stretch
//! that shares [`WINDOW`] bytes or more with a credential, and shorter credentials where they stand as a whole.

use super::Snippet;
use crate::Finding;
use std::collections::HashSet;
use std::ops::Range;

/// The credentials of one subject, ready to be found in what is shown of it.
///
/// Cost: one look-up for each byte of a text; memory in proportion to the credentials, at most [`Mask::MOST_BYTES`] of them.
#[derive(Debug, Default)]
pub struct Mask {
    windows: HashSet<[u8; WINDOW]>,
    short: Vec<String>,
}

impl Mask {
    /// A mask over `credentials`, as they are written. Keys of several lines are known by each of their lines.
    pub fn new<'c>(credentials: impl IntoIterator<Item = &'c str>) -> Self {
        let mut mask = Self::default();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut left = Self::MOST_BYTES;
        for line in credentials.into_iter().flat_map(lines).filter(|line| !is_armour(line)) {
            if line.len() > left || !seen.insert(line) {
                continue;
            }
            left -= line.len();
            if line.len() >= WINDOW {
                mask.windows.extend(line.as_bytes().array_windows::<WINDOW>());
            } else if line.chars().count() >= LEAST {
                mask.short.push(line.to_owned());
            }
        }
        mask.short.sort_by_key(|short| std::cmp::Reverse(short.len()));
        mask
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.short.is_empty()
    }

    /// `text` with every credential cut to its first characters; `None` when it holds none.
    pub fn hide(&self, text: &str) -> Option<String> {
        let found = self.found(text);
        if found.is_empty() {
            return None;
        }
        let mut shown = String::with_capacity(text.len());
        let mut at = 0usize;
        for span in found {
            shown.push_str(text.get(at..span.start).unwrap_or_default());
            shown.push_str(&masked(text.get(span.clone()).unwrap_or_default()));
            at = span.end;
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        Some(shown)
    }

    /// Hides what `finding` and the content around it would repeat.
    pub(crate) fn apply(&self, finding: &mut Finding, snippet: &mut Option<Snippet>) {
        if self.is_empty() {
            return;
        }
        // What the rule says to everyone repeats nothing, whatever words it has in common with a credential.
        let remedy = (finding.remedy != finding.rule.remedy).then_some(&mut finding.remedy);
        for text in [&mut finding.message, &mut finding.evidence].into_iter().chain(remedy) {
            if let Some(hidden) = self.hide(text) {
                *text = hidden;
            }
        }
        if let Some(Snippet::Text { text, column, .. }) = snippet
            && let Some(hidden) = self.hide(text)
        {
            // The place moves with what was cut before it.
            let before: String = text.chars().take((*column as usize).saturating_sub(1)).collect();
            let before = self.hide(&before).unwrap_or(before).chars().count();
            *column = u32::try_from(before.saturating_add(1)).unwrap_or(*column).min(*column);
            *text = hidden;
        }
    }

    /// Where credentials stand in `text`, in order, none overlapping or nearly touching another.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        if !self.windows.is_empty() {
            for (at, window) in text.as_bytes().array_windows::<WINDOW>().enumerate() {
                if self.windows.contains(window) {
                    found.push(at..at.saturating_add(WINDOW));
                }
            }
        }
        for short in &self.short {
            found.extend(text.match_indices(short.as_str()).filter_map(|(at, _)| {
                let span = at..at.saturating_add(short.len());
                stands_alone(text, &span).then_some(span)
            }));
        }
        found.sort_by_key(|span| (span.start, span.end));
        let mut joined: Vec<Range<usize>> = Vec::new();
        for span in found {
            let span = text.floor_char_boundary(span.start)..text.ceil_char_boundary(span.end);
            match joined.last_mut() {
                Some(last) if span.start <= last.end.saturating_add(GAP) => last.end = last.end.max(span.end),
                _ => joined.push(span),
            }
        }
        joined
    }

    /// Most bytes of credentials that are held for one subject; the detector finds far fewer in all but dumps of keys.
    pub const MOST_BYTES: usize = 1 << 20;
}

/// The first characters of `credential` and an ellipsis: enough to recognise it, a quarter of it at most.
///
/// Of a key the line that says which it is stays (RFC 7468).
pub fn masked(credential: &str) -> String {
    let label = credential.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once(ARMOUR));
    if let Some((label, _)) = label.filter(|(label, _)| label.len() < 40) {
        return format!("-----BEGIN {label}-----…");
    }
    let kept = (credential.chars().count() / 4).min(KEPT);
    credential.chars().take(kept).chain(['…']).collect()
}

/// Whether a line stands around a key and says which it is (RFC 7468).
fn is_armour(line: &str) -> bool {
    ["-----BEGIN ", "-----END "].iter().any(|begin| line.starts_with(begin))
}

/// The lines of a credential, broken as in the file or as escapes in a string.
fn lines(credential: &str) -> impl Iterator<Item = &str> {
    credential.lines().flat_map(|line| line.split("\\n")).map(str::trim)
}

/// Whether a short credential at `span` is more than a part of another word. One of letters alone counts only as a value: behind a
/// quote, `=`, `:` or the like.
fn stands_alone(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).and_then(|rest| rest.chars().next());
    let last = before.chars().next_back();
    if last.is_some_and(char::is_alphanumeric) || after.is_some_and(char::is_alphanumeric) {
        return false;
    }
    let word = text.get(span.clone()).is_some_and(|value| value.chars().all(char::is_alphabetic));
    let valued = |text: &str| text.ends_with(['=', ':', '"', '\'', '@', ',', '(']);
    // A text that is nothing but the credential is one that shows it.
    !word || span.len() == text.len() || valued(before) || before.ends_with(' ') && valued(before.trim_end())
}

/// Bytes that a text and a credential must share to be taken for the same: chance does not bring this many drawn ones together.
const WINDOW: usize = 10;
/// Shortest credential that is looked for, in characters; a shorter one is too common a text.
const LEAST: usize = 4;
/// Characters shown of a credential at most: what its issuer puts in front.
const KEPT: usize = 4;
/// Bytes between two stretches that are hidden as one, such as a line end within a key.
const GAP: usize = 4;
/// How the line before a key ends (RFC 7468).
const ARMOUR: &str = "-----";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::CALLS;

    /// Joined, so that no scanner of this repository takes the fixture for a real key.
    fn token() -> String {
        format!("{}{}", "hf_", "AbCdEfGh1234567890iJkLmNoPqRsTuVwXyZ")
    }

    #[test]
    fn a_credential_is_cut_to_its_first_characters_wherever_it_stands() {
        let mask = Mask::new([token().as_str()]);
        let text = format!("export HF_TOKEN={} && curl -H 'x: {}'", token(), token());
        assert_eq!(mask.hide(&text).as_deref(), Some("export HF_TOKEN=hf_A… && curl -H 'x: hf_A…'"));
        assert_eq!(mask.hide("export HF_TOKEN=$HF_TOKEN"), None);
    }

    #[test]
    fn what_a_rule_says_to_everyone_is_not_hidden() {
        let mask = Mask::new([CALLS.remedy]);
        let mut finding = Finding::new(&CALLS, "m").evidence(format!("x = '{}'", CALLS.remedy));
        mask.apply(&mut finding, &mut None);
        assert_eq!(finding.remedy, CALLS.remedy);
        assert!(!finding.evidence.contains(CALLS.remedy));
    }

    #[test]
    fn an_excerpt_that_begins_or_ends_inside_a_credential_does_not_show_it() {
        let mask = Mask::new([token().as_str()]);
        for part in [&token()[..20], &token()[9..], &token()[8..20]] {
            let shown = mask.hide(&format!("{part}…")).unwrap();
            assert!(shown.chars().count() <= 6, "{shown}");
        }
    }

    #[test]
    fn a_short_password_is_hidden_as_a_value_and_not_inside_of_words() {
        let mask = Mask::new(["S3cr3t", "hunter"]);
        assert_eq!(mask.hide("db://ml:S3cr3t@db").as_deref(), Some("db://ml:S…@db"));
        assert_eq!(mask.hide("pw: hunter").as_deref(), Some("pw: h…"));
        assert_eq!(mask.hide("hunter").as_deref(), Some("h…"));
        assert_eq!(mask.hide("the hunter reads S3cr3ts"), None);
    }

    #[test]
    fn a_key_keeps_its_armour_and_loses_its_lines() {
        let (one, two) = ("MIIEugIBADANBgkqhkiG9w0B", "AQEFAASCBKQwggSgAgEAAoIB");
        let key = format!("-----BEGIN PRIVATE KEY-----\n{one}\n{two}\n-----END PRIVATE KEY-----");
        let escaped = key.replace('\n', "\\n");
        for written in [&key, &escaped] {
            let shown = Mask::new([written.as_str()]).hide(&escaped).unwrap();
            assert_eq!(shown, "-----BEGIN PRIVATE KEY-----\\nMIIE…\\n-----END PRIVATE KEY-----");
        }
    }

    #[test]
    fn a_key_alone_is_shown_by_its_first_line() {
        assert_eq!(masked("-----BEGIN EC PRIVATE KEY-----\nMHcC"), "-----BEGIN EC PRIVATE KEY-----…");
        assert_eq!(
            (masked("hf_AbCdEfGh1234567890"), masked("S3cr3t")),
            ("hf_A…".to_owned(), "S…".to_owned())
        );
    }

    #[test]
    fn the_place_in_a_line_moves_with_what_was_cut_before_it() {
        let mask = Mask::new([token().as_str()]);
        let mut finding = Finding::new(&CALLS, format!("holds {}", token())).evidence(token());
        let text = format!("{} bad", token());
        let column = u32::try_from(text.find("bad").unwrap() + 1).unwrap();
        let mut snippet = Some(Snippet::Text { line: 1, column, text });
        mask.apply(&mut finding, &mut snippet);
        assert_eq!((finding.message.as_str(), finding.evidence.as_str()), ("holds hf_A…", "hf_A…"));
        let Some(Snippet::Text { column, text, .. }) = snippet else { panic!("no text") };
        assert_eq!(text.chars().nth(column as usize - 1), Some('b'));
    }

    proptest::proptest! {
        #[test]
        fn no_text_shows_a_whole_credential(before in ".{0,30}", secret in "[A-Za-z0-9_-]{12,80}", after in ".{0,30}") {
            let text = format!("{before}{secret}{after}");
            let shown = Mask::new([secret.as_str()]).hide(&text).unwrap();
            proptest::prop_assert!(!shown.contains(&secret));
        }

        #[test]
        fn any_texts_give_a_text(credentials: Vec<String>, text: String) {
            let _ = Mask::new(credentials.iter().map(String::as_str)).hide(&text);
        }
    }
}
