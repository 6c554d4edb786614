//! What is a document, what is none, and where its values stand.

use super::*;

fn read(text: &str) -> Result<Json<'_>, JsonError> {
    Json::read(text.as_bytes(), JsonLimits::default())
}

#[test]
fn values_are_found_where_they_stand() {
    let text = r#" {"a": [1, "x\u00e9\ud83d\ude00\n", {}], "b": null } "#;
    let json = read(text).unwrap();
    let a = json.root().get("a").unwrap();
    let items: Vec<_> = a.items().collect();
    assert_eq!(items[0].value(), Value::Number("1"));
    assert_eq!(items[1].value(), Value::String(Cow::Owned("xé😀\n".to_owned())));
    assert_eq!(&text[items[1].span()], r#""x\u00e9\ud83d\ude00\n""#);
    assert!(items[2].is_object() && items.len() == 3);
    assert_eq!(json.root().get("b").unwrap().value(), Value::Null);
    assert_eq!(json.root().children().count(), 2);
    assert_eq!(a.span(), 7..39);
}

#[test]
fn all_values_of_a_repeated_key_are_given_whatever_its_case_and_escapes() {
    let json = read(r#"{"role":"a","ROLE":"b","r\u006fle":"c","meſſage":"d","rôle":"e"}"#).unwrap();
    let all: Vec<_> = json.root().all("role").filter_map(Node::as_str).collect();
    assert_eq!(all, ["a", "b", "c"]);
    assert_eq!(json.root().get("message").and_then(Node::as_str).as_deref(), Some("d"));
    let json =
        read("{\"\":1,\"\\u0073top\":2,\"\u{17f}top\":3,\"\u{212a}ind\":4,\"sto\":5,\"stops\":6}").unwrap();
    let all = |name: &str| json.root().all(name).map(Node::raw).collect::<Vec<_>>();
    assert_eq!((all("stop"), all("kind"), all("k")), (vec!["2", "3"], vec!["4"], vec![]));
}

#[test]
fn a_key_that_an_object_has_twice_is_seen_in_any_case_and_number() {
    let many = (0..50).map(|place| format!("\"k{place}\":1,")).collect::<Vec<_>>().concat();
    for (text, twice) in [
        (r#"{"a":1,"b":{"a":1}}"#.to_owned(), false),
        (r#"[{"a":1},{"b":2,"B":3}]"#.to_owned(), true),
        (r#"{"role":1,"r\u006fle":2}"#.to_owned(), true),
        (r#"{"meſſage":1,"message":2}"#.to_owned(), true),
        (format!("{{{many}\"k50\":1}}"), false),
        (format!("{{{many}\"K7\":1}}"), true),
    ] {
        assert_eq!(read(&text).unwrap().repeats_a_key(), twice, "{text}");
    }
}

#[test]
fn half_a_pair_is_a_replacement_character() {
    for (text, expected) in [
        (r#""\ud800""#, "\u{FFFD}"),
        (r#""\ud800x""#, "\u{FFFD}x"),
        (r#""\udc00\ud83d\ude00""#, "\u{FFFD}😀"),
        (r#""\ud83d\u0041""#, "\u{FFFD}A"),
    ] {
        assert_eq!(read(text).unwrap().root().as_str().unwrap(), expected, "{text}");
    }
}

#[test]
fn what_only_lenient_readers_take_is_an_error() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "NaN",
        "01",
        "1.",
        "+1",
        "'a'",
        "\"a\nb\"",
        "\"\\x41\"",
        "[1] 2",
        "\u{FEFF}{}",
        "{a:1}",
        "// c\n1",
        "\"\\u12g4\"",
        "nul",
        "{\"a\" 1}",
        "[1 2]",
        "[}",
    ] {
        assert!(matches!(read(text), Err(JsonError::Syntax { .. })), "{text}");
    }
    assert_eq!(Json::read(b"\"\xff\"", JsonLimits::default()).unwrap_err(), JsonError::Encoding(1));
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let limits = JsonLimits { depth: 3, values: 5 };
    let of = |text: &str| Json::read(text.as_bytes(), limits).map(|_| ());
    assert_eq!(of("[[[]]]"), Ok(()));
    assert_eq!(of("[[[[]]]]"), Err(JsonError::Depth(3)));
    assert_eq!(of("[1,2,3,4]"), Ok(()));
    assert_eq!(of("[1,2,3,4,5]"), Err(JsonError::Values(5)));
    assert_eq!(read(&"[".repeat(1_000_000)).map(|_| ()), Err(JsonError::Depth(64)));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_document_or_an_error(bytes: Vec<u8>) {
        let _ = Json::read(&bytes, JsonLimits::default());
    }

    #[test]
    fn we_agree_with_serde_json(text in r#"[\[\]{}",:0-9a-e\\untrl .\-]{0,40}"#) {
        // Numbers beyond f64 are values here and errors there.
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        proptest::prop_assert_eq!(read(&text).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn a_quoted_text_is_read_back(text: String) {
        let mut out = Vec::new();
        quoted(&text, &mut out);
        let json = Json::read(&out, JsonLimits::default()).unwrap();
        proptest::prop_assert_eq!(json.root().as_str().unwrap().into_owned(), text);
    }
}
