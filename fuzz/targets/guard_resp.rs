//! Replies of the Redis protocol: any bytes give a reply, an error or a wish for more, and what is read is within them.
#![no_main]

use bartizan_guard::gateway::Reply;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(Some((reply, length))) = Reply::read(data) {
        assert!(length <= data.len());
        // Nothing behind a reply changes it.
        assert_eq!(Reply::read(&data[..length]), Ok(Some((reply, length))));
    }
});
