//! The index of a sharded checkpoint (`*.index.json`): which tensor lies in which file.
//!
//! Source: `modeling_utils.py` of huggingface/transformers (`get_checkpoint_shard_files`), which joins each shard's name
//! to the model's folder without looking at it. Cost: one streaming pass; memory grows with the number of shards.

use crate::formats::config_tensors::MODEL_MISMATCH;
use crate::formats::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::formats::onnx::{EXTERNAL_DATA_ESCAPE, check_path, check_sibling};
use crate::formats::safetensors::sibling::described_in;
use crate::text::indicators::inspect_metadata;
use crate::wire::json::{Event, Reader};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, printable};
use std::collections::{BTreeMap, BTreeSet};

/// The index of a sharded checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct ShardIndex;

impl Format for ShardIndex {
    fn id(&self) -> &'static str {
        "shard-index"
    }

    fn name(&self) -> &'static str {
        "index of a sharded checkpoint"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXTERNAL_DATA_ESCAPE, &MALFORMED_STRUCTURE, &MODEL_MISMATCH]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if !input.head(HEAD_BYTES).trim_ascii_start().starts_with(b"{") {
            return Recognition::No;
        }
        let named = input.file_name().to_ascii_lowercase().ends_with(".index.json");
        // Keys are mostly sorted, so the map stands at the end of a large file unless metadata follows it.
        let maps = [input.head(HEAD_BYTES), input.tail(HEAD_BYTES)]
            .iter()
            .any(|part| memchr::memmem::find(part, b"\"weight_map\"").is_some());
        match (maps, named) {
            (true, _) => Recognition::Certain,
            (false, true) => Recognition::Weak,
            (false, false) => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut shards: BTreeMap<String, Shard> = BTreeMap::new();
        let (mut tensor, mut tensors) = (String::new(), 0usize);
        let mut total = None;
        let mut reader = Reader::new(input.bytes);
        let mut steps = 0u32;
        while let Some(event) = reader.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(65_536) && scan.out_of_time() {
                return;
            }
            let offset = reader.offset();
            let in_map = reader.key_at(0).is_some_and(|key| key.raw() == b"weight_map");
            match event {
                Ok(Event::Key { name, duplicate: true }) => {
                    let name = printable(&name.text(), 80);
                    malformed(
                        scan,
                        offset,
                        format!("the key `{name}` is written twice; readers disagree on which one counts"),
                    );
                }
                Ok(Event::Key { name, .. }) if in_map && reader.depth() == 2 => {
                    tensor = name.text().into_owned();
                }
                Ok(Event::String(text)) if in_map && reader.depth() == 2 => {
                    let shard = shards
                        .entry(text.text().into_owned())
                        .or_insert_with(|| Shard { offset: offset as u64, tensors: BTreeSet::new() });
                    tensors = tensors.saturating_add(1);
                    if tensors <= COMPARED {
                        shard.tensors.insert(std::mem::take(&mut tensor));
                    }
                }
                Ok(Event::String(text)) => {
                    let place = Location {
                        offset: Some(offset as u64),
                        pointer: Some(reader.pointer()),
                        ..Location::default()
                    };
                    inspect_metadata(&text.text(), &place, scan);
                }
                Ok(Event::Number(number))
                    if reader.nearest_key().is_some_and(|key| key.raw() == b"total_size") =>
                {
                    total = number.parse::<u64>().ok();
                }
                Ok(Event::Number(_) | Event::Bool(_) | Event::Null) if in_map => {
                    malformed(scan, offset, "the map of weights names something that is no file");
                }
                Ok(_) => {}
                Err(error) => {
                    return broken(scan, error.offset, format!("the index is not JSON: {}", error.reason));
                }
            }
        }
        check_shards(input, &shards, total, scan);
        if tensors <= COMPARED {
            compare(input, &shards, total, scan);
        } else {
            scan.gap(0, format!("an index of more than {COMPARED} tensors is not compared with its shards"));
        }
    }
}

/// A file the index names.
#[derive(Debug)]
struct Shard {
    /// Where it is named first.
    offset: u64,
    /// The tensors it is said to hold.
    tensors: BTreeSet<String>,
}

/// Compares what the index says of each safetensors shard with the shard's own header.
fn compare(input: &Input<'_>, shards: &BTreeMap<String, Shard>, total: Option<u64>, scan: &mut Scan<'_>) {
    let (mut bytes, mut complete) = (0u64, !shards.is_empty());
    for (name, shard) in shards {
        let is_plain = !name.contains(['/', '\\', ':']) && name.ends_with(".safetensors");
        let Some(held) = Some(name).filter(|_| is_plain).and_then(|name| described_in(input.siblings, name))
        else {
            complete = false;
            continue;
        };
        if scan.out_of_time() {
            return;
        }
        bytes = held.iter().fold(bytes, |sum, tensor| sum.saturating_add(tensor.bytes));
        let held: BTreeSet<&str> = held.iter().map(|tensor| tensor.name.as_str()).collect();
        let said: BTreeSet<&str> = shard.tensors.iter().map(String::as_str).collect();
        let missing: Vec<&&str> = said.difference(&held).collect();
        let further: Vec<&&str> = held.difference(&said).collect();
        for (what, names) in
            [("does not hold, though the index says so,", missing), ("holds, unknown to the index,", further)]
        {
            let Some(first) = names.first() else { continue };
            let (shard_name, first) = (printable(name, 120), printable(first, 120));
            let message = format!("`{shard_name}` {what} {} tensors, `{first}` among them", names.len());
            let pointer = format!("/weight_map/{shard_name}");
            scan.report(Finding::new(&MODEL_MISMATCH, message).at(shard.offset).pointer(pointer));
        }
    }
    if let Some(total) = total
        && complete
        && bytes != total
    {
        let message = format!("the index promises {total} bytes of tensors, and the shards describe {bytes}");
        scan.report(
            Finding::new(&MODEL_MISMATCH, message).severity(Severity::Info).pointer("/metadata/total_size"),
        );
    }
}

fn check_shards(
    input: &Input<'_>,
    shards: &BTreeMap<String, Shard>,
    total: Option<u64>,
    scan: &mut Scan<'_>,
) {
    let (mut size, mut complete) = (0u64, !shards.is_empty());
    let mut kinds: Vec<&str> = Vec::new();
    for (shard, Shard { offset, .. }) in shards {
        let place = Location {
            offset: Some(*offset),
            pointer: Some(format!("/weight_map/{}", printable(shard, 120))),
            ..Location::default()
        };
        let what = "the map of weights";
        if check_path(shard, what, &place, scan) {
            check_sibling(input, shard, 0, what, &place, scan);
        }
        match input.siblings.look_up(shard) {
            Some(file) => size = size.saturating_add(file.size),
            None => complete = false,
        }
        let extension = shard.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !kinds.contains(&extension) {
            kinds.push(extension);
        }
        if !WEIGHTS.contains(&extension.to_ascii_lowercase().as_str()) {
            let message =
                format!("the map of weights names `{}`, which is no file of weights", printable(shard, 120));
            scan.report(Finding::new(&MALFORMED_STRUCTURE, message).located(&place).evidence(shard));
        }
    }
    let own = input.file_name().to_ascii_lowercase();
    if own.contains("safetensors") && kinds.iter().any(|kind| !kind.eq_ignore_ascii_case("safetensors")) {
        let message = "an index of safetensors leads to files of another format, which may be pickles";
        scan.report(Finding::new(&MALFORMED_STRUCTURE, message).at(0));
    }
    if let Some(total) = total
        && complete
        && size < total
    {
        let message = format!("the index promises {total} bytes of weights, and the shards hold {size}");
        scan.report(Finding::new(&MALFORMED_STRUCTURE, message).severity(Severity::Low).at(0));
    }
}

/// How much of either end is looked at to recognise an index, in bytes.
const HEAD_BYTES: usize = 64 << 10;
/// Most tensors compared with what the shards hold; the largest published models have some 100,000.
const COMPARED: usize = 1 << 18;

/// Extensions of files that hold weights.
const WEIGHTS: &[&str] = &["safetensors", "bin", "pt", "pth", "h5", "msgpack", "npz", "ckpt", "index"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::safetensors::sibling::testing::{Files, safetensors};
    use crate::{Outcome, Sibling, Siblings};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn index(shard: &str) -> String {
        format!(
            r#"{{"metadata":{{"total_size":100}},"weight_map":{{"a.weight":"{shard}","b.weight":"{shard}"}}}}"#
        )
    }

    fn scanned(text: &str, siblings: &dyn Siblings) -> Outcome {
        let input = Input { bytes: text.as_bytes(), name: "model.safetensors.index.json", siblings };
        assert_eq!(ShardIndex.recognise(&input), Recognition::Certain);
        crate::scan_as(&ShardIndex, &input, &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_shard_outside_the_folder_is_high_and_one_beside_is_not() {
        for shard in ["../../x.safetensors", "/tmp/x.safetensors", "https://h/x.safetensors"] {
            assert_eq!(
                rules(&scanned(&index(shard), &crate::NoSiblings)),
                [(EXTERNAL_DATA_ESCAPE.id, Severity::High)]
            );
        }
        let outcome = scanned(&index("model-00001-of-00001.safetensors"), &crate::NoSiblings);
        assert_eq!((rules(&outcome), outcome.gaps), (vec![], vec![]));
    }

    #[test]
    fn an_index_of_safetensors_that_leads_to_a_pickle_is_a_finding() {
        assert_eq!(
            rules(&scanned(&index("model.bin"), &crate::NoSiblings)),
            [(MALFORMED_STRUCTURE.id, Severity::Medium)]
        );
    }

    /// A folder with the index and one shard of 40 bytes.
    struct Folder;

    impl Siblings for Folder {
        fn look_up(&self, relative: &str) -> Option<Sibling> {
            let known = matches!(relative, "model.safetensors.index.json" | "here.safetensors");
            known.then_some(Sibling { size: 40, is_symlink: false })
        }

        fn read(&self, _relative: &str, _limit: u64) -> Option<Vec<u8>> {
            None
        }
    }

    #[test]
    fn a_missing_shard_is_a_gap_and_a_short_one_a_finding() {
        assert_eq!(scanned(&index("absent.safetensors"), &Folder).gaps.len(), 1);
        assert_eq!(
            rules(&scanned(&index("here.safetensors"), &Folder)),
            [(MALFORMED_STRUCTURE.id, Severity::Low)]
        );
    }

    #[test]
    fn tensors_that_index_and_shard_do_not_share_are_told() {
        let beside = |names: &[(&str, &[u64])], total: u64| {
            let text = index("here.safetensors").replace("100", &total.to_string());
            let files = [("model.safetensors.index.json", vec![]), ("here.safetensors", safetensors(names))];
            rules(&scanned(&text, &Files(&files)))
        };
        let two: [(&str, &[u64]); 2] = [("a.weight", &[5]), ("b.weight", &[3])];
        assert_eq!(beside(&two, 16), []);
        assert_eq!(beside(&two, 15), [(MODEL_MISMATCH.id, Severity::Info)]);
        assert_eq!(beside(&two[..1], 10), [(MODEL_MISMATCH.id, Severity::Low)]);
        let three: [(&str, &[u64]); 3] = [two[0], two[1], ("c.weight", &[1])];
        assert_eq!(beside(&three, 18), [(MODEL_MISMATCH.id, Severity::Low)]);
    }

    proptest! {
        #[test]
        fn a_damaged_index_gives_a_result(at in 0usize..200, to: u8) {
            let mut bytes = index("model.safetensors").into_bytes();
            let at = at % bytes.len();
            bytes[at] = to;
            crate::scan_as(&ShardIndex, &Input::new("m", &bytes), &Limits::default(), &MonotonicClock::start());
        }
    }
}
