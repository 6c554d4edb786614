//! What comes from a cluster and from registries, by the name of the target. Names of digests survive being written and read again.
#![no_main]

use bartizan_server::admission::{Digests, Review, named_in};
use bartizan_server::lookup::References;
use bartizan_server::registry::{Manifest, OciReference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    match env!("CARGO_BIN_NAME") {
        "admission-review" => {
            let Ok(review) = Review::parse(data) else { return };
            let Ok(named) = named_in(&review.object) else { return };
            let _ = Digests::default().resolve(&named);
        }
        "admission-digests" => drop(Digests::parse(&text)),
        "lookup-references" => {
            if let Ok(list) = References::parse(data) {
                let _ = (list.commit(None), list.commit(Some("v4")));
            }
        }
        "registry-manifest" => drop(Manifest::parse(data)),
        _ => {
            if let Ok(reference) = text.parse::<OciReference>() {
                assert_eq!(reference.to_string().parse(), Ok(reference));
            }
        }
    }
});
