//! The reader of filters over protected texts: any bytes give a filter that answers or an error.
#![no_main]

use bartizan_guard::check::corpus::CorpusFilter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(filter) = CorpusFilter::read(data.to_vec()) {
        let text = "it was the best of times it was the worst of times";
        for passage in filter.passages(text, 8) {
            assert!(text.get(passage.span).is_some());
        }
    }
});
