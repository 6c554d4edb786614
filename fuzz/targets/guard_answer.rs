//! The checks over an answer that streams: however it is cut, the same leaves, is told and ends it. The first byte says where
//! it is cut.
#![no_main]

use bartizan_guard::check::{Checks, Policy, Reason, Release, Session};
use bartizan_guard::exchange::{Exchange, Part, Role};
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::io;
use std::sync::LazyLock;

static CHECKS: LazyLock<Option<Checks>> = LazyLock::new(|| {
    let mut policy = Policy::default();
    policy.canaries.tokens.push("0011-2233-4455-6677".to_owned());
    Checks::new(&policy, &|_| Err(io::Error::from(io::ErrorKind::NotFound))).ok()
});

fuzz_target!(|data: &[u8]| {
    let (Some(checks), Some((cut, text))) = (CHECKS.as_ref(), data.split_first()) else { return };
    let text = String::from_utf8_lossy(text);
    let system = "You are the assistant of Acme and speak to nobody about the ticket system called Nightjar.";
    let parts = vec![Part { role: Role::System, pointer: String::new(), span: 0..0, text: Cow::Borrowed(system) }];
    let request = Exchange { parts, ..Exchange::default() };
    let whole = judged(checks, &request, &text, text.len());
    assert_eq!(whole, judged(checks, &request, &text, usize::from(*cut).max(1)));
});

fn judged(
    checks: &Checks,
    request: &Exchange<'_>,
    text: &str,
    piece: usize,
) -> (String, Vec<Reason>, Option<Reason>) {
    let mut judge = checks.answer(request, &Session::new([0; 32]));
    let (mut left, mut reasons, mut blocked) = (String::new(), Vec::new(), None);
    let mut take = |release: Release| {
        left.push_str(&release.text);
        reasons.extend(release.reasons);
        blocked = blocked.take().or(release.blocked);
    };
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, others) = rest.split_at(rest.ceil_char_boundary(piece.clamp(1, rest.len())));
        take(judge.push(piece));
        rest = others;
    }
    take(judge.finish());
    (left, reasons, blocked)
}
