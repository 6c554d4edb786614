//! Texts of an answer that readers join: a client shows the blocks of one answer as one text.
//!
//! Source: `output_text` of OpenAI's own libraries, which joins the parts of all items; examples of Anthropic's, which join the text blocks of
//! a message; templates of chats, which join the parts of a message.

use std::fmt::Write as _;

/// What blocks call the text that is shown.
const SHOWN: [&str; 5] = ["text", "refusal", "output_text", "content", "thinking"];
/// What streams call pieces of thoughts of which an item has several.
const THOUGHT: [&str; 3] = ["reasoning_summary_text", "reasoning_summary", "reasoning_text"];
/// Lists whose members are alternatives, each of which is an answer of its own.
const ALTERNATIVES: [&str; 3] = ["choices", "candidates", "generations"];

/// The texts that are joined with one that a list of blocks holds at a pointer; none where nothing is joined with it.
///
/// Two pointers have the same when they differ in numbers alone, those of alternatives left out. A refusal stands in place of a text.
pub(crate) fn of_pointer(pointer: &str) -> Option<String> {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let last = pointer.rsplit('/').find(|name| !is_number(name))?;
    let kind = shown(last)?;
    if !pointer.split('/').any(is_number) {
        return None;
    }
    let end = pointer.rfind(last).unwrap_or(pointer.len());
    let mut run = String::with_capacity(pointer.len());
    let mut before = "";
    for name in pointer.get(..end).unwrap_or_default().split('/') {
        if !is_number(name) || ALTERNATIVES.contains(&before) {
            let _ = write!(run, "{name}/");
        }
        before = name;
    }
    run.push_str(kind);
    Some(run)
}

/// The texts that are joined with pieces of this kind, as streams name what they add.
pub(super) fn of_kind(kind: &str) -> Option<String> {
    let kind = kind.strip_prefix("response.").unwrap_or(kind);
    let kind = kind.strip_suffix(".delta").unwrap_or(kind);
    shown(kind).or_else(|| THOUGHT.into_iter().find(|known| *known == kind)).map(str::to_owned)
}

fn shown(name: &str) -> Option<&'static str> {
    let known = SHOWN.into_iter().find(|known| name.eq_ignore_ascii_case(known))?;
    Some(if matches!(known, "refusal" | "output_text") { "text" } else { known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_answer_are_one_text_and_alternatives_are_not() {
        let same = |a: &str, b: &str| of_pointer(a).is_some() && of_pointer(a) == of_pointer(b);
        assert!(same("/content/0/text", "/content/2/text"));
        assert!(same("/output/0/content/1/text", "/output/3/content/0/refusal"));
        assert!(same("/choices/0/message/content/0/text", "/choices/0/message/content/1/text"));
        assert!(same("/choices/0/message/content/0", "/choices/0/message/content/1"));
        assert!(!same("/choices/0/message/content/0/text", "/choices/1/message/content/0/text"));
        assert!(!same("/content/0/text", "/content/1/thinking"));
        assert_eq!((of_pointer("/content"), of_pointer("/content/0/title")), (None, None));
        assert_eq!(of_kind("response.output_text.delta"), of_kind("response.refusal.delta"));
        assert!(of_kind("response.reasoning_summary_text.delta").is_some());
        assert_eq!(of_kind("response.audio_transcript.delta"), None);
    }
}
