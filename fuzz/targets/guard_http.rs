//! Heads and bodies of HTTP/1.1: any bytes give a message, an error or a wish for more; how they come changes nothing, and nothing behind a
//! body is taken for it.
#![no_main]

use bartizan_guard::gateway::http1::{AnswerHead, Content, RequestHead, head_end};
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut looked = 0;
    let end = head_end(data, &mut looked);
    // A byte more at a time finds the same end.
    let mut looked = 0;
    for length in 0..=data.len().min(256) {
        let slowly = head_end(&data[..length], &mut looked);
        if slowly != Ok(None) {
            assert_eq!(slowly, end);
            break;
        }
    }
    let Ok(Some(end)) = end else { return };
    let (head, body) = data.split_at(end);
    let head = Bytes::copy_from_slice(head);
    if let Ok(request) = RequestHead::read(&head, 64) {
        if let Some(content) = request.content {
            read(content, body);
        }
    }
    if let Ok(answer) = AnswerHead::read(&head, 64, &hyper::Method::POST) {
        if let Some(content) = answer.content {
            read(content, body);
        }
    }
});

fn read(content: Content, body: &[u8]) {
    let (mut whole, mut out) = (content, BytesMut::new());
    let taken = whole.read(body, &mut out);
    let (mut piecewise, mut same) = (content, BytesMut::new());
    let mut at = 0;
    for byte in body {
        match piecewise.read(&[*byte], &mut same) {
            Ok(1) => at += 1,
            Ok(_) => break,
            Err(_) => {
                assert_eq!(taken.map_err(|error| error.0), Err(at));
                return;
            }
        }
    }
    assert_eq!((taken, &out), (Ok(at), &same));
    assert!(out.len() <= body.len());
    assert_eq!(whole, piecewise);
}
