//! A model split into several files (`gguf-split` of llama.cpp): whether this one and the others fit together.
//!
//! Source: `src/llama-model-loader.cpp` of ggml-org/llama.cpp: the loader opens `prefix-%05d-of-%05d.gguf` for each part,
//! checks `split.no`, and the number of tensors against `split.tensors.count`.

use super::Walk;
use bartizan_core::Severity;

/// What the metadata says of the split.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Split {
    /// `split.no`: which part this is, from 0.
    pub(super) number: Option<u64>,
    /// `split.count`: how many parts there are.
    pub(super) count: Option<u64>,
    /// `split.tensors.count`: how many tensors all parts hold together.
    pub(super) tensors: Option<u64>,
}

/// Most parts looked for; published models have up to a few dozen.
const MOST_PARTS: u64 = 1_000;
/// Missing parts told by name.
const NAMED: usize = 3;

impl Split {
    /// Takes note of an integer of the metadata.
    pub(super) fn note(&mut self, key: &str, value: u64) {
        match key {
            "split.no" => self.number = Some(value),
            "split.count" => self.count = Some(value),
            "split.tensors.count" => self.tensors = Some(value),
            _ => {}
        }
    }
}

/// The prefix, number (from 1) and count in a name such as `model-00001-of-00003.gguf`.
fn part_of(name: &str) -> Option<(&str, u64, u64)> {
    let stem = name.strip_suffix(".gguf")?;
    let (front, count) = stem.rsplit_once("-of-")?;
    let (prefix, number) = front.rsplit_once('-')?;
    let five = |digits: &str| {
        (digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())
            .flatten()
    };
    Some((prefix, five(number)?, five(count)?))
}

impl Walk<'_, '_, '_> {
    /// Judges the split once all metadata is read; `tensors` is how many this part holds.
    pub(super) fn split(&mut self, tensors: u64) {
        let split = self.split;
        let named = part_of(self.input.file_name());
        if let (Some(number), Some(count)) = (split.number, split.count)
            && count > 1
            && number >= count
        {
            let message = format!("is part {} of {count} parts", number.saturating_add(1));
            self.malformed(Severity::Low, 0, "split.no", message);
        }
        if let Some(whole) = split.tensors.filter(|&whole| whole < tensors) {
            let message = format!("holds {tensors} tensors, more than the {whole} of the whole model");
            self.malformed(Severity::Low, 0, "split.tensors.count", message);
        }
        let Some((prefix, number, count)) = named else { return };
        if split.count.is_none() && count > 1 {
            let message = "is named as a part of a model, and its metadata says of no split";
            self.malformed(Severity::Low, 0, "split.count", message);
        }
        let said = (split.number.map(|number| number.saturating_add(1)), split.count);
        if let (Some(said_number), Some(said_count)) = said
            && (said_number, said_count) != (number, count)
        {
            let message = format!(
                "is named part {number} of {count} and says it is part {said_number} of {said_count}"
            );
            self.malformed(Severity::Low, 0, "split.no", message);
        }
        self.parts(prefix, number, count, tensors);
    }

    /// The other parts beside this one: missing ones are a gap, and their tensors have to add up.
    fn parts(&mut self, prefix: &str, number: u64, count: u64, tensors: u64) {
        let siblings = self.input.siblings;
        // Without a folder nothing is known of any sibling, not even of this file.
        if siblings.look_up(self.input.file_name()).is_none() || count > MOST_PARTS {
            return;
        }
        let mut sum = Some(tensors);
        let mut missing = Vec::new();
        for part in (1..=count).filter(|&part| part != number) {
            let name = format!("{prefix}-{part:05}-of-{count:05}.gguf");
            if siblings.look_up(&name).is_none() {
                missing.push(name);
                continue;
            }
            let head = siblings.read(&name, HEAD_BYTES).unwrap_or_default();
            sum = sum.zip(tensor_count(&head)).and_then(|(sum, more)| sum.checked_add(more));
        }
        if !missing.is_empty() {
            let shown: Vec<String> =
                missing.iter().take(NAMED).map(|name| bartizan_core::printable(name, 80)).collect();
            let reason = format!(
                "{} of {count} parts of the model are not there: {}",
                missing.len(),
                shown.join(", ")
            );
            self.scan.gap(0, reason);
        } else if let (Some(sum), Some(whole)) = (sum, self.split.tensors)
            && sum != whole
        {
            let message = format!("promises {whole} tensors in all parts, and the parts hold {sum}");
            self.malformed(Severity::Low, 0, "split.tensors.count", message);
        }
    }
}

/// How many tensors the header of a part promises.
fn tensor_count(head: &[u8]) -> Option<u64> {
    let (version, count) = (head.get(4..8)?, head.get(8..16)?);
    let little = u32::from_le_bytes(version.try_into().ok()?) < 0x1_0000;
    let count: [u8; 8] = count.try_into().ok()?;
    head.starts_with(b"GGUF").then_some(if little {
        u64::from_le_bytes(count)
    } else {
        u64::from_be_bytes(count)
    })
}

/// Bytes read of another part: magic, version, number of tensors.
const HEAD_BYTES: u64 = 16;

#[cfg(test)]
mod tests {
    use super::super::Gguf;
    use super::*;
    use crate::{Format, Input, Outcome, Sibling, Siblings};
    use bartizan_core::{Limits, MonotonicClock};

    /// A part without tensors of its own, whose header promises none.
    fn part(number: u16, count: u16, whole: u32) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(3u64.to_le_bytes());
        for (key, kind, value) in [
            ("split.no", 2u32, number.to_le_bytes().to_vec()),
            ("split.count", 2, count.to_le_bytes().to_vec()),
            ("split.tensors.count", 5, whole.to_le_bytes().to_vec()),
        ] {
            bytes.extend((key.len() as u64).to_le_bytes());
            bytes.extend(key.as_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(value);
        }
        bytes
    }

    /// Parts 1 and 2 of a model, the second with as many tensors as given.
    struct Folder(u64);

    impl Siblings for Folder {
        fn look_up(&self, relative: &str) -> Option<Sibling> {
            let known = relative.starts_with("m-00001-of-") || relative == "m-00002-of-00002.gguf";
            known.then_some(Sibling { size: 100, is_symlink: false })
        }

        fn read(&self, _relative: &str, limit: u64) -> Option<Vec<u8>> {
            let mut head = b"GGUF\x03\0\0\0".to_vec();
            head.extend(self.0.to_le_bytes());
            head.truncate(limit as usize);
            Some(head)
        }
    }

    fn scanned(name: &str, bytes: &[u8], tensors: u64) -> Outcome {
        let input = Input { bytes, name, siblings: &Folder(tensors) };
        crate::scan_as(&Gguf as &dyn Format, &input, &Limits::default(), &MonotonicClock::start())
    }

    fn told(outcome: &Outcome) -> Vec<&str> {
        outcome.findings.iter().filter_map(|finding| finding.location.pointer.as_deref()).collect()
    }

    #[test]
    fn parts_that_fit_together_are_silent() {
        let outcome = scanned("m-00001-of-00002.gguf", &part(0, 2, 7), 7);
        assert_eq!((told(&outcome).len(), outcome.gaps.len()), (0, 0), "{outcome:?}");
    }

    #[test]
    fn a_missing_part_is_a_gap() {
        let outcome = scanned("m-00001-of-00003.gguf", &part(0, 3, 7), 7);
        assert_eq!((told(&outcome), outcome.gaps.len()), (vec![], 1));
    }

    #[test]
    fn numbers_that_disagree_are_told() {
        assert_eq!(told(&scanned("m-00001-of-00002.gguf", &part(0, 2, 9), 7)), ["split.tensors.count"]);
        assert_eq!(told(&scanned("m-00001-of-00002.gguf", &part(1, 2, 7), 7)), ["split.no"]);
        assert_eq!(told(&scanned("one.gguf", &part(5, 2, 7), 7)), ["split.no"]);
    }

    #[test]
    fn names_of_parts_are_told_from_others() {
        assert_eq!(part_of("a-b-00002-of-00010.gguf"), Some(("a-b", 2, 10)));
        for name in ["a-2-of-3.gguf", "a-00002-of-00010.bin", "00001-of-00002.gguf"] {
            assert_eq!(part_of(name), None, "{name}");
        }
    }
}
