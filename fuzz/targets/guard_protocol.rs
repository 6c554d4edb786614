//! Bodies and events in every protocol. The first byte says which; the rest is a body, a stream of events, or a form of several parts.
#![no_main]

use bartizan_guard::protocol::{Events, FormData, Json, JsonLimits, Protocol, deltas};
use libfuzzer_sys::fuzz_target;

const ALL: [Protocol; 9] = [
    Protocol::OpenaiChat,
    Protocol::OpenaiCompletions,
    Protocol::OpenaiResponses,
    Protocol::OpenaiEmbeddings,
    Protocol::AnthropicMessages,
    Protocol::Mcp,
    Protocol::Kserve,
    Protocol::Torchserve,
    Protocol::Json,
];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let Some(protocol) = ALL.get(usize::from(*first) % ALL.len()) else { return };
    if let Ok(json) = Json::read(body, JsonLimits::default()) {
        for exchange in [protocol.request(body, &json), protocol.response(body, &json)] {
            for part in exchange.parts {
                assert!(body.get(part.span).is_some_and(|token| token.starts_with(b"\"") || token[0].is_ascii_digit()));
            }
            for call in exchange.calls {
                assert!(body.get(call.span).is_some());
            }
        }
    }
    let mut events = Events::default();
    events.push(body);
    let mut length = 0;
    while let Some(event) = events.next_event() {
        length += event.raw.len();
        if let Ok(json) = Json::read(event.data.as_bytes(), JsonLimits::default()) {
            for piece in deltas(*protocol, &json).pieces {
                assert!(event.data.get(piece.span).is_some());
            }
        }
    }
    length += events.rest().map_or(0, |event| event.raw.len());
    assert_eq!(length, body.len());
    // A form is one JSON document, and goes back as it came.
    if let Ok(form) = FormData::of("multipart/form-data; boundary=b", body, JsonLimits::default()) {
        if Json::read(&form.document, JsonLimits::default()).is_ok() {
            assert_eq!(form.written(&form.document, JsonLimits::default()).as_deref(), Some(body));
        }
    }
});
