//! The reader of classifiers of topics: any bytes give a classifier that answers or an error. What is given is the head of a file;
//! weights and digest are put behind it.
#![no_main]

use bartizan_guard::check::topics::TopicModel;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

fuzz_target!(|data: &[u8]| {
    let _ = TopicModel::read(data);
    let mut whole = data.to_vec();
    whole.resize(data.len() + TopicModel::WEIGHTS * 2, 1);
    let digest = Sha256::digest(&whole);
    whole.extend_from_slice(&digest);
    if let Ok(model) = TopicModel::read(&whole) {
        assert_eq!(model.write(), whole);
        let text = "is the roulette fair, or 赌博 and a card game";
        let found = model.strongest(text).expect("it has words");
        assert!((0.0..=1.0).contains(&found.score) && text.get(found.span).is_some());
        for rate in [0.0001, 0.01, 0.03, 0.5] {
            let _ = model.margin_at(rate);
        }
    }
});
