//! The smallest streams that define what a screen does.

mod blocks;
mod told;
mod turns;

use super::*;
use crate::check::{Checks, Policy, Session};
use crate::gateway::plan::NamedPolicy;
use crate::protocol::JsonLimits;
use bytes::Bytes;
use std::io;
use std::sync::LazyLock;

const SECRET: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

fn policy(toml: &str) -> Arc<NamedPolicy> {
    let policy: Policy = toml::from_str(toml).unwrap();
    let checks = Checks::new(&policy, &|_| Err(io::Error::from(io::ErrorKind::NotFound))).unwrap();
    Arc::new(NamedPolicy { name: String::new(), digest: String::new(), checks })
}

/// Checks take a while to make.
static DEFAULT: LazyLock<Arc<NamedPolicy>> = LazyLock::new(|| policy(""));

fn asked(protocol: Protocol, toml: &str) -> Asked {
    Asked {
        protocol,
        goes_by_shape: false,
        is_message: false,
        policy: if toml.is_empty() { Arc::clone(&DEFAULT) } else { policy(toml) },
        shadow: None,
        speakers: Arc::default(),
        session: Arc::new(Session::new([0; 32])),
        limits: JsonLimits::default(),
        body: Bytes::from_static(b"{\"messages\":[]}"),
        kind: String::new(),
        head: None,
        echoes: Arc::default(),
        prepared: Vec::new(),
    }
}

/// What leaves of a stream in pieces of so many bytes, whether it was ended, and the checks that found something.
fn through(mut screen: Screen, stream: &str, size: usize) -> (String, bool, Vec<&'static str>) {
    let (mut out, mut over, mut found) = (Vec::new(), false, Vec::new());
    for piece in stream.as_bytes().chunks(size) {
        let step = screen.push(piece);
        out.extend_from_slice(&step.out);
        found.extend(step.reasons.iter().map(|reason| reason.check));
        over = step.over;
        if over {
            break;
        }
    }
    if !over {
        let step = screen.finish();
        out.extend_from_slice(&step.out);
        found.extend(step.reasons.iter().map(|reason| reason.check));
    }
    (String::from_utf8(out).unwrap(), over, found)
}

fn enforcing(protocol: Protocol, toml: &str) -> Screen {
    Screen::new(asked(protocol, toml), Framing::Events, true, false, 1 << 20)
}

fn chunk(delta: &str, reason: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n"
    )
}

#[test]
fn what_repeats_a_redacted_text_leaves_neither_beside_it_nor_after_it() {
    let logprobs = format!("{{\"content\":[{{\"token\":\"{SECRET}\"}}]}}");
    let with = |delta: &str, reason: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":{logprobs},\"token_ids\":[77],\"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    let say = format!("{{\"content\":\"{SECRET}\"}}");
    let beside = with(&say, "null") + &chunk("{}", "\"stop\"");
    let after = chunk(&say, "null") + &chunk("{\"content\":\" so\"}", "null") + &with("{}", "\"stop\"");
    for stream in [beside, after] {
        let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 40);
        assert!(!out.contains(SECRET) && !out.contains("77"), "{out}");
        assert!(out.contains("[github-token]") && out.contains("\"logprobs\":null"), "{out}");
    }
    // A token as long as a credential is none, and is a text by itself.
    let alone = with("{\"content\":\"hi \"}", "null") + &chunk("{}", "\"stop\"");
    let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &alone, 40);
    assert!(!out.contains(SECRET) && out.contains("hi "), "{out}");
    let honest = alone.replace(SECRET, "hi");
    assert_eq!(through(enforcing(Protocol::OpenaiChat, ""), &honest, 40).0, honest);
}

#[test]
fn what_a_provider_adds_is_judged_event_by_event_and_holds_nothing() {
    let add = |note: &str| {
        format!(
            "data: {{\"provider\":\"{note}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word \"}}}}]}}\n\n"
        )
    };
    let mut screen = enforcing(Protocol::OpenaiChat, "");
    let notes = ["P", "P", "P", "P", SECRET, "P", "P", "P"];
    let mut out = BytesMut::new();
    for note in notes {
        out.extend_from_slice(&screen.push(add(note).as_bytes()).out);
    }
    let wanted: String =
        notes.iter().map(|note| add(if *note == SECRET { "[github-token]" } else { note })).collect();
    // The last words wait for what comes behind them, and nothing else does.
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(wanted.starts_with(&out) && out.matches("data: ").count() >= 5, "{out}");
    let image = "![a](https://x.example/p?d=c2VjcmV0IGRhdGEgdGhhdCBpcyBsb25n)";
    let step = screen.push(add(image).as_bytes());
    let out = String::from_utf8_lossy(&step.out).into_owned();
    assert!(step.over && !out.contains("x.example") && out.contains("content_filter"), "{out}");
}

#[test]
fn a_call_told_only_at_its_end_is_judged_like_any_other() {
    let item = r#"{"type":"function_call","name":"evil","arguments":"{}"}"#;
    for event in [
        format!(r#"{{"type":"response.output_item.added","output_index":0,"item":{item}}}"#),
        format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#),
        format!(r#"{{"type":"response.completed","response":{{"output":[{item}]}}}}"#),
    ] {
        let screen = enforcing(Protocol::OpenaiResponses, "[tools]\ndeny = ['evil']");
        let (out, over, _) = through(screen, &format!("data: {event}\n\n"), 50);
        assert!(over && !out.contains("evil") && out.contains("response.incomplete"), "{out}");
    }
}

#[test]
fn arguments_told_again_are_those_of_the_call_they_belong_to() {
    let events = [
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","name":"f","arguments":""}}"#.to_owned(),
        format!(r#"{{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{{\"a\":\"{SECRET}\"}}"}}"#),
        format!(r#"{{"type":"response.function_call_arguments.done","sequence_number":1,"output_index":0,"arguments":"{{\"a\":\"{SECRET}\"}}"}}"#),
    ];
    let stream = format!("data: {}\n\n", events.join("\n\ndata: "));
    let screen = enforcing(Protocol::OpenaiResponses, "[tools]\nallow = ['f']");
    let (out, over, _) = through(screen, &stream, 60);
    assert!(!over && !out.contains(SECRET) && out.matches("[github-token]").count() == 2, "{out}");
}

#[test]
fn a_stream_of_ever_more_texts_ends() {
    let chunk =
        |at: usize| format!("data: {{\"choices\":[{{\"index\":{at},\"delta\":{{\"content\":\"a\"}}}}]}}\n\n");
    let mut screen = enforcing(Protocol::OpenaiChat, "");
    let ended = (0..2 * MOST_TEXTS).position(|at| screen.push(chunk(at).as_bytes()).over);
    assert_eq!(ended, Some(MOST_TEXTS));
}

#[test]
fn every_choice_is_ended_when_one_is_stopped() {
    let image = "![a](https://x.example/p?d=c2VjcmV0IGRhdGEgdGhhdCBpcyBsb25n)";
    let stream = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"ok \"}}]}\n\n".to_owned()
        + &chunk(&format!("{{\"content\":\"{image}\"}}"), "null");
    let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 1_000);
    assert_eq!(out.matches("\"finish_reason\":\"content_filter\"").count(), 2, "{out}");
}

fn content(pieces: &[&str]) -> String {
    let mut stream = chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null");
    for piece in pieces {
        stream += &chunk(&format!("{{\"content\":{}}}", serde_json::to_string(piece).unwrap()), "null");
    }
    stream + &chunk("{}", "\"stop\"") + ": bye\n\ndata: [DONE]\n\n"
}

/// The text that a client of chat completions puts together.
fn text_of(stream: &str) -> String {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks = data.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_harmless_stream_leaves_byte_for_byte_however_it_is_cut() {
    let stream = content(&["Nor", "way's", " capital \u{e9} is", " Oslo.", ""]);
    for size in [1, 2, 7, 64, 10_000] {
        let (out, over, found) = through(enforcing(Protocol::OpenaiChat, ""), &stream, size);
        assert_eq!((out.as_str(), over, found.len()), (stream.as_str(), false, 0), "{size}");
    }
}

#[test]
fn a_credential_cut_over_chunks_never_leaves() {
    for cut in [4, 11, 39] {
        let (head, tail) = SECRET.split_at(cut);
        let stream = content(&["the key is ", head, tail, " and", " that is all"]);
        let (out, over, found) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 50);
        let text = text_of(&out);
        assert!(!over && !found.is_empty() && !text.contains(head) && !text.contains(tail), "{text}");
        assert!(text.starts_with("the key is ") && text.ends_with(" and that is all"), "{text}");
        assert!(out.ends_with("data: [DONE]\n\n"));
    }
}

#[test]
fn a_redaction_at_the_very_end_leaves_before_the_end() {
    let stream = content(&["the key is", " ghp_0123456789abcdefghij", "ABCDEFGHIJ012345"]);
    let (out, ..) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 64);
    let text = text_of(&out);
    assert!(!text.contains("ABCDEFGHIJ") && text.contains('['), "{text}");
}

#[test]
fn a_block_ends_the_stream_in_the_protocols_way() {
    let stream = content(&["the key is ", SECRET, " and more"]);
    let screen = enforcing(Protocol::OpenaiChat, "[secrets]\noutput = 'block'");
    let (out, over, _) = through(screen, &stream, 64);
    assert!(over);
    assert_eq!(text_of(&out), "the key is ");
    assert!(out.ends_with("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"), "{out}");
    let event = |value: &str| format!("data: {value}\n\n");
    let stream = event(r#"{"type":"message_start","message":{"content":[]}}"#)
        + &event(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
        + &event(&format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"see {SECRET} now"}}}}"#
        ));
    let screen = enforcing(Protocol::AnthropicMessages, "[secrets]\noutput = 'block'");
    let (out, ..) = through(screen, &stream, 64);
    assert!(!out.contains("ghp_"), "{out}");
    assert!(out.contains("{\"type\":\"content_block_stop\",\"index\":0}") && out.contains("refusal"));
    assert!(out.ends_with("{\"type\":\"message_stop\"}\n\n"));
}

fn lines(pieces: &[&str]) -> String {
    let line = |text: &str, done: bool| {
        let text = serde_json::to_string(text).unwrap();
        format!(
            "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":{text}}},\"done\":{done}}}\n"
        )
    };
    pieces.iter().map(|piece| line(piece, false)).collect::<String>() + &line("", true)
}

fn text_of_lines(stream: &str) -> String {
    let values = stream.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    values.filter_map(|value| value["message"]["content"].as_str().map(str::to_owned)).collect()
}

fn of_lines(toml: &str) -> Screen {
    Screen::new(asked(Protocol::OpenaiChat, toml), Framing::Lines, true, false, 1 << 20)
}

#[test]
fn lines_of_ollama_leave_redacted_or_end_in_its_own_way() {
    let harmless = lines(&["Nor", "way's", " capital is", " Oslo."]);
    let (head, tail) = SECRET.split_at(11);
    let secret = lines(&["the key is ", head, tail, " and", " that is all"]);
    for size in [1, 7, 10_000] {
        assert_eq!(through(of_lines(""), &harmless, size).0, harmless);
        let text = text_of_lines(&through(of_lines(""), &secret, size).0);
        assert!(text.starts_with("the key is [") && text.ends_with(" and that is all"), "{text}");
        assert!(!text.contains(head) && !text.contains(tail), "{text}");
        let (out, over, _) = through(of_lines("[secrets]\noutput = 'block'"), &secret, size);
        assert_eq!(text_of_lines(&out), "the key is ");
        assert!(over && out.ends_with("\"done\":true,\"done_reason\":\"content_filter\"}\n"), "{out}");
    }
}

#[test]
fn numbers_that_say_again_what_was_redacted_do_not_leave() {
    let stream = |text: &str| {
        format!(
            "{{\"response\":\"it is {text}\",\"done\":false}}\n{{\"response\":\"\",\"done\":true,\"context\":[70,81,92]}}\n"
        )
    };
    let screen = || Screen::new(asked(Protocol::OpenaiCompletions, ""), Framing::Lines, true, false, 1 << 20);
    assert_eq!(through(screen(), &stream("fine"), 9).0, stream("fine"));
    let (out, ..) = through(screen(), &stream(SECRET), 9);
    assert!(
        out.contains("[github-token]") && !out.contains("81") && out.contains("\"context\":null"),
        "{out}"
    );
}

#[test]
fn a_call_in_a_line_is_judged_before_it_leaves_and_stays_json() {
    let line = |arguments: &str| {
        format!(
            "{{\"message\":{{\"content\":\"\",\"tool_calls\":[{{\"function\":{{\"name\":\"save\",\"arguments\":{arguments}}}}}]}},\"done\":false}}\n"
        )
    };
    let harmless = line("{\"n\": 1, \"text\": \"hi\"}") + &lines(&[]);
    assert_eq!(through(of_lines("[tools]\nallow = ['save']"), &harmless, 9).0, harmless);
    let (out, over, _) = through(of_lines("[tools]\nallow = ['read']"), &harmless, 9);
    assert!(over && !out.contains("save"), "{out}");
    let secret = line(&format!("{{\"text\":\"{SECRET}\"}}")) + &lines(&[]);
    let (out, ..) = through(of_lines("[tools]\nallow = ['save']"), &secret, 9);
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    let text = first["message"]["tool_calls"][0]["function"]["arguments"]["text"].as_str().unwrap();
    assert!(text.starts_with('[') && !out.contains(SECRET), "{out}");
}

#[test]
fn a_call_leaves_only_once_it_is_whole_and_judged() {
    let call = |delta: &str| chunk(&format!("{{\"tool_calls\":[{{\"index\":0,{delta}}}]}}"), "null");
    let head = call("\"id\":\"x\",\"function\":{\"name\":\"delete\",\"arguments\":\"\"}");
    let rest =
        call("\"function\":{\"arguments\":\"{\\\"a\\\"\"}") + &call("\"function\":{\"arguments\":\":1}\"}");
    let end = chunk("{}", "\"tool_calls\"");
    let mut screen = enforcing(Protocol::OpenaiChat, "[tools]\nallow = ['delete']");
    assert!(screen.push(head.as_bytes()).out.is_empty());
    assert!(screen.push(rest.as_bytes()).out.is_empty());
    assert_eq!(String::from_utf8_lossy(&screen.push(end.as_bytes()).out), format!("{head}{rest}{end}"));
    let screen = enforcing(Protocol::OpenaiChat, "[tools]\nallow = ['read']");
    let (out, over, _) = through(screen, &format!("{head}{rest}{end}"), 64);
    assert!(over && !out.contains("delete") && out.contains("content_filter"), "{out}");
}

#[test]
fn observing_changes_nothing_and_holds_nothing() {
    let stream = content(&["the key is ", SECRET, " and more"]);
    let mut screen = Screen::new(
        asked(Protocol::OpenaiChat, "[secrets]\noutput = 'block'"),
        Framing::Events,
        false,
        false,
        10,
    );
    let step = screen.push(stream.as_bytes());
    assert_eq!((&step.out[..], step.over, step.reasons.len()), (stream.as_bytes(), false, 1));
    assert!(screen.queue.is_empty());
}

#[test]
fn what_cannot_be_judged_ends_a_closed_stream_and_passes_an_open_one() {
    let stream = "data: {\"id\":\"c\"}\n\ndata: {nonsense\n\ndata: {\"id\":\"d\"}\n\n";
    let (out, over, _) = through(enforcing(Protocol::OpenaiChat, ""), stream, 9);
    assert!(over && !out.contains("nonsense"), "{out}");
    let open = Screen::new(asked(Protocol::OpenaiChat, ""), Framing::Events, true, true, 1 << 20);
    assert_eq!(through(open, stream, 9).0, stream);
    let small = Screen::new(asked(Protocol::OpenaiChat, ""), Framing::Events, true, false, 100);
    let (out, over, _) = through(small, &"data: x".repeat(100), 9);
    assert!(over && !out.contains("data: x"), "{out}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_cut_changes_what_leaves(
        pieces in proptest::collection::vec("(a|the |ghp_0123456789abcdefghijABCDEFGHIJ012345| |4111 1111 1111 1111|\\.|é){0,3}", 0..8),
        size in 1..200_usize,
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let stream = content(&pieces);
        let whole = through(enforcing(Protocol::OpenaiChat, ""), &stream, usize::MAX);
        let cut = through(enforcing(Protocol::OpenaiChat, ""), &stream, size);
        proptest::prop_assert_eq!(text_of(&whole.0), text_of(&cut.0));
        proptest::prop_assert_eq!(whole.1, cut.1);
        if whole.2.is_empty() {
            proptest::prop_assert_eq!(whole.0, stream);
        }
    }
}

#[test]
fn a_secret_leaves_in_no_pieces_however_its_place_is_written() {
    let (first, second) = SECRET.split_at(20);
    let event =
        |index: &str, content: &str| format!("{{\"index\":{index},\"delta\":{{\"content\":{content}}}}}");
    let data = |choices: &[String]| format!("data: {{\"choices\":[{}]}}\n\n", choices.join(","));
    let quoted = |text: &str| format!("\"{text}\"");
    let listed = |text: &str| format!("[{{\"type\":\"text\",\"text\":\"{text}\"}}]");
    for stream in [
        data(&[event("0", &quoted(first))]) + &data(&[event("0.0", &quoted(second))]),
        data(&[event("0", &quoted(first)), event("0", &quoted(second))]),
        data(&[event("0", &quoted(first))]) + &data(&[event("0", &listed(second))]),
        data(&[event("\"0\"", &listed(first))]) + &data(&[event("0", &quoted(second))]),
    ] {
        for size in [7, 1 << 20] {
            let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, size);
            let texts: String = out.split("\"content\":").skip(1).collect();
            assert!(!out.contains(second) && texts.contains("[github-token]"), "{stream} {out}");
        }
    }
    // Of two texts under one key a reader takes either.
    let twice =
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\",\"content\":\"{first}\"}}}}]}}\n\n");
    let stream = twice + &data(&[event("0", &quoted(second))]);
    let (out, over, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 1 << 20);
    assert!(over && !out.contains(first) && !out.contains(second), "{out}");
    let harmless =
        data(&[event("0", &quoted("one ")), event("0", &quoted("two ")), event("1", &quoted("three "))]);
    let stream = harmless + &chunk("{}", "\"stop\"");
    assert_eq!(through(enforcing(Protocol::OpenaiChat, ""), &stream, 1 << 20).0, stream);
}
