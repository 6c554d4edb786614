//! The judge of injections over any text, in every role.

#![no_main]

use bartizan_text::injection::judge::{Judge, Role};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static JUDGE: LazyLock<Option<Judge>> = LazyLock::new(|| Judge::new().ok());

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(judge) = JUDGE.as_ref() {
        for role in [Role::User, Role::System, Role::Tool] {
            let verdict = judge.judge(&text, role);
            assert!((0.0..=1.0).contains(&verdict.score));
            for one in &verdict.evidence {
                assert!(text.get(one.start..one.end).is_some());
            }
        }
    }
});
