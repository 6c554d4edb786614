//! Components of Vue and Svelte as a program of the same length: [`as_program`].
//!
//! What stands outside of their scripts is blank but for what shows markup (`v-html="…"`, `{@html …}`), which is written as
//! `{__html:…}`: every byte stays where it was.
//!
//! Source: Vue, "SFC Syntax Specification" and `v-html`; Svelte, "Svelte components" and `{@html ...}`.

/// The scripts of a component, and what its template shows as markup. Cost: linear in `content`.
pub(super) fn as_program(content: &str) -> String {
    let mut program: Vec<u8> = content.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    let mut at = 0;
    while let Some(begin) = found(content, at, "<script") {
        shown(content, at..begin, &mut program);
        let Some(open) = found(content, begin, ">") else { return text(program) };
        let from = open.saturating_add(1);
        let end = found(content, from, "</script").unwrap_or(content.len());
        if let (Some(target), Some(source)) = (program.get_mut(from..end), content.as_bytes().get(from..end))
        {
            target.copy_from_slice(source);
        }
        at = end.saturating_add(1).min(content.len());
    }
    shown(content, at..content.len(), &mut program);
    text(program)
}

fn found(content: &str, from: usize, wanted: &str) -> Option<usize> {
    content.get(from..)?.find(wanted).map(|at| from.saturating_add(at))
}

fn text(program: Vec<u8>) -> String {
    String::from_utf8(program).unwrap_or_default()
}

/// Writes what the template in `range` shows as markup into `program`.
fn shown(content: &str, range: std::ops::Range<usize>, program: &mut [u8]) {
    for (begin, end) in [("v-html=\"", '"'), ("{@html ", '}')] {
        let mut at = range.start;
        while let Some(place) = found(content, at, begin).filter(|place| *place < range.end) {
            let from = place.saturating_add(begin.len());
            let rest = content.get(from..range.end).unwrap_or_default();
            let length = rest.get(..rest.floor_char_boundary(LONGEST)).and_then(|rest| rest.find(end));
            at = from;
            let Some(length) = length else { continue };
            let past = from.saturating_add(length);
            let head = from.checked_sub(HEAD.len());
            let places = head.and_then(|head| program.get_mut(head..=past));
            let source = content.as_bytes().get(from..past);
            if let (Some(places), Some(source)) = (places, source) {
                let written = HEAD.iter().chain(source).chain(b"}");
                places.iter_mut().zip(written).for_each(|(place, byte)| *place = *byte);
            }
            at = past;
        }
    }
}

/// What stands before an expression that is shown as markup.
const HEAD: &[u8] = b"{__html:";
/// Longest such expression, in bytes.
const LONGEST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::as_program;
    use crate::testing::lines;

    #[test]
    fn components_keep_their_length_and_lines() {
        let content = "<template>\n  <p v-html=\"a\">é</p>\n</template>\n<script>\nb()\n</script>\n";
        let program = as_program(content);
        assert_eq!(program.len(), content.len());
        assert_eq!(program.split_whitespace().collect::<Vec<_>>(), ["{__html:a}", "b()"]);
        assert_eq!(as_program("{@html a}"), "         ");
        assert_eq!(as_program(" {@html a}"), "{__html:a}");
    }

    #[test]
    fn answers_that_components_show_as_markup_are_found_where_they_are_shown() {
        let vue = |shown: &str| {
            lines(
                "a.vue",
                &format!(
                    "<script setup>\nconst reply = ref('');\nasync function ask(q) {{\n  const r = await fetch('/api/chat', {{ method: 'POST', body: q }});\n  reply.value = (await r.json()).reply;\n}}\n</script>\n<template>\n  <p {shown}></p>\n</template>\n"
                ),
            )
        };
        let found = [(9, "model-output-executed")];
        assert_eq!(vue("v-html=\"reply\""), found);
        assert_eq!(vue("v-html=\"marked.parse(reply)\""), found);
        assert_eq!(vue("v-html=\"DOMPurify.sanitize(reply)\""), []);
        assert_eq!(vue("v-html=\"icon\""), []);
        assert_eq!(vue("v-text=\"reply\""), []);
        let svelte = |shown: &str| {
            lines(
                "a.svelte",
                &format!(
                    "<script>\n  let answer = '';\n  async function ask(q) {{\n    const r = await fetch('/api/chat', {{ body: q }});\n    answer = (await r.json()).answer;\n  }}\n</script>\n<div>{shown}</div>\n"
                ),
            )
        };
        assert_eq!(svelte("{@html answer}"), [(8, "model-output-executed")]);
        assert_eq!(svelte("{answer}"), []);
    }
}
