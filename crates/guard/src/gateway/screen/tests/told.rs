//! Texts of a response that are told whole, of which no piece came: readers join them with others all the same.

use super::*;

fn events(values: &[String]) -> String {
    values.iter().fold(String::new(), |stream, value| stream + "data: " + value + "\n\n")
}

fn delta(item: usize, part: usize, text: &str) -> String {
    format!(
        r#"{{"type":"response.output_text.delta","output_index":{item},"content_index":{part},"delta":"{text}"}}"#
    )
}

fn done(item: usize, part: usize, text: &str) -> String {
    format!(
        r#"{{"type":"response.output_text.done","output_index":{item},"content_index":{part},"text":"{text}"}}"#
    )
}

fn part(kind: &str, item: usize, part: usize, text: &str) -> String {
    format!(
        r#"{{"type":"response.content_part.{kind}","output_index":{item},"content_index":{part},"part":{{"type":"output_text","text":"{text}","annotations":[]}}}}"#
    )
}

fn item(kind: &str, item: usize, texts: &[&str]) -> String {
    let parts: Vec<String> =
        texts.iter().map(|text| format!(r#"{{"type":"output_text","text":"{text}"}}"#)).collect();
    format!(
        r#"{{"type":"response.output_item.{kind}","output_index":{item},"item":{{"type":"message","content":[{}]}}}}"#,
        parts.join(",")
    )
}

#[test]
fn a_credential_cut_over_texts_that_are_told_whole_never_leaves() {
    let (head, tail) = SECRET.split_at(20);
    let (first, second) = (format!("it is {head}"), format!("{tail} so"));
    for all in [
        vec![done(0, 0, &first), done(1, 0, &second)],
        vec![done(0, 0, &first), done(0, 1, &second)],
        vec![delta(0, 0, &first), done(1, 0, &second)],
        vec![delta(0, 0, &first), done(0, 0, &first), done(0, 1, &second)],
        vec![part("done", 0, 0, &first), part("done", 0, 1, &second)],
        vec![item("done", 0, &[&first]), item("done", 1, &[&second])],
        vec![item("done", 0, &[&first, &second])],
        vec![delta(0, 0, &first), item("done", 1, &[&second])],
        vec![part("added", 0, 0, &first), delta(0, 0, &second)],
        vec![item("added", 0, &[&first]), delta(0, 0, &second)],
        vec![part("added", 0, 0, &first), part("added", 0, 1, &second)],
    ] {
        for last in ["", r#"{"type":"response.completed","response":{"id":"r"}}"#] {
            let stream =
                events(&all) + &if last.is_empty() { String::new() } else { events(&[last.to_owned()]) };
            for size in [40, 1 << 20] {
                let (out, _, found) = through(enforcing(Protocol::OpenaiResponses, ""), &stream, size);
                assert!(!found.is_empty() && !out.contains(head) && !out.contains(tail), "{stream}\n{out}");
            }
        }
    }
}

#[test]
fn texts_that_are_told_whole_leave_as_they_came() {
    for all in [
        vec![done(0, 0, "Good morning"), done(1, 0, "and good day")],
        vec![item("added", 0, &[]), item("done", 0, &["One", "two"]), item("done", 1, &["three"])],
        vec![
            part("added", 0, 0, ""),
            delta(0, 0, "Some "),
            delta(0, 0, "words"),
            done(0, 0, "Some words"),
            part("done", 0, 0, "Some words"),
            item("done", 0, &["Some words"]),
            item("added", 1, &[]),
            item("done", 1, &["More words"]),
        ],
        // Parts that are counted otherwise than they stand.
        vec![delta(0, 2, "Some words"), item("done", 0, &["Some words"])],
    ] {
        let stream = events(&all);
        for size in [17, 1 << 20] {
            let (out, over, found) = through(enforcing(Protocol::OpenaiResponses, ""), &stream, size);
            assert_eq!((out.as_str(), over, found.len()), (stream.as_str(), false, 0));
        }
    }
}

#[test]
fn a_credential_that_is_told_whole_is_taken_out_wherever_it_is_told() {
    let text = format!("it is {SECRET} so");
    let all = [done(0, 0, &text), part("done", 0, 0, &text), item("done", 0, &[&text])];
    let (out, over, _) = through(enforcing(Protocol::OpenaiResponses, ""), &events(&all), 99);
    assert!(!over && !out.contains("ghp_"), "{out}");
    assert_eq!(out.matches("it is [github-token] so").count(), 3, "{out}");
}

#[test]
fn items_that_are_named_and_not_numbered_stand_in_the_order_they_were_named_in() {
    let (head, tail) = SECRET.split_at(20);
    let added = |id: &str| {
        format!(
            r#"{{"type":"response.output_item.added","item":{{"type":"message","id":"{id}","content":[]}}}}"#
        )
    };
    let delta = |id: &str, text: &str| {
        format!(
            r#"{{"type":"response.output_text.delta","item_id":"{id}","content_index":0,"delta":"{text}"}}"#
        )
    };
    let by_turns = events(&[
        added("a"),
        added("b"),
        delta("a", "it "),
        delta("b", tail),
        delta("a", head),
        r#"{"type":"response.completed","response":{"id":"r"}}"#.to_owned(),
    ]);
    let in_order = events(&[added("a"), delta("a", head), added("b"), delta("b", tail)]);
    let turned = events(&[added("a"), added("b"), delta("b", tail), delta("a", head)]);
    for stream in [by_turns, in_order, turned] {
        let (out, ..) = through(enforcing(Protocol::OpenaiResponses, ""), &stream, 60);
        assert!(!out.contains(head) || !out.contains(tail), "{out}");
    }
    let harmless = events(&[added("a"), delta("a", "Good "), added("b"), delta("b", "day")]);
    assert_eq!(through(enforcing(Protocol::OpenaiResponses, ""), &harmless, 60).0, harmless);
}

#[test]
fn a_credential_cut_over_what_a_message_begins_with_never_leaves() {
    let (head, tail) = SECRET.split_at(20);
    for index in [0, 1] {
        let stream = events(&[
            format!(
                r#"{{"type":"message_start","message":{{"content":[{{"type":"text","text":"it is {head}"}}]}}}}"#
            ),
            format!(
                r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":"{tail} so"}}}}"#
            ),
            r#"{"type":"message_stop"}"#.to_owned(),
        ]);
        let (out, ..) = through(enforcing(Protocol::AnthropicMessages, ""), &stream, 60);
        assert!(!out.contains(head) && !out.contains(tail), "{out}");
    }
}

#[test]
fn a_credential_cut_over_parts_of_a_summary_never_leaves() {
    let (head, tail) = SECRET.split_at(20);
    let delta = |part: usize, text: &str| {
        format!(
            r#"{{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":{part},"delta":"{text}"}}"#
        )
    };
    let stream = events(&[delta(0, head), delta(1, tail)]);
    let (out, ..) = through(enforcing(Protocol::OpenaiResponses, ""), &stream, 60);
    assert!(!out.contains(head) && !out.contains(tail), "{out}");
}
