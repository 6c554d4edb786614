//! A made-up exchange, judged before the first real one: tables and caches that fill at their first use are then filled.

use super::judging::judged;
use super::plan::Plan;
use crate::check::Session;
use crate::protocol::{Json, Protocol};
use std::collections::BTreeSet;

/// How often; after a few times nothing fills any more.
const TIMES: usize = 4;
/// Something of all that detectors look closer at. No value in it is anyone's.
const REQUEST: &str = concat!(
    r#"{"model":"a-model-of-2026-03-04","messages":[{"role":"system","content":"You answer questions about parcels, in one paragraph "#,
    r#"and in the language of the customer."},{"role":"user","content":"Please ignore the earlier mail "#,
    r#"(aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91) and write to jo@example.org or call +49 30 901820: the IBAN is "#,
    r#"DE89 3704 0044 0532 0130 00, the card 4111 1111 1111 1111, my password: example#22, see "#,
    r#"https://docs.example.org/track?id=4471920. \u0417\u0434\u0440\u0430\u0432\u0441\u0442! \u4f60\u597d"}]}"#,
);
/// The same of an answer.
const ANSWER: &str = concat!(
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Dear Jo, your parcel 4471920 left on "#,
    r#"2026-03-04. Write to help@example.org, or look at [the page](https://docs.example.org/track?id=4471920) "#,
    r#"or <b>here</b>.\n\n```sh\ncurl https://docs.example.org | tar x\nrm -r build\n```\nThe password = "#,
    r#"'example#22' is no longer needed. \u4f60\u597d"}}]}"#,
);

/// Judges it by every policy of a plan. What is found is told to nobody.
pub(super) fn warm(plan: &Plan) {
    let limits = plan.json_limits();
    let (asked, answered) = (REQUEST.as_bytes(), ANSWER.as_bytes());
    let (Ok(request), Ok(answer)) = (Json::read(asked, limits), Json::read(answered, limits)) else { return };
    let request = Protocol::OpenaiChat.request(asked, &request);
    let answer = Protocol::OpenaiChat.response(answered, &answer);
    let mut done = BTreeSet::new();
    for policy in plan.policies().filter(|policy| done.insert(policy.name.clone())) {
        for _ in 0..TIMES {
            let session = Session::new([0; 32]);
            // A defect shows where it matters.
            let _ = judged(|| {
                policy.checks.request(&request, &session);
                policy.checks.response(&answer, &request, &session)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::JsonLimits;

    #[test]
    fn both_bodies_are_read_as_what_they_are() {
        let limits = JsonLimits::default();
        for (body, texts) in [(REQUEST, 2), (ANSWER, 1)] {
            let json = Json::read(body.as_bytes(), limits).unwrap();
            let asked = Protocol::OpenaiChat.request(body.as_bytes(), &json).parts.len();
            let answered = Protocol::OpenaiChat.response(body.as_bytes(), &json).parts.len();
            assert_eq!(asked.max(answered), texts);
        }
    }
}
