//! Texts of one answer that take turns, and what only keeps a connection alive.

use super::*;
use std::collections::BTreeSet;

/// A stream of events.
fn events(values: &[String]) -> String {
    values.iter().fold(String::new(), |stream, value| stream + "data: " + value + "\n\n")
}

/// A protocol in which an answer has several texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form(Protocol);

const FORMS: [Form; 2] = [Form(Protocol::AnthropicMessages), Form(Protocol::OpenaiResponses)];

impl Form {
    fn delta(self, index: usize, text: &str) -> String {
        let text = quoted_text(text);
        if self.0 == Protocol::AnthropicMessages {
            format!(
                r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":{text}}}}}"#
            )
        } else {
            format!(
                r#"{{"type":"response.output_text.delta","output_index":{index},"content_index":0,"delta":{text}}}"#
            )
        }
    }

    fn begins(self, index: usize) -> String {
        if self.0 == Protocol::AnthropicMessages {
            format!(
                r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"text","text":""}}}}"#
            )
        } else {
            format!(
                r#"{{"type":"response.output_item.added","output_index":{index},"item":{{"type":"message","content":[]}}}}"#
            )
        }
    }

    fn ends(self, index: usize) -> String {
        if self.0 == Protocol::AnthropicMessages {
            format!(r#"{{"type":"content_block_stop","index":{index}}}"#)
        } else {
            format!(
                r#"{{"type":"response.output_item.done","output_index":{index},"item":{{"type":"message"}}}}"#
            )
        }
    }

    fn last(self) -> String {
        if self.0 == Protocol::AnthropicMessages {
            r#"{"type":"message_stop"}"#.to_owned()
        } else {
            r#"{"type":"response.completed","response":{"id":"r"}}"#.to_owned()
        }
    }

    /// A stream of pieces, each of the text of a number; a text ends where nothing more of it comes.
    fn stream(self, pieces: &[(usize, &str)]) -> String {
        self.stream_of(pieces, true, &self.last())
    }

    /// The same, in which ends of texts may not be told, and with what comes last.
    fn stream_of(self, pieces: &[(usize, &str)], ends: bool, last: &str) -> String {
        let mut all = Vec::new();
        for (place, (index, piece)) in pieces.iter().enumerate() {
            let of = |others: &[(usize, &str)]| others.iter().any(|(other, _)| other == index);
            if !of(&pieces[..place]) {
                all.push(self.begins(*index));
            }
            all.push(self.delta(*index, piece));
            if ends && !of(&pieces[place + 1..]) {
                all.push(self.ends(*index));
            }
        }
        if !last.is_empty() {
            all.push(last.to_owned());
        }
        events(&all)
    }
}

/// The texts that a client puts together of a stream, by their numbers, and what comes as it comes.
fn texts_of(stream: &str) -> (BTreeMap<u64, String>, String) {
    let (mut texts, mut all, mut ended) = (BTreeMap::<u64, String>::new(), String::new(), Vec::new());
    for data in stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]")
    {
        let event: serde_json::Value = serde_json::from_str(data).unwrap();
        let index = event["index"].as_u64().or_else(|| event["output_index"].as_u64());
        let delta = event["delta"]["text"].as_str().or_else(|| event["delta"].as_str());
        match (event["type"].as_str().unwrap(), index, delta) {
            (_, Some(index), Some(text)) => {
                assert!(!ended.contains(&index), "{stream}");
                texts.entry(index).or_default().push_str(text);
                all.push_str(text);
            }
            ("content_block_stop" | "response.output_item.done", Some(index), _) => ended.push(index),
            _ => {}
        }
    }
    (texts, all)
}

/// The same pieces, of texts that begin in the order they stand in.
fn in_order<'p>(pieces: &[(usize, &'p str)]) -> Vec<(usize, &'p str)> {
    let mut begun: Vec<usize> = Vec::new();
    let place = |(index, piece): &(usize, &'p str)| {
        let known = begun.iter().position(|other| other == index);
        let place = known.unwrap_or_else(|| {
            begun.push(*index);
            begun.len() - 1
        });
        (place, *piece)
    };
    pieces.iter().map(place).collect()
}

#[test]
fn texts_that_take_turns_leave_as_they_came() {
    let pieces =
        [(0, "I look"), (1, "It is "), (0, " for that"), (2, "no"), (1, "12"), (0, "."), (2, " more")];
    for form in FORMS {
        let stream = form.stream(&pieces);
        for size in [1, 17, 1 << 20] {
            let (out, over, found) = through(enforcing(form.0, ""), &stream, size);
            assert_eq!((out.as_str(), over, found.len()), (stream.as_str(), false, 0), "{form:?} {size}");
        }
    }
}

#[test]
fn what_is_cut_over_turns_leaves_in_no_reading() {
    for cut in [1, 4, 20, 39] {
        let (head, tail) = SECRET.split_at(cut);
        let key = format!("the key is {head}");
        let rest = format!("{tail} and more");
        let cases: [&[(usize, &str)]; 5] = [
            // Over two turns of one text.
            &[(0, &key), (1, " Some words. "), (0, &rest), (1, "Others.")],
            &[(0, "Hi. "), (1, &key), (0, " Some words. "), (2, "other "), (1, &rest), (0, "Bye.")],
            // Of two texts as they come.
            &[(0, "Hi. "), (1, &key), (0, &rest), (1, " so")],
            // The end of one, and what the next one began with before.
            &[(0, "Hi. "), (1, &rest), (0, &key), (1, " so")],
            &[(0, "Hi. "), (1, &rest), (2, "Bye. "), (0, &key), (2, " so")],
        ];
        for form in FORMS {
            for pieces in cases {
                let (out, over, found) = through(enforcing(form.0, ""), &form.stream(pieces), 50);
                let (texts, all) = texts_of(&out);
                let joined: String = texts.values().map(String::as_str).collect();
                assert!(!over && found.contains(&"guard/secret"), "{form:?} {cut} {pieces:?} {out}");
                assert!(!all.contains(SECRET) && !joined.contains(SECRET), "{form:?} {cut} {pieces:?} {out}");
                for (index, piece) in
                    pieces.iter().filter(|(_, piece)| !piece.contains("is g") && **piece != rest)
                {
                    let text = &texts[&(*index as u64)];
                    assert!(text.contains(piece.trim_end()), "{form:?} {cut} {pieces:?} {out}");
                }
                let (out, over, _) =
                    through(enforcing(form.0, "[secrets]\noutput = 'block'"), &form.stream(pieces), 50);
                assert!(over && !texts_of(&out).1.contains(SECRET), "{form:?} {cut} {pieces:?} {out}");
            }
        }
    }
}

#[test]
fn a_key_over_turns_is_redacted_where_it_begins() {
    let (head, tail) = SECRET.split_at(20);
    for form in FORMS {
        let stream =
            form.stream(&[(0, &format!("it is {head}")), (1, " Some words."), (0, tail), (1, " Bye.")]);
        let (texts, _) = texts_of(&through(enforcing(form.0, ""), &stream, 50).0);
        assert_eq!(texts.into_values().collect::<Vec<_>>(), ["it is [github-token]", " Some words. Bye."]);
    }
}

/// The texts as readers join them.
fn joined(stream: &str) -> String {
    texts_of(stream).0.into_values().collect()
}

#[test]
fn texts_by_turns_whose_ends_are_not_told_end_with_the_stream() {
    let (head, tail) = SECRET.split_at(20);
    let (first, rest) = SECRET.split_at(9);
    let behind = format!("{tail} y");
    let cases: [&[(usize, &str)]; 7] = [
        &[(0, "x "), (1, &behind), (0, head)],
        &[(0, "x "), (1, tail), (0, head)],
        &[(0, "x "), (1, &behind), (0, head), (1, " and some")],
        &[(0, "x "), (1, "y "), (2, &behind), (1, head), (0, "so")],
        &[(0, "x "), (1, &tail[4..]), (0, head), (2, "y "), (0, &tail[..4])],
        &[(0, "x "), (1, &rest[..11]), (2, &rest[11..]), (0, first)],
        &[(0, "x "), (1, "z "), (2, tail), (0, "words "), (1, head), (0, "and more ")],
    ];
    for form in FORMS {
        let failed = r#"{"type":"response.failed","response":{"id":"r"}}"#;
        let incomplete = failed.replace("failed", "incomplete");
        for last in [&form.last(), "[DONE]", "", failed, &incomplete] {
            for (pieces, ends) in cases.iter().flat_map(|pieces| [(pieces, false), (pieces, true)]) {
                let stream = form.stream_of(pieces, ends, last);
                for size in [50, 1 << 20] {
                    let (out, over, found) = through(enforcing(form.0, ""), &stream, size);
                    assert!(
                        !over && found.contains(&"guard/secret"),
                        "{form:?} {last} {ends} {pieces:?} {out}"
                    );
                    assert!(!joined(&out).contains(SECRET), "{form:?} {last} {ends} {pieces:?} {out}");
                }
                let (out, ..) = through(enforcing(form.0, "[secrets]\noutput = 'block'"), &stream, 50);
                assert!(!joined(&out).contains(SECRET), "{form:?} {last} {ends} {pieces:?} {out}");
            }
        }
        // Nothing else changes.
        let stream = form.stream_of(&[(0, "x "), (1, "some"), (0, "words"), (1, "12")], false, "");
        assert_eq!(through(enforcing(form.0, ""), &stream, 50).0, stream);
    }
}

#[test]
fn the_end_of_more_texts_than_are_read_on_at_once_is_read_over_all_of_them() {
    for form in FORMS {
        let parts: Vec<&str> = (0..10).map(|at| &SECRET[at * 4..SECRET.len().min(at * 4 + 4)]).collect();
        let mut pieces: Vec<(usize, &str)> = (0..10).map(|at| (at, "")).collect();
        pieces.extend((0..10).rev().map(|at| (at, parts[at])));
        let (out, ..) = through(enforcing(form.0, ""), &form.stream_of(&pieces, false, ""), 50);
        assert!(!joined(&out).contains(SECRET), "{form:?} {out}");
    }
}

#[test]
fn a_text_that_waited_for_too_long_is_read_on_into_what_stands_behind_it() {
    let (head, tail) = SECRET.split_at(20);
    let (behind, words) = (format!("{tail} y "), "some words ".repeat(500));
    let cases: [&[(usize, &str)]; 7] = [
        &[(0, "x "), (1, &behind), (0, head), (1, &words), (1, &words)],
        &[(0, "x "), (1, &behind), (0, head), (2, &words), (2, "so")],
        &[(0, "x "), (1, tail), (0, head), (2, &words), (2, "so")],
        &[(0, "x "), (1, "y "), (2, tail), (1, head), (0, &words), (0, "so")],
        // The one behind it begins later.
        &[(0, "x "), (1, head), (0, &words), (0, "so "), (2, &behind), (0, "on")],
        &[(0, "x "), (1, tail), (0, &words), (0, head), (2, &words), (2, "so")],
        // Several pieces of one.
        &[
            (0, "x "),
            (1, head),
            (0, "z "),
            (2, &tail[..9]),
            (0, &words),
            (2, &tail[9..]),
            (0, &words),
            (0, "so"),
        ],
    ];
    for form in FORMS {
        for (pieces, ends) in cases.iter().flat_map(|pieces| [(pieces, false), (pieces, true)]) {
            let stream = form.stream_of(pieces, ends, &form.last());
            let (out, over, found) = through(enforcing(form.0, ""), &stream, 1 << 20);
            let said =
                pieces.iter().map(|(at, piece)| (at, &piece[..piece.len().min(24)])).collect::<Vec<_>>();
            assert!(!over && found.contains(&"guard/secret"), "{form:?} {ends} {said:?}");
            assert!(!joined(&out).contains(SECRET), "{form:?} {ends} {said:?}");
        }
    }
}

#[test]
fn numbers_of_texts_are_of_any_size() {
    let form = Form(Protocol::OpenaiResponses);
    let (head, tail) = SECRET.split_at(20);
    let large = |index: &str, text: &str| {
        form.delta(0, text).replace(r#""output_index":0"#, &format!(r#""output_index":{index}"#))
    };
    for (first, second) in [
        ("1180591620717411303424", "0"),
        ("1180591620717411303424", "36893488147419103232"),
        ("1e400", "5"),
        ("18446744073709551616", "7"),
    ] {
        let all = events(&[large(first, tail), large(second, head), form.last()]);
        let (out, over, _) = through(enforcing(form.0, ""), &all, 50);
        assert!(over && !out.contains(head), "{first} {second} {out}");
        let all = events(&[large(second, "One. "), large(first, "Two."), form.last()]);
        assert_eq!(through(enforcing(form.0, ""), &all, 50).0, all);
    }
}

#[test]
fn a_block_while_texts_take_turns_ends_all_of_them() {
    let form = FORMS[0];
    let stream = form.stream(&[
        (0, "Looking for it, "),
        (1, "Nothing there, "),
        (0, SECRET),
        (1, "and nothing here. "),
        (0, " so"),
    ]);
    let (out, over, _) = through(enforcing(form.0, "[secrets]\noutput = 'block'"), &stream, 50);
    for index in [0, 1] {
        assert_eq!(out.matches(&form.ends(index)).count(), 1, "{out}");
    }
    assert!(over && out.contains("refusal") && !out.contains("ghp_"), "{out}");
}

#[test]
fn a_text_that_never_goes_on_holds_others_only_for_a_while() {
    for form in FORMS {
        let mut screen = enforcing(form.0, "");
        let mut out = screen.push(events(&[form.begins(0), form.delta(0, "Wait")]).as_bytes()).out;
        let other = events(&[form.delta(1, "some words ")]);
        for _ in 0..1000 {
            out.extend_from_slice(&screen.push(other.as_bytes()).out);
        }
        let left = String::from_utf8_lossy(&out).matches("some words").count();
        assert!(left > 990, "{form:?} {left}");
    }
}

#[test]
fn a_text_that_is_complete_does_not_wait_for_another_behind_it_while_one_before_it_goes_on() {
    for form in FORMS {
        let mut screen = enforcing(form.0, "");
        let begun = [
            form.begins(0),
            form.delta(0, "Looking for it, "),
            form.begins(1),
            form.delta(1, "Nothing there."),
            form.ends(1),
        ];
        let stream = events(&begun) + &events(&[form.delta(0, "still looking "), form.delta(0, "there ")]);
        let out = String::from_utf8_lossy(&screen.push(stream.as_bytes()).out).into_owned();
        assert!(out.contains("Nothing there.") && out.contains(&form.ends(1)), "{form:?} {out}");
    }
}

/// A response of texts by turns with every event that says them again.
fn told_again(pieces: &[(usize, &str)]) -> String {
    let (form, mut all) = (Form(Protocol::OpenaiResponses), Vec::new());
    let text = |index: usize| {
        let own = pieces.iter().filter(|(other, _)| *other == index).map(|(_, piece)| *piece);
        format!(r#"{{"type":"output_text","text":{}}}"#, quoted_text(&own.collect::<String>()))
    };
    let (mut begun, mut items) = (Vec::new(), BTreeMap::new());
    for (place, (index, piece)) in pieces.iter().enumerate() {
        if !begun.contains(index) {
            begun.push(*index);
            all.push(form.begins(*index));
        }
        all.push(form.delta(*index, piece));
        if !pieces[place + 1..].iter().any(|(other, _)| other == index) {
            let (part, at) = (text(*index), format!(r#""output_index":{index},"content_index":0"#));
            let whole = part.split_once(r#""text":"#).unwrap().1.trim_end_matches('}');
            all.push(format!(r#"{{"type":"response.output_text.done",{at},"text":{whole}}}"#));
            all.push(format!(r#"{{"type":"response.content_part.done",{at},"part":{part}}}"#));
            let item = format!(r#"{{"type":"message","content":[{part}]}}"#);
            all.push(format!(
                r#"{{"type":"response.output_item.done","output_index":{index},"item":{item}}}"#
            ));
            items.insert(*index, item);
        }
    }
    let output: Vec<String> = items.into_values().collect();
    all.push(format!(r#"{{"type":"response.completed","response":{{"output":[{}]}}}}"#, output.join(",")));
    events(&all)
}

/// What a stream of a response says of each text: in pieces, and in the events that say it again.
fn said_of(stream: &str) -> BTreeMap<u64, (String, Vec<String>)> {
    let mut said = BTreeMap::<u64, (String, Vec<String>)>::new();
    for data in stream.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: serde_json::Value = serde_json::from_str(data).unwrap();
        let text = |part: &serde_json::Value| part["text"].as_str().unwrap_or_default().to_owned();
        let one = said.entry(event["output_index"].as_u64().unwrap_or_default()).or_default();
        match event["type"].as_str().unwrap() {
            "response.output_text.delta" => one.0.push_str(event["delta"].as_str().unwrap()),
            "response.output_text.done" => one.1.push(text(&event)),
            "response.content_part.done" => one.1.push(text(&event["part"])),
            "response.output_item.done" => one.1.push(text(&event["item"]["content"][0])),
            "response.completed" => {
                for (place, item) in event["response"]["output"].as_array().unwrap().iter().enumerate() {
                    said.entry(place as u64).or_default().1.push(text(&item["content"][0]));
                }
            }
            _ => {}
        }
    }
    said
}

#[test]
fn what_ends_a_text_by_turns_says_what_left_of_it() {
    let mail = "[personal-data]\noutput = 'redact'";
    for pieces in [
        &[(0, "Mail jo@exa"), (1, "All is "), (0, "mple.org now"), (1, "well")][..],
        &[(0, "Hello "), (1, "mail jo@example.org "), (0, "there. "), (1, "or call"), (0, "Bye")],
        &[(0, "Hello "), (1, "all "), (0, "jo@exam"), (1, "ple.org is"), (0, " well")],
        &[(0, "a "), (1, "jo@exa"), (0, "a "), (2, "jo@exa"), (0, "mail "), (2, "mple.org"), (0, "a ")],
        &[(0, "One. "), (1, "mail jo@example.org"), (2, "Two. "), (1, " soon"), (0, "x"), (2, "y")],
    ] {
        for (toml, size) in [("", 50), (mail, 50), (mail, 1 << 20)] {
            let (out, over, _) =
                through(enforcing(Protocol::OpenaiResponses, toml), &told_again(pieces), size);
            assert!(!over, "{out}");
            for (index, (pieces, told)) in said_of(&out) {
                assert_eq!(told.len(), 4, "{out}");
                assert!(told.iter().all(|text| *text == pieces), "{index} {toml} {pieces} {told:?}");
            }
        }
    }
}

#[test]
fn texts_that_begin_in_another_order_than_they_stand_are_no_answer() {
    for form in FORMS {
        for order in [[2, 1, 0], [0, 2, 1]] {
            let pieces = [(order[0], "one "), (order[1], "two "), (order[2], "three")];
            let (out, over, _) = through(enforcing(form.0, ""), &form.stream(&pieces), 50);
            assert!(over && !out.contains("three"), "{form:?} {out}");
        }
        let (head, tail) = SECRET.split_at(20);
        let (out, ..) = through(enforcing(form.0, ""), &form.stream(&[(1, tail), (0, head)]), 50);
        assert!(!out.contains(head), "{form:?} {out}");
    }
}

#[test]
fn what_comes_behind_its_own_end_by_turns_is_not_judged() {
    for form in FORMS {
        let all =
            [form.delta(0, "Looking for it, "), form.ends(0), form.delta(1, "two "), form.delta(0, "three ")];
        let (out, over, _) = through(enforcing(form.0, ""), &events(&all), 50);
        assert!(over && !out.contains("three"), "{out}");
    }
}

#[test]
fn a_text_in_parts_of_gemini_is_one_and_leaves_as_it_comes() {
    let event = |parts: &[&str], reason: &str| {
        let parts: Vec<String> =
            parts.iter().map(|part| format!(r#"{{"text":{}}}"#, quoted_text(part))).collect();
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{}],"role":"model"}}{reason},"index":0}}],"modelVersion":"gemini-2.5-flash"}}"#,
            parts.join(",")
        )
    };
    let stop = r#","finishReason":"STOP""#;
    let harmless =
        events(&[event(&["It is ", "raining "], ""), event(&["here. "], ""), event(&["Bye."], stop)]);
    let mut screen = enforcing(Protocol::Json, "");
    let begun = screen.push(harmless.split_inclusive("\n\n").take(2).collect::<String>().as_bytes()).out;
    assert!(String::from_utf8_lossy(&begun).contains("raining"));
    assert_eq!(through(enforcing(Protocol::Json, ""), &harmless, 30).0, harmless);
    for cut in [4, 20, 39] {
        let (head, tail) = SECRET.split_at(cut);
        for stream in [
            events(&[event(&["it is ", head], ""), event(&[tail, " so"], stop)]),
            events(&[event(&["it is ", head], ""), event(&[""], ""), event(&[tail], stop)]),
        ] {
            let (out, over, _) = through(enforcing(Protocol::Json, ""), &stream, 30);
            let text: String = out
                .lines()
                .filter_map(|line| {
                    serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok()
                })
                .flat_map(|event| {
                    let parts = event["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
                    parts.into_iter().map(|part| part["text"].as_str().unwrap().to_owned())
                })
                .collect();
            assert!(!over && text.starts_with("it is [github-token]"), "{cut} {out}");
        }
    }
}

#[test]
fn signs_of_life_do_not_wait_for_what_is_held() {
    let form = FORMS[0];
    let ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    for alive in [ping, ": ping\n\n", ":\n", ":\r\n\r\n", ": OPENROUTER PROCESSING\n\n"] {
        let mut screen = enforcing(form.0, "");
        let begun = events(&[form.begins(0), form.delta(0, "Wait for")]);
        let before = screen.push(begun.as_bytes()).out;
        assert!(!String::from_utf8_lossy(&before).contains("Wait"));
        let out = screen.push(alive.as_bytes()).out;
        let sent = String::from_utf8_lossy(&out);
        assert_eq!(sent.trim_end(), alive.trim_end(), "{alive}");
        let rest = events(&[form.delta(0, " me."), form.ends(0), form.last()]);
        let mut all = screen.push(rest.as_bytes()).out;
        all.extend_from_slice(&screen.finish().out);
        assert!(String::from_utf8_lossy(&all).contains("Wait for"), "{alive}");
    }
    // What says something is judged, and what is to be known first comes first.
    let mut screen = enforcing(form.0, "");
    let out = screen.push(format!(": the key is {SECRET}\n\n").as_bytes()).out;
    assert!(!String::from_utf8_lossy(&out).contains("ghp_"));
    let (out, ..) = through(enforcing(form.0, ""), &format!("{ping}{}", events(&[form.last()])), 50);
    assert!(out.starts_with(ping), "{out}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn no_order_of_turns_ends_a_text_with_another_than_left(
        turns in proptest::collection::vec((0..3_usize, 0..9_usize), 1..14),
        size in 1..400_usize,
    ) {
        let words = ["a ", "mail ", "jo@exa", "mple.org", ". ", "12", &SECRET[..13], &SECRET[13..31], &SECRET[31..]];
        let pieces: Vec<(usize, &str)> = turns.iter().map(|(index, word)| (*index, words[*word])).collect();
        let pieces = in_order(&pieces);
        let screen = enforcing(Protocol::OpenaiResponses, "[personal-data]\noutput = 'redact'");
        let (out, over, _) = through(screen, &told_again(&pieces), size);
        proptest::prop_assert!(!over);
        for (pieces, told) in said_of(&out).into_values() {
            proptest::prop_assert!(told.iter().all(|text| *text == pieces), "{} {:?}\n{}", pieces, told, out);
        }
    }

    #[test]
    fn no_order_of_turns_lets_a_key_out_or_changes_what_is_harmless(
        turns in proptest::collection::vec((0..3_usize, 0..8_usize), 1..16),
        size in 1..300_usize,
        anthropic in proptest::prelude::any::<bool>(),
        ends in proptest::prelude::any::<bool>(),
        last in 0..3_usize,
    ) {
        let words = ["a ", "the ", "12", ". ", "jo", &SECRET[..13], &SECRET[13..31], &SECRET[31..]];
        let form = FORMS[usize::from(anthropic)];
        // Of one key: what a text says behind a redaction leaves with the event of that, so that parts of two may come in another order.
        let mut said = BTreeSet::new();
        let once = |word: usize| if word < 5 || said.insert(word) { words[word] } else { words[0] };
        let (indices, said_words): (Vec<usize>, Vec<usize>) = turns.into_iter().unzip();
        let pieces: Vec<(usize, &str)> = indices.into_iter().zip(said_words.into_iter().map(once)).collect();
        let pieces = in_order(&pieces);
        let stream = form.stream_of(&pieces, ends, &[form.last(), "[DONE]".to_owned(), String::new()][last]);
        let (out, over, found) = through(enforcing(form.0, ""), &stream, size);
        proptest::prop_assert!(!over);
        // Whatever is found in what readers make of it as one text does not leave in theirs.
        let mut order = Vec::new();
        for (index, _) in &pieces {
            if !order.contains(index) {
                order.push(*index);
            }
        }
        let readings = |texts: &BTreeMap<u64, String>, all: String| {
            let one = |index: &usize| texts.get(&(*index as u64)).cloned().unwrap_or_default();
            let joined: String = order.iter().map(one).collect();
            order.iter().map(one).chain([all, joined]).collect::<Vec<_>>()
        };
        let (came, came_all) = texts_of(&stream);
        let (left, left_all) = texts_of(&out);
        for (came, left) in readings(&came, came_all).iter().zip(readings(&left, left_all)) {
            let (alone, ..) = through(enforcing(form.0, ""), &form.stream(&[(0, came)]), 1 << 20);
            proptest::prop_assert!(alone.contains(SECRET) || !left.contains(SECRET), "{} {}", came, out);
        }
        if found.is_empty() {
            proptest::prop_assert_eq!(out, stream);
        }
    }
}
